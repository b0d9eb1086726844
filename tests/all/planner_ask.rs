//! Questions about a plan: what if, each team's day, what is scarce, whole vials.

use crate::support::{World, number, small};
use serde_json::Value;

/// A world with an adopted plan.
fn planned(campaign: &crate::support::Folder) -> World {
    let world = World::with(campaign);
    world.run(&["plan", "make", "--from", "2021-04-01"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    world
}

fn finished(outcome: &Value) -> u64 {
    let groups = outcome["groups"].as_array().expect("groups").iter();
    groups.map(|group| number(&group["people_finished"])).sum()
}

#[test]
fn what_if_shows_what_less_supply_takes_away_and_touches_nothing() {
    let campaign = small().swap("deliveries.csv", "2021-03-25,2000", "2021-03-25,500");
    let world = planned(&campaign);
    let before = world.run(&["plan", "list", "-o", "json"]).ends(0).out;
    let asked = ["plan", "what-if", "--supply", "0.5", "-o", "json", "--from", "2021-04-01"];
    let answer = world.run(&asked).ends(0).json();
    assert_eq!(finished(&answer["today"]), number(&answer["today"]["people_finished"]));
    assert!(finished(&answer["what_if"]) < finished(&answer["today"]), "{answer}");
    assert!(answer["what_if"]["doses"].as_u64() <= Some(260), "{answer}");
    assert_eq!(world.run(&["plan", "list", "-o", "json"]).ends(0).out, before);
    // The same directly from the folder.
    let asked = ["plan", "what-if", "--folder", "small", "--supply", "0.5", "-o", "json"];
    let from_folder = world.run(&asked).ends(0).json();
    assert_eq!(from_folder["what_if"]["doses"], answer["what_if"]["doses"]);
    let table = world.run(&["--lang", "en", "plan", "what-if", "--supply", "0.5"]).ends(0).out;
    assert!(table.contains("finish, %") && table.contains("worst area"), "{table}");
}

#[test]
fn what_if_takes_teams_closures_and_delays() {
    let world = planned(&small());
    let ask = |arguments: &[&str]| {
        let mut all = vec!["plan", "what-if", "-o", "json"];
        all.extend(arguments);
        world.run(&all).ends(0).json()
    };
    let closed = ask(&["--close", "S1@2021-04-01..2021-05-10", "--close", "S2@2021-04-01"]);
    let objective = |outcome: &Value| outcome["objective"].as_f64().unwrap();
    assert!(objective(&closed["what_if"]) < objective(&closed["today"]), "{closed}");
    let without_team = ask(&["--team", "-1", "--close", "S1@2021-04-01..2021-05-10"]);
    assert!(finished(&without_team["what_if"]) < finished(&closed["what_if"]), "{without_team}");
    let late = ask(&["--delay", "L1=30d", "--delay", "L2=30"]);
    assert!(finished(&late["what_if"]) < finished(&late["today"]), "{late}");
    let more = ask(&["--team", "+2"]);
    assert!(objective(&more["what_if"]) >= objective(&more["today"]), "{more}");
}

#[test]
fn what_cannot_be_supposed_is_refused_with_the_remedy() {
    let world = planned(&small());
    let without_team =
        World::with(&small().swap("teams.csv", "T1,一队,32.0,119.6,王五,t1@small.example\n", ""));
    for (world, arguments, said) in [
        (&world, vec![], "--supply"),
        (&world, vec!["--supply", "lots"], "0.8"),
        (&world, vec!["--supply", "-1"], "from 0 on"),
        (&world, vec!["--team", "two"], "+2"),
        (&world, vec!["--team", "-5"], "has 1 teams"),
        (&without_team, vec!["--team", "+1"], "teams.csv"),
        (&world, vec!["--close", "S9@2021-04-01"], "S1, S2"),
        (&world, vec!["--close", "S1"], "PLACE@DAY"),
        (&world, vec!["--close", "S1@2021-04-09..2021-04-01"], "earlier day first"),
        (&world, vec!["--close", "S1@2020-04-09"], "2021-04-01 to 2021-05-10"),
        (&world, vec!["--delay", "L9=10d"], "L1, L2"),
        (&world, vec!["--delay", "L1"], "L07=10d"),
    ] {
        let mut all = vec!["plan", "what-if"];
        all.extend(&arguments);
        let ran = world.run(&all);
        assert!(ran.code != 0 && ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_tour_leaves_the_base_visits_each_stop_and_comes_back() {
    // Only the team can reach township B.
    let world = planned(&small().swap("reach.csv", "B,S1\nB,S2\n", ""));
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let of_team: u64 = plan
        .iter()
        .filter(|row| !row["team"].is_empty())
        .map(|row| row["doses"].parse::<u64>().unwrap())
        .sum();
    assert!(of_team > 0);
    let tours = world.run(&["plan", "tours", "-o", "json"]).ends(0).json();
    let tours = tours.as_array().unwrap();
    assert_eq!(tours.iter().map(|tour| number(&tour["doses"])).sum::<u64>(), of_team);
    for tour in tours {
        let mut at = tour["departs"].as_str().unwrap().to_owned();
        assert_eq!(at, "08:00");
        for stop in tour["stops"].as_array().unwrap() {
            let times = ["arrives", "first_dose", "leaves"].map(|key| stop[key].as_str().unwrap());
            assert!(at.as_str() < times[0] && times.is_sorted(), "{tour}");
            times[2].clone_into(&mut at);
        }
        assert!(at.as_str() < tour["back"].as_str().unwrap(), "{tour}");
    }
    let day = tours[0]["day"].as_str().unwrap();
    let one = world
        .run(&["plan", "tours", "--day", day, "--team", "T1", "--depart", "07:30", "-o", "csv"])
        .ends(0)
        .csv();
    assert!(one.iter().all(|row| row["day"] == day && row["team"] == "T1"));
    assert_eq!(one.first().unwrap()["leaves"], "07:30");
    assert!(one.last().unwrap()["leaves"].is_empty());
    assert!(world.run(&["plan", "tours", "--team", "T9"]).ends(1).err.contains("T1"));
    // Nobody comes back on the next day.
    let night = world.run(&["plan", "tours", "--depart", "23:50"]).ends(1);
    assert!(night.err.contains("23:50") && night.out.is_empty(), "{}", night.err);
}

#[test]
fn why_names_what_is_scarce_and_what_one_more_would_bring() {
    let campaign = small().swap("sites.csv", "S1,甲镇卫生院,A,40,20", "S1,甲镇卫生院,A,4,0").swap(
        "stops.csv",
        "P1,甲村,A,32.02,119.62\n",
        "",
    );
    let world = planned(&campaign);
    let why = |arguments: &[&str]| {
        let mut all = vec!["plan", "why", "-o", "json"];
        all.extend(arguments);
        world.run(&all).ends(0).json()
    };
    let all = why(&[]);
    let site = |answer: &Value| {
        let lines = answer["scarce"].as_array().unwrap().clone();
        lines.into_iter().find(|line| line["code"] == "S1" && line["scarce"] == "site_day")
    };
    let line = site(&all).expect("the small site is scarce");
    assert!(line["one_more"].as_f64() > Some(0.0) && line["weight"].as_f64() > Some(0.0), "{line}");
    assert!(site(&why(&["--area", "A"])).is_some());
    let at = why(&["--place", "S1"]);
    assert!(at["scarce"].as_array().unwrap().iter().all(|line| line["code"] == "S1"));
    let cohort = why(&["--area", "A", "--group", "adult"]);
    let series = &cohort["best_series"][0];
    assert_eq!((&series["area"], &series["group"]), (&"A".into(), &"adult".into()));
    assert_eq!(series["doses"].as_array().unwrap().len(), 2);
    let unplaced = number(&cohort["unplaced"][0]["people"]);
    assert!(unplaced > 0 && series["worth"].as_f64() <= series["cost"].as_f64().map(|c| c + 1e-6));
    let day = why(&["--day", line["dearest"].as_str().unwrap()]);
    assert!(site(&day).is_some());
    for (arguments, said) in [
        (["--area", "Z"], "areas.csv"),
        (["--group", "Z"], "campaign.toml"),
        (["--place", "Z"], "sites.csv"),
    ] {
        let ran = world.run(&["plan", "why", arguments[0], arguments[1]]).ends(1);
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    let table = world.run(&["--lang", "en", "plan", "why", "--area", "A"]).ends(0);
    assert!(table.out.contains("doses of a site"), "{}", table.out);
}

#[test]
fn sessions_say_their_vials_and_merging_two_saves_what_it_says() {
    let campaign = small()
        .swap("deliveries.csv", "date,doses,expires", "date,doses,expires,doses_per_vial")
        .swap("deliveries.csv", "2000,2021-09-01", "2000,2021-09-01,10")
        .swap("deliveries.csv", "20,2021-04-10", "20,2021-04-10,10")
        .swap("eligible.csv", "B,senior,4,", "B,senior,7,");
    let world = planned(&campaign);
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let view = world.run(&["plan", "show", "--vials", "-o", "json"]).ends(0).json();
    let sessions = view["sessions"].as_array().unwrap();
    let doses: u64 = plan.iter().map(|row| row["doses"].parse::<u64>().unwrap()).sum();
    assert_eq!(sessions.iter().map(|one| number(&one["doses"])).sum::<u64>(), doses);
    for session in sessions {
        let lots = session["lots"].as_array().unwrap();
        assert_eq!(lots.iter().map(|lot| number(&lot["doses"])).sum::<u64>(), session["doses"]);
        let in_vials: u64 =
            lots.iter().map(|lot| number(&lot["vials"]) * number(&lot["doses_per_vial"])).sum();
        let waste = number(&session["open_vial_waste"]);
        assert_eq!(in_vials, number(&session["doses"]) + waste, "{session}");
    }
    let advice = view["advice"].as_array().unwrap();
    assert!(advice.iter().all(|merge| number(&merge["saves"]) > 0), "{advice:?}");
    let said = world.run(&["--lang", "en", "plan", "show", "--vials"]).ends(0);
    assert_eq!(said.err.matches("saves").count(), advice.len(), "{}", said.err);
    // Without the column the program says what is missing.
    let world = planned(&small());
    let said = world.run(&["--lang", "en", "plan", "show", "--vials"]).ends(0);
    assert!(said.err.contains("doses_per_vial"), "{}", said.err);
}

#[test]
fn a_draft_is_adopted_when_nobody_could_serve_those_whom_it_lists_as_overdue() {
    let campaign = small().swap("sites.csv", "S1,甲镇卫生院,A,40,20", "S1,甲镇卫生院,A,1,0").swap(
        "stops.csv",
        "P1,甲村,A,32.02,119.62\n",
        "",
    );
    let world = World::with(&campaign);
    // A hundred people must get their second dose by 26 April; the site gives one a day.
    world.import("tallies", "t1,2021-03-01,S1,A,adult,1,100").ends(0);
    let made = world.run(&["plan", "make", "--from", "2021-04-01", "-o", "json"]).ends(0).json();
    let overdue: u64 = made["unplaced"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["reason"] == "overdue" && one["area"] == "A")
        .map(|one| number(&one["people"]))
        .sum();
    assert!((60..100).contains(&overdue), "{made}");
    world.run(&["plan", "adopt"]).ends(0);
    // The re-plan of the night before keeps the plan and knows how good it is.
    world.run(&["job", "run", "plan", "--at", "2021-03-31T01:00"]).ends(0);
    let plans = world.run(&["plan", "list", "-o", "json"]).ends(0).json();
    let plans = plans.as_array().unwrap();
    assert_eq!(plans.last().unwrap()["state"], "adopted", "{plans:?}");
    let gap = |plan: &Value| plan["gap"].as_f64().unwrap();
    assert!((gap(&plans[0]) - gap(&plans[1])).abs() < 1e-6, "{plans:?}");
    world.run(&["plan", "diff", "1"]).ends(0);
}

#[test]
fn what_a_question_names_and_nobody_knows_is_refused_in_the_reader_s_language() {
    let world = World::small();
    world.plan_day_by_day();
    let what_if = |change: &[&'static str]| {
        [&["plan", "what-if", "--from", "2021-04-01"][..], change].concat()
    };
    let wrong: [(Vec<&str>, &str); 14] = [
        (vec!["plan", "why", "--area", "Z"], "没有地区 Z；"),
        (vec!["plan", "why", "--group", "none"], "没有人群 none；"),
        (vec!["plan", "why", "--place", "Z9"], "没有接种点、流动点、流动队或批号 Z9；"),
        (vec!["plan", "why", "--session", "Z9@2021-04-01"], "没有接种点或流动点 Z9；"),
        (vec!["plan", "tours", "--team", "T9"], "没有流动队 T9；已知：T1"),
        (vec!["account", "token", "remove", "77"], "没有令牌 77；"),
        (what_if(&[]), "没有任何假设；"),
        (what_if(&["--staff", "+3@Z"]), "Z 没有开放的接种点"),
        (what_if(&["--staff", "+3@B=doctor"]), "尚未登记人员，不能假设增加医生"),
        (what_if(&["--add-site", "S1"]), "S1 在 sites.csv 中没有标为备选接种点"),
        (what_if(&["--close", "S9@2021-04-05"]), "或流动队“S9”；已有："),
        (what_if(&["--delay", "L9=10d"]), "没有批号“L9”；已有："),
        (what_if(&["--team", "-3"]), "活动只有 1 支流动队"),
        (what_if(&["--close", "S1@2022-04-05"]), "不在活动期内；活动期为 2021-04-01"),
    ];
    for (arguments, said) in wrong {
        let told = world.run(&[&["--lang", "zh-CN"][..], &arguments[..]].concat()).ends(1).err;
        assert!(told.contains(said), "{arguments:?}: {told}");
        assert!(!told.contains("there is"), "{arguments:?}: {told}");
    }
    // A lot is asked about like a place.
    world.run(&["plan", "why", "--place", "L1"]).ends(0);
    // A team is called alike above a column.
    let tours = world.run(&["--lang", "zh-CN", "plan", "tours"]).ends(0).out;
    assert!(tours.contains("流动队"), "{tours}");
}
