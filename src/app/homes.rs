//! Home visits: who cannot come is visited, on rounds that are as short as they are found to be.

use super::assigning::{each_person, standings};
use super::home_others::OtherVisits;
use super::{App, AppError, Loaded, Result, today};
use crate::domain::area::Point;
use crate::domain::campaign::Campaign;
use crate::domain::date::days;
use crate::domain::homes::{
    HOME, Roads, RoundLimits, VISITS_A_DAY, VialUse, least_km, shortest_rounds, vials_for,
};
use crate::domain::id::{GroupId, PersonId, TeamCode};
use crate::domain::person::{Asked, Person};
use crate::domain::plan::first_day;
use crate::domain::site::Team;
use crate::store::homes;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How rounds are made.
#[derive(Debug, Clone)]
pub struct HomeOrder {
    /// The first day; `None`: the first one of which people can be told.
    pub first: Option<NaiveDate>,
    /// Most calls of a round; `None`: what the team says.
    pub visits_max: Option<u32>,
    /// Minutes at a home.
    pub minutes_per_visit: u32,
    /// Minutes for which an opened vial is good.
    pub open_vial_minutes: u32,
    /// When teams leave their base.
    pub leaves_at: NaiveTime,
    /// The teams that make rounds; empty: all.
    pub teams: Vec<TeamCode>,
    /// Days of teams that rounds take which are not adopted yet.
    pub taken: BTreeSet<(TeamCode, NaiveDate)>,
}

impl HomeOrder {
    /// Whether a team makes rounds.
    fn has(&self, team: &Team) -> bool {
        self.teams.is_empty() || self.teams.contains(&team.code)
    }
}

/// A call at a home. No derived `Debug`: it has a name.
#[derive(Clone, Serialize)]
pub struct HomeCall {
    /// Who.
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// The phone number: the person's, or a guardian's.
    pub phone: String,
    /// The address, or the name of the area.
    pub address: String,
    /// Number of the dose.
    pub dose: u8,
    /// When the team comes.
    pub arrives: NaiveTime,
}

impl HomeCall {
    /// The call of a person for a dose; one who is no longer in the register has a code alone.
    pub(super) fn of(
        campaign: &Campaign,
        (code, person): (PersonId, Option<&Person>),
        (dose, arrives): (u8, NaiveTime),
    ) -> Self {
        let phone = person.and_then(|one| one.phone.as_ref().or(one.more.guardian_phone.as_ref()));
        let area = person.and_then(|one| campaign.area(one.area.as_str())).map(|area| &area.name);
        let address = person.and_then(|one| one.more.address.as_ref()).or(area);
        Self {
            person: code,
            name: person.and_then(|one| one.name.clone()).unwrap_or_default(),
            phone: phone.cloned().unwrap_or_default(),
            address: address.cloned().unwrap_or_default(),
            dose,
            arrives,
        }
    }
}

/// A round of a team.
#[derive(Clone, Serialize)]
pub struct HomeRound {
    /// The day.
    pub day: NaiveDate,
    /// The team.
    pub team: TeamCode,
    /// Its name.
    pub team_name: String,
    /// The calls in order.
    pub calls: Vec<HomeCall>,
    /// When it leaves its base.
    pub leaves: NaiveTime,
    /// When it is back.
    pub back: NaiveTime,
    /// Kilometres.
    pub km: f64,
    /// Vials to load.
    #[serde(flatten)]
    pub vials: VialUse,
}

/// All rounds.
#[derive(Clone, Default, Serialize)]
pub struct HomeRounds {
    /// The rounds, by day and team.
    pub rounds: Vec<HomeRound>,
    /// People who are to be visited.
    pub people: usize,
    /// Others who are on rounds that were adopted before, from today on.
    pub kept: usize,
    /// Who gets no visit: nobody knows where they live, or it is too far for a day.
    pub unreached: Vec<PersonId>,
    /// Who gets none because the campaign's days are full.
    pub without_day: usize,
    /// Visits of other campaigns to the same homes.
    pub others: OtherVisits,
    /// Kilometres of all rounds.
    pub km: f64,
    /// No rounds of these teams through these homes are shorter.
    pub least_km: f64,
    /// How much longer the rounds are at most, as a share.
    pub gap: f64,
    /// Doses of a vial.
    pub doses_per_vial: u32,
    /// What was adopted when these rounds were made.
    #[serde(skip)]
    pub(super) mark: (i64, i64),
}

impl HomeRounds {
    /// How many people are visited.
    pub fn visits(&self) -> usize {
        self.rounds.iter().map(|round| round.calls.len()).sum()
    }
}

/// Refuses a time to leave at which a team would not be back on the same day.
pub(super) fn all_back<'a>(
    mut teams: impl Iterator<Item = &'a Team>,
    leaves_at: NaiveTime,
) -> Result<()> {
    const DAY_MINUTES: u32 = 24 * 60;
    let leaves = leaves_at.hour() * 60 + leaves_at.minute();
    let late = teams.find(|team| leaves + team.work_minutes >= DAY_MINUTES);
    let Some(team) = late else { return Ok(()) };
    let (time, hours) =
        (leaves_at.format("%H:%M"), Decimal::from(team.work_minutes) / Decimal::from(60));
    let said: [(&str, &dyn std::fmt::Display); 3] =
        [("time", &time), ("team", &team.code), ("hours", &hours.normalize())];
    Err(AppError::refused("refused-leaves-late", &said))
}

/// A team with what it is for homes.
struct Crew<'a> {
    team: &'a Team,
    homes: Vec<(Person, u8, Point)>,
    roads: Roads,
    limits: RoundLimits,
}

impl App {
    /// Makes the rounds of a campaign's teams to people of its groups that are visited at home and due by the first
    /// day. Days on which a team works for a plan in force are left free. Adopted rounds from today on stay: their
    /// people and days are taken.
    pub async fn home_rounds(
        &self,
        loaded: &Loaded,
        order: &HomeOrder,
        now: DateTime<Utc>,
    ) -> Result<HomeRounds> {
        let campaign = &loaded.campaign;
        if !loaded.is_open {
            let id = campaign.id.as_str();
            return Err(AppError::refused("refused-campaign-closed", &[("id", &id)]));
        }
        all_back(campaign.teams.iter().filter(|team| order.has(team)), order.leaves_at)?;
        let day = today(campaign, now);
        let first = first_day(campaign, day + TimeDelta::days(1), order.first);
        let mut due = self.due_at_home(loaded, (day, first)).await?;
        let mut busy = order.taken.clone();
        let mut called = BTreeSet::new();
        let mut tx = self.store.read().await?;
        let mark = homes::mark(&mut tx).await?;
        for round in homes::rounds(&mut tx, (day, campaign.end.max(day))).await? {
            busy.insert((round.team, round.day));
            if round.campaign == loaded.no {
                called.extend(round.calls.into_iter().map(|call| call.person));
            }
        }
        drop(tx);
        let all = due.len();
        due.retain(|(person, _)| !called.contains(&person.id));
        let kept = all - due.len();
        let counts = |one: &Loaded| one.is_open || one.no == loaded.no;
        for other in self.campaigns().await?.into_iter().filter(counts) {
            let sessions = self.sessions(&other).await?;
            let keys = sessions.standing((first, campaign.end)).map(|(key, _)| key);
            busy.extend(keys.filter_map(|key| Some((key.team.clone()?, key.day))));
        }
        let mut out = HomeRounds { people: due.len(), kept, mark, ..HomeRounds::default() };
        out.doses_per_vial =
            campaign.deliveries.iter().filter_map(|lot| lot.doses_per_vial).max().unwrap_or(1);
        for crew in crews(campaign, order, due, &mut out) {
            visit(campaign, order, &crew, (first, &busy), &mut out);
        }
        let visited = out.rounds.iter().flat_map(|round| &round.calls);
        let visited = visited.map(|call| call.person.clone()).collect();
        out.others = self.other_visits(loaded, &visited, day).await?;
        out.rounds.sort_by(|a, b| (a.day, &a.team).cmp(&(b.day, &b.team)));
        out.gap = if out.km > 0.0 { ((out.km - out.least_km) / out.km).max(0.0) } else { 0.0 };
        Ok(out)
    }

    /// People of groups that are visited at home who are due by a day and may be called, with their dose.
    async fn due_at_home(
        &self,
        loaded: &Loaded,
        (day, first): (NaiveDate, NaiveDate),
    ) -> Result<Vec<(Person, u8)>> {
        let own = self.own(loaded).await?;
        let is_home = |group: &GroupId| {
            own.kinds.get(group).is_some_and(|kinds| kinds.iter().any(|kind| kind == HOME))
        };
        let asked = Asked::by(&loaded.campaign);
        let mut wanted: BTreeSet<PersonId> = BTreeSet::new();
        let mut tx = self.store.read().await?;
        each_person(&mut tx, loaded, |person| {
            let group = asked.group(&person.area, person.traits(), first);
            if group.is_some_and(|group| is_home(&group.id)) {
                wanted.insert(person.id);
            }
        })
        .await?;
        let standings = standings(&mut tx, loaded, wanted.iter(), day).await?;
        let due = standings.into_values().filter_map(|one| {
            let due = one.due.filter(|due| due.earliest <= first && one.barred.is_none())?;
            Some((one.person, due.number))
        });
        Ok(due.collect())
    }
}

/// The point of an area, or of the nearest one above that has one.
fn point_of(campaign: &Campaign, person: &Person) -> Option<Point> {
    let mut at = campaign.area(person.area.as_str())?;
    for _ in 0..campaign.areas.len() {
        if at.point.is_some() {
            return at.point;
        }
        at = campaign.area(at.parent.as_ref()?.as_str())?;
    }
    None
}

/// Each team with the homes that are nearer to its base than to any other's.
fn crews<'a>(
    campaign: &'a Campaign,
    order: &HomeOrder,
    due: Vec<(Person, u8)>,
    out: &mut HomeRounds,
) -> Vec<Crew<'a>> {
    let teams: Vec<&Team> = campaign.teams.iter().filter(|team| order.has(team)).collect();
    let mut of_team: BTreeMap<usize, Vec<(Person, u8, Point)>> = BTreeMap::new();
    for (person, dose) in due {
        let point = point_of(campaign, &person);
        let nearest = point.and_then(|point| {
            let km = |at: &usize| teams[*at].point.km_to(point);
            (0..teams.len()).min_by(|a, b| km(a).total_cmp(&km(b)))
        });
        match point.zip(nearest) {
            Some((point, at)) => of_team.entry(at).or_default().push((person, dose, point)),
            None => out.unreached.push(person.id),
        }
    }
    let crew = |(at, homes): (usize, Vec<(Person, u8, Point)>)| {
        let points: Vec<Point> = homes.iter().map(|home| home.2).collect();
        let team = teams[at];
        let calls_max = order.visits_max.or(team.max_visits).unwrap_or(VISITS_A_DAY);
        Crew {
            team,
            roads: Roads::new(campaign.travel, team.point, &points),
            homes,
            limits: RoundLimits {
                calls_max: calls_max as usize,
                work_minutes: f64::from(team.work_minutes),
                minutes_per_call: f64::from(order.minutes_per_visit),
                minutes_per_km: 60.0 / campaign.travel.speed_km_per_hour,
            },
        }
    };
    of_team.into_iter().map(crew).collect()
}

/// Makes the rounds of a team and puts them on its free days.
fn visit(
    campaign: &Campaign,
    order: &HomeOrder,
    crew: &Crew<'_>,
    (first, busy): (NaiveDate, &BTreeSet<(TeamCode, NaiveDate)>),
    out: &mut HomeRounds,
) {
    let found = shortest_rounds(&crew.roads, &crew.limits);
    let unreached = found.unreachable.iter().map(|home| crew.homes[home - 1].0.id.clone());
    out.unreached.extend(unreached);
    let is_closed = |day: NaiveDate| {
        let closed = |one: &crate::domain::site::Closure| {
            one.day == day && one.place == crew.team.code.as_str()
        };
        campaign.closures.iter().any(closed)
    };
    let is_free = |day: &NaiveDate| {
        crew.team.weekdays.contains(*day)
            && !is_closed(*day)
            && !busy.contains(&(crew.team.code.clone(), *day))
    };
    let free: Vec<NaiveDate> =
        days(first, campaign.end).filter(is_free).take(found.rounds.len()).collect();
    let (placed, left) = found.rounds.split_at(free.len());
    out.without_day += left.iter().map(Vec::len).sum::<usize>();
    // Kilometres and their bound are those of the homes that are visited.
    let reached: Vec<Point> = placed.iter().flatten().map(|home| crew.homes[home - 1].2).collect();
    let roads = Roads::new(campaign.travel, crew.team.point, &reached);
    out.km += placed.iter().map(|round| crew.roads.round_km(round)).sum::<f64>();
    out.least_km += least_km(&roads, &crew.limits);
    for (round, day) in placed.iter().zip(free) {
        out.rounds.push(timed(campaign, order, crew, (round, day), out));
    }
}

/// A round with its clock times and vials.
fn timed(
    campaign: &Campaign,
    order: &HomeOrder,
    crew: &Crew<'_>,
    (round, day): (&[usize], NaiveDate),
    out: &HomeRounds,
) -> HomeRound {
    let clock =
        |minutes: f64| order.leaves_at + TimeDelta::minutes(minutes.ceil().to_i64().unwrap_or(0));
    let (mut minutes, mut at, mut given) = (0.0, 0, Vec::new());
    let mut calls = Vec::new();
    for &home in round {
        minutes += crew.roads.between(at, home) * crew.limits.minutes_per_km;
        let (person, dose, _) = &crew.homes[home - 1];
        let who = (person.id.clone(), Some(person));
        calls.push(HomeCall::of(campaign, who, (*dose, clock(minutes))));
        given.push(minutes);
        minutes += crew.limits.minutes_per_call;
        at = home;
    }
    let back = minutes + crew.roads.between(at, 0) * crew.limits.minutes_per_km;
    HomeRound {
        day,
        team: crew.team.code.clone(),
        team_name: crew.team.name.clone(),
        calls,
        leaves: order.leaves_at,
        back: clock(back),
        km: crew.roads.round_km(round),
        vials: vials_for(&given, out.doses_per_vial, f64::from(order.open_vial_minutes)),
    }
}
