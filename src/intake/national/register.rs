//! What the official figures are counted from, as a register knows it: persons with their managing units, doses, sites.
//! Its people come a piece at a time, so that nobody need have all of them at once.

use super::folder::{Folder, GivenRow, Reader, Sorting, file_of};
use super::told::Census;
use crate::domain::dose::Attribute;
use crate::domain::national::{
    Counting, CountingOptions, Dossier, Moment, NationalRules, Township, VaccinationUnit,
};
use crate::domain::person::Person;
use crate::intake::issue::Issue;
use crate::intake::rows::national::{ChildRow, moment_of};
use chrono::NaiveDate;

/// A dose of a register.
pub struct RegisterDose<'a> {
    /// The record.
    pub record: &'a str,
    /// The person.
    pub person: &'a str,
    /// The code of its vaccine.
    pub vaccine: &'a str,
    /// What the record calls it, where nobody knows that name and `vaccine` is that of its campaign.
    pub called: Option<&'a str>,
    /// When it was given.
    pub date: NaiveDate,
    /// The giving unit; empty if unknown.
    pub unit: &'a str,
    /// The entering unit; empty if unknown.
    pub entered_by: &'a str,
    /// When it was entered.
    pub entered_at: Option<&'a str>,
    /// Who paid.
    pub attribute: Option<Attribute>,
}

/// A register that is being read, piece by piece: first the persons, then their doses.
pub struct Register<'a> {
    reader: Reader<'a>,
    sorting: Sorting,
    census: Census,
    doses: u32,
}

impl<'a> Register<'a> {
    /// With the sites and the townships.
    pub fn new(
        rules: &'a mut NationalRules,
        units: Vec<VaccinationUnit>,
        townships: Vec<Township>,
    ) -> Self {
        let mut reader = Reader::new(rules);
        for unit in units {
            reader.places.add(unit);
        }
        reader.townships = townships;
        reader.add_townships_of_units();
        Self { reader, sorting: Sorting::of_register(), census: Census::default(), doses: 0 }
    }

    /// Tells that two files with one identity number have other days of birth.
    pub fn births_differ(&mut self, first: &str, second: &str) {
        self.reader.tell_births(first, second);
    }

    /// Adds a person. `moves`: since when which unit has managed the person, where it was not always the same.
    pub fn person(&mut self, person: &Person, moves: &[(NaiveDate, String)]) {
        let more = &person.more;
        // 01: positive, 02: negative.
        let mother = more.mother_hbsag.map_or("", |positive| if positive { "01" } else { "02" });
        let row = ChildRow {
            child: person.id.to_string(),
            name: person.name.clone().unwrap_or_default(),
            id_no: more.id_no.clone().unwrap_or_default(),
            guardian: more.guardian.clone().unwrap_or_default(),
            sex: person.sex,
            born: Moment::day(person.born),
            unit: more.unit.clone(),
            died: more.died,
            mother: mother.to_owned(),
            birth_weight: more.birth_weight,
            school: more.school.clone().unwrap_or_default(),
            class: more.class.clone().unwrap_or_default(),
            uploaded: None,
        };
        let Reader { places, told, dossiers, .. } = &mut self.reader;
        let mut file = file_of(row, 0, places, told);
        file.moves = moves.iter().map(|(since, unit)| (*since, places.id_of(unit))).collect();
        self.sorting.children.insert(person.id.to_string(), dossiers.len());
        dossiers.push(Dossier { file, doses: Vec::new() });
    }

    /// Adds a dose of a person of this piece.
    pub fn dose(&mut self, dose: &RegisterDose<'_>) {
        let row = GivenRow {
            record: dose.record,
            child: dose.person,
            vaccine: dose.vaccine,
            unit: dose.unit,
            entered_by: dose.entered_by,
            at: Moment::day(dose.date),
            entered: dose.entered_at.and_then(moment_of),
            attribute: dose.attribute,
            number: None,
        };
        if let Some(called) = dose.called {
            self.sorting.by_campaign(called, dose.vaccine);
        }
        self.doses = self.doses.saturating_add(1);
        self.reader.dose(&row, self.doses, &mut self.sorting);
    }

    /// The files of this piece, by the codes of persons and records. The next one begins.
    pub fn take(&mut self) -> Vec<Dossier> {
        self.sorting.next_piece();
        let mut dossiers = std::mem::take(&mut self.reader.dossiers);
        dossiers.sort_by(|one, other| one.file.id.cmp(&other.file.id));
        for dossier in &mut dossiers {
            dossier.doses.sort_by(|one, other| one.record.cmp(&other.record));
            self.census.add(dossier);
        }
        dossiers
    }

    /// Rules and units, as they are known so far.
    pub fn counting(&self, options: CountingOptions) -> Counting<'_> {
        Counting { rules: self.reader.rules, places: &self.reader.places, options }
    }

    /// All that was told. `held` are files that may be one person with others.
    pub fn finish(mut self, held: Vec<Dossier>) -> Folder {
        self.reader.tell_sorted(self.sorting);
        self.reader.dossiers = held;
        let mut folder = self.reader.finish(self.census);
        folder.is_register = true;
        for issue in &mut folder.issues {
            in_register(issue);
        }
        folder
    }
}

/// A register has no files and no rows.
pub fn in_register(issue: &mut Issue) {
    issue.row = None;
    issue.file = match &*issue.file {
        "children.csv" => "persons".into(),
        "doses.csv" => "doses".into(),
        "units.csv" => "sites".into(),
        "townships.csv" => "areas".into(),
        other => other.into(),
    };
}
