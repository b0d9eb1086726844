//! Schools: three lists become the register, what guardians answered, visits, lists to print and who was missed.

mod classes;
mod consent_index;
mod consents;
mod correcting;
mod lists;
mod matched;
mod paper;
mod visits;

pub use classes::{ClassLine, MissedLine, SchoolPupil};
pub use consents::{TakenConsents, Withdrawn};
pub(super) use consents::{lifted, take_back, who_refused};
pub use correcting::Correction;
pub use lists::{DecidedRow, TakenList};
pub use matched::{MatchRequest, MatchedLists, SchoolMatch, ShownChild};
pub use paper::{PaperBook, PaperKind};
pub use visits::{VisitOrder, VisitedSchools};

use super::{App, Loaded, Result, today};
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, PersonId, PlaceCode};
use crate::domain::jurisdiction::AgreedSession;
use crate::domain::person::{Asked, Person};
use crate::domain::schools::{
    Child, Decided, Pupil, RegisterFile, SCHOOL, match_lists, number, plain, stop_of,
};
use crate::store::{Tx, people, schools};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The schools of a campaign, by the texts that mean them.
pub(super) struct Schools<'a> {
    codes: HashMap<&'a str, &'a AreaCode>,
    names: HashMap<&'a str, Option<&'a AreaCode>>,
    stops: HashMap<&'a PlaceCode, &'a AreaCode>,
}

impl<'a> Schools<'a> {
    /// The areas in which a school can be visited.
    pub(super) fn of(campaign: &'a Campaign) -> Self {
        let stops = campaign.stops.iter().filter(|stop| stop.kind.as_deref() == Some(SCHOOL));
        let stops = stops.map(|stop| (&stop.code, &stop.area)).collect();
        let mut out = Self { codes: HashMap::new(), names: HashMap::new(), stops };
        let is_school = |code: &AreaCode| stop_of(campaign, code).is_some();
        for area in campaign.areas.iter().filter(|area| is_school(&area.code)) {
            out.codes.insert(area.code.as_str(), &area.code);
            let name = out.names.entry(area.name.as_str()).or_insert(Some(&area.code));
            // A name that two schools have means neither.
            if *name != Some(&area.code) {
                *name = None;
            }
        }
        out
    }

    /// The school that a text means, by code or name.
    pub(super) fn called(&self, text: &str) -> Option<&'a AreaCode> {
        let text = text.trim();
        let by_name = || self.names.get(text).copied().flatten();
        self.codes.get(text).copied().or_else(by_name)
    }

    /// The school that an agreed session is a visit of: the one that it names, or else the one of its area, or without
    /// an area that of its place. People of another area may come to a school's yard.
    fn visited(&self, session: &AgreedSession) -> Option<&'a AreaCode> {
        let named = session.school.as_deref().and_then(|text| self.called(text));
        let of_area = || session.area.as_ref().and_then(|area| self.called(area.as_str()));
        let of_place = || self.stops.get(&session.place).copied();
        named.or_else(of_area).or_else(|| session.area.is_none().then(of_place).flatten())
    }

    /// What may be written: codes and names.
    fn known(&self) -> impl Iterator<Item = &'a str> {
        self.codes.keys().chain(self.names.keys()).copied()
    }
}

/// The school of a campaign that a text means, by code or name.
pub fn school_called<'a>(campaign: &'a Campaign, text: &str) -> Option<&'a AreaCode> {
    Schools::of(campaign).called(text)
}

/// What a campaign has to do with schools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SchoolUse {
    /// No school can be visited, or no group may be at one.
    None,
    /// Schools have sent lists, and a group says nothing of places.
    Open,
    /// A group is for schools, or a visit is agreed.
    Own,
}

impl App {
    /// Whether a campaign goes to schools: a school can be visited, and a group is for schools, or a visit is agreed,
    /// or schools have sent lists for groups that say nothing of places.
    pub(super) async fn has_schools(&self, loaded: &Loaded) -> Result<bool> {
        Ok(self.school_use(loaded).await? > SchoolUse::None)
    }

    /// Those of some campaigns that what schools say is about: those for which a group or a visit says so; where there
    /// is none, all that may go to schools, and where none may, all.
    pub async fn school_campaigns(&self, all: Vec<Loaded>) -> Result<Vec<Loaded>> {
        let mut uses = Vec::new();
        for loaded in &all {
            uses.push(self.school_use(loaded).await?);
        }
        let most = uses.iter().copied().max().unwrap_or(SchoolUse::None);
        let left = all.into_iter().zip(uses).filter(|(_, one)| *one == most);
        Ok(left.map(|(loaded, _)| loaded).collect())
    }

    async fn school_use(&self, loaded: &Loaded) -> Result<SchoolUse> {
        let campaign = &loaded.campaign;
        let own_schools = Schools::of(campaign);
        if own_schools.codes.is_empty() {
            return Ok(SchoolUse::None);
        }
        let own = self.own(loaded).await?;
        let is_for_schools = |kinds: &Vec<String>| kinds.iter().any(|kind| kind == SCHOOL);
        let is_visited = |session: &AgreedSession| own_schools.visited(session).is_some();
        if own.kinds.values().any(is_for_schools) || own.sessions.iter().any(is_visited) {
            return Ok(SchoolUse::Own);
        }
        let is_open = campaign.groups.iter().any(|group| !own.kinds.contains_key(&group.id));
        let has_lists = is_open && schools::has_lists(&mut self.store.read().await?).await?;
        Ok(if has_lists { SchoolUse::Open } else { SchoolUse::None })
    }
}

/// The day for whose ages people are asked: today, or the campaign's first one.
pub(super) fn asked_day(loaded: &Loaded, now: DateTime<Utc>) -> NaiveDate {
    today(&loaded.campaign, now).max(loaded.campaign.start)
}

/// All lists with the files of the register that may belong to them, joined to children.
struct Roll {
    pupils: Vec<Pupil>,
    files: Vec<RegisterFile>,
    people: Vec<Person>,
    children: Vec<Child>,
}

/// What can be looked up of rows: codes, numbers, and two of name, birth date and guardian.
struct Marks {
    codes: HashSet<PersonId>,
    numbers: HashSet<String>,
    born: HashSet<(NaiveDate, String)>,
    named: HashSet<(String, String)>,
}

impl Marks {
    fn of(pupils: &[Pupil]) -> Self {
        let mut out = Self {
            codes: HashSet::new(),
            numbers: HashSet::new(),
            born: HashSet::new(),
            named: HashSet::new(),
        };
        for row in pupils {
            if let Some(Decided::Person(code)) = &row.decided {
                out.codes.insert(code.clone());
            }
            out.numbers.extend(row.id_no.as_deref().map(number));
            out.born.insert((row.born, plain(&row.name)));
            if let Some(guardian) = &row.guardian {
                out.born.insert((row.born, plain(guardian)));
                out.named.insert((plain(&row.name), plain(guardian)));
            }
        }
        out
    }

    /// Whether some row may be this person's.
    fn may_be(&self, person: &Person) -> bool {
        let name = person.name.as_deref().map(plain);
        let guardian = person.more.guardian.as_deref().map(plain);
        let is_born = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| self.born.contains(&(person.born, text.clone())))
        };
        let number = person.more.id_no.as_deref().map(number);
        self.codes.contains(&person.id)
            || number.is_some_and(|number| self.numbers.contains(&number))
            || is_born(&name)
            || is_born(&guardian)
            || name.zip(guardian).is_some_and(|both| self.named.contains(&both))
    }
}

impl App {
    /// Reads the lists and the register once. Of the register those are taken whom the campaign asks, or who may be on
    /// a list.
    async fn roll(&self, tx: &mut Tx, loaded: &Loaded, day: NaiveDate) -> Result<Roll> {
        let campaign = &loaded.campaign;
        let mut pupils = schools::lists(tx).await?;
        let (marks, asked, all) = (Marks::of(&pupils), Asked::by(campaign), Schools::of(campaign));
        let (mut files, mut people_of) = (Vec::new(), Vec::new());
        people::each(tx, |person| {
            let has_died = person.more.died.is_some();
            let is_asked = !has_died && asked.group(&person.area, person.traits(), day).is_some();
            if !is_asked && !marks.may_be(&person) {
                return;
            }
            files.push(RegisterFile {
                person: person.id.clone(),
                name: person.name.clone(),
                id_no: person.more.id_no.clone(),
                born: person.born,
                guardian: person.more.guardian.clone(),
                school: person.more.school.as_deref().and_then(|it| all.called(it)).cloned(),
                is_asked,
                has_died,
            });
            people_of.push(person);
        })
        .await?;
        // A decision for somebody who left the register again decides nothing.
        let held: HashSet<&PersonId> = files.iter().map(|file| &file.person).collect();
        for row in &mut pupils {
            row.decided.take_if(|it| matches!(it, Decided::Person(code) if !held.contains(code)));
        }
        let children = match_lists(&pupils, &files);
        Ok(Roll { pupils, files, people: people_of, children })
    }
}

/// Names of areas by code.
fn names(campaign: &Campaign) -> BTreeMap<&AreaCode, &str> {
    campaign.areas.iter().map(|area| (&area.code, area.name.as_str())).collect()
}
