//! Known plans: what the planner, its check and its advice say of some small random campaigns, as
//! text in `known_plans.txt`. A change there is a change of plans: read it, and put the new text
//! in its place where it is better or as good. A test that fails prints it.

use super::testing::{Random, campaign, history};
use super::*;
use crate::domain::campaign::Campaign;
use crate::domain::id::TeamCode;
use chrono::TimeDelta;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const KNOWN: &str = include_str!("known_plans.txt");

/// The text of a campaign in the file.
fn known(seed: u64) -> &'static str {
    let head = format!("campaign {seed}\n");
    let parts = KNOWN.split_inclusive("\n\n").find(|part| part.starts_with(&head));
    parts.unwrap_or_default().trim_end()
}

/// A text that is written line by line.
#[derive(Default)]
struct Story(String);

impl Story {
    fn say(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.0, "{:indent$}{line}", "");
    }
}

fn with_targets(seed: u64) -> Campaign {
    let mut campaign = campaign(seed);
    for group in &mut campaign.groups {
        group.target = Some(Decimal::new(9, 1));
    }
    for (place, lot) in campaign.deliveries.iter_mut().enumerate() {
        lot.doses_per_vial = [None, Some(5), Some(2)][place % 3];
    }
    campaign
}

fn tell(seed: u64) -> String {
    let campaign = with_targets(seed);
    let random = &mut Random(seed);
    let mut story = Story::default();
    story.say(0, &format!("campaign {seed}"));
    let limits = Limits::steps(40);
    let (given, published, warm) = (&[][..], &[][..], None);
    let from = campaign.start;
    let request = Request { campaign: &campaign, given, from, published, warm, limits };
    let first = plan(&mut story, "first", &request);
    advice(&mut story, &request, &first);
    faults(&mut story, &campaign, &first);
    proofs(&mut story, &campaign, &first);

    let from = campaign.start + TimeDelta::days(i64::from(5 + random.below(15)));
    let given = &history(&campaign, &first.rows, from, random)[..];
    let (published, warm) = (&first.rows[..], Some(&first.certificate));
    let request = Request { given, from, published, warm, ..request };
    let again = plan(&mut story, "later", &request);
    let changes = diff(&first.rows, &again.rows, from);
    let lines = changes
        .sessions
        .iter()
        .map(|one| format!("{} {} {}→{}", one.day, one.place, one.doses_before, one.doses_after));
    let (same, moved) = (changes.same_sessions, changes.doses_moved);
    let all = format!("{}, {} doses", changes.doses_before, changes.doses_after);
    story.say(2, &format!("sessions: {same} stay, {moved} doses move, {all}: {}", list(lines)));
    let quick = Request { limits: Limits::QUICK, ..request };
    plan(&mut story, "repaired", &quick);
    story.0.trim_end().to_owned()
}

fn list(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn plan(story: &mut Story, name: &str, request: &Request) -> Plan {
    let plan = make(request, &mut |_| {}, &mut || 0.0);
    let one = &plan.figures;
    let worst = one.worst_area.as_ref();
    let worst = worst.map_or("-".to_owned(), |worst| format!("{} {:.4}", worst.area, worst.share));
    story.say(
        0,
        &format!(
            "{name} plan from {}: {} of {} people, {} doses, {:.4} of {:.4}, {:.3} km, \
         worst area {worst}",
            request.from,
            one.people_finished,
            one.people,
            one.doses,
            one.objective,
            one.upper_bound,
            one.travel_km
        ),
    );
    let (greedy, objective) = (&plan.stages.greedy, &plan.stages.objective);
    story.say(
        2,
        &format!(
            "day by day {:.4}, before the last stages {:.4}",
            greedy.objective, objective.objective
        ),
    );
    let left = plan
        .unplaced
        .iter()
        .map(|one| format!("{} {} {} {:?}", one.area, one.group, one.people, one.reason));
    story.say(2, &format!("left: {}", list(left)));
    let mut sessions: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for row in &plan.rows {
        let team = row.team.as_ref().map(|team| format!(" {team}")).unwrap_or_default();
        let doses = format!("{}/{}/{}×{}", row.area, row.group, row.dose, row.doses);
        sessions.entry(format!("{} {}{team}", row.day, row.place)).or_default().push(doses);
    }
    for (session, doses) in sessions {
        story.say(4, &format!("{session}: {}", doses.join(" ")));
    }
    let (bound, problems) =
        check_certificate(request.campaign, &plan.certificate, request.given, request.from);
    story.say(2, &format!("bound by the check {bound:.4} {problems:?}"));
    plan
}

/// Lots, vials, tours, verdict, scarcity, and what would be if.
fn advice(story: &mut Story, request: &Request, plan: &Plan) {
    let (campaign, given, from) = (request.campaign, request.given, request.from);
    let lots = lot_draws(campaign, &plan.rows, given, from).into_iter().map(|draw| {
        let site = draw.site.as_ref().map(ToString::to_string);
        let taker = site.or(draw.team.as_ref().map(ToString::to_string)).unwrap_or_default();
        let (given, drawn) = (draw.doses_given, draw.vaccine_doses);
        format!("{} {taker} {}..{} {given:.2}/{drawn}", draw.lot, draw.taken, draw.until)
    });
    story.say(2, &format!("lots: {}", list(lots)));
    let opened = vials(campaign, &plan.rows, given, from).into_iter().map(|one| {
        let lots = one.lots.iter().map(|lot| format!("{} {} {:?}", lot.lot, lot.doses, lot.vials));
        format!("{} {} {} ({})", one.day, one.place, one.open_vial_waste, list(lots))
    });
    story.say(2, &format!("vials: {}", list(opened)));
    let fixed = from + TimeDelta::days(2);
    let together = merges(campaign, &plan.rows, given, from, fixed).into_iter().map(|one| {
        let (saves, objective) = (one.saves, one.objective);
        format!(
            "{} {}→{} {} saves {saves} {objective:.3}",
            one.place, one.from, one.into, one.doses
        )
    });
    story.say(2, &format!("merges: {}", list(together)));
    let driven = tours(campaign, &plan.rows).into_iter().map(|one| {
        let stops = one.tour.stops.iter().map(|stop| {
            format!("{} {:.1}–{:.1}", stop.stop, stop.first_dose_minutes, stop.departure_minutes)
        });
        let stops = stops.collect::<Vec<_>>().join(" ");
        format!(
            "{} {} {:.2} km {:.1} min {stops}",
            one.day, one.team, one.tour.km, one.tour.minutes
        )
    });
    story.say(2, &format!("tours: {}", list(driven)));
    for one in verdict(request, plan, &mut || 0.0) {
        story.say(2, &format!("verdict: {one:?}"));
    }
    let scarce = why(campaign, from, &plan.certificate, &Question::default());
    let lines = scarce.into_iter().map(|one| {
        let days = format!("{}..{} ×{}, {}", one.first, one.last, one.count, one.dearest);
        format!("{:?} {} {days} {:.4} {:.3}", one.scarce, one.code, one.one_more, one.weight)
    });
    story.say(2, &format!("scarce: {}", list(lines)));
    let whole = outcome(request, plan);
    story.say(2, &format!("groups until {:?}: {:?}", whole.last_day, whole.groups));
}

/// A way to spoil a plan.
type Damage = (&'static str, fn(&Campaign, &mut Vec<PlanRow>));

/// What the check finds when a plan is spoilt: how often each rule is broken and the first fault
/// of each.
fn faults(story: &mut Story, campaign: &Campaign, plan: &Plan) {
    let damages: [Damage; 9] = [
        ("three doses more each", |_, rows| rows.iter_mut().for_each(|row| row.doses += 3)),
        ("four days later", |_, rows| {
            rows.iter_mut().for_each(|row| row.day += TimeDelta::days(4));
        }),
        ("second doses four days earlier", |_, rows| {
            let second = rows.iter_mut().filter(|row| row.dose == 2);
            second.for_each(|row| row.day -= TimeDelta::days(4));
        }),
        ("first doses only", |_, rows| rows.retain(|row| row.dose == 1)),
        ("all at the first place", |_, rows| {
            let place = rows[0].place.clone();
            rows.iter_mut().for_each(|row| row.place = place.clone());
        }),
        ("all on the last day", |campaign, rows| {
            rows.iter_mut().for_each(|row| row.day = campaign.end);
        }),
        ("without teams", |_, rows| rows.iter_mut().for_each(|row| row.team = None)),
        ("all by one team", |campaign, rows| {
            let team = campaign.teams.first().map(|team| team.code.clone());
            let team = team.unwrap_or_else(|| TeamCode::from("NOBODY"));
            rows.iter_mut().for_each(|row| row.team = Some(team.clone()));
        }),
        ("strange words", |_, rows| {
            let row = rows[0].clone();
            rows.push(PlanRow { place: "NOWHERE".into(), ..row.clone() });
            rows.push(PlanRow { group: "NOBODY".into(), ..row.clone() });
            rows.push(PlanRow { dose: 9, ..row.clone() });
            rows.push(PlanRow { doses: 0, ..row });
        }),
    ];
    for (what, damage) in damages {
        if plan.rows.is_empty() {
            continue;
        }
        let mut rows = plan.rows.clone();
        damage(campaign, &mut rows);
        let report = check(campaign, &rows, &[], campaign.start);
        let mut rules: BTreeMap<u8, (usize, String)> = BTreeMap::new();
        for violation in &report.violations {
            let first = || (0, violation.to_string());
            rules.entry(violation.rule).or_insert_with(first).0 += 1;
        }
        let (doses, objective) = (report.figures.doses, report.figures.objective);
        story.say(2, &format!("{what}: {doses} doses, {objective:.4}"));
        for (_, (count, first)) in rules {
            story.say(4, &format!("{count} × {first}"));
        }
    }
}

/// A way to spoil a proof.
type Forgery = (&'static str, fn(&mut Certificate));

/// What other prices prove, and what is wrong with prices of nothing.
fn proofs(story: &mut Story, campaign: &Campaign, plan: &Plan) {
    let forgeries: [Forgery; 6] = [
        ("no prices", |proof| *proof = Certificate::default()),
        ("prices of lots alone", |proof| {
            *proof = Certificate { lot: proof.lot.clone(), ..Certificate::default() };
        }),
        ("prices of lots and sites", |proof| {
            (proof.stop_day, proof.stop_visit) = Default::default();
        }),
        ("a day later", |proof| {
            for table in [&mut proof.site_day, &mut proof.storage, &mut proof.stop_day] {
                for prices in table.values_mut() {
                    let later =
                        prices.iter().map(|(day, price)| (*day + TimeDelta::days(1), *price));
                    *prices = later.collect();
                }
            }
        }),
        ("of unknown places and lots", |proof| {
            proof.lot.insert("NONE".to_owned(), 1.0);
            let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 3).expect("a day");
            for table in [&mut proof.site_day, &mut proof.storage, &mut proof.stop_visit] {
                table.insert("NOWHERE".to_owned(), BTreeMap::from([(day, 0.5)]));
            }
        }),
        ("below nothing", |proof| {
            proof.lot.values_mut().for_each(|price| *price = -0.5);
            let day = proof.site_day.values_mut().flat_map(BTreeMap::values_mut);
            day.for_each(|price| *price = f64::NAN);
        }),
    ];
    for (what, forge) in forgeries {
        let mut proof = plan.certificate.clone();
        forge(&mut proof);
        let (bound, problems) = check_certificate(campaign, &proof, &[], campaign.start);
        let first = problems.first().map(String::as_str).unwrap_or_default();
        story.say(2, &format!("proof, {what}: {bound:.4}, {} problems: {first}", problems.len()));
    }
}

fn is_known(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let told = tell(seed);
        assert_eq!(told, known(seed), "\n\nThe new text:\n\n{told}\n");
    }
}

#[test]
fn known_plans_0_to_3() {
    is_known(0..4);
}

#[test]
fn known_plans_4_to_7() {
    is_known(4..8);
}

#[test]
fn known_plans_8_to_11() {
    is_known(8..12);
}

#[test]
fn known_plans_12_to_15() {
    is_known(12..16);
}
