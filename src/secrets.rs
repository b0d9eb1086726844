//! Passwords in addresses never reach a screen or a log. What is shown of an address, and every text that is written to
//! stderr or the log, goes through here: errors repeat what they were given, whole or in parts.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

/// What stands in place of a secret.
const MASK: &str = "…";
/// Parts of a secret are masked from this length on, in characters. A shorter part would mask ordinary words.
const PART_CHARS_MIN: usize = 4;
/// The secrets that this process has been given.
static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// An address of a database that is safe to show: of a server only the kind.
pub fn shown(address: &str) -> Cow<'_, str> {
    if address.starts_with("sqlite:") || !address.contains(['@', ':', '?']) {
        return Cow::Borrowed(address);
    }
    let is_word = |kind: &&str| kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match address.split_once("://").map(|(kind, _)| kind).filter(is_word) {
        Some(kind) => Cow::Owned(format!("{kind}://{MASK}")),
        None => Cow::Borrowed(MASK),
    }
}

/// Remembers the password of an address, however it is written, and the parts into which a parser may cut it.
pub fn keep(address: &str) {
    let Some((kind, rest)) = address.split_once("://") else { return };
    if kind.ends_with("sqlite") {
        return;
    }
    let mut found = Vec::new();
    if let Some((user, _)) = rest.rsplit_once('@')
        && let Some((user, password)) = user.split_once(':')
        // It protects nothing, and the word is everywhere.
        && ![user, "doseplan", "postgres"].contains(&password)
    {
        found.push(password.to_owned());
    }
    for part in rest.split('&') {
        if let Some((_, value)) = part.split_once("password=") {
            found.push(value.to_owned());
        }
    }
    for secret in found {
        remember(&secret);
    }
}

fn remember(secret: &str) {
    let decoded = decoded(secret);
    let mut all = vec![secret.to_owned(), decoded.clone()];
    for text in [secret, &decoded] {
        let parts = text.split(['/', '?', '#', '@', ':', '&', '=']);
        all.extend(parts.filter(|part| part.chars().count() >= PART_CHARS_MIN).map(str::to_owned));
    }
    all.retain(|one| !one.is_empty());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend(all);
    // The longest first, so that no rest of one is left.
    known.sort_by_key(|one| std::cmp::Reverse(one.len()));
    known.dedup();
}

/// The text with `%40` and its like read; other bytes stay.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text without the passwords of addresses: neither of those that were kept, nor of any that stands in it.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for secret in KNOWN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        if out.contains(secret.as_str()) {
            out = Cow::Owned(out.replace(secret.as_str(), MASK));
        }
    }
    if !out.contains("postgres") {
        return out;
    }
    let lines: Vec<Cow<'_, str>> = out.split('\n').map(masked_line).collect();
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        return out;
    }
    Cow::Owned(lines.join("\n"))
}

/// A line in which nothing is left of an address between its kind and its last `@` with the word that follows.
fn masked_line(line: &str) -> Cow<'_, str> {
    for kind in ["postgres://", "postgresql://"] {
        let Some(start) = line.find(kind).map(|at| at + kind.len()) else { continue };
        let Some(at) = line.rfind('@').filter(|at| *at > start) else { continue };
        let end = line[at..].find(|c: char| c.is_whitespace() || "\"'`)".contains(c));
        let end = end.map_or(line.len(), |length| at + length);
        return Cow::Owned(format!("{}{MASK}{}", &line[..start], &line[end..]));
    }
    Cow::Borrowed(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_password_is_shown() {
        for address in [
            "postgres://cdc:geheim#9911@db.example/doseplan",
            "postgres://cdc:geh@im/9911@db.example/doseplan",
            "postgresql://cdc:geheim%239911@db.example/doseplan",
            "postgres://cdc:geheim?9911@db.example",
            "postgres://cdc@db.example/doseplan?password=geheim9911",
            "mysql://cdc:geheim9911@db",
            "cdc:geheim9911@db",
        ] {
            let shown = shown(address);
            assert!(!shown.contains("geh") && !shown.contains("9911"), "{address}: {shown}");
            keep(address);
            let said = format!("in {address:?}: no, {address}\ndatabase \"9911@db\" is not there");
            if address.starts_with("postgres") {
                let said = masked(&said);
                assert!(!said.contains("geheim") && !said.contains("9911"), "{said}");
            }
        }
        assert_eq!(masked("nothing here"), "nothing here");
        let line = "1 | db = \"postgres://a:b c\"d@host/x\" # mine";
        assert_eq!(masked_line(line), "1 | db = \"postgres://…\" # mine");
    }

    #[test]
    fn a_file_is_shown_as_it_is() {
        assert_eq!(shown("sqlite:///a/b@c.db"), "sqlite:///a/b@c.db");
        assert_eq!(shown("doseplan.db"), "doseplan.db");
        assert_eq!(shown("postgres://h/d"), "postgres://…");
    }
}
