//! A programme: what one campaign of a problem has of its own. Days, dose rules, what it may use of
//! each site, and which lots serve its draws.

use super::ground::Away;
use super::index::{
    ClassIndex, Day, ListIndex as _, LotIndex, Per, PeriodIndex, ProgrammeIndex, SiteIndex,
    StopIndex, TeamIndex,
};
use crate::domain::campaign::Campaign;
use chrono::{NaiveDate, TimeDelta};

/// One of the campaigns that are planned together.
pub(super) struct Programme<'a> {
    /// The campaign.
    pub(super) campaign: &'a Campaign,
    /// Its first day.
    pub(super) start: Day,
    /// The day after its last one.
    pub(super) end: Day,
    /// First day of it that the plan may use.
    pub(super) first: Day,
    /// The first day of the whole.
    pub(super) origin: NaiveDate,
    /// Protection that each dose adds.
    pub(super) shares: Vec<f64>,
    /// `windows[j][d]`: first and last day inside the campaign for dose j + 1 if dose j is given on
    /// day d. The first is after the last if there is no such day.
    pub(super) windows: Vec<Per<Day, (Day, Day)>>,
    /// What it may use of each site.
    pub(super) sites: Per<SiteIndex, SiteUse>,
    /// Whether a stop may be visited for it, by day: open, and some team works.
    pub(super) stops: Per<StopIndex, Per<Day, bool>>,
    /// Stops and teams that its own closures keep away, by day.
    pub(super) away: Away,
    /// Class of what a team draws for it, by day.
    pub(super) day_class: Per<Day, ClassIndex>,
    /// Vaccine doses that a dose at a stop draws at least, by day: those of the team that wastes
    /// least; infinite where none works.
    pub(super) stop_draw: Per<Day, f64>,
    /// Its lots, in the order of the campaign.
    pub(super) lots: Vec<LotIndex>,
}

/// What a programme may use of a site.
#[derive(Debug, Clone)]
pub(super) struct SiteUse {
    /// Doses by day: the smaller of what the place can do and the programme's own limit; 0 outside
    /// its days.
    pub(super) capacity: Per<Day, u32>,
    /// Whether it has a limit of its own, which is used up beside the place's.
    pub(super) is_limited: bool,
    /// Of each period of the site, the programme's part.
    pub(super) periods: Per<PeriodIndex, PeriodUse>,
    /// Units that one dose draws, by day.
    pub(super) draw: Per<Day, u64>,
    /// Vaccine doses that one dose draws, by day.
    pub(super) draw_doses: Per<Day, f64>,
}

/// A programme's part of a period of a site.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeriodUse {
    /// The day on which its draw is taken: the restock day, or its first day if that is later.
    pub(super) start: Day,
    /// The last of its days.
    pub(super) last: Day,
    /// Class of its draw; `None` where none of its days lies in the period.
    pub(super) class: Option<ClassIndex>,
    /// Units that its own part of the cold store holds; `u64::MAX` without a limit.
    pub(super) storage: u64,
}

impl Programme<'_> {
    /// Number of doses of its series.
    pub(super) fn doses(&self) -> usize {
        self.shares.len()
    }

    /// Number of its days.
    pub(super) fn days(&self) -> usize {
        self.end.position() - self.start.position()
    }

    /// Its last day.
    pub(super) fn last(&self) -> Day {
        Day::of(self.end.position().saturating_sub(1))
    }

    /// Days from a day to its end, both included.
    pub(super) fn days_left(&self, day: Day) -> f64 {
        (self.end.position() - day.position()) as f64
    }

    /// Worth of dose `dose` of a cohort of some priority on one of its days.
    pub(super) fn value(&self, priority: f64, dose: usize, day: Day) -> f64 {
        priority * self.shares[dose] * self.days_left(day) / self.days() as f64
    }

    /// First and last day number on which dose `dose` (index, from 1) may follow the dose before
    /// it, given on day `after`. Not cut to the campaign. The last is `None` if the series sets no
    /// longest interval.
    pub(super) fn window(&self, dose: usize, after: i64) -> (i64, Option<i64>) {
        let series = &self.campaign.series;
        let Some(date) = self.origin.checked_add_signed(TimeDelta::days(after)) else {
            return (i64::MAX, None);
        };
        let move_by = |wait: &crate::domain::series::Duration| {
            (wait.after(date, series.month_end) - self.origin).num_days()
        };
        let rule = &series.doses[dose];
        let low = rule.interval_min.as_ref().map_or(after, move_by);
        (low, rule.interval_max.as_ref().map(move_by))
    }

    /// The same for somebody who starts in the plan: cut to the campaign; (1, 0) where there is
    /// no such day.
    pub(super) fn inside(&self, dose: usize, after: Day) -> (Day, Day) {
        let nobody = (Day::of(1), Day::FIRST);
        if after < self.start || after >= self.end {
            return nobody;
        }
        let (low, high) = self.window(dose, after.number());
        let last = self.end.number() - 1;
        let high = high.unwrap_or(last).min(last);
        if high < low.max(self.start.number()) {
            nobody
        } else {
            (Day::of_number(low).max(self.first), Day::of_number(high))
        }
    }

    /// Whether a team may serve it on a day, as far as the programme says.
    pub(super) fn has_team(&self, team: TeamIndex, day: Day) -> bool {
        self.away.teams.is_empty() || !self.away.teams.contains(&(team, day))
    }

    /// The class of its draw at a site on one of its days.
    pub(super) fn class_at(&self, site: SiteIndex, period: PeriodIndex) -> Option<ClassIndex> {
        self.sites[site].periods[period].class
    }
}

/// The programme of a problem that has one.
pub(super) fn only() -> ProgrammeIndex {
    ProgrammeIndex::of(0)
}
