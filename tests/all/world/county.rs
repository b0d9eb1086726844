//! The program as a county works with it for a season: jobs at their hours, letters that are read, reports that come
//! late, news of an evening.

use super::future::{Called, DAYS, Future, GAP, GROUPS, SITES, Season, number, on, reach};
use crate::mail::decoded;
use crate::support::{apply, at};
use chrono::{DateTime, Utc};
use doseplan::app::coverage::AsOf;
use doseplan::app::import::Kind;
use doseplan::app::{App, Loaded};
use doseplan::config::Config;
use doseplan::domain::assign::Assignment;
use doseplan::domain::campaign::Language;
use doseplan::domain::coverage::Depth;
use doseplan::domain::job::RunState;
use doseplan::domain::plan::PlanRow;
use doseplan::domain::planner::Limits;
use doseplan::jobs::runner::Runner;
use doseplan::jobs::timetable::Timetable;
use doseplan::mail::transport::{Script, Stage, Transport};
use doseplan::store::{Store, assignments};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// What somebody was told last.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Promise {
    dose: usize,
    day: i64,
    place: &'static str,
}

/// What a place says of a day, and when the county has it.
struct Report {
    day: i64,
    place: &'static str,
    has_names: bool,
    has_counts: bool,
}

pub(super) struct County<'a> {
    pub(super) season: Season<'a>,
    app: App,
    runner: Runner,
    loaded: Loaded,
    dir: tempfile::TempDir,
    /// Letters that were delivered: to whom, and what they say.
    letters: Arc<Mutex<Vec<(String, String)>>>,
    promised: BTreeMap<usize, Promise>,
    said: BTreeSet<(usize, usize, i64, &'static str)>,
    reports: BTreeMap<i64, Vec<Report>>,
    /// Doses that the county knows of, by person; and those of everybody, by group and number.
    known: Vec<Vec<i64>>,
    counted: BTreeMap<(usize, usize), u64>,
    /// Who must not be called, as far as the county knows.
    barred: BTreeSet<usize>,
    /// What must never happen.
    pub(super) wrong: Vec<String>,
    /// Seats planned and those of them that nobody used; days that people waited while seats stayed free.
    pub(super) seats: u64,
    pub(super) empty: u64,
    pub(super) waited: u64,
    /// Letters that people of the register got.
    pub(super) letters_read: usize,
}

impl<'a> County<'a> {
    pub(super) async fn open(future: &'a Future) -> Self {
        let shm = std::path::Path::new("/dev/shm");
        let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let address = format!("sqlite://{}", dir.path().join("doseplan.db").display());
        let store = Store::open(&address, true).await.unwrap();
        let letters: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let read = Arc::clone(&letters);
        let script = Script::new(move |mail, stage| {
            if stage == Stage::Body {
                let text = String::from_utf8_lossy(&mail.bytes).into_owned();
                let to = text.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
                let to = to.rsplit('<').next().unwrap().trim_end_matches('>').to_owned();
                read.lock().unwrap().push((to, decoded(&text)));
            }
            None
        });
        let mut config = Config::default();
        // Without a font the summaries have no picture, which would take longer than everything else here.
        config.mail.font = Some("nowhere.otf".into());
        let mut app = App::new(store, config);
        app.transport = Some(Transport::Scripted(script));
        let begin = moment(-3, "12:00");
        apply(&app, &future.folder(-3), &dir.path().join("small"), begin).await;
        let loaded = app.campaign(None).await.unwrap();
        let count = future.people.len();
        let timetable = Timetable::parse(
            "[plan]\ncron = '0 1 * * *'\n[summary]\ncron = '0 7 * * 1'\n\
             [reminders]\ncron = '0 9 * * *'\n[digest]\ncron = '0 19 * * *'\n",
        )
        .unwrap();
        let runner = Runner::new(app.clone(), "county".to_owned());
        let runner = Runner { timetable, nightly: Limits::QUICK, ..runner };
        // The first look sets the watermarks: the timetable begins now.
        runner.tick(begin).await.unwrap();
        let out = Self {
            season: Season::new(future),
            app,
            runner,
            loaded,
            dir,
            letters,
            promised: BTreeMap::new(),
            said: BTreeSet::new(),
            reports: BTreeMap::new(),
            known: vec![Vec::new(); count],
            counted: BTreeMap::new(),
            barred: BTreeSet::new(),
            wrong: Vec::new(),
            seats: 0,
            empty: 0,
            waited: 0,
            letters_read: 0,
        };
        out.import(Kind::Persons, &future.register(), begin).await;
        out
    }

    pub(super) async fn live(&mut self) {
        for day in -2..DAYS {
            Box::pin(self.look(day, "01:00")).await;
            Box::pin(self.look(day, "08:00")).await;
            self.judge(day).await;
            if day >= 0 {
                self.meet(day).await;
            }
            Box::pin(self.look(day, "09:00")).await;
            Box::pin(self.look(day, "09:05")).await;
            self.report(day).await;
            if self.season.future.has_news(day) {
                let folder = self.season.future.folder(day);
                let dir = self.dir.path().join("small");
                apply(&self.app, &folder, &dir, moment(day, "18:00")).await;
                self.loaded = self.app.campaign(None).await.unwrap();
            }
            Box::pin(self.look(day, "19:00")).await;
            Box::pin(self.look(day, "19:05")).await;
            self.phone(day).await;
            if day % 7 == 6 || day + 1 == DAYS {
                self.compare(day).await;
            }
        }
        let health = self.app.health(false, moment(DAYS, "08:00")).await.unwrap();
        let unsound = health.checks.iter().flat_map(|check| check.wrong.iter().cloned());
        self.wrong.extend(unsound);
        self.wrong.append(&mut self.season.in_vain);
    }

    async fn import(&self, kind: Kind, rows: &str, now: DateTime<Utc>) {
        let path = self.dir.path().join("rows.csv");
        std::fs::write(&path, rows).unwrap();
        let done = self.app.import(&self.loaded, kind, &path, Language::En, now).await.unwrap();
        assert!(done.fault.is_empty() && done.refused == 0, "{:?}", done.fault);
    }

    /// The daemon looks at the clock: what is due runs, what is queued is sent. People read it.
    async fn look(&mut self, day: i64, clock: &str) {
        let done = self.runner.tick(moment(day, clock)).await.unwrap();
        for ended in done.ran {
            assert_eq!(ended.state, RunState::Done, "{} {clock}: {:?}", on(day), ended.note);
        }
        let letters = std::mem::take(&mut *self.letters.lock().unwrap());
        for (to, text) in letters {
            let mut people = self.season.future.people.iter();
            let reader = people.position(|one| one.mail.as_deref() == Some(&to));
            if let Some(person) = reader {
                self.letters_read += 1;
                // What was packed stands behind the rest.
                self.read(person, text.rsplit("</html>").next().unwrap(), day);
            }
        }
    }

    fn read(&mut self, person: usize, text: &str, today: i64) {
        let mut day = None;
        let mut dose = 0;
        for line in text.lines() {
            // "Should be given by" is no appointment.
            if let Some(found) = date_in(line).filter(|_| !line.contains("应在")) {
                day = Some(found);
            }
            if line.contains("第一剂") || line.contains("第二剂") {
                dose = usize::from(line.contains("第二剂"));
            }
            if line.contains("已取消") || line.contains("请勿前往") {
                self.promised.remove(&person);
            }
            let place = SITES.iter().zip(["甲镇卫生院", "乙镇卫生院"]);
            let place = place.filter(|(_, name)| line.contains(name)).map(|(code, _)| *code).next();
            if let (Some(day), Some(place), true) = (day, place, line.contains("地点")) {
                if !self.said.insert((person, dose, day, place)) {
                    let code = &self.season.future.people[person].code;
                    self.wrong.push(format!("{}: {code} was told twice of {}", on(today), on(day)));
                }
                self.tell(person, Promise { dose, day, place }, today);
            }
        }
    }

    /// Somebody is told to come. Is it true, as far as the county knows?
    fn tell(&mut self, person: usize, promise: Promise, today: i64) {
        let Promise { dose, day, place } = promise;
        let why = if self.known[person].len() > dose {
            "had the dose"
        } else if self.barred.contains(&person) {
            "must not be called"
        } else if self.season.future.capacity(place, day, today - 1) == 0 {
            "is sent to a shut door"
        } else {
            ""
        };
        if !why.is_empty() {
            let code = &self.season.future.people[person].code;
            self.wrong.push(format!("{}: {code} is called for {} and {why}", on(today), on(day)));
        }
        self.promised.insert(person, promise);
    }

    async fn appointments(&self, day: i64) -> Vec<(usize, Assignment)> {
        let mut tx = self.app.store.read().await.unwrap();
        let all = assignments::on(&mut tx, self.loaded.no, on(day)).await.unwrap();
        let person = |one: &Assignment| one.person.as_str()[1..].parse::<usize>().unwrap();
        all.into_iter().map(|one| (person(&one), one)).collect()
    }

    async fn rows(&self) -> Vec<PlanRow> {
        let plan = self.app.plan(&self.loaded, None).await.unwrap();
        plan.map(|(_, rows)| rows).unwrap_or_default()
    }

    /// After the night's plan: what people believe against what the program has for the day.
    async fn judge(&mut self, day: i64) {
        let mut tx = self.app.store.read().await.unwrap();
        let all = assignments::all(&mut tx, self.loaded.no).await.unwrap();
        drop(tx);
        for (person, promise) in self.promised.iter().filter(|(_, one)| one.day == day) {
            let code = &self.season.future.people[*person].code;
            let held = all.iter().find(|(id, _)| id.as_str() == code).map(|(_, one)| one);
            let Some(held) = held.filter(|held| usize::from(held.dose) == promise.dose + 1) else {
                continue;
            };
            if (held.day, held.place.as_str()) != (on(day), promise.place) {
                let said = format!("{}: {code} does not know of {}", on(day), held.day);
                self.wrong.push(said);
            }
        }
        let rows = self.rows().await;
        let mut used: BTreeMap<(&str, i64), u32> = BTreeMap::new();
        for row in rows.iter().filter(|row| number(row.day) >= day) {
            *used.entry((row.place.as_str(), number(row.day))).or_default() += row.doses;
        }
        for ((place, on_day), doses) in &used {
            if *doses > self.season.future.capacity(place, *on_day, day - 1) {
                self.wrong.push(format!("{}: {doses} at {place} on {}", on(day), on(*on_day)));
            }
        }
        if day >= 0 {
            let held = all.into_iter().map(|(id, one)| (id.to_string(), number(one.day)));
            self.count_waiting(day, &held.collect(), &used);
        }
    }

    /// People who are due and have no appointment, while seats of theirs and vaccine stay free for two weeks.
    fn count_waiting(
        &mut self,
        day: i64,
        held: &BTreeMap<String, i64>,
        used: &BTreeMap<(&str, i64), u32>,
    ) {
        let future = self.season.future;
        let last = (day + 14).min(DAYS - 1);
        let mut free: BTreeMap<&str, u32> = BTreeMap::new();
        for place in SITES {
            let free = free.entry(place).or_default();
            for on_day in day + 1..=last {
                let used = used.get(&(place, on_day)).copied().unwrap_or(0);
                let can = future.capacity(place, on_day, day - 1);
                *free += can.saturating_sub(used);
            }
        }
        let given = u32::try_from(self.season.given.len()).unwrap();
        let planned: u32 = used.values().sum();
        let mut vaccine = future.arrived(last).saturating_sub(given + planned);
        for (person, one) in future.people.iter().enumerate() {
            let known = &self.known[person];
            let is_due = known.len() < 2 && known.last().is_none_or(|last| last + GAP <= day);
            // Reports may be three days late, and whoever stayed away is called again after five.
            let has = held.get(&one.code).is_some_and(|held| held + 3 >= day);
            let rests = self.promised.get(&person).is_some_and(|told| told.day + 6 >= day);
            let can_finish = known.len() == 1 || day + 14 + GAP < DAYS;
            let wants = one.is_willing && future.is_here(person, day);
            let missed = self.said.iter().filter(|said| said.0 == person).count() > 1;
            if !one.is_registered || !is_due || has || rests || !can_finish || !wants || missed {
                continue;
            }
            let needs = if known.is_empty() { 2 } else { 1 };
            let place = reach(one.area).iter().find(|place| free[**place] > 0);
            if let (Some(place), true) = (place, vaccine >= needs) {
                *free.get_mut(place).unwrap() -= 1;
                vaccine -= needs;
                self.waited += 1;
            }
        }
    }

    async fn meet(&mut self, day: i64) {
        let mut called = Vec::new();
        for (person, promise) in self.promised.iter().filter(|(_, one)| one.day == day) {
            called.push(Called { person: *person, place: promise.place, is_promised: true });
        }
        called.extend(self.invited(day).await);
        let before = self.season.given.len();
        self.season.sessions(day, &called);
        let rows = self.rows().await;
        for place in SITES {
            let is_here = |row: &&PlanRow| row.day == on(day) && row.place.as_str() == place;
            let seats: u64 = rows.iter().filter(is_here).map(|row| u64::from(row.doses)).sum();
            let mut given = self.season.given[before..].iter();
            let has = given.any(|one| one.place == place);
            let used = self.season.given[before..].iter().filter(|one| one.place == place).count();
            self.seats += seats;
            self.empty += seats.saturating_sub(used as u64);
            if seats > 0 || has {
                self.plan_report(day, place);
            }
        }
    }

    /// People in no register whom the village sends for the seats beyond the list.
    async fn invited(&self, day: i64) -> Vec<Called> {
        let future = self.season.future;
        let mut ready: BTreeMap<(&str, usize, usize), Vec<usize>> = BTreeMap::new();
        for (person, one) in future.people.iter().enumerate() {
            let is_stranger = !one.is_registered && one.is_willing && future.is_here(person, day);
            if let (true, Some(dose)) = (is_stranger, self.season.next_dose(person, day)) {
                ready.entry((one.area, one.group, dose)).or_default().push(person);
            }
        }
        let mut named: BTreeMap<(String, String, usize, usize), usize> = BTreeMap::new();
        for (person, held) in self.appointments(day).await {
            let one = &future.people[person];
            let dose = usize::from(held.dose) - 1;
            let key = (held.place.to_string(), one.area.to_owned(), one.group, dose);
            *named.entry(key).or_default() += 1;
        }
        let mut out = Vec::new();
        for row in self.rows().await.iter().filter(|row| row.day == on(day)) {
            let group = GROUPS.iter().position(|group| *group == row.group.as_str()).unwrap();
            let dose = usize::from(row.dose) - 1;
            let key = (row.place.to_string(), row.area.to_string(), group, dose);
            let named = named.get(&key).copied().unwrap_or(0);
            let left = usize::try_from(row.doses).unwrap().saturating_sub(named);
            let some = ready.entry((if row.area.as_str() == "A" { "A" } else { "B" }, group, dose));
            let some = some.or_default();
            let place = SITES[usize::from(row.place.as_str() == "S2")];
            for person in some.split_off(some.len() - left.min(some.len())) {
                out.push(Called { person, place, is_promised: false });
            }
        }
        out
    }

    /// A place reports on the evening of its day or up to two days later, some names a day after that.
    fn plan_report(&mut self, day: i64, place: &'static str) {
        let luck = |what| self.season.future.luck(usize::from(place == "S2"), day, what);
        let late = match luck("late") {
            0..700 => 0,
            700..900 => 1,
            _ => 2,
        };
        let names = late + i64::from(luck("names") < 100);
        let mut add = |on_day: i64, has_counts, has_names| {
            let report = Report { day, place, has_names, has_counts };
            self.reports.entry(on_day).or_default().push(report);
        };
        add(day + late, true, names == late);
        if names > late {
            add(day + names, false, true);
        }
    }

    async fn report(&mut self, today: i64) {
        let future = self.season.future;
        let mut tallies = "record,date,place,area,group,dose,doses\n".to_owned();
        let mut doses = "record,person,date,place,product,lot\n".to_owned();
        let mut outcomes = "record,person,date,outcome,until\n".to_owned();
        for Report { day, place, has_counts, has_names } in
            self.reports.remove(&today).unwrap_or_default()
        {
            let mut counts: BTreeMap<(&str, usize, usize), u64> = BTreeMap::new();
            for one in &self.season.given {
                if (one.day, one.place) != (day, place) {
                    continue;
                }
                let who = &future.people[one.person];
                *counts.entry((who.area, who.group, one.dose)).or_default() += 1;
                if has_names && who.is_registered {
                    let code = &who.code;
                    doses += &format!("d{code}-{},{code},{},{place},vero,L1\n", one.dose, on(day));
                    self.known[one.person].push(day);
                    self.known[one.person].sort_unstable();
                }
            }
            if counts.is_empty() {
                counts.insert(("A", 1, 0), 0);
            }
            for ((area, group, dose), count) in counts.into_iter().filter(|_| has_counts) {
                let (name, no) = (GROUPS[group], dose + 1);
                let record = format!("t{day}{place}{area}{name}{no}");
                tallies += &format!("{record},{},{place},{area},{name},{no},{count}\n", on(day));
                *self.counted.entry((group, dose)).or_default() += count;
            }
        }
        for (person, day) in &self.season.refused {
            if *day == today && future.people[*person].is_registered {
                let code = &future.people[*person].code;
                outcomes += &format!("o{code},{code},{},refused,\n", on(today));
                self.barred.insert(*person);
            }
        }
        for (person, one) in future.people.iter().enumerate() {
            let heard = one.leaves.map(|left| left + i64::from(left % 4 == 0));
            if heard == Some(today) && one.is_registered {
                let (code, left) = (&one.code, on(one.leaves.unwrap()));
                outcomes += &format!("l{code},{code},{left},moved,\n");
                self.barred.insert(person);
            }
        }
        let now = moment(today, "17:00");
        self.import(Kind::Doses, &doses, now).await;
        self.import(Kind::Tallies, &tallies, now).await;
        self.import(Kind::Outcomes, &outcomes, now).await;
    }

    /// Leads phone those of tomorrow's list whom no mail reaches.
    async fn phone(&mut self, today: i64) {
        for (person, held) in self.appointments(today + 1).await {
            if self.season.future.people[person].mail.is_none() {
                let place = SITES[usize::from(held.place.as_str() == "S2")];
                let promise = Promise { dose: usize::from(held.dose) - 1, day: today + 1, place };
                self.said.insert((person, promise.dose, promise.day, place));
                self.tell(person, promise, today);
            }
        }
    }

    /// Coverage against what was reported.
    async fn compare(&mut self, day: i64) {
        let at = AsOf::day(on(day));
        let found = self.app.coverage(&self.loaded, at, Depth::Root).await.unwrap();
        for (group, name) in GROUPS.iter().enumerate() {
            let row = found.rows.iter().find(|row| row.group == *name).unwrap();
            for dose in 0..2 {
                let said = self.counted.get(&(group, dose)).copied().unwrap_or(0);
                let shown = row.doses[dose].people.0;
                if said != shown {
                    let what = format!("{name} dose {}: {shown} people, {said} reported", dose + 1);
                    self.wrong.push(format!("{}: {what}", on(day)));
                }
            }
        }
    }
}

fn moment(day: i64, clock: &str) -> DateTime<Utc> {
    at(&format!("{}T{clock}:00", on(day)))
}

/// The day that a line names, such as 4月1日.
fn date_in(line: &str) -> Option<i64> {
    let (before, after) = line.split_once('月')?;
    let month = before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()?;
    let day = after.split_once('日')?.0.parse::<u32>().ok()?;
    chrono::NaiveDate::from_ymd_opt(2021, month, day).map(number)
}
