//! Readings of the database take turns: each account has one at a time, and all together a few, so that one reader who
//! asks for a thousand days waits for himself alone.

use crate::app::AppError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most readings at a time, so that the daemon's own work has connections left.
const READERS: usize = 2;
/// The most readings of one account that wait. Our choice: a window full of tabs.
const WAITING_MAX: usize = 16;

/// Who reads and who waits.
#[derive(Debug)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    own: Mutex<BTreeMap<i64, Own>>,
}

#[derive(Debug)]
struct Own {
    turn: Arc<Semaphore>,
    /// Readings at work and waiting.
    count: usize,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(READERS)), own: Mutex::default() }
    }
}

/// A reading at work.
#[derive(Debug)]
pub(super) struct Turn {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
    _counted: Counted,
}

#[derive(Debug)]
struct Counted(Arc<Turns>, i64);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut own = self.0.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = own.get_mut(&self.1) {
            mine.count -= 1;
            if mine.count == 0 {
                own.remove(&self.1);
            }
        }
    }
}

impl Turns {
    /// Waits for the account's turn; refuses where too many of its readings wait already.
    pub(super) async fn take(self: &Arc<Self>, account: i64) -> Result<Turn, AppError> {
        let (turn, counted) = {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = own
                .entry(account)
                .or_insert_with(|| Own { turn: Arc::new(Semaphore::new(1)), count: 0 });
            if mine.count > WAITING_MAX {
                return Err(AppError::TooMany);
            }
            mine.count += 1;
            (Arc::clone(&mine.turn), Counted(Arc::clone(self), account))
        };
        let own = turn.acquire_owned().await.expect("it is never closed");
        let all = Arc::clone(&self.all).acquire_owned().await.expect("it is never closed");
        Ok(Turn { _own: own, _all: all, _counted: counted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_reader_of_a_thousand_days_waits_for_himself_alone() {
        let turns = Arc::new(Turns::default());
        let reading = turns.take(1).await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let turns = Arc::clone(&turns);
                tokio::spawn(async move { turns.take(1).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(matches!(turns.take(1).await, Err(AppError::TooMany)));
        let other = timeout(Duration::from_secs(5), turns.take(2)).await;
        drop(other.expect("another account does not wait").unwrap());
        drop(reading);
        for one in waiting {
            drop(one.await.unwrap().unwrap());
        }
        assert!(turns.own.lock().unwrap().is_empty());
    }
}
