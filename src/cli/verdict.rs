//! Prints the verdict on a plan.

use super::Invocation;
use super::output::{Sheet, harmless};
use crate::app::verdict_words;
use crate::domain::campaign::Campaign;
use crate::domain::planner::GroupVerdict;
use crate::text::thousands;

/// Prints the targets as a table, and a sentence for each group that misses its target.
pub(super) fn print(invocation: &Invocation, campaign: &Campaign, verdict: &[GroupVerdict]) {
    let out = invocation.out;
    if verdict.is_empty() {
        return;
    }
    let mut targets = Sheet::new(&["group", "target_people", "planned_people", "short"]);
    for line in verdict {
        targets.push(vec![
            line.group.to_string(),
            thousands(line.target_people),
            thousands(line.planned_people),
            thousands(line.short),
        ]);
    }
    out.sheet(&targets);
    for sentence in verdict_words::sentences(out.language, campaign, verdict) {
        super::output::tell(&harmless(&sentence));
    }
}
