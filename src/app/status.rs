//! `doseplan status`: the state of a campaign on one screen.

use super::coverage::AsOf;
use super::problems::Problem;
use super::{App, Loaded, Result, today};
use crate::domain::attention::{self, PlanProgress, plan_progress};
use crate::domain::coverage::{Coverage, Depth, Need, coverage, needs};
use crate::domain::job::{Job, JobReport, RunNote, RunState};
use crate::domain::message::MailState;
use crate::domain::plan::PlanState;
use crate::store::runs::Run;
use crate::store::{Tx, doubtful, installation, outbox, plans, relays, runs, unrest};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

/// What `status` shows.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Id of the campaign.
    pub campaign: String,
    /// Its name.
    pub name: String,
    /// Today, in the campaign's time zone.
    pub today: NaiveDate,
    /// The last day that is counted: yesterday unless asked otherwise.
    pub as_of: NaiveDate,
    /// First planning day.
    pub start: NaiveDate,
    /// Last planning day.
    pub end: NaiveDate,
    /// Doses given up to the as-of day.
    pub doses: i64,
    /// Doses of the as-of day alone.
    pub doses_today: i64,
    /// Doses that the first adopted plan had by the as-of day.
    pub planned: u64,
    /// Doses given up to the as-of day to the groups that the plan has.
    pub done: u64,
    /// Doses that the first adopted plan has in all.
    pub planned_total: u64,
    /// Number of the adopted plan; `None` without one.
    pub plan: Option<i64>,
    /// Number of the newest draft; `None` without one.
    pub draft: Option<i64>,
    /// Coverage at the top of the tree.
    pub coverage: Coverage,
    /// What each group with a target still needs.
    pub needs: Vec<Need>,
    /// Jobs with their newest run; the one for schools where the campaign goes to schools.
    pub jobs: Vec<JobLine>,
    /// Mails by state.
    pub mail: Vec<(MailState, u64)>,
    /// Problems that somebody should look at.
    pub problems: Vec<Problem>,
}

/// A job and its newest run.
#[derive(Debug, Serialize)]
pub struct JobLine {
    /// Its name.
    pub job: Job,
    /// When the newest run was due, milliseconds since 1970.
    pub due_at: Option<i64>,
    /// How it ended; `None` where the job never ran.
    pub state: Option<RunState>,
    /// What it did, or why it was passed over or failed.
    #[serde(serialize_with = "as_stored_words")]
    pub reason: Option<RunNote>,
}

/// JSON has what a run did in English, whatever language the reader has: scripts look at it.
#[expect(clippy::ref_option, reason = "serde hands over the field as it is")]
fn as_stored_words<S: serde::Serializer>(
    note: &Option<RunNote>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    note.as_ref().map(super::run_words::stored_words).serialize(serializer)
}

impl App {
    /// The state of a campaign at `now`. Without `as_of`, doses are counted up to yesterday, since today's reports are
    /// not complete, and at most up to the campaign's last day.
    pub async fn status(
        &self,
        loaded: &Loaded,
        as_of: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Status> {
        let campaign = &loaded.campaign;
        let day = today(campaign, now);
        let as_of = as_of.unwrap_or_else(|| (day - TimeDelta::days(1)).min(campaign.end));
        let basis = self.basis(loaded, AsOf::day(as_of)).await?;
        let has_schools = self.has_schools(loaded).await?;
        let mut tx = self.store.read().await?;
        let curve = super::notices::summary::baseline_curve(&mut tx, loaded).await?;
        let at = plan_progress(campaign, &basis.counted, &curve, as_of);
        let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        let draft = plans::newest(&mut tx, loaded.no, PlanState::Draft).await?;
        let mut jobs = Vec::new();
        for job in Job::ALL {
            let newest = runs::list(&mut tx, loaded.no, Some(job), 1).await?.into_iter().next();
            if job == Job::Schools && !has_schools && !newest.as_ref().is_some_and(has_news) {
                continue;
            }
            jobs.push(JobLine {
                job,
                due_at: newest.as_ref().map(|run| run.due_at),
                state: newest.as_ref().map(|run| run.state),
                reason: newest.and_then(|run| run.note),
            });
        }
        let mail = outbox::counts(&mut tx).await?;
        let hold = installation::get(&mut tx).await?.and_then(|found| found.hold);
        let sites = basis.sites;
        let mut problems = problems(at, &jobs, &mail);
        problems
            .extend(attention::late_sites(campaign, &sites, (as_of, day)).and_then(Problem::of));
        let waiting = doubtful::list(&mut tx, loaded.no).await?;
        let waiting = waiting.iter().map(|held| &held.what);
        problems.extend(attention::doubtful(campaign, waiting).and_then(Problem::of));
        problems.extend(attention::no_plan(campaign, adopted.is_some(), day).and_then(Problem::of));
        let broken = unrest::find(&mut tx, loaded.no).await?.filter(|found| found.total() > 0);
        problems.extend(broken.map(|found| Problem::PlanBroken {
            seats: found.total(),
            withdrawn: found.withdrawn,
            draft: found.draft,
        }));
        problems.extend(hold.map(|hold| Problem::Held { remedy: hold.remedy(), hold }));
        problems.extend(self.relay_problems(&mut tx).await?);
        let figures = coverage(campaign, as_of, &basis.counted, Depth::Root, sites);
        Ok(Status {
            needs: needs(campaign, &figures),
            campaign: campaign.id.to_string(),
            name: campaign.name.clone(),
            today: day,
            as_of,
            start: campaign.start,
            end: campaign.end,
            doses: basis.counted.iter().map(|c| c.doses).sum(),
            doses_today: basis.counted.iter().map(|c| c.doses_today).sum(),
            planned: at.planned,
            done: at.done,
            planned_total: at.planned_total,
            plan: adopted.map(|head| head.no),
            draft: draft.map(|head| head.no),
            coverage: figures,
            jobs,
            mail,
            problems,
        })
    }
}

impl App {
    /// What is wrong with the mail server and the services of the configuration.
    pub async fn relay_problems(&self, tx: &mut Tx) -> Result<Vec<Problem>> {
        let names = self.relay_names();
        let is_used = |relay: &str| names.iter().any(|(_, known)| known == relay);
        let all = relays::all(tx).await?;
        let down = all.into_iter().filter(|(relay, state)| state.is_down() && is_used(relay));
        let problem = |(relay, state): (String, crate::domain::relay::Relay)| Problem::Relay {
            relay,
            cause: state.cause,
            said: state.last_error.unwrap_or_default(),
            until: state.paused_until,
        };
        Ok(down.map(problem).collect())
    }

    /// What needs somebody at once, read in a moment: no doses are counted for it.
    pub async fn urgent(&self, loaded: &Loaded) -> Result<Vec<Problem>> {
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        for job in Job::ALL {
            let newest = runs::list(&mut tx, loaded.no, Some(job), 1).await?.into_iter().next();
            if newest.is_some_and(|run| run.state == RunState::Failed) {
                out.push(Problem::JobFailed { job });
            }
        }
        for (state, count) in outbox::counts(&mut tx).await? {
            if state == MailState::InDoubt && count > 0 {
                out.push(Problem::Mail { state, count });
            }
        }
        let waiting = doubtful::list(&mut tx, loaded.no).await?;
        let waiting = waiting.iter().map(|held| &held.what);
        out.extend(attention::doubtful(&loaded.campaign, waiting).and_then(Problem::of));
        let broken = unrest::find(&mut tx, loaded.no).await?.filter(|found| found.total() > 0);
        out.extend(broken.map(|found| Problem::PlanBroken {
            seats: found.total(),
            withdrawn: found.withdrawn,
            draft: found.draft,
        }));
        out.extend(self.relay_problems(&mut tx).await?);
        Ok(out)
    }
}

/// Whether a run failed, or sent something.
fn has_news(run: &Run) -> bool {
    let sent = matches!(&run.note, Some(RunNote::Report(JobReport::Schools { .. })));
    sent || run.state == RunState::Failed
}

fn problems(at: PlanProgress, jobs: &[JobLine], mail: &[(MailState, u64)]) -> Vec<Problem> {
    let mut out: Vec<_> = attention::behind_plan(at).and_then(Problem::of).into_iter().collect();
    for line in jobs.iter().filter(|line| line.state == Some(RunState::Failed)) {
        out.push(Problem::JobFailed { job: line.job });
    }
    for (state, count) in mail.iter().filter(|(state, _)| state.needs_attention()) {
        out.push(Problem::Mail { state: *state, count: *count });
    }
    out
}
