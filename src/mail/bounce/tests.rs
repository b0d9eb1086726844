use super::*;
use proptest::prelude::*;

/// A report from the fixtures about a mail to `ADDRESS`.
fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/bounces/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.replace("{TO}", TO).replace("{ADDRESS}", ADDRESS).replace("{ID}", ID).into_bytes()
}

const TO: &str = "bounce+12.0011223344556677@small.example";
const ADDRESS: &str = "zhao@home.example";
const ID: &str = "reminder.00112233445566778899aabbccddeeff@localhost.localdomain";

/// Reports and their meaning. The fixtures imitate what these servers send.
const REPORTS: [(&str, Kind, &str, &str); 15] = [
    ("postfix-unknown", Kind::Hard, "5.1.1", "Recipient address rejected"),
    ("postfix-delayed", Kind::Delayed, "4.4.1", "Connection timed out"),
    ("postfix-expired", Kind::Soft, "4.4.1", "Connection timed out"),
    ("postfix-full", Kind::Soft, "5.2.2", "mailbox is full"),
    ("postfix-policy", Kind::Policy, "5.7.1", "unsolicited mail"),
    ("postfix-163-spam", Kind::Policy, "5.0.0", "554 DT:SPM 163"),
    ("postfix-vague-unknown", Kind::Hard, "5.0.0", "550 User not found"),
    ("list-one-of-two", Kind::Delivered, "2.0.0", "250 2.0.0 Ok"),
    ("exim-words", Kind::Hard, "5.0.0", "550 No such user here"),
    ("exim-report", Kind::Hard, "5.1.1", "does not exist"),
    ("exchange", Kind::Hard, "5.1.10", "RESOLVER.ADR.RecipientNotFound"),
    ("qmail-unknown", Kind::Hard, "5.0.0", "550 unknown user"),
    ("qmail-queue-too-long", Kind::Soft, "4.4.1", "(#4.4.1)"),
    ("163", Kind::Hard, "5.0.0", "550 MI:UNU User not found"),
    ("qq", Kind::Hard, "5.0.0", "550 Mailbox not found"),
];

#[test]
fn reports_of_many_servers_say_the_same_things() {
    for (name, kind, status, said) in REPORTS {
        let bytes = fixture(name);
        let unix = String::from_utf8(bytes.clone()).unwrap().replace("\r\n", "\n");
        let dos = unix.replace('\n', "\r\n");
        for text in [bytes.as_slice(), unix.as_bytes(), dos.as_bytes()] {
            let report = read(text).unwrap_or_else(|why| panic!("{name}: {}", why.word()));
            let found = report.about(ADDRESS);
            assert_eq!((found.kind, found.status.as_str()), (kind, status), "{name}");
            assert!(found.said.contains(said), "{name}: {}", found.said);
            assert_eq!(report.original.as_deref(), Some(ID), "{name}");
            assert!(report.came_to.iter().any(|to| to == TO), "{name}");
            assert_eq!(report.digest, read(&bytes).map_or_else(|_| String::new(), |r| r.digest));
        }
    }
}

#[test]
fn other_mails_are_no_reports() {
    let why = |bytes: &[u8]| read(bytes).err();
    assert_eq!(why(&fixture("vacation")), Some(NotUnderstood::NoReport));
    assert_eq!(why(&fixture("greeting")), Some(NotUnderstood::NoStatus));
    assert_eq!(why(b""), Some(NotUnderstood::NoReport));
    assert_eq!(why(&vec![b'x'; BYTES_MAX + 1]), Some(NotUnderstood::TooLarge));
    let empty =
        "From: MAILER-DAEMON@x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n";
    assert_eq!(why(empty.as_bytes()), Some(NotUnderstood::NoStatus));
}

#[test]
fn the_same_report_is_told_again_whatever_a_folder_adds() {
    let first = fixture("postfix-unknown");
    let text = String::from_utf8(first.clone()).unwrap();
    let moved =
        format!("Delivered-To: again@small.example\nStatus: RO\n{text}").replace('\n', "\r\n");
    let digest =
        |bytes: &[u8]| read(bytes).map_or_else(|why| panic!("{}", why.word()), |r| r.digest);
    assert_eq!(digest(&first), digest(moved.as_bytes()));
    let other = text.replace("20210331010007.7C1A91C0041", "20210331010008.7C1A91C0042");
    assert_ne!(digest(&first), digest(other.as_bytes()));
}

#[test]
fn of_several_recipients_the_one_that_is_named_counts() {
    let bytes = fixture("list-one-of-two");
    let Ok(report) = read(&bytes) else { panic!("a report") };
    assert_eq!(report.failures.len(), 2);
    assert_eq!(report.about("OLD@list.example").kind, Kind::Hard);
    assert_eq!(report.about("new@list.example").kind, Kind::Delivered);
    assert_eq!(report.about(ADDRESS).kind, Kind::Delivered);
}

#[test]
fn an_action_decides_before_its_code() {
    let about = |action: &str, status: &str| {
        let text = format!(
            "From: postmaster@x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n\
             Final-Recipient: rfc822; a@b\n{action}{status}\n"
        );
        read(text.as_bytes()).map(|report| report.about("a@b").kind)
    };
    for (action, status, kind) in [
        ("Action: failed\n", "Status: 5.1.1", Ok(Kind::Hard)),
        ("Action: Failed (bad)\n", "Status: 4.2.0", Ok(Kind::Soft)),
        ("Action: delayed\n", "Status: 5.1.1", Ok(Kind::Delayed)),
        ("Action: relayed\n", "Status: 5.1.1", Ok(Kind::Delivered)),
        ("", "Status: 5.1.1", Ok(Kind::Hard)),
        ("", "Status: 4.1.1", Ok(Kind::Delayed)),
        ("Action: failed\n", "Diagnostic-Code: smtp; 550 no such user", Ok(Kind::Hard)),
        ("Action: failed\n", "", Err(NotUnderstood::NoStatus)),
    ] {
        assert_eq!(about(action, status), kind, "{action}{status}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_reading_fail(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_damage_to_a_report_makes_reading_fail(
        which in 0..REPORTS.len(),
        damage in proptest::collection::vec(
            (any::<prop::sample::Index>(), any::<u8>(), 0..40_usize),
            0..12,
        ),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = fixture(REPORTS[which].0);
        for (at, byte, length) in damage {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, [byte]);
            if bytes.is_empty() { break; }
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(report) = read(&bytes) {
            let failure = report.about(ADDRESS);
            prop_assert!(failure.said.chars().count() <= 2 * safe::SENTENCE_COLUMNS_MAX + 2);
            prop_assert!(!failure.said.contains(['\r', '\n']));
        }
    }
}
