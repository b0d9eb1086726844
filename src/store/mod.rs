//! The one memory, and the only SQL. `db` holds everything that the two databases do differently;
//! one file for each table family. Every function works inside a transaction that the app began.

pub mod accounts;
pub mod arrivals;
pub mod assignments;
pub mod audit;
mod audit_key;
mod audit_line;
pub mod bounces;
pub mod bulk;
pub mod campaigns;
pub mod cells;
mod connect;
pub mod copy;
pub mod db;
pub mod doses;
pub mod doubtful;
mod error;
pub mod figures;
pub mod guesses;
pub mod health;
pub mod installation;
pub mod lock;
mod lookup;
mod migrations;
pub mod outbox;
pub mod outcomes;
pub mod people;
pub mod place;
pub mod plans;
pub mod records;
pub mod register;
pub mod relays;
pub mod reminders;
mod row;
pub mod runs;
pub mod seal;
mod secret;
pub mod swap;
pub mod tables;
pub mod tallies;
pub mod unsubscribed;
pub mod uploads;
mod value;

pub use db::{Store, Tx};
pub use error::StoreError;

/// The row number of a campaign in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CampaignNo(pub i64);

type Result<T> = std::result::Result<T, StoreError>;
