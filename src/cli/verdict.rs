//! The verdict on a plan, in words.

use super::Session;
use super::output::{Sheet, harmless};
use super::plan_print::reason_key;
use crate::domain::campaign::Campaign;
use crate::domain::planner::{Bind, Fix, GroupVerdict};
use crate::text::thousands;

/// Areas that are named; the others are counted.
const AREAS_NAMED: usize = 3;

/// Prints the targets as a table, and a sentence for each group that misses its own.
pub(super) fn print(session: &Session, campaign: &Campaign, verdict: &[GroupVerdict]) {
    let out = session.out;
    if verdict.is_empty() {
        return;
    }
    let mut targets = Sheet::new(&["group", "target_people", "planned_people", "short"]);
    for line in verdict {
        targets.push(vec![
            line.group.to_string(),
            thousands(line.target_people),
            thousands(line.planned_people),
            thousands(line.short),
        ]);
    }
    out.sheet(&targets);
    for one in verdict {
        let name = campaign.group(one.group.as_str()).map_or(one.group.as_str(), |g| &g.name);
        let key = match (one.reached, one.reachable) {
            (true, _) => "verdict-reached",
            (false, Some(true)) => "verdict-behind",
            (false, Some(false)) => "verdict-unreachable",
            (false, None) => "verdict-not-tried",
        };
        out.note(
            key,
            &[
                ("group", &harmless(name)),
                ("target", &thousands(one.target_people)),
                ("planned", &thousands(one.planned_people)),
                ("short", &thousands(one.short_at_best)),
            ],
        );
        if one.reached {
            continue;
        }
        for bind in &one.binds {
            print_bind(session, campaign, bind);
        }
        for fix in &one.fixes {
            print_fix(session, fix);
        }
        if one.cut_short {
            out.note("verdict-cut-short", &[]);
        } else if one.reachable == Some(false) && one.fixes.is_empty() {
            out.note("verdict-no-fix", &[]);
        }
    }
}

fn print_bind(session: &Session, campaign: &Campaign, bind: &Bind) {
    let out = session.out;
    let name = |code: &crate::domain::id::AreaCode| {
        harmless(campaign.area(code.as_str()).map_or(code.as_str(), |area| &area.name))
    };
    let named: Vec<String> = bind.areas.iter().take(AREAS_NAMED).map(name).collect();
    let mut areas = named.join("、");
    let more = bind.areas.len().saturating_sub(AREAS_NAMED);
    if more > 0 {
        areas = out.say("verdict-more-areas", &[("areas", &areas), ("more", &more)]);
    }
    let reason = out.word(&format!("reason-{}", reason_key(bind.reason)));
    let people = thousands(bind.people);
    let mut arguments: Vec<(&str, &dyn std::fmt::Display)> =
        vec![("people", &people), ("areas", &areas), ("reason", &reason)];
    if let Some((first, last)) = &bind.days {
        arguments.extend([("first", first as &dyn std::fmt::Display), ("last", last)]);
        out.note("verdict-bind-days", &arguments);
    } else {
        out.note("verdict-bind", &arguments);
    }
}

fn print_fix(session: &Session, fix: &Fix) {
    let out = session.out;
    match fix {
        Fix::Doses { doses, by } => {
            out.note("verdict-fix-doses", &[("doses", &thousands(*doses)), ("by", by)]);
        }
        Fix::TeamDays { team_days } => out.note("verdict-fix-team-days", &[("days", team_days)]),
        Fix::Days { days } => out.note("verdict-fix-days", &[("days", days)]),
    }
}
