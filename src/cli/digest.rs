//! `doseplan digest`: look at a daily mail, send it, see what was sent.

use super::job::local;
use super::output::{Format, Sheet, harmless, print};
use super::{Session, exit, parse_day};
use crate::app::notices::Post;
use crate::app::{App, Loaded};
use crate::store::outbox;
use chrono::{NaiveDate, TimeDelta};
use clap::{Args, Subcommand, ValueEnum};

/// The daily mails.
#[derive(Debug, Subcommand)]
pub(super) enum Digest {
    /// Print a mail as it would be now; nothing is queued
    Preview {
        #[command(flatten)]
        which: Which,
        /// What is printed
        #[arg(long, value_enum, default_value_t = Part::Text)]
        part: Part,
    },
    /// Queue the mails of a day and send them; what was queued before stays as it is
    Send {
        #[command(flatten)]
        which: Which,
    },
    /// The daily mails so far
    History,
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
            Self::Preview { which, part } => preview(&session, &app, &loaded, which, *part).await,
            Self::Send { which } => send(&session, &app, &loaded, which).await,
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
        anyhow::bail!("there is no site or team {:?}; write its code, or summary", which.post)
    };
    digest.language = session.common.lang.unwrap_or(digest.language);
    let sessions = app.sessions(loaded).await?;
    Ok(app.digest_post(loaded, &sessions, &digest)?)
}

async fn preview(
    session: &Session,
    app: &App,
    loaded: &Loaded,
    which: &Which,
    part: Part,
) -> anyhow::Result<u8> {
    let post = post(session, app, loaded, which).await?;
    match part {
        Part::Text => print(&format!("{}\n\n{}", post.letter.subject, post.letter.text)),
        Part::Html => print(&post.letter.html),
        Part::Eml => {
            let message = app.message(loaded, &post, session.clock.now())?;
            print(&String::from_utf8_lossy(&message.bytes));
        }
    }
    Ok(exit::OK)
}

async fn send(session: &Session, app: &App, loaded: &Loaded, which: &Which) -> anyhow::Result<u8> {
    let now = session.clock.now();
    let post = post(session, app, loaded, which).await?;
    if post.to.email.is_none() {
        anyhow::bail!("{} has no e-mail address in the campaign's files", which.post);
    }
    let message = app.message(loaded, &post, now)?;
    let mut tx = app.store.write().await?;
    let queued = app.queue(&mut tx, loaded, message, now).await?;
    tx.commit().await?;
    let Some(id) = queued else {
        session.out.note("digest-queued-before", &[("key", &post.key)]);
        return Ok(exit::OK);
    };
    let done = super::outbox::drain(session, app, &session.clock).await?;
    session.out.note("digest-queued", &[("id", &id), ("sent", &done.sent())]);
    Ok(if done.relay.is_some() { exit::FAILED } else { exit::OK })
}

async fn history(session: &Session, app: &App) -> anyhow::Result<u8> {
    let mut tx = app.store.read().await?;
    let mut all = outbox::list(&mut tx, "", "").await?;
    all.retain(|message| message.kind == "digest" || message.kind == "summary");
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
            message.kind,
            message.to,
            message.state,
            harmless(&message.subject),
        ]);
    }
    session.out.sheet(&sheet);
    Ok(exit::OK)
}
