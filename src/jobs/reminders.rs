//! Reminders to people of the register.

use super::occasion::Occasion;
use crate::app::{App, Loaded, Result, today};
use crate::domain::job::{Job, JobReport};
use crate::domain::plan::is_over;

/// Queues reminders to people whose session is on the day after the due time, or whose dose is overdue on its day.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<JobReport> {
    let day = today(&loaded.campaign, at.due);
    if is_over(&loaded.campaign, day) {
        return Ok(JobReport::Over);
    }
    let told = app.tell(loaded, at.now).await?;
    if app.was_told(loaded, day, (Job::Reminders, at.due)).await? {
        return Ok(JobReport::Reminders { mails: told.people as u64 });
    }
    let all = app.one_voice(loaded, day).await?;
    let new = told.people + app.queue_reminders(&all, day, at.now).await?;
    Ok(JobReport::Reminders { mails: new as u64 })
}
