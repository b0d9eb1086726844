//! doseplan: plans vaccination campaigns, tracks coverage, mails the people who run them.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod intake;
pub mod jobs;
pub mod mail;
pub mod store;
pub mod text;
