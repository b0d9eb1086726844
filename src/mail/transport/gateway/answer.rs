//! Reads the services' answers: the code in the body, and the number that the service gave the message.

use super::Said;
use super::http::Answer;
use crate::domain::gateway::{Answered, Meaning, Scope, Service, judge};
use serde_json::Value;

/// The longest code that is kept.
const CODE_MAX: usize = 80;

/// What DingTalk says beside its code for everything about the robot's settings.
const SETTINGS: [&str; 4] =
    ["sign not match", "invalid timestamp", "keywords not in content", "not in whitelist"];

/// What an answer to the message of this name means.
pub(super) fn said(service: Service, key: &str, answer: &Answer) -> Said {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if service == Service::Webhook && is_strange(key, answer, body.as_ref()) {
        let code = format!("HTTP {} without the message's id", answer.http);
        return Said { meaning: Meaning::Retry(60, Scope::Channel), code, serial: None };
    }
    let (code, serial) = body.as_ref().map_or((None, None), |body| code(service, body));
    let code = code.map(|code| plain(&code));
    let found = Answered {
        http: answer.http,
        code: code.as_deref(),
        is_whole: body.is_some() || is_page(&answer.body),
    };
    let meaning = judge(service, found);
    let hint = body.as_ref().and_then(|body| hint(service, body));
    let code = match (code, hint) {
        (None, _) if service == Service::Webhook => format!("HTTP {}", answer.http),
        (None, _) => format!("HTTP {} without a code", answer.http),
        (Some(code), None) => code,
        (Some(code), Some(hint)) => format!("{code}: {hint}"),
    };
    Said { meaning, code, serial: serial.filter(|serial| !serial.is_empty()) }
}

/// Whether something else than an own gateway answered: that says nothing, or repeats the message's id.
fn is_strange(key: &str, answer: &Answer, body: Option<&Value>) -> bool {
    let is_success = (200..300).contains(&answer.http);
    let repeats = || body.is_some_and(|body| body["id"] == key);
    is_success && !answer.body.trim_ascii().is_empty() && !repeats()
}

/// Whether a body is a whole page for people, as proxies and portals answer.
fn is_page(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    body.starts_with(b"<") && body.ends_with(b">")
}

/// Code and number. Both are in places of their own with each service.
fn code(service: Service, body: &Value) -> (Option<String>, Option<String>) {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match service {
        Service::Tencent => {
            let response = &body["Response"];
            let status = &response["SendStatusSet"][0];
            let whole = text(&response["Error"]["Code"]);
            (whole.or_else(|| text(&status["Code"])), text(&status["SerialNo"]))
        }
        Service::Aliyun => (text(&body["Code"]), text(&body["BizId"])),
        Service::Wecom | Service::Dingtalk => (text(&body["errcode"]), None),
        Service::Feishu => (text(&body["code"]).or_else(|| text(&body["StatusCode"])), None),
        Service::Webhook => (None, None),
    }
}

/// What the code alone does not say. The services' other words may repeat a number or a text, and are left out.
fn hint(service: Service, body: &Value) -> Option<&'static str> {
    let said = body["errmsg"].as_str().filter(|_| service == Service::Dingtalk)?;
    SETTINGS.into_iter().find(|known| said.contains(known))
}

/// A code without anything that a code has not.
fn plain(code: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    code.chars().filter(fits).take(CODE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(service: Service, http: u16, body: &str) -> Said {
        said(service, "k1", &Answer { http, body: body.as_bytes().to_vec().into() })
    }

    const LATER: Meaning = Meaning::Retry(60, Scope::Channel);

    /// Service, status of HTTP, body, and what they say: meaning, code, number.
    type Row = (Service, u16, &'static str, Meaning, &'static str, Option<&'static str>);

    const ANSWERS: &[Row] = &[
        (
            Service::Tencent,
            200,
            r#"{"Response":{"SendStatusSet":[{"SerialNo":"5000:1","Code":"Ok"}]}}"#,
            Meaning::Done,
            "Ok",
            Some("5000:1"),
        ),
        (
            Service::Tencent,
            200,
            r#"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"13800001234"}}}"#,
            LATER,
            "RequestLimitExceeded",
            None,
        ),
        (
            Service::Aliyun,
            200,
            r#"{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"13800001234invalid"}"#,
            Meaning::Theirs,
            "isv.MOBILE_NUMBER_ILLEGAL",
            None,
        ),
        (Service::Aliyun, 200, r#"{"Code":"OK","BizId":"9^0"}"#, Meaning::Done, "OK", Some("9^0")),
        (Service::Wecom, 200, r#"{"errcode":0,"errmsg":"ok"}"#, Meaning::Done, "0", None),
        (
            Service::Dingtalk,
            200,
            r#"{"errcode":310000,"errmsg":"sign not match, more: [x]"}"#,
            Meaning::Stop(crate::domain::refusal::Cause::Sender),
            "310000: sign not match",
            None,
        ),
        (
            Service::Dingtalk,
            200,
            r#"{"status":1111,"punish":"deny"}"#,
            Meaning::Retry(600, Scope::Channel),
            "HTTP 200 without a code",
            None,
        ),
        (Service::Feishu, 200, r#"{"StatusCode":0}"#, Meaning::Done, "0", None),
        (Service::Feishu, 400, r#"{"code":9499,"msg":"Bad"}"#, Meaning::Ours, "9499", None),
        (
            Service::Tencent,
            200,
            "<html><title>login</title></html>",
            LATER,
            "HTTP 200 without a code",
            None,
        ),
        (
            Service::Tencent,
            502,
            "<html>Bad Gateway</html>",
            Meaning::Doubt,
            "HTTP 502 without a code",
            None,
        ),
        (Service::Webhook, 204, "", Meaning::Done, "HTTP 204", None),
        (Service::Webhook, 200, r#"{"id":"k1"}"#, Meaning::Done, "HTTP 200", None),
        (Service::Webhook, 200, "<html></html>", LATER, "HTTP 200 without the message's id", None),
        (Service::Webhook, 422, "", Meaning::Ours, "HTTP 422", None),
        (Service::Aliyun, 200, "", Meaning::Doubt, "HTTP 200 without a code", None),
        (Service::Wecom, 200, r#"{"errcode":0,"#, Meaning::Doubt, "HTTP 200 without a code", None),
    ];

    #[test]
    fn the_code_in_the_body_counts_and_not_the_status() {
        for (service, http, body, meaning, code, serial) in ANSWERS {
            let found = read(*service, *http, body);
            assert_eq!(found.meaning, *meaning, "{service} {body}");
            assert_eq!(found.code, *code, "{service} {body}");
            assert_eq!(found.serial.as_deref(), *serial, "{service} {body}");
        }
    }
}
