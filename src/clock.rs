//! The one place that reads the time; everybody else is handed `now`.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine.
    System,
    /// The machine, so many milliseconds off: a replay that goes on living.
    Shifted(i64),
    /// Stands still until it is set, as in a replay.
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is set.
    pub fn simulated(at: DateTime<Utc>) -> Self {
        Self::Simulated(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "this is where the time is read")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Shifted(millis) => Utc::now() + TimeDelta::milliseconds(*millis),
            Self::Simulated(at) => DateTime::from_timestamp_millis(at.load(Ordering::SeqCst))
                .expect("only instants of the calendar are set"),
        }
    }

    /// The machine's clock; in a debug build `DOSEPLAN_CLOCK=2021-04-01T19:00:00+08:00` starts it there.
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

    /// Sets a simulated clock; the others go by themselves.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Self::Simulated(at) = self {
            at.store(to.timestamp_millis(), Ordering::SeqCst);
        }
    }

    /// A clock that shows `at` now and goes on from there.
    #[expect(clippy::disallowed_methods, reason = "this is where the time is read")]
    pub fn shifted_to(at: DateTime<Utc>) -> Self {
        Self::Shifted((at - Utc::now()).num_milliseconds())
    }
}
