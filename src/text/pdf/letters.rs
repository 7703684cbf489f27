//! A PDF's letters: each with its place on the page, its size and how much ink it takes.

use std::collections::BTreeMap;

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, Object, Rect as Area, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page as PdfPage;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Shape};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, RenderContent, SoftMask, TransformExt, interpret_page,
};

use crate::reading::{Unreadable, Why};

/// More pages than this are no policy; the longest known has some hundred.
const MAX_PAGES: usize = 2000;

/// More letters than this are no policy: some 300,000 words.
const MAX_LETTERS: usize = 2_000_000;

/// Most links on a page.
const MAX_LINKS: usize = 2000;

/// A letter on a page. The page's upper left corner is the origin; unit: point (1/72 inch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Letter {
    pub(super) c: char,
    /// Where it begins.
    pub(super) x: f32,
    /// Where it ends.
    pub(super) end: f32,
    /// Its baseline.
    pub(super) y: f32,
    /// The font's size.
    pub(super) size: f32,
    /// The area that its outline covers, in a font of size 1000; 0 if that is not known.
    pub(super) ink: f32,
    /// Whether the file says that it is furniture of the page: a running head, a number.
    pub(super) furniture: bool,
}

/// A place on a page that leads elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LinkArea {
    pub(super) x: (f32, f32),
    pub(super) y: (f32, f32),
    pub(super) target: String,
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) height: f32,
    pub(super) letters: Vec<Letter>,
    pub(super) links: Vec<LinkArea>,
}

/// What a document holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) pages: Vec<Page>,
    pub(super) title: Option<String>,
}

/// Reads the letters of a document.
pub(super) fn read(body: &[u8]) -> Result<Document, Unreadable> {
    let unsupported = |evidence: String| Unreadable::new(Why::UnsupportedType, evidence);
    let pdf = Pdf::new(body.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            unsupported("a PDF that opens only with a password (encrypted)".to_owned())
        }
        LoadPdfError::Decryption(_) => unsupported("an encrypted PDF whose encryption is not known".to_owned()),
        LoadPdfError::Invalid => Unreadable::new(Why::Malformed, "the PDF document is damaged: it has no pages"),
    })?;
    let pages = pdf.pages();
    if pages.len() > MAX_PAGES {
        return Err(unsupported(format!("a PDF of {} pages, more than the {MAX_PAGES} that are read", pages.len())));
    }
    let cache = InterpreterCache::new();
    let settings = InterpreterSettings { render_content: RenderContent::PAGE, ..InterpreterSettings::default() };
    let mut document = Document { title: pdf.metadata().title.as_deref().and_then(title), ..Document::default() };
    let mut inks = BTreeMap::new();
    let mut room = MAX_LETTERS;
    for page in pages.iter() {
        let place = page.initial_transform(true).to_kurbo();
        let (width, height) = page.render_dimensions();
        let mut pen = Pen {
            size: (f64::from(width), f64::from(height)),
            room,
            full: false,
            inks: std::mem::take(&mut inks),
            marks: Vec::new(),
            turned: Default::default(),
        };
        let mut context = Context::new(place, Rect::new(0.0, 0.0, 1.0, 1.0), &cache, pdf.xref(), settings.clone());
        interpret_page(page, &mut context, &mut pen);
        if pen.full {
            return Err(unsupported(format!("a PDF of more than {MAX_LETTERS} letters")));
        }
        room = pen.room;
        inks = std::mem::take(&mut pen.inks);
        let (letters, upright) = pen.upright();
        let links = if upright { links(page, place) } else { Vec::new() };
        document.pages.push(Page { height, letters, links });
    }
    Ok(document)
}

/// A text string: UTF-16 or UTF-8 behind a byte order mark, else about Latin-1.
fn text(bytes: &[u8]) -> String {
    if let Some(wide) = bytes.strip_prefix(b"\xfe\xff") {
        let units: Vec<u16> = wide.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => String::from_utf8_lossy(rest).into_owned(),
        None => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The title of the properties, unless it is only a file's name.
fn title(bytes: &[u8]) -> Option<String> {
    let title: String = super::plain::fold(&text(bytes)).chars().take(200).collect();
    let lower = title.to_lowercase();
    let file = [".doc", ".docx", ".pdf", ".indd", ".odt", ".rtf", ".txt"].iter().any(|end| lower.ends_with(end));
    let empty = !title.chars().any(char::is_alphabetic) || lower == "untitled";
    (!file && !empty).then_some(title)
}

/// The places of a page that lead to an address.
fn links(page: &PdfPage<'_>, place: Affine) -> Vec<LinkArea> {
    let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else { return Vec::new() };
    let area = |annotation: Dict<'_>| {
        if annotation.get::<Name<'_>>("Subtype")?.as_ref() != b"Link" {
            return None;
        }
        let target = annotation.get::<Dict<'_>>("A")?.get::<PdfString<'_>>("URI")?;
        let target = text(&target).trim().to_owned();
        let area = annotation.get::<Area>("Rect")?;
        let (a, b) = (place * Point::new(area.x0, area.y0), place * Point::new(area.x1, area.y1));
        let sorted = |a: f64, b: f64| (a.min(b) as f32, a.max(b) as f32);
        (!target.is_empty() && target.len() <= 2000).then(|| LinkArea {
            x: sorted(a.x, b.x),
            y: sorted(a.y, b.y),
            target,
        })
    };
    annotations.iter::<Dict<'_>>().take(MAX_LINKS).filter_map(area).collect()
}

/// Writes down what a page draws.
struct Pen {
    size: (f64, f64),
    room: usize,
    full: bool,
    /// The ink of each glyph, by what identifies it.
    inks: BTreeMap<u128, f32>,
    /// Of each marked content that is open, whether it is furniture.
    marks: Vec<bool>,
    /// The letters by the direction in which they run: right, down, left, up; first those
    /// that are seen, then those that are not (the text behind a scan).
    turned: [[Vec<Letter>; 4]; 2],
}

impl Pen {
    /// The letters that run as most do, turned upright; the others are stamps.
    fn upright(self) -> (Vec<Letter>, bool) {
        let [seen, unseen] = self.turned;
        let turned = if seen.iter().all(Vec::is_empty) { unseen } else { seen };
        let most = (0..4).rev().max_by_key(|turn| turned[*turn].len()).unwrap_or(0);
        (turned.into_iter().nth(most).unwrap_or_default(), most == 0)
    }

    fn ink(&mut self, glyph: &Glyph<'_>) -> f32 {
        let Glyph::Outline(glyph) = glyph else { return 0.0 };
        *self.inks.entry(glyph.identifier().cache_key()).or_insert_with(|| glyph.outline().area().abs() as f32)
    }

    fn put(&mut self, glyph: &Glyph<'_>, to_page: Affine, seen: bool) {
        let Some(unicode) = glyph.as_unicode() else { return };
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let origin = to_page * Point::ZERO;
        let end = to_page * Point::new(f64::from(advance.unwrap_or(500.0)), 0.0);
        let up = to_page * Point::new(0.0, 1000.0);
        let size = (up - origin).hypot();
        let (dx, dy) = (end.x - origin.x, end.y - origin.y);
        let (turn, x, y, until) = match (dx.abs() >= dy.abs(), dx >= 0.0, dy >= 0.0) {
            (true, true, _) => (0, origin.x, origin.y, end.x),
            (true, false, _) => (2, -origin.x, -origin.y, -end.x),
            (false, _, true) => (1, origin.y, -origin.x, end.y),
            (false, _, false) => (3, -origin.y, origin.x, -end.y),
        };
        let inside = |at: f64, size: f64| at > -2.0 && at < size + 2.0;
        let slanted = dx.abs().min(dy.abs()) > 0.2 * dx.abs().max(dy.abs());
        let sound = size.is_finite() && (0.5..2000.0).contains(&size);
        if slanted || !sound || !inside(origin.x, self.size.0) || !inside(origin.y, self.size.1) {
            return;
        }
        let ink = self.ink(glyph);
        let furniture = self.marks.iter().any(|furniture| *furniture);
        let mut push = |c: char| {
            if self.room == 0 {
                self.full = true;
                return;
            }
            self.room -= 1;
            let letter = Letter { c, x: x as f32, end: until as f32, y: y as f32, size: size as f32, ink, furniture };
            self.turned[usize::from(!seen)][turn].push(letter);
        };
        match unicode {
            BfString::Char(c) => spelled(c, &mut push),
            BfString::String(text) => text.chars().for_each(|c| spelled(c, &mut push)),
        }
    }
}

/// A ligature is the letters that it stands for.
fn spelled(c: char, push: &mut impl FnMut(char)) {
    match c {
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' | '\u{fb06}' => "st",
        _ => return push(c),
    }
    .chars()
    .for_each(push);
}

impl Device<'_> for Pen {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}

    fn push_clip_path(&mut self, _: &ClipPath) {}

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, mode: &DrawMode) {
        let seen = !matches!(mode, DrawMode::Invisible);
        for glyph in run.glyphs() {
            self.put(glyph, props.transform * glyph.transform(), seen);
        }
    }

    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        // Only what is named pagination: some writers call whole pages artifacts.
        let pagination = |properties: &Dict<'_>| matches!(properties.get::<Object<'_>>("Type"), Some(Object::Name(name)) if name.as_ref() == b"Pagination");
        self.marks.push(tag == b"Artifact" && properties.is_some_and(pagination));
    }

    fn end_marked_content(&mut self) {
        self.marks.pop();
    }
}
