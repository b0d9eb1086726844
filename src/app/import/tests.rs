use super::{Imported, Kind};
use crate::app::{App, Loaded};
use crate::config::Config;
use crate::domain::campaign::Language;
use crate::domain::judge::JUDGED;
use crate::domain::permission::Actor;
use crate::store::Store;
use chrono::{DateTime, Utc};
use std::path::Path;
use tempfile::TempDir;

const CAMPAIGN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/campaigns/base");

/// The app on a database of its own, with the small campaign and a few people.
struct Desk {
    folder: TempDir,
    app: App,
    loaded: Loaded,
    /// The hour of the day that the next import happens in.
    hour: u32,
}

impl Desk {
    async fn new(people: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("doseplan.db");
        let store = Store::open(&format!("sqlite://{}", file.display()), true).await;
        let app = App::new(store.expect("a database"), Config::default());
        let read = crate::intake::campaign(Path::new(CAMPAIGN), crate::intake::series::all());
        let Ok(read) = read else { panic!("the campaign of the fixtures is sound") };
        app.apply(&read.campaign, Actor::CommandLine, at(0)).await.expect("the campaign is stored");
        let loaded = app.campaign(None).await.expect("a campaign");
        let mut desk = Self { folder, app, loaded, hour: 1 };
        let rows: Vec<_> = (0..people).map(|n| format!("p{n},A,1950-01-01")).collect();
        let done = desk.import(Kind::Persons, "person,area,born", &rows.join("\n")).await;
        assert_eq!(done.new, people as u64);
        desk
    }

    async fn import(&mut self, kind: Kind, header: &str, rows: &str) -> Imported {
        let file = self.folder.path().join("rows.csv");
        std::fs::write(&file, format!("{header}\n{rows}\n")).expect("a file");
        self.hour += 1;
        let now = at(self.hour);
        let done = self.app.import(&self.loaded, kind, &file, Language::En, now).await;
        done.expect("an import")
    }

    async fn doses(&mut self, rows: &str) -> Imported {
        self.import(Kind::Doses, "record,person,date,place", rows).await
    }
}

fn at(hour: u32) -> DateTime<Utc> {
    let time = format!("2021-06-20T{hour:02}:00:00Z");
    time.parse().expect("an instant")
}

/// How many doses are judged while `rows` are imported.
async fn judged(desk: &mut Desk, rows: &str) -> usize {
    JUDGED.set(0);
    let done = desk.doses(rows).await;
    assert_eq!((done.new, done.refused), (rows.lines().count() as u64, 0));
    JUDGED.get()
}

#[tokio::test]
async fn every_dose_of_a_batch_is_judged_once_whoever_got_it() {
    const ROWS: usize = 400;
    let mut desk = Desk::new(ROWS).await;
    let rows: Vec<_> =
        (0..ROWS).map(|n| format!("a{n},p{n},2021-04-{:02},S01", 1 + n % 28)).collect();
    assert_eq!(judged(&mut desk, &rows.join("\n")).await, ROWS, "doses of as many people");
    // The one dose that the person had is judged before and after.
    let rows: Vec<_> = (2..=60)
        .map(|n| {
            let day = chrono::NaiveDate::from_ymd_opt(2021, 3, 31).unwrap();
            format!("b{n},p0,{},S01", day + chrono::TimeDelta::days(n))
        })
        .collect();
    assert_eq!(judged(&mut desk, &rows.join("\n")).await, rows.len() + 2, "doses of one person");
}

#[tokio::test]
async fn one_vaccine_twice_on_a_day_is_asked_about_and_counts_once() {
    let mut desk = Desk::new(2).await;
    assert_eq!(desk.doses("d2,p0,2021-05-01,S01").await.new, 1);
    // A code that sorts before the stored one, and two rows of one file.
    let done = desk.doses("d1,p0,2021-05-01,S02\ne1,p1,2021-05-01,S01\ne2,p1,2021-05-01,S01").await;
    assert_eq!((done.new, done.refused), (1, 2));
    let codes: Vec<_> = done.issues.iter().map(|issue| (issue.row, issue.code)).collect();
    assert_eq!(codes, [(Some(2), "possible_duplicate"), (Some(4), "possible_duplicate")]);
    // A correction of the record itself is none.
    let done = desk.doses("d2,p0,2021-05-01,S02").await;
    assert_eq!((done.corrected, done.refused), (1, 0));
    // Who names the vaccine of the campaign says the same as who leaves it out.
    let header = "record,person,date,place,product";
    let done = desk.import(Kind::Doses, header, "d9,p0,2021-05-01,S01,vero").await;
    assert_eq!(
        done.issues.iter().map(|issue| issue.code).collect::<Vec<_>>(),
        ["possible_duplicate"]
    );
}

#[tokio::test]
async fn rows_of_one_person_are_compared_whoever_stands_between_them() {
    let mut desk = Desk::new(3).await;
    // By record the rows of p2 stand around those of the others; of two that say the same the first by record is kept.
    let rows = "a3,p2,2021-05-01,S01\na1,p2,2021-05-01,S02\na2,p0,2021-05-01,S01\n\
                a4,p1,2021-05-01,S01\na5,p2,2021-03-26,S01";
    let done = desk.doses(rows).await;
    assert_eq!((done.new, done.refused, done.invalid), (4, 1, 0));
    assert_eq!(
        done.issues.iter().map(|issue| (issue.row, issue.code)).collect::<Vec<_>>(),
        [(Some(2), "possible_duplicate")]
    );
    let done = desk.doses(rows).await;
    assert_eq!((done.new, done.same, done.refused), (0, 4, 1));
}

fn told(warnings: &[super::Warning]) -> Vec<(Option<u32>, &str)> {
    warnings.iter().map(|warning| (warning.row, warning.record.as_str())).collect()
}

#[tokio::test]
async fn a_stored_dose_that_a_new_row_makes_invalid_is_told_apart() {
    let mut desk = Desk::new(2).await;
    let done = desk.doses("d2,p0,2021-05-01,S01\nx1,p1,2021-05-01,S01").await;
    assert_eq!((done.invalid, done.no_longer_valid), (0, 0));
    // A dose ten days before it is the first one now, and the stored one comes too soon.
    let done = desk.doses("d1,p0,2021-04-21,S01").await;
    assert_eq!((done.invalid, done.no_longer_valid), (0, 1));
    assert_eq!(told(&done.warnings), []);
    assert_eq!(told(&done.stored_warnings), [(None, "d2")]);
    // It is told once: it did not count before this import either.
    let done = desk.doses("d3,p0,2021-05-05,S01").await;
    assert_eq!(told(&done.warnings), [(Some(2), "d3")]);
    assert_eq!((done.invalid, done.no_longer_valid), (1, 0));
    // Corrected to a day that is far enough away, the first dose makes the second valid again.
    let done = desk.doses("d1,p0,2021-03-26,S01").await;
    assert_eq!((done.corrected, done.invalid, done.no_longer_valid), (1, 0, 0));
}

#[tokio::test]
async fn a_corrected_birth_date_tells_which_stored_doses_no_longer_count() {
    let mut desk = Desk::new(1).await;
    desk.doses("d1,p0,2021-05-01,S01").await;
    let done = desk.import(Kind::Persons, "person,area,born", "p0,A,2015-01-01").await;
    assert_eq!((done.corrected, done.no_longer_valid), (1, 1));
    assert_eq!(told(&done.stored_warnings), [(None, "d1")]);
}

#[tokio::test]
async fn a_record_that_stands_already_is_never_refused() {
    let mut desk = Desk::new(1).await;
    let tally = "t1,2021-04-02,S01,A,adult,1,5";
    let header = "record,date,place,area,group,dose,doses";
    assert_eq!(desk.import(Kind::Tallies, header, tally).await.new, 1);
    assert_eq!(desk.import(Kind::Tallies, header, tally).await.same, 1);
    let twice = format!("{tally}\n{tally}\nt1,2021-04-02,S01,A,adult,1,6");
    let done = desk.import(Kind::Tallies, header, &twice).await;
    assert_eq!((done.same, done.refused), (2, 1));
}

#[tokio::test]
async fn what_is_refused_of_a_long_file_stands_in_the_order_of_its_lines() {
    const PEOPLE: usize = 1000;
    let mut desk = Desk::new(PEOPLE).await;
    let count = super::BATCH_ROWS + 50;
    let rows: Vec<_> = (0..count)
        .map(|n| {
            let (record, person) = match n {
                5 => (n, "z".to_owned()),
                // The record of another person's dose, ten lines above.
                20 => (10, "p999".to_owned()),
                _ if n == count - 1 => (n, "a".to_owned()),
                _ => (n, format!("p{}", n % PEOPLE)),
            };
            format!("a{record},{person},2021-04-{:02},S01", 1 + n / PEOPLE)
        })
        .collect();
    let done = desk.doses(&rows.join("\n")).await;
    assert_eq!((done.new, done.refused), (count as u64 - 3, 3));
    let said: Vec<_> = done.issues.iter().map(|issue| (issue.row, issue.code)).collect();
    let last = u32::try_from(count + 1).unwrap();
    let wanted = [
        (Some(7), "unknown_person"),
        (Some(22), "duplicate_record"),
        (Some(last), "unknown_person"),
    ];
    assert_eq!(said, wanted);
    let file = std::fs::read_to_string(done.errors_file.expect("refused rows")).unwrap();
    let keys: Vec<_> = file.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let last = format!("a{}", count - 1);
    assert_eq!(keys, ["a5", "a10", last.as_str()]);
}

#[tokio::test]
async fn a_correction_may_give_a_dose_to_somebody_else() {
    let mut desk = Desk::new(2).await;
    desk.doses("d1,p0,2021-04-01,S01\nd2,p1,2021-04-02,S01").await;
    let done = desk.doses("d1,p1,2021-04-01,S01\nd2,p0,2021-04-02,S01").await;
    assert_eq!((done.new, done.corrected, done.refused), (0, 2, 0));
    let mut tx = desk.app.store.read().await.unwrap();
    for (person, record) in [("p0", "d2"), ("p1", "d1")] {
        assert_eq!(crate::store::doses::records_of(&mut tx, person).await.unwrap(), [record]);
    }
    assert_eq!(crate::store::doses::count(&mut tx).await.unwrap(), 2);
}
