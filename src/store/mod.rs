//! The one memory, and the only SQL. `db` holds everything that the two databases do differently;
//! one file for each table family. Every function works inside a transaction that the app began.

pub mod accounts;
pub mod apart;
pub mod arrivals;
pub mod assignments;
pub mod audit;
mod audit_key;
mod audit_line;
pub mod births;
pub mod bookings;
pub mod bounces;
pub mod briefings;
pub mod bulk;
pub mod calls;
pub mod campaigns;
pub mod cells;
mod connect;
pub mod copy;
pub mod counted;
pub mod db;
pub mod doses;
pub mod doubtful;
pub mod duties;
pub mod erasing;
mod error;
pub mod facts;
pub mod figures;
pub mod guesses;
pub mod health;
pub mod homes;
pub mod imports;
pub mod installation;
mod json_rows;
pub mod jurisdictions;
pub mod lock;
pub mod locked;
mod lookup;
pub mod mergers;
mod migrations;
pub mod near;
pub mod oidc;
mod opening;
pub mod outbox;
pub mod outcomes;
pub mod outlines;
pub mod people;
pub mod people_codes;
pub mod person_file;
mod pieces;
pub mod place;
pub mod plans;
pub mod receipts;
pub mod records;
pub mod register;
pub mod relays;
pub mod reminders;
pub mod requests;
mod row;
pub mod runs;
pub mod schools;
pub mod seal;
pub mod second_factors;
mod secret;
pub mod sign_in;
pub mod swap;
pub mod tables;
pub mod tallies;
pub mod unrest;
pub mod unsubscribed;
pub mod uploads;
mod value;
pub mod visits;
pub mod voided;
pub mod waiting;
pub mod walk;
pub mod ways;

pub use crate::domain::id::CampaignNo;
pub use db::{Store, Tx};
pub use error::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// A list of texts as one value of a statement.
fn json_list(texts: &[&str]) -> String {
    serde_json::to_string(texts).expect("texts are plain data")
}
