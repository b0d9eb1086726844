//! A jurisdiction, and a campaign's own part, as rows of their files.

use super::{AreaRow, ClosedDays, Jurisdiction, LocalCampaign, SiteRow, StopRow};
use crate::domain::date::Weekdays;
use crate::domain::id::{GroupId, LotCode};
use crate::domain::site::{Reach, Team};
use crate::domain::tables::{self as campaign, Table, contact, text};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// All tables of a jurisdiction. The settings have the columns `key` and `value`.
pub fn jurisdiction_tables(of: &Jurisdiction) -> Vec<Table> {
    vec![
        settings(of),
        areas(of.areas.iter()),
        sites(of.sites.iter()),
        reach(of.reach.iter().flatten()),
        teams(&of.teams, &of.gone),
        stops(of.stops.iter(), &of.gone),
        closures(&of.closures),
        contacts(of),
        staff(of),
        leave(of),
        crews(of),
    ]
}

/// All tables of a campaign as its folder says them.
pub fn local_tables(of: &LocalCampaign) -> Vec<Table> {
    let said = of.said();
    let areas_of: Vec<AreaRow> = of.area_rows().collect();
    let stops_of: Vec<StopRow> = of.stop_rows().collect();
    let mut out: Vec<Table> = campaign::tables(&said)
        .into_iter()
        .map(|table| match table.stem {
            "groups" => groups(of, table),
            "areas" => areas(areas_of.iter()),
            "sites" => limits(of),
            "reach" if !of.has_reach => Table { rows: Vec::new(), ..table },
            "teams" => teams(&of.campaign.teams, &of.beyond.gone),
            "stops" => stops(stops_of.iter(), &of.beyond.gone),
            "closures" => closures(&of.closures),
            "deliveries" => deliveries(&of.beyond.recalled, table),
            _ => table,
        })
        .collect();
    out.push(sessions(of));
    out
}

fn yes_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Which girls the HPV rows of the cohort table are about, by the words of the option.
fn cohort(is_of_all: bool) -> &'static str {
    if is_of_all { "all" } else { "text" }
}

fn settings(of: &Jurisdiction) -> Table {
    let [name, email] = contact(of.coordinator.as_ref().map(|one| &one.contact));
    let phone = text(of.coordinator.as_ref().and_then(|one| one.phone.as_ref()));
    let rows = [
        ("id", of.id.to_string()),
        ("name", of.name.clone()),
        ("timezone", of.timezone.name().to_owned()),
        ("language", of.language.tag().to_owned()),
        ("notice_days", of.notice_days.to_string()),
        ("holidays", of.holidays.to_string()),
        ("coordinator.name", name),
        ("coordinator.email", email),
        ("coordinator.phone", phone),
        ("travel.speed_km_per_hour", text(of.travel.map(|travel| travel.speed_km_per_hour))),
        ("travel.road_factor", text(of.travel.map(|travel| travel.road_factor))),
        ("national.dtap-from", text(of.national.dtap_from)),
        ("national.hepb3-gap", text(of.national.hepb3_gap)),
        ("national.hpv-cohort", text(of.national.hpv_cohort_of_all.map(cohort))),
        ("national.keep-out-files", text(of.national.keeps_out_files.map(yes_no))),
        ("national.no-je", text(of.national.without_je.map(yes_no))),
    ];
    let rows = rows.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect();
    Table { stem: "jurisdiction", columns: &["key", "value"], key_columns: 1, extras: 0, rows }
}

fn areas<'a>(rows: impl Iterator<Item = &'a AreaRow>) -> Table {
    let row = |row: &AreaRow| {
        let mut cells = campaign::area(&row.area);
        cells.extend([
            text(row.level),
            text(row.population),
            text(row.merged.as_ref().map(|merger| &merger.into)),
            text(row.merged.as_ref().map(|merger| merger.until)),
        ]);
        cells
    };
    let (columns, rows) = (campaign::AREAS, rows.map(row).collect());
    Table { stem: "areas", columns, key_columns: 1, extras: 4, rows }
}

const SITES: &[&str] = &[
    "site",
    "from",
    "name",
    "area",
    "weekday_doses",
    "saturday_doses",
    "sunday_doses",
    "latitude",
    "longitude",
    "storage_doses",
    "restock",
    "wastage_rate",
    "lead_name",
    "lead_email",
    "address",
    "phone",
    "opens",
    "closes",
    "stations",
    "doses_per_station_hour",
    "candidate",
    "opening_cost",
    "slot_minutes",
];

fn site(row: &SiteRow) -> Vec<String> {
    let clock = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
    let yes = if row.is_candidate { "yes" } else { "" };
    let mut cells = campaign::site(&row.site);
    cells.insert(1, text(row.from));
    cells.extend([
        text(row.address.as_ref()),
        text(row.phone.as_ref()),
        text(row.hours.map(|hours| clock(hours.opens))),
        text(row.hours.map(|hours| clock(hours.closes))),
        text(row.stations.map(|stations| stations.count)),
        text(row.stations.map(|stations| stations.doses_per_hour.normalize())),
        yes.to_owned(),
        text(row.opening_cost.map(|cost| cost.normalize())),
        text(row.slot_minutes),
    ]);
    cells
}

fn sites<'a>(rows: impl Iterator<Item = &'a SiteRow>) -> Table {
    dated(rows.map(site).collect())
}

/// Sites by code and first day.
fn dated(rows: Vec<Vec<String>>) -> Table {
    Table { stem: "sites", columns: SITES, key_columns: 2, extras: 9, rows }
}

/// A campaign's own rows of sites.
fn limits(of: &LocalCampaign) -> Table {
    let at = SITES.iter().position(|column| *column == "wastage_rate").unwrap_or_default();
    let row = |limit: &super::SiteLimit| {
        let mut row = site(&limit.row);
        if limit.wastage_rate.is_none() && !of.beyond.is_whole {
            row[at].clear();
        }
        row
    };
    dated(of.limits.iter().map(row).collect())
}

fn reach<'a>(rows: impl Iterator<Item = &'a Reach>) -> Table {
    let row = |reach: &Reach| vec![reach.area.to_string(), reach.site.to_string()];
    let columns = &["area", "site"];
    Table { stem: "reach", columns, key_columns: 2, extras: 0, rows: rows.map(row).collect() }
}

fn teams(teams: &[Team], gone: &BTreeMap<String, NaiveDate>) -> Table {
    let row = |team: &Team| {
        let mut cells = campaign::team(team);
        cells.push(text(gone.get(team.code.as_str())));
        cells
    };
    let (columns, rows) = (campaign::TEAMS, teams.iter().map(row).collect());
    Table { stem: "teams", columns, key_columns: 1, extras: 2, rows }
}

fn stops<'a>(rows: impl Iterator<Item = &'a StopRow>, gone: &BTreeMap<String, NaiveDate>) -> Table {
    let row = |row: &StopRow| {
        let mut cells = campaign::stop(&row.stop);
        cells.extend([
            text(row.address.as_ref()),
            text(row.phone.as_ref()),
            text(gone.get(row.stop.code.as_str())),
        ]);
        cells
    };
    let (columns, rows) = (campaign::STOPS, rows.map(row).collect());
    Table { stem: "stops", columns, key_columns: 1, extras: 3, rows }
}

fn closures(closed: &[ClosedDays]) -> Table {
    let row = |one: &ClosedDays| {
        let until = (one.last != one.first).then_some(one.last);
        vec![
            one.place.clone(),
            one.first.to_string(),
            one.doses.to_string(),
            text(until),
            text(one.reason.as_ref()),
        ]
    };
    let columns = &["place", "date", "doses", "until", "reason"];
    let rows = closed.iter().map(row).collect();
    Table { stem: "closures", columns, key_columns: 2, extras: 2, rows }
}

fn contacts(of: &Jurisdiction) -> Table {
    let row = |one: &super::AreaContact| {
        let [name, email] = contact(Some(&one.contact));
        let (phone, role) = (text(one.phone.as_ref()), one.role.to_string());
        vec![one.area.to_string(), email, name, phone, role]
    };
    let columns = &["area", "email", "name", "phone", "role"];
    let rows = of.contacts.iter().map(row).collect();
    Table { stem: "contacts", columns, key_columns: 2, extras: 0, rows }
}

fn staff(of: &Jurisdiction) -> Table {
    let row = |one: &super::StaffMember| {
        let roles: Vec<&str> = one.roles.iter().map(|role| role.word()).collect();
        let week = one.weekdays;
        vec![
            one.code.to_string(),
            one.name.clone(),
            one.home.clone(),
            roles.join(" "),
            one.sites.join(" "),
            if week == Weekdays::EVERY_DAY { String::new() } else { week.to_string() },
            one.days_a_week_max.to_string(),
            one.days_in_row_max.to_string(),
            text(one.from),
            text(one.until),
            text(one.phone.as_ref()),
            text(one.email.as_ref()),
        ]
    };
    let columns = &[
        "staff",
        "name",
        "home",
        "roles",
        "sites",
        "weekdays",
        "max_days_per_week",
        "max_days_in_row",
        "from",
        "until",
        "phone",
        "email",
    ];
    let rows = of.staff.iter().map(row).collect();
    Table { stem: "staff", columns, key_columns: 1, extras: 0, rows }
}

fn leave(of: &Jurisdiction) -> Table {
    let row = |one: &super::Leave| {
        let until = (one.last != one.first).then_some(one.last);
        vec![one.staff.to_string(), one.first.to_string(), text(until), text(one.reason.as_ref())]
    };
    let columns = &["staff", "date", "until", "reason"];
    let rows = of.leave.iter().map(row).collect();
    Table { stem: "leave", columns, key_columns: 2, extras: 0, rows }
}

fn crews(of: &Jurisdiction) -> Table {
    let row = |one: &super::Crew| {
        let each = one.per_station.normalize().to_string();
        vec![one.kind.to_string(), one.role.to_string(), each, one.per_place.to_string()]
    };
    let columns = &["place_kind", "role", "staff_per_station", "per_place"];
    let rows = of.crews.iter().map(row).collect();
    Table { stem: "crews", columns, key_columns: 2, extras: 0, rows }
}

/// The groups, with their old names and the kinds of places that serve them.
fn groups(of: &LocalCampaign, plain: Table) -> Table {
    let old_names = |id: &str| {
        let old = of.beyond.renamed.iter().filter(|(_, new)| new.as_str() == id);
        old.map(|(old, _)| old.as_str()).collect::<Vec<_>>().join(" ")
    };
    let row = |mut row: Vec<String>| {
        let kinds = of.kinds.get(&GroupId::from(row[0].as_str()));
        row.push(kinds.map(|kinds| kinds.join(" ")).unwrap_or_default());
        row.push(old_names(&row[0]));
        row
    };
    let columns = &[
        "id",
        "name",
        "min_age",
        "max_age",
        "priority",
        "uptake",
        "target",
        "opens",
        "sex",
        "tags",
        "places",
        "renamed_from",
    ];
    Table { columns, extras: 2, rows: plain.rows.into_iter().map(row).collect(), ..plain }
}

fn deliveries(recalled: &BTreeMap<LotCode, NaiveDate>, plain: Table) -> Table {
    let row = |mut row: Vec<String>| {
        row.push(text(recalled.get(&LotCode::from(row[0].as_str()))));
        row
    };
    let columns = &["lot", "product", "date", "doses", "expires", "doses_per_vial", "recalled"];
    Table { columns, extras: 1, rows: plain.rows.into_iter().map(row).collect(), ..plain }
}

fn sessions(of: &LocalCampaign) -> Table {
    let clock = |time: chrono::NaiveTime| time.format("%H:%M").to_string();
    let row = |one: &super::AgreedSession| {
        vec![
            one.place.to_string(),
            one.day.to_string(),
            text(one.area.as_ref()),
            text(one.group.as_ref()),
            text(one.school.as_ref()),
            text(one.class.as_ref()),
            text(one.hours.map(|hours| clock(hours.opens))),
            text(one.hours.map(|hours| clock(hours.closes))),
            text(one.doses),
            if one.is_locked { "yes" } else { "no" }.to_owned(),
        ]
    };
    let columns = &[
        "place", "date", "area", "group", "school", "class", "opens", "closes", "doses", "locked",
    ];
    let rows = of.sessions.iter().map(row).collect();
    Table { stem: "sessions", columns, key_columns: 6, extras: 0, rows }
}
