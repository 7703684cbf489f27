//! `[[rule]]`: rules that whoever runs this writes, with examples that are tried here.

use std::collections::{BTreeMap, BTreeSet};

use super::interests::{practice, severity};
use super::keys;
use super::table::{Table, Value};
use super::watches::Watches;
use crate::judgment::{OWN, OwnRule, When};
use crate::watch::Watch;

/// Letters that a pattern has at most.
const LONGEST: usize = 2_000;

/// A rule, and which watches it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopedRule {
    /// The rule.
    pub rule: OwnRule,
    /// The ids of the watches that it is for.
    pub watches: Vec<String>,
    /// The tags of the watches that it is for; where neither is given, it is for all.
    pub tags: Vec<String>,
}

impl ScopedRule {
    /// Whether it is for all watches.
    pub fn is_for_all(&self) -> bool {
        self.watches.is_empty() && self.tags.is_empty()
    }

    /// Whether it is for a watch.
    pub fn is_for(&self, watch: &Watch) -> bool {
        self.is_for_all()
            || self.watches.iter().any(|id| id == watch.id.as_str())
            || self.tags.iter().any(|tag| watch.tags.contains(tag))
    }
}

/// Who a rule may be for.
pub(super) struct Known {
    watches: BTreeSet<String>,
    tags: BTreeSet<String>,
    /// There may be more, in watches that cannot be read.
    incomplete: bool,
}

impl Known {
    pub(super) fn of(watches: &Watches, incomplete: bool) -> Self {
        Self {
            watches: watches.ids().map(str::to_owned).collect(),
            tags: watches.watches.iter().flat_map(|watch| watch.tags.iter().cloned()).collect(),
            incomplete: incomplete || watches.watches.len() < watches.ids().count(),
        }
    }

    /// The watches of a configuration that was read before.
    pub(super) fn of_all(watches: &[Watch]) -> Self {
        Self {
            watches: watches.iter().map(|watch| watch.id.to_string()).collect(),
            tags: watches.iter().flat_map(|watch| watch.tags.iter().cloned()).collect(),
            incomplete: false,
        }
    }
}

/// Reads all rules of a file.
pub(super) fn read(root: &Table<'_>, known: &Known) -> Vec<ScopedRule> {
    let mut seen = BTreeMap::new();
    root.tables("rule").iter().filter_map(|table| rule(table, known, &mut seen)).collect()
}

/// Reads one rule; every key is looked at, whatever is wrong with the others.
fn rule(table: &Table<'_>, known: &Known, seen: &mut BTreeMap<String, usize>) -> Option<ScopedRule> {
    let id = table.demand("id", "\"wallets\"").and_then(|value| id(&value, seen));
    let place = table.demand("pattern", r"'\bcrypto ?wallets?\b'");
    let pattern = place.as_ref().and_then(pattern);
    let when = table.or("when", When::Either, |value| value.word(&When::ALL.map(|(_, word)| word), When::parse));
    let practice = table.or("practice", None, |value| practice(value).map(Some));
    let severity = table.demand("severity", "2").and_then(|value| severity(&value));
    let why = table.demand("why", "\"we promised our users to follow this\"").and_then(|value| value.words());
    let fires_on = table.demand("fires_on", "[\"We may read your crypto wallet.\"]");
    let silent_on = table.get("silent_on");
    let watches = table.or("watches", Vec::new(), |value| names(value, "watch", &known.watches, known.incomplete));
    let tags = table.or("tags", Vec::new(), |value| names(value, "tag", &known.tags, known.incomplete));

    let name = id.clone().unwrap_or_else(|| "?".to_owned());
    let (place, when) = (place?, when?);
    let mut rule = match OwnRule::new(&name, &pattern?, when, severity.unwrap_or(1), &why.clone().unwrap_or_default()) {
        Ok(rule) => rule,
        Err(why) => {
            return place.refuse(
                why.to_string(),
                r"single quotes keep backslashes as they are: pattern = '\bwallets?\b'; matching ignores case",
            );
        }
    };
    let sound = examples(&rule, fires_on.as_ref(), true) & examples(&rule, silent_on.as_ref(), false);
    let (id, practice, severity, _) = (id?, practice?, severity?, why?);
    table.file.findings.origins.borrow_mut().insert(format!("rule.{OWN}{id}"), table.file.origin(&table.span));
    (rule.practice, rule.severity) = (practice, severity);
    sound.then_some(ScopedRule { rule, watches: watches?, tags: tags? })
}

fn id(value: &Value<'_>, seen: &mut BTreeMap<String, usize>) -> Option<String> {
    let text = value.words()?;
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !text.chars().all(letter) || text.len() > 60 {
        return value.refuse(
            format!("\"{text}\" is no id of a rule"),
            "use 1 to 60 letters, digits, dots, dashes or underscores",
        );
    }
    if let Some(rest) = text.strip_prefix(OWN) {
        return value
            .refuse(format!("\"{OWN}\" comes before every id of your own by itself"), format!("write \"{rest}\""));
    }
    let line = value.file.source.line(value.span.start);
    match seen.insert(text.clone(), line) {
        Some(first) => value.refuse(
            format!("the rule \"{text}\" is there twice, first in line {first}"),
            "give each rule its own id; findings cite it",
        ),
        None => Some(text),
    }
}

fn pattern(value: &Value<'_>) -> Option<String> {
    let text = value.words()?;
    if text.len() > LONGEST {
        return value.refuse(format!("the pattern has more than {LONGEST} letters"), "part it into several rules");
    }
    Some(text)
}

/// Names of watches or tags that must be there.
fn names(value: &Value<'_>, what: &str, known: &BTreeSet<String>, incomplete: bool) -> Option<Vec<String>> {
    let name = |value: &Value<'_>| {
        let name = value.words()?;
        if known.contains(&name) || incomplete {
            return Some(name);
        }
        let hint = match known.is_empty() {
            true => format!("no watch has a {what} yet"),
            false => keys::suggestion(&name, known.iter().map(String::as_str)),
        };
        let message = match what {
            "tag" => format!("no watch has the tag \"{name}\""),
            _ => format!("no watch is called \"{name}\""),
        };
        value.refuse(message, hint)
    };
    let names: Vec<_> = value.list()?.iter().map(name).collect();
    names.into_iter().collect()
}

/// Tries the examples of a rule; whether all do what they must.
fn examples(rule: &OwnRule, list: Option<&Value<'_>>, fires: bool) -> bool {
    let Some(list) = list else { return true };
    let Some(values) = list.list() else { return false };
    let name = &rule.id()[OWN.len()..];
    if values.is_empty() && fires {
        let message = format!("rule \"{name}\" has no example in fires_on");
        let _: Option<()> = list.refuse(message, "write a sentence that the rule must find");
        return false;
    }
    let mut sound = true;
    for (number, value) in values.iter().enumerate() {
        let Some((before, after)) = example(value, rule.when) else {
            sound = false;
            continue;
        };
        if rule.fires_on(&before, &after) == fires {
            continue;
        }
        sound = false;
        let number = number + 1;
        let (message, hint) = match fires {
            true => (
                format!("rule \"{name}\" does not fire on example {number} of its fires_on"),
                format!(
                    "it fires when words that match `{}` {}; mend pattern, when or example",
                    rule.pattern(),
                    told(rule.when)
                ),
            ),
            false => (
                format!("rule \"{name}\" fires on example {number} of its silent_on"),
                format!("words there match `{}` and {}; make the pattern narrower", rule.pattern(), told(rule.when)),
            ),
        };
        let _: Option<()> = value.refuse(message, hint);
    }
    sound
}

fn told(when: When) -> &'static str {
    match when {
        When::Added => "come",
        When::Removed => "go",
        When::Either => "come or go",
        When::Mentioned => "stand in it, before or after",
    }
}

/// A sentence before and after: written out, or one that comes (or goes, if that is what
/// the rule looks for).
fn example(value: &Value<'_>, when: When) -> Option<(String, String)> {
    let Some(table) = value.inline("example") else {
        let sentence = value.words()?;
        let goes = when == When::Removed;
        return Some(if goes { (sentence, String::new()) } else { (String::new(), sentence) });
    };
    let before = table.or("before", String::new(), |value| value.text().map(str::to_owned))?;
    let after = table.or("after", String::new(), |value| value.text().map(str::to_owned))?;
    if before.is_empty() && after.is_empty() {
        return value
            .refuse("the example is empty", "write { before = \"…\", after = \"…\" }, or a sentence that comes");
    }
    Some((before, after))
}
