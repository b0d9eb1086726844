//! `doseplan forecast`: histories in, one JSON object a line; which doses count and what is due
//! next, out.

use super::forecast_out::Words;
use super::forecast_stream::stream;
use super::{Invocation, exit};
use crate::intake::rules::{self, Loaded};
use crate::intake::{Issue, has_errors};
use clap::Args;
use std::io::Read;
use std::path::PathBuf;

/// Evaluate histories and forecast the next doses, from and to one JSON object a line
#[derive(Debug, Args)]
pub(super) struct Forecast {
    /// Folder or zip file of rules: CDSi supporting data in XML, or series files [default: those of
    /// the program]
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// The histories [default: stdin]
    #[arg(value_name = "FILE.ndjson")]
    file: Option<PathBuf>,
}

impl Forecast {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let Some(rules) = self.load(invocation) else { return Ok(exit::CONFIGURATION) };
        let input: Box<dyn Read + Send> = match &self.file {
            Some(path) => match std::fs::File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    super::output::tell(&format!("doseplan: {}: {error}", path.display()));
                    return Ok(exit::CONFIGURATION);
                }
            },
            None => Box::new(std::io::stdin()),
        };
        let today = invocation.clock.now().with_timezone(&chrono::Local).date_naive();
        let words = Words::new(invocation.out.language);
        let refused = tokio::task::block_in_place(|| {
            stream(input, &mut super::output::stream(), &rules.rules, &words, today)
        })?;
        Ok(if refused { exit::REFUSED } else { exit::OK })
    }

    fn load(&self, invocation: &Invocation) -> Option<Loaded> {
        let found = match &self.rules {
            Some(folder) => rules::folder(folder),
            None => rules::embedded(),
        };
        let tell = |issues: &[Issue]| {
            for issue in issues {
                super::output::tell(&issue.line(invocation.out.language));
            }
        };
        match found {
            Ok(loaded) => {
                tell(&loaded.warnings);
                Some(loaded)
            }
            Err(issues) => {
                debug_assert!(has_errors(&issues), "rules are refused for a reason");
                tell(&issues);
                None
            }
        }
    }
}
