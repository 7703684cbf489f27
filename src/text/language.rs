//! The language of a text, as ISO 639-1 writes it.
//!
//! The words decide where there are enough of them; a page's own `lang` is often
//! that of its template.

use std::sync::LazyLock;

use whatlang::Lang;

use super::bytes;

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
    let sample = match words.get(..SAMPLE) {
        Some(start) if start.is_ascii() => start,
        _ => words.char_indices().nth(SAMPLE).map_or(words, |(end, _)| &words[..end]),
    };
    let letters = bytes::count(sample.as_bytes(), |byte| byte.is_ascii_alphabetic());
    let enough = letters >= ENOUGH || {
        let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
        letters >= ENOUGH * 3 / 4 && sample.chars().count() >= ENOUGH
    };
    if !enough {
        return None;
    }
    if let Some(language) = by_small_words(sample) {
        return Some(language);
    }
    let info = whatlang::detect(sample)?;
    if info.is_reliable() { two_letters(info.lang()) } else { None }
}

/// Small words that hardly any other of these languages has, nor a near relative of it: they
/// tell most texts in a twentieth of the time that the detector takes.
const SMALL_WORDS: [(&str, &[&str]); 7] = [
    (
        "en",
        &[
            "the", "of", "and", "your", "you", "that", "this", "with", "our", "which", "are", "have", "from", "shall",
            "will", "by", "any", "such", "these",
        ],
    ),
    (
        "de",
        &[
            "der", "und", "von", "mit", "für", "auf", "nicht", "ist", "werden", "wir", "sie", "ihre", "oder", "eine",
            "einer", "durch", "zur", "zum", "sind", "wird", "diese",
        ],
    ),
    (
        "fr",
        &[
            "les", "vous", "nous", "votre", "vos", "dans", "pour", "avec", "aux", "sont", "nos", "cette", "être",
            "leur", "ces", "ou", "une", "sur",
        ],
    ),
    ("es", &["los", "las", "y", "el", "usted", "nuestros", "nuestra", "nuestro", "sus", "puede", "cualquier", "más"]),
    ("it", &["il", "di", "che", "della", "dei", "delle", "sono", "gli", "alla", "nel", "degli", "è"]),
    ("nl", &["het", "een", "uw", "wij", "niet", "zijn", "worden", "onze", "deze", "voor", "ook", "aan", "wordt"]),
    ("pt", &["não", "são", "você", "uma", "seus", "sua", "dos", "nosso", "ao", "pelo", "nossos"]),
];

/// A text is in a language if so large a share of its words are small ones of it…
const SMALL_SHARE: f32 = 0.12;
/// … and so many times fewer are of all others together.
const APART: u32 = 8;

/// No small word has more bytes.
const LONGEST: usize = 10;

/// The small words by their bytes, each in a place that the bytes name: a table of its own,
/// for it is asked for each word of each page.
struct Known([(u128, u8); 1024]);

impl Known {
    /// A word's bytes as one number.
    fn key(word: &[u8]) -> u128 {
        word.iter().fold(0, |key, byte| key << 8 | u128::from(*byte))
    }

    /// The places where a word may stand, from the first on.
    fn places(key: u128) -> impl Iterator<Item = usize> {
        let folded = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..1024).map(move |step| ((folded >> 54) as usize + step) % 1024)
    }

    fn language(&self, word: &[u8]) -> Option<usize> {
        let key = Self::key(word);
        let found = Self::places(key).map(|at| self.0[at]).find(|(known, _)| *known == key || *known == 0)?;
        (found.0 != 0).then_some(usize::from(found.1))
    }
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known([(0, 0); 1024]);
    for (language, (_, words)) in (0..).zip(&SMALL_WORDS) {
        for word in *words {
            let key = Known::key(word.as_bytes());
            let free = Known::places(key).find(|at| matches!(known.0[*at].0, 0) || known.0[*at].0 == key);
            known.0[free.expect("there are fewer words than places")] = (key, language);
        }
    }
    known
});

/// The language of a text, where its small words leave no doubt.
fn by_small_words(sample: &str) -> Option<&'static str> {
    let (language, most, others, words) = small_words(sample)?;
    let plain = most as f32 >= words as f32 * SMALL_SHARE && most >= APART * (others + 1);
    plain.then_some(language)
}

/// The language of a few words, as far as small words tell that no other of these languages
/// has: two of them, where hardly one of another stands among them.
pub(crate) fn of_few(words: &str) -> Option<&'static str> {
    let (language, most, others, words) = small_words(words)?;
    (most >= 2 && most * FEW >= words && most > 3 * others).then_some(language)
}

/// Among so many words stands a small one, at least.
const FEW: u32 = 12;

/// The language with the most small words, how many these are, how many others have, and how
/// many words there are.
fn small_words(sample: &str) -> Option<(&'static str, u32, u32, u32)> {
    let (mut counts, mut words) = ([0_u32; SMALL_WORDS.len()], 0_u32);
    let known = &*KNOWN;
    let mut count = |word: &[u8]| {
        if word.len() <= LONGEST
            && let Some(language) = known.language(word)
        {
            counts[language] += 1;
        }
    };
    let mut lower = String::new();
    for word in sample.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        words += 1;
        if word.len() > LONGEST {
            continue;
        }
        if word.is_ascii() {
            let mut small = [0; LONGEST];
            small[..word.len()].copy_from_slice(word.as_bytes());
            small.make_ascii_lowercase();
            count(&small[..word.len()]);
            continue;
        }
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        count(lower.as_bytes());
    }
    let (language, most) = counts.iter().copied().enumerate().max_by_key(|(_, count)| *count)?;
    Some((SMALL_WORDS[language].0, most, counts.iter().sum::<u32>() - most, words))
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
    fn small_words_tell_only_what_is_plain() {
        let plain = |text: &str| by_small_words(&text.repeat(6));
        assert_eq!(plain("We keep the data that you give us with any of your orders and share it. "), Some("en"));
        assert_eq!(plain("Nous utilisons vos données pour vous fournir les services dans votre pays. "), Some("fr"));
        assert_eq!(plain(GERMAN), Some("de"));
        // Names and numbers, two languages at once, a relative.
        assert_eq!(plain("_ga, Acme Ireland Limited, 2 years; _gid, Acme Ireland Limited, 1 day. "), None);
        assert_eq!(plain("We keep the data that you give us. Nous utilisons vos données pour vous et nous. "), None);
        assert_eq!(plain("Les dades personals que ens faciliteu es conserven durant el temps necessari. "), None);
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
