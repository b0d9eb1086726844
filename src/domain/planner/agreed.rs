//! Agreed sessions, placed before everything else: people who wait for a dose first, then people who
//! start. Whoever starts there must be able to finish.

use super::agreed_teams::{AgreedTeams, teams_for};
use super::draft::{Draft, Who};
use super::free_capacity::Step;
use super::index::{CohortIndex, Day, Per, Place};
use super::model::{AgreedModel, Problem};

/// People of a cohort who move through its sessions.
#[derive(Debug, Clone)]
struct Group {
    who: Who,
    people: u32,
    steps: Vec<Step>,
    /// First and last day of their next dose.
    window: (Day, Day),
}

/// A plan with the agreed sessions only.
pub(super) fn placed<'p>(problem: &'p Problem<'p>) -> Draft<'p> {
    let mut draft = Draft::new(problem);
    if problem.agreed.is_empty() {
        return draft;
    }
    let teams = teams_for(problem);
    let mut groups: Per<CohortIndex, Vec<Group>> =
        problem.cohorts.indices().map(|cohort| waiting(problem, cohort)).collect();
    let mut new_left: Per<CohortIndex, u32> =
        problem.cohorts.iter().map(|cohort| cohort.new_people).collect();
    for session in &problem.agreed {
        let mut left = session.doses.unwrap_or(1);
        let mut cohorts = session.cohorts.clone();
        cohorts.sort_by(|&a, &b| problem.urgency(b).total_cmp(&problem.urgency(a)).then(a.cmp(&b)));
        for &cohort in &cohorts {
            left -= serve(problem, (session, &teams), cohort, &mut groups[cohort], left);
        }
        for &cohort in &cohorts {
            let model = &problem.cohorts[cohort];
            let can_start = session.dose.is_none_or(|dose| dose == 1)
                && model.opens <= session.day
                && reaches(problem, cohort, session);
            let n = left.min(new_left[cohort]);
            if can_start && n > 0 {
                let steps = vec![step(session, &teams)];
                let window = next_window(problem, cohort, 0, session.day);
                groups[cohort].push(Group { who: Who::New, people: n, steps, window });
                new_left[cohort] -= n;
                left -= n;
            }
        }
    }
    for (cohort, groups) in groups.pairs() {
        for group in groups.iter().filter(|group| !group.steps.is_empty()) {
            draft.place_agreed(cohort, group.who, &group.steps, group.people);
        }
    }
    draft.forget_dead();
    draft
}

fn step(session: &AgreedModel, teams: &AgreedTeams) -> Step {
    let team = match session.place {
        Place::Stop(stop) => teams.get(&(session.day, stop)).copied(),
        Place::Site(_) => None,
    };
    Step { day: session.day, place: session.place, team }
}

fn reaches(problem: &Problem, cohort: CohortIndex, session: &AgreedModel) -> bool {
    problem.places_of(cohort).contains(&session.place)
}

/// People who had a dose before the plan.
fn waiting(problem: &Problem, cohort: CohortIndex) -> Vec<Group> {
    let runs = problem.cohorts[cohort].waiting.pairs();
    let group = |(r, run): (_, &super::model::Waiting)| Group {
        who: Who::Waiting(r),
        people: run.people,
        steps: Vec::new(),
        window: (run.low, run.high),
    };
    runs.map(group).collect()
}

/// Days of the dose after dose `dose` (index) that is given on a day; none after the last dose.
fn next_window(problem: &Problem, cohort: CohortIndex, dose: usize, day: Day) -> (Day, Day) {
    let programme = problem.programme_of(cohort);
    programme.windows.get(dose).map_or((Day::of_number(1), Day::FIRST), |days| days[day])
}

/// Gives up to `left` doses of a session to people of a cohort who wait, those whose window ends
/// first before the others; returns how many.
fn serve(
    problem: &Problem,
    (session, teams): (&AgreedModel, &AgreedTeams),
    cohort: CohortIndex,
    groups: &mut Vec<Group>,
    left: u32,
) -> u32 {
    if !reaches(problem, cohort, session) {
        return 0;
    }
    // The dose that somebody gets next, from 0.
    let next = |group: &Group| match group.who {
        Who::New => group.steps.len(),
        Who::Waiting(run) => problem.cohorts[cohort].waiting[run].dose + group.steps.len(),
    };
    let mut due: Vec<usize> = (0..groups.len())
        .filter(|&i| groups[i].window.0 <= session.day && session.day <= groups[i].window.1)
        .filter(|&i| session.dose.is_none_or(|dose| usize::from(dose) == next(&groups[i]) + 1))
        .collect();
    due.sort_by_key(|&i| (groups[i].window.1, i));
    let mut served = 0;
    for i in due {
        let n = groups[i].people.min(left - served);
        if n == 0 {
            continue;
        }
        let mut moved = Group { people: n, ..groups[i].clone() };
        let dose = next(&moved);
        moved.steps.push(step(session, teams));
        moved.window = next_window(problem, cohort, dose, session.day);
        groups[i].people -= n;
        groups.push(moved);
        served += n;
    }
    served
}
