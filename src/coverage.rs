//! What was looked at in a period: the statement that says "checked 212 times, nothing
//! changed", so that silence is known to be a good one.

use std::fmt::Write as _;

use crate::alert::{Alert, DeliveryId};
use crate::cadence::Schedule;
use crate::health::Health;
use crate::render::notices;
use crate::time::Timestamp;
use crate::watch::WatchId;

/// When statements are made, and who gets them. `[coverage]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// When a period ends.
    pub schedule: Schedule,
    /// The channels that are told.
    pub notify: Vec<String>,
}

/// What was looked at between two moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The end of the period before.
    pub from: Timestamp,
    /// The end of this one.
    pub to: Timestamp,
    /// What the configuration follows, by name.
    pub watches: Vec<Watched>,
}

/// What was looked at of one watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The watch.
    pub watch: WatchId,
    /// Looks in the period.
    pub checks: u32,
    /// Those that saw the policy.
    pub seen: u32,
    /// Changes of the publisher that were recorded in the period.
    pub changes: u32,
    /// Those that matter.
    pub material: u32,
    /// How it is now.
    pub health: Health,
}

impl Coverage {
    fn sum(&self, count: impl Fn(&Watched) -> u32) -> u32 {
        self.watches.iter().map(count).fold(0, u32::saturating_add)
    }

    /// Those that are not seen as they should be.
    pub fn in_trouble(&self) -> impl Iterator<Item = &Watched> {
        self.watches.iter().filter(|watched| !watched.health.is_well())
    }

    /// The statement in one sentence.
    pub fn summary(&self) -> String {
        let times = |number: u32, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let policies = u32::try_from(self.watches.len()).unwrap_or(u32::MAX);
        let policies = if policies == 1 { "1 policy".to_owned() } else { format!("{policies} policies") };
        let mut said = format!("Checked {policies} {}", times(self.sum(|watched| watched.checks), "time"));
        match (self.sum(|watched| watched.changes), self.sum(|watched| watched.material)) {
            (0, _) => said.push_str("; nothing changed"),
            (changes, material) => {
                let _ = write!(said, "; {}, {material} of substance", times(changes, "change"));
            }
        }
        let trouble: Vec<String> = self
            .in_trouble()
            .map(|watched| format!("{} ({})", watched.watch, watched.health.as_str().replace('_', " ")))
            .collect();
        match trouble.len() {
            0 => {}
            1..=5 => {
                let _ = write!(said, "; not seen as it should be: {}", trouble.join(", "));
            }
            more => {
                let _ = write!(said, "; {more} not seen as they should be, {} and others", trouble[..4].join(", "));
            }
        }
        said.push('.');
        said
    }
}

/// What is said of a period, and to whom.
pub fn statement(coverage: &Coverage, notify: &[String]) -> Vec<Alert> {
    let say = |channel: &String| {
        let id = DeliveryId::of_notice("coverage", None, coverage.to, channel);
        Alert { body: notices::coverage(&id, coverage).to_string(), id, channel: channel.clone() }
    };
    notify.iter().map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_says_it_in_one_sentence() {
        let at = |seconds| Timestamp::from_timestamp(seconds, 0).expect("a time");
        let watched = |name: &str, checks, changes, material, health| Watched {
            watch: WatchId::new(name).expect("an id"),
            checks,
            seen: checks,
            changes,
            material,
            health,
        };
        let of = |watches| Coverage { from: at(0), to: at(86_400), watches }.summary();
        assert_eq!(of(vec![]), "Checked 0 policies 0 times; nothing changed.");
        assert_eq!(of(vec![watched("a", 1, 0, 0, Health::Well)]), "Checked 1 policy 1 time; nothing changed.");
        assert_eq!(
            of(vec![watched("a", 200, 1, 0, Health::Well), watched("b", 12, 2, 1, Health::Blocked)]),
            "Checked 2 policies 212 times; 3 changes, 1 of substance; not seen as it should be: b (blocked)."
        );
        let many = (0..9).map(|n| watched(&format!("w{n}"), 1, 0, 0, Health::Stale)).collect();
        let said = of(many);
        assert!(
            said.ends_with("9 not seen as they should be, w0 (stale), w1 (stale), w2 (stale), w3 (stale) and others."),
            "{said}"
        );
    }
}
