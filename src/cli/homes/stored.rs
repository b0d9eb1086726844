//! `doseplan homes show|withdraw`: rounds of home visits that were adopted.

use super::super::chosen::Lines;
use super::super::output::{Format, Sheet, harmless};
use super::super::{Invocation, exit, parse_day};
use super::{COLUMNS, call_cells};
use crate::app::home_plans::{AdoptedRound, HomeVisit};
use crate::domain::permission::Actor;
use chrono::{NaiveDate, NaiveTime};
use clap::Args;

/// Which rounds.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// The first day [default: today]
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
    /// The last day [default: the last one of the campaign]
    #[arg(long, value_parser = parse_day)]
    until: Option<NaiveDate>,
    /// Only this team
    #[arg(long)]
    team: Option<String>,
}

/// Which round.
#[derive(Debug, Args)]
pub(in crate::cli) struct Withdraw {
    /// Its day
    #[arg(value_parser = parse_day)]
    day: NaiveDate,
    /// Its team
    team: String,
}

/// `08:30`.
pub(super) fn clock(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

impl Show {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.meant(None).await?;
        let now = invocation.clock.now();
        let mut lines = Lines::of(&all);
        let (mut rounds, mut calls, mut open) = (0, 0, 0);
        for loaded in &all {
            let from = self.from.unwrap_or_else(|| crate::app::today(&loaded.campaign, now));
            let until = self.until.unwrap_or(loaded.campaign.end).max(from);
            let mut found = app.adopted_homes(loaded, (from, until), now).await?;
            found.retain(|round| self.team.as_ref().is_none_or(|team| round.team.as_str() == team));
            rounds += found.len();
            calls += found.iter().map(|round| round.calls.len()).sum::<usize>();
            open += found.iter().map(|round| round.open().count()).sum::<usize>();
            if invocation.out.format == Format::Json {
                for round in &found {
                    lines.json(loaded, round);
                }
            } else {
                lines.sheet(loaded, sheet(invocation, &found));
            }
        }
        app.store.close().await;
        lines.print(invocation);
        let said: [(&str, &dyn std::fmt::Display); 3] =
            [("rounds", &rounds), ("visits", &calls), ("open", &open)];
        invocation.out.note("homes-shown", &said);
        Ok(exit::OK)
    }
}

fn sheet(invocation: &Invocation, found: &[AdoptedRound]) -> Sheet {
    let columns = [&COLUMNS[..], &["state"]].concat();
    let mut sheet = Sheet::new(&columns);
    for round in found {
        for (no, HomeVisit { call, state, .. }) in (1..).zip(&round.calls) {
            let mut cells = call_cells((round.day, &round.team), no, call);
            cells.push(match invocation.out.format {
                Format::Table => invocation.out.word(&format!("home-call-{state}")),
                _ => state.to_string(),
            });
            sheet.push(cells);
        }
    }
    sheet
}

impl Withdraw {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.meant(None).await?;
        let now = invocation.clock.now();
        let round = (self.day, self.team.as_str());
        let mut done = None;
        // A team makes one round a day: at most one campaign has it.
        for loaded in &all {
            if done.is_none() {
                done = app.withdraw_home_round(loaded, round, Actor::CommandLine, now).await?;
            }
        }
        app.store.close().await;
        let team = harmless(&self.team);
        let said: [(&str, &dyn std::fmt::Display); 2] = [("team", &team), ("date", &self.day)];
        let Some(mails) = done else {
            return Err(invocation.out.fail("homes-no-round", &said));
        };
        invocation.out.note("homes-withdrawn", &said);
        if mails > 0 {
            invocation.out.note("homes-told-off", &[("count", &mails)]);
        }
        Ok(exit::OK)
    }
}
