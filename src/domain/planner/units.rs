//! Vaccine in whole numbers: a scale on which every draw of one dose is an integer.

use crate::domain::stock::given_share;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The share of a drawn dose that is given, 1 − w, as a fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keep {
    over: u128,
    under: u128,
}

impl Keep {
    /// Everything drawn is given.
    pub(super) const ALL: Self = Self { over: 1, under: 1 };

    /// The share that wastage rate `rate` leaves; nothing if it is 1 or more.
    pub(super) fn after(rate: Decimal) -> Self {
        let keep = given_share(rate).normalize();
        let over = u128::try_from(keep.mantissa()).unwrap_or(0);
        let under = 10_u128.pow(keep.scale());
        let common = greatest_divisor(over, under).max(1);
        Self { over: over / common, under: under / common }
    }

    /// Vaccine doses drawn for one dose given; infinite if nothing is left.
    pub(super) fn draw_doses(self) -> f64 {
        self.under as f64 / self.over as f64
    }

    /// Whether more is wasted than in `other`.
    pub(super) fn is_worse(self, other: Self) -> bool {
        // Decimals have 28 digits at most, too many for a product of two: compared as real
        // numbers then.
        match (self.over.checked_mul(other.under), other.over.checked_mul(self.under)) {
            (Some(a), Some(b)) => a < b,
            _ => self.draw_doses() > other.draw_doses(),
        }
    }
}

/// How many units a vaccine dose has. Draws are exact if the wastage rates allow it, otherwise
/// rounded up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Units in a vaccine dose.
    pub(super) units: u64,
}

/// Amounts stay below this, so that sums of them cannot overflow.
const AMOUNT_MAX: u64 = 1 << 60;

impl Scale {
    /// The scale for draws at these wastage rates; `lots` and `store` are the vaccine doses of all
    /// lots and of the largest cold store.
    pub(super) fn of(rates: impl Iterator<Item = Decimal>, lots: u64, store: u32) -> Self {
        let most = AMOUNT_MAX / lots.max(u64::from(store)).max(1);
        let mut common: u128 = 1;
        for rate in rates {
            let over = Keep::after(rate).over.max(1);
            let factor = over / greatest_divisor(common, over);
            common = common.saturating_mul(factor);
        }
        let exact = u64::try_from(common).ok().filter(|&units| units <= most);
        Self { units: exact.unwrap_or(most) }
    }

    /// Units drawn for one dose given, rounded up; `None` if nothing of a drawn dose is given.
    pub(super) fn draw(self, keep: Keep) -> Option<u64> {
        if keep.over == 0 {
            return None;
        }
        match u128::from(self.units).checked_mul(keep.under) {
            Some(product) => product.div_ceil(keep.over).to_u64(),
            None => (self.units as f64 * keep.draw_doses()).ceil().to_u64(),
        }
    }

    /// Units in so many vaccine doses.
    pub(super) fn vaccine(self, doses: u32) -> u64 {
        u64::from(doses) * self.units
    }
}

fn greatest_divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_the_exact_fraction_in_lowest_terms() {
        let keep = Keep::after(Decimal::new(5, 2));
        assert_eq!((keep.over, keep.under), (19, 20));
        assert_eq!(Scale { units: 19 }.draw(keep), Some(20));
        assert_eq!(Scale { units: 19 }.draw(Keep::after(Decimal::ONE)), None);
        assert!(keep.is_worse(Keep::ALL));
    }

    #[test]
    fn the_scale_makes_every_draw_whole_and_gives_that_up_where_amounts_would_overflow() {
        let percents = |rates: &[i64]| -> Vec<Decimal> {
            rates.iter().map(|&rate| Decimal::new(rate, 2)).collect()
        };
        // 5 % and 10 % of waste keep 19/20 and 9/10: 171 units make both draws whole.
        let scale = Scale::of(percents(&[5, 10]).into_iter(), 200, 40);
        assert_eq!(scale.units, 19 * 9);
        assert_eq!(scale.draw(Keep::after(Decimal::new(5, 2))), Some(180));
        assert_eq!(scale.draw(Keep::after(Decimal::new(10, 2))), Some(190));
        assert_eq!(scale.draw(Keep::after(Decimal::new(50, 2))), Some(342));
        assert_eq!(scale.draw(Keep::after(Decimal::new(2, 1))), Some(214), "rounded up");
        assert_eq!(scale.vaccine(3), 513);
        let long = [Decimal::new(123_456_789_012_345_677, 18), Decimal::new(10, 2)];
        let most = AMOUNT_MAX / 200;
        let units = |store| Scale::of(long.into_iter(), 200, store).units;
        assert_eq!(units(40), most, "200 doses of a lot at most");
        assert_eq!(units(400), AMOUNT_MAX / 400);
    }

    #[test]
    fn more_waste_is_worse_even_where_the_fractions_are_long() {
        let keep = |digits: i64, scale| Keep::after(Decimal::new(digits, scale));
        assert!(keep(10, 2).is_worse(keep(9, 2)) && !keep(9, 2).is_worse(keep(10, 2)));
        assert!(!keep(10, 2).is_worse(keep(1, 1)), "the same");
        let long = |last| Keep::after(Decimal::from_i128_with_scale(10_i128.pow(27) + last, 28));
        assert!(keep(5, 1).is_worse(long(1)) && !long(1).is_worse(keep(5, 1)));
        assert!(Keep::after(Decimal::TWO).is_worse(keep(99, 2)), "nothing is left");
    }
}
