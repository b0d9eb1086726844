//! Numbers that people and places have in several registers that were read each for itself.

use super::{Codes, Register};
use crate::domain::assign::{PersonNo, PlaceNo};
use crate::domain::id::PlaceCode;
use std::collections::BTreeMap;

/// Numbers of people and places that hold for several campaigns. People are numbered as in one register; those whom it
/// does not have come behind them.
pub(in crate::app) struct Common<'a> {
    base: &'a Codes,
    more: BTreeMap<String, PersonNo>,
    numbers: BTreeMap<PlaceCode, PlaceNo>,
    places: Vec<PlaceCode>,
}

impl<'a> Common<'a> {
    /// Numbers on the base of the largest of these registers; `None` where there is none.
    pub(in crate::app) fn of(registers: impl Iterator<Item = &'a Register>) -> Option<Self> {
        let base = &registers.max_by_key(|one| one.codes.ends.len())?.codes;
        let (more, numbers, places) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Some(Self { base, more, numbers, places })
    }

    /// The number of a person whose code stands in another register at `near`.
    fn near(&mut self, near: usize, code: &str) -> PersonNo {
        if near < self.base.ends.len() && self.base.at(near) == code {
            return PersonNo(u32::try_from(near).unwrap_or(u32::MAX));
        }
        self.person(code)
    }

    /// The number of a person.
    pub(in crate::app) fn person(&mut self, code: &str) -> PersonNo {
        if let Some(no) = self.base.find(code).or_else(|| self.more.get(code).copied()) {
            return no;
        }
        let next = self.base.ends.len() + self.more.len();
        let no = PersonNo(u32::try_from(next).unwrap_or(u32::MAX));
        *self.more.entry(code.to_owned()).or_insert(no)
    }

    /// The number of a place.
    pub(in crate::app) fn place(&mut self, code: &PlaceCode) -> PlaceNo {
        if let Some(no) = self.numbers.get(code) {
            return *no;
        }
        let no = PlaceNo(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        self.places.push(code.clone());
        *self.numbers.entry(code.clone()).or_insert(no)
    }

    /// The code of a place.
    pub(in crate::app) fn place_code(&self, no: PlaceNo) -> Option<&PlaceCode> {
        self.places.get(no.0 as usize)
    }

    /// The numbers of a register's people and places, in the order of its own.
    pub(in crate::app) fn numbers(&mut self, of: &Register) -> (Vec<PersonNo>, Vec<PlaceNo>) {
        let count = of.codes.ends.len();
        let people = (0..count).map(|at| self.near(at, of.codes.at(at))).collect();
        let places = of.places.codes.iter().map(|code| self.place(code)).collect();
        (people, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_whom_the_register_no_longer_has_hide_nobody() {
        let mut codes = Codes::default();
        for code in ["a", "b", "d", "e", "f", "c"] {
            codes.push(code);
        }
        let found = ["a", "b", "d", "e", "f"].map(|code| codes.find(code));
        assert_eq!(found, [0, 1, 2, 3, 4].map(|no| Some(PersonNo(no))));
        assert_eq!((codes.find("c"), codes.find("g")), (None, None));
    }
}
