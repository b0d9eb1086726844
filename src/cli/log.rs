//! The log on stderr: lines for people, or one JSON object per line for machines. E-mail addresses are masked in
//! everything that is logged, because a mail server's answers repeat them.

use super::output;
use crate::app::AppError;
use crate::domain::campaign::Language;
use crate::mail::mask;
use crate::secrets;
use clap::ValueEnum;
use std::io::{IsTerminal as _, Write};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Form {
    /// A line for people
    #[default]
    Text,
    /// A JSON object on each line
    Json,
}

/// What is logged by default.
const LEVELS: &str = "doseplan=info,sqlx=error,warn";

/// Writes to stderr with addresses masked. Each event is written in one piece.
struct Masked;

impl Write for Masked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        // A line that cannot be written is lost. To say so would be another one, and could end the process.
        output::write_err(&mask::addresses(&secrets::masked(&text)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Starts logging.
pub(super) fn start(form: Form) {
    let log =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Masked);
    match form {
        Form::Text => {
            log.with_ansi(std::io::stderr().is_terminal()).finish().with(levels()).init();
        }
        Form::Json => {
            let log = log.json().with_current_span(false).with_span_list(false);
            log.finish().with(levels()).init();
            // The message of a broken invariant may contain personal data; its place in the code does not.
            std::panic::set_hook(Box::new(|panic| {
                let at = panic.location().map(ToString::to_string).unwrap_or_default();
                tracing::error!(at, "the program has met what cannot be; please report it");
            }));
        }
    }
}

/// What `DOSEPLAN_LOG` asks for, as `debug` or `doseplan=debug,warn`.
fn levels() -> Targets {
    let asked = std::env::var("DOSEPLAN_LOG").ok().and_then(|asked| asked.parse().ok());
    asked.unwrap_or_else(|| LEVELS.parse().expect("the levels are well written"))
}

/// Says why the program ends.
pub(super) fn ended(form: Form, language: Language, error: &anyhow::Error) {
    match form {
        Form::Text => output::tell(&format!("doseplan: {}", told(language, error))),
        Form::Json => tracing::error!("{error:#}"),
    }
}

/// An error with its causes, in the reader's language as far as the catalogue knows them.
fn told(language: Language, error: &anyhow::Error) -> String {
    let words = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<AppError>() {
        Some(error) => error.words(language),
        None => cause.to_string(),
    };
    let said = error.chain().map(words).collect::<Vec<_>>().join(": ");
    crate::text::retell::fault(language, &said)
}
