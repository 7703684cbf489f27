//! The links of a whole page, and what its head says of it.

use std::collections::BTreeMap;

use scraper::{ElementRef, Html};
use url::Url;

use super::parse::Attributes;
use super::{attribute, elements, links, parse};
use crate::text::anchors::{Anchor, MAX_LINKS, Outlook, Place};
use crate::text::{fold, language};

/// No link's words need more characters than that.
const LONGEST_TEXT: usize = 300;
/// How far up an element is looked for that says "footer".
const LOOK_UP: usize = 40;

/// Looks at a page; one that cannot be parsed within bounds shows nothing.
pub(super) fn outlook(source: &str, final_url: &str) -> Outlook {
    let Some(html) = parse::parse(source, Attributes::Asked) else { return Outlook::default() };
    let base = links::base(final_url, attribute(&html, "base", "href"));
    let join = |href: &str| web(base.as_ref()?.join(href.trim()).ok()?);
    Outlook {
        anchors: anchors(&html, base.as_ref()),
        canonical: elements(&html, "link")
            .find_map(|link| {
                let rel = link.attr("rel")?;
                rel.split_whitespace().any(|word| word.eq_ignore_ascii_case("canonical")).then(|| link.attr("href"))?
            })
            .and_then(join),
        refresh: elements(&html, "meta")
            .find_map(|meta| {
                let refresh = meta.attr("http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
                refresh.then(|| refresh_target(meta.attr("content")?))?
            })
            .and_then(join),
        site_name: elements(&html, "meta")
            .find(|meta| meta.attr("property").is_some_and(|name| name.eq_ignore_ascii_case("og:site_name")))
            .and_then(|meta| meta.attr("content"))
            .map(fold)
            .filter(|name| !name.is_empty() && name.chars().count() <= 60),
        language: attribute(&html, "html", "lang").and_then(language::from_tag),
    }
}

/// The target in `5; url='/welcome'`.
fn refresh_target(content: &str) -> Option<&str> {
    let (_, rest) = content.split_once([';', ','])?;
    let rest = rest.trim_start();
    let rest = rest.get(..3).filter(|name| name.eq_ignore_ascii_case("url")).map_or(rest, |_| &rest[3..]);
    let target = rest.trim_start().strip_prefix('=').unwrap_or(rest).trim().trim_matches(['"', '\'']);
    (!target.is_empty()).then_some(target)
}

/// A page's address without its fragment, if it is one of the web.
fn web(mut url: Url) -> Option<Url> {
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn anchors(html: &Html, base: Option<&Url>) -> Vec<Anchor> {
    let mut found: Vec<Anchor> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let named = html.tree.root().descendants().filter_map(ElementRef::wrap);
    for link in named.filter(|element| matches!(element.value().name(), "a" | "area")).take(8 * MAX_LINKS) {
        let Some(target) = link.attr("href").and_then(|href| links::target(base, href)) else { continue };
        let Some(target) = Url::parse(&target).ok().and_then(web) else { continue };
        let anchor = Anchor { text: words(link), place: place(link), target };
        match places.get(anchor.target.as_str()) {
            None => {
                places.insert(anchor.target.to_string(), found.len());
                found.push(anchor);
            }
            // The footer names what the text only mentions.
            Some(at) if found[*at].text.is_empty() || anchor.place < found[*at].place && !anchor.text.is_empty() => {
                found[*at] = anchor;
            }
            Some(_) => {}
        }
    }
    found.sort_by_key(|anchor| anchor.place);
    found.truncate(MAX_LINKS);
    found
}

/// The words of a link, or what stands for them.
fn words(link: ElementRef<'_>) -> String {
    let spoken = fold(&link.text().flat_map(|text| [text, " "]).collect::<String>());
    let stand_in = || {
        let of = |element: ElementRef<'_>| {
            ["aria-label", "title", "alt"].iter().find_map(|name| element.attr(name)).map(fold)
        };
        of(link).or_else(|| link.descendants().filter_map(ElementRef::wrap).find_map(of)).unwrap_or_default()
    };
    let spoken = if spoken.is_empty() { stand_in() } else { spoken };
    spoken.chars().take(LONGEST_TEXT).collect()
}

fn place(link: ElementRef<'_>) -> Place {
    let says = |element: ElementRef<'_>| {
        let value = element.value();
        let named = |name: &str| {
            value
                .attr(name)
                .is_some_and(|words| words.get(..200).unwrap_or(words).to_ascii_lowercase().contains("footer"))
        };
        value.name() == "footer" || value.attr("role") == Some("contentinfo") || named("class") || named("id")
    };
    let within = link.ancestors().take(LOOK_UP).filter_map(ElementRef::wrap).any(says);
    if within { Place::Footer } else { Place::Elsewhere }
}
