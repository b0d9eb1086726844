use super::*;

fn text(said: &str) -> Drawing {
    let shape = Shape::Text { at: (8.0, 30.0), anchor: Anchor::Start, said: said.to_owned() };
    Drawing { title: String::new(), shapes: vec![shape] }
}

fn drawn(painter: &Painter, said: &str) -> Result<Vec<u8>, Undrawn> {
    painter.png(&text(said), &Colours::PICTURE)
}

/// Opaque pixels of a picture.
fn inked(png: &[u8]) -> usize {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it has a size")];
    let info = reader.next_frame(&mut pixels).expect("a whole picture");
    assert_eq!((info.width, info.height, info.color_type), (1200, 720, png::ColorType::Rgba));
    pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 128).count()
}

#[test]
fn chinese_is_drawn_with_the_delivered_font_alone() {
    let painter = Painter::delivered();
    let one = inked(&drawn(&painter, "计").unwrap());
    let three = inked(&drawn(&painter, "计划剂").unwrap());
    assert!(one > 100, "{one}");
    assert!(three > 2 * one, "{one} {three}");
}

#[test]
fn nothing_is_ever_drawn_blank() {
    let painter = Painter::delivered();
    let drawn = |painter: &Painter, said: &str| drawn(painter, said).map(|_| ());
    let no_font = Painter { fonts: Vec::new(), family: String::new() };
    let missing = draw(&[], &text("计划").shapes, &Colours::PICTURE).map(|_| ());
    assert_eq!(missing, Err(Undrawn::NoGlyph('计')));
    assert_eq!(drawn(&no_font, ""), Ok(()));
    let faces = [DELIVERED.face().unwrap()];
    let rare = draw(&faces, &text("丹䶮").shapes, &Colours::PICTURE).map(|_| ());
    assert_eq!(rare, Err(Undrawn::NoGlyph('䶮')));
    assert_eq!(drawn(&painter, &"丹".repeat(40)), Err(Undrawn::TooWide(40)));
    assert_eq!(painter.check("丹阳市<&> 12%"), Ok(()));
    // A private-use character: no font has it.
    assert_eq!(painter.check("丹\u{e123}"), Err(Undrawn::NoGlyph('\u{e123}')));
    // Letters that join and marks on other letters would be drawn wrong.
    assert_eq!(painter.check("ئۈرۈمچى"), Err(Undrawn::Unshaped('ئ')));
    assert_eq!(painter.check("e\u{301}"), Err(Undrawn::Unshaped('\u{301}')));
}

#[test]
fn text_ends_starts_and_has_its_middle_where_it_is_told_to() {
    let faces = [DELIVERED.face().unwrap()];
    let sides = |anchor| text_outline(&faces, (300.0, 30.0), anchor, "1,690,000").unwrap().1;
    let (left, right) = sides(Anchor::Start);
    let wide = right - left;
    assert!((left - 300.0).abs() < 0.01 && wide > 90.0, "{left} {right}");
    assert!((sides(Anchor::Middle).0 - (300.0 - wide / 2.0)).abs() < 0.01);
    assert!((sides(Anchor::End).1 - 300.0).abs() < 0.01);
}

#[test]
fn lines_and_dots_have_their_colours() {
    let line = |class, dash| Shape::Line {
        class,
        points: vec![(10.0, 100.0), (110.0, 100.0)],
        width: 4.0,
        dash,
        is_round: false,
        opacity: 1.0,
    };
    let painted = |shape: Shape| draw(&[], &[shape], &Colours::PICTURE).unwrap();
    let colour = |pixels: &Pixmap, x, y| {
        let colour = pixels.pixel(x, y).unwrap().demultiply();
        (colour.red(), colour.green(), colour.blue(), colour.alpha())
    };
    let full = painted(line(Class::Done, None));
    assert_eq!(colour(&full, 100, 200), (0x2f, 0x7d, 0xe1, 255));
    assert_eq!(colour(&full, 100, 206), (0, 0, 0, 0));
    let dashed = painted(line(Class::Plan, Some((9.0, 6.0))));
    assert_eq!(colour(&dashed, 24, 200), (0xa8, 0x72, 0x0f, 255));
    assert_eq!(colour(&dashed, 44, 200).3, 0);
    let dot = painted(Shape::Dot { class: Class::Done, at: (50.0, 50.0), radius: 6.0 });
    assert_eq!(colour(&dot, 100, 100), (0x2f, 0x7d, 0xe1, 255));
    assert_eq!(colour(&dot, 114, 100).3, 0);
}

#[test]
fn a_font_that_is_none_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("font.otf");
    assert!(matches!(Painter::with_font(&path), Err(Undrawn::Font { .. })));
    std::fs::write(&path, "no font").unwrap();
    let error = Painter::with_font(&path).unwrap_err();
    assert!(error.to_string().contains("font.otf"), "{error}");
    std::fs::write(&path, &*DELIVERED.bytes).unwrap();
    assert_eq!(Painter::with_font(&path).unwrap().family(), DELIVERED_FAMILY);
}
