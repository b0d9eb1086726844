//! What doseplan knows, decided from values alone: no I/O, no clock, no randomness without a seed.

pub mod account;
pub mod area;
pub mod assign;
pub mod audit;
pub mod calendar;
pub mod campaign;
pub mod catch_up;
pub mod contact;
pub mod count;
pub mod counting;
pub mod coverage;
pub mod date;
pub mod difference;
pub mod dose;
pub mod group;
pub mod hold;
pub mod id;
pub mod job;
pub mod judge;
pub mod message;
pub mod notice;
pub mod permission;
pub mod person;
pub mod plan;
pub mod planner;
pub mod relay;
pub mod report;
pub mod rules;
pub mod series;
pub mod site;
pub mod stock;
pub mod tables;
#[cfg(test)]
pub(crate) mod testing;
pub mod words;
