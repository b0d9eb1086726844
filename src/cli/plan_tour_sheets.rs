//! What a team takes along: a sheet for each of its days, with times, addresses and the vaccine to load.

use crate::domain::campaign::{Campaign, Language};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::planner::TeamTour;
use crate::domain::stock::drawn_for;
use crate::intake::workbook_out::{Book, Cell};
use crate::text;
use chrono::NaiveDateTime;
use rust_decimal::prelude::ToPrimitive as _;
use std::fmt::Display;

/// What a tour loads: doses that are given, doses that are drawn for them, and vials where lots say how many doses
/// these have.
fn load(campaign: &Campaign, tour: &TeamTour) -> (u64, u64, Option<u64>) {
    let doses: u64 = tour.tour.stops.iter().map(|stop| u64::from(stop.doses)).sum();
    let rate = campaign.team(tour.team.as_str()).map(|team| team.wastage_rate).unwrap_or_default();
    let drawn = drawn_for(doses, rate).and_then(|drawn| drawn.ceil().to_u64()).unwrap_or(doses);
    let vial = campaign.deliveries.iter().filter_map(|lot| lot.doses_per_vial).max();
    (doses, drawn, vial.map(|vial| drawn.div_ceil(u64::from(vial.max(1)))))
}

/// The workbook of tours. `clock` tells the time so many minutes after departure.
pub(super) fn workbook(
    (campaign, places): (&Campaign, Option<&Jurisdiction>),
    made_at: NaiveDateTime,
    tours: &[TeamTour],
    clock: impl Fn(f64) -> String,
) -> anyhow::Result<Vec<u8>> {
    let language = campaign.language;
    let mut book = Book::new(&campaign.name, made_at);
    for one in tours {
        let mut page = book.page(&format!("{} {}", one.day, one.team));
        let titles = titles(language, campaign, one, (clock(0.0), clock(one.tour.minutes)));
        let codes =
            ["no", "place", "address", "phone", "arrives", "first", "leaves", "doses", "remark"];
        let heads = codes.map(|code| text::word(language, &format!("tour-head-{code}")));
        let rows: Vec<Vec<Cell>> = (1..)
            .zip(&one.tour.stops)
            .map(|(no, stop)| {
                let known = campaign.stop(stop.stop.as_str());
                let row = places.and_then(|all| all.stop(stop.stop.as_str()));
                let area = known.and_then(|stop| campaign.area(stop.area.as_str()));
                let said = row.and_then(|row| row.address.clone());
                let address = said.or_else(|| area.map(|area| area.name.clone()));
                vec![
                    Cell::Count(no),
                    Cell::text(known.map(|stop| stop.name.clone()).unwrap_or_default()),
                    Cell::text(address.unwrap_or_default()),
                    Cell::text(row.and_then(|row| row.phone.clone()).unwrap_or_default()),
                    Cell::text(clock(stop.arrival_minutes)),
                    Cell::text(clock(stop.first_dose_minutes)),
                    Cell::text(clock(stop.departure_minutes)),
                    Cell::Count(stop.doses.into()),
                    Cell::Blank,
                ]
            })
            .collect();
        page.table(&titles, &heads, &rows)?;
        page.close()?;
    }
    if tours.is_empty() {
        book.page(&campaign.name).close()?;
    }
    Ok(book.bytes()?)
}

fn titles(
    language: Language,
    campaign: &Campaign,
    one: &TeamTour,
    (departs, back): (String, String),
) -> Vec<String> {
    let team = campaign.team(one.team.as_str()).map_or("", |team| team.name.as_str());
    let km = format!("{:.1}", one.tour.km);
    let (doses, drawn, vials) = load(campaign, one);
    let vials = vials.unwrap_or(0);
    let said: [(&str, &dyn Display); 8] = [
        ("team", &team),
        ("date", &one.day),
        ("departs", &departs),
        ("back", &back),
        ("km", &km),
        ("doses", &doses),
        ("drawn", &drawn),
        ("vials", &vials),
    ];
    let load = if vials > 0 { "tour-load-vials" } else { "tour-load" };
    vec![
        text::say(language, "tour-title", &[("campaign", &campaign.name)]),
        text::say(language, "tour-when", &said),
        text::say(language, load, &said),
    ]
}
