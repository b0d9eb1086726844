//! The bulletin that a director signs: its figures are those of the overview, the coverage and the mail of its last
//! day.

use crate::app::coverage::AsOf;
use crate::app::dashboard::{Report, Reports};
use crate::app::{App, Loaded, Result};
use crate::domain::bulletin::{Bulletin, BulletinKind, Done, Line, Period, doses_by_area, ranks};
use crate::domain::campaign::Campaign;
use crate::domain::count::{Doses, People};
use crate::domain::coverage::{Coverage, Depth, DoseSums, SitesReported, coverage, needs};
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::shortfall::{Shortfall, shortfalls, whole};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// Sums at the end of a day.
struct End {
    tree: Coverage,
    /// People who must finish; `None` where no group has a target.
    target: Option<People>,
    /// People missing until every target is reached.
    short: People,
    all: u64,
    by_area: BTreeMap<AreaCode, u64>,
}

impl End {
    fn of(&self, area: Option<&AreaCode>) -> u64 {
        area.map_or(self.all, |area| self.by_area.get(area).copied().unwrap_or(0))
    }
}

/// The sums that a bulletin is made of, in the order of their days.
struct Ends {
    before_that: End,
    before: End,
    until: End,
    now: End,
}

impl App {
    /// The bulletin of a campaign for the day or week of `day`, as it is seen on `today`.
    pub async fn bulletin(
        &self,
        loaded: &Loaded,
        (kind, day): (BulletinKind, NaiveDate),
        today: NaiveDate,
    ) -> Result<Bulletin> {
        let period = Period::of(kind, day, today);
        let mut ends = Vec::with_capacity(ENDS);
        for day in ends_of(period) {
            let basis = self.basis(loaded, AsOf::day(day)).await?;
            ends.push(end(&loaded.campaign, day, (&basis.counted, &basis.sites)));
        }
        let days = (period.before.0, period.last);
        let reports = self.reports(loaded, days, (period.last, today)).await?;
        Ok(made(loaded, (kind, period, None), &Ends::of(ends), &reports))
    }

    /// The same as it was known at the end of `known_on`, however much was reported or corrected since.
    pub async fn bulletin_then(
        &self,
        loaded: &Loaded,
        (kind, day): (BulletinKind, NaiveDate),
        (known_on, today): (NaiveDate, NaiveDate),
    ) -> Result<Bulletin> {
        // At the end of that day it was over.
        let seen = today.min(known_on + TimeDelta::days(1));
        let period = Period::of(kind, day, seen);
        let known = self.known_then(loaded, known_on).await?;
        let campaign = &known.loaded.campaign;
        let none = SitesReported::default();
        let at = |day: NaiveDate| end(campaign, day, (&known.counted(day), &none));
        let ends = Ends::of(Vec::from(ends_of(period).map(at)));
        let days = (period.before.0, period.last);
        let reports = self.reports_then(&known, days, (period.last, seen)).await?;
        Ok(made(&known.loaded, (kind, period, Some(known_on)), &ends, &reports))
    }
}

/// How many sums a bulletin is made of.
const ENDS: usize = 4;

/// Their days.
fn ends_of(period: Period) -> [NaiveDate; ENDS] {
    let one = TimeDelta::days(1);
    [period.before.0 - one, period.before.1, period.first - one, period.last]
}

impl Ends {
    /// The sums of the days of [`ends_of`].
    fn of(ends: Vec<End>) -> Self {
        let [before_that, before, until, now] =
            <[End; ENDS]>::try_from(ends).unwrap_or_else(|_| unreachable!("one for each day"));
        Self { before_that, before, until, now }
    }
}

fn end(
    campaign: &Campaign,
    day: NaiveDate,
    (counted, sites): (&[DoseSums], &SitesReported),
) -> End {
    let at = |depth| coverage(campaign, day, counted, depth, sites.clone());
    let needs = needs(campaign, &at(Depth::Root));
    let top = campaign.root().map(|area| &area.code);
    let below = campaign.areas.iter().filter(|area| area.parent.as_ref() == top);
    let areas: Vec<AreaCode> = below.map(|area| area.code.clone()).collect();
    let tree = at(Depth::Tree);
    let all_short = whole(campaign, &tree).short;
    let has_target = campaign.groups.iter().any(|group| group.target.is_some());
    let short = needs.iter().map(|need| need.target.saturating_sub(need.finished)).sum();
    let all: i64 = counted.iter().map(|sum| sum.doses).sum();
    End {
        target: has_target.then(|| needs.iter().map(|need| need.target).sum()),
        short: if has_target { short } else { all_short },
        by_area: doses_by_area(campaign, (&areas, day), counted),
        all: u64::try_from(all).unwrap_or(0),
        tree,
    }
}

fn made(
    loaded: &Loaded,
    (kind, period, known_on): (BulletinKind, Period, Option<NaiveDate>),
    ends: &Ends,
    reports: &Reports,
) -> Bulletin {
    let campaign = &loaded.campaign;
    let stands = shortfalls(campaign, &ends.now.tree);
    let before = shortfalls(campaign, &ends.before.tree);
    let (now_ranks, old_ranks) = (ranks(&stands), ranks(&before));
    let missing = |area: Option<&AreaCode>| missing(loaded, area, period, reports);
    let has_target = ends.now.target.is_some();
    let line = |stand: &Shortfall, area: Option<&AreaCode>| {
        let (late, late_before) = missing(area);
        let given = |from: &End, to: &End| to.of(area).saturating_sub(from.of(area));
        Line {
            stand: stand.clone(),
            target: has_target.then_some(stand.wanted),
            doses: Doses(ends.now.of(area)),
            this: Done { doses: given(&ends.until, &ends.now), missing: late },
            before: Done { doses: given(&ends.before_that, &ends.before), missing: late_before },
            percent_before: None,
            rank: None,
            rank_before: None,
        }
    };
    let mut areas: Vec<Line> = stands
        .iter()
        .map(|stand| {
            let old = before.iter().find(|one| one.area == stand.area);
            Line {
                percent_before: old.and_then(|one| one.percent),
                rank: now_ranks.get(&stand.area).copied(),
                rank_before: old_ranks.get(&stand.area).copied(),
                ..line(stand, Some(&stand.area))
            }
        })
        .collect();
    let file: BTreeMap<&AreaCode, usize> =
        campaign.areas.iter().enumerate().map(|(at, area)| (&area.code, at)).collect();
    let at = |line: &Line| file.get(&line.stand.area).copied();
    match kind {
        BulletinKind::Ranking => {
            areas.sort_by_key(|line| (line.rank.unwrap_or(usize::MAX), at(line)));
        }
        BulletinKind::Daily | BulletinKind::Weekly => areas.sort_by_key(at),
    }
    let was = whole(campaign, &ends.before.tree);
    let stand = all(loaded, ends);
    let mut whole = line(&stand, None);
    whole.target = ends.now.target;
    whole.percent_before = was.percent;
    Bulletin { kind, period, known_on, whole, areas }
}

/// How the whole stands: its targets are those of the whole, not the sum of those of its parts.
fn all(loaded: &Loaded, ends: &Ends) -> Shortfall {
    let campaign = &loaded.campaign;
    let stand = whole(campaign, &ends.now.tree);
    Shortfall {
        area: campaign.root().map_or_else(|| AreaCode::from(""), |area| area.code.clone()),
        wanted: ends.now.target.unwrap_or(stand.eligible),
        short: ends.now.short,
        ..stand
    }
}

/// Reports that were asked for and are not in, of the period and of the one before. A day that is not over counts, too:
/// what was given on it is not known.
fn missing(
    loaded: &Loaded,
    area: Option<&AreaCode>,
    period: Period,
    reports: &Reports,
) -> (u64, u64) {
    let campaign = &loaded.campaign;
    let below: Option<BTreeSet<&AreaCode>> = area.map(|area| campaign.below(area));
    let is_mine = |place: &PlaceCode| {
        let Some(below) = &below else { return true };
        campaign.areas_served(place.as_str()).into_iter().any(|area| below.contains(area))
    };
    let (mut now, mut before) = (0, 0);
    for (_, days) in reports.sites.iter().filter(|(place, _)| is_mine(place)) {
        for (day, report) in reports.days.iter().zip(days) {
            if !matches!(report, Report::Missing | Report::Ahead) {
                continue;
            }
            now += u64::from(*day >= period.first);
            before += u64::from(*day <= period.before.1);
        }
    }
    (now, before)
}
