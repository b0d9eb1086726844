use super::*;
use crate::domain::testing::{county, date, day, dose, rules};

fn own_series() -> Judge {
    let asks = Asks::Series { own: VaccineId(0), doses: 2 };
    let others = BTreeSet::from(["HPV".into()]);
    Judge { rules: rules(), asks, others, among: Among::default(), alone: None }
}

/// Visits from day 0; what falls due by day 40 is given.
fn catching_up(groups: &[u16]) -> Judge {
    let groups = groups.iter().map(|group| VaccineGroupId(*group)).collect();
    let asks = Asks::CatchUp { groups, from: day(0), to: day(40) };
    Judge { rules: rules(), asks, others: BTreeSet::new(), among: Among::default(), alone: None }
}

fn adult() -> Subject {
    Subject { born: date("1990-01-01"), sex: Sex::U }
}

/// Number, whether the rules refuse it, whether it is counted as one that does not count.
fn evaluated(judge: &Judge, doses: &[Dose]) -> Vec<(u8, bool, bool)> {
    let found = judge.evaluate(&county(), adult(), doses);
    found.iter().map(|one| (one.number, one.is_refused(), judge.discounts(one))).collect()
}

fn given(days: &[i64]) -> Vec<Dose> {
    days.iter().map(|at| dose(&format!("R{at}"), *at, None)).collect()
}

#[test]
fn a_dose_counts_by_its_interval_and_has_the_number_that_it_was_tried_as() {
    let judge = own_series();
    assert!(evaluated(&judge, &[]).is_empty());
    assert_eq!(evaluated(&judge, &given(&[0])), [(1, false, false)]);
    assert_eq!(evaluated(&judge, &given(&[0, 21])), [(1, false, false), (2, false, false)]);
    assert_eq!(evaluated(&judge, &given(&[0, 20])), [(1, false, false), (2, true, true)]);
    // The dose that came too early is repeated with its number; the interval runs from it.
    let repeated = [(1, false, false), (2, true, true), (2, false, false)];
    assert_eq!(evaluated(&judge, &given(&[0, 20, 41])), repeated);
    let beyond = [(1, false, false), (2, false, false), (3, true, true)];
    assert_eq!(evaluated(&judge, &given(&[0, 21, 60])), beyond);
}

#[test]
fn the_verdict_that_is_told_is_the_one_that_decided() {
    let judge = own_series();
    let found = judge.evaluate(&county(), adult(), &given(&[0, 20]));
    assert_eq!(found[1].status, Some(Status::NotValid));
    assert_eq!(found[1].told().map(|one| one.verdict.status), Some(Status::NotValid));
    assert_eq!((found[0].date, found[1].date), (day(0), day(20)));
    let other = judge.evaluate(&county(), adult(), &[dose("R1", 0, Some("HPV"))]);
    assert_eq!((other[0].number, other[0].status, other[0].told()), (0, None, None));
    assert!(!other[0].is_refused() && !judge.discounts(&other[0]));
}

#[test]
fn a_product_is_a_code_of_the_rules_or_the_campaign_s_own_unless_other_series_know_it() {
    let judge = own_series();
    for (product, vaccine) in [
        (None, Some(0)),
        (Some(" V2 "), Some(1)),
        (Some("V1"), Some(0)),
        (Some("Some brand"), Some(0)),
        (Some("HPV"), None),
    ] {
        assert_eq!(judge.vaccine(product, None).map(|id| id.0), vaccine, "{product:?}");
    }
    let visits = catching_up(&[0]);
    assert_eq!(visits.vaccine(None, None), None, "a catch-up campaign has no vaccine of its own");
    assert_eq!(visits.vaccine(Some("Some brand"), None), None);
    assert_eq!(visits.vaccine(Some("V2"), None).map(|id| id.0), Some(1));
}

#[test]
fn without_a_code_a_dose_is_of_the_vaccine_of_the_campaign_that_recorded_it() {
    use OutcomeKind::{Contraindicated, Dead, Refused};
    let (here, there) = (CampaignNo(1), CampaignNo(2));
    let vaccines = BTreeMap::from([(there, "V2".into())]);
    let judge = Judge { among: Among { own: Some(here), vaccines }, ..own_series() };
    let vaccine = |product, under| judge.vaccine(product, under).map(|id| id.0);
    assert_eq!(vaccine(None, Some(here)), Some(0));
    assert_eq!(vaccine(Some("Some brand"), Some(here)), Some(0));
    assert_eq!(vaccine(None, Some(there)), Some(1));
    assert_eq!(vaccine(Some("Some brand"), Some(there)), Some(1));
    assert_eq!(vaccine(Some("V1"), Some(there)), Some(0), "a code speaks for itself");
    assert_eq!(vaccine(Some("HPV"), Some(here)), None);
    assert_eq!([None, Some(CampaignNo(3))].map(|under| vaccine(None, under)), [None, None]);
    let own = Dose { campaign: Some(here), ..dose("R1", 0, None) };
    let elsewhere = Dose { elsewhere: true, ..own.clone() };
    let other = Dose { campaign: Some(there), ..own.clone() };
    assert_eq!([&own, &elsewhere, &other].map(|dose| judge.is_own(dose)), [true, false, false]);
    let heeds = |kind, under, vaccine| judge.heeds(kind, Some(under), vaccine);
    assert!(heeds(Dead, there, None) && heeds(Refused, here, None));
    assert!(!heeds(Refused, there, None) && heeds(Contraindicated, there, Some("V1")));
}

#[test]
fn a_seasonal_campaign_counts_the_doses_of_its_season() {
    let judge = own_series();
    let mut campaign = county();
    campaign.series.season_start = Some("03-10".parse().expect("a day of the year"));
    let (first, next) = campaign.season().expect("a season");
    let doses = |day: NaiveDate| [Dose { date: day, ..dose("R1", 0, None) }];
    let number = |day: NaiveDate| judge.evaluate(&campaign, adult(), &doses(day))[0].number;
    assert!(first <= campaign.start && campaign.start < next);
    assert_eq!([first.pred_opt(), Some(first)].map(|at| number(at.expect("a day"))), [0, 1]);
    assert_eq!([next.pred_opt(), Some(next)].map(|at| number(at.expect("a day"))), [1, 0]);
}

#[test]
fn a_dose_from_a_lot_past_its_last_day_is_not_good() {
    let judge = own_series();
    let from_lot = |at: i64| {
        let dose = Dose { lot: Some("L1".into()), ..dose("R1", at, None) };
        judge.evaluate(&county(), adult(), &[dose])[0].status
    };
    // L1 may be used up to day 20.
    assert_eq!((from_lot(20), from_lot(21)), (Some(Status::Valid), Some(Status::SubStandard)));
}

#[test]
fn the_next_dose_has_its_earliest_recommended_and_latest_day() {
    let judge = own_series();
    let due = |doses: &[Dose], at: i64| judge.outlook(&county(), adult(), doses, day(at)).due;
    let first = due(&[], 5).expect("a first dose");
    assert_eq!((first.number, first.earliest, first.latest), (1, date("1991-01-01"), None));
    let second = Due { number: 2, earliest: day(21), recommended: day(28), latest: Some(day(56)) };
    assert_eq!(due(&given(&[0]), 5), Some(second));
    assert_eq!(due(&given(&[0, 21]), 30), None, "all is given");
    let outlook = judge.outlook(&county(), adult(), &given(&[0]), day(5));
    assert!(outlook.missed.is_empty() && outlook.doses.len() == 1);
}

#[test]
fn a_catch_up_campaign_counts_the_first_visit_from_its_first_day_on() {
    let judge = catching_up(&[0, 1]);
    let doses = [
        dose("R1", -30, Some("V1")),
        dose("R2", 0, Some("V1")),
        dose("R3", 0, Some("V2")),
        dose("R4", 30, Some("V2")),
    ];
    let numbers: Vec<u8> = evaluated(&judge, &doses).iter().map(|one| one.0).collect();
    assert_eq!(numbers, [0, 1, 0, 0]);
    let early = [dose("R1", 0, Some("V1")), dose("R2", 5, Some("V1"))];
    let found = judge.evaluate(&county(), adult(), &early);
    assert!(found[1].is_refused() && !judge.discounts(&found[1]), "a visit is a visit");
}

#[test]
fn a_dose_that_a_catch_up_campaign_does_not_ask_for_is_no_visit() {
    // A vaccine of the rules that it does not ask for, and one that the rules do not know.
    let other = [dose("R1", 0, Some("V1")), dose("R2", 1, Some("unknown"))];
    let judge = catching_up(&[1]);
    let mut doses = other.to_vec();
    doses.push(dose("R3", 2, Some("V2")));
    let numbers: Vec<u8> = evaluated(&judge, &doses).iter().map(|one| one.0).collect();
    assert_eq!(numbers, [0, 0, 1]);
    let due = judge.outlook(&county(), adult(), &other, day(1)).due;
    assert_eq!(due.map(|due| due.number), Some(1), "the visit is still due");
}

#[test]
fn a_catch_up_campaign_gives_what_its_vaccines_miss_by_its_last_day() {
    let missed = |groups: &[u16], doses: &[Dose], at: i64| -> Vec<(u16, u8, u8, NaiveDate)> {
        let outlook = catching_up(groups).outlook(&county(), adult(), doses, day(at));
        let line = |one: &MissedDose| (one.group.0, one.dose, one.lacking, one.recommended);
        outlook.missed.iter().map(line).collect()
    };
    let (one_year, two_years) = (date("1991-01-01"), date("1992-01-01"));
    assert_eq!(missed(&[0, 1], &[], 0), [(0, 1, 2, one_year), (1, 1, 1, two_years)]);
    assert_eq!(missed(&[1], &[], 0), [(1, 1, 1, two_years)], "only the vaccines asked for");
    let first = [dose("R1", 12, Some("V1"))];
    assert_eq!(missed(&[0], &first, 12), [(0, 2, 0, day(40))], "due by the last day");
    let later = [dose("R1", 13, Some("V1"))];
    assert!(missed(&[0], &later, 13).is_empty(), "due a day after it");
    let outlook = catching_up(&[0, 1]).outlook(&county(), adult(), &[], day(0));
    assert_eq!(outlook.missed[0].vaccine.as_deref(), Some("V1"));
    let visit = outlook.due.expect("a visit");
    assert_eq!((visit.number, visit.earliest, visit.latest), (1, one_year, None));
    let visited = catching_up(&[0, 1]).outlook(&county(), adult(), &first, day(12));
    assert_eq!(visited.due, None, "one visit is what the campaign plans");
    assert_eq!(catching_up(&[]).name(VaccineGroupId(1)), "vaccine 2");
}
