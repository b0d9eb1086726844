//! What pages are made of is kept for a moment: many who look at the same figures ask the database once.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Figures on a page are at most so old.
const AGE_MAX: Duration = Duration::from_secs(1);
/// Values that are kept.
const KEPT_MAX: usize = 64;

type Value = Arc<dyn Any + Send + Sync>;

#[derive(Debug)]
struct Slot {
    made: Instant,
    value: OnceCell<Value>,
}

/// Values by what they are of.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<BTreeMap<String, Arc<Slot>>>);

impl Kept {
    /// The value of a key, made by `make` where there is none that is new enough. Who asks while it is made waits for
    /// the same one.
    pub(super) async fn get<V: Send + Sync + 'static, E>(
        &self,
        key: String,
        make: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        self.get_at(Instant::now(), key, make).await
    }

    async fn get_at<V: Send + Sync + 'static, E>(
        &self,
        now: Instant,
        key: String,
        make: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        let slot = self.slot(key, now);
        let made = slot
            .value
            .get_or_try_init(|| async { make.await.map(|value| -> Value { Arc::new(value) }) });
        let value = Arc::clone(made.await?);
        Ok(value.downcast().expect("a key is of one kind of value"))
    }

    fn slot(&self, key: String, now: Instant) -> Arc<Slot> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |slot: &Arc<Slot>| now.duration_since(slot.made) < AGE_MAX;
        if let Some(slot) = all.get(&key).filter(|slot| is_new(slot)) {
            return Arc::clone(slot);
        }
        if all.len() >= KEPT_MAX {
            all.retain(|_, slot| is_new(slot));
        }
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        let slot = Arc::new(Slot { made: now, value: OnceCell::new() });
        all.insert(key, Arc::clone(&slot));
        slot
    }

    /// Something was changed here: whoever asks next sees it.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_made_once_a_second_and_anew_after_a_change() {
        let (kept, now) = (Kept::default(), Instant::now());
        let get = async |now: Instant, value: i32| {
            kept.get_at(now, "key".to_owned(), async move { Ok::<_, ()>(value) }).await
        };
        assert_eq!((get(now, 1).await, get(now, 2).await), (Ok(Arc::new(1)), Ok(Arc::new(1))));
        let now = now + AGE_MAX;
        assert_eq!(get(now, 3).await, Ok(Arc::new(3)));
        kept.forget();
        let failed = kept.get_at(now, "key".to_owned(), async { Err::<i32, _>("no") });
        assert_eq!(failed.await, Err("no"));
        assert_eq!(get(now, 4).await, Ok(Arc::new(4)));
    }
}
