//! Re-ordering (重排, R-order): the doses of a person in courses, numbered by date. The reported dose number is ignored.

use super::records::GivenDose;
use super::rules::{Course, DoseCondition, DoseRef, NationalRules, later};
use crate::domain::dose::Attribute;
use crate::domain::series::Duration;
use chrono::NaiveDate;
use smallvec::SmallVec;

/// The doses of a person by course. The first dose of each list is dose 1.
pub(super) struct CourseDoses<'a> {
    born: NaiveDate,
    lists: Vec<SmallVec<[&'a GivenDose; 6]>>,
}

impl<'a> CourseDoses<'a> {
    /// Numbers doses that come by date.
    pub(super) fn of(born: NaiveDate, doses: &[&'a GivenDose], rules: &NationalRules) -> Self {
        let mut this = Self { born, lists: vec![SmallVec::new(); rules.courses.len()] };
        let mut dropped: SmallVec<[usize; 2]> = SmallVec::new();
        for dose in doses {
            for take in &rules.takes[usize::from(dose.product.0)] {
                let at = take.course;
                let course = &rules.courses[at];
                let had = this.lists[at].len();
                let is_taken = had >= take.after_doses
                    && this.is_aged(dose.at.day, take.from, take.before)
                    && course.not_after.iter().all(|other| this.lists[*other].is_empty())
                    && this.is_valid(course, had + 1, dose);
                if !is_taken {
                    continue;
                }
                // Only the second dose is dropped: the one after it is dose 2, however near (R-HPV ③).
                if had == 1
                    && !dropped.contains(&at)
                    && is_too_close(course, this.lists[at][0], dose)
                {
                    dropped.push(at);
                    continue;
                }
                this.lists[at].push(dose);
            }
        }
        this.keep_what_counts(rules);
        this
    }

    /// R-MenA-sub: of a course that began early only some doses count.
    fn keep_what_counts(&mut self, rules: &NationalRules) {
        let born = self.born;
        for (course, list) in rules.courses.iter().zip(&mut self.lists) {
            let (Some(early), Some(first)) = (&course.begun_early, list.first()) else { continue };
            let is_early =
                early.products.contains(&first.product) && first.at.day < later(born, early.before);
            if is_early {
                let all = std::mem::take(list);
                *list = early.counts.iter().filter_map(|n| all.get(n - 1).copied()).collect();
            }
        }
    }

    fn is_valid(&self, course: &Course, number: usize, dose: &GivenDose) -> bool {
        course.valid.iter().filter(|valid| valid.dose == number).all(|valid| {
            self.is_aged(dose.at.day, valid.from, None) && !valid.never.contains(&dose.product)
        })
    }

    /// Whether the age on a day is at least `from` and below `before`.
    pub(super) fn is_aged(
        &self,
        day: NaiveDate,
        from: Option<Duration>,
        before: Option<Duration>,
    ) -> bool {
        from.is_none_or(|from| later(self.born, from) <= day)
            && before.is_none_or(|before| day < later(self.born, before))
    }

    /// All doses of a course.
    pub(super) fn all(&self, course: usize) -> &[&'a GivenDose] {
        self.lists.get(course).map_or(&[], |list| list)
    }

    /// A dose of a course.
    pub(super) fn dose(&self, dose: DoseRef) -> Option<&'a GivenDose> {
        self.all(dose.course).get(dose.number - 1).copied()
    }

    /// A dose of a course that was given by a day.
    pub(super) fn had(&self, dose: DoseRef, by: NaiveDate) -> Option<&'a GivenDose> {
        self.dose(dose).filter(|dose| dose.at.day <= by)
    }

    /// Whether one of the doses was given by a day.
    pub(super) fn had_any(&self, doses: &[DoseRef], by: NaiveDate) -> bool {
        doses.iter().any(|dose| self.had(*dose, by).is_some())
    }

    /// Whether a dose with these properties was given by a day.
    pub(super) fn holds(&self, condition: &DoseCondition, by: NaiveDate) -> bool {
        self.had(condition.dose, by).is_some_and(|dose| {
            let day = dose.at.day;
            self.is_aged(day, condition.age_from, None)
                && condition.age_until.is_none_or(|until| day <= later(self.born, until))
                && condition.day_from.is_none_or(|from| day >= from)
        })
    }
}

fn is_too_close(course: &Course, first: &GivenDose, second: &GivenDose) -> bool {
    let has = |attribute: Attribute| first.attribute == attribute && second.attribute == attribute;
    course
        .too_close
        .is_some_and(|(attribute, gap)| has(attribute) && second.at.day < later(first.at.day, gap))
}
