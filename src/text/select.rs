//! Selectors: what people say is the policy, before any guess of ours. A CSS selector
//! stands for the elements that it matches; a range, `after h1 .. before footer`, for
//! what stands between two elements.

use std::collections::HashSet;

use ego_tree::NodeId;
use scraper::{Html, Selector};

/// Says whether a selector can be read, and if not, why.
pub fn check(selector: &str) -> Result<(), String> {
    Pick::parse(selector).map(drop)
}

/// What one selector picks on a page.
pub(super) enum Pick {
    /// Every element that matches.
    Elements(Selector),
    /// Everything from the first start to the first end after it.
    Range {
        /// Where it begins.
        start: Bound,
        /// Where it ends.
        end: Bound,
    },
}

/// One end of a range.
pub(super) struct Bound {
    /// On which side of the element.
    pub(super) side: Side,
    /// The element: the first one that matches.
    pub(super) element: Selector,
}

/// The sides of an element, in page order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Before it opens.
    Before,
    /// After it closes.
    After,
}

/// What parts the two ends of a range. No CSS selector has it outside of quotes.
const DOTS: &str = "..";

impl Pick {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever wrote it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some((side, rest)) = side(text) else {
            return css(text, text).map(Pick::Elements);
        };
        // The dots may also stand within quotes, so each place is tried.
        let mut first_fault = None;
        for (at, _) in rest.match_indices(DOTS) {
            match range(text, side, &rest[..at], &rest[at + DOTS.len()..]) {
                Ok(pick) => return Ok(pick),
                Err(why) => first_fault = first_fault.or(Some(why)),
            }
        }
        Err(first_fault.unwrap_or_else(|| {
            format!("\"{text}\" says where a range begins, not where it ends; write \"{text} .. before footer\"")
        }))
    }
}

/// Reads both ends of a range.
fn range(whole: &str, start: Side, from: &str, to: &str) -> Result<Pick, String> {
    let start = Bound { side: start, element: css(from.trim(), whole)? };
    let Some((end, to)) = side(to.trim_start()) else {
        return Err(format!("\"{whole}\" is no range: after the dots comes \"before\" or \"after\" and a selector"));
    };
    Ok(Pick::Range { start, end: Bound { side: end, element: css(to.trim(), whole)? } })
}

/// The word that an end of a range begins with, and what follows. No element of HTML is
/// called so.
fn side(text: &str) -> Option<(Side, &str)> {
    [("before", Side::Before), ("after", Side::After)].into_iter().find_map(|(word, side)| {
        let rest = text.strip_prefix(word)?;
        rest.starts_with(char::is_whitespace).then_some((side, rest))
    })
}

/// Reads a CSS selector, a part of `whole`.
fn css(selector: &str, whole: &str) -> Result<Selector, String> {
    Selector::parse(selector).map_err(|why| {
        let within = if selector == whole { String::new() } else { format!(" (in \"{whole}\")") };
        format!("\"{selector}\" is no CSS selector{within}: {why}")
    })
}

/// The elements that a CSS selector matches.
pub(super) fn matches(html: &Html, selector: &Selector) -> HashSet<NodeId> {
    html.select(selector).map(|element| element.id()).collect()
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
    fn sound_and_broken_ranges() {
        for sound in [
            "before h1 .. before footer",
            "after h1..after #end",
            "after  main > h1, h2  ..  before .a, .b",
            "before [title=\"a .. b\"] .. after p",
            "before p .. after [title=\"a .. before b\"]",
        ] {
            assert_eq!(check(sound), Ok(()), "{sound}");
            assert!(matches!(Pick::parse(sound), Ok(Pick::Range { .. })), "{sound}");
        }
        for (broken, why) in [
            (
                "after h1",
                "\"after h1\" says where a range begins, not where it ends; write \"after h1 .. before footer\"",
            ),
            ("before h1 .. footer", "after the dots comes \"before\" or \"after\" and a selector"),
            ("before h1[ .. before footer", "\"h1[\" is no CSS selector (in \"before h1[ .. before footer\"): "),
            ("before h1 .. before ", "\"\" is no CSS selector (in "),
            ("h1 .. h2", "\"h1 .. h2\" is no CSS selector: "),
        ] {
            let told = check(broken).expect_err(broken);
            assert!(told.contains(why), "{told}");
        }
    }
}
