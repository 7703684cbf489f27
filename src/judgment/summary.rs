//! The one sentence that sums up a judgment, as a person would write it: what happened,
//! in which direction, in the words of the text.
//!
//! A direction ("is gone", "longer") is told only where the quoted words show it; else the
//! sentence says that something changed, and quotes. A rule without a row in [`PHRASES`]
//! is told by its reason, so that a new rule needs no phrase at once.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::facts::fold;
use super::rules::{legal_names_as_written, pattern};
use super::{Finding, Materiality, Noise, Practice};
use crate::change::words::{is_small, steps, tokens};

/// Characters of the sentence; what does not fit is counted.
const LIMIT: usize = 220;
/// Practices that are named behind the first.
const MAX_ALSO: usize = 3;

/// How the findings of a rule are told.
enum Phrase {
    /// Words about something stand in the text now, or no longer: the thing, and what
    /// betrays it in a quotation.
    About(&'static str, &'static str),
    /// An entry of a list came or went: what it is an entry of.
    Entry(&'static str),
    /// A clause came or went, or was reworded.
    Clause,
    /// Anything else: a function of the finding; none where the words do not show enough.
    Told(fn(&Finding) -> Option<String>),
}

/// The phrase of each rule, by its id.
const PHRASES: &[(&str, Phrase)] = &[
    ("polarity.promise", Phrase::Told(promise)),
    ("polarity.negation", Phrase::Told(negation)),
    ("polarity.limit", Phrase::Told(limit)),
    ("modality.duty", Phrase::Told(duty)),
    ("modality.certainty", Phrase::Told(certainty)),
    ("sale.data", Phrase::About("the sale of personal data", r"\bs(?:ell|old|ale)|\bvend|verkauf")),
    ("ai.training", Phrase::About("training AI models on data", r"\btrain|machine.learning|entra[îi]n")),
    ("disputes.arbitration", Phrase::About("arbitration", r"arbitrat|\barbitrage|schied")),
    ("disputes.class_waiver", Phrase::About("class actions or jury trials", r"class|jury|mass |collecti|sammelklage")),
    (
        "data.sensitive",
        Phrase::About(
            "sensitive data",
            r"biometr|fac(?:e|ial)|gen[ée]ti|health|sant[ée]|orientation|social security|immigration|precise|gesicht",
        ),
    ),
    (
        "license.scope",
        Phrase::About("the reach of the licence", r"perpetual|irrevocable|royalty|sublicen|transferable|worldwide"),
    ),
    (
        "law.governing",
        Phrase::About(
            "the governing law or court",
            r"\bgovern|\blaws? |\bcourts?\b|jurisdiction|droit|loi|tribuna|gerichtsstand|recht",
        ),
    ),
    (
        "change.retroactive",
        Phrase::About(
            "reaching back to data given before",
            r"retroactiv|already|previously|r[ée]troactiv|r[üu]ckwirkend",
        ),
    ),
    ("use.prohibited", Phrase::About("what is prohibited", r"prohibit|forbid|\bnot\b|interdit|verboten|untersagt")),
    ("consent.basis", Phrase::Told(basis)),
    ("consent.model", Phrase::Told(choice)),
    ("party.entity", Phrase::Told(party)),
    ("person.named", Phrase::Told(person)),
    ("number.age", Phrase::Told(age)),
    ("number.amount", Phrase::Told(amount)),
    ("change.notice", Phrase::About("how changes are announced", r"notif|mail|notice|inform|advance")),
    ("right.gone", Phrase::Told(right)),
    ("contact.rights", Phrase::Told(contact)),
    ("use.listed", Phrase::Entry("what is prohibited")),
    ("link.rights", Phrase::Told(link)),
    ("recipient.listed", Phrase::Entry("those who receive data")),
    ("data.listed", Phrase::Entry("the data collected")),
    ("purpose.listed", Phrase::Entry("the purposes of use")),
    ("scope.names", Phrase::Told(names)),
    ("scope.words", Phrase::Told(scope)),
    ("clause.added", Phrase::Clause),
    ("clause.removed", Phrase::Clause),
    ("clause.reworded", Phrase::Clause),
    ("clause.extended", Phrase::Told(names)),
    ("clause.detail", Phrase::Clause),
    ("document.rewritten", Phrase::Told(rewritten)),
    ("unclassified", Phrase::Told(|finding| Some(format!("much changed that no rule knows{}", told_after(finding))))),
];

/// The one sentence: the gravest finding in its own words, then what else is concerned.
pub(super) fn summary(materiality: Materiality, findings: &[Finding], noise: &[Noise]) -> String {
    let Some(first) = leading(findings) else { return nothing(noise) };
    let lead = if materiality == Materiality::Minor { "only details changed: " } else { "" };
    let mut told = format!("{lead}{}", sentence(first));
    if told.chars().count() + first.section.last().map_or(0, |title| title.chars().count()) + 8 <= LIMIT
        && let Some(title) = first.section.last().filter(|title| title.chars().count() <= 60)
        && !fold(&told).contains(&fold(title))
    {
        told.push_str(&format!(" (in “{title}”)"));
    }
    told.push_str(&also(first, findings));
    if told.ends_with(['.', '!', '?', '…']) { capital(&told) } else { capital(&told) + "." }
}

/// The finding to begin with: of the gravest the one whose words tell most.
fn leading(findings: &[Finding]) -> Option<&Finding> {
    let gravest = findings.first()?.severity;
    let telling = |finding: &Finding| match phrase(&finding.rule) {
        _ if finding.rule == "document.rewritten" => 4,
        Some(Phrase::Told(told)) if told(finding).is_some() => 3,
        Some(Phrase::About(_, cue)) if direction(finding, cue) != Direction::Changed => 3,
        Some(Phrase::Entry(_)) => 3,
        Some(Phrase::Clause) => 1,
        _ => 0,
    };
    let rank = |(at, finding): &(usize, &Finding)| (telling(finding), std::cmp::Reverse(*at));
    findings.iter().take_while(|f| f.severity == gravest).enumerate().max_by_key(rank).map(|(_, finding)| finding)
}

/// What else is concerned, behind the first finding.
fn also(first: &Finding, findings: &[Finding]) -> String {
    let mut practices: Vec<Practice> = Vec::new();
    for practice in findings.iter().filter(|f| f.severity > 0).filter_map(|f| f.practice) {
        if Some(practice) != first.practice && !practices.contains(&practice) {
            practices.push(practice);
        }
    }
    let others = findings.len() - 1;
    let named: Vec<&str> = practices.iter().take(MAX_ALSO).map(|practice| practice.name()).collect();
    let more = match practices.len().saturating_sub(MAX_ALSO) {
        0 => String::new(),
        1 => " and one more topic".to_owned(),
        count => format!(" and {count} more topics"),
    };
    match (others, named.as_slice()) {
        (0, _) => String::new(),
        (1, []) => "; one more finding".to_owned(),
        (_, []) => format!("; {others} more findings"),
        (_, named) => format!("; also: {}{more}", named.join(", ")),
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
        [] => String::new(),
    }
}

/// Why nothing matters.
fn nothing(noise: &[Noise]) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for kind in noise.iter().map(|noise| spoken(&noise.kind)) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.truncate(3);
    match kinds.as_slice() {
        [] => "Nothing of substance changed.".to_owned(),
        [only] if *only == spoken("fetch_artefact") => capital(only) + ".",
        kinds => format!("Nothing of substance changed: only {}.", listed(kinds)),
    }
}

/// A kind of noise in words.
fn spoken(kind: &str) -> &str {
    match kind {
        "date_only" => "a date",
        "formatting" => "formatting",
        "link_only" => "targets of links",
        "renumber_move" => "where text stands",
        "page_furniture" => "menus and other furniture of the page",
        "fetch_artefact" => "one side is not the policy as published",
        "typo_grammar" => "spelling and grammar",
        "rename" => "names",
        "contact_format" => "how contact details are written",
        _ => "wording",
    }
}

fn phrase(rule: &str) -> Option<&'static Phrase> {
    PHRASES.iter().find(|(id, _)| *id == rule).map(|(_, phrase)| phrase)
}

/// A finding in words.
fn sentence(finding: &Finding) -> String {
    let told = match phrase(&finding.rule) {
        Some(Phrase::About(thing, cue)) => Some(about(finding, thing, cue)),
        Some(Phrase::Entry(list)) => Some(entry(finding, list)),
        Some(Phrase::Clause) => Some(clause(finding)),
        Some(Phrase::Told(told)) => told(finding),
        None => None,
    };
    told.unwrap_or_else(|| format!("{}{}", finding.why, told_after(finding)))
}

/// The quotations of a finding, behind what is said of it.
fn told_after(finding: &Finding) -> String {
    match (&*finding.before, &*finding.after) {
        ("", "") => String::new(),
        ("", after) => format!(": now “{}”", short(after)),
        (before, "") => format!(": “{}” is gone", short(before)),
        (before, after) => format!(": {}", became(before, after)),
    }
}

fn became(before: &str, after: &str) -> String {
    format!("“{}” became “{}”", short(before), short(after))
}

/// A quotation that leaves room for another.
fn short(quote: &str) -> String {
    const MOST: usize = 90;
    let quote = quote.trim_end_matches(['.', ';', ',']);
    if quote.chars().count() <= MOST {
        return quote.replace(['“', '”'], "\"");
    }
    let cut: String = quote.chars().take(MOST).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    // A number does not stand without what it counts, nor a small word without the next.
    let mut words = cut[..end].trim_end_matches([',', ';', ':', ' ', '(', '|']);
    while let Some((rest, last)) = words.rsplit_once(' ')
        && (last.chars().any(|c| c.is_ascii_digit()) || is_small(last))
    {
        words = rest.trim_end_matches([',', ';', ':', ' ', '(', '|']);
    }
    format!("{}…", words.trim_end_matches([',', ';', ':', ' ', '(', '|']).replace(['“', '”'], "\""))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[derive(PartialEq, Eq)]
enum Direction {
    Came,
    Went,
    Changed,
}

/// Whether the quotations show something on one side only.
fn direction(finding: &Finding, cue: &str) -> Direction {
    let cue = pattern(cue);
    match (cue.is_match(&fold(&finding.before)), cue.is_match(&fold(&finding.after))) {
        (false, true) => Direction::Came,
        (true, false) => Direction::Went,
        _ => Direction::Changed,
    }
}

fn about(finding: &Finding, thing: &str, cue: &str) -> String {
    match direction(finding, cue) {
        Direction::Came if finding.before.is_empty() => {
            format!("a new sentence speaks of {thing}: “{}”", short(&finding.after))
        }
        Direction::Came => format!("a sentence now speaks of {thing}: “{}”", short(&finding.after)),
        Direction::Went if finding.after.is_empty() => {
            format!("a sentence on {thing} is gone: “{}”", short(&finding.before))
        }
        Direction::Went => {
            format!("a sentence no longer speaks of {thing}: {}", became(&finding.before, &finding.after))
        }
        Direction::Changed => format!("the words on {thing} changed{}", told_after(finding)),
    }
}

fn entry(finding: &Finding, list: &str) -> String {
    match (&*finding.before, &*finding.after) {
        ("", after) => format!("new under {list}: “{}”", short(after)),
        (before, "") => format!("gone from {list}: “{}”", short(before)),
        (before, after) => format!("among {list}, {}", became(before, after)),
    }
}

/// What a finding is about, in the middle of a sentence.
fn topic(finding: &Finding) -> String {
    finding.practice.map_or_else(String::new, |practice| format!(" on {}", practice.name()))
}

fn clause(finding: &Finding) -> String {
    let topic = topic(finding);
    match (&*finding.before, &*finding.after) {
        ("", after) => format!("a clause{topic} is new: “{}”", short(after)),
        (before, "") => format!("a clause{topic} is gone: “{}”", short(before)),
        (before, after) => format!("a clause{topic} was reworded: {}", became(before, after)),
    }
}

/// The words that only one side of a finding has: gone and come.
fn differing(finding: &Finding) -> (String, String) {
    let (old, new) = (tokens(&finding.before), tokens(&finding.after));
    let (mut gone, mut come) = (String::new(), String::new());
    for step in steps(&old, &new).into_iter().filter(|step| !step.equal) {
        let text = |words: &[crate::change::words::Token<'_>]| -> String {
            words.iter().flat_map(|token| [token.space, token.word]).collect()
        };
        gone.push_str(&text(&old[step.old]));
        come.push_str(&text(&new[step.new]));
    }
    let bare = |text: &str| {
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '.' | '…' | ':')).to_owned()
    };
    (bare(&gone), bare(&come))
}

static NO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:not|never|no longer|neither|nor|no|jamais|nicht|keine?[nmrs]?|niemals|pas|aucune?)\b")
});
static LIMITS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:without|unless|except|only|solely|exclusively|sans|sauf|uniquement|seulement|ohne|au(?:ß|ss)er|ausschlie(?:ß|ss)lich|nur)\b",
    )
});
static DUTY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:must|shall|required|obliged|have to|agrees? to|doit|doivent|devez|m[üu]ss(?:en|t)?|verpflichtet)\b")
});
static LEAVE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:may|can|might|could|should|encouraged?|peut|peuvent|pouvez|kann|k[öo]nn(?:en|t)|d[üu]rfen)\b")
});
static WILL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:will|shall|must)\b"));
static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:[$€£¥] ?\d[\d.,]*\d|[$€£¥] ?\d|\b\d[\d.,]*) ?(?:%|\(?(?:business |calendar |working |consecutive )?(?:percent|euros?|dollars?|hours?|days?|weeks?|months?|years?|heures?|jours?|semaines?|mois|ans?|ann[ée]es?|stunden?|tagen?|wochen?|monate?n?|jahre?n?)\b)?",
    )
});

fn counts(pattern: &Regex, finding: &Finding) -> (usize, usize) {
    let count = |text: &str| pattern.find_iter(&fold(text)).count();
    (count(&finding.before), count(&finding.after))
}

fn promise(finding: &Finding) -> Option<String> {
    // A "not" elsewhere in the sentence is no promise.
    static RULED_OUT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:will|shall|do|does|may|must|can|would) (?:not|never)\b|\b(?:we|never) never\b|\bnever \w+|\b(?:ne|n')\b.{1,25}\b(?:pas|jamais|aucun)|\b(?:wir|werden|wird|geben|verkaufen|teilen)\b.{0,60}\b(?:nicht|keine?[nmrs]?|niemals)\b",
        )
    });
    let (before, after) = (&*finding.before, &*finding.after);
    match (counts(&RULED_OUT, finding), counts(&NO, finding)) {
        ((1.., 0), (_, 0)) if after.is_empty() => Some(format!("the promise “{}” is gone", short(before))),
        ((1.., 0), (_, 0)) => {
            Some(format!("the promise “{}” is gone: the text now says “{}”", short(before), short(after)))
        }
        ((0, 1..), (0, _)) if before.is_empty() => Some(format!("the text now rules out: “{}”", short(after))),
        ((0, 1..), (0, _)) => Some(format!("the text now says “{}”, where it said “{}”", short(after), short(before))),
        _ => None,
    }
}

fn negation(finding: &Finding) -> Option<String> {
    let what = match counts(&NO, finding) {
        (old, new) if old > new => "something is no longer ruled out",
        (old, new) if old < new => "something is now ruled out",
        _ => return None,
    };
    Some(format!("{what}{}: {}", topic(finding), became(&finding.before, &finding.after)))
}

fn limit(finding: &Finding) -> Option<String> {
    let what = match counts(&LIMITS, finding) {
        (old, new) if old > new => "a limit is gone",
        (old, new) if old < new => "a limit was added",
        _ => return None,
    };
    Some(format!("{what}{}: {}", topic(finding), became(&finding.before, &finding.after)))
}

fn duty(finding: &Finding) -> Option<String> {
    let ((old_duty, new_duty), (old_leave, new_leave)) = (counts(&DUTY, finding), counts(&LEAVE, finding));
    let what = match () {
        () if old_duty > new_duty && old_leave < new_leave => "a duty became optional",
        () if old_duty < new_duty && old_leave > new_leave => "what was optional became a duty",
        () => return None,
    };
    Some(format!("{what}: {}", became(&finding.before, &finding.after)))
}

fn certainty(finding: &Finding) -> Option<String> {
    let ((old_will, new_will), (old_may, new_may)) = (counts(&WILL, finding), counts(&LEAVE, finding));
    let what = match () {
        () if old_will > new_will && old_may < new_may => "what was certain is now only possible",
        () if old_will < new_will && old_may > new_may => "what was possible is now certain",
        () => return None,
    };
    Some(format!("{what}: {}", became(&finding.before, &finding.after)))
}

fn basis(finding: &Finding) -> Option<String> {
    static CONSENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bconsent|einwilligung"));
    let what = match counts(&CONSENT, finding) {
        (1.., 0) => "a legitimate interest takes the place of consent",
        (0, 1..) => "consent takes the place of a legitimate interest",
        _ => return None,
    };
    Some(format!("{what}: {}", became(&finding.before, &finding.after)))
}

fn choice(finding: &Finding) -> Option<String> {
    static OUT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bopt\w*.?out"));
    let what = match counts(&OUT, finding) {
        (0, 1..) => "opting in became opting out",
        (1.., 0) => "opting out became opting in",
        _ => return None,
    };
    Some(format!("{what}: {}", became(&finding.before, &finding.after)))
}

/// The legal persons that only one side of a finding names.
fn persons(finding: &Finding) -> (Vec<String>, Vec<String>) {
    let (old, new) = (legal_names_as_written(&finding.before), legal_names_as_written(&finding.after));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    (only(&old, &new), only(&new, &old))
}

fn party(finding: &Finding) -> Option<String> {
    match persons(finding) {
        (gone, come) if gone.len() == 1 && come.len() == 1 => {
            Some(format!("the company responsible is now {}, no longer {}", come[0], gone[0]))
        }
        (gone, come) if gone.is_empty() && come.len() == 1 => {
            Some(format!("{} is now named as responsible: “{}”", come[0], short(&finding.after)))
        }
        (gone, come) if come.is_empty() && gone.len() == 1 => {
            Some(format!("{} is no longer named as responsible: “{}” is gone", gone[0], short(&finding.before)))
        }
        _ => None,
    }
}

fn person(finding: &Finding) -> Option<String> {
    let topic = topic(finding);
    match persons(finding) {
        (gone, come) if gone.is_empty() && come.len() == 1 => Some(format!("{} is now named{topic}", come[0])),
        (gone, come) if come.is_empty() && gone.len() == 1 => Some(format!("{} is no longer named{topic}", gone[0])),
        (gone, come) if gone.len() == 1 && come.len() == 1 => {
            Some(format!("{} is named{topic}, no longer {}", come[0], gone[0]))
        }
        _ => None,
    }
}

/// The one amount that only one side has, on each side.
fn amounts(finding: &Finding) -> Option<(String, String)> {
    let found = |text: &str| -> Vec<String> {
        AMOUNT.find_iter(text).map(|found| found.as_str().trim_end_matches([' ', '.', ',', '(']).to_owned()).collect()
    };
    let (mut old, mut new) = (found(&finding.before), found(&finding.after));
    old.retain(|amount| match new.iter().position(|other| other == amount) {
        Some(at) => {
            new.remove(at);
            false
        }
        None => true,
    });
    match (&old[..], &new[..]) {
        ([old], [new]) => Some((old.clone(), new.clone())),
        _ => None,
    }
}

/// A number and its unit; months and years in days.
fn measured(amount: &str) -> Option<(f64, char)> {
    let digits: String = amount.chars().filter(|c| c.is_ascii_digit()).collect();
    let number: f64 = digits.parse().ok()?;
    let unit = fold(amount).split_whitespace().last()?.to_owned();
    const UNITS: [(&str, f64); 12] = [
        ("hour", 1.0 / 24.0),
        ("heure", 1.0 / 24.0),
        ("day", 1.0),
        ("jour", 1.0),
        ("tag", 1.0),
        ("week", 7.0),
        ("woche", 7.0),
        ("month", 30.0),
        ("monat", 30.0),
        ("year", 365.0),
        ("jahr", 365.0),
        ("semaine", 7.0),
    ];
    if let Some((_, days)) = UNITS.iter().find(|(word, _)| unit.starts_with(word)) {
        return Some((number * days, 'd'));
    }
    let sign = amount.chars().find(|c| matches!(c, '$' | '€' | '£' | '¥' | '%'))?;
    Some((number, sign))
}

fn age(finding: &Finding) -> Option<String> {
    let (old, new) = amounts(finding)?;
    Some(format!("an age changed from {old} to {new}: “{}”", short(&finding.after)))
}

fn amount(finding: &Finding) -> Option<String> {
    let Some((old, new)) = amounts(finding) else {
        return Some(format!("an amount{} changed{}", topic(finding), told_after(finding)));
    };
    let what = match (measured(&old), measured(&new), finding.practice) {
        (Some((a, 'd')), Some((b, 'd')), Some(Practice::Retention)) if a < b => "data may be kept longer".to_owned(),
        (Some((a, 'd')), Some((b, 'd')), Some(Practice::Retention)) if a > b => "data is kept for less time".to_owned(),
        (Some((a, 'd')), Some((b, 'd')), _) if a < b => format!("a period{} got longer", topic(finding)),
        (Some((a, 'd')), Some((b, 'd')), _) if a > b => format!("a period{} got shorter", topic(finding)),
        (Some((a, x)), Some((b, y)), _) if x == y && a < b => format!("an amount{} went up", topic(finding)),
        (Some((a, x)), Some((b, y)), _) if x == y && a > b => format!("an amount{} went down", topic(finding)),
        _ => format!("an amount{} changed", topic(finding)),
    };
    Some(format!("{what}, from {old} to {new}: “{}”", short(&finding.after)))
}

fn right(finding: &Finding) -> Option<String> {
    Some(format!("a right or choice is no longer mentioned: “{}”", short(&finding.before)))
}

fn contact(finding: &Finding) -> Option<String> {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"[\w.+-]+@[\w-]+\.[\w.-]*\w|https?://[^\s“”]*[^\s“”.,;)]"));
    let one = |text: &str| ADDRESS.find(text).map(|found| found.as_str().to_owned());
    match (one(&finding.before), one(&finding.after)) {
        (Some(old), Some(new)) if old != new => Some(format!("requests now go to {new}, no longer to {old}")),
        _ => None,
    }
}

fn link(finding: &Finding) -> Option<String> {
    Some(format!("{}: {} became {}", finding.why, short(&finding.before), short(&finding.after)))
}

fn names(finding: &Finding) -> Option<String> {
    let topic = topic(finding);
    match differing(finding) {
        (gone, come) if gone.is_empty() && !come.is_empty() && !finding.before.is_empty() => {
            Some(format!("a clause{topic} now adds “{}”: “{}”", short(&come), short(&finding.after)))
        }
        (gone, come) if come.is_empty() && !gone.is_empty() && !finding.after.is_empty() => {
            Some(format!("a clause{topic} no longer says “{}”: “{}”", short(&gone), short(&finding.after)))
        }
        _ => None,
    }
}

fn scope(finding: &Finding) -> Option<String> {
    static WIDE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"sole discretion|any (?:time|reason)|without (?:prior )?notice|not limited|without limitation|any (?:other )?(?:purpose|lawful purpose)|affiliates?|any third part|discr[ée]tion|jederzeit|ermessen",
        )
    });
    let what = match counts(&WIDE, finding) {
        (old, new) if old < new => "was widened",
        (old, new) if old > new => "was narrowed",
        _ => return None,
    };
    Some(format!("a clause{} {what}: {}", topic(finding), became(&finding.before, &finding.after)))
}

fn rewritten(finding: &Finding) -> Option<String> {
    Some(format!("most of the text is new ({} before, {} now)", finding.before, finding.after))
}

#[cfg(test)]
mod tests {
    use super::super::rules::RULES;
    use super::*;

    fn finding(rule: &str, practice: Option<Practice>, before: &str, after: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            practice,
            severity: 2,
            section: vec!["Policy".to_owned(), "Sharing".to_owned()],
            before: before.to_owned(),
            after: after.to_owned(),
            why: "something changed that matters".to_owned(),
            kinds: Vec::new(),
        }
    }

    fn told(rule: &str, practice: Option<Practice>, before: &str, after: &str) -> String {
        summary(Materiality::Material, &[finding(rule, practice, before, after)], &[])
    }

    #[test]
    fn each_rule_is_told_in_a_sentence() {
        for rule in &RULES {
            let (_, before, after) = rule.fires_on;
            let told = told(rule.id, rule.practice, before, after);
            assert!(told.starts_with(char::is_uppercase) && told.ends_with('.'), "{}: {told}", rule.id);
            assert!(told.chars().count() <= LIMIT + 60, "{}: {told}", rule.id);
            assert!(!told.contains("  ") && told.contains('“') || told.contains(" is "), "{}: {told}", rule.id);
        }
    }

    #[test]
    fn the_direction_is_told_where_the_words_show_it() {
        use Practice::{Children, FeesRenewal, Retention, SharingSale};
        let cases = [
            (
                told("polarity.promise", Some(SharingSale), "We will not sell your data.", "We may sell your data."),
                "The promise “We will not sell your data” is gone: the text now says “We may sell your data” (in “Sharing”).",
            ),
            (
                told("number.amount", Some(Retention), "We keep logs for 30 days.", "We keep logs for 1 year."),
                "Data may be kept longer, from 30 days to 1 year: “We keep logs for 1 year” (in “Sharing”).",
            ),
            (
                told("number.amount", Some(FeesRenewal), "It costs $9.", "It costs $12."),
                "An amount on fees and renewal went up, from $9 to $12: “It costs $12” (in “Sharing”).",
            ),
            (
                told("number.age", Some(Children), "You must be 13 years old.", "You must be 16 years old."),
                "An age changed from 13 years to 16 years: “You must be 16 years old” (in “Sharing”).",
            ),
            (
                told("party.entity", None, "The controller is Acme Ireland Limited.", "The controller is Globex LLC."),
                "The company responsible is now Globex LLC, no longer Acme Ireland Limited (in “Sharing”).",
            ),
            (
                told("sale.data", Some(SharingSale), "We share data.", "We share and sell data."),
                "A sentence now speaks of the sale of personal data: “We share and sell data” (in “Sharing”).",
            ),
            (
                told("recipient.listed", Some(SharingSale), "", "Globex Cloud, hosting, Singapore"),
                "New under those who receive data: “Globex Cloud, hosting, Singapore” (in “Sharing”).",
            ),
            (
                told("scope.names", None, "Residents of Ohio may appeal.", "Residents of Ohio and Texas may appeal."),
                "A clause now adds “and Texas”: “Residents of Ohio and Texas may appeal” (in “Sharing”).",
            ),
            (
                told("own.rule", None, "", "We keep bees."),
                "Something changed that matters: now “We keep bees” (in “Sharing”).",
            ),
        ];
        for (told, wanted) in cases {
            assert_eq!(told, wanted);
        }
    }

    #[test]
    fn what_follows_is_named_by_practice() {
        let findings = [
            finding("sale.data", Some(Practice::SharingSale), "", "We sell data."),
            finding("clause.added", Some(Practice::Retention), "", "We keep it."),
            finding("clause.added", Some(Practice::Children), "", "Children may come."),
        ];
        let told = summary(Materiality::Material, &findings, &[]);
        assert!(told.ends_with("(in “Sharing”); also: retention, children."), "{told}");
        assert_eq!(summary(Materiality::Editorial, &[], &[]), "Nothing of substance changed.");
    }
}
