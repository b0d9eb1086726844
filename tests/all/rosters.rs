//! Staff of a jurisdiction and their rosters, from files, held against an independent checker.

use crate::support::{World, python, shared, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small jurisdiction with staff and two campaigns, and a plan over them.
struct County {
    world: World,
    shared: PathBuf,
    instance: PathBuf,
}

impl County {
    /// A copy of the instance whose files a test may change; `None` where the instances are not there.
    fn new() -> Option<Self> {
        let shared = shared()?;
        let world = World::empty();
        let instance = world.path("two");
        for name in ["jurisdiction", "flu", "hepb"] {
            let to = instance.join(name);
            std::fs::create_dir_all(&to).unwrap();
            let from = shared.join("planning/joint/two-1").join(name);
            for entry in std::fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
        Some(Self { world, shared, instance })
    }

    fn jurisdiction(&self) -> PathBuf {
        self.instance.join("jurisdiction")
    }

    /// Writes a plan and its prices; returns what was said about people who are missing.
    fn plan(&self, steps: &str) -> (PathBuf, String) {
        let (flu, hepb) = (self.instance.join("flu"), self.instance.join("hepb"));
        let (county, prices) = (self.jurisdiction(), self.world.path("prices.json"));
        let ran = self.world.run(&[
            "plan",
            "make",
            "--jurisdiction",
            text(&county),
            "--folder",
            text(&flu),
            "--folder",
            text(&hepb),
            "--steps",
            steps,
            "--certificate",
            text(&prices),
            "-o",
            "csv",
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        (self.world.file("plan.csv", &ran.out), ran.err)
    }

    fn roster(&self, name: &str, more: &[&str]) -> (i32, PathBuf, String) {
        let county = self.jurisdiction();
        let mut arguments = vec!["roster", "make", "--jurisdiction", text(&county), "-o", "csv"];
        arguments.extend(more);
        let ran = self.world.run(&arguments);
        (ran.code, self.world.file(name, &ran.out), ran.err)
    }

    /// Our check and the independent one agree; returns ours.
    fn judged(&self, roster: &Path, more: &[&str]) -> Value {
        let county = self.jurisdiction();
        let mut arguments = vec!["roster", "check", "--jurisdiction", text(&county), "-o", "json"];
        arguments.push(text(roster));
        arguments.extend(more);
        let ours = self.world.run(&arguments);
        let script = self.shared.join("planning/check_roster.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(&county).arg(roster).args(more).args(["-o", "json"]);
        let theirs = command.output().expect("python3 starts");
        let theirs: Value = serde_json::from_slice(&theirs.stdout).expect("JSON");
        let (code, ours) = (ours.code, ours.json());
        let rules = |all: &Value| {
            let rules = all["violations"].as_array().expect("a list").iter();
            let mut rules: Vec<String> = rules.map(|one| one["rule"].to_string()).collect();
            rules.sort();
            rules
        };
        assert_eq!(rules(&ours), rules(&theirs), "{ours} {theirs}");
        assert_eq!(code, i32::from(theirs["holds"] == false));
        ours
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.jurisdiction().join(file);
        let old = std::fs::read_to_string(&path).unwrap();
        assert!(old.contains(from), "{file}: {from}");
        std::fs::write(path, old.replace(from, to)).unwrap();
    }
}

#[test]
fn a_plan_with_staff_has_a_roster_that_keeps_every_rule() {
    let Some(county) = County::new() else { return };
    let (plan, said) = county.plan("400");
    assert!(!said.contains("missing"), "{said}");
    let plan = text(&plan);
    let (code, roster, said) = county.roster("roster.csv", &["--plan", plan]);
    assert_eq!(code, 0, "{said}");
    let judged = county.judged(&roster, &["--plan", plan]);
    assert_eq!(judged["violations"], serde_json::json!([]));
    for kind in ["days", "weekends"] {
        let spread = &judged["fairness"][kind];
        let (is, bound) = (spread["unfairness"].as_u64(), spread["bound"].as_u64());
        assert!(is.unwrap() * 10 <= bound.unwrap() * 11, "{kind}: {spread}");
    }
    // The plan itself is one of the whole jurisdiction, and its prices prove their bound.
    let prices = county.world.path("prices.json");
    let script = county.shared.join("planning/check_joint.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(county.jurisdiction());
    for name in ["flu", "hepb"] {
        command.arg(county.instance.join(name)).arg(plan);
    }
    let output = command.arg("--certificate").arg(&prices).args(["-o", "json"]).output().unwrap();
    let theirs: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(theirs["feasible"], true, "{theirs}");
    assert_eq!(theirs["certificate_problems"], serde_json::json!([]), "{theirs}");
}

#[test]
fn where_few_people_work_the_plan_does_only_what_they_can() {
    let Some(county) = County::new() else { return };
    // One doctor in three stays, so sites cannot open on every day.
    let path = county.jurisdiction().join("staff.csv");
    let old = std::fs::read_to_string(&path).unwrap();
    let mut doctors = 0;
    let kept = old.lines().filter(|line| {
        let is_doctor = line.contains(",doctor,") && line.contains(",S0");
        doctors += u32::from(is_doctor);
        !is_doctor || doctors % 3 == 1
    });
    let new = kept.collect::<Vec<_>>().join("\n") + "\n";
    let new = new.replace("mon tue wed thu fri sat,5", "mon tue wed thu fri sat,3");
    std::fs::write(&path, new).unwrap();
    std::fs::write(county.jurisdiction().join("leave.csv"), "staff,date,until,reason\n").unwrap();
    let (plan, said) = county.plan("200");
    assert!(!said.contains("missing"), "{said}");
    let (code, roster, said) = county.roster("roster.csv", &["--plan", text(&plan)]);
    assert_eq!(code, 0, "{said}");
    let judged = county.judged(&roster, &["--plan", text(&plan)]);
    assert_eq!(judged["violations"], serde_json::json!([]));
}

#[test]
fn a_sick_call_changes_little_and_a_broken_roster_is_found() {
    let Some(county) = County::new() else { return };
    let (plan, _) = county.plan("0");
    let plan = text(&plan);
    let (_, old, _) = county.roster("old.csv", &["--plan", plan]);
    let all = std::fs::read_to_string(&old).unwrap();
    let row: Vec<&str> = all.lines().nth(40).expect("a row").split(',').collect();
    let (day, who) = (row[0], row[1]);
    let leave = county.jurisdiction().join("leave.csv");
    let mut away = std::fs::read_to_string(&leave).unwrap();
    away += &format!("{who},{day},,sick\n");
    std::fs::write(&leave, away).unwrap();
    let found = county.judged(&old, &["--plan", plan]);
    assert_eq!(found["violations"][0]["rule"], "absent", "{found}");
    let more = ["--plan", plan, "--before", text(&old), "--from", day];
    let (code, new, said) = county.roster("new.csv", &more);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("changes; "), "{said}");
    let moved: u32 =
        said.split("changes; ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((1..=3).contains(&moved), "{said}");
    let judged = county.judged(&new, &["--plan", plan, "--before", text(&old), "--from", day]);
    assert_eq!(judged["violations"], serde_json::json!([]));
    let one_less: String =
        all.lines().take(3).chain(all.lines().skip(4)).collect::<Vec<_>>().join("\n");
    let broken = county.world.file("broken.csv", one_less);
    let judged = county.judged(&broken, &["--plan", plan]);
    assert!(judged["violations"].as_array().is_some_and(|all| all.len() > 1), "{judged}");
}

#[test]
fn a_roster_is_shown_and_goes_to_everybody_as_a_calendar() {
    let Some(county) = County::new() else { return };
    county.replace("staff.csv", "工作人员1,", "\"=1+1\",");
    let (plan, _) = county.plan("0");
    let (_, roster, _) = county.roster("roster.csv", &["--plan", text(&plan)]);
    let dir = county.jurisdiction();
    let shown = county.world.run(&[
        "roster",
        "show",
        "--jurisdiction",
        text(&dir),
        text(&roster),
        "--staff",
        "W001",
        "-o",
        "csv",
    ]);
    assert!(shown.csv().iter().all(|row| row["staff"] == "W001"), "{}", shown.out);
    assert!(!shown.csv().is_empty());
    let out = county.world.path("duties");
    let ran = county.world.run(&[
        "roster",
        "export",
        "--jurisdiction",
        text(&dir),
        text(&roster),
        text(&out),
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let calendar = std::fs::read_to_string(out.join("W001.ics")).unwrap();
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), shown.csv().len());
    assert!(calendar.contains("DTSTART:20260"), "{calendar}");
    let sheet = std::fs::read_to_string(out.join("S01.csv")).unwrap();
    assert!(sheet.starts_with('\u{feff}') && !sheet.contains(",=1"), "{sheet}");
    // The workbooks of the weeks have every duty once.
    let script = "import sys, glob, openpyxl\nnames = 0\n\
        for path in glob.glob(sys.argv[1] + '/week-*.xlsx'):\n \
        for sheet in openpyxl.load_workbook(path):\n  \
        for row in sheet.iter_rows(min_row=4, min_col=2):\n   \
        names += sum(len(c.value.split(chr(10))) for c in row if c.value)\nprint(names)";
    let Some(names) = python("openpyxl", script, &[text(&out)]) else { return };
    let duties = std::fs::read_to_string(&roster).unwrap().lines().count() - 1;
    assert_eq!(names.trim(), duties.to_string());
}

#[test]
fn a_roster_without_staff_or_days_says_what_to_do() {
    let Some(county) = County::new() else { return };
    let (plan, _) = county.plan("0");
    let (code, _, said) = county.roster("none.csv", &[]);
    assert_eq!(code, 2, "{said}");
    let more = ["--plan", text(&plan), "--from", "2030-01-01"];
    let (code, _, said) = county.roster("none.csv", &more);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--until"), "{said}");
    std::fs::remove_file(county.jurisdiction().join("staff.csv")).unwrap();
    std::fs::remove_file(county.jurisdiction().join("leave.csv")).unwrap();
    let (code, _, said) = county.roster("none.csv", &["--plan", text(&plan)]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("staff.csv"), "{said}");
}
