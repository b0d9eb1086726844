//! The monthly lists to schools: who missed a visit.

use super::occasion::Occasion;
use crate::app::school_mails::ListSent;
use crate::app::schools::PaperKind;
use crate::app::{App, Loaded, Result, today};
use crate::domain::job::{Job, JobReport};
use crate::domain::permission::Actor;
use chrono::TimeDelta;

/// Queues the list of each school of a campaign: those who missed a visit by the end of the day before the due time.
pub(super) async fn run(app: &App, loaded: &Loaded, at: Occasion) -> Result<JobReport> {
    let until = today(&loaded.campaign, at.due) - TimeDelta::days(1);
    if until < loaded.campaign.start {
        return Ok(JobReport::NotBegun);
    }
    let what = (PaperKind::Missed(until), None);
    let sent = app.send_school_papers(loaded, what, (Actor::Job(Job::Schools), at.now)).await?;
    let count = |of: &[ListSent]| sent.iter().filter(|one| of.contains(&one.sent)).count() as u64;
    let mails = count(&[ListSent::Queued]);
    let silent = count(&[ListSent::NoContact, ListSent::Unroutable]);
    let has_news = mails + silent > 0;
    Ok(if has_news { JobReport::Schools { mails, silent } } else { JobReport::NothingNew })
}
