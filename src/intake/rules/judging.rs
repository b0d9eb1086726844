//! Builds the judge of a campaign: the dose rules that decide which of its doses count.

use super::builder::padded;
use super::embedded::FILES;
use super::rules_of;
use super::series_file::parse;
use super::series_form::SeriesFile;
use crate::domain::campaign::Campaign;
use crate::domain::judge::{Among, Asks, Judge};
use crate::domain::rules::Rules;
use crate::domain::rules::model::{AgeId, Kind, VaccineGroupId, VaccineId};
use crate::domain::series::Series;
use crate::intake::issue::Issue;
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The series files that the program brings, by name. A test reads them all, so they are sound.
static SERIES: LazyLock<Vec<(&str, SeriesFile)>> = LazyLock::new(|| {
    let read = |(name, text): &(&'static str, &str)| Some((*name, parse(name, text).ok()?));
    FILES.iter().filter_map(read).collect()
});

/// Their rules.
static PROGRAMME: LazyLock<Rules> = LazyLock::new(|| {
    let files = SERIES.iter().map(|(name, file)| (*name, Ok(file)));
    rules_of(files).map(|found| found.rules).unwrap_or_default()
});

/// The judge of a campaign. Fails with the issues of its series where the dose rules refuse it.
pub fn judge_of(campaign: &Campaign) -> Result<Judge, Vec<Issue>> {
    match &campaign.catch_up {
        Some(catch_up) => {
            let rules = PROGRAMME.clone();
            let groups = asked(&rules, &catch_up.vaccines);
            let asks = Asks::CatchUp { groups, from: campaign.start, to: campaign.end };
            Ok(Judge { rules, asks, others: BTreeSet::new(), among: Among::default(), alone: None })
        }
        None => of_series(campaign),
    }
}

/// The vaccine groups that a catch-up campaign asks for. Each of `names` is the name of a group or the code
/// of a vaccine that protects against one of its antigens; without names it is the whole programme.
fn asked(rules: &Rules, names: &[String]) -> Vec<VaccineGroupId> {
    let numbered = (0_u16..).map(VaccineGroupId).zip(&rules.groups);
    let holds = |group: &crate::domain::rules::model::VaccineGroup, code: &str| {
        let vaccine = rules.vaccine_by_code.get(padded(code, 2).as_str());
        let parts = vaccine.map(|id| &rules.vaccines[usize::from(id.0)].antigens);
        parts.is_some_and(|parts| parts.iter().any(|part| group.antigens.contains(&part.antigen)))
    };
    numbered
        .filter(|(_, group)| {
            names.is_empty() && group.is_programme
                || names.iter().any(|name| *name == *group.name || holds(group, name))
        })
        .map(|(id, _)| id)
        .collect()
}

/// Names by which a catch-up campaign may ask for vaccines: vaccine groups and vaccine codes.
pub fn vaccine_names() -> impl Iterator<Item = &'static str> {
    let groups = PROGRAMME.groups.iter().map(|group| &*group.name);
    groups.chain(PROGRAMME.vaccine_by_code.keys().map(|code| &**code))
}

/// The name that issues give to a campaign's own series.
const OWN: &str = "series.toml";

/// The judge of a campaign of one series. Whom the series is for, the campaign's groups say, so its
/// cohorts are dropped. The program's other series come in only where this one must keep apart from them.
fn of_series(campaign: &Campaign) -> Result<Judge, Vec<Issue>> {
    let own = whole(&campaign.series).map_err(|issue| without_rows(vec![issue]))?;
    let others = SERIES.iter().filter(|(_, file)| file.id != own.id && file.keeps_apart());
    let others = others.filter(|_| own.keeps_apart());
    let files = std::iter::once((OWN, &own)).chain(others.map(|(name, file)| (*name, file)));
    let mut rules =
        rules_of(files.map(|(name, file)| (name, Ok(file)))).map_err(without_rows)?.rules;
    // The first file's series is the first of the first antigen.
    let Some(first) = rules.antigens.first_mut() else { return Err(Vec::new()) };
    first.series.truncate(1);
    let Some(series) = first.series.first_mut() else { return Err(Vec::new()) };
    series.sexes.clear();
    (series.born_from, series.born_before) = (NaiveDate::MIN, NaiveDate::MAX);
    (series.start_before, series.kind, series.is_default) = (AgeId::NONE, Kind::Standard, true);
    let doses = u8::try_from(series.doses.len()).unwrap_or(u8::MAX);
    let vaccine = series.doses.first().and_then(|dose| dose.preferable.first());
    let vaccine = vaccine.map_or(VaccineId(0), |row| row.vaccine);
    let is_own = |code: &str| rules.vaccine_by_code.contains_key(code);
    let others = PROGRAMME.vaccine_by_code.keys().filter(|code| !is_own(code)).cloned().collect();
    let asks = Asks::Series { own: vaccine, doses };
    Ok(Judge { asks, rules, others, among: Among::default(), alone: own.alone })
}

/// All that a series says. A series with keys that only the dose rules read is kept as the file that
/// it was read from.
fn whole(series: &Series) -> Result<SeriesFile, Issue> {
    match &series.rules {
        Some(text) => parse(OWN, text),
        None => Ok(SeriesFile::from(series)),
    }
}

/// Issues without their rows: the kept text is not laid out as the user's file was.
fn without_rows(issues: Vec<Issue>) -> Vec<Issue> {
    issues.into_iter().map(|issue| Issue { row: None, ..issue }).collect()
}
