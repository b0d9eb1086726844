//! Turns a letter and its envelope into RFC 5322 bytes, the same bytes for the same input.
//!
//! Message-ID, Date and the boundaries between the parts come from the caller or are derived from what the caller
//! gave. So the outbox can keep the bytes and send them again unchanged.

use super::{Letter, safe};
use crate::domain::campaign::Language;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use lettre::Address;
use lettre::message::header::{self, ContentType, HeaderName, HeaderValue, Headers};
use lettre::message::{Attachment as Part, Mailbox, Mailboxes, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use std::str::FromStr;
use std::time::SystemTime;

/// Widest subject, in columns. A phone shows about 40.
const SUBJECT_COLUMNS_MAX: usize = 120;

/// Longest Message-ID, in characters: it must fit a header line without folding.
const MESSAGE_ID_BYTES_MAX: usize = 200;

/// Why a message cannot be made. Trying again does not help: the address or the configuration must change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not every mail server would accept the address. It is not repeated here, because it is personal.
    #[error(
        "an address cannot be mailed to: {0}; \
         give one of the form name@example.org in ASCII letters"
    )]
    Unroutable(&'static str),
    /// The Message-ID is not `left@right`.
    #[error(
        "message id {0:?} is not of the form left@right in ASCII, \
         at most {MESSAGE_ID_BYTES_MAX} bytes"
    )]
    MessageId(String),
    /// The List-Unsubscribe target is not a link.
    #[error("unsubscribe target {0:?} is neither a mailto: nor an https: link in ASCII")]
    Unsubscribe(String),
    /// The name of an attachment has characters with which some clients cannot open it.
    #[error("attachment name {0:?} is not made of ASCII letters, digits, '.', '-' and '_' only")]
    AttachmentName(String),
    /// The type of an attachment is not a MIME type.
    #[error("attachment type {0:?} is no MIME type such as text/csv")]
    AttachmentType(String),
    /// The kind is not a short word.
    #[error("mail kind {0:?} is not one word of ASCII letters, digits, '-' and '_'")]
    Kind(String),
    /// The mail library refused the parts.
    #[error("the message cannot be put together: {0}")]
    Assembly(String),
}

/// A name and an address, as in `丹阳市疾控中心 <cdc@danyang.example>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// Name of the person or office.
    pub name: Option<String>,
    /// The address as its owner writes it.
    pub address: String,
}

impl std::fmt::Debug for Party {
    /// Hides the address, which is personal, from logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Party(…)")
    }
}

impl FromStr for Party {
    type Err = MessageError;

    /// Reads `address` or `name <address>`, as `[mail] from` has it.
    fn from_str(text: &str) -> Result<Self, MessageError> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
            None => ("", text),
        };
        routable(address)?;
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Self { name, address: address.to_owned() })
    }
}

/// Everything in a message besides the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The sender.
    pub from: Party,
    /// The reader.
    pub to: Party,
    /// The Message-ID, `left@right` without angle brackets; never used for another message.
    pub message_id: String,
    /// When it was decided to send the message.
    pub date: DateTime<Utc>,
    /// The time zone of the Date header: the campaign's.
    pub zone: Tz,
    /// The Content-Language header.
    pub language: Language,
    /// What kind of mail it is, in one word such as `digest`. Header X-Doseplan-Kind, for filters.
    pub kind: String,
    /// `mailto:` and `https:` links to unsubscribe. An `https:` link must accept a POST.
    pub unsubscribe: Vec<String>,
    /// The attachments.
    pub attachments: Vec<Attachment>,
}

/// An attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name: ASCII letters, digits, `.`, `-`, `_`.
    pub name: String,
    /// MIME type.
    pub mime: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// The address as mail servers accept it: trimmed, with its domain in ASCII (`xn--…`).
pub fn routable(address: &str) -> Result<String, MessageError> {
    parse_address(address).map(|address| address.to_string())
}

/// The form of an address in which two spellings compare equal: lower case, with its domain in ASCII. This includes
/// the part before the `@`: in theory servers may distinguish case there, in practice none does.
pub fn canonical(address: &str) -> String {
    routable(address).unwrap_or_else(|_| address.trim().to_owned()).to_ascii_lowercase()
}

/// The forms in which an address may be stored in the queue, in lower case: with its domain in ASCII, and as people
/// write it.
pub fn spellings(address: &str) -> [String; 2] {
    let ascii = canonical(address);
    let unicode = match ascii.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", idna::domain_to_unicode(domain).0),
        None => ascii.clone(),
    };
    [ascii, unicode]
}

pub(crate) fn parse_address(address: &str) -> Result<Address, MessageError> {
    let Some((local, domain)) = address.trim().rsplit_once('@') else {
        return Err(MessageError::Unroutable("there is no '@' in it"));
    };
    if !local.is_ascii() {
        return Err(MessageError::Unroutable("the part before '@' has letters outside ASCII"));
    }
    // A quoted local part may hold spaces and '@'. Few servers accept one, and none of our readers has one.
    let is_plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | ',' | ';' | '\\');
    if !local.chars().all(is_plain) {
        return Err(MessageError::Unroutable(
            "the part before '@' has a character that it may not",
        ));
    }
    let domain = idna::domain_to_ascii(domain)
        .map_err(|_| MessageError::Unroutable("the part after '@' is no domain"))?;
    Address::new(local, domain).map_err(|_| MessageError::Unroutable("it has no valid form"))
}

/// The bytes of a message: CRLF line ends, 7-bit, no line longer than a header line may be.
pub fn build(letter: &Letter, envelope: &Envelope) -> Result<Vec<u8>, MessageError> {
    let id = &envelope.message_id;
    let is_id = |side: &str| !side.is_empty() && side.chars().all(|c| c.is_ascii_graphic());
    let halves = id.split_once('@').filter(|(left, right)| {
        is_id(left) && is_id(right) && !id.contains(['<', '>']) && !right.contains('@')
    });
    if halves.is_none() || id.len() > MESSAGE_ID_BYTES_MAX {
        return Err(MessageError::MessageId(safe::sentence(id)));
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if envelope.kind.is_empty() || !envelope.kind.chars().all(is_word) {
        return Err(MessageError::Kind(safe::sentence(&envelope.kind)));
    }
    let mut builder = lettre::Message::builder()
        .from(mailbox(&envelope.from)?)
        .to(mailbox(&envelope.to)?)
        .subject(safe::one_line(&letter.subject, SUBJECT_COLUMNS_MAX))
        .message_id(Some(format!("<{id}>")))
        .date(SystemTime::from(envelope.date))
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("Content-Language", envelope.language.tag()))
        .raw_header(raw("X-Doseplan-Kind", &envelope.kind));
    let links: Result<Vec<_>, _> = envelope.unsubscribe.iter().map(|l| unsubscribe(l)).collect();
    let links = links?;
    if !links.is_empty() {
        builder = builder.raw_header(raw("List-Unsubscribe", &links.join(", ")));
    }
    if links.iter().any(|link| link.starts_with("<https:")) {
        let one_click = raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        builder = builder.raw_header(one_click);
    }
    let mut message = builder
        .multipart(parts(letter, envelope)?)
        .map_err(|error| MessageError::Assembly(error.to_string()))?;
    // Set last: lettre supports only dates in UTC, and a builder without a date would read the clock.
    let local = envelope.date.with_timezone(&envelope.zone);
    message
        .headers_mut()
        .insert_raw(raw("Date", &local.format("%a, %d %b %Y %H:%M:%S %z").to_string()));
    Ok(message.formatted())
}

/// Text and HTML as alternatives, followed by the attachments if there are any.
fn parts(letter: &Letter, envelope: &Envelope) -> Result<MultiPart, MessageError> {
    let boundary = |part: &str| {
        let digest = Sha256::digest(format!("{part}\n{}", envelope.message_id));
        let start = digest.first_chunk().expect("a SHA-256 digest has 32 bytes");
        format!("=_{part}_{:032x}", u128::from_be_bytes(*start))
    };
    // Mail uses CRLF. A lone LF inside base64 would stay, and some clients would show one long line.
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n");
    let (text, html) =
        (SinglePart::plain(lines(&letter.text)), SinglePart::html(lines(&letter.html)));
    let words = MultiPart::alternative().boundary(boundary("words")).singlepart(text);
    let words = match &letter.picture {
        None => words.singlepart(html),
        Some(picture) => {
            let mime = ContentType::parse("image/png").expect("a type of our own");
            let shown = Part::new_inline_with_name(picture.cid.clone(), picture.name.clone());
            let page = MultiPart::related().boundary(boundary("page")).singlepart(html);
            words.multipart(page.singlepart(shown.body(picture.png.clone(), mime)))
        }
    };
    if envelope.attachments.is_empty() {
        return Ok(words);
    }
    let mut mixed = MultiPart::mixed().boundary(boundary("files")).multipart(words);
    for file in &envelope.attachments {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if file.name.is_empty() || file.name.len() > 100 || !file.name.chars().all(is_name) {
            return Err(MessageError::AttachmentName(safe::sentence(&file.name)));
        }
        let is_mime = file.mime.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        let mime = ContentType::parse(&file.mime).ok().filter(|_| is_mime);
        let mime = mime.ok_or_else(|| MessageError::AttachmentType(safe::sentence(&file.mime)))?;
        mixed = mixed.singlepart(Part::new(file.name.clone()).body(file.bytes.clone(), mime));
    }
    Ok(mixed)
}

fn mailbox(party: &Party) -> Result<Mailbox, MessageError> {
    let name = party.name.as_deref().map(safe::name).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, parse_address(&party.address)?))
}

/// The `To` header of a message.
pub(super) fn to_line(to: &Party) -> Result<String, MessageError> {
    let mut headers = Headers::new();
    headers.set(header::To::from(Mailboxes::from(mailbox(to)?)));
    Ok(headers.to_string())
}

fn unsubscribe(target: &str) -> Result<String, MessageError> {
    let is_link = target.starts_with("mailto:") || target.starts_with("https:");
    let is_safe = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',');
    if !is_link || !target.chars().all(is_safe) {
        return Err(MessageError::Unsubscribe(safe::sentence(target)));
    }
    Ok(format!("<{target}>"))
}

/// A header whose value is ASCII on one line. The library's own folding would break links and ids.
fn raw(name: &'static str, value: &str) -> HeaderValue {
    let value: String = value.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.clone(),
        value,
    )
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
