//! What a team takes along: a sheet for each of its days, with times, addresses and the vaccine to load.

use crate::domain::campaign::{Campaign, Language};
use crate::domain::figure::fixed;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::planner::SharedTour;
use crate::domain::stock::drawn_for;
use crate::intake::workbook_out::{Book, Cell};
use crate::text;
use crate::text::harmless;
use chrono::NaiveDateTime;
use rust_decimal::prelude::ToPrimitive as _;
use std::fmt::Display;

/// The campaigns that teams work for: those that were asked for, or the one and others whose plans in force use the
/// same days.
pub(super) struct Served<'a> {
    pub(super) campaigns: Vec<&'a Campaign>,
    /// Whether several were asked for, so that each tour says for which one it is.
    pub(super) is_of_all: bool,
}

impl<'a> Served<'a> {
    /// The name of a stop, in whichever campaign has it.
    pub(super) fn stop_name(&self, code: &str) -> String {
        let found = self.campaigns.iter().find_map(|campaign| campaign.stop(code));
        found.map(|stop| harmless(&stop.name)).unwrap_or_default()
    }

    /// Doses of a stop by campaign; empty where the tour is for the one that was asked for alone.
    pub(super) fn parts(&self, of: &SharedTour, stop: &str) -> Vec<(&'a Campaign, u32)> {
        if of.plans().len() < 2 && !self.is_of_all {
            return Vec::new();
        }
        let parts = of.parts.get(stop).into_iter().flatten();
        parts.filter_map(|(plan, doses)| Some((*self.campaigns.get(*plan)?, *doses))).collect()
    }
}

/// What a tour loads for a campaign: doses that are given, doses that are drawn for them, and vials where lots say how
/// many doses these have.
fn load(campaign: &Campaign, team: &str, doses: u64) -> (u64, u64, Option<u64>) {
    let rate = campaign.team(team).map(|team| team.wastage_rate).unwrap_or_default();
    let drawn = drawn_for(doses, rate).and_then(|drawn| drawn.ceil().to_u64()).unwrap_or(doses);
    let vial = campaign.deliveries.iter().filter_map(|lot| lot.doses_per_vial).max();
    (doses, drawn, vial.map(|vial| drawn.div_ceil(u64::from(vial.max(1)))))
}

/// The workbook of tours. `clock` tells the time so many minutes after departure.
pub(super) fn workbook(
    (served, places): (&Served<'_>, Option<&Jurisdiction>),
    made_at: NaiveDateTime,
    tours: &[SharedTour],
    clock: impl Fn(f64) -> String,
) -> anyhow::Result<Vec<u8>> {
    let Some(campaign) = served.campaigns.first() else { return Ok(Vec::new()) };
    let language = campaign.language;
    let mut book = Book::new(&campaign.name, made_at);
    for shared in tours {
        let one = &shared.of;
        let mut page = book.page(&format!("{} {}", one.day, one.team));
        let titles = titles(language, served, shared, (clock(0.0), clock(one.tour.minutes)));
        let codes =
            ["no", "place", "address", "phone", "arrives", "first", "leaves", "doses", "remark"];
        let heads = codes.map(|code| text::word(language, &format!("tour-head-{code}")));
        let rows: Vec<Vec<Cell>> = (1..)
            .zip(&one.tour.stops)
            .map(|(no, stop)| {
                let mut all = served.campaigns.iter();
                let known = all.find_map(|campaign| campaign.stop(stop.stop.as_str()));
                let parts = served.parts(shared, stop.stop.as_str()).into_iter();
                let parts: Vec<String> =
                    parts.map(|(campaign, doses)| format!("{} {doses}", campaign.name)).collect();
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
                    if parts.is_empty() { Cell::Blank } else { Cell::text(parts.join("; ")) },
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
    served: &Served<'_>,
    shared: &SharedTour,
    (departs, back): (String, String),
) -> Vec<String> {
    let one = &shared.of;
    let plans = shared.plans();
    let own: Vec<(usize, &Campaign)> =
        plans.iter().filter_map(|plan| Some((*plan, *served.campaigns.get(*plan)?))).collect();
    let team = own.iter().find_map(|(_, campaign)| campaign.team(one.team.as_str()));
    let team = team.map_or("", |team| team.name.as_str());
    let km = fixed(one.tour.km, 1);
    let said: [(&str, &dyn Display); 5] =
        [("team", &team), ("date", &one.day), ("departs", &departs), ("back", &back), ("km", &km)];
    let names: Vec<&str> = own.iter().map(|(_, campaign)| campaign.name.as_str()).collect();
    let names = names.join(&text::word(language, "mail-separator"));
    let mut titles = vec![
        text::say(language, "tour-title", &[("campaign", &names)]),
        text::say(language, "tour-when", &said),
    ];
    for (plan, campaign) in &own {
        let (doses, drawn, vials) = load(campaign, one.team.as_str(), shared.doses_for(*plan));
        let vials = vials.unwrap_or(0);
        let said: [(&str, &dyn Display); 4] =
            [("campaign", &campaign.name), ("doses", &doses), ("drawn", &drawn), ("vials", &vials)];
        let load = match (own.len() > 1, vials > 0) {
            (false, true) => "tour-load-vials",
            (false, false) => "tour-load",
            (true, true) => "tour-load-vials-of",
            (true, false) => "tour-load-of",
        };
        titles.push(text::say(language, load, &said));
    }
    titles
}
