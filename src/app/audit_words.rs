//! The details of the audit log in the reader's language. They are stored in English, sealed, and stay as they are:
//! each is found again among the English messages of the catalogue and said by the other language's. Codes, names and
//! what somebody typed stay as they were written. What no message fits is shown as it is stored.

use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::store::audit::Entry;
use crate::text::{found, retell, say};
use chrono::DateTime;
use chrono_tz::Tz;
use std::fmt::Display;

/// Stands for a name in a message.
const MARK: char = '\u{1}';
/// Arguments that are numbers.
const NUMBERS: [&str; 22] = [
    "added",
    "addresses",
    "calls",
    "changed",
    "corrected",
    "count",
    "dose",
    "left",
    "member",
    "new",
    "numbers",
    "out",
    "outweighed",
    "people",
    "readers",
    "refused",
    "replies",
    "requests",
    "rows",
    "same",
    "schools",
    "waiting",
];
/// Who acted, where it is no account: messages of the catalogue.
const ACTORS: [&str; 7] = ["command", "job", "service", "calendar", "reader", "booker", "program"];

/// Why records are replaced and readers get nothing, where nobody typed it: messages of the catalogue.
const REPLACED: [&str; 12] = [
    "corrected",
    "undone",
    "merged",
    "unmerged",
    "joined",
    "emptied",
    "agreed",
    "void",
    "by-hand",
    "by-link",
    "erased",
    "no-texts",
];

/// The messages that the details of actions may be, without `said-`; the first that fits is meant.
const FORMS: &[(&[Action], &[&str])] = &[
    (&[Action::AccountAdd], &["account-oidc", "account", "account-places-oidc", "account-places"]),
    (&[Action::AccountPassword], &["tokens-kept"]),
    (&[Action::Login], &["by-oidc", "by-recovery"]),
    (&[Action::LoginFailed], &["code"]),
    (&[Action::OidcRefused], &["oidc-fault"]),
    (&[Action::LoginEnd], &["logins"]),
    (&[Action::FactorRequire], &["required", "optional"]),
    (
        &[Action::Refused],
        &[
            "upload",
            "survey-codes",
            "outlines-wrong",
            "hook",
            "api",
            "bookings-of",
            "a-call",
            "a-request",
            "a-person",
            "a-link",
            "dose-at",
            "void-at",
            "outcome-at",
            "tally-of",
            "link",
            "booking-dead",
            "booking-barred",
        ],
    ),
    (
        &[Action::BookingConfirm, Action::BookingTake, Action::BookingCancel],
        &["link", "person-moved", "seat-moved", "person-seat", "seat"],
    ),
    (&[Action::BookingWait], &["link", "waits", "left", "person-said"]),
    (
        &[Action::SeeDue],
        &[
            "due-of",
            "due-api",
            "calls-of",
            "day-bookings",
            "homes-of",
            "catch-up-of",
            "inbox",
            "due-list",
            "catch-up-list",
            "channels-calls",
            "homes-rounds",
            "homes-show",
        ],
    ),
    (
        &[Action::SeeMail],
        &[
            "mails",
            "mail",
            "delivery",
            "digest-preview",
            "digest-history",
            "outbox-list",
            "outbox-show",
            "bounce-list",
            "unsubscribed",
            "numbers",
            "replies",
            "person-messages",
        ],
    ),
    (
        &[Action::SeeRecords],
        &[
            "report-explain",
            "campaign-history",
            "jurisdiction-history",
            "history",
            "conflicts",
            "dose-history",
            "tally-history",
            "outcome-history",
            "person-history",
            "schools-match",
            "schools-missed",
            "national-month",
            "national-cum",
            "national-cohort",
            "national-paid",
            "national-duplicates-list",
            "national-duplicates",
            "national-hpv-list",
            "national-schools",
            "national-children",
            "national-list",
            "search",
            "refused-rows",
        ],
    ),
    (
        &[Action::Export],
        &[
            "campaign-export",
            "jurisdiction-export",
            "moved",
            "backed-up",
            "backup",
            "school-lists",
            "workbook",
        ],
    ),
    (
        &[Action::CampaignApply],
        &["changes", "like", "lot-added", "lot-corrected", "eligible", "visits"],
    ),
    (
        &[Action::JurisdictionApply],
        &["changes", "outlines", "place-changes-too", "place-changes", "row-of"],
    ),
    (&[Action::Decide], &["rows-of-lists"]),
    (&[Action::PersonMerge], &["merged"]),
    (&[Action::PersonUnmerge], &["unmerged"]),
    (&[Action::PersonExport], &["register"]),
    (&[Action::RosterPublish], &["roster"]),
    (&[Action::RosterLeave], &["leave"]),
    (&[Action::HomesAdopt], &["rounds"]),
    (&[Action::ListSend], &["consent-to", "visit-to", "missed-to"]),
    (&[Action::ConsentCorrect], &["answer"]),
    (&[Action::BirthsEnter], &["births", "births-many"]),
    (&[Action::Upload], &["survey"]),
    (&[Action::Tally, Action::TallyConfirm], &["entered-out", "entered"]),
    (&[Action::OutcomeEnter], &["call-back", "call"]),
    (&[Action::Import], &["imported", "consents", "pupils", "matched"]),
    (&[Action::Void], &["voided"]),
    (
        &[Action::Mail],
        &[
            "mail-arrived",
            "mail-lost",
            "mail-retried",
            "mail-again",
            "mail-by-hand",
            "mail-copy",
            "digests",
            "reply",
            "digest-to",
            "digest-all",
            "digest-send",
            "digest-resend",
            "resolve-sent",
            "resolve-resend",
            "retry-state",
            "retry",
            "drain",
            "channel-test",
            "receipts",
            "reply-done",
        ],
    ),
    (&[Action::Bounce], &["bounce-import", "bounce-queued", "bounce-forget"]),
    (&[Action::Unsubscribe], &["by-link", "leaves", "returns", "opens", "shuts"]),
    (
        &[Action::Job],
        &[
            "run-again",
            "run",
            "run-command",
            "backfill",
            "hold",
            "resume",
            "hold-command",
            "resume-command",
        ],
    ),
    (&[Action::Database], &["repair", "adopt", "restore", "came"]),
    (&[Action::BookingSignIn], &["code-sent", "code-wrong", "code-right"]),
    (&[Action::BookingImport], &["rows"]),
    (&[Action::RequestDecide], &["request-taken", "request-refused"]),
    (&[Action::SeeBookings], &["bookings", "bookings-waiting", "bookings-requests"]),
];

/// What the role, the token or the account lacked: messages that say it whole.
const DENIED: [&str; 7] = [
    "denied-role",
    "denied-scope",
    "denied-areas",
    "denied-place",
    "denied-person",
    "denied-stop",
    "denied-stop-unplanned",
];

/// The details of a line in a language, with times in a zone.
#[must_use]
pub fn details(language: Language, zone: Tz, line: &Entry) -> String {
    told(language, zone, (line.did, &line.said)).unwrap_or_else(|| line.said.clone())
}

/// Who acted, in a language: an account's name stays, and what stands for no account is said.
#[must_use]
pub fn author(language: Language, who: &str) -> String {
    let said = ACTORS.iter().filter(|_| language != Language::En).find_map(|key| {
        let key = format!("said-who-{key}");
        let values = retell::values(&key, who, &fits)?;
        Some(put(language, Tz::UTC, (Action::Job, &key), &values))
    });
    said.unwrap_or_else(|| who.to_owned())
}

/// Why a record is no longer known as it was, or a reader gets nothing, in a language; what somebody typed stays.
#[must_use]
pub fn replaced(language: Language, why: &str) -> String {
    let said = REPLACED.iter().filter(|_| language != Language::En).find_map(|key| {
        let key = format!("said-why-{key}");
        let values = retell::values(&key, why, &fits)?;
        Some(put(language, Tz::UTC, (Action::Void, &key), &values))
    });
    said.unwrap_or_else(|| why.to_owned())
}

/// The name under which the log has whoever is called so in some language.
#[must_use]
pub fn author_of(typed: &str) -> String {
    let command = say(Language::ZhCn, "said-who-command", &[("user", &MARK)]);
    let user = command.split_once(MARK).and_then(|(_, end)| typed.strip_suffix(end));
    let plain = ACTORS.iter().map(|key| format!("said-who-{key}"));
    let mut plain = plain.filter(|key| found(Language::ZhCn, key).as_deref() == Some(typed));
    match (user, plain.next()) {
        (Some(user), _) => say(Language::En, "said-who-command", &[("user", &user)]),
        (None, Some(key)) => say(Language::En, &key, &[]),
        (None, None) => typed.to_owned(),
    }
}

fn told(language: Language, zone: Tz, (did, said): (Action, &str)) -> Option<String> {
    if language == Language::En {
        return None;
    }
    let own = FORMS.iter().filter(|(actions, _)| actions.contains(&did));
    let own = own.flat_map(|(_, keys)| *keys).map(|key| format!("said-{key}"));
    let denied = DENIED.iter().filter(|_| did == Action::Refused).map(|key| (*key).to_owned());
    own.chain(denied).find_map(|key| {
        let values = retell::values(&key, said, &fits)?;
        Some(put(language, zone, (did, &key), &values))
    })
}

/// Whether an argument can have this value.
fn fits(name: &str, value: &str) -> bool {
    if NUMBERS.contains(&name) {
        return value.bytes().all(|byte| byte.is_ascii_digit());
    }
    let key = word_key(name, value);
    key.is_none_or(|key| found(Language::En, &key).is_some())
}

/// The message that an argument's value stands for, where it is a word of the program.
fn word_key(name: &str, value: &str) -> Option<String> {
    Some(match name {
        "role" => format!("role-{value}"),
        "kind" => format!("import-kind-{value}"),
        "result" => format!("call-{value}"),
        "job" => format!("jobname-{value}"),
        "mailstate" => format!("mail-state-{value}"),
        "fault" => format!("said-fault-{value}"),
        "table" => format!("sheet-{value}"),
        "report" => format!("web-national-{value}"),
        "answer" | "before" => format!("school-answer-{value}"),
        _ => return None,
    })
}

/// The message with its values in the reader's words.
fn put(
    language: Language,
    zone: Tz,
    (did, key): (Action, &str),
    values: &[(&'static str, &str)],
) -> String {
    let worded = |name: &str, value: &str| {
        let word = word_key(name, value).and_then(|key| found(language, &key));
        word.unwrap_or_else(|| match name {
            "said" => told(language, zone, (did, value)).unwrap_or_else(|| value.to_owned()),
            "scope" => scope(language, value),
            "at" => time(zone, value),
            "campaigns" => value.replace(", campaign ", "、"),
            _ => value.to_owned(),
        })
    };
    let values: Vec<(&str, String)> =
        values.iter().map(|(name, value)| (*name, worded(name, value))).collect();
    let values: Vec<(&str, &dyn Display)> =
        values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    say(language, key, &values)
}

/// What a token is good for, or whose figures an official table shows.
fn scope(language: Language, value: &str) -> String {
    let (kind, code) = value.split_once(':').unwrap_or((value, ""));
    let key = match kind {
        "all" => "said-scope-all",
        "county" => "said-scope-county",
        "township" => "said-scope-township",
        "unit" => "said-scope-unit",
        _ => return found(language, &format!("scope-{value}")).unwrap_or_else(|| value.to_owned()),
    };
    say(language, key, &[("code", &code)])
}

/// An instant in milliseconds since 1970 as local time.
fn time(zone: Tz, value: &str) -> String {
    let at = value.parse().ok().and_then(DateTime::from_timestamp_millis);
    let local = at.map(|at| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string());
    local.unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
#[path = "audit_words_tests.rs"]
mod tests;
