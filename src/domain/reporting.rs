//! Who is asked to report on a day: places with a session by the plan in force, sites and stops alike. On days before
//! the first plan these are the sites that are open.

use super::calendar::Sessions;
use super::campaign::Campaign;
use super::coverage::SitesReported;
use super::id::PlaceCode;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// The places whose reports are expected for a day, sites first, in the order of the campaign's files. A place that was
/// shut after it was planned is not asked, and neither is a stop whose teams are all off.
pub fn expected<'a>(
    campaign: &'a Campaign,
    sessions: &Sessions,
    day: NaiveDate,
) -> Vec<&'a PlaceCode> {
    let open = campaign.open_sites(day).into_iter().map(|site| &site.code);
    if sessions.first_day().is_none_or(|first| day < first) {
        return open.collect();
    }
    let is_off = |code: &str| {
        campaign.closures.iter().any(|one| one.day == day && one.place == code && one.doses == 0)
    };
    let mut planned: BTreeSet<&PlaceCode> = BTreeSet::new();
    for (key, entry) in sessions.standing((day, day)) {
        let is_on = key.team.as_ref().is_none_or(|team| !is_off(team.as_str()));
        if is_on && entry.doses.values().any(|doses| *doses > 0) {
            planned.insert(&key.place);
        }
    }
    let stops = campaign.stops.iter().map(|stop| &stop.code);
    let stops = stops.filter(|code| !is_off(code.as_str()));
    open.chain(stops).filter(|code| planned.contains(code)).collect()
}

/// Compares the places that are asked with those that have reported.
pub fn reported(expected: &[&PlaceCode], reported: &BTreeSet<PlaceCode>) -> SitesReported {
    let missing: Vec<PlaceCode> =
        expected.iter().filter(|code| !reported.contains(**code)).map(|&c| c.clone()).collect();
    SitesReported { expected: expected.len(), reported: expected.len() - missing.len(), missing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::Point;
    use crate::domain::plan::PlanRow;
    use crate::domain::planner::testing::{plain, start};
    use crate::domain::site::{Closure, Stop};
    use chrono::TimeDelta;

    fn row(place: &str, team: Option<&str>) -> PlanRow {
        PlanRow {
            day: start(),
            place: place.into(),
            team: team.map(Into::into),
            area: "A1".into(),
            group: "all".into(),
            dose: 1,
            doses: 10,
        }
    }

    fn county() -> Campaign {
        let mut campaign = plain();
        let mut site = campaign.sites[0].clone();
        site.code = "S2".into();
        campaign.sites.push(site);
        campaign.stops = ["P1", "P2"].map(stop).to_vec();
        campaign
    }

    fn stop(code: &str) -> Stop {
        Stop {
            code: code.into(),
            name: code.into(),
            area: "A1".into(),
            point: Point { latitude: 32.0, longitude: 119.0 },
            kind: None,
            setup_minutes: 30,
            max_doses: 200,
            weekdays: crate::domain::date::Weekdays::MON_TO_FRI,
        }
    }

    fn asked(campaign: &Campaign, sessions: &Sessions, days: i64) -> String {
        let day = start() + TimeDelta::days(days);
        expected(campaign, sessions, day).iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn stops_with_a_session_are_asked_and_sites_without_one_are_not() {
        let campaign = county();
        let mut sessions = Sessions::default();
        assert_eq!(asked(&campaign, &sessions, 0), "S1 S2", "no plan says who is at work");
        sessions.adopt((1, 0), start(), &[row("S1", None), row("P1", Some("T1"))]);
        assert_eq!(asked(&campaign, &sessions, 0), "S1 P1");
        assert_eq!(asked(&campaign, &sessions, 1), "", "nothing is planned on the second day");
    }

    #[test]
    fn nobody_is_asked_who_was_told_to_stay_shut() {
        let rows = [row("S1", None), row("S2", None), row("P1", Some("T1"))];
        for (shut, left) in [("S1", "S2 P1"), ("P1", "S1 S2"), ("T1", "S1 S2")] {
            let mut campaign = county();
            campaign.closures = vec![Closure { place: shut.into(), day: start(), doses: 0 }];
            let mut sessions = Sessions::default();
            sessions.adopt((1, 0), start(), &rows);
            assert_eq!(asked(&campaign, &sessions, 0), left, "{shut} is shut");
        }
    }

    #[test]
    fn who_reported_counts_only_where_it_was_asked() {
        let (one, two) = (PlaceCode::from("S1"), PlaceCode::from("P1"));
        let came = BTreeSet::from([one.clone(), PlaceCode::from("S9")]);
        let found = reported(&[&one, &two], &came);
        assert_eq!((found.expected, found.reported, found.missing), (2, 1, vec![two]));
    }
}
