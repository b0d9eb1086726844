//! Charts as pictures for mails: PNG with a transparent background. A character that no font has would leave a hole,
//! so a chart with one gives no picture.
//!
//! Text is set one character after the other, which is right for Chinese, Latin, Greek and Cyrillic letters. Letters
//! that
//! change their shape with their neighbours (Arabic, Tibetan, …) and marks on other letters give no picture either.

use crate::chart::{Anchor, Class, Colour, Colours, Drawing, HEIGHT, Point, SIZE, Shape, WIDTH};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use tiny_skia::{
    FillRule, LineJoin, Paint, Path as Outline, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};
use ttf_parser::{Face, GlyphId, Tag, name_id};
use unicode_width::UnicodeWidthChar;

/// Pixels for each unit of the drawing: sharp on the screens of phones.
const SCALE: f32 = 2.0;
/// The most bytes of a font file that are read.
const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The weight of a font that has many.
const REGULAR: f32 = 400.0;

/// Family of the embedded font, see `fonts/README.md`.
const DELIVERED_FAMILY: &str = "Noto Sans CJK SC";
static DELIVERED: LazyLock<Font> = LazyLock::new(|| {
    let packed = include_bytes!("fonts/noto-sans-cjk-sc-gb2312.otf.deflate");
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .expect("the font is delivered whole");
    Font { bytes: bytes.into(), index: 0 }
});

/// Where machines usually keep a font with rare characters of names; the first that exists is used.
const OF_MACHINES: [&str; 9] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:\\Windows\\Fonts\\msyh.ttc",
];

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undrawn {
    /// The configured font cannot be used.
    #[error("[mail] font {path}: {said}", path = .path.display())]
    Font {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        said: String,
    },
    /// No font has a character.
    #[error("no font has the character {0:?}; name one that has it as [mail] font")]
    NoGlyph(char),
    /// A character whose shape depends on its neighbours.
    #[error("the character {0:?} belongs to a script that pictures cannot show")]
    Unshaped(char),
    /// A text is wider than the picture.
    #[error("a text of {0} characters goes beyond the edge of the picture")]
    TooWide(usize),
    /// The picture could not be written.
    #[error("the picture cannot be written: {0}")]
    Unwritten(String),
}

/// One face of a font file.
#[derive(Clone)]
struct Font {
    bytes: Arc<[u8]>,
    /// Which face of a collection.
    index: u32,
}

impl Font {
    /// The face that is meant for simplified Chinese, else the first one, and its family's name.
    fn read(bytes: Vec<u8>) -> Option<(Self, String)> {
        let count = ttf_parser::fonts_in_collection(&bytes).unwrap_or(1);
        let names: Vec<(u32, Vec<String>)> = (0..count)
            .filter_map(|index| Some((index, families(&Face::parse(&bytes, index).ok()?))))
            .filter(|(_, names)| !names.is_empty())
            .collect();
        let is_chinese = |names: &[String]| names.iter().any(|name| name.ends_with(" SC"));
        let (index, names) =
            names.iter().find(|(_, names)| is_chinese(names)).or_else(|| names.first())?;
        let (index, family) = (*index, names.first()?.clone());
        Some((Self { bytes: bytes.into(), index }, family))
    }

    fn face(&self) -> Option<Face<'_>> {
        let mut face = Face::parse(&self.bytes, self.index).ok()?;
        if face.is_variable() {
            // A font without this axis stays as it is.
            let _ = face.set_variation(Tag::from_bytes(b"wght"), REGULAR);
        }
        Some(face)
    }
}

/// The names of a face's family, those in English first.
fn families(face: &Face<'_>) -> Vec<String> {
    let mut named: Vec<(bool, u16, String)> = face
        .names()
        .into_iter()
        .filter(|name| [name_id::TYPOGRAPHIC_FAMILY, name_id::FAMILY].contains(&name.name_id))
        .filter_map(|name| {
            let is_foreign = name.language().primary_language() != "English";
            // The typographic family, number 16, comes before the other, number 1.
            Some((is_foreign, u16::MAX - name.name_id, name.to_string()?))
        })
        .collect();
    named.sort();
    named.into_iter().map(|(_, _, name)| name).collect()
}

/// Draws charts with its fonts.
#[derive(Clone)]
pub struct Painter {
    /// In order: a character comes from the first font that has it.
    fonts: Vec<Font>,
    family: String,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painter").field("family", &self.family).finish_non_exhaustive()
    }
}

impl Painter {
    /// A painter with the embedded font.
    pub fn delivered() -> Self {
        Self { fonts: vec![DELIVERED.clone()], family: DELIVERED_FAMILY.to_owned() }
    }

    /// A painter with a configured font; characters that it lacks come from the embedded one.
    pub fn with_font(path: &Path) -> Result<Self, Undrawn> {
        let unusable = |said: String| Undrawn::Font { path: path.to_owned(), said };
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(FONT_BYTES_MAX).read_to_end(&mut bytes))
            .map_err(|error| unusable(error.to_string()))?;
        let (font, family) =
            Font::read(bytes).ok_or_else(|| unusable("it is not a font".to_owned()))?;
        Ok(Self { fonts: vec![font, DELIVERED.clone()], family })
    }

    /// The family name of the first font.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Whether every character of a name can be drawn.
    pub fn check(&self, name: &str) -> Result<(), Undrawn> {
        self.with_rare(|faces| text_outline(faces, (0.0, 0.0), Anchor::Start, name).map(|_| ()))
    }

    /// A chart as PNG. Characters that the painter's fonts lack come from a font of this machine; a character that no
    /// font has is an error.
    pub fn png(&self, drawing: &Drawing, colours: &Colours) -> Result<Vec<u8>, Undrawn> {
        let pixels = self.with_rare(|faces| draw(faces, &drawing.shapes, colours))?;
        packed(&pixels).map_err(|error| Undrawn::Unwritten(error.to_string()))
    }

    /// Works with the painter's fonts; where they lack a character, once more with a font of this machine.
    fn with_rare<T>(&self, work: impl Fn(&[Face<'_>]) -> Result<T, Undrawn>) -> Result<T, Undrawn> {
        let faces: Vec<Face<'_>> = self.fonts.iter().filter_map(Font::face).collect();
        let missing = match work(&faces) {
            Err(missing @ Undrawn::NoGlyph(_)) => missing,
            done => return done,
        };
        let found = OF_MACHINES.iter().find_map(|path| std::fs::read(path).ok());
        let Some((font, _)) = found.and_then(Font::read) else { return Err(missing) };
        work(&faces.iter().cloned().chain(font.face()).collect::<Vec<_>>())
    }
}

fn draw(faces: &[Face<'_>], shapes: &[Shape], colours: &Colours) -> Result<Pixmap, Undrawn> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundreds")]
    let pixels = |units: u32| (f64::from(units) * f64::from(SCALE)) as u32;
    let mut out = Pixmap::new(pixels(WIDTH), pixels(HEIGHT))
        .ok_or_else(|| Undrawn::Unwritten("it has no size".to_owned()))?;
    let scale = Transform::from_scale(SCALE, SCALE);
    for shape in shapes {
        match shape {
            Shape::Line { class, points, width, dash, is_round, opacity } => {
                let stroke = Stroke {
                    width: near(*width),
                    line_join: if *is_round { LineJoin::Round } else { LineJoin::Miter },
                    dash: dash
                        .and_then(|(dash, gap)| StrokeDash::new(vec![near(dash), near(gap)], 0.0)),
                    ..Stroke::default()
                };
                let paint = paint(colours.of(*class), *opacity);
                if let Some(path) = polyline(points) {
                    out.stroke_path(&path, &paint, &stroke, scale, None);
                }
            }
            Shape::Area { class, points, opacity } => {
                let paint = paint(colours.of(*class), *opacity);
                if let Some(path) = polyline(points) {
                    out.fill_path(&path, &paint, FillRule::Winding, scale, None);
                }
            }
            Shape::Told { .. } => {}
            Shape::Dot { class, at: (x, y), radius } => {
                let paint = paint(colours.of(*class), 1.0);
                if let Some(path) = PathBuilder::from_circle(near(*x), near(*y), near(*radius)) {
                    out.fill_path(&path, &paint, FillRule::Winding, scale, None);
                }
            }
            Shape::Text { at, anchor, said } => {
                let paint = paint(colours.of(Class::Text), 1.0);
                if let Some(path) = text_inside(faces, *at, *anchor, said)? {
                    out.fill_path(&path, &paint, FillRule::Winding, scale, None);
                }
            }
        }
    }
    Ok(out)
}

/// A length in the numbers of the canvas.
#[expect(clippy::cast_possible_truncation, reason = "a drawing is some hundred units wide")]
fn near(length: f64) -> f32 {
    length as f32
}

fn paint(colour: Colour, opacity: f64) -> Paint<'static> {
    let Colour::Rgb(red, green, blue) = colour else { return Paint::default() };
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    if let tiny_skia::Shader::SolidColor(colour) = &mut paint.shader {
        colour.apply_opacity(near(opacity));
    }
    paint
}

/// A line through points; `None` where it has no length.
fn polyline(points: &[Point]) -> Option<Outline> {
    let mut path = PathBuilder::new();
    for (n, (x, y)) in points.iter().enumerate() {
        let (x, y) = (near(*x), near(*y));
        if n == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path.finish()
}

/// The outline of a text that lies within the drawing from left to right; `None` where nothing is to be seen.
fn text_inside(
    faces: &[Face<'_>],
    at: Point,
    anchor: Anchor,
    said: &str,
) -> Result<Option<Outline>, Undrawn> {
    let (outline, (left, right)) = text_outline(faces, at, anchor, said)?;
    if left < 0.0 || right > WIDTH as f32 {
        return Err(Undrawn::TooWide(said.chars().count()));
    }
    Ok(outline)
}

/// The outline of a text, and where it starts and ends.
fn text_outline(
    faces: &[Face<'_>],
    (x, y): Point,
    anchor: Anchor,
    said: &str,
) -> Result<(Option<Outline>, (f32, f32)), Undrawn> {
    let mut set = Vec::new();
    let mut wide = 0.0;
    for character in said.chars().filter(|c| !c.is_control()) {
        if is_shaped(character) {
            return Err(Undrawn::Unshaped(character));
        }
        let found = faces.iter().find_map(|face| Some((face, face.glyph_index(character)?)));
        let (face, glyph) = found.ok_or(Undrawn::NoGlyph(character))?;
        set.push((face, glyph, wide));
        wide += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * unit(face);
    }
    let left = match anchor {
        Anchor::Start => near(x),
        Anchor::Middle => near(x) - wide / 2.0,
        Anchor::End => near(x) - wide,
    };
    let mut pen = Pen { path: PathBuilder::new(), at: (0.0, near(y)), unit: 1.0 };
    for (face, glyph, offset) in set {
        pen.at.0 = left + offset;
        pen.unit = unit(face);
        outline(face, glyph, &mut pen);
    }
    Ok((pen.path.finish(), (left, left + wide)))
}

fn outline(face: &Face<'_>, glyph: GlyphId, pen: &mut Pen) {
    // A glyph without an outline is a space.
    let _ = face.outline_glyph(glyph, pen);
}

/// Units of the drawing for one of the font's.
fn unit(face: &Face<'_>) -> f32 {
    near(SIZE) / f32::from(face.units_per_em())
}

/// Whether a character's shape depends on its neighbours: marks on other letters, and letters of scripts that join,
/// stack or run from right to left.
fn is_shaped(c: char) -> bool {
    c.width() == Some(0)
        || matches!(c,
            '\u{0590}'..='\u{109f}' // Hebrew to Myanmar
            | '\u{1700}'..='\u{18af}' // Philippine scripts, Khmer, Mongolian
            | '\u{1900}'..='\u{1cff}' // Limbu to Vedic
            | '\u{a800}'..='\u{abff}' // Syloti Nagri to Meetei Mayek
            | '\u{fb1d}'..='\u{fdff}' // forms of Hebrew and Arabic
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{11fff}') // old scripts from right to left, Indian scripts
}

/// Draws glyphs: from a font's units with y upwards to the drawing's with y downwards.
struct Pen {
    path: PathBuilder,
    at: (f32, f32),
    unit: f32,
}

impl Pen {
    fn x(&self, x: f32) -> f32 {
        self.at.0 + x * self.unit
    }

    fn y(&self, y: f32) -> f32 {
        self.at.1 - y * self.unit
    }
}

impl ttf_parser::OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x(x), self.y(y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x(x), self.y(y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x(x1), self.y(y1), self.x(x), self.y(y));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (x1, y1, x2, y2) = (self.x(x1), self.y(y1), self.x(x2), self.y(y2));
        self.path.cubic_to(x1, y1, x2, y2, self.x(x), self.y(y));
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// A PNG with a palette: charts have few colours, so that this takes a quarter of the bytes.
fn packed(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let colours: Vec<[u8; 4]> = pixels
        .pixels()
        .iter()
        .map(|pixel| {
            let colour = pixel.demultiply();
            [colour.red(), colour.green(), colour.blue(), colour.alpha()]
        })
        .collect();
    // Colours that differ only in their last three bits become one: the most opaque of them.
    let coarse =
        |colour: [u8; 4]| if colour[3] == 0 { [0; 4] } else { colour.map(|part| part >> 3) };
    let runs = || colours.chunk_by(PartialEq::eq).map(|run| (run[0], run.len()));
    let mut palette: BTreeMap<[u8; 4], [u8; 4]> = BTreeMap::new();
    for (colour, _) in runs() {
        let kept = palette.entry(coarse(colour)).or_insert(colour);
        if colour[3] > kept[3] {
            *kept = colour;
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
    if palette.len() > usize::from(u8::MAX) {
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(colours.as_flattened())?;
        writer.finish()?;
        return Ok(out);
    }
    let numbers: BTreeMap<[u8; 4], u8> = palette.keys().copied().zip(0..).collect();
    let indices: Vec<u8> = runs()
        .flat_map(|(colour, long)| std::iter::repeat_n(numbers[&coarse(colour)], long))
        .collect();
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder
        .set_palette(palette.values().flat_map(|colour| colour[..3].to_vec()).collect::<Vec<_>>());
    encoder.set_trns(palette.values().map(|colour| colour[3]).collect::<Vec<_>>());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&indices)?;
    writer.finish()?;
    Ok(out)
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
