//! What something new breaks. Whatever is stored ends, in its own transaction, the appointments that no longer stand;
//! the mails that wait and call people to them are withdrawn with them. What the adopted plan loses is noted, so that
//! it is mended soon ([`super::mending`]).

use super::assigning::standings;
use super::coverage::given;
use super::places::Composed;
use super::plans::in_force;
use super::seats::give_slots;
use super::staffing::LostStaff;
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::assign::{Assignment, Ended};
use crate::domain::dose::GivenRow;
use crate::domain::id::{CampaignId, PersonId, PlaceCode};
use crate::domain::plan::{PlanRow, PlanState, is_over};
use crate::domain::standing::{Cause, Lost, Remains, Unrest, standing};
use crate::store::{Tx, assignments, bookings, cells, plans, unrest};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a change breaks in a campaign's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The campaign.
    pub campaign: CampaignId,
    /// What is broken.
    #[serde(flatten)]
    pub unrest: Unrest,
}

impl App {
    /// The campaigns before a change; none where one of them cannot be read, which the change may mend.
    pub(super) async fn before(&self, tx: &mut Tx) -> Result<Vec<Loaded>> {
        match self.campaigns_in(tx).await {
            Err(AppError::Refused(_)) => Ok(Vec::new()),
            other => other,
        }
    }
}

/// Ends the appointments that the adopted plan can no longer keep with what is known in this transaction, and notes
/// what the plan loses. `None`: nothing is broken.
pub(super) async fn plan(
    tx: &mut Tx,
    loaded: &Loaded,
    now: DateTime<Utc>,
) -> Result<Option<Unrest>> {
    plan_without(tx, loaded, None, now).await
}

/// The same where it is known which seats have no staff any more. `None`: nobody looked; what lacked staff lacks it
/// still.
async fn plan_without(
    tx: &mut Tx,
    loaded: &Loaded,
    staff: Option<&[Lost]>,
    now: DateTime<Utc>,
) -> Result<Option<Unrest>> {
    debug_assert!(loaded.tops.is_none(), "a part of a campaign is for looking at only");
    let Some(mut found) = remains(tx, loaded, now).await? else { return Ok(None) };
    found.lose(staff.unwrap_or_default());
    let withdrawn = withdraw(tx, loaded, &found, now).await?;
    note(tx, loaded, &found.lost, withdrawn, now).await
}

/// What the adopted plan would lose with a campaign as it might become. Nothing is stored.
pub(super) async fn losses(tx: &mut Tx, loaded: &Loaded, now: DateTime<Utc>) -> Result<Unrest> {
    let found = remains(tx, loaded, now).await?;
    Ok(found.map(|found| Unrest::of(&loaded.campaign, &found.lost)).unwrap_or_default())
}

/// What of the adopted plan stands; `None`: there is none, or the campaign is closed.
async fn remains(tx: &mut Tx, loaded: &Loaded, now: DateTime<Utc>) -> Result<Option<Remains>> {
    let day = today(&loaded.campaign, now);
    let head = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
    let Some(head) = head.filter(|_| loaded.is_open) else { return Ok(None) };
    // After the campaign's new end no day stands, so the plan is looked at even then.
    let mut rows = in_force(tx, loaded, day, head.from).await?;
    rows.extend(plans::rows(tx, loaded.no, head.no, day..).await?);
    let rows = loaded.campaign.plan_rows_on(rows, day);
    Ok(Some(stands(tx, loaded, &rows, day).await?))
}

/// Notes that seats are free which people who wait can have.
pub(super) async fn freed(
    tx: &mut Tx,
    loaded: &Loaded,
    seats: u64,
    now: DateTime<Utc>,
) -> Result<()> {
    let is_planned = plans::newest(tx, loaded.no, PlanState::Adopted).await?.is_some();
    if seats == 0 || !is_planned {
        return Ok(());
    }
    let mut all = unrest::find(tx, loaded.no).await?.unwrap_or_default();
    all.withdrawn += seats;
    Ok(unrest::set(tx, loaded.no, &all, millis(now)).await?)
}

/// What of the plan stands: today's sessions as far as they have not reported, and all later ones.
async fn stands(tx: &mut Tx, loaded: &Loaded, rows: &[PlanRow], day: NaiveDate) -> Result<Remains> {
    let campaign = loaded.campaign.on(day);
    let reported: BTreeSet<PlaceCode> =
        cells::reported(tx, loaded.no, day).await?.into_iter().collect();
    let mut history = given(tx, loaded, NaiveDate::MIN, day).await?;
    history = campaign.given_on(&history, day).into_owned();
    let open: Vec<PlanRow> = rows
        .iter()
        .filter(|row| row.day == day && !reported.contains(&row.place))
        .cloned()
        .collect();
    let before: Vec<GivenRow> = history.iter().filter(|row| row.day < day).cloned().collect();
    let mut now = standing(&campaign, &open, &before, day);
    // The vaccine of a session that has begun is there, or people have found out.
    now.lost.retain(|one| one.cause != Cause::Vaccine);
    // A session whose report is still out gave what was planned: its vaccine is not there for tomorrow.
    history.extend(open.iter().filter(|row| !is_lost(&now.lost, row)).map(|row| GivenRow {
        day: row.day,
        place: row.place.clone(),
        area: row.area.clone(),
        group: row.group.clone(),
        dose: row.dose,
        doses: row.doses,
    }));
    let mut found = standing(&campaign, rows, &history, day + TimeDelta::days(1));
    found.lost.extend(now.lost);
    found.rows.extend(now.rows);
    Ok(found)
}

fn is_lost(lost: &[Lost], row: &PlanRow) -> bool {
    lost.iter().any(|one| one.row.day == row.day && one.row.place == row.place)
}

/// Ends the appointments beyond the seats that are left, the latest made first. Returns how many.
async fn withdraw(
    tx: &mut Tx,
    loaded: &Loaded,
    found: &Remains,
    now: DateTime<Utc>,
) -> Result<u64> {
    type Seats<'a> = BTreeMap<(NaiveDate, &'a PlaceCode, u8), u64>;
    let Some(first) = found.lost.iter().map(|one| one.row.day).min() else { return Ok(0) };
    let mut causes: BTreeMap<(NaiveDate, &PlaceCode, u8), Cause> = BTreeMap::new();
    for one in &found.lost {
        causes.entry((one.row.day, &one.row.place, one.row.dose)).or_insert(one.cause);
    }
    let mut left: Seats<'_> = BTreeMap::new();
    for row in &found.rows {
        *left.entry((row.day, &row.place, row.dose)).or_default() += u64::from(row.doses);
    }
    let held = assignments::from(tx, loaded.no, first).await?;
    let mut gone: BTreeMap<Ended, Vec<&str>> = BTreeMap::new();
    for one in &held {
        let key = (one.day, &one.place, one.dose);
        let Some(cause) = causes.get(&key) else { continue };
        let seats = left.entry(key).or_default();
        match seats.checked_sub(1) {
            Some(rest) => *seats = rest,
            None => gone.entry(ended(*cause)).or_default().push(one.person.as_str()),
        }
    }
    let count = gone.values().map(Vec::len).sum::<usize>() as u64;
    for (why, people) in gone {
        assignments::end(tx, loaded.no, &people, why, millis(now)).await?;
    }
    Ok(count)
}

fn ended(cause: Cause) -> Ended {
    match cause {
        Cause::Vaccine => Ended::Short,
        Cause::Closed | Cause::Capacity | Cause::Outside | Cause::Staff => Ended::Closed,
    }
}

/// Notes what is broken. A draft that mends the same goes on waiting.
async fn note(
    tx: &mut Tx,
    loaded: &Loaded,
    lost: &[Lost],
    withdrawn: u64,
    now: DateTime<Utc>,
) -> Result<Option<Unrest>> {
    let before = unrest::find(tx, loaded.no).await?.unwrap_or_default();
    let mut all = Unrest::of(&loaded.campaign, lost);
    let fresh = Unrest { withdrawn, ..all.clone() };
    all.keep_staff(&before);
    if all.seats == before.seats && withdrawn == 0 {
        all.draft = before.draft;
    }
    all.withdrawn = before.withdrawn + withdrawn;
    if all == Unrest::default() {
        unrest::clear(tx, loaded.no).await?;
        return Ok(None);
    }
    unrest::set(tx, loaded.no, &all, millis(now)).await?;
    Ok((fresh != Unrest::default()).then_some(fresh))
}

/// The same for every campaign that a change of campaigns or places may touch, as it is after the change.
pub(super) async fn plans(
    tx: &mut Tx,
    composed: &[Composed],
    heads: &[Loaded],
    staff: &LostStaff,
    now: DateTime<Utc>,
) -> Result<Vec<Broken>> {
    let mut out = Vec::new();
    for one in composed {
        let Some(before) = heads.iter().find(|head| Some(head.no) == one.no) else { continue };
        let loaded = Loaded { campaign: Arc::new(one.new.clone()), ..before.clone() };
        let lost = staff.get(&loaded.no).map(Vec::as_slice);
        if let Some(unrest) = plan_without(tx, &loaded, lost, now).await? {
            out.push(Broken { campaign: one.new.id.clone(), unrest });
        }
        hours(tx, &loaded, now).await?;
    }
    Ok(out)
}

/// Gives people whose place has other hours now a time that it has, from tomorrow on.
async fn hours(tx: &mut Tx, loaded: &Loaded, now: DateTime<Utc>) -> Result<()> {
    let head = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
    let Some(head) = head.filter(|_| loaded.is_open) else { return Ok(()) };
    bookings::lock(tx, loaded.no).await?;
    let first = today(&loaded.campaign, now) + TimeDelta::days(1);
    give_slots(tx, loaded, (head.no, first)).await
}

/// Ends the appointments of people that no longer stand by what is known of them in this transaction: the dose was
/// given, somebody died, moved, is barred, or the dose would not count on the day. Returns how many seats are free.
pub(super) async fn people(
    tx: &mut Tx,
    campaigns: &[Loaded],
    people: &[&PersonId],
    now: DateTime<Utc>,
) -> Result<u64> {
    let codes: Vec<&str> = people.iter().map(|person| person.as_str()).collect();
    let mut free = 0;
    for loaded in campaigns {
        let day = today(&loaded.campaign, now);
        if codes.is_empty() || is_over(&loaded.campaign, day) {
            continue;
        }
        let held = assignments::of(tx, loaded.no, &codes).await?;
        if held.is_empty() {
            continue;
        }
        let known = standings(tx, loaded, held.keys(), day).await?;
        let mut gone: BTreeMap<Ended, Vec<&str>> = BTreeMap::new();
        for (person, one) in &held {
            let why = match known.get(person) {
                Some(known) => no_longer(known, one, day),
                None => Some(Ended::PlanChanged),
            };
            if let Some(why) = why {
                gone.entry(why).or_default().push(person.as_str());
                free += u64::from(one.day > day && why != Ended::Done);
            }
        }
        for (why, people) in gone {
            assignments::end(tx, loaded.no, &people, why, millis(now)).await?;
        }
    }
    Ok(free)
}

/// Why somebody's appointment does not stand, by what is known of them alone; `None`: it stands, or only the night's
/// assignment can say.
pub(super) fn no_longer(
    known: &super::assigning::Standing,
    held: &Assignment,
    day: NaiveDate,
) -> Option<Ended> {
    if known.barred.is_some() {
        return Some(Ended::Barred);
    }
    let Some(due) = &known.due else { return Some(Ended::Done) };
    if due.number != held.dose {
        return Some(Ended::Done);
    }
    if due.earliest > held.day {
        return Some(if held.day < day { Ended::Done } else { Ended::PlanChanged });
    }
    (known.group.is_none() && held.day >= day).then_some(Ended::PlanChanged)
}
