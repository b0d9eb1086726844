//! A form for a day's counts, made for a phone. They are stored as `tallies import` stores them: a count that exists is
//! corrected, never added to.

use super::page::{Page, Refusal, address, encoded};
use super::page_context::PageContext;
use super::words::T;
use crate::app::AppError;
use crate::domain::campaign::Campaign;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, CampaignId, GroupId, PlaceCode, RecordId};
use crate::domain::permission::{Power, may_at};
use askama::Template;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

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
    fixed: bool,
}

#[derive(Template)]
#[template(path = "web/tally.html")]
struct Main {
    t: T,
    wrong: Vec<String>,
    action: String,
    places: Vec<(String, String, bool)>,
    place: String,
    day: NaiveDate,
    today: NaiveDate,
    rows: Vec<(String, Vec<Row>)>,
    several: bool,
    save: String,
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
    show(&context, which.place.as_deref(), &BTreeMap::new(), Vec::new()).await
}

async fn show(
    context: &PageContext,
    chosen: Option<&str>,
    entered: &BTreeMap<String, String>,
    wrong: Vec<String>,
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
    let mut rows: Vec<(String, Vec<Row>)> = Vec::new();
    let (mut several, mut place) = (false, String::new());
    if let Some((code, name)) = chosen {
        place = format!("{code} {name}");
        let known = known(context, code).await?;
        for key in keys(campaign, code, context.as_of) {
            let row = row(t, campaign, &key, known.get(&key), entered);
            several |= row.fixed;
            let area = campaign.area(key.0.as_str()).map_or(key.0.as_str(), |area| &area.name);
            match rows.last_mut() {
                Some((last, rows)) if last == area => rows.push(row),
                _ => rows.push((area.to_owned(), vec![row])),
            }
        }
    }
    let code = chosen.map(|(code, _)| code.to_string()).unwrap_or_default();
    let title = t.w("web-tally");
    let main = Main {
        t,
        wrong,
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
        save: format!(
            "{}&place={}&csrf={}",
            context.to("tally"),
            encoded(&code),
            context.visitor.csrf()
        ),
    };
    Ok(context.show(Page::new(format!("{title} · {}", campaign.name), "tally", &main)))
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
    known: Option<&Vec<Tally>>,
    entered: &BTreeMap<String, String>,
) -> Row {
    let group = campaign.group(key.1.as_str()).map_or(key.1.as_str(), |group| &group.name);
    let sum = known.map(|all| all.iter().map(|tally| u64::from(tally.doses)).sum::<u64>());
    let name = name(key);
    let stored = sum.map(|sum| sum.to_string()).unwrap_or_default();
    Row {
        label: format!("{group} · {}", t.dose(key.2)),
        value: entered.get(&name).cloned().unwrap_or(stored),
        fixed: known.is_some_and(|all| all.len() > 1),
        name,
    }
}

/// Reads the form: its counts, or everything that is wrong with it.
fn read(
    t: T,
    (id, place, day): (&CampaignId, &PlaceCode, NaiveDate),
    keys: &[Key],
    known: &BTreeMap<Key, Vec<Tally>>,
    entered: &BTreeMap<String, String>,
) -> Result<Vec<Tally>, Vec<String>> {
    let (mut out, mut wrong) = (Vec::new(), Vec::new());
    for key in keys {
        let text = entered.get(&name(key)).map_or("", |text| text.trim());
        let records = known.get(key).map_or(&[][..], Vec::as_slice);
        if text.is_empty() || records.len() > 1 {
            // An empty field changes nothing: only 0 says that no dose was given.
            continue;
        }
        let Some(doses) = text.parse::<u32>().ok().filter(|doses| *doses <= 100_000) else {
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
        out.push(Tally {
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
    let tallies = match read(
        t,
        (&context.loaded.campaign.id, &place, context.as_of),
        &keys,
        &known,
        &entered,
    ) {
        Ok(tallies) => tallies,
        Err(wrong) => return show(&context, Some(place.as_str()), &entered, wrong).await,
    };
    let (what, said) = (t.w("web-tally"), format!("{place} {}", context.as_of));
    let (loaded, by) = (&context.loaded, context.actor());
    let done = context.app().import_tallies(loaded, (&what, &said), tallies, by, context.now).await;
    let done = match done {
        Err(AppError::Denied(denied)) => return Err(context.denied(denied, &said).await),
        done => done.map_err(|error| context.refusal(&error))?,
    };
    if !done.issues.is_empty() {
        let wrong = done.issues.iter().map(|issue| issue.message(t.0)).collect();
        return show(&context, Some(place.as_str()), &entered, wrong).await;
    }
    context.site.desk.cache.forget();
    let to = format!("{}&place={}&done=tallied", context.to("tally"), encoded(place.as_str()));
    Ok(Redirect::to(&to).into_response())
}
