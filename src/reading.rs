//! What a snapshot says, read as a person would: title, language, date, sections.
//! [`read`] joins the steps: bytes to blocks ([`crate::text`]), blocks to
//! sections ([`crate::section`]).

use std::fmt;

use chrono::NaiveDate;

use crate::section::{Section, section};
use crate::snapshot::{Digest, Snapshot};
use crate::text::normalize_by_steps;
use crate::text::unpack::Unpacking;

/// The revision of the reading code. Any change to what a page reads as raises it,
/// so that what we hold is read again before it is compared.
pub const REVISION: u32 = 1;

/// Which parts of the page are the policy, as CSS selectors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selectors {
    /// What to read; empty: the main text is found unaided.
    pub select: Vec<String>,
    /// What to leave out.
    pub remove: Vec<String>,
}

/// How a text was read. Two readings compare only if this is equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    /// The revision of the reading code.
    pub revision: u32,
    /// The watch's selectors.
    pub selectors: Selectors,
}

impl Reader {
    /// Today's reading code with these selectors.
    pub fn today(selectors: Selectors) -> Self {
        Self { revision: REVISION, selectors }
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
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The page's title, without the site's name where that can be told.
    pub title: Option<String>,
    /// ISO 639-1 of the text, where it can be told.
    pub language: Option<String>,
    /// The date that the policy claims for itself.
    pub effective_at: Option<NaiveDate>,
    /// The text, in page order.
    pub sections: Vec<Section>,
}

impl Reading {
    /// The whole text, headings included: the sections' texts, an empty line between.
    pub fn text(&self) -> String {
        self.sections.iter().map(Section::text).collect::<Vec<_>>().join("\n\n")
    }

    /// What identifies this text: the digest of [`Reading::text`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }
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
    Ok(Reading { title: text.title, language: text.language, effective_at: text.effective_at, sections })
}
