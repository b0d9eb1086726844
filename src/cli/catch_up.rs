//! `doseplan catch-up`: who is missing doses, and which areas are below the target share.

use super::chosen::Lines;
use super::output::{Format, Sheet, percent, tell};
use super::{Invocation, exit, parse_day};
use crate::app::catch_up::{AreaLine, CatchUpReport, MissedDoseLine, PersonToCatchUp};
use crate::app::{App, Loaded};
use crate::domain::id::AreaCode;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use std::collections::BTreeSet;

/// Doses that people of the register are missing (查漏补种); for campaigns with series = "catch-up".
#[derive(Debug, Subcommand)]
pub(super) enum CatchUp {
    /// Everybody who is missing doses: which ones, and in how many visits they can be given
    List {
        #[command(flatten)]
        who: Who,
        /// Only people who are missing this vaccine group or vaccine code
        #[arg(long)]
        vaccine: Option<String>,
    },
    /// Every vaccine in every area: people with all due doses, and how many are missing to the target share; exit
    /// code 11 if an area is below it
    Report {
        #[command(flatten)]
        who: Who,
        /// Only this vaccine group
        #[arg(long)]
        vaccine: Option<String>,
        /// Only areas below the target share
        #[arg(long)]
        below: bool,
    },
    /// The campaign's denominators from the register, as eligible.csv: people who are missing doses now or will by
    /// the end of the campaign
    Eligible {
        #[command(flatten)]
        who: Who,
    },
}

/// Which people are looked at.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// Doses given by the end of this day [default: today]
    #[arg(long, value_parser = parse_day)]
    as_of: Option<NaiveDate>,
    /// Only this area and the areas below it
    #[arg(long)]
    area: Option<String>,
}

impl CatchUp {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let all = app.catching_up(invocation.common.campaign.as_deref()).await?;
        let mut lines = Lines::of(&all);
        let mut code = exit::OK;
        for loaded in &all {
            let one = self.of_one(&invocation, (&app, loaded), &mut lines).await?;
            code = code.max(one);
        }
        lines.print(&invocation);
        Ok(code)
    }

    /// What is said of one campaign, and the exit code for it.
    async fn of_one(
        &self,
        invocation: &Invocation,
        (app, loaded): (&App, &Loaded),
        lines: &mut Lines,
    ) -> anyhow::Result<u8> {
        let (Self::List { who, .. } | Self::Report { who, .. } | Self::Eligible { who }) = self;
        let day = who.as_of.unwrap_or_else(|| invocation.today(loaded));
        let areas = super::areas_below(invocation.out, loaded, who.area.as_deref())?;
        let is_in =
            |area: &AreaCode| areas.as_ref().is_none_or(|areas: &BTreeSet<_>| areas.contains(area));
        let rules = &loaded.judge.rules;
        let groups = rules.groups.iter().map(|group| &*group.name);
        match self {
            Self::List { vaccine, .. } => {
                let codes = rules.vaccine_by_code.keys().map(|code| &**code);
                known(invocation.out, vaccine.as_deref(), groups.chain(codes))?;
                let mut people = app.lacking(loaded, day).await?;
                let named = |dose: &MissedDoseLine| {
                    vaccine.as_ref().is_none_or(|wanted| {
                        *wanted == dose.vaccine || Some(wanted) == dose.code.as_ref()
                    })
                };
                people.retain(|line| is_in(&line.area) && line.missed.iter().any(named));
                if invocation.out.format == Format::Json {
                    for line in &people {
                        lines.json(loaded, line);
                    }
                } else {
                    lines.sheet(loaded, list(invocation, &people));
                }
                Ok(exit::OK)
            }
            Self::Report { vaccine, below, .. } => {
                known(invocation.out, vaccine.as_deref(), groups)?;
                let mut report = app.catch_up_report(loaded, day).await?;
                report.rows.retain(|row| {
                    is_in(&row.area)
                        && vaccine.as_ref().is_none_or(|wanted| *wanted == row.vaccine)
                        && (row.below || !below)
                });
                if invocation.out.format == Format::Json {
                    lines.thing(loaded, serde_json::to_value(&report)?);
                } else {
                    lines.sheet(loaded, rows(invocation, &report.rows));
                }
                Ok(told(invocation, lines, loaded, &report))
            }
            Self::Eligible { .. } => {
                let mut counts = app.lacking_counts(loaded, day).await?;
                counts.retain(|(area, _), _| is_in(area));
                let mut sheet = Sheet::new(&["area", "group", "people", "source", "as_of"]);
                for ((area, group), people) in counts {
                    let source = invocation.out.word("catch-up-source");
                    let (area, group) = (area.to_string(), group.to_string());
                    sheet.push(vec![area, group, people.to_string(), source, day.to_string()]);
                }
                lines.sheet(loaded, sheet);
                Ok(exit::OK)
            }
        }
    }
}

/// Refuses an unknown vaccine. An empty list for it would look as if nobody were missing doses.
fn known<'a>(
    out: super::output::Out,
    wanted: Option<&str>,
    names: impl Iterator<Item = &'a str>,
) -> anyhow::Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    let names: Vec<&str> = names.collect();
    if !names.contains(&wanted) {
        let known = names.join(", ");
        return Err(out.fail("fail-no-vaccine", &[("vaccine", &wanted), ("known", &known)]));
    }
    Ok(())
}

/// Says whether areas are below the target share, and returns the exit code.
fn told(invocation: &Invocation, lines: &Lines, loaded: &Loaded, report: &CatchUpReport) -> u8 {
    let rate = (report.rate * rust_decimal::Decimal::ONE_HUNDRED).normalize();
    let below: BTreeSet<&str> =
        report.rows.iter().filter(|row| row.below).map(|row| row.area.as_str()).collect();
    let (areas, day) = (below.len(), report.as_of);
    let (key, code) = if below.is_empty() {
        ("catch-up-reached", exit::OK)
    } else {
        ("catch-up-below", exit::BELOW)
    };
    let said = invocation.out.say(key, &[("areas", &areas), ("rate", &rate), ("day", &day)]);
    tell(&lines.named(loaded, said));
    code
}

fn list(invocation: &Invocation, lines: &[PersonToCatchUp]) -> Sheet {
    let columns =
        ["person", "name", "phone", "area", "group", "lacks", "day", "vaccines", "visits"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        let first = line.visits.first();
        let codes =
            |dose: &MissedDoseLine| dose.code.clone().unwrap_or_else(|| dose.vaccine.clone());
        let vaccines = first.map(|visit| visit.doses.iter().map(codes).collect::<Vec<_>>());
        let said = |dose: &MissedDoseLine| {
            invocation.out.say("catch-up-dose", &[("vaccine", &dose.vaccine), ("dose", &dose.dose)])
        };
        sheet.push(vec![
            line.person.to_string(),
            line.name.clone().unwrap_or_default(),
            line.phone.clone().unwrap_or_default(),
            line.area.to_string(),
            line.group.to_string(),
            line.missed.iter().map(said).collect::<Vec<_>>().join("; "),
            first.map(|visit| visit.day.to_string()).unwrap_or_default(),
            vaccines.unwrap_or_default().join(" "),
            line.visits.len().to_string(),
        ]);
    }
    sheet
}

fn rows(invocation: &Invocation, rows: &[AreaLine]) -> Sheet {
    let mut sheet = Sheet::new(&[
        "area",
        "name",
        "vaccine",
        "should",
        "done",
        "percent",
        "below",
        "lacking_people",
        "lacking_doses",
        "people_to_rate",
        "doses_to_rate",
        "aged_out",
    ]);
    for row in rows {
        let below = match (row.below, invocation.out.format) {
            (true, Format::Table) => invocation.out.word("catch-up-is-below"),
            (true, _) => "yes".to_owned(),
            (false, Format::Table) => String::new(),
            (false, _) => "no".to_owned(),
        };
        sheet.push(vec![
            row.area.to_string(),
            row.area_name.clone(),
            row.vaccine.clone(),
            row.should.to_string(),
            row.done.to_string(),
            percent(row.percent),
            below,
            row.lacking_people.to_string(),
            row.lacking_doses.to_string(),
            row.people_to_rate.to_string(),
            row.doses_to_rate.to_string(),
            row.aged_out.to_string(),
        ]);
    }
    sheet
}
