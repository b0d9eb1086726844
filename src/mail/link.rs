//! What a mail carries so that an answer can be matched to it: the number in its envelope sender, which tells a
//! real bounce from a forged one, and the token by which its reader unsubscribes. Both are signed with the
//! installation's secret.

use super::message::{MessageError, routable};
use crate::config::{BounceAddress, HttpsUrl};
use crate::text::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of the tag in an envelope sender. 64 bits cannot be guessed by mail, and the address stays within 64
/// characters.
const TAG_BYTES: usize = 8;
/// Bytes of a message's hash, and of the signature that follows it in a token.
const HASH_BYTES: usize = 16;

/// The part of a Message-ID that is derived from what the mail is about: 32 hexadecimal digits. Only who has seen the
/// mail knows them, because nobody else has the secret.
pub fn message_hash(secret: &[u8], key: &str) -> String {
    hex(&sign(secret, "message", key).finalize().into_bytes()[..HASH_BYTES])
}

/// The secret of what a form asked for, by the form's name and what it was filled in with: whoever sends the form twice
/// reads the same one.
pub fn form_secret(secret: &[u8], asked: &str) -> String {
    hex(&sign(secret, "form", asked).finalize().into_bytes())
}

/// The envelope sender of a mail, `bounce+7.TAG@example.org`. Servers report to it if the mail cannot be delivered.
pub fn bounce_sender(secret: &[u8], to: &BounceAddress, id: i64) -> String {
    let tag = sign(secret, "bounce", &id.to_string()).finalize().into_bytes();
    format!("{}+{id}.{}@{}", to.local, hex(&tag[..TAG_BYTES]), to.domain)
}

/// The number of the mail that an envelope sender belongs to; `None` if we did not make the address.
pub fn bounce_of(secret: &[u8], address: &str) -> Option<i64> {
    let (local, _) = address.trim_matches(['<', '>', ' ']).rsplit_once('@')?;
    let (id, tag) = local.rsplit_once('+')?.1.split_once('.')?;
    let tag = unhex(tag).filter(|tag| tag.len() == TAG_BYTES)?;
    let number: i64 = id.parse().ok()?;
    let is_ours = sign(secret, "bounce", id).verify_truncated_left(&tag).is_ok();
    is_ours.then_some(number)
}

/// The token by which the reader of a message unsubscribes: 64 hexadecimal digits.
pub fn token(secret: &[u8], message_hash: &str) -> String {
    let signature = sign(secret, "unsubscribe", message_hash).finalize().into_bytes();
    format!("{message_hash}{}", hex(&signature[..HASH_BYTES]))
}

/// The hash of the message that a token belongs to; `None` if this installation did not make the token. Takes the
/// same time for every wrong signature.
pub fn hash_of(secret: &[u8], token: &str) -> Option<String> {
    let token = token.trim().to_ascii_lowercase();
    let bytes = unhex(&token).filter(|bytes| bytes.len() == 2 * HASH_BYTES)?;
    let hash = &token[..2 * HASH_BYTES];
    let signed = sign(secret, "unsubscribe", hash);
    signed.verify_truncated_left(&bytes[HASH_BYTES..]).is_ok().then(|| hash.to_owned())
}

/// Letters of a booking link's token: none that are taken for each other.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters of such a token, five bits each: 80 bits cannot be guessed at a page that counts tries, and fit into a text.
const BOOKING_LETTERS: usize = 16;

/// The token of a link to the booking page of what `about` names.
pub fn booking_token(secret: &[u8], about: &str) -> String {
    let signature = sign(secret, "booking", about).finalize().into_bytes();
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    signature.iter().take(BOOKING_LETTERS).map(letter).collect()
}

/// The token in the address at which a service hands over what it has to say of a channel: 32 hexadecimal digits.
pub fn hook_token(secret: &[u8], channel: &str) -> String {
    hex(&sign(secret, "hook", channel).finalize().into_bytes()[..HASH_BYTES])
}

/// Whether a token is the one of a channel. Takes the same time for every wrong one.
pub fn is_hook_token(secret: &[u8], channel: &str, token: &str) -> bool {
    let bytes = unhex(token).filter(|bytes| bytes.len() == HASH_BYTES);
    bytes.is_some_and(|bytes| sign(secret, "hook", channel).verify_truncated_left(&bytes).is_ok())
}

/// A signature for one purpose is not valid for another.
fn sign(secret: &[u8], purpose: &str, text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of every length");
    mac.update(purpose.as_bytes());
    mac.update(b"\n");
    mac.update(text.as_bytes());
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// How the reader of a mail unsubscribes from its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct WayOut {
    /// The address to write to.
    pub desk: String,
    /// The token that identifies the reader.
    pub token: String,
    /// The page on which one click unsubscribes.
    pub page: Option<String>,
}

impl std::fmt::Debug for WayOut {
    /// Hides the token: whoever reads it in a log could unsubscribe others.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WayOut(…)")
    }
}

impl WayOut {
    /// The ways to unsubscribe from a mail; `desk` is the address to write to.
    pub fn new(desk: &str, page: Option<&HttpsUrl>, token: String) -> Result<Self, MessageError> {
        let page = page.map(|page| format!("{}/{token}", page.0));
        Ok(Self { desk: routable(desk)?, token, page })
    }

    /// A link that opens a mail to the desk with the token as its subject.
    pub fn mailto(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "@-._~!$*'+".contains(c);
        let encoded = |c: char| {
            if plain(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }
        };
        let desk: String = self.desk.chars().map(encoded).collect();
        format!("mailto:{desk}?subject=unsubscribe%20{}", self.token)
    }

    /// Both links in the form of the List-Unsubscribe header.
    pub fn links(&self) -> Vec<String> {
        std::iter::once(self.mailto()).chain(self.page.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"of one installation";

    #[test]
    fn only_an_envelope_sender_of_ours_leads_to_its_mail() {
        let to: BounceAddress = "bounce@example.org".parse().expect("an address");
        let sender = bounce_sender(SECRET, &to, 4711);
        let (local, domain) = sender.split_once('@').expect("an address");
        assert_eq!((&local[..12], domain, local.len()), ("bounce+4711.", "example.org", 28));
        assert_eq!(bounce_of(SECRET, &sender), Some(4711));
        // Mail servers may change the case of the address that they report to.
        assert_eq!(bounce_of(SECRET, &format!("<{}>", sender.to_uppercase())), Some(4711));
        assert_eq!(bounce_of(b"another", &sender), None);
        for forged in [
            sender.replace("4711", "4712"),
            sender.replace("4711", "04711"),
            sender.replacen("4711.", "4711.0", 1),
            "bounce+4711.@example.org".to_owned(),
            "bounce+4711@example.org".to_owned(),
            "bounce@example.org".to_owned(),
            format!("bounce+4711.{}@example.org", "0".repeat(16)),
            "用户+1.ab@例子".to_owned(),
            String::new(),
        ] {
            assert_eq!(bounce_of(SECRET, &forged), None, "{forged}");
        }
        let longest = bounce_sender(
            SECRET,
            &format!("{}@x.y", "b".repeat(26)).parse().expect("ok"),
            i64::MAX,
        );
        assert!(longest.split_once('@').expect("an address").0.len() <= 64, "{longest}");
    }

    #[test]
    fn only_a_token_of_ours_names_its_message() {
        let hash = message_hash(SECRET, "reminder/small/2021-04-01/ab");
        assert_ne!(hash, message_hash(b"another", "reminder/small/2021-04-01/ab"));
        assert_ne!(hash, message_hash(SECRET, "reminder/small/2021-04-01/ac"));
        let token = token(SECRET, &hash);
        assert_eq!((hash.len(), token.len()), (32, 64));
        assert_eq!(hash_of(SECRET, &format!(" {}\n", token.to_uppercase())), Some(hash));
        assert_eq!(hash_of(b"another", &token), None);
        for at in [0, 31, 32, 63] {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(hash_of(SECRET, &String::from_utf8(other).expect("digits")), None, "{at}");
        }
        for wrong in ["", "ab", &token[..63], &format!("{token}00"), "用户"] {
            assert_eq!(hash_of(SECRET, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_own_token_of_a_channel_opens_its_address() {
        let token = hook_token(SECRET, "sms");
        assert!(token.len() == 32 && is_hook_token(SECRET, "sms", &token));
        assert!(!is_hook_token(SECRET, "other", &token) && !is_hook_token(b"x", "sms", &token));
        for wrong in ["", "ab", &token[..30], &format!("{token}00")] {
            assert!(!is_hook_token(SECRET, "sms", wrong), "{wrong}");
        }
    }

    #[test]
    fn links_hold_nothing_that_a_header_may_not() {
        let page = "https://a.example/u".parse().expect("a page");
        let way = WayOut::new("a%b&c?d@例子.测试", Some(&page), "t0".to_owned()).expect("a way");
        assert_eq!(
            way.links(),
            [
                "mailto:a%25b%26c%3Fd@xn--fsqu00a.xn--0zwm56d?subject=unsubscribe%20t0",
                "https://a.example/u/t0"
            ]
        );
        assert!(WayOut::new("nobody", None, String::new()).is_err());
    }
}
