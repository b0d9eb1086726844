//! The dashboard as an office uses it: the first screen, tables that sort, search and download, figures that are one
//! thing and have one value wherever they stand.

use crate::operation::ANY_PORT;
use crate::support::{Folder, SENIORS, World, csv_rows, number, on_postgresql, row, small};
use crate::web::{Office, encoded};
use serde_json::Value;

/// The small campaign with a third level: two schools in the first township.
fn with_schools() -> Folder {
    small()
        .add("areas.csv", "A1,甲小学,A,32.01,119.61")
        .add("areas.csv", "A2,甲中学,A,32.01,119.61")
        .add("eligible.csv", "A1,adult,50,census,2020-11-01")
        .add("eligible.csv", "A2,adult,30,census,2020-11-01")
        .add("reach.csv", "A1,S1")
        .add("reach.csv", "A2,S1")
}

#[test]
fn people_of_a_school_are_counted_once_in_every_sum() {
    let world = World::with(&with_schools());
    world.import("tallies", "t1,2021-04-01,S1,A1,adult,1,20").ends(0);
    world.import("tallies", "t2,2021-04-01,S1,A,adult,1,30").ends(0);
    let coverage = world.coverage("2021-04-01");
    let adults = number(&row(&coverage, "adult")["eligible"]);
    let seniors = number(&row(&coverage, "senior")["eligible"]);
    assert_eq!((adults, seniors), (380, 10));
    let mail = world.run(&["digest", "preview", "summary", "--day", "2021-04-01"]).ends(0).out;
    let total = mail.lines().find(|line| line.contains("合计")).expect("a line of the sum");
    assert!(total.contains("390"), "{total}");
    assert!(total.contains(" 50"), "{total}");
    let town = mail.lines().find(|line| line.contains("甲镇")).expect("the township");
    assert!(town.contains("286") && !mail.contains("甲小学"), "{town}: {mail}");
}

#[test]
fn the_first_screen_says_whether_where_and_what_to_do() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let page = office.login("planner").get("/").body;
    let run = |arguments: &[&str]| -> Value {
        let mut command = office.world.command(arguments);
        let output = command.env("DOSEPLAN_CLOCK", "2021-04-02T10:00:00+08:00").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let coverage = run(&["coverage", "-o", "json", "--as-of", "2021-04-01"]);
    let complete = row(&coverage, "adult")["complete"]["percent"].as_str().unwrap();
    assert!(page.contains(&format!("{complete}%")), "{complete}: {page}");
    assert!(page.contains("target 50.0%"), "{page}");
    let status = run(&["status", "-o", "json", "--as-of", "2021-04-01"]);
    let need = &status["needs"][0];
    let short = number(&need["target"]) - number(&need["finished"]);
    assert!(page.contains(&format!("<dd>{short}</dd>")), "{short} people short: {page}");
    // Townships, the one with most people short first: half of A's 200 and of B's 100 adults.
    let ranked = page.split_once("id=\"short\"").unwrap().1;
    let (a, b) = (ranked.find("甲镇").unwrap(), ranked.find("乙镇").unwrap());
    assert!(a < b, "{page}");
    let file = office.login("planner").get("/?short.as=csv").body;
    let rows = csv_rows(file.trim_start_matches('\u{feff}'));
    let short: Vec<_> =
        rows.iter().map(|row| (row["area (code)"].as_str(), &*row["short"])).collect();
    assert_eq!(short, [("A", "100"), ("B", "50")]);
    // Everybody who reports late is named, with the page that says more.
    assert!(page.contains("/c/small/reports?as-of=2021-04-01"), "{page}");
}

#[test]
fn a_button_is_there_for_those_who_may_press_it_and_does_what_it_says() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    office.world.run(&["plan", "make", "--steps", "50", "--from", "2021-04-03"]).ends(0);
    let draft = office.world.run(&["status", "-o", "json"]).json()["draft"].as_i64().unwrap();
    let adopt = format!("/c/small/adopt?as-of=2021-04-01&#38;no={draft}");
    for (role, sees) in [("admin", true), ("planner", true), ("lead", false), ("viewer", false)] {
        let page = office.login(role).get("/").body;
        assert_eq!(page.contains(&adopt), sees, "{role}: {page}");
    }
    let planner = office.login("planner");
    let page = planner.get("/").body;
    let (_, rest) = page.split_once(&adopt).unwrap();
    let csrf = rest.split_once("csrf=").unwrap().1.split('"').next().unwrap();
    let to = format!("/c/small/adopt?as-of=2021-04-01&no={draft}&csrf={csrf}");
    assert_eq!(planner.post(&to, "").status, 303);
    let status = office.world.run(&["status", "-o", "json"]).json();
    assert_eq!(status["plan"].as_i64(), Some(draft));
    assert!(!planner.get("/").body.contains(&adopt), "the draft no longer waits");
    // Somebody who still has the draft before them is told on the page of plans, in their language.
    let admin = office.login("admin");
    let late = format!("/c/small/adopt?as-of=2021-04-01&no={draft}&csrf={}", admin.token());
    let answer = admin.post(&late, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains(&format!("plan {draft} is in force already")), "{}", answer.body);
    assert!(answer.body.contains("action=\"/c/small/make?"), "it is the page of plans");
    let log = office.log();
    let adopted = log.iter().filter(|line| line["did"] == "plan-adopt" && line["said"] == "2");
    let who: Vec<_> = adopted.map(|line| line["who"].as_str()).collect();
    assert_eq!((draft, who), (2, vec![Some("planner")]), "{log:?}");
}

#[test]
fn a_lead_sees_the_places_of_today_and_reports_with_one_click() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let lead = office.login("lead");
    let page = lead.get("/").body;
    assert!(
        page.contains("甲镇卫生院") && page.contains("/c/small/tally?as-of=2021-04-02"),
        "{page}"
    );
    assert!(!page.contains("place=S2"), "not their place: {page}");
    assert!(!office.login("viewer").get("/").body.contains("Your places today"));
    // The form opens on today, and the page of counts never goes beyond it.
    let form = lead.get("/c/small/tally");
    assert_eq!(form.headers["location"], "/c/small/tally?as-of=2021-04-02");
    for page in ["overview", "reports", "tally"] {
        let ahead = lead.get(&format!("/c/small/{page}?as-of=2021-04-09"));
        assert_eq!(ahead.headers["location"], format!("/c/small/{page}?as-of=2021-04-02"));
        let today = lead.get(&format!("/c/small/{page}?as-of=2021-04-02")).body;
        assert!(!today.contains("as-of=2021-04-03"), "{page}: {today}");
    }
    assert_eq!(lead.get("/c/small/plan?as-of=2021-04-09").status, 200, "plans look ahead");
    // The grid of reports begins with the newest day.
    let page = lead.get("/c/small/reports?as-of=2021-04-02").body;
    let at = |day: u8| page.find(&format!("<br>{day}</th>")).expect("a day of the grid");
    assert!(at(2) < at(1), "{page}");
}

#[test]
fn an_empty_database_tells_to_upload_those_alone_who_may() {
    let world = World::empty();
    world.file("doseplan.toml", ANY_PORT);
    let places = format!("{}/tests/fixtures/jurisdictions/base/county", env!("CARGO_MANIFEST_DIR"));
    world.run(&["jurisdiction", "apply", &places]).ends(0);
    for role in ["planner", "viewer"] {
        crate::web::account(&world, &["add", role, "--role", role], role);
    }
    let office = Office::bare(world, "2021-04-02T10:00:00+08:00");
    for path in ["/", "/campaigns"] {
        assert!(office.login("planner").get(path).body.contains("Upload a workbook"), "{path}");
        let page = office.login("viewer").get(path).body;
        assert!(page.contains("no campaign") && !page.contains("pload"), "{path}: {page}");
    }
    // Of its areas those stand on the page of outlines that can have one: no school, and not the county as a whole.
    let page = office.login("planner").get("/outlines").body;
    assert!(page.contains("城关镇") && page.contains("东湖镇"), "{page}");
    assert!(!page.contains("一中") && !page.contains(">县<"), "{page}");
}

#[test]
fn what_was_typed_outlives_the_login() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let lead = office.login("lead");
    let to = "/c/small/tally?as-of=2021-04-02&place=S1&csrf=00";
    let guest = office.guest();
    let asked = guest.post(to, "A%2Fadult%2F1=17&had=");
    assert_eq!(asked.status, 401, "{}", asked.body);
    let (_, kept) = asked.body.split_once("name=\"kept\" value=\"").expect("what was typed");
    let kept = kept.split('"').next().unwrap().replace("&#34;", "\"").replace("&#38;", "&");
    assert!(kept.contains("17") && !kept.contains("csrf"), "{kept}");
    let encoded = encoded(&kept);
    let form = format!("name=lead&password=password-lead-1&next=%2F&kept={encoded}");
    let back = guest.post("/login", &form);
    assert_eq!(back.status, 200, "{}", back.body);
    assert!(back.body.contains("<dd>17</dd>") && back.body.contains("A/adult/1"), "{}", back.body);
    assert!(back.body.contains("<dt>甲镇 · "), "in the words of the form: {}", back.body);
    // Nothing is stored before it is sent again, and then it is.
    let given = || {
        let mut command =
            office.world.command(&["coverage", "-o", "json", "--as-of", "2021-04-02"]);
        let output = command.env("DOSEPLAN_CLOCK", "2021-04-02T12:00:00+08:00").output().unwrap();
        let coverage: Value = serde_json::from_slice(&output.stdout).unwrap();
        number(&row(&coverage, "adult")["doses"][0]["today"])
    };
    assert_eq!(given(), 0);
    let to = format!("/c/small/tally?as-of=2021-04-02&place=S1&csrf={}", lead.token());
    assert_eq!(lead.post(&to, "A%2Fadult%2F1=17&had=").status, 303);
    assert_eq!(given(), 17);
    // A form of another page, such as one with a password, is not kept.
    let other = guest.post("/accounts/password?csrf=00", "name=lead&password=secret-secret");
    assert!(other.status == 303 && !other.body.contains("secret"), "{}", other.body);
}

#[test]
fn every_table_is_sorted_searched_and_downloaded_as_it_is_seen() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    office.world.import("persons", SENIORS).ends(0);
    let admin = office.login("admin");
    for path in [
        "/",
        "/campaigns",
        "/national?table=month&month=2021-03",
        "/audit",
        "/accounts",
        "/c/small/overview?as-of=2021-04-01",
        "/c/small/map?as-of=2021-04-01",
        "/c/small/bulletin?as-of=2021-04-01",
        "/c/small/bulletin?as-of=2021-04-01&kind=ranking",
        "/c/small/plan?as-of=2021-04-01",
        "/c/small/due?as-of=2021-04-01",
        "/c/small/inbox?as-of=2021-04-01",
        "/c/small/bookings?as-of=2021-04-01",
        "/c/small/mail?as-of=2021-04-01",
        "/c/small/jobs?as-of=2021-04-01",
    ] {
        let page = admin.get(path).body;
        assert!(!page.contains("<!--table:"), "{path} lacks a table: {page}");
        let tables: Vec<&str> = page.split("id=\"t-").skip(1).collect();
        assert!(!tables.is_empty(), "{path}");
        for table in tables {
            let id = table.split('"').next().unwrap();
            let sign = if path.contains('?') { '&' } else { '?' };
            let heads = table.split("<th scope=\"col\"").count() - 1;
            let file = admin.get(&format!("{path}{sign}{id}.as=csv"));
            assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8", "{path} {id}");
            let first = file.body.lines().next().unwrap_or_default();
            assert!(first.split(',').count() >= heads, "{path} {id}: {first}");
            let book = admin.get(&format!("{path}{sign}{id}.as=xlsx"));
            assert!(book.headers["content-disposition"].ends_with(".xlsx\""), "{path} {id}");
        }
    }
    let places = |query: &str| -> Vec<String> {
        let path = format!("/c/small/map?as-of=2021-04-01&places.as=csv{query}");
        let file = admin.get(&path).body;
        csv_rows(file.trim_start_matches('\u{feff}'))
            .iter()
            .map(|row| row["place (code)"].clone())
            .collect()
    };
    assert_eq!(places(""), ["S1", "S2", "P1", "P2"]);
    assert_eq!(places("&places.sort=-0").len(), 4);
    assert_eq!(places("&places.q=%E4%B9%99"), ["S2", "P2"], "all of the township 乙");
    assert_eq!(places("&places.q=p1"), ["P1"], "codes are found, too");
    // A lead's file has no more than the lead's page.
    let lead = office.login("lead").get("/c/small/due?as-of=2021-04-01&due.as=csv");
    assert_eq!(lead.status, 200);
    assert_eq!(office.login("viewer").get("/c/small/due?as-of=2021-04-01&due.as=csv").status, 403);
}

#[test]
fn one_step_has_one_drop_out_on_every_page_and_in_every_command() {
    let world = World::small();
    let rows = "t1,2021-04-01,S1,A,adult,1,40\nt2,2021-04-20,S1,A,adult,1,30\n\
                t3,2021-05-05,S1,A,adult,2,38";
    world.import("tallies", rows).ends(0);
    let coverage = world.coverage("2021-05-06");
    let adult = row(&coverage, "adult");
    // 40 were due for the second dose, 38 have it.
    let drop_out = adult["doses"][1]["drop_out"].as_str().unwrap();
    assert_eq!(drop_out, "5.0");
    let mail = world.run(&["digest", "preview", "summary", "--day", "2021-05-06"]).ends(0).out;
    let said = mail.lines().find(|line| line.contains("脱漏率")).expect("the drop-out");
    assert!(said.contains("5.0%"), "{said}");
}

#[test]
fn places_at_work_are_asked_for_their_reports_and_others_are_not() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let rows = office.world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let on = |day: &str| -> std::collections::BTreeSet<String> {
        rows.iter().filter(|row| row["date"] == day).map(|row| row["place"].clone()).collect()
    };
    for day in ["2021-04-01", "2021-04-02", "2021-04-03", "2021-04-04", "2021-04-12"] {
        let sites = office.world.coverage(day)["sites"].clone();
        assert_eq!(number(&sites["expected"]), on(day).len() as u64, "{day}: {sites}");
    }
    // Before today is over nobody is late.
    let today = office.login("admin").get("/c/small/overview?as-of=2021-04-02").body;
    assert!(!today.contains("Places without a report"), "{today}");
}

#[test]
fn the_form_for_counts_shows_what_the_plan_has_and_what_the_place_can_do() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let rows = office.world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let mine = |row: &&std::collections::BTreeMap<String, String>| {
        row["place"] == "S1" && row["date"] == "2021-04-02"
    };
    let planned: Vec<u64> =
        rows.iter().filter(mine).map(|row| row["doses"].parse().unwrap()).collect();
    let form = office.login("lead").get("/c/small/tally?as-of=2021-04-02&place=S1").body;
    for doses in &planned {
        assert!(form.contains(&format!("<span class=\"plan\">{doses} planned</span>")), "{form}");
    }
    let sum: u64 = planned.iter().sum();
    assert!(sum > 0 && form.contains(&format!("</span> {sum} planned</p>")), "{sum}: {form}");
    assert!(form.contains("data-most=\"40\""), "what the site can give on a Friday: {form}");
}

#[test]
fn what_cannot_be_read_is_said_in_the_language_of_whoever_asks() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let planner = office.login("planner");
    let guest = office.guest();
    let token = planner.token();
    let to = |path: &str| format!("/c/small/{path}?as-of=2021-04-01&csrf={token}");
    for (answer, status, said) in [
        (guest.post("/login", "name=planner"), 422, "incomplete"),
        (planner.post(&to("person/p1"), "once=x"), 422, "incomplete"),
        (planner.post(&to("make"), "seconds=many"), 422, "incomplete"),
        (planner.get("/c/small/compare?as-of=2021-04-01&a=x"), 400, "not valid"),
        (planner.get("/c/small/person/%FF?as-of=2021-04-01"), 404, ""),
        (planner.get("/c/small/calendar?as-of=9999-12-31"), 400, "Write a day"),
        (planner.get("/c/small/adopt"), 405, "not valid"),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        let is_page = answer.headers["content-type"].starts_with("text/html");
        assert!(is_page && answer.body.contains(said), "{said}: {}", answer.body);
        assert!(!answer.body.contains("eserialize"), "{}", answer.body);
    }
    assert_eq!(planner.get("/c/small/adopt").headers["allow"], "POST");
}

#[test]
fn a_phone_keeps_counts_of_one_account_campaign_place_and_day() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    let page = office.login("lead").get("/c/small/tally?as-of=2021-04-02&place=S1").body;
    let key = "data-keep=\"lead /c/small/tally?as-of=2021-04-02&#38;place=S1\"";
    assert!(page.contains(key), "{page}");
}

#[test]
fn the_map_shades_areas_and_a_click_shows_their_places() {
    let office = Office::at(World::with(&with_schools()), "2021-04-02T10:00:00+08:00");
    let viewer = office.login("viewer");
    let map = |more: &str| viewer.get(&format!("/c/small/map?as-of=2021-04-01{more}")).body;
    let page = map("");
    assert_eq!(
        page.matches("<a href=\"?as-of=2021-04-01&amp;places.is.1=").count(),
        2,
        "a cell for each township: {page}"
    );
    assert!(page.contains("<title>甲镇 0.0%</title>"), "{page}");
    assert!(page.contains("role=\"group\"") && page.contains("<desc>"), "{page}");
    // The cell's link shows the places of the township and of all below it.
    let link = page.split("<a href=\"").find(|rest| rest.contains("aria-label=\"乙镇"));
    let link = link.unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let link = format!("/c/small/map{}", link.split('#').next().unwrap());
    let places =
        csv_rows(viewer.get(&format!("{link}&places.as=csv")).body.trim_start_matches('\u{feff}'));
    let places: Vec<_> = places.iter().map(|row| row["place (code)"].as_str()).collect();
    assert_eq!(places, ["S2", "P2"]);
    // Who is short: the same as on the first screen, and the legend says what the shades stand for.
    let file = viewer.get("/c/small/map?as-of=2021-04-01&shade=short&map-areas.as=csv").body;
    let table = csv_rows(file.trim_start_matches('\u{feff}'));
    let home = csv_rows(viewer.get("/?short.as=csv").body.trim_start_matches('\u{feff}'));
    let of = |rows: &[std::collections::BTreeMap<String, String>]| -> Vec<(String, String)> {
        rows.iter().map(|row| (row["area (code)"].clone(), row["short"].clone())).collect()
    };
    assert_eq!(of(&table), of(&home));
    let short = map("&shade=short");
    let most = &table[0]["short"];
    assert!(short.contains(&format!("<title>甲镇 {most}</title>")), "{most}: {short}");
    assert!(short.contains(&format!("– {most}</li>")), "{most}: {short}");
    assert_eq!(viewer.get("/c/small/map?as-of=2021-04-01&shade=heat").status, 400);
}

#[test]
fn a_map_of_many_areas_stays_readable_and_light() {
    let mut folder = small().without("reach.csv");
    for n in 0..314 {
        let (north, east) = (31.7 + f64::from(n / 20) * 0.02, 119.2 + f64::from(n % 20) * 0.03);
        folder = folder
            .add("areas.csv", &format!("V{n},第{n}街道办事处,001,{north},{east}"))
            .add("eligible.csv", &format!("V{n},adult,{},census,2020-11-01", 100 + n))
            .add("sites.csv", &format!("N{n},接种门诊第{n},V{n},20,,,"));
    }
    let office = Office::at(World::with(&folder), "2021-04-02T10:00:00+08:00");
    let page = office.login("viewer").get("/c/small/map?as-of=2021-04-01").body;
    assert_eq!(
        page.matches("<a href=\"?as-of=2021-04-01&amp;places.is.1=").count(),
        316,
        "{}",
        page.len()
    );
    let names = page.matches("<text class=\"place-name").count();
    assert!((10..200).contains(&names), "{names} names");
    assert!(page.len() < 100 * 1024, "{} bytes", page.len());
    let signed = office.login("viewer").get("/c/small/bulletin?as-of=2021-04-01").body;
    assert!(signed.len() < 100 * 1024, "{} bytes", signed.len());
    // With outlines of many corners it is as light.
    let planner = office.login("planner");
    let sent = planner.send("/outlines", &[("file", "a.geojson", jagged().as_bytes())]);
    assert_eq!((sent.status, &*sent.headers["location"]), (303, "/outlines?done=outlines"));
    let page = planner.get("/c/small/map?as-of=2021-04-01").body;
    assert!(page.contains("The outlines of townships"), "{}", page.len());
    assert_eq!(page.matches("<a href=\"?as-of=2021-04-01&amp;places.is.1=").count(), 316);
    assert!(page.len() < 100 * 1024, "{} bytes", page.len());
}

/// Outlines of 314 areas with 200 corners each.
fn jagged() -> String {
    let outline = |n: u32| {
        let (north, east) = (31.7 + f64::from(n / 20) * 0.02, 119.2 + f64::from(n % 20) * 0.03);
        let corner = |at: u32| {
            let angle = std::f64::consts::TAU * f64::from(at % 200) / 200.0;
            let far = if at.is_multiple_of(2) { 0.006 } else { 0.009 };
            format!("[{:.6},{:.6}]", east + far * angle.cos(), north + far * angle.sin())
        };
        let ring: Vec<String> = (0..=200).map(corner).collect();
        feature(&format!("\"area\":\"V{n}\""), &format!("[[{}]]", ring.join(",")))
    };
    collection(&(0..314).map(outline).collect::<Vec<_>>())
}

fn feature(properties: &str, coordinates: &str) -> String {
    format!(
        "{{\"type\":\"Feature\",\"properties\":{{{properties}}},\
         \"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{coordinates}}}}}"
    )
}

fn collection(features: &[String]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))
}

#[test]
fn the_map_is_drawn_by_outlines() {
    let office = Office::at(World::small(), "2021-04-02T10:00:00+08:00");
    outlined(&office);
}

#[test]
fn the_map_is_drawn_by_outlines_on_postgresql_too() {
    on_postgresql(|db| {
        let world = World::on(db).applied(&small());
        outlined(&Office::at(world, "2021-04-02T10:00:00+08:00"));
    });
}

fn outlined(office: &Office) {
    let planner = office.login("planner");
    let hole = "[[119.60,32.00],[119.64,32.00],[119.64,32.04],[119.60,32.04],[119.60,32.00]],\
                [[119.61,32.01],[119.62,32.01],[119.62,32.02],[119.61,32.01]]";
    let a = feature("\"area\":\"A\"", &format!("[{hole}]"));
    let map = || planner.get("/c/small/map?as-of=2021-04-01").body;
    let cells = map();
    assert!(cells.contains("these are not its borders"), "{cells}");
    // What is wrong says feature, property and remedy, and nothing is stored.
    let bad = collection(&[a.clone(), feature("\"area\":\"C\"", &format!("[{hole}]"))]);
    let sent = planner.send("/outlines", &[("file", "a.geojson", bad.as_bytes())]);
    let said = "a.geojson column area: feature 2: “C” is no area here";
    assert!(sent.status == 400 && sent.body.contains(said), "{}", sent.body);
    assert_eq!(planner.send("/outlines", &[("file", "a.geojson", b"")]).status, 400);
    assert!(map().contains("these are not its borders"));
    let sent = planner.send("/outlines", &[("file", "a", collection(&[a]).as_bytes())]);
    assert_eq!(&sent.headers["location"], "/outlines?done=outlines");
    let page = map();
    assert!(page.contains("The outlines of townships"), "{page}");
    let shape = page.split("<path d=\"").find(|rest| rest.contains("<title>甲镇")).unwrap();
    let shape = shape.split('"').next().unwrap();
    assert_eq!(shape.matches('M').count(), 2, "a hole is a ring of its own: {shape}");
    // B has none: a mark stands for it, and leads to its places, too.
    assert_eq!(page.matches("<a href=\"?as-of=2021-04-01&amp;places.is.1=").count(), 2);

    let gone = format!("/outlines/remove?csrf={}", planner.token());
    assert_eq!(planner.post(&gone, "").status, 303);
    assert!(map().contains("these are not its borders"));
    let log = office.log();
    assert!(log.iter().any(|line| line["said"] == "outlines of 1 areas"), "{log:?}");
}

#[test]
fn the_chart_shows_target_forecast_and_today_and_the_same_as_a_table() {
    let office = Office::at(World::small(), "2021-04-03T10:00:00+08:00");
    office.world.import("tallies", "t2,2021-04-02,S1,A,adult,1,25").ends(0);
    let viewer = office.login("viewer");
    let page = viewer.get("/c/small/overview?as-of=2021-04-02").body;
    for said in
        ["chart-target", "Needed for the target", "Expected", ">today</text>", "class=\"told\""]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let file = viewer.get("/c/small/overview?as-of=2021-04-02&curve.as=csv").body;
    let rows = csv_rows(file.trim_start_matches('\u{feff}'));
    let on = |day: &str| rows.iter().find(|row| row["date"] == day).unwrap();
    assert_eq!((&*on("2021-04-01")["given"], &*on("2021-04-02")["given"]), ("30", "55"));
    assert_eq!(on("2021-04-02")["expected"], "");
    let plan = office.world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let last = plan.iter().map(|row| row["date"].clone()).max().unwrap();
    let end = on(&last);
    assert_eq!(end["given"], "");
    let planned: u64 = plan.iter().map(|row| row["doses"].parse::<u64>().unwrap()).sum();
    assert_eq!(end["planned"], planned.to_string());
    let number = |name: &str| end[name].parse::<u64>().unwrap();
    assert!(number("at least") <= number("expected") && number("expected") <= number("at most"));
    assert!(number("expected") > 55, "{end:?}");
}
