//! What the tables are counted from: files of children, doses, units.

use crate::domain::dose::Attribute;
use crate::domain::person::Sex;
use chrono::NaiveDate;
use std::collections::HashMap;

/// A day, with the time of day where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The day.
    pub day: NaiveDate,
    /// Minutes since midnight.
    pub minute: Option<u16>,
}

impl Moment {
    /// A day whose time is not known.
    pub fn day(day: NaiveDate) -> Self {
        Self { day, minute: None }
    }

    /// Minutes from `self` to `later`; `None` unless both times are known.
    pub fn minutes_to(self, later: Self) -> Option<i64> {
        let (from, to) = (i64::from(self.minute?), i64::from(later.minute?));
        Some((later.day - self.day).num_minutes() + to - from)
    }
}

/// A vaccine by its place in the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId(pub u16);

/// A vaccination unit by its place in [`Places`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub u32);

/// What a unit vaccinates with (R-units).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitKind {
    /// Programme vaccines: evaluated for every row.
    Routine,
    /// A maternity ward (产科): BCG and hepatitis B dose 1 only.
    Maternity,
    /// Only vaccines without programme component: not evaluated.
    NonProgramme,
}

/// A vaccination unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaccinationUnit {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The code of its township.
    pub township: String,
    /// The code of its county.
    pub county: String,
    /// What it vaccinates with.
    pub kind: UnitKind,
}

/// A unit that somebody names: one of the list, or only a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPlace {
    /// Its code.
    pub code: String,
    /// The unit; `None` if the list has none of this code.
    pub unit: Option<VaccinationUnit>,
}

/// Every unit that the records name.
#[derive(Debug, Clone, Default)]
pub struct Places {
    units: Vec<UnitPlace>,
    // Only asked for a code, never gone through.
    index: HashMap<String, UnitId>,
}

impl Places {
    /// Adds a unit of the list. `false` if there is one of this code already; the first stays.
    pub fn add(&mut self, unit: VaccinationUnit) -> bool {
        let id = self.id_of(&unit.code);
        let place = &mut self.units[id.0 as usize];
        let is_new = place.unit.is_none();
        if is_new {
            place.unit = Some(unit);
        }
        is_new
    }

    /// The id of a code; a code that is not known yet gets one.
    pub fn id_of(&mut self, code: &str) -> UnitId {
        if let Some(id) = self.index.get(code) {
            return *id;
        }
        let id = UnitId(u32::try_from(self.units.len()).expect("fewer than 2^32 units"));
        self.units.push(UnitPlace { code: code.to_owned(), unit: None });
        self.index.insert(code.to_owned(), id);
        id
    }

    /// The unit of an id.
    pub fn unit(&self, id: UnitId) -> Option<&VaccinationUnit> {
        self.units.get(id.0 as usize)?.unit.as_ref()
    }

    /// The code of an id; empty if it is of other places.
    pub fn code(&self, id: UnitId) -> &str {
        self.units.get(id.0 as usize).map_or("", |place| place.code.as_str())
    }

    /// All units, in the order in which they were named.
    pub fn all(&self) -> impl Iterator<Item = (UnitId, &UnitPlace)> {
        (0..).map(UnitId).zip(&self.units)
    }
}

/// Which unit gave a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivingUnit {
    /// A unit with a code of its own.
    Unit(UnitId),
    /// One of the codes for elsewhere, or nothing is said (R-back).
    Elsewhere,
}

/// A dose as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenDose {
    /// The record's id.
    pub record: Box<str>,
    /// The vaccine.
    pub product: ProductId,
    /// When it was given.
    pub at: Moment,
    /// Who gave it.
    pub unit: GivingUnit,
    /// Who entered it; `None` means the giving unit.
    pub entered_by: Option<UnitId>,
    /// When it was entered, if that is known.
    pub entered: Option<Moment>,
    /// Who paid.
    pub attribute: Attribute,
    /// The reported dose number; used for rabies only (R-dup).
    pub number: Option<u8>,
}

impl GivenDose {
    /// Whether the unit that gave it entered it, too.
    pub fn is_own_entry(&self) -> bool {
        match self.unit {
            GivingUnit::Unit(unit) => self.entered_by.is_none_or(|by| by == unit),
            GivingUnit::Elsewhere => false,
        }
    }
}

/// A child's file.
#[derive(Clone, PartialEq, Eq)]
pub struct ChildFile {
    /// The file's id.
    pub id: Box<str>,
    /// The child's name; empty if unknown.
    pub name: Box<str>,
    /// The identity number; empty if unknown.
    pub id_no: Box<str>,
    /// The guardian's name; empty if unknown.
    pub guardian: Box<str>,
    /// The sex.
    pub sex: Sex,
    /// Birth.
    pub born: Moment,
    /// The unit that manages the child now.
    pub unit: Option<UnitId>,
    /// The day of death.
    pub died: Option<NaiveDate>,
    /// The mother's HBsAg: `01` positive, `02` negative, `03` not tested; empty if unknown.
    pub mother: Box<str>,
    /// Birth weight in grams.
    pub birth_weight: Option<u32>,
    /// The school or kindergarten; empty if unknown.
    pub school: Box<str>,
    /// The class there; empty if unknown.
    pub class: Box<str>,
    /// When the file was uploaded.
    pub uploaded: Option<Moment>,
    /// Units that have managed the child, and since when.
    pub moves: Vec<(NaiveDate, UnitId)>,
}

/// A child's file with the doses in it.
#[derive(Clone)]
pub struct Dossier {
    /// The file.
    pub file: ChildFile,
    /// Its doses, in the order of the records.
    pub doses: Vec<GivenDose>,
}
