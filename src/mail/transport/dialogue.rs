//! What is said on an SMTP connection: commands out, replies in.
//!
//! The code of a reply is read from its bytes, so that words in any encoding do no harm: providers in China answer in
//! GBK. A server that speaks before it is asked is not believed (STARTTLS injection: whoever sits between us and the
//! server could put in answers before the encryption begins).

use super::Outcome;
use crate::mail::safe;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// Longest reply, in bytes. Real ones have a few hundred.
const REPLY_BYTES_MAX: usize = 64 * 1024;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its code.
    pub(super) code: u16,
    /// The text of its lines.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// The text on one line, as it is shown.
    pub(super) fn text(&self) -> String {
        safe::sentence(&self.lines.join(" "))
    }

    /// Whether the server agrees.
    pub(super) fn is_good(&self) -> bool {
        self.code / 100 == 2
    }
}

/// The bytes that come and go, encrypted or not.
trait Pipe: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl Pipe for TcpStream {}
impl Pipe for TlsStream<TcpStream> {}

/// How the bytes travel.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake failed half-way.
    Gone,
}

/// A connection to a mail server.
pub(super) struct Dialogue {
    stream: Stream,
    /// Bytes that have come and are not read.
    open: Vec<u8>,
}

/// Why a reply could not be had.
#[derive(Debug)]
pub(super) enum Lost {
    /// The connection broke.
    Io(io::Error),
    /// What came is no reply.
    Nonsense(String),
    /// It did not come in time.
    Late(Duration),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&safe::sentence(&error.to_string())),
            Self::Nonsense(said) => f.write_str(said),
            Self::Late(limit) => write!(f, "no answer within {limit:?}"),
        }
    }
}

impl Lost {
    /// The outcome where the message has certainly not left.
    pub(super) fn unsent(&self, step: &str) -> Outcome {
        Outcome::NotSent(format!("{step}: {self}"))
    }
}

impl Dialogue {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { stream: Stream::Plain(tcp), open: Vec::new() }
    }

    /// Encrypts the connection. Bytes that came before do not belong to it and end it.
    pub(super) async fn encrypt(
        &mut self,
        connector: &TlsConnector,
        name: ServerName<'static>,
        limit: Duration,
    ) -> Result<(), Lost> {
        if !self.open.is_empty() {
            return Err(out_of_turn("before the encryption began"));
        }
        let Stream::Plain(tcp) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(Lost::Nonsense("the connection is encrypted already".to_owned()));
        };
        let secured = in_time(limit, connector.connect(name, tcp)).await?;
        self.stream = Stream::Tls(Box::new(secured));
        Ok(())
    }

    /// The address of this machine on the connection.
    pub(super) fn local_address(&self) -> Option<std::net::IpAddr> {
        let tcp = match &self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref().0,
            Stream::Gone => return None,
        };
        tcp.local_addr().ok().map(|address| address.ip().to_canonical())
    }

    fn pipe(&mut self) -> Result<&mut dyn Pipe, Lost> {
        match &mut self.stream {
            Stream::Plain(tcp) => Ok(tcp),
            Stream::Tls(tls) => Ok(tls.as_mut()),
            Stream::Gone => Err(Lost::Io(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Says something and hears the reply.
    pub(super) async fn ask(&mut self, command: &str, limit: Duration) -> Result<Reply, Lost> {
        if let Some(farewell) = self.unasked()? {
            return Ok(farewell);
        }
        let line = format!("{command}\r\n");
        self.write(line.as_bytes(), limit).await?;
        self.hear(limit).await
    }

    /// A 421, by which a server may end the connection at any time. Nothing else may come unasked.
    pub(super) fn unasked(&mut self) -> Result<Option<Reply>, Lost> {
        if self.open.is_empty() {
            return Ok(None);
        }
        match take(&mut self.open)? {
            Some(reply) if reply.code == 421 => Ok(Some(reply)),
            _ => Err(out_of_turn("before it was asked")),
        }
    }

    /// Sends bytes.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Lost> {
        let pipe = self.pipe()?;
        let write = async {
            pipe.write_all(bytes).await?;
            pipe.flush().await
        };
        in_time(limit, write).await
    }

    /// Reads one reply.
    pub(super) async fn hear(&mut self, limit: Duration) -> Result<Reply, Lost> {
        let listen = async {
            loop {
                if let Some(reply) = take(&mut self.open)? {
                    return Ok(reply);
                }
                if self.open.len() > REPLY_BYTES_MAX {
                    return Err(Lost::Nonsense("the answer has no end".to_owned()));
                }
                let mut part = [0; 4096];
                let count = self.pipe()?.read(&mut part).await.map_err(Lost::Io)?;
                if count == 0 {
                    return Err(Lost::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                self.open.extend_from_slice(&part[..count]);
            }
        };
        timeout(limit, listen).await.unwrap_or(Err(Lost::Late(limit)))
    }
}

fn out_of_turn(when: &str) -> Lost {
    Lost::Nonsense(format!(
        "the server spoke {when}; somebody between here and there may have put words in its mouth"
    ))
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, Lost> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(Lost::Io),
        Err(_) => Err(Lost::Late(limit)),
    }
}

/// Takes a whole reply from the bytes that have come; `None` if there is more to come.
fn take(open: &mut Vec<u8>) -> Result<Option<Reply>, Lost> {
    let mut lines = Vec::new();
    let mut code = None;
    let mut rest = open.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = rest[..end].trim_ascii_end();
        rest = &rest[end + 1..];
        let nonsense = || {
            let said = safe::sentence(&decoded(line));
            Lost::Nonsense(format!("this is no answer of a mail server: {said:?}"))
        };
        let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let number = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let number: u16 =
            number.filter(|number| (200..600).contains(number)).ok_or_else(nonsense)?;
        if *code.get_or_insert(number) != number {
            return Err(nonsense());
        }
        let (goes_on, text) = match line[3..].split_first() {
            None => (false, &line[3..]),
            Some((b'-', text)) => (true, text),
            Some((b' ' | b'\t', text)) => (false, text),
            // Some servers forget the space.
            Some(_) if !line[3].is_ascii_alphanumeric() => (false, &line[3..]),
            Some(_) => return Err(nonsense()),
        };
        lines.push(decoded(text));
        if !goes_on {
            let left = rest.len();
            open.drain(..open.len() - left);
            return Ok(Some(Reply { code: number, lines }));
        }
    }
    Ok(None)
}

/// Text that is UTF-8, or else GB18030, of which GBK and GB2312 are parts.
pub(super) fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The body as it is sent: lines end with CRLF, dots at their start are doubled, and a dot alone ends it.
pub(super) fn dotted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 40 + 8);
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = match after {
            [b'\r', b'\n', more @ ..] | [_, more @ ..] => more,
            [] => after,
        };
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken(bytes: &[u8]) -> String {
        let mut open = bytes.to_vec();
        match take(&mut open) {
            Ok(Some(reply)) => {
                let left = String::from_utf8_lossy(&open).into_owned();
                format!("{} {} + {left:?}", reply.code, reply.lines.join("/"))
            }
            Ok(None) => "more".to_owned(),
            Err(lost) => format!("{lost}").chars().take(27).collect(),
        }
    }

    #[test]
    fn a_reply_is_a_code_and_lines_in_any_encoding() {
        let gbk = encoding_rs::GBK.encode("250 邮件已接收\r\n").0.into_owned();
        let none = "this is no answer of a mail";
        for (bytes, wanted) in [
            (b"250 ok\r\n".as_slice(), "250 ok + \"\""),
            (b"250\r\n", "250  + \"\""),
            (b"250-a\r\n250-b\n250 c\r\n", "250 a/b/c + \"\""),
            (b"354 go\r\n250 injected\r\n", "354 go + \"250 injected\\r\\n\""),
            ("250 邮件已接收\r\n".as_bytes(), "250 邮件已接收 + \"\""),
            (&gbk, "250 邮件已接收 + \"\""),
            (b"250-a\r\n", "more"),
            (b"25", "more"),
            (b"", "more"),
            (b"250-a\r\n550 b\r\n", none),
            (b"hello\r\n", none),
            (b"99 x\r\n", none),
            (b"999 x\r\n", none),
            (b"2500 x\r\n", none),
            (b"\xb2\xb3\xb4\r\n", none),
        ] {
            assert_eq!(taken(bytes), wanted, "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut open = bytes;
            let _ = take(&mut open);
        }

        #[test]
        fn a_body_comes_out_as_it_went_in(body in "[a.\r\n]{0,60}") {
            let sent = dotted(body.as_bytes());
            let text = String::from_utf8(sent).unwrap();
            prop_assert_eq!(text.matches("\r\n.\r\n").count() + usize::from(text == ".\r\n"), 1);
            let lines: Vec<&str> = text.split("\r\n").collect();
            let (end, lines) = (lines[lines.len() - 2], &lines[..lines.len() - 2]);
            prop_assert_eq!(end, ".");
            let read: Vec<&str> = lines.iter().map(|l| l.strip_prefix('.').unwrap_or(l)).collect();
            let given = body.replace("\r\n", "\n").replace('\r', "\n");
            let given = given.strip_suffix('\n').unwrap_or(&given);
            let empty = body.is_empty();
            let given: Vec<&str> = if empty { vec![] } else { given.split('\n').collect() };
            prop_assert_eq!(read, given);
        }
    }
}
