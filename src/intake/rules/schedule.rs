//! Reads `ScheduleSupportingData.xml`: the antigens of each vaccine, vaccine groups, vaccines that must keep apart.

use super::reading::{Reading, parts};
use super::xml::Element;
use crate::domain::rules::model::{Association, Conflict};

/// Reads the file into the builder. Returns the names of the antigens in the order of their groups.
pub(super) fn read(reading: &mut Reading<'_>, root: &Element) -> Vec<Box<str>> {
    reading.known(
        root,
        &[
            "liveVirusConflicts",
            "vaccineGroups",
            "vaccineGroupToAntigenMap",
            "cvxToAntigenMap",
            "observations",
        ],
    );
    for name in ["vaccineGroups", "vaccineGroupToAntigenMap", "cvxToAntigenMap"] {
        if root.child(name).is_none() {
            reading.error("missing_element", root, name, name);
        }
    }
    let antigens = read_groups(reading, root);
    // A value that is not understood costs the vaccine or the pair of vaccines that it stands in.
    let before = reading.issues.len();
    for list in root.each("cvxToAntigenMap") {
        reading.known(list, &["cvxMap"]);
        for map in list.each("cvxMap") {
            read_vaccine(reading, map, &antigens);
        }
    }
    for list in root.each("liveVirusConflicts") {
        reading.known(list, &["liveVirusConflict"]);
        for conflict in list.each("liveVirusConflict") {
            read_conflict(reading, conflict);
        }
    }
    for list in root.each("observations") {
        reading.known(list, &["observation"]);
        for observation in list.each("observation") {
            read_observation(reading, observation);
        }
    }
    reading.forgive(before);
    antigens
}

fn read_groups(reading: &mut Reading<'_>, root: &Element) -> Vec<Box<str>> {
    for list in root.each("vaccineGroups") {
        reading.known(list, &["vaccineGroup"]);
        for group in list.each("vaccineGroup") {
            reading.known(group, &["name", "administerFullVaccineGroup"]);
            let name = reading.required(group, "name");
            let full = reading.yes(group, "administerFullVaccineGroup");
            let id = reading.builder.group(name);
            reading.builder.group_mut(id).full = full;
        }
    }
    let mut antigens: Vec<Box<str>> = Vec::new();
    for list in root.each("vaccineGroupToAntigenMap") {
        reading.known(list, &["vaccineGroupMap"]);
        for map in list.each("vaccineGroupMap") {
            reading.known(map, &["name", "antigen"]);
            let group = reading.required(map, "name");
            let group = reading.builder.group(group);
            for antigen in map.each("antigen") {
                let name = antigen.text();
                if antigens.iter().any(|known| **known == *name) {
                    reading.error("duplicate_antigen", antigen, "vaccineGroupMap/antigen", name);
                } else if !name.is_empty() {
                    antigens.push(name.into());
                    let id = reading.builder.antigen(name);
                    reading.builder.group_mut(group).antigens.push(id);
                }
            }
        }
    }
    antigens
}

fn read_vaccine(reading: &mut Reading<'_>, map: &Element, antigens: &[Box<str>]) {
    reading.known(map, &["cvx", "shortDescription", "association"]);
    let code = reading.required(map, "cvx");
    if code.is_empty() {
        return;
    }
    let vaccine = reading.builder.vaccine(code);
    if !reading.builder.rules.vaccines[usize::from(vaccine.0)].antigens.is_empty() {
        reading.error("duplicate_code", map, "cvxMap/cvx", code);
        return;
    }
    for part in map.each("association") {
        reading.known(part, &["antigen", "associationBeginAge", "associationEndAge"]);
        let antigen = reading.required(part, "antigen");
        if !antigen.is_empty() && !antigens.iter().any(|known| **known == *antigen) {
            reading.error("unknown_antigen", part, "association/antigen", antigen);
            continue;
        }
        let begin = reading.age(part, "associationBeginAge");
        let end = reading.age(part, "associationEndAge");
        let antigen = reading.builder.antigen(antigen);
        reading.builder.associate(vaccine, Association { antigen, begin, end });
    }
}

fn read_conflict(reading: &mut Reading<'_>, conflict: &Element) {
    reading.known(
        conflict,
        &[
            "previous",
            "current",
            "conflictBeginInterval",
            "minConflictEndInterval",
            "conflictEndInterval",
        ],
    );
    let mut codes = [""; 2];
    for (code, name) in codes.iter_mut().zip(["previous", "current"]) {
        let Some(side) = conflict.child(name) else {
            reading.error("missing_element", conflict, name, name);
            return;
        };
        reading.known(side, &["vaccineType", "cvx"]);
        *code = reading.required(side, "cvx");
    }
    let begin = reading.wait(conflict, "conflictBeginInterval");
    let end_min = reading.wait(conflict, "minConflictEndInterval");
    let end = reading.wait(conflict, "conflictEndInterval");
    let (Some(begin), Some(end)) = (begin, end.or(end_min)) else {
        reading.error("missing_element", conflict, "conflictEndInterval", "conflictEndInterval");
        return;
    };
    let end_min = end_min.unwrap_or(end);
    for previous in parts(codes[0]) {
        let previous = reading.builder.vaccine(previous);
        for current in parts(codes[1]) {
            let current = reading.builder.vaccine(current);
            reading.builder.conflict(current, Conflict { previous, begin, end_min, end });
        }
    }
}

fn read_observation(reading: &mut Reading<'_>, observation: &Element) {
    reading.known(
        observation,
        &[
            "observationCode",
            "observationTitle",
            "group",
            "indicationText",
            "contraindicationText",
            "clarifyingText",
            "codedValues",
        ],
    );
    let code = reading.required(observation, "observationCode");
    if !code.is_empty() {
        reading.builder.observation(code);
    }
}
