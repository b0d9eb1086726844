//! Reads what a mail server reports about a mail that it could not deliver (RFC 3464, or in the server's own
//! words).
//!
//! A **report** is one returned message. Its **failures** say what happened, one for each address; the **kind** of
//! a failure says what it means for the address. Nothing in a report is trusted: the caller finds out by the signed
//! envelope sender whether it is about one of our mails.

use super::message::canonical;
use super::mime::{self, Head, Part};
use super::safe;
pub use crate::domain::message::BounceKind as Kind;
use crate::domain::refusal::{Answer, EnhancedCode, Step, codes, judge, speaks_of_address};
use crate::text::hex;
use sha2::{Digest as _, Sha256};

/// Largest message, in bytes. A report contains at most a copy of the mail, and ours are far smaller.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// Why a message cannot be used as a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotUnderstood {
    /// The file cannot be read.
    Unreadable,
    /// It is larger than [`BYTES_MAX`].
    TooLarge,
    /// It is no report about a mail, but for example an answer or an advertisement.
    NoReport,
    /// It is a report, but names no address with a result.
    NoStatus,
    /// It is about no mail in this database.
    NotOurs,
    /// It is about one of our mails, but was not sent to that mail's envelope sender.
    Unproven,
    /// It is about one of our mails, but names another recipient, and nothing else proves it.
    OtherReader,
}

impl NotUnderstood {
    /// Its word, also used as a key of the catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::NoReport => "no_report",
            Self::NoStatus => "no_status",
            Self::NotOurs => "not_ours",
            Self::Unproven => "unproven",
            Self::OtherReader => "other_reader",
        }
    }
}

/// What a report says about one address.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// The addresses named for the failure: the final one, and the one before any forwarding.
    pub addresses: Vec<String>,
    /// What it means.
    pub kind: Kind,
    /// The status code, such as `5.1.1`.
    pub status: String,
    /// What the server said, on one line.
    pub said: String,
}

/// A report about mail that was not delivered. Without a derived `Debug`, because it holds addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct BounceReport {
    /// A hash of its content. It identifies the report whatever folder it is read from.
    pub digest: String,
    /// The addresses that the report was sent to, from its header.
    pub came_to: Vec<String>,
    /// The Message-ID of the mail that the report is about, without angle brackets; `None` if it is not named.
    pub original: Option<String>,
    /// What the report says; never empty.
    pub failures: Vec<Failure>,
}

impl BounceReport {
    /// What the report says about an address: the failure that names it, or else the mildest one. Of a mailing
    /// list, one unreachable member does not make the address dead.
    pub fn about(&self, address: &str) -> &Failure {
        let mildest = || self.failures.iter().min_by_key(|failure| failure.kind);
        self.naming(address).or_else(mildest).expect("a report without failures is not made")
    }

    /// The failure that names an address.
    pub fn naming(&self, address: &str) -> Option<&Failure> {
        let address = canonical(address);
        self.failures
            .iter()
            .find(|failure| failure.addresses.iter().any(|named| canonical(named) == address))
    }

    /// Whether it names any address: some servers only quote the mail.
    pub fn names_somebody(&self) -> bool {
        self.failures.iter().any(|failure| !failure.addresses.is_empty())
    }
}

/// Header fields with the addresses that a message was sent to.
const ENVELOPE: [&str; 5] = ["to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"];

/// Reads a message that was sent to the bounce address.
pub fn read(message: &[u8]) -> Result<BounceReport, NotUnderstood> {
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
    // Folders and servers on the way add header fields, so the hash covers only what the reporting server wrote.
    let mut hash = Sha256::new();
    hash.update(head.get("message-id").unwrap_or_default());
    // In an mbox each message ends with an empty line.
    for line in mime::lines(mime::split(message).1.trim_ascii_end()) {
        hash.update(b"\n");
        hash.update(line.trim_ascii_end());
    }
    let came_to = ENVELOPE.iter().flat_map(|name| head.all(name)).flat_map(addresses).collect();
    Ok(BounceReport {
        digest: hex(&hash.finalize()[..16]),
        came_to,
        original: attached(&parts).or(original),
        failures,
    })
}

/// The words of a field that contain an `@`.
fn addresses(field: &str) -> impl Iterator<Item = String> {
    let words = field.split(|c: char| c.is_whitespace() || "<>,;\"()".contains(c));
    words.filter(|word| word.contains('@')).map(str::to_owned)
}

/// The Message-ID of the mail, or its header, that is enclosed in a report.
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

/// The results of a delivery status: groups of fields separated by empty lines. The first group is about the
/// message as a whole.
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
        let Some(status) = EnhancedCode::of(stated, said, code) else { continue };
        let kind = match head.get("action").map(str::to_ascii_lowercase).as_deref() {
            Some("delivered" | "relayed" | "expanded") => Kind::Delivered,
            Some("delayed") => Kind::Delayed,
            Some(action) if action.starts_with("failed") => kind(status, code, text),
            // RFC 3464 requires an action. Without one, only a permanent failure is certain.
            _ if status.0 == 5 => kind(status, code, text),
            _ if status.0 == 2 => Kind::Delivered,
            _ => Kind::Delayed,
        };
        let text = text.split_once(';').map_or(text, |(_, text)| text);
        let said = safe::sentence(text);
        out.push(Failure { addresses: named, kind, status: status.to_string(), said });
    }
    out
}

/// What a final failure means for the address.
fn kind(status: EnhancedCode, code: Option<u16>, words: &str) -> Kind {
    if !matches!(status.0, 4 | 5) {
        return Kind::Delivered;
    }
    let answer = Answer { step: Step::Report, code, status: Some(status), words };
    judge(&answer).kind(status.0 == 5)
}

/// Lines after which servers quote the returned mail.
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
    // In lower case, with the same length as `text`, so that positions agree.
    let small = text.to_ascii_lowercase();
    let copy = COPY_STARTS.iter().filter_map(|start| small.find(start)).min();
    let words = &text[..copy.unwrap_or(text.len())];
    let original = copy.and_then(|copy| {
        let id = copy + small[copy..].find("\nmessage-id:")?;
        Head::read(&text.as_bytes()[id + 1..]).get("message-id").and_then(message_id)
    });
    let is_qmail = small.contains("this is the qmail-send program");
    let (code, said) = codes(words);
    let for_good = !failed.is_empty() || speaks_of_address(words);
    let status = match EnhancedCode::of(None, said, code) {
        // qmail reports only when it gives up, whatever the code.
        Some(status) if status.0 == 5 || is_qmail => status,
        _ if for_good => EnhancedCode(5, 0, 0),
        _ => return Err(NotUnderstood::NoStatus),
    };
    let named = if failed.is_empty() { qmail_address(words) } else { failed };
    let kind = kind(status, code, words);
    let said = safe::sentence(&around(words, code, said));
    let failure = Failure { addresses: named, kind, status: status.to_string(), said };
    Ok((vec![failure], original))
}

/// The address in a line `<address>:`, by which qmail names the recipient.
fn qmail_address(words: &str) -> Vec<String> {
    let line = words.lines().find_map(|line| line.trim().strip_prefix('<')?.strip_suffix(">:"));
    line.map(str::to_owned).into_iter().collect()
}

/// The line with the status code, or else the first line with words.
fn around(words: &str, code: Option<u16>, status: Option<EnhancedCode>) -> String {
    let has = |line: &&str| {
        let found = codes(line);
        (code.is_some() && found.0 == code) || (status.is_some() && found.1 == status)
    };
    let dead = |line: &&str| speaks_of_address(line);
    let found = words.lines().find(has).or_else(|| words.lines().find(dead));
    found.or_else(|| words.lines().find(|line| !line.trim().is_empty())).unwrap_or_default().into()
}

/// HTML without its tags. The text is only searched, never shown.
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
