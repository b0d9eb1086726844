//! A proxy between this machine and a service: a tunnel to a service that encrypts, requests with whole addresses to
//! one that does not. Only what the configuration names is used, never a variable of the environment.

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::upgrade::Upgraded;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a proxy may take to answer whoever looks whether it is there. Our choice.
const REACH_MAX: Duration = Duration::from_secs(3);

/// The address of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
}

/// Why a text is no address of a proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// It is none.
    #[error("this is no address of a proxy; write \"http://host:port\"")]
    Unreadable,
    /// It has a name or a password.
    #[error("a proxy that asks for a password cannot be used; write \"http://host:port\"")]
    Password,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// Reads `http://host:port`.
    pub fn read(url: &str) -> Result<Self, ProxyError> {
        let uri: Uri = url.trim().parse().map_err(|_| ProxyError::Unreadable)?;
        let authority = uri.authority().ok_or(ProxyError::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(ProxyError::Password);
        }
        let is_bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        let port = uri.port_u16().filter(|port| *port > 0);
        let port = port.filter(|_| is_bare && uri.scheme_str() == Some("http"));
        let host = authority.host().to_owned();
        if host.is_empty() {
            return Err(ProxyError::Unreadable);
        }
        Ok(Self { host, port: port.ok_or(ProxyError::Unreadable)? })
    }

    /// Looks whether it takes connections; why not.
    pub async fn reach(&self) -> Result<(), String> {
        let late = |_| format!("no answer in {} s", REACH_MAX.as_secs());
        timeout(REACH_MAX, self.connect()).await.map_err(late)?.map(drop)
    }

    pub(super) async fn connect(&self) -> Result<TcpStream, String> {
        let bare = self.host.trim_matches(['[', ']']);
        TcpStream::connect((bare, self.port)).await.map_err(|error| error.to_string())
    }

    /// Has a connection to it go on to a service.
    pub(super) async fn tunnel(
        stream: TcpStream,
        (host, port): (&str, u16),
    ) -> Result<TokioIo<Upgraded>, String> {
        let (mut requests, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // Ends when the tunnel does. Its errors come with the answer.
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
        let to = format!("{host}:{port}");
        let request = Request::connect(&to).header("host", &to).body(Empty::<Bytes>::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer = requests.send_request(request).await.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("it answers HTTP {}", answer.status().as_u16()));
        }
        let upgraded = hyper::upgrade::on(answer).await.map_err(|error| error.to_string())?;
        Ok(TokioIo::new(upgraded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_host_and_a_port() {
        let read = |url: &str| Proxy::read(url).map(|proxy| proxy.to_string());
        assert_eq!(read("http://proxy.example:3128"), Ok("proxy.example:3128".to_owned()));
        assert_eq!(read(" http://[::1]:8080/ "), Ok("[::1]:8080".to_owned()));
        for wrong in [
            "",
            "proxy",
            "proxy:3128",
            "http://proxy",
            "https://proxy:1",
            "http://proxy:0",
            "http://proxy:1/path",
            "http://:1",
            "socks5://proxy:1",
        ] {
            assert_eq!(read(wrong), Err(ProxyError::Unreadable), "{wrong}");
        }
        assert_eq!(read("http://a:b@proxy:3128"), Err(ProxyError::Password));
    }
}
