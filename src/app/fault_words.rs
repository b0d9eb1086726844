//! What is wrong with a plan, in the reader's language.

use crate::domain::campaign::Language;
use crate::domain::figure::fixed;
use crate::domain::id::{CampaignId, TeamCode};
use crate::domain::planner::{Fault, JointViolation, TeamLimit, Violation};
use crate::text;
use chrono::NaiveDate;

/// The message with values under the names of their variables.
macro_rules! say {
    ($language:expr, $key:literal $(, $value:ident)+) => {
        text::say($language, $key, &[$((stringify!($value), &$value)),+])
    };
}

/// `rule 3: S1 on 2026-03-02: …`.
#[must_use]
pub fn of_plan(language: Language, violation: &Violation) -> String {
    let what = what(language, &violation.fault);
    text::say(language, "fault-rule", &[("rule", &violation.rule), ("what", &what)])
}

/// The same with the campaigns whose doses are there: `[flu + ppsv23] rule 3: …`.
#[must_use]
pub fn of_joint_plan(language: Language, one: &JointViolation) -> String {
    let names: Vec<&str> = one.campaigns.iter().map(CampaignId::as_str).collect();
    format!("[{}] {}", names.join(" + "), of_plan(language, &one.violation))
}

fn what(language: Language, fault: &Fault) -> String {
    let word = |key: &str| text::word(language, key);
    match fault {
        Fault::UnknownCohort { row, area, group } => {
            say!(language, "fault-unknown-cohort", row, area, group)
        }
        Fault::UnknownPlace { row, place } => say!(language, "fault-unknown-place", row, place),
        Fault::UnknownDose { row, dose } => say!(language, "fault-unknown-dose", row, dose),
        Fault::NotAPlanningDay { row, day } => say!(language, "fault-not-a-planning-day", row, day),
        Fault::TeamAtSite { row, site, team } => {
            say!(language, "fault-team-at-site", row, site, team)
        }
        Fault::NoDoses { row } => say!(language, "fault-no-doses", row),
        Fault::NotOpen { row, area, group, opens } => {
            say!(language, "fault-not-open", row, area, group, opens)
        }
        Fault::OutOfReach { row, area, place } => {
            say!(language, "fault-out-of-reach", row, area, place)
        }
        Fault::TooManyPeople { area, group, first_doses, people } => {
            say!(language, "fault-too-many-people", area, group, first_doses, people)
        }
        Fault::TooEarly { area, group, dose, day } => {
            say!(language, "fault-too-early", area, group, dose, day)
        }
        Fault::TooLate { area, group, dose, day } => {
            say!(language, "fault-too-late", area, group, dose, day)
        }
        Fault::Unfinished { area, group, dose, people, doses } => {
            say!(language, "fault-unfinished", area, group, dose, people, doses)
        }
        Fault::OverCapacity { site, day, doses, capacity } => {
            say!(language, "fault-over-capacity", site, day, doses, capacity)
        }
        Fault::OverStorage { site, restock, vaccine_doses, storage } => {
            let vaccine_doses = &fixed(vaccine_doses, 1);
            say!(language, "fault-over-storage", site, restock, vaccine_doses, storage)
        }
        Fault::LotsShort { first, last, vaccine_doses, lots } => {
            let (lots, vaccine_doses) = (&lots.join(", "), &fixed(vaccine_doses, 1));
            say!(language, "fault-lots-short", first, last, vaccine_doses, lots)
        }
        Fault::NoTeam { row, stop } => say!(language, "fault-no-team", row, stop),
        Fault::TeamDay { team, day, limit } => of_team(language, (team, *day), limit),
        Fault::WrongKind { row, area, group, place } => {
            say!(language, "fault-wrong-kind", row, area, group, place)
        }
        Fault::NotAgreed { row, area, group, place, day } => {
            say!(language, "fault-not-agreed", row, area, group, place, day)
        }
        Fault::AgreedDoses { place, day, area, group, doses, agreed } => {
            let area = &area.as_ref().map_or_else(|| word("fault-any-area"), ToString::to_string);
            let group =
                &group.as_ref().map_or_else(|| word("fault-any-group"), ToString::to_string);
            let agreed =
                &agreed.map_or_else(|| word("fault-agreed-any"), |doses| doses.to_string());
            say!(language, "fault-agreed-doses", place, day, area, group, doses, agreed)
        }
        Fault::StopTwice { stop, day, teams } => {
            let teams = &teams.each_ref().map(TeamCode::as_str).join(", ");
            say!(language, "fault-stop-twice", stop, day, teams)
        }
    }
}

fn of_team(language: Language, (team, day): (&TeamCode, NaiveDate), limit: &TeamLimit) -> String {
    match limit {
        TeamLimit::Off => say!(language, "fault-team-off", team, day),
        TeamLimit::Stops { stops, most } => {
            say!(language, "fault-team-stops", team, day, stops, most)
        }
        TeamLimit::Doses { doses, most } => {
            say!(language, "fault-team-doses", team, day, doses, most)
        }
        TeamLimit::StopShut { stop } => say!(language, "fault-team-stop-shut", team, day, stop),
        TeamLimit::StopDoses { stop, doses, most } => {
            say!(language, "fault-team-stop-doses", team, day, stop, doses, most)
        }
        TeamLimit::Minutes { minutes, most } => {
            let minutes = &fixed(minutes, 0);
            say!(language, "fault-team-minutes", team, day, minutes, most)
        }
    }
}
