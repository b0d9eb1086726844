//! `doseplan explain`: what the code of an issue means and what to do about it.

use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit};
use crate::intake::{CODES, nearest};
use crate::text;
use clap::Args;

/// What a code means and what to do about it; without a code, all of them.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The code, as `-o json` and errors files show it
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let out = invocation.out;
        let message = |code: &str| text::pattern(out.language, &format!("issue-{code}"));
        let Some(code) = &self.code else {
            let mut sheet = Sheet::new(&["code", "message"]);
            for code in CODES {
                sheet.push(vec![(*code).to_owned(), message(code)]);
            }
            out.sheet(&sheet);
            return Ok(exit::OK);
        };
        let wanted = code.trim().to_lowercase().replace('-', "_");
        let wanted = wanted.strip_prefix("issue_").unwrap_or(&wanted);
        let Some(code) = CODES.iter().find(|known| **known == wanted) else {
            let near = nearest(wanted, CODES.iter().copied()).unwrap_or("duplicate_row");
            return Err(
                out.fail("explain-unknown", &[("code", &harmless(wanted)), ("near", &near)])
            );
        };
        let (message, more) = (message(code), out.word(&format!("explain-{code}")));
        match out.format {
            Format::Json => out.json(&serde_json::json!({
                "code": code, "message": message, "explanation": more,
            })),
            Format::Csv => {
                let mut sheet = Sheet::new(&["code", "message", "about"]);
                sheet.push(vec![(*code).to_owned(), message, more]);
                out.sheet(&sheet);
            }
            Format::Table => super::output::print(&format!("{code}\n{message}\n\n{more}\n")),
        }
        Ok(exit::OK)
    }
}
