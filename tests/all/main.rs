//! What a user, a script or another program may rely on, tried from outside.

mod cli;
mod coverage;
mod imports;
mod jobs;
mod mail;
mod planner;
mod store;
mod support;
