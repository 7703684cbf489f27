//! Watches that another program follows, in the words of our configuration, and what of
//! them has no place there.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::watch::{PolicyType, WatchId};

/// A watch as another program declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// What it will be called.
    pub id: String,
    /// The page.
    pub url: String,
    /// The publisher's product.
    pub service: Option<String>,
    /// The kind of text, as configurations call it.
    #[serde(rename = "type")]
    pub policy_type: Option<&'static str>,
    /// Which parts to read.
    pub select: Vec<String>,
    /// Which to leave out.
    pub remove: Vec<String>,
    /// The pages that follow the first.
    pub pages: Vec<DeclaredPage>,
    /// How often, in seconds.
    #[serde(rename = "every_s", serialize_with = "seconds")]
    pub every: Option<Duration>,
    /// Words for grouping.
    pub tags: Vec<String>,
    /// What could not be carried over, in a line each.
    pub notes: Vec<String>,
}

/// One more page of a watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredPage {
    /// Its address.
    pub url: String,
    /// Which parts to read.
    pub select: Vec<String>,
    /// Which to leave out.
    pub remove: Vec<String>,
}

fn seconds<S: serde::Serializer>(every: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    every.map(|every| every.as_secs()).serialize(out)
}

impl Declared {
    /// A watch of a page, with nothing else said; none if that is no page of the web.
    pub fn of(id: &str, url: &str) -> Option<Self> {
        let url = page(url)?;
        Some(Self {
            id: id.to_owned(),
            url,
            service: None,
            policy_type: None,
            select: Vec::new(),
            remove: Vec::new(),
            pages: Vec::new(),
            every: None,
            tags: Vec::new(),
            notes: Vec::new(),
        })
    }
}

/// What a file of declarations holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// The watches.
    pub watches: Vec<Declared>,
    /// What is no watch for us, in a line each.
    pub left_out: Vec<String>,
}

impl Declarations {
    /// Adds a watch under an id that nothing has yet: of neither `taken` nor this.
    pub fn add(&mut self, mut watch: Declared) {
        let known: BTreeSet<&str> = self.watches.iter().map(|watch| watch.id.as_str()).collect();
        if known.contains(watch.id.as_str()) || WatchId::new(&watch.id).is_err() {
            let base: String = watch.id.chars().take(110).collect();
            let free = (2..).map(|n| format!("{base}-{n}")).find(|id| !known.contains(id.as_str()));
            watch.id = free.unwrap_or(base);
        }
        self.watches.push(watch);
    }
}

/// An address of the web, as it is configured.
pub fn page(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    (["http", "https"].contains(&url.scheme()) && url.host().is_some()).then(|| url.to_string())
}

/// The kind of text that a title names.
pub fn policy_type(title: &str) -> Option<PolicyType> {
    let title = title.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| title.contains(word));
    Some(match () {
        () if has(&["subprocessor", "sub-processor"]) => PolicyType::Subprocessors,
        () if has(&["data process", "data protection agreement", "processor agreement"]) => PolicyType::DataProcessing,
        () if has(&["cookie", "tracker"]) => PolicyType::Cookies,
        () if has(&["privacy", "datenschutz", "confidentialit", "data policy"]) => PolicyType::Privacy,
        () if has(&["acceptable use", "usage polic"]) => PolicyType::AcceptableUse,
        () if has(&["community", "conduct", "content polic"]) => PolicyType::Community,
        () if has(&["developer", "api terms"]) => PolicyType::Developer,
        () if has(&["copyright", "dmca"]) => PolicyType::Copyright,
        () if has(&["imprint", "impressum", "legal information"]) => PolicyType::Imprint,
        () if has(&["commercial", "business", "seller", "ads terms"]) => PolicyType::Commercial,
        () if has(&["terms", "conditions", "tos", "user agreement", "agb"]) => PolicyType::Terms,
        () => return None,
    })
}
