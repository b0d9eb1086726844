//! Dose rules: which doses a series has, how old a person must be, how long to wait between doses.
//! *evaluate* looks back at doses given, *forecast* looks ahead to the next one.

mod duration;
mod evaluate;
mod forecast;
mod model;

pub use duration::{Duration, DurationError, MonthEnd};
pub use evaluate::{Evaluated, Fault, Given, evaluate};
pub use forecast::{Due, forecast};
pub use model::{Series, SeriesDose};
