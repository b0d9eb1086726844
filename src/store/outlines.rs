//! Outlines of areas for maps, as light as they were stored: `domain::outline`. The text of a shape is what GeoJSON
//! calls the coordinates of a MultiPolygon.

use super::audit::Act;
use super::db::Row;
use super::{Result, Tx};
use crate::args;
use crate::domain::area::Point;
use crate::domain::id::AreaCode;
use crate::domain::outline::{Outline, Ring};
use std::collections::BTreeMap;

const ALL: &str = "SELECT area, shape FROM outline ORDER BY area";
const CLEAR: &str = "DELETE FROM outline";
const INSERT: &str = "INSERT INTO outline (area, shape, stored_at) VALUES ($1, $2, $3)";

/// A shape as it is written: polygons of rings of longitude and latitude.
type Shape = Vec<Vec<Vec<[f64; 2]>>>;

/// Every outline.
pub async fn all(tx: &mut Tx) -> Result<BTreeMap<AreaCode, Outline>> {
    tx.rows(ALL, args![]).await?.iter().map(outline).collect()
}

/// Puts these outlines in the place of all. `now`: milliseconds since 1970.
pub async fn replace(act: &mut Act, all: &BTreeMap<AreaCode, Outline>, now: i64) -> Result<()> {
    act.tx().run(CLEAR, args![]).await?;
    for (area, outline) in all {
        act.tx().run(INSERT, args![area.as_str(), shape(outline), now]).await?;
    }
    Ok(())
}

fn shape(outline: &Outline) -> String {
    let ring = |ring: &Ring| ring.iter().map(|at| [at.longitude, at.latitude]).collect();
    let polygon = |rings: &Vec<Ring>| rings.iter().map(ring).collect();
    let shape: Shape = outline.polygons.iter().map(polygon).collect();
    serde_json::to_string(&shape).expect("numbers that are not infinite")
}

fn outline(row: &Row) -> Result<(AreaCode, Outline)> {
    let (area, text): (String, String) = (row.get(0)?, row.get(1)?);
    let shape: Shape = serde_json::from_str(&text)
        .map_err(|error| row.of("outline", &[0]).bad(1, error.to_string()))?;
    let point = |[longitude, latitude]: [f64; 2]| Point { latitude, longitude };
    let ring = |ring: Vec<[f64; 2]>| ring.into_iter().map(point).collect::<Ring>();
    let polygons = shape.into_iter().map(|rings| rings.into_iter().map(ring).collect());
    Ok((AreaCode::new(area), Outline { polygons: polygons.collect() }))
}
