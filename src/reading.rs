//! What a snapshot says, read as a person would: title, language, date, sections.
//! [`read`] joins the steps: bytes to blocks ([`crate::text`]), blocks to
//! sections ([`crate::section`]).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;
use url::Url;

use crate::section::{Section, section};
use crate::snapshot::{Digest, Snapshot};
use crate::text::unpack::Unpacking;
use crate::text::{Link, count_words, normalize_by_steps};

/// The revision of the reading code. Any change to what a page reads as raises it,
/// so that what we hold is read again before it is compared.
pub const REVISION: u32 = 8;

/// Which parts of the page are the policy, as CSS selectors or as ranges
/// (`before h1 .. before footer`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selectors {
    /// What to read; empty: the main text is found unaided.
    pub select: Vec<String>,
    /// What to leave out.
    pub remove: Vec<String>,
}

/// The selectors that picked nothing on a page. It was read all the same, but whoever
/// wrote them must be told: the site was rebuilt, or the selector has a slip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unmatched {
    /// Those that say what to read.
    pub select: Vec<String>,
    /// Those that say what to leave out.
    pub remove: Vec<String>,
    /// What was to be read had no word, or next to none where another selector picked nothing
    /// or all of it is a menu, so the main text was found unaided.
    pub fell_back: bool,
}

impl Unmatched {
    /// What this means for the text, in words; none where all that is to be read was there.
    pub fn note(&self) -> Option<String> {
        if self.select.is_empty() && !self.fell_back {
            return None;
        }
        let what = match &self.select[..] {
            [] => "what select picks is hardly a text".to_owned(),
            [one] => format!("select \"{one}\" matches nothing"),
            several => format!("select \"{}\" match nothing", several.join("\", \"")),
        };
        let then = if self.fell_back { "the main text was found unaided" } else { "the other selectors were read" };
        Some(format!("{what}; {then}; was the page redesigned? update the watch's select"))
    }
}

/// One page of a policy that stands on several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// Which parts of it are the policy.
    pub selectors: Selectors,
}

/// How a text was read. Two readings compare only if this is equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    /// The revision of the reading code.
    pub revision: u32,
    /// The watch's selectors.
    pub selectors: Selectors,
    /// The language that the text must be in (ISO 639-1).
    pub language: Option<String>,
    /// The pages that the policy stands on, in order; empty where it is one, whatever
    /// its address.
    pub pages: Vec<Page>,
}

impl Reader {
    /// Today's reading code with these selectors, for one page in any language.
    pub fn today(selectors: Selectors) -> Self {
        Self { revision: REVISION, selectors, language: None, pages: Vec::new() }
    }
}

/// What is known before a page is read; helps to tell that it is not the policy.
#[derive(Clone, Debug, Default)]
pub struct Expected<'a> {
    /// The language the watch demands (ISO 639-1).
    pub language: Option<&'a str>,
    /// The version before.
    pub previous: Option<&'a Reading>,
    /// What the page holds, if it is a file that had to be unpacked ([`crate::unpack`]).
    pub unpacked: Option<&'a Unpacking>,
}

/// A policy as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The page's title, without the site's name where that can be told.
    pub title: Option<String>,
    /// ISO 639-1 of the text, where it can be told.
    pub language: Option<String>,
    /// The date that the policy claims for itself: since when it is in effect, else when it
    /// was last updated. None where it names only a month or a year, or a day that can be
    /// read in two ways: a wrong date is worse than none.
    pub effective_at: Option<NaiveDate>,
    /// The text, in page order.
    pub sections: Vec<Section>,
    /// The selectors that picked nothing.
    pub unmatched: Unmatched,
}

impl Reading {
    /// The whole text, headings included: the sections' texts, an empty line between.
    pub fn text(&self) -> String {
        self.sections.iter().map(Section::text).collect::<Vec<_>>().join("\n\n")
    }

    /// How many words the text has; two characters of a script without spaces count as one.
    pub fn words(&self) -> usize {
        let words = |section: &Section| {
            let blocks: usize = section.blocks.iter().map(|block| count_words(&block.text)).sum();
            blocks + section.heading.as_deref().map_or(0, count_words)
        };
        self.sections.iter().map(words).sum()
    }

    /// The links of the text that lead to other policies, by their words or their address:
    /// each target once, in page order.
    pub fn policy_links(&self) -> Vec<&Link> {
        let mut seen = BTreeSet::new();
        self.sections
            .iter()
            .flat_map(|section| &section.blocks)
            .flat_map(|block| &block.links)
            .filter(|link| names_policy(link) && seen.insert(link.target.as_str()))
            .collect()
    }

    /// What identifies this text: the digest of [`Reading::text`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }
}

/// The most words of a link that names what it leads to; longer ones are sentences.
const LONGEST_NAME: usize = 12;

/// Names of policies, in the languages they are published in.
static POLICY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
          \b(?: privacy | cookies?[\s-](?:policy|notice|statement|list) | (?:privacy|cookie|acceptable|data|security|use|user|usage|refund|return|content|copyright|trademark|moderation|safety|retention|conduct)[\s-](?:policy|policies|notice|statement)
            | terms | conditions | (?:community|brand)[\s-](?:guidelines|standards|rules) | acceptable[\s-]use | code[\s-]of[\s-]conduct | (?:licen[cs]e|service|processing|user|subscriber|customer)[\s-](?:agreement|addendum) | data[\s-]processing | dpa | eula | sub-?processors?
            | legal[\s-]notice | imprint | dmca
            | datenschutz\w* | (?:nutzungs|geschäfts|teilnahme)bedingungen | agb | impressum | cookie-?(?:richtlinie|hinweise) | auftragsverarbeitung\w*
            | confidentialité | mentions[\s-]légales | conditions[\s-]générales | cgu | cgv | politique[\s-](?:de|des|relative)
            | privacidad | términos | condiciones | aviso[\s-]legal | política[\s-]de
            | informativa | condizioni | termini | note[\s-]legali
            | privacy(?:beleid|verklaring) | (?:gebruiks|algemene[\s-])voorwaarden | cookiebeleid
            | privacidade | termos | polityka | regulamin | integritetspolicy | användarvillkor | privatlivspolitik | personvern\w* | betingelser | tietosuoja\w* )\b
          | プライバシー | 利用規約 | 隐私 | 隱私 | 用户协议 | 服务条款 | 服務條款 | 개인정보 | 이용약관 | конфиденциальн | соглашени
        ",
    )
    .expect("the pattern is sound")
});

fn names_policy(link: &Link) -> bool {
    let Some(address) = link.target.strip_prefix("https://").or_else(|| link.target.strip_prefix("http://")) else {
        return false;
    };
    if link.text.len() < 400 && count_words(&link.text) <= LONGEST_NAME && POLICY.is_match(&link.text) {
        return true;
    }
    // The last part of the path, as in `/legal/cookie-policy.html`.
    let path = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    let last = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default();
    last.len() < 100 && POLICY.is_match(&last.replace('_', "-"))
}

/// Why a page is not the policy. The words are those of the command-line contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// A page that keeps robots out.
    BotWall,
    /// A page that asks to sign in.
    LoginWall,
    /// A page that asks for consent before anything is shown.
    ConsentWall,
    /// The page is gone, or says so.
    NotFound,
    /// The server or the application failed.
    ErrorPage,
    /// The site is down for work.
    Maintenance,
    /// A page that only sends the browser elsewhere.
    RedirectStub,
    /// A page whose text is made by scripts that did not run.
    EmptyShell,
    /// Another page: the home page, a parked domain, another document.
    WrongPage,
    /// The page in another language than expected.
    WrongLanguage,
    /// A kind of content we do not read.
    UnsupportedType,
    /// Bytes that are not what they claim to be.
    Malformed,
}

impl Why {
    /// All reasons, with their words in the contract.
    pub const ALL: [(Why, &'static str); 12] = [
        (Why::BotWall, "bot_wall"),
        (Why::LoginWall, "login_wall"),
        (Why::ConsentWall, "consent_wall"),
        (Why::NotFound, "not_found"),
        (Why::ErrorPage, "error_page"),
        (Why::Maintenance, "maintenance"),
        (Why::RedirectStub, "redirect_stub"),
        (Why::EmptyShell, "empty_shell"),
        (Why::WrongPage, "wrong_page"),
        (Why::WrongLanguage, "wrong_language"),
        (Why::UnsupportedType, "unsupported_type"),
        (Why::Malformed, "malformed"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(why, _)| *why == self).map_or("malformed", |(_, word)| word)
    }

    /// The reason that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(why, _)| *why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A page that is not the policy, and how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Why it is not.
    pub why: Why,
    /// What decided, in words, for people: status, header, phrase.
    pub evidence: Vec<String>,
}

impl Unreadable {
    /// A verdict with one piece of evidence.
    pub fn new(why: Why, evidence: impl Into<String>) -> Self {
        Self { why, evidence: vec![evidence.into()] }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.why, self.evidence.join("; "))
    }
}

/// A step on the way from bytes to a reading, in their order; PDF, Markdown and plain
/// text skip those that only pages of HTML need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Bytes to characters.
    Characters,
    /// Characters to a parsed page.
    Parse,
    /// The visible nodes and words of the page.
    Tree,
    /// What is no policy is left out, and the main part found.
    MainText,
    /// The lines of the main part.
    Lines,
    /// Lines to blocks: which are headings.
    Blocks,
    /// Title and language.
    Language,
    /// Whether the page is the policy at all.
    State,
    /// The date that the policy claims.
    Date,
    /// Blocks to sections.
    Sections,
}

/// Reads a snapshot: bytes to text, text to sections.
///
/// Pure, and total over any bytes.
pub fn read(snapshot: &Snapshot, how: &Selectors, expected: &Expected<'_>) -> Result<Reading, Unreadable> {
    read_by_steps(snapshot, how, expected, &mut |_| ())
}

/// [`read`], where `done` is told of each step as it ends, so that a benchmark can see
/// where the time goes: the core itself has no clock.
pub fn read_by_steps(
    snapshot: &Snapshot,
    how: &Selectors,
    expected: &Expected<'_>,
    done: &mut dyn FnMut(Step),
) -> Result<Reading, Unreadable> {
    let text = normalize_by_steps(snapshot, how, expected, done)?;
    let sections = section(text.blocks);
    done(Step::Sections);
    Ok(Reading {
        title: text.title,
        language: text.language,
        effective_at: text.effective_at,
        sections,
        unmatched: text.unmatched,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Block, BlockKind};

    fn link(text: &str, target: &str) -> Link {
        Link { text: text.to_owned(), target: target.to_owned() }
    }

    #[test]
    fn links_to_other_policies_are_facts() {
        let links = [
            link("Cookie Policy", "https://acme.test/cookies"),
            link("here", "https://acme.test/legal/terms_of_use.html?lang=en"),
            link("Datenschutzerklärung", "https://acme.test/d"),
            link("利用規約", "https://acme.test/r"),
            link("our cookie policy", "https://acme.test/cookies"),
            link("our partners", "https://widgets.test/partners"),
            link("Privacy team", "mailto:privacy@acme.test"),
            link("blog", "https://privacy.test/blog"),
        ];
        let block = Block { kind: BlockKind::Paragraph, text: "Read them all.".to_owned(), links: links.to_vec() };
        let section = Section { heading: Some("More to read".to_owned()), blocks: vec![block], ..Section::default() };
        let reading = Reading { sections: vec![section], ..Reading::default() };
        assert_eq!(reading.policy_links(), links[..4].iter().collect::<Vec<_>>());
        assert_eq!(reading.words(), 6);
    }
}
