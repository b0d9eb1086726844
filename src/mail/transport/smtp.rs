//! Sends to a mail server step by step, each step with its own time limit.
//!
//! The mail library's own connection stands in the way of three things that real servers make necessary: replies that
//! are not UTF-8 are errors to it, it does not notice answers that come before they are asked for, and it tries one way
//! to log in. So the dialogue is our own; the library makes the messages.

use super::dialogue::{Dialogue, Lost, Reply, dotted};
use super::hello::{Abilities, own_name};
use super::{Outcome, Outgoing, tls};
use crate::mail::message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// How to reach a mail server.
#[derive(Clone)]
pub struct SmtpConfig {
    /// Host name. With TLS, the certificate must name it.
    pub host: String,
    /// Port: 465 for implicit TLS, 587 for STARTTLS.
    pub port: u16,
    /// Encryption.
    pub tls: Security,
    /// PEM file with certificates to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// User name, if the server asks for one.
    pub user: Option<String>,
    /// Password of the user (some providers call it 授权码).
    pub password: Option<String>,
    /// Name said at EHLO; if absent, the machine's full name or else its address.
    pub hello: Option<String>,
    /// Time limits.
    pub limits: Limits,
}

impl std::fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("ca_file", &self.ca_file)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("hello", &self.hello)
            .field("limits", &self.limits)
            .finish()
    }
}

/// How the connection is encrypted. There is no "if possible", because that protects nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Implicit,
    /// TLS after STARTTLS; if that fails nothing is sent.
    StartTls,
    /// No encryption: for a relay on the same machine.
    None,
}

/// Longest time for each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Name look-up and TCP connection.
    pub connect: Duration,
    /// Greeting and EHLO, with implicit TLS also its handshake.
    pub banner: Duration,
    /// STARTTLS, handshake and the second EHLO.
    pub tls: Duration,
    /// AUTH with its challenges.
    pub auth: Duration,
    /// Each of MAIL, RCPT, DATA and RSET.
    pub command: Duration,
    /// The body and the answer to its final dot. RFC 5321 section 4.5.3.2.6 asks for ten minutes, so that a slow
    /// server does not leave the message in doubt.
    pub dot: Duration,
    /// QUIT. Its answer does not matter.
    pub quit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(15),
            banner: seconds(60),
            tls: seconds(30),
            auth: seconds(30),
            command: seconds(60),
            dot: seconds(600),
            quit: seconds(1),
        }
    }
}

/// A connection after greeting and, if asked for, encryption and authentication.
pub(super) struct SmtpConnection {
    dialogue: Dialogue,
    limits: Limits,
    /// What must be done before the next message.
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// The server may still hold the sender or recipient of a refused message.
    NeedsReset,
    Broken,
}

impl std::fmt::Debug for SmtpConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpConnection").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The time that a step with several replies has.
#[derive(Clone, Copy)]
struct Span {
    step: &'static str,
    limit: Duration,
    until: Instant,
}

impl Span {
    fn of(step: &'static str, limit: Duration) -> Self {
        Self { step, limit, until: Instant::now() + limit }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The outcome where the message has certainly not left.
    fn lost(&self, lost: &Lost) -> Outcome {
        match lost {
            Lost::Late(_) => Lost::Late(self.limit).unsent(self.step),
            lost => lost.unsent(self.step),
        }
    }

    /// Says something and hears a reply that agrees.
    async fn ask(&self, dialogue: &mut Dialogue, command: &str) -> Result<Reply, Outcome> {
        let reply = dialogue.ask(command, self.left()).await.map_err(|lost| self.lost(&lost))?;
        if reply.is_good() { Ok(reply) } else { Err(refusal(self.step, &reply)) }
    }
}

/// What a reply that does not agree means. One that neither agrees nor refuses ends the connection.
fn refusal(step: &'static str, reply: &Reply) -> Outcome {
    let (code, text) = (reply.code, reply.text());
    if matches!(code / 100, 4 | 5) {
        return Outcome::Refused { step, code, text };
    }
    Outcome::NotSent(format!("{step}: {code} {text} is no answer to this"))
}

impl SmtpConnection {
    pub(super) async fn open(config: &SmtpConfig) -> Result<Self, Outcome> {
        let limits = config.limits;
        let mut dialogue = Dialogue::new(tcp(config).await?);
        let banner = Span::of("banner", limits.banner);
        if config.tls == Security::Implicit {
            let (connector, name) = tls::connector(&config.host, config.ca_file.as_deref()).await?;
            let secured = dialogue.encrypt(&connector, name, banner.left()).await;
            secured.map_err(|lost| tls::told("banner", &lost))?;
        }
        let greeting = dialogue.hear(banner.left()).await.map_err(|lost| banner.lost(&lost))?;
        if !greeting.is_good() {
            return Err(refusal("banner", &greeting));
        }
        let hello = config.hello.clone().unwrap_or_else(|| {
            own_name(crate::machine::host_name().as_deref(), dialogue.local_address())
        });
        let mut abilities = say_hello(&mut dialogue, &hello, banner).await?;
        if config.tls == Security::StartTls {
            abilities = start_tls(&mut dialogue, config, &hello, &abilities).await?;
        }
        if let (Some(user), Some(password)) = (&config.user, &config.password) {
            if config.tls == Security::None && !is_this_machine(&config.host) {
                let why = "would carry the password unencrypted; set tls to implicit or starttls";
                return Err(Outcome::NotSent(format!("AUTH to {} {why}", config.host)));
            }
            log_in(&mut dialogue, &abilities, (user, password), limits.auth).await?;
        }
        Ok(Self { dialogue, limits, state: State::Ready })
    }

    pub(super) fn is_usable(&self) -> bool {
        self.state != State::Broken
    }

    pub(super) async fn send<F, Fut, E>(&mut self, message: &Outgoing, before_body: F) -> Outcome
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        let (from, to) = match (address("MAIL", &message.from), address("address", &message.to)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(outcome), _) | (_, Err(outcome)) => return outcome,
        };
        if !self.is_usable() {
            return Outcome::NotSent("the connection is closed".to_owned());
        }
        let outcome = match self.announce(&from, &to).await {
            Ok(()) => match before_body().await {
                Ok(()) => self.body(&message.bytes).await,
                Err(error) => {
                    // The server now waits for a body. Only closing the connection takes the DATA back.
                    self.state = State::Broken;
                    Outcome::NotSent(format!("the outbox: {error}"))
                }
            },
            Err(outcome) => outcome,
        };
        self.state = match &outcome {
            Outcome::Accepted => State::Ready,
            // 421 announces that the server closes the connection: RFC 5321 section 3.8.
            Outcome::Refused { code, .. } if *code != 421 => State::NeedsReset,
            _ => State::Broken,
        };
        outcome
    }

    /// Names sender and recipient and asks for permission to send the body.
    async fn announce(&mut self, from: &Address, to: &Address) -> Result<(), Outcome> {
        let limit = self.limits.command;
        let dialogue = &mut self.dialogue;
        if self.state == State::NeedsReset {
            Span::of("RSET", limit).ask(dialogue, "RSET").await?;
        }
        Span::of("MAIL", limit).ask(dialogue, &format!("MAIL FROM:<{from}>")).await?;
        Span::of("RCPT", limit).ask(dialogue, &format!("RCPT TO:<{to}>")).await?;
        let data = Span::of("DATA", limit);
        let reply = dialogue.ask("DATA", data.left()).await.map_err(|lost| data.lost(&lost))?;
        if reply.code != 354 {
            return Err(refusal("DATA", &reply));
        }
        // An answer to the body that is there before the body would be believed later.
        match dialogue.unasked() {
            Ok(None) => Ok(()),
            Ok(Some(farewell)) => Err(refusal("DATA", &farewell)),
            Err(lost) => Err(data.lost(&lost)),
        }
    }

    async fn body(&mut self, bytes: &[u8]) -> Outcome {
        let dot = Span::of("dot", self.limits.dot);
        let sent = self.dialogue.write(&dotted(bytes), dot.left()).await;
        // A server that has seen enough answers and hangs up before the end.
        let patience = if sent.is_ok() { dot.left() } else { self.limits.quit };
        let heard = self.dialogue.hear(patience).await;
        match (heard, sent) {
            (Ok(reply), Ok(())) if reply.is_good() => Outcome::Accepted,
            (Ok(reply), _) if matches!(reply.code / 100, 4 | 5) => refusal("dot", &reply),
            (Ok(reply), _) => Outcome::InDoubt(format!(
                "{} {} is no answer to the body",
                reply.code,
                reply.text()
            )),
            (Err(Lost::Late(_)), Ok(())) => {
                Outcome::InDoubt(format!("no answer to the body within {:?}", dot.limit))
            }
            (Err(lost), Ok(())) | (Err(_), Err(lost)) => {
                Outcome::InDoubt(format!("connection lost after the body: {lost}"))
            }
        }
    }

    pub(super) async fn quit(mut self) {
        if self.is_usable() {
            // Its answer does not matter.
            let _ = self.dialogue.ask("QUIT", self.limits.quit).await;
        }
    }
}

/// EHLO, or HELO where the server does not know EHLO.
async fn say_hello(
    dialogue: &mut Dialogue,
    name: &str,
    banner: Span,
) -> Result<Abilities, Outcome> {
    let hello = Span { step: "EHLO", ..banner };
    match hello.ask(dialogue, &format!("EHLO {name}")).await {
        Ok(reply) => Ok(Abilities::of(&reply)),
        Err(Outcome::Refused { code: 500 | 502, .. }) => {
            hello.ask(dialogue, &format!("HELO {name}")).await?;
            Ok(Abilities::default())
        }
        Err(outcome) => Err(outcome),
    }
}

/// Encrypts the connection, or fails: there is no going on without.
async fn start_tls(
    dialogue: &mut Dialogue,
    config: &SmtpConfig,
    hello: &str,
    abilities: &Abilities,
) -> Result<Abilities, Outcome> {
    let (connector, name) = tls::connector(&config.host, config.ca_file.as_deref()).await?;
    let span = Span::of("STARTTLS", config.limits.tls);
    if !abilities.starttls {
        let said = "the server does not offer STARTTLS; use implicit TLS (port 465)";
        return Err(Outcome::NotSent(format!("STARTTLS: {said}")));
    }
    span.ask(dialogue, "STARTTLS").await?;
    let secured = dialogue.encrypt(&connector, name, span.left()).await;
    secured.map_err(|lost| match lost {
        Lost::Late(_) => span.lost(&lost),
        lost => tls::told("STARTTLS", &lost),
    })?;
    // What was offered without encryption does not count.
    say_hello(dialogue, hello, span).await
}

/// Logs in by PLAIN, and by LOGIN where the server refuses PLAIN though it offers it.
async fn log_in(
    dialogue: &mut Dialogue,
    abilities: &Abilities,
    (user, password): (&str, &str),
    limit: Duration,
) -> Result<(), Outcome> {
    let span = Span::of("AUTH", limit);
    let (plain, login) = (abilities.has("PLAIN"), abilities.has("LOGIN"));
    if !plain && !login {
        let offered = abilities.auth.join(", ");
        let said = if offered.is_empty() { "none".to_owned() } else { offered };
        let why = format!("the server offers no way to log in that we know (PLAIN, LOGIN): {said}");
        return Err(Outcome::NotSent(format!("AUTH: {why}")));
    }
    let mut refused = None;
    if plain {
        let secret = STANDARD.encode(format!("\0{user}\0{password}"));
        match steps(dialogue, span, &[&format!("AUTH PLAIN {secret}"), &secret]).await {
            Err(outcome @ Outcome::Refused { code: 500.., .. }) if login => refused = Some(outcome),
            done => return done,
        }
    }
    let (name, secret) = (STANDARD.encode(user), STANDARD.encode(password));
    match (steps(dialogue, span, &["AUTH LOGIN", &name, &secret]).await, refused) {
        // Some servers hang up after the first refusal: that one is the answer.
        (Err(Outcome::NotSent(_)), Some(first)) => Err(first),
        (done, _) => done,
    }
}

/// Says the parts of a login one after the other, as the server asks for them (334).
async fn steps(dialogue: &mut Dialogue, span: Span, parts: &[&str]) -> Result<(), Outcome> {
    for part in parts {
        let reply = dialogue.ask(part, span.left()).await.map_err(|lost| span.lost(&lost))?;
        match reply.code {
            334 => {}
            code if code / 100 == 2 => return Ok(()),
            _ => return Err(refusal(span.step, &reply)),
        }
    }
    Err(Outcome::NotSent("AUTH: the server asks for more than a name and a password".to_owned()))
}

fn address(step: &'static str, text: &str) -> Result<Address, Outcome> {
    message::parse_address(text).map_err(|error| Outcome::Refused {
        step,
        code: 553,
        text: error.to_string(),
    })
}

/// Turns off Nagle's algorithm, which delays each message by 40 ms.
async fn tcp(config: &SmtpConfig) -> Result<TcpStream, Outcome> {
    let limit = config.limits.connect;
    let at = format!("connect to {}:{}", config.host, config.port);
    let connect = TcpStream::connect((config.host.as_str(), config.port));
    match timeout(limit, connect).await {
        Ok(Ok(stream)) => stream
            .set_nodelay(true)
            .map(|()| stream)
            .map_err(|error| Outcome::NotSent(format!("{at}: {error}"))),
        Ok(Err(error)) => Err(Outcome::NotSent(format!("{at}: {error}"))),
        Err(_) => Err(Outcome::NotSent(format!("{at}: no answer within {limit:?}"))),
    }
}

pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
