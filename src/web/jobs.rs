//! The jobs: what ran, what runs next, and the forms that run one now, hold sending and let it go on.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::problems::{self, Problem};
use crate::app::status::Status;
use crate::app::{AppError, run_words};
use crate::domain::job::{Job, RunNote, RunState};
use crate::jobs::runner::life;
use crate::store::installation::Hold;
use crate::store::runs::Run;
use askama::Template;
use axum::extract::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

/// The most runs that are shown; the command line shows all.
const ROWS_MAX: i64 = 80;
/// How often the page refreshes itself while something runs, in seconds, and while nothing does: whoever types a
/// reason without a script has time for it.
const LIVE_SECS: u32 = 5;
const QUIET_SECS: u32 = 60;
/// The longest reason of a hold.
const REASON_CHARS_MAX: usize = 120;

/// A choice of a form: value and text.
type Choice = (String, String);

#[derive(Template)]
#[template(path = "web/jobs.html")]
struct Main {
    t: T,
    wrong: String,
    action: String,
    /// Problems, each with where it is seen to; empty where nowhere.
    lines: Vec<(String, String)>,
    /// What holds sending; empty where nothing does.
    held: String,
    /// Whether the hold ends here, not at the command line.
    may_resume: bool,
    jobs_to_run: Vec<Choice>,
    runs_to_repeat: Vec<Choice>,
    tables: Vec<Table>,
}

/// What the page reads.
struct Found {
    status: Status,
    runs: Vec<Run>,
    hold: Option<Hold>,
}

/// The page.
pub(super) async fn jobs(context: PageContext) -> Result<Response, Refusal> {
    show(&context, String::new()).await
}

async fn show(context: &PageContext, wrong: String) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move {
        let app = context.app();
        let status = app.status(&context.loaded, Some(context.as_of), context.now).await?;
        let runs = app.runs(&context.loaded, ROWS_MAX).await?;
        Ok(Found { status, runs, hold: app.held(context.now).await? })
    };
    let found = context.cached("jobs", read).await?;
    let name = |job: Job| t.w(&format!("jobname-{job}"));
    let is_open = context.loaded.is_open;
    let choice = |job: Job| (job.word().to_owned(), name(job));
    let again = |run: &Run| {
        let due = local(campaign, run.due_at);
        let said = format!("{} {due}: {}", name(run.job), run_state(t, run.state));
        (run.id.to_string(), said)
    };
    let jobs = found.status.jobs.iter().map(|line| line.job);
    let repeatable = found.runs.iter().filter(|run| run.may_go_again());
    let main = Main {
        t,
        wrong,
        action: format!("{}&csrf={}", context.to("jobs"), context.visitor.csrf()),
        // A hold stands above, with the button that ends it.
        lines: found
            .status
            .problems
            .iter()
            .filter(|one| !matches!(one, Problem::Held { .. }))
            .map(|one| problem(context, one))
            .collect(),
        held: found.hold.as_ref().map(|hold| hold.words(t.0)).unwrap_or_default(),
        may_resume: found.hold.as_ref().is_some_and(|hold| !hold.why.is_copy()),
        jobs_to_run: jobs.filter(|_| is_open).map(choice).collect(),
        runs_to_repeat: repeatable.filter(|_| is_open).map(again).collect(),
        tables: vec![job_table(context, &found.status), run_table(context, &found.runs)],
    };
    let title = t.w("web-jobs");
    let page = Page::new(format!("{title} · {}", campaign.name), "jobs", &main);
    let page = page.with(main.tables);
    let works = found.runs.iter().any(|run| run.state.is_open());
    let live_secs = if works { LIVE_SECS } else { QUIET_SECS };
    Ok(context.show(Page { live_secs, ..page }))
}

/// A problem, and the page on which it is seen to.
fn problem(context: &PageContext, problem: &Problem) -> (String, String) {
    let t = context.t();
    match problem {
        // The terminal names a command in place of the page.
        Problem::Mail { state, count } => {
            let named = t.w(&format!("mail-state-{state}"));
            let said: [(&str, &dyn std::fmt::Display); 2] = [("word", &named), ("count", count)];
            (t.say("web-jobs-mail", &said), context.to("mail"))
        }
        other => (problems::words(t.0, other), String::new()),
    }
}

fn run_state(t: T, state: RunState) -> String {
    t.w(&format!("run-state-{}", state.word()))
}

fn class(state: RunState) -> &'static str {
    if state == RunState::Failed { "bad" } else { "" }
}

fn told(t: T, note: Option<&RunNote>) -> Cell {
    Cell::text(note.map(|note| run_words::words(t.0, note)).unwrap_or_default())
}

fn job_table(context: &PageContext, status: &Status) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let time = |at: Option<i64>| Cell::text(at.map(|at| local(campaign, at)).unwrap_or_default());
    let mut jobs = Table::of(t, "web-jobs", &["job", "next", "due", "state", "said"]);
    let entries = &context.site.timetable.entries;
    for job in &status.jobs {
        let entry = entries.iter().find(|entry| entry.job == job.job);
        let next =
            entry.and_then(|entry| entry.next(campaign.timezone, context.now, life(campaign)));
        jobs.rows.push(vec![
            Cell::head(t.w(&format!("jobname-{}", job.job))),
            time(next.map(|at| at.timestamp_millis())),
            time(job.due_at),
            Cell {
                class: job.state.map_or("", class),
                ..Cell::text(job.state.map(|state| run_state(t, state)).unwrap_or_default())
            },
            told(t, job.reason.as_ref()),
        ]);
    }
    jobs
}

fn run_table(context: &PageContext, runs: &[Run]) -> Table {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let mut all = Table::of(t, "web-runs", &["=job", "due", "=state", "said", "#attempt"]);
    for run in runs {
        all.rows.push(vec![
            Cell::head(t.w(&format!("jobname-{}", run.job))),
            Cell::text(local(campaign, run.due_at)),
            Cell { class: class(run.state), ..Cell::text(run_state(t, run.state)) },
            told(t, run.note.as_ref()),
            Cell::number(run.attempt.to_string()),
        ]);
    }
    all
}

/// What the forms ask for.
#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    job: Option<String>,
    run: Option<i64>,
    reason: Option<String>,
}

/// Runs a job, holds sending, or lets it go on.
pub(super) async fn act(
    mut context: PageContext,
    Form(given): Form<Given>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let to = context.to("jobs");
    // What is shown is the page of the jobs: its links lead there, not to this form.
    context.visitor.here.clone_from(&to);
    let (app, loaded, by, now) = (context.app(), &context.loaded, context.actor(), context.now);
    let bad = || Refusal::bad(t, t.w("web-bad-form"));
    let done = match given.what.as_str() {
        "run" => {
            let job = given.job.as_deref().and_then(Job::from_word).ok_or_else(bad)?;
            app.ask_run(loaded, job, by, now).await.map(|()| "asked")
        }
        "again" => {
            let run = given.run.ok_or_else(bad)?;
            app.run_again(loaded, run, by, now).await.map(|()| "asked")
        }
        "hold" => {
            let reason = given.reason.as_deref().unwrap_or_default().trim();
            if reason.is_empty() {
                return show(&context, t.w("web-jobs-no-reason")).await;
            }
            let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
            app.hold_sending(&reason, by, now).await.map(|()| "held")
        }
        "resume" => app.resume_sending(by, now).await.map(|()| "resumed"),
        _ => return Err(bad()),
    };
    context.site.desk.cache.forget();
    match done {
        Ok(done) => {
            context.site.asked.notify_one();
            Ok(Redirect::to(&format!("{to}&done={done}")).into_response())
        }
        Err(AppError::Refused(said)) => show(&context, said.words(t.0)).await,
        Err(error) => Err(context.refusal(&error)),
    }
}
