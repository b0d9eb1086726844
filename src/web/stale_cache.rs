//! Figures that pages show are cached for a second, so that many readers of the same page cost one query. While fresh
//! figures are computed, readers get stale ones.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

/// The age from which the next request computes a value again.
const AGE_MAX: Duration = Duration::from_secs(1);
/// The age up to which the previous value is still served while the new one is computed.
const BEFORE_MAX: Duration = Duration::from_secs(10);
/// How long a request waits for fresh figures before it gets the stale ones.
const PATIENCE: Duration = Duration::from_millis(25);
/// Values that are kept.
const KEPT_MAX: usize = 128;

type Value = Arc<dyn Any + Send + Sync>;

#[derive(Debug, Clone)]
struct Slot {
    made: Instant,
    value: Arc<OnceCell<Value>>,
    /// The previous value and when it was computed.
    before: Option<(Instant, Value)>,
}

/// Cached values by key.
#[derive(Debug, Default)]
pub(super) struct StaleCache(Mutex<BTreeMap<String, Slot>>);

/// What the cache has for a request.
enum Found {
    /// A value that is fresh enough.
    Value(Value),
    /// The cell in which a new value is or will be computed, and the stale value to serve meanwhile, if there is one.
    ToMake(Arc<OnceCell<Value>>, Option<Value>),
}

impl StaleCache {
    /// The value of `key`; `make` computes it where there is no fresh one. A computation that has begun runs to its end
    /// even if nobody waits for it any more.
    pub(super) async fn get<V, E, F>(
        &self,
        now: Instant,
        key: String,
        make: impl FnOnce() -> F,
    ) -> Result<Arc<V>, E>
    where
        V: Send + Sync + 'static,
        E: Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let value = match self.find(key, now) {
            Found::Value(value) => value,
            Found::ToMake(cell, before) => {
                let made = make();
                let made = async { made.await.map(|value| -> Value { Arc::new(value) }) };
                let task =
                    tokio::spawn(
                        async move { cell.get_or_try_init(|| made).await.map(Arc::clone) },
                    );
                let done = match before {
                    None => task.await,
                    Some(before) => match timeout(PATIENCE, task).await {
                        Ok(done) => done,
                        Err(_) => Ok(Ok(before)),
                    },
                };
                done.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()))?
            }
        };
        Ok(value.downcast().expect("a key is of one kind of value"))
    }

    fn find(&self, key: String, now: Instant) -> Found {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |made: Instant| now.duration_since(made);
        let mut before = None;
        if let Some(slot) = all.get(&key) {
            match (slot.value.get(), &slot.before) {
                (Some(value), _) if age(slot.made) < AGE_MAX => {
                    return Found::Value(Arc::clone(value));
                }
                (Some(value), _) => before = Some((slot.made, Arc::clone(value))),
                (None, Some((made, value))) if age(*made) < BEFORE_MAX => {
                    return Found::Value(Arc::clone(value));
                }
                (None, _) => return Found::ToMake(Arc::clone(&slot.value), None),
            }
        }
        if all.len() >= KEPT_MAX {
            all.retain(|_, slot| age(slot.made) < BEFORE_MAX);
        }
        if all.len() >= KEPT_MAX {
            // The oldest goes: one reader's thousand days do not drop what the others look at.
            let oldest = all.iter().min_by_key(|(_, slot)| slot.made);
            let oldest = oldest.map(|(key, _)| key.clone());
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let value = Arc::new(OnceCell::new());
        let does = before.clone().filter(|(made, _)| age(*made) < BEFORE_MAX);
        all.insert(key, Slot { made: now, value: Arc::clone(&value), before });
        Found::ToMake(value, does.map(|(_, value)| value))
    }

    /// Drops every value: called after a change, so that the next request sees it.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    async fn get(cache: &StaleCache, now: Instant, value: i32) -> Result<Arc<i32>, ()> {
        cache.get(now, "key".to_owned(), || async move { Ok(value) }).await
    }

    #[tokio::test]
    async fn a_value_is_made_once_a_second_and_anew_after_a_change() {
        let (cache, now) = (StaleCache::default(), Instant::now());
        assert_eq!(get(&cache, now, 1).await, Ok(Arc::new(1)));
        assert_eq!(get(&cache, now, 2).await, Ok(Arc::new(1)));
        assert_eq!(get(&cache, now + AGE_MAX, 3).await, Ok(Arc::new(3)));
        cache.forget();
        let failed = cache.get(now, "key".to_owned(), || async { Err::<i32, _>("no") });
        assert_eq!(failed.await, Err("no"));
        assert_eq!(get(&cache, now, 5).await, Ok(Arc::new(5)));
    }

    #[tokio::test]
    async fn while_a_new_one_is_made_the_one_before_does_and_what_was_begun_ends() {
        let (cache, mut now) = (StaleCache::default(), Instant::now());
        assert_eq!(get(&cache, now, 1).await, Ok(Arc::new(1)));
        now += AGE_MAX;
        let (go, wait) = oneshot::channel();
        let slow = cache.get(now, "key".to_owned(), || async { wait.await.map_err(drop) });
        assert_eq!(slow.await, Ok(Arc::new(1)), "patience has an end");
        assert_eq!(get(&cache, now, 9).await, Ok(Arc::new(1)), "nobody makes it twice");
        go.send(2).unwrap();
        // Once the previous value is too old, requests wait for the new one.
        now += BEFORE_MAX;
        assert_eq!(get(&cache, now, 9).await, Ok(Arc::new(2)));
        assert_eq!(get(&cache, now + BEFORE_MAX, 3).await, Ok(Arc::new(3)), "too old to do");
    }
}
