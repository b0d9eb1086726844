//! Outlines of areas for maps: polygons with holes, in WGS-84 degrees. They are made lighter by putting corners onto a
//! grid: two areas that have the same corners along their border still have the same ones afterwards, so that no gap
//! and no overlap opens between them.

use super::area::Point;
use super::id::AreaCode;
use std::collections::BTreeMap;

/// A closed line: its corners; the first one is not repeated at the end.
pub type Ring = Vec<Point>;

/// The outline of an area. Each polygon is a ring around it, then rings around its holes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outline {
    /// Its polygons.
    pub polygons: Vec<Vec<Ring>>,
}

/// The most corners of all outlines together that are stored: enough for a large city's townships on a wall, and little
/// to read for a page.
pub const STORED_CORNERS_MAX: usize = 20_000;
/// Units of the finest grid in a degree: about a metre.
const UNITS: f64 = 100_000.0;
/// Fewer corners are no ring.
const RING_LEAST: usize = 3;

/// A corner on a grid: right and down, or east and north.
pub type Corner = (i64, i64);

impl Outline {
    /// All rings.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.polygons.iter().flatten()
    }

    /// How many corners it has.
    pub fn corners(&self) -> usize {
        self.rings().map(Vec::len).sum()
    }
}

/// Outlines with so few corners that they can be stored: as they are to a metre, or on a coarser grid.
pub fn light(all: &BTreeMap<AreaCode, Outline>) -> BTreeMap<AreaCode, Outline> {
    let mut step = 1;
    loop {
        let out: BTreeMap<AreaCode, Outline> =
            all.iter().map(|(area, outline)| (area.clone(), coarser(outline, step))).collect();
        if out.values().map(Outline::corners).sum::<usize>() <= STORED_CORNERS_MAX {
            return out;
        }
        step *= 2;
    }
}

/// The outline on a grid of so many units.
fn coarser(outline: &Outline, step: i64) -> Outline {
    let degrees = |units: i64| (units * step) as f64 / UNITS;
    let point =
        |(east, north): &Corner| Point { latitude: degrees(*north), longitude: degrees(*east) };
    let ring = |ring: &Ring| {
        let corners = ring.iter().map(|at| (at.longitude * UNITS, at.latitude * UNITS));
        on_grid(corners, step as f64).iter().map(point).collect::<Ring>()
    };
    let polygon = |rings: &Vec<Ring>| {
        let outer = ring(rings.first()?);
        let holes = rings[1..].iter().map(ring).filter(|hole| !hole.is_empty());
        (!outer.is_empty()).then(|| std::iter::once(outer.clone()).chain(holes).collect())
    };
    Outline { polygons: outline.polygons.iter().filter_map(polygon).collect() }
}

/// A ring on a grid with cells of this size, in cells. Corners that fall together, or lie on a straight line, are one;
/// a ring without an inside is empty.
pub fn on_grid(ring: impl Iterator<Item = (f64, f64)>, cell: f64) -> Vec<Corner> {
    let mut out: Vec<Corner> = Vec::new();
    for (x, y) in ring {
        push(&mut out, (whole(x / cell), whole(y / cell)));
    }
    // The end meets the beginning.
    while out.len() >= RING_LEAST {
        let last = out.len() - 1;
        if out[last] == out[0] || is_straight(out[last - 1], out[last], out[0]) {
            out.pop();
        } else if is_straight(out[last], out[0], out[1]) {
            out.remove(0);
        } else {
            return out;
        }
    }
    Vec::new()
}

#[expect(clippy::cast_possible_truncation, reason = "degrees in units, or pixels of a drawing")]
fn whole(at: f64) -> i64 {
    at.round() as i64
}

/// Adds a corner; corners before it that it makes needless go.
fn push(out: &mut Vec<Corner>, at: Corner) {
    while let [.., before, last] = out.as_slice() {
        if *last == at || !is_straight(*before, *last, at) {
            break;
        }
        out.pop();
    }
    if out.last() != Some(&at) {
        out.push(at);
    }
}

/// Whether three corners lie on one line.
fn is_straight(a: Corner, b: Corner, c: Corner) -> bool {
    (b.0 - a.0) * (c.1 - a.1) == (b.1 - a.1) * (c.0 - a.0)
}

/// The middle of a shape (its centre of mass) and its size, from its corners; `None` for a shape without an inside.
pub fn middle(ring: &[(f64, f64)]) -> Option<((f64, f64), f64)> {
    let (mut twice, mut x, mut y) = (0.0, 0.0, 0.0);
    let base = *ring.first()?;
    for (n, (ax, ay)) in ring.iter().enumerate() {
        let (bx, by) = ring[(n + 1) % ring.len()];
        // From the first corner: differences of large numbers would lose digits.
        let (ax, ay, bx, by) = (ax - base.0, ay - base.1, bx - base.0, by - base.1);
        let cross = ax * by - bx * ay;
        twice += cross;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
    }
    (twice != 0.0)
        .then(|| ((base.0 + x / (3.0 * twice), base.1 + y / (3.0 * twice)), twice.abs() / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn ring(corners: &[(f64, f64)]) -> Ring {
        corners
            .iter()
            .map(|(longitude, latitude)| Point { latitude: *latitude, longitude: *longitude })
            .collect()
    }

    #[test]
    fn a_ring_on_a_grid_has_no_needless_corners() {
        let on = |corners: &[(f64, f64)], cell: f64| on_grid(corners.iter().copied(), cell);
        let square = [(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (2.0, 2.0), (0.2, 2.0), (0.0, 1.0)];
        assert_eq!(on(&square, 1.0), [(0, 0), (2, 0), (2, 2), (0, 2)]);
        assert_eq!(on(&square, 8.0), []);
        // A spike is no part of the inside.
        let spiked = [(0.0, 0.0), (4.0, 0.0), (9.0, 0.0), (4.0, 0.0), (4.0, 4.0)];
        assert_eq!(on(&spiked, 1.0), [(0, 0), (4, 0), (4, 4)]);
        assert_eq!(on(&[(0.0, 0.0), (1.0, 1.0)], 1.0), []);
    }

    #[test]
    fn light_outlines_keep_holes_and_lose_what_is_smaller_than_the_grid() {
        let hole = ring(&[(0.2, 0.2), (0.4, 0.2), (0.4, 0.4)]);
        let outer = ring(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        let speck = ring(&[(5.0, 5.0), (5.000_001, 5.0), (5.0, 5.000_001)]);
        let outline = Outline { polygons: vec![vec![outer.clone(), hole.clone()], vec![speck]] };
        let all = BTreeMap::from([(AreaCode::from("A"), outline)]);
        let found = light(&all);
        assert_eq!(found[&AreaCode::from("A")].polygons, [vec![outer, hole]]);
    }

    #[test]
    fn the_middle_of_a_shape_is_its_centre_of_mass() {
        let square = [(100.0, 30.0), (102.0, 30.0), (102.0, 32.0), (100.0, 32.0)];
        let ((x, y), size) = middle(&square).unwrap();
        assert!((x - 101.0).abs() < 1e-9 && (y - 31.0).abs() < 1e-9 && (size - 4.0).abs() < 1e-9);
        assert!(middle(&square[..2]).is_none() && middle(&[]).is_none());
    }

    /// The corners of an outline, to be looked up.
    fn known(outline: &Outline) -> BTreeSet<(u64, u64)> {
        let bits = |at: &Point| (at.longitude.to_bits(), at.latitude.to_bits());
        outline.rings().flatten().map(bits).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn neighbours_keep_the_same_border_and_all_becomes_light(
            border in prop::collection::vec(-0.4..0.4_f64, 12_000..13_000),
        ) {
            // A border from south to north, and an area on each side of it.
            let step = 2.0 / border.len() as f64;
            let line: Vec<(f64, f64)> = border
                .iter()
                .enumerate()
                .map(|(n, east)| (120.0 + east, 30.0 + step * n as f64))
                .collect();
            let (first, last) = (line[0], line[line.len() - 1]);
            let side = |east: f64| {
                let mut corners = line.clone();
                corners.extend([(east, last.1), (east, first.1)]);
                Outline { polygons: vec![vec![ring(&corners)]] }
            };
            let all = BTreeMap::from([("E".into(), side(121.0)), ("W".into(), side(119.0))]);
            let found = light(&all);
            let corners: usize = found.values().map(Outline::corners).sum();
            prop_assert!((8..=STORED_CORNERS_MAX).contains(&corners), "{}", corners);
            // What both have lies on the border; what one has alone is its far side, or where the border meets it.
            let of = |code: &str| known(&found[&AreaCode::from(code)]);
            let (east, west) = (of("E"), of("W"));
            prop_assert!(east.difference(&west).count() <= 6);
            prop_assert!(west.difference(&east).count() <= 6);
        }
    }
}
