//! What a run of a job did, in words of the catalogue.

use crate::domain::campaign::Language;
use crate::domain::job::{JobReport, RunNote};
use crate::text::{retell, say, word};

/// What is known of a run, in a language. Why it failed is stored in English, and said by the catalogue where it can.
pub fn words(language: Language, note: &RunNote) -> String {
    match note {
        RunNote::Report(report) => report_words(language, report),
        RunNote::Skipped(reason) => word(language, &format!("run-skipped-{reason}")),
        RunNote::Text(text) => retell::fault(language, text),
    }
}

/// The same for programs: in English, and a reason for passing over by its word in the database.
pub fn stored_words(note: &RunNote) -> String {
    match note {
        RunNote::Skipped(reason) => reason.to_string(),
        note => words(Language::En, note),
    }
}

/// What a job reports.
pub fn report_words(language: Language, report: &JobReport) -> String {
    let say = |key: &str, arguments: &[(&str, &dyn std::fmt::Display)]| {
        say(language, &format!("job-report-{key}"), arguments)
    };
    let staff = |places: &u64| match places {
        0 => String::new(),
        places => say("staff", &[("places", places)]),
    };
    match report {
        JobReport::NotBegun => say("not-begun", &[]),
        JobReport::Over => say("over", &[]),
        JobReport::NoSessions => say("no-sessions", &[]),
        JobReport::TooLate { day } => say("too-late", &[("day", day)]),
        JobReport::NothingNew => say("nothing-new", &[]),
        JobReport::Draft { plan, doses, staff_places } => {
            say("draft", &[("plan", plan), ("doses", doses)]) + &staff(staff_places)
        }
        JobReport::Doubtful { plan, doses, counts } => {
            say("doubtful", &[("plan", plan), ("doses", doses), ("counts", counts)])
        }
        JobReport::Adopted { plan, doses, assigned, kept, staff_places } => {
            let said = say(
                "adopted",
                &[("plan", plan), ("doses", doses), ("assigned", assigned), ("kept", kept)],
            );
            said + &staff(staff_places)
        }
        JobReport::Summary { day } => say("summary", &[("day", day)]),
        JobReport::Digests { day, mails, silent: 0 } => {
            say("digests", &[("day", day), ("mails", mails)])
        }
        JobReport::Digests { day, mails, silent } => {
            say("digests-silent", &[("day", day), ("mails", mails), ("silent", silent)])
        }
        JobReport::Reminders { mails } => say("reminders", &[("mails", mails)]),
        JobReport::Schools { mails, silent: 0 } => say("schools", &[("mails", mails)]),
        JobReport::Schools { mails, silent } => {
            say("schools-silent", &[("mails", mails), ("silent", silent)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::job::SkipReason;
    use chrono::NaiveDate;

    #[test]
    fn every_report_and_reason_is_told_in_both_languages() {
        let day = NaiveDate::from_ymd_opt(2021, 4, 2).unwrap();
        let reports = [
            (JobReport::NotBegun, "the campaign has not begun"),
            (JobReport::Over, "the campaign is over"),
            (JobReport::NoSessions, "no sessions tomorrow: the campaign does not run"),
            (JobReport::TooLate { day }, "too late: 2021-04-02 has passed"),
            (JobReport::NothingNew, "nothing new"),
            (
                JobReport::Draft { plan: 3, doses: 1200, staff_places: 0 },
                "draft 3 with 1200 doses waits to be adopted",
            ),
            (
                JobReport::Doubtful { plan: 3, doses: 1200, counts: 2 },
                "draft 3 with 1200 doses is not adopted: 2 doubtful counts wait to be confirmed",
            ),
            (
                JobReport::Adopted { plan: 3, doses: 1200, assigned: 7, kept: 40, staff_places: 0 },
                "adopted plan 3 with 1200 doses; 7 people assigned anew, 40 stay",
            ),
            (
                JobReport::Adopted { plan: 3, doses: 1200, assigned: 7, kept: 40, staff_places: 2 },
                "adopted plan 3 with 1200 doses; 7 people assigned anew, 40 stay; \
                 places at which staff is the limit: 2",
            ),
            (JobReport::Summary { day }, "summary of 2021-04-02 queued"),
            (JobReport::Digests { day, mails: 5, silent: 0 }, "5 digests of 2021-04-02 queued"),
            (
                JobReport::Digests { day, mails: 5, silent: 2 },
                "5 digests of 2021-04-02 queued; 2 leads without an address",
            ),
            (JobReport::Reminders { mails: 9 }, "9 reminders queued"),
            (JobReport::Schools { mails: 3, silent: 0 }, "3 lists of missed visits queued"),
            (
                JobReport::Schools { mails: 3, silent: 2 },
                "3 lists of missed visits queued; 2 schools without an address",
            ),
        ];
        let reports = reports.map(|(report, told)| (RunNote::Report(report), told));
        let reasons = SkipReason::ALL.map(|reason| (RunNote::Skipped(reason), reason.word()));
        for (note, told) in reports.into_iter().chain(reasons) {
            assert_eq!(stored_words(&note), told);
            let chinese = words(Language::ZhCn, &note);
            let is_chinese = chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(is_chinese && !chinese.contains('⟨'), "{chinese}");
        }
    }

    #[test]
    fn what_an_older_doseplan_stored_is_shown_as_it_is() {
        let note = RunNote::read("adopted plan 3 with 1200 doses");
        assert_eq!(words(Language::ZhCn, &note), "adopted plan 3 with 1200 doses");
    }
}
