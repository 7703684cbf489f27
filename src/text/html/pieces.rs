//! What the parser is fed of a page, piece by piece: all of it but attributes with values
//! that no rule asks for, and those of which no tag has so many.
//!
//! html5ever takes attributes letter by letter, and they are two thirds of most pages'
//! markup; what is left out here costs nothing there. Leaving out must tell tags from text
//! before the parser does, by the tokenizer's own rules, and no piece ends within a tag or a
//! comment: [`Pieces::tags`] says how many tags it had, and a parser that saw another number
//! of them shall be fed the page unread ([`Scan::Nothing`]).

use std::ops::Range;

/// Bytes of a piece, beyond which it ends with the tag or comment at hand.
const ENOUGH: usize = 16 * 1024;
/// Bytes of a piece that is fed unread.
const UNREAD: usize = 2 * 1024;

/// Attributes kept of one tag; the tokenizer compares each with all before it.
pub(super) const MAX_ATTRIBUTES: usize = 256;

/// Attributes shorter than this hold no text. Longer ones are kept, whatever they are called:
/// frameworks carry data in them, or markup.
pub(super) const LONG_VALUE: usize = 400;

/// What is looked for in a page's source before it is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// Attributes that no rule asks for, and those of which a tag has too many.
    Unasked,
    /// Attributes of which a tag has too many.
    Surplus,
    /// Nothing: pieces end anywhere.
    Nothing,
}

/// A page's source, as it is fed.
pub(super) struct Pieces<'a> {
    source: &'a str,
    at: usize,
    scan: Scan,
    /// Whether the next piece goes on with [`CDATA`], whose `<` ended the last one.
    at_cdata: bool,
    /// How many tags the pieces had so far.
    pub(super) tags: u64,
}

impl<'a> Pieces<'a> {
    /// The pieces of a page.
    pub(super) fn of(source: &'a str, scan: Scan) -> Self {
        // The mark of the byte order is no text.
        let at = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { source, at, scan, at_cdata: false, tags: 0 }
    }

    /// Where the next piece begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether the whole page was fed.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.source.len()
    }

    /// Writes the next piece, up to [`ENOUGH`] bytes and what it takes to end a tag or a comment.
    /// A piece ends, too, behind a tag whose element the parser may read as raw text.
    /// `in_drawing`: whether the parser is within an element of another language than HTML.
    pub(super) fn write(&mut self, in_drawing: bool, out: &mut String) {
        let bytes = self.source.as_bytes();
        let begin = self.at;
        if self.scan == Scan::Nothing {
            self.at = self.source.ceil_char_boundary((begin + UNREAD).min(bytes.len()));
            out.push_str(&self.source[begin..self.at]);
            return;
        }
        if std::mem::take(&mut self.at_cdata) {
            let end: &[u8] = if in_drawing { b"]]>" } else { b">" };
            let behind = begin + CDATA.len();
            self.at =
                memchr::memmem::find(&bytes[behind..], end).map_or(bytes.len(), |found| behind + found + end.len());
        }
        let mut kept = begin;
        let end = loop {
            // A text may end anywhere, but no tag begins in its middle.
            let room = ENOUGH.saturating_sub(out.len());
            let until = self.source.ceil_char_boundary((kept + room).max(self.at).min(bytes.len()));
            let Some(open) = find(&bytes[..until], self.at, b'<') else { break until };
            let (name, starts) = match &bytes[open + 1..] {
                [b'/', letter, ..] if letter.is_ascii_alphabetic() => (open + 2, false),
                [letter, ..] if letter.is_ascii_alphabetic() => (open + 1, true),
                inside if inside.starts_with(CDATA) => {
                    // A comment, but text in a drawing: the parser knows where it is once it has
                    // read the `<`, for that ends what it holds back, such as `&am`.
                    self.at_cdata = true;
                    break open + 1;
                }
                _ => {
                    self.at = skip_other(bytes, open);
                    continue;
                }
            };
            let (source, trims) = (self.source, self.scan == Scan::Unasked);
            let Some(close) = scan_tag(bytes, name, trims, |left_out| {
                out.push_str(&source[kept..left_out.start]);
                kept = left_out.end;
            }) else {
                // The page ends within it.
                break bytes.len();
            };
            self.at = close + 1;
            self.tags += 1;
            if starts && may_be_raw(&bytes[name..close]) {
                break self.at;
            }
        };
        out.push_str(&self.source[kept..end]);
        self.at = end;
    }

    /// The raw text that begins here, of an element of this name: to the end tag that ends it,
    /// or to the end of the page.
    pub(super) fn raw(&self, name: &str) -> Range<usize> {
        let bytes = &self.source.as_bytes()[self.at..];
        let length = match name {
            "plaintext" => None,
            "script" => script_end(bytes),
            _ => memchr::memchr_iter(b'<', bytes).find(|at| names(bytes, at + 1, b"/", name.as_bytes())),
        };
        self.at..self.at + length.unwrap_or(bytes.len())
    }

    /// Goes on behind a raw text, which was fed by other means.
    pub(super) fn skip(&mut self, to: usize) {
        self.at = to;
    }

    /// Whether tags are told from text: then the parser must have seen as many as the pieces had.
    pub(super) fn count_tags(&self) -> bool {
        self.scan != Scan::Nothing
    }
}

/// What begins text in a drawing, behind its `<`.
const CDATA: &[u8] = b"![CDATA[";

/// Whether a mark and a name stand at a place, and behind them what ends the name of a tag.
fn names(bytes: &[u8], at: usize, mark: &[u8], name: &[u8]) -> bool {
    bytes.get(at..).and_then(|rest| rest.strip_prefix(mark)).is_some_and(|rest| {
        rest.get(..name.len()).is_some_and(|named| named.eq_ignore_ascii_case(name))
            && rest.get(name.len()).is_some_and(|byte| *byte == b'>' || is_between(*byte))
    })
}

/// Where a script ends: none where the page ends before.
///
/// What a script has between `<!--` and `-->` may hold a script of its own, whose end tag does
/// not end it (HTML Standard, 13.2.5.15 to 13.2.5.32).
fn script_end(bytes: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"script";
    let (mut in_comment, mut within) = (false, false);
    let mut at = 0;
    loop {
        at += if in_comment { memchr::memchr2(b'<', b'-', &bytes[at..])? } else { memchr::memchr(b'<', &bytes[at..])? };
        let rest = &bytes[at..];
        if rest.starts_with(b"-->") {
            (in_comment, within) = (false, false);
        } else if !in_comment && rest.starts_with(b"<!--") {
            in_comment = true;
            // Its dashes may be those that end it.
            at += 1;
        } else if names(rest, 0, b"</", NAME) {
            if !within {
                return Some(at);
            }
            within = false;
        } else if in_comment && names(rest, 0, b"<", NAME) {
            within = true;
        }
        at += 1;
    }
}

/// Where what begins with `<` ends, if it is no tag: a comment, well-formed or not, or text.
fn skip_other(bytes: &[u8], open: usize) -> usize {
    match &bytes[open + 1..] {
        [b'!', b'-', b'-', ..] => {}
        [b'!' | b'?', ..] | [b'/', _, ..] => return find(bytes, open, b'>').map_or(bytes.len(), |end| end + 1),
        _ => return open + 1,
    }
    let mut at = open;
    while let Some(end) = find(bytes, at, b'>') {
        // `<!-->` and `<!--->` are whole comments.
        if bytes[open + 2..end].ends_with(b"--")
            || bytes[open + 4..].get(..end.saturating_sub(open + 4)).is_some_and(|inside| inside.ends_with(b"--!"))
        {
            return end + 1;
        }
        at = end + 1;
    }
    bytes.len()
}

/// Whether a start tag may be that of an element whose text the parser reads as it stands.
fn may_be_raw(tag: &[u8]) -> bool {
    const RAW: [&[u8]; 10] = [
        b"script",
        b"style",
        b"title",
        b"textarea",
        b"noscript",
        b"iframe",
        b"noframes",
        b"noembed",
        b"xmp",
        b"plaintext",
    ];
    // Nearly all tags begin with other letters.
    matches!(tag[0] | 0x20, b's' | b't' | b'n' | b'i' | b'x' | b'p')
        && RAW.iter().any(|raw| {
            tag.get(..raw.len()).is_some_and(|name| name.eq_ignore_ascii_case(raw))
                && tag.get(raw.len()).is_none_or(|byte| is_between(*byte))
        })
}

/// What stands between attributes.
const fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/')
}

/// What an attribute's name ends with.
const ENDS_NAME: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        ends[byte] = matches!(byte as u8, b'>' | b'=') || is_between(byte as u8);
        byte += 1;
    }
    ends
};

/// Scans a tag from its name on, as the tokenizer reads it, to its `>`: none where the page
/// ends before. Tells what is left out of it.
fn scan_tag(bytes: &[u8], from: usize, trims: bool, mut leave_out: impl FnMut(Range<usize>)) -> Option<usize> {
    let mut surplus = None;
    let mut left_out = from;
    let end = scan_attributes(bytes, from, trims, &mut surplus, &mut |range| {
        left_out = range.end;
        leave_out(range);
    });
    if let Some(mut surplus) = surplus {
        // A slash before the end closes the element, and none does that was elsewhere.
        while surplus > left_out && bytes[surplus - 1] == b'/' {
            surplus -= 1;
        }
        let end = end.map_or(bytes.len(), |(end, closes)| end - usize::from(closes));
        leave_out(surplus..end);
    }
    end.map(|(end, _)| end)
}

/// [`scan_tag`], but for the attributes of which it has too many: where those begin. Tells, too,
/// whether the tag closes its element.
fn scan_attributes(
    bytes: &[u8],
    from: usize,
    trims: bool,
    surplus: &mut Option<usize>,
    leave_out: &mut impl FnMut(Range<usize>),
) -> Option<(usize, bool)> {
    let blank = |at: usize| bytes.get(at).is_some_and(|byte| is_between(*byte) && *byte != b'/');
    let mut at = from;
    let mut attributes = 0;
    at += bytes[at..].iter().position(|byte| *byte == b'>' || is_between(*byte))?;
    let tag = &bytes[from..at];
    loop {
        let between = at;
        while is_between(*bytes.get(at)?) {
            at += 1;
        }
        if bytes[at] == b'>' {
            return Some((at, at > between && bytes[at - 1] == b'/'));
        }
        let name = at;
        // A sign of equality that begins a name is part of it.
        at += 1;
        at += bytes[at..].iter().position(|byte| ENDS_NAME[usize::from(*byte)])?;
        let named = &bytes[name..at];
        attributes += 1;
        if attributes > MAX_ATTRIBUTES && surplus.is_none() {
            *surplus = Some(name);
        }
        let behind_name = at;
        while blank(at) {
            at += 1;
        }
        if bytes.get(at) != Some(&b'=') {
            at = behind_name;
            continue;
        }
        at += 1;
        while blank(at) {
            at += 1;
        }
        let value = at;
        match bytes.get(at)? {
            quote @ (b'"' | b'\'') => at = find(bytes, at + 1, *quote)? + 1,
            _ => {
                while !matches!(bytes.get(at)?, b'>') && !blank(at) {
                    at += 1;
                }
            }
        }
        if trims && surplus.is_none() && is_never_asked_for(tag, named, at - value) {
            while blank(at) {
                at += 1;
            }
            // A sign of equality here begins a name: behind another name it would begin a value.
            // A slash and the end of the tag would close the element.
            if bytes.get(at) != Some(&b'=') && bytes[name - 1] != b'/' {
                attributes -= 1;
                leave_out(name..at);
            }
        }
    }
}

/// Whether no rule asks for an attribute, selectors apart: looks, handlers, sizes, drawings,
/// and what frameworks note for themselves.
pub(super) fn is_never_asked_for(tag: &[u8], name: &[u8], length: usize) -> bool {
    // Most attributes have one of a few names.
    if matches!(name, b"class" | b"href" | b"id" | b"style") {
        return false;
    }
    match (tag, name) {
        (_, b"d") | (b"img", b"src") | (b"a", b"rel") => return true,
        _ => {}
    }
    if length >= LONG_VALUE {
        return false;
    }
    match name {
        b"data-cfemail" | b"data-mailto-token" | b"data-testid" => false,
        b"align" | b"aria-describedby" | b"aria-labelledby" | b"as" | b"bgcolor" | b"border" | b"cellpadding"
        | b"cellspacing" | b"clip-path" | b"clip-rule" | b"crossorigin" | b"cx" | b"cy" | b"decoding" | b"dir"
        | b"fetchpriority" | b"fill" | b"fill-opacity" | b"fill-rule" | b"focusable" | b"height" | b"hreflang"
        | b"imagesizes" | b"imagesrcset" | b"integrity" | b"itemid" | b"itemprop" | b"itemscope" | b"itemtype"
        | b"loading" | b"media" | b"nonce" | b"points" | b"r" | b"referrerpolicy" | b"rx" | b"ry" | b"sizes"
        | b"srcset" | b"stroke" | b"stroke-linecap" | b"stroke-linejoin" | b"stroke-width" | b"tabindex"
        | b"target" | b"transform" | b"valign" | b"version" | b"viewBox" | b"viewbox" | b"width" | b"x" | b"x1"
        | b"x2" | b"xmlns" | b"xmlns:xlink" | b"y" | b"y1" | b"y2" => true,
        _ if name.iter().any(u8::is_ascii_uppercase) => false,
        _ => name.starts_with(b"data-") || name.starts_with(b"on") || name.starts_with(b"_ng"),
    }
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, bytes.get(from..)?).map(|n| from + n)
}
