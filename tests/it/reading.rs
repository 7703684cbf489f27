//! Pages, and what they read as: stories of whole pages, and the laws of reading.

use policywatch::reading::{Expected, Reading, Selectors, Unreadable, read};
use policywatch::section::{Section, section};
use policywatch::snapshot::{Origin, Snapshot};
use policywatch::text::normalize;
use proptest::prelude::*;

/// A page of HTML as a server answers it.
pub fn page(body: impl Into<Vec<u8>>) -> Snapshot {
    Snapshot {
        url: "https://acme.test/privacy".to_owned(),
        final_url: "https://acme.test/privacy".to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
        redirects: Vec::new(),
        body: body.into(),
        captured_at: chrono::DateTime::UNIX_EPOCH,
        origin: Origin::Live { remote_addr: None },
    }
}

fn reading(body: impl Into<Vec<u8>>) -> Result<Reading, Unreadable> {
    read(&page(body), &Selectors::default(), &Expected::default())
}

/// The sections as a tree: level, number, title, words.
fn tree(sections: &[Section]) -> String {
    sections
        .iter()
        .map(|section| {
            let indent = "  ".repeat(section.path.len().saturating_sub(1));
            let number = section.number.as_deref().map(|number| format!("[{number}] ")).unwrap_or_default();
            let title = section.path.last().map_or("(before the first heading)", String::as_str);
            format!("{indent}{number}{title}\n")
        })
        .collect()
}

#[test]
fn a_policy_is_found_on_its_page() {
    let reading = reading(include_bytes!("../corpus/acme-privacy/page.html").as_slice()).expect("the page is a policy");
    assert_eq!(reading.title.as_deref(), Some("Privacy Policy"));
    insta::assert_snapshot!(tree(&reading.sections), @r"
    Privacy Policy
      [1] What we collect
        From you
        From your browser
      [2] With whom we share
        Authorities
      [3] Your rights
    ");
    insta::assert_snapshot!(reading.text(), @r#"
    Privacy Policy

    Last updated: 4 May 2020

    Acme Widgets (“Acme”, “we”) makes widgets. This policy says what we do with what we learn about you when you use our site.

    - 1. What we collect
    - 2. With whom we share
    - 3. Your rights

    1. What we collect

    From you

    When you order a widget, we ask for:

    - your name;
    - your address:
      - street and number,
      - town;
    - how you pay.

    From your browser

    We set cookies, and keep no record of the pages you read elsewhere.

    Cookie | Purpose | Duration
    _basket | keeps your basket | 1 day
    _lang | keeps your language | 1 year

    2. With whom we share

    We do not sell your data. We give your address to the carrier that brings you the widget, and to nobody else. See our terms.

    Authorities

    Where a court orders it, we tell the authorities what the order names, and we tell you that we did.

    3. Your rights

    Write to dpo@acme.test to see, correct or delete what we hold about you. We answer within 30 days.
    "#);
}

#[test]
fn sections_know_their_anchors_and_links() {
    let reading = reading(include_bytes!("../corpus/acme-privacy/page.html").as_slice()).expect("the page is a policy");
    let share =
        reading.sections.iter().find(|section| section.path.last().is_some_and(|title| title == "With whom we share"));
    let share = share.expect("the section is there");
    assert_eq!(share.anchor.as_deref(), Some("share"));
    assert_eq!(share.heading.as_deref(), Some("2. With whom we share"));
    assert_eq!(share.blocks[0].links[0].target, "https://acme.test/terms");
}

#[test]
fn sections_part_the_text() {
    let snapshot = page(include_bytes!("../corpus/acme-privacy/page.html").as_slice());
    let text = normalize(&snapshot, &Selectors::default(), &Expected::default()).expect("the page is a policy");
    let sections = section(text.blocks.clone());
    let parted: usize =
        sections.iter().map(|section| section.blocks.len() + usize::from(section.heading.is_some())).sum();
    assert_eq!(parted, text.blocks.len());
    let reading = reading(snapshot.body).expect("the page is a policy");
    assert_eq!(reading.text(), sections.iter().map(Section::text).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn what_stands_before_the_first_heading_has_an_empty_path() {
    let words = "We keep what you give us for as long as your account is open and no longer than the law asks.";
    let reading =
        reading(format!("<p>{words}</p><h2>Rights</h2><p>{words}</p><h2>Rights</h2><p>{words}</p>")).expect("it reads");
    let paths: Vec<_> = reading.sections.iter().map(|section| (section.path.join("/"), section.level)).collect();
    assert_eq!(paths, [(String::new(), 0), ("Rights".to_owned(), 1), ("Rights".to_owned(), 1)]);
}

/// Reads a hostile page in a thread with the stack of a worker. How long that takes is
/// measured by `.ci/hostile`, run by hand; read in quadratic time, these would not end here.
fn survives(name: &str, body: String) {
    let reader = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || drop(reading(body)));
    reader.expect("a thread").join().unwrap_or_else(|_| panic!("{name}: no panic, no overflow"));
}

#[test]
fn hostile_pages_end_soon() {
    survives("20,000 nested parts", "<div>".repeat(20_000) + "words");
    survives("1 MB of nested parts", "<div>".repeat(200_000) + "words");
    survives("nested lists", "<ul><li>a".repeat(50_000));
    survives("nested tables", "<table><tr><td>a".repeat(30_000));
    survives("tables in second cells", "<table><tr><td>x</td><td>".repeat(10_000));
    survives("nested quotes", "<blockquote><p>a".repeat(30_000));
    survives("nested formatting", (0..60_000).map(|n| format!("<b id={n}><p>")).collect());
    survives("nested links", "<a href=x><div>".repeat(30_000));
    survives("attributes", format!("<p {}>words", (0..100_000).map(|n| format!("a{n}=1 ")).collect::<String>()));
    survives("headings", "<h2>a</h2>".repeat(50_000));
    survives("list items", format!("<ul>{}</ul>", "<li>a</li>".repeat(100_000)));
    survives("columns", format!("<table>{}</table>", "<tr><th rowspan=99999 colspan=99999>a<td>b".repeat(5_000)));
    survives("unclosed quotes", "<a href='".repeat(100_000));
    survives("numbers", "<p>1.1.1.1.1.1.1.1 A</p>".repeat(20_000));
    survives("one long line", "a ".repeat(1_000_000));
    survives("character references", "&amp;".repeat(300_000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn reading_is_total_and_repeats_itself(body in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert_eq!(reading(body.clone()), reading(body));
    }

    #[test]
    fn any_soup_of_tags_reads_and_parts(soup in proptest::collection::vec(proptest::sample::select(PIECES), 0..120)) {
        let body = soup.concat();
        let snapshot = page(body.clone());
        if let Ok(text) = normalize(&snapshot, &Selectors::default(), &Expected::default()) {
            let sections = section(text.blocks.clone());
            let parted: usize = sections.iter().map(|s| s.blocks.len() + usize::from(s.heading.is_some())).sum();
            prop_assert_eq!(parted, text.blocks.len());
            for section in &sections {
                prop_assert!((section.level == 0) == section.path.is_empty());
                prop_assert!(section.level <= 6);
            }
            for block in &text.blocks {
                prop_assert!(!block.text.trim().is_empty());
            }
        }
        prop_assert_eq!(reading(body.clone()), reading(body));
    }
}

/// Pieces of pages, sound and broken.
const PIECES: &[&str] = &[
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<h1>",
    "</h1>",
    "<h3>",
    "</h3>",
    "<b>",
    "</b>",
    "<ul>",
    "</ul>",
    "<li>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "<th>",
    "</td>",
    "<td rowspan=3 colspan=2>",
    "<dl>",
    "<dt>",
    "<dd>",
    "</dl>",
    "<pre>",
    "</pre>",
    "<details>",
    "<summary>",
    "<button aria-expanded=true>",
    "</button>",
    "<a href=/x>",
    "<a href='#y'>",
    "</a>",
    "<nav>",
    "</nav>",
    "<footer>",
    "</footer>",
    "<main>",
    "</main>",
    "<span>",
    "</span>",
    "<br>",
    "<template>",
    "</template>",
    "<svg>",
    "</svg>",
    "<math>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "<caption>",
    "<form>",
    "</form>",
    "<select>",
    "<option>",
    "1. Scope",
    "1.1 Who we are",
    "WE COLLECT DATA",
    "What do we collect?",
    "We keep what you give us for as long as your account is open.",
    "i. ",
    "(a) Purpose",
    "Section 2: Content",
    " ",
    "\n",
    "\u{200b}",
    "é",
    "隐私政策",
    "&nbsp;",
    "<",
    "\"",
    "§ 3 Haftung",
    "4.",
    "<p class=title>",
];
