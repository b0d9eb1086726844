//! `doseplan catch-up`: who lacks doses, and which areas are below the share to be reached.

use super::output::{Format, Sheet, percent};
use super::{Session, exit, parse_day};
use crate::app::catch_up::{AreaLine, CatchUpReport, MissedDoseLine, PersonToCatchUp};
use crate::domain::id::AreaCode;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use std::collections::BTreeSet;

/// What people of the register lack (查漏补种); for campaigns with series = "catch-up".
#[derive(Debug, Subcommand)]
pub(super) enum CatchUp {
    /// Everybody who lacks doses: which, and at how many visits they can be given
    List {
        #[command(flatten)]
        who: Who,
        /// Only who lacks this vaccine group or vaccine code
        #[arg(long)]
        vaccine: Option<String>,
    },
    /// Every vaccine in every area: people with all due doses, and what is missing to the share asked
    /// for; exit 11 where an area is below it
    Report {
        #[command(flatten)]
        who: Who,
        /// Only this vaccine group
        #[arg(long)]
        vaccine: Option<String>,
        /// Only areas that are below the share asked for
        #[arg(long)]
        below: bool,
    },
    /// The campaign's denominators from the register, as eligible.csv: who lacks doses, or will by the
    /// campaign's end
    Eligible {
        #[command(flatten)]
        who: Who,
    },
}

/// Who is looked at.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// Doses given up to this day's 24:00 [default: today]
    #[arg(long, value_parser = parse_day)]
    as_of: Option<NaiveDate>,
    /// Only this area and what lies below it
    #[arg(long)]
    area: Option<String>,
}

impl CatchUp {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        let (Self::List { who, .. } | Self::Report { who, .. } | Self::Eligible { who }) = self;
        let (app, loaded) = session.loaded(None).await?;
        let day = who.as_of.unwrap_or_else(|| session.today(&loaded));
        let areas = super::areas_below(session.out, &loaded, who.area.as_deref())?;
        let is_in =
            |area: &AreaCode| areas.as_ref().is_none_or(|areas: &BTreeSet<_>| areas.contains(area));
        let rules = &loaded.judge.rules;
        let groups = rules.groups.iter().map(|group| &*group.name);
        match self {
            Self::List { vaccine, .. } => {
                let codes = rules.vaccine_by_code.keys().map(|code| &**code);
                known(session.out, vaccine.as_deref(), groups.chain(codes))?;
                let mut lines = app.lacking(&loaded, day).await?;
                let named = |dose: &MissedDoseLine| {
                    vaccine.as_ref().is_none_or(|wanted| {
                        *wanted == dose.vaccine || Some(wanted) == dose.code.as_ref()
                    })
                };
                lines.retain(|line| is_in(&line.area) && line.missed.iter().any(named));
                list(&session, &lines);
                Ok(exit::OK)
            }
            Self::Report { vaccine, below, .. } => {
                known(session.out, vaccine.as_deref(), groups)?;
                let mut report = app.catch_up_report(&loaded, day).await?;
                report.rows.retain(|row| {
                    is_in(&row.area)
                        && vaccine.as_ref().is_none_or(|wanted| *wanted == row.vaccine)
                        && (row.below || !below)
                });
                Ok(tell(&session, &report))
            }
            Self::Eligible { .. } => {
                let mut counts = app.lacking_counts(&loaded, day).await?;
                counts.retain(|(area, _), _| is_in(area));
                let mut sheet = Sheet::new(&["area", "group", "people", "source", "as_of"]);
                for ((area, group), people) in counts {
                    let source = session.out.word("catch-up-source");
                    let (area, group) = (area.to_string(), group.to_string());
                    sheet.push(vec![area, group, people.to_string(), source, day.to_string()]);
                }
                session.out.sheet(&sheet);
                Ok(exit::OK)
            }
        }
    }
}

/// Refuses a vaccine that nobody knows: a list without it would look as if all were well.
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

/// Prints the report and says whether all of it is reached.
fn tell(session: &Session, report: &CatchUpReport) -> u8 {
    if session.out.format == Format::Json {
        session.out.json(report);
    } else {
        print(session, &report.rows);
    }
    let rate = (report.rate * rust_decimal::Decimal::ONE_HUNDRED).normalize();
    let below: BTreeSet<&str> =
        report.rows.iter().filter(|row| row.below).map(|row| row.area.as_str()).collect();
    let (areas, day) = (below.len(), report.as_of);
    let (key, code) = if below.is_empty() {
        ("catch-up-reached", exit::OK)
    } else {
        ("catch-up-below", exit::BELOW)
    };
    session.out.note(key, &[("areas", &areas), ("rate", &rate), ("day", &day)]);
    code
}

fn list(session: &Session, lines: &[PersonToCatchUp]) {
    if session.out.format == Format::Json {
        session.out.json(&lines);
        return;
    }
    let columns =
        ["person", "name", "phone", "area", "group", "lacks", "day", "vaccines", "visits"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        let first = line.visits.first();
        let codes =
            |dose: &MissedDoseLine| dose.code.clone().unwrap_or_else(|| dose.vaccine.clone());
        let vaccines = first.map(|visit| visit.doses.iter().map(codes).collect::<Vec<_>>());
        let said = |dose: &MissedDoseLine| {
            session.out.say("catch-up-dose", &[("vaccine", &dose.vaccine), ("dose", &dose.dose)])
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
    session.out.sheet(&sheet);
}

fn print(session: &Session, rows: &[AreaLine]) {
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
        let below = match (row.below, session.out.format) {
            (true, Format::Table) => session.out.word("catch-up-is-below"),
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
    session.out.sheet(&sheet);
}
