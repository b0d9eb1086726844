//! Campaign folders of many kinds, generated from a seed. Every plan is feasible, below its bound, and the same
//! twice; for tiny folders it is compared with the true optimum.

use crate::dice::Dice;
use crate::planner::judge;
use crate::support::{World, shared, text};
use doseplan::domain::campaign::Campaign;
use doseplan::domain::plan::{Plan, PlanRow};
use doseplan::domain::planner::{self, Limits, Request};
use std::fmt::Write as _;
use std::path::Path;

/// The kind of folder to generate.
#[derive(Clone, Copy)]
struct Shape {
    days: u32,
    doses: u32,
    interval: (u32, u32),
    areas: u32,
    people: (u32, u32),
    sites: u32,
    capacity: (u32, u32),
    teams: u32,
    stops: u32,
    /// Vaccine, as a percentage of the total need.
    supply: u32,
    /// Days for which a lot can be used.
    lot_days: (u32, u32),
    /// Days after the start on which the second group opens.
    opens: u32,
}

const PLAIN: Shape = Shape {
    days: 60,
    doses: 2,
    interval: (21, 35),
    areas: 4,
    people: (80, 400),
    sites: 3,
    capacity: (20, 70),
    teams: 0,
    stops: 0,
    supply: 90,
    lot_days: (40, 120),
    opens: 7,
};

/// Every kind that the planner must handle.
const KINDS: [(&str, Shape); 10] = [
    ("tiny", PLAIN),
    ("mobile", Shape { teams: 2, stops: 6, ..PLAIN }),
    ("lots of a few days", Shape { lot_days: (4, 15), ..PLAIN }),
    ("almost no supply", Shape { supply: 4, teams: 1, stops: 3, ..PLAIN }),
    ("a group that opens late", Shape { opens: 35, ..PLAIN }),
    ("one dose", Shape { doses: 1, teams: 1, stops: 4, ..PLAIN }),
    ("three doses", Shape { doses: 3, interval: (14, 25), ..PLAIN }),
    ("no fixed site", Shape { sites: 0, teams: 3, stops: 8, ..PLAIN }),
    ("barely longer than the interval", Shape { days: 24, ..PLAIN }),
    ("county", Shape { areas: 9, sites: 7, days: 80, teams: 1, stops: 5, ..PLAIN }),
];

fn day(number: u32) -> String {
    let start = chrono::NaiveDate::from_ymd_opt(2026, 3, 5).expect("a day");
    (start + chrono::TimeDelta::days(i64::from(number))).to_string()
}

/// A point near the others: latitude and longitude.
fn point(dice: &mut Dice) -> String {
    format!("31.{:04},119.{:04}", dice.between(7000, 9900), dice.between(1000, 4900))
}

/// Writes a folder of this kind.
fn write(shape: Shape, seed: u64, dir: &Path) {
    let dice = &mut Dice(seed);
    std::fs::create_dir_all(dir).expect("the folder is made");
    let put = |name: &str, content: String| {
        std::fs::write(dir.join(name), content).expect("the file is written");
    };
    put("campaign.toml", settings(shape));
    put("series.toml", series(shape));
    let mut areas = "area,name,parent,latitude,longitude\nC,县,,31.8,119.3\n".to_owned();
    let mut eligible = "area,group,people\n".to_owned();
    let mut needed = 0;
    for area in 0..shape.areas {
        writeln!(areas, "A{area},村{area},C,{}", point(dice)).unwrap();
        for group in ["old", "young"] {
            let people = dice.between(shape.people.0, shape.people.1);
            needed += people * shape.doses;
            writeln!(eligible, "A{area},{group},{people}").unwrap();
        }
    }
    put("areas.csv", areas);
    put("eligible.csv", eligible);
    places(shape, dice, &put);
    put("deliveries.csv", deliveries(shape, needed, dice));
}

fn settings(shape: Shape) -> String {
    let (start, end, opens) = (day(0), day(shape.days - 1), day(shape.opens));
    format!(
        "id = \"kind\"\nname = \"试\"\ntimezone = \"Asia/Shanghai\"\nlanguage = \"zh-CN\"\n\
         start = {start}\nend = {end}\nseries = \"made-up\"\n\
         [[groups]]\nid = \"old\"\nname = \"老\"\nmin_age = \"60 years\"\npriority = 3.0\n\
         uptake = 1.0\ntarget = 0.5\n\
         [[groups]]\nid = \"young\"\nname = \"青\"\nmin_age = \"18 years\"\n\
         max_age = \"60 years\"\npriority = 1.5\nuptake = 1.0\nopens = {opens}\n"
    )
}

fn series(shape: Shape) -> String {
    let mut text =
        "id = \"made-up\"\nname = \"made up\"\nsource = \"made up for tests\"\n".to_owned();
    for dose in 1..=shape.doses {
        let protection = f64::from(dose) / f64::from(shape.doses);
        writeln!(text, "[[doses]]\nprotection = {protection:.3}").unwrap();
        if dose > 1 {
            let (low, high) = shape.interval;
            writeln!(text, "interval_min = \"{low} days\"\ninterval_max = \"{high} days\"")
                .unwrap();
        }
    }
    text
}

fn places(shape: Shape, dice: &mut Dice, put: &impl Fn(&str, String)) {
    let mut sites = "site,name,area,latitude,longitude,weekday_doses,saturday_doses,\
                     sunday_doses,storage_doses,restock,wastage_rate\n"
        .to_owned();
    let mut reach = "area,site\n".to_owned();
    for site in 0..shape.sites {
        let (area, at) = (dice.between(0, shape.areas - 1), point(dice));
        let (week, waste) = (dice.between(shape.capacity.0, shape.capacity.1), dice.between(0, 9));
        let storage = week * dice.between(2, 5);
        writeln!(
            sites,
            "S{site},点{site},A{area},{at},{week},{},0,{storage},mon thu,0.0{waste}",
            week / 2
        )
        .unwrap();
        for area in (0..shape.areas).filter(|_| dice.between(0, 2) > 0) {
            writeln!(reach, "A{area},S{site}").unwrap();
        }
    }
    put("sites.csv", sites);
    put("reach.csv", reach);
    let mut teams = "team,name,latitude,longitude,work_minutes,max_stops,doses_per_hour,\
                     doses_per_day,wastage_rate\n"
        .to_owned();
    for team in 0..shape.teams {
        writeln!(teams, "T{team},队{team},{},400,3,30,200,0.05", point(dice)).unwrap();
    }
    put("teams.csv", teams);
    let mut stops =
        "stop,name,area,latitude,longitude,setup_minutes,max_doses,weekdays\n".to_owned();
    for stop in 0..shape.stops {
        let (area, at) = (dice.between(0, shape.areas - 1), point(dice));
        let most = dice.between(20, 120);
        writeln!(stops, "P{stop},停{stop},A{area},{at},20,{most},mon wed fri").unwrap();
    }
    put("stops.csv", stops);
}

/// A lot each week. Together they cover the shape's percentage of the need.
fn deliveries(shape: Shape, needed: u32, dice: &mut Dice) -> String {
    let mut text = "lot,product,date,doses,expires\n".to_owned();
    let weeks = shape.days.div_ceil(7).max(2) - 1;
    for week in 0..weeks {
        let doses = needed * shape.supply / 100 / weeks * dice.between(60, 140) / 100;
        let (first, last) = (week * 7, week * 7 + dice.between(shape.lot_days.0, shape.lot_days.1));
        writeln!(text, "L{week},made-up,{},{doses},{}", day(first), day(last)).unwrap();
    }
    text
}

fn read(dir: &Path) -> Campaign {
    let read = doseplan::intake::campaign(dir, doseplan::intake::series::all());
    read.unwrap_or_else(|issues| panic!("{issues:?}")).campaign
}

fn plan(campaign: &Campaign, steps: u32) -> Plan {
    let (limits, from) = (Limits::steps(steps), campaign.start);
    let request =
        Request { campaign, given: &[], from, published: &[], told: None, warm: None, limits };
    planner::make(&request, &mut |_| {}, &mut || 0.0)
}

/// Steps of a short search.
const STEPS: u32 = 256;

#[test]
fn plans_of_every_kind_are_feasible_below_their_bound_and_the_same_twice() {
    let world = World::empty();
    for (kind, shape) in KINDS {
        for seed in 0..3 {
            let dir = world.path(&format!("{seed}"));
            write(shape, seed, &dir);
            let campaign = read(&dir);
            let made = plan(&campaign, STEPS);
            let report = planner::check(&campaign, &made.rows, &[], campaign.start);
            assert_eq!(report.violations, [], "{kind} {seed}");
            let (bound, problems) =
                planner::check_certificate(&campaign, &made.certificate, &[], campaign.start);
            assert_eq!(problems, Vec::<String>::new(), "{kind} {seed}");
            let figures = &made.figures;
            let slack = 1e-6 * bound.abs().max(1.0);
            assert!(bound.is_finite() && bound >= figures.objective - slack, "{kind} {seed}");
            assert!(figures.gap.is_finite() && figures.gap < 1.0, "{kind} {seed}: {figures:?}");
            assert!(figures.objective >= made.stages.greedy.objective * 0.999, "{kind} {seed}");
            let left: u64 = made.unplaced.iter().map(|one| u64::from(one.people)).sum();
            assert_eq!(left + figures.people_finished, figures.people, "{kind} {seed}");
            assert_eq!(plan(&campaign, STEPS), made, "{kind} {seed}: not the same twice");
        }
    }
}

#[test]
fn the_independent_checker_agrees_on_every_kind() {
    let Some(shared) = shared() else { return };
    let world = World::empty();
    for (at, (kind, shape)) in (0..).zip(KINDS) {
        let dir = world.path(&format!("kind-{at}"));
        write(shape, 100 + at, &dir);
        let folder = text(&dir);
        let steps = STEPS.to_string();
        let made = ["plan", "make", "--folder", folder, "--steps", &steps, "-o", "csv"];
        let made = world.run(&[&made[..], &["--certificate", "c.json"]].concat()).ends(0);
        let (plan, prices) = (world.file("plan.csv", &made.out), world.path("c.json"));
        let theirs = judge(&shared, &[folder, text(&plan), "--certificate", text(&prices)]);
        assert_eq!(theirs["feasible"], true, "{kind}: {theirs}");
        assert!(theirs["gap"].as_f64().is_some_and(|gap| (-1e-9..1.0).contains(&gap)), "{kind}");
    }
}

/// Tiny folders, for which every plan can be tried.
fn miniature(dice: &mut Dice) -> Shape {
    let low = dice.between(2, 3);
    Shape {
        days: dice.between(5, 8),
        doses: dice.between(1, 2),
        interval: (low, low + dice.between(0, 2)),
        areas: dice.between(1, 2),
        people: (1, 2),
        sites: dice.between(1, 2),
        capacity: (1, 2),
        teams: 0,
        stops: 0,
        supply: dice.between(80, 250),
        lot_days: (2, 9),
        opens: dice.between(0, 2),
    }
}

/// One possible course for a person: day and site of each dose, and its value.
type Way = (Vec<(u32, usize)>, f64);

/// Every course that a cohort can take, the best first.
fn ways(campaign: &Campaign, shape: Shape, area: &str, priority: f64, opens: u32) -> Vec<Way> {
    let reached: Vec<usize> = (0..campaign.sites.len())
        .filter(|&site| {
            let code = &campaign.sites[site].code;
            campaign.reach.iter().any(|row| row.area.as_str() == area && row.site == *code)
        })
        .collect();
    let mut all: Vec<Way> = vec![(Vec::new(), 0.0)];
    for dose in 0..shape.doses {
        let share = campaign.series.share(usize::try_from(dose).unwrap());
        let mut longer = Vec::new();
        for (steps, worth) in &all {
            let days = match steps.last() {
                None => opens..=shape.days - 1,
                Some((before, _)) => {
                    let (low, high) = shape.interval;
                    before + low..=(before + high).min(shape.days - 1)
                }
            };
            for day in days {
                for &site in &reached {
                    let mut steps = steps.clone();
                    steps.push((day, site));
                    let left = f64::from(shape.days - day) / f64::from(shape.days);
                    longer.push((steps, worth + priority * share * left));
                }
            }
        }
        all = longer;
    }
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

/// The search for the best plan of a tiny campaign, over the courses of every person.
struct Every<'a> {
    campaign: &'a Campaign,
    /// For each person, the cohort (area, group) and its courses.
    people: Vec<(String, String, Vec<Way>)>,
    chosen: Vec<Option<usize>>,
    best: f64,
}

impl Every<'_> {
    fn try_all(&mut self, person: usize, worth: f64) {
        let rest = &self.people[person..];
        let most: f64 = rest.iter().map(|one| one.2.first().map_or(0.0, |way| way.1)).sum();
        if worth + most <= self.best + 1e-9 {
            return;
        }
        if person == self.people.len() {
            self.best = worth;
            return;
        }
        let (area, group, _) = &self.people[person];
        let twin =
            person > 0 && (&self.people[person - 1].0, &self.people[person - 1].1) == (area, group);
        let first = if twin { self.chosen[person - 1].unwrap_or(usize::MAX) } else { 0 };
        for at in first.min(self.people[person].2.len())..self.people[person].2.len() {
            let more = self.people[person].2[at].1;
            self.chosen.push(Some(at));
            // More doses never repair a plan that breaks a rule.
            if self.is_feasible() {
                self.try_all(person + 1, worth + more);
            }
            self.chosen.pop();
        }
        self.chosen.push(None);
        self.try_all(person + 1, worth);
        self.chosen.pop();
    }

    fn is_feasible(&self) -> bool {
        let mut rows = std::collections::BTreeMap::new();
        for (at, (area, group, ways)) in self.chosen.iter().zip(&self.people) {
            let Some(at) = at else { continue };
            for (dose, (day, site)) in (1_u8..).zip(&ways[*at].0) {
                let key = (*day, *site, area.as_str(), group.as_str(), dose);
                *rows.entry(key).or_insert(0) += 1;
            }
        }
        let row = |((day, site, area, group, dose), doses): ((u32, usize, &str, &str, u8), u32)| {
            PlanRow {
                day: self.campaign.start + chrono::TimeDelta::days(i64::from(day)),
                place: self.campaign.sites[site].code.clone(),
                team: None,
                area: area.into(),
                group: group.into(),
                dose,
                doses,
            }
        };
        let rows: Vec<PlanRow> = rows.into_iter().map(row).collect();
        planner::check(self.campaign, &rows, &[], self.campaign.start).is_feasible()
    }
}

#[test]
fn on_tiny_campaigns_no_plan_is_better_than_the_bound_and_few_better_than_ours() {
    let world = World::empty();
    let (mut best, mut tried, mut lost) = (0, 0, 0.0);
    for seed in 0..60 {
        let shape = miniature(&mut Dice(seed));
        let dir = world.path(&format!("{seed}"));
        write(shape, seed, &dir);
        let campaign = read(&dir);
        let mut people = Vec::new();
        for row in &campaign.eligible {
            let (area, group) = (row.area.as_str(), row.group.as_str());
            let (priority, opens) = if group == "old" { (3.0, 0) } else { (1.5, shape.opens) };
            let ways = ways(&campaign, shape, area, priority, opens);
            for _ in 0..row.people {
                people.push((area.to_owned(), group.to_owned(), ways.clone()));
            }
        }
        let mut every = Every { campaign: &campaign, people, chosen: Vec::new(), best: 0.0 };
        every.try_all(0, 0.0);
        let made = plan(&campaign, 2000);
        let (ours, bound) = (made.figures.objective, made.figures.upper_bound);
        assert!(ours <= every.best + 1e-9, "{seed}: {ours} above the optimum {}", every.best);
        assert!(bound >= every.best - 1e-9, "{seed}: {bound} below the optimum {}", every.best);
        if every.best > 0.0 {
            tried += 1;
            best += u32::from(ours >= every.best * (1.0 - 1.1e-3));
            lost += (every.best - ours) / every.best;
        }
    }
    eprintln!(
        "{best} of {tried} at the optimum; {:.3} % lost on average",
        lost / f64::from(tried) * 100.0
    );
    assert!(tried >= 30, "{tried} with something to plan");
    assert!(best * 10 >= tried * 7, "{best} of {tried} at the optimum");
}
