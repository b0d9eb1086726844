//! doseplan: plans vaccination campaigns, tracks coverage, mails the people who run them.

pub mod domain;
pub mod intake;
pub mod text;
