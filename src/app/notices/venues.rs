//! What a reminder says of its place beyond the name: address, telephone, and the hours of the day.

use super::draft::Draft;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::notice::{ReminderWhy, Venue};
use chrono::NaiveDate;

/// Adds to appointments how their places are found, as the jurisdiction knows them.
pub(super) fn add_venues(drafts: &mut [Draft], of: Option<&Jurisdiction>) {
    let Some(of) = of else { return };
    for (_, part) in drafts.iter_mut().flat_map(|draft| &mut draft.parts) {
        for item in &mut part.items {
            let (ReminderWhy::Tomorrow { day, place, .. } | ReminderWhy::Given { day, place, .. }) =
                &item.why
            else {
                continue;
            };
            item.venue = venue(of, place.as_str(), *day);
        }
    }
}

/// How a site or stop is found; `None` where nothing is known of it.
fn venue(of: &Jurisdiction, code: &str, day: NaiveDate) -> Option<Venue> {
    let found = match (of.site_on(code, day), of.stop(code)) {
        (Some(row), _) => Venue {
            address: row.address.clone(),
            phone: row.phone.clone(),
            hours: row.hours.map(|hours| (hours.opens, hours.closes)),
        },
        (None, Some(row)) => {
            Venue { address: row.address.clone(), phone: row.phone.clone(), hours: None }
        }
        (None, None) => return None,
    };
    let is_known = found.address.is_some() || found.phone.is_some() || found.hours.is_some();
    is_known.then_some(found)
}
