//! Catch-up (查漏补种): what people lack of a programme, the visits at which they can get it, and the
//! areas that are below the share that every one of them must reach.

use super::campaign::Campaign;
use super::count::ceil_of;
use super::dose::Dose;
use super::id::{AreaCode, PersonId, PlaceCode, RecordId};
use super::judge::{Judge, MissedDose, Subject};
use super::rules::model::GroupId;
use super::rules::{GroupForecast, Progress};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// More visits than anybody needs in one campaign.
const VISITS_MAX: usize = 8;

/// A visit and what it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// First day on which all of it counts.
    pub day: NaiveDate,
    /// What is given.
    pub doses: Vec<MissedDose>,
}

/// The visits of a person from a day on: at each as many vaccines as the rules allow, then the next
/// one as soon as they allow more, up to the campaign's end. `doses` is sorted, none after the day.
pub fn visits(
    campaign: &Campaign,
    judge: &Judge,
    who: Subject,
    doses: &[Dose],
    day: NaiveDate,
) -> Vec<Visit> {
    let mut doses = doses.to_vec();
    let mut visits: Vec<Visit> = Vec::new();
    let mut at = day;
    while visits.len() < VISITS_MAX {
        let missed = judge.outlook(campaign, who, &doses, at).missed;
        let is_now = |dose: &MissedDose| dose.earliest <= at && dose.recommended <= at;
        let (now, later): (Vec<MissedDose>, Vec<MissedDose>) = missed.into_iter().partition(is_now);
        if now.is_empty() {
            let next = later.iter().map(|dose| dose.earliest.max(dose.recommended)).min();
            match next.filter(|next| *next > at && *next <= campaign.end) {
                Some(next) => at = next,
                None => break,
            }
            continue;
        }
        for dose in &now {
            doses.push(Dose {
                record: RecordId::new("planned"),
                person: PersonId::new("planned"),
                date: at,
                place: PlaceCode::new("planned"),
                product: dose.vaccine.as_deref().map(str::to_owned),
                lot: None,
            });
        }
        visits.push(Visit { day: at, doses: now });
    }
    visits
}

/// How far people of an area are with a vaccine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progressed {
    /// People who should have had at least one dose by now, or have had one.
    pub should: u64,
    /// Of them, those who have every dose that is due.
    pub done: u64,
    /// Doses that the others lack, by how many one of them lacks: people.
    lacking: BTreeMap<u8, u64>,
    /// People who are too old to be caught up.
    pub aged_out: u64,
}

impl Progressed {
    /// People who lack doses.
    pub fn lacking_people(&self) -> u64 {
        self.should - self.done
    }

    /// Doses that they lack.
    pub fn lacking_doses(&self) -> u64 {
        self.lacking.iter().map(|(doses, people)| u64::from(*doses) * people).sum()
    }

    /// People who must get all that they lack so that a share of all is reached, and their doses,
    /// where those are called first who lack least.
    pub fn to_rate(&self, rate: Decimal) -> (u64, u64) {
        let should = u32::try_from(self.should).unwrap_or(u32::MAX);
        let mut people = u64::from(ceil_of(should, rate)).saturating_sub(self.done);
        let (wanted, mut doses) = (people, 0);
        for (each, some) in &self.lacking {
            let called = people.min(*some);
            doses += called * u64::from(*each);
            people -= called;
        }
        (wanted, doses)
    }

    fn add(&mut self, other: &Self) {
        self.should += other.should;
        self.done += other.done;
        self.aged_out += other.aged_out;
        for (doses, people) in &other.lacking {
            *self.lacking.entry(*doses).or_default() += people;
        }
    }
}

/// Progress by vaccine group and area.
#[derive(Debug, Clone, Default)]
pub struct Progresses(BTreeMap<(GroupId, AreaCode), Progressed>);

impl Progresses {
    /// Adds a person of an area by how far they are with some vaccine groups.
    pub fn add(&mut self, area: &AreaCode, forecasts: &[GroupForecast], groups: &[GroupId]) {
        for one in forecasts.iter().filter(|one| groups.contains(&one.group)) {
            let here = self.0.entry((one.group, area.clone())).or_default();
            let (should, done) = match one.progress {
                Progress::Complete | Progress::Immune => (1, 1),
                Progress::NotComplete if one.lacking > 0 => (1, 0),
                // Nothing is due now; who has had a dose is up to date, who has not is too young.
                Progress::NotComplete => {
                    let begun = u64::from(one.next.is_some_and(|next| next.number > 1));
                    (begun, begun)
                }
                Progress::AgedOut => {
                    here.aged_out += 1;
                    (0, 0)
                }
                Progress::Contraindicated | Progress::NotRecommended => (0, 0),
            };
            here.should += should;
            here.done += done;
            if should > done {
                *here.lacking.entry(one.lacking).or_default() += 1;
            }
        }
    }

    /// One vaccine group in an area and all that lies below it.
    pub fn of(&self, campaign: &Campaign, group: GroupId, area: &AreaCode) -> Progressed {
        let mut out = Progressed::default();
        for below in campaign.below(area) {
            if let Some(one) = self.0.get(&(group, below.clone())) {
                out.add(one);
            }
        }
        out
    }
}
