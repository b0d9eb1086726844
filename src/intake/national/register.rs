//! What the official figures are counted from, as a register knows it: persons with their managing units, doses, sites.

use super::folder::{Folder, Reader, Sorting, file_of};
use crate::domain::dose::Dose;
use crate::domain::national::{Moment, NationalRules, Township, VaccinationUnit};
use crate::domain::person::Person;
use crate::intake::issue::Issue;
use crate::intake::rows::national::{ChildRow, DoseRow, moment_of};
use chrono::NaiveDate;
use std::collections::HashMap;

/// A register that is being read: first the persons, then their doses.
pub struct Register<'a> {
    reader: Reader<'a>,
    sorting: Sorting,
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
        Self { reader, sorting: Sorting::new(HashMap::new()), doses: 0 }
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
        dossiers.push(crate::domain::national::Dossier { file, doses: Vec::new() });
    }

    /// Adds a dose of a person that is there. `vaccine` is the code of its vaccine.
    pub fn dose(&mut self, dose: &Dose, vaccine: &str) {
        let entered = dose.entered.as_deref();
        let by = entered.and_then(|entered| entered.by.as_deref()).unwrap_or_default();
        let codes = [dose.record.as_str(), dose.person.as_str(), vaccine, dose.place.as_str(), by];
        let Some(mut row) = DoseRow::of(codes, Moment::day(dose.date)) else { return };
        row.entered = entered.and_then(|entered| moment_of(entered.at.as_deref()?));
        row.attribute = dose.attribute;
        self.doses += 1;
        self.reader.dose(&row, self.doses, &mut self.sorting);
    }

    /// All that was added, by the codes of persons and records.
    pub fn finish(mut self) -> Folder {
        self.reader.tell_sorted(self.sorting);
        let dossiers = &mut self.reader.dossiers;
        dossiers.sort_by(|one, other| one.file.id.cmp(&other.file.id));
        for dossier in dossiers {
            dossier.doses.sort_by(|one, other| one.record.cmp(&other.record));
        }
        let mut folder = self.reader.finish();
        for issue in &mut folder.issues {
            in_register(issue);
        }
        folder
    }
}

/// A register has no files and no rows.
fn in_register(issue: &mut Issue) {
    issue.row = None;
    issue.file = match &*issue.file {
        "children.csv" => "persons".into(),
        "doses.csv" => "doses".into(),
        "units.csv" => "sites".into(),
        "townships.csv" => "areas".into(),
        other => other.into(),
    };
}
