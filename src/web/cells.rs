//! Cells around points, as a map is shaded by them: all that is nearer to a point than to any other, and not far away.

/// A point of the drawing: right and down.
type Point = (f64, f64);

/// Corners of the disc that ends a cell where no other point does.
const CORNERS: usize = 16;
/// A cell reaches so many times the side of its share of the drawing's area.
const REACH: f64 = 1.1;
/// Points closer than this are one place.
const APART_MIN: f64 = 0.001;

/// The cell of each point on a drawing of this size, as corners in a circle. Points at one place have one cell.
pub(super) fn cells(points: &[Point], (width, height): (f64, f64)) -> Vec<Vec<Point>> {
    let reach = REACH * (width * height / points.len().max(1) as f64).sqrt();
    let reach = reach.min(width.min(height) / 2.0);
    points.iter().map(|point| cell(points, *point, reach, (width, height))).collect()
}

fn cell(points: &[Point], at: Point, reach: f64, (width, height): (f64, f64)) -> Vec<Point> {
    let corner = |n: usize| {
        let angle = std::f64::consts::TAU * n as f64 / CORNERS as f64;
        (at.0 + reach * angle.cos(), at.1 + reach * angle.sin())
    };
    let mut out: Vec<Point> = (0..CORNERS).map(corner).collect();
    for (normal, limit) in
        [((-1.0, 0.0), 0.0), ((1.0, 0.0), width), ((0.0, -1.0), 0.0), ((0.0, 1.0), height)]
    {
        out = clipped(&out, normal, limit);
    }
    for other in points {
        let (right, down) = (other.0 - at.0, other.1 - at.1);
        let far = right.hypot(down);
        // Half of the way to the other point lies outside the disc: it takes nothing away.
        if far < APART_MIN || far > 2.0 * reach {
            continue;
        }
        let middle = (f64::midpoint(at.0, other.0), f64::midpoint(at.1, other.1));
        out = clipped(&out, (right, down), right * middle.0 + down * middle.1);
    }
    out
}

/// What of a convex shape lies on the side of a line on which `normal · point <= limit`.
fn clipped(shape: &[Point], normal: Point, limit: f64) -> Vec<Point> {
    let over = |point: &Point| normal.0 * point.0 + normal.1 * point.1 - limit;
    let mut out = Vec::with_capacity(shape.len() + 1);
    for (at, here) in shape.iter().enumerate() {
        let next = &shape[(at + 1) % shape.len()];
        let (a, b) = (over(here), over(next));
        if a <= 0.0 {
            out.push(*here);
        }
        if (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0) {
            let part = a / (a - b);
            out.push((here.0 + (next.0 - here.0) * part, here.1 + (next.1 - here.1) * part));
        }
    }
    out
}

/// A box around words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label {
    /// Its middle.
    pub(super) at: Point,
    /// Width and height.
    pub(super) size: Point,
}

impl Label {
    fn meets(&self, other: &Self) -> bool {
        let apart = |a: f64, b: f64, size: f64| (a - b).abs() * 2.0 < size;
        apart(self.at.0, other.at.0, self.size.0 + other.size.0)
            && apart(self.at.1, other.at.1, self.size.1 + other.size.1)
    }
}

/// Which labels can be shown so that none meets another: the first ones go before the later ones.
pub(super) fn clear(labels: &[Label]) -> Vec<bool> {
    let mut shown: Vec<Label> = Vec::new();
    let mut out = Vec::with_capacity(labels.len());
    for label in labels {
        let fits = shown.iter().all(|other| !label.meets(other));
        if fits {
            shown.push(*label);
        }
        out.push(fits);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: Point = (900.0, 600.0);

    fn holds(shape: &[Point], at: Point) -> bool {
        (0..shape.len()).all(|n| {
            let (a, b) = (shape[n], shape[(n + 1) % shape.len()]);
            (b.0 - a.0) * (at.1 - a.1) - (b.1 - a.1) * (at.0 - a.0) >= -1e-6
        })
    }

    proptest! {
        #[test]
        fn a_cell_is_what_is_nearest_to_its_point(
            points in prop::collection::vec((0.0..900.0_f64, 0.0..600.0_f64), 1..60),
            probe in (0.0..900.0_f64, 0.0..600.0_f64),
        ) {
            let found = cells(&points, SIZE);
            prop_assert_eq!(found.len(), points.len());
            let far = |point: &Point| (point.0 - probe.0).hypot(point.1 - probe.1);
            let nearest = points.iter().map(far).fold(f64::INFINITY, f64::min);
            let reach = REACH * (SIZE.0 * SIZE.1 / points.len() as f64).sqrt();
            let reach = reach.min(SIZE.1 / 2.0);
            for (point, shape) in points.iter().zip(&found) {
                prop_assert!(holds(shape, *point), "{:?} is outside its cell", point);
                if holds(shape, probe) {
                    prop_assert!(far(point) <= nearest + 1e-3, "{:?} {:?}", point, probe);
                }
                // The disc has corners: what lies within its sides is in the cell of its nearest point.
                let inner = reach * (std::f64::consts::PI / CORNERS as f64).cos();
                if far(point) < inner && far(point) <= nearest {
                    prop_assert!(holds(shape, probe), "{:?} {:?}", point, probe);
                }
                let is_inside = |at: &Point| {
                    let (right, down) = (-1e-6..=SIZE.0 + 1e-6, -1e-6..=SIZE.1 + 1e-6);
                    right.contains(&at.0) && down.contains(&at.1)
                };
                prop_assert!(shape.iter().all(is_inside));
            }
        }
    }

    #[test]
    fn points_at_one_place_have_one_cell() {
        let found = cells(&[(10.0, 10.0), (10.0, 10.0), (500.0, 300.0)], SIZE);
        assert_eq!(found[0], found[1]);
        assert!(!found[0].is_empty());
    }

    #[test]
    fn a_label_gives_way_to_those_before_it() {
        let at = |x: f64| Label { at: (x, 0.0), size: (20.0, 10.0) };
        assert_eq!(clear(&[at(0.0), at(15.0), at(25.0)]), [true, false, true]);
    }
}
