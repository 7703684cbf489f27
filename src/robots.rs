//! What a site asks of robots: `robots.txt` after RFC 9309.
//!
//! <https://www.rfc-editor.org/rfc/rfc9309>. Groups that name us count together; without
//! one the group of everybody (`*`). Of the rules that match, the longest decides, and of
//! two equally long ones the one that allows.

use memchr::memmem;
use url::Url;

/// More than that is not read; the RFC asks for 500 KiB at least.
pub const MAX_SIZE: usize = 512 * 1024;

/// No genuine rule is longer, in bytes.
const MAX_RULE: usize = 2048;

/// What one site asks of one robot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// As written, for people.
    written: String,
    /// Its parts between the wild cards, normalized.
    parts: Vec<Vec<u8>>,
    /// Whether the path must end where it does.
    ends: bool,
    /// By which the longest rule is told.
    length: usize,
}

impl Robots {
    /// Reads what a site asks of the robot that calls itself `product`; more than
    /// [`MAX_SIZE`] bytes are not looked at. Lines that make no sense are passed over.
    pub fn read(text: &[u8], product: &str) -> Self {
        let text = &text[..text.len().min(MAX_SIZE)];
        let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
        let (mut own, mut all) = (None::<Vec<Rule>>, Vec::new());
        // Whom the group speaks to, and whether its rules have begun.
        let (mut to_us, mut to_all, mut begun) = (false, false, false);
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("user-agent") {
                if begun {
                    (to_us, to_all, begun) = (false, false, false);
                }
                to_all |= value.starts_with('*');
                to_us |= token(value).eq_ignore_ascii_case(product);
                if to_us {
                    own.get_or_insert_default();
                }
                continue;
            }
            let allows = key.eq_ignore_ascii_case("allow");
            if !allows && !key.eq_ignore_ascii_case("disallow") {
                continue;
            }
            begun = true;
            let Some(rule) = Rule::of(allows, value) else { continue };
            if to_all {
                all.push(rule.clone());
            }
            if let (true, Some(own)) = (to_us, &mut own) {
                own.push(rule);
            }
        }
        Self { rules: own.unwrap_or(all) }
    }

    /// The rule that keeps us from a path (with its query); none: we may ask for it.
    pub fn forbids(&self, path: &str) -> Option<&str> {
        if path == "/robots.txt" {
            return None;
        }
        let path = normalized(path);
        let fits = self.rules.iter().filter(|rule| rule.fits(&path));
        let decides = fits.max_by_key(|rule| (rule.length, rule.allows))?;
        (!decides.allows).then_some(&*decides.written)
    }
}

/// Whether leave to pass over robots.txt, given for one page, holds for another address: on the
/// same host or one below it, `www.` or not. Whoever owns another host has given none.
pub fn holds_leave(given_for: &Url, url: &Url) -> bool {
    let host = |url: &Url| url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let (own, other) = (host(given_for), host(url));
    let own = own.strip_prefix("www.").unwrap_or(&own);
    let below = other.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // An address has nothing below it.
    below && (given_for.domain().is_some() || own == other) && !own.is_empty()
}

/// The product in what a group calls a robot: `policywatch` of `policywatch/1.0`.
pub fn token(agent: &str) -> &str {
    let end = agent.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(agent.len());
    &agent[..end]
}

impl Rule {
    /// None for an empty rule, which says nothing.
    fn of(allows: bool, written: &str) -> Option<Self> {
        if written.is_empty() || written.len() > MAX_RULE || !written.starts_with(['/', '*']) {
            return None;
        }
        let (pattern, ends) = match written.strip_suffix('$') {
            Some(pattern) => (pattern, true),
            None => (written, false),
        };
        let pattern = normalized(pattern);
        let parts = pattern.split(|byte| *byte == b'*').map(<[u8]>::to_vec).collect();
        Some(Self { allows, written: written.to_owned(), parts, ends, length: pattern.len() })
    }

    /// Each part is found as early as it can be, but for the last of a rule that has an end.
    fn fits(&self, path: &[u8]) -> bool {
        let Some((first, others)) = self.parts.split_first() else { return true };
        let Some(mut rest) = path.strip_prefix(&first[..]) else { return false };
        let Some((last, between)) = others.split_last() else { return !self.ends || rest.is_empty() };
        for part in between {
            let Some(at) = memmem::find(rest, part) else { return false };
            rest = &rest[at + part.len()..];
        }
        if self.ends { rest.ends_with(last) } else { memmem::find(rest, last).is_some() }
    }
}

/// A path in one spelling: escapes that need not be are none, those that must be are, in
/// capitals.
fn normalized(path: &str) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (byte, escaped) = match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                at += 3;
                ((high * 16 + low) as u8, true)
            }
            (byte, ..) => {
                at += 1;
                (byte, false)
            }
        };
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if plain || !escaped && byte.is_ascii_graphic() {
            out.push(byte);
        } else {
            out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the paths a text keeps us from.
    fn forbidden(text: &str, paths: &[&'static str]) -> Vec<&'static str> {
        let robots = Robots::read(text.as_bytes(), "policywatch");
        paths.iter().copied().filter(|path| robots.forbids(path).is_some()).collect()
    }

    #[test]
    fn the_group_that_names_us_counts() {
        let text = "User-agent: *\nDisallow: /\n\nUser-Agent: PolicyWatch/2.0 # us\nUser-agent: other\nDisallow: /private\n\n\
                    User-agent: other\nDisallow: /o\n\nUser-agent: policywatch\nDisallow: /more\n";
        assert_eq!(forbidden(text, &["/", "/private/x", "/more", "/o", "/terms"]), ["/private/x", "/more"]);
        // A group of our own without rules asks nothing of us.
        assert_eq!(forbidden("User-agent: *\nDisallow: /\nUser-agent: policywatch\nDisallow:\n", &["/terms"]), [""; 0]);
        assert_eq!(forbidden("User-agent: policywatcher\nDisallow: /", &["/"]), [""; 0]);
        assert_eq!(forbidden("user-agent:*\ndisallow:/a", &["/a", "/b"]), ["/a"]);
    }

    #[test]
    fn the_longest_rule_decides_and_of_two_the_one_that_allows() {
        let text = "User-agent: *\nDisallow: /legal\nAllow: /legal/privacy\nAllow: /terms\nDisallow: /terms\n";
        assert_eq!(
            forbidden(text, &["/legal", "/legal/terms", "/legal/privacy?x", "/terms"]),
            ["/legal", "/legal/terms"]
        );
        assert_eq!(forbidden("User-agent: *\nDisallow: /\nAllow: /$\n", &["/", "/a"]), ["/a"]);
        assert_eq!(forbidden("User-agent: *\nDisallow: /", &["/robots.txt"]), [""; 0]);
    }

    #[test]
    fn wild_cards_and_ends() {
        let text = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /a*b*c\nDisallow: /*?print=\nDisallow: *session\n";
        let paths = ["/x.pdf", "/x.pdf?y", "/aXbYc", "/abc/d", "/acb", "/p?print=1", "/my/session/1", "/terms"];
        assert_eq!(forbidden(text, &paths), ["/x.pdf", "/aXbYc", "/abc/d", "/p?print=1", "/my/session/1"]);
        assert_eq!(forbidden("User-agent: *\nDisallow: /a*aab$", &["/aaab", "/aab", "/aabaab"]), ["/aaab", "/aabaab"]);
    }

    #[test]
    fn one_path_has_many_spellings() {
        let cases = [("/%70", "/p", true), ("/p", "/%70", true), ("/a%2fb", "/a%2Fb", true), ("/a%2Fb", "/a/b", false)];
        for (rule, path, expected) in cases {
            let robots = Robots::read(format!("User-agent: *\nDisallow: {rule}").as_bytes(), "policywatch");
            assert_eq!(robots.forbids(path).is_some(), expected, "{rule} {path}");
        }
        assert_eq!(
            forbidden("User-agent: *\nDisallow: /datenschutzerklärung", &["/datenschutzerkl%C3%A4rung"]).len(),
            1
        );
    }

    #[test]
    fn leave_holds_for_the_site_that_gave_it() {
        let holds = |given: &str, url: &str| holds_leave(&Url::parse(given).unwrap(), &Url::parse(url).unwrap());
        for url in
            ["https://acme.test/x", "http://www.acme.test:8080/", "https://legal.acme.test/", "https://ACME.test./"]
        {
            assert!(holds("https://www.acme.test/privacy", url), "{url}");
        }
        for url in ["https://evilacme.test/", "https://test/", "https://acme.test.evil.test/", "http://127.0.0.1/"] {
            assert!(!holds("https://www.acme.test/privacy", url), "{url}");
        }
        assert!(!holds("https://legal.acme.test/", "https://acme.test/"), "above it");
        assert!(holds("http://127.0.0.1/", "http://127.0.0.1:81/") && !holds("http://7.0.0.1/", "http://127.0.0.1/"));
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        assert_eq!(forbidden("Disallow: /\nnonsense\n: \nUser-agent\nAllow", &["/a"]), [""; 0]);
        assert_eq!(forbidden("<html><p>User-agent: *</p>Disallow: /</html>", &["/a"]), [""; 0]);
        let long = format!("User-agent: *\nDisallow: /{}\nDisallow: /x", "*a".repeat(5000));
        assert_eq!(forbidden(&long, &["/x", "/y"]), ["/x"]);
        let huge = format!("User-agent: *\n{}", "Disallow: /*a*b*c*d$\n".repeat(40_000));
        assert_eq!(forbidden(&huge, &["/abc"]), [""; 0]);
        assert!(Robots::read(&[0xff; 64], "policywatch").forbids("/").is_none());
    }
}
