//! One register for several campaigns: a person has one row and one history, and each campaign counts its own vaccine.

use crate::support::{
    Folder, PERSONS, SENIORS, World, dose_of, flu, number, on_postgresql, row, small,
};
use serde_json::Value;

fn applied(world: World, folder: &Folder, name: &str) -> World {
    let path = folder.write(&world.path(name));
    world.run(&["campaign", "apply", path.to_str().unwrap()]).ends(0);
    world
}

/// Both campaigns, and the seniors in the register.
fn county(world: World) -> World {
    let world = applied(applied(world, &small(), "small"), &flu(), "flu");
    world.import("persons", SENIORS).ends(0);
    world
}

/// Imports rows under a header of their own.
fn import(world: &World, kind: &str, text: &str, more: &[&str]) -> crate::support::Ran {
    let name = format!("{kind}.csv");
    world.file(&name, text);
    world.run(&[&[kind, "import", &name, "-o", "json"], more].concat())
}

fn counts(ran: &crate::support::Ran) -> [u64; 4] {
    let json = ran.json();
    ["new", "same", "corrected", "refused"].map(|key| number(&json[key]))
}

const DOSES: &str = "record,person,date,place,product";

fn doses(world: &World, rows: &str, more: &[&str]) -> crate::support::Ran {
    import(world, "doses", &format!("{DOSES}\n{rows}\n"), more)
}

/// People with a dose in a campaign, among the seniors of the county.
#[track_caller]
fn people(world: &World, campaign: &str, dose: u64) -> u64 {
    let at = world.run(&["coverage", campaign, "--as-of", "2021-05-10", "-o", "json"]).ends(0);
    number(&dose_of(row(&at.json(), "senior"), dose)["people"])
}

#[track_caller]
fn is_sound(world: &World) {
    world.run(&["db", "check"]).ends(0);
}

fn due(world: &World, campaign: &str) -> Vec<String> {
    let list = ["due", "list", "--by", "2021-05-10", "--campaign", campaign, "-o", "csv"];
    world.run(&list).ends(0).csv().into_iter().map(|row| row["person"].clone()).collect()
}

fn each_counts_its_own(world: World) {
    let world = county(world);
    let rows = "d1,p1,2021-04-02,S1,FLU\nd2,p1,2021-04-02,S1,covid19-inactivated\n\
                d3,p2,2021-04-03,S1,FLU\nd4,p3,2020-10-02,S1,FLU";
    assert_eq!(counts(&doses(&world, rows, &[]).ends(0)), [4, 0, 0, 0]);
    assert_eq!((people(&world, "flu", 1), people(&world, "small", 1)), (2, 1));
    assert!(!due(&world, "flu").contains(&"p1".to_owned()));
    assert!(due(&world, "flu").contains(&"p3".to_owned()), "a dose of last season");
    assert!(due(&world, "small").contains(&"p2".to_owned()));
    // A death is everybody's, a refusal its campaign's or its vaccine's.
    let outcomes = "record,person,date,outcome,vaccine\no1,p4,2021-04-05,dead,\n\
                    o2,p5,2021-04-05,refused,FLU";
    import(&world, "outcomes", outcomes, &[]).ends(0);
    let refused = "record,person,date,outcome\no3,p6,2021-04-05,refused";
    let ran = import(&world, "outcomes", refused, &[]).ends(3);
    assert!(ran.err.contains("--campaign"), "{}", ran.err);
    import(&world, "outcomes", refused, &["--campaign", "small"]).ends(0);
    for (campaign, gone, stay) in [("flu", ["p4", "p5"], "p6"), ("small", ["p4", "p6"], "p5")] {
        let due = due(&world, campaign);
        assert!(gone.iter().all(|gone| !due.contains(&(*gone).to_owned())), "{due:?}");
        assert!(due.contains(&stay.to_owned()), "{campaign}: {due:?}");
    }
    is_sound(&world);
}

#[test]
fn each_campaign_counts_its_own_vaccine_of_one_register_on_sqlite() {
    each_counts_its_own(World::empty());
}

#[test]
fn each_campaign_counts_its_own_vaccine_of_one_register_on_postgresql() {
    on_postgresql(|db| each_counts_its_own(World::on(db)));
}

#[test]
fn a_dose_without_a_product_is_of_its_campaign_s_vaccine_or_refused() {
    let world = county(World::empty());
    let ran = doses(&world, "d1,p1,2021-04-02,S1,", &[]).ends(3);
    assert!(world.read("doses-errors.csv").contains("which_campaign"), "{}", ran.err);
    doses(&world, "d1,p1,2021-04-02,S1,", &["--campaign", "flu"]).ends(0);
    assert_eq!((people(&world, "flu", 1), people(&world, "small", 1)), (1, 0));
    // The record is known, so nobody need say again whose it is; under another campaign it is refused.
    assert_eq!(counts(&doses(&world, "d1,p1,2021-04-02,S1,", &[]).ends(0)), [0, 1, 0, 0]);
    doses(&world, "d1,p1,2021-04-02,S1,", &["--campaign", "small"]).ends(3);
    assert!(world.read("doses-errors.csv").contains("wrong_campaign"));
    // A row may name its campaign, and a file under another one is refused then.
    let row = "record,person,date,place,campaign\nd2,p2,2021-04-02,S1,small";
    import(&world, "doses", row, &["--campaign", "flu"]).ends(3);
    assert!(world.read("doses-errors.csv").contains("wrong_campaign"));
    import(&world, "doses", row, &[]).ends(0);
    assert_eq!((people(&world, "flu", 1), people(&world, "small", 1)), (1, 1));
    // A product of the other campaign is that one's, whatever the file is imported under.
    doses(&world, "d3,p3,2021-04-02,S1,FLU", &["--campaign", "small"]).ends(0);
    assert_eq!((people(&world, "flu", 1), people(&world, "small", 1)), (2, 1));
    // Tallies belong to one campaign, and so do their codes.
    let tally = "record,date,place,area,group,dose,doses\nt1,2021-04-02,S1,A,adult,1,5";
    import(&world, "tallies", tally, &[]).ends(3);
    import(&world, "tallies", tally, &["--campaign", "flu"]).ends(0);
    import(&world, "tallies", tally, &["--campaign", "small"]).ends(3);
    assert!(world.read("tallies-errors.csv").contains("wrong_campaign"));
    is_sound(&world);
}

#[test]
fn a_form_carries_its_campaign() {
    let world = county(World::empty());
    world.run(&["doses", "new", "--xlsx", "flu.xlsx", "--campaign", "flu"]).ends(0);
    let read = |path: &str, more: &[&str]| {
        world.run(&[&["doses", "import", path, "-o", "json"], more].concat())
    };
    // An empty form has no rows, and reading it is no error under any campaign.
    assert_eq!(counts(&read("flu.xlsx", &[])), [0, 0, 0, 0]);
}

#[test]
fn a_dose_from_elsewhere_moves_the_person_on_and_counts_for_no_site() {
    let world = county(World::empty());
    let rows = "d1,p1,2021-04-02,999999999999,FLU\nd2,p2,2021-04-02,320500123456,FLU";
    let json = doses(&world, rows, &[]).ends(0).json();
    assert_eq!((number(&json["new"]), number(&json["elsewhere"])), (2, 2));
    assert_eq!(people(&world, "flu", 1), 2);
    let list = ["coverage", "flu", "--as-of", "2021-05-10", "--by", "site", "-o", "csv"];
    assert_eq!(world.run(&list).ends(0).csv().len(), 0);
    let stock = ["report", "show", "stock", "--month", "2021-04", "--campaign", "flu", "-o", "csv"];
    let ran = world.run(&stock).ends(0);
    assert!(!ran.out.contains(",2,"), "nothing was drawn: {}", ran.out);
    // What looks like one of ours is a typing error.
    doses(&world, "d3,p3,2021-04-02,S9,FLU", &[]).ends(3);
    assert!(world.read("doses-errors.csv").contains("unknown_place"));
    is_sound(&world);
}

#[test]
fn a_column_that_a_file_does_not_have_stays_and_a_blank_cell_empties() {
    let world = county(World::empty());
    let shown = |key: &str| -> Value {
        let ran = world.run(&["persons", "show", "p3", "-o", "json"]).ends(0);
        ran.json()["person"][key].clone()
    };
    import(&world, "persons", "person,area,born,phone\np3,A,1952-01-01,13811112222", &[]).ends(0);
    assert_eq!((shown("name"), shown("email")), ("钱三".into(), "qian@home.example".into()));
    assert_eq!(shown("phone"), "13811112222");
    import(&world, "persons", "person,area,born,email\np3,A,1952-01-01,", &[]).ends(0);
    assert_eq!((shown("email"), shown("phone")), (Value::Null, "13811112222".into()));
    let text = "person,area,born,id_no,guardian,unit,school,class,address,mother_hbsag,\
                birth_weight\n\
                p3,A,1952-01-01,3211,钱父,S1,一小,3班,甲村1号,no,3200";
    import(&world, "persons", text, &[]).ends(0);
    assert_eq!(shown("more")["birth_weight"], 3200);
    import(&world, "persons", "person,area,born,died\np3,A,1952-01-01,2021-04-03", &[]).ends(0);
    assert_eq!(
        (shown("more")["class"].clone(), shown("more")["died"].clone()),
        ("3班".into(), "2021-04-03".into())
    );
    assert!(!due(&world, "flu").contains(&"p3".to_owned()), "who has died is asked by nobody");
    // A dose keeps what a later file does not say.
    let text = "record,person,date,place,product,entered_by,entered_at,attribute\n\
                d1,p1,2021-04-02,S1,FLU,张医生,2021-04-02 09:30,P";
    import(&world, "doses", text, &[]).ends(0);
    let again = "record,person,date,place\nd1,p1,2021-04-02,S1";
    assert_eq!(counts(&import(&world, "doses", again, &[]).ends(0)), [0, 1, 0, 0]);
    let born = "person,area,born\np1,A,2021-04-20";
    import(&world, "persons", born, &[]).ends(3);
    assert!(world.read("persons-errors.csv").contains("born_after_dose"));
}

#[test]
fn a_person_in_two_files_with_other_birth_dates_is_told_and_the_second_file_can_be_undone() {
    let world = county(World::empty());
    let born = || {
        let said = world.run(&["persons", "show", "p3", "-o", "json"]).ends(0).json();
        said["person"]["born"].as_str().expect("a day").to_owned()
    };
    world.file("second.csv", "person,area,born\np3,A,1953-02-02\np4,A,1953-01-01\n");
    let ran = world.run(&["persons", "import", "second.csv"]).ends(0);
    assert!(
        ran.err.contains("second.csv:2") && ran.err.contains("p3 had another date"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("p4") && !ran.err.contains("1953"), "{}", ran.err);
    assert_eq!(born(), "1953-02-02");
    let files = world.run(&["import", "list", "-o", "json"]).ends(0).json();
    world.run(&["import", "undo", &files[0]["number"].to_string()]).ends(0);
    assert_eq!(born(), "1952-01-01");
    let ran = world.run(&["persons", "import", "second.csv", "--lang", "zh-CN"]).ends(0);
    assert!(ran.err.contains("p3 的出生日期与登记册原有的不同"), "{}", ran.err);
    // What says the same is no news.
    let ran = world.run(&["persons", "import", "second.csv"]).ends(0);
    assert!(!ran.err.contains("another date"), "{}", ran.err);
}

#[test]
fn a_voided_record_stays_void_when_the_file_comes_again() {
    let world = county(World::empty());
    doses(&world, "d1,p1,2021-04-02,S1,FLU", &[]).ends(0);
    world.run(&["doses", "void", "d1", "--reason", "typed twice"]).ends(0);
    let json = doses(&world, "d1,p1,2021-04-02,S1,FLU", &[]).ends(0).json();
    assert_eq!((number(&json["new"]), number(&json["voided"])), (0, 1));
    assert_eq!(people(&world, "flu", 1), 0);
    doses(&world, "d1,p1,2021-04-02,S1,FLU", &["--revive"]).ends(0);
    assert_eq!(people(&world, "flu", 1), 1);
    assert_eq!(counts(&doses(&world, "d1,p1,2021-04-02,S1,FLU", &[]).ends(0)), [0, 1, 0, 0]);
    is_sound(&world);
}

fn undone(world: World) {
    let world = county(world);
    doses(&world, "d1,p1,2021-04-02,S1,FLU\nd2,p2,2021-04-02,S1,FLU", &[]).ends(0);
    doses(&world, "d1,p3,2021-04-09,S1,FLU\nd3,p4,2021-04-02,S1,FLU", &[]).ends(0);
    let list = || world.run(&["import", "list", "-o", "json"]).ends(0).json();
    let files = list();
    let newest = |at: usize| files[at]["number"].to_string();
    assert_eq!((files[0]["new"].clone(), files[0]["corrected"].clone()), (1.into(), 1.into()));
    assert_eq!(
        (files[0]["imported_file"].clone(), files.as_array().unwrap().len()),
        ("doses.csv".into(), 3)
    );
    // The first file cannot go while the second stands on it.
    let ran = world.run(&["import", "undo", &newest(1), "-o", "json"]).ends(3);
    assert_eq!(ran.json()["stands"], serde_json::json!(["d1"]));
    assert_eq!(people(&world, "flu", 1), 3);
    let json = world.run(&["import", "undo", &newest(0), "-o", "json"]).ends(0).json();
    assert_eq!((json["removed"].clone(), json["restored"].clone()), (1.into(), 1.into()));
    assert_eq!(people(&world, "flu", 1), 2);
    assert!(due(&world, "flu").contains(&"p3".to_owned()), "the correction is taken back");
    is_sound(&world);
    world.run(&["import", "undo", &newest(0)]).ends(1);
    world.run(&["import", "undo", &newest(1)]).ends(0);
    assert_eq!(people(&world, "flu", 1), 0);
    is_sound(&world);
    // Undone is not void: the file may come again.
    doses(&world, "d1,p1,2021-04-02,S1,FLU", &[]).ends(0);
    let ran = world.run(&["import", "undo", &newest(2), "-o", "json"]).ends(3);
    assert_eq!(ran.json()["stands"], serde_json::json!(["p1"]), "somebody with a dose stays");
    assert!(list()[1]["undone"].is_string());
}

#[test]
fn an_import_can_be_undone_exactly_on_sqlite() {
    undone(World::empty());
}

#[test]
fn an_import_can_be_undone_exactly_on_postgresql() {
    on_postgresql(|db| undone(World::on(db)));
}

fn merged(world: World) {
    let world = county(world);
    let twin = "twin,A,1950-01-01,赵一,F,,zhao2@home.example,13900000000,,,";
    world.import("persons", twin).ends(0);
    let rows = "d1,p1,2021-04-02,S1,covid19-inactivated\nd2,twin,2021-04-30,S1,covid19-inactivated";
    doses(&world, rows, &[]).ends(0);
    assert_eq!((people(&world, "small", 1), people(&world, "small", 2)), (2, 0));
    world.run(&["persons", "merge", "p1", "twin"]).ends(0);
    assert_eq!((people(&world, "small", 1), people(&world, "small", 2)), (1, 1));
    is_sound(&world);
    // Both codes are known.
    let ran = world.run(&["persons", "show", "twin", "-o", "json"]).ends(0).json();
    assert_eq!((ran["person"]["id"].clone(), ran["also"][0].clone()), ("p1".into(), "twin".into()));
    assert_eq!(ran["doses"].as_array().unwrap().len(), 2);
    doses(&world, "d3,twin,2021-04-03,S1,FLU", &[]).ends(0);
    assert!(!due(&world, "flu").contains(&"p1".to_owned()));
    assert_eq!(counts(&world.import("persons", twin).ends(0))[0], 0, "the twin does not come back");
    world.run(&["persons", "merge", "p1", "twin"]).ends(1);
    is_sound(&world);
}

/// Everything that `persons show` knows but history.
fn whole(world: &World, code: &str) -> Value {
    let mut file = world.run(&["persons", "show", code, "-o", "json"]).ends(0).json();
    file.as_object_mut().unwrap().remove("before");
    file
}

fn unmerged(world: World) {
    let world = county(world);
    let twin = "twin,A,1950-01-01,赵一,F,,zhao2@home.example,13900000000,,,";
    world.import("persons", twin).ends(0);
    let rows = "d1,p1,2021-04-02,S1,covid19-inactivated\nd2,twin,2021-04-30,S1,covid19-inactivated";
    doses(&world, rows, &[]).ends(0);
    import(
        &world,
        "outcomes",
        "record,person,date,outcome,vaccine\no1,twin,2021-04-05,deferred,FLU",
        &[],
    )
    .ends(0);
    let on_time = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", "2021-03-31T08:00:00+08:00");
        crate::support::Ran::from(command.output().unwrap()).ends(0)
    };
    on_time(&["plan", "make", "--campaign", "flu", "--from", "2021-04-01", "--steps", "0"]);
    on_time(&["plan", "adopt", "--campaign", "flu"]);
    let before = ["p1", "twin"].map(|code| whole(&world, code));
    assert!(before[1]["appointments"].as_array().is_some_and(|it| !it.is_empty()), "{before:?}");
    let covered = || (people(&world, "small", 1), people(&world, "small", 2));
    assert_eq!(covered(), (2, 0));
    world.run(&["persons", "merge", "p1", "twin"]).ends(0);
    assert_eq!(covered(), (1, 1));
    let merges = world.run(&["persons", "merges", "-o", "csv"]).ends(0).csv();
    let shown = ["alias", "person", "doses", "outcomes"].map(|key| merges[0][key].as_str());
    assert_eq!(shown, ["twin", "p1", "1", "1"]);
    let ran = world.run(&["persons", "unmerge", "twin", "-o", "json"]).ends(0);
    assert_eq!((&ran.json()["doses"], &ran.json()["outcomes"]), (&1.into(), &1.into()));
    is_sound(&world);
    assert_eq!(covered(), (2, 0));
    // Where both had an appointment the merger ended one, and it stays ended.
    let after = ["p1", "twin"].map(|code| whole(&world, code));
    for (one, other) in before.iter().zip(&after) {
        for key in ["person", "also", "doses", "outcomes", "answers", "due"] {
            assert_eq!(one[key], other[key], "{key}");
        }
        let days = |file: &Value| -> Vec<String> {
            let all = file["appointments"].as_array().unwrap().iter();
            all.map(|it| format!("{} {} {}", it["campaign"], it["day"], it["place"])).collect()
        };
        assert_eq!(days(one), days(other));
    }
    assert!(world.run(&["persons", "merges", "-o", "csv"]).ends(0).csv().is_empty());
    world.run(&["persons", "unmerge", "twin"]).ends(1);
    // What was recorded since stands on the merger.
    world.run(&["persons", "merge", "p1", "twin"]).ends(0);
    doses(&world, "d3,twin,2021-04-03,S1,FLU", &[]).ends(0);
    let ran = world.run(&["persons", "unmerge", "twin"]).ends(1);
    assert!(ran.err.contains("d3") && ran.err.contains("--keep-later"), "{}", ran.err);
    let ran = world.run(&["persons", "unmerge", "twin", "--keep-later", "-o", "json"]).ends(0);
    assert_eq!(ran.json()["kept"], serde_json::json!(["d3"]));
    let records = |code: &str| -> Vec<String> {
        let file = whole(&world, code);
        let all = file["doses"].as_array().unwrap().iter();
        all.map(|dose| dose["record"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (records("p1"), records("twin")),
        (vec!["d1".into(), "d3".into()], vec!["d2".into()])
    );
    is_sound(&world);
    // One after the other, the last first; codes that led to a code do so again.
    world.run(&["persons", "merge", "twin", "p2"]).ends(0);
    world.run(&["persons", "merge", "p1", "twin"]).ends(0);
    assert_eq!(whole(&world, "p2")["person"]["id"], "p1");
    let ran = world.run(&["persons", "unmerge", "p2"]).ends(1);
    assert!(ran.err.contains("twin"), "{}", ran.err);
    world.run(&["persons", "unmerge", "twin"]).ends(0);
    assert_eq!(whole(&world, "p2")["person"]["id"], "twin");
    world.run(&["persons", "unmerge", "p2"]).ends(0);
    assert_eq!(whole(&world, "p2")["person"]["id"], "p2");
    is_sound(&world);
    let log = world.run(&["account", "log", "-o", "csv"]);
    assert!(
        log.out.contains("person-unmerge") && log.out.contains("twin is not p1"),
        "{}",
        log.out
    );
}

#[test]
fn a_merger_of_twin_files_is_undone_on_sqlite() {
    unmerged(World::empty());
}

#[test]
fn a_merger_of_twin_files_is_undone_on_postgresql() {
    on_postgresql(|db| unmerged(World::on(db)));
}

#[test]
fn twin_files_become_one_person_on_sqlite() {
    merged(World::empty());
}

#[test]
fn twin_files_become_one_person_on_postgresql() {
    on_postgresql(|db| merged(World::on(db)));
}

#[test]
fn what_is_erased_is_nowhere_and_counts_stay() {
    let world = county(World::empty());
    // The same person had a second file, with names of its own.
    let text = "person,area,born,name,email,phone,id_no,guardian,address\n\
                twin,A,1950-01-01,Zzzhao Twin,zzz@twin.example,13777770002,,Zzzhao Mu,Zzzvillage 8";
    import(&world, "persons", text, &[]).ends(0);
    import(&world, "persons", &format!("{text}\ntwin,A,bad-day,,,,,,\n"), &[]).ends(3);
    world.run(&["persons", "merge", "p1", "twin"]).ends(0);
    let text = "person,area,born,name,email,phone,id_no,guardian,address\n\
                p1,A,1950-01-01,Zzzhao Yi,zzz@home.example,13777770001,321181195001010011,\
                Zzzhao Fu,Zzzvillage 7";
    import(&world, "persons", text, &[]).ends(0);
    // A workbook's refused rows lie there as a workbook and as CSV.
    let sheet = "person,area,born,name\np1,A,bad-day,Zzzhao Si";
    crate::school_lists::workbook(&world.path("people.xlsx"), &[("people", sheet)]);
    world.run(&["persons", "import", "people.xlsx"]).ends(3);
    assert!(world.read("people-errors.csv").contains("Zzzhao Si"));
    // An older name, a refused row, a mail, an appointment, a backup.
    let text = text.replace("Zzzhao Yi", "Zzzhao Er");
    import(&world, "persons", &format!("{text}\np1,A,bad-day,Zzzhao San,,,,,\n"), &[]).ends(3);
    let on_time = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", "2021-03-31T08:00:00+08:00");
        crate::support::Ran::from(command.output().unwrap()).ends(0)
    };
    on_time(&["plan", "make", "--campaign", "flu", "--from", "2021-04-01", "--steps", "0"]);
    on_time(&["plan", "adopt", "--campaign", "flu"]);
    for day in ["2021-03-31", "2021-04-01", "2021-04-02"] {
        for (job, time) in [("reminders", "09:00"), ("digest", "18:00")] {
            let at = format!("{day}T{time}");
            world.run(&["job", "run", job, "--campaign", "flu", "--at", &at]).ends(0);
        }
        world.run(&["outbox", "drain", "--at", &format!("{day}T20:00")]).ends(0);
    }
    let mails = world.mails();
    assert!(mails.iter().any(|mail| mail.2 == "zzz@home.example"), "{mails:?}");
    doses(&world, "d1,p1,2021-04-02,S1,FLU", &[]).ends(0);
    world.run(&["unsubscribe", "zzz@home.example"]).ends(0);
    world.run(&["backup", "before.db"]).ends(0);
    let before = people(&world, "flu", 1);
    let ran = world.run(&["persons", "erase", "p1", "--reason", "letter of 1 May", "-o", "json"]);
    let json = ran.ends(0).json();
    assert!(json["backups"][0].as_str().unwrap().contains("before.db"), "{json}");
    assert!(number(&json["mails"]) > 1 && !json["files"].as_array().unwrap().is_empty(), "{json}");
    assert_eq!(json["is_scrubbed"], true);
    assert_eq!(people(&world, "flu", 1), before);
    is_sound(&world);
    let secrets = [
        "Zzzhao",
        "zzz@home",
        "zzz@twin",
        "13777770001",
        "13777770002",
        "321181195001010011",
        "Zzzvillage",
    ];
    let mut looked = 0;
    for entry in walk(world.path("").as_path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if name == "persons.csv" || name == "before.db" {
            continue;
        }
        let bytes = std::fs::read(&entry).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is still in {}", entry.display());
        }
        looked += 1;
    }
    assert!(looked > 3);
    assert!(!world.path("people-errors.xlsx").exists(), "what is packed goes as a whole");
    let shown = world.run(&["persons", "show", "p1", "-o", "json"]).ends(0).json();
    assert_eq!(shown["person"]["name"], Value::Null);
    assert_eq!(shown["doses"].as_array().unwrap().len(), 1);
    // A file that still has them is not taken in, and doing it again changes nothing.
    import(&world, "persons", &text, &[]).ends(3);
    assert!(world.read("persons-errors.csv").contains("erased_person"));
    world.run(&["persons", "erase", "p1", "--reason", "again"]).ends(0);
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(walk(&path));
        } else {
            out.push(path);
        }
    }
    out
}

#[test]
fn a_campaign_is_closed_opened_copied_and_removed() {
    let world = county(World::empty());
    doses(&world, "d1,p1,2021-04-02,S1,FLU", &[]).ends(0);
    world.run(&["campaign", "remove", "flu"]).ends(1);
    world.run(&["campaign", "close", "flu"]).ends(0);
    // Nobody need say --campaign now, and the figures stay.
    world.run(&["coverage", "-o", "json"]).ends(0).json()["rows"].as_array().expect("one campaign");
    assert_eq!(people(&world, "flu", 1), 1);
    let list = world.run(&["campaign", "list", "-o", "json"]).ends(0).json();
    assert_eq!((list[0]["open"].clone(), list[1]["open"].clone()), (false.into(), true.into()));
    // A closed campaign has no plan made, and when all are closed that is what is said.
    let refused = world.run(&["--lang", "en", "plan", "make", "--campaign", "flu"]).ends(1).err;
    assert!(refused.contains("doseplan campaign reopen flu"), "{refused}");
    let other = list[1]["campaign"].as_str().expect("its code");
    world.run(&["campaign", "close", other]).ends(0);
    let refused = world.run(&["--lang", "en", "plan", "make"]).ends(4).err;
    assert!(refused.contains("all campaigns are closed (") && refused.contains(other), "{refused}");
    assert!(refused.contains("flu"), "{refused}");
    let plans = world.run(&["plan", "list", "--campaign", "flu", "-o", "json"]).ends(0).json();
    assert_eq!(plans, serde_json::json!([]), "no draft was left behind");
    world.run(&["campaign", "reopen", other]).ends(0);
    world.run(&["campaign", "reopen", "flu"]).ends(0);
    let days = ["--start", "2022-04-01", "--end", "2022-05-10"];
    world.run(&[&["campaign", "copy", "flu", "flu-2022"], &days[..]].concat()).ends(0);
    world.run(&[&["campaign", "copy", "flu", "flu-2022"], &days[..]].concat()).ends(1);
    let next = world.run(&["coverage", "flu-2022", "--as-of", "2022-05-10", "-o", "json"]).ends(0);
    let next = next.json();
    assert_eq!(number(&row(&next, "senior")["eligible"]), 10);
    assert_eq!(number(&dose_of(row(&next, "senior"), 1)["people"]), 0, "another season");
    world.run(&["campaign", "remove", "flu-2022"]).ends(0);
    is_sound(&world);
}

#[test]
fn without_a_name_reports_and_jobs_are_about_all_open_campaigns() {
    let world = county(World::empty());
    let status = world.run(&["status", "-o", "json"]).ends(0).json();
    let ids: Vec<_> =
        status.as_array().unwrap().iter().map(|one| one["campaign"].clone()).collect();
    assert_eq!(ids, ["flu", "small"]);
    assert!(world.run(&["status", "--campaign", "flu", "-o", "json"]).ends(0).json().is_object());
    let screen = world.run(&["status"]).ends(0).out;
    assert!(screen.contains("(flu)") && screen.contains("(small)"), "{screen}");
    let coverage = world.run(&["coverage", "-o", "json"]).ends(0).json();
    assert_eq!(
        (coverage[0]["campaign"].clone(), coverage[1]["campaign"].clone()),
        ("flu".into(), "small".into())
    );
    let rows = world.run(&["coverage", "-o", "csv"]).ends(0).csv();
    assert!(rows.iter().any(|row| row["campaign"] == "flu"));
    world.run(&["report", "save", "april.xlsx", "--month", "2021-04"]).ends(0);
    world.run(&["report", "save", "april", "--month", "2021-04"]).ends(0);
    let files = std::fs::read_dir(world.path("april")).unwrap();
    let names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("flu ")), "{names:?}");
    world.run(&["job", "run", "summary", "--at", "2021-04-02T07:00"]).ends(0);
    let about: Vec<_> = world.mails().into_iter().filter(|mail| mail.1 == "summary").collect();
    assert_eq!(about.len(), 1, "both campaigns in one: {about:?}");
    let jobs = world.run(&["job", "list", "-o", "json"]).ends(0).json();
    assert!(jobs.as_array().unwrap().iter().any(|line| line["campaign"] == "flu"));
}

/// Statements that make a database of the release before with both campaigns, each with a register of its own.
fn before(small: &str, flu: &str) -> String {
    let person = |campaign: u8, id: &str, area: &str, born: &str, at: u64, more: &str| {
        format!(
            "INSERT INTO person (campaign, person, area, born, grp, content, recorded_at) VALUES \
             ({campaign}, '{id}', '{area}', '{born}', NULL, '{{\"id\":\"{id}\",\"area\":\"{area}\",\
             \"born\":\"{born}\",\"name\":null,\"sex\":\"F\",\"group\":null,\"tags\":[],{more}\
             \"language\":null,\"household\":null,\"opt_out\":false}}', {at});"
        )
    };
    let (none, mail) =
        ("\"email\":null,\"phone\":null,", "\"email\":\"a@b.example\",\"phone\":null,");
    [
        "INSERT INTO campaign (id, created_at) VALUES ('small', 1), ('flu', 2);".to_owned(),
        format!("INSERT INTO campaign_version VALUES (1, 1, 1, '{}');", small.replace('\'', "''")),
        format!("INSERT INTO campaign_version VALUES (2, 1, 2, '{}');", flu.replace('\'', "''")),
        person(1, "p1", "A", "1950-01-01", 10, mail),
        person(2, "p1", "A", "1950-01-01", 20, none),
        person(1, "p2", "A", "1951-01-01", 10, none),
        person(2, "p2", "B", "1951-01-01", 20, none),
        person(2, "p3", "B", "1952-01-01", 20, none),
        "INSERT INTO dose (campaign, record, person, day, place, product, lot, recorded_at) VALUES \
         (1, 'd1', 'p1', '2021-04-02', 'S1', NULL, NULL, 30), \
         (2, 'd1', 'p1', '2021-04-03', 'S1', NULL, NULL, 31), \
         (1, 'd2', 'p2', '2021-04-02', 'S1', NULL, NULL, 30), \
         (2, 'd3', 'p3', '2021-04-02', 'S2', 'FLU', NULL, 31), \
         (1, 'd4', 'p1', '2021-04-20', 'S1', 'FLU', NULL, 32), \
         (2, 'd4', 'p1', '2021-04-20', 'S1', 'FLU', NULL, 33);"
            .to_owned(),
        "INSERT INTO outcome (campaign, record, person, day, outcome, until_day, recorded_at) \
         VALUES (2, 'o1', 'p3', '2021-04-20', 'dead', NULL, 31);"
            .to_owned(),
        "INSERT INTO unsubscribed VALUES (1, 'x@y.example', 5, 'link'), \
         (2, 'x@y.example', 6, 'link');"
            .to_owned(),
        "INSERT INTO installation (one, id, secret, generation) VALUES (1, 'i', SECRET, 0);"
            .to_owned(),
    ]
    .join("\n")
}

/// The content of a campaign as the release before stored it.
fn stored(folder: &Folder) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = folder.write(dir.path());
    let read = doseplan::intake::campaign(&path, doseplan::intake::series::all());
    let read = read.unwrap_or_else(|issues| panic!("{issues:?}"));
    serde_json::to_string(&read.campaign).unwrap()
}

/// The migrations of the release before.
async fn old_migrations(folder: &str) -> sqlx::migrate::Migrator {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let all = sqlx::migrate::Migrator::new(root).await.unwrap();
    let old = all.iter().filter(|one| one.version <= 7).cloned().collect::<Vec<_>>();
    sqlx::migrate::Migrator::with_migrations(old)
}

/// What the register of such a database is after the new release has opened it.
fn grown_together(world: &World) {
    is_sound(world);
    // p1: one row with the address that only one campaign knew, and a dose of each vaccine.
    let p1 = world.run(&["persons", "show", "p1", "-o", "json"]).ends(0).json();
    assert_eq!(p1["person"]["email"], "a@b.example");
    let records: Vec<_> =
        p1["doses"].as_array().unwrap().iter().map(|dose| dose["record"].clone()).collect();
    assert_eq!(records, ["d1", "d1@flu", "d4"], "one code for two doses, and one dose twice");
    assert_eq!((people(world, "small", 1), people(world, "flu", 1)), (2, 2));
    // p2 lives in two places: the newer row stands until somebody decides.
    let ran = world.run(&["db", "check"]).ends(0);
    assert!(ran.err.contains("p2"), "{}", ran.err);
    let list = world.run(&["jurisdiction", "conflicts", "list", "-o", "json"]).ends(0).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(
        (list[0]["code"].clone(), list[0]["campaign"].clone()),
        ("p2".into(), "small".into())
    );
    assert_eq!(list[0]["other"], "A 1951-01-01");
    let area = || {
        let shown = world.run(&["persons", "show", "p2", "-o", "json"]).ends(0).json();
        shown["person"]["area"].clone()
    };
    assert_eq!(area(), "B");
    world.run(&["jurisdiction", "conflicts", "resolve", "p2", "--take"]).ends(0);
    assert_eq!(area(), "A");
    world.run(&["jurisdiction", "conflicts", "resolve", "p2", "--keep"]).ends(1);
    is_sound(world);
    // The death that only one campaign knew is everybody's.
    assert!(!due(world, "small").contains(&"p3".to_owned()));
    let left = world.run(&["unsubscribe", "--list", "-o", "json"]).ends(0).json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    let all =
        world.run(&["jurisdiction", "conflicts", "list", "--all", "-o", "json"]).ends(0).json();
    assert!(all.as_array().unwrap().len() > 3, "nothing is lost: {all}");
}

#[test]
fn registers_of_the_release_before_grow_together_on_sqlite() {
    use sqlx::Connection as _;
    let world = World::empty();
    crate::support::wait(async {
        let options = world.db().parse::<sqlx::sqlite::SqliteConnectOptions>().unwrap();
        let options = options.create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        old_migrations("sqlite").await.run(&mut connection).await.unwrap();
        let sql = before(&stored(&small()), &stored(&flu()))
            .replace("SECRET", "x'00112233445566778899aabbccddeeff'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    grown_together(&world);
}

#[test]
fn registers_of_the_release_before_grow_together_on_postgresql() {
    use sqlx::Connection as _;
    on_postgresql(|db| {
        let world = World::on(db);
        crate::support::wait(async {
            let mut connection = sqlx::PgConnection::connect(db).await.unwrap();
            old_migrations("postgres").await.run(&mut connection).await.unwrap();
            let sql = before(&stored(&small()), &stored(&flu()))
                .replace("SECRET", "decode('00112233445566778899aabbccddeeff', 'hex')");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
        grown_together(&world);
    });
}

#[test]
fn a_group_may_ask_for_a_sex_or_a_tag() {
    let folder = flu().swap(
        "campaign.toml",
        "id = \"senior\"\nname = \"60岁及以上\"\n",
        "id = \"senior\"\nname = \"60岁及以上\"\nsex = \"F\"\ntags = [\"chronic\"]\n",
    );
    let world = applied(World::empty(), &folder, "flu");
    let header = format!("{PERSONS},tags");
    import(
        &world,
        "persons",
        &format!(
            "{header}\np1,A,1950-01-01,,F,,,,,,,chronic\np2,A,1950-01-01,,F,,,,,,,\n\
                  p3,A,1950-01-01,,M,,,,,,,chronic"
        ),
        &[],
    )
    .ends(0);
    assert_eq!(due(&world, "flu"), ["p1"]);
    world.run(&["campaign", "export", "copy"]).ends(0);
    assert!(world.read("copy/campaign.toml").contains("sex = \"F\""));
    let ran = world.run(&["campaign", "apply", "copy", "--dry-run"]).ends(0);
    assert!(ran.err.contains("nothing has changed"), "{}", ran.err);
}
