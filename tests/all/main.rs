//! What a user, a script or another program may rely on, tried from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

mod cli;
mod coverage;
mod faults;
mod imports;
mod jobs;
mod mail;
mod planner;
mod planner_ask;
mod planner_kinds;
mod store;
mod support;
