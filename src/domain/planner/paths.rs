//! The paths of people out of the columns of the compact program.

use super::compact::Compact;
use super::index::{ColumnIndex, Day, Per};
use super::prices::Market;
use super::quotas::CRUMB;

impl Compact {
    /// For each aggregate its paths with the people who take them: doses paired first in, first
    /// out.
    pub(super) fn paths(
        &self,
        market: &Market,
        x: &Per<ColumnIndex, f64>,
    ) -> Vec<Vec<(Vec<Day>, f64)>> {
        let mut all = Vec::with_capacity(self.aggregates.len());
        for (kind, doses) in self.aggregates.iter().zip(&self.doses) {
            let runs = |columns: &Per<Day, Option<ColumnIndex>>| -> Vec<(Day, f64)> {
                let amounts = columns.present().map(|(day, column)| (day, x[column]));
                amounts.filter(|(_, n)| *n > CRUMB).collect()
            };
            let mut paths: Vec<(Vec<Day>, f64)> = Vec::new();
            for (j, columns) in doses.iter().enumerate() {
                let next = runs(columns);
                paths = if j == 0 {
                    next.into_iter().map(|(d, n)| (vec![d], n)).collect()
                } else {
                    let windows = &market.programme_of(kind.reach).windows[kind.dose + j - 1];
                    pair(&paths, next, windows, kind.may_stop)
                };
            }
            all.push(paths);
        }
        all
    }
}

/// Gives each path its next dose, first in, first out; a day outside the window moves to the
/// window's edge.
fn pair(
    paths: &[(Vec<Day>, f64)],
    next: Vec<(Day, f64)>,
    windows: &Per<Day, (Day, Day)>,
    may_stop: bool,
) -> Vec<(Vec<Day>, f64)> {
    let mut out = Vec::new();
    let mut next = next.into_iter();
    let mut held: Option<(Day, f64)> = next.next();
    for (days, people) in paths {
        let mut left = *people;
        let Some(&day) = days.last() else { continue };
        let (low, high) = windows[day];
        if low > high {
            // Nobody who gets this dose that late can get the next: the day was moved there.
            out.push((days.clone(), left));
            continue;
        }
        while left > CRUMB {
            let Some((at, amount)) = held.as_mut() else { break };
            let taken = left.min(*amount);
            let to = (*at).clamp(low, high);
            let mut longer = days.clone();
            longer.push(to);
            out.push((longer, taken));
            left -= taken;
            *amount -= taken;
            if *amount <= CRUMB {
                held = next.next();
            }
        }
        if left > CRUMB {
            let mut longer = days.clone();
            if !may_stop {
                longer.push(high);
            }
            out.push((longer, left));
        }
    }
    out
}
