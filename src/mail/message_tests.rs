use super::*;
use std::io::Write;
use std::process::{Command, Stdio};

fn letter() -> Letter {
    Letter {
        subject: "【明日接种】S03 6/16 420剂\r\nBcc: victim@example.test".to_owned(),
        text: "明日接种\n\n.\nFrom here\n长".to_owned() + &"行".repeat(400) + "\n",
        html: "<!DOCTYPE html><p>明日接种 &amp; more</p>\n".to_owned(),
        picture: None,
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
        unsubscribe: vec!["https://doseplan.example/u/abc".to_owned()],
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
    let mail = Envelope { unsubscribe: vec!["mailto:out@x.test".to_owned()], ..envelope() };
    let text = String::from_utf8(build(&letter(), &mail).unwrap()).unwrap();
    assert!(text.contains("List-Unsubscribe: <mailto:out@x.test>\r\n"));
    assert!(!text.contains("List-Unsubscribe-Post"));
    let both = vec!["mailto:out@x.test?subject=a%20b".to_owned(), "https://x.test/u/b".to_owned()];
    let text = build(&letter(), &Envelope { unsubscribe: both, ..envelope() }).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains(
            "List-Unsubscribe: <mailto:out@x.test?subject=a%20b>, <https://x.test/u/b>\r\n"
        )
    );
    assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    let none = build(&letter(), &Envelope { unsubscribe: Vec::new(), ..envelope() }).unwrap();
    assert!(!String::from_utf8(none).unwrap().contains("List-Unsubscribe"));
}

#[test]
fn two_spellings_of_an_address_are_one() {
    for same in ["A.b@例子.测试", " a.B@XN--FSQU00A.xn--0zwm56d "] {
        assert_eq!(canonical(same), "a.b@xn--fsqu00a.xn--0zwm56d", "{same:?}");
    }
    assert_eq!(spellings("A@例子.测试"), ["a@xn--fsqu00a.xn--0zwm56d", "a@例子.测试"]);
    assert_eq!(spellings("A@b.Test"), ["a@b.test", "a@b.test"]);
    // An address that cannot be mailed to is compared as it is.
    assert_eq!(canonical(" 用户@B.test"), "用户@b.test");
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
        build(&letter(), &Envelope { unsubscribe: vec![link.into()], ..envelope() }),
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

/// Prints what an independent parser sees, one line each.
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

/// Prints for each file the recipients, sender and fields that an independent parser sees.
const READER_OF_NAMES: &str = r#"
import json, sys
from email import message_from_bytes, policy
sys.stdout.reconfigure(encoding="utf-8")
for path in sys.argv[1:]:
    m = message_from_bytes(open(path, "rb").read(), policy=policy.default)
    to = m["to"].addresses
    print(json.dumps([len(m.defects) + sum(len(v.defects) for v in m.values()),
        [a.addr_spec for a in to], to[0].display_name, [a.addr_spec for a in m["from"].addresses],
        sorted(k.lower() for k in m.keys())]))
"#;

const FIELDS: &str = "auto-submitted content-language content-type date from list-unsubscribe \
                      list-unsubscribe-post message-id mime-version subject to x-doseplan-kind";

#[test]
fn names_from_outside_do_no_harm_in_a_header() {
    let long = "赵".repeat(300);
    let names = [
        "赵一",
        "Zhao\r\nBcc: victim@example.test",
        "a\n\r\n<script>",
        "\u{202e}gro.elpmaxe@miitciv",
        "محمد \u{200f}علي",
        "\"Zhao\", <victim@example.test>",
        "victim@example.test",
        "<>",
        "\"",
        "\\\"",
        "a, b; c: d",
        "Undisclosed: x@y.test;",
        "(a) comment (",
        "=?utf-8?b?QmNjOiB4?=",
        "\0\u{7}\t",
        "",
        "  ",
        "\u{2028}To: x@y.test",
        long.as_str(),
        "O'Neil [x] $%^&*~`|{}",
        "a\u{301}😀",
        ".,.",
        "=HYPERLINK(\"https://x.test\")",
    ];
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let to = Party { name: Some((*name).to_owned()), address: "zhao@home.example".to_owned() };
        let from = Party { name: Some((*name).to_owned()), address: "cdc@x.example".to_owned() };
        let letter = Letter { subject: format!("for {name}"), ..letter() };
        let bytes = build(&letter, &Envelope { from, to, ..envelope() }).unwrap();
        assert!(bytes.is_ascii(), "{name:?}");
        let path = dir.path().join(format!("{number:02}.eml"));
        std::fs::write(&path, bytes).unwrap();
        files.push(path);
    }
    let ran = Command::new("python3").args(["-c", READER_OF_NAMES]).args(&files).output();
    let Ok(ran) = ran else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no python3");
        eprintln!("skipped: needs python3");
        return;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seen = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(seen.lines().count(), names.len());
    for (name, line) in names.iter().zip(seen.lines()) {
        let (defects, to, shown, from, fields): (
            u32,
            Vec<String>,
            String,
            Vec<String>,
            Vec<String>,
        ) = serde_json::from_str(line).unwrap();
        assert_eq!(defects, 0, "{name:?}: {line}");
        assert_eq!(to, ["zhao@home.example"], "{name:?}");
        assert_eq!(from, ["cdc@x.example"], "{name:?}");
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{name:?}: {shown:?}");
        assert_eq!(fields.join(" "), FIELDS, "{name:?}");
    }
    let shown = |line: usize| seen.lines().nth(line).unwrap().to_owned();
    assert!(shown(0).contains("\\u8d75\\u4e00"), "a real name is kept: {}", shown(0));
}

#[test]
fn an_address_outside_ascii_is_refused_with_what_to_do() {
    for address in ["赵一@home.example", "zhaó@home.example", "ｚhao@home.example"] {
        let error = routable(address).unwrap_err();
        assert!(matches!(error, MessageError::Unroutable(_)));
        let said = error.to_string();
        assert!(said.contains("name@example.org in ASCII letters"), "{said}");
        assert!(!said.contains("home.example"), "addresses are personal: {said}");
    }
}
