//! What leads read of people.

use crate::app::{Loaded, Result};
use crate::domain::id::PersonId;
use crate::domain::notice::PersonLine;
use crate::domain::person::{Person, group_of};
use crate::store::{Tx, records};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What a lead may see of people, as they are on a day, and the people themselves.
pub(super) async fn lines(
    tx: &mut Tx,
    loaded: &Loaded,
    ids: BTreeSet<&PersonId>,
    day: NaiveDate,
) -> Result<(BTreeMap<PersonId, PersonLine>, BTreeMap<PersonId, Person>)> {
    let known = records::find::<Person>(tx, ids.into_iter().map(PersonId::as_str)).await?;
    let people: BTreeMap<PersonId, Person> =
        known.into_values().map(|known| (known.value.id.clone(), known.value)).collect();
    let line = |person: &Person| {
        let group = group_of(&loaded.campaign, person.traits(), day);
        PersonLine {
            person: person.id.clone(),
            name: person.name.clone(),
            phone: person.phone.clone(),
            group_name: group.map(|group| group.name.clone()).unwrap_or_default(),
            dose: 0,
        }
    };
    let lines = people.iter().map(|(id, person)| (id.clone(), line(person))).collect();
    Ok((lines, people))
}
