//! Reads TOML, CSV and XLSX into domain values, or into a list of everything that is wrong.
//!
//! A *table* is what a CSV file, a sheet and a TOML list of tables have in common. Its rows are read by *fields*,
//! and every fault becomes an [`Issue`] with file, row, column and a stable code. Small files (a campaign) are read
//! whole; long ones (doses, persons) are read in batches: [`rows`].

mod agreed;
pub mod bookings;
mod campaign;
mod campaign_settings;
mod campaign_tables;
mod check;
mod check_places;
mod check_points;
pub mod csv_out;
mod encoding;
mod errors_file;
pub mod export;
mod fields;
mod forms;
pub mod history;
mod issue;
mod jurisdiction;
mod labels;
mod local;
pub mod national;
pub mod outlines;
mod place_tables;
pub mod profile;
pub mod proposal;
mod records;
pub mod rows;
pub mod rules;
pub mod series;
mod settings;
mod settle;
mod shut;
mod source;
mod staff_tables;
mod table;
mod tables;
mod toml_file;
mod tree;
mod values;
mod workbook;
mod workbook_codes;
mod workbook_errors;
pub mod workbook_form;
pub mod workbook_out;

#[cfg(test)]
mod tests;

pub use campaign::{Loaded, campaign, campaign_beside, workbook};
pub use errors_file::{ErrorsFile, errors_path};
pub(crate) use issue::nearest;
pub use issue::{CODES, Issue, Severity, View, has_errors};
pub use jurisdiction::{LoadedJurisdiction, jurisdiction};
pub use labels::label_of;
pub use local::{LoadedLocal, in_folder, local_campaigns};
pub(crate) use settle::settled;
pub use shut::{issues as shut_issues, shut};
pub use workbook::{read_in_children as read_workbooks_in_children, serve as serve_workbook};
pub use workbook_errors::{marked, marked_path, marked_upload};
