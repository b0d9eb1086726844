//! The official figures on the dashboard: tables with their children, lists of schools, files that are one child,
//! births by another source, surveys.

use crate::support::{World, python};
use crate::web::{Browser, Office, account, encoded};

/// A register with children at two sites, two of whom are one child.
fn register() -> World {
    let world = World::small();
    let persons = "person,area,born,sex,unit,name,id_no,school,class\n\
                   k1,A,2021-01-05,M,S1,赵一,X0001,,\n\
                   k2,A,2021-01-05,M,S1,赵一,X0001,,\n\
                   k3,B,2021-02-03,F,S2,,,,\n\
                   k9,A,2021-02-04,F,,,,,\n\
                   g1,A,2012-03-01,F,S1,钱女,X0002,一中,1班\n\
                   g2,B,2012-04-01,F,S2,孙女,X0003,二中,2班\n";
    world.file("persons.csv", persons);
    let doses = "record,person,date,place,product,attribute\nb1,k1,2021-01-05,S1,BCG,P\n\
                 h1,k2,2021-01-05,S1,HepB,P\nb3,k3,2021-02-04,S2,BCG,P\n\
                 r3,k3,2021-02-05,S2,Unheard,S\n";
    world.file("doses.csv", doses);
    world.run(&["persons", "import", "persons.csv"]).ends(0);
    world.run(&["doses", "import", "doses.csv"]).ends(0);
    world
}

const NOW: &str = "2026-02-02T10:00:00+08:00";

#[test]
fn official_tables_are_shown_with_the_children_behind_them_by_role_and_area() {
    let office = Office::at(register(), NOW);
    account(&office.world, &["add", "town", "--role", "planner", "--areas", "B"], "town");
    let viewer = office.login("viewer");
    let page = viewer.get("/national?table=month&month=2021-02").body;
    for part in ["BCG", "100.00", "county:001", "township:B", "unit:S2", "/national/form?"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("/national/children"), "a viewer sees nobody: {page}");
    // A child without a unit is told to those who may see people.
    let told = |role: &str| office.login(role).get("/national?table=month&month=2021-02").body;
    assert!(!page.contains("k9") && told("admin").contains("k9"), "{page}");
    for table in ["cum", "cohort", "year90", "paid", "quality", "denominators"] {
        let answer = viewer.get(&format!("/national?table={table}&month=2021-12&rate=8.5"));
        assert!(
            answer.status == 200 && answer.body.contains("id=\"t-"),
            "{table}: {}",
            answer.body
        );
    }
    // The table as a file has two decimals; the official form is a workbook.
    let csv = viewer.get("/national?table=month&month=2021-02&month.as=csv").body;
    assert!(csv.contains(",100.00"), "{csv}");
    let form = viewer.get("/national/form?table=month&month=2021-02");
    assert!(form.headers["content-type"].contains("spreadsheetml"), "{:?}", form.headers);
    assert!(viewer.get("/national/form?survey=quarter").headers["content-type"].contains("sheet"));
    // Somebody of an area sees its township and nothing above or beside it.
    let town = office.login("town");
    let page = town.get("/national?table=month&month=2021-02").body;
    assert!(page.contains("unit:S2") && !page.contains("unit:S1"), "{page}");
    assert!(!page.contains("county:001") && !page.contains("k9"), "{page}");
    assert_eq!(town.get("/national?month=2021-02&scope=unit:S1").status, 404);
    assert_eq!(town.get("/national/form?month=2021-02&scope=all").status, 404);
    let behind = "/national/children?table=month&month=2021-02&row=BCG-1&scope=";
    assert_eq!(town.get(&format!("{behind}county:001")).status, 404);
    let page = town.get(&format!("{behind}township:B")).body;
    assert!(page.contains("k3") && page.contains("b3"), "{page}");
    // A lead sees the children of their own site.
    let lead = office.login("lead").get(&format!("{behind}county:001")).body;
    assert!(!lead.contains("k3") && lead.contains("id=\"t-national-children\""), "{lead}");
    let page = office.login("admin").get(&format!("{behind}county:001")).body;
    assert!(page.contains("k3"), "{page}");
    let cohort = "/national/children?table=cohort&month=2024-12&row=BCG-1&age=3&scope=county:001";
    let page = office.login("admin").get(cohort).body;
    // Two files of one child are one line, under the code of the file that has the basic data.
    assert!(page.contains("k2") && page.contains("k3") && !page.contains("k1"), "{page}");
    let log = office.log();
    let seen = log.iter().filter(|line| line["did"] == "see-records");
    let said: Vec<&str> = seen.filter_map(|line| line["said"].as_str()).collect();
    assert!(said.iter().any(|said| said.contains("township:B, BCG-1: 1 children")), "{said:?}");
    for bad in [
        "/national?table=nothing",
        "/national?month=2021",
        "/national?known-on=soon",
        "/national?table=denominators&rate=many",
        "/national/children?table=month&month=2021-02&scope=all",
        "/national/children?table=paid&month=2021-02&scope=all&row=BCG-1",
        // What is typed as a row is no row, and stands nowhere afterwards.
        "/national/children?table=month&month=2021-02&scope=all&row=Zhaoyi",
        "/national/children?table=cum&month=2021-02&scope=all&row=full",
        "/national/children?table=cohort&month=2021-02&scope=all&row=Zhaoyi&age=3",
        "/national/children?table=cohort&month=2021-02&scope=all&row=full&age=99",
        "/national/children?table=paid&month=2021-02&scope=all&row=Zhaoyi/1",
        "/national/children?table=quality&month=2021-02&scope=all&row=BCG-1",
    ] {
        assert_eq!(office.login("admin").get(bad).status, 400, "{bad}");
    }
    let full = "/national/children?table=cohort&month=2024-12&row=full&age=3&scope=all";
    assert_eq!(office.login("admin").get(full).status, 200);
    let paid = "/national/children?table=paid&month=2021-02&scope=all&row=";
    assert_eq!(office.login("admin").get(&format!("{paid}HPV2/1")).status, 200);
    // A vaccine that no rule is about is a row where somebody has it.
    let page = office.login("admin").get(&format!("{paid}Unheard/1"));
    assert!(page.status == 200 && page.body.contains("r3"), "{}", page.body);
    assert_eq!(office.login("admin").get(&format!("{paid}Unheard/2")).status, 400);
    assert!(!office.log().iter().any(|line| line.to_string().contains("Zhaoyi")));
}

#[test]
fn lists_of_schools_are_shown_to_those_whose_children_they_are() {
    let office = Office::at(register(), NOW);
    let admin = office.login("admin");
    let page = admin.get("/national/pupils?list=hpv&day=2026-01-10").body;
    for part in ["一中", "1班", "钱女", "孙女", "HPV"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let one = admin.get("/national/pupils?list=hpv&day=2026-01-10&school=%E4%BA%8C%E4%B8%AD").body;
    assert!(one.contains("孙女") && !one.contains("钱女"), "{one}");
    for list in ["check", "feedback", "missing"] {
        let page = admin.get(&format!("/national/pupils?list={list}&day=2026-01-10")).body;
        assert!(page.contains("一中") && page.contains("二中"), "{list}: {page}");
    }
    let lead = office.login("lead").get("/national/pupils?list=hpv&day=2026-01-10").body;
    assert!(lead.contains("钱女") && !lead.contains("孙女"), "{lead}");
    assert_eq!(office.login("viewer").get("/national/pupils").status, 403);
    assert_eq!(admin.get("/national/pupils?list=other").status, 400);
    assert!(
        office.log().iter().any(|line| line["said"].as_str().unwrap().contains("national hpv"))
    );
}

#[test]
fn files_that_are_one_child_are_merged_on_a_page_and_parted_again() {
    let office = Office::at(register(), NOW);
    let admin = office.login("admin");
    let page = admin.get("/national/duplicates").body;
    for part in ["k1", "k2", "赵一", "2021-01-05", "csrf="] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let rest = page.split("/national/duplicates?csrf=").nth(1).expect("a form");
    let csrf = rest.split('"').next().unwrap().to_owned();
    let to = format!("/national/duplicates?csrf={csrf}");
    let answer = admin.post(&to, "pair=k2%0D%0Ak1");
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = admin.get("/national/duplicates?done=merged").body;
    assert!(page.contains("k1 → k2") && page.contains("name=\"alias\""), "{page}");
    assert!(!page.contains("赵一"), "{page}");
    // What was recorded since stands on it, and is named.
    office.world.file("later.csv", "record,person,date,place,product\nm1,k1,2022-01-05,S1,MMR\n");
    office.world.run(&["doses", "import", "later.csv"]).ends(0);
    let answer = admin.post(&to, "alias=k1");
    assert!(answer.status == 409 && answer.body.contains("m1"), "{}", answer.body);
    assert_eq!(admin.post(&to, "alias=k1&keep_later=yes").status, 303);
    let page = admin.get("/national/duplicates").body;
    assert!(page.contains("赵一") && !page.contains("name=\"alias\""), "{page}");
    assert_eq!(admin.post(&to, "alias=k1").status, 409, "there is nothing to take back");
    assert_eq!(admin.post(&to, "").status, 400);
    assert_eq!(admin.post("/national/duplicates?csrf=00", "pair=k2%0Ak1").status, 403);
    let log = office.log();
    for did in ["person-merge", "person-unmerge", "see-records"] {
        assert!(log.iter().any(|line| line["did"] == did), "{did}");
    }
}

/// Sends the form of births.
fn births(browser: &Browser, form: &str) -> (u16, String) {
    let answer = browser.post(&format!("/national/births?csrf={}", browser.token()), form);
    (answer.status, answer.body)
}

#[test]
fn births_by_year_are_entered_on_a_page_and_reported_coverage_is_held_against_them() {
    let office = Office::at(register(), NOW);
    let (planner, other) = (office.login("planner"), office.login("admin"));
    let list = |browser: &Browser| {
        let page = browser.get("/national/births?national-births-list.as=csv").body;
        crate::support::csv_rows(page.trim_start_matches('\u{feff}'))
    };
    let page = planner.get("/national/births").body;
    assert!(
        page.contains("<option value=\"B\"") && page.contains("Nothing is known yet"),
        "{page}"
    );
    let of = "/national?table=denominators&month=2025-12";
    let none = "no township or county has births";
    let page = planner.get(of).body;
    assert!(page.contains(none), "{page}");
    let source = encoded("妇幼");
    let (status, page) =
        births(&planner, &format!("area=B&year=2021&births=4&source={source}&had="));
    assert_eq!(status, 303, "{page}");
    let rows = list(&other);
    let row = ["area", "area (code)", "births", "source"].map(|key| rows[0][key].as_str());
    assert_eq!((rows.len(), row), (1, ["乙镇", "B", "4", "妇幼"]), "{rows:?}");
    // One child of the register against four births.
    let d_values = |more: &str| {
        let of = "/national?table=denominators&month=2025-12&national-denominators.as=csv";
        let page = office.login("viewer").get(&format!("{of}{more}")).body;
        crate::support::csv_rows(page.trim_start_matches('\u{feff}'))
    };
    let lines = d_values("");
    let bcg = lines.iter().find(|line| line["vaccine"] == "BCG-1").expect("a line");
    let found = ["place", "born in", "children by the other source", "source", "estimated %"];
    let found = found.map(|key| bcg[key].as_str());
    assert_eq!(found, ["乙镇", "2021", "4", "妇幼", "25.00"]);
    assert!(!planner.get(of).body.contains(none));
    assert_eq!((bcg["place (code)"].as_str(), bcg["D value"].as_str()), ("township:B", "75.00"));
    assert!(d_values("&rate=8.5").len() >= lines.len());
    // Whoever looked before somebody else saved is told what stands there now, and changes that.
    let (status, page) = births(&other, "area=B&year=2021&births=5&source=&had=");
    assert!(status == 200 && page.contains("were changed to 4 by somebody else"), "{page}");
    assert!(page.contains("name=\"had\" value=\"4 妇幼\""), "{page}");
    assert!(page.contains("Change births of"), "{page}");
    let had = encoded("4 妇幼");
    assert_eq!(births(&other, &format!("area=B&year=2021&births=5&source=&had={had}")).0, 303);
    let (status, page) = births(&planner, &format!("area=B&year=2021&births=6&source=&had={had}"));
    assert!(status == 200 && page.contains("were changed to 5 by somebody else"), "{page}");
    assert_eq!(list(&planner)[0]["births"], "5");
    // Two at once: one of them is told.
    let both = std::thread::scope(|scope| {
        let send = |browser, births_of: u32| {
            let form = format!("area=A&year=2020&births={births_of}&source=&had=");
            scope.spawn(move || births(browser, &form).0)
        };
        let sent = [send(&planner, 7), send(&other, 8)];
        sent.map(|one| one.join().unwrap())
    });
    assert!(both.contains(&303) && both.contains(&200), "{both:?}");
    // What is wrong is named, and what was typed stays.
    for (form, said) in [
        (
            "area=B&year=2090&births=4&source=&had=",
            "“2090” is no year; write one from 1950 to 2026",
        ),
        ("area=B&year=abc&births=4&source=&had=", "“abc” is no year"),
        ("area=B&year=2020&births=-3&source=&had=", "“-3” is no number of children"),
        ("area=B&year=2020&births=1.5&source=&had=", "“1.5” is no number"),
        ("area=B&year=2020&births=&source=&had=", "Write how many were born"),
        ("area=Z&year=2020&births=4&source=&had=", "“Z” is no township or county"),
        ("area=B%00&year=2020&births=4&source=&had=", "out of date or incomplete"),
        ("area=B&year=2020&births=4&source=&had=x", "out of date or incomplete"),
        // It was taken out, or never was.
        ("area=B&year=2019&births=4&source=&had=3+", "were taken out by somebody else"),
    ] {
        let (status, page) = births(&planner, form);
        assert!(status == 200 && page.contains(said), "{form}: {said}: {page}");
        assert!(page.contains("role=\"alert\""), "{page}");
    }
    let (_, page) = births(&planner, "area=B&year=2020&births=many&source=census&had=");
    assert!(page.contains("value=\"many\"") && page.contains("value=\"census\""), "{page}");
    // Nothing typed in the number takes the row out.
    let page = planner.get("/national/births?area=B&year=2021").body;
    assert!(page.contains("name=\"had\" value=\"5 \""), "{page}");
    assert_eq!(births(&planner, "area=B&year=2021&births=&source=&had=5+").0, 303);
    assert_eq!(list(&planner).iter().filter(|row| row["area (code)"] == "B").count(), 0);
    let log = office.log();
    let said: Vec<(&str, &str)> = log
        .iter()
        .filter(|line| line["did"] == "births-enter")
        .map(|line| (line["who"].as_str().unwrap(), line["said"].as_str().unwrap()))
        .collect();
    for line in [
        ("planner", "births of B in 2021: - → 4"),
        ("admin", "births of B in 2021: 4 → 5"),
        ("planner", "births of B in 2021: 5 → -"),
    ] {
        assert!(said.contains(&line), "{line:?}: {said:?}");
    }
    assert_eq!(said.len(), 4, "what was refused is no change: {said:?}");
    for role in ["viewer", "lead"] {
        assert_eq!(births(&office.login(role), "area=B&year=2021&births=4&source=&had=").0, 403);
        assert!(!office.login(role).get("/national").body.contains("/national/births"), "{role}");
    }
}

#[test]
fn a_filled_survey_is_sent_on_a_page_and_its_result_or_its_faults_are_shown() {
    let office = Office::at(register(), NOW);
    // The unit's own search is done by the unit.
    let lead = office.login("lead");
    let page = lead.get("/national/survey").body;
    for part in ["survey=quarter", "survey=year", "multipart/form-data"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let send = |name: &str, bytes: &[u8]| lead.send("/national/survey", &[("file", name, bytes)]);
    office.world.run(&["national", "survey", "form", "blank.csv"]).ends(0);
    let blank = office.world.read("blank.csv");
    let answer = send("blank.csv", blank.as_bytes());
    assert!(answer.status == 200 && answer.body.contains("No row of blank.csv"), "{}", answer.body);
    let fill = |yes: &dyn Fn(u32) -> &'static str| -> String {
        let row = |line: &str| match line.split(',').next().and_then(|first| first.parse().ok()) {
            Some(number) if number <= 10 => format!("{number},,张三,,{},是,,是\n", yes(number)),
            _ => format!("{line}\n"),
        };
        blank.lines().map(row).collect()
    };
    let answer =
        send("filled.csv", fill(&|number| if number == 1 { "否" } else { "是" }).as_bytes());
    for part in ["Result of filled.csv: 10 children", "90.00", "59.58", "98.21", "one by one"] {
        assert!(answer.status == 200 && answer.body.contains(part), "{part}: {}", answer.body);
    }
    let answer =
        send("wrong.csv", fill(&|number| if number == 3 { "也许" } else { "是" }).as_bytes());
    // Row, column, value, and what to do.
    for part in ["wrong.csv has something wrong", ">6<", "certificate", "也许", "yes, no"] {
        assert!(answer.status == 200 && answer.body.contains(part), "{part}: {}", answer.body);
    }
    assert!(!answer.body.contains("张三") && !answer.body.contains("90.00"), "{}", answer.body);
    // The same as a workbook, as the page hands it out.
    let script = "import sys, openpyxl\nbook = openpyxl.load_workbook(sys.argv[1])\n\
                  sheet = book.worksheets[0]\n\
                  for row in range(4, 14):\n    sheet.cell(row, 2, '甲村' if row < 9 else '乙村')\n    \
                  sheet.cell(row, 5, '是' if row > 5 else '否')\nbook.save(sys.argv[2])";
    office.world.run(&["national", "survey", "form", "blank.xlsx", "--yearly"]).ends(0);
    let paths = ["blank.xlsx", "filled.xlsx"].map(|name| office.world.path(name));
    let paths = [&paths[0], &paths[1]].map(|path| path.to_str().unwrap());
    if python("openpyxl", script, &paths).is_some() {
        let answer = send("调查.xlsx", &std::fs::read(paths[1]).unwrap());
        for part in ["调查.xlsx: 10 children", "80.00", "villages or units drawn"] {
            assert!(answer.body.contains(part), "{part}: {}", answer.body);
        }
    }
    for (name, bytes) in [("", &b""[..]), ("empty.csv", b""), ("photo.pdf", b"%PDF-1.4 nothing")] {
        let answer = send(name, bytes);
        let is_told = answer.body.contains("role=\"alert\"");
        assert!([200, 400].contains(&answer.status) && is_told, "{name}: {}", answer.body);
    }
    let large = vec![b'x'; (8 << 20) + 1000];
    let answer = send("large.csv", &large);
    assert!(answer.status == 413, "{}", answer.status);
    // Nothing of it stays.
    let kept = std::fs::read_dir(office.world.path("imports")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "the files are gone");
    let log = office.log();
    let has = |did: &str, said: &str| {
        log.iter().any(|line| line["who"] == "lead" && line["did"] == did && line["said"] == said)
    };
    assert!(has("upload", "survey: 10 children") && has("refused", "survey: bad_word"), "{log:?}");
    assert!(!log.iter().any(|line| line.to_string().contains("张三")));
    assert_eq!(office.login("viewer").get("/national/survey").status, 403);
}
