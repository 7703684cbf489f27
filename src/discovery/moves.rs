//! Whether a policy went to another address, and who decides that.
//!
//! What the text says decides. An address is followed by itself only where the text proves
//! that it is the same policy: a permanent redirect to a text at least [`ALIKE`], or a text
//! at least [`NEARLY_EQUAL`] wherever it was found. A text that is less alike than
//! [`DIFFERENT`] is another one, whatever redirects to it. What lies between is proposed,
//! and whoever runs this decides. The bounds are set apart by the measurements of
//! [`super::alike`].

use std::collections::BTreeSet;

use url::Url;

use super::address;
use super::candidates::Clue;
use crate::outcome::Outcome;
use crate::reading::Why;
use crate::robots::holds_leave;
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use crate::watch::{Elsewhere, Former, RobotsRule, Source, Watch};

/// Behind a permanent redirect, a text that is as much alike is the same policy.
pub const ALIKE: f64 = 0.9;
/// A text that is as much alike is the same policy wherever it stands.
pub const NEARLY_EQUAL: f64 = 0.97;
/// A text that was searched for and is as much alike may be the policy.
pub const PERHAPS: f64 = 0.3;
/// A text that is less alike than that is another one.
pub const DIFFERENT: f64 = 0.15;

/// How an address was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A redirect from the address that is asked.
    Redirect,
    /// What the page calls its address.
    Canonical,
    /// A link of the site.
    Link,
    /// A sitemap or a place where most sites have it.
    Path,
    /// Whoever runs this named it.
    Operator,
}

impl Way {
    /// All ways, with the words for them.
    pub const ALL: [(Way, &'static str); 5] = [
        (Way::Redirect, "redirect"),
        (Way::Canonical, "canonical"),
        (Way::Link, "link"),
        (Way::Path, "path"),
        (Way::Operator, "operator"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(way, _)| *way == self).map_or("link", |(_, word)| word)
    }

    /// The way that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(way, _)| *way)
    }
}

impl From<Clue> for Way {
    fn from(clue: Clue) -> Self {
        match clue {
            Clue::Redirect => Way::Redirect,
            Clue::Canonical => Way::Canonical,
            Clue::Footer | Clue::Link | Clue::Policy => Way::Link,
            Clue::Sitemap | Clue::UsualPath => Way::Path,
            Clue::Given => Way::Operator,
        }
    }
}

/// Where a move stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveState {
    /// It may be the policy; whoever runs this decides.
    Proposed,
    /// A redirect led to a text that is another one.
    Different,
    /// The text proves it: the watch goes on there.
    Followed,
    /// Whoever runs this decided so: the watch goes on there.
    Accepted,
}

impl MoveState {
    /// All states, with the words for them.
    pub const ALL: [(MoveState, &'static str); 4] = [
        (MoveState::Proposed, "proposed"),
        (MoveState::Different, "different"),
        (MoveState::Followed, "followed"),
        (MoveState::Accepted, "accepted"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("proposed", |(_, word)| word)
    }

    /// The state that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
    }

    /// Whether the watch goes on at the address.
    pub fn is_in_force(self) -> bool {
        matches!(self, MoveState::Followed | MoveState::Accepted)
    }
}

/// A move that was found now.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMove {
    /// Where the policy is, or may be.
    pub url: Url,
    /// How it was found.
    pub way: Way,
    /// How much its text is alike to the last version, from 0 to 1; none if there is
    /// nothing to compare with.
    pub alike: Option<f64>,
    /// Who decides.
    pub state: MoveState,
}

/// A move as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// When it was found, or decided.
    pub found_at: Timestamp,
    /// The address in the configuration then; the move speaks of that one only.
    pub configured: String,
    /// Where the policy is, or may be.
    pub url: String,
    /// How it was found.
    pub way: Way,
    /// How much its text was alike to the last version, from 0 to 1.
    pub alike: Option<f64>,
    /// Who decides, or decided.
    pub state: MoveState,
}

/// The word of the configuration that ended the moves of an address, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveEnd {
    /// When that configuration was put in force.
    pub ended_at: Timestamp,
    /// The address that those moves speak of.
    pub configured: String,
    /// What the configuration names in its place; none: it was taken out.
    pub url: Option<String>,
}

/// What is known of where a policy went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Whereabouts {
    /// Where the watch goes on, if not at the address in the configuration.
    pub moved: Option<Move>,
    /// What waits for a decision, the best first.
    pub open: Vec<Move>,
    /// Addresses that whoever runs this turned down, by going back to the one in the
    /// configuration.
    pub refused: Vec<String>,
}

impl Whereabouts {
    /// Joins the moves of a watch, oldest first, for the address that is configured now.
    /// `lost` is whether the policy is not seen at present.
    pub fn of(moves: &[Move], configured: &str, lost: bool) -> Self {
        let own: Vec<&Move> = moves.iter().filter(|one| one.configured == configured).collect();
        let decided = own.iter().rposition(|one| one.state.is_in_force());
        let moved = decided.map(|at| own[at]).filter(|one| one.url != configured).cloned();
        let mut open: Vec<Move> = Vec::new();
        for one in own.iter().skip(decided.map_or(0, |at| at + 1)).rev() {
            // What a redirect leads to is there although the page is seen.
            let stands = lost || one.way == Way::Redirect && one.state == MoveState::Proposed;
            if stands && !open.iter().any(|known| known.url == one.url) {
                open.push((*one).clone());
            }
        }
        open.sort_by(|a, b| b.alike.unwrap_or_default().total_cmp(&a.alike.unwrap_or_default()));
        let back = own.iter().rposition(|one| one.state == MoveState::Accepted && one.url == configured);
        let refused = own[..back.unwrap_or_default()].iter().map(|one| one.url.clone()).collect();
        Self { moved, open, refused }
    }

    /// What waits for a decision no longer because the policy is seen where it was.
    pub fn lapsed(moves: &[Move], configured: &str) -> Vec<Move> {
        let stands = Self::of(moves, configured, false).open;
        let mut open = Self::of(moves, configured, true).open;
        open.retain(|one| !stands.contains(one));
        open
    }

    /// What whoever runs this should know, in a sentence; none if nothing.
    pub fn note(&self, watch: &str) -> Option<String> {
        self.said_of(watch, "", "url")
    }

    /// [`Whereabouts::note`] of one page of several, named as configured.
    pub fn note_of_page(&self, watch: &str, page: &str) -> Option<String> {
        let said = self.said_of(watch, &format!(" --page {page}"), "it")?;
        Some(format!("page {page} {said}"))
    }

    fn said_of(&self, watch: &str, page: &str, what: &str) -> Option<String> {
        if let Some(Move { url, alike, state, .. }) = &self.moved {
            let by = if *state == MoveState::Accepted { "as you decided" } else { "by itself" };
            let alike = likeness(*alike);
            return Some(format!(
                "goes on at {url} {by}{alike}; update {what} in the configuration (`policywatch move {watch}{page} --write`)"
            ));
        }
        let best = self.open.first()?;
        let alike = likeness(best.alike);
        Some(match best.state {
            MoveState::Different => format!(
                "leads to different content{alike}; `policywatch move {watch}{page} {}` goes on there, if that is the policy",
                best.url
            ),
            _ => format!("may have moved to {}{alike}; `policywatch move {watch}{page} --accept` follows it", best.url),
        })
    }
}

/// Whether a watch can be followed to another address: it is on a publisher's own server. An
/// archive has its own way with moves.
pub fn can_move(watch: &Watch) -> bool {
    watch.source == Source::Live
}

/// A watch as it is, given its moves, oldest first: at the address where the policy is now,
/// with those that it had before. What the configuration says of former addresses comes
/// first; what only the record knows, each until the moment of the move, comes behind it.
///
/// Each page of several moves for itself. Its name in the record stays the address that is
/// configured, so that its history is one; where it is asked for is in [`Watch::elsewhere`].
pub fn in_place(watch: &Watch, moves: &[Move]) -> Watch {
    let mut watch = watch.clone();
    if !can_move(&watch) {
        return watch;
    }
    if !watch.pages.is_empty() {
        let pages = watch.all_pages();
        let went = pages.iter().enumerate().filter_map(|(at, page)| {
            let known = if at == 0 { &watch.former[..] } else { &[] };
            let (former, url) = placed(&page.url, known, moves);
            (url != page.url || former.len() > known.len()).then(|| Elsewhere { page: page.url.clone(), url, former })
        });
        watch.elsewhere = went.collect();
        return watch;
    }
    let (former, url) = placed(&watch.url, &watch.former, moves);
    // Leave to pass over robots.txt was given by the site that was configured.
    if !holds_leave(&watch.url, &url) {
        watch.robots = RobotsRule::Respect;
    }
    (watch.former, watch.url) = (former, url);
    watch
}

/// The addresses that a page had before, those first that the configuration knows, and the
/// one that it has now.
fn placed(configured: &Url, known: &[Former], moves: &[Move]) -> (Vec<Former>, Url) {
    let (trail, now) = trail(moves, configured.as_str());
    let mut former = known.to_vec();
    for (url, until) in trail {
        let Ok(url) = Url::parse(&url) else { continue };
        if former.iter().any(|known| address::same(&known.url, &url)) {
            continue;
        }
        // A clock that was set back must not turn the order of time.
        let least = former.last().map(|last| last.until + chrono::Duration::seconds(1));
        former.push(Former { url, until: least.map_or(until, |least| until.max(least)) });
    }
    (former, Url::parse(&now).unwrap_or_else(|_| configured.clone()))
}

/// The addresses under which a page of several was configured before: of moves that were
/// written to the configuration since.
pub fn former_names(moves: &[Move], configured: &str) -> Vec<String> {
    trail(moves, configured).0.into_iter().map(|(url, _)| url).collect()
}

/// The addresses before, oldest first, each until when, and the one now. A configuration
/// that was updated after a move is the end of the trail of the one before it.
fn trail(moves: &[Move], configured: &str) -> (Vec<(String, Timestamp)>, String) {
    let in_force = |configured: &str| {
        let configured = configured.to_owned();
        moves.iter().filter(move |one| one.configured == configured && one.state.is_in_force())
    };
    let (mut names, mut seen) = (vec![configured], BTreeSet::from([configured]));
    let leads_to = |name: &str, one: &Move| {
        one.url == name && in_force(&one.configured).next_back().is_some_and(|last| last.url == name)
    };
    while let Some(before) = moves.iter().rfind(|one| leads_to(names[names.len() - 1], one))
        && seen.insert(before.configured.as_str())
    {
        names.push(before.configured.as_str());
    }
    let (mut former, mut now) = (Vec::new(), configured.to_owned());
    for name in names.into_iter().rev() {
        let begin = former.len();
        now = name.to_owned();
        for step in in_force(name) {
            if step.url == name {
                // What was turned down was never its address.
                former.truncate(begin);
            } else if step.url != now {
                former.push((now.clone(), step.found_at));
            }
            now.clone_from(&step.url);
        }
    }
    (former, now)
}

/// ` (0.98 alike)`, or nothing.
fn likeness(alike: Option<f64>) -> String {
    alike.map_or_else(String::new, |alike| format!(" ({alike:.2} alike)"))
}

/// Where a redirect led that is another page: not another spelling, not the page in another
/// language, no sign-in and not the home page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it ended.
    pub url: Url,
    /// Whether every hop was a permanent one.
    pub permanent: bool,
}

/// Where a page was redirected to, if that is another page.
pub fn arrival(snapshot: &Snapshot) -> Option<Arrival> {
    if snapshot.redirects.is_empty() {
        return None;
    }
    let asked = Url::parse(&snapshot.url).ok()?;
    let url = Url::parse(&snapshot.final_url).ok()?;
    let other = !address::same(&asked, &url)
        && !address::differ_in_language_only(&asked, &url)
        && !address::is_detour(&url)
        && !address::is_home(&url);
    // A hop to another spelling or language proves nothing against the others.
    let passing = |hop: &crate::snapshot::Redirect| {
        let (from, to) = (Url::parse(&hop.from), Url::parse(&hop.to));
        from.ok()
            .zip(to.ok())
            .is_some_and(|(from, to)| address::same(&from, &to) || address::differ_in_language_only(&from, &to))
    };
    let permanent = snapshot.redirects.iter().all(|hop| matches!(hop.status, 301 | 308) || passing(hop));
    other.then_some(Arrival { url, permanent })
}

/// What to do about a text that was found elsewhere; none if it is none of the policy's.
pub fn decide(way: Way, permanent: bool, alike: Option<f64>) -> Option<MoveState> {
    let Some(alike) = alike else { return Some(MoveState::Proposed) };
    match way {
        Way::Redirect if permanent && alike >= ALIKE => Some(MoveState::Followed),
        // It is read where it is as long as it is redirected to.
        Way::Redirect if alike >= DIFFERENT => permanent.then_some(MoveState::Proposed),
        Way::Redirect => Some(MoveState::Different),
        _ if alike >= NEARLY_EQUAL => Some(MoveState::Followed),
        _ => (alike >= PERHAPS).then_some(MoveState::Proposed),
    }
}

/// Whether a check that ended so calls for a search: the page is gone or is another one.
/// Walls, failures and other languages are no moves.
pub fn calls_for_search(outcome: &Outcome) -> bool {
    let Outcome::Unreadable { why, .. } = outcome else { return false };
    LOST.contains(&why.why)
}

/// What a page is that is not where it was.
pub const LOST: [Why; 3] = [Why::NotFound, Why::WrongPage, Why::RedirectStub];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Redirect;
    use crate::text::tests::snapshot;

    fn redirected(from: &str, hops: &[(u16, &str)]) -> Option<(String, bool)> {
        let mut page = snapshot(from, b"");
        for (status, to) in hops {
            let from = std::mem::replace(&mut page.final_url, (*to).to_owned());
            page.redirects.push(Redirect { status: *status, from, to: (*to).to_owned() });
        }
        arrival(&page).map(|arrival| (arrival.url.to_string(), arrival.permanent))
    }

    #[test]
    fn redirects_that_are_moves() {
        let from = "https://acme.test/privacy";
        let there = |to: &str, permanent| Some((to.to_owned(), permanent));
        let legal = "https://acme.test/legal/privacy";
        assert_eq!(redirected(from, &[(301, legal)]), there(legal, true));
        assert_eq!(redirected(from, &[(308, legal)]), there(legal, true));
        assert_eq!(redirected(from, &[(302, legal)]), there(legal, false));
        assert_eq!(redirected(from, &[(301, "https://www.acme.test/privacy"), (301, legal)]), there(legal, true));
        assert_eq!(redirected(from, &[(302, "https://www.acme.test/privacy"), (301, legal)]), there(legal, true));
        assert_eq!(redirected(from, &[(301, "https://acme.test/x"), (302, legal)]), there(legal, false));
        for to in [
            "https://www.acme.test/privacy/",
            "https://acme.test/en-gb/privacy",
            "https://acme.test/login?next=/privacy",
            "https://consent.acme.test/privacy",
            "https://acme.test/",
            "https://acme.test/de/",
        ] {
            assert_eq!(redirected(from, &[(301, to)]), None, "{to}");
        }
        assert_eq!(redirected(from, &[]), None);
    }

    #[test]
    fn the_text_decides() {
        use MoveState::{Different, Followed, Proposed};
        let cases = [
            (Way::Redirect, true, Some(1.0), Some(Followed)),
            (Way::Redirect, true, Some(0.9), Some(Followed)),
            (Way::Redirect, true, Some(0.89), Some(Proposed)),
            (Way::Redirect, false, Some(1.0), None),
            (Way::Redirect, true, Some(0.1), Some(Different)),
            (Way::Redirect, false, Some(0.1), Some(Different)),
            (Way::Link, false, Some(0.97), Some(Followed)),
            (Way::Link, false, Some(0.96), Some(Proposed)),
            (Way::Path, false, Some(0.3), Some(Proposed)),
            (Way::Path, false, Some(0.29), None),
            (Way::Canonical, false, None, Some(Proposed)),
        ];
        for (way, permanent, alike, expected) in cases {
            assert_eq!(decide(way, permanent, alike), expected, "{way:?} {permanent} {alike:?}");
        }
    }

    #[test]
    fn a_watch_is_where_it_went_and_was_where_it_came_from() {
        let at = |second| chrono::DateTime::from_timestamp(second, 0).unwrap();
        let url = |path: &str| format!("https://acme.test/{path}");
        let went = |when, configured: &str, to: &str, state| Move {
            found_at: at(when),
            configured: url(configured),
            url: url(to),
            way: Way::Redirect,
            alike: None,
            state,
        };
        use MoveState::{Accepted, Followed, Proposed};
        let of = |moves: &[Move], configured: &str| {
            let (former, now) = trail(moves, &url(configured));
            let path = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
            let former: Vec<_> = former.iter().map(|(url, until)| (path(url), until.timestamp())).collect();
            (former, path(&now))
        };
        let was =
            |all: &[(&str, i64)]| all.iter().map(|(path, until)| ((*path).to_owned(), *until)).collect::<Vec<_>>();
        let moves = [
            went(1, "a", "x", Proposed),
            went(2, "a", "b", Followed),
            went(3, "a", "c", Accepted),
            went(5, "c", "d", Followed),
        ];
        assert_eq!(of(&[], "a"), (was(&[]), "a".to_owned()));
        assert_eq!(of(&moves[..1], "a"), (was(&[]), "a".to_owned()), "what is only proposed is no address");
        assert_eq!(of(&moves[..3], "a"), (was(&[("a", 2), ("b", 3)]), "c".to_owned()));
        let updated = (was(&[("a", 2), ("b", 3), ("c", 5)]), "d".to_owned());
        assert_eq!(of(&moves, "c"), updated, "the configuration was updated, and it went on");
        assert_eq!(of(&moves, "d"), updated, "and again");
        assert_eq!(of(&moves, "q"), (was(&[]), "q".to_owned()), "another address is another matter");
        let back = [&moves[..3], &[went(4, "a", "a", Accepted)]].concat();
        assert_eq!(of(&back, "a"), (was(&[]), "a".to_owned()), "what was turned down never was its address");
        assert_eq!(of(&back, "c"), (was(&[]), "c".to_owned()));
        let round = [went(1, "a", "b", Followed), went(2, "b", "a", Followed)];
        assert_eq!(of(&round, "a").1, "b", "two that lead to each other end");
    }

    #[test]
    fn what_is_recorded_says_where_the_policy_is() {
        let at = chrono::DateTime::UNIX_EPOCH;
        let one = |configured: &str, url: &str, alike, state| Move {
            found_at: at,
            configured: configured.to_owned(),
            url: url.to_owned(),
            way: Way::Link,
            alike,
            state,
        };
        use MoveState::{Accepted, Followed, Proposed};
        let moves = [
            one("a", "b", Some(0.5), Proposed),
            one("a", "c", Some(0.6), Proposed),
            one("a", "b", Some(0.7), Proposed),
        ];
        let open = |moves: &[Move], lost| {
            let found = Whereabouts::of(moves, "a", lost);
            (found.moved.map(|m| m.url), found.open.iter().map(|m| m.url.clone()).collect::<Vec<_>>())
        };
        assert_eq!(open(&moves, true), (None, vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(open(&moves, false), (None, vec![]), "the page is back");
        let followed = [moves.as_slice(), &[one("a", "c", Some(1.0), Followed)]].concat();
        assert_eq!(open(&followed, true), (Some("c".to_owned()), vec![]));
        let back = [followed.as_slice(), &[one("a", "a", None, Accepted)]].concat();
        assert_eq!(open(&back, true), (None, vec![]));
        assert_eq!(Whereabouts::of(&back, "a", true).refused, ["b", "c", "b", "c"]);
        assert_eq!(Whereabouts::of(&followed, "c", true), Whereabouts::default(), "the configuration was updated");
        let note = Whereabouts::of(&followed, "a", false).note("acme").unwrap();
        assert_eq!(
            note,
            "goes on at c by itself (1.00 alike); update url in the configuration (`policywatch move acme --write`)"
        );
    }
}
