//! The best series of an antigen for a patient (chapters 5 and 8).

use super::evaluate::evaluate;
use super::forecast::{Barriers, SeriesForecast, SeriesStatus, forecast};
use super::model::{Antigen, AntigenId, AntigenSeries, IntervalFrom, Kind};
use super::person::View;
use super::run::{Run, Status};
use chrono::NaiveDate;
use smallvec::SmallVec;

/// Indices of candidates; no antigen has many.
type Places = SmallVec<[usize; 8]>;
/// Candidates with their scores.
type Scores = SmallVec<[(usize, i32); 8]>;

/// A series evaluated and forecast for a patient.
pub(super) struct Candidate<'a> {
    pub(super) run: Run<'a>,
    pub(super) forecast: SeriesForecast,
}

impl Candidate<'_> {
    fn series(&self) -> &AntigenSeries {
        self.run.series
    }

    fn is(&self, progress: SeriesStatus) -> bool {
        self.forecast.progress == progress
    }

    /// SELECTB-16.
    fn in_process(&self) -> bool {
        self.is(SeriesStatus::NotComplete) && self.run.valid_count() > 0
    }

    fn first_valid(&self, view: &View<'_>) -> Option<NaiveDate> {
        Some(view.date(self.run.valid().next()?.place))
    }
}

/// A round lets one series group more see that another is complete; our choice: no schedule has more groups.
const ROUNDS_MAX: usize = 8;

/// Evaluates and forecasts the relevant series of an antigen, into `candidates`.
pub(super) fn run_all<'a>(
    view: &View<'a>,
    antigen: AntigenId,
    candidates: &mut Vec<Candidate<'a>>,
) {
    let rules: &'a super::model::Rules = view.rules;
    let data = &rules.antigens[usize::from(antigen.0)];
    let barriers = Barriers::new(view, data);
    let mut complete_groups = 0_u32;
    for _ in 0..ROUNDS_MAX {
        candidates.clear();
        let relevant = data.series.iter().filter(|series| is_relevant(view, series));
        for series in relevant.filter(|series| !is_idle(view, antigen, data, series)) {
            let mut run = evaluate(view, antigen, series, complete_groups);
            let forecast = forecast(view, &mut run, &barriers);
            candidates.push(Candidate { run, forecast });
        }
        if !data.asks_for_complete_series {
            break;
        }
        let bit = |c: &Candidate<'_>| 1_u32 << (c.series().series_group & 31);
        let complete = candidates.iter().filter(|c| c.is(SeriesStatus::Complete)).map(bit);
        let found = complete.fold(complete_groups, |all, bit| all | bit);
        if found == complete_groups {
            break;
        }
        complete_groups = found;
    }
}

/// Whether a series is relevant for the patient: table 5-5, and its birth cohort where it has one.
fn is_relevant(view: &View<'_>, series: &AntigenSeries) -> bool {
    let person = view.person;
    if !(series.sexes.is_empty() || series.sexes.contains(&person.sex)) {
        return false;
    }
    if person.born < series.born_from || person.born >= series.born_before {
        return false;
    }
    series.kind != Kind::Risk
        || (!person.observations.is_empty()
            && series.indications.iter().any(|row| {
                view.has(row.observation) && view.in_window(person.as_of, row.begin, row.end)
            }))
}

/// Whether a series need not be evaluated: without doses and observations the default series of its group
/// is always selected (SELECTSCORE-2, table 8-3).
fn is_idle(view: &View<'_>, antigen: AntigenId, data: &Antigen, series: &AntigenSeries) -> bool {
    let nothing_known = view.records_of(antigen).is_empty() && view.person.observations.is_empty();
    nothing_known
        && !series.is_default
        && (series.kind == Kind::EvaluationOnly
            || data.series.iter().any(|other| {
                other.is_default
                    && other.series_group == series.series_group
                    && is_relevant(view, other)
            }))
}

/// Keeps the best series of an antigen, at most one for each series group.
pub(super) fn keep_best(view: &View<'_>, candidates: &mut Vec<Candidate<'_>>) {
    if let [only] = &candidates[..]
        && only.series().is_default
        && only.series().kind == Kind::Standard
    {
        return;
    }
    let best = best(view, candidates);
    let mut place = 0..;
    candidates.retain(|_| place.next().is_some_and(|place| best.contains(&place)));
}

/// The indices of the best series.
fn best(view: &View<'_>, candidates: &[Candidate<'_>]) -> Places {
    let mut groups: SmallVec<[u8; 8]> =
        candidates.iter().map(|c| c.series().series_group).collect();
    groups.sort_unstable();
    groups.dedup();
    let prioritized: SmallVec<[(u8, usize); 8]> = groups
        .iter()
        .filter_map(|group| {
            let members: Places = (0..candidates.len())
                .filter(|i| candidates[*i].series().series_group == *group)
                .collect();
            Some((*group, prioritized(view, candidates, &members)?))
        })
        .collect();
    let is_best = |place: usize| {
        let own = &candidates[place];
        if own.is(SeriesStatus::Complete) {
            return true;
        }
        let equivalent = |test: &dyn Fn(&Candidate<'_>) -> bool| {
            prioritized.iter().any(|(group, other)| {
                own.series().equivalent_groups.contains(group) && test(&candidates[*other])
            })
        };
        // Table 8-14
        !equivalent(&|other| other.is(SeriesStatus::Complete))
            && own.series().kind != Kind::EvaluationOnly
            && (own.series().kind == Kind::Risk
                || !equivalent(&|other| other.series().kind == Kind::Risk))
    };
    prioritized.iter().map(|(_, place)| *place).filter(|place| is_best(*place)).collect()
}

/// The prioritized series of a group (8.1 to 8.7).
fn prioritized(view: &View<'_>, all: &[Candidate<'_>], members: &[usize]) -> Option<usize> {
    let default = members.iter().copied().find(|i| all[*i].series().is_default);
    let scorable = scorable(view, all, members, default.is_some());
    match scorable[..] {
        [] => return default,
        [only] => return Some(only),
        _ => {}
    }
    let complete: Places =
        scorable.iter().copied().filter(|i| all[*i].is(SeriesStatus::Complete)).collect();
    let in_process: Places = scorable.iter().copied().filter(|i| all[*i].in_process()).collect();
    let scores = match (&complete[..], &in_process[..], default) {
        ([only], _, _) | ([], [only], _) => return Some(*only),
        ([], [], Some(default)) => return Some(default),
        ([], [], None) => score_without_doses(view, all, &scorable),
        ([], _, _) => score_in_process(view, all, &in_process),
        _ => score_complete(all, &complete),
    };
    let by_rank =
        |(place, score): &(usize, i32)| (-*score, all[*place].series().preference, *place);
    scores.into_iter().min_by_key(by_rank).map(|(place, _)| place)
}

/// SELECTB-24 and SELECTSCORE-2.
fn scorable(
    view: &View<'_>,
    all: &[Candidate<'_>],
    members: &[usize],
    has_default: bool,
) -> Places {
    let forbidden = |i: &usize| all[*i].is(SeriesStatus::Contraindicated);
    let all_forbidden = members.iter().all(forbidden);
    let priority = members.iter().map(|i| all[*i].series().priority).min().unwrap_or(0);
    let none_valid = members.iter().all(|i| all[*i].run.valid_count() == 0);
    let is_scorable = |i: &usize| {
        let own = &all[*i];
        let candidate = all_forbidden || !forbidden(i);
        match own.series().kind {
            Kind::Risk => candidate && own.series().priority == priority,
            Kind::Standard => {
                let started = own.first_valid(view).is_some_and(|first| {
                    view.day(own.series().start_before).is_none_or(|before| first < before)
                });
                candidate && (started || (none_valid && !has_default))
            }
            Kind::EvaluationOnly => own.is(SeriesStatus::Complete),
        }
    };
    members.iter().copied().filter(is_scorable).collect()
}

/// `points` if this is the only best one, 0 if others are as good, `-points` if one is better.
fn ranked(own: i64, others: impl Iterator<Item = i64>, points: i32) -> i32 {
    let mut ties = 0;
    for other in others {
        if other > own {
            return -points;
        }
        ties += usize::from(other == own);
    }
    // `others` contains this one, too.
    if ties > 1 { 0 } else { points }
}

fn valid_doses(candidate: &Candidate<'_>) -> i64 {
    i64::try_from(candidate.run.valid_count()).unwrap_or(i64::MAX)
}

/// Table 8-7.
fn score_complete(all: &[Candidate<'_>], members: &[usize]) -> Scores {
    let doses = || members.iter().map(|i| valid_doses(&all[*i]));
    members.iter().map(|i| (*i, ranked(valid_doses(&all[*i]), doses(), 1))).collect()
}

/// Table 8-9.
fn score_in_process(view: &View<'_>, all: &[Candidate<'_>], members: &[usize]) -> Scores {
    let finish: SmallVec<[Option<NaiveDate>; 8]> =
        members.iter().map(|i| completable(view, &all[*i])).collect();
    let unsatisfied = |i: usize| -i64::try_from(all[i].run.open().len()).unwrap_or(i64::MAX);
    let all_valid = |i: usize| all[i].run.verdicts.iter().all(|v| v.status == Status::Valid);
    let days = |day: Option<NaiveDate>| -day.map_or(i64::MAX, |day| i64::from(day_number(day)));
    let score = |(place, i): (usize, &usize)| {
        let own = &all[*i];
        let doses = members.iter().map(|i| valid_doses(&all[*i]));
        let product = if own.series().is_product && all_valid(*i) { 2 } else { -2 };
        let can_finish = if finish[place].is_some() { 3 } else { -3 };
        let earliest = match finish[place] {
            Some(day) => ranked(days(Some(day)), finish.iter().map(|day| days(*day)), 1),
            None => -1,
        };
        let points = product
            + can_finish
            + ranked(valid_doses(own), doses, 2)
            + ranked(unsatisfied(*i), members.iter().map(|i| unsatisfied(*i)), 2)
            + earliest;
        (*i, points)
    };
    members.iter().enumerate().map(score).collect()
}

/// Table 8-11.
fn score_without_doses(view: &View<'_>, all: &[Candidate<'_>], members: &[usize]) -> Scores {
    let start = |i: usize| {
        all[i].forecast.next.map_or(i64::MIN, |next| -i64::from(day_number(next.earliest.date)))
    };
    let score = |i: &usize| {
        let starts = if all[*i].forecast.next.is_some() {
            ranked(start(*i), members.iter().map(|i| start(*i)), 1)
        } else {
            -1
        };
        let can_finish = if completable(view, &all[*i]).is_some() { 1 } else { -1 };
        let product = if all[*i].series().is_product { -1 } else { 1 };
        (*i, starts + can_finish + product)
    };
    members.iter().map(score).collect()
}

fn day_number(day: NaiveDate) -> i32 {
    use chrono::Datelike as _;
    day.num_days_from_ce()
}

/// The forecast finish date, if it is before the maximum age of the last dose (SELECTB-3, SELECTB-12).
fn completable(view: &View<'_>, candidate: &Candidate<'_>) -> Option<NaiveDate> {
    let next = candidate.forecast.next?;
    let run = &candidate.run;
    let now = view.person.as_of;
    let mut finish = next.earliest.date;
    for dose in run.open().iter().skip(1) {
        let waits = dose
            .intervals
            .iter()
            .filter(|row| row.from == IntervalFrom::Previous && row.in_force.on(now))
            .filter_map(|row| row.min.map(|wait| wait.after(finish)));
        finish = waits.max().unwrap_or(finish);
    }
    let last = run.series.doses.last()?;
    let max = super::evaluate::age_row(last, now).and_then(|row| view.day(row.max));
    max.is_none_or(|max| finish < max).then_some(finish)
}
