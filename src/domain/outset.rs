//! What the planner counts with when a plan begins: doses given, sessions whose report is still out, and the people of
//! the register as the persons that they are.
//!
//! Who waits for a later dose follows from people, not from the stocks of their groups: between two doses somebody
//! grows into another group, moves, dies, or is given up. Vaccine follows from the counts of the places.

use super::attendance::LastSeats;
use super::campaign::{Campaign, CohortKey};
use super::count::floor_of;
use super::counting::ELSEWHERE;
use super::date::Weekdays;
use super::dose::GivenRow;
use super::group::Eligible;
use super::id::{AreaCode, PlaceCode};
use super::plan::PlanRow;
use super::site::Closure;
use super::whole_vials::drawn_doses;
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet};

/// Days that a place may be late with its report before its session counts as one without doses. Our choice: reports
/// are due on the day itself, and a weekend may lie between.
pub const REPORT_WAIT_DAYS: i64 = 3;
/// Days after the wait for a report on which its names may still come in. Our choice.
pub const NAMES_WAIT_DAYS: i64 = 2;
/// Days from whose reports the use of seats is learned. Our choice.
pub const USE_DAYS: i64 = 21;
/// Seats that are believed to be used before anything is known. Our choice.
const SEATS_BELIEVED: f64 = 50.0;
/// By how much the use of a day differs from that of all, at least; and from how many days that is learned. Our choice.
const SPREAD_LEAST: f64 = 0.04;
const DAYS_LEAST: usize = 4;

/// Days from which is learned who comes. Our choice.
const LEARN_DAYS: i64 = 14;

/// The days from which is learned today who comes: reports and their names are in.
#[must_use]
pub fn learned_from(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let last = today - TimeDelta::days(REPORT_WAIT_DAYS + NAMES_WAIT_DAYS + 1);
    (last - TimeDelta::days(LEARN_DAYS - 1), last)
}

/// Days whose seats say whether people in no register are left. Our choice: as long as a campaign may wait for vaccine.
const SEATS_DAYS: i64 = 60;

/// The first day from whose seats is learned today whether people in no register are left.
#[must_use]
pub fn remembered_from(today: NaiveDate) -> NaiveDate {
    today - TimeDelta::days(SEATS_DAYS)
}

/// By how much of it an official count of people may be wrong, in percent. Our choice; recounts are often a tenth off,
/// and so is what is thought of who wants to come.
const COUNT_OFF_PERCENT: u64 = 20;

/// Doses that count of one place, day, cohort and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedDoses {
    /// The doses.
    pub row: GivenRow,
    /// Of them, those of people in the register.
    pub persons: u32,
}

/// People of the register in one cohort, as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CohortPersons {
    /// Doses of those who go on or have finished, by number and day.
    pub given: BTreeMap<(u8, NaiveDate), u32>,
    /// Appointments of which nobody knows yet what came of them, by number, day and place.
    pub expected: BTreeMap<(u8, NaiveDate, PlaceCode), u32>,
    /// People who may be called, by the number of their next dose; without those expected.
    pub due: BTreeMap<u8, u32>,
    /// People who began and get no further dose: dead, moved, barred for good, or absent too often.
    pub gone: u32,
    /// People without a dose who may be called again only some days later; the plan counts with them then.
    pub resting: u32,
    /// People who came from another group since their first dose, less those who went to another.
    pub joined: i64,
}

/// How many people of a cohort are still to come, by the number of their next dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// People of the register who may be called.
    pub registered: u64,
    /// People who are in no register.
    pub others: u64,
}

/// What a plan begins with.
#[derive(Debug)]
pub struct Outset {
    /// The campaign with as many people as there are to plan for.
    pub campaign: Campaign,
    /// Doses for the planner. Rows of a place draw vaccine; rows from elsewhere say who has had which dose.
    pub history: Vec<GivenRow>,
    /// Who is still to come, by cohort and number of the next dose.
    pub left: BTreeMap<(CohortKey, u8), Left>,
}

/// What is known when a plan begins.
#[derive(Debug, Clone, Copy)]
pub struct OutsetFacts<'a> {
    /// The campaign as it is on its day.
    pub campaign: &'a Campaign,
    /// The first day on which the plan may place anything.
    pub open: NaiveDate,
    /// What was given before that day.
    pub counted: &'a [ReportedDoses],
    /// The register.
    pub persons: &'a BTreeMap<CohortKey, CohortPersons>,
    /// Rows of sessions before that day of which there is no report yet.
    pub unreported: &'a [PlanRow],
    /// The share of such seats that is used.
    pub used: SeatsUsed,
    /// What came of the last seats for people in no register.
    pub last_seats: &'a BTreeMap<CohortKey, LastSeats>,
}

/// The share of planned seats that is used, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeatsUsed {
    /// That people take.
    pub people: f64,
    /// For which vaccine is drawn: that of people, and more where whole vials are opened.
    pub vaccine: f64,
}

/// Who has had which dose, by cohort, number and day.
type Flows = BTreeMap<(CohortKey, u8, NaiveDate), u32>;
/// Doses of people who are in no register, by cohort and number.
type Others = BTreeMap<(CohortKey, u8), u64>;

/// What a plan begins with, by what is known.
#[must_use]
pub fn outset(facts: OutsetFacts<'_>) -> Outset {
    let (mut flows, mut others, mut history) = (Flows::new(), Others::new(), Vec::new());
    let mut others_had = |row: &GivenRow, doses: u32, flows: &mut Flows| {
        let key = CohortKey { area: row.area.clone(), group: row.group.clone() };
        *flows.entry((key.clone(), row.dose, row.day)).or_insert(0) += doses;
        *others.entry((key, row.dose)).or_insert(0) += u64::from(doses);
    };
    for one in facts.counted {
        others_had(&one.row, one.row.doses.saturating_sub(one.persons), &mut flows);
        history.push(drawn(&one.row));
    }
    history.extend(left_in_vials(facts));
    for row in expected(facts) {
        let named = facts.persons.get(&CohortKey::of(&row.plan)).and_then(|persons| {
            persons.expected.get(&(row.plan.dose, row.plan.day, row.plan.place.clone()))
        });
        let given = as_given(&row.plan, row.used);
        others_had(&given, row.used.saturating_sub(named.copied().unwrap_or(0)), &mut flows);
        history.push(drawn(&as_given(&row.plan, row.drawn)));
    }
    for (key, persons) in facts.persons {
        let given = persons.given.iter().map(|(&(dose, day), &n)| ((dose, day), n));
        let expected = persons.expected.iter().map(|((dose, day, _), &n)| ((*dose, *day), n));
        for ((dose, day), n) in given.chain(expected).filter(|((_, day), _)| *day < facts.open) {
            *flows.entry((key.clone(), dose, day)).or_insert(0) += n;
        }
    }
    let (campaign, left) = people_left(facts, &flows, &others);
    let elsewhere = |((key, dose, day), doses): ((CohortKey, u8, NaiveDate), u32)| GivenRow {
        day,
        place: ELSEWHERE.into(),
        area: key.area,
        group: key.group,
        dose,
        doses,
    };
    history.extend(flows.into_iter().filter(|(_, doses)| *doses > 0).map(elsewhere));
    Outset { campaign, history, left }
}

/// The campaign with the people to plan for, and who of them is still to come. The official count holds where the
/// register does not know better.
fn people_left(
    facts: OutsetFacts<'_>,
    flows: &Flows,
    others: &Others,
) -> (Campaign, BTreeMap<(CohortKey, u8), Left>) {
    let mut campaign = facts.campaign.clone();
    let (mut left, mut people) = (BTreeMap::new(), Vec::new());
    let none = CohortPersons::default();
    let begun = |key: &CohortKey| -> u64 {
        let first = (key.clone(), 1, NaiveDate::MIN)..=(key.clone(), 1, NaiveDate::MAX);
        flows.range(first).map(|(_, n)| u64::from(*n)).sum()
    };
    for (key, row) in facts.campaign.eligible_on(facts.open.max(campaign.start)) {
        let Some(group) = campaign.group(key.group.as_str()) else { continue };
        let persons = facts.persons.get(&key).unwrap_or(&none);
        let official = u64::from(floor_of(row.people, group.uptake));
        let away = i64::from(persons.gone) + i64::from(persons.resting);
        let counted = i64::try_from(official).unwrap_or(i64::MAX) + persons.joined - away;
        let due = |dose: u8| u64::from(persons.due.get(&dose).copied().unwrap_or(0));
        let known = begun(&key) + due(1);
        let strangers = u64::try_from(counted).unwrap_or(0).saturating_sub(known);
        let slack = u64::from(row.people) * COUNT_OFF_PERCENT / 100;
        let seen = facts.last_seats.get(&key);
        let strangers = seen.map_or(strangers, |seen| seen.left(strangers, slack, facts.open));
        let planned = known + strangers;
        left.insert((key.clone(), 1), Left { registered: due(1), others: strangers });
        for dose in 2..=u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX) {
            let had = |dose: u8| others.get(&(key.clone(), dose)).copied().unwrap_or(0);
            let waiting = had(dose - 1).saturating_sub(had(dose));
            left.insert((key.clone(), dose), Left { registered: due(dose), others: waiting });
        }
        if planned != official && group.uptake > Decimal::ZERO {
            let eligible = (Decimal::from(planned) / group.uptake).ceil().to_u32();
            people.push(Eligible { people: eligible.unwrap_or(u32::MAX), ..row.clone() });
        }
    }
    for new in people {
        campaign.eligible.retain(|row| (&row.area, &row.group) != (&new.area, &new.group));
        campaign.eligible.push(new);
    }
    (campaign, left)
}

/// A row that draws vaccine and is nobody's dose.
fn drawn(row: &GivenRow) -> GivenRow {
    GivenRow { area: AreaCode::from(""), ..row.clone() }
}

/// What was left in the last vials of sessions, beyond their wastage rate.
fn left_in_vials(facts: OutsetFacts<'_>) -> Vec<GivenRow> {
    let mut sessions: BTreeMap<(NaiveDate, &PlaceCode), (u32, &GivenRow)> = BTreeMap::new();
    for ReportedDoses { row, .. } in facts.counted {
        let session = sessions.entry((row.day, &row.place)).or_insert((0, row));
        session.0 = session.0.saturating_add(row.doses);
    }
    let left = |((_, place), (doses, row)): ((NaiveDate, &PlaceCode), (u32, &GivenRow))| {
        let doses = drawn_doses(facts.campaign, place, doses) - doses;
        (doses > 0).then(|| GivenRow { doses, ..drawn(row) })
    };
    sessions.into_iter().filter_map(left).collect()
}

fn as_given(row: &PlanRow, doses: u32) -> GivenRow {
    let PlanRow { day, place, area, group, dose, .. } = row.clone();
    GivenRow { day, place, area, group, dose, doses }
}

/// A row of a session without report, and how many of its seats are taken to be used.
struct Expected {
    plan: PlanRow,
    used: u32,
    /// For how many of them vaccine is drawn.
    drawn: u32,
}

/// What is expected of sessions without report. Parts of seats add up over the rows of a day, so that rounding loses
/// none; vaccine is rather counted twice than promised twice.
fn expected(facts: OutsetFacts<'_>) -> Vec<Expected> {
    let (mut people, mut vaccine) = (Part::of(facts.used.people), Part::of(facts.used.vaccine));
    let rows = facts.unreported.iter();
    rows.map(|row| Expected {
        plan: row.clone(),
        used: people.take(row.doses),
        drawn: vaccine.take(row.doses),
    })
    .collect()
}

/// A part of seats that come one row after the other, as whole numbers.
struct Part {
    share: f64,
    seats: f64,
    taken: u32,
}

impl Part {
    fn of(share: f64) -> Self {
        Self { share: share.clamp(0.0, 1.0), seats: 0.0, taken: 0 }
    }

    fn take(&mut self, doses: u32) -> u32 {
        self.seats += f64::from(doses) * self.share;
        let until = (self.seats - 1e-9).ceil().max(0.0).to_u32().unwrap_or(u32::MAX);
        let part = until.saturating_sub(self.taken).min(doses);
        self.taken += part;
        part
    }
}

/// The share of planned seats of a day that is used, as high as it is on most days: then vaccine is rarely planned
/// twice. What is believed while little is known is that every seat is used. `sessions`: day, seats planned and doses
/// given of those that have reported. Sessions without any dose say nothing: there was no vaccine, or a shut door.
#[must_use]
pub fn seats_used(sessions: &[(NaiveDate, u64, u64)]) -> f64 {
    let mut days: BTreeMap<NaiveDate, (f64, f64)> = BTreeMap::new();
    for &(day, seats, given) in sessions.iter().filter(|(_, _, given)| *given > 0) {
        let of_day = days.entry(day).or_default();
        *of_day = (of_day.0 + seats as f64, of_day.1 + given.min(seats) as f64);
    }
    let (seats, used) = days.values().fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    let mean = (used + SEATS_BELIEVED) / (seats + SEATS_BELIEVED);
    // Days with many seats say more of how days differ.
    let off = |(of, given): &(f64, f64)| of * (given / of - mean).powi(2);
    let spread = if days.len() < DAYS_LEAST { 0.0 } else { days.values().map(off).sum::<f64>() };
    let spread = (spread / seats.max(1.0)).sqrt().max(SPREAD_LEAST);
    (mean + spread).min(1.0)
}

/// Rows of a plan before its first open day, as far as the places still have room for them.
#[must_use]
pub fn kept(campaign: &Campaign, rows: &[PlanRow]) -> Vec<PlanRow> {
    let mut left: BTreeMap<(PlaceCode, NaiveDate), u32> = BTreeMap::new();
    let mut out = Vec::new();
    for row in rows {
        let key = (row.place.clone(), row.day);
        let left = left.entry(key).or_insert_with(|| room(campaign, row));
        let doses = row.doses.min(*left);
        *left -= doses;
        if doses > 0 {
            out.push(PlanRow { doses, ..row.clone() });
        }
    }
    out
}

/// What a row's place can give on its day: a site's capacity; at a stop that is not shut, whatever was planned.
fn room(campaign: &Campaign, row: &PlanRow) -> u32 {
    if let Some(site) = campaign.site(row.place.as_str()) {
        return campaign.capacity(site, row.day);
    }
    let codes = [Some(row.place.as_str()), row.team.as_ref().map(super::id::TeamCode::as_str)];
    let is_shut = campaign.closures.iter().any(|closure| {
        closure.day == row.day
            && closure.doses == 0
            && codes.iter().flatten().any(|code| *code == closure.place)
    });
    if is_shut { 0 } else { u32::MAX }
}

/// Binds sites that fetch vaccine on some weekdays to what is published until they fetch again. Adds closures to the
/// campaign.
pub fn bind_to_store(campaign: &mut Campaign, published: &[PlanRow], days: (NaiveDate, NaiveDate)) {
    let bound = bound_by_store(campaign, published, days);
    close(campaign, bound);
}

/// What sites that fetch vaccine on some weekdays can give until they fetch again, where that is less than their
/// capacity: what is published. More than that is not in their store.
#[must_use]
pub fn bound_by_store(
    campaign: &Campaign,
    published: &[PlanRow],
    (today, open): (NaiveDate, NaiveDate),
) -> Vec<Closure> {
    let mut planned: BTreeMap<(&str, NaiveDate), u32> = BTreeMap::new();
    for row in published {
        *planned.entry((row.place.as_str(), row.day)).or_insert(0) += row.doses;
    }
    let mut bound = Vec::new();
    for site in campaign.sites.iter().filter(|site| !(site.restock == Weekdays::EVERY_DAY)) {
        let mut day = today + TimeDelta::days(1);
        while day <= campaign.end && !site.restock.contains(day) {
            let most = planned.get(&(site.code.as_str(), day)).copied().unwrap_or(0);
            if day >= open && campaign.capacity(site, day) > most {
                bound.push(Closure { place: site.code.to_string(), day, doses: most });
            }
            day += TimeDelta::days(1);
        }
    }
    bound
}

/// Adds closures to a campaign, in place of those of the same places and days.
fn close(campaign: &mut Campaign, closures: Vec<Closure>) {
    let days: BTreeSet<(&str, NaiveDate)> =
        closures.iter().map(|closure| (closure.place.as_str(), closure.day)).collect();
    campaign.closures.retain(|closure| !days.contains(&(closure.place.as_str(), closure.day)));
    campaign.closures.extend(closures);
}

/// The adopted plan of another campaign.
#[derive(Debug, Clone, Copy)]
pub struct OtherPlan<'a> {
    /// Its campaign.
    pub campaign: &'a Campaign,
    /// Its rows.
    pub rows: &'a [PlanRow],
}

/// What the plans of others leave of sites from a day on, where that is less than what the campaign could use. A site
/// can do the most that any of the campaigns says. What they leave of teams' days follows from [`rows_of_others`].
#[must_use]
pub fn taken_by_others(
    campaign: &Campaign,
    others: &[OtherPlan<'_>],
    open: NaiveDate,
) -> Vec<Closure> {
    let mut used: BTreeMap<(&str, NaiveDate), u32> = BTreeMap::new();
    let is_in = |row: &&PlanRow| row.day >= open && row.day <= campaign.end && row.team.is_none();
    for row in others.iter().flat_map(|other| other.rows).filter(is_in) {
        *used.entry((row.place.as_str(), row.day)).or_insert(0) += row.doses;
    }
    let mut closures = Vec::new();
    for ((place, day), used) in used {
        let Some(site) = campaign.site(place) else { continue };
        let own = campaign.capacity(site, day);
        // A campaign knows what a place can do on its own days alone.
        let runs =
            |other: &&OtherPlan<'_>| (other.campaign.start..=other.campaign.end).contains(&day);
        let theirs = others.iter().filter(runs).filter_map(|other| {
            other.campaign.site(place).map(|site| other.campaign.capacity(site, day))
        });
        let left = theirs.max().unwrap_or(0).max(own).saturating_sub(used);
        if left < own {
            closures.push(Closure { place: place.to_owned(), day, doses: left });
        }
    }
    closures
}

/// The plans of others from a day on. A team makes one tour a day: whoever is planned comes along. What others draw
/// from a cold store is not there for them.
#[must_use]
pub fn rows_of_others(others: &[OtherPlan<'_>], open: NaiveDate) -> Vec<PlanRow> {
    let rows = others.iter().flat_map(|other| other.rows);
    rows.filter(|row| row.day >= open).cloned().collect()
}

#[cfg(test)]
#[path = "outset_tests.rs"]
mod tests;
