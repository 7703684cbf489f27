//! Sections: what stands under a heading, by the path of headings that leads there.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::{Block, BlockKind, CELL_BREAK, EMPTY_CELL};

/// What stands under one heading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// The headings that lead here, its own last, numbering removed; empty for what
    /// stands before the first heading.
    pub path: Vec<String>,
    /// How deep its heading is nested, 1 to 6, whatever levels the page left out; 0 where
    /// `path` is empty.
    pub level: u8,
    /// Its heading as it stands on the page, numbering included; none where `path` is empty.
    pub heading: Option<String>,
    /// The number in front of the heading (`4.2`, `(a)`, `IV`), if it has one.
    pub number: Option<String>,
    /// What links can point at.
    pub anchor: Option<String>,
    /// What stands under the heading. Never holds a heading.
    pub blocks: Vec<Block>,
}

impl Section {
    /// Heading and blocks as plain text: list items behind `- ` (two spaces of indent a
    /// level), an empty line between blocks, but none between items and rows.
    pub fn text(&self) -> String {
        self.written(|block| block.text.clone())
    }

    /// The same text with each cell of a table behind the name of its column, as
    /// `Cookie: _ga | Duration: 1 year`. Two texts are compared in this form, so that a row
    /// tells by itself what changed in it.
    pub fn labelled_text(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        self.written(|block| {
            match block.kind {
                BlockKind::TableHeader => names = block.text.split(CELL_BREAK).collect(),
                BlockKind::TableRow => return labelled(&block.text, &names),
                _ => names.clear(),
            }
            block.text.clone()
        })
    }

    fn written<'a>(&'a self, mut text: impl FnMut(&'a Block) -> String) -> String {
        let mut out = self.heading.clone().unwrap_or_default();
        let mut before: Option<&BlockKind> = self.heading.as_ref().map(|_| &BlockKind::Paragraph);
        for block in &self.blocks {
            if let Some(before) = before {
                out.push_str(if tight(before, &block.kind) { "\n" } else { "\n\n" });
            }
            if let BlockKind::ListItem { depth } = block.kind {
                (1..depth).for_each(|_| out.push_str("  "));
                out.push_str("- ");
            }
            out.push_str(&text(block));
            before = Some(&block.kind);
        }
        out
    }
}

/// Whether two blocks belong together without an empty line between them.
fn tight(before: &BlockKind, after: &BlockKind) -> bool {
    use BlockKind::{Definition, ListItem, TableHeader, TableRow, Term};
    matches!(
        (before, after),
        (ListItem { .. }, ListItem { .. })
            | (TableHeader | TableRow, TableRow)
            | (Term, Definition)
            | (Definition, Definition)
    )
}

/// Column names with more bytes are text, not labels to repeat in each row.
const LONGEST_NAME: usize = 80;

/// A row with its columns' names. One with a single cell heads the rows that follow: it
/// stands under no column.
fn labelled(row: &str, names: &[&str]) -> String {
    if names.is_empty() || !row.contains(CELL_BREAK) {
        return row.to_owned();
    }
    let mut out = String::with_capacity(row.len() * 2);
    for (at, cell) in row.split(CELL_BREAK).enumerate().filter(|(_, cell)| *cell != EMPTY_CELL) {
        if !out.is_empty() {
            out.push_str(CELL_BREAK);
        }
        let name = names.get(at).map_or("", |name| name.trim_end_matches(':'));
        if !matches!(name, "" | EMPTY_CELL) && name != cell && name.len() <= LONGEST_NAME {
            out.push_str(name);
            out.push_str(": ");
        }
        out.push_str(cell);
    }
    out
}

/// The longest text that can head a section, in bytes: every section below repeats it in
/// its path. What is longer is text.
const LONGEST_HEADING: usize = 2_000;

/// Parts blocks into sections. Every block stands in exactly one of them, in order.
pub fn section(blocks: Vec<Block>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Vec<(u8, String)> = Vec::new();
    for block in blocks {
        let (level, anchor) = match block.kind {
            BlockKind::Heading { level, anchor } if block.text.len() <= LONGEST_HEADING => (level, anchor),
            kind => {
                if sections.is_empty() {
                    sections.push(Section::default());
                }
                let headed = matches!(kind, BlockKind::Heading { .. });
                let kind = if headed { BlockKind::Paragraph } else { kind };
                if let Some(section) = sections.last_mut() {
                    section.blocks.push(Block { kind, ..block });
                }
                continue;
            }
        };
        let (number, title) = split_number(&block.text);
        while open.last().is_some_and(|(outer, _)| *outer >= level) {
            open.pop();
        }
        open.push((level, title.to_owned()));
        sections.push(Section {
            path: open.iter().map(|(_, title)| title.clone()).collect(),
            level: u8::try_from(open.len()).unwrap_or(u8::MAX),
            number,
            heading: Some(block.text),
            anchor,
            blocks: Vec::new(),
        });
    }
    sections
}

/// A number in front of a title, with what parts them: `4.2 `, `2a. `, `(a) `, `IV. `, `§ 5 – `, `Article 3: `.
///
/// Digits of any script count as digits, so that `１．` and `١.` are numbers too.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            (?P<word>(?:(?i:article|art\.|artikel|section|sect\.|clause|chapter|part|art[ií]culo|articolo|artigo|secci[oó]n|sezione|se[cç][cç][aã]o|cl[aá]usula|cap[ií]tulo|capitolo|abschnitt|absatz|kapitel|teil|ziffer|chapitre|partie|parte|titre|hoofdstuk|annex|appendix|exhibit|anhang|anlage|annexe|anexo|allegato|bijlage|schedule|статья|раздел|глава|артыкул|artykuł|rozdział|madde|pasal|điều|článek|čl\.|стаття|розділ|член|чл\.|άρθρο|articolul)\.?|§{1,2})\s*
                (?:\p{Nd}+(?:\.\p{Nd}+)*[a-z]?|[IVXLC]+|[A-Z]))(?:\s*[.:)：．、–—-]+\s*|\s+)
          | (?P<cjk>第\s*(?:\p{Nd}+|[一二三四五六七八九十百]+)\s*[条條章节節項项部]|제\s*\p{Nd}+\s*[조장절항])[\s:：、．.]*
          | (?P<many>\p{Nd}{1,3}(?:[.．-]\p{Nd}{1,3})+[a-z]?)(?:[.．:)）][–—-]?\s*|\s*[–—-]\s+|\s+)
          | (?P<one>\p{Nd}{1,3})(?:[.．)）、][–—-]?\s*|\s*[:：–—-]\s+|[°º]\s*[.):–—-]?\s+)
          | (?P<lettered>\p{Nd}{1,2}[a-z])(?:[.)]\s*|\s*[:–—-]\s+|\s+)
          | (?P<bare>\p{Nd}{1,2})\s+
          | (?P<paren>[(（](?:[a-zA-Z]|\p{Nd}{1,3}|[ivx]{1,5}|[IVX]{1,5}|[一二三四五六七八九十]{1,3})[)）])\s*
          | (?P<ideograph>[一二三四五六七八九十]{1,3})(?:[、．.]\s*|\s+)
          | (?P<roman>[IVXL]{1,6}|[ivx]{1,5})(?:[.)]\s*|\s*[:–—-]\s+)
          | (?P<letter>[A-Za-z])(?:[.)]\s+|\)|\s+[–—-]\s+)
        )(?P<title>\S)",
    )
    .expect("the pattern is sound")
});

/// How a number can be written, in the order of the pattern.
const KINDS: [&str; 10] = ["word", "cjk", "many", "one", "lettered", "bare", "paren", "ideograph", "roman", "letter"];

/// Parts a heading into its number, if it has one, and its title. A heading that is
/// nothing but a number keeps it as its title; a picture in front of both is of neither.
pub(crate) fn split_number(heading: &str) -> (Option<String>, &str) {
    let heading = unadorned(heading);
    if !may_be_numbered(heading) {
        return (None, heading);
    }
    if let Some((number, title)) = plainly_numbered(heading) {
        return if title.contains('\n') { (None, heading) } else { (Some(number.to_owned()), title) };
    }
    let Some(found) = NUMBER.captures(heading) else { return (None, heading) };
    let Some(title) = found.name("title").map(|title| &heading[title.start()..]) else { return (None, heading) };
    if title.contains('\n') || !title.chars().any(char::is_alphabetic) {
        return (None, heading);
    }
    // "18 years and older" and "2d animation" begin with words, not with numbers.
    let starts_title = title.chars().next().is_some_and(|c| !c.is_lowercase() && !c.is_numeric());
    if (found.name("bare").is_some() || found.name("lettered").is_some()) && !starts_title {
        return (None, heading);
    }
    let number = KINDS.into_iter().find_map(|kind| found.name(kind)).map(|number| number.as_str().to_owned());
    (number, title)
}

/// What [`NUMBER`] finds in most of the headings that have a number, `4. Fees` and `4.2 Fees`:
/// digits with stops between or behind them, a blank and a letter.
fn plainly_numbered(heading: &str) -> Option<(&str, &str)> {
    let bytes = heading.as_bytes();
    let mut at = 0;
    loop {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !matches!(digits, 1..=3) {
            return None;
        }
        at += digits;
        if bytes.get(at) != Some(&b'.') || !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            break;
        }
        at += 1;
    }
    let number = &heading[..at];
    let stop = usize::from(bytes.get(at) == Some(&b'.'));
    // Digits alone may be an amount.
    if stop == 0 && !number.contains('.') {
        return None;
    }
    at += stop + 1;
    let title = bytes.get(at)?.is_ascii_alphabetic() && bytes[at - 1] == b' ';
    title.then(|| (number, &heading[at..]))
}

/// A heading without the little pictures and arrows that it begins with.
fn unadorned(heading: &str) -> &str {
    // What is drawn begins with one of two bytes.
    if !matches!(heading.as_bytes().first(), Some(0xe2 | 0xf0)) {
        return heading;
    }
    // Ticks and crosses, numbers in circles, flags.
    let says = |c: char| matches!(c, '\u{2705}' | '\u{2713}'..='\u{2718}' | '\u{274c}' | '\u{274e}' | '\u{2776}'..='\u{2793}' | '\u{1f1e6}'..='\u{1f1ff}');
    let drawn = |c: char| {
        matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
            && !says(c)
    };
    // How it is drawn, and what joins two into one.
    let with = |c: char| matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{200d}') || c.is_whitespace();
    let bare = heading.trim_start_matches(|c| drawn(c) || with(c));
    if bare.chars().any(char::is_alphanumeric) { bare } else { heading }
}

/// The words that [`NUMBER`] knows in front of a number, as far as they are ASCII and none
/// begins with another.
#[rustfmt::skip]
const NUMBERED_WORDS: [&str; 30] = [
    "art", "sect", "clause", "chapter", "part", "seccion", "sezione", "seccao", "clausula", "capitulo", "capitolo",
    "abschnitt", "absatz", "kapitel", "teil", "ziffer", "chapitre", "titre", "hoofdstuk", "annex", "appendix",
    "exhibit", "anhang", "anlage", "anexo", "allegato", "bijlage", "schedule", "madde", "pasal",
];

/// Whether [`NUMBER`] may match, told by how the text begins: most lines begin with a word,
/// and the pattern is dear.
fn may_be_numbered(heading: &str) -> bool {
    let bytes = heading.as_bytes();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    match bytes.first() {
        None => false,
        Some(first) if first.is_ascii_digit() || matches!(first, b'(' | 128..) => true,
        Some(_) if letters == 0 => false,
        // A single letter, or Roman digits.
        Some(_) if letters <= 6 && is_behind_number(&heading[letters..]) => true,
        Some(_) => match bytes.get(letters) {
            None => false,
            Some(128..) => true,
            Some(_) => {
                let word = &bytes[..letters];
                let begins = |known: &&str| {
                    word.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()))
                };
                // The number may be the end of the word.
                let number = heading[letters..].trim_start_matches('.').trim_start().bytes().next();
                let may_be = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || !byte.is_ascii();
                (number.is_some_and(may_be) || may_be(bytes[letters - 1])) && NUMBERED_WORDS.iter().any(begins)
            }
        },
    }
}

/// Whether a text begins with what may part a number from a title.
fn is_behind_number(rest: &str) -> bool {
    rest.trim_start().starts_with(['.', ')', ':', '–', '—', '-'])
}

/// A title without case and punctuation, as titles are compared.
pub(crate) fn plain_title(title: &str) -> String {
    if title.is_ascii() {
        let mut out = String::with_capacity(title.len());
        for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        out.make_ascii_lowercase();
        return out;
    }
    title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_part_from_titles() {
        let cases = [
            ("4.2 Your rights", Some("4.2"), "Your rights"),
            ("1. Scope", Some("1"), "Scope"),
            ("1) Scope", Some("1"), "Scope"),
            ("1.Scope", Some("1"), "Scope"),
            ("3 Cookies", Some("3"), "Cookies"),
            ("10.1.2. Third parties", Some("10.1.2"), "Third parties"),
            ("(a) Purpose", Some("(a)"), "Purpose"),
            ("IV. Duration", Some("IV"), "Duration"),
            ("A. Definitions", Some("A"), "Definitions"),
            ("§ 5 Haftung", Some("§ 5"), "Haftung"),
            ("Article 3 – Objet", Some("Article 3"), "Objet"),
            ("Section 2: Your content", Some("Section 2"), "Your content"),
            ("2a. Eligibility", Some("2a"), "Eligibility"),
            ("15d PROTOCOLS", Some("15d"), "PROTOCOLS"),
            ("16-1. Waiver", Some("16-1"), "Waiver"),
            ("II – Objet", Some("II"), "Objet"),
            ("a) Zweck der Verarbeitung", Some("a"), "Zweck der Verarbeitung"),
            ("a)Zweck", Some("a"), "Zweck"),
            ("Schedule 1 - Details", Some("Schedule 1"), "Details"),
            ("Anlage 2: Technische Maßnahmen", Some("Anlage 2"), "Technische Maßnahmen"),
            ("ARTÍCULO 4.- Precio", Some("ARTÍCULO 4"), "Precio"),
            ("1º Objeto", Some("1"), "Objeto"),
            ("1.- Objeto", Some("1"), "Objeto"),
            ("1.2.- Objeto", Some("1.2"), "Objeto"),
            ("Ziffer 4 Haftung", Some("Ziffer 4"), "Haftung"),
            ("３．個人情報の利用目的", Some("３"), "個人情報の利用目的"),
            ("第3条（目的）", Some("第3条"), "（目的）"),
            ("第十二条 责任限制", Some("第十二条"), "责任限制"),
            ("一、信息收集", Some("一"), "信息收集"),
            ("(ii) Purpose", Some("(ii)"), "Purpose"),
            ("(GDPR) Your rights", None, "(GDPR) Your rights"),
            ("3d printing", None, "3d printing"),
            ("Article 3", None, "Article 3"),
            ("18 years and older", None, "18 years and older"),
            ("2018 notice", None, "2018 notice"),
            ("1.1.", None, "1.1."),
            ("1. 2.", None, "1. 2."),
            ("Introduction", None, "Introduction"),
            ("I agree", None, "I agree"),
            ("A word on cookies", None, "A word on cookies"),
            ("📊 2. Datos", Some("2"), "Datos"),
            ("⚖️ Your rights", None, "Your rights"),
            ("➡ 👩‍💻 Who we are", None, "Who we are"),
            ("“Acme” and you", None, "“Acme” and you"),
            ("🔒", None, "🔒"),
            ("", None, ""),
        ];
        for (heading, number, title) in cases {
            assert_eq!(split_number(heading), (number.map(str::to_owned), title), "{heading}");
        }
    }

    proptest::proptest! {
        #[test]
        fn plain_numbers_are_those_that_the_pattern_finds(heading in "[0-9]{0,4}([.-][0-9]{1,3}){0,2}[.)a]?[ –\\t]{0,2}[A-Za-z0-9ä(.]{1,3}") {
            if let Some(plain) = plainly_numbered(&heading) {
                let found = NUMBER.captures(&heading).expect("a number");
                let number = KINDS.into_iter().find_map(|kind| found.name(kind)).map_or("", |number| number.as_str());
                let title = found.name("title").map_or("", |title| &heading[title.start()..]);
                proptest::prop_assert_eq!(plain, (number, title));
            }
        }

        /// What is not asked of the pattern has no number.
        #[test]
        fn a_text_that_cannot_be_numbered_is_not(
            text in "(article|Section|§|cláusula|ſection|Titre|IV|[a-zA-Z0-9(（第é]{1,7}|\\PC{0,4})[ .):–-]{0,3}[0-9A-Za-zé一]{0,3}[. )]{0,2}[A-Za-z0-9 ]{0,6}"
        ) {
            if !may_be_numbered(&text) {
                proptest::prop_assert!(!NUMBER.is_match(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn a_row_is_labelled_with_its_columns() {
        let block = |kind, text: &str| Block { kind, text: text.to_owned(), links: Vec::new() };
        let section = Section {
            blocks: vec![
                block(BlockKind::TableHeader, "Cookie | Purpose | Duration:"),
                block(BlockKind::TableRow, "_ga | – | 1 year"),
                block(BlockKind::TableRow, "Of others"),
                block(BlockKind::TableRow, "_x | Purpose | 1 day | more"),
                block(BlockKind::Paragraph, "And so on."),
                block(BlockKind::TableRow, "a | b"),
            ],
            ..Section::default()
        };
        assert_eq!(
            section.labelled_text(),
            "Cookie | Purpose | Duration:\nCookie: _ga | Duration: 1 year\nOf others\nCookie: _x | Purpose | Duration: 1 day | more\n\nAnd so on.\n\na | b"
        );
        assert!(section.text().starts_with("Cookie | Purpose | Duration:\n_ga | – | 1 year\nOf others\n"));
    }
}
