//! A mail server as doseplan sees it: a circuit breaker, and a pace that halves when the server asks for patience.
//! All daemons share one state; instants are milliseconds since 1970.

/// The first pause after a failure; doubled with each further one.
const PAUSE_FIRST_MS: i64 = 60_000;
/// The longest pause.
const PAUSE_MAX_MS: i64 = 30 * 60_000;
/// Refusals of our login, sender or content pause for so long: nobody mends a configuration in a minute.
const PAUSE_OURS_MS: i64 = 15 * 60_000;
/// While one message tries whether the server is back, the others wait so long for its result.
const PROBE_MS: i64 = 60_000;
/// A pace that was slowed down doubles in this time.
const RECOVERY_MS: i64 = 10 * 60_000;
/// Messages a minute from which slowing down starts where no pace is configured, and beyond which it ends.
const UNHURRIED: i64 = 1200;
/// So many seconds' worth of messages may go at once.
const BURST_SECS: i64 = 10;

/// The state of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relay {
    /// Failures since it last answered.
    pub failures: i64,
    /// Nothing is sent before.
    pub paused_until: i64,
    /// What it last failed with.
    pub last_error: Option<String>,
    /// Messages a minute to which it was slowed down, at `slowed_at`.
    pub slowed_to: Option<i64>,
    /// When it was slowed down.
    pub slowed_at: i64,
    /// When the pace has room for the next message.
    pub next_at: i64,
}

/// How many messages may go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// So many.
    Go(i64),
    /// None before this instant.
    Wait(i64),
}

impl Relay {
    /// Whether it failed and has not answered since.
    pub fn is_down(&self) -> bool {
        self.failures > 0
    }

    /// How many of `most` messages may go now. After a failure one goes first, to try; `now` also by hand, when
    /// `patient` is false.
    pub fn room(&mut self, now: i64, most: i64, per_minute: Option<i64>, patient: bool) -> Room {
        // After the clock went back, what was a minute away would be days away.
        self.paused_until = self.paused_until.min(now + PAUSE_MAX_MS);
        self.next_at = self.next_at.min(now + BURST_SECS * 1000);
        if patient && now < self.paused_until {
            return Room::Wait(self.paused_until);
        }
        if self.is_down() {
            self.paused_until = now + PROBE_MS;
            return Room::Go(1);
        }
        let Some(rate) = self.rate(now, per_minute) else { return Room::Go(most) };
        let (step, burst) = steps(rate);
        let from = self.next_at.max(now - burst * step);
        let room = (now - from) / step;
        if room > 0 { Room::Go(room.min(most)) } else { Room::Wait(from + step) }
    }

    /// So many messages were taken.
    pub fn took(&mut self, now: i64, count: i64, per_minute: Option<i64>) {
        if let Some(rate) = self.rate(now, per_minute) {
            let (step, burst) = steps(rate);
            self.next_at = self.next_at.max(now - burst * step) + count * step;
        }
    }

    /// It could not be used. `ours`: it answered, and does not want us.
    pub fn failed(&mut self, now: i64, why: &str, ours: bool) {
        let doubled = PAUSE_FIRST_MS << self.failures.clamp(0, 10);
        let pause = if ours { PAUSE_OURS_MS } else { doubled.min(PAUSE_MAX_MS) };
        self.failures += 1;
        self.paused_until = now + pause;
        self.last_error = Some(why.to_owned());
    }

    /// It answered.
    pub fn answered(&mut self) {
        self.failures = 0;
        self.paused_until = 0;
        self.last_error = None;
    }

    /// It asked for patience: half as many messages a minute, from which the pace recovers by itself.
    pub fn slow_down(&mut self, now: i64, per_minute: Option<i64>) {
        let rate = self.rate(now, per_minute).unwrap_or(UNHURRIED);
        self.slowed_to = Some((rate / 2).max(1));
        self.slowed_at = now;
        self.next_at = now;
    }

    /// Messages a minute at this time; `None`: as many as it takes.
    pub fn rate(&self, now: i64, per_minute: Option<i64>) -> Option<i64> {
        let Some(slowed) = self.slowed_to else { return per_minute };
        let doublings = ((now - self.slowed_at).max(0) / RECOVERY_MS).min(20);
        let rate = slowed << doublings;
        if rate >= per_minute.unwrap_or(UNHURRIED) { per_minute } else { Some(rate) }
    }
}

/// Milliseconds from message to message, and how many may go at once.
fn steps(rate: i64) -> (i64, i64) {
    let rate = rate.max(1);
    (60_000 / rate.min(60_000), (rate * BURST_SECS / 60).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages sent in so many seconds by a sender who looks every second.
    fn sent(relay: &mut Relay, from: i64, secs: i64, per_minute: Option<i64>) -> i64 {
        let mut sent = 0;
        for now in (0..secs).map(|second| from + second * 1000) {
            if let Room::Go(count) = relay.room(now, 50, per_minute, true) {
                relay.took(now, count, per_minute);
                sent += count;
            }
        }
        sent
    }

    #[test]
    fn the_pace_is_kept_and_a_pause_saves_up_ten_seconds_at_most() {
        let mut relay = Relay::default();
        let hour = sent(&mut relay, 1_000_000, 3600, Some(30));
        assert!((1800..=1806).contains(&hour), "{hour}");
        let minute = sent(&mut relay, 1_000_000 + 10_000_000, 60, Some(30));
        assert!((30..=35).contains(&minute), "{minute}");
        assert_eq!(sent(&mut relay, 90_000_000, 10, None), 500);
    }

    #[test]
    fn a_server_that_is_down_is_tried_by_one_message_after_longer_and_longer_pauses() {
        let mut relay = Relay::default();
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            relay.failed(now, "refused", false);
            let Room::Wait(until) = relay.room(now, 50, None, true) else { panic!("it waits") };
            pauses.push((until - now) / 60_000);
            assert_eq!(relay.clone().room(now, 50, None, false), Room::Go(1), "by hand");
            now = until;
            assert_eq!(relay.room(now, 50, None, true), Room::Go(1));
            assert!(matches!(relay.room(now, 50, None, true), Room::Wait(_)), "others wait");
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
        relay.answered();
        assert_eq!(relay.room(now, 50, None, true), Room::Go(50));
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_half_and_recovers() {
        let mut relay = Relay::default();
        relay.slow_down(0, None);
        assert_eq!(relay.rate(0, None), Some(600));
        relay.slow_down(0, None);
        assert_eq!(relay.rate(1, None), Some(300));
        assert_eq!(relay.rate(RECOVERY_MS, None), Some(600));
        assert_eq!(relay.rate(2 * RECOVERY_MS, None), None);
        relay.slow_down(0, Some(1));
        assert_eq!(relay.rate(0, Some(1)), Some(1), "never nothing");
    }

    #[test]
    fn a_clock_that_went_back_does_not_stop_the_mail_for_days() {
        let mut relay = Relay::default();
        let later = 10 * 86_400_000;
        relay.took(later, 50, Some(60));
        relay.failed(later, "refused", false);
        let Room::Wait(until) = relay.room(0, 50, Some(60), true) else { panic!("it waits") };
        assert!(until <= PAUSE_MAX_MS);
        relay.answered();
        let Room::Wait(until) = relay.room(0, 50, Some(60), true) else { panic!("it waits") };
        assert!(until <= 20_000, "{until}");
    }
}
