//! What staff means for plans in force, and what is said of it when plans are made.

use super::{App, Loaded, Result, today};
use crate::domain::homes::RoundDay;
use crate::domain::id::CampaignNo;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::plan::{Certificate, PlanRow, PlanState, Unplaced, UnplacedReason};
use crate::domain::planner::{self, GroupVerdict, StaffLimit, Wanting};
use crate::domain::roster::{Missing, StationGap};
use crate::domain::staff_lost::{staff_differs, staff_lost};
use crate::domain::standing::Lost;
use crate::store::{Tx, duties, homes, jurisdictions, plans};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What is said of staff when plans are made; empty where nobody has counted it.
#[derive(Debug, Clone, Default)]
pub struct StaffOutcome {
    /// Whom the plans lack all the same.
    pub missing: Vec<Missing>,
    /// Where staff is the limit.
    pub limits: Vec<StaffLimit>,
    /// Whom these places lack.
    pub gaps: Vec<StationGap>,
}

impl App {
    /// The places at which staff is the limit of a campaign's plan and whom they lack, with the plans that the other
    /// campaigns have in force; none where nobody has counted the staff. `unplaced`: whom the plan leaves without a
    /// place; `prices`: of the plan.
    pub async fn staff_limits(
        &self,
        loaded: &Loaded,
        (from, rows, unplaced): (NaiveDate, &[PlanRow], &[Unplaced]),
        prices: Option<&Certificate>,
    ) -> Result<StaffOutcome> {
        let none = StaffOutcome::default();
        let mut tx = self.store.read().await?;
        let of = jurisdictions::newest(&mut tx).await?.jurisdiction;
        let Some(of) = of.filter(|of| !of.staff.is_empty()) else { return Ok(none) };
        let mut all: Vec<PlanRow> = rows.iter().filter(|row| row.day >= from).cloned().collect();
        let mut wanting = Wanting::default();
        wanting.add_unplaced(&loaded.campaign, unplaced);
        let last = all.iter().map(|row| row.day).max();
        let until = last.max(wanting.last()).filter(|until| *until >= from);
        let Some(until) = until else { return Ok(none) };
        let others = self.rows_of_others(&mut tx, loaded, from).await?;
        all.extend(others.into_iter().filter(|row| row.day <= until));
        let published = duties::published(&mut tx, (NaiveDate::MIN, NaiveDate::MAX)).await?;
        let rounds = homes::days(&mut tx, from).await?;
        drop(tx);
        let known = (published.as_slice(), rounds.as_slice());
        let found = || planner::staff_limits(&of, (&all, &wanting), known, (from, until));
        let (mut limits, mut gaps) = tokio::task::block_in_place(found);
        // Somebody else's place is no limit of this plan.
        let campaign = &loaded.campaign;
        let is_own =
            |place: &str| campaign.place(place).is_some() || campaign.team(place).is_some();
        limits.retain(|one| is_own(&one.place));
        gaps.retain(|one| is_own(&one.place));
        if let Some(prices) = prices {
            planner::price_gaps(&mut gaps, prices);
        }
        Ok(StaffOutcome { limits, gaps, ..none })
    }

    /// Rows of the plans that the other open campaigns have in force, from a day on.
    async fn rows_of_others(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        from: NaiveDate,
    ) -> Result<Vec<PlanRow>> {
        let others = self.others_in_force(tx, loaded, from).await?;
        Ok(others.into_iter().flat_map(|(_, rows)| rows).collect())
    }

    async fn others_in_force(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        from: NaiveDate,
    ) -> Result<Vec<(Loaded, Vec<PlanRow>)>> {
        let mut all = Vec::new();
        for other in self.campaigns_in(tx).await? {
            if other.no == loaded.no || !other.is_open {
                continue;
            }
            if let Some(head) = plans::newest(tx, other.no, PlanState::Adopted).await? {
                let rows = plans::rows(tx, other.no, head.no, from..).await?;
                let rows = other.campaign.plan_rows_on(rows, from);
                all.push((other, rows));
            }
        }
        Ok(all)
    }

    /// The other open campaigns for which teams work on days of these rows, with the rows of their plans in force.
    pub async fn tours_beside(
        &self,
        loaded: &Loaded,
        rows: &[PlanRow],
    ) -> Result<Vec<(Loaded, Vec<PlanRow>)>> {
        let day_of = |row: &PlanRow| Some((row.day, row.team.clone()?));
        let days: BTreeSet<_> = rows.iter().filter_map(day_of).collect();
        let Some((first, _)) = days.first() else { return Ok(Vec::new()) };
        let mut tx = self.store.read().await?;
        let mut others = self.others_in_force(&mut tx, loaded, *first).await?;
        for (_, rows) in &mut others {
            rows.retain(|row| day_of(row).is_some_and(|day| days.contains(&day)));
        }
        others.retain(|(_, rows)| !rows.is_empty());
        Ok(others)
    }

    /// The jurisdiction, the rows of other campaigns' plans and the days of rounds of home visits, whose people are
    /// used: none where nobody has counted the staff.
    pub async fn supposed_of(
        &self,
        loaded: &Loaded,
        from: NaiveDate,
    ) -> Result<(Option<Jurisdiction>, Vec<PlanRow>, Vec<RoundDay>)> {
        let mut tx = self.store.read().await?;
        let of = jurisdictions::newest(&mut tx).await?.jurisdiction;
        if of.as_ref().is_none_or(|of| of.staff.is_empty()) {
            return Ok((of, Vec::new(), Vec::new()));
        }
        let others = self.rows_of_others(&mut tx, loaded, from).await?;
        let rounds = homes::days(&mut tx, from).await?;
        Ok((of, others, rounds))
    }

    /// Says of a stored plan's verdict which staff-days would serve the people whom staff holds back.
    pub(super) async fn say_gaps(
        &self,
        loaded: &Loaded,
        plan: (NaiveDate, &[PlanRow], &[Unplaced]),
        prices: &Certificate,
        verdict: &mut [GroupVerdict],
    ) -> Result<()> {
        let mut binds = verdict.iter().flat_map(|one| &one.binds);
        if binds.any(|bind| bind.reason == UnplacedReason::Staff) {
            let staff = self.staff_limits(loaded, plan, Some(prices)).await?;
            planner::say_gaps(verdict, &loaded.campaign, &staff.gaps);
        }
        Ok(())
    }
}

/// Seats that have no staff any more, by campaign; empty where nobody looked.
pub(super) type LostStaff = BTreeMap<CampaignNo, Vec<Lost>>;

/// The seats from tomorrow on that a change of the jurisdiction leaves without staff, by campaign. Today's sessions
/// stay as people were told: the office decides what becomes of them.
pub(super) async fn lost(
    tx: &mut Tx,
    (old, new): (Option<&Jurisdiction>, Option<&Jurisdiction>),
    heads: &[Loaded],
    now: DateTime<Utc>,
) -> Result<LostStaff> {
    let (Some(old), Some(new)) = (old, new) else { return Ok(LostStaff::new()) };
    if old.staff.is_empty() || new.staff.is_empty() || !staff_differs(old, new) {
        return Ok(LostStaff::new());
    }
    let (mut found, mut from) = (Vec::new(), None::<NaiveDate>);
    for loaded in heads.iter().filter(|one| one.is_open) {
        let tomorrow = today(&loaded.campaign, now) + TimeDelta::days(1);
        from = Some(from.map_or(tomorrow, |day| day.min(tomorrow)));
        let head = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
        if let Some(head) = head {
            let rows = plans::rows(tx, loaded.no, head.no, tomorrow..).await?;
            found.push((loaded.no, loaded.campaign.plan_rows_on(rows, tomorrow)));
        }
    }
    let Some(from) = from else { return Ok(LostStaff::new()) };
    let published = duties::published(tx, (NaiveDate::MIN, NaiveDate::MAX)).await?;
    let (numbers, rows): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let rounds = homes::days(tx, from).await?;
    let lost = staff_lost((old, new), &rows, (&published, &rounds), from);
    Ok(numbers.into_iter().zip(lost).collect())
}
