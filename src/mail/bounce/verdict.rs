//! What status codes and words of mail servers mean for an address (RFC 3463, RFC 5321).

use super::Kind;

/// An enhanced status code: class, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16, pub(super) u16, pub(super) u16);

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Status {
    /// The stated status, unless the server's words are more exact; without either, the class of the reply code.
    pub(super) fn of(stated: Option<Self>, said: Option<Self>, code: Option<u16>) -> Option<Self> {
        match (stated, said) {
            (Some(stated), Some(said)) if stated.is_vague() && said.0 == stated.0 => Some(said),
            (Some(stated), _) => Some(stated),
            (None, Some(said)) => Some(said),
            (None, None) => code.map(|code| Self(code / 100, 0, 0)),
        }
    }

    /// Whether only its class is known.
    fn is_vague(self) -> bool {
        self.1 == 0 && self.2 == 0
    }
}

/// Reply codes of a refusal. Other three-digit numbers in a text are not taken for codes.
const REPLIES: [u16; 20] = [
    421, 450, 451, 452, 454, 500, 501, 502, 503, 504, 521, 530, 535, 541, 550, 551, 552, 553, 554,
    571,
];

/// The first reply code and the first enhanced status of a text. Numbers inside an address, host name or IP address
/// are ignored.
pub(super) fn codes(text: &str) -> (Option<u16>, Option<Status>) {
    let (mut code, mut status) = (None, None);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '_' | '+' | '%');
    for word in text.split(|c: char| !is_word(c)) {
        let word = word.trim_end_matches('.');
        if word.len() == 3 && code.is_none() {
            code = word.parse().ok().filter(|code| REPLIES.contains(code));
        } else if status.is_none() && word.len() <= 9 {
            let numbers: Option<Vec<u16>> = word.split('.').map(|part| part.parse().ok()).collect();
            if let Some([class @ (2 | 4 | 5), subject @ ..=7, detail]) = numbers.as_deref() {
                status = Some(Status(*class, *subject, *detail));
            }
        }
    }
    (code, status)
}

/// Words by which servers say that the address does not exist.
const DEAD: [&str; 17] = [
    "user unknown",
    "unknown user",
    "user not found",
    "user not exist",
    "user doesn't exist",
    "unknown recipient",
    "recipient not found",
    "invalid recipient",
    "no such user",
    "no such recipient",
    "no mailbox here",
    "mailbox not found",
    "mailbox unavailable",
    "account not found",
    "account that you tried to reach does not exist",
    "account is disabled",
    "unrouteable address",
];

/// Words for a full mailbox.
const FULL: [&str; 5] =
    ["quota", "mailbox full", "mailbox is full", "storage", "insufficient space"];

/// Words for an objection to the sender, its mail or its rate.
const POLICY: [&str; 22] = [
    "spam",
    "blocked",
    "blacklist",
    "block list",
    "blocklist",
    "denied",
    "policy",
    "reputation",
    "frequency",
    "too many",
    "rate limit",
    "relay",
    "content",
    "authentic",
    "spf",
    "dkim",
    "dmarc",
    "rbl",
    "virus",
    "suspicious",
    "size limit",
    "too large",
];

/// Whether a text, in lower case, says that the address does not exist.
pub(super) fn is_dead(small: &str) -> bool {
    DEAD.iter().any(|words| small.contains(words))
}

/// The kind of a final failure.
pub(super) fn kind_of_failure(status: Status, code: Option<u16>, text: &str) -> Kind {
    match status {
        // A temporary failure, or a full mailbox.
        Status(4, ..) | Status(5, 2, 2) => Kind::Soft,
        // About the sender's address, the size or content of the mail, security or policy, but not about the
        // reader's address.
        Status(5, 1, 7 | 8) | Status(5, 2, 3) | Status(5, 3, 4) | Status(5, 6 | 7, _) => {
            Kind::Policy
        }
        Status(5, 0 | 5, 0) => kind_by_words(code, &text.to_ascii_lowercase()),
        Status(5, ..) => Kind::Hard,
        _ => Kind::Delivered,
    }
}

/// The kind by words, for codes that say nothing. If the words say nothing either, 550, 551 and 553 are about the
/// address and 554 is about the transaction.
fn kind_by_words(code: Option<u16>, small: &str) -> Kind {
    let says = |words: &[&str]| words.iter().any(|words| small.contains(words));
    if is_dead(small) {
        Kind::Hard
    } else if says(&FULL) {
        Kind::Soft
    } else if says(&POLICY) {
        Kind::Policy
    } else {
        match code {
            None | Some(550 | 551 | 553) => Kind::Hard,
            Some(552) => Kind::Soft,
            Some(_) => Kind::Policy,
        }
    }
}

/// What a server's refusal of a recipient (RCPT) means, and the status in its words. `None` if the code is not
/// about the recipient.
pub fn refusal(code: u16, text: &str) -> Option<(Kind, String)> {
    if !(550..=553).contains(&code) {
        return None;
    }
    let status = codes(text).1.filter(|status| status.0 == 5).unwrap_or(Status(5, 0, 0));
    Some((kind_of_failure(status, Some(code), text), status.to_string()))
}
