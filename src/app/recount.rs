//! Counts all records again: to see what was known at some moment, and to check the stored totals.

use super::{App, Loaded, Result};
use crate::domain::counting::{
    Cells, Total, TotalKey, add_family, count_person, count_tally, families,
};
use crate::domain::dose::{Dose, Tally};
use crate::domain::id::PersonId;
use crate::domain::person::Person;
use crate::store::{Tx, cells, doses, records};
use std::collections::{BTreeMap, BTreeSet};

/// The cells of the records that were known before an instant (milliseconds since 1970).
pub async fn cells_known(tx: &mut Tx, loaded: &Loaded, before: i64) -> Result<Cells> {
    let mut out = Cells::new();
    let mut given: BTreeMap<PersonId, Vec<Dose>> = BTreeMap::new();
    records::each_known(tx, before, |dose: Dose| {
        given.entry(dose.person.clone()).or_default().push(dose);
    })
    .await?;
    records::each_known(tx, before, |person: Person| {
        if let Some(mut mine) = given.remove(&person.id) {
            doses::sort(&mut mine);
            count_person(loaded.rules(), &person.enrollee(), &mine, 1, &mut out);
        }
    })
    .await?;
    records::each_known(tx, before, |tally: Tally| {
        if tally.campaign == Some(loaded.no) {
            count_tally(&loaded.campaign.tally_now(&tally), 1, &mut out);
        }
    })
    .await?;
    Ok(out)
}

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recount {
    /// How many totals agree with the records.
    pub right: usize,
    /// Totals that do not agree: the doses stored, and the doses that the records give.
    pub wrong: Vec<(TotalKey, i64, i64)>,
}

impl App {
    /// Compares the stored totals with the records. With `repair` the totals are written again.
    pub async fn recount(&self, loaded: &Loaded, repair: bool) -> Result<Recount> {
        let mut tx = if repair { self.store.write().await? } else { self.store.read().await? };
        let found = recount(&mut tx, loaded, repair).await?;
        tx.commit().await?;
        Ok(found)
    }
}

/// The same within a transaction. With `repair` it must be a writing one. Totals hold every record, also one whose time
/// lies ahead because the clock went back since; so what is compared is as of the newest record, whatever time it is.
pub async fn recount(tx: &mut Tx, loaded: &Loaded, repair: bool) -> Result<Recount> {
    let counted = cells_known(tx, loaded, i64::MAX).await?;
    let mut should = BTreeMap::new();
    for (family, cells) in families(counted.clone()) {
        add_family(&family, &cells, 1, &mut should);
    }
    should.retain(|_, total| *total != Total::default());
    let stand = cells::totals(tx, loaded.no).await?;
    let keys: BTreeSet<_> = should.keys().chain(stand.keys()).collect();
    let mut found = Recount { right: 0, wrong: Vec::new() };
    for key in keys {
        let (is, ought) = (stand.get(key), should.get(key));
        if is == ought {
            found.right += 1;
        } else {
            let doses = |total: Option<&Total>| total.map_or(0, |total| total.doses);
            found.wrong.push((key.clone(), doses(is), doses(ought)));
        }
    }
    if repair {
        cells::replace(tx, loaded.no, counted).await?;
    }
    Ok(found)
}
