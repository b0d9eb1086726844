//! What questions about the resources of several campaigns begin with.

use super::joint_plans::{histories, parts_from};
use super::plan_basis::Basis;
use super::{App, AppError, Loaded, Result, today};
use crate::domain::dose::GivenRow;
use crate::domain::homes::RoundDay;
use crate::domain::id::PlaceCode;
use crate::domain::jurisdiction::{Joined, Jurisdiction};
use crate::domain::plan::{PlanRow, is_over};
use crate::domain::planner::TogetherAsStaffed;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Campaigns that are planned together until a day, with what is there.
#[derive(Debug)]
pub struct TogetherUntil {
    /// The campaigns, over places that do no more than the counted staff can.
    pub joined: Joined,
    /// Doses of each given before the first day.
    pub given: Vec<Vec<GivenRow>>,
    /// The first day.
    pub from: NaiveDate,
    /// Days on which sites wait for people alone.
    pub unstaffed: BTreeMap<PlaceCode, BTreeSet<NaiveDate>>,
    /// Their jurisdiction.
    pub jurisdiction: Jurisdiction,
    /// Rows of plans that stay, whose people come first.
    pub others: Vec<PlanRow>,
    /// Days on which teams make rounds of home visits.
    pub rounds: Vec<RoundDay>,
}

/// Campaigns of which something is supposed together.
pub struct SupposedCampaigns {
    basis: Basis,
    /// The last day that staff is looked at.
    by: NaiveDate,
    /// Doses of each given before the first day.
    pub given: Vec<Vec<GivenRow>>,
    /// Rows of each one's adopted plan.
    pub published: Vec<Vec<PlanRow>>,
    /// The first day.
    pub from: NaiveDate,
}

impl SupposedCampaigns {
    /// Their jurisdiction.
    #[must_use]
    pub fn jurisdiction(&self) -> &Jurisdiction {
        self.basis.all()
    }

    /// The campaigns over its places, which do no more than the counted staff can, where it has these people.
    #[must_use]
    pub fn places(&self, of: &Jurisdiction) -> TogetherAsStaffed {
        self.basis.staffed_as(of, self.by)
    }
}

impl App {
    /// Campaigns of which something is supposed, with what people booked. What the adopted plans of others that share
    /// places use is theirs. `wanted`: the first day; else today. `until`: a day on which they may be supposed to end.
    /// Fails without a campaign.
    pub async fn supposed_together(
        &self,
        all: &[Loaded],
        (wanted, until): (Option<NaiveDate>, Option<NaiveDate>),
        now: DateTime<Utc>,
    ) -> Result<SupposedCampaigns> {
        let mut tx = self.store.read().await?;
        let first = all.first().ok_or(AppError::NoCampaign)?;
        let day = today(&first.campaign, now);
        let is_on = all.iter().any(|one| !is_over(&one.campaign, day));
        let wanted = wanted.or(is_on.then_some(day));
        let (from, parts, basis) = self.begin_together(&mut tx, all, wanted, now).await?;
        drop(tx);
        let ends = all.iter().map(|one| one.campaign.end).chain(until);
        let by = ends.max().unwrap_or(from);
        let published = parts.iter().map(|part| part.published.clone()).collect();
        Ok(SupposedCampaigns { given: histories(&parts), published, basis, by, from })
    }

    /// Campaigns, each begun by then, until a day. What the adopted plans of others that share places use is theirs.
    /// `wanted`: the first day; else today. Fails without a campaign.
    pub async fn together_until(
        &self,
        all: &[Loaded],
        wanted: Option<NaiveDate>,
        by: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<TogetherUntil> {
        let mut tx = self.store.read().await?;
        let first = all.first().ok_or(AppError::NoCampaign)?;
        let day = today(&first.campaign, now);
        let is_on = all.iter().any(|one| !is_over(&one.campaign, day));
        let wanted = wanted.or(is_on.then_some(day));
        let from = self.first_day(&mut tx, all, wanted, day).await?;
        let parts = parts_from(&mut tx, all, (day, from)).await?;
        let mut basis = Basis::load(&mut tx, &parts, (day, from)).await?;
        basis.until(by);
        let others = self.others(&mut tx, &parts, &basis, now).await?;
        basis.leave_to(&parts, others);
        drop(tx);
        let given = histories(&parts);
        // A roster takes a core for a while, so the runtime moves other tasks away.
        let (joined, unstaffed) = tokio::task::block_in_place(|| basis.staffed(by));
        let jurisdiction = basis.all().clone();
        let (others, rounds) = basis.staying();
        let (others, rounds) = (others.to_vec(), rounds.to_vec());
        Ok(TogetherUntil { joined, given, from, unstaffed, jurisdiction, others, rounds })
    }
}
