//! The one memory, and the only SQL. `db` holds everything that the two databases do differently;
//! one file for each table family. Every function works inside a transaction that the app began.

pub mod accounts;
pub mod apart;
pub mod arrivals;
pub mod assignments;
pub mod audit;
pub mod bounces;
pub mod bulk;
pub mod campaigns;
pub mod cells;
pub mod copy;
pub mod db;
pub mod doses;
pub mod erasing;
mod error;
pub mod figures;
pub mod health;
pub mod imports;
pub mod installation;
mod lookup;
mod migrations;
pub mod outbox;
pub mod outcomes;
pub mod people;
pub mod people_codes;
pub mod person_file;
pub mod place;
pub mod plans;
pub mod records;
pub mod register;
pub mod relays;
pub mod reminders;
mod row;
pub mod runs;
pub mod tables;
pub mod tallies;
pub mod unsubscribed;
pub mod uploads;
pub mod voided;

pub use crate::domain::id::CampaignNo;
pub use db::{Store, Tx};
pub use error::StoreError;

type Result<T> = std::result::Result<T, StoreError>;
