//! What a watch or a channel asks to be told of.
//!
//! The decision is a pure function of a judgment and these settings. It answers with the
//! reason wherever it says no, so that what was not told can be explained.

use crate::judgment::{Finding, Judgment, Materiality, Practice};

/// What somebody asks to be told of. Everything that is set must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// From which materiality on.
    pub alert_at: Materiality,
    /// From which severity on, 0 to 3.
    pub min_severity: u8,
    /// Only changes about these practices; empty: about any.
    pub practices: Vec<Practice>,
    /// What is found about these does not count.
    pub ignore_practices: Vec<Practice>,
}

impl Interest {
    /// Everything, editorial changes too.
    pub const ALL: Self =
        Self { alert_at: Materiality::Editorial, min_severity: 0, practices: Vec::new(), ignore_practices: Vec::new() };

    /// Everything from a materiality on.
    pub fn from_materiality(alert_at: Materiality) -> Self {
        Self { alert_at, ..Self::ALL }
    }

    /// Why a change is not worth telling; none: it is.
    ///
    /// Findings about practices that are ignored, or not followed, do not count; what is
    /// left says how material and how severe the change is. A finding that names no
    /// practice counts for everybody: nobody can say that it is about something else.
    pub fn declines(&self, judgment: &Judgment) -> Option<String> {
        let counted = match self.counted(judgment) {
            Ok(counted) => counted,
            Err(reason) => return Some(reason),
        };
        let whole = counted.len() == judgment.findings.len();
        let severity = counted.iter().map(|finding| finding.severity).max().unwrap_or(0);
        let (materiality, severity, what) = match whole {
            true => (judgment.materiality, judgment.severity, ""),
            false if severity > 0 => (judgment.materiality, severity, "of what counts, "),
            false => (judgment.materiality.min(Materiality::Minor), severity, "of what counts, "),
        };
        if materiality < self.alert_at {
            return Some(format!("{what}{} is below {}", materiality.as_str(), self.alert_at.as_str()));
        }
        (severity < self.min_severity).then(|| format!("{what}severity {severity} is below {}", self.min_severity))
    }

    /// The findings that count, or why none does.
    fn counted<'a>(&self, judgment: &'a Judgment) -> Result<Vec<&'a Finding>, String> {
        let ignored = |practice: &Practice| self.ignore_practices.contains(practice);
        let followed = |practice: &Practice| self.practices.is_empty() || self.practices.contains(practice);
        let heard: Vec<&Finding> =
            judgment.findings.iter().filter(|finding| !finding.practice.as_ref().is_some_and(ignored)).collect();
        let mut about: Vec<Practice> = judgment.practices.clone();
        about.extend(judgment.findings.iter().filter_map(|finding| finding.practice));
        if heard.is_empty() && !judgment.findings.is_empty() {
            return Err(format!("it is about {} ignored", names(&about, ignored)));
        }
        let counted: Vec<&Finding> =
            heard.iter().copied().filter(|finding| finding.practice.as_ref().is_none_or(followed)).collect();
        match counted.is_empty() {
            false => Ok(counted),
            true if self.practices.is_empty() => Ok(heard),
            // A finding names one practice; the change may be about more.
            true if judgment.practices.iter().any(|practice| followed(practice) && !ignored(practice)) => Ok(heard),
            true if about.is_empty() => Err("it is about no practice that is followed".to_owned()),
            true => Err(format!("it is about {} not followed", names(&about, |practice| !followed(practice)))),
        }
    }
}

impl Default for Interest {
    fn default() -> Self {
        Self::ALL
    }
}

/// Those of the practices that are meant, each once, up to the verb.
fn names(practices: &[Practice], meant: impl Fn(&Practice) -> bool) -> String {
    let mut names: Vec<&str> = Vec::new();
    for practice in practices.iter().filter(|practice| meant(practice)) {
        if !names.contains(&practice.as_str()) {
            names.push(practice.as_str());
        }
    }
    format!("{}, which {}", names.join(" and "), if names.len() == 1 { "is" } else { "are" })
}

/// A channel that is told, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The channel's name.
    pub channel: String,
    /// What it asks for, beside what the watch does.
    pub interest: Interest,
}

impl From<&str> for Recipient {
    /// A channel that takes whatever its watches tell.
    fn from(channel: &str) -> Self {
        Self { channel: channel.to_owned(), interest: Interest::ALL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A judgment of findings: practice and severity each.
    fn judgment(findings: &[(Option<Practice>, u8)], practices: &[Practice]) -> Judgment {
        let severity = findings.iter().map(|(_, severity)| *severity).max();
        Judgment {
            materiality: match severity {
                None => Materiality::Editorial,
                Some(0) => Materiality::Minor,
                Some(_) => Materiality::Material,
            },
            severity: severity.unwrap_or(0),
            practices: practices.to_vec(),
            findings: findings
                .iter()
                .map(|(practice, severity)| Finding {
                    rule: "r".to_owned(),
                    practice: *practice,
                    severity: *severity,
                    section: Vec::new(),
                    before: String::new(),
                    after: String::new(),
                    why: String::new(),
                    kinds: Vec::new(),
                    undone: false,
                })
                .collect(),
            ..Judgment::default()
        }
    }

    #[test]
    fn who_is_told_follows_from_judgment_and_settings() {
        use Materiality::{Editorial, Material, Minor};
        use Practice::{Children, FeesRenewal, SharingSale};
        let (sale, fee, child) = (Some(SharingSale), Some(FeesRenewal), Some(Children));
        let interest = |alert_at, min_severity, practices: &[Practice], ignore_practices: &[Practice]| Interest {
            alert_at,
            min_severity,
            practices: practices.to_vec(),
            ignore_practices: ignore_practices.to_vec(),
        };
        let editorial = judgment(&[], &[]);
        let detail = judgment(&[(sale, 0)], &[]);
        let one = judgment(&[(sale, 1)], &[SharingSale]);
        let two = judgment(&[(sale, 3), (fee, 1)], &[SharingSale, FeesRenewal]);
        let wide = judgment(&[(sale, 2)], &[SharingSale, Children]);
        let nameless = judgment(&[(None, 3)], &[]);
        #[rustfmt::skip]
        let table = [
            // Materiality and severity.
            (interest(Material, 0, &[], &[]), &editorial, Some("editorial is below material")),
            (interest(Minor, 0, &[], &[]), &editorial, Some("editorial is below minor")),
            (interest(Editorial, 0, &[], &[]), &editorial, None),
            (interest(Editorial, 1, &[], &[]), &editorial, Some("severity 0 is below 1")),
            (interest(Material, 0, &[], &[]), &detail, Some("minor is below material")),
            (interest(Minor, 0, &[], &[]), &detail, None),
            (interest(Minor, 1, &[], &[]), &detail, Some("severity 0 is below 1")),
            (interest(Material, 1, &[], &[]), &one, None),
            (interest(Material, 2, &[], &[]), &one, Some("severity 1 is below 2")),
            (interest(Material, 3, &[], &[]), &two, None),
            // Practices that are followed.
            (interest(Material, 0, &[SharingSale], &[]), &one, None),
            (interest(Material, 0, &[Children], &[]), &one, Some("it is about sharing_sale, which is not followed")),
            (interest(Material, 2, &[FeesRenewal], &[]), &two, Some("of what counts, severity 1 is below 2")),
            (interest(Material, 0, &[FeesRenewal], &[]), &two, None),
            (interest(Material, 2, &[Children], &[]), &wide, None),
            (interest(Editorial, 0, &[Children], &[]), &editorial, Some("it is about no practice that is followed")),
            (interest(Material, 3, &[Children], &[]), &nameless, None),
            // Practices that are ignored.
            (interest(Material, 0, &[], &[SharingSale]), &one, Some("it is about sharing_sale, which is ignored")),
            (interest(Material, 0, &[], &[SharingSale]), &two, None),
            (interest(Material, 2, &[], &[SharingSale]), &two, Some("of what counts, severity 1 is below 2")),
            (interest(Material, 3, &[], &[FeesRenewal]), &two, None),
            (interest(Material, 0, &[], &[SharingSale, FeesRenewal]), &two,
                Some("it is about sharing_sale and fees_renewal, which are ignored")),
            (interest(Material, 0, &[], &[Children]), &nameless, None),
            (interest(Editorial, 0, &[], &[Children]), &editorial, None),
            // One that is followed and ignored is ignored.
            (interest(Material, 0, &[SharingSale], &[SharingSale]), &one,
                Some("it is about sharing_sale, which is ignored")),
            (interest(Material, 0, &[Children], &[Children]), &judgment(&[(child, 1), (sale, 1)], &[Children]),
                Some("it is about sharing_sale, which is not followed")),
        ];
        for (interest, judgment, reason) in table {
            assert_eq!(interest.declines(judgment).as_deref(), reason, "{interest:?} of {judgment:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_material_change_may_be_minor() {
        let (sale, fee) = (Some(Practice::SharingSale), Some(Practice::FeesRenewal));
        let change = judgment(&[(sale, 2), (fee, 0)], &[Practice::SharingSale]);
        let material = Interest {
            ignore_practices: vec![Practice::SharingSale],
            ..Interest::from_materiality(Materiality::Material)
        };
        assert_eq!(material.declines(&change).as_deref(), Some("of what counts, minor is below material"));
        assert_eq!(Interest { alert_at: Materiality::Minor, ..material }.declines(&change), None);
    }
}
