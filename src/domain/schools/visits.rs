//! Which school is visited when, by which team, and which class at what time: each school on as few days as possible.
//!
//! A **round** is the visits that bring one dose to those who are due for it: who has had none takes part in all
//! rounds. What a visit can do is what a team can do that goes nowhere else on the day; smaller visits share a tour.

use super::visit_days::{Ground, cut, pack};
use super::visit_model::{
    ClassNeed, NoVisit, SchoolDays, SchoolNeed, SchoolVisit, Unvisited, VisitPlan, VisitRequest,
    VisitedClass,
};
use crate::domain::campaign::Campaign;
use crate::domain::id::{GroupId, PlaceCode, TeamCode};
use crate::domain::jurisdiction::Hours;
use crate::domain::planner::tour;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Classes that come on one day: positions in the school's list, with pupils.
type Part = Vec<(usize, u32)>;

/// The round before, of a line of a school.
#[derive(Clone, Copy)]
struct Before {
    /// The first and the last day on which its pupils had it.
    first: NaiveDate,
    last: NaiveDate,
    /// How many had it.
    pupils: u32,
}

/// The round before, by school and line.
type LastDays = BTreeMap<(usize, usize), Before>;

/// A visit that has no day yet.
struct Wanted {
    /// Position of the school.
    school: usize,
    part: Part,
    doses: u32,
    /// First and last day.
    days: (NaiveDate, NaiveDate),
}

/// Finds a day, a team and times for every school, in as few visits as each needs.
pub fn plan_visits(asked: &VisitRequest<'_>) -> VisitPlan {
    let mut ground = Ground::new(asked);
    let mut out = VisitPlan::default();
    let mut last = LastDays::new();
    for round in 0..asked.campaign.series.dose_count() {
        let mut wanted = wanted(asked, (round, &ground), &last, &mut out.unvisited);
        wanted.sort_by_key(|it| (std::cmp::Reverse(it.doses), it.school, it.days));
        let mut now = LastDays::new();
        let mut waiting = VecDeque::from(wanted);
        while let Some(it) = waiting.pop_front() {
            let school = &asked.schools[it.school];
            let later =
                |ground: &Ground<'_>, day| has_later(asked, ground, school, (round, &it.part), day);
            let Some((day, team)) = ground.take(&school.stop, it.doses, it.days, later) else {
                if let Some(most) = ground.most_below(&school.stop, it.doses) {
                    // What the largest team has no day for, smaller ones do in several visits.
                    for part in cut(it.part, most).into_iter().rev() {
                        let doses = part.iter().map(|(_, pupils)| pupils).sum();
                        waiting.push_front(Wanted { part, doses, ..it });
                    }
                } else {
                    out.unvisited.push(Unvisited {
                        school: school.school.clone(),
                        round: round + 1,
                        doses: it.doses,
                        why: NoVisit::NoDay,
                    });
                }
                continue;
            };
            for (line, pupils) in &it.part {
                let new = Before { first: day, last: day, pupils: 0 };
                let held = now.entry((it.school, *line)).or_insert(new);
                (held.first, held.last) = (held.first.min(day), held.last.max(day));
                held.pupils += pupils;
            }
            out.visits.push(visit(school, (day, team), round, &it));
        }
        last = now;
    }
    out.visits.sort_by(|a, b| (a.day, &a.school).cmp(&(b.day, &b.school)));
    give_times(asked, &mut out.visits);
    out.schools = asked.schools.iter().map(|it| school_days(asked, &ground, it, &out)).collect();
    out
}

/// The visits of a round: each school's classes on as few days as hold them.
fn wanted(
    asked: &VisitRequest<'_>,
    (round, ground): (usize, &Ground<'_>),
    last: &LastDays,
    unvisited: &mut Vec<Unvisited>,
) -> Vec<Wanted> {
    let mut out = Vec::new();
    for (at, school) in asked.schools.iter().enumerate() {
        let is_due = |(_, need): &(usize, &ClassNeed)| {
            usize::from(need.given) + round < asked.campaign.series.dose_count() && need.pupils > 0
        };
        let due = school.classes.iter().enumerate().filter(is_due);
        let (mut lines, mut behind) = (Vec::new(), 0);
        for (line, need) in due {
            let had = last.get(&(at, line)).map_or(0, |before| before.pupils);
            let pupils = if round == 0 { need.pupils } else { had };
            behind += need.pupils - pupils;
            if pupils > 0 {
                lines.push((line, ClassNeed { pupils, ..need.clone() }));
            }
        }
        let mut refuse = |doses, why| {
            let school = school.school.clone();
            unvisited.push(Unvisited { school, round: round + 1, doses, why });
        };
        // Who did not get the dose before does not get this one.
        if behind > 0 {
            refuse(behind, NoVisit::NoDay);
        }
        let doses = lines.iter().map(|(_, need)| need.pupils).sum::<u32>();
        if doses == 0 {
            continue;
        }
        let most = ground.most(&school.stop);
        if most == 0 {
            refuse(doses, NoVisit::NoTeam);
            continue;
        }
        for part in pack(&lines, most) {
            let doses = part.iter().map(|(_, pupils)| pupils).sum();
            match span(asked, (at, round), &part, last) {
                Some(days) => out.push(Wanted { school: at, part, doses, days }),
                None => refuse(doses, NoVisit::TooLate),
            }
        }
    }
    out
}

/// First and last day on which classes may have the dose of a round; `None` where there is no such day.
fn span(
    asked: &VisitRequest<'_>,
    (school, round): (usize, usize),
    part: &Part,
    last: &LastDays,
) -> Option<(NaiveDate, NaiveDate)> {
    let (mut first, mut end) = (asked.first, asked.campaign.end);
    for (line, _) in part {
        let need = &asked.schools[school].classes[*line];
        match last.get(&(school, *line)).filter(|_| round > 0) {
            Some(before) => {
                let dose = usize::from(need.given) + round;
                first = first.max(window(asked.campaign, dose, before.last).0);
                end = end.min(window(asked.campaign, dose, before.first).1);
            }
            None => first = first.max(need.earliest),
        }
        if let Some(opens) = asked.campaign.group(need.group.as_str()).and_then(|it| it.opens) {
            first = first.max(opens);
        }
    }
    (first <= end).then_some((first, end))
}

/// First and last day of dose `dose` (from 0) after the one before it.
fn window(campaign: &Campaign, dose: usize, before: NaiveDate) -> (NaiveDate, NaiveDate) {
    let rule = &campaign.series.doses[dose];
    let month_end = campaign.series.month_end;
    let next = before + TimeDelta::days(1);
    let first = rule.interval_min.map_or(next, |wait| wait.after(before, month_end).max(next));
    let last = rule.interval_max.map_or(campaign.end, |wait| wait.after(before, month_end));
    (first, last.min(campaign.end))
}

/// Whether those who get a dose on a day can get all later ones on school days: another term, and no holiday.
fn has_later(
    asked: &VisitRequest<'_>,
    ground: &Ground<'_>,
    school: &SchoolNeed,
    (round, part): (usize, &Part),
    day: NaiveDate,
) -> bool {
    part.iter().all(|(line, _)| {
        let mut at = day;
        let next = usize::from(school.classes[*line].given) + round + 1;
        (next..asked.campaign.series.dose_count()).all(|dose| {
            let found = ground.open_day(&school.stop, window(asked.campaign, dose, at));
            at = found.unwrap_or(at);
            found.is_some()
        })
    })
}

fn visit(
    school: &SchoolNeed,
    (day, team): (NaiveDate, TeamCode),
    round: usize,
    it: &Wanted,
) -> SchoolVisit {
    // Classes of one group come once, whatever doses their pupils have had.
    let mut sums: BTreeMap<(&str, &GroupId), u32> = BTreeMap::new();
    for (line, pupils) in &it.part {
        let need = &school.classes[*line];
        *sums.entry((&need.class, &need.group)).or_default() += pupils;
    }
    let midnight = Hours { opens: NaiveTime::MIN, closes: NaiveTime::MIN };
    let class = |((class, group), doses): ((&str, &GroupId), u32)| VisitedClass {
        class: class.to_owned(),
        group: group.clone(),
        doses,
        hours: midnight,
    };
    SchoolVisit {
        day,
        team,
        school: school.school.clone(),
        stop: school.stop.clone(),
        round: round + 1,
        classes: sums.into_iter().map(class).collect(),
        doses: it.doses,
    }
}

/// No visit ends on the next day.
const LAST_MINUTE: NaiveTime = NaiveTime::from_hms_opt(23, 59, 0).expect("a time");

/// Times are told in steps of so many minutes.
const STEP_MINUTES: i64 = 5;

/// Says when each class comes: the team drives the shortest tour, and classes come one after the other.
fn give_times(asked: &VisitRequest<'_>, visits: &mut [SchoolVisit]) {
    let mut days: BTreeMap<(NaiveDate, TeamCode), Vec<usize>> = BTreeMap::new();
    for (at, visit) in visits.iter().enumerate() {
        days.entry((visit.day, visit.team.clone())).or_default().push(at);
    }
    for ((_, team), all) in days {
        let stops: Vec<(PlaceCode, u32)> =
            all.iter().map(|at| (visits[*at].stop.clone(), visits[*at].doses)).collect();
        let Some(found) = tour(asked.campaign, &team, &stops) else { continue };
        let rate = asked.campaign.team(team.as_str()).map_or(1, |team| team.doses_per_hour.max(1));
        for at in all {
            let visit = &mut visits[at];
            let Some(stop) = found.stops.iter().find(|stop| stop.stop == visit.stop) else {
                continue;
            };
            let mut given = 0;
            let mut opens = step(stop.first_dose_minutes);
            for class in &mut visit.classes {
                given += class.doses;
                let minutes = f64::from(given) * 60.0 / f64::from(rate);
                let closes = step(stop.first_dose_minutes + minutes);
                let closes = closes.max(opens + STEP_MINUTES);
                let clock = |minutes| {
                    let after = TimeDelta::minutes(minutes);
                    let (time, days) = asked.leaves_at.overflowing_add_signed(after);
                    if days == 0 { time } else { LAST_MINUTE }
                };
                class.hours = Hours { opens: clock(opens), closes: clock(closes) };
                opens = closes;
            }
        }
    }
}

/// Minutes rounded up to a step.
fn step(minutes: f64) -> i64 {
    (minutes.ceil().to_i64().unwrap_or(0) + STEP_MINUTES - 1) / STEP_MINUTES * STEP_MINUTES
}

/// The days of a school, and how many it needs at least: each day gives no more than the largest visit, and a pupil
/// gets one dose a day. Where all first doses must be over before any second one can be given, days are not shared
/// between rounds.
fn school_days(
    asked: &VisitRequest<'_>,
    ground: &Ground<'_>,
    school: &SchoolNeed,
    plan: &VisitPlan,
) -> SchoolDays {
    let doses_max = ground.most(&school.stop);
    let all = asked.campaign.series.dose_count();
    let days: BTreeSet<NaiveDate> =
        plan.visits.iter().filter(|it| it.school == school.school).map(|it| it.day).collect();
    let served = |it: &&Unvisited| it.school == school.school;
    let lost: u64 = plan.unvisited.iter().filter(served).map(|it| u64::from(it.doses)).sum();
    let sum = |of: &dyn Fn(&ClassNeed) -> u64| school.classes.iter().map(of).sum::<u64>();
    let most_left = school.classes.iter().filter(|need| need.pupils > 0);
    let most_left = most_left.map(|need| all - usize::from(need.given)).max().unwrap_or(0);
    let doses = sum(&|need| u64::from(need.pupils) * (all - usize::from(need.given)) as u64);
    let new = sum(&|need| if need.given == 0 { u64::from(need.pupils) } else { 0 });
    let each = u64::from(doses_max.max(1));
    let mut bound = doses.saturating_sub(lost).div_ceil(each);
    if lost == 0 {
        bound = bound.max(most_left as u64);
        if are_apart(asked) {
            bound = bound.max(new.div_ceil(each) * all as u64);
        }
    }
    SchoolDays {
        school: school.school.clone(),
        pupils: school.classes.iter().map(|need| need.pupils).sum(),
        doses_max,
        days: u32::try_from(days.len()).unwrap_or(u32::MAX),
        bound: u32::try_from(bound).unwrap_or(u32::MAX),
    }
}

/// Whether no day can serve two rounds of those who begin: even the last possible day of a round is before the first
/// possible one of the next.
fn are_apart(asked: &VisitRequest<'_>) -> bool {
    let (campaign, month_end) = (asked.campaign, asked.campaign.series.month_end);
    let rules = &campaign.series.doses;
    let mut firsts = vec![asked.first];
    for dose in 1..rules.len() {
        firsts.push(window(campaign, dose, firsts[dose - 1]).0);
    }
    let mut last = campaign.end;
    let mut lasts = vec![last];
    for rule in rules.iter().skip(1).rev() {
        let one = crate::domain::series::Duration::days(1);
        last = rule.interval_min.unwrap_or(one).before(last, month_end);
        lasts.push(last);
    }
    lasts.reverse();
    (1..rules.len()).all(|dose| lasts[dose - 1] < firsts[dose])
}
