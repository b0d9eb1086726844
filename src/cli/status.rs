//! `doseplan status`.

use super::output::{Format, Sheet, Tone, harmless, percent};
use super::{Invocation, exit, parse_day};
use crate::app::problems::Problem;
use crate::app::run_words::words;
use crate::app::status::Status as Value;
use crate::app::{App, Loaded};
use crate::domain::campaign::Language;
use crate::domain::count::Percent;
use crate::domain::id::PlaceCode;
use crate::domain::job::RunNote;
use crate::text::{thousands, word};
use chrono::NaiveDate;
use clap::Args;
use std::time::Duration;

/// One screen: campaign, day, plan against done, late sites, jobs, mail.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// As of the end of this day [default: yesterday]
    #[arg(long, value_parser = parse_day)]
    as_of: Option<NaiveDate>,
    /// Exit with code 11 if anything needs attention
    #[arg(long)]
    check: bool,
    /// Repeat every so many seconds until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10",
          value_parser = clap::value_parser!(u64).range(1..=86_400), conflicts_with = "check")]
    watch: Option<u64>,
}

/// Clears a terminal and moves to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

impl Status {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        if let Some(seconds) = self.watch {
            return self.watch(&invocation, Duration::from_secs(seconds)).await;
        }
        let (app, meant) = invocation.meant(None).await?;
        let found = self.states(&invocation, &app, meant).await?;
        show(&invocation, &found);
        let bad = self.check && found.iter().any(|(_, status)| !status.problems.is_empty());
        Ok(if bad { exit::BELOW } else { exit::OK })
    }

    /// The state of each campaign.
    async fn states(
        &self,
        invocation: &Invocation,
        app: &App,
        meant: Vec<Loaded>,
    ) -> anyhow::Result<Vec<(Loaded, Value)>> {
        let mut out = Vec::with_capacity(meant.len());
        for loaded in meant {
            let status = app.status(&loaded, self.as_of, invocation.clock.now()).await?;
            out.push((loaded, status));
        }
        Ok(out)
    }
}

/// Shows each campaign: on a screen one after the other; in JSON one alone, or a list of several.
fn show(invocation: &Invocation, found: &[(Loaded, Value)]) {
    match (invocation.out.format, found) {
        (Format::Table, found) => {
            for (at, (loaded, status)) in found.iter().enumerate() {
                if at > 0 {
                    super::output::print("\n");
                }
                screen(invocation, loaded, status);
            }
        }
        (_, [(_, only)]) => invocation.out.thing(only),
        (_, found) => {
            invocation.out.thing(&found.iter().map(|(_, status)| status).collect::<Vec<_>>());
        }
    }
}

impl Status {
    /// Shows the status again and again; on a terminal each one replaces the last.
    async fn watch(&self, invocation: &Invocation, pause: Duration) -> anyhow::Result<u8> {
        // One listener for all rounds, so that no signal is missed.
        let mut end = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            let (app, meant) = invocation.meant(None).await?;
            let found = self.states(invocation, &app, meant).await?;
            app.store.close().await;
            if invocation.out.format == Format::Table && super::output::is_terminal() {
                super::output::print(CLEAR);
            }
            show(invocation, &found);
            // Nobody looks any more.
            if super::output::is_lost() {
                return Ok(exit::OK);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = &mut end => return Ok(exit::OK),
            }
        }
    }
}

/// Prints the screen.
pub(super) fn screen(invocation: &Invocation, loaded: &Loaded, status: &Value) {
    let out = invocation.out;
    let over =
        if loaded.is_open { String::new() } else { format!(" · {}", out.word("campaign-over")) };
    let mut text = format!("{} ({}){over}\n", harmless(&status.name), status.campaign);
    let mut line = |key: &str, arguments: &[(&str, &dyn std::fmt::Display)]| {
        text.push_str(&out.say(key, arguments));
        text.push('\n');
    };
    let (doses, today) = (thousands(status.doses), thousands(status.doses_today));
    line(
        "status-days",
        &[("start", &status.start), ("end", &status.end), ("today", &status.today)],
    );
    let key = if status.doses_today == 0 && status.coverage.sites.is_silent() {
        "status-doses-unreported"
    } else {
        "status-doses"
    };
    line(key, &[("as_of", &status.as_of), ("doses", &doses), ("today", &today)]);
    let share = |part: u64, whole: u64| {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        percent(Percent::of(signed(part), signed(whole)))
    };
    line(
        "status-progress",
        &[
            ("planned", &thousands(status.planned)),
            ("done", &thousands(status.done)),
            ("percent", &share(status.done, status.planned)),
        ],
    );
    let sites = &status.coverage.sites;
    let missing: Vec<&str> = sites.missing.iter().map(PlaceCode::as_str).collect();
    let missing = if missing.is_empty() { "–".to_owned() } else { missing.join(" ") };
    line(
        "status-sites",
        &[("reported", &sites.reported), ("expected", &sites.expected), ("missing", &missing)],
    );
    let number = |no: Option<i64>| no.map_or_else(|| "–".to_owned(), |no| no.to_string());
    line("status-plan", &[("plan", &number(status.plan)), ("draft", &number(status.draft))]);
    let mail: Vec<String> = status
        .mail
        .iter()
        .map(|(state, count)| format!("{} {count}", out.word(&format!("mail-state-{state}"))))
        .collect();
    let mail = if mail.is_empty() { "–".to_owned() } else { mail.join(" · ") };
    line("status-mail", &[("mail", &mail)]);
    super::output::print(&text);
    out.sheet(&jobs(loaded, status, out.language));
    super::coverage::print_figures(invocation, loaded, &status.coverage, false);
    let mut needs = Sheet::new(&["group", "target_people", "finished", "doses_left", "per_day"]);
    for need in &status.needs {
        needs.push(vec![
            harmless(&need.group_name),
            thousands(need.target),
            thousands(need.finished),
            thousands(need.doses_left),
            thousands(need.per_day),
        ]);
    }
    if !needs.is_empty() {
        out.sheet(&needs);
    }
    for problem in &status.problems {
        let line = super::output::toned(&format!("! {}", said(invocation, problem)), Tone::Bad);
        super::output::tell(&line);
    }
}

/// Every job with its last run.
fn jobs(loaded: &Loaded, status: &Value, language: Language) -> Sheet {
    let told = |note: &RunNote| words(language, note);
    let mut sheet = Sheet::new(&["job", "due", "state", "said"]);
    let local = |at| super::job::local(loaded.campaign.timezone, at);
    for job in &status.jobs {
        sheet.push(vec![
            word(language, &format!("jobname-{}", job.job)),
            job.due_at.map(local).unwrap_or_default(),
            job.state
                .map(|state| word(language, &format!("run-state-{state}")))
                .unwrap_or_default(),
            job.reason.as_ref().map(told).unwrap_or_default(),
        ]);
    }
    sheet
}

fn said(invocation: &Invocation, problem: &Problem) -> String {
    let out = invocation.out;
    match problem {
        Problem::BehindPlan { planned, done } => out.say(
            "problem-behind-plan",
            &[("planned", &thousands(*planned)), ("done", &thousands(*done))],
        ),
        Problem::LateSites { missing } => out.say("problem-late-sites", &[("count", missing)]),
        Problem::DoubtfulCounts { counts } => {
            let records = counts.iter().map(|count| harmless(count.record.as_str()));
            let records = records.collect::<Vec<_>>().join(", ");
            out.say("problem-doubtful", &[("count", &counts.len()), ("records", &records)])
        }
        Problem::NoPlan => out.word("problem-no-plan"),
        Problem::PlanBroken { seats, withdrawn, draft: None } => {
            out.say("problem-plan-broken", &[("seats", seats), ("withdrawn", withdrawn)])
        }
        Problem::PlanBroken { seats, withdrawn, draft: Some(draft) } => out.say(
            "problem-plan-waits",
            &[("seats", seats), ("withdrawn", withdrawn), ("draft", draft)],
        ),
        Problem::JobFailed { job } => out.say("problem-job-failed", &[("job", job)]),
        Problem::Held { hold, remedy } => {
            let said = hold.words(out.language);
            out.say("problem-held", &[("said", &said), ("remedy", remedy)])
        }
        Problem::Relay { relay, cause, said, .. } => super::mails::relay(out, relay, *cause, said),
        Problem::Mail { state, count } => {
            let word = out.word(&format!("mail-state-{state}"));
            out.say("problem-mail", &[("state", state), ("word", &word), ("count", count)])
        }
    }
}
