//! The queue of mail, and one message with what may be done about it, for those who run the installation.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table, TablesPage};
use super::words::T;
use crate::app::AppError;
use crate::app::operating::{MailWay, OpenMail};
use crate::app::{passage_words, problems};
use crate::characters::escaped;
use crate::domain::audit::Action;
use crate::domain::campaign::Campaign;
use crate::mail::message::Party;
use crate::store::erasing::GONE;
use crate::store::outbox::Message;
use crate::text::harmless;
use askama::Template;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// The most mails of a table; the command line shows all.
const ROWS_MAX: i64 = 80;

/// The queue of mail of all campaigns. It shows addresses, so each look goes to the audit log.
pub(super) async fn mail(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move { context.app().mail_queue(ROWS_MAX).await };
    let found = context.cached("mail", read).await?;
    let (who, id) = (&context.visitor.account.name, campaign.id.as_str());
    let said = format!("{} mails", found.newest.len());
    let noted =
        context.app().note_audit(who, Action::SeeMail, (Some(id), &said), context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    let mut states = Table::of(t, "web-states", &["state", "#mails"]);
    for (state, count) in &found.counts {
        states.rows.push(vec![
            Cell::head(t.w(&format!("mail-state-{}", state.word()))),
            Cell::count(*count),
        ]);
    }
    let newest = table(&context, "web-newest-mails", &found.newest);
    let mut tables = vec![states];
    if !found.unsettled.is_empty() {
        tables.push(table(&context, "web-unsettled-mails", &found.unsettled));
    }
    tables.push(newest);
    let title = t.w("web-mail");
    let hold = found.hold.as_ref().map(|hold| {
        let (said, remedy) = (hold.words(t.0), hold.remedy());
        t.say("problem-held", &[("said", &said), ("remedy", &remedy)])
    });
    let relays = found.relays.iter().map(|problem| problems::words(t.0, problem));
    let main = TablesPage {
        head: head(&context, &title),
        live: false,
        lines: hold.into_iter().chain(relays).collect(),
        tables,
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "mail", &main);
    Ok(context.show(page.with(main.tables)))
}

/// The heading, and the pages of what is done by hand about mails and their readers.
fn head(context: &PageContext, title: &str) -> String {
    let t = context.t();
    let link = |to: &str, word: &str| format!("<a href=\"{}\">{}</a>", escaped(to), escaped(word));
    let daily = link(&context.to("daily"), &t.w("web-daily"));
    let delivery = link("/delivery", &t.w("web-delivery"));
    format!("<h1>{}</h1><p class=\"noprint\">{daily} · {delivery}</p>", escaped(title))
}

fn table(context: &PageContext, caption: &str, mails: &[Message]) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let keys = ["#id", "due", "=state", "=kind", "=channel", "to", "subject"];
    // Addresses are searched for by nobody's address line.
    let mut table = Table { is_private: true, ..Table::of(t, caption, &keys) };
    for mail in mails {
        let to = context.to(&format!("mail/{}", mail.id));
        table.rows.push(vec![
            Cell::head(mail.id.to_string()).to(to.clone()),
            Cell::text(local(campaign, mail.due_at)),
            Cell::text(t.w(&format!("mail-state-{}", mail.state.word()))),
            Cell::text(t.w(&format!("mail-kind-{}", mail.kind.word()))),
            Cell::text(channel(t, &mail.channel)),
            Cell::text(kept(t, &mail.to)),
            Cell::text(kept(t, &mail.subject)).to(to),
        ]);
    }
    table
}

/// An address or a subject; in place of one that was erased, that it was.
fn kept(t: T, text: &str) -> String {
    if text == GONE { t.w("said-why-erased") } else { harmless(text) }
}

/// The name of a channel: mail has one in every language, services have the configuration's.
pub(super) fn channel(t: T, channel: &str) -> String {
    if channel == "mail" { t.w("mail-channel-mail") } else { channel.to_owned() }
}

#[derive(Template)]
#[template(path = "web/mail.html")]
struct One {
    t: T,
    title: String,
    wrong: String,
    back: String,
    action: String,
    once: String,
    facts: Vec<(String, String)>,
    /// Word of the form and text of the button.
    buttons: Vec<(&'static str, String)>,
    /// Whether it can go to another reader.
    copies: bool,
    passages: Table,
    text: String,
}

/// One message.
pub(super) async fn one(
    context: PageContext,
    Path((_, id)): Path<(String, i64)>,
) -> Result<Response, Refusal> {
    show(&context, id, String::new()).await
}

async fn show(context: &PageContext, id: i64, wrong: String) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let found = context.app().open_mail(&context.loaded, id, context.actor(), context.now).await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let OpenMail { message, text, passages: known, ways } =
        found.ok_or_else(|| Refusal::absent(t))?;
    let mut passages = Table::of(t, "web-mail-passages", &["when", "=channel", "did", "said"]);
    for one in &known {
        passages.rows.push(vec![
            Cell::head(local(campaign, one.at)),
            Cell::text(channel(t, &one.channel)),
            Cell::text(t.w(&format!("mail-passage-{}", one.event.word()))),
            Cell::text(passage_words::said(t.0, one)),
        ]);
    }
    let button = |way: &MailWay| match way {
        MailWay::Arrived => Some(("arrived", t.w("web-mail-arrived"))),
        MailWay::Lost => Some(("lost", t.w("web-mail-lost"))),
        MailWay::Retry => Some(("retry", t.w("web-mail-retry"))),
        MailWay::Resend => Some(("resend", t.w("web-mail-resend"))),
        MailWay::Copy => None,
    };
    let page = format!("mail/{id}");
    let main = One {
        t,
        title: kept(t, &message.subject),
        wrong,
        back: context.to("mail"),
        action: format!("{}&csrf={}", context.to(&page), context.visitor.csrf()),
        once: super::once::name(),
        facts: facts(t, campaign, &message),
        buttons: ways.iter().filter_map(button).collect(),
        copies: ways.contains(&MailWay::Copy),
        passages,
        text: text.unwrap_or_else(|| t.w("web-mail-no-text")),
    };
    let page = Page::new(format!("{} · {}", main.title, campaign.name), "mail", &main);
    Ok(context.show(page.with(vec![main.passages])))
}

fn facts(t: T, campaign: &Campaign, mail: &Message) -> Vec<(String, String)> {
    let at = |millis: i64| local(campaign, millis);
    let mut out = vec![
        (t.w("column-state"), t.w(&format!("mail-state-{}", mail.state.word()))),
        (t.w("column-kind"), t.w(&format!("mail-kind-{}", mail.kind.word()))),
        (t.w("column-channel"), channel(t, &mail.channel)),
        (t.w("column-to"), kept(t, &mail.to)),
        (t.w("web-mail-due"), at(mail.due_at)),
        (t.w("web-mail-changed"), at(mail.changed_at)),
        (t.w("web-mail-last"), mail.send_by.map(at).unwrap_or_default()),
        (t.w("column-attempts"), mail.attempts.to_string()),
        (t.w("column-said"), mail.last_error.as_deref().map(harmless).unwrap_or_default()),
    ];
    out.retain(|(_, value)| !value.is_empty());
    out
}

/// What the form of a message asks for.
#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    to: Option<String>,
    once: Option<String>,
}

/// Does something about a message.
pub(super) async fn act(
    mut context: PageContext,
    Path((_, id)): Path<(String, i64)>,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let to = context.to(&format!("mail/{id}"));
    // What is shown is the message's page: its links lead there, not to this form.
    context.visitor.here.clone_from(&to);
    let (app, loaded, by, now) = (context.app(), &context.loaded, context.actor(), context.now);
    let bad = || Refusal::bad(t, t.w("web-bad-form"));
    let once = || super::once::given(given.once.as_deref()).ok_or_else(bad);
    let done = match given.what.as_str() {
        "arrived" => app.settle_mail(loaded, (id, true), by, now).await.map(|()| "settled"),
        "lost" => app.settle_mail(loaded, (id, false), by, now).await.map(|()| "queued"),
        "retry" => app.retry_mail(loaded, id, by, now).await.map(|()| "queued"),
        "resend" => app.resend_mail(loaded, (id, None, once()?), by, now).await.map(|_| "queued"),
        "copy" => {
            let typed = given.to.as_deref().unwrap_or_default().trim();
            let Ok(reader) = typed.parse::<Party>() else {
                let said = t.say("web-mail-bad-address", &[("value", &harmless(typed))]);
                return show(&context, id, said).await;
            };
            let copy = (id, Some(&reader), once()?);
            app.resend_mail(loaded, copy, by, now).await.map(|_| "queued")
        }
        _ => return Err(bad()),
    };
    match done {
        Ok(done) => Ok(Redirect::to(&format!("{to}&done={done}")).into_response()),
        Err(AppError::Refused(said)) => show(&context, id, said.words(t.0)).await,
        Err(error) => Err(context.refusal(&error)),
    }
}
