//! How doses are counted. A **cell** holds what is known about one place, day, group, dose number and area: doses of
//! persons and doses of tallies. A **family** is all cells of one place, day, group and dose number. In it persons
//! count first, and tallies add only what exceeds them (our choice: both report the same doses). A **total** is what
//! counts for an area, group, dose number and day. All figures are doses unless they say otherwise.

use super::campaign::Campaign;
use super::dose::{Dose, Tally};
use super::id::{AreaCode, GroupId, PlaceCode};
use super::judge::{Judge, Judged, Subject};
use super::person::{Enrollee, Sex, group_of};
use chrono::NaiveDate;
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// A place, day, group and dose number: where persons and tallies meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyKey {
    /// When.
    pub day: NaiveDate,
    /// Where.
    pub place: PlaceCode,
    /// Of which group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
}

/// One cell of a family: the people of one area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The family.
    pub family: FamilyKey,
    /// Where the people live.
    pub area: AreaCode,
}

/// The figures of a cell, or by how much they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Doses of persons.
    pub persons: i64,
    /// Of these, doses given again because an earlier one of the same number did not count.
    pub repeats: i64,
    /// Of these, doses that are not valid by the campaign's rules.
    pub invalid: i64,
    /// Doses of tallies.
    pub tally: i64,
    /// Rows of tallies; a row of 0 doses shows that the place reported.
    pub tallies: i64,
}

impl Cell {
    /// Whether no record is left that the cell counts.
    pub fn is_empty(&self) -> bool {
        self.persons == 0 && self.tallies == 0
    }

    /// Adds another cell's figures, `sign` times.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.persons += sign * other.persons;
        self.repeats += sign * other.repeats;
        self.invalid += sign * other.invalid;
        self.tally += sign * other.tally;
        self.tallies += sign * other.tallies;
    }
}

/// Cells with their figures, or with the changes of their figures.
pub type Cells = BTreeMap<CellKey, Cell>;

/// An area, group, dose number and day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotalKey {
    /// Where the people live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the dose.
    pub dose: u8,
    /// When.
    pub day: NaiveDate,
}

/// The figures of a total, or by how much they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Doses that count.
    pub doses: i64,
    /// Of these, doses given again because an earlier one did not count; people are doses less repeats.
    pub repeats: i64,
    /// Of these, doses that are not valid by the campaign's rules.
    pub invalid: i64,
    /// Doses by which persons exceed the tallies, where there are tallies.
    pub exceeding: i64,
}

impl Total {
    /// Adds another total's figures, `sign` times.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.doses += sign * other.doses;
        self.repeats += sign * other.repeats;
        self.invalid += sign * other.invalid;
        self.exceeding += sign * other.exceeding;
    }
}

/// Stands for the group of people who are in none of the campaign's groups.
pub const NO_GROUP: &str = "";

/// Stands for the place of doses that no site of the campaign gave: those given outside the jurisdiction, and those
/// that were recorded under another campaign. They count for the people and draw no stock.
pub const ELSEWHERE: &str = "";

/// Adds a person's doses to `cells`, `sign` times (1 or -1). `doses` is sorted by (day, record). Returns what the rules
/// say of each dose, in the same order, so that nobody has to judge them a second time.
pub fn count_person<D: Borrow<Dose>>(
    rules: (&Campaign, &Judge),
    person: &Enrollee,
    doses: &[D],
    sign: i64,
    cells: &mut Cells,
) -> Vec<Judged> {
    each_dose(rules, person, doses, |_, key, one| cells.entry(key).or_default().add(one, sign))
}

/// Hands over each of a person's doses with the cell that it counts in and what it adds there; doses that the campaign
/// did not ask for are left out. `doses` is sorted by (day, record). Returns what the rules say of each dose.
pub fn each_dose<D: Borrow<Dose>>(
    (campaign, judge): (&Campaign, &Judge),
    person: &Enrollee,
    doses: &[D],
    mut take: impl FnMut(&Dose, CellKey, &Cell),
) -> Vec<Judged> {
    let who = Subject { born: person.born, sex: Sex::U };
    let judged = judge.evaluate(campaign, who, doses);
    let mut tried = 0_u8;
    let doses = doses.iter().map(Borrow::borrow);
    for (dose, result) in doses.zip(&judged).filter(|(_, result)| result.number > 0) {
        let dose: &Dose = dose;
        let group = group_of(campaign, person.traits(), dose.date)
            .map_or_else(|| GroupId::from(NO_GROUP), |group| group.id.clone());
        let key = CellKey {
            family: FamilyKey {
                day: dose.date,
                place: if judge.is_own(dose) { dose.place.clone() } else { ELSEWHERE.into() },
                group,
                dose: result.number,
            },
            area: person.area.clone(),
        };
        let one = Cell {
            persons: 1,
            repeats: i64::from(result.number <= tried),
            invalid: i64::from(judge.discounts(result)),
            ..Cell::default()
        };
        tried = tried.max(result.number);
        take(dose, key, &one);
    }
    judged
}

/// Adds a tally to `cells`, `sign` times (1 or -1).
pub fn count_tally(tally: &Tally, sign: i64, cells: &mut Cells) {
    let key = CellKey {
        family: FamilyKey {
            day: tally.date,
            place: tally.place.clone(),
            group: tally.group.clone(),
            dose: tally.dose,
        },
        area: tally.area.clone(),
    };
    let one = Cell { tally: i64::from(tally.doses), tallies: 1, ..Cell::default() };
    cells.entry(key).or_default().add(&one, sign);
}

/// How many doses a family counts: its persons, and what its tallies have beyond them.
pub fn family_doses(persons: i64, tally: i64) -> i64 {
    persons.max(tally)
}

/// What counts of a family, in doses, cell by cell in the order of `cells`. The sum is [`family_doses`].
///
/// Persons count where they live. What the tallies have beyond all persons of the family goes to the areas whose own
/// tally exceeds their own persons. Where these excesses together are more than the family may count, because other
/// areas have persons without a tally, the largest excess is cut first.
pub fn count_family(cells: &[Cell]) -> Vec<Total> {
    let persons: i64 = cells.iter().map(|cell| cell.persons).sum();
    let tally: i64 = cells.iter().map(|cell| cell.tally).sum();
    let tallies: i64 = cells.iter().map(|cell| cell.tallies).sum();
    let mut excess: Vec<i64> =
        cells.iter().map(|cell| (cell.tally - cell.persons).max(0)).collect();
    let mut surplus = excess.iter().sum::<i64>() - (family_doses(persons, tally) - persons);
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(excess[index]));
    for index in order {
        let give = surplus.min(excess[index]);
        excess[index] -= give;
        surplus -= give;
    }
    let mut exceeding = if tallies > 0 { family_doses(persons, tally) - tally } else { 0 };
    cells
        .iter()
        .zip(excess)
        .map(|(cell, extra)| {
            let own = exceeding.min((cell.persons - cell.tally).max(0));
            exceeding -= own;
            Total {
                doses: cell.persons + extra,
                repeats: cell.repeats,
                invalid: cell.invalid,
                exceeding: own,
            }
        })
        .collect()
}

/// Adds what the cells of a family count to `totals`, `sign` times (1 or -1).
pub fn add_family(
    family: &FamilyKey,
    cells: &BTreeMap<AreaCode, Cell>,
    sign: i64,
    totals: &mut BTreeMap<TotalKey, Total>,
) {
    let figures: Vec<Cell> = cells.values().copied().collect();
    for (area, counted) in cells.keys().zip(count_family(&figures)) {
        let key = TotalKey {
            area: area.clone(),
            group: family.group.clone(),
            dose: family.dose,
            day: family.day,
        };
        totals.entry(key).or_default().add(&counted, sign);
    }
}

/// Groups cells by family.
pub fn families(cells: Cells) -> BTreeMap<FamilyKey, BTreeMap<AreaCode, Cell>> {
    let mut out: BTreeMap<FamilyKey, BTreeMap<AreaCode, Cell>> = BTreeMap::new();
    for (key, cell) in cells {
        out.entry(key.family).or_default().insert(key.area, cell);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A cell of so many persons with one row of a tally; a tally of -1: there is no row.
    fn cell((persons, tally): (i64, i64)) -> Cell {
        let tallies = i64::from(tally >= 0);
        Cell { persons, tally: tally.max(0), tallies, ..Cell::default() }
    }

    #[test]
    fn persons_count_first_and_tallies_add_what_exceeds_them() {
        // Persons and tally of each area; doses that count; of them, doses by which persons exceed the tally.
        type Case = (&'static [(i64, i64)], &'static [i64], &'static [i64]);
        let cases: &[Case] = &[
            (&[], &[], &[]),
            (&[(3, 10)], &[10], &[0]),
            (&[(10, 10)], &[10], &[0]),
            (&[(12, 10)], &[12], &[2]),
            (&[(5, 0)], &[5], &[5]),
            (&[(5, -1)], &[5], &[0]),
            (&[(0, 0)], &[0], &[0]),
            // Each area has its own excess.
            (&[(1, 4), (2, 2), (0, 3)], &[4, 2, 3], &[0, 0, 0]),
            // Three persons of the second area stand in the tally of the first.
            (&[(0, 10), (3, 0)], &[7, 3], &[0, 0]),
            // The largest excess is cut first, wherever it stands: 10 before 4, 4 before 2.
            (&[(0, 4), (3, 2), (0, 10)], &[4, 3, 9], &[0, 0, 0]),
            (&[(0, 10), (3, 2), (0, 4)], &[9, 3, 4], &[0, 0, 0]),
            (&[(0, 2), (9, 0), (0, 4)], &[0, 9, 0], &[0, 3, 0]),
            // What is cut beyond the largest excess comes off the next one.
            (&[(0, 2), (0, 4), (5, 0)], &[1, 0, 5], &[0, 0, 0]),
            // The excess of persons is told in the areas that have it, no more than there is in all.
            (&[(4, 1), (5, 3), (0, 1)], &[4, 5, 0], &[3, 1, 0]),
        ];
        for (cells, doses, exceeding) in cases {
            let input: Vec<Cell> = cells.iter().copied().map(cell).collect();
            let counted = count_family(&input);
            let found: Vec<i64> = counted.iter().map(|total| total.doses).collect();
            assert_eq!(found, *doses, "doses of {cells:?}");
            let found: Vec<i64> = counted.iter().map(|total| total.exceeding).collect();
            assert_eq!(found, *exceeding, "exceeding of {cells:?}");
        }
    }

    #[test]
    fn repeats_and_invalid_doses_are_taken_over() {
        let cell = Cell { persons: 5, repeats: 2, invalid: 1, tally: 9, tallies: 1 };
        let total = Total { doses: 9, repeats: 2, invalid: 1, exceeding: 0 };
        assert_eq!(count_family(&[cell]), [total]);
    }

    #[test]
    fn a_cell_is_empty_when_no_record_stands_behind_it() {
        for (persons, tallies, is_empty) in [(0, 0, true), (1, 0, false), (0, 1, false)] {
            let cell = Cell { persons, tallies, ..Cell::default() };
            assert_eq!(cell.is_empty(), is_empty, "{persons} persons, {tallies} tallies");
        }
    }

    fn tally(area: &str, group: &str, doses: u32) -> Tally {
        Tally {
            record: "t".into(),
            date: NaiveDate::from_ymd_opt(2021, 4, 2).expect("a day"),
            place: "S1".into(),
            area: area.into(),
            group: group.into(),
            dose: 1,
            doses,
            campaign: None,
        }
    }

    #[test]
    fn a_tally_that_is_added_and_taken_away_leaves_nothing() {
        let mut cells = Cells::new();
        count_tally(&tally("A", "adult", 7), 1, &mut cells);
        count_tally(&tally("A", "adult", 0), 1, &mut cells);
        let of_both = Cell { tally: 7, tallies: 2, ..Cell::default() };
        assert_eq!(cells.values().copied().collect::<Vec<_>>(), [of_both]);
        count_tally(&tally("A", "adult", 7), -1, &mut cells);
        count_tally(&tally("A", "adult", 0), -1, &mut cells);
        assert!(cells.values().all(|cell| *cell == Cell::default()));
    }

    #[test]
    fn families_hold_the_cells_of_all_areas_and_totals_add_them_up() {
        let mut cells = Cells::new();
        for (area, group, doses) in [("A", "adult", 7), ("B", "adult", 2), ("A", "senior", 1)] {
            count_tally(&tally(area, group, doses), 1, &mut cells);
        }
        let mut totals = BTreeMap::new();
        let families = families(cells);
        assert_eq!(families.values().map(BTreeMap::len).collect::<Vec<_>>(), [2, 1]);
        for (family, cells) in &families {
            add_family(family, cells, 1, &mut totals);
        }
        let found: Vec<_> = totals
            .iter()
            .map(|(key, total)| (key.area.as_str(), key.group.as_str(), total.doses))
            .collect();
        assert_eq!(found, [("A", "adult", 7), ("A", "senior", 1), ("B", "adult", 2)]);
        for (family, cells) in &families {
            add_family(family, cells, -1, &mut totals);
        }
        assert!(totals.values().all(|total| *total == Total::default()));
    }

    proptest! {
        #[test]
        fn a_family_counts_its_persons_and_no_more_than_its_rule(
            pairs in prop::collection::vec((0_i64..20, -1_i64..20), 0..6),
        ) {
            let cells: Vec<Cell> = pairs.iter().copied().map(cell).collect();
            let counted = count_family(&cells);
            let persons = cells.iter().map(|cell| cell.persons).sum();
            let tally = cells.iter().map(|cell| cell.tally).sum();
            let doses: i64 = counted.iter().map(|total| total.doses).sum();
            prop_assert_eq!(doses, family_doses(persons, tally));
            for (cell, total) in cells.iter().zip(&counted) {
                prop_assert!(total.doses >= cell.persons);
                prop_assert!(total.doses <= cell.persons.max(cell.tally));
            }
        }
    }
}
