//! What an attempt's outcome means: the message's new state, and what it says about the mail server.

use crate::domain::message::{AttemptOutcome, MailState};
use crate::mail::transport::Outcome;
use crate::store::outbox::{AttemptResult, Message};

/// The first wait after a 4xx reply; it doubles with each one.
const BACKOFF_FIRST_MS: i64 = 60_000;
/// The longest wait.
const BACKOFF_MAX_MS: i64 = 4 * 3_600_000;
/// Attempts after which a message without a deadline is given up. Our choice: about three days.
const ATTEMPTS_MAX: i64 = 24;
/// Reply codes that ask for fewer messages at a time.
const PATIENCE: [u16; 4] = [421, 450, 451, 452];

/// What follows from an attempt.
pub(super) struct Consequence {
    /// The message's new state.
    pub(super) result: AttemptResult,
    /// How the drain counts it; `None` if nothing was tried.
    pub(super) outcome: Option<AttemptOutcome>,
    /// What it says about the server.
    pub(super) server: Server,
    /// Code and words with which the server refused the recipient for good.
    pub(super) refusal: Option<(u16, String)>,
}

impl Consequence {
    fn new(result: AttemptResult, outcome: AttemptOutcome, server: Server) -> Self {
        Self { result, outcome: Some(outcome), server, refusal: None }
    }
}

/// What an attempt says about the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// It answered.
    Answers,
    /// It answered, and asked for patience.
    Patience,
    /// It could not be reached, or the connection broke.
    Lost(String),
    /// It takes no mail now, whoever it is for.
    Closed(String),
    /// It refuses our login, our sender or our content.
    Refuses(String),
    /// Nothing.
    Unknown,
}

/// A message that was claimed but not tried goes back to the queue unchanged.
pub(super) fn unsent(message: &Message) -> Consequence {
    let result = AttemptResult {
        state: MailState::Queued,
        due_at: message.due_at,
        error: message.last_error.clone(),
        charged: false,
    };
    Consequence { result, outcome: None, server: Server::Unknown, refusal: None }
}

/// A message whose content cannot be read any more.
pub(super) fn damaged(message: &Message) -> Consequence {
    let result = AttemptResult {
        state: MailState::Failed,
        due_at: message.due_at,
        error: Some("its content in the database is damaged".to_owned()),
        charged: true,
    };
    Consequence::new(result, AttemptOutcome::Failed, Server::Unknown)
}

/// What the outcome of an attempt means at `now`, in milliseconds since 1970. `opened`: the connection stood, so the
/// message itself may have caused the failure.
pub(super) fn consequence(
    message: &Message,
    outcome: Outcome,
    opened: bool,
    now: i64,
) -> Consequence {
    match outcome {
        Outcome::Accepted => {
            let result = ended(message, MailState::Sent, None);
            Consequence::new(result, AttemptOutcome::Sent, Server::Answers)
        }
        Outcome::InDoubt(why) => {
            let result = ended(message, MailState::InDoubt, Some(why.clone()));
            Consequence::new(result, AttemptOutcome::InDoubt, Server::Lost(why))
        }
        Outcome::NotSent(why) => {
            // The message waits, in case it is the one that breaks connections.
            let due_at = if opened { now + BACKOFF_FIRST_MS } else { message.due_at };
            let result = queued(due_at, why.clone(), false);
            Consequence::new(result, AttemptOutcome::Waiting, Server::Lost(why))
        }
        Outcome::Refused { step, code, text } => refused(message, (step, code, text), opened, now),
    }
}

/// What a reply that refuses the message means.
fn refused(
    message: &Message,
    (step, code, text): (&str, u16, String),
    opened: bool,
    now: i64,
) -> Consequence {
    let why = format!("{code} at {step}: {text}");
    let is_about_recipient = step == "RCPT" || step == "address";
    let again = |why: String| queued(now + backoff_ms(message), why, true);
    match code {
        400..=499 => {
            let server = match (opened, PATIENCE.contains(&code)) {
                (false, _) => Server::Closed(why.clone()),
                (true, true) => Server::Patience,
                (true, false) => Server::Answers,
            };
            if message.send_by.is_none() && message.attempts >= ATTEMPTS_MAX {
                let result = ended(message, MailState::Failed, Some(why));
                return Consequence::new(result, AttemptOutcome::Failed, server);
            }
            Consequence::new(again(why), AttemptOutcome::Waiting, server)
        }
        500..=599 if !is_about_recipient => {
            Consequence::new(again(why.clone()), AttemptOutcome::Waiting, Server::Refuses(why))
        }
        _ => {
            let result = ended(message, MailState::Failed, Some(why));
            Consequence {
                refusal: Some((code, text)),
                ..Consequence::new(result, AttemptOutcome::Failed, Server::Answers)
            }
        }
    }
}

/// Back in the queue. `charged`: the attempt counts.
fn queued(due_at: i64, error: String, charged: bool) -> AttemptResult {
    AttemptResult { state: MailState::Queued, due_at, error: Some(error), charged }
}

/// In a state in which nothing more is tried.
fn ended(message: &Message, state: MailState, error: Option<String>) -> AttemptResult {
    AttemptResult { state, due_at: message.due_at, error, charged: true }
}

/// One minute, doubled with each attempt, at most four hours; between half of that and all of it, depending on the
/// message's number, so that messages refused together do not come back together.
fn backoff_ms(message: &Message) -> i64 {
    let doubled = BACKOFF_FIRST_MS << (message.attempts - 1).clamp(0, 16);
    let limit = doubled.min(BACKOFF_MAX_MS);
    limit / 2 + message.id * 7_919_003 % (limit / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::MailKind;

    fn message(attempts: i64, send_by: Option<i64>) -> Message {
        Message {
            id: 0,
            message_id: "x@y".into(),
            to: "a@b".into(),
            subject: "s".into(),
            kind: MailKind::Digest,
            state: MailState::Sending,
            attempts,
            due_at: 5,
            changed_at: 5,
            send_by,
            quiet: false,
            zone: "UTC".into(),
            last_error: None,
            fence: 1,
            unique_key: "k".into(),
        }
    }

    fn reply(step: &'static str, code: u16) -> Outcome {
        Outcome::Refused { step, code, text: "said".into() }
    }

    /// State, how it is counted, whether the attempt counts, whether it is due later than before, and the server.
    fn told(found: &Consequence) -> String {
        let result = &found.result;
        let counted = found.outcome.map_or("-", AttemptOutcome::word);
        let charged = if result.charged { "charged" } else { "free" };
        let due = if result.due_at > 5 { "later" } else { "as before" };
        format!("{} {counted} {charged} {due} {:?}", result.state, found.server)
    }

    #[test]
    fn an_answer_leads_to_a_state_of_the_mail_and_says_something_of_the_server() {
        let gone = || "gone".to_owned();
        for (outcome, opened, attempts, wanted) in [
            (Outcome::Accepted, true, 1, "sent sent charged as before Answers"),
            (
                Outcome::InDoubt(gone()),
                true,
                1,
                "in_doubt in_doubt charged as before Lost(\"gone\")",
            ),
            (Outcome::NotSent(gone()), true, 1, "queued waiting free later Lost(\"gone\")"),
            (Outcome::NotSent(gone()), false, 1, "queued waiting free as before Lost(\"gone\")"),
            (reply("RCPT", 450), true, 1, "queued waiting charged later Patience"),
            (reply("RCPT", 450), true, 23, "queued waiting charged later Patience"),
            (reply("RCPT", 450), true, 24, "failed failed charged as before Patience"),
            (reply("DATA", 400), true, 1, "queued waiting charged later Answers"),
            (reply("DATA", 499), true, 1, "queued waiting charged later Answers"),
            (
                reply("banner", 421),
                false,
                1,
                "queued waiting charged later Closed(\"421 at banner: said\")",
            ),
            (reply("RCPT", 550), true, 1, "failed failed charged as before Answers"),
            (reply("address", 553), true, 1, "failed failed charged as before Answers"),
            (
                reply("DATA", 554),
                true,
                1,
                "queued waiting charged later Refuses(\"554 at DATA: said\")",
            ),
        ] {
            let name = format!("{outcome:?} opened {opened} attempt {attempts}");
            let found = consequence(&message(attempts, None), outcome, opened, 1000);
            assert_eq!(told(&found), wanted, "{name}");
        }
        let found = consequence(&message(24, Some(9)), reply("RCPT", 450), true, 1000);
        assert_eq!(found.result.state, MailState::Queued, "its own hour ends it, not a count");
    }

    #[test]
    fn only_a_refusal_of_the_recipient_for_good_speaks_against_the_address() {
        for (step, code, refusal) in [
            ("RCPT", 550, Some((550, "said".to_owned()))),
            ("RCPT", 450, None),
            ("DATA", 554, None),
        ] {
            let found = consequence(&message(1, None), reply(step, code), true, 0);
            assert_eq!(found.refusal, refusal, "{code} at {step}");
        }
    }

    #[test]
    fn waiting_is_doubled_from_a_minute_to_four_hours_and_spread() {
        let half = |attempts| backoff_ms(&message(attempts, None));
        assert_eq!([1, 2, 3].map(half), [30_000, 60_000, 120_000]);
        assert_eq!([9, 40].map(half), [2 * 3_600_000; 2]);
        for id in 1..200 {
            let wait = backoff_ms(&Message { id, ..message(1, None) });
            assert!((30_000..=60_000).contains(&wait), "{id}: {wait}");
        }
    }

    #[test]
    fn what_was_not_tried_goes_back_as_it_was_and_what_is_damaged_is_not_tried() {
        let wanted = "queued - free as before Unknown";
        assert_eq!(told(&unsent(&message(3, None))), wanted);
        let wanted = "failed failed charged as before Unknown";
        assert_eq!(told(&damaged(&message(3, None))), wanted);
    }
}
