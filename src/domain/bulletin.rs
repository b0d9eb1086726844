//! A bulletin (日报, 周报, 通报): how the areas stand at the end of a day or week, what was done in it and in the one
//! before, and who is ahead.

use super::campaign::Campaign;
use super::count::{Doses, People, Percent};
use super::coverage::DoseSums;
use super::id::AreaCode;
use super::shortfall::Shortfall;
use chrono::{Datelike, NaiveDate, TimeDelta};
use std::collections::BTreeMap;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulletinKind {
    /// A day (日报).
    Daily,
    /// A week, Monday to Sunday (周报).
    Weekly,
    /// A week, areas in the order of their coverage (通报).
    Ranking,
}

/// Every kind.
pub const KINDS: [BulletinKind; 3] =
    [BulletinKind::Daily, BulletinKind::Weekly, BulletinKind::Ranking];

impl BulletinKind {
    /// Its name in commands and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Ranking => "ranking",
        }
    }

    /// The kind of a name.
    pub fn from_word(word: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.word() == word)
    }
}

/// The days that a bulletin tells of, and those that it compares with. All are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
    /// The first and the last day of the period before.
    pub before: (NaiveDate, NaiveDate),
    /// Whether the week goes on after the last day: the same days of the week before are compared then.
    pub goes_on: bool,
}

impl Period {
    /// The period of a day, as it is seen on `today`: of a week that is not over, the days that are over, and the day.
    pub fn of(kind: BulletinKind, day: NaiveDate, today: NaiveDate) -> Self {
        if kind == BulletinKind::Daily {
            let before = day - TimeDelta::days(1);
            return Self { first: day, last: day, before: (before, before), goes_on: false };
        }
        let first = day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday()));
        let end = first + TimeDelta::days(6);
        let last = end.min((today - TimeDelta::days(1)).max(day));
        let week = TimeDelta::days(7);
        Self { first, last, before: (first - week, last - week), goes_on: last < end }
    }
}

/// What was given and reported in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Doses given.
    pub doses: u64,
    /// Reports that were asked for and are not in: one for each place and day.
    pub missing: u64,
}

impl Done {
    /// The doses; `None` where nothing was reported though somebody was asked: that is not the same as none given.
    pub fn reported(self) -> Option<u64> {
        (self.doses > 0 || self.missing == 0).then_some(self.doses)
    }
}

/// A line of a bulletin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How the area stands at the end of the period; of the whole, its code is that of its top, or empty.
    pub stand: Shortfall,
    /// People who must finish; `None` where no group has a target.
    pub target: Option<People>,
    /// Doses given by the end of the period.
    pub doses: Doses,
    /// The period.
    pub this: Done,
    /// The period before.
    pub before: Done,
    /// The coverage at the end of the period before.
    pub percent_before: Option<Percent>,
    /// The place among the areas, from 1: the highest coverage first, equal ones share it. `None` for the whole, and
    /// where nobody is eligible.
    pub rank: Option<usize>,
    /// The same at the end of the period before.
    pub rank_before: Option<usize>,
}

impl Line {
    /// The target as a share of the eligible.
    pub fn target_percent(&self) -> Option<Percent> {
        self.target.and_then(|target| target.percent_of(self.stand.eligible))
    }

    /// How much more was given than in the period before (环比), as a share of that; `None` where that is nothing, or
    /// either is not known.
    pub fn change(&self) -> Option<Percent> {
        let signed = |doses: u64| i64::try_from(doses).unwrap_or(i64::MAX);
        let (this, before) = (signed(self.this.reported()?), signed(self.before.reported()?));
        Percent::of(this - before, before)
    }
}

/// A bulletin of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulletin {
    /// What is told.
    pub kind: BulletinKind,
    /// Its days.
    pub period: Period,
    /// The day at whose end its figures were known; `None` for what is known now.
    pub known_on: Option<NaiveDate>,
    /// The whole: what an account may see of it.
    pub whole: Line,
    /// The areas one level below the top: in a ranking the highest coverage first, else as in the file.
    pub areas: Vec<Line>,
}

/// The places of areas by their coverage: 1 for the highest, equal ones share a place and the next one is left out.
pub fn ranks(areas: &[Shortfall]) -> BTreeMap<&AreaCode, usize> {
    let mut shares: Vec<Percent> = areas.iter().filter_map(|area| area.percent).collect();
    shares.sort_by(|a, b| b.cmp(a));
    let rank =
        |area: &Shortfall| Some(1 + shares.iter().position(|one| Some(*one) == area.percent)?);
    areas.iter().filter_map(|area| Some((&area.area, rank(area)?))).collect()
}

/// Doses of each of these areas and all below them, by sums of a day.
pub fn doses_by_area(
    campaign: &Campaign,
    (tops, day): (&[AreaCode], NaiveDate),
    counted: &[DoseSums],
) -> BTreeMap<AreaCode, u64> {
    let mut by_home: BTreeMap<&AreaCode, i64> = BTreeMap::new();
    for sum in counted {
        *by_home.entry(campaign.home(&sum.area, day)).or_default() += sum.doses;
    }
    let of = |top: &AreaCode| {
        let below = campaign.below(top);
        let doses: i64 = below.iter().filter_map(|area| by_home.get(area)).sum();
        (top.clone(), u64::try_from(doses).unwrap_or(0))
    };
    tops.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn area(code: &str, finished: u64, eligible: u64) -> Shortfall {
        let (finished, eligible) = (People(finished), People(eligible));
        Shortfall {
            area: code.into(),
            area_name: code.to_owned(),
            eligible,
            finished,
            percent: finished.percent_of(eligible),
            zero_dose: People::ZERO,
            wanted: eligible,
            short: eligible.saturating_sub(finished),
        }
    }

    #[test]
    fn equal_areas_share_a_place_and_the_next_one_is_left_out() {
        let areas =
            [area("A", 1, 3), area("B", 9, 10), area("C", 2, 6), area("D", 0, 0), area("E", 1, 4)];
        let found = ranks(&areas);
        let of = |code: &str| found.get(&AreaCode::from(code)).copied();
        assert_eq!(["B", "A", "C", "E", "D"].map(of), [Some(1), Some(2), Some(2), Some(4), None]);
    }

    #[test]
    fn a_week_is_told_from_monday_as_far_as_it_is_over() {
        // 7 April 2021 was a Wednesday.
        let of = |kind, at: &str, today: &str| {
            let period = Period::of(kind, day(at), day(today));
            let (first, last) = period.before;
            let days = [period.first, period.last, first, last].map(|day| day.to_string());
            (days.map(|day| day[5..].to_owned()).join(" "), period.goes_on)
        };
        let weekly = |at, today| of(BulletinKind::Weekly, at, today);
        assert_eq!(weekly("2021-04-07", "2021-05-01"), ("04-05 04-11 03-29 04-04".into(), false));
        assert_eq!(weekly("2021-04-07", "2021-04-09"), ("04-05 04-08 03-29 04-01".into(), true));
        assert_eq!(weekly("2021-04-07", "2021-04-07"), ("04-05 04-07 03-29 03-31".into(), true));
        assert_eq!(weekly("2021-04-11", "2021-04-11"), ("04-05 04-11 03-29 04-04".into(), false));
        let daily = of(BulletinKind::Daily, "2021-03-01", "2021-04-09");
        assert_eq!(daily, ("03-01 03-01 02-28 02-28".into(), false));
    }

    #[test]
    fn what_was_not_reported_is_not_zero_and_nothing_is_compared_with_it() {
        let done = |doses, missing| Done { doses, missing };
        assert_eq!(done(0, 1).reported(), None);
        assert_eq!(done(0, 0).reported(), Some(0));
        assert_eq!(done(7, 1).reported(), Some(7));
        let line = |this, before| Line {
            stand: area("A", 1, 2),
            target: None,
            doses: Doses(0),
            this,
            before,
            percent_before: None,
            rank: None,
            rank_before: None,
        };
        let change = |this, before| line(this, before).change().map(|share| share.to_string());
        assert_eq!(change(done(90, 0), done(120, 0)).as_deref(), Some("-25.0"));
        assert_eq!(change(done(130, 0), done(120, 0)).as_deref(), Some("8.3"));
        assert_eq!(change(done(0, 0), done(120, 0)).as_deref(), Some("-100.0"));
        assert_eq!(change(done(5, 0), done(0, 0)), None, "there is nothing to compare with");
        assert_eq!(change(done(0, 2), done(120, 0)), None);
        assert_eq!(change(done(5, 0), done(0, 1)), None);
    }

    #[test]
    fn every_kind_has_a_name() {
        for kind in KINDS {
            assert_eq!(BulletinKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(BulletinKind::from_word("monthly"), None);
    }
}
