//! What is true in the future of a seed, and what comes of a day whatever the policy: a person's luck depends on the
//! seed, the person and the day alone.

use crate::support::{Folder, PERSONS, small};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Days of the campaign.
pub(super) const DAYS: i64 = 70;
/// Days between the doses, at least.
pub(super) const GAP: i64 = 21;
pub(super) const GROUPS: [&str; 2] = ["senior", "adult"];
/// The chance of a thousand that somebody who wants the dose comes to an appointment.
const SHOWS: [u64; 2] = [850, 750];
const WILLING: [u64; 2] = [880, 900];
const PRIORITY: [f64; 2] = [3.0, 1.0];
const PROTECTION: [f64; 2] = [0.6, 0.4];

pub(super) fn on(day: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2021, 4, 1).unwrap() + TimeDelta::days(day)
}

pub(super) fn number(day: NaiveDate) -> i64 {
    (day - on(0)).num_days()
}

pub(super) struct Person {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) area: &'static str,
    pub(super) group: usize,
    pub(super) is_registered: bool,
    pub(super) mail: Option<String>,
    pub(super) is_willing: bool,
    /// The day on which they die or move.
    pub(super) leaves: Option<i64>,
}

pub(super) struct Lot {
    pub(super) code: &'static str,
    pub(super) doses: u32,
    /// When it was said to come.
    said: i64,
    /// When it comes, and the evening on which that is known.
    comes: i64,
    known: i64,
}

/// A place that does less on a day than its week says.
struct Closure {
    place: &'static str,
    day: i64,
    doses: u32,
    /// The evening on which it is known.
    known: i64,
}

pub(super) struct Future {
    seed: u64,
    pub(super) people: Vec<Person>,
    closures: Vec<Closure>,
    pub(super) lots: Vec<Lot>,
}

pub(super) const SITES: [&str; 2] = ["S1", "S2"];
/// The places that serve a township.
pub(super) fn reach(area: &str) -> &'static [&'static str] {
    if area == "A" { &SITES[..1] } else { &SITES }
}

impl Future {
    pub(super) fn new(seed: u64) -> Self {
        let mut out = Self { seed, people: Vec::new(), closures: Vec::new(), lots: Vec::new() };
        let share = 500 + out.luck(0, 0, "registered share") / 2;
        for no in 0..260 {
            let luck = |what| out.luck(no, -1, what);
            let group = usize::from(luck("group") >= 250);
            let code = format!("r{no:03}");
            out.people.push(Person {
                name: format!("居民{code}"),
                area: if luck("area") < 600 { "A" } else { "B" },
                group,
                is_registered: luck("registered") < share,
                mail: (luck("mail") < 900).then(|| format!("{code}@home.example")),
                is_willing: luck("willing") < WILLING[group],
                leaves: (luck("leaves") < 20).then(|| days(luck("when") % 60) + 5),
                code,
            });
        }
        for (at, (code, said, doses)) in
            [("L1", -3, 70), ("L2", 8, 110), ("L3", 22, 260)].into_iter().enumerate()
        {
            let late = days(out.luck(at, 0, "late") % 8) - 3;
            let comes = if said < 0 { said } else { said + late.max(0) };
            let known = said - 1 - days(out.luck(at, 0, "heard") % 3);
            out.lots.push(Lot { code, doses, said, comes, known });
        }
        for no in 0..8 {
            let luck = |what| out.luck(no, -2, what);
            let day = days(luck("day") % 60) + 3;
            let place = SITES[usize::from(luck("place") < 500)];
            let doses = if luck("half") < 300 { 3 } else { 0 };
            let known = day - 1 - days(luck("heard") % 6);
            if out.closures.iter().all(|one| (one.place, one.day) != (place, day)) {
                out.closures.push(Closure { place, day, doses, known });
            }
        }
        out
    }

    /// 0..1000, the same for every policy.
    pub(super) fn luck(&self, person: usize, day: i64, what: &str) -> u64 {
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        let text = format!("{} {person} {day} {what}", self.seed);
        for byte in text.bytes() {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        ((sum ^ (sum >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % 1000
    }

    pub(super) fn is_here(&self, person: usize, day: i64) -> bool {
        self.people[person].leaves.is_none_or(|left| day < left)
    }

    pub(super) fn shows(&self, person: usize, day: i64) -> bool {
        let one = &self.people[person];
        one.is_willing
            && self.is_here(person, day)
            && self.luck(person, day, "show") < SHOWS[one.group]
    }

    /// What a place can do on a day, as it is known at the end of an evening.
    pub(super) fn capacity(&self, place: &str, day: i64, evening: i64) -> u32 {
        let mut known = self.closures.iter().filter(|one| one.known <= evening);
        let closure = known.find(|one| (one.place, one.day) == (place, day));
        let weekday = chrono::Datelike::weekday(&on(day)).num_days_from_monday();
        let usual = match (place, weekday) {
            ("S1", 0..5) => 9,
            ("S1", 5) => 5,
            ("S2", 0..5) => 6,
            _ => 0,
        };
        closure.map_or(usual, |one| one.doses)
    }

    /// Doses that have come by a day.
    pub(super) fn arrived(&self, day: i64) -> u32 {
        self.lots.iter().filter(|lot| lot.comes <= day).map(|lot| lot.doses).sum()
    }

    pub(super) fn has_news(&self, day: i64) -> bool {
        self.closures.iter().any(|one| one.known == day)
            || self.lots.iter().any(|lot| lot.known == day && lot.comes != lot.said)
    }

    /// The campaign's folder as the county knows it at the end of an evening.
    pub(super) fn folder(&self, evening: i64) -> Folder {
        let mut closures = "place,date,doses\n".to_owned();
        for one in self.closures.iter().filter(|one| one.known <= evening) {
            closures += &format!("{},{},{}\n", one.place, on(one.day), one.doses);
        }
        let mut lots = "lot,product,date,doses,expires\n".to_owned();
        for lot in &self.lots {
            let day = if lot.known <= evening { lot.comes } else { lot.said };
            lots += &format!("{},vero,{},{},2021-12-01\n", lot.code, on(day), lot.doses);
        }
        let mut eligible = "area,group,people,source,as_of\n".to_owned();
        for area in ["A", "B"] {
            for (at, group) in GROUPS.iter().enumerate() {
                let is_of = |one: &&Person| (one.area, one.group) == (area, at);
                let count = self.people.iter().filter(is_of).count();
                eligible += &format!("{area},{group},{count},census,2021-03-01\n");
            }
        }
        small()
            .swap("campaign.toml", "end = 2021-05-10", &format!("end = {}", on(DAYS - 1)))
            .swap("campaign.toml", "target = 0.5", "uptake = 0.9")
            .swap("campaign.toml", "priority = 3.0", "priority = 3.0\nuptake = 0.88")
            .swap("sites.csv", "A,40,20,", "A,9,5,")
            .swap("sites.csv", "B,20,,", "B,6,,")
            .with("closures.csv", &closures)
            .with("deliveries.csv", &lots)
            .with("eligible.csv", &eligible)
            .without("teams.csv")
            .without("stops.csv")
    }

    /// The register as a file.
    pub(super) fn register(&self) -> String {
        let mut out = format!("{PERSONS}\n");
        for one in self.people.iter().filter(|one| one.is_registered) {
            let Person { code, name, area, group, mail, .. } = one;
            let born = ["1950-01-01", "1985-01-01"][*group];
            let mail = mail.as_deref().unwrap_or_default();
            out += &format!("{code},{area},{born},{name},F,,{mail},,,,\n");
        }
        out
    }
}

/// A small number as days.
fn days(count: u64) -> i64 {
    i64::try_from(count).unwrap()
}

/// Somebody who was told to come.
#[derive(Clone, Copy)]
pub(super) struct Called {
    pub(super) person: usize,
    pub(super) place: &'static str,
    /// Whether they have an appointment; the others come where seats are left.
    pub(super) is_promised: bool,
}

pub(super) struct Given {
    pub(super) day: i64,
    pub(super) person: usize,
    pub(super) place: &'static str,
    pub(super) dose: usize,
}

/// A season under one policy.
pub(super) struct Season<'a> {
    pub(super) future: &'a Future,
    pub(super) given: Vec<Given>,
    /// The days of everybody's doses.
    pub(super) doses: Vec<Vec<i64>>,
    /// Who comes some days later than asked.
    later: BTreeMap<i64, Vec<(usize, &'static str)>>,
    /// Who said no on a day.
    pub(super) refused: BTreeMap<usize, i64>,
    /// People with an appointment who came in vain, and why.
    pub(super) in_vain: Vec<String>,
}

impl<'a> Season<'a> {
    pub(super) fn new(future: &'a Future) -> Self {
        Self {
            future,
            given: Vec::new(),
            doses: vec![Vec::new(); future.people.len()],
            later: BTreeMap::new(),
            refused: BTreeMap::new(),
            in_vain: Vec::new(),
        }
    }

    /// The number of the dose, from 0, that a doctor would give on a day.
    pub(super) fn next_dose(&self, person: usize, day: i64) -> Option<usize> {
        let had = &self.doses[person];
        let is_time = had.last().is_none_or(|last| day - last >= GAP);
        (had.len() < 2 && is_time).then_some(had.len())
    }

    /// A day's sessions: first those with an appointment, then those who come by themselves.
    pub(super) fn sessions(&mut self, day: i64, called: &[Called]) {
        let mut queues: BTreeMap<&str, Vec<(u8, u64, usize)>> = BTreeMap::new();
        let mut met = BTreeSet::new();
        for one in called {
            let Called { person, place, is_promised } = *one;
            let wants = self.future.people[person].is_willing;
            if !self.future.is_here(person, day) || !met.insert(person) {
                continue;
            }
            if self.future.shows(person, day) {
                let rank = if is_promised { 0 } else { 2 };
                let turn = self.future.luck(person, day, "queue");
                queues.entry(place).or_default().push((rank, turn, person));
            } else if is_promised && !wants && self.future.luck(person, -1, "says no") < 600 {
                self.refused.entry(person).or_insert(day);
            } else if is_promised && wants && self.future.luck(person, day, "later") < 300 {
                let when = day + 1 + days(self.future.luck(person, day, "when") % 5);
                self.later.entry(when).or_default().push((person, place));
            }
        }
        for (person, place) in self.later.remove(&day).unwrap_or_default() {
            if self.future.is_here(person, day) && met.insert(person) {
                queues.entry(place).or_default().push((1, 0, person));
            }
        }
        for (place, mut queue) in queues {
            queue.sort_unstable();
            self.serve(day, SITES[usize::from(place == "S2")], &queue);
        }
    }

    fn serve(&mut self, day: i64, place: &'static str, queue: &[(u8, u64, usize)]) {
        let capacity = self.future.capacity(place, day, DAYS);
        let mut seats = capacity;
        for &(rank, _, person) in queue {
            let store =
                self.future.arrived(day).saturating_sub(u32::try_from(self.given.len()).unwrap());
            let Some(dose) = self.next_dose(person, day) else { continue };
            if seats == 0 || store == 0 {
                let why = if capacity == 0 {
                    "shut"
                } else if seats == 0 {
                    "full"
                } else {
                    "empty"
                };
                if rank == 0 {
                    let code = &self.future.people[person].code;
                    self.in_vain.push(format!("{} {place} was {why} for {code}", on(day)));
                }
                continue;
            }
            seats -= 1;
            self.doses[person].push(day);
            self.given.push(Given { day, person, place, dose });
        }
    }

    /// The objective on the doses really given.
    pub(super) fn value(&self) -> f64 {
        let worth = |one: &Given| {
            let group = self.future.people[one.person].group;
            PRIORITY[group] * PROTECTION[one.dose] * (DAYS - one.day) as f64 / DAYS as f64
        };
        self.given.iter().map(worth).sum()
    }

    pub(super) fn finished(&self) -> usize {
        self.doses.iter().filter(|days| days.len() == 2).count()
    }
}
