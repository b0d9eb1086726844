//! Numbers with digits after the point, as people read them: what rounds to nothing has no sign.

use std::borrow::Borrow;

/// A number with so many digits after the point.
#[must_use]
pub fn fixed(value: impl Borrow<f64>, digits: usize) -> String {
    let text = format!("{:.digits$}", value.borrow());
    match text.strip_prefix('-') {
        Some(rest) if is_zero(rest) => rest.to_owned(),
        _ => text,
    }
}

/// The same with its sign; nothing is `+0`.
#[must_use]
pub fn fixed_signed(value: impl Borrow<f64>, digits: usize) -> String {
    let text = format!("{:+.digits$}", value.borrow());
    match text.strip_prefix('-') {
        Some(rest) if is_zero(rest) => format!("+{rest}"),
        _ => text,
    }
}

fn is_zero(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '0' | '.'))
}

#[cfg(test)]
mod tests {
    use super::{fixed, fixed_signed};

    #[test]
    fn nothing_has_no_sign() {
        assert_eq!(fixed(-0.0, 2), "0.00");
        assert_eq!(fixed(-0.004, 2), "0.00");
        assert_eq!(fixed(-0.006, 2), "-0.01");
        assert_eq!(fixed(-0.4, 0), "0");
        assert_eq!(fixed(12.345, 1), "12.3");
        assert_eq!(fixed_signed(-0.0, 3), "+0.000");
        assert_eq!(fixed_signed(-0.04, 1), "+0.0");
        assert_eq!(fixed_signed(-1.5, 1), "-1.5");
        assert_eq!(fixed_signed(2.0, 0), "+2");
    }
}
