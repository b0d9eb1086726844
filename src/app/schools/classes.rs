//! Each class: who is eligible, who agreed, who is done, who was missed and why.

use super::{Schools, names};
use crate::app::assigning::{each_person, standings};
use crate::app::{App, Loaded, Result};
use crate::domain::id::PersonId;
use crate::domain::person::{Asked, OutcomeKind, Person};
use crate::domain::schools::{
    ClassCount, ClassKey, Consent, PupilStanding, VisitDays, WhyMissed, count, missed,
};
use crate::store::{Tx, outcomes, schools};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A pupil whom the campaign asks. No derived `Debug`: it has a name.
#[derive(Clone)]
pub struct SchoolPupil {
    /// The person.
    pub person: Person,
    /// How they stand.
    pub standing: PupilStanding,
    /// What the guardian answered.
    pub consent: Option<Consent>,
}

/// The figures of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassLine {
    /// The class.
    #[serde(flatten)]
    pub at: ClassKey,
    /// The school's name.
    pub name: String,
    /// The figures.
    #[serde(flatten)]
    pub count: ClassCount,
}

/// A pupil who missed a dose, for the school. No derived `Debug`: it has a name.
#[derive(Clone, Serialize)]
pub struct MissedLine {
    /// Who.
    pub person: PersonId,
    /// The class.
    #[serde(flatten)]
    pub at: ClassKey,
    /// The school's name.
    pub school_name: String,
    /// The name.
    pub name: String,
    /// Date of birth.
    pub born: NaiveDate,
    /// Number of the dose.
    pub dose: u8,
    /// The visit at which it could have been given.
    pub visit: NaiveDate,
    /// Why it was not.
    pub why: WhyMissed,
    /// The guardian's reason.
    pub reason: String,
}

/// The days on which the classes of a campaign are visited. A session without a class is all classes' of its school.
pub(super) fn visit_days(
    own: &crate::domain::jurisdiction::LocalCampaign,
    campaign: &crate::domain::campaign::Campaign,
    pupils: &[SchoolPupil],
) -> VisitDays {
    let all = Schools::of(campaign);
    let mut days = VisitDays::new();
    for session in &own.sessions {
        let Some(school) = all.visited(session) else { continue };
        let classes: BTreeSet<ClassKey> = if let Some(class) = &session.class {
            [ClassKey { school: school.clone(), class: class.clone() }].into()
        } else {
            let all = pupils.iter().map(|it| &it.standing.at);
            all.filter(|it| it.school == *school).cloned().collect()
        };
        for at in classes {
            days.entry(at).or_default().push(session.day);
        }
    }
    for own in days.values_mut() {
        own.sort_unstable();
        own.dedup();
    }
    days
}

impl App {
    /// The pupils whom a campaign asks, as they stand on a day, by school, class and code.
    pub(super) async fn pupils(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        day: NaiveDate,
    ) -> Result<Vec<SchoolPupil>> {
        let campaign = &loaded.campaign;
        let (asked, all) = (Asked::by(campaign), Schools::of(campaign));
        let aged = day.max(campaign.start);
        let mut found: BTreeMap<PersonId, (ClassKey, crate::domain::id::GroupId)> = BTreeMap::new();
        each_person(tx, loaded, |person| {
            let school = person.more.school.as_deref().and_then(|text| all.called(text));
            let group = asked.group(&person.area, person.traits(), aged);
            if let (Some(school), Some(group)) = (school, group) {
                let class = person.more.class.clone().unwrap_or_default();
                let at = ClassKey { school: school.clone(), class };
                found.insert(person.id, (at, group.id.clone()));
            }
        })
        .await?;
        let consents = schools::consents(tx, loaded.no).await?;
        let codes: Vec<&str> = found.keys().map(PersonId::as_str).collect();
        let noted = outcomes::of_people(tx, &codes).await?;
        let standings = standings(tx, loaded, found.keys(), day).await?;
        let mut out = Vec::with_capacity(standings.len());
        for (code, standing) in standings {
            let Some((at, group)) = found.remove(&code) else { continue };
            let consent = consents.get(&code).cloned();
            let absent = noted.get(&code).into_iter().flatten();
            let absent = absent.filter(|one| one.outcome == OutcomeKind::Absent && one.date <= day);
            let given = standing.judged.iter().filter(|it| it.number > 0 && !it.is_refused());
            let pupil = PupilStanding {
                person: code,
                at,
                group,
                answer: consent.as_ref().map(|it| it.answer),
                doses: u8::try_from(given.count()).unwrap_or(u8::MAX),
                due: standing.due.map(|due| (due.number, due.earliest)),
                barred: standing.barred,
                absent_on: absent.map(|one| one.date).max(),
            };
            out.push(SchoolPupil { person: standing.person, standing: pupil, consent });
        }
        out.sort_by(|a, b| {
            let key = |it: &SchoolPupil| (it.standing.at.clone(), it.standing.person.clone());
            key(a).cmp(&key(b))
        });
        Ok(out)
    }

    /// The figures of every class at the end of a day; today without one.
    pub async fn classes(
        &self,
        loaded: &Loaded,
        day: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClassLine>> {
        let day = day.unwrap_or_else(|| crate::app::today(&loaded.campaign, now));
        let own = self.own(loaded).await?;
        let mut tx = self.store.read().await?;
        let pupils = self.pupils(&mut tx, loaded, day).await?;
        let days = visit_days(&own, &loaded.campaign, &pupils);
        let standing: Vec<PupilStanding> = pupils.into_iter().map(|it| it.standing).collect();
        let names = names(&loaded.campaign);
        let all = loaded.campaign.series.dose_count();
        let line = |(at, count): (ClassKey, ClassCount)| {
            let name = names.get(&at.school).copied().unwrap_or_default().to_owned();
            ClassLine { at, name, count }
        };
        Ok(count(&standing, &days, (all, day)).into_iter().map(line).collect())
    }

    /// Who missed a visit of their class by the end of a day, by school and class.
    pub async fn missed_pupils(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<MissedLine>> {
        let own = self.own(loaded).await?;
        let mut tx = self.store.read().await?;
        let pupils = self.pupils(&mut tx, loaded, day).await?;
        let days = visit_days(&own, &loaded.campaign, &pupils);
        let names = names(&loaded.campaign);
        let line = |pupil: SchoolPupil| {
            let found = missed(&pupil.standing, &days, day)?;
            Some(MissedLine {
                school_name: names.get(&found.at.school).copied().unwrap_or_default().to_owned(),
                person: found.person,
                at: found.at,
                name: pupil.person.name.unwrap_or_default(),
                born: pupil.person.born,
                dose: found.dose,
                visit: found.visit,
                why: found.why,
                reason: pupil.consent.and_then(|it| it.reason).unwrap_or_default(),
            })
        };
        Ok(pupils.into_iter().filter_map(line).collect())
    }
}
