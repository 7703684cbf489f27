//! HTML to blocks: parse, leave out what is no policy, write lines, tell the headings.

mod anchors;
mod headings;
mod lines;
mod links;
mod main_text;
mod names;
mod parse;
mod parts;
mod pieces;
mod repeats;
mod said;
mod style;
mod table;
mod tree;
mod unescape;
mod unseen;

use std::collections::HashSet;

use scraper::{ElementRef, Html};
use url::Url;

use self::parse::Attributes;
use self::tree::Tree;
use super::anchors::Outlook;
use super::{Block, noise, state};
use crate::reading::{Selectors, Step, Unmatched, Unreadable, Why};

/// What a page of HTML says.
pub(super) struct Page {
    /// The page as parsed.
    pub(super) html: Html,
    /// Its title, without the site's name where that can be told.
    pub(super) title: Option<String>,
    /// The language it declares.
    pub(super) declared_language: Option<String>,
    /// The visible words of the whole page.
    pub(super) visible: Shown,
    /// The policy.
    pub(super) blocks: Vec<Block>,
    /// The selectors that picked nothing.
    pub(super) unmatched: Unmatched,
}

/// The visible words of a page, as far as they were needed.
pub(super) struct Shown {
    beginning: String,
    is_odd: bool,
    /// All of them, where they are not those of the page's own tree.
    all: Option<String>,
}

impl Shown {
    /// Those of a page, and where to take the rest from.
    fn of_tree(tree: &Tree<'_>) -> Self {
        Self { beginning: tree.first_words(0, state::BEGINNING), is_odd: tree.is_odd, all: None }
    }

    /// As the rules ask for them.
    pub(super) fn of<'a>(&'a self, html: &'a Html) -> state::Visible<'a> {
        state::Visible::new(html, &self.beginning, self.is_odd, self.all.clone())
    }
}

/// All visible words of a page.
pub(super) fn visible(html: &Html) -> String {
    tree::visible(html)
}

/// Reads a page; `done` is told of each step as it ends.
pub(super) fn read(
    source: &str,
    final_url: &str,
    how: &Selectors,
    done: &mut dyn FnMut(Step),
) -> Result<Page, Unreadable> {
    let attributes = asked_by(how);
    let (html, cut) = parse::parse_telling(source, attributes).ok_or_else(|| {
        Unreadable::new(
            Why::Malformed,
            "the page's tags multiply out of all proportion to its size; look at it by hand",
        )
    })?;
    done(Step::Parse);
    let base = links::base(final_url, attribute(&html, "base", "href"));
    let bold = style::bold_classes(source);
    let mut found = policy(&html, &bold, base.as_ref(), how, done);
    if found.shows_tags
        && unescape::is_due(&visible(&html))
        && let Some(again) = parse::parse(&unescape::once(source), attributes)
    {
        found = policy(&again, &bold, base.as_ref(), how, done);
        found.visible.all = Some(visible(&again));
    }
    if unaided(how, found.unmatched.fell_back)
        && let Some(unseen) = unseen(source, (&html, &cut), &bold, &found.blocks, base.as_ref(), how, done)
    {
        found = unseen;
    }
    let Found { visible, blocks, unmatched, .. } = found;
    let title = title(&html, &blocks);
    let declared_language = attribute(&html, "html", "lang").map(str::to_owned);
    Ok(Page { title, declared_language, visible, blocks, unmatched, html })
}

/// The attributes that reading a page may ask for: a selector may ask for any.
fn asked_by(how: &Selectors) -> Attributes {
    if how.select.is_empty() && how.remove.is_empty() { Attributes::Asked } else { Attributes::All }
}

/// What a page says of itself, and where it leads.
pub(super) fn outlook(source: &str, final_url: &str) -> Outlook {
    anchors::outlook(source, final_url)
}

/// How many words a text has; two characters of a script without spaces count as one.
pub(super) fn count_words(text: &str) -> usize {
    tree::count_words(text) as usize
}

/// With fewer words the page may carry its text unseen.
const HARDLY_A_WORD: u32 = 60;

/// With fewer words the page may show little but what stands around its text.
const FEW_WORDS: u32 = 250;

/// What applications say that failed to show their page.
static FAILED: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
    regex::Regex::new(r"(?i)\b(error|exception|went wrong|erreur|fehler(meldung)?|errore|fout)\b")
        .expect("the pattern is sound")
});

/// The text that the page carries unseen, if that is its text and not what it shows.
fn unseen(
    source: &str,
    (html, cut): (&Html, &parse::Cut),
    bold: &HashSet<String>,
    shown: &[Block],
    base: Option<&Url>,
    how: &Selectors,
    done: &mut dyn FnMut(Step),
) -> Option<Found> {
    let mut count = 0;
    for block in shown {
        count += tree::count_words(&block.text);
        if count >= FEW_WORDS {
            return None;
        }
    }
    // An application that says it failed showed no policy, whatever data it was given.
    if shown.iter().any(|block| FAILED.is_match(&block.text)) {
        return None;
    }
    let markup = unseen::markup(html, &parse::scripts(source, cut))?;
    let title = title(html, shown).unwrap_or_default().to_lowercase();
    let consent = noise::consent_words(&markup) as f32 / unseen::visible_words(&markup).max(1) as f32;
    let is_overlay = consent > 0.04 && noise::consent_words(&title) == 0;
    if is_overlay {
        return None;
    }
    let page = parse::parse(&markup, asked_by(how))?;
    let mut unseen = policy(&page, bold, base, how, done);
    unseen.visible.all = Some(visible(&page));
    let found = words(&unseen.blocks);
    // A page that shows some words must name its text, and the text be much longer.
    let named = || POLICY_WORDS.is_match(&title) && super::fold(&markup).to_lowercase().contains(&title);
    let enough = if count < HARDLY_A_WORD { found > 2 * HARDLY_A_WORD } else { found > 4 * count && named() };
    enough.then_some(unseen)
}

fn words(blocks: &[Block]) -> u32 {
    blocks.iter().map(|block| tree::count_words(&block.text)).sum()
}

/// What a parsed page shows.
struct Found {
    visible: Shown,
    /// Whether the words hold the end of a tag.
    shows_tags: bool,
    blocks: Vec<Block>,
    unmatched: Unmatched,
}

/// Finds the policy on a parsed page, by selectors or unaided. Where selectors pick not a
/// word, or one picks nothing and the others next to nothing, the site was rebuilt, and the
/// policy is looked for unaided; so, too, where a menu is all that they pick of a page of text.
fn policy(
    html: &Html,
    bold: &HashSet<String>,
    base: Option<&Url>,
    how: &Selectors,
    done: &mut dyn FnMut(Step),
) -> Found {
    let mut tree = Tree::of(html, bold);
    let (visible, shows_tags) = (Shown::of_tree(&tree), tree.shows_tags);
    done(Step::Tree);
    main_text::remove_struck(&mut tree);
    let removed = parts::pick(html, &tree, &how.remove);
    parts::leave_out(&mut tree, &removed.runs);
    let picked = parts::pick(html, &tree, &how.select);
    let fell_back = !how.select.is_empty() && !parts::have_words(&tree, &picked.runs);
    let mut unmatched = Unmatched { select: picked.unmatched, remove: removed.unmatched, fell_back };
    let chosen = (!unaided(how, fell_back)).then(|| {
        let mut lines = lines::of_runs(&tree, &picked.runs, base);
        lines.retain(|line| !main_text::is_icon_name(line));
        lines
    });
    // Where a part that was declared is gone, what is left of the others may be a remnant; and
    // what has the name of the policy may be a menu by now.
    let is_menu = chosen.as_ref().is_some_and(|lines| main_text::is_menu(lines, base));
    let doubtful = is_menu || !unmatched.select.is_empty() || !unmatched.remove.is_empty();
    let lines = match chosen {
        Some(lines) if !doubtful || words_of(&lines) * REMNANT >= tree::count_words(&tree.words(0)) => lines,
        chosen => {
            let found = found_unaided(&mut tree, base, done);
            match chosen {
                Some(lines) if words_of(&lines).max(HARDLY_A_WORD / REMNANT) * REMNANT >= words_of(&found) => lines,
                _ => {
                    unmatched.fell_back = !how.select.is_empty();
                    found
                }
            }
        }
    };
    done(Step::Lines);
    let mut blocks = headings::settle(lines);
    if unaided(how, unmatched.fell_back) {
        blocks = repeats::drop(blocks);
    }
    done(Step::Blocks);
    Found { visible, shows_tags, blocks, unmatched }
}

/// Selectors that pick less than one word in so many of the text that is found unaided,
/// while another of them picks nothing, or a mere menu, are those of another design of the
/// page.
const REMNANT: u32 = 10;

/// Whether no selector says where the policy is.
fn unaided(how: &Selectors, fell_back: bool) -> bool {
    how.select.is_empty() || fell_back
}

/// The lines of the policy, found without selectors.
fn found_unaided(tree: &mut Tree<'_>, base: Option<&Url>, done: &mut dyn FnMut(Step)) -> Vec<lines::Line> {
    main_text::remove_noise(tree);
    said::remove(tree);
    main_text::remove_variants(tree);
    main_text::remove_copies(tree);
    let parts = main_text::find(tree);
    done(Step::MainText);
    let mut lines = lines::of(tree, &parts, base);
    main_text::trim(&mut lines, base);
    lines
}

fn words_of(lines: &[lines::Line]) -> u32 {
    lines.iter().map(|line| tree::count_words(&line.text)).sum()
}

/// An attribute of the first element of a name that has it.
fn attribute<'a>(html: &'a Html, element: &str, name: &str) -> Option<&'a str> {
    elements(html, element).find_map(|element| element.value().attr(name))
}

/// The elements of a name, in page order.
fn elements<'a>(html: &'a Html, name: &str) -> impl Iterator<Item = ElementRef<'a>> {
    // Most pages have none of most names, and the nodes in the order of their making are at hand.
    let named = move |element: &ElementRef<'_>| element.value().name() == name;
    let any = html.tree.nodes().filter_map(ElementRef::wrap).any(|element| named(&element));
    let ordered = any.then(|| html.tree.root().descendants().filter_map(ElementRef::wrap).filter(named));
    ordered.into_iter().flatten()
}

/// The page's title: of the parts of `title`, the one that the first heading repeats or
/// that names a policy; else the first heading.
fn title(html: &Html, blocks: &[Block]) -> Option<String> {
    let heading = blocks.iter().find(|block| matches!(block.kind, super::BlockKind::Heading { .. }));
    let heading = heading.map(|block| block.text.clone());
    let whole: String = elements(html, "title").next().map(|title| title.text().collect()).unwrap_or_default();
    let whole = super::fold(&whole);
    if whole.is_empty() {
        return heading;
    }
    let parts: Vec<&str> = TITLE_PARTS.split(&whole).map(str::trim).filter(|part| !part.is_empty()).collect();
    let same = |part: &&&str| heading.as_deref().is_some_and(|heading| heading.eq_ignore_ascii_case(part));
    let names = |part: &&&str| POLICY_WORDS.is_match(part);
    let best = parts.iter().find(same).or_else(|| parts.iter().find(names)).map(|part| (*part).to_owned());
    best.or_else(|| heading.filter(|heading| POLICY_WORDS.is_match(heading))).or(Some(whole))
}

static TITLE_PARTS: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
    regex::Regex::new(r"\s+[|\-–—·•:»›<>/\\]{1,2}\s+|\s*\|\s*|:\s").expect("the pattern is sound")
});

static POLICY_WORDS: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
    regex::Regex::new(
        r"(?i)privacy|polic(y|ies)|terms|conditions|cookie|agreement|notice|guideline|rules|legal|imprint|impressum|datenschutz|nutzungsbedingungen|agb|confidentialit|conditions g|mentions l|privacidad|términos|condiciones|informativa|termini|voorwaarden|privacybeleid|subprocessor|sub-processor|acceptable use|copyright|prywatno|regulamin|termos de|política de|integritets|personvern|privatliv|vilkår|villkor|tietosuoja|konfiden|конфиденциальн|gizlilik|プライバシー|個人情報保護方針|利用規約|隐私|隱私|服务条款|服務條款|개인정보|이용약관",
    )
    .expect("the pattern is sound")
});

#[cfg(test)]
mod tests;
