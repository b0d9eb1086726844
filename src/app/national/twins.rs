//! Who may be one person with somebody else (R-dup), found without having everybody's names in memory: by hashes of
//! what two files agree in. Whoever shares a hash is looked at again with everything (`domain/national`: `persons`).

use crate::store::walk::Who;
use chrono::NaiveDate;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// People of a piece: with twenty doses each some megabytes.
const PIECE: usize = 2_000;

/// Everybody's codes, and hashes of their keys.
#[derive(Default)]
pub(super) struct Twins {
    /// All codes, one after the other, and where each ends.
    codes: String,
    ends: Vec<usize>,
    born: Vec<NaiveDate>,
    /// Name and identity number, or name, sex, day of birth and guardian; with the place of the code.
    keys: Vec<(u64, u32)>,
    /// Identity number.
    numbers: Vec<(u64, u32)>,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// Codes of those who may be one person with somebody else.
    pub(super) codes: HashSet<String>,
    /// Pairs of codes with one identity number and different days of birth.
    pub(super) other_births: Vec<(String, String)>,
    /// The codes with which pieces begin. The first is before every code.
    pub(super) ranges: Vec<String>,
}

fn hash(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Twins {
    /// Adds a person. A key with an empty part agrees with nothing.
    pub(super) fn add(&mut self, who: &Who<'_>) {
        let at = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.codes.push_str(who.person);
        self.ends.push(self.codes.len());
        self.born.push(who.born);
        if !who.id_no.is_empty() {
            self.numbers.push((hash(who.id_no), at));
            if !who.name.is_empty() {
                self.keys.push((hash((1, who.name, who.id_no)), at));
            }
        }
        if !who.name.is_empty() && !who.guardian.is_empty() {
            let key = (2, who.name, who.sex.letter(), who.born, who.guardian);
            self.keys.push((hash(key), at));
        }
    }

    fn code(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.codes[start..self.ends[at]]
    }

    /// Who shares a key with somebody, and how the register is cut into pieces.
    pub(super) fn found(mut self) -> Found {
        let mut found = Found::default();
        let mut keys = std::mem::take(&mut self.keys);
        for same in shared(&mut keys) {
            found.codes.extend(same.iter().map(|(_, at)| self.code(*at as usize).to_owned()));
        }
        let mut numbers = std::mem::take(&mut self.numbers);
        for same in shared(&mut numbers) {
            let mut same: Vec<usize> = same.iter().map(|(_, at)| *at as usize).collect();
            same.sort_by(|a, b| self.code(*a).cmp(self.code(*b)));
            let others = same.iter().filter(|at| self.born[**at] != self.born[same[0]]);
            let first = self.code(same[0]).to_owned();
            let others = others.map(|at| (first.clone(), self.code(*at).to_owned()));
            found.other_births.extend(others);
        }
        found.other_births.sort_by(|a, b| a.1.cmp(&b.1));
        let mut order: Vec<usize> = (0..self.ends.len()).collect();
        order.sort_by(|a, b| self.code(*a).cmp(self.code(*b)));
        let starts = order.iter().step_by(PIECE).skip(1).map(|at| self.code(*at).to_owned());
        found.ranges = std::iter::once(String::new()).chain(starts).collect();
        found
    }
}

/// The runs of equal hashes that have more than one.
fn shared(keys: &mut [(u64, u32)]) -> impl Iterator<Item = &[(u64, u32)]> {
    keys.sort_unstable();
    keys.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Sex;

    #[test]
    fn whoever_agrees_in_a_key_is_found_and_pieces_begin_at_codes() {
        let mut twins = Twins::default();
        let born = |day| NaiveDate::from_ymd_opt(2020, 1, day).unwrap();
        let rows = [
            ("b", 1, "Li", "1", ""),
            ("a", 2, "Li", "1", "Wang"),
            ("c", 2, "Li", "", "Wang"),
            ("d", 3, "Li", "", "Wang"),
            ("e", 4, "", "1", ""),
        ];
        for (person, day, name, id_no, guardian) in rows {
            twins.add(&Who { person, born: born(day), sex: Sex::M, name, id_no, guardian });
        }
        let many: Vec<String> = (0..PIECE).map(|n| format!("x{n:05}")).collect();
        for person in &many {
            let (name, id_no, guardian) = ("", "", "");
            twins.add(&Who { person, born: born(1), sex: Sex::U, name, id_no, guardian });
        }
        let found = twins.found();
        let mut codes: Vec<&String> = found.codes.iter().collect();
        codes.sort();
        assert_eq!(codes, ["a", "b", "c"]);
        let other = [("a", "b"), ("a", "e")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(found.other_births, other);
        assert_eq!(found.ranges, ["", "x01995"]);
    }
}
