//! Where messages go: a folder, a mail server, or a script in tests; and what an attempt came to.
//!
//! SMTP cannot deliver exactly once. What doseplan does instead: the caller commits "the body goes
//! out now"
//! immediately before it does (`before_body`); whatever fails before that is certainly
//! [`Outcome::NotSent`], and only
//! what fails between the body and the server's answer is [`Outcome::InDoubt`] and never sent
//! again by itself.

mod folder;
mod smtp;

pub use smtp::{Limits, Security, SmtpConfig};

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// A message ready to go: its bytes stay the same on every attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Number in the outbox, for the log.
    pub id: i64,
    /// Envelope sender.
    pub from: String,
    /// The one recipient.
    pub to: String,
    /// RFC 5322 bytes.
    pub bytes: Vec<u8>,
    /// Name of the file in a folder, without `.eml`; always the same for the same message.
    pub file_name: String,
}

impl std::fmt::Debug for Outgoing {
    /// Addresses and content are personal and stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The folder or server has it.
    Accepted,
    /// It certainly did not leave; the relay or the disk is the reason, not the message. Try again
    /// later.
    NotSent(String),
    /// The server said no: 4xx for now, 5xx for good.
    Refused {
        /// Where: `banner`, `STARTTLS`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `dot`; or `address`, with
        /// 553, for an address
        /// that this side refuses to send.
        step: &'static str,
        /// Reply code.
        code: u16,
        /// The server's words, on one line.
        text: String,
    },
    /// The body left and no answer came: nobody knows whether it arrived.
    InDoubt(String),
}

/// Where messages go.
#[derive(Debug, Clone)]
pub enum Transport {
    /// One `.eml` file for each message.
    Folder(PathBuf),
    /// A mail server.
    Smtp(SmtpConfig),
    /// A test's own server.
    Scripted(Script),
}

/// What a test's server does with a message: first as it is announced, where `None` lets its body come, then with the
/// body.
#[derive(Clone)]
pub struct Script(Arc<Answer>);

type Answer = dyn Fn(&Outgoing, Stage) -> Option<Outcome> + Send + Sync;

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Sender and recipient are named.
    Announced,
    /// The body has left.
    Body,
}

impl Script {
    /// A server that answers as `answer` says; where it says nothing, it accepts.
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

/// A way to the destination that is open; several messages may go over it, one after the other.
#[derive(Debug)]
pub struct Connection(Way);

#[derive(Debug)]
enum Way {
    Folder(PathBuf),
    Smtp(Box<smtp::SmtpConnection>),
    Scripted(Script),
}

impl Transport {
    /// What it is, for its breaker and its pace: all daemons with the same name share them.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(_) => "folder".to_owned(),
            Self::Smtp(config) => format!("{}:{}", config.host, config.port),
            Self::Scripted(_) => "scripted".to_owned(),
        }
    }

    /// Opens the way: for a mail server connection, greeting, TLS and AUTH.
    pub async fn open(&self) -> Result<Connection, Outcome> {
        Ok(Connection(match self {
            Self::Folder(dir) => Way::Folder(dir.clone()),
            Self::Smtp(config) => Way::Smtp(Box::new(smtp::SmtpConnection::open(config).await?)),
            Self::Scripted(script) => Way::Scripted(script.clone()),
        }))
    }

    /// Opens, sends one message, closes. See [`Connection::send`] for `before_body`.
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
    /// Sends one message. `before_body` commits that the body goes out now; it is called at most
    /// once, after the
    /// server has agreed to take the body and immediately before the first byte of it; where it
    /// fails nothing goes.
    pub async fn send<F, Fut, E>(&mut self, message: &Outgoing, before_body: F) -> Outcome
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        if let Way::Smtp(connection) = &mut self.0 {
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
            Way::Folder(dir) => folder::write(dir, message).await,
            Way::Scripted(script) => script.0(message, Stage::Body).unwrap_or(Outcome::Accepted),
            Way::Smtp(_) => Outcome::NotSent("the connection is busy".to_owned()),
        }
    }

    /// Whether another message may go over it; after a broken connection it may not.
    pub fn is_usable(&self) -> bool {
        match &self.0 {
            Way::Smtp(connection) => connection.is_usable(),
            Way::Folder(_) | Way::Scripted(_) => true,
        }
    }

    /// Says goodbye and closes; never takes long, never fails.
    pub async fn quit(self) {
        if let Way::Smtp(connection) = self.0 {
            connection.quit().await;
        }
    }
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
