//! Real answers of mail servers, each with its source, and whose fault they are.

use super::*;
use std::collections::BTreeMap;

/// `source, step, code, words, cause`: answers from public reports and documentation. Names and addresses in them are
/// replaced.
const ANSWERS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/refusals.tsv"));

struct Row {
    source: &'static str,
    step: Step,
    code: Option<u16>,
    words: &'static str,
    cause: Cause,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('\t').collect();
        let [source, step, code, words, cause] = cells[..] else { panic!("five cells: {line}") };
        let cause = Cause::from_word(cause).unwrap_or_else(|| panic!("no cause: {line}"));
        Row { source, step: Step::named(step), code: code.parse().ok(), words, cause }
    };
    ANSWERS.lines().skip(1).map(row).collect()
}

fn judged(step: Step, code: Option<u16>, words: &str) -> Cause {
    judge(&Answer { step, code, status: codes(words).1, words })
}

#[test]
fn each_real_answer_is_understood() {
    let all = rows();
    assert!(all.len() >= 120, "{}", all.len());
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|row| {
            let found = judged(row.step, row.code, row.words);
            let told = || format!("{}: {:?} {}: {found}", row.source, row.code, row.words);
            (found != row.cause).then(told)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn the_table_has_answers_about_everybody_from_many_servers() {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    let mut servers: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows() {
        *owners.entry(row.cause.owner().word()).or_default() += 1;
        let server = row.source.split([',', '(']).next().unwrap_or_default().trim();
        *servers.entry(server).or_default() += 1;
    }
    println!("{owners:?}\n{servers:?}");
    assert!(owners.values().all(|count| *count >= 20), "{owners:?}");
    assert!(servers.len() >= 20, "{servers:?}");
}

#[test]
fn the_case_the_address_and_the_punctuation_of_an_answer_do_not_matter() {
    for row in rows() {
        let plain: String =
            row.words.chars().map(|c| if ".,;:'\"".contains(c) { ' ' } else { c }).collect();
        // Dots are part of codes and of Exchange's names.
        let keeps_dots =
            row.words.contains("://") || row.words.to_lowercase().contains("resolver.");
        for words in [row.words.to_uppercase(), row.words.replace("someone@", "relay.spam@")] {
            let is_link = words.contains("://") || words.contains("://".to_uppercase().as_str());
            if is_link && words != row.words {
                continue;
            }
            assert_eq!(judged(row.step, row.code, &words), row.cause, "{words}");
        }
        if !keeps_dots && codes(row.words).1.is_none() {
            assert_eq!(judged(row.step, row.code, &plain), row.cause, "{plain}");
        }
    }
}

#[test]
fn words_of_other_providers_are_understood_too() {
    use Cause::{
        Blocked, Closed, Content, Disabled, Full, Hello, Login, Quota, Rate, Relay, Sender, Size,
        Unclear, Unknown,
    };
    // Not from reports: what the same things look like in other words.
    for (step, code, words, cause) in [
        (Step::Rcpt, 550, "用户不存在", Unknown),
        (Step::Rcpt, 550, "5.1.1 收件人邮箱地址不存在，请核对后重发", Unknown),
        (Step::Rcpt, 550, "收件人不存在或已被注销", Unknown),
        (Step::Rcpt, 552, "对方邮箱已满", Full),
        (Step::Rcpt, 552, "5.2.2 邮箱容量已满", Full),
        (Step::Rcpt, 550, "该帐号已被冻结", Disabled),
        (Step::Rcpt, 554, "您的发信量已超过当日上限", Quota),
        (Step::Rcpt, 550, "单日发送数量超出限制", Quota),
        (Step::Rcpt, 550, "发送过于频繁，请稍后再试", Rate),
        (Step::Rcpt, 550, "发信频率过高", Rate),
        (Step::Rcpt, 554, "超出发信限制", Rate),
        (Step::Dot, 550, "该账号已被限制发信", Rate),
        (Step::Rcpt, 553, "发件人地址与认证用户不一致", Sender),
        (Step::Rcpt, 535, "用户名或密码错误", Login),
        (Step::Rcpt, 554, "未通过身份验证", Login),
        (Step::Rcpt, 550, "IP地址已被列入黑名单", Blocked),
        (Step::Rcpt, 550, "不允许中继", Relay),
        (Step::Rcpt, 550, "拒绝转发", Relay),
        (Step::Dot, 554, "疑似垃圾邮件", Content),
        (Step::Dot, 552, "邮件过大", Size),
        (Step::Rcpt, 550, "收件人拒收", Closed),
        (Step::Rcpt, 550, "拒绝", Unclear),
        (Step::Rcpt, 550, "no", Unclear),
        (Step::Rcpt, 550, "5.7.1 refused", Unclear),
        (Step::Rcpt, 550, "5.3.0 mail system", Unclear),
        (Step::Rcpt, 550, "5.4.5 no", Unclear),
        (Step::Rcpt, 550, "5.1.3 bad", Unknown),
        (Step::Rcpt, 550, "5.2.1 no", Disabled),
        (Step::Rcpt, 552, "no", Full),
        (Step::Rcpt, 553, "5.1.8 sender has no A record", Sender),
        (Step::Rcpt, 550, "user quota exceeded", Quota),
        (Step::Rcpt, 550, "Quota exceeded", Full),
        (Step::Rcpt, 552, "5.2.2 over quota", Full),
        (Step::Rcpt, 451, "4.7.1 Sorry, you have reached your hourly limit", Quota),
        (Step::Mail, 554, "no", Sender),
        (Step::Mail, 451, "no", Unclear),
        (Step::Auth, 500, "用户被锁定", Login),
        (Step::Auth, 535, "no", Login),
        (Step::Hello, 550, "县疾控-PC: no", Hello),
        (Step::Hello, 501, "Invalid domain name", Hello),
        (Step::Data, 554, "no", Cause::Setup),
        (Step::Dot, 554, "no", Content),
        (Step::Dot, 451, "no", Unclear),
        (Step::Dot, 550, "5.1.1 User unknown", Unknown),
    ] {
        assert_eq!(judged(step, Some(code), words), cause, "{code} {words}");
    }
}

#[test]
fn only_the_address_itself_makes_a_bounce_hard() {
    use BounceKind::{Hard, Policy, Soft};
    for (code, text, kind) in [
        (550, "5.1.1 User unknown", Hard),
        (550, "5.1.6 moved", Hard),
        (550, "5.2.1 closed", Hard),
        (550, "5.4.1 Recipient address rejected: Access denied", Hard),
        (550, "5.1.7 bad sender", Policy),
        (550, "5.1.8 bad sender", Policy),
        (550, "5.4.5 sending limit", Policy),
        (550, "5.2.0 SubmissionQuotaExceeded", Policy),
        (550, "5.3.0 mail system", Policy),
        (550, "5.4.0 no", Policy),
        (550, "5.5.0 no", Policy),
        (550, "5.2.2 mailbox full", Soft),
        (550, "5.4.4 unable to route", Soft),
        (550, "", Policy),
    ] {
        let cause = judged(Step::Report, Some(code), text);
        assert_eq!(cause.kind(true), kind, "{code} {text}: {cause}");
        assert_ne!(cause.kind(false), Hard, "what was only given up may pass");
    }
}
