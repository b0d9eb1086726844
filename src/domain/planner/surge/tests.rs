//! What a surge answers is a plan that was made, and no less than its proof.

use super::super::joint_tests::local;
use super::super::testing::{campaign, group, plain, series, start};
use super::super::{JointRequest, Limits, Request, check, check_joint, make, make_joint};
use super::*;
use crate::domain::jurisdiction::{
    ClosedDays, Joined, Jurisdiction, LocalCampaign, SiteLimit, default_crews,
};
use crate::domain::plan::Plan;
use chrono::TimeDelta;
use rust_decimal::Decimal;

fn means(doses_a_day: u32) -> Means {
    Means {
        usual: StationTerms { doses_a_day, most: None },
        stations: BTreeMap::new(),
        candidates: Vec::new(),
        crews: default_crews(),
        staff: None,
        unstaffed: BTreeMap::new(),
    }
}

fn question<'q>(campaign: &'q Campaign, days: i64, means: &'q Means) -> SurgeQuestion<'q> {
    let (given, published, limits) = (&[], &[], Limits::QUICK);
    let request =
        Request { campaign, given, from: start(), published, told: None, warm: None, limits };
    SurgeQuestion { request, by: start() + TimeDelta::days(days - 1), groups: &[], means }
}

fn asked(question: &SurgeQuestion<'_>) -> Surge {
    surge(question, &mut || 0.0)
}

/// The plain plan of a campaign with what an answer says.
fn planned(question: &SurgeQuestion<'_>, found: &Surge) -> (Campaign, Plan) {
    let campaign = found.apply(question);
    let plan = make(
        &Request { campaign: &campaign, limits: Limits::steps(SEARCHES[0]), ..question.request },
        &mut |_| {},
        &mut || 0.0,
    );
    (campaign, plan)
}

fn given(plan: &Plan, group: &str, dose: u8) -> u64 {
    let own = plan.rows.iter().filter(|row| row.group.as_str() == group && row.dose == dose);
    own.map(|row| u64::from(row.doses)).sum()
}

/// A county of one site that gives ten doses on weekdays, and of a hundred people.
fn small() -> Campaign {
    let mut campaign = plain();
    campaign.teams.clear();
    campaign.stops.clear();
    campaign.eligible[0].people = 100;
    campaign.groups[0].target = Some(Decimal::ONE);
    for site in &mut campaign.sites {
        (site.weekday_doses, site.saturday_doses, site.sunday_doses) = (10, 0, 0);
        site.storage_doses = None;
        site.wastage_rate = Decimal::ZERO;
    }
    campaign.deliveries[0].doses = 60;
    campaign
}

#[test]
fn by_a_late_day_what_is_there_is_enough_but_for_the_vaccine() {
    let campaign = small();
    let means = means(10);
    // Two weeks of first doses, and three later two weeks of second ones.
    let found = asked(&question(&campaign, 60, &means));
    assert_eq!(
        (found.more.clone(), found.staff, found.gap),
        (Some(Resources::default()), 0.0, 0.0)
    );
    let one = &found.groups[0];
    assert_eq!((one.target_people, one.dose, one.today, one.then), (100, 2, 100, 100));
    assert_eq!(found.vaccine.values().sum::<u64>(), 140, "200 doses, 60 are announced");
    assert_eq!(found.doses.values().sum::<u64>(), 200);
}

#[test]
fn by_an_early_day_the_stations_are_those_that_a_count_by_hand_gives() {
    let campaign = small();
    let means = means(10);
    // Five weeks: both doses, 21 days apart, on the weekdays of two weeks each: ten a day.
    let enough = asked(&question(&campaign, 35, &means));
    assert_eq!(enough.more, Some(Resources::default()));
    // Four weeks: one week for each dose. 100 people in five days take 20 a day: one station more.
    let found = asked(&question(&campaign, 28, &means));
    let more = found.more.clone().expect("an answer");
    assert_eq!(more.stations.into_iter().collect::<Vec<_>>(), [("S1".into(), 1)]);
    assert_eq!((found.staff, more.teams), (2.0, 0), "a vaccinator and a registrar");
    assert!(found.staff_at_least > 1.9 && found.staff_at_least < 2.0 + 1e-6, "{found:?}");
    let (campaign, plan) = planned(&question(&campaign, 28, &means), &found);
    assert_eq!(given(&plan, "all", 2), 100);
    assert!(check(&campaign, &plan.rows, &[], start()).is_feasible());
}

#[test]
fn a_day_before_the_second_dose_asks_for_the_first_and_says_so() {
    let campaign = small();
    let means = means(10);
    let found = asked(&question(&campaign, 5, &means));
    let one = &found.groups[0];
    assert_eq!((one.dose, one.doses, one.today, one.then), (1, 2, 50, 100));
    assert_eq!(found.more.expect("an answer").stations.values().sum::<u32>(), 1);
}

#[test]
fn a_group_that_opens_later_or_people_without_a_place_are_said_and_stop_nothing() {
    let mut campaign = small();
    campaign.groups.push(group("late", 1.0));
    campaign.groups[1].target = Some(Decimal::ONE);
    campaign.groups[1].opens = Some(start() + TimeDelta::days(40));
    let mut row = campaign.eligible[0].clone();
    row.group = "late".into();
    campaign.eligible.push(row);
    let means = means(10);
    let found = asked(&question(&campaign, 28, &means));
    assert_eq!((found.groups[1].is_possible, found.groups[1].out_of_reach), (false, 0));
    assert!(found.more.is_some());
    // Half of the people are expected to come.
    campaign.groups[0].uptake = Decimal::new(5, 1);
    let found = asked(&question(&campaign, 28, &means));
    assert_eq!(found.groups[0].out_of_reach, 50);
    assert_eq!(found.groups[0].then, 50);
}

#[test]
fn a_full_site_sends_people_to_a_candidate_if_it_may() {
    let campaign = small();
    let mut means = means(10);
    let full = StationTerms { doses_a_day: 10, most: Some(1) };
    means.stations.insert("S1".into(), full);
    let found = asked(&question(&campaign, 28, &means));
    assert!(found.more.is_none() && found.is_impossible, "{found:?}");
    let mut campaign = campaign;
    let mut new = campaign.sites[0].clone();
    new.code = "C1".into();
    let mut open = campaign.reach.clone();
    for reach in &mut open {
        reach.site = "C1".into();
    }
    campaign.reach.extend(open);
    let could = new.clone();
    (new.weekday_doses, new.saturday_doses, new.sunday_doses) = (0, 0, 0);
    campaign.sites.push(new);
    means.candidates.push((could, 1.5));
    let found = asked(&question(&campaign, 28, &means));
    let more = found.more.clone().expect("an answer");
    assert_eq!(more.stations.into_iter().collect::<Vec<_>>(), [("C1".into(), 1)]);
    // A vaccinator, a registrar, the doctor of a new site, and what opening it costs.
    assert!((found.staff - 4.5).abs() < 1e-9, "{}", found.staff);
    assert!(found.staff_at_least <= 4.5 + 1e-6);
}

#[test]
fn a_site_that_waits_for_people_opens_with_them() {
    // Nobody works there: ten a day on the weekdays of two weeks are one station, and one more gives the other ten.
    let mut campaign = small();
    let days: Vec<NaiveDate> = campaign.days().collect();
    let shut =
        |day: &NaiveDate| crate::domain::site::Closure { place: "S1".into(), day: *day, doses: 0 };
    campaign.closures =
        days.iter().filter(|day| campaign.sites[0].weekly_capacity(**day) > 0).map(shut).collect();
    let mut means = means(10);
    let found = asked(&question(&campaign, 28, &means));
    assert!(found.more.is_none(), "a site that is closed stays closed: {found:?}");
    let waits = campaign.closures.iter().map(|one| one.day).collect();
    means.unstaffed = [("S1".into(), waits)].into();
    let found = asked(&question(&campaign, 28, &means));
    let more = found.more.clone().expect("an answer");
    assert_eq!(more.stations.into_iter().collect::<Vec<_>>(), [("S1".into(), 2)]);
    // Two at each station and a doctor, whom at most twenty stations could share.
    assert!((found.staff - 5.0).abs() < 1e-9, "{}", found.staff);
    assert!(found.staff_at_least > 4.0 && found.staff_at_least < 4.1 + 1e-6, "{found:?}");
    assert_eq!((found.groups[0].today, found.groups[0].then), (0, 100));
}

#[test]
fn every_answer_of_random_counties_holds_and_is_above_its_proof() {
    let mut helped = 0;
    for seed in 0..30 {
        let mut campaign = campaign(seed);
        for group in &mut campaign.groups {
            group.target = Some(Decimal::new(7, 1));
        }
        let means = means(5);
        let days = i64::try_from(campaign.day_count() * 2 / 3).expect("few");
        let question = question(&campaign, days, &means);
        // So many looks at the clock, and the time is up: there is no waiting for counties that nothing helps.
        let mut looks = 0.0;
        let found = surge(&question, &mut || {
            looks += 0.015;
            looks
        });
        let Some(more) = &found.more else { continue };
        helped += usize::from(*more != Resources::default());
        assert!(found.staff_at_least <= found.staff + 1e-6, "seed {seed}: {found:?}");
        for one in found.groups.iter().filter(|one| one.is_possible) {
            assert!(one.then + one.out_of_reach >= one.target_people, "seed {seed}: {one:?}");
        }
        let (with, plan) = planned(&question, &found);
        assert!(check(&with, &plan.rows, &[], start()).is_feasible(), "seed {seed}");
        // Every station and team that is asked for is needed.
        if found.cut_short || found.groups.iter().any(|one| one.dose < one.doses) {
            continue;
        }
        let base = trial::base(&question);
        let needs = needs(&Problem::new(&base, &[], start()), question.groups, start());
        let plan = trial::alone(&question, &base);
        let mut never = || 0.0;
        let mut trial = Trial::new(&plan, &needs, &mut never);
        let is_needed = SEARCHES.iter().any(|&steps| {
            trial.steps = steps;
            trial.trimmed(more.clone()) == *more
        });
        assert!(is_needed, "seed {seed}: {more:?}");
    }
    assert!(helped >= 4, "{helped}: the counties are too easy");
}

/// Two campaigns of one dose for so many people each, at one site that gives so many doses on weekdays.
fn two(doses: u32, people: [u32; 2]) -> (Jurisdiction, Vec<LocalCampaign>) {
    let mut one = small();
    one.series = series(1, None, None);
    one.sites[0].weekday_doses = doses;
    one.deliveries[0].doses = 30;
    let mut other = one.clone();
    other.id = "other".into();
    (one.eligible[0].people, other.eligible[0].people) = (people[0], people[1]);
    (Jurisdiction::of_campaign(&one), vec![local(&one), local(&other)])
}

fn asked_together(joined: &Joined, days: i64, means: &Means) -> Surge {
    let by = start() + TimeDelta::days(days - 1);
    let (given, from, groups) = (&[], start(), &[]);
    joint_surge(&JointSurgeQuestion { joined, given, from, by, groups, means }, &mut || 0.0)
}

fn limited(county: &Jurisdiction, doses: u32) -> Vec<SiteLimit> {
    let mut row = county.sites[0].clone();
    row.site.weekday_doses = doses;
    vec![SiteLimit { row, wastage_rate: None }]
}

#[test]
fn two_campaigns_at_one_site_need_together_what_neither_needs_alone() {
    let (mut county, mut locals) = two(10, [50, 50]);
    let means = means(10);
    // Five weekdays of ten doses are enough for fifty people, and for a hundred they want a second station.
    for own in &locals {
        let joined = county.join(std::slice::from_ref(own), start());
        let found = asked_together(&joined, 5, &means);
        assert_eq!(found.more, Some(Resources::default()), "{found:?}");
        assert_eq!((found.groups[0].campaign.clone(), found.campaigns.len()), (None, 0));
    }
    let found = asked_together(&county.join(&locals, start()), 5, &means);
    let more = found.more.clone().expect("an answer");
    assert_eq!(more.stations.into_iter().collect::<Vec<_>>(), [("S1".into(), 1)]);
    assert_eq!((found.staff, more.teams), (2.0, 0), "a vaccinator and a registrar");
    assert!(found.staff_at_least > 1.9 && found.staff_at_least < 2.0 + 1e-6, "{found:?}");
    let ids = found.groups.iter().filter_map(|one| one.campaign.as_ref());
    assert_eq!(ids.map(CampaignId::as_str).collect::<Vec<_>>(), ["test", "other"]);
    assert_eq!(found.groups.iter().map(|one| one.today).sum::<u64>(), 50);
    assert!(found.groups.iter().all(|one| one.then == 50 && one.dose == one.doses), "{found:?}");
    // Each campaign has vaccine for thirty.
    let sum = |days: &BTreeMap<NaiveDate, u64>| days.values().sum::<u64>();
    let parts = found.campaigns.iter().map(|one| (sum(&one.doses), sum(&one.vaccine)));
    assert_eq!(parts.collect::<Vec<_>>(), [(50, 20), (50, 20)]);
    assert_eq!((sum(&found.doses), sum(&found.vaccine)), (100, 40));
    // Who enters it in the tables gets a plan that reaches both targets.
    county.sites[0].site.weekday_doses += 10;
    for own in &mut locals {
        own.campaign.end = found.by;
        own.campaign.deliveries[0].doses += 20;
    }
    let joined = county.join(&locals, start());
    let (given, from, limits) = (&[], start(), Limits::steps(SEARCHES[0]));
    let request = JointRequest {
        joined: &joined,
        given,
        from,
        published: &[],
        told: None,
        warm: None,
        limits,
    };
    let plan = make_joint(&request, &mut |_| {}, &mut || 0.0);
    let rows: Vec<_> = plan.campaigns.iter().map(|part| part.rows.clone()).collect();
    let doses = rows.iter().map(|rows| rows.iter().map(|row| row.doses).sum::<u32>());
    assert_eq!(doses.collect::<Vec<_>>(), [50, 50]);
    assert!(check_joint(&joined, &rows, &[], start()).violations.is_empty());
}

#[test]
fn what_a_campaign_allows_itself_of_a_site_binds_and_rises_with_its_stations() {
    let (county, mut locals) = two(20, [60, 40]);
    let means = means(10);
    let enough = asked_together(&county.join(&locals, start()), 5, &means);
    assert_eq!(enough.more, Some(Resources::default()), "a hundred doses: {enough:?}");
    // Five a day are 25 in the week. Sixty take twelve a day: seven tenths of a station more.
    locals[0].limits = limited(&county, 5);
    let found = asked_together(&county.join(&locals, start()), 5, &means);
    let people: Vec<_> = found.groups.iter().map(|one| (one.today, one.then)).collect();
    assert_eq!(people, [(25, 60), (40, 40)]);
    let stations = found.more.as_ref().map(|more| more.stations.clone());
    assert_eq!(stations, Some([("S1".into(), 1)].into()));
    assert!(found.staff_at_least > 1.3 && found.staff_at_least < 1.4 + 1e-6, "{found:?}");
}

#[test]
fn a_day_that_the_second_dose_of_one_campaign_cannot_meet_asks_it_for_the_first() {
    let (county, mut locals) = two(20, [50, 50]);
    locals[0].campaign.series = series(2, Some(21), Some(35));
    let means = means(10);
    let found = asked_together(&county.join(&locals, start()), 5, &means);
    let doses: Vec<_> = found.groups.iter().map(|one| (one.dose, one.doses, one.then)).collect();
    assert_eq!(doses, [(1, 2, 50), (1, 1, 50)]);
    assert_eq!(found.more, Some(Resources::default()));
}

#[test]
fn places_limits_closures_and_teams_of_a_county_have_what_is_added() {
    let (mut county, mut locals) = two(10, [50, 50]);
    let day = |n| start() + TimeDelta::days(n);
    let closed = |n, doses| {
        let (first, last) = (day(n), day(n));
        ClosedDays { place: "S1".to_owned(), first, last, doses, reason: None }
    };
    county.teams = plain().teams;
    county.closures = vec![closed(1, 3), closed(2, 0), closed(3, 0)];
    locals[0].limits = limited(&county, 5);
    let mut new = county.sites[0].clone();
    (new.site.code, new.site.weekday_doses, new.is_candidate) = ("C1".into(), 15, true);
    county.sites.push(new.clone());
    let mut means = means(10);
    means.candidates.push((new.site, 0.0));
    means.unstaffed = [("S1".into(), [day(3)].into())].into();
    let more = Resources { stations: [("S1".into(), 1), ("C1".into(), 2)].into(), teams: 2 };
    let found = more.join(&county.join(&locals, start()), &means);
    let rows = found
        .jurisdiction
        .sites
        .iter()
        .map(|row| (row.site.weekday_doses, row.site.saturday_doses, row.is_candidate));
    assert_eq!(rows.collect::<Vec<_>>(), [(20, 0, false), (15, 0, false)]);
    assert_eq!(found.campaigns[0].limits["S1"][0].row.site.weekday_doses, 15);
    let doses: Vec<u32> = found.jurisdiction.closures.iter().map(|one| one.doses).collect();
    assert_eq!(doses, [13, 0, 10], "what is closed stays closed unless it waits for people");
    let teams = found.campaigns.iter().map(|one| one.campaign.teams.len());
    assert_eq!((teams.collect::<Vec<_>>(), found.jurisdiction.teams.len()), (vec![3, 3], 3));
}
