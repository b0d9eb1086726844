use super::*;
use crate::domain::dose::Attribute;
use crate::domain::national::{
    ChildFile, Counting, CountingOptions, Dossier, GivenDose, GivingUnit, MergedTownships, Moment,
    MonthSpan, PeriodTable, Places, RowCount, Township, TownshipWarning, UnitId, UnitKind,
    VaccinationUnit, YearMonth,
};
use crate::domain::person::Sex;
use chrono::TimeDelta;
use proptest::prelude::*;

pub(super) fn delivered() -> NationalRules {
    national_rules(None, &RuleChoices::default()).expect("the delivered rules are sound")
}

#[test]
fn delivered_rules_have_a_row_for_each_line_of_the_forms() {
    let rules = delivered();
    assert_eq!(rules.period.rows.len(), 40, "39 lines, and 白破疫苗 before the change");
    assert_eq!(rules.cohort.rows.len(), 27);
    assert_eq!(rules.townships.rows.len(), 8);
    for name in ["dtap-from", "hpv-from"] {
        assert!(rules.dates.contains_key(name), "{name}");
    }
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let in_table = |id: &str, month_end: &str| {
        let row = rules.period.rows.iter().find(|row| row.id == id).expect("a row");
        row.terms_at(day(month_end)).is_some()
    };
    assert!(in_table("DT", "2024-12-31") && !in_table("DT", "2025-01-31"));
    assert!(!in_table("DTaP-5", "2024-12-31") && in_table("DTaP-5", "2025-01-31"));
    assert!(!in_table("HPV-1", "2025-10-31") && in_table("HPV-1", "2025-11-30"));
}

#[test]
fn a_line_that_is_missing_is_told_or_makes_other_rules_and_never_panics() {
    let texts: BTreeMap<String, String> = NATIONAL_FILES
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    for (name, text) in NATIONAL_FILES {
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let mut kept = lines.clone();
            kept.remove(at);
            let mut texts = texts.clone();
            texts.insert(name.to_owned(), kept.join("\n"));
            if let Err(issues) = rules_of(&texts, &RuleChoices::default()) {
                assert!(has_errors(&issues), "{name}:{}", at + 1);
            }
        }
    }
}

#[test]
fn small_townships_are_merged_as_listed_and_what_cannot_be_is_told() {
    let township = |code: &str, county: &str, population, merged_as: &str| Township {
        code: code.to_owned(),
        county: county.to_owned(),
        population: Some(population),
        merged_as: merged_as.to_owned(),
    };
    let merged = MergedTownships::of(
        &[
            township("a", "1", 6_000, "b"),
            township("b", "1", 5_000, "c"),
            township("c", "1", 9_000, ""),
            township("d", "1", 10_000, "d"),
            township("e", "1", 9_999, "x"),
            township("f", "2", 4_000, "f"),
            township("g", "2", 5_000, "g"),
            township("h", "3", 20_000, "i"),
            township("i", "3", 20_000, "h"),
            township("j", "3", 20_000, "d"),
        ],
        10_000,
    );
    let target = |code: &str| merged.target(code).map(|target| target.0.to_owned());
    for (code, expected) in [("a", "c"), ("b", "c"), ("c", "c"), ("d", "d"), ("e", "e")] {
        assert_eq!(target(code).as_deref(), Some(expected), "{code}");
    }
    assert_eq!((target("f"), target("g")), (Some("f".into()), Some("f".into())));
    let warnings: Vec<TownshipWarning> = merged.warnings.into_iter().collect();
    assert_eq!(
        warnings,
        [
            TownshipWarning::TooSmall("e".into()),
            TownshipWarning::OnlyOne("f".into()),
            TownshipWarning::Unknown("e".into(), "x".into()),
            TownshipWarning::OtherCounty("j".into(), "d".into()),
            TownshipWarning::Circle("h".into()),
            TownshipWarning::Circle("i".into()),
        ]
    );
}

/// Unit 0 is routine, unit 1 a maternity ward, unit 2 not evaluated.
fn places() -> Places {
    let mut places = Places::default();
    for (code, kind) in
        [("A", UnitKind::Routine), ("M", UnitKind::Maternity), ("N", UnitKind::NonProgramme)]
    {
        places.add(VaccinationUnit {
            code: code.to_owned(),
            name: String::new(),
            township: "T".to_owned(),
            county: "C".to_owned(),
            kind,
        });
    }
    places
}

/// Doses as `(vaccine, days after birth, unit, entering unit, self-paid)`.
type Doses = Vec<(u16, i64, u32, u32, bool)>;

fn dossier(born: NaiveDate, doses: &Doses) -> Dossier {
    let file = ChildFile {
        id: "c".into(),
        name: "".into(),
        id_no: "".into(),
        guardian: "".into(),
        sex: Sex::F,
        born: Moment::day(born),
        unit: Some(UnitId(0)),
        died: None,
        mother: "03".into(),
        birth_weight: Some(1900),
        school: "".into(),
        class: "".into(),
        uploaded: None,
        moves: Vec::new(),
    };
    let doses = doses.iter().enumerate().map(|(at, (vaccine, days, unit, by, paid))| GivenDose {
        record: at.to_string().into(),
        product: crate::domain::national::ProductId(*vaccine),
        at: Moment::day(born + TimeDelta::days(*days)),
        unit: if *unit > 2 { GivingUnit::Elsewhere } else { GivingUnit::Unit(UnitId(*unit)) },
        entered_by: Some(UnitId(*by)),
        entered: None,
        attribute: if *paid { Attribute::SelfPaid } else { Attribute::Programme },
        number: None,
    });
    Dossier { file, doses: doses.collect() }
}

fn any_doses() -> impl Strategy<Value = Doses> {
    prop::collection::vec((0_u16..32, 0_i64..6_600, 0_u32..4, 0_u32..3, any::<bool>()), 0..14)
}

proptest! {
    /// Whatever a child was given: it counts once in a row and month, no rate is above 100 % of it, and January to a
    /// month is what was given in the months and due in the last one.
    #[test]
    fn months_add_up_and_a_child_counts_once(doses in any_doses(), start in 0_i64..5_000) {
        let (rules, places) = (delivered(), places());
        let options = CountingOptions::default();
        let counting = Counting { rules: &rules, places: &places, options };
        let born = NaiveDate::from_ymd_opt(2010, 1, 1).expect("a day") + TimeDelta::days(start);
        let dossier = dossier(born, &doses);
        let year = 2025;
        let count = |span| {
            let mut table = PeriodTable::new(span);
            table.add(counting, &[&dossier]);
            let mut sum = vec![RowCount::default(); rules.period.rows.len()];
            for counts in table.units.values() {
                for (own, more) in sum.iter_mut().zip(counts) {
                    own.add(more);
                }
            }
            sum
        };
        let mut given = vec![RowCount::default(); rules.period.rows.len()];
        for month in (1..=12).map(|month| YearMonth::new(year, month).expect("a month")) {
            let own = count(MonthSpan::month(month));
            let sum = count(MonthSpan::january_to(month));
            for (row, rule) in rules.period.rows.iter().enumerate() {
                prop_assert!(own[row].due() <= 1, "{} {month}: {:?}", rule.id, own[row]);
                given[row].add(&RowCount { not_given: 0, ..own[row] });
                let expected = RowCount { not_given: own[row].not_given, ..given[row] };
                prop_assert_eq!(sum[row], expected, "{} to {}", rule.id, month);
            }
        }
    }
}
