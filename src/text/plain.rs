//! Plain text to blocks: headings, clauses and lists by their look.
//!
//! A text is either wrapped hard (lines of 60 to 100 columns, joined here) or has one
//! paragraph a line. The PDF reader tells bullets, clauses and headings by the same rules.

use super::{Block, BlockKind, noise};

/// The longest line of a text that is wrapped by hand.
const WRAP: usize = 100;

/// The longest heading, in characters and in words.
const HEADING_CHARS: usize = 100;
const HEADING_WORDS: usize = 14;

/// Reads plain text.
pub fn blocks(source: &str) -> Vec<Block> {
    let lines = source.trim_start_matches('\u{feff}').split(['\n', '\u{c}', '\u{b}', '\u{2028}', '\u{2029}']);
    // Printers number their pages.
    let lines: Vec<&str> = lines.filter(|line| noise::phrase(line.trim()) != Some("pagination")).collect();
    let how = if is_wrapped(&lines) { Wrap::Hard } else { Wrap::None };
    classify(&paragraphs(&lines, how))
}

/// How lines make paragraphs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    /// One paragraph a line.
    None,
    /// Lines belong together until an empty line, a bullet or a clause number.
    Hard,
}

/// A paragraph with what its first line showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paragraph {
    /// Its words, white space folded.
    pub(super) text: String,
    /// Columns before its first word.
    pub(super) indent: usize,
    /// Whether it is underlined by a line of `=` or `-`: 1 and 2.
    underline: Option<u8>,
}

impl Paragraph {
    /// A paragraph without indentation and underline.
    pub(super) fn flush(text: String) -> Self {
        Self { text, indent: 0, underline: None }
    }
}

/// Whether lines that follow each other are mostly as long as a typewriter's.
fn is_wrapped(lines: &[&str]) -> bool {
    let mut joined = 0usize;
    let mut broken = 0usize;
    let mut full = 0usize;
    let mut long = 0usize;
    let mut filled = 0usize;
    for pair in lines.windows(2) {
        let length = pair[0].trim_end().chars().count();
        filled += usize::from(length > 0);
        long += usize::from(length > WRAP);
        let next = fold(pair[1]);
        if length > 0 && !next.is_empty() && bullet(&next).is_none() && !letter(&next) && underline(&next).is_none() {
            joined += 1;
            full += usize::from((50..=WRAP).contains(&length));
            // A sentence that goes on in the next line.
            let goes_on = next.chars().next().is_some_and(char::is_lowercase);
            broken += usize::from(length >= 40 && goes_on && !pair[0].trim_end().ends_with(['.', ':', ';', '!', '?']));
        }
    }
    (joined >= 3 && full * 2 >= joined || broken >= 2 && broken * 3 >= joined) && long * 20 <= filled
}

/// Gathers lines into paragraphs.
pub(super) fn paragraphs(lines: &[&str], how: Wrap) -> Vec<Paragraph> {
    let width = lines.iter().map(|line| line.trim().chars().count()).max().unwrap_or(0);
    let mut out: Vec<Paragraph> = Vec::new();
    let mut open = false;
    let mut last = 0;
    for line in lines {
        let text = fold(line);
        if text.is_empty() {
            open = false;
            continue;
        }
        if let Some(level) = underline(&text) {
            if let (true, Some(paragraph)) = (open, out.last_mut()) {
                paragraph.underline = Some(level);
            }
            open = false;
            continue;
        }
        let goes_on = open
            && how == Wrap::Hard
            && !starts_anew(&text)
            && !is_row(line)
            && !out.last().is_some_and(|before| ends_early(before, last, &text, width));
        last = text.chars().count();
        match out.last_mut() {
            Some(paragraph) if goes_on => append(&mut paragraph.text, &text),
            _ => out.push(Paragraph { text, indent: indent(line), underline: None }),
        }
        open = true;
    }
    out
}

/// Whether a line is a row of cells, set apart by blanks.
fn is_row(line: &str) -> bool {
    line.trim().split("   ").filter(|cell| !cell.trim().is_empty()).count() >= 3
}

/// Joins a wrapped line to what stands before it, mending a word parted by a hyphen.
pub(super) fn append(text: &mut String, line: &str) {
    let parted = text.ends_with('\u{ad}')
        || text.ends_with('-')
            && text.chars().rev().nth(1).is_some_and(char::is_lowercase)
            && line.chars().next().is_some_and(char::is_lowercase)
            && !compound(text);
    if parted {
        text.pop();
    } else if !text.ends_with('-') || text.ends_with(" -") {
        text.push(' ');
    }
    text.push_str(line);
}

/// Whether the word before a hyphen at the end is one that keeps it (`non-`, `third-`).
fn compound(text: &str) -> bool {
    let stem = text.trim_end_matches('-');
    let word = stem.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    let twice = stem.rsplit(' ').next().unwrap_or_default().contains('-');
    twice
        || [
            "non", "third", "self", "opt", "pre", "co", "e", "sub", "re", "anti", "cross", "well", "long", "short",
            "up", "sign", "log",
        ]
        .contains(&word.as_str())
}

/// Whether the line before was cut short on purpose: a heading above its text.
fn ends_early(before: &Paragraph, last: usize, line: &str, width: usize) -> bool {
    let ended = before.text.ends_with(['.', ':', ';', '!', '?']);
    let upper = line.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric());
    // Counted only where it can be: the paragraph may hold all lines so far.
    let single = before.text.len() <= 4 * last && before.text.chars().count() == last;
    upper && (ended && last * 4 < width * 3 || single && last * 2 < width && looks_heading(&before.text))
}

pub(super) fn starts_anew(line: &str) -> bool {
    bullet(line).is_some() || clause(line).is_some_and(|(number, rest)| number.len() > 2 && !rest.is_empty())
}

/// Folds white space and control characters; keeps words only.
pub(super) fn fold(line: &str) -> String {
    let clean: String = line
        .chars()
        .map(|c| if c.is_control() || c == '\u{feff}' { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{200b}' | '\u{2060}'))
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn indent(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

fn underline(text: &str) -> Option<u8> {
    if text.len() < 3 {
        return None;
    }
    if text.bytes().all(|b| b == b'=') {
        Some(1)
    } else if text.bytes().all(|b| matches!(b, b'-' | b'_' | b'*' | b'~' | b' ')) {
        Some(2)
    } else {
        None
    }
}

/// Tells what each paragraph is.
pub(super) fn classify(paragraphs: &[Paragraph]) -> Vec<Block> {
    let base = paragraphs.iter().map(|paragraph| paragraph.indent).min().unwrap_or(0);
    let mut out: Vec<Block> = Vec::new();
    let mut titled = false;
    for (i, paragraph) in paragraphs.iter().enumerate() {
        let kind = if let Some(rest) = bullet(&paragraph.text) {
            let depth = u8::try_from(1 + (paragraph.indent - base) / 4).unwrap_or(u8::MAX).clamp(1, 6);
            push(&mut out, BlockKind::ListItem { depth }, rest);
            continue;
        } else if let Some(level) = paragraph.underline.filter(|_| looks_heading(&paragraph.text)) {
            BlockKind::Heading { level, anchor: None }
        } else if is_heading(paragraph, paragraphs.get(i + 1), paragraphs.get(i + 2)) {
            BlockKind::Heading { level: level(&paragraph.text, i, titled), anchor: None }
        } else if letter(&paragraph.text) {
            BlockKind::ListItem { depth: 1 }
        } else {
            BlockKind::Paragraph
        };
        titled |= matches!(kind, BlockKind::Heading { .. });
        push(&mut out, kind, &paragraph.text);
    }
    out
}

fn push(out: &mut Vec<Block>, kind: BlockKind, text: &str) {
    if !text.is_empty() {
        out.push(Block { kind, text: text.to_owned(), links: Vec::new() });
    }
}

/// A short line above prose, a list or another heading.
pub(super) fn is_heading(paragraph: &Paragraph, next: Option<&Paragraph>, after: Option<&Paragraph>) -> bool {
    let text = paragraph.text.as_str();
    let Some(next) = next else { return false };
    if !looks_heading(text) || super::date::is_date_line(text) || text.contains('@') {
        return false;
    }
    let marked = clause(text).is_some() || is_capital(text);
    let spoken = marked && next.text.ends_with(['.', ':']) && next.text.split(' ').count() >= 3;
    let above_prose = spoken || is_prose(&next.text) || bullet(&next.text).is_some() && !text.ends_with(',');
    let above_date = super::date::is_date_line(&next.text);
    // A heading above a heading above prose: "Privacy Policy", "What we collect", "We …".
    let above_heading = looks_heading(&next.text) && after.is_some_and(|after| is_prose(&after.text));
    above_prose
        || above_date
        || marked && looks_heading(&next.text)
        || above_heading && (marked || clause(&next.text).is_some() || text.chars().count() < 60)
}

/// Whether a line alone could be a heading.
pub(super) fn looks_heading(text: &str) -> bool {
    let words = text.split(' ').count();
    let numbered = clause(text);
    let body = numbered.map_or(text, |(_, rest)| rest);
    let begins = body.chars().find(|c| c.is_alphanumeric() || *c == '(');
    let starts = begins.is_some_and(|c| c.is_uppercase() || c.is_numeric() || !c.is_lowercase() && !c.is_ascii());
    let ends = match text.chars().next_back() {
        // "Article 3." and "1. Data." are headings; a sentence is not.
        Some('.') => (numbered.is_some() || is_capital(text)) && words <= 8,
        Some(':') => words <= 6 && (numbered.is_some() || is_capital(text)),
        Some(',' | ';' | '!') | None => false,
        Some(_) => true,
    };
    // A number in front makes a longer line a heading.
    let (most_words, most_chars) = if numbered.is_some() { (22, 150) } else { (HEADING_WORDS, HEADING_CHARS) };
    let last = text.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let goes_on = ["or", "of", "and", "the", "und", "der", "die", "et", "de", "des", "du", "y", "e"];
    starts
        && ends
        && (numbered.is_some() || !goes_on.contains(&last.as_str()))
        && body.chars().any(char::is_alphabetic)
        // An identifier out of a cookie table, not words.
        && !body.contains('_')
        && !body.rsplit(' ').next().is_some_and(is_identifier)
        && words <= most_words
        && text.chars().count() <= most_chars
        && !text.starts_with("http")
}

/// Whether a word is written as programs write names: `countryCode`, but not `iPhone` or
/// `macOS`.
fn is_identifier(word: &str) -> bool {
    let small = word.bytes().take_while(u8::is_ascii_lowercase).count();
    let rest = &word.as_bytes()[small..];
    small >= 2 && matches!(rest, [first, second, ..] if first.is_ascii_uppercase() && second.is_ascii_lowercase())
}

fn is_prose(text: &str) -> bool {
    let words = text.split(' ').count();
    words >= 12 || words >= 5 && text.ends_with(['.', ':', ';', '!', '?'])
}

/// Whether a text is in capital letters.
fn is_capital(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    letters.len() >= 4 && letters.iter().all(|c| !c.is_lowercase())
}

/// The level of a heading: a title 1, a clause by the depth of its number, else 2.
pub(super) fn level(text: &str, place: usize, titled: bool) -> u8 {
    if let Some((number, _)) = clause(text) {
        let depth = number.trim_matches(['.', ')', '(']).matches('.').count();
        return u8::try_from(2 + depth).unwrap_or(6).min(6);
    }
    if place == 0 && !titled { 1 } else { 2 }
}

/// A bullet's text.
pub(super) fn bullet(line: &str) -> Option<&str> {
    let mut chars = line.chars();
    let mark = chars.next()?;
    let rest = chars.as_str();
    let sure = matches!(
        mark,
        '•' | '●' | '▪' | '■' | '◦' | '○' | '‣' | '⁃' | '∙' | '·' | '➢' | '✓' | '❖' | '\u{f0b7}' | '\u{f0a7}'
    );
    let spaced = matches!(mark, '-' | '*' | '–' | '—' | '+' | 'o') && rest.starts_with(' ');
    let rest = rest.trim_start();
    ((sure || spaced) && !rest.is_empty()).then_some(rest)
}

/// The number of a clause (`4.`, `4.2`, `IV.`, `Article 5`, `§ 3`) and what stands behind it.
pub(super) fn clause(line: &str) -> Option<(&str, &str)> {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let lower = first.to_lowercase();
    let named = [
        "article",
        "section",
        "clause",
        "part",
        "artikel",
        "abschnitt",
        "ziffer",
        "§",
        "artículo",
        "articolo",
        "artigo",
        "annex",
        "schedule",
        "appendix",
    ];
    if named.contains(&lower.trim_end_matches('.')) {
        let (number, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        let sound = number.chars().next().is_some_and(|c| c.is_ascii_digit() || c.is_uppercase()) && number.len() <= 8;
        return sound.then_some((number, behind.trim_start_matches(['-', '–', '—', ':', ' '])));
    }
    let bare = first.trim_end_matches(['.', ')', ':']);
    let closed = bare.len() < first.len();
    let digits = !bare.is_empty()
        && bare.len() <= 8
        && bare.split('.').all(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let roman = closed && bare.len() <= 5 && !bare.is_empty() && bare.bytes().all(|b| matches!(b, b'I' | b'V' | b'X'));
    let capital = closed && bare.len() == 1 && bare.bytes().all(|b| b.is_ascii_uppercase());
    let dotted = bare.contains('.');
    ((digits && (closed || dotted)) || roman || capital).then_some((first, rest))
}

/// Whether a paragraph begins with `(a)`, `a)` or `(iv)`: an item that is cited by its letter.
pub(super) fn letter(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(' ') else { return false };
    let bare = first.trim_start_matches('(').trim_end_matches([')', '.']);
    !rest.is_empty()
        && first.ends_with(')')
        && (1..=4).contains(&bare.len())
        && (bare.len() == 1 && bare.bytes().all(|b| b.is_ascii_alphanumeric())
            || bare.bytes().all(|b| matches!(b, b'i' | b'v' | b'x'))
            || bare.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Blocks as lines: `#` a level for headings, `-` a depth for items.
    pub(in crate::text) fn outline(blocks: &[Block]) -> String {
        let line = |block: &Block| match &block.kind {
            BlockKind::Heading { level, .. } => format!("{} {}", "#".repeat(usize::from(*level)), block.text),
            BlockKind::ListItem { depth } => format!("{} {}", "-".repeat(usize::from(*depth)), block.text),
            BlockKind::TableHeader => format!("|| {}", block.text),
            BlockKind::TableRow => format!("| {}", block.text),
            BlockKind::Preformatted => format!("` {}", block.text),
            _ => block.text.clone(),
        };
        blocks.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_paragraph_a_line() {
        let text = "Privacy Policy\nThis policy tells what Acme does with the data that you entrust to it when you use its shop, its pages and its support.\n\
            What We Collect\nWe collect your name, your address and your orders, and nothing that we do not need in order to serve you.\n\
            \u{2022} your name\n- your address\nYOUR RIGHTS\nYou may ask us.\n1.2 Contact\nWrite to us at any time and we answer.\nAcme Ltd\n1 Road\nTown";
        insta::assert_snapshot!(outline(&blocks(text)), @"
        # Privacy Policy
        This policy tells what Acme does with the data that you entrust to it when you use its shop, its pages and its support.
        ## What We Collect
        We collect your name, your address and your orders, and nothing that we do not need in order to serve you.
        - your name
        - your address
        ## YOUR RIGHTS
        You may ask us.
        ### 1.2 Contact
        Write to us at any time and we answer.
        Acme Ltd
        1 Road
        Town
        ");
    }

    #[test]
    fn wrapped_lines_are_joined() {
        let text = "ACME PRIVACY POLICY\n===================\n\nThis policy tells what Acme does with the data that you entrust to it\n\
            when you use its shop, its pages and its support, and what its third-\nparty partners do with the infor-\nmation that they receive from us.\n\n\
            1. Data We Collect\n\nWe collect what we need in order to serve you, which is not much if we\nthink about it:\n\n\
            * your name and the address that you give us when you order something\n  from the shop\n* your orders\n\n\
            (a) and what you write to us\n    in letters\n";
        insta::assert_snapshot!(outline(&blocks(text)), @"
        # ACME PRIVACY POLICY
        This policy tells what Acme does with the data that you entrust to it when you use its shop, its pages and its support, and what its third-party partners do with the information that they receive from us.
        ## 1. Data We Collect
        We collect what we need in order to serve you, which is not much if we think about it:
        - your name and the address that you give us when you order something from the shop
        - your orders
        - (a) and what you write to us in letters
        ");
    }

    #[test]
    fn a_short_text_may_be_wrapped_too_and_hold_rows() {
        let text = "1. What we collect\n------------------\nWe collect your name and your address, which we need to send you\n\
            the kettles that you order. We keep them for as long as the law\nasks us to.\n\nPage 1 of 2\n\u{c}\n\
            2. WHO GETS IT\n\nWe share it with:\n\n    Acme Freight    deliveries      Germany\n    Acme Mail       newsletters     Ireland\n";
        insta::assert_snapshot!(outline(&blocks(text)), @"
        ## 1. What we collect
        We collect your name and your address, which we need to send you the kettles that you order. We keep them for as long as the law asks us to.
        ## 2. WHO GETS IT
        We share it with:
        Acme Freight deliveries Germany
        Acme Mail newsletters Ireland
        ");
    }

    #[test]
    fn names_out_of_a_table_are_no_headings() {
        for (line, expected) in [
            ("Cookie Name Duration Purpose countryCode", false),
            ("Cookie _ga", false),
            ("Our app for iPhone", true),
            ("Data on macOS", true),
            ("What We Collect", true),
        ] {
            assert_eq!(looks_heading(line), expected, "{line}");
        }
    }

    #[test]
    fn clause_numbers_are_known() {
        let table = [
            ("4. Data", Some(("4.", "Data"))),
            ("4.2 Data", Some(("4.2", "Data"))),
            ("IV. Data", Some(("IV.", "Data"))),
            ("Article 5 – Data", Some(("5", "Data"))),
            ("§ 3 Haftung", Some(("3", "Haftung"))),
            ("30 days", None),
            ("I agree", None),
            ("2021. In that year", None),
            ("Sectional sofas", None),
        ];
        for (line, expected) in table {
            assert_eq!(clause(line), expected, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_borne_and_read_alike(text in "(\\PC{0,40}\n?){0,12}") {
            assert_eq!(blocks(&text), blocks(&text));
        }
    }
}
