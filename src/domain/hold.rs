//! Why an installation sends no mail, and what else happens to it.

use super::words::words;

words! {
    /// Why sending is held until somebody says that it may go on.
    pub enum HoldReason {
        /// The database is a copy of another one.
        Copied = "copied",
        /// A backup was restored here.
        Restored = "restored",
        /// Everything went to another database.
        Moved = "moved",
        /// Less mail has left by this database than is known to have left from here: an old state was put back.
        SetBack = "set_back",
        /// Nobody looked for longer than missed work is caught up.
        Gap = "gap",
        /// The wall clock went back.
        Clock = "clock",
        /// Somebody asked for it.
        Asked = "asked",
    }
}

impl HoldReason {
    /// Whether another database may send, or have sent, the same mail. Such a hold ends only when somebody says
    /// that this database is the one that sends (`doseplan db adopt`); any other ends with `doseplan job resume`.
    pub fn is_copy(self) -> bool {
        matches!(self, Self::Copied | Self::SetBack | Self::Restored | Self::Moved)
    }
}

words! {
    /// Something that happened to the installation itself.
    pub enum EventKind {
        /// This database was made the one that sends.
        Adopt = "adopt",
        /// A backup was written.
        BackedUp = "backup",
        /// Bounces no longer speak against an address.
        BouncesForgotten = "bounces_forgotten",
        /// The wall clock jumped while a daemon ran.
        ClockJump = "clock_jump",
        /// Sending was held.
        Hold = "hold",
        /// Everything went from one database to another.
        Moved = "moved",
        /// A backup was restored.
        Restored = "restored",
        /// Sending goes on.
        Resume = "resume",
        /// An address gets reminders again.
        SubscribedAgain = "subscribed_again",
        /// The rules of time zones changed.
        ZoneRules = "tzdb",
    }
}

/// How far a wall clock may go back when it is adjusted, in milliseconds. Our choice.
const BACK_MAX_MS: i64 = 60_000;

/// Why a database may not send from where it is; `None` if it may. `is_home`: it is the place that may send.
/// `generation` is how often the database says that mail was sent, `remembered` what the file beside it says.
pub fn hold_of_place(is_home: bool, generation: i64, remembered: i64) -> Option<HoldReason> {
    if !is_home {
        return Some(HoldReason::Copied);
    }
    (generation < remembered).then_some(HoldReason::SetBack)
}

/// Why sending is held when a daemon looks again; `None` if it goes on. `since_ms`: milliseconds from the wall clock
/// that was seen last to the present one, negative if the clock went back. `window_ms`: how far back missed work is
/// caught up.
pub fn hold_after(since_ms: i64, window_ms: i64) -> Option<HoldReason> {
    if since_ms < -BACK_MAX_MS {
        return Some(HoldReason::Clock);
    }
    (since_ms > window_ms).then_some(HoldReason::Gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_another_database_may_send_has_this_one_to_be_adopted() {
        let copies: Vec<_> =
            HoldReason::ALL.into_iter().filter(|why| why.is_copy()).map(HoldReason::word).collect();
        assert_eq!(copies, ["copied", "restored", "moved", "set_back"]);
    }

    #[test]
    fn a_place_may_send_if_it_is_the_databases_home_and_knows_all_that_was_sent() {
        for (is_home, generation, remembered, hold) in [
            (true, 0, 0, None),
            (true, 7, 7, None),
            (true, 8, 7, None),
            (true, 6, 7, Some(HoldReason::SetBack)),
            (false, 7, 7, Some(HoldReason::Copied)),
            (false, 6, 7, Some(HoldReason::Copied)),
        ] {
            assert_eq!(
                hold_of_place(is_home, generation, remembered),
                hold,
                "{is_home} {generation} {remembered}"
            );
        }
    }

    #[test]
    fn sending_is_held_after_a_pause_longer_than_the_window_and_when_the_clock_went_back() {
        const WINDOW: i64 = 48 * 3_600_000;
        for (since, hold) in [
            (0, None),
            (1, None),
            (WINDOW, None),
            (WINDOW + 1, Some(HoldReason::Gap)),
            (-1, None),
            (-60_000, None),
            (-60_001, Some(HoldReason::Clock)),
            (-WINDOW - 1, Some(HoldReason::Clock)),
        ] {
            assert_eq!(hold_after(since, WINDOW), hold, "{since}");
        }
    }
}
