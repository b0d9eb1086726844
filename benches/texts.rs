//! Promise: 10,000 texts that wait are handed to a service on loopback at 200 a second and more over 4 connections, on
//! SQLite (`synchronous = FULL`): each is marked before it leaves, signed, sent, judged, and stored with its history
//! and its bill. The yardstick is the same service asked as often by four bare connections.
//!
//! `DOSEPLAN_BENCH_TEXTS` is another number of texts.

mod support;

use doseplan::app::outbox::Sender;
use doseplan::clock::Clock;
use doseplan::domain::message::{MailKind, MailState};
use doseplan::mail::transport::{Content, Text};
use doseplan::store::outbox::{self, NewMessage};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;
use support::{Result, app, folder, heading, line};

const TEXTS: usize = 10_000;
const CONNECTIONS: usize = 4;
/// Texts a second.
const BAR: f64 = 200.0;

/// A service that takes every text. It ends with the process.
fn service() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client may hang up at any time.
            std::thread::spawn(move || drop(talk(stream)));
        }
    });
    Ok(port)
}

fn talk(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    let mut serial = 0_u64;
    loop {
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let small = line.to_ascii_lowercase();
            if let Some(value) = small.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        input.read_exact(&mut vec![0; length])?;
        serial += 1;
        let body = format!(
            "{{\"Response\":{{\"SendStatusSet\":[{{\"SerialNo\":\"5000:{port}{serial}\",\
             \"Code\":\"Ok\"}}]}}}}",
            port = out.peer_addr()?.port()
        );
        write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    }
}

/// Requests a second over bare connections.
fn bare(port: u16, count: usize) -> Result<f64> {
    let since = Instant::now();
    let each = count / CONNECTIONS;
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut out = TcpStream::connect(("127.0.0.1", port))?;
                out.set_nodelay(true)?;
                let mut input = BufReader::new(out.try_clone()?);
                for _ in 0..each {
                    out.write_all(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")?;
                    let (mut length, mut line) = (0, String::new());
                    while line != "\r\n" {
                        line.clear();
                        input.read_line(&mut line)?;
                        if let Some(value) = line.strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap_or(0);
                        }
                    }
                    input.read_exact(&mut vec![0; length])?;
                }
                Ok(())
            })
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| "a client ended")??;
    }
    Ok(count as f64 / since.elapsed().as_secs_f64())
}

fn text(nth: usize) -> NewMessage {
    let values = [("name", format!("n{nth}")), ("time", "4月1日".into()), ("site", "甲镇".into())];
    let content = Content::Text(Text {
        kind: "tomorrow".into(),
        language: "zh-CN".into(),
        template: "1110".into(),
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        text: format!("【县疾控】n{nth}您好，您预约4月1日在甲镇接种，请带接种证。"),
    });
    NewMessage {
        unique_key: format!("bench/{nth}"),
        kind: MailKind::Test,
        recipient: format!("138{nth:08}"),
        subject: "s".into(),
        message_id: format!("bench.{nth}@bench"),
        bytes: content.bytes(),
        due_at: 0,
        send_by: None,
        quiet: false,
        zone: "Asia/Shanghai".into(),
        state: MailState::Queued,
        last_error: None,
        channel: "sms".into(),
        segments: 1,
        ways: Vec::new(),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let named = std::env::var("DOSEPLAN_BENCH_TEXTS").ok().and_then(|text| text.parse().ok());
    let count = named.unwrap_or(TEXTS);
    let port = service()?;
    let yardstick =
        tokio::task::spawn_blocking(move || bare(port, count).map_err(|error| error.to_string()))
            .await??;
    let dir = folder("texts")?;
    let (mut app, loaded) = app(&dir.join("doseplan.db")).await?;
    for (name, content) in [("key", "id"), ("secret", "secret")] {
        std::fs::write(dir.join(name), content)?;
    }
    let config = format!(
        "[channels.sms]\nkind = \"tencent-sms\"\nurl = \"http://127.0.0.1:{port}\"\n\
         key_file = \"{}\"\nsecret_file = \"{}\"\napp_id = \"1\"\nsign = \"县疾控\"\n\
         connections = {CONNECTIONS}\n",
        dir.join("key").display(),
        dir.join("secret").display()
    );
    app.config = toml::from_str(&config)?;
    let mut tx = app.store.write().await?;
    let new: Vec<NewMessage> = (0..count).map(text).collect();
    for part in new.chunks(256) {
        outbox::insert_all(&mut tx, loaded.no, part, 0).await?;
    }
    tx.commit().await?;
    let clock = Clock::System;
    let sender = Sender { owner: "bench", clock: &clock, stop: &|| false, by_hand: false };
    let since = Instant::now();
    let done = app.drain(&sender).await?;
    let rate = count as f64 / since.elapsed().as_secs_f64();
    if done.sent() != count as u64 {
        return Err(format!("{} of {count} were sent", done.sent()).into());
    }
    heading("texts handed over to a service on loopback");
    let figure = format!("{rate:.0}/s");
    let yard = format!("{yardstick:.0}/s");
    line(
        &format!("{count} texts, {CONNECTIONS} connections"),
        figure,
        yard,
        rate / yardstick,
        "200/s",
    );
    app.store.close().await;
    if rate >= BAR { Ok(()) } else { Err("slower than promised".into()) }
}
