//! The evening digests to site and team leads.

use super::occasion::Occasion;
use crate::app::{App, Loaded, Result, today};
use crate::domain::job::{Job, JobReport};
use chrono::TimeDelta;

/// Queues the digests about the sessions of the day after the due time, of all campaigns in one; on the evening of the
/// last day leads read that there is none.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<JobReport> {
    let day = today(&loaded.campaign, at.due);
    let tomorrow = day + TimeDelta::days(1);
    // After the last day there is still to be said that tomorrow there is nothing, and that today is to be reported.
    if day > loaded.campaign.end || tomorrow < loaded.campaign.start {
        return Ok(JobReport::NoSessions);
    }
    if today(&loaded.campaign, at.now) > tomorrow {
        return Ok(JobReport::TooLate { day: tomorrow });
    }
    if app.was_told(loaded, (day, tomorrow), (Job::Digest, at.due)).await? {
        return Ok(JobReport::NothingNew);
    }
    let all = app.one_voice(loaded, (day, tomorrow)).await?;
    // What broke since is mended first, so that the mail is true.
    app.mend_all(&all, at.now).await?;
    app.tell_all(&all, at.now).await?;
    let missed = app.missed(loaded, Job::Digest, at.due).await?;
    let (new, silent) = app.queue_digests(&all, day, missed, at.now).await?;
    Ok(JobReport::Digests { day, mails: new as u64, silent: silent.len() as u64 })
}
