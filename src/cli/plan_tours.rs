//! `doseplan plan tours`: each team's day, from leaving the base to returning.

use super::output::{Format, Sheet, harmless};
use super::plan_choice::any_plan;
use super::plan_tour_sheets::workbook;
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
use crate::domain::planner::{self, TeamTour};
use chrono::{NaiveDate, NaiveTime, Timelike as _};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Minutes of a day: a team is back before they are over.
const DAY_MINUTES: f64 = 1440.0;

/// Which tours.
#[derive(Debug, Args)]
pub(super) struct Tours {
    /// Number of the plan [default: the adopted one, else the newest draft]
    no: Option<i64>,
    /// Only this day
    #[arg(long, value_parser = parse_day)]
    day: Option<NaiveDate>,
    /// Only this team
    #[arg(long)]
    team: Option<String>,
    /// When teams leave their base
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "08:00")]
    depart: NaiveTime,
    /// Write a workbook with a sheet for each team and day: times, addresses, vaccine to load
    #[arg(long, value_name = "FILE.xlsx")]
    save: Option<PathBuf>,
}

/// Reads a time of the command line.
pub(super) fn parse_time(text: &str) -> Result<NaiveTime, Remedy> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| Remedy::new("write-time"))
}

/// A tour as `-o json` prints it.
#[derive(Serialize)]
struct View<'a> {
    day: NaiveDate,
    team: &'a str,
    departs: String,
    back: String,
    minutes: f64,
    km: f64,
    doses: u64,
    stops: Vec<StopView<'a>>,
}

/// A stop of a tour.
#[derive(Serialize)]
struct StopView<'a> {
    stop: &'a str,
    arrives: String,
    first_dose: String,
    leaves: String,
    doses: u32,
}

impl Tours {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, loaded) = invocation.loaded(None).await?;
        let found = any_plan(invocation, &app, &loaded, self.no).await?;
        let places = app.jurisdiction().await?;
        app.store.close().await;
        let Some((head, mut rows)) = found else { return Ok(exit::FAILED) };
        let campaign = &loaded.campaign;
        if let Some(team) = &self.team {
            let known = campaign.teams.iter().map(|team| team.code.as_str());
            let known = known.collect::<Vec<_>>().join(", ");
            if campaign.team(team).is_none() {
                let known = if known.is_empty() { "–" } else { &known };
                let code = harmless(team);
                let said: [(&str, &dyn std::fmt::Display); 2] =
                    [("code", &code), ("known", &known)];
                return Err(invocation.out.fail("fail-no-team", &said));
            }
        }
        rows.retain(|row| {
            let is_team = |team: &String| row.team.as_ref().is_some_and(|t| t.as_str() == team);
            self.day.is_none_or(|day| row.day == day) && self.team.as_ref().is_none_or(is_team)
        });
        let tours = planner::tours(campaign, &rows);
        let out = invocation.out;
        if let Some(late) = tours.iter().find(|one| self.minute(one.tour.minutes) >= DAY_MINUTES) {
            let hours = format!("{:.1}", late.tour.minutes / 60.0);
            let time = self.clock(0.0);
            let said: [(&str, &dyn std::fmt::Display); 4] =
                [("team", &late.team), ("date", &late.day), ("time", &time), ("hours", &hours)];
            return Err(out.fail("tour-late", &said));
        }
        if let Some(path) = &self.save {
            let now = invocation.clock.now();
            let local = now.with_timezone(&campaign.timezone).naive_local();
            let clock = |minutes| self.clock(minutes);
            let bytes = workbook((campaign, places.as_ref()), local, &tours, clock)?;
            crate::files::write(path, bytes).map_err(|error| out.not_written(path, &error))?;
            out.note("tour-written", &[("tours", &tours.len()), ("path", &path.display())]);
            return Ok(exit::OK);
        }
        if out.format == Format::Json {
            let views: Vec<View> = tours.iter().map(|tour| self.view(tour)).collect();
            out.json(&views);
            return Ok(exit::OK);
        }
        let columns = ["day", "team", "at", "name", "arrives", "first_dose", "leaves", "doses"];
        let mut sheet = Sheet::new(&columns);
        for tour in &tours {
            self.push(invocation, &mut sheet, tour, |code| {
                campaign.stop(code).map(|stop| harmless(&stop.name)).unwrap_or_default()
            });
        }
        out.sheet(&sheet);
        out.note("plan-tours", &[("no", &head.no), ("tours", &tours.len())]);
        Ok(exit::OK)
    }

    /// Adds rows for departure, each stop, and return.
    fn push(
        &self,
        invocation: &Invocation,
        sheet: &mut Sheet,
        one: &TeamTour,
        name: impl Fn(&str) -> String,
    ) {
        let base = invocation.out.word("tour-base");
        let none = String::new;
        let (day, team) = (one.day.to_string(), one.team.to_string());
        let start = self.clock(0.0);
        sheet.push(vec![
            day.clone(),
            team.clone(),
            base.clone(),
            none(),
            none(),
            none(),
            start,
            none(),
        ]);
        for stop in &one.tour.stops {
            sheet.push(vec![
                day.clone(),
                team.clone(),
                stop.stop.to_string(),
                name(stop.stop.as_str()),
                self.clock(stop.arrival_minutes),
                self.clock(stop.first_dose_minutes),
                self.clock(stop.departure_minutes),
                stop.doses.to_string(),
            ]);
        }
        let back = self.clock(one.tour.minutes);
        sheet.push(vec![day, team, base, none(), back, none(), none(), none()]);
    }

    fn view<'a>(&self, one: &'a TeamTour) -> View<'a> {
        let stop = |stop: &'a planner::TourStop| StopView {
            stop: stop.stop.as_str(),
            arrives: self.clock(stop.arrival_minutes),
            first_dose: self.clock(stop.first_dose_minutes),
            leaves: self.clock(stop.departure_minutes),
            doses: stop.doses,
        };
        View {
            day: one.day,
            team: one.team.as_str(),
            departs: self.clock(0.0),
            back: self.clock(one.tour.minutes),
            minutes: one.tour.minutes,
            km: one.tour.km,
            doses: one.tour.stops.iter().map(|stop| u64::from(stop.doses)).sum(),
            stops: one.tour.stops.iter().map(stop).collect(),
        }
    }

    /// The minute of the day, so many minutes after departure.
    fn minute(&self, minutes: f64) -> f64 {
        (f64::from(self.depart.hour() * 60 + self.depart.minute()) + minutes).round()
    }

    /// The time so many minutes after departure.
    fn clock(&self, minutes: f64) -> String {
        let at = self.minute(minutes);
        format!("{:02}:{:02}", (at / 60.0).floor(), at % 60.0)
    }
}
