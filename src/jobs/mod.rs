//! What the daemon does by itself, and when. One file for each job; `timetable` is pure, `runner` drives,
//! `service` is the daemon's loops.

mod digest;
mod plan;
mod reminders;
pub mod runner;
mod service;
mod summary;
pub mod timetable;
