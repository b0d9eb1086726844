//! The official figures from the register: its persons with their managing units, their doses, and the sites and areas
//! of the jurisdiction.
//!
//! The register is not held in memory: it is gone through twice. First whoever may be one person with somebody else is
//! found by the keys of R-dup; then it is counted in pieces of some thousand people, each with all doses, while the
//! database reads the next piece. Only the files of those who may be the same are kept until the end.

use super::count::{Counter, add_all};
use super::{National, twins};
use crate::app::{App, Loaded, Result, millis};
use crate::domain::area::Area;
use crate::domain::date::{day_end, day_of};
use crate::domain::id::{AreaCode, CampaignNo};
use crate::domain::jurisdiction::{AreaLevel, AreaRow, Jurisdiction};
use crate::domain::national::{
    CountingOptions, Dossier, MergedTownships, NationalChoices, NationalRules, Township, UnitKind,
    VaccinationUnit,
};
use crate::domain::permission::{Actor, areas_of};
use crate::intake::Issue;
use crate::intake::national::{Folder, Register, RegisterDose, RuleChoices, national_rules};
use crate::store::people_codes::{self, Host};
use crate::store::walk::{self, Piece};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use tokio::sync::mpsc;
use twins::Twins;

/// Pieces that wait at most between the database and counting.
const PIECES_WAITING: usize = 2;

/// What a campaign gives.
struct Own {
    /// The code of its vaccine.
    code: String,
    /// What its deliveries call it.
    products: BTreeSet<String>,
}

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
    pub async fn national<C: Counter>(
        &self,
        rules: Option<&Path>,
        choices: NationalChoices,
        known_on: Option<NaiveDate>,
        what: C,
    ) -> Result<std::result::Result<(National, C::Found), Vec<Issue>>> {
        let places = self.jurisdiction().await?;
        let choices = places.as_ref().map_or(choices.clone(), |it| choices.or(&it.national));
        let options =
            CountingOptions { keeps_out_files: choices.keeps_out_files == Some(true), known_on };
        let rules = match national_rules(rules, &RuleChoices::of(&choices)) {
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
        let names = places.as_ref().map(names_of).unwrap_or_default();
        let mut tx = self.store.read().await?;
        let parted = parted(people_codes::parted(&mut tx).await?, before);
        let mut twins = Twins::default();
        walk::each_who(&mut tx, before, |who| twins.add(&who)).await?;
        let twins = twins.found();
        let ranges = twins.ranges.clone();
        let counted = Counted {
            what,
            rules,
            options,
            zone,
            twins,
            vaccines: vaccines(&campaigns),
            parted,
            units,
            townships,
        };
        let (send, receive) = mpsc::channel(PIECES_WAITING);
        let counting = tokio::task::spawn_blocking(move || counted.all(receive));
        for (at, from) in ranges.iter().enumerate() {
            let until = ranges.get(at + 1).map(String::as_str);
            let piece = walk::piece(&mut tx, (from, until), before).await?;
            // Nobody takes it any more: counting has ended with an error, which follows.
            if send.send(piece).await.is_err() {
                break;
            }
        }
        drop((tx, send));
        let (rules, folder, found) = counting.await.expect("counting does not panic")?;
        let townships = MergedTownships::of(&folder.townships, rules.townships.residents_min);
        Ok(Ok((National { rules, folder, townships, options, names }, found)))
    }
}

impl App {
    /// Rules, units and townships with which the register is counted, and nobody in it. `Err` inside: the rules cannot
    /// be used.
    pub async fn national_places(&self) -> Result<std::result::Result<National, Vec<Issue>>> {
        let places = self.jurisdiction().await?;
        let choices = places.as_ref().map(|it| it.national.clone()).unwrap_or_default();
        let mut rules = match national_rules(None, &RuleChoices::of(&choices)) {
            Ok(rules) => rules,
            Err(issues) => return Ok(Err(issues)),
        };
        let (units, townships) = places.as_ref().map(units_of).unwrap_or_default();
        let names = places.as_ref().map(names_of).unwrap_or_default();
        let folder = Register::new(&mut rules, units, townships).finish(Vec::new());
        let (townships, options) = (MergedTownships::default(), CountingOptions::default());
        Ok(Ok(National { rules, folder, townships, options, names }))
    }

    /// The sites in the part of the tree that somebody sees; `None`: all.
    pub async fn national_units(&self, actor: Actor<'_>) -> Result<Option<BTreeSet<String>>> {
        let Some(areas) = areas_of(actor) else { return Ok(None) };
        let places = self.jurisdiction().await?;
        let Some(places) = places.as_ref() else { return Ok(Some(BTreeSet::new())) };
        let tree = Tree::of(places);
        let is_theirs =
            |area: &AreaCode| tree.way_up(area).iter().any(|row| areas.contains(&row.area.code));
        let sites = places.sites.iter().filter(|row| is_theirs(&row.site.area));
        Ok(Some(sites.map(|row| row.site.code.to_string()).collect()))
    }
}

/// What pieces of the register are counted with.
struct Counted<C> {
    what: C,
    rules: NationalRules,
    options: CountingOptions,
    zone: Tz,
    twins: twins::Found,
    vaccines: HashMap<CampaignNo, Own>,
    parted: Parted,
    units: Vec<VaccinationUnit>,
    townships: Vec<Township>,
}

impl<C: Counter> Counted<C> {
    /// Counts piece after piece, and last those who may be one person.
    fn all(
        mut self,
        mut pieces: mpsc::Receiver<Piece>,
    ) -> Result<(NationalRules, Folder, C::Found)> {
        let (what, options) = (&self.what, self.options);
        let (units, townships) =
            (std::mem::take(&mut self.units), std::mem::take(&mut self.townships));
        let mut register = Register::new(&mut self.rules, units, townships);
        for (first, second) in &self.twins.other_births {
            register.births_differ(first, second);
        }
        let (mut found, mut held) = (what.start(), Vec::new());
        while let Some(piece) = pieces.blocking_recv() {
            read(&mut register, &piece, (&self.vaccines, &self.parted), self.zone)?;
            let (twins, plain): (Vec<Dossier>, Vec<Dossier>) =
                register.take().into_iter().partition(|it| self.twins.codes.contains(&*it.file.id));
            held.extend(twins);
            let counting = register.counting(options);
            add_all(what, &mut found, counting, &plain, |file, files| files.push(file));
        }
        let folder = register.finish(held);
        let national = National {
            rules: self.rules,
            folder,
            townships: MergedTownships::default(),
            options,
            names: BTreeMap::new(),
        };
        what.join(&mut found, national.count(what));
        what.sort(&mut found);
        Ok((national.rules, national.folder, found))
    }
}

/// Reads the people of a piece and their doses.
fn read(
    register: &mut Register<'_>,
    piece: &Piece,
    (vaccines, parted): (&HashMap<CampaignNo, Own>, &Parted),
    zone: Tz,
) -> Result<()> {
    let people = piece.people()?;
    let mut versions: HashMap<String, Vec<Version>> = HashMap::new();
    for (person, at) in piece.people_before()? {
        let version = (at, person.born, person.more.unit);
        versions.entry(person.id.as_str().to_owned()).or_default().push(version);
    }
    for (now, at) in &people {
        if let (Some(at), Some(known)) = (at, versions.get_mut(now.id.as_str())) {
            known.push((*at, now.born, now.more.unit.clone()));
        }
    }
    let (moves, none) = (moves(versions, parted, zone), Vec::new());
    for (person, _) in &people {
        register.person(person, moves.get(person.id.as_str()).unwrap_or(&none));
    }
    piece.each_dose(|dose| {
        let own = dose.campaign.and_then(|campaign| vaccines.get(&campaign));
        let named = dose.product.map(str::trim).filter(|name| !name.is_empty());
        // A name in words is taken as the campaign's vaccine; if its deliveries do not call it so, that is told.
        let code = named.filter(|name| own.is_none() || name.is_ascii());
        let words = named.filter(|_| code.is_none());
        let called = words.filter(|name| own.is_some_and(|own| !own.products.contains(*name)));
        register.dose(&RegisterDose {
            record: dose.record,
            person: dose.person,
            vaccine: code.or(own.map(|own| &*own.code)).unwrap_or("?"),
            called,
            date: dose.date,
            unit: dose.place,
            entered_by: dose.entered_by.unwrap_or_default(),
            entered_at: dose.entered_at,
            attribute: dose.attribute,
        });
    })?;
    Ok(())
}

/// The vaccine that each campaign gives.
fn vaccines(campaigns: &[Loaded]) -> HashMap<CampaignNo, Own> {
    let own = |loaded: &Loaded| {
        let code = loaded.judge.own_code()?.to_owned();
        let deliveries = loaded.campaign.deliveries.iter();
        let products = deliveries.map(|delivery| delivery.product.trim().to_owned()).collect();
        Some((loaded.no, Own { code, products }))
    };
    campaigns.iter().filter_map(own).collect()
}

/// When a person's row was recorded, the day of birth, and the managing unit that it says.
type Version = (i64, NaiveDate, Option<String>);

/// When somebody else's code led to a person, by the person's code: from, and until, milliseconds since 1970.
type Parted = HashMap<String, Vec<(i64, i64)>>;

/// What was taken back before an instant, by person.
fn parted(hosts: Vec<Host>, before: i64) -> Parted {
    let mut out = Parted::new();
    for host in hosts.into_iter().filter(|host| host.until < before) {
        out.entry(host.person).or_default().push((host.at, host.until));
    }
    out
}

/// Takes a unit out that only somebody else's file said, which was not the same person after all. `versions` are in
/// their order.
fn leave_out(versions: &mut [Version], (at, until): (i64, i64)) {
    let first = versions.partition_point(|(recorded_at, ..)| *recorded_at < at);
    let before = first.checked_sub(1).and_then(|last| versions[last].2.as_ref());
    let Some((recorded_at, _, Some(unit))) = versions.get(first).cloned() else { return };
    if recorded_at != at || before.is_some() {
        return;
    }
    let during = versions[first..].iter_mut().take_while(|(recorded_at, ..)| *recorded_at < until);
    for (_, _, said) in during.filter(|(.., said)| said.as_ref() == Some(&unit)) {
        *said = None;
    }
}

/// The people who have had several managing units, by all that was known of their units, and when.
fn moves(units: HashMap<String, Vec<Version>>, parted: &Parted, zone: Tz) -> Moves {
    let mut out = Moves::new();
    for (code, mut versions) in units {
        versions.sort();
        for time in parted.get(&code).into_iter().flatten() {
            leave_out(&mut versions, *time);
        }
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
    out
}

/// The sites as vaccination units, and the townships.
pub(super) fn units_of(places: &Jurisdiction) -> (Vec<VaccinationUnit>, Vec<Township>) {
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

/// The names of the townships and counties that units and townships name: code and name.
pub(super) fn names_of(places: &Jurisdiction) -> BTreeMap<String, String> {
    let (units, townships) = units_of(places);
    let of_units = units.into_iter().flat_map(|unit| [unit.township, unit.county]);
    let codes: BTreeSet<String> = of_units.chain(townships.into_iter().map(|it| it.code)).collect();
    let areas = places.areas.iter().map(|row| &row.area);
    let known = areas.filter(|area| codes.contains(area.code.as_str()));
    known.map(|area| (area.code.to_string(), area.name.clone())).collect()
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
    fn a_unit_of_a_merger_that_was_taken_back_is_no_move() {
        let born = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day");
        let version = |at, unit: &str| (at, born, (!unit.is_empty()).then(|| unit.to_owned()));
        let day = 24 * 60 * 60 * 1000;
        let moved = |versions: &[(i64, &str)], times: &[(i64, i64)]| -> Vec<String> {
            let versions = versions.iter().map(|(at, unit)| version(at * day, unit)).collect();
            let times = times.iter().map(|(at, until)| (at * day, until * day)).collect();
            let known = HashMap::from([("p".to_owned(), versions)]);
            let found = moves(known, &HashMap::from([("p".to_owned(), times)]), Tz::UTC);
            let all = found.get("p").into_iter().flatten();
            all.map(|(since, unit)| format!("{since} {unit}")).collect()
        };
        let versions = [(1, ""), (5, "B"), (7, ""), (9, "A")];
        assert_eq!(moved(&versions, &[]), ["2020-01-01 B", "1970-01-10 A"]);
        assert!(moved(&versions, &[(5, 7)]).is_empty());
        // A unit of one's own stays, and so does a move while both were one.
        assert_eq!(moved(&[(1, "A"), (5, "A"), (6, "C"), (7, "C")], &[(5, 7)]).len(), 2);
        let versions = [(1, ""), (5, "B"), (6, "C"), (7, "C"), (9, "A")];
        assert_eq!(moved(&versions, &[(5, 7)]), ["2020-01-01 C", "1970-01-10 A"]);
        // One within the other, taken back one by one.
        let versions = [(1, ""), (3, "B"), (5, "B"), (7, "B"), (8, ""), (9, "A")];
        assert!(moved(&versions, &[(3, 8), (5, 7)]).is_empty());
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
