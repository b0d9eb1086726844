//! Mails sent by hand: previewed, sent to oneself, to all, and once more.

use super::planned;
use crate::support::SENIORS;

const DAY: [&str; 2] = ["--day", "2021-03-31"];

#[test]
fn a_preview_is_written_into_a_file_for_its_reader_alone() {
    let world = planned(SENIORS);
    let arguments = ["digest", "preview", "S1", "--out", "page.html"];
    world.run(&[&arguments[..], &DAY].concat()).ends(0);
    let page = world.read("page.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("赵一"), "{page}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(world.path("page.html")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    // Without a terminal the text is printed, as for a pipe.
    let text = world.run(&[&["digest", "preview", "S1"][..], &DAY].concat()).ends(0).out;
    assert!(text.starts_with("【明日接种】4/1 "), "{text}");
    assert!(world.mails().is_empty());
}

#[test]
fn a_copy_goes_to_its_address_only_and_says_that_it_is_one() {
    let world = planned(SENIORS);
    let to = ["digest", "send", "S1", "--to", "我 <me@small.example>"];
    world.run(&[&to[..], &DAY].concat()).ends(0);
    let mails = world.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].2, "me@small.example");
    let said = world.run(&["outbox", "show", "1", "--part", "text"]).ends(0).out;
    let (subject, body) = said.split_once("\n\n").unwrap();
    assert!(subject.starts_with("【明日接种】4/1 ") && subject.ends_with("（副本）"), "{subject}");
    assert!(body.starts_with("这是副本，仅供查看。原收件人：张三。"), "{body}");
    let page = world.run(&["outbox", "show", "1", "--part", "html"]).ends(0).out;
    assert!(page.contains("这是副本") && page.contains("赵一"), "{page}");
    // The mail itself can still be sent, and so can a second copy.
    world.run(&[&["digest", "send", "S1"][..], &DAY].concat()).ends(0);
    world.run(&[&to[..], &DAY].concat()).ends(0);
    assert_eq!(world.mails().len(), 3);
    // The mail of a day to come would be in the way of the true one; a copy may go.
    let early =
        |more: &[&'static str]| [&["digest", "send", "S1", "--day", "2099-12-31"], more].concat();
    let refused = world.run(&early(&[])).ends(1).err;
    assert!(refused.contains("is not over yet"), "{refused}");
    world.run(&early(&["--to", "me@small.example"])).ends(0);
    assert_eq!(world.mails().len(), 4);
    let bad = ["digest", "send", "S1", "--to", "nobody"];
    world.run(&[&bad[..], &DAY].concat()).ends(2);
}

#[test]
fn all_leads_are_written_to_after_their_number_was_said() {
    let world = planned(SENIORS);
    let all = [&["digest", "send", "--all"][..], &DAY].concat();
    let asked = world.run(&all).ends(1);
    assert!(asked.err.contains("--readers 3"), "{}", asked.err);
    let wrong = world.run(&[&all[..], &["--readers", "2"]].concat()).ends(1);
    assert!(
        wrong.err.contains("没有邮件入队") || wrong.err.contains("nothing was queued"),
        "{}",
        wrong.err
    );
    assert!(world.mails().is_empty());
    world.run(&[&all[..], &["--readers", "3"]].concat()).ends(0);
    assert_eq!(world.mails().len(), 3);
    let history = world.run(&["digest", "history", "-o", "csv"]).ends(0).csv();
    assert_eq!(history.len(), 3);
    assert_eq!(history[0]["to"], "s1@small.example");
}

#[test]
fn a_mail_goes_once_more_as_it_was_under_a_new_number() {
    let world = planned(SENIORS);
    world.run(&[&["digest", "send", "S1"][..], &DAY].concat()).ends(0);
    // What happened since does not change it.
    world.import("tallies", "t1,2021-03-31,S1,A,adult,1,3").ends(0);
    world.run(&["digest", "resend", "1"]).ends(0);
    world.run(&["digest", "resend", "1", "--to", "boss@small.example"]).ends(0);
    let mails = world.mails();
    let to: Vec<_> = mails.iter().map(|mail| mail.2.as_str()).collect();
    assert_eq!(to, ["s1@small.example", "s1@small.example", "boss@small.example"]);
    // The first one was for a day long past.
    let states: Vec<_> = mails.iter().map(|mail| mail.0.as_str()).collect();
    assert_eq!(states, ["expired", "sent", "sent"]);
    let shown = |id: &str| world.run(&["outbox", "show", id]).ends(0).out;
    let (first, again, other) = (shown("1"), shown("2"), shown("3"));
    let body = |mail: &str| mail.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&first), body(&again));
    assert_eq!(body(&first), body(&other));
    let id = |mail: &str| {
        let line = mail.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
        line.split_once(' ').unwrap().1.trim().to_owned()
    };
    assert_ne!(id(&first), id(&again));
    assert!(again.contains(&format!("References: {}", id(&first))), "{again}");
    assert!(!other.contains("s1@small.example") && other.contains("boss@small.example"));
    world.run(&["digest", "resend", "99"]).ends(1);
    // A reminder has a link to unsubscribe that is valid for its reader only.
    world.run(&["job", "run", "reminders", "--at", "2021-03-31T09:00"]).ends(0);
    let refused = world.run(&["digest", "resend", "4"]).ends(1);
    assert!(refused.err.contains("mail 4 is not a daily mail"), "{}", refused.err);
}
