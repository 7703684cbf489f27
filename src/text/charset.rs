//! Bytes to characters, as browsers decide it (WHATWG Encoding and HTML, "determining the
//! character encoding"): byte order mark, header, the page's own declaration, then what the
//! bytes look like.
//!
//! Browsers must believe a header that lies; a careful reader need not. Text that is plainly
//! UTF-8 is UTF-8; a declaration under which the text falls apart into U+FFFD is wrong; and
//! where header and page disagree while both could be, the bytes decide. Labels of encodings
//! that browsers refuse (UTF-7, ISO-2022-KR, HZ) declare nothing.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::bytes;
use crate::snapshot::Snapshot;

/// How far into a page its declaration is looked for, in bytes. The standard asks for 1,024,
/// but browsers go on to the end of the head, and scripts and comments stand before it.
const PRESCAN: usize = 16 * 1024;

/// Decodes a snapshot's body. Never fails: what cannot be decoded becomes U+FFFD.
pub(crate) fn decode(snapshot: &Snapshot) -> Cow<'_, str> {
    let body = &snapshot.body;
    if let Some((encoding, _)) = Encoding::for_bom(body) {
        return encoding.decode(body).0;
    }
    let utf8 = std::str::from_utf8(body);
    if let Ok(text) = utf8
        && !body.is_ascii()
        && is_plainly_utf8(text)
    {
        return text.into();
    }
    let header = snapshot.header("content-type").and_then(charset_parameter);
    // A page in UTF-16 has a zero in every other byte of its markup.
    let header = header.filter(|encoding| ![UTF_16LE, UTF_16BE].contains(encoding) || body.contains(&0));
    let declared = declared(&body[..body.len().min(PRESCAN)]);
    if let Ok(text) = utf8 {
        // ASCII is the same in all encodings but the wide ones and those that escape. Else a
        // few pairs of bytes, which two bytes of another encoding may be by chance.
        let ascii = body.is_ascii() && !body.contains(&0x1b) && !body.contains(&0);
        let other = header.or(declared).filter(|encoding| !encoding.is_single_byte() && *encoding != UTF_8);
        if ascii || !body.is_ascii() && other.is_none() {
            return text.into();
        }
    } else {
        // A page in UTF-8 of which a few characters were cut or damaged, whatever is declared.
        let lossy = String::from_utf8_lossy(body);
        let (broken, beyond) = broken(&lossy);
        if beyond >= 20 && broken * 20 <= beyond {
            return lossy;
        }
    }
    let guessed = guess(snapshot);
    // Two declarations that disagree, and the bytes speak for the second.
    let first = header.filter(|header| declared.is_none_or(|other| other == *header || other != guessed));
    for encoding in [first, declared, header].into_iter().flatten() {
        let text = encoding.decode_without_bom_handling(body).0;
        let (broken, beyond) = broken(&text);
        if broken * 4 <= beyond && (encoding == guessed || !is_strange(&text, encoding, body)) {
            return text;
        }
        // The text falls apart: the declaration is wrong.
    }
    guessed.decode_without_bom_handling(body).0
}

/// Whether valid UTF-8 is so beyond chance: no text of another encoding has four such
/// sequences, or one of three bytes, and is valid throughout.
fn is_plainly_utf8(text: &str) -> bool {
    // The first bytes of characters beyond ASCII, and of those of three bytes and more.
    let (chunks, rest) = text.as_bytes().as_chunks::<{ bytes::WIDE }>();
    let held = chunks.iter().map(|chunk| &chunk[..]).chain([rest]).filter(|chunk| !chunk.is_ascii());
    let mut beyond = held.flatten().filter(|byte| **byte >= 0xc0);
    beyond.by_ref().take(3).any(|byte| *byte >= 0xe0) || beyond.next().is_some()
}

/// How many characters are U+FFFD, and how many are beyond ASCII.
fn broken(text: &str) -> (usize, usize) {
    text.chars()
        .filter(|c| !c.is_ascii())
        .fold((0, 0), |(broken, all), c| (broken + usize::from(c == '\u{fffd}'), all + 1))
}

/// Whether nobody writes so: letters beyond ASCII by the dozen in what is declared as Western
/// European, or words that begin small and go on in capitals, which Russian becomes under the
/// other of its two encodings.
fn is_strange(text: &str, encoding: &'static Encoding, body: &[u8]) -> bool {
    if encoding == WINDOWS_1252 {
        let high = body.iter().filter(|byte| !byte.is_ascii()).count();
        let in_runs = body.split(u8::is_ascii).map(<[u8]>::len).filter(|run| *run >= 4).sum::<usize>();
        let controls = text.chars().filter(|c| ('\u{80}'..='\u{9f}').contains(c)).count();
        return high >= 60 && (in_runs * 2 > high || controls * 8 > high);
    }
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().nth(1).is_some());
    let (mut cyrillic, mut swapped, mut odd) = (0, 0, 0);
    for word in words.filter(|word| word.chars().all(|c| ('\u{400}'..='\u{4ff}').contains(&c))) {
        cyrillic += 1;
        let capitals = word.chars().skip(1).all(char::is_uppercase);
        swapped += usize::from(capitals);
        odd += usize::from(capitals && word.starts_with(char::is_lowercase));
    }
    cyrillic >= 20 && swapped * 4 > cyrillic * 3 && odd >= 3
}

/// The encoding of a label, unless browsers refuse it.
fn labelled(label: &[u8]) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label).filter(|encoding| *encoding != REPLACEMENT)?;
    // Made for scripts that read bytes; in a page it is a mistake (HTML, prescan).
    Some(if encoding == X_USER_DEFINED { WINDOWS_1252 } else { encoding })
}

/// The encoding that a `charset=` parameter names.
fn charset_parameter(value: &str) -> Option<&'static Encoding> {
    let lower = value.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some((_, behind)) = rest.split_once("charset") {
        rest = behind.trim_start();
        let Some(label) = rest.strip_prefix('=') else { continue };
        let label = label.trim_start();
        let label = match label.chars().next()? {
            quote @ ('"' | '\'') => label[1..].split(quote).next()?,
            _ => label.split([';', ',', ' ', '\t', '\n', '\r', '"', '\'']).next()?,
        };
        return labelled(label.as_bytes());
    }
    None
}

/// The encoding that the page's first bytes declare: in a `meta` tag, else in an XML
/// declaration (HTML, "prescan a byte stream to determine its encoding").
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    // Written in ASCII, it is not UTF-16, whatever it says.
    let ascii = |found| if found == UTF_16LE || found == UTF_16BE { UTF_8 } else { found };
    wide(head).or_else(|| meta(head).or_else(|| xml(head)).map(ascii))
}

/// UTF-16 without a mark, by the zeros beside the first characters of its markup, or beside
/// most characters of a text in Latin letters.
pub(super) fn wide(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [b'<', 0, second, 0, ..] if second.is_ascii() => return Some(UTF_16LE),
        [0, b'<', 0, second, ..] if second.is_ascii() => return Some(UTF_16BE),
        _ => {}
    }
    const LOOKED_AT: usize = 1024;
    let (pairs, _) = head[..head.len().min(LOOKED_AT)].as_chunks::<2>();
    // Each zero stands beside a letter, and no letter is a zero.
    let text = |at: usize| {
        let beside = pairs.iter().filter(|pair| pair[1 - at] == 0).count();
        let letter = |pair: &[u8; 2]| pair[1 - at] != 0 || matches!(pair[at], b'\t' | b'\n' | b'\r' | 32..=126 | 160..);
        pairs.len() >= 8 && beside * 10 >= pairs.len() * 7 && pairs.iter().all(letter)
    };
    match () {
        () if text(0) => Some(UTF_16LE),
        () if text(1) => Some(UTF_16BE),
        () => None,
    }
}

/// What the XML declaration names.
fn xml(head: &[u8]) -> Option<&'static Encoding> {
    let rest = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = rest.iter().position(|byte| *byte == b'>')?;
    let declaration = String::from_utf8_lossy(&rest[..end]).into_owned();
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    labelled(value[1..].split(quote).next()?.as_bytes())
}

/// What the first `meta` that speaks of the encoding names; comments hide nothing.
fn meta(head: &[u8]) -> Option<&'static Encoding> {
    let mut rest = head;
    while let Some(open) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[open..];
        if rest.starts_with(b"<!--") {
            // `<!-->` is a whole comment.
            rest = &rest[2..];
            let end = rest.windows(3).position(|bytes| bytes == b"-->")?;
            rest = &rest[end + 3..];
            continue;
        }
        let name: Vec<u8> =
            rest[1..].iter().take_while(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
        rest = &rest[1 + name.len()..];
        let mut tag = Attributes { rest };
        if name == b"meta" && rest.first().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/') {
            if let Some(encoding) = told(&mut tag) {
                return Some(encoding);
            }
            rest = tag.rest;
        } else if !name.is_empty() {
            // An attribute's value may hold what looks like a tag.
            tag.by_ref().for_each(drop);
            rest = tag.rest;
        }
    }
    None
}

/// What the attributes of one `meta` tell of the encoding.
fn told(tag: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let (mut names_type, mut by_content, mut by_charset) = (false, None, None);
    for (name, value) in tag {
        match name.as_str() {
            "http-equiv" => names_type = value.trim().eq_ignore_ascii_case("content-type"),
            "content" if by_content.is_none() => by_content = charset_parameter(&value),
            "charset" if by_charset.is_none() => by_charset = labelled(value.as_bytes()),
            _ => {}
        }
    }
    by_charset.or(by_content.filter(|_| names_type))
}

/// The attributes of a tag, its name taken off (HTML, "get an attribute").
struct Attributes<'a> {
    rest: &'a [u8],
}

impl Iterator for Attributes<'_> {
    type Item = (String, String);

    fn next(&mut self) -> Option<Self::Item> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let until =
            |bytes: &[u8], ends: &dyn Fn(u8) -> bool| bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len());
        let start = until(self.rest, &|byte| !byte.is_ascii_whitespace() && byte != b'/');
        let rest = &self.rest[start..];
        if matches!(rest.first(), None | Some(b'>')) {
            self.rest = rest;
            return None;
        }
        // A leading `=` is part of the name.
        let end = 1 + until(&rest[1..], &|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'>' | b'/'));
        let name = text(&rest[..end]).to_ascii_lowercase();
        let behind = rest[end..].trim_ascii_start();
        let Some(value) = behind.strip_prefix(b"=") else {
            self.rest = &rest[end..];
            return Some((name, String::new()));
        };
        let value = value.trim_ascii_start();
        match value.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                let end = until(&value[1..], &|byte| byte == quote);
                self.rest = value.get(end + 2..).unwrap_or_default();
                Some((name, text(&value[1..=end])))
            }
            _ => {
                let end = until(value, &|byte| byte.is_ascii_whitespace() || byte == b'>');
                self.rest = &value[end..];
                Some((name, text(&value[..end])))
            }
        }
    }
}

/// What the bytes look like, the country of the host considered.
fn guess(snapshot: &Snapshot) -> &'static Encoding {
    if snapshot.body.is_ascii() && !snapshot.body.contains(&0x1b) {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&snapshot.body, true);
    let host = url::Url::parse(&snapshot.final_url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let country = host
        .as_deref()
        .and_then(|host| host.rsplit('.').next())
        .filter(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    detector.guess(country.map(str::as_bytes), Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::snapshot;

    fn decoded(header: Option<&str>, body: &[u8]) -> String {
        let mut page = snapshot("https://acme.test/", body);
        page.headers = header.map(|value| ("content-type".to_owned(), value.to_owned())).into_iter().collect();
        decode(&page).into_owned()
    }

    #[test]
    fn a_declaration_under_which_nobody_writes_is_wrong() {
        let japanese = "当社は、お客様の個人情報を適切に取り扱います。プライバシーポリシーをお読みください。".repeat(3);
        let page = |text: &str, charset: &'static encoding_rs::Encoding, declared: &str| {
            let page = format!("<meta charset={declared}><p>{text}</p>");
            decoded(None, &charset.encode(&page).0)
        };
        let read = page(&japanese, encoding_rs::SHIFT_JIS, "iso-8859-1");
        assert!(read.contains("個人情報を適切に"), "{read}");
        let russian = "Мы обрабатываем ваши персональные данные только для оказания услуг. ".repeat(6);
        let read = page(&russian, encoding_rs::KOI8_R, "windows-1251");
        assert!(read.contains("персональные данные"), "{read}");
        // What is declared truly stays, capitals and all.
        for (text, charset, declared) in [
            (russian.to_uppercase(), encoding_rs::WINDOWS_1251, "windows-1251"),
            (russian, encoding_rs::KOI8_R, "koi8-r"),
            ("„Löschung“ für Öl, Übermaß, Ärger, äöüßÄÖÜ – jederzeit. ".repeat(20), WINDOWS_1252, "iso-8859-1"),
        ] {
            assert!(page(&text, charset, declared).contains(&text), "{declared}");
        }
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
    fn utf16_is_read_by_its_mark_or_its_zeros() {
        assert_eq!(decoded(None, b"\xff\xfea\0b\0"), "ab");
        assert_eq!(decoded(None, b"\xfe\xff\0a\0b"), "ab");
        assert_eq!(decoded(None, b"<\0p\0>\0\xe9\0"), "<p>é");
        assert_eq!(decoded(Some("text/html; charset=utf-16be"), b"\0<\0p\0>\0\xe9"), "<p>é");
        let text = "We keep logs – for as long as the café is open.";
        let bytes = |of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
        assert_eq!(decoded(Some("text/plain"), &bytes(u16::to_le_bytes)), text);
        assert_eq!(decoded(None, &bytes(u16::to_be_bytes)), text);
    }

    /// One policy's sentence in the languages of the old encodings.
    const SENTENCES: [(&str, &[&str]); 11] = [
        (
            "Wir löschen Ihre Daten, sobald wir sie nicht mehr benötigen; für Bücher gelten längere Fristen.",
            &["iso-8859-1", "windows-1252", "iso-8859-15"],
        ),
        (
            "Usuwamy Państwa dane, gdy tylko nie są nam już potrzebne; żądanie można złożyć w każdej chwili.",
            &["iso-8859-2", "windows-1250"],
        ),
        (
            "Мы удаляем ваши данные, как только они нам больше не нужны, и никому их не передаём.",
            &["windows-1251", "koi8-r", "ibm866", "iso-8859-5"],
        ),
        (
            "Ми видаляємо ваші дані, щойно вони нам більше не потрібні, і нікому їх не передаємо.",
            &["koi8-u", "windows-1251"],
        ),
        ("Διαγράφουμε τα δεδομένα σας μόλις δεν τα χρειαζόμαστε πλέον.", &["iso-8859-7", "windows-1253"]),
        (
            "Verilerinizi artık ihtiyacımız kalmadığında sileriz; başvuru için aşağıdaki adrese yazın.",
            &["windows-1254"],
        ),
        ("当社は、必要がなくなったお客様のデータを速やかに削除します。", &["shift_jis", "euc-jp", "iso-2022-jp"]),
        ("我们在不再需要您的数据时立即将其删除,并且不会提供给任何人。", &["gbk", "gb18030", "gb2312"]),
        ("我們在不再需要您的資料時立即將其刪除,並且不會提供給任何人。", &["big5"]),
        ("당사는 더 이상 필요하지 않은 고객의 데이터를 지체 없이 삭제합니다.", &["euc-kr", "ks_c_5601-1987"]),
        ("We delete your data — “all of it” — once we don’t need it.", &["windows-1252", "macintosh"]),
    ];

    fn encoded(text: &str, label: &str) -> Vec<u8> {
        let encoding = Encoding::for_label(label.as_bytes()).expect(label);
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{label} has no sign for a part of {text}");
        bytes.into_owned()
    }

    #[test]
    fn every_encoding_by_header_by_page_and_by_xml() {
        for (sentence, labels) in SENTENCES {
            for label in labels {
                let plain = encoded(sentence, label);
                assert_eq!(
                    decoded(Some(&format!("text/plain; charset={label}")), &plain),
                    sentence,
                    "{label} by header"
                );
                for markup in [
                    format!("<html><meta charset='{label}'><p>{sentence}"),
                    format!("<meta content=\"text/html; charset={label}\" http-equiv=\"Content-Type\"><p>{sentence}"),
                    format!("<?xml version=\"1.0\" encoding=\"{label}\"?><html><p>{sentence}"),
                ] {
                    assert_eq!(decoded(Some("text/html"), &encoded(&markup, label)), markup, "{label} by the page");
                    let lie = decoded(Some("text/html; charset=utf-8"), &encoded(&markup, label));
                    assert_eq!(lie, markup, "{label} against a header of UTF-8");
                }
            }
        }
    }

    #[test]
    fn undeclared_bytes_are_guessed() {
        for (sentence, label) in [
            (SENTENCES[0].0, "windows-1252"),
            (SENTENCES[2].0, "windows-1251"),
            (SENTENCES[2].0, "koi8-r"),
            (SENTENCES[2].0, "ibm866"),
            (SENTENCES[6].0, "shift_jis"),
            (SENTENCES[6].0, "euc-jp"),
            (SENTENCES[6].0, "iso-2022-jp"),
            (SENTENCES[7].0, "gbk"),
            (SENTENCES[8].0, "big5"),
            (SENTENCES[9].0, "euc-kr"),
        ] {
            assert_eq!(decoded(None, &encoded(sentence, label)), sentence, "{label}");
            // What is called by the wrong name, and falls apart under it.
            if label.starts_with("windows-125") || label == "koi8-r" {
                assert_eq!(decoded(Some("text/html; charset=utf-8"), &encoded(sentence, label)), sentence, "{label}");
            }
        }
    }

    #[test]
    fn a_server_that_calls_everything_latin_1_is_not_believed_against_page_and_bytes() {
        for (sentence, label) in
            [(SENTENCES[2].0, "windows-1251"), (SENTENCES[6].0, "shift_jis"), (SENTENCES[7].0, "gbk")]
        {
            let page = format!("<meta charset={label}><p>{sentence}");
            assert_eq!(decoded(Some("text/html; charset=iso-8859-1"), &encoded(&page, label)), page, "{label}");
        }
        // Where the bytes do not take a side, the header goes before the page.
        let page = b"<meta charset=windows-1251><p>\xe9t\xe9";
        assert!(decoded(Some("text/html; charset=iso-8859-1"), page).ends_with("été"));
    }

    #[test]
    fn declarations_that_declare_nothing() {
        let text = "<p>Vi raderar dina uppgifter när vi inte längre behöver dem, på begäran också tidigare.";
        for start in [
            "<meta charset=utf-7>",
            "<meta charset=iso-2022-kr>",
            "<meta charset=x-user-defined>",
            "<meta charset=nonsense>",
            "<!-- <meta charset=koi8-r> -->",
            "<!--><p title='<meta charset=koi8-r>'>",
            "<meta name=description content='charset=koi8-r'>",
            "<metadata charset=koi8-r>",
            "<meta data-charset=koi8-r>",
        ] {
            let page = format!("{start}{text}");
            assert_eq!(decoded(Some("text/html; charset=utf-7"), &encoded(&page, "windows-1252")), page, "{start}");
        }
    }

    #[test]
    fn a_page_that_says_utf16_in_ascii_is_utf8() {
        let page = "<meta charset=utf-16le><p>naïve";
        assert_eq!(decoded(None, page.as_bytes()), page);
    }

    #[test]
    fn a_damaged_page_keeps_its_encoding() {
        let text = SENTENCES[6].0.repeat(3);
        for header in ["text/html; charset=utf-8", "text/html; charset=iso-8859-1", "text/html"] {
            let mut bytes = text.clone().into_bytes();
            bytes.remove(31);
            let read = decoded(Some(header), &bytes);
            assert_eq!(read.chars().filter(|c| !text.contains(*c)).collect::<String>(), "\u{fffd}", "{header}");
        }
        let mut bytes = encoded(&text, "shift_jis");
        bytes.pop();
        let read = decoded(Some("text/plain; charset=shift_jis"), &bytes);
        assert!(read.starts_with(SENTENCES[6].0), "{read}");
    }

    #[test]
    fn a_pair_that_could_be_utf8_by_chance_follows_the_declaration() {
        // Two bytes of GBK that are also one letter of UTF-8.
        let page = b"<meta charset=gbk><p>\xc4\xa3".to_vec();
        let expected = encoding_rs::GBK.decode_without_bom_handling(&page).0.into_owned();
        assert_eq!(decoded(None, &page), expected);
        assert!(decoded(Some("text/html; charset=iso-8859-1"), b"<p>\xc3\xa9").ends_with('é'));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_become_text(body: Vec<u8>, header in "(text/html; ?charset=['\"]?)?\\PC{0,12}") {
            assert_eq!(decoded(Some(&header), &body), decoded(Some(&header), &body));
        }

        #[test]
        fn any_head_is_scanned(head in "(<(meta|p|!--|\\?xml)[ /='\"]?|charset=|content=|encoding=|-->|>|[ a-z8'\"=-]){0,30}\\xe9?") {
            decoded(None, &[head.as_bytes(), b"\xe9"].concat());
        }
    }
}
