//! A person's page: history, what is due, appointments, messages; and what an office does about them. Each look and
//! each act goes to the audit log.

use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::booking::{Choice, Done, Shown, Wish};
use crate::app::import::EnteredOne;
use crate::app::people::PersonFile;
use crate::app::person_page::PersonSeen;
use crate::domain::booking::SlotTime;
use crate::domain::date::parse_day;
use crate::domain::dose::Dose;
use crate::domain::id::{LotCode, PersonId, PlaceCode, RecordId};
use crate::domain::permission::{Power, Visits, may_at};
use crate::domain::person::{Outcome, OutcomeKind};
use crate::text::harmless;
use askama::Template;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longest text of a field of a form.
const FIELD_CHARS_MAX: usize = 80;

type Choices = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "web/person.html")]
struct Main {
    t: T,
    title: String,
    wrong: Vec<String>,
    facts: Vec<(String, String)>,
    /// Telephone numbers to call.
    phones: Vec<(String, String)>,
    due: Vec<String>,
    appointment: String,
    has_appointment: bool,
    seats: Choices,
    action: String,
    /// Makes a form that is sent twice one record.
    once: String,
    today: String,
    places: Choices,
    lots: Choices,
    outcomes: Choices,
    is_quiet: bool,
    doses: Table,
    reasons: Table,
    past: Table,
    mails: Table,
}

/// The page.
pub(super) async fn person(
    context: PageContext,
    Path((_, code)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    show(&context, &code, Vec::new()).await
}

async fn show(context: &PageContext, code: &str, wrong: Vec<String>) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let seen = context.app().person_seen(&context.loaded, code, context.actor(), context.now).await;
    let PersonSeen { file, appointment, choices } = match seen {
        Err(AppError::Denied(denied)) => {
            return Err(context.denied(denied, "a person's page").await);
        }
        seen => seen.map_err(|error| context.refusal(&error))?,
    };
    let person = &file.person.person;
    let name = person.name.clone().unwrap_or_else(|| person.id.to_string());
    let name = harmless(&name);
    let today = context.today();
    let visits = context.visits(today).await?;
    let all = context.app().campaigns().await.map_err(|error| context.refusal(&error))?;
    let names: Campaigns = all
        .iter()
        .map(|one| (one.campaign.id.to_string(), (one.campaign.name.clone(), one.campaign.start)))
        .collect();
    let outcome =
        |kind: OutcomeKind| (kind.word().to_owned(), t.w(&format!("outcome-{}", kind.word())));
    let main = Main {
        t,
        title: name.clone(),
        wrong,
        facts: facts(context, &file),
        phones: phones(t, &file),
        due: due(context, &names, &file),
        appointment: appointment.as_ref().map(|held| at(t, held)).unwrap_or_default(),
        has_appointment: appointment.is_some(),
        seats: choices.iter().map(|choice| seat(t, choice)).collect(),
        action: format!(
            "{}&csrf={}",
            context.to(&format!("person/{}", encoded(person.id.as_str()))),
            context.visitor.csrf()
        ),
        once: uuid::Uuid::new_v4().simple().to_string(),
        today: today.to_string(),
        places: places(context, &visits),
        lots: campaign
            .deliveries
            .iter()
            .filter(|lot| lot.date <= today && today <= lot.expires)
            .map(|lot| (lot.lot.to_string(), format!("{} {}", lot.lot, lot.product)))
            .collect(),
        outcomes: OutcomeKind::ALL.into_iter().map(outcome).collect(),
        is_quiet: person.opt_out,
        doses: doses(context, &names, &file),
        reasons: reasons(context, &file),
        past: past(context, &names, &file),
        mails: mails(t, &file),
    };
    let page = Page::new(format!("{name} · {}", campaign.name), "due", &main);
    Ok(context.show(page.with(vec![main.doses, main.reasons, main.past, main.mails])))
}

fn facts(context: &PageContext, file: &PersonFile) -> Vec<(String, String)> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let person = &file.person.person;
    let area = campaign.area(person.area.as_str());
    let area = area.map_or_else(|| person.area.to_string(), |area| area.name.clone());
    let group = |code: &String| {
        campaign.group(code).map_or_else(|| code.clone(), |group| group.name.clone())
    };
    let groups: Vec<String> = file.person.groups.iter().map(group).collect();
    let text = |text: &Option<String>| text.as_deref().map(harmless).unwrap_or_default();
    let more = &person.more;
    let mut out = vec![
        (t.w("column-person"), person.id.to_string()),
        (t.w("column-born"), person.born.to_string()),
        (t.w("column-area"), area),
        (t.w("column-group"), groups.join(&t.w("mail-separator"))),
        (t.w("field-persons-address"), text(&more.address)),
        (t.w("field-persons-guardian"), text(&more.guardian)),
        (t.w("field-persons-school"), text(&more.school)),
    ];
    out.retain(|(_, value)| !value.is_empty());
    out
}

/// Numbers with what a telephone dials.
fn phones(t: T, file: &PersonFile) -> Vec<(String, String)> {
    let person = &file.person.person;
    let all = [&person.phone, &person.more.guardian_phone];
    let number = |number: &String| {
        let dialled: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        (t.say("web-person-call", &[("number", &harmless(number))]), dialled)
    };
    all.into_iter().flatten().map(number).filter(|(_, dialled)| !dialled.is_empty()).collect()
}

/// Name and first day of every campaign, by id.
type Campaigns = BTreeMap<String, (String, NaiveDate)>;

fn name_of(names: &Campaigns, id: &str) -> String {
    names.get(id).map_or_else(|| id.to_owned(), |(name, _)| harmless(name))
}

fn due(context: &PageContext, names: &Campaigns, file: &PersonFile) -> Vec<String> {
    let t = context.t();
    let mine = context.loaded.campaign.id.as_str();
    let last = file.doses.iter().map(|line| line.dose.date).max();
    let line = |one: &crate::app::people::DueIn| {
        let key = match (one.dose, last) {
            (1, _) | (_, None) => "web-person-due-first",
            _ => "web-person-due-next",
        };
        let last = last.map(|day| day.to_string()).unwrap_or_default();
        // Nobody can come before the campaign begins.
        let start = names.get(&one.campaign).map_or(one.earliest, |(_, start)| *start);
        let said: [(&str, &dyn std::fmt::Display); 5] = [
            ("campaign", &name_of(names, &one.campaign)),
            ("dose", &t.dose(one.dose)),
            ("earliest", &one.earliest.max(start)),
            ("recommended", &one.recommended.max(start)),
            ("last", &last),
        ];
        t.say(key, &said)
    };
    let (own, others): (Vec<_>, Vec<_>) = file.due.iter().partition(|one| one.campaign == mine);
    own.into_iter().chain(others).map(line).collect()
}

/// Where and when somebody is expected.
fn at(t: T, held: &Shown) -> String {
    let time = held.time.map(|(slot, _)| format!(" {slot}")).unwrap_or_default();
    let answer = match held.answer {
        Some(answer) => format!(" ({})", t.w(&format!("web-answer-{}", answer.word()))),
        None => String::new(),
    };
    format!("{}{time} {}{answer}", held.day, held.place_name)
}

/// A seat to choose: what the form sends, and what it shows.
fn seat(t: T, choice: &Choice) -> (String, String) {
    let shown = &choice.shown;
    let slot = shown.time.map(|(slot, _)| slot.to_string()).unwrap_or_default();
    let value = format!("{}|{slot}|{}", shown.day, shown.place);
    (value, t.say("web-person-seat", &[("seat", &at(t, shown)), ("free", &choice.free)]))
}

/// The places at which the visitor may enter what was given today.
fn places(context: &PageContext, visits: &Visits) -> Choices {
    let campaign = &context.loaded.campaign;
    let sites = campaign.sites.iter().map(|one| (one.code.to_string(), one.name.clone()));
    let stops = campaign.stops.iter().map(|one| (one.code.to_string(), one.name.clone()));
    let may = |code: &str| may_at(context.actor(), Power::Tally, campaign, code, visits).is_ok();
    sites.chain(stops).filter(|(code, _)| may(code)).collect()
}

fn doses(context: &PageContext, names: &Campaigns, file: &PersonFile) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["date", "place", "product", "lot", "counts_as"];
    let mut table = Table { is_private: true, ..Table::of(t, "web-person-doses", &keys) };
    for line in &file.doses {
        let Dose { date, place, product, lot, .. } = &line.dose;
        let named = campaign.place(place.as_str()).map(|place| place.name().to_owned());
        let counts = line.counts.iter().map(|one| {
            let key = if one.valid { "web-person-counts" } else { "web-person-counts-not" };
            t.say(
                key,
                &[("campaign", &name_of(names, &one.campaign)), ("dose", &t.dose(one.number))],
            )
        });
        table.rows.push(vec![
            Cell::head(date.to_string()),
            Cell::named(named.unwrap_or_else(|| place.to_string()), place.as_str()),
            Cell::text(product.clone().unwrap_or_default()),
            Cell::text(lot.as_ref().map(ToString::to_string).unwrap_or_default()),
            Cell::text(counts.collect::<Vec<_>>().join(&t.w("mail-separator"))),
        ]);
    }
    if table.rows.is_empty() {
        table.note = t.w("web-person-no-dose");
    }
    table
}

fn reasons(context: &PageContext, file: &PersonFile) -> Table {
    let t = context.t();
    let mut table = Table::of(t, "web-person-outcomes", &["date", "outcome", "until"]);
    for one in &file.outcomes {
        table.rows.push(vec![
            Cell::head(one.date.to_string()),
            Cell::text(t.w(&format!("outcome-{}", one.outcome.word()))),
            Cell::text(one.until.map(|day| day.to_string()).unwrap_or_default()),
        ]);
    }
    table
}

fn past(context: &PageContext, names: &Campaigns, file: &PersonFile) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["date", "campaign", "#dose", "place", "ended"];
    let mut table = Table::of(t, "web-person-appointments", &keys);
    for one in file.appointments.iter().rev() {
        let place = campaign.place(&one.place).map(|place| place.name().to_owned());
        let ended = one.ended.as_ref().map(|why| t.w(&format!("ended-{}", why.replace('_', "-"))));
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::named(name_of(names, &one.campaign), one.campaign.clone()),
            Cell::number(one.dose.to_string()),
            Cell::named(place.unwrap_or_else(|| one.place.clone()), one.place.clone()),
            Cell::text(ended.unwrap_or_else(|| t.w("ended-no"))),
        ]);
    }
    table
}

fn mails(t: T, file: &PersonFile) -> Table {
    let mut table = Table::of(t, "web-person-mails", &["day", "subject", "to", "state"]);
    table.is_private = true;
    for one in file.mails.iter().rev() {
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::text(harmless(&one.subject)),
            Cell::text(one.to.clone()),
            Cell::text(t.w(&format!("mail-state-{}", one.state))),
        ]);
    }
    table
}

/// What a form of the page asks for.
#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    once: String,
    date: Option<String>,
    place: Option<String>,
    lot: Option<String>,
    outcome: Option<String>,
    until: Option<String>,
    seat: Option<String>,
}

/// Does what a form asks for.
pub(super) async fn act(
    context: PageContext,
    Path((_, code)): Path<(String, String)>,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let app = context.app();
    let (loaded, by, now) = (&context.loaded, context.actor(), context.now);
    let person = match app.person_for(loaded, &code, by, now).await {
        Err(AppError::Denied(denied)) => {
            return Err(context.denied(denied, "a person's page").await);
        }
        person => person.map_err(|error| context.refusal(&error))?,
    };
    let done = match given.what.as_str() {
        "dose" => match dose(&context, &person.id, &given).await? {
            Ok(dose) => app.enter_dose(loaded, dose, by, now).await.map(|one| entered(t, one)),
            Err(wrong) => Ok(Err(vec![wrong])),
        },
        "outcome" => match outcome(&context, &person.id, &given) {
            Ok(outcome) => {
                app.enter_outcome(loaded, outcome, by, now).await.map(|one| entered(t, one))
            }
            Err(wrong) => Ok(Err(vec![wrong])),
        },
        "quiet" | "loud" => {
            let person =
                crate::domain::person::Person { opt_out: given.what == "quiet", ..person.clone() };
            app.enter_person(loaded, person, by, now).await.map(|one| entered(t, one))
        }
        "move" | "cancel" => {
            let wish = match given.what.as_str() {
                "cancel" => Some(Wish::Cancel),
                _ => given.seat.as_deref().and_then(wish),
            };
            match wish {
                Some(wish) => {
                    let moved = app.move_appointment(loaded, person.id.as_str(), &wish, by, now);
                    Box::pin(moved).await.map(|done| booked(t, done))
                }
                None => Ok(Err(vec![t.w("web-bad-form")])),
            }
        }
        _ => return Err(Refusal::bad(t, t.w("web-bad-form"))),
    };
    match done.map_err(|error| context.refusal(&error))? {
        Ok(()) => {
            context.site.desk.cache.forget();
            let to = context.to(&format!("person/{}", encoded(person.id.as_str())));
            Ok(Redirect::to(&format!("{to}&done=entered")).into_response())
        }
        Err(wrong) => show(&context, &code, wrong).await,
    }
}

type Outcomes = Result<(), Vec<String>>;

fn entered(t: T, one: EnteredOne) -> Outcomes {
    match one {
        EnteredOne::Stored | EnteredOne::Known => Ok(()),
        EnteredOne::Refused(issues) => Err(issues.iter().map(|issue| issue.message(t.0)).collect()),
    }
}

fn booked(t: T, done: Done) -> Outcomes {
    match done {
        Done::Done | Done::Already => Ok(()),
        Done::Refused(why) => Err(vec![t.w(&format!("booking-no-{}", why.word()))]),
        Done::Unknown => Err(vec![t.w("booking-no-stranger")]),
    }
}

/// A seat as the form sends it: day, slot, place.
fn wish(text: &str) -> Option<Wish> {
    let mut parts = text.splitn(3, '|');
    let day = parse_day(parts.next()?)?;
    let slot = parts.next()?;
    let place = PlaceCode::new(parts.next()?);
    let slot = if slot.is_empty() { None } else { Some(SlotTime::parse(slot)?) };
    Some(Wish::Take { day, place, slot })
}

/// The record that a form makes: sent twice, it is one.
fn record(kind: &str, once: &str) -> Option<RecordId> {
    let is_ours = once.len() == 32 && once.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then(|| RecordId::new(format!("web-{kind}-{once}")))
}

fn short(text: Option<&String>) -> Option<&str> {
    let text = text.map(|text| text.trim()).filter(|text| !text.is_empty());
    text.filter(|text| text.chars().count() <= FIELD_CHARS_MAX)
}

/// The dose of a form, at a place where the visitor may enter it.
async fn dose(
    context: &PageContext,
    person: &PersonId,
    given: &Given,
) -> Result<Result<Dose, String>, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let bad = || Ok(Err(t.w("web-bad-form")));
    let Some(record) = record("dose", &given.once) else { return bad() };
    let Some(date) = given.date.as_deref().and_then(parse_day) else {
        return Ok(Err(t.w("web-bad-day")));
    };
    let Some(place) = short(given.place.as_ref()) else { return bad() };
    let visits: BTreeMap<_, _> = context.visits_of([date]).await?;
    let Some(visits) = visits.get(&date) else { return bad() };
    if let Err(denied) = may_at(context.actor(), Power::Tally, campaign, place, visits) {
        return Err(context.denied(denied, &format!("dose at {place}")).await);
    }
    Ok(Ok(Dose {
        record,
        person: person.clone(),
        date,
        place: PlaceCode::new(place),
        product: None,
        lot: short(given.lot.as_ref()).map(LotCode::new),
        campaign: None,
        elsewhere: false,
        attribute: None,
        entered: None,
    }))
}

fn outcome(context: &PageContext, person: &PersonId, given: &Given) -> Result<Outcome, String> {
    let t = context.t();
    let record = record("outcome", &given.once).ok_or_else(|| t.w("web-bad-form"))?;
    let date = given.date.as_deref().and_then(parse_day).ok_or_else(|| t.w("web-bad-day"))?;
    let kind = given.outcome.as_deref().and_then(OutcomeKind::from_word);
    let until = match short(given.until.as_ref()) {
        Some(text) => Some(parse_day(text).ok_or_else(|| t.w("web-bad-day"))?),
        None => None,
    };
    Ok(Outcome {
        record,
        person: person.clone(),
        date,
        outcome: kind.ok_or_else(|| t.w("web-bad-form"))?,
        until,
        campaign: None,
        vaccine: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_read_as_it_was_offered() {
        let take = |day: &str, slot: Option<&str>, place: &str| {
            Some(Wish::Take {
                day: day.parse().unwrap(),
                place: PlaceCode::new(place),
                slot: slot.map(|slot| SlotTime::parse(slot).unwrap()),
            })
        };
        assert_eq!(wish("2021-04-06|08:30|S1"), take("2021-04-06", Some("08:30"), "S1"));
        assert_eq!(wish("2021-04-06||S|1"), take("2021-04-06", None, "S|1"));
        for bad in ["", "2021-04-06", "2021-04-06|", "x||S1", "2021-04-06|25:00|S1"] {
            assert_eq!(wish(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_form_names_no_record_of_its_own_choice() {
        assert!(record("dose", &"a1".repeat(16)).is_some());
        for once in ["", "x", "../../..", &"g".repeat(32), &"a".repeat(33)] {
            assert_eq!(record("dose", once), None, "{once}");
        }
    }
}
