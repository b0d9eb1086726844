//! The log on stderr: lines for people, or one JSON object per line for machines. E-mail addresses are masked in
//! everything that is logged, because a mail server's answers repeat them.

use crate::app::AppError;
use crate::domain::campaign::Language;
use crate::mail::mask;
use clap::ValueEnum;
use std::io::{IsTerminal as _, Write};
use tracing_subscriber::EnvFilter;

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
        std::io::stderr().lock().write_all(mask::addresses(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Starts logging.
pub(super) fn start(form: Form) {
    let levels = EnvFilter::try_from_env("DOSEPLAN_LOG").unwrap_or_else(|_| LEVELS.into());
    let log = tracing_subscriber::fmt().with_env_filter(levels).with_writer(|| Masked);
    match form {
        Form::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        Form::Json => {
            log.json().with_current_span(false).with_span_list(false).init();
            // The message of a broken invariant may contain personal data; its place in the code does not.
            std::panic::set_hook(Box::new(|panic| {
                let at = panic.location().map(ToString::to_string).unwrap_or_default();
                tracing::error!(at, "the program has met what cannot be; please report it");
            }));
        }
    }
}

/// Says why the program ends.
pub(super) fn ended(form: Form, language: Language, error: &anyhow::Error) {
    match form {
        Form::Text => eprintln!("doseplan: {}", told(language, error)),
        Form::Json => tracing::error!("{error:#}"),
    }
}

/// An error with its causes. A refusal of the app is told in the reader's language.
fn told(language: Language, error: &anyhow::Error) -> String {
    let words = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<AppError>() {
        Some(error) => error.words(language),
        None => cause.to_string(),
    };
    error.chain().map(words).collect::<Vec<_>>().join(": ")
}
