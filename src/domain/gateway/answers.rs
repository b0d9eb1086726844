//! What the services answer. HTTP 200 is not success: the code in the body counts, and a body of the service's form
//! without one says that something else answered, so nothing was taken. Where nobody can tell, the message is in doubt.
//!
//! Sources, as their vendors publish them: Tencent Cloud SMS API 2021-01-11 (SendSms, error codes), Alibaba Cloud SMS
//! API 2017-05-25 (SendSms, error codes), and the manuals of the custom robots of WeCom, DingTalk and Feishu.
//! Standard Webhooks for an organisation's own gateway.

use super::{Cause, Meaning, Scope, Service};

/// An answer as far as it is needed to judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The status of HTTP.
    pub http: u16,
    /// The service's code; `None` where the body has none.
    pub code: Option<&'a str>,
    /// Whether the body is complete JSON, or a page for people.
    pub is_whole: bool,
}

/// Seconds after which a robot may post again that posted too fast.
const MINUTE: u32 = 60;
/// Seconds for which DingTalk shuts a robot that posted too fast.
const SHUT: u32 = 600;
/// Seconds of an hour.
const HOUR: u32 = 3600;
/// Seconds of a day.
const DAY: u32 = 86_400;

const LATER: Meaning = Meaning::Retry(MINUTE, Scope::Channel);

/// What an answer of a service means.
pub fn judge(service: Service, answer: Answered<'_>) -> Meaning {
    if service == Service::Webhook {
        return webhook(answer.http);
    }
    let Some(code) = answer.code else { return without_code(service, answer) };
    match service {
        Service::Tencent => tencent(code),
        Service::Aliyun => aliyun(code),
        Service::Wecom => wecom(code),
        Service::Dingtalk => dingtalk(code),
        Service::Feishu => feishu(code),
        Service::Webhook => webhook(answer.http),
    }
}

/// The body is not the service's. A gateway in between that answers 5xx may have passed the request on.
fn without_code(service: Service, answer: Answered<'_>) -> Meaning {
    match (answer.http, answer.is_whole) {
        (500..=599, _) | (_, false) => Meaning::Doubt,
        (401 | 403, true) => Meaning::Stop(Cause::Login),
        (404 | 405 | 410, true) => Meaning::Stop(Cause::Setup),
        // The flood guard of DingTalk.
        _ if service == Service::Dingtalk => Meaning::Retry(SHUT, Scope::Channel),
        _ => LATER,
    }
}

/// Whether one of these begins the code.
fn begins(code: &str, with: &[&str]) -> bool {
    with.iter().any(|start| code.starts_with(start))
}

fn tencent(code: &str) -> Meaning {
    match code {
        "Ok" => return Meaning::Done,
        "LimitExceeded.PhoneNumberThirtySecondLimit" => {
            return Meaning::Retry(MINUTE, Scope::Number);
        }
        "LimitExceeded.PhoneNumberOneHourLimit" => return Meaning::Retry(HOUR, Scope::Number),
        "LimitExceeded.PhoneNumberDailyLimit"
        | "LimitExceeded.PhoneNumberSameContentDailyLimit" => {
            return Meaning::Retry(DAY, Scope::Number);
        }
        "LimitExceeded.AppDailyLimit"
        | "LimitExceeded.AppMainlandChinaDailyLimit"
        | "FailedOperation.InsufficientBalanceInSmsPackage" => {
            return Meaning::Stop(Cause::Quota);
        }
        "UnauthorizedOperation.ServiceSuspendDueToArrears" => return Meaning::Stop(Cause::Quota),
        "InvalidParameterValue.IncorrectPhoneNumber" => return Meaning::Theirs,
        "FailedOperation.PhoneNumberInBlacklist" => return Meaning::TheirsForGood,
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate" => return Meaning::Ours,
        _ => {}
    }
    if begins(code, &["InternalError", "SendAndRecvFail"]) {
        return Meaning::Doubt;
    }
    if begins(code, &["RequestLimitExceeded", "LimitExceeded"]) {
        return LATER;
    }
    if begins(code, &["AuthFailure"]) {
        return Meaning::Stop(Cause::Login);
    }
    if begins(code, &["FailedOperation.Signature", "FailedOperation.Template"])
        || begins(code, &["UnsupportedOperation.UnsupportedTemplateVariable"])
    {
        return Meaning::Stop(Cause::Sender);
    }
    if begins(code, &["InvalidParameter", "MissingParameter", "UnknownParameter"])
        || begins(code, &["UnsupportedOperation", "FailedOperation.ContainSensitiveWord"])
    {
        return Meaning::Ours;
    }
    // Rights of the account, and what nobody has heard of: nothing is lost while somebody looks.
    Meaning::Stop(if begins(code, &["UnauthorizedOperation"]) {
        Cause::Login
    } else {
        Cause::Setup
    })
}

fn aliyun(code: &str) -> Meaning {
    match code {
        "OK" => Meaning::Done,
        "isp.SYSTEM_ERROR" | "SignatureNonceUsed" => Meaning::Doubt,
        "isv.BUSINESS_LIMIT_CONTROL" => Meaning::Retry(DAY, Scope::Number),
        "isv.DAY_LIMIT_CONTROL"
        | "isv.MONTH_LIMIT_CONTROL"
        | "isv.AMOUNT_NOT_ENOUGH"
        | "isv.OUT_OF_SERVICE" => Meaning::Stop(Cause::Quota),
        "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "InvalidTimeStamp.Expired"
        | "InvalidAccessKeyId.NotFound"
        | "isp.RAM_PERMISSION_DENY" => Meaning::Stop(Cause::Login),
        "isv.SMS_SIGNATURE_ILLEGAL"
        | "isv.SMS_TEMPLATE_ILLEGAL"
        | "isv.SMS_SIGN_ILLEGAL"
        | "isv.SIGN_STATE_ILLEGAL" => Meaning::Stop(Cause::Sender),
        "isv.MOBILE_NUMBER_ILLEGAL" => Meaning::Theirs,
        "isv.BLACK_KEY_CONTROL_LIMIT" => Meaning::Ours,
        code if begins(code, &["Throttling"]) => LATER,
        code if begins(code, &["isv.TEMPLATE_", "isv.INVALID_", "isv.PARAM_"]) => Meaning::Ours,
        code if begins(code, &["isv.MOBILE_COUNT_OVER_LIMIT", "Missing"]) => Meaning::Ours,
        code if begins(code, &["InternalError", "ServiceUnavailable", "isp."]) => Meaning::Doubt,
        _ => Meaning::Stop(Cause::Setup),
    }
}

fn wecom(code: &str) -> Meaning {
    match code {
        "0" => Meaning::Done,
        "45009" | "45033" => LATER,
        // Busy may mean before or after the post, and posting twice is worse than asking somebody.
        "-1" => Meaning::Doubt,
        "93000" => Meaning::Stop(Cause::Login),
        "40058" | "40008" | "44004" | "40009" | "45002" | "45008" => Meaning::Ours,
        _ => Meaning::Stop(Cause::Setup),
    }
}

fn dingtalk(code: &str) -> Meaning {
    match code {
        "0" => Meaning::Done,
        "130101" | "410100" => Meaning::Retry(SHUT, Scope::Channel),
        "-1" => Meaning::Doubt,
        "310000" => Meaning::Stop(Cause::Sender),
        "300001" | "300005" | "400101" | "400102" | "400106" | "400013" => {
            Meaning::Stop(Cause::Login)
        }
        "90030" => Meaning::Stop(Cause::Quota),
        "460101" | "40035" | "400105" | "43004" => Meaning::Ours,
        _ => Meaning::Stop(Cause::Setup),
    }
}

fn feishu(code: &str) -> Meaning {
    match code {
        "0" => Meaning::Done,
        // Said for a robot that posts too fast, and for load alone; then the post may have been taken. The channel's
        // own pace keeps the first from happening.
        "11232" => Meaning::Doubt,
        "19021" | "19022" | "19024" | "19001" => Meaning::Stop(Cause::Login),
        "9499" => Meaning::Ours,
        _ => Meaning::Stop(Cause::Setup),
    }
}

/// The receiver keeps the message's number, so what may have arrived is sent again.
fn webhook(http: u16) -> Meaning {
    match http {
        200..=299 => Meaning::Done,
        401 | 403 => Meaning::Stop(Cause::Login),
        404 | 410 | 300..=399 => Meaning::Stop(Cause::Setup),
        402 => Meaning::Stop(Cause::Quota),
        408 | 425 | 429 | 500..=599 => LATER,
        _ => Meaning::Ours,
    }
}
