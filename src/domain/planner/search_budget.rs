//! Who watches a search, and how much of its time is used.

use super::SearchProgress;

/// The budget of a search.
pub(super) struct SearchBudget<'w> {
    /// Told of every look at the search.
    pub(super) progress: &'w mut dyn FnMut(SearchProgress),
    /// Tells the share of the time that is used; always 0 where there is no limit.
    pub(super) time_used: &'w mut dyn FnMut() -> f64,
}

/// How long a few steps take, and the share of the time at which they must be over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The share of the time that a round of steps takes.
    pub(super) takes: f64,
    /// The share at which there must be no more.
    pub(super) until: f64,
}

impl SearchBudget<'_> {
    /// The share of the time that is used.
    pub(super) fn used(&mut self) -> f64 {
        (self.time_used)()
    }

    /// Tells how far the search is.
    pub(super) fn tell(&mut self, step: u32, objective: f64, upper_bound: f64) {
        (self.progress)(SearchProgress { step, objective, upper_bound });
    }

    /// Whether something that takes so much can be done before a share of the time is used.
    /// Without a limit everything can.
    pub(super) fn has_time(&mut self, takes: f64, until: f64) -> bool {
        let used = self.used();
        used == 0.0 || used + takes < until
    }
}
