//! The coordinator's morning summary.

use super::{Post, end_of, voice};
use crate::app::coverage::AsOf;
use crate::app::plans::{diff_lines, rows_between, rows_on};
use crate::app::{App, Loaded, Result};
use crate::domain::attention::{self, Attention, PlanProgress, plan_progress};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::count::{Doses, People};
use crate::domain::counting::NO_GROUP;
use crate::domain::coverage::{Coverage, Depth, DoseSums, coverage, needs};
use crate::domain::date::days;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::jurisdiction::ContactRole;
use crate::domain::notice::{AreaLine, Curves, Summary};
use crate::domain::plan::PlanState;
use crate::mail::message::canonical;
use crate::mail::picture::{Painter, Undrawn};
use crate::mail::{Picture, render};
use crate::store::{Tx, doubtful, outbox, plans, seal};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Days of the trend.
const TREND_DAYS: i64 = 14;
/// Lines of a waiting draft that are kept; the rest are counted.
const DRAFT_LINES_MAX: usize = 12;

impl App {
    /// The summary of the day `as_of`, which is sent the next morning. `missed`: first and last day whose summary was
    /// never sent.
    pub async fn summary(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<Summary> {
        self.summary_seen(loaded, as_of, (missed, as_of + TimeDelta::days(1))).await
    }

    /// The same, as it is seen on `today`, on which the day may not be over.
    pub async fn summary_seen(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        seen: (Option<(NaiveDate, NaiveDate)>, NaiveDate),
    ) -> Result<Summary> {
        Ok(self.summary_with_tree(loaded, as_of, seen).await?.summary)
    }

    /// The same, with the coverage of every area.
    pub(in crate::app) async fn summary_with_tree(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        (missed, today): (Option<(NaiveDate, NaiveDate)>, NaiveDate),
    ) -> Result<WithTree> {
        let campaign = &loaded.campaign;
        let basis = self.basis(loaded, AsOf::day(as_of)).await?;
        let at = |depth| coverage(campaign, as_of, &basis.counted, depth, basis.sites.clone());
        let by_group = at(Depth::Root);
        let tree = at(Depth::Tree);
        let mut tx = self.store.read().await?;
        let totals = self.totals_in(&mut tx, loaded.no).await?;
        let doses = totals.by_day_and_group(as_of, |area| loaded.shows(area));
        let first = as_of - TimeDelta::days(TREND_DAYS - 1);
        let by_day = by_day(&doses, first);
        let curve = baseline_curve(&mut tx, loaded).await?;
        let progress = plan_progress(campaign, &basis.counted, &curve, as_of);
        let curves = curves(campaign, doses, &curve);
        let audit_head = seal::head(&mut tx).await?.map(|head| head.short());
        drop(tx);
        let (attention, plan) = self.attention(loaded, (as_of, today), &tree, progress).await?;
        let sum = |figure: fn(&DoseSums) -> i64| -> u64 {
            u64::try_from(basis.counted.iter().map(figure).sum::<i64>()).unwrap_or(0)
        };
        let summary = Summary {
            campaign: campaign.id.clone(),
            campaign_name: campaign.name.clone(),
            vaccine_name: None,
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
            audit_head,
        };
        Ok(WithTree { summary, tree, plan })
    }

    /// What needs attention on the morning after `as_of`, the most urgent first, and the plan in force.
    async fn attention(
        &self,
        loaded: &Loaded,
        (as_of, seen): (NaiveDate, NaiveDate),
        tree: &Coverage,
        progress: PlanProgress,
    ) -> Result<(Vec<Attention>, Option<i64>)> {
        let campaign = &loaded.campaign;
        let today = as_of + TimeDelta::days(1);
        let mut tx = self.store.read().await?;
        let mail = outbox::counts(&mut tx).await?;
        let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        let adopted = adopted.map(|head| head.no);
        let draft = plans::newest(&mut tx, loaded.no, PlanState::Draft).await?;
        let draft =
            draft.filter(|draft| attention::draft_waits(campaign, adopted, draft.no, today));
        // Most mornings need the rows of a few days, or none.
        let rows = match adopted {
            Some(no) if draft.is_some() => rows_on(&mut tx, loaded, no, today).await?,
            Some(no) if today <= campaign.end => {
                let soon = (today, today + TimeDelta::days(attention::STOCK_DAYS));
                rows_between(&mut tx, loaded, no, soon).await?
            }
            _ => Vec::new(),
        };
        let mut out = Vec::new();
        let waiting = doubtful::list(&mut tx, loaded.no).await?;
        out.extend(attention::mail_in_doubt(&mail));
        out.extend(attention::doubtful(campaign, waiting.iter().map(|held| &held.what)));
        out.extend(attention::late_sites(campaign, &tree.sites, (as_of, seen)));
        out.extend(attention::no_plan(campaign, adopted.is_some(), today));
        if today <= campaign.end {
            let is_here = |place: &PlaceCode| {
                loaded.tops.is_none() || campaign.place(place.as_str()).is_some()
            };
            let given = self.given_in(&mut tx, loaded.no).await?;
            let given = given.by_rate(campaign, as_of, is_here);
            out.extend(attention::stock(campaign, &rows, &given, today));
        }
        out.extend(attention::behind_plan(progress));
        if let Some(draft) = draft {
            let new = rows_on(&mut tx, loaded, draft.no, today).await?;
            let mut changes = diff_lines(campaign, &rows, &new, draft.from);
            let more = changes.len().saturating_sub(DRAFT_LINES_MAX);
            changes.truncate(DRAFT_LINES_MAX);
            out.push(Attention::DraftWaits { plan: draft.no, changes, more });
        }
        out.extend(attention::over_100(campaign, tree));
        out.extend(attention::invalid_doses(campaign, tree));
        out.extend(attention::no_address(campaign, today));
        Ok((out, adopted))
    }

    /// The painter of pictures, with the configured font or the built-in one.
    pub fn painter(&self) -> std::result::Result<Painter, Undrawn> {
        match &self.config.mail.font {
            Some(font) => Painter::with_font(font),
            None => Ok(Painter::delivered()),
        }
    }

    /// The summaries of campaigns for one reader, who may see a part of the areas only.
    pub async fn summaries(
        &self,
        all: &[Loaded],
        as_of: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<Vec<Summary>> {
        let mut out = Vec::with_capacity(all.len());
        for loaded in all {
            let missed = missed.filter(|_| out.is_empty());
            let mut summary = self.summary(loaded, as_of, missed).await?;
            if all.len() > 1 {
                summary.vaccine_name = Some(loaded.campaign.series.name.clone());
            }
            out.push(summary);
        }
        Ok(out)
    }

    /// The mail of summaries for one reader; without the picture where that cannot be drawn, or where there are several
    /// campaigns. The first one names the reader.
    pub fn summary_post(&self, all: &[Loaded], summaries: &[Summary]) -> Post {
        let first = &summaries[0];
        let mut key = format!("summary/{}/{}", voice(all), first.as_of);
        if let ([_, _, ..], Some(email)) = (all, &first.coordinator.email) {
            key += &format!("/{}", canonical(email));
        }
        let picture = match summaries {
            [only] => self.picture(only),
            _ => None,
        };
        Post {
            kind: crate::domain::message::MailKind::Summary,
            key,
            to: first.coordinator.clone(),
            language: first.language,
            letter: render::summary(summaries, picture.as_ref()),
            send_by: end_of(&all[0], first.as_of + TimeDelta::days(2)),
            personal: false,
            way_out: None,
            attachments: Vec::new(),
        }
    }

    fn picture(&self, summary: &Summary) -> Option<Picture> {
        let drawn = self.painter().and_then(|painter| render::picture(summary, &painter));
        drawn.unwrap_or_else(|error| {
            tracing::warn!(%error, "the summary goes without its picture");
            None
        })
    }

    /// Queues the summaries of a day: one mail for each coordinator, about all their campaigns, and one for each
    /// contact of an area, about that area. Returns how many are new.
    pub async fn queue_summaries(
        &self,
        all: &[Loaded],
        as_of: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut messages = Vec::new();
        for reader in self.readers(all).await? {
            let Some(email) = reader.contact.email.as_deref() else { continue };
            let mut summaries = self.summaries(&reader.campaigns, as_of, missed).await?;
            for one in &mut summaries {
                one.coordinator = reader.contact.clone();
            }
            let mut post = self.summary_post(&reader.campaigns, &summaries);
            if let Some(area) = &reader.area {
                post.key += &format!("/{area}/{}", canonical(email));
            }
            messages.push(self.message(&reader.campaigns[0], &post, now)?);
        }
        let Some(first) = all.first() else { return Ok(0) };
        let mut tx = self.store.write().await?;
        let queued = self.queue_all(&mut tx, first, messages, now).await?;
        tx.commit().await?;
        let cards = Box::pin(self.queue_summary_cards(all, as_of, now)).await?;
        Ok(queued.into_iter().flatten().count() + cards)
    }

    /// Who gets summaries of these campaigns: their coordinators, and the contacts of areas that are not coordinators
    /// of the whole.
    async fn readers(&self, all: &[Loaded]) -> Result<Vec<SummaryReader>> {
        let mut readers: Vec<SummaryReader> = Vec::new();
        for loaded in all {
            let contact = coordinator(&loaded.campaign);
            let address = contact.email.as_deref().map(canonical);
            let same = |reader: &&mut SummaryReader| {
                address.is_some() && reader.contact.email.as_deref().map(canonical) == address
            };
            if let Some(reader) = readers.iter_mut().find(same) {
                reader.campaigns.push(loaded.clone());
            } else {
                let campaigns = vec![loaded.clone()];
                readers.push(SummaryReader { contact, area: None, campaigns });
            }
        }
        let contacts = self.jurisdiction().await?.map(|of| of.contacts).unwrap_or_default();
        for one in contacts {
            let with: Vec<&Loaded> = all
                .iter()
                .filter(|loaded| loaded.campaign.area(one.area.as_str()).is_some())
                .collect();
            let address = one.contact.email.as_deref().map(canonical);
            // Whoever coordinates the whole has these figures already.
            let is_told = readers.iter().any(|reader| {
                let is_whole = |campaign: &Loaded| {
                    campaign.campaign.root().is_some_and(|root| root.code == one.area)
                };
                let is_same = reader.contact.email.as_deref().map(canonical) == address;
                let covers = match &reader.area {
                    Some(area) => *area == one.area,
                    None => reader.campaigns.iter().all(is_whole),
                };
                is_same && covers
            });
            let is_school = one.role == ContactRole::School;
            if with.is_empty() || address.is_none() || is_told || is_school {
                continue;
            }
            let tops = [one.area.clone()];
            let campaigns = with.into_iter().map(|loaded| loaded.below(&tops)).collect();
            readers.push(SummaryReader { contact: one.contact, area: Some(one.area), campaigns });
        }
        Ok(readers)
    }
}

/// A summary with what it was made from.
pub(in crate::app) struct WithTree {
    pub(in crate::app) summary: Summary,
    /// Coverage of every area.
    pub(in crate::app) tree: Coverage,
    /// The plan in force.
    pub(in crate::app) plan: Option<i64>,
}

/// Somebody who gets a summary.
struct SummaryReader {
    contact: Contact,
    /// The area that it is about; `None`: the whole.
    area: Option<AreaCode>,
    campaigns: Vec<Loaded>,
}

fn coordinator(campaign: &Campaign) -> Contact {
    let name = campaign.name.clone();
    campaign.coordinator.clone().unwrap_or(Contact { name, email: None })
}

/// Doses that the first adopted plan has by day: of the areas that are to be seen.
pub(in crate::app) async fn baseline_curve(
    tx: &mut Tx,
    loaded: &Loaded,
) -> Result<Vec<(NaiveDate, u64)>> {
    let Some(head) = plans::baseline(tx, loaded.no).await? else { return Ok(Vec::new()) };
    if loaded.tops.is_none() {
        return Ok(head.curve);
    }
    let rows = rows_on(tx, loaded, head.no, head.from).await?;
    Ok(plans::curve(&rows))
}

/// Doses by day from `first` on.
fn by_day(doses: &[(NaiveDate, GroupId, i64)], first: NaiveDate) -> BTreeMap<NaiveDate, u64> {
    let mut out = BTreeMap::new();
    for (day, _, doses) in doses.iter().filter(|(day, ..)| *day >= first) {
        *out.entry(*day).or_default() += u64::try_from(*doses).unwrap_or(0);
    }
    out
}

/// Doses planned and given, day by day. Doses given before the campaign's first day count on that day.
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

/// The areas one level below the top; of several tops these.
fn area_lines(campaign: &Campaign, tree: &Coverage) -> Vec<AreaLine> {
    let known: Vec<&str> = campaign.groups.iter().map(|group| group.id.as_str()).collect();
    let top = campaign.root().map(|area| &area.code);
    let late = |area: &AreaCode| {
        let below = campaign.below(area);
        tree.sites.missing.iter().any(|code| {
            campaign.areas_served(code.as_str()).into_iter().any(|area| below.contains(area))
        })
    };
    campaign
        .areas
        .iter()
        .filter(|area| area.parent.as_ref() == top)
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
            let today: Doses = rows.iter().map(|row| row.today()).sum();
            AreaLine {
                area: area.code.clone(),
                area_name: area.name.clone(),
                eligible,
                first,
                first_percent: first.percent_of(eligible),
                complete,
                complete_percent: complete.percent_of(eligible),
                today: (today != Doses::ZERO || !late(&area.code)).then_some(today),
            }
        })
        .collect()
}
