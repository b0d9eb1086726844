//! What a what-if question supposes, and the figures of both plans side by side.

use super::surge::{Means, MeansError, Resources};
use super::what_if::{PlanOutcome, WhatIfChange};
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::plan::WorstArea;
use chrono::NaiveDate;

/// Doses that a station gives on a day, at sites that do not say it. Our choice: 20 an hour, 8 hours.
pub const STATION_DOSES: u32 = 160;

/// What is supposed to be other than it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supposed {
    /// The campaign ends on this day.
    pub until: Option<NaiveDate>,
    /// Changes that need no more than the campaign, in their order.
    pub changes: Vec<WhatIfChange>,
    /// More stations at sites; a candidate is opened with them.
    pub stations: Vec<(PlaceCode, u32)>,
    /// Candidates that are opened with all the stations that fit.
    pub add_site: Vec<PlaceCode>,
    /// More vaccinators in areas.
    pub staff: Vec<(u32, AreaCode)>,
}

impl Supposed {
    /// The changes, a new end first: days of other changes may lie before or after it. `from` is the first day that is
    /// planned; `station_doses`: see [`STATION_DOSES`]. Fails where stations or staff do not fit.
    pub fn changes(
        &self,
        (campaign, jurisdiction): (&Campaign, Option<&Jurisdiction>),
        from: NaiveDate,
        station_doses: u32,
    ) -> Result<Vec<WhatIfChange>, MeansError> {
        let day = from.max(campaign.start);
        let means = Means::on(day, campaign, jurisdiction, station_doses);
        let mut more = Resources::default();
        for (site, stations) in &self.stations {
            *more.stations.entry(site.clone()).or_default() += stations;
        }
        for site in &self.add_site {
            let could = means.most_of_candidate(site)?;
            more.stations.insert(site.clone(), could);
        }
        for (people, area) in &self.staff {
            means.place_staff(campaign, (*people, area), &mut more)?;
        }
        // A cold store or vaccine may be a new site's.
        let is_later = |change: &&WhatIfChange| {
            matches!(change, WhatIfChange::Storage { .. } | WhatIfChange::Vaccine { .. })
        };
        let mut out: Vec<WhatIfChange> = self.until.map(WhatIfChange::Until).into_iter().collect();
        out.extend(self.changes.iter().filter(|change| !is_later(change)).cloned());
        if !more.stations.is_empty() {
            out.push(WhatIfChange::More(more, Box::new(means)));
        }
        out.extend(self.changes.iter().filter(is_later).cloned());
        Ok(out)
    }
}

/// A figure of the plan as things are and of the plan as they are supposed to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What it is.
    pub figure: ComparedFigure,
    /// The group that it is about; `None`: everybody.
    pub group: Option<GroupId>,
    /// Both values.
    pub values: ComparedValues,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedFigure {
    /// People who finish by the end.
    PeopleFinished,
    /// Their share.
    Coverage,
    /// The day of the last dose.
    LastDay,
    /// Doses of the plan.
    Doses,
    /// The area with the smallest share.
    WorstArea,
    /// How much better the best plan could be at most.
    Gap,
}

impl ComparedFigure {
    /// Its word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::PeopleFinished => "people-finished",
            Self::Coverage => "coverage",
            Self::LastDay => "last-day",
            Self::Doses => "doses",
            Self::WorstArea => "worst-area",
            Self::Gap => "gap",
        }
    }
}

/// The value as things are, and as they are supposed to be.
#[derive(Debug, Clone, PartialEq)]
pub enum ComparedValues {
    /// People or doses.
    Counts([u64; 2]),
    /// Percent, with as many digits after the point as are shown.
    Percents([f64; 2], usize),
    /// Days; `None`: nothing is planned.
    Days([Option<NaiveDate>; 2]),
    /// Areas with their share.
    Areas([Option<WorstArea>; 2]),
}

impl ComparedValues {
    /// How much the second is more than the first, with its sign; `None` where there is nothing to compare.
    pub fn difference(&self) -> Option<String> {
        let points = |[today, what_if]: [f64; 2], digits: usize| {
            Some(format!("{:+.digits$}", what_if - today))
        };
        match self {
            Self::Counts([today, what_if]) => {
                Some(format!("{:+}", i128::from(*what_if) - i128::from(*today)))
            }
            Self::Percents(values, digits) => points(*values, *digits),
            Self::Days([today, what_if]) => {
                let (today, what_if) = today.zip(*what_if)?;
                Some(format!("{:+}", (what_if - today).num_days()))
            }
            Self::Areas(values) => {
                let share = |worst: &Option<WorstArea>| {
                    worst.as_ref().map_or(0.0, |worst| worst.share * 100.0)
                };
                points(values.each_ref().map(share), 1)
            }
        }
    }
}

/// Every figure of two plans for the same groups: by group, then of everybody.
pub fn comparisons(today: &PlanOutcome, what_if: &PlanOutcome) -> Vec<Comparison> {
    use ComparedFigure as Of;
    let mut out = Vec::new();
    let mut push = |figure: ComparedFigure, group: Option<&GroupId>, values: ComparedValues| {
        out.push(Comparison { figure, group: group.cloned(), values });
    };
    for (one, other) in today.groups.iter().zip(&what_if.groups) {
        let (group, of) = (Some(&one.group), [one, other]);
        let finished = of.map(|one| one.people_finished);
        push(Of::PeopleFinished, group, ComparedValues::Counts(finished));
        let percent = of.map(|one| percent(one.people_finished, one.people));
        push(Of::Coverage, group, ComparedValues::Percents(percent, 1));
        push(Of::LastDay, group, ComparedValues::Days(of.map(|one| one.last_day)));
    }
    let both = [today, what_if];
    push(Of::LastDay, None, ComparedValues::Days(both.map(|outcome| outcome.last_day)));
    let figures = both.map(|outcome| &outcome.figures);
    push(Of::Doses, None, ComparedValues::Counts(figures.map(|figures| figures.doses)));
    let worst = figures.map(|figures| figures.worst_area.clone());
    push(Of::WorstArea, None, ComparedValues::Areas(worst));
    let gaps = figures.map(|figures| figures.gap * 100.0);
    push(Of::Gap, None, ComparedValues::Percents(gaps, 3));
    out
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}
