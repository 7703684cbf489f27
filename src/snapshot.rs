//! What was served: bytes, headers and times. A fact, never rewritten.

use std::fmt;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::time::Timestamp;

/// A SHA-256 digest; written as 64 hexadecimal digits, so that `sha256sum` can check it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest that these 32 bytes are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The first twelve digits: enough for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// One hop on the way to the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The status that redirected.
    pub status: u16,
    /// The URL that answered so.
    pub from: String,
    /// Where it pointed.
    pub to: String,
}

/// Who served the bytes to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The publisher's server, at this address.
    Live {
        /// The address that answered, where it is known.
        remote_addr: Option<String>,
    },
    /// The publisher's server, by way of a browser: the body is the page as scripts made it,
    /// written as HTML in UTF-8; status and headers are those of the main document.
    Rendered {
        /// The browser, with its version.
        browser: String,
        /// The address that answered, where it is known.
        remote_addr: Option<String>,
        /// Whether scripts of the page hung and were stopped: what they had not made by then is
        /// not in the body.
        stopped: bool,
    },
    /// A web archive.
    Wayback {
        /// The URL of the memento asked for; where that is an archived redirect, the
        /// bytes come from where [`Snapshot::redirects`] lead.
        memento_url: String,
        /// The archive's own digest of the payload (Base32 SHA-1), if it names one.
        archive_digest: Option<String>,
        /// What else proves what was there.
        evidence: Evidence,
    },
    /// A record of a WARC file.
    Warc {
        /// The record's `WARC-Record-ID`, with its angle brackets.
        record_id: String,
    },
    /// A local file.
    File {
        /// Its name as given.
        name: String,
    },
}

/// What proves the bytes of a memento, beside themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether the bytes have the digest that the archive's index names.
    pub digest: DigestCheck,
    /// Where the archive has them from (`x-archive-src`): item and WARC file.
    pub source: Option<String>,
    /// The memento that was fetched in the place of this one, which has the same digest in
    /// the archive's index. Headers are those of that one.
    pub taken_from: Option<String>,
}

/// Whether bytes have the digest that an archive names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigestCheck {
    /// It names none.
    #[default]
    NotGiven,
    /// They have.
    Verified,
    /// They have not. Archives take the digest of what was sent, which may have been packed
    /// in a way that nobody remembers: no error.
    NotVerifiable,
}

impl DigestCheck {
    /// All of them.
    pub const ALL: [DigestCheck; 3] = [DigestCheck::NotGiven, DigestCheck::Verified, DigestCheck::NotVerifiable];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            DigestCheck::NotGiven => "not_given",
            DigestCheck::Verified => "verified",
            DigestCheck::NotVerifiable => "not_verifiable",
        }
    }

    /// The check that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == word)
    }
}

/// Bytes as served, with everything needed to prove it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The URL asked for.
    pub url: String,
    /// The URL that answered in the end.
    pub final_url: String,
    /// The HTTP status; 200 for files.
    pub status: u16,
    /// Response headers, names in lower case, in order; of a memento, the archived ones.
    pub headers: Vec<(String, String)>,
    /// The hops before the answer.
    pub redirects: Vec<Redirect>,
    /// The body, content encoding removed.
    pub body: Vec<u8>,
    /// When it was served; of a memento, its Memento-Datetime.
    pub captured_at: Timestamp,
    /// Who served it.
    pub origin: Origin,
}

impl Origin {
    /// Whether the publisher served it this moment, in whichever way.
    pub fn is_live(&self) -> bool {
        matches!(self, Origin::Live { .. } | Origin::Rendered { .. })
    }

    /// Whether a server served it that is not of the public internet.
    pub fn is_private(&self) -> bool {
        let (Origin::Live { remote_addr } | Origin::Rendered { remote_addr, .. }) = self else { return false };
        let address = remote_addr.as_deref().and_then(|address| address.parse::<std::net::SocketAddr>().ok());
        address.is_some_and(|address| !crate::guard::is_public(address.ip()))
    }

    /// Whether something of the page may be missing, since its scripts were stopped.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Origin::Rendered { stopped: true, .. })
    }
}

/// Who served a snapshot and under which addresses: what is known of it although its bytes may
/// be damaged.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// What was asked for.
    pub url: String,
    /// Where that led.
    pub final_url: String,
    /// Who served it.
    pub origin: Origin,
}

impl Snapshot {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the whole host is to be left alone: too many requests, or a rest whose end it names.
    pub fn asks_for_quiet(&self) -> bool {
        self.status == 429 || self.status == 503 && self.retry_after().is_some()
    }

    /// Whether something of the page may be missing, since its scripts were stopped.
    pub fn is_stopped(&self) -> bool {
        self.origin.is_stopped()
    }

    /// The digest of the body.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.body)
    }

    /// What the server says identifies this state of the page.
    pub fn validators(&self) -> Validators {
        Validators {
            etag: self.header("etag").map(str::to_owned),
            last_modified: self.settled_last_modified().map(str::to_owned),
        }
    }

    /// `Last-Modified`, if the page was a second old at least when it was served. A
    /// younger one would hide what is written in the rest of that second for good
    /// (RFC 9110, section 8.8.2.2).
    fn settled_last_modified(&self) -> Option<&str> {
        let moment = |text: &str| Some(chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc());
        let stated = self.header("last-modified")?;
        // By the server's own clock, if it tells it.
        let served = self.header("date").and_then(moment).unwrap_or(self.captured_at);
        let fresh = moment(stated).is_some_and(|modified| modified + Duration::from_secs(1) > served);
        (!fresh).then_some(stated)
    }

    /// How long the server asks to be left alone, from `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let until = chrono::DateTime::parse_from_rfc2822(value).ok()?;
        (until.with_timezone(&chrono::Utc) - self.captured_at).to_std().ok()
    }
}

/// What makes a conditional request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, for `If-None-Match`.
    pub etag: Option<String>,
    /// `Last-Modified`, for `If-Modified-Since`.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there is nothing to ask with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_younger_than_a_second_is_asked_for_in_full() {
        let kept = |modified: &str, date: Option<&str>| {
            let mut headers = vec![("last-modified".to_owned(), modified.to_owned())];
            headers.extend(date.map(|date| ("date".to_owned(), date.to_owned())));
            let snapshot = Snapshot {
                url: "https://acme.test/".to_owned(),
                final_url: "https://acme.test/".to_owned(),
                status: 200,
                headers,
                redirects: Vec::new(),
                body: Vec::new(),
                captured_at: crate::time::parse_rfc3339("2026-11-22T06:00:00.900Z").expect("a time"),
                origin: Origin::Live { remote_addr: None },
            };
            snapshot.validators().last_modified.is_some()
        };
        assert!(!kept("Sun, 22 Nov 2026 06:00:00 GMT", None));
        assert!(kept("Sun, 22 Nov 2026 05:59:59 GMT", None));
        // The server's clock counts, not ours.
        assert!(!kept("Sun, 22 Nov 2026 04:00:00 GMT", Some("Sun, 22 Nov 2026 04:00:00 GMT")));
        assert!(kept("Sun, 22 Nov 2026 07:00:00 GMT", Some("Sun, 22 Nov 2026 07:00:01 GMT")));
        assert!(kept("once upon a time", None), "what cannot be read is the server's own affair");
    }
}
