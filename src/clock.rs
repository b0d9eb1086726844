//! The only place that reads the time. Everything else is given `now`.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock, shifted by this many milliseconds: a replay that continues in real time.
    Shifted(i64),
    /// Stands still until it is set, as in a replay. It may be released at the end.
    Simulated(Arc<Simulated>),
}

/// A clock that is set by hand. All its copies show the same.
#[derive(Debug)]
pub struct Simulated {
    /// What it shows, in milliseconds since 1970.
    at: AtomicI64,
    /// Once it goes by itself: by how many milliseconds it is off the machine's clock.
    shift: OnceLock<i64>,
}

impl Clock {
    /// A clock that stands at `at` until it is set.
    pub fn simulated(at: DateTime<Utc>) -> Self {
        let at = AtomicI64::new(at.timestamp_millis());
        Self::Simulated(Arc::new(Simulated { at, shift: OnceLock::new() }))
    }

    /// The current time.
    #[expect(clippy::disallowed_methods, reason = "this is where the time is read")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Shifted(millis) => Utc::now() + TimeDelta::milliseconds(*millis),
            Self::Simulated(clock) => match clock.shift.get() {
                Some(millis) => Utc::now() + TimeDelta::milliseconds(*millis),
                None => DateTime::from_timestamp_millis(clock.at.load(Ordering::SeqCst))
                    .expect("only instants of the calendar are set"),
            },
        }
    }

    /// The machine's clock. In a debug build `DOSEPLAN_CLOCK=2021-04-01T19:00:00+08:00` makes it start there.
    pub fn from_environment() -> Self {
        #[cfg(debug_assertions)]
        if let Some(at) = std::env::var("DOSEPLAN_CLOCK")
            .ok()
            .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
        {
            return Self::shifted_to(at.to_utc());
        }
        Self::System
    }

    /// Sets a clock that stands still. Has no effect on the others.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Self::Simulated(clock) = self {
            clock.at.store(to.timestamp_millis(), Ordering::SeqCst);
        }
    }

    /// Lets a simulated clock go by itself from what it shows; the others do so anyway.
    #[expect(clippy::disallowed_methods, reason = "this is where the time is read")]
    pub fn release(&self) {
        if let Self::Simulated(clock) = self {
            let shift = clock.at.load(Ordering::SeqCst) - Utc::now().timestamp_millis();
            clock.shift.get_or_init(|| shift);
        }
    }

    /// Whether it stands still until it is set: the daemon is in a replay.
    pub fn is_replay(&self) -> bool {
        matches!(self, Self::Simulated(clock) if clock.shift.get().is_none())
    }

    /// A clock that shows `at` now and goes on from there.
    #[expect(clippy::disallowed_methods, reason = "this is where the time is read")]
    pub fn shifted_to(at: DateTime<Utc>) -> Self {
        Self::Shifted((at - Utc::now()).num_milliseconds())
    }
}

/// The heartbeat of a loop that runs for ever. It uses the monotonic clock, so setting the wall clock does not
/// disturb it.
#[derive(Debug)]
pub struct Heart {
    born: Instant,
    /// The last beat, and the time until which the loop may be silent, both in milliseconds since `born`.
    beat: AtomicI64,
    until: AtomicI64,
}

impl Default for Heart {
    fn default() -> Self {
        let until = AtomicI64::new(millis(Self::SILENT_MAX));
        Self { born: Instant::now(), beat: AtomicI64::new(0), until }
    }
}

impl Heart {
    /// A loop that is silent for longer counts as hung, unless it announced a longer step.
    pub const SILENT_MAX: Duration = Duration::from_mins(2);

    /// Records that the loop is alive.
    pub fn beat(&self) {
        self.busy(Self::SILENT_MAX);
    }

    /// Records that the loop is alive and starts a step that takes at most `limit`.
    pub fn busy(&self, limit: Duration) {
        let now = millis(self.born.elapsed());
        self.beat.store(now, Ordering::SeqCst);
        let until = now.saturating_add(millis(limit.max(Self::SILENT_MAX)));
        self.until.store(until, Ordering::SeqCst);
    }

    /// Records that the loop has ended.
    pub fn stop(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    /// How long the loop has been silent.
    pub fn silent(&self) -> Duration {
        let since = millis(self.born.elapsed()) - self.beat.load(Ordering::SeqCst);
        Duration::from_millis(since.max(0).unsigned_abs())
    }

    /// Whether the loop is alive.
    pub fn is_alive(&self) -> bool {
        millis(self.born.elapsed()) < self.until.load(Ordering::SeqCst)
    }
}

/// The heartbeats of a daemon.
#[derive(Debug, Default)]
pub struct Hearts {
    /// The loop that reads the timetable and runs jobs.
    pub jobs: Heart,
    /// The loop that sends mail.
    pub mail: Heart,
    looked: tokio::sync::watch::Sender<bool>,
}

impl Hearts {
    /// Whether every loop is alive.
    pub fn are_alive(&self) -> bool {
        self.jobs.is_alive() && self.mail.is_alive()
    }

    /// Records that a reading of the timetable has ended.
    pub fn looked(&self) {
        self.jobs.beat();
        self.looked.send_replace(true);
    }

    /// Waits until the timetable was read for the first time.
    pub async fn first_look(&self) {
        let looked = self.looked.subscribe().wait_for(|looked| *looked).await.map(drop);
        looked.expect("the sender lives as long as the hearts");
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_stands_still_until_it_is_let_go() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let clock = Clock::simulated(at("2021-06-15T00:00:00Z"));
        let copy = clock.clone();
        assert_eq!(copy.now(), at("2021-06-15T00:00:00Z"));
        clock.set(at("2021-06-16T08:00:00Z"));
        assert!(copy.is_replay());
        assert_eq!(copy.now(), at("2021-06-16T08:00:00Z"));
        clock.release();
        assert!(!copy.is_replay());
        let shown = copy.now();
        assert!(shown >= at("2021-06-16T07:59:59Z") && shown < at("2021-06-16T09:00:00Z"));
        // It goes by itself now.
        clock.set(at("2030-01-01T00:00:00Z"));
        assert!(copy.now() < at("2022-01-01T00:00:00Z"));
    }
}
