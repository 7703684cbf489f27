//! Names for new watches: of the site and the kind of text, as people would give them.

use std::collections::BTreeSet;

use url::Url;

use super::address;
use crate::watch::{PolicyType, WatchId};

/// No name of ours is longer than that; ids may have 120 signs.
const LONGEST_PART: usize = 40;

/// A name that is not taken yet: `acme-privacy`; if that is taken, with what tells this page
/// from the others: `acme-privacy-california`, `acme-privacy-2`.
pub fn new_id(site: &Url, url: &Url, kind: PolicyType, taken: &BTreeSet<String>) -> WatchId {
    let own = plain(&address::brand(site));
    let own = if own.is_empty() { "site".to_owned() } else { own };
    let last = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty())).unwrap_or_default();
    let last = plain(last.rsplit_once('.').map_or(last, |(name, _)| name));
    let what = match kind {
        PolicyType::Other if !last.is_empty() => last.clone(),
        PolicyType::Other => "policy".to_owned(),
        kind => kind.as_str().replace('_', "-"),
    };
    let first = format!("{own}-{what}");
    let told = (!last.is_empty() && last != what).then(|| format!("{first}-{last}"));
    let numbered = (2..).map(|number: u32| format!("{first}-{number}"));
    let free = std::iter::once(first.clone()).chain(told).chain(numbered).find(|name| !taken.contains(name));
    let free = free.expect("there are more numbers than watches");
    WatchId::new(&free).expect("letters, digits and dashes within the bound")
}

/// Small letters, digits and single dashes, the first no dash.
fn plain(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let mut out = String::new();
    for c in super::names::fold(&decoded).chars() {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if out.is_empty() || out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    out.truncate(LONGEST_PART);
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_would_give() {
        let cases = [
            ("https://www.acme.co.uk/", "/privacy", PolicyType::Privacy, "acme-privacy"),
            ("https://acme.com/", "/legal/dpa", PolicyType::DataProcessing, "acme-data-processing"),
            ("https://acme.com/", "/terms", PolicyType::Terms, "acme-terms-2"),
            ("https://acme.com/", "/eu-terms.html", PolicyType::Terms, "acme-terms-eu-terms"),
            ("https://acme.com/", "/charte-%C3%A9thique", PolicyType::Other, "acme-charte-ethique"),
            ("https://acme.com/", "/", PolicyType::Other, "acme-policy"),
            ("http://127.0.0.1:8080/", "/p", PolicyType::Privacy, "127-0-0-1-privacy"),
            ("https://xn--bcher-kva.example/", "/p", PolicyType::Privacy, "xn-bcher-kva-privacy"),
        ];
        let taken = BTreeSet::from(["acme-terms".to_owned()]);
        for (site, path, kind, expected) in cases {
            let site = Url::parse(site).unwrap();
            let url = site.join(path).unwrap();
            assert_eq!(new_id(&site, &url, kind, &taken).as_str(), expected);
        }
    }
}
