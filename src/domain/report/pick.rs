//! The facts that reports are built from: doses as they count, by area, group, number and day.

use super::{Basis, Figure, Value};
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cells, Total, count_family, families};
use crate::domain::id::{AreaCode, GroupId, PlaceCode, RecordId};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What is counted: doses, or the people who got them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// All doses.
    Doses,
    /// People: doses without those that repeat one that did not count.
    People,
    /// Doses that do not count by the dose rules.
    Invalid,
    /// Doses that count. For one dose number these are people: nobody has two valid doses of one number.
    Valid,
}

impl Measure {
    /// This measure of a total.
    pub fn of(self, total: &Total) -> i64 {
        match self {
            Self::Doses => total.doses,
            Self::People => total.doses - total.repeats,
            Self::Invalid => total.invalid,
            Self::Valid => total.doses - total.invalid,
        }
    }
}

/// Which doses a figure adds up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Of people of these areas.
    pub areas: Vec<AreaCode>,
    /// Of these groups; the empty code means people in no group.
    pub groups: Vec<GroupId>,
    /// With this number; where absent, any.
    pub dose: Option<u8>,
    /// Given on this day or later.
    pub first: Option<NaiveDate>,
    /// Given on this day or earlier.
    pub last: NaiveDate,
    /// Given at this place; where absent, anywhere.
    pub place: Option<PlaceCode>,
    /// What is counted.
    pub measure: Measure,
}

impl Pick {
    /// Whether place and day fit. Areas, groups and numbers are looked up by key.
    fn takes(&self, given: &DayTotal) -> bool {
        given.day <= self.last
            && self.first.is_none_or(|first| given.day >= first)
            && self.place.as_ref().is_none_or(|place| *place == given.place)
    }
}

/// What counts of one place, day, area, group and dose number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTotal {
    /// When.
    pub day: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// Its figures.
    pub total: Total,
}

/// Which records a figure counts, by their delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalPick {
    /// Records of this place.
    pub place: PlaceCode,
    /// Shortest delay after the dose, days.
    pub days_min: i64,
    /// Longest delay, days.
    pub days_max: i64,
    /// Whether the days that have records are counted instead of the records.
    pub is_of_days: bool,
}

/// A record and the day on which it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The record.
    pub record: RecordId,
    /// Whether it is a tally, not a person's dose.
    pub is_tally: bool,
    /// Where.
    pub place: PlaceCode,
    /// The day of its doses.
    pub day: NaiveDate,
    /// The day, in the campaign's time zone, on which it was recorded.
    pub recorded_on: NaiveDate,
}

impl Arrival {
    /// Days from the dose to its record; 0 where the record came first.
    pub fn delay_days(&self) -> i64 {
        (self.recorded_on - self.day).num_days().max(0)
    }
}

/// What reports are built from.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The campaign as it was known.
    pub campaign: &'a Campaign,
    /// The area of the report.
    pub area: AreaCode,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, included.
    pub last: NaiveDate,
    /// Records of the report's days; only filled for the reports that count them.
    pub arrivals: Vec<Arrival>,
    given: BTreeMap<(AreaCode, GroupId, u8), Vec<DayTotal>>,
}

impl<'a> Facts<'a> {
    /// Builds the facts from all cells up to the last day; `first` and `last` are the report's days.
    pub fn new(
        campaign: &'a Campaign,
        area: AreaCode,
        (first, last): (NaiveDate, NaiveDate),
        cells: Cells,
    ) -> Self {
        let mut given: BTreeMap<_, Vec<DayTotal>> = BTreeMap::new();
        for (family, cells) in families(cells) {
            let figures: Vec<_> = cells.values().copied().collect();
            for (area, total) in cells.into_keys().zip(count_family(&figures)) {
                if total != Total::default() {
                    let key = (area, family.group.clone(), family.dose);
                    let (day, place) = (family.day, family.place.clone());
                    given.entry(key).or_default().push(DayTotal { day, place, total });
                }
            }
        }
        Self { campaign, area, first, last, arrivals: Vec::new(), given }
    }

    /// The figures that a pick takes, with area, group and dose number.
    pub fn picked<'b>(
        &'b self,
        pick: &'b Pick,
    ) -> impl Iterator<Item = (&'b (AreaCode, GroupId, u8), &'b DayTotal)> {
        pick.areas
            .iter()
            .flat_map(move |area| pick.groups.iter().map(move |group| (area, group)))
            .flat_map(move |(area, group)| {
                let (low, high) = pick.dose.map_or((0, u8::MAX), |dose| (dose, dose));
                let key = |dose| (area.clone(), group.clone(), dose);
                self.given.range(key(low)..=key(high))
            })
            .flat_map(|(key, given)| given.iter().map(move |given| (key, given)))
            .filter(move |(_, given)| pick.takes(given))
    }

    /// The sum of a pick, as a figure.
    pub fn given(&self, pick: Pick) -> Figure {
        let sum = self.picked(&pick).map(|(_, given)| pick.measure.of(&given.total)).sum();
        Figure { value: Value::Count(sum), basis: Basis::Given(pick) }
    }

    /// Eligible people as of the last day; unknown where one of the groups has no eligible count.
    pub fn eligible(&self, areas: &[AreaCode], groups: &[GroupId]) -> Figure {
        let known = self.campaign.eligible_on(self.last);
        let of_group = |group: &GroupId| -> Option<i64> {
            let mut rows = known
                .iter()
                .filter(|(key, _)| key.group == *group && areas.contains(&key.area))
                .map(|(_, row)| i64::from(row.people))
                .peekable();
            rows.peek().is_some().then(|| rows.sum())
        };
        let people: Option<i64> = groups.iter().map(of_group).sum();
        match people.filter(|_| !groups.is_empty()) {
            Some(people) => Figure::count(
                people,
                Basis::Eligible { areas: areas.to_vec(), groups: groups.to_vec(), day: self.last },
            ),
            None => Figure::none(),
        }
    }

    /// The dose numbers of the series.
    pub fn dose_numbers(&self) -> std::ops::RangeInclusive<u8> {
        let series = u8::try_from(self.campaign.series.dose_count()).unwrap_or(u8::MAX);
        1..=series.max(1)
    }

    /// All groups of the campaign, and the empty code for people in none.
    pub fn every_group(&self) -> Vec<GroupId> {
        let named = self.campaign.groups.iter().map(|group| group.id.clone());
        named.chain([GroupId::from(crate::domain::counting::NO_GROUP)]).collect()
    }
}
