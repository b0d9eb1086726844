//! Work in parts of a fixed size, on all cores where it is large. The parts do not depend on the
//! number of threads and their sums are added in order, so that every machine gets the same bytes.

use rayon::prelude::*;

/// Lines of a part.
pub(super) const LINES: usize = 4096;
/// Fewer parts are not worth sharing.
const SHARED_MIN: usize = 4;

/// Works on every part and adds up what they give, in order.
pub(super) fn sum<T: Send>(parts: Vec<T>, work: impl Fn(T) -> f64 + Send + Sync) -> f64 {
    if parts.len() < SHARED_MIN {
        return parts.into_iter().map(work).sum();
    }
    let sums: Vec<f64> = parts.into_par_iter().map(work).collect();
    sums.iter().sum()
}

/// Every item's result, in order.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    shared_min: usize,
    work: impl Fn(&T) -> R + Send + Sync,
) -> Vec<R> {
    if items.len() < shared_min {
        return items.iter().map(work).collect();
    }
    items.par_iter().map(work).collect()
}

/// The parts of a list, each with the index of its first line.
pub(super) fn of(list: &mut [f64]) -> Vec<(usize, &mut [f64])> {
    list.chunks_mut(LINES).enumerate().map(|(i, part)| (i * LINES, part)).collect()
}

/// The parts of two lists of the same length.
pub(super) fn of_both<'a>(
    one: &'a mut [f64],
    other: &'a mut [f64],
) -> Vec<(usize, &'a mut [f64], &'a mut [f64])> {
    let pairs = one.chunks_mut(LINES).zip(other.chunks_mut(LINES));
    pairs.enumerate().map(|(i, (one, other))| (i * LINES, one, other)).collect()
}
