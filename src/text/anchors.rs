//! The links of a whole page, footer and menus included: how a site leads to its policies.
//!
//! A reading keeps only the links of the policy's own text ([`crate::reading`]). Whoever
//! looks for policies needs those around it.

use url::Url;

use super::{charset, html, media};
use crate::snapshot::Snapshot;

/// No page needs more links than that to lead to its policies; those of footers come first.
pub const MAX_LINKS: usize = 4_000;

/// Where a link stands on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In what the page marks as its footer.
    Footer,
    /// Anywhere else.
    Elsewhere,
}

/// One link of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its words; of a picture, what stands for it. On one line.
    pub text: String,
    /// Where it leads: absolute, without fragment, tracking and session tokens.
    pub target: Url,
    /// Where it stands.
    pub place: Place,
}

/// What a page says of itself and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Its links, each target once; footers first, else in page order.
    pub anchors: Vec<Anchor>,
    /// The address that it gives itself.
    pub canonical: Option<Url>,
    /// Where it sends the browser by itself.
    pub refresh: Option<Url>,
    /// The name that the site gives itself.
    pub site_name: Option<String>,
    /// The language that it declares (ISO 639-1).
    pub language: Option<String>,
}

/// Looks at a page; of anything but HTML there is nothing to see.
///
/// Pure, and total over any bytes.
pub fn outlook(snapshot: &Snapshot) -> Outlook {
    if !matches!(media::kind(snapshot), media::MediaKind::Html) {
        return Outlook::default();
    }
    html::outlook(&charset::decode(snapshot), &snapshot.final_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::snapshot;

    #[test]
    fn the_links_of_footers_come_first_and_each_target_once() {
        let page = r##"<html lang="de-AT"><head><link rel="canonical" href="/start"><meta property="og:site_name" content=" Acme  Kettles ">
            <meta http-equiv="Refresh" content="5; URL='/welcome'"></head><body>
            <a href="/shop?utm_source=x">Shop</a> <a href="#top">Up</a> <a href="mailto:a@acme.test">Mail</a>
            <a href="/legal/privacy">Datenschutz</a>
            <div class="site-Footer-links"><a href="/legal/privacy#cookies">Datenschutz</a>
              <a href="https://other.test/t"><img src="x.png" alt="Terms"></a> <a href="/i" aria-label="Impressum"></a></div>
            </body></html>"##;
        let seen = outlook(&snapshot("https://acme.test/", page.as_bytes()));
        let links: Vec<_> =
            seen.anchors.iter().map(|link| (link.text.as_str(), link.target.as_str(), link.place)).collect();
        assert_eq!(
            links,
            [
                ("Datenschutz", "https://acme.test/legal/privacy", Place::Footer),
                ("Terms", "https://other.test/t", Place::Footer),
                ("Impressum", "https://acme.test/i", Place::Footer),
                ("Shop", "https://acme.test/shop", Place::Elsewhere),
            ]
        );
        assert_eq!(seen.canonical.as_ref().map(Url::as_str), Some("https://acme.test/start"));
        assert_eq!(seen.refresh.as_ref().map(Url::as_str), Some("https://acme.test/welcome"));
        assert_eq!(seen.site_name.as_deref(), Some("Acme Kettles"));
        assert_eq!(seen.language.as_deref(), Some("de"));
    }

    #[test]
    fn what_is_no_page_leads_nowhere() {
        for body in
            [&b""[..], b"%PDF-1.7", b"\xff\xfe\x00", b"<a href='http://[bad'>x</a><a href='ftp://a.test/'>y</a>"]
        {
            assert_eq!(outlook(&snapshot("https://acme.test/", body)).anchors, Vec::new());
        }
    }
}
