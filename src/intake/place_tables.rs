//! Reads the rows of a jurisdiction's tables, and those that a campaign beside it may have.

#![expect(clippy::option_option, reason = "outer: the cell was refused; inner: the cell is blank")]

use super::fields::{COUNT_MAX, Fields};
use super::issue::Issue;
use super::settings::split;
use super::table::{Column, Table};
use super::tables::{self, Located, optional, required};
use super::values;
use crate::domain::area::Merger;
use crate::domain::contact::Contact;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::jurisdiction::{
    AgreedSession, AreaContact, AreaLevel, AreaRow, ClosedDays, ContactRole, Hours, Jurisdiction,
    SiteLimit, SiteRow, Stations, StopRow,
};
use crate::domain::site::Site;
use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Doses that a station gives in an hour where a site does not say.
const STATION_DOSES_PER_HOUR: u32 = 20;
/// Most stations of a site. A larger number is a typing error.
const STATIONS_MAX: u32 = 10_000;
/// The shortest and the longest slot of a session, in minutes. Our choice.
const SLOT_MINUTES_LEAST: u32 = 5;
const SLOT_MINUTES_MOST: u32 = 24 * 60;
/// Longest closure in one row, in days: as long as the longest campaign.
const CLOSED_DAYS_MAX: i64 = super::settings::CAMPAIGN_DAYS_MAX;

pub(super) const AREAS: &[Column] = &[
    required("area"),
    required("name"),
    optional("parent"),
    optional("latitude"),
    optional("longitude"),
    optional("level"),
    optional("population"),
    optional("merged_into"),
    optional("until"),
];

const SITE_COLUMNS: [Column; 24] = [
    required("site"),
    required("name"),
    required("area"),
    required("weekday_doses"),
    optional("saturday_doses"),
    optional("sunday_doses"),
    optional("latitude"),
    optional("longitude"),
    optional("storage_doses"),
    optional("restock"),
    optional("wastage_rate"),
    optional("lead_name"),
    optional("lead_email"),
    optional("address"),
    optional("phone"),
    optional("opens"),
    optional("closes"),
    optional("from"),
    optional("stations"),
    optional("doses_per_station_hour"),
    optional("candidate"),
    optional("opening_cost"),
    optional("slot_minutes"),
    optional("until"),
];

pub(super) const SITES: &[Column] = &SITE_COLUMNS;

/// The sites of a campaign beside a jurisdiction: name and area are needed only for a new one.
pub(super) const LIMITS: &[Column] = &{
    let mut columns = SITE_COLUMNS;
    columns[1] = optional("name");
    columns[2] = optional("area");
    columns
};

pub(super) const STOPS: &[Column] = &[
    required("stop"),
    required("name"),
    required("area"),
    required("latitude"),
    required("longitude"),
    optional("kind"),
    optional("setup_minutes"),
    optional("max_doses"),
    optional("weekdays"),
    optional("address"),
    optional("phone"),
    optional("until"),
];

pub(super) const TEAMS: &[Column] = &[
    required("team"),
    required("name"),
    required("latitude"),
    required("longitude"),
    optional("work_minutes"),
    optional("max_stops"),
    optional("doses_per_hour"),
    optional("doses_per_day"),
    optional("wastage_rate"),
    optional("weekdays"),
    optional("lead_name"),
    optional("lead_email"),
    optional("max_visits"),
    optional("until"),
];

pub(super) const DELIVERIES: &[Column] = &[
    required("lot"),
    required("product"),
    required("date"),
    required("doses"),
    required("expires"),
    optional("doses_per_vial"),
    optional("recalled"),
];

pub(super) const CLOSURES: &[Column] = &[
    required("place"),
    required("date"),
    optional("doses"),
    optional("until"),
    optional("reason"),
];

pub(super) const CONTACTS: &[Column] =
    &[required("area"), required("name"), required("email"), optional("phone"), optional("role")];

pub(super) const SESSIONS: &[Column] = &[
    required("place"),
    required("date"),
    optional("opens"),
    optional("closes"),
    optional("area"),
    optional("group"),
    optional("school"),
    optional("class"),
    optional("doses"),
    optional("locked"),
];

pub(super) fn area(fields: &mut Fields<'_>) -> Option<AreaRow> {
    let area = tables::area(fields);
    let level = if fields.is_blank("level") {
        Some(None)
    } else {
        let words = AreaLevel::ALL.map(AreaLevel::word);
        fields.word("level", &words, AreaLevel::from_word).map(Some)
    };
    let population = fields.count_maybe("population", 0..=COUNT_MAX);
    let into = fields.code_maybe("merged_into");
    let until = fields.day_maybe("until");
    let merged = match (into?, until?) {
        (None, None) => None,
        (Some(into), Some(until)) => Some(Merger { into: AreaCode::new(into), until }),
        (Some(_), None) => return fields.refuse("half_a_merger", "until"),
        (None, Some(_)) => return fields.refuse("half_a_merger", "merged_into"),
    };
    Some(AreaRow { area: area?, level: level?, population: population?, merged })
}

pub(super) fn site(fields: &mut Fields<'_>) -> Option<SiteRow> {
    let site = tables::site(fields);
    site_row(fields, site)
}

/// What a row says beyond the site itself.
fn site_row(fields: &mut Fields<'_>, site: Option<Site>) -> Option<SiteRow> {
    let address = fields.text_maybe("address");
    let phone = fields.text_maybe("phone");
    let hours = hours(fields);
    let slot_minutes = fields.count_maybe("slot_minutes", SLOT_MINUTES_LEAST..=SLOT_MINUTES_MOST);
    let from = fields.day_maybe("from");
    let stations = stations(fields);
    let is_candidate = yes_or_no(fields, "candidate");
    let opening_cost = if fields.is_blank("opening_cost") {
        Some(None)
    } else {
        fields.decimal("opening_cost", Decimal::ZERO, Decimal::from(i64::MAX), true).map(Some)
    };
    if matches!((stations, hours), (Some(Some(_)), Some(None))) {
        return fields.refuse("stations_without_hours", "stations");
    }
    Some(SiteRow {
        site: site?,
        from: from?,
        address: address?,
        phone: phone?,
        hours: hours?,
        slot_minutes: slot_minutes?,
        stations: stations?,
        is_candidate: is_candidate?,
        opening_cost: opening_cost?,
    })
}

/// A row of a campaign's own limits. `known` is the site as the jurisdiction has it: the row need
/// not repeat its name and area.
pub(super) fn limit(fields: &mut Fields<'_>, known: &Jurisdiction) -> Option<SiteLimit> {
    let has_wastage = !fields.is_blank("wastage_rate");
    let code = fields.code("site");
    let rows = code.as_deref().map(|code| known.site_rows(code)).unwrap_or_default();
    let own = rows.last().map(|row| &row.site);
    let (name, area) = match own.filter(|_| fields.is_blank("name") || fields.is_blank("area")) {
        Some(own) => (Some(own.name.clone()), Some(own.area.as_str().to_owned())),
        None => (fields.text("name"), fields.code("area")),
    };
    let site = tables::site_of(fields, code, name, area);
    let row = site_row(fields, site)?;
    Some(SiteLimit { wastage_rate: has_wastage.then_some(row.site.wastage_rate), row })
}

/// The days in a column of a table, by the code of their row; rows that leave it blank are left out.
pub(super) fn days_of(
    table: &Table,
    (code, column): (&'static str, &'static str),
    issues: &mut Vec<Issue>,
) -> BTreeMap<String, NaiveDate> {
    let mut out = BTreeMap::new();
    for line in &table.lines {
        let mut fields = Fields::new(table, line);
        let day = fields.day_maybe(column);
        let code = fields.get(code).to_owned();
        issues.append(&mut fields.issues);
        out.extend(day.flatten().map(|day| (code, day)));
    }
    out
}

/// Reads sites with the rows with which they end.
pub(super) fn sites(table: &Table, issues: &mut Vec<Issue>) -> Vec<Located<SiteRow>> {
    let mut sites = tables::read(table, issues, site);
    let ends = days_of(table, ("site", "until"), issues);
    sites.extend(ended(&sites, &ends));
    sites
}

/// Teams and stops that end, with the first day on which they are no longer there.
pub(super) fn gone(
    teams: &Table,
    stops: &Table,
    issues: &mut Vec<Issue>,
) -> BTreeMap<String, NaiveDate> {
    let mut gone = days_of(teams, ("team", "until"), issues);
    gone.extend(days_of(stops, ("stop", "until"), issues));
    gone
}

/// The rows with which sites end, where their own rows say so.
pub(super) fn ended(
    rows: &[Located<SiteRow>],
    gone: &BTreeMap<String, NaiveDate>,
) -> Vec<Located<SiteRow>> {
    let mut out = Vec::new();
    for (code, day) in gone {
        let mine = |row: &&Located<SiteRow>| row.value.site.code.as_str() == code;
        let mine: Vec<&Located<SiteRow>> = rows.iter().filter(mine).collect();
        let is_known = mine.iter().any(|row| row.value.from == Some(*day));
        let newest = mine.iter().max_by_key(|row| row.value.from).filter(|_| !is_known);
        out.extend(newest.map(|row| Located { row: row.row, value: row.value.ended(*day) }));
    }
    out
}

fn stations(fields: &mut Fields<'_>) -> Option<Option<Stations>> {
    let rate = if fields.is_blank("doses_per_station_hour") {
        Some(Decimal::from(STATION_DOSES_PER_HOUR))
    } else {
        let most = Decimal::from(COUNT_MAX);
        fields.decimal("doses_per_station_hour", Decimal::ZERO, most, true)
    };
    let count = fields.count_maybe("stations", 0..=STATIONS_MAX)?;
    let doses_per_hour = rate?;
    Some(count.map(|count| Stations { count, doses_per_hour }))
}

/// Opening hours; both or neither.
fn hours(fields: &mut Fields<'_>) -> Option<Option<Hours>> {
    let (opens, closes) = (clock(fields, "opens"), clock(fields, "closes"));
    match (opens?, closes?) {
        (None, None) => Some(None),
        (Some(opens), Some(closes)) if opens < closes => Some(Some(Hours { opens, closes })),
        (Some(opens), Some(_)) => {
            let issue = fields.issue("closes_before_it_opens", "closes").with("opens", opens);
            fields.issues.push(issue);
            None
        }
        (Some(_), None) => fields.refuse("half_of_hours", "closes"),
        (None, Some(_)) => fields.refuse("half_of_hours", "opens"),
    }
}

/// A time of the day, `08:30`.
pub(super) fn clock(fields: &mut Fields<'_>, column: &'static str) -> Option<Option<NaiveTime>> {
    if fields.is_blank(column) {
        return Some(None);
    }
    let text = values::half_width(fields.get(column));
    // Spreadsheets write seconds.
    let time =
        ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(&text, form).ok());
    match time {
        Some(time) => Some(Some(time)),
        None => fields.refuse("bad_time", column),
    }
}

/// Yes or no; a blank cell means no.
fn yes_or_no(fields: &mut Fields<'_>, column: &'static str) -> Option<bool> {
    if fields.is_blank(column) {
        return Some(false);
    }
    let answer = values::yes_no(fields.get(column));
    if answer.is_none() {
        let issue = fields.issue("bad_word", column);
        fields.issues.push(issue.with("known", "yes, no").with("nearest", "none"));
    }
    answer
}

pub(super) fn stop(fields: &mut Fields<'_>) -> Option<StopRow> {
    let stop = tables::stop(fields);
    let address = fields.text_maybe("address");
    let phone = fields.text_maybe("phone");
    Some(StopRow { stop: stop?, address: address?, phone: phone? })
}

pub(super) fn closed(fields: &mut Fields<'_>) -> Option<ClosedDays> {
    let day = tables::closure(fields);
    let until = fields.day_maybe("until");
    let reason = fields.text_maybe("reason");
    let day = day?;
    let last = until?.unwrap_or(day.day);
    if last < day.day {
        let issue = fields.issue("until_before_date", "until").with("date", day.day);
        fields.issues.push(issue);
        return None;
    }
    if (last - day.day).num_days() >= CLOSED_DAYS_MAX {
        let issue = fields.issue("closed_too_long", "until").with("limit", CLOSED_DAYS_MAX);
        fields.issues.push(issue);
        return None;
    }
    Some(ClosedDays { place: day.place, first: day.day, last, doses: day.doses, reason: reason? })
}

pub(super) fn contact(fields: &mut Fields<'_>) -> Option<AreaContact> {
    let area = fields.code("area");
    let name = fields.text("name");
    let email = fields.email_maybe("email");
    let phone = fields.text_maybe("phone");
    let role = if fields.is_blank("role") {
        Some(ContactRole::Coordinator)
    } else {
        let words = ContactRole::ALL.map(ContactRole::word);
        fields.word("role", &words, ContactRole::from_word)
    };
    let Some(email) = email? else { return fields.refuse("missing_value", "email") };
    Some(AreaContact {
        area: AreaCode::new(area?),
        contact: Contact { name: name?, email: Some(email) },
        phone: phone?,
        role: role?,
    })
}

pub(super) fn session(fields: &mut Fields<'_>) -> Option<AgreedSession> {
    let place = fields.code("place");
    let day = fields.day("date");
    let hours = hours(fields);
    let area = fields.code_maybe("area");
    let group = fields.code_maybe("group");
    let school = fields.text_maybe("school");
    let class = fields.text_maybe("class");
    let doses = fields.count_maybe("doses", 0..=COUNT_MAX);
    let is_locked = yes_or_no(fields, "locked");
    Some(AgreedSession {
        place: PlaceCode::new(place?),
        day: day?,
        hours: hours?,
        area: area?.map(AreaCode::new),
        group: group?.map(GroupId::new),
        school: school?,
        class: class?,
        doses: doses?,
        dose: None,
        is_booked: false,
        is_locked: is_locked?,
    })
}

/// The kinds of places in a cell; empty where it is blank.
pub(super) fn kinds(fields: &Fields<'_>) -> Vec<String> {
    split(fields.get("places")).into_iter().map(str::to_owned).collect()
}
