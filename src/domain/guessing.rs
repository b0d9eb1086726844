//! How long somebody who gave wrong passwords waits for the next try. It grows with each one; nobody is ever locked out
//! for good, and nobody waits for what another source did.
//!
//! - A **pair** is a source (network address) and an account: whoever guesses one password from one place.
//! - A **source** alone: whoever tries one password for many accounts.
//! - An **account** alone: whoever guesses from many places. There the right password may come too, so it is answered
//!   later and never refused.
//! - **Codes** of one account's second factor: six digits are few, so whoever gives wrong ones waits from wherever they
//!   come. Nobody gets there without the password, so that no stranger can make the owner wait.

use chrono::TimeDelta;

/// Whose wrong passwords are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guesser {
    /// A source that guesses at one account.
    Pair,
    /// A source.
    Source,
    /// An account.
    Account,
    /// The second factor of an account.
    Codes,
}

impl Guesser {
    /// Wrong passwords that cost nothing, the first wait, and the longest. Our choice: people mistype a few times, and
    /// an office may share one address.
    fn limits(self) -> (i64, TimeDelta, TimeDelta) {
        match self {
            // Of codes, whoever waits until it is forgotten has 550 tries a day, with three right ones in a million:
            // one chance in 600.
            Self::Pair | Self::Codes => (5, TimeDelta::seconds(1), TimeDelta::minutes(15)),
            Self::Source => (30, TimeDelta::seconds(1), TimeDelta::seconds(30)),
            Self::Account => (10, TimeDelta::milliseconds(250), TimeDelta::seconds(4)),
        }
    }

    /// How long the next try waits after so many wrong passwords.
    pub fn wait(self, failures: i64) -> TimeDelta {
        let (free, first, longest) = self.limits();
        if failures < free {
            return TimeDelta::zero();
        }
        let over = u32::try_from(failures - free).unwrap_or(u32::MAX);
        let wait = i32::checked_pow(2, over.min(30)).and_then(|times| first.checked_mul(times));
        wait.map_or(longest, |wait| wait.min(longest))
    }
}

/// After so long without a wrong password they are forgotten. Longer than the longest wait.
pub const FORGOTTEN: TimeDelta = TimeDelta::minutes(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_have_an_end() {
        let seconds = |guesser: Guesser, failures| guesser.wait(failures).num_milliseconds();
        let pair = [0, 4, 5, 6, 7, 10, 14, 15, 1_000_000].map(|n| seconds(Guesser::Pair, n));
        let minutes = 15 * 60_000;
        assert_eq!(pair, [0, 0, 1000, 2000, 4000, 32_000, 512_000, minutes, minutes]);
        let source = [29, 30, 33, 99].map(|n| seconds(Guesser::Source, n));
        assert_eq!(source, [0, 1000, 8000, 30_000]);
        assert_eq!([4, 5, 15].map(|n| seconds(Guesser::Codes, n)), [0, 1000, minutes]);
        let account = [9, 10, 12, i64::MAX].map(|n| seconds(Guesser::Account, n));
        assert_eq!(account, [0, 250, 1000, 4000]);
    }
}
