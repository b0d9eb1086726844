//! The official figures on the dashboard: tables with their children, lists of schools, files that are one child.

use crate::support::World;
use crate::web::{Office, account};

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
