//! Prints what the checks of `doseplan doctor` find, one line each.

use super::output::{Format, Out, Sheet, Tone, toned};
use super::{Invocation, exit};
use crate::app::findings::{Finding, Mark};

/// The results so far.
pub(super) struct Printed {
    out: Out,
    /// Whether any check failed.
    failed: bool,
    /// The lines for CSV and JSON, which are printed at the end.
    lines: Sheet,
}

impl Printed {
    pub(super) fn new(invocation: &Invocation) -> Self {
        let lines = Sheet::new(&["check", "state", "said"]);
        Self { out: invocation.out, failed: false, lines }
    }

    /// Adds the result of a check. As a table it is printed at once.
    pub(super) fn line(&mut self, found: Finding) {
        let tone = match found.mark {
            Mark::Ok => Tone::Good,
            Mark::Warn => Tone::Doubtful,
            Mark::Fail => Tone::Bad,
        };
        self.failed |= found.mark == Mark::Fail;
        let word = found.mark.word();
        if self.out.format == Format::Table {
            let shown = super::cell_words::word_of(self.out.language, "mark-", word);
            let word = toned(&format!("{shown:4}"), tone);
            super::output::print(&format!("{word}  {}\n", found.said));
        } else {
            self.lines.push(vec![found.key, word.to_owned(), found.said]);
        }
    }

    /// Prints what has not been printed and returns the exit code.
    pub(super) fn finish(self) -> u8 {
        if self.out.format != Format::Table {
            self.out.sheet(&self.lines);
        }
        if self.failed { exit::FAILED } else { exit::OK }
    }
}
