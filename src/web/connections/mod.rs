//! Connections: how each is served, encrypted or not, and how it ends. Whoever opens connections and says nothing loses
//! them; `/healthz` is answered even while all of them are at work.

mod places;

use self::places::{AtWork, HEALTH_MAX, OPEN_MAX, Open, Place, YOUNG};
use super::source::Source;
use super::tls::Tls;
use crate::config::HttpConfig;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections that wait for a place, or are being cut but not gone yet; beyond, new ones are dropped at once.
const BESIDE_MAX: usize = 256;
/// Connections that the system keeps until they are taken.
const UNTAKEN_MAX: u32 = 1024;
/// How long a connection that is cut may go on with what it does.
const CUT_LIMIT: Duration = Duration::from_secs(1);
/// Time limit for the first bytes of an encrypted connection.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// The most bytes of a request's head.
const HEAD_MAX: usize = 16 << 10;
/// Time limit for each request's head to arrive.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Age at which a connection takes no further request; it is cut soon after, so that slow readers do not keep it.
const CONNECTION_LIMIT: Duration = Duration::from_mins(5);
/// How long requests under way may take when the daemon stops.
pub const END_MAX: Duration = Duration::from_secs(2);

/// An answer's body, with which the request stays at work.
struct Held {
    body: Body,
    _at_work: AtWork,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Server {
    router: Router,
    config: Arc<HttpConfig>,
    tls: Option<Arc<Tls>>,
    /// Becomes true when the server ends.
    ends: watch::Receiver<bool>,
}

/// What answers requests, and by which configuration.
pub(super) struct Answers {
    /// Answers them.
    pub(super) router: Router,
    /// Says whom to trust.
    pub(super) config: HttpConfig,
}

/// Opens an address to serve at. Connections beyond those that the system keeps until they are taken would be tried
/// again by their clients after a second: there is room for hundreds who come at once.
/// An error: the address is taken, or none of this machine's.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Without it, a daemon that begins again would have to wait for the connections of the one before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(UNTAKEN_MAX)
}

/// Takes connections until `end`, then lets requests under way finish. `renewed` is asked before each connection
/// whether it is to be answered otherwise.
pub(super) async fn serve(
    listener: TcpListener,
    (answers, tls): (Answers, Option<Arc<Tls>>),
    mut renewed: impl FnMut() -> Option<Answers>,
    end: impl Future<Output = ()>,
) {
    let (stop, ends) = watch::channel(false);
    let Answers { router, config } = answers;
    let mut server = Server { router, config: Arc::new(config), tls, ends };
    let all = Open::new(YOUNG);
    let mut tasks = JoinSet::new();
    let mut end = pin!(end);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => break,
        };
        while tasks.try_join_next().is_some() {}
        if let Some(Answers { router, config }) = renewed() {
            (server.router, server.config) = (router, Arc::new(config));
        }
        match accepted {
            Ok((stream, peer)) => {
                let is_flooded = tasks.len() >= OPEN_MAX + HEALTH_MAX + BESIDE_MAX;
                let is_proxy = server.config.is_trusted_proxy(peer.ip());
                let network = Source(peer.ip()).network();
                if !is_flooded {
                    let (all, server) = (Arc::clone(&all), server.clone());
                    tasks.spawn(async move {
                        // A connection that finds no place is closed here.
                        if let Some(place) = all.place(network, is_proxy).await {
                            connection(stream, peer.ip(), server, place).await;
                        }
                    });
                }
            }
            Err(error) => {
                // Usually too many open files, which passes.
                tracing::warn!(%error, "a connection could not be taken");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let _ = timeout(END_MAX, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.abort_all();
}

async fn connection(stream: TcpStream, peer: IpAddr, server: Server, place: Place) {
    let Some(tls) = server.tls.clone() else {
        return serve_one(stream, peer, server, place).await;
    };
    let handshake = timeout(HANDSHAKE_LIMIT, tls.acceptor().accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        () = place.connection.cut.notified() => return,
    };
    // How a connection begins and ends is the client's affair.
    if let Ok(Ok(stream)) = shaken {
        serve_one(stream, peer, server, place).await;
    }
}

async fn serve_one<S>(stream: S, peer: IpAddr, server: Server, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let place = Arc::new(place);
    let is_encrypted = server.tls.is_some();
    let inner = TowerToHyperService::new(server.router);
    let (config, own) = (server.config, Arc::clone(&place));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let at_work = AtWork::new(&own);
        let source = Source::of(&config, peer, request.headers());
        request.extensions_mut().insert(source);
        if is_encrypted {
            // As a proxy would say it; pages then make cookies for encrypted connections only.
            let https = HeaderValue::from_static("https");
            request.headers_mut().insert("x-forwarded-proto", https);
        }
        let is_told = !own.connection.is_narrow || is_health(request.uri().path());
        let (answer, own) = (is_told.then(|| inner.call(request)), Arc::clone(&own));
        async move {
            let mut response = match answer {
                Some(answer) => answer.await?,
                None => too_many(),
            };
            if own.connection.is_narrow || own.open.is_pressed() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            let held = |body| Body::new(Held { body, _at_work: at_work });
            Ok::<_, Infallible>(response.map(held))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let mut ends = server.ends;
    let ended = async move {
        let _ = ends.wait_for(|ends| *ends).await;
    };
    let limit = tokio::select! {
        _ = served.as_mut() => return,
        () = place.connection.cut.notified() => CUT_LIMIT,
        () = sleep(CONNECTION_LIMIT) => CUT_LIMIT,
        () = ended => END_MAX,
    };
    served.as_mut().graceful_shutdown();
    let _ = timeout(limit, served).await;
}

fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

fn too_many() -> Response<Body> {
    let later = [(header::RETRY_AFTER, "5")];
    (StatusCode::SERVICE_UNAVAILABLE, later, "too many connections; try again\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_is_kept_until_it_is_taken() {
        // More than a listener keeps that is made without saying how many; the system may allow fewer.
        const BURST: usize = 200;
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
        let burst = most.trim().parse().map_or(BURST, |most: usize| BURST.min(most));
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let address = listener.local_addr().expect("its address");
        let mut kept = Vec::new();
        for _ in 0..burst {
            // Where there is no room, this waits for somebody who takes connections, and nobody does.
            let comes = timeout(Duration::from_secs(30), TcpStream::connect(address)).await;
            kept.push(comes.expect("there is room").expect("it is answered"));
        }
    }
}
