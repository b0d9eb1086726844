//! Which doses given count.

use super::duration::Duration;
use super::model::Series;
use chrono::NaiveDate;

/// A dose given, as far as the rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// When.
    pub date: NaiveDate,
    /// The last day of use of its lot, where the lot is known.
    pub expires: Option<NaiveDate>,
}

/// What the rules say of one dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// When it was given.
    pub date: NaiveDate,
    /// The dose of the series that it was given as, from 1; larger than the series where it came on top.
    pub number: u8,
    /// Why it does not count; empty when it does.
    pub faults: Vec<Fault>,
}

impl Evaluated {
    /// Whether it counts.
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Why a dose does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Given before the shortest age.
    TooYoung {
        /// The shortest age.
        age_min: Duration,
        /// The first day on which it would have counted.
        from: NaiveDate,
    },
    /// Given too soon after the dose before.
    TooSoon {
        /// Days since the dose before.
        days: i64,
        /// The shortest interval.
        interval_min: Duration,
        /// The first day on which it would have counted.
        from: NaiveDate,
    },
    /// The lot was past its last day of use.
    Expired {
        /// That day.
        expires: NaiveDate,
    },
    /// The series was complete already.
    Extra,
}

/// Evaluates a person's doses in the order given. `doses` is sorted by date.
///
/// A dose that does not count is repeated: the next one has its number. Intervals run from the dose before,
/// whether that one counted or not.
pub fn evaluate(series: &Series, born: NaiveDate, doses: &[Given]) -> Vec<Evaluated> {
    let mut valid = 0_usize;
    let mut previous: Option<NaiveDate> = None;
    let mut out = Vec::with_capacity(doses.len());
    for given in doses {
        let faults = match series.doses.get(valid) {
            None => vec![Fault::Extra],
            Some(rule) => faults_of(series, rule, born, previous, given),
        };
        let number = u8::try_from(valid + 1).unwrap_or(u8::MAX);
        valid += usize::from(faults.is_empty());
        previous = Some(given.date);
        out.push(Evaluated { date: given.date, number, faults });
    }
    out
}

fn faults_of(
    series: &Series,
    rule: &super::SeriesDose,
    born: NaiveDate,
    previous: Option<NaiveDate>,
    given: &Given,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let early = Duration { months: -series.grace.months, days: -series.grace.days };
    let floor = |start: NaiveDate, wait: &Duration| {
        early.after(wait.after(start, series.month_end), series.month_end)
    };
    if let Some(age_min) = rule.min_age {
        let from = floor(born, &age_min);
        if given.date < from {
            faults.push(Fault::TooYoung { age_min, from });
        }
    }
    if let (Some(interval_min), Some(previous)) = (rule.interval_min, previous) {
        let from = floor(previous, &interval_min);
        if given.date < from {
            faults.push(Fault::TooSoon {
                days: (given.date - previous).num_days(),
                interval_min,
                from,
            });
        }
    }
    if let Some(expires) = given.expires.filter(|last| given.date > *last) {
        faults.push(Fault::Expired { expires });
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        toml::from_str(
            r#"
            id = "two"
            name = "two doses"
            source = "test"
            [[doses]]
            protection = 0.6
            min_age = "12 years"
            [[doses]]
            protection = 1.0
            interval_min = "21 days"
            "#,
        )
        .expect("a series")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn given(text: &str) -> Given {
        Given { date: day(text), expires: None }
    }

    #[test]
    fn a_second_dose_on_day_20_does_not_count_and_is_repeated() {
        let born = day("1980-01-01");
        let got = evaluate(
            &series(),
            born,
            &[given("2021-05-01"), given("2021-05-21"), given("2021-06-11"), given("2021-08-01")],
        );
        let brief: Vec<_> = got.iter().map(|e| (e.number, e.is_valid())).collect();
        assert_eq!(brief, [(1, true), (2, false), (2, true), (3, false)]);
        assert!(matches!(got[1].faults[..], [Fault::TooSoon { days: 20, .. }]));
        assert_eq!(got[3].faults, [Fault::Extra]);
    }

    #[test]
    fn a_dose_before_the_shortest_age_or_of_a_lot_past_its_last_day_does_not_count() {
        let got = evaluate(&series(), day("2010-06-01"), &[given("2022-05-31")]);
        assert!(matches!(got[0].faults[..], [Fault::TooYoung { .. }]));
        let late = Given { date: day("2022-06-02"), expires: Some(day("2022-06-01")) };
        assert!(matches!(
            evaluate(&series(), day("2010-06-01"), &[late])[0].faults[..],
            [Fault::Expired { .. }]
        ));
    }
}
