//! What pages are made of is kept for a moment: many who look at the same figures ask the database once.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// A value that is older is made anew by the next who asks.
const AGE_MAX: Duration = Duration::from_secs(1);
/// While that goes on, the others get the one before, if it is not older than this.
const BEFORE_MAX: Duration = Duration::from_secs(10);
/// Values that are kept.
const KEPT_MAX: usize = 64;

type Value = Arc<dyn Any + Send + Sync>;

#[derive(Debug, Clone)]
struct Slot {
    made: Instant,
    value: Arc<OnceCell<Value>>,
    /// The value before, and when it was made.
    before: Option<(Instant, Value)>,
}

/// Values by what they are of.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<BTreeMap<String, Slot>>);

impl Kept {
    /// The value of a key, made by `make` where there is none that is new enough.
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
        let value = match self.slot(key, now) {
            Ok(value) => value,
            Err(cell) => {
                let make = async { make.await.map(|value| -> Value { Arc::new(value) }) };
                Arc::clone(cell.get_or_try_init(|| make).await?)
            }
        };
        Ok(value.downcast().expect("a key is of one kind of value"))
    }

    /// The value that is good enough, or the cell in which it is, or shall be, made.
    fn slot(&self, key: String, now: Instant) -> Result<Value, Arc<OnceCell<Value>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |made: Instant| now.duration_since(made);
        let mut before = None;
        if let Some(slot) = all.get(&key) {
            match (slot.value.get(), &slot.before) {
                (Some(value), _) if age(slot.made) < AGE_MAX => return Ok(Arc::clone(value)),
                (Some(value), _) => before = Some((slot.made, Arc::clone(value))),
                (None, Some((made, value))) if age(*made) < BEFORE_MAX => {
                    return Ok(Arc::clone(value));
                }
                (None, _) => return Err(Arc::clone(&slot.value)),
            }
        }
        if all.len() >= KEPT_MAX {
            all.retain(|_, slot| age(slot.made) < BEFORE_MAX);
        }
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        let value = Arc::new(OnceCell::new());
        all.insert(key, Slot { made: now, value: Arc::clone(&value), before });
        Err(value)
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
        let third = kept.get_at(now, "key".to_owned(), async {
            // Who asks meanwhile gets the one before; who asks much later waits.
            assert_eq!(get(now, 9).await, Ok(Arc::new(1)));
            Ok::<_, ()>(3)
        });
        assert_eq!(third.await, Ok(Arc::new(3)));
        assert_eq!(get(now, 4).await, Ok(Arc::new(3)));
        kept.forget();
        let failed = kept.get_at(now, "key".to_owned(), async { Err::<i32, _>("no") });
        assert_eq!(failed.await, Err("no"));
        assert_eq!(get(now, 5).await, Ok(Arc::new(5)));
    }
}
