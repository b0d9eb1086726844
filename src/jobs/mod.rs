//! The jobs and when they are due. There is one file for each job; `timetable` and `cron_line` are pure, `runner` runs
//! jobs and sends mail, `service` holds the daemon's loops.

mod cron_fields;
pub mod cron_line;
mod digest;
mod occasion;
pub mod overdue;
mod plan;
mod reminders;
pub mod runner;
mod schools;
mod service;
mod summary;
pub mod timetable;
