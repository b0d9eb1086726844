//! What the rows of a file are checked against: the campaigns of the jurisdiction, their places, areas and lots.

use super::{Good, Order};
use crate::app::{App, AppError, Loaded, Result, breaking, millis, today};
use crate::domain::calendar::Sessions;
use crate::domain::counting::Cells;
use crate::domain::dose::Dose;
use crate::domain::id::{AreaCode, CampaignNo, GroupId, LotCode, PersonId, PlaceCode, RecordId};
use crate::domain::names::Names;
use crate::domain::plausible::{Sure, is_too_early};
use crate::intake::rows::Present;
use crate::intake::{Issue, settled};
use crate::store::{Tx, cells, people_codes, voided};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The changes of cells that follow from a batch, by campaign.
pub(super) type Changes = BTreeMap<CampaignNo, Cells>;

/// Stores changes of cells.
pub(super) async fn change(tx: &mut Tx, changes: Changes) -> Result<()> {
    for (campaign, changes) in changes {
        cells::change(tx, campaign, changes).await?;
    }
    Ok(())
}

/// What rows are checked against.
pub(in crate::app) struct Facts {
    /// Every campaign, by id.
    pub(super) all: Vec<Loaded>,
    /// The campaign that was asked for, or else the only open one.
    pub(super) chosen: Option<CampaignNo>,
    /// Whether it was asked for.
    is_asked: bool,
    pub(super) file: String,
    pub(super) today: NaiveDate,
    pub(super) now: i64,
    /// Whether records that were voided come back.
    pub(super) revives: bool,
    /// Which counts somebody has confirmed.
    pub(super) sure: Sure,
    /// The columns that the file has.
    pub(super) present: Present,
    pub(super) voided: HashSet<String>,
    aliases: HashMap<String, PersonId>,
    pub(super) erased: HashSet<String>,
    places: HashSet<PlaceCode>,
    areas: HashSet<AreaCode>,
    lots: HashMap<CampaignNo, HashSet<LotCode>>,
    names: NamesOfAll,
    /// The sessions of adopted plans, which tell where a team is on a day.
    sessions: Vec<Arc<Sessions>>,
}

impl Facts {
    /// The question whether a dose is one that is known under another record.
    pub(super) fn twin(&self, line: u32, dose: &Dose, record: &RecordId) -> Issue {
        let issue = self.issue("possible_duplicate", line, "record", dose.record.as_str());
        issue.with("date", dose.date).with("other", record).with("person", &dose.person)
    }

    /// Ends the appointments that no longer stand by what is known of people now. Returns how many seats are free.
    pub(super) async fn ends<'a>(
        &self,
        tx: &mut Tx,
        people: impl IntoIterator<Item = &'a PersonId>,
    ) -> Result<u64> {
        let open: Vec<Loaded> = self.all.iter().filter(|one| one.is_open).cloned().collect();
        let people = super::each_once(people);
        let now = DateTime::from_timestamp_millis(self.now).unwrap_or_default();
        breaking::people(tx, &open, &people, now).await
    }
}

/// The names that rows may have in place of codes.
struct NamesOfAll {
    areas: Names,
    places: Names,
    /// Of all campaigns together.
    groups: Names,
    groups_of: HashMap<CampaignNo, Names>,
}

impl NamesOfAll {
    fn new(all: &[Loaded]) -> Self {
        let pair = |code: &str, name: &str| (code.to_owned(), settled(name));
        let mut out = Self {
            areas: Names::new([]),
            places: Names::new([]),
            groups: Names::new([]),
            groups_of: HashMap::new(),
        };
        for Loaded { no, campaign, .. } in all {
            let sites = campaign.sites.iter().map(|site| pair(site.code.as_str(), &site.name));
            let stops = campaign.stops.iter().map(|stop| pair(stop.code.as_str(), &stop.name));
            let teams = campaign.teams.iter().map(|team| pair(team.code.as_str(), &team.name));
            let groups = || campaign.groups.iter().map(|it| pair(it.id.as_str(), &it.name));
            out.areas.add(campaign.areas.iter().map(|area| pair(area.code.as_str(), &area.name)));
            out.places.add(sites.chain(stops).chain(teams));
            out.groups.add(groups());
            out.groups_of.insert(*no, Names::new(groups()));
        }
        out
    }
}

impl App {
    /// What rows are checked against, as it is known now.
    pub(in crate::app) async fn facts(
        &self,
        tx: &mut Tx,
        order: &Order<'_>,
        (file, present): (&str, Present),
        now: DateTime<Utc>,
    ) -> Result<Facts> {
        let all = self.campaigns_in(tx).await?;
        let open: Vec<&Loaded> = all.iter().filter(|loaded| loaded.is_open).collect();
        let only = match (open.as_slice(), all.as_slice()) {
            ([only], _) => Some(only.no),
            ([], [only]) => Some(only.no),
            _ => None,
        };
        let first = open.first().copied().or(all.first()).ok_or(AppError::NoCampaign)?;
        let places = |loaded: &Loaded| {
            let stops = loaded.campaign.stops.iter().map(|stop| stop.code.clone());
            let sites = loaded.campaign.sites.iter().map(|site| site.code.clone());
            sites.chain(stops).collect::<Vec<_>>()
        };
        let lots = |loaded: &Loaded| {
            let lots = loaded.campaign.deliveries.iter().map(|delivery| delivery.lot.clone());
            (loaded.no, lots.collect())
        };
        let areas = |loaded: &Loaded| {
            loaded.campaign.areas.iter().map(|area| area.code.clone()).collect::<Vec<_>>()
        };
        Ok(Facts {
            chosen: order.campaign.map(|loaded| loaded.no).or(only),
            is_asked: order.campaign.is_some(),
            file: file.to_owned(),
            today: today(&order.campaign.unwrap_or(first).campaign, now),
            now: millis(now),
            revives: order.revives,
            sure: order.sure.clone(),
            present,
            voided: voided::of_kind(tx, order.kind.name()).await?,
            aliases: people_codes::aliases(tx).await?,
            erased: people_codes::erased(tx).await?,
            places: all.iter().flat_map(places).collect(),
            areas: all.iter().flat_map(areas).collect(),
            lots: all.iter().map(lots).collect(),
            names: NamesOfAll::new(&all),
            sessions: Vec::new(),
            all,
        })
    }
}

impl Facts {
    /// The time zone of the file's campaign.
    pub(super) fn zone(&self) -> Tz {
        let chosen = self.chosen.and_then(|chosen| self.of(chosen)).or(self.all.first());
        chosen.map_or(Tz::UTC, |loaded| loaded.campaign.timezone)
    }

    /// A campaign by its number.
    pub(super) fn of(&self, campaign: CampaignNo) -> Option<&Loaded> {
        self.all.iter().find(|loaded| loaded.no == campaign)
    }

    /// Adds the sessions of a campaign's adopted plans.
    pub(super) fn add_sessions(&mut self, sessions: Arc<Sessions>) {
        self.sessions.push(sessions);
    }

    /// Puts a code where the name of the thing was written.
    pub(super) fn settle_area(&self, area: &mut AreaCode) {
        if let Some(code) = self.names.areas.code_of(area.as_str()) {
            *area = AreaCode::new(code);
        }
    }

    /// The same for a group of any campaign, where all campaigns mean the same.
    pub(super) fn settle_group(&self, group: &mut GroupId) {
        if let Some(code) = self.names.groups.code_of(group.as_str()) {
            *group = GroupId::new(code);
        }
    }

    /// The group of a campaign that an id or a name means.
    pub(super) fn group_in(&self, campaign: CampaignNo, group: &GroupId) -> GroupId {
        let names = self.names.groups_of.get(&campaign);
        let code = names.and_then(|names| names.code_of(group.as_str()));
        code.map_or_else(|| group.clone(), GroupId::new)
    }

    /// Puts a code where the name of a site or stop was written, or of a team.
    pub(super) fn settle_place(&self, place: &mut PlaceCode) {
        if let Some(code) = self.names.places.code_of(place.as_str()) {
            *place = PlaceCode::new(code);
        }
    }

    /// Where a team is written as the place: the one stop in the area to which a plan sends it on the day.
    pub(super) fn settle_team(&self, place: &mut PlaceCode, area: &AreaCode, day: NaiveDate) {
        if self.places.contains(place) || !self.is_team(place) {
            return;
        }
        let is_here = |stop: &PlaceCode| {
            let known = self.all.iter().find_map(|loaded| loaded.campaign.stop(stop.as_str()));
            known.is_some_and(|known| known.area == *area)
        };
        let stops = self.stops_of(place, day);
        let here: Vec<&PlaceCode> = stops.iter().filter(|stop| is_here(stop)).collect();
        if let [stop] = here[..] {
            *place = stop.clone();
        }
    }

    fn is_team(&self, place: &PlaceCode) -> bool {
        let mut teams = self.all.iter().flat_map(|loaded| &loaded.campaign.teams);
        teams.any(|team| team.code.as_str() == place.as_str())
    }

    fn stops_of(&self, team: &PlaceCode, day: NaiveDate) -> BTreeSet<PlaceCode> {
        let standing = self.sessions.iter().flat_map(|sessions| sessions.standing((day, day)));
        let of_team = standing
            .map(|(key, _)| key)
            .filter(|key| key.team.as_ref().is_some_and(|code| code.as_str() == team.as_str()));
        of_team.map(|key| key.place.clone()).collect()
    }

    /// An issue about a team written as the place whose stop does not follow from a plan.
    pub(super) fn team(&self, line: u32, place: &PlaceCode, day: NaiveDate) -> Option<Issue> {
        if self.places.contains(place) || !self.is_team(place) {
            return None;
        }
        let stops: Vec<String> =
            self.stops_of(place, day).iter().map(ToString::to_string).collect();
        let stops = if stops.is_empty() { "none".to_owned() } else { stops.join(", ") };
        let issue = self.issue("team_place", line, "place", place.as_str());
        Some(issue.with("date", day).with("stops", stops))
    }

    /// The code of a person, whatever code of theirs was used.
    pub(super) fn resolve(&self, person: &mut PersonId) {
        if !self.aliases.is_empty()
            && let Some(known) = self.aliases.get(person.as_str())
        {
            person.clone_from(known);
        }
    }

    pub(super) fn issue(&self, code: &'static str, line: u32, column: &str, value: &str) -> Issue {
        let column = self.present.shown(column);
        Issue::error(code, self.file.as_str()).row(line).column(column).value(value)
    }

    /// An issue whose message names the nearest known value, if one is near enough.
    pub(super) fn unknown<'a>(
        &self,
        code: &'static str,
        (line, column, value): (u32, &str, &str),
        known: impl IntoIterator<Item = &'a str>,
    ) -> Issue {
        let near = crate::intake::nearest(value, known).unwrap_or("none").to_owned();
        self.issue(code, line, column, value).with("nearest", near)
    }

    /// Whether the jurisdiction has a place.
    pub(super) fn has_place(&self, place: &PlaceCode) -> bool {
        self.places.contains(place)
    }

    /// What is wrong with a place that the jurisdiction does not have; `None`: it is somewhere else.
    pub(super) fn misspelt(&self, line: u32, place: &PlaceCode) -> Option<Issue> {
        let code = place.as_str();
        let known = || self.places.iter().map(PlaceCode::as_str).collect::<BTreeSet<_>>();
        let is_ours = if is_unit(code) {
            let head = &code[..COUNTY_DIGITS];
            known().iter().any(|known| is_unit(known) && known.starts_with(head))
        } else {
            crate::intake::nearest(code, known()).is_some()
                || known().iter().any(|known| strsim::osa_distance(code, known) <= 1)
        };
        let elsewhere = (ELSEWHERE_FIRST..=ELSEWHERE_LAST).contains(&code) && code.len() == 12;
        let wrong = is_ours && !elsewhere;
        wrong.then(|| self.unknown("unknown_place", (line, "place", code), known()))
    }

    /// The place of a tally: one of its campaign's.
    pub(super) fn place_of(
        &self,
        campaign: CampaignNo,
        line: u32,
        place: &PlaceCode,
    ) -> Option<Issue> {
        let campaign = &self.of(campaign)?.campaign;
        campaign.place(place.as_str()).is_none().then(|| {
            let sites = campaign.sites.iter().map(|site| site.code.as_str());
            let stops = campaign.stops.iter().map(|stop| stop.code.as_str());
            let known: BTreeSet<_> = sites.chain(stops).collect();
            self.unknown("unknown_place", (line, "place", place.as_str()), known)
        })
    }

    pub(super) fn area(&self, line: u32, area: &AreaCode) -> Option<Issue> {
        (!self.areas.contains(area)).then(|| {
            let known = self.areas.iter().map(AreaCode::as_str).collect::<BTreeSet<_>>();
            self.unknown("unknown_area", (line, "area", area.as_str()), known)
        })
    }

    /// The area of a tally: one of its campaign's.
    pub(super) fn area_of(
        &self,
        campaign: CampaignNo,
        line: u32,
        area: &AreaCode,
    ) -> Option<Issue> {
        let campaign = &self.of(campaign)?.campaign;
        campaign.area(area.as_str()).is_none().then(|| {
            let known = campaign.areas.iter().map(|area| area.code.as_str());
            self.unknown("unknown_area", (line, "area", area.as_str()), known)
        })
    }

    /// A group of the given campaigns.
    pub(super) fn group<'a>(
        &self,
        campaigns: impl Iterator<Item = &'a Loaded> + Clone,
        (line, group): (u32, &GroupId),
    ) -> Option<Issue> {
        let mut all = campaigns.clone();
        let known = all.any(|Loaded { campaign, .. }| {
            campaign.group(campaign.group_now(group).as_str()).is_some()
        });
        (!known).then(|| {
            let known = campaigns.flat_map(|loaded| &loaded.campaign.groups);
            let known = known.map(|group| group.id.as_str());
            self.unknown("unknown_group", (line, "group", group.as_str()), known)
        })
    }

    /// The lot of a dose: one of its campaign's.
    pub(super) fn lot(&self, line: u32, dose: &Dose) -> Option<Issue> {
        let lots = dose.campaign.and_then(|campaign| self.lots.get(&campaign))?;
        let lot = dose.lot.as_ref().filter(|lot| !dose.elsewhere && !lots.contains(*lot))?;
        // Of another vaccine the campaign has no lots.
        let product = dose.product.as_deref();
        let loaded = dose.campaign.and_then(|campaign| self.of(campaign))?;
        loaded.judge.vaccine(product, dose.campaign)?;
        Some(self.issue("unknown_lot", line, "lot", lot.as_str()))
    }

    pub(super) fn not_future(&self, line: u32, day: NaiveDate) -> Option<Issue> {
        (day > self.today).then(|| {
            self.issue("future_date", line, "date", &day.to_string()).with("today", self.today)
        })
    }

    pub(super) fn too_early(&self, loaded: &Loaded, line: u32, day: NaiveDate) -> Issue {
        let start = loaded.campaign.start;
        self.issue("too_early", line, "date", &day.to_string()).with("start", start)
    }

    pub(super) fn not_too_early(
        &self,
        campaign: Option<CampaignNo>,
        (line, day): (u32, NaiveDate),
    ) -> Option<Issue> {
        let loaded = campaign.and_then(|campaign| self.of(campaign))?;
        is_too_early(&loaded.campaign, day).then(|| self.too_early(loaded, line, day))
    }

    pub(super) fn unknown_person(&self, line: u32, person: &PersonId) -> Issue {
        self.issue("unknown_person", line, "person", person.as_str())
    }

    /// The campaign that a row is recorded under: the one that it or its form names, else the one asked for, else the
    /// one of the known record. `None`: nobody says.
    pub(super) fn campaign<T>(
        &self,
        row: &Good<T>,
        known: Option<CampaignNo>,
    ) -> std::result::Result<Option<CampaignNo>, Issue> {
        let named = match row.campaign.as_deref() {
            None => None,
            Some(id) => {
                let find = self.all.iter().find(|loaded| loaded.campaign.id.as_str() == id);
                let ids = self.all.iter().map(|loaded| loaded.campaign.id.as_str());
                let unknown = || self.unknown("unknown_campaign", (row.line, "campaign", id), ids);
                Some(find.ok_or_else(unknown)?.no)
            }
        };
        if self.is_asked && named.is_some() && named != self.chosen {
            return Err(self.wrong_campaign(row.line, named));
        }
        Ok(named.or(self.chosen).or(known))
    }

    /// A row of another campaign than the one that it is imported under.
    pub(super) fn wrong_campaign(&self, line: u32, of: Option<CampaignNo>) -> Issue {
        let id = of.and_then(|no| self.of(no)).map_or("", |loaded| loaded.campaign.id.as_str());
        self.issue("wrong_campaign", line, "campaign", id)
    }

    /// A row of which nobody can say to which campaign it belongs.
    pub(super) fn which_campaign(&self, line: u32) -> Issue {
        let open = self.all.iter().filter(|loaded| loaded.is_open);
        let known: Vec<_> = open.map(|loaded| loaded.campaign.id.as_str()).collect();
        self.issue("which_campaign", line, "campaign", "").with("known", known.join(", "))
    }

    /// The campaigns that are open at a place on a day.
    pub(super) fn open_at(
        &self,
        place: &PlaceCode,
        day: NaiveDate,
    ) -> impl Iterator<Item = &Loaded> {
        self.all.iter().filter(move |loaded| {
            let campaign = &loaded.campaign;
            let is_on = campaign.start <= day && day <= campaign.end;
            loaded.is_open && is_on && campaign.place(place.as_str()).is_some()
        })
    }
}

/// Codes for units outside of what the national register knows: another province, abroad, not known.
const ELSEWHERE_FIRST: &str = "666666666666";
const ELSEWHERE_LAST: &str = "999999999999";
/// Digits of a unit's code that say the county.
const COUNTY_DIGITS: usize = 6;

/// Whether a code looks like the national code of a unit: digits, the county's first.
fn is_unit(code: &str) -> bool {
    code.len() > COUNTY_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())
}
