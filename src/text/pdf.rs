//! PDF to blocks.
//!
//! `pdf-extract` gives lines; this module takes the furniture of pages away and lets
//! [`super::plain`] make paragraphs of the rest. The crate panics on about a quarter of
//! damaged files, so it runs on a thread of its own, with a deep stack and its panics
//! caught. It cannot be stopped, so the size is bounded.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::reading::{Unreadable, Why};

use super::plain::{self, Wrap};
use super::{Block, BlockKind};

/// The largest file that is read, in bytes. Policies in PDF have less than 3 MiB; the
/// time to read grows with size, and a thread cannot be stopped.
const MAX_BYTES: usize = 24 * 1024 * 1024;

/// The stack of the reading thread, in bytes: deep page trees recurse.
const STACK: usize = 64 * 1024 * 1024;

/// Fewer letters than this are no text but the rest of a scan.
const FEWEST_LETTERS: usize = 40;

/// Lines at the top and at the bottom of a page that can be furniture.
const EDGE: usize = 3;

/// Reads a PDF document.
///
/// Encrypted files and files without text are an unsupported type; files that cannot
/// be parsed are malformed.
pub fn blocks(body: &[u8]) -> Result<Vec<Block>, Unreadable> {
    if body.len() > MAX_BYTES {
        let megabytes = body.len() / (1024 * 1024);
        let evidence = format!(
            "the PDF document has {megabytes} MiB, more than the {} MiB that are read",
            MAX_BYTES / (1024 * 1024)
        );
        return Err(Unreadable::new(Why::UnsupportedType, evidence));
    }
    let pages = pages(body)?;
    let letters = pages.iter().flat_map(|page| page.chars()).filter(|c| c.is_alphabetic()).take(FEWEST_LETTERS).count();
    if letters < FEWEST_LETTERS {
        let evidence = format!("the PDF document has {} pages but no text, so it is made of pictures", pages.len());
        return Err(Unreadable::new(Why::UnsupportedType, evidence));
    }
    Ok(arrange(&pages))
}

/// What the extracting thread came to.
enum Extracted {
    Pages(Vec<String>),
    Encrypted,
    Damaged(String),
}

/// The text of each page.
fn pages(body: &[u8]) -> Result<Vec<String>, Unreadable> {
    silence_own_panics();
    // Scoped, so that the body need not be copied.
    let extracted = std::thread::scope(|scope| {
        let run = || {
            QUIET.set(true);
            catch_unwind(AssertUnwindSafe(|| extract(body)))
        };
        match std::thread::Builder::new().name("pdf".to_owned()).stack_size(STACK).spawn_scoped(scope, run) {
            Ok(thread) => thread.join().unwrap_or_else(Err),
            Err(error) => Ok(Extracted::Damaged(format!("no thread to read it on: {error}"))),
        }
    });
    match extracted {
        Ok(Extracted::Pages(pages)) => Ok(pages),
        Ok(Extracted::Encrypted) => Err(Unreadable::new(Why::UnsupportedType, "the PDF document is encrypted")),
        Ok(Extracted::Damaged(error)) => {
            Err(Unreadable::new(Why::Malformed, format!("the PDF document is damaged: {error}")))
        }
        Err(_) => Err(Unreadable::new(Why::Malformed, "the PDF document is damaged: its reader gave up")),
    }
}

fn extract(body: &[u8]) -> Extracted {
    let mut document = match pdf_extract::Document::load_mem(body) {
        Ok(document) => document,
        Err(error) => {
            let locked = body.windows(8).any(|window| window == b"/Encrypt");
            return if locked { Extracted::Encrypted } else { Extracted::Damaged(short(&error.to_string())) };
        }
    };
    // Many files are locked only against editing: their password is empty.
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Extracted::Encrypted;
    }
    let mut pages = Vec::new();
    for number in document.get_pages().into_keys() {
        let mut page = String::new();
        let mut output = pdf_extract::PlainTextOutput::new(&mut page);
        if let Err(error) = pdf_extract::output_doc_page(&document, &mut output, number) {
            return Extracted::Damaged(short(&error.to_string()));
        }
        pages.push(page);
    }
    Extracted::Pages(pages)
}

/// An error's first words, on one line.
fn short(error: &str) -> String {
    plain::fold(error).chars().take(120).collect()
}

thread_local! {
    /// Whether this thread's panics are expected and say nothing to anyone.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of our reading threads out of standard error. All other panics go to
/// the hook that was there before.
fn silence_own_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
}

/// Pages to blocks: furniture away, paragraphs joined across pages, then told what they are.
fn arrange(pages: &[String]) -> Vec<Block> {
    let pages: Vec<Vec<&str>> = pages.iter().map(|page| page.lines().collect()).collect();
    let repeated = furniture(&pages);
    let mut lines: Vec<String> = Vec::new();
    for page in &pages {
        let body = trimmed(page, &repeated);
        if body.is_empty() {
            continue;
        }
        // A sentence goes on over the page break; anything else starts anew.
        let goes_on = lines.last().is_some_and(|last| broken_off(last, body[0]));
        if !goes_on {
            lines.push(String::new());
        }
        lines.extend(body.iter().map(|line| (*line).to_owned()));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut paragraphs = plain::paragraphs(&lines, Wrap::Hard);
    // Columns of a PDF's lines mean nothing.
    paragraphs.iter_mut().for_each(|paragraph| paragraph.indent = 0);
    let mut blocks = plain::classify(&paragraphs);
    title_first(&mut blocks);
    blocks
}

/// A page's lines without empty edges, repeated lines and page numbers.
fn trimmed<'a>(page: &[&'a str], repeated: &BTreeMap<String, usize>) -> Vec<&'a str> {
    let filled: Vec<usize> =
        page.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(i, _)| i).collect();
    let edge = |i: usize| {
        let place = filled.iter().position(|at| *at == i).unwrap_or(0);
        place < EDGE || place + EDGE >= filled.len()
    };
    let kept = |i: usize| {
        let line = plain::fold(page[i]);
        !(edge(i) && (is_page_number(&line) || repeated.contains_key(&shape(&line))))
    };
    let lines: Vec<&str> =
        page.iter().enumerate().filter(|(i, line)| line.trim().is_empty() || kept(*i)).map(|(_, line)| *line).collect();
    let first = lines.iter().position(|line| !line.trim().is_empty());
    let last = lines.iter().rposition(|line| !line.trim().is_empty());
    match (first, last) {
        (Some(first), Some(last)) => lines[first..=last].to_vec(),
        _ => Vec::new(),
    }
}

/// Lines that stand at the edge of most pages, digits aside.
fn furniture(pages: &[Vec<&str>]) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for page in pages {
        let filled: Vec<String> = page.iter().map(|line| plain::fold(line)).filter(|line| !line.is_empty()).collect();
        let mut edges: Vec<String> =
            filled.iter().take(EDGE).chain(filled.iter().rev().take(EDGE)).map(|line| shape(line)).collect();
        edges.sort();
        edges.dedup();
        for edge in edges {
            *counts.entry(edge).or_default() += 1;
        }
    }
    let enough = (pages.len() * 3).div_ceil(5).max(3);
    counts.retain(|line, count| *count >= enough && line.chars().count() <= 120);
    counts
}

/// A line with every number made equal, so that `Page 2 of 9` equals `Page 3 of 9`.
fn shape(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if !(c == '0' && out.ends_with('0')) {
            out.push(c);
        }
    }
    out
}

/// Whether a line is only the number of its page: `3`, `- 3 -`, `Page 3 of 9`, `3/9`.
fn is_page_number(line: &str) -> bool {
    let words: Vec<String> =
        line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let numbers = words.iter().filter(|word| word.bytes().all(|b| b.is_ascii_digit()) && word.len() <= 4).count();
    let named = ["page", "seite", "pagina", "página", "of", "von", "sur", "de", "di", "van", "p", "s"];
    (1..=2).contains(&numbers)
        && words.iter().all(|word| word.bytes().all(|b| b.is_ascii_digit()) || named.contains(&word.as_str()))
        && words.len() <= 4
        // "2." and "(2)" are clause numbers that lost their text, not pages.
        && !line.ends_with(['.', ')'])
}

/// Whether a line of the page before ends within a sentence that this line continues.
fn broken_off(before: &str, line: &str) -> bool {
    let before = before.trim_end();
    let line = line.trim_start();
    let open =
        !before.is_empty() && !before.ends_with(['.', ':', ';', '!', '?']) && before.split_whitespace().count() >= 6;
    open && plain::bullet(line).is_none()
        && plain::clause(line).is_none()
        && line.chars().next().is_some_and(|c| c.is_lowercase() || c.is_numeric() || c == '(' || before.ends_with(','))
}

/// Makes the headings before the first prose one title: a long one fills two lines.
fn title_first(blocks: &mut Vec<Block>) {
    let Some(Block { kind: BlockKind::Heading { level, .. }, text, .. }) = blocks.first_mut() else { return };
    *level = 1;
    let title = text.clone();
    let capital = |text: &str| text.chars().all(|c| !c.is_lowercase());
    let second = match blocks.get(1) {
        Some(Block { kind: BlockKind::Heading { .. }, text, .. })
            if capital(&title) && capital(text) && plain::clause(text).is_none() =>
        {
            text.clone()
        }
        _ => return,
    };
    if second.split(' ').count() <= 3 && title.split(' ').count() <= 6 && second != "PREAMBLE" {
        blocks[0].text = format!("{title} {second}");
        blocks.remove(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::plain::tests::outline;

    /// A PDF document with these lines on each page, 14 points apart; an empty line is a gap.
    fn document(pages: &[&[&str]]) -> Vec<u8> {
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            String::new(),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        ];
        let mut kids = Vec::new();
        for lines in pages {
            let mut content = "BT /F1 11 Tf 14 TL 60 780 Td\n".to_owned();
            for line in *lines {
                let escaped = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
                content.push_str(&format!("({escaped}) Tj T*\n"));
            }
            content.push_str("ET");
            objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
            let stream = objects.len();
            objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {stream} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"));
            kids.push(format!("{} 0 R", objects.len()));
        }
        objects[1] = format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len());
        let mut out = "%PDF-1.4\n".to_owned();
        let mut places = Vec::new();
        for (i, object) in objects.iter().enumerate() {
            places.push(out.len());
            out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", i + 1));
        }
        let start = out.len();
        out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1));
        places.iter().for_each(|place| out.push_str(&format!("{place:010} 00000 n \n")));
        out.push_str(&format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", places.len() + 1));
        out.into_bytes()
    }

    #[test]
    fn pages_become_one_text() {
        let page = |n: &'static str, lines: &[&'static str]| -> Vec<&'static str> {
            [&["Acme Ltd - Terms of use", ""], lines, &["", n]].concat()
        };
        let pages = [
            page(
                "Page 1 of 3",
                &[
                    "TERMS OF USE",
                    "",
                    "Last update: 26 October 2021",
                    "",
                    "1. What these terms are for",
                    "",
                    "These terms tell what you and Acme may expect from each other while you",
                    "use the shop, and what hap-",
                    "pens when one of us does not keep to",
                ],
            ),
            page(
                "Page 2 of 3",
                &[
                    "them, or wishes to end the contract.",
                    "",
                    "1.1 Your account",
                    "",
                    "You need an account, which is free of charge, and you must not share it:",
                    "",
                    "- with your friends",
                ],
            ),
            page("Page 3 of 3", &["2. Law", "", "The law of Atlantis applies to everything."]),
        ];
        let pages: Vec<&[&str]> = pages.iter().map(Vec::as_slice).collect();
        insta::assert_snapshot!(outline(&blocks(&document(&pages)).expect("a sound document")), @"
        # TERMS OF USE
        Last update: 26 October 2021
        ## 1. What these terms are for
        These terms tell what you and Acme may expect from each other while you use the shop, and what happens when one of us does not keep to them, or wishes to end the contract.
        ### 1.1 Your account
        You need an account, which is free of charge, and you must not share it:
        - with your friends
        ## 2. Law
        The law of Atlantis applies to everything.
        ");
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_reason() {
        let whole = document(&[&["Acme Terms", "", "These terms tell what you and Acme may expect from each other."]]);
        let why = |body: &[u8]| blocks(body).err().map(|unreadable| unreadable.to_string()).unwrap_or_default();
        assert_eq!(why(&whole), "");
        insta::assert_snapshot!(why(&document(&[&[], &[]])), @"unsupported_type: the PDF document has 2 pages but no text, so it is made of pictures");
        assert!(why(b"%PDF-1.7\nnothing").starts_with("malformed: "), "{}", why(b"%PDF-1.7\nnothing"));
        assert!(why(&vec![b' '; MAX_BYTES + 1]).starts_with("unsupported_type: "));
    }

    #[test]
    fn damage_is_contained() {
        let whole = document(&[&["Acme Terms", "", "These terms tell what you and Acme may expect from each other."]]);
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x15;
            // Any answer will do, but there must be one, and the same twice.
            assert_eq!(blocks(&damaged), blocks(&damaged), "byte {at}");
            assert_eq!(blocks(&whole[..at]), blocks(&whole[..at]), "cut at {at}");
        }
    }

    #[test]
    fn page_numbers_are_known() {
        for (line, expected) in [
            ("3", true),
            ("- 3 -", true),
            ("Page 3 of 9", true),
            ("3/9", true),
            ("Seite 3", true),
            ("2.", false),
            ("30 days", false),
            ("", false),
        ] {
            assert_eq!(is_page_number(line), expected, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_borne(mut body: Vec<u8>) {
            body.splice(0..0, *b"%PDF-1.4\n");
            let _ = blocks(&body);
        }
    }
}
