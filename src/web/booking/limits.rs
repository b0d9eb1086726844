//! How often one network may ask the booking pages, try links that do not exist, and ask to be registered.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests of one network in a minute. Our choice: mobile networks put hundreds of phones behind one address.
const ASKED_MAX: u32 = 600;
/// Links that do not exist, of one network in ten minutes. Whoever mistypes one tries a few times.
const WRONG_MAX: u32 = 20;
/// Requests to be registered, of one network in ten minutes. Beyond them it may still open its links.
const SENT_MAX: u32 = 20;
const ASKED_SPAN: Duration = Duration::from_mins(1);
const WRONG_SPAN: Duration = Duration::from_mins(10);
/// Networks that are remembered; more, and all begin anew.
const NETWORKS_MAX: usize = 50_000;

/// What networks asked of late.
#[derive(Debug, Default)]
pub(in crate::web) struct Limits {
    asked: Mutex<BTreeMap<IpAddr, (Instant, u32)>>,
    wrong: Mutex<BTreeMap<IpAddr, (Instant, u32)>>,
    sent: Mutex<BTreeMap<IpAddr, (Instant, u32)>>,
}

impl Limits {
    /// Counts a request; whether it may be answered.
    pub(super) fn may_ask(&self, network: IpAddr) -> bool {
        self.may_ask_at(network, Instant::now())
    }

    fn may_ask_at(&self, network: IpAddr, now: Instant) -> bool {
        let asked = count(&self.asked, (network, now), (ASKED_SPAN, 1));
        asked <= ASKED_MAX && count(&self.wrong, (network, now), (WRONG_SPAN, 0)) <= WRONG_MAX
    }

    /// Counts a request to be registered; whether it may be taken in.
    pub(super) fn may_send(&self, network: IpAddr) -> bool {
        count(&self.sent, (network, Instant::now()), (WRONG_SPAN, 1)) <= SENT_MAX
    }

    /// Counts a link that does not exist.
    pub(super) fn was_wrong(&self, network: IpAddr) {
        count(&self.wrong, (network, Instant::now()), (WRONG_SPAN, 1));
    }
}

/// Adds to what a network has in a span; returns how much it is.
fn count(
    all: &Mutex<BTreeMap<IpAddr, (Instant, u32)>>,
    (network, now): (IpAddr, Instant),
    (span, more): (Duration, u32),
) -> u32 {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() > NETWORKS_MAX {
        all.clear();
    }
    let one = all.entry(network).or_insert((now, 0));
    if now.saturating_duration_since(one.0) >= span {
        *one = (now, 0);
    }
    one.1 = one.1.saturating_add(more);
    one.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_waits_and_others_do_not() {
        let limits = Limits::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..ASKED_MAX {
            assert!(limits.may_ask_at(one, start));
        }
        assert!(!limits.may_ask_at(one, start) && limits.may_ask_at(other, start));
        let later = start + ASKED_SPAN;
        assert!(limits.may_ask_at(one, later));
        for _ in 0..=WRONG_MAX {
            limits.was_wrong(one);
        }
        assert!(!limits.may_ask_at(one, later) && limits.may_ask_at(other, later));
        assert!(!limits.may_ask_at(one, later + ASKED_SPAN));
        assert!(limits.may_ask_at(one, start + WRONG_SPAN * 2));
    }

    #[test]
    fn who_asks_to_be_registered_too_often_may_still_open_links() {
        let limits = Limits::default();
        let one = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..SENT_MAX {
            assert!(limits.may_send(one));
        }
        assert!(!limits.may_send(one) && limits.may_ask(one));
    }
}
