//! Tables of pages and what they read as.

use super::*;
use crate::text::BlockKind;

/// Reads a page without selectors.
fn page(html: &str) -> Page {
    read(html, "https://acme.test/privacy", &Selectors::default(), &mut |_| ()).expect("the page reads")
}

/// One line a block: `#` a heading level, `-` an item depth, `=#` the names of a table's columns, `=` a row, `?` a term, `!` a
/// definition, `|` preformatted.
fn outline(blocks: &[Block]) -> Vec<String> {
    let mark = |kind: &BlockKind| match kind {
        BlockKind::Heading { level, .. } => "#".repeat(usize::from(*level)) + " ",
        BlockKind::Paragraph => String::new(),
        BlockKind::ListItem { depth } => "-".repeat(usize::from(*depth)) + " ",
        BlockKind::TableHeader => "=# ".to_owned(),
        BlockKind::TableRow => "= ".to_owned(),
        BlockKind::Term => "? ".to_owned(),
        BlockKind::Definition => "! ".to_owned(),
        BlockKind::Preformatted => "| ".to_owned(),
    };
    blocks.iter().map(|block| mark(&block.kind) + &block.text).collect()
}

/// A sentence that counts as running text.
const PROSE: &str = "We keep what you give us for as long as your account is open and no longer than the law asks.";

/// Reads the body of a page; `PROSE` in it stands for running text.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let read = page(&format!("<body>{}</body>", body.replace("PROSE", PROSE)));
    let expected: Vec<String> = expected.iter().map(|line| line.replace("PROSE", PROSE)).collect();
    assert_eq!(outline(&read.blocks), expected, "{body}");
}

#[test]
fn marked_headings() {
    check(
        "<h1>Privacy</h1><p>PROSE</p><h2>1. Data</h2><p>PROSE</p><h3>Logs</h3><p>PROSE</p>",
        &["# Privacy", "PROSE", "## 1. Data", "PROSE", "### Logs", "PROSE"],
    );
    check(
        "<div role=heading aria-level=3>Data</div><p>PROSE</p><div role=heading>Logs</div><p>PROSE</p>",
        &["### Data", "PROSE", "## Logs", "PROSE"],
    );
}

#[test]
fn a_title_or_a_date_beside_the_text_is_of_it() {
    let text = "<p>PROSE</p>".repeat(12);
    let prose = ["PROSE"; 12];
    // No heading is marked: what names the policy right above it is its title.
    check(
        &format!("<div><div class=top><div>Terms of Use</div></div><div><div>{text}</div></div></div>"),
        &[&["# Terms of Use"][..], &prose].concat(),
    );
    check(
        &format!("<div><div>Last updated: 3 May 2024</div><div>{text}</div><div>About us</div></div>"),
        &[&["Last updated: 3 May 2024"][..], &prose, &["About us"]].concat(),
    );
    // What heads a dialogue about cookies is no title of what it stands beside.
    check(&format!("<div><div>Cookie settings</div><div>{text}</div></div>"), &prose);
    // Where one is marked, the same words elsewhere are a crumb of bread.
    check(
        &format!("<div><div>Terms of Use</div><div><h1>Terms of Use</h1>{text}</div></div>"),
        &[&["# Terms of Use"][..], &prose].concat(),
    );
}

#[test]
fn a_list_of_one_that_holds_the_text_is_no_list() {
    check(
        "<div role=list><div role=listitem><h1>Privacy</h1><p>PROSE</p><ul><li>PROSE<li>PROSE</ul></div></div>",
        &["# Privacy", "PROSE", "- PROSE", "- PROSE"],
    );
    check(
        "<h1>Privacy</h1><div role=list><div role=listitem>PROSE</div><div role=listitem>PROSE</div></div>",
        &["# Privacy", "- PROSE", "- PROSE"],
    );
}

#[test]
fn headings_set_off_by_their_look() {
    check(
        "<h1>Privacy</h1><p><b>WHAT WE COLLECT</b></p><p>PROSE</p><p><strong>Your name</strong></p><p>PROSE</p>
         <p><b>WHAT WE SHARE</b></p><p>PROSE</p>",
        &["# Privacy", "## WHAT WE COLLECT", "PROSE", "### Your name", "PROSE", "## WHAT WE SHARE", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><p>PROSE</p><p>CHILDREN</p><p>PROSE</p><p><u>Contact</u></p><p>PROSE</p>",
        &["# Privacy", "PROSE", "## CHILDREN", "PROSE", "### Contact", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><p><b>How long?</b><br>PROSE<br><b>With whom?</b><br>PROSE</p>",
        &["# Privacy", "## How long?", "PROSE", "## With whom?", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><div class=section-title>Retention</div><p>PROSE</p>",
        &["# Privacy", "## Retention", "PROSE"],
    );
}

#[test]
fn half_sentences_in_bold_are_no_headings() {
    check("<h1>Privacy</h1><p><b>Retention.</b> PROSE</p>", &["# Privacy", "Retention. PROSE"]);
    check(
        "<h1>Privacy</h1><p>PROSE</p><p><b>and we mean it</b></p><p>PROSE</p>",
        &["# Privacy", "PROSE", "and we mean it", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><p><b>Last updated: 4 May 2020</b></p><p>PROSE</p>",
        &["# Privacy", "Last updated: 4 May 2020", "PROSE"],
    );
    let long =
        "NO PARTY IS LIABLE FOR ANY LOSS OF DATA OR PROFIT THAT FOLLOWS FROM THE USE OF THE SERVICE IN ANY WAY AT ALL";
    check(&format!("<h1>Terms</h1><p>PROSE</p><p><b>{long}</b></p><p>PROSE</p>"), &["# Terms", "PROSE", long, "PROSE"]);
    check("<h1>Terms</h1><p>PROSE</p><p><b>Acme Limited</b></p>", &["# Terms", "PROSE", "Acme Limited"]);
    check(
        "<h1>Terms</h1><p>PROSE</p><p><b>Acme Ltd</b></p><p><b>Main Street</b></p><p><b>Old Town</b></p><p><b>Wonderland</b></p>",
        &["# Terms", "PROSE", "Acme Ltd", "Main Street", "Old Town", "Wonderland"],
    );
}

#[test]
fn numbered_clauses() {
    check(
        "<h1>Terms</h1><p>1. Scope</p><p>1.1 Who we are</p><p>PROSE</p><p>1.2 Who you are</p><p>PROSE</p><p>2. Payment</p><p>PROSE</p>",
        &[
            "# Terms",
            "## 1. Scope",
            "### 1.1 Who we are",
            "PROSE",
            "### 1.2 Who you are",
            "PROSE",
            "## 2. Payment",
            "PROSE",
        ],
    );
    check("<h1>Terms</h1><p>1. PROSE</p><p>2. PROSE</p>", &["# Terms", "1. PROSE", "2. PROSE"]);
    check(
        "<h1>Terms</h1><h2>Contact</h2><p>PROSE</p><p>12 Harbour Street</p><p>PROSE</p>",
        &["# Terms", "## Contact", "PROSE", "12 Harbour Street", "PROSE"],
    );
    check(
        "<h1>Terms</h1><h2>1. Scope</h2><p>PROSE</p><h3>2. Payment</h3><p>PROSE</p>",
        &["# Terms", "## 1. Scope", "PROSE", "## 2. Payment", "PROSE"],
    );
    check(
        "<h1>Terms</h1><ol><li><b>Scope</b><p>PROSE</p></li><li><b>Payment</b><p>PROSE</p></li></ol>",
        &["# Terms", "## Scope", "PROSE", "## Payment", "PROSE"],
    );
    check(
        "<h1>Terms</h1><div><b>1.</b></div><div><b>Scope</b></div><p>PROSE</p>",
        &["# Terms", "## 1. Scope", "PROSE"],
    );
}

#[test]
fn plain_lines_as_headings() {
    check(
        "<p>Acme Privacy Policy</p><p>PROSE</p><p>What We Collect</p><p>PROSE</p><p>Why?</p><ul><li>to bill you</li></ul><p>PROSE</p>",
        &["# Acme Privacy Policy", "PROSE", "## What We Collect", "PROSE", "## Why?", "- to bill you", "PROSE"],
    );
    check(
        "<p>PROSE</p><p>ID_A_1</p><p>PROSE</p><p>ID_B_2</p><p>PROSE</p><p>ID_C_3</p><p>PROSE</p><p>Our Aim</p><p>PROSE</p>",
        &["PROSE", "ID_A_1", "PROSE", "ID_B_2", "PROSE", "ID_C_3", "PROSE", "# Our Aim", "PROSE"],
    );
    check(
        "<p>PROSE</p><p>We ask for:</p><p>Your name</p><p>PROSE</p>",
        &["PROSE", "We ask for:", "Your name", "PROSE"],
    );
}

#[test]
fn folded_parts_are_read_with_their_headings() {
    check(
        "<h1>Privacy</h1><details><summary>Cookies</summary><p>PROSE</p></details><div style='display:none'><p>PROSE</p></div>",
        &["# Privacy", "## Cookies", "PROSE", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><div><button aria-expanded=false aria-controls=a>Cookies</button><div id=a hidden><p>PROSE</p></div></div>
         <div><h2><button aria-expanded=false>Logs</button></h2><p>PROSE</p></div><button>Accept</button>",
        &["# Privacy", "## Cookies", "PROSE", "## Logs", "PROSE"],
    );
    check("<div aria-hidden=true><h1>Privacy</h1><p>PROSE</p></div>", &["# Privacy", "PROSE"]);
}

#[test]
fn lists_nest() {
    check(
        "<h1>Privacy</h1><p>PROSE</p><ul><li>name<ul><li>first</li><li>last</li></ul></li><li><p>mail</p><p>PROSE</p></li></ul>",
        &["# Privacy", "PROSE", "- name", "-- first", "-- last", "- mail", "PROSE"],
    );
}

#[test]
fn bullets_make_items() {
    check(
        "<h1>Privacy</h1><p>PROSE</p><p>• your name</p><p>– your town</p><p>- Our Partners</p><p>PROSE</p><ul><li>•your mail</li></ul>",
        &["# Privacy", "PROSE", "- your name", "- your town", "- Our Partners", "PROSE", "- your mail"],
    );
}

#[test]
fn a_table_of_contents_is_list_text() {
    check(
        "<h1>Terms</h1><p>1. Scope</p><p>2. Price</p><p>3. Law</p><p>4. Court</p><p><b>1. Scope</b></p><p>PROSE</p><p><b>2. Price</b></p><p>PROSE</p>",
        &["# Terms", "1. Scope", "2. Price", "3. Law", "4. Court", "## 1. Scope", "PROSE", "## 2. Price", "PROSE"],
    );
    check(
        "<h1>Terms</h1><p><b>1. Scope</b></p><p><b>2. Price</b></p><p><b>3. Law</b></p><p><b>4. Court</b></p><p><b>1. Scope</b></p><p>PROSE</p>",
        &["# Terms", "1. Scope", "2. Price", "3. Law", "4. Court", "## 1. Scope", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><nav><ul><li><a href='#a'><b>Data</b></a></li><li><a href='#b'><b>Rights</b></a></li></ul></nav>
         <h2 id=a>Data</h2><p>PROSE</p><h2 id=b>Rights</h2><p>PROSE</p>",
        &["# Privacy", "- Data", "- Rights", "## Data", "PROSE", "## Rights", "PROSE"],
    );
}

#[test]
fn data_tables_name_their_columns_once() {
    check(
        "<h1>Cookies</h1><p>PROSE</p><table><caption>Our cookies</caption><thead><tr><th>Cookie</th><th>Duration:</th></tr></thead>
         <tr><td>_a</td><td>1 year</td></tr><tr><td>_b</td><td></td></tr></table>",
        &["# Cookies", "PROSE", "## Our cookies", "=# Cookie | Duration:", "= _a | 1 year", "= _b"],
    );
    check(
        "<h1>Cookies</h1><p>PROSE</p><table><tr><td><b>Kind</b></td><td><b>Name</b></td></tr>
         <tr><td rowspan=2>needed</td><td>_a</td></tr><tr><td>_b</td></tr></table>",
        &["# Cookies", "PROSE", "=# Kind | Name", "= needed | _a", "= needed | _b"],
    );
    check(
        "<h1>Who</h1><p>PROSE</p><table><tr><th>Name</th><td>Acme</td></tr><tr><th>Seat</th><td>Old Town</td></tr></table>",
        &["# Who", "PROSE", "= Name | Acme", "= Seat | Old Town"],
    );
}

#[test]
fn values_stand_in_every_row_and_column_they_cover() {
    check(
        "<h1>Cookies</h1><p>PROSE</p><table><tr><th rowspan=2>Cookie</th><th colspan=2>Kept</th></tr><tr><th>Here</th><th>Elsewhere</th></tr>
         <tr><td rowspan=2>_a</td><td>1 day</td><td>2 days</td></tr><tr><td colspan=2>1 year</td></tr><tr><td>_b</td><td></td><td>3 | 4</td></tr>
         <tr><td colspan=3>Of others</td></tr></table>",
        &[
            "# Cookies",
            "PROSE",
            "=# Cookie | Kept Here | Kept Elsewhere",
            "= _a | 1 day | 2 days",
            "= _a | 1 year | 1 year",
            "= _b | – | 3 ¦ 4",
            "= Of others",
        ],
    );
}

#[test]
fn parts_that_say_they_are_a_table() {
    check(
        "<h1>Cookies</h1><p>PROSE</p><div role=table><div role=rowgroup><div role=row><span role=columnheader>Cookie</span><span role=columnheader>Kept</span></div></div>
         <div role=rowgroup><div role=row><span role=cell>_a</span><span role=cell>1 day</span></div></div></div>",
        &["# Cookies", "PROSE", "=# Cookie | Kept", "= _a | 1 day"],
    );
}

#[test]
fn layout_tables_are_flat() {
    check(
        "<table><tr><td><h1>Privacy</h1><p>PROSE</p></td><td><h2>Data</h2><p>PROSE</p></td></tr></table>",
        &["# Privacy", "PROSE", "## Data", "PROSE"],
    );
}

#[test]
fn definitions() {
    check(
        "<h1>Terms</h1><p>PROSE</p><dl><dt>Service</dt><dd>what we do</dd><dt>You</dt><dd>who uses it</dd></dl>",
        &["# Terms", "PROSE", "? Service", "! what we do", "? You", "! who uses it"],
    );
    check(
        "<h1>Terms</h1><dl><dt>Service</dt><dd><p>PROSE</p><p>PROSE</p><p>PROSE</p></dd></dl>",
        &["# Terms", "## Service", "! PROSE", "! PROSE", "! PROSE"],
    );
}

#[test]
fn white_space_is_as_browsers_show_it() {
    check(
        "<h1>Our\n   policy</h1><p>We&nbsp;do <b>not</b>\n<i>sell</i>&shy;\u{200b} data.<br>PROSE</p><pre>a\n  b</pre><p>***</p>",
        &["# Our policy", "We do not sell data.", "PROSE", "| a\n  b"],
    );
    check(
        "<h1>Terms</h1><div><span>First we ask.</span><span>Then we act.</span> <span>one</span><span>word</span></div><p>PROSE</p>",
        &["# Terms", "First we ask.", "Then we act. oneword", "PROSE"],
    );
}

#[test]
fn links_are_facts_beside_the_words() {
    let read = page(&format!(
        "<h1 id=top>Privacy</h1><p>{PROSE} See <a href='/terms?utm_source=x#a'>the terms</a>, <a href='#top'>above</a> or
         <a href='/cdn-cgi/l/email-protection#2a4e5a456a4b49474f045e4f595e'><span data-cfemail='2a4e5a456a4b49474f045e4f595e'>[hidden]</span></a>.</p>"
    ));
    let links: Vec<_> = read.blocks[1].links.iter().map(|link| (link.text.as_str(), link.target.as_str())).collect();
    assert_eq!(links, [("the terms", "https://acme.test/terms#a"), ("dpo@acme.test", "mailto:dpo@acme.test")]);
    assert!(read.blocks[1].text.ends_with("above or dpo@acme.test."), "{}", read.blocks[1].text);
}

#[test]
fn addresses_that_scripts_hide_are_read() {
    let read = page(&format!(
        "<h1>Privacy</h1><p>{PROSE} Write to <a href=\"javascript:openMail('nbjmup+jogpAbdnf/uftu');\">info(at)acme.test</a> or
         <span style='unicode-bidi: bidi-override; direction: rtl'>tset.emca@opd</span>.</p>"
    ));
    let targets: Vec<_> = read.blocks[1].links.iter().map(|link| link.target.as_str()).collect();
    assert_eq!(targets, ["mailto:info@acme.test", "mailto:dpo@acme.test"]);
    assert!(read.blocks[1].text.ends_with("or dpo@acme.test."), "{}", read.blocks[1].text);
}

#[test]
fn anchors_name_headings() {
    let read =
        page(&format!("<a name=one></a><h2>Data</h2><p>{PROSE}</p><h2><span id=two>Rights</span></h2><p>{PROSE}</p>"));
    let anchors: Vec<_> = read
        .blocks
        .iter()
        .filter_map(|block| match &block.kind {
            BlockKind::Heading { anchor, .. } => Some(anchor.as_deref()),
            _ => None,
        })
        .collect();
    assert_eq!(anchors, [Some("one"), Some("two")]);
}

#[test]
fn titles_without_the_site() {
    for (title, heading, expected) in [
        ("Privacy Policy | Acme", "Privacy Policy", "Privacy Policy"),
        ("Acme - Terms of Use", "Welcome", "Terms of Use"),
        ("Acme", "Privacy", "Privacy"),
        ("Acme", "Welcome", "Acme"),
        ("", "Privacy", "Privacy"),
        ("Opt-out choices", "Welcome", "Opt-out choices"),
    ] {
        let read = page(&format!("<title>{title}</title><h1>{heading}</h1><p>{PROSE}</p>"));
        assert_eq!(read.title.as_deref(), Some(expected), "{title}");
    }
}

#[test]
fn selectors_override_the_search() {
    let html = format!("<div id=a><p>short</p></div><main><h1>Privacy</h1><p>{PROSE}</p><p class=x>gone</p></main>");
    let how = |select: &[&str], remove: &[&str]| Selectors {
        select: select.iter().map(|s| (*s).to_owned()).collect(),
        remove: remove.iter().map(|s| (*s).to_owned()).collect(),
    };
    let outlined =
        |how: &Selectors| outline(&read(&html, "https://acme.test/", how, &mut |_| ()).expect("the page reads").blocks);
    assert_eq!(outlined(&how(&["#a", "#a p"], &[])), ["short"]);
    assert_eq!(outlined(&how(&["h1", "p"], &[".x"])), ["short", "# Privacy", PROSE]);
    assert_eq!(outlined(&how(&[], &[".x"])), ["# Privacy", PROSE]);
    // What is removed is gone, whatever is selected in it.
    assert_eq!(outlined(&how(&["#a", "p"], &["main"])), ["short"]);
}

#[test]
fn a_selector_that_picks_nothing_is_told_and_the_text_is_found_unaided() {
    let html = format!("<p id=a>short</p><p id=b></p><main><h1>Privacy</h1><p>{PROSE}</p></main>");
    let words = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    for (select, remove, unmatched, fell_back, text) in [
        (&["#gone"][..], &[][..], &["#gone"][..], true, &["# Privacy", PROSE][..]),
        // There is such an element, and it says nothing.
        (&["#b"], &[], &[], true, &["# Privacy", PROSE]),
        (&["#gone", "#a"], &[], &["#gone"], false, &["short"]),
        (&["before h2 .. after #a", "#a"], &[], &["before h2 .. after #a"], false, &["short"]),
        (&["#a"], &["#gone"], &[], false, &["short"]),
        (&[], &["#gone", "#a"], &[], false, &["# Privacy", PROSE]),
    ] {
        let how = Selectors { select: words(select), remove: words(remove) };
        let read = read(&html, "https://acme.test/", &how, &mut |_| ()).expect("the page reads");
        assert_eq!(outline(&read.blocks), text, "{select:?} {remove:?}");
        assert_eq!(read.unmatched.select, unmatched, "{select:?}");
        assert_eq!(read.unmatched.fell_back, fell_back, "{select:?}");
        let missing: Vec<_> = remove.iter().filter(|one| **one == "#gone").collect();
        assert_eq!(read.unmatched.remove.iter().collect::<Vec<_>>(), missing);
    }
}

#[test]
fn a_menu_that_took_over_the_name_is_not_what_was_selected() {
    let links = |to: &str| (0..6).map(|n| format!("<li><a href='{to}/{n}'>Entry {n}</a>")).collect::<String>();
    let body = |menu: &str| format!("<h1>Privacy</h1>{}<div class=right>{menu}</div>", "<p>PROSE</p>".repeat(20));
    let of = |menu: &str| {
        let page = format!("<body>{}</body>", body(menu).replace("PROSE", PROSE));
        let how = Selectors { select: vec![".right".to_owned()], remove: Vec::new() };
        read(&page, "https://acme.test/privacy", &how, &mut |_| ()).expect("the page reads")
    };
    let menu = of(&format!("<p>Company</p><ul>{}</ul>", links("")));
    assert!(menu.unmatched.fell_back);
    assert_eq!(outline(&menu.blocks)[0], "# Privacy");
    // Whom a policy names are others; and who selects a list of policies means it.
    for kept in [links("https://other.test"), links("/policy").replace("Entry", "Privacy policy")] {
        let read = of(&format!("<h2>Policies and partners</h2><ul>{kept}</ul>"));
        assert!(!read.unmatched.fell_back, "{kept}");
    }
}

#[test]
fn the_names_of_icons_are_no_text_whoever_selected_them() {
    let how = Selectors { select: vec!["main".to_owned()], remove: Vec::new() };
    let read = read(
        "<main><p>fa-envelope acme-fa-regular</p><p>We keep your name.</p><p>Menu</p></main>",
        "https://acme.test/privacy",
        &how,
        &mut |_| (),
    )
    .expect("the page reads");
    assert_eq!(outline(&read.blocks), ["We keep your name.", "Menu"]);
}

#[test]
fn a_remnant_of_another_design_is_not_what_was_selected() {
    let prose = format!("<p>{PROSE}</p>").repeat(6);
    let html = format!("<main><h1>Privacy</h1>{prose}</main><div class=right>Two words</div>");
    let how = |remove: &str| Selectors { select: vec![".right".to_owned()], remove: vec![remove.to_owned()] };
    let rebuilt = read(&html, "https://acme.test/", &how(".contents"), &mut |_| ()).expect("the page reads");
    assert!(rebuilt.unmatched.fell_back);
    assert_eq!(rebuilt.blocks.len(), 7);
    // Where all that is declared is there, a person meant what is picked.
    let meant = read(&html, "https://acme.test/", &how("h1"), &mut |_| ()).expect("the page reads");
    assert!(!meant.unmatched.fell_back);
    assert_eq!(outline(&meant.blocks), ["Two words"]);
}

#[test]
fn ranges_are_cut_where_they_begin_and_end() {
    let html = format!(
        "<div><p id=w>welcome</p><h1>Privacy</h1><div><p id=a>first <b>bold</b> words</p>last</div>tail</div>
         <ul><li>one<li id=two>two<li>three</ul><footer>end</footer><p id=z>{PROSE}</p><h1>Other</h1>"
    );
    let of = |select: &str, remove: &[&str]| {
        let remove = remove.iter().map(|s| (*s).to_owned()).collect();
        let how = Selectors { select: vec![select.to_owned()], remove };
        let read = read(&html, "https://acme.test/", &how, &mut |_| ()).expect("the page reads");
        assert!(!read.unmatched.fell_back, "{select}");
        outline(&read.blocks)
    };
    assert_eq!(of("before h1 .. before ul", &[]), ["# Privacy", "first bold words", "last", "tail"]);
    assert_eq!(of("after h1 .. after #a", &[]), ["first bold words"]);
    assert_eq!(
        of("before #a .. before footer", &["after #two .. after ul"]),
        ["first bold words", "last", "tail", "- one", "- two"]
    );
    assert_eq!(of("before #two .. before footer", &[]), ["- two", "- three"]);
    // The first end after the start, not the first on the page.
    assert_eq!(of("after footer .. after h1", &[]), [PROSE, "# Other"]);
    assert_eq!(of("before body .. before #a", &["#w"]), ["# Privacy"]);
    let backwards = Selectors { select: vec!["before footer .. before #w".to_owned()], remove: Vec::new() };
    assert!(read(&html, "https://acme.test/", &backwards, &mut |_| ()).expect("the page reads").unmatched.fell_back);
}

/// Parts that each class of noise takes away, by the class's name.
const NOISE: &[(&str, &str)] = &[
    ("navigation", "<nav><a href=/>Start page</a> <a href=/a>About</a></nav>"),
    ("page header", "<header><a href=/>Acme</a> The best thing since sliced bread</header>"),
    ("page footer", "<footer>All rights reserved by Acme Limited</footer>"),
    ("aside", "<aside><a href=/b>Blog</a> <a href=/c>Careers</a></aside>"),
    ("breadcrumb", "<ol class=breadcrumbs><li><a href=/>Legal</a></li><li>Notice</li></ol>"),
    ("language picker", "<div class=language-picker>English Deutsch</div>"),
    ("consent overlay", "<div id=cookie-banner>We use cookies to serve you better.</div>"),
    (
        "consent choices",
        "<div class=x1><p>We use cookies and the like for the best visit. You can accept all cookies or reject all cookies but the needed.</p>
         <button>Yes</button><button>No</button></div>",
    ),
    ("dialog", "<div role=dialog>Rate our app now in the store of your choice</div>"),
    ("promotion", "<div class=newsletter-box>Get our news every week in your inbox <button>Go</button></div>"),
    ("sharing", "<div class=social-share><a href=/f>Face</a> <a href=/t>Chirp</a></div>"),
    ("related pages", "<div class=related-posts><a href=/x>Ten tips for your holidays</a></div>"),
    ("feedback", "<div class=page-feedback>Did we answer all of your questions here? <button>Yes</button></div>"),
    (
        "choices",
        "<div><input type=radio>Hard to follow<input type=radio>It does not work<input type=radio>Something else</div>",
    ),
    ("sign-in", "<div class=login-box>Already have an account with us? <button>Yes</button></div>"),
    ("search", "<div role=search>Search our help pages</div>"),
    ("pagination", "<div class=pagination><a href=/1>1</a> <a href=/2>2</a></div>"),
    (
        "archive toolbar",
        "<div id=wm-ipp-base><div id=wm-ipp><a href=/web/2020*/x>37 captures</a><p>Collected for those who come later.</p></div></div>",
    ),
    ("screen reader hint", "<span class=sr-only>opens in another window</span>"),
    ("icon", "<p><span role=img><i></i><span>bolt arrow</span></span><i class=material-icons>expand_more</i></p>"),
    ("edit link", "<p><span class=mw-editsection>[<a href=/edit?section=2>edit source</a>]</span></p>"),
];

#[test]
fn every_class_of_noise_is_left_out() {
    for class in super::super::noise::CLASSES {
        let (_, part) = NOISE.iter().find(|(name, _)| *name == class.name).expect(class.name);
        let text = format!("<h1>Privacy</h1><p>{PROSE} {PROSE}</p><p>{PROSE} {PROSE}</p>");
        let kept = ["# Privacy".to_owned(), format!("{PROSE} {PROSE}"), format!("{PROSE} {PROSE}")];
        for html in [format!("<div>{text}</div>{part}"), format!("{part}<div>{text}</div>")] {
            assert_eq!(outline(&page(&html).blocks), kept, "{}", class.name);
        }
    }
}

#[test]
fn what_a_heading_below_the_text_announces_is_none_of_it() {
    let prose = format!("{PROSE} {PROSE}");
    let text = format!("<h1>Privacy</h1><p>{prose}</p><h2>Your rights</h2><p>{prose}</p><p>{prose}</p>");
    let kept = ["# Privacy".to_owned(), prose.clone(), "## Your rights".to_owned(), prose.clone(), prose];
    for part in [
        "<h2>Latest from our blog</h2><div><h3>Say hello to Acme 3</h3><p>Today we are proud to show a new way to plan.</p></div>",
        "<h2>Ready to grow your shop?</h2><p>Talk to one of us today, it costs nothing.</p>",
        "<h2>Weitere Beiträge</h2><p>Zehn Tipps für den Garten</p><h3>Mehr davon</h3><p>Alles über Rosen</p>",
        "<h2>Prêt à commencer ?</h2><p>Un conseiller vous rappelle dans la journée.</p>",
    ] {
        assert_eq!(outline(&page(&format!("<div>{text}{part}</div>")).blocks), kept, "{part}");
    }
    // What speaks like a policy is one, and so is what stands between such a part and the end.
    let newsletter = "<h2>Subscribe to our newsletter</h2><p>If you give us your e-mail address and your consent, we process these data until you withdraw it.</p>
        <h2>Recent posts</h2><p>Ten tips for your garden</p><h2>Contact</h2><p>Write to dpo@acme.test.</p>";
    let found = outline(&page(&format!("<div>{text}{newsletter}</div>")).blocks).join("\n");
    assert!(found.contains("withdraw it") && found.ends_with("## Contact\nWrite to dpo@acme.test."), "{found}");
    assert!(!found.contains("garden"), "{found}");
    // A section of the text is none of that, whatever it is called.
    let named = format!(
        "<h2>Newsletter</h2><p>We give your address to a firm that follows what you read.</p><h2>Related articles</h2><p>Nothing of substance</p><h2>Your rights</h2><p>{PROSE}</p>"
    );
    let found = outline(&page(&format!("<div>{text}{named}</div>")).blocks).join("\n");
    assert!(found.contains("follows what you read") && found.contains("Nothing of substance"), "{found}");
}

#[test]
fn many_parts_below_the_text_take_no_more_time_than_one_each() {
    let parts: String = (0..20_000).map(|n| format!("<h2>Recent posts</h2><p>Entry {n}</p>")).collect();
    let html = format!("<h1>Privacy</h1><p>{PROSE} {PROSE}</p>{parts}");
    let kept = page(&html).blocks.iter().filter(|block| block.text.contains("Entry")).count();
    assert!(kept > 19_900, "{kept} of 20,000 are left: what goes is bounded for all of them together");
}

/// Parts that are told by what they say, whatever their elements are called.
#[test]
fn parts_told_by_their_words_are_left_out() {
    let text = format!("<h1>Privacy</h1><p>{PROSE} {PROSE}</p><p>{PROSE} {PROSE}</p><p>{PROSE} {PROSE}</p>");
    let kept: Vec<String> =
        std::iter::once("# Privacy".to_owned()).chain([0; 3].map(|_| format!("{PROSE} {PROSE}"))).collect();
    for part in [
        "<div><div><b>Did this answer your question?</b></div><div>Tell us what went wrong, we shall not answer.</div>
         <div><div>Thanks</div><div>Your comments help us improve the page for all.</div></div></div>",
        "<div><h2>Ask Acme a question</h2><div><p>Hello!</p><p>Our assistant knows all of our documents.</p></div></div>",
        "<div><h3>Changelog</h3><h6>Today</h6><p>Current version</p><h6>18 Dec 2020</h6><h6>31 Oct 2019</h6></div>",
        "<p>Updated over a week ago</p>",
    ] {
        let html = format!("<div>{text}</div>{part}");
        assert_eq!(outline(&page(&html).blocks), kept, "{part}");
    }
    // What answers a question of the policy is the policy, and so is a notice that says what changed.
    let answered = "<h2>Do you sell my data?</h2><p>No.</p><h2>How long is a session kept?</h2><p>30 minutes</p>
        <h2>How can we help you?</h2><p>Write to dpo@acme.test and we answer within 30 days.</p>
        <p><em>We have updated our policy because we now sell your location data to partners.</em></p>";
    let found = outline(&page(&format!("<div>{text}{answered}</div>")).blocks).join("\n");
    for line in ["No.", "30 minutes", "within 30 days", "location data"] {
        assert!(found.contains(line), "{line} is gone from {found}");
    }
}

#[test]
fn a_question_within_the_text_is_no_form() {
    let html = format!(
        "<h1>Help</h1><section><p>{PROSE}</p><p>Was this decision helpful to you?</p><p>{PROSE} {PROSE}</p></section>
         <section><p><em>We have updated our Terms. The changes take effect on 1 May 2024.</em></p></section>"
    );
    let text = outline(&page(&html).blocks).join("\n");
    assert!(text.contains("1 May 2024") && text.matches(PROSE).count() == 3, "{text}");
}

#[test]
fn a_policy_is_not_noise_whatever_it_is_called() {
    for wrapper in [
        "<div class=cookie-notice>",
        "<div class=modal>",
        "<div class=newsletter>",
        "<footer>",
        "<aside>",
        "<div id=sharing>",
        "<div class=login>",
        "<div class=related>",
        "<div role=dialog>",
        "<nav>",
        "<header>",
        "<div aria-hidden=true>",
        "<section class=sidebar>",
    ] {
        let html = format!("{wrapper}<h2>What we share</h2><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p><p>{PROSE}</p>");
        assert_eq!(page(&html).blocks.len(), 5, "{wrapper}");
    }
}

/// What is called like a part of the page, but is there to be read.
#[test]
fn a_clause_is_kept_whatever_it_is_called() {
    for clause in [
        "<p role=alert>These terms make you settle a quarrel before an arbitrator.</p>",
        "<div role=status>We sold your data to no one this year.</div>",
        "<p id=ads>We show ads by what you read.</p>",
        "<li class=account>You may close your account at any time.</li>",
        "<p class=survey>We ask you once a year in a survey.</p>",
        "<p id=copyright>You keep the copyright in what you upload.</p>",
        "<p class=foot-note>Save where the law says otherwise.</p>",
        "<p class=sharing>With the police.</p>",
        "<ul class=country-list><li>Norway and Iceland</li></ul>",
        "<p id=search>We keep what you search for.</p>",
        "<div class=cookie-settings>Your choice of cookies is kept for a year.</div>",
        "<p class=cta>You must be of age to sign up.</p>",
    ] {
        let html = format!("<main><h1>Terms</h1><p>{PROSE} {PROSE}</p>{clause}<p>{PROSE} {PROSE}</p></main>");
        assert_eq!(page(&html).blocks.len(), 4, "{clause}");
    }
    let aside =
        format!("<main><h1>Terms</h1>{}<aside>In short: {PROSE}</aside></main>", format!("<p>{PROSE}</p>").repeat(12));
    assert_eq!(page(&aside).blocks.len(), 14);
}

#[test]
fn tabs_and_filters_are_no_text() {
    check(
        "<main><div><a href=/>Overview</a><a href=/s aria-current=page>Companies</a><a href=/f>Questions</a></div>
         <div>Filter by</div><button aria-haspopup=dialog aria-expanded=false>Product</button>
         <h1>Companies</h1><p>PROSE</p></main>",
        &["# Companies", "PROSE"],
    );
}

#[test]
fn what_is_struck_out_is_not_in_force() {
    check(
        "<h1>Privacy</h1><p>PROSE</p><p>We keep logs for <s>two</s> <b>four</b> weeks<del>, and sell them</del>.</p>
         <p style='text-decoration: line-through'>We sell nothing.</p><p>PROSE</p>",
        &["# Privacy", "PROSE", "We keep logs for four weeks.", "PROSE"],
    );
    // All of a page is never struck out.
    check("<s><h1>Privacy</h1><p>PROSE</p></s>", &["# Privacy", "PROSE"]);
}

#[test]
fn raised_numbers_are_none_of_the_word_before() {
    check(
        "<h1>Privacy</h1><p>PROSE<sup>1</sup> Our partners<sup><a href=#n2>2</a></sup> keep 10<sup>6</sup> rows from the 1<sup>st</sup> on.</p>",
        &["# Privacy", &format!("{PROSE}¹ Our partners² keep 10⁶ rows from the 1st on.")],
    );
}

#[test]
fn pictures_answer_in_tables() {
    check(
        "<h1>Privacy</h1><p>PROSE</p><table><tr><th>Data</th><th>Sold</th><th>Kept</th></tr>
         <tr><td>Name</td><td><img src=y.png alt=Yes></td><td>✓</td></tr>
         <tr><td>Logs</td><td><span role=img aria-label='Not sold'></span></td><td><img src=x.png alt=''></td></tr></table>",
        &["# Privacy", "PROSE", "=# Data | Sold | Kept", "= Name | Yes | ✓", "= Logs | Not sold"],
    );
}

#[test]
fn how_long_ago_is_told_of_the_page_or_by_a_clause() {
    check("<h1>Privacy</h1><p>3 days ago</p><p>PROSE</p>", &["# Privacy", "PROSE"]);
    check(
        "<h1>Privacy</h1><p>Last updated:</p><p>3 days ago</p><p>PROSE</p>",
        &["# Privacy", "Last updated:", "PROSE"],
    );
    check("<h1>Privacy</h1><ul><li>8 months ago</li><li>Updated</li></ul><p>PROSE</p>", &["# Privacy", "PROSE"]);
    check(
        "<h1>AGB</h1><p>PROSE</p><p>Sie kündigen:</p><p>vor 30 Tagen</p><ul><li>il y a 3 jours</li></ul><p>PROSE</p>",
        &["# AGB", "PROSE", "Sie kündigen:", "vor 30 Tagen", "- il y a 3 jours", "PROSE"],
    );
}

#[test]
fn lines_of_the_interface_are_left_out() {
    for line in [
        "Skip to main content",
        "Back to top",
        "Print this page",
        "Share on Facebook",
        "Was this article helpful?",
        "Updated 3 days ago",
        "1,204 views",
        "5 min read",
        "Sign in",
        "Show more",
        "Nach oben",
        "Ça vous a aidé ?",
        "Top of page",
        "Copyright 1998 Acme. You are visitor 004,211.",
        "Please sign in to leave a comment.",
        "Retrieved from \"https://acme.test/index.php?title=Privacy&oldid=4411\"",
    ] {
        check(&format!("<h1>Privacy</h1><p>PROSE</p><p>{line}</p>"), &["# Privacy", "PROSE"]);
    }
    for line in ["We share on request.", "Sign in to your account to change it.", "Top secrets stay with us."] {
        check(&format!("<h1>Privacy</h1><p>PROSE</p><p>{line}</p>"), &["# Privacy", "PROSE", line]);
    }
}

#[test]
fn where_the_page_stands_on_its_site_is_told_above_the_text() {
    check("<p>Home » Legal » Privacy</p><h1>Privacy</h1><p>PROSE</p>", &["# Privacy", "PROSE"]);
    check(
        "<h1>Privacy</h1><p>PROSE</p><p>Home > Settings > Privacy</p>",
        &["# Privacy", "PROSE", "Home > Settings > Privacy"],
    );
}

#[test]
fn a_date_in_the_foot_of_the_text_is_kept() {
    check(
        "<h1>Privacy</h1><p>PROSE</p><div class=policy-footer><p>Latest update: March 3, 2025</p><a href=/x>Made with Acme</a></div>",
        &["# Privacy", "PROSE", "Latest update: March 3, 2025", "Made with Acme"],
    );
}

#[test]
fn menus_around_the_text_are_left_out() {
    let menu = "<p><a href=/1>One thing</a></p><p><a href=/2>Another thing</a></p><p><a href=/3>A third thing</a></p>";
    check(&format!("{menu}<h1>Privacy</h1><p>PROSE</p><h3>More to read</h3>{menu}"), &["# Privacy", "PROSE"]);
    check(
        "<h1>Privacy</h1><p>PROSE</p><p><a href=/1>Our other policy</a></p>",
        &["# Privacy", "PROSE", "Our other policy"],
    );
}

#[test]
fn a_list_of_policies_is_read_where_it_is_all_there_is() {
    check(
        "<header><a href=/>Acme</a></header><main><h1>Legal</h1><ul><li><a href=/t>Terms of Use</a></li>
         <li><a href=/p>Privacy Policy</a></li><li><a href=/c>Cookie Policy</a></li></ul></main>
         <footer><a href=/jobs>Jobs</a></footer>",
        &["# Legal", "- Terms of Use", "- Privacy Policy", "- Cookie Policy"],
    );
    check(
        "<h1>Legal</h1><p><a href=/1>One thing</a></p><p><a href=/2>Another</a></p><p><a href=/3>A third</a></p>",
        &[],
    );
}

#[test]
fn every_part_of_a_policy_is_kept() {
    check(
        "<main><div><h1>Privacy</h1></div><div><p>PROSE</p><p>PROSE PROSE PROSE PROSE PROSE PROSE PROSE PROSE</p></div></main>",
        &["# Privacy", "PROSE", "PROSE PROSE PROSE PROSE PROSE PROSE PROSE PROSE"],
    );
    let (long, part) = (format!("{PROSE} ").repeat(60), format!("{PROSE} ").repeat(5));
    let read = page(&format!(
        "<div><h1>A</h1><div><p>{long}</p></div><div><h2>B</h2><p>{part}</p></div><div><h2>C</h2><p>{part}</p></div></div>"
    ));
    assert_eq!(read.blocks.len(), 6);
}

#[test]
fn variants_for_other_widths_are_read_once() {
    check(
        "<h1>Privacy</h1><div><p class=desktop-only>PROSE</p><p class=mobile-only>PROSE</p></div><p>Said twice here.</p><p>Said twice here.</p>",
        &["# Privacy", "PROSE", "Said twice here.", "Said twice here."],
    );
}

#[test]
fn tabs_that_are_written_once_for_each_open_one_are_read_once() {
    check(
        "<h1>Privacy</h1><div id=a role=tabpanel><p>PROSE</p></div><div id=b role=tabpanel hidden><p>We keep data.</p></div>\
         <div id=a role=tabpanel hidden><p>PROSE</p></div><div id=b role=tabpanel><p>We keep data.</p></div>\
         <div id=a role=tabpanel hidden><p>Another text.</p></div>",
        &["# Privacy", "PROSE", "We keep data.", "Another text."],
    );
}

#[test]
fn text_that_scripts_would_show() {
    let text = format!("<h2>Data</h2><p>{}</p>", format!("{PROSE} ").repeat(12));
    let read = page(&format!("<body><div id=app></div><noscript>{text}</noscript>"));
    assert_eq!(read.blocks.len(), 2);
    let read = page(&format!("<body><p>{}</p><noscript>{text}</noscript>", format!("{PROSE} ").repeat(8)));
    assert_eq!(read.blocks.len(), 1, "what is shown comes first");
    let read = page(&format!("<body><x-policy><template shadowrootmode=open>{text}</template></x-policy>"));
    assert_eq!(read.blocks.len(), 2);
}

/// The same body for each of three titles, `TITLE` in it.
fn three(each: &str) -> String {
    ["Our data", "Your rights", "Contact"].map(|title| each.replace("TITLE", title)).concat()
}

/// Three sections of one paragraph below a title.
const THREE: [&str; 7] = ["# Privacy", "## Our data", "PROSE", "## Your rights", "PROSE", "## Contact", "PROSE"];

#[test]
fn badges_beside_headings_number_them() {
    let numbered = |each: &str| {
        let mut number = 0;
        let parts = ["Our data", "Your rights", "Contact"].map(|title| {
            number += 1;
            each.replace("TITLE", title).replace('N', &number.to_string())
        });
        format!("<h1>Privacy</h1>{}", parts.concat())
    };
    let expected = ["# Privacy", "## 01. Our data", "PROSE", "## 02. Your rights", "PROSE", "## 03. Contact", "PROSE"];
    check(&numbered("<div><span class=n>0N</span><h2>TITLE</h2></div><p>PROSE</p>"), &expected);
    check(&numbered("<section><span>0N</span><div><h2>TITLE</h2><p>PROSE</p></div></section>"), &expected);
    let sections = ["# Privacy", "## § 1 Our data", "PROSE", "## § 2 Your rights", "PROSE", "## § 3 Contact", "PROSE"];
    check(&numbered("<div><span>§ N</span><h2>TITLE</h2></div><p>PROSE</p>"), &sections);
    let items = ["# Privacy", "## 1. Our data", "PROSE", "## 2. Your rights", "PROSE", "## 3. Contact", "PROSE"];
    check(
        &format!(
            "{}</ul>",
            numbered("<ul><li><i>N</i><div><b>TITLE</b><p>PROSE</p></div></li>").replace("</li><ul>", "</li>")
        ),
        &items,
    );
    // In the heading itself, nothing but its style parts it from the title.
    let within = ["# Privacy", "## 1 Our data", "PROSE", "## 2 Your rights", "PROSE", "## 3 Contact", "PROSE"];
    check(&numbered("<h2><span class=n>N</span>TITLE</h2><p>PROSE</p>"), &within);
    check(&numbered("<h2><span class=n>N</span><span>TITLE</span></h2><p>PROSE</p>"), &within);
    // One number may be anything.
    check(
        "<h1>Privacy</h1><p>PROSE</p><p>7</p><h2>Data</h2><p>PROSE</p>",
        &["# Privacy", "PROSE", "7", "## Data", "PROSE"],
    );
}

#[test]
fn buttons_and_labels_that_open_parts_without_saying_so() {
    let opened = |each: &str| format!("<h1>Privacy</h1>{}", three(each));
    check(&opened("<button class=acc>TITLE</button><div class=panel><p>PROSE</p></div>"), &THREE);
    check(
        &opened("<div><input type=checkbox id=TITLE><label for='TITLE'>TITLE</label><div>PROSE</div></div>")
            .replace("id=", "id='")
            .replace("><label", "'><label"),
        &THREE,
    );
    check(&opened("<div><div role=button>TITLE</div><section>PROSE</section></div>"), &THREE);
    // What they say must differ, and each have its part.
    check(
        &format!("<h1>Privacy</h1>{}", "<button>Back to top</button><div>PROSE</div>".repeat(3)),
        &["# Privacy", "PROSE", "PROSE", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><p>PROSE</p><button>Accept</button><button>Decline</button><button>Settings</button><p>PROSE</p>",
        &["# Privacy", "PROSE", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><h2>Data</h2><p>PROSE</p><h2>Form</h2><label for=name>Name</label><div>PROSE</div>",
        &["# Privacy", "## Data", "PROSE", "## Form", "Name", "PROSE"],
    );
}

#[test]
fn elements_of_the_pages_own_making() {
    check(
        &format!(
            "<h1>Privacy</h1><my-page>{}</my-page>",
            three("<a-card><a-card-title>TITLE</a-card-title><a-card-text>PROSE</a-card-text></a-card>")
        ),
        &THREE,
    );
    // Among words they stand in the line.
    check(
        "<h1>Privacy</h1><p>The <x-term>data</x-term> <x-term>you give</x-term> us.</p><div>Ask <x-mail>us</x-mail> now.</div>",
        &["# Privacy", "The data you give us.", "Ask us now."],
    );
}

#[test]
fn handles_are_of_no_title() {
    check(
        &format!("<h1>Privacy<a href=#p>¶</a></h1>{}", three("<h2>TITLE<a class=h href=#x>#</a></h2><p>PROSE</p>")),
        &THREE,
    );
    let question = "<div class=question><span>TITLE</span><span class=icon>+</span></div><p>PROSE</p>";
    check(&format!("<h1>Privacy</h1>{}", three(question)), &THREE);
    check(&format!("<h1>Privacy</h1>{}", three("<details><summary><i>▸</i> TITLE</summary>PROSE</details>")), &THREE);
}

#[test]
fn blanks_between_signs_and_words_hide_neither() {
    let blanks = "\n                    ";
    let read = |body: &str| outline(&page(&format!("<body>{}</body>", body.replace("PROSE", PROSE))).blocks).join("\n");
    for title in [format!("<a href=#a>#{blanks}TITLE</a>"), format!("<span>→{blanks}TITLE</span>")] {
        let read = read(&format!("<h1>Privacy</h1>{}", three(&format!("<h2>{title}</h2><p>PROSE</p>"))));
        assert!(read.contains("Our data") && read.contains("Your rights"), "{read}");
    }
    let handle = format!("<h2>TITLE <a href=#a>{blanks}#{blanks}</a></h2><p>PROSE</p>");
    check(&format!("<h1>Privacy</h1>{}", three(&handle)), &THREE);
    let rows = [
        "We keep logs of visits until day 30",
        "2024 data is kept for one more year",
        "90 days for bills",
        "12 months",
    ];
    let rows = rows.map(|row| format!("<span class=row>{row}</span>")).concat();
    let rows = read(&format!("<h1>Terms</h1><p>PROSE</p><div>{rows}</div><p>PROSE</p>"));
    assert!(rows.contains("2024 data") && !rows.contains("302024"), "{rows}");
}

#[test]
fn signs_before_titles_and_before_items() {
    check(&format!("<h1>Privacy</h1>{}", three("<p>■TITLE<br>PROSE</p>")), &THREE);
    check(
        "<h1>Privacy</h1><p>PROSE</p><p>● Our data</p><p>● Your rights</p><p>● Contact</p><p>・Name<br>・Age</p>",
        &["# Privacy", "PROSE", "- Our data", "- Your rights", "- Contact", "- Name", "- Age"],
    );
}

#[test]
fn clauses_in_a_table() {
    check(
        &format!("<h1>Privacy</h1><table>{}</table>", three("<tr><th>1. TITLE</th><td><p>PROSE</p></td></tr>")),
        &["# Privacy", "## 1. Our data", "PROSE", "## 1. Your rights", "PROSE", "## 1. Contact", "PROSE"],
    );
    check(
        "<h1>Privacy</h1><table><tr><td>1.<td><b>Data</b><tr><td><td>PROSE<tr><td>2.<td><b>Rights</b><br>PROSE
         <tr><td>3.<td><b>Contact</b><br>PROSE</table>",
        &["# Privacy", "## 1. Data", "PROSE", "## 2. Rights", "PROSE", "## 3. Contact", "PROSE"],
    );
    // Short values and three columns are data.
    check(
        "<h1>Privacy</h1><p>PROSE</p><table><tr><td>1. Name<td>Yes<tr><td>2. Age<td>No<tr><td>3. Mail<td>No</table>",
        &["# Privacy", "PROSE", "= 1. Name | Yes", "= 2. Age | No", "= 3. Mail | No"],
    );
}

#[test]
fn a_part_headed_by_the_name_of_the_text_is_how_it_begins() {
    let text = "<h2>Data</h2><p>PROSE</p><p>PROSE</p><p>PROSE</p>".repeat(3);
    let read = |before: &str| {
        let read = page(&format!("<body><div>{before}<div>{}</div></div>", text.replace("PROSE", PROSE)));
        outline(&read.blocks)
    };
    let begins = read("<div><h2>Privacy notice</h2><p>How Acme treats personal data.</p></div>");
    assert_eq!(begins[..2], ["# Privacy notice", "How Acme treats personal data."]);
    let other = read("<div><h2>Lamps on sale</h2><p>How to light a garden.</p></div>");
    assert_eq!(other[0], "## Data");
    // The text may open with its own name, marked or not.
    let text_of_its_own = page(&format!(
        "<body><div><div><h2>Legal notices</h2><p>All the terms and conditions for the use of what Acme makes and sells.</p></div><div><div>Terms of Service</div>{}</div></div>",
        text.replace("PROSE", PROSE)
    ));
    assert_eq!(outline(&text_of_its_own.blocks)[0], "# Terms of Service");
    // Where sections are marked like the title, it stands above them all the same.
    let text = text.replace("h2", "h1");
    let read = page(&format!(
        "<body><div><div><h1>Space : Privacy Policy</h1></div><div>{}</div></div>",
        text.replace("PROSE", PROSE)
    ));
    assert_eq!(outline(&read.blocks)[..2], ["# Space : Privacy Policy", "## Data"]);
}

#[test]
fn the_name_of_the_site_is_no_title() {
    let text = "<p>PROSE</p>".repeat(4);
    check(
        &format!("<div><div id=head><h1><a href=/>Acme lamps</a></h1><p>Light for all.</p></div><div><h3>Privacy Policy</h3>{text}<h4>Data</h4>{text}</div>
             <div class=side><h2>Archive</h2><a href=/2023>2023</a> (14)</div></div>"),
        &[&["# Privacy Policy"][..], &["PROSE"; 4], &["#### Data"], &["PROSE"; 4]].concat(),
    );
}

#[test]
fn parts_that_are_sections_of_the_text() {
    let others = three("<div class=block><h3>TITLE</h3><p>PROSE</p></div>");
    let cookies = "<div class=cookie-notice><h3>Cookies</h3><p>PROSE <a href=/cookies>More.</a></p></div>";
    let lines =
        [&THREE[..], &["## Cookies", "PROSE More."]].concat().into_iter().map(|line| line.replace("## ", "### "));
    let lines: Vec<String> = lines.collect();
    check(
        &format!("<div><h1>Privacy</h1>{others}{cookies}</div>"),
        &lines.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    // A banner has no such part before it.
    check(
        &format!("<div><h1>Privacy</h1>{}</div>{cookies}", "<p>PROSE</p>".repeat(4)),
        &[&["# Privacy"][..], &["PROSE"; 4]].concat(),
    );
    check(
        &format!(
            "<header>Acme</header><h1>Privacy</h1>{}",
            three("<section><header><h2>TITLE</h2></header><p>PROSE</p></section>")
        ),
        &THREE,
    );
    check(
        "<h1>Privacy</h1><div><h2>Data</h2><p>PROSE</p></div>
         <div class=consent><h2>Contact</h2><p>Write to <a href=mailto:a@acme.test>a@acme.test</a> or call us.</p></div>",
        &["# Privacy", "## Data", "PROSE", "## Contact", "Write to a@acme.test or call us."],
    );
    check(
        "<article><h1>Privacy</h1><h2>Data</h2><p>PROSE</p><footer><h2>Contact</h2><p>Write to us by letter, and we answer within ten days.</p></footer></article>",
        &["# Privacy", "## Data", "PROSE", "## Contact", "Write to us by letter, and we answer within ten days."],
    );
    let dialogue = format!(
        "<div class=modal><div class=modal-header><h5 class=modal-title>Privacy</h5><button>x</button></div><div class=modal-body>{}</div></div>",
        "<p>PROSE</p>".repeat(4)
    );
    check(&dialogue, &[&["##### Privacy"][..], &["PROSE"; 4]].concat());
}

#[test]
fn what_opens_a_part_heads_what_is_marked_in_it() {
    let nested = ["# Privacy", "## One", "PROSE", "#### Within", "PROSE", "## Two", "PROSE"];
    check(
        "<h1>Privacy</h1><details><summary>One</summary><p>PROSE</p><h4>Within</h4><p>PROSE</p></details>
         <details><summary>Two</summary><p>PROSE</p></details>",
        &nested,
    );
    check(
        "<h1>Privacy</h1><ul><li><b>One</b><p>PROSE</p><h4>Within</h4><p>PROSE</p></li><li><b>Two</b><p>PROSE</p></li></ul>",
        &nested,
    );
    check(
        "<h1>Privacy</h1><h6>One</h6><p>PROSE</p><p><b>Within</b></p><p>PROSE</p><h6>Two</h6><p>PROSE</p>",
        &["# Privacy", "##### One", "PROSE", "###### Within", "PROSE", "##### Two", "PROSE"],
    );
}

#[test]
fn titles_by_class_in_a_line_and_typed() {
    check(&format!("<h1>Privacy</h1>{}", three("<div><span class=item-title>TITLE</span> <p>PROSE</p></div>")), &THREE);
    check(&format!("<h1>Privacy</h1>{}", three("<p class='h4 mt-4'>TITLE</p><p>PROSE</p>")), &THREE);
    check(
        &format!(
            "<pre-text>{}</pre-text>",
            "<div># Privacy</div>".to_owned() + &three("<div>## TITLE</div><div>PROSE</div>")
        ),
        &THREE,
    );
    check(
        &format!(
            "<div>Shown by Docs</div><div>Report</div><p><b>Privacy Policy</b></p>{}",
            three("<p><b>TITLE</b></p><p>PROSE</p>")
        ),
        &[
            "Shown by Docs",
            "Report",
            "# Privacy Policy",
            "## Our data",
            "PROSE",
            "## Your rights",
            "PROSE",
            "## Contact",
            "PROSE",
        ],
    );
    check(
        "<h2>Privacy</h2><p>1. Introduction</p><p>PROSE</p><p>Our data</p><p>PROSE</p>",
        &["## Privacy", "### 1. Introduction", "PROSE", "### Our data", "PROSE"],
    );
}

#[test]
fn the_contents_may_be_called_anything() {
    let entries = three("<li><a href='#TITLE'>TITLE</a></li>");
    check(
        &format!(
            "<h1>Privacy</h1><p class=toc-title>Sections</p><ul>{entries}</ul>{}",
            three("<h2>TITLE</h2><p>PROSE</p>")
        ),
        &[&["# Privacy", "Sections", "- Our data", "- Your rights", "- Contact"], &THREE[1..]].concat(),
    );
}

#[test]
fn pills_in_a_row_stand_apart() {
    check(
        "<h1>Privacy</h1><div><span class=pill>Updated 3 May 2024</span><span class=pill>5 min read</span></div><p>PROSE</p>",
        &["# Privacy", "Updated 3 May 2024", "PROSE"],
    );
    check("<h1>Privacy</h1><p>In 20<span>2</span><span>4</span> we met.</p>", &["# Privacy", "In 2024 we met."]);
}

/// Whether what is read of a page's body holds some words.
fn holds(body: &str, words: &str) -> bool {
    let page = page(&format!("<title>Privacy</title><body>{}", body.replace("PROSE", PROSE)));
    page.blocks.iter().any(|block| block.text.contains(words))
}

#[test]
fn no_clause_goes_unseen_for_what_stands_beside_it() {
    let never = "<p>Acme never sells your data to any third party.</p>";
    let sections = "<section><h2>Use</h2><p>PROSE PROSE</p></section>".repeat(8);
    let text = "<p>PROSE</p>".repeat(6);
    let pages = [
        format!("<div><div><h2>Privacy notice</h2>{text}</div><div>{sections}</div>{never}</div>"),
        format!("<header><h1><a href=/dpa>Data processing addendum</a></h1>{never}</header><div>{text}</div>"),
        format!("<div class=head><h1><a href=/eula>End user licence</a></h1>{never}</div><div>{text}</div>"),
        format!("<h1>Terms</h1><div class=ariane>{never}</div><div>{text}</div>"),
        format!("<h1>Terms</h1>{text}<p>You may not:</p><ul><li>Return to the site<li>Sell it</ul>{never}"),
    ];
    for page in pages {
        assert!(holds(&page, "Acme never sells your data to any third party."), "{page}");
    }
    assert!(holds(
        "<h1>Terms</h1><p>PROSE</p><p>You may not:</p><ul><li>Return to the site<li>Sell it</ul>",
        "Return to the site"
    ));
}

#[test]
fn a_sentence_is_one_whatever_its_words_are_called() {
    let sentences = [
        ("<p>We may <b><span class=title>never</span></b> sell your data.</p>", "We may never sell your data."),
        ("<p>See <a href=/c><span class=title>our Cookie Policy</span></a> too.</p>", "See our Cookie Policy too."),
        (
            "<p>You give us <x-term><x-tip>personal data</x-tip></x-term> and we keep it.</p>",
            "You give us personal data and we keep it.",
        ),
        ("<div><a-t>We</a-t> <b>never</b> <a-t>sell your data.</a-t></div>", "We never sell your data."),
        ("<h2>Users of age 16<b>+</b></h2><p>PROSE</p>", "Users of age 16+"),
        ("<h2>From 13<span>+</span></h2><p>PROSE</p>", "From 13+"),
        ("<h2>From A <span>→</span> B</h2><p>PROSE</p>", "From A → B"),
        ("<p>A fee of USD <span class=d>1</span><span class=d>0</span> a day.</p>", "A fee of USD 10 a day."),
        ("<p><span>3</span>D Secure is asked for.</p>", "3D Secure is asked for."),
    ];
    for (html, sentence) in sentences {
        assert!(holds(&format!("<h1>Privacy</h1><p>PROSE</p>{html}<p>PROSE</p>"), sentence), "{html}");
    }
}

#[test]
fn questions_about_buttons_and_badges_are_bounded() {
    let deep =
        "<div role=button>".repeat(200) + &"word ".repeat(20_000) + &"</div><div>a b c d e f g h i</div>".repeat(200);
    let badges = "<p>1<p>Abc<p>2<p>Abc<p>3<p>Abc".repeat(5_000);
    let digits = "<span>1</span>".repeat(20_000);
    for body in [deep, badges, digits] {
        assert!(!page(&format!("<h1>Terms</h1><p>{PROSE}</p>{body}")).blocks.is_empty());
    }
}
