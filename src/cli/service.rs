//! Reports to systemd: ready after the first look at the timetable, alive while its loops are, stopping at the end.
//! Without systemd nothing is reported.

use crate::clock::Hearts;
use sd_notify::NotifyState;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// How often the daemon asks for more time during its first look, and checks itself if systemd does not set an
/// interval.
const EVERY: Duration = Duration::from_secs(10);
/// How much more time it asks for.
const MORE: Duration = Duration::from_secs(30);

/// Reports to systemd. A failure to do so is ignored.
pub(super) fn tell(states: &[NotifyState<'_>]) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
        return;
    };
    let message: Vec<String> = states.iter().map(ToString::to_string).collect();
    if let Err(error) = send(&socket, message.join("\n").as_bytes()) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// Sends a datagram to a socket in the file system or, where its name begins with `@`, to an abstract one of Linux.
/// (`sd_notify::notify` takes every name for a path.)
fn send(socket: &OsStr, message: &[u8]) -> std::io::Result<usize> {
    let datagram = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return datagram.send_to_addr(message, &address);
    }
    datagram.send_to(message, Path::new(socket))
}

/// Reports the state of the daemon to systemd until it is stopped.
pub(super) async fn watch(
    hearts: &Hearts,
    address: Option<SocketAddr>,
) -> std::convert::Infallible {
    let more = u32::try_from(MORE.as_micros()).expect("a minute at most");
    tell(&[NotifyState::Status("the first look")]);
    while tokio::time::timeout(EVERY, hearts.first_look()).await.is_err() {
        // Work that became due while no daemon ran may take long, such as a plan.
        if hearts.are_alive() {
            tell(&[NotifyState::ExtendTimeoutUsec(more), NotifyState::Watchdog]);
        }
    }
    let at = address.map_or_else(String::new, |address| format!(", http://{address}"));
    let working = format!("follows the timetable{at}");
    tell(&[NotifyState::Ready, NotifyState::Status(&working)]);
    // A third of the interval, so that one late report does no harm.
    let every = sd_notify::watchdog_enabled().map_or(EVERY, |limit| limit / 3);
    let mut was_alive = true;
    loop {
        let is_alive = hearts.are_alive();
        if is_alive {
            tell(&[NotifyState::Watchdog]);
        }
        if is_alive != was_alive {
            let silent = format!(
                "no look at the timetable for {} s, none at the mail for {} s",
                hearts.jobs.silent().as_secs(),
                hearts.mail.silent().as_secs()
            );
            tell(&[NotifyState::Status(if is_alive { &working } else { &silent })]);
            was_alive = is_alive;
        }
        tokio::time::sleep(every).await;
    }
}
