//! What becomes of a message after an attempt, and what the attempt says of the mail server.

use crate::mail::transport::Outcome;
use crate::store::outbox::{AttemptResult, Message};

/// The first wait after a 4xx; doubled each time.
const BACKOFF_FIRST_MS: i64 = 60_000;
/// The longest wait.
const BACKOFF_MAX_MS: i64 = 4 * 3_600_000;
/// A message without an hour after which it is useless is given up after so many refusals for now.
const ATTEMPTS_MAX: i64 = 24;
/// Replies that ask for fewer messages at a time.
const PATIENCE: [u16; 4] = [421, 450, 451, 452];

/// What an attempt came to.
pub(super) struct Consequence {
    /// What is written down.
    pub(super) result: AttemptResult,
    /// Under which word it is counted; empty where nothing was tried.
    pub(super) word: &'static str,
    /// What it says of the server.
    pub(super) server: Server,
    /// What the server said of the recipient, where it refused him for good.
    pub(super) refusal: Option<(u16, String)>,
}

impl Consequence {
    fn new(result: AttemptResult, word: &'static str, server: Server) -> Self {
        Self { result, word, server, refusal: None }
    }
}

/// What an attempt says of the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// It answered.
    Answers,
    /// It answered, and asked for patience.
    Patience,
    /// It could not be reached, or was lost on the way.
    Lost(String),
    /// It does not take mail now, whoever it is for.
    Closed(String),
    /// It does not want us, our login, our sender or what we write.
    Refuses(String),
    /// Nothing.
    Unknown,
}

/// Claimed, but not tried: back to the queue as if nothing had been.
pub(super) fn unsent(message: &Message) -> Consequence {
    let result = AttemptResult {
        state: "queued",
        due_at: message.due_at,
        error: message.last_error.clone(),
        charged: false,
    };
    Consequence::new(result, "", Server::Unknown)
}

/// A message whose content cannot be read any more.
pub(super) fn damaged(message: &Message) -> Consequence {
    let result = AttemptResult {
        state: "failed",
        due_at: message.due_at,
        error: Some("its content in the database is damaged".to_owned()),
        charged: true,
    };
    Consequence::new(result, "failed", Server::Unknown)
}

/// What the outcome of an attempt means. `opened`: a connection stood, so that the failure may be the message's.
pub(super) fn consequence(
    message: &Message,
    outcome: Outcome,
    opened: bool,
    now: i64,
) -> Consequence {
    let queued = |due_at: i64, error: String, charged: bool| AttemptResult {
        state: "queued",
        due_at,
        error: Some(error),
        charged,
    };
    let ended = |state: &'static str, error: Option<String>| AttemptResult {
        state,
        due_at: message.due_at,
        error,
        charged: true,
    };
    match outcome {
        Outcome::Accepted => Consequence::new(ended("sent", None), "sent", Server::Answers),
        Outcome::InDoubt(why) => {
            Consequence::new(ended("in_doubt", Some(why.clone())), "in_doubt", Server::Lost(why))
        }
        Outcome::NotSent(why) => {
            // The next one goes first, in case it is this message that breaks connections.
            let due_at = if opened { now + BACKOFF_FIRST_MS } else { message.due_at };
            Consequence::new(queued(due_at, why.clone(), false), "waiting", Server::Lost(why))
        }
        Outcome::Refused { step, code, text } => {
            let why = format!("{code} at {step}: {text}");
            let at_recipient = step == "RCPT" || step == "address";
            match code {
                400..=499 => {
                    let server = match (opened, PATIENCE.contains(&code)) {
                        (false, _) => Server::Closed(why.clone()),
                        (true, true) => Server::Patience,
                        (true, false) => Server::Answers,
                    };
                    if message.send_by.is_none() && message.attempts >= ATTEMPTS_MAX {
                        return Consequence::new(ended("failed", Some(why)), "failed", server);
                    }
                    Consequence::new(
                        queued(now + backoff_ms(message), why, true),
                        "waiting",
                        server,
                    )
                }
                500..=599 if !at_recipient => {
                    let result = queued(now + backoff_ms(message), why.clone(), true);
                    Consequence::new(result, "waiting", Server::Refuses(why))
                }
                _ => Consequence {
                    refusal: Some((code, text)),
                    ..Consequence::new(ended("failed", Some(why)), "failed", Server::Answers)
                },
            }
        }
    }
}

/// One minute, doubled with each attempt, at most four hours; spread by the message's number so that messages which
/// were refused together do not come back together. `attempts` counts the one that just failed.
fn backoff_ms(message: &Message) -> i64 {
    let doubled = BACKOFF_FIRST_MS << (message.attempts - 1).clamp(0, 16);
    let limit = doubled.min(BACKOFF_MAX_MS);
    limit / 2 + message.id * 7_919_003 % (limit / 2 + 1)
}
