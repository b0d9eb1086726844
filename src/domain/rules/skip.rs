//! When a target dose is not needed: conditional skips (6.2, 7.1, 7.6).

use super::model::{Condition, Count, CountLogic, SkipSet, TargetDose};
use super::person::View;
use super::run::Run;
use chrono::NaiveDate;

/// What a skip is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// The evaluation of a dose given, by its index in the history.
    Evaluation(u16),
    /// The forecast of the next dose.
    Forecast,
}

impl Context {
    /// Only doses before this index of the history are considered.
    fn until(self) -> u16 {
        match self {
            Self::Evaluation(place) => place,
            Self::Forecast => u16::MAX,
        }
    }
}

/// Whether a target dose can be skipped on the day `reference`. One of its skips is enough.
pub(super) fn can_skip(
    view: &View<'_>,
    run: &Run<'_>,
    dose: &TargetDose,
    context: Context,
    reference: NaiveDate,
) -> bool {
    if dose.skips.is_empty() {
        return false;
    }
    let forecasting = context == Context::Forecast;
    let anchor = if forecasting { view.person.as_of } else { reference };
    dose.skips.iter().filter(|s| if forecasting { s.in_forecast } else { s.in_evaluation }).any(
        |skip| {
            let mut sets = skip.sets.iter().filter(|set| set.in_force.on(anchor)).peekable();
            let met = |set: &SkipSet| is_set_met(view, run, set, context, reference);
            if skip.all_sets { sets.peek().is_some() && sets.all(met) } else { sets.any(met) }
        },
    )
}

fn is_set_met(
    view: &View<'_>,
    run: &Run<'_>,
    set: &SkipSet,
    context: Context,
    reference: NaiveDate,
) -> bool {
    let met = |condition: &Condition| match condition {
        Condition::Age { begin, end } => view.in_window(reference, *begin, *end),
        Condition::Interval(wait) => {
            previous(view, run, context).is_some_and(|previous| reference >= wait.after(previous))
        }
        Condition::CompletedSeries(groups) => {
            groups.iter().any(|group| run.complete_groups >> (group & 31) & 1 == 1)
        }
        Condition::Count(count) => is_count_met(view, run, count, context),
    };
    if set.all_conditions {
        !set.conditions.is_empty() && set.conditions.iter().all(met)
    } else {
        set.conditions.iter().any(met)
    }
}

/// The day of the previous dose of the antigen.
fn previous(view: &View<'_>, run: &Run<'_>, context: Context) -> Option<NaiveDate> {
    let before = |place: &&u16| **place < context.until();
    let place = view.records_of(run.antigen).iter().rev().find(before)?;
    Some(view.date(*place))
}

fn is_count_met(view: &View<'_>, run: &Run<'_>, count: &Count, context: Context) -> bool {
    let counts = |place: u16| {
        let entry = &view.history[usize::from(place)];
        place < context.until()
            && count.vaccines.as_ref().is_none_or(|set| set.contains(entry.vaccine))
            && count.from <= entry.date
            && entry.date < count.before
            && view.in_window(entry.date, count.begin, count.end)
    };
    // Valid doses and doses of any vaccine are doses of this antigen; named vaccines may be of others.
    let given = if count.valid_only {
        run.valid().filter(|verdict| counts(verdict.place)).count()
    } else if count.vaccines.is_none() {
        view.records_of(run.antigen).iter().filter(|place| counts(**place)).count()
    } else if count.vaccines.as_ref().is_some_and(|set| !set.meets(&view.seen)) {
        0
    } else {
        (0..view.history_len()).filter(|place| counts(*place)).count()
    };
    let given = u32::try_from(given).unwrap_or(u32::MAX);
    match count.logic {
        CountLogic::Greater => given > count.doses,
        CountLogic::Equal => given == count.doses,
        CountLogic::Less => given < count.doses,
    }
}
