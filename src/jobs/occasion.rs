//! One occurrence of a job.

use chrono::{DateTime, Utc};

/// One occurrence of a job.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// When it was due. The job's day follows from this, not from when it runs.
    pub due: DateTime<Utc>,
    /// When it really runs.
    pub now: DateTime<Utc>,
}
