//! Coverage: people with doses as a share of the eligible people, by area and group.
//!
//! **People at dose n** are those who got an n-th dose; one that is repeated because the first did not count is
//! counted once. **Not reported is not zero**: every coverage names the sites that have not reported.

use super::area::Area;
use super::campaign::Campaign;
use super::count::{Doses, People, Percent, ceil_of};
use super::counting::{Total, TotalKey};
use super::id::{AreaCode, GroupId, PlaceCode};
use super::series::{Duration, Series};
use super::work_days::work_days;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// Coverage of a campaign as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The last day that is counted.
    pub as_of: NaiveDate,
    /// Only what was recorded up to the end of this day is counted; where absent, all that is known now.
    pub known_on: Option<NaiveDate>,
    /// Which sites have reported for the as-of day.
    pub sites: SitesReported,
    /// One row for each area and each group or group set.
    pub rows: Vec<CoverageRow>,
}

/// Which of the fixed sites that were open on a day have reported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SitesReported {
    /// Fixed sites that were open on the day.
    pub expected: usize,
    /// Of them, sites with a record for the day; a record of 0 doses is a report.
    pub reported: usize,
    /// The sites that have not reported.
    pub missing: Vec<PlaceCode>,
}

impl SitesReported {
    /// Whether sites were asked to report, and none has.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.expected > 0 && self.reported == 0
    }
}

/// Coverage of one group or group set in one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// The area, counted with all areas below it.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// Id of the group or group set.
    pub group: String,
    /// Its name.
    pub group_name: String,
    /// Eligible people; `None` where the eligible count of the group, or of one group of the set, is unknown.
    pub eligible: Option<People>,
    /// One line for each dose of the series, and for doses beyond it where any were given.
    pub doses: Vec<DoseLine>,
    /// People who got the last dose of the series.
    pub complete: Share,
    /// People whose last dose of the series counts.
    pub valid_complete: Share,
    /// Eligible people without any dose.
    pub zero_dose: Option<People>,
    /// Drop-out from the first dose to the last, (first − last) / first (WHO). `None` without a denominator, for a
    /// series of one dose, and until somebody is due for the last dose.
    pub drop_out: Option<Percent>,
    /// Doses of people in the register that do not count; they are included in `doses`.
    pub invalid: Doses,
    /// What is unusual about the row.
    pub flags: Vec<Flag>,
}

/// People who got a dose of one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoseLine {
    /// Number of the dose.
    pub dose: u8,
    /// People up to the as-of day.
    pub people: People,
    /// Their share of the eligible people; `None` without a denominator.
    pub percent: Option<Percent>,
    /// People on the as-of day.
    pub today: People,
    /// People whose dose counts by the dose rules. Doses from tallies are taken to count.
    pub valid: People,
    /// Their share of the eligible people; `None` without a denominator.
    pub valid_percent: Option<Percent>,
    /// People who are due for this dose and have not got it. For the first dose these are all eligible people once
    /// the group is open; for a later one those for whom the recommended interval since the dose before has passed,
    /// first in, first out. `None` without a denominator and beyond the series.
    pub due_not_given: Option<People>,
    /// Drop-out from the dose before: of the people due for this dose, the share that has not got it. `None` for the
    /// first dose and where nobody is due.
    pub drop_out: Option<Percent>,
}

/// People and their share of the eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// People.
    pub people: People,
    /// Of the eligible, one decimal.
    pub percent: Option<Percent>,
}

/// What is unusual about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// More people with a dose than eligible people: some came from elsewhere, or the eligible count is too low.
    #[serde(rename = "over_100")]
    Over100,
    /// The eligible count is unknown.
    NoDenominator,
    /// For some place, day, group and dose the register has more doses than the tally.
    PersonsExceedTally,
}

impl CoverageRow {
    /// Doses given on the as-of day, without those that repeat a dose that did not count.
    pub fn today(&self) -> Doses {
        Doses(self.doses.iter().map(|line| line.today.0).sum())
    }
}

impl Coverage {
    /// The row of a group or group set in an area.
    pub fn row(&self, area: &str, group: &str) -> Option<&CoverageRow> {
        self.rows.iter().find(|row| row.area.as_str() == area && row.group == group)
    }
}

/// The sums for one area, group and dose number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoseSums {
    /// Where the people live.
    pub area: AreaCode,
    /// Their group; empty where they are in none.
    pub group: GroupId,
    /// Number of the dose.
    pub dose: u8,
    /// People up to the as-of day.
    pub people: i64,
    /// Doses up to the as-of day.
    pub doses: i64,
    /// Doses among them that do not count.
    pub invalid: i64,
    /// People on the as-of day.
    pub today: i64,
    /// Doses on the as-of day.
    pub doses_today: i64,
    /// People who got this dose so long ago that the next one is due on the as-of day; see [`due_cutoffs`].
    pub people_due_next: i64,
    /// Doses by which the register exceeds tallies.
    pub exceeding: i64,
}

/// The areas that coverage has rows for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The top of the area tree.
    Root,
    /// Every area.
    Tree,
}

/// Coverage as of a day, from sums of doses and the eligible counts of that day.
pub fn coverage(
    campaign: &Campaign,
    as_of: NaiveDate,
    counted: &[DoseSums],
    depth: Depth,
    sites: SitesReported,
) -> Coverage {
    let campaign = &*campaign.on(as_of);
    let counted: Vec<DoseSums> = counted
        .iter()
        .map(|sum| DoseSums { area: campaign.home(&sum.area, as_of).clone(), ..sum.clone() })
        .collect();
    let eligible = campaign.eligible_on(as_of);
    let areas: Vec<&Area> = campaign
        .areas
        .iter()
        .filter(|area| depth == Depth::Tree || area.parent.is_none())
        .collect();
    let mut rows = Vec::new();
    for area in areas {
        let below = campaign.below(&area.code);
        let here: Vec<&DoseSums> = counted.iter().filter(|c| below.contains(&c.area)).collect();
        let eligible: Vec<_> =
            eligible.iter().filter(|(key, _)| below.contains(&key.area)).collect();
        let people = |group: &GroupId| -> Option<People> {
            let found: Vec<People> = eligible
                .iter()
                .filter(|(key, _)| key.group == *group)
                .map(|(_, row)| People::from(row.people))
                .collect();
            (!found.is_empty()).then(|| found.into_iter().sum())
        };
        for (id, name, groups) in lines(campaign) {
            let known: Vec<People> = groups.iter().filter_map(|group| people(group)).collect();
            // One unknown eligible count makes the sum unknown: a partial one would flatter the share.
            let whole = (known.len() == groups.len()).then(|| known.into_iter().sum());
            let mine: Vec<&DoseSums> =
                here.iter().filter(|c| groups.contains(&&c.group)).copied().collect();
            let opens = |group: &&GroupId| {
                campaign
                    .group(group.as_str())
                    .and_then(|group| group.opens)
                    .unwrap_or(campaign.start)
            };
            let open = groups.iter().all(|group| opens(group) <= as_of);
            rows.push(row(campaign, area, (&id, &name), (whole, open), &mine));
        }
    }
    Coverage { as_of, known_on: None, sites, rows }
}

/// The lines of reports: each group, then each group set, as (id, name, groups that are added up).
pub fn lines(campaign: &Campaign) -> Vec<(String, String, Vec<&GroupId>)> {
    let groups = campaign.groups.iter().map(|g| (g.id.to_string(), g.name.clone(), vec![&g.id]));
    let sets = campaign
        .group_sets
        .iter()
        .map(|s| (s.id.to_string(), s.name.clone(), s.groups.iter().collect()));
    groups.chain(sets).collect()
}

fn row(
    campaign: &Campaign,
    area: &Area,
    (group, group_name): (&str, &str),
    (eligible, open): (Option<People>, bool),
    counted: &[&DoseSums],
) -> CoverageRow {
    let series_doses = u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX);
    let last = counted.iter().filter(|c| c.people > 0).map(|c| c.dose).max().unwrap_or(0);
    let sum = |dose: u8, figure: fn(&DoseSums) -> i64| -> People {
        let total: i64 = counted.iter().filter(|c| c.dose == dose).map(|c| figure(c)).sum();
        People(u64::try_from(total).unwrap_or(0))
    };
    let share = |people: People| eligible.and_then(|whole| people.percent_of(whole));
    let zero_dose = eligible.map(|whole| whole.saturating_sub(sum(1, |c| c.people)));
    let doses: Vec<DoseLine> = (1..=series_doses.max(last))
        .map(|dose| {
            let people = sum(dose, |c| c.people);
            // A dose of one number counts once for a person, so that doses that count are people.
            let valid = sum(dose, |c| c.doses - c.invalid).min(people);
            // Without a denominator the dose numbers may be unknown, so nothing follows from them.
            let turn = (eligible.is_some() && dose > 1 && dose <= series_doses)
                .then(|| sum(dose - 1, |c| c.people_due_next));
            let left = turn.map(|turn| turn.saturating_sub(people));
            DoseLine {
                dose,
                people,
                percent: share(people),
                today: sum(dose, |c| c.today),
                valid,
                valid_percent: share(valid),
                due_not_given: if dose == 1 { zero_dose.filter(|_| open) } else { left },
                drop_out: left.zip(turn).and_then(|(left, turn)| left.percent_of(turn)),
            }
        })
        .collect();
    let at_last = doses.get(usize::from(series_doses) - 1);
    let finished = at_last.map_or(People::ZERO, |line| line.people);
    let valid = at_last.map_or(People::ZERO, |line| line.valid);
    let drop_out = at_last.and_then(|line| line.drop_out);
    let mut flags = Vec::new();
    match eligible {
        None => flags.push(Flag::NoDenominator),
        Some(whole) if doses.iter().any(|line| line.people > whole) => flags.push(Flag::Over100),
        Some(_) => {}
    }
    if counted.iter().any(|c| c.exceeding > 0) {
        flags.push(Flag::PersonsExceedTally);
    }
    CoverageRow {
        area: area.code.clone(),
        area_name: area.name.clone(),
        group: group.to_owned(),
        group_name: group_name.to_owned(),
        eligible,
        complete: Share { people: finished, percent: share(finished) },
        valid_complete: Share { people: valid, percent: share(valid) },
        zero_dose,
        drop_out,
        invalid: Doses(u64::try_from(counted.iter().map(|c| c.invalid).sum::<i64>()).unwrap_or(0)),
        doses,
        flags,
    }
}

/// What a group still needs to reach its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Name of the group.
    pub group_name: String,
    /// People who must finish the series by the end: the target share of the eligible, rounded up.
    pub target: People,
    /// People who have finished it.
    pub finished: People,
    /// Doses still to be given to meet the target.
    pub doses_left: Doses,
    /// Days left after the as-of day on which vaccine can be given to the group.
    pub days_left: u64,
    /// Doses to be given a day, rounded up; all that are left where no day is left.
    pub per_day: Doses,
}

/// What each group with a target still needs, from the rows of `at` at the top of the area tree.
pub fn needs(campaign: &Campaign, at: &Coverage) -> Vec<Need> {
    let work = work_days(campaign, at.as_of.succ_opt().unwrap_or(at.as_of));
    let roots: Vec<_> = campaign.areas.iter().filter(|a| a.parent.is_none()).collect();
    campaign
        .groups
        .iter()
        .filter_map(|group| {
            let share = group.target?;
            let rows: Vec<&CoverageRow> = roots
                .iter()
                .filter_map(|area| at.row(area.code.as_str(), group.id.as_str()))
                .collect();
            let eligible: People = rows.iter().filter_map(|row| row.eligible).sum();
            let target = People::from(ceil_of(u32::try_from(eligible.0).ok()?, share));
            let at_dose = |number: usize| -> People {
                rows.iter().filter_map(|row| row.doses.get(number)).map(|line| line.people).sum()
            };
            // Every person without dose n is a dose to give.
            let doses_left: Doses = (0..campaign.series.dose_count())
                .map(|number| Doses(target.saturating_sub(at_dose(number)).0))
                .sum();
            let opens = group.opens.unwrap_or(campaign.start);
            let days_left = work.iter().filter(|day| **day >= opens).count() as u64;
            Some(Need {
                group_name: group.name.clone(),
                target,
                finished: rows.iter().map(|row| row.complete.people).sum(),
                doses_left,
                days_left,
                per_day: Doses(doses_left.0.div_ceil(days_left.max(1))),
            })
        })
        .collect()
}

/// For each dose but the last, the last day from which the next dose is due on `as_of`: after its recommended
/// interval, else its shortest one, else at once. Each entry is (number of the earlier dose, day).
pub fn due_cutoffs(series: &Series, as_of: NaiveDate) -> Vec<(u8, NaiveDate)> {
    let waits =
        series.doses.iter().skip(1).map(|dose| {
            dose.interval_recommended.or(dose.interval_min).unwrap_or(Duration::days(0))
        });
    (1_u8..).zip(waits).map(|(dose, wait)| (dose, wait.before(as_of, series.month_end))).collect()
}

impl DoseSums {
    /// The sums of no doses.
    pub(super) fn none(area: &AreaCode, group: &GroupId, dose: u8) -> Self {
        Self {
            area: area.clone(),
            group: group.clone(),
            dose,
            people: 0,
            doses: 0,
            invalid: 0,
            today: 0,
            doses_today: 0,
            people_due_next: 0,
            exceeding: 0,
        }
    }

    /// Adds the total of a day that is not after the as-of day.
    pub(super) fn add(
        &mut self,
        (day, total): (NaiveDate, &Total),
        as_of: NaiveDate,
        due: &[(u8, NaiveDate)],
    ) {
        let people = total.doses - total.repeats;
        self.people += people;
        self.doses += total.doses;
        self.invalid += total.invalid;
        self.exceeding += total.exceeding;
        if day == as_of {
            self.today += people;
            self.doses_today += total.doses;
        }
        if due.iter().any(|(dose, last)| *dose == self.dose && day <= *last) {
            self.people_due_next += people;
        }
    }
}

/// Adds totals up to the as-of day, by area, group and dose number; `due` comes from [`due_cutoffs`].
pub fn counted_from(
    totals: &BTreeMap<TotalKey, Total>,
    as_of: NaiveDate,
    due: &[(u8, NaiveDate)],
) -> Vec<DoseSums> {
    let mut out: BTreeMap<(&AreaCode, &GroupId, u8), DoseSums> = BTreeMap::new();
    for (key, total) in totals.iter().filter(|(key, _)| key.day <= as_of) {
        out.entry((&key.area, &key.group, key.dose))
            .or_insert_with(|| DoseSums::none(&key.area, &key.group, key.dose))
            .add((key.day, total), as_of, due);
    }
    out.into_values().collect()
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
