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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_another_database_may_send_has_this_one_to_be_adopted() {
        let copies: Vec<_> =
            HoldReason::ALL.into_iter().filter(|why| why.is_copy()).map(HoldReason::word).collect();
        assert_eq!(copies, ["copied", "restored", "moved", "set_back"]);
    }
}
