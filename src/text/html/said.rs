//! Parts of a page that are told by what they say, where neither an element's name nor
//! a class does: forms that ask for feedback, assistants that offer to chat.

use super::tree::Tree;
use crate::text::noise;

/// One such part is at most one in so many of the page's words.
const MAX_SHARE: u32 = 4;

/// Leaves such parts out.
pub(super) fn remove(tree: &mut Tree<'_>) {
    let counts = tree.count();
    let total = counts.first().map_or(0, |words| words.all);
    // The words before each node, and the headings.
    let (mut before, mut headings) = (vec![0_u32; tree.nodes.len() + 1], vec![0_u32; tree.nodes.len() + 1]);
    for at in 0..tree.nodes.len() {
        let node = &tree.nodes[at];
        before[at + 1] = before[at] + if node.text().is_some() { counts[at].all } else { 0 };
        headings[at + 1] = headings[at] + u32::from(matches!(node.name, "h1" | "h2" | "h3"));
    }
    let mut at = 0;
    while at < tree.nodes.len() {
        let node = &tree.nodes[at];
        if node.off {
            at = node.end;
            continue;
        }
        let part = node
            .text()
            .and_then(|text| Some((noise::opening(text.trim())?, text.trim_end().ends_with('?'))))
            .and_then(|(most, asks)| {
                let most = most.min(total / MAX_SHARE);
                // A title that asks heads a section of the text.
                if asks && matches!(tree.nodes[tree.nodes[at].parent].name, "h1" | "h2" | "h3" | "h4") {
                    return None;
                }
                // The largest part that begins with these words.
                let mut part = at;
                loop {
                    let around = tree.nodes[part].parent;
                    let end = tree.nodes[around].end;
                    let fits = around != part
                        && before[around] == before[at]
                        && counts[around].all <= most
                        && headings[end] == headings[tree.nodes[part].end]
                        && !matches!(tree.nodes[around].name, "body" | "main" | "article" | "#root");
                    if !fits {
                        break;
                    }
                    part = around;
                }
                (part != at).then_some(part)
            });
        match part {
            Some(part) => {
                tree.nodes[part].off = true;
                at = tree.nodes[part].end;
            }
            None => at += 1,
        }
    }
}
