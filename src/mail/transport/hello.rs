//! The name that we say at EHLO, and what the server says that it can do.

use super::dialogue::Reply;
use std::net::IpAddr;

/// Last labels of names that only this network knows.
const LOCAL: [&str; 12] = [
    "local",
    "localdomain",
    "localhost",
    "lan",
    "home",
    "internal",
    "intranet",
    "private",
    "corp",
    "workgroup",
    "arpa",
    "invalid",
];

/// The name that we say: the machine's where it is a full one, else the address that the connection has. Strict servers
/// refuse `vm`, `cdc_pc` and `县疾控-PC`; they accept an address (RFC 5321 section 4.1.3).
pub(super) fn own_name(host: Option<&str>, address: Option<IpAddr>) -> String {
    match (host.filter(|host| is_full(host)), address) {
        (Some(host), _) => host.trim_end_matches('.').to_owned(),
        (None, Some(IpAddr::V4(address))) => format!("[{address}]"),
        (None, Some(IpAddr::V6(address))) => format!("[IPv6:{address}]"),
        (None, None) => "[127.0.0.1]".to_owned(),
    }
}

/// Whether a name is one that the whole internet could know.
fn is_full(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let labels: Vec<&str> = name.split('.').collect();
    let is_label = |label: &&str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    labels.len() >= 2
        && name.len() <= 253
        && labels.iter().all(is_label)
        && last.starts_with(|c: char| c.is_ascii_alphabetic())
        && !LOCAL.contains(&last.as_str())
}

/// What a server can do, from its reply to EHLO; keywords are in any case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    /// STARTTLS.
    pub(super) starttls: bool,
    /// Mechanisms of AUTH, in upper case.
    pub(super) auth: Vec<String>,
}

impl Abilities {
    pub(super) fn of(reply: &Reply) -> Self {
        let mut out = Self::default();
        // The first line greets.
        for line in reply.lines.iter().skip(1) {
            // `AUTH=LOGIN` is what some servers say to clients of the last century.
            let line = line.to_ascii_uppercase().replace('=', " ");
            let mut words = line.split_whitespace();
            match words.next() {
                Some("STARTTLS") => out.starttls = true,
                Some("AUTH") => {
                    for word in words {
                        if !out.auth.iter().any(|known| known == word) {
                            out.auth.push(word.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        out
    }

    pub(super) fn has(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|known| known == mechanism)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_full_name_says_its_address() {
        let (four, six) = ("192.0.2.7".parse().ok(), "2001:db8::7".parse().ok());
        for (host, address, said) in [
            (Some("plan.cdc.example.cn"), four, "plan.cdc.example.cn"),
            (Some("plan.example.cn."), four, "plan.example.cn"),
            (Some("vm"), four, "[192.0.2.7]"),
            (Some("cdc_pc.example.cn"), four, "[192.0.2.7]"),
            (Some("县疾控-PC"), four, "[192.0.2.7]"),
            (Some("县疾控.cn"), six, "[IPv6:2001:db8::7]"),
            (Some("localhost.localdomain"), four, "[192.0.2.7]"),
            (Some("macbook.local"), four, "[192.0.2.7]"),
            (Some("10.0.0.1"), four, "[192.0.2.7]"),
            (Some("-a.example.cn"), four, "[192.0.2.7]"),
            (Some("a..cn"), four, "[192.0.2.7]"),
            (Some(""), four, "[192.0.2.7]"),
            (None, four, "[192.0.2.7]"),
            (None, None, "[127.0.0.1]"),
        ] {
            assert_eq!(own_name(host, address), said, "{host:?}");
        }
    }

    #[test]
    fn abilities_are_read_in_any_case() {
        let reply = |lines: &[&str]| Reply {
            code: 250,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        let found = Abilities::of(&reply(&["starttls", "size 1", "StartTls", "auth login Plain"]));
        assert!(found.starttls && found.has("LOGIN") && found.has("PLAIN"));
        assert_eq!(Abilities::of(&reply(&["x", "AUTH=LOGIN PLAIN", "AUTH LOGIN"])).auth.len(), 2);
        assert_eq!(Abilities::of(&reply(&["STARTTLS AUTH PLAIN"])), Abilities::default());
    }
}
