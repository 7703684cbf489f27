//! Which addresses are worth a request, best first.

use std::collections::BTreeMap;

use url::Url;

use super::address;
use super::names::{self, Named};
use crate::text::anchors::{Anchor, Outlook, Place};
use crate::watch::PolicyType;

/// What led to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clue {
    /// Whoever asks named it.
    Given,
    /// A link in a page's footer.
    Footer,
    /// A link elsewhere on a page.
    Link,
    /// A link of another policy's text.
    Policy,
    /// A sitemap.
    Sitemap,
    /// Nobody: most sites have it there.
    UsualPath,
    /// A redirect.
    Redirect,
    /// What the page calls its address.
    Canonical,
}

impl Clue {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Clue::Given => "given",
            Clue::Footer => "footer",
            Clue::Link => "link",
            Clue::Policy => "policy",
            Clue::Sitemap => "sitemap",
            Clue::UsualPath => "usual path",
            Clue::Redirect => "redirect",
            Clue::Canonical => "canonical",
        }
    }
}

/// An address that may be that of a policy, or lead to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub url: Url,
    /// What link and address name.
    pub named: Named,
    /// The words of the link.
    pub text: String,
    /// What led to it.
    pub clue: Clue,
    /// The more, the sooner it is asked for.
    pub score: i32,
}

/// What is looked for, and where.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The page that was named.
    pub site: &'a Url,
    /// The language of the site, if it says so.
    pub language: Option<&'a str>,
    /// The only kinds that are wanted; empty: all.
    pub kinds: &'a [PolicyType],
}

/// With less nothing is asked for.
const LEAST: i32 = 25;

/// What a link in the footer is worth beside one elsewhere.
const FOOTER: i32 = 20;

/// The links of a page that are worth a request; `clue` is what those outside of the footer
/// count as.
pub fn of_page(outlook: &Outlook, clue: Clue, wanted: &Wanted<'_>) -> Vec<Candidate> {
    let of = |anchor: &Anchor| {
        let clue = if anchor.place == Place::Footer { Clue::Footer } else { clue };
        candidate(&anchor.target, &anchor.text, clue, wanted)
    };
    outlook.anchors.iter().filter_map(of).collect()
}

/// Addresses without words that are worth a request.
pub fn of_addresses<'a>(urls: impl IntoIterator<Item = &'a Url>, clue: Clue, wanted: &Wanted<'_>) -> Vec<Candidate> {
    urls.into_iter().filter_map(|url| candidate(url, "", clue, wanted)).collect()
}

/// One address, if it is worth a request.
pub fn candidate(url: &Url, text: &str, clue: Clue, wanted: &Wanted<'_>) -> Option<Candidate> {
    if !matches!(url.scheme(), "http" | "https") || address::is_detour(url) || address::is_home(url) {
        return None;
    }
    if names::is_talk(url.path()) && clue != Clue::Given {
        return None;
    }
    let (by_words, by_path) = (names::of_words(text), names::of_path(url.path()));
    let (named, mut score) = match (by_words, by_path) {
        (Named::Action, _) => return None,
        (Named::Policy(kind), Named::Policy(other)) => (by_words, if kind == other { 90 } else { 70 }),
        (Named::Policy(_), _) => (by_words, 60),
        (Named::Hub, Named::Policy(_)) => (by_path, 60),
        (Named::Hub, Named::Hub) => (Named::Hub, 50),
        (Named::Hub, _) => (Named::Hub, 40),
        (Named::Nothing, Named::Policy(_)) => (by_path, 50),
        (Named::Nothing, Named::Hub) => (Named::Hub, 35),
        (Named::Nothing, _) => return None,
    };
    if let (Named::Policy(kind), false) = (named, wanted.kinds.is_empty()) {
        if !wanted.kinds.contains(&kind) {
            return None;
        }
        score += 10;
    }
    score += named_first(named);
    score += match clue {
        Clue::Footer => FOOTER,
        Clue::Given | Clue::Redirect | Clue::Canonical => 30,
        Clue::Link | Clue::Policy => 0,
        Clue::Sitemap => -10,
        Clue::UsualPath => -15,
    };
    if !address::same_site(url, wanted.site) {
        let brand = address::brand(wanted.site);
        let named_so = brand.len() >= 4 && url.host_str().is_some_and(|host| host.contains(&brand));
        // Others' policies are linked beside their widgets.
        score -= if named_so { 10 } else { 45 };
    }
    if names::is_aside(url.path()) {
        score -= 40;
    }
    if let (Some(own), Some(other)) = (wanted.language, address::language(url))
        && own != other
    {
        score -= 30;
    }
    let depth = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).count();
    score -= 3 * i32::try_from(depth.saturating_sub(3)).unwrap_or(9).min(9);
    score -= if url.query().is_some() { 5 } else { 0 };
    (score >= LEAST).then(|| Candidate { url: url.clone(), named, text: text.to_owned(), clue, score })
}

/// Where not everything can be asked for, what most people want comes first.
fn named_first(named: Named) -> i32 {
    match named {
        Named::Policy(PolicyType::Privacy) => 9,
        Named::Policy(PolicyType::Terms) => 8,
        Named::Policy(PolicyType::Cookies) => 7,
        Named::Policy(PolicyType::Subprocessors | PolicyType::DataProcessing) => 6,
        Named::Policy(_) => 3,
        Named::Hub | Named::Action | Named::Nothing => 0,
    }
}

/// Candidates best first, each page once.
pub fn rank(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut best: BTreeMap<String, Candidate> = BTreeMap::new();
    for candidate in candidates {
        match best.get(&address::key(&candidate.url)) {
            Some(known) if known.score >= candidate.score => {}
            _ => {
                best.insert(address::key(&candidate.url), candidate);
            }
        }
    }
    let mut ranked: Vec<Candidate> = best.into_values().collect();
    ranked.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.url.as_str().cmp(b.url.as_str())));
    ranked
}

/// Where most sites have a policy of a kind, the usual places first.
pub fn usual_paths(kind: PolicyType) -> &'static [&'static str] {
    match kind {
        PolicyType::Privacy => &["/privacy", "/privacy-policy", "/legal/privacy", "/datenschutz"],
        PolicyType::Terms => &["/terms", "/terms-of-service", "/legal/terms", "/agb"],
        PolicyType::Cookies => &["/cookies", "/cookie-policy", "/legal/cookies"],
        PolicyType::Subprocessors => &["/subprocessors", "/legal/subprocessors"],
        PolicyType::DataProcessing => &["/dpa", "/legal/dpa"],
        PolicyType::AcceptableUse => &["/acceptable-use", "/legal/acceptable-use"],
        PolicyType::Community => &["/community-guidelines"],
        PolicyType::Imprint => &["/imprint", "/impressum", "/mentions-legales"],
        PolicyType::Copyright => &["/copyright", "/dmca"],
        PolicyType::Commercial | PolicyType::Developer | PolicyType::Other => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn links_in_their_order() {
        let site = url("https://www.acme.com/");
        let wanted = Wanted { site: &site, language: Some("en"), kinds: &[] };
        let anchor = |text: &str, target: &str, place| Anchor { text: text.to_owned(), target: url(target), place };
        let outlook = Outlook {
            anchors: vec![
                anchor("Kettles", "https://www.acme.com/kettles", Place::Elsewhere),
                anchor("Cookie settings", "https://www.acme.com/cookies/settings", Place::Footer),
                anchor("Legal", "https://www.acme.com/legal", Place::Footer),
                anchor("Privacy Policy", "https://www.acme.com/privacy", Place::Footer),
                anchor("Datenschutz", "https://www.acme.com/de/datenschutz", Place::Footer),
                anchor("Terms", "https://legal.acme.com/t/123", Place::Footer),
                anchor("Privacy", "https://widgets.test/privacy", Place::Elsewhere),
                anchor("Our privacy policy, explained", "https://www.acme.com/blog/privacy", Place::Elsewhere),
                anchor("Privacy", "https://www.acme.com/login?to=/privacy", Place::Footer),
                anchor("Privacy", "http://acme.com/privacy/", Place::Elsewhere),
            ],
            ..Outlook::default()
        };
        let ranked = rank(of_page(&outlook, Clue::Link, &wanted));
        let urls: Vec<_> = ranked.iter().map(|candidate| candidate.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://www.acme.com/privacy",
                "https://www.acme.com/de/datenschutz",
                "https://legal.acme.com/t/123",
                "https://www.acme.com/legal",
                "https://widgets.test/privacy",
            ]
        );
    }

    #[test]
    fn only_what_is_wanted_comes_first() {
        let site = url("https://acme.com/");
        let wanted = Wanted { site: &site, language: None, kinds: &[PolicyType::Terms] };
        let urls = [url("https://acme.com/privacy"), url("https://acme.com/terms"), url("https://acme.com/about")];
        let ranked = rank(of_addresses(&urls, Clue::Sitemap, &wanted));
        assert_eq!(ranked.iter().map(|c| c.url.path()).collect::<Vec<_>>(), ["/terms"]);
    }

    #[test]
    fn usual_paths_name_their_kind() {
        for (kind, _) in PolicyType::ALL {
            for path in usual_paths(kind) {
                assert_eq!(names::of_path(path), Named::Policy(kind), "{path}");
            }
        }
    }
}
