//! What the daemon does by itself, and when. One file for each job; `timetable` and `cron_line` are pure, `runner`
//! drives, `service` is the daemon's loops.

pub mod cron_line;
mod digest;
mod plan;
mod reminders;
pub mod runner;
mod service;
mod summary;
pub mod timetable;
