//! The signatures of the services, each in one function.

use crate::text::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    keyed(key, text).finalize().into_bytes().to_vec()
}

fn keyed(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text);
    mac
}

/// SHA-256 in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// DingTalk: the secret signs time and secret.
pub(super) fn dingtalk(secret: &str, millis: i64) -> String {
    STANDARD.encode(mac(secret.as_bytes(), format!("{millis}\n{secret}").as_bytes()))
}

/// Feishu: time and secret are the key, and the message is empty.
pub(super) fn feishu(secret: &str, seconds: i64) -> String {
    STANDARD.encode(mac(format!("{seconds}\n{secret}").as_bytes(), b""))
}

/// The bytes of a secret of Standard Webhooks; one that is no base64 is taken as it is.
fn webhook_key(secret: &str) -> Vec<u8> {
    let bare = secret.strip_prefix("whsec_").unwrap_or(secret).trim_end_matches('=');
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(bare)
        .unwrap_or_else(|_| secret.as_bytes().to_vec())
}

fn webhook_text(id: &str, seconds: &str, body: &[u8]) -> Vec<u8> {
    [format!("{id}.{seconds}.").as_bytes(), body].concat()
}

/// Standard Webhooks: `v1,` and the signature.
pub(super) fn webhook(secret: &str, id: &str, seconds: i64, body: &[u8]) -> String {
    let text = webhook_text(id, &seconds.to_string(), body);
    format!("v1,{}", STANDARD.encode(mac(&webhook_key(secret), &text)))
}

/// Whether one of the signatures of a header is right. Takes the same time for every wrong one.
pub(super) fn is_webhook(
    secret: &str,
    (id, seconds, signatures): (&str, &str, &str),
    body: &[u8],
) -> bool {
    let text = webhook_text(id, seconds, body);
    signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| {
        let given = STANDARD.decode(one).unwrap_or_default();
        keyed(&webhook_key(secret), &text).verify_slice(&given).is_ok()
    })
}

/// Tencent's TC3-HMAC-SHA256 over a POST to `/`: the signature. `headers` are signed in their order.
pub(super) fn tc3(
    key: &str,
    service: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    (seconds, day): (i64, &str),
) -> String {
    let lines = lines(headers, str::to_lowercase);
    let canonical = format!("POST\n/\n\n{lines}\n{}\n{}", names(headers), digest(body));
    let text = format!(
        "TC3-HMAC-SHA256\n{seconds}\n{day}/{service}/tc3_request\n{}",
        digest(canonical.as_bytes())
    );
    let day = mac(format!("TC3{key}").as_bytes(), day.as_bytes());
    let service = mac(&day, service.as_bytes());
    let request = mac(&service, b"tc3_request");
    hex(&mac(&request, text.as_bytes()))
}

/// The signed headers, a line each.
fn lines(headers: &[(&str, &str)], form: impl Fn(&str) -> String) -> String {
    headers.iter().fold(String::new(), |mut out, (name, value)| {
        out += name;
        out.push(':');
        out += &form(value.trim());
        out.push('\n');
        out
    })
}

/// The signed headers' names.
pub(super) fn names(headers: &[(&str, &str)]) -> String {
    headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
}

/// Aliyun's ACS3-HMAC-SHA256 over a POST to `/` without a body: the signature. `headers` are sorted by name.
pub(super) fn acs3(secret: &str, query: &str, headers: &[(&str, &str)], hash: &str) -> String {
    let lines = lines(headers, str::to_owned);
    let canonical = format!("POST\n/\n{query}\n{lines}\n{}\n{hash}", names(headers));
    let text = format!("ACS3-HMAC-SHA256\n{}", digest(canonical.as_bytes()));
    hex(&mac(secret.as_bytes(), text.as_bytes()))
}

/// Text in a query as RFC 3986 has it: letters, digits and `-_.~` stay.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_nothing_but_letters_digits_and_four_marks() {
        assert_eq!(quoted("a-_.~ +*/:丹"), "a-_.~%20%2B%2A%2F%3A%E4%B8%B9");
    }

    #[test]
    fn the_example_of_standard_webhooks_is_signed_as_its_specification_has_it() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = br#"{"test": 2432232314}"#;
        let signed = webhook(secret, id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(is_webhook(secret, (id, "1614265330", &format!("v1,AAAA {signed}")), body));
        for (id, seconds, body) in [
            ("msg_2", "1614265330", &body[..]),
            (id, "1614265331", body),
            (id, "1614265330", b"{}"),
        ] {
            assert!(!is_webhook(secret, (id, seconds, &signed), body));
        }
        assert!(!is_webhook(secret, (id, "1614265330", "v1,"), body));
        assert!(!is_webhook(secret, (id, "1614265330", ""), body));
    }
}
