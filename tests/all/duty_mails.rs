//! Staff get their days at work by mail, teams their tour: on both databases, as an independent parser reads the mails.

use crate::letters::{found, sound};
use crate::support::{Ran, World, on_postgresql, small, text};
use crate::web::Office;
use serde_json::Value;
use std::collections::BTreeMap;

const STAFF: &str = "staff,name,home,roles,email\n\
    N1,赵一,S1,vaccinator,n1@small.example\n\
    N2,钱二,S1,registrar,\n\
    N3,孙三,S1,doctor,n3@small.example\n\
    N4,李四,S1,vaccinator,n4@small.example\n\
    N7,王七,T1,driver,\n";
const DAYS: [&str; 3] = ["2021-04-01", "2021-04-02", "2021-04-08"];

/// Runs a command at a local time.
#[track_caller]
fn at(world: &World, local: &str, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", format!("{local}:00+08:00"));
    Ran::from(command.output().expect("the program starts"))
}

/// Gives a jurisdiction files of its own.
fn with_files(world: &World, files: &[(&str, &str)]) {
    world.run(&["jurisdiction", "export", "county"]).ends(0);
    for (name, content) in files {
        std::fs::write(world.path("county").join(name), content).unwrap();
    }
    at(world, "2021-03-29T09:00", &["jurisdiction", "apply", "county"]).ends(0);
}

/// Three days of three people, in a file.
fn roster(world: &World) -> String {
    let mut rows = "date,staff,place,role\n".to_owned();
    for day in DAYS {
        for (who, role) in [("N1", "vaccinator"), ("N2", "registrar"), ("N3", "doctor")] {
            rows += &format!("{day},{who},S1,{role}\n");
        }
    }
    text(&world.file("roster.csv", rows)).to_owned()
}

/// How many mails about rosters each has by state.
fn rosters(world: &World) -> BTreeMap<(String, String), usize> {
    let mut out = BTreeMap::new();
    for (state, kind, to) in world.mails() {
        if kind == "roster" {
            *out.entry((to, state)).or_insert(0) += 1;
        }
    }
    out
}

fn counts(all: &[(&str, &str, usize)]) -> BTreeMap<(String, String), usize> {
    let one = |(who, state, count): &(&str, &str, usize)| {
        ((format!("{who}@small.example"), (*state).to_owned()), *count)
    };
    all.iter().map(one).collect()
}

/// The newest mail about a roster to somebody, as it was made.
fn newest(world: &World, who: &str) -> Option<Value> {
    let all = world.run(&["outbox", "list", "-o", "json"]).ends(0).json();
    let to = format!("{who}@small.example");
    let mails = all.as_array().unwrap().iter();
    let id = mails
        .filter(|mail| mail["kind"] == "roster" && mail["to"] == to.as_str())
        .map(|mail| mail["id"].as_i64().unwrap())
        .max()
        .expect("a mail");
    let eml = world.run(&["outbox", "show", &id.to_string(), "--part", "eml"]).ends(0).out;
    let file = world.file("roster.eml", eml);
    let mail = found(&[&file])?.remove(0);
    sound(&mail);
    Some(mail)
}

/// Day and state of the events of a mail's calendar.
fn events(mail: &Value) -> Vec<(String, String)> {
    let all = mail["files"]["calendar"]["events"].as_array().expect("events").iter();
    all.map(|one| {
        let day = one["day"].as_str().unwrap()[..10].to_owned();
        (day, one["status"].as_str().unwrap().to_owned())
    })
    .collect()
}

fn told_and_told_again(world: &World) {
    with_files(world, &[("staff.csv", STAFF)]);
    let file = roster(world);
    let publish = ["roster", "publish", &file];
    let said = at(world, "2021-03-30T10:00", &publish).ends(0).err;
    assert!(said.contains("9 duties") && said.contains("staff: 2"), "{said}");
    assert!(said.contains("want no mail: 1"), "{said}");
    assert_eq!(rosters(world), counts(&[("n1", "queued", 1), ("n3", "queued", 1)]));
    if let Some(mail) = newest(world, "n1") {
        assert_eq!(mail["subject"], "【排班】4/1起共 3 天");
        let page = mail["texts"]["text/plain"].as_str().unwrap();
        assert!(page.contains("甲镇卫生院") && page.contains("赵一"), "{page}");
        assert!(!page.contains("孙三"), "{page}");
        let wanted = DAYS.map(|day| (day.to_owned(), "CONFIRMED".to_owned()));
        assert_eq!(events(&mail), wanted);
    }
    // The same roster again tells nobody anything.
    at(world, "2021-03-30T10:05", &publish).ends(0);
    at(world, "2021-03-30T10:10", &["outbox", "drain"]).ends(0);
    assert_eq!(rosters(world), counts(&[("n1", "sent", 1), ("n3", "sent", 1)]));
    let listed = world.run(&["roster", "show", "--staff", "N1", "-o", "csv"]).ends(0).csv();
    assert_eq!(listed.len(), 3, "{listed:?}");
    sick_calls(world);
}

fn sick_calls(world: &World) {
    let leave = |local: &str, who: &str, day: &str| {
        at(world, local, &["roster", "leave", who, day, "--reason", "sick", "-o", "csv"])
    };
    // Tomorrow somebody else comes: both hear of it at once.
    let ran = leave("2021-03-31T07:30", "N1", "2021-04-01").ends(0);
    let days: Vec<_> =
        ran.csv().iter().map(|row| (row["staff"].clone(), row["date"].clone())).collect();
    let both = ["N1", "N4"].map(|who| (who.to_owned(), "2021-04-01".to_owned()));
    assert_eq!(days, both, "{}", ran.out);
    let first = [("n1", "sent", 1), ("n3", "sent", 1), ("n1", "queued", 1), ("n4", "queued", 1)];
    assert_eq!(rosters(world), counts(&first));
    if let Some(mail) = newest(world, "n1") {
        assert_eq!(mail["subject"], "【排班有变】4/1起");
        let off = ("2021-04-01".to_owned(), "CANCELLED".to_owned());
        assert!(events(&mail).contains(&off), "{:?}", events(&mail));
        let page = mail["texts"]["text/plain"].as_str().unwrap();
        assert!(page.contains("休息"), "{page}");
    }
    // What waits is made anew when it is no longer true.
    leave("2021-03-31T07:40", "N1", "2021-04-02").ends(0);
    let anew = [("n1", "withdrawn", 1), ("n4", "withdrawn", 1)];
    assert_eq!(rosters(world), counts(&[&first[..], &anew].concat()));
    at(world, "2021-03-31T09:00", &["outbox", "drain"]).ends(0);
    let sent = [("n1", "sent", 2), ("n3", "sent", 1), ("n4", "sent", 1)];
    assert_eq!(rosters(world), counts(&[&sent[..], &anew].concat()));
    // A day of next week: whoever had a mail today hears of it tomorrow.
    let said = leave("2021-03-31T10:00", "N1", "2021-04-08").ends(0).err;
    assert!(said.contains("staff: 0") && said.contains("tomorrow: 2"), "{said}");
    at(world, "2021-04-01T19:00", &["job", "run", "digest", "--at", "2021-04-01T19:00"]).ends(0);
    let last = [("n1", "queued", 1), ("n4", "queued", 1)];
    assert_eq!(rosters(world), counts(&[&sent[..], &anew, &last].concat()));
    // Nobody else is a doctor: it is said, and the others stay.
    let ran = leave("2021-04-01T19:30", "N3", "2021-04-02").ends(1);
    assert!(ran.err.contains("1 doctor missing"), "{}", ran.err);
    let place = ["roster", "show", "--from", "2021-04-02", "--until", "2021-04-02", "-o", "csv"];
    let there: Vec<_> =
        world.run(&place).ends(0).csv().iter().map(|row| row["staff"].clone()).collect();
    assert_eq!(there, ["N4", "N2"]);
    let again = leave("2021-04-01T19:40", "N3", "2021-04-02").ends(1);
    assert!(again.err.contains("on leave on these days already"), "{}", again.err);
    let nobody = leave("2021-04-01T19:40", "N9", "2021-04-02").ends(1);
    assert!(nobody.err.contains("nobody with the code N9"), "{}", nobody.err);
    let log = world.run(&["account", "log", "-o", "json"]).ends(0).json();
    let did = |what: &str| log.as_array().unwrap().iter().filter(|one| one["did"] == what).count();
    assert_eq!((did("roster-publish"), did("roster-leave")), (2, 4));
    leave_of_a_file(world);
}

/// Leave that comes with the jurisdiction's files changes the published roster as well.
fn leave_of_a_file(world: &World) {
    world.run(&["jurisdiction", "export", "away"]).ends(0);
    let path = world.path("away").join("leave.csv");
    let rows = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{}\nN4,2021-04-08,,training\n", rows.trim_end())).unwrap();
    let show = ["roster", "show", "--from", "2021-04-08", "--until", "2021-04-08", "-o", "csv"];
    let works = || -> Vec<String> {
        world.run(&show).ends(0).csv().iter().map(|row| row["staff"].clone()).collect()
    };
    assert!(works().contains(&"N4".to_owned()), "{:?}", works());
    let apply = ["jurisdiction", "apply", "away"];
    let dry = at(world, "2021-04-01T19:50", &[&apply[..], &["--dry-run"]].concat()).ends(10);
    assert!(dry.err.contains("1 vaccinator missing"), "{}", dry.err);
    assert!(works().contains(&"N4".to_owned()), "nothing is stored");
    let said = at(world, "2021-04-01T19:50", &apply).ends(0).err;
    assert!(said.contains("1 vaccinator missing") && said.contains("1 changes"), "{said}");
    assert!(!works().contains(&"N4".to_owned()), "{:?}", works());
    // Applied again it changes nothing.
    let again = at(world, "2021-04-01T19:55", &apply).ends(0).err;
    assert!(!again.contains("missing"), "{again}");
}

#[test]
fn staff_are_told_their_days_once_and_again_when_they_change() {
    told_and_told_again(&World::small());
    on_postgresql(|server| told_and_told_again(&World::on(server).applied(&small())));
}

#[test]
fn whoever_wants_no_mail_gets_none_and_a_bad_roster_is_refused_whole() {
    let world = World::small();
    with_files(&world, &[("staff.csv", STAFF)]);
    let file = roster(&world);
    let rows = std::fs::read_to_string(&file).unwrap();
    let bad =
        world.file("bad.csv", rows.replace("2021-04-02,N3,S1,doctor", "2021-04-02,N3,S1,driver"));
    let ran = at(&world, "2021-03-30T10:00", &["roster", "publish", text(&bad)]).ends(1);
    assert!(ran.err.contains("roster check"), "{}", ran.err);
    let past = at(&world, "2021-05-01T10:00", &["roster", "publish", &file]).ends(1);
    assert!(past.err.contains("before today"), "{}", past.err);
    world.run(&["roster", "show"]).ends(1);
    world.run(&["unsubscribe", "n3@small.example"]).ends(0);
    let said = at(&world, "2021-03-30T10:00", &["roster", "publish", &file]).ends(0).err;
    assert!(said.contains("want no mail: 2"), "{said}");
    assert_eq!(rosters(&world), counts(&[("n1", "queued", 1)]));
    // Where the office tells its staff otherwise, nothing is mailed.
    let quiet = World::small();
    quiet.file("doseplan.toml", "[mail]\nroster = \"never\"\n");
    with_files(&quiet, &[("staff.csv", STAFF)]);
    let file = roster(&quiet);
    at(&quiet, "2021-03-30T10:00", &["roster", "publish", &file]).ends(0);
    assert!(rosters(&quiet).is_empty());
}

#[test]
fn rosters_are_made_from_the_plans_in_force_and_exported_from_the_database() {
    let world = World::small();
    let team = "N5,吴五,T1,vaccinator,\nN6,郑六,T1,vaccinator,\n";
    let second = "M1,冯一,S2,vaccinator,\nM2,陈二,S2,registrar,\nM3,褚三,S2,doctor,\n";
    let plenty = "N8,卫八,S1,registrar,\nN9,蒋九,S1,doctor,\n";
    let staff = format!("{STAFF}{team}{second}{plenty}");
    with_files(&world, &[("staff.csv", &staff)]);
    world.plan_day_by_day();
    let days = ["--from", "2021-04-01", "--until", "2021-04-03"];
    let make = [&["roster", "make", "-o", "csv"][..], &days].concat();
    let made = at(&world, "2021-03-31T09:00", &make).ends(0);
    assert!(!made.csv().is_empty(), "{}", made.err);
    let file = world.file("made.csv", &made.out);
    at(&world, "2021-03-31T09:10", &["roster", "publish", text(&file)]).ends(0);
    let shown = world.run(&["roster", "show", "-o", "csv"]).ends(0).csv();
    assert_eq!(shown.len(), made.csv().len());
    world.run(&["roster", "export", "duties"]).ends(0);
    let names: Vec<_> = std::fs::read_dir(world.path("duties"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let ending = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
    assert!(ending(".ics") >= 3 && ending(".xlsx") == 1, "{names:?}");
}

#[test]
fn the_lead_of_a_team_reads_its_tour_by_the_clock_and_what_to_load() {
    let world = World::small();
    world.run(&["jurisdiction", "export", "county"]).ends(0);
    let stops = std::fs::read_to_string(world.path("county").join("stops.csv")).unwrap();
    let lines: Vec<&str> = stops.trim_start_matches('\u{feff}').lines().collect();
    let mut heads: Vec<&str> = lines[0].split(',').collect();
    let had = heads.len();
    for name in ["address", "phone"] {
        if !heads.contains(&name) {
            heads.push(name);
        }
    }
    let column = |name: &str| heads.iter().position(|head| *head == name).expect("a column");
    let row = |line: &&str| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        assert_eq!(cells.len(), had, "{line}");
        cells.resize(heads.len(), String::new());
        cells[column("address")] = format!("{}大街8号", cells[column("stop")]);
        cells[column("phone")] = "0511-86500000".to_owned();
        cells.join(",")
    };
    let rows: Vec<String> = lines[1..].iter().map(row).collect();
    let stops = format!("{}\n{}\n", heads.join(","), rows.join("\n"));
    with_files(&world, &[("stops.csv", &stops)]);
    world.plan_day_by_day();
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let tours: Vec<_> = plan.iter().filter(|row| row["team"] == "T1").collect();
    let first = tours.iter().map(|row| row["date"].clone()).min().expect("a tour");
    let day: chrono::NaiveDate = first.parse().unwrap();
    let eve = day.pred_opt().unwrap().to_string();
    let stop = &tours.iter().find(|row| row["date"] == first).unwrap()["place"];
    let preview = ["digest", "preview", "T1", "--day", &eve, "--part", "text"];
    let said = world.run(&preview).ends(0).out;
    for wanted in
        ["== 明日行程 ==", "各站合计需装车疫苗", "0511-86500000", &format!("{stop}大街8号")]
    {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let clock = |said: &str| said.matches("08:").count();
    assert!(clock(&said) > 0, "{said}");
    world.file("doseplan.toml", "[mail]\ntours_leave = \"13:00\"\n");
    let later = world.run(&preview).ends(0).out;
    assert!(clock(&later) == 0 && later.contains("13:"), "{later}");
}

#[test]
fn the_office_sees_the_published_week_and_how_much_of_each_place_is_used() {
    let world = World::small();
    with_files(&world, &[("staff.csv", STAFF)]);
    let file = roster(&world);
    at(&world, "2021-03-30T10:00", &["roster", "publish", &file]).ends(0);
    let office = Office::at(world, "2021-04-02T08:00:00+08:00");
    let page = office.login("planner").get("/c/small/roster?as-of=2021-04-01").body;
    for wanted in ["甲镇卫生院", "赵一", "04/01"] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    let file = "/c/small/roster?as-of=2021-04-01&roster-used.as=csv";
    let used = crate::support::csv_rows(
        office.login("planner").get(file).body.trim_start_matches('\u{feff}'),
    );
    let site =
        used.iter().find(|row| row.values().any(|cell| cell == "S1" || cell == "甲镇卫生院"));
    let site: Vec<&str> = site.expect("the site").values().map(String::as_str).collect();
    // Four people could work five days each; three work on two.
    for wanted in ["4", "20", "6"] {
        assert!(site.contains(&wanted), "{site:?}");
    }
    assert_eq!(office.login("viewer").get("/c/small/roster?as-of=2021-04-01").status, 403);
}
