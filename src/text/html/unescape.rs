//! Text that was escaped once too often, so that the page shows its own tags to readers:
//! `&lt;p&gt;` where a paragraph was meant.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// So many tags shown are no slip of the pen and no example in a text.
const MANY: usize = 6;

/// Whether the visible words of a page hold its own tags.
pub(super) fn is_due(visible: &str) -> bool {
    static SHOWN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"</(?:p|span|div|li|ul|ol|strong|b|em|i|a|h[1-6]|td)>|<br ?/?>").expect("the pattern is sound")
    });
    visible.contains("</p>") && SHOWN.find_iter(visible).take(MANY).count() == MANY
}

/// The page with what was escaped twice escaped once.
pub(super) fn once(source: &str) -> String {
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)&lt;(/?(?:p|span|div|br|li|ul|ol|strong|b|em|i|u|a|h[1-6]|table|thead|tbody|tr|td|th)(?:\s[^<>]{0,400}?)?/?)&gt;",
        )
        .expect("the pattern is sound")
    });
    static REFERENCE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)&amp;(#\d{1,6}|#x[0-9a-f]{1,6}|[a-z]{2,8});").expect("the pattern is sound"));
    let tags = TAG.replace_all(source, |found: &Captures<'_>| {
        let tag = found[1].replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        format!("<{tag}>")
    });
    REFERENCE.replace_all(&tags, "&$1;").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_readers_would_see_are_tags() {
        let shown = "<p>We keep it.</p><p>You <b>ask</b>.</p><p>We</p><p>answer</p><p>.</p>";
        assert!(is_due(shown));
        assert!(!is_due("Write a <p> and close it with </p>."));
        assert_eq!(
            once(
                "<div>&lt;p&gt;Acme&amp;#39;s &lt;a href=&quot;/x?a=1&amp;amp;b=2&quot;&gt;list&lt;/a&gt; &lt; 3&lt;/p&gt;</div>"
            ),
            "<div><p>Acme&#39;s <a href=\"/x?a=1&amp;b=2\">list</a> &lt; 3</p></div>"
        );
    }
}
