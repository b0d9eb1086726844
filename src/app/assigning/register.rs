//! The register as assigning needs it, for a million people in little memory: codes are kept once, one after the
//! other, and everything else is numbers.

use super::super::{Loaded, Result};
use crate::domain::assign::{
    Candidate, Chances, CohortNo, Input, IsBarred, Offer, PersonNo, PlaceNo, Seat,
};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::judge::{self, Asks};
use crate::domain::outset::{CohortPersons, Left};
use crate::domain::person::{Asked, Sex, bars_on};
use crate::domain::plan::PlanRow;
use crate::domain::rules::DoseAdministered;
use crate::domain::rules::model::VaccineId;
use crate::store::{Tx, assignments, cells, register, visits, waiting};
use called::{Called, called};
use chrono::NaiveDate;
pub(super) use common::Common;
use judging::{Known, judge_all};
use std::collections::{BTreeMap, BTreeSet};

mod called;
mod common;
mod judging;
mod nearby;
mod told;

/// The codes of people, one after the other. A person's number is the position of their code.
#[derive(Default)]
pub(in crate::app) struct Codes {
    text: String,
    ends: Vec<usize>,
    /// How many stand in order. People whom the register no longer has come behind them.
    sorted: usize,
}

impl Codes {
    fn push(&mut self, code: &str) -> PersonNo {
        let no =
            PersonNo(u32::try_from(self.ends.len()).expect("a register has under 2^32 people"));
        let is_behind = self.sorted.checked_sub(1).is_none_or(|last| self.at(last) < code);
        if is_behind && self.sorted == self.ends.len() {
            self.sorted += 1;
        }
        self.text.push_str(code);
        self.ends.push(self.text.len());
        no
    }

    fn at(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }

    /// The code of a person.
    pub(in crate::app) fn get(&self, person: PersonNo) -> &str {
        self.at(person.0 as usize)
    }

    /// The number of a code; `None` where the register does not have it.
    fn find(&self, code: &str) -> Option<PersonNo> {
        let (mut low, mut high) = (0, self.sorted);
        while low < high {
            let middle = low.midpoint(high);
            match self.at(middle).cmp(code) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return u32::try_from(middle).ok().map(PersonNo),
            }
        }
        None
    }
}

/// Places and their numbers. Those of the plan come first, in the order of their codes.
pub(in crate::app) struct Places {
    codes: Vec<PlaceCode>,
    numbers: BTreeMap<PlaceCode, PlaceNo>,
}

impl Places {
    fn of(rows: &[PlanRow]) -> Self {
        let mut out = Self { codes: Vec::new(), numbers: BTreeMap::new() };
        let sorted: BTreeSet<&PlaceCode> = rows.iter().map(|row| &row.place).collect();
        for place in sorted {
            out.number(place.clone());
        }
        out
    }

    fn number(&mut self, place: PlaceCode) -> PlaceNo {
        if let Some(no) = self.numbers.get(&place) {
            return *no;
        }
        let no = u32::try_from(self.codes.len()).expect("a campaign has under 2^32 places");
        self.codes.push(place.clone());
        *self.numbers.entry(place).or_insert(PlaceNo(no))
    }

    /// The number of a place; `None` where it is not known.
    pub(in crate::app) fn find(&self, place: &PlaceCode) -> Option<PlaceNo> {
        self.numbers.get(place).copied()
    }

    /// The code of a place.
    pub(in crate::app) fn get(&self, place: PlaceNo) -> &PlaceCode {
        &self.codes[place.0 as usize]
    }
}

/// Cohorts and how their people stand, numbered as they are met.
#[derive(Default)]
struct Cohorts {
    numbers: BTreeMap<AreaCode, BTreeMap<GroupId, CohortNo>>,
    persons: Vec<CohortPersons>,
}

impl Cohorts {
    fn number(&mut self, area: &AreaCode, group: &GroupId) -> CohortNo {
        if let Some(no) = self.numbers.get(area).and_then(|groups| groups.get(group)) {
            return *no;
        }
        let no = CohortNo(u32::try_from(self.persons.len()).expect("under 2^32 cohorts"));
        self.persons.push(CohortPersons::default());
        self.numbers.entry(area.clone()).or_default().insert(group.clone(), no);
        no
    }

    fn of(&mut self, cohort: CohortNo) -> &mut CohortPersons {
        &mut self.persons[cohort.0 as usize]
    }

    /// Every cohort with its number.
    fn keys(&self) -> impl Iterator<Item = (CohortKey, CohortNo)> {
        self.numbers.iter().flat_map(|(area, groups)| {
            let key = |group: &GroupId| CohortKey { area: area.clone(), group: group.clone() };
            groups.iter().map(move |(group, no)| (key(group), *no))
        })
    }
}

/// A person as far as the rules and the plan look at them.
struct Enrolled {
    born: NaiveDate,
    sex: Sex,
    /// `None`: in no group of the campaign.
    cohort: Option<CohortNo>,
    /// The cohort among whose eligible people they were counted, where that was another one.
    counted_in: Option<CohortNo>,
    has_died: bool,
}

/// What assigning works on.
pub(in crate::app) struct Register {
    pub(in crate::app) codes: Codes,
    pub(in crate::app) places: Places,
    today: NaiveDate,
    first: NaiveDate,
    offers: Vec<Offer>,
    candidates: Vec<Candidate>,
    others: Vec<(PersonNo, Seat, IsBarred)>,
    reported: BTreeSet<(PlaceNo, NaiveDate)>,
    cohorts: Cohorts,
    /// The cohort of everybody, by person.
    cohort_of: Vec<Option<CohortNo>>,
    called: Vec<Called>,
    /// Who waits for a seat, and for which dose.
    pub(in crate::app) waiting: BTreeSet<(PersonNo, u8)>,
}

impl Register {
    /// Takes the people out: they are needed once. `left`: who is still to come.
    pub(in crate::app) fn input(
        &mut self,
        left: &BTreeMap<(CohortKey, u8), Left>,
        chances: Chances,
    ) -> Input<'_> {
        let mut of_cohorts = BTreeMap::new();
        for (key, no) in self.cohorts.keys() {
            let doses = left.range((key.clone(), 0)..=(key, u8::MAX));
            of_cohorts.extend(doses.map(|((_, dose), left)| ((no, *dose), *left)));
        }
        Input {
            offers: &self.offers,
            today: self.today,
            first: self.first,
            candidates: std::mem::take(&mut self.candidates),
            others: std::mem::take(&mut self.others),
            reported: &self.reported,
            left: of_cohorts,
            chances,
        }
    }

    /// What came of the appointments from which is learned who comes.
    pub(in crate::app) fn called(&self) -> &[Called] {
        &self.called
    }

    /// Whether a place has reported a day.
    pub(in crate::app) fn has_reported(&self, place: PlaceNo, day: NaiveDate) -> bool {
        self.reported.contains(&(place, day))
    }

    /// How many people have an appointment at a place on a day, by cohort and number of the dose.
    pub(in crate::app) fn held_at(
        &self,
        place: &PlaceCode,
        day: NaiveDate,
    ) -> BTreeMap<(CohortNo, u8), u64> {
        let mut out = BTreeMap::new();
        let Some(place) = self.places.find(place) else { return out };
        let is_there =
            |one: &&Candidate| one.held.is_some_and(|held| (held.place, held.day) == (place, day));
        for one in self.candidates.iter().filter(is_there) {
            *out.entry((one.cohort, one.dose)).or_default() += 1;
        }
        out
    }

    /// The places to which the plan calls people of each cohort, on any day.
    pub(in crate::app) fn planned(&self) -> BTreeSet<(PlaceNo, CohortNo)> {
        self.offers.iter().map(|offer| (offer.place, offer.cohort)).collect()
    }

    /// The number of a cohort.
    pub(in crate::app) fn cohort(&self, area: &AreaCode, group: &GroupId) -> Option<CohortNo> {
        self.cohorts.numbers.get(area)?.get(group).copied()
    }

    /// The cohort that a person is in.
    pub(in crate::app) fn cohort_of(&self, person: PersonNo) -> Option<CohortNo> {
        self.cohort_of.get(person.0 as usize).copied().flatten()
    }

    /// Every appointment, with the cohort whose it is.
    pub(in crate::app) fn appointments(&self) -> impl Iterator<Item = (CohortNo, Seat)> {
        self.candidates.iter().filter_map(|one| Some((one.cohort, one.held?)))
    }

    /// Every cohort by its number.
    pub(in crate::app) fn cohort_keys(&self) -> BTreeMap<CohortNo, CohortKey> {
        self.cohorts.keys().map(|(key, no)| (no, key)).collect()
    }

    /// How the people of each cohort stand.
    pub(in crate::app) fn persons(&self) -> BTreeMap<CohortKey, CohortPersons> {
        let of = |no: CohortNo| self.cohorts.persons[no.0 as usize].clone();
        self.cohorts.keys().map(|(key, no)| (key, of(no))).collect()
    }
}

/// The days that reading the register looks at.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Days {
    /// The present day.
    pub(in crate::app) today: NaiveDate,
    /// The first day of the plan whose rows are given.
    pub(in crate::app) first: NaiveDate,
    /// The first day on which a new plan may place anything.
    pub(in crate::app) open: NaiveDate,
}

/// Reads the register table by table, each once and in the order in which it is stored.
pub(in crate::app) async fn read(
    tx: &mut Tx,
    loaded: &Loaded,
    rows: &[PlanRow],
    days: Days,
) -> Result<Register> {
    let Days { today, first, .. } = days;
    let mut places = Places::of(rows);
    let mut cohorts = Cohorts::default();
    let offers = rows
        .iter()
        .map(|row| Offer {
            day: row.day,
            place: places.number(row.place.clone()),
            cohort: cohorts.number(&row.area, &row.group),
            dose: row.dose,
            doses: row.doses,
        })
        .collect();
    let reported = cells::reports(tx, loaded.no, today).await?;
    let reported = reported.into_iter().map(|(place, day)| (places.number(place), day)).collect();
    let (mut codes, people) = people(tx, loaded, today, &mut cohorts).await?;
    let Held { seats, answered, told } = held(tx, loaded, &mut codes, &mut places).await?;
    let joined = visits::joined(tx, loaded.no, today).await?;
    let joined = joined.iter().filter_map(|person| codes.find(person)).collect();
    let given = given(tx, loaded, today, &codes).await?;
    let known = (&codes, people.as_slice(), given.as_slice());
    let called = called(tx, loaded, today, known, (&seats, &mut places)).await?;
    let all = waiting::all(tx, loaded.no).await?.into_iter();
    let waiting = all.filter_map(|one| Some((codes.find(one.person.as_str())?, one.dose)));
    let waiting = waiting.collect();
    let known = Known {
        waiting: &waiting,
        given,
        barring: barring(tx, loaded, today, &codes).await?,
        absences: absences(tx, loaded, &codes).await?,
        held: seats,
        answered,
        told,
        joined,
        reported: &reported,
        places: &places,
    };
    let (candidates, others) = judge_all(loaded, days, &people, &known, &mut cohorts);
    let cohort_of = people.iter().map(|person| person.cohort).collect();
    Ok(Register {
        codes,
        places,
        today,
        first,
        offers,
        candidates,
        others,
        reported,
        cohorts,
        cohort_of,
        called,
        waiting,
    })
}

async fn people(
    tx: &mut Tx,
    loaded: &Loaded,
    today: NaiveDate,
    cohorts: &mut Cohorts,
) -> Result<(Codes, Vec<Enrolled>)> {
    // Some vaccines of a programme are for girls alone; a series is for whom its groups say.
    let with_sex = matches!(loaded.judge.asks, Asks::CatchUp { .. });
    let (mut codes, mut people) = (Codes::default(), Vec::new());
    let asked = Asked::by(&loaded.campaign);
    register::each_person(tx, loaded.near(), |one| {
        codes.push(one.person.as_str());
        let who = one.who;
        let group = asked.group(&who.area, who.traits(), today);
        let area = loaded.campaign.home(&who.area, today);
        let cohort = group.map(|group| cohorts.number(area, &group.id));
        let before = asked.group(&who.area, who.traits(), loaded.campaign.start);
        let before = before.map(|group| cohorts.number(area, &group.id));
        let counted_in = before.filter(|_| before != cohort);
        let has_died = one.died.is_some_and(|died| died <= today);
        let sex = if with_sex { who.sex } else { Sex::U };
        people.push(Enrolled { born: who.born, sex, cohort, counted_in, has_died });
    })
    .await?;
    Ok((codes, people))
}

/// What the rules look at of a dose, in a third of the memory that [`DoseAdministered`] takes.
#[derive(Clone, Copy)]
struct Shot {
    date: NaiveDate,
    vaccine: Option<VaccineId>,
    expired: bool,
}

impl Shot {
    fn given(self) -> DoseAdministered {
        let Self { date, vaccine, expired } = self;
        DoseAdministered { date, vaccine, manufacturer: None, expired }
    }
}

/// Everybody's doses, by person, day and record.
async fn given(
    tx: &mut Tx,
    loaded: &Loaded,
    today: NaiveDate,
    codes: &Codes,
) -> Result<Vec<(PersonNo, Shot)>> {
    let (campaign, judge) = loaded.rules();
    let mut out = Vec::new();
    register::each_dose(tx, loaded.near(), today, |one| {
        if let Some(person) = codes.find(&one.person) {
            let (product, lot) = (one.product.as_deref(), one.lot.as_deref());
            let shot = judge::Shot { date: one.date, product, lot, campaign: one.campaign };
            let DoseAdministered { date, vaccine, expired, .. } = judge.given(campaign, shot);
            out.push((person, Shot { date, vaccine, expired }));
        }
    })
    .await?;
    // Stable: doses of one person and day stay in the order of their records.
    out.sort_by_key(|(person, shot)| (*person, shot.date));
    Ok(out)
}

/// The last days on which something was noted that bars somebody today.
#[derive(Debug, Clone, Copy, Default)]
struct Barred {
    /// That they moved or died: any later dose shows otherwise.
    of_person: Option<NaiveDate>,
    /// About the vaccine: a later dose of it shows otherwise.
    of_vaccine: Option<NaiveDate>,
    /// Whether some of it has no end.
    for_good: bool,
    /// The last day of what has an end.
    until: Option<NaiveDate>,
}

impl Barred {
    /// Whether it still holds after the last dose, and the last one of the campaign's.
    fn holds(self, last: Option<NaiveDate>, last_own: Option<NaiveDate>) -> bool {
        let after = |noted: Option<NaiveDate>, last: Option<NaiveDate>| {
            noted.is_some_and(|noted| last.is_none_or(|last| noted > last))
        };
        after(self.of_person, last) || after(self.of_vaccine, last_own)
    }
}

/// What was noted of people that bars them today.
async fn barring(
    tx: &mut Tx,
    loaded: &Loaded,
    today: NaiveDate,
    codes: &Codes,
) -> Result<BTreeMap<PersonNo, Barred>> {
    let mut out: BTreeMap<PersonNo, Barred> = BTreeMap::new();
    register::each_outcome(tx, today, |one| {
        if !bars_on(one.kind, (one.date, one.until), today)
            || !loaded.judge.heeds(one.kind, one.campaign, one.vaccine.as_deref())
        {
            return;
        }
        if let Some(person) = codes.find(&one.person) {
            let barred = out.entry(person).or_default();
            let is_of_person = one.kind.is_of_person();
            let last = if is_of_person { &mut barred.of_person } else { &mut barred.of_vaccine };
            *last = (*last).max(Some(one.date));
            barred.for_good |= one.until.is_none();
            barred.until = barred.until.max(one.until);
        }
    })
    .await?;
    Ok(out)
}

/// How often people did not come for a dose, and when last.
async fn absences(
    tx: &mut Tx,
    loaded: &Loaded,
    codes: &Codes,
) -> Result<BTreeMap<(PersonNo, u8), (u8, NaiveDate)>> {
    let mut out = BTreeMap::new();
    assignments::each_absence(tx, loaded.no, |person, dose, times, last| {
        if let Some(person) = codes.find(&person) {
            out.insert((person, dose), (times, last));
        }
    })
    .await?;
    Ok(out)
}

/// Today's appointments, each list by person.
struct Held {
    seats: Vec<(PersonNo, Seat)>,
    /// Who confirmed or booked theirs.
    answered: BTreeSet<PersonNo>,
    /// Who was told of theirs.
    told: BTreeSet<PersonNo>,
}

/// Today's appointments. Somebody who is no longer in the register gets a number after all others.
async fn held(
    tx: &mut Tx,
    loaded: &Loaded,
    codes: &mut Codes,
    places: &mut Places,
) -> Result<Held> {
    let (mut out, mut strangers) = (Vec::new(), Vec::new());
    let (mut answered, mut told) = (BTreeSet::new(), BTreeSet::new());
    // Both are sorted by code, so one search goes on where the last one ended.
    let mut next = 0;
    assignments::each(tx, loaded.no, |person, day, place, dose, knows| {
        let seat = Seat { day, place: places.number(place), dose };
        while next < codes.ends.len() && codes.at(next) < person.as_str() {
            next += 1;
        }
        if next < codes.ends.len() && codes.at(next) == person {
            let no = u32::try_from(next).expect("numbers of people are u32");
            out.push((PersonNo(no), seat));
            if knows.has_answered {
                answered.insert(PersonNo(no));
            }
            if knows.is_told {
                told.insert(PersonNo(no));
            }
        } else {
            strangers.push((person, seat));
        }
    })
    .await?;
    out.extend(strangers.into_iter().map(|(person, seat)| (codes.push(&person), seat)));
    Ok(Held { seats: out, answered, told })
}
