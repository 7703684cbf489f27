//! What we follow: a URL, how often, and who is told.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::access::Access;
use crate::alternation::Turning;
use crate::cadence::Schedule;
use crate::interest::{Interest, Recipient};
use crate::judgment::Rules;
use crate::ladder::Ladder;
use crate::reading::{Page, Reader, Selectors};
use crate::robots::holds_leave;
use crate::time::Timestamp;

/// The name of a watch: 1 to 120 of `a-z A-Z 0-9 . _ -`, first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(String);

/// Why a text is no [`WatchId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no watch id: use 1 to 120 letters, digits, dots, dashes or underscores, first a letter or digit")]
pub struct BadWatchId(pub String);

impl WatchId {
    /// Accepts a name.
    pub fn new(text: &str) -> Result<Self, BadWatchId> {
        let mut chars = text.chars();
        let sound = chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
            && text.len() <= 120
            && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if sound { Ok(Self(text.to_owned())) } else { Err(BadWatchId(text.to_owned())) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of a text; Open Terms Archive's *terms type*, shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyType {
    /// What is done with personal data.
    Privacy,
    /// The contract with users.
    Terms,
    /// Cookies and other trackers.
    Cookies,
    /// Who processes data on the publisher's behalf.
    Subprocessors,
    /// The contract between controller and processor.
    DataProcessing,
    /// What users may not do.
    AcceptableUse,
    /// How people are to behave.
    Community,
    /// The contract with customers who pay.
    Commercial,
    /// The contract with developers.
    Developer,
    /// Claims of copyright.
    Copyright,
    /// Who publishes.
    Imprint,
    /// Anything else.
    Other,
}

impl PolicyType {
    /// All kinds, with the words that configurations use for them.
    pub const ALL: [(PolicyType, &'static str); 12] = [
        (PolicyType::Privacy, "privacy"),
        (PolicyType::Terms, "terms"),
        (PolicyType::Cookies, "cookies"),
        (PolicyType::Subprocessors, "subprocessors"),
        (PolicyType::DataProcessing, "data_processing"),
        (PolicyType::AcceptableUse, "acceptable_use"),
        (PolicyType::Community, "community"),
        (PolicyType::Commercial, "commercial"),
        (PolicyType::Developer, "developer"),
        (PolicyType::Copyright, "copyright"),
        (PolicyType::Imprint, "imprint"),
        (PolicyType::Other, "other"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, word)| word)
    }

    /// The kind that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// What a site's wishes for robots (`robots.txt`) count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RobotsRule {
    /// A page that is closed to robots is not asked for.
    #[default]
    Respect,
    /// They are not asked for: who runs us has leave, or answers for it.
    Ignore,
}

impl RobotsRule {
    /// Both.
    pub const ALL: [RobotsRule; 2] = [RobotsRule::Respect, RobotsRule::Ignore];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RobotsRule::Respect => "respect",
            RobotsRule::Ignore => "ignore",
        }
    }
}

/// Where a watch looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The publisher's own server.
    Live,
    /// A web archive with the Wayback Machine's interface.
    Wayback,
}

impl Source {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Live => "live",
            Source::Wayback => "wayback",
        }
    }
}

/// The archive that is asked where nothing else is said: the one under `[wayback]`.
pub const WAYBACK: &str = "wayback";

/// Where a page was once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its address then.
    pub url: Url,
    /// Until when.
    pub until: Timestamp,
}

/// Where one page of several is, if not only where the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its address as configured, under which it is recorded.
    pub page: Url,
    /// Where it is asked for.
    pub url: Url,
    /// Where it was before, oldest first.
    pub former: Vec<Former>,
}

/// A URL we follow, how often, and who is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Its name, unique in a configuration.
    pub id: WatchId,
    /// The page; of several, the first.
    pub url: Url,
    /// The pages that follow it, where the policy stands on several.
    pub pages: Vec<Page>,
    /// Where the page was before, oldest first: for its history.
    pub former: Vec<Former>,
    /// Where pages of several went; the configuration has none of these.
    pub elsewhere: Vec<Elsewhere>,
    /// The publisher's product.
    pub service: String,
    /// The kind of text.
    pub policy_type: PolicyType,
    /// When to look.
    pub schedule: Schedule,
    /// Where to look.
    pub source: Source,
    /// The archives that have its history, by name, the first choice first.
    pub archives: Vec<String>,
    /// How far we go to read it.
    pub ladder: Ladder,
    /// Which parts of the page are the policy; empty: found unaided.
    pub selectors: Selectors,
    /// What its site's wishes for robots count.
    pub robots: RobotsRule,
    /// How its pages are asked for.
    pub access: Access,
    /// The language the policy must be in (ISO 639-1), if that is fixed.
    pub language: Option<String>,
    /// Within which time a text that comes back is a turn of an alternation.
    pub alternation: Duration,
    /// After which time a second look must find a change again before anybody is told of
    /// it; none: the first look tells.
    pub confirm: Option<Duration>,
    /// For how long looks may be in vain before that is told; none: never.
    pub stale_after: Option<Duration>,
    /// The channels that are told.
    pub notify: Vec<Recipient>,
    /// Of what they are told.
    pub interest: Interest,
    /// What its changes are judged by.
    pub rules: Rules,
    /// Free words for grouping.
    pub tags: Vec<String>,
}

impl Watch {
    /// The address of one of its pages (a place in [`Watch::all_pages`]) at a moment.
    pub fn address_at(&self, page: usize, at: Timestamp) -> &Url {
        let (former, now) = self.addresses(page);
        former.iter().find(|former| at <= former.until).map_or(now, |former| &former.url)
    }

    /// The addresses of one of its pages (a place in [`Watch::all_pages`]): where it was before,
    /// oldest first, and where it is.
    pub fn addresses(&self, page: usize) -> (&[Former], &Url) {
        let configured = match page.checked_sub(1) {
            None => &self.url,
            Some(further) => self.pages.get(further).map_or(&self.url, |page| &page.url),
        };
        let went = self.elsewhere.iter().find(|one| one.page == *configured);
        let own = if page == 0 { &self.former[..] } else { &[] };
        (went.map_or(own, |went| &went.former), self.place(configured))
    }

    /// Where a page of several, named as configured, is asked for now.
    pub fn place<'a>(&'a self, page: &'a Url) -> &'a Url {
        self.elsewhere.iter().find(|one| one.page == *page).map_or(page, |one| &one.url)
    }

    /// What a site's wishes for robots count at an address that one of its pages has. Leave to
    /// pass over them was given by the site that was configured.
    pub fn robots_at(&self, url: &Url) -> RobotsRule {
        let went = self.elsewhere.iter().find(|one| one.url == *url);
        if went.is_some_and(|went| !holds_leave(&went.page, url)) { RobotsRule::Respect } else { self.robots }
    }

    /// One of its pages as a watch of its own: what is asked and looked for is that page alone.
    pub fn alone(&self, page: &Page) -> Watch {
        Watch {
            url: page.url.clone(),
            selectors: page.selectors.clone(),
            pages: Vec::new(),
            former: Vec::new(),
            elsewhere: Vec::new(),
            ..self.clone()
        }
    }

    /// How a return of its text is told from a change.
    pub fn turning(&self) -> Turning {
        Turning { within: self.alternation, rules: self.rules.clone() }
    }

    /// How its pages are read today.
    pub fn reader(&self) -> Reader {
        let several = !self.pages.is_empty();
        Reader {
            language: self.language.clone(),
            pages: if several { self.all_pages() } else { Vec::new() },
            ..Reader::today(self.selectors.clone())
        }
    }

    /// All its pages, in order; one at least.
    pub fn all_pages(&self) -> Vec<Page> {
        let first = Page { url: self.url.clone(), selectors: self.selectors.clone() };
        std::iter::once(first).chain(self.pages.iter().cloned()).collect()
    }
}
