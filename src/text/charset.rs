//! Bytes to characters: byte order mark, plain UTF-8, header, what the page declares, what the bytes are.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::snapshot::Snapshot;

/// How far into a page its declaration is looked for; browsers look at 1,024 bytes,
/// but pages with long comments in front exist.
const PRESCAN: usize = 4096;

/// Decodes a snapshot's body. Never fails: what cannot be decoded becomes U+FFFD.
pub(crate) fn decode(snapshot: &Snapshot) -> String {
    let body = &snapshot.body;
    if let Some((encoding, _)) = Encoding::for_bom(body) {
        return encoding.decode(body).0.into_owned();
    }
    // Text that is valid UTF-8 beyond ASCII is UTF-8, whatever a header or an old declaration
    // says: no text of another encoding comes out so by chance.
    if !body.is_ascii()
        && let Ok(text) = std::str::from_utf8(body)
    {
        return text.to_owned();
    }
    let header = snapshot.header("content-type").and_then(charset_parameter);
    // A page in UTF-16 has a zero in every other byte of its markup.
    let header = header.filter(|encoding| ![UTF_16LE, UTF_16BE].contains(encoding) || body.contains(&0));
    if let Some(encoding) = header {
        let (text, broken) = encoding.decode_with_bom_removal(body);
        if !broken || encoding == UTF_8 && mostly_utf8(&text) {
            return text.into_owned();
        }
        // The header lies where the bytes are no such text: fall through and look at them.
    }
    let encoding = declared(body).or(header).unwrap_or_else(|| guess(body));
    encoding.decode_without_bom_handling(body).0.into_owned()
}

/// Whether only a few characters were broken: a cut or damaged UTF-8 page.
fn mostly_utf8(text: &str) -> bool {
    let broken = text.matches('\u{fffd}').count();
    let beyond_ascii = text.chars().filter(|c| !c.is_ascii()).count();
    broken * 4 <= beyond_ascii
}

/// The encoding that a `charset=` parameter names.
fn charset_parameter(value: &str) -> Option<&'static Encoding> {
    let lower = value.to_ascii_lowercase();
    let label = lower.split("charset").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let label = label.trim_start_matches(['"', '\'']);
    let end = label.find(['"', '\'', ';', ' ', '>', '/', ',']).unwrap_or(label.len());
    Encoding::for_label(&label.as_bytes()[..end])
}

/// The encoding that the page's first bytes declare, by `meta` or XML declaration.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&body[..body.len().min(PRESCAN)]).to_ascii_lowercase();
    let xml = head.trim_start().strip_prefix("<?xml").and_then(|rest| {
        let declaration = &rest[..rest.find("?>")?];
        let label = declaration.split("encoding").nth(1)?.trim_start_matches(['=', ' ', '"', '\'']);
        Encoding::for_label(&label.as_bytes()[..label.find(['"', '\'']).unwrap_or(label.len())])
    });
    let meta =
        head.split("<meta").skip(1).find_map(|tag| charset_parameter(&tag[..tag.find('>').unwrap_or(tag.len())]));
    // A page that could declare itself as UTF-16 in ASCII is not UTF-16 (HTML, prescan).
    meta.or(xml).map(|encoding| if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

/// What the bytes look like.
fn guess(body: &[u8]) -> &'static Encoding {
    if body.is_ascii() {
        return WINDOWS_1252;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(body, true);
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::snapshot;

    fn decoded(header: Option<&str>, body: &[u8]) -> String {
        let mut page = snapshot("https://acme.test/", body);
        page.headers = header.map(|value| ("content-type".to_owned(), value.to_owned())).into_iter().collect();
        decode(&page)
    }

    #[test]
    fn each_source_of_the_encoding() {
        let latin = b"d\xe9claration";
        let cases: [(&str, Option<&str>, Vec<u8>, &str); 10] = [
            ("header", Some("text/html; charset=ISO-8859-1"), latin.to_vec(), "déclaration"),
            ("quoted header", Some("text/html;charset=\"windows-1252\""), latin.to_vec(), "déclaration"),
            ("bom beats header", Some("text/html; charset=iso-8859-1"), b"\xef\xbb\xbf\xc3\xa9".to_vec(), "é"),
            ("meta", None, b"<meta charset=windows-1251>\xe4\xe0".to_vec(), "<meta charset=windows-1251>да"),
            (
                "http-equiv",
                Some("text/html"),
                b"<meta http-equiv=x content='text/html; charset=koi8-r'>\xc4\xc1".to_vec(),
                "<meta http-equiv=x content='text/html; charset=koi8-r'>да",
            ),
            ("utf-8 beats an old meta", None, "<meta charset=latin1>é".into(), "<meta charset=latin1>é"),
            (
                "xml",
                None,
                b"<?xml version='1.0' encoding='iso-8859-1'?>\xe9".to_vec(),
                "<?xml version='1.0' encoding='iso-8859-1'?>é",
            ),
            ("utf-8 beats a header", Some("text/html; charset=iso-8859-1"), "naïve “words”".into(), "naïve “words”"),
            ("ascii that is called utf-16", Some("text/html; charset=utf-16"), b"words".to_vec(), "words"),
            (
                "a header that lies",
                Some("text/html; charset=utf-8"),
                b"<meta charset=latin1>\xe9t\xe9".to_vec(),
                "<meta charset=latin1>été",
            ),
        ];
        for (name, header, body, expected) in cases {
            assert_eq!(decoded(header, &body), expected, "{name}");
        }
    }

    #[test]
    fn utf16_is_read_by_its_mark() {
        assert_eq!(decoded(None, b"\xff\xfea\0b\0"), "ab");
    }

    #[test]
    fn undeclared_bytes_are_guessed() {
        let text = "Политика конфиденциальности определяет порядок обработки персональных данных";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(text);
        assert_eq!(decoded(None, &bytes), text);
    }
}
