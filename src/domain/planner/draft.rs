//! A plan in the making: free capacity, people left, and the paths placed so far.
//!
//! A **path** is what one person gets in the plan: a step for each dose from the first that is
//! still missing.

use super::free_capacity::{FreeCapacity, Step};
use super::index::{
    CatchmentIndex, CohortIndex, Day, Per, Place, ProgrammeIndex, RunIndex, TeamIndex,
};
use super::model::{Cohort, Problem, Waiting};
use super::programme::Programme;
use crate::domain::plan::PlanRow;
use std::collections::BTreeMap;

/// Who takes a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// People without a dose.
    New,
    /// A run of those who wait.
    Waiting(RunIndex),
}

/// People of a cohort who take the same steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// Their cohort.
    pub(super) cohort: CohortIndex,
    /// Who they are.
    pub(super) who: Who,
    /// How many.
    pub(super) people: u32,
    /// Their doses, from the first that is missing.
    pub(super) steps: Vec<Step>,
}

/// A plan in the making.
#[derive(Clone)]
pub(super) struct Draft<'p> {
    /// The campaigns.
    pub(super) problem: &'p Problem<'p>,
    /// What is still free.
    pub(super) free: FreeCapacity<'p>,
    /// People without a dose and without a path, by cohort.
    pub(super) new_left: Per<CohortIndex, u32>,
    /// People who wait and have no path, by cohort and run.
    pub(super) waiting_left: Per<CohortIndex, Per<RunIndex, u32>>,
    /// The paths.
    pub(super) paths: Vec<Path>,
    /// `dead[catchment][dose][day]`: nobody can be placed from that dose on, starting that day. Valid
    /// until something is taken back.
    dead: Per<CatchmentIndex, Vec<Per<Day, bool>>>,
    /// Agreed sessions at which people are being placed now.
    agreed: Vec<(Place, Day)>,
}

impl<'p> Draft<'p> {
    /// An empty plan.
    pub(super) fn new(problem: &'p Problem<'p>) -> Self {
        let dead = |catchment: &super::model::Catchment| {
            let doses = problem.programmes[catchment.programme].doses();
            vec![Per::filled(false, problem.days); doses]
        };
        let runs = |cohort: &Cohort| cohort.waiting.iter().map(|run| run.people).collect();
        Self {
            problem,
            free: FreeCapacity::new(problem),
            new_left: problem.cohorts.iter().map(|cohort| cohort.new_people).collect(),
            waiting_left: problem.cohorts.iter().map(runs).collect(),
            paths: Vec::new(),
            dead: problem.catchments.iter().map(dead).collect(),
            agreed: Vec::new(),
        }
    }

    /// People of a cohort and kind who have no path yet.
    pub(super) fn left(&self, cohort: CohortIndex, who: Who) -> u32 {
        match who {
            Who::New => self.new_left[cohort],
            Who::Waiting(run) => self.waiting_left[cohort][run],
        }
    }

    fn left_mut(&mut self, cohort: CohortIndex, who: Who) -> &mut u32 {
        match who {
            Who::New => &mut self.new_left[cohort],
            Who::Waiting(run) => &mut self.waiting_left[cohort][run],
        }
    }

    /// Places up to `n` people on one path whose first step is on one of `days`, as early and as
    /// near as possible. Returns how many it placed.
    pub(super) fn place(&mut self, cohort: CohortIndex, who: Who, days: (Day, Day), n: u32) -> u32 {
        let n = n.min(self.left(cohort, who));
        let dose = self.first_dose(cohort, who);
        let must_finish = self.must_finish(cohort, who);
        let mut steps = Vec::with_capacity(self.doses(cohort) - dose);
        let people = self.chain(cohort, dose, days, n, must_finish, &mut steps);
        self.keep(Path { cohort, who, people, steps });
        people
    }

    /// Places up to `n` people on the wished steps. The first step must fit; later ones that do not
    /// fit are replaced by others inside their window. Returns how many it placed.
    pub(super) fn place_on(&mut self, cohort: CohortIndex, who: Who, wish: &[Step], n: u32) -> u32 {
        let n = n.min(self.left(cohort, who));
        let dose = self.first_dose(cohort, who);
        let must_finish = self.must_finish(cohort, who);
        let mut steps = Vec::with_capacity(self.doses(cohort) - dose);
        let people = self.chain_on(cohort, dose, wish, n, must_finish, &mut steps);
        self.keep(Path { cohort, who, people, steps });
        people
    }

    /// Places up to `n` people on exactly these steps; returns how many.
    pub(super) fn place_exactly(
        &mut self,
        cohort: CohortIndex,
        who: Who,
        wish: &[Step],
        n: u32,
    ) -> u32 {
        if !wish.iter().all(|step| self.is_free(cohort, step.place, step.day)) {
            return 0;
        }
        let programme = self.problem.cohorts[cohort].programme;
        let mut people = n.min(self.left(cohort, who));
        let mut steps: Vec<Step> = Vec::with_capacity(wish.len());
        for step in wish {
            let (got, team) = self.free.give(programme, step.place, step.day, people, step.team);
            for &earlier in &steps {
                self.free.take_back(programme, earlier, people - got);
            }
            people = got;
            if got == 0 {
                return 0;
            }
            steps.push(Step { team, ..*step });
        }
        self.keep(Path { cohort, who, people, steps });
        people
    }

    /// Whether people of a cohort may be added at a place and day, as far as agreed sessions say.
    fn is_free(&self, cohort: CohortIndex, place: Place, day: Day) -> bool {
        let catchment = &self.problem.catchments[self.problem.cohorts[cohort].catchment];
        catchment.is_free(place, day)
            || (catchment.allows(place, day) && self.agreed.contains(&(place, day)))
    }

    /// Places people at sessions that were agreed, and gives them their later doses where the
    /// sessions do not; returns how many.
    pub(super) fn place_agreed(
        &mut self,
        cohort: CohortIndex,
        who: Who,
        steps: &[Step],
        n: u32,
    ) -> u32 {
        self.agreed = steps.iter().map(|step| (step.place, step.day)).collect();
        let is_whole = self.first_dose(cohort, who) + steps.len() == self.doses(cohort);
        let placed = if is_whole {
            self.place_exactly(cohort, who, steps, n)
        } else {
            self.place_on(cohort, who, steps, n)
        };
        self.agreed.clear();
        placed
    }

    /// The programme of a cohort.
    fn programme(&self, cohort: CohortIndex) -> &'p Programme<'p> {
        &self.problem.programmes[self.problem.cohorts[cohort].programme]
    }

    /// Number of doses of a cohort's series.
    fn doses(&self, cohort: CohortIndex) -> usize {
        self.programme(cohort).doses()
    }

    fn keep(&mut self, path: Path) {
        if path.people > 0 {
            *self.left_mut(path.cohort, path.who) -= path.people;
            self.paths.push(path);
        }
    }

    /// Takes people off a path.
    pub(super) fn take_off(&mut self, path: usize, people: u32) {
        let held = &mut self.paths[path];
        held.people -= people;
        let (cohort, who) = (held.cohort, held.who);
        let programme = self.problem.cohorts[cohort].programme;
        for &step in &held.steps {
            self.free.take_back(programme, step, people);
        }
        *self.left_mut(cohort, who) += people;
    }

    /// Forgets where nobody could be placed, so that every day is tried again.
    pub(super) fn forget_dead(&mut self) {
        for day in self.dead.iter_mut().flatten() {
            day.fill(false);
        }
    }

    /// Whether it is known that nobody of a catchment can be placed from a dose on, starting on a
    /// day.
    pub(super) fn is_dead(&self, catchment: CatchmentIndex, dose: usize, day: Day) -> bool {
        self.dead[catchment][dose][day]
    }

    /// Index of the first dose that is missing.
    pub(super) fn first_dose(&self, cohort: CohortIndex, who: Who) -> usize {
        match who {
            Who::New => 0,
            Who::Waiting(run) => self.problem.cohorts[cohort].waiting[run].dose,
        }
    }

    /// Whether people must get all their remaining doses: those who start in the plan, and those
    /// whose window closes inside it.
    fn must_finish(&self, cohort: CohortIndex, who: Who) -> bool {
        match who {
            Who::New => true,
            Who::Waiting(run) => self.problem.cohorts[cohort].waiting[run].bound,
        }
    }

    /// Finds steps for dose `dose` and those after it, the first inside `days`. Returns the people
    /// placed; takes their steps from the free capacity and pushes them to `steps`.
    fn chain(
        &mut self,
        cohort: CohortIndex,
        dose: usize,
        days: (Day, Day),
        n: u32,
        must_finish: bool,
        steps: &mut Vec<Step>,
    ) -> u32 {
        let model = &self.problem.cohorts[cohort];
        let (first, end) = (days.0.max(model.opens), self.programme(cohort).end);
        for day in first.until(days.1.plus(1).min(end)) {
            if n == 0 || self.dead[model.catchment][dose][day] {
                continue;
            }
            for &place in &self.problem.catchments[model.catchment].places {
                let wish = Step { day, place, team: None };
                let placed = self.step(cohort, dose, wish, n, must_finish, steps, &[]);
                if placed > 0 {
                    return placed;
                }
            }
            self.dead[model.catchment][dose][day] = must_finish;
        }
        0
    }

    fn chain_on(
        &mut self,
        cohort: CohortIndex,
        dose: usize,
        wish: &[Step],
        n: u32,
        must_finish: bool,
        steps: &mut Vec<Step>,
    ) -> u32 {
        let Some((&first, rest)) = wish.split_first() else { return 0 };
        if n == 0 || first.day < self.problem.cohorts[cohort].opens {
            return 0;
        }
        self.step(cohort, dose, first, n, must_finish, steps, rest)
    }

    /// Takes one step and those after it: as wished in `rest` where possible, otherwise wherever
    /// they fit.
    #[expect(clippy::too_many_arguments, reason = "one recursion over the doses of a path")]
    fn step(
        &mut self,
        cohort: CohortIndex,
        dose: usize,
        wish: Step,
        n: u32,
        must_finish: bool,
        steps: &mut Vec<Step>,
        rest: &[Step],
    ) -> u32 {
        if !self.is_free(cohort, wish.place, wish.day) {
            return 0;
        }
        let programme = self.problem.cohorts[cohort].programme;
        let (got, team) = self.free.give(programme, wish.place, wish.day, n, wish.team);
        if got == 0 {
            return 0;
        }
        let step = Step { team, ..wish };
        let depth = steps.len();
        steps.push(step);
        if dose + 1 == self.doses(cohort) {
            return got;
        }
        let window = self.programme(cohort).windows[dose][wish.day];
        let fits = rest.first().is_some_and(|s| window.0 <= s.day && s.day <= window.1);
        let mut placed = 0;
        if fits {
            placed = self.chain_on(cohort, dose + 1, rest, got, must_finish, steps);
        }
        if placed == 0 {
            steps.truncate(depth + 1);
            placed = self.chain(cohort, dose + 1, window, got, must_finish, steps);
        }
        if placed == 0 && !must_finish && self.may_stop(cohort, dose + 1, wish.day) {
            return got;
        }
        if placed < got {
            self.free.take_back(programme, step, got - placed);
        }
        if placed == 0 {
            steps.truncate(depth);
        }
        placed
    }

    /// Whether somebody who has waited since before the plan may stop without dose `dose` if the
    /// one before it is given on `day`: the window does not end inside the campaign.
    fn may_stop(&self, cohort: CohortIndex, dose: usize, day: Day) -> bool {
        let programme = self.programme(cohort);
        let last = programme.end.number() - 1;
        let high = programme.window(dose, day.number()).1;
        high.is_none_or(|high| high > last)
    }

    /// The run of waiting people.
    pub(super) fn run(&self, cohort: CohortIndex, run: RunIndex) -> Waiting {
        self.problem.cohorts[cohort].waiting[run]
    }

    /// The plan's rows of each programme: sorted, one per positive count.
    pub(super) fn rows(&self) -> Per<ProgrammeIndex, Vec<PlanRow>> {
        let problem = self.problem;
        let mut counts: BTreeMap<(Day, Place, Option<TeamIndex>, CohortIndex, usize), u32> =
            BTreeMap::new();
        for path in &self.paths {
            let dose = self.first_dose(path.cohort, path.who);
            for (j, step) in path.steps.iter().enumerate().filter(|_| path.people > 0) {
                let at = (step.day, step.place, step.team, path.cohort, dose + j);
                *counts.entry(at).or_insert(0) += path.people;
            }
        }
        let mut rows = Per::filled(Vec::new(), problem.programmes.len());
        for ((day, place, team, cohort, dose), doses) in counts {
            let cohort = &problem.cohorts[cohort];
            rows[cohort.programme].push(PlanRow {
                day: problem.date(day),
                place: problem.place_code(place).clone(),
                team: team.map(|team| problem.team(team).code.clone()),
                area: cohort.key.area.clone(),
                group: cohort.key.group.clone(),
                dose: u8::try_from(dose + 1).unwrap_or(u8::MAX),
                doses,
            });
        }
        for of_programme in rows.iter_mut() {
            of_programme.sort();
        }
        rows
    }
}
