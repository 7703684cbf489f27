//! How much of what a sentence names, however it is written: "thirty (30) days" is "30
//! days", "12 months" are "one year", and "EUR 9" are "9 euros".
//!
//! English, French and German. Pure; a text without figures or number words costs one
//! search.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::rules::pattern;

/// What a quantity is counted in. Units that always are so many of a smaller one are
/// counted in that: a week is seven days, a year twelve months. A month is no number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// Seconds up to weeks.
    Seconds,
    /// Days on which people work.
    WorkingDays,
    /// Months and years; ages, too.
    Months,
    /// Storage and transfer, in kilobytes.
    Kilobytes,
    /// Parts of a hundred.
    Percent,
    /// Money, by the currency's code.
    Money(&'static str),
    /// Nothing that is said: "at least 5".
    Bare,
}

impl Unit {
    /// Whether it measures time.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Unit::Seconds | Unit::WorkingDays | Unit::Months)
    }
}

/// How much of what; in thousandths of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity {
    /// Comes first, so that quantities of a kind stand together.
    pub(super) unit: Unit,
    /// A thousandth of the unit is one.
    pub(super) thousandths: u64,
}

impl Quantity {
    /// Whether it is a period of a day or more: what is shorter is how something works.
    pub(super) fn lasts_a_day(self) -> bool {
        const DAY: u64 = 24 * 60 * 60 * 1000;
        self.unit.is_time() && (self.unit != Unit::Seconds || self.thousandths >= DAY)
    }
}

const NUMBERS: [(&str, u64); 82] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("hundred", 100),
    ("un", 1),
    ("une", 1),
    ("deux", 2),
    ("trois", 3),
    ("quatre", 4),
    ("cinq", 5),
    ("sept", 7),
    ("huit", 8),
    ("neuf", 9),
    ("dix", 10),
    ("douze", 12),
    ("treize", 13),
    ("quatorze", 14),
    ("quinze", 15),
    ("seize", 16),
    ("dix-huit", 18),
    ("vingt", 20),
    ("vingt-quatre", 24),
    ("trente", 30),
    ("trente-six", 36),
    ("quarante-cinq", 45),
    ("soixante", 60),
    ("quatre-vingt-dix", 90),
    ("cent", 100),
    ("ein", 1),
    ("eine", 1),
    ("einem", 1),
    ("einen", 1),
    ("einer", 1),
    ("eines", 1),
    ("zwei", 2),
    ("drei", 3),
    ("vier", 4),
    ("fünf", 5),
    ("sechs", 6),
    ("sieben", 7),
    ("acht", 8),
    ("neun", 9),
    ("zehn", 10),
    ("zwölf", 12),
    ("dreizehn", 13),
    ("vierzehn", 14),
    ("fünfzehn", 15),
    ("sechzehn", 16),
    ("achtzehn", 18),
    ("zwanzig", 20),
    ("vierundzwanzig", 24),
    ("dreißig", 30),
    ("dreissig", 30),
    ("sechsunddreißig", 36),
    ("vierzig", 40),
    ("sechzig", 60),
    ("neunzig", 90),
    ("hundert", 100),
];

/// How a unit begins, what it is counted in, and how many of that it is. The first that
/// fits is meant.
const UNITS: [(&str, Unit, u64); 45] = [
    ("kb", Unit::Kilobytes, 1),
    ("mb", Unit::Kilobytes, 1000),
    ("mega", Unit::Kilobytes, 1000),
    ("gb", Unit::Kilobytes, 1_000_000),
    ("giga", Unit::Kilobytes, 1_000_000),
    ("tb", Unit::Kilobytes, 1_000_000_000),
    ("tera", Unit::Kilobytes, 1_000_000_000),
    ("quarter", Unit::Months, 3),
    ("trimestre", Unit::Months, 3),
    ("quartal", Unit::Months, 3),
    ("semest", Unit::Months, 6),
    ("second", Unit::Seconds, 1),
    ("sekunde", Unit::Seconds, 1),
    ("minute", Unit::Seconds, 60),
    ("hour", Unit::Seconds, 3600),
    ("heure", Unit::Seconds, 3600),
    ("stunde", Unit::Seconds, 3600),
    ("day", Unit::Seconds, 86_400),
    ("jour", Unit::Seconds, 86_400),
    ("tag", Unit::Seconds, 86_400),
    ("week", Unit::Seconds, 604_800),
    ("semaine", Unit::Seconds, 604_800),
    ("woche", Unit::Seconds, 604_800),
    ("month", Unit::Months, 1),
    ("mois", Unit::Months, 1),
    ("monat", Unit::Months, 1),
    ("year", Unit::Months, 12),
    ("an", Unit::Months, 12),
    ("jahr", Unit::Months, 12),
    ("percent", Unit::Percent, 1),
    ("per cent", Unit::Percent, 1),
    ("pour cent", Unit::Percent, 1),
    ("prozent", Unit::Percent, 1),
    ("%", Unit::Percent, 1),
    ("us dollar", Unit::Money("usd"), 1),
    ("dollar", Unit::Money("usd"), 1),
    ("usd", Unit::Money("usd"), 1),
    ("eur", Unit::Money("eur"), 1),
    ("€", Unit::Money("eur"), 1),
    ("$", Unit::Money("usd"), 1),
    ("£", Unit::Money("gbp"), 1),
    ("¥", Unit::Money("jpy"), 1),
    ("gbp", Unit::Money("gbp"), 1),
    ("pound", Unit::Money("gbp"), 1),
    ("chf", Unit::Money("chf"), 1),
];

static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
    let mut words: Vec<&str> = NUMBERS.iter().map(|(word, _)| *word).collect();
    // The longest first: "quatre-vingt-dix" is not four.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let tens = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety";
    let ones = "one|two|three|four|five|six|seven|eight|nine";
    let words = format!("(?:{tens})[- ](?:{ones})|{}", words.join("|"));
    let sign = r"us ?\$|[$€£¥]|\b(?:usd|eur|gbp|chf) ?";
    let unit = r"[%$€£¥]|(?:[kmgt]b|(?:giga|mega|tera)bytes?|quarters?|trimestres?|quartale?n?|semest(?:er|re)s?|seconds?|sekunden?|minuten?|minutes?|hours?|days?|weeks?|months?|years?|heures?|jours?|semaines?|mois|ans?|ann[ée]es?|stunden?|tage?n?|wochen?|monate?n?s?|jahre?n?s?|percent|per cent|pour cent|prozent|us dollars?|dollars?|usd|euros?|eur|gbp|pounds?|chf)\b";
    let age = r"\b(?:age of|under|over|aged|least|than|moins de|plus de|unter|[üu]ber) ";
    let older = r" (?:or|and) (?:older|over|above|up|under|younger)\b";
    pattern(&format!(
        r"(?P<age>{age})?(?P<sign>(?:{sign}) ?)?(?:(?P<figures>\d[\d.,]*)|\b(?P<words>{words})\b|\b(?:for|within|after|during|of|than|least) (?P<article>an?)\b|\b(?P<past>past|preceding|previous|last|prior)\b)(?: ?\(\w+\))?(?:[ -]?(?P<kind>business|working|calendar|consecutive|full|ouvr[ée]s|werk)?[ -]?(?P<unit>{unit})|(?P<older>{older}))?"
    ))
});

/// The quantities that a folded text names.
pub(super) fn quantities(folded: &str) -> BTreeSet<Quantity> {
    QUANTITY.captures_iter(folded).filter_map(|found| quantity(&found)).collect()
}

fn quantity(found: &regex::Captures<'_>) -> Option<Quantity> {
    let group = |name: &str| found.name(name).map(|part| part.as_str());
    let article = group("article").is_some() || matches!(group("words"), Some("un" | "une")) || {
        group("words").is_some_and(|word| word.starts_with("ein"))
    };
    let thousandths = match (group("figures"), group("words")) {
        (Some(figures), _) => in_figures(figures),
        (_, Some(words)) => in_words(words)? * 1000,
        _ => 1000,
    };
    if let Some(sign) = group("sign") {
        return Some(Quantity { unit: Unit::Money(currency(sign)), thousandths });
    }
    let Some(unit) = group("unit") else {
        // A bare number that people are as old as is an age; any other is not told.
        let bounded = group("age").is_some() || group("older").is_some();
        // In words, fewer numbers are ages: "under one roof".
        let years = if group("words").is_some() { 10_000..=21_000 } else { 5_000..=99_000 }.contains(&thousandths);
        return (bounded && years).then_some(Quantity { unit: Unit::Bare, thousandths });
    };
    // "A day will come" is a way of speaking, and so is the last day of something.
    let (_, counted, many) = UNITS.iter().find(|(start, ..)| unit.starts_with(start))?;
    if (article || group("past").is_some())
        && (*many <= 60 && *counted == Unit::Seconds || *many == 86_400 || !counted.is_time())
    {
        return None;
    }
    let working = matches!(group("kind"), Some("business" | "working" | "werk" | "ouvrés" | "ouvres"));
    let (unit, many) = if working { (Unit::WorkingDays, 1) } else { (*counted, *many) };
    Some(Quantity { unit, thousandths: thousandths.saturating_mul(many) })
}

/// Thousandths of a number in figures. What stands in groups of three is whole.
fn in_figures(figures: &str) -> u64 {
    let figures = figures.trim_end_matches(['.', ',']);
    let parts: Vec<&str> = figures.split(['.', ',']).collect();
    let grouped = parts.len() > 1 && parts[1..].iter().all(|part| part.len() == 3);
    let (whole, rest) = match parts.split_last() {
        Some((last, whole)) if !whole.is_empty() && !grouped => (whole.concat(), *last),
        _ => (parts.concat(), ""),
    };
    let rest: String = rest.chars().chain("000".chars()).take(3).collect();
    // More digits than fit are more than anybody asks for.
    format!("{whole}{rest}").parse().unwrap_or(u64::MAX)
}

/// How often something happens, in days, months and years: `weekly`, `each week` and `per week`
/// are one.
pub(super) fn frequencies(folded: &str) -> BTreeSet<&'static str> {
    const OFTEN: [(&str, &str); 16] = [
        ("dai", "day"),
        ("da", "day"),
        ("jour", "day"),
        ("quot", "day"),
        ("t", "day"),
        ("w", "week"),
        ("sem", "week"),
        ("heb", "week"),
        ("mo", "month"),
        ("men", "month"),
        ("q", "quarter"),
        ("v", "quarter"),
        ("tri", "quarter"),
        ("y", "year"),
        ("a", "year"),
        ("j", "year"),
    ];
    static FREQUENCY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:each|every|per|once an?|by the|chaque|par|pro|jede[nrsm]?) (?P<unit>day|week|month|quarter|year|jour|semaine|mois|trimestre|an|ann[ée]e|tag|woche|monat|quartal|jahr)\b|\b(?P<adverb>daily|weekly|monthly|quarterly|yearly|annual(?:ly)?|quotidien\w*|hebdomadaire\w*|mensuel\w*|trimestriel\w*|annuel\w*|t[äa]glich\w*|w[öo]chentlich\w*|monatlich\w*|viertelj[äa]hrlich\w*|j[äa]hrlich\w*)\b",
        )
    });
    let named = |found: regex::Captures<'_>| {
        let word = found.name("unit").or(found.name("adverb"))?.as_str().to_owned();
        let first = |start: &str| word.starts_with(start);
        // "trimestre" begins like "täglich" does, and "jour" like "jahr".
        let known = |(start, _): &&(&str, &str)| first(start) && !(first("tri") && *start == "t");
        OFTEN.iter().find(known).map(|(_, often)| *often)
    };
    FREQUENCY.captures_iter(folded).filter_map(named).collect()
}

/// What stands behind a number and is not what it counts; of millions, statistics are told.
const NO_NOUNS: [&str; 24] = [
    "million",
    "millions",
    "millionen",
    "billion",
    "thousand",
    "and",
    "the",
    "for",
    "per",
    "und",
    "des",
    "les",
    "der",
    "die",
    "von",
    "zum",
    "est",
    "from",
    "than",
    "with",
    "that",
    "this",
    "avec",
    "oder",
];

/// How many of what a folded text counts that has no unit: `two keys`.
pub(super) fn counted(folded: &str) -> BTreeMap<String, BTreeSet<u64>> {
    static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
        let articles = |word: &str| word.starts_with("ein") || matches!(word, "un" | "une");
        let words: Vec<&str> = NUMBERS.iter().map(|(word, _)| *word).filter(|word| !articles(word)).collect();
        pattern(&format!(
            r"\b(?P<number>\d{{1,3}}(?:[.,]\d{{3}})*|\d+|{}) (?P<noun>[a-z\u{{df}}-\u{{ff}}]{{3,}})\b",
            words.join("|")
        ))
    });
    let mut all: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for found in COUNTED.captures_iter(folded) {
        let (number, noun) = (&found["number"], &found["noun"]);
        if UNITS.iter().any(|(start, ..)| noun.starts_with(start)) || NO_NOUNS.contains(&noun) {
            continue;
        }
        let number = number.replace([',', '.'], "").parse().ok().or_else(|| in_words(number));
        let noun = noun.trim_end_matches(['s', 'n', 'e', 'y', 'i']).to_owned();
        all.entry(noun).or_default().extend(number);
    }
    all
}

fn in_words(words: &str) -> Option<u64> {
    let named = |word: &str| NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    named(words).or_else(|| {
        let (tens, ones) = words.split_once(['-', ' '])?;
        Some(named(tens)? + named(ones)?)
    })
}

fn currency(sign: &str) -> &'static str {
    match sign.trim() {
        "€" | "eur" => "eur",
        "£" | "gbp" => "gbp",
        "¥" => "jpy",
        "chf" => "chf",
        _ => "usd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_writing_a_quantity_are_one() {
        let cases = [
            ("within thirty (30) days", "within 30 days"),
            ("for 12 months", "for one year"),
            ("for twelve months", "for a year"),
            ("the plan costs 9 euros a month", "the plan costs eur 9 per month"),
            ("$10 a month", "us$10.00 a month"),
            ("a 60-day period", "a period of sixty days"),
            ("after twenty-four months", "after 2 years"),
            ("1,000 dollars", "$1000"),
            ("14 calendar days", "two weeks"),
            ("pendant un an", "pendant douze mois"),
            ("quatre-vingt-dix jours", "90 jours"),
            ("12 monate lang", "ein jahr lang"),
            ("binnen dreißig tagen", "binnen 30 tagen"),
            ("five percent", "5 %"),
            ("1.5 percent", "1,5 %"),
            ("over the past year", "over the past twelve months"),
            ("5 gb of room", "5 gigabytes of room"),
            ("if you are under 13", "if you are under the age of 13"),
            ("if you are under 13", "if you are under thirteen (13)"),
        ];
        for (a, b) in cases {
            let (a, b) = (quantities(a), quantities(b));
            assert_eq!(a, b);
            assert!(!a.is_empty());
        }
    }

    #[test]
    fn other_quantities_are_others() {
        let cases = [
            ("at least 14 days", "at least 14 weeks"),
            ("30 days", "30 business days"),
            ("ten years", "seven years"),
            ("un an", "trois ans"),
            ("$9", "€9"),
            ("5 gb", "2 gb"),
            ("1.5 percent", "15 percent"),
            ("under 13", "under 16"),
            ("sechs monaten", "24 monaten"),
        ];
        for (a, b) in cases {
            assert_ne!(quantities(a), quantities(b), "{a} {b}");
        }
    }

    #[test]
    fn how_often_is_one_however_it_is_said() {
        for (a, b) in [
            ("weekly", "each week"),
            ("billed monthly", "billed by the month"),
            ("chaque semaine", "hebdomadaire"),
            ("jedes jahr", "jährlich"),
            ("par trimestre", "trimestriel"),
            ("par jour", "täglich"),
        ] {
            assert_eq!(frequencies(a), frequencies(b), "{a} {b}");
            assert_eq!(frequencies(a).len(), 1, "{a}");
        }
        assert_ne!(frequencies("chaque semaine"), frequencies("chaque trimestre"));
        assert_ne!(counted("two keys"), counted("one key"));
        assert_eq!(counted("two keys"), counted("2 keys"));
        assert!(counted("30 days").is_empty(), "periods are told apart elsewhere");
    }

    #[test]
    fn ways_of_speaking_are_no_quantities() {
        for text in ["a day will come", "once a month", "one of us", "ein tag wie jeder", "une page", "section 4"] {
            assert!(quantities(text).is_empty(), "{text}: {:?}", quantities(text));
        }
    }
}
