//! A mail server that says exactly what a test wants, byte by byte.

use super::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader as Reader};
use tokio::net::TcpListener;

/// Bytes of GBK.
fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

/// A server for one connection. Each line that comes in is looked up by its beginning and answered with the bytes
/// beside it, once; what is not in the list gets `250 ok`. It returns what came in.
async fn server(
    answers: Vec<(&'static str, Vec<u8>)>,
) -> (SmtpConfig, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = Reader::new(stream);
        let mut answers = answers;
        let mut take = move |line: &str| {
            let at = answers.iter().position(|(begin, _)| line.starts_with(begin));
            at.map(|at| answers.remove(at).1)
        };
        let banner = take("banner").unwrap_or_else(|| b"220 hi\r\n".to_vec());
        stream.write_all(&banner).await.unwrap();
        let mut seen = Vec::new();
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
            let said = line.trim_end().to_owned();
            line.clear();
            let usual = match said.as_str() {
                "DATA" => b"354 go\r\n".as_slice(),
                _ => b"250 ok\r\n",
            };
            let answer = take(&said).unwrap_or_else(|| usual.to_vec());
            seen.push(said);
            if answer == b"hang up" || stream.write_all(&answer).await.is_err() {
                break;
            }
        }
        seen
    });
    let limit = Duration::from_millis(700);
    let limits = Limits {
        connect: limit,
        banner: limit,
        tls: limit,
        auth: limit,
        command: limit,
        dot: limit,
        quit: limit,
    };
    let config = SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Security::None,
        ca_file: None,
        user: None,
        password: None,
        hello: None,
        limits,
    };
    (config, task)
}

/// A message of one line, so that the server's answers follow the dot alone.
fn short() -> Outgoing {
    Outgoing { bytes: b"x: y\r\n".to_vec(), ..outgoing("a@example.test") }
}

async fn sent(answers: Vec<(&'static str, Vec<u8>)>, user: bool) -> (Outcome, Vec<String>) {
    // The line of the body is not answered.
    let answers = answers.into_iter().chain([("x: y", Vec::new())]).collect();
    let (mut config, task) = server(answers).await;
    if user {
        (config.user, config.password) = (Some("plan".to_owned()), Some("秘密".to_owned()));
    }
    let outcome = Transport::Smtp(config).deliver(&short(), go).await;
    (outcome, task.await.unwrap())
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[tokio::test]
async fn answers_in_gbk_and_utf_8_are_understood_and_shown() {
    for (step, said, wanted) in [
        (".", gbk("250 邮件已接收\r\n"), "accepted"),
        (".", bytes("250 邮件已接收\r\n"), "accepted"),
        (".", gbk("554 内容被拒\r\n"), "554 at dot: 内容被拒"),
        ("RCPT", gbk("550 用户不存在\r\n"), "550 at RCPT: 用户不存在"),
        ("RCPT", bytes("550-用户\r\n550 不存在\r\n"), "550 at RCPT: 用户 不存在"),
        ("MAIL", gbk("501 发件人不一致\r\n"), "501 at MAIL: 发件人不一致"),
        ("EHLO", gbk("550 拒绝\r\n"), "550 at EHLO: 拒绝"),
        ("banner", gbk("554 拒绝\r\n"), "554 at banner: 拒绝"),
        ("RCPT", b"550 \xff\xff\r\n".to_vec(), "550 at RCPT: \u{fffd}\u{fffd}"),
    ] {
        let (outcome, _) = sent(vec![(step, said)], false).await;
        assert_eq!(outcome.to_string(), wanted);
    }
}

#[tokio::test]
async fn an_answer_is_believed_only_where_it_belongs() {
    for (step, said, wanted) in [
        ("DATA", "250 fine\r\n", "DATA: 250 fine is no answer to this"),
        ("DATA", "354 go\r\n250 injected\r\n", "DATA: the server spoke before it was asked"),
        ("DATA", "354 go\r\n421 no\r\n", "421 at DATA: no"),
        ("MAIL", "354 go\r\n", "MAIL: 354 go is no answer to this"),
        ("MAIL", "250 ok\r\n250 ok\r\n", "RCPT: the server spoke before it was asked"),
        ("MAIL", "250 ok\r\n421 bye\r\n", "421 at RCPT: bye"),
        ("RCPT", "251 forwarded\r\n", "accepted"),
        ("RCPT", "hello\r\n", "RCPT: this is no answer of a mail server: \"hello\""),
        (".", "354 more\r\n", "354 more is no answer to the body"),
        (".", "25", "no answer to the body within 700ms"),
        (".", "hang up", "connection lost after the body: "),
        (".", "nonsense\r\n", "connection lost after the body: this is no answer"),
        ("EHLO", "500 what\r\n", "accepted"),
        ("EHLO", "250-a\r\n250-b\r\n", "EHLO: no answer within 700ms"),
    ] {
        let (outcome, _) = sent(vec![(step, bytes(said))], false).await;
        assert!(outcome.to_string().starts_with(wanted), "{step} {said:?}: {outcome}");
        let in_doubt = step == "." && !wanted.starts_with("accepted");
        assert_eq!(matches!(outcome, Outcome::InDoubt(_)), in_doubt, "{step} {said:?}");
    }
}

#[tokio::test]
async fn words_put_in_before_the_encryption_end_the_connection() {
    for injected in ["250 injected\r\n", "2", "250-starttls\r\n250 x\r\n"] {
        let answers = vec![
            ("EHLO", bytes("250-hi\r\n250 starttls\r\n")),
            ("STARTTLS", bytes(&format!("220 go\r\n{injected}"))),
        ];
        let (mut config, task) = server(answers).await;
        config.tls = Security::StartTls;
        let outcome = Transport::Smtp(config).deliver(&short(), go).await;
        let told = outcome.to_string();
        assert!(matches!(outcome, Outcome::NotSent(_)), "{told}");
        assert!(told.contains("before the encryption began"), "{told}");
        let seen = task.await.unwrap();
        assert!(!seen.iter().any(|line| line.contains("MAIL")), "{seen:?}");
    }
}

#[tokio::test]
async fn login_is_tried_where_plain_is_offered_and_refused() {
    let plain = format!("AUTH PLAIN {}", {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode("\0plan\0秘密")
    });
    let both = "250-hi\r\n250 auth plain login\r\n";
    let user = || ("cGxhbg==", bytes("334 UGFzc3dvcmQ6\r\n"));
    let login = || ("AUTH LOGIN", bytes("334 VXNlcm5hbWU6\r\n"));
    let secret = |said: &str| ("56eY5a+G", bytes(said));
    for (name, hello, plain_says, login_says, wanted) in [
        ("plain", both, "235 in\r\n", "", "accepted"),
        ("asked again", both, "334 \r\n", "", "accepted"),
        ("504", both, "504 not this\r\n", "235 in\r\n", "accepted"),
        ("535", both, "535 no\r\n", "235 in\r\n", "accepted"),
        ("both", both, "504 no\r\n", "535 wrong\r\n", "535 at AUTH: wrong"),
        ("hang up", both, "535 wrong\r\n", "hang up", "535 at AUTH: wrong"),
        ("later", both, "454 later\r\n", "235 in\r\n", "454 at AUTH: later"),
        ("login only", "250-hi\r\n250 AUTH=LOGIN\r\n", "", "235 in\r\n", "accepted"),
        ("plain only", "250-hi\r\n250 AUTH PLAIN\r\n", "504 no\r\n", "", "504 at AUTH: no"),
        ("neither", "250-hi\r\n250 AUTH CRAM-MD5\r\n", "", "", "AUTH: the server offers no way"),
        ("none", "250 hi\r\n", "", "", "AUTH: the server offers no way"),
    ] {
        let mut answers = vec![("EHLO", bytes(hello)), login(), user(), secret(login_says)];
        if plain_says.starts_with("334") {
            // After the question the same word comes alone.
            answers.push(("AHBsYW4A", bytes("235 in\r\n")));
        }
        answers.insert(0, ("AUTH PLAIN", bytes(plain_says)));
        let (outcome, seen) = sent(answers, true).await;
        assert!(outcome.to_string().starts_with(wanted), "{name}: {outcome}");
        let tried = seen.contains(&plain);
        assert_eq!(tried, !plain_says.is_empty(), "{name}: {seen:?}");
    }
}

#[tokio::test]
async fn the_name_at_ehlo_is_the_configured_one_or_one_that_servers_accept() {
    let (_, seen) = sent(Vec::new(), false).await;
    let name = seen[0].strip_prefix("EHLO ").unwrap();
    assert!(name == "[127.0.0.1]" || name.contains('.'), "{name}");
    let (mut config, task) = server(vec![("x: y", Vec::new())]).await;
    config.hello = Some("plan.example.org".to_owned());
    assert_eq!(Transport::Smtp(config).deliver(&short(), go).await, Outcome::Accepted);
    assert_eq!(task.await.unwrap()[0], "EHLO plan.example.org");
}
