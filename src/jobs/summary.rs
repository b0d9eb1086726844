//! The morning summary to the coordinator.

use super::occasion::Occasion;
use crate::app::{App, Loaded, Result, today};
use crate::domain::job::{Job, JobReport};
use chrono::TimeDelta;

/// Queues the summary of the day before the due time.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<JobReport> {
    let as_of = today(&loaded.campaign, at.due) - TimeDelta::days(1);
    if as_of < loaded.campaign.start {
        return Ok(JobReport::NotBegun);
    }
    let missed = app.missed(loaded, Job::Summary, at.due).await?;
    let before = missed.map(|(a, b)| (a - TimeDelta::days(1), b - TimeDelta::days(1)));
    let queued = app.queue_summary(loaded, as_of, before, at.now).await?;
    Ok(if queued { JobReport::Summary { day: as_of } } else { JobReport::NothingNew })
}
