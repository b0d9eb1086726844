//! A campaign as rows of its files, in one canonical form: for export, and for comparing two versions.

use super::area::Point;
use super::campaign::{Adopt, Campaign};
use super::contact::Contact;
use super::date::Weekdays;
use super::series::{Duration, MonthEnd};
use std::fmt::Display;

/// The rows of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The file's name without its ending: `sites`.
    pub stem: &'static str,
    /// The columns.
    pub columns: &'static [&'static str],
    /// How many of the first columns form the key of a row.
    pub key_columns: usize,
    /// How many of the last columns are left out of a file where no row has anything in them.
    pub extras: usize,
    /// The rows, in the campaign's order.
    pub rows: Vec<Vec<String>>,
}

pub(super) fn text(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

pub(super) fn point(point: Option<&Point>) -> [String; 2] {
    [text(point.map(|p| p.latitude)), text(point.map(|p| p.longitude))]
}

pub(super) fn contact(contact: Option<&Contact>) -> [String; 2] {
    [text(contact.map(|c| &c.name)), text(contact.and_then(|c| c.email.as_ref()))]
}

pub(super) fn weekdays(days: Weekdays) -> String {
    days.to_string()
}

fn duration(duration: Option<Duration>) -> String {
    text(duration)
}

/// The column of a site's first day, a part of its key that few files have.
const FIRST_DAY: &str = "from";

impl Table {
    /// What tells a row from the others. A site without a first day is its code alone.
    pub fn key_of(&self, row: &[String]) -> String {
        let mut cells = &row[..self.key_columns];
        if self.key_columns > 1 && self.columns[1] == FIRST_DAY && cells[1].is_empty() {
            cells = &cells[..1];
        }
        cells.join(", ")
    }

    /// The columns that a file of this table has: those beyond the usual ones only where some row needs them.
    pub fn used(&self) -> Vec<usize> {
        let usual = self.columns.len() - self.extras;
        let is_extra = |at: usize| at >= usual || self.columns[at] == FIRST_DAY;
        let is_used =
            |at: &usize| !is_extra(*at) || self.rows.iter().any(|row| !row[*at].is_empty());
        (0..self.columns.len()).filter(is_used).collect()
    }
}

/// All tables of a campaign. Settings and dose rules have the columns `key` and `value`.
pub fn tables(campaign: &Campaign) -> Vec<Table> {
    vec![
        settings(campaign),
        series(campaign),
        groups(campaign),
        group_sets(campaign),
        areas(campaign),
        eligible(campaign),
        sites(campaign),
        reach(campaign),
        teams(campaign),
        stops(campaign),
        closures(campaign),
        deliveries(campaign),
    ]
}

const KEY_VALUE: &[&str] = &["key", "value"];

fn pairs<const N: usize>(pairs: [(&str, String); N]) -> Vec<Vec<String>> {
    pairs.into_iter().map(|(key, value)| vec![key.to_owned(), value]).collect()
}

fn settings(campaign: &Campaign) -> Table {
    let [name, email] = contact(campaign.coordinator.as_ref());
    let adopt = match campaign.adopt {
        Adopt::Auto => "auto",
        Adopt::Ask => "ask",
    };
    let mut rows = pairs([
        ("id", campaign.id.to_string()),
        ("name", campaign.name.clone()),
        ("timezone", campaign.timezone.name().to_owned()),
        ("language", campaign.language.tag().to_owned()),
        ("start", campaign.start.to_string()),
        ("end", campaign.end.to_string()),
        ("series", campaign.series.id.to_string()),
        ("adopt", adopt.to_owned()),
        ("freeze_days", campaign.freeze_days.to_string()),
        ("overbook_risk", campaign.overbook_risk.normalize().to_string()),
        ("coordinator.name", name),
        ("coordinator.email", email),
        ("travel.speed_km_per_hour", campaign.travel.speed_km_per_hour.to_string()),
        ("travel.road_factor", campaign.travel.road_factor.to_string()),
    ]);
    if let Some(catch_up) = &campaign.catch_up {
        rows.extend(pairs([
            ("catch_up.vaccines", catch_up.vaccines.join(" ")),
            ("catch_up.rate", catch_up.rate.to_string()),
        ]));
    }
    Table { stem: "campaign", columns: KEY_VALUE, key_columns: 1, extras: 0, rows }
}

fn series(campaign: &Campaign) -> Table {
    let series = &campaign.series;
    if let Some(rules) = series.rules.as_deref().and_then(|text| text.parse().ok()) {
        let mut rows = Vec::new();
        flatten(String::new(), &toml::Value::Table(rules), &mut rows);
        return Table { stem: "series", columns: KEY_VALUE, key_columns: 1, extras: 0, rows };
    }
    let month_end = match series.month_end {
        MonthEnd::Roll => "roll",
        MonthEnd::Clip => "clip",
    };
    let mut rows = pairs([
        ("id", series.id.to_string()),
        ("name", series.name.clone()),
        ("source", series.source.clone()),
        ("month_end", month_end.to_owned()),
        ("grace", series.grace.to_string()),
    ]);
    let season = series.season_start.map(|start| ("season_start", start.to_string()));
    rows.extend(season.map(|pair| pairs([pair])).into_iter().flatten());
    for (number, dose) in (1..).zip(&series.doses) {
        let cells = [
            ("protection", dose.protection.to_string()),
            ("min_age", duration(dose.min_age)),
            ("interval_min", duration(dose.interval_min)),
            ("interval_recommended", duration(dose.interval_recommended)),
            ("interval_max", duration(dose.interval_max)),
        ];
        let given = cells.into_iter().filter(|(_, value)| !value.is_empty());
        rows.extend(given.map(|(key, value)| vec![format!("doses.{number}.{key}"), value]));
    }
    Table { stem: "series", columns: KEY_VALUE, key_columns: 1, extras: 0, rows }
}

/// The keys and values of a TOML tree. A list's elements count from 1: `doses.2.min_age`.
fn flatten(key: String, value: &toml::Value, rows: &mut Vec<Vec<String>>) {
    let below = |part: &str| if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") };
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                flatten(below(name), value, rows);
            }
        }
        toml::Value::Array(values) => {
            for (number, value) in (1..).zip(values) {
                flatten(below(&number.to_string()), value, rows);
            }
        }
        toml::Value::String(text) => rows.push(vec![key, text.clone()]),
        other => rows.push(vec![key, other.to_string()]),
    }
}

fn groups(campaign: &Campaign) -> Table {
    let columns = &[
        "id", "name", "min_age", "max_age", "priority", "uptake", "target", "opens", "sex", "tags",
    ];
    let row = |group: &super::group::Group| {
        vec![
            group.id.to_string(),
            group.name.clone(),
            duration(group.min_age),
            duration(group.max_age),
            group.priority.to_string(),
            group.uptake.normalize().to_string(),
            text(group.target.map(|target| target.normalize())),
            text(group.opens),
            text(group.sex.map(super::person::Sex::letter)),
            group.tags.join(" "),
        ]
    };
    let rows = campaign.groups.iter().map(row).collect();
    Table { stem: "groups", columns, key_columns: 1, extras: 0, rows }
}

fn group_sets(campaign: &Campaign) -> Table {
    let row = |set: &super::group::GroupSet| {
        let groups: Vec<&str> = set.groups.iter().map(super::id::GroupId::as_str).collect();
        vec![set.id.to_string(), set.name.clone(), groups.join(" ")]
    };
    let rows = campaign.group_sets.iter().map(row).collect();
    let columns = &["id", "name", "groups"];
    Table { stem: "group_sets", columns, key_columns: 1, extras: 0, rows }
}

/// The columns of areas; a campaign that stands alone has the first ones.
pub(super) const AREAS: &[&str] = &[
    "area",
    "name",
    "parent",
    "latitude",
    "longitude",
    "level",
    "population",
    "merged_into",
    "until",
];

pub(super) fn area(area: &super::area::Area) -> Vec<String> {
    let [latitude, longitude] = point(area.point.as_ref());
    vec![area.code.to_string(), area.name.clone(), text(area.parent.as_ref()), latitude, longitude]
}

fn areas(campaign: &Campaign) -> Table {
    let rows = campaign.areas.iter().map(area).collect();
    let columns = AREAS.split_at(5).0;
    Table { stem: "areas", columns, key_columns: 1, extras: 0, rows }
}

fn eligible(campaign: &Campaign) -> Table {
    let row = |row: &super::group::Eligible| {
        let source = row.source.clone().unwrap_or_default();
        let (area, group) = (row.area.to_string(), row.group.to_string());
        vec![area, group, text(row.as_of), row.people.to_string(), source]
    };
    let columns = &["area", "group", "as_of", "people", "source"];
    let rows = campaign.eligible.iter().map(row).collect();
    Table { stem: "eligible", columns, key_columns: 3, extras: 0, rows }
}

pub(super) fn site(site: &super::site::Site) -> Vec<String> {
    let [latitude, longitude] = point(site.point.as_ref());
    let [lead_name, lead_email] = contact(site.lead.as_ref());
    vec![
        site.code.to_string(),
        site.name.clone(),
        site.area.to_string(),
        site.weekday_doses.to_string(),
        site.saturday_doses.to_string(),
        site.sunday_doses.to_string(),
        latitude,
        longitude,
        text(site.storage_doses),
        weekdays(site.restock),
        site.wastage_rate.normalize().to_string(),
        lead_name,
        lead_email,
    ]
}

fn sites(campaign: &Campaign) -> Table {
    let columns = &[
        "site",
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
    ];
    let rows = campaign.sites.iter().map(site).collect();
    Table { stem: "sites", columns, key_columns: 1, extras: 0, rows }
}

fn reach(campaign: &Campaign) -> Table {
    let row = |reach: &super::site::Reach| vec![reach.area.to_string(), reach.site.to_string()];
    let rows = campaign.reach.iter().map(row).collect();
    let columns = &["area", "site"];
    Table { stem: "reach", columns, key_columns: 2, extras: 0, rows }
}

/// The columns of teams; a campaign that stands alone has the first ones.
pub(super) const TEAMS: &[&str] = &[
    "team",
    "name",
    "latitude",
    "longitude",
    "work_minutes",
    "max_stops",
    "doses_per_hour",
    "doses_per_day",
    "wastage_rate",
    "weekdays",
    "lead_name",
    "lead_email",
    "max_visits",
    "until",
];

pub(super) fn team(team: &super::site::Team) -> Vec<String> {
    let [latitude, longitude] = point(Some(&team.point));
    let [lead_name, lead_email] = contact(team.lead.as_ref());
    vec![
        team.code.to_string(),
        team.name.clone(),
        latitude,
        longitude,
        team.work_minutes.to_string(),
        team.max_stops.to_string(),
        team.doses_per_hour.to_string(),
        team.doses_per_day.to_string(),
        team.wastage_rate.normalize().to_string(),
        weekdays(team.weekdays),
        lead_name,
        lead_email,
        team.max_visits.map(|visits| visits.to_string()).unwrap_or_default(),
    ]
}

fn teams(campaign: &Campaign) -> Table {
    let rows = campaign.teams.iter().map(team).collect();
    let columns = TEAMS.split_at(13).0;
    Table { stem: "teams", columns, key_columns: 1, extras: 1, rows }
}

/// The columns of stops; a campaign that stands alone has the first ones.
pub(super) const STOPS: &[&str] = &[
    "stop",
    "name",
    "area",
    "latitude",
    "longitude",
    "kind",
    "setup_minutes",
    "max_doses",
    "weekdays",
    "address",
    "phone",
    "until",
];

pub(super) fn stop(stop: &super::site::Stop) -> Vec<String> {
    let [latitude, longitude] = point(Some(&stop.point));
    vec![
        stop.code.to_string(),
        stop.name.clone(),
        stop.area.to_string(),
        latitude,
        longitude,
        stop.kind.clone().unwrap_or_default(),
        stop.setup_minutes.to_string(),
        stop.max_doses.to_string(),
        weekdays(stop.weekdays),
    ]
}

fn stops(campaign: &Campaign) -> Table {
    let rows = campaign.stops.iter().map(stop).collect();
    let columns = STOPS.split_at(9).0;
    Table { stem: "stops", columns, key_columns: 1, extras: 0, rows }
}

fn closures(campaign: &Campaign) -> Table {
    let row = |closure: &super::site::Closure| {
        vec![closure.place.clone(), closure.day.to_string(), closure.doses.to_string()]
    };
    let rows = campaign.closures.iter().map(row).collect();
    let columns = &["place", "date", "doses"];
    Table { stem: "closures", columns, key_columns: 2, extras: 0, rows }
}

fn deliveries(campaign: &Campaign) -> Table {
    let row = |lot: &super::site::Delivery| {
        vec![
            lot.lot.to_string(),
            lot.product.clone(),
            lot.date.to_string(),
            lot.doses.to_string(),
            lot.expires.to_string(),
            text(lot.doses_per_vial),
        ]
    };
    let columns = &["lot", "product", "date", "doses", "expires", "doses_per_vial"];
    let rows = campaign.deliveries.iter().map(row).collect();
    Table { stem: "deliveries", columns, key_columns: 1, extras: 0, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::CatchUp;
    use crate::domain::testing::county;

    fn rows(campaign: &Campaign, stem: &str) -> Vec<String> {
        let tables = tables(campaign);
        let table = tables.iter().find(|table| table.stem == stem).expect("a table");
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{stem}");
        table.rows.iter().map(|row| row.join(" | ")).collect()
    }

    #[test]
    fn every_table_has_its_rows_in_the_form_of_its_file() {
        let campaign = county();
        let first = |stem: &str| rows(&campaign, stem)[0].clone();
        assert_eq!(
            first("groups"),
            "adult | group adult | 18 years | 60 years | 1 | 1 |  |  |  | "
        );
        assert_eq!(rows(&campaign, "groups")[1].split(" | ").nth(7), Some("2021-03-11"));
        assert_eq!(first("group_sets"), "grown | set grown | adult senior");
        assert_eq!(rows(&campaign, "areas")[1], "N | area N | C |  | ");
        assert_eq!(first("eligible"), "N | adult |  | 800 | register");
        let week = "mon tue wed thu fri sat sun";
        assert_eq!(
            first("sites"),
            format!("S1 | site S1 | N | 100 | 50 | 0 |  |  |  | {week} | 0.05 |  | ")
        );
        assert_eq!(first("reach"), "N | S1");
        let team =
            "T1 | team T1 | 32 | 119 | 420 | 3 | 30 | 240 | 0.1 | mon tue wed thu fri |  |  | ";
        assert_eq!(first("teams"), team);
        assert_eq!(first("stops"), format!("P1 | stop P1 | V | 32.1 | 119 |  | 30 | 200 | {week}"));
        assert_eq!(first("closures"), "S1 | 2021-03-03 | 0");
        assert_eq!(first("deliveries"), "L2 | vaccine | 2021-03-06 | 200 | 2021-04-30 | 10");
    }

    #[test]
    fn settings_and_dose_rules_are_keys_and_values() {
        let mut campaign = county();
        assert!(rows(&campaign, "campaign").contains(&"adopt | auto".to_owned()));
        assert!(!rows(&campaign, "campaign").iter().any(|row| row.starts_with("catch_up")));
        campaign.adopt = Adopt::Ask;
        let rate = "0.95".parse().expect("a rate");
        campaign.catch_up = Some(CatchUp { vaccines: vec!["03".into(), "08".into()], rate });
        let settings = rows(&campaign, "campaign");
        for row in ["adopt | ask", "catch_up.vaccines | 03 08", "catch_up.rate | 0.95"] {
            assert!(settings.contains(&row.to_owned()), "{row}");
        }
        campaign.series.month_end = MonthEnd::Clip;
        let series = rows(&campaign, "series");
        for row in
            ["month_end | clip", "doses.1.protection | 0.6", "doses.2.interval_max | 56 days"]
        {
            assert!(series.contains(&row.to_owned()), "{row}");
        }
        assert!(!series.iter().any(|row| row.starts_with("doses.1.interval")), "no empty values");
        campaign.series.rules = Some("id = \"x\"\n[[doses]]\nage = 3\n[[doses]]\nage = 4".into());
        assert_eq!(rows(&campaign, "series"), ["doses.1.age | 3", "doses.2.age | 4", "id | x"]);
    }
}
