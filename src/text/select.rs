//! CSS selectors: what people say is the policy, before any guess of ours.

use std::collections::HashSet;

use ego_tree::NodeId;
use scraper::{Html, Selector};

/// Says whether a selector can be read, and if not, why.
pub fn check(selector: &str) -> Result<(), String> {
    compile(selector).map(drop)
}

/// Reads a selector.
fn compile(selector: &str) -> Result<Selector, String> {
    Selector::parse(selector).map_err(|why| format!("\"{selector}\" is no CSS selector: {why}"))
}

/// The elements that any of these selectors matches. Selectors that cannot be read
/// match nothing; the configuration refuses them before.
pub(super) fn matches(html: &Html, selectors: &[String]) -> HashSet<NodeId> {
    selectors
        .iter()
        .filter_map(|selector| compile(selector).ok())
        .flat_map(|selector| html.select(&selector).map(|element| element.id()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_and_broken_selectors() {
        for sound in ["main", "#policy > .body", "article:not(.old) p", "[role=main]", "h2, h3"] {
            assert_eq!(check(sound), Ok(()), "{sound}");
        }
        for broken in ["", "p[", "..a", "p::selection("] {
            let why = check(broken).expect_err(broken);
            assert!(why.starts_with(&format!("\"{broken}\" is no CSS selector: ")), "{why}");
        }
    }

    #[test]
    fn several_selectors_match_together() {
        let html = Html::parse_document("<p id=a>1</p><p id=b>2</p><p>3</p>");
        assert_eq!(matches(&html, &["#a".into(), "#b".into(), "p[".into()]).len(), 2);
    }
}
