//! Whom a guardian's answer is about: by code, identity number, or name, birth date and guardian.

use super::{number, plain};
use crate::domain::id::PersonId;
use crate::domain::person::Person;
use crate::intake::rows::ConsentRow;
use chrono::NaiveDate;
use std::collections::HashMap;

/// What answers may say of a person.
pub(super) struct Known {
    pub(super) person: PersonId,
    number: Option<String>,
    name: Option<String>,
    born: NaiveDate,
    guardian: Option<String>,
}

impl Known {
    /// The first column in which a row says something else of this person; what either lacks does not differ.
    pub(super) fn differs(&self, row: &ConsentRow) -> Option<&'static str> {
        let differ = |held: &Option<String>, said: Option<String>| {
            held.as_ref().zip(said).is_some_and(|(held, said)| *held != said)
        };
        let of = |text: &Option<String>| text.as_deref().map(plain);
        [
            ("id_no", differ(&self.number, row.id_no.as_deref().map(number))),
            ("name", differ(&self.name, of(&row.name))),
            ("born", row.born.is_some_and(|born| born != self.born)),
            ("guardian", differ(&self.guardian, of(&row.guardian))),
        ]
        .into_iter()
        .find_map(|(column, differs)| differs.then_some(column))
    }
}

/// Whom the campaign asks, by all that a row may say of them.
#[derive(Default)]
pub(super) struct Index {
    all: Vec<Known>,
    codes: HashMap<String, usize>,
    numbers: HashMap<String, Vec<usize>>,
    named: HashMap<(String, NaiveDate), Vec<usize>>,
}

impl Index {
    pub(super) fn add(&mut self, person: &Person) {
        let at = self.all.len();
        let known = Known {
            person: person.id.clone(),
            number: person.more.id_no.as_deref().map(number).filter(|text| !text.is_empty()),
            name: person.name.as_deref().map(plain).filter(|text| !text.is_empty()),
            born: person.born,
            guardian: person.more.guardian.as_deref().map(plain).filter(|text| !text.is_empty()),
        };
        self.codes.insert(person.id.to_string(), at);
        if let Some(number) = &known.number {
            self.numbers.entry(number.clone()).or_default().push(at);
        }
        if let Some(name) = &known.name {
            self.named.entry((name.clone(), known.born)).or_default().push(at);
        }
        self.all.push(known);
    }

    /// Codes of people who were merged lead to those whose they are.
    pub(super) fn lead(&mut self, aliases: HashMap<String, PersonId>) {
        for (alias, person) in aliases {
            if let Some(at) = self.codes.get(person.as_str()).copied() {
                self.codes.entry(alias).or_insert(at);
            }
        }
    }

    /// Those whom a row may mean.
    pub(super) fn find(&self, row: &ConsentRow) -> Vec<&Known> {
        let known = |all: &[usize]| all.iter().map(|at| &self.all[*at]).collect();
        if let Some(code) = &row.person {
            return self.codes.get(code.as_str()).map(|at| known(&[*at])).unwrap_or_default();
        }
        let number = row.id_no.as_deref().map(number);
        if let Some(found) = number.and_then(|number| self.numbers.get(&number)) {
            return known(found);
        }
        let (Some(name), Some(born)) = (&row.name, row.born) else { return Vec::new() };
        let named = self.named.get(&(plain(name), born)).map_or(&[][..], Vec::as_slice);
        let guardian = row.guardian.as_deref().map(plain);
        let is_theirs = |it: &&Known| guardian.is_some() && it.guardian == guardian;
        match named {
            [_] => known(named),
            _ => known(named).into_iter().filter(is_theirs).collect(),
        }
    }
}
