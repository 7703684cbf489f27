//! The language of a text, as ISO 639-1 writes it.
//!
//! The words decide where there are enough of them; a page's own `lang` is often
//! that of its template.

use whatlang::Lang;

/// Below this many characters the detector errs too often (four in a hundred).
const ENOUGH: usize = 160;

/// How many characters are looked at: more do not change the answer.
pub(super) const SAMPLE: usize = 4_000;

/// Tells the language of some words, or else what the page declares.
///
/// `declared` is a BCP 47 tag such as `de-AT`; only its language counts.
pub fn of(words: &str, declared: Option<&str>) -> Option<String> {
    detected(words).map(str::to_owned).or_else(|| declared.and_then(from_tag))
}

/// The language that the words alone show, if they are enough to show one.
pub fn detected(words: &str) -> Option<&'static str> {
    let sample = words.char_indices().nth(SAMPLE).map_or(words, |(end, _)| &words[..end]);
    if sample.chars().filter(|c| c.is_alphabetic()).count() < ENOUGH * 3 / 4 || sample.chars().count() < ENOUGH {
        return None;
    }
    let info = whatlang::detect(sample)?;
    if info.is_reliable() { two_letters(info.lang()) } else { None }
}

/// The language of a BCP 47 tag.
pub fn from_tag(tag: &str) -> Option<String> {
    let first = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    let sound = first.len() == 2 && first.bytes().all(|b| b.is_ascii_lowercase());
    match first.as_str() {
        // Norwegian has three codes; one is enough to compare with.
        "nb" | "nn" => Some("no".to_owned()),
        "iw" => Some("he".to_owned()),
        "eng" => Some("en".to_owned()),
        "deu" | "ger" => Some("de".to_owned()),
        "fra" | "fre" => Some("fr".to_owned()),
        "spa" => Some("es".to_owned()),
        "ita" => Some("it".to_owned()),
        "nld" | "dut" => Some("nl".to_owned()),
        "por" => Some("pt".to_owned()),
        _ => sound.then_some(first),
    }
}

fn two_letters(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "no",
        Lang::Fin => "fi",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Bul => "bg",
        Lang::Ron => "ro",
        Lang::Hun => "hu",
        Lang::Ell => "el",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Tur => "tr",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Pes => "fa",
        Lang::Hin => "hi",
        Lang::Ben => "bn",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Vie => "vi",
        Lang::Tha => "th",
        Lang::Ind => "id",
        Lang::Cat => "ca",
        Lang::Est => "et",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        // The rest is rare in policies, and rarely right on them.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: &str = "Wir verarbeiten Ihre Daten nur, soweit dies für die Erbringung unserer Dienste nötig ist. \
        Sie können der Verarbeitung jederzeit widersprechen; wir löschen dann alle Angaben, die wir nicht aufbewahren müssen.";

    #[test]
    fn words_outweigh_the_declared_language_where_there_are_enough() {
        assert_eq!(of(GERMAN, Some("en-US")).as_deref(), Some("de"));
        assert_eq!(of("Datenschutz", Some("en-US")).as_deref(), Some("en"));
        assert_eq!(of("Datenschutz", None), None);
        assert_eq!(of(&"1234 ".repeat(200), None), None);
    }

    #[test]
    fn tags_are_cut_to_two_letters() {
        let table = [
            ("de-AT", Some("de")),
            ("EN_us", Some("en")),
            ("nb-NO", Some("no")),
            ("fra", Some("fr")),
            ("x", None),
            ("", None),
        ];
        for (tag, expected) in table {
            assert_eq!(from_tag(tag).as_deref(), expected, "{tag}");
        }
    }
}
