//! What the judge of a campaign decides, for one series and for a catch-up campaign.

use super::{judge_of, series as rules_of_texts};
use crate::domain::campaign::{Campaign, CatchUp};
use crate::domain::catch_up::visits;
use crate::domain::dose::Dose;
use crate::domain::id::{PersonId, PlaceCode, RecordId};
use crate::domain::judge::{Judge, Judged, Subject};
use crate::domain::person::Sex;
use crate::domain::rules::{DoseReason, Status};
use crate::domain::series::{Duration, MonthEnd, Series, SeriesDose};
use crate::intake::{self, series};
use chrono::NaiveDate;
use proptest::prelude::*;
use std::path::Path;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn campaign() -> Campaign {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021");
    intake::campaign(&folder, series::all()).expect("a campaign").campaign
}

fn catch_up(vaccines: &[&str]) -> Campaign {
    Campaign {
        catch_up: Some(CatchUp {
            vaccines: vaccines.iter().map(|&name| name.to_owned()).collect(),
            rate: "0.9".parse().expect("a share"),
        }),
        start: day("2026-11-25"),
        end: day("2027-03-31"),
        ..campaign()
    }
}

fn dose(date: &str, product: Option<&str>) -> Dose {
    Dose {
        record: RecordId::new(date),
        person: PersonId::new("P"),
        date: day(date),
        place: PlaceCode::new("S"),
        product: product.map(str::to_owned),
        lot: None,
        campaign: None,
        elsewhere: false,
        attribute: None,
        entered: None,
    }
}

fn born(date: &str) -> Subject {
    Subject { born: day(date), sex: Sex::F }
}

fn brief(judged: &[Judged]) -> Vec<(u8, Option<Status>)> {
    judged.iter().map(|one| (one.number, one.status)).collect()
}

fn judged(judge: &Judge, campaign: &Campaign, who: Subject, doses: &[Dose]) -> Vec<Judged> {
    judge.evaluate(campaign, who, doses)
}

#[test]
fn a_second_dose_on_day_20_does_not_count_and_is_repeated() {
    use Status::{Extraneous, NotValid, Valid};

    let campaign = campaign();
    let judge = judge_of(&campaign).expect("rules");
    let days = ["2021-05-01", "2021-05-21", "2021-06-11", "2021-08-01"];
    let doses: Vec<Dose> = days.iter().map(|date| dose(date, None)).collect();
    let got = judged(&judge, &campaign, born("1980-01-01"), &doses);
    let wanted = [(1, Some(Valid)), (2, Some(NotValid)), (2, Some(Valid)), (3, Some(Extraneous))];
    assert_eq!(brief(&got), wanted);
    let told = got[1].told().expect("a verdict");
    assert!(matches!(
        told.verdict.reasons[..],
        [DoseReason::TooSoon { number: 2, date, first, .. }]
            if date == day("2021-05-01") && first == day("2021-05-22")
    ));
    let due = judge.outlook(&campaign, born("1980-01-01"), &doses[..2], day("2021-05-21")).due;
    let due = due.expect("the repeated dose is due");
    assert_eq!((due.number, due.earliest), (2, day("2021-06-11")));
    assert_eq!(due.latest, Some(day("2021-07-16")));
}

#[test]
fn an_age_or_a_lot_past_its_day_is_refused_and_other_vaccines_are_not_the_campaigns() {
    let campaign = campaign();
    let judge = judge_of(&campaign).expect("rules");
    let got = judged(&judge, &campaign, born("2010-06-01"), &[dose("2022-05-31", None)]);
    assert_eq!(brief(&got), [(1, Some(Status::NotValid))]);
    let lot = campaign.deliveries[0].clone();
    let late = lot.expires.succ_opt().expect("a day");
    let given = Dose { lot: Some(lot.lot), date: late, ..dose("2022-06-02", None) };
    let got = judged(&judge, &campaign, born("1980-06-01"), &[given]);
    assert_eq!(brief(&got), [(1, Some(Status::SubStandard))]);
    // A code of another series is history; a name that is no code means the campaign's own vaccine.
    let doses = [dose("2021-05-01", Some("MMR")), dose("2021-05-02", Some("北京生物"))];
    let got = judged(&judge, &campaign, born("1980-06-01"), &doses);
    assert_eq!(brief(&got), [(0, None), (1, Some(Status::Valid))]);
    let due = judge.outlook(&campaign, born("1980-01-01"), &doses, day("2021-05-21")).due;
    assert_eq!(due.map(|due| (due.number, due.recommended)), Some((2, day("2021-05-30"))));
}

#[test]
fn a_campaign_series_is_for_whom_its_groups_say() {
    // The national programme gives HPV vaccine to girls. A campaign that vaccinates boys counts their doses.
    let hpv = series::embedded("cn-hpv-programme").expect("a series of campaigns");
    assert_eq!(hpv.doses.iter().map(|dose| dose.protection).collect::<Vec<_>>(), [0.5, 1.0]);
    let campaign = Campaign { series: hpv, ..campaign() };
    let judge = judge_of(&campaign).expect("rules");
    let boy = Subject { born: day("2009-03-01"), sex: Sex::M };
    let doses = [dose("2026-03-01", None), dose("2026-08-31", Some("2vHPV"))];
    let got = judged(&judge, &campaign, boy, &doses);
    assert_eq!(brief(&got), [(1, Some(Status::Valid)), (2, Some(Status::NotValid))]);
}

#[test]
fn a_child_who_lacks_doses_gets_as_many_a_visit_as_the_rules_allow() {
    let campaign = catch_up(&["麻腮风疫苗", "JE-L", "乙肝疫苗"]);
    let judge = judge_of(&campaign).expect("rules");
    // 20 months: HepB 1 and 2 on time, MMR given 10 days ago, no JE.
    let who = born("2025-03-20");
    let doses = [
        dose("2025-03-20", Some("HepB")),
        dose("2025-04-20", Some("HepB")),
        dose("2026-11-15", Some("MMR")),
    ];
    let today = day("2026-11-25");
    let standing = judge.outlook(&campaign, who, &doses, today);
    let missed: Vec<_> = standing
        .missed
        .iter()
        .map(|dose| (judge.name(dose.group), dose.dose, dose.lacking, dose.earliest.to_string()))
        .collect();
    assert_eq!(
        missed,
        [
            ("乙肝疫苗", 3, 1, "2025-09-20".to_owned()),
            ("麻腮风疫苗", 2, 0, "2026-12-13".to_owned()),
            // A live injected vaccine keeps 28 days from the MMR.
            ("乙脑疫苗", 1, 0, "2026-12-13".to_owned()),
        ]
    );
    let due = standing.due.expect("a visit is due");
    assert_eq!((due.number, due.earliest), (1, day("2025-09-20")));
    let said: Vec<_> = visits(&campaign, &judge, who, &doses, today)
        .iter()
        .map(|visit| {
            let codes = visit.doses.iter().filter_map(|dose| dose.vaccine.as_deref());
            (visit.day.to_string(), codes.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        said,
        [
            ("2026-11-25".to_owned(), "HepB".to_owned()),
            ("2026-12-13".to_owned(), "MMR JE-L".to_owned())
        ]
    );
    // The first dose since the start of the campaign is the visit, whatever came before or with it.
    let mut doses = doses.to_vec();
    doses.extend([dose("2026-12-13", Some("HepB")), dose("2026-12-13", Some("MMR"))]);
    let numbers: Vec<u8> =
        judge.evaluate(&campaign, who, &doses).iter().map(|one| one.number).collect();
    assert_eq!(numbers, [0, 0, 0, 1, 0]);
    assert_eq!(judge.outlook(&campaign, who, &doses, day("2026-12-14")).due, None);
}

#[test]
fn without_names_the_whole_programme_is_asked_for() {
    let judge = judge_of(&catch_up(&[])).expect("rules");
    let crate::domain::judge::Asks::CatchUp { groups, .. } = &judge.asks else { panic!("visits") };
    let names: Vec<&str> = groups.iter().map(|group| judge.name(*group)).collect();
    assert!(names.contains(&"乙肝疫苗") && names.contains(&"HPV疫苗"), "{names:?}");
    assert!(!names.contains(&"新冠疫苗") && !names.contains(&"流感疫苗"), "{names:?}");
}

#[test]
fn a_campaign_that_was_stored_without_its_whole_series_file_is_still_judged() {
    let mut campaign = campaign();
    assert!(campaign.series.rules.take().is_some());
    let judge = judge_of(&campaign).expect("rules");
    let doses = [dose("2021-05-01", None), dose("2021-05-21", Some("covid19-inactivated"))];
    let got = judged(&judge, &campaign, born("1980-01-01"), &doses);
    assert_eq!(brief(&got), [(1, Some(Status::Valid)), (2, Some(Status::NotValid))]);
    // A table of such a campaign has only the doses; that of a new one has the whole file.
    let keys = |campaign: &Campaign| {
        let tables = crate::domain::tables::tables(campaign);
        let series = tables.into_iter().find(|table| table.stem == "series").expect("a table");
        series.rows.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>()
    };
    assert!(!keys(&campaign).contains(&"vaccines.1".to_owned()));
    assert!(keys(&super::judging_tests::campaign()).contains(&"vaccines.1".to_owned()));
}

#[test]
fn a_series_that_the_rules_refuse_is_refused_before_it_is_stored() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021");
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(example).expect("files") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    let own = "id = \"covid19-inactivated\"\nname = \"a\"\nsource = \"a\"\n\
               [[doses]]\n[[doses]]\nintervals = [{ from_dose = 5, min = \"1 day\" }]\n";
    std::fs::write(folder.path().join("series.toml"), own).expect("a file");
    let issues = intake::campaign(folder.path(), series::all()).expect_err("issues");
    let said: Vec<_> = issues.iter().map(|issue| (issue.code, &*issue.file, issue.row)).collect();
    assert_eq!(said, [("rules_cycle", "series.toml", None)]);
}

/// A series of two doses with only the keys that the planner knows.
fn short_series() -> Series {
    let dose = |protection, interval_min| SeriesDose {
        protection,
        min_age: None,
        interval_min,
        interval_recommended: None,
        interval_max: None,
    };
    Series {
        name: "新冠灭活".to_owned(),
        source: "a guide".to_owned(),
        doses: vec![dose(0.5, None), dose(1.0, Some(Duration::days(21)))],
        month_end: MonthEnd::Roll,
        grace: Duration::default(),
        rules: None,
        ..campaign().series
    }
}

#[test]
fn the_words_of_a_series_do_not_change_its_rules() {
    let plain = judge_of(&Campaign { series: short_series(), ..campaign() }).expect("rules");
    for words in ["live = \"injected\"", "after = 3", "a \"b\" 'c'", "one\ntwo", "[[doses]]", "\\"]
    {
        let series =
            Series { name: words.to_owned(), source: format!("guide, {words}"), ..short_series() };
        let judge = judge_of(&Campaign { series, ..campaign() }).expect("rules");
        // One series, alone: no other vaccine of the program is part of its rules.
        assert_eq!(judge.rules.antigens.len(), 1, "{words}");
        assert_eq!(*judge.rules.antigens[0].name, *words);
        assert_eq!(judge.rules.vaccines, plain.rules.vaccines, "{words}");
        assert_eq!(
            judge.rules.antigens[0].series[0].doses,
            plain.rules.antigens[0].series[0].doses
        );
        assert_eq!(judge.others, plain.others, "{words}");
    }
}

#[test]
fn a_live_vaccine_keeps_apart_from_the_other_live_vaccines_of_the_program() {
    let text = "id = \"own-live\"\nname = \"a\"\nsource = \"a\"\nlive = \"injected\"\n\
                apart = \"28 days\"\n[[doses]]\n";
    // The same key, in every way that TOML can write it.
    for text in [text.to_owned(), text.replace("live =", "\"live\"="), text.replace(" = ", "=")] {
        let series = Series { rules: Some(text.clone()), ..short_series() };
        let campaign = Campaign { series, ..campaign() };
        let judge = judge_of(&campaign).expect("rules");
        let doses = [dose("2021-05-01", Some("MMR")), dose("2021-05-20", None)];
        let got = judged(&judge, &campaign, born("1980-01-01"), &doses);
        assert_eq!(got[1].status, Some(Status::NotValid), "{text}");
    }
}

/// The rules that the text of a series gives, by the detour over the text that the judge does not take.
fn rules_by_text(series: &Series) -> crate::domain::rules::Rules {
    let text = toml::to_string(series).expect("a text");
    rules_of_texts(&[("series.toml", &text)]).expect("rules").rules
}

/// The rules of a judge. Cohorts are not part of a short series.
fn rules_directly(series: &Series) -> crate::domain::rules::Rules {
    judge_of(&Campaign { series: series.clone(), ..campaign() }).expect("rules").rules
}

#[test]
fn a_series_and_its_text_give_the_same_rules() {
    for series in series::all() {
        let short = Series { rules: None, ..series.clone() };
        assert_eq!(rules_directly(&short), rules_by_text(&short), "{}", series.id);
    }
}

fn durations() -> impl Strategy<Value = Option<Duration>> {
    let lengths = (0..30, -5..400);
    prop::option::of(lengths.prop_map(|(months, days)| Duration { months, days }))
}

proptest! {
    #[test]
    fn any_short_series_and_its_text_give_the_same_rules(
        name in "\\PC{1,12}",
        clip in any::<bool>(),
        grace in durations(),
        doses in prop::collection::vec((durations(), durations(), durations(), durations()), 1..6),
    ) {
        let doses = (0..).zip(doses).map(|(at, (min_age, least, usual, most))| SeriesDose {
            protection: 1.0,
            min_age,
            interval_min: least.filter(|_| at > 0),
            interval_recommended: usual.filter(|_| at > 0),
            interval_max: most.filter(|_| at > 0),
        });
        let series = Series {
            name,
            month_end: if clip { MonthEnd::Clip } else { MonthEnd::Roll },
            grace: grace.unwrap_or_default(),
            doses: doses.collect(),
            ..short_series()
        };
        prop_assert_eq!(rules_directly(&series), rules_by_text(&series));
    }
}
