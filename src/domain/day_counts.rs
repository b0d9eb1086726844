//! What counts of a campaign, kept day by day: coverage, curves and stock are added up from it without reading it
//! again. A day is replaced as a whole.

use super::campaign::Campaign;
use super::counting::Total;
use super::coverage::DoseSums;
use super::id::{AreaCode, GroupId, PlaceCode};
use super::stock::{GivenByRate, wastage_rate};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An area, a group and the number of a dose.
pub type SumKey = (AreaCode, GroupId, u8);

/// Things with their numbers, from 0 in the order in which they came. There are few, and many figures name them.
#[derive(Debug, Clone)]
struct Numbered<K> {
    keys: Vec<K>,
    numbers: BTreeMap<K, usize>,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), numbers: BTreeMap::new() }
    }
}

impl<K: Clone + Ord> Numbered<K> {
    fn number(&mut self, key: K) -> usize {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.keys.len();
        self.keys.push(key.clone());
        self.numbers.insert(key, number);
        number
    }
}

/// The totals of a campaign by day.
#[derive(Debug, Clone, Default)]
pub struct DayTotals {
    of: Numbered<SumKey>,
    days: BTreeMap<NaiveDate, Arc<[(usize, Total)]>>,
}

impl DayTotals {
    /// Puts the totals of a day in the place of those that it had.
    pub fn put(&mut self, day: NaiveDate, rows: impl IntoIterator<Item = (SumKey, Total)>) {
        let rows = rows.into_iter().filter(|(_, total)| *total != Total::default());
        let rows: Vec<_> = rows.map(|(key, total)| (self.of.number(key), total)).collect();
        if rows.is_empty() {
            self.days.remove(&day);
        } else {
            self.days.insert(day, rows.into());
        }
    }

    /// Sums up to a day by area, group and dose number, in this order; `due` as for
    /// [`counted_from`](super::coverage::counted_from).
    pub fn sums(&self, as_of: NaiveDate, due: &[(u8, NaiveDate)]) -> Vec<DoseSums> {
        let mut found: Vec<Option<DoseSums>> = vec![None; self.of.keys.len()];
        for (day, rows) in self.days.range(..=as_of) {
            for (number, total) in rows.iter() {
                let (Some(sum), Some(key)) = (found.get_mut(*number), self.of.keys.get(*number))
                else {
                    continue;
                };
                let sum = sum.get_or_insert_with(|| DoseSums::none(&key.0, &key.1, key.2));
                sum.add((*day, total), as_of, due);
            }
        }
        let in_order = self.of.numbers.values();
        in_order.filter_map(|number| found.get_mut(*number).and_then(Option::take)).collect()
    }

    /// Doses that count by day and group, up to a day, of the areas that are to be seen.
    pub fn by_day_and_group(
        &self,
        last: NaiveDate,
        is_seen: impl Fn(&AreaCode) -> bool,
    ) -> Vec<(NaiveDate, GroupId, i64)> {
        let mut groups: BTreeMap<&GroupId, usize> = BTreeMap::new();
        for (_, group, _) in &self.of.keys {
            let next = groups.len();
            groups.entry(group).or_insert(next);
        }
        // Which sum each key adds to; `None`: it is not seen.
        let place =
            |(area, group, _): &SumKey| groups.get(group).copied().filter(|_| is_seen(area));
        let places: Vec<Option<usize>> = self.of.keys.iter().map(place).collect();
        let mut out = Vec::new();
        for (day, rows) in self.days.range(..=last) {
            let mut sums: Vec<Option<i64>> = vec![None; groups.len()];
            for (number, total) in rows.iter() {
                let place = places.get(*number).copied().flatten();
                if let Some(sum) = place.and_then(|place| sums.get_mut(place)) {
                    *sum.get_or_insert(0) += total.doses;
                }
            }
            for (group, place) in &groups {
                if let Some(doses) = sums.get(*place).copied().flatten() {
                    out.push((*day, (*group).clone(), doses));
                }
            }
        }
        out
    }
}

/// The doses that the places of a campaign gave, by day. Doses that no place of it gave are not among them.
#[derive(Debug, Clone, Default)]
pub struct DayGiven {
    of: Numbered<PlaceCode>,
    days: BTreeMap<NaiveDate, Arc<[(usize, u64)]>>,
}

impl DayGiven {
    /// Puts the doses of a day in the place of those that it had.
    pub fn put(&mut self, day: NaiveDate, rows: impl IntoIterator<Item = (PlaceCode, u64)>) {
        let rows = rows.into_iter().filter(|(_, doses)| *doses > 0);
        let rows: Vec<_> = rows.map(|(place, doses)| (self.of.number(place), doses)).collect();
        if rows.is_empty() {
            self.days.remove(&day);
        } else {
            self.days.insert(day, rows.into());
        }
    }

    /// The doses given up to a day at the places that are to be seen, by their wastage rates.
    pub fn by_rate(
        &self,
        campaign: &Campaign,
        last: NaiveDate,
        is_seen: impl Fn(&PlaceCode) -> bool,
    ) -> GivenByRate {
        let rate = |place: &PlaceCode| is_seen(place).then(|| wastage_rate(campaign, place, None));
        let rates: Vec<Option<Decimal>> = self.of.keys.iter().map(rate).collect();
        let mut out = GivenByRate::new();
        for (day, rows) in self.days.range(..=last) {
            let mut sums: BTreeMap<Decimal, u64> = BTreeMap::new();
            for (number, doses) in rows.iter() {
                if let Some(rate) = rates.get(*number).copied().flatten() {
                    *sums.entry(rate).or_default() += doses;
                }
            }
            if !sums.is_empty() {
                out.insert(*day, sums);
            }
        }
        out
    }

    /// The doses given up to a day, by day and place.
    pub fn until(&self, last: NaiveDate) -> super::stock::GivenAt {
        let days = self.days.range(..=last);
        let row = |day: NaiveDate, (number, doses): &(usize, u64)| {
            Some(((day, self.of.keys.get(*number)?.clone()), *doses))
        };
        days.flat_map(|(day, rows)| rows.iter().filter_map(|one| row(*day, one))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::counting::TotalKey;
    use crate::domain::coverage::counted_from;
    use crate::domain::stock::{GivenAt, draws, stock_left};
    use crate::domain::testing::{county, day};
    use proptest::prelude::*;

    fn total(doses: i64) -> Total {
        Total { doses, repeats: doses / 3, invalid: doses / 4, exceeding: doses / 5 }
    }

    fn key(area: &str, group: &str, dose: u8) -> SumKey {
        (area.into(), group.into(), dose)
    }

    #[test]
    fn a_day_that_is_put_again_is_replaced_as_a_whole() {
        let mut all = DayTotals::default();
        all.put(day(1), [(key("B", "g", 1), total(6)), (key("A", "g", 1), total(10))]);
        all.put(day(2), [(key("A", "g", 1), total(3)), (key("A", "g", 2), Total::default())]);
        let doses = |all: &DayTotals, at: i64| -> Vec<(String, u8, i64, i64)> {
            let sums = all.sums(day(at), &[(1, day(1))]);
            let line =
                |sum: &DoseSums| (sum.area.to_string(), sum.dose, sum.doses, sum.people_due_next);
            sums.iter().map(line).collect()
        };
        assert!(doses(&all, 0).is_empty());
        // People are doses less repeats: 10 − 3 and 6 − 2.
        assert_eq!(doses(&all, 1), [("A".into(), 1, 10, 7), ("B".into(), 1, 6, 4)]);
        assert_eq!(doses(&all, 2), [("A".into(), 1, 13, 7), ("B".into(), 1, 6, 4)]);
        all.put(day(1), [(key("A", "g", 1), total(2))]);
        assert_eq!(doses(&all, 2), [("A".into(), 1, 5, 2)]);
        all.put(day(1), []);
        assert_eq!(doses(&all, 2), [("A".into(), 1, 3, 0)]);
        assert!(doses(&all, 1).is_empty());
    }

    #[test]
    fn doses_by_day_and_group_leave_out_areas_that_are_not_seen() {
        let mut all = DayTotals::default();
        all.put(day(1), [(key("A", "h", 1), total(4)), (key("A", "g", 1), total(10))]);
        all.put(day(2), [(key("B", "g", 1), total(3)), (key("A", "g", 2), total(1))]);
        let row = |at: i64, group: &str, doses: i64| (day(at), GroupId::from(group), doses);
        let whole = all.by_day_and_group(day(2), |_| true);
        assert_eq!(whole, [row(1, "g", 10), row(1, "h", 4), row(2, "g", 4)]);
        let part = all.by_day_and_group(day(2), |area| area.as_str() == "B");
        assert_eq!(part, [row(2, "g", 3)]);
        assert!(all.by_day_and_group(day(0), |_| true).is_empty());
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_totals_one_by_one(
            rows in prop::collection::btree_map(
                (0..3_usize, 0..2_usize, 1..4_u8, 0..20_i64), 1..500_i64, 0..60,
            ),
            as_of in -1..21_i64,
            due in prop::collection::btree_map(1..4_u8, 0..20_i64, 0..3),
        ) {
            let (areas, groups) = (["C", "A", "B"], ["h", "g"]);
            let mut totals = BTreeMap::new();
            let mut by_day: BTreeMap<i64, Vec<(SumKey, Total)>> = BTreeMap::new();
            for ((area, group, dose, at), doses) in rows {
                let (area, group) = (areas[area], groups[group]);
                let at_day = day(at);
                let (area_code, group_id) = (area.into(), group.into());
                let total_key = TotalKey { area: area_code, group: group_id, dose, day: at_day };
                totals.insert(total_key, total(doses));
                by_day.entry(at).or_default().push((key(area, group, dose), total(doses)));
            }
            let mut all = DayTotals::default();
            for (at, rows) in by_day.into_iter().rev() {
                all.put(day(at), rows);
            }
            let due: Vec<_> = due.into_iter().map(|(dose, at)| (dose, day(at))).collect();
            prop_assert_eq!(all.sums(day(as_of), &due), counted_from(&totals, day(as_of), &due));
        }

        #[test]
        fn stock_is_the_same_by_places_and_by_rates(
            rows in prop::collection::btree_map((0..4_usize, 0..25_i64), 0..40_u64, 0..40),
        ) {
            let campaign = county();
            let places = ["S2", "P1", "S1", "unknown"];
            let mut by_place = GivenAt::new();
            let mut by_day: BTreeMap<i64, Vec<(PlaceCode, u64)>> = BTreeMap::new();
            for ((place, at), doses) in rows {
                by_place.insert((day(at), places[place].into()), doses);
                by_day.entry(at).or_default().push((places[place].into(), doses));
            }
            let mut all = DayGiven::default();
            for (at, rows) in by_day {
                all.put(day(at), rows);
            }
            let by_rate = all.by_rate(&campaign, day(30), |_| true);
            prop_assert_eq!(draws(&campaign, &by_rate), draws(&campaign, &by_place));
            let left = |at: i64| stock_left(&campaign, &by_rate, day(at));
            prop_assert_eq!(left(12), stock_left(&campaign, &by_place, day(12)));
            by_place.retain(|_, doses| *doses > 0);
            prop_assert_eq!(all.until(day(30)), by_place);
        }
    }
}
