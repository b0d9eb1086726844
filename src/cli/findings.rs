//! Collects what the checks of `doseplan doctor` find, one line each.

use super::output::{Format, Sheet, Tone, toned};
use super::{Invocation, exit};

/// The result of a check: the first word of its line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    Warn,
    Fail,
}

/// The results so far.
pub(super) struct Findings<'a> {
    pub(super) invocation: &'a Invocation,
    /// Whether any check failed.
    failed: bool,
    /// The lines for CSV and JSON, which are printed at the end.
    lines: Sheet,
}

impl<'a> Findings<'a> {
    pub(super) fn new(invocation: &'a Invocation) -> Self {
        let lines = Sheet::new(&["check", "state", "said"]);
        Self { invocation, failed: false, lines }
    }

    /// Adds the result of a check. As a table it is printed at once.
    pub(super) fn line(
        &mut self,
        mark: Mark,
        key: &str,
        arguments: &[(&str, &dyn std::fmt::Display)],
    ) {
        let (word, tone) = match mark {
            Mark::Ok => ("ok", Tone::Good),
            Mark::Warn => ("warn", Tone::Doubtful),
            Mark::Fail => ("fail", Tone::Bad),
        };
        self.failed |= mark == Mark::Fail;
        let said = self.invocation.out.say(key, arguments);
        if self.invocation.out.format == Format::Table {
            let word = toned(&format!("{word:4}"), tone);
            super::output::print(&format!("{word}  {said}\n"));
        } else {
            self.lines.push(vec![key.to_owned(), word.to_owned(), said]);
        }
    }

    /// Prints what has not been printed and returns the exit code.
    pub(super) fn finish(self) -> u8 {
        if self.invocation.out.format != Format::Table {
            self.invocation.out.sheet(&self.lines);
        }
        if self.failed { exit::FAILED } else { exit::OK }
    }
}
