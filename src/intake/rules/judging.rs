//! The rules that a campaign's doses are judged by.

use super::builder::padded;
use super::{embedded, series};
use crate::domain::campaign::Campaign;
use crate::domain::judge::{Asks, Judge};
use crate::domain::rules::Rules;
use crate::domain::rules::model::{AgeId, Kind, VaccineGroupId, VaccineId};
use crate::intake::issue::Issue;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The rules that the program brings; a test reads them all, so they are sound.
static PROGRAMME: LazyLock<Rules> =
    LazyLock::new(|| embedded().map(|found| found.rules).unwrap_or_default());

/// A campaign's judge.
pub fn judge(campaign: &Campaign) -> Result<Judge, Vec<Issue>> {
    match &campaign.catch_up {
        Some(catch_up) => {
            let rules = PROGRAMME.clone();
            let groups = asked(&rules, &catch_up.vaccines);
            let asks = Asks::CatchUp { groups, from: campaign.start, to: campaign.end };
            Ok(Judge { rules, asks, others: BTreeSet::new() })
        }
        None => of_series(campaign),
    }
}

/// The vaccine groups that a catch-up campaign asks for: those that it names, by name or by a vaccine
/// of theirs, else the programme's.
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

/// Names that a catch-up campaign may use: vaccine groups and vaccine codes.
pub fn vaccine_names() -> impl Iterator<Item = &'static str> {
    let groups = PROGRAMME.groups.iter().map(|group| &*group.name);
    groups.chain(PROGRAMME.vaccine_by_code.keys().map(|code| &**code))
}

/// One series, whoever it is meant for: the campaign's groups say that. Other vaccines matter only
/// where this one must keep apart from them.
fn of_series(campaign: &Campaign) -> Result<Judge, Vec<Issue>> {
    const OWN: &str = "series.toml";
    let own = &campaign.series;
    let plain = || Cow::Owned(toml::to_string(own).unwrap_or_default());
    let text = own.rules.as_deref().map_or_else(plain, Cow::Borrowed);
    let text: &str = &text;
    let keeps_apart = |text: &str| text.contains("live =") || text.contains("after =");
    let mut files = vec![(OWN, text)];
    if keeps_apart(text) {
        let id = format!("{}.toml", own.id);
        files
            .extend(embedded::FILES.iter().filter(|(name, text)| *name != id && keeps_apart(text)));
    }
    // The text is not the file's own: its rows would mislead.
    let without_rows = |issues: Vec<Issue>| {
        let without = |issue: Issue| Issue { row: None, ..issue };
        issues.into_iter().map(without).collect::<Vec<_>>()
    };
    let mut rules = series(&files).map_err(without_rows)?.rules;
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
    Ok(Judge { asks: Asks::Series { own: vaccine, doses }, rules, others })
}
