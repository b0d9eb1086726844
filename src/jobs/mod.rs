//! What the daemon does by itself, and when. One file for each job; `timetable` is pure, `runner` drives.

mod digest;
mod plan;
mod reminders;
pub mod runner;
mod summary;
pub mod timetable;
