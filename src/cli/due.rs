//! `doseplan due`: people whose next dose is due, for calls and SMS.

use super::chosen::Lines;
use super::output::{Format, Sheet};
use super::{Invocation, exit, parse_day};
use crate::app::due::DueLine;
use chrono::NaiveDate;
use clap::{Args, Subcommand};

/// People whose next dose is due.
#[derive(Debug, Subcommand)]
pub(super) enum Due {
    /// List them, with phone and appointment
    List(List),
}

/// Which people are listed.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Due by this day [default: today]
    #[arg(long, alias = "as-of", value_parser = parse_day)]
    by: Option<NaiveDate>,
    /// Only this area and the areas below it
    #[arg(long)]
    area: Option<String>,
    /// Only this group
    #[arg(long)]
    group: Option<String>,
    /// Only this dose
    #[arg(long)]
    dose: Option<u8>,
    /// Only people whose window for the dose has closed
    #[arg(long)]
    overdue: bool,
}

impl Due {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let Self::List(list) = self;
        let (app, meant) = invocation.meant(None).await?;
        let mut all = Lines::of(&meant);
        for loaded in &meant {
            let day = list.by.unwrap_or_else(|| invocation.today(loaded));
            let areas = super::areas_below(invocation.out, loaded, list.area.as_deref())?;
            let mut lines = app.due(loaded, day, invocation.today(loaded)).await?;
            lines.retain(|line| {
                areas.as_ref().is_none_or(|areas| areas.contains(&line.area))
                    && list.group.as_ref().is_none_or(|group| line.group.as_str() == group)
                    && list.dose.is_none_or(|dose| line.dose == dose)
                    && (!list.overdue || line.latest.is_some_and(|latest| latest < day))
            });
            if invocation.out.format == Format::Json {
                for line in &lines {
                    all.json(loaded, line);
                }
            } else {
                // Sheets of several campaigns become one.
                let with_vaccines = meant.iter().any(|one| one.campaign.catch_up.is_some());
                all.sheet(loaded, sheet(lines, with_vaccines));
            }
        }
        all.print(&invocation);
        Ok(exit::OK)
    }
}

fn sheet(lines: Vec<DueLine>, with_vaccines: bool) -> Sheet {
    let mut columns = vec![
        "person",
        "name",
        "phone",
        "area",
        "group",
        "dose",
        "earliest",
        "recommended",
        "latest",
        "day",
        "place",
        "opt_out",
        "mail",
    ];
    columns.extend(with_vaccines.then_some("vaccines"));
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        let vaccines = line.vaccines.join(" ");
        let mut cells = cells(line);
        cells.extend(with_vaccines.then_some(vaccines));
        sheet.push(cells);
    }
    sheet
}

fn cells(line: DueLine) -> Vec<String> {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    vec![
        line.person.to_string(),
        line.name.unwrap_or_default(),
        line.phone.unwrap_or_default(),
        line.area.to_string(),
        line.group.to_string(),
        line.dose.to_string(),
        line.earliest.to_string(),
        line.recommended.to_string(),
        day(line.latest),
        day(line.day),
        line.place.map(|place| place.to_string()).unwrap_or_default(),
        if line.opt_out { "yes" } else { "no" }.to_owned(),
        line.mail.word().to_owned(),
    ]
}
