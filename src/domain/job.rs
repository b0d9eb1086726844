//! Jobs of the timetable: their names, the states of a run, and what a run reports.

use super::words::words;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

words! {
    /// A job, in the order in which jobs run when they are due together.
    pub enum Job {
        /// Plans anew from what was really given.
        Plan = "plan",
        /// Tells the coordinator of yesterday.
        Summary = "summary",
        /// Writes to people whose dose is due.
        Reminders = "reminders",
        /// Tells site and team leads of tomorrow.
        Digest = "digest",
        /// Sends each school those who missed a visit.
        Schools = "schools",
    }
}

words! {
    /// Where a run stands: one due time of one job.
    pub enum RunState {
        /// It waits to be claimed.
        Due = "due",
        /// A daemon has claimed it.
        Running = "running",
        /// It did its work.
        Done = "done",
        /// Its attempts are used up.
        Failed = "failed",
        /// It was not run, because of catch-up's rules.
        Skipped = "skipped",
    }
}

impl RunState {
    /// Whether it has not ended.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::Running)
    }
}

words! {
    /// Why a due time was passed over.
    pub enum SkipReason {
        /// It lay further back than missed work is caught up.
        MissedWindow = "missed_window",
        /// A later due time of the same job stands for it.
        Superseded = "superseded",
        /// The job is never caught up.
        NotCaughtUp = "not_caught_up",
    }
}

/// What a run did. It is stored as JSON and told by the catalogue (`job-report-…`), in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum JobReport {
    /// Nothing: the campaign has not begun.
    NotBegun,
    /// Nothing: the campaign is over.
    Over,
    /// Nothing: the campaign does not run on the day of which a digest would tell.
    NoSessions,
    /// Nothing: the day of which a digest would tell has passed.
    TooLate {
        /// That day.
        day: NaiveDate,
    },
    /// Nothing: everything was queued before.
    NothingNew,
    /// Made a draft that somebody has to adopt.
    Draft {
        /// Number of the draft.
        plan: i64,
        /// Doses that it plans.
        doses: u64,
        /// Places at which staff is the limit.
        #[serde(default, skip_serializing_if = "is_none_of_them")]
        staff_places: u64,
    },
    /// Made a draft, and did not put it in force because counts wait to be confirmed.
    Doubtful {
        /// Number of the draft.
        plan: i64,
        /// Doses that it plans.
        doses: u64,
        /// Counts that nobody can mean.
        counts: u64,
    },
    /// Made a plan and put it in force.
    Adopted {
        /// Number of the plan.
        plan: i64,
        /// Doses that it plans.
        doses: u64,
        /// People who got another appointment than before, or their first one.
        assigned: u64,
        /// People whose appointment stays.
        kept: u64,
        /// Places at which staff is the limit.
        #[serde(default, skip_serializing_if = "is_none_of_them")]
        staff_places: u64,
    },
    /// Queued the coordinator's mail.
    Summary {
        /// The day of which it tells.
        day: NaiveDate,
    },
    /// Queued leads' mails.
    Digests {
        /// The day that ends.
        day: NaiveDate,
        /// Mails that are new.
        mails: u64,
        /// Leads without an address.
        silent: u64,
    },
    /// Queued reminders.
    Reminders {
        /// Mails that are new.
        mails: u64,
    },
    /// Queued lists of those who missed a visit, to their schools.
    Schools {
        /// Mails that are new.
        mails: u64,
        /// Schools with such a list and without an address that takes mail.
        silent: u64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none_of_them(count: &u64) -> bool {
    *count == 0
}

/// What is stored of a run's end, or why it did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunNote {
    /// What it did.
    Report(JobReport),
    /// Why it was passed over.
    Skipped(SkipReason),
    /// Plain words: why it failed, or a report of a version of doseplan that stored English text.
    Text(String),
}

impl RunNote {
    /// The text of the database.
    pub fn stored(&self) -> String {
        match self {
            Self::Report(report) => serde_json::to_string(report).expect("plain data becomes JSON"),
            Self::Skipped(reason) => reason.word().to_owned(),
            Self::Text(text) => text.clone(),
        }
    }

    /// What a text of the database says; what is neither a report nor a reason stays as it is.
    pub fn read(text: &str) -> Self {
        if let Some(reason) = SkipReason::from_word(text) {
            return Self::Skipped(reason);
        }
        match serde_json::from_str(text) {
            Ok(report) => Self::Report(report),
            Err(_) => Self::Text(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_did_is_read_as_it_was_stored() {
        let day = NaiveDate::from_ymd_opt(2021, 4, 2).unwrap();
        let reports = [
            JobReport::NotBegun,
            JobReport::TooLate { day },
            JobReport::Adopted { plan: 3, doses: 1200, assigned: 7, kept: 40, staff_places: 2 },
            JobReport::Digests { day, mails: 5, silent: 1 },
        ];
        for report in reports {
            let note = RunNote::Report(report);
            assert_eq!(RunNote::read(&note.stored()), note);
        }
        let before = r#"{"did":"draft","plan":3,"doses":9}"#;
        let draft = JobReport::Draft { plan: 3, doses: 9, staff_places: 0 };
        assert_eq!(RunNote::read(before), RunNote::Report(draft.clone()));
        assert_eq!(RunNote::Report(draft).stored(), before);
        let stored = RunNote::Report(JobReport::Summary { day }).stored();
        assert_eq!(stored, r#"{"did":"summary","day":"2021-04-02"}"#);
        for reason in SkipReason::ALL {
            assert_eq!(RunNote::read(reason.word()), RunNote::Skipped(reason));
        }
    }

    #[test]
    fn what_an_older_doseplan_stored_stays_as_it_is() {
        for text in ["adopted plan 3 with 1200 doses", "database: gone", "{\"did\":\"flew\"}", ""] {
            assert_eq!(RunNote::read(text), RunNote::Text(text.to_owned()), "{text}");
        }
    }
}
