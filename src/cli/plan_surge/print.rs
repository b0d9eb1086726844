//! How an answer of `plan surge` is printed.

use crate::cli::Invocation;
use crate::cli::output::{Format, NONE, Sheet, harmless, print};
use crate::domain::campaign::Campaign;
use crate::domain::date::days;
use crate::domain::figure::fixed;
use crate::domain::id::{AreaCode, CampaignId, PlaceCode};
use crate::domain::jurisdiction::Role;
use crate::domain::planner::{self, CountedStaff, GroupSurge, Means};
use crate::domain::site::Site;
use crate::text::thousands;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The answer, as `-o json` prints it.
#[derive(Serialize)]
pub(super) struct View<'v> {
    #[serde(flatten)]
    found: &'v planner::Surge,
    places: Vec<PlaceView>,
    areas: Vec<AreaView>,
    /// The same as arguments of `plan what-if`; empty for several campaigns.
    what_if: Vec<String>,
}

impl<'v> View<'v> {
    pub(super) fn of(found: &'v planner::Surge, now: &Now<'_>, what_if: Vec<String>) -> Self {
        let places = now.places(found);
        let areas = now.areas(found, &places);
        Self { found, places, areas, what_if }
    }

    /// Prints the answer.
    pub(super) fn print(&self, invocation: &Invocation, now: &Now<'_>) {
        let out = invocation.out;
        match out.format {
            Format::Json => out.json(self),
            Format::Csv => out.sheet(&sheet(invocation, now, self)),
            Format::Table => tell(invocation, now, self),
        }
    }
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

/// A role in an area, or in new teams: people whom stations need, today's and new ones.
#[derive(Serialize)]
struct AreaView {
    /// `None`: teams.
    area: Option<AreaCode>,
    role: Role,
    needed_today: u32,
    needed: u32,
    /// People who must come: where staff is counted, beside those who are free.
    more: u32,
    /// People who are there; null where nobody has counted them.
    counted: Option<u32>,
}

fn tell(invocation: &Invocation, now: &Now<'_>, view: &View<'_>) {
    let (out, found) = (invocation.out, view.found);
    tell_groups(invocation, now, found);
    let Some(more) = &found.more else {
        let key = if found.is_impossible { "surge-impossible" } else { "surge-nothing-helps" };
        line(&out.word(key));
        if found.cut_short {
            line(&out.word("surge-cut-short"));
        }
        return;
    };
    let is_enough = view.places.is_empty()
        && more.teams == 0
        && found.vaccine.is_empty()
        && found.storage.is_empty();
    if !is_enough {
        out.sheet(&sheet(invocation, now, view));
    }
    let (staff, least) = (fixed(found.staff, 0), fixed(found.staff_at_least.ceil(), 0));
    let gap = fixed(found.gap * 100.0, 1);
    let key = match (found.staff > 0.0, is_enough) {
        (true, _) if now.counted.is_some() => "surge-staff-counted",
        (true, _) => "surge-staff",
        (false, true) => "surge-nothing-needed",
        (false, false) => "surge-no-staff",
    };
    let more: u32 = view.areas.iter().map(|one| one.more).sum();
    line(&out.say(key, &[("staff", &staff), ("least", &least), ("gap", &gap), ("more", &more)]));
    if found.cut_short {
        line(&out.word("surge-cut-short"));
    }
    if let Some(said) = uncounted(invocation, now, view) {
        line(&said);
    }
    if is_enough {
        return;
    }
    if let Some((key, command)) = &now.enter {
        line(&out.say(key, &[("command", command)]));
        return;
    }
    let mut command = String::from("doseplan plan what-if");
    if now.is_stored {
        let _ = write!(command, " --campaign {}", now.campaign.id);
    }
    for argument in &view.what_if {
        let _ = write!(command, " {argument}");
    }
    line(&out.say("surge-what-if", &[("command", &command)]));
}

/// How many people of each group can be through.
fn tell_groups(invocation: &Invocation, now: &Now<'_>, found: &planner::Surge) {
    let out = invocation.out;
    for one in &found.groups {
        let name = now.name(one);
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
                ("group", &name),
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
}

/// One line of text.
fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// What is there now.
pub(super) struct Now<'n> {
    /// A campaign whose lists of places are complete, with what they can do.
    pub(super) campaign: &'n Campaign,
    /// Several campaigns that share them; empty for one.
    pub(super) several: Vec<&'n Campaign>,
    pub(super) means: &'n Means,
    /// Whose people are counted; `None`: nobody's.
    pub(super) counted: Option<CountedStaff<'n>>,
    /// Whether the campaigns are those of the database.
    pub(super) is_stored: bool,
    /// For several campaigns: how what is needed is entered, and the command that plans them then.
    pub(super) enter: Option<(&'static str, String)>,
    pub(super) span: (NaiveDate, NaiveDate),
}

impl Now<'_> {
    /// The name of a group, after that of its campaign where there are several.
    fn name(&self, one: &GroupSurge) -> String {
        let code = one.group.as_str();
        let is_it = |campaign: &&&Campaign| one.campaign.as_ref() == Some(&campaign.id);
        let of = self.several.iter().find(is_it);
        let known = of.copied().unwrap_or(self.campaign).group(code);
        let name = harmless(known.map_or(code, |group| &group.name));
        of.map_or(name.clone(), |campaign| format!("{} · {name}", harmless(&campaign.name)))
    }

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

    /// People by area and role, of areas that get more stations, then of new teams.
    fn areas(&self, found: &planner::Surge, places: &[PlaceView]) -> Vec<AreaView> {
        let Some(_) = &found.more else { return Vec::new() };
        let mut lines = self.needed(places);
        for (role, people) in found.new_crews(self.means) {
            lines.entry((None, role)).or_default().1 += people;
        }
        let recruits = self.counted.map(|of| found.recruits(self.campaign, self.means, of));
        for key in recruits.iter().flat_map(BTreeMap::keys) {
            lines.entry(key.clone()).or_default();
        }
        let view =
            |((area, role), (needed_today, needed)): ((Option<AreaCode>, Role), (u32, u32))| {
                let there = self.means.staff.as_ref().zip(area.as_ref());
                let counted = there.map(|(staff, area)| {
                    staff.get(area).and_then(|people| people.get(&role)).copied().unwrap_or(0)
                });
                let new = needed.saturating_sub(needed_today);
                let more = recruits.as_ref().map_or(new, |recruits| {
                    recruits.get(&(area.clone(), role)).copied().unwrap_or(0)
                });
                AreaView { area, role, needed_today, needed, more, counted }
            };
        let mut areas: Vec<AreaView> = lines.into_iter().map(view).collect();
        let position = |view: &AreaView| {
            let is_it = |code: &AreaCode| self.campaign.areas.iter().position(|a| a.code == *code);
            view.area.as_ref().map_or(usize::MAX, |code| is_it(code).unwrap_or(usize::MAX - 1))
        };
        areas.sort_by_key(|view| (position(view), view.role));
        areas
    }

    /// People whom the stations of areas that get more need: today's, and with the new ones.
    fn needed(&self, places: &[PlaceView]) -> BTreeMap<(Option<AreaCode>, Role), (u32, u32)> {
        let mut found: BTreeMap<(Option<AreaCode>, Role), (u32, u32)> = BTreeMap::new();
        let named: BTreeSet<&AreaCode> = places.iter().map(|one| &one.area).collect();
        for site in self.campaign.sites.iter().filter(|site| named.contains(&site.area)) {
            let place = places.iter().find(|one| one.site == site.code);
            let today = place.map_or_else(|| self.stations(site), |place| place.stations_today);
            let then = today + place.map_or(0, |place| place.stations_more);
            let people = |stations| {
                if stations > 0 { self.means.at_site(stations) } else { BTreeMap::new() }
            };
            let key = |role| (Some(site.area.clone()), role);
            for (role, count) in people(today) {
                found.entry(key(role)).or_default().0 += count;
            }
            for (role, count) in people(then) {
                found.entry(key(role)).or_default().1 += count;
            }
        }
        found
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
    most.sort_by_key(|one| std::cmp::Reverse((one.more, one.needed)));
    let mut codes: Vec<AreaCode> = most.into_iter().filter_map(|one| one.area.clone()).collect();
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
fn sheet(invocation: &Invocation, now: &Now<'_>, view: &View<'_>) -> Sheet {
    let (out, campaign) = (invocation.out, now.campaign);
    let for_people = out.format == Format::Table;
    let columns = ["kind", "area", "place", "role", "date", "present", "more", "counted"];
    let has_campaign = now.several.len() > 1;
    let first = has_campaign.then_some("campaign");
    let columns: Vec<&str> = first.into_iter().chain(columns).collect();
    let mut sheet = Sheet::new(&columns);
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
        let id = line.campaign.map_or_else(|| none.to_owned(), |id| id.to_string());
        let first = has_campaign.then_some(id).into_iter().chain([kind]);
        sheet.push(first.chain(cells).collect());
    }
    sheet
}

/// A line of what it takes.
#[derive(Default)]
struct Line {
    kind: &'static str,
    /// The campaign that it is for; `None`: what all share, or the only one.
    campaign: Option<CampaignId>,
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
        area: one.area.clone(),
        role: Some(one.role),
        present: Some(one.needed_today.into()),
        more: one.more.into(),
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
    let vaccine = |campaign: Option<&CampaignId>, (&day, &doses): (&NaiveDate, &u64)| Line {
        kind: "vaccine",
        campaign: campaign.cloned(),
        date: Some(day),
        more: doses,
        ..Line::default()
    };
    if found.campaigns.is_empty() {
        lines.extend(found.vaccine.iter().map(|one| vaccine(None, one)));
    }
    for own in &found.campaigns {
        lines.extend(own.vaccine.iter().map(|one| vaccine(Some(&own.campaign), one)));
    }
    lines
}
