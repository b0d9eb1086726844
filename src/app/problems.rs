//! The problems of `doseplan status`, and their words for pages and cards.

use crate::domain::attention::{Attention, DoubtfulLine};
use crate::domain::campaign::Language;
use crate::domain::job::Job;
use crate::domain::message::MailState;
use crate::domain::refusal::Cause;
use crate::mail::safe;
use crate::store::installation::Hold;
use crate::text::{say, thousands, word};
use serde::Serialize;

/// A problem; `status --check` exits with 11 where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// Fewer doses were given than planned, by more than the limit.
    BehindPlan {
        /// Doses planned by then.
        planned: u64,
        /// Doses given.
        done: u64,
    },
    /// Seats of the plan in force do not stand: places are shut, or vaccine is not there.
    PlanBroken {
        /// Seats.
        seats: u64,
        /// Appointments that were withdrawn.
        withdrawn: u64,
        /// The draft that mends it and waits to be adopted; `None`: it is being made.
        draft: Option<i64>,
    },
    /// Sites were open on the as-of day and have not reported.
    LateSites {
        /// How many.
        missing: usize,
    },
    /// Counts that nobody can mean wait to be confirmed or corrected.
    DoubtfulCounts {
        /// Which.
        counts: Vec<DoubtfulLine>,
    },
    /// No plan is adopted though the campaign runs.
    NoPlan,
    /// The newest run of a job failed.
    JobFailed {
        /// The job.
        job: Job,
    },
    /// Sending of mail is held.
    Held {
        /// Why, and since when.
        #[serde(flatten)]
        hold: Hold,
        /// The command that ends it.
        remedy: &'static str,
    },
    /// The mail server cannot be used, or does not want mail from us; everything stays queued.
    Relay {
        /// The server.
        relay: String,
        /// Why it does not want us; `None` if it could not be reached.
        cause: Option<Cause>,
        /// What it said.
        said: String,
        /// When it is tried again, milliseconds since 1970.
        until: i64,
    },
    /// Mails wait for somebody: in doubt, failed, bounced or unroutable.
    Mail {
        /// The state.
        state: MailState,
        /// How many.
        count: u64,
    },
}

impl Problem {
    /// What needs attention, as this screen shows it; `None` for what only the summary and the dashboard show.
    pub(super) fn of(attention: Attention) -> Option<Self> {
        match attention {
            Attention::BehindPlan { planned, done } => Some(Self::BehindPlan { planned, done }),
            Attention::LateSites(names) => Some(Self::LateSites { missing: names.len() }),
            Attention::DoubtfulCounts(counts) => Some(Self::DoubtfulCounts { counts }),
            Attention::NoPlan => Some(Self::NoPlan),
            _ => None,
        }
    }
}

/// A problem in a sentence.
pub fn words(language: Language, problem: &Problem) -> String {
    match problem {
        Problem::BehindPlan { planned, done } => say(
            language,
            "problem-behind-plan",
            &[("planned", &thousands(*planned)), ("done", &thousands(*done))],
        ),
        Problem::LateSites { missing } => {
            say(language, "problem-late-sites", &[("count", missing)])
        }
        Problem::DoubtfulCounts { counts } => {
            let records = counts.iter().map(|count| safe::name(count.record.as_str()));
            let records = records.collect::<Vec<_>>().join(", ");
            let said: [(&str, &dyn std::fmt::Display); 2] =
                [("count", &counts.len()), ("records", &records)];
            say(language, "problem-doubtful", &said)
        }
        Problem::NoPlan => word(language, "problem-no-plan"),
        Problem::PlanBroken { seats, withdrawn, draft: None } => {
            let said: [(&str, &dyn std::fmt::Display); 2] =
                [("seats", seats), ("withdrawn", withdrawn)];
            say(language, "problem-plan-broken", &said)
        }
        Problem::PlanBroken { seats, withdrawn, draft: Some(draft) } => {
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("seats", seats), ("withdrawn", withdrawn), ("draft", draft)];
            say(language, "problem-plan-waits", &said)
        }
        Problem::JobFailed { job } => say(language, "problem-job-failed", &[("job", job)]),
        Problem::Held { hold, remedy } => {
            let said = hold.words(language);
            say(language, "problem-held", &[("said", &said), ("remedy", remedy)])
        }
        Problem::Relay { relay, cause, said, .. } => {
            let why = cause.map_or("lost", Cause::word);
            let told: [(&str, &dyn std::fmt::Display); 3] =
                [("relay", relay), ("said", said), ("why", &why)];
            say(language, "problem-relay", &told)
        }
        Problem::Mail { state, count } => {
            let named = word(language, &format!("mail-state-{state}"));
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("state", state), ("word", &named), ("count", count)];
            say(language, "problem-mail", &said)
        }
    }
}
