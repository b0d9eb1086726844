//! The plan and the people who are called: whoever is due and can be told gets a day.

use crate::support::{Desk, SENIORS, at, day, flu, small, wait};
use chrono::NaiveDate;
use doseplan::app::import::Kind;
use doseplan::app::plans::Search;
use doseplan::domain::job::Job;
use doseplan::domain::permission::Actor;
use doseplan::domain::plan::PlanRow;
use doseplan::domain::planner::Limits;
use doseplan::store::assignments;

/// The night's plan, made and adopted at 01:00 of a day.
async fn night(desk: &Desk, on: &str) {
    let now = at(&format!("{on}T01:00:00"));
    let by = Actor::Job(Job::Plan);
    let search = Search { limits: Limits::QUICK, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let made = desk.app.make_plan(&desk.loaded, None, by, search, now).await.expect("a plan");
    desk.app.adopt_plan(&desk.loaded, Some(made.no), by, now).await.expect("it is adopted");
}

/// When people of the register are expected.
async fn days(desk: &Desk) -> Vec<(String, NaiveDate)> {
    let mut tx = desk.app.store.read().await.expect("the database");
    let all = assignments::all(&mut tx, desk.loaded.no).await.expect("appointments");
    all.into_iter().map(|(person, one)| (person.to_string(), one.day)).collect()
}

async fn rows(desk: &Desk, on: &str) -> Vec<PlanRow> {
    let (_, rows) = desk.app.plan(&desk.loaded, None).await.expect("a plan").expect("adopted");
    rows.into_iter().filter(|row| row.day == day(on)).collect()
}

const NOTHING_GIVEN: &str = "record,date,place,area,group,dose,doses\n\
     t1,2021-04-01,S1,A,senior,1,0\nt2,2021-04-01,S2,B,senior,1,0\n\
     t3,2021-04-02,S1,A,senior,1,0\nt4,2021-04-02,S2,B,senior,1,0\n";

#[test]
fn who_missed_the_day_gets_another_one() {
    // P1 and W6: six seniors have the first day, none of them comes.
    wait(async {
        let now = at("2021-03-30T12:00:00");
        let desk = Desk::open(&small(), now).await;
        let header = "person,area,born,name,sex,group,email,phone,language,household,opt_out\n";
        desk.import(Kind::Persons, &format!("{header}{SENIORS}\n"), now).await;
        night(&desk, "2021-03-31").await;
        let first = days(&desk).await;
        assert_eq!(first.len(), 6);
        assert!(first.iter().all(|(_, on)| *on == day("2021-04-01")), "{first:?}");
        desk.import(Kind::Tallies, NOTHING_GIVEN, at("2021-04-02T17:00:00")).await;
        for on in ["2021-04-03", "2021-04-04", "2021-04-05", "2021-04-06", "2021-04-07"] {
            night(&desk, on).await;
        }
        let again = days(&desk).await;
        assert_eq!(again.len(), 6, "{again:?}");
        let soon = day("2021-04-06")..=day("2021-04-10");
        assert!(again.iter().all(|(_, on)| soon.contains(on)), "{again:?}");
    });
}

#[test]
fn the_night_leaves_the_sessions_of_the_day_as_people_were_told() {
    // W1 and W4: nobody can be called for today any more, and a report that is out is not a report of nothing.
    wait(async {
        let now = at("2021-03-30T12:00:00");
        let desk = Desk::open(&small(), now).await;
        night(&desk, "2021-03-31").await;
        let told = rows(&desk, "2021-04-02").await;
        assert!(!told.is_empty());
        night(&desk, "2021-04-01").await;
        assert_eq!(
            rows(&desk, "2021-04-02").await,
            told,
            "yesterday's session is not reported yet"
        );
        let nothing = "record,date,place,area,group,dose,doses\n\
             t1,2021-04-01,S1,A,adult,1,0\nt2,2021-04-01,S2,B,adult,1,0\n";
        desk.import(Kind::Tallies, nothing, at("2021-04-01T17:00:00")).await;
        night(&desk, "2021-04-02").await;
        assert_eq!(
            rows(&desk, "2021-04-02").await,
            told,
            "what is free now comes later than today"
        );
    });
}

/// Plans 16 days of one site with a hundred seats a day and far more people, nearly all in the register. Of those
/// who have an appointment six of ten come; with `says_no` half of the others refuse on the day. Returns the
/// appointments of each day, as they were on its evening before, and with which chance people are thought to come at
/// last.
async fn season(risk: &str, says_no: bool) -> (Vec<usize>, f64) {
    let folder = flu()
        .swap("eligible.csv", "A,adult,200", "A,adult,3000")
        .swap("sites.csv", "A,40,20,", "A,100,100,")
        .swap(
            "campaign.toml",
            "adopt = \"auto\"",
            &format!("adopt = \"auto\"\noverbook_risk = {risk}"),
        )
        .without("teams.csv")
        .without("stops.csv");
    let start = day("2021-04-01");
    let desk = Desk::open(&folder, at("2021-03-30T12:00:00")).await;
    let header = "person,area,born,name,sex,group,email,phone,language,household,opt_out\n";
    let line = |no: i32| format!("r{no:04},A,1980-01-01,居民,F,,,,,,\n");
    let people = (0..2700).map(line).collect::<String>();
    desk.import(Kind::Persons, &format!("{header}{people}"), at("2021-03-30T13:00:00")).await;
    let mut called = Vec::new();
    for on in start.pred_opt().expect("a day").iter_days().take(16) {
        night(&desk, &on.to_string()).await;
        let evening = at(&format!("{on}T17:00:00"));
        let mut tx = desk.app.store.read().await.expect("the database");
        let next = on.succ_opt().expect("a day");
        called.push(assignments::on(&mut tx, desk.loaded.no, next).await.expect("those").len());
        let today = assignments::on(&mut tx, desk.loaded.no, on).await.expect("those");
        drop(tx);
        let (mut doses, mut came) = ("record,person,date,place,product,lot\n".to_owned(), 0);
        let mut outcomes = "record,person,date,outcome,until\n".to_owned();
        for one in today.iter().filter(|one| one.place.as_str() == "S1") {
            let number: u64 = one.person.as_str()[1..].parse().expect("a number");
            if (number * 7 + u64::from(chrono::Datelike::ordinal(&on))) % 10 < 6 {
                came += 1;
                doses += &format!("d{on}{number},{},{on},S1,vero,F1\n", one.person);
            } else if says_no && number.is_multiple_of(2) {
                outcomes += &format!("o{on}{number},{},{on},refused,\n", one.person);
            }
        }
        desk.import(Kind::Doses, &doses, evening).await;
        desk.import(Kind::Outcomes, &outcomes, evening).await;
        // Half of the seats that are kept for others are used.
        let others = 100_usize.saturating_sub(today.len()) / 2;
        let tally = "record,date,place,area,group,dose,doses\n";
        let all = came + others;
        desk.import(Kind::Tallies, &format!("{tally}t{on},{on},S1,A,adult,1,{all}\n"), evening)
            .await;
    }
    let last = start + chrono::TimeDelta::days(16);
    let (place, evening) = ("S1".into(), at("2021-04-15T18:00:00"));
    let odds = desk.app.session_odds(&desk.loaded, (&place, last), evening).await;
    (called, odds.expect("the database").expect("a session").groups[0].chance)
}

#[test]
fn sessions_call_more_people_where_some_stay_away() {
    wait(async {
        let ((plain, _), (more, chance)) = (season("0", false).await, season("0.02", false).await);
        assert!(plain.iter().all(|called| *called <= 100), "their part of the seats: {plain:?}");
        assert_eq!(more[..6], plain[..6], "nothing is known yet: {more:?}");
        let last = more.last().expect("a day");
        assert!((110..=140).contains(last), "{more:?}");
        // Whoever says no on the day leaves a seat as empty as whoever stays away without a word.
        let (_, refused) = season("0.02", true).await;
        assert!((chance - 0.6).abs() < 0.05 && (refused - 0.6).abs() < 0.05, "{chance} {refused}");
    });
}
