//! The evening digests to site and team leads.

use super::runner::Occasion;
use crate::app::{App, Loaded, Result, today};
use chrono::TimeDelta;

/// Tells of the sessions on the day after its due time.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<String> {
    let day = today(&loaded.campaign, at.due);
    let tomorrow = day + TimeDelta::days(1);
    if tomorrow > loaded.campaign.end || tomorrow < loaded.campaign.start {
        return Ok("no sessions tomorrow: the campaign does not run".to_owned());
    }
    if today(&loaded.campaign, at.now) > tomorrow {
        return Ok(format!("too late: {tomorrow} has passed"));
    }
    let missed = app.missed(loaded, "digest", at.due).await?;
    let (new, silent) = app.queue_digests(loaded, day, missed, at.now).await?;
    let tail = if silent.is_empty() {
        String::new()
    } else {
        format!("; {} leads without an address", silent.len())
    };
    Ok(format!("{new} digests of {day} queued{tail}"))
}
