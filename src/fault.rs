//! Named steps at which a test may kill the process, as a power cut would. A release build has none.

use std::fmt;
use std::sync::Arc;

/// What happens at a step: nothing, unless a test sets it.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<dyn Fn(&'static str) + Send + Sync>>);

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(…)" } else { "Faults" })
    }
}

impl Faults {
    /// Calls `hook` at every step with its name.
    pub fn new(hook: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// Announces that a step was reached.
    pub fn at(&self, step: &'static str) {
        if let Some(hook) = &self.0 {
            hook(step);
        }
    }

    /// In a debug build, `DOSEPLAN_KILL_AT=STEP:N` aborts the process when the step is reached for the n-th time.
    pub fn from_environment() -> Self {
        #[cfg(debug_assertions)]
        if let Ok(wanted) = std::env::var("DOSEPLAN_KILL_AT") {
            let (step, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
            let (step, count) = (step.to_owned(), count.parse::<u64>().unwrap_or(1));
            let passed = std::sync::atomic::AtomicU64::new(0);
            return Self::new(move |at| {
                let is_it = at == step
                    && passed.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == count;
                if is_it {
                    std::process::abort();
                }
            });
        }
        Self::default()
    }
}
