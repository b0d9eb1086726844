//! Files both ways in the browser: the workbook of a campaign, a new campaign from its basics, records with a profile.

use crate::support::{World, csv_rows, python};
use crate::web::{Browser, Office, encoded};
use std::time::{Duration, Instant};

const NOW: &str = "2021-04-02T10:00:00+08:00";

fn office() -> Office {
    Office::at(World::small(), NOW)
}

/// What a form of the basics says.
const BASICS: &str =
    "id=flu-2021&start=2021-05-01&end=2021-06-30&adopt=ask&coordinator=cdc&email=c%40x.example";

fn basics(planner: &Browser, more: &str) -> (u16, String) {
    let name = encoded("流感接种");
    let (group, other) = (encoded("60岁以上"), encoded("6月龄至5岁"));
    let form = format!(
        "{BASICS}&name={name}&series=flu-iiv&name1={group}&min1=60&unit1=years&target1=70&\
         name2={other}&min2=6&max2=60&unit2=months&target2="
    );
    let answer = planner.post(&format!("/new?csrf={}", planner.token()), &(form + more));
    let to = answer.headers.get("location").cloned().unwrap_or_default();
    (answer.status, answer.body + &to)
}

/// A series that the form offers, other than the one of the small campaign.
fn offered(planner: &Browser) -> String {
    let page = planner.get("/new").body;
    let (_, list) = page.split_once("<select id=\"series\"").expect("a list of vaccines");
    let ids = list.split("value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    ids.into_iter().find(|id| id.contains("ppsv")).expect("a series of one dose")
}

#[test]
fn a_campaign_is_set_up_from_its_basics_and_then_gets_lots_and_counts() {
    let office = office();
    let planner = office.login("planner");
    let series = offered(&planner);
    let (status, said) = basics(&planner, "");
    assert!(status == 200 && said.contains("Choose a vaccine"), "{said}");
    assert!(said.contains("value=\"流感接种\""), "what was typed stays: {said}");
    let (status, to) = basics(&planner, &format!("&series={series}"));
    // The last of two fields counts.
    assert_eq!(status, 303, "{to}");
    let page = planner.get(&to).body;
    assert!(page.contains("流感接种") && page.contains("flu-2021"), "{page}");
    assert!(!page.contains("class=\"bad\""), "{page}");
    let file = planner.get(&format!("{to}/file"));
    assert!(file.headers["content-disposition"].contains("flu-2021.xlsx"));
    let apply = format!("{to}/apply?csrf={}", planner.token());
    let answer = planner.post(&apply, "");
    assert_eq!(answer.status, 303, "{}", answer.body);
    let next = &answer.headers["location"];
    assert!(next.contains("/c/flu-2021/supply") && next.contains("done=set-up"), "{next}");
    assert!(planner.get(next).body.contains("now add lots and eligible counts"));
    let count = "do=count&area=A&group=g1&people=60&from=2021-05-01&seen=2021-05-01&had=&sure=yes";
    let to = format!("/c/flu-2021/supply?as-of=2021-05-01&csrf={}", planner.token());
    assert_eq!(planner.post(&to, count).status, 303);
    let lot = "do=new-lot&lot=F1&product=x&date=2021-04-20&doses=100&expires=2021-12-31&sure=yes";
    assert_eq!(planner.post(&to, lot).status, 303);
    let made = ["plan", "make", "--campaign", "flu-2021", "--steps", "20", "-o", "json"];
    office.world.run(&made).ends(0);
    let shown = ["plan", "why", "--campaign", "flu-2021", "-o", "json"];
    office.world.run(&shown).ends(0);
    let (_, said) = basics(&planner, &format!("&series={series}"));
    assert!(said.contains("flu-2021"), "the code is taken: {said}");
    let (_, said) = basics(&planner, "&id=a+b&end=2021-04-01&target1=170&email=nobody");
    for wrong in ["short code", "first and the last day", "Group 1", "whoever gets the summary"] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
}

/// Changes the doses of a lot in a workbook.
const CHANGE: &str = "
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = next(s for s in book if any(c.value == 'L1' for row in s.iter_rows() for c in row))
head = next(row for row in sheet.iter_rows() if any(c.value == 'L1' for c in row))
for cell in head:
    if cell.value == 2000: cell.value = int(sys.argv[3])
book.save(sys.argv[2])
";

#[test]
fn a_workbook_is_downloaded_changed_and_uploaded_again() {
    let office = office();
    let planner = office.login("planner");
    let blank = planner.get("/upload/blank");
    assert!(blank.status == 200 && blank.headers["content-disposition"].contains(".xlsx"));
    let list = planner.get("/upload").body;
    assert!(list.contains("/c/small/workbook"), "{list}");
    let answer = planner.get("/c/small/workbook?as-of=2021-04-01");
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Bytes of a workbook are no text here: the command line writes the same.
    let before = office.world.path("before.xlsx");
    office.world.run(&["campaign", "export", before.to_str().unwrap()]).ends(0);
    let after = office.world.path("after.xlsx");
    let paths = [&before, &after].map(|path| path.to_str().unwrap());
    let changed = python("openpyxl", CHANGE, &[paths[0], paths[1], "1900"]);
    if changed.is_none() {
        return;
    }
    let page = planner.checked("small.xlsx", &std::fs::read(&after).unwrap());
    assert!(page.contains("2000") && page.contains("1900"), "the difference is shown: {page}");
    let log = office.log();
    assert!(log.iter().any(|line| line["did"] == "export" && line["said"] == "workbook"));
}

/// Sends a file and waits for what becomes of it.
#[track_caller]
pub(crate) fn import(planner: &Browser, fields: &[(&str, &str, &[u8])]) -> String {
    let answer = planner.send("/imports", fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let to = answer.headers["location"].clone();
    let began = Instant::now();
    loop {
        let page = planner.get(&to).body;
        if !page.contains("is being read") {
            return page;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{page}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_file_is_imported_its_refused_rows_are_fetched_and_it_is_taken_out_again() {
    let office = office();
    let planner = office.login("planner");
    let rows = "record,person,date,place,lot\nd1,p1,2021-04-01,S1,L1\nd2,p9,2021-04-01,S1,L1\n";
    let sent: [(&str, &str, &[u8]); 4] = [
        ("kind", "", b"doses"),
        ("profile", "", b""),
        ("campaign", "", b"small"),
        ("file", "doses.csv", rows.as_bytes()),
    ];
    let page = import(&planner, &sent);
    assert!(page.contains("2 rows: 1 new, 0 known, 0 corrected, 1 refused"), "{page}");
    assert!(page.contains("p9"), "{page}");
    let (_, rest) = page.split_once("/imports/refused/").expect("the refused rows");
    let number = rest.split('"').next().unwrap();
    let file = planner.get(&format!("/imports/refused/{number}"));
    assert_eq!(file.status, 200);
    assert!(file.headers["content-disposition"].contains("doses-errors.csv"));
    let refused = csv_rows(file.body.trim_start_matches('\u{feff}'));
    assert_eq!((refused.len(), refused[0]["record"].as_str()), (1, "d2"), "{}", file.body);
    let held: Vec<_> = std::fs::read_dir(office.world.path("imports")).unwrap().flatten().collect();
    let inside = std::fs::read_dir(held[0].path()).unwrap().flatten();
    let inside: Vec<_> = inside.map(|entry| entry.file_name()).collect();
    assert_eq!((held.len(), inside.len()), (1, 1), "the file itself is gone: {inside:?}");
    // The same again is known.
    let page = import(&planner, &sent);
    assert!(page.contains("0 new, 1 known"), "{page}");
    let list = planner.get("/imports?imports-list.as=csv").body;
    let list = csv_rows(list.trim_start_matches('\u{feff}'));
    assert!(list.iter().any(|row| row["no."] == number && row["file"] == "doses.csv"), "{list:?}");
    let undo = format!("/imports/undo?csrf={}", planner.token());
    let asked = planner.post(&undo, &format!("number={number}"));
    assert!(asked.status == 200 && asked.body.contains("1 records go"), "{}", asked.body);
    assert_eq!(office.world.people("2021-04-01", "senior", 1), 1);
    assert_eq!(planner.post(&undo, &format!("number={number}&sure=yes")).status, 303);
    assert_eq!(office.world.people("2021-04-01", "senior", 1), 0);
    let again = planner.post(&undo, &format!("number={number}&sure=yes"));
    assert!(again.status == 200 && again.body.contains("class=\"wrong\""), "{}", again.body);
    let log = office.log();
    let by = |did: &str| {
        log.iter().filter(|line| line["did"] == did && line["who"] == "planner").count()
    };
    assert_eq!((by("import"), by("import-undo")), (2, 1));
}

#[test]
fn a_file_of_another_program_is_read_by_a_profile() {
    let office = office();
    let planner = office.login("planner");
    let own = "table = \"persons\"\n[columns.person]\nfrom = \"No\"\n\
        [columns.area]\nfrom = \"Town\"\n\
        codes = \"towns\"\n[columns.born]\nfrom = \"Birth\"\nkind = \"date\"\n\
        [codes.towns]\n\"1\" = \"A\"\n";
    let rows = "No,Town,Birth\nx1,1,1950-03-01\n";
    let sent = |own: &'static [u8], kind: &'static [u8]| -> Vec<(&str, &str, &[u8])> {
        vec![("kind", "", kind), ("own", "mine.toml", own), ("file", "people.csv", rows.as_bytes())]
    };
    let own: &'static str = Box::leak(own.to_owned().into_boxed_str());
    let page = import(&planner, &sent(own.as_bytes(), b"persons"));
    assert!(page.contains("1 rows: 1 new"), "{page}");
    let wrong = planner.send("/imports", &sent(own.as_bytes(), b"doses"));
    assert!(wrong.status == 400 && wrong.body.contains("persons"), "{}", wrong.body);
    let broken = planner.send("/imports", &sent(b"table = 7", b"persons"));
    assert!(broken.status == 400 && broken.body.contains("mine.toml"), "{}", broken.body);
    let none: [(&str, &str, &[u8]); 1] = [("kind", "", b"persons")];
    assert!(planner.send("/imports", &none).body.contains("Choose a file"));
    let lead = office.login("lead");
    assert_eq!(lead.send("/imports", &sent(own.as_bytes(), b"persons")).status, 403);
}
