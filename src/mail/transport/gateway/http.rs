//! One connection to a service, as far as HTTP/1.1 goes: a request, an answer, both with limits.

use super::super::{Outcome, tls};
use super::proxy::Proxy;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The most bytes of an answer: a list of a hundred receipts has less than a tenth.
const ANSWER_MAX: usize = 1 << 20;

/// The address of a service.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// Path and query.
    pub path: String,
}

/// Why a text is no address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is none.
    #[error("this is no address of a service; write for example \"https://sms.example.org/\"")]
    Unreadable,
    /// It would send numbers and names over the network in the clear.
    #[error("http:// is for this machine alone; write https://, or allow_plain = true")]
    Plain,
}

impl Endpoint {
    /// Reads an address; one without encryption only where that is allowed or it is this machine.
    pub fn read(url: &str, allow_plain: bool) -> Result<Self, EndpointError> {
        let uri: Uri = url.trim().parse().map_err(|_| EndpointError::Unreadable)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(EndpointError::Unreadable)?;
        let is_encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(EndpointError::Unreadable),
        };
        let bare = host.trim_matches(['[', ']']);
        let is_here = bare == "localhost"
            || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
        if !is_encrypted && !is_here && !allow_plain {
            return Err(EndpointError::Plain);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 }),
            is_encrypted,
            path: path.to_owned(),
        })
    }

    /// The value of the header `host`.
    pub(super) fn authority(&self) -> String {
        let usual = if self.is_encrypted { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

/// How a service is reached.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) proxy: Option<&'a Proxy>,
    /// PEM file with certificates to trust in addition to the system's.
    pub(super) ca_file: Option<&'a Path>,
    /// Longest wait for a connection.
    pub(super) connect: Duration,
}

/// Status and body of an answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) http: u16,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nothing of the request has left.
    NotSent(String),
    /// Some of it may have arrived.
    InDoubt(String),
}

impl Lost {
    /// In words.
    pub(super) fn why(self) -> String {
        match self {
            Self::NotSent(why) | Self::InDoubt(why) => why,
        }
    }
}

/// A connection.
pub(super) struct Link {
    requests: SendRequest<Full<Bytes>>,
    /// What a proxy is told before each path: where the request goes.
    whole: Option<String>,
    is_usable: bool,
}

impl Link {
    pub(super) async fn open(config: Route<'_>) -> Result<Self, String> {
        let at = config.endpoint;
        let bare = at.host.trim_matches(['[', ']']);
        let open = async {
            let stream = match config.proxy {
                Some(proxy) => proxy.connect().await.map_err(|why| by(proxy, &why))?,
                None => TcpStream::connect((bare, at.port)).await.map_err(|e| e.to_string())?,
            };
            // A small request must not wait for an acknowledgement. Without it everything works, only slower.
            let _ = stream.set_nodelay(true);
            if !at.is_encrypted {
                return begin(TokioIo::new(stream)).await.map_err(|e| e.to_string());
            }
            let Some(proxy) = config.proxy else { return encrypted(config, stream).await };
            let tunnel = Proxy::tunnel(stream, (at.host.as_str(), at.port)).await;
            encrypted(config, tunnel.map_err(|why| by(proxy, &why))?).await
        };
        let late = |_| format!("connecting: no answer in {} s", config.connect.as_secs());
        let opened: Result<_, String> = timeout(config.connect, open).await.map_err(late)?;
        let requests = opened.map_err(|why| format!("connecting: {why}"))?;
        let is_told = config.proxy.is_some() && !at.is_encrypted;
        let whole = is_told.then(|| format!("http://{}", at.authority()));
        Ok(Self { requests, whole, is_usable: true })
    }

    /// Waits until a request may be sent; opens a new connection where the service has closed this one meanwhile.
    pub(super) async fn ready(&mut self, config: Route<'_>) -> Result<(), String> {
        if self.requests.ready().await.is_err() || self.requests.is_closed() {
            *self = Self::open(config).await?;
        }
        Ok(())
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn ask(
        &mut self,
        mut request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<Answer, Lost> {
        if let Some(whole) = &self.whole {
            let to = format!("{whole}{}", request.uri());
            *request.uri_mut() = to.parse().map_err(|_| Lost::NotSent("no address".to_owned()))?;
        }
        // Whatever happens before the answer is complete, nothing more is asked over this connection.
        self.is_usable = false;
        let asked = async {
            let response = self.requests.try_send_request(request).await.map_err(|mut lost| {
                let why = format!("the connection: {}", chain(lost.error()));
                if lost.take_message().is_some() { Lost::NotSent(why) } else { Lost::InDoubt(why) }
            })?;
            let http = response.status().as_u16();
            let ends = response.headers().get(hyper::header::CONNECTION);
            let closes = ends.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
            let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
            let cut = |error| Lost::InDoubt(format!("the answer was cut: {error}"));
            Ok((Answer { http, body: body.map_err(cut)?.to_bytes() }, closes))
        };
        let (answer, closes) = timeout(limit, asked)
            .await
            .map_err(|_| Lost::InDoubt(format!("no answer in {} s", limit.as_secs())))??;
        self.is_usable = !closes;
        Ok(answer)
    }

    pub(super) fn is_usable(&self) -> bool {
        self.is_usable && !self.requests.is_closed()
    }
}

/// That something went wrong at a proxy.
fn by(proxy: &Proxy, why: &str) -> String {
    format!("the proxy {proxy}: {why}")
}

/// Begins to speak with a service that encrypts.
async fn encrypted<S>(config: Route<'_>, stream: S) -> Result<SendRequest<Full<Bytes>>, String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let bare = config.endpoint.host.trim_matches(['[', ']']);
    let told = |outcome: Outcome| outcome.to_string();
    let (connector, name) = tls::connector(bare, config.ca_file).await.map_err(told)?;
    let stream = connector.connect(name, stream).await.map_err(|e| e.to_string())?;
    begin(TokioIo::new(stream)).await.map_err(|e| e.to_string())
}

async fn begin<S>(stream: TokioIo<S>) -> hyper::Result<SendRequest<Full<Bytes>>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (requests, connection) = handshake(stream).await?;
    // Ends when the last request is answered and the link is dropped. Its errors come with the request.
    tokio::spawn(async move { drop(connection.await) });
    Ok(requests)
}

/// An error with those behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        out += &format!(": {cause}");
        next = cause.source();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        let read = |url: &str| Endpoint::read(url, false);
        let refused = |url: &str| read(url).err();
        let Ok(vendor) = read("https://sms.tencentcloudapi.com") else { panic!("an address") };
        assert_eq!(
            (vendor.authority().as_str(), vendor.path.as_str(), vendor.port),
            ("sms.tencentcloudapi.com", "/", 443)
        );
        let Ok(own) = read("http://127.0.0.1:8080/hook/a?b=c") else { panic!("an address") };
        assert_eq!(
            (own.authority().as_str(), own.path.as_str()),
            ("127.0.0.1:8080", "/hook/a?b=c")
        );
        assert!(read("http://[::1]:9/").is_ok() && read("http://localhost/").is_ok());
        assert_eq!(refused("http://sms.example/"), Some(EndpointError::Plain));
        assert!(Endpoint::read("http://sms.example/", true).is_ok());
        for wrong in ["", "sms.example", "ftp://a/", "https://", "/path"] {
            assert_eq!(refused(wrong), Some(EndpointError::Unreadable), "{wrong}");
        }
    }
}
