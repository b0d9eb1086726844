//! Counts with their units, and exact shares of them. No floating point decides anything here.
//!
//! **People** (人) and **doses** (剂次) are different things: two doses may be one person. Their types
//! keep them apart, and a share is always of like by like.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[derive(Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// None.
            pub const ZERO: Self = Self(0);

            /// How many more these are than `other`; zero where they are not.
            #[must_use]
            pub fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// These as a percentage of `whole`; `None` where `whole` is zero.
            pub fn percent_of(self, whole: Self) -> Option<Percent> {
                Percent::of(signed(self.0), signed(whole.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
                Self(counts.map(|count| count.0).sum())
            }
        }

        impl From<u32> for $name {
            fn from(count: u32) -> Self {
                Self(count.into())
            }
        }

        /// The bare number, to be shown.
        impl From<$name> for i128 {
            fn from(count: $name) -> Self {
                count.0.into()
            }
        }
    )+};
}

counts! {
    /// People (人).
    People,
    /// Doses, given or planned (剂次).
    Doses,
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A percentage: the exact ratio of two counts, shown with one decimal, half up: `93.1`.
///
/// It is above 100 where more people came than the denominator knows, and below 0 where a drop-out
/// is negative. Two percentages are equal where the ratios are, whatever they were made of. It is
/// serialised as the text that it is shown as.
#[derive(Debug, Clone, Copy)]
pub struct Percent {
    part: i64,
    /// Above zero.
    whole: i64,
}

impl Percent {
    /// `part` as a percentage of `whole`; `None` without a denominator, that is where `whole` is not
    /// above zero.
    pub fn of(part: i64, whole: i64) -> Option<Self> {
        (whole > 0).then_some(Self { part, whole })
    }

    /// The percentage in tenths, half up: 931 for 93.1 %.
    pub fn tenths(self) -> i64 {
        let (part, whole) = (i128::from(self.part), i128::from(self.whole));
        let tenths = (part * 2000 + whole).div_euclid(2 * whole);
        i64::try_from(tenths).unwrap_or(if tenths < 0 { i64::MIN } else { i64::MAX })
    }

    /// The percentage as it is shown, as a number: 93.1. For the length of a bar, a colour, a cell of
    /// a workbook.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 9 × 10^15 tenths")]
    pub fn shown(self) -> f64 {
        self.tenths() as f64 / 10.0
    }

    /// Whether the part is larger than the whole.
    pub fn is_over_100(self) -> bool {
        self.part > self.whole
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.tenths();
        let sign = if tenths < 0 { "-" } else { "" };
        let size = tenths.unsigned_abs();
        f.pad(&format!("{sign}{}.{}", size / 10, size % 10))
    }
}

impl PartialEq for Percent {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Percent {}

impl PartialOrd for Percent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Percent {
    fn cmp(&self, other: &Self) -> Ordering {
        let cross = |part: i64, whole: i64| i128::from(part) * i128::from(whole);
        cross(self.part, other.whole).cmp(&cross(other.part, self.whole))
    }
}

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `floor(people × rate)` in exact decimals; `u32::MAX` where the product does not fit.
pub fn floor_of(people: u32, rate: Decimal) -> u32 {
    (Decimal::from(people) * rate).floor().to_u32().unwrap_or(u32::MAX)
}

/// `ceil(people × rate)` in exact decimals; `u32::MAX` where the product does not fit.
pub fn ceil_of(people: u32, rate: Decimal) -> u32 {
    (Decimal::from(people) * rate).ceil().to_u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(part: i64, whole: i64) -> Option<String> {
        Percent::of(part, whole).map(|percent| percent.to_string())
    }

    #[test]
    fn percentages_have_one_decimal_and_round_half_up() {
        let cases = [
            ((785_769, 844_005), "93.1"),
            ((1, 2000), "0.1"),
            ((1, 2001), "0.0"),
            ((9_994, 10_000), "99.9"),
            ((9_995, 10_000), "100.0"),
            ((1, 1), "100.0"),
            ((3, 2), "150.0"),
            ((0, 7), "0.0"),
            ((-1, 3), "-33.3"),
            // Half up is towards more, also below zero.
            ((-1, 2000), "0.0"),
            ((-3, 2000), "-0.1"),
            ((-5, 100), "-5.0"),
            ((i64::MAX, 1), "922337203685477580.7"),
        ];
        for ((part, whole), shown) in cases {
            assert_eq!(percent(part, whole).as_deref(), Some(shown), "{part} of {whole}");
        }
    }

    #[test]
    fn without_a_denominator_there_is_no_percentage() {
        assert_eq!(Percent::of(3, 0), None);
        assert_eq!(Percent::of(0, 0), None);
        assert_eq!(Percent::of(3, -1), None);
        assert_eq!(People(3).percent_of(People::ZERO), None);
        assert_eq!(Doses(1).percent_of(Doses(8)).map(Percent::tenths), Some(125));
    }

    #[test]
    fn percentages_compare_by_their_exact_ratio_not_by_what_is_shown() {
        let of = |part, whole| Percent::of(part, whole).expect("a denominator");
        assert_eq!(of(1, 2), of(500, 1000));
        assert!(of(1, 3) > of(333, 1000));
        assert_eq!(of(1, 3).to_string(), of(333, 1000).to_string());
        assert!(of(-1, 3) < of(0, 3));
        let mut sorted = [of(3, 2), of(-1, 2), of(1, 1)];
        sorted.sort();
        assert_eq!(sorted.map(|percent| percent.to_string()), ["-50.0", "100.0", "150.0"]);
    }

    #[test]
    fn over_100_begins_above_exactly_100() {
        let over = |part, whole| Percent::of(part, whole).map(Percent::is_over_100);
        assert_eq!(over(9_999, 10_000), Some(false));
        assert_eq!(over(10_000, 10_000), Some(false));
        assert_eq!(over(10_001, 10_000), Some(true));
    }

    #[test]
    fn a_percentage_is_serialised_as_its_text_and_counts_as_numbers() {
        let value = serde_json::json!([People(3).percent_of(People(4)), People(3), Doses(7)]);
        assert_eq!(value.to_string(), r#"["75.0",3,7]"#);
        let shown = Percent::of(785_769, 844_005).map(Percent::shown);
        assert_eq!(shown, "93.1".parse().ok());
        assert_eq!(format!("{:>7}|", Percent::of(1, 2).expect("a half")), "   50.0|");
    }

    #[test]
    fn counts_add_up_and_never_go_below_zero() {
        let mut people: People = [People(2), People(3)].into_iter().sum();
        people += People::from(4_u32);
        assert_eq!(people + People(1), People(10));
        assert_eq!(Doses(3).saturating_sub(Doses(5)), Doses::ZERO);
        assert_eq!(Doses(5).saturating_sub(Doses(3)).to_string(), "2");
    }

    #[test]
    fn shares_of_people_are_exact_decimals() {
        assert_eq!(floor_of(100, Decimal::new(29, 2)), 29);
        assert_eq!(floor_of(10, Decimal::new(19, 2)), 1);
        assert_eq!(ceil_of(10, Decimal::new(81, 2)), 9);
        assert_eq!(ceil_of(10, Decimal::new(8, 1)), 8);
        assert_eq!(floor_of(u32::MAX, Decimal::TWO), u32::MAX);
        assert_eq!(ceil_of(u32::MAX, Decimal::TWO), u32::MAX);
    }
}
