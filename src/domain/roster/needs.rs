//! What plans ask of places: stations at sites, crews of teams.

use super::Duty;
use crate::domain::homes::RoundDay;
use crate::domain::id::TeamCode;
use crate::domain::jurisdiction::{
    Crew, CrewKind, Jurisdiction, People, Role, crew_of, default_crews,
};
use crate::domain::plan::PlanRow;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What a place needs on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrewNeed {
    /// Stations, from 1.
    pub stations: u32,
    /// Kinds of crews; of several the larger number of each role counts.
    pub kinds: BTreeSet<CrewKind>,
    /// Doses that more stations than fit would be needed for.
    pub doses_too_many: u32,
    /// The crew itself, where a roster said it and no plan.
    pub crew: Option<People>,
}

/// A place or team of a plan that the jurisdiction does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(pub String);

/// Needs by day and place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs(pub BTreeMap<(NaiveDate, String), CrewNeed>);

/// The crews of a jurisdiction.
pub(super) fn crews(of: &Jurisdiction) -> Vec<Crew> {
    if of.crews.is_empty() { default_crews() } else { of.crews.clone() }
}

impl Needs {
    /// What the plans of all campaigns ask for together.
    pub fn of_plans(jurisdiction: &Jurisdiction, rows: &[PlanRow]) -> Result<Self, Unknown> {
        let mut doses: BTreeMap<(NaiveDate, &str), u64> = BTreeMap::new();
        let mut tours: BTreeMap<(NaiveDate, &str), BTreeSet<CrewKind>> = BTreeMap::new();
        for row in rows {
            let place = row.place.as_str();
            let team = row.team.as_ref().map(TeamCode::as_str);
            if let Some(stop) = jurisdiction.stop(place) {
                let known = team.filter(|team| jurisdiction.team(team).is_some());
                let team = known.ok_or_else(|| Unknown(team.unwrap_or(place).to_owned()))?;
                let kinds = tours.entry((row.day, team)).or_default();
                kinds.insert(CrewKind::Team);
                kinds.extend(stop.stop.kind.as_deref().and_then(visited));
            } else if jurisdiction.site_rows(place).is_empty() {
                return Err(Unknown(place.to_owned()));
            } else {
                *doses.entry((row.day, place)).or_default() += u64::from(row.doses);
            }
        }
        let mut needs = BTreeMap::new();
        for ((day, place), doses) in doses {
            needs.insert((day, place.to_owned()), site_need(jurisdiction, place, day, doses));
        }
        for ((day, team), kinds) in tours {
            let need = CrewNeed { stations: 1, kinds, doses_too_many: 0, crew: None };
            needs.insert((day, team.to_owned()), need);
        }
        Ok(Self(needs))
    }

    /// The same without rows of places and teams that the jurisdiction does not have.
    pub fn of_known(jurisdiction: &Jurisdiction, rows: &[PlanRow]) -> Self {
        let is_known = |row: &&PlanRow| match &row.team {
            Some(team) => {
                let stop = jurisdiction.stop(row.place.as_str());
                stop.is_some() && jurisdiction.team(team.as_str()).is_some()
            }
            None => !jurisdiction.site_rows(row.place.as_str()).is_empty(),
        };
        let known: Vec<PlanRow> = rows.iter().filter(is_known).cloned().collect();
        Self::of_plans(jurisdiction, &known).unwrap_or_default()
    }

    /// What rounds of home visits ask for: the crew of each team that the jurisdiction has, with whom homes ask for.
    pub fn of_rounds(of: &Jurisdiction, rounds: &[RoundDay]) -> Self {
        let kinds = BTreeSet::from([CrewKind::Team, CrewKind::Home]);
        let need = CrewNeed { stations: 1, kinds, doses_too_many: 0, crew: None };
        let known = rounds.iter().filter(|(_, team)| of.team(team.as_str()).is_some());
        Self(known.map(|(day, team)| ((*day, team.to_string()), need.clone())).collect())
    }

    /// What published duties from a day on are there for: as many stations as their people make whole crews of.
    pub fn of_duties(of: &Jurisdiction, duties: &[Duty], from: NaiveDate) -> Self {
        let mut there: BTreeMap<(NaiveDate, &str), People> = BTreeMap::new();
        for duty in duties.iter().filter(|duty| duty.date >= from) {
            let people = there.entry((duty.date, &duty.place)).or_default();
            *people.entry(duty.role).or_default() += 1;
        }
        let crews = crews(of);
        let mut needs = BTreeMap::new();
        for ((day, place), people) in there {
            let is_team = of.team(place).is_some();
            let kinds = BTreeSet::from([if is_team { CrewKind::Team } else { CrewKind::Site }]);
            let row = of.site_on(place, day).and_then(|row| row.stations);
            let fits = row.filter(|_| !is_team).map_or(1, |stations| stations.count);
            let has = |role: &Role| people.get(role).copied().unwrap_or(0);
            let is_whole =
                |n: &u32| crew_of(&crews, &kinds, *n).iter().all(|(role, need)| has(role) >= *need);
            if let Some(stations) = (1..=fits).take_while(is_whole).last() {
                let need = CrewNeed { stations, kinds, doses_too_many: 0, crew: None };
                needs.insert((day, place.to_owned()), need);
            }
        }
        Self(needs)
    }

    /// Adds what is needed elsewhere, or for more; of a place that both name the larger number.
    pub fn and(&mut self, more: &Self) {
        for (key, need) in &more.0 {
            if let Some(held) = self.0.get_mut(key) {
                held.stations = held.stations.max(need.stations);
                held.kinds.extend(&need.kinds);
            } else {
                self.0.insert(key.clone(), need.clone());
            }
        }
    }

    /// What a roster had: each place the same people of each role.
    pub fn of_roster(duties: &[Duty]) -> Self {
        let mut needs: BTreeMap<(NaiveDate, String), CrewNeed> = BTreeMap::new();
        for duty in duties {
            let key = (duty.date, duty.place.clone());
            let kinds = BTreeSet::new();
            let empty =
                CrewNeed { stations: 1, kinds, doses_too_many: 0, crew: Some(People::new()) };
            let crew = &mut needs.entry(key).or_insert(empty).crew;
            if let Some(crew) = crew {
                *crew.entry(duty.role).or_default() += 1;
            }
        }
        Self(needs)
    }

    /// The first and the last day.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let (first, _) = self.0.first_key_value()?;
        let (last, _) = self.0.last_key_value()?;
        Some((first.0, last.0))
    }
}

/// The crew that a kind of stop asks for beside the team's.
fn visited(kind: &str) -> Option<CrewKind> {
    CrewKind::from_word(kind).filter(|kind| matches!(kind, CrewKind::School | CrewKind::Home))
}

/// The fewest stations that give so many doses; where none says how many fit, one.
fn site_need(of: &Jurisdiction, place: &str, day: NaiveDate, doses: u64) -> CrewNeed {
    let row = of.site_on(place, day);
    let fits = row.and_then(|row| row.stations).map(|stations| stations.count);
    let gives =
        |stations: u32| row.and_then(|row| row.doses_of(stations)).map_or(u64::MAX, u64::from);
    let most = fits.unwrap_or(1);
    // Doses grow with the stations, so the fewest are found by halving.
    let (mut low, mut high) = (1, most.max(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if gives(middle) >= doses { high = middle } else { low = middle + 1 }
    }
    let given = if most == 0 { 0 } else { gives(low) };
    let beyond = doses.saturating_sub(given);
    CrewNeed {
        stations: low,
        kinds: BTreeSet::from([CrewKind::Site]),
        doses_too_many: u32::try_from(beyond).unwrap_or(u32::MAX),
        crew: None,
    }
}

impl CrewNeed {
    /// The people whom so many stations need.
    pub(super) fn people(&self, crews: &[Crew], stations: u32) -> People {
        match &self.crew {
            Some(crew) => crew.clone(),
            None => crew_of(crews, &self.kinds, stations),
        }
    }
}
