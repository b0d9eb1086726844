//! `doseplan plan what-if`: what other supply, teams, sites or delivery days would change. Stores nothing.

mod joint;

use super::output::{Format, NONE, Out, Sheet, harmless};
use super::plan_files::Basis;
use super::plan_print::worst_text;
use super::plan_progress::{share_of, tell};
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
use crate::app::Loaded;
use crate::app::plans::PlanStart;
use crate::app::verdict_words;
use crate::domain::campaign::Campaign;
use crate::domain::figure::fixed;
use crate::domain::id::{AreaCode, CampaignId, LotCode, PlaceCode};
use crate::domain::jurisdiction::Role;
use crate::domain::plan::{first_day, is_over};
use crate::domain::planner::{
    self, ComparedValues, Limits, MeansError, MorePeople, PlanOutcome, STATION_DOSES, Supposed,
    SupposedError, SupposedOf, WhatIfChange, WhatIfError,
};
use crate::text::thousands;
use chrono::NaiveDate;
use clap::Args;
use clap::builder::RangedI64ValueParser;
use rust_decimal::Decimal;
use serde::Serialize;
use std::fmt::Display;
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
    /// More vaccinators at the sites of a township, or people of another role: +20@yunyang, +4@yunyang=registrar
    #[arg(long, value_name = "+PEOPLE@AREA[=ROLE]", value_parser = parse_staff)]
    staff: Vec<MorePeople>,
    /// Doses that a station gives on a day, at sites that do not say it
    #[arg(long, value_name = "DOSES", default_value_t = STATION_DOSES, value_parser = a_day())]
    station_doses: u32,
    /// The cold store of a site holds so many doses more: S01=+500
    #[arg(long, value_name = "SITE=+DOSES", value_parser = parse_more_at)]
    storage: Vec<(PlaceCode, u32)>,
    /// Vaccine that is not announced: 5000@2021-07-01
    #[arg(long, value_name = "DOSES@DAY", value_parser = parse_vaccine)]
    vaccine: Vec<WhatIfChange>,
    /// The campaign for which that vaccine comes, where several are planned together
    #[arg(long, value_name = "CAMPAIGN", requires = "vaccine")]
    vaccine_for: Option<CampaignId>,
    /// The campaign ends on this day; where several are planned, all end on this day at the latest
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

fn parse_supply(text: &str) -> Result<WhatIfChange, Remedy> {
    let factor = text.parse::<Decimal>().map_err(|_| Remedy::new("write-supply"))?;
    something(factor != Decimal::ONE, "write-supply")?;
    Ok(WhatIfChange::Supply(factor))
}

fn parse_teams(text: &str) -> Result<WhatIfChange, Remedy> {
    let more = text.parse::<i32>().map_err(|_| Remedy::new("write-teams"))?;
    something(more != 0, "write-teams")?;
    Ok(WhatIfChange::Teams(more))
}

/// Refuses a value that changes nothing: the answer would look like one about a change. `key`: what to write.
fn something(is_change: bool, key: &'static str) -> Result<(), Remedy> {
    if is_change { Ok(()) } else { Err(Remedy::of_nothing(key)) }
}

fn parse_close(text: &str) -> Result<WhatIfChange, Remedy> {
    let remedy = || Remedy::new("write-close");
    let (place, days) = text.rsplit_once('@').ok_or_else(remedy)?;
    let (first, last) = days.split_once("..").unwrap_or((days, days));
    let (first, last) = (parse_day(first)?, parse_day(last)?);
    if place.is_empty() {
        return Err(remedy());
    }
    in_order(first, last)?;
    Ok(WhatIfChange::Close { place: place.to_owned(), first, last })
}

fn in_order(first: NaiveDate, last: NaiveDate) -> Result<(), Remedy> {
    if first > last {
        return Err(Remedy::new("write-order").with("first", first).with("last", last));
    }
    Ok(())
}

fn parse_delay(text: &str) -> Result<WhatIfChange, Remedy> {
    let remedy = || Remedy::new("write-delay");
    let (lot, days) = text.rsplit_once('=').ok_or_else(remedy)?;
    let days: u32 = days.strip_suffix('d').unwrap_or(days).parse().map_err(|_| remedy())?;
    if lot.is_empty() {
        return Err(remedy());
    }
    something(days > 0, "write-delay")?;
    Ok(WhatIfChange::Delay { lot: LotCode::from(lot), days })
}

fn parse_capacity(text: &str) -> Result<WhatIfChange, Remedy> {
    let remedy = || Remedy::new("write-capacity");
    let (named, days) = text.rsplit_once('@').ok_or_else(remedy)?;
    let (site, doses) = named.rsplit_once('=').ok_or_else(remedy)?;
    let doses = doses.parse().map_err(|_| remedy())?;
    let (first, last) = days.split_once("..").unwrap_or((days, days));
    let (first, last) = (parse_day(first)?, parse_day(last)?);
    if site.is_empty() {
        return Err(remedy());
    }
    in_order(first, last)?;
    Ok(WhatIfChange::Capacity { site: PlaceCode::new(site.to_owned()), doses, first, last })
}

fn parse_more_at(text: &str) -> Result<(PlaceCode, u32), Remedy> {
    let remedy = || Remedy::new("write-more-at");
    let (site, more) = text.rsplit_once("=+").ok_or_else(remedy)?;
    let more: u32 = more.parse().map_err(|_| remedy())?;
    if site.is_empty() {
        return Err(remedy());
    }
    something(more > 0, "write-more-at")?;
    Ok((PlaceCode::new(site.to_owned()), more))
}

fn parse_staff(text: &str) -> Result<MorePeople, Remedy> {
    let remedy = || Remedy::new("write-staff");
    let (more, rest) = text.split_once('@').ok_or_else(remedy)?;
    let people: Option<u32> = more.strip_prefix('+').and_then(|more| more.parse().ok());
    let people = people.ok_or_else(remedy)?;
    let (area, role) = match rest.rsplit_once('=') {
        Some((area, role)) => (area, parse_role(role)?),
        None => (rest, Role::Vaccinator),
    };
    if area.is_empty() {
        return Err(remedy());
    }
    something(people > 0, "write-staff")?;
    Ok(MorePeople { people, area: AreaCode::new(area.to_owned()), role })
}

fn parse_role(word: &str) -> Result<Role, Remedy> {
    let known = || {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        Remedy::new("write-staff-role").with("known", words.join(", "))
    };
    Role::from_word(word).ok_or_else(known)
}

fn parse_vaccine(text: &str) -> Result<WhatIfChange, Remedy> {
    let remedy = || Remedy::new("write-vaccine");
    let (doses, day) = text.split_once('@').ok_or_else(remedy)?;
    let doses: u32 = doses.parse().map_err(|_| remedy())?;
    something(doses > 0, "write-vaccine")?;
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
            self.know_vaccine_for(invocation.out, &[&campaign])?;
            let start = PlanStart { history: given, published: Vec::new(), warm: None };
            let (others, rounds) = (&[], &[]);
            let of = SupposedOf { campaign: &campaign, jurisdiction: None, others, rounds, from };
            return self.compare(invocation, &of, &start);
        }
        let (app, mut all) = invocation.planned(self.basis.id.as_deref()).await?;
        // One that is over is asked about only where all are: for a replay or an exercise.
        let is_on = |loaded: &Loaded| !is_over(&loaded.campaign, invocation.today(loaded));
        if all.iter().any(is_on) {
            all.retain(is_on);
        }
        let is_joint = all.len() > 1;
        if is_joint {
            self.leave_out_later(invocation.out, &mut all);
        }
        let planned: Vec<&Campaign> = all.iter().map(|loaded| &*loaded.campaign).collect();
        self.know_vaccine_for(invocation.out, &planned)?;
        let loaded = match all.as_slice() {
            [loaded] if !is_joint => loaded,
            all => return self.of_several(invocation, &app, all).await,
        };
        let from = first_day(&loaded.campaign, invocation.today(loaded), self.basis.from);
        let campaign = app.around_rounds(loaded, from).await?;
        let start = app.plan_start(loaded, from).await?;
        let (jurisdiction, others, rounds) = app.supposed_of(loaded, from).await?;
        app.store.close().await;
        let (jurisdiction, others, rounds) = (jurisdiction.as_ref(), &*others, &*rounds);
        let of = SupposedOf { campaign: &campaign, jurisdiction, others, rounds, from };
        tokio::task::block_in_place(|| self.compare(invocation, &of, &start))
    }

    /// Campaigns that begin after the day on which all end have no part in the question, unless all do.
    fn leave_out_later(&self, out: Out, all: &mut Vec<Loaded>) {
        let Some(until) = self.until else { return };
        let begins = |loaded: &Loaded| loaded.campaign.start <= until;
        if !all.iter().any(begins) {
            return;
        }
        for later in all.iter().filter(|loaded| !begins(loaded)) {
            let (id, start) = (&later.campaign.id, later.campaign.start);
            out.note("surge-later", &[("campaign", id), ("start", &start)]);
        }
        all.retain(begins);
    }

    /// Refuses vaccine for a campaign that is not planned.
    fn know_vaccine_for(&self, out: Out, planned: &[&Campaign]) -> anyhow::Result<()> {
        let Some(wanted) = &self.vaccine_for else { return Ok(()) };
        if planned.iter().any(|campaign| campaign.id == *wanted) {
            return Ok(());
        }
        let known: Vec<&str> = planned.iter().map(|campaign| campaign.id.as_str()).collect();
        let (wanted, known) = (harmless(wanted.as_str()), known.join(", "));
        Err(out.fail("supposed-other-campaign", &[("wanted", &wanted), ("known", &known)]))
    }

    /// What is supposed.
    fn supposed(&self, out: Out) -> anyhow::Result<Supposed> {
        let mut changes: Vec<WhatIfChange> =
            self.supply.iter().chain(&self.team).cloned().collect();
        changes.extend(self.close.iter().chain(&self.delay).chain(&self.capacity).cloned());
        let storage = self.storage.iter().cloned();
        changes.extend(storage.map(|(site, doses)| WhatIfChange::Storage { site, doses }));
        changes.extend(self.vaccine.iter().cloned());
        let supposed = Supposed {
            until: self.until,
            changes,
            stations: self.stations.clone(),
            add_site: self.add_site.clone(),
            staff: self.staff.clone(),
        };
        if supposed == Supposed::default() {
            return Err(out.fail("fail-nothing-supposed", &[]));
        }
        Ok(supposed)
    }

    fn compare(
        &self,
        invocation: &Invocation,
        of: &SupposedOf<'_>,
        start: &PlanStart,
    ) -> anyhow::Result<u8> {
        let supposed = self.supposed(invocation.out)?;
        let both = supposed.both(of, self.station_doses);
        let (campaign, other) = both.map_err(|error| refused(invocation.out, &error))?;
        let today = self.plan(invocation, &campaign, of.from, start);
        let what_if = self.plan(invocation, &other, of.from, start);
        let view = View { from: of.from, today, what_if };
        match invocation.out.format {
            Format::Json => invocation.out.json(&view),
            Format::Csv | Format::Table => {
                invocation.out.sheet(&sheet(invocation, &campaign, &view));
            }
        }
        if let Some(said) = verdict_words::of_supposed(invocation.out.language, of, &supposed) {
            super::output::tell(&harmless(&said));
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
        let request = start.request(campaign, from, limits);
        let out = invocation.out;
        let plan = planner::make(&request, &mut |at| tell(out, at, started.elapsed()), &mut || {
            share_of(limit, started.elapsed())
        });
        planner::outcome(&request, &plan)
    }
}

/// Why something cannot be supposed, in the reader's language.
fn refused(out: Out, error: &SupposedError) -> anyhow::Error {
    let two = |key: &str, one: (&str, &dyn Display), other: (&str, &dyn Display)| {
        out.fail(key, &[one, other])
    };
    let change = match error {
        SupposedError::Change(change) => change,
        SupposedError::Means(MeansError::NoOpenSite { area }) => {
            return out.fail("supposed-no-site", &[("area", area)]);
        }
        SupposedError::Means(MeansError::NoRoom { area, stations }) => {
            return two("supposed-no-room", ("area", area), ("stations", stations));
        }
        SupposedError::Means(MeansError::NoCandidate { site }) => {
            return out.fail("supposed-no-candidate", &[("site", &harmless(site.as_str()))]);
        }
        SupposedError::Means(MeansError::NotCounted { role }) => {
            let role = out.word(&format!("duty-role-{role}"));
            return out.fail("supposed-not-counted", &[("role", &role)]);
        }
    };
    match change {
        WhatIfError::Supply(factor) => out.fail("supposed-supply", &[("factor", factor)]),
        WhatIfError::NoTeam => out.fail("supposed-no-team", &[]),
        WhatIfError::TooFewTeams { teams, asked } => {
            two("supposed-few-teams", ("teams", teams), ("asked", asked))
        }
        WhatIfError::UnknownPlace { code, known } => {
            two("supposed-no-place", ("code", &harmless(code)), ("known", known))
        }
        WhatIfError::UnknownLot { code, known } => {
            two("supposed-no-lot", ("code", &harmless(code)), ("known", known))
        }
        WhatIfError::NoCampaign { known } => {
            out.fail("supposed-no-campaign", &[("known", &harmless(known))])
        }
        WhatIfError::Outside { first, last, start, end } => {
            let said: [(&str, &dyn Display); 4] =
                [("first", first), ("last", last), ("start", start), ("end", end)];
            out.fail("supposed-outside", &said)
        }
    }
}

/// Both plans side by side.
fn sheet(invocation: &Invocation, campaign: &Campaign, view: &View) -> Sheet {
    let out = invocation.out;
    let for_people = out.format == Format::Table;
    let mut sheet = Sheet::new(&["figure", "group", "today", "what_if", "difference"]);
    for one in planner::comparisons(&view.today, &view.what_if) {
        let key = one.figure.word();
        let name = if for_people { out.word(&format!("figure-{key}")) } else { key.to_owned() };
        let group = one.group.as_ref().map(|code| {
            let known = campaign.group(code.as_str()).filter(|_| for_people);
            known.map_or_else(|| code.to_string(), |group| harmless(&group.name))
        });
        let [today, what_if] = texts(&one.values, for_people);
        let difference = one.values.difference().unwrap_or_else(|| NONE.to_owned());
        sheet.push(vec![name, group.unwrap_or_default(), today, what_if, difference]);
    }
    sheet
}

fn texts(values: &ComparedValues, for_people: bool) -> [String; 2] {
    match values {
        ComparedValues::Counts(counts) => {
            counts.map(|n| if for_people { thousands(n) } else { n.to_string() })
        }
        ComparedValues::Percents(values, digits) => values.map(|one| fixed(one, *digits)),
        ComparedValues::Days(days) => days.map(day_text),
        ComparedValues::Areas(areas) => areas.each_ref().map(|worst| worst_text(worst.as_ref())),
    }
}

fn day_text(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| NONE.to_owned(), |day| day.to_string())
}
