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
    let queued = |due_at: i64, error: String, charged: bool| AttemptResult {
        state: MailState::Queued,
        due_at,
        error: Some(error),
        charged,
    };
    let ended = |state: MailState, error: Option<String>| AttemptResult {
        state,
        due_at: message.due_at,
        error,
        charged: true,
    };
    match outcome {
        Outcome::Accepted => {
            Consequence::new(ended(MailState::Sent, None), AttemptOutcome::Sent, Server::Answers)
        }
        Outcome::InDoubt(why) => Consequence::new(
            ended(MailState::InDoubt, Some(why.clone())),
            AttemptOutcome::InDoubt,
            Server::Lost(why),
        ),
        Outcome::NotSent(why) => {
            // The message waits, in case it is the one that breaks connections.
            let due_at = if opened { now + BACKOFF_FIRST_MS } else { message.due_at };
            Consequence::new(
                queued(due_at, why.clone(), false),
                AttemptOutcome::Waiting,
                Server::Lost(why),
            )
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
                        return Consequence::new(
                            ended(MailState::Failed, Some(why)),
                            AttemptOutcome::Failed,
                            server,
                        );
                    }
                    Consequence::new(
                        queued(now + backoff_ms(message), why, true),
                        AttemptOutcome::Waiting,
                        server,
                    )
                }
                500..=599 if !at_recipient => {
                    let result = queued(now + backoff_ms(message), why.clone(), true);
                    Consequence::new(result, AttemptOutcome::Waiting, Server::Refuses(why))
                }
                _ => Consequence {
                    refusal: Some((code, text)),
                    ..Consequence::new(
                        ended(MailState::Failed, Some(why)),
                        AttemptOutcome::Failed,
                        Server::Answers,
                    )
                },
            }
        }
    }
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

    fn refused(step: &'static str, code: u16) -> Outcome {
        Outcome::Refused { step, code, text: "said".into() }
    }

    /// The new state, how it is counted, whether the attempt counts, and whether it is due later than before.
    fn told(found: &Consequence) -> (MailState, Option<AttemptOutcome>, bool, bool) {
        let result = &found.result;
        (result.state, found.outcome, result.charged, result.due_at > 5)
    }

    #[test]
    fn an_answer_leads_to_a_state_of_the_mail_and_says_something_of_the_server() {
        use {AttemptOutcome as Counted, MailState as State};
        let patience = || Server::Patience;
        let lost = || Server::Lost("gone".into());
        let closed = |code| Server::Closed(format!("{code} at greeting: said"));
        for (outcome, opened, attempts, state, counted, charged, later, server) in [
            (Outcome::Accepted, true, 1, State::Sent, Counted::Sent, true, false, Server::Answers),
            (
                Outcome::InDoubt("gone".into()),
                true,
                1,
                State::InDoubt,
                Counted::InDoubt,
                true,
                false,
                lost(),
            ),
            (
                Outcome::NotSent("gone".into()),
                true,
                1,
                State::Queued,
                Counted::Waiting,
                false,
                true,
                lost(),
            ),
            (
                Outcome::NotSent("gone".into()),
                false,
                1,
                State::Queued,
                Counted::Waiting,
                false,
                false,
                lost(),
            ),
            (
                refused("RCPT", 450),
                true,
                1,
                State::Queued,
                Counted::Waiting,
                true,
                true,
                patience(),
            ),
            (
                refused("DATA", 499),
                true,
                1,
                State::Queued,
                Counted::Waiting,
                true,
                true,
                Server::Answers,
            ),
            (
                refused("greeting", 421),
                false,
                1,
                State::Queued,
                Counted::Waiting,
                true,
                true,
                closed(421),
            ),
            (
                refused("RCPT", 450),
                true,
                23,
                State::Queued,
                Counted::Waiting,
                true,
                true,
                patience(),
            ),
            (
                refused("RCPT", 450),
                true,
                24,
                State::Failed,
                Counted::Failed,
                true,
                false,
                patience(),
            ),
            (
                refused("RCPT", 550),
                true,
                1,
                State::Failed,
                Counted::Failed,
                true,
                false,
                Server::Answers,
            ),
            (
                refused("address", 500),
                true,
                1,
                State::Failed,
                Counted::Failed,
                true,
                false,
                Server::Answers,
            ),
            (
                refused("DATA", 554),
                true,
                1,
                State::Queued,
                Counted::Waiting,
                true,
                true,
                Server::Refuses("554 at DATA: said".into()),
            ),
        ] {
            let name = format!("{outcome:?} opened {opened} attempt {attempts}");
            let found = consequence(&message(attempts, None), outcome, opened, 1000);
            assert_eq!(told(&found), (state, Some(counted), charged, later), "{name}");
            assert_eq!(found.server, server, "{name}");
        }
        let found = consequence(&message(24, Some(9)), refused("RCPT", 450), true, 1000);
        assert_eq!(found.result.state, State::Queued, "its own hour ends it, not a count");
    }

    #[test]
    fn only_a_refusal_of_the_recipient_for_good_speaks_against_the_address() {
        for (step, code, refusal) in [
            ("RCPT", 550, Some((550, "said".to_owned()))),
            ("RCPT", 450, None),
            ("DATA", 554, None),
        ] {
            let found = consequence(&message(1, None), refused(step, code), true, 0);
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
        assert_eq!(told(&unsent(&message(3, None))), (MailState::Queued, None, false, false));
        let damaged = told(&damaged(&message(3, None)));
        assert_eq!(damaged, (MailState::Failed, Some(AttemptOutcome::Failed), true, false));
    }
}
