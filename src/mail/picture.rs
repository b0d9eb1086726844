//! Drawings become pictures for mails. What resvg cannot find it leaves out without a word, so the font's own name is
//! written into the drawing, and a drawing with a character that no font has is no picture.

use crate::characters::escaped;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::roxmltree::Document;
use resvg::usvg::{self, Group, Node, Options, Text, Tree};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// The namespace of drawings.
const SVG: &str = "http://www.w3.org/2000/svg";

/// Dots for each unit of the drawing: sharp on the screens of phones.
const SCALE: f32 = 2.0;
/// The longest font file that is read.
const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Family of the font that is delivered, see `fonts/README.md`.
const DELIVERED_FAMILY: &str = "Noto Sans CJK SC";
static DELIVERED: LazyLock<Arc<Vec<u8>>> = LazyLock::new(|| {
    let packed = include_bytes!("fonts/noto-sans-cjk-sc-gb2312.otf.deflate");
    let mut font = Vec::new();
    flate2::read::DeflateDecoder::new(&packed[..])
        .read_to_end(&mut font)
        .expect("the font is delivered whole");
    Arc::new(font)
});

/// Where machines keep a font with the rare characters of names; the first that is there is used.
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
    /// A text is longer than there is room.
    #[error("a text of {0} characters goes beyond the edge of the drawing")]
    TooWide(usize),
    /// The drawing is none.
    #[error("the drawing cannot be read: {0}")]
    NotDrawing(String),
}

/// Fonts, and what draws with them.
#[derive(Clone)]
pub struct Painter {
    fonts: Arc<Database>,
    family: String,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painter").field("family", &self.family).finish_non_exhaustive()
    }
}

impl Painter {
    /// Draws with the font that is delivered.
    pub fn delivered() -> Self {
        let mut fonts = Database::new();
        fonts.load_font_source(Source::Binary(DELIVERED.clone()));
        Self { fonts: Arc::new(fonts), family: DELIVERED_FAMILY.to_owned() }
    }

    /// Draws with a font of one's own; what it lacks comes from the one that is delivered.
    pub fn with_font(path: &Path) -> Result<Self, Undrawn> {
        let unusable = |said: String| Undrawn::Font { path: path.to_owned(), said };
        let mut font = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(FONT_BYTES_MAX).read_to_end(&mut font))
            .map_err(|error| unusable(error.to_string()))?;
        let mut fonts = Database::new();
        fonts.load_font_data(font);
        let chinese = |face: &&usvg::fontdb::FaceInfo| {
            face.families.iter().any(|(name, _)| name.ends_with(" SC"))
        };
        let face = fonts.faces().find(chinese).or_else(|| fonts.faces().next());
        let family = face.and_then(|face| face.families.first()).map(|(name, _)| name.clone());
        let family = family.ok_or_else(|| unusable("it is no font".to_owned()))?;
        fonts.load_font_source(Source::Binary(DELIVERED.clone()));
        Ok(Self { fonts: Arc::new(fonts), family })
    }

    /// The name that drawings give to their font.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Whether every character of a name can be drawn.
    pub fn check(&self, name: &str) -> Result<(), Undrawn> {
        let (wide, family) = (40 + 20 * name.len(), escaped(&self.family));
        let text = format!("x=\"9\" y=\"16\" font-size=\"16\" font-family=\"{family}\"");
        let svg = format!(
            "<svg xmlns=\"{SVG}\" viewBox=\"0 0 {wide} 20\"><text {text}>{}</text></svg>",
            escaped(name)
        );
        self.png(&svg).map(|_| ())
    }

    /// A drawing as PNG, with every character in it. Characters that are rare come from a font of this machine.
    pub fn png(&self, svg: &str) -> Result<Vec<u8>, Undrawn> {
        match draw(svg, self.fonts.clone()) {
            Err(missing @ Undrawn::NoGlyph(_)) => {
                let Some(font) = OF_MACHINES.iter().find_map(|path| std::fs::read(path).ok())
                else {
                    return Err(missing);
                };
                let mut more = (*self.fonts).clone();
                more.load_font_data(font);
                draw(svg, Arc::new(more))
            }
            drawn => drawn,
        }
    }
}

fn draw(svg: &str, fontdb: Arc<Database>) -> Result<Vec<u8>, Undrawn> {
    let options = Options { fontdb, ..Options::default() };
    let wrong = |error: String| Undrawn::NotDrawing(error);
    let document = Document::parse(svg).map_err(|error| wrong(error.to_string()))?;
    let tree = Tree::from_xmltree(&document, &options).map_err(|error| wrong(error.to_string()))?;
    // A text without any font is not even in the tree.
    let written = document.descendants().filter(|node| node.has_tag_name((SVG, "text")));
    let mut first = written.filter_map(|node| node.text()?.chars().find(|c| !c.is_whitespace()));
    if let Some(lost) = first.nth(texts(tree.root()).len()) {
        return Err(Undrawn::NoGlyph(lost));
    }
    let size = tree.size();
    for text in texts(tree.root()) {
        check(text, size)?;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a drawing has a size above zero and of some thousand dots"
    )]
    let dots = |units: f32| (units * SCALE).ceil() as u32;
    let mut pixels = Pixmap::new(dots(size.width()), dots(size.height()))
        .ok_or_else(|| wrong("it has no size".to_owned()))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    packed(&pixels).map_err(|error| wrong(error.to_string()))
}

/// A PNG with a palette: charts have few colours, and a quarter of the bytes is enough for them.
fn packed(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let colours: Vec<[u8; 4]> = pixels
        .pixels()
        .iter()
        .map(|pixel| {
            let colour = pixel.demultiply();
            [colour.red(), colour.green(), colour.blue(), colour.alpha()]
        })
        .collect();
    // Colours that differ in their last bits are one; the most solid of them stands for all.
    let near = |colour: [u8; 4]| if colour[3] == 0 { [0; 4] } else { colour.map(|part| part >> 3) };
    let runs = || colours.chunk_by(PartialEq::eq).map(|run| (run[0], run.len()));
    let mut palette: BTreeMap<[u8; 4], [u8; 4]> = BTreeMap::new();
    for (colour, _) in runs() {
        let kept = palette.entry(near(colour)).or_insert(colour);
        if colour[3] > kept[3] {
            *kept = colour;
        }
    }
    if palette.len() > usize::from(u8::MAX) {
        return pixels.encode_png();
    }
    let numbers: BTreeMap<[u8; 4], u8> = palette.keys().copied().zip(0..).collect();
    let indices: Vec<u8> = runs()
        .flat_map(|(colour, long)| std::iter::repeat_n(numbers[&near(colour)], long))
        .collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
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

fn texts(group: &Group) -> Vec<&Text> {
    group
        .children()
        .iter()
        .flat_map(|node| match node {
            Node::Text(text) => vec![&**text],
            Node::Group(group) => texts(group),
            _ => Vec::new(),
        })
        .collect()
}

/// Every character has a glyph, and all of it lies inside.
fn check(text: &Text, size: usvg::Size) -> Result<(), Undrawn> {
    let mut glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
    if let Some(missing) = glyphs.find(|glyph| glyph.id.0 == 0) {
        return Err(Undrawn::NoGlyph(missing.text.chars().next().unwrap_or_default()));
    }
    let place = text.abs_bounding_box();
    if place.left() < 0.0 || place.right() > size.width() {
        let said = text.chunks().iter().map(|chunk| chunk.text().chars().count());
        return Err(Undrawn::TooWide(said.sum()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(family: &str, said: &str) -> String {
        let text = format!("x=\"8\" y=\"30\" font-size=\"22\" font-family=\"{family}\"");
        format!("<svg xmlns=\"{SVG}\" viewBox=\"0 0 300 40\"><text {text}>{said}</text></svg>")
    }

    fn inked(png: &[u8]) -> usize {
        let pixels = Pixmap::decode_png(png).expect("a picture");
        pixels.pixels().iter().filter(|pixel| pixel.alpha() > 128).count()
    }

    #[test]
    fn chinese_is_drawn_with_the_delivered_font_alone() {
        let fonts = Painter::delivered().fonts;
        let (one, three) = (
            draw(&drawing(DELIVERED_FAMILY, "计"), fonts.clone()).unwrap(),
            draw(&drawing(DELIVERED_FAMILY, "计划剂"), fonts).unwrap(),
        );
        assert!(inked(&one) > 100, "{}", inked(&one));
        assert!(inked(&three) > 2 * inked(&one), "{} {}", inked(&one), inked(&three));
    }

    #[test]
    fn nothing_is_ever_drawn_blank() {
        let delivered = Painter::delivered().fonts;
        let drawn = |family: &str, said: &str, fonts: Arc<Database>| {
            draw(&drawing(family, said), fonts).map(|_| ())
        };
        let none = Arc::new(Database::new());
        assert_eq!(drawn(DELIVERED_FAMILY, "计划", none), Err(Undrawn::NoGlyph('计')));
        let rare = drawn(DELIVERED_FAMILY, "丹䶮", delivered.clone());
        assert_eq!(rare, Err(Undrawn::NoGlyph('䶮')));
        let wide = "丹".repeat(20);
        assert_eq!(drawn(DELIVERED_FAMILY, &wide, delivered.clone()), Err(Undrawn::TooWide(20)));
        assert!(matches!(drawn("x", "", delivered), Ok(())));
        let painter = Painter::delivered();
        assert_eq!(painter.check("丹阳市<&>"), Ok(()));
        // A character of one's own has a glyph nowhere.
        assert_eq!(painter.check("丹\u{e123}"), Err(Undrawn::NoGlyph('\u{e123}')));
        assert!(matches!(draw("<svg", Painter::delivered().fonts), Err(Undrawn::NotDrawing(_))));
    }

    #[test]
    fn a_font_that_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("font.otf");
        assert!(matches!(Painter::with_font(&path), Err(Undrawn::Font { .. })));
        std::fs::write(&path, "no font").unwrap();
        let error = Painter::with_font(&path).unwrap_err();
        assert!(error.to_string().contains("font.otf"), "{error}");
        std::fs::write(&path, &**DELIVERED).unwrap();
        assert_eq!(Painter::with_font(&path).unwrap().family(), DELIVERED_FAMILY);
    }
}
