//! What the planner must know of a vaccine: how many doses, how long to wait between them, what each
//! protects. Whether doses count and when the next one is due is said by `rules`.

mod duration;
mod model;

pub use duration::{Duration, DurationError, MonthEnd};
pub use model::{Series, SeriesDose};
