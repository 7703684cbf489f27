//! Text that a page carries but shows only once its scripts have run: in `noscript`,
//! `noframes` and `template`, in a frame's `srcdoc`, in the data that a script turns into
//! the page (hydration state, linked data), or in the script itself. Asked only where the
//! page shows hardly a word.
//!
//! Data says its text as marked-up strings or as a tree of typed nodes, as editors of
//! rich text store it; both are written as HTML, and read like any other. Linear in the
//! size of the page; the depth of data is bounded by the JSON reader.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use ego_tree::iter::Edge;
use pulldown_cmark::{Options, Parser, html};
use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use serde_json::{Map, Value};

use super::parse::Scripts;
use super::pieces::LONG_VALUE;
use super::tree::count_words;

/// A part of some data that holds this share of its words holds the text.
const HOLDS_ALL: f64 = 0.8;
/// A marked-up string is text from this many bytes on; data is full of short labels.
const SHORTEST: usize = 200;

/// The markup of the longest text that the page carries unseen.
/// `whole` holds what scripts say of which the page has only the beginning.
pub(super) fn markup(html: &Html, whole: &Scripts) -> Option<String> {
    let candidates = hidden(html).into_iter().chain(attributes(html)).chain(scripts(html, whole));
    candidates.max_by_key(|markup| visible_words(markup)).filter(|markup| !markup.is_empty())
}

/// Words of some markup, tags apart.
pub(super) fn visible_words(markup: &str) -> u32 {
    if !markup.contains('<') {
        return count_words(markup);
    }
    let (mut words, mut rest) = (String::with_capacity(markup.len()), markup);
    while let Some(tag) = rest.find('<')
        && let Some(end) = rest[tag..].find('>')
    {
        words.push_str(&rest[..tag]);
        words.push(' ');
        rest = &rest[tag + end + 1..];
    }
    words.push_str(rest);
    count_words(&words)
}

/// What browsers with scripts and frames leave out.
fn hidden(html: &Html) -> Vec<String> {
    let Ok(selector) = Selector::parse("body noscript, noframes, template, iframe[srcdoc]") else {
        return Vec::new();
    };
    let mut templates = 0;
    let mut found = Vec::new();
    for edge in html.tree.root().traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        let Some(element) = ElementRef::wrap(node) else { continue };
        if element.value().name() == "template" {
            templates = if opens { templates + 1 } else { templates - 1 };
        }
        if opens && templates <= NESTED && selector.matches(&element) {
            found.push(match element.value().name() {
                // The parser leaves these as text.
                "noscript" | "noframes" => element.text().collect::<String>(),
                "iframe" => element.attr("srcdoc").unwrap_or_default().to_owned(),
                _ => element.inner_html(),
            });
        }
    }
    found
}

/// Templates in so many others are looked into: each holds all that stands in it once more.
const NESTED: usize = 4;

/// Data or markup in attributes, from which some frameworks start.
fn attributes(html: &Html) -> Vec<String> {
    let elements = html.tree.nodes().filter_map(|node| node.value().as_element());
    let values = elements.flat_map(scraper::node::Element::attrs);
    values
        .filter(|(name, value)| {
            value.len() >= LONG_VALUE && !matches!(*name, "style" | "class" | "srcdoc" | "d" | "content")
        })
        .filter_map(|(_, value)| match value.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str::<Value>(value).ok().and_then(|data| text_of(&data)),
            _ => is_marked_up(value).then(|| value.to_owned()),
        })
        .collect()
}

/// The text in each script; the chunks of a streamed page are one.
fn scripts(html: &Html, whole: &Scripts) -> Vec<String> {
    let Ok(selector) = Selector::parse("script") else { return Vec::new() };
    let mut found = Vec::new();
    let mut streamed = String::new();
    for script in html.select(&selector) {
        let code = || Cow::Owned(script.text().collect::<String>());
        let code = whole.get(&script.id()).map_or_else(code, Cow::from);
        if code.len() < SHORTEST {
            continue;
        }
        let kind = script.attr("type").unwrap_or_default().to_ascii_lowercase();
        if kind.ends_with("ld+json") {
            let data = serde_json::from_str::<Value>(&code).ok();
            found.extend(data.as_ref().and_then(linked_data));
        } else if let Ok(data) = serde_json::from_str::<Value>(&code) {
            found.extend(text_of(&data));
        } else if let Some(chunk) = chunk(&code) {
            streamed.push_str(&chunk);
        } else {
            found.extend(assigned(&code).as_ref().and_then(text_of));
            found.extend(literals(&code));
        }
    }
    if !streamed.is_empty() {
        found.extend(stream(&streamed));
    }
    found
}

/// What an article says of itself in linked data (schema.org `articleBody`, `text`).
fn linked_data(data: &Value) -> Option<String> {
    let mut open = vec![data];
    let mut best = None;
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => {
                let body =
                    ["articleBody", "text", "acceptedAnswer"].iter().find_map(|name| fields.get(*name)?.as_str());
                let longer =
                    |best: &Option<&str>| body.is_some_and(|body| body.len() > best.map_or(SHORTEST, str::len));
                if longer(&best) {
                    best = body;
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    best.map(paragraphs)
}

/// A text as markup: as it is if marked up, else its lines as paragraphs.
fn paragraphs(text: &str) -> String {
    if has_tags(text) {
        return text.to_owned();
    }
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("<p>{}</p>", escaped(line))).collect()
}

/// The data that a script assigns: `window.state = {…}`, `state = JSON.parse("…")`.
fn assigned(code: &str) -> Option<Value> {
    static ASSIGNS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^[^{}\[\]()"']{0,200}=\s*(?:(JSON\.parse\(\s*)"|[{\[])"#).expect("the pattern is sound")
    });
    let found = ASSIGNS.captures(code.trim_start())?;
    let data = &code.trim_start()[found.get(0)?.end() - 1..];
    // What follows the data is script and no matter.
    let first = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok();
    let data = first(data)?;
    match (&data, found.get(1)) {
        (Value::String(text), Some(_)) => first(text),
        _ => Some(data),
    }
}

/// The marked-up string literals of a script, in order.
fn literals(code: &str) -> Option<String> {
    let mut out = String::new();
    let bytes = code.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(next) = memchr::memchr3(b'"', b'\'', b'`', &bytes[at..]) else { break };
        at += next;
        let quote = bytes[at];
        let mut end = at + 1;
        // A line ends a literal, too, but those in back quotes.
        let line = if quote == b'`' { quote } else { b'\n' };
        while let Some(next) = bytes.get(end..).and_then(|rest| memchr::memchr3(quote, b'\\', line, rest)) {
            end += next;
            if bytes[end] != b'\\' {
                break;
            }
            end += 2;
        }
        if bytes.get(end).is_none_or(|byte| *byte != quote && *byte != line) {
            end = bytes.len();
        }
        let literal = code.get(at + 1..end.min(bytes.len())).unwrap_or_default();
        if literal.len() >= SHORTEST && bytes.get(end) == Some(&quote) {
            let text = unquoted(literal);
            if is_marked_up(&text) {
                out.push_str(&text);
            }
        }
        at = end + 1;
    }
    (!out.is_empty()).then_some(out)
}

/// A literal's characters (ECMAScript string escapes).
fn unquoted(literal: &str) -> String {
    let mut out = String::with_capacity(literal.len());
    let mut chars = literal.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = match chars.next() {
            Some('n' | 'r' | 't' | 'f' | 'v' | '\n') => {
                out.push(' ');
                continue;
            }
            Some('u') => 4,
            Some('x') => 2,
            Some(c) => {
                out.push(c);
                continue;
            }
            None => break,
        };
        let rest = chars.as_str();
        let code = rest.get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if let Some(code) = code {
            // Halves of a pair beyond the first plane are signs, not letters of a policy.
            out.extend(char::from_u32(code));
            chars = rest[digits..].chars();
        }
    }
    out
}

/// A chunk of a streamed page: `self.__next_f.push([1,"…"])`.
fn chunk(code: &str) -> Option<String> {
    static PUSHES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(?-u:[\w.$()|\[\]= ]){1,80}\.push\(\[(?-u:\d)+,\s*").expect("the pattern is sound")
    });
    let data = &code[PUSHES.find(code)?.end()..];
    let text = serde_json::Deserializer::from_str(data).into_iter::<Value>().next()?.ok()?;
    text.as_str().map(str::to_owned)
}

/// The text of a streamed page (React's serialized components): rows of `id:T<length>,`
/// and text, or of `id:` and data.
fn stream(rows: &str) -> Option<String> {
    static ROW: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[0-9a-f]+:(?:T([0-9a-f]+),)?").expect("the pattern is sound"));
    let mut data = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let row = ROW.captures(rest);
        let start = row.as_ref().and_then(|row| row.get(0)).map_or(0, |found| found.end());
        let length = row.and_then(|row| usize::from_str_radix(row.get(1)?.as_str(), 16).ok());
        let end = match length {
            Some(length) => rest.floor_char_boundary(start.saturating_add(length).min(rest.len())),
            None => rest.find('\n').map_or(rest.len(), |end| end + 1),
        };
        let body = &rest[start..end];
        match length {
            Some(_) => data.push(Value::String(body.to_owned())),
            None => data.extend(serde_json::from_str::<Value>(body.trim())),
        }
        rest = &rest[end.max(1).min(rest.len())..];
    }
    text_of(&Value::Array(data))
}

/// The text that some data holds, as markup: of the smallest part that holds nearly all.
fn text_of(data: &Value) -> Option<String> {
    let mut weights = Weights::default();
    weights.weigh(data);
    let (mut part, mut title) = (data, None);
    loop {
        title = part.as_object().and_then(title_of).or(title);
        let words = weights.of(part);
        if words == 0 {
            return None;
        }
        let inner = match part {
            _ if is_rich(part) => None,
            Value::Array(values) if is_element(values) => is_component(values).then_some(&values[3]),
            Value::Array(values) => values.iter().max_by_key(|value| weights.of(value)),
            Value::Object(fields) => fields.values().max_by_key(|value| weights.of(value)),
            _ => None,
        };
        match inner {
            Some(inner) if f64::from(weights.of(inner)) >= f64::from(words) * HOLDS_ALL => part = inner,
            _ => break,
        }
    }
    let mut out = String::new();
    if let Some(title) = title.filter(|_| part.as_object().and_then(title_of).is_none()) {
        out.push_str(&format!("<h1>{}</h1>", escaped(title)));
    }
    write(part, &weights, &mut out);
    (!out.is_empty()).then_some(out)
}

/// The words of text in each part of some data, each counted once however deep it stands.
#[derive(Default)]
struct Weights(HashMap<*const Value, u32>);

impl Weights {
    fn of(&self, part: &Value) -> u32 {
        self.0.get(&std::ptr::from_ref(part)).copied().unwrap_or(0)
    }

    /// Counts the words of marked-up strings and of trees of typed nodes.
    fn weigh(&mut self, data: &Value) -> u32 {
        let words = match data {
            Value::String(text) if is_marked_up(text) || is_markdown(text) => visible_words(text),
            Value::Array(values) if is_element(values) => self.weigh_element(values),
            _ if is_rich(data) => rich_words(data),
            Value::Array(values) => values.iter().map(|value| self.weigh(value)).sum(),
            Value::Object(fields) => fields.values().map(|value| self.weigh(value)).sum(),
            _ => 0,
        };
        if words > 0 {
            self.0.insert(std::ptr::from_ref(data), words);
        }
        words
    }

    fn weigh_element(&mut self, values: &[Value]) -> u32 {
        if holds_data(values) {
            return self.weigh(&values[3]);
        }
        let mut words = 0;
        let mut open: Vec<&Value> = element_children(values).into_iter().collect();
        while let Some(child) = open.pop() {
            words += match child {
                Value::String(text) if !text.starts_with('$') => visible_words(text),
                Value::Array(values) if is_element(values) => self.weigh_element(values),
                Value::Array(values) => {
                    open.extend(values);
                    0
                }
                _ => 0,
            };
        }
        words
    }
}

/// What some data calls itself.
fn title_of(fields: &Map<String, Value>) -> Option<&str> {
    let names = ["title", "heading", "header", "headline", "question", "name"];
    names.iter().find_map(|name| fields.get(*name)?.as_str()).filter(|title| (1..=20).contains(&count_words(title)))
}

fn is_marked_up(text: &str) -> bool {
    text.len() >= SHORTEST && has_tags(text)
}

/// Whether a string is Markdown: it has headings on lines of their own.
fn is_markdown(text: &str) -> bool {
    let is_heading = |line: &&str| {
        let title = line.trim_start_matches('#');
        (1..=6).contains(&(line.len() - title.len())) && title.starts_with(' ')
    };
    text.len() >= SHORTEST && text.lines().filter(is_heading).take(2).count() == 2
}

fn has_tags(text: &str) -> bool {
    ["<p", "<li", "<h2", "<h3", "<br", "</"].iter().any(|tag| text.contains(tag))
}

/// What a node of rich text is called, in whatever field its editor uses.
fn kind(fields: &Map<String, Value>) -> Option<&str> {
    ["nodeType", "_type", "type", "tag", "object"].iter().find_map(|name| fields.get(*name)?.as_str())
}

/// What a node of rich text holds.
fn inside(fields: &Map<String, Value>) -> Option<&Value> {
    let own = ["content", "children", "nodes", "items", "blocks"].iter().find_map(|name| fields.get(*name));
    let data = || {
        fields
            .get("data")
            .filter(|data| data.as_object().is_some_and(|data| said(data).is_some() || data.contains_key("items")))
    };
    own.filter(|value| value.is_array()).or_else(data)
}

/// The words that a node of rich text says itself.
fn said(fields: &Map<String, Value>) -> Option<&str> {
    ["text", "value"].iter().find_map(|name| fields.get(*name)?.as_str())
}

/// Whether a list holds nodes of rich text, or a node is one that holds others.
fn is_rich(data: &Value) -> bool {
    match data {
        Value::Array(values) => {
            let nodes = values.iter().filter(|value| value.as_object().is_some_and(is_block)).count();
            nodes > 0 && nodes * 2 >= values.len()
        }
        Value::Object(fields) => is_block(fields),
        _ => false,
    }
}

/// Whether a node stands for a paragraph, a heading, a list or the like.
fn is_block(fields: &Map<String, Value>) -> bool {
    let Some(kind) = kind(fields) else { return false };
    element_name(kind, fields).is_some() && (inside(fields).is_some() || said(fields).is_some())
}

/// The element that a node of rich text stands for.
fn element_name(kind: &str, fields: &Map<String, Value>) -> Option<&'static str> {
    let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if let Some(level) =
        kind.strip_prefix("heading").or_else(|| kind.strip_prefix("header")).or_else(|| kind.strip_prefix('h'))
    {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim_start_matches('h').parse().ok());
        let level = match level {
            "" => ["level", "tag", "depth"]
                .iter()
                .find_map(|name| {
                    let own = fields.get(*name).or_else(|| fields.get("attrs")?.get(*name));
                    own.or_else(|| fields.get("data")?.get(*name)).and_then(number)
                })
                .or(Some(2)),
            "1" | "one" => Some(1),
            "2" | "two" => Some(2),
            "3" | "three" => Some(3),
            "4" | "four" => Some(4),
            "5" | "five" => Some(5),
            "6" | "six" => Some(6),
            _ => None,
        };
        return level.map(|level| ["h1", "h2", "h3", "h4", "h5", "h6"][level.clamp(1, 6) as usize - 1]);
    }
    Some(match kind.as_str() {
        "block" => match fields.get("listItem") {
            Some(_) => "li",
            None => {
                let style = fields.get("style").and_then(Value::as_str).unwrap_or_default();
                return element_name(style, &Map::new()).or(Some("p"));
            }
        },
        "paragraph" | "p" | "unstyled" | "normal" => "p",
        "listitem" | "li" | "olistitem" | "unorderedlistitem" | "orderedlistitem" => "li",
        "list" | "ul" | "ol" | "bulletlist" | "orderedlist" | "unorderedlist" | "bulletedlist" | "numberedlist" => "ul",
        "blockquote" | "quote" => "blockquote",
        "table" => "table",
        "tablerow" | "tr" => "tr",
        "tablecell" | "td" => "td",
        "tableheader" | "tableheadercell" | "th" => "th",
        "doc" | "document" | "root" | "richtext" => "div",
        _ => return None,
    })
}

fn rich_words(data: &Value) -> u32 {
    match data {
        Value::String(text) => visible_words(text),
        Value::Array(values) => values.iter().map(rich_words).sum(),
        Value::Object(fields) => match (inside(fields), said(fields)) {
            (Some(inside), _) => rich_words(inside),
            (None, Some(said)) => count_words(said),
            _ => 0,
        },
        _ => 0,
    }
}

/// Whether a list is a serialized element: `["$", "p", key, {…}]`.
fn is_element(values: &[Value]) -> bool {
    values.len() >= 4 && values[0] == "$" && values[1].is_string() && values[3].is_object()
}

/// Whether a serialized element is a component of the application's own.
fn is_component(values: &[Value]) -> bool {
    values[1].as_str().is_some_and(|name| name.starts_with('$'))
}

/// What a serialized element shows.
fn element_children(values: &[Value]) -> Option<&Value> {
    let properties = &values[3];
    let raw = properties.get("dangerouslySetInnerHTML").and_then(|raw| raw.get("__html"));
    raw.or_else(|| properties.get("children"))
}

/// Whether a component says its text in its properties, not in what it holds.
fn holds_data(values: &[Value]) -> bool {
    is_component(values) && !values[3].get("children").is_some_and(Value::is_string)
}

/// Writes data as markup: what says a title first, then the rest in order.
fn write(data: &Value, weights: &Weights, out: &mut String) {
    match data {
        Value::String(text) if is_marked_up(text) => out.push_str(text),
        Value::String(text) if is_markdown(text) => html::push_html(out, Parser::new_ext(text, Options::ENABLE_TABLES)),
        Value::Array(values) if is_element(values) => written_element(values, weights, out),
        _ if is_rich(data) => write_rich(data, out),
        Value::Array(values) => values.iter().for_each(|value| write(value, weights, out)),
        Value::Object(fields) => {
            let text = weights.of(data) > 0;
            if let Some(title) = title_of(fields).filter(|_| text) {
                out.push_str(&format!("<h2>{}</h2>", escaped(title)));
            }
            fields.values().for_each(|value| write(value, weights, out));
        }
        _ => {}
    }
}

fn write_rich(data: &Value, out: &mut String) {
    match data {
        Value::String(text) => out.push_str(text),
        Value::Array(values) => values.iter().for_each(|value| write_rich(value, out)),
        Value::Object(fields) => {
            let name = kind(fields).and_then(|kind| element_name(kind, fields));
            if let Some(name) = name {
                out.push_str(&format!("<{name}>"));
            }
            let target = fields.get("url").or_else(|| fields.get("data")?.get("uri")).and_then(Value::as_str);
            if let Some(target) = target {
                out.push_str(&format!("<a href=\"{}\">", escaped(target)));
            }
            match (inside(fields), said(fields)) {
                (Some(inside), _) => write_rich(inside, out),
                (None, Some(said)) if has_tags(said) => out.push_str(said),
                (None, Some(said)) => out.push_str(&escaped(said)),
                _ => {}
            }
            if target.is_some() {
                out.push_str("</a>");
            }
            if let Some(name) = name {
                out.push_str(&format!("</{name}>"));
            }
        }
        _ => {}
    }
}

/// Writes a serialized element; a component of the application's own is what it holds.
fn written_element(values: &[Value], weights: &Weights, out: &mut String) {
    if holds_data(values) {
        return write(&values[3], weights, out);
    }
    let name = values[1]
        .as_str()
        .filter(|name| name.len() <= 10 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    let name = name.filter(|name| !matches!(*name, "script" | "style" | "link" | "meta"));
    let Some(children) = element_children(values) else { return };
    if let Some(name) = name {
        out.push_str(&format!("<{name}>"));
    }
    let mut open = vec![children];
    while let Some(child) = open.pop() {
        match child {
            Value::String(text) if has_tags(text) => out.push_str(text),
            Value::String(text) if !text.starts_with('$') => out.push_str(&escaped(text)),
            Value::Array(values) if is_element(values) => written_element(values, weights, out),
            Value::Array(values) => open.extend(values.iter().rev()),
            _ => {}
        }
    }
    if let Some(name) = name {
        out.push_str(&format!("</{name}>"));
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Option<String> {
        markup(&Html::parse_document(page), &Scripts::new())
    }

    #[test]
    fn the_longest_text_is_found_wherever_it_is() {
        let text = format!("<h2>Data</h2><p>{}</p>", "We keep what you give us. ".repeat(20));
        let data = serde_json::json!({"a": ["<p>x</p>", {"b": text}], "c": "y ".repeat(2_000)});
        let data = data.to_string().replace('<', "\\u003c");
        for page in [
            format!("<script type='application/json'>{data}</script>"),
            format!("<script>window.state = {data};</script>"),
            format!("<body><noscript>{text}</noscript>"),
            format!("<body><template>{text}</template>"),
            format!("<body><script>show('{}')</script>", text.replace('<', "\\x3c")),
        ] {
            assert_eq!(found(&page).as_deref(), Some(text.as_str()), "{page}");
        }
        assert_eq!(found("<p>words</p><script>[1]</script>"), None);
    }

    #[test]
    fn literals_are_read_as_scripts_read_them() {
        assert_eq!(unquoted(r"a\u00e9\n\x41\'\q\u12"), "aé A'q12");
    }

    #[test]
    fn broken_data_and_scripts_hold_nothing() {
        let long = "x ".repeat(200);
        for code in ["window.a = {", "a=\"", "'<p>", "self.__next_f.push([1,\"5:Tffff", "a = JSON.parse(\"{\")", "\\"] {
            assert_eq!(found(&format!("<script>{code}{long}</script>")), None, "{code}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_script_is_borne(code in "[\\\\\"'`<p>{}\\[\\]:,$0-9a-fTé\n]{0,300}") {
            let padded = format!("{code}{}", " ".repeat(SHORTEST));
            let _ = (literals(&padded), chunk(&padded), stream(&padded), assigned(&padded));
        }
    }
}
