//! The time budget of a search, and who is told of its progress.

use super::SearchProgress;

/// The budget of a search.
pub(super) struct SearchBudget<'w> {
    /// Called after every round.
    pub(super) progress: &'w mut dyn FnMut(SearchProgress),
    /// Returns the share of the time limit that has passed; always 0 without a limit.
    pub(super) time_used: &'w mut dyn FnMut() -> f64,
}

/// How long a round of steps takes and when it must be over, as shares of the time limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The share that a round takes.
    pub(super) takes: f64,
    /// The share at which no further round may run.
    pub(super) until: f64,
}

impl SearchBudget<'_> {
    /// The share of the time that is used.
    pub(super) fn used(&mut self) -> f64 {
        (self.time_used)()
    }

    /// Reports how far the search has come.
    pub(super) fn tell(&mut self, step: u32, objective: f64, upper_bound: f64) {
        (self.progress)(SearchProgress { step, objective, upper_bound });
    }

    /// Whether something that takes the share `takes` can be done before the share `until` has
    /// passed. Always true without a limit.
    pub(super) fn has_time(&mut self, takes: f64, until: f64) -> bool {
        let used = self.used();
        used == 0.0 || used + takes < until
    }
}
