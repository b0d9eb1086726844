//! The period table (时段接种率) of one person: which doses count (实种), and in which rows the person is due without
//! having had the dose (应种未种).

use super::counting::{Counting, counted_at};
use super::courses::CourseDoses;
use super::months::{MonthSpan, YearMonth};
use super::person::CountedPerson;
use super::records::{ChildFile, Dossier, GivenDose, UnitId};
use super::rules::{
    DueRule, MergedRow, PeriodRow, RowDoses, RowTerms, StartFrom, StartTerm, later,
};
use crate::domain::dose::Attribute;
use chrono::{NaiveDate, TimeDelta};
use smallvec::SmallVec;

/// What a person adds to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodPart {
    /// Due and not given (应种未种).
    NotGiven,
    /// A dose that counts (实种).
    Given(Attribute),
    /// A dose of another row that the rate adds.
    Merged,
}

/// What a person adds to a row of a unit.
#[derive(Clone, Copy)]
pub struct PeriodCell<'a> {
    /// The row, by its place.
    pub row: usize,
    /// The unit; `None` for a child whose managing unit is not known.
    pub unit: Option<UnitId>,
    /// What.
    pub part: PeriodPart,
    /// The file with the child's basic data.
    pub child: &'a ChildFile,
    /// The dose, if it is about one.
    pub dose: Option<&'a GivenDose>,
}

/// A dose that counts in a row.
#[derive(Clone, Copy)]
struct Counted<'a> {
    row: usize,
    month: YearMonth,
    unit: UnitId,
    dose: &'a GivenDose,
    is_merged: bool,
}

type CountedDoses<'a> = SmallVec<[Counted<'a>; 8]>;

impl Counting<'_> {
    /// Everything that a person adds to the table of some months. Who is due without the dose is asked for the last
    /// month only; the months before it count what was given (R-cum).
    pub fn period<'b>(
        &self,
        dossiers: &[&'b Dossier],
        span: MonthSpan,
        mut take: impl FnMut(PeriodCell<'b>),
    ) {
        let Some((person, courses)) = self.person(dossiers) else { return };
        let child = person.file;
        let counted = self.counted(&person, &courses, span);
        for it in &counted {
            let part = if it.is_merged {
                PeriodPart::Merged
            } else {
                PeriodPart::Given(it.dose.attribute)
            };
            let (row, unit) = (it.row, Some(it.unit));
            take(PeriodCell { row, unit, part, child, dose: Some(it.dose) });
        }
        let month_end = span.last.last();
        if person.is_out || !person.is_alive(month_end) {
            return;
        }
        let mut unit = None;
        for (row, rule) in self.rules.period.rows.iter().enumerate() {
            let Some(terms) = rule.terms_at(month_end).filter(|terms| !terms.due.is_empty()) else {
                continue;
            };
            // R-once: who had the dose in the month is counted already.
            let is_counted = counted.iter().any(|it| it.row == row && it.month == span.last);
            if is_counted || !self.is_due(child, &courses, (rule, terms), span.last) {
                continue;
            }
            let unit = *unit.get_or_insert_with(|| person.managed_by(month_end, self.rules));
            if unit.is_none_or(|unit| self.is_evaluated(unit, row)) {
                let part = PeriodPart::NotGiven;
                take(PeriodCell { row, unit, part, child, dose: None });
            }
        }
    }

    /// The doses that count in some months, those of merged rows last.
    fn counted<'b>(
        &self,
        person: &CountedPerson<'b>,
        courses: &CourseDoses<'b>,
        span: MonthSpan,
    ) -> CountedDoses<'b> {
        let mut counted = CountedDoses::new();
        if !person.doses.iter().any(|dose| span.contains(dose.at.day)) {
            return counted;
        }
        for (row, rule) in self.rules.period.rows.iter().enumerate() {
            match rule.doses {
                RowDoses::Number(number) => {
                    if let Some(dose) = courses.all(rule.course).get(number - 1) {
                        self.count(person.file, courses, (row, rule), dose, span, &mut counted);
                    }
                }
                RowDoses::Each => {
                    for dose in courses.all(rule.course) {
                        self.count(person.file, courses, (row, rule), dose, span, &mut counted);
                    }
                }
                RowDoses::TimelyOf(other) => {
                    let timely = |it: &&Counted<'_>| {
                        it.row == other && self.is_timely(person.file, rule, it.dose)
                    };
                    let more: CountedDoses<'_> = counted.iter().filter(timely).copied().collect();
                    counted.extend(more.into_iter().map(|it| Counted { row, ..it }));
                }
            }
        }
        self.merge(courses, &mut counted);
        counted
    }

    /// Counts a dose in a row, once a month (R-once).
    fn count<'b>(
        &self,
        child: &ChildFile,
        courses: &CourseDoses<'b>,
        (row, rule): (usize, &PeriodRow),
        dose: &'b GivenDose,
        span: MonthSpan,
        counted: &mut CountedDoses<'b>,
    ) {
        let day = dose.at.day;
        if !span.contains(day) {
            return;
        }
        let month = YearMonth::of(day);
        let Some(terms) = rule.terms_at(month.last()) else { return };
        let is_counted = rule.given_since.is_none_or(|since| day >= since)
            && courses.is_aged(day, terms.given_from, Some(terms.given_before))
            && self.is_kind(child, rule.only)
            && !counted.iter().any(|it| it.row == row && it.month == month);
        if !is_counted {
            return;
        }
        let unit = counted_at(dose, rule.counts_back_entry);
        if let Some(unit) = unit.filter(|unit| self.is_evaluated(*unit, row)) {
            counted.push(Counted { row, month, unit, dose, is_merged: false });
        }
    }

    /// Adds the doses that a row takes from others, unless the child has one in the row that month.
    fn merge(&self, courses: &CourseDoses<'_>, counted: &mut CountedDoses<'_>) {
        if counted.is_empty() {
            return;
        }
        for (row, rule) in self.rules.period.rows.iter().enumerate() {
            for from in &rule.merges {
                let MergedRow { row: other, from, before } = from;
                for at in 0..counted.len() {
                    let it = counted[at];
                    let is_taken = it.row == *other
                        && !it.is_merged
                        && rule.terms_at(it.month.last()).is_some()
                        && courses.is_aged(it.dose.at.day, *from, *before)
                        && !counted.iter().any(|own| own.row == row && own.month == it.month);
                    if is_taken {
                        counted.push(Counted { row, is_merged: true, ..it });
                    }
                }
            }
        }
    }

    /// R-timely. Without the times of birth and dose the day decides (O20).
    pub(super) fn is_timely(&self, child: &ChildFile, rule: &PeriodRow, dose: &GivenDose) -> bool {
        let Some(within) = &rule.within else { return true };
        if let (Some(hours), Some(kind)) = (within.hours, within.hours_for)
            && self.is_kind(child, Some(kind))
            && let Some(minutes) = child.born.minutes_to(dose.at)
        {
            return minutes <= hours * 60;
        }
        dose.at.day <= child.born.day + TimeDelta::days(within.days)
    }

    /// R-due: whether a child is due in a month and has not had the dose by its last day.
    fn is_due(
        &self,
        child: &ChildFile,
        courses: &CourseDoses<'_>,
        (rule, terms): (&PeriodRow, &RowTerms),
        month: YearMonth,
    ) -> bool {
        let (born, first, last) = (child.born.day, month.first(), month.last());
        let too_old = terms.due_before.map(|before| later(born, before));
        if born > last || too_old.is_some_and(|day| day <= first) || !self.is_kind(child, rule.only)
        {
            return false;
        }
        let applies = |due: &&DueRule| applies(due, born, courses, last);
        for due in terms.due.iter().filter(applies) {
            let Some(start) = start_of(&due.start, born, courses, last) else { return false };
            if due.if_before.is_some_and(|before| start >= later(born, before)) {
                continue;
            }
            // R-13 and the upper age: the last day is the one before.
            let end = later(start, self.rules.period.due_for);
            let end = too_old.map_or(end, |day| day.min(end));
            return start <= last
                && end > first
                && end > start
                && !courses.had_any(&due.unless, last);
        }
        false
    }
}

/// Whether the conditions of a way to be due hold at the end of a month.
pub(super) fn applies(
    due: &DueRule,
    born: NaiveDate,
    courses: &CourseDoses<'_>,
    last: NaiveDate,
) -> bool {
    due.born_from.is_none_or(|from| born >= from)
        && due.born_before.is_none_or(|before| born < before)
        && due.turns.is_none_or(|(age, from)| later(born, age) >= from)
        && due.has.iter().all(|dose| courses.had(*dose, last).is_some())
        && due.lacks.iter().all(|dose| courses.had(*dose, last).is_none())
        && due.if_dose.as_ref().is_none_or(|condition| courses.holds(condition, last))
}

/// The first day on which a child is due; `None` while a dose is missing that the time runs from.
pub(super) fn start_of(
    terms: &[StartTerm],
    born: NaiveDate,
    courses: &CourseDoses<'_>,
    last: NaiveDate,
) -> Option<NaiveDate> {
    let mut start = born;
    for term in terms {
        let from = match &term.from {
            StartFrom::Birth => born,
            StartFrom::Day(day) => *day,
            StartFrom::Doses(doses) => {
                let had = doses.iter().filter_map(|dose| courses.had(*dose, last));
                had.map(|dose| dose.at.day).min()?
            }
        };
        start = start.max(later(from, term.after));
    }
    Some(start)
}
