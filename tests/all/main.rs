//! What a user, a script or another program may rely on, tried from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

mod bounces;
mod cli;
mod coverage;
mod faults;
mod imports;
mod jobs;
mod mail;
mod planner;
mod store;
mod support;
