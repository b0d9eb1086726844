//! A series as it is evaluated for one patient: where it stands, and its verdicts so far.

use super::model::{AntigenId, AntigenSeries, IntervalFrom, TargetDose};
use super::person::View;
use super::reason::{DoseReason, Since};
use chrono::NaiveDate;

/// The status of a dose given, the most favourable first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It counts.
    Valid,
    /// It was not needed, or came too late.
    Extraneous,
    /// It does not count and must be repeated.
    NotValid,
    /// It was expired or damaged and must be repeated.
    SubStandard,
}

/// The verdict on a dose given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Its index in the history.
    pub(super) place: u16,
    /// The index of the target dose that it was tried as.
    pub(super) dose: usize,
    /// Its status.
    pub status: Status,
    /// The number of the target dose that it was tried as; `None` where the series was complete.
    pub number: Option<u8>,
    /// Why.
    pub reasons: Vec<DoseReason>,
    /// Whether it was given inadvertently: intervals are not measured from it.
    pub(super) inadvertent: bool,
}

/// The state of evaluating a series for a patient.
#[derive(Debug, Clone)]
pub(super) struct Run<'a> {
    pub(super) antigen: AntigenId,
    pub(super) series: &'a AntigenSeries,
    /// Series groups of the antigen that have a complete series, one bit each.
    pub(super) complete_groups: u32,
    /// The index of the current target dose.
    pub(super) at: usize,
    /// The verdicts so far, in the order of the doses.
    pub(super) verdicts: Vec<Verdict>,
}

impl<'a> Run<'a> {
    /// The status of a dose of the history, where it was evaluated.
    pub(super) fn status_at(&self, place: usize) -> Option<Status> {
        // The verdicts stand in the order of their places.
        let at = self.verdicts.binary_search_by_key(&place, |v| usize::from(v.place)).ok()?;
        Some(self.verdicts[at].status)
    }

    /// The target doses that are not yet satisfied.
    pub(super) fn open(&self) -> &'a [TargetDose] {
        &self.series.doses[self.at..]
    }

    /// The current target dose; `None` when all are satisfied.
    pub(super) fn next(&self) -> Option<&'a TargetDose> {
        self.open().first()
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// The valid doses.
    pub(super) fn valid(&self) -> impl DoubleEndedIterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.status == Status::Valid)
    }

    pub(super) fn valid_count(&self) -> usize {
        self.valid().count()
    }

    /// The target dose that a dose given was tried as.
    pub(super) fn tried(&self, verdict: &Verdict) -> &'a TargetDose {
        &self.series.doses[verdict.dose]
    }

    /// The day that an interval is measured from, by the doses before index `until` of the history; `None`
    /// where there is none.
    pub(super) fn reference(
        &self,
        view: &View<'_>,
        from: &IntervalFrom,
        until: u16,
    ) -> Option<(NaiveDate, Since)> {
        match from {
            // CALCDTINT-1
            IntervalFrom::Previous => {
                let verdict = self.verdicts.iter().rev().find(|v| {
                    matches!(v.status, Status::Valid | Status::NotValid) && !v.inadvertent
                })?;
                let since = match (verdict.status, verdict.number) {
                    (Status::Valid, Some(number)) => Since::Dose(number),
                    _ => Since::OtherDose,
                };
                Some((view.date(verdict.place), since))
            }
            // CALCDTINT-2
            IntervalFrom::Dose(number) => {
                let verdict = self.valid().rev().find(|v| v.number == Some(*number))?;
                Some((view.date(verdict.place), Since::Dose(*number)))
            }
            // CALCDTINT-8
            IntervalFrom::MostRecent(vaccines) => {
                let end = view.history.len().min(usize::from(until));
                let by_mistake = |place: usize| {
                    self.verdicts.iter().any(|v| usize::from(v.place) == place && v.inadvertent)
                };
                let place = (0..end).rev().find(|place| {
                    vaccines.contains(view.history[*place].vaccine) && !by_mistake(*place)
                })?;
                Some((view.history[place].date, Since::OtherDose))
            }
            // CALCDTINT-9
            IntervalFrom::Observation(code) => Some((view.latest(*code)?, Since::Event)),
        }
    }
}
