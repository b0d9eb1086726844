//! Jobs that no daemon came for.

use super::runner::life;
use super::timetable::{Timetable, instants};
use crate::app::{App, Result, millis};
use crate::store::runs;
use chrono::{DateTime, TimeDelta, Utc};

/// A job due for longer than this waits for a daemon that does not come (our choice).
const OVERDUE: TimeDelta = TimeDelta::minutes(15);
/// Newest runs of a job that are searched for a waiting one.
const RUNS_LOOKED_AT: i64 = 50;

/// Jobs that should have run by now, as `campaign: job`.
pub async fn overdue(app: &App, timetable: &Timetable, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut late = Vec::new();
    let by = now - OVERDUE;
    for loaded in app.campaigns().await? {
        let campaign = &loaded.campaign;
        let (first, last) = instants(campaign.timezone, life(campaign));
        let mut tx = app.store.read().await?;
        for entry in &timetable.entries {
            // Before a daemon's first look nothing was its work.
            let mark = runs::watermark(&mut tx, loaded.no, entry.job).await?;
            let Some(mark) = mark.and_then(DateTime::from_timestamp_millis) else { continue };
            let from = mark.max(first - TimeDelta::seconds(1));
            let missing = !entry.between(campaign.timezone, from, by.min(last), 1).is_empty();
            let newest = runs::list(&mut tx, loaded.no, Some(entry.job), RUNS_LOOKED_AT).await?;
            let waits = newest.iter().any(|run| run.state.is_open() && run.due_at < millis(by));
            if missing || waits {
                late.push(format!("{}: {}", campaign.id, entry.job));
            }
        }
    }
    Ok(late)
}
