//! Coverage: doses given over eligible people, by area, group, site and day.
//!
//! **People at dose n** are those who got an n-th dose; a dose that is repeated because the first try did not count
//! counts once. **Not reported is not zero**: every coverage says which sites are in.

use super::area::Area;
use super::campaign::Campaign;
use super::count::{Percent, ceil_of};
use super::counting::{Total, TotalKey};
use super::id::{AreaCode, GroupId, PlaceCode};
use super::series::{Duration, Series};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// Coverage of a campaign as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Events up to this day's 24:00 are counted.
    pub as_of: NaiveDate,
    /// Only what was recorded by this day's 24:00 is counted; the present where absent.
    pub known_on: Option<NaiveDate>,
    /// Who has reported on the as-of day.
    pub sites: SitesReported,
    /// One row for each group and group set of each area asked for.
    pub rows: Vec<CoverageRow>,
}

/// Which of the sites that were open on a day have reported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SitesReported {
    /// Fixed sites open on the day.
    pub expected: usize,
    /// Of them, those with a row for the day, also one of 0 doses.
    pub reported: usize,
    /// The others.
    pub missing: Vec<PlaceCode>,
}

/// Coverage of one group, or set of groups, in one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    /// The area; its whole subtree is counted.
    pub area: AreaCode,
    /// Its name.
    pub area_name: String,
    /// Id of the group or group set.
    pub group: String,
    /// Its name.
    pub group_name: String,
    /// People eligible; `None` without a denominator.
    pub eligible: Option<u64>,
    /// One entry for each dose of the series, and for doses beyond it where there were any.
    pub doses: Vec<DoseLine>,
    /// Who finished the series.
    pub complete: Share,
    /// Who finished it with doses that count.
    pub valid_complete: Share,
    /// Eligible people without any dose.
    pub zero_dose: Option<u64>,
    /// Drop-out from the first dose to the last: (first − last) / first, as a percentage; `None` before anybody
    /// is due for the last.
    pub drop_out: Option<Percent>,
    /// Doses of the register's people that do not count, contained in `doses`.
    pub invalid: u64,
    /// What is odd about the row.
    pub flags: Vec<Flag>,
}

/// People who got a dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoseLine {
    /// Number of the dose.
    pub dose: u8,
    /// People up to the as-of day.
    pub people: u64,
    /// Of the eligible, one decimal.
    pub percent: Option<Percent>,
    /// People on the as-of day.
    pub today: u64,
    /// People among them whose dose counts by the rules; of doses counted without names nothing is known, so
    /// that they count.
    pub valid: u64,
    /// Of the eligible, one decimal.
    pub valid_percent: Option<Percent>,
    /// People whose turn it is and who have not got this dose: the recommended interval since the dose before
    /// has passed, first in, first out; at the first dose everybody eligible once the group is open.
    pub due_not_given: Option<u64>,
    /// Of those whose turn it is by now, the share that has not got this dose: drop-out from the dose before,
    /// one decimal; `None` for the first dose and where nobody is due.
    pub drop_out: Option<Percent>,
}

/// People and their share of the eligible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// People.
    pub people: u64,
    /// Of the eligible, one decimal.
    pub percent: Option<Percent>,
}

/// What is odd about a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// More people than eligible: people from elsewhere, or an eligible count that is too low.
    #[serde(rename = "over_100")]
    Over100,
    /// No eligible count is known.
    NoDenominator,
    /// At a place, day, group and dose the register has more doses than the tally.
    PersonsExceedTally,
}

impl Coverage {
    /// The row of a group or group set in an area.
    pub fn row(&self, area: &str, group: &str) -> Option<&CoverageRow> {
        self.rows.iter().find(|row| row.area.as_str() == area && row.group == group)
    }
}

/// Doses of one number for one cohort, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
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
    /// People up to the last day from which the next dose is due by now.
    pub people_due_next: i64,
    /// Doses by which the register exceeds tallies.
    pub exceeding: i64,
}

/// Which areas a coverage has rows for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The top of the tree.
    Root,
    /// Every area.
    Tree,
}

/// Coverage from doses counted and the campaign's denominators.
pub fn coverage(
    campaign: &Campaign,
    as_of: NaiveDate,
    counted: &[Counted],
    depth: Depth,
    sites: SitesReported,
) -> Coverage {
    let eligible = campaign.eligible_on(as_of);
    let areas: Vec<&Area> = campaign
        .areas
        .iter()
        .filter(|area| depth == Depth::Tree || area.parent.is_none())
        .collect();
    let mut rows = Vec::new();
    for area in areas {
        let below = campaign.below(&area.code);
        let here: Vec<&Counted> = counted.iter().filter(|c| below.contains(&c.area)).collect();
        let people = |group: &GroupId| -> Option<u64> {
            let found: Vec<u64> = eligible
                .iter()
                .filter(|(key, _)| key.group == *group && below.contains(&key.area))
                .map(|(_, row)| u64::from(row.people))
                .collect();
            (!found.is_empty()).then(|| found.iter().sum())
        };
        for (id, name, groups) in lines(campaign) {
            let known: Vec<u64> = groups.iter().filter_map(|group| people(group)).collect();
            // A line with one unknown denominator has none: a partial one would flatter the figure.
            let whole = (known.len() == groups.len()).then(|| known.iter().sum());
            let mine: Vec<&Counted> =
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

/// The lines of a report: each group, then each group set, with the groups that it adds up.
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
    (eligible, open): (Option<u64>, bool),
    counted: &[&Counted],
) -> CoverageRow {
    let series_doses = u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX);
    let last = counted.iter().filter(|c| c.people > 0).map(|c| c.dose).max().unwrap_or(0);
    let sum = |dose: u8, figure: fn(&Counted) -> i64| -> u64 {
        let total: i64 = counted.iter().filter(|c| c.dose == dose).map(|c| figure(c)).sum();
        u64::try_from(total).unwrap_or(0)
    };
    let share = |people: u64| eligible.and_then(|whole| percent_of(people, whole));
    let zero_dose = eligible.map(|whole| whole.saturating_sub(sum(1, |c| c.people)));
    let doses: Vec<DoseLine> = (1..=series_doses.max(last))
        .map(|dose| {
            let people = sum(dose, |c| c.people);
            let valid = sum(dose, |c| c.doses - c.invalid).min(people);
            // Without a denominator nothing tells whether the doses' numbers were known, so nothing follows from them.
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
                drop_out: left.zip(turn).and_then(|(left, turn)| percent_of(left, turn)),
            }
        })
        .collect();
    let at_last = doses.get(usize::from(series_doses) - 1);
    let finished = at_last.map_or(0, |line| line.people);
    let valid = at_last.map_or(0, |line| line.valid);
    let first = doses.first().map_or(0, |line| line.people);
    let is_due = at_last.is_some_and(|line| line.drop_out.is_some());
    let drop_out = (eligible.is_some() && series_doses > 1 && is_due)
        .then(|| Percent::of(signed(first) - signed(finished), signed(first)))
        .flatten();
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
        invalid: u64::try_from(counted.iter().map(|c| c.invalid).sum::<i64>()).unwrap_or(0),
        doses,
        flags,
    }
}

fn signed(people: u64) -> i64 {
    i64::try_from(people).unwrap_or(i64::MAX)
}

fn percent_of(part: u64, whole: u64) -> Option<Percent> {
    Percent::of(signed(part), signed(whole))
}

/// What a group still needs to reach its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Name of the group.
    pub group_name: String,
    /// People who shall have finished by the end.
    pub target: u64,
    /// People who have.
    pub finished: u64,
    /// Doses still to give so that the target is met.
    pub doses_left: u64,
    /// Days left.
    pub days_left: u64,
    /// Doses a day, rounded up.
    pub per_day: u64,
}

/// What each group with a target still needs, from its coverage at the top of the tree.
pub fn needs(campaign: &Campaign, at: &Coverage) -> Vec<Need> {
    let days_left = u64::try_from((campaign.end - at.as_of).num_days()).unwrap_or(0);
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
            let eligible: u64 = rows.iter().filter_map(|row| row.eligible).sum();
            let target = u64::from(ceil_of(u32::try_from(eligible).ok()?, share));
            let at_dose = |number: usize| -> u64 {
                rows.iter().filter_map(|row| row.doses.get(number)).map(|line| line.people).sum()
            };
            let doses_left: u64 = (0..campaign.series.dose_count())
                .map(|number| target.saturating_sub(at_dose(number)))
                .sum();
            Some(Need {
                group_name: group.name.clone(),
                target,
                finished: rows.iter().map(|row| row.complete.people).sum(),
                doses_left,
                days_left,
                per_day: doses_left.div_ceil(days_left.max(1)),
            })
        })
        .collect()
}

/// For each dose but the last, the last day from which the recommended interval to the next one has passed by `as_of`.
pub fn due_cutoffs(series: &Series, as_of: NaiveDate) -> Vec<(u8, NaiveDate)> {
    let waits =
        series.doses.iter().skip(1).map(|dose| {
            dose.interval_recommended.or(dose.interval_min).unwrap_or(Duration::days(0))
        });
    (1_u8..).zip(waits).map(|(dose, wait)| (dose, wait.before(as_of, series.month_end))).collect()
}

/// Totals added up as of a day; `due` as from [`due_cutoffs`].
pub fn counted_from(
    totals: &BTreeMap<TotalKey, Total>,
    as_of: NaiveDate,
    due: &[(u8, NaiveDate)],
) -> Vec<Counted> {
    let mut out: BTreeMap<(&AreaCode, &GroupId, u8), Counted> = BTreeMap::new();
    for (key, total) in totals.iter().filter(|(key, _)| key.day <= as_of) {
        let sum = out.entry((&key.area, &key.group, key.dose)).or_insert_with(|| Counted {
            area: key.area.clone(),
            group: key.group.clone(),
            dose: key.dose,
            people: 0,
            doses: 0,
            invalid: 0,
            today: 0,
            doses_today: 0,
            people_due_next: 0,
            exceeding: 0,
        });
        let people = total.doses - total.repeats;
        sum.people += people;
        sum.doses += total.doses;
        sum.invalid += total.invalid;
        sum.exceeding += total.exceeding;
        if key.day == as_of {
            sum.today += people;
            sum.doses_today += total.doses;
        }
        if due.iter().any(|(dose, day)| *dose == key.dose && key.day <= *day) {
            sum.people_due_next += people;
        }
    }
    out.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, date, day, eligible, length};
    use rust_decimal::Decimal;

    /// People who got a dose, as many doses, none of them on the as-of day.
    fn some(area: &str, group: &str, dose: u8, people: i64) -> Counted {
        Counted {
            area: area.into(),
            group: group.into(),
            dose,
            people,
            doses: people,
            invalid: 0,
            today: 0,
            doses_today: 0,
            people_due_next: 0,
            exceeding: 0,
        }
    }

    fn tree(campaign: &Campaign, as_of: i64, counted: &[Counted]) -> Coverage {
        coverage(campaign, day(as_of), counted, Depth::Tree, SitesReported::default())
    }

    fn row_of(counted: &[Counted], area: &str, group: &str) -> CoverageRow {
        tree(&county(), 30, counted).row(area, group).expect("a row").clone()
    }

    fn text(share: Option<Percent>) -> Option<String> {
        share.map(|share| share.to_string())
    }

    #[test]
    fn only_more_people_than_eligible_are_over_100_percent() {
        for (people, shown, flags) in [
            (999, "99.9", vec![]),
            (1000, "100.0", vec![]),
            (1001, "100.1", vec![Flag::Over100]),
            (1126, "112.6", vec![Flag::Over100]),
        ] {
            let row = row_of(&[some("S", "adult", 1, people)], "S", "adult");
            assert_eq!(text(row.doses[0].percent).as_deref(), Some(shown));
            assert_eq!(row.flags, flags, "{people} of 1000");
        }
        let second = row_of(&[some("S", "adult", 2, 1001)], "S", "adult");
        assert_eq!(second.flags, [Flag::Over100], "the second dose alone");
        assert_eq!(second.zero_dose, Some(1000));
        let first = row_of(&[some("S", "adult", 1, 1001)], "S", "adult");
        assert_eq!(first.zero_dose, Some(0), "never fewer than nobody");
    }

    #[test]
    fn shares_of_the_eligible_round_half_up() {
        for (people, shown) in [(1, "0.1"), (3, "0.2"), (5, "0.3"), (0, "0.0"), (1999, "100.0")] {
            let row =
                row_of(&[some("N", "adult", 1, people), some("S", "adult", 1, 0)], "C", "adult");
            assert_eq!(
                (row.eligible, text(row.doses[0].percent).as_deref()),
                (Some(2000), Some(shown))
            );
        }
    }

    #[test]
    fn an_area_counts_all_that_lies_below_it_and_nothing_else() {
        let counted =
            [some("N", "adult", 1, 4), some("V", "adult", 1, 2), some("S", "adult", 1, 1)];
        let found = tree(&county(), 30, &counted);
        let people = |area: &str| {
            let row = found.row(area, "adult").expect("a row");
            (row.eligible, row.doses[0].people, row.area_name.as_str().to_owned())
        };
        assert_eq!(people("C"), (Some(2000), 7, "area C".into()));
        assert_eq!(people("N"), (Some(1000), 6, "area N".into()));
        assert_eq!(people("V"), (Some(200), 2, "area V".into()));
        assert_eq!(people("S"), (Some(1000), 1, "area S".into()));
        assert_eq!(found.as_of, day(30));
        let campaign = county();
        let top = coverage(&campaign, day(30), &counted, Depth::Root, SitesReported::default());
        let areas: Vec<&str> = top.rows.iter().map(|row| row.area.as_str()).collect();
        assert_eq!(areas, ["C"; 5]);
        let groups: Vec<&str> = top.rows.iter().map(|row| row.group.as_str()).collect();
        assert_eq!(groups, ["adult", "senior", "other", "grown", "all"]);
        assert_eq!(top.rows[3].group_name, "set grown");
        assert_eq!((top.row("C", "none"), top.row("S", "adult")), (None, None));
    }

    #[test]
    fn a_group_set_adds_its_groups_up_and_has_no_denominator_where_one_of_them_has_none() {
        let counted =
            [some("S", "adult", 1, 30), some("S", "senior", 1, 50), some("S", "other", 1, 7)];
        let grown = row_of(&counted, "S", "grown");
        assert_eq!((grown.eligible, grown.doses[0].people), (Some(1100), 80));
        assert_eq!(text(grown.doses[0].percent).as_deref(), Some("7.3"));
        let all = row_of(&counted, "S", "all");
        assert_eq!((all.eligible, all.doses[0].people, all.doses[0].percent), (None, 37, None));
        assert_eq!(all.flags, [Flag::NoDenominator]);
    }

    #[test]
    fn without_a_denominator_nothing_follows_from_the_doses() {
        let mut first = some("S", "other", 1, 9);
        first.people_due_next = 9;
        let row = row_of(&[first, some("S", "other", 2, 4)], "S", "other");
        assert_eq!((row.eligible, row.zero_dose, row.drop_out), (None, None, None));
        assert_eq!(row.flags, [Flag::NoDenominator]);
        assert_eq!((row.complete.people, row.complete.percent), (4, None));
        for line in &row.doses {
            assert_eq!((line.percent, line.valid_percent), (None, None));
            assert_eq!((line.due_not_given, line.drop_out), (None, None));
        }
    }

    #[test]
    fn an_eligible_count_of_zero_is_known_but_has_no_share() {
        let mut campaign = county();
        campaign.eligible = vec![eligible("S", "adult", 0, None)];
        let found = tree(&campaign, 30, &[some("S", "adult", 1, 2)]);
        let row = found.row("S", "adult").expect("a row");
        assert_eq!((row.eligible, row.doses[0].percent), (Some(0), None));
        assert_eq!(row.flags, [Flag::Over100]);
    }

    #[test]
    fn the_denominator_is_the_one_that_was_known_on_the_as_of_day() {
        let mut campaign = county();
        campaign.eligible = vec![
            eligible("S", "adult", 100, None),
            eligible("S", "adult", 200, Some(5)),
            eligible("S", "adult", 400, Some(20)),
        ];
        let eligible_on = |as_of: i64| tree(&campaign, as_of, &[]).row("S", "adult").cloned();
        for (as_of, people) in [(0, 100), (4, 100), (5, 200), (19, 200), (20, 400), (50, 400)] {
            assert_eq!(
                eligible_on(as_of).and_then(|row| row.eligible),
                Some(people),
                "day {as_of}"
            );
        }
    }

    #[test]
    fn who_is_due_for_the_second_dose_and_has_not_got_it() {
        let mut first = some("S", "adult", 1, 100);
        first.people_due_next = 80;
        first.today = 6;
        let row = row_of(&[first.clone(), some("S", "adult", 2, 60)], "S", "adult");
        let [one, two] = &row.doses[..] else { panic!("two doses") };
        assert_eq!((one.due_not_given, one.drop_out, one.today), (Some(900), None, 6));
        assert_eq!((two.due_not_given, text(two.drop_out).as_deref()), (Some(20), Some("25.0")));
        // WHO: (first − last) / first.
        assert_eq!(text(row.drop_out).as_deref(), Some("40.0"));
        assert_eq!((row.complete.people, text(row.complete.percent).as_deref()), (60, Some("6.0")));
        let early = row_of(&[first.clone(), some("S", "adult", 2, 90)], "S", "adult");
        assert_eq!(early.doses[1].due_not_given, Some(0), "more came than were due");
        let more = row_of(&[first, some("S", "adult", 2, 130)], "S", "adult");
        assert_eq!(text(more.drop_out).as_deref(), Some("-30.0"), "negative drop-out is shown");
        let nobody = row_of(&[some("S", "adult", 1, 100)], "S", "adult");
        assert_eq!((nobody.doses[1].due_not_given, nobody.doses[1].drop_out), (Some(0), None));
        assert_eq!(nobody.drop_out, None, "nobody is due for the last dose yet");
    }

    #[test]
    fn nobody_is_due_for_a_first_dose_before_the_group_opens() {
        let campaign = county();
        let due = |as_of: i64, group: &str| {
            let found = tree(&campaign, as_of, &[]);
            found.row("S", group).expect("a row").doses[0].due_not_given
        };
        // Seniors open on day 10, adults with the campaign; a set when all its groups are open.
        assert_eq!((due(-1, "adult"), due(0, "adult")), (None, Some(1000)));
        assert_eq!((due(9, "senior"), due(10, "senior")), (None, Some(100)));
        assert_eq!((due(9, "grown"), due(10, "grown")), (None, Some(1100)));
        assert_eq!(tree(&campaign, 9, &[]).row("S", "senior").expect("a row").zero_dose, Some(100));
    }

    #[test]
    fn a_dose_that_does_not_count_is_no_protection() {
        let mut first = some("S", "adult", 1, 10);
        (first.doses, first.invalid) = (12, 5);
        let mut second = some("S", "adult", 2, 8);
        (second.doses, second.invalid) = (8, 3);
        let row = row_of(&[first, second], "S", "adult");
        assert_eq!((row.doses[0].people, row.doses[0].valid), (10, 7));
        assert_eq!(
            (row.doses[1].valid, text(row.doses[1].valid_percent).as_deref()),
            (5, Some("0.5"))
        );
        assert_eq!((row.complete.people, row.valid_complete.people), (8, 5));
        assert_eq!(text(row.valid_complete.percent).as_deref(), Some("0.5"));
        assert_eq!(row.invalid, 8);
        let mut repeats = some("S", "adult", 1, 10);
        repeats.doses = 12;
        let row = row_of(&[repeats], "S", "adult");
        assert_eq!(row.doses[0].valid, 10, "never more than people");
    }

    #[test]
    fn doses_beyond_the_series_are_shown_but_nobody_is_due_for_them() {
        let mut second = some("S", "adult", 2, 5);
        second.people_due_next = 5;
        let row = row_of(&[second, some("S", "adult", 3, 2)], "S", "adult");
        assert_eq!(row.doses.iter().map(|line| line.dose).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((row.doses[2].people, row.doses[2].due_not_given), (2, None));
        assert_eq!(row.complete.people, 5, "the last dose of the series completes it");
        let none = row_of(&[some("S", "adult", 3, 0)], "S", "adult");
        assert_eq!(none.doses.len(), 2);
    }

    #[test]
    fn a_register_with_more_doses_than_the_tally_is_flagged() {
        let mut one = some("S", "adult", 1, 5);
        one.exceeding = 1;
        assert_eq!(row_of(&[one.clone()], "S", "adult").flags, [Flag::PersonsExceedTally]);
        one.exceeding = 0;
        assert!(row_of(&[one], "S", "adult").flags.is_empty());
    }

    #[test]
    fn totals_are_added_up_to_the_as_of_day() {
        let total =
            |doses, repeats, invalid, exceeding| Total { doses, repeats, invalid, exceeding };
        let key = |dose, at: i64| TotalKey {
            area: "S".into(),
            group: "adult".into(),
            dose,
            day: day(at),
        };
        let totals = BTreeMap::from([
            (key(1, 1), total(10, 1, 2, 0)),
            (key(1, 2), total(20, 0, 0, 3)),
            (key(1, 30), total(5, 2, 1, 0)),
            (key(1, 31), total(99, 0, 0, 9)),
            (key(2, 29), total(4, 0, 0, 0)),
        ]);
        let due = due_cutoffs(&county().series, day(30));
        assert_eq!(due, [(1, day(2))]);
        let found = counted_from(&totals, day(30), &due);
        let first = Counted {
            people: 32,
            doses: 35,
            invalid: 3,
            today: 3,
            doses_today: 5,
            people_due_next: 29,
            exceeding: 3,
            ..some("S", "adult", 1, 0)
        };
        assert_eq!(found, [first, some("S", "adult", 2, 4)]);
    }

    #[test]
    fn the_next_dose_is_due_after_the_recommended_else_the_shortest_interval() {
        let mut series = county().series;
        assert_eq!(due_cutoffs(&series, day(28)), [(1, day(0))]);
        series.doses[1].interval_recommended = None;
        assert_eq!(due_cutoffs(&series, day(28)), [(1, day(7))]);
        series.doses[1].interval_min = None;
        assert_eq!(due_cutoffs(&series, day(28)), [(1, day(28))]);
        series.doses[1].interval_min = Some(length("1 month"));
        assert_eq!(due_cutoffs(&series, date("2021-03-01")), [(1, date("2021-02-01"))]);
        series.doses.push(series.doses[0].clone());
        assert_eq!(due_cutoffs(&series, day(0)).len(), 2, "nothing is due after the last dose");
    }

    #[test]
    fn what_a_group_needs_a_day_to_reach_its_target() {
        let mut campaign = county();
        campaign.groups[0].target = Some(Decimal::new(8005, 4));
        let counted = [some("N", "adult", 1, 1000), some("S", "adult", 2, 601)];
        let needs = |as_of: i64| needs(&campaign, &tree(&campaign, as_of, &counted));
        // ceil(0.8005 × 2000) = 1601; 601 first doses and 1000 second doses are missing.
        let at = |days_left, per_day| Need {
            group_name: "group adult".into(),
            target: 1601,
            finished: 601,
            doses_left: 1601,
            days_left,
            per_day,
        };
        assert_eq!(needs(30), [at(30, 54)]);
        assert_eq!(needs(59), [at(1, 1601)]);
        assert_eq!(needs(60), [at(0, 1601)], "all of it on the last day");
        assert_eq!(needs(70), [at(0, 1601)], "also after the end");
        campaign.groups[0].target = Some(Decimal::new(25, 2));
        let met = crate::domain::coverage::needs(&campaign, &tree(&campaign, 30, &counted));
        assert_eq!((met[0].target, met[0].doses_left, met[0].per_day), (500, 0, 0));
        assert!(
            crate::domain::coverage::needs(&county(), &tree(&county(), 30, &counted)).is_empty()
        );
    }
}
