//! The register as assigning needs it, for a million people in little memory: codes are kept once, one after the
//! other, and everything else is numbers.

use super::super::{Loaded, Result};
use crate::domain::assign::{
    Candidate, CohortNo, CohortSize, Input, IsBarred, Offer, PersonNo, PlaceNo, Seat,
};
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::count::floor_of;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::judge::{self, Asks};
use crate::domain::person::{Asked, Sex, bars_on};
use crate::domain::plan::PlanRow;
use crate::domain::rules::model::VaccineId;
use crate::domain::rules::{DoseAdministered, Patient};
use crate::store::{Tx, assignments, cells, register};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// The codes of people, one after the other. A person's number is the position of their code.
#[derive(Default)]
pub(super) struct Codes {
    text: String,
    ends: Vec<usize>,
}

impl Codes {
    fn push(&mut self, code: &str) -> PersonNo {
        let no =
            PersonNo(u32::try_from(self.ends.len()).expect("a register has under 2^32 people"));
        self.text.push_str(code);
        self.ends.push(self.text.len());
        no
    }

    fn at(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }

    /// The code of a person.
    pub(super) fn get(&self, person: PersonNo) -> &str {
        self.at(person.0 as usize)
    }

    /// The number of a code; `None` where the register does not have it. The codes must be sorted.
    fn find(&self, code: &str) -> Option<PersonNo> {
        let (mut low, mut high) = (0, self.ends.len());
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
pub(super) struct Places {
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

    /// The code of a place.
    pub(super) fn get(&self, place: PlaceNo) -> &PlaceCode {
        &self.codes[place.0 as usize]
    }
}

/// Cohorts and their sizes, numbered as they are met.
#[derive(Default)]
struct Cohorts {
    numbers: BTreeMap<AreaCode, BTreeMap<GroupId, CohortNo>>,
    sizes: Vec<CohortSize>,
}

impl Cohorts {
    fn number(&mut self, area: &AreaCode, group: &GroupId) -> CohortNo {
        if let Some(no) = self.numbers.get(area).and_then(|groups| groups.get(group)) {
            return *no;
        }
        let no = CohortNo(u32::try_from(self.sizes.len()).expect("under 2^32 cohorts"));
        self.sizes.push(CohortSize::default());
        self.numbers.entry(area.clone()).or_default().insert(group.clone(), no);
        no
    }

    /// The sizes, with the people that the plan counts with on a day.
    fn sizes(mut self, campaign: &Campaign, day: NaiveDate) -> Vec<CohortSize> {
        let eligible = campaign.eligible_on(day);
        for (area, groups) in self.numbers {
            for (group, no) in groups {
                let uptake =
                    campaign.group(group.as_str()).map_or_else(Default::default, |g| g.uptake);
                let key = CohortKey { area: area.clone(), group };
                let people = eligible.get(&key).map_or(0, |row| floor_of(row.people, uptake));
                self.sizes[no.0 as usize].planned = u64::from(people);
            }
        }
        self.sizes
    }
}

/// A person as far as the rules and the plan look at them.
struct Enrolled {
    born: NaiveDate,
    sex: Sex,
    /// `None`: in no group of the campaign.
    cohort: Option<CohortNo>,
    has_died: bool,
}

/// What assigning works on.
pub(super) struct Register {
    pub(super) codes: Codes,
    pub(super) places: Places,
    today: NaiveDate,
    offers: Vec<Offer>,
    candidates: Vec<Candidate>,
    others: Vec<(PersonNo, Seat, IsBarred)>,
    reported: BTreeSet<(PlaceNo, NaiveDate)>,
    cohorts: Vec<CohortSize>,
}

impl Register {
    /// Takes the people out: they are needed once.
    pub(super) fn input(&mut self) -> Input<'_> {
        Input {
            offers: &self.offers,
            today: self.today,
            candidates: std::mem::take(&mut self.candidates),
            others: std::mem::take(&mut self.others),
            reported: &self.reported,
            cohorts: &self.cohorts,
        }
    }
}

/// Reads the register table by table, each once and in the order in which it is stored.
pub(super) async fn read(
    tx: &mut Tx,
    loaded: &Loaded,
    rows: &[PlanRow],
    today: NaiveDate,
) -> Result<Register> {
    let mut places = Places::of(rows);
    let mut cohorts = Cohorts::default();
    let offers: Vec<Offer> = rows
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
    let known = Known {
        given: given(tx, loaded, today, &codes).await?,
        barring: barring(tx, loaded, today, &codes).await?,
        absences: absences(tx, loaded, &codes).await?,
        held: held(tx, loaded, &mut codes, &mut places).await?,
    };
    let (candidates, others) = judge_all(loaded, today, &people, &known, &mut cohorts);
    let cohorts = cohorts.sizes(&loaded.campaign, today);
    let offers = with_today(offers, &candidates, today);
    Ok(Register { codes, places, today, offers, candidates, others, reported, cohorts })
}

/// The offers, with a seat for everybody who is expected today: they have been told and are on the lead's list, so a
/// plan that is made today leaves them alone. What cannot be kept was ended when it became known.
fn with_today(mut offers: Vec<Offer>, candidates: &[Candidate], today: NaiveDate) -> Vec<Offer> {
    let mut expected: BTreeMap<(PlaceNo, CohortNo, u8), u32> = BTreeMap::new();
    for one in candidates {
        if let Some(held) = one.held.filter(|held| held.day == today && held.dose == one.dose) {
            *expected.entry((held.place, one.cohort, held.dose)).or_default() += 1;
        }
    }
    for offer in offers.iter_mut().filter(|offer| offer.day == today) {
        if let Some(people) = expected.remove(&(offer.place, offer.cohort, offer.dose)) {
            offer.doses = offer.doses.max(people);
        }
    }
    offers.extend(expected.into_iter().map(|((place, cohort, dose), doses)| Offer {
        day: today,
        place,
        cohort,
        dose,
        doses,
    }));
    offers
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
    register::each_person(tx, |one| {
        codes.push(one.person.as_str());
        let who = one.who;
        let group = asked.group(&who.area, who.traits(), today);
        let area = loaded.campaign.home(&who.area, today);
        let cohort = group.map(|group| cohorts.number(area, &group.id));
        let has_died = one.died.is_some_and(|died| died <= today);
        let sex = if with_sex { who.sex } else { Sex::U };
        people.push(Enrolled { born: who.born, sex, cohort, has_died });
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
    register::each_dose(tx, today, |one| {
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

/// Today's appointments, by person. Somebody who is no longer in the register gets a number after all others.
async fn held(
    tx: &mut Tx,
    loaded: &Loaded,
    codes: &mut Codes,
    places: &mut Places,
) -> Result<Vec<(PersonNo, Seat)>> {
    let (mut out, mut strangers) = (Vec::new(), Vec::new());
    // Both are sorted by code, so one search goes on where the last one ended.
    let mut next = 0;
    assignments::each(tx, loaded.no, |person, day, place, dose| {
        let seat = Seat { day, place: places.number(place), dose };
        while next < codes.ends.len() && codes.at(next) < person.as_str() {
            next += 1;
        }
        if next < codes.ends.len() && codes.at(next) == person {
            let no = u32::try_from(next).expect("numbers of people are u32");
            out.push((PersonNo(no), seat));
        } else {
            strangers.push((person, seat));
        }
    })
    .await?;
    out.extend(strangers.into_iter().map(|(person, seat)| (codes.push(&person), seat)));
    Ok(out)
}

/// What is known of people, each list sorted by person.
struct Known {
    given: Vec<(PersonNo, Shot)>,
    barring: BTreeMap<PersonNo, Barred>,
    absences: BTreeMap<(PersonNo, u8), (u8, NaiveDate)>,
    held: Vec<(PersonNo, Seat)>,
}

type Others = Vec<(PersonNo, Seat, IsBarred)>;

/// Who is due and may be called, and who else has an appointment. Counts the people of each cohort: all of them, in a
/// catch-up campaign only those who miss a dose or have had their visit.
fn judge_all(
    loaded: &Loaded,
    today: NaiveDate,
    people: &[Enrolled],
    known: &Known,
    cohorts: &mut Cohorts,
) -> (Vec<Candidate>, Others) {
    let asks_all = matches!(loaded.judge.asks, Asks::Series { .. });
    let (mut candidates, mut others) = (Vec::new(), Vec::new());
    let (mut given, mut held) = (known.given.as_slice(), known.held.as_slice());
    for (no, person) in (0..).map(PersonNo).zip(people) {
        let mine = split_off(&mut given, no);
        let seat = split_off(&mut held, no).first().map(|(_, seat)| *seat);
        let mut not_due = |is_barred| others.extend(seat.map(|seat| (no, seat, is_barred)));
        let Some(cohort) = person.cohort else {
            not_due(false);
            continue;
        };
        let outlook = loaded.judge.outlook_of(&Patient {
            born: person.born,
            sex: person.sex,
            as_of: today,
            country: None,
            doses: mine.iter().map(|(_, shot)| shot.given()).collect(),
            observations: Vec::new(),
        });
        if !asks_all && outlook.due.is_none() && outlook.doses.iter().all(|dose| dose.number == 0) {
            not_due(false);
            continue;
        }
        cohorts.sizes[cohort.0 as usize].registered += 1;
        let last = mine.last().map(|(_, shot)| shot.date);
        // A dose given since lifts what was noted before it.
        let own = outlook.doses.iter().filter(|dose| dose.number > 0);
        let last_own = own.map(|dose| dose.date).next_back();
        let noted = known.barring.get(&no).is_some_and(|noted| noted.holds(last, last_own));
        if noted || person.has_died {
            not_due(true);
            continue;
        }
        let Some(due) = outlook.due else {
            not_due(false);
            continue;
        };
        let absent = known.absences.get(&(no, due.number));
        candidates.push(Candidate {
            person: no,
            cohort,
            dose: due.number,
            absences: absent.map_or(0, |(times, _)| *times),
            absent_last: absent.map(|(_, last)| *last),
            earliest: due.earliest,
            latest: due.latest,
            held: seat,
        });
    }
    others.extend(held.iter().map(|(person, seat)| (*person, *seat, false)));
    (candidates, others)
}

/// The entries of a person at the start of a list that is sorted by person; takes them off.
fn split_off<'a, T>(list: &mut &'a [(PersonNo, T)], person: PersonNo) -> &'a [(PersonNo, T)] {
    let count = list.iter().take_while(|(no, _)| *no == person).count();
    let (mine, rest) = list.split_at(count);
    *list = rest;
    mine
}
