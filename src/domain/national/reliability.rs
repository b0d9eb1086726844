//! Whether figures can be believed: D值 (reported coverage against that by other denominators) and the results of
//! surveys, with their intervals.
//!
//! The text of 46 六 was not among the sources. D值 is read as the reported rate minus the rate that the same doses have
//! with a denominator from elsewhere: births of the year, or residents and a birth rate.

use super::cohort::AgeCount;
use super::rate::TwoDecimals;
use super::rules::NationalRules;
use serde::Serialize;
use std::fmt;

/// A number of children from another source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherDenominator {
    /// The code of the township or county.
    pub place: String,
    /// Born in this year.
    pub year: i32,
    /// So many.
    pub children: u64,
    /// Who says so; empty if that is not said.
    pub source: String,
}

/// A row of an age group against another denominator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReliabilityLine {
    /// The place, such as `township:T1`.
    pub place: String,
    /// Year of birth.
    pub born: i32,
    /// Completed years on 31 December.
    pub age: u8,
    /// The row of the cohort table, by its id.
    pub row: String,
    /// Children with the dose.
    pub done: u64,
    /// Children by the files.
    pub children: u64,
    /// Children by the other source.
    pub other: u64,
    /// The other source.
    pub source: String,
    /// Children by the files, in percent of the other source.
    pub found: Option<TwoDecimals>,
    /// The reported rate.
    pub reported: Option<TwoDecimals>,
    /// The rate by the other source; above 100 where it knows of fewer children than had the dose.
    pub estimated: Option<TwoDecimals>,
    /// D值: reported minus estimated, in percentage points.
    pub d_value: Option<String>,
}

/// D值 of every row that an age group has and that is about all its children.
pub fn reliability_lines(
    place: &str,
    (group, age): (&AgeCount, u8),
    other: &OtherDenominator,
    (rules, day): (&NationalRules, chrono::NaiveDate),
) -> Vec<ReliabilityLine> {
    let rows = rules.cohort.rows.iter().enumerate();
    let meant =
        rows.filter(|(_, row)| row.has_cell(age, day) && row.has_rate && row.only.is_none());
    meant
        .map(|(at, row)| {
            let with: u64 = row.rate_with.iter().map(|other| group.done(*other)).sum();
            let done = group.done(at) + with;
            let reported = TwoDecimals::of(done, group.children);
            let estimated = TwoDecimals::of(done, other.children);
            ReliabilityLine {
                place: place.to_owned(),
                born: other.year,
                age,
                row: row.id.clone(),
                done,
                children: group.children,
                other: other.children,
                source: other.source.clone(),
                found: TwoDecimals::of(group.children, other.children),
                reported,
                estimated,
                d_value: reported.zip(estimated).map(|(own, other)| difference(own, other)),
            }
        })
        .collect()
}

/// The difference of two rates as they are printed.
fn difference(one: TwoDecimals, other: TwoDecimals) -> String {
    let (one, other) = (i128::from(one.hundredths()), i128::from(other.hundredths()));
    let sign = if one < other { "-" } else { "" };
    let far = (one - other).abs();
    format!("{sign}{}.{:02}", far / 100, far % 100)
}

/// How an interval was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IntervalKind {
    /// Wilson's, of children who were drawn one by one.
    Wilson,
    /// From the differences between clusters (villages, units) that were drawn.
    Clusters,
}

impl fmt::Display for IntervalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wilson => "wilson",
            Self::Clusters => "clusters",
        })
    }
}

/// A share found by a survey, with its 95 % interval, in percent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SurveyShare {
    /// Yes.
    pub yes: u64,
    /// Children asked about.
    pub children: u64,
    /// The share.
    pub rate: Option<TwoDecimals>,
    /// Its lower end; `None` without children.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// How the interval was computed.
    pub interval: IntervalKind,
}

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

impl SurveyShare {
    /// The share of all clusters together: yes and children of each. One cluster: children drawn one by one.
    pub fn of(clusters: &[(u64, u64)]) -> Self {
        let yes: u64 = clusters.iter().map(|one| one.0).sum();
        let children: u64 = clusters.iter().map(|one| one.1).sum();
        let rate = TwoDecimals::of(yes, children);
        let filled: Vec<(f64, f64)> = clusters
            .iter()
            .filter(|one| one.1 > 0)
            .map(|one| (one.0 as f64, one.1 as f64))
            .collect();
        let kind = if filled.len() > 1 { IntervalKind::Clusters } else { IntervalKind::Wilson };
        let ends = match kind {
            _ if children == 0 => None,
            IntervalKind::Wilson => Some(wilson(yes as f64, children as f64)),
            IntervalKind::Clusters => Some(between_clusters(&filled)),
        };
        let percent = |share: f64| (share.clamp(0.0, 1.0) * 10_000.0).round() / 100.0;
        let (low, high) = (ends.map(|ends| percent(ends.0)), ends.map(|ends| percent(ends.1)));
        Self { yes, children, rate, low, high, interval: kind }
    }
}

/// Wilson's interval of a share.
fn wilson(yes: f64, children: f64) -> (f64, f64) {
    let share = yes / children;
    let scale = 1.0 + Z * Z / children;
    let middle = (share + Z * Z / (2.0 * children)) / scale;
    let half =
        Z / scale * (share * (1.0 - share) / children + Z * Z / (4.0 * children * children)).sqrt();
    (middle - half, middle + half)
}

/// The interval of a ratio of clusters: yes and children of each.
fn between_clusters(clusters: &[(f64, f64)]) -> (f64, f64) {
    let count = clusters.len() as f64;
    let (yes, children) =
        clusters.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let share = yes / children;
    let squares: f64 = clusters.iter().map(|one| (one.0 - share * one.1).powi(2)).sum();
    let half = Z * (count / (count - 1.0) * squares).sqrt() / children;
    (share - half, share + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_has_an_interval() {
        // Wilson's interval of 27 of 30, from a table: 74.4 to 96.5 %.
        let share = SurveyShare::of(&[(27, 30)]);
        assert_eq!(share.rate.map(|rate| rate.to_string()).as_deref(), Some("90.00"));
        assert_eq!((share.low, share.high), (Some(74.38), Some(96.54)));
        let all = SurveyShare::of(&[(30, 30)]);
        assert_eq!((all.low, all.high), (Some(88.65), Some(100.0)));
        assert_eq!(SurveyShare::of(&[]).low, None);
        // Clusters that agree leave no doubt, clusters that differ much leave more than single children.
        let alike = SurveyShare::of(&[(9, 10), (9, 10), (9, 10)]);
        assert_eq!((alike.low, alike.high), (Some(90.0), Some(90.0)));
        let apart = SurveyShare::of(&[(10, 10), (10, 10), (7, 10)]);
        assert_eq!(apart.interval, IntervalKind::Clusters);
        assert!(apart.low.expect("an end") < 74.38, "{apart:?}");
    }

    #[test]
    fn a_difference_has_its_sign() {
        let rate = |part, whole| TwoDecimals::of(part, whole).expect("a rate");
        assert_eq!(difference(rate(95, 100), rate(90, 100)), "5.00");
        assert_eq!(difference(rate(90, 100), rate(9_505, 10_000)), "-5.05");
        assert_eq!(difference(rate(1, 2), rate(1, 2)), "0.00");
    }
}
