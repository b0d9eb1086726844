//! Rule 2: intervals, first in, first out.

use super::Fault;
use super::view::{CohortView, Day, View};
use crate::domain::campaign::CohortKey;
use std::collections::{BTreeMap, VecDeque};

/// People by the day of their last dose.
#[derive(Clone, Copy)]
struct Run {
    day: Day,
    people: u64,
    /// Whether they started in the plan.
    new: bool,
}

/// Takes people from the front of a queue.
fn take(queue: &mut VecDeque<Run>, mut people: u64) -> Vec<Run> {
    let mut taken = Vec::new();
    while people > 0
        && let Some(run) = queue.front_mut()
    {
        let n = people.min(run.people);
        taken.push(Run { people: n, ..*run });
        people -= n;
        run.people -= n;
        if run.people == 0 {
            queue.pop_front();
        }
    }
    taken
}

/// Doses of a cohort in the plan, by dose and day.
pub(super) type Planned = Vec<BTreeMap<Day, u64>>;

/// Checks one cohort; returns how many people got the first and the last dose, history included.
pub(super) fn check(
    view: &View,
    key: &CohortKey,
    cohort: &CohortView,
    planned: &Planned,
    faults: &mut Vec<Fault>,
) -> (u64, u64) {
    let none = BTreeMap::new();
    let before = |dose: usize| -> Vec<Run> {
        let days = cohort.history.get(dose).unwrap_or(&none);
        let positive = days.iter().filter(|(_, n)| **n > 0);
        positive.map(|(&day, &people)| Run { day, people, new: false }).collect()
    };
    let mut runs = before(0);
    runs.extend(planned[0].iter().map(|(&day, &people)| Run { day, people, new: true }));
    let first: u64 = runs.iter().map(|run| run.people).sum();
    let mut total = first;
    for (dose, doses) in planned.iter().enumerate().skip(1) {
        let past = before(dose);
        let done: u64 = past.iter().map(|run| run.people).sum();
        let mut waiting: VecDeque<Run> = runs.into_iter().collect();
        take(&mut waiting, done);
        let lane = Lane::new(view, dose, waiting);
        let (served, given) = lane.serve(view, key, doses, faults);
        runs = past;
        runs.extend(served);
        total = done + given;
    }
    (first, total)
}

/// People who wait for one dose, and the days on which they may and must get it.
struct Lane {
    dose: usize,
    /// Who must get it in time.
    owed: VecDeque<Run>,
    /// Who may.
    free: VecDeque<Run>,
    /// People who become old enough, by day: owed and free.
    ready: BTreeMap<Day, u64>,
    ready_free: BTreeMap<Day, u64>,
    /// Owed people whose window ends, by day.
    due: BTreeMap<Day, u64>,
}

impl Lane {
    fn new(view: &View, dose: usize, waiting: VecDeque<Run>) -> Self {
        let end = view.days - 1;
        let mut lane = Self {
            dose,
            owed: VecDeque::new(),
            free: VecDeque::new(),
            ready: BTreeMap::new(),
            ready_free: BTreeMap::new(),
            due: BTreeMap::new(),
        };
        for run in waiting {
            let (low, high) = (view.earliest(dose, run.day), view.latest(dose, run.day));
            let must = run.new || high.is_some_and(|high| view.first <= high && high <= end);
            let (queue, ready) = if must {
                (&mut lane.owed, &mut lane.ready)
            } else {
                (&mut lane.free, &mut lane.ready_free)
            };
            queue.push_back(run);
            *ready.entry(low.max(view.first)).or_insert(0) += run.people;
            if let Some(high) = high.filter(|high| must && *high <= end) {
                *lane.due.entry(high).or_insert(0) += run.people;
            }
        }
        lane
    }

    /// Gives the planned doses out; returns who got one, by day, and how many.
    fn serve(
        mut self,
        view: &View,
        key: &CohortKey,
        doses: &BTreeMap<Day, u64>,
        faults: &mut Vec<Fault>,
    ) -> (Vec<Run>, u64) {
        let wait: u64 = self.owed.iter().map(|run| run.people).sum();
        let (mut given, mut spared, mut now, mut now_free, mut deadline) = (0, 0_u64, 0, 0, 0);
        let (mut early, mut late) = (None, None);
        let mut served = Vec::new();
        for day in view.first..view.days {
            let on = |days: &BTreeMap<Day, u64>| days.get(&day).copied().unwrap_or(0);
            let n = on(doses);
            given += n;
            now += on(&self.ready);
            now_free += on(&self.ready_free);
            deadline += on(&self.due);
            let old = spared;
            spared = spared.max(now_free.min(given.saturating_sub(now)));
            let of_free = spared - old;
            // Doses to free people can exceed the day's own when earlier ones came too early;
            // that is a fault.
            let of_owed = n.saturating_sub(of_free);
            for run in
                take(&mut self.free, of_free).into_iter().chain(take(&mut self.owed, of_owed))
            {
                served.push(Run { day, ..run });
            }
            if given > now + now_free {
                early = early.or(Some(day));
            }
            if given - spared < deadline {
                late = late.or(Some(day));
            }
        }
        let (area, group) = (key.area.clone(), key.group.clone());
        let dose = u8::try_from(self.dose + 1).unwrap_or(u8::MAX);
        if let Some(day) = early.map(|day| view.date(day)) {
            faults.push(Fault::TooEarly { area: area.clone(), group: group.clone(), dose, day });
        }
        if let Some(day) = late.map(|day| view.date(day)) {
            faults.push(Fault::TooLate { area: area.clone(), group: group.clone(), dose, day });
        }
        if given - spared != wait {
            let doses = given - spared;
            faults.push(Fault::Unfinished { area, group, dose, people: wait, doses });
        }
        (served, given)
    }
}
