//! Reads the outlines of areas from GeoJSON (RFC 7946), or lists everything that is wrong with the file. A property
//! `area` or `code` of a feature names the area, by its code or its name.

use super::issue::{Issue, nearest};
use crate::domain::area::Point;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::outline::{Outline, Ring};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The name of the file in a jurisdiction's folder.
pub const OUTLINES_FILE: &str = "areas.geojson";
/// The largest file in bytes: a county's villages with every bend of their borders have less.
pub const OUTLINES_BYTES_MAX: usize = 16 << 20;
/// The most features, and the most positions of all of them.
const FEATURES_MAX: usize = 5_000;
const POSITIONS_MAX: usize = 500_000;
/// The most brackets and commas of a file: more are more positions, or nothing that a map needs. Each becomes a value
/// in memory, many times as large.
const MARKS_MAX: usize = 5 * POSITIONS_MAX;
/// A ring has at least so many positions; the last one is the first again.
const RING_LEAST: usize = 4;
/// Properties that name the area; the first one that is there counts.
const PROPERTIES: [&str; 2] = ["area", "code"];
/// After so many issues the rest is not told.
const ISSUES_MAX: usize = 100;

/// The areas that there are: code and name.
pub type AreaNames = BTreeMap<AreaCode, String>;

/// The names of a jurisdiction's areas.
pub fn area_names(of: &Jurisdiction) -> AreaNames {
    of.areas.iter().map(|row| (row.area.code.clone(), row.area.name.clone())).collect()
}

/// Outlines by area, or what is wrong.
pub type OutlinesRead = Result<BTreeMap<AreaCode, Outline>, Vec<Issue>>;

/// The outlines in a jurisdiction's folder; `None` where it has none.
pub fn outlines_in(folder: &Path, of: &Jurisdiction) -> Option<OutlinesRead> {
    let path = folder.join(OUTLINES_FILE);
    if !folder.is_dir() || !path.exists() {
        return None;
    }
    let length = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    if length > OUTLINES_BYTES_MAX as u64 {
        return Some(Err(vec![too_large(OUTLINES_FILE)]));
    }
    let read = crate::files::read(&path);
    let read = read.map_err(|error| vec![Issue::unreadable(OUTLINES_FILE, &error)]);
    Some(read.and_then(|bytes| outlines(OUTLINES_FILE, &bytes, &area_names(of))))
}

/// The issue for a file that is too large to be read.
pub fn too_large(file: &str) -> Issue {
    Issue::error("outlines_bytes", file).with("limit", OUTLINES_BYTES_MAX >> 20)
}

/// The issue for a file with too many positions.
fn too_many(file: &str) -> Issue {
    Issue::error("outlines_positions", file).with("limit", POSITIONS_MAX)
}

/// Reads GeoJSON. Issues call the file `file`.
pub fn outlines(file: &str, bytes: &[u8], areas: &AreaNames) -> OutlinesRead {
    if bytes.len() > OUTLINES_BYTES_MAX {
        return Err(vec![too_large(file)]);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.iter().filter(|byte| b"[{,".contains(byte)).count() > MARKS_MAX {
        return Err(vec![too_many(file)]);
    }
    let root: Value = serde_json::from_slice(bytes)
        .map_err(|error| vec![Issue::error("outlines_json", file).with("reason", error)])?;
    let is_collection = root.get("type").and_then(Value::as_str) == Some("FeatureCollection");
    let features = root.get("features").and_then(Value::as_array).filter(|_| is_collection);
    let Some(features) = features else {
        return Err(vec![Issue::error("outlines_collection", file)]);
    };
    if features.len() > FEATURES_MAX {
        let issue = Issue::error("outlines_features", file).with("limit", FEATURES_MAX);
        return Err(vec![issue.value(&features.len().to_string())]);
    }
    let mut read = Reading { file, areas, issues: Vec::new(), positions: 0, out: BTreeMap::new() };
    for (number, feature) in (1..).zip(features) {
        read.feature(number, feature);
        if read.positions > POSITIONS_MAX {
            return Err(vec![too_many(file)]);
        }
        if read.issues.len() >= ISSUES_MAX {
            break;
        }
    }
    if !read.issues.is_empty() {
        return Err(read.issues);
    }
    Ok(read.out.into_iter().map(|(area, (_, outline))| (area, outline)).collect())
}

struct Reading<'a> {
    file: &'a str,
    areas: &'a AreaNames,
    issues: Vec<Issue>,
    positions: usize,
    /// The number of the feature, and what it says.
    out: BTreeMap<AreaCode, (usize, Outline)>,
}

impl Reading<'_> {
    /// An error of a feature.
    fn wrong(&mut self, code: &'static str, number: usize, more: impl FnOnce(Issue) -> Issue) {
        let issue = Issue::error(code, self.file).with("first", number);
        self.issues.push(more(issue));
    }

    fn feature(&mut self, number: usize, feature: &Value) {
        let area = self.area(number, feature);
        let geometry = feature.get("geometry").unwrap_or(&Value::Null);
        let kind = geometry.get("type").and_then(Value::as_str).unwrap_or("null");
        let coordinates = geometry.get("coordinates").unwrap_or(&Value::Null);
        let none = Vec::new();
        let polygons: Vec<&Value> = match kind {
            "Polygon" => vec![coordinates],
            "MultiPolygon" => coordinates.as_array().unwrap_or(&none).iter().collect(),
            other => {
                return self.wrong("outlines_shape", number, |issue| {
                    issue.column("geometry").value(other)
                });
            }
        };
        let mut outline = Outline::default();
        for (at, polygon) in (1..).zip(polygons) {
            match self.polygon((number, at), polygon) {
                Some(rings) => outline.polygons.push(rings),
                None => return,
            }
        }
        if outline.polygons.is_empty() {
            return self
                .wrong("outlines_shape", number, |issue| issue.column("geometry").value("null"));
        }
        let Some((area, property)) = area else { return };
        if let Some((before, _)) = self.out.get(&area) {
            let before = *before;
            return self.wrong("outlines_twice", number, |issue| {
                issue.column(property).value(area.as_str()).with("other", before)
            });
        }
        self.out.insert(area, (number, outline));
    }

    /// The area that a feature names, and the property that does.
    fn area(&mut self, number: usize, feature: &Value) -> Option<(AreaCode, &'static str)> {
        let properties = feature.get("properties");
        let said = PROPERTIES.into_iter().find_map(|name| {
            let text = match properties?.get(name)? {
                Value::String(text) => text.trim().to_owned(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            (!text.is_empty()).then_some((name, text))
        });
        let Some((property, text)) = said else {
            self.wrong("outlines_area", number, |issue| issue.column(PROPERTIES[0]));
            return None;
        };
        if self.areas.contains_key(&*text) {
            return Some((AreaCode::new(text), property));
        }
        let mut named = self.areas.iter().filter(|(_, name)| **name == text);
        if let (Some((code, _)), None) = (named.next(), named.next()) {
            return Some((code.clone(), property));
        }
        let known = self.areas.iter().flat_map(|(code, name)| [code.as_str(), name.as_str()]);
        let near = nearest(&text, known).unwrap_or("none").to_owned();
        self.wrong("outlines_unknown", number, |issue| {
            issue.column(property).value(&text).with("nearest", near)
        });
        None
    }

    /// A polygon: its rings; `None` where something is wrong with one.
    fn polygon(&mut self, (number, at): (usize, usize), polygon: &Value) -> Option<Vec<Ring>> {
        let none = Vec::new();
        let rings = polygon.as_array().unwrap_or(&none);
        if rings.is_empty() {
            self.ring_wrong(number, (at, 1));
            return None;
        }
        let mut out = Vec::with_capacity(rings.len());
        for (nth, ring) in (1..).zip(rings) {
            let positions = ring.as_array().unwrap_or(&none);
            self.positions += positions.len();
            let mut corners = Ring::with_capacity(positions.len());
            for position in positions {
                let Some(point) = point(position) else {
                    self.wrong("outlines_position", number, |issue| {
                        issue.column("coordinates").value(&position.to_string())
                    });
                    return None;
                };
                corners.push(point);
            }
            if corners.len() < RING_LEAST || corners.first() != corners.last() {
                self.ring_wrong(number, (at, nth));
                return None;
            }
            corners.pop();
            out.push(corners);
        }
        Some(out)
    }

    fn ring_wrong(&mut self, number: usize, (polygon, ring): (usize, usize)) {
        self.wrong("outlines_ring", number, |issue| {
            issue.column("coordinates").value(&format!("{polygon}.{ring}"))
        });
    }
}

/// A position: longitude, then latitude, perhaps a height.
fn point(position: &Value) -> Option<Point> {
    let numbers = position.as_array()?;
    let (longitude, latitude) = (numbers.first()?.as_f64()?, numbers.get(1)?.as_f64()?);
    let fits = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
    fits.then_some(Point { latitude, longitude })
}

/// Outlines as GeoJSON, which [`outlines`] reads back.
pub fn geojson(all: &BTreeMap<AreaCode, Outline>, areas: &AreaNames) -> String {
    let feature = |(area, outline): (&AreaCode, &Outline)| {
        let name = areas.get(area).map(String::as_str).unwrap_or_default();
        serde_json::json!({
            "type": "Feature",
            "properties": {"area": area, "name": name},
            "geometry": {"type": "MultiPolygon", "coordinates": coordinates(outline)},
        })
        .to_string()
    };
    let features: Vec<String> = all.iter().map(feature).collect();
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", features.join(",\n"))
}

/// The coordinates of an outline as GeoJSON has them.
fn coordinates(outline: &Outline) -> Value {
    let position = |at: &Point| serde_json::json!([at.longitude, at.latitude]);
    let ring = |ring: &Ring| ring.iter().chain(ring.first()).map(position).collect::<Value>();
    let polygon = |rings: &Vec<Ring>| rings.iter().map(ring).collect::<Value>();
    outline.polygons.iter().map(polygon).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas() -> AreaNames {
        [("A", "甲镇"), ("B", "乙镇"), ("321181", "小县")]
            .map(|(code, name)| (AreaCode::from(code), name.to_owned()))
            .into()
    }

    fn feature(properties: &str, kind: &str, coordinates: &str) -> String {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{properties},\
             \"geometry\":{{\"type\":\"{kind}\",\"coordinates\":{coordinates}}}}}"
        )
    }

    fn read(features: &[String]) -> OutlinesRead {
        let features = features.join(",");
        let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[{features}]}}");
        outlines("x.geojson", text.as_bytes(), &areas())
    }

    const RING: &str = "[[119.5,32.0],[119.6,32.0],[119.6,32.1],[119.5,32.0]]";
    const HOLE: &str = "[[119.56,32.01],[119.58,32.01],[119.58,32.02],[119.56,32.01]]";

    #[test]
    fn polygons_with_holes_are_read_and_written_again() {
        let found = read(&[
            feature("{\"area\":\"A\"}", "Polygon", &format!("[{RING},{HOLE}]")),
            feature("{\"code\":321181}", "MultiPolygon", &format!("[[{RING}],[{HOLE}]]")),
            feature("{\"area\":\" 乙镇 \",\"code\":\"x\"}", "Polygon", &format!("[{RING}]")),
        ])
        .unwrap();
        let shape = |code: &str| {
            let polygons = &found[&AreaCode::from(code)].polygons;
            polygons.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!((shape("A"), shape("B"), shape("321181")), (vec![2], vec![1], vec![1, 1]));
        assert_eq!(found[&AreaCode::from("A")].corners(), 6);
        let again = outlines("x", geojson(&found, &areas()).as_bytes(), &areas()).unwrap();
        assert_eq!(again, found);
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_says_feature_property_and_remedy() {
        let good = format!("[{RING}]");
        let cases = [
            ("{}", "Polygon", good.as_str(), "outlines_area", "area"),
            ("{\"area\":true}", "Polygon", &good, "outlines_area", "area"),
            ("{\"code\":\"甲村\"}", "Polygon", &good, "outlines_unknown", "code"),
            ("{\"area\":\"B\"}", "Point", "[1,2]", "outlines_shape", "geometry"),
            ("{\"area\":\"B\"}", "MultiPolygon", "[]", "outlines_shape", "geometry"),
            ("{\"area\":\"B\"}", "Polygon", "[]", "outlines_ring", "coordinates"),
            (
                "{\"area\":\"B\"}",
                "Polygon",
                "[[[1,2],[3,4],[1,2]]]",
                "outlines_ring",
                "coordinates",
            ),
            (
                "{\"area\":\"B\"}",
                "Polygon",
                "[[[1,2],[3,4],[5,6],[7,8]]]",
                "outlines_ring",
                "coordinates",
            ),
            (
                "{\"area\":\"B\"}",
                "Polygon",
                "[[[1,2],[3,4],[5,96],[1,2]]]",
                "outlines_position",
                "coordinates",
            ),
            (
                "{\"area\":\"B\"}",
                "Polygon",
                "[[[1,2],[\"3\",4]]]",
                "outlines_position",
                "coordinates",
            ),
        ];
        for (properties, kind, coordinates, code, column) in cases {
            let first = feature("{\"area\":\"A\"}", "Polygon", &good);
            let issues = read(&[first, feature(properties, kind, coordinates)]).unwrap_err();
            assert_eq!(issues.len(), 1, "{issues:?}");
            let (found, of) = (issues[0].code, issues[0].column.as_deref());
            assert_eq!((found, of), (code, Some(column)), "{coordinates}");
            assert!(issues[0].to_string().contains("feature 2"), "{}", issues[0]);
        }
        let one = feature("{\"area\":\"A\"}", "Polygon", &good);
        let twice = read(&[one.clone(), one]).unwrap_err();
        assert!(twice[0].code == "outlines_twice" && twice[0].to_string().contains("feature 1"));
        // What would take many times its size in memory is refused before it is read.
        let marks = format!("[{}", "[1],".repeat(MARKS_MAX / 2));
        assert_eq!(
            outlines("x", marks.as_bytes(), &areas()).unwrap_err()[0].code,
            "outlines_positions"
        );
        for bad in ["", "[]", "{\"type\":\"Feature\"}", "{\"features\":[]}"] {
            assert_eq!(outlines("x", bad.as_bytes(), &areas()).unwrap_err().len(), 1, "{bad}");
        }
    }
}
