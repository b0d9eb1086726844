//! Doses as they count, ready to be added up by area, group, number and day.

use super::{Basis, Figure, Value};
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cells, Total, count_family, families};
use crate::domain::id::{AreaCode, GroupId, PlaceCode, RecordId};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What is counted of doses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Doses.
    Doses,
    /// People: doses less those that repeat one that did not count.
    People,
    /// Doses that do not count by the rules.
    Invalid,
    /// Doses that count.
    Valid,
}

impl Measure {
    /// Its part of a total.
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
    /// Of these groups; a group that is none is the empty code.
    pub groups: Vec<GroupId>,
    /// With this number; every number where absent.
    pub dose: Option<u8>,
    /// From this day on.
    pub first: Option<NaiveDate>,
    /// Up to this day.
    pub last: NaiveDate,
    /// Given here; everywhere where absent.
    pub place: Option<PlaceCode>,
    /// What of them.
    pub measure: Measure,
}

impl Pick {
    /// Whether it takes doses of a place and day; areas, groups and numbers are found by key.
    fn takes(&self, given: &DayTotal) -> bool {
        given.day <= self.last
            && self.first.is_none_or(|first| given.day >= first)
            && self.place.as_ref().is_none_or(|place| *place == given.place)
    }
}

/// Doses of one place, day, area, group and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTotal {
    /// When.
    pub day: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// What counts.
    pub total: Total,
}

/// How soon records came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalPick {
    /// Of this place.
    pub place: PlaceCode,
    /// At least so many days after the dose.
    pub days_min: i64,
    /// At most so many.
    pub days_max: i64,
    /// Whether days with a record are counted, not the records.
    pub is_of_days: bool,
}

/// A record and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The record.
    pub record: RecordId,
    /// Whether it counts doses without names.
    pub is_tally: bool,
    /// Where.
    pub place: PlaceCode,
    /// The day it speaks of.
    pub day: NaiveDate,
    /// The campaign's day on which it was recorded.
    pub recorded_on: NaiveDate,
}

impl Arrival {
    /// Days from the dose to its record.
    pub fn delay_days(&self) -> i64 {
        (self.recorded_on - self.day).num_days().max(0)
    }
}

/// What reports are made of.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The campaign as it was known.
    pub campaign: &'a Campaign,
    /// The area asked for.
    pub area: AreaCode,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, included.
    pub last: NaiveDate,
    /// Records of the days asked for; only for the report on them.
    pub arrivals: Vec<Arrival>,
    given: BTreeMap<(AreaCode, GroupId, u8), Vec<DayTotal>>,
}

impl<'a> Facts<'a> {
    /// From all cells up to the last day.
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

    /// The doses of a pick, with area, group and number.
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

    /// The sum of a pick.
    pub fn given(&self, pick: Pick) -> Figure {
        let sum = self.picked(&pick).map(|(_, given)| pick.measure.of(&given.total)).sum();
        Figure { value: Value::Count(sum), basis: Basis::Given(pick) }
    }

    /// Eligible people as of the last day; nothing where one of the groups has no count.
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

    /// Every number of a dose that was given, or that the series has.
    pub fn dose_numbers(&self) -> std::ops::RangeInclusive<u8> {
        let series = u8::try_from(self.campaign.series.dose_count()).unwrap_or(u8::MAX);
        1..=series.max(1)
    }

    /// Groups of doses that belong to nobody's group as well.
    pub fn every_group(&self) -> Vec<GroupId> {
        let named = self.campaign.groups.iter().map(|group| group.id.clone());
        named.chain([GroupId::from(crate::domain::counting::NO_GROUP)]).collect()
    }
}
