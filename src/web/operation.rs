//! The queue of mail and the jobs, for those who run the installation.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::{problems, run_words};
use crate::domain::audit::Action;
use crate::domain::job::{RunNote, RunState};
use crate::jobs::runner::life;
use askama::Template;
use axum::response::Response;

/// The most mails and runs that are shown; the command line shows all.
const ROWS_MAX: i64 = 80;
const LIVE_SECS: u32 = 5;

#[derive(Template)]
#[template(path = "web/tables.html")]
struct Main {
    head: String,
    live: bool,
    lines: Vec<String>,
    tables: Vec<Table>,
}

/// The queue of mail. It shows addresses, so each look goes to the audit log.
pub(super) async fn mail(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move {
        context.app().mail_queue(&context.loaded, ROWS_MAX).await
    };
    let found = context.cached("mail", read).await?;
    let (who, id) = (&context.visitor.account.name, campaign.id.as_str());
    let said = format!("{} mails", found.newest.len());
    let noted =
        context.app().note_audit(who, Action::SeeMail, (Some(id), &said), context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    let mut states = Table::of(t, "web-states", &["state", "#mails"]);
    for (state, count) in &found.counts {
        states.rows.push(vec![
            Cell::head(t.w(&format!("mail-state-{}", state.word()))),
            Cell::count(*count),
        ]);
    }
    let newest = Table::of(
        t,
        "web-newest-mails",
        &["#id", "due", "=state", "=kind", "=channel", "to", "subject"],
    );
    // Addresses are searched for by nobody's address line.
    let mut newest = Table { is_private: true, ..newest };
    for mail in &found.newest {
        newest.rows.push(vec![
            Cell::head(mail.id.to_string()),
            Cell::text(local(campaign, mail.due_at)),
            Cell::text(t.w(&format!("mail-state-{}", mail.state.word()))),
            Cell::text(t.w(&format!("mail-kind-{}", mail.kind.word()))),
            Cell::text(channel(t, &mail.channel)),
            Cell::text(mail.to.clone()),
            Cell::text(mail.subject.clone()),
        ]);
    }
    let title = t.w("web-mail");
    let hold = found.hold.as_ref().map(|hold| held(t, &hold.words(t.0), hold.remedy()));
    let relays = found.relays.iter().map(|problem| problems::words(t.0, problem));
    let main = Main {
        head: format!("<h1>{}</h1>", crate::characters::escaped(&title)),
        live: false,
        lines: hold.into_iter().chain(relays).collect(),
        tables: vec![states, newest],
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "mail", &main);
    Ok(context.show(page.with(main.tables)))
}

fn run_state(t: T, state: RunState) -> String {
    t.w(&format!("run-state-{}", state.word()))
}

/// The name of a channel: mail has one in every language, services have the configuration's.
fn channel(t: T, channel: &str) -> String {
    if channel == "mail" { t.w("mail-channel-mail") } else { channel.to_owned() }
}

fn held(t: T, said: &str, remedy: &str) -> String {
    t.say("problem-held", &[("said", &said), ("remedy", &remedy)])
}

/// The jobs: the newest run of each, and all runs.
pub(super) async fn jobs(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let read = |context: PageContext| async move {
        let status =
            context.app().status(&context.loaded, Some(context.as_of), context.now).await?;
        let runs = context.app().runs(&context.loaded, ROWS_MAX).await?;
        Ok((status, runs))
    };
    let found = context.cached("jobs", read).await?;
    let (status, runs) = &*found;
    let time = |at: Option<i64>| Cell::text(at.map(|at| local(campaign, at)).unwrap_or_default());
    let class = |state| if state == RunState::Failed { "bad" } else { "" };
    let told = |note: Option<&RunNote>| {
        Cell::text(note.map(|note| run_words::words(t.0, note)).unwrap_or_default())
    };
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
            told(job.reason.as_ref()),
        ]);
    }
    let mut all = Table::of(t, "web-runs", &["=job", "due", "=state", "said", "#attempt"]);
    for run in runs {
        all.rows.push(vec![
            Cell::head(t.w(&format!("jobname-{}", run.job))),
            time(Some(run.due_at)),
            Cell { class: class(run.state), ..Cell::text(run_state(t, run.state)) },
            told(run.note.as_ref()),
            Cell::number(run.attempt.to_string()),
        ]);
    }
    let title = t.w("web-jobs");
    let main = Main {
        head: format!("<h1>{}</h1>", crate::characters::escaped(&title)),
        live: true,
        lines: status.problems.iter().map(|problem| problems::words(t.0, problem)).collect(),
        tables: vec![jobs, all],
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "jobs", &main);
    let page = page.with(main.tables);
    Ok(context.show(Page { live_secs: LIVE_SECS, ..page }))
}
