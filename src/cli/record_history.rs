//! What was known about a record, now and before, and who said so.

use super::output::{Sheet, harmless};
use super::{Invocation, exit};
use crate::app::import::Kind;
use crate::app::record_history::RecordVersion;
use crate::domain::dose::{Dose, Tally};
use crate::domain::id::RecordId;
use crate::store::records::Record;
use chrono_tz::Tz;

/// A kind of record whose history can be shown.
pub(super) trait Told: Record {
    /// What it is.
    const KIND: Kind;
    /// The columns that tell of it.
    const COLUMNS: &'static [&'static str];

    /// Their cells.
    fn cells(&self) -> Vec<String>;
}

impl Told for Dose {
    const KIND: Kind = Kind::Doses;
    const COLUMNS: &'static [&'static str] = &["record", "person", "date", "place", "lot"];

    fn cells(&self) -> Vec<String> {
        let lot = self.lot.as_ref().map(ToString::to_string).unwrap_or_default();
        let [record, person] = [self.record.to_string(), self.person.to_string()];
        vec![record, person, self.date.to_string(), self.place.to_string(), lot]
    }
}

impl Told for Tally {
    const KIND: Kind = Kind::Tallies;
    const COLUMNS: &'static [&'static str] =
        &["record", "date", "place", "area", "group", "dose", "doses"];

    fn cells(&self) -> Vec<String> {
        let [record, date] = [self.record.to_string(), self.date.to_string()];
        let [place, area] = [self.place.to_string(), self.area.to_string()];
        let [dose, doses] = [self.dose.to_string(), self.doses.to_string()];
        vec![record, date, place, area, self.group.to_string(), dose, doses]
    }
}

/// Shows the history of a record.
pub(super) async fn history<T: Told>(invocation: &Invocation, record: &str) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let meant = app.meant(None).await?;
    let zone = meant.first().map_or(Tz::UTC, |loaded| loaded.campaign.timezone);
    let record = RecordId::new(record.trim());
    let local = |at| super::job::local(zone, at);
    let told = ["recorded_at", "who", "address", "superseded_at", "why", "by"];
    let mut sheet = Sheet::new(&[T::COLUMNS, &told[..]].concat());
    for version in app.record_history::<T>(T::KIND, &record).await? {
        let RecordVersion { value, from, author, end } = version;
        let mut cells = value.cells();
        cells.extend([local(from), author.who, author.address.unwrap_or_default()]);
        match end {
            Some(end) => cells.extend([local(end.at), end.why, end.author.who]),
            None => cells.extend([String::new(), String::new(), String::new()]),
        }
        sheet.push(cells);
    }
    if sheet.is_empty() {
        let record = harmless(record.as_str());
        return Err(invocation.out.fail("fail-no-record", &[("record", &record)]));
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}
