//! People of sessions too small for one vial come to another session: where vaccine comes in vials of several doses,
//! what is left of an open one is lost at the end of the day.

use super::draft::{Draft, Path, Who};
use super::free_capacity::Step;
use super::index::{Day, ListIndex as _, Place, ProgrammeIndex};
use super::model::Problem;
use super::published_plan;
use crate::domain::campaign::Campaign;
use crate::domain::plan::PlanRow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Nobody comes so many days earlier or later than before. Our choice: people still hear of it in time, and whoever
/// misses that day can be called again.
const DAYS_MAX: i64 = 10;

/// A session at a site, of one programme.
type At = (ProgrammeIndex, Place, Day);
/// Doses of each session at a site.
type Doses = BTreeMap<At, u32>;

/// Brings the people of small sessions at sites to other sessions of their programme, on the same day or one near by. A
/// session stays where not all of its people find another one, and where somebody knows of it. `told`: seats that
/// people know of, by programme.
pub(super) fn gather(draft: &mut Draft, told: &[&[PlanRow]]) {
    let problem = draft.problem;
    let vials: Vec<u32> = problem.programmes.iter().map(|one| vial(one.campaign)).collect();
    if vials.iter().all(|vial| *vial <= 1) {
        return;
    }
    let known = known(problem, told);
    let mut doses = doses_of(draft);
    let is_small =
        |at: &At, doses: &Doses| doses.get(at).is_some_and(|doses| *doses < vials[at.0.position()]);
    let mut small: Vec<At> =
        doses.keys().filter(|at| is_small(at, &doses) && !known.contains(*at)).copied().collect();
    small.sort_by_key(|at| (doses[at], at.2, at.1, at.0));
    for at in small {
        // Others may have come to it since.
        if is_small(&at, &doses) {
            give_up(draft, at, &mut doses);
        }
    }
    draft.paths.retain(|path| path.people > 0);
}

/// Doses in the smallest vial of a campaign; 1 where no lot says.
fn vial(campaign: &Campaign) -> u32 {
    campaign.deliveries.iter().filter_map(|lot| lot.doses_per_vial).min().unwrap_or(1)
}

/// Sessions that somebody knows of, and those that were agreed.
fn known(problem: &Problem, told: &[&[PlanRow]]) -> BTreeSet<At> {
    let mut out: BTreeSet<At> = published_plan::known_sessions(problem, told).collect();
    for session in &problem.agreed {
        let of = session.cohorts.iter().map(|cohort| problem.cohorts[*cohort].programme);
        out.extend(of.map(|programme| (programme, session.place, session.day)));
    }
    out
}

fn doses_of(draft: &Draft) -> Doses {
    let mut out = Doses::new();
    for path in &draft.paths {
        add(&mut out, draft.problem.cohorts[path.cohort].programme, path, path.people);
    }
    out
}

/// Counts people of a path at the sites of its steps.
fn add(doses: &mut Doses, programme: ProgrammeIndex, path: &Path, people: u32) {
    for step in path.steps.iter().filter(|step| matches!(step.place, Place::Site(_))) {
        if people > 0 {
            *doses.entry((programme, step.place, step.day)).or_insert(0) += people;
        }
    }
}

fn subtract(doses: &mut Doses, programme: ProgrammeIndex, path: &Path, people: u32) {
    for step in &path.steps {
        let at = (programme, step.place, step.day);
        if let Some(held) = doses.get_mut(&at) {
            *held = held.saturating_sub(people);
            if *held == 0 {
                doses.remove(&at);
            }
        }
    }
}

/// Brings everybody of a session to others, or leaves it as it is.
fn give_up(draft: &mut Draft, at: At, doses: &mut Doses) {
    let (programme, place, day) = at;
    let problem = draft.problem;
    let is_there = |path: &Path| {
        path.people > 0
            && problem.cohorts[path.cohort].programme == programme
            && path.steps.iter().any(|step| (step.place, step.day) == (place, day))
    };
    let paths: Vec<usize> =
        draft.paths.iter().enumerate().filter(|one| is_there(one.1)).map(|one| one.0).collect();
    let others = near(doses, at);
    let mut old: Vec<Path> = Vec::new();
    let began = draft.paths.len();
    draft.forget_dead();
    for no in paths {
        let path = draft.paths[no].clone();
        draft.take_off(no, path.people);
        let mut left = path.people;
        for &(place, day) in &others {
            if left == 0 {
                break;
            }
            left -= bring(draft, &path, at, Step { place, day, team: None }, left);
        }
        old.push(path);
        if left > 0 {
            take_back(draft, began, &old);
            return;
        }
    }
    for path in &old {
        subtract(doses, programme, path, path.people);
    }
    for path in &draft.paths[began..] {
        add(doses, programme, path, path.people);
    }
}

/// Other sessions of a session's programme, the nearest day first, the largest of a day first.
fn near(doses: &Doses, at: At) -> Vec<(Place, Day)> {
    let apart = |day: Day| (day.number() - at.2.number()).abs();
    let mut out: Vec<_> = doses
        .iter()
        .filter(|(one, _)| one.0 == at.0 && **one != at && apart(one.2) <= DAYS_MAX)
        .map(|(one, doses)| (apart(one.2), Reverse(*doses), one.2, one.1))
        .collect();
    out.sort_unstable();
    out.into_iter().map(|(_, _, day, place)| (place, day)).collect()
}

/// Places up to `n` people of a path with another step in place of the one at a session; returns how many.
fn bring(draft: &mut Draft, path: &Path, at: At, to: Step, n: u32) -> u32 {
    let problem = draft.problem;
    let programme = &problem.programmes[at.0];
    let Some(nth) = path.steps.iter().position(|step| (step.place, step.day) == (at.1, at.2))
    else {
        return 0;
    };
    let first = draft.first_dose(path.cohort, path.who);
    let reaches = problem.places_of(path.cohort).contains(&to.place);
    let window = |nth: usize, after: Day| programme.windows[first + nth][after];
    let is_inside = |day: Day, (low, high): (Day, Day)| low <= day && day <= high;
    let in_time = match (nth.checked_sub(1), path.who) {
        (Some(before), _) => is_inside(to.day, window(before, path.steps[before].day)),
        (None, Who::New) => problem.cohorts[path.cohort].opens <= to.day && to.day < programme.end,
        (None, Who::Waiting(run)) => {
            let run = draft.run(path.cohort, run);
            is_inside(to.day, (run.low, run.high))
        }
    };
    // Whoever gets no further dose in the plan would have to get one if this one came earlier.
    let is_last = nth + 1 == path.steps.len() && first + path.steps.len() < programme.doses();
    if !reaches || !in_time || (is_last && to.day < at.2) {
        return 0;
    }
    let mut steps = path.steps.clone();
    steps[nth] = to;
    let next = steps.get(nth + 1).map(|next| next.day);
    if next.is_none_or(|next| is_inside(next, window(nth, to.day))) {
        draft.place_exactly(path.cohort, path.who, &steps, n)
    } else if nth == 0 {
        draft.place_on(path.cohort, path.who, &steps, n)
    } else {
        0
    }
}

/// Takes off what was placed since, and puts people back where they were.
fn take_back(draft: &mut Draft, began: usize, old: &[Path]) {
    for no in began..draft.paths.len() {
        let people = draft.paths[no].people;
        draft.take_off(no, people);
    }
    for path in old {
        let mut left = path.people;
        while left > 0 {
            let back = draft.place_exactly(path.cohort, path.who, &path.steps, left);
            if back == 0 {
                break;
            }
            left -= back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::super::greedy;
    use super::super::programme::only;
    use super::super::testing::{campaign as random, eligible, group, plain, row, start};
    use super::*;
    use chrono::TimeDelta;

    /// One site that fetches vaccine every day, in vials of five doses.
    fn campaign() -> Campaign {
        let mut campaign = plain();
        campaign.sites[0].restock = crate::domain::date::Weekdays::EVERY_DAY;
        campaign.deliveries[0].doses_per_vial = Some(5);
        campaign
    }

    fn gathered(campaign: &Campaign, rows: &[PlanRow], told: &[PlanRow]) -> Vec<PlanRow> {
        let problem = Problem::new(campaign, &[], start());
        let wishes = published_plan::wishes(&problem, only(), rows);
        let mut draft = Draft::new(&problem);
        published_plan::place_wishes(&mut draft, &wishes, Day::NEVER);
        assert_eq!(draft.rows()[only()], rows, "the rows can be placed");
        gather(&mut draft, &[told]);
        draft.rows()[only()].clone()
    }

    #[test]
    fn people_of_a_session_without_a_whole_vial_come_to_another_one() {
        let campaign = campaign();
        let small = [row(1, 1, 8), row(2, 1, 2), row(23, 2, 10)];
        assert_eq!(gathered(&campaign, &small, &[]), [row(1, 1, 10), row(23, 2, 10)]);
        assert_eq!(gathered(&campaign, &small, &[row(2, 1, 1)]), small, "somebody knows of it");
        let later = [row(1, 1, 5), row(22, 2, 3), row(23, 2, 2)];
        assert_eq!(gathered(&campaign, &later, &[]), [row(1, 1, 5), row(22, 2, 5)]);
        // Whose second dose would come too late gets that one on another day, too.
        let both = [row(1, 1, 2), row(7, 1, 8), row(22, 2, 2), row(28, 2, 8)];
        assert_eq!(gathered(&campaign, &both, &[]), [row(7, 1, 10), row(28, 2, 10)]);
    }

    #[test]
    fn sessions_stay_where_not_everybody_finds_another_one() {
        let mut campaign = campaign();
        let full = [row(1, 1, 9), row(2, 1, 2), row(23, 2, 10), row(24, 2, 1)];
        assert_eq!(gathered(&campaign, &full, &[])[..2], full[..2]);
        let far = [row(1, 1, 8), row(14, 1, 2), row(35, 2, 10)];
        assert_eq!(gathered(&campaign, &far, &[]), far);
        campaign.deliveries[0].doses_per_vial = None;
        let small = [row(1, 1, 8), row(2, 1, 2), row(23, 2, 10)];
        assert_eq!(gathered(&campaign, &small, &[]), small, "nothing is lost");
    }

    #[test]
    fn nobody_comes_before_their_group_opens() {
        let mut campaign = campaign();
        campaign.groups.push(group("late", 1.0));
        campaign.groups[1].opens = Some(start() + TimeDelta::days(5));
        campaign.eligible.push(eligible("A1", "late", 50));
        let late = |day, dose| PlanRow { group: "late".into(), ..row(day, dose, 2) };
        let small = [row(1, 1, 8), late(7, 1), row(28, 2, 8), late(28, 2)];
        assert_eq!(gathered(&campaign, &small, &[]), small);
        campaign.groups[1].opens = None;
        let sooner = [row(1, 1, 8), late(1, 1), row(28, 2, 8), late(28, 2)];
        assert_eq!(gathered(&campaign, &small, &[]), sooner);
    }

    #[test]
    fn nobody_loses_a_dose_and_no_rule_is_broken() {
        let mut fewer = 0;
        for seed in 0..200 {
            let mut campaign = random(seed);
            for lot in &mut campaign.deliveries {
                lot.doses_per_vial = Some(5);
            }
            let problem = Problem::new(&campaign, &[], start());
            let mut draft = greedy::plan(&problem, &[], Day::NEVER);
            let small = |draft: &Draft| doses_of(draft).values().filter(|n| **n < 5).count();
            let people = |draft: &Draft| {
                let mut out: BTreeMap<_, u32> = BTreeMap::new();
                for path in &draft.paths {
                    let key = (path.cohort, path.who, path.steps.len());
                    *out.entry(key).or_insert(0) += path.people;
                }
                out
            };
            let (before, had) = (small(&draft), people(&draft));
            gather(&mut draft, &[&[]]);
            assert_eq!(people(&draft), had, "seed {seed}");
            assert!(small(&draft) <= before, "seed {seed}");
            fewer += before - small(&draft);
            let report = check(&campaign, &draft.rows()[only()], &[], start());
            assert!(report.violations.is_empty(), "seed {seed}: {:?}", report.violations);
        }
        assert!(fewer > 100, "{fewer} sessions fewer");
    }
}
