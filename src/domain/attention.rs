//! What needs a person's attention. The rules stand here alone; the coordinator's summary, `status` and the dashboard
//! ask them and show what they say.

use super::campaign::Campaign;
use super::count::{Doses, Percent};
use super::counting::NO_GROUP;
use super::coverage::{Coverage, CoverageRow, DoseSums, Flag, SitesReported};
use super::id::{GroupId, LotCode, PlaceCode, RecordId};
use super::message::MailState;
use super::plan::PlanRow;
use super::plausible::{Doubtful, Why};
use super::recipient::digest_recipients;
use super::stock::{DosesGiven, drawn_by_plan, stock_left};
use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeSet;

/// Days before its last day of use from which a lot with doses left is named. Our choice: time for two weekly
/// restocks.
const EXPIRY_DAYS: i64 = 14;
/// Days of the plan that the stock of the county store should last for. Our choice.
pub const STOCK_DAYS: i64 = 3;
/// Doses behind the plan, as a percentage of those planned by then, from which on it is said. Our choice: one or two
/// days of a campaign of a month.
const BEHIND_PERCENT: u64 = 5;
/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attention {
    /// Counts that nobody can mean wait to be confirmed or corrected.
    DoubtfulCounts(Vec<DoubtfulLine>),
    /// Places that were at work and have not reported: their names.
    LateSites(Vec<String>),
    /// The campaign runs, and no plan is adopted.
    NoPlan,
    /// Fewer doses have been given than the plan had by then, by more than 5 %.
    BehindPlan {
        /// Doses planned by then.
        planned: u64,
        /// Doses given.
        done: u64,
    },
    /// The vaccine in the county store lasts for fewer than three days of the plan.
    StockLow {
        /// Doses in stock.
        stock: u64,
        /// Doses that the plan draws in the next three days, wastage included.
        needed: u64,
    },
    /// A lot with doses left is close to its last day.
    LotNearExpiry {
        /// The lot.
        lot: LotCode,
        /// Doses left.
        left: u64,
        /// Its last day of use.
        expires: NaiveDate,
    },
    /// More people than eligible.
    Over100 {
        /// Name of the area.
        area_name: String,
        /// Name of the group.
        group_name: String,
        /// Number of the dose.
        dose: u8,
        /// The percentage.
        percent: Percent,
    },
    /// So many doses do not count.
    InvalidDoses(Doses),
    /// The register has more doses than the tally somewhere.
    PersonsExceedTally {
        /// Name of the place.
        place_name: String,
        /// The day.
        day: NaiveDate,
    },
    /// A draft, made at night, waits to be adopted.
    DraftWaits {
        /// Number of the draft.
        plan: i64,
        /// What it would change, a line each; the first of them.
        changes: Vec<String>,
        /// How many changes there are beyond those.
        more: usize,
    },
    /// So many mails of which nobody knows whether they arrived.
    MailInDoubt(u64),
    /// Sites and teams whose lead has no address: their names.
    NoAddress(Vec<String>),
}

/// A doubtful count, as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DoubtfulLine {
    /// Its record.
    pub record: RecordId,
    /// Code of the place.
    pub place: PlaceCode,
    /// Name of the place.
    pub place_name: String,
    /// The day.
    pub day: NaiveDate,
    /// Doses that were entered.
    pub doses: u32,
    /// Why it is asked about.
    pub why: Why,
    /// What it is compared with, in doses.
    pub than: u64,
}

/// The counts that wait to be confirmed.
pub fn doubtful<'a>(
    campaign: &Campaign,
    waiting: impl IntoIterator<Item = &'a Doubtful>,
) -> Option<Attention> {
    let line = |Doubtful { tally, doubt }: &Doubtful| DoubtfulLine {
        record: tally.record.clone(),
        place: tally.place.clone(),
        place_name: campaign
            .place(tally.place.as_str())
            .map_or_else(|| tally.place.to_string(), |place| place.name().to_owned()),
        day: tally.date,
        doses: tally.doses,
        why: doubt.why,
        than: doubt.than,
    };
    let lines: Vec<DoubtfulLine> = waiting.into_iter().map(line).collect();
    (!lines.is_empty()).then_some(Attention::DoubtfulCounts(lines))
}

/// Plan against done up to a day (序时进度), in doses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanProgress {
    /// Doses that the first adopted plan had by then.
    pub planned: u64,
    /// Doses given by then to the groups that are planned.
    pub done: u64,
    /// Doses that the first adopted plan has in all.
    pub planned_total: u64,
}

/// How far a campaign is with its plan. `curve` has the doses of each day of the first adopted plan.
pub fn plan_progress(
    campaign: &Campaign,
    counted: &[DoseSums],
    curve: &[(NaiveDate, u64)],
    as_of: NaiveDate,
) -> PlanProgress {
    let planned_groups: BTreeSet<&GroupId> =
        campaign.eligible.iter().map(|row| &row.group).collect();
    let done: i64 = counted
        .iter()
        .filter(|c| c.group.as_str() != NO_GROUP && planned_groups.contains(&c.group))
        .map(|c| c.doses)
        .sum();
    PlanProgress {
        planned: curve.iter().filter(|(day, _)| *day <= as_of).map(|(_, doses)| doses).sum(),
        done: u64::try_from(done).unwrap_or(0),
        planned_total: curve.iter().map(|(_, doses)| doses).sum(),
    }
}

/// Whether a campaign runs without a plan on `today`, the day on which somebody reads this.
pub fn no_plan(campaign: &Campaign, has_plan: bool, today: NaiveDate) -> Option<Attention> {
    let runs = campaign.start <= today && today <= campaign.end;
    (runs && !has_plan).then_some(Attention::NoPlan)
}

/// Whether fewer doses were given than planned, by more than `BEHIND_PERCENT`.
pub fn behind_plan(progress: PlanProgress) -> Option<Attention> {
    let PlanProgress { planned, done, .. } = progress;
    (done * 100 < planned * (100 - BEHIND_PERCENT))
        .then_some(Attention::BehindPlan { planned, done })
}

/// Places that were at work on `day` and have not reported. Before `today` is over nobody is late with it.
pub fn late_sites(
    campaign: &Campaign,
    sites: &SitesReported,
    (day, today): (NaiveDate, NaiveDate),
) -> Option<Attention> {
    if day >= today {
        return None;
    }
    let name = |code: &PlaceCode| {
        let place = campaign.place(code.as_str());
        place.map_or_else(|| code.to_string(), |place| place.name().to_owned())
    };
    let names: Vec<String> = sites.missing.iter().map(name).collect();
    (!names.is_empty()).then_some(Attention::LateSites(names))
}

/// Mails of which nobody knows whether they arrived, from the numbers of mails by state.
pub fn mail_in_doubt(counts: &[(MailState, u64)]) -> Option<Attention> {
    let (_, count) = counts.iter().find(|(state, _)| *state == MailState::InDoubt)?;
    (*count > 0).then_some(Attention::MailInDoubt(*count))
}

/// Sites and teams whose lead has no address, while there is something to write to them.
pub fn no_address(campaign: &Campaign, today: NaiveDate) -> Option<Attention> {
    if today > campaign.end {
        return None;
    }
    let silent: Vec<String> = digest_recipients(campaign)
        .into_iter()
        .filter(|one| one.lead.as_ref().is_none_or(|lead| lead.email.is_none()))
        .map(|one| one.name)
        .collect();
    (!silent.is_empty()).then_some(Attention::NoAddress(silent))
}

/// Whether a draft waits: one made after the plan that is in force, while the campaign runs. `None` for the adopted
/// plan: there is none.
pub fn draft_waits(
    campaign: &Campaign,
    adopted: Option<i64>,
    draft: i64,
    today: NaiveDate,
) -> bool {
    today <= campaign.end && adopted.is_none_or(|adopted| adopted < draft)
}

/// The stock of the county store against what the plan gives in the next days, and lots close to their last day.
/// `today` is the first day not yet given; `given` are the doses before it. Nothing once the campaign is over.
pub fn stock(
    campaign: &Campaign,
    plan: &[PlanRow],
    given: &impl DosesGiven,
    today: NaiveDate,
) -> Vec<Attention> {
    if today > campaign.end {
        return Vec::new();
    }
    let left = stock_left(campaign, given, today);
    let mut out = Vec::new();
    let soon = today..today + TimeDelta::days(STOCK_DAYS);
    let needed = drawn_by_plan(campaign, plan.iter().filter(|row| soon.contains(&row.day)));
    let stock: u64 = left.iter().map(|(_, doses)| doses).sum();
    if stock < needed {
        out.push(Attention::StockLow { stock, needed });
    }
    for (lot, left) in left {
        let Some(delivery) = campaign.lot(lot.as_str()) else { continue };
        let expires = delivery.expires;
        let is_soon = expires >= today && expires - today <= TimeDelta::days(EXPIRY_DAYS);
        if is_soon && left > 0 {
            out.push(Attention::LotNearExpiry { lot, left, expires });
        }
    }
    out
}

/// Each group with more people than eligible, in the highest area where that is so: the areas below follow from it.
pub fn over_100(campaign: &Campaign, tree: &Coverage) -> Vec<Attention> {
    let flagged = |row: &&CoverageRow| row.flags.contains(&Flag::Over100);
    let rows: Vec<&CoverageRow> = tree.rows.iter().filter(flagged).collect();
    let mut out = Vec::new();
    for row in &rows {
        let Some(eligible) = row.eligible else { continue };
        let is_below_another = rows.iter().any(|other| {
            other.group == row.group
                && other.area != row.area
                && campaign.below(&other.area).contains(&row.area)
        });
        let worst = row.doses.iter().filter(|line| line.people > eligible).max_by_key(|l| l.people);
        if let Some((line, percent)) =
            worst.filter(|_| !is_below_another).and_then(|line| Some((line, line.percent?)))
        {
            out.push(Attention::Over100 {
                area_name: row.area_name.clone(),
                group_name: row.group_name.clone(),
                dose: line.dose,
                percent,
            });
        }
    }
    out
}

/// Doses of the whole campaign that do not count. Group sets repeat their groups, so they are left out.
pub fn invalid_doses(campaign: &Campaign, tree: &Coverage) -> Option<Attention> {
    let is_top = |row: &&CoverageRow| {
        campaign.area(row.area.as_str()).is_some_and(|area| area.parent.is_none())
            && campaign.group(&row.group).is_some()
    };
    let invalid: Doses = tree.rows.iter().filter(is_top).map(|row| row.invalid).sum();
    (invalid > Doses::ZERO).then_some(Attention::InvalidDoses(invalid))
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;
