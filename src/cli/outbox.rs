//! `doseplan outbox`.

use super::job::{local, parse_local};
use super::mails::{Part, drain};
use super::output::{Format, Sheet, harmless, print};
use super::usage_errors::Remedy;
use super::{Invocation, exit};
use crate::app::App;
use crate::clock::Clock;
use crate::config::MAIL;
use crate::domain::date::resolve;
use crate::domain::message::{MailKind, MailState};
use crate::mail::stored;
use crate::mail::transport::Content;
use crate::store::outbox::{self, Message};
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use clap::Subcommand;
use serde::Serialize;

/// The mail queue.
#[derive(Debug, Subcommand)]
pub(super) enum Outbox {
    /// Every mail with its state
    List {
        /// Only this state: queued, sending, sent, `in_doubt`, bounced, failed, unroutable, expired,
        /// withdrawn
        #[arg(long, value_parser = parse_state)]
        state: Option<MailState>,
        /// Only this kind: digest, summary, reminder, change, alarm, code, test
        #[arg(long, value_parser = parse_kind)]
        kind: Option<MailKind>,
    },
    /// One mail as it was or will be sent
    Show {
        /// Its number
        id: i64,
        /// What of it is printed
        #[arg(long, value_enum, default_value_t = Part::Eml)]
        part: Part,
    },
    /// Say what became of a mail in doubt
    Resolve {
        /// Its number
        id: i64,
        /// It arrived
        #[arg(long, conflicts_with = "resend", required_unless_present = "resend")]
        sent: bool,
        /// It did not arrive: send the same message again
        #[arg(long)]
        resend: bool,
    },
    /// Try a mail again that failed, expired or waits, or all in a state
    ///
    /// Of many, those that would be too late stay as they are, and those to readers who get no mail.
    Retry {
        /// Its number
        #[arg(required_unless_present = "state")]
        id: Option<i64>,
        /// All in this state: failed, expired, bounced, queued
        #[arg(long, value_parser = parse_state, conflicts_with = "id")]
        state: Option<MailState>,
        /// Only those whose state changed since this local time or day, for example 2021-06-01T09:00
        #[arg(long, value_parser = parse_since, requires = "state", conflicts_with = "id")]
        since: Option<NaiveDateTime>,
    },
    /// Send what is due, and end
    Drain {
        /// As if it were this local time of the campaign, for example 2021-06-01T09:00
        #[arg(long, value_parser = parse_local)]
        at: Option<NaiveDateTime>,
    },
}

fn parse_state(word: &str) -> Result<MailState, Remedy> {
    let known = || Remedy::one_of(MailState::ALL.map(MailState::word));
    MailState::from_word(word).ok_or_else(known)
}

/// A local time, or the first instant of a day.
fn parse_since(text: &str) -> Result<NaiveDateTime, Remedy> {
    match crate::domain::date::parse_day(text) {
        Some(day) => Ok(day.and_time(chrono::NaiveTime::MIN)),
        None => parse_local(text),
    }
}

fn parse_kind(word: &str) -> Result<MailKind, Remedy> {
    let known = || Remedy::one_of(MailKind::ALL.map(MailKind::word));
    MailKind::from_word(word).ok_or_else(known)
}

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    message: &'a Message,
    due: String,
    changed: String,
}

impl Outbox {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        let code = match self {
            Self::List { state, kind } => {
                let mut tx = app.store.read().await?;
                list(&invocation, &outbox::list(&mut tx, *state, *kind).await?)
            }
            Self::Show { id, part } => show(&invocation, &app, *id, *part).await?,
            Self::Resolve { id, sent, .. } => {
                if !app.resolve_doubt(*id, *sent, now).await? {
                    return Err(invocation.out.fail("fail-not-in-doubt", &[("id", id)]));
                }
                invocation.out.note("outbox-resolved", &[("id", id)]);
                exit::OK
            }
            Self::Retry { id: None, state, since } => {
                retry_all(&invocation, &app, state.unwrap_or(MailState::Failed), *since).await?
            }
            Self::Retry { id: Some(id), .. } => {
                if !app.retry(*id, now).await? {
                    return Err(invocation.out.fail("fail-no-retry", &[("id", id)]));
                }
                invocation.out.note("outbox-retried", &[("id", id)]);
                exit::OK
            }
            Self::Drain { at } => {
                let clock = match at {
                    None => invocation.clock.clone(),
                    Some(local) => {
                        Clock::shifted_to(resolve(zone(&invocation, &app).await?, *local))
                    }
                };
                let done = drain(&invocation, &app, &clock).await?;
                invocation.out.thing(&done);
                if invocation.out.format == Format::Table {
                    for (what, count) in &done.results {
                        let language = invocation.out.language;
                        let what = super::cell_words::word_of(language, "mail-state-", what.word());
                        invocation.out.note("outbox-drained", &[("what", &what), ("count", count)]);
                    }
                }
                if done.relay.is_some() || done.held.is_some() { exit::FAILED } else { exit::OK }
            }
        };
        app.store.close().await;
        Ok(code)
    }
}

/// The time zone of times that are typed: that of the campaign named, else of the open ones.
async fn zone(invocation: &Invocation, app: &App) -> anyhow::Result<chrono_tz::Tz> {
    let meant = app.meant(invocation.common.campaign.as_deref()).await?;
    Ok(meant.first().map_or(chrono_tz::UTC, |loaded| loaded.campaign.timezone))
}

async fn retry_all(
    invocation: &Invocation,
    app: &App,
    state: MailState,
    since: Option<NaiveDateTime>,
) -> anyhow::Result<u8> {
    let since = match since {
        None => None,
        Some(local) => Some(resolve(zone(invocation, app).await?, local)),
    };
    let done = app.retry_all(state, since, invocation.clock.now()).await?;
    let Some((count, left)) = done else {
        return Err(invocation.out.fail("fail-no-retry-state", &[("state", &state)]));
    };
    if invocation.out.format == Format::Json {
        invocation.out.json(&serde_json::json!({ "queued": count, "left": left }));
    } else {
        invocation.out.note("outbox-retried-all", &[("count", &count), ("left", &left)]);
    }
    Ok(exit::OK)
}

async fn show(invocation: &Invocation, app: &App, id: i64, part: Part) -> anyhow::Result<u8> {
    let mut tx = app.store.read().await?;
    let Some(message) = outbox::find(&mut tx, id).await? else {
        return Err(invocation.out.fail("fail-no-mail", &[("id", &id)]));
    };
    let bytes = outbox::content(&mut tx, id).await?;
    let said = match part {
        Part::Eml => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Part::Text if message.channel != MAIL => {
            Content::read(&bytes).map(|content| content.shown().to_owned())
        }
        Part::Text => stored::text(&bytes).map(|text| format!("{}\n\n{text}", message.subject)),
        Part::Html => stored::page(&bytes),
    };
    let said = said.ok_or_else(|| invocation.out.fail("fail-no-part", &[("id", &id)]))?;
    if invocation.out.format == Format::Table {
        print(&said);
    } else {
        invocation.out.thing(&Shown { view: view(&message), content: said });
    }
    Ok(exit::OK)
}

/// One mail with its content, as programs get it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    view: View<'a>,
    content: String,
}

fn view(message: &Message) -> View<'_> {
    let zone = message.zone.parse::<Tz>().unwrap_or(chrono_tz::UTC);
    View { due: local(zone, message.due_at), changed: local(zone, message.changed_at), message }
}

fn list(invocation: &Invocation, all: &[Message]) -> u8 {
    let views: Vec<View> = all.iter().map(view).collect();
    if invocation.out.format == Format::Json {
        invocation.out.json(&views);
        return exit::OK;
    }
    let mut sheet =
        Sheet::new(&["id", "state", "kind", "channel", "to", "subject", "attempts", "due"])
            .spare(&["attempts", "channel"]);
    let out = invocation.out;
    let said = |group: &str, word: &str| match out.format {
        Format::Table => out.word(&format!("mail-{group}-{word}")),
        Format::Csv | Format::Json => word.to_owned(),
    };
    for view in views {
        sheet.push(vec![
            view.message.id.to_string(),
            said("state", view.message.state.word()),
            said("kind", view.message.kind.word()),
            view.message.channel.clone(),
            view.message.to.clone(),
            harmless(&view.message.subject),
            view.message.attempts.to_string(),
            view.due,
        ]);
    }
    invocation.out.sheet(&sheet);
    exit::OK
}
