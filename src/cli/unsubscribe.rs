//! `doseplan unsubscribe`: for readers who write or phone that they want no more reminders.

use super::job::local;
use super::output::{Format, Sheet};
use super::{Invocation, exit};
use crate::app::App;
use crate::app::unsubscribing::Done;
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;

/// Readers who want no more reminders.
#[derive(Debug, Args)]
pub(super) struct Unsubscribe {
    /// The reader's address, or the token in their mail
    #[arg(required_unless_present_any = ["list", "undo"], conflicts_with_all = ["list", "undo"])]
    whom: Option<String>,
    /// How they asked for it, for the record
    #[arg(long, default_value = "by hand")]
    how: String,
    /// List them
    #[arg(long, conflicts_with = "undo")]
    list: bool,
    /// Send reminders to this address again
    #[arg(long, value_name = "ADDRESS")]
    undo: Option<String>,
}

#[derive(Serialize)]
struct View {
    address: String,
    since: String,
    how: String,
}

impl Unsubscribe {
    /// Whether it lists readers and changes nothing.
    pub(super) fn is_list(&self) -> bool {
        self.list
    }

    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        if let Some(token) = self.whom.as_ref().filter(|whom| !whom.contains('@')) {
            let app = invocation.open(false).await?;
            let done = app.unsubscribe(token, &self.how, invocation.clock.now()).await?;
            app.store.close().await;
            return tell(&invocation, done);
        }
        let app = invocation.open(false).await?;
        let code = self.address(&invocation, &app).await;
        app.store.close().await;
        code
    }

    async fn address(&self, invocation: &Invocation, app: &App) -> anyhow::Result<u8> {
        let now = invocation.clock.now();
        if let Some(address) = &self.whom {
            let done = app.unsubscribe_address(address, &self.how, now).await?;
            return tell(invocation, done);
        }
        if let Some(address) = &self.undo {
            let done = app.subscribe_again(address, now).await?;
            let key = if done { "unsubscribe-again" } else { "unsubscribe-not" };
            invocation.out.note(key, &[("address", address)]);
            return Ok(if done { exit::OK } else { exit::FAILED });
        }
        let zone = app.meant(None).await?.first().map_or(Tz::UTC, |one| one.campaign.timezone);
        let views: Vec<_> = app
            .unsubscribed()
            .await?
            .into_iter()
            .map(|one| View { address: one.address, since: local(zone, one.at), how: one.how })
            .collect();
        if invocation.out.format == Format::Json {
            invocation.out.json(&views);
            return Ok(exit::OK);
        }
        let mut sheet = Sheet::new(&["address", "since", "how"]);
        for view in views {
            sheet.push(vec![view.address, view.since, view.how]);
        }
        invocation.out.sheet(&sheet);
        Ok(exit::OK)
    }
}

fn tell(invocation: &Invocation, done: Done) -> anyhow::Result<u8> {
    let key = match done {
        Done::Done => "unsubscribe-done",
        Done::Already => "unsubscribe-already",
        Done::Unknown => return Err(invocation.out.fail("fail-no-token", &[])),
    };
    invocation.out.note(key, &[]);
    Ok(exit::OK)
}
