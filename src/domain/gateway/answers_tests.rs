//! Every code of the services' manuals, by row.

use super::*;

fn told(meaning: Meaning) -> String {
    match meaning {
        Meaning::Done => "done".to_owned(),
        Meaning::Retry(secs, Scope::Channel) => format!("retry {secs}"),
        Meaning::Retry(secs, Scope::Number) => format!("number {secs}"),
        Meaning::Stop(cause) => format!("stop {cause}"),
        Meaning::Ours => "ours".to_owned(),
        Meaning::Theirs => "theirs".to_owned(),
        Meaning::TheirsForGood => "theirs for good".to_owned(),
        Meaning::Doubt => "doubt".to_owned(),
    }
}

fn answer(http: u16, code: Option<&str>) -> Answered<'_> {
    Answered { http, code, is_whole: true }
}

const TENCENT: &[(&str, &str)] = &[
    ("Ok", "done"),
    ("RequestLimitExceeded", "retry 60"),
    ("RequestLimitExceeded.IPLimitExceeded", "retry 60"),
    ("LimitExceeded.DeliveryFrequencyLimit", "retry 60"),
    ("LimitExceeded.PhoneNumberThirtySecondLimit", "number 60"),
    ("LimitExceeded.PhoneNumberOneHourLimit", "number 3600"),
    ("LimitExceeded.PhoneNumberDailyLimit", "number 86400"),
    ("LimitExceeded.PhoneNumberSameContentDailyLimit", "number 86400"),
    ("LimitExceeded.AppDailyLimit", "stop quota"),
    ("FailedOperation.InsufficientBalanceInSmsPackage", "stop quota"),
    ("UnauthorizedOperation.ServiceSuspendDueToArrears", "stop quota"),
    ("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "stop login"),
    ("UnauthorizedOperation.RequestPermissionDeny", "stop login"),
    ("AuthFailure.SignatureFailure", "stop login"),
    ("AuthFailure.SignatureExpire", "stop login"),
    ("AuthFailure.SecretIdNotFound", "stop login"),
    ("FailedOperation.SignatureIncorrectOrUnapproved", "stop sender"),
    ("FailedOperation.TemplateUnapprovedOrNotExist", "stop sender"),
    ("FailedOperation.TemplateIncorrectOrUnapproved", "stop sender"),
    ("UnsupportedOperation.UnsupportedTemplateVariable", "stop sender"),
    ("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "ours"),
    ("InvalidParameterValue.TemplateParameterLengthLimit", "ours"),
    ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", "ours"),
    ("InvalidParameterValue.TemplateParameterFormatError", "ours"),
    ("FailedOperation.ContainSensitiveWord", "ours"),
    ("MissingParameter.EmptyPhoneNumberSet", "ours"),
    ("InvalidParameterValue.IncorrectPhoneNumber", "theirs"),
    ("FailedOperation.PhoneNumberInBlacklist", "theirs for good"),
    ("InternalError", "doubt"),
    ("InternalError.Timeout", "doubt"),
    ("InternalError.SendAndRecvFail", "doubt"),
    ("SendAndRecvFail", "doubt"),
    ("SomethingNew", "stop setup"),
];

const ALIYUN: &[(&str, &str)] = &[
    ("OK", "done"),
    ("Throttling.User", "retry 60"),
    ("isp.SYSTEM_ERROR", "doubt"),
    ("SignatureNonceUsed", "doubt"),
    ("isv.BUSINESS_LIMIT_CONTROL", "number 86400"),
    ("isv.DAY_LIMIT_CONTROL", "stop quota"),
    ("isv.AMOUNT_NOT_ENOUGH", "stop quota"),
    ("isv.OUT_OF_SERVICE", "stop quota"),
    ("SignatureDoesNotMatch", "stop login"),
    ("InvalidTimeStamp.Expired", "stop login"),
    ("InvalidAccessKeyId.NotFound", "stop login"),
    ("isp.RAM_PERMISSION_DENY", "stop login"),
    ("isv.SMS_SIGNATURE_ILLEGAL", "stop sender"),
    ("isv.SMS_TEMPLATE_ILLEGAL", "stop sender"),
    ("isv.TEMPLATE_MISSING_PARAMETERS", "ours"),
    ("isv.INVALID_JSON_PARAM", "ours"),
    ("isv.PARAM_LENGTH_LIMIT", "ours"),
    ("isv.PARAM_NOT_SUPPORT_URL", "ours"),
    ("isv.MOBILE_NUMBER_ILLEGAL", "theirs"),
    ("isv.SOMETHING_NEW", "stop setup"),
];

const WECOM: &[(&str, &str)] = &[
    ("0", "done"),
    ("45009", "retry 60"),
    ("-1", "doubt"),
    ("93000", "stop login"),
    ("40058", "ours"),
    ("40008", "ours"),
    ("44004", "ours"),
    ("12345", "stop setup"),
];

const DINGTALK: &[(&str, &str)] = &[
    ("0", "done"),
    ("130101", "retry 600"),
    ("410100", "retry 600"),
    ("-1", "doubt"),
    ("310000", "stop sender"),
    ("300001", "stop login"),
    ("300005", "stop login"),
    ("400101", "stop login"),
    ("400102", "stop login"),
    ("400106", "stop login"),
    ("400013", "stop login"),
    ("460101", "ours"),
    ("40035", "ours"),
    ("400105", "ours"),
    ("43004", "ours"),
    ("12345", "stop setup"),
];

const FEISHU: &[(&str, &str)] = &[
    ("0", "done"),
    ("11232", "doubt"),
    ("19021", "stop login"),
    ("19022", "stop login"),
    ("19024", "stop login"),
    ("19001", "stop login"),
    ("9499", "ours"),
    ("12345", "stop setup"),
];

#[test]
fn every_code_of_a_service_has_its_meaning() {
    for (service, table) in [
        (Service::Tencent, TENCENT),
        (Service::Aliyun, ALIYUN),
        (Service::Wecom, WECOM),
        (Service::Dingtalk, DINGTALK),
        (Service::Feishu, FEISHU),
    ] {
        for (code, meaning) in table {
            assert_eq!(told(judge(service, answer(200, Some(code)))), *meaning, "{service} {code}");
        }
    }
}

#[test]
fn an_own_gateway_is_judged_by_the_status_of_http() {
    for (http, meaning) in [
        (200, "done"),
        (204, "done"),
        (301, "stop setup"),
        (400, "ours"),
        (401, "stop login"),
        (402, "stop quota"),
        (404, "stop setup"),
        (422, "ours"),
        (429, "retry 60"),
        (500, "retry 60"),
        (502, "retry 60"),
        (503, "retry 60"),
    ] {
        assert_eq!(told(judge(Service::Webhook, answer(http, None))), meaning, "{http}");
    }
}

#[test]
fn an_answer_without_a_code_was_not_the_services() {
    for service in [Service::Tencent, Service::Aliyun, Service::Wecom, Service::Feishu] {
        for (http, is_whole, meaning) in [
            (200, true, "retry 60"),
            (302, true, "retry 60"),
            (401, true, "stop login"),
            (404, true, "stop setup"),
            (200, false, "doubt"),
            (500, true, "doubt"),
            (502, true, "doubt"),
        ] {
            let said = judge(service, Answered { http, code: None, is_whole });
            assert_eq!(told(said), meaning, "{service} {http} {is_whole}");
        }
    }
    assert_eq!(told(judge(Service::Dingtalk, answer(200, None))), "retry 600");
}
