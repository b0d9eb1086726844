//! Receipts and replies: what the services report about a text that they took, and what people write back.

use super::Service;
use chrono::{DateTime, Utc};

/// What a service reports about a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The service's number of the text.
    pub serial: String,
    /// Our name of the message, where the service repeats it.
    pub key: Option<String>,
    /// The number that it went to.
    pub number: String,
    /// Whether it arrived.
    pub arrived: bool,
    /// The service's or the carrier's code.
    pub code: String,
    /// When, where the service says so.
    pub at: Option<DateTime<Utc>>,
}

/// What somebody wrote back.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// From which number.
    pub number: String,
    /// What.
    pub text: String,
    /// When, where the service says so.
    pub at: Option<DateTime<Utc>>,
    /// What makes it one of its own; the same reply handed over twice has the same.
    pub key: String,
}

/// What a receipt means for the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It reaches somebody.
    Arrived,
    /// It did not arrive; the number may be reached another day.
    Missed,
    /// It did not arrive, and the number takes no texts from us.
    Closed,
    /// It did not arrive for a reason that says nothing of the number.
    Refused,
}

/// What a receipt of a service means. Codes of carriers differ, so that only the service's own codes decide.
pub fn fate(service: Service, arrived: bool, code: &str) -> Fate {
    if arrived {
        return Fate::Arrived;
    }
    if service != Service::Aliyun {
        return Fate::Missed;
    }
    match code {
        "MOBILE_IN_BLACK" | "USER_REJECT" => Fate::Closed,
        "CONTENT_KEYWORD" | "CONTENT_ERROR" | "MOBILE_SEND_LIMIT" => Fate::Refused,
        _ => Fate::Missed,
    }
}

/// Words that end reminders, in capitals and without spaces.
const STOP: [&str; 8] = ["R", "T", "TD", "N", "STOP", "退订", "QX", "拒收"];

/// Whether a reply asks for no more reminders.
pub fn is_stop(text: &str) -> bool {
    let bare =
        |c: char| !c.is_whitespace() && !c.is_ascii_punctuation() && !"。，！、；".contains(c);
    let word: String = text.chars().map(narrow).filter(|c| bare(*c)).collect();
    STOP.contains(&word.to_uppercase().as_str())
}

/// A full-width letter as an ordinary one.
fn narrow(c: char) -> char {
    match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            char::from_u32(u32::from(c) - 0xfee0).expect("full-width letters have ordinary ones")
        }
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_services_own_codes_close_a_number() {
        for (service, arrived, code, meaning) in [
            (Service::Tencent, true, "DELIVRD", Fate::Arrived),
            (Service::Tencent, false, "MK:0001", Fate::Missed),
            (Service::Tencent, false, "DB:0144", Fate::Missed),
            (Service::Aliyun, true, "DELIVERED", Fate::Arrived),
            (Service::Aliyun, false, "MOBILE_NOT_ON_SERVICE", Fate::Missed),
            (Service::Aliyun, false, "MOBILE_IN_BLACK", Fate::Closed),
            (Service::Aliyun, false, "USER_REJECT", Fate::Closed),
            (Service::Aliyun, false, "MOBILE_SEND_LIMIT", Fate::Refused),
            (Service::Aliyun, false, "CONTENT_KEYWORD", Fate::Refused),
            (Service::Webhook, false, "whatever", Fate::Missed),
        ] {
            assert_eq!(fate(service, arrived, code), meaning, "{service} {code}");
        }
    }

    #[test]
    fn a_reply_ends_reminders_only_where_it_says_nothing_else() {
        for stop in ["R", "r", " TD ", "td.", "T", "N", "stop", "退订", "退订。", "ＴＤ"] {
            assert!(is_stop(stop), "{stop}");
        }
        for other in ["", "TDX", "好的", "请问退订疫苗吗", "No", "明天来不了", "1"] {
            assert!(!is_stop(other), "{other}");
        }
    }
}
