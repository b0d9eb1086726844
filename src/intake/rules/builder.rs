//! Collects rules from any kind of file: numbers vaccines, antigens, groups and ages, and reads small values.

use crate::domain::rules::model::{
    AgeId, Antigen, AntigenId, Association, Conflict, Conflicts, ObservationId, Rules, Vaccine,
    VaccineGroupId, VaccineId, Wait,
};
use crate::domain::series::{Duration, MonthEnd};
use crate::intake::values::half_width;
use std::collections::{BTreeMap, HashMap};

/// Rules that are being collected.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) rules: Rules,
    ages: HashMap<(Duration, MonthEnd), AgeId>,
    antigens: BTreeMap<Box<str>, AntigenId>,
    groups: BTreeMap<Box<str>, VaccineGroupId>,
}

/// Most entries of one kind. Numbers have 16 bits, and the last one means none.
const PLACES_MAX: usize = 60_000;

fn next_place(len: usize) -> u16 {
    u16::try_from(len.min(PLACES_MAX)).unwrap_or(u16::MAX - 1)
}

impl Builder {
    /// The number of a vaccine code.
    pub(super) fn vaccine(&mut self, code: &str) -> VaccineId {
        let code = padded(code, 2);
        if let Some(id) = self.rules.vaccine_by_code.get(code.as_str()) {
            return *id;
        }
        let id = VaccineId(next_place(self.rules.vaccines.len()));
        let vaccine = Vaccine { code: code.as_str().into(), ..Vaccine::default() };
        self.rules.vaccines.push(vaccine);
        self.rules.conflicts.push(Conflicts::default());
        self.rules.vaccine_by_code.insert(code.into(), id);
        id
    }

    /// The number of an observation code.
    pub(super) fn observation(&mut self, code: &str) -> ObservationId {
        let code = padded(code, 3);
        if let Some(id) = self.rules.observation_by_code.get(code.as_str()) {
            return *id;
        }
        let id = ObservationId(next_place(self.rules.observations.len()));
        self.rules.observations.push(code.as_str().into());
        self.rules.observation_by_code.insert(code.into(), id);
        id
    }

    /// The number of an antigen.
    pub(super) fn antigen(&mut self, name: &str) -> AntigenId {
        if let Some(id) = self.antigens.get(name) {
            return *id;
        }
        let id = AntigenId(next_place(self.rules.antigens.len()));
        self.rules.antigens.push(Antigen { name: name.into(), ..Antigen::default() });
        self.antigens.insert(name.into(), id);
        id
    }

    /// The number of a vaccine group.
    pub(super) fn group(&mut self, name: &str) -> VaccineGroupId {
        if let Some(id) = self.groups.get(name) {
            return *id;
        }
        let id = VaccineGroupId(next_place(self.rules.groups.len()));
        let antigens = Vec::new();
        let (full, is_programme) = (false, false);
        let name_kept = name.into();
        let group = crate::domain::rules::model::VaccineGroup {
            name: name_kept,
            full,
            is_programme,
            antigens,
        };
        self.rules.groups.push(group);
        self.groups.insert(name.into(), id);
        id
    }

    /// The number of an age.
    pub(super) fn age(&mut self, duration: Option<Duration>, month_end: MonthEnd) -> AgeId {
        let Some(duration) = duration else { return AgeId::NONE };
        let next = AgeId(next_place(self.rules.ages.len()));
        let ages = &mut self.rules.ages;
        *self.ages.entry((duration, month_end)).or_insert_with(|| {
            ages.push(Wait { duration, month_end });
            next
        })
    }

    pub(super) fn associate(&mut self, vaccine: VaccineId, association: Association) {
        self.rules.vaccines[usize::from(vaccine.0)].antigens.push(association);
        self.know(vaccine);
    }

    /// Marks a vaccine as one that the rules know.
    pub(super) fn know(&mut self, vaccine: VaccineId) {
        self.rules.vaccines[usize::from(vaccine.0)].is_known = true;
    }

    pub(super) fn conflict(&mut self, current: VaccineId, conflict: Conflict) {
        self.rules.conflicts[usize::from(current.0)].push(conflict);
    }

    pub(super) fn antigen_mut(&mut self, id: AntigenId) -> &mut Antigen {
        &mut self.rules.antigens[usize::from(id.0)]
    }

    pub(super) fn group_mut(
        &mut self,
        id: VaccineGroupId,
    ) -> &mut crate::domain::rules::model::VaccineGroup {
        &mut self.rules.groups[usize::from(id.0)]
    }
}

/// A code in the form in which codes are compared: a number has leading zeros up to `width` digits and no more,
/// whether it was typed as `3`, `003`, `３` or `3.0`; any other code is unchanged.
pub(crate) fn padded(code: &str, width: usize) -> String {
    let code = half_width(code.trim());
    let whole = code.split_once('.').map_or(&*code, |(whole, rest)| {
        if rest.bytes().all(|byte| byte == b'0') { whole } else { &*code }
    });
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return code.into_owned();
    }
    let digits = whole.trim_start_matches('0');
    format!("{digits:0>width$}")
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn leading_zeros_of_a_code_mean_nothing() {
        for code in ["3", "03", "003", " 3 ", "３", "3.0", "0003.00"] {
            assert_eq!(padded(code, 2), "03", "{code}");
        }
        assert_eq!(padded("062", 2), "62");
        assert_eq!(padded("0207", 2), "207");
        assert_eq!(padded("0", 2), "00");
        assert_eq!(padded("0007", 3), "007");
        for code in ["", "MMR", "3.5", "DTaP-IPV/Hib", "."] {
            assert_eq!(padded(code, 2), code);
        }
    }
}
