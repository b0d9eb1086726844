//! What an attempt's outcome means: the message's new state, and what it says about the mail server.

use crate::domain::gateway::{Meaning, Scope};
use crate::domain::message::{AttemptOutcome, MailState};
use crate::domain::refusal::{Answer, Cause, Owner, Step, judge};
use crate::mail::transport::{Outcome, Said};
use crate::store::outbox::{AttemptResult, Message};

/// The first wait after a refusal; it doubles with each one.
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
    /// A refusal for good that is about the message or its reader, unless others of its kind show that it is about us.
    pub(super) refusal: Option<Refusal>,
}

/// A refusal for good.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// At which step.
    pub(super) step: Step,
    /// Reply code.
    pub(super) code: u16,
    /// The server's words.
    pub(super) said: String,
    /// Why, if it is believed.
    pub(super) cause: Cause,
    /// Code, step and words in a sentence.
    pub(super) why: String,
    /// What becomes of the message if it is about us.
    pub(super) doubted: AttemptResult,
}

impl Refusal {
    /// The server's answer.
    pub(super) fn answer(&self) -> Answer<'_> {
        Answer::spoken(self.step, self.code, &self.said)
    }
}

impl Consequence {
    fn new(result: AttemptResult, outcome: AttemptOutcome, server: Server) -> Self {
        Self { result, outcome: Some(outcome), server, refusal: None }
    }
}

/// What an attempt says about the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// It took the message.
    Takes,
    /// It answered.
    Answers,
    /// It answered, and asked for patience.
    Patience,
    /// It could not be reached, or the connection broke.
    Lost(String),
    /// It takes no mail now, whoever it is for.
    Closed(String),
    /// It takes nothing for so many seconds.
    Shut(String, u32),
    /// It does not want mail from us.
    Refuses(String, Cause),
    /// Nothing.
    Unknown,
}

/// A message that was claimed but not tried goes back to the queue unchanged.
pub(super) fn unsent(message: &Message) -> Consequence {
    let error = message.last_error.clone();
    let result = AttemptResult::new(MailState::Queued, message.due_at, error, false);
    Consequence { result, outcome: None, server: Server::Unknown, refusal: None }
}

/// A message whose content cannot be read any more.
pub(super) fn damaged(message: &Message) -> Consequence {
    let error = Some("its content in the database is damaged".to_owned());
    let result = AttemptResult::new(MailState::Failed, message.due_at, error, true);
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
            Consequence::new(result, AttemptOutcome::Sent, Server::Takes)
        }
        Outcome::InDoubt(why) => {
            let result = ended(message, MailState::InDoubt, Some(why.clone()));
            Consequence::new(result, AttemptOutcome::InDoubt, Server::Lost(why))
        }
        Outcome::NotSent(why) => {
            let result = aside(message, &why, opened, now);
            Consequence::new(result, AttemptOutcome::Waiting, Server::Lost(why))
        }
        Outcome::Answered(said) => answered(message, said, opened, now),
        Outcome::Refused { step, code, text } => {
            let why = format!("{code} at {step}: {text}");
            if step == "address" {
                // This side refuses the address; the server has not seen it.
                let result = ended(message, MailState::Failed, Some(why));
                return Consequence::new(result, AttemptOutcome::Failed, Server::Unknown);
            }
            let step = Step::named(step);
            let cause = judge(&Answer::spoken(step, code, &text));
            let doubted = aside(message, &why, opened, now);
            refused(message, Refusal { step, code, said: text, cause, why, doubted }, opened, now)
        }
    }
}

/// What the answer of a service of text messages or a robot means.
fn answered(message: &Message, said: Said, opened: bool, now: i64) -> Consequence {
    let why = said.code;
    match said.meaning {
        Meaning::Done => {
            let result =
                AttemptResult { serial: said.serial, ..ended(message, MailState::Sent, None) };
            Consequence::new(result, AttemptOutcome::Sent, Server::Takes)
        }
        Meaning::Doubt => {
            let result = ended(message, MailState::InDoubt, Some(why.clone()));
            Consequence::new(result, AttemptOutcome::InDoubt, Server::Lost(why))
        }
        Meaning::Retry(secs, Scope::Channel) => {
            let found = later(message, why.clone(), Server::Shut(why, secs), now);
            not_before(found, now, secs)
        }
        // A number that had enough may have had it because the first try went out.
        Meaning::Retry(_, Scope::Number) if was_resolved(message) => {
            let result = ended(message, MailState::InDoubt, Some(why));
            Consequence::new(result, AttemptOutcome::InDoubt, Server::Answers)
        }
        Meaning::Retry(secs, Scope::Number) => {
            let found = not_before(later(message, why, Server::Answers, now), now, secs);
            if message.send_by.is_none_or(|last| found.result.due_at < last) {
                return found;
            }
            // When the number may have more it is too late; another way may do.
            let result = AttemptResult { state: MailState::Failed, ..found.result };
            Consequence::new(result, AttemptOutcome::Failed, Server::Answers)
        }
        Meaning::Stop(cause) => {
            let result = aside(message, &why, opened, now);
            Consequence::new(result, AttemptOutcome::Waiting, Server::Refuses(why, cause))
        }
        Meaning::Ours => {
            let doubted = aside(message, &why, opened, now);
            let (step, cause) = (Step::Dot, Cause::Content);
            let refusal =
                Refusal { step, code: 0, said: why.clone(), cause, why: why.clone(), doubted };
            let result = ended(message, MailState::Failed, Some(why));
            let found = Consequence::new(result, AttemptOutcome::Failed, Server::Answers);
            Consequence { refusal: Some(refusal), ..found }
        }
        Meaning::Theirs | Meaning::TheirsForGood => {
            let closes = said.meaning == Meaning::TheirsForGood;
            let result = AttemptResult { closes, ..ended(message, MailState::Failed, Some(why)) };
            Consequence::new(result, AttemptOutcome::Failed, Server::Answers)
        }
    }
}

/// The message again, but not before so many seconds have passed.
fn not_before(found: Consequence, now: i64, secs: u32) -> Consequence {
    let due_at = found.result.due_at.max(now + i64::from(secs) * 1000);
    Consequence { result: AttemptResult { due_at, ..found.result }, ..found }
}

/// Whether somebody said that a message in doubt goes again.
fn was_resolved(message: &Message) -> bool {
    message.last_error.as_deref() == Some(super::RESOLVED)
}

/// What a reply that refuses the message means.
fn refused(message: &Message, refusal: Refusal, opened: bool, now: i64) -> Consequence {
    let (code, cause, why) = (refusal.code, refusal.cause, refusal.why.clone());
    let for_now = code / 100 == 4;
    let is_ours = cause.owner() == Owner::Us && !(for_now && cause == Cause::Rate);
    if is_ours {
        let server = Server::Refuses(why, cause);
        return Consequence::new(refusal.doubted, AttemptOutcome::Waiting, server);
    }
    if for_now || cause == Cause::Busy {
        let server = match (opened, for_now && PATIENCE.contains(&code)) {
            (false, _) => Server::Closed(why.clone()),
            (true, true) => Server::Patience,
            (true, false) => Server::Answers,
        };
        return later(message, why, server, now);
    }
    if cause.owner() == Owner::Message {
        let found = later(message, why, Server::Answers, now);
        return Consequence { refusal: Some(refusal), ..found };
    }
    let result = ended(message, MailState::Failed, Some(why));
    Consequence {
        refusal: Some(refusal),
        ..Consequence::new(result, AttemptOutcome::Failed, Server::Answers)
    }
}

/// The message is tried again later, as long as that is of use.
fn later(message: &Message, why: String, server: Server, now: i64) -> Consequence {
    if message.send_by.is_none() && message.attempts >= ATTEMPTS_MAX {
        let result = ended(message, MailState::Failed, Some(why));
        return Consequence::new(result, AttemptOutcome::Failed, server);
    }
    let due_at = now + backoff_ms(message);
    let result = AttemptResult::new(MailState::Queued, due_at, Some(why), true);
    Consequence::new(result, AttemptOutcome::Waiting, server)
}

/// Back in the queue through no fault of the message. If it was tried it waits a little, in case it is the one that
/// breaks connections, so that others go first.
fn aside(message: &Message, why: &str, opened: bool, now: i64) -> AttemptResult {
    let due_at = if opened { now + BACKOFF_FIRST_MS } else { message.due_at };
    AttemptResult::new(MailState::Queued, due_at, Some(why.to_owned()), false)
}

/// In a state in which nothing more is tried.
fn ended(message: &Message, state: MailState, error: Option<String>) -> AttemptResult {
    AttemptResult::new(state, message.due_at, error, true)
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
            channel: "mail".into(),
            receipt: None,
            serial: None,
            left_at: None,
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
        let said = |step, code, text: &str| Outcome::Refused { step, code, text: text.to_owned() };
        let closed = "Closed(\"421 at banner: said\")";
        let relay = "Refuses(\"550 at RCPT: relay denied\", Relay)";
        let daily = "Refuses(\"451 at RCPT: daily limit\", Quota)";
        let login = "Refuses(\"535 at AUTH: said\", Login)";
        let sender = "Refuses(\"554 at MAIL: said\", Sender)";
        let setup = "Refuses(\"554 at DATA: said\", Setup)";
        for (outcome, opened, attempts, wanted, server) in [
            (Outcome::Accepted, true, 1, "sent sent charged as before", "Takes"),
            (
                Outcome::InDoubt(gone()),
                true,
                1,
                "in_doubt in_doubt charged as before",
                "Lost(\"gone\")",
            ),
            (Outcome::NotSent(gone()), true, 1, "queued waiting free later", "Lost(\"gone\")"),
            (Outcome::NotSent(gone()), false, 1, "queued waiting free as before", "Lost(\"gone\")"),
            (reply("RCPT", 450), true, 1, "queued waiting charged later", "Patience"),
            (reply("RCPT", 450), true, 23, "queued waiting charged later", "Patience"),
            (reply("RCPT", 450), true, 24, "failed failed charged as before", "Patience"),
            (reply("DATA", 400), true, 1, "queued waiting charged later", "Answers"),
            (reply("DATA", 499), true, 1, "queued waiting charged later", "Answers"),
            (reply("banner", 421), false, 1, "queued waiting charged later", closed),
            (reply("RCPT", 550), true, 1, "failed failed charged as before", "Answers"),
            (reply("address", 553), true, 1, "failed failed charged as before", "Unknown"),
            (reply("DATA", 554), true, 1, "queued waiting free later", setup),
            (reply("MAIL", 554), true, 1, "queued waiting free later", sender),
            (reply("AUTH", 535), false, 1, "queued waiting free as before", login),
            (said("RCPT", 550, "relay denied"), true, 9, "queued waiting free later", relay),
            (said("RCPT", 451, "daily limit"), true, 9, "queued waiting free later", daily),
            (said("RCPT", 451, "too fast"), true, 1, "queued waiting charged later", "Patience"),
            (said("dot", 554, "spam"), true, 1, "queued waiting charged later", "Answers"),
            (said("dot", 554, "spam"), true, 24, "failed failed charged as before", "Answers"),
            (
                said("RCPT", 550, "Mailbox unavailable or access denied"),
                true,
                1,
                "queued waiting charged later",
                "Answers",
            ),
        ] {
            let name = format!("{outcome:?} opened {opened} attempt {attempts}");
            let found = consequence(&message(attempts, None), outcome, opened, 1000);
            assert_eq!(told(&found), format!("{wanted} {server}"), "{name}");
        }
        let found = consequence(&message(24, Some(9)), reply("RCPT", 450), true, 1000);
        assert_eq!(found.result.state, MailState::Queued, "its own hour ends it, not a count");
    }

    #[test]
    fn an_answer_of_a_service_leads_to_a_state_of_the_text_and_says_something_of_the_service() {
        let answer = |meaning| {
            let code = "code".to_owned();
            Outcome::Answered(Said { meaning, code, serial: Some("5000:1".to_owned()) })
        };
        for (meaning, wanted, server) in [
            (Meaning::Done, "sent sent charged as before", "Takes"),
            (Meaning::Doubt, "in_doubt in_doubt charged as before", "Lost(\"code\")"),
            (
                Meaning::Retry(60, Scope::Channel),
                "queued waiting charged later",
                "Shut(\"code\", 60)",
            ),
            (Meaning::Retry(3600, Scope::Number), "queued waiting charged later", "Answers"),
            (Meaning::Retry(86_400, Scope::Number), "failed failed charged later", "Answers"),
            (Meaning::Stop(Cause::Login), "queued waiting free later", "Refuses(\"code\", Login)"),
            (Meaning::Ours, "failed failed charged as before", "Answers"),
            (Meaning::Theirs, "failed failed charged as before", "Answers"),
            (Meaning::TheirsForGood, "failed failed charged as before", "Answers"),
        ] {
            let found = consequence(&message(1, Some(8 * 3_600_000)), answer(meaning), true, 1000);
            assert_eq!(told(&found), format!("{wanted} {server}"), "{meaning:?}");
            assert_eq!(found.result.closes, meaning == Meaning::TheirsForGood, "{meaning:?}");
            assert_eq!(found.result.serial.is_some(), meaning == Meaning::Done, "{meaning:?}");
        }
        let again = Message { last_error: Some(super::super::RESOLVED.into()), ..message(2, None) };
        let limit = answer(Meaning::Retry(60, Scope::Number));
        let found = consequence(&again, limit, true, 1000);
        assert_eq!(found.result.state, MailState::InDoubt, "the first try may have gone out");
    }

    #[test]
    fn a_refusal_for_good_that_is_not_ours_may_still_be_doubted() {
        for (step, code, text, cause) in [
            ("RCPT", 550, "User unknown", Some(Cause::Unknown)),
            ("RCPT", 550, "no", Some(Cause::Unclear)),
            ("RCPT", 450, "User unknown", None),
            ("RCPT", 550, "Relaying denied", None),
            ("dot", 554, "spam", Some(Cause::Content)),
            ("DATA", 554, "no", None),
        ] {
            let outcome = Outcome::Refused { step, code, text: text.to_owned() };
            let found = consequence(&message(1, None), outcome, true, 0);
            assert_eq!(found.refusal.as_ref().map(|r| r.cause), cause, "{code} at {step}");
            if let Some(refusal) = found.refusal {
                assert_eq!(refusal.doubted.state, MailState::Queued);
                assert!(!refusal.doubted.charged && refusal.doubted.due_at > 5);
            }
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
