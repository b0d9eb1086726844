//! What is known of each class: who is eligible, who agreed, who is done, who was missed and why.

use super::ConsentAnswer;
use crate::domain::id::{AreaCode, GroupId, PersonId};
use crate::domain::person::OutcomeKind;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A class of a school; empty where nobody says the class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClassKey {
    /// The school.
    pub school: AreaCode,
    /// The class.
    pub class: String,
}

/// How a pupil whom the campaign asks stands on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PupilStanding {
    /// Who.
    pub person: PersonId,
    /// The class.
    pub at: ClassKey,
    /// The group.
    pub group: GroupId,
    /// What the guardian answered; `None`: the form was not returned.
    pub answer: Option<ConsentAnswer>,
    /// Doses of the campaign that count.
    pub doses: u8,
    /// The next dose: its number and the first day on which it counts; `None`: all is given.
    pub due: Option<(u8, NaiveDate)>,
    /// Why the pupil must not be called.
    pub barred: Option<OutcomeKind>,
    /// The last day on which the pupil was noted as absent.
    pub absent_on: Option<NaiveDate>,
}

impl PupilStanding {
    /// Whether a visit on a day should bring the next dose: it is due by then, and nobody refuses.
    pub fn is_expected(&self, day: NaiveDate) -> bool {
        self.due.is_some_and(|(_, earliest)| earliest <= day)
            && self.answer != Some(ConsentAnswer::No)
            && self.barred.is_none()
    }

    /// Whether the pupil is no longer there.
    fn is_gone(&self) -> bool {
        self.barred.is_some_and(OutcomeKind::is_of_person)
    }
}

/// Figures of a class.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ClassCount {
    /// Pupils whom the campaign asks.
    pub eligible: u32,
    /// Of them: the guardian agreed.
    pub yes: u32,
    /// Of them: the guardian refused.
    pub no: u32,
    /// Of them: the form was not returned.
    pub open: u32,
    /// Pupils with at least so many doses, from one.
    pub given: Vec<u32>,
    /// Pupils who have all doses.
    pub complete: u32,
    /// Pupils who missed a visit of their class.
    pub missed: u32,
}

/// Why a pupil has no dose after the visit of the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyMissed {
    /// What was noted instead of a dose, or the guardian's refusal.
    Outcome(OutcomeKind),
    /// The form was not returned.
    NotReturned,
    /// The guardian agreed, and nobody recorded anything.
    NotRecorded,
}

impl WhyMissed {
    /// The word that output has for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outcome(kind) => kind.word(),
            Self::NotReturned => "not_returned",
            Self::NotRecorded => "not_recorded",
        }
    }
}

impl fmt::Display for WhyMissed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for WhyMissed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A pupil who missed a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Who.
    pub person: PersonId,
    /// The class.
    #[serde(flatten)]
    pub at: ClassKey,
    /// Number of the dose.
    pub dose: u8,
    /// The last visit of the class at which it could have been given.
    pub visit: NaiveDate,
    /// Why.
    pub why: WhyMissed,
}

/// Days on which classes were or will be visited, in order.
pub type VisitDays = BTreeMap<ClassKey, Vec<NaiveDate>>;

/// The dose that a pupil missed by the end of a day; `None`: none, or there was no visit for it yet.
pub fn missed(pupil: &PupilStanding, visits: &VisitDays, day: NaiveDate) -> Option<Missed> {
    let (dose, earliest) = pupil.due.filter(|_| !pupil.is_gone())?;
    let days = visits.get(&pupil.at)?;
    let visit = *days.iter().rev().find(|visit| earliest <= **visit && **visit <= day)?;
    let why = match (pupil.barred, pupil.answer) {
        (Some(kind), _) if kind.bars() => WhyMissed::Outcome(kind),
        (_, Some(ConsentAnswer::No)) => WhyMissed::Outcome(OutcomeKind::Refused),
        (_, None) => WhyMissed::NotReturned,
        _ if pupil.absent_on.is_some_and(|absent| absent >= visit) => {
            WhyMissed::Outcome(OutcomeKind::Absent)
        }
        _ => WhyMissed::NotRecorded,
    };
    Some(Missed { person: pupil.person.clone(), at: pupil.at.clone(), dose, visit, why })
}

/// The figures of every class at the end of a day. Who moved away or died is not counted.
pub fn count(
    pupils: &[PupilStanding],
    visits: &VisitDays,
    (doses, day): (usize, NaiveDate),
) -> BTreeMap<ClassKey, ClassCount> {
    let mut out: BTreeMap<ClassKey, ClassCount> = BTreeMap::new();
    for pupil in pupils.iter().filter(|pupil| !pupil.is_gone()) {
        let class = out.entry(pupil.at.clone()).or_default();
        class.given.resize(doses, 0);
        class.eligible += 1;
        match pupil.answer {
            Some(ConsentAnswer::Yes) => class.yes += 1,
            Some(ConsentAnswer::No) => class.no += 1,
            None => class.open += 1,
        }
        for given in class.given.iter_mut().take(usize::from(pupil.doses)) {
            *given += 1;
        }
        class.complete += u32::from(pupil.due.is_none());
        class.missed += u32::from(missed(pupil, visits, day).is_some());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    fn pupil() -> PupilStanding {
        PupilStanding {
            person: "P1".into(),
            at: ClassKey { school: "S".into(), class: "1".to_owned() },
            group: "g".into(),
            answer: Some(ConsentAnswer::Yes),
            doses: 0,
            due: Some((1, day(0))),
            barred: None,
            absent_on: None,
        }
    }

    #[test]
    fn whoever_has_no_dose_after_the_visit_of_the_class_was_missed_for_a_reason() {
        let visits = VisitDays::from([(pupil().at, vec![day(5), day(190)])]);
        let why = |pupil: &PupilStanding, at| missed(pupil, &visits, day(at)).map(|it| it.why);
        assert_eq!(why(&pupil(), 4), None, "the visit is to come");
        assert_eq!(why(&pupil(), 5), Some(WhyMissed::NotRecorded));
        for (answer, barred, absent, expected) in [
            (None, None, None, WhyMissed::NotReturned),
            (Some(ConsentAnswer::No), None, None, WhyMissed::Outcome(OutcomeKind::Refused)),
            (None, Some(OutcomeKind::Refused), None, WhyMissed::Outcome(OutcomeKind::Refused)),
            (
                Some(ConsentAnswer::No),
                Some(OutcomeKind::Deferred),
                None,
                WhyMissed::Outcome(OutcomeKind::Deferred),
            ),
            (
                Some(ConsentAnswer::Yes),
                Some(OutcomeKind::Contraindicated),
                None,
                WhyMissed::Outcome(OutcomeKind::Contraindicated),
            ),
            (Some(ConsentAnswer::Yes), None, Some(5), WhyMissed::Outcome(OutcomeKind::Absent)),
            (Some(ConsentAnswer::Yes), None, Some(4), WhyMissed::NotRecorded),
        ] {
            let one = PupilStanding { answer, barred, absent_on: absent.map(day), ..pupil() };
            assert_eq!(why(&one, 9), Some(expected));
        }
        let done = PupilStanding { due: Some((2, day(180))), doses: 1, ..pupil() };
        assert_eq!(why(&done, 100), None, "the second dose has its own visit");
        let found = missed(&done, &visits, day(200)).unwrap();
        assert_eq!((found.dose, found.visit), (2, day(190)));
        let gone = PupilStanding { barred: Some(OutcomeKind::Moved), ..pupil() };
        assert_eq!(why(&gone, 9), None);
    }

    #[test]
    fn a_class_adds_up() {
        let visits = VisitDays::from([(pupil().at, vec![day(5)])]);
        let pupils = [
            pupil(),
            PupilStanding { answer: Some(ConsentAnswer::No), ..pupil() },
            PupilStanding { answer: None, doses: 1, due: Some((2, day(180))), ..pupil() },
            PupilStanding { doses: 2, due: None, ..pupil() },
            PupilStanding { barred: Some(OutcomeKind::Dead), ..pupil() },
        ];
        let found = count(&pupils, &visits, (2, day(6)));
        let expected = ClassCount {
            eligible: 4,
            yes: 2,
            no: 1,
            open: 1,
            given: vec![2, 1],
            complete: 1,
            missed: 2,
        };
        assert_eq!(found.into_values().collect::<Vec<_>>(), [expected]);
    }
}
