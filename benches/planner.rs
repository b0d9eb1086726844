//! Promises: how far plans are from the best possible one, how soon, with how much memory; cost
//! that grows about linearly; small changes after small news. With the feature `highs` the same by HiGHS.
//!
//! The instances are those of the planner's independent checker; `DOSEPLAN_SHARED` names the
//! folder that has `planning/`. Names of instances as arguments choose some of them.

mod support;

use doseplan::domain::campaign::Campaign;
use doseplan::domain::dose::GivenRow;
use doseplan::domain::plan::{Plan, PlanRow};
use doseplan::domain::planner::{self, Limits, Request};
use doseplan::domain::site::Closure;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Result, Taken, memory_kib, mib, shown};

/// Instances with the gap that must be reached (per cent) and the time it may take.
const INSTANCES: [(&str, f64, u64); 5] = [
    ("tiny-1", 0.1, 1),
    ("tiny-mobile-1", 0.3, 2),
    ("county-1", 0.2, 10),
    ("county-mobile-1", 0.7, 60),
    ("large-1", 0.4, 120),
];
/// Danyang, with teams.
const DANYANG: (&str, f64, u64) = ("danyang-2021", 1.0, 60);
/// Where HiGHS is measured too, in a build that has it.
const HIGHS: [&str; 4] = ["county-1", "county-mobile-1", "large-1", DANYANG.0];
/// Seconds at which the curve of the gap is read.
const CURVE: [f64; 8] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0];
/// Villages of the large instance, for the cost at three sizes.
const SIZES: [usize; 3] = [75, 150, 300];
/// Steps of the method at each size.
const SIZE_STEPS: u32 = 640;
/// Steps of the plans that are compared after small news.
const NEWS_STEPS: u32 = 1500;
/// Days after the start on which the news come.
const NEWS_DAY: i64 = 30;

fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
    println!(
        "\n{:<18} {:>9} {:>6} {:>9} {:>6} {:>9} {:>9}",
        "", "gap %", "bar", "wall", "bar", "memory", "greedy %"
    );
    let shared = shared()?;
    let instances = INSTANCES.map(|one| (shared.join("planning/instances").join(one.0), one));
    let danyang = (PathBuf::from(support::CAMPAIGN), DANYANG);
    for (folder, bars) in instances.iter().chain([&danyang]).filter(|one| is_asked(one.1.0)) {
        instance(folder, *bars)?;
    }
    if is_asked("sizes") {
        sizes(&shared.join("planning/instances/large-1"))?;
    }
    if is_asked("news") {
        news()?;
    }
    Ok(())
}

fn shared() -> Result<PathBuf> {
    let named = std::env::var_os("DOSEPLAN_SHARED").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = named.unwrap_or_else(beside);
    if folder.join("planning/instances").is_dir() {
        return Ok(folder);
    }
    Err("no planning/instances; DOSEPLAN_SHARED names the folder that has planning/".into())
}

/// What planning an instance took and gave.
struct Made {
    taken: Taken,
    cpu_seconds: f64,
    plan: serde_json::Value,
    /// What the program told on its way.
    told: String,
}

impl Made {
    /// Plans an instance in a process of its own.
    fn of(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let dir = support::folder("planner")?;
        let (told, made) = (dir.join("told"), dir.join("made.json"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_doseplan"));
        command.args(["--lang", "en", "plan", "make", "-o", "json", "--folder"]).arg(folder);
        command.args(arguments).stdout(File::create(&made)?).stderr(File::create(&told)?);
        let (taken, cpu_seconds) = run(command)?;
        let plan = serde_json::from_slice(&std::fs::read(&made)?)?;
        Ok(Self { taken, cpu_seconds, plan, told: std::fs::read_to_string(&told)? })
    }

    fn gap(&self) -> f64 {
        percent(&self.plan["gap"])
    }
}

fn percent(value: &serde_json::Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN) * 100.0
}

/// Plans an instance and prints the promises, the curve, and how HiGHS compares.
fn instance(folder: &Path, (name, gap_bar, seconds_bar): (&str, f64, u64)) -> Result<()> {
    let own = Made::of(folder, &[])?;
    println!(
        "{name:<18} {:>9.3} {gap_bar:>6} {:>9} {:>6} {:>9} {:>9.2}",
        own.gap(),
        shown(own.taken.time),
        format!("{seconds_bar} s"),
        mib(own.taken.peak_kib),
        percent(&own.plan["stages"]["greedy"]["gap"]),
    );
    let curve = curve(&own.told);
    let at = |seconds: &f64| {
        let before = curve.iter().take_while(|one| one.0 <= *seconds).last();
        before.map(|one| format!("{seconds} s {:.2}", one.1))
    };
    let points: Vec<String> = CURVE
        .iter()
        .filter(|seconds| **seconds <= own.taken.time.as_secs_f64())
        .filter_map(at)
        .collect();
    println!("{:<18} gap % after: {}", "", points.join(" · "));
    if cfg!(feature = "highs") && HIGHS.contains(&name) {
        let highs = Made::of(folder, &["--solver", "highs"])?;
        let memory = highs.taken.peak_kib as f64 / own.taken.peak_kib.max(1) as f64;
        println!(
            "{:<18} {:>9.3} by HiGHS: {:.1} CPU s, {:.2} of our {:.1}; {}, {memory:.1} of ours",
            "",
            highs.gap(),
            highs.cpu_seconds,
            highs.cpu_seconds / own.cpu_seconds.max(0.01),
            own.cpu_seconds,
            mib(highs.taken.peak_kib),
        );
    }
    Ok(())
}

/// Runs a child to its end and watches its memory and CPU seconds.
fn run(mut command: Command) -> Result<(Taken, f64)> {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let (mut peak_kib, mut cpu_seconds) = (0, 0.0_f64);
    loop {
        peak_kib = peak_kib.max(memory_kib(&child, "VmHWM"));
        cpu_seconds = cpu_seconds.max(support::cpu_seconds(&child));
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                return Err(format!("{command:?}: {status}").into());
            }
            return Ok((
                Taken { time: start.elapsed(), cpu_secs: cpu_seconds, peak_kib },
                cpu_seconds,
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Seconds and gaps, as the program told them.
fn curve(told: &str) -> Vec<(f64, f64)> {
    let point = |line: &str| -> Option<(f64, f64)> {
        let seconds = line.split(" s: ").next()?.parse().ok()?;
        let gap = line.rsplit("gap ").next()?.strip_suffix(" %")?.parse().ok()?;
        Some((seconds, gap))
    };
    told.lines().filter_map(point).collect()
}

fn read(folder: &Path) -> Result<Campaign> {
    let read = doseplan::intake::campaign(folder, doseplan::intake::series::all());
    Ok(read.map_err(|issues| format!("{} issues in {}", issues.len(), folder.display()))?.campaign)
}

/// The same sites and days with more and more cohorts: time for each of them.
fn sizes(folder: &Path) -> Result<()> {
    let whole = read(folder)?;
    println!("\ncost of {SIZE_STEPS} steps, plans included, by cohorts (same days and places)");
    for villages in SIZES {
        let campaign = part(&whole, villages);
        let start = Instant::now();
        let plan = plan(&campaign, &[], &[], campaign.start, Limits::steps(SIZE_STEPS));
        let time = start.elapsed();
        let cells = campaign.eligible.len() * campaign.day_count() * campaign.sites.len();
        println!(
            "{:>6} cohorts {:>9} {:>7.1} ns for each cohort, day and place; gap {:.2} %",
            campaign.eligible.len(),
            shown(time),
            time.as_secs_f64() * 1e9 / cells as f64,
            plan.figures.gap * 100.0
        );
    }
    Ok(())
}

/// A campaign with the first villages that have cohorts, and vaccine for them.
fn part(whole: &Campaign, villages: usize) -> Campaign {
    let mut campaign = whole.clone();
    let mut seen = std::collections::BTreeSet::new();
    campaign.eligible.retain(|row| {
        seen.contains(&row.area) || (seen.len() < villages && seen.insert(row.area.clone()))
    });
    let people =
        |rows: &Campaign| rows.eligible.iter().map(|row| u64::from(row.people)).sum::<u64>();
    let (some, all) = (people(&campaign), people(whole).max(1));
    let share = |n: u32| u32::try_from(u64::from(n) * some / all).unwrap_or(n);
    for lot in &mut campaign.deliveries {
        lot.doses = share(lot.doses);
    }
    for site in &mut campaign.sites {
        site.weekday_doses = share(site.weekday_doses);
        site.saturday_doses = share(site.saturday_doses);
        site.sunday_doses = share(site.sunday_doses);
        site.storage_doses = site.storage_doses.map(share);
    }
    campaign
}

fn plan(
    campaign: &Campaign,
    given: &[GivenRow],
    published: &[PlanRow],
    from: chrono::NaiveDate,
    limits: Limits,
) -> Plan {
    let request = Request { campaign, given, from, published, told: None, warm: None, limits };
    planner::make(&request, &mut |_| {}, &mut || 0.0)
}

/// Danyang a month on, everything given as planned: sessions that change when a little is new,
/// against planning from scratch.
fn news() -> Result<()> {
    let campaign = read(Path::new(support::CAMPAIGN))?;
    let limits = Limits::steps(NEWS_STEPS);
    let first = plan(&campaign, &[], &[], campaign.start, limits);
    let from = campaign.start + chrono::TimeDelta::days(NEWS_DAY);
    let given: Vec<GivenRow> = first.rows.iter().filter(|row| row.day < from).map(done).collect();
    let mut closed = campaign.clone();
    let site = campaign.sites.first().ok_or("no site")?;
    let day = from + chrono::TimeDelta::days(10);
    closed.closures.push(Closure { place: site.code.to_string(), day, doses: 0 });
    let mut fewer = given.clone();
    if let Some(last) = fewer.last_mut() {
        last.doses -= last.doses / 2;
    }
    let mut late = campaign.clone();
    if let Some(lot) = late.deliveries.iter_mut().find(|lot| lot.date > from) {
        lot.date += chrono::TimeDelta::days(2);
    }
    println!(
        "\nsessions that change, of a thousand: the nightly re-plan, and planning from scratch"
    );
    let cases = [
        ("nothing new", &campaign, &given),
        ("a site closed for a day", &closed, &given),
        ("half a session not given", &campaign, &fewer),
        ("a lot two days late", &late, &given),
    ];
    for (what, campaign, given) in cases {
        let changed = |plan: &Plan| {
            let diff = planner::diff(&first.rows, &plan.rows, from);
            let all = diff.sessions.len() + diff.same_sessions;
            diff.sessions.len() as f64 * 1000.0 / all.max(1) as f64
        };
        let nightly = Request {
            campaign,
            given,
            from,
            published: &first.rows,
            told: None,
            warm: Some(&first.certificate),
            limits: Limits::QUICK,
        };
        let nightly = planner::make(&nightly, &mut |_| {}, &mut || 0.0);
        let scratch = plan(campaign, given, &[], from, limits);
        println!(
            "{what:<28} {:>6.1} {:>6.1}   gap {:.2} % and {:.2} %",
            changed(&nightly),
            changed(&scratch),
            nightly.figures.gap * 100.0,
            scratch.figures.gap * 100.0
        );
    }
    Ok(())
}

fn done(row: &PlanRow) -> GivenRow {
    let (place, area, group) = (row.place.clone(), row.area.clone(), row.group.clone());
    GivenRow { day: row.day, place, area, group, dose: row.dose, doses: row.doses }
}
