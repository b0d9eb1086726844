//! The coordinator's morning summary.

use super::digest::offices;
use super::{Post, end_of};
use crate::app::coverage::AsOf;
use crate::app::plans::diff_lines;
use crate::app::{App, Loaded, Result};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::count::{Doses, People};
use crate::domain::counting::NO_GROUP;
use crate::domain::coverage::{Coverage, CoverageRow, Depth, DoseSums, Flag, coverage, needs};
use crate::domain::date::days;
use crate::domain::id::GroupId;
use crate::domain::message::MailState;
use crate::domain::notice::{AreaLine, Attention, Curves, Progress, Summary};
use crate::domain::plan::PlanRow;
use crate::domain::plan::PlanState;
use crate::domain::stock::{GivenAt, stock_left};
use crate::mail::picture::{Painter, Undrawn};
use crate::mail::render;
use crate::store::{cells, outbox, plans};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The summary's trend shows so many days.
const TREND_DAYS: i64 = 14;
/// A lot is near its end so many days before.
const EXPIRY_DAYS: i64 = 14;
/// Stock for fewer days of the plan than this needs attention.
const STOCK_DAYS: i64 = 3;
/// Behind plan from so many parts in a hundred on.
const BEHIND_PERCENT: u64 = 5;
/// A mail shows so many lines of a waiting draft; the rest is counted.
const DRAFT_LINES_MAX: usize = 12;

impl App {
    /// The summary of a day, as the next morning tells it.
    pub async fn summary(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<Summary> {
        let campaign = &loaded.campaign;
        let basis = self.basis(loaded, AsOf::day(as_of)).await?;
        let at = |depth| coverage(campaign, as_of, &basis.counted, depth, basis.sites.clone());
        let by_group = at(Depth::Root);
        let tree = at(Depth::Tree);
        let mut tx = self.store.read().await?;
        let first = as_of - TimeDelta::days(TREND_DAYS - 1);
        let by_day: BTreeMap<_, _> =
            cells::doses_by_day(&mut tx, loaded.no, first, as_of).await?.into_iter().collect();
        let baseline = plans::baseline(&mut tx, loaded.no).await?;
        let progress = progress(
            campaign,
            &basis.counted,
            baseline.as_ref().map_or(&[][..], |head| &head.curve),
            as_of,
        );
        let doses = cells::doses_by_day_and_group(&mut tx, loaded.no, as_of).await?;
        let curve = baseline.as_ref().map_or(&[][..], |head| &head.curve);
        let curves = curves(campaign, doses, curve);
        drop(tx);
        let attention = self.attention(loaded, as_of, &tree, &progress).await?;
        let sum = |figure: fn(&DoseSums) -> i64| -> u64 {
            u64::try_from(basis.counted.iter().map(figure).sum::<i64>()).unwrap_or(0)
        };
        Ok(Summary {
            campaign: campaign.id.clone(),
            campaign_name: campaign.name.clone(),
            county: campaign.root().map_or_else(|| campaign.name.clone(), |a| a.name.clone()),
            coordinator: coordinator(campaign),
            language: campaign.language,
            as_of,
            missed,
            doses_total: sum(|c| c.doses),
            doses_today: sum(|c| c.doses_today),
            needs: needs(campaign, &by_group),
            by_group,
            by_area: area_lines(campaign, &tree),
            attention,
            progress,
            trend: days(first.max(campaign.start), as_of)
                .map(|day| (day, by_day.get(&day).copied().unwrap_or(0)))
                .collect(),
            curves,
        })
    }

    async fn attention(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        tree: &Coverage,
        progress: &Progress,
    ) -> Result<Vec<Attention>> {
        let campaign = &loaded.campaign;
        let mut out = Vec::new();
        let mut tx = self.store.read().await?;
        let doubt = outbox::counts(&mut tx).await?;
        let doubt =
            doubt.iter().find(|(state, _)| *state == MailState::InDoubt).map_or(0, |(_, n)| *n);
        if doubt > 0 {
            out.push(Attention::MailInDoubt(doubt));
        }
        let names = |code: &crate::domain::id::PlaceCode| {
            campaign.site(code.as_str()).map_or_else(|| code.to_string(), |site| site.name.clone())
        };
        if !tree.sites.missing.is_empty() {
            out.push(Attention::LateSites(tree.sites.missing.iter().map(names).collect()));
        }
        let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        if adopted.is_none() && campaign.start <= as_of && as_of <= campaign.end {
            out.push(Attention::NoPlan);
        }
        let rows = match &adopted {
            Some(head) => plans::rows(&mut tx, loaded.no, head.no).await?,
            None => Vec::new(),
        };
        let given = cells::given_at(&mut tx, loaded.no, as_of).await?;
        out.extend(stock(campaign, &rows, &given, as_of));
        if progress.done * 100 < progress.planned * (100 - BEHIND_PERCENT) {
            let Progress { planned, done, .. } = *progress;
            out.push(Attention::BehindPlan { planned, done });
        }
        if let Some(draft) = plans::newest(&mut tx, loaded.no, PlanState::Draft).await?
            && adopted.as_ref().is_none_or(|head| head.no < draft.no)
        {
            let new = plans::rows(&mut tx, loaded.no, draft.no).await?;
            let mut changes = diff_lines(campaign, &rows, &new, draft.from);
            let more = changes.len().saturating_sub(DRAFT_LINES_MAX);
            changes.truncate(DRAFT_LINES_MAX);
            if more > 0 {
                changes.push(format!("… +{more}"));
            }
            out.push(Attention::DraftWaits { plan: draft.no, changes });
        }
        out.extend(over_100(campaign, tree));
        let invalid: Doses = roots(campaign, tree).map(|row| row.invalid).sum();
        if invalid > Doses::ZERO {
            out.push(Attention::InvalidDoses(invalid));
        }
        let silent: Vec<String> = offices(campaign)
            .into_iter()
            .filter(|office| office.lead.as_ref().is_none_or(|lead| lead.email.is_none()))
            .map(|office| office.name)
            .collect();
        if !silent.is_empty() {
            out.push(Attention::NoAddress(silent));
        }
        Ok(out)
    }

    /// What draws pictures: with the configured font, or with the one that is delivered.
    pub fn painter(&self) -> std::result::Result<Painter, Undrawn> {
        match &self.config.mail.font {
            Some(font) => Painter::with_font(font),
            None => Ok(Painter::delivered()),
        }
    }

    /// Renders a summary for the queue. Where the picture cannot be drawn, it goes without.
    pub fn summary_post(&self, loaded: &Loaded, summary: &Summary) -> Post {
        let drawn = self.painter().and_then(|painter| render::picture(summary, &painter));
        let picture = drawn.unwrap_or_else(|error| {
            tracing::warn!(%error, "the summary goes without its picture");
            None
        });
        Post {
            kind: crate::domain::message::MailKind::Summary,
            key: format!("summary/{}/{}", loaded.campaign.id, summary.as_of),
            to: summary.coordinator.clone(),
            language: summary.language,
            letter: render::summary(summary, picture.as_ref()),
            send_by: end_of(loaded, summary.as_of + TimeDelta::days(2)),
            personal: false,
            way_out: None,
            attachments: Vec::new(),
        }
    }

    /// Queues the summary of a day; `false` where it was queued before or nobody reads it.
    pub async fn queue_summary(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let summary = self.summary(loaded, as_of, missed).await?;
        if summary.coordinator.email.is_none() {
            return Ok(false);
        }
        let message = self.message(loaded, &self.summary_post(loaded, &summary), now)?;
        let mut tx = self.store.write().await?;
        let queued = self.queue(&mut tx, loaded, message, now).await?;
        tx.commit().await?;
        Ok(queued.is_some())
    }
}

fn coordinator(campaign: &Campaign) -> Contact {
    let name = campaign.name.clone();
    campaign.coordinator.clone().unwrap_or(Contact { name, email: None })
}

/// The rows of single groups at the top of the tree.
fn roots<'a>(campaign: &'a Campaign, tree: &'a Coverage) -> impl Iterator<Item = &'a CoverageRow> {
    tree.rows.iter().filter(|row| {
        campaign.area(row.area.as_str()).is_some_and(|area| area.parent.is_none())
            && campaign.group(&row.group).is_some()
    })
}

/// Plan against done: doses of the groups that the plan plans.
pub fn progress(
    campaign: &Campaign,
    counted: &[DoseSums],
    curve: &[(NaiveDate, u64)],
    as_of: NaiveDate,
) -> Progress {
    let planned_groups: BTreeSet<&GroupId> =
        campaign.eligible.iter().map(|row| &row.group).collect();
    let done: i64 = counted
        .iter()
        .filter(|c| c.group.as_str() != NO_GROUP && planned_groups.contains(&c.group))
        .map(|c| c.doses)
        .sum();
    Progress {
        planned: curve.iter().filter(|(day, _)| *day <= as_of).map(|(_, doses)| doses).sum(),
        done: u64::try_from(done).unwrap_or(0),
        planned_total: curve.iter().map(|(_, doses)| doses).sum(),
    }
}

/// Plan against done, day by day; what was given before the campaign's first day is done on it.
fn curves(
    campaign: &Campaign,
    by_group: Vec<(NaiveDate, GroupId, i64)>,
    planned: &[(NaiveDate, u64)],
) -> Curves {
    let counts: BTreeSet<&GroupId> = campaign.eligible.iter().map(|row| &row.group).collect();
    let mut given: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for (day, group, doses) in by_group {
        if group.as_str() != NO_GROUP && counts.contains(&group) {
            *given.entry(day.max(campaign.start)).or_default() += doses;
        }
    }
    let mut all = 0;
    let done = given.into_iter().map(|(day, doses)| {
        all += doses;
        (day, u64::try_from(all).unwrap_or(0))
    });
    let mut so_far = 0;
    let planned = planned.iter().map(|(day, doses)| {
        so_far += doses;
        (*day, so_far)
    });
    let (done, planned): (Vec<_>, Vec<_>) = (done.collect(), planned.collect());
    let days = (!done.is_empty() || !planned.is_empty()).then_some((campaign.start, campaign.end));
    Curves { planned, done, days }
}

fn area_lines(campaign: &Campaign, tree: &Coverage) -> Vec<AreaLine> {
    let known: Vec<&str> = campaign.groups.iter().map(|group| group.id.as_str()).collect();
    campaign
        .areas
        .iter()
        .filter(|area| area.parent.is_some())
        .map(|area| {
            let rows: Vec<_> = tree
                .rows
                .iter()
                .filter(|row| row.area == area.code && known.contains(&row.group.as_str()))
                .collect();
            let with: Vec<_> = rows.iter().filter(|row| row.eligible.is_some()).collect();
            let eligible: People = with.iter().filter_map(|row| row.eligible).sum();
            let first: People =
                with.iter().filter_map(|row| row.doses.first()).map(|line| line.people).sum();
            let complete: People = with.iter().map(|row| row.complete.people).sum();
            AreaLine {
                area_name: area.name.clone(),
                eligible,
                first,
                first_percent: first.percent_of(eligible),
                complete,
                complete_percent: complete.percent_of(eligible),
                today: rows.iter().map(|row| row.today()).sum(),
            }
        })
        .collect()
}

/// One line for each group over 100 %: of the highest area where it is so; the areas below follow from it.
fn over_100(campaign: &Campaign, tree: &Coverage) -> Vec<Attention> {
    let flagged = |row: &&CoverageRow| row.flags.contains(&Flag::Over100);
    let rows: Vec<&CoverageRow> = tree.rows.iter().filter(flagged).collect();
    let mut out = Vec::new();
    for row in &rows {
        let Some(eligible) = row.eligible else { continue };
        let below_another = rows.iter().any(|other| {
            other.group == row.group
                && other.area != row.area
                && campaign.below(&other.area).contains(&row.area)
        });
        let worst = row.doses.iter().filter(|line| line.people > eligible).max_by_key(|l| l.people);
        if let Some((line, percent)) =
            worst.filter(|_| !below_another).and_then(|line| Some((line, line.percent?)))
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

/// Stock in the county store against what the plan draws next, and lots that end soon.
fn stock(
    campaign: &Campaign,
    rows: &[PlanRow],
    given: &GivenAt,
    as_of: NaiveDate,
) -> Vec<Attention> {
    let today = as_of + TimeDelta::days(1);
    let left = stock_left(campaign, given, today);
    let mut out = Vec::new();
    let next: u64 = rows
        .iter()
        .filter(|row| row.day >= today && row.day < today + TimeDelta::days(STOCK_DAYS))
        .map(|row| u64::from(row.doses))
        .sum();
    let usable: u64 = left.iter().map(|(_, doses)| doses).sum();
    if usable < next {
        out.push(Attention::StockLow { stock: usable, needed: next });
    }
    for (lot, doses) in left {
        let Some(delivery) = campaign.lot(lot.as_str()) else { continue };
        let soon = delivery.expires - today <= TimeDelta::days(EXPIRY_DAYS);
        if soon && doses > 0 && delivery.expires >= today {
            let (left, expires) = (doses, delivery.expires);
            out.push(Attention::LotNearExpiry { lot, left, expires });
        }
    }
    out
}
