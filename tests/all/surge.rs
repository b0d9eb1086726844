//! What would it take: stations, staff and vaccine to reach the targets by a day, and the same as a what-if.

use crate::support::{Ran, World, number, on_postgresql, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const DANYANG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schedules/campaigns/danyang-2021");
const COUNTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/jurisdictions/base");

fn arguments(answer: &Value) -> Vec<String> {
    let all = answer["what_if"].as_array().expect("a list").iter();
    all.flat_map(|one| one.as_str().expect("a word").split(' ').map(str::to_owned)).collect()
}

#[test]
fn what_danyang_would_have_needed_in_thirty_days_turns_the_verdict() {
    let world = World::empty();
    let folder = ["--folder", DANYANG];
    let ask = ["plan", "surge", "--by", "2021-04-23", "--seconds", "600", "-o", "json"];
    let found = world.run(&[&ask[..], &folder].concat()).ends(0).json();
    let gap = found["gap"].as_f64().expect("a gap");
    assert!((0.0..=0.02).contains(&gap), "{gap}");
    assert_eq!(found["cut_short"], false);
    let adults = &found["groups"][1];
    assert_eq!((&adults["group"], &adults["is_possible"]), (&"adult".into(), &true.into()));
    assert!(number(&adults["today"]) < number(&adults["target_people"]), "{adults}");
    assert!(number(&adults["then"]) >= number(&adults["target_people"]), "{adults}");
    assert_eq!(found["groups"][0]["is_possible"], false, "seniors open too late for two doses");
    let needed: u64 =
        found["areas"].as_array().expect("a list").iter().map(|one| number(&one["needed"])).sum();
    assert!(needed as f64 >= found["staff"].as_f64().expect("a number"), "{found}");
    assert!(found["areas"].as_array().expect("a list").iter().all(|one| one["counted"].is_null()));
    // The same as a what-if.
    let own = arguments(&found);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let ask = ["plan", "what-if", "--steps", "100", "-o", "json"];
    let seen = world.run(&[&ask[..], &folder, &own].concat()).ends(0).json();
    let finished = number(&seen["what_if"]["groups"][1]["people_finished"]);
    assert!(finished >= number(&adults["target_people"]), "{finished}: {adults}");
}

/// The county of the fixtures with a target for influenza, and more rows of sites and staff.
fn county(world: &World, sites: &str, staff: &str) {
    let copy = |from: &Path, name: &str| -> PathBuf {
        let folder = world.path(name);
        fs::create_dir_all(&folder).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("a file");
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("copied");
        }
        folder
    };
    let places = copy(&Path::new(COUNTY).join("county"), "county");
    let flu = copy(&Path::new(COUNTY).join("flu"), "flu");
    let extend = |file: PathBuf, more: &str| {
        let held = fs::read_to_string(&file).unwrap_or_default();
        fs::write(file, held + more).expect("written");
    };
    let table = fs::read_to_string(places.join("sites.csv")).expect("a table");
    let mut lines = table.lines().map(str::to_owned);
    let head = format!("{},candidate,opening_cost\n", lines.next().expect("a header"));
    let rows: Vec<String> = lines.map(|line| format!("{line},,\n")).collect();
    fs::write(places.join("sites.csv"), head + &rows.concat() + sites).expect("written");
    if !sites.is_empty() {
        extend(places.join("reach.csv"), "T1,C1\n");
    }
    if !staff.is_empty() {
        let rows = staff.lines().map(|row| {
            if row.matches(',').count() == 3 { format!("{row},\n") } else { format!("{row}\n") }
        });
        let rows: String = rows.collect();
        extend(places.join("staff.csv"), &format!("staff,name,home,roles,until\n{rows}"));
    }
    extend(flu.join("campaign.toml"), "target = 0.9\n");
    world.run(&["jurisdiction", "apply", text(&places)]).ends(0);
    world.run(&["campaign", "apply", text(&flu)]).ends(0);
}

/// The people of the one station of S1.
const CREW: &str = "P1,赵一,S1,vaccinator\nP2,钱二,S1,registrar\nP3,孙三,S1,doctor\n";
const ASK: [&str; 5] = ["plan", "surge", "--by", "2026-09-26", "--from"];

#[test]
fn stations_that_fit_candidate_sites_and_counted_staff_are_those_of_the_jurisdiction() {
    let world = World::empty();
    let candidate = "C1,新城备选点,T1,200,,,,,08:00,16:00,,5,5,yes,1.5\n";
    // A whole crew for each site; the team has a driver alone.
    let near = "N1,张护士,S2,vaccinator registrar\nN2,李医生,S2,doctor vaccinator\n\
                N3,王师傅,S2,driver\nN4,周护士,S2,vaccinator\n";
    county(&world, candidate, &format!("{CREW}{near}"));
    let ask = [&ASK[..], &["2026-09-21", "-o", "json"]].concat();
    let found = world.run(&ask).ends(0).json();
    let more = &found["more"]["stations"];
    assert!(more["S1"].is_null(), "its one station is there: {found}");
    assert!(!found["more"].is_null(), "{found}");
    let places = found["places"].as_array().expect("a list");
    for place in places.iter().filter(|place| place["site"] == "C1") {
        assert_eq!((&place["new"], &place["stations_today"]), (&true.into(), &0.into()));
    }
    assert!(places.iter().any(|place| place["site"] == "C1"), "{found}");
    let counted = |area: &str| {
        let all = found["areas"].as_array().expect("a list").iter();
        all.filter(|one| one["area"] == area).map(|one| one["counted"].as_u64()).next_back()
    };
    assert_eq!(counted("T1"), Some(Some(1)), "its doctor: {found}");
    let said = world.run(&[&ASK[..], &["2026-09-21", "--lang", "en"]].concat()).ends(0).out;
    assert!(said.contains("new site") && !said.contains("Nobody has counted"), "{said}");
}

#[test]
fn without_staff_it_says_what_to_count_first_and_bad_questions_name_their_remedy() {
    let world = World::empty();
    county(&world, "", "");
    let ask =
        |more: &[&str]| world.run(&[&ASK[..], &["2026-09-21", "--lang", "en"], more].concat());
    let said = ask(&[]).ends(0).out;
    assert!(said.contains("Nobody has counted the staff") || said.contains("is enough"), "{said}");
    let refused = ask(&["--groups", "babies"]).ends(1).err;
    assert!(refused.contains("babies has no target") && refused.contains("60+"), "{refused}");
    let early = ["plan", "surge", "--by", "2026-09-01", "--lang", "en"];
    let refused = world.run(&early).ends(1).err;
    assert!(refused.contains("2026-09-01") && refused.contains("write a later day"), "{refused}");
    let what_if = |more: &[&str]| {
        let ask = ["plan", "what-if", "--from", "2026-09-21", "--steps", "0"];
        world.run(&[&ask[..], more].concat()).ends(1).err
    };
    assert!(what_if(&["--add-site", "S2"]).contains("candidate"));
    assert!(what_if(&["--stations", "S9=+1"]).contains("S9"));
    assert!(what_if(&["--staff", "+9@T1"]).contains("stations"), "one station fits");
    assert!(what_if(&["--vaccine", "9@2027-09-21"]).contains("2027-09-21"));
    assert!(what_if(&["--until", "2020-01-01"]).contains("2020-01-01"));
}

#[test]
fn a_supposition_that_changes_nothing_and_a_role_that_nobody_has_are_refused() {
    let world = World::empty();
    county(&world, "", "");
    let refused = |more: &[&str]| {
        let ask = ["plan", "what-if", "--lang", "en", "--steps", "0"];
        world.run(&[&ask[..], more].concat()).ends(2).err
    };
    for (option, value, write) in [
        ("--staff", "+0@T1", "+20@yunyang"),
        ("--stations", "S1=+0", "S01=+3"),
        ("--storage", "S1=+0", "S01=+3"),
        ("--vaccine", "0@2026-09-21", "5000@2021-07-01"),
        ("--team", "0", "+2 or -1"),
        ("--supply", "1.0", "0.8"),
        ("--delay", "L1=0d", "L07=10d"),
    ] {
        let said = refused(&[option, value]);
        assert!(said.contains(value) && said.contains("changes nothing"), "{option}: {said}");
        assert!(said.contains(write), "{option}: {said}");
    }
    let said = refused(&["--staff", "+1@T1=cook"]);
    assert!(said.contains("vaccinator, screener, registrar, observer, driver, doctor"), "{said}");
    let chinese = ["plan", "what-if", "--lang", "zh-CN", "--staff", "+0@T1"];
    let said = world.run(&chinese).ends(2).err;
    assert!(said.contains("不改变任何条件") && said.contains("+20@yunyang"), "{said}");
}

#[test]
fn what_if_counts_with_the_staff_of_the_database_and_says_whom_to_count_where_there_is_none() {
    let world = World::empty();
    // Nobody works at S2 any more, and the team has no crew: the people of T2 wait.
    let gone = "G1,周四,S2,vaccinator,2020-12-31\nG2,吴五,S2,driver,2020-12-31\n";
    county(&world, "", &format!("{CREW}{gone}"));
    let ask = ["plan", "what-if", "--from", "2026-09-21", "--steps", "0", "-o", "json"];
    let doses = |more: &[&str]| {
        let seen = world.run(&[&ask[..], more].concat()).ends(0).json();
        (number(&seen["today"]["doses"]), number(&seen["what_if"]["doses"]))
    };
    let (today, alone) = doses(&["--staff", "+1@T2"]);
    assert_eq!(today, alone, "a vaccinator alone opens no station");
    let crew = ["--staff", "+1@T2", "--staff", "+1@T2=registrar", "--staff", "+1@T2=doctor"];
    let (today, staffed) = doses(&crew);
    assert!(staffed > today, "{today} {staffed}");
    let (today, stations) = doses(&["--stations", "S2=+1"]);
    assert!(stations > today, "a station comes with its people: {today} {stations}");
    let said = |world: &World, more: &[&str]| {
        let ask = ["plan", "what-if", "--from", "2026-09-21", "--steps", "0", "--lang", "en"];
        world.run(&[&ask[..], more].concat()).ends(0).err
    };
    assert!(said(&world, &crew).contains("no more than the counted staff"));
    let uncounted = World::empty();
    county(&uncounted, "", "");
    let first = said(&uncounted, &["--stations", "S2=+1"]);
    assert!(first.contains("Count the staff of 东湖镇 first"), "{first}");
    let ask = ["plan", "what-if", "--from", "2026-09-21", "--staff", "+1@T2=registrar"];
    let refused = uncounted.run(&ask).ends(1).err;
    assert!(refused.contains("nobody has counted the staff"), "{refused}");
}

fn at(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("DOSEPLAN_CLOCK", "2026-09-01T20:00:00+08:00");
    Ran::from(command.output().expect("the program starts"))
}

/// A county whose only site gives so many doses on weekdays.
fn with_site(world: &World, doses: u32) {
    let folder = world.path("county");
    fs::create_dir_all(&folder).expect("a folder");
    let tables = [
        (
            "jurisdiction.toml",
            "id = \"C\"\nname = \"县\"\ntimezone = \"Asia/Shanghai\"\n".to_owned(),
        ),
        (
            "areas.csv",
            "area,name,parent,latitude,longitude,level\nC,县,,32.0,119.5,county\n\
             T1,城关镇,C,32.0,119.5,township\n"
                .to_owned(),
        ),
        ("sites.csv", format!("site,name,area,weekday_doses\nS1,城关接种点,T1,{doses}\n")),
        ("reach.csv", "area,site\nT1,S1\n".to_owned()),
    ];
    for (name, content) in tables {
        fs::write(folder.join(name), content).expect("written");
    }
    at(world, &["jurisdiction", "apply", text(&folder)]).ends(0);
}

/// A campaign of one dose for a hundred people.
fn with_campaign(world: &World, id: &str, (start, end): (&str, &str)) {
    let folder = world.path(id);
    fs::create_dir_all(&folder).expect("a folder");
    let head = format!(
        "id = \"{id}\"\nname = \"{id} 接种\"\ntimezone = \"Asia/Shanghai\"\nstart = {start}\n\
         end = {end}\nseries = \"{id}-one\"\n[[groups]]\nid = \"60+\"\nname = \"60岁及以上\"\n\
         target = 1.0\n"
    );
    let series = format!(
        "id = \"{id}-one\"\nname = \"{id}\"\nsource = \"made up for tests\"\n\
         season_start = \"09-01\"\n[[doses]]\nprotection = 1.0\n"
    );
    let lots = format!("lot,product,date,doses,expires\n{id}1,{id},2026-09-01,300,2027-03-01\n");
    let tables = [
        ("campaign.toml", head),
        ("series.toml", series),
        ("eligible.csv", "area,group,people\nT1,60+,100\n".to_owned()),
        ("deliveries.csv", lots),
    ];
    for (name, content) in tables {
        fs::write(folder.join(name), content).expect("written");
    }
    at(world, &["campaign", "apply", text(&folder)]).ends(0);
}

/// Whether each group of each campaign reaches its target with a plan that is made now.
fn reached(world: &World) -> Vec<bool> {
    let make = ["plan", "make", "--from", "2026-09-07", "--steps", "300", "-o", "json"];
    let made = at(world, &make).ends(0).json();
    let parts = made["campaigns"].as_array().expect("a list").iter();
    let groups = parts.flat_map(|part| part["verdict"].as_array().expect("a verdict").clone());
    groups.map(|one| one["reached"].as_bool().expect("a word")).collect()
}

fn two_campaigns(world: &World) {
    let week = ("2026-09-07", "2026-09-11");
    with_site(world, 20);
    with_campaign(world, "flu", week);
    with_campaign(world, "ppv", week);
    let ask = |more: &[&str]| {
        let ask = ["plan", "surge", "--from", "2026-09-07", "--station-doses", "20"];
        at(world, &[&ask[..], more].concat())
    };
    let by = ["--by", "2026-09-11", "-o", "json"];
    // Five days of twenty doses are enough for the hundred people of one campaign.
    let alone = ask(&[&by[..], &["--campaign", "flu"]].concat()).ends(0).json();
    assert_eq!(alone["more"], serde_json::json!({ "stations": {}, "teams": 0 }), "{alone}");
    assert!(alone["campaigns"].is_null() && alone["groups"][0]["campaign"].is_null(), "{alone}");
    // What is enough needs no steps.
    let enough = ask(&["--by", "2026-09-11", "--lang", "en", "--campaign", "flu"]).ends(0).out;
    assert!(
        enough.contains("What is there is enough.") && !enough.contains("plan what-if"),
        "{enough}"
    );
    let found = ask(&by).ends(0).json();
    assert_eq!(
        found["more"],
        serde_json::json!({ "stations": { "S1": 1 }, "teams": 0 }),
        "{found}"
    );
    let (staff, least) = (found["staff"].as_f64(), found["staff_at_least"].as_f64());
    assert_eq!(staff, Some(2.0), "a vaccinator and a registrar");
    assert!(least.is_some_and(|least| least > 1.9 && least < 2.0 + 1e-6), "{found}");
    let groups = found["groups"].as_array().expect("a list");
    let ids: Vec<&str> = groups.iter().filter_map(|one| one["campaign"].as_str()).collect();
    assert_eq!(ids, ["flu", "ppv"]);
    assert_eq!(groups.iter().map(|one| number(&one["today"])).sum::<u64>(), 100);
    assert!(groups.iter().all(|one| number(&one["then"]) == 100), "{found}");
    let place = &found["places"][0];
    assert_eq!((&place["stations_today"], &place["doses_a_day_more"]), (&1.into(), &20.into()));
    // What it says, entered in the jurisdiction, turns the verdict.
    assert!(reached(world).contains(&false), "a hundred doses for two hundred people");
    with_site(world, 40);
    assert_eq!(reached(world), [true, true]);
    let enough = ask(&by).ends(0).json();
    assert_eq!(enough["more"], serde_json::json!({ "stations": {}, "teams": 0 }), "{enough}");
}

#[test]
fn campaigns_that_share_a_site_have_one_answer_and_entering_it_turns_the_verdict() {
    two_campaigns(&World::empty());
    on_postgresql(|server| two_campaigns(&World::on(server)));
}

#[test]
fn one_answer_for_several_campaigns_is_said_by_campaign_and_leaves_out_those_that_begin_later() {
    let world = World::empty();
    with_site(&world, 20);
    with_campaign(&world, "flu", ("2026-09-07", "2026-09-11"));
    with_campaign(&world, "ppv", ("2026-09-07", "2026-09-30"));
    with_campaign(&world, "late", ("2026-10-12", "2026-10-30"));
    let ask = |more: &[&str]| {
        let ask = ["plan", "surge", "--from", "2026-09-07", "--station-doses", "20"];
        at(&world, &[&ask[..], more].concat())
    };
    let said = ask(&["--by", "2026-09-11", "--lang", "en"]).ends(0);
    for name in ["flu 接种 · 60岁及以上", "ppv 接种 · 60岁及以上"] {
        assert!(said.out.contains(name), "{}", said.out);
    }
    assert!(said.out.contains("doseplan plan make --from 2026-09-07"), "{}", said.out);
    assert!(said.err.contains("late") && said.err.contains("2026-10-12"), "{}", said.err);
    let rows = ask(&["--by", "2026-09-11", "-o", "csv"]).ends(0).csv();
    let stations = rows.iter().find(|row| row["kind"] == "stations").expect("a row");
    assert_eq!((stations["campaign"].as_str(), stations["more"].as_str()), ("", "1"));
    let refused = ask(&["--by", "2026-09-11", "--groups", "babies", "--lang", "en"]).ends(1).err;
    assert!(refused.contains("babies has no target"), "{refused}");
    let early = ask(&["--by", "2026-09-01", "--lang", "en"]).ends(1).err;
    assert!(early.contains("2026-09-07") && early.contains("write a later day"), "{early}");
}

#[test]
fn the_campaigns_of_a_folder_have_the_answer_of_the_database() {
    let world = World::empty();
    let week = ("2026-09-07", "2026-09-11");
    with_site(&world, 20);
    with_campaign(&world, "flu", week);
    with_campaign(&world, "ppv", week);
    with_campaign(&world, "late", ("2026-10-12", "2026-10-30"));
    let ask = |more: &[&str]| {
        let ask = ["plan", "surge", "--by", "2026-09-11", "--station-doses", "20"];
        at(&world, &[&ask[..], more].concat())
    };
    let stored = ask(&["--from", "2026-09-07", "-o", "json"]).ends(0).json();
    let named = ["--jurisdiction", "county", "--folder", "flu", "--folder", "ppv"];
    let found = ask(&[&named[..], &["-o", "json"]].concat()).ends(0).json();
    assert_eq!(found["more"], serde_json::json!({ "stations": { "S1": 1 }, "teams": 0 }));
    for figure in ["from", "more", "staff", "groups", "places", "areas"] {
        assert_eq!(found[figure], stored[figure], "{figure}");
    }
    let one = ["--jurisdiction", "county", "--folder", "flu", "--lang", "en"];
    let enough = ask(&one).ends(0).out;
    assert!(enough.contains("What is there is enough."), "{enough}");
    // Without --folder all that lie in the jurisdiction's folder; none lies there yet.
    let all = ["--jurisdiction", "county", "--lang", "en"];
    let refused = ask(&all).ends(1).err;
    assert!(refused.contains("county") && refused.contains("--folder"), "{refused}");
    for id in ["flu", "ppv", "late"] {
        fs::rename(world.path(id), world.path("county").join(id)).expect("moved");
    }
    let said = ask(&all).ends(0);
    assert!(said.out.contains("flu 接种") && said.out.contains("ppv 接种"), "{}", said.out);
    assert!(said.err.contains("late") && said.err.contains("2026-10-12"), "{}", said.err);
    let again = "doseplan plan make --jurisdiction county --folder county/flu \
                 --folder county/ppv --from 2026-09-07";
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&said.out).contains(again), "{}", said.out);
}

#[test]
fn a_question_about_files_names_no_campaign_and_its_answer_can_be_typed() {
    let world = World::empty();
    with_site(&world, 40);
    for id in ["flu", "ppv"] {
        with_campaign(&world, id, ("2026-09-07", "2026-09-11"));
    }
    let ask = |more: &[&str]| {
        let ask = ["plan", "surge", "--by", "2026-09-11", "--station-doses", "20", "--lang", "en"];
        at(&world, &[&ask[..], more].concat())
    };
    ask(&["flu", "--jurisdiction", "county", "--folder", "flu"]).ends(2);
    let refused = ask(&["--campaign", "flu", "--jurisdiction", "county"]).ends(2).err;
    assert!(refused.contains("leave --campaign out"), "{refused}");
    let missing = ask(&["--jurisdiction", "nowhere"]).ends(4).err;
    assert!(missing.contains("nowhere") && missing.contains("no such file"), "{missing}");
    // 199 people and four days of forty doses.
    fs::rename(world.path("flu"), world.path("the flu")).expect("moved");
    let given = "record,date,place,area,group,dose,doses\nt1,2026-09-07,S1,T1,60+,1,1\n";
    fs::write(world.path("given.csv"), given).expect("written");
    let files = ["--jurisdiction", "county", "--folder", "the flu", "--folder", "ppv"];
    let history = ["--given", "flu=given.csv", "--from", "2026-09-08"];
    let said = ask(&[&files[..], &history].concat()).ends(0).out;
    let again = "doseplan plan make --jurisdiction county --folder 'the flu' \
                 --given flu=given.csv --folder ppv --from 2026-09-08";
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&said).contains(again), "{said}");
}

#[test]
fn a_campaign_that_begins_after_the_supposed_end_of_all_is_left_out() {
    let world = World::empty();
    with_site(&world, 20);
    with_campaign(&world, "flu", ("2026-09-07", "2026-09-11"));
    with_campaign(&world, "ppv", ("2026-09-07", "2026-09-30"));
    with_campaign(&world, "late", ("2026-10-12", "2026-10-30"));
    let ask = ["plan", "what-if", "--from", "2026-09-07", "--until", "2026-09-18"];
    let found = at(&world, &[&ask[..], &["--steps", "0", "-o", "json"]].concat()).ends(0);
    assert!(found.err.contains("late") && found.err.contains("2026-10-12"), "{}", found.err);
    let parts = found.json()["campaigns"].as_array().expect("a list").clone();
    let ids: Vec<&str> = parts.iter().filter_map(|one| one["campaign"].as_str()).collect();
    assert_eq!(ids, ["flu", "ppv"]);
    // Its own end is earlier than that.
    let last = parts[0]["what_if"]["last_day"].as_str();
    assert!(last.is_none_or(|day| day <= "2026-09-11"), "{last:?}");
}
