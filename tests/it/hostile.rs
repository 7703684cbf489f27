//! Laws of the whole way from bytes to alert, over pages that no honest server sends.
//!
//! A page is a soup of pieces of its grammar, some of them repeated many times, with a few
//! bytes broken. A few cases run with all tests; `POLICYWATCH_CASES` asks for more (the
//! gate does). How the work grows with the page is measured by `.ci/hostile`, which is run
//! by hand.

use policywatch::change::{Kind, compare};
use policywatch::judgment::judge;
use policywatch::reading::{Expected, Reading, Selectors, read};
use policywatch::render;
use policywatch::section::Section;
use policywatch::snapshot::Snapshot;
use proptest::prelude::*;

use crate::reading::page;

/// Cases of each law, where the environment asks for no other number.
const CASES: u32 = 24;

const ESCAPE: char = '\u{1b}';
const NUL: char = '\0';

fn cases() -> ProptestConfig {
    let asked = std::env::var("POLICYWATCH_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::with_cases(asked.unwrap_or(CASES)) }
}

/// What a page is made of, beside words: one list for each kind of content.
const HTML: &[&str] = &[
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<h1>",
    "</h1>",
    "<h2>",
    "<h3>",
    "</h3>",
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<a href=/cookie-policy>",
    "<a href='#y'>",
    "</a>",
    "<font>",
    "<nobr>",
    "<ul>",
    "</ul>",
    "<ol>",
    "<li>",
    "<dl>",
    "<dt>",
    "<dd>",
    "</dl>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "<th>",
    "<th colspan=65535>",
    "<td rowspan=65535 colspan=1000>",
    "<caption>",
    "<tbody>",
    "<pre>",
    "</pre>",
    "<details>",
    "<summary>",
    "<button aria-expanded=true>",
    "</button>",
    "<nav>",
    "</nav>",
    "<footer>",
    "<header>",
    "<main>",
    "</main>",
    "<aside>",
    "<span class=title>",
    "</span>",
    "<br>",
    "<hr>",
    "<template>",
    "</template>",
    "<template shadowrootmode=open>",
    "<svg>",
    "</svg>",
    "<foreignObject>",
    "<math>",
    "<mi>",
    "<annotation-xml encoding=text/html>",
    "<script>",
    "</script>",
    "<script type=application/json>[\"<p>words</p>",
    "\"]",
    "<style>",
    "</style>",
    "<noscript>",
    "</noscript>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<form>",
    "</form>",
    "<input type=checkbox>",
    "<select>",
    "<option>",
    "</select>",
    "<frameset>",
    "<plaintext>",
    "<textarea>",
    "<title>Policy | Acme</title>",
    "<base href=/x/>",
    "<html lang=de>",
    "<body>",
    "</body>",
    "<meta charset=utf-16>",
    "<div class='cookie banner modal'>",
    "<div role=listitem>",
    "<div style='display:block;font-weight:700'>",
    "<p class=mobile>",
    "<a data-cfemail=2a4b6a48>",
    "&nbsp;",
    "&#0;",
    "&#x110000;",
    "&notit;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "=",
    "\0",
    "\u{1}",
    "\u{200b}",
    "\u{202e}",
    "\u{301}",
];
const MARKDOWN: &[&str] = &[
    "# ",
    "## ",
    "\n",
    "\n\n",
    "- ",
    "  - ",
    "1. ",
    "> ",
    "> > ",
    "**",
    "*",
    "_",
    "__",
    "`",
    "```\n",
    "~~",
    "[",
    "]",
    "](/terms)",
    "![",
    "](",
    ")",
    "[a]: /x\n",
    "[^1]",
    "|",
    "|-|-|\n",
    "---\n",
    "===\n",
    "    ",
    "\t",
    "<div>",
    "</div>",
    "<br>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<b>",
    "</b>",
    "<h2>",
    "</h2>",
    "&amp;",
    "&#0;",
    "\\",
    "  \n",
    "\r",
    "\0",
    "\u{200b}",
];
const PLAIN: &[&str] = &[
    "\n",
    "\n\n",
    "\r\n",
    "    ",
    "\t",
    "- ",
    "* ",
    "• ",
    "1. ",
    "1.1 ",
    "(a) ",
    "§ 3 ",
    "====\n",
    "----\n",
    "> ",
    ":",
    ".",
    "-\n",
    "\u{c}",
    "\u{ad}",
    "\0",
    "\u{1b}[2J",
    "\u{2028}",
];
const WORDS: &[&str] = &[
    "We keep what you give us for as long as your account is open. ",
    "We may share your data with partners for 30 days, unless you object. ",
    "Privacy Policy",
    "Last updated: 1 May 2024. ",
    "Effective 05/06/2024 ",
    "Wir löschen Ihre Daten nach 12 Monaten. ",
    "个人信息保护政策于2024年5月1日生效。",
    "WE SELL NOTHING",
    "What do we collect?",
    "1.1.1 Scope",
    "cookie _ga 1 year ",
    "a",
    "1",
    " ",
    "write to dpo@acme.test ",
    "https://acme.test/terms ",
    "\u{fffd}",
];

/// Some pieces, a run of them perhaps many times over.
fn soup(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![2 => proptest::sample::select(pieces), 3 => proptest::sample::select(WORDS)];
    let run = (
        proptest::collection::vec(piece, 1..12),
        prop_oneof![8 => Just(1_usize), 3 => 2..30_usize, 1 => 300..900_usize],
    );
    proptest::collection::vec(run, 1..16)
        .prop_map(|runs| runs.into_iter().map(|(pieces, times)| pieces.concat().repeat(times)).collect::<String>())
        .prop_map(String::into_bytes)
}

/// A page of one of the kinds, and the same with some bytes broken, lost or doubled.
fn pages() -> impl Strategy<Value = (&'static str, Vec<u8>, Vec<u8>)> {
    let body = prop_oneof![
        3 => soup(HTML).prop_map(|body| ("text/html", body)),
        1 => soup(MARKDOWN).prop_map(|body| ("text/markdown", body)),
        1 => soup(PLAIN).prop_map(|body| ("text/plain; charset=windows-1252", body)),
    ];
    let breaks = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4_u8), 0..6);
    (body, breaks).prop_map(|((kind, body), breaks)| {
        let mut other = body.clone();
        for (at, byte, how) in breaks {
            if other.is_empty() {
                break;
            }
            let at = at.index(other.len());
            match how {
                0 => other[at] = byte,
                1 => drop(other.remove(at)),
                2 => other.truncate(at),
                _ => other.extend_from_within(at..),
            }
        }
        (kind, body, other)
    })
}

fn snapshot(kind: &str, body: &[u8]) -> Snapshot {
    let mut snapshot = page(body);
    snapshot.headers = vec![("content-type".to_owned(), kind.to_owned())];
    snapshot
}

/// Reads a page, and holds the reading to the laws that every reading keeps.
fn lawful(kind: &str, body: &[u8]) -> Result<Option<Reading>, TestCaseError> {
    let snapshot = snapshot(kind, body);
    let once = read(&snapshot, &Selectors::default(), &Expected::default());
    prop_assert_eq!(
        &once,
        &read(&snapshot, &Selectors::default(), &Expected::default()),
        "the same page, another reading"
    );
    let Ok(reading) = once else { return Ok(None) };
    let text = reading.text();
    prop_assert_eq!(&text, &reading.sections.iter().map(Section::text).collect::<Vec<_>>().join("\n\n"));
    let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    prop_assert_eq!(control, None, "a control character");
    prop_assert!(text.len() <= 64 * body.len() + 1_000, "{} bytes out of {}", text.len(), body.len());
    for section in &reading.sections {
        prop_assert!((section.level == 0) == section.path.is_empty() && section.level <= 6);
        prop_assert!(section.blocks.iter().all(|block| !block.text.trim().is_empty()));
    }
    prop_assert!(compare(&reading, &reading).is_none(), "a reading differs from itself");
    Ok(Some(reading))
}

/// A text as it is compared.
fn labelled(reading: &Reading) -> String {
    reading.sections.iter().map(Section::labelled_text).collect::<Vec<_>>().join("\n\n")
}

/// The words alone, with spaces around, so that they stay whole.
fn words(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| *word != "-");
    words.fold(" ".to_owned(), |all, word| all + word + " ")
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_page_is_read_compared_judged_and_told((kind, body, other) in pages()) {
        let (Some(old), Some(new)) = (lawful(kind, &body)?, lawful(kind, &other)?) else { return Ok(()) };
        let Some(change) = compare(&old, &new) else { return Ok(()) };
        for section in &change.sections {
            // The old text is cut at the headings of the new one, so its words stand in a row,
            // but not always as a section of theirs; rows of tables name their columns.
            if section.kind != Kind::Added {
                prop_assert!(words(&labelled(&old)).contains(&words(&section.before())), "undoing the edits gives no old text");
            }
            if section.kind != Kind::Removed {
                let after = section.after();
                let stands = new.sections.iter().any(|section| section.labelled_text() == after);
                prop_assert!(stands, "applying the edits gives no new section");
            }
        }
        let judgment = judge(&change, &old, &new);
        prop_assert_eq!(&judgment, &judge(&change, &old, &new), "the same change, another judgment");
        let told = render::markdown::change(&change, &judgment) + &render::plain::change(&change, &judgment, render::plain::Style { colour: false, width: 80 });
        prop_assert!(!told.contains([ESCAPE, NUL]), "a page commands the terminal");
        serde_json::from_str::<serde_json::Value>(&render::json::change(Some((&change, &judgment))).to_string())
            .expect("what we print is JSON");
    }
}

#[test]
fn a_text_beyond_all_measure_is_refused_with_the_reason() {
    for kind in ["text/plain", "text/markdown"] {
        let refused = read(&snapshot(kind, &b"a\n\n".repeat(2 << 20)), &Selectors::default(), &Expected::default());
        let refused = refused.expect_err("six MiB");
        assert!(refused.to_string().starts_with("malformed: the text has 6 MiB"), "{refused}");
    }
}

/// What is asked about all that stands in an element is asked once for each element around it.
#[test]
#[cfg(target_os = "linux")]
fn elements_in_each_other_do_not_hold_the_page_once_for_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = [
        ("<div role=button>", "</div>"),
        ("<div role=button aria-expanded=true>", "</div>"),
        ("<template>", "</template>"),
    ];
    for (begins, ends) in kinds {
        let clause = "<h1>Terms</h1><p>We keep what you give us for as long as the law asks of us.</p>";
        let page = [clause, &begins.repeat(240), &"word ".repeat(1_000_000), &ends.repeat(240)].concat();
        let file = folder.path().join("page.html");
        std::fs::write(&file, page).expect("writes");
        // Kilobytes of address space: the threads of the program reserve some hundred thousand.
        let within =
            format!("ulimit -v 700000; exec '{}' extract '{}'", env!("CARGO_BIN_EXE_policywatch"), file.display());
        let run = std::process::Command::new("sh").args(["-c", &within]).output().expect("runs");
        assert!(String::from_utf8_lossy(&run.stdout).contains("We keep what you give us"), "{begins}: {run:?}");
    }
}
