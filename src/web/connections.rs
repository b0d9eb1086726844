//! Connections: how many there may be, in all and from one address, and which are cut where there are too many. Whoever
//! opens connections and says nothing loses them; `/healthz` is answered even while all of them are at work.

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
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// The most connections at work or idle. Our choice: a county's offices, and half of what a process may open.
const OPEN_MAX: usize = 256;
/// The most of one address, where that is no trusted proxy. Our choice: an office of ten people behind one address.
const OF_ADDRESS_MAX: usize = 64;
/// From so many on, a connection takes no second request.
const PRESSED: usize = OPEN_MAX * 3 / 4;
/// Further connections, at which only health is told.
const HEALTH_MAX: usize = 16;
/// Connections that are being cut but not gone yet; beyond, new ones are dropped at once.
const LEAVING_MAX: usize = 256;
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

/// An open connection.
#[derive(Debug)]
struct Connection {
    address: IpAddr,
    /// Whether only health is told here.
    is_narrow: bool,
    /// Requests at work, up to the last byte of their answers.
    at_work: AtomicUsize,
    /// When the last one ended, in milliseconds since the server began.
    idle_since: AtomicU64,
    cut: Notify,
}

impl Connection {
    fn is_idle(&self) -> bool {
        self.at_work.load(Ordering::Relaxed) == 0
    }
}

/// All open connections by their number.
#[derive(Debug)]
struct Open {
    began: Instant,
    next: AtomicU64,
    all: Mutex<BTreeMap<u64, Arc<Connection>>>,
}

impl Open {
    fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), next: AtomicU64::new(0), all: Mutex::default() })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_pressed(&self) -> bool {
        self.all().len() >= PRESSED
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes in a connection. Where there are too many, the longest idle one goes: of the same address where that has
    /// too many, else of the address that has the most. Where none is idle, the new one is told only of health; `None`
    /// where even that is too much.
    fn admit(self: &Arc<Self>, address: IpAddr, is_proxy: bool) -> Option<Place> {
        let mut all = self.all();
        let mut of: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for one in all.values() {
            *of.entry(one.address).or_default() += 1;
        }
        let own_full = !is_proxy && of.get(&address).is_some_and(|own| *own >= OF_ADDRESS_MAX);
        let mut is_narrow = false;
        if own_full || all.len() >= OPEN_MAX {
            let idle = all.iter().filter(|(_, one)| one.is_idle());
            let idle = idle.filter(|(_, one)| !own_full || one.address == address);
            let since = |one: &Connection| one.idle_since.load(Ordering::Relaxed);
            let longest = idle.min_by_key(|(_, one)| {
                (std::cmp::Reverse(of.get(&one.address).copied()), since(one))
            });
            match longest.map(|(number, _)| *number).and_then(|number| all.remove(&number)) {
                Some(longest) => longest.cut.notify_one(),
                None if all.values().filter(|one| one.is_narrow).count() >= HEALTH_MAX => {
                    return None;
                }
                None => is_narrow = true,
            }
        }
        let connection = Arc::new(Connection {
            address,
            is_narrow,
            at_work: AtomicUsize::new(0),
            idle_since: AtomicU64::new(self.millis()),
            cut: Notify::new(),
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        all.insert(number, Arc::clone(&connection));
        drop(all);
        Some(Place { open: Arc::clone(self), number, connection })
    }
}

/// The place that a connection takes until it ends.
struct Place {
    open: Arc<Open>,
    number: u64,
    connection: Arc<Connection>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.all().remove(&self.number);
    }
}

/// A request at work.
struct AtWork(Arc<Open>, Arc<Connection>);

impl AtWork {
    fn new(place: &Place) -> Self {
        place.connection.at_work.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&place.open), Arc::clone(&place.connection))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.1.idle_since.store(self.0.millis(), Ordering::Relaxed);
        self.1.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

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
    let all = Open::new();
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
                let is_flooded = tasks.len() >= OPEN_MAX + HEALTH_MAX + LEAVING_MAX;
                let is_proxy = server.config.is_trusted_proxy(peer.ip());
                let network = Source(peer.ip()).network();
                // A connection that finds no place is closed here.
                if let Some(place) = all.admit(network, is_proxy).filter(|_| !is_flooded) {
                    tasks.spawn(connection(stream, peer.ip(), server.clone(), place));
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

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[tokio::test]
    async fn whoever_says_nothing_loses_connections_and_others_stay() {
        let open = Open::new();
        let other = open.admit(ip(2), false).expect("a place");
        let idle: Vec<_> = (0..OF_ADDRESS_MAX).map(|_| open.admit(ip(1), false)).collect();
        assert!(idle.iter().all(Option::is_some) && open.all().len() == OF_ADDRESS_MAX + 1);
        let more: Vec<_> = (0..140).map(|_| open.admit(ip(1), false).expect("a place")).collect();
        assert!(more.iter().all(|place| !place.connection.is_narrow));
        assert_eq!(open.all().len(), OF_ADDRESS_MAX + 1, "each takes the place of an idle one");
        assert!(open.all().contains_key(&other.number));
        assert!(idle.iter().flatten().all(|place| !open.all().contains_key(&place.number)));
    }

    #[tokio::test]
    async fn where_all_are_at_work_health_is_still_told() {
        let open = Open::new();
        let busy: Vec<_> =
            (0..OF_ADDRESS_MAX).map(|_| open.admit(ip(1), false).expect("a place")).collect();
        let work: Vec<_> = busy.iter().map(AtWork::new).collect();
        let asks = |_| {
            let place = open.admit(ip(1), false).expect("a place");
            let works = AtWork::new(&place);
            (place, works)
        };
        let narrow: Vec<_> = (0..HEALTH_MAX).map(asks).collect();
        assert!(narrow.iter().all(|(place, _)| place.connection.is_narrow));
        assert!(open.admit(ip(1), false).is_none(), "there is an end");
        assert!(!open.admit(ip(2), false).expect("a place").connection.is_narrow);
        drop((work, busy, narrow));
        assert!(open.all().is_empty());
    }

    #[tokio::test]
    async fn of_many_addresses_the_greediest_loses_first() {
        let open = Open::new();
        let small = open.admit(ip(200), false).expect("a place");
        let mut kept = Vec::new();
        for address in 1..=4 {
            for _ in 0..OF_ADDRESS_MAX {
                kept.extend(open.admit(ip(address), false));
            }
        }
        kept.extend(open.admit(ip(201), false));
        assert_eq!(open.all().len(), OPEN_MAX);
        assert!(open.all().contains_key(&small.number));
        assert!(open.is_pressed());
        // A trusted proxy speaks for many.
        let proxy = Open::new();
        let many: Vec<_> = (0..OF_ADDRESS_MAX + 9).map(|_| proxy.admit(ip(1), true)).collect();
        assert_eq!(many.iter().flatten().count(), OF_ADDRESS_MAX + 9);
        assert_eq!(proxy.all().len(), OF_ADDRESS_MAX + 9);
    }
}
