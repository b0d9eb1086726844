//! The morning summary to the coordinator.

use super::occasion::Occasion;
use crate::app::{App, Loaded, Result, today};
use crate::domain::job::{Job, JobReport};
use chrono::TimeDelta;

/// Queues the summaries of the day before the due time, of all campaigns in one.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<JobReport> {
    let as_of = today(&loaded.campaign, at.due) - TimeDelta::days(1);
    if as_of < loaded.campaign.start {
        return Ok(JobReport::NotBegun);
    }
    if app.was_told(loaded, (as_of, as_of), (Job::Summary, at.due)).await? {
        return Ok(JobReport::NothingNew);
    }
    let missed = app.missed(loaded, Job::Summary, at.due).await?;
    let before = missed.map(|(a, b)| (a - TimeDelta::days(1), b - TimeDelta::days(1)));
    let all = app.one_voice(loaded, (as_of, as_of)).await?;
    let new = app.queue_summaries(&all, as_of, before, at.now).await?;
    Ok(if new > 0 { JobReport::Summary { day: as_of } } else { JobReport::NothingNew })
}
