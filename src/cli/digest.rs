//! `doseplan digest`: look at a daily mail, send it, see what was sent.

use super::job::local;
use super::mails::{Part, drain};
use super::output::{Format, Sheet, harmless, print};
use super::{Invocation, browser, exit, parse_day};
use crate::app::daily::daily_day;
use crate::app::notices::{Post, on_days};
use crate::app::{App, AppError, Loaded};
use crate::domain::message::MailKind;
use crate::domain::permission::Actor;
use crate::mail::message::Party;
use crate::store::outbox;
use chrono::{NaiveDate, TimeDelta};
use clap::{Args, Subcommand};
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// Show a mail as it would be sent now: on a terminal in the browser; nothing is queued
#[derive(Debug, Subcommand)]
pub(super) enum Digest {
    /// Show a mail as it would be now: on a terminal in the browser; nothing is queued
    Preview {
        #[command(flatten)]
        which: Which,
        /// What is printed [default: text; on a terminal the page opens in the browser]
        #[arg(long, value_enum)]
        part: Option<Part>,
        /// Write the page, with its picture, into this file
        #[arg(long, value_name = "FILE", conflicts_with = "part")]
        out: Option<PathBuf>,
        /// Do not open a browser
        #[arg(long)]
        no_open: bool,
    },
    /// Queue a day's mail and send it; a mail that was queued before stays as it is
    Send {
        #[command(flatten)]
        which: Which,
        /// Send a copy, marked as a copy, to this address only: name@example.org or "Name <name@example.org>"
        #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["all", "readers"])]
        to: Option<Party>,
        /// The digests of every site and team; asks for the number of readers as a confirmation
        #[arg(long)]
        all: bool,
        /// The answer to that question
        #[arg(long, value_name = "NUMBER", requires = "all")]
        readers: Option<usize>,
    },
    /// All daily mails so far
    History,
    /// Send a daily mail once more, unchanged
    Resend {
        /// Its number, from `digest history`
        id: i64,
        /// Send it to this address instead of its reader
        #[arg(long, value_name = "ADDRESS")]
        to: Option<Party>,
    },
}

#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// Code of a site or team, or `summary` for the coordinator's mail
    #[arg(default_value = "summary")]
    post: String,
    /// The day that ends (digest) or the day reported (summary) [default: today, yesterday]
    #[arg(long, value_parser = parse_day)]
    day: Option<NaiveDate>,
}

impl Digest {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let (app, meant) = invocation.meant(None).await?;
        let loaded = &meant[0];
        let code = match self {
            Self::Preview { which, part, out, no_open } => {
                let post = post(&invocation, &app, &meant, which).await?;
                let is_table = invocation.out.format == Format::Table;
                let terminal = std::io::stdout().is_terminal() && part.is_none() && is_table;
                match out {
                    Some(file) => browser::show(&invocation, &post, file, !no_open && terminal),
                    None if terminal && !no_open => {
                        browser::show(&invocation, &post, &browser::file(&post.key), true)
                    }
                    None => preview(&invocation, &app, loaded, &post, part.unwrap_or(Part::Text)),
                }
            }
            Self::Send { which, all: true, readers, .. } => {
                send_all(&invocation, &app, &meant, which, *readers).await
            }
            Self::Send { which, to, .. } => {
                send(&invocation, &app, &meant, which, to.as_ref()).await
            }
            Self::Resend { id, to } => {
                let queued = app.resend(loaded, *id, to.as_ref(), invocation.clock.now()).await?;
                sent(&invocation, &app, queued).await
            }
            Self::History => history(&invocation, &app).await,
        };
        app.store.close().await;
        code
    }
}

async fn post(
    invocation: &Invocation,
    app: &App,
    meant: &[Loaded],
    which: &Which,
) -> anyhow::Result<Post> {
    let today = invocation.today(&meant[0]);
    let day = which.day.unwrap_or_else(|| daily_day(&which.post, today));
    let found = app.daily_post(meant, (&which.post, day), invocation.common.lang).await?;
    found.ok_or_else(|| invocation.out.fail("fail-no-post", &[("post", &which.post)]))
}

fn preview(
    invocation: &Invocation,
    app: &App,
    loaded: &Loaded,
    post: &Post,
    part: Part,
) -> anyhow::Result<u8> {
    let letter = &post.letter;
    let is_table = invocation.out.format == Format::Table;
    let content = match part {
        Part::Text if is_table => format!("{}\n\n{}", letter.subject, letter.text),
        Part::Text => letter.text.clone(),
        Part::Html => letter.page(),
        Part::Eml => {
            let message = app.message(loaded, post, invocation.clock.now())?;
            String::from_utf8_lossy(&message.bytes).into_owned()
        }
    };
    if is_table {
        print(&content);
    } else {
        let (subject, to) = (&letter.subject, &post.to.email);
        let shown = serde_json::json!({"subject": subject, "to": to, "content": content});
        invocation.out.thing(&shown);
    }
    Ok(exit::OK)
}

async fn send(
    invocation: &Invocation,
    app: &App,
    meant: &[Loaded],
    which: &Which,
    to: Option<&Party>,
) -> anyhow::Result<u8> {
    let now = invocation.clock.now();
    let loaded = &meant[0];
    let post = post(invocation, app, meant, which).await?;
    if let Some(to) = to {
        let once = now.timestamp_millis().to_string();
        let copy = (post, to, once.as_str());
        let queued = app.send_daily_copy(loaded, copy, Actor::CommandLine, now).await?;
        let id = queued.ok_or_else(|| AppError::refused("refused-twice", &[]))?;
        return sent(invocation, app, id).await;
    }
    if post.to.email.is_none() {
        return Err(invocation.out.fail("fail-no-address", &[("post", &which.post)]));
    }
    let day = which.day.unwrap_or_else(|| daily_day(&which.post, invocation.today(loaded)));
    let mail = ((which.post.as_str(), day), &post);
    let Some(id) = app.send_daily(loaded, mail, Actor::CommandLine, now).await? else {
        invocation.out.note("digest-queued-before", &[("key", &post.key)]);
        return Ok(exit::OK);
    };
    sent(invocation, app, id).await
}

/// Sends the mail that was just queued.
async fn sent(invocation: &Invocation, app: &App, id: i64) -> anyhow::Result<u8> {
    let done = drain(invocation, app, &invocation.clock).await?;
    invocation.out.note("digest-queued", &[("id", &id), ("sent", &done.sent())]);
    Ok(if done.relay.is_some() { exit::FAILED } else { exit::OK })
}

/// Queues and sends the digests of every site and team, after the user has confirmed the number of readers.
async fn send_all(
    invocation: &Invocation,
    app: &App,
    meant: &[Loaded],
    which: &Which,
    said: Option<usize>,
) -> anyhow::Result<u8> {
    let day = which.day.unwrap_or_else(|| invocation.today(&meant[0]));
    let all = on_days(meant, (day, day + TimeDelta::days(1)));
    let readers = app.digest_readers(&all, day).await?;
    let question = invocation.out.say("digest-how-many", &[("readers", &readers), ("day", &day)]);
    let said = match said {
        Some(said) => said,
        None if invocation.common.no_input || !std::io::stdin().is_terminal() => {
            let how = invocation.out.say("fail-not-asked", &[("readers", &readers)]);
            anyhow::bail!("{question}\n{how}")
        }
        None => {
            super::output::write_err(&format!("{question} "));
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line.trim().parse().unwrap_or(0)
        }
    };
    if said != readers || readers == 0 {
        return Err(invocation.out.fail("fail-readers", &[("said", &said), ("readers", &readers)]));
    }
    let (by, now) = (Actor::CommandLine, invocation.clock.now());
    let queued = app.send_digests(meant, (day, readers), by, now).await?;
    let done = drain(invocation, app, &invocation.clock).await?;
    let figures: [(&str, &dyn std::fmt::Display); 3] =
        [("new", &queued.new), ("sent", &done.sent()), ("silent", &queued.silent)];
    invocation.out.note("digest-all-queued", &figures);
    if queued.groups_told > 0 {
        invocation.out.note("digest-groups-told", &[("groups", &queued.groups_told)]);
    }
    Ok(if done.relay.is_some() { exit::FAILED } else { exit::OK })
}

async fn history(invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
    let mut tx = app.store.read().await?;
    let mut all = outbox::list(&mut tx, None, None).await?;
    all.retain(|message| message.kind != MailKind::Reminder);
    if invocation.out.format == Format::Json {
        invocation.out.json(&all);
        return Ok(exit::OK);
    }
    let mut sheet = Sheet::new(&["id", "due", "kind", "to", "state", "subject"]);
    for message in all {
        let zone = message.zone.parse().unwrap_or(chrono_tz::UTC);
        sheet.push(vec![
            message.id.to_string(),
            local(zone, message.due_at),
            message.kind.to_string(),
            message.to,
            message.state.to_string(),
            harmless(&message.subject),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}
