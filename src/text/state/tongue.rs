//! Languages: the one that the watch demands, the one that the address asks for, and the
//! one of the text before.
//!
//! A watch's setting decides alone. An address that asks for a language is a hint: it
//! refuses a page only where a text in that language is on record, so that a site without
//! that translation, or a path that only looks like a language, locks nobody out. What was
//! there before refuses nothing by itself: sites do change their language for good, and a
//! year of changes missed is worse than one notice.

use std::collections::HashSet;

use url::Url;

use crate::reading::{Reading, Why};

use super::{Seen, phrases};
use crate::reading::Unreadable;
use crate::text::language;

/// Below so many words the language of a text is not plain enough to refuse it.
const PLAIN: usize = 60;

/// The policy in another language than the one that is followed.
pub(super) fn foreign(seen: &Seen<'_>) -> Option<Unreadable> {
    let expected = seen.page.expected;
    if let Some(demanded) = expected.language.and_then(language::from_tag) {
        let now = language::detected(seen.main())?;
        return (demanded != now && !partly_in(seen.texts(), &demanded))
            .then(|| seen.refuse(Why::WrongLanguage, format!("the text is in {now}, the watch demands {demanded}")))
            .flatten();
    }
    let previous = expected.previous?;
    if seen.main_words() < PLAIN {
        return None;
    }
    let asked = asked(&seen.page.snapshot.url)?;
    let now = language::detected(seen.main())?;
    if asked.language == now || partly_in(seen.texts(), asked.language) {
        return None;
    }
    (previous.language.as_deref() == Some(asked.language))
        .then(|| {
            let Asked { language, by } = &asked;
            seen.refuse(
                Why::WrongLanguage,
                format!("the address asks for {language} ({by}), the page is in {now}; set language = \"{now}\" if that is meant"),
            )
        })
        .flatten()
}

/// The languages of two texts that are plainly in two: the one before, and the one now.
///
/// None if one of them cannot be told, or the later text is partly in the language of the
/// earlier or keeps words of it.
pub fn parallel(before: &Reading, now: &Reading) -> Option<(String, String)> {
    let (spoken, speaks) = (before.language.as_deref()?, now.language.as_deref()?);
    let blocks = || now.sections.iter().flat_map(|section| &section.blocks).map(|block| block.text.as_str()).collect();
    let apart = || shared(&phrases::fold(&before.text()), &phrases::fold(&now.text())) < 0.2;
    (spoken != speaks && !partly_in(blocks(), spoken) && apart()).then(|| (spoken.to_owned(), speaks.to_owned()))
}

/// Whether a part of the text is in a language: texts in two languages are in both.
fn partly_in(texts: Vec<&str>, wanted: &str) -> bool {
    let part = texts.len().div_ceil(4).max(1);
    texts.chunks(part).any(|part| language::detected(&part.join(" ")) == Some(wanted))
}

/// The share of a text's runs of three words that stood in the text before.
pub(super) fn shared(before: &str, now: &str) -> f64 {
    let runs = |text: &str| -> Vec<String> {
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(40_000).collect();
        words.windows(3).map(|run| run.join(" ")).collect()
    };
    let known: HashSet<String> = runs(before).into_iter().collect();
    let now = runs(now);
    if now.is_empty() {
        return 0.0;
    }
    now.iter().filter(|run| known.contains(*run)).count() as f64 / now.len() as f64
}

/// A language that an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    /// ISO 639-1.
    language: &'static str,
    /// The part of the address that says so.
    by: String,
}

/// Languages that an address may ask for. Those whose code is as often a word or a country
/// in addresses count only with a region (`ar-EG`) or in a query.
#[rustfmt::skip]
const ALONE: &[&str] = &[
    "en", "fr", "de", "es", "it", "nl", "pt", "pl", "ja", "zh", "ko", "ru", "tr", "sv", "da", "fi", "nb", "cs", "hu",
    "ro", "el", "he", "th", "vi", "sk", "bg", "hr", "lt", "lv", "et",
];
#[rustfmt::skip]
const WITH_REGION: &[&str] = &[
    "ar", "uk", "ca", "no", "id", "sl", "sr", "hi", "fa", "ms", "eu", "gl", "is", "mt", "ga", "cy", "sq", "mk", "bs",
    "ka", "hy", "az", "kk", "bn", "ta", "te", "ur", "sw", "tl", "af",
];

/// Countries that stand first in `country-language` (`ch-de`, `uk-en`), and are no language
/// that anybody writes with a region.
const FIRST_A_COUNTRY: &[&str] =
    &["be", "ch", "br", "uk", "ca", "us", "gb", "at", "au", "ie", "in", "lu", "mx", "se", "dk", "gr", "cz", "jp"];

/// Names of a query's part that chooses the language.
const PARAMETERS: &[&str] = &["hl", "lang", "locale", "language", "lng", "lc", "l"];

/// The language that an address asks for: in its query, else in its path or the first label
/// of its host. None if two parts ask for two.
fn asked(address: &str) -> Option<Asked> {
    let url = Url::parse(address).ok()?;
    let mut found = url
        .query_pairs()
        .filter(|(name, _)| PARAMETERS.contains(&name.to_ascii_lowercase().as_str()))
        .filter_map(|(name, value)| Some(Asked { language: of_value(&value)?, by: format!("{name}={value}") }))
        .collect::<Vec<_>>();
    if found.is_empty() {
        let label = url.host_str().and_then(|host| host.split('.').next()).into_iter();
        let parts = url.path_segments().into_iter().flatten().map(|part| part.split('.').next().unwrap_or(part));
        found = label
            .chain(parts)
            .filter_map(|part| Some(Asked { language: of_part(part)?, by: part.to_owned() }))
            .collect();
    }
    let first = found.pop()?;
    found.iter().all(|other| other.language == first.language).then_some(first)
}

fn known(code: &str) -> Option<&'static str> {
    ALONE.iter().chain(WITH_REGION).find(|known| code.eq_ignore_ascii_case(known)).copied().map(|code| {
        // As the detector calls it.
        if code == "nb" { "no" } else { code }
    })
}

/// The language that a query's value names: `fr`, `fr_FR`, `fr-CA`, `zh-Hans`.
fn of_value(value: &str) -> Option<&'static str> {
    let (language, region) = value.split_once(['-', '_']).map_or((value, None), |(a, b)| (a, Some(b)));
    region.is_none_or(is_region).then(|| known(language)).flatten()
}

/// The language that a part of a path or a label of a host names.
fn of_part(part: &str) -> Option<&'static str> {
    let Some((first, second)) = part.split_once(['-', '_']) else {
        return ALONE.iter().any(|known| part.eq_ignore_ascii_case(known)).then(|| known(part)).flatten();
    };
    if !is_region(second) {
        return None;
    }
    // `fr-CA` is written so; `ca-fr` may be French in Canada, or Catalan in France.
    let written = first.bytes().all(|b| b.is_ascii_lowercase()) && second.bytes().all(|b| b.is_ascii_uppercase());
    let country = FIRST_A_COUNTRY.iter().any(|known| first.eq_ignore_ascii_case(known));
    if country && !written {
        return None;
    }
    known(first)
}

/// Whether a text is the second part of a language tag: a country, a part of the world or a script.
fn is_region(text: &str) -> bool {
    match text.len() {
        2 => text.bytes().all(|b| b.is_ascii_alphabetic()),
        3 => text.bytes().all(|b| b.is_ascii_digit()),
        4 => ["hans", "hant", "latn", "cyrl", "arab"].iter().any(|script| text.eq_ignore_ascii_case(script)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_for_a_language_or_for_none() {
        let table = [
            ("https://acme.test/privacy?locale=fr_FR", Some(("fr", "locale=fr_FR"))),
            ("https://acme.test/privacy?x=1&hl=de", Some(("de", "hl=de"))),
            ("https://acme.test/en/privacy?lang=uk", Some(("uk", "lang=uk"))),
            ("https://acme.test/privacy?l=english", None),
            ("https://acme.test/privacy?hl=", None),
            ("https://acme.test/fr/privacy", Some(("fr", "fr"))),
            ("https://acme.test/fr-fr/privacy", Some(("fr", "fr-fr"))),
            ("https://acme.test/legal/en_US/", Some(("en", "en_US"))),
            ("https://acme.test/terms/en-US.html", Some(("en", "en-US"))),
            ("https://acme.test/privacy/intl/en", Some(("en", "en"))),
            ("https://acme.test/zh-Hans/privacy", Some(("zh", "zh-Hans"))),
            ("https://acme.test/es-419/privacy", Some(("es", "es-419"))),
            ("https://acme.test/nb-no/privacy", Some(("no", "nb-no"))),
            ("https://acme.test/ca-ES/privacy", Some(("ca", "ca-ES"))),
            ("https://fr.acme.test/privacy", Some(("fr", "fr"))),
            ("https://fr-fr.acme.test/legal/terms", Some(("fr", "fr-fr"))),
            ("https://de.acme.test/de/privacy", Some(("de", "de"))),
            // A country and a language, or two languages: nobody can tell.
            ("https://acme.test/fr/en/legal", None),
            ("https://de.acme.test/en/privacy", None),
            // Countries.
            ("https://uk.acme.test/privacy", None),
            ("https://acme.test/ch/privacy", None),
            ("https://acme.test/be/privacy", None),
            ("https://acme.test/ca/privacy", None),
            ("https://acme.test/us/privacy", None),
            ("https://acme.test/ca-fr/privacy", None),
            ("https://acme.test/be-nl/privacy", None),
            ("https://www.acme.fr/privacy", None),
            // Words and numbers.
            ("https://acme.test/id/is/no/privacy", None),
            ("https://acme.test/privacy-policy/de-identified", None),
            ("https://acme.test/fr-2/x-ray", None),
            ("no address", None),
        ];
        for (address, expected) in table {
            let found = asked(address);
            assert_eq!(found.as_ref().map(|asked| (asked.language, asked.by.as_str())), expected, "{address}");
        }
    }
}
