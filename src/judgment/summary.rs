//! The one sentence that sums up a judgment, as a person would write it: what happened,
//! in which direction, in the words of the text.
//!
//! A direction ("is gone", "longer") is told only where the quoted words show it; else the
//! sentence says that something changed, and quotes. A rule without a row in [`PHRASES`]
//! is told by its reason, so that a new rule needs no phrase at once.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Clause, fold};
use super::rules::{legal_names_as_written, pattern};
use super::{Finding, Materiality, Noise, Practice};
use crate::change::words::{Token, is_small, steps, tokens};

/// Characters of the sentence; what does not fit is counted.
const LIMIT: usize = 240;
/// Characters of a quotation that stands alone, and of one beside another.
const ALONE: usize = 160;
const BESIDE: usize = 90;
/// Practices that are named behind the first.
const MAX_ALSO: usize = 3;
/// Entries of a list that are named.
const MAX_ENTRIES: usize = 4;

/// What is said of a finding: why it matters, as far as its words show that, and the same
/// with the words.
struct Told {
    why: String,
    sentence: String,
}

impl Told {
    /// What happened, and behind it the quotations.
    fn with_words(what: impl Into<String>, topic: &str, finding: &Finding) -> Option<Self> {
        let why = what.into();
        let sentence = format!("{why}{topic}: {}", words(finding));
        Some(Self { why, sentence })
    }
}

/// How the findings of a rule are told.
enum Phrase {
    /// Words about something stand in the text now, or no longer: the thing, and what
    /// betrays it in a quotation.
    About(&'static str, &'static str),
    /// An entry of a list came or went: how it is listed.
    Entry(&'static str),
    /// Something is named, or no longer: one of it, and all of it.
    Named(&'static str, &'static str),
    /// A clause came or went, or was reworded.
    Clause,
    /// Anything else: a function of the finding; none where the words do not show enough.
    Other(fn(&Finding) -> Option<Told>),
}

/// The phrase of each rule, by its id.
const PHRASES: &[(&str, Phrase)] = &[
    ("polarity.promise", Phrase::Other(promise)),
    ("polarity.negation", Phrase::Other(negation)),
    ("polarity.limit", Phrase::Other(limit)),
    ("modality.duty", Phrase::Other(duty)),
    ("modality.certainty", Phrase::Other(certainty)),
    ("sale.data", Phrase::About("the sale of personal data", r"\bs(?:ell|old|ale)|\bvend|verkauf")),
    ("ai.training", Phrase::About("training AI models on data", r"\btrain|machine.learning|entra[îi]n")),
    ("disputes.arbitration", Phrase::About("arbitration", r"arbitrat|\barbitrage|schied")),
    ("disputes.class_waiver", Phrase::About("class actions or jury trials", r"class|jury|mass |collecti|sammelklage")),
    (
        "data.sensitive",
        Phrase::About(
            "sensitive data",
            r"biom[ée]tr|fac(?:e|ial)|gen[ée]ti|health|sant[ée]|gesundheit|orientation|social security|immigration|precise|gesicht",
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
            r"\bgovern(?:ed|s|ing law)\b|\blaws? (?:of|shall|will|appl)|\bcourts?\b|jurisdiction|droit applicable|loi applicable|(?:droit|loi) \w{3,12}ais|tribuna|gerichtsstand|gerichte?\b|(?:anwendbar|deutsch|irisch|niederl[äa]ndisch)\w* recht",
        ),
    ),
    (
        "change.retroactive",
        Phrase::About(
            "reaching back to data given before",
            r"retroactiv|already|previously|r[ée]troactiv|r[üu]ckwirkend",
        ),
    ),
    ("fees.auto_renewal", Phrase::About("automatic renewal", r"renew|renouvel|reconduc|verl[äa]nger")),
    ("use.prohibited", Phrase::Other(prohibited)),
    ("consent.basis", Phrase::Other(basis)),
    ("consent.model", Phrase::Other(choice)),
    ("party.entity", Phrase::Other(party)),
    ("person.named", Phrase::Other(person)),
    ("number.age", Phrase::Other(age)),
    ("number.amount", Phrase::Other(amount)),
    ("number.count", Phrase::Other(count)),
    ("change.notice", Phrase::About("how changes are announced", r"notif|mail|notice|inform|advance")),
    ("right.gone", Phrase::Other(right)),
    ("contact.rights", Phrase::Other(contact)),
    ("link.rights", Phrase::Other(link)),
    ("use.listed", Phrase::Entry("as prohibited")),
    ("recipient.listed", Phrase::Entry("among those who receive data")),
    ("recipient.register", Phrase::Entry("among the companies and places")),
    ("data.listed", Phrase::Entry("among the data collected")),
    ("purpose.listed", Phrase::Entry("among the purposes of use")),
    ("recipient.named", Phrase::Named("a recipient of data", "recipients of data")),
    ("data.named", Phrase::Named("a kind of data", "kinds of data")),
    ("purpose.named", Phrase::Named("a purpose of use", "purposes of use")),
    ("security.measure", Phrase::Named("a measure of security", "measures of security")),
    ("scope.names", Phrase::Other(names)),
    ("scope.place", Phrase::Other(names)),
    ("scope.qualifier", Phrase::Other(names)),
    ("scope.words", Phrase::Other(scope)),
    ("section.added", Phrase::Other(section)),
    ("section.removed", Phrase::Other(section)),
    ("clause.added", Phrase::Clause),
    ("clause.removed", Phrase::Clause),
    ("clause.reworded", Phrase::Clause),
    ("clause.extended", Phrase::Other(names)),
    ("clause.detail", Phrase::Clause),
    ("document.rewritten", Phrase::Other(rewritten)),
    ("unclassified", Phrase::Other(unclassified)),
];

/// The one sentence: the gravest finding in its own words, then what else is concerned.
pub(super) fn summary(materiality: Materiality, findings: &[Finding], noise: &[Noise]) -> String {
    let Some(first) = leading(findings) else { return nothing(noise) };
    let lead = if materiality == Materiality::Minor { "only details changed: " } else { "" };
    let mut named = vec![first];
    let mut text = match (first.rule.as_str(), phrase(&first.rule)) {
        ("document.rewritten", _) => {
            let example = exemplary(findings);
            named.extend(example);
            let example = example.map_or_else(String::new, |finding| format!("; for one thing, {}", sentence(finding)));
            format!("{}{example}", sentence(first))
        }
        (rule, Some(Phrase::Entry(how))) => {
            named = findings.iter().filter(|f| f.rule == rule && f.section == first.section).collect();
            entries(&named, how)
        }
        _ => match successor(first, findings) {
            Some(other) => {
                named.push(other);
                let (gone, come) = if first.after.is_empty() { (first, other) } else { (other, first) };
                let (gone, come) = (short(&gone.before), short(&come.after));
                format!("a clause{} gave way to another: “{gone}” is gone, “{come}” is new", topic(first))
            }
            None => format!("{lead}{}", sentence(first)),
        },
    };
    if let Some(title) = heading(&first.section)
        && text.chars().count() + title.chars().count() + 8 <= LIMIT
        && !fold(&text).contains(&fold(&title))
    {
        text.push_str(&format!(" (in “{title}”)"));
    }
    text.push_str(&also(&named, findings));
    if text.ends_with(['.', '!', '?', '…']) { capital(&text) } else { capital(&text) + "." }
}

/// Why a finding matters, as far as its words show that; none: as its rule has it.
pub(super) fn reason(finding: &Finding) -> Option<String> {
    told(finding).map(|told| told.why)
}

/// The finding to begin with: of the gravest the one whose words tell most, and of those
/// the one that is about what matters most to people.
fn leading(findings: &[Finding]) -> Option<&Finding> {
    let gravest = findings.first()?.severity;
    let telling = |finding: &Finding| match phrase(&finding.rule) {
        _ if finding.rule == "document.rewritten" => 5,
        // What is promised no longer weighs most.
        _ if told(finding).is_some_and(|told| told.why == PROMISE_GONE) => 4,
        Some(Phrase::Other(told)) if told(finding).is_some() => 3,
        Some(Phrase::About(_, cue)) if direction(finding, cue) != Direction::Changed && shows(finding, cue) => 3,
        Some(Phrase::Entry(_)) => 3,
        Some(Phrase::Clause) if is_one_sided(finding) && is_grave(finding) => 3,
        Some(Phrase::Named(..)) if is_one_sided(finding) => 2,
        Some(Phrase::Clause) => 1,
        _ => 0,
    };
    // A heading, or a row's first cell, says less than the sentence under it.
    let says = |finding: &Finding| {
        let words = |text: &str| text.split_whitespace().count();
        let whole = words(&finding.before).max(words(&finding.after)) >= 7;
        whole || !is_one_sided(finding) || !matches!(phrase(&finding.rule), Some(Phrase::Clause))
    };
    let rank = |(at, finding): &(usize, &Finding)| {
        let (telling, says) = (telling(finding), says(finding));
        (if says { telling } else { telling.min(1) }, says, is_grave(finding), std::cmp::Reverse(*at))
    };
    findings.iter().take_while(|f| f.severity == gravest).enumerate().max_by_key(rank).map(|(_, finding)| finding)
}

/// Whether a finding is about what the labels of the field call serious by itself.
fn is_grave(finding: &Finding) -> bool {
    use Practice::{AiAutomated, Children, ContentLicenseIp, SharingSale};
    matches!(finding.practice, Some(AiAutomated | Children | ContentLicenseIp | SharingSale))
}

fn is_one_sided(finding: &Finding) -> bool {
    finding.before.is_empty() != finding.after.is_empty()
}

/// The clause that came where another went, or went where it came, if they are one of each.
fn successor<'a>(first: &Finding, findings: &'a [Finding]) -> Option<&'a Finding> {
    let alike = |finding: &&Finding| {
        is_one_sided(finding) && (&finding.section, finding.practice) == (&first.section, first.practice)
    };
    let rule = match first.rule.as_str() {
        "clause.added" => "clause.removed",
        "clause.removed" => "clause.added",
        _ => return None,
    };
    let pair: Vec<&Finding> = findings.iter().filter(alike).collect();
    pair.iter().find(|finding| finding.rule == rule).filter(|_| pair.len() == 2).copied()
}

/// What a rewritten text is told by: the gravest sentence that is wholly new or wholly gone,
/// which no other was mistaken for.
fn exemplary(findings: &[Finding]) -> Option<&Finding> {
    let tells = |finding: &&Finding| {
        let shown = !matches!(phrase(&finding.rule), Some(Phrase::About(_, cue)) if !shows(finding, cue));
        finding.severity == 3 && is_one_sided(finding) && shown && told(finding).is_some()
    };
    findings.iter().filter(tells).find(|finding| is_grave(finding)).or_else(|| findings.iter().find(tells))
}

/// What else is concerned, beside the findings that the sentence tells.
fn also(named: &[&Finding], findings: &[Finding]) -> String {
    let is_told = |finding: &Finding| named.iter().any(|one| std::ptr::eq(*one, finding));
    let mut practices: Vec<Practice> = Vec::new();
    for practice in findings.iter().filter(|f| f.severity > 0).filter_map(|f| f.practice) {
        if !named.iter().any(|one| one.practice == Some(practice)) && !practices.contains(&practice) {
            practices.push(practice);
        }
    }
    let others = findings.iter().filter(|finding| !is_told(finding)).count();
    let names: Vec<&str> = practices.iter().take(MAX_ALSO).map(|practice| practice.name()).collect();
    let more = match practices.len().saturating_sub(MAX_ALSO) {
        0 => String::new(),
        1 => " and one more topic".to_owned(),
        count => format!(" and {count} more topics"),
    };
    match (others, names.as_slice()) {
        (0, _) => String::new(),
        (1, []) => "; one more change".to_owned(),
        (_, []) => format!("; {others} more changes"),
        (_, names) => format!("; also: {}{more}", names.join(", ")),
    }
}

/// The heading that says where a finding stands: the last of its path that tells a place.
fn heading(path: &[String]) -> Option<String> {
    const BARE: [&str; 16] = [
        "summary",
        "overview",
        "general",
        "introduction",
        "details",
        "note",
        "notes",
        "other",
        "previous versions",
        "what we do",
        "zusammenfassung",
        "allgemeines",
        "überblick",
        "résumé",
        "généralités",
        "aperçu",
    ];
    static DATED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:last |derni[èe]re )?(?:updated?|effective|modified|revised|stand|mise [àa] jour|en vigueur|g[üu]ltig)\b.*\d|^\W*\d[\d./ -]*$",
        )
    });
    let bare = |title: &String| title.trim().trim_end_matches([':', '.', ',', ';']).trim_end().to_owned();
    let at = path.iter().rposition(|title| !DATED.is_match(&fold(title)))?;
    let title = bare(&path[at]);
    // The title of the whole document stands for no place where something stood below it.
    if at == 0 && path.len() > 1 || title.is_empty() {
        return None;
    }
    let title = match at.checked_sub(1).filter(|above| *above > 0 && BARE.contains(&fold(&title).as_str())) {
        Some(above) => format!("{} › {title}", bare(&path[above])),
        None => title,
    };
    (title.chars().count() <= 60).then(|| plain_quotes(&title))
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
    let artefact = spoken("fetch_artefact");
    if kinds.contains(&artefact) {
        // What else differs is a matter of which text was read.
        return capital(artefact) + ".";
    }
    kinds.truncate(3);
    match kinds.as_slice() {
        [] => "Nothing of substance changed.".to_owned(),
        kinds => format!("Nothing of substance changed: only {}.", listed(kinds)),
    }
}

/// A kind of noise in words.
fn spoken(kind: &str) -> &str {
    match kind {
        "date_only" => "a date",
        "formatting" => "formatting",
        "link_only" => "where links lead",
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

/// A finding in words, by the phrase of its rule.
fn told(finding: &Finding) -> Option<Told> {
    match phrase(&finding.rule)? {
        Phrase::About(thing, cue) => ruled_out(finding).or_else(|| about(finding, thing, cue)),
        Phrase::Entry(how) => {
            let why = match (&*finding.before, &*finding.after) {
                ("", _) => format!("newly listed {how}"),
                (_, "") => format!("no longer listed {how}"),
                _ => format!("what is listed {how} changed"),
            };
            Some(Told { why, sentence: entries(&[finding], how) })
        }
        Phrase::Named(one, all) => called(finding, one, all),
        Phrase::Clause => clause(finding),
        Phrase::Other(_) if finding.undone => None,
        Phrase::Other(told) => told(finding),
    }
}

/// Whether the quotations of a finding show that something came or went, and its whole clause
/// does not: another edit, behind a cut, undoes it, so no direction may be told.
pub(super) fn is_undone(finding: &Finding, clause: &Clause) -> bool {
    let sides = |shows: &dyn Fn(&str) -> bool| {
        let quoted = (shows(&fold(&finding.before)), shows(&fold(&finding.after)));
        quoted.0 != quoted.1 && quoted != (shows(&clause.old), shows(&clause.new))
    };
    let more =
        |pattern: &Regex, old: &str, new: &str| pattern.find_iter(old).count().cmp(&pattern.find_iter(new).count());
    let turns = |pattern: &Regex| {
        let quoted = more(pattern, &fold(&finding.before), &fold(&finding.after));
        quoted.is_ne() && quoted != more(pattern, &clause.old, &clause.new)
    };
    if finding.before.is_empty() || finding.after.is_empty() {
        return false;
    }
    match (&*finding.rule, phrase(&finding.rule)) {
        (_, Some(Phrase::About(_, cue))) => {
            CUES.iter().find(|(known, _)| known == cue).is_some_and(|(_, cue)| sides(&|text| cue.is_match(text)))
        }
        ("polarity.limit", _) => LIMITS.iter().any(turns),
        ("polarity.promise" | "polarity.negation", _) => [&*NO, &*RULED_OUT].into_iter().any(turns),
        _ => false,
    }
}

/// A finding in words, whatever its rule.
fn sentence(finding: &Finding) -> String {
    told(finding).map_or_else(|| format!("{}{}", finding.why, told_after(finding)), |told| told.sentence)
}

/// The quotations of a finding, behind what is said of it.
fn told_after(finding: &Finding) -> String {
    match (&*finding.before, &*finding.after) {
        ("", "") => String::new(),
        ("", after) => format!(": now “{}”", alone(after)),
        (before, "") => format!(": “{}” is gone", alone(before)),
        (before, after) => format!(": {}", became(before, after)),
    }
}

/// The quotations of a finding, where what is said of it tells the direction.
fn words(finding: &Finding) -> String {
    match (&*finding.before, &*finding.after) {
        ("", one) | (one, "") => format!("“{}”", alone(one)),
        (before, after) => became(before, after),
    }
}

fn became(before: &str, after: &str) -> String {
    format!("“{}” became “{}”", short(before), short(after))
}

/// A quotation that stands alone.
fn alone(quote: &str) -> String {
    clipped(quote, ALONE)
}

/// A quotation that leaves room for another.
fn short(quote: &str) -> String {
    clipped(quote, BESIDE)
}

fn plain_quotes(text: &str) -> String {
    text.replace(['“', '”', '„'], "\"")
}

/// A quotation of so many characters at most, without the mark or number of a list.
fn clipped(quote: &str, most: usize) -> String {
    static MARKER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:[-*•–] |\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})\) |\d{1,2}(?:\.\d{1,2}){0,3}\.? )")
            .expect("a sound pattern")
    });
    const ENDS: [char; 6] = [',', ';', ':', ' ', '(', '|'];
    let quote = quote.trim_end_matches(['.', ';', ',', ':', ' ']);
    let unmarked = MARKER.replace(quote, "");
    // What is left of "2 weeks" without its number is not what was written.
    let quote = if unmarked.starts_with(|c: char| c.is_uppercase()) || quote.starts_with(['(', '-', '*', '•', '–'])
    {
        &*unmarked
    } else {
        quote
    };
    if quote.chars().count() <= most {
        return plain_quotes(quote);
    }
    let cut: String = quote.chars().take(most).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    // A number does not stand without what it counts, nor a small word without the next.
    let mut words = cut[..end].trim_end_matches(ENDS);
    while let Some((rest, last)) = words.rsplit_once(' ')
        && (last.chars().any(|c| c.is_ascii_digit()) || is_small(last))
    {
        words = rest.trim_end_matches(ENDS);
    }
    format!("{}…", plain_quotes(words.trim_end_matches(ENDS)))
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

/// The cue of each phrase that has one, compiled once.
static CUES: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let cue = |(_, phrase): &(&str, Phrase)| match phrase {
        Phrase::About(_, cue) => Some((*cue, pattern(cue))),
        _ => None,
    };
    PHRASES.iter().filter_map(cue).collect()
});

/// Which of the quotations show a cue.
fn cued(finding: &Finding, cue: &str) -> (bool, bool) {
    let found = CUES.iter().find(|(known, _)| *known == cue);
    let shows = |text: &str| found.is_some_and(|(_, cue)| cue.is_match(&fold(text)));
    (shows(&finding.before), shows(&finding.after))
}

/// Whether the quotations show something at all.
fn shows(finding: &Finding, cue: &str) -> bool {
    cued(finding, cue) != (false, false)
}

/// Whether the quotations show something on one side only.
fn direction(finding: &Finding, cue: &str) -> Direction {
    match (&*finding.before, &*finding.after, cued(finding, cue)) {
        // A rule knows more words than the cue.
        ("", after, _) if !after.is_empty() => Direction::Came,
        (before, "", _) if !before.is_empty() => Direction::Went,
        _ if finding.undone => Direction::Changed,
        (_, _, (false, true)) => Direction::Came,
        (_, _, (true, false)) => Direction::Went,
        _ => Direction::Changed,
    }
}

fn about(finding: &Finding, thing: &str, cue: &str) -> Option<Told> {
    let what = match direction(finding, cue) {
        Direction::Came if finding.before.is_empty() => format!("a new sentence speaks of {thing}"),
        Direction::Came => {
            let why = format!("a sentence now speaks of {thing}");
            let sentence = format!("{why}: “{}”", alone(&finding.after));
            return Some(Told { why, sentence });
        }
        Direction::Went if finding.after.is_empty() => format!("a sentence on {thing} is gone"),
        Direction::Went => format!("a sentence no longer speaks of {thing}"),
        Direction::Changed => {
            let why = format!("the words on {thing} changed");
            let sentence = format!("{why}{}", told_after(finding));
            return Some(Told { why, sentence });
        }
    };
    Told::with_words(what, "", finding)
}

/// Entries of one list that came, went or changed.
fn entries(findings: &[&Finding], how: &str) -> String {
    let mut told = 0;
    let mut side = |of: fn(&Finding) -> Option<&str>| -> String {
        let all: Vec<&str> = findings.iter().filter_map(|finding| of(finding)).collect();
        let room = MAX_ENTRIES.saturating_sub(told).max(1).min(all.len());
        told += room;
        let most = if findings.len() == 1 { ALONE } else { BESIDE * 2 / 3 };
        let names: Vec<String> = all[..room].iter().map(|entry| format!("“{}”", clipped(entry, most))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if room < all.len() { format!("{} and {} more", names.join(", "), all.len() - room) } else { listed(&names) }
    };
    let come = side(|finding| finding.before.is_empty().then_some(&*finding.after));
    let gone = side(|finding| finding.after.is_empty().then_some(&*finding.before));
    match (come.as_str(), gone.as_str()) {
        ("", "") => {
            let changed = findings.first().map_or_else(String::new, |finding| became(&finding.before, &finding.after));
            format!("what is listed {how} changed: {changed}")
        }
        (come, "") => format!("newly listed {how}: {come}"),
        ("", gone) => format!("no longer listed {how}: {gone}"),
        (come, gone) => format!("newly listed {how}: {come}; no longer: {gone}"),
    }
}

/// Something that a clause names, or names no longer.
fn called(finding: &Finding, one: &str, all: &str) -> Option<Told> {
    let what = match (&*finding.before, &*finding.after, one_sided(&differing(finding))) {
        ("", _, _) | (_, _, Some((Direction::Came, _))) => format!("{one} is newly named"),
        (_, "", _) | (_, _, Some((Direction::Went, _))) => format!("{one} is no longer named"),
        _ => format!("{all} that a clause names changed"),
    };
    Told::with_words(what, "", finding)
}

/// What a finding is about, in the middle of a sentence.
fn topic(finding: &Finding) -> String {
    finding.practice.map_or_else(String::new, |practice| format!(" on {}", practice.name()))
}

fn clause(finding: &Finding) -> Option<Told> {
    let (why, happened) = match (&*finding.before, &*finding.after) {
        ("", _) => ("a clause was added", "is new"),
        (_, "") => ("a clause was removed", "is gone"),
        _ => (finding.why.as_str(), "was reworded"),
    };
    let sentence = format!("a clause{} {happened}: {}", topic(finding), words(finding));
    Some(Told { why: why.to_owned(), sentence })
}

/// A section that came or went as a whole.
fn section(finding: &Finding) -> Option<Told> {
    let title = finding.section.last().filter(|title| title.chars().count() <= 80)?;
    let what = if finding.before.is_empty() { "is new" } else { "is gone" };
    let why = finding.why.clone();
    Some(Told { why, sentence: format!("the section “{}” {what}: {}", plain_quotes(title), words(finding)) })
}

/// What differs between the sides of a finding, each time what is gone and what came. Where a
/// quotation was cut, the other one may go on without that meaning anything.
fn differing(finding: &Finding) -> Vec<(String, String)> {
    let bare = |quote: &str| quote.trim_matches('…').to_owned();
    let (before, after) = (bare(&finding.before), bare(&finding.after));
    let cut = |end: fn(&str) -> bool| end(&finding.before) || end(&finding.after);
    let (old, new) = (tokens(&before), tokens(&after));
    let steps = steps(&old, &new);
    let last = steps.len().saturating_sub(1);
    let text = |words: &[Token<'_>]| -> String {
        let text: String = words.iter().flat_map(|token| [token.space, token.word]).collect();
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '.' | '…' | ':')).to_owned()
    };
    let mut out = Vec::new();
    for (at, step) in steps.into_iter().enumerate().filter(|(_, step)| !step.equal) {
        let outer = at == 0 && cut(|quote| quote.starts_with('…')) || at == last && cut(|quote| quote.ends_with('…'));
        if outer && (step.old.is_empty() || step.new.is_empty()) {
            continue;
        }
        out.push((text(&old[step.old]), text(&new[step.new])));
    }
    out.retain(|(gone, come)| !gone.is_empty() || !come.is_empty());
    out
}

/// What only one side says, if only one says something more: what came, or what went.
fn one_sided(hunks: &[(String, String)]) -> Option<(Direction, String)> {
    let all = |side: fn(&(String, String)) -> &str| hunks.iter().map(side).collect::<Vec<_>>().join(" … ");
    match () {
        () if hunks.is_empty() => None,
        () if hunks.iter().all(|(gone, _)| gone.is_empty()) => Some((Direction::Came, all(|(_, come)| come))),
        () if hunks.iter().all(|(_, come)| come.is_empty()) => Some((Direction::Went, all(|(gone, _)| gone))),
        () => None,
    }
}

static NO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:not|never|no longer|neither|nor|no|jamais|nicht|keine?[nmrs]?|niemals|pas|aucune?)\b")
});
/// What sets a limit, a kind of word each.
static LIMITS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"\b(?:only|solely|exclusively|uniquement|seulement|exclusivement|nur|ausschlie(?:ß|ss)lich)\b",
        r"\b(?:without|sans|ohne)\b",
        r"\b(?:unless|except\w*|subject to|sauf|au(?:ß|ss)er|es sei denn)\b",
    ]
    .map(pattern)
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

/// What the words of a finding do, and the topic.
fn turned(what: &str, finding: &Finding) -> Option<Told> {
    Told::with_words(what, &format!(" in a clause{}", topic(finding)), finding)
}

/// What rules something out; a "not" elsewhere in the sentence is no promise.
static RULED_OUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:will|shall|do|does|may|must|can|would) (?:not|never)\b|\b(?:we|never) never\b|\bnever \w+|\b(?:nous|on) (?:ne |n').{1,25}\b(?:pas|jamais|aucun)|\b(?:ne |n')(?:sont|est|seront|sera)\b.{0,25}\b(?:pas|jamais)|\b(?:wir|werden|wird|geben|verkaufen|teilen)\b.{0,60}\b(?:nicht|keine?[nmrs]?|niemals)\b",
    )
});

/// What is said of a promise that went.
const PROMISE_GONE: &str = "a promise not to do something is gone";

/// Of what it matters more that the publisher rules it out than that it is spoken of.
const RULED: [&str; 3] = ["sale.data", "ai.training", "data.sensitive"];

/// A sentence in which the publisher rules something out, where it came or went.
fn ruled_out(finding: &Finding) -> Option<Told> {
    // "Acme does not sell your data": a company speaks of itself by its name.
    static OURS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:we|our|nous|notre|nos|wir|unsere?\w*)\b|^\W*(?:\w[\w.&'’-]* ){1,4}(?:does|has|will|shall) (?:not|never) (?:\w+ ){0,2}(?:sell|sold|rent|train|collect|process|use)",
        )
    });
    static CONDITION: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^\W*(?:if|when|where|unless|although|while|any|a|an|each|you|your)\b"));
    let text = fold(&format!("{}{}", finding.before, finding.after));
    let ours = RULED.contains(&finding.rule.as_str())
        && is_one_sided(finding)
        && OURS.is_match(&text)
        && !CONDITION.is_match(&text);
    if ours { promise(finding) } else { None }
}

fn promise(finding: &Finding) -> Option<Told> {
    let (before, after) = (&*finding.before, &*finding.after);
    let told = |why: &str, sentence: String| Some(Told { why: why.to_owned(), sentence });
    let gone = PROMISE_GONE;
    let given = "the text now rules something out";
    match (counts(&RULED_OUT, finding), counts(&NO, finding)) {
        // A word or two in its place are another sentence.
        ((1.., 0), (_, 0)) if after.split_whitespace().count() < 4 => {
            told(gone, format!("the promise “{}” is gone", alone(before)))
        }
        ((1.., 0), (_, 0)) => {
            told(gone, format!("the promise “{}” is gone: the text now says “{}”", short(before), short(after)))
        }
        ((0, 1..), (0, _)) if before.is_empty() => told(given, format!("the text now rules out: “{}”", alone(after))),
        ((0, 1..), (0, _)) => {
            told(given, format!("the text now says “{}”, where it said “{}”", short(after), short(before)))
        }
        _ => None,
    }
}

fn negation(finding: &Finding) -> Option<Told> {
    let what = match counts(&NO, finding) {
        (old, new) if old > new => "something is no longer ruled out",
        (old, new) if old < new => "something is now ruled out",
        _ => return None,
    };
    turned(what, finding)
}

fn limit(finding: &Finding) -> Option<Told> {
    // "Except" that became "unless" limits as before.
    let kinds: Vec<(&Regex, bool, bool)> = LIMITS
        .iter()
        .map(|kind| {
            let (old, new) = counts(kind, finding);
            (kind, old > 0, new > 0)
        })
        .collect();
    let [(kind, old, new)] = kinds.iter().filter(|(_, old, new)| old != new).collect::<Vec<_>>()[..] else {
        return None;
    };
    let (side, happened) = if *old && !new { (&finding.before, "is gone") } else { (&finding.after, "was added") };
    let side = fold(side);
    let word = kind.find(&side)?.as_str();
    turned(&format!("the limit “{word}” {happened}"), finding)
}

fn prohibited(finding: &Finding) -> Option<Told> {
    static FORBIDS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"prohibit|forbid|\bnot\b|\bnever\b|interdi|verboten|untersagt|\bnicht\b"));
    let what = match counts(&FORBIDS, finding) {
        (0, 1..) => "something is now prohibited",
        (1.., 0) => "a prohibition is gone",
        _ => "what is prohibited changed",
    };
    Told::with_words(what, "", finding)
}

fn duty(finding: &Finding) -> Option<Told> {
    let ((old_duty, new_duty), (old_leave, new_leave)) = (counts(&DUTY, finding), counts(&LEAVE, finding));
    let what = match () {
        () if old_duty > new_duty && old_leave < new_leave => "a duty became optional",
        () if old_duty < new_duty && old_leave > new_leave => "what was optional became a duty",
        () => return None,
    };
    Told::with_words(what, "", finding)
}

fn certainty(finding: &Finding) -> Option<Told> {
    let ((old_will, new_will), (old_may, new_may)) = (counts(&WILL, finding), counts(&LEAVE, finding));
    let what = match () {
        () if old_will > new_will && old_may < new_may => "what was certain is now only possible",
        () if old_will < new_will && old_may > new_may => "what was possible is now certain",
        () => return None,
    };
    Told::with_words(what, "", finding)
}

fn basis(finding: &Finding) -> Option<Told> {
    static CONSENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bconsent|einwilligung"));
    let what = match counts(&CONSENT, finding) {
        (1.., 0) => "a legitimate interest takes the place of consent",
        (0, 1..) => "consent takes the place of a legitimate interest",
        _ => return None,
    };
    Told::with_words(what, "", finding)
}

fn choice(finding: &Finding) -> Option<Told> {
    static OUT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bopt\w*.?out"));
    let what = match counts(&OUT, finding) {
        (0, 1..) => "opting in became opting out",
        (1.., 0) => "opting out became opting in",
        _ => return None,
    };
    Told::with_words(what, "", finding)
}

/// The legal persons that only one side of a finding names.
fn persons(finding: &Finding) -> (Vec<String>, Vec<String>) {
    let (old, new) = (legal_names_as_written(&finding.before), legal_names_as_written(&finding.after));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    (only(&old, &new), only(&new, &old))
}

fn party(finding: &Finding) -> Option<Told> {
    let why = finding.why.clone();
    let sentence = match persons(finding) {
        (gone, come) if gone.len() == 1 && come.len() == 1 => {
            format!("the company responsible is now {}, no longer {}", come[0], gone[0])
        }
        (gone, come) if gone.is_empty() && come.len() == 1 => {
            format!("{} is now named as responsible: “{}”", come[0], alone(&finding.after))
        }
        (gone, come) if come.is_empty() && gone.len() == 1 => {
            format!("{} is no longer named as responsible: “{}” is gone", gone[0], alone(&finding.before))
        }
        _ => return None,
    };
    Some(Told { why, sentence })
}

fn person(finding: &Finding) -> Option<Told> {
    let (why, sentence) = match persons(finding) {
        (gone, come) if gone.is_empty() && come.len() == 1 => ("is now named", format!("{} is now named", come[0])),
        (gone, come) if come.is_empty() && gone.len() == 1 => {
            ("is no longer named", format!("{} is no longer named", gone[0]))
        }
        (gone, come) if gone.len() == 1 && come.len() == 1 => {
            ("gave way to another", format!("{} is named, no longer {}", come[0], gone[0]))
        }
        _ => return None,
    };
    let topic = topic(finding);
    Some(Told { why: format!("a legal person {why}"), sentence: format!("{sentence}{topic}: {}", words(finding)) })
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

/// The number in an amount. A point or comma before three digits parts thousands, as in
/// "1,500" and "1.500"; before one or two it parts decimals; else the number is not told.
fn number(amount: &str) -> Option<f64> {
    let from = amount.find(|c: char| c.is_ascii_digit())?;
    let rest = &amount[from..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '\'' | '’')).unwrap_or(rest.len());
    let mut parts = rest[..end].split(['.', ',', '\'', '’']).filter(|part| !part.is_empty());
    let mut digits = parts.next()?.to_owned();
    let parts: Vec<&str> = parts.collect();
    // "0.125" and "1500.125" have decimals, of "2.375 %" nobody can tell.
    let thousands = (1..=3).contains(&digits.len()) && !digits.starts_with('0');
    if matches!(parts[..], [only] if only.len() == 3) && (!thousands || rest.contains('%')) {
        return None;
    }
    for (at, part) in parts.iter().enumerate() {
        match part.len() {
            3 => digits.push_str(part),
            1 | 2 if at + 1 == parts.len() => {
                digits.push('.');
                digits.push_str(part);
            }
            _ => return None,
        }
    }
    // Another number behind the first ("2 to 3 years") is no amount that could be compared.
    let one = !rest[end..].contains(|c: char| c.is_ascii_digit());
    digits.parse().ok().filter(|_| one)
}

/// A number and its unit; months and years in days.
fn measured(amount: &str) -> Option<(f64, char)> {
    let number = number(amount)?;
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

fn age(finding: &Finding) -> Option<Told> {
    let Some((old, new)) = amounts(finding) else {
        let what = match counts(&AMOUNT, finding) {
            (0, 1..) => "an age is now named",
            (1.., 0) => "an age is no longer named",
            _ => return None,
        };
        return Some(Told { why: what.to_owned(), sentence: format!("{what}{}", told_after(finding)) });
    };
    let why = format!("an age changed from {old} to {new}");
    Some(Told { sentence: format!("{why}: “{}”", alone(&finding.after)), why })
}

fn count(finding: &Finding) -> Option<Told> {
    let (old, new) = amounts(finding)?;
    let why = format!("a number changed from {old} to {new}");
    Some(Told { sentence: format!("{why}: “{}”", alone(&finding.after)), why })
}

fn amount(finding: &Finding) -> Option<Told> {
    let Some((old, new)) = amounts(finding) else {
        let what = match counts(&AMOUNT, finding) {
            _ if is_one_sided(finding) => &finding.why,
            (0, 1..) => "an amount is now named",
            (1.., 0) => "an amount is no longer named",
            _ => "an amount changed",
        };
        let happened = what.strip_prefix("an amount ").unwrap_or("changed");
        let sentence = format!("an amount{} {happened}{}", topic(finding), told_after(finding));
        return Some(Told { why: what.to_owned(), sentence });
    };
    let (what, how) = match (measured(&old), measured(&new), finding.practice) {
        (Some((a, 'd')), Some((b, 'd')), Some(Practice::Retention)) if a < b => ("data", "may be kept longer"),
        (Some((a, 'd')), Some((b, 'd')), Some(Practice::Retention)) if a > b => ("data", "is kept for less time"),
        (Some((a, 'd')), Some((b, 'd')), _) if a < b => ("a period", "got longer"),
        (Some((a, 'd')), Some((b, 'd')), _) if a > b => ("a period", "got shorter"),
        (Some((a, x)), Some((b, y)), _) if x == y && a < b => ("an amount", "went up"),
        (Some((a, x)), Some((b, y)), _) if x == y && a > b => ("an amount", "went down"),
        _ => ("an amount", "changed"),
    };
    let topic = if what == "data" { String::new() } else { topic(finding) };
    let sentence = format!("{what}{topic} {how}, from {old} to {new}: “{}”", alone(&finding.after));
    Some(Told { why: format!("{what} {how}, from {old} to {new}"), sentence })
}

fn right(finding: &Finding) -> Option<Told> {
    let why = "a right or choice is no longer mentioned".to_owned();
    Some(Told { sentence: format!("{why}: “{}”", alone(&finding.before)), why })
}

fn contact(finding: &Finding) -> Option<Told> {
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"[\w.+-]+@[\w-]+\.[\w.-]*\w|https?://[^\s“”]*[^\s“”.,;)]"));
    let one = |text: &str| ADDRESS.find(text).map(|found| found.as_str().to_owned());
    match (one(&finding.before), one(&finding.after)) {
        (Some(old), Some(new)) if old != new => {
            Some(Told { why: finding.why.clone(), sentence: format!("requests now go to {new}, no longer to {old}") })
        }
        _ => None,
    }
}

/// A link on which a right depends, by where it led and where it leads.
fn link(finding: &Finding) -> Option<Told> {
    let target = |target: &str| match target.strip_prefix("mailto:") {
        Some(mail) => format!("an e-mail to {}", mail.split('?').next().unwrap_or(mail)),
        None => short(target),
    };
    let why = finding.why.clone();
    let sentence = match (&*finding.before, &*finding.after) {
        ("", one) | (one, "") => format!("{why}: {}", target(one)),
        (before, after) => {
            let link = why.strip_suffix(" leads elsewhere").unwrap_or("a link");
            format!("{link} now leads to {}, no longer to {}", target(after), target(before))
        }
    };
    Some(Told { why, sentence })
}

/// Whether differing words are few enough to be told as one thing in the place of another.
fn is_brief(words: &str) -> bool {
    (1..=5).contains(&words.split_whitespace().count())
}

/// What a clause says more or less, or instead.
fn names(finding: &Finding) -> Option<Told> {
    let hunks = differing(finding);
    let says = match (one_sided(&hunks), &hunks[..]) {
        _ if finding.before.is_empty() || finding.after.is_empty() => return clause(finding),
        // Where that is most of the quotation, the rest says nothing more.
        (Some((Direction::Came, come)), _) if come.chars().count() * 2 > finding.after.chars().count() => {
            let why = format!("a clause now adds “{}”", short(&come));
            return Some(Told { why, sentence: format!("a clause{} now adds “{}”", topic(finding), alone(&come)) });
        }
        (Some((Direction::Came, come)), _) => format!("now adds “{}”", short(&come)),
        (Some((_, gone)), _) => format!("no longer says “{}”", short(&gone)),
        (None, [(gone, come)]) if is_brief(gone) && is_brief(come) => {
            format!("now says “{come}”, no longer “{gone}”")
        }
        _ => return clause(finding),
    };
    let sentence = format!("a clause{} {says}: “{}”", topic(finding), alone(&finding.after));
    Some(Told { why: format!("a clause {says}"), sentence })
}

fn scope(finding: &Finding) -> Option<Told> {
    static WIDE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"sole discretion|any (?:time|reason)|without (?:prior )?notice|not limited|without limitation|any (?:other )?(?:purpose|lawful purpose)|affiliates?|any third part|discr[ée]tion|jederzeit|ermessen",
        )
    });
    let what = match counts(&WIDE, finding) {
        (old, new) if old < new => "was widened",
        (old, new) if old > new => "was narrowed",
        _ => return names(finding),
    };
    let sentence = format!("a clause{} {what}: {}", topic(finding), words(finding));
    Some(Told { why: format!("the scope of a clause {what}"), sentence })
}

fn rewritten(finding: &Finding) -> Option<Told> {
    let why = finding.why.clone();
    Some(Told { sentence: format!("{why} ({} before, {} now)", finding.before, finding.after), why })
}

fn unclassified(finding: &Finding) -> Option<Told> {
    let sentence = format!("much changed that no rule knows{}", told_after(finding));
    Some(Told { why: finding.why.clone(), sentence })
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
            undone: false,
        }
    }

    fn told(rule: &str, practice: Option<Practice>, before: &str, after: &str) -> String {
        summary(Materiality::Material, &[finding(rule, practice, before, after)], &[])
    }

    #[test]
    fn amounts_are_compared_as_they_are_written() {
        let told = |before: &str, after: &str| {
            let (before, after) = (format!("We keep it for {before}."), format!("We keep it for {after}."));
            reason(&finding("number.amount", Some(Practice::Retention), &before, &after)).unwrap_or_default()
        };
        assert_eq!(told("1.5 years", "2 years"), "data may be kept longer, from 1.5 years to 2 years");
        assert_eq!(told("2 years", "18 months"), "data is kept for less time, from 2 years to 18 months");
        assert_eq!(told("$1,500.50", "$2,000"), "an amount went up, from $1,500.50 to $2,000");
        assert_eq!(told("ever", "2 years"), "an amount is now named");
        assert_eq!(told("2 years and 3 days", "as long as we like"), "an amount is no longer named");
        assert_eq!(number("1.500.000 €"), Some(1_500_000.0));
        assert_eq!((number("1,5 Jahre"), number("1.2345 x"), number("none")), (Some(1.5), None, None));
        assert_eq!((number("0.125 years"), number("1500.125"), number("2.375%")), (None, None, None));
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
                told("sale.data", Some(SharingSale), "Acme Maps does not sell your data.", ""),
                "The promise “Acme Maps does not sell your data” is gone (in “Sharing”).",
            ),
            (
                told("sale.data", Some(SharingSale), "If a site does not sell data, it need not tell.", ""),
                "A sentence on the sale of personal data is gone: “If a site does not sell data, it need not tell” (in “Sharing”).",
            ),
            (
                told("sale.data", Some(SharingSale), "We share data.", "We share and sell data."),
                "A sentence now speaks of the sale of personal data: “We share and sell data” (in “Sharing”).",
            ),
            (
                told("recipient.listed", Some(SharingSale), "", "Globex Cloud, hosting, Singapore"),
                "Newly listed among those who receive data: “Globex Cloud, hosting, Singapore” (in “Sharing”).",
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
    fn the_reason_is_what_happened_where_the_words_show_it() {
        let reason = |rule: &str, before: &str, after: &str| reason(&finding(rule, None, before, after));
        let cases = [
            (
                reason("polarity.limit", "We share it only with banks.", "We share it with banks."),
                "the limit “only” is gone",
            ),
            (reason("polarity.limit", "We keep it.", "We keep it unless you object."), "the limit “unless” was added"),
            (
                reason("number.age", "It is not for children.", "It is not for children under 13 years."),
                "an age is now named",
            ),
            (
                reason("polarity.promise", "We will not sell it.", "We may sell it."),
                "a promise not to do something is gone",
            ),
            (
                reason("polarity.promise", "Nous partageons vos données.", "Nous ne partageons jamais vos données."),
                "the text now rules something out",
            ),
            (
                reason("data.sensitive", "", "Wir erheben biometrische Daten."),
                "a new sentence speaks of sensitive data",
            ),
            (
                reason("recipient.named", "We tell banks.", "We tell banks and advertisers."),
                "a recipient of data is newly named",
            ),
            (
                reason("scope.place", "It holds in Ohio.", "It holds in Texas."),
                "a clause now says “Texas”, no longer “Ohio”",
            ),
            (
                reason("number.count", "You may use 3 devices.", "You may use 5 devices."),
                "a number changed from 3 to 5",
            ),
            (reason("use.prohibited", "", "Bots are prohibited."), "something is now prohibited"),
        ];
        for (told, wanted) in cases {
            assert_eq!(told.as_deref(), Some(wanted));
        }
        let sale = |before: &str, after: &str| reason("sale.data", before, after);
        assert_eq!(sale("We do not sell your data.", "").as_deref(), Some(PROMISE_GONE));
        assert_eq!(
            sale("You must not sell your account.", "").as_deref(),
            Some("a sentence on the sale of personal data is gone")
        );
        // One limit gave way to another of its kind, and an own rule has its own reason.
        assert_eq!(reason("polarity.limit", "We keep it except by law.", "We keep it unless a law says so."), None);
        assert_eq!(reason("own.bees", "", "We keep bees."), None);
        // Words behind the end of a quotation that was cut are not new.
        let cut = finding("scope.names", None, "…we tell Globex…", "…we tell Globex and nobody else…");
        assert!(!told_by(&cut).contains("now adds"), "{}", told_by(&cut));
    }

    fn told_by(finding: &Finding) -> String {
        summary(Materiality::Material, std::slice::from_ref(finding), &[])
    }

    #[test]
    fn a_summary_begins_with_what_says_most() {
        let added = |after: &str| finding("clause.added", Some(Practice::ContentLicenseIp), "", after);
        let (heading, sentence) =
            ("Proof of ownership", "You prove that an account is yours before we restore what it held.");
        let all = [added(heading), added(sentence)];
        let told = summary(Materiality::Material, &all, &[]);
        assert!(told.contains(sentence.trim_end_matches('.')) && !told.contains(heading), "{told}");
    }

    #[test]
    fn what_belongs_together_is_told_together() {
        use Practice::{AcceptableUse, SharingSale};
        let told = |findings: &[Finding]| summary(Materiality::Material, findings, &[]);
        let listed = |before: &str, after: &str| finding("recipient.listed", Some(SharingSale), before, after);
        assert_eq!(
            told(&[listed("", "Globex:"), listed("", "2. Initech"), listed("Acme:", "")]),
            "Newly listed among those who receive data: “Globex” and “Initech”; no longer: “Acme” (in “Sharing”)."
        );
        let clause = |rule: &str, before: &str, after: &str| finding(rule, Some(AcceptableUse), before, after);
        assert_eq!(
            told(&[
                clause("clause.added", "", "(h) sell keys of the service"),
                clause("clause.removed", "(e) test the walls of the service", "")
            ]),
            "A clause on acceptable use gave way to another: “test the walls of the service” is gone, “sell keys of the \
             service” is new (in “Sharing”)."
        );
        let mut link = finding("link.rights", None, "mailto:a@acme.test?subject=x", "https://acme.test/form");
        link.why = "the link “here” leads elsewhere".to_owned();
        assert_eq!(
            told(&[link]),
            "The link “here” now leads to https://acme.test/form, no longer to an e-mail to a@acme.test (in “Sharing”)."
        );
        let mut rewritten = finding("document.rewritten", None, "900 words", "1200 words");
        rewritten.why = "most of the text is new".to_owned();
        let mut sale = finding("sale.data", Some(SharingSale), "", "We sell data.");
        (rewritten.severity, sale.severity) = (3, 3);
        assert_eq!(
            told(&[sale, rewritten]),
            "Most of the text is new (900 words before, 1200 words now); for one thing, a new sentence speaks of the sale \
             of personal data: “We sell data” (in “Sharing”)."
        );
    }

    #[test]
    fn a_heading_tells_a_place_or_nothing() {
        let heading = |path: &[&str]| heading(&path.iter().map(|&title| title.to_owned()).collect::<Vec<_>>());
        let cases: [(&[&str], Option<&str>); 6] = [
            (&["Policy", "Your rights:"], Some("Your rights")),
            (&["Policy", "Your rights", "Summary:"], Some("Your rights › Summary")),
            (&["Policy", "Last updated: April 9, 2026"], None),
            (&["Policy", "Sharing", "Stand: 1. Mai 2024"], Some("Sharing")),
            (&["Policy"], Some("Policy")),
            (&[], None),
        ];
        for (path, wanted) in cases {
            assert_eq!(heading(path).as_deref(), wanted, "{path:?}");
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
        let noise = ["renumber_move", "fetch_artefact"].map(|kind| Noise {
            kind: kind.to_owned(),
            section: Vec::new(),
            example: String::new(),
        });
        assert_eq!(summary(Materiality::Editorial, &[], &noise), "One side is not the policy as published.");
        let told = summary(Materiality::Editorial, &[], &noise[..1]);
        assert_eq!(told, "Nothing of substance changed: only where text stands.");
    }
}
