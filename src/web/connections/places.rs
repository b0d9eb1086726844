//! Places: how many connections there may be, in all and from one address, who waits for one and who loses one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// The most connections at work or idle. Our choice: a county's offices, and half of what a process may open.
pub(super) const OPEN_MAX: usize = 256;
/// The most of one address, where that is no trusted proxy. Our choice: an office of ten people behind one address.
const OF_ADDRESS_MAX: usize = 64;
/// From so many on, a connection takes no second request.
const PRESSED: usize = OPEN_MAX * 3 / 4;
/// Further connections, at which only health is told.
pub(super) const HEALTH_MAX: usize = 16;
/// How long a connection waits for a place while all are at work: hundreds of people who come at once are served one
/// after the other.
const WAIT_LIMIT: Duration = Duration::from_secs(2);
/// How long a connection may be idle before it has to make room for others: hundreds that come at once have not been
/// heard yet.
pub(super) const YOUNG: Duration = Duration::from_secs(1);
/// How often a connection that waits looks whether others have become idle for long enough.
const TICK: Duration = Duration::from_millis(100);

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    address: IpAddr,
    /// Whether only health is told here.
    pub(super) is_narrow: bool,
    /// Requests at work, up to the last byte of their answers.
    at_work: AtomicUsize,
    /// When the last one ended, in milliseconds since the server began.
    idle_since: AtomicU64,
    pub(super) cut: Notify,
}

impl Connection {
    /// Whether no request was at work since an instant, in milliseconds since the server began.
    fn is_idle_since(&self, millis: u64) -> bool {
        self.at_work.load(Ordering::Relaxed) == 0
            && self.idle_since.load(Ordering::Relaxed) <= millis
    }
}

/// All open connections by their number.
#[derive(Debug)]
pub(super) struct Open {
    began: Instant,
    next: AtomicU64,
    /// How long a connection may be idle before it makes room for those of other addresses.
    young: Duration,
    all: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// Tells one that waits that a place may be free.
    freed: Notify,
}

/// What a connection gets that finds no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Else {
    /// Nothing: it waits.
    Nothing,
    /// A place at which only health is told.
    Health,
}

impl Open {
    pub(super) fn new(young: Duration) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            next: AtomicU64::new(0),
            young,
            all: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_pressed(&self) -> bool {
        self.all().len() >= PRESSED
    }

    fn millis(&self) -> u64 {
        millis_of(self.began.elapsed())
    }

    /// Takes in a connection, and lets it wait a moment where all others are at work. Whoever has too many themselves
    /// does not wait.
    pub(super) async fn place(self: &Arc<Self>, address: IpAddr, is_proxy: bool) -> Option<Place> {
        let until = Instant::now() + WAIT_LIMIT;
        loop {
            let mut freed = pin!(self.freed.notified());
            // From here on, what is freed is not missed.
            freed.as_mut().enable();
            if let Some(place) = self.admit(address, is_proxy, Else::Nothing) {
                return Some(place);
            }
            let own = self.all().values().filter(|one| one.address == address).count();
            let may_wait = is_proxy || own < OF_ADDRESS_MAX;
            if !may_wait || Instant::now() >= until {
                return self.admit(address, is_proxy, Else::Health);
            }
            let _ = timeout(TICK, freed).await;
        }
    }

    /// Takes in a connection. Where there are too many, the longest idle one goes: of the same address where that has
    /// too many, else of the address that has the most, if it has been idle for a moment. Where there is none, the new
    /// one gets something else; `None` where even that is too much.
    fn admit(self: &Arc<Self>, address: IpAddr, is_proxy: bool, or_else: Else) -> Option<Place> {
        let mut all = self.all();
        let mut of: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for one in all.values() {
            *of.entry(one.address).or_default() += 1;
        }
        let own_full = !is_proxy && of.get(&address).is_some_and(|own| *own >= OF_ADDRESS_MAX);
        let mut is_narrow = false;
        if own_full || all.len() >= OPEN_MAX {
            let now = self.millis();
            let before = if own_full { Some(now) } else { now.checked_sub(millis_of(self.young)) };
            let is_idle = |one: &Connection| before.is_some_and(|at| one.is_idle_since(at));
            let idle = all.iter().filter(|(_, one)| is_idle(one));
            let idle = idle.filter(|(_, one)| !own_full || one.address == address);
            let since = |one: &Connection| one.idle_since.load(Ordering::Relaxed);
            let longest = idle.min_by_key(|(_, one)| {
                (std::cmp::Reverse(of.get(&one.address).copied()), since(one))
            });
            match longest.map(|(number, _)| *number).and_then(|number| all.remove(&number)) {
                Some(longest) => longest.cut.notify_one(),
                None if or_else == Else::Nothing => return None,
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

fn millis_of(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The place that a connection takes until it ends.
pub(super) struct Place {
    pub(super) open: Arc<Open>,
    number: u64,
    pub(super) connection: Arc<Connection>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.all().remove(&self.number);
        self.open.freed.notify_one();
    }
}

/// A request at work.
pub(super) struct AtWork(Arc<Open>, Arc<Connection>);

impl AtWork {
    pub(super) fn new(place: &Place) -> Self {
        place.connection.at_work.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&place.open), Arc::clone(&place.connection))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.1.idle_since.store(self.0.millis(), Ordering::Relaxed);
        self.1.at_work.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[tokio::test]
    async fn whoever_says_nothing_loses_connections_and_others_stay() {
        let open = Open::new(Duration::ZERO);
        let other = open.admit(ip(2), false, Else::Health).expect("a place");
        let idle: Vec<_> =
            (0..OF_ADDRESS_MAX).map(|_| open.admit(ip(1), false, Else::Health)).collect();
        assert!(idle.iter().all(Option::is_some) && open.all().len() == OF_ADDRESS_MAX + 1);
        let more: Vec<_> =
            (0..140).map(|_| open.admit(ip(1), false, Else::Health).expect("a place")).collect();
        assert!(more.iter().all(|place| !place.connection.is_narrow));
        assert_eq!(open.all().len(), OF_ADDRESS_MAX + 1, "each takes the place of an idle one");
        assert!(open.all().contains_key(&other.number));
        assert!(idle.iter().flatten().all(|place| !open.all().contains_key(&place.number)));
    }

    #[tokio::test]
    async fn where_all_are_at_work_health_is_still_told() {
        let open = Open::new(Duration::ZERO);
        let busy: Vec<_> = (0..OF_ADDRESS_MAX)
            .map(|_| open.admit(ip(1), false, Else::Health).expect("a place"))
            .collect();
        let work: Vec<_> = busy.iter().map(AtWork::new).collect();
        let asks = |_| {
            let place = open.admit(ip(1), false, Else::Health).expect("a place");
            let works = AtWork::new(&place);
            (place, works)
        };
        let narrow: Vec<_> = (0..HEALTH_MAX).map(asks).collect();
        assert!(narrow.iter().all(|(place, _)| place.connection.is_narrow));
        assert!(open.admit(ip(1), false, Else::Health).is_none(), "there is an end");
        assert!(!open.admit(ip(2), false, Else::Health).expect("a place").connection.is_narrow);
        drop((work, busy, narrow));
        assert!(open.all().is_empty());
    }

    #[tokio::test]
    async fn of_many_addresses_the_greediest_loses_first() {
        let open = Open::new(Duration::ZERO);
        let small = open.admit(ip(200), false, Else::Health).expect("a place");
        let mut kept = Vec::new();
        for address in 1..=4 {
            for _ in 0..OF_ADDRESS_MAX {
                kept.extend(open.admit(ip(address), false, Else::Health));
            }
        }
        kept.extend(open.admit(ip(201), false, Else::Health));
        assert_eq!(open.all().len(), OPEN_MAX);
        assert!(open.all().contains_key(&small.number));
        assert!(open.is_pressed());
        // A trusted proxy speaks for many.
        let proxy = Open::new(Duration::ZERO);
        let many: Vec<_> =
            (0..OF_ADDRESS_MAX + 9).map(|_| proxy.admit(ip(1), true, Else::Health)).collect();
        assert_eq!(many.iter().flatten().count(), OF_ADDRESS_MAX + 9);
        assert_eq!(proxy.all().len(), OF_ADDRESS_MAX + 9);
    }

    #[tokio::test]
    async fn whoever_comes_while_all_are_at_work_waits_for_a_place() {
        let open = Open::new(Duration::ZERO);
        let mut kept: Vec<Place> = Vec::new();
        for address in 1..=4 {
            for _ in 0..OF_ADDRESS_MAX {
                kept.push(open.admit(ip(address), false, Else::Health).expect("a place"));
            }
        }
        let busy: Vec<AtWork> = kept.iter().map(AtWork::new).collect();
        let comes = |address| {
            let open = Arc::clone(&open);
            tokio::spawn(async move { open.place(ip(address), false).await })
        };
        let (one, two) = (comes(7), comes(8));
        tokio::task::yield_now().await;
        assert!(!one.is_finished() && !two.is_finished());
        // Whoever has all places of an address does not wait, and hears of health alone.
        assert!(comes(1).await.unwrap().expect("a place").connection.is_narrow);
        // One ends, another has answered: each makes room.
        drop(busy);
        drop(kept.pop());
        for place in [one.await.unwrap(), two.await.unwrap()] {
            assert!(!place.expect("a place").connection.is_narrow);
        }
    }

    #[tokio::test]
    async fn whoever_has_just_come_makes_no_room_for_others() {
        for (young, is_kept) in [(YOUNG, true), (Duration::ZERO, false)] {
            let open = Open::new(young);
            let full = (1..=4).flat_map(|address| [ip(address); OF_ADDRESS_MAX]);
            let all: Vec<Place> =
                full.map(|ip| open.admit(ip, false, Else::Nothing).expect("a place")).collect();
            assert_eq!(all.len(), OPEN_MAX);
            assert_eq!(open.admit(ip(7), false, Else::Nothing).is_none(), is_kept);
            // An address that has too many loses its own at once.
            assert!(open.admit(ip(1), false, Else::Nothing).is_some());
        }
    }
}
