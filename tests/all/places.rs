//! One jurisdiction: areas and places exist once, and facts never vanish.

use crate::support::{Folder, Ran, World, dose_of, number, row, small, text};

/// The small county where counts stand on B: 20 on it, 10 on A.
fn counted() -> World {
    let world = World::small();
    let rows = "t1,2021-04-06,S1,A,adult,1,10\nt2,2021-04-06,S2,B,adult,1,20";
    assert_eq!(world.import("tallies", rows).ends(0).json()["new"], 2);
    world
}

fn apply(world: &World, folder: &Folder, name: &str) -> Ran {
    let at = folder.write(&world.path(name));
    world.run(&["campaign", "apply", text(&at)])
}

/// The county without B, whose people A has now.
fn without_b() -> Folder {
    small()
        .with("areas.csv", "area,name,parent\n001,小县,\nA,甲镇,001\n")
        .with("eligible.csv", "area,group,people\nA,adult,300\nA,senior,10\n")
        .with("sites.csv", "site,name,area,weekday_doses\nS1,甲镇卫生院,A,40\nS2,乙镇卫生院,A,20\n")
        .with(
            "stops.csv",
            "stop,name,area,latitude,longitude\nP1,甲村,A,32.02,119.62\nP2,乙村,A,32.06,119.66\n",
        )
        .with("reach.csv", "area,site\nA,S1\nA,S2\n")
}

/// The county where B is merged into A on 1 May; the rows of B stay.
fn merged() -> Folder {
    small().with(
        "areas.csv",
        "area,name,parent,merged_into,until\n001,小县,,,\nA,甲镇,001,,\nB,乙镇,001,A,2021-05-01\n",
    )
}

fn by_area(world: &World, day: &str, area: &str) -> Option<(u64, u64)> {
    let told =
        world.run(&["coverage", "--by", "area", "--as-of", day, "-o", "json"]).ends(0).json();
    let rows = told["rows"].as_array().unwrap().clone();
    let found = rows.into_iter().find(|row| row["area"] == area && row["group"] == "adult")?;
    Some((number(&found["eligible"]), number(&found["doses"][0]["people"])))
}

#[test]
fn a_township_with_facts_does_not_leave_and_the_error_names_the_way_out() {
    let world = counted();
    let refused = apply(&world, &without_b(), "without").ends(4);
    for said in ["areas.csv", "“B”", "1 tally", "2 denominators", "merged_into", "until"] {
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
    assert_eq!(world.people("2021-04-30", "adult", 1), 30, "nothing was stored");
    // A township that nothing stands on may leave.
    let world = World::small();
    apply(&world, &without_b(), "without").ends(0);
}

#[test]
fn a_merged_township_counts_with_its_successor_from_its_day_on() {
    let world = counted();
    let before = world.run(&["coverage", "--by", "area", "--as-of", "2021-04-30", "-o", "json"]);
    apply(&world, &merged(), "merged").ends(0);
    let after = world.run(&["coverage", "--by", "area", "--as-of", "2021-04-30", "-o", "json"]);
    let rows = |ran: &Ran| ran.json()["rows"].clone();
    assert_eq!(rows(&before), rows(&after), "earlier days are as they were");
    assert_eq!(by_area(&world, "2021-05-01", "A"), Some((300, 30)));
    assert_eq!(by_area(&world, "2021-05-01", "B"), None);
    assert_eq!(by_area(&world, "2021-05-01", "001"), Some((300, 30)));
    assert_eq!(by_area(&world, "2021-04-30", "B"), Some((100, 20)));
    // A plan from that day on has only the successor.
    let plan = world.run(&["plan", "make", "--from", "2021-05-01", "--steps", "0", "-o", "csv"]);
    let areas: Vec<String> = plan.ends(0).csv().iter().map(|row| row["area"].clone()).collect();
    assert!(!areas.is_empty() && areas.iter().all(|area| area == "A"), "{areas:?}");
    world.run(&["db", "check"]).ends(0);
    // The report of a month says the same as coverage.
    let report = ["report", "show", "coverage", "--month", "2021-05", "-o", "csv"];
    let told = world.run(&report).ends(0).out;
    assert!(told.contains("A,") && !told.lines().any(|line| line.starts_with("B,")), "{told}");
}

#[test]
fn mergers_in_a_circle_are_refused() {
    let world = counted();
    let circle = small().with(
        "areas.csv",
        "area,name,parent,merged_into,until\n001,小县,,,\nA,甲镇,001,B,2021-05-01\n\
         B,乙镇,001,A,2021-05-01\n",
    );
    let refused = apply(&world, &circle, "circle").ends(4);
    assert!(refused.err.contains("circle"), "{}", refused.err);
}

#[test]
fn a_group_with_facts_is_renamed_and_does_not_vanish() {
    let world = counted();
    let renamed = small()
        .swap("campaign.toml", "id = \"adult\"", "id = \"grown\"")
        .swap("campaign.toml", "\"adult\", ", "\"grown\", ")
        .swap("eligible.csv", "adult", "grown");
    let refused = apply(&world, &renamed, "renamed").ends(4);
    assert!(refused.err.contains("renamed_from"), "{}", refused.err);
    let said = "id = \"grown\"\nrenamed_from = \"adult\"";
    let said = renamed.clone().swap("campaign.toml", "id = \"grown\"", said);
    apply(&world, &said, "said").ends(0);
    assert_eq!(world.people("2021-04-30", "grown", 1), 30);
    assert_eq!(world.people("2021-04-30", "18+", 1), 30);
    // The same file again, under the old name, is known.
    let rows = "t1,2021-04-06,S1,A,adult,1,10\nt2,2021-04-06,S2,B,adult,1,20";
    assert_eq!(world.import("tallies", rows).ends(0).json()["same"], 2);
    world.run(&["db", "check"]).ends(0);
    apply(&world, &renamed, "again").ends(0);
    assert_eq!(world.people("2021-04-30", "grown", 1), 30, "the name is remembered");
}

#[test]
fn places_and_lots_with_facts_end_and_are_recalled() {
    let world = counted();
    let without = small()
        .with("sites.csv", "site,name,area,weekday_doses\nS1,甲镇卫生院,A,40\n")
        .with("reach.csv", "area,site\nA,S1\nB,S1\n")
        .with("closures.csv", "place,date,doses\n");
    let refused = apply(&world, &without, "without").ends(4);
    assert!(refused.err.contains("sites.csv") && refused.err.contains("until"), "{}", refused.err);
    let ended = small().with(
        "sites.csv",
        "site,name,area,weekday_doses,until\nS1,甲镇卫生院,A,40,\n\
         S2,乙镇卫生院,B,20,2021-04-20\n",
    );
    apply(&world, &ended, "ended").ends(0);
    let sites = |day: &str| number(&world.coverage(day)["sites"]["expected"]);
    assert_eq!([sites("2021-04-19"), sites("2021-04-20")], [2, 1]);
    let plan = world.run(&["plan", "make", "--from", "2021-04-12", "--steps", "0", "-o", "csv"]);
    let days: Vec<String> = plan
        .ends(0)
        .csv()
        .iter()
        .filter(|row| row["place"] == "S2")
        .map(|row| row["date"].clone())
        .collect();
    assert!(days.iter().all(|day| day.as_str() < "2021-04-20"), "{days:?}");

    world.import("persons", "p9,A,1990-01-01,,,,,,,,").ends(0);
    world.import("doses", "d1,p9,2021-04-07,S1,L1").ends(0);
    let lots = "lot,product,date,doses,expires\nL2,vero,2021-03-25,20,2021-04-10\n";
    let refused = apply(&world, &ended.clone().with("deliveries.csv", lots), "lots").ends(4);
    assert!(refused.err.contains("recalled"), "{}", refused.err);
    let recalled = "lot,product,date,doses,expires,recalled\n\
         L1,vero,2021-03-25,2000,2021-09-01,2021-04-15\n\
         L2,vero,2021-03-25,20,2021-04-10,\nL3,vero,2021-04-20,500,2021-09-01,\n";
    // Somebody had a dose of it after the day from which on it may not be used, before the recall was known.
    world.import("persons", "p8,A,1990-01-01,,,,,,,,").ends(0);
    world.import("doses", "d2,p8,2021-04-16,S1,L1").ends(0);
    let valid = || {
        let at = world.coverage("2021-04-30");
        let dose = dose_of(row(&at, "adult"), 1);
        (number(&dose["people"]), number(&dose["valid"]))
    };
    let (people, counted) = valid();
    assert_eq!(people, 32);
    apply(&world, &ended.with("deliveries.csv", recalled), "recalled").ends(0);
    // What was given before that day counts; who had it later is due again, and a new row of it is told.
    assert_eq!(valid(), (32, counted - 1));
    let list = world.run(&["due", "list", "--by", "2021-05-10", "-o", "csv"]).ends(0).csv();
    let due = |person: &str| {
        list.iter().find(|one| one["person"] == person).map(|one| one["dose"].clone())
    };
    assert_eq!((due("p8").as_deref(), due("p9").as_deref()), (Some("1"), Some("2")));
    world.import("persons", "p7,A,1990-01-01,,,,,,,,").ends(0);
    let told = world.import("doses", "d3,p7,2021-04-17,S1,L1").ends(0).json();
    let reason = told["warnings"][0]["reasons"][0].as_str().unwrap_or_default().to_owned();
    assert!(reason.contains("recalled"), "{told}");
    // No new plan uses it from that day on: until the next lot comes, nobody is called.
    let plan = ["plan", "make", "--from", "2021-04-15", "--steps", "0", "-o", "csv"];
    let rows = world.run(&plan).ends(0).csv();
    let first = rows.iter().map(|row| row["date"].as_str()).min();
    assert!(first.is_some_and(|day| day >= "2021-04-20"), "{first:?}");
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn a_denominator_with_facts_stays() {
    let world = counted();
    let fewer =
        small().with("eligible.csv", "area,group,people\nA,adult,200\nA,senior,6\nB,senior,4\n");
    let refused = apply(&world, &fewer, "fewer").ends(4);
    assert!(refused.err.contains("B, adult") && refused.err.contains("as_of"), "{}", refused.err);
}

/// A jurisdiction's folder: the small county's places, where S1 can do 60.
fn county() -> Folder {
    small()
        .with("jurisdiction.toml", "id = \"001\"\nname = \"小县\"\ntimezone = \"Asia/Shanghai\"\n")
        .with("contacts.csv", "area,name,email,role\n001,钱主任,qian@cdc.example,coordinator\n")
        .swap("sites.csv", "S1,甲镇卫生院,A,40,20", "S1,甲镇卫生院,A,60,20")
}

fn given(world: &World, folder: &Folder, name: &str, arguments: &[&str]) -> Ran {
    let at = folder.write(&world.path(name));
    world.run(&[&["jurisdiction", "apply", text(&at)][..], arguments].concat())
}

/// A campaign that has only its settings, denominators and lots.
fn beside(id: &str) -> Folder {
    let mut files = small().swap("campaign.toml", "id = \"small\"", &format!("id = \"{id}\""));
    for name in ["areas.csv", "sites.csv", "reach.csv", "teams.csv", "stops.csv", "closures.csv"] {
        files = files.without(name);
    }
    files
}

#[test]
fn a_campaign_beside_a_jurisdiction_needs_three_files() {
    let world = World::empty();
    given(&world, &county(), "county", &["--dry-run"]).ends(10);
    given(&world, &county(), "county", &[]).ends(0);
    given(&world, &county(), "county", &["--dry-run"]).ends(0);
    let flu = beside("flu").write(&world.path("flu"));
    world.run(&["campaign", "check", text(&flu)]).ends(0);
    world.run(&["campaign", "apply", text(&flu)]).ends(0);
    world.run(&["campaign", "apply", text(&flu), "--dry-run"]).ends(0);
    let plan = world.run(&["plan", "make", "--from", "2021-04-01", "--steps", "0", "-o", "csv"]);
    let most = plan.ends(0).csv();
    let on = |place: &str, day: &str| -> u64 {
        let rows = most.iter().filter(|row| row["place"] == place && row["date"] == day);
        rows.map(|row| row["doses"].parse::<u64>().unwrap()).sum()
    };
    assert!(on("S1", "2021-04-01") > 40 && on("S1", "2021-04-01") <= 60);
    // Its own sites.csv is a limit inside that.
    let limited = beside("flu").with("sites.csv", "site,weekday_doses\nS1,25\n");
    apply(&world, &limited, "limited").ends(0);
    let plan = world.run(&["plan", "make", "--from", "2021-04-01", "--steps", "0", "-o", "csv"]);
    let rows = plan.ends(0).csv();
    let s1 = rows.iter().filter(|row| row["place"] == "S1" && row["date"] == "2021-04-01");
    assert!(s1.map(|row| row["doses"].parse::<u64>().unwrap()).sum::<u64>() <= 25);
    // What it writes out again is what it read.
    world.run(&["campaign", "export", "out"]).ends(0);
    assert!(!world.path("out/areas.csv").exists() && world.path("out/sites.csv").exists());
    world.run(&["campaign", "apply", "out", "--dry-run"]).ends(0);
}

#[test]
fn a_change_of_a_place_shows_the_campaigns_that_it_touches() {
    let world = World::empty();
    given(&world, &county(), "county", &[]).ends(0);
    for id in ["flu", "hpv"] {
        apply(&world, &beside(id), id).ends(0);
    }
    let less = county().swap("sites.csv", "S2,乙镇卫生院,B,20", "S2,乙镇卫生院,B,10");
    let shown = given(&world, &less, "less", &["--dry-run", "-o", "json"]).ends(10).json();
    assert_eq!(shown[0]["table"], "sites", "{shown}");
    assert_eq!(shown[0]["campaigns"], serde_json::json!(["flu", "hpv"]));
    let shown = given(&world, &less, "less", &[]).ends(0);
    assert!(shown.out.contains("flu hpv"), "{}", shown.out);
    // A campaign that stands alone and says another name changes it for the others.
    let named = small().swap("sites.csv", "S1,甲镇卫生院", "S1,甲镇新院");
    let shown = apply(&world, &named, "named").ends(0);
    assert!(shown.out.contains("甲镇新院") && shown.out.contains("flu hpv"), "{}", shown.out);
    let history = world.run(&["jurisdiction", "history", "-o", "json"]).ends(0).json();
    assert_eq!(history.as_array().unwrap().len(), 3, "{history}");
}

#[test]
fn a_jurisdiction_is_written_as_it_is_read() {
    let world = World::empty();
    let places = county()
        .with(
            "areas.csv",
            "area,name,parent,level,population\n001,小县,,county,9000\nA,甲镇,001,township,6000\n\
             B,乙镇,001,township,3000\n",
        )
        .with(
            "sites.csv",
            "site,name,area,weekday_doses,from,opens,closes,phone\n\
             S1,甲镇卫生院,A,60,,08:00,16:30,0511-1\n\
             S1,甲镇卫生院,A,30,2021-05-01,08:00,12:00,0511-1\nS2,乙镇卫生院,B,20,,,,\n",
        )
        .with("closures.csv", "place,date,until,doses,reason\nS1,2021-05-01,2021-05-05,0,劳动节\n")
        .with("teams.csv", "team,name,latitude,longitude,until\nT1,一队,32.0,119.6,2021-06-01\n");
    given(&world, &places, "county", &[]).ends(0);
    // The outlines of areas come and go with the folder.
    let outline = "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\
        \"properties\":{\"area\":\"A\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":\
        [[[119.5,32.0],[119.6,32.0],[119.6,32.1],[119.5,32.0]]]}}]}";
    world.file("county/areas.geojson", outline);
    let drawn = world.run(&["jurisdiction", "apply", "county"]).ends(0);
    assert!(drawn.err.contains("outlines of 1 areas"), "{}", drawn.err);
    for to in ["out", "out.xlsx"] {
        world.run(&["jurisdiction", "export", to]).ends(0);
        world.run(&["jurisdiction", "check", to]).ends(0);
        let again = world.run(&["jurisdiction", "apply", to, "--dry-run"]);
        assert_eq!(again.code, 0, "{to}: {}{}", again.out, again.err);
    }
    let file = world.read("out/areas.geojson");
    world.file("out/areas.geojson", file.replace("119.5", "119.4"));
    let dry = world.run(&["jurisdiction", "apply", "out", "--dry-run"]).ends(10);
    assert!(dry.err.contains("would have the outlines of 1 areas"), "{}", dry.err);
    world.file("out/areas.geojson", file.replace("\"A\"", "\"Z\""));
    let refused = world.run(&["jurisdiction", "check", "out"]).ends(4);
    assert!(refused.out.contains("feature 1: “Z” is no area here"), "{}", refused.out);
    world.run(&["jurisdiction", "apply", "out"]).ends(4);
    let list = world.run(&["jurisdiction", "list", "-o", "json"]).ends(0).json();
    assert_eq!((&list["rows"]["sites"], &list["rows"]["contacts"]), (&3.into(), &1.into()));
}

#[test]
fn a_number_from_next_week_on_leaves_the_figures_of_last_week() {
    let world = counted();
    let expected = |day: &str| number(&world.coverage(day)["sites"]["expected"]);
    let before = ["2021-04-06", "2021-04-07", "2021-04-09"].map(expected);
    let later = small().with(
        "sites.csv",
        "site,name,area,weekday_doses,from\nS1,甲镇卫生院,A,40,\n\
         S2,乙镇卫生院,B,20,\nS2,乙镇卫生院,B,0,2021-04-12\n",
    );
    apply(&world, &later, "later").ends(0);
    assert_eq!(["2021-04-06", "2021-04-07", "2021-04-09"].map(expected), before);
    assert_eq!(expected("2021-04-12"), 1);
}

#[test]
fn an_account_of_an_area_sees_its_part_alone() {
    let world = counted();
    world.file("password", "a long password\n");
    let add = |name: &str, area: &str| {
        let role = ["--role", "viewer", "--areas", area, "--password-file", "password"];
        world.run(&[&["account", "add", name][..], &role].concat())
    };
    add("county", "B").ends(0);
    let refused = add("nowhere", "X").ends(1);
    assert!(refused.err.contains('X'), "{}", refused.err);
    let list = world.run(&["account", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list[0]["areas"], serde_json::json!(["B"]));
}

#[test]
fn vaccine_is_allocated_by_county_week_and_lot() {
    let world = World::small();
    world.run(&["plan", "make", "--from", "2021-04-01", "--steps", "0"]).ends(0);
    world.run(&["plan", "adopt"]).ends(0);
    let lines = world.run(&["plan", "allocation", "-o", "csv"]).ends(0).csv();
    let planned = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let sum = |rows: &[std::collections::BTreeMap<String, String>]| -> u64 {
        rows.iter().map(|row| row["doses"].parse::<u64>().unwrap()).sum()
    };
    assert!(!lines.is_empty());
    assert_eq!(sum(&lines), sum(&planned), "nothing is wasted here");
    assert!(lines.iter().all(|line| ["A", "B"].contains(&line["county"].as_str())));
    world.run(&["plan", "allocation", "--xlsx", "out.xlsx"]).ends(0);
    assert!(world.path("out.xlsx").exists());
}
