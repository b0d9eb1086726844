//! Whom an answer asks for beside those who are counted: stations that people without work could open need nobody new.

use super::{Means, Surge};
use crate::domain::campaign::Campaign;
use crate::domain::homes::RoundDay;
use crate::domain::id::{AreaCode, PlaceCode, TeamCode};
use crate::domain::jurisdiction::{CrewKind, Jurisdiction, People, Role};
use crate::domain::plan::PlanRow;
use crate::domain::roster::{self, CrewNeed, Needs, RosterRequest, crew_gaps, monday_of};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// People by area and role; without an area: crews of teams.
pub type Recruits = BTreeMap<(Option<AreaCode>, Role), u32>;

/// Days a week that somebody new works.
const DAYS_A_WEEK: u32 = 5;

/// Whose people are counted, and what else they do.
#[derive(Debug, Clone, Copy)]
pub struct CountedStaff<'a> {
    /// The jurisdiction.
    pub jurisdiction: &'a Jurisdiction,
    /// Rows of plans that stay.
    pub others: &'a [PlanRow],
    /// Days on which teams make rounds of home visits.
    pub rounds: &'a [RoundDay],
}

impl Surge {
    /// The people who must come so that the answer can be carried out, by area and role. Whoever is counted works where
    /// one roster of the answer's plan has them; of the others as many are needed as lack on the worst day, and as can
    /// share the days of a week. `campaign`: one whose lists of places are complete.
    #[must_use]
    pub fn recruits(
        &self,
        campaign: &Campaign,
        means: &Means,
        counted: CountedStaff<'_>,
    ) -> Recruits {
        let CountedStaff { jurisdiction: of, others, rounds } = counted;
        let needs = self.needs(campaign, means, counted);
        let asked: BTreeSet<(NaiveDate, &str)> =
            self.rows.iter().map(|row| (row.day, working(row))).collect();
        let (from, until) = (self.from, self.by);
        let mut all = needs.clone();
        all.and(&Needs::of_known(of, others));
        all.and(&Needs::of_rounds(of, rounds));
        let request = RosterRequest { jurisdiction: of, needs: &all, before: &[], from, until };
        let made = roster::make(&request);
        let short = needs.0.iter().filter_map(|((day, place), need)| {
            let opens = made.stations.get(&(*day, place.clone())).copied().unwrap_or(0);
            let is_short = opens < need.stations && asked.contains(&(*day, place.as_str()));
            is_short.then_some((*day, place.as_str(), (opens, need.stations)))
        });
        let short: Vec<_> = short.collect();
        let mut lacking: BTreeMap<(Option<AreaCode>, Role), BTreeMap<NaiveDate, u32>> =
            BTreeMap::new();
        for gap in crew_gaps(of, &short, &made.duties, (from, until)) {
            let area = campaign.site(&gap.place).map(|site| site.area.clone());
            for (role, people) in gap.people {
                let days = lacking.entry((area.clone(), role)).or_default();
                *days.entry(gap.day).or_default() += people;
            }
        }
        let mut out: Recruits =
            lacking.into_iter().map(|(key, days)| (key, sharing(&days))).collect();
        for (role, people) in self.new_crews(means) {
            *out.entry((None, role)).or_default() += people;
        }
        out
    }

    /// The crews of the teams that are added.
    #[must_use]
    pub fn new_crews(&self, means: &Means) -> People {
        let teams = self.more.as_ref().map_or(0, |more| more.teams);
        let each = means.of_team().into_iter();
        each.map(|(role, people)| (role, people * teams)).filter(|one| one.1 > 0).collect()
    }

    /// What the answer's plan needs at places that are there, or that it opens, beside what others give there.
    fn needs(&self, campaign: &Campaign, means: &Means, counted: CountedStaff<'_>) -> Needs {
        let CountedStaff { jurisdiction: of, others, .. } = counted;
        let mut needs = Needs::of_known(of, &self.rows);
        let mut doses: BTreeMap<(NaiveDate, &PlaceCode), u32> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.team.is_none()) {
            *doses.entry((row.day, &row.place)).or_default() += row.doses;
        }
        for row in others.iter().filter(|row| row.team.is_none()) {
            if let Some(held) = doses.get_mut(&(row.day, &row.place)) {
                *held += row.doses;
            }
        }
        for ((day, place), doses) in doses {
            let terms = means.terms(place);
            let of_hours = of.site_on(place.as_str(), day).and_then(|row| row.doses_of(1));
            // Where nobody says what a station gives, one gives what the place does today.
            let first = if of_hours.is_some() || means.candidate(place).is_some() {
                terms.doses_a_day
            } else {
                let usual = campaign.site(place.as_str()).map(|site| site.weekly_capacity(day));
                usual.unwrap_or(0).max(terms.doses_a_day)
            };
            let stations = 1 + terms.stations_of(doses.saturating_sub(first));
            let kinds = BTreeSet::from([CrewKind::Site]);
            let need = CrewNeed { stations, kinds, doses_too_many: 0, crew: None };
            needs.0.insert((day, place.to_string()), need);
        }
        needs
    }
}

/// The place whose people a row needs: its site, or its team.
fn working(row: &PlanRow) -> &str {
    row.team.as_ref().map_or(row.place.as_str(), TeamCode::as_str)
}

/// People of whom so many are there on each of some days, none on more than five days of a week.
fn sharing(days: &BTreeMap<NaiveDate, u32>) -> u32 {
    let most = days.values().max().copied().unwrap_or(0);
    let mut weeks: BTreeMap<NaiveDate, u32> = BTreeMap::new();
    for (day, people) in days {
        *weeks.entry(monday_of(*day)).or_default() += people;
    }
    let shared = weeks.values().map(|people| people.div_ceil(DAYS_A_WEEK)).max().unwrap_or(0);
    most.max(shared)
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
