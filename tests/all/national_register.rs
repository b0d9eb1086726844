//! The official figures of a register, which is gone through in pieces: the same as those of its files, with every
//! child once, and the same after a merger that is taken back.

use crate::support::{Ran, World, on_postgresql, postgresql, small, text, wait};
use serde_json::Value;
use std::fmt::Write as _;

/// Children of the register: more than two pieces of it have.
const CHILDREN: usize = 4_300;

/// A register and a folder of files with the same children: some of them twice, with doses of unknown vaccines, at
/// unknown units, by unknown units, and children without a managing unit.
fn both(world: World) -> (World, std::path::PathBuf) {
    let world = world.applied(&small());
    let mut persons =
        "person,area,born,sex,unit,name,id_no,guardian,mother_hbsag,birth_weight\n".to_owned();
    let mut children =
        "child,born,sex,unit,name,id_no,guardian,mother_hbsag,birth_weight\n".to_owned();
    let mut doses = "record,person,date,place,product,attribute,entered_by,entered_at\n".to_owned();
    let mut given = "dose,child,date,unit,vaccine,attribute,entered_by,entered_at\n".to_owned();
    for n in 0..CHILDREN {
        // Every hundredth child has a second file at the end of the register, in another piece.
        let (twin, code) = match n.checked_sub(CHILDREN - 40) {
            Some(again) => (again * 100, format!("z{n:05}")),
            None => (n, format!("k{n:05}")),
        };
        let (year, month, day) = (2016 + twin % 6, 1 + twin % 12, 1 + twin % 28);
        let born = format!("{year}-{month:02}-{day:02}");
        let sex = if twin.is_multiple_of(2) { "M" } else { "F" };
        let unit = ["S1", "S2", "S1", ""][n % 4];
        let name = if twin.is_multiple_of(100) { format!("名{twin}") } else { String::new() };
        let (id_no, guardian) = match twin {
            _ if !twin.is_multiple_of(100) => (String::new(), String::new()),
            _ if twin.is_multiple_of(200) => (format!("X{twin:07}"), String::new()),
            _ => (String::new(), format!("母{twin}")),
        };
        let (hbsag, weight) = (["", "yes", "no"][n % 3], 1_800 + n % 900);
        let area = ["A", "B"][n % 2];
        writeln!(
            persons,
            "{code},{area},{born},{sex},{unit},{name},{id_no},{guardian},{hbsag},{weight}"
        )
        .unwrap();
        let hbsag = ["", "01", "02"][n % 3];
        writeln!(children, "{code},{born},{sex},{unit},{name},{id_no},{guardian},{hbsag},{weight}")
            .unwrap();
        for (number, vaccine) in ["BCG", "HepB", "MMR"].into_iter().enumerate() {
            if (n + number).is_multiple_of(3) {
                continue;
            }
            let record = (n * 7919 + number) % 100_000 + number * 100_000;
            let later = (n + number) % 7;
            let date = format!("{}-{month:02}-{day:02}", year + later / 4);
            let place = ["S1", "S2"][(n / 2) % 2];
            let by = if n.is_multiple_of(11) { "S2" } else { "" };
            let paid = if n.is_multiple_of(13) { "S" } else { "P" };
            let is_unheard = number == 1 && n.is_multiple_of(97);
            let vaccine = if is_unheard { "Unheard" } else { vaccine };
            let line = format!("{date},{place},{vaccine},{paid},{by},{date}T08:30");
            writeln!(doses, "r{record:06},{code},{line}").unwrap();
            writeln!(given, "r{record:06},{code},{line}").unwrap();
        }
    }
    let folder = crate::national::in_both(&world, (&persons, &doses), (&children, &given));
    (world, folder)
}

fn pieces_give_the_figures_of_files(world: World) {
    let (world, folder) = both(world);
    let folder = text(&folder).to_owned();
    for asked in [
        &["month", "2021-02"][..],
        &["cum", "2021-06"],
        &["cohort", "2021-12-31"],
        &["year90", "2021"],
        &["paid", "2021-06"],
        &["quality", "2021-02"],
        &["duplicates"],
        &["month", "2021-02", "--explain", "MMR-1"],
        &["cohort", "2021-12-31", "--explain", "HepB-1", "--age", "3"],
    ] {
        let asked = match asked {
            [what, when, "--explain", "MMR-1"] => vec![*what, *when, "--explain", "MCV-1"],
            other => other.to_vec(),
        };
        let of = |more: &[&str]| -> Value {
            world.run(&[&["national"], &asked[..], &["-o", "json"], more].concat()).json()
        };
        let (register, files) = (of(&[]), of(&["--folder", &folder]));
        if register.get("scopes").is_some() {
            assert_eq!(register["scopes"], files["scopes"], "{asked:?}");
            for code in ["child_without_unit", "vaccine_without_rule", "due_without_unit"] {
                assert_eq!(register["apart"][code], files["apart"][code], "{asked:?} {code}");
            }
        } else {
            assert_eq!(register, files, "{asked:?}");
        }
        assert!(!register.to_string().is_empty() && register.to_string().len() > 20, "{asked:?}");
    }
    let pairs = world.run(&["national", "duplicates", "-o", "csv"]).ends(0).csv();
    assert_eq!(pairs.len(), 40, "every second file is found, in whichever piece it is");
}

#[test]
fn a_register_in_pieces_gives_the_figures_of_its_files_on_sqlite() {
    pieces_give_the_figures_of_files(World::empty());
}

#[test]
fn a_register_in_pieces_gives_the_figures_of_its_files_on_postgresql() {
    on_postgresql(|db| pieces_give_the_figures_of_files(World::on(db)));
}

#[test]
fn doses_are_read_from_an_index_alone_on_postgresql_and_long_ones_from_the_table() {
    on_postgresql(|db| {
        let (world, _) = both(World::on(db));
        // Longer than an entry of an index may be.
        let long: String = (0..500_u32)
            .map(|n| char::from_u32(0x4E00 + n * n * 7919 % 20_000).expect("a character"))
            .collect();
        let head = "record,person,date,place,product,attribute,entered_by,entered_at\n";
        let one = format!("long,k00001,2021-03-01,S1,{long},S,S1,2021-03-01\n");
        let other = format!("longer,k00001,2021-04-01,S1,{long},S,{long},2021-04-01\n");
        world.file("long.csv", format!("{head}{one}{other}"));
        world.run(&["doses", "import", "long.csv"]).ends(0);
        let (_, name) = db.rsplit_once('/').expect("an address with a database");
        wait(postgresql(db, "VACUUM ANALYZE dose".to_owned()));
        // So small a table is read faster as a whole; a register of a county is not.
        for path in ["enable_seqscan", "enable_bitmapscan"] {
            wait(postgresql(db, format!("ALTER DATABASE {name} SET {path} = off")));
        }
        let paid = world.run(&["national", "paid", "2021-03", "-o", "json"]).ends(0).json();
        assert_eq!(
            paid["scopes"]["unit:S1"]["COVID-I"]["1"]["2021-03"], 1,
            "it is counted as others are"
        );
        // The server's counters are a little late.
        let read = "DO $$ BEGIN FOR look IN 1..200 LOOP PERFORM pg_stat_clear_snapshot(); \
                    IF EXISTS (SELECT 1 FROM pg_stat_user_indexes WHERE indexrelname = 'dose_walk' \
                    AND idx_tup_read > 5000 AND idx_tup_fetch = 0) THEN RETURN; END IF; \
                    PERFORM pg_sleep(0.1); END LOOP; RAISE EXCEPTION '%', (SELECT \
                    string_agg(indexrelname || ' ' || idx_tup_read || ' ' || idx_tup_fetch, ', ') \
                    FROM pg_stat_user_indexes WHERE relname = 'dose'); END $$";
        wait(postgresql(db, read.to_owned()));
    });
}

fn past_stays(world: World) {
    let (world, _) = both(world);
    let at = |time: &str, arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("DOSEPLAN_CLOCK", time);
        Ran::from(command.output().unwrap()).ends(0)
    };
    let table = |known: Option<&str>| {
        let mut printed = Vec::new();
        for asked in [["month", "2021-02"], ["cohort", "2021-12-31"]] {
            let known = known.map_or(vec![], |day| vec!["--known-on", day]);
            printed.push(world.run(&[&["national"], &asked[..], &known[..]].concat()).out);
        }
        printed
    };
    let (first, now) = (table(Some("2099-01-01")), table(None));
    assert_eq!(first, now);
    // Two who are not one: merging takes a child out of the tables.
    at("2099-02-01T08:00:00+08:00", &["persons", "merge", "k00001", "k00002"]);
    let merged = table(None);
    assert_ne!(merged, now);
    assert_eq!(table(Some("2099-01-01")), first);
    at("2099-03-01T08:00:00+08:00", &["persons", "unmerge", "k00002"]);
    assert_eq!(table(None), now, "as before the merger");
    assert_eq!(table(Some("2099-02-02")), merged, "as it was known in between");
    assert_eq!(table(Some("2099-01-01")), first);
    world.run(&["db", "check"]).ends(0);
}

#[test]
fn what_is_printed_of_a_past_month_stays_after_a_merger_that_is_taken_back_on_sqlite() {
    past_stays(World::empty());
}

#[test]
fn what_is_printed_of_a_past_month_stays_after_a_merger_that_is_taken_back_on_postgresql() {
    on_postgresql(|db| past_stays(World::on(db)));
}
