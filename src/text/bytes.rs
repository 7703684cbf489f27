//! Questions about all bytes of a text, asked of many at once: loops without a way out in
//! their middle, which the compiler turns into the processor's wide instructions.

/// How many bytes are asked at once.
pub(super) const WIDE: usize = 32;

/// Whether any byte is so.
#[inline]
pub(super) fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let (chunks, rest) = bytes.as_chunks::<WIDE>();
    chunks.iter().any(|chunk| chunk.iter().fold(false, |found, byte| found | is(*byte))) || rest.iter().any(|b| is(*b))
}

/// How many bytes are so.
#[inline]
pub(super) fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    let (chunks, rest) = bytes.as_chunks::<WIDE>();
    // No chunk has more than a byte can count.
    let of = |bytes: &[u8]| usize::from(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(is(*byte)))));
    chunks.iter().map(|chunk| of(chunk)).sum::<usize>() + of(rest)
}

/// Whether two bytes stand side by side, the first so and the second so.
#[inline]
pub(super) fn any_pair(bytes: &[u8], is: impl Fn(u8, u8) -> bool) -> bool {
    let Some(behind) = bytes.get(1..) else { return false };
    let (first, first_rest) = bytes[..behind.len()].as_chunks::<WIDE>();
    let (second, second_rest) = behind.as_chunks::<WIDE>();
    let found = |a: &[u8], b: &[u8]| a.iter().zip(b).fold(false, |found, (a, b)| found | is(*a, *b));
    first.iter().zip(second).any(|(a, b)| found(a, b)) || found(first_rest, second_rest)
}

/// Blanks of ASCII, as Unicode counts them.
#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// Words of a text of ASCII: runs of letters and digits, with apostrophes in them; `within`
/// tells whether one stood open before it, and then whether one stands open behind it.
/// None where the text is not of ASCII, or two apostrophes stand side by side in it.
#[inline]
pub(super) fn words(chunk: &[u8; WIDE], within: &mut bool) -> Option<u32> {
    const APOSTROPHE: u8 = 1;
    const PART: u8 = 2;
    // What each byte is, behind what stood before.
    let mut kinds = [0_u8; WIDE + 2];
    kinds[1] = if *within { PART } else { 0 };
    let mut beyond = 0;
    for (kind, byte) in kinds[2..].iter_mut().zip(chunk) {
        let part = (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10;
        *kind = u8::from(part) << 1 | u8::from(*byte == b'\'');
        beyond |= byte;
    }
    let (mut begin, mut twice) = (0_u8, false);
    for ((kind, before), first) in kinds[2..].iter().zip(&kinds[1..]).zip(&kinds) {
        let open = (*before == PART) | (*before == APOSTROPHE) & (*first == PART);
        begin = begin.wrapping_add(u8::from((*kind == PART) & !open));
        twice |= (*kind == APOSTROPHE) & (*before == APOSTROPHE);
    }
    if beyond >= 0x80 || twice {
        return None;
    }
    let last = [kinds[WIDE], kinds[WIDE + 1]];
    *within = last[1] == PART || last == [PART, APOSTROPHE];
    Some(u32::from(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words, one byte after the other.
    fn counted(text: &str, mut within: bool) -> (u32, bool) {
        let mut words = 0;
        for byte in text.bytes() {
            let part = byte.is_ascii_alphanumeric();
            words += u32::from(part && !within);
            within = part || within && byte == b'\'';
        }
        (words, within)
    }

    proptest::proptest! {
        #[test]
        fn words_are_counted_as_one_by_one(text in "([a-c']|[ -~]){32}|[ -~é]{40}", open: bool) {
            let Some(chunk) = text.as_bytes().first_chunk() else { return Ok(()) };
            let mut within = open;
            match words(chunk, &mut within) {
                Some(words) => proptest::prop_assert_eq!((words, within), counted(&text[..WIDE], open)),
                None => proptest::prop_assert!(!chunk.is_ascii() || text.contains("''")),
            }
        }

        #[test]
        fn many_at_once_are_as_one_by_one(text in "[ -~é]{0,80}") {
            let bytes = text.as_bytes();
            proptest::prop_assert_eq!(any(bytes, |b| b == b'x'), bytes.contains(&b'x'));
            proptest::prop_assert_eq!(count(bytes, is_blank), bytes.iter().filter(|b| is_blank(**b)).count());
            proptest::prop_assert_eq!(any_pair(bytes, |a, b| a == b), bytes.windows(2).any(|pair| pair[0] == pair[1]));
        }
    }
}
