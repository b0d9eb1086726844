//! Deterministic parallel work: parts of a fixed size, on all cores if there are many. The parts do
//! not depend on the number of threads and their sums are added in order, so every machine gets the
//! same bytes.

use rayon::prelude::*;

/// Lines of a part.
pub(super) const LINES: usize = 2048;
/// Fewer parts than this are not worth sharing among cores.
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

#[cfg(test)]
mod tests {
    use super::super::index::{ColumnIndex, ListIndex as _};
    use super::super::pdhg::{Pdhg, Program};
    use super::LINES;

    /// A program that is large enough to be shared: many rows with three columns each.
    fn program() -> Program {
        let mut program = Program::default();
        let columns = 5 * LINES + 7;
        for column in 0..columns {
            let worth = 1.0 + (column * 7919 % 1000) as f64 / 1000.0;
            program.column(-worth, 4.0, 1.0);
        }
        for row in 0..columns {
            let row_index = program.row(3.0 + (row % 5) as f64, false, 1.0);
            for (step, value) in [(0, 1.0), (131, 0.3), (1009, 0.7)] {
                program.entry(row_index, ColumnIndex::of((row + step) % columns), value);
            }
        }
        program
    }

    #[test]
    fn any_number_of_threads_finds_the_same_numbers_to_the_last_bit() {
        let with = |threads: usize| -> Vec<u64> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| {
                let mut method = Pdhg::new(program());
                for _ in 0..4 {
                    method.run(16);
                }
                let point = method.average();
                point.x.iter().chain(&point.y).map(|number| number.to_bits()).collect()
            })
        };
        let one = with(1);
        assert!(one.iter().any(|bits| *bits != 0));
        assert_eq!(one, with(2));
        assert_eq!(one, with(5));
    }
}
