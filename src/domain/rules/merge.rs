//! The assessment of a patient, and how antigens are combined into vaccine groups (chapter 9).

use super::forecast::{Day, Next, SeriesStatus};
use super::model::{AntigenId, Rules, VaccineGroup, VaccineGroupId};
use super::person::{DoseAdministered, Patient, View};
use super::reason::Why;
use super::run::Verdict;
use super::select::{Candidate, keep_best, run_all};
use chrono::NaiveDate;

/// The assessment of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// The verdicts on every dose, in the order of the patient's doses.
    pub doses: Vec<Vec<DoseVerdict>>,
    /// Forecasts by vaccine group and series group.
    pub forecasts: Vec<GroupForecast>,
}

/// The verdict on a dose for one of its antigens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseVerdict {
    /// The antigen.
    pub antigen: AntigenId,
    /// The vaccine group of the series.
    pub group: VaccineGroupId,
    /// The most favourable verdict of the best series.
    pub verdict: Verdict,
}

/// The forecast of a vaccine group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupForecast {
    /// The group.
    pub group: VaccineGroupId,
    /// The series group.
    pub series_group: u8,
    /// The status of the group.
    pub progress: SeriesStatus,
    /// The next dose; `None` unless the status is not complete.
    pub next: Option<Next>,
    /// Doses the patient should have had by now; 0 where the next one is recommended for later.
    pub lacking: u8,
}

/// Evaluates all doses of a patient and forecasts every vaccine group, as of `person.as_of`.
pub fn assess(rules: &Rules, person: &Patient) -> Assessment {
    let view = View::new(rules, person);
    let parts = |dose: &DoseAdministered| {
        dose.vaccine.map_or(0, |vaccine| rules.vaccines[usize::from(vaccine.0)].antigens.len())
    };
    let mut doses: Vec<_> =
        person.doses.iter().map(|dose| Vec::with_capacity(parts(dose))).collect();
    let mut forecasts = Vec::with_capacity(rules.groups.len());
    let mut chosen = Vec::new();
    for (number, group) in (0_u16..).zip(&rules.groups) {
        let group_id = VaccineGroupId(number);
        if let [antigen] = group.antigens[..] {
            run_all(&view, antigen, &mut chosen);
            keep_best(&view, &mut chosen);
            keep_best_verdicts(&view, antigen, &mut chosen, &mut doses);
            // One antigen: each of its best series is a forecast, one for each series group.
            forecasts.extend(chosen.iter().map(|it| GroupForecast {
                group: group_id,
                series_group: it.run.series.series_group,
                progress: it.forecast.progress,
                next: it.forecast.next,
                lacking: it.forecast.lacking,
            }));
        } else {
            assess_together(&view, group_id, group, &mut doses, &mut forecasts);
        }
    }
    Assessment { doses, forecasts }
}

/// A group of several antigens.
fn assess_together(
    view: &View<'_>,
    group_id: VaccineGroupId,
    group: &VaccineGroup,
    doses: &mut [Vec<DoseVerdict>],
    forecasts: &mut Vec<GroupForecast>,
) {
    let mut all: Vec<Candidate<'_>> = Vec::new();
    let mut chosen = Vec::new();
    for antigen in &group.antigens {
        run_all(view, *antigen, &mut chosen);
        keep_best(view, &mut chosen);
        keep_best_verdicts(view, *antigen, &mut chosen, doses);
        all.append(&mut chosen);
    }
    let mut series_groups: Vec<u8> = all.iter().map(|c| c.run.series.series_group).collect();
    series_groups.sort_unstable();
    series_groups.dedup();
    for series_group in series_groups {
        let members: Vec<&Candidate<'_>> =
            all.iter().filter(|c| c.run.series.series_group == series_group).collect();
        let (progress, next) = blend(view, group, &members);
        let is_due = next.is_some_and(|next| next.recommended.date <= view.person.as_of);
        let lacking = members.iter().map(|c| c.forecast.lacking).max().unwrap_or(0);
        let lacking = if is_due { lacking.max(1) } else { 0 };
        forecasts.push(GroupForecast { group: group_id, series_group, progress, next, lacking });
    }
}

/// Puts the most favourable verdict of the best series on every dose of the antigen into `doses`. The reasons
/// are moved out of the series, which does not need them again.
fn keep_best_verdicts(
    view: &View<'_>,
    antigen: AntigenId,
    chosen: &mut [Candidate<'_>],
    doses: &mut [Vec<DoseVerdict>],
) {
    for (index, place) in view.records_of(antigen).iter().enumerate() {
        let verdicts = chosen
            .iter_mut()
            .filter_map(|c| Some((c.run.verdicts.get_mut(index)?, c.run.series.group)));
        if let Some((verdict, group)) = verdicts.min_by_key(|(verdict, _)| verdict.status) {
            let reasons = std::mem::take(&mut verdict.reasons);
            let verdict = Verdict { reasons, ..*verdict };
            let place = view.history[usize::from(*place)].place;
            doses[usize::from(place)].push(DoseVerdict { antigen, group, verdict });
        }
    }
}

/// Tables 9-2 to 9-5.
fn blend(
    view: &View<'_>,
    group: &VaccineGroup,
    members: &[&Candidate<'_>],
) -> (SeriesStatus, Option<Next>) {
    if let [only] = members {
        return (only.forecast.progress, only.forecast.next);
    }
    let any = |progress| members.iter().any(|c| c.forecast.progress == progress);
    let worst = [
        SeriesStatus::Contraindicated,
        SeriesStatus::AgedOut,
        SeriesStatus::NotRecommended,
        SeriesStatus::NotComplete,
    ]
    .into_iter()
    .find(|progress| any(*progress));
    let progress = match worst {
        Some(progress) => progress,
        None if any(SeriesStatus::Complete) => SeriesStatus::Complete,
        None => SeriesStatus::Immune,
    };
    if progress != SeriesStatus::NotComplete {
        return (progress, None);
    }
    let nexts: Vec<Next> = members.iter().filter_map(|c| c.forecast.next).collect();
    (progress, blend_days(view, group, members, &nexts))
}

fn blend_days(
    view: &View<'_>,
    group: &VaccineGroup,
    members: &[&Candidate<'_>],
    nexts: &[Next],
) -> Option<Next> {
    let smallest = |days: &mut dyn Iterator<Item = Day>| days.min_by_key(|day| day.date);
    let earliest = if members.iter().any(|c| c.forecast.priority) {
        let first = smallest(&mut nexts.iter().map(|next| next.earliest))?;
        match latest_dose(view, group).filter(|last| *last > first.date) {
            Some(date) => Day { date, why: Why::LatestDose },
            None => first,
        }
    } else {
        nexts.iter().map(|next| next.earliest).max_by_key(|day| day.date)?
    };
    let not_before = |day: Day| if day.date < earliest.date { earliest } else { day };
    let recommended = smallest(&mut nexts.iter().map(|next| next.recommended))?;
    let past_due = smallest(&mut nexts.iter().filter_map(|next| next.past_due));
    let latest = smallest(&mut nexts.iter().filter_map(|next| next.latest));
    let numbers = nexts.iter().map(|next| next.number);
    Some(Next {
        vaccine: nexts.iter().find_map(|next| next.vaccine),
        number: if group.full { numbers.min()? } else { numbers.max()? },
        earliest,
        recommended: not_before(recommended),
        past_due: past_due.map(not_before),
        latest,
    })
}

/// The latest day on which a vaccine of the group was given.
fn latest_dose(view: &View<'_>, group: &VaccineGroup) -> Option<NaiveDate> {
    let places = group.antigens.iter().filter_map(|id| view.records_of(*id).last());
    places.map(|place| view.date(*place)).max()
}
