//! A drawing as SVG.

use super::{Anchor, Colours, Drawing, HEIGHT, Point, SIZE, Shape, WIDTH};
use crate::characters::escaped;
use std::fmt::Write as _;

/// A drawing as an `<svg>` element.
pub fn svg(drawing: &Drawing, colours: &Colours) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" \
         viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-family=\"inherit\" \
         font-size=\"{SIZE}\"><title>{}</title>",
        escaped(&drawing.title)
    );
    for shape in &drawing.shapes {
        element(&mut out, colours, shape);
    }
    out + "</svg>"
}

/// One shape as an SVG element.
fn element(out: &mut String, colours: &Colours, shape: &Shape) {
    let _ = match shape {
        Shape::Line { class, points, width, dash, is_round, opacity } => {
            let (name, colour, path) = (class.word(), colours.of(*class), path(points));
            let _ = write!(
                out,
                "<path class=\"{name}\" d=\"{path}\" fill=\"none\" stroke=\"{colour}\" \
                 stroke-width=\"{width}\""
            );
            if let Some((dash, gap)) = dash {
                let _ = write!(out, " stroke-dasharray=\"{dash} {gap}\"");
            }
            if *is_round {
                out.push_str(" stroke-linejoin=\"round\"");
            }
            if *opacity < 1.0 {
                let _ = write!(out, " stroke-opacity=\"{opacity}\"");
            }
            write!(out, "/>")
        }
        Shape::Area { class, points, opacity } => {
            let (name, colour, path) = (class.word(), colours.of(*class), path(points));
            write!(
                out,
                "<path class=\"{name} chart-band\" d=\"{path}Z\" fill=\"{colour}\" \
                 fill-opacity=\"{opacity}\" stroke=\"none\"/>"
            )
        }
        Shape::Told { at: (x, y), size: (width, height), said } => write!(
            out,
            "<rect class=\"told\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" fill-opacity=\"0\"><title>{}</title></rect>",
            escaped(said)
        ),
        Shape::Dot { class, at: (x, y), radius } => {
            let (name, colour) = (class.word(), colours.of(*class));
            write!(
                out,
                "<circle class=\"{name}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" \
                 fill=\"{colour}\"/>"
            )
        }
        Shape::Text { at: (x, y), anchor, said } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            write!(
                out,
                "<text class=\"chart-text\" x=\"{x:.1}\" y=\"{y:.1}\" \
                 text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
                colours.text,
                escaped(said)
            )
        }
    };
}

/// Points as the data of a path.
fn path(points: &[Point]) -> String {
    let mut out = String::new();
    for (x, y) in points {
        let _ = write!(out, "{}{x:.1} {y:.1}", if out.is_empty() { 'M' } else { 'L' });
    }
    out
}
