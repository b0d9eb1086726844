//! Visits that other campaigns make to the same homes: a round serves one campaign, so that whoever plans should know.

use super::{App, Loaded, Result};
use crate::domain::id::{CampaignId, PersonId, TeamCode};
use crate::domain::person::Person;
use crate::store::homes::{self, StoredRound};
use crate::store::records::{self, Known};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A visit to a home that an adopted round of another campaign makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OtherVisit {
    /// The day.
    pub day: NaiveDate,
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub campaign_name: String,
    /// The team.
    pub team: TeamCode,
    /// Its name.
    pub team_name: String,
}

impl OtherVisit {
    /// In words: `流感接种 2026-11-05 二队`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {} {}", self.campaign_name, self.day, self.team_name)
    }
}

/// The visits of others, by whom this campaign visits.
pub type OtherVisits = BTreeMap<PersonId, Vec<OtherVisit>>;

/// What tells that two people live in one home: the household, else the address in an area, else it is one person.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Home<'a> {
    Household(&'a str),
    Address(&'a str, &'a str),
    Person(&'a str),
}

impl<'a> Home<'a> {
    fn of(known: &'a HashMap<String, Known<Person>>, code: &'a str) -> Self {
        fn named(text: Option<&str>) -> Option<&str> {
            text.map(str::trim).filter(|text| !text.is_empty())
        }
        let Some(Known { value: person, .. }) = known.get(code) else { return Self::Person(code) };
        match (named(person.household.as_deref()), named(person.more.address.as_deref())) {
            (Some(household), _) => Self::Household(household),
            (None, Some(address)) => Self::Address(person.area.as_str(), address),
            (None, None) => Self::Person(code),
        }
    }
}

impl App {
    /// The visits from a day on that adopted rounds of other open campaigns make to the homes of some people. Who has
    /// none is left out.
    pub async fn other_visits(
        &self,
        loaded: &Loaded,
        people: &BTreeSet<PersonId>,
        from: NaiveDate,
    ) -> Result<OtherVisits> {
        let all = self.campaigns().await?;
        let others: Vec<&Loaded> =
            all.iter().filter(|one| one.is_open && one.no != loaded.no).collect();
        let Some(last) = others.iter().map(|one| one.campaign.end).max() else {
            return Ok(OtherVisits::new());
        };
        let mut tx = self.store.read().await?;
        let mut rounds: Vec<(&Loaded, StoredRound)> = Vec::new();
        for round in homes::rounds(&mut tx, (from, last.max(from))).await? {
            let own = others.iter().find(|one| one.no == round.campaign);
            rounds.extend(own.map(|own| (*own, round)));
        }
        let called = rounds.iter().flat_map(|(_, round)| &round.calls).map(|call| &call.person);
        let codes: BTreeSet<&str> = called.chain(people).map(PersonId::as_str).collect();
        let known = records::find::<Person>(&mut tx, codes).await?;
        drop(tx);
        let mut by_home: BTreeMap<Home<'_>, BTreeSet<OtherVisit>> = BTreeMap::new();
        for (own, round) in &rounds {
            for call in &round.calls {
                let home = Home::of(&known, call.person.as_str());
                by_home.entry(home).or_default().insert(visit(own, round));
            }
        }
        let of = |code: &PersonId| {
            let visits = by_home.get(&Home::of(&known, code.as_str()))?;
            Some((code.clone(), visits.iter().cloned().collect()))
        };
        Ok(people.iter().filter_map(of).collect())
    }
}

fn visit(own: &Loaded, round: &StoredRound) -> OtherVisit {
    let team = own.campaign.team(round.team.as_str());
    OtherVisit {
        day: round.day,
        campaign: own.campaign.id.clone(),
        campaign_name: own.campaign.name.clone(),
        team_name: team.map_or_else(|| round.team.to_string(), |team| team.name.clone()),
        team: round.team.clone(),
    }
}
