//! Profiles: what a platform exports never has our columns. A profile says which heading holds what, what codes mean,
//! how days and identity numbers are written.

mod cells;
mod file;
mod mapping;

pub(super) use cells::day;
pub(super) use file::plain;
pub use file::{CellKind, FromFile, Headings, PROFILES, Profile, UnknownCode};
pub(super) use mapping::{Mapping, header_of};
