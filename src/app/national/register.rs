//! The official figures from the register: its persons with their managing units, their doses, and the sites and areas
//! of the jurisdiction.

use super::National;
use crate::app::{App, Loaded, Result, millis};
use crate::domain::area::Area;
use crate::domain::date::{day_end, day_of};
use crate::domain::dose::Dose;
use crate::domain::id::{AreaCode, CampaignNo};
use crate::domain::jurisdiction::{AreaLevel, AreaRow, Jurisdiction};
use crate::domain::national::{
    CountingOptions, MergedTownships, NationalChoices, Township, UnitKind, VaccinationUnit,
};
use crate::domain::person::Person;
use crate::intake::Issue;
use crate::intake::national::{Register, RuleChoices, national_rules};
use crate::store::{Tx, records};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Since when which units have managed each person, by the person's code.
type Moves = HashMap<String, Vec<(NaiveDate, String)>>;

impl App {
    /// Counts from the register, as it was known at the end of `known_on`. What `choices` does
    /// not say is as the jurisdiction says. `Err` inside: the rules cannot be
    /// used.
    ///
    /// A person's managing unit is their `unit`; where a later file said another one, the person moved on the day on
    /// which it was imported. The unit of a dose is its site. A product that is no code is the vaccine of the campaign
    /// under which the dose was recorded. A township is the area of that level above the site; where no level is
    /// said, the area below the highest one.
    pub async fn national(
        &self,
        rules: Option<&Path>,
        choices: NationalChoices,
        known_on: Option<NaiveDate>,
    ) -> Result<std::result::Result<National, Vec<Issue>>> {
        let places = self.jurisdiction().await?;
        let choices = places.as_ref().map_or(choices.clone(), |it| choices.or(&it.national));
        let options =
            CountingOptions { keeps_out_files: choices.keeps_out_files == Some(true), known_on };
        let mut rules = match national_rules(rules, &RuleChoices::of(&choices)) {
            Ok(rules) => rules,
            Err(issues) => return Ok(Err(issues)),
        };
        let campaigns = self.campaigns().await?;
        let zone = match (&places, campaigns.first()) {
            (Some(places), _) => places.timezone,
            (None, Some(loaded)) => loaded.campaign.timezone,
            (None, None) => Tz::UTC,
        };
        let before = options.known_on.map_or(i64::MAX, |day| millis(day_end(zone, day)));
        let (units, townships) = places.as_ref().map(units_of).unwrap_or_default();
        let mut register = Register::new(&mut rules, units, townships);
        let mut tx = self.store.read().await?;
        let moves = moves(&mut tx, before, zone).await?;
        let none = Vec::new();
        records::each_known(&mut tx, before, |person: Person| {
            register.person(&person, moves.get(person.id.as_str()).unwrap_or(&none));
        })
        .await?;
        let vaccines = vaccines(&campaigns);
        records::each_known(&mut tx, before, |dose: Dose| {
            let own = dose.campaign.and_then(|campaign| vaccines.get(&campaign));
            let named = dose.product.as_deref().map(str::trim).filter(|name| !name.is_empty());
            // A name in words says nothing that the campaign does not.
            let code = named.filter(|name| own.is_none() || name.is_ascii());
            register.dose(&dose, code.or(own.map(String::as_str)).unwrap_or("?"));
        })
        .await?;
        drop(tx);
        let folder = register.finish();
        let townships = MergedTownships::of(&folder.townships, rules.townships.residents_min);
        Ok(Ok(National { rules, folder, townships, options }))
    }
}

/// The vaccine that each campaign gives.
fn vaccines(campaigns: &[Loaded]) -> HashMap<CampaignNo, String> {
    let own = |loaded: &Loaded| Some((loaded.no, loaded.judge.own_code()?.to_owned()));
    campaigns.iter().filter_map(own).collect()
}

/// The people who have had several managing units.
async fn moves(tx: &mut Tx, before: i64, zone: Tz) -> Result<Moves> {
    let mut units: HashMap<String, Vec<(i64, NaiveDate, Option<String>)>> = HashMap::new();
    records::each_replaced(tx, before, |person: Person, at| {
        let version = (at, person.born, person.more.unit);
        units.entry(person.id.as_str().to_owned()).or_default().push(version);
    })
    .await?;
    let codes: Vec<String> = units.keys().cloned().collect();
    for (code, now) in records::find::<Person>(tx, codes.iter().map(String::as_str)).await? {
        if now.recorded_at < before
            && let Some(known) = units.get_mut(&code)
        {
            known.push((now.recorded_at, now.value.born, now.value.more.unit));
        }
    }
    let mut out = Moves::new();
    for (code, mut versions) in units {
        versions.sort();
        let mut moves: Vec<(NaiveDate, String)> = Vec::new();
        for (at, born, unit) in versions {
            let Some(unit) = unit else { continue };
            if moves.last().is_none_or(|(_, last)| *last != unit) {
                // The first unit has managed the person from birth.
                let at = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
                let since = if moves.is_empty() { born } else { day_of(zone, at) };
                moves.push((since, unit));
            }
        }
        if moves.len() > 1 {
            out.insert(code, moves);
        }
    }
    Ok(out)
}

/// The sites as vaccination units, and the townships.
fn units_of(places: &Jurisdiction) -> (Vec<VaccinationUnit>, Vec<Township>) {
    let tree = Tree::of(places);
    let units = places.sites.iter().map(|row| {
        let (county, township) = tree.county_and_township(&row.site.area);
        VaccinationUnit {
            code: row.site.code.to_string(),
            name: row.site.name.clone(),
            township: township.to_string(),
            county: county.to_string(),
            kind: UnitKind::Routine,
        }
    });
    let townships = places.areas.iter().filter(|row| row.level == Some(AreaLevel::Township));
    let townships = townships.map(|row| {
        let (county, _) = tree.county_and_township(&row.area.code);
        Township {
            code: row.area.code.to_string(),
            county: county.to_string(),
            population: row.population.map(u64::from),
            merged_as: row.merged.as_ref().map(|it| it.into.to_string()).unwrap_or_default(),
        }
    });
    (units.collect(), townships.collect())
}

/// The areas with what lies above them.
struct Tree<'a>(BTreeMap<&'a AreaCode, &'a AreaRow>);

impl<'a> Tree<'a> {
    fn of(places: &'a Jurisdiction) -> Self {
        Self(places.areas.iter().map(|row| (&row.area.code, row)).collect())
    }

    /// The area and all above it, the lowest first.
    fn way_up(&self, area: &AreaCode) -> Vec<&'a AreaRow> {
        let mut way: Vec<&AreaRow> = Vec::new();
        let mut at = self.0.get(area).copied();
        while let Some(row) =
            at.filter(|row| way.iter().all(|seen| seen.area.code != row.area.code))
        {
            way.push(row);
            let Area { parent, .. } = &row.area;
            at = parent.as_ref().and_then(|parent| self.0.get(parent).copied());
        }
        way
    }

    /// The codes of the county and of the township that an area is in, or is.
    fn county_and_township(&self, area: &AreaCode) -> (AreaCode, AreaCode) {
        let way = self.way_up(area);
        let code = |at: usize| way.get(at).map_or(area, |row| &row.area.code).clone();
        let of = |level: AreaLevel| way.iter().position(|row| row.level == Some(level));
        let county = of(AreaLevel::County).unwrap_or(way.len().saturating_sub(1));
        let below = county.saturating_sub(1);
        (code(county), code(of(AreaLevel::Township).unwrap_or(below)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: &str, parent: &str, level: Option<AreaLevel>) -> AreaRow {
        let area = Area {
            code: code.into(),
            name: code.to_owned(),
            parent: (!parent.is_empty()).then(|| parent.into()),
            point: None,
        };
        AreaRow { level, ..AreaRow::plain(area) }
    }

    #[test]
    fn a_site_is_in_the_township_above_it_whether_levels_are_said_or_not() {
        let (county, township) = (AreaLevel::County, AreaLevel::Township);
        let said = [
            row("P", "", Some(AreaLevel::Prefecture)),
            row("C", "P", Some(county)),
            row("T", "C", Some(township)),
            row("V", "T", Some(AreaLevel::Village)),
        ];
        let unsaid = [row("C", "", None), row("T", "C", None), row("V", "T", None)];
        for rows in [&said[..], &unsaid] {
            let tree = Tree(rows.iter().map(|row| (&row.area.code, row)).collect());
            for area in ["T", "V"] {
                let found = tree.county_and_township(&area.into());
                assert_eq!((found.0.as_str(), found.1.as_str()), ("C", "T"), "{area}");
            }
        }
    }
}
