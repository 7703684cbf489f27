//! Pages that are not the policy, told from those that are.
//!
//! Each file of `tests/corpus/states` is a made-up page; its name says the verdict up to
//! the two dashes, `policy` for none.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use policywatch::reading::{Expected, Reading};
use policywatch::section::Section;
use policywatch::snapshot::Snapshot;
use policywatch::text::{Block, BlockKind, language, state};
use scraper::{ElementRef, Html, Node};

use crate::reading::page;

fn snapshot(body: &[u8]) -> Snapshot {
    let url = "https://acme.test/legal/privacy".to_owned();
    Snapshot { final_url: url.clone(), url, ..page(body) }
}

/// Blocks of a page in the plainest way, so that these stories do not depend on how
/// well the main text is found.
fn blocks(html: &Html, whole: bool) -> Vec<Block> {
    let mut out = Vec::new();
    let mut words = String::new();
    gather(html.root_element(), whole, &mut out, &mut words);
    close(&mut out, &mut words, BlockKind::Paragraph);
    out
}

fn gather(element: ElementRef<'_>, whole: bool, out: &mut Vec<Block>, words: &mut String) {
    for child in element.children() {
        match child.value() {
            Node::Text(text) => words.push_str(text),
            Node::Element(tag) if matches!(tag.name(), "head" | "script" | "style" | "noscript") => {}
            Node::Element(tag) if !whole && matches!(tag.name(), "nav" | "header" | "footer" | "form" | "button") => {}
            Node::Element(tag) => {
                let kind = match tag.name() {
                    name @ ("h1" | "h2" | "h3") => {
                        BlockKind::Heading { level: name.as_bytes()[1] - b'0', anchor: None }
                    }
                    "li" => BlockKind::ListItem { depth: 1 },
                    "p" | "tr" | "div" | "table" | "ul" | "td" | "th" | "label" | "button" => BlockKind::Paragraph,
                    _ => {
                        gather(ElementRef::wrap(child).unwrap(), whole, out, words);
                        continue;
                    }
                };
                close(out, words, BlockKind::Paragraph);
                gather(ElementRef::wrap(child).unwrap(), whole, out, words);
                close(out, words, kind);
            }
            _ => {}
        }
    }
}

fn close(out: &mut Vec<Block>, words: &mut String, kind: BlockKind) {
    let text = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.clear();
    if !text.is_empty() {
        out.push(Block { kind, text, links: Vec::new() });
    }
}

fn joined(blocks: &[Block]) -> String {
    blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The verdict on a page, as text; `policy` for none.
fn verdict(snapshot: &Snapshot, expected: &Expected<'_>) -> String {
    let html = Html::parse_document(&String::from_utf8_lossy(&snapshot.body));
    let title =
        html.select(&scraper::Selector::parse("title").unwrap()).next().map(|title| title.text().collect::<String>());
    let main = blocks(&html, false);
    let visible = state::Visible::from(joined(&blocks(&html, true)));
    let tongue = language::of(&joined(&main), html.root_element().attr("lang"));
    let page = state::Page {
        snapshot,
        title: title.as_deref(),
        visible: &visible,
        blocks: &main,
        html: Some(&html),
        language: tongue.as_deref(),
        selected: false,
        expected,
    };
    let refused = state::refuse_response(snapshot).or_else(|| state::refuse_page(&page));
    assert_eq!(refused, state::refuse_response(snapshot).or_else(|| state::refuse_page(&page)), "the same twice");
    refused.map_or_else(|| "policy".to_owned(), |refused| refused.to_string())
}

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/states");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn made_up(name: &str) -> Vec<u8> {
    std::fs::read(corpus().into_iter().find(|file| file.file_stem().is_some_and(|stem| stem == name)).unwrap()).unwrap()
}

/// A reading of some paragraphs.
fn reading(paragraphs: &[&str]) -> Reading {
    let blocks: Vec<Block> = paragraphs
        .iter()
        .map(|text| Block { kind: BlockKind::Paragraph, text: (*text).to_owned(), links: Vec::new() })
        .collect();
    Reading {
        language: language::of(&paragraphs.join(" "), None),
        sections: vec![Section { path: Vec::new(), level: 0, heading: None, number: None, anchor: None, blocks }],
        ..Reading::default()
    }
}

#[test]
fn every_page_of_the_corpus_gets_its_verdict() {
    let mut wrong = Vec::new();
    for file in corpus() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = name.split("--").next().unwrap();
        let got = verdict(&snapshot(&std::fs::read(&file).unwrap()), &Expected::default());
        if got.split(':').next() != Some(expected) {
            wrong.push(format!("{name}: {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_evidence_says_what_decided() {
    let says = |name: &str| verdict(&snapshot(&made_up(name)), &Expected::default());
    insta::assert_snapshot!(says("error_page--application"), @"error_page: the markup is that of a framework's error page; 11 words in the main text, 11 on the page");
    insta::assert_snapshot!(says("wrong_page--home"), @"wrong_page: the page calls itself https://acme.test/, the home page, and its title names no policy; 132 words in the main text, 145 on the page");
    insta::assert_snapshot!(says("bot_wall--refresh-to-a-captcha"), @"bot_wall: a meta refresh leads to /.well-known/sgcaptcha/?r=%2Fprivacy; SiteGround, by the markup; 0 words in the main text, 0 on the page");
}

#[test]
fn a_redirect_to_the_home_page_is_no_policy() {
    let mut page = snapshot(b"<title>Acme</title><h1>Anvils that last</h1><p>Forged by hand in our own works, every anvil rings for a hundred years, and comes to your door on our terms.</p>");
    assert_eq!(verdict(&page, &Expected::default()), "policy");
    page.final_url = "https://acme.test/en".to_owned();
    assert!(verdict(&page, &Expected::default()).starts_with("wrong_page: "));
}

#[test]
fn the_address_that_a_redirect_led_to_says_what_the_page_is() {
    let mut page = snapshot(
        b"<title>Acme</title><p>Anvils ring for a hundred years, and every one of them comes to your door on our terms.</p>",
    );
    let table = [
        ("https://acme.test/accounts/login?next=/legal/privacy", "login_wall"),
        ("https://consent.acme.test/m?continue=/legal/privacy", "consent_wall"),
        ("https://acme.test/404.html", "not_found"),
        ("https://acme.test/error", "error_page"),
        ("https://acme.test/legal/privacy-notice", "policy"),
    ];
    for (address, expected) in table {
        page.final_url = address.to_owned();
        assert_eq!(verdict(&page, &Expected::default()).split(':').next(), Some(expected), "{address}");
    }
    let mut policy = snapshot(&made_up("policy--that-speaks-of-refusals"));
    policy.final_url = "https://acme.test/auth/privacy".to_owned();
    assert_eq!(verdict(&policy, &Expected::default()), "policy");
}

#[test]
fn only_what_a_watch_or_an_address_asks_for_refuses_a_language() {
    let page = snapshot(&made_up("policy--that-speaks-of-refusals"));
    let demand = |language| verdict(&page, &Expected { language: Some(language), ..Expected::default() });
    assert_eq!(demand("en"), "policy");
    assert_eq!(demand("en-GB"), "policy");
    assert!(demand("de").starts_with("wrong_language: the text is in en, the watch demands de"), "{}", demand("de"));

    let german = reading(&[
        "Wir verarbeiten Ihre Daten nur, soweit dies für die Erbringung unserer Dienste nötig ist. Sie können der \
        Verarbeitung jederzeit widersprechen; wir löschen dann alle Angaben, die wir nicht aufbewahren müssen. Verantwortlich ist die Acme GmbH.",
    ]);
    let after = |address: &str, previous| {
        verdict(&Snapshot { url: address.to_owned(), ..page.clone() }, &Expected { previous, ..Expected::default() })
    };
    let before = Some(&german);
    // What was there before refuses nothing: the site may have changed its language for good.
    assert_eq!(after("https://acme.test/privacy", before), "policy");
    assert_eq!(after("https://acme.test/en/privacy", before), "policy");
    let refused = after("https://acme.test/privacy?locale=de_DE", before);
    assert!(
        refused.starts_with("wrong_language: the address asks for de (locale=de_DE), the page is in en; "),
        "{refused}"
    );
    assert!(after("https://acme.test/de/privacy", before).starts_with("wrong_language: the address asks for de (de)"));
    // Where no text in that language is on record, the hint may be none.
    assert_eq!(after("https://acme.test/de/privacy", None), "policy");
    assert_eq!(after("https://acme.test/fr/privacy", before), "policy");
}

#[test]
fn a_version_before_that_was_no_policy_does_not_keep_the_policy_out() {
    let home = reading(
        &["Forged by hand in our own works, every anvil rings for a hundred years. Choose yours by weight, colour or sound, \
        and have it brought to your door tomorrow, with our personal service."; 8],
    );
    let expected = Expected { previous: Some(&home), ..Expected::default() };
    assert_eq!(verdict(&snapshot(&made_up("policy--that-speaks-of-refusals")), &expected), "policy");
    assert_eq!(verdict(&snapshot(&made_up("policy--guidelines-without-legal-words")), &expected), "policy");
}

#[test]
fn a_sudden_collapse_is_no_new_version_but_a_shorter_policy_is() {
    let page = snapshot(&made_up("policy--that-speaks-of-refusals"));
    let html = Html::parse_document(&String::from_utf8_lossy(&page.body));
    let long: Vec<String> = blocks(&html, false).into_iter().map(|block| block.text).collect();
    let previous = reading(&long.iter().map(String::as_str).collect::<Vec<_>>());
    let expected = Expected { previous: Some(&previous), ..Expected::default() };

    assert_eq!(verdict(&page, &expected), "policy");
    let menu = snapshot(b"<title>Acme</title><p>Download About Careers Blog Merch Partners Press Stories Shop Explore Video Podcast Unlimited</p>");
    assert!(verdict(&menu, &expected).starts_with("wrong_page: "), "{}", verdict(&menu, &expected));
    let short = format!("<title>Privacy</title><p>{}</p>", long[3]);
    assert_eq!(verdict(&snapshot(short.as_bytes()), &expected), "policy");
}

proptest::proptest! {
    #[test]
    fn any_page_gets_a_verdict(body in "(<(p|h1|title|script|a href=x|meta http-equiv=refresh content)>|\\PC{0,12}){0,30}", status in 0u16..1000) {
        let mut page = snapshot(body.as_bytes());
        page.status = status;
        verdict(&page, &Expected { language: Some("en"), previous: Some(&reading(&[&body])), unpacked: None });
    }
}

/// Who is named for the folders of `../shared/blocks`.
const VENDORS: [(&str, &str); 7] = [
    ("akamai", "Akamai"),
    ("awselb", "AWS"),
    ("cloudflare", "Cloudflare"),
    ("cloudfront", "AWS WAF"),
    ("nginx", "nginx"),
    ("rimon", "Rimon"),
    ("unblock", "reCAPTCHA"),
];

/// Real responses of those who keep robots out; the folder's name is the vendor, and how
/// likely it is that a page was seen: 0 for a refusal, 1 for the site's own answer.
#[test]
fn real_refusals_are_told_by_status_and_headers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/blocks");
    let Ok(kinds) = std::fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let (mut seen, mut blocked) = (0, 0);
    for kind in kinds.map(|entry| entry.unwrap().path()) {
        let name = kind.file_name().unwrap().to_str().unwrap().to_owned();
        let (vendor, quality) = name.rsplit_once('-').unwrap();
        let quality: f64 = quality.parse().unwrap();
        for file in std::fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()) {
            let record: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let data = &record["data"];
            // Nothing of the page is known but its title and its length.
            let title = format!("<title>{}</title>", data["title"].as_str().unwrap_or_default());
            let length = usize::try_from(data["content_length"].as_u64().unwrap()).unwrap();
            let blanks = " ".repeat(length.saturating_sub(title.len()));
            let mut page = snapshot(format!("{title}{blanks}").as_bytes());
            page.status = u16::try_from(data["status"].as_u64().unwrap()).unwrap();
            page.headers = data["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned()))
                .collect();
            let refused = state::refuse_response(&page);
            let told = refused.as_ref().map(ToString::to_string).unwrap_or_default();
            let wall = told.starts_with("bot_wall");
            assert_eq!(wall, quality < 0.5, "{}: {told}", file.display());
            if wall {
                let (_, named) = VENDORS.iter().find(|(known, _)| vendor.starts_with(known)).unwrap();
                assert!(told.contains(named), "{}: {named} is not named in: {told}", file.display());
                blocked += 1;
            }
            // What the site itself answers is a page, or its word that there is none.
            let expected = match page.status {
                404 => Some("not_found"),
                502 | 504 => Some("error_page"),
                _ => wall.then_some("bot_wall"),
            };
            assert_eq!(refused.map(|refused| refused.why.as_str()), expected, "{}", file.display());
            seen += 1;
        }
    }
    println!("{blocked} of {seen} responses are walls, each with its vendor");
    // As many as were labelled; none may be passed over.
    assert_eq!((seen, blocked > 0 && blocked < seen), (24, true), "{}", folder.display());
}
