//! The official figures: cases worked out by hand from the official texts, and the tables of an independent program.

use crate::support::{Ran, World, csv_rows, python, shared, skipped, text};
use doseplan::app::national::{BehindCohort, BehindPeriod, National};
use doseplan::domain::national::{CountingOptions, MonthSpan, YearMonth};
use doseplan::intake::national::RuleChoices;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const UNITS: &str = "unit,name,township,county,kind\nA,A,T1,C1,routine\nB,B,T2,C1,routine\n\
                     M,M,T1,C1,maternity\nN,N,T1,C1,nonprogramme\nX,X,T9,C2,routine\n";

/// A case: the files of its children, and the lines that say what comes out.
#[derive(Default)]
struct Case {
    name: String,
    children: String,
    doses: String,
    moves: String,
    asked: Vec<(String, Vec<String>)>,
}

/// The values of `key=value` words, and the words without `=`.
fn words(line: &str) -> (BTreeMap<&str, &str>, Vec<&str>) {
    let (named, plain): (Vec<&str>, Vec<&str>) =
        line.split_whitespace().partition(|word| word.contains('='));
    (named.into_iter().filter_map(|word| word.split_once('=')).collect(), plain)
}

fn cases(text: &str) -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    let mut count = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(asked) = all.last_mut().filter(|_| line.starts_with(' ')) {
            let (_, lines) = asked.asked.last_mut().expect("a table before its lines");
            lines.push(line.trim().to_owned());
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "case" {
            let name = rest.split(" |").next().unwrap_or(rest).to_owned();
            all.push(Case { name, ..Case::default() });
            continue;
        }
        let case = all.last_mut().expect("a case first");
        let (named, plain) = words(rest);
        let get = |key: &str, other| named.get(key).copied().unwrap_or(other);
        let file = get("file", "f");
        match word {
            "open" => {}
            "child" => {
                let name = get("name", "");
                let line = [
                    file,
                    name,
                    get("id", ""),
                    get("guardian", ""),
                    get("sex", "1"),
                    get("born", ""),
                    get("unit", "A"),
                    get("died", ""),
                    get("mother", "02"),
                    get("weight", "3200"),
                    get("uploaded", ""),
                ];
                writeln!(case.children, "{}", line.join(",")).unwrap();
            }
            "dose" => {
                count += 1;
                let (vaccine, date, unit) = (plain[0], plain[1], plain[2]);
                let (by, at) = (get("by", unit), get("at", date));
                let attribute = get("attr", "P");
                let line = [vaccine, date, unit, by, at, attribute, get("number", "")].join(",");
                writeln!(case.doses, "{count},{file},{line}").unwrap();
            }
            "move" => writeln!(case.moves, "{file},{},{}", plain[0], plain[1]).unwrap(),
            "month" | "cum" | "cohort" | "year90" => case.asked.push((line.to_owned(), vec![])),
            other => panic!("{}: {other}", case.name),
        }
    }
    all
}

fn write_folder(case: &Case, dir: &Path) {
    let file = |name: &str, text: String| std::fs::write(dir.join(name), text).unwrap();
    let head = "child,name,id_no,guardian,sex,born,unit,died,mother_hbsag,birth_weight,uploaded\n";
    file("children.csv", format!("{head}{}", case.children));
    let head = "dose,child,vaccine,date,unit,entered_by,entered_at,attribute,number\n";
    file("doses.csv", format!("{head}{}", case.doses));
    file("units.csv", UNITS.to_owned());
    file("moves.csv", format!("child,since,unit\n{}", case.moves));
}

fn national(dir: &Path) -> National {
    let options = CountingOptions::default();
    National::of_folder(dir, None, &RuleChoices::default(), options).unwrap_or_else(|issues| {
        let lines: Vec<String> = issues.iter().map(ToString::to_string).collect();
        panic!("{}: {}", dir.display(), lines.join("\n"))
    })
}

fn month(text: &str) -> YearMonth {
    let (year, month) = text.split_once('-').expect("a month");
    YearMonth::new(year.parse().unwrap(), month.parse().unwrap()).expect("a month")
}

fn table(national: &National, kind: &str, when: &str) -> Value {
    let period = |span| national.period_json(&national.period(span), kind, when);
    match kind {
        "month" => period(MonthSpan::month(month(when))),
        "cum" => period(MonthSpan::january_to(month(when))),
        "cohort" => national.cohort_json(&national.cohort(when.parse().unwrap())),
        "year90" => {
            let cohort = national.cohort(format!("{when}-12-31").parse().expect("a year"));
            national.townships_json(&national.over_limit(&cohort), when.parse().unwrap())
        }
        other => panic!("no table {other}"),
    }
}

/// The cells of some families of rows at every unit, as lines of a case.
fn period_lines(table: &Value, families: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for (scope, rows) in table["scopes"].as_object().unwrap() {
        let Some(unit) = scope.strip_prefix("unit:") else { continue };
        for (row, cell) in rows.as_object().unwrap() {
            if !families.contains(&row.split('-').next().unwrap_or_default()) {
                continue;
            }
            let number = |key: &str| cell[key].as_u64().unwrap_or(0);
            let mut line = format!(
                "{row} {unit} {} {} {}",
                number("due"),
                number("programme"),
                number("other")
            );
            if number("merged") > 0 {
                write!(line, " {}", number("merged")).unwrap();
            }
            lines.push(line);
        }
    }
    lines.sort();
    lines
}

/// What a line of a cohort case asks for, as the table says it.
fn cohort_value(group: &Value, key: &str) -> String {
    let shown = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let rows = &group["rows"];
    match key {
        "children" | "female" => shown(&group[key]),
        "HPV_base" => shown(&group["hpv_base"]),
        "full" => shown(&group["full"]["n"]),
        _ => match (key.strip_prefix("timely_"), key.strip_prefix("dropout_")) {
            (Some(row), _) => shown(&rows[row]["timely"]),
            (_, Some(row)) => {
                let all = group["dropout"].as_object().unwrap();
                let own = all.iter().find(|(name, _)| name.starts_with(&format!("{row}-")));
                own.map_or("-".to_owned(), |(_, rate)| shown(rate))
            }
            _ => shown(&rows[key]["n"]),
        },
    }
}

fn check_case(case: &Case, dir: &Path) -> Vec<String> {
    write_folder(case, dir);
    let national = national(dir);
    let mut wrong = Vec::new();
    for (asked, lines) in &case.asked {
        let parts: Vec<&str> = asked.split_whitespace().collect();
        let table = table(&national, parts[0], parts[1]);
        let mut tell = |said: String| wrong.push(format!("{} {asked}: {said}", case.name));
        match parts[0] {
            "month" | "cum" => {
                let mut expected: Vec<String> = lines
                    .iter()
                    .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                    .filter(|line| !line.ends_with(" 0 0 0"))
                    .collect();
                expected.sort();
                let found = period_lines(&table, &parts[3..]);
                if found != expected {
                    tell(format!("{found:?}, expected {expected:?}"));
                }
            }
            "cohort" => {
                for line in lines {
                    let units = table["scopes"].as_object().unwrap();
                    if line == "none" {
                        if !units.is_empty() {
                            tell("a child is in a group".to_owned());
                        }
                        continue;
                    }
                    let (named, plain) = words(line);
                    let group = &table["scopes"][format!("unit:{}", plain[1])][plain[0]];
                    for (key, value) in named {
                        let found = match group {
                            Value::Null => "0".to_owned(),
                            group => cohort_value(group, key),
                        };
                        if found != value {
                            tell(format!("{line}: {key}={found}"));
                        }
                    }
                }
            }
            _ => {
                for line in lines {
                    let (named, plain) = words(line);
                    let found = &table["scopes"]["all"]["rows"][plain[0]]["townships"];
                    let found = found.to_string();
                    if found != named["townships"] {
                        tell(format!("{line}: {found}"));
                    }
                }
            }
        }
    }
    wrong
}

fn data() -> Option<PathBuf> {
    let folder = shared()?.join("national");
    if folder.join("cases").is_dir() && folder.join("sample").is_dir() {
        return Some(folder);
    }
    skipped("national/cases and national/sample are not beside the shared instances");
    None
}

#[test]
fn every_case_worked_out_by_hand_comes_out() {
    let Some(data) = data() else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(data.join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    let world = World::empty();
    let (mut count, mut wrong) = (0, Vec::new());
    for file in files {
        for case in cases(&std::fs::read_to_string(file).unwrap()) {
            count += 1;
            wrong.extend(check_case(&case, &world.folder()));
        }
    }
    assert!(count >= 84, "{count} cases");
    assert!(wrong.is_empty(), "{} lines are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every place where two tables differ, and the number of cells compared.
fn differences(path: &str, found: &Value, expected: &Value, out: &mut Vec<String>) -> usize {
    if let (Value::Object(own), Value::Object(other)) = (found, expected) {
        let keys: std::collections::BTreeSet<&String> = own.keys().chain(other.keys()).collect();
        let none = Value::String("(none)".to_owned());
        let get = |map: &serde_json::Map<String, Value>, key: &String| {
            map.get(key).cloned().unwrap_or_else(|| none.clone())
        };
        let each = |key: &&String| {
            let (own, other) = (get(own, key), get(other, key));
            differences(&format!("{path} {key}"), &own, &other, out)
        };
        keys.iter().map(each).sum()
    } else {
        if found != expected {
            out.push(format!("{path}: {found}, expected {expected}"));
        }
        1
    }
}

#[test]
fn every_cell_of_the_sample_is_that_of_the_independent_program() {
    let Some(data) = data() else { return };
    let sample = data.join("sample");
    let national = national(&sample);
    let (mut count, mut wrong) = (0, Vec::new());
    for (kind, when) in [
        ("month", "2024-10"),
        ("month", "2025-03"),
        ("cum", "2025-06"),
        ("cohort", "2025-12-31"),
        ("year90", "2025"),
    ] {
        let file = sample.join(format!("expected-{kind}-{when}.json"));
        let expected: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let found = table(&national, kind, when);
        count += differences(&format!("{kind} {when}"), &found, &expected, &mut wrong);
    }
    let shown: Vec<&String> = wrong.iter().take(60).collect();
    assert!(wrong.is_empty(), "{} of {count} cells are wrong:\n{shown:#?}", wrong.len());
    assert!(count > 20_000, "{count} cells");
    // The command prints the same.
    let world = World::empty();
    let arguments = ["national", "month", "2025-03", "--folder", text(&sample), "-o", "json"];
    let printed = world.run(&arguments).ends(0).json();
    assert_eq!(printed, table(&national, "month", "2025-03"));
}

/// A folder with children born on some days, managed at A, and their doses: `(child, vaccine, date)`.
fn small(world: &World, children: &[(&str, &str)], doses: &[(&str, &str, &str)]) -> PathBuf {
    let mut case = Case::default();
    for (child, born) in children {
        writeln!(case.children, "{child},,,,2,{born},A,,02,3200,").unwrap();
    }
    for (number, (child, vaccine, date)) in (1..).zip(doses) {
        writeln!(case.doses, "{number},{child},{vaccine},{date},A,A,{date},P,").unwrap();
    }
    let dir = world.path("small");
    std::fs::create_dir_all(&dir).unwrap();
    write_folder(&case, &dir);
    dir
}

/// A delivered file of rules, changed, in a folder of its own.
#[track_caller]
fn changed(world: &World, file: &str, changes: &[(&str, &str)]) -> PathBuf {
    let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/national").join(file);
    let mut rules = std::fs::read_to_string(delivered).unwrap();
    for (from, to) in changes {
        assert!(rules.contains(from), "{file} has no {from:?}");
        rules = rules.replacen(from, to, 1);
    }
    let dir = world.path("rules");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(file), rules).unwrap();
    dir
}

/// `due programme other` of a row of unit A in a month, by the command.
#[track_caller]
fn cell(world: &World, folder: &Path, month: &str, row: &str, options: &[&str]) -> Option<String> {
    let mut arguments = vec!["national", "month", month, "--folder", text(folder), "-o", "json"];
    arguments.extend(options);
    let printed = world.run(&arguments).ends(0).json();
    let cell = &printed["scopes"]["unit:A"][row];
    let number = |key: &str| cell[key].as_u64().unwrap_or(0);
    (!cell.is_null())
        .then(|| format!("{} {} {}", number("due"), number("programme"), number("other")))
}

#[test]
fn another_interval_is_an_edit_of_a_file() {
    let world = World::empty();
    let doses = [("c", "MPSV-A", "2025-01-20")];
    let folder = small(&world, &[("c", "2024-06-15")], &doses);
    let rules = changed(&world, "period.toml", &[("MenA-1 + 3 months", "MenA-1 + 2 months")]);
    assert_eq!(cell(&world, &folder, "2025-03", "MenA-2", &[]), None);
    let other = cell(&world, &folder, "2025-03", "MenA-2", &["--rules", text(&rules)]);
    assert_eq!(other.as_deref(), Some("1 0 0"));
}

#[test]
fn another_substitute_is_an_edit_of_a_file() {
    let world = World::empty();
    let folder = small(&world, &[("c", "2022-06-15")], &[("c", "MCV5", "2025-03-20")]);
    let rules = changed(
        &world,
        "vaccines.toml",
        &[
            ("programme = [\n", "programme = [\n    \"MCV5\",\n"),
            (
                "{ vaccines = [\"MPSV-AC\", \"MPSV4\"] }",
                "{ vaccines = [\"MPSV-AC\", \"MPSV4\", \"MCV5\"] }",
            ),
        ],
    );
    assert_eq!(cell(&world, &folder, "2025-03", "MenAC-1", &[]), None);
    let other = cell(&world, &folder, "2025-03", "MenAC-1", &["--rules", text(&rules)]);
    assert_eq!(other.as_deref(), Some("1 1 0"));
}

#[test]
fn another_row_is_an_edit_of_two_files() {
    let world = World::empty();
    let folder = small(&world, &[("c", "2024-01-15")], &[]);
    let course = "[[courses]]\nid = \"VarV\"\ntakes = [{ vaccines = [\"Varicella\"] }]\n\
                  source = \"a notice\"\n\n";
    changed(
        &world,
        "vaccines.toml",
        &[
            ("\"Varicella\", ", ""),
            ("programme = [\n", "programme = [\n    \"Varicella\",\n"),
            ("[[courses]]", &format!("{course}[[courses]]")),
        ],
    );
    let row = "[[rows]]\nid = \"VarV-1\"\nvaccine = \"水痘疫苗\"\ndose = \"1\"\n";
    let row = format!(
        "{row}english = \"Varicella\"\ncourse = \"VarV\"\nnumber = 1\n\
         due = [{{ start = [\"12 months\"] }}]\ndue_before = \"7 years\"\nsource = \"a notice\"\n\n"
    );
    let rules = changed(
        &world,
        "period.toml",
        &[("[[rows]]\nid = \"BCG-1\"", &format!("{row}[[rows]]\nid = \"BCG-1\""))],
    );
    assert_eq!(cell(&world, &folder, "2025-01", "VarV-1", &[]), None);
    let other = cell(&world, &folder, "2025-01", "VarV-1", &["--rules", text(&rules)]);
    assert_eq!(other.as_deref(), Some("1 0 0"));
}

#[test]
fn another_date_of_change_is_an_edit_of_a_file() {
    let world = World::empty();
    let doses =
        [("c", "IPV", "2021-04-01"), ("c", "IPV", "2021-05-01"), ("c", "bOPV", "2021-06-01")];
    let folder = small(&world, &[("c", "2021-01-15")], &doses);
    let change = "changes = [{ from = \"2025-02-01\", due = [{ start = [\"5 years\"] }] }]\n";
    let polio = "due = [{ start = [\"4 years\", \"Polio-3 + 1 month\"] }]\n";
    let rules = changed(&world, "period.toml", &[(polio, &format!("{polio}{change}"))]);
    let rules = ["--rules", text(&rules)];
    for (month, before, after) in
        [("2025-01", Some("1 0 0"), Some("1 0 0")), ("2025-02", Some("1 0 0"), None)]
    {
        assert_eq!(cell(&world, &folder, month, "Polio-4", &[]).as_deref(), before, "{month}");
        assert_eq!(cell(&world, &folder, month, "Polio-4", &rules).as_deref(), after, "{month}");
    }
}

#[test]
fn what_a_file_of_rules_says_wrongly_is_told_by_name() {
    let world = World::empty();
    let folder = small(&world, &[("c", "2024-01-15")], &[]);
    for (file, from, to, told) in [
        ("period.toml", "due_before", "due_befor", "due_before"),
        ("period.toml", "course = \"HepB\"", "course = \"HepX\"", "HepX"),
        ("period.toml", "HepB-1 + 1 month", "HepB-1 + 1 moon", "1 moon"),
        ("period.toml", "since = \"dtap-from\"", "since = \"dtap-form\"", "dtap-from"),
        ("period.toml", "only = \"hepb-special\"", "only = \"hepb-specials\"", "hepb-special"),
        ("period.toml", "row = \"JEI-2\"", "row = \"JEI-9\"", "JEI-9"),
        ("vaccines.toml", "{ vaccines = [\"BCG\"] }", "{ vaccines = [\"BCGG\"] }", "BCGG"),
        ("vaccines.toml", "not_after = [\"HepAI\"]", "not_after = [\"HepAX\"]", "HepAX"),
        ("cohort.toml", "any = [\"HepB-1\"]", "any = [\"HepB-x\"]", "HepB-x"),
        ("townships.toml", "row = \"HepA\"", "row = \"HepAA\"", "HepAA"),
    ] {
        let rules = changed(&world, file, &[(from, to)]);
        let arguments =
            ["national", "month", "2025-03", "--folder", text(&folder), "--rules", text(&rules)];
        let ran = world.run(&arguments).ends(4);
        assert!(ran.err.contains(told) && ran.err.contains(file), "{to}: {}", ran.err);
        std::fs::remove_dir_all(&rules).unwrap();
    }
    let rules = changed(&world, "period.toml", &[]);
    std::fs::rename(rules.join("period.toml"), rules.join("periods.toml")).unwrap();
    let arguments =
        ["national", "month", "2025-03", "--folder", text(&folder), "--rules", text(&rules)];
    assert!(world.run(&arguments).ends(4).err.contains("period.toml"));
}

#[test]
fn what_is_wrong_with_the_files_is_told_and_counted_apart() {
    let world = World::empty();
    let dir = world.path("bad");
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, content: &str| std::fs::write(dir.join(name), content).unwrap();
    write("units.csv", "unit,name,township,county,kind\nA,甲,T1,C1,routine\nX,乙,T9,C2,routine\n");
    write(
        "townships.csv",
        "township,county,population,merged_as\nT1,C1,20000,T1\nT2,C1,3000,T2\n\
         T3,C1,4000,T9\nT9,C2,5000,T9\n",
    );
    write(
        "children.csv",
        "child,name,id_no,sex,born,unit\nc1,甲,1,2,2024-05-20,A\nc2,乙,1,1,2024-05-21,A\n\
         c3,丙,3,1,2024-05-22,\nc4,丁,4,1,2024-05-23,Z\nc1,戊,5,1,2024-05-24,A\n\
         c6,己,6,1,2024-13-01,A\n",
    );
    write(
        "doses.csv",
        "dose,child,vaccine,date,unit,entered_by,entered_at,attribute\n\
         1,c1,Mmr,2025-02-10,A,A,2025-02-10,P\n2,c1,MMR,2024-01-10,A,A,2024-01-10,P\n\
         3,c2,MMR,2025-03-10,Q,Q,2025-03-10,P\n4,c9,MMR,2025-02-10,A,A,2025-02-10,P\n\
         5,c2,HepB,2024-05-22,A,A,2024-05-22,\n6,c2,BCG,2024-05-22,A,A,soon,P\n\
         5,c2,DTaP,2024-08-22,A,A,2024-08-22,P\n7,c1,BCG,2024-05-20,A,A,2024-05-20,P\n",
    );
    let folder = ["--folder", text(&dir), "-o", "json"];
    let run = |head: &[&str]| {
        let arguments: Vec<&str> = head.iter().copied().chain(folder).collect();
        world.run(&arguments).ends(3)
    };
    let ran = run(&["national", "month", "2025-03"]);
    let apart = &ran.json()["apart"];
    for (code, count) in [
        ("vaccine_without_rule", 1),
        ("before_birth", 1),
        ("unit_not_listed", 2),
        ("unknown_child", 1),
        ("child_without_unit", 1),
        ("births_differ", 1),
        ("attribute_missing", 1),
        ("record_twice", 1),
        ("duplicate_key", 1),
        ("bad_date", 2),
        ("due_without_unit", 2),
        ("given_at_unit_not_listed", 1),
    ] {
        assert_eq!(apart[code], count, "{code}: {apart} {}", ran.err);
    }
    assert!(ran.err.contains("did you mean “MMR”"), "{}", ran.err);
    // c2 had its dose elsewhere, c1 and the others with a unit are due.
    assert_eq!(ran.json()["scopes"]["unit:A"]["MCV-1"]["due"], 1);
    let ran = run(&["national", "month", "2099-03"]);
    assert!(ran.err.contains("after today"), "{}", ran.err);
    let ran = run(&["national", "year90", "2025"]);
    for told in
        ["“T2” has fewer than 10000", "“T3” cannot be merged into “T9”", "it is one township"]
    {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    assert_eq!(ran.json()["scopes"]["all"]["merged_townships"], 4);
    let missing = world.run(&["national", "month", "2025-03", "--folder", "nowhere"]).ends(4);
    assert!(missing.err.contains("doses.csv"), "{}", missing.err);
}

#[test]
fn options_read_the_open_questions_otherwise() {
    let world = World::empty();
    // O2: 1 month after dose 2 and 6 months after dose 1 is 10 July.
    let doses = [("c", "HepB", "2025-01-10"), ("c", "HepB", "2025-03-20")];
    let folder = small(&world, &[("c", "2025-01-10")], &doses);
    assert_eq!(cell(&world, &folder, "2025-07", "HepB-3", &[]), None);
    for gap in ["1m", "60d", "1 month"] {
        let found = cell(&world, &folder, "2025-07", "HepB-3", &["--hepb3-gap", gap]);
        assert_eq!(found.as_deref(), Some("1 0 0"), "{gap}");
    }
    // O3: a child of two months in November 2024.
    let folder = small(&world, &[("c", "2024-09-10")], &[]);
    assert_eq!(cell(&world, &folder, "2024-11", "DTaP-1", &[]), None);
    let early = ["--dtap-from", "2024-11-01"];
    assert_eq!(cell(&world, &folder, "2024-11", "DTaP-1", &early).as_deref(), Some("1 0 0"));
    // R-je.
    let folder = small(&world, &[("c", "2024-05-10")], &[]);
    assert_eq!(cell(&world, &folder, "2025-02", "JEL-1", &[]).as_deref(), Some("1 0 0"));
    assert_eq!(cell(&world, &folder, "2025-02", "JEL-1", &["--no-je"]), None);
    assert_eq!(cell(&world, &folder, "2025-02", "MCV-1", &["--no-je"]).as_deref(), Some("1 0 0"));
    // O19 and O10.
    let doses = [("c", "Rabies", "2020-01-10")];
    let folder = small(&world, &[("c", "2011-05-10"), ("d", "2011-06-10")], &doses);
    let cohort = |options: &[&str]| {
        let mut arguments =
            vec!["national", "cohort", "2025-12-31", "--folder", text(&folder), "-o", "json"];
        arguments.extend(options);
        world.run(&arguments).ends(0).json()["scopes"]["unit:A"]["14"].clone()
    };
    let group = cohort(&[]);
    assert_eq!((&group["children"], &group["hpv_base"]), (&1.into(), &0.into()));
    assert_eq!(cohort(&["--keep-out-files"])["children"], 2);
    assert_eq!(cohort(&["--hpv-cohort", "all"])["hpv_base"], 1);
}

#[test]
fn a_month_as_it_was_known_stays_the_same_for_ever() {
    let Some(data) = data() else { return };
    let sample = data.join("sample");
    let world = World::empty();
    let known_on = "2025-04-10";
    // What the files said on that day: no later records, files and moves.
    let cut = world.path("cut");
    std::fs::create_dir_all(&cut).unwrap();
    let read = |name: &str| std::fs::read_to_string(sample.join(name)).unwrap();
    let doses = csv_rows(&read("doses.csv"));
    let mut known: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    for dose in doses.iter().filter(|dose| dose["entered_at"].as_str() <= known_on) {
        known.insert(&dose["child"]);
    }
    let keep = |name: &str, is_kept: &dyn Fn(&[&str]) -> bool| {
        let text = read(name);
        let (head, rows) = text.split_once('\n').unwrap();
        let rows: Vec<&str> =
            rows.lines().filter(|line| is_kept(&line.split(',').collect::<Vec<_>>())).collect();
        std::fs::write(cut.join(name), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    };
    keep("doses.csv", &|cells| cells[6] <= known_on);
    keep("children.csv", &|cells| cells[11] <= known_on || known.contains(cells[0]));
    keep("moves.csv", &|cells| cells[1] <= known_on);
    keep("units.csv", &|_| true);
    let run = |folder: &Path, options: &[&str]| {
        let mut arguments =
            vec!["national", "month", "2025-03", "--folder", text(folder), "-o", "json"];
        arguments.extend(options);
        world.run(&arguments).json()["scopes"].clone()
    };
    let later = run(&sample, &["--known-on", known_on]);
    let mut wrong = Vec::new();
    let count = differences("", &later, &run(&cut, &[]), &mut wrong);
    assert!(wrong.is_empty() && count > 500, "{count}: {wrong:#?}");
    assert_ne!(later, run(&sample, &[]));
}

#[test]
fn tables_do_not_depend_on_the_order_of_the_rows() {
    let Some(data) = data() else { return };
    let sample = data.join("sample");
    let world = World::empty();
    let dir = world.folder();
    for name in ["children.csv", "doses.csv", "units.csv", "townships.csv", "moves.csv"] {
        let text = std::fs::read_to_string(sample.join(name)).unwrap();
        let (head, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<&str> = rows.lines().collect();
        // Moves of one day follow their order in the file.
        if name != "moves.csv" {
            rows.reverse();
        }
        std::fs::write(dir.join(name), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    }
    let (first, second) = (national(&sample), national(&dir));
    for (kind, when) in [("cum", "2025-06"), ("cohort", "2025-12-31"), ("year90", "2025")] {
        assert_eq!(table(&first, kind, when), table(&second, kind, when), "{kind}");
    }
}

#[test]
fn every_cell_is_as_large_as_the_children_behind_it() {
    use doseplan::app::national::ExplainedPart as Part;
    use doseplan::domain::national::ScopeKey;
    let Some(data) = data() else { return };
    let national = national(&data.join("sample"));
    let scope = ScopeKey::County("C1".to_owned());
    let span = MonthSpan::january_to(month("2025-06"));
    let table = national.period(span);
    let counts = &table.scopes(&national.folder.places)[&scope];
    for (row, rule) in national.rules.period.rows.iter().enumerate().step_by(3) {
        let row_id = rule.id.clone();
        let behind = national.count(&BehindPeriod { span, scope: scope.clone(), row: row_id });
        let count = |part| behind.iter().filter(|child| child.part == part).count() as u64;
        let own = counts[row];
        assert_eq!(
            (own.not_given, own.programme, own.other, own.merged),
            (
                count(Part::NotGiven),
                count(Part::Programme),
                count(Part::Other),
                count(Part::Merged)
            ),
            "{}",
            rule.id
        );
    }
    let day = "2025-12-31".parse().unwrap();
    let cohort = national.cohort(day);
    let ages = &cohort.scopes(&national.folder.places)[&scope];
    for (row, rule) in national.rules.cohort.rows.iter().enumerate().step_by(4) {
        for (age, group) in ages.iter().filter(|(age, _)| [2, 7, 14].contains(*age)) {
            let (scope, row_id) = (scope.clone(), Some(rule.id.clone()));
            let behind = national.count(&BehindCohort { day, scope, age: *age, row: row_id });
            let done = behind.iter().filter(|child| child.part != Part::Missing).count() as u64;
            let base = if rule.only.is_some() && *age < 14 { 0 } else { group.base_of(rule) };
            assert_eq!((done, behind.len() as u64), (group.done(row), base), "{} {age}", rule.id);
        }
    }
}

#[test]
fn duplicate_files_are_shown_as_pairs() {
    let world = World::empty();
    let case = Case {
        children: "f1,Zhang,ID1,,1,2024-05-20,A,,02,3200,2024-06-01\n\
                   f2,Zhang,ID1,Li,1,2024-05-20,N,,02,3200,2025-01-15\n\
                   f3,Zhang,,Li,1,2024-05-20,B,,02,3200,2025-01-16\n\
                   f4,Zhang,,,1,2024-05-20,B,,02,3200,2025-01-16\n"
            .to_owned(),
        doses: "1,f1,HepB,2024-05-20,A,A,2024-05-20,P,\n2,f2,HepB,2024-05-20,B,B,2024-06-20,P,\n\
                3,f3,HepB,2024-06-25,B,B,2024-06-25,P,\n"
            .to_owned(),
        ..Case::default()
    };
    write_folder(&case, &world.folder());
    let folder = world.folder();
    let ran =
        world.run(&["national", "duplicates", "--folder", text(&folder), "-o", "csv"]).ends(0);
    let pairs: Vec<[String; 5]> = ran
        .csv()
        .iter()
        .map(|row| {
            ["file", "other_file", "keys", "kept", "merged_doses"].map(|key| row[key].clone())
        })
        .collect();
    let pair = |cells: [&str; 5]| cells.map(str::to_owned);
    assert_eq!(
        pairs,
        [
            pair(["f1", "f2", "name+id_no", "f2", "1"]),
            pair(["f2", "f3", "name+sex+born+guardian", "f3", "2"]),
        ]
    );
}

/// The cells of every sheet, as openpyxl reads them.
const CELLS: &str = r#"
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
out = {}
for sheet in book.worksheets:
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    merged = sorted(str(area) for area in sheet.merged_cells.ranges)
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, float)]
    formats = {cell.number_format for cell in cells}
    out[sheet.title] = {"rows": rows, "merged": merged, "formats": sorted(formats)}
print(json.dumps({"sheets": out, "order": book.sheetnames}))
"#;

/// The rows of a sheet below its headings; a whole number of a rate has two decimals, too.
fn body(sheet: &Value, first: &str) -> Vec<Vec<String>> {
    let rows = sheet["rows"].as_array().unwrap();
    let is_first = |row: &&Value| row[0] == first;
    let at = rows.iter().position(|row| is_first(&row)).expect("the first row of the form");
    let shown = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows[at..].iter().map(|row| row.as_array().unwrap().iter().map(shown).collect()).collect()
}

#[test]
fn workbooks_and_csv_have_the_official_layout_row_by_row() {
    let Some(data) = data() else { return };
    let sample = data.join("sample");
    let world = World::empty();
    let form: Value =
        serde_json::from_slice(&std::fs::read(data.join("forms.json")).unwrap()).unwrap();
    let save = |kind: &str, when: &str, file: &str| {
        let path = world.path(file);
        let arguments = [
            "national",
            kind,
            when,
            "--folder",
            text(&sample),
            "--save",
            text(&path),
            "--lang",
            "zh-CN",
        ];
        world.run(&arguments).ends(0);
        path
    };
    let rows_of = |name: &str| form[name]["rows"].as_array().unwrap().clone();
    let tables = |kind: &str, when: &str| {
        world
            .run(&[
                "national",
                kind,
                when,
                "--folder",
                text(&sample),
                "-o",
                "json",
                "--scope",
                "county:C1",
            ])
            .ends(0)
            .json()["scopes"]
            .clone()
    };

    // The month, and the same as CSV.
    let Some(said) = python("openpyxl", CELLS, &[text(&save("month", "2025-11", "m.xlsx"))]) else {
        return;
    };
    let book: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(book["order"][0], "all");
    assert!(book["order"].as_array().unwrap().iter().any(|name| name == "unit 530001010001"));
    let sheet = &book["sheets"]["county C1"];
    assert_eq!(sheet["rows"][0][0], "国家免疫规划疫苗接种率月报表");
    assert_eq!(sheet["formats"], serde_json::json!(["0.00"]));
    let heads: Vec<&Value> = sheet["rows"].as_array().unwrap()[3..5].iter().collect();
    assert_eq!(
        *heads[0],
        serde_json::json!(["疫苗（大类）", null, "应种儿童数", "实种儿童数", null, "接种率（%）"])
    );
    assert_eq!(
        *heads[1],
        serde_json::json!([
            null,
            null,
            null,
            "国家免疫规划疫苗",
            "非国家免疫规划疫苗（替代）",
            null
        ])
    );
    let table = tables("month", "2025-11");
    let expected: Vec<Vec<String>> = rows_of("period")
        .iter()
        .map(|row| {
            let own = &table["county:C1"][row["oracle"].as_str().unwrap()];
            let number = |key: &str| {
                let count = own[key].as_u64().unwrap_or(0).to_string();
                if row[key] == false { "—".to_owned() } else { count }
            };
            let rate = own["rate"].as_str().map_or("—".to_owned(), |rate| {
                serde_json::to_string(&rate.parse::<f64>().unwrap()).unwrap()
            });
            let word = |key: &str| row[key].as_str().unwrap().to_owned();
            vec![
                word("vaccine"),
                word("dose"),
                number("due"),
                number("programme"),
                number("other"),
                rate,
            ]
        })
        .collect();
    let whole = |cell: &String| cell.strip_suffix(".0").unwrap_or(cell).to_owned();
    let plain = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(whole).collect()).collect()
    };
    assert_eq!(plain(&body(sheet, "乙肝疫苗")), plain(&expected));
    let csv = std::fs::read_to_string(save("month", "2025-11", "m.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[3].starts_with("疫苗（大类）,,应种儿童数,实种儿童数,,接种率（%）"), "{csv}");
    assert_eq!(lines.len(), 5 + expected.len());

    // The cohort of a year's last day.
    let said = python("openpyxl", CELLS, &[text(&save("cohort", "2025-12-31", "c.xlsx"))]).unwrap();
    let book: Value = serde_json::from_str(&said).unwrap();
    let sheet = &book["sheets"]["county C1"];
    let found = body(sheet, "出生队列儿童数");
    let table = tables("cohort", "2025-12-31");
    let ages = &table["county:C1"];
    let rows = rows_of("cohort");
    assert_eq!((&*found[0][1], &*found[1][1]), ("全部", "女性"));
    for (line, row) in found[2..].iter().zip(&rows) {
        let word = |key: &str| row[key].as_str().unwrap();
        assert_eq!((&*line[0], &*line[1]), (word("vaccine"), word("dose")));
        assert_eq!(line.len(), 2 + 36);
        for age in 1..=18_usize {
            let group = &ages[age.to_string()];
            let own = match word("oracle") {
                "full" => &group["full"],
                row => &group["rows"][row],
            };
            let has_cell = age as u64 >= row["first_age"].as_u64().unwrap();
            let count = own["n"].as_u64().unwrap_or(0).to_string();
            let count = if has_cell { count } else { "—".to_owned() };
            let rate = own["rate"].as_str().filter(|_| has_cell).map_or("—".to_owned(), |rate| {
                serde_json::to_string(&rate.parse::<f64>().unwrap()).unwrap()
            });
            let at = 2 * age;
            let cells = (whole(&line[at]), whole(&line[at + 1]));
            assert_eq!(cells, (count, whole(&rate)), "{} {age}", word("oracle"));
        }
    }
    assert_eq!(found.len(), 2 + rows.len() + 4, "top rows, rows, notes");

    // The townships.
    let said = python("openpyxl", CELLS, &[text(&save("year90", "2025", "y.xlsx"))]).unwrap();
    let book: Value = serde_json::from_str(&said).unwrap();
    let sheet = &book["sheets"]["county C1"];
    let found = body(sheet, "乙肝疫苗第3剂");
    let table = tables("year90", "2025");
    for (line, row) in found.iter().zip(rows_of("townships90")) {
        let own = &table["county:C1"]["rows"][row["oracle"].as_str().unwrap()];
        let rate = own["rate"].as_str().unwrap().parse::<f64>().unwrap();
        let rate = serde_json::to_string(&rate).unwrap();
        let count = own["townships"].to_string();
        let name = row["vaccine"].as_str().unwrap().to_owned();
        assert_eq!(plain(std::slice::from_ref(line)), plain(&[vec![name, count, rate]]));
    }
}

const CHILDREN: [(&str, &str, &str, &str, &str); 4] = [
    ("k1", "A", "2021-01-05", "M", "S1"),
    ("k2", "A", "2021-01-20", "F", "S1"),
    ("k3", "B", "2021-02-03", "F", "S2"),
    ("k4", "B", "2019-02-03", "M", "S2"),
];
const GIVEN: [(&str, &str, &str, &str, &str); 6] = [
    ("b1", "k1", "2021-01-05", "S1", "BCG"),
    ("h1", "k1", "2021-01-05", "S1", "HepB"),
    ("h2", "k1", "2021-02-08", "S1", "HepB"),
    ("b2", "k2", "2021-01-21", "S1", "BCG"),
    ("b3", "k3", "2021-02-04", "S2", "BCG"),
    ("m1", "k4", "2021-03-04", "S2", "MMR"),
];

/// A world whose register has the children and their doses, and the same as a folder of files.
fn registered() -> (World, std::path::PathBuf) {
    let world = World::small();
    let (mut persons, mut children) =
        ("person,area,born,sex,unit\n".to_owned(), "child,born,sex,unit\n".to_owned());
    for (code, area, born, sex, unit) in CHILDREN {
        persons += &format!("{code},{area},{born},{sex},{unit}\n");
        children += &format!("{code},{born},{sex},{unit}\n");
    }
    let mut doses = "record,person,date,place,product,attribute\n".to_owned();
    let mut given = "dose,child,date,unit,vaccine,attribute\n".to_owned();
    for (record, child, day, place, vaccine) in GIVEN {
        let row = format!("{record},{child},{day},{place},{vaccine},P\n");
        doses += &row;
        given += &row;
    }
    let folder = in_both(&world, (&persons, &doses), (&children, &given));
    (world, folder)
}

/// Puts people and doses into the register, and the same children and doses into a folder of files.
pub(crate) fn in_both(
    world: &World,
    (persons, doses): (&str, &str),
    (children, given): (&str, &str),
) -> std::path::PathBuf {
    for (kind, rows) in [("persons", persons), ("doses", doses)] {
        let name = format!("{kind}.csv");
        world.file(&name, rows);
        world.run(&[kind, "import", &name]).ends(0);
    }
    let folder = world.path("files");
    std::fs::create_dir(&folder).unwrap();
    let units = "unit,name,township,county\nS1,甲镇卫生院,A,001\nS2,乙镇卫生院,B,001\n";
    for (name, text) in [("children", children), ("doses", given), ("units", units)] {
        std::fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
    folder
}

#[test]
fn the_register_gives_the_figures_of_its_files() {
    let (world, folder) = registered();
    let folder = folder.to_str().unwrap().to_owned();
    for asked in [&["month", "2021-02"][..], &["cum", "2021-03"], &["cohort", "2021-12-31"]] {
        let of = |more: &[&str]| -> Value {
            world.run(&[&["national"], asked, &["-o", "json"], more].concat()).json()
        };
        let (register, files) = (of(&[]), of(&["--folder", &folder]));
        assert_eq!(register["scopes"], files["scopes"], "{asked:?}");
        assert!(!files["scopes"].as_object().unwrap().is_empty(), "{asked:?}");
    }
}

#[test]
fn a_past_table_stays_as_it_was_after_corrections_moves_and_mergers_of_persons() {
    let (world, _) = registered();
    let at = |time: &str, arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", time);
        Ran::from(command.output().unwrap())
    };
    let known = "2099-01-01";
    // The same bytes, in every form.
    let table = || -> Vec<String> {
        let mut printed = Vec::new();
        for form in ["json", "csv", "table"] {
            for asked in [
                &["cum", "2021-03"][..],
                &["month", "2021-03"],
                &["cohort", "2022-12-31"],
                &["month", "2021-03", "--explain", "BCG-1"],
            ] {
                let known = ["--known-on", known, "-o", form];
                printed.push(world.run(&[&["national"], asked, &known].concat()).ends(0).out);
            }
        }
        printed
    };
    let before = table();
    let later = "2099-02-01T08:00:00+08:00";
    world.file("moved.csv", "person,area,born,sex,unit\nk1,A,2021-01-05,M,S2\n");
    at(later, &["persons", "import", "moved.csv"]).ends(0);
    world.file(
        "other.csv",
        "record,person,date,place,product,attribute\nb2,k2,2021-03-21,S1,BCG,P\n",
    );
    at(later, &["doses", "import", "other.csv"]).ends(0);
    at(later, &["persons", "merge", "k3", "k4"]).ends(0);
    assert_eq!(table(), before);
    for (at, asked) in [(1, ["month", "2021-03"]), (2, ["cohort", "2022-12-31"])] {
        let now = world.run(&[&["national"], &asked[..], &["-o", "json"]].concat()).ends(0).out;
        assert_ne!(now, before[at], "{asked:?}");
    }
}
