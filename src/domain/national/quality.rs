//! Quality figures (46 六), as far as children, doses and units carry them: 及时性, 完整性, R值.
//!
//! The text of 46 六 was not among the sources. 及时性 is read as the share of doses whose record was entered by the
//! next day, and by the upload cut; 完整性 as the share of units with a record and of files with their fields filled;
//! R值 as the ratio of what was given of two neighbouring doses since January.

use super::counting::Counting;
use super::months::YearMonth;
use super::rate::TwoDecimals;
use super::records::{Dossier, GivingUnit, UnitId, UnitKind};
use super::rules::RowDoses;
use super::tables::PeriodTable;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts of a unit's records of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordQuality {
    /// Doses with a programme component that the unit gave.
    pub doses: u64,
    /// Entered on the same day or the next.
    pub by_next_day: u64,
    /// Entered by the upload cut.
    pub by_cut: u64,
    /// Children that it manages.
    pub children: u64,
    /// With an identity number.
    pub with_id_no: u64,
    /// With a guardian.
    pub with_guardian: u64,
}

impl RecordQuality {
    /// Adds the counts of other records.
    pub fn add(&mut self, other: &Self) {
        self.doses += other.doses;
        self.by_next_day += other.by_next_day;
        self.by_cut += other.by_cut;
        self.children += other.children;
        self.with_id_no += other.with_id_no;
        self.with_guardian += other.with_guardian;
    }
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QualityLine {
    /// What it is.
    pub figure: &'static str,
    /// What it is about: a unit's code, `all`, or two rows.
    pub place: String,
    /// How many.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
    /// The share in percent.
    pub rate: Option<TwoDecimals>,
}

impl QualityLine {
    fn new(figure: &'static str, place: &str, part: u64, whole: u64) -> Self {
        Self { figure, place: place.to_owned(), part, whole, rate: TwoDecimals::of(part, whole) }
    }
}

/// Adds a file's records of a month to the figures of the units.
pub fn add_records(
    quality: &mut BTreeMap<UnitId, RecordQuality>,
    counting: Counting<'_>,
    dossier: &Dossier,
    month: YearMonth,
) {
    let next = month.next().first();
    let cut = next + chrono::TimeDelta::days(i64::from(counting.rules.period.upload_day) - 1);
    for dose in &dossier.doses {
        let is_meant = counting.rules.has_component(dose.product) && dose.is_own_entry();
        if let (true, GivingUnit::Unit(unit)) = (is_meant, dose.unit)
            && YearMonth::of(dose.at.day) == month
        {
            let own = quality.entry(unit).or_default();
            own.doses += 1;
            let entered = |by| u64::from(dose.entered.is_some_and(|entered| entered.day <= by));
            own.by_next_day += entered(dose.at.day + chrono::TimeDelta::days(1));
            own.by_cut += entered(cut);
        }
    }
    if let Some(unit) = dossier.file.unit
        && dossier.file.born.day < next
    {
        let own = quality.entry(unit).or_default();
        own.children += 1;
        own.with_id_no += u64::from(!dossier.file.id_no.is_empty());
        own.with_guardian += u64::from(!dossier.file.guardian.is_empty());
    }
}

/// The figures of a month: of everything, then of each unit, then the ratios of neighbouring doses.
pub fn quality_lines(
    quality: &BTreeMap<UnitId, RecordQuality>,
    counting: Counting<'_>,
    since_january: &PeriodTable,
) -> Vec<QualityLine> {
    let evaluated = |kind: UnitKind| kind != UnitKind::NonProgramme;
    let units: Vec<(UnitId, &str)> = counting
        .places
        .all()
        .filter(|(_, place)| place.unit.as_ref().is_some_and(|unit| evaluated(unit.kind)))
        .map(|(id, place)| (id, place.code.as_str()))
        .collect();
    let of = |id: &UnitId| quality.get(id).copied().unwrap_or_default();
    let mut all = RecordQuality::default();
    let mut reporting = 0;
    let mut lines = Vec::new();
    for (id, code) in &units {
        let own = of(id);
        reporting += u64::from(own.doses > 0);
        all.add(&own);
        lines.extend(lines_of(code, &own));
    }
    let mut found = vec![QualityLine::new("units-reporting", "all", reporting, units.len() as u64)];
    found.extend(lines_of("all", &all));
    found.extend(lines);
    found.extend(ratios(counting, since_january));
    found
}

fn lines_of(place: &str, own: &RecordQuality) -> Vec<QualityLine> {
    vec![
        QualityLine::new("entered-next-day", place, own.by_next_day, own.doses),
        QualityLine::new("entered-by-cut", place, own.by_cut, own.doses),
        QualityLine::new("with-id-no", place, own.with_id_no, own.children),
        QualityLine::new("with-guardian", place, own.with_guardian, own.children),
    ]
}

/// R值: what was given of each dose, against the dose before it in the same course.
fn ratios(counting: Counting<'_>, table: &PeriodTable) -> Vec<QualityLine> {
    let rows = &counting.rules.period.rows;
    let given = |row: usize| -> u64 {
        table.units.values().filter_map(|counts| counts.get(row)).map(super::RowCount::given).sum()
    };
    let number = |row: usize| match rows[row].doses {
        RowDoses::Number(number) => Some((rows[row].course, number)),
        _ => None,
    };
    let mut found = Vec::new();
    for row in 0..rows.len() {
        let Some((course, this)) = number(row) else { continue };
        let before = (0..rows.len()).find(|other| number(*other) == Some((course, this - 1)));
        let Some(before) = before.filter(|before| given(*before) > 0) else { continue };
        let place = format!("{}/{}", rows[row].id, rows[before].id);
        found.push(QualityLine::new("neighbour-ratio", &place, given(row), given(before)));
    }
    found
}
