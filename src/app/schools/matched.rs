//! The three lists as one, and what of it the register takes over.

use super::{Roll, asked_day, names};
use crate::app::{App, AppError, Loaded, Result};
use crate::domain::audit::Action;
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Asked, More, Person, Traits};
use crate::domain::schools::{Child, ChildState, Decided, ListKind, Pupil};
use crate::store::{people_codes, records, schools};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be done with matched lists.
#[derive(Debug, Clone, Copy, Default)]
pub struct MatchRequest {
    /// The register takes over school, class and area of those on a list.
    pub saves: bool,
    /// Those whom the campaign asks and the register does not have are put into it.
    pub adds: bool,
}

/// A child that somebody should look at.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ShownChild {
    /// How it stands.
    pub state: ChildState,
    /// Its rows: list and number.
    pub rows: Vec<String>,
    /// The school or township, by name.
    pub list: String,
    /// The class.
    pub class: String,
    /// The name.
    pub name: String,
    /// Date of birth.
    pub born: NaiveDate,
    /// Codes of its files in the register.
    pub persons: Vec<PersonId>,
    /// Codes of those who may be the same.
    pub candidates: Vec<PersonId>,
    /// Rows of other lists that may be the same: list and number.
    pub alike: Vec<String>,
}

/// Figures of a school's list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SchoolMatch {
    /// The school.
    pub school: String,
    /// Its name.
    pub name: String,
    /// Rows of its list.
    pub rows: usize,
    /// Children on it.
    pub children: usize,
    /// Of them: in the register.
    pub known: usize,
    /// Of them: not in the register.
    pub new: usize,
    /// Of them: a clerk must look.
    pub to_decide: usize,
    /// In the register at the school, and not on its list.
    pub left: usize,
}

/// What came of matching.
#[derive(Clone, Serialize)]
pub struct MatchedLists {
    /// Rows of all lists.
    pub rows: usize,
    /// Files of the register that were compared.
    pub files: usize,
    /// Children by state.
    pub states: BTreeMap<ChildState, usize>,
    /// By school.
    pub schools: Vec<SchoolMatch>,
    /// Those to look at.
    pub shown: Vec<ShownChild>,
    /// People of the register whose school, class or area changed.
    pub changed: usize,
    /// People put into the register.
    pub added: usize,
    /// Children on lists whom the campaign does not ask and the register does not have.
    pub not_asked: usize,
}

impl App {
    /// Matches the lists with the register, and lets the register take over what is clear.
    pub async fn match_lists(
        &self,
        loaded: &Loaded,
        wanted: MatchRequest,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<MatchedLists> {
        let day = asked_day(loaded, now);
        let mut act = self.act((by, Power::People), Action::Import, now).await?;
        let roll = self.roll(act.tx(), loaded, day).await?;
        let mut out = told(loaded, &roll);
        let (changed, mut added) = taken_over(loaded, &roll, day, &mut out);
        if !wanted.saves {
            return Ok(out);
        }
        if !wanted.adds {
            added.clear();
        }
        let codes: Vec<&str> = added.iter().map(|(person, _)| person.id.as_str()).collect();
        let held = records::find::<Person>(act.tx(), codes).await?;
        let erased = people_codes::erased(act.tx()).await?;
        let aliases = people_codes::aliases(act.tx()).await?;
        for (person, _) in &mut added {
            let code = person.id.to_string();
            let is_free = |code: &String| {
                !held.contains_key(code) && !erased.contains(code) && !aliases.contains_key(code)
            };
            if !is_free(&code) {
                person.id = PersonId::new(format!("{code}-{}", uuid::Uuid::new_v4().simple()));
            }
        }
        (out.changed, out.added) = (changed.len(), added.len());
        // Whose a row is, is known from now on: nobody is put into the register twice.
        for (person, rows) in &added {
            let decided = Decided::Person(person.id.clone());
            for row in rows.iter().map(|at| &roll.pupils[*at]) {
                schools::decide(act.tx(), row.list.as_str(), row.nr, &decided).await?;
            }
        }
        let added = added.into_iter().map(|(person, _)| person);
        let persons: Vec<Person> = changed.into_iter().chain(added).collect();
        if persons.is_empty() {
            return Ok(out);
        }
        let issues = self.enter_persons(&mut act, loaded, persons, (by, now)).await?;
        if !issues.is_empty() {
            return Err(AppError::Files(issues));
        }
        let said = format!("lists matched: changed {} added {}", out.changed, out.added);
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }
}

/// Whether a row stands in a school's list.
fn is_of_school(row: &Pupil, school: &AreaCode) -> bool {
    row.kind == ListKind::School && row.list == *school
}

/// Whether a child is on a school's list.
fn is_at_school(roll: &Roll, child: &Child, school: &AreaCode) -> bool {
    child.rows.iter().any(|at| is_of_school(&roll.pupils[*at], school))
}

fn told(loaded: &Loaded, roll: &Roll) -> MatchedLists {
    use ChildState::{AtHome, AtSchool, Dropped, Left, New, NoList};
    let names = names(&loaded.campaign);
    let mut states: BTreeMap<ChildState, usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for child in &roll.children {
        let is_asked = child.files.iter().any(|at| roll.files[*at].is_asked);
        let state = child.state;
        // Others of the register are only there to be compared.
        if child.rows.is_empty() && !is_asked && state != ChildState::Twins {
            continue;
        }
        *states.entry(state).or_default() += 1;
        if !matches!(state, AtSchool | AtHome | Dropped | NoList) {
            shown.push(shown_child(roll, child, &names));
        }
    }
    let listed: BTreeSet<&AreaCode> = roll
        .pupils
        .iter()
        .filter(|row| row.kind == ListKind::School)
        .map(|row| &row.list)
        .collect();
    let school = |code: &&AreaCode| {
        let own = || roll.children.iter().filter(|child| is_at_school(roll, child, code));
        let of = |wanted: &[ChildState]| own().filter(|it| wanted.contains(&it.state)).count();
        let was_here = |child: &&Child| {
            child.state == Left && roll.files[child.files[0]].school.as_ref() == Some(*code)
        };
        let (known, new) = (of(&[AtSchool]), of(&[New]));
        SchoolMatch {
            school: code.to_string(),
            name: names.get(*code).copied().unwrap_or_default().to_owned(),
            rows: roll.pupils.iter().filter(|row| is_of_school(row, code)).count(),
            children: own().filter(|it| it.state != Dropped).count(),
            known,
            new,
            to_decide: own().filter(|it| it.state != Dropped).count() - known - new,
            left: roll.children.iter().filter(was_here).count(),
        }
    };
    MatchedLists {
        rows: roll.pupils.len(),
        files: roll.files.len(),
        schools: listed.iter().map(school).collect(),
        states,
        shown,
        changed: 0,
        added: 0,
        not_asked: 0,
    }
}

fn shown_child(roll: &Roll, child: &Child, names: &BTreeMap<&AreaCode, &str>) -> ShownChild {
    let row = child.rows.first().map(|at| &roll.pupils[*at]);
    let person = child.files.first().map(|at| &roll.people[*at]);
    let code = |at: &usize| roll.files[*at].person.clone();
    let named = |row: &Pupil| names.get(&row.list).copied().unwrap_or_default().to_owned();
    let of_register = || person.and_then(|it| it.more.school.clone()).unwrap_or_default();
    let class = |person: &Person| person.more.class.clone();
    ShownChild {
        state: child.state,
        rows: child.rows.iter().map(|at| roll.pupils[*at].row()).collect(),
        list: row.map_or_else(of_register, named),
        class: row
            .map_or_else(|| person.and_then(class), |it| it.class.clone())
            .unwrap_or_default(),
        name: row
            .map(|row| row.name.clone())
            .or_else(|| person.and_then(|it| it.name.clone()))
            .unwrap_or_default(),
        born: row.map(|row| row.born).or(person.map(|it| it.born)).unwrap_or_default(),
        persons: child.files.iter().map(code).collect(),
        candidates: child.candidates.iter().map(code).collect(),
        alike: child.alike.iter().map(|at| roll.pupils[*at].row()).collect(),
    }
}

/// Somebody whom the register does not have yet, with the positions of the rows that say so.
type Newcomer = (Person, Vec<usize>);

/// People as the register has them after taking over what is clear, and those whom it does not have yet.
fn taken_over(
    loaded: &Loaded,
    roll: &Roll,
    day: NaiveDate,
    out: &mut MatchedLists,
) -> (Vec<Person>, Vec<Newcomer>) {
    let names = names(&loaded.campaign);
    let asked = Asked::by(&loaded.campaign);
    let (mut changed, mut added) = (Vec::new(), Vec::new());
    for child in &roll.children {
        let Some(row) = child.rows.first().map(|at| &roll.pupils[*at]) else { continue };
        match child.state {
            ChildState::AtSchool | ChildState::AtHome => {
                let old = &roll.people[child.files[0]];
                let new = with_row(old.clone(), row, &names);
                if new != *old {
                    changed.push(new);
                }
            }
            ChildState::New | ChildState::AtHomeNew => {
                let traits = Traits { born: row.born, sex: row.sex, groups: &[], tags: &[] };
                if asked.group(&row.list, traits, day).is_some() {
                    added.push((with_row(newcomer(row), row, &names), child.rows.clone()));
                } else {
                    out.not_asked += 1;
                }
            }
            _ => {}
        }
    }
    (changed, added)
}

/// Somebody of a list whom the register does not have.
fn newcomer(row: &Pupil) -> Person {
    Person {
        id: PersonId::new(format!("{}-{:04}", row.list, row.nr)),
        area: row.list.clone(),
        born: row.born,
        name: Some(row.name.clone()),
        sex: row.sex,
        groups: Vec::new(),
        tags: Vec::new(),
        email: None,
        phone: None,
        language: None,
        household: None,
        opt_out: false,
        more: Box::new(More::default()),
    }
}

/// A person as a row of a list says it: pupils count with their school, those at home with their township. What the
/// register lacks is completed, and what it has stays.
fn with_row(mut person: Person, row: &Pupil, names: &BTreeMap<&AreaCode, &str>) -> Person {
    let is_at_school = row.kind == ListKind::School;
    person.area = row.list.clone();
    let name = names.get(&row.list).map(|name| (*name).to_owned());
    person.more.school = name.filter(|_| is_at_school);
    person.more.class = row.class.clone().filter(|_| is_at_school);
    let complete = |held: &mut Option<String>, said: &Option<String>| {
        if held.is_none() {
            held.clone_from(said);
        }
    };
    complete(&mut person.more.id_no, &row.id_no);
    complete(&mut person.more.guardian, &row.guardian);
    complete(&mut person.more.guardian_phone, &row.guardian_phone);
    person
}
