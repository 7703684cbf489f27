//! The rules that say that a clause matters: a table. Each row names what it looks for,
//! how severe that is and why, and carries an example that fires it and a look-alike
//! that does not.
//!
//! Rules speak of language, never of a named publisher. All patterns see folded text
//! ([`super::facts::fold`]): lower case, straight quotes, contractions written out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::edits::{EditKind, jurisdictions, nation};
use super::facts::{Clause, without_dates, without_references};
use super::practice::Practice;
use super::quantity::{counted, frequencies, quantities};
use super::turns;

/// A rule that fires on a clause.
pub(crate) struct Rule {
    /// Stable over releases.
    pub(crate) id: &'static str,
    /// What it is about; none: what the clause is about.
    pub(crate) practice: Option<Practice>,
    /// 0 to 3.
    pub(crate) severity: u8,
    /// What it looks for.
    pub(crate) looks: Looks,
    /// Why it matters, in one sentence.
    pub(crate) why: &'static str,
    /// Where the rule comes from.
    pub(crate) source: &'static str,
    /// Heading, sentence before and sentence after that fire it.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) fires_on: (&'static str, &'static str, &'static str),
    /// The same for a look-alike that must not.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) silent_on: (&'static str, &'static str, &'static str),
}

/// What a rule looks for.
pub(crate) enum Looks {
    /// A term that stands on one side only.
    Term(&'static str),
    /// One term gives way to another, in either direction.
    Swap(&'static str, &'static str),
    /// Anything else.
    At(fn(&Seen<'_>) -> bool),
    /// Anything else, which shows where these words stand.
    By(fn(&Seen<'_>) -> bool, &'static str),
}

/// A clause, and what is known of it.
pub(crate) struct Seen<'a> {
    /// The clause.
    pub(crate) clause: &'a Clause,
    /// What it is about, strongest first.
    pub(crate) practices: &'a [(Practice, f64)],
    /// Differing words that carry meaning, spelling variants and renames set aside.
    pub(crate) content: &'a [String],
    /// Whether either text hides its addresses from robots.
    pub(crate) hidden: bool,
    /// What kinds of thing it changes.
    pub(crate) kinds: &'a [EditKind],
    /// Whether the whole text is a list of names and places.
    pub(crate) register: bool,
    /// Whether its section came or went as a whole.
    pub(crate) whole: bool,
    /// Whether something in its section went where it came, or came where it went.
    pub(crate) answered: bool,
    /// Whether what differs in its section names the same periods and prices on both sides:
    /// as often, where this clause has some on both.
    pub(crate) amounts_stay: bool,
}

impl Seen<'_> {
    fn about(&self, practice: Practice) -> bool {
        self.practices.iter().take(2).any(|(p, _)| *p == practice)
    }
}

/// Which rules of the table fire on a clause, by index.
pub(crate) fn fired(seen: &Seen<'_>) -> Vec<usize> {
    (0..RULES.len()).filter(|at| fires(*at, seen)).collect()
}

fn fires(at: usize, seen: &Seen<'_>) -> bool {
    let (old, new) = (seen.clause.old.as_str(), seen.clause.new.as_str());
    match (&RULES[at].looks, &PATTERNS[at]) {
        (Looks::Term(_), (Some(term), _)) => term.is_match(old) != term.is_match(new),
        (Looks::Swap(..), (Some(a), Some(b))) => {
            let there = |gone: &str, come: &str, x: &Regex, y: &Regex| {
                x.is_match(gone) && !x.is_match(come) && y.is_match(come) && !y.is_match(gone)
            };
            there(old, new, a, b) || there(old, new, b, a)
        }
        (Looks::At(test) | Looks::By(test, _), _) => test(seen),
        _ => false,
    }
}

/// Whether a rule tells that an entry of a list, or a section, came or went, whatever it says.
pub(crate) fn is_of_list(at: usize) -> bool {
    RULES[at].id.ends_with(".listed") || is_of_section(at)
}

/// Whether a rule says no more than that a section came or went.
pub(crate) fn is_of_section(at: usize) -> bool {
    RULES[at].id.starts_with("section.")
}

/// The pattern whose match shows why a rule fired, for quoting.
pub(crate) fn trigger(at: usize) -> Option<&'static Regex> {
    PATTERNS[at].0.as_ref()
}

static PATTERNS: LazyLock<Vec<(Option<Regex>, Option<Regex>)>> = LazyLock::new(|| {
    RULES
        .iter()
        .map(|rule| match rule.looks {
            Looks::Term(words) | Looks::By(_, words) => (Some(pattern(words)), None),
            Looks::Swap(a, b) => (Some(pattern(a)), Some(pattern(b))),
            Looks::At(_) => (None, None),
        })
        .collect()
});

/// Bytes that a pattern may keep of what it has learned while searching; there are many
/// patterns, and each takes that much.
pub(super) const REMEMBERED: usize = 1 << 16;

/// A pattern whose `\w` and `\d` are those of Latin script: the rules know no other, and
/// the letters of all scripts take megabytes in each pattern.
pub(super) fn latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut escaped, mut class) = (false, false);
    for c in text.chars() {
        let letters = match c {
            'w' if escaped => "0-9A-Z_a-z\u{c0}-\u{24f}",
            'd' if escaped => "0-9",
            _ => "",
        };
        if !letters.is_empty() {
            out.pop();
            out.push_str(&if class { letters.to_owned() } else { format!("[{letters}]") });
        } else {
            out.push(c);
        }
        class = if escaped { class } else { c == '[' || class && c != ']' };
        escaped = c == '\\' && !escaped;
    }
    out
}

pub(super) fn pattern(text: &str) -> Regex {
    RegexBuilder::new(&latin(text)).dfa_size_limit(REMEMBERED).build().expect("the table holds sound patterns")
}

/// Patterns that are made when they are first used.
macro_rules! patterns {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| $crate::judgment::rules::pattern($text));)*
    };
}
pub(super) use patterns;

patterns! {
    NEGATION = r"\b(?:not|never|no longer|neither|nor|nowhere|nobody|no one|aucune?|jamais|nicht|kein(?:e[nmrs]?)?|niemals)\b|\b(?:ne|n')\b.{1,25}\b(?:pas|plus|aucun)\b";
    NO_NEGATION = r"\bwhat (?:we|you|they) (?:do|did|will|can|may|must|shall) not\b|\bnot limited to|\bwhether or not|\bif not\b|\bnot only\b|\bor not\b|\bnicht nur\b|\bpas seulement\b|\b(?:do not|never) (?:forget|hesitate|worry)\b|\b(?:n'oubliez|n'h[ée]sitez|ne manquez) pas\b|\bvergessen sie nicht\b|\bz[öo]gern sie nicht\b|\bdo not (?:sell|share|track)(?: or (?:sell|share))?(?: (?:my|personal)\b| signals?\b|\W*$)|\bdo.not.track\b\W{0,3}(?:\(|signal|header|request|setting|browser|feature|mechanism|preference|option|$)";
    LIMIT = r"\b(?:without|with no|unless|except|only|solely|exclusively|sans|sauf|uniquement|seulement|ohne|au(?:ß|ss)er|ausschlie(?:ß|ss)lich|nur)\b";
    CARVED_OUT = r"^\W*(?:except|excluding|other than|with the exception of|sauf|hormis|[àa] l'exception d|au(?:ß|ss)er|ausgenommen|mit ausnahme)\b";
    PROMISED = r"\b(?:shar|disclos|sell|sold|rent|trad|collect|us(?:e|es|ed|ing)\b|train|track|retain|keep|stor|transfer|process|monitor|charg|access|combin|delet|vend(?:ons|re|u)|partag|divulgu|communiqu|utilis|conserv|transf[ée]r|verkauf|geben|[üu]bermittel|nutzen|verwend|speicher|erheb)\w*";
    DUTY = r"\b(?:must|shall|required to|obliged to|have to|agrees? to|doit|doivent|devez|m[üu]ss(?:en|t)?|verpflichtet)\b";
    LEAVE = r"\b(?:may|can|might|could|should|encouraged?|peut|peuvent|pouvons|pouvez|pourra|pourrons|pourrez|pourront|kann|k[öo]nn(?:en|t)|d[üu]rfen)\b";
    // French says what will be by endings; "pourrons" is leave, and counted as such.
    WILL = r"\b(?:will|shall|must|wird|werden)\b|\b\w{2,}(?:erons|irons|drons|eront|iront|dront|erez|irez|drez)\b";
    MAY = r"\b(?:may|might|can|peut|peuvent|pouvons|pouvez|pourra|pourrons|pourrez|pourront|kann|k[öo]nn(?:en|t))\b";
    ADDRESS = r"[\w.+-]+@[\w-]+\.[\w.-]+|https?://\S+|\+?\d[\d ()/-]{7,}\d";
    EXERCISE = r"\brights?\b|\brequests?\b|\bdelet|\baccess\b|\bobject\b|\bopt|\bdata protection|\bdpo\b|\bprivacy (?:team|officer)|\blegal notices?|\bdisputes?\b|\bnotices?\b|\bservice of process|\bappeals?\b|\bdroits?\b|\bdemandes?\b|\brechte\b|\brepr[ée]sentant|\brepresentative|\b[\w.-]*(?:gdpr|rgpd|dsgvo|dsar|(?:data|privacy|subject|rights)[._-]?requests?)[\w.-]*@";
    SHORT_FORM = r#"\(\s*(?:the )?["“”«'‘’][^()"“”»]{1,40}["“”»'‘’]\s*\)"#;
    HELD = r"\b(?:stored?|host(?:s|ed)|located|servers?|data cent(?:er|re)s?|process(?:ed|ing)|h[ée]berg\w+|stock[ée]e?s?|serveurs?|gehostet|gespeichert|server[ns]?|rechenzentr\w+)\b";
    STATES = r"\b(?:inc|llc|ltd|limited|gmbh|corp|corporation|s\.?a\.?r\.?l|b\.?v|plc|pte|kg|ag|s\.a\.s|sas|sa|oy|ab|s\.r\.l|srl|unlimited company|pbc)\b";
    DISCRETION = r"\b(?:sole discretion|any (?:time|reason)|without (?:prior )?notice|including but not limited|without limitation|any (?:other )?(?:purpose|lawful purpose)|affiliates|any third part(?:y|ies)|seul[e]? discr[ée]tion|[àa] tout moment|y compris,? (?:mais )?sans s'y limiter|sans (?:pr[ée]avis|limitation)|soci[ée]t[ée]s affili[ée]es|ou toute?s?|jederzeit|nach (?:eigenem|alleinigem|freiem) ermessen|ohne (?:vorherige )?ank[üu]ndigung|verbundene[nr]? unternehmen|oder sonstige\w*|or any(?: other)?)\b";
    NO_NAMES = r"\b(?:click(?:ing)?|tap|visiting|go to|menu|such as|like|for example|e\.g|cliqu\w+|der|die|das|und|nicht|dir|ihnen)\b";
    LEGAL_NAME = r"(?:[A-Z][\w&'’.-]*,? ){1,4}(?:Inc\b|LLC\b|L\.L\.C|Ltd\b|Limited\b|GmbH\b|S\.?A\.?S?\b|B\.?V\b|Corp\b|Corporation\b|SARL\b|AG\b|plc\b|PLC\b|Pte\b|Oy\b|AB\b|S\.?r\.?l\b|LIMITED\b|SAS\b|KG\b|Unlimited Company)";
    PARTY = r"\b(?:controllers?|between you|contract(?:ing|s)? (?:with|party|entity)|agreement (?:with|between)|operated by|provided by|owned by|you and|refers? to|means|we|us|our|operates|contact|responsable|[ée]dit[ée]e? par|verantwortliche[rn]?|anbieter)\b|\(\s*\W*(?:we|us|the company)";
}

/// The names of legal persons in a sentence, without case and marks.
pub(crate) fn legal_names(text: &str) -> BTreeSet<String> {
    let plain = |name: String| name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    legal_names_as_written(text).into_iter().map(plain).collect()
}

/// The names of legal persons in a sentence.
pub(crate) fn legal_names_as_written(text: &str) -> BTreeSet<String> {
    // The forms are rare; most lines need no look at the names before them.
    const FORMS: [&str; 22] = [
        "Inc",
        "LLC",
        "L.L.C",
        "Ltd",
        "Limited",
        "GmbH",
        "S.A",
        "SA",
        "B.V",
        "BV",
        "Corp",
        "SARL",
        "AG",
        "plc",
        "PLC",
        "Pte",
        "Oy",
        "AB",
        "S.r.l",
        "LIMITED",
        "KG",
        "Unlimited",
    ];
    text.lines()
        .filter(|line| FORMS.iter().any(|form| line.contains(form)))
        .flat_map(|line| {
            LEGAL_NAME.find_iter(line).filter(|name| !is_limit(line, name)).map(|name| name.as_str().to_owned())
        })
        .collect()
}

/// Whether what looks like the name of a company is a limit: "Including but not LIMITED to",
/// "This Limited Warranty". What stands before tells it: a company has a name there.
fn is_limit(line: &str, name: &regex::Match<'_>) -> bool {
    static BOUNDS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)\b(?:not|be|being|is|are|been|this|that|the|an?|these|following)(?: expressly)? limited$")
    });
    static OF_WARRANTY: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)^ (?:warrant\w+|licen[cs]es?|remed\w+|liabilit\w+)\b( compan)?"));
    name.as_str().to_ascii_lowercase().ends_with(" limited")
        && (BOUNDS.is_match(name.as_str())
            || OF_WARRANTY.captures(&line[name.end()..]).is_some_and(|behind| behind.get(1).is_none()))
}

/// Whether a sentence says who the controller is.
pub(crate) fn names_controller(text: &str) -> bool {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\bcontrollers?(?: of your \w+ ?\w*)? (?:is|are|shall be)\b|\b(?:is|are|acts? as)(?: also)?(?: the| a| your)?(?: joint)?(?: data)? controllers?\b|\bresponsable du traitement\b.{0,30}\best\b|\bverantwortliche[rn]?\b.{0,60}\bist\b",
        )
    });
    SAID.is_match(text) && !legal_names(text).is_empty()
}

fn count(pattern: &Regex, text: &str) -> usize {
    pattern.find_iter(text).count()
}

fn negations(text: &str) -> usize {
    count(&NEGATION, text).saturating_sub(count(&NO_NEGATION, text))
}

/// Whether what one side denies by a negation, the other denies by a word: what was "not
/// active" is "inactive", what "does not include" something "excludes" it.
///
/// A word that denies stands for a negation only where the word that the negation turned is
/// gone, too: "to prevent fraud" is no "not".
fn denies_alike(clause: &Clause) -> bool {
    const DENIES: [&str; 14] = [
        "exclu",
        "fail",
        "prohibit",
        "forbid",
        "refus",
        "declin",
        "stop",
        "ceas",
        "lack",
        "interdi",
        "untersag",
        "verbot",
        "verbiet",
        "ausgeschlossen",
    ];
    const TURNS: [&str; 28] = [
        "no", "not", "never", "longer", "neither", "nor", "do", "does", "did", "will", "shall", "can", "cannot", "may",
        "must", "any", "more", "ne", "n", "pas", "plus", "jamais", "aucun", "aucune", "nicht", "niemals", "mehr",
        "kein",
    ];
    let (more, words, other, others) = if negations(&clause.old) > negations(&clause.new) {
        (&clause.old, &clause.gone, &clause.new, &clause.come)
    } else {
        (&clause.new, &clause.come, &clause.old, &clause.gone)
    };
    if negations(more) != negations(other) + 1 {
        return false;
    }
    let swapped = words.iter().any(|word| super::noise::is_content(word) && !TURNS.contains(&word.as_str()));
    let stems: BTreeSet<&str> = NEGATION
        .find_iter(more)
        .flat_map(|not| more[not.end()..].split_whitespace().take(3))
        .filter(|word| word.len() >= 4 && !word.ends_with("ly"))
        .collect();
    let opposite = |word: &str| {
        let prefixes = ["un", "in", "im", "il", "ir", "non-", "non", "dis"];
        prefixes.iter().filter_map(|prefix| word.strip_prefix(prefix)).any(|stem| stems.contains(stem))
    };
    others.iter().any(|word| swapped && DENIES.iter().any(|denies| word.starts_with(denies)) || opposite(word))
}

/// The stems of practice verbs, as a set.
fn promised(text: &str) -> BTreeSet<String> {
    PROMISED.find_iter(text).map(|found| found.as_str().chars().take(4).collect()).collect()
}

/// Words that differ in a sentence that is the same but for a turn.
const LITTLE: usize = 12;

/// So many bytes around a negation it may turn.
const TURNED: usize = 80;

/// The stems of the practice verbs that a negation turns: those that follow it, and where
/// the verb stands first ("is shared with nobody", "wir verkaufen sie nicht"), those before.
fn ruled_out(text: &str) -> BTreeSet<String> {
    let mut idle = NO_NEGATION.find_iter(text).peekable();
    let mut out = BTreeSet::new();
    for negation in NEGATION.find_iter(text) {
        while idle.next_if(|idle| idle.end() <= negation.start()).is_some() {}
        if idle.peek().is_some_and(|idle| idle.start() < negation.end()) {
            continue;
        }
        let end = text.floor_char_boundary(negation.end().saturating_add(TURNED));
        out.extend(promised(&text[negation.start()..end]));
        if !matches!(negation.as_str(), "not" | "never" | "no longer" | "neither" | "nor") {
            let start = text.ceil_char_boundary(negation.start().saturating_sub(TURNED));
            out.extend(promised(&text[start..negation.end()]));
        }
    }
    out
}

/// Whether a clause is an item of a list of what will not or must not be done: `You will not:`
/// stands before it, and no negation of its own makes or unmakes a promise.
fn is_forbidden(clause: &Clause) -> bool {
    clause.listed && leads_to_denial(&clause.lead)
}

/// Whether folded words lead to a list of what is not done.
pub(crate) fn leads_to_denial(lead: &str) -> bool {
    let lead = lead.trim_end();
    let intro = lead.rsplit(['.', '!', '?', ';']).next().unwrap_or_default();
    lead.ends_with(':') && NEGATION.is_match(intro)
}

/// A negated practice verb loses or gains its negation.
fn flips(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    // Where little else differs the negation is what differs; in a sentence that was largely
    // written anew it must turn what the other side does.
    let little = clause.differing().count() <= LITTLE;
    let turned = |without: &str, with: &str| {
        let denied = if little { promised(with) } else { ruled_out(with) };
        denied.intersection(&promised(without)).next().is_some()
    };
    clause.is_reworded()
        && (negations(&clause.old) == 0) != (negations(&clause.new) == 0)
        && (turned(&clause.old, &clause.new) || turned(&clause.new, &clause.old))
        && !seen.practices.is_empty()
        && !is_forbidden(clause)
}

fn negation_counts(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    clause.is_reworded()
        && negations(&clause.old) != negations(&clause.new)
        && !denies_alike(clause)
        && !seen.practices.is_empty()
        && !flips(seen)
}

/// Whether folded words take something out of what stands before them.
pub(crate) fn is_carved_out(folded: &str) -> bool {
    CARVED_OUT.is_match(folded)
}

fn limits(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let carved_out = clause.differing().count() >= 3
        && if clause.is_reworded() {
            [&clause.gone, &clause.come].iter().any(|words| is_carved_out(&words.join(" ")))
        } else {
            is_carved_out(&clause.both())
        };
    carved_out
        || clause.is_reworded()
            && count(&LIMIT, &clause.old) != count(&LIMIT, &clause.new)
            && !seen.practices.is_empty()
}

/// Duty becomes leave, or leave duty.
fn duties(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let more =
        |a: &Regex, b: &Regex, from: &str, to: &str| count(a, from) > count(a, to) && count(b, from) < count(b, to);
    clause.is_reworded()
        && (more(&DUTY, &LEAVE, &clause.old, &clause.new) || more(&LEAVE, &DUTY, &clause.old, &clause.new))
}

/// Whether we may do something in one sentence that we do in the other.
fn promises_alone(may: &str, does: &str) -> bool {
    static MAY_DO: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:we|they|it|who|which|that|partners?|providers?|nous|wir) (?:may|might|can|could|k[öo]nnen|pouvons)(?: also| auch| [ée]galement)?\b",
        )
    });
    MAY_DO.is_match(may) && !MAY_DO.is_match(does) && promised(may).intersection(&promised(does)).next().is_some()
}

/// `will` becomes `may`, or the other way.
fn certainty(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let more = |from: &str, to: &str| count(&WILL, from) > count(&WILL, to) && count(&MAY, from) < count(&MAY, to);
    // "We may collect it" becomes "we collect it".
    let plain = (1..=2).contains(&count(&MAY, &clause.old).abs_diff(count(&MAY, &clause.new)))
        && count(&WILL, &clause.old) == count(&WILL, &clause.new)
        && (promises_alone(&clause.old, &clause.new) || promises_alone(&clause.new, &clause.old))
        && seen.content.len() <= 2
        && !seen.practices.is_empty();
    clause.is_reworded()
        && !duties(seen)
        && !flips(seen)
        && (plain || more(&clause.old, &clause.new) || more(&clause.new, &clause.old))
}

fn amounts_differ(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let (old, new) = (quantities(&clause.old), quantities(&clause.new));
    let sentence = clause.old.split(' ').count() >= 4 || clause.listed;
    let (often, then) = (frequencies(&clause.old), frequencies(&clause.new));
    let otherwise = !often.is_empty() && !then.is_empty() && often != then;
    let other = old != new && (old.len() + new.len() > 0) && !seen.amounts_stay;
    clause.is_reworded() && sentence && (other || otherwise)
}

/// Another number of the same thing.
fn count_differs(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    if !clause.is_reworded()
        || clause.heading
        || seen.practices.is_empty()
        || seen.content.is_empty()
        || super::noise::is_contact_format(clause)
        || amounts_differ(seen)
    {
        return false;
    }
    let side = |text: &str| counted(&without_references(&without_dates(text)));
    let (old, new) = (side(&clause.old), side(&clause.new));
    old.iter().any(|(noun, numbers)| new.get(noun).is_some_and(|others| numbers != others))
}

fn amount_of_age(seen: &Seen<'_>) -> bool {
    amounts_differ(seen) && seen.about(Practice::Children)
}

fn amount_otherwise(seen: &Seen<'_>) -> bool {
    amounts_differ(seen) && !seen.about(Practice::Children)
}

/// A legal person in a clause that says who the parties are gives way to another.
fn party_changes(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let (old, new) = (legal_names(&clause.before), legal_names(&clause.after));
    let (gone, come) = (old.difference(&new).count(), new.difference(&old).count());
    clause.is_reworded() && gone > 0 && come > 0 && PARTY.is_match(&clause.both()) && !serves(clause)
}

/// So many bytes before the name of a company it is said what the company is.
const INTRODUCED: usize = 80;

/// Whether each company that a sentence names on one side only is one whose service is used:
/// "a service of Acme Inc.", where nothing binds anybody to it.
pub(crate) fn serves(clause: &Clause) -> bool {
    static BINDS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\bbetween you\b|\bcontract\w*|\bagreement\b|\b(?:operated|provided|run|owned) by\b|\brefers? to\b|\bcontrollers?\b|\bresponsables? du traitement\b|\bverantwortliche[rn]?\b|\banbieter\b|\bvertrag\w*|\b[ée]dit[ée]e?s? par\b|\bcontrat\b",
        )
    });
    static USED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:an?|eine?[nmrs]?|une?|le|das|der|die) (?:[\w-]+ )?(?:service|tool|plug-?in|dienst\w*|outil|\w*system|\w*plattform)\b(?:[^.]+ )?$|\b(?:we|wir|nous) (?:also |auch )?(?:use|setzen|nutzen|verwenden|utilisons)\b[^.]*$",
        )
    });
    let (old, new) = (legal_names(&clause.before), legal_names(&clause.after));
    let used = |text: &str, other: &BTreeSet<String>| {
        legal_names_as_written(text).iter().filter(|name| legal_names(name).is_disjoint(other)).all(|name| {
            let before = &text[..text.find(name.as_str()).unwrap_or_default()];
            let from = before.ceil_char_boundary(before.len().saturating_sub(INTRODUCED));
            USED.is_match(&super::facts::fold(&before[from..]))
        })
    };
    !BINDS.is_match(&clause.both()) && old != new && used(&clause.before, &new) && used(&clause.after, &old)
}

/// A legal person comes or goes in a sentence that stays.
fn person_listed(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let (old, new) = (legal_names(&clause.before), legal_names(&clause.after));
    clause.is_reworded()
        && old != new
        && STATES.is_match(&clause.both())
        && !party_changes(seen)
        && seen.content.len() >= 2
}

/// An address without what may differ and lead to the same desk: scheme, path,
/// subdomain.
fn address(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let site = |host: &str| host.rsplit('.').take(2).collect::<Vec<_>>().join(".");
    if let Some((name, host)) = text.split_once('@') {
        return format!("{name}@{}", site(host));
    }
    match text.split_once("://") {
        Some((_, rest)) => site(rest.split(['/', '?', '#', ')']).next().unwrap_or(rest)),
        None => text.chars().filter(char::is_ascii_digit).collect(),
    }
}

/// Words of the titles that documents have, which are written like names.
const TITLES: [&str; 14] = [
    "terms",
    "use",
    "service",
    "services",
    "policy",
    "privacy",
    "notice",
    "agreement",
    "statement",
    "conditions",
    "politique",
    "confidentialité",
    "nutzungsbedingungen",
    "datenschutzerklärung",
];

/// A list of names inside a sentence grows or shrinks: products, places, partners.
fn names_listed(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let proper = |words: &[String], text: &str, other: &str| {
        // The first word of a sentence is a capital for no reason of its own.
        let text = text.split_once(' ').map_or("", |(_, rest)| rest);
        // A short form in quotation marks behind the long one names nothing new.
        let text = SHORT_FORM.replace_all(text, " ");
        // Gathered once: a sentence may have as many words as a page.
        let mut names: BTreeSet<String> = BTreeSet::new();
        let is_word = |c: char| c.is_alphanumeric() || c == '.';
        let parts = text.split_inclusive(|c: char| !is_word(c)).collect::<Vec<_>>();
        // Whether the word is the first of a cell.
        let mut opens = false;
        for (at, part) in parts.iter().enumerate() {
            let raw = part.trim_end_matches(|c: char| !is_word(c)).trim_matches('.');
            let mark = part.ends_with(['|', ':']);
            if raw.is_empty() {
                opens |= mark;
                continue;
            }
            // "Behavior analytics": a capital for no reason of its own.
            let goes_on =
                part.ends_with(' ') && parts.get(at + 1).is_some_and(|next| next.starts_with(char::is_lowercase));
            let plain = raw.chars().filter(|c| c.is_uppercase()).count() == 1;
            if raw.starts_with(char::is_uppercase) && !(opens && goes_on && plain) {
                names.insert(raw.to_lowercase());
            }
            if raw.contains('.') {
                names.insert(raw.to_owned());
            }
            opens = mark;
        }
        words
            .iter()
            .filter(|word| super::noise::is_content(word) && !TITLES.contains(&word.as_str()))
            .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 2 && names.contains(*word))
            // Said once less, it is still said.
            .filter(|word| !other.split(|c: char| !c.is_alphanumeric()).any(|known| known == word.as_str()))
            .count()
    };
    // Click paths, examples and addresses name much and mean little; in capitals and in
    // German every noun looks like a name.
    let both = format!("{} {}", clause.before, clause.after);
    let capitals =
        both.chars().filter(|c| c.is_uppercase()).count() * 2 > both.chars().filter(|c| c.is_alphabetic()).count();
    // An address that gives way to the title of what it leads to names nothing new.
    let titled = clause.differing().any(|word| word.contains("://") || word.starts_with("www."));
    let points = way_differs(seen) || super::noise::is_contact_format(clause);
    if NO_NAMES.is_match(&clause.both()) || capitals || titled || points {
        return false;
    }
    let gone = proper(&clause.gone, &clause.before, &clause.new);
    let come = proper(&clause.come, &clause.after, &clause.old);
    let content = |words: &[String]| words.iter().filter(|w| super::noise::is_content(w)).count();
    clause.is_reworded()
        && !clause.heading
        && !seen.practices.is_empty()
        && !seen.content.is_empty()
        && (content(&clause.gone) == 0 && come > 0 || content(&clause.come) == 0 && gone > 0)
}

fn contact_for_rights(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let set = |text: &str| ADDRESS.find_iter(text).map(|m| address(m.as_str())).collect::<BTreeSet<_>>();
    let (old, new) = (set(&clause.old), set(&clause.new));
    if clause.both().contains("hidden@email") || seen.hidden || old == new {
        return false;
    }
    let mails = |side: &BTreeSet<String>| side.iter().any(|address| address.contains('@'));
    // A way to write where there was none, or the other way round.
    let way = mails(&old) != mails(&new) && seen.content.len() >= 2;
    let headings = clause.path.join(" ").to_lowercase();
    let exercised = [clause.both().as_str(), &headings, &clause.lead].iter().any(|text| EXERCISE.is_match(text));
    let mail = clause.differing().any(|word| word.contains('@'));
    let link = clause.differing().any(|word| word.contains("://"));
    let swapped = if clause.is_reworded() {
        // A bare address that now hides behind the words of a link leads where it led.
        !old.is_empty() && !new.is_empty() || mail && seen.content.len() >= 3 || way
    } else {
        mail && seen.answered
    };
    exercised && swapped && (mail || link)
}

/// Rights are exercised, or a contract ended, by another way than before.
fn way_differs(seen: &Seen<'_>) -> bool {
    static WAY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:contact|web|online|request|complaints?|appeals?|cancellation|support|this|our|the|an?) forms?\b|\bportal\b|\bhelp cent(?:er|re)\b|\be-?mail(?:ing)?\b|\bby (?:post|mail|phone|letter|telephone|fax)\b|\bin writing\b|\bwritten (?:notice|request)\b|\b(?:account|privacy|app|your) settings\b|\bdashboard\b|\blive chat\b|\btoll-free\b|\bformulaires?\b|\bcourrier\b|\bpar (?:[ée]crit|courriel|t[ée]l[ée]phone)\b|\bformular\b|\bschriftlich\b|\bper (?:post|brief|fax)\b|\btextform\b",
        )
    });
    static DONE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\bexercis\w+|\b(?:your|a|this|these|any|data|privacy|deletion|access|such) requests?\b|\bwithdraw\w*|\bobject\b|\bdelet\w+|\bopt(?:ing)?[ -]?out|\bcomplain\w*|\bappeal\w*|\bcancel\w*|\bterminat\w+|\brevoke\b|\bexercer\b|\bdemandes?\b|\bretirer\b|\br[ée]sili\w+|\bsupprim\w+|\bwiderruf\w*|\bwiderspr\w+|\bk[üu]ndig\w*|\bl[öo]sch\w*",
        )
    });
    let clause = seen.clause;
    let ways =
        |text: &str| WAY.find_iter(text).map(|way| way.as_str().replace("emailing", "email")).collect::<BTreeSet<_>>();
    let (old, new) = (ways(&clause.old), ways(&clause.new));
    let swapped = old.difference(&new).next().is_some() && new.difference(&old).next().is_some();
    let one_more = old != new && seen.content.len() <= 8;
    clause.is_reworded()
        && (swapped || one_more)
        && DONE.is_match(&clause.old)
        && DONE.is_match(&clause.new)
        && !contact_for_rights(seen)
}

/// An item comes to a list of what must not be done, or goes from it.
fn use_listed(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let content = clause.differing().filter(|word| super::noise::is_content(word)).count();
    !clause.is_reworded() && !clause.heading && content >= 3 && is_under_prohibition(clause)
}

/// Whether a clause is an item of a list that a prohibition leads to.
pub(crate) fn is_under_prohibition(clause: &Clause) -> bool {
    static FORBIDS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:you|users?|members?|customers?|anyone|nobody|content|accounts?|services?|it|that|vous|utilisateurs?|sie|nutzer|inhalte)\b.{0,80}\b(?:not|never|ne|nicht|keine)\b|\bprohibit\w*|\bforbidden\b|\brefrain\b|\bnot (?:allowed|permitted)\b|\binterdit\w*|\buntersagt\b|\bverboten\b|\bunzul[äa]ssig\b",
        )
    });
    let lead = clause.lead.trim_end();
    let intro = lead.trim_end_matches(':').rsplit(['.', '!', '?']).next().unwrap_or_default();
    clause.listed && lead.ends_with(':') && FORBIDS.is_match(intro)
}

/// Whether a clause is an item of a list of what users are told not to do.
fn is_under_order(clause: &Clause) -> bool {
    static ORDERS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:you|users?|members?|customers?) (?:may|must|shall|will|can|agree|undertake)\b[a-z, ]{0,30}\bnot\b|\bvous (?:ne |vous engagez [àa] ne )(?:devez|pouvez|pas)\b|\b(?:sie|du|nutzer\w*) (?:d[üu]rfen|darfst|verpflichten)\b[a-z, ]{0,30}\bnicht\b|\bes ist (?:ihnen |dir |nutzern )?(?:nicht gestattet|untersagt|verboten)\b|\bprohibited\b|\bforbidden\b|\bnot (?:allowed|permitted)\b|\binterdits?\b",
        )
    });
    let lead = clause.lead.trim_end();
    let intro = lead.trim_end_matches(':').rsplit(['.', '!', '?']).next().unwrap_or_default();
    clause.listed && lead.ends_with(':') && ORDERS.is_match(intro)
}

fn scope(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    clause.is_reworded()
        && !seen.practices.is_empty()
        && count(&DISCRETION, &clause.old) != count(&DISCRETION, &clause.new)
}

fn notice(seen: &Seen<'_>) -> bool {
    static NOTICE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:notif(?:y|ied|ication)|e-?mail|prior notice|advance notice|days'? notice|in advance|inform you|notice)\b",
        )
    });
    let clause = seen.clause;
    seen.practices.first().is_some_and(|(p, _)| *p == Practice::ChangeProcess)
        && count(&NOTICE, &clause.old) != count(&NOTICE, &clause.new)
}

/// A word gives way to its opposite in a clause about a practice.
fn reversed(seen: &Seen<'_>) -> bool {
    !seen.practices.is_empty() && seen.content.len() <= 8 && turns::is_reversed(seen.clause)
}

/// A word that narrows a clause about a practice comes or goes.
fn qualified(seen: &Seen<'_>) -> bool {
    !seen.practices.is_empty() && !seen.clause.heading && turns::is_qualified_otherwise(seen.clause)
}

fn tracked_elsewhere(seen: &Seen<'_>) -> bool {
    static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:other|third.party|different|multiple|across|partner)(?: \w+)? (?:web ?)?(?:sites|apps|applications|devices|platforms)\b|\bd'autres (?:sites|applications|appareils)\b|\banderen? (?:websites|webseiten|apps|ger[äa]ten?)\b",
        )
    });
    let clause = seen.clause;
    clause.is_reworded()
        && (seen.about(TrackingAds) || seen.about(DataCollection))
        && ELSEWHERE.is_match(&clause.old) != ELSEWHERE.is_match(&clause.new)
}

fn measure(seen: &Seen<'_>) -> bool {
    static MEASURE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\bend-to-end\b|\bencrypt\w+|\b(?:salted|hashed)\b|\b(?:two|multi).factor\b|\biso(?:/iec)? ?27\d{3}\b|\bsoc ?2\b|\bpenetration test|\bbug bounty\b|\bchiffr\w+|\bverschl[üu]ssel\w+",
        )
    });
    let found = |text: &str| MEASURE.find_iter(text).map(|m| m.as_str().chars().take(7).collect()).collect();
    let (old, new): (BTreeSet<String>, BTreeSet<String>) = (found(&seen.clause.old), found(&seen.clause.new));
    seen.about(SecurityBreach) && old != new && !seen.content.is_empty()
}

/// What is prohibited changes; a prohibition in other words is the same.
fn prohibition(seen: &Seen<'_>) -> bool {
    static PROHIBITED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:prohibit(?:ed|s)?|forbidden|not (?:allowed|permitted)|(?:you|users) (?:may|must|shall|will|can)(?: not|not)\b|(?:do|does|will) not (?:allow|permit)|interdite?s?|verboten|untersagt)\b",
        )
    });
    let clause = seen.clause;
    // "Not prohibited by law" allows, and what "you will not be able to do" is not forbidden.
    static ALLOWED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\bnot (?:otherwise |expressly )?(?:prohibited|forbidden)\b|\b(?:you|users) (?:will|can|may)(?: ?not| no longer) be able\b|\b(?:you|users) will (?:not|no longer) (?:receive|see|need|lose|experience|have access)\b",
        )
    });
    let reworded =
        clause.is_reworded() && negations(&clause.old) > 0 && negations(&clause.new) > 0 && seen.content.len() < 3;
    let prohibits = |text: &str| count(&PROHIBITED, text) > count(&ALLOWED, text);
    prohibits(&clause.old) != prohibits(&clause.new) && !reworded
}

fn law(seen: &Seen<'_>) -> bool {
    let clause = seen.clause;
    let new_names = new_names(seen);
    let reworded = clause.is_reworded();
    (!reworded || !seen.content.is_empty())
        && super::law::differs(&clause.old, &clause.new, &|word| new_names.contains(&word))
}

/// What was given before is reached by what changes now.
fn reaches_back(seen: &Seen<'_>) -> bool {
    static RETROACTIVE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\bretroactiv\w+|\br[ée]troactiv\w+|\br[üu]ckwirkend"));
    static BEFORE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\b(?:already|previously) (?:been )?(?:collected|provided|submitted)"));
    // "A copy of the data that you previously provided" is a right of access.
    static GIVEN_BACK: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"\b(?:copy|copies|receive|port\w*|transfer|access|correct|delet\w+|eras\w+|retrieve|rights?)\b")
    });
    let reaches = |text: &str| RETROACTIVE.is_match(text) || BEFORE.is_match(text) && !GIVEN_BACK.is_match(text);
    reaches(&seen.clause.old) != reaches(&seen.clause.new)
}

/// Where notices are given changes.
fn notice_moves(seen: &Seen<'_>) -> bool {
    static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:post|publish|giv|send|deliver|provid)\w*\b.{0,30}\bnotices?\b|\bnotices?\b.{0,30}\b(?:posted|published|given|sent|delivered|provided)\b|\bmitteilung\w*\b.{0,60}\b(?:ver[öo]ffentlich|senden|gesendet)\w*|\b(?:publi|envoy|adress)\w+\b.{0,30}\b(?:notifications?|avis)\b",
        )
    });
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:accounts?|web ?sites?|sites?|portal|dashboard|apps?|application|e-?mail|mail|letter|comptes?|courrier|courriel|konto|webseite|brief)\b",
        )
    });
    let clause = seen.clause;
    let places = |text: &str| PLACE.find_iter(text).map(|found| found.as_str().to_owned()).collect::<BTreeSet<_>>();
    clause.is_reworded()
        && GIVEN.is_match(&clause.old)
        && GIVEN.is_match(&clause.new)
        && places(&clause.old) != places(&clause.new)
        && !notice(seen)
}

/// What is paid for no longer has to be bought, or has to.
fn paid_without_purchase(seen: &Seen<'_>) -> bool {
    static BUYS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"\b(?:purchas|buy|bought|order|subscri|acheter|achet|command|souscri|kauf|bestell|abonnier)\w*")
    });
    static PAID: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\bpa(?:id|y|yable|yant\w*)\b|\bfees?\b|\bcharge[ds]?\b|\bbilled\b|\bpremium\b|\bpayante?s?\b|\bkostenpflichtig\w*|\bgeb[üu]hr\w*",
        )
    });
    static USES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:us(?:e|es|ed|ing)|utilis\w+|nutz\w+|verwend\w+)\b"));
    let clause = seen.clause;
    let turned =
        |from: &str, to: &str| BUYS.is_match(from) && !BUYS.is_match(to) && count(&USES, to) > count(&USES, from);
    clause.is_reworded()
        && PAID.is_match(&clause.old)
        && PAID.is_match(&clause.new)
        && (turned(&clause.old, &clause.new) || turned(&clause.new, &clause.old))
}

/// The words that carry meaning, are written as names, and stand on one side only.
fn new_names<'a>(seen: &Seen<'a>) -> BTreeSet<&'a str> {
    let clause = seen.clause;
    let capitals = |text: &str| text.chars().filter(|c| c.is_uppercase()).count() * 3 > text.len();
    if capitals(&clause.before) || capitals(&clause.after) {
        return BTreeSet::new();
    }
    let names = |text: &str| -> BTreeSet<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric()).skip(1);
        parts.filter(|part| part.starts_with(char::is_uppercase)).map(str::to_lowercase).collect()
    };
    let (old, new) = (names(&clause.before), names(&clause.after));
    // An adjective of a country was compared with the country, and the titles of documents
    // are no places.
    let new_name = |word: &&str| old.contains(*word) != new.contains(*word);
    let is_known = |word: &str| nation(word).is_some() || !jurisdictions(word).is_empty() || TITLES.contains(&word);
    seen.content.iter().map(String::as_str).filter(new_name).filter(|word| !is_known(word)).collect()
}

/// A reworded clause about a practice changes a kind of thing.
fn changes(seen: &Seen<'_>, practice: Practice, kind: EditKind) -> bool {
    seen.clause.is_reworded() && seen.about(practice) && seen.kinds.contains(&kind) && !seen.content.is_empty()
}

fn recipient_named(seen: &Seen<'_>) -> bool {
    // The words of a postal address name streets, not banks and bodies.
    changes(seen, Practice::SharingSale, EditKind::Recipient)
        && !super::noise::is_street(seen.clause)
        && !is_attribute(seen)
}

/// Whether all that went is that sources and the like were of third parties.
fn is_attribute(seen: &Seen<'_>) -> bool {
    static OF_THEIRS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"\bthird.part(?:y|ies)'? (?:[a-z]+-)?(?:sources?|sites?|websites?|content|links?)\b")
    });
    let third = |word: &String| matches!(word.as_str(), "third" | "party" | "parties" | "third-party");
    let clause = seen.clause;
    !clause.gone.is_empty()
        && seen.content.iter().all(third)
        && OF_THEIRS.is_match(&clause.old)
        && clause.come.iter().all(|word| !super::noise::is_content(word))
}

fn data_named(seen: &Seen<'_>) -> bool {
    changes(seen, Practice::DataCollection, EditKind::DataType)
}

fn purpose_named(seen: &Seen<'_>) -> bool {
    changes(seen, Practice::PurposesLegalBasis, EditKind::Purpose)
}

fn right_named(seen: &Seen<'_>) -> bool {
    changes(seen, Practice::RightsChoices, EditKind::Right) && seen.content.len() >= 2
}

fn place_named(seen: &Seen<'_>) -> bool {
    let place = seen.clause.is_reworded() && seen.kinds.contains(&EditKind::Jurisdiction);
    // What stands under a heading holds for the places that it names.
    let says = !seen.practices.is_empty() || seen.clause.heading || HELD.is_match(&seen.clause.both());
    place && says && !seen.content.is_empty() && !super::noise::is_contact_format(seen.clause)
}

/// A limit or a name differs in a clause on training.
fn training_reaches(seen: &Seen<'_>) -> bool {
    static TRAINING: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\btrain(?:s|ed|ing)?\b.{0,80}\b(?:models?|algorithms?|ai|artificial|machine)\b|\b(?:models?|ai|machine)\b.{0,30}\btrain(?:ed|ing)?\b|\bentra[îi]ne(?:r|ment)\b.{0,40}\bmod[èe]les?|\btrainier\w+\b.{0,40}\bmodell",
        )
    });
    let clause = seen.clause;
    TRAINING.is_match(&clause.old)
        && TRAINING.is_match(&clause.new)
        && (names_listed(seen) || limits(seen) || negation_counts(seen) || duties(seen))
}

/// A section of prose is gone as a whole, or has come as one.
fn section_whole(seen: &Seen<'_>) -> bool {
    let weighs =
        |p: Practice| !matches!(p, Practice::ControllerContact | Practice::SecurityBreach | Practice::TrackingAds);
    let prose = seen.clause.differing().count() >= 8 && !seen.clause.listed && !seen.clause.heading;
    seen.whole && prose && seen.practices.first().is_some_and(|(p, _)| weighs(*p))
}

fn section_gone(seen: &Seen<'_>) -> bool {
    section_whole(seen) && seen.clause.after.is_empty()
}

fn section_new(seen: &Seen<'_>) -> bool {
    section_whole(seen) && seen.clause.before.is_empty()
}

/// A mark of a table stands in another column, or comes, or goes.
fn mark_moves(seen: &Seen<'_>) -> bool {
    seen.clause.is_reworded() && seen.clause.differing().any(super::facts::is_mark)
}

fn listed_in(seen: &Seen<'_>, practice: Practice) -> bool {
    let clause = seen.clause;
    clause.listed
        && !clause.is_reworded()
        && !is_under_order(clause)
        && seen.practices.first().is_some_and(|(p, _)| *p == practice)
        && clause.differing().count() <= 80
        && !super::noise::is_prose(clause)
}

/// An entry of a list of recipients; where the heading says that it is one, also an entry that
/// says more of what the recipient does ("advertisers, who receive your address to show ads").
fn recipient_listed(seen: &Seen<'_>) -> bool {
    let shared = |headings: &[String]| {
        headings.last().is_some_and(|heading| super::practice::named_in(heading).contains(&Practice::SharingSale))
    };
    let speaks = || seen.practices.iter().any(|(practice, _)| *practice == Practice::SharingSale);
    static NOBODY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"\b(?:not|never|nobody|no one|none|nicht|niemals|niemand|kein\w*|pas|jamais|personne|aucun\w*)\b")
    });
    listed_in(seen, Practice::SharingSale)
        || shared(&seen.clause.path)
            && speaks()
            && !NOBODY.is_match(&seen.clause.both())
            && seen.practices.first().is_some_and(|(practice, _)| listed_in(seen, *practice))
}

/// An entry of a text that is nothing but a list of names and places.
fn registered(seen: &Seen<'_>) -> bool {
    seen.register && super::noise::in_register(seen.clause)
}

fn data_listed(seen: &Seen<'_>) -> bool {
    listed_in(seen, Practice::DataCollection)
}

fn purpose_listed(seen: &Seen<'_>) -> bool {
    listed_in(seen, Practice::PurposesLegalBasis)
}

fn right_gone(seen: &Seen<'_>) -> bool {
    static RIGHT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:right to|you (?:can|may|have the)|opt.out|object|withdraw|vous (?:pouvez|disposez)|recht auf|sie k[öo]nnen|du kannst)\b",
        )
    });
    let clause = seen.clause;
    clause.after.is_empty()
        && !clause.listed
        && seen.practices.first().is_some_and(|(p, _)| *p == Practice::RightsChoices)
        && RIGHT.is_match(&clause.old)
}

use Practice::{
    AcceptableUse, AiAutomated, ChangeProcess, Children, ContentLicenseIp, ControllerContact, DataCollection,
    DisputesLaw, FeesRenewal, PurposesLegalBasis, RightsChoices, SecurityBreach, SharingSale, TrackingAds,
};

/// The rules, most telling first.
pub(crate) const RULES: [Rule; 49] = [
    Rule {
        id: "polarity.promise",
        practice: None,
        severity: 3,
        looks: Looks::By(
            flips,
            r"\b(?:not|never|no longer|neither|nor|nobody|no one|ne|pas|jamais|aucun\w*|nicht|niemals|kein\w*)\b",
        ),
        why: "a promise not to do something was dropped or given",
        source: "FTC, Gateway Learning (2004)",
        fires_on: (
            "Sharing",
            "We will not sell your personal data to anyone.",
            "We may sell your personal data to anyone.",
        ),
        silent_on: (
            "Sharing",
            "We will not sell your personal data to anyone.",
            "We won't sell your personal data to anybody.",
        ),
    },
    Rule {
        id: "sale.data",
        practice: Some(SharingSale),
        severity: 3,
        looks: Looks::Term(
            r"\b(?:sell|sells|sold|selling|sale)\b.{0,50}\b(?:data|information)\b|\b(?:data|information)\b.{0,40}\b(?:sell|sold|sale)\b|\b(?:sell|sells|sold|selling|rent|rents|rented|renting)\b.{0,30}\b(?:your|their|personal|user|customer|member)\b.{0,20}\b(?:addresse?s?|details|profiles?|records|contacts?|history)\b|\b(?:vend(?:re|ons)|verkauf\w*)\b.{0,50}\b(?:donn[ée]es|daten)\b",
        ),
        why: "the words on the sale of personal data changed",
        source: "California Civil Code 1798.120",
        fires_on: (
            "Sharing",
            "We share personal data with partners.",
            "We share and sell personal data with partners.",
        ),
        silent_on: ("Shop", "You can buy shoes from us.", "We sell shoes and hats in our shop."),
    },
    Rule {
        id: "ai.training",
        practice: Some(AiAutomated),
        severity: 3,
        looks: Looks::Term(
            r"\btrain(?:s|ed|ing)?\b.{0,60}\b(?:models?|algorithms?|ai|artificial|machine)\b|\b(?:models?|ai|machine)\b.{0,30}\btrain(?:ed|ing)?\b|\bmachine.learning\b|\bentra[îi]ne(?:r|ment)\b.{0,40}\bmod[èe]les?|\btrainier\w+\b.{0,40}\bmodell",
        ),
        why: "the words on training artificial intelligence changed",
        source: "FTC Technology Blog, 13 February 2024",
        fires_on: (
            "Use",
            "We use your content to run the service.",
            "We use your content to run the service and to train our models.",
        ),
        silent_on: (
            "Use",
            "Our staff is trained in data protection.",
            "Our whole staff is trained in data protection matters.",
        ),
    },
    Rule {
        id: "disputes.arbitration",
        practice: Some(DisputesLaw),
        severity: 3,
        looks: Looks::Term(
            r"\b(?:binding |mandatory |individual )?arbitrat\w+|\barbitrage\b|\bschiedsgericht\w*|\bschiedsverfahren",
        ),
        why: "the words on arbitration changed",
        source: "Directive 93/13/EEC, Annex 1(q)",
        fires_on: ("Disputes", "Disputes go to court.", "Disputes go to binding arbitration."),
        silent_on: (
            "Disputes",
            "Binding arbitration settles disputes.",
            "Binding arbitration settles all the disputes.",
        ),
    },
    Rule {
        id: "disputes.class_waiver",
        practice: Some(DisputesLaw),
        severity: 3,
        looks: Looks::Term(
            r"\bclass.(?:action|wide|waiver)|\bjury trial|\btrial by jury|\bmass (?:action|arbitration)|\brecours collectif|\bsammelklage",
        ),
        why: "the words on class actions or jury trials changed",
        source: "Directive 93/13/EEC, Annex 1(q)",
        fires_on: ("Disputes", "You may sue us.", "You may sue us, but you waive any class action."),
        silent_on: ("Classes", "You may take a class.", "You may take action after a class."),
    },
    Rule {
        id: "data.sensitive",
        practice: Some(DataCollection),
        severity: 3,
        looks: Looks::Term(
            r"\bbiometri\w+|\bfac(?:e|ial) (?:recognition|geometr\w+|scans?|templates?|prints?)|\bgenetic (?:data|information)|\bhealth (?:data|information)|\bsexual orientation\b.{0,60}\bdata|\bsocial security numbers?|\bimmigration status|\bprecise (?:geo)?location|\bgeometrische gesichts\w+|\bgesichtsdaten|\bdonn[ée]es (?:biom[ée]triques|de sant[ée])",
        ),
        why: "the words on sensitive data changed",
        source: "GDPR Art. 9; 1Health.io (FTC 2023)",
        fires_on: (
            "Data we collect",
            "We collect your name and photo.",
            "We collect your name, photo and biometric data.",
        ),
        silent_on: ("Data we collect", "We collect your name and photo.", "We collect your name, photo and nickname."),
    },
    Rule {
        id: "consent.basis",
        practice: Some(PurposesLegalBasis),
        severity: 3,
        looks: Looks::Swap(
            r"\bconsent\b|\bconsentement\b|\beinwilligung\b",
            r"\blegitimate (?:business )?interests?|\bint[ée]r[êe]ts? l[ée]gitimes?|\bberechtigte[smnr]? interesse",
        ),
        why: "the legal basis changed between consent and legitimate interest",
        source: "GDPR Art. 6(1)(a), (f)",
        fires_on: ("Legal basis", "We send offers with your consent.", "We send offers on our legitimate interests."),
        silent_on: ("Legal basis", "We send offers with your consent.", "We send offers with your prior consent."),
    },
    Rule {
        id: "consent.model",
        practice: Some(RightsChoices),
        severity: 3,
        looks: Looks::Swap(r"\bopt(?:s|ed|ing)?.?in\b", r"\bopt(?:s|ed|ing)?.?out\b"),
        why: "a choice changed between opting in and opting out",
        source: "GDPR Art. 4(11); FTC Privacy Report (2012)",
        fires_on: ("Choices", "We do it only if you opt in.", "We do it unless you opt out."),
        silent_on: ("Choices", "You may opt out by mail.", "You may opt out by e-mail."),
    },
    Rule {
        id: "license.scope",
        practice: Some(ContentLicenseIp),
        severity: 3,
        looks: Looks::Term(
            r"\b(?:perpetual|irrevocable|royalty.free|sublicens\w+|transferable|worldwide)\b.{0,120}\blicen[sc]e|\blicen[sc]e\b.{0,120}\b(?:perpetual|irrevocable|royalty.free|sublicens\w+|transferable|worldwide)\b",
        ),
        why: "the reach of a licence changed",
        source: "CLAUDETTE and ToS;DR, copyright scope",
        fires_on: (
            "Your content",
            "You grant us a licence to show it.",
            "You grant us a perpetual licence to show it.",
        ),
        silent_on: ("Your content", "You grant us a licence to show it.", "You grant us a licence to display it."),
    },
    Rule {
        id: "party.entity",
        practice: Some(ControllerContact),
        severity: 3,
        looks: Looks::At(party_changes),
        why: "another legal person is responsible or party to the contract",
        source: "Colorado 4 CCR 904-3, Rule 6.04; WP260 29",
        fires_on: ("Who we are", "The controller is Acme Ireland Limited.", "The controller is Globex Holdings LLC."),
        silent_on: (
            "Who we are",
            "The controller is Acme Ireland Limited.",
            "The data controller is Acme Ireland Limited.",
        ),
    },
    Rule {
        id: "number.age",
        practice: Some(Children),
        severity: 3,
        looks: Looks::At(amount_of_age),
        why: "an age changed",
        source: "COPPA Rule 16 CFR 312; GDPR Art. 8",
        fires_on: (
            "Children",
            "You must be over 13 years old to use this.",
            "You must be over 16 years old to use this.",
        ),
        silent_on: (
            "Children",
            "You must be over 13 years old to use this.",
            "You must be over 13 years old to use it.",
        ),
    },
    Rule {
        id: "number.amount",
        practice: None,
        severity: 2,
        looks: Looks::At(amount_otherwise),
        why: "a period, price or share changed",
        source: "GDPR Art. 13(2)(a); Directive 93/13/EEC",
        fires_on: (
            "Retention",
            "We keep your logs for 30 days after that.",
            "We keep your logs for 90 days after that.",
        ),
        silent_on: (
            "Retention",
            "We keep your logs for thirty (30) days after that.",
            "We keep your logs for 30 days after that.",
        ),
    },
    Rule {
        id: "number.count",
        practice: None,
        severity: 1,
        looks: Looks::At(count_differs),
        why: "another number of the same thing",
        source: "Directive 93/13/EEC; WP260 29",
        fires_on: ("Security", "It takes two keys to open a safe.", "It takes one key to open a safe."),
        silent_on: ("Security", "It takes two keys to open a safe.", "It takes 2 keys to open a safe."),
    },
    Rule {
        id: "law.governing",
        practice: Some(DisputesLaw),
        severity: 3,
        looks: Looks::By(
            law,
            r"\bgovern(?:s|ed|ing)?\b|\bconstrued\b|\blaws? (?:of|will|shall|appl|govern)|\bcourts? (?:of|in|located|sitting)|\b[a-z]+ courts\b|\bjurisdiction\b|\bvenue\b|\bforum\b|\bdroit\b|\blois?\b|\btribuna\w+|\brecht\b|\bgericht\w*",
        ),
        why: "the governing law or the competent court changed",
        source: "Directive 93/13/EEC, Annex 1(q)",
        fires_on: (
            "Law",
            "The laws of Ireland apply to these terms.",
            "The laws of Delaware and California apply to these terms.",
        ),
        silent_on: ("Law", "The laws of Ireland apply to these terms.", "The laws of Ireland apply to the terms."),
    },
    Rule {
        id: "polarity.negation",
        practice: None,
        severity: 2,
        looks: Looks::At(negation_counts),
        why: "a negation came or went",
        source: "OPP-115, Does/Does Not",
        fires_on: ("Liability", "We are liable for lost data.", "We are not liable for lost data."),
        silent_on: (
            "Data",
            "We collect data such as your name.",
            "We collect data such as, but not limited to, your name.",
        ),
    },
    Rule {
        id: "polarity.limit",
        practice: None,
        severity: 2,
        looks: Looks::At(limits),
        why: "a limit such as \"only\", \"without\" or \"unless\" came or went",
        source: "WP260 29",
        fires_on: ("Sharing", "We share your data only with your bank.", "We share your data with your bank."),
        silent_on: ("Sharing", "We share your data only with your bank.", "We only share your data with your bank."),
    },
    Rule {
        id: "modality.duty",
        practice: None,
        severity: 2,
        looks: Looks::At(duties),
        why: "what must be done became what may be done, or the other way",
        source: "CLAUDETTE; Directive 93/13/EEC",
        fires_on: (
            "Reports",
            "You must report violations of these rules.",
            "You may report violations of these rules.",
        ),
        silent_on: (
            "Reports",
            "You must report violations of these rules.",
            "You must report violation of these rules.",
        ),
    },
    Rule {
        id: "modality.certainty",
        practice: None,
        severity: 2,
        looks: Looks::At(certainty),
        why: "what will happen became what may happen, or the other way",
        source: "PrivacyGLUE; CLAUDETTE",
        fires_on: (
            "Changes",
            "We will notify you of changes to this policy.",
            "We may notify you of changes to this policy.",
        ),
        silent_on: (
            "Changes",
            "We will notify you of changes to this policy.",
            "We will notify you of a change to this policy.",
        ),
    },
    Rule {
        id: "fees.auto_renewal",
        practice: Some(FeesRenewal),
        severity: 3,
        looks: Looks::Term(
            r"\brenew\w*\b.{0,30}\bautomatic|\bautomatic\w*\b.{0,30}\brenew|\brenouvel\w+\b.{0,30}\bautomatique|\btacite reconduction|\bverl[äa]nger\w*\b.{0,40}\bautomatisch|\bautomatisch\w*\b.{0,40}\bverl[äa]nger",
        ),
        why: "the words on automatic renewal changed",
        source: "Directive 93/13/EEC, Annex 1(h); California Business and Professions Code 17602",
        fires_on: ("Your plan", "Your plan ends after one year.", "Your plan renews automatically after one year."),
        silent_on: (
            "Your plan",
            "Your plan renews automatically after one year.",
            "Your plan renews automatically when a year is over.",
        ),
    },
    Rule {
        id: "change.notice",
        practice: Some(ChangeProcess),
        severity: 2,
        looks: Looks::At(notice),
        why: "the way changes are announced changed",
        source: "CalOPPA 22575(b)(3); Directive 2019/770 Art. 19",
        fires_on: (
            "Changes to this policy",
            "We will email you before changes to this policy.",
            "We will post changes to this policy here.",
        ),
        silent_on: (
            "Changes to this policy",
            "We post changes to this policy here.",
            "We post the changes to this policy here.",
        ),
    },
    Rule {
        id: "change.notice_place",
        practice: Some(ChangeProcess),
        severity: 1,
        looks: Looks::At(notice_moves),
        why: "notices are given in another place",
        source: "CalOPPA 22575(b)(3); Directive 93/13/EEC",
        fires_on: (
            "Notices",
            "We will post a notice on our site, in your account or at the door.",
            "We will post a notice on our site or at the door.",
        ),
        silent_on: (
            "Notices",
            "We will post a notice on our site, in your account or at the door.",
            "We shall post a notice on our site, in your account, or at the door.",
        ),
    },
    Rule {
        id: "fees.by_use",
        practice: Some(FeesRenewal),
        severity: 2,
        looks: Looks::At(paid_without_purchase),
        why: "what was paid for when bought is paid for when used, or the other way",
        source: "Directive 2011/83/EU Art. 8(2), 27",
        fires_on: (
            "Plans",
            "If you buy paid storage, the price list holds.",
            "If you use paid storage, the price list holds.",
        ),
        silent_on: (
            "Plans",
            "If you buy paid storage, the price list holds.",
            "If you purchase paid storage, the price list holds.",
        ),
    },
    Rule {
        id: "change.retroactive",
        practice: Some(ChangeProcess),
        severity: 3,
        looks: Looks::By(
            reaches_back,
            r"\bretroactiv\w+|\b(?:already|previously) (?:been )?(?:collected|provided|submitted)|\br[ée]troactiv\w+|\br[üu]ckwirkend",
        ),
        why: "it reaches back to data or content given before",
        source: "FTC, Gateway Learning (2004)",
        fires_on: (
            "Changes",
            "Changes apply to new data.",
            "Changes apply to new data and to information already collected.",
        ),
        silent_on: (
            "Rights",
            "You may have a copy.",
            "You may have a copy of the data that you previously provided to us.",
        ),
    },
    Rule {
        id: "right.gone",
        practice: Some(RightsChoices),
        severity: 2,
        looks: Looks::At(right_gone),
        why: "a right or choice is no longer mentioned",
        source: "WP260 29; Colorado 4 CCR 904-3, Rule 6.04",
        fires_on: ("Your rights", "You have the right to object to marketing.", ""),
        silent_on: ("Your rights", "Privacy matters to all of us here.", ""),
    },
    Rule {
        id: "contact.rights",
        practice: Some(RightsChoices),
        severity: 1,
        looks: Looks::At(contact_for_rights),
        why: "rights or legal notices are exercised at another address",
        source: "Colorado 4 CCR 904-3, Rule 6.04(6)",
        fires_on: (
            "Your rights",
            "Send requests to old@acme.test at any time.",
            "Send requests to new@globex.test at any time.",
        ),
        silent_on: ("Press", "Ask us at old@acme.test at any time.", "Ask us at new@acme.test at any time."),
    },
    Rule {
        id: "contact.way",
        practice: None,
        severity: 1,
        looks: Looks::At(way_differs),
        why: "a right is exercised, or a contract ended, in another way",
        source: "Colorado 4 CCR 904-3, Rule 6.04(6); Directive 2023/2673",
        fires_on: (
            "Your rights",
            "You may exercise these rights with our contact form.",
            "You may exercise these rights through our support portal.",
        ),
        silent_on: (
            "Press",
            "Journalists reach us with our contact form.",
            "Journalists reach us through our support portal.",
        ),
    },
    Rule {
        id: "person.named",
        practice: None,
        severity: 1,
        looks: Looks::At(person_listed),
        why: "a legal person is named that was not, or no longer",
        source: "Colorado 4 CCR 904-3, Rule 6.04(5)",
        fires_on: (
            "Partners",
            "Payments are handled by Acme Pay Inc. for shops.",
            "Payments are handled by Acme Pay Inc. and Globex Money Ltd. for shops.",
        ),
        silent_on: (
            "Partners",
            "Payments are handled by Acme Pay Inc. for shops.",
            "Payments are handled by Acme Pay, Inc. for our shops.",
        ),
    },
    Rule {
        id: "recipient.listed",
        practice: Some(SharingSale),
        severity: 2,
        looks: Looks::At(recipient_listed),
        why: "the list of recipients changed",
        source: "Colorado 4 CCR 904-3, Rule 6.04(5); WP260 30",
        fires_on: ("Sub-processors", "", "- Globex Cloud, hosting, Singapore"),
        silent_on: ("Related articles", "", "- Ten things about winter"),
    },
    Rule {
        id: "recipient.register",
        practice: Some(SharingSale),
        severity: 2,
        looks: Looks::At(registered),
        why: "the list of companies and places changed",
        source: "Colorado 4 CCR 904-3, Rule 6.04(5); GDPR Art. 28(2)",
        fires_on: ("", "", "Initech Mail, newsletters, Canada"),
        silent_on: ("", "", "Opens in a new window, with pictures"),
    },
    Rule {
        id: "data.listed",
        practice: Some(DataCollection),
        severity: 2,
        looks: Looks::At(data_listed),
        why: "the list of data changed",
        source: "Colorado 4 CCR 904-3, Rule 6.04(1)",
        fires_on: ("Information we collect", "", "- Your shoe size"),
        silent_on: ("Related articles", "", "- Ten things about winter"),
    },
    Rule {
        id: "purpose.listed",
        practice: Some(PurposesLegalBasis),
        severity: 2,
        looks: Looks::At(purpose_listed),
        why: "the list of purposes changed",
        source: "GDPR Art. 13(3); Colorado 4 CCR 904-3, Rule 6.04(2)",
        fires_on: ("How we use your information", "", "- To measure the weather at your place"),
        silent_on: ("Related articles", "", "- Ten things about winter"),
    },
    Rule {
        id: "ai.scope",
        practice: Some(AiAutomated),
        severity: 3,
        looks: Looks::At(training_reaches),
        why: "whom or what the training of artificial intelligence reaches changed",
        source: "FTC Technology Blog, 13 February 2024",
        fires_on: (
            "Artificial intelligence",
            "We train models on what users of Acme Free upload.",
            "We train models on what users of Acme Free or Acme Team upload.",
        ),
        silent_on: (
            "Artificial intelligence",
            "We train models on what users of Acme Free upload.",
            "We train models on that which users of Acme Free upload.",
        ),
    },
    Rule {
        id: "recipient.named",
        practice: Some(SharingSale),
        severity: 2,
        looks: Looks::At(recipient_named),
        why: "a kind of recipient came or went",
        source: "Colorado 4 CCR 904-3, Rule 6.04(5); WP260 30",
        fires_on: (
            "Sharing",
            "We share your address with our bank and our carrier.",
            "We share your address with our bank, our carrier and advertisers.",
        ),
        silent_on: (
            "Sharing",
            "We share your address with our bank and our carrier.",
            "We share your address with our banks and our carrier.",
        ),
    },
    Rule {
        id: "data.named",
        practice: Some(DataCollection),
        severity: 2,
        looks: Looks::At(data_named),
        why: "a kind of data came or went",
        source: "Colorado 4 CCR 904-3, Rule 6.04(1)",
        fires_on: (
            "Information we collect",
            "We collect your name and your password.",
            "We collect your name, your password and your location.",
        ),
        silent_on: (
            "Information we collect",
            "We collect your name and your password.",
            "We collect your name and your own password.",
        ),
    },
    Rule {
        id: "purpose.named",
        practice: Some(PurposesLegalBasis),
        severity: 2,
        looks: Looks::At(purpose_named),
        why: "a purpose came or went",
        source: "GDPR Art. 13(3); Colorado 4 CCR 904-3, Rule 6.04(2)",
        fires_on: (
            "How we use your information",
            "We use your address to send you shoes.",
            "We use your address to send you shoes and for marketing.",
        ),
        silent_on: (
            "How we use your information",
            "We use your address to send you shoes.",
            "We use your address to send you the shoes you like.",
        ),
    },
    Rule {
        id: "right.named",
        practice: Some(RightsChoices),
        severity: 1,
        looks: Looks::At(right_named),
        why: "what may be asked for or refused changed",
        source: "WP260 29; GDPR Art. 13(2)(b)",
        fires_on: (
            "Your rights",
            "You may ask us for a copy of your file.",
            "You may ask us for a copy of your file and object to its use for offers.",
        ),
        silent_on: (
            "Your rights",
            "You may ask us for a copy of your file.",
            "You may ask us for one copy of your file.",
        ),
    },
    Rule {
        id: "scope.place",
        practice: None,
        severity: 2,
        looks: Looks::At(place_named),
        why: "the countries or states that a clause holds for changed",
        source: "GDPR Art. 13(1)(f); Colorado 4 CCR 904-3, Rule 6.04",
        fires_on: (
            "Your rights",
            "People in Germany have the right to object to this.",
            "People in Germany or France have the right to object to this.",
        ),
        silent_on: (
            "Your rights",
            "People in the European Economic Area have the right to object.",
            "People in the EEA have the right to object.",
        ),
    },
    Rule {
        id: "section.removed",
        practice: None,
        severity: 2,
        looks: Looks::At(section_gone),
        why: "a whole section is gone",
        source: "WP260 29",
        fires_on: ("Refunds", "We pay back what you paid for shoes that do not fit within a week.", ""),
        silent_on: ("News", "Acme opened a second shop in the main street of the old town.", ""),
    },
    Rule {
        id: "section.added",
        practice: None,
        severity: 2,
        looks: Looks::At(section_new),
        why: "a whole section is new",
        source: "WP260 29",
        fires_on: ("Refunds", "", "We pay back what you paid for shoes that do not fit within a week."),
        silent_on: ("News", "", "Acme opened a second shop in the main street of the old town."),
    },
    Rule {
        id: "change.transition",
        practice: Some(ChangeProcess),
        severity: 1,
        looks: Looks::Term(
            r"\b(?:users?|customers?|members?|accounts?|you|those)\b.{0,30}\b(?:registered|signed up|joined|subscribed|created|opened)\b.{0,20}\b(?:before|prior to|on or after)\b|\b(?:inscrite?s?|enregistr[ée]e?s?)\b.{0,20}\b(?:avant|apr[èe]s) le\b|\b(?:vor|nach|ab) dem\b.{0,25}\bregistriert\b",
        ),
        why: "which version binds those who came earlier changed",
        source: "Directive 2019/770 Art. 19",
        fires_on: (
            "Changes to these terms",
            "These terms bind everybody.",
            "These terms bind everybody. Customers who signed up before 1 May are bound by the old ones.",
        ),
        silent_on: (
            "Changes to these terms",
            "These terms bind everybody.",
            "These terms bind everybody who signed up.",
        ),
    },
    Rule {
        id: "table.mark",
        practice: None,
        severity: 2,
        looks: Looks::At(mark_moves),
        why: "a table ticks off something else",
        source: "CCPA Regulations, 11 CCR 7012; GDPR Art. 13(1)(e)",
        fires_on: ("Sharing", "Your address | Sold: no | Shared: yes", "Your address | Sold: yes | Shared: yes"),
        silent_on: ("Sharing", "Your address | Sold: no | Shared: yes", "Your addresses | Sold: no | Shared: yes"),
    },
    Rule {
        id: "scope.names",
        practice: None,
        severity: 2,
        looks: Looks::At(names_listed),
        why: "names of products, places or partners came or went",
        source: "Colorado 4 CCR 904-3, Rule 6.04(5); WP260 30",
        fires_on: (
            "Your rights",
            "Residents of Virginia have the right to appeal.",
            "Residents of Virginia, Texas and Oregon have the right to appeal.",
        ),
        silent_on: (
            "Your rights",
            "Residents of Virginia have the right to appeal.",
            "All residents of Virginia have the right to appeal.",
        ),
    },
    Rule {
        id: "scope.words",
        practice: None,
        severity: 1,
        looks: Looks::At(scope),
        why: "words that widen or narrow the scope came or went",
        source: "CLAUDETTE; Directive 93/13/EEC",
        fires_on: ("Termination", "We may close your account.", "We may close your account at our sole discretion."),
        silent_on: ("Termination", "We may close your account.", "We may close any account."),
    },
    Rule {
        id: "polarity.opposite",
        practice: None,
        severity: 2,
        looks: Looks::At(reversed),
        why: "a word gave way to its opposite",
        source: "OPP-115, Does/Does Not; WP260 29",
        fires_on: ("Your choices", "Sharing your walks is off by default.", "Sharing your walks is on by default."),
        silent_on: ("Your choices", "Sharing your walks ends at night.", "Sharing your walks stops at night."),
    },
    Rule {
        id: "scope.qualifier",
        practice: None,
        severity: 1,
        looks: Looks::At(qualified),
        why: "a word that narrows the clause, such as \"aggregated\" or \"explicit\", came or went",
        source: "WP260 29; GDPR Recital 26",
        fires_on: (
            "Sharing",
            "We share aggregated counts of your steps with shops.",
            "We share counts of your steps with shops.",
        ),
        silent_on: (
            "Sharing",
            "We share aggregated counts of your steps with shops.",
            "We share anonymised counts of your steps with shops.",
        ),
    },
    Rule {
        id: "tracking.elsewhere",
        practice: Some(TrackingAds),
        severity: 2,
        looks: Looks::At(tracked_elsewhere),
        why: "whether people are followed over other sites, apps or devices changed",
        source: "CCPA Regulations, 11 CCR 7002; ePrivacy Directive Art. 5(3)",
        fires_on: (
            "Advertising",
            "We show ads by the page that you read.",
            "We show ads by what you do on this and other websites.",
        ),
        silent_on: (
            "Advertising",
            "We show ads by what you do on other websites.",
            "We show ads by what you do on all other websites.",
        ),
    },
    Rule {
        id: "security.measure",
        practice: Some(SecurityBreach),
        severity: 1,
        looks: Looks::At(measure),
        why: "a measure of security that can be checked came or went",
        source: "GDPR Art. 32; FTC v. Wyndham (2015)",
        fires_on: ("Security", "Messages are end-to-end encrypted here.", "Messages are sent over safe lines here."),
        silent_on: ("Security", "Messages are encrypted here.", "All messages are encrypted here."),
    },
    Rule {
        id: "use.listed",
        practice: Some(AcceptableUse),
        severity: 2,
        looks: Looks::At(use_listed),
        why: "the list of what must not be done changed",
        source: "Regulation (EU) 2022/2065 Art. 14",
        fires_on: (
            "Maps",
            "When you draw maps with us, you will not:\n- copy maps of other people",
            "When you draw maps with us, you will not:\n- copy maps of other people\n- draw maps of the moon by night",
        ),
        silent_on: (
            "Maps",
            "When you draw maps with us, you may:\n- copy maps of other people",
            "When you draw maps with us, you may:\n- copy maps of other people\n- draw maps of the moon by night",
        ),
    },
    Rule {
        id: "use.prohibited",
        practice: Some(AcceptableUse),
        severity: 2,
        looks: Looks::At(prohibition),
        why: "what is prohibited changed",
        source: "Regulation (EU) 2022/2065 Art. 14",
        fires_on: ("Rules", "You can post pictures.", "You can post pictures. You must not post maps."),
        silent_on: ("Rules", "You must not post maps.", "You must not post the maps."),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::compare;
    use crate::change::tests::reading;
    use crate::judgment::judge;

    fn fired_by((heading, before, after): (&str, &str, &str)) -> Vec<String> {
        // A heading without a text under it stands for a section that is not there.
        let page = |text: &str| {
            let section = match (text, before.is_empty() || after.is_empty(), heading) {
                ("", true, "Refunds" | "News") => String::new(),
                _ => format!("# {heading}\nIt reads as follows:\n{text}"),
            };
            if heading.is_empty() {
                // A text that is nothing but a list of names and places.
                let places = ["Ireland", "France", "Germany", "Japan", "Canada", "India"];
                let lines: String =
                    places.iter().map(|place| format!("Globex {place} Mail, letters, {place}\n")).collect();
                return reading(&format!("{lines}{text}"));
            }
            reading(&format!("# Policy of Acme\nAcme makes maps and shoes.\n{section}"))
        };
        let (old, new) = (page(before), page(after));
        let change = compare(&old, &new).expect("the example differs");
        judge(&change, &old, &new).findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn patterns_know_the_letters_of_latin_script() {
        let letters = "0-9A-Z_a-z\u{c0}-\u{24f}";
        let cases = [
            (r"\w", format!("[{letters}]")),
            (r"a\w*", format!("a[{letters}]*")),
            (r"[\w.-]", format!("[{letters}.-]")),
            (r"\[\w", format!(r"\[[{letters}]")),
            (r"[\]\d]\d", r"[\]0-9][0-9]".to_owned()),
            (r"\\w \W", r"\\w \W".to_owned()),
        ];
        for (given, wanted) in cases {
            assert_eq!(latin(given), wanted, "{given}");
            assert!(Regex::new(&wanted).is_ok());
        }
        assert!(pattern(r"^\w+$").is_match("löschung"));
    }

    #[test]
    fn each_rule_fires_on_its_example_and_not_on_its_look_alike() {
        let mut wrong = Vec::new();
        for rule in &RULES {
            assert!(!rule.source.is_empty() && !rule.why.is_empty());
            let (fires, silent) = (fired_by(rule.fires_on), fired_by(rule.silent_on));
            if !fires.contains(&rule.id.to_owned()) {
                wrong.push(format!("{} is silent on its example; there fire {fires:?}", rule.id));
            }
            if silent.contains(&rule.id.to_owned()) {
                wrong.push(format!("{} fires on its look-alike", rule.id));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Rule, heading, before, after.
    const ABROAD: [(&str, &str, &str, &str); 24] = [
        (
            "polarity.promise",
            "Partage",
            "Nous ne vendons jamais vos données à des tiers.",
            "Nous vendons vos données à des tiers.",
        ),
        (
            "polarity.promise",
            "Weitergabe",
            "Wir verkaufen Ihre Daten nicht an Dritte.",
            "Wir verkaufen Ihre Daten an Dritte.",
        ),
        ("sale.data", "Partage", "Nous transmettons vos données.", "Nous pouvons vendre vos données."),
        ("sale.data", "Weitergabe", "Wir geben Ihre Daten weiter.", "Wir verkaufen Ihre Daten auch."),
        (
            "ai.training",
            "Usage",
            "Nous lisons vos photos.",
            "Nous lisons vos photos pour l'entraînement de nos modèles.",
        ),
        (
            "ai.training",
            "Nutzung",
            "Wir nutzen Ihre Fotos.",
            "Wir nutzen Ihre Fotos und trainieren damit unsere Modelle.",
        ),
        ("disputes.arbitration", "Litiges", "Le juge tranche tout litige.", "Un arbitrage tranche tout litige."),
        (
            "disputes.arbitration",
            "Streitigkeiten",
            "Streitigkeiten löst ein Richter.",
            "Streitigkeiten löst ein Schiedsgericht.",
        ),
        (
            "disputes.class_waiver",
            "Litiges",
            "Vous pouvez agir contre nous.",
            "Vous renoncez à tout recours collectif contre nous.",
        ),
        (
            "disputes.class_waiver",
            "Streitigkeiten",
            "Sie können gegen uns klagen.",
            "Sie können gegen uns klagen, aber in keiner Sammelklage.",
        ),
        (
            "consent.basis",
            "Finalités",
            "Nous le faisons avec votre consentement.",
            "Nous le faisons pour notre intérêt légitime.",
        ),
        (
            "consent.basis",
            "Rechtsgrundlage",
            "Wir tun das mit Ihrer Einwilligung.",
            "Wir tun das aus berechtigtem Interesse.",
        ),
        (
            "number.age",
            "Enfants",
            "Vous devez avoir au moins 13 ans pour cela.",
            "Vous devez avoir au moins 16 ans pour cela.",
        ),
        (
            "number.age",
            "Kinder",
            "Kinder unter 13 Jahren dürfen das hier nicht.",
            "Kinder unter 16 Jahren dürfen das hier nicht.",
        ),
        (
            "number.amount",
            "Durée de conservation",
            "Nous les gardons pendant 30 jours.",
            "Nous les gardons pendant 90 jours.",
        ),
        ("number.amount", "Speicherdauer", "Wir speichern sie 30 Tage lang.", "Wir speichern sie 90 Tage lang."),
        (
            "polarity.limit",
            "Partage",
            "Nous partageons vos données uniquement avec la banque.",
            "Nous partageons vos données avec la banque.",
        ),
        (
            "polarity.limit",
            "Weitergabe",
            "Wir geben Ihre Daten nur an die Bank weiter.",
            "Wir geben Ihre Daten an die Bank weiter.",
        ),
        (
            "modality.duty",
            "Règles",
            "Vous devez signaler toute infraction aux règles.",
            "Vous pouvez signaler toute infraction aux règles.",
        ),
        (
            "modality.duty",
            "Regeln",
            "Nutzer müssen jeden Verstoß gegen die Regeln melden.",
            "Nutzer können jeden Verstoß gegen die Regeln melden.",
        ),
        (
            "recipient.named",
            "Partage",
            "Nous partageons votre adresse avec la banque.",
            "Nous partageons votre adresse avec la banque et des annonceurs.",
        ),
        (
            "recipient.named",
            "Weitergabe",
            "Wir geben Ihre Adresse an die Bank weiter.",
            "Wir geben Ihre Adresse an die Bank und Werbetreibende weiter.",
        ),
        (
            "scope.place",
            "Vos droits",
            "Les habitants de l'Irlande ont le droit de s'opposer.",
            "Les habitants de l'Irlande et de la Suisse ont le droit de s'opposer.",
        ),
        (
            "change.retroactive",
            "Änderungen",
            "Änderungen gelten für neue Daten.",
            "Änderungen gelten für neue Daten und rückwirkend.",
        ),
    ];

    /// Rule, heading, before, after: what looks like it and is not.
    const LOOK_ALIKES: [(&str, &str, &str, &str); 14] = [
        (
            "recipient.named",
            "Sharing",
            "We share what we get from the following third-party sources with carriers.",
            "We share what we get from the following sources with carriers.",
        ),
        (
            "scope.names",
            "Who receives data",
            "| Globex, Globex Maps | Analytics | Malta |",
            "| Globex, Globex Maps | Behavior analytics | Malta |",
        ),
        ("law.governing", "Retention", "", "We erase it unless applicable law requires us to keep it for longer."),
        ("law.governing", "Your rights", "", "The laws of some states give residents further rights over their data."),
        ("law.governing", "Plans", "", "Use of the paid plan is governed by the terms of that plan."),
        (
            "polarity.negation",
            "Accounts",
            "We delete accounts that are inactive.",
            "We delete accounts that are not active.",
        ),
        ("polarity.negation", "Data", "Your data does not include test entries.", "Your data excludes test entries."),
        (
            "polarity.promise",
            "Partage",
            "Nous partageons vos données si vous fermez votre compte.",
            "Nous partageons vos données si vous fermez votre compte, car en ce cas les membres qui vous ont écrit veulent être prévenus et ne savent pas pourquoi plus rien n'arrive.",
        ),
        ("change.retroactive", "Rights", "", "You can have a copy of the data that you previously provided to us."),
        (
            "person.named",
            "Liability",
            "WE ARE NOT LIABLE FOR DAMAGES TO YOUR DATA OR DEVICES.",
            "WE ARE NOT LIABLE FOR DAMAGES (INCLUDING BUT NOT LIMITED TO LOST PROFITS) TO YOUR DATA OR DEVICES.",
        ),
        (
            "person.named",
            "Warranty",
            "This warranty covers the data that we store for a year.",
            "This Limited Warranty covers the data that we store for a whole year.",
        ),
        (
            "party.entity",
            "Analyse",
            "Wir verwenden für die Analyse Zählwerk, einen Dienst der Acme GmbH, und speichern keine Daten.",
            "Wir verwenden für die Analyse Zählwerk, einen Dienst der Globex GmbH, und speichern keine Daten.",
        ),
        ("use.prohibited", "Eligibility", "", "You join where it is not prohibited to use what we offer."),
        ("use.prohibited", "Camera", "", "You will not be able to send photos unless we can reach your camera."),
    ];

    /// Rule, heading, before, after: what looks like another case and is this one.
    const STILL: [(&str, &str, &str, &str); 34] = [
        (
            "recipient.named",
            "Sharing",
            "We share your profile with networks for advertising.",
            "We share your profile with third-party networks for advertising.",
        ),
        (
            "scope.names",
            "Sharing",
            "We share your data with Globex Inc., Umbra and Hooli.",
            "We share your data with Globex Inc., Initech, Umbra and Hooli.",
        ),
        (
            "scope.names",
            "Who receives data",
            "| Globex, Globex Maps | Analytics | Hooli |",
            "| Globex, Globex Maps | Analytics | Initech, Hooli |",
        ),
        (
            "recipient.named",
            "Sharing",
            "We share your address with carriers and our partners' shops.",
            "We share your address with carriers, our partners' shops and third parties.",
        ),
        (
            "scope.names",
            "Who receives data",
            "| Globex, Globex Maps | Analytics | Malta |",
            "| Globex, Globex Maps and Initech | Analytics | Malta |",
        ),
        (
            "law.governing",
            "Law",
            "The courts of Lund have exclusive jurisdiction over any dispute.",
            "The courts of Kiruna have exclusive jurisdiction over any dispute.",
        ),
        (
            "law.governing",
            "Law",
            "The law of the State of California governs our terms, but for what its conflict of laws rules say.",
            "The law of the State of Delaware governs our terms, but for what its conflict of laws rules say.",
        ),
        (
            "polarity.promise",
            "Sharing",
            "We do not share your personal data with third parties.",
            "We share your personal data with third parties to prevent fraud.",
        ),
        (
            "polarity.promise",
            "Sharing",
            "We never disclose your messages to anyone.",
            "We disclose your messages to anyone if you fail to pay.",
        ),
        (
            "polarity.promise",
            "Sharing",
            "We no longer share your data with advertisers.",
            "We share your data with advertisers in order to prevent abuse.",
        ),
        (
            "polarity.promise",
            "Location",
            "We do not directly collect your location.",
            "We indirectly collect your location.",
        ),
        ("polarity.promise", "Data", "We do not keep data that you delete.", "We keep data that you undelete."),
        (
            "polarity.promise",
            "Sharing",
            "Selling your personal data is something we will never do.",
            "Selling your personal data is something we do.",
        ),
        (
            "polarity.promise",
            "Sharing",
            "Sharing of your data with third parties is not permitted.",
            "Sharing of your data with third parties is permitted.",
        ),
        (
            "polarity.promise",
            "Sharing",
            "We do not, under any circumstances and for whatever commercial reason, sell your personal data.",
            "We do, under some circumstances and for commercial reasons, sell your personal data.",
        ),
        (
            "polarity.promise",
            "Weitergabe",
            "Wir geben Ihre personenbezogenen Daten, die Sie uns bei der Anmeldung und später mitgeteilt haben, nicht an Dritte weiter.",
            "Wir geben Ihre personenbezogenen Daten, die Sie uns bei der Anmeldung und später mitgeteilt haben, an Dritte weiter.",
        ),
        (
            "polarity.promise",
            "Weitergabe",
            "Wir verkaufen Ihre Daten nicht an Dritte.",
            "Wir verkaufen Ihre Daten an Dritte, um Betrug zu verhindern.",
        ),
        (
            "polarity.promise",
            "Partage",
            "Nous ne partageons pas vos données avec des tiers.",
            "Nous partageons vos données avec des tiers pour empêcher la fraude.",
        ),
        (
            "party.entity",
            "Who we are",
            "These terms form a contract between you and Acme Limited in Ireland.",
            "These terms form a contract between you and Globex Limited in Ireland.",
        ),
        (
            "party.entity",
            "Who we are",
            "The controller is Acme Payments Limited in Dublin.",
            "The controller is Globex Payments Limited in Dublin.",
        ),
        (
            "party.entity",
            "Who we are",
            "Acme Limited uses your data as the controller.",
            "Globex Limited uses your data as the controller.",
        ),
        (
            "party.entity",
            "Who we are",
            "Acme Limited Liability Company is the controller and operates this site.",
            "Globex Limited Liability Company is the controller and operates this site.",
        ),
        (
            "party.entity",
            "Who we are",
            "When we use “we” or “us”, we refer to Acme Inc.",
            "When we use “we” or “us”, we refer to Globex Inc.",
        ),
        (
            "party.entity",
            "Who we are",
            "These terms are an agreement between you and Acme Inc. about the services offered by the site.",
            "These terms are an agreement between you and Globex Inc. about the services offered by the site.",
        ),
        (
            "party.entity",
            "Anbieter",
            "Anbieter der Dienste dieser Seite ist die Acme GmbH.",
            "Anbieter der Dienste dieser Seite ist die Globex GmbH.",
        ),
        (
            "party.entity",
            "Éditeur",
            "Le site est édité par Acme SAS, et nous utilisons vos données.",
            "Le site est édité par Globex SAS, et nous utilisons vos données.",
        ),
        (
            "recipient.listed",
            "Weitergabe von Daten",
            "",
            "Wenn Sie nicht widersprechen, geben wir Ihre Daten weiter an:\n- Werbenetzwerke",
        ),
        (
            "change.retroactive",
            "Training",
            "We use your posts to train our models.",
            "We use your posts to train our models, including those already collected.",
        ),
        (
            "change.retroactive",
            "Advertising",
            "We use your data for advertising.",
            "We use your data for advertising, including data previously provided.",
        ),
        (
            "use.prohibited",
            "Accounts",
            "You may see the accounts of others.",
            "You may not see the accounts of others.",
        ),
        (
            "use.prohibited",
            "Accounts",
            "",
            "You may not see, copy or scrape the accounts of other users of the service.",
        ),
        ("polarity.negation", "Accounts", "We answer for lost data.", "We do not answer for lost data."),
        (
            "polarity.negation",
            "Liability",
            "We are liable for data that is lost on our servers.",
            "We are not liable for data that is lost on our servers if you fail to pay.",
        ),
        (
            "polarity.negation",
            "Cookies",
            "Our partners are told of your cookies.",
            "Our partners are not told of your cookies when you stop the service.",
        ),
    ];

    #[test]
    fn rules_fire_on_what_only_looks_like_another_case() {
        let mut silent = Vec::new();
        for (rule, heading, before, after) in STILL {
            let fired = fired_by((heading, before, after));
            if !fired.contains(&rule.to_owned()) {
                silent.push(format!("{rule}: {before:?} -> {after:?}: {fired:?}"));
            }
        }
        assert!(silent.is_empty(), "{}", silent.join("\n"));
    }

    #[test]
    fn rules_are_silent_on_what_looks_like_their_case() {
        for (rule, heading, before, after) in LOOK_ALIKES {
            let fired = fired_by((heading, before, after));
            assert!(!fired.contains(&rule.to_owned()), "{rule} fires on {before:?} -> {after:?}: {fired:?}");
        }
        let company = fired_by((
            "Partners",
            "Payments go to Acme Limited.",
            "Payments go to Acme Limited and to Globex Limited.",
        ));
        assert!(company.contains(&"person.named".to_owned()), "{company:?}");
    }

    #[test]
    fn rules_fire_in_french_and_german() {
        let silent: Vec<String> = ABROAD
            .iter()
            .map(|(rule, heading, before, after)| (rule, fired_by((heading, before, after)), after))
            .filter(|(rule, fired, _)| !fired.iter().any(|id| id == *rule))
            .map(|(rule, fired, after)| format!("{rule} is silent on \"{after}\"; there fire {fired:?}"))
            .collect();
        assert!(silent.is_empty(), "{}", silent.join("\n"));
    }

    #[test]
    fn a_language_that_no_rule_knows_is_judged_by_size() {
        let page = |text: &str| {
            let mut page = reading(&format!("# Regulamin\nAcme robi mapy i buty.\n{text}"));
            page.language = Some("pl".to_owned());
            page
        };
        let (old, new) =
            (page(""), page("Możemy przekazywać pańskie zdjęcia naszym partnerom handlowym w innych krajach."));
        let judgment = judge(&compare(&old, &new).expect("they differ"), &old, &new);
        let finding = judgment.findings.first().expect("the sentence is told");
        assert_eq!((finding.rule.as_str(), finding.severity), ("language.unknown", 1));
        assert!(finding.why.contains("(pl)"), "{}", finding.why);
    }

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
    }
}
