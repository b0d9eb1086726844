//! Tables of places, doses that are missed, doses that families pay for.

use super::tests::delivered;
use crate::domain::dose::Attribute;
use crate::domain::national::{
    ChildFile, CohortTable, Counting, CountingOptions, Dossier, GivenDose, GivingUnit, Moment,
    MonthSpan, NationalRules, PaidTable, PeriodTable, Places, ProductId, RowCount, ScopeKey,
    UnitId, UnitKind, VaccinationUnit, YearMonth,
};
use crate::domain::person::Sex;
use chrono::{NaiveDate, TimeDelta};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Four units in three townships of two counties; the last code is of another province.
fn places() -> Places {
    let mut places = Places::default();
    for (code, township, county) in [
        ("320101010001", "T1", "C1"),
        ("320101010002", "T1", "C1"),
        ("320101020001", "T2", "C1"),
        ("440101010001", "T3", "C2"),
    ] {
        places.add(VaccinationUnit {
            code: code.to_owned(),
            name: String::new(),
            township: township.to_owned(),
            county: county.to_owned(),
            kind: UnitKind::Routine,
        });
    }
    places
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn child(id: usize, born: NaiveDate, unit: u32) -> ChildFile {
    ChildFile {
        id: format!("c{id}").into(),
        name: "".into(),
        id_no: "".into(),
        guardian: "".into(),
        sex: Sex::F,
        born: Moment::day(born),
        unit: Some(UnitId(unit)),
        died: None,
        mother: "02".into(),
        birth_weight: None,
        school: "".into(),
        class: "".into(),
        uploaded: None,
        moves: Vec::new(),
    }
}

fn dose(product: ProductId, on: NaiveDate, (unit, by): (u32, u32), is_paid: bool) -> GivenDose {
    GivenDose {
        record: format!("{product:?} {on}").into(),
        product,
        at: Moment::day(on),
        unit: GivingUnit::Unit(UnitId(unit)),
        entered_by: Some(UnitId(by)),
        entered: None,
        attribute: if is_paid { Attribute::SelfPaid } else { Attribute::Programme },
        number: None,
    }
}

fn product(rules: &NationalRules, code: &str) -> ProductId {
    let at = rules.products.iter().position(|product| product.code == code).expect(code);
    ProductId(u16::try_from(at).expect("few vaccines"))
}

/// A child: days before the day of the table, unit, doses as vaccine, days after birth, unit, entering unit, paid.
type AnyChild = (i64, u32, Vec<(u16, i64, u32, u32, bool)>);

fn any_children() -> impl Strategy<Value = Vec<AnyChild>> {
    let doses =
        prop::collection::vec((0_u16..32, 0_i64..3_000, 0_u32..4, 0_u32..4, any::<bool>()), 0..8);
    prop::collection::vec((0_i64..3_000, 0_u32..4, doses), 1..12)
}

/// Adds up what the units of each place have.
fn summed<T: Clone + Default>(
    places: &Places,
    scopes: &BTreeMap<ScopeKey, T>,
    add: impl Fn(&mut T, &T),
) -> BTreeMap<ScopeKey, T> {
    let mut sums: BTreeMap<ScopeKey, T> = BTreeMap::new();
    for (_, place) in places.all() {
        let Some(unit) = &place.unit else { continue };
        if let Some(own) = scopes.get(&ScopeKey::Unit(unit.code.clone())) {
            for scope in ScopeKey::of(unit) {
                add(sums.entry(scope).or_default(), own);
            }
        }
    }
    sums
}

fn add_rows(sum: &mut Vec<RowCount>, own: &Vec<RowCount>) {
    sum.resize(own.len(), RowCount::default());
    for (sum, own) in sum.iter_mut().zip(own) {
        sum.add(own);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Cells of units sum to townships, counties and everything, in every table; and it does not matter in how many
    /// parts people are counted.
    #[test]
    fn cells_of_units_sum_to_the_places_above_them(children in any_children(), cut in 0_usize..12) {
        let (rules, places) = (delivered(), places());
        let counting =
            Counting { rules: &rules, places: &places, options: CountingOptions::default() };
        let last = day("2025-06-30");
        let dossiers: Vec<Dossier> = children
            .iter()
            .enumerate()
            .map(|(id, (age, unit, doses))| {
                let born = last - TimeDelta::days(*age);
                let given = doses.iter().map(|(vaccine, days, at, by, paid)| {
                    dose(ProductId(*vaccine), born + TimeDelta::days(*days), (*at, *by), *paid)
                });
                Dossier { file: child(id, born, *unit), doses: given.collect() }
            })
            .collect();
        let span = MonthSpan::january_to(YearMonth::of(last));
        let cut = cut.min(dossiers.len());
        let tables = |dossiers: &[Dossier]| {
            let mut period = PeriodTable::new(span);
            let mut cohort = CohortTable::new(last);
            let mut paid = PaidTable::new(span);
            for dossier in dossiers {
                period.add(counting, &[dossier]);
                cohort.add(counting, &[dossier]);
                paid.add(counting, &[dossier]);
            }
            (period, cohort, paid)
        };
        let (period, cohort, paid) = tables(&dossiers);
        let (mut first, mut other) = (tables(&dossiers[..cut]), tables(&dossiers[cut..]));
        first.0.merge(std::mem::replace(&mut other.0, PeriodTable::new(span)));
        first.1.merge(std::mem::replace(&mut other.1, CohortTable::new(last)));
        first.2.merge(std::mem::replace(&mut other.2, PaidTable::new(span)));
        prop_assert_eq!(&period.scopes(&places), &first.0.scopes(&places));
        prop_assert_eq!(&cohort.scopes(&places), &first.1.scopes(&places));
        prop_assert_eq!(&paid, &first.2);

        let scopes = period.scopes(&places);
        prop_assert_eq!(&summed(&places, &scopes, add_rows), &scopes);
        let scopes = cohort.scopes(&places);
        let sums = summed(&places, &scopes, |sum, own| {
            for (age, count) in own {
                sum.entry(*age).or_default().add(count);
            }
        });
        prop_assert_eq!(&sums, &scopes);
        let scopes = paid.scopes(counting);
        let sums = summed(&places, &scopes, |sum, own| {
            for (key, counts) in own {
                let sums = sum.entry(*key).or_insert_with(|| vec![0; counts.len()]);
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        });
        prop_assert_eq!(&sums, &scopes);
        // Nobody is lost: every paid dose of the months counts somewhere or is said to count nowhere.
        let counted: u64 = paid.units.values().flat_map(BTreeMap::values).flatten().sum();
        let all = dossiers.len() as u64 * 8;
        prop_assert!(counted + paid.elsewhere <= all);
    }
}

/// What a child misses on a day, and whether it was given by another: ids of rows.
fn missed(dossier: &Dossier, days: (&str, &str)) -> Vec<(String, bool)> {
    let (rules, places) = (delivered(), places());
    let counting = Counting { rules: &rules, places: &places, options: CountingOptions::default() };
    let found = counting.missing(&[dossier], (day(days.0), day(days.1)));
    let missed = found.map(|found| found.missed).unwrap_or_default();
    missed.iter().map(|it| (rules.period.rows[it.row].id.clone(), it.is_caught_up)).collect()
}

#[test]
fn a_missed_dose_stays_missed_while_it_may_be_given() {
    let rules = delivered();
    let mut dossier = Dossier { file: child(0, day("2019-03-10"), 0), doses: Vec::new() };
    let has = |found: &[(String, bool)], row: &str| found.iter().any(|it| it.0 == row);
    // The month table drops a child twelve months after the start; the dose may be given until 18 years.
    let found = missed(&dossier, ("2022-03-10", "2022-03-10"));
    assert!(has(&found, "HepB-1") && has(&found, "MCV-1") && has(&found, "BCG-1"), "{found:?}");
    // Dose 2 waits for dose 1, and MenA is no longer given from two years on.
    assert!(!has(&found, "HepB-2") && !has(&found, "MenA-1"), "{found:?}");
    // At four years BCG is no longer given.
    let found = missed(&dossier, ("2023-03-10", "2023-03-10"));
    assert!(!has(&found, "BCG-1") && has(&found, "HepB-1"), "{found:?}");
    let hepb = product(&rules, "HepB");
    dossier.doses.push(dose(hepb, day("2023-04-01"), (0, 0), false));
    let found = missed(&dossier, ("2023-03-10", "2023-05-10"));
    assert!(found.contains(&("HepB-1".to_owned(), true)), "{found:?}");
    assert!(found.contains(&("MCV-1".to_owned(), false)), "{found:?}");
    // Not yet born, and dead.
    assert!(missed(&dossier, ("2019-03-09", "2019-03-09")).is_empty());
    dossier.file.died = Some(day("2022-01-01"));
    assert!(missed(&dossier, ("2022-03-10", "2022-03-10")).is_empty());
}

#[test]
fn paid_doses_are_numbered_and_count_in_their_province() {
    let (rules, places) = (delivered(), places());
    let counting = Counting { rules: &rules, places: &places, options: CountingOptions::default() };
    let varicella = product(&rules, "Varicella");
    let hepb = product(&rules, "HepB");
    let doses = vec![
        dose(varicella, day("2024-11-05"), (0, 0), true),
        dose(varicella, day("2025-02-05"), (0, 0), true),
        // A vaccine of the programme counts if it was paid for.
        dose(hepb, day("2025-02-06"), (0, 0), false),
        dose(hepb, day("2025-03-06"), (0, 0), true),
        // Entered by a unit of the same province, and by one of another.
        dose(varicella, day("2025-03-05"), (0, 2), true),
        dose(varicella, day("2025-03-15"), (0, 3), true),
    ];
    let dossier = Dossier { file: child(0, day("2024-01-01"), 0), doses };
    let span = MonthSpan::january_to(YearMonth::of(day("2025-03-31")));
    let mut table = PaidTable::new(span);
    table.add(counting, &[&dossier]);
    let counts = &table.units[&UnitId(0)];
    assert_eq!(counts[&(varicella, 2)], [0, 1, 0]);
    assert_eq!(counts[&(varicella, 3)], [0, 0, 1]);
    assert_eq!(counts[&(hepb, 2)], [0, 0, 1]);
    assert_eq!((counts.len(), table.elsewhere), (3, 1));
}
