//! How much of what a sentence names, however it is written: "thirty (30) days" is "30
//! days", "12 months" are "one year", and "EUR 9" are "9 euros".
//!
//! English, French and German. Pure; a text without figures or number words costs one
//! search.

use std::collections::BTreeSet;
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
const UNITS: [(&str, Unit, u64); 34] = [
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
    let unit = r"[%$€£¥]|(?:seconds?|sekunden?|minuten?|minutes?|hours?|days?|weeks?|months?|years?|heures?|jours?|semaines?|mois|ans?|ann[ée]es?|stunden?|tage?n?|wochen?|monate?n?s?|jahre?n?s?|percent|per cent|pour cent|prozent|us dollars?|dollars?|usd|euros?|eur|gbp|pounds?|chf)\b";
    let age = r"\b(?:age of|under|over|aged|least|than|moins de|plus de|unter|[üu]ber) ";
    let older = r" (?:or|and) (?:older|over|above|up|under|younger)\b";
    pattern(&format!(
        r"(?P<age>{age})?(?P<sign>(?:{sign}) ?)?(?:(?P<figures>\d[\d.,]*)|\b(?P<words>{words})\b|\b(?:for|within|after|during|of|than|least) (?P<article>an?)\b)(?: ?\(\w+\))?(?:[ -]?(?P<kind>business|working|calendar|consecutive|full|ouvr[ée]s|werk)?[ -]?(?P<unit>{unit})|(?P<older>{older}))?"
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
    // "A day will come" is a way of speaking.
    let (_, counted, many) = UNITS.iter().find(|(start, ..)| unit.starts_with(start))?;
    if article && (*many <= 60 && *counted == Unit::Seconds || *many == 86_400 || !counted.is_time()) {
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
            ("1.5 percent", "15 percent"),
            ("under 13", "under 16"),
            ("sechs monaten", "24 monaten"),
        ];
        for (a, b) in cases {
            assert_ne!(quantities(a), quantities(b), "{a} {b}");
        }
    }

    #[test]
    fn ways_of_speaking_are_no_quantities() {
        for text in ["a day will come", "once a month", "one of us", "ein tag wie jeder", "une page", "section 4"] {
            assert!(quantities(text).is_empty(), "{text}: {:?}", quantities(text));
        }
    }
}
