//! What the planner knows of a vaccine: the number of doses, the time between them, the protection of each.
//! `rules` decides whether a dose counts and when the next one is due.

mod duration;
mod model;
mod season;

pub use duration::{Duration, DurationError, MonthEnd};
pub use model::{Series, SeriesDose};
pub use season::SeasonStart;
