//! Shows the progress of a search on stderr.

use super::output::Out;
use crate::domain::planner::SearchProgress;
use std::time::Duration;

/// The part of a limit that is used; 0 without a limit.
pub(super) fn share_of(limit: Option<Duration>, used: Duration) -> f64 {
    match limit {
        None => 0.0,
        Some(Duration::ZERO) => f64::INFINITY,
        Some(limit) => used.as_secs_f64() / limit.as_secs_f64(),
    }
}

/// Prints the progress of a search on stderr.
pub(super) fn tell(out: Out, at: SearchProgress, used: Duration) {
    let seconds = format!("{:.1}", used.as_secs_f64());
    let objective = format!("{:.1}", at.objective);
    if !at.upper_bound.is_finite() {
        out.note("plan-progress-first", &[("seconds", &seconds), ("objective", &objective)]);
        return;
    }
    let bound = format!("{:.1}", at.upper_bound);
    let share = if at.upper_bound > 0.0 { 1.0 - at.objective / at.upper_bound } else { 0.0 };
    let gap = format!("{:.3}", share * 100.0);
    out.note(
        "plan-progress",
        &[("seconds", &seconds), ("objective", &objective), ("bound", &bound), ("gap", &gap)],
    );
}
