//! ARC, the container that the Internet Archive used before WARC: a line with address, host,
//! time, kind and length, then what the server sent. Its lines are read as the heads of WARC
//! records, so that all that is known of those holds for these.
//!
//! Version 1 has five fields a line, version 2 ten; the file's own first record says which by
//! its own line (<https://archive.org/web/researcher/ArcFileFormat.php>).

use chrono::NaiveDateTime;

use super::parser::Head;
use crate::time::{is_recordable, rfc3339};

/// What the first line of an ARC file begins with.
pub(super) const START: &str = "filedesc://";

/// How many fields a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arc {
    /// Address, host, time, kind, length.
    Five,
    /// Address, host, time, kind, status, checksum, location, offset, file, length.
    Ten,
}

impl Arc {
    /// Which of them a file has, by its first line; none if that begins no ARC.
    pub(super) fn of(line: &str) -> Option<Self> {
        let fields = line.starts_with(START).then(|| line.split(' ').count())?;
        Some(if fields >= 10 { Arc::Ten } else { Arc::Five })
    }

    /// Reads a line as the head of a record; where it says how long that is and not of what
    /// or when, as that of one that holds no capture.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn head(self, line: &str) -> Result<Head, String> {
        // How many fields follow the kind.
        let behind = if self == Arc::Ten { 6 } else { 1 };
        let fields: Vec<&str> = line.trim_end_matches(' ').split(' ').collect();
        let (Some(length), true) = (fields.last(), fields.len() >= behind + 4) else {
            let start: String = line.chars().take(40).collect();
            return Err(format!("\"{}\" is no line of an ARC file", start.escape_debug()));
        };
        let length: u64 =
            length.parse().map_err(|_| format!("its length \"{}\" is no number", length.escape_debug()))?;
        // Addresses and kinds of that time may have blanks; a time has none, and its own width.
        let end = fields.len() - behind;
        let is_time = |field: &&str| field.len() == 14 && field.bytes().all(|byte| byte.is_ascii_digit());
        let Some(place) = (2..end - 1).rev().find(|place| is_time(&fields[*place])) else {
            return Ok(Head::new(vec![("warc-type".to_owned(), "metadata".to_owned())], length));
        };
        let (url, time, kind) = (fields[..place - 1].join(" "), fields[place], fields[place + 1..end].join(" "));
        let at = NaiveDateTime::parse_from_str(time, "%Y%m%d%H%M%S").ok().map(|at| at.and_utc());
        let at = at.filter(|at| is_recordable(*at));
        let is_page = (url.starts_with("http://") || url.starts_with("https://")) && kind != "no-type" && at.is_some();
        let mut named = vec![("warc-type", if is_page { "response" } else { "metadata" }.to_owned())];
        named.extend(at.map(|at| ("warc-date", rfc3339(at))));
        // Where it is from: the format has no numbers of its own for records.
        named.push(("warc-record-id", format!("<arc:{time}/{length}/{url}>")));
        named.push(("warc-target-uri", url));
        named.push(("content-type", "application/http; msgtype=response".to_owned()));
        Ok(Head::new(named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), length))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parser::Kind;
    use super::*;

    #[test]
    fn lines_of_both_versions_are_heads() {
        let five = Arc::of("filedesc://a.arc 0.0.0.0 19960923142103 text/plain 76").expect("an ARC");
        let ten = Arc::of("filedesc://a.arc 0.0.0.0 19960923142103 text/plain 200 - - 0 a.arc 122").expect("an ARC");
        assert_eq!((five, ten, Arc::of("WARC/1.0")), (Arc::Five, Arc::Ten, None));
        let head = five.head("http://acme.test/a b 127.0.0.1 19961104142103 text/html 202").expect("a head");
        assert_eq!((head.target(), head.length, head.kind()), ("http://acme.test/a b", 202, Kind::Response));
        assert_eq!(head.field("warc-date"), Some("1996-11-04T14:21:03.000Z"));
        let head = ten.head("http://acme.test/ 127.0.0.1 20040101000000 text/html 200 x - 9 a.arc 7").expect("a head");
        assert_eq!((head.length, head.kind()), (7, Kind::Response));
        let other = five.head("dns:acme.test 127.0.0.1 20040101000000 text/dns 7").expect("a head");
        assert_eq!(other.kind(), Kind::Other);
        for kind in ["text/html; charset=utf-8", "text/html; a b c"] {
            let head = five.head(&format!("http://acme.test/a b 127.0.0.1 19961104142103 {kind} 202")).expect(kind);
            assert_eq!((head.target(), head.length, head.kind()), ("http://acme.test/a b", 202, Kind::Response));
            let line = format!("http://acme.test/ 127.0.0.1 20040101000000 {kind} 200 x - 9 a.arc 7");
            let head = ten.head(&line).expect(kind);
            assert_eq!((head.target(), head.length, head.kind()), ("http://acme.test/", 7, Kind::Response));
        }
        for line in
            ["http://acme.test/ 127.0.0.1 1996 text/html 9", "http://acme.test/ 127.0.0.1 19961399142103 text/html 9"]
        {
            let head = five.head(line).expect(line);
            assert_eq!((head.length, head.kind()), (9, Kind::Other), "{line}");
        }
        for (line, says) in [
            ("http://acme.test/", "no line of an ARC"),
            ("http://acme.test/ 127.0.0.1 19961104142103 text/html -1", "its length"),
        ] {
            let refused = five.head(line).expect_err(line);
            assert!(refused.contains(says), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in ".{0,200}", ten: bool) {
            let arc = if ten { Arc::Ten } else { Arc::Five };
            if let Ok(head) = arc.head(&line) {
                prop_assert!(line.starts_with(head.target().trim_matches(['<', '>'])) || line.starts_with(['<', '>']));
                let _ = head.kind();
            }
            let _ = Arc::of(&line);
        }
    }
}
