//! Shows the progress of a search on stderr, and ends it at Ctrl-C with the best plan so far.

use super::output::Out;
use crate::domain::figure::fixed;
use crate::domain::planner::SearchProgress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The part of a limit that is used; 0 without a limit.
pub(super) fn share_of(limit: Option<Duration>, used: Duration) -> f64 {
    match limit {
        None => 0.0,
        Some(Duration::ZERO) => f64::INFINITY,
        Some(limit) => used.as_secs_f64() / limit.as_secs_f64(),
    }
}

/// A search that a command shows and ends: at its limit, or at Ctrl-C.
pub(super) struct Watch {
    out: Out,
    limit: Option<Duration>,
    started: Instant,
    interrupt: Interrupt,
}

impl Watch {
    /// Begins with a limit in seconds.
    pub(super) fn begin(out: Out, seconds: Option<u64>) -> Self {
        let limit = seconds.map(Duration::from_secs);
        Self { out, limit, started: Instant::now(), interrupt: Interrupt::listen(out) }
    }

    /// The part of the time that is used; all of it after Ctrl-C.
    pub(super) fn share(&self) -> f64 {
        self.interrupt.share_of(self.limit, self.started.elapsed())
    }

    /// Prints how far the search is.
    pub(super) fn tell(&self, at: SearchProgress) {
        tell(self.out, at, self.started.elapsed());
    }

    /// Says that the plan is the best until Ctrl-C, where that is so.
    pub(super) fn end(&self) {
        self.interrupt.tell(self.out, self.started.elapsed());
    }
}

/// Exit code of a command that Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// Ends a search at the first Ctrl-C, so that its best plan is kept. The second one gives it up.
struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    fn listen(out: Out) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let to_end = Arc::clone(&ended);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            to_end.store(true, Ordering::Relaxed);
            out.note("plan-ending", &[]);
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(INTERRUPTED);
            }
        });
        Self(ended)
    }

    fn share_of(&self, limit: Option<Duration>, used: Duration) -> f64 {
        if self.0.load(Ordering::Relaxed) { f64::INFINITY } else { share_of(limit, used) }
    }

    fn tell(&self, out: Out, used: Duration) {
        if self.0.load(Ordering::Relaxed) {
            let seconds = fixed(used.as_secs_f64(), 1);
            out.note("plan-ended", &[("seconds", &seconds)]);
        }
    }
}

/// Prints the progress of a search on stderr.
pub(super) fn tell(out: Out, at: SearchProgress, used: Duration) {
    let seconds = fixed(used.as_secs_f64(), 1);
    let objective = fixed(at.objective, 1);
    if !at.upper_bound.is_finite() {
        out.note("plan-progress-first", &[("seconds", &seconds), ("objective", &objective)]);
        return;
    }
    let bound = fixed(at.upper_bound, 1);
    let share = if at.upper_bound > 0.0 { 1.0 - at.objective / at.upper_bound } else { 0.0 };
    let gap = fixed(share * 100.0, 3);
    out.note(
        "plan-progress",
        &[("seconds", &seconds), ("objective", &objective), ("bound", &bound), ("gap", &gap)],
    );
}
