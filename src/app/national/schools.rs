//! What schools are told: girls without HPV vaccine (29), the check of children who enter kindergarten or school
//! (入托入学查验), and what of it was caught up.
//!
//! The layout of the two school tables is not in the sources of `schedules/national`: figures and columns are ours.

use super::National;
use super::forms::{FormCell, FormHead, OfficialForm, Words};
use crate::domain::campaign::Language;
use crate::domain::national::{Counting, Dossier, RowDoses, ScopeKey, TwoDecimals};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// A missed dose of a child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissedLine {
    /// The row of the period table, by its id.
    pub row: String,
    /// The first day on which it could have been given.
    pub since: NaiveDate,
    /// Whether it was given by the day of the second look.
    pub is_caught_up: bool,
}

/// A child at a school, with what it misses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PupilFile {
    /// The school; empty if unknown.
    pub school: String,
    /// The class; empty if unknown.
    pub class: String,
    /// The id of the child's file.
    pub child: String,
    /// The child's name.
    pub name: String,
    /// Born on.
    pub born: NaiveDate,
    /// The code of the managing unit; empty if there is none.
    pub unit: String,
    /// What it misses; empty if nothing.
    pub missed: Vec<MissedLine>,
}

/// Figures of a school.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SchoolCount {
    /// Children whose records were checked (查验人数).
    pub children: u64,
    /// Of them: with all doses of their age (全程).
    pub complete: u64,
    /// Of them: who miss a dose (需补种人数).
    pub missing: u64,
    /// Of the missing: who have caught up all of it (补齐人数).
    pub caught_up: u64,
    /// Missed doses by the id of their row: all, and caught up (需补种剂次, 已补种剂次).
    pub doses: BTreeMap<String, (u64, u64)>,
}

impl SchoolCount {
    pub(super) fn add(&mut self, pupil: &PupilFile) {
        self.children += 1;
        self.complete += u64::from(pupil.missed.is_empty());
        self.missing += u64::from(!pupil.missed.is_empty());
        let all = !pupil.missed.is_empty() && pupil.missed.iter().all(|it| it.is_caught_up);
        self.caught_up += u64::from(all);
        for line in &pupil.missed {
            let (missed, caught) = self.doses.entry(line.row.clone()).or_default();
            *missed += 1;
            *caught += u64::from(line.is_caught_up);
        }
    }

    /// Missed doses, and those caught up.
    fn sums(&self) -> (u64, u64) {
        self.doses.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

/// Children of a place and what they miss at the end of a day, by school, class and file.
pub struct Pupils {
    /// The day, and the day of the second look.
    pub days: (NaiveDate, NaiveDate),
    /// The place.
    pub scope: ScopeKey,
    /// The rows that are meant, such as `HPV`.
    pub family: Option<&'static str>,
    /// The school, if only one is meant.
    pub school: Option<String>,
    /// Whether only children who miss something are meant.
    pub only_missing: bool,
}

/// The figures of schools, by unit and school. No file of a child is kept for it: a register has millions.
pub struct SchoolFigures(pub Pupils);

/// Figures by the code of the managing unit and the school; either is empty if there is none.
pub type SchoolCounts = BTreeMap<(String, String), SchoolCount>;

impl Pupils {
    /// Whether a row is meant: its id begins with the word.
    fn is_meant(&self, id: &str) -> bool {
        self.family.is_none_or(|word| id.split('-').next() == Some(word))
    }

    /// A person as a child at a school.
    pub(super) fn pupil(&self, counting: Counting<'_>, files: &[&Dossier]) -> Option<PupilFile> {
        let found = counting.missing(files, self.days)?;
        let child = found.child;
        if self.school.as_ref().is_some_and(|school| **school != *child.school) {
            return None;
        }
        let unit = found.unit.and_then(|unit| counting.places.unit(unit));
        if self.scope != ScopeKey::All && !unit.is_some_and(|unit| self.scope.holds(unit)) {
            return None;
        }
        let rows = &counting.rules.period.rows;
        let missed = found.missed.iter().filter(|it| self.is_meant(&rows[it.row].id));
        let missed: Vec<MissedLine> = missed
            .map(|it| MissedLine {
                row: rows[it.row].id.clone(),
                since: it.since,
                is_caught_up: it.is_caught_up,
            })
            .collect();
        (!self.only_missing || !missed.is_empty()).then(|| PupilFile {
            school: child.school.to_string(),
            class: child.class.to_string(),
            child: child.id.to_string(),
            name: child.name.to_string(),
            born: child.born.day,
            unit: unit.map_or_else(String::new, |unit| unit.code.clone()),
            missed,
        })
    }
}

impl National {
    /// The figures of every school of some units, and how many children there are without a school.
    pub fn schools(
        counts: &SchoolCounts,
        is_meant: impl Fn(&str) -> bool,
    ) -> (BTreeMap<String, SchoolCount>, u64) {
        let (mut schools, mut without) = (BTreeMap::<String, SchoolCount>::new(), 0);
        for ((_, school), count) in counts.iter().filter(|((unit, _), _)| is_meant(unit)) {
            if school.is_empty() {
                without += count.children;
            } else {
                schools.entry(school.clone()).or_default().join(count);
            }
        }
        (schools, without)
    }

    /// The list of a school's children who miss a dose, to be sent back to it.
    pub fn missed_form(
        &self,
        (title, day): (&str, NaiveDate),
        school: &str,
        pupils: &[PupilFile],
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let mut rows = Vec::new();
        let own = pupils.iter().filter(|it| it.school == school);
        for pupil in own.clone() {
            for line in pupil.missed.iter().filter(|line| !line.is_caught_up) {
                let [vaccine, dose] = self.row_words(&line.row, words);
                rows.push(vec![
                    FormCell::Text(pupil.class.clone()),
                    FormCell::Text(pupil.name.clone()),
                    FormCell::Text(pupil.child.clone()),
                    FormCell::Text(pupil.born.to_string()),
                    vaccine,
                    dose,
                    FormCell::Text(line.since.to_string()),
                    FormCell::Text(self.name_of(&ScopeKey::Unit(pupil.unit.clone()))),
                ]);
            }
        }
        let keys = ["class", "name", "child", "born", "vaccine", "dose", "since", "unit"];
        let shown = words.told("school", &[("school", &school_name(school, words))]);
        OfficialForm {
            place: school_name(school, words),
            titles: vec![words.label(title), shown, words.told("cohort-day", &[("day", &day)])],
            heads: heads(&keys, words),
            ids: own.map(|it| it.child.clone()).collect(),
            rows,
            notes: Vec::new(),
        }
    }

    /// The words of a row of the period table.
    fn row_words(&self, id: &str, words: Words) -> [FormCell; 2] {
        let rule = self.rules.period.rows.iter().find(|row| row.id == id);
        match rule {
            Some(rule) => [
                words.vaccine(&rule.vaccine, &rule.english),
                FormCell::Text(words.own(&rule.dose, &rule.id).to_owned()),
            ],
            None => [FormCell::Text(id.to_owned()), FormCell::Blank],
        }
    }

    /// 查验情况汇总表: a line for each school and one for all.
    pub fn school_form(
        &self,
        day: NaiveDate,
        schools: &BTreeMap<String, SchoolCount>,
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let shown = |row: &&crate::domain::national::PeriodRow| {
            row.has_due()
                && !matches!(row.doses, RowDoses::TimelyOf(_))
                && row.terms_at(day).is_some()
        };
        let rows: Vec<_> = self.rules.period.rows.iter().filter(shown).collect();
        let keys =
            ["school-name", "checked", "complete", "complete-rate", "missing", "missing-doses"];
        let mut heads = heads(&keys, words);
        for row in &rows {
            let text = format!("{} {}", words.own(&row.vaccine, &row.english), row.dose);
            let text = if language == Language::ZhCn { text } else { row.id.clone() };
            let column = heads.len();
            heads.push(FormHead { text, line: 0, column, lines: 1, columns: 1 });
        }
        let line = |name: String, count: &SchoolCount| {
            let mut cells = vec![
                FormCell::Text(name),
                FormCell::Count(count.children),
                FormCell::Count(count.complete),
                FormCell::rate(TwoDecimals::of(count.complete, count.children)),
                FormCell::Count(count.missing),
                FormCell::Count(count.sums().0),
            ];
            let of = |id: &String| count.doses.get(id).map_or(0, |it| it.0);
            cells.extend(rows.iter().map(|row| FormCell::Count(of(&row.id))));
            cells
        };
        let mut all = SchoolCount::default();
        let mut lines = Vec::new();
        for (school, count) in schools {
            all.join(count);
            lines.push(line(school_name(school, words), count));
        }
        lines.push(line(words.label("all-schools"), &all));
        OfficialForm {
            place: words.label("school-check-sheet"),
            titles: vec![
                words.label("school-check-title"),
                words.told("cohort-day", &[("day", &day)]),
            ],
            heads,
            ids: schools.keys().cloned().chain(["all".to_owned()]).collect(),
            rows: lines,
            notes: vec![words.label("note-missing"), words.label("note-own-layout")],
        }
    }

    /// 补种情况反馈表: of each school what was to be caught up, and what was.
    pub fn feedback_form(
        &self,
        (day, until): (NaiveDate, NaiveDate),
        schools: &BTreeMap<String, SchoolCount>,
        language: Language,
    ) -> OfficialForm {
        let words = Words(language);
        let mut rows = Vec::new();
        let mut ids = Vec::new();
        let mut all = SchoolCount::default();
        let own = schools.iter().map(|(school, count)| {
            all.join(count);
            (school_name(school, words), count.clone())
        });
        let own: Vec<(String, SchoolCount)> = own.collect();
        for (name, count) in own.into_iter().chain([(words.label("all-schools"), all)]) {
            let (missed, caught) = count.sums();
            let sum = words.label("sum");
            let whole = [FormCell::Text(sum), FormCell::Blank];
            let people = [FormCell::Count(count.missing), FormCell::Count(count.caught_up)];
            rows.push(feedback(&name, whole, people, (missed, caught)));
            ids.push(name.clone());
            for rule in &self.rules.period.rows {
                if let Some(doses) = count.doses.get(&rule.id) {
                    let blank = [FormCell::Blank, FormCell::Blank];
                    rows.push(feedback(&name, self.row_words(&rule.id, words), blank, *doses));
                    ids.push(format!("{name} {}", rule.id));
                }
            }
        }
        let keys = [
            "school-name",
            "vaccine",
            "dose",
            "missing",
            "caught-up",
            "missing-doses",
            "caught-up-doses",
            "caught-up-rate",
        ];
        OfficialForm {
            place: words.label("feedback-sheet"),
            titles: vec![
                words.label("feedback-title"),
                words.told("feedback-days", &[("first", &day), ("last", &until)]),
            ],
            heads: heads(&keys, words),
            rows,
            ids,
            notes: vec![words.label("note-own-layout")],
        }
    }
}

impl SchoolCount {
    /// Adds the figures of another school.
    pub(super) fn join(&mut self, other: &Self) {
        self.children += other.children;
        self.complete += other.complete;
        self.missing += other.missing;
        self.caught_up += other.caught_up;
        for (row, (missed, caught)) in &other.doses {
            let own = self.doses.entry(row.clone()).or_default();
            own.0 += missed;
            own.1 += caught;
        }
    }
}

fn feedback(
    name: &str,
    what: [FormCell; 2],
    people: [FormCell; 2],
    (missed, caught): (u64, u64),
) -> Vec<FormCell> {
    let mut cells = vec![FormCell::Text(name.to_owned())];
    cells.extend(what);
    cells.extend(people);
    cells.extend([FormCell::Count(missed), FormCell::Count(caught)]);
    cells.push(FormCell::rate(TwoDecimals::of(caught, missed)));
    cells
}

/// The name of a school, or that there is none.
fn school_name(school: &str, words: Words) -> String {
    if school.is_empty() { words.label("no-school") } else { school.to_owned() }
}

/// Headings in one line.
fn heads(keys: &[&str], words: Words) -> Vec<FormHead> {
    keys.iter().enumerate().map(|(column, key)| words.head(key, 0, column, (1, 1))).collect()
}
