//! `doseplan plan surge`: what it would take to reach the targets by a day. Stores nothing.

use super::output::{Format, NONE, Sheet, harmless, print};
use super::plan_files::Basis;
use super::plan_progress::share_of;
use super::plan_what_if::a_day;
use super::{Invocation, exit, parse_day};
use crate::app::plans::PlanStart;
use crate::domain::campaign::Campaign;
use crate::domain::date::days;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::jurisdiction::Role;
use crate::domain::plan::first_day;
use crate::domain::planner::{
    self, AsStaffed, Limits, Means, Request, STATION_DOSES, SupposedOf, SurgeQuestion,
};
use crate::domain::site::Site;
use crate::text::thousands;
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct Surge {
    #[command(flatten)]
    basis: Basis,
    /// The day by which the targets are to be reached
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    by: NaiveDate,
    /// Groups to ask for [default: all that have a target]
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<GroupId>,
    /// Doses that a station gives on a day, at sites that do not say it
    #[arg(long, value_name = "DOSES", default_value_t = STATION_DOSES, value_parser = a_day())]
    station_doses: u32,
    /// End the search for less after this many seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// The answer, as `-o json` prints it.
#[derive(Serialize)]
struct View<'v> {
    #[serde(flatten)]
    found: &'v planner::Surge,
    places: Vec<PlaceView>,
    areas: Vec<AreaView>,
    what_if: Vec<String>,
}

/// A site that needs more stations.
#[derive(Serialize)]
struct PlaceView {
    site: PlaceCode,
    area: AreaCode,
    /// Whether it is to be opened.
    new: bool,
    stations_today: u32,
    stations_more: u32,
    doses_a_day_more: u32,
}

/// A role in an area: people whom its stations need, today's and new ones.
#[derive(Serialize)]
struct AreaView {
    area: AreaCode,
    role: Role,
    needed_today: u32,
    needed: u32,
    /// People who are there; null where nobody has counted them.
    counted: Option<u32>,
}

impl Surge {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some((campaign, history, from)) = self.basis.folder(invocation)? {
            let start = PlanStart { history, published: Vec::new(), warm: None };
            let (others, rounds) = (&[], &[]);
            let of = SupposedOf { campaign: &campaign, jurisdiction: None, others, rounds, from };
            return self.answer(invocation, &of, &start);
        }
        let (app, loaded) = invocation.loaded(self.basis.id.as_deref()).await?;
        let from = first_day(&loaded.campaign, invocation.today(&loaded), self.basis.from);
        let campaign = app.around_rounds(&loaded, from).await?;
        let start = app.plan_start(&loaded, from).await?;
        let (jurisdiction, others, rounds) = app.supposed_of(&loaded, from).await?;
        app.store.close().await;
        let (jurisdiction, others, rounds) = (jurisdiction.as_ref(), &*others, &*rounds);
        let of = SupposedOf { campaign: &campaign, jurisdiction, others, rounds, from };
        tokio::task::block_in_place(|| self.answer(invocation, &of, &start))
    }

    fn answer(
        &self,
        invocation: &Invocation,
        of: &SupposedOf<'_>,
        start: &PlanStart,
    ) -> anyhow::Result<u8> {
        let out = invocation.out;
        let first = of.from.max(of.campaign.start);
        if self.by < first {
            anyhow::bail!(out.say("surge-too-early", &[("by", &self.by), ("first", &first)]));
        }
        for group in &self.groups {
            if of.campaign.group(group.as_str()).is_none_or(|found| found.target.is_none()) {
                let known: Vec<&str> = of
                    .campaign
                    .groups
                    .iter()
                    .filter(|group| group.target.is_some())
                    .map(|group| group.id.as_str())
                    .collect();
                let known = known.join(", ");
                anyhow::bail!(out.say("surge-no-target", &[("group", group), ("known", &known)]));
            }
        }
        let AsStaffed { campaign, unstaffed } = of.staffed(Some(self.by));
        let mut means = Means::on(first, of.campaign, of.jurisdiction, self.station_doses);
        means.unstaffed = unstaffed;
        let campaign = &campaign;
        let question = SurgeQuestion {
            request: Request {
                campaign,
                given: &start.history,
                from: of.from,
                published: &[],
                warm: None,
                limits: Limits::QUICK,
            },
            by: self.by,
            groups: &self.groups,
            means: &means,
        };
        let (limit, began) = (Duration::from_secs(self.seconds), Instant::now());
        let mut time_used = || share_of(Some(limit), began.elapsed());
        let found = planner::surge(&question, &mut time_used);
        let now = Now { campaign, means: &means, span: (first, self.by) };
        let places = now.places(&found);
        let areas = now.areas(&places);
        let what_if = self.what_if(&found);
        let view = View { found: &found, places, areas, what_if };
        match out.format {
            Format::Json => out.json(&view),
            Format::Csv => out.sheet(&sheet(invocation, campaign, &view)),
            Format::Table => Self::tell(invocation, &now, &view),
        }
        Ok(exit::OK)
    }

    /// The same as arguments of `plan what-if`.
    fn what_if(&self, found: &planner::Surge) -> Vec<String> {
        let Some(more) = &found.more else { return Vec::new() };
        // Where only a first dose is possible by then, the campaign goes on for the next one.
        let is_whole = found.groups.iter().any(|one| one.is_possible && one.dose == one.doses);
        let until = is_whole.then(|| format!("--until {}", self.by));
        let mut arguments: Vec<String> = until.into_iter().collect();
        let stations = more.stations.iter();
        arguments.extend(stations.map(|(code, count)| format!("--stations {code}=+{count}")));
        if !more.stations.is_empty() {
            arguments.push(format!("--station-doses {}", self.station_doses));
        }
        if more.teams > 0 {
            arguments.push(format!("--team +{}", more.teams));
        }
        let storage = found.storage.iter();
        arguments.extend(storage.map(|(code, doses)| format!("--storage {code}=+{doses}")));
        let vaccine = found.vaccine.iter();
        arguments.extend(vaccine.map(|(day, doses)| format!("--vaccine {doses}@{day}")));
        arguments
    }

    fn tell(invocation: &Invocation, now: &Now<'_>, view: &View<'_>) {
        let (out, campaign) = (invocation.out, now.campaign);
        let found = view.found;
        for one in &found.groups {
            let name = campaign.group(one.group.as_str()).map_or(one.group.as_str(), |g| &g.name);
            let key = match (one.is_possible, one.dose == one.doses) {
                (false, _) => "surge-group-none",
                (true, true) => "surge-group",
                (true, false) => "surge-group-part",
            };
            let (people, today, then) =
                (thousands(one.target_people), thousands(one.today), thousands(one.then));
            let reach = thousands(one.out_of_reach);
            line(&out.say(
                key,
                &[
                    ("group", &harmless(name)),
                    ("people", &people),
                    ("dose", &one.dose),
                    ("by", &found.by),
                    ("today", &today),
                    ("then", &then),
                ],
            ));
            if one.out_of_reach > 0 {
                line(&out.say("surge-out-of-reach", &[("people", &reach)]));
            }
        }
        let Some(more) = &found.more else {
            let key = if found.is_impossible { "surge-impossible" } else { "surge-nothing-helps" };
            line(&out.word(key));
            return;
        };
        if !view.places.is_empty() || more.teams > 0 || !found.vaccine.is_empty() {
            out.sheet(&sheet(invocation, campaign, view));
        }
        let (staff, least) =
            (format!("{:.0}", found.staff), format!("{:.0}", found.staff_at_least.ceil()));
        let gap = format!("{:.1}", found.gap * 100.0);
        let key = if found.staff > 0.0 { "surge-staff" } else { "surge-nothing-needed" };
        line(&out.say(key, &[("staff", &staff), ("least", &least), ("gap", &gap)]));
        if found.cut_short {
            line(&out.word("surge-cut-short"));
        }
        if let Some(said) = uncounted(invocation, now, view) {
            line(&said);
        }
        let mut command = String::from("doseplan plan what-if");
        for argument in &view.what_if {
            let _ = write!(command, " {argument}");
        }
        line(&out.say("surge-what-if", &[("command", &command)]));
    }
}

/// One line of text.
fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// What is there now.
struct Now<'n> {
    campaign: &'n Campaign,
    means: &'n Means,
    span: (NaiveDate, NaiveDate),
}

impl Now<'_> {
    /// Stations of a site that work on its best day, with the staff that is there.
    fn stations(&self, site: &Site) -> u32 {
        if self.means.candidate(&site.code).is_some() {
            return 0;
        }
        let closed: BTreeMap<NaiveDate, u32> = self
            .campaign
            .closures
            .iter()
            .filter(|one| one.place == site.code.as_str())
            .map(|one| (one.day, one.doses))
            .collect();
        let usual = |day| closed.get(&day).copied().unwrap_or_else(|| site.weekly_capacity(day));
        let most = days(self.span.0, self.span.1).map(usual).max().unwrap_or(0);
        self.means.terms(&site.code).stations_of(most)
    }

    fn places(&self, found: &planner::Surge) -> Vec<PlaceView> {
        let Some(more) = &found.more else { return Vec::new() };
        let view = |(code, &stations): (&PlaceCode, &u32)| {
            let site = self.campaign.site(code.as_str())?;
            Some(PlaceView {
                site: code.clone(),
                area: site.area.clone(),
                new: self.means.candidate(code).is_some(),
                stations_today: self.stations(site),
                stations_more: stations,
                doses_a_day_more: self.means.terms(code).doses_a_day.saturating_mul(stations),
            })
        };
        more.stations.iter().filter_map(view).collect()
    }

    /// People by area and role, of areas that get more stations.
    fn areas(&self, places: &[PlaceView]) -> Vec<AreaView> {
        let (campaign, means) = (self.campaign, self.means);
        let mut found: BTreeMap<(usize, Role), (u32, u32)> = BTreeMap::new();
        let named: BTreeSet<&AreaCode> = places.iter().map(|one| &one.area).collect();
        for site in campaign.sites.iter().filter(|site| named.contains(&site.area)) {
            let Some(area) = campaign.areas.iter().position(|area| area.code == site.area) else {
                continue;
            };
            let place = places.iter().find(|one| one.site == site.code);
            let today = place.map_or_else(|| self.stations(site), |place| place.stations_today);
            let then = today + place.map_or(0, |place| place.stations_more);
            let people =
                |stations| if stations > 0 { means.at_site(stations) } else { BTreeMap::new() };
            for (role, count) in people(today) {
                found.entry((area, role)).or_default().0 += count;
            }
            for (role, count) in people(then) {
                found.entry((area, role)).or_default().1 += count;
            }
        }
        let view = |((area, role), (needed_today, needed)): ((usize, Role), (u32, u32))| {
            let area = campaign.areas[area].code.clone();
            let counted = means.staff.as_ref().map(|staff| {
                staff.get(&area).and_then(|people| people.get(&role)).copied().unwrap_or(0)
            });
            AreaView { area, role, needed_today, needed, counted }
        };
        found.into_iter().map(view).collect()
    }

    /// Areas in the order of the stations that work there.
    fn busiest(&self) -> Vec<AreaCode> {
        let mut stations: BTreeMap<&AreaCode, u32> = BTreeMap::new();
        for site in &self.campaign.sites {
            *stations.entry(&site.area).or_default() += self.stations(site);
        }
        let mut areas: Vec<(&AreaCode, u32)> =
            stations.into_iter().filter(|(_, count)| *count > 0).collect();
        areas.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        areas.into_iter().map(|(area, _)| area.clone()).collect()
    }
}

/// What to count first, where nobody has counted the staff: where most more are needed, else where most work.
fn uncounted(invocation: &Invocation, now: &Now<'_>, view: &View<'_>) -> Option<String> {
    if now.means.staff.is_some() {
        return None;
    }
    let mut most: Vec<&AreaView> =
        view.areas.iter().filter(|one| one.role == Role::Vaccinator).collect();
    most.sort_by_key(|one| std::cmp::Reverse((one.needed - one.needed_today, one.needed)));
    let mut codes: Vec<AreaCode> = most.into_iter().map(|one| one.area.clone()).collect();
    if codes.is_empty() {
        codes = now.busiest();
    }
    let name = |code: &AreaCode| {
        let area = now.campaign.area(code.as_str());
        harmless(area.map_or(code.as_str(), |area| &area.name))
    };
    let first: Vec<String> = codes.iter().take(3).map(name).collect();
    let areas = first.join(invocation.out.word("mail-separator").as_str());
    (!first.is_empty()).then(|| invocation.out.say("surge-count-first", &[("areas", &areas)]))
}

/// What it takes, line by line.
fn sheet(invocation: &Invocation, campaign: &Campaign, view: &View<'_>) -> Sheet {
    let out = invocation.out;
    let for_people = out.format == Format::Table;
    let mut sheet =
        Sheet::new(&["kind", "area", "place", "role", "date", "present", "more", "counted"]);
    for line in lines(campaign, view) {
        let kind = if for_people {
            out.word(&format!("surge-kind-{}", line.kind))
        } else {
            line.kind.to_owned()
        };
        let area = line.area.map(|code| {
            let area = campaign.areas.iter().find(|area| area.code == code);
            area.filter(|_| for_people).map_or(code.to_string(), |area| harmless(&area.name))
        });
        let role = line.role.map(|role| {
            if for_people { out.word(&format!("duty-role-{role}")) } else { role.to_string() }
        });
        let number = |count: Option<u64>| count.map(|count| count.to_string());
        let cells = [
            area,
            line.place.map(|place| place.to_string()),
            role,
            line.date.map(|date| date.to_string()),
            number(line.present),
            Some(line.more.to_string()),
            number(line.counted),
        ];
        let none = if for_people { NONE } else { "" };
        let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| none.to_owned()));
        sheet.push(std::iter::once(kind).chain(cells).collect());
    }
    sheet
}

/// A line of what it takes.
#[derive(Default)]
struct Line {
    kind: &'static str,
    area: Option<AreaCode>,
    place: Option<PlaceCode>,
    role: Option<Role>,
    date: Option<NaiveDate>,
    present: Option<u64>,
    more: u64,
    counted: Option<u64>,
}

fn lines(campaign: &Campaign, view: &View<'_>) -> Vec<Line> {
    let found = view.found;
    let mut lines = Vec::new();
    lines.extend(view.places.iter().map(|one| Line {
        kind: if one.new { "site" } else { "stations" },
        area: Some(one.area.clone()),
        place: Some(one.site.clone()),
        present: Some(one.stations_today.into()),
        more: one.stations_more.into(),
        ..Line::default()
    }));
    let teams = found.more.iter().map(|more| more.teams).filter(|teams| *teams > 0);
    lines.extend(teams.map(|teams| Line {
        kind: "teams",
        present: Some(campaign.teams.len() as u64),
        more: teams.into(),
        ..Line::default()
    }));
    lines.extend(view.areas.iter().map(|one| Line {
        kind: "staff",
        area: Some(one.area.clone()),
        role: Some(one.role),
        present: Some(one.needed_today.into()),
        more: (one.needed - one.needed_today).into(),
        counted: one.counted.map(u64::from),
        ..Line::default()
    }));
    lines.extend(found.storage.iter().map(|(code, doses)| {
        let site = campaign.sites.iter().find(|site| site.code == *code);
        Line {
            kind: "storage",
            area: site.map(|site| site.area.clone()),
            place: Some(code.clone()),
            present: site.and_then(|site| site.storage_doses).map(u64::from),
            more: *doses,
            ..Line::default()
        }
    }));
    lines.extend(found.vaccine.iter().map(|(&day, &doses)| Line {
        kind: "vaccine",
        date: Some(day),
        more: doses,
        ..Line::default()
    }));
    lines
}
