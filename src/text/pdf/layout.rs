//! Letters on a page to lines in reading order.
//!
//! Most programs draw a text in the order in which it is read, column after column and
//! cell after cell; where a page goes down, and up only to go on at the right, that order
//! stands ([`drawn`]). Where it does not, letters with one baseline make a row, and where a
//! gutter runs down between two bodies of prose, the left one is read first (an XY cut:
//! Nagy and Seth 1984, with the gutter found by how many rows cross it).

use super::letters::{Letter, LinkArea, Page};
use crate::text::Link;

/// A gap of so many font sizes parts a row into pieces: cells, columns.
const PIECE_GAP: f32 = 1.8;

/// Columns within columns within columns.
const MAX_DEPTH: u8 = 3;

/// The stripes in which a gutter is looked for.
const STRIPES: usize = 240;

/// Letters that follow each other on one baseline.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) x: f32,
    pub(super) end: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) links: Vec<Link>,
    /// Each letter with its ink.
    pub(super) inks: Vec<(char, f32)>,
}

/// A line of text.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) pieces: Vec<Piece>,
    /// Where the column that it stands in begins and ends.
    pub(super) column: (f32, f32),
    pub(super) page: usize,
    /// Whether lines stand here as they were drawn.
    pub(super) drawn: bool,
}

impl Line {
    pub(super) fn x(&self) -> f32 {
        self.pieces.first().map_or(0.0, |piece| piece.x)
    }

    pub(super) fn end(&self) -> f32 {
        self.pieces.last().map_or(0.0, |piece| piece.end)
    }

    pub(super) fn y(&self) -> f32 {
        self.pieces.first().map_or(0.0, |piece| piece.y)
    }

    /// The size of most of it.
    pub(super) fn size(&self) -> f32 {
        let longest = self.pieces.iter().max_by_key(|piece| piece.inks.len());
        longest.map_or(10.0, |piece| piece.size)
    }

    pub(super) fn text(&self) -> String {
        join(&self.pieces)
    }
}

fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The rows of a page.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<Vec<Piece>>,
    /// Whether they are in the order in which they were drawn; else from top to bottom.
    pub(super) drawn: bool,
}

/// The rows of a page.
pub(super) fn rows_of(page: &Page) -> Rows {
    match drawn(page) {
        Some(rows) => Rows { rows, drawn: true },
        None => Rows { rows: rows(page), drawn: false },
    }
}

/// The rows of a page as they were drawn; none if nobody reads in that order.
fn drawn(page: &Page) -> Option<Vec<Vec<Piece>>> {
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    let mut backward = 0;
    let mut count = 0;
    let mut put = |letters: &mut Vec<Letter>| {
        let Some(piece) = write(&std::mem::take(letters), &page.links) else { return };
        count += 1;
        let Some(row) = rows.last_mut() else { return rows.push(vec![piece]) };
        let Some(last) = row.last_mut() else { return };
        let away = piece.y - last.y;
        let level = away.abs() <= 0.45 * piece.size.max(last.size);
        if level && (piece.x - last.x).abs() < 0.1 * piece.size && piece.text.starts_with(&last.text) {
            // Drawn twice, a little apart: that is how some make letters bold.
            let bold = last.inks.len();
            *last = piece;
            last.inks.iter_mut().take(bold).for_each(|(_, ink)| *ink *= 1.5);
        } else if level && piece.x >= last.end - 0.3 * piece.size {
            row.push(piece);
        } else {
            let right = piece.x > last.x + piece.size;
            backward += usize::from(level || away < 0.0 && !right);
            rows.push(vec![piece]);
        }
    };
    let mut piece: Vec<Letter> = Vec::new();
    let mut before: Option<Letter> = None;
    // The last letter of the piece that stands on its line.
    let mut level: Option<Letter> = None;
    for letter in &page.letters {
        if let Some(before) = before.filter(|_| !letter.c.is_whitespace()) {
            let size = letter.size.max(before.size);
            let base = level.filter(|level| is_raised(&before, level)).unwrap_or(before);
            let away = (letter.y - base.y).abs() <= 0.45 * size || level.is_some_and(|level| is_raised(letter, &level));
            // The number of a note may begin the line.
            let begins = is_raised(&before, letter) && piece.iter().all(|number| number.c.is_ascii_digit());
            let goes_on = (away || begins)
                && letter.x > before.x - 0.1 * size
                && letter.x - before.end <= PIECE_GAP * letter.size;
            if !goes_on {
                put(&mut piece);
                level = None;
            }
        }
        if !letter.c.is_whitespace() && level.is_none_or(|level| !is_raised(letter, &level)) {
            level = Some(*letter);
        }
        piece.push(*letter);
        before = if letter.c.is_whitespace() { before } else { Some(*letter) };
    }
    put(&mut piece);
    // Heads and feet of pages are drawn whenever it suits; a few steps back are theirs.
    let from_right = rows.iter().flatten().any(|piece| piece.text.chars().any(leftward));
    if backward > 3.max(count / 30) || from_right || goes_across(&rows) {
        return None;
    }
    Some(rows)
}

/// Whether a letter stands above the line that another stands on, smaller, as the number of a
/// note does.
fn is_raised(letter: &Letter, line: &Letter) -> bool {
    let above = line.y - letter.y;
    letter.size <= 0.85 * line.size && above > 0.15 * line.size && above <= 0.65 * line.size
}

/// A digit as it is written above the line.
fn superscript(c: char) -> char {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    c.to_digit(10).map_or(c, |digit| RAISED[digit as usize])
}

/// Whether lines were drawn across two columns of prose.
fn goes_across(rows: &[Vec<Piece>]) -> bool {
    let wide: Vec<Vec<Piece>> = rows.iter().filter(|row| row.len() > 1).cloned().collect();
    let column = extent(&wide);
    let Some(gutter) = gutter(&wide, column) else { return false };
    let side = |left: bool| -> Vec<Vec<Piece>> {
        let of = |row: &Vec<Piece>| row.iter().filter(|piece| (piece.end <= gutter) == left).cloned().collect();
        wide.iter().map(of).filter(|row: &Vec<Piece>| !row.is_empty()).collect()
    };
    is_prose(&side(true), gutter - column.0) && is_prose(&side(false), column.1 - gutter)
}

/// The rows of a page, from top to bottom.
fn rows(page: &Page) -> Vec<Vec<Piece>> {
    let mut letters: Vec<Letter> = page.letters.clone();
    letters.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut rows = Vec::new();
    let mut row: Vec<Letter> = Vec::new();
    let mut size: f32 = 0.0;
    for letter in letters {
        // Raised and lowered letters are less than half their line's size away.
        let away = row.first().map_or(0.0, |first| letter.y - first.y);
        if away > 0.45 * size.max(letter.size) {
            rows.extend(pieces(std::mem::take(&mut row), &page.links));
            size = 0.0;
        }
        size = size.max(letter.size);
        row.push(letter);
    }
    rows.extend(pieces(row, &page.links));
    rows
}

/// Parts a row at wide gaps.
fn pieces(mut row: Vec<Letter>, links: &[LinkArea]) -> Option<Vec<Piece>> {
    // A stable sort: letters on one spot stay in the order in which they were drawn.
    row.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut out: Vec<Piece> = Vec::new();
    let mut piece: Vec<Letter> = Vec::new();
    let mut end = f32::NEG_INFINITY;
    for letter in row {
        if letter.c.is_whitespace() {
            piece.push(letter);
            continue;
        }
        if end > f32::NEG_INFINITY && letter.x - end > PIECE_GAP * letter.size {
            out.extend(write(&std::mem::take(&mut piece), links));
        }
        end = end.max(letter.end);
        piece.push(letter);
    }
    out.extend(write(&piece, links));
    (!out.is_empty()).then_some(out)
}

/// Writes letters out, with spaces where they stand apart.
fn write(letters: &[Letter], links: &[LinkArea]) -> Option<Piece> {
    let black: Vec<&Letter> = letters.iter().filter(|letter| !letter.c.is_whitespace()).collect();
    let (first, last) = (black.first()?, black.last()?);
    let size = size(&black);
    let line = black.iter().rev().find(|letter| letter.size > 0.85 * size).copied();
    // Letters of a title may all stand apart; words stand further apart than they do.
    let mut gaps: Vec<f32> = black.windows(2).map(|pair| (pair[1].x - pair[0].end) / size).collect();
    gaps.sort_by(f32::total_cmp);
    let apart = 0.2 + gaps.get(gaps.len() / 2).copied().unwrap_or(0.0).clamp(0.0, 1.0);
    let mut text = String::new();
    let mut inks: Vec<(char, f32)> = Vec::new();
    let mut linked: Vec<(usize, String)> = Vec::new();
    let mut space = false;
    let mut before: Option<&Letter> = None;
    for letter in in_order(letters) {
        if letter.c.is_whitespace() {
            space = true;
            continue;
        }
        if let Some(before) = before {
            // Drawn twice, a little apart: that is how some make letters bold.
            if before.c == letter.c && (letter.x - before.x).abs() < 0.1 * letter.size {
                if let Some((_, ink)) = inks.last_mut() {
                    *ink *= 1.5;
                }
                continue;
            }
            let gap = if letter.x >= before.x { letter.x - before.end } else { before.x - letter.end };
            space |= gap > apart * letter.size.max(before.size);
        }
        let middle = ((letter.x + letter.end) / 2.0, letter.y - 0.3 * letter.size);
        let within = |range: (f32, f32), at: f32| range.0 <= at && at <= range.1;
        let link = links.iter().position(|link| within(link.x, middle.0) && within(link.y, middle.1));
        match (link, linked.last_mut()) {
            (Some(link), Some((open, words))) if *open == link => {
                if space {
                    words.push(' ');
                }
                words.push(letter.c);
            }
            (Some(link), _) => linked.push((link, letter.c.to_string())),
            (None, _) => {}
        }
        if space && !text.is_empty() {
            text.push(' ');
        }
        space = false;
        // The number of a note is none of the word before it.
        text.push(if line.is_some_and(|line| is_raised(letter, line)) { superscript(letter.c) } else { letter.c });
        inks.push((letter.c, letter.ink));
        before = Some(letter);
    }
    let links = linked.into_iter().map(|(link, words)| Link { text: words, target: links[link].target.clone() });
    let end = black.iter().map(|letter| letter.end).fold(last.end, f32::max);
    let y = black.iter().filter(|letter| letter.size > 0.8 * size).map(|letter| letter.y).next_back();
    Some(Piece { text, x: first.x, end, y: y.unwrap_or(first.y), size, links: links.collect(), inks })
}

/// The size of the middle letter.
fn size(letters: &[&Letter]) -> f32 {
    let mut sizes: Vec<f32> = letters.iter().map(|letter| letter.size).collect();
    sizes.sort_by(f32::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(10.0)
}

/// Whether a letter is Hebrew, Arabic or of their kin.
fn leftward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Letters in the order in which they are read: from the right where most are Hebrew or
/// Arabic, but for numbers and foreign words in between.
fn in_order(letters: &[Letter]) -> Vec<&Letter> {
    let mut all: Vec<&Letter> = letters.iter().collect();
    let from_right = letters.iter().filter(|letter| leftward(letter.c)).count();
    if from_right * 2 <= letters.iter().filter(|letter| letter.c.is_alphabetic()).count() || from_right == 0 {
        return all;
    }
    all.reverse();
    let mut at = 0;
    while at < all.len() {
        let foreign = |letter: &&Letter| letter.c.is_ascii_alphanumeric();
        let run = all[at..].iter().take_while(|letter| foreign(letter)).count();
        all[at..at + run].reverse();
        at += run.max(1);
    }
    all
}

/// Puts the rows of a page into reading order.
pub(super) fn order(rows: Rows, page: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let Rows { rows, drawn } = rows;
    if drawn {
        let mut block: Vec<Vec<Piece>> = Vec::new();
        let flush = |block: &mut Vec<Vec<Piece>>, out: &mut Vec<Line>| {
            let column = extent(block);
            out.extend(block.drain(..).map(|pieces| Line { pieces, column, page, drawn }));
        };
        for row in rows {
            // A step up begins another column or cell.
            let up = |last: &Vec<Piece>| row.first().zip(last.first()).is_some_and(|(row, last)| row.y < last.y);
            if block.last().is_some_and(up) {
                flush(&mut block, &mut out);
            }
            block.push(row);
        }
        flush(&mut block, &mut out);
        return out;
    }
    cut(rows, page, MAX_DEPTH, &mut out);
    out
}

fn extent(rows: &[Vec<Piece>]) -> (f32, f32) {
    let all = || rows.iter().flatten();
    (all().map(|piece| piece.x).fold(f32::MAX, f32::min), all().map(|piece| piece.end).fold(f32::MIN, f32::max))
}

fn cut(rows: Vec<Vec<Piece>>, page: usize, depth: u8, out: &mut Vec<Line>) {
    let column = extent(&rows);
    let plain = |rows: Vec<Vec<Piece>>, out: &mut Vec<Line>| {
        let column = extent(&rows);
        out.extend(rows.into_iter().map(|pieces| Line { pieces, column, page, drawn: false }));
    };
    let Some(gutter) = (depth > 0).then(|| gutter(&rows, column)).flatten() else { return plain(rows, out) };
    let crosses = |row: &[Piece]| row.iter().any(|piece| piece.x < gutter && piece.end > gutter);
    let mut band: Vec<Vec<Piece>> = Vec::new();
    let mut whole: Vec<Vec<Piece>> = Vec::new();
    let flush = |band: &mut Vec<Vec<Piece>>, whole: &mut Vec<Vec<Piece>>, out: &mut Vec<Line>| {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for row in &*band {
            let (before, behind): (Vec<Piece>, Vec<Piece>) = row.iter().cloned().partition(|piece| piece.end <= gutter);
            left.extend((!before.is_empty()).then_some(before));
            right.extend((!behind.is_empty()).then_some(behind));
        }
        if is_prose(&left, gutter - column.0) && is_prose(&right, column.1 - gutter) {
            out.extend(std::mem::take(whole).into_iter().map(|pieces| Line { pieces, column, page, drawn: false }));
            cut(left, page, depth - 1, out);
            cut(right, page, depth - 1, out);
            band.clear();
        } else {
            whole.append(band);
        }
    };
    for row in rows {
        if crosses(&row) {
            flush(&mut band, &mut whole, out);
            whole.push(row);
        } else {
            band.push(row);
        }
    }
    flush(&mut band, &mut whole, out);
    out.extend(whole.into_iter().map(|pieces| Line { pieces, column, page, drawn: false }));
}

/// Where a gutter may run: the place in the middle that the fewest rows cross, if most do
/// not, and enough of them stand on both sides of it.
fn gutter(rows: &[Vec<Piece>], column: (f32, f32)) -> Option<f32> {
    let width = column.1 - column.0;
    let size = rows.iter().flatten().map(|piece| piece.size).fold(0.0, f32::max).min(14.0);
    if rows.len() < 4 || width < 24.0 * size || !width.is_finite() {
        return None;
    }
    let stripe = |x: f32| (((x - column.0) / width * STRIPES as f32) as usize).min(STRIPES - 1);
    let mut crossed = [0usize; STRIPES];
    for piece in rows.iter().flatten() {
        for count in &mut crossed[stripe(piece.x)..=stripe(piece.end)] {
            *count += 1;
        }
    }
    let middle = STRIPES / 5..STRIPES - STRIPES / 5;
    let least = crossed[middle.clone()].iter().min().copied()?;
    if least * 10 > rows.len() * 4 {
        return None;
    }
    // The widest run of stripes that hardly more rows cross.
    let (mut best, mut from) = ((0, 0), middle.start);
    for at in middle.start..=middle.end {
        let run_ends = at == middle.end || crossed.get(at).is_some_and(|count| *count > least);
        if run_ends {
            best = if at - from > best.1 - best.0 { (from, at) } else { best };
            from = at + 1;
        }
    }
    let wide = (best.1 - best.0) as f32 * width / STRIPES as f32;
    let at = column.0 + (best.0 + best.1) as f32 / 2.0 * width / STRIPES as f32;
    (wide >= 0.5 * size).then_some(at)
}

/// Whether pieces fill a column as prose does; the cells of a table do not.
fn is_prose(rows: &[Vec<Piece>], width: f32) -> bool {
    if rows.len() < 3 {
        return false;
    }
    let mut widths: Vec<f32> = rows
        .iter()
        .map(|row| row.last().map_or(0.0, |last| last.end) - row.first().map_or(0.0, |first| first.x))
        .collect();
    widths.sort_by(f32::total_cmp);
    let words: usize = rows.iter().flatten().map(|piece| piece.text.split(' ').count()).sum();
    widths[widths.len() / 2] >= 0.6 * width && words >= rows.len() * 7 / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with these pieces: where they begin, their baseline, their words.
    fn page(pieces: &[(f32, f32, &str)]) -> Page {
        let letters = pieces.iter().flat_map(|(x, y, text)| {
            text.chars().enumerate().map(move |(i, c)| {
                let x = x + 5.0 * i as f32;
                Letter { c, x, end: x + 5.0, y: *y, size: 10.0, ink: 1.0, furniture: false }
            })
        });
        Page { height: 842.0, letters: letters.collect(), links: Vec::new() }
    }

    fn read(pieces: &[(f32, f32, &str)]) -> String {
        let lines = order(rows_of(&page(pieces)), 0);
        lines.iter().map(Line::text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn columns_are_read_one_after_the_other_and_tables_row_by_row() {
        let left = [
            "We collect the data that you",
            "give us, and nothing that we",
            "do not need to run the shop",
            "for you and for its makers.",
        ];
        let right = [
            "You may ask us for a copy of",
            "it, and to have it erased as",
            "soon as you do not want our",
            "goods and letters any more.",
        ];
        let mut pieces = vec![(50.0, 40.0, "A heading across the two columns that is as wide as they are together")];
        for (i, (left, right)) in left.iter().zip(right).enumerate() {
            let y = 60.0 + 12.0 * i as f32;
            pieces.extend([(50.0, y, *left), (230.0, y + 1.0, right)]);
        }
        pieces.push((50.0, 140.0, "And a last line of the page which runs across both of its columns again"));
        let expected = [&[pieces[0].2], &left[..], &right[..], &[pieces[9].2]].concat().join("\n");
        assert_eq!(read(&pieces), expected);

        let table: Vec<_> = (0..6)
            .flat_map(|i| {
                let y = 60.0 + 12.0 * i as f32;
                [(50.0, y, "_ga"), (150.0, y, "1 year"), (300.0, y, "counting")]
            })
            .collect();
        assert_eq!(read(&table), ["_ga 1 year counting"; 6].join("\n"));
    }

    #[test]
    fn numbers_of_notes_stand_in_their_line() {
        let mut all = page(&[(50.0, 60.0, "our partners"), (114.0, 60.0, " in the EU"), (50.0, 72.0, "and beyond")]);
        let raised = |c: char, x: f32, y: f32| Letter { c, x, end: x + 3.5, y, size: 7.0, ink: 1.0, furniture: false };
        all.letters.insert(12, raised('2', 110.0, 55.0));
        // The note itself begins with its number.
        all.letters.extend([raised('2', 50.0, 695.0)]);
        all.letters.extend(page(&[(54.0, 700.0, "listed there")]).letters);
        let lines = order(rows_of(&all), 0);
        let text: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(text, ["our partners² in the EU", "and beyond", "²listed there"]);
    }

    #[test]
    fn letters_that_stand_apart_are_words() {
        // Words without spaces between them, a raised figure, letters drawn twice.
        let pieces = [(50.0, 50.0, "We"), (50.2, 50.0, "We"), (62.5, 50.0, "collect"), (97.5, 46.0, "1")];
        assert_eq!(read(&pieces), "We collect1");
        assert_eq!(read(&[(50.0, 50.0, "P\u{a0}a \u{2003}b")]), "P a b");
    }

    #[test]
    fn hebrew_is_read_from_the_right() {
        assert_eq!(read(&[(50.0, 50.0, "25 םולש")]), "שלום 25");
    }
}
