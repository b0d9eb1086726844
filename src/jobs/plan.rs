//! The nightly re-plan: from what was really given, a draft; adopted where the campaign lets it.

use super::runner::Occasion;
use crate::app::plans::Search;
use crate::app::{App, Loaded, Result, today};
use crate::domain::campaign::Adopt;
use crate::domain::permission::Actor;
use crate::domain::plan::is_over;
use crate::domain::planner::Limits;

/// Plans from the day on which it runs: yesterday cannot be planned any more.
pub(super) async fn run(
    app: &App,
    loaded: &Loaded,
    at: Occasion,
    limits: Limits,
) -> Result<String> {
    let day = today(&loaded.campaign, at.now);
    if is_over(&loaded.campaign, day) {
        return Ok("the campaign is over".to_owned());
    }
    // Bounded by steps, never by the clock: the same night gives the same plan.
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let by = Actor::Job("plan");
    let made = app.make_plan(loaded, None, by, search, at.now).await?;
    let doses = made.plan.figures.doses;
    if loaded.campaign.adopt == Adopt::Ask {
        return Ok(format!("draft {} with {doses} doses waits to be adopted", made.no));
    }
    let adopted = app.adopt_plan(loaded, Some(made.no), by, at.now).await?;
    Ok(format!(
        "adopted plan {} with {doses} doses; {} people assigned anew, {} stay",
        adopted.no,
        adopted.people.new.len(),
        adopted.people.kept
    ))
}
