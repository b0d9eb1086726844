//! Outlines of areas on a map, as light as a page needs them: corners go onto a grid of pixels, which becomes coarser
//! until there are few enough. Neighbours share their corners, so that no gap opens between them.

use crate::domain::area::Point;
use crate::domain::id::AreaCode;
use crate::domain::outline::{Corner, Outline, middle, on_grid};
use std::collections::BTreeMap;

/// The most corners of all shapes of a page: with the links and tables of some hundred areas it stays light.
const DRAWN_CORNERS_MAX: usize = 3_500;
/// How far the mark of an area that is too small to be drawn reaches, in pixels.
const MARK: f64 = 5.0;

/// Outlines by area.
pub(super) type Outlines = BTreeMap<AreaCode, Outline>;

/// A place of the drawing: right and down.
type Place = (f64, f64);

/// An area on a drawing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Its rings: an outer one, and holes.
    pub(super) rings: Vec<Vec<Place>>,
    /// Where its name stands.
    pub(super) at: Place,
}

/// The shapes of areas, none where no outline is known of any of them. `to` is where a point stands on the drawing.
pub(super) fn shapes<'a>(
    outlines: &Outlines,
    areas: impl Iterator<Item = &'a AreaCode>,
    to: &dyn Fn(Point) -> Place,
) -> BTreeMap<&'a AreaCode, Shape> {
    let known: Vec<(&AreaCode, Vec<Vec<Place>>)> =
        areas.filter_map(|area| Some((area, rings(outlines.get(area)?, to)))).collect();
    let mut cell = 1.0;
    loop {
        let on = |rings: &Vec<Vec<Place>>| -> Vec<Vec<Corner>> {
            let rings = rings.iter().map(|ring| on_grid(ring.iter().copied(), cell));
            rings.filter(|ring| !ring.is_empty()).collect()
        };
        let found: Vec<Vec<Vec<Corner>>> = known.iter().map(|(_, rings)| on(rings)).collect();
        if found.iter().flatten().map(Vec::len).sum::<usize>() <= DRAWN_CORNERS_MAX {
            let both = known.iter().zip(&found);
            return both.map(|((area, rings), found)| (*area, shape(rings, found, cell))).collect();
        }
        cell *= 1.5;
    }
}

fn rings(outline: &Outline, to: &dyn Fn(Point) -> Place) -> Vec<Vec<Place>> {
    outline.rings().map(|ring| ring.iter().map(|at| to(*at)).collect()).collect()
}

/// The shape of an area whose rings are `rings`, and on the grid `found`.
fn shape(rings: &[Vec<Place>], found: &[Vec<Corner>], cell: f64) -> Shape {
    let size = |ring: &Vec<Place>| middle(ring);
    let largest = rings.iter().filter_map(size).max_by(|(_, a), (_, b)| a.total_cmp(b));
    let first = || rings.iter().flatten().next().copied().unwrap_or_default();
    let at = largest.map_or_else(first, |(at, _)| at);
    let place = |(x, y): &Corner| (*x as f64 * cell, *y as f64 * cell);
    let mut rings: Vec<Vec<Place>> =
        found.iter().map(|ring| ring.iter().map(place).collect()).collect();
    if rings.is_empty() {
        rings.push(mark(at));
    }
    Shape { rings, at }
}

/// What is drawn of an area that is only a point: a diamond.
pub(super) fn mark((x, y): Place) -> Vec<Place> {
    vec![(x, y - MARK), (x + MARK, y), (x, y + MARK), (x - MARK, y)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred pixels a degree, from 119° E and 33° N.
    fn to(at: Point) -> Place {
        ((at.longitude - 119.0) * 100.0, (33.0 - at.latitude) * 100.0)
    }

    fn square((east, north): (f64, f64), side: f64) -> Vec<Point> {
        let corners = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)];
        corners.map(|(x, y)| Point { latitude: north + y, longitude: east + x }).to_vec()
    }

    #[test]
    fn areas_are_drawn_with_holes_and_what_is_too_small_as_a_mark() {
        let large = vec![square((119.0, 32.0), 1.0), square((119.4, 32.4), 0.2)];
        let outlines = Outlines::from([
            ("A".into(), Outline { polygons: vec![large] }),
            ("B".into(), Outline { polygons: vec![vec![square((119.5, 32.5), 0.000_01)]] }),
        ]);
        let codes: Vec<AreaCode> = ["A", "B", "C"].map(AreaCode::from).to_vec();
        let found = shapes(&outlines, codes.iter(), &to);
        assert_eq!(found.keys().map(|code| code.as_str()).collect::<Vec<_>>(), ["A", "B"]);
        let (a, b) = (&found[&codes[0]], &found[&codes[1]]);
        assert_eq!(a.rings.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
        assert!((a.at.0 - 50.0).abs() < 1.0, "its name stands in the middle: {:?}", a.at);
        assert_eq!(b.rings, [mark(b.at)]);
        assert!(shapes(&outlines, codes[2..].iter(), &to).is_empty());
    }

    #[test]
    fn a_page_never_has_too_many_corners() {
        let jagged = |n: u32| {
            let corner = |at: u32| {
                let angle = std::f64::consts::TAU * f64::from(at) / 2000.0;
                let far = if at.is_multiple_of(2) { 0.4 } else { 0.5 };
                let east = 119.0 + f64::from(n) + far * angle.cos();
                Point { latitude: 32.0 + far * angle.sin(), longitude: east }
            };
            Outline { polygons: vec![vec![(0..2000).map(corner).collect()]] }
        };
        let codes: Vec<AreaCode> = (0..9).map(|n| AreaCode::new(n.to_string())).collect();
        let outlines: Outlines = codes.iter().cloned().zip((0..9).map(jagged)).collect();
        let found = shapes(&outlines, codes.iter(), &to);
        let corners: usize = found.values().flat_map(|shape| &shape.rings).map(Vec::len).sum();
        assert!((9 * 4..=DRAWN_CORNERS_MAX).contains(&corners), "{corners}");
    }
}
