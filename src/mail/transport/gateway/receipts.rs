//! Receipts and replies: asked for, and handed over by the services.

use super::http::{Answer, Link};
use super::{GatewayConfig, request, sign, signing_time};
use crate::domain::gateway::{Receipt, Reply, Service};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The most receipts of one answer.
const PAGE: u32 = 50;
/// The most pages that are asked for a number and a day; services allow no number so many texts.
const PAGES_MAX: u32 = 4;
/// How far the time in a signed report may be off, in seconds.
const TOLERANCE_SECS: i64 = 300;

/// What a service knows of a text to a number.
#[derive(Clone, PartialEq, Eq)]
pub struct Detail {
    /// Our name of the message.
    pub key: String,
    /// Its receipt; `None` while it is on its way.
    pub receipt: Option<Receipt>,
}

/// What a service handed over.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pushed {
    /// Receipts.
    pub receipts: Vec<Receipt>,
    /// Replies.
    pub replies: Vec<Reply>,
}

impl GatewayConfig {
    async fn call(
        &self,
        request: hyper::Request<http_body_util::Full<hyper::body::Bytes>>,
    ) -> Result<Answer, String> {
        let mut link = Link::open(self.route()).await?;
        link.ask(request, self.answer).await.map_err(super::Lost::why)
    }

    /// Aliyun: all texts to a number on one of its days, whether receipts are there or not.
    pub async fn details(&self, number: &str, day: NaiveDate) -> Result<Vec<Detail>, String> {
        let mut out = Vec::new();
        for page in 1..=PAGES_MAX {
            let asked = [
                ("CurrentPage", page.to_string()),
                ("PageSize", PAGE.to_string()),
                ("PhoneNumber", number.to_owned()),
                ("SendDate", day.format("%Y%m%d").to_string()),
            ];
            let request = request::aliyun(self, "QuerySendDetails", &asked, signing_time());
            let body = read(&self.call(request).await?)?;
            if body["Code"].as_str() != Some("OK") {
                return Err(format!("QuerySendDetails: {}", code_of(&body["Code"])));
            }
            let items = list(&body["SmsSendDetailDTOs"]["SmsSendDetailDTO"]);
            out.extend(items.iter().filter_map(detail));
            if items.len() < PAGE as usize {
                break;
            }
        }
        Ok(out)
    }

    /// Tencent: the receipts of a number since an instant, at most a week ago.
    pub async fn receipts_of(
        &self,
        number: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<Receipt>, String> {
        let asked = json!({
            "BeginTime": since.timestamp(),
            "Offset": 0,
            "Limit": 100,
            "PhoneNumber": format!("+86{number}"),
            "SmsSdkAppId": self.app_id,
        });
        let found = self.pull("PullSmsSendStatusByPhoneNumber", &asked, "PullSmsSendStatusSet");
        Ok(found.await?.iter().filter_map(tencent_receipt).collect())
    }

    /// Tencent: the next receipts of its queue. What was handed over does not come again.
    pub async fn next_receipts(&self) -> Result<Vec<Receipt>, String> {
        let asked = json!({ "Limit": 100, "SmsSdkAppId": self.app_id });
        let found = self.pull("PullSmsSendStatus", &asked, "PullSmsSendStatusSet").await?;
        Ok(found.iter().filter_map(tencent_receipt).collect())
    }

    /// Tencent: the next replies of its queue.
    pub async fn next_replies(&self) -> Result<Vec<Reply>, String> {
        let asked = json!({ "Limit": 100, "SmsSdkAppId": self.app_id });
        let found = self.pull("PullSmsReplyStatus", &asked, "PullSmsReplyStatusSet").await?;
        Ok(found.iter().filter_map(tencent_reply).collect())
    }

    async fn pull(&self, action: &str, asked: &Value, set: &str) -> Result<Vec<Value>, String> {
        let request = request::tencent(self, action, asked, signing_time());
        let body = read(&self.call(request).await?)?;
        let response = &body["Response"];
        if let Some(code) = response["Error"]["Code"].as_str() {
            return Err(format!("{action}: {}", code_of(&Value::from(code))));
        }
        match &response[set] {
            Value::Array(items) => Ok(items.clone()),
            _ => Err(format!("{action}: the answer has no list")),
        }
    }
}

fn read(answer: &Answer) -> Result<Value, String> {
    let said = || format!("HTTP {} with something that is not the service's", answer.http);
    serde_json::from_slice(&answer.body).map_err(|_| said())
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn code_of(code: &Value) -> String {
    let text = code.as_str().unwrap_or("without a code");
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(80).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The digits of a number, without the country's code.
fn digits(value: &Value) -> String {
    let all = text(value);
    crate::domain::phone::PhoneNumber::parse(&all).map_or(all, |number| number.digits().to_owned())
}

/// A time in China's zone, as the services write it, or seconds since 1970.
fn instant(value: &Value) -> Option<DateTime<Utc>> {
    if let Some(seconds) = value.as_i64() {
        return DateTime::from_timestamp(seconds, 0);
    }
    let local = NaiveDateTime::parse_from_str(value.as_str()?, "%Y-%m-%d %H:%M:%S").ok()?;
    let china = FixedOffset::east_opt(8 * 3600).expect("eight hours east exist");
    Some(china.from_local_datetime(&local).single()?.to_utc())
}

fn detail(item: &Value) -> Option<Detail> {
    let key = item["OutId"].as_str().filter(|key| !key.is_empty())?.to_owned();
    let state = item["SendStatus"].as_i64()?;
    let receipt = matches!(state, 2 | 3).then(|| Receipt {
        serial: String::new(),
        key: Some(key.clone()),
        number: digits(&item["PhoneNum"]),
        arrived: state == 3,
        code: code_of(&item["ErrCode"]),
        at: instant(&item["ReceiveDate"]),
    });
    Some(Detail { key, receipt })
}

fn tencent_receipt(item: &Value) -> Option<Receipt> {
    let serial = text(&item["SerialNo"]);
    let key = item["SessionContext"].as_str().filter(|key| !key.is_empty()).map(str::to_owned);
    (!serial.is_empty()).then(|| Receipt {
        serial,
        key,
        number: digits(&item["PhoneNumber"]),
        arrived: item["ReportStatus"] == "SUCCESS",
        code: code_of(&item["Description"]),
        at: instant(&item["UserReceiveTime"]),
    })
}

fn tencent_reply(item: &Value) -> Option<Reply> {
    let said = item["ReplyContent"].as_str()?;
    let at = instant(&item["ReplyTime"]);
    Some(reply(digits(&item["PhoneNumber"]), said, at, &text(&item["ReplyTime"])))
}

/// A reply. Services do not number all of them, so number, time and text make it one of its own.
fn reply(number: String, said: &str, at: Option<DateTime<Utc>>, time: &str) -> Reply {
    let mut hash = Sha256::new();
    hash.update(format!("{number}\n{time}\n{said}").as_bytes());
    let key = crate::text::hex(&hash.finalize()[..16]);
    Reply { number, text: said.to_owned(), at, key }
}

/// Reads what a service hands over; `None` if it is not of the service's form.
pub fn pushed(service: Service, body: &[u8]) -> Option<Pushed> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let items = match value {
        Value::Array(items) => items,
        one @ Value::Object(_) => vec![one],
        _ => return None,
    };
    let mut out = Pushed::default();
    for item in &items {
        match service {
            Service::Tencent => take_tencent(item, &mut out)?,
            Service::Aliyun => take_aliyun(item, &mut out)?,
            Service::Webhook => take_own(item, &mut out)?,
            Service::Wecom | Service::Dingtalk | Service::Feishu => return None,
        }
    }
    Some(out)
}

fn take_tencent(item: &Value, out: &mut Pushed) -> Option<()> {
    if item.get("report_status").is_some() {
        let serial = item["sid"].as_str()?.to_owned();
        out.receipts.push(Receipt {
            serial,
            key: None,
            number: digits(&item["mobile"]),
            arrived: item["report_status"] == "SUCCESS",
            code: code_of(&item["errmsg"]),
            at: instant(&item["user_receive_time"]),
        });
    } else {
        let said = item["text"].as_str()?;
        let at = instant(&item["time"]);
        out.replies.push(reply(digits(&item["mobile"]), said, at, &text(&item["time"])));
    }
    Some(())
}

fn take_aliyun(item: &Value, out: &mut Pushed) -> Option<()> {
    if let Some(arrived) = item.get("success") {
        let key = item["out_id"].as_str().filter(|key| !key.is_empty()).map(str::to_owned);
        out.receipts.push(Receipt {
            serial: item["biz_id"].as_str()?.to_owned(),
            key,
            number: digits(&item["phone_number"]),
            arrived: arrived.as_bool()?,
            code: code_of(&item["err_code"]),
            at: instant(&item["report_time"]),
        });
    } else {
        let said = item["content"].as_str()?;
        let at = instant(&item["send_time"]);
        out.replies.push(reply(digits(&item["phone_number"]), said, at, &text(&item["send_time"])));
    }
    Some(())
}

/// An own gateway: `{"type": "receipt", "id": …, "arrived": true, "code": …, "at": seconds}` or
/// `{"type": "reply", "phone": …, "text": …, "at": seconds}`.
fn take_own(item: &Value, out: &mut Pushed) -> Option<()> {
    let at = instant(&item["at"]);
    match item["type"].as_str()? {
        "receipt" => {
            let key = item["id"].as_str()?.to_owned();
            out.receipts.push(Receipt {
                serial: String::new(),
                key: Some(key),
                number: digits(&item["phone"]),
                arrived: item["arrived"].as_bool()?,
                code: code_of(&item["code"]),
                at,
            });
        }
        "reply" => {
            let said = item["text"].as_str()?;
            out.replies.push(reply(digits(&item["phone"]), said, at, &text(&item["at"])));
        }
        _ => return None,
    }
    Some(())
}

/// Whether an own gateway signed a body, not long ago, as Standard Webhooks has it.
pub fn signed_by(
    secret: &str,
    (id, seconds, signatures): (&str, &str, &str),
    body: &[u8],
    now: DateTime<Utc>,
) -> bool {
    let is_near = |at: i64| (now.timestamp() - at).abs() <= TOLERANCE_SECS;
    seconds.parse().is_ok_and(is_near) && sign::is_webhook(secret, (id, seconds, signatures), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(service: Service, body: &str) -> Option<String> {
        let found = pushed(service, body.as_bytes())?;
        let receipts = found.receipts.iter().map(|one| {
            let key = one.key.as_deref().unwrap_or("-");
            let at = one.at.map_or(0, |at| at.timestamp());
            format!("{} {key} {} {} {} {at}", one.serial, one.number, one.arrived, one.code)
        });
        let replies = found.replies.iter().map(|one| format!("{}: {}", one.number, one.text));
        Some(receipts.chain(replies).collect::<Vec<_>>().join(" | "))
    }

    #[test]
    fn what_services_hand_over_is_read_in_their_forms() {
        for (service, body, wanted) in [
            (
                Service::Tencent,
                r#"[{"user_receive_time":"2021-04-01 09:00:00","mobile":"13800001234",
                    "sid":"5000:1","report_status":"FAIL","errmsg":"MK:0001"}]"#,
                Some("5000:1 - 13800001234 false MK:0001 1617238800"),
            ),
            (
                Service::Tencent,
                r#"{"mobile":"13800001234","text":"TD","time":1617238800}"#,
                Some("13800001234: TD"),
            ),
            (
                Service::Aliyun,
                r#"[{"phone_number":"13800001234","success":true,"err_code":"DELIVERED",
                    "biz_id":"9^0","out_id":"k1","report_time":"2021-04-01 09:00:00"}]"#,
                Some("9^0 k1 13800001234 true DELIVERED 1617238800"),
            ),
            (
                Service::Aliyun,
                r#"[{"phone_number":"13800001234","content":"好",
                    "send_time":"2021-04-01 09:00:00"}]"#,
                Some("13800001234: 好"),
            ),
            (
                Service::Webhook,
                r#"{"type":"receipt","id":"k1","arrived":false,"code":"gone","at":1617238800}"#,
                Some(" k1  false gone 1617238800"),
            ),
            (
                Service::Webhook,
                r#"{"type":"reply","phone":"+8613800001234","text":"hi","at":1}"#,
                Some("13800001234: hi"),
            ),
            (Service::Webhook, r#"{"type":"other"}"#, None),
            (Service::Tencent, r#"{"mobile":"13800001234"}"#, None),
            (Service::Aliyun, "7", None),
            (Service::Aliyun, "not json", None),
            (Service::Wecom, "[]", Some("")),
        ] {
            assert_eq!(told(service, body).as_deref(), wanted, "{service} {body}");
        }
    }

    #[test]
    fn what_an_own_gateway_signed_holds_for_five_minutes() {
        let (secret, body) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", br#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let of = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", signature);
        for (off, holds) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            let now = DateTime::from_timestamp(1_614_265_330 + off, 0).expect("an instant");
            assert_eq!(signed_by(secret, of, body, now), holds, "{off}");
        }
        let now = DateTime::from_timestamp(1_614_265_330, 0).expect("an instant");
        assert!(!signed_by(secret, of, b"other", now));
        assert!(!signed_by(secret, (of.0, "soon", of.2), body, now));
    }

    #[test]
    fn the_same_reply_handed_over_twice_is_one() {
        let body = r#"{"mobile":"13800001234","text":"TD","time":1617238800}"#;
        let key = |body: &str| {
            pushed(Service::Tencent, body.as_bytes()).expect("a reply").replies[0].key.clone()
        };
        assert_eq!(key(body), key(body));
        assert_ne!(key(body), key(&body.replace("00}", "01}")));
    }
}
