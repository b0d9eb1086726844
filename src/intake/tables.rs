//! Reads the tables of a campaign row by row. References between tables are checked afterwards.

use super::fields::{COUNT_MAX, Fields};
use super::issue::Issue;
use super::table::{Column, Table};
use crate::domain::area::Area;
use crate::domain::date::Weekdays;
use crate::domain::group::Eligible;
use crate::domain::id::{AreaCode, GroupId, LotCode, PlaceCode, TeamCode};
use crate::domain::site::{Closure, Delivery, Reach, Site, Stop, Team};

const MINUTES_OF_A_DAY: u32 = 1440;
/// Most stops of a team on a day. Every order of them is tried; the contract allows four.
const STOPS_A_DAY_MAX: u32 = 4;
/// Most homes that a team visits in a day.
const VISITS_A_DAY_MAX: u32 = 40;
/// Most doses in a vial. A larger number is a typing error.
const VIAL_DOSES_MAX: u32 = 1000;

/// A value and the row that it was read from.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) row: u32,
    pub(super) value: T,
}

pub(super) const fn required(name: &'static str) -> Column {
    Column::required(name)
}

pub(super) const fn optional(name: &'static str) -> Column {
    Column::optional(name)
}

pub(super) const ELIGIBLE: &[Column] = &[
    required("area"),
    required("group"),
    required("people"),
    optional("source"),
    optional("as_of"),
];

pub(super) const REACH: &[Column] = &[required("area"), required("site")];

/// The values of rows.
pub(super) fn values<T>(rows: Vec<Located<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}

/// Reads every row. Rows with an error are left out.
pub(super) fn read<T>(
    table: &Table,
    issues: &mut Vec<Issue>,
    row_of: impl Fn(&mut Fields<'_>) -> Option<T>,
) -> Vec<Located<T>> {
    let mut values = Vec::with_capacity(table.lines.len());
    for line in &table.lines {
        let mut fields = Fields::new(table, line);
        let value = row_of(&mut fields);
        issues.append(&mut fields.issues);
        values.extend(value.map(|value| Located { row: line.row, value }));
    }
    values
}

pub(super) fn area(fields: &mut Fields<'_>) -> Option<Area> {
    let code = fields.code("area");
    let name = fields.text("name");
    let parent = fields.code_maybe("parent");
    let point = fields.point_maybe();
    Some(Area {
        code: AreaCode::new(code?),
        name: name?,
        parent: parent?.map(AreaCode::new),
        point: point?,
    })
}

pub(super) fn eligible(fields: &mut Fields<'_>) -> Option<Eligible> {
    let area = fields.code("area");
    let group = fields.code("group");
    let people = fields.count("people", 0..=COUNT_MAX);
    let source = fields.text_maybe("source");
    let as_of = fields.day_maybe("as_of");
    Some(Eligible {
        area: AreaCode::new(area?),
        group: GroupId::new(group?),
        people: people?,
        source: source?,
        as_of: as_of?,
    })
}

pub(super) fn site(fields: &mut Fields<'_>) -> Option<Site> {
    let code = fields.code("site");
    let name = fields.text("name");
    let area = fields.code("area");
    site_of(fields, code, name, area)
}

/// The rest of a site whose code, name and area are known, or were refused.
pub(super) fn site_of(
    fields: &mut Fields<'_>,
    code: Option<String>,
    name: Option<String>,
    area: Option<String>,
) -> Option<Site> {
    let weekday_doses = fields.count("weekday_doses", 0..=COUNT_MAX);
    let saturday_doses = fields.count_or("saturday_doses", 0, 0..=COUNT_MAX);
    let sunday_doses = fields.count_or("sunday_doses", 0, 0..=COUNT_MAX);
    let point = fields.point_maybe();
    let storage_doses = fields.count_maybe("storage_doses", 0..=COUNT_MAX);
    let restock = fields.weekdays_or("restock", Weekdays::EVERY_DAY);
    let wastage_rate = fields.wastage("wastage_rate");
    let lead = fields.contact("lead_name", "lead_email");
    Some(Site {
        code: PlaceCode::new(code?),
        name: name?,
        area: AreaCode::new(area?),
        weekday_doses: weekday_doses?,
        saturday_doses: saturday_doses?,
        sunday_doses: sunday_doses?,
        point: point?,
        storage_doses: storage_doses?,
        restock: restock?,
        wastage_rate: wastage_rate?,
        lead: lead?,
    })
}

pub(super) fn reach(fields: &mut Fields<'_>) -> Option<Reach> {
    let area = fields.code("area");
    let site = fields.code("site");
    Some(Reach { area: AreaCode::new(area?), site: PlaceCode::new(site?) })
}

pub(super) fn team(fields: &mut Fields<'_>) -> Option<Team> {
    let code = fields.code("team");
    let name = fields.text("name");
    let point = fields.point();
    let work_minutes = fields.count_or("work_minutes", 420, 1..=MINUTES_OF_A_DAY);
    let max_stops = fields.count_or("max_stops", 3, 1..=STOPS_A_DAY_MAX);
    let max_visits = fields.count_maybe("max_visits", 1..=VISITS_A_DAY_MAX);
    let doses_per_hour = fields.count_or("doses_per_hour", 30, 1..=COUNT_MAX);
    let doses_per_day = fields.count_or("doses_per_day", 240, 0..=COUNT_MAX);
    let wastage_rate = fields.wastage("wastage_rate");
    let weekdays = fields.weekdays_or("weekdays", Weekdays::MON_TO_FRI);
    let lead = fields.contact("lead_name", "lead_email");
    Some(Team {
        code: TeamCode::new(code?),
        name: name?,
        point: point?,
        work_minutes: work_minutes?,
        max_stops: max_stops?,
        max_visits: max_visits?,
        doses_per_hour: doses_per_hour?,
        doses_per_day: doses_per_day?,
        wastage_rate: wastage_rate?,
        weekdays: weekdays?,
        lead: lead?,
    })
}

pub(super) fn stop(fields: &mut Fields<'_>) -> Option<Stop> {
    let code = fields.code("stop");
    let name = fields.text("name");
    let area = fields.code("area");
    let point = fields.point();
    let kind = fields.text_maybe("kind");
    let setup_minutes = fields.count_or("setup_minutes", 30, 0..=MINUTES_OF_A_DAY);
    let max_doses = fields.count_or("max_doses", 200, 0..=COUNT_MAX);
    let weekdays = fields.weekdays_or("weekdays", Weekdays::EVERY_DAY);
    Some(Stop {
        code: PlaceCode::new(code?),
        name: name?,
        area: AreaCode::new(area?),
        point: point?,
        kind: kind?,
        setup_minutes: setup_minutes?,
        max_doses: max_doses?,
        weekdays: weekdays?,
    })
}

pub(super) fn closure(fields: &mut Fields<'_>) -> Option<Closure> {
    let place = fields.code("place");
    let day = fields.day("date");
    let doses = fields.count_or("doses", 0, 0..=COUNT_MAX);
    Some(Closure { place: place?, day: day?, doses: doses? })
}

pub(super) fn delivery(fields: &mut Fields<'_>) -> Option<Delivery> {
    let lot = fields.code("lot");
    let product = fields.text("product");
    let date = fields.day("date");
    let doses = fields.count("doses", 0..=COUNT_MAX);
    let expires = fields.day("expires");
    let doses_per_vial = fields.count_maybe("doses_per_vial", 1..=VIAL_DOSES_MAX);
    if let (Some(date), Some(expires)) = (date, expires)
        && expires < date
    {
        let issue = fields.issue("expires_before_delivery", "expires").with("date", date);
        fields.issues.push(issue);
    }
    Some(Delivery {
        lot: LotCode::new(lot?),
        product: product?,
        date: date?,
        doses: doses?,
        expires: expires?,
        doses_per_vial: doses_per_vial?,
    })
}
