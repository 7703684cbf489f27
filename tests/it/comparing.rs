//! Two versions of a policy: what changed, what it means, and how that is told.

use policywatch::change::{Change, compare};
use policywatch::judgment::{Judgment, Materiality, judge};
use policywatch::reading::Reading;
use policywatch::render::{html, json, markdown, plain};
use policywatch::section::Section;
use policywatch::text::{Block, BlockKind, Link};

/// Reads the notation of `tests/corpus/changes`: `#` opens a section, `- ` an item,
/// anything else a paragraph; `{target}` behind a line makes it a link.
pub(super) fn reading(text: &str) -> Reading {
    let mut sections: Vec<Section> = Vec::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let level = line.chars().take_while(|c| *c == '#').count();
        if level > 0 {
            let heading = line[level..].trim().to_owned();
            path.retain(|(above, _)| *above < level);
            path.push((level, heading.clone()));
            sections.push(Section {
                path: path.iter().map(|(_, title)| title.clone()).collect(),
                level: level as u8,
                heading: Some(heading),
                number: None,
                anchor: None,
                blocks: Vec::new(),
            });
            continue;
        }
        let (text, links) = match line.split_once(" {") {
            Some((text, target)) => {
                let link = Link { text: text.to_owned(), target: target.trim_end_matches('}').to_owned() };
                (text, vec![link])
            }
            None => (line, Vec::new()),
        };
        let kind = if text.starts_with("- ") { BlockKind::ListItem { depth: 1 } } else { BlockKind::Paragraph };
        let block = Block { kind, text: text.trim_start_matches("- ").to_owned(), links };
        sections.last_mut().expect("a case begins with a heading").blocks.push(block);
    }
    Reading { language: Some("en".to_owned()), sections, ..Reading::default() }
}

pub(super) fn judged(old: &str, new: &str) -> (Change, Judgment) {
    let (old, new) = (reading(old), reading(new));
    let change = compare(&old, &new).expect("the two differ");
    let judgment = judge(&change, &old, &new);
    (change, judgment)
}

const OLD: &str = include_str!("../corpus/changes/acme/before.txt");
const NEW: &str = include_str!("../corpus/changes/acme/after.txt");

const PLAIN: plain::Style = plain::Style { colour: false, width: 78 };

#[test]
fn a_policy_that_turns_on_its_readers_is_told_in_one_page() {
    let (change, judgment) = judged(OLD, NEW);
    insta::assert_snapshot!(plain::change(&change, &judgment, PLAIN));
}

#[test]
fn a_chat_gets_the_same_as_markdown() {
    let (change, judgment) = judged(OLD, NEW);
    insta::assert_snapshot!(markdown::change(&change, &judgment));
}

fn sides() -> html::Sides {
    html::Sides { subject: "acme".to_owned(), from: "v3 of 2024-01-02".to_owned(), to: "v4 of 2025-03-09".to_owned() }
}

#[test]
fn a_browser_gets_one_page_that_needs_nothing_else() {
    let (change, judgment) = judged(OLD, NEW);
    let page = html::change(Some((&change, &judgment)), &sides());
    assert_eq!(page, html::change(Some((&change, &judgment)), &sides()), "the same bytes twice");
    let (head, body) = page.split_once("</head>").expect("a page has a head");
    for sign in ["<script", "<img", "<link", "http-equiv=\"refresh", "url(", "@import"] {
        assert!(!page.contains(sign), "{sign}");
    }
    assert!(head.contains("default-src 'none'") && head.contains("prefers-color-scheme:dark"));
    insta::assert_snapshot!(body);
    // What is opened is closed, and a link leads to a place on the page.
    for tag in ["article", "section", "details", "blockquote", "del", "ins", "ul", "ol", "p", "span", "div"] {
        let count = |sign: String| body.matches(&sign).count();
        let opened = count(format!("<{tag}>")) + count(format!("<{tag} "));
        assert_eq!(opened, count(format!("</{tag}>")), "{tag}");
    }
    for target in body.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(body.contains(&format!("id=\"{target}\"")), "{target}");
    }
    assert!(html::change(None, &sides()).contains("The text is the same."));
}

#[test]
fn a_page_cannot_command_the_browser() {
    let hostile = "<script>alert(1)</script> \"><img src=x onerror='alert(2)'> &lt; \u{202e}sell\u{1b}[2J";
    let (change, judgment) = judged(
        &format!(
            "# Sharing {hostile}\nWe will not sell your data. {{javascript:alert(3)}}\n# Old {hostile}\nWe keep it."
        ),
        &format!(
            "# Sharing {hostile}\nWe may sell your data to {hostile}. {{https://acme.test/\"><b>}}\n\
             # New\n- one | {hostile}\n- We never {hostile} collect it."
        ),
    );
    let sides = html::Sides { subject: hostile.to_owned(), from: hostile.to_owned(), to: hostile.to_owned() };
    let page = html::change(Some((&change, &judgment)), &sides);
    let (head, body) = page.split_once("</style>").expect("a page has a style");
    for part in [head.split("<style>").next().expect("there is one"), body] {
        assert!(!part.contains("<script") && !part.contains("<img") && !part.contains("<b>alert"), "{part}");
        assert!(part.chars().all(|c| c == '\n' || !c.is_control()), "{part:?}");
        assert!(!part.contains('\u{202e}'));
    }
    assert!(body.contains("&lt;script&gt;") && !body.contains("href=\"javascript"));
    // No fetched text stands in an attribute.
    for attribute in body.split("=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(!attribute.contains("alert") && !attribute.contains("sell"), "{attribute}");
    }
}

#[test]
fn what_does_not_matter_has_a_name() {
    let page = |line: &str| {
        format!("# Privacy Policy of Acme\nAcme makes maps.\n# Your rights\n{line}\nYou may object at any time.")
    };
    let cases = [
        ("Last updated: 1 May 2024", "Last updated: 3 June 2025", "date_only"),
        ("We recognise your right.", "We recognize your right.", "typo_grammar"),
        ("We recieve your request.", "We receive your request.", "typo_grammar"),
        ("Read the guide, and then write.", "Read the guide and then write.", "formatting"),
        (
            "The guide tells more {https://acme.test/guide}",
            "The guide tells more {https://acme.test/help/guide}",
            "link_only",
        ),
        ("Write to 12 High Street, Springfield 12345.", "Write to 7 Low Road, Springfield 12345.", "contact_format"),
    ];
    for (before, after, kind) in cases {
        let (_, judgment) = judged(&page(before), &page(after));
        assert_eq!(judgment.materiality, Materiality::Editorial, "{before:?} to {after:?}: {:?}", judgment.findings);
        assert!(judgment.noise.iter().any(|noise| noise.kind == kind), "{before:?}: {:?}", judgment.noise);
        assert!(judgment.practices.is_empty() && judgment.severity == 0);
    }
}

#[test]
fn what_only_looks_different_is_no_change() {
    for (old, new) in [
        ("# Use\nRead \"the guide\" first.", "# USE\nRead “the guide” first."),
        ("# Use\n- copy it\n- sell it", "# Use\n1. copy it\n2. sell it"),
        ("# Use\nread {https://acme.test/a?lang=en}", "# Use\nread {http://www.acme.test/a/#top}"),
    ] {
        assert_eq!(compare(&reading(old), &reading(new)), None, "{old:?} to {new:?}");
    }
}

#[test]
fn what_looks_like_layout_and_is_substance_is_a_change() {
    let titles = "# Cookies\nWe set them.\n# Logs\nWe keep them.\n# Sale\nWe sell.\n# Sharing\nWe share.";
    let long = "We say here at length what this policy is about and whom it concerns. ".repeat(8);
    for (old, new) in [
        // A list of a clause is no table of contents, though its items are titles too.
        (
            format!("# Choice\n{long}\nYou may opt out of:\n- Cookies\n- Logs\n- Sale\n{titles}"),
            format!("# Choice\n{long}\nYou may opt out of:\n- Cookies\n- Logs\n- Sale\n- Sharing\n{titles}"),
        ),
        (
            format!("# Choice\n{long}\nWe never do these.\n- Cookies\n- Logs\n- Sale\n{titles}"),
            format!("# Choice\n{long}\nWe never do these.\n{titles}"),
        ),
        ("# Law\nInterest is\n-5 percent".to_owned(), "# Law\nInterest is\n5 percent".to_owned()),
        (
            "# Use\n(a) we sell data\n(b) we keep it\n(c) you may object".to_owned(),
            "# Use\n(a) we sell data\nwe keep it\n(c) you may object".to_owned(),
        ),
        ("# Age\nThe least age is\n16.".to_owned(), "# Age\nThe least age is".to_owned()),
        (
            "# Choice\nopt out {https://acme.test/optout}\nabout {https://acme.test/about}".to_owned(),
            "# Choice\nopt out {https://acme.test/about}\nabout {https://acme.test/optout}".to_owned(),
        ),
        (
            "# Choice\nopt out {https://acme.test/app#/optout}".to_owned(),
            "# Choice\nopt out {https://acme.test/app#/home}".to_owned(),
        ),
    ] {
        assert!(compare(&reading(&old), &reading(&new)).is_some(), "{old:?} to {new:?}");
    }
}

#[test]
fn text_that_only_moved_is_no_news() {
    let (change, judgment) = judged(
        "# Logs\nWe keep logs for thirty days.\n# Cookies\nWe set no cookies.\n# Law\nThe laws of Ireland apply.",
        "# Cookies\nWe set no cookies.\n# Logs\nWe keep logs for thirty days.\n# Law\nThe laws of Ireland apply.",
    );
    assert_eq!(judgment.materiality, Materiality::Editorial);
    assert_eq!(change.sections.len(), 1);
    assert_eq!(change.sections[0].kind.as_str(), "moved");
}

#[test]
fn the_summary_quotes_the_decisive_words() {
    let (_, judgment) =
        judged("# Sharing\nWe will not sell your personal data.", "# Sharing\nWe may sell your personal data.");
    assert_eq!(judgment.materiality, Materiality::Material);
    assert_eq!(judgment.severity, 3);
    insta::assert_snapshot!(judgment.summary, @"The promise “We will not sell your personal data” is gone: the text now says “We may sell your personal data” (in “Sharing”).");
}

/// What one edit takes away and the rest of the sentence still says is not told as gone.
#[test]
fn a_direction_is_told_only_where_the_whole_clause_has_it() {
    let rest = "who help us to run the shop, to send what was ordered, to answer what is asked and to keep the books \
                in order for as long as the law of the place wants it, and our affiliates sell it too";
    let text = |does: &str| {
        format!("# Sharing\n\nTo help the people who run this shop, we {does} your personal data to partners {rest}.\n")
    };
    let (_, judgment) = judged(&text("sell"), &text("give"));
    let told = format!("{} {:?}", judgment.summary, judgment.findings.iter().map(|f| &f.why).collect::<Vec<_>>());
    assert!(!told.contains("no longer speaks of the sale"), "{told}");
    assert!(judgment.findings.iter().any(|finding| finding.rule == "sale.data"), "{told}");
    let short = |does: &str| format!("# Sharing\n\nWe {does} your personal data to partners who help us.\n");
    let (_, judgment) = judged(&short("sell"), &short("give"));
    assert!(judgment.summary.contains("no longer speaks of the sale"), "{}", judgment.summary);
}

#[test]
fn the_json_keeps_the_order_of_the_contract() {
    let (change, judgment) = judged("# Sharing\nWe will not sell your data.", "# Sharing\nWe may sell your data.");
    insta::assert_snapshot!(json::change(Some((&change, &judgment))));
    insta::assert_snapshot!(json::change(None), @r#"{"materiality":"none","severity":0,"practices":[],"summary":"the text is the same","findings":[],"sections":[],"noise":[],"crosses_readings":false,"returns_to":null,"flapping":false,"silent_edit":false,"empty_refresh":false}"#);
    let reading = reading("# Sharing\nWe may sell \"data\".");
    insta::assert_snapshot!(json::reading("page.html", Ok(&reading)), @r#"{"input":"page.html","readable":true,"why":null,"title":null,"language":"en","effective_at":null,"reading":8,"sections":[{"path":["Sharing"],"level":1,"text":"Sharing\n\nWe may sell \"data\"."}],"text":"Sharing\n\nWe may sell \"data\".","words":5,"policy_links":[]}"#);
}

#[test]
fn a_page_cannot_command_the_terminal() {
    let (change, judgment) = judged(
        "# Sharing\nWe will not sell your data.",
        "# Sharing\nWe may \u{1b}[2J\u{1b}]0;owned\u{7}sell \u{202e}your data.",
    );
    let text = plain::change(&change, &judgment, PLAIN);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'));
    let coloured = plain::change(&change, &judgment, plain::Style { colour: true, width: 78 });
    assert!(!coloured.contains("\u{1b}[2J") && !coloured.contains("\u{1b}]"), "{coloured:?}");
}

#[test]
fn lines_keep_to_the_width() {
    let (change, judgment) = judged(OLD, NEW);
    for width in [20, 40, 78] {
        let text = plain::change(&change, &judgment, plain::Style { colour: false, width });
        // A word longer than the line stands on a line of its own.
        let long = text.lines().find(|line| line.split_whitespace().count() > 1 && line.chars().count() > width);
        assert_eq!(long, None, "{width}");
    }
}

/// Lines of a policy and of nonsense: what rules look for, in any order and any company.
fn lines() -> impl proptest::strategy::Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "we",
        "you",
        "will",
        "may",
        "must",
        "not",
        "never",
        "sell",
        "share",
        "without",
        "consent",
        "30",
        "90",
        "days",
        "13",
        "years",
        "€",
        "arbitration",
        "partners",
        "only",
        "Acme",
        "Ltd.",
        "privacy@acme.test",
        "nicht",
        "données",
        "ﬁ",
        "\u{0301}",
        "🙂",
        "(a)",
        ";",
        ".",
        ":",
        "|",
        "May 25, 2018",
        "a\u{200b}b",
        "É",
        "ß",
        "İ",
    ]);
    let line = proptest::collection::vec(words, 0..14);
    let start = proptest::sample::select(vec!["", "", "- ", "# ", "## "]);
    let lines = proptest::collection::vec((start, line), 0..14);
    proptest::strategy::Strategy::prop_map(lines, |lines| {
        let lines = lines.iter().map(|(start, words)| format!("{start}{}", words.join(" ")));
        format!("# Policy\n{}", lines.collect::<Vec<_>>().join("\n"))
    })
}

proptest::proptest! {
    #[test]
    fn any_change_is_told_the_same_way_twice_and_gives_the_new_text(old in lines(), new in lines()) {
        let (old, new) = (reading(&old), reading(&new));
        let told = || {
            compare(&old, &new).map(|change| {
                let judgment = judge(&change, &old, &new);
                let object = serde_json::to_string(&json::change(Some((&change, &judgment)))).unwrap();
                let style = plain::Style { colour: true, width: 60 };
                (object, plain::change(&change, &judgment, style), markdown::change(&change, &judgment), change)
            })
        };
        let first = told();
        proptest::prop_assert_eq!(&first, &told());
        for section in first.iter().flat_map(|(.., change)| &change.sections) {
            // The old text is cut at the headings of the new one, so its words stand in a row,
            // but not always as a section of theirs.
            let words = |text: &str| {
                let words = text.split_whitespace().filter(|word| *word != "-");
                words.fold(" ".to_owned(), |all, word| all + word + " ")
            };
            let stands = |text: &str| new.sections.iter().any(|s| s.text() == text);
            proptest::prop_assert!(words(&old.text()).contains(&words(&section.before())), "{:?}", section);
            proptest::prop_assert!(section.to.is_none() || stands(&section.after()), "{:?}", section);
        }
    }
}
