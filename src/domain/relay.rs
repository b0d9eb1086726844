//! The state of a mail server: a circuit breaker, and a pace that halves when the server asks for fewer messages.
//! All daemons share it. Instants are milliseconds since 1970; all constants are our choice.

use super::refusal::{Cause, Streak};

/// The first pause after a failure; it doubles with each further one.
const PAUSE_FIRST_MS: i64 = 60_000;
/// The longest pause.
const PAUSE_MAX_MS: i64 = 30 * 60_000;
/// The pause after our login, sender or content was refused: nobody mends a configuration in a minute.
const PAUSE_OURS_MS: i64 = 15 * 60_000;
/// How long other messages wait while one tries whether the server is back.
const PROBE_MS: i64 = 60_000;
/// The time in which a slowed-down pace doubles.
const RECOVERY_MS: i64 = 10 * 60_000;
/// Messages a minute from which slowing down starts without a configured pace, and at which it ends.
const UNHURRIED: i64 = 1200;
/// Length of a burst: the pace of so many seconds may go at once.
const BURST_SECS: i64 = 10;

/// The state of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relay {
    /// Failures in a row since it last answered.
    pub failures: i64,
    /// Nothing is sent before this instant.
    pub paused_until: i64,
    /// Its last error.
    pub last_error: Option<String>,
    /// Why it does not want us; `None` if it could not be reached.
    pub cause: Option<Cause>,
    /// What it refused last, one after the other.
    pub streak: Streak,
    /// Pace in messages a minute to which it was slowed down at `slowed_at`; `None` if it never was.
    pub slowed_to: Option<i64>,
    /// When it was slowed down.
    pub slowed_at: i64,
    /// When the pace allows the next message.
    pub next_at: i64,
}

/// How many messages may go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
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

    /// How many of at most `most` messages may go now. After a failure, a single one goes first to probe the server.
    /// `patient` is false when somebody sends by hand: then a pause is ignored.
    pub fn allowance(
        &mut self,
        now: i64,
        most: i64,
        per_minute: Option<i64>,
        patient: bool,
    ) -> Allowance {
        // If the clock went back, a pause of a minute would last for days.
        self.paused_until = self.paused_until.min(now + PAUSE_MAX_MS);
        self.next_at = self.next_at.min(now + BURST_SECS * 1000);
        if patient && now < self.paused_until {
            return Allowance::Wait(self.paused_until);
        }
        if self.is_down() {
            self.paused_until = now + PROBE_MS;
            return Allowance::Go(1);
        }
        let Some(rate) = self.rate(now, per_minute) else { return Allowance::Go(most) };
        let (step, burst) = steps(rate);
        let from = self.next_at.max(now - burst * step);
        let room = (now - from) / step;
        if room > 0 { Allowance::Go(room.min(most)) } else { Allowance::Wait(from + step) }
    }

    /// Counts messages that are about to go.
    pub fn took(&mut self, now: i64, count: i64, per_minute: Option<i64>) {
        if let Some(rate) = self.rate(now, per_minute) {
            let (step, burst) = steps(rate);
            self.next_at = self.next_at.max(now - burst * step) + count * step;
        }
    }

    /// Notes a failure. `ours`: the server answered, and does not want mail from us.
    pub fn failed(&mut self, now: i64, why: &str, ours: bool) {
        self.cause = None;
        let doubled = PAUSE_FIRST_MS << self.failures.clamp(0, 10);
        let pause = if ours { PAUSE_OURS_MS } else { doubled.min(PAUSE_MAX_MS) };
        self.failures += 1;
        self.paused_until = now + pause;
        self.last_error = Some(why.to_owned());
    }

    /// Notes that the server answered.
    pub fn answered(&mut self) {
        self.failures = 0;
        self.paused_until = 0;
        self.last_error = None;
        self.cause = None;
    }

    /// Notes that the server asked for fewer messages: the pace halves and recovers by itself.
    pub fn slow_down(&mut self, now: i64, per_minute: Option<i64>) {
        let rate = self.rate(now, per_minute).unwrap_or(UNHURRIED);
        self.slowed_to = Some((rate / 2).max(1));
        self.slowed_at = now;
        self.next_at = now;
    }

    /// The pace in messages a minute; `None` for no limit.
    pub fn rate(&self, now: i64, per_minute: Option<i64>) -> Option<i64> {
        let Some(slowed) = self.slowed_to else { return per_minute };
        let doublings = ((now - self.slowed_at).max(0) / RECOVERY_MS).min(20);
        let rate = slowed << doublings;
        if rate >= per_minute.unwrap_or(UNHURRIED) { per_minute } else { Some(rate) }
    }
}

/// Milliseconds between messages, and the size of a burst.
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
            if let Allowance::Go(count) = relay.allowance(now, 50, per_minute, true) {
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
            let Allowance::Wait(until) = relay.allowance(now, 50, None, true) else {
                panic!("it waits")
            };
            pauses.push((until - now) / 60_000);
            assert_eq!(relay.clone().allowance(now, 50, None, false), Allowance::Go(1), "by hand");
            now = until;
            assert_eq!(relay.allowance(now, 50, None, true), Allowance::Go(1));
            assert!(
                matches!(relay.allowance(now, 50, None, true), Allowance::Wait(_)),
                "others wait"
            );
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
        relay.answered();
        assert_eq!(relay.allowance(now, 50, None, true), Allowance::Go(50));
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
        let Allowance::Wait(until) = relay.allowance(0, 50, Some(60), true) else {
            panic!("it waits")
        };
        assert!(until <= PAUSE_MAX_MS);
        relay.answered();
        let Allowance::Wait(until) = relay.allowance(0, 50, Some(60), true) else {
            panic!("it waits")
        };
        assert!(until <= 20_000, "{until}");
    }

    const MINUTE: i64 = 60_000;

    #[test]
    fn a_pause_is_doubled_with_each_failure_and_longer_where_the_server_does_not_want_us() {
        for (failures, ours, minutes) in [
            (0, false, 1),
            (1, false, 2),
            (4, false, 16),
            (5, false, 30),
            (40, false, 30),
            (i64::MAX - 1, false, 30),
            (0, true, 15),
            (9, true, 15),
        ] {
            let mut relay = Relay { failures, ..Relay::default() };
            assert_eq!(relay.is_down(), failures > 0);
            relay.failed(7, "550 no", ours);
            assert_eq!(relay.paused_until - 7, minutes * MINUTE, "{failures} {ours}");
            assert_eq!(
                (relay.failures, relay.last_error.as_deref()),
                (failures + 1, Some("550 no"))
            );
            assert!(relay.is_down());
            relay.answered();
            assert_eq!(relay, Relay::default());
        }
    }

    #[test]
    fn what_may_go_now_follows_from_pause_pace_and_burst() {
        let paused = |failures, paused_until| Relay { failures, paused_until, ..Relay::default() };
        let next_at = |next_at| Relay { next_at, ..Relay::default() };
        // 30 a minute: one every two seconds, five at once. 1 a minute: one at once. 600000: one each millisecond.
        for (relay, now, pace, patient, wanted) in [
            (Relay::default(), 0, None, true, Allowance::Go(50)),
            (paused(1, 1000), 999, None, true, Allowance::Wait(1000)),
            (paused(1, 1000), 1000, None, true, Allowance::Go(1)),
            (paused(1, 1000), 0, None, false, Allowance::Go(1)),
            (paused(0, 1000), 0, None, true, Allowance::Wait(1000)),
            (paused(0, 1000), 0, None, false, Allowance::Go(50)),
            (next_at(0), 100_000, Some(30), true, Allowance::Go(5)),
            (next_at(100_000), 100_000, Some(30), true, Allowance::Wait(102_000)),
            (next_at(98_001), 100_000, Some(30), true, Allowance::Wait(100_001)),
            (next_at(98_000), 100_000, Some(30), true, Allowance::Go(1)),
            (next_at(93_000), 100_000, Some(30), true, Allowance::Go(3)),
            (next_at(0), 100_000, Some(1), true, Allowance::Go(1)),
            (next_at(0), 100_000, Some(0), true, Allowance::Go(1)),
            (next_at(0), 100_000, Some(600_000), true, Allowance::Go(50)),
            (next_at(99_997), 100_000, Some(600_000), true, Allowance::Go(3)),
        ] {
            let told = format!("{relay:?} at {now}, {pace:?} a minute");
            let mut relay = relay;
            assert_eq!(relay.allowance(now, 50, pace, patient), wanted, "{told}");
        }
        let mut down = paused(1, 0);
        assert_eq!(down.allowance(500, 50, None, true), Allowance::Go(1));
        assert_eq!(down.paused_until, 500 + MINUTE, "the others wait for the one that tries");
    }

    #[test]
    fn what_was_taken_moves_the_next_one_on_by_the_pace() {
        let took = |next_at, count, pace| {
            let mut relay = Relay { next_at, ..Relay::default() };
            relay.took(100_000, count, pace);
            relay.next_at
        };
        assert_eq!(took(0, 50, None), 0, "without a pace nothing is counted");
        // After a rest, at most ten seconds' worth is made up for.
        assert_eq!(took(0, 5, Some(30)), 100_000);
        assert_eq!(took(0, 2, Some(30)), 94_000);
        assert_eq!(took(99_000, 2, Some(30)), 103_000);
    }

    #[test]
    fn a_server_that_was_slowed_down_gets_twice_as_much_every_ten_minutes() {
        let slowed = Relay { slowed_to: Some(10), slowed_at: 0, ..Relay::default() };
        for (minutes, pace, rate) in [
            (0, None, Some(10)),
            (9, None, Some(10)),
            (10, None, Some(20)),
            (60, None, Some(640)),
            (70, None, None),
            (10_000, None, None),
            // Once the pace of the configuration is reached, it holds again.
            (0, Some(10), Some(10)),
            (10, Some(30), Some(20)),
            (20, Some(30), Some(30)),
            (-60, Some(30), Some(10)),
        ] {
            assert_eq!(slowed.rate(minutes * MINUTE, pace), rate, "{minutes} {pace:?}");
        }
        let mut relay = Relay::default();
        relay.slow_down(5, Some(31));
        assert_eq!((relay.slowed_to, relay.slowed_at, relay.next_at), (Some(15), 5, 5));
    }
}
