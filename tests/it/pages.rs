//! Pages of every style, and what is read of them: made up, each in the way of a kind of
//! page that policies are published on.

use policywatch::reading::{Expected, Reading, Selectors, read};

use super::reading::page;

/// Sentences of a policy, each with a word of its own: `clause("alpha")`.
fn clause(word: &str) -> String {
    format!("We keep the {word} that you give us for as long as your account is open and no longer than the law asks.")
}

/// A clause in the style of a page, for each of some words.
fn clauses(words: &[&str], open: &str, close: &str) -> String {
    words.iter().map(|word| format!("{open}{}{close}\n", clause(word))).collect()
}

const FEW: [&str; 3] = ["letters", "orders", "invoices"];
const MANY: [&str; 12] = [
    "letters",
    "orders",
    "invoices",
    "addresses",
    "names",
    "photographs",
    "receipts",
    "contracts",
    "payments",
    "ratings",
    "messages",
    "documents",
];

fn reads(html: &str) -> Reading {
    match read(&page(html), &Selectors::default(), &Expected::default()) {
        Ok(reading) => reading,
        Err(refusal) => panic!("{refusal}\n{html}"),
    }
}

/// Reads a page: all of `words` have their clauses in order, each once, and nothing of
/// `gone` is there.
#[track_caller]
fn holds(html: &str, words: &[&str], gone: &[&str]) -> Reading {
    let reading = reads(html);
    let text = reading.text();
    let mut from = 0;
    for word in words {
        let clause = clause(word);
        assert_eq!(text.matches(&clause).count(), 1, "the clause on {word}, once in:\n{text}");
        let at = text.find(&clause).unwrap_or_default();
        assert!(at >= from, "{word} out of order in:\n{text}");
        from = at;
    }
    for gone in gone {
        assert!(!text.contains(gone), "{gone:?} in:\n{text}");
    }
    reading
}

/// The titles of the sections.
fn titles(reading: &Reading) -> Vec<&str> {
    reading.sections.iter().filter_map(|section| section.path.last()).map(String::as_str).collect()
}

fn menu(entries: usize) -> String {
    (0..entries).map(|n| format!("<li><a href=/shop/{n}>Widgets of kind {n} and more</a></li>")).collect()
}

#[test]
fn a_page_written_by_hand_in_1996() {
    let text: String = FEW
        .iter()
        .map(|word| format!("<font size=4><b>About {word}</b></font><br><br>{}<br><br>", clause(word)))
        .collect();
    let reading = holds(
        &format!(
            "<HTML><HEAD><TITLE>Acme Privacy Policy</TITLE></HEAD><BODY BGCOLOR=#FFFFFF><CENTER><FONT SIZE=6>Privacy Policy</FONT></CENTER>
             <TABLE WIDTH=100%><TR><TD WIDTH=120><A HREF=/a>Home page</A><BR><A HREF=/b>Our widgets</A><BR><A HREF=/c>Mail us</A></TD><TD>
             <FONT FACE=Arial>{text}</FONT></TD></TR></TABLE><HR><CENTER><FONT SIZE=1><A HREF=/a>Home page</A> | <A HREF=/b>Our widgets</A> | <A HREF=/c>Mail us</A></FONT></CENTER></BODY></HTML>"
        ),
        &FEW,
        &["Our widgets"],
    );
    assert_eq!(titles(&reading), ["Privacy Policy", "About letters", "About orders", "About invoices"]);
}

#[test]
fn a_page_without_a_single_block() {
    holds(&format!("Privacy Policy<br><br>{}", clauses(&FEW, "", "<br><br>")), &FEW, &[]);
}

#[test]
fn tables_within_tables_lay_out_a_page() {
    let mut html = format!("<h1>Terms of use</h1>{}", clauses(&MANY, "<p>", "</p>"));
    for depth in 0..4 {
        html = format!("<table><tr><td><a href=/{depth}>Door {depth}</a></td><td>{html}</td></tr></table>");
    }
    holds(&format!("<body>{html}"), &MANY, &["Door 0"]);
}

#[test]
fn a_text_for_browsers_without_frames() {
    let text = clauses(&MANY, "<p>", "</p>");
    holds(
        &format!(
            "<html><head><title>Privacy</title></head><frameset cols=20%,80%><frame src=menu.html><frame src=text.html><noframes><body><h1>Privacy</h1>{text}</body></noframes></frameset></html>"
        ),
        &MANY,
        &[],
    );
}

#[test]
fn a_text_in_a_frame_of_its_own_source() {
    let text = clauses(&MANY, "&lt;p&gt;", "&lt;/p&gt;");
    holds(
        &format!("<title>Privacy</title><body><iframe srcdoc=\"&lt;h1&gt;Privacy&lt;/h1&gt;{text}\"></iframe>"),
        &MANY,
        &[],
    );
}

/// A page whose scripts would show what some data says.
fn shell(script: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><head><title>Privacy Policy | Acme</title></head><body><div id=root></div>{script}<script src=/app.js></script></body></html>"
    )
}

fn json(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

#[test]
fn hydration_state_with_markup() {
    let sections: Vec<_> = MANY
        .chunks(4)
        .enumerate()
        .map(|(n, words)| serde_json::json!({"id": n, "body": clauses(words, "<p>", "</p>"), "title": format!("Part {n}")}))
        .collect();
    let data = serde_json::json!({"props": {"pageProps": {
        "menu": [{"title": "Shop", "body": "<p>All our widgets</p>"}], "policy": {"title": "Privacy Policy", "sections": sections}}}});
    let reading = holds(
        &shell(&format!("<script id=__NEXT_DATA__ type=application/json>{}</script>", json(&data))),
        &MANY,
        &["All our widgets"],
    );
    assert_eq!(titles(&reading), ["Privacy Policy", "Part 0", "Part 1", "Part 2"]);
}

/// Nodes of rich text in the form of some editor: a heading and a paragraph for each word.
fn rich(form: impl Fn(&str, Option<&str>) -> serde_json::Value) -> Vec<serde_json::Value> {
    MANY.iter().flat_map(|word| [form(&format!("On {word}"), Some("2")), form(&clause(word), None)]).collect()
}

#[test]
fn hydration_state_with_rich_text() {
    use serde_json::json;
    let contentful = json!({"nodeType": "document", "content": rich(|text, heading| json!({
        "nodeType": heading.map_or("paragraph".to_owned(), |level| format!("heading-{level}")),
        "content": [{"nodeType": "text", "value": text, "marks": [], "data": {}}], "data": {}}))});
    let prismic = json!(rich(|text, heading| json!({
        "type": heading.map_or("paragraph".to_owned(), |level| format!("heading{level}")), "text": text, "spans": []})));
    let sanity = json!(rich(|text, heading| json!({
        "_type": "block", "style": heading.map_or("normal".to_owned(), |level| format!("h{level}")), "markDefs": [],
        "children": [{"_type": "span", "text": text, "marks": []}]})));
    let prosemirror = json!({"type": "doc", "content": rich(|text, heading| match heading {
        Some(level) => json!({"type": "heading", "attrs": {"level": level.parse::<u8>().unwrap_or(2)}, "content": [{"type": "text", "text": text}]}),
        None => json!({"type": "paragraph", "content": [{"type": "text", "text": text}]}),
    })});
    let lexical = json!({"root": {"type": "root", "children": rich(|text, heading| match heading {
        Some(level) => json!({"type": "heading", "tag": format!("h{level}"), "children": [{"type": "text", "text": text}]}),
        None => json!({"type": "paragraph", "children": [{"type": "text", "text": text}]}),
    })}});
    let editorjs = json!({"blocks": rich(|text, heading| match heading {
        Some(level) => json!({"type": "header", "data": {"text": text, "level": level.parse::<u8>().unwrap_or(2)}}),
        None => json!({"type": "paragraph", "data": {"text": text}}),
    })});
    for (name, document) in [
        ("contentful", contentful),
        ("prismic", prismic),
        ("sanity", sanity),
        ("prosemirror", prosemirror),
        ("lexical", lexical),
        ("editorjs", editorjs),
    ] {
        let data = json!({"site": {"name": "Acme", "links": [{"type": "link", "text": "Shop", "url": "/shop"}]}, "page": {"fields": {"body": document}}});
        for script in [
            format!("<script id=__NEXT_DATA__ type=application/json>{}</script>", self::json(&data)),
            format!("<script>window.__APOLLO_STATE__ = {};</script>", self::json(&data)),
            format!(
                "<script>window.__STATE__=JSON.parse({});</script>",
                serde_json::json!(data.to_string()).to_string().replace('<', "\\u003c")
            ),
        ] {
            let reading = holds(&shell(&script), &MANY, &["Shop"]);
            let titles = titles(&reading);
            assert!(titles.ends_with(&["On messages", "On documents"]), "{name}: {titles:?}");
        }
    }
}

#[test]
fn a_page_streamed_as_serialized_components() {
    use serde_json::json;
    let paragraphs: Vec<_> = MANY.iter().map(|word| json!(["$", "p", null, {"children": clause(word)}])).collect();
    let tree =
        json!(["$", "main", null, {"children": [["$", "h1", null, {"children": "Privacy Policy"}], paragraphs]}]);
    let row = format!("0:{{\"P\":null}}\n5:[\"$\",\"$L7\",null,{{\"children\":{tree}}}]\n");
    let pushes: String = row
        .as_bytes()
        .chunks(700)
        .map(|part| format!("<script>self.__next_f.push([1,{}])</script>", json!(String::from_utf8_lossy(part))))
        .collect();
    holds(&shell(&pushes), &MANY, &[]);

    let markup = clauses(&MANY, "<p>", "</p>");
    let row = format!(
        "2:T{:x},{markup}3:[\"$\",\"div\",null,{{\"dangerouslySetInnerHTML\":{{\"__html\":\"$2\"}}}}]\n",
        markup.len()
    );
    holds(
        &shell(&format!("<script>self.__next_f.push([1,{}])</script>", json!(row).to_string().replace('<', "\\u003c"))),
        &MANY,
        &[],
    );
}

#[test]
fn a_text_in_the_script_itself() {
    let text = clauses(&MANY, "<p>", "</p>").replace('\n', "\\n");
    holds(
        &shell(&format!(
            "<script>window.__NUXT__=(function(a,b){{return {{layout:'x',data:[{{html:\"{text}\",o:a}}]}}}}(1,2));</script>"
        )),
        &MANY,
        &[],
    );
    let escaped = text.replace('<', "\\u003C").replace('/', "\\u002F");
    holds(
        &shell(&format!("<script>(function(){{var it='don\\'t';render({{html:\"{escaped}\"}})}})()</script>")),
        &MANY,
        &[],
    );
}

#[test]
fn linked_data_that_says_the_article() {
    let data = serde_json::json!({"@context": "https://schema.org", "@graph": [{"@type": "Organization", "name": "Acme"},
        {"@type": "Article", "headline": "Privacy Policy", "articleBody": clauses(&MANY, "", "\n")}]});
    holds(&shell(&format!("<script type=application/ld+json>{}</script>", json(&data))), &MANY, &["Organization"]);
}

#[test]
fn data_in_an_attribute() {
    let data = serde_json::json!({"component": "Legal", "props": {"title": "Privacy Policy", "body": clauses(&MANY, "<p>", "</p>")}});
    let attribute = data.to_string().replace('&', "&amp;").replace('"', "&quot;");
    holds(&format!("<title>Privacy Policy</title><body><div id=app data-page=\"{attribute}\"></div>"), &MANY, &[]);
}

#[test]
fn what_is_shown_goes_before_what_is_not() {
    let data = serde_json::json!({"faq": clauses(&["faq"; 40], "<p>", "</p>")});
    let script = format!("<script type=application/json>{}</script>", json(&data));
    holds(
        &format!("<title>Privacy Policy</title><body><h1>Privacy Policy</h1>{}{script}", clauses(&MANY, "<p>", "</p>")),
        &MANY,
        &["faq"],
    );
    // A short policy of its own beside the data of another page.
    holds(
        &format!("<title>Privacy Policy</title><body><h1>Privacy Policy</h1>{}{script}", clauses(&FEW, "<p>", "</p>")),
        &FEW,
        &["faq"],
    );
}

#[test]
fn templates() {
    let text = clauses(&MANY, "<p>", "</p>");
    holds(
        &format!("<title>Privacy</title><body><div id=app></div><template id=page><h1>Privacy</h1>{text}</template>"),
        &MANY,
        &[],
    );
    holds(
        &format!(
            "<title>Privacy</title><body><legal-page><template shadowrootmode=open><style>p{{}}</style><h1>Privacy</h1>{text}<slot></slot></template></legal-page>"
        ),
        &MANY,
        &[],
    );
}

#[test]
fn parts_that_scripts_close() {
    for (open, close) in [
        ("<div style=\"display: none\">", "</div>"),
        ("<div aria-hidden=true>", "</div>"),
        ("<div hidden>", "</div>"),
        ("<div class=\"collapse\">", "</div>"),
        ("<div class=\"accordion-body collapsed\" role=region aria-hidden=true>", "</div>"),
        ("<div role=tabpanel class=tab-pane hidden=until-found>", "</div>"),
        ("<details><summary>Read on</summary>", "</details>"),
        ("<div class=\"hidden is-closed\" aria-expanded=false>", "</div>"),
    ] {
        let part = |title: &str, word: &str| format!("<h2>{title}</h2>{open}<p>{}</p>{close}", clause(word));
        let html = format!(
            "<title>Privacy</title><main><h1>Privacy</h1><p>{}</p>{}{}{}</main>",
            clause("names"),
            part("One", "letters"),
            part("Two", "orders"),
            part("Three", "invoices")
        );
        let reading = holds(&html, &["names", "letters", "orders", "invoices"], &[]);
        assert!(titles(&reading).starts_with(&["Privacy", "One"]), "{open}: {:?}", titles(&reading));
    }
}

#[test]
fn tabs_with_their_panels() {
    let html = format!(
        "<title>Terms</title><main><h1>Terms of service</h1><div role=tablist><button role=tab aria-controls=a>Buyers</button><button role=tab aria-controls=b>Sellers</button></div>
         <div role=tabpanel id=a><h2>For buyers</h2>{}</div><div role=tabpanel id=b hidden><h2>For sellers</h2>{}</div></main>",
        clauses(&MANY[..6], "<p>", "</p>"),
        clauses(&MANY[6..], "<p>", "</p>")
    );
    assert_eq!(titles(&holds(&html, &MANY, &[])), ["Terms of service", "For buyers", "For sellers"]);
}

#[test]
fn the_same_text_for_small_and_wide_windows() {
    let text = clauses(&MANY, "<p>", "</p>");
    holds(
        &format!(
            "<title>Privacy</title><body><h1>Privacy</h1><div class=\"d-none d-md-block\">{text}</div><div class=\"d-md-none mobile\">{text}</div>"
        ),
        &MANY,
        &[],
    );
    holds(
        &format!(
            "<title>Privacy</title><body><section class=desktop-view><h1>Privacy</h1>{text}</section><section class=mobile-view><h1>Privacy</h1>{text}</section>"
        ),
        &MANY,
        &[],
    );
}

#[test]
fn words_for_screen_readers() {
    let html = format!(
        "<title>Privacy</title><body><h1>Privacy</h1>{}<p>See <a href=/terms>the terms<span class=sr-only>opens in a new tab</span></a> for the rest of what we agree on.</p>",
        clauses(&FEW, "<p>", "</p>")
    );
    holds(&html, &FEW, &["new tab"]);
}

#[test]
fn columns_and_several_articles() {
    let column =
        |words: &[&str]| format!("<div class=col><h2>On {}</h2>{}</div>", words[0], clauses(words, "<p>", "</p>"));
    let html = format!(
        "<title>Privacy</title><body><h1>Privacy</h1><div class=row>{}{}{}</div>",
        column(&MANY[..4]),
        column(&MANY[4..8]),
        column(&MANY[8..])
    );
    holds(&html, &MANY, &[]);
    let article = |words: &[&str]| {
        format!("<article><header><h2>On {}</h2></header>{}</article>", words[0], clauses(words, "<p>", "</p>"))
    };
    let html = format!(
        "<title>Policies</title><main><h1>Our policies</h1>{}{}{}</main>",
        article(&MANY[..2]),
        article(&MANY[2..10]),
        article(&MANY[10..])
    );
    assert_eq!(titles(&holds(&html, &MANY, &[])), ["Our policies", "On letters", "On invoices", "On messages"]);
}

#[test]
fn a_text_to_agree_to() {
    let text = format!(
        "TERMS OF SERVICE\n\n1. Letters\n\n{}\n\n2. Orders\n\n{}\n\n3. Invoices\n\n{}\n",
        clause("letters"),
        clause("orders"),
        clause("invoices")
    );
    for (open, close) in [("<textarea rows=20 readonly>", "</textarea>"), ("<pre>", "</pre>")] {
        let html = format!(
            "<title>Terms of service</title><body><h1>Create an account</h1><form><label>Name <input name=n></label>{open}{text}{close}<label><input type=checkbox> I agree</label><button>Go on</button></form>"
        );
        holds(&html, &FEW, &["Go on"]);
    }
    let html = format!(
        "<title>Terms of service</title><body><form><h1>Terms of service</h1>{}<input type=checkbox> I agree<button>Go on</button></form>",
        clauses(&MANY, "<p>", "</p>")
    );
    holds(&html, &MANY, &["Go on"]);
}

#[test]
fn lists_of_definitions_and_lists_in_lists() {
    let terms: String = FEW.iter().map(|word| format!("<dt>{word}</dt><dd>{}</dd>", clause(word))).collect();
    holds(&format!("<title>Terms</title><body><h1>Terms</h1><dl>{terms}</dl>"), &FEW, &[]);
    let html = format!(
        "<title>Terms</title><body><h1>Terms</h1><ol><li>{}<ol type=a><li>{}<ul><li>{}</li></ul></li></ol></li></ol>",
        clause("letters"),
        clause("orders"),
        clause("invoices")
    );
    let reading = holds(&html, &FEW, &[]);
    assert!(reading.text().contains("\n    - We keep the invoices"), "{}", reading.text());
}

#[test]
fn footnotes_are_of_the_text() {
    let html = format!(
        "<title>Terms</title><body><h1>Terms</h1>{}<p>It is free.<sup><a href=#n1>1</a></sup></p><hr><footer><ol><li id=n1>Beyond the first month a fee of two widgets is due each month. <a href=#r1>↩</a></li></ol></footer>",
        clauses(&MANY, "<p>", "</p>")
    );
    assert!(holds(&html, &MANY, &[]).text().contains("a fee of two widgets"));
}

#[test]
fn a_long_list_beside_the_text() {
    let related: String = (0..60)
        .map(|n| format!("<li><a href=/news/{n}>How we made widget number {n} and why it matters so much</a></li>"))
        .collect();
    let html = format!(
        "<title>Privacy</title><body><main><h1>Privacy</h1>{}</main><div class=more><h3>From our blog</h3><ul>{related}</ul></div>",
        clauses(&FEW, "<p>", "</p>")
    );
    holds(&html, &FEW, &["widget number"]);
    let html = format!(
        "<title>Privacy</title><body><div><div><h1>Privacy</h1>{}</div><div class=more><h3>From our blog</h3><ul>{related}</ul></div></div>",
        clauses(&FEW, "<p>", "</p>")
    );
    holds(&html, &FEW, &["widget number"]);
}

#[test]
fn an_article_of_a_help_centre() {
    let html = format!(
        "<title>How we use your data – Help</title><body><header><a href=/>Help</a><form role=search><input placeholder=Search></form></header>
         <nav class=breadcrumbs><a href=/>Help</a><a href=/c>Privacy</a></nav><div class=container><div class=sidebar><h3>Articles in this section</h3><ul>{}</ul></div>
         <article><header><h1>How we use your data</h1><div class=meta><span>Updated 3 days ago</span></div></header><div class=article-body>{}</div>
         <footer><div class=article-votes><span>Was this article helpful?</span><button>Yes</button><button>No</button><span>12 out of 40 found this helpful</span></div>
         <div class=article-more-questions>Have more questions? <a href=/r>Submit a request</a></div></footer></article>
         <section class=related-articles><h3>Related articles</h3><ul>{}</ul></section></div><footer><a href=/>Acme</a></footer>",
        menu(12),
        clauses(&FEW, "<p>", "</p>"),
        menu(5)
    );
    let reading = holds(&html, &FEW, &["Widgets of kind", "helpful", "3 days ago", "Submit a request"]);
    assert_eq!(titles(&reading), ["How we use your data"]);
}

#[test]
fn a_policy_that_is_mostly_links() {
    let rows: String = (0..25)
        .map(|n| format!("<tr><td><a href=https://vendor{n}.test/>Vendor {n} Limited</a></td><td><a href=https://vendor{n}.test/what>Hosting of part {n}</a></td></tr>"))
        .collect();
    let html = format!(
        "<title>Subprocessors</title><body><nav><ul>{}</ul></nav><main><h1>Subprocessors</h1><p>We use these subprocessors to serve you, and tell you before we add one.</p>
         <table><thead><tr><th>Name</th><th>Purpose</th></tr></thead>{rows}</table></main>",
        menu(20)
    );
    let text = reads(&html).text();
    assert!(text.contains("Vendor 0 Limited | Hosting of part 0\n") && text.contains("Vendor 24 Limited"), "{text}");
    assert!(!text.contains("Widgets of kind"), "{text}");

    let items: String =
        (0..25).map(|n| format!("<li><a href=https://vendor{n}.test/>Vendor {n} Limited</a>, hosting</li>")).collect();
    let html = format!(
        "<title>Subprocessors</title><body><nav><ul>{}</ul></nav><main><h1>Subprocessors</h1><p>We use these subprocessors to serve you, and tell you before we add one.</p><ul>{items}</ul></main>",
        menu(20)
    );
    assert!(reads(&html).text().contains("- Vendor 24 Limited, hosting"));

    let policies: String =
        (0..12).map(|n| format!("<li><a href=/privacy/part-{n}>Policy on matters of kind {n}</a></li>")).collect();
    let html = format!(
        "<title>Policies</title><body><main><h1>All our policies</h1><p>{}</p><h2>For everybody</h2><ul>{policies}</ul></main><footer><h3>Shop</h3><ul>{}</ul></footer>",
        clause("letters"),
        menu(9)
    );
    let text = reads(&html).text();
    assert!(text.contains("Policy on matters of kind 11") && !text.contains("Widgets of kind"), "{text}");
}

#[test]
fn a_policy_of_sixty_words() {
    let html = format!(
        "<title>Privacy</title><body><ul class=x1>{}</ul><div class=x2><h1>Privacy</h1>{}</div><div class=x3><a href=/i>Imprint</a></div>",
        menu(30),
        clauses(&FEW, "<p>", "</p>")
    );
    holds(&html, &FEW, &["Widgets of kind"]);
}

#[test]
fn a_policy_in_a_dialog() {
    let text = clauses(&MANY, "<p>", "</p>");
    for (open, close) in [("<dialog open>", "</dialog>"), ("<div role=dialog aria-modal=true class=modal>", "</div>")] {
        let html = format!(
            "<title>Privacy policy</title><body><div class=page><h2>Welcome to Acme</h2><p>The widgets you want.</p></div>{open}<h1>Privacy policy</h1>{text}<button>Close</button>{close}"
        );
        holds(&html, &MANY, &[]);
    }
}

#[test]
fn a_page_from_an_archive_with_its_toolbar() {
    let html = format!(
        "<html><head><title>Privacy</title></head><body><!-- BEGIN WAYBACK TOOLBAR INSERT --><div id=\"wm-ipp-base\" lang=en style=\"display:none\"><div id=\"wm-ipp\"><div id=\"wm-capinfo\">
         <a href=\"/web/20200101000000*/https://acme.test/privacy\">37 captures</a><div class=r>01 Jan 2015 - 03 Mar 2021</div></div>
         <form><input type=submit value=Go></form><div>About this capture</div><p>Collected by a crawl of the whole web, for the benefit of those who come later and wonder.</p></div></div><!-- END WAYBACK TOOLBAR INSERT -->
         <h1>Privacy</h1>{}<p>See <a href=\"/web/20200101000000/https://acme.test/terms\">the terms</a> that go with this policy.</p></body></html><!-- FILE ARCHIVED ON 00:00:00 Jan 01, 2020 -->",
        clauses(&FEW, "<p>", "</p>")
    );
    let reading = holds(&html, &FEW, &["captures", "About this capture", "Collected by"]);
    let links: Vec<_> =
        reading.sections.iter().flat_map(|section| &section.blocks).flat_map(|block| &block.links).collect();
    assert_eq!(links.last().map(|link| link.target.as_str()), Some("https://acme.test/terms"));
}

#[test]
fn a_text_escaped_twice() {
    let text = clauses(&MANY, "&lt;p&gt;&lt;span&gt;", "&lt;/span&gt;&lt;/p&gt;");
    let html = format!(
        "<title>Privacy</title><body><h1>Privacy</h1><div><p>{text}&lt;p&gt;That&amp;#39;s all.&lt;/p&gt;</p></div>"
    );
    assert!(holds(&html, &MANY, &["<p>", "&#39;"]).text().ends_with("That's all."));
}

#[test]
fn parts_beside_the_longest_are_kept() {
    let html = format!(
        "<title>Privacy</title><body><div id=content><div class=text><p>{}</p><p>It is in force from the first day of May.</p></div><div class=text>{}</div><div class=text><p>Our office in the old town answers.</p></div></div>",
        clause("notes"),
        clauses(&MANY, "<p>", "</p>")
    );
    let text = holds(&html, &MANY, &[]).text();
    assert!(text.contains("the notes") && text.contains("first day of May") && text.contains("old town"), "{text}");
}

/// What each clause stands under, as `titles` says it: the policy's name, then a title a word.
#[track_caller]
fn headed(html: &str) {
    let reading = holds(html, &FEW, &[]);
    assert_eq!(titles(&reading), ["Privacy Policy", "About letters", "About orders", "About invoices"], "{html}");
}

#[test]
fn headings_that_only_the_style_sheet_sets_bold() {
    let text: String = FEW
        .iter()
        .map(|word| format!("<p class=c1><span class='c2 x7'>About {word}</span></p><p>{}</p>", clause(word)))
        .collect();
    let head = "<title>Privacy Policy</title><style>.c1{margin:0}.x7{font-size:11pt;font-weight:700}</style>";
    headed(&format!("<head>{head}</head><body><h1>Privacy Policy</h1>{text}"));
}

#[test]
fn boxes_that_open_like_buttons() {
    let text: String = FEW
        .iter()
        .map(|word| {
            format!(
                "<div class=s tabindex=0 role=button aria-expanded=false><div><p>About {word}</p></div><div><svg></svg></div></div><div><div><p>{}</p></div></div>",
                clause(word)
            )
        })
        .collect();
    headed(&format!("<body><h1>Privacy Policy</h1>{text}"));
}

#[test]
fn terms_that_are_questions_or_numbered_have_sections_under_them() {
    let text = |title: fn(usize, &str) -> String| -> String {
        FEW.iter()
            .enumerate()
            .map(|(at, word)| format!("<dt>{}</dt><dd>{}</dd>", title(at, word), clause(word)))
            .collect()
    };
    headed(&format!("<body><h1>Privacy Policy</h1><dl>{}</dl>", text(|at, word| format!("{}. About {word}", at + 1))));
    let asked = text(|_, word| format!("What of {word}?"));
    let reading = holds(&format!("<body><h1>Privacy Policy</h1><dl>{asked}</dl>"), &FEW, &[]);
    assert_eq!(titles(&reading), ["Privacy Policy", "What of letters?", "What of orders?", "What of invoices?"]);
    let defined = text(|_, word| format!("Our {word}"));
    let reading = holds(&format!("<body><h1>Privacy Policy</h1><dl>{defined}</dl>"), &FEW, &[]);
    assert_eq!(titles(&reading), ["Privacy Policy"]);
}

#[test]
fn a_text_set_as_it_was_typed() {
    let typed: String = FEW
        .iter()
        .enumerate()
        .map(|(at, word)| format!("{}. ABOUT {}\n\n{}\n\n", at + 1, word.to_uppercase(), clause(word)))
        .collect();
    let long = format!("{typed}{}\n", "And this is said at some length. ".repeat(12));
    for html in [
        format!("<body><h1>Privacy Policy</h1><pre>\n{long}</pre>"),
        format!("<body><h1>Privacy Policy</h1><div style='white-space: pre-wrap'>{long}</div>"),
        format!("<body><h1>Privacy Policy</h1><p class='text-sm whitespace-pre-line'>{long}</p>"),
    ] {
        let reading = holds(&html, &FEW, &[]);
        assert_eq!(titles(&reading), ["Privacy Policy", "ABOUT LETTERS", "ABOUT ORDERS", "ABOUT INVOICES"], "{html}");
    }
    // Elsewhere a break in the source is a blank.
    let broken = clause("letters").replace(' ', "\n");
    let html = format!(
        "<body><h1>Privacy Policy</h1><div class=whitespace-pre-wrap><p class=whitespace-normal>{broken}</p></div>"
    );
    holds(&html, &["letters"], &[]);
}

#[test]
fn a_text_in_markdown_in_the_data() {
    let text: String = FEW
        .iter()
        .map(|word| format!("## About {word}\n\n{}\n\n- **Every** {word} is an item\n\n", clause(word)))
        .collect();
    let more = "And this is said at some length here. ".repeat(12);
    let data = |text: String| serde_json::json!({"state": {"loader": {"page": {"markdown": text}}}});
    let page_of =
        |data| format!("<title>Privacy Policy</title><body><div></div><script>window.context = {data};</script>");
    headed(&page_of(data(format!("# Privacy Policy\n\n{text}{more}"))));
    // Lines that begin with a number sign are no headings for that.
    let code = format!("#one\n#two\n{text}{more}").replace("## ", "##");
    assert!(read(&page(page_of(data(code))), &Selectors::default(), &Expected::default()).is_err());
}

#[test]
fn what_is_left_out_of_a_typed_text_stays_out() {
    let long = format!("{}\n\n{}\n\nMore of it\n\n{}", clause("letters"), clause("orders"), clause("invoices"));
    let typed = |text: &str| format!("<body><h1>Privacy Policy</h1><pre>{text}</pre>");
    for struck in ["<s>We never sell it.</s>", "<span style='text-decoration:line-through'>We never sell it.</span>"] {
        holds(&typed(&format!("{long}\n\n{struck}\n\nWe sell it.")), &FEW, &["never sell"]);
    }
    let how = Selectors { remove: vec![".x".to_owned()], ..Selectors::default() };
    let read_so = |how: &Selectors, text: &str| {
        read(&page(typed(text)), how, &Expected::default()).expect("the page is a policy").text()
    };
    let text = read_so(&how, &format!("{long}\n\n<span class=x>Print this page.</span>"));
    assert!(text.contains(&clause("orders")) && !text.contains("Print"), "{text}");
    // A soft hyphen parts no word.
    let text = read_so(&Selectors::default(), &long.replace("orders", "or\u{ad}ders"));
    assert!(text.contains(&clause("orders")), "{text}");
}
