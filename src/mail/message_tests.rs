use super::*;
use std::io::Write;
use std::process::{Command, Stdio};

fn letter() -> Letter {
    Letter {
        subject: "【明日接种】S03 6/16 420剂\r\nBcc: victim@example.test".to_owned(),
        text: "明日接种\n\n.\nFrom here\n长".to_owned() + &"行".repeat(400) + "\n",
        html: "<!DOCTYPE html><p>明日接种 &amp; more</p>\n".to_owned(),
    }
}

fn envelope() -> Envelope {
    Envelope {
        from: "丹阳市疾控中心 <plan@danyang.example>".parse().unwrap(),
        to: Party {
            name: Some("云阳\r\nBcc: victim@example.test, \"x\" <y@z.test>".to_owned()),
            address: "s03.lead@例子.测试".to_owned(),
        },
        message_id: "digest-2021-06-15-S03@danyang-2021.doseplan".to_owned(),
        date: DateTime::from_timestamp(1_623_751_200, 0).unwrap(),
        zone: chrono_tz::Asia::Shanghai,
        language: Language::ZhCn,
        kind: "digest".to_owned(),
        unsubscribe: Some("https://doseplan.example/u/abc".to_owned()),
        attachments: vec![Attachment {
            name: "tomorrow.csv".to_owned(),
            mime: "text/csv; charset=utf-8".to_owned(),
            bytes: "姓名\r\n张三\r\n".as_bytes().to_vec(),
        }],
    }
}

#[test]
fn the_same_message_is_the_same_bytes_and_another_id_has_another_boundary() {
    let first = build(&letter(), &envelope()).unwrap();
    assert_eq!(first, build(&letter(), &envelope()).unwrap());
    let other = Envelope { message_id: "x@y".to_owned(), ..envelope() };
    let boundary = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.split("boundary=").nth(1).unwrap().lines().next().unwrap().to_owned()
    };
    assert_ne!(boundary(&first), boundary(&build(&letter(), &other).unwrap()));
}

#[test]
fn the_bytes_are_seven_bit_lines_that_end_in_crlf() {
    let bytes = build(&letter(), &envelope()).unwrap();
    assert!(bytes.is_ascii());
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "a line is too long");
    let head = text.split("\r\n\r\n").next().unwrap();
    for line in [
        "Date: Tue, 15 Jun 2021 18:00:00 +0800",
        "Message-ID: <digest-2021-06-15-S03@danyang-2021.doseplan>",
        "Auto-Submitted: auto-generated",
        "Content-Language: zh-CN",
        "List-Unsubscribe: <https://doseplan.example/u/abc>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "X-Doseplan-Kind: digest",
    ] {
        assert!(head.split("\r\n").any(|found| found == line), "{line} is not in\n{head}");
    }
    assert!(!head.split("\r\n").any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
}

#[test]
fn one_click_is_offered_for_a_web_link_only() {
    let mail = Envelope { unsubscribe: Some("mailto:out@x.test".to_owned()), ..envelope() };
    let text = String::from_utf8(build(&letter(), &mail).unwrap()).unwrap();
    assert!(text.contains("List-Unsubscribe: <mailto:out@x.test>\r\n"));
    assert!(!text.contains("List-Unsubscribe-Post"));
}

#[test]
fn what_cannot_be_mailed_is_an_error_that_says_why() {
    let with = |change: fn(&mut Envelope)| {
        let mut envelope = envelope();
        change(&mut envelope);
        build(&letter(), &envelope).unwrap_err()
    };
    for address in
        ["用户@example.test", "nobody", "a b@c.test", "a\r\nb@c.test", "a@", "@b.test", "a@b c"]
    {
        assert!(matches!(routable(address), Err(MessageError::Unroutable(_))), "{address:?}");
    }
    assert!(matches!(with(|e| e.to.address = "张@a.test".into()), MessageError::Unroutable(_)));
    assert!(matches!(with(|e| e.message_id = "a b@c".into()), MessageError::MessageId(_)));
    assert!(matches!(with(|e| e.message_id = "a@b>\r\nX: y".into()), MessageError::MessageId(_)));
    assert!(matches!(with(|e| e.message_id = "nothing".into()), MessageError::MessageId(_)));
    assert!(matches!(with(|e| e.kind = "a: b".into()), MessageError::Kind(_)));
    let link = "https://x/>\r\nBcc: y";
    assert!(matches!(
        build(&letter(), &Envelope { unsubscribe: Some(link.into()), ..envelope() }),
        Err(MessageError::Unsubscribe(_))
    ));
    let name = with(|e| e.attachments[0].name = "明日.csv".into());
    assert!(matches!(name, MessageError::AttachmentName(_)));
    let mime = with(|e| e.attachments[0].mime = "text/csv\r\nBcc: y".into());
    assert!(matches!(mime, MessageError::AttachmentType(_)));
}

#[test]
fn a_sender_is_read_with_and_without_a_name() {
    let party: Party = "\"CDC, Danyang\" <cdc@danyang.example>".parse().unwrap();
    assert_eq!(party.name.as_deref(), Some("CDC, Danyang"));
    assert_eq!(party.address, "cdc@danyang.example");
    let bare: Party = " cdc@danyang.example ".parse().unwrap();
    assert_eq!((bare.name, bare.address.as_str()), (None, "cdc@danyang.example"));
    assert!("nobody".parse::<Party>().is_err());
    assert_eq!(routable("a@例子.测试").unwrap(), "a@xn--fsqu00a.xn--0zwm56d");
}

/// Prints what an independent reader sees, a line each.
const READER: &str = r#"
import sys
from email import message_from_bytes, policy
sys.stdout.reconfigure(encoding="utf-8")
m = message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
print("defects", len(m.defects) + sum(len(p.defects) for p in m.walk()))
print("to", len(m["to"].addresses), m["to"].addresses[0].addr_spec)
print("from", m["from"].addresses[0].display_name)
print("date", m["date"].datetime.isoformat())
print("bcc", m["bcc"])
print("subject", m["subject"])
print("types", " ".join(p.get_content_type() for p in m.walk()))
print("file", [p.get_filename() for p in m.iter_attachments()][0])
print("csv", next(m.iter_attachments()).get_content().split()[1])
print("text", m.get_body(("plain",)).get_content().count("\u884c"))
print("html", m.get_body(("html",)).get_content().strip()[-14:])
"#;

#[test]
fn an_independent_reader_finds_the_same_letter() {
    let started = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = started else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no python3");
        eprintln!("skipped: needs python3");
        return;
    };
    let bytes = build(&letter(), &envelope()).unwrap();
    python.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    let expected = "defects 0
to 1 s03.lead@xn--fsqu00a.xn--0zwm56d
from 丹阳市疾控中心
date 2021-06-15T18:00:00+08:00
bcc None
subject 【明日接种】S03 6/16 420剂 Bcc: victim@example.test
types multipart/mixed multipart/alternative text/plain text/html text/csv
file tomorrow.csv
csv 张三
text 400
html &amp; more</p>
";
    assert_eq!(seen, expected);
}
