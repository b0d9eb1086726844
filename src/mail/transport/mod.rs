//! Sends messages to a folder, to a mail server, to a service of text messages or a robot, or in tests to a script,
//! and says what an attempt came to.
//!
//! SMTP cannot deliver exactly once. So the caller commits "the body is being sent" immediately before it is
//! (`before_body`). Whatever fails before that is certainly [`Outcome::NotSent`]. Only what fails between the body
//! and the server's answer is [`Outcome::InDoubt`], and that is never sent again automatically.

mod dialogue;
mod folder;
mod gateway;
mod hello;
mod smtp;
mod tls;

pub use gateway::{
    Content, Detail, Endpoint, EndpointError, Fetched, GatewayConfig, Proxy, ProxyError, Pushed,
    Reach, Said, Sent, Text, pushed, signed_by,
};
pub use smtp::{Limits, Security, SmtpConfig};

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// A message that is ready to send. Its bytes are the same on every attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox, for the log.
    pub id: i64,
    /// The envelope sender.
    pub from: String,
    /// The one recipient.
    pub to: String,
    /// By what a service recognises the message; the same on every attempt.
    pub key: String,
    /// RFC 5322 bytes, or a [`Content`].
    pub bytes: Vec<u8>,
    /// Name of its file in a folder, without ending; the same on every attempt.
    pub file_name: String,
}

impl std::fmt::Debug for Outgoing {
    /// Hides addresses and content, which are personal, from logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The folder or server has accepted it.
    Accepted,
    /// It certainly was not sent. The cause is the server or the disk, not the message; try again later.
    NotSent(String),
    /// The server refused it: 4xx for now, 5xx permanently.
    Refused {
        /// The step: `banner`, `EHLO`, `STARTTLS`, `AUTH`, `RSET`, `MAIL`, `RCPT`, `DATA`, `dot`; or `address`, with
        /// code 553, for an address that this side refuses to send.
        step: &'static str,
        /// Reply code.
        code: u16,
        /// What the server said, on one line.
        text: String,
    },
    /// A service of text messages or a robot answered.
    Answered(Said),
    /// The body was sent and no answer came: nobody knows whether it arrived.
    InDoubt(String),
}

impl Outcome {
    /// Whether the folder, server or service has taken the message.
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Accepted => true,
            Self::Answered(said) => said.meaning == crate::domain::gateway::Meaning::Done,
            Self::NotSent(_) | Self::Refused { .. } | Self::InDoubt(_) => false,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::NotSent(why) | Self::InDoubt(why) => f.write_str(why),
            Self::Refused { step, code, text } => write!(f, "{code} at {step}: {text}"),
            Self::Answered(said) => f.write_str(&said.code),
        }
    }
}

/// Where messages go.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is rarely moved")]
pub enum Transport {
    /// One `.eml` file for each message; accepted when it is safe on the disk.
    Folder(PathBuf),
    /// The same without waiting for the disk. For a replay, which can be repeated after a power cut.
    QuickFolder(PathBuf),
    /// A mail server.
    Smtp(SmtpConfig),
    /// A service of text messages or a robot, at this address and with this name.
    Gateway(Box<GatewayConfig>),
    /// A folder in place of such a service: one `.json` file for each message.
    Texts(PathBuf),
    /// A script, in tests.
    Scripted(Script),
}

/// What a test's server does with a message. It is asked twice: when the message is announced (`None` accepts it),
/// and when its body has been sent.
#[derive(Clone)]
pub struct Script(Arc<Answer>);

type Answer = dyn Fn(&Outgoing, Stage) -> Option<Outcome> + Send + Sync;

/// How far a message has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Sender and recipient are named.
    Announced,
    /// The body has been sent.
    Body,
}

impl Script {
    /// A server that answers with the result of `answer`; `None` accepts the message.
    pub fn new(
        answer: impl Fn(&Outgoing, Stage) -> Option<Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script(…)")
    }
}

/// An open connection. Several messages may be sent over it, one after the other.
#[derive(Debug)]
pub struct Connection(Way);

#[derive(Debug)]
enum Way {
    Folder(PathBuf, folder::Wait, &'static str),
    Gateway(Box<gateway::GatewayConnection>),
    Smtp(Box<smtp::SmtpConnection>),
    Scripted(Script),
}

impl Transport {
    /// A name for its breaker and rate limit. Daemons with the same name share them.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(_) | Self::QuickFolder(_) => "folder".to_owned(),
            Self::Smtp(config) => format!("{}:{}", config.host, config.port),
            Self::Gateway(config) => format!("{} {}", config.service, config.channel),
            Self::Texts(_) => "texts".to_owned(),
            Self::Scripted(_) => "scripted".to_owned(),
        }
    }

    /// Removes what killed processes left behind.
    pub async fn tidy(&self) {
        if let Self::Folder(dir) | Self::QuickFolder(dir) | Self::Texts(dir) = self {
            folder::tidy(dir).await;
        }
    }

    /// Opens a connection; with a mail server this includes greeting, TLS and AUTH.
    pub async fn open(&self) -> Result<Connection, Outcome> {
        Ok(Connection(match self {
            Self::Folder(dir) => Way::Folder(dir.clone(), folder::Wait::ForDisk, "eml"),
            Self::QuickFolder(dir) => Way::Folder(dir.clone(), folder::Wait::ForNothing, "eml"),
            Self::Texts(dir) => Way::Folder(dir.clone(), folder::Wait::ForNothing, "json"),
            Self::Gateway(config) => {
                Way::Gateway(Box::new(gateway::GatewayConnection::open(config).await?))
            }
            Self::Smtp(config) => Way::Smtp(Box::new(smtp::SmtpConnection::open(config).await?)),
            Self::Scripted(script) => Way::Scripted(script.clone()),
        }))
    }

    /// Opens a connection, sends one message and closes it. See [`Connection::send`] for `before_body`.
    pub async fn deliver<F, Fut, E>(&self, message: &Outgoing, before_body: F) -> Outcome
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        let mut connection = match self.open().await {
            Ok(connection) => connection,
            Err(outcome) => return outcome,
        };
        let outcome = connection.send(message, before_body).await;
        connection.quit().await;
        outcome
    }
}

impl Connection {
    /// Sends one message. `before_body` commits that the body is about to be sent. It is called at most once, after
    /// the server has agreed to accept the body and immediately before its first byte. If it fails, nothing is
    /// sent.
    pub async fn send<F, Fut, E>(&mut self, message: &Outgoing, before_body: F) -> Outcome
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        if let Way::Smtp(connection) = &mut self.0 {
            return connection.send(message, before_body).await;
        }
        if let Way::Gateway(connection) = &mut self.0 {
            return connection.send(message, before_body).await;
        }
        if let Way::Scripted(script) = &self.0
            && let Some(outcome) = script.0(message, Stage::Announced)
        {
            return outcome;
        }
        if let Err(error) = before_body().await {
            return Outcome::NotSent(format!("the outbox: {error}"));
        }
        match &self.0 {
            Way::Folder(dir, wait, ending) => folder::write(dir, message, *wait, ending).await,
            Way::Scripted(script) => script.0(message, Stage::Body).unwrap_or(Outcome::Accepted),
            Way::Smtp(_) | Way::Gateway(_) => Outcome::NotSent("the connection is busy".to_owned()),
        }
    }

    /// Whether another message may be sent over it. Not after a failure of the connection.
    pub fn is_usable(&self) -> bool {
        match &self.0 {
            Way::Smtp(connection) => connection.is_usable(),
            Way::Gateway(connection) => connection.is_usable(),
            Way::Folder(..) | Way::Scripted(_) => true,
        }
    }

    /// Says goodbye and closes. Never takes long and never fails.
    pub async fn quit(self) {
        if let Way::Smtp(connection) = self.0 {
            connection.quit().await;
        }
    }
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
