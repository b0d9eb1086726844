//! The files of an exported roster: a calendar for each person, a duty sheet for each site and team.

use super::Invocation;
use crate::domain::jurisdiction::{Jurisdiction, StaffMember};
use crate::domain::roster::Duty;
use crate::intake::csv_out;
use crate::mail::duty_calendar;
use std::collections::{BTreeMap, BTreeSet};

/// A name for a file, of a code that may hold anything: no two are equal.
fn file_name(code: &str, ending: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let stem: String = code.chars().map(plain).collect();
    let mut name = format!("{stem}.{ending}");
    let mut number = 2;
    // File systems that ignore case would put two codes into one file.
    while !taken.insert(name.to_lowercase()) {
        name = format!("{stem}-{number}.{ending}");
        number += 1;
    }
    name
}

/// Names and contents of the files.
pub(super) fn files(
    invocation: &Invocation,
    of: &Jurisdiction,
    duties: &[Duty],
) -> Vec<(String, String)> {
    let mut of_person: BTreeMap<&str, Vec<&Duty>> = BTreeMap::new();
    let mut of_place: BTreeMap<&str, Vec<&Duty>> = BTreeMap::new();
    for duty in duties {
        of_person.entry(duty.staff.as_str()).or_default().push(duty);
        of_place.entry(&duty.place).or_default().push(duty);
    }
    let (mut out, mut taken) = (Vec::new(), BTreeSet::new());
    for member in &of.staff {
        if let Some(duties) = of_person.get(member.code.as_str()) {
            let name = file_name(member.code.as_str(), "ics", &mut taken);
            let language = invocation.out.language;
            out.push((name, duty_calendar::file(of, language, member, duties)));
        }
    }
    let names: BTreeMap<&str, &StaffMember> =
        of.staff.iter().map(|one| (one.code.as_str(), one)).collect();
    for (place, mut duties) in of_place {
        duties.sort();
        let name = file_name(place, "csv", &mut taken);
        out.push((name, sheet(invocation, &names, &duties)));
    }
    out
}

/// The duty sheet of a place, for Excel: a row for each duty, and a column to sign in.
fn sheet(
    invocation: &Invocation,
    names: &BTreeMap<&str, &StaffMember>,
    duties: &[&Duty],
) -> String {
    let heads = ["date", "role", "staff", "name", "phone", "signed"];
    let heads = heads.map(|code| invocation.out.word(&format!("column-{code}")));
    let mut text = csv_out::BOM.to_owned() + &csv_out::line(heads);
    for duty in duties {
        let member = names.get(duty.staff.as_str());
        text += &csv_out::line([
            duty.date.to_string(),
            invocation.out.word(&format!("duty-role-{}", duty.role)),
            duty.staff.to_string(),
            member.map(|one| one.name.clone()).unwrap_or_default(),
            member.and_then(|one| one.phone.clone()).unwrap_or_default(),
            String::new(),
        ]);
    }
    text
}
