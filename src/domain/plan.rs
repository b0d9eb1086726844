//! A plan: doses by cohort, place and day, and its figures.

use super::campaign::{Campaign, CohortKey};
use super::id::{AreaCode, CampaignId, GroupId, PlaceCode, TeamCode};
use super::words::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Doses of one number for people of one cohort at one place on one day. A **session** is all rows of a place and day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanRow {
    /// The day.
    pub day: NaiveDate,
    /// The site or stop.
    pub place: PlaceCode,
    /// The team that comes, at a stop.
    pub team: Option<TeamCode>,
    /// Where the people live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// Doses, above 0.
    pub doses: u32,
}

words! {
    /// What a plan is in the life of its campaign.
    pub enum PlanState {
        /// Made, changes nothing.
        Draft = "draft",
        /// In force.
        Adopted = "adopted",
        /// Was in force until another one was adopted.
        Superseded = "superseded",
        /// A draft that a newer draft replaced.
        Dropped = "dropped",
    }
}

words! {
    /// Who had a plan made.
    pub enum MadeBy {
        /// The nightly job.
        Job = "job",
        /// Somebody.
        Hand = "hand",
    }
}

/// Whether a campaign has no day left to plan: `today` is after its last one.
pub fn is_over(campaign: &Campaign, today: NaiveDate) -> bool {
    today > campaign.end
}

/// The first day of a new plan: the one that was asked for, else `today`, and never before the campaign's start. A
/// campaign that is over is planned from its start, as a replay or an exercise wants it.
pub fn first_day(campaign: &Campaign, today: NaiveDate, wanted: Option<NaiveDate>) -> NaiveDate {
    let usual = if is_over(campaign, today) { campaign.start } else { today };
    wanted.unwrap_or(usual).max(campaign.start)
}

/// Whether a plan from `first` on comes too late to be put in force: it plans days that have passed. While a campaign
/// is over nothing is too late, since it was planned from its start.
pub fn is_outdated(campaign: &Campaign, today: NaiveDate, first: NaiveDate) -> bool {
    first < today && !is_over(campaign, today)
}

/// What the planner returns: a feasible plan, and the people it could not place with the reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The rows, sorted by (day, place, team, area, group, dose), one per positive count.
    pub rows: Vec<PlanRow>,
    /// Its figures.
    pub figures: Figures,
    /// The prices that prove its upper bound.
    pub certificate: Certificate,
    /// People of a cohort for whom no complete series fits, by reason.
    pub unplaced: Vec<Unplaced>,
    /// The figures of earlier stages of the search.
    pub stages: Stages,
}

/// Figures of the plan at earlier stages of the search, all with the final upper bound.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stages {
    /// After the greedy day-by-day pass.
    pub greedy: Figures,
    /// At the best objective, before the worst area and travel were improved.
    pub objective: Figures,
}

/// The figures of a plan. They are of the plan alone; only `people_finished` and `worst_area` include history.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Σ doses · priority · share · (H − d) / H: the weighted area under the coverage curves.
    pub objective: f64,
    /// No feasible plan has a higher objective; proved by the certificate.
    pub upper_bound: f64,
    /// (upper bound − objective) / upper bound.
    pub gap: f64,
    /// Doses planned.
    pub doses: u64,
    /// People of all cohorts.
    pub people: u64,
    /// Of them, people who finish the series by the campaign's end.
    pub people_finished: u64,
    /// The area with the lowest share of people who finish; `None` without people.
    pub worst_area: Option<WorstArea>,
    /// Kilometres by road, of people and teams.
    pub travel_km: f64,
}

impl Figures {
    /// Kilometres of travel for each dose, tours of teams included; `None` without doses.
    pub fn km_each(&self) -> Option<f64> {
        (self.doses > 0).then(|| self.travel_km / self.doses as f64)
    }
}

/// The area with the lowest share of people who finish.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstArea {
    /// Its code.
    pub area: AreaCode,
    /// People of its cohorts who finish, divided by all people of its cohorts; 0..=1.
    pub share: f64,
}

/// People of a cohort for whom the plan has no complete series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unplaced {
    /// Their area.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// How many.
    pub people: u32,
    /// Why.
    pub reason: UnplacedReason,
}

/// Why people are not placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnplacedReason {
    /// No fixed site reaches the area and it has no stop that a team could visit.
    NoPlace,
    /// The group opens too late for all doses to fit before the end.
    Horizon,
    /// Every place that reaches the area is shut on every useful day.
    Closed,
    /// The lots do not hold enough vaccine on the days that matter.
    Supply,
    /// The cold stores of the places that reach the area are full on the days that matter.
    Storage,
    /// The sites that reach the area are fully used on the days that matter.
    SiteCapacity,
    /// The teams have no time left on the days that matter.
    TeamDays,
    /// The longest interval of people who wait for a later dose has passed, or passes before a place is free.
    Overdue,
    /// The sessions to which the people are bound give as many doses as was agreed; these are more people.
    NotAgreed,
    /// People for the stations of the sites that reach the area, or for the teams, are missing.
    Staff,
    /// They are visited at home, and are on no adopted round.
    Home,
    /// They are on an adopted round of home visits.
    HomeRound,
}

impl UnplacedReason {
    /// Whether sites, teams or their people are what is missing.
    #[must_use]
    pub fn is_of_places(self) -> bool {
        matches!(self, Self::Closed | Self::SiteCapacity | Self::TeamDays | Self::Staff)
    }
}

/// Prices, none below 0, that prove an upper bound for every feasible plan. A missing price is 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Certificate {
    /// The bound.
    pub upper_bound: f64,
    /// Price of a dose of capacity at a site on a day.
    #[serde(default)]
    pub site_day: PriceTable,
    /// Price of a vaccine dose of storage at a site in the period that starts on a day.
    #[serde(default)]
    pub storage: PriceTable,
    /// Price of a vaccine dose of a lot.
    #[serde(default)]
    pub lot: BTreeMap<String, f64>,
    /// Price of a dose at a stop on a day.
    #[serde(default)]
    pub stop_day: PriceTable,
    /// Price of a visit to a stop on a day.
    #[serde(default)]
    pub stop_visit: PriceTable,
    /// Price of a staff-day, by township and role. It follows from the other prices and proves nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub staff_day: StaffPrices,
    /// Price of a staff-day, by team and role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crew_day: StaffPrices,
}

/// Prices, none below 0, that prove an upper bound for every feasible plan of several campaigns over
/// shared places. A missing price is 0. Here vaccine at stops is paid by the people, not by the team, so
/// that a team's dose has one price whatever campaign it belongs to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JointCertificate {
    /// The bound of the sum of all objectives.
    pub upper_bound: f64,
    /// Price of a dose of capacity at a site on a day.
    #[serde(default)]
    pub site_day: PriceTable,
    /// Price of a vaccine dose of storage at a site in the period that starts on a day.
    #[serde(default)]
    pub storage: PriceTable,
    /// Price of a dose at a stop on a day, vaccine apart.
    #[serde(default)]
    pub stop_day: PriceTable,
    /// Price of a visit to a stop on a day.
    #[serde(default)]
    pub stop_visit: PriceTable,
    /// Price of a vaccine dose of a lot, by campaign and lot.
    #[serde(default)]
    pub lot: BTreeMap<String, BTreeMap<String, f64>>,
    /// Prices of the campaigns' own limits, by campaign.
    #[serde(default)]
    pub own: BTreeMap<String, OwnPrices>,
    /// Price of a staff-day, by township and role. It follows from the other prices and proves nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub staff_day: StaffPrices,
    /// Price of a staff-day, by team and role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crew_day: StaffPrices,
}

impl JointCertificate {
    /// The prices that a campaign pays: those of what is shared and those of its own limits. `upper_bound`: what it
    /// could reach while the others keep what they have.
    #[must_use]
    pub fn of_campaign(&self, id: &CampaignId, upper_bound: f64) -> Certificate {
        let (mut site_day, mut storage) = (self.site_day.clone(), self.storage.clone());
        if let Some(own) = self.own.get(id.as_str()) {
            add_prices(&mut site_day, &own.site_day);
            add_prices(&mut storage, &own.storage);
        }
        Certificate {
            upper_bound,
            site_day,
            storage,
            lot: self.lot.get(id.as_str()).cloned().unwrap_or_default(),
            stop_day: self.stop_day.clone(),
            stop_visit: self.stop_visit.clone(),
            staff_day: self.staff_day.clone(),
            crew_day: self.crew_day.clone(),
        }
    }
}

impl JointCertificate {
    /// The prices of campaigns' plans together, to start a search from: what all of them pay is the price of what is
    /// shared, what one pays beyond that is its own. `None` without any.
    #[must_use]
    pub fn gathered(parts: &[(CampaignId, Certificate)]) -> Option<Self> {
        let all = |table: fn(&Certificate) -> &PriceTable| -> PriceTable {
            let mut tables = parts.iter().map(|(_, one)| table(one));
            let first = tables.next().cloned().unwrap_or_default();
            tables.fold(first, |held, next| least(&held, next))
        };
        parts.first()?;
        let (site_day, storage) = (all(|one| &one.site_day), all(|one| &one.storage));
        let own = |one: &Certificate| OwnPrices {
            site_day: beyond(&one.site_day, &site_day),
            storage: beyond(&one.storage, &storage),
        };
        let name = |id: &CampaignId| id.as_str().to_owned();
        Some(Self {
            upper_bound: parts.iter().map(|(_, one)| one.upper_bound).sum(),
            stop_day: all(|one| &one.stop_day),
            stop_visit: all(|one| &one.stop_visit),
            lot: parts.iter().map(|(id, one)| (name(id), one.lot.clone())).collect(),
            own: parts.iter().map(|(id, one)| (name(id), own(one))).collect(),
            site_day,
            storage,
            ..Self::default()
        })
    }
}

/// The smaller price of each place and day of both.
fn least(one: &PriceTable, other: &PriceTable) -> PriceTable {
    let mut out = PriceTable::new();
    for (place, days) in one {
        let Some(others) = other.get(place) else { continue };
        let both = days.iter().filter_map(|(day, price)| {
            let other = others.get(day)?;
            Some((*day, price.min(*other)))
        });
        out.insert(place.clone(), both.collect());
    }
    out
}

/// What prices are above others.
fn beyond(one: &PriceTable, other: &PriceTable) -> PriceTable {
    let mut out = PriceTable::new();
    for (place, days) in one {
        let others = other.get(place);
        let more = days.iter().filter_map(|(day, price)| {
            let shared = others.and_then(|days| days.get(day)).copied().unwrap_or(0.0);
            (*price > shared).then_some((*day, price - shared))
        });
        let more: BTreeMap<NaiveDate, f64> = more.collect();
        if !more.is_empty() {
            out.insert(place.clone(), more);
        }
    }
    out
}

fn add_prices(all: &mut PriceTable, more: &PriceTable) {
    for (place, days) in more {
        let of_place = all.entry(place.clone()).or_default();
        for (day, price) in days {
            *of_place.entry(*day).or_insert(0.0) += price;
        }
    }
}

impl JointPlan {
    /// The figures of a campaign's part. Its bound is what it could reach while the others keep what they have.
    #[must_use]
    pub fn figures_of(&self, part: &CampaignPart) -> Figures {
        let others = self.figures.objective - part.figures.objective;
        let upper_bound = self.figures.upper_bound - others;
        let gap = if upper_bound > 0.0 && upper_bound.is_finite() {
            (upper_bound - part.figures.objective) / upper_bound
        } else {
            0.0
        };
        Figures { upper_bound, gap, ..part.figures.clone() }
    }
}

/// Prices of a campaign's own limits inside what places can do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OwnPrices {
    /// Price of a dose at a site on a day.
    #[serde(default)]
    pub site_day: PriceTable,
    /// Price of a vaccine dose of its part of a site's store, in its part of the period that starts on
    /// a day.
    #[serde(default)]
    pub storage: PriceTable,
}

/// What the planner returns for several campaigns together.
#[derive(Debug, Clone, PartialEq)]
pub struct JointPlan {
    /// The plan of each campaign, in the order in which they were given.
    pub campaigns: Vec<CampaignPart>,
    /// The figures of all together: objective, doses and people are sums, a team's tour counts once.
    pub figures: Figures,
    /// The campaign of the area in `figures.worst_area`.
    pub worst_campaign: Option<CampaignId>,
    /// The prices that prove the bound.
    pub certificate: JointCertificate,
    /// The figures of earlier stages of the search.
    pub stages: Stages,
}

/// A campaign's part of a joint plan.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignPart {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its rows, as in [`Plan::rows`].
    pub rows: Vec<PlanRow>,
    /// Its figures, without a bound; kilometres are those of its people alone.
    pub figures: Figures,
    /// People for whom no complete series fits, by reason.
    pub unplaced: Vec<Unplaced>,
}

/// Place → day → price.
pub type PriceTable = BTreeMap<String, BTreeMap<NaiveDate, f64>>;

/// Township or team → role → day → price.
pub type StaffPrices = BTreeMap<String, BTreeMap<String, BTreeMap<NaiveDate, f64>>>;

impl CohortKey {
    /// The cohort of a row.
    pub fn of(row: &PlanRow) -> Self {
        Self { area: row.area.clone(), group: row.group.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::testing::plain;

    #[test]
    fn a_plan_starts_today_within_the_campaign_and_at_its_start_before_and_after_it() {
        let campaign = plain();
        let (start, end) = (campaign.start, campaign.end);
        let day = |days| start + chrono::TimeDelta::days(days);
        let after = end + chrono::TimeDelta::days(1);
        for (today, wanted, first, over) in [
            (day(-9), None, start, false),
            (start, None, start, false),
            (day(5), None, day(5), false),
            (end, None, end, false),
            (after, None, start, true),
            (day(5), Some(day(2)), day(2), false),
            (day(5), Some(day(7)), day(7), false),
            (day(5), Some(day(-2)), start, false),
            (after, Some(day(3)), day(3), true),
        ] {
            assert_eq!(first_day(&campaign, today, wanted), first, "{today} {wanted:?}");
            assert_eq!(is_over(&campaign, today), over, "{today}");
        }
    }

    #[test]
    fn a_plan_that_begins_before_today_is_outdated_until_the_campaign_is_over() {
        let campaign = plain();
        let (start, end) = (campaign.start, campaign.end);
        let after = end + chrono::TimeDelta::days(1);
        for (today, first, outdated) in
            [(start, start, false), (end, start, true), (end, end, false), (after, start, false)]
        {
            assert_eq!(is_outdated(&campaign, today, first), outdated, "{today} {first}");
        }
    }

    fn part(id: &str, objective: f64) -> CampaignPart {
        let figures = Figures { objective, ..Figures::default() };
        CampaignPart { campaign: id.into(), rows: Vec::new(), figures, unplaced: Vec::new() }
    }

    #[test]
    fn a_campaign_of_a_joint_plan_is_bounded_by_what_the_others_leave_it() {
        let day = plain().start;
        let price = |value: f64| PriceTable::from([("S1".to_owned(), [(day, value)].into())]);
        let own = OwnPrices { site_day: price(0.5), ..OwnPrices::default() };
        let plan = JointPlan {
            campaigns: vec![part("flu", 60.0), part("covid", 30.0)],
            figures: Figures { objective: 90.0, upper_bound: 100.0, ..Figures::default() },
            worst_campaign: None,
            certificate: JointCertificate {
                upper_bound: 100.0,
                site_day: price(2.0),
                lot: [("flu".to_owned(), [("L1".to_owned(), 3.0)].into())].into(),
                own: [("flu".to_owned(), own)].into(),
                ..JointCertificate::default()
            },
            stages: Stages::default(),
        };
        let figures = plan.figures_of(&plan.campaigns[0]);
        assert!((figures.upper_bound - 70.0).abs() < 1e-9, "100 less the 30 of the other");
        assert!((figures.gap - 10.0 / 70.0).abs() < 1e-9);
        let prices = plan.certificate.of_campaign(&"flu".into(), figures.upper_bound);
        assert!((prices.site_day["S1"][&day] - 2.5).abs() < 1e-9, "shared and own limit");
        assert!((prices.lot["L1"] - 3.0).abs() < 1e-9);
        let other = plan.certificate.of_campaign(&"covid".into(), 40.0);
        let again = JointCertificate::gathered(&[
            ("flu".into(), prices.clone()),
            ("covid".into(), other.clone()),
        ]);
        let again = again.expect("two plans");
        assert!((again.site_day["S1"][&day] - 2.0).abs() < 1e-9, "what both pay is shared");
        assert!((again.own["flu"].site_day["S1"][&day] - 0.5).abs() < 1e-9);
        assert!(again.own["covid"].site_day.is_empty());
        assert!((again.lot["flu"]["L1"] - 3.0).abs() < 1e-9);
        assert_eq!(JointCertificate::gathered(&[]), None);
        assert!((other.site_day["S1"][&day] - 2.0).abs() < 1e-9 && other.lot.is_empty());
    }
}
