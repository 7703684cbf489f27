//! What an element's name alone says of it, told once for each name of a page and not for
//! each element: pages have thousands of elements and a dozen names.

use html5ever::LocalName;

/// What a name says: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Named(u16);

/// Browsers set it as a block of its own.
pub(super) const BLOCK: Named = Named(1);
/// Inline, and often set as a block by a style sheet.
pub(super) const SPAN: Named = Named(1 << 1);
/// Its text is bold.
pub(super) const BOLD: Named = Named(1 << 2);
/// Lines in it are of a kind of their own: headings, terms and the like.
pub(super) const OWN_KIND: Named = Named(1 << 3);
/// A heading of the second level or below.
pub(super) const SUBHEADING: Named = Named(1 << 4);
/// The main part of a page.
pub(super) const MAIN: Named = Named(1 << 5);
/// No browser shows what is in it as text of the page.
pub(super) const UNSEEN: Named = Named(1 << 6);
/// What its author struck out.
pub(super) const STRUCK: Named = Named(1 << 7);
/// A list.
pub(super) const LIST: Named = Named(1 << 8);
/// Of the page's own making, as scripts define elements: HTML has no name with a dash.
pub(super) const MADE: Named = Named(1 << 9);

impl Named {
    /// What a name says.
    pub(super) fn of(name: &str) -> Self {
        let told = [
            (BLOCK, is_block(name)),
            (SPAN, matches!(name, "span" | "a" | "label" | "time")),
            (BOLD, matches!(name, "b" | "strong" | "th")),
            (
                OWN_KIND,
                matches!(
                    name,
                    "h1" | "h2"
                        | "h3"
                        | "h4"
                        | "h5"
                        | "h6"
                        | "summary"
                        | "button"
                        | "caption"
                        | "legend"
                        | "dt"
                        | "dd"
                        | "pre"
                        | "xmp"
                        | "listing"
                ),
            ),
            (SUBHEADING, matches!(name, "h2" | "h3" | "h4" | "h5" | "h6")),
            (MAIN, matches!(name, "main" | "article")),
            (UNSEEN, is_unseen(name)),
            (STRUCK, matches!(name, "del" | "s" | "strike")),
            (LIST, matches!(name, "ul" | "ol" | "menu")),
            (MADE, name.contains('-')),
        ];
        Self(told.iter().fold(0, |all, (bit, is)| all | if *is { bit.0 } else { 0 }))
    }

    /// Whether the name says so.
    #[inline(always)]
    pub(super) fn says(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }
}

/// How many names are kept at hand.
const KNOWN: usize = 64;

/// The names asked last, with what they say.
pub(super) struct Names(Vec<(LocalName, Named)>);

impl Default for Names {
    fn default() -> Self {
        Self(vec![(LocalName::default(), Named::of("")); KNOWN])
    }
}

impl Names {
    /// What a name says.
    pub(super) fn of(&mut self, name: &LocalName) -> Named {
        let (known, named) = &mut self.0[name.get_hash() as usize % KNOWN];
        if known != name {
            (*known, *named) = (name.clone(), Named::of(name));
        }
        *named
    }
}

/// Elements that browsers set as blocks of their own.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "button"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "xmp"
            | "listing"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Elements whose content no browser shows as text of the page.
pub(super) fn is_unseen(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "template"
            | "noscript"
            | "noframes"
            | "head"
            | "svg"
            | "iframe"
            | "object"
            | "canvas"
            | "audio"
            | "video"
            | "map"
            | "select"
            | "datalist"
            | "textarea"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_same_at_hand_or_not() {
        let mut names = Names::default();
        // More names than are kept, twice: some take the place of others.
        let all: Vec<String> = (0..3 * KNOWN).map(|n| format!("x-{n}")).collect();
        let known = ["p", "a", "b", "h1", "h2", "script", "s", "ul", "main", "td", ""];
        for name in all.iter().map(String::as_str).chain(known).chain(known).chain(all.iter().map(String::as_str)) {
            assert_eq!(names.of(&LocalName::from(name)), Named::of(name), "{name}");
        }
        assert!(Named::of("h2").says(BLOCK) && Named::of("h2").says(SUBHEADING) && !Named::of("h1").says(SUBHEADING));
        assert!(!Named::of("span").says(BLOCK) && Named::of("span").says(SPAN));
    }
}
