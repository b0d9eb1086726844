//! The second factor of a login: codes of an authenticator (TOTP, RFC 6238 with SHA-1, six digits, 30 seconds, which
//! every such program knows), and recovery codes for whoever has lost it.
//!
//! - A **step** is the number of the 30 seconds since 1970. A code is that of one step; clocks may be one step apart.
//! - A code is taken **once**, and none that is older than the last one.

use ring::hmac;

/// Seconds for which a code is the same.
pub const STEP_SECS: i64 = 30;
/// Bytes of a secret: as many as SHA-1 gives (RFC 4226, section 4, R6).
pub const SECRET_BYTES: usize = 20;
/// Recovery codes that an account gets at a time.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: 80 bits cannot be guessed, so that a fast hash of it may be stored.
pub const RECOVERY_BYTES: usize = 10;
/// Digits of a code.
pub const CODE_DIGITS: usize = 6;
/// Steps by which the authenticator's clock and ours may differ.
const APART: i64 = 1;
/// How an authenticator calls the installation.
const ISSUER: &str = "doseplan";
/// RFC 4648, section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What somebody gave as second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// The code that the authenticator shows.
    Code(String),
    /// A recovery code.
    Recovery(String),
}

impl Given {
    /// What somebody typed: six digits are a code, everything else is a recovery code.
    pub fn read(text: &str) -> Self {
        let code = read_code(text);
        if code.len() == CODE_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Code(code)
        } else {
            Self::Recovery(read_recovery(text))
        }
    }
}

/// What a code is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It is that of this step.
    Right(i64),
    /// It was right, and was taken before, or a later one was.
    Used,
    /// It is none of this time.
    Wrong,
}

/// The step of an instant, in seconds since 1970.
pub fn step_at(secs: i64) -> i64 {
    secs.div_euclid(STEP_SECS)
}

/// The code of a step.
pub fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    // RFC 4226, section 5.3: the last four bits say where the number stands.
    let at = usize::from(bytes[bytes.len() - 1] & 0x0f);
    let word = [bytes[at] & 0x7f, bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    format!("{:06}", u32::from_be_bytes(word) % 1_000_000)
}

/// What a code is worth at an instant, where codes up to the step `last` are spent.
pub fn judge(secret: &[u8], code: &str, secs: i64, last: i64) -> Worth {
    let now = step_at(secs);
    let mut worth = Worth::Wrong;
    for step in now - APART..=now + APART {
        if !is_same(&code_at(secret, step), code) {
            continue;
        }
        if step > last {
            return Worth::Right(step);
        }
        worth = Worth::Used;
    }
    worth
}

/// Compares in a time that does not tell how much of it was right.
fn is_same(right: &str, given: &str) -> bool {
    let differs = right.bytes().zip(given.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    right.len() == given.len() && differs == 0
}

/// A code as people type it, without blanks and with plain digits: Chinese keyboards give wide ones.
pub fn read_code(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')),
            other => Some(other),
        })
        .map(Option::unwrap_or_default)
        .collect()
}

/// A recovery code as people type it, without what only helps to read it.
pub fn read_recovery(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Bytes in the letters that authenticators take.
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for five in bytes.chunks(5) {
        let mut word = [0_u8; 8];
        word[3..3 + five.len()].copy_from_slice(five);
        let word = u64::from_be_bytes(word);
        let letters = (five.len() * 8).div_ceil(5);
        for at in 0..letters {
            let index = usize::try_from(word >> (35 - 5 * at) & 31).unwrap_or(0);
            out.push(char::from(BASE32[index]));
        }
    }
    out
}

/// A text in groups of four letters.
fn grouped(text: &str, between: char) -> String {
    let mut out = String::new();
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(between);
        }
        out.push(letter);
    }
    out
}

/// A secret as people type it into an authenticator.
pub fn shown_secret(secret: &[u8]) -> String {
    grouped(&base32(secret), ' ')
}

/// A recovery code as people note it down.
pub fn shown_recovery(bytes: &[u8]) -> String {
    grouped(&base32(bytes).to_ascii_lowercase(), '-')
}

/// The address that an authenticator reads from a link or a QR code.
pub fn address(secret: &[u8], account: &str) -> String {
    let name: String = account.bytes().map(encoded).collect();
    let secret = base32(secret);
    format!(
        "otpauth://totp/{ISSUER}:{name}?secret={secret}&issuer={ISSUER}&algorithm=SHA1\
         &digits={CODE_DIGITS}&period={STEP_SECS}"
    )
}

fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, of which six digits are shown.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(b"12345678901234567890", step_at(secs)), code, "{secs}");
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_once() {
        let secret = b"12345678901234567890";
        let secs = 1_234_567_890;
        let now = step_at(secs);
        for (step, last, worth) in [
            (now - 2, 0, Worth::Wrong),
            (now - 1, 0, Worth::Right(now - 1)),
            (now, 0, Worth::Right(now)),
            (now + 1, 0, Worth::Right(now + 1)),
            (now + 2, 0, Worth::Wrong),
            (now, now, Worth::Used),
            (now - 1, now, Worth::Used),
            (now + 1, now, Worth::Right(now + 1)),
            (now, now + 1, Worth::Used),
        ] {
            let code = code_at(secret, step);
            assert_eq!(judge(secret, &code, secs, last), worth, "{} {}", step - now, last - now);
        }
        let code = code_at(secret, now);
        for bad in ["", "0", &code[..5], &format!("{code}0"), "abcdef", "000000"] {
            assert_eq!(judge(secret, bad, secs, 0), Worth::Wrong, "{bad}");
        }
        assert_eq!(judge(b"another secret of 20b", &code, secs, 0), Worth::Wrong);
    }

    #[test]
    fn what_people_type_is_read() {
        assert_eq!(read_code(" 287 082\n"), "287082");
        assert_eq!(read_code("２８７０８２"), "287082");
        assert_eq!(read_code("28a"), "28a");
        assert_eq!(Given::read("２87 082"), Given::Code("287082".into()));
        assert_eq!(Given::read("ABCD-efgh"), Given::Recovery("abcdefgh".into()));
        assert_eq!(Given::read("28708"), Given::Recovery("28708".into()));
        assert_eq!(read_recovery(" ABCD-efgh 2345–wxyz"), "abcdefgh2345wxyz");
    }

    /// RFC 4648, section 10.
    #[test]
    fn letters_are_those_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(shown_secret(b"foobar"), "MZXW 6YTB OI");
        assert_eq!(shown_recovery(b"foobar"), "mzxw-6ytb-oi");
        assert_eq!(
            address(b"foobar", "王 a@b"),
            "otpauth://totp/doseplan:%E7%8E%8B%20a%40b?secret=MZXW6YTBOI&issuer=doseplan\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
