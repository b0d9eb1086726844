//! Conversions between counts, indices and real numbers, each in one place and saturating.

/// Doses out of vaccine units; more than `u32::MAX` doses are as good as that many.
pub(super) fn doses(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A count as an index.
pub(super) fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The whole part of a real number of doses, 0 where it is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates and is exact for whole numbers in range"
)]
pub(super) fn whole(n: f64) -> u32 {
    n.max(0.0) as u32
}

/// A real number of doses that is whole already, 0 where it is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates and is exact for whole numbers in range"
)]
pub(super) fn counted(n: f64) -> u64 {
    n.max(0.0) as u64
}

/// The whole part of a real number, with its sign.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates and is exact for whole numbers in range"
)]
pub(super) fn signed(n: f64) -> i64 {
    n as i64
}
