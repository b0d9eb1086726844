//! Rule 6: the teams' days.

use super::view::{Day, View};
use super::{Fault, TeamLimit};
use std::collections::BTreeMap;

/// Doses of a tour are compared with this slack, in minutes.
const MINUTES_SLACK: f64 = 1e-6;
/// The shortest round is not looked for beyond so many stops; the plan is infeasible by their
/// number anyway.
const TOUR_STOPS_MAX: usize = 8;

/// Checks doses by team, day and stop; also the kilometres of the tours.
pub(super) fn check(
    view: &View,
    at_stop: &BTreeMap<(usize, Day), BTreeMap<usize, u64>>,
) -> (Vec<Fault>, f64) {
    let campaign = view.campaign;
    let (mut faults, mut total_km) = (Vec::new(), 0.0);
    let mut visited: BTreeMap<(usize, Day), usize> = BTreeMap::new();
    for (&(t, day), visits) in at_stop {
        let team = &campaign.teams[t];
        let doses: u64 = visits.values().sum();
        let mut limits = Vec::new();
        if !view.is_there(team.code.as_str(), team.weekdays, day) {
            limits.push(TeamLimit::Off);
        }
        if visits.len() > usize::try_from(team.max_stops).unwrap_or(usize::MAX) {
            limits.push(TeamLimit::Stops { stops: visits.len(), most: team.max_stops });
        }
        if doses > u64::from(team.doses_per_day) {
            limits.push(TeamLimit::Doses { doses, most: team.doses_per_day });
        }
        let mut setup = 0.0;
        for (&s, &doses) in visits {
            let stop = &campaign.stops[s];
            setup += f64::from(stop.setup_minutes);
            if !view.is_there(stop.code.as_str(), stop.weekdays, day) {
                limits.push(TeamLimit::StopShut { stop: stop.code.clone() });
            }
            if doses > u64::from(stop.max_doses) {
                let (stop, most) = (stop.code.clone(), stop.max_doses);
                limits.push(TeamLimit::StopDoses { stop, doses, most });
            }
            let other = *visited.entry((s, day)).or_insert(t);
            if other != t {
                let teams = [campaign.teams[other].code.clone(), team.code.clone()];
                let (stop, day) = (stop.code.clone(), view.date(day));
                faults.push(Fault::StopTwice { stop, day, teams });
            }
        }
        if visits.len() <= TOUR_STOPS_MAX {
            let stops: Vec<usize> = visits.keys().copied().collect();
            let km = view.tour_km(team, &stops);
            total_km += km;
            let minutes = km / campaign.travel.speed_km_per_hour * 60.0
                + setup
                + doses as f64 * 60.0 / f64::from(team.doses_per_hour);
            if minutes > f64::from(team.work_minutes) + MINUTES_SLACK {
                limits.push(TeamLimit::Minutes { minutes, most: team.work_minutes });
            }
        }
        for limit in limits {
            let (team, day) = (team.code.clone(), view.date(day));
            faults.push(Fault::TeamDay { team, day, limit });
        }
    }
    (faults, total_km)
}
