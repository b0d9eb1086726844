//! Judges a roster by the rules. It shares no code with the solver: it reads the tables again, day by day.

use super::Duty;
use super::fairness::{Fairness, fairness};
use crate::domain::id::{AreaCode, StaffId, TeamCode};
use crate::domain::jurisdiction::{
    AreaLevel, Crew, CrewKind, Jurisdiction, Role, StaffMember, default_crews,
};
use crate::domain::plan::PlanRow;
use crate::domain::words::words;
use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// A rule that a roster breaks.
    pub enum Fault {
        /// Names somebody or some place that is not there, or lies outside the days asked about.
        Row = "row",
        /// More than one duty of a person on a day.
        Twice = "twice",
        /// The person does not have the role.
        Role = "role",
        /// The person is on leave, not there yet or no longer, or does not work on that weekday.
        Absent = "absent",
        /// Too many days in a week.
        Week = "week",
        /// Too many days in a row.
        Run = "run",
        /// The person may not work at the place.
        Where = "where",
        /// Not even one station has a whole crew.
        Crew = "crew",
        /// More doses than the staffed stations can give.
        Capacity = "capacity",
    }
}

/// A rule that is broken, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenRule {
    /// The rule.
    pub rule: Fault,
    /// The day, where it is about one.
    pub date: Option<NaiveDate>,
    /// The person, where it is about one.
    pub staff: Option<StaffId>,
    /// The site or team, where it is about one.
    pub place: Option<String>,
    /// The numbers behind it: what is there, and what the rule asks for.
    pub detail: String,
}

/// What came of judging a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RosterReport {
    /// Everything that is wrong.
    pub violations: Vec<BrokenRule>,
    /// Duties.
    pub duties: usize,
    /// Stations with a whole crew, over all days.
    pub stations: u64,
    /// How even it is.
    pub fairness: Fairness,
}

/// What is judged.
struct Judge<'a> {
    of: &'a Jurisdiction,
    crews: Vec<Crew>,
    staff: BTreeMap<&'a StaffId, &'a StaffMember>,
    violations: Vec<BrokenRule>,
}

/// Judges the duties of the days from `from` to `until` against staff, leave, crews and the doses of
/// plans. `before` is the roster of earlier days, which count in weeks and rows.
pub fn check(
    of: &Jurisdiction,
    duties: &[Duty],
    plans: &[PlanRow],
    before: &[Duty],
    (from, until): (NaiveDate, NaiveDate),
) -> RosterReport {
    let crews = if of.crews.is_empty() { default_crews() } else { of.crews.clone() };
    let staff = of.staff.iter().map(|one| (&one.code, one)).collect();
    let mut judge = Judge { of, crews, staff, violations: Vec::new() };
    let known = judge.duties(duties, (from, until));
    judge.weeks_and_rows(&known, before, from);
    let stations = judge.places(&known, plans, (from, until));
    let needs = super::Needs::default();
    let request =
        super::RosterRequest { jurisdiction: of, needs: &needs, before: &[], from, until };
    RosterReport {
        violations: judge.violations,
        duties: duties.len(),
        stations,
        fairness: fairness(&request, duties),
    }
}

impl<'a> Judge<'a> {
    fn fail(&mut self, rule: Fault, duty: &Duty, detail: String) {
        self.violations.push(BrokenRule {
            rule,
            date: Some(duty.date),
            staff: Some(duty.staff.clone()),
            place: Some(duty.place.clone()),
            detail,
        });
    }

    /// Rules about single duties. Returns those that name what is there.
    fn duties<'d>(
        &mut self,
        duties: &'d [Duty],
        (from, until): (NaiveDate, NaiveDate),
    ) -> Vec<&'d Duty> {
        let mut known = Vec::new();
        let mut seen = BTreeSet::new();
        for duty in duties {
            let is_place =
                self.rows(&duty.place).next().is_some() || self.of.team(&duty.place).is_some();
            let Some(member) = self.staff.get(&duty.staff).copied().filter(|_| is_place) else {
                self.fail(Fault::Row, duty, "unknown person or place".to_owned());
                continue;
            };
            if duty.date < from || duty.date > until {
                self.fail(Fault::Row, duty, format!("outside {from} to {until}"));
                continue;
            }
            if !seen.insert((&duty.staff, duty.date)) {
                self.fail(Fault::Twice, duty, "a second duty on this day".to_owned());
            }
            if !member.roles.contains(&duty.role) {
                self.fail(Fault::Role, duty, format!("is no {}", duty.role));
            }
            let leave = self.of.leave.iter().filter(|leave| leave.staff == duty.staff);
            let mut on_leave = leave.filter(|one| one.first <= duty.date && duty.date <= one.last);
            if on_leave.next().is_some() {
                self.fail(Fault::Absent, duty, "is on leave".to_owned());
            } else if !member.works_on(duty.date) {
                self.fail(Fault::Absent, duty, "does not work on this day".to_owned());
            }
            if !self.may_work(member, &duty.place) {
                self.fail(Fault::Where, duty, format!("belongs to {}", member.home));
            }
            known.push(duty);
        }
        known
    }

    fn rows(&self, site: &str) -> impl Iterator<Item = &'a crate::domain::jurisdiction::SiteRow> {
        let site = site.to_owned();
        self.of.sites.iter().filter(move |row| row.site.code.as_str() == site)
    }

    fn may_work(&self, member: &StaffMember, place: &str) -> bool {
        if member.home == place || member.sites.iter().any(|site| site == place) {
            return true;
        }
        let (home, there) = (self.township(&member.home), self.township(place));
        member.sites.is_empty() && home.is_some() && home == there
    }

    /// The township in which a site lies.
    fn township(&self, site: &str) -> Option<&'a str> {
        let newest = self.rows(site).max_by_key(|row| row.from)?;
        let mut area = newest.site.area.as_str();
        for _ in 0..=self.of.areas.len() {
            let row = self.of.areas.iter().find(|row| row.area.code.as_str() == area);
            let next = row.and_then(|row| match (&row.merged, row.level) {
                (Some(merged), _) => Some(merged.into.as_str()),
                (None, None) => None,
                (None, Some(level)) => {
                    let small = [
                        AreaLevel::Village,
                        AreaLevel::School,
                        AreaLevel::Employer,
                        AreaLevel::CareHome,
                    ];
                    let parent = row.area.parent.as_ref().filter(|_| small.contains(&level));
                    parent.map(AreaCode::as_str)
                }
            });
            match next {
                Some(next) => area = next,
                None => break,
            }
        }
        Some(area)
    }

    fn weeks_and_rows(&mut self, duties: &[&Duty], before: &[Duty], from: NaiveDate) {
        let mut days: BTreeMap<&StaffId, BTreeSet<NaiveDate>> = BTreeMap::new();
        for duty in duties {
            days.entry(&duty.staff).or_default().insert(duty.date);
        }
        for (who, new) in days {
            let Some(member) = self.staff.get(who).copied() else { continue };
            let old = before.iter().filter(|one| one.staff == *who && one.date < from);
            let all: BTreeSet<NaiveDate> = new.iter().copied().chain(old.map(|o| o.date)).collect();
            let mut weeks: BTreeMap<_, (u32, bool)> = BTreeMap::new();
            let (mut run, mut last, mut longest) = (0, None::<NaiveDate>, (0, from));
            for day in all {
                let week = weeks.entry((day.iso_week().year(), day.iso_week().week()));
                let (count, is_new) = week.or_default();
                *count += 1;
                *is_new |= new.contains(&day);
                let follows = last.is_some_and(|last| (day - last).num_days() == 1);
                run = if follows { run + 1 } else { 1 };
                last = Some(day);
                if day >= from && run > longest.0 {
                    longest = (run, day);
                }
            }
            for ((year, week), (count, _)) in weeks.into_iter().filter(|(_, week)| week.1) {
                let most = member.days_a_week_max;
                if count > most {
                    let detail = format!("{count} days in week {year}-W{week:02}, at most {most}");
                    let staff = Some(who.clone());
                    let rule = Fault::Week;
                    self.violations.push(BrokenRule {
                        rule,
                        date: None,
                        staff,
                        place: None,
                        detail,
                    });
                }
            }
            if longest.0 > member.days_in_row_max {
                let most = member.days_in_row_max;
                self.violations.push(BrokenRule {
                    rule: Fault::Run,
                    date: Some(longest.1),
                    staff: Some(who.clone()),
                    place: None,
                    detail: format!("{} days in a row, at most {most}", longest.0),
                });
            }
        }
    }

    /// Rules about places: whole crews, and stations enough for the doses. Returns the stations with a whole crew.
    fn places(
        &mut self,
        duties: &[&Duty],
        plans: &[PlanRow],
        (from, until): (NaiveDate, NaiveDate),
    ) -> u64 {
        let mut here: BTreeMap<(&str, NaiveDate), BTreeMap<Role, u32>> = BTreeMap::new();
        for duty in duties {
            let roles = here.entry((&duty.place, duty.date)).or_default();
            *roles.entry(duty.role).or_default() += 1;
        }
        let mut doses: BTreeMap<(&str, NaiveDate), u64> = BTreeMap::new();
        let mut visits: BTreeMap<(&str, NaiveDate), BTreeSet<&str>> = BTreeMap::new();
        for row in plans.iter().filter(|row| from <= row.day && row.day <= until) {
            let place = row.team.as_ref().map_or(row.place.as_str(), TeamCode::as_str);
            here.entry((place, row.day)).or_default();
            if row.team.is_some() {
                let stop = self.of.stop(row.place.as_str());
                let kind = stop.and_then(|row| row.stop.kind.as_deref());
                visits.entry((place, row.day)).or_default().extend(kind);
            } else {
                *doses.entry((place, row.day)).or_default() += u64::from(row.doses);
            }
        }
        let mut stations = 0;
        for (&(place, date), there) in &here {
            let there = |role: Role| there.get(&role).copied().unwrap_or(0);
            let kinds = visits.get(&(place, date));
            let is_team = self.of.team(place).is_some();
            let row = self.of.site_on(place, date).filter(|_| !is_team);
            let fits = row.and_then(|row| row.stations).map_or(1, |stations| stations.count);
            let staffed =
                (1..=fits).rev().find(|n| self.lacking(is_team, kinds, *n, &there).is_empty());
            let staffed = staffed.unwrap_or(0);
            stations += u64::from(staffed);
            let lacking = self.lacking(is_team, kinds, 1, &there);
            let mut told = |rule: Fault, detail: String| {
                self.violations.push(BrokenRule {
                    rule,
                    date: Some(date),
                    staff: None,
                    place: Some(place.to_owned()),
                    detail,
                });
            };
            if staffed == 0 {
                let words = lacking.into_iter().map(|(role, n)| format!("{n} {role} missing"));
                let words: Vec<String> = words.collect();
                let none = if fits == 0 { "no station fits".to_owned() } else { words.join(", ") };
                told(Fault::Crew, none);
                continue;
            }
            let wanted = doses.get(&(place, date)).copied().unwrap_or(0);
            let can = row.and_then(|row| row.doses_of(staffed)).map_or(u64::MAX, u64::from);
            if wanted > can {
                told(Fault::Capacity, format!("{wanted} doses, {staffed} stations give {can}"));
            }
        }
        stations
    }

    /// Whom so many stations lack, by role.
    fn lacking(
        &self,
        is_team: bool,
        visited: Option<&BTreeSet<&str>>,
        stations: u32,
        there: &impl Fn(Role) -> u32,
    ) -> Vec<(Role, u32)> {
        let counts = |kind: CrewKind| match kind {
            CrewKind::Site => !is_team,
            CrewKind::Team => is_team,
            CrewKind::School | CrewKind::Home => {
                is_team && visited.is_some_and(|kinds| kinds.contains(kind.word()))
            }
        };
        let mut need: BTreeMap<Role, u32> = BTreeMap::new();
        for crew in self.crews.iter().filter(|crew| counts(crew.kind)) {
            let most = need.entry(crew.role).or_default();
            *most = crew.people(stations).max(*most);
        }
        let short = need.into_iter().map(|(role, n)| (role, n.saturating_sub(there(role))));
        short.filter(|(_, n)| *n > 0).collect()
    }
}
