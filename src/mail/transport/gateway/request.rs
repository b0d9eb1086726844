//! The requests that the services want: form, headers and signature.

use super::super::Outgoing;
use super::content::{Content, Text};
use super::{GatewayConfig, sign};
use crate::domain::gateway::Service;
use chrono::{DateTime, SecondsFormat, Utc};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

type Ask = Request<Full<Bytes>>;

const JSON: &str = "application/json; charset=utf-8";

/// The request that sends a message.
pub(super) fn of_message(
    config: &GatewayConfig,
    message: &Outgoing,
    content: &Content,
    now: DateTime<Utc>,
) -> Ask {
    match (config.service, content) {
        (Service::Tencent, Content::Text(text)) => {
            tencent(config, "SendSms", &send_sms(config, message, text), now)
        }
        (Service::Aliyun, Content::Text(text)) => {
            aliyun(config, "SendSms", &send(config, message, text), now)
        }
        (Service::Wecom, content) => wecom(config, content),
        (Service::Dingtalk, content) => dingtalk(config, content, now),
        (Service::Feishu, content) => feishu(config, content, now),
        (_, content) => webhook(config, message, content, now),
    }
}

fn post(config: &GatewayConfig, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Ask {
    let mut request = Request::post(path).header("host", config.endpoint.authority());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(Bytes::from(body))).expect("a request is made of plain text")
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON is made of plain data")
}

fn send_sms(config: &GatewayConfig, message: &Outgoing, text: &Text) -> Value {
    json!({
        "PhoneNumberSet": [format!("+86{}", message.to)],
        "SmsSdkAppId": config.app_id,
        "TemplateId": text.template,
        "SignName": config.sign,
        "TemplateParamSet": text.values.iter().map(|(_, value)| value).collect::<Vec<_>>(),
        "SessionContext": message.key,
    })
}

/// A call of Tencent's API. The bytes that are signed are the bytes that are sent.
pub(super) fn tencent(
    config: &GatewayConfig,
    action: &str,
    payload: &Value,
    now: DateTime<Utc>,
) -> Ask {
    let (body, host) = (bytes(payload), config.endpoint.authority());
    let (seconds, day) = (now.timestamp(), now.format("%Y-%m-%d").to_string());
    let headers = [("content-type", JSON), ("host", host.as_str()), ("x-tc-action", action)];
    let signature = sign::tc3(&config.secret, "sms", &headers, &body, (seconds, &day));
    let authorization = format!(
        "TC3-HMAC-SHA256 Credential={}/{day}/sms/tc3_request, SignedHeaders={}, \
         Signature={signature}",
        config.key,
        sign::names(&headers)
    );
    let more = [
        ("authorization", authorization.as_str()),
        ("content-type", JSON),
        ("x-tc-action", action),
        ("x-tc-timestamp", &seconds.to_string()),
        ("x-tc-version", "2021-01-11"),
        ("x-tc-region", config.region.as_str()),
    ];
    post(config, "/", &more, body)
}

fn send(config: &GatewayConfig, message: &Outgoing, text: &Text) -> Vec<(&'static str, String)> {
    // Values must be text, else the service refuses them.
    let values: Map<String, Value> =
        text.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    vec![
        ("OutId", message.key.clone()),
        ("PhoneNumbers", message.to.clone()),
        ("SignName", config.sign.clone()),
        ("TemplateCode", text.template.clone()),
        ("TemplateParam", Value::Object(values).to_string()),
    ]
}

/// A call of Aliyun's API. `parameters` are sorted by name and travel in the query.
pub(super) fn aliyun(
    config: &GatewayConfig,
    action: &str,
    parameters: &[(&'static str, String)],
    now: DateTime<Utc>,
) -> Ask {
    let pair =
        |(name, value): &(&str, String)| format!("{}={}", sign::quoted(name), sign::quoted(value));
    let query = parameters.iter().map(pair).collect::<Vec<_>>().join("&");
    let (host, hash) = (config.endpoint.authority(), sign::digest(b""));
    let date = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let headers = [
        ("host", host.as_str()),
        ("x-acs-action", action),
        ("x-acs-content-sha256", hash.as_str()),
        ("x-acs-date", date.as_str()),
        ("x-acs-signature-nonce", nonce.as_str()),
        ("x-acs-version", "2017-05-25"),
    ];
    let signature = sign::acs3(&config.secret, &query, &headers, &hash);
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential={},SignedHeaders={},Signature={signature}",
        config.key,
        sign::names(&headers)
    );
    let mut more = headers[1..].to_vec();
    more.push(("authorization", authorization.as_str()));
    post(config, &format!("/?{query}"), &more, Vec::new())
}

/// A post in Markdown, as WeCom has it.
fn wecom(config: &GatewayConfig, content: &Content) -> Ask {
    let body = json!({ "msgtype": "markdown", "markdown": { "content": content.shown() } });
    let path = format!("/cgi-bin/webhook/send?key={}", sign::quoted(&config.key));
    post(config, &path, &[("content-type", JSON)], bytes(&body))
}

fn title(content: &Content) -> &str {
    match content {
        Content::Card { title, .. } => title,
        Content::Text(text) => &text.kind,
    }
}

/// A post in Markdown, as DingTalk has it.
fn dingtalk(config: &GatewayConfig, content: &Content, now: DateTime<Utc>) -> Ask {
    let millis = now.timestamp_millis();
    let body = json!({
        "msgtype": "markdown",
        "markdown": { "title": title(content), "text": content.shown() },
    });
    let path = format!(
        "/robot/send?access_token={}&timestamp={millis}&sign={}",
        sign::quoted(&config.key),
        sign::quoted(&sign::dingtalk(&config.secret, millis))
    );
    post(config, &path, &[("content-type", JSON)], bytes(&body))
}

/// A card, as Feishu has it. Time and signature stand in the body.
fn feishu(config: &GatewayConfig, content: &Content, now: DateTime<Utc>) -> Ask {
    let seconds = now.timestamp();
    let body = json!({
        "timestamp": seconds.to_string(),
        "sign": sign::feishu(&config.secret, seconds),
        "msg_type": "interactive",
        "card": {
            "header": { "title": { "tag": "plain_text", "content": title(content) } },
            "elements": [{ "tag": "markdown", "content": content.shown() }],
        },
    });
    let path = format!("/open-apis/bot/v2/hook/{}", sign::quoted(&config.key));
    post(config, &path, &[("content-type", JSON)], bytes(&body))
}

/// An event for an organisation's own gateway, in the form of CloudEvents.
fn webhook(
    config: &GatewayConfig,
    message: &Outgoing,
    content: &Content,
    now: DateTime<Utc>,
) -> Ask {
    let data = match content {
        Content::Text(text) => json!({
            "phone": message.to,
            "language": text.language,
            "template": text.template,
            "values": text.values.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "text": text.text,
        }),
        Content::Card { title, text } => json!({ "title": title, "text": text }),
    };
    // The same bytes on every attempt: the receiver knows a message by its number and refuses another body.
    let body = bytes(&json!({
        "specversion": "1.0",
        "type": format!("doseplan.{}", title(content)),
        "source": format!("/doseplan/{}", config.channel),
        "id": message.key,
        "data": data,
    }));
    let seconds = now.timestamp();
    let signature = sign::webhook(&config.secret, &message.key, seconds, &body);
    let headers = [
        ("content-type", JSON),
        ("webhook-id", message.key.as_str()),
        ("webhook-timestamp", &seconds.to_string()),
        ("webhook-signature", signature.as_str()),
    ];
    post(config, &config.endpoint.path, &headers, body)
}
