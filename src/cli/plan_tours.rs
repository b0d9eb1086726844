//! `doseplan plan tours`: each team's day, from leaving the base to returning.

use super::output::{Format, Sheet, harmless};
use super::plan_choice::{plans_of, reported};
use super::plan_tour_sheets::{Served, workbook};
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
use crate::app::Loaded;
use crate::domain::campaign::Campaign;
use crate::domain::figure::fixed;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::plan::PlanRow;
use crate::domain::planner::{self, SharedTour, TeamTour};
use chrono::{NaiveDate, NaiveTime, Timelike as _};
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
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
    /// Doses by campaign, of a tour for several and where several campaigns are shown.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    campaigns: BTreeMap<&'a CampaignId, u32>,
}

impl Tours {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = reported(invocation, self.no).await?;
        let mut found = plans_of(invocation, &app, &all, self.no).await?;
        let places = app.jurisdiction().await?;
        if found.is_empty() {
            app.store.close().await;
            return Ok(exit::FAILED);
        }
        self.know_team(invocation, &all)?;
        for (_, (_, rows)) in &mut found {
            rows.retain(|row| {
                let is_team = |team: &String| row.team.as_ref().is_some_and(|t| t.as_str() == team);
                self.day.is_none_or(|day| row.day == day) && self.team.as_ref().is_none_or(is_team)
            });
        }
        // A plan that is shown alone comes with what its teams do for others on these days.
        let is_of_all = all.len() > 1;
        let others = match found.as_slice() {
            [(loaded, (_, rows))] if !is_of_all => app.tours_beside(loaded, rows).await?,
            _ => Vec::new(),
        };
        app.store.close().await;
        let own = found.iter().map(|(loaded, (_, rows))| (&*loaded.campaign, rows.as_slice()));
        let others = others.iter().map(|(other, rows)| (&*other.campaign, rows.as_slice()));
        let plans: Vec<(&Campaign, &[PlanRow])> = own.chain(others).collect();
        let tours =
            if is_of_all { planner::all_tours(&plans) } else { planner::shared_tours(&plans) };
        let served = Served { campaigns: plans.iter().map(|plan| plan.0).collect(), is_of_all };
        let numbers: Vec<i64> = found.iter().map(|(_, (head, _))| head.no).collect();
        self.show(invocation, (&served, places.as_ref()), &tours, &numbers)
    }

    /// Shows or writes tours; `numbers`: of the plans that were asked for.
    fn show(
        &self,
        invocation: &Invocation,
        (served, places): (&Served<'_>, Option<&Jurisdiction>),
        tours: &[SharedTour],
        numbers: &[i64],
    ) -> anyhow::Result<u8> {
        let out = invocation.out;
        self.all_back(invocation, tours)?;
        if let Some(path) = &self.save {
            let now = invocation.clock.now();
            let zone = served.campaigns.first().map_or(Tz::UTC, |first| first.timezone);
            let local = now.with_timezone(&zone).naive_local();
            let clock = |minutes| self.clock(minutes);
            let bytes = workbook((served, places), local, tours, clock)?;
            crate::files::write(path, bytes).map_err(|error| out.not_written(path, &error))?;
            out.note("tour-written", &[("tours", &tours.len()), ("path", &path.display())]);
            return Ok(exit::OK);
        }
        if out.format == Format::Json {
            let views: Vec<View> = tours.iter().map(|tour| self.view(served, tour)).collect();
            out.json(&views);
            return Ok(exit::OK);
        }
        let columns = ["day", "team", "at", "name", "arrives", "first_dose", "leaves", "doses"];
        let is_shared = tours.iter().any(|tour| tour.plans().len() > 1);
        let names_campaigns = is_shared || served.is_of_all;
        let more = names_campaigns.then_some("campaigns");
        let columns: Vec<&str> = columns.into_iter().chain(more).collect();
        let mut sheet = Sheet::new(&columns);
        for tour in tours {
            self.push(invocation, (&mut sheet, names_campaigns), tour, served);
        }
        out.sheet(&sheet);
        let told = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let key = if numbers.len() > 1 { "plan-tours-of" } else { "plan-tours" };
        out.note(key, &[("no", &told), ("tours", &tours.len())]);
        if is_shared && !served.is_of_all {
            out.note("plan-tours-shared", &[]);
        }
        Ok(exit::OK)
    }

    /// Refuses a team that no campaign has.
    fn know_team(&self, invocation: &Invocation, all: &[Loaded]) -> anyhow::Result<()> {
        let is_none = |team: &&str| all.iter().all(|one| one.campaign.team(team).is_none());
        let Some(team) = self.team.as_deref().filter(is_none) else {
            return Ok(());
        };
        let teams = all.iter().flat_map(|loaded| &loaded.campaign.teams);
        let known: BTreeSet<&str> = teams.map(|team| team.code.as_str()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "–" } else { &known };
        let code = harmless(team);
        let said: [(&str, &dyn std::fmt::Display); 2] = [("code", &code), ("known", &known)];
        Err(invocation.out.fail("fail-no-team", &said))
    }

    /// Refuses tours from which a team is not back on its day.
    fn all_back(&self, invocation: &Invocation, tours: &[SharedTour]) -> anyhow::Result<()> {
        let is_late = |one: &&TeamTour| self.minute(one.tour.minutes) >= DAY_MINUTES;
        let Some(late) = tours.iter().map(|one| &one.of).find(is_late) else { return Ok(()) };
        let hours = fixed(late.tour.minutes / 60.0, 1);
        let time = self.clock(0.0);
        let said: [(&str, &dyn std::fmt::Display); 4] =
            [("team", &late.team), ("date", &late.day), ("time", &time), ("hours", &hours)];
        Err(invocation.out.fail("tour-late", &said))
    }

    /// Adds rows for departure, each stop, and return. `names_campaigns`: with a column of what is for which one.
    fn push(
        &self,
        invocation: &Invocation,
        (sheet, names_campaigns): (&mut Sheet, bool),
        one: &SharedTour,
        served: &Served<'_>,
    ) {
        let base = invocation.out.word("tour-base");
        let none = String::new;
        let (of, team) = (&one.of, one.of.team.to_string());
        let day = of.day.to_string();
        let mut add = |cells: [String; 6], parts: String| {
            let first = [day.clone(), team.clone()];
            let last = names_campaigns.then_some(parts);
            sheet.push(first.into_iter().chain(cells).chain(last).collect());
        };
        let start = self.clock(0.0);
        add([base.clone(), none(), none(), none(), start, none()], none());
        for stop in &of.tour.stops {
            let code = stop.stop.as_str();
            let parts = served.parts(one, code);
            let parts: Vec<String> =
                parts.iter().map(|(campaign, doses)| format!("{} {doses}", campaign.id)).collect();
            let cells = [
                stop.stop.to_string(),
                served.stop_name(code),
                self.clock(stop.arrival_minutes),
                self.clock(stop.first_dose_minutes),
                self.clock(stop.departure_minutes),
                stop.doses.to_string(),
            ];
            add(cells, parts.join(", "));
        }
        add([base, none(), self.clock(of.tour.minutes), none(), none(), none()], none());
    }

    fn view<'a>(&self, served: &Served<'a>, shared: &'a SharedTour) -> View<'a> {
        let one = &shared.of;
        let stop = |stop: &'a planner::TourStop| StopView {
            stop: stop.stop.as_str(),
            arrives: self.clock(stop.arrival_minutes),
            first_dose: self.clock(stop.first_dose_minutes),
            leaves: self.clock(stop.departure_minutes),
            doses: stop.doses,
            campaigns: served
                .parts(shared, stop.stop.as_str())
                .into_iter()
                .map(|(campaign, doses)| (&campaign.id, doses))
                .collect(),
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
