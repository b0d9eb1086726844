//! School days, teams and vaccine that are still free, and how classes are put on days.

use super::visit_model::{ClassNeed, VisitRequest};
use crate::domain::date::days;
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::planner::tour;
use crate::domain::site::{Stop, Team};
use crate::domain::stock::drawn_for;
use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet};

/// What is free.
pub(super) struct Ground<'a> {
    asked: &'a VisitRequest<'a>,
    /// Days on which a stop or team does not work.
    closed: BTreeSet<(&'a str, NaiveDate)>,
    /// Stops with doses, by day and team.
    taken: BTreeMap<(NaiveDate, &'a TeamCode), Vec<(PlaceCode, u32)>>,
    /// Vaccine drawn by day.
    drawn: BTreeMap<NaiveDate, u64>,
    /// Most doses of one visit, by stop.
    most: BTreeMap<&'a PlaceCode, u32>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(asked: &'a VisitRequest<'a>) -> Self {
        let closures = asked.campaign.closures.iter().filter(|closure| closure.doses == 0);
        let mut ground = Self {
            asked,
            closed: closures.map(|one| (one.place.as_str(), one.day)).collect(),
            taken: BTreeMap::new(),
            drawn: BTreeMap::new(),
            most: BTreeMap::new(),
        };
        for stop in &asked.campaign.stops {
            let works = |team: &&Team| {
                let mut days = days(asked.first, asked.campaign.end);
                days.any(|day| ground.is_open(stop, day) && ground.works(team, day))
            };
            let teams = asked.campaign.teams.iter().filter(works);
            let most = teams.map(|team| ground.alone(team, stop)).max().unwrap_or(0);
            ground.most.insert(&stop.code, most);
        }
        ground
    }

    /// Most doses of one visit at a stop; 0 where no team can make one.
    pub(super) fn most(&self, stop: &PlaceCode) -> u32 {
        self.most.get(stop).copied().unwrap_or(0)
    }

    /// Most doses, fewer than so many, of a visit of another team at a stop; `None` where no team has fewer.
    pub(super) fn most_below(&self, stop: &PlaceCode, doses: u32) -> Option<u32> {
        let stop = self.asked.campaign.stop(stop.as_str())?;
        let teams = self.asked.campaign.teams.iter();
        teams.map(|team| self.alone(team, stop)).filter(|most| (1..doses).contains(most)).max()
    }

    fn is_open(&self, stop: &Stop, day: NaiveDate) -> bool {
        stop.weekdays.contains(day) && !self.closed.contains(&(stop.code.as_str(), day))
    }

    fn works(&self, team: &Team, day: NaiveDate) -> bool {
        team.weekdays.contains(day)
            && !self.closed.contains(&(team.code.as_str(), day))
            && !self.asked.busy.contains(&(team.code.clone(), day))
    }

    /// Most doses that a team can give at a stop if it goes nowhere else.
    fn alone(&self, team: &Team, stop: &Stop) -> u32 {
        let Some(empty) = tour(self.asked.campaign, &team.code, &[(stop.code.clone(), 0)]) else {
            return 0;
        };
        let left = f64::from(team.work_minutes) - empty.minutes;
        let doses = (left * f64::from(team.doses_per_hour) / 60.0 + 1e-9).floor().max(0.0);
        doses.to_u32().unwrap_or(u32::MAX).min(stop.max_doses).min(team.doses_per_day)
    }

    /// The first day between two at which a stop is open and some team works.
    pub(super) fn open_day(
        &self,
        stop: &PlaceCode,
        (first, last): (NaiveDate, NaiveDate),
    ) -> Option<NaiveDate> {
        let stop = self.asked.campaign.stop(stop.as_str())?;
        let works =
            |day: &NaiveDate| self.asked.campaign.teams.iter().any(|it| self.works(it, *day));
        days(first.max(self.asked.first), last).find(|day| self.is_open(stop, *day) && works(day))
    }

    /// Takes the first day between two on which a team can give so many doses at a stop, and the team whose tour
    /// grows least.
    pub(super) fn take(
        &mut self,
        stop: &PlaceCode,
        doses: u32,
        (first, last): (NaiveDate, NaiveDate),
        suits: impl Fn(&Self, NaiveDate) -> bool,
    ) -> Option<(NaiveDate, TeamCode)> {
        let campaign = self.asked.campaign;
        let known = campaign.stop(stop.as_str())?;
        for day in days(first, last) {
            let is_there = campaign.teams.iter().any(|team| {
                let stops = self.taken.get(&(day, &team.code)).into_iter().flatten();
                stops.into_iter().any(|(held, _)| held == stop)
            });
            if is_there || !self.is_open(known, day) || !suits(self, day) {
                continue;
            }
            let grows = |team: &'a Team| Some((self.added(team, (stop, doses), day)?, team));
            let teams = campaign.teams.iter().filter(|team| self.works(team, day));
            let best = teams.filter_map(grows).min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, team)) = best
                && let Some(drawn) = drawn_for(doses.into(), team.wastage_rate)
                    .and_then(|doses| doses.ceil().to_u64())
                && self.has_vaccine(day, drawn)
            {
                *self.drawn.entry(day).or_default() += drawn;
                self.taken.entry((day, &team.code)).or_default().push((stop.clone(), doses));
                return Some((day, team.code.clone()));
            }
        }
        None
    }

    /// Minutes that a visit adds to a team's day; `None` where it does not fit.
    fn added(&self, team: &Team, (stop, doses): (&PlaceCode, u32), day: NaiveDate) -> Option<f64> {
        let mut stops = self.taken.get(&(day, &team.code)).cloned().unwrap_or_default();
        let before = tour(self.asked.campaign, &team.code, &stops)?.minutes;
        stops.push((stop.clone(), doses));
        let all: u32 = stops.iter().map(|(_, doses)| doses).sum();
        let after = tour(self.asked.campaign, &team.code, &stops)?.minutes;
        let fits = stops.len() <= team.max_stops as usize
            && all <= team.doses_per_day
            && after <= f64::from(team.work_minutes) + 1e-9;
        fits.then_some(after - before)
    }

    /// Whether the lots that have come are enough on every day from this one on.
    fn has_vaccine(&self, day: NaiveDate, drawn: u64) -> bool {
        let lots = &self.asked.campaign.deliveries;
        let changes = lots.iter().map(|lot| lot.date).chain(self.drawn.keys().copied());
        let mut looked: BTreeSet<NaiveDate> = changes.filter(|change| *change >= day).collect();
        looked.insert(day);
        looked.into_iter().all(|at| {
            let come = lots.iter().filter(|lot| lot.date <= at && lot.expires >= day);
            let come: u64 = come.map(|lot| u64::from(lot.doses)).sum();
            let gone: u64 = self.drawn.range(..=at).map(|(_, doses)| doses).sum();
            gone + drawn <= come
        })
    }
}

/// Puts classes on as few days as hold them, each of at most `most` doses: whole classes where that needs no more
/// days, else a class is cut where a day is full.
pub(super) fn pack(lines: &[(usize, ClassNeed)], most: u32) -> Vec<Vec<(usize, u32)>> {
    let mut classes: BTreeMap<&str, Vec<(usize, u32)>> = BTreeMap::new();
    for (line, need) in lines {
        classes.entry(&need.class).or_default().push((*line, need.pupils));
    }
    let size = |class: &[(usize, u32)]| class.iter().map(|(_, pupils)| pupils).sum::<u32>();
    let all: u32 = classes.values().map(|class| size(class)).sum();
    let days = all.div_ceil(most) as usize;
    let mut largest: Vec<&str> = classes.keys().copied().collect();
    largest.sort_by_key(|name| std::cmp::Reverse(size(&classes[name])));
    let mut whole: Vec<(u32, BTreeSet<&str>)> = vec![(0, BTreeSet::new()); days];
    let fits = largest.iter().all(|name| {
        let doses = size(&classes[name]);
        let day = whole.iter_mut().find(|day| day.0 + doses <= most);
        day.is_some_and(|day| {
            day.0 += doses;
            day.1.insert(name)
        })
    });
    if fits {
        let of_day = |(_, names): (u32, BTreeSet<&str>)| {
            names.into_iter().flat_map(|name| classes[name].clone()).collect()
        };
        return whole.into_iter().map(of_day).collect();
    }
    cut(classes.into_values().flatten(), most)
}

/// Puts lines on days one after the other, each of at most `most` doses; one is cut where a day is full.
pub(super) fn cut(
    lines: impl IntoIterator<Item = (usize, u32)>,
    most: u32,
) -> Vec<Vec<(usize, u32)>> {
    let mut parts: Vec<Vec<(usize, u32)>> = vec![Vec::new()];
    let mut room = most;
    for (line, mut pupils) in lines {
        while pupils > 0 {
            if room == 0 {
                parts.push(Vec::new());
                room = most;
            }
            let here = pupils.min(room);
            parts.last_mut().expect("there is a day").push((line, here));
            (pupils, room) = (pupils - here, room - here);
        }
    }
    parts
}
