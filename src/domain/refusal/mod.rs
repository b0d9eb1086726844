//! Whose fault it is that a mail server refuses a mail: ours, the message's, or the reader's. Refusals while a mail is
//! sent and reports that come later are judged by the same rules.
//!
//! The server's words count before its numbers, because many providers answer everything with 550 or 554. Only where
//! the words say nothing does the enhanced code decide, and then the reply code and the step.

mod codes;
mod streak;
mod wording;

pub use codes::{EnhancedCode, codes};
pub use streak::{Belief, Streak};

use super::message::BounceKind;
use super::words::words;

/// The edition of the rules below. When it changes, what was judged by earlier rules is judged again.
pub const EDITION: i64 = 1;

words! {
    /// Whose fault a refusal is.
    pub enum Owner {
        /// Ours: login, configuration, sender, quota. Every other mail would be refused too.
        Us = "us",
        /// This message's: what is in it, or its size.
        Message = "message",
        /// This reader's.
        Reader = "reader",
    }
}

words! {
    /// Why a mail was refused.
    pub enum Cause {
        /// The server wants a login, or does not accept ours.
        Login = "login",
        /// We have sent as much as we may today or this hour.
        Quota = "quota",
        /// We send too fast, or over too many connections.
        Rate = "rate",
        /// The server does not pass on mail from us.
        Relay = "relay",
        /// It does not accept our sender: not the account's own, not verified, or against SPF, DKIM or DMARC.
        Sender = "sender",
        /// It does not accept the name that we say at EHLO.
        Hello = "hello",
        /// It does not accept our IP address, our domain or our account: a block list, a bad reputation.
        Blocked = "blocked",
        /// It does not accept how we speak to it.
        Setup = "setup",
        /// It refuses one message or reader after the other in the same way.
        InARow = "in_a_row",
        /// It takes the message for spam, or does not want what is in it.
        Content = "content",
        /// The message is too large.
        Size = "size",
        /// There is no such address.
        Unknown = "unknown",
        /// The mailbox is closed, locked or suspended.
        Disabled = "disabled",
        /// The mailbox is full.
        Full = "full",
        /// The reader does not want mail from us.
        Closed = "closed",
        /// The mailbox gets too much mail just now, or the server wants us to come back later.
        Busy = "busy",
        /// The reader's mail server is not found or does not answer.
        Unreachable = "unreachable",
        /// The server does not say why.
        Unclear = "unclear",
    }
}

impl Cause {
    /// Whose fault it is.
    pub fn owner(self) -> Owner {
        match self {
            Self::Login
            | Self::Quota
            | Self::Rate
            | Self::Relay
            | Self::Sender
            | Self::Hello
            | Self::Blocked
            | Self::Setup
            | Self::InARow => Owner::Us,
            Self::Content | Self::Size => Owner::Message,
            Self::Unknown
            | Self::Disabled
            | Self::Full
            | Self::Closed
            | Self::Busy
            | Self::Unreachable
            | Self::Unclear => Owner::Reader,
        }
    }

    /// What a final refusal means for the address. `for_good`: the server refused for good, and did not only give up.
    pub fn kind(self, for_good: bool) -> BounceKind {
        match self {
            Self::Unknown | Self::Disabled if for_good => BounceKind::Hard,
            Self::Unknown | Self::Disabled | Self::Full | Self::Unreachable => BounceKind::Soft,
            Self::Unclear if !for_good => BounceKind::Soft,
            _ => BounceKind::Policy,
        }
    }
}

/// At which step a server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// When we connected.
    Banner,
    /// At EHLO.
    Hello,
    /// At STARTTLS.
    StartTls,
    /// At AUTH.
    Auth,
    /// At MAIL, which names the sender.
    Mail,
    /// At RCPT, which names the reader.
    Rcpt,
    /// At DATA, before the message.
    Data,
    /// After the message.
    Dot,
    /// Later, in a report about a mail that was accepted first.
    Report,
}

impl Step {
    /// The step with this name in the record of an attempt; RSET belongs to the message that follows.
    pub fn named(name: &str) -> Self {
        match name {
            "banner" => Self::Banner,
            "EHLO" => Self::Hello,
            "STARTTLS" => Self::StartTls,
            "AUTH" => Self::Auth,
            "RCPT" | "address" => Self::Rcpt,
            "DATA" => Self::Data,
            "dot" => Self::Dot,
            "report" => Self::Report,
            _ => Self::Mail,
        }
    }

    /// Whether the server knows the reader by then.
    fn knows_reader(self) -> bool {
        matches!(self, Self::Rcpt | Self::Data | Self::Dot | Self::Report)
    }
}

/// What a server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// To what.
    pub step: Step,
    /// Its reply code; a report may have none.
    pub code: Option<u16>,
    /// Its enhanced status code.
    pub status: Option<EnhancedCode>,
    /// Its words, in any case and language.
    pub words: &'a str,
}

impl<'a> Answer<'a> {
    /// An answer with its enhanced code inside its words.
    pub fn spoken(step: Step, code: u16, words: &'a str) -> Self {
        Self { step, code: Some(code), status: codes(words).1, words }
    }

    /// Whether the server refuses for good, and does not only put us off.
    fn is_for_good(&self) -> bool {
        let class = self.code.map(|code| code / 100).or(self.status.map(|status| status.0));
        class.is_none_or(|class| class >= 5)
    }
}

/// Why a server refused.
pub fn judge(answer: &Answer<'_>) -> Cause {
    let said = wording::normal(answer.words);
    // A code of another class than the reply's was mixed up.
    let class = answer.code.map(|code| code / 100);
    let status = answer.status.filter(|status| class.is_none_or(|class| class == status.0));
    let found = status
        .and_then(certain)
        .or_else(|| together(wording::cause(&said), status, &said))
        .or_else(|| answer.code.and_then(|code| by_code(code, answer.step)));
    fitting(found.unwrap_or(Cause::Unclear), answer)
}

/// Whether words say that there is no such address, or that it takes no mail.
pub fn speaks_of_address(words: &str) -> bool {
    let cause = wording::cause(&wording::normal(words));
    matches!(cause, Some(Cause::Unknown | Cause::Disabled))
}

/// Codes of Exchange and of RFC 7372 that mean one thing only, whatever is said with them.
fn certain(EnhancedCode(_, subject, detail): EnhancedCode) -> Option<Cause> {
    Some(match (subject, detail) {
        (1, 90) => Cause::Quota,
        (2, 121 | 122) => Cause::Busy,
        (7, 12 | 124 | 133..=136 | 504 | 505 | 900..=999) => Cause::Closed,
        (7, 54 | 64) => Cause::Relay,
        (7, 57 | 139) => Cause::Login,
        (7, 506) => Cause::Hello,
        (2, 252) | (7, 20..=24 | 26 | 27 | 60 | 509) => Cause::Sender,
        (7, 501..=503 | 507 | 511 | 513 | 606..=649 | 700..=750) => Cause::Blocked,
        _ => return None,
    })
}

/// What words and enhanced code say together.
fn together(spoken: Option<Cause>, status: Option<EnhancedCode>, said: &str) -> Option<Cause> {
    let coded = status.and_then(|status| by_status(status, said));
    match (spoken, coded) {
        // A quota that is a matter of routes or of policy is no mailbox's.
        (Some(Cause::Full), None | Some(Cause::Unreachable))
            if status.is_some_and(|status| matches!(status.1, 4 | 7)) =>
        {
            Some(Cause::Quota)
        }
        // "See our policy" is said with everything.
        (
            Some(Cause::Content | Cause::Unreachable | Cause::Unclear),
            Some(Cause::Unknown | Cause::Disabled | Cause::Full),
        )
        | (None, _) => coded,
        (spoken, _) => spoken,
    }
}

/// What an enhanced code says where the words say nothing. Subjects 3, 4 and 5 are about servers, routes and commands:
/// alone they speak against no address.
fn by_status(EnhancedCode(_, subject, detail): EnhancedCode, said: &str) -> Option<Cause> {
    Some(match (subject, detail) {
        (1, 7 | 8) => Cause::Sender,
        (1, _) => Cause::Unknown,
        (2, 1) => Cause::Disabled,
        (2, 2) => Cause::Full,
        (2, 3) | (3, 4) => Cause::Size,
        // So Exchange says that its directory does not have the address.
        (4, 1) if said.contains(" recipient address") && said.contains(" rejected ") => {
            Cause::Unknown
        }
        (4, 1..=4 | 6 | 7) => Cause::Unreachable,
        (5, 3) | (7, 28) => Cause::Rate,
        (6, _) => Cause::Content,
        (7, 25) => Cause::Blocked,
        (7, 3 | 8 | 9 | 11 | 13 | 14) => Cause::Login,
        _ => return None,
    })
}

/// What a reply code says where nothing else does.
fn by_code(code: u16, step: Step) -> Option<Cause> {
    Some(match code {
        523..=526 | 530 | 534 | 535 | 538 => Cause::Login,
        500 | 502..=504 | 555 => Cause::Setup,
        552 if step == Step::Dot => Cause::Size,
        552 => Cause::Full,
        _ => return None,
    })
}

/// The cause that the step allows: before the server knows the reader, a final refusal is about us, and a message that
/// it has not seen is not the reason.
fn fitting(found: Cause, answer: &Answer<'_>) -> Cause {
    let (step, for_good) = (answer.step, answer.is_for_good());
    if found.owner() == Owner::Us || (found == Cause::Size && step == Step::Mail) {
        return found;
    }
    if !step.knows_reader() {
        return match (for_good, step) {
            (false, _) => Cause::Unclear,
            (true, Step::Auth) => Cause::Login,
            (true, Step::Hello) => Cause::Hello,
            (true, Step::StartTls) => Cause::Setup,
            (true, Step::Banner) => Cause::Blocked,
            (true, _) => Cause::Sender,
        };
    }
    match (found, step) {
        (Cause::Content, Step::Rcpt) => Cause::Unclear,
        (Cause::Content | Cause::Unclear, Step::Data) if for_good => Cause::Setup,
        (Cause::Unclear, Step::Dot) if for_good => Cause::Content,
        (found, _) => found,
    }
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod answers_tests;
