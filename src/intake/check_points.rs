//! Coordinates that cannot be meant: a sign or digit too many, latitude and longitude of another country.

use super::issue::Issue;
use super::tables::Located;
use crate::domain::area::{Area, Point};
use crate::domain::site::{Site, Stop, Team};
use chrono::{NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Tz;

/// Kilometres from the middle of all points from which on one is asked about. Our choice: no jurisdiction that plans
/// its own campaign is as large.
const FAR_KM: f64 = 500.0;
/// Degrees east or west of the meridian of the time zone from which on a point is asked about: China, with one time
/// zone for all, reaches 47° to the west of its own.
const OFF_DEGREES: f64 = 60.0;

/// The rows whose points are checked, each with the name of its file.
pub(super) struct Rows<'a> {
    pub(super) areas: (&'a str, &'a [Located<Area>]),
    pub(super) sites: (&'a str, &'a [Located<Site>]),
    pub(super) teams: (&'a str, &'a [Located<Team>]),
    pub(super) stops: (&'a str, &'a [Located<Stop>]),
}

/// Warns of points far from all others, and of those in another part of the world than the time zone.
pub(super) fn points(rows: &Rows<'_>, timezone: Option<Tz>, issues: &mut Vec<Issue>) {
    let mut all: Vec<(&str, u32, Point)> = Vec::new();
    let (file, areas) = rows.areas;
    all.extend(areas.iter().filter_map(|it| Some((file, it.row, it.value.point?))));
    let (file, sites) = rows.sites;
    all.extend(sites.iter().filter_map(|it| Some((file, it.row, it.value.point?))));
    let (file, teams) = rows.teams;
    all.extend(teams.iter().map(|it| (file, it.row, it.value.point)));
    let (file, stops) = rows.stops;
    all.extend(stops.iter().map(|it| (file, it.row, it.value.point)));
    let Some(middle) = middle(all.iter().map(|(_, _, point)| *point)) else { return };
    let meridian = timezone.map(meridian);
    for (file, row, point) in all {
        let off = |meridian: f64| {
            let apart = (point.longitude - meridian).abs();
            apart.min(360.0 - apart) > OFF_DEGREES
        };
        let km = point.km_to(middle);
        let shown = format!("{}, {}", point.latitude, point.longitude);
        if meridian.is_some_and(off) {
            let zone = timezone.map_or("", Tz::name);
            let issue = Issue::warning("point_in_other_zone", file).row(row).column("longitude");
            issues.push(issue.value(&shown).with("timezone", zone));
        } else if km > FAR_KM {
            let issue = Issue::warning("point_far_away", file).row(row).column("longitude");
            issues.push(issue.value(&shown).with("km", format!("{km:.0}")));
        }
    }
}

/// The middle of the points: half of them lie on each side, so that one wrong point does not move it.
fn middle(points: impl Iterator<Item = Point>) -> Option<Point> {
    let (mut north, mut east): (Vec<f64>, Vec<f64>) =
        points.map(|point| (point.latitude, point.longitude)).unzip();
    let half = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    Some(Point { latitude: half(&mut north)?, longitude: half(&mut east)? })
}

/// The degrees east at which the sun is in the south at noon of the zone's winter time.
fn meridian(timezone: Tz) -> f64 {
    let winter = NaiveDate::from_ymd_opt(2021, 1, 1).expect("a day");
    let seconds = timezone.offset_from_utc_date(&winter).fix().local_minus_utc();
    f64::from(seconds) / 240.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::AreaCode;

    fn asked(points: &[(f64, f64)], timezone: Option<Tz>) -> Vec<(u32, &'static str)> {
        let area = |(at, (latitude, longitude)): (usize, &(f64, f64))| Located {
            row: u32::try_from(at).unwrap() + 1,
            value: Area {
                code: AreaCode::from("a"),
                name: "a".into(),
                parent: None,
                point: Some(Point { latitude: *latitude, longitude: *longitude }),
            },
        };
        let areas: Vec<_> = points.iter().enumerate().map(area).collect();
        let rows =
            Rows { areas: ("a", &areas), sites: ("", &[]), teams: ("", &[]), stops: ("", &[]) };
        let mut issues = Vec::new();
        super::points(&rows, timezone, &mut issues);
        issues.iter().map(|issue| (issue.row.unwrap_or_default(), issue.code)).collect()
    }

    #[test]
    fn a_point_far_from_the_others_is_asked_about_and_a_large_county_is_not() {
        let county = [(32.0, 119.5), (32.1, 119.6), (31.9, 119.4)];
        assert_eq!(asked(&county, None), []);
        let wide = [(39.0, 75.0), (41.0, 79.0), (40.0, 77.0)];
        assert_eq!(
            asked(&wide, Some(chrono_tz::Asia::Shanghai)),
            [],
            "Kashgar keeps Beijing's time"
        );
        let wrong = [county[0], (32.1, -5.0), county[1], (-32.0, 119.5), county[2]];
        assert_eq!(asked(&wrong, None), [(2, "point_far_away"), (4, "point_far_away")]);
    }

    #[test]
    fn points_that_are_all_in_another_part_of_the_world_are_asked_about() {
        let all = [(32.0, -5.0), (32.0, -5.1)];
        assert_eq!(asked(&all, None), []);
        let told = [(1, "point_in_other_zone"), (2, "point_in_other_zone")];
        assert_eq!(asked(&all, Some(chrono_tz::Asia::Shanghai)), told);
        assert_eq!(
            asked(&[(-17.0, -179.9)], Some(chrono_tz::Pacific::Fiji)),
            [],
            "across the line"
        );
    }
}
