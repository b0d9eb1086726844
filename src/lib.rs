#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
mod characters;
pub mod chart;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod fault;
pub mod files;
pub mod intake;
pub mod jobs;
pub mod machine;
pub mod mail;
pub mod secrets;
pub mod store;
pub mod text;
pub mod web;
