//! What visits at schools are made of.

use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, TeamCode};
use crate::domain::jurisdiction::Hours;
use crate::domain::words::words;
use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;
use std::collections::BTreeSet;

/// What visits are to be found for.
#[derive(Debug, Clone, Copy)]
pub struct VisitRequest<'a> {
    /// The campaign: its days, dose rules, teams, stops, closures and lots.
    pub campaign: &'a Campaign,
    /// The first day on which a visit may be.
    pub first: NaiveDate,
    /// Days on which teams work for others.
    pub busy: &'a BTreeSet<(TeamCode, NaiveDate)>,
    /// The schools.
    pub schools: &'a [SchoolNeed],
    /// When teams leave their base.
    pub leaves_at: NaiveTime,
}

/// A school and who of it is to be vaccinated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolNeed {
    /// The school.
    pub school: AreaCode,
    /// Its stop.
    pub stop: PlaceCode,
    /// Its pupils, by class, group and doses that they have had.
    pub classes: Vec<ClassNeed>,
}

/// Pupils of a class who stand alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassNeed {
    /// The class.
    pub class: String,
    /// The group.
    pub group: GroupId,
    /// Doses that they have had, fewer than the series has.
    pub given: u8,
    /// How many they are.
    pub pupils: u32,
    /// The first day on which all of them may have the next dose.
    pub earliest: NaiveDate,
}

/// A class at a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitedClass {
    /// The class.
    pub class: String,
    /// The group.
    pub group: GroupId,
    /// Doses.
    pub doses: u32,
    /// When it comes.
    pub hours: Hours,
}

/// A visit at a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchoolVisit {
    /// The day.
    pub day: NaiveDate,
    /// The team that can make it. Which team does is for the plan to say.
    pub team: TeamCode,
    /// The school.
    pub school: AreaCode,
    /// Its stop.
    pub stop: PlaceCode,
    /// The round, from 1.
    pub round: usize,
    /// The classes in the order in which they come.
    pub classes: Vec<VisitedClass>,
    /// All doses.
    pub doses: u32,
}

words! {
    /// Why pupils get no visit.
    pub enum NoVisit {
        /// No team can give a dose there on any day: closed, too far, or all at other work.
        NoTeam = "no_team",
        /// No day is left for it: school days, teams or vaccine are short.
        NoDay = "no_day",
        /// The next dose would be too late for the campaign.
        TooLate = "too_late",
    }
}

/// Pupils without a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unvisited {
    /// The school.
    pub school: AreaCode,
    /// The round, from 1.
    pub round: usize,
    /// Doses.
    pub doses: u32,
    /// Why.
    pub why: NoVisit,
}

/// On how many days a school is visited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchoolDays {
    /// The school.
    pub school: AreaCode,
    /// Pupils who are to be vaccinated.
    pub pupils: u32,
    /// Doses that one visit can give at most.
    pub doses_max: u32,
    /// Days of the plan.
    pub days: u32,
    /// Fewer days are not possible.
    pub bound: u32,
}

/// Visits of all schools.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VisitPlan {
    /// The visits, by day and school.
    pub visits: Vec<SchoolVisit>,
    /// Who gets none.
    pub unvisited: Vec<Unvisited>,
    /// Days by school.
    pub schools: Vec<SchoolDays>,
}
