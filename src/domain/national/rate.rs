//! Rates as the official tables print them.

use serde::Serialize;
use std::fmt;

/// A percentage in hundredths, rounded half to even, shown with two decimals: 26 of 64 is `40.62`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TwoDecimals(u64);

impl TwoDecimals {
    /// `part` as a percentage of `whole`; `None` without a denominator.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        let whole = u128::from(whole);
        if whole == 0 {
            return None;
        }
        let scaled = u128::from(part) * 10_000;
        let (floor, rest) = (scaled / whole, scaled % whole);
        let is_up = rest * 2 > whole || (rest * 2 == whole && floor % 2 == 1);
        Some(Self(u64::try_from(floor + u128::from(is_up)).unwrap_or(u64::MAX)))
    }

    /// The percentage in hundredths: 4062 for 40.62 %.
    pub fn hundredths(self) -> u64 {
        self.0
    }

    /// The percentage as it is shown, as a number for a cell of a workbook.
    pub fn shown(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl fmt::Display for TwoDecimals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

impl Serialize for TwoDecimals {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_half_goes_to_the_even_digit() {
        for (part, whole, shown) in [
            (26, 64, "40.62"),
            (27, 64, "42.19"),
            (9, 17, "52.94"),
            (65, 276, "23.55"),
            (1, 32, "3.12"),
            (3, 32, "9.38"),
            (1011, 1428, "70.80"),
            (0, 5, "0.00"),
            (5, 5, "100.00"),
            (7, 5, "140.00"),
        ] {
            let rate = TwoDecimals::of(part, whole).map(|rate| rate.to_string());
            assert_eq!(rate.as_deref(), Some(shown), "{part} of {whole}");
        }
        assert_eq!(TwoDecimals::of(3, 0), None);
    }
}
