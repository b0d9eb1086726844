//! Reminders to people of the register.

use super::occasion::Occasion;
use crate::app::{App, Loaded, Result, today};
use crate::domain::job::{Job, JobReport};
use crate::domain::plan::is_over;
use chrono::TimeDelta;

/// Queues reminders to people whose session is on the day after the due time, or whose dose is overdue on its day.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<JobReport> {
    let day = today(&loaded.campaign, at.due);
    if is_over(&loaded.campaign, day) {
        return Ok(JobReport::Over);
    }
    let told = app.tell(loaded, at.now).await?;
    // They are about sessions of the day after: a campaign that begins then has its say.
    let days = (day, day + TimeDelta::days(1));
    if app.was_told(loaded, days, (Job::Reminders, at.due)).await? {
        return Ok(JobReport::Reminders { mails: told.people as u64 });
    }
    let all = app.one_voice(loaded, days).await?;
    let new = told.people + app.queue_reminders(&all, day, at.now).await?;
    Ok(JobReport::Reminders { mails: new as u64 })
}
