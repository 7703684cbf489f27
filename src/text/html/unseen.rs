//! Text that a page carries but shows only once its scripts have run: in `noscript`, or
//! in the data that a script turns into the page. Asked only where the page shows
//! hardly a word.

use scraper::{Html, Selector};
use serde_json::Value;

/// The markup of the longest text that the page carries unseen.
pub(super) fn markup(html: &Html) -> Option<String> {
    let longest = scripts(html).into_iter().chain(noscripts(html)).max_by_key(String::len)?;
    (!longest.is_empty()).then_some(longest)
}

/// What `noscript` holds; the parser leaves it as text.
fn noscripts(html: &Html) -> Vec<String> {
    let Ok(selector) = Selector::parse("body noscript") else { return Vec::new() };
    html.select(&selector).map(|element| element.text().collect::<String>()).collect()
}

/// The longest marked-up text in each script of data.
fn scripts(html: &Html) -> Vec<String> {
    let Ok(selector) = Selector::parse("script[type=\"application/json\"], script#__NEXT_DATA__") else {
        return Vec::new();
    };
    html.select(&selector)
        .filter_map(|script| serde_json::from_str::<Value>(&script.text().collect::<String>()).ok())
        .filter_map(|data| longest(&data))
        .collect()
}

/// The longest text with paragraphs in some data.
fn longest(data: &Value) -> Option<String> {
    let mut best: Option<&String> = None;
    let mut open = vec![data];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) if is_marked_up(text) && best.is_none_or(|best| best.len() < text.len()) => {
                best = Some(text)
            }
            Value::Array(values) => open.extend(values.iter().rev()),
            Value::Object(values) => open.extend(values.values().rev()),
            _ => {}
        }
    }
    best.cloned()
}

fn is_marked_up(text: &str) -> bool {
    ["<p", "<li", "<h2", "<h3", "<br"].iter().filter(|tag| text.contains(**tag)).count() >= 1 && text.len() > 400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_noscript_are_found() {
        let text = format!("<h2>Data</h2><p>{}</p>", "We keep what you give us. ".repeat(20));
        let data = serde_json::json!({"a": ["<p>x</p>", {"b": text}], "c": "y ".repeat(2_000)});
        let page = format!("<script type='application/json'>{}</script>", data.to_string().replace('<', "\\u003c"));
        assert_eq!(markup(&Html::parse_document(&page)).as_deref(), Some(text.as_str()));
        let page = format!("<body><noscript>{text}</noscript>");
        assert_eq!(markup(&Html::parse_document(&page)).as_deref(), Some(text.as_str()));
        assert_eq!(markup(&Html::parse_document("<p>words</p><script>[1]</script>")), None);
    }
}
