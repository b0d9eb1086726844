//! `doseplan plan what-if`: what other supply, teams, sites or delivery days would change. Stores nothing.

use super::output::{Format, NONE, Sheet, harmless};
use super::plan_files::Basis;
use super::plan_print::worst_text;
use super::plan_progress::{share_of, tell};
use super::{Invocation, exit, parse_day};
use crate::app::plans::PlanStart;
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, LotCode, PlaceCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::plan::first_day;
use crate::domain::planner::{self, Limits, Means, PlanOutcome, Request, Resources, WhatIfChange};
use crate::text::thousands;
use chrono::NaiveDate;
use clap::Args;
use clap::builder::RangedI64ValueParser;
use rust_decimal::Decimal;
use serde::Serialize;
use std::time::{Duration, Instant};

/// The changes to try.
#[derive(Debug, Args)]
pub(super) struct WhatIf {
    #[command(flatten)]
    basis: Basis,
    /// Multiply the doses of lots still to come, for example by 0.8
    #[arg(long, value_name = "TIMES", value_parser = parse_supply, allow_hyphen_values = true)]
    supply: Option<WhatIfChange>,
    /// More teams like the first one, or fewer: +2 or -1
    #[arg(long, value_name = "NUMBER", value_parser = parse_teams, allow_hyphen_values = true)]
    team: Option<WhatIfChange>,
    /// Close a site, stop or team on these days: S05@2021-07-01..2021-07-14
    #[arg(long, value_name = "PLACE@DAYS", value_parser = parse_close)]
    close: Vec<WhatIfChange>,
    /// Deliver a lot later: L07=10d
    #[arg(long, value_name = "LOT=DAYS", value_parser = parse_delay)]
    delay: Vec<WhatIfChange>,
    /// A site gives so many doses on these days: S01=400@2021-07-01..2021-07-14
    #[arg(long, value_name = "SITE=DOSES@DAYS", value_parser = parse_capacity)]
    capacity: Vec<WhatIfChange>,
    /// More stations at a site, or opens a candidate with so many: S01=+3
    #[arg(long, value_name = "SITE=+STATIONS", value_parser = parse_more_at)]
    stations: Vec<(PlaceCode, u32)>,
    /// Open a candidate site with all the stations that fit
    #[arg(long, value_name = "SITE")]
    add_site: Vec<PlaceCode>,
    /// More vaccinators in a township: as many stations as they can staff, at its sites: +20@yunyang
    #[arg(long, value_name = "+PEOPLE@AREA", value_parser = parse_staff)]
    staff: Vec<(u32, AreaCode)>,
    /// Doses that a station gives on a day, at sites that do not say it
    #[arg(long, value_name = "DOSES", default_value_t = 160, value_parser = a_day())]
    station_doses: u32,
    /// The cold store of a site holds so many doses more: S01=+500
    #[arg(long, value_name = "SITE=+DOSES", value_parser = parse_more_at)]
    storage: Vec<(PlaceCode, u32)>,
    /// Vaccine that is not announced: 5000@2021-07-01
    #[arg(long, value_name = "DOSES@DAY", value_parser = parse_vaccine)]
    vaccine: Vec<WhatIfChange>,
    /// The campaign ends on this day
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    until: Option<NaiveDate>,
    /// End both searches after this many seconds together
    #[arg(long)]
    seconds: Option<u64>,
    /// End each search after this many steps
    #[arg(long)]
    steps: Option<u32>,
}

/// Doses of a station on a day.
pub(super) fn a_day() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=10_000)
}

fn parse_supply(text: &str) -> Result<WhatIfChange, String> {
    text.parse::<Decimal>()
        .map(WhatIfChange::Supply)
        .map_err(|_| "write a number such as 0.8".to_owned())
}

fn parse_teams(text: &str) -> Result<WhatIfChange, String> {
    text.parse::<i32>().map(WhatIfChange::Teams).map_err(|_| "write +2 or -1".to_owned())
}

fn parse_close(text: &str) -> Result<WhatIfChange, String> {
    let remedy =
        || "write PLACE@DAY or PLACE@DAY..DAY, such as S05@2021-07-01..2021-07-14".to_owned();
    let (place, days) = text.rsplit_once('@').ok_or_else(remedy)?;
    let (first, last) = days.split_once("..").unwrap_or((days, days));
    let (first, last) = (parse_day(first)?, parse_day(last)?);
    if place.is_empty() {
        return Err(remedy());
    }
    if first > last {
        return Err(format!("{first} is after {last}; write the earlier day first"));
    }
    Ok(WhatIfChange::Close { place: place.to_owned(), first, last })
}

fn parse_delay(text: &str) -> Result<WhatIfChange, String> {
    let remedy = || "write LOT=DAYS, such as L07=10d".to_owned();
    let (lot, days) = text.rsplit_once('=').ok_or_else(remedy)?;
    let days = days.strip_suffix('d').unwrap_or(days).parse().map_err(|_| remedy())?;
    if lot.is_empty() {
        return Err(remedy());
    }
    Ok(WhatIfChange::Delay { lot: LotCode::from(lot), days })
}

fn parse_capacity(text: &str) -> Result<WhatIfChange, String> {
    let remedy = || "write SITE=DOSES@DAY..DAY, such as S01=400@2021-07-01..2021-07-14".to_owned();
    let (named, days) = text.rsplit_once('@').ok_or_else(remedy)?;
    let (site, doses) = named.rsplit_once('=').ok_or_else(remedy)?;
    let doses = doses.parse().map_err(|_| remedy())?;
    let (first, last) = days.split_once("..").unwrap_or((days, days));
    let (first, last) = (parse_day(first)?, parse_day(last)?);
    Ok(WhatIfChange::Capacity { site: PlaceCode::new(site.to_owned()), doses, first, last })
}

fn parse_more_at(text: &str) -> Result<(PlaceCode, u32), String> {
    let remedy = || "write SITE=+NUMBER, such as S01=+3".to_owned();
    let (site, more) = text.rsplit_once("=+").ok_or_else(remedy)?;
    Ok((PlaceCode::new(site.to_owned()), more.parse().map_err(|_| remedy())?))
}

fn parse_staff(text: &str) -> Result<(u32, AreaCode), String> {
    let remedy = || "write +PEOPLE@AREA, such as +20@yunyang".to_owned();
    let (more, area) = text.split_once('@').ok_or_else(remedy)?;
    let more = more.strip_prefix('+').and_then(|more| more.parse().ok()).ok_or_else(remedy)?;
    Ok((more, AreaCode::new(area.to_owned())))
}

fn parse_vaccine(text: &str) -> Result<WhatIfChange, String> {
    let remedy = || "write DOSES@DAY, such as 5000@2021-07-01".to_owned();
    let (doses, day) = text.split_once('@').ok_or_else(remedy)?;
    let doses = doses.parse().map_err(|_| remedy())?;
    Ok(WhatIfChange::Vaccine { doses, day: parse_day(day)? })
}

/// Both plans, as `-o json` prints them.
#[derive(Serialize)]
struct View {
    from: NaiveDate,
    today: PlanOutcome,
    what_if: PlanOutcome,
}

impl WhatIf {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some((campaign, given, from)) = self.basis.folder(invocation)? {
            let start = PlanStart { history: given, published: Vec::new(), warm: None };
            let changes = self.changes((&campaign, None), from)?;
            return self.compare(invocation, &campaign, from, &start, &changes);
        }
        let (app, loaded) = invocation.loaded(self.basis.id.as_deref()).await?;
        let campaign = &loaded.campaign;
        let from = first_day(campaign, invocation.today(&loaded), self.basis.from);
        let start = app.plan_start(&loaded, from).await?;
        let jurisdiction = app.jurisdiction().await?;
        app.store.close().await;
        let changes = self.changes((campaign, jurisdiction.as_ref()), from)?;
        tokio::task::block_in_place(|| self.compare(invocation, campaign, from, &start, &changes))
    }

    /// What is supposed, a new end first: days of other changes may lie before or after it.
    fn changes(
        &self,
        (campaign, jurisdiction): (&Campaign, Option<&Jurisdiction>),
        from: NaiveDate,
    ) -> anyhow::Result<Vec<WhatIfChange>> {
        let day = from.max(campaign.start);
        let means = Means::on(day, campaign, jurisdiction, self.station_doses);
        let mut more = Resources::default();
        for (site, stations) in &self.stations {
            *more.stations.entry(site.clone()).or_default() += stations;
        }
        for site in &self.add_site {
            let could = means.most_of_candidate(site)?;
            more.stations.insert(site.clone(), could);
        }
        for (people, area) in &self.staff {
            means.place_staff(campaign, (*people, area), &mut more)?;
        }
        let mut changes: Vec<WhatIfChange> =
            self.until.map(WhatIfChange::Until).into_iter().collect();
        changes.extend(self.supply.iter().chain(&self.team).cloned());
        changes.extend(self.close.iter().chain(&self.delay).chain(&self.capacity).cloned());
        if !more.stations.is_empty() {
            changes.push(WhatIfChange::More(more, Box::new(means)));
        }
        let storage = self.storage.iter().cloned();
        changes.extend(storage.map(|(site, doses)| WhatIfChange::Storage { site, doses }));
        changes.extend(self.vaccine.iter().cloned());
        anyhow::ensure!(
            !changes.is_empty(),
            "nothing is supposed; name what is to be other, such as --supply, --team or --stations"
        );
        Ok(changes)
    }

    fn compare(
        &self,
        invocation: &Invocation,
        campaign: &Campaign,
        from: NaiveDate,
        start: &PlanStart,
        changes: &[WhatIfChange],
    ) -> anyhow::Result<u8> {
        let other = planner::changed(campaign, from, changes)?;
        let today = self.plan(invocation, campaign, from, start);
        let what_if = self.plan(invocation, &other, from, start);
        let view = View { from, today, what_if };
        match invocation.out.format {
            Format::Json => invocation.out.json(&view),
            Format::Csv | Format::Table => {
                invocation.out.sheet(&sheet(invocation, campaign, &view));
            }
        }
        Ok(exit::OK)
    }

    /// Plans one of the two campaigns in half of the time.
    fn plan(
        &self,
        invocation: &Invocation,
        campaign: &Campaign,
        from: NaiveDate,
        start: &PlanStart,
    ) -> PlanOutcome {
        let limit = self.seconds.map(|seconds| Duration::from_secs(seconds) / 2);
        let limits = self.steps.map_or_else(Limits::default, Limits::steps);
        let started = Instant::now();
        let request = Request {
            campaign,
            given: &start.history,
            from,
            published: &start.published,
            warm: start.warm.as_ref(),
            limits,
        };
        let out = invocation.out;
        let plan = planner::make(&request, &mut |at| tell(out, at, started.elapsed()), &mut || {
            share_of(limit, started.elapsed())
        });
        planner::outcome(&request, &plan)
    }
}

/// Both plans side by side.
fn sheet(invocation: &Invocation, campaign: &Campaign, view: &View) -> Sheet {
    let out = invocation.out;
    let for_people = out.format == Format::Table;
    let mut sheet = Sheet::new(&["figure", "group", "today", "what_if", "difference"]);
    let mut push = |key: &str, group: Option<&str>, values: [String; 2], change: String| {
        let name = if for_people { out.word(&format!("figure-{key}")) } else { key.to_owned() };
        let [today, what_if] = values;
        sheet.push(vec![name, group.unwrap_or_default().to_owned(), today, what_if, change]);
    };
    let both = [&view.today, &view.what_if];
    for (at, group) in view.today.groups.iter().enumerate() {
        let name = campaign.group(group.group.as_str()).map_or(group.group.as_str(), |g| &g.name);
        let name = if for_people { harmless(name) } else { group.group.to_string() };
        let of = both.map(|outcome| &outcome.groups[at]);
        let finished = of.map(|one| one.people_finished);
        push("people-finished", Some(&name), finished.map(number(for_people)), gained(finished));
        let percent = of.map(|one| percent(one.people_finished, one.people));
        push("coverage", Some(&name), percent.map(|p| format!("{p:.1}")), points(percent, 1));
        let days = of.map(|one| one.last_day);
        push("last-day", Some(&name), days.map(day_text), days_between(days));
    }
    let days = both.map(|outcome| outcome.last_day);
    push("last-day", None, days.map(day_text), days_between(days));
    let figures = both.map(|outcome| &outcome.figures);
    let doses = figures.map(|figures| figures.doses);
    push("doses", None, doses.map(number(for_people)), gained(doses));
    let worst = figures.map(|f| f.worst_area.as_ref().map_or(0.0, |worst| worst.share * 100.0));
    let worst_areas = figures.map(|figures| worst_text(figures.worst_area.as_ref()));
    push("worst-area", None, worst_areas, points(worst, 1));
    let gap = figures.map(|figures| figures.gap * 100.0);
    push("gap", None, gap.map(|gap| format!("{gap:.3}")), points(gap, 3));
    sheet
}

fn number(for_people: bool) -> impl Fn(u64) -> String {
    move |n| if for_people { thousands(n) } else { n.to_string() }
}

fn gained([today, what_if]: [u64; 2]) -> String {
    format!("{:+}", i128::from(what_if) - i128::from(today))
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

fn points([today, what_if]: [f64; 2], digits: usize) -> String {
    format!("{:+.digits$}", what_if - today)
}

fn day_text(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| NONE.to_owned(), |day| day.to_string())
}

fn days_between([today, what_if]: [Option<NaiveDate>; 2]) -> String {
    match today.zip(what_if) {
        Some((today, what_if)) => format!("{:+}", (what_if - today).num_days()),
        None => NONE.to_owned(),
    }
}
