//! Reminders to persons.

use super::runner::Occasion;
use crate::app::{App, Loaded, Result, today};
use crate::domain::plan::is_over;

/// Writes to those whose session is tomorrow or whose dose is overdue, on the day of its due time.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<String> {
    let day = today(&loaded.campaign, at.due);
    if is_over(&loaded.campaign, day) {
        return Ok("the campaign is over".to_owned());
    }
    let new = app.queue_reminders(loaded, day, at.now).await?;
    Ok(format!("{new} reminders queued"))
}
