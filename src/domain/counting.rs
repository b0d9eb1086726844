//! How doses count. A **cell** is what is known of one place, day, group, dose number and area: doses of persons
//! and doses of tallies. A **family** is the cells of one place, day, group and dose number: in it persons count
//! first, and tallies add only what exceeds them. A **total** is what counts for an area, group, number and day.

use super::campaign::Campaign;
use super::dose::{Dose, Tally};
use super::id::{AreaCode, GroupId, PlaceCode};
use super::judge::{Judge, Subject};
use super::person::{Sex, group_of};
use chrono::NaiveDate;
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

/// A family's cell: its people of one area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The family.
    pub family: FamilyKey,
    /// Where the people live.
    pub area: AreaCode,
}

/// What is known of a cell, or by how much it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Doses of persons.
    pub persons: i64,
    /// Of them, doses that repeat one that did not count.
    pub repeats: i64,
    /// Of them, doses that do not count.
    pub invalid: i64,
    /// Doses of tallies.
    pub tally: i64,
    /// Rows of tallies; a row of 0 doses says that the place reported.
    pub tallies: i64,
}

impl Cell {
    /// Whether no record stands behind it any more.
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

/// Cells with their figures, or changes of them.
pub type Cells = BTreeMap<CellKey, Cell>;

/// What an area, group, dose number and day count.
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
    /// Of them, doses that repeat one that did not count; people are doses less these.
    pub repeats: i64,
    /// Of them, doses that do not count by the series.
    pub invalid: i64,
    /// Doses by which the register exceeds a tally.
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

/// The group that doses of people belong to who are in no group of the campaign.
pub const NO_GROUP: &str = "";

/// The part of a person that counting needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Where they live.
    pub area: AreaCode,
    /// Date of birth.
    pub born: NaiveDate,
    /// The group that the register names.
    pub group: Option<GroupId>,
}

/// Adds a person's doses to `cells`, `sign` times. `doses` is sorted by (day, record).
pub fn count_person(
    rules: (&Campaign, &Judge),
    person: &Counted,
    doses: &[Dose],
    sign: i64,
    cells: &mut Cells,
) {
    each_dose(rules, person, doses, |_, key, one| cells.entry(key).or_default().add(one, sign));
}

/// Hands over each of a person's doses with the cell that it counts in and what it adds there. `doses` is sorted by
/// (day, record).
pub fn each_dose(
    (campaign, judge): (&Campaign, &Judge),
    person: &Counted,
    doses: &[Dose],
    mut take: impl FnMut(&Dose, CellKey, &Cell),
) {
    let who = Subject { born: person.born, sex: Sex::U };
    let judged = judge.evaluate(campaign, who, doses);
    let mut tried = 0_u8;
    for (dose, result) in doses.iter().zip(&judged).filter(|(_, result)| result.number > 0) {
        let group = group_of(campaign, person.born, person.group.as_ref(), dose.date)
            .map_or_else(|| GroupId::from(NO_GROUP), |group| group.id.clone());
        let key = CellKey {
            family: FamilyKey {
                day: dose.date,
                place: dose.place.clone(),
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
}

/// Adds a tally to `cells`, `sign` times.
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

/// What counts of a family, area by area in the order of `cells`.
///
/// Persons count where they live. What the tallies have beyond all persons of the family goes to the areas whose
/// own tally exceeds their own persons; where other areas have persons without a tally, the largest excess gives
/// way first.
pub fn count_family(cells: &[Cell]) -> Vec<Total> {
    let persons: i64 = cells.iter().map(|cell| cell.persons).sum();
    let tally: i64 = cells.iter().map(|cell| cell.tally).sum();
    let tallies: i64 = cells.iter().map(|cell| cell.tallies).sum();
    let mut excess: Vec<i64> =
        cells.iter().map(|cell| (cell.tally - cell.persons).max(0)).collect();
    let mut surplus = excess.iter().sum::<i64>() - (tally - persons).max(0);
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(excess[index]));
    for index in order {
        let give = surplus.min(excess[index]);
        excess[index] -= give;
        surplus -= give;
    }
    let mut exceeding = if tallies > 0 { (persons - tally).max(0) } else { 0 };
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

/// Adds what the cells of a family count to `totals`, `sign` times.
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

/// Cells grouped by family.
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

    fn cell(persons: i64, tally: i64) -> Cell {
        Cell { persons, tally, tallies: 1, ..Cell::default() }
    }

    fn doses(cells: &[Cell]) -> Vec<i64> {
        count_family(cells).iter().map(|total| total.doses).collect()
    }

    #[test]
    fn persons_count_first_and_a_tally_adds_only_what_exceeds_them() {
        assert_eq!(doses(&[cell(3, 10)]), [10]);
        assert_eq!(doses(&[cell(12, 10)]), [12]);
        assert_eq!(doses(&[cell(5, 0)]), [5]);
        assert_eq!(count_family(&[cell(12, 10)])[0].exceeding, 2);
    }

    #[test]
    fn a_family_never_counts_more_than_its_persons_or_its_tally_over_several_areas() {
        // Three persons of the second area stand in the first area's tally.
        assert_eq!(doses(&[cell(0, 10), cell(3, 0)]), [7, 3]);
        assert_eq!(doses(&[cell(0, 10), cell(3, 2), cell(0, 4)]), [9, 3, 4]);
    }
}
