//! `doseplan channels`: services of text messages and robots in group chats.

use super::job::local;
use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit};
use crate::app::{App, AppError, passage_words};
use clap::Subcommand;

/// The most replies that are listed.
const REPLIES_MAX: i64 = 1000;

/// Text messages and robots in group chats
#[derive(Debug, Subcommand)]
pub(super) enum Channels {
    /// The channels of the configuration, what waits for them and what they cost today
    List,
    /// Queue a try of a channel: a post of a robot, or a text to a number
    Test {
        /// The channel
        name: String,
        /// The mobile number, for a text
        #[arg(long)]
        to: Option<String>,
    },
    /// The templates to register with the vendor
    Templates,
    /// Ask the services for receipts and replies now, and settle what is in doubt
    Receipts,
    /// Messages and parts of the bill, by day and campaign
    Costs,
    /// Numbers that no text goes to, and why
    Numbers {
        /// Let texts go to this number again
        #[arg(long, conflicts_with = "close")]
        open: Option<String>,
        /// Let no more texts go to this number
        #[arg(long)]
        close: Option<String>,
        /// Why, for the record
        #[arg(long, default_value = "closed by hand")]
        reason: String,
    },
    /// What people wrote back
    Replies {
        /// Also those that somebody has dealt with
        #[arg(long)]
        all: bool,
        /// Somebody has dealt with the reply of this number
        #[arg(long)]
        done: Option<i64>,
    },
    /// People whom nothing reached, to be called
    Calls,
    /// What happened to the messages of a person: when, by which way, with which answer and receipt
    History {
        /// Code of the person
        person: String,
    },
}

impl Channels {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        let out = invocation.out;
        let code = match self {
            Self::List => list(&invocation, &app).await?,
            Self::Test { name, to } => {
                // A test says nothing of a campaign.
                let meant = app.meant(invocation.common.campaign.as_deref()).await?;
                let loaded = meant.into_iter().next().ok_or(AppError::NoCampaign)?;
                let id = app.test_channel(&loaded, name, to.as_deref(), now).await?;
                out.note("channels-test", &[("id", &id), ("name", &harmless(name))]);
                exit::OK
            }
            Self::Templates => {
                templates(&invocation, &app);
                exit::OK
            }
            Self::Receipts => {
                let done = app.gather(now).await?;
                out.thing(&done);
                for (name, said) in &done.failed {
                    let said = harmless(said);
                    out.note("channels-failed", &[("name", name), ("said", &said)]);
                }
                out.note(
                    "channels-gathered",
                    &[
                        ("receipts", &done.receipts),
                        ("replies", &done.replies),
                        ("settled", &done.settled),
                    ],
                );
                if done.failed.is_empty() { exit::OK } else { exit::FAILED }
            }
            Self::Costs => costs(&invocation, &app).await?,
            Self::Numbers { open: Some(number), .. } => {
                let done = app.open_number(number).await?;
                let key = if done { "channels-opened" } else { "channels-not-closed" };
                out.note(key, &[("number", &harmless(number))]);
                if done { exit::OK } else { exit::FAILED }
            }
            Self::Numbers { close: Some(number), reason, .. } => {
                app.close_number(number, reason, now).await?;
                out.note("channels-closed", &[("number", &harmless(number))]);
                exit::OK
            }
            Self::Numbers { .. } => numbers(&invocation, &app).await?,
            Self::Replies { done: Some(id), .. } => {
                let by = crate::machine::user();
                if !app.reply_done(*id, &by, now).await? {
                    return Err(out.fail("fail-no-reply", &[("id", id)]));
                }
                out.note("channels-reply-done", &[("id", id)]);
                exit::OK
            }
            Self::Replies { all, .. } => replies(&invocation, &app, *all).await?,
            Self::Calls => calls(&invocation, &app).await?,
            Self::History { person } => history(&invocation, &app, person).await?,
        };
        app.store.close().await;
        Ok(code)
    }
}

async fn list(invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
    let lines = app.channels(invocation.clock.now()).await?;
    if invocation.out.format == Format::Json {
        invocation.out.json(&lines);
        return Ok(exit::OK);
    }
    let columns = ["name", "kind", "queued", "in_doubt", "segments", "hook", "said"];
    let mut sheet = Sheet::new(&columns).spare(&["hook"]);
    for line in lines {
        let most = line.segments_per_day.map(|most| format!(" / {most}")).unwrap_or_default();
        sheet.push(vec![
            line.name,
            line.kind.to_owned(),
            line.queued.to_string(),
            line.in_doubt.to_string(),
            format!("{}{most}", line.segments_today),
            line.hook.unwrap_or_default(),
            line.wrong.map(|wrong| harmless(&wrong)).unwrap_or_default(),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

async fn costs(invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
    let mut sheet = Sheet::new(&["day", "channel", "campaign", "messages", "segments"]);
    for one in app.channel_costs().await? {
        sheet.push(vec![
            one.day.to_string(),
            one.channel,
            one.campaign,
            one.messages.to_string(),
            one.segments.to_string(),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

fn templates(invocation: &Invocation, app: &App) {
    let lines = app.templates();
    if invocation.out.format == Format::Json {
        return invocation.out.json(&lines);
    }
    let columns = ["channel", "kind", "language", "id", "text", "variables", "segments"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        sheet.push(vec![
            line.channel,
            line.kind,
            line.language.to_owned(),
            line.id,
            line.text,
            line.variables,
            line.segments_max.to_string(),
        ]);
    }
    invocation.out.sheet(&sheet);
}

async fn numbers(invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
    let (closed, unusable) = app.closed_numbers(invocation.clock.now()).await?;
    if invocation.out.format == Format::Json {
        invocation.out.json(&closed);
        return Ok(exit::OK);
    }
    let mut sheet = Sheet::new(&["phone", "from", "said"]);
    for one in closed {
        let since = one.at.map(|at| local(chrono_tz::Asia::Shanghai, at)).unwrap_or_default();
        sheet.push(vec![one.number, since, harmless(&one.why)]);
    }
    invocation.out.sheet(&sheet);
    if unusable > 0 {
        invocation.out.note("channels-unusable", &[("count", &unusable)]);
    }
    Ok(exit::OK)
}

async fn replies(invocation: &Invocation, app: &App, all: bool) -> anyhow::Result<u8> {
    let found = app.replies(all, REPLIES_MAX).await?;
    if invocation.out.format == Format::Json {
        invocation.out.json(&found);
        return Ok(exit::OK);
    }
    let mut sheet = Sheet::new(&["id", "from", "channel", "phone", "said", "opt_out", "made_by"]);
    for one in found {
        sheet.push(vec![
            one.id.to_string(),
            local(chrono_tz::Asia::Shanghai, one.at),
            one.channel,
            one.number,
            harmless(&one.said),
            if one.stops { "yes" } else { "no" }.to_owned(),
            one.done_by.unwrap_or_default(),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

async fn calls(invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
    let mut sheet = Sheet::new(&["campaign", "day", "place", "name", "phone", "said"]);
    for loaded in app.meant(invocation.common.campaign.as_deref()).await? {
        for one in app.inbox(&loaded, invocation.clock.now()).await?.calls {
            sheet.push(vec![
                loaded.campaign.id.to_string(),
                one.person.day.to_string(),
                one.person.place.map(|place| place.to_string()).unwrap_or_default(),
                harmless(&one.person.name),
                harmless(&one.person.phone),
                harmless(&one.why),
            ]);
        }
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

async fn history(invocation: &Invocation, app: &App, person: &str) -> anyhow::Result<u8> {
    let (out, found) = (invocation.out, app.histories_of(person).await?);
    let mut sheet = Sheet::new(&["id", "from", "channel", "state", "said"]);
    for (message, passages) in &found {
        let zone = message.zone.parse().unwrap_or(chrono_tz::UTC);
        for passage in passages {
            sheet.push(vec![
                message.id.to_string(),
                local(zone, passage.at),
                passage.channel.clone(),
                passage.event.to_string(),
                match out.format {
                    Format::Table => passage_words::said(out.language, passage),
                    Format::Csv | Format::Json => harmless(&passage.said),
                },
            ]);
        }
        sheet.push(vec![
            message.id.to_string(),
            local(zone, message.changed_at),
            message.channel.clone(),
            message.state.to_string(),
            message.last_error.as_deref().map(harmless).unwrap_or_default(),
        ]);
    }
    out.sheet(&sheet);
    Ok(exit::OK)
}
