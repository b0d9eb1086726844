//! The nightly plan: a draft made from the doses really given, adopted where the campaign says `adopt = "auto"`
//! and no count is in doubt.

use super::occasion::Occasion;
use crate::app::mending::Waits;
use crate::app::plans::Search;
use crate::app::{App, Loaded, Result, today};
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
    // Campaigns that share places are planned together, by the first of their jobs that are due at one time.
    let all = app.together(loaded, at.now).await?;
    if app.was_planned(loaded, &all, at.due).await? {
        return Ok(JobReport::NothingNew);
    }
    // The search is limited by steps, never by time, so the same input gives the same plan.
    let search = Search { limits, progress: &mut |_| {}, time_used: &mut || 0.0 };
    let by = Actor::Job(Job::Plan);
    let made = app.make_for(&all, None, by, search, at.now).await?;
    let (plan, doses) = (made.of(loaded).unwrap_or_default(), made.doses);
    let staff_places = made.staff_places;
    match app.waits(&all).await? {
        Some(Waits::Asked) => {
            app.note_drafts(&made, at.now).await?;
            Ok(JobReport::Draft { plan, doses, staff_places })
        }
        Some(Waits::Doubtful(counts)) => {
            app.note_drafts(&made, at.now).await?;
            Ok(JobReport::Doubtful { plan, doses, counts })
        }
        None => {
            let (mut assigned, mut kept) = (0, 0);
            let done = app.adopt_made(&made, by, at.now).await?;
            let changed: Vec<Loaded> = done.iter().map(|(one, _)| one.clone()).collect();
            app.tell_all(&changed, at.now).await?;
            for (_, adopted) in done {
                assigned += adopted.people.new.len() as u64;
                kept += adopted.people.kept as u64;
            }
            Ok(JobReport::Adopted { plan, doses, assigned, kept, staff_places })
        }
    }
}
