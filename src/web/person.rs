//! A person's page: history, what is due, appointments, messages; and what an office does about them. Each look and
//! each act goes to the audit log.

use super::asked_days::parse_day;
use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::person_seats::{at, booked, seat, seat_text, wish};
use super::person_tables::{
    Campaigns, calls, homes, mails, name_of, named, passages, past, reasons,
};
use super::products;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::AppError;
use crate::app::import::{EnteredOne, Kind};
use crate::app::people::{DoseLine, PersonFile};
use crate::app::person_page::PersonSeen;
use crate::domain::dose::Dose;
use crate::domain::id::{LotCode, PersonId, PlaceCode, RecordId};
use crate::domain::permission::{Denied, Power, Visits, may_at};
use crate::domain::person::{Outcome, OutcomeKind};
use crate::text::harmless;
use askama::Template;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

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
    /// The appointment as forms send it along.
    held: String,
    seats: Choices,
    action: String,
    /// Makes a form that is sent twice one record.
    once: String,
    today: String,
    places: Choices,
    lots: Choices,
    outcomes: Choices,
    /// The records that can be taken back.
    records: Choices,
    is_quiet: bool,
    /// Whether people book by a link.
    has_links: bool,
    /// The link that was asked for.
    link: String,
    doses: Table,
    reasons: Table,
    past: Table,
    homes: Table,
    calls: Table,
    mails: Table,
    passages: Table,
}

/// The page.
pub(super) async fn person(
    context: PageContext,
    Path((_, code)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    show(&context, &code, (Vec::new(), String::new())).await
}

async fn show(
    context: &PageContext,
    code: &str,
    (wrong, link): (Vec<String>, String),
) -> Result<Response, Refusal> {
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
    let names = named(&all);
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
        held: appointment.as_ref().map(seat_text).unwrap_or_default(),
        seats: choices.iter().map(|choice| seat(t, choice)).collect(),
        action: format!(
            "{}&csrf={}",
            context.to(&format!("person/{}", encoded(person.id.as_str()))),
            context.visitor.csrf()
        ),
        once: super::once::name(),
        today: today.to_string(),
        places: places(context, &visits),
        lots: campaign
            .deliveries
            .iter()
            .filter(|lot| lot.date <= today && today <= lot.expires)
            .map(|lot| {
                let product = products::named(context.t().0, campaign, &lot.product);
                (lot.lot.to_string(), format!("{} {product}", lot.lot))
            })
            .collect(),
        outcomes: OutcomeKind::ALL.into_iter().map(outcome).collect(),
        records: records(context, &file),
        is_quiet: person.opt_out,
        has_links: context.app().config.booking.link("").is_some(),
        link,
        doses: doses(context, &names, &file),
        reasons: reasons(context, &file),
        past: past(t, (&all, &names), &file),
        homes: homes(t, (&all, &names), &file),
        calls: calls(context, &names, &file),
        mails: mails(t, &file),
        passages: passages(context, code).await?,
    };
    let page = Page::new(format!("{name} · {}", campaign.name), "due", &main);
    let tables =
        [main.doses, main.reasons, main.past, main.homes, main.calls, main.mails, main.passages];
    Ok(context.show(page.with(tables.into())))
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
            product
                .as_deref()
                .map_or_else(|| Cell::text(""), |it| products::cell(t.0, campaign, it)),
            Cell::text(lot.as_ref().map(ToString::to_string).unwrap_or_default()),
            Cell::text(counts.collect::<Vec<_>>().join(&t.w("mail-separator"))),
        ]);
    }
    if table.rows.is_empty() {
        table.note = t.w("web-person-no-dose");
    }
    table
}

/// The records that can be taken back: what the form sends, and what it shows.
fn records(context: &PageContext, file: &PersonFile) -> Choices {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let dose = |line: &DoseLine| {
        let Dose { record, date, place, product, .. } = &line.dose;
        let named = campaign.place(place.as_str()).map(|place| place.name().to_owned());
        let place = harmless(&named.unwrap_or_else(|| place.to_string()));
        let product = product.as_deref().map(|it| products::named(t.0, campaign, &harmless(it)));
        let product = product.unwrap_or_default();
        (format!("doses {record}"), format!("{date} {place} {product}"))
    };
    let outcome = |one: &Outcome| {
        let word = t.w(&format!("outcome-{}", one.outcome.word()));
        (format!("outcomes {}", one.record), format!("{} {word}", one.date))
    };
    file.doses.iter().map(dose).chain(file.outcomes.iter().map(outcome)).collect()
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
    record: Option<String>,
    reason: Option<String>,
    seat: Option<String>,
    /// The appointment that the page showed; empty for none.
    held: Option<String>,
}

/// Does what a form asks for.
pub(super) async fn act(
    context: PageContext,
    Path((_, code)): Path<(String, String)>,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    if given.what == "link" {
        return link(&context, &code).await;
    }
    let done = match done(&context, &code, &given).await {
        Err(AppError::Denied(denied)) => {
            let place = given.place.as_deref().filter(|_| denied != Denied::Person);
            let said = place.map_or_else(
                || "a person's page".to_owned(),
                |place| format!("{} at {}", given.what, crate::mail::safe::name(place)),
            );
            return Err(context.denied(denied, &said).await);
        }
        done => done.map_err(|error| context.refusal(&error))?,
    };
    match done {
        None => Err(Refusal::bad(t, t.w("web-bad-form"))),
        Some(Ok(())) => {
            context.site.desk.cache.forget();
            let to = context.to(&format!("person/{}", encoded(&code)));
            Ok(Redirect::to(&format!("{to}&done=entered")).into_response())
        }
        Some(Err(wrong)) => show(&context, &code, (wrong, String::new())).await,
    }
}

/// Shows the link to the booking page: once, since nothing keeps it.
async fn link(context: &PageContext, code: &str) -> Result<Response, Refusal> {
    let (by, now) = (context.actor(), context.now);
    let found = context.app().booking_link(&context.loaded, code.trim(), by, now).await;
    match found {
        Ok(Some(link)) => show(context, code, (Vec::new(), link)).await,
        Ok(None) => {
            let none = context.t().w("bookings-no-link");
            show(context, code, (vec![none], String::new())).await
        }
        Err(AppError::Denied(denied)) => Err(context.denied(denied, "a link to book").await),
        Err(error) => Err(context.refusal(&error)),
    }
}

/// What came of a form; `None`: it asks for nothing that there is.
async fn done(
    context: &PageContext,
    code: &str,
    given: &Given,
) -> Result<Option<Outcomes>, AppError> {
    let (t, app) = (context.t(), context.app());
    let (loaded, by, now) = (&context.loaded, context.actor(), context.now);
    let person = PersonId::new(code.trim());
    Ok(Some(match given.what.as_str() {
        "dose" => match dose(t, &person, given) {
            Ok(dose) => entered(t, app.enter_dose(loaded, dose, by, now).await?),
            Err(wrong) => Err(vec![wrong]),
        },
        "outcome" => match outcome(t, &person, given) {
            Ok(outcome) => entered(t, app.enter_outcome(loaded, outcome, by, now).await?),
            Err(wrong) => Err(vec![wrong]),
        },
        "quiet" | "loud" => {
            let quiet = (code, given.what == "quiet");
            entered(t, app.set_quiet(loaded, quiet, by, now).await?)
        }
        "void" => match void(given) {
            Some((kind, record, why)) => {
                let done = app.void_of(loaded, (code, kind, &record), (why, by), now).await?;
                if done { Ok(()) } else { Err(vec![t.w("web-person-void-none")]) }
            }
            None => Err(vec![t.w("web-person-void-why")]),
        },
        "move" | "cancel" => {
            match wish(&given.what, given.seat.as_deref(), given.held.as_deref()) {
                Some((wish, seen)) => {
                    let wish = (&wish, seen.as_ref());
                    booked(t, Box::pin(app.book_for(loaded, code, wish, by, now)).await?)
                }
                None => Err(vec![t.w("web-bad-form")]),
            }
        }
        _ => return Ok(None),
    }))
}

type Outcomes = Result<(), Vec<String>>;

/// Which record a form takes back, and why.
fn void(given: &Given) -> Option<(Kind, RecordId, &str)> {
    let (kind, record) = given.record.as_deref()?.split_once(' ')?;
    let kind = [Kind::Doses, Kind::Outcomes].into_iter().find(|one| one.name() == kind)?;
    let why = given.reason.as_deref()?.trim();
    let is_told = !why.is_empty() && why.chars().count() <= FIELD_CHARS_MAX;
    is_told.then(|| (kind, RecordId::new(record), why))
}

fn entered(t: T, one: EnteredOne) -> Outcomes {
    match one {
        EnteredOne::Stored | EnteredOne::Known => Ok(()),
        EnteredOne::Used => Err(vec![t.w("web-form-used")]),
        EnteredOne::Refused(issues) => Err(issues.iter().map(|issue| issue.message(t.0)).collect()),
    }
}

/// The record that a form makes: sent twice, it is one.
fn record(kind: &str, once: &str) -> Option<RecordId> {
    let once = super::once::given(Some(once))?;
    Some(RecordId::new(format!("web-{kind}-{once}")))
}

fn short(text: Option<&String>) -> Option<&str> {
    let text = text.map(|text| text.trim()).filter(|text| !text.is_empty());
    text.filter(|text| text.chars().count() <= FIELD_CHARS_MAX)
}

fn dose(t: T, person: &PersonId, given: &Given) -> Result<Dose, String> {
    let record = record("dose", &given.once).ok_or_else(|| t.w("web-bad-form"))?;
    let date = given.date.as_deref().and_then(parse_day).ok_or_else(|| t.w("web-bad-day"))?;
    let place = short(given.place.as_ref()).ok_or_else(|| t.w("web-bad-form"))?;
    Ok(Dose {
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
    })
}

fn outcome(t: T, person: &PersonId, given: &Given) -> Result<Outcome, String> {
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
    fn a_form_names_no_record_of_its_own_choice() {
        assert!(record("dose", &"a1".repeat(16)).is_some());
        for once in ["", "x", "../../..", &"g".repeat(32), &"a".repeat(33)] {
            assert_eq!(record("dose", once), None, "{once}");
        }
    }
}
