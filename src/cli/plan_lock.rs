//! `doseplan plan lock`, `unlock` and `locks`: sessions of the plan in force that new plans leave as they are.

use super::chosen::Lines;
use super::job::local;
use super::output::{Format, Sheet, harmless, tell};
use super::{Invocation, exit, parse_day};
use crate::domain::permission::Actor;
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;

/// Lock a session, of every campaign that has one there.
#[derive(Debug, Args)]
pub(super) struct Lock {
    /// The site or stop
    place: String,
    /// The day, from tomorrow on
    #[arg(value_parser = parse_day)]
    day: NaiveDate,
    /// Why; it stands beside the session and in the audit log
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

/// Unlock a session, of every campaign that has locked it.
#[derive(Debug, Args)]
pub(super) struct Unlock {
    /// The site or stop
    place: String,
    /// The day
    #[arg(value_parser = parse_day)]
    day: NaiveDate,
}

impl Lock {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.meant(None).await?;
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let what = (self.place.as_str(), self.day, self.reason.as_str());
        let lines = Lines::of(&all);
        let place = harmless(&self.place);
        for (loaded, kept) in app.lock_all(&all, what, by, now).await? {
            let about: [(&str, &dyn std::fmt::Display); 4] = [
                ("place", &place),
                ("day", &self.day),
                ("doses", &kept.doses),
                ("people", &kept.appointments),
            ];
            tell(&lines.named(&loaded, invocation.out.say("plan-locked", &about)));
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}

impl Unlock {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.meant(None).await?;
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let lines = Lines::of(&all);
        let place = harmless(&self.place);
        for loaded in app.unlock_all(&all, (&self.place, self.day), by, now).await? {
            let about: [(&str, &dyn std::fmt::Display); 2] =
                [("place", &place), ("day", &self.day)];
            tell(&lines.named(&loaded, invocation.out.say("plan-unlocked", &about)));
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}

/// Every locked session from today on.
pub(super) async fn list(invocation: &Invocation) -> anyhow::Result<u8> {
    #[derive(Serialize)]
    struct Line {
        place: String,
        day: NaiveDate,
        doses: u64,
        reason: String,
        who: String,
        at: String,
    }
    let (app, all) = invocation.meant(None).await?;
    let mut shown = Lines::of(&all);
    for loaded in &all {
        let zone = loaded.campaign.timezone;
        let mut sheet = Sheet::new(&["place", "day", "doses", "reason", "who", "when"]);
        for lock in app.locks(loaded, invocation.clock.now()).await? {
            let line = Line {
                place: lock.place.to_string(),
                day: lock.day,
                doses: lock.doses,
                reason: lock.reason,
                who: lock.who,
                at: local(zone, lock.at),
            };
            if invocation.out.format == Format::Json {
                shown.json(loaded, &line);
                continue;
            }
            let (day, doses) = (line.day.to_string(), line.doses.to_string());
            sheet.push(vec![line.place, day, doses, line.reason, line.who, line.at]);
        }
        if invocation.out.format != Format::Json {
            shown.sheet(loaded, sheet);
        }
    }
    shown.print(invocation);
    app.store.close().await;
    Ok(exit::OK)
}
