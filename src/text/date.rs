//! The date that a policy claims for itself, and the lines that say nothing else.
//!
//! Only lines with a cue ("Last updated", "Stand:", "En vigueur depuis le") are
//! believed; a date somewhere in the text is the date of something else, and so are those
//! of a log of changes, of a copyright line and of a version before. Where day and month
//! cannot be told apart, or only a month or a year is named, there is no date: none is
//! better than a wrong one, and the first of a month would be one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use chrono::NaiveDate;
use regex::Regex;

use super::{Block, bytes};

/// What a cue promises; what takes effect goes before what was edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Effective,
    Updated,
}

/// How far a cue reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    /// Speaks of the document itself, wherever it stands.
    Strong,
    /// Speaks of the document only in a short line of its own, or with the document's name.
    Weak,
}

/// The cues, in lower case. Longer ones stand before those that they contain.
const CUES: &[(&str, Claim, Cue)] = &[
    // English
    ("effective date", Claim::Effective, Cue::Strong),
    ("date effective", Claim::Effective, Cue::Strong),
    ("comes into effect", Claim::Effective, Cue::Weak),
    ("come into effect", Claim::Effective, Cue::Weak),
    ("takes effect", Claim::Effective, Cue::Weak),
    ("take effect", Claim::Effective, Cue::Weak),
    ("into force", Claim::Effective, Cue::Weak),
    ("in force", Claim::Effective, Cue::Weak),
    ("effective", Claim::Effective, Cue::Weak),
    ("applicable from", Claim::Effective, Cue::Weak),
    ("applies from", Claim::Effective, Cue::Weak),
    ("valid from", Claim::Effective, Cue::Weak),
    ("last updated", Claim::Updated, Cue::Strong),
    ("last update", Claim::Updated, Cue::Strong),
    ("last modified", Claim::Updated, Cue::Strong),
    ("last revised", Claim::Updated, Cue::Strong),
    ("last revision", Claim::Updated, Cue::Strong),
    ("last changed", Claim::Updated, Cue::Strong),
    ("last amended", Claim::Updated, Cue::Strong),
    ("last reviewed", Claim::Updated, Cue::Weak),
    ("last edited", Claim::Updated, Cue::Strong),
    ("revision date", Claim::Updated, Cue::Strong),
    ("date of last revision", Claim::Updated, Cue::Strong),
    ("most recently updated", Claim::Updated, Cue::Strong),
    ("updated", Claim::Updated, Cue::Weak),
    ("revised", Claim::Updated, Cue::Weak),
    ("modified", Claim::Updated, Cue::Weak),
    ("amended", Claim::Updated, Cue::Weak),
    ("published", Claim::Updated, Cue::Weak),
    ("posted", Claim::Updated, Cue::Weak),
    ("version", Claim::Updated, Cue::Weak),
    ("as of", Claim::Updated, Cue::Weak),
    // French
    ("date d'entrée en vigueur", Claim::Effective, Cue::Strong),
    ("date d'effet", Claim::Effective, Cue::Strong),
    ("entrée en vigueur", Claim::Effective, Cue::Weak),
    ("entrent en vigueur", Claim::Effective, Cue::Weak),
    ("entre en vigueur", Claim::Effective, Cue::Weak),
    ("en vigueur", Claim::Effective, Cue::Weak),
    ("applicable à compter du", Claim::Effective, Cue::Weak),
    ("applicables au", Claim::Effective, Cue::Weak),
    ("applicable depuis", Claim::Effective, Cue::Weak),
    ("s'applique à partir", Claim::Effective, Cue::Weak),
    ("s'appliquent à partir", Claim::Effective, Cue::Weak),
    ("s'applique à compter", Claim::Effective, Cue::Weak),
    ("s'appliquent à compter", Claim::Effective, Cue::Weak),
    ("dernière mise à jour", Claim::Updated, Cue::Strong),
    ("dernières mises à jour", Claim::Updated, Cue::Strong),
    ("dernière modification", Claim::Updated, Cue::Strong),
    ("dernière révision", Claim::Updated, Cue::Strong),
    ("dernière actualisation", Claim::Updated, Cue::Strong),
    ("date de mise à jour", Claim::Updated, Cue::Strong),
    ("date de révision", Claim::Updated, Cue::Strong),
    ("date de dernière modification", Claim::Updated, Cue::Strong),
    ("mise à jour", Claim::Updated, Cue::Weak),
    ("mises à jour", Claim::Updated, Cue::Weak),
    ("mis à jour", Claim::Updated, Cue::Weak),
    ("modifiée le", Claim::Updated, Cue::Weak),
    ("modifié le", Claim::Updated, Cue::Weak),
    ("à jour au", Claim::Updated, Cue::Weak),
    // German
    ("datum des inkrafttretens", Claim::Effective, Cue::Strong),
    ("inkrafttreten", Claim::Effective, Cue::Weak),
    ("tritt in kraft", Claim::Effective, Cue::Weak),
    ("in kraft", Claim::Effective, Cue::Weak),
    ("gültig ab", Claim::Effective, Cue::Weak),
    ("gültig seit", Claim::Effective, Cue::Weak),
    ("wirksam ab", Claim::Effective, Cue::Weak),
    ("gilt ab", Claim::Effective, Cue::Weak),
    ("gelten ab", Claim::Effective, Cue::Weak),
    ("gilt seit", Claim::Effective, Cue::Weak),
    ("gelten seit", Claim::Effective, Cue::Weak),
    ("gültig vom", Claim::Effective, Cue::Weak),
    ("zuletzt aktualisiert", Claim::Updated, Cue::Strong),
    ("zuletzt geändert", Claim::Updated, Cue::Strong),
    ("zuletzt überarbeitet", Claim::Updated, Cue::Strong),
    ("letzte aktualisierung", Claim::Updated, Cue::Strong),
    ("letzte änderung", Claim::Updated, Cue::Strong),
    ("letzte überarbeitung", Claim::Updated, Cue::Strong),
    ("aktualisiert am", Claim::Updated, Cue::Weak),
    ("aktualisiert", Claim::Updated, Cue::Weak),
    ("fassung vom", Claim::Updated, Cue::Weak),
    ("stand", Claim::Updated, Cue::Weak),
    // Spanish
    ("fecha de entrada en vigor", Claim::Effective, Cue::Strong),
    ("fecha de vigencia", Claim::Effective, Cue::Strong),
    ("entrada en vigor", Claim::Effective, Cue::Weak),
    ("entra en vigor", Claim::Effective, Cue::Weak),
    ("en vigor", Claim::Effective, Cue::Weak),
    ("vigente desde", Claim::Effective, Cue::Weak),
    ("vigente a partir", Claim::Effective, Cue::Weak),
    ("aplicable a partir", Claim::Effective, Cue::Weak),
    ("última actualización", Claim::Updated, Cue::Strong),
    ("última modificación", Claim::Updated, Cue::Strong),
    ("última revisión", Claim::Updated, Cue::Strong),
    ("fecha de actualización", Claim::Updated, Cue::Strong),
    ("actualizado", Claim::Updated, Cue::Weak),
    ("actualizada", Claim::Updated, Cue::Weak),
    // Italian
    ("data di entrata in vigore", Claim::Effective, Cue::Strong),
    ("entrata in vigore", Claim::Effective, Cue::Weak),
    ("in vigore", Claim::Effective, Cue::Weak),
    ("valida dal", Claim::Effective, Cue::Weak),
    ("valido dal", Claim::Effective, Cue::Weak),
    ("ultimo aggiornamento", Claim::Updated, Cue::Strong),
    ("ultima modifica", Claim::Updated, Cue::Strong),
    ("ultima revisione", Claim::Updated, Cue::Strong),
    ("data di aggiornamento", Claim::Updated, Cue::Strong),
    ("aggiornata", Claim::Updated, Cue::Weak),
    ("aggiornato", Claim::Updated, Cue::Weak),
    // Dutch
    ("ingangsdatum", Claim::Effective, Cue::Strong),
    ("datum van inwerkingtreding", Claim::Effective, Cue::Strong),
    ("van kracht", Claim::Effective, Cue::Weak),
    ("geldig vanaf", Claim::Effective, Cue::Weak),
    ("geldt vanaf", Claim::Effective, Cue::Weak),
    ("gelden vanaf", Claim::Effective, Cue::Weak),
    ("laatst bijgewerkt", Claim::Updated, Cue::Strong),
    ("laatst gewijzigd", Claim::Updated, Cue::Strong),
    ("laatste update", Claim::Updated, Cue::Strong),
    ("laatste wijziging", Claim::Updated, Cue::Strong),
    ("bijgewerkt", Claim::Updated, Cue::Weak),
    ("versie", Claim::Updated, Cue::Weak),
    // Portuguese
    ("data de entrada em vigor", Claim::Effective, Cue::Strong),
    ("data de vigência", Claim::Effective, Cue::Strong),
    ("entrada em vigor", Claim::Effective, Cue::Weak),
    ("em vigor", Claim::Effective, Cue::Weak),
    ("válida a partir", Claim::Effective, Cue::Weak),
    ("última atualização", Claim::Updated, Cue::Strong),
    ("última alteração", Claim::Updated, Cue::Strong),
    ("atualizado", Claim::Updated, Cue::Weak),
    ("atualizada", Claim::Updated, Cue::Weak),
    // Swedish, Danish, Norwegian, Polish
    ("träder i kraft", Claim::Effective, Cue::Weak),
    ("gäller från", Claim::Effective, Cue::Weak),
    ("träder ikraft", Claim::Effective, Cue::Weak),
    ("gælder fra", Claim::Effective, Cue::Weak),
    ("gjelder fra", Claim::Effective, Cue::Weak),
    ("obowiązuje od", Claim::Effective, Cue::Weak),
    ("data wejścia w życie", Claim::Effective, Cue::Strong),
    ("wchodzi w życie", Claim::Effective, Cue::Weak),
    ("senast uppdaterad", Claim::Updated, Cue::Strong),
    ("senast ändrad", Claim::Updated, Cue::Strong),
    ("uppdaterad", Claim::Updated, Cue::Weak),
    ("sidst opdateret", Claim::Updated, Cue::Strong),
    ("sist oppdatert", Claim::Updated, Cue::Strong),
    ("ostatnia aktualizacja", Claim::Updated, Cue::Strong),
    ("data ostatniej aktualizacji", Claim::Updated, Cue::Strong),
    ("zaktualizowano", Claim::Updated, Cue::Weak),
    // Russian, Ukrainian
    ("вступает в силу", Claim::Effective, Cue::Weak),
    ("действует с", Claim::Effective, Cue::Weak),
    ("дата вступления в силу", Claim::Effective, Cue::Strong),
    ("последнее обновление", Claim::Updated, Cue::Strong),
    ("дата обновления", Claim::Updated, Cue::Strong),
    // Chinese, Japanese, Korean
    ("生效日期", Claim::Effective, Cue::Strong),
    ("施行日", Claim::Effective, Cue::Strong),
    ("発効日", Claim::Effective, Cue::Strong),
    ("시행일", Claim::Effective, Cue::Strong),
    ("生效日", Claim::Effective, Cue::Strong),
    ("生效", Claim::Effective, Cue::Weak),
    ("施行", Claim::Effective, Cue::Weak),
    ("적용", Claim::Effective, Cue::Weak),
    ("更新日", Claim::Updated, Cue::Strong),
    ("最終更新", Claim::Updated, Cue::Strong),
    ("最近更新", Claim::Updated, Cue::Strong),
    ("改定日", Claim::Updated, Cue::Strong),
    ("改訂日", Claim::Updated, Cue::Strong),
    ("制定日", Claim::Updated, Cue::Weak),
    ("最后更新", Claim::Updated, Cue::Strong),
    ("最後更新", Claim::Updated, Cue::Strong),
    ("更新日期", Claim::Updated, Cue::Strong),
    ("更新时间", Claim::Updated, Cue::Strong),
    ("개정일", Claim::Updated, Cue::Strong),
    ("改定", Claim::Updated, Cue::Weak),
];

/// Month names by their beginnings, in lower case and without accents; the beginning
/// must tell the month in every language that has it.
const MONTHS: [(&[&str], u32); 12] = [
    (&["jan", "ene", "gen", "janv", "stycz", "январ", "січ"], 1),
    (&["feb", "fev", "fevr", "lut", "феврал", "лют"], 2),
    (&["mar", "mrt", "mrz", "maar", "maerz", "март", "берез"], 3),
    (&["apr", "avr", "abr", "kwie", "апрел", "квіт"], 4),
    (&["may", "mai", "mei", "maj", "mag", "mayo", "maio", "мая", "трав"], 5),
    (&["jun", "juin", "giu", "czerw", "июн", "черв"], 6),
    (&["jul", "juil", "lug", "lip", "июл", "лип"], 7),
    (&["aug", "aou", "ago", "sierp", "август", "серп"], 8),
    (&["sep", "set", "wrze", "сентябр", "верес"], 9),
    (&["oct", "okt", "ott", "out", "pazdz", "октябр", "жовт"], 10),
    (&["nov", "listopad", "ноябр", "листоп"], 11),
    (&["dec", "dez", "dic", "des", "grud", "декабр", "груд"], 12),
];

/// Words that name a kind of policy: what a weak cue in a sentence must go with.
#[rustfmt::skip]
const DOCUMENTS: &[&str] = &[
    "policy", "policies", "terms", "notice", "statement", "agreement", "conditions", "document", "guidelines",
    "addendum", "page", "list", "version", "politique", "conditions", "charte", "mentions", "déclaration",
    "datenschutzerklärung", "nutzungsbedingungen", "agb", "richtlinie", "erklärung", "bedingungen", "hinweise",
    "política", "términos", "condiciones", "aviso", "informativa", "condizioni", "termini", "beleid",
    "privacyverklaring", "voorwaarden", "verklaring", "termos", "condições", "privacy", "cookie", "cookies",
];

/// Words that may stand in a line that says nothing but a date.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "this", "the", "our", "these", "was", "were", "is", "are", "on", "of", "at", "as", "and", "last", "date",
    "dated", "been", "has", "have", "with", "from", "since", "from", "effect", "will", "be", "become", "becomes",
    "it", "to", "in", "by", "service", "use", "privacy", "data", "protection", "current", "latest", "revision",
    "update", "updates", "since", "cette", "la", "le", "les", "du", "de", "des", "notre", "présente", "présentes",
    "a", "été", "est", "sont", "date", "depuis", "au", "à", "compter", "en", "confidentialité", "d", "l",
    "dernière", "générales", "utilisation", "diese", "dieser", "unsere", "der", "die", "das", "wurde", "am", "vom",
    "zuletzt", "letzte", "ab", "ist", "datum", "seit", "esta", "este", "el", "los", "las", "del", "fecha", "última",
    "privacidad", "uso", "fue", "desde", "questa", "il", "del", "della", "è", "stata", "data", "dal", "al",
    "ultimo", "dit", "deze", "het", "op", "van", "is", "laatst", "voor", "a", "o", "da", "do", "foi", "privacidade",
    "desde", "st", "nd", "rd", "th", "er", "v", "rev", "no", "nr", "n",
];

/// The longest block that can be a date line, in characters.
const LINE: usize = 160;

/// How far behind its cue a date may stand, in characters.
const REACH: usize = 60;

/// How many blocks of the beginning and of the end are searched.
const HEAD: usize = 25;
const TAIL: usize = 12;

/// The date that a policy claims for itself: from when it is in effect, else when it
/// was last updated.
pub fn effective(blocks: &[Block], language: Option<&str>) -> Option<NaiveDate> {
    let order = order(blocks, language);
    let mut updated = None;
    let tail = blocks.len().saturating_sub(TAIL).max(HEAD);
    for at in (0..blocks.len().min(HEAD)).chain(tail..blocks.len()) {
        for (claim, date) in claims(&blocks[at].text, order) {
            match claim {
                _ if is_logged(blocks, at) => {}
                Claim::Effective => return Some(date),
                Claim::Updated => updated = updated.or(Some(date)),
            }
        }
    }
    updated.or_else(|| elsewhere(&blocks[blocks.len().min(HEAD)..tail.min(blocks.len())], order))
}

/// The date of the one line of its own that stands between, as behind a long table of
/// contents. Where several policies on one page each have theirs, none speaks for all.
fn elsewhere(blocks: &[Block], order: Order) -> Option<NaiveDate> {
    let mut only = None;
    for (at, block) in blocks.iter().enumerate() {
        // Most blocks name no year, and few that do are so short.
        if block.text.len() > 4 * LINE || !bytes::any(block.text.as_bytes(), |byte| byte.is_ascii_digit()) {
            continue;
        }
        let lower = fold(&block.text);
        // No claim without a cue.
        if !CUE.is_match(&lower) {
            continue;
        }
        let strong = || CUES.iter().any(|(cue, _, reach)| *reach == Cue::Strong && find_word(&lower, cue).is_some());
        let told = is_date_line(&block.text) || names_document(first_chars(&lower, 2 * REACH)) && strong();
        if !told || is_logged(blocks, at) {
            continue;
        }
        for (_, date) in claims(&block.text, order) {
            if only.is_some_and(|other| other != date) {
                return None;
            }
            only = Some(date);
        }
    }
    only
}

/// Whether a block is an entry of a log of changes: a date and what was done then, beside
/// another such entry.
fn is_logged(blocks: &[Block], at: usize) -> bool {
    let entry = |at: usize| {
        blocks.get(at).is_some_and(|block| {
            let lower = fold(first_chars(&block.text, 4 * LINE));
            let mut dates = found(&lower, Order::MonthFirst);
            dates.truncate(1);
            dates.first().is_some_and(|date| {
                let behind = lower[date.end..].split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                lower[..date.start].chars().filter(|c| c.is_alphanumeric()).count() == 0 && behind.count() >= 2
            })
        })
    };
    entry(at) && (at > 0 && entry(at - 1) || entry(at + 1))
}

/// Which number of `05/06/2018` is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
    Unknown,
}

/// Signs of a text made in America, in lower case.
const AMERICAN: [&str; 5] = ["california", "united states", "delaware", "u.s.", "usa"];

/// Whether a sign stands between two digits that may part the numbers of a date. Asked before
/// the pattern, which is slow on texts with quotation marks and the like.
fn may_hold_numbers(text: &str) -> bool {
    let all = text.as_bytes();
    let digit = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || !byte.is_ascii());
    let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    let beside = |near: Option<&u8>, far: Option<&u8>| digit(near) || blank(near) && digit(far);
    bytes::any(all, |byte| byte.is_ascii_digit())
        && memchr::memchr3_iter(b'-', b'/', b'.', all).any(|at| {
            let before = |by: usize| at.checked_sub(by).and_then(|at| all.get(at));
            beside(before(1), before(2)) && beside(all.get(at + 1), all.get(at + 2))
        })
}

/// Whether four digits stand in a text that may be a year.
fn may_hold_year(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || !byte.is_ascii();
    bytes::any_pair(text.as_bytes(), |a, b| (a == b'1') & (b == b'9') | (a == b'2') & (b == b'0'))
        && text
            .as_bytes()
            .windows(4)
            .any(|four| matches!(&four[..2], b"19" | b"20") && digit(four[2]) && digit(four[3]))
}

/// How those signs begin, whatever stands for a blank in them.
static AMERICA: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let begin = AMERICAN.map(|sign| sign.split(' ').next().unwrap_or(sign));
    AhoCorasick::builder().ascii_case_insensitive(true).build(begin).expect("the signs are sound")
});

/// The order that a text keeps: other dates of it show, or else its language. English
/// alone has two: the order of its dates in words (`May 1, 2020`, `1 May 2020`) shows
/// which, or the country that it speaks of; else it cannot be told.
fn order(blocks: &[Block], language: Option<&str>) -> Order {
    let in_numbers = |block: &Block| may_hold_numbers(&block.text) && FORMS.numbers.is_match(&block.text);
    if !blocks.iter().any(in_numbers) {
        return Order::Unknown;
    }
    let (mut day_first, mut month_first) = (0, 0);
    let (mut day_month, mut month_day, mut american) = (0, 0, false);
    for block in blocks {
        let numbered = bytes::any(block.text.as_bytes(), |byte| byte.is_ascii_digit());
        let asked = numbered || !american && AMERICA.is_match(&block.text);
        if language == Some("en") && block.text.len() < 16 * LINE && asked {
            let lower = fold(&block.text);
            american = american || AMERICAN.iter().any(|sign| find_word(&lower, sign).is_some());
            if may_hold_year(&lower) {
                let named = |group: usize, found: &regex::Captures<'_>| month(&found[group]).is_some();
                day_month += FORMS.day_month.captures_iter(&lower).filter(|found| named(2, found)).count();
                month_day += FORMS.month_day.captures_iter(&lower).filter(|found| named(1, found)).count();
            }
        }
        if !block.text.contains('/') {
            continue;
        }
        for numbers in
            FORMS.numbers.captures_iter(&block.text).filter(|numbers| &numbers[2] == "/" && numbers[5].len() == 4)
        {
            let number = |group: usize| numbers[group].parse::<u32>().unwrap_or(0);
            match (number(1), number(3)) {
                (13..=31, 1..=12) => day_first += 1,
                (1..=12, 13..=31) => month_first += 1,
                _ => {}
            }
        }
    }
    match (day_first, month_first, language) {
        (1.., 0, _) => Order::DayFirst,
        (0, 1.., _) => Order::MonthFirst,
        (_, _, Some("en")) => match (day_month, month_day) {
            (0, 1..) => Order::MonthFirst,
            (1.., 0) => Order::DayFirst,
            _ if american => Order::MonthFirst,
            _ => Order::Unknown,
        },
        (
            _,
            _,
            Some(
                "fr" | "de" | "es" | "it" | "nl" | "pt" | "pl" | "da" | "no" | "fi" | "cs" | "tr" | "el" | "ro" | "ru"
                | "uk" | "ca",
            ),
        ) => Order::DayFirst,
        _ => Order::Unknown,
    }
}

/// Whether a block says nothing but a date or a version.
pub fn is_date_line(text: &str) -> bool {
    if text.chars().count() > LINE {
        return false;
    }
    let lower = fold(text);
    let mut rest = lower.clone();
    let dates = found(&lower, Order::MonthFirst);
    for date in dates.iter().rev() {
        rest.replace_range(date.start..date.end, " ");
    }
    let versions = VERSION.find_iter(&rest).count();
    if dates.is_empty() && versions == 0 {
        return false;
    }
    let mut rest = VERSION.replace_all(&rest, " ").into_owned();
    for (cue, _, _) in CUES {
        if rest.contains(cue) {
            rest = rest.replace(cue, " ");
        }
    }
    let mut words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let names = publisher(text);
    words.all(|word| FILLERS.contains(&word) || DOCUMENTS.contains(&word) || names.iter().any(|name| name == word))
}

/// The capitalised words before the document's name ("Acme Widgets Privacy Policy"), in
/// lower case; none if there are more than a publisher's name has.
fn publisher(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let Some(noun) = lower.iter().position(|word| DOCUMENTS.contains(&word.as_str())) else { return Vec::new() };
    let begin = words[..noun].iter().rposition(|word| !word.starts_with(char::is_uppercase)).map_or(0, |at| at + 1);
    if noun - begin <= 5 { lower[begin..noun].to_vec() } else { Vec::new() }
}

static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u:\b)(?:version|versie|versione|versión|versão|fassung|revision|rev|ver|v)[.:]?\s*[0-9]+(?:\.[0-9]+)*[a-z]?(?-u:\b)",
    )
    .expect("a sound pattern")
});

/// Lower case, one kind of apostrophe and blank. Keeps no byte positions of the original.
fn fold(text: &str) -> String {
    text.to_lowercase().replace(['’', '‘', '`', '´'], "'").replace(['\u{a0}', '\u{202f}', '\t', '\n'], " ")
}

/// Whether a text holds any cue.
static CUE: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(CUES.iter().map(|(cue, _, _)| cue)).expect("the cues are sound"));

/// What a line claims, in its order.
fn claims(text: &str, order: Order) -> Vec<(Claim, NaiveDate)> {
    // Most lines hold nothing like a date. Folded, a text holds no more of that.
    if !may_hold_year(text) && !may_hold_numbers(text) {
        return Vec::new();
    }
    // A cue and its date fit into this; what comes behind is prose.
    let lower: String = fold(text).chars().take(4_000).collect();
    if !CUE.is_match(&lower) {
        return Vec::new();
    }
    let dates = found(&lower, order);
    if dates.is_empty() {
        return Vec::new();
    }
    let short = lower.chars().count() <= LINE;
    let mut claims = Vec::new();
    for date in &dates {
        let Some(day) = date.day else { continue };
        if let Some(claim) = cue_of(&lower, date, &dates, short) {
            claims.push((claim, day));
        }
    }
    claims
}

/// The cue that a date belongs to: the nearest before it in reach, in the same
/// sentence, with no other date between; in a short line also one behind it.
fn cue_of(lower: &str, date: &Found, dates: &[Found], short: bool) -> Option<Claim> {
    let begin = dates.iter().map(|other| other.end).filter(|end| *end <= date.start).max().unwrap_or(0);
    let before = last_chars(&lower[begin..date.start], REACH);
    let behind = &lower[date.end..];
    let near = |text: &str, last: bool| {
        CUES.iter()
            .filter_map(|(cue, claim, reach)| {
                let at = if last { rfind_word(text, cue) } else { find_word(text, cue) }?;
                (*reach == Cue::Strong
                    || short
                    || names_document(before)
                    || names_document(lower_sentence(lower, date)))
                .then_some((at, cue.len(), *claim))
            })
            .collect::<Vec<_>>()
    };
    let sentence = before.rsplit(['.', ';', '!']).next().unwrap_or(before);
    // "Last updated. May 1" happens; a cue may stand one stop away when the line is short.
    let scope = if short { before } else { sentence };
    if superseded(scope) || ends_there(first_chars(behind, 24)) {
        return None;
    }
    if let Some((_, _, claim)) = near(scope, true).into_iter().max_by_key(|(at, len, _)| (at + len, *len)) {
        return Some(claim);
    }
    // "25/05/2018 (last update)"; but "25/05/2018: updated the list" logs a change.
    // Chinese, Japanese and Korean say what a date is right behind it.
    let joined =
        CUES.iter().any(|(cue, ..)| cue.starts_with(|c| c >= '\u{2e80}') && first_chars(behind, 8).contains(cue));
    if !short || dates.len() > 1 || !(joined || is_date_line(lower)) {
        return None;
    }
    near(behind, false).into_iter().min_by_key(|(at, len, _)| (*at, usize::MAX - len)).map(|(_, _, claim)| claim)
}

/// Words before the date of an end.
const UNTIL: [&str; 6] = ["until", "bis zum", "jusqu'au", "hasta el", "fino al", "até"];

/// Whether a cue speaks of an end or of an older version.
fn superseded(scope: &str) -> bool {
    ends_there(scope)
        || [
            "previous",
            "prior version",
            "earlier version",
            "expire",
            "précédente",
            "antérieure",
            "vorherige",
            "frühere",
        ]
        .iter()
        .any(|word| scope.contains(word))
}

fn ends_there(text: &str) -> bool {
    UNTIL.iter().any(|word| text.contains(word))
}

fn names_document(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| DOCUMENTS.contains(&word))
}

/// The sentence that a date stands in, at most 160 characters before it.
fn lower_sentence<'a>(lower: &'a str, date: &Found) -> &'a str {
    let before = last_chars(&lower[..date.start], LINE);
    before.rsplit(['.', ';', '!']).next().unwrap_or(before)
}

fn last_chars(text: &str, count: usize) -> &str {
    text.char_indices().rev().nth(count.saturating_sub(1)).map_or(text, |(at, _)| &text[at..])
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at])
}

fn find_word(text: &str, cue: &str) -> Option<usize> {
    text.match_indices(cue).map(|(at, _)| at).find(|at| stands_alone(text, *at, cue))
}

fn rfind_word(text: &str, cue: &str) -> Option<usize> {
    text.rmatch_indices(cue).map(|(at, _)| at).find(|at| stands_alone(text, *at, cue))
}

fn stands_alone(text: &str, at: usize, cue: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() && (c as u32) < 0x2e80;
    let before = text[..at].chars().next_back().is_some_and(letter);
    let after = text[at + cue.len()..].chars().next().is_some_and(letter);
    !before && !after
}

/// A date in a text, by its place; without a day where it cannot be told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    start: usize,
    end: usize,
    day: Option<NaiveDate>,
}

/// The ways to write a date, each a pattern over lower-case text.
struct Forms {
    year_first: Regex,
    numbers: Regex,
    day_month: Regex,
    month_day: Regex,
    month_year: Regex,
    han: Regex,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let sound = |pattern: &str| Regex::new(pattern).expect("a sound pattern");
    // Word boundaries beyond ASCII would keep the patterns from their fast engine.
    Forms {
        year_first: sound(r"(?-u:\b)((?:19|20)[0-9][0-9])\s?[-/.]\s?([0-9]{1,2})\s?[-/.]\s?([0-9]{1,2})(?-u:\b)"),
        numbers: sound(
            r"(?-u:\b)([0-9]{1,2})\s?([-/.])\s?([0-9]{1,2})\s?([-/.])\s?((?:19|20)[0-9][0-9]|[0-9][0-9])(?-u:\b)",
        ),
        day_month: sound(
            r"(?-u:\b)([0-9]{1,2})(?:\s?(?:st|nd|rd|th|er|re|e)(?-u:\b)|\s?[º°ª.])?[\s-]*(?:of |de |del |d'|the |day of )?([\p{L}]{3,12})\.?,?[\s-]*(?:de |del |of |di )?((?:19|20)[0-9][0-9])(?-u:\b)",
        ),
        month_day: sound(
            r"(?-u:\b)([\p{L}]{3,10})\.?\s?([0-9]{1,2})\s?(?:st|nd|rd|th)?\s?[,.]?\s?((?:19|20)[0-9][0-9])(?-u:\b)",
        ),
        month_year: sound(r"(?-u:\b)([\p{L}]{3,12})\.?,?\s(?:de |del |of |di )?((?:19|20)[0-9][0-9])(?-u:\b)"),
        han: sound(r"((?:19|20)[0-9][0-9])\s?[年년]\s?([0-9]{1,2})\s?[月월]\s?([0-9]{1,2})\s?[日일]"),
    }
});

/// All dates of a lower-case text, in its order and without overlap.
fn found(lower: &str, order: Order) -> Vec<Found> {
    let forms = &*FORMS;
    let mut all: Vec<Found> = Vec::new();
    if !may_hold_year(lower) && !may_hold_numbers(lower) {
        return all;
    }
    let mut add = |start: usize, end: usize, day: Option<NaiveDate>| {
        if !all.iter().any(|known| start < known.end && known.start < end) {
            all.push(Found { start, end, day });
        }
    };
    let text = |captures: &regex::Captures<'_>, group: usize| captures.get(group).map_or("", |m| m.as_str()).to_owned();
    let number = |word: String| word.parse::<u32>().unwrap_or(0);
    let span = |captures: &regex::Captures<'_>| captures.get(0).map_or((0, 0), |m| (m.start(), m.end()));
    for pattern in [&forms.year_first, &forms.han] {
        for captures in pattern.captures_iter(lower) {
            let day = date(number(text(&captures, 1)), number(text(&captures, 2)), number(text(&captures, 3)));
            if day.is_some() {
                let (start, end) = span(&captures);
                add(start, end, day);
            }
        }
    }
    for captures in forms.numbers.captures_iter(lower) {
        let separator = text(&captures, 2);
        let year = text(&captures, 5);
        // Two digits are a year only in the full form 01.02.18; else it is a version.
        let full = year.len() == 4 || (text(&captures, 1).len() == 2 && text(&captures, 3).len() == 2);
        if separator != text(&captures, 4) || !full {
            continue;
        }
        let year = if year.len() == 4 { number(year) } else { 2000 + number(year) };
        if let Some(day) = numbers(number(text(&captures, 1)), number(text(&captures, 3)), year, &separator, order) {
            let (start, end) = span(&captures);
            add(start, end, day);
        }
    }
    for (pattern, month_group, day_group) in [(&forms.day_month, 2, 1), (&forms.month_day, 1, 2)] {
        for captures in pattern.captures_iter(lower) {
            let Some(month) = month(&text(&captures, month_group)) else { continue };
            let day = date(number(text(&captures, 3)), month, number(text(&captures, day_group)));
            if day.is_some() {
                let (start, end) = span(&captures);
                add(start, end, day);
            }
        }
    }
    for captures in forms.month_year.captures_iter(lower) {
        if month(&text(&captures, 1)).is_some() {
            let (start, end) = span(&captures);
            add(start, end, None);
        }
    }
    all.sort_by_key(|date| date.start);
    all
}

/// The day that two numbers and a year mean; `Some(None)` is a date that cannot be told.
fn numbers(first: u32, second: u32, year: u32, separator: &str, order: Order) -> Option<Option<NaiveDate>> {
    let day_first = date(year, second, first);
    let month_first = date(year, first, second);
    Some(match (day_first, month_first) {
        (None, None) => return None,
        (Some(day), None) | (None, Some(day)) => Some(day),
        (Some(day), Some(other)) if day == other => Some(day),
        // Dots part days from months, in this order, wherever they are used.
        (Some(day), Some(_)) if separator == "." => Some(day),
        (Some(day), Some(other)) => match order {
            Order::DayFirst => Some(day),
            Order::MonthFirst => Some(other),
            Order::Unknown => None,
        },
    })
}

fn date(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    if !(1990..=2100).contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn month(word: &str) -> Option<u32> {
    let plain: String = word
        .chars()
        .map(|c| match c {
            'é' | 'è' | 'ê' => 'e',
            'û' | 'ú' => 'u',
            'ä' | 'á' => 'a',
            'ç' => 'c',
            'ź' => 'z',
            other => other,
        })
        .collect();
    let (_, month) =
        MONTHS.iter().find(|(beginnings, _)| beginnings.iter().any(|beginning| plain.starts_with(beginning)))?;
    // A month's name and not another word that begins so ("marketing 2020", "decree 2018").
    NAMES.contains(&plain.as_str()).then_some(*month)
}

/// The names and their short forms, without accents.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "janvier",
    "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
    "janv", "fevr", "avr", "juil", "januar", "janner", "jaenner", "februar", "marz", "maerz", "mrz", "juni", "juli",
    "oktober", "dezember", "okt", "dez", "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
    "septiembre", "setiembre", "octubre", "noviembre", "diciembre", "ene", "abr", "ago", "dic", "gennaio",
    "febbraio", "aprile", "maggio", "giugno", "luglio", "settembre", "ottobre", "dicembre", "gen", "mag", "giu",
    "lug", "set", "ott", "januari", "februari", "maart", "mei", "augustus", "mrt", "janeiro", "fevereiro", "marco",
    "maio", "junho", "julho", "setembro", "outubro", "novembro", "dezembro", "fev", "out", "augusti", "maj",
    "marts", "desember", "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia",
    "wrzesnia", "pazdziernika", "listopada", "grudnia", "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря", "січня", "лютого", "березня", "квітня", "травня",
    "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::BlockKind;

    fn claimed(lines: &[&str], language: Option<&str>) -> Option<String> {
        let blocks: Vec<Block> = lines
            .iter()
            .map(|text| Block { kind: BlockKind::Paragraph, text: (*text).to_owned(), links: Vec::new() })
            .collect();
        effective(&blocks, language).map(|date| date.to_string())
    }

    proptest::proptest! {
        /// What is not asked of the patterns has no date.
        #[test]
        fn a_text_that_cannot_hold_a_date_holds_none(text in "([0-9٣]{1,4}|[-/.]| |’|may|de|年|月|日|19|20){0,12}") {
            let (numbers, year) = (may_hold_numbers(&text), may_hold_year(&text));
            proptest::prop_assert!(numbers || !FORMS.numbers.is_match(&text), "{text:?}");
            let forms = [&FORMS.year_first, &FORMS.day_month, &FORMS.month_day, &FORMS.month_year, &FORMS.han];
            proptest::prop_assert!(year || !forms.iter().any(|form| form.is_match(&text)), "{text:?}");
        }
    }

    #[test]
    fn lines_with_a_cue_are_believed() {
        let table = [
            ("Last updated: April 24, 2018", "en", "2018-04-24"),
            ("This Acme Data Notice was updated on April 26, 2018", "en", "2018-04-26"),
            ("Effective date 1 May 2024", "en", "2024-05-01"),
            ("Effective: September 1st, 2023", "en", "2023-09-01"),
            ("Effective as of the 3rd of March 2021", "en", "2021-03-03"),
            ("Last modified on 2024-05-01", "en", "2024-05-01"),
            ("Last Revised: 05/25/2018", "en", "2018-05-25"),
            ("Last Revised: 05/06/2018", "fr", "2018-06-05"),
            ("Date de révision : 26 juillet 2022", "fr", "2022-07-26"),
            ("Ce texte vaut et s’applique à partir de 01/02/2026. Le texte précédent", "fr", "2026-02-01"),
            ("En vigueur depuis le 1er janvier 2024", "fr", "2024-01-01"),
            ("Diese Bestimmungen gelten ab 01.02.2026", "de", "2026-02-01"),
            ("Gültig ab 1. Januar 2024", "de", "2024-01-01"),
            ("Vigente desde el 4 de julio de 2019", "es", "2019-07-04"),
            ("Questa informativa è in vigore dal 1º marzo 2021", "it", "2021-03-01"),
            ("Deze voorwaarden gelden vanaf 7 mei 2018", "nl", "2018-05-07"),
            ("Em vigor a partir de 10 de março de 2022", "pt", "2022-03-10"),
            ("Polityka obowiązuje od 25 maja 2018 r.", "pl", "2018-05-25"),
            ("Data ostatniej aktualizacji: 3 października 2020", "pl", "2020-10-03"),
            ("Villkoren gäller från den 1 maj 2024", "sv", "2024-05-01"),
            ("Senast uppdaterad: 3 oktober 2023", "sv", "2023-10-03"),
            ("Последнее обновление: 5 июня 2021 г.", "ru", "2021-06-05"),
            ("生效日期:2024年5月1日", "zh", "2024-05-01"),
            ("最后更新:2024年5月1日", "zh", "2024-05-01"),
            ("本政策于2024年5月1日生效", "zh", "2024-05-01"),
            ("本規約は2023年4月1日に改定", "ja", "2023-04-01"),
            ("시행일: 2022년 3월 4일", "ko", "2022-03-04"),
            ("Last modified: 1 December 2021", "en", "2021-12-01"),
            ("Última actualización: 3 enero 2020", "es", "2020-01-03"),
            ("25/05/2018 (last update)", "en", "2018-05-25"),
            ("Revision date: 20240501", "en", ""),
            ("Stand: 25. Mai 2018", "de", "2018-05-25"),
            ("Stand 01.02.2018", "de", "2018-02-01"),
            ("Zuletzt aktualisiert am 3. März 2020", "de", "2020-03-03"),
            ("Dernière mise à jour : 1er juin 2021", "fr", "2021-06-01"),
            ("Dernière mise à jour le 05/06/2021", "fr", "2021-06-05"),
            ("Entrée en vigueur : 15 août 2022", "fr", "2022-08-15"),
            ("Última actualización: 4 de julio de 2019", "es", "2019-07-04"),
            ("Ultimo aggiornamento: 12 settembre 2020", "it", "2020-09-12"),
            ("Laatst bijgewerkt: 7 mei 2018", "nl", "2018-05-07"),
            ("Última atualização: 10 de março de 2022", "pt", "2022-03-10"),
            ("Version 2.1 of 14 June 2019", "en", "2019-06-14"),
            ("V 1.2 – updated 14 June 2019", "en", "2019-06-14"),
            ("最終更新日:2023年4月1日", "ja", "2023-04-01"),
            // Not told.
            ("Last updated: 05/06/2018", "xx", ""),
            ("Last updated: 05/06/2018", "en", ""),
            ("Stand: Juni 2021", "de", ""),
            ("Version 2023", "en", ""),
            ("© 2011-2024 Acme. All rights reserved.", "en", ""),
            ("The previous version, effective May 1, 2020, is here", "en", ""),
            ("May 26, 2026: Added a policy; updated the list of services", "en", ""),
            ("Last updated: May 2018", "en", ""),
            ("Last updated recently", "en", ""),
            ("On 25 May 2018 the Regulation came to be applied by all.", "en", ""),
            ("We follow the Act of April 24, 2018.", "en", ""),
            ("Terms of 2011: effective from March 3, 2011 until April 5, 2013", "en", ""),
            ("This version was effective until 3 June 2019", "en", ""),
        ];
        for (line, language, expected) in table {
            assert_eq!(claimed(&[line], Some(language)).unwrap_or_default(), expected, "{line}");
        }
    }

    #[test]
    fn what_takes_effect_goes_before_what_was_edited() {
        let lines = ["Last updated: May 1, 2024", "Effective: June 1, 2024", "Last updated: May 3, 2024"];
        assert_eq!(claimed(&lines, Some("en")).as_deref(), Some("2024-06-01"));
        assert_eq!(
            claimed(&["Posted March 2, 2020. Effective April 2, 2020."], Some("en")).as_deref(),
            Some("2020-04-02")
        );
        assert_eq!(claimed(&lines[..1], None).as_deref(), Some("2024-05-01"));
    }

    #[test]
    fn other_dates_of_the_text_show_the_order() {
        let last = "Last updated: 02/01/2026";
        assert_eq!(claimed(&[last], Some("en")), None);
        for american in ["We are Acme, a company of Delaware.", "Before May 2, 2020 we did it by hand."] {
            assert_eq!(claimed(&[last, american], Some("en")).as_deref(), Some("2026-02-01"), "{american}");
        }
        assert_eq!(claimed(&[last, "Before 2 May 2020 we did so."], Some("en")).as_deref(), Some("2026-01-02"));
        assert_eq!(claimed(&[last, "Until 28/03/2024 we did it by hand."], Some("en")).as_deref(), Some("2026-01-02"));
    }

    #[test]
    fn a_log_of_changes_is_no_claim() {
        let log =
            ["June 6, 2024: Terms updated.", "May 5, 2023: Privacy Policy updated.", "April 4, 2022: Prices updated."];
        assert_eq!(claimed(&log, Some("en")), None);
        let below = [&log[..], &["Last updated: June 1, 2024"]].concat();
        assert_eq!(claimed(&below, Some("en")).as_deref(), Some("2024-06-01"));
    }

    #[test]
    fn a_date_behind_a_long_list_of_contents_is_found_if_it_is_the_only_one() {
        let mut lines = vec!["We say what we do."; 100];
        lines[50] = "Effective date: April 27, 2026";
        assert_eq!(claimed(&lines, Some("en")).as_deref(), Some("2026-04-27"));
        lines[60] = "Acme last updated these Terms on April 27, 2026. Other versions are below.";
        assert_eq!(claimed(&lines, Some("en")).as_deref(), Some("2026-04-27"));
        lines[60] = "Last updated: May 1, 2026";
        assert_eq!(claimed(&lines, Some("en")), None);
        lines[50] = "The Privacy Act is effective April 27, 2026 and we follow it.";
        lines[60] = "We say what we do.";
        assert_eq!(claimed(&lines, Some("en")), None);
    }

    #[test]
    fn prose_needs_the_name_of_the_document() {
        let long = "We may share what we know of you with others, as the law allows, and we do so with care and after weighing it. \
            The Consumer Act, effective January 1, 2023, gives you more rights than you had before.";
        assert_eq!(claimed(&[long], Some("en")), None);
        let named = "We may share what we know of you with others, as the law allows, and we do so with care and after weighing it all. \
            This Privacy Policy is effective January 1, 2023.";
        assert_eq!(claimed(&[named], Some("en")).as_deref(), Some("2023-01-01"));
    }

    #[test]
    fn date_lines_say_nothing_else() {
        let table = [
            ("Last updated: April 24, 2018", true),
            ("This privacy policy was last updated on 1 May 2024.", true),
            ("Effective Date: 2024-05-01", true),
            ("Stand: 25. Mai 2018", true),
            ("Dernière mise à jour : 1er juin 2021", true),
            ("Version 2.1", true),
            ("v1.2 – 14 June 2019", true),
            ("Last updated: May 2018", true),
            ("This Acme Widgets Data Notice was updated on April 26, 2018", true),
            ("Last updated", false),
            ("We keep your data until 1 May 2024.", false),
            ("Minimum age: 16, effective May 1, 2024", false),
            ("You have 30 days", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_date_line(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_borne(text in "\\PC{0,200}", language in proptest::option::of("[a-z]{2}")) {
            assert_eq!(claimed(&[&text], language.as_deref()), claimed(&[&text], language.as_deref()));
            is_date_line(&text);
        }

        #[test]
        fn any_day_is_read_back(days in 0u64..20_000) {
            let day = NaiveDate::from_ymd_opt(1995, 1, 1).expect("a day") + chrono::Days::new(days);
            let line = format!("Last updated {}", day.format("%B %-d, %Y"));
            assert_eq!(claimed(&[&line], Some("en")), Some(day.to_string()));
            assert!(is_date_line(&line));
        }
    }
}
