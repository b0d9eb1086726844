//! Reads a folder of files that the official figures are counted from: `children.csv`, `doses.csv`, `units.csv`, and
//! if there are such `moves.csv` and `townships.csv`.
//!
//! Everything doubtful is told and counted apart. A row that cannot be read is left out; what only looks wrong is
//! counted as it stands, and the issue says how.

use super::told::{Census, Often, Told};
use crate::domain::dose::Attribute;
use crate::domain::national::{
    ChildFile, Dossier, GivenDose, GivingUnit, Moment, NationalRules, Persons, Places, ProductId,
    Township, persons,
};
use crate::intake::issue::{Issue, nearest};
use crate::intake::rows::national::{self as rows, ChildRow, DoseRow};
use crate::intake::rows::{Batch, Rows};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

/// Rows of a batch.
const ROWS_AT_ONCE: usize = 10_000;
/// Batches that wait at most between reading and sorting.
const BATCHES_WAITING: usize = 4;

/// What a folder says.
pub struct Folder {
    /// The units.
    pub places: Places,
    /// Every file of a child, with its doses.
    pub dossiers: Vec<Dossier>,
    /// Which files are one person.
    pub persons: Persons,
    /// The townships; those of the units where there is no list.
    pub townships: Vec<Township>,
    /// What is wrong or doubtful, the first of each kind.
    pub issues: Vec<Issue>,
    /// How often, by the code of the issue.
    pub apart: BTreeMap<&'static str, u64>,
    /// Whether rows were left out.
    pub has_refused: bool,
    /// Whether it is a register, which has no files.
    pub is_register: bool,
}

/// Reads a folder. Vaccines that no rule knows are added to the rules, as vaccines without programme component.
/// `Err` if a file is missing or cannot be read at all.
pub fn folder(path: &Path, rules: &mut NationalRules) -> Result<Folder, Vec<Issue>> {
    let doses = rows::doses(&path.join("doses.csv"))?;
    let (sender, receiver) = sync_channel(BATCHES_WAITING);
    std::thread::scope(|scope| {
        // The doses are by far the longest file: they are split into rows while the others are read.
        let reading = scope.spawn(move || {
            let mut doses = doses;
            while let Some(batch) = doses.next_batch(ROWS_AT_ONCE) {
                if sender.send(batch).is_err() {
                    break;
                }
            }
            drop(sender);
            doses.finish().map_err(|issue| vec![issue])
        });
        let mut reader = Reader::new(rules);
        let read = reader.others(path).map(|children| reader.doses(&receiver, children));
        drop(receiver);
        let finished = reading.join().expect("reading does not panic");
        read?;
        finished?;
        Ok(reader.finish_folder())
    })
}

pub(super) struct Reader<'a> {
    pub(super) rules: &'a mut NationalRules,
    pub(super) places: Places,
    pub(super) dossiers: Vec<Dossier>,
    pub(super) townships: Vec<Township>,
    pub(super) told: Told,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rules: &'a mut NationalRules) -> Self {
        let (places, told) = (Places::default(), Told::default());
        Self { rules, places, dossiers: Vec::new(), townships: Vec::new(), told }
    }

    /// Every file but the doses. Returns the places of the children by their ids.
    fn others(&mut self, path: &Path) -> Result<HashMap<String, usize>, Vec<Issue>> {
        let mut first: HashMap<String, u32> = HashMap::new();
        let units = rows::units(&path.join("units.csv"))?;
        each(units, &mut self.told, |unit, row, told| {
            let code = unit.code.clone();
            if self.places.add(unit) {
                first.insert(code, row);
            } else {
                told.add(twice("units.csv", row, &code, first.get(&code)));
            }
        })?;
        self.read_townships(path)?;
        let children = rows::children(&path.join("children.csv"))?;
        let mut index: HashMap<String, (usize, u32)> = HashMap::new();
        let (places, dossiers) = (&mut self.places, &mut self.dossiers);
        each(children, &mut self.told, |child, row, told| {
            if let Some((_, first)) = index.get(&child.child) {
                told.add(twice("children.csv", row, &child.child, Some(first)));
                return;
            }
            index.insert(child.child.clone(), (dossiers.len(), row));
            let file = file_of(child, row, places, told);
            dossiers.push(Dossier { file, doses: Vec::new() });
        })?;
        let index: HashMap<String, usize> =
            index.into_iter().map(|(id, (at, _))| (id, at)).collect();
        let moves = path.join("moves.csv");
        if moves.exists() {
            let moves = rows::moves(&moves)?;
            each(moves, &mut self.told, |moved, row, told| match index.get(&moved.child) {
                Some(at) => {
                    let unit = self.places.id_of(&moved.unit);
                    self.dossiers[*at].file.moves.push((moved.since, unit));
                }
                None => told.add(unknown_child("moves.csv", row, &moved.child)),
            })?;
        }
        Ok(index)
    }

    fn read_townships(&mut self, path: &Path) -> Result<(), Vec<Issue>> {
        let path = path.join("townships.csv");
        let mut first: HashMap<String, u32> = HashMap::new();
        let own = &mut self.townships;
        if path.exists() {
            let townships = rows::townships(&path)?;
            each(townships, &mut self.told, |township, row, told| {
                if let Some(known) = first.get(&township.code) {
                    told.add(twice("townships.csv", row, &township.code, Some(known)));
                    return;
                }
                first.insert(township.code.clone(), row);
                own.push(township);
            })?;
        }
        self.add_townships_of_units();
        Ok(())
    }

    /// Adds the townships that only units name.
    pub(super) fn add_townships_of_units(&mut self) {
        let mut listed: BTreeSet<String> =
            self.townships.iter().map(|township| township.code.clone()).collect();
        let has_list = !listed.is_empty();
        for (_, place) in self.places.all() {
            let Some(unit) = &place.unit else { continue };
            if !listed.insert(unit.township.clone()) {
                continue;
            }
            if has_list {
                let issue = Issue::warning("township_not_listed", "townships.csv");
                self.told.add(issue.value(&unit.township).with("unit", &unit.code));
            }
            self.townships.push(Township {
                code: unit.township.clone(),
                county: unit.county.clone(),
                population: None,
                merged_as: String::new(),
            });
        }
    }

    /// The doses, batch by batch.
    fn doses(&mut self, batches: &Receiver<Batch<DoseRow>>, children: HashMap<String, usize>) {
        let mut sorting = Sorting::new(children);
        for batch in batches {
            for row in batch.rows {
                match row.value {
                    Ok(dose) => self.dose(&GivenRow::of(&dose), row.line, &mut sorting),
                    Err(issues) => issues.into_iter().for_each(|issue| self.told.add(issue)),
                }
            }
        }
        self.tell_sorted(sorting);
    }

    /// Tells what many doses have.
    pub(super) fn tell_sorted(&mut self, sorting: Sorting) {
        let known: Vec<&str> =
            self.rules.products.iter().filter(|it| it.has_component).map(|it| &*it.code).collect();
        for (value, (row, count)) in sorting.unknown_vaccines.0 {
            let near = nearest(&value, known.iter().copied()).unwrap_or("none");
            let issue = Issue::warning("vaccine_without_rule", "doses.csv").row(row);
            let issue = issue.column("vaccine").value(&value).with("count", count);
            self.told.add_many(issue.with("nearest", near), count);
        }
        for ((called, vaccine), count) in sorting.by_campaign {
            let issue = Issue::warning("vaccine_by_campaign", "doses.csv").column("product");
            let issue = issue.value(&called).with("own", vaccine).with("count", count);
            self.told.add_many(issue, count);
        }
        let often = sorting.without_attribute;
        often.tell(&mut self.told, "attribute_missing", "doses.csv", "attribute");
    }

    pub(super) fn dose(&mut self, dose: &GivenRow<'_>, row: u32, sorting: &mut Sorting) {
        let Some(at) = sorting.child(dose.child) else {
            self.told.add(unknown_child("doses.csv", row, dose.child));
            return;
        };
        let dossier = &mut self.dossiers[at];
        if dose.at.day < dossier.file.born.day {
            let issue = Issue::error("before_birth", "doses.csv").row(row).column("date");
            self.told.add(issue.value(&dose.at.day.to_string()));
            return;
        }
        // Both are counted: whether they are one dose is decided by vaccine and date (R-dup 2).
        let seen = sorting.records.as_mut();
        if let Some(first) = seen.and_then(|seen| seen.insert(dose.record.into(), row)) {
            let issue = Issue::warning("record_twice", "doses.csv").row(row).column("dose");
            self.told.add(issue.value(dose.record).with("first", first));
        }
        let (product, is_known) = self.rules.product_of(dose.vaccine);
        if !is_known {
            sorting.new_vaccines.insert(product);
        }
        if sorting.new_vaccines.contains(&product) {
            sorting.unknown_vaccines.add(dose.vaccine, row);
        }
        if dose.attribute.is_none() && self.rules.has_component(product) {
            sorting.without_attribute.add(dose.vaccine, row);
        }
        let unit = sorting.unit(dose.unit, self.rules, &mut self.places);
        let entered_by = match unit {
            GivingUnit::Unit(own) if dose.entered_by == dose.unit => Some(own),
            _ => (!dose.entered_by.is_empty()).then(|| self.places.id_of(dose.entered_by)),
        };
        dossier.doses.push(GivenDose {
            record: dose.record.into(),
            product,
            at: dose.at,
            unit,
            entered_by,
            entered: dose.entered,
            attribute: dose.attribute.unwrap_or(Attribute::Programme),
            number: dose.number,
        });
    }

    /// Everything that was read. `census` has counted the files.
    pub(super) fn finish(mut self, census: Census) -> Folder {
        let persons = persons(self.dossiers.iter().map(|dossier| &dossier.file));
        census.tell(&self.places, &mut self.told);
        Folder {
            places: self.places,
            dossiers: self.dossiers,
            persons,
            townships: self.townships,
            issues: self.told.issues,
            apart: self.told.counts,
            has_refused: self.told.has_refused,
            is_register: false,
        }
    }

    /// Two files with one identity number and other days of birth: one of them is wrong.
    pub(super) fn tell_births(&mut self, first: &str, second: &str) {
        let issue = Issue::warning("births_differ", "children.csv").column("id_no");
        self.told.add(issue.value(second).with("other", first));
    }

    /// The files of a folder, all of which are there.
    fn finish_folder(mut self) -> Folder {
        let persons = persons(self.dossiers.iter().map(|dossier| &dossier.file));
        for (first, second) in &persons.birth_conflicts {
            let [first, second] = [first, second].map(|at| self.dossiers[*at].file.id.clone());
            self.tell_births(&first, &second);
        }
        let mut census = Census::default();
        self.dossiers.iter().for_each(|dossier| census.add(dossier));
        self.finish(census)
    }
}

/// A row of doses, wherever it comes from.
pub(super) struct GivenRow<'a> {
    pub(super) record: &'a str,
    pub(super) child: &'a str,
    pub(super) vaccine: &'a str,
    /// The giving unit; empty if unknown, like the entering one.
    pub(super) unit: &'a str,
    pub(super) entered_by: &'a str,
    pub(super) at: Moment,
    pub(super) entered: Option<Moment>,
    pub(super) attribute: Option<Attribute>,
    pub(super) number: Option<u8>,
}

impl<'a> GivenRow<'a> {
    fn of(row: &'a DoseRow) -> Self {
        Self {
            record: row.record(),
            child: row.child(),
            vaccine: row.vaccine(),
            unit: row.unit(),
            entered_by: row.entered_by(),
            at: row.at,
            entered: row.entered,
            attribute: row.attribute,
            number: row.number,
        }
    }
}

/// What is remembered while doses are sorted.
pub(super) struct Sorting {
    pub(super) children: HashMap<String, usize>,
    /// The row of each record; `None` where a record cannot come twice.
    records: Option<HashMap<Box<str>, u32>>,
    /// Vaccines that no file of rules has.
    new_vaccines: BTreeSet<ProductId>,
    unknown_vaccines: Often,
    /// Names in words, each with the vaccine that was taken instead: how many doses have it.
    by_campaign: BTreeMap<(String, String), u64>,
    without_attribute: Often,
    /// The child of the row before. Doses mostly stand together.
    last: Option<(String, usize)>,
    /// The unit of the dose before. A child mostly stays with one.
    last_unit: (String, GivingUnit),
}

impl Sorting {
    /// With the places of the children by their ids.
    pub(super) fn new(children: HashMap<String, usize>) -> Self {
        Self {
            children,
            records: Some(HashMap::new()),
            new_vaccines: BTreeSet::new(),
            unknown_vaccines: Often::default(),
            by_campaign: BTreeMap::new(),
            without_attribute: Often::default(),
            last: None,
            last_unit: (String::new(), GivingUnit::Elsewhere),
        }
    }

    /// Of a register, whose people come a piece at a time and whose records have one row each.
    pub(super) fn of_register() -> Self {
        Self { records: None, ..Self::new(HashMap::new()) }
    }

    /// The people of the next piece take the place of those before them.
    pub(super) fn next_piece(&mut self) {
        self.children.clear();
        self.last = None;
    }

    /// A dose with a name that nobody knows was taken as the vaccine of its campaign.
    pub(super) fn by_campaign(&mut self, called: &str, vaccine: &str) {
        *self.by_campaign.entry((called.to_owned(), vaccine.to_owned())).or_default() += 1;
    }

    /// The unit of a code; elsewhere, if it is empty or one of the codes for that.
    fn unit(&mut self, code: &str, rules: &NationalRules, places: &mut Places) -> GivingUnit {
        if self.last_unit.0 != code {
            let is_elsewhere = code.is_empty() || rules.elsewhere.contains(code);
            let unit = if is_elsewhere {
                GivingUnit::Elsewhere
            } else {
                GivingUnit::Unit(places.id_of(code))
            };
            self.last_unit.0.clear();
            self.last_unit.0.push_str(code);
            self.last_unit.1 = unit;
        }
        self.last_unit.1
    }

    fn child(&mut self, id: &str) -> Option<usize> {
        if let Some((known, at)) = &self.last
            && known == id
        {
            return Some(*at);
        }
        let at = *self.children.get(id)?;
        self.last = Some((id.to_owned(), at));
        Some(at)
    }
}

pub(super) fn file_of(
    child: ChildRow,
    row: u32,
    places: &mut Places,
    told: &mut Told,
) -> ChildFile {
    let mut died = child.died;
    if died.is_some_and(|died| died < child.born.day) {
        let issue = Issue::warning("before_birth", "children.csv").row(row).column("died");
        told.add(issue.value("…"));
        died = None;
    }
    ChildFile {
        id: child.child.into(),
        name: child.name.into(),
        id_no: child.id_no.into(),
        guardian: child.guardian.into(),
        sex: child.sex,
        born: child.born,
        unit: child.unit.map(|unit| places.id_of(&unit)),
        died,
        mother: child.mother.into(),
        birth_weight: child.birth_weight,
        school: child.school.into(),
        class: child.class.into(),
        uploaded: child.uploaded,
        moves: Vec::new(),
    }
}

/// Goes through the rows of a file.
fn each<T>(
    mut rows: Rows<T>,
    told: &mut Told,
    mut take: impl FnMut(T, u32, &mut Told),
) -> Result<(), Vec<Issue>> {
    while let Some(batch) = rows.next_batch(ROWS_AT_ONCE) {
        for row in batch.rows {
            match row.value {
                Ok(value) => take(value, row.line, told),
                Err(issues) => issues.into_iter().for_each(|issue| told.add(issue)),
            }
        }
    }
    rows.finish().map(drop).map_err(|issue| vec![issue])
}

fn twice(file: &str, row: u32, code: &str, first: Option<&u32>) -> Issue {
    let first = first.copied().unwrap_or(0);
    Issue::error("duplicate_key", file).row(row).value(code).with("first", first)
}

fn unknown_child(file: &str, row: u32, code: &str) -> Issue {
    Issue::error("unknown_child", file).row(row).column("child").value(code)
}
