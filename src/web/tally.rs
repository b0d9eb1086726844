//! A form for a day's counts, made for a phone. They are stored as `tallies import` stores them: a count that exists is
//! corrected, never added to.

use super::page::{Page, Refusal, address, encoded};
use super::page_context::PageContext;
use super::words::T;
use crate::app::AppError;
use crate::app::import::Entered;
use crate::app::planned::Planned;
use crate::domain::campaign::Campaign;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, CampaignId, GroupId, PlaceCode, RecordId};
use crate::domain::permission::{Power, may_at};
use crate::domain::plausible::{Doubtful, Sure};
use crate::intake::Issue;
use crate::text::thousands;
use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The field that says which fields had a value.
const HAD: &str = "had";
/// The field that confirms counts which are asked about.
const SURE: &str = "sure";
/// The most fields of one form; a place serves a few areas.
const FIELDS_MAX: usize = 400;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    place: Option<String>,
}

struct Row {
    name: String,
    label: String,
    value: String,
    /// What is stored, or waits to be confirmed.
    stored: String,
    fixed: bool,
    /// Doses that the plan has; empty without a plan for the place.
    planned: String,
}

#[derive(Template)]
#[template(path = "web/tally.html")]
struct Main {
    t: T,
    wrong: Vec<String>,
    /// Counts that are asked about, a sentence each; saving again confirms them.
    asked: Vec<String>,
    action: String,
    places: Vec<(String, String, bool)>,
    place: String,
    day: NaiveDate,
    today: NaiveDate,
    rows: Vec<(String, Vec<Row>)>,
    several: bool,
    /// The fields that had a value when the form was made, so that one that was filled meanwhile is not taken back.
    had: String,
    save: String,
    /// Under what a browser keeps what was typed: whose form it is, and of what.
    keep: String,
    /// What the plan has for the place, in a sentence.
    sum: String,
    /// Doses that the place can give on the day; `None` at a stop.
    most: Option<u32>,
}

/// What identifies a count at a place on a day.
type Key = (AreaCode, GroupId, u8);

/// The places whose counts of the page's day are the visitor's to enter.
async fn places(context: &PageContext) -> Result<Vec<(PlaceCode, String)>, Refusal> {
    let campaign = &context.loaded.campaign;
    let visits = context.visits(context.as_of).await?;
    let sites = campaign.sites.iter().map(|one| (one.code.clone(), one.name.clone()));
    let stops = campaign.stops.iter().map(|one| (one.code.clone(), one.name.clone()));
    let may = |code: &PlaceCode| {
        may_at(context.actor(), Power::Tally, campaign, code.as_str(), &visits).is_ok()
    };
    Ok(sites.chain(stops).filter(|(code, _)| may(code)).collect())
}

/// The counts that a place can report for a day.
fn keys(campaign: &Campaign, place: &PlaceCode, day: NaiveDate) -> Vec<Key> {
    let mut out = Vec::new();
    for area in campaign.areas_served(place.as_str()) {
        for group in &campaign.groups {
            if group.opens.unwrap_or(campaign.start) > day {
                continue;
            }
            for dose in (1_u8..).take(campaign.series.dose_count()) {
                out.push((area.clone(), group.id.clone(), dose));
            }
        }
    }
    out.truncate(FIELDS_MAX);
    out
}

/// The form.
pub(super) async fn form(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    show(&context, which.place.as_deref(), &BTreeMap::new(), Said::default()).await
}

/// What the form says above its fields.
#[derive(Default)]
struct Said {
    wrong: Vec<String>,
    asked: Vec<String>,
}

async fn show(
    context: &PageContext,
    chosen: Option<&str>,
    entered: &BTreeMap<String, String>,
    Said { wrong, mut asked }: Said,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let all = places(context).await?;
    let chosen = match chosen {
        Some(code) => {
            let visits = context.visits(context.as_of).await?;
            let may = may_at(context.actor(), Power::Tally, campaign, code, &visits);
            may.map_err(|denied| context.refusal(&denied.into()))?;
            let found = all.iter().find(|(known, _)| known.as_str() == code);
            Some(found.ok_or_else(|| Refusal::absent(t))?)
        }
        None => all.first(),
    };
    let mut rows = Vec::new();
    let (mut several, mut place) = (false, String::new());
    let (mut sum, mut most) = (String::new(), None);
    if let Some((code, name)) = chosen {
        place.clone_from(name);
        let planned = context.app().planned_at(&context.loaded, code, context.as_of).await;
        let planned = planned.map_err(|error| context.refusal(&error))?;
        let all: u64 = planned.values().sum();
        most = campaign.site(code.as_str()).map(|site| campaign.capacity(site, context.as_of));
        sum = t.say("web-tally-planned", &[("doses", &thousands(all))]);
        let waiting = waiting(context, code).await?;
        if entered.is_empty() {
            asked.extend(waiting.iter().map(|one| question(t, one)));
        }
        rows = fields(context, code, (entered, &waiting), &planned).await?;
        several = rows.iter().flat_map(|(_, rows)| rows).any(|row| row.fixed);
    }
    let code = chosen.map(|(code, _)| code.to_string()).unwrap_or_default();
    let filled = rows.iter().flat_map(|(_, rows)| rows).filter(|row| !row.value.is_empty());
    let filled = filled.map(|row| row.name.as_str()).collect::<Vec<_>>().join(" ");
    let had = entered.get(HAD).cloned().unwrap_or(filled);
    let title = t.w("web-tally");
    let save = format!("{}&place={}", context.to("tally"), encoded(&code));
    let main = Main {
        t,
        wrong,
        asked,
        action: address(&context.loaded, "tally", None),
        places: all
            .iter()
            .map(|(it, name)| (it.to_string(), name.clone(), *it.as_str() == *code))
            .collect(),
        place,
        day: context.as_of,
        today: context.today(),
        rows,
        several,
        had,
        sum,
        most,
        save: format!("{save}&csrf={}", context.visitor.csrf()),
        keep: format!("{} {save}", context.visitor.account.name),
    };
    Ok(context.show(Page::new(format!("{title} · {}", campaign.name), "tally", &main)))
}

/// The fields of a place, by area, each with what the plan has.
async fn fields(
    context: &PageContext,
    code: &PlaceCode,
    (entered, waiting): (&BTreeMap<String, String>, &[Doubtful]),
    planned: &Planned,
) -> Result<Vec<(String, Vec<Row>)>, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let known = known(context, code).await?;
    let mut rows: Vec<(String, Vec<Row>)> = Vec::new();
    for key in keys(campaign, code, context.as_of) {
        let own = waiting.iter().find(|one| key_of(&one.tally) == key);
        let own = own.map(|one| one.tally.doses);
        let mut row = row(t, campaign, &key, (known.get(&key), own), entered);
        if let Some(doses) = planned.get(&key) {
            row.planned = t.say("web-tally-planned", &[("doses", &thousands(*doses))]);
        }
        let area = campaign.area(key.0.as_str()).map_or(key.0.as_str(), |area| &area.name);
        match rows.last_mut() {
            Some((last, rows)) if last == area => rows.push(row),
            _ => rows.push((area.to_owned(), vec![row])),
        }
    }
    Ok(rows)
}

/// The stored records of each count.
async fn known(
    context: &PageContext,
    place: &PlaceCode,
) -> Result<BTreeMap<Key, Vec<Tally>>, Refusal> {
    let found = context.app().tallies_of(&context.loaded, place, context.as_of).await;
    let mut out: BTreeMap<Key, Vec<Tally>> = BTreeMap::new();
    for tally in found.map_err(|error| context.refusal(&error))? {
        let key = (tally.area.clone(), tally.group.clone(), tally.dose);
        out.entry(key).or_default().push(tally);
    }
    Ok(out)
}

fn name((area, group, dose): &Key) -> String {
    format!("{area}/{group}/{dose}")
}

fn row(
    t: T,
    campaign: &Campaign,
    key: &Key,
    (known, waiting): (Option<&Vec<Tally>>, Option<u32>),
    entered: &BTreeMap<String, String>,
) -> Row {
    let group = campaign.group(key.1.as_str()).map_or(key.1.as_str(), |group| &group.name);
    let sum = known.map(|all| all.iter().map(|tally| u64::from(tally.doses)).sum::<u64>());
    let name = name(key);
    // A count that waits to be confirmed is shown, so that whoever saves the form decides about it.
    let shown = waiting.map(u64::from).or(sum);
    let stored = shown.map(|sum| sum.to_string()).unwrap_or_default();
    Row {
        label: format!("{group} · {}", t.dose(key.2)),
        value: entered.get(&name).unwrap_or(&stored).clone(),
        stored,
        fixed: known.is_some_and(|all| all.len() > 1),
        planned: String::new(),
        name,
    }
}

fn key_of(tally: &Tally) -> Key {
    (tally.area.clone(), tally.group.clone(), tally.dose)
}

/// The counts of a place and the page's day that wait to be confirmed.
async fn waiting(context: &PageContext, place: &PlaceCode) -> Result<Vec<Doubtful>, Refusal> {
    let found = context.app().doubtful(&context.loaded).await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let is_here = |one: &Doubtful| one.tally.place == *place && one.tally.date == context.as_of;
    Ok(found.into_iter().map(|held| held.what).filter(is_here).collect())
}

/// Asks about a count.
fn question(t: T, one: &Doubtful) -> String {
    let Doubtful { tally, doubt } = one;
    let what = name(&key_of(tally));
    t.say(
        &format!("web-doubtful-{}", doubt.why.word().replace('_', "-")),
        &[
            ("what", &what),
            ("doses", &thousands(u64::from(tally.doses))),
            ("than", &thousands(doubt.than)),
        ],
    )
}

/// Reads the form: its counts and the records whose field was emptied, or everything that is wrong with it.
fn read(
    t: T,
    (id, place, day): (&CampaignId, &PlaceCode, NaiveDate),
    keys: &[Key],
    known: &BTreeMap<Key, Vec<Tally>>,
    entered: &BTreeMap<String, String>,
) -> Result<Entered, Vec<String>> {
    let (mut out, mut wrong) = (Entered::default(), Vec::new());
    if entered.contains_key(SURE) {
        out.sure = Sure::All;
    }
    for key in keys {
        // A field that the form did not have says nothing.
        let Some(text) = entered.get(&name(key)).map(|text| text.trim()) else { continue };
        let records = known.get(key).map_or(&[][..], Vec::as_slice);
        if records.len() > 1 {
            continue;
        }
        if text.is_empty() {
            // Only 0 says that no dose was given; an emptied field takes back what it said.
            let had = entered.get(HAD).is_none_or(|had| had.split(' ').any(|one| one == name(key)));
            out.gone.extend(records.iter().filter(|_| had).map(|tally| tally.record.clone()));
            continue;
        }
        let Ok(doses) = text.parse::<u32>() else {
            let shown = crate::mail::safe::name(text);
            wrong.push(t.say("web-tally-bad", &[("value", &shown), ("what", &name(key))]));
            continue;
        };
        let (area, group, dose) = key.clone();
        let own = || {
            RecordId::new(format!(
                "web-{id}-{}-{place}-{area}-{group}-{dose}",
                day.format("%Y%m%d")
            ))
        };
        let record = records.first().map_or_else(own, |tally| tally.record.clone());
        out.tallies.push(Tally {
            record,
            date: day,
            place: place.clone(),
            area,
            group,
            dose,
            doses,
            campaign: None,
        });
    }
    if wrong.is_empty() { Ok(out) } else { Err(wrong) }
}

/// Stores the counts.
pub(super) async fn save(
    context: PageContext,
    Query(which): Query<Which>,
    Form(entered): Form<BTreeMap<String, String>>,
) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let place = PlaceCode::new(which.place.unwrap_or_default());
    if campaign.place(place.as_str()).is_none() {
        return Err(Refusal::absent(t));
    }
    let visits = context.visits(context.as_of).await?;
    let may = may_at(context.actor(), Power::Tally, campaign, place.as_str(), &visits);
    if let Err(denied) = may {
        return Err(context.denied(denied, &format!("tally {place}")).await);
    }
    let known = known(&context, &place).await?;
    let keys = keys(campaign, &place, context.as_of);
    let about = (&context.loaded.campaign.id, &place, context.as_of);
    let read = match read(t, about, &keys, &known, &entered) {
        Ok(read) => read,
        Err(wrong) => {
            let said = Said { wrong, ..Said::default() };
            return show(&context, Some(place.as_str()), &entered, said).await;
        }
    };
    let (what, said) = (t.w("web-tally"), format!("{place} {}", context.as_of));
    let (loaded, by) = (&context.loaded, context.actor());
    let done = context.app().enter_tallies(loaded, (&what, &said), read, by, context.now).await;
    let (done, doubtful) = match done {
        Err(AppError::Denied(denied)) => return Err(context.denied(denied, &said).await),
        done => done.map_err(|error| context.refusal(&error))?,
    };
    if !done.issues.is_empty() {
        let is_asked = |issue: &&Issue| issue.code.starts_with("doubtful_");
        let wrong = done.issues.iter().filter(|issue| !is_asked(issue));
        let wrong = wrong.map(|issue| issue.message(t.0)).collect();
        let asked = doubtful.iter().map(|one| question(t, one)).collect();
        return show(&context, Some(place.as_str()), &entered, Said { wrong, asked }).await;
    }
    context.site.desk.cache.forget();
    let to = format!("{}&place={}&done=tallied", context.to("tally"), encoded(place.as_str()));
    Ok(Redirect::to(&to).into_response())
}
