//! Sends to a mail server step by step, each step with its own time limit.
//!
//! The library's own transport limits only the time to connect, and its error does not say whether the connection
//! was lost before the greeting or after the body.

use super::{Outcome, Outgoing};
use crate::mail::{message, safe};
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

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
    inner: AsyncSmtpConnection,
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

impl SmtpConnection {
    pub(super) async fn open(config: &SmtpConfig) -> Result<Self, Outcome> {
        let limits = config.limits;
        let me = ClientId::default();
        let server = (config.host.as_str(), config.port);
        let inner = if config.tls == Security::Implicit {
            let tls = tls_parameters(config).await?;
            let all = limits.connect + limits.banner;
            let connect = AsyncSmtpConnection::connect_tokio1(
                server,
                Some(limits.connect),
                &me,
                Some(tls),
                None,
            );
            step("banner", all, connect).await?
        } else {
            let tcp = tcp(config).await?;
            let greet = AsyncSmtpConnection::connect_with_transport(Box::new(tcp), &me);
            step("banner", limits.banner, greet).await?
        };
        let mut connection = Self { inner, limits, state: State::Ready };
        if config.tls == Security::StartTls {
            let tls = tls_parameters(config).await?;
            step("STARTTLS", limits.tls, connection.inner.starttls(tls, &me)).await?;
        }
        if let (Some(user), Some(password)) = (&config.user, &config.password) {
            if config.tls == Security::None && !is_this_machine(&config.host) {
                let why = "would carry the password unencrypted; set tls to implicit or starttls";
                return Err(Outcome::NotSent(format!("AUTH to {} {why}", config.host)));
            }
            let credentials = Credentials::new(user.clone(), password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let auth = connection.inner.auth(&mechanisms, &credentials);
            step("AUTH", limits.auth, auth).await?;
        }
        Ok(connection)
    }

    pub(super) fn is_usable(&self) -> bool {
        self.state != State::Broken && !self.inner.has_broken()
    }

    pub(super) async fn send<F, Fut, E>(&mut self, message: &Outgoing, before_body: F) -> Outcome
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        let (from, to) = match (address(&message.from), address(&message.to)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(outcome), _) | (_, Err(outcome)) => return outcome,
        };
        if !self.is_usable() {
            return Outcome::NotSent("the connection is closed".to_owned());
        }
        let outcome = match self.announce(from, to).await {
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
    async fn announce(&mut self, from: Address, to: Address) -> Result<(), Outcome> {
        let limit = self.limits.command;
        if self.state == State::NeedsReset {
            step("RSET", limit, self.inner.command(Rset)).await?;
        }
        step("MAIL", limit, self.inner.command(Mail::new(Some(from), vec![]))).await?;
        step("RCPT", limit, self.inner.command(Rcpt::new(to, vec![]))).await?;
        step("DATA", limit, self.inner.command(Data)).await?;
        Ok(())
    }

    async fn body(&mut self, bytes: &[u8]) -> Outcome {
        let limit = self.limits.dot;
        match timeout(limit, self.inner.message(bytes)).await {
            Ok(Ok(_)) => Outcome::Accepted,
            Ok(Err(error)) => refusal("dot", &error).unwrap_or_else(|| {
                Outcome::InDoubt(format!("connection lost after the body: {}", told(&error)))
            }),
            Err(_) => Outcome::InDoubt(format!("no answer to the body within {limit:?}")),
        }
    }

    pub(super) async fn quit(mut self) {
        if self.is_usable() {
            let _ = timeout(self.limits.quit, self.inner.quit()).await;
        }
    }
}

async fn step<T>(
    at: &'static str,
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Outcome> {
    match timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(refusal(at, &error)
            .unwrap_or_else(|| Outcome::NotSent(format!("{at}: {}", told(&error))))),
        Err(_) => Err(Outcome::NotSent(format!("{at}: no answer within {limit:?}"))),
    }
}

/// The server's answer, if the error contains one.
fn refusal(step: &'static str, error: &Error) -> Option<Outcome> {
    let code = error.status()?.into();
    Some(Outcome::Refused { step, code, text: told(error) })
}

/// The library's message and its cause, on one line.
fn told(error: &Error) -> String {
    let told = safe::sentence(&error.to_string());
    if told.contains("CaUsedAsEndEntity") {
        return format!("{told}; the server's own certificate must be one with CA:FALSE");
    }
    told
}

fn address(text: &str) -> Result<Address, Outcome> {
    message::parse_address(text).map_err(|error| Outcome::Refused {
        step: "address",
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

async fn tls_parameters(config: &SmtpConfig) -> Result<TlsParameters, Outcome> {
    let config = config.clone();
    // Reading the system's certificates takes tens of milliseconds.
    let built = tokio::task::spawn_blocking(move || {
        let mut builder = TlsParameters::builder(config.host.clone());
        if let Some(path) = &config.ca_file {
            let told = |error: &dyn std::fmt::Display| {
                let file = path.display();
                Outcome::NotSent(format!("cannot use ca_file {file}: {error}; give a PEM file"))
            };
            let pem = std::fs::read(path).map_err(|error| told(&error))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| told(&error))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build().map_err(|error| Outcome::NotSent(format!("TLS: {error}")))
    });
    built.await.unwrap_or_else(|error| Err(Outcome::NotSent(format!("TLS: {error}"))))
}

pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
