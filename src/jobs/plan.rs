//! The nightly plan: a draft made from the doses really given, adopted where the campaign says `adopt = "auto"`
//! and no count is in doubt.

use super::occasion::Occasion;
use crate::app::plans::Search;
use crate::app::{App, Loaded, Result, today};
use crate::domain::campaign::Adopt;
use crate::domain::job::{Job, JobReport};
use crate::domain::permission::Actor;
use crate::domain::plan::is_over;
use crate::domain::planner::Limits;

/// Plans from today on: a late run cannot plan the days that have passed. Today's sessions stay as people were told.
pub(super) async fn run(
    app: &App,
    loaded: &Loaded,
    at: Occasion,
    limits: Limits,
) -> Result<JobReport> {
    let day = today(&loaded.campaign, at.now);
    if is_over(&loaded.campaign, day) {
        return Ok(JobReport::Over);
    }
    // The search is limited by steps, never by time, so the same input gives the same plan.
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let by = Actor::Job(Job::Plan);
    let made = app.make_plan(loaded, None, by, search, at.now).await?;
    let doses = made.plan.figures.doses;
    if loaded.campaign.adopt == Adopt::Ask {
        app.note_draft(loaded, made.no, at.now).await?;
        return Ok(JobReport::Draft { plan: made.no, doses });
    }
    // What was built on a mistyped count, or lacks the right one, is for somebody to decide.
    let counts = app.doubtful(loaded).await?.len() as u64;
    if counts > 0 {
        app.note_draft(loaded, made.no, at.now).await?;
        return Ok(JobReport::Doubtful { plan: made.no, doses, counts });
    }
    let adopted = app.adopt_plan(loaded, Some(made.no), by, at.now).await?;
    app.tell(loaded, at.now).await?;
    let (assigned, kept) = (adopted.people.new.len() as u64, adopted.people.kept as u64);
    Ok(JobReport::Adopted { plan: adopted.no, doses, assigned, kept })
}
