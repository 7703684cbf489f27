//! What a page's own style sheet says that decides how a line looks: which classes are set
//! bold. Pages that an office program or an application wrote mark their headings so, and
//! by nothing else.
//!
//! No style sheet is parsed: rules whose selectors are single classes are found by their
//! declaration. Linear in the size of the page.

use std::collections::HashSet;

use memchr::{memmem, memrchr};

/// Bytes before a declaration in which its rule begins.
const LONGEST_RULE: usize = 2_000;
/// Classes kept of a page; the largest style sheet seen has a tenth of these.
const MOST: usize = 10_000;

/// The classes that a page sets bold.
pub(super) fn bold_classes(source: &str) -> HashSet<String> {
    let mut bold = HashSet::new();
    let bytes = source.as_bytes();
    // Where the last rule began: it may say a weight many times.
    let mut last = None;
    for at in memmem::find_iter(bytes, b"font-weight") {
        if bold.len() >= MOST {
            break;
        }
        if is_bold(&source[at + "font-weight".len()..])
            && let Some((open, selectors)) = selectors(bytes, at)
            && last.replace(open) != Some(open)
        {
            bold.extend(selectors.split(',').filter_map(class).map(str::to_owned));
        }
    }
    bold
}

/// Whether what follows the name of the property is `: bold` or a weight of 600 and more.
fn is_bold(rest: &str) -> bool {
    let Some(value) = rest.trim_start().strip_prefix(':') else { return false };
    let value = value.trim_start().as_bytes();
    value.starts_with(b"bold") || value.get(1..3) == Some(b"00") && matches!(value[0], b'6'..=b'9')
}

/// Where the rule opens that is open at a place of a style sheet, and its selectors.
fn selectors(bytes: &[u8], at: usize) -> Option<(usize, &str)> {
    let start = at.saturating_sub(LONGEST_RULE);
    let before = &bytes[start..at];
    let open = memrchr(b'{', before)?;
    // An attribute's style, and what stands behind a rule's end, belong to no rule.
    if before[open..].iter().any(|byte| matches!(byte, b'}' | b'<' | b'"')) {
        return None;
    }
    let from = before[..open].iter().rposition(|byte| matches!(byte, b'}' | b'{' | b'>' | b'/' | b';'));
    let selectors = std::str::from_utf8(&before[from.map_or(0, |from| from + 1)..open]).ok()?;
    Some((start + open, selectors))
}

/// The class that a selector asks for, if it asks for nothing else.
fn class(selector: &str) -> Option<&str> {
    let name = selector.trim().strip_prefix('.')?;
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!name.is_empty() && name.chars().all(sound)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_single_classes_count() {
        let page = "<style>.c4{font-weight:700}.c3{font-size:11pt}\n.a, .b-2 , p.c { color: red; font-weight : bold }
            /* all */.d{font-weight:600;}@media screen{.e{font-weight:800}.f{font-weight:400}} .g .h{font-weight:bold}
            .i:hover{font-weight:bold}.j{}</style><p class=k style='font-weight:bold'>{ font-weight: bold";
        let mut found: Vec<String> = bold_classes(page).into_iter().collect();
        found.sort();
        assert_eq!(found, ["a", "b-2", "c4", "d", "e"]);
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_borne(page in "[.{},:;<>\"/a b67é0-]{0,40}(font-weight[ :{}b6old0é]{0,9}){0,3}") {
            let _ = bold_classes(&page);
        }
    }
}
