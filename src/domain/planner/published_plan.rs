//! A published plan as wishes: its rows, paired first in, first out to the paths of people as they
//! are today.

use super::draft::{Draft, Who};
use super::free_capacity::Step;
use super::index::{
    CohortIndex, Day, ListIndex as _, Per, Place, ProgrammeIndex, SiteIndex, StopIndex, TeamIndex,
    by_code,
};
use super::model::{Cohort, Problem};
use crate::domain::campaign::CohortKey;
use crate::domain::plan::PlanRow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// People of a cohort and the steps that the published plan has for them; the last steps may be
/// missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// Their cohort.
    pub(super) cohort: CohortIndex,
    /// Who.
    pub(super) who: Who,
    /// How many.
    pub(super) people: u32,
    /// Where and when.
    pub(super) steps: Vec<Step>,
}

/// The cohorts, places and teams of a programme by their codes.
struct Places<'a> {
    cohorts: BTreeMap<&'a CohortKey, CohortIndex>,
    sites: BTreeMap<&'a str, SiteIndex>,
    stops: BTreeMap<&'a str, StopIndex>,
    teams: BTreeMap<&'a str, TeamIndex>,
}

impl<'a> Places<'a> {
    fn of(problem: &'a Problem, k: ProgrammeIndex) -> Self {
        let campaign = problem.programmes[k].campaign;
        let own = problem.cohorts.pairs().filter(|(_, cohort)| cohort.programme == k);
        Self {
            cohorts: own.map(|(at, cohort)| (&cohort.key, at)).collect(),
            sites: by_code(campaign.sites.iter().map(|site| site.code.as_str())),
            stops: by_code(campaign.stops.iter().map(|stop| stop.code.as_str())),
            teams: by_code(campaign.teams.iter().map(|team| team.code.as_str())),
        }
    }

    /// A row's cohort, the number of its dose from 0, and the step; `None` for what is unknown or outside the days.
    fn step(
        &self,
        problem: &Problem,
        k: ProgrammeIndex,
        row: &PlanRow,
    ) -> Option<(CohortIndex, usize, Step)> {
        let programme = &problem.programmes[k];
        let cohort = *self.cohorts.get(&CohortKey::of(row))?;
        let code = row.place.as_str();
        let site = || self.sites.get(code).copied().map(Place::Site);
        let place = self.stops.get(code).copied().map(Place::Stop).or_else(site)?;
        let day = problem.number_of(row.day);
        let dose = usize::from(row.dose).checked_sub(1)?;
        let is_known = dose < programme.doses()
            && programme.first.number() <= day
            && day < programme.end.number()
            && problem.places_of(cohort).contains(&place);
        let team = row.team.as_ref().and_then(|team| self.teams.get(team.as_str())).copied();
        is_known.then_some((cohort, dose, Step { day: Day::of_number(day), place, team }))
    }
}

/// Pairs the rows of a programme's plan that can still be used. Rows that name something unknown or
/// lie outside the planning days are ignored.
pub(super) fn wishes(problem: &Problem, k: ProgrammeIndex, rows: &[PlanRow]) -> Vec<Wish> {
    let programme = &problem.programmes[k];
    let places = Places::of(problem, k);
    let mut steps: Per<CohortIndex, Vec<Vec<(Step, u32)>>> =
        Per::filled(vec![Vec::new(); programme.doses()], problem.cohorts.len());
    for row in rows {
        if let Some((cohort, dose, step)) = places.step(problem, k, row) {
            steps[cohort][dose].push((step, row.doses));
        }
    }
    let mut all = Vec::new();
    for (cohort, mut doses) in problem.cohorts.indices().zip(steps) {
        if problem.cohorts[cohort].programme != k {
            continue;
        }
        for rows in &mut doses {
            rows.sort();
        }
        pair(problem, cohort, doses, &mut all);
    }
    all
}

/// Pairs one cohort's doses: those who are bound come before those who are not, each first in,
/// first out.
fn pair(problem: &Problem, c: CohortIndex, doses: Vec<Vec<(Step, u32)>>, all: &mut Vec<Wish>) {
    let cohort: &Cohort = &problem.cohorts[c];
    let mut moving: Vec<Wish> = Vec::new();
    for (j, rows) in doses.into_iter().enumerate() {
        if j == 0 {
            let new = |(step, people)| Wish { cohort: c, who: Who::New, people, steps: vec![step] };
            moving = rows.into_iter().map(new).collect();
            continue;
        }
        let (mut owed, mut free) = (VecDeque::new(), VecDeque::new());
        for (r, run) in cohort.waiting.pairs().filter(|(_, run)| run.dose == j) {
            let wish =
                Wish { cohort: c, who: Who::Waiting(r), people: run.people, steps: Vec::new() };
            let queue = if run.bound { &mut owed } else { &mut free };
            queue.push_back(((run.low, run.high), wish));
        }
        for wish in std::mem::take(&mut moving) {
            let window = {
                let nobody = (Day::of(1), Day::FIRST);
                let windows = &problem.programme(cohort).windows[j - 1];
                wish.steps.last().map_or(nobody, |s| windows[s.day])
            };
            owed.push_back((window, wish));
        }
        for (step, mut n) in rows {
            for queue in [&mut owed, &mut free] {
                n = serve(queue, step, n, &mut moving, all);
            }
        }
        all.extend(owed.into_iter().chain(free).map(|(_, wish)| wish));
    }
    all.extend(moving);
    all.retain(|wish| !wish.steps.is_empty());
}

/// Gives up to `n` doses of a step to the people at the front of a queue and returns what is left.
/// People whose window ended before the step leave the queue with the steps that they have.
fn serve(
    queue: &mut VecDeque<((Day, Day), Wish)>,
    step: Step,
    mut n: u32,
    moving: &mut Vec<Wish>,
    all: &mut Vec<Wish>,
) -> u32 {
    while n > 0 {
        let Some(((low, high), wish)) = queue.front_mut() else { break };
        if *high < step.day {
            all.extend(queue.pop_front().map(|(_, wish)| wish));
            continue;
        }
        if step.day < *low {
            break;
        }
        let taken = n.min(wish.people);
        let mut served = Wish { people: taken, ..wish.clone() };
        served.steps.push(step);
        moving.push(served);
        wish.people -= taken;
        n -= taken;
        if wish.people == 0 {
            queue.pop_front();
        }
    }
    n
}

/// The days of seats that people know of, by cohort and number of the dose from 0. `told`: these seats, by programme.
pub(super) fn known_days(
    problem: &Problem,
    told: &[&[PlanRow]],
) -> BTreeMap<(CohortIndex, usize), BTreeSet<Day>> {
    let mut out: BTreeMap<_, BTreeSet<Day>> = BTreeMap::new();
    for (k, rows) in problem.programmes.indices().zip(told) {
        let places = Places::of(problem, k);
        for (cohort, dose, step) in rows.iter().filter_map(|row| places.step(problem, k, row)) {
            out.entry((cohort, dose)).or_default().insert(step.day);
        }
    }
    out
}

/// Sessions of which people know, by programme. `told`: their seats, by programme.
pub(super) fn known_sessions(
    problem: &Problem,
    told: &[&[PlanRow]],
) -> impl Iterator<Item = (ProgrammeIndex, Place, Day)> {
    problem.programmes.indices().zip(told).flat_map(move |(k, rows)| {
        let places = Places::of(problem, k);
        let steps = rows.iter().filter_map(move |row| places.step(problem, k, row));
        steps.map(move |(_, _, step)| (k, step.place, step.day))
    })
}

/// The wishes that a search leaves as they are: those of people who know of their first step, and those that a team
/// serves before day `until`. `told`: seats that people know of, by programme.
pub(super) fn stays(
    problem: &Problem,
    wishes: &[Wish],
    told: &[&[PlanRow]],
    until: Day,
) -> Vec<Wish> {
    let mut known: BTreeMap<(CohortIndex, usize, Step), u32> = BTreeMap::new();
    for (k, rows) in problem.programmes.indices().zip(told) {
        let places = Places::of(problem, k);
        for row in *rows {
            if let Some((cohort, dose, step)) = places.step(problem, k, row) {
                *known.entry((cohort, dose, Step { team: None, ..step })).or_insert(0) += row.doses;
            }
        }
    }
    let mut out = Vec::new();
    for wish in wishes {
        let Some(step) = wish.steps.first() else { continue };
        let dose = match wish.who {
            Who::New => 0,
            Who::Waiting(run) => problem.cohorts[wish.cohort].waiting[run].dose,
        };
        let is_tour = step.team.is_some() && step.day < until;
        let left = known.get_mut(&(wish.cohort, dose, Step { team: None, ..*step }));
        let mut people = wish.people;
        if let Some(left) = left {
            let knows = people.min(*left);
            *left -= knows;
            people = if is_tour { people } else { knows };
        } else if !is_tour {
            continue;
        }
        if people > 0 {
            out.push(Wish { people, ..wish.clone() });
        }
    }
    out
}

/// Objective of the wishes if all were kept. Of people who start, no more count than there are, in
/// the order of the wishes.
pub(super) fn worth(problem: &Problem, wishes: &[Wish]) -> f64 {
    let mut new_left: Per<CohortIndex, u32> =
        problem.cohorts.iter().map(|c| c.new_people).collect();
    let mut worth = 0.0;
    for wish in wishes {
        let cohort = &problem.cohorts[wish.cohort];
        let (first, people) = match wish.who {
            Who::Waiting(run) => (cohort.waiting[run].dose, wish.people),
            Who::New => {
                let left = &mut new_left[wish.cohort];
                let people = wish.people.min(*left);
                *left -= people;
                (0, people)
            }
        };
        let doses = problem.programme(cohort).doses();
        let steps = (first..doses).zip(&wish.steps);
        let of_one: f64 = steps.map(|(dose, step)| problem.value(cohort, dose, step.day)).sum();
        worth += f64::from(people) * of_one;
    }
    worth
}

/// Places the wishes whose first step is before day `until`, those of waiting people first. People
/// who do not fit stay without a path.
pub(super) fn place_wishes(draft: &mut Draft, wishes: &[Wish], until: Day) {
    for new in [false, true] {
        for wish in wishes.iter().filter(|wish| (wish.who == Who::New) == new) {
            if wish.steps.first().is_some_and(|step| step.day < until) {
                let mut left = wish.people;
                while left > 0 {
                    let placed = draft.place_on(wish.cohort, wish.who, &wish.steps, left);
                    if placed == 0 {
                        break;
                    }
                    left -= placed;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::programme::only;
    use super::super::testing::{plain, row, start};
    use super::*;
    use crate::domain::campaign::Campaign;
    use crate::domain::dose::GivenRow;
    use chrono::TimeDelta;

    fn given(day: i64, doses: u32) -> GivenRow {
        let PlanRow { day, place, area, group, dose, doses, .. } = row(day, 1, doses);
        GivenRow { day, place, area, group, dose, doses }
    }

    /// Wishes as who, how many and the days of the steps.
    fn paired(campaign: &Campaign, given: &[GivenRow], from: i64, rows: &[PlanRow]) -> Vec<String> {
        let problem = Problem::new(campaign, given, start() + TimeDelta::days(from));
        let line = |wish: &Wish| {
            let who = if wish.who == Who::New { "new" } else { "waiting" };
            let days: Vec<i64> = wish.steps.iter().map(|step| step.day.number()).collect();
            format!("{} {who} {days:?}", wish.people)
        };
        wishes(&problem, only(), rows).iter().map(line).collect()
    }

    #[test]
    fn rows_are_paired_first_in_first_out_inside_the_windows() {
        // The second dose follows after 21 to 35 days.
        let campaign = plain();
        let pairs = |rows: &[PlanRow]| paired(&campaign, &[], 0, rows);
        assert_eq!(pairs(&[row(1, 1, 5), row(22, 2, 5)]), ["5 new [1, 22]"]);
        assert_eq!(
            pairs(&[row(2, 1, 3), row(1, 1, 5), row(23, 2, 8)]),
            ["5 new [1, 23]", "3 new [2, 23]"]
        );
        assert_eq!(pairs(&[row(1, 1, 5), row(21, 2, 5)]), ["5 new [1]"], "a day early");
        assert_eq!(pairs(&[row(1, 1, 5), row(36, 2, 5)]), ["5 new [1, 36]"], "the last day");
        assert_eq!(pairs(&[row(1, 1, 5), row(37, 2, 5)]), ["5 new [1]"], "a day late");
        assert_eq!(
            pairs(&[row(1, 1, 5), row(22, 2, 2)]),
            ["3 new [1]", "2 new [1, 22]"],
            "too few second doses"
        );
        let late_first = [row(1, 1, 5), row(9, 1, 2), row(38, 2, 7)];
        assert_eq!(pairs(&late_first), ["5 new [1]", "2 new [9, 38]"], "nobody waits for them");
    }

    #[test]
    fn rows_of_unknown_things_and_days_outside_are_left_out() {
        let campaign = plain();
        let pairs = |row: PlanRow| paired(&campaign, &[], 5, &[row]);
        assert_eq!(pairs(row(5, 1, 1)), ["1 new [5]"]);
        assert_eq!(pairs(row(59, 1, 1)), ["1 new [59]"]);
        let none: [PlanRow; 7] = [
            row(4, 1, 1),
            row(60, 1, 1),
            row(6, 0, 1),
            row(6, 3, 1),
            PlanRow { place: "S9".into(), ..row(6, 1, 1) },
            PlanRow { group: "none".into(), ..row(6, 1, 1) },
            PlanRow { area: "A9".into(), ..row(6, 1, 1) },
        ];
        for row in none {
            assert_eq!(pairs(row.clone()), Vec::<String>::new(), "{row:?}");
        }
        let mut far = campaign.clone();
        far.reach.clear();
        assert_eq!(paired(&far, &[], 0, &[row(6, 1, 1)]), Vec::<String>::new(), "out of reach");
    }

    #[test]
    fn people_whose_window_closes_get_second_doses_before_those_who_are_overdue() {
        // From day 30: first doses of day -20 are overdue, those of day 8 due until day 43.
        let campaign = plain();
        let history = [given(-20, 4), given(8, 5)];
        let pairs = |doses| paired(&campaign, &history, 30, &[row(31, 2, doses)]);
        assert_eq!(pairs(5), ["5 waiting [31]"]);
        let problem = Problem::new(&campaign, &history, start() + TimeDelta::days(30));
        let runs = |doses| -> Vec<(bool, u32)> {
            let run = |wish: &Wish| match wish.who {
                Who::Waiting(run) => (problem.cohorts[wish.cohort].waiting[run].bound, wish.people),
                Who::New => (false, 0),
            };
            wishes(&problem, only(), &[row(31, 2, doses)]).iter().map(run).collect()
        };
        assert_eq!(runs(3), [(true, 3)]);
        assert_eq!(runs(7), [(true, 5), (false, 2)]);
        assert_eq!(runs(20), [(true, 5), (false, 4)], "no more than there are");
    }

    #[test]
    fn wishes_are_worth_their_doses_for_as_many_people_as_there_are() {
        // Half the protection with each dose: five people on days 1 and 22, four on day 2.
        let rows = [row(1, 1, 5), row(22, 2, 5), row(2, 1, 4)];
        let each = |day: f64| 0.5 * (60.0 - day) / 60.0;
        let both = each(1.0) + each(22.0);
        let worth_of = |people, rows: &[PlanRow]| {
            let mut campaign = plain();
            campaign.eligible[0].people = people;
            let problem = Problem::new(&campaign, &[], start());
            worth(&problem, &wishes(&problem, only(), rows))
        };
        assert!((worth_of(9, &rows) - 5.0 * both - 4.0 * each(2.0)).abs() < 1e-12);
        assert!((worth_of(3, &rows[..2]) - 3.0 * both).abs() < 1e-12, "only three people");
    }

    #[test]
    fn only_wishes_that_start_before_a_day_are_placed() {
        let campaign = plain();
        let problem = Problem::new(&campaign, &[], start());
        let rows = [row(1, 1, 5), row(22, 2, 5), row(2, 1, 4), row(23, 2, 4)];
        let wishes = wishes(&problem, only(), &rows);
        let placed = |until| -> Vec<PlanRow> {
            let mut draft = Draft::new(&problem);
            place_wishes(&mut draft, &wishes, until);
            draft.rows()[only()].clone()
        };
        assert_eq!(placed(Day::of(1)), []);
        assert_eq!(placed(Day::of(2)), [row(1, 1, 5), row(22, 2, 5)]);
        assert_eq!(placed(Day::NEVER), [row(1, 1, 5), row(2, 1, 4), row(22, 2, 5), row(23, 2, 4)]);
    }
}
