//! What `doseplan schools` prints and writes.

use super::Invocation;
use super::output::{Format, NONE, Sheet, harmless};
use crate::app::Loaded;
use crate::app::schools::{
    ClassLine, MatchedLists, PaperBook, TakenConsents, VisitedSchools, Withdrawn,
};
use crate::domain::schools::ChildState;
use chrono::NaiveTime;
use std::path::Path;

pub(super) fn state_word(invocation: &Invocation, state: ChildState) -> String {
    match invocation.out.format {
        Format::Table => {
            invocation.out.word(&format!("schools-state-{}", state.word().replace('_', "-")))
        }
        Format::Json | Format::Csv => state.to_string(),
    }
}

pub(super) fn by_school(invocation: &Invocation, found: &MatchedLists) {
    let mut sheet = Sheet::new(&[
        "school",
        "name",
        "rows",
        "children",
        "known",
        "unknown",
        "to_decide",
        "not_on_list",
    ]);
    for one in &found.schools {
        let mut cells = vec![one.school.clone(), harmless(&one.name)];
        let counts = [one.rows, one.children, one.known, one.new, one.to_decide, one.left];
        cells.extend(counts.map(|count| count.to_string()));
        sheet.push(cells);
    }
    invocation.out.sheet(&sheet);
}

pub(super) fn shown(invocation: &Invocation, found: &MatchedLists) -> Sheet {
    let mut sheet =
        Sheet::new(&["state", "row", "list", "class", "name", "born", "person", "candidates"]);
    let joined = |codes: &[crate::domain::id::PersonId]| {
        codes.iter().map(|code| harmless(code.as_str())).collect::<Vec<_>>().join(" ")
    };
    for child in &found.shown {
        sheet.push(vec![
            state_word(invocation, child.state),
            child.rows.join(" "),
            harmless(&child.list),
            harmless(&child.class),
            harmless(&child.name),
            child.born.to_string(),
            joined(&child.persons),
            [joined(&child.candidates), child.alike.join(" ")].join(" ").trim().to_owned(),
        ]);
    }
    sheet
}

pub(super) fn consent_told(
    invocation: &Invocation,
    loaded: &Loaded,
    path: &Path,
    done: &TakenConsents,
) {
    withdrawn_told(invocation, loaded, &done.withdrawn);
    if let Some(errors) = &done.errors_file {
        let said: [(&str, &dyn std::fmt::Display); 3] =
            [("file", &path.display()), ("count", &done.refused), ("errors", &errors.display())];
        invocation.out.note("schools-consent-refused", &said);
    }
}

/// Names those who stand on a printed list and refuse now.
pub(super) fn withdrawn_told(invocation: &Invocation, loaded: &Loaded, all: &[Withdrawn]) {
    for one in all {
        let area = loaded.campaign.area(one.school.as_str());
        let school = area.map_or_else(|| one.school.to_string(), |area| harmless(&area.name));
        let (person, class) = (harmless(one.person.as_str()), harmless(&one.class));
        let said: [(&str, &dyn std::fmt::Display); 4] =
            [("person", &person), ("school", &school), ("class", &class), ("date", &one.day)];
        invocation.out.note("schools-withdrawn", &said);
    }
}

pub(super) fn visited(found: &VisitedSchools) -> Sheet {
    let columns = [
        "date", "team", "place", "school", "name", "round", "class", "group", "opens", "closes",
        "doses",
    ];
    let mut sheet = Sheet::new(&columns);
    for visit in &found.plan.visits {
        let name = found.names.get(&visit.school).map(|name| harmless(name)).unwrap_or_default();
        for class in &visit.classes {
            let clock = |time: NaiveTime| time.format("%H:%M").to_string();
            sheet.push(vec![
                visit.day.to_string(),
                visit.team.to_string(),
                visit.stop.to_string(),
                visit.school.to_string(),
                name.clone(),
                visit.round.to_string(),
                harmless(&class.class),
                class.group.to_string(),
                clock(class.hours.opens),
                clock(class.hours.closes),
                class.doses.to_string(),
            ]);
        }
    }
    sheet
}

pub(super) fn by_days(invocation: &Invocation, found: &VisitedSchools) {
    let mut sheet = Sheet::new(&["school", "name", "pupils", "doses_max", "days", "bound"]);
    for one in &found.plan.schools {
        let name = found.names.get(&one.school).map(|name| harmless(name)).unwrap_or_default();
        let mut cells = vec![one.school.to_string(), name];
        let counts = [one.pupils, one.doses_max, one.days, one.bound];
        cells.extend(counts.map(|count| count.to_string()));
        sheet.push(cells);
    }
    invocation.out.sheet(&sheet);
}

/// Writes a workbook for each school into a folder.
pub(super) fn write(
    invocation: &Invocation,
    dir: &Path,
    books: &[PaperBook],
) -> anyhow::Result<()> {
    crate::files::create_dir_all(dir).map_err(|error| invocation.out.not_written(dir, &error))?;
    for book in books {
        let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
        let stem = format!("{}-{}", book.school, book.name);
        let stem: String = stem.chars().map(plain).take(60).collect();
        let path = dir.join(format!("{stem}.xlsx"));
        crate::files::write(&path, &book.bytes)
            .map_err(|error| invocation.out.not_written(&path, &error))?;
    }
    Ok(())
}

/// The columns of doses by number; no series of a school has more.
const DOSES: [&str; 3] = ["dose1", "dose2", "dose3"];

/// The figures of classes, and their sums for people. `doses`: of the longest series that is shown.
pub(super) fn class_sheet(invocation: &Invocation, doses: usize, found: &[ClassLine]) -> Sheet {
    let doses = doses.min(DOSES.len());
    let mut columns: Vec<String> =
        ["school", "name", "class", "eligible", "agreed", "refused", "not_returned"]
            .map(str::to_owned)
            .to_vec();
    columns.extend(DOSES.iter().take(doses).map(|code| (*code).to_owned()));
    columns.extend(["missed".to_owned()]);
    let heads: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new(&heads);
    let mut sums: Vec<Option<u32>> = vec![None; doses + 5];
    let said = |number: &Option<u32>| number.map_or(NONE.to_owned(), |one| one.to_string());
    for line in found {
        let count = &line.count;
        let mut numbers = [count.eligible, count.yes, count.no, count.open].map(Some).to_vec();
        numbers.extend((0..doses).map(|dose| count.given.get(dose).copied()));
        numbers.push(Some(count.missed));
        for (sum, number) in sums.iter_mut().zip(&numbers) {
            *sum = number.map(|number| sum.unwrap_or_default() + number).or(*sum);
        }
        let mut cells =
            vec![line.at.school.to_string(), harmless(&line.name), harmless(&line.at.class)];
        cells.extend(numbers.iter().map(said));
        sheet.push(cells);
    }
    if invocation.out.format == Format::Table {
        let mut cells = vec![invocation.out.word("schools-sum"), NONE.to_owned(), NONE.to_owned()];
        cells.extend(sums.iter().map(|sum| said(&Some(sum.unwrap_or_default()))));
        sheet.push(cells);
    }
    sheet
}

/// Says who gets no visit, and how many days there are against the bound.
pub(super) fn visits_told(invocation: &Invocation, found: &VisitedSchools, is_saved: bool) {
    let out = invocation.out;
    for one in &found.plan.unvisited {
        let school = found.names.get(&one.school).map(|name| harmless(name));
        let school = school.unwrap_or_else(|| one.school.to_string());
        let why = out.word(&format!("schools-none-{}", one.why.word().replace('_', "-")));
        let said: [(&str, &dyn std::fmt::Display); 4] =
            [("school", &school), ("dose", &one.round), ("doses", &one.doses), ("why", &why)];
        out.note("schools-unvisited", &said);
    }
    for one in &found.above {
        let area = found.names.get(&one.area).map(|name| harmless(name)).unwrap_or_default();
        let said: [(&str, &dyn std::fmt::Display); 3] =
            [("area", &area), ("group", &one.group), ("people", &one.people)];
        out.note("schools-above", &said);
    }
    let (days, bound) =
        found.plan.schools.iter().fold((0, 0), |sum, one| (sum.0 + one.days, sum.1 + one.bound));
    let (visits, schools) = (found.plan.visits.len(), found.plan.schools.len());
    let said: [(&str, &dyn std::fmt::Display); 5] = [
        ("visits", &visits),
        ("schools", &schools),
        ("days", &days),
        ("bound", &bound),
        ("kept", &found.kept.len()),
    ];
    out.note("schools-visits", &said);
    out.note(if is_saved { "schools-visits-saved" } else { "schools-visits-not-saved" }, &[]);
}
