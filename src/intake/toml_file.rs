//! Files of TOML that have known keys: an unknown one is told with the known ones.

use super::encoding;
use super::issue::{Issue, nearest};
use serde::de::DeserializeOwned;

/// Reads a file; an unknown key is told with the known ones.
pub(super) fn parse<T: DeserializeOwned>(
    (name, text): (&str, &str),
    issues: &mut Vec<Issue>,
) -> Option<T> {
    match toml::from_str(text) {
        Ok(file) => Some(file),
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let row = encoding::newlines(&text.as_bytes()[..start]) + 1;
            let reason = error.message().lines().collect::<Vec<_>>().join("; ");
            let mut quoted = reason.split('`').skip(1).step_by(2);
            let issue = match quoted.next().filter(|_| reason.starts_with("unknown field")) {
                Some(key) => {
                    let known: Vec<&str> = quoted.collect();
                    let near = nearest(key, known.iter().copied()).unwrap_or("none");
                    let issue = Issue::error("unknown_key", name).value(key);
                    issue.with("nearest", near).with("known", known.join(", "))
                }
                None => Issue::error("bad_toml", name).with("reason", reason),
            };
            issues.push(issue.row(row));
            None
        }
    }
}
