//! Areas (a tree of county, townships, villages), and distances between points.

use super::id::AreaCode;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A node of the area tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Its code.
    pub code: AreaCode,
    /// Its name.
    pub name: String,
    /// The area above it; `None` at the top of the tree.
    pub parent: Option<AreaCode>,
    /// Where it lies.
    pub point: Option<Point>,
}

/// From a day on an area's people, denominators and facts count with another area (并镇).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merger {
    /// The successor.
    pub into: AreaCode,
    /// The first day on which they count with it.
    pub until: NaiveDate,
}

/// A point in WGS-84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// How fast and by which detour teams drive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Travel {
    /// Average speed on the road, km/h.
    pub speed_km_per_hour: f64,
    /// Distance by road divided by great-circle distance.
    pub road_factor: f64,
}

impl Default for Travel {
    fn default() -> Self {
        Self { speed_km_per_hour: 30.0, road_factor: 1.3 }
    }
}

/// Mean radius of the earth (IUGG), as independent checkers of plans use it.
const EARTH_RADIUS_KM: f64 = 6371.0;

impl Point {
    /// Great-circle distance in kilometres, by the haversine formula.
    pub fn km_to(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let lat_half = ((lat_b - lat_a) / 2.0).sin();
        let lon_half = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = lat_half * lat_half + lat_a.cos() * lat_b.cos() * lon_half * lon_half;
        2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point { latitude, longitude }
    }

    #[test]
    fn distances_are_great_circles_on_a_sphere_of_6371_km() {
        // A degree of a great circle is 6371 × π / 180 km.
        let degree = 111.194_926_6;
        for (from, to, km) in [
            (point(0.0, 0.0), point(0.0, 1.0), degree),
            (point(0.0, 0.0), point(1.0, 0.0), degree),
            (point(60.0, 0.0), point(60.0, 1.0), 55.596_934),
            (point(0.0, 0.0), point(0.0, 180.0), 180.0 * degree),
            (point(90.0, 0.0), point(-90.0, 45.0), 180.0 * degree),
            (point(-10.0, 170.0), point(-10.0, 170.0), 0.0),
            // Danyang to Zhenjiang, by an independent calculation.
            (point(32.0, 119.57), point(32.19, 119.43), 24.905_374),
        ] {
            let (found, back) = (from.km_to(to), to.km_to(from));
            assert!((found - km).abs() < 0.000_1, "{from:?} to {to:?}: {found}, not {km}");
            assert!((found - back).abs() < 1e-9, "there and back");
        }
    }
}
