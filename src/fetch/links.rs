//! Web links: the `Link` header, and the TimeMaps that are written the same way (RFC 8288,
//! RFC 7089, RFC 6690).

use chrono::DateTime;

use crate::time::{Timestamp, is_recordable};

/// One link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Where it leads; HTML escapes, which archives write here, taken off.
    pub(super) target: String,
    /// What it is: `original`, `memento`, `timemap` …, in lower case.
    pub(super) rel: Vec<String>,
    /// When a memento was captured.
    pub(super) datetime: Option<Timestamp>,
}

impl Link {
    pub(super) fn is(&self, rel: &str) -> bool {
        self.rel.iter().any(|known| known == rel)
    }
}

/// Reads links. URLs hold commas and quoted parameters too, so nothing is split at commas;
/// what makes no sense is passed over.
pub(super) fn parse(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((target, tail)) = tail.split_once('>') else { break };
        let (parameters, after) = parameters(tail);
        let mut link = Link { target: target.trim().replace("&amp;", "&"), ..Link::default() };
        for (name, value) in parameters {
            match name.as_str() {
                "rel" => link.rel = value.split_whitespace().map(str::to_lowercase).collect(),
                "datetime" => link.datetime = moment(value),
                _ => {}
            }
        }
        links.push(link);
        rest = after;
    }
    links
}

/// The parameters of a link, up to the comma that ends it; and what follows.
fn parameters(text: &str) -> (Vec<(String, &str)>, &str) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(tail) = rest.strip_prefix(';') else { return (found, rest) };
        let end = tail.find(['=', ';', ',', '<']).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        let name = name.trim().to_lowercase();
        let Some(tail) = tail.strip_prefix('=') else {
            rest = tail;
            continue;
        };
        let tail = tail.trim_start();
        let (value, after) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_at(tail.find([';', ',', '\n']).unwrap_or(tail.len())),
        };
        found.push((name, value.trim()));
        rest = after;
    }
}

/// A moment as HTTP writes it.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc();
    is_recordable(at).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timemap_is_read_whatever_stands_in_its_urls() {
        let text = concat!(
            "<https://archive.test/timemap/link/http://a.test/?a=1,2>; rel=\"self\"; type=\"application/link-format\"; from=\"Thu, 20 Jan 2022 14:33:24 GMT\",\n",
            "<http://a.test/?a=1,2&amp;b>; rel=original,\n",
            "<https://archive.test>; rel=\"timegate\",\n",
            "<https://archive.test/20220120143324/http://a.test/?a=1,2&b>; rel=\"first last memento\"; datetime=\"Thu, 20 Jan 2022 14:33:24 GMT\"; collection=\"a, b; c\",\n",
            "<https://archive.test/x>; rel=\"memento\"; datetime=\"no day\"",
        );
        let links = parse(text);
        assert_eq!(links.len(), 5);
        assert_eq!(links[1].target, "http://a.test/?a=1,2&b");
        assert!(links[1].is("original") && links[3].is("memento") && links[3].is("last"));
        assert_eq!(links[3].datetime.map(|at| at.to_rfc3339()).as_deref(), Some("2022-01-20T14:33:24+00:00"));
        assert_eq!((links[4].datetime, links[4].is("memento")), (None, true));
    }

    #[test]
    fn nonsense_is_passed_over() {
        assert!(parse("nothing").is_empty());
        assert!(parse("<unfinished").is_empty());
        assert_eq!(parse("<a>; rel; ; =, <b>; rel=\"memento").len(), 2);
        assert_eq!(parse("<a>rel=\"x\"<b>").len(), 2);
    }
}
