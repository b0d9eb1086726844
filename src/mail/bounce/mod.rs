//! What a mail server reports about a mail that it could not deliver (RFC 3464), or says in its own words.
//!
//! A **report** is one message that came back. Its **failures** are what it says about one address each; what a failure
//! means for the address is its **kind**. Nothing in a report is believed: whether it is about a mail of ours is for
//! the caller to find out, by the signed envelope sender that it came to.

mod verdict;

use super::mime::{self, Head, Part};
use super::safe;
pub use crate::domain::message::BounceKind as Kind;
use crate::text::hex;
use sha2::{Digest as _, Sha256};
pub use verdict::refusal;
use verdict::{Status, codes, is_dead, judge};

/// Larger messages are not read: a report holds a copy of the mail at most, and ours are far smaller.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// Why a message is no report that can be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotUnderstood {
    /// The file cannot be read.
    Unreadable,
    /// It is larger than [`BYTES_MAX`].
    TooLarge,
    /// It is no report about a mail: an answer, an advertisement.
    NoReport,
    /// It is one, but says of no address what became of it.
    NoStatus,
    /// It is about no mail of this database.
    NotOurs,
    /// It is about a mail of ours, but did not come to that mail's envelope sender.
    Unproven,
}

impl NotUnderstood {
    /// The word that names it, in the catalogue too.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::NoReport => "no_report",
            Self::NoStatus => "no_status",
            Self::NotOurs => "not_ours",
            Self::Unproven => "unproven",
        }
    }
}

/// What is said about one address.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// The addresses that are named for it: the last one, and the one before any forwarding.
    pub addresses: Vec<String>,
    /// What it means.
    pub kind: Kind,
    /// The code, such as `5.1.1`.
    pub status: String,
    /// The server's words, on one line.
    pub said: String,
}

/// A report. It has no derived `Debug`: it holds addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// Tells the same report again, from whatever folder it is read: a hash of its content.
    pub digest: String,
    /// The addresses to which it came, as its header has them.
    pub came_to: Vec<String>,
    /// The Message-ID of the mail that it is about, without angle brackets.
    pub original: Option<String>,
    /// What it says; never empty.
    pub failures: Vec<Failure>,
}

impl Report {
    /// What the report says about an address: what names it, else the mildest of all, for a list of which one
    /// member cannot be reached is no dead address.
    pub fn about(&self, address: &str) -> &Failure {
        let names = |failure: &&Failure| {
            failure.addresses.iter().any(|named| named.eq_ignore_ascii_case(address))
        };
        let mildest = || self.failures.iter().min_by_key(|failure| failure.kind);
        let found = self.failures.iter().find(names).or_else(mildest);
        found.expect("a report without failures is not made")
    }
}

/// The fields that say to whom a message came.
const ENVELOPE: [&str; 5] = ["to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"];

/// Reads a message that came to the address for bounces.
pub fn read(message: &[u8]) -> Result<Report, NotUnderstood> {
    if message.len() > BYTES_MAX {
        return Err(NotUnderstood::TooLarge);
    }
    let (head, parts) = mime::read(message);
    let is_status = |part: &&Part<'_>| {
        matches!(part.kind.as_str(), "message/delivery-status" | "message/global-delivery-status")
    };
    let statuses: Vec<_> = parts.iter().filter(is_status).collect();
    let (failures, original) = if statuses.is_empty() {
        in_words(&head, &parts)?
    } else {
        (statuses.iter().flat_map(|part| groups(&part.body)).collect(), None)
    };
    if failures.is_empty() {
        return Err(NotUnderstood::NoStatus);
    }
    // Folders and servers on the way add to the header, so only what the reporting server wrote tells the same again.
    let mut hash = Sha256::new();
    hash.update(head.get("message-id").unwrap_or_default());
    // An mbox ends each message with an empty line.
    for line in mime::lines(mime::split(message).1.trim_ascii_end()) {
        hash.update(b"\n");
        hash.update(line.trim_ascii_end());
    }
    let came_to = ENVELOPE.iter().flat_map(|name| head.all(name)).flat_map(addresses).collect();
    Ok(Report {
        digest: hex(&hash.finalize()[..16]),
        came_to,
        original: attached(&parts).or(original),
        failures,
    })
}

/// The words in a field that have an `@`.
fn addresses(field: &str) -> impl Iterator<Item = String> {
    let words = field.split(|c: char| c.is_whitespace() || "<>,;\"()".contains(c));
    words.filter(|word| word.contains('@')).map(str::to_owned)
}

/// The Message-ID of the mail, or its header, that is attached to a report.
fn attached(parts: &[Part<'_>]) -> Option<String> {
    let is_mail = |part: &&Part<'_>| {
        matches!(
            part.kind.as_str(),
            "message/rfc822" | "text/rfc822-headers" | "message/global" | "message/global-headers"
        )
    };
    let head = |part: &Part<'_>| {
        Head::read(part.body.trim_ascii_start()).get("message-id").and_then(message_id)
    };
    parts.iter().filter(is_mail).find_map(head)
}

fn message_id(field: &str) -> Option<String> {
    let id = field.trim().trim_start_matches('<').split(['>', ' ']).next()?;
    id.contains('@').then(|| id.to_owned())
}

/// What a delivery status says about each address: groups of fields with an empty line between them, the first of which
/// is about the message as a whole.
fn groups(body: &[u8]) -> Vec<Failure> {
    let mut out = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (head, after) = mime::split(rest);
        rest = after;
        let named: Vec<_> = ["final-recipient", "original-recipient"]
            .iter()
            .filter_map(|name| head.get(name))
            .map(|field| field.split_once(';').map_or(field, |(_, address)| address))
            .map(|address| address.trim().trim_matches(['<', '>']).to_owned())
            .collect();
        if named.is_empty() {
            continue;
        }
        let text = head.get("diagnostic-code").unwrap_or_default();
        let (code, said) = codes(text);
        let stated = head.get("status").and_then(|field| codes(field).1);
        let Some(status) = Status::of(stated, said, code) else { continue };
        let kind = match head.get("action").map(str::to_ascii_lowercase).as_deref() {
            Some("delivered" | "relayed" | "expanded") => Kind::Delivered,
            Some("delayed") => Kind::Delayed,
            Some(action) if action.starts_with("failed") => judge(status, code, text),
            // RFC 3464 demands an action; without one, only what is for good is certain.
            _ if status.0 == 5 => judge(status, code, text),
            _ if status.0 == 2 => Kind::Delivered,
            _ => Kind::Delayed,
        };
        let text = text.split_once(';').map_or(text, |(_, text)| text);
        let said = safe::sentence(text);
        out.push(Failure { addresses: named, kind, status: status.to_string(), said });
    }
    out
}

/// Where servers put the mail that came back under their words.
const COPY_STARTS: [&str; 6] = [
    "--- below this line is a copy of the message",
    "--- enclosed is a copy of the message",
    "------ this is a copy of",
    "----- original message",
    "--- the header of the original message is following",
    "--- original message",
];

/// Reads a report without a delivery status, as qmail, older Exim and some providers write it.
fn in_words(
    head: &Head,
    parts: &[Part<'_>],
) -> Result<(Vec<Failure>, Option<String>), NotUnderstood> {
    let from = head.get("from").unwrap_or_default().to_ascii_lowercase();
    let failed: Vec<_> = head.all("x-failed-recipients").flat_map(addresses).collect();
    let is_server = ["mailer-daemon", "postmaster", "mail delivery"];
    if failed.is_empty() && !is_server.iter().any(|name| from.contains(name)) {
        return Err(NotUnderstood::NoReport);
    }
    let mut text = String::new();
    for part in parts.iter().filter(|part| part.kind.starts_with("text/")) {
        let body = String::from_utf8_lossy(&part.body);
        text += &if part.kind == "text/html" { without_tags(&body) } else { body.into_owned() };
        text.push('\n');
    }
    // The same length as `text`, so that a place in one is a place in the other.
    let small = text.to_ascii_lowercase();
    let copy = COPY_STARTS.iter().filter_map(|start| small.find(start)).min();
    let words = &text[..copy.unwrap_or(text.len())];
    let original = copy.and_then(|copy| {
        let id = copy + small[copy..].find("\nmessage-id:")?;
        Head::read(&text.as_bytes()[id + 1..]).get("message-id").and_then(message_id)
    });
    let is_qmail = small.contains("this is the qmail-send program");
    let (code, said) = codes(words);
    let for_good = !failed.is_empty() || is_dead(&words.to_ascii_lowercase());
    let status = match Status::of(None, said, code) {
        // qmail writes only when it gives up, whatever the code.
        Some(status) if status.0 == 5 || is_qmail => status,
        _ if for_good => Status(5, 0, 0),
        _ => return Err(NotUnderstood::NoStatus),
    };
    let named = if failed.is_empty() { qmail_address(words) } else { failed };
    let kind = judge(status, code, words);
    let said = safe::sentence(&around(words, code, said));
    let failure = Failure { addresses: named, kind, status: status.to_string(), said };
    Ok((vec![failure], original))
}

/// `<address>:` on a line of its own, as qmail names whom it could not reach.
fn qmail_address(words: &str) -> Vec<String> {
    let line = words.lines().find_map(|line| line.trim().strip_prefix('<')?.strip_suffix(">:"));
    line.map(str::to_owned).into_iter().collect()
}

/// The line that has the code, else the first line that says something.
fn around(words: &str, code: Option<u16>, status: Option<Status>) -> String {
    let has = |line: &&str| {
        let found = codes(line);
        (code.is_some() && found.0 == code) || (status.is_some() && found.1 == status)
    };
    let dead = |line: &&str| is_dead(&line.to_ascii_lowercase());
    let found = words.lines().find(has).or_else(|| words.lines().find(dead));
    found.or_else(|| words.lines().find(|line| !line.trim().is_empty())).unwrap_or_default().into()
}

/// HTML without its tags; a report is not to be shown, only searched.
fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                out.push(' ');
            }
            _ if is_tag => {}
            _ => out.push(c),
        }
    }
    out.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">")
}

#[cfg(test)]
mod tests;
