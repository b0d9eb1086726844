//! Staff, days and seats as the solver sees them.

use super::RosterRequest;
use super::index::{Day, Person, Post, Seat};
use super::needs::{CrewNeed, crews};
use crate::domain::date::days;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{Crew, Jurisdiction, People, Role, StaffMember};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Earlier days that are looked at: no run that a cell may ask for is longer, and a week is shorter.
const DAYS_BEFORE: i64 = 35;

/// A person.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    pub(super) member: &'a StaffMember,
    /// Days on which they can work: in the span, theirs, and not on leave.
    pub(super) can: Vec<bool>,
    /// Days before the span on which they worked.
    pub(super) worked: Vec<bool>,
    /// People who are alike: same home, roles, weekdays and days a week.
    pub(super) peers: usize,
}

/// A place and a role.
#[derive(Debug)]
pub(super) struct PostModel {
    pub(super) place: String,
    pub(super) role: Role,
    /// Who may fill it, on whatever day.
    pub(super) able: Vec<Person>,
}

/// One person's part of a crew.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeatModel {
    pub(super) post: Post,
    pub(super) day: Day,
}

/// What one more station of a place needs on a day; all of it or nothing.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) day: Day,
    pub(super) place: String,
    pub(super) seats: Vec<Seat>,
    /// Whether it is needed; else it opens where people are left.
    pub(super) is_needed: bool,
    /// Which station of the place.
    pub(super) station: u32,
    /// The step of the station before it.
    pub(super) below: Option<usize>,
}

/// The whole.
#[derive(Debug)]
pub(super) struct Model<'a> {
    /// The first day, a Monday.
    pub(super) start: NaiveDate,
    /// Number of days.
    pub(super) days: usize,
    pub(super) workers: Vec<Worker<'a>>,
    pub(super) posts: Vec<PostModel>,
    pub(super) seats: Vec<SeatModel>,
    pub(super) steps: Vec<Step>,
}

/// The places at which somebody may work.
pub(super) fn workplaces(of: &Jurisdiction, member: &StaffMember) -> BTreeSet<String> {
    let mut places = BTreeSet::from([member.home.clone()]);
    places.extend(member.sites.iter().cloned());
    let own = of.township_of(&member.home);
    if let Some(own) = own.filter(|_| member.sites.is_empty()) {
        let codes = of.sites.iter().map(|row| row.site.code.as_str());
        let near = codes.filter(|code| of.township_of(code) == Some(own));
        places.extend(near.map(str::to_owned));
    }
    places
}

impl<'a> Model<'a> {
    /// A model of a request. `spare`: further stations by day and place, wanted if people are left.
    pub(super) fn new(request: &RosterRequest<'a>, spare: &[(NaiveDate, String, u32)]) -> Self {
        let from = request.from - TimeDelta::days(DAYS_BEFORE);
        let start = from - TimeDelta::days(i64::from(from.weekday().num_days_from_monday()));
        let count = (request.until - start).num_days() + 1;
        let mut model = Self {
            start,
            days: usize::try_from(count).unwrap_or(0).next_multiple_of(7),
            workers: Vec::new(),
            posts: Vec::new(),
            seats: Vec::new(),
            steps: Vec::new(),
        };
        model.add_workers(request);
        model.add_steps(request, spare);
        model
    }

    /// The day of a date; `None` outside the model.
    pub(super) fn day(&self, date: NaiveDate) -> Option<Day> {
        let at = usize::try_from((date - self.start).num_days()).ok()?;
        (at < self.days).then_some(Day(at))
    }

    /// The date of a day.
    pub(super) fn date(&self, day: Day) -> NaiveDate {
        self.start + TimeDelta::days(i64::try_from(day.0).unwrap_or(0))
    }

    pub(super) fn worker(&self, person: Person) -> &Worker<'a> {
        &self.workers[person.0]
    }

    pub(super) fn seat(&self, seat: Seat) -> SeatModel {
        self.seats[seat.0]
    }

    pub(super) fn post(&self, post: Post) -> &PostModel {
        &self.posts[post.0]
    }

    /// People whom the seats could need; only they count for fairness.
    pub(super) fn people(&self) -> BTreeSet<Person> {
        self.posts.iter().flat_map(|post| post.able.iter().copied()).collect()
    }

    fn add_workers(&mut self, request: &RosterRequest<'a>) {
        let of = request.jurisdiction;
        let mut away: BTreeMap<&StaffId, BTreeSet<NaiveDate>> = BTreeMap::new();
        for leave in &of.leave {
            let (first, last) = (leave.first.max(request.from), leave.last.min(request.until));
            away.entry(&leave.staff).or_default().extend(days(first, last));
        }
        let mut peers = BTreeMap::new();
        for member in &of.staff {
            let week = member.weekdays.to_string();
            let key = (&member.home, &member.roles, week, member.days_a_week_max);
            let next = peers.len();
            let at = *peers.entry(key).or_insert(next);
            let leave = away.get(&member.code);
            let mut can = vec![false; self.days];
            for date in days(request.from, request.until) {
                let is_away = leave.is_some_and(|days| days.contains(&date));
                if let Some(day) = self.day(date) {
                    can[day.0] = member.works_on(date) && !is_away;
                }
            }
            self.workers.push(Worker { member, can, worked: vec![false; self.days], peers: at });
        }
        let at: BTreeMap<&StaffId, usize> =
            of.staff.iter().enumerate().map(|(at, one)| (&one.code, at)).collect();
        for duty in request.before.iter().filter(|duty| duty.date < request.from) {
            if let (Some(&who), Some(day)) = (at.get(&duty.staff), self.day(duty.date)) {
                self.workers[who].worked[day.0] = true;
            }
        }
    }

    fn add_steps(&mut self, request: &RosterRequest<'a>, spare: &[(NaiveDate, String, u32)]) {
        let of = request.jurisdiction;
        let crews = crews(of);
        let places: Vec<BTreeSet<String>> =
            of.staff.iter().map(|member| workplaces(of, member)).collect();
        let mut posts: BTreeMap<(String, Role), Post> = BTreeMap::new();
        let steps = BTreeMap::new();
        let mut adder =
            Adder { model: self, crews: &crews, places: &places, posts: &mut posts, steps };
        let inside = |day: NaiveDate| request.from <= day && day <= request.until;
        for ((day, place), need) in request.needs.0.iter().filter(|(key, _)| inside(key.0)) {
            for station in 1..=need.stations {
                adder.add((*day, place), need, station, true);
            }
        }
        for (day, place, station) in spare.iter().filter(|one| inside(one.0)) {
            let is_team = of.team(place).is_some();
            let kind = if is_team { "team" } else { "site" };
            let kinds = crate::domain::jurisdiction::CrewKind::from_word(kind);
            let kinds = kinds.into_iter().collect();
            let need = CrewNeed { stations: *station, kinds, doses_too_many: 0, crew: None };
            adder.add((*day, place), &need, *station, false);
        }
    }
}

/// Adds steps to a model.
struct Adder<'m, 'a> {
    model: &'m mut Model<'a>,
    crews: &'m [Crew],
    /// Where each person may work.
    places: &'m [BTreeSet<String>],
    posts: &'m mut BTreeMap<(String, Role), Post>,
    /// Steps by day, place and station.
    steps: BTreeMap<(Day, String, u32), usize>,
}

impl Adder<'_, '_> {
    fn add(
        &mut self,
        (day, place): (NaiveDate, &str),
        need: &CrewNeed,
        station: u32,
        needed: bool,
    ) {
        let Some(day) = self.model.day(day) else { return };
        let all = need.people(self.crews, station);
        let less = if station > 1 { need.people(self.crews, station - 1) } else { People::new() };
        let mut seats = Vec::new();
        for (role, people) in all {
            let more = people.saturating_sub(less.get(&role).copied().unwrap_or(0));
            for _ in 0..more {
                let post = self.post(place, role);
                seats.push(Seat(self.model.seats.len()));
                self.model.seats.push(SeatModel { post, day });
            }
        }
        let place = place.to_owned();
        let below = self.steps.get(&(day, place.clone(), station - 1)).copied();
        self.steps.insert((day, place.clone(), station), self.model.steps.len());
        self.model.steps.push(Step { day, place, seats, is_needed: needed, station, below });
    }

    fn post(&mut self, place: &str, role: Role) -> Post {
        let key = (place.to_owned(), role);
        if let Some(post) = self.posts.get(&key) {
            return *post;
        }
        let pairs = self.model.workers.iter().zip(self.places).enumerate();
        let fits = pairs.filter(|(_, (worker, places))| {
            worker.member.roles.contains(&role) && places.contains(place)
        });
        let able = fits.map(|(at, _)| Person(at)).collect();
        let post = Post(self.model.posts.len());
        self.model.posts.push(PostModel { place: place.to_owned(), role, able });
        self.posts.insert(key, post);
        post
    }
}
