//! Percentages and rates: exact numbers, no floating point.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// People or doses as a percentage of people, one decimal, half up: `93.1`. `None` without a denominator.
pub fn percent(part: i64, whole: i64) -> Option<String> {
    (whole > 0).then(|| {
        let tenths =
            (i128::from(part) * 2000 + i128::from(whole)).div_euclid(2 * i128::from(whole));
        format!("{}{}.{}", if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10)
    })
}

/// `floor(people × rate)` in exact decimals.
pub fn floor_of(people: u32, rate: Decimal) -> u32 {
    (Decimal::from(people) * rate).floor().to_u32().unwrap_or(u32::MAX)
}

/// `ceil(people × rate)` in exact decimals.
pub fn ceil_of(people: u32, rate: Decimal) -> u32 {
    (Decimal::from(people) * rate).ceil().to_u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_one_decimal_and_round_half_up() {
        assert_eq!(percent(785_769, 844_005).as_deref(), Some("93.1"));
        assert_eq!(percent(1, 2000).as_deref(), Some("0.1"));
        assert_eq!(percent(9_995, 10_000).as_deref(), Some("100.0"));
        assert_eq!(percent(3, 2).as_deref(), Some("150.0"));
        assert_eq!(percent(3, 0), None);
    }

    #[test]
    fn shares_of_people_are_exact_decimals() {
        assert_eq!(floor_of(100, Decimal::new(29, 2)), 29);
        assert_eq!(ceil_of(10, Decimal::new(81, 2)), 9);
    }
}
