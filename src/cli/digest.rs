//! `doseplan digest`: look at a daily mail, send it, see what was sent.

use super::job::local;
use super::output::{Format, Sheet, harmless, print};
use super::{Session, browser, exit, parse_day};
use crate::app::notices::Post;
use crate::app::{App, Loaded};
use crate::domain::message::MailKind;
use crate::mail::message::Party;
use crate::store::outbox;
use chrono::{NaiveDate, TimeDelta};
use clap::{Args, Subcommand, ValueEnum};
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// The daily mails.
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
    /// Queue a mail of a day and send it; what was queued before stays as it is
    Send {
        #[command(flatten)]
        which: Which,
        /// Send a copy, marked as one, to this address only: name@example.org or "Name <name@example.org>"
        #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["all", "readers"])]
        to: Option<Party>,
        /// The digests of every site and team; asks for the number of readers
        #[arg(long)]
        all: bool,
        /// The answer to that question
        #[arg(long, value_name = "NUMBER", requires = "all")]
        readers: Option<usize>,
    },
    /// The daily mails so far
    History,
    /// Send a daily mail once more, as it was
    Resend {
        /// Its number, from `digest history`
        id: i64,
        /// To this address, in place of its reader
        #[arg(long, value_name = "ADDRESS")]
        to: Option<Party>,
    },
}

#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// Code of a site or team, or `summary` for the coordinator's mail
    #[arg(default_value = "summary")]
    post: String,
    /// The day that ends (digest), or that is told of (summary) [default: today, yesterday]
    #[arg(long, value_parser = parse_day)]
    day: Option<NaiveDate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Subject and plain text
    Text,
    /// The HTML page
    Html,
    /// The whole message
    Eml,
}

impl Digest {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        let (app, loaded) = session.loaded(None).await?;
        let code = match self {
            Self::Preview { which, part, out, no_open } => {
                let post = post(&session, &app, &loaded, which).await?;
                let terminal = std::io::stdout().is_terminal() && part.is_none();
                match out {
                    Some(file) => browser::show(&session, &post, file, !no_open && terminal),
                    None if terminal && !no_open => {
                        browser::show(&session, &post, &browser::file(&post.key), true)
                    }
                    None => preview(&session, &app, &loaded, &post, part.unwrap_or(Part::Text)),
                }
            }
            Self::Send { which, all: true, readers, .. } => {
                send_all(&session, &app, &loaded, which, *readers).await
            }
            Self::Send { which, to, .. } => send(&session, &app, &loaded, which, to.as_ref()).await,
            Self::Resend { id, to } => {
                let queued = app.resend(&loaded, *id, to.as_ref(), session.clock.now()).await?;
                sent(&session, &app, queued).await
            }
            Self::History => history(&session, &app).await,
        };
        app.store.close().await;
        code
    }
}

async fn post(
    session: &Session,
    app: &App,
    loaded: &Loaded,
    which: &Which,
) -> anyhow::Result<Post> {
    let today = session.today(loaded);
    if which.post == "summary" {
        let as_of = which.day.unwrap_or(today - TimeDelta::days(1));
        let mut summary = app.summary(loaded, as_of, None).await?;
        summary.language = session.common.lang.unwrap_or(summary.language);
        return Ok(app.summary_post(loaded, &summary));
    }
    let day = which.day.unwrap_or(today);
    let found = app.digests(loaded, day, Some(&which.post), None).await?;
    let Some(mut digest) = found.into_iter().next() else {
        return Err(session.out.fail("fail-no-post", &[("post", &which.post)]));
    };
    digest.language = session.common.lang.unwrap_or(digest.language);
    let sessions = app.sessions(loaded).await?;
    Ok(app.digest_post(loaded, &sessions, &digest)?)
}

fn preview(
    session: &Session,
    app: &App,
    loaded: &Loaded,
    post: &Post,
    part: Part,
) -> anyhow::Result<u8> {
    match part {
        Part::Text => print(&format!("{}\n\n{}", post.letter.subject, post.letter.text)),
        Part::Html => print(&post.letter.page()),
        Part::Eml => {
            let message = app.message(loaded, post, session.clock.now())?;
            print(&String::from_utf8_lossy(&message.bytes));
        }
    }
    Ok(exit::OK)
}

async fn send(
    session: &Session,
    app: &App,
    loaded: &Loaded,
    which: &Which,
    to: Option<&Party>,
) -> anyhow::Result<u8> {
    let now = session.clock.now();
    let post = post(session, app, loaded, which).await?;
    if let Some(to) = to {
        let queued = app.queue_copy(loaded, post, to, now).await?;
        return sent(session, app, queued).await;
    }
    if post.to.email.is_none() {
        return Err(session.out.fail("fail-no-address", &[("post", &which.post)]));
    }
    let message = app.message(loaded, &post, now)?;
    let mut tx = app.store.write().await?;
    let queued = app.queue(&mut tx, loaded, message, now).await?;
    tx.commit().await?;
    let Some(id) = queued else {
        session.out.note("digest-queued-before", &[("key", &post.key)]);
        return Ok(exit::OK);
    };
    sent(session, app, id).await
}

/// Sends what was queued just now.
async fn sent(session: &Session, app: &App, id: i64) -> anyhow::Result<u8> {
    let done = super::outbox::drain(session, app, &session.clock).await?;
    session.out.note("digest-queued", &[("id", &id), ("sent", &done.sent())]);
    Ok(if done.relay.is_some() { exit::FAILED } else { exit::OK })
}

/// Queues and sends the digests of every site and team, once somebody has said to how many.
async fn send_all(
    session: &Session,
    app: &App,
    loaded: &Loaded,
    which: &Which,
    said: Option<usize>,
) -> anyhow::Result<u8> {
    let day = which.day.unwrap_or_else(|| session.today(loaded));
    let all = app.digests(loaded, day, None, None).await?;
    let readers = all.iter().filter(|digest| digest.lead.email.is_some()).count();
    let question = session.out.say("digest-how-many", &[("readers", &readers), ("day", &day)]);
    let said = match said {
        Some(said) => said,
        None if session.common.no_input || !std::io::stdin().is_terminal() => {
            let how = session.out.say("fail-not-asked", &[("readers", &readers)]);
            anyhow::bail!("{question}\n{how}")
        }
        None => {
            eprint!("{question} ");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line.trim().parse().unwrap_or(0)
        }
    };
    if said != readers || readers == 0 {
        return Err(session.out.fail("fail-readers", &[("said", &said), ("readers", &readers)]));
    }
    let (new, silent) = app.queue_digests(loaded, day, None, session.clock.now()).await?;
    let done = super::outbox::drain(session, app, &session.clock).await?;
    let silent = silent.len();
    let figures: [(&str, &dyn std::fmt::Display); 3] =
        [("new", &new), ("sent", &done.sent()), ("silent", &silent)];
    session.out.note("digest-all-queued", &figures);
    Ok(if done.relay.is_some() { exit::FAILED } else { exit::OK })
}

async fn history(session: &Session, app: &App) -> anyhow::Result<u8> {
    let mut tx = app.store.read().await?;
    let mut all = outbox::list(&mut tx, None, None).await?;
    all.retain(|message| message.kind != MailKind::Reminder);
    if session.out.format == Format::Json {
        session.out.json(&all);
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
    session.out.sheet(&sheet);
    Ok(exit::OK)
}
