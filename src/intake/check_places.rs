//! Checks of places that need all tables together: sites, reach, teams, stops, closures, lots.

use super::check::{Codes, duplicates, unknown};
use super::issue::Issue;
use super::tables::Located;
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::site::{Closure, Delivery, Reach, Site, Stop, Team};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Names of the files as messages show them.
pub(super) struct Files<'a> {
    pub(super) sites: &'a str,
    pub(super) reach: &'a str,
    pub(super) teams: &'a str,
    pub(super) stops: &'a str,
    pub(super) closures: &'a str,
    pub(super) deliveries: &'a str,
}

/// Checks that each place code is used once, over all files, and that its area exists.
pub(super) fn places(
    names: &Files<'_>,
    sites: &[Located<Site>],
    teams: &[Located<Team>],
    stops: &[Located<Stop>],
    areas: &Codes<'_>,
    issues: &mut Vec<Issue>,
) {
    duplicates(names.sites, "site", sites, |s| &s.code, |s| s.code.to_string(), issues);
    duplicates(names.teams, "team", teams, |t| &t.code, |t| t.code.to_string(), issues);
    duplicates(names.stops, "stop", stops, |s| &s.code, |s| s.code.to_string(), issues);
    let mut owners: BTreeMap<&str, (&str, u32)> = BTreeMap::new();
    let sites_codes = sites.iter().map(|s| (names.sites, "site", s.row, s.value.code.as_str()));
    let teams_codes = teams.iter().map(|t| (names.teams, "team", t.row, t.value.code.as_str()));
    let stops_codes = stops.iter().map(|s| (names.stops, "stop", s.row, s.value.code.as_str()));
    for (file, column, row, code) in sites_codes.chain(teams_codes).chain(stops_codes) {
        let (other, other_row) = *owners.entry(code).or_insert((file, row));
        if other != file {
            issues.push(
                Issue::error("overlapping_codes", file)
                    .row(row)
                    .column(column)
                    .value(code)
                    .with("other", format!("{other}:{other_row}")),
            );
        }
    }
    let site_areas = sites.iter().map(|s| (names.sites, s.row, s.value.area.as_str()));
    let stop_areas = stops.iter().map(|s| (names.stops, s.row, s.value.area.as_str()));
    for (file, row, area) in site_areas.chain(stop_areas) {
        if !areas.contains(area) {
            issues.push(unknown("unknown_area", file, row, "area", area, areas));
        }
    }
}

/// Which sites serve which area. From the file's rows; without that file, each site serves its own area.
pub(super) fn reach(
    file: &str,
    rows: Option<Vec<Located<Reach>>>,
    areas: &Codes<'_>,
    site_codes: &Codes<'_>,
    sites: &[Located<Site>],
    issues: &mut Vec<Issue>,
) -> Vec<Reach> {
    let Some(rows) = rows else {
        let of_site = |site: &Located<Site>| Reach {
            area: site.value.area.clone(),
            site: site.value.code.clone(),
        };
        return sites.iter().map(of_site).collect();
    };
    for Located { row, value } in &rows {
        let (area, site) = (value.area.as_str(), value.site.as_str());
        if !areas.contains(area) {
            issues.push(unknown("unknown_area", file, *row, "area", area, areas));
        }
        if !site_codes.contains(site) {
            issues.push(unknown("unknown_site", file, *row, "site", site, site_codes));
        }
    }
    let key = |reach: &Reach| (reach.area.clone(), reach.site.clone());
    let shown = |reach: &Reach| format!("{}, {}", reach.area, reach.site);
    duplicates(file, "site", &rows, key, shown, issues);
    let mut seen: BTreeSet<(AreaCode, PlaceCode)> = BTreeSet::new();
    rows.into_iter().map(|row| row.value).filter(|reach| seen.insert(key(reach))).collect()
}

/// Checks closures: the place exists, one row for each place and day, and only capacity 0 for teams and stops.
pub(super) fn closures(
    file: &str,
    rows: &[Located<Closure>],
    site_codes: &Codes<'_>,
    mobile_codes: &Codes<'_>,
    span: Option<(NaiveDate, NaiveDate)>,
    issues: &mut Vec<Issue>,
) {
    let all = site_codes.and(mobile_codes);
    for Located { row, value } in rows {
        let place = value.place.as_str();
        if !all.contains(place) {
            issues.push(unknown("unknown_place", file, *row, "place", place, &all));
        } else if value.doses > 0 && mobile_codes.has(place) && !site_codes.has(place) {
            issues.push(
                Issue::error("closure_with_doses", file)
                    .row(*row)
                    .column("doses")
                    .value(&value.doses.to_string())
                    .with("place", place),
            );
        }
        outside(file, *row, value.day, span, issues);
    }
    let shown = |closure: &Closure| format!("{}, {}", closure.place, closure.day);
    duplicates(file, "date", rows, |c| (c.place.as_str(), c.day), shown, issues);
}

fn outside(
    file: &str,
    row: u32,
    day: NaiveDate,
    span: Option<(NaiveDate, NaiveDate)>,
    issues: &mut Vec<Issue>,
) {
    if let Some((start, end)) = span
        && (day < start || day > end)
    {
        issues.push(
            Issue::warning("outside_campaign", file)
                .row(row)
                .column("date")
                .value(&day.to_string())
                .with("start", start)
                .with("end", end),
        );
    }
}

/// Checks that each lot is delivered once.
pub(super) fn deliveries(file: &str, rows: &[Located<Delivery>], issues: &mut Vec<Issue>) {
    duplicates(file, "lot", rows, |d| &d.lot, |d| d.lot.to_string(), issues);
}
