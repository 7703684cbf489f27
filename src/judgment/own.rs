//! Rules that whoever runs this writes, beside those of the table, and rules of the table
//! that they do without.
//!
//! An own rule looks at the sentences whose words changed, before anything else does: what
//! it names is told even where the table would call it noise, and what it silences is left
//! out of account even where the table would tell it.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::facts::{Clause, fold};
use super::practice::Practice;

/// What the ids of own rules begin with, so that they cannot be taken for ours.
pub const OWN: &str = "own.";

/// Bytes that a compiled pattern may take; a thousand rules stay below a gigabyte.
const MAX_COMPILED: usize = 1 << 20;
/// How deep groups may be nested.
const MAX_NESTED: u32 = 40;

/// When an own rule fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Words that match came into a sentence, or with one.
    Added,
    /// Words that match went from a sentence, or with one.
    Removed,
    /// Words that match came or went.
    Either,
    /// A sentence changed in which words match, before or after.
    Mentioned,
}

impl When {
    /// All of them, with the words that configurations use.
    pub const ALL: [(When, &'static str); 4] =
        [(When::Added, "added"), (When::Removed, "removed"), (When::Either, "either"), (When::Mentioned, "mentioned")];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The moment that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(when, _)| *when)
    }
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It is no regular expression.
    #[error("the pattern is no regular expression: {0}")]
    Syntax(String),
    /// It takes too much when it is made.
    #[error("the pattern is too large or too deeply nested")]
    TooLarge,
    /// It matches where nothing is.
    #[error("the pattern matches the empty text, so it would fire on every sentence")]
    MatchesNothing,
}

/// A rule that somebody wrote for themselves.
#[derive(Clone, Debug)]
pub struct OwnRule {
    id: String,
    pattern: Regex,
    /// When it fires.
    pub when: When,
    /// What it is about; none: nobody says.
    pub practice: Option<Practice>,
    /// 1 to 3; 0: what it fires on is left out of account.
    pub severity: u8,
    /// Why it matters, in one sentence.
    pub why: String,
}

impl OwnRule {
    /// A rule, by the name that it has in the configuration.
    ///
    /// # Errors
    /// If the pattern cannot be used.
    pub fn new(name: &str, pattern: &str, when: When, severity: u8, why: &str) -> Result<Self, BadPattern> {
        let pattern = RegexBuilder::new(pattern)
            .case_insensitive(true)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .nest_limit(MAX_NESTED)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => BadPattern::TooLarge,
                // The last line says what; the ones before draw the place.
                other => match other.to_string().lines().last().map(|line| line.trim_start_matches("error: ")) {
                    Some(line) if line.contains("nest") => BadPattern::TooLarge,
                    line => BadPattern::Syntax(line.unwrap_or_default().to_owned()),
                },
            })?;
        if pattern.is_match("") {
            return Err(BadPattern::MatchesNothing);
        }
        Ok(Self { id: format!("{OWN}{name}"), pattern, when, practice: None, severity, why: why.to_owned() })
    }

    /// Its id in findings.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it looks for.
    pub fn pattern(&self) -> &str {
        self.pattern.as_str()
    }

    /// Whether it keeps what it fires on out of account.
    pub fn silences(&self) -> bool {
        self.severity == 0
    }

    /// Whether it fires where one sentence becomes another; an empty one is not there.
    pub fn fires_on(&self, before: &str, after: &str) -> bool {
        self.fires(&Side::of(before, &fold(before)), &Side::of(after, &fold(after)))
    }

    pub(super) fn trigger(&self) -> &Regex {
        &self.pattern
    }

    fn fires(&self, before: &Side<'_>, after: &Side<'_>) -> bool {
        let (old, new) = (before.found(&self.pattern), after.found(&self.pattern));
        match self.when {
            When::Added => new.difference(&old).next().is_some(),
            When::Removed => old.difference(&new).next().is_some(),
            When::Either => old != new,
            When::Mentioned => !old.is_empty() || !new.is_empty(),
        }
    }
}

impl PartialEq for OwnRule {
    fn eq(&self, other: &Self) -> bool {
        let whole = |rule: &Self| (rule.when, rule.practice, rule.severity);
        self.id == other.id && self.pattern() == other.pattern() && whole(self) == whole(other) && self.why == other.why
    }
}

/// One side of a sentence: as people see it, and as the table's rules do.
struct Side<'a> {
    plain: String,
    folded: &'a str,
}

impl<'a> Side<'a> {
    fn of(raw: &str, folded: &'a str) -> Self {
        // What is typed with a straight quote is printed with a curly one.
        let straight = |c: char| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{a0}' | '\u{202f}' => ' ',
            other => other,
        };
        Self { plain: raw.chars().map(straight).collect(), folded }
    }

    /// The words that match, each once.
    fn found(&self, pattern: &Regex) -> BTreeSet<String> {
        [self.plain.as_str(), self.folded]
            .iter()
            .flat_map(|text| pattern.find_iter(text))
            .map(|found| fold(found.as_str()))
            .collect()
    }
}

/// The rules to judge by: the table, without those that are disabled, and own ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(Arc<Inner>);

#[derive(Debug, Default, PartialEq)]
struct Inner {
    own: Vec<OwnRule>,
    disabled: BTreeSet<String>,
}

impl Rules {
    /// The table with own rules, and without these of its own.
    pub fn new(own: Vec<OwnRule>, disabled: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(Inner { own, disabled: disabled.into_iter().collect() }))
    }

    /// The own rules, in the order of the configuration.
    pub fn own(&self) -> &[OwnRule] {
        &self.0.own
    }

    /// The rules of the table that are not listened to, by id.
    pub fn disabled(&self) -> impl Iterator<Item = &str> {
        self.0.disabled.iter().map(String::as_str)
    }

    pub(super) fn disables(&self, id: &str) -> bool {
        self.0.disabled.contains(id)
    }

    /// The own rules that speak of a clause: those that tell it or, if there is none,
    /// those that silence it.
    pub(super) fn on(&self, clause: &Clause) -> Vec<&OwnRule> {
        if self.0.own.is_empty() {
            return Vec::new();
        }
        let sides = (Side::of(&clause.before, &clause.old), Side::of(&clause.after, &clause.new));
        let fired: Vec<&OwnRule> = self.0.own.iter().filter(|rule| rule.fires(&sides.0, &sides.1)).collect();
        let telling: Vec<&OwnRule> = fired.iter().copied().filter(|rule| !rule.silences()).collect();
        if telling.is_empty() { fired } else { telling }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge_by;
    use super::*;
    use crate::change::compare;
    use crate::change::tests::reading;
    use crate::judgment::{Judgment, Materiality};

    fn rule(pattern: &str, when: When, severity: u8) -> OwnRule {
        OwnRule::new("mine", pattern, when, severity, "because").unwrap()
    }

    fn judged(before: &str, after: &str, rules: &Rules) -> Judgment {
        let (old, new) = (reading(before), reading(after));
        judge_by(&compare(&old, &new).unwrap(), &old, &new, rules)
    }

    #[test]
    fn a_rule_fires_when_its_words_come_or_go() {
        use When::{Added, Either, Mentioned, Removed};
        #[rustfmt::skip]
        let table = [
            // pattern, before, after: added, removed, either, mentioned
            ("wallets?", "", "We read your Wallet.", [true, false, true, true]),
            ("wallets?", "We read your wallet.", "", [false, true, true, true]),
            ("wallets?", "We read your wallet.", "We may read your wallet.", [false, false, false, true]),
            (r"\d+ days", "within 30 days", "within 90 days", [true, true, true, true]),
            (r"\d+ days", "within 30 days", "within 30 days or 60 days", [true, false, true, true]),
            ("wallets?", "We read your mail.", "We may read your mail.", [false, false, false, false]),
            // As printed and as folded.
            ("don't", "", "We don\u{2019}t.", [true, false, true, true]),
            ("do not", "", "We don\u{2019}t.", [true, false, true, true]),
            ("do not", "We don\u{2019}t.", "We do not.", [false, false, false, true]),
        ];
        for (pattern, before, after, fires) in table {
            let found = [Added, Removed, Either, Mentioned].map(|when| rule(pattern, when, 1).fires_on(before, after));
            assert_eq!(found, fires, "{pattern}: {before} → {after}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        let bad = |pattern: &str| OwnRule::new("x", pattern, When::Either, 1, "w").unwrap_err();
        assert!(matches!(bad("a("), BadPattern::Syntax(_)));
        assert_eq!(bad(r"(\w{500}){500}"), BadPattern::TooLarge);
        assert_eq!(bad(&format!("{}a{}", "(".repeat(60), ")".repeat(60))), BadPattern::TooLarge);
        assert_eq!(bad("a*"), BadPattern::MatchesNothing);
    }

    const BEFORE: &str = "# Sharing\nWe share your address with carriers.\n# Cookies\nWe use cookies.";

    #[test]
    fn an_own_rule_tells_what_the_table_calls_noise() {
        let after = "# Sharing\nWe share your address with carriers.\n# Cookies\nWe use cookies. Menu Zebra.";
        assert_eq!(judged(BEFORE, after, &Rules::default()).materiality, Materiality::Editorial);
        let mut own = rule("zebra", When::Added, 2);
        own.practice = Some(Practice::TrackingAds);
        let judgment = judged(BEFORE, after, &Rules::new(vec![own], []));
        let [finding] = &judgment.findings[..] else { panic!("{judgment:?}") };
        assert_eq!((finding.rule.as_str(), finding.severity, finding.why.as_str()), ("own.mine", 2, "because"));
        assert_eq!((judgment.severity, judgment.practices.first()), (2, Some(&Practice::TrackingAds)));
        assert!(finding.after.contains("Zebra"), "{finding:?}");
        assert!(judgment.noise.iter().all(|noise| !noise.example.contains("Zebra")), "{judgment:?}");
    }

    #[test]
    fn a_rule_of_severity_nought_silences_unless_another_tells() {
        let before = "# Sharing\nWe will not sell your address to carriers.\n# Cookies\nWe use cookies.";
        let after = "# Sharing\nWe may sell your address to carriers.\n# Cookies\nWe use cookies.";
        assert_eq!(judged(before, after, &Rules::default()).materiality, Materiality::Material);
        let silence = rule("carriers", When::Mentioned, 0);
        let judgment = judged(before, after, &Rules::new(vec![silence.clone()], []));
        assert_eq!((judgment.materiality, judgment.findings.len()), (Materiality::Editorial, 0));
        assert_eq!(judgment.noise[0].kind, "own.mine");
        let tell = OwnRule::new("loud", "may sell", When::Added, 3, "why").unwrap();
        let judgment = judged(before, after, &Rules::new(vec![silence, tell], []));
        assert_eq!((judgment.severity, judgment.findings[0].rule.as_str()), (3, "own.loud"));
    }

    #[test]
    fn a_disabled_rule_finds_nothing_and_says_what_it_would_have_found() {
        let after = "# Sharing\nWe share your address with carriers.\n# Cookies\nWe do not use cookies.";
        let table = judged(BEFORE, after, &Rules::default());
        let ids: BTreeSet<String> = table.findings.iter().map(|finding| finding.rule.clone()).collect();
        assert!(!ids.is_empty());
        let judgment = judged(BEFORE, after, &Rules::new(Vec::new(), ids.clone()));
        assert_eq!((judgment.materiality, judgment.practices.len()), (Materiality::Editorial, 0), "{judgment:?}");
        for id in ids {
            let left = |noise: &&crate::judgment::Noise| noise.kind == "disabled_rule" && noise.example.contains(&id);
            assert!(judgment.noise.iter().any(|noise| left(&noise)), "{id}: {judgment:?}");
        }
    }

    #[test]
    fn the_same_rules_judge_the_same() {
        let after = "# Sharing\nWe sell your address to carriers.\n# Cookies\nWe use zebra cookies.";
        let rules = || Rules::new(vec![rule("zebra", When::Added, 2)], ["link.rights".to_owned()]);
        assert_eq!(judged(BEFORE, after, &rules()), judged(BEFORE, after, &rules()));
        assert_eq!(rules(), rules());
        assert_ne!(rules(), Rules::default());
    }
}
