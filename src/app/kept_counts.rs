//! What counts of each campaign, kept in memory: a page, a mail and a command add up the same figures, and of what was
//! read before only the days that have changed are read again.

use super::{App, READ_MAX, Result};
use crate::domain::day_counts::{DayGiven, DayTotals};
use crate::store::{CampaignNo, Tx, counted};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// When more days have changed, everything is read again: one statement costs less than many.
const DAYS_MAX: usize = 16;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct KeptCounts {
    totals: Shelf<DayTotals>,
    given: Shelf<DayGiven>,
}

type Shelf<V> = Mutex<BTreeMap<CampaignNo, Kept<V>>>;

/// Figures and how often each day had changed when they were read.
#[derive(Debug, Clone)]
struct Kept<V> {
    changes: BTreeMap<NaiveDate, i64>,
    all_changes: i64,
    value: Arc<V>,
}

/// Figures that are read day by day.
trait ByDay: Clone + Default + Send + Sync {
    fn read(
        &mut self,
        tx: &mut Tx,
        no: CampaignNo,
        days: (NaiveDate, NaiveDate),
    ) -> impl Future<Output = Result<()>> + Send;
}

impl ByDay for DayTotals {
    async fn read(
        &mut self,
        tx: &mut Tx,
        no: CampaignNo,
        days: (NaiveDate, NaiveDate),
    ) -> Result<()> {
        Ok(counted::read_totals(tx, no, days, self).await?)
    }
}

impl ByDay for DayGiven {
    async fn read(
        &mut self,
        tx: &mut Tx,
        no: CampaignNo,
        days: (NaiveDate, NaiveDate),
    ) -> Result<()> {
        Ok(counted::read_given(tx, no, days, self).await?)
    }
}

impl KeptCounts {
    /// Forgets everything: the number of a campaign is another one's.
    pub(super) fn forget(&self) {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.given.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Every day that a date can have in both databases.
fn every_day() -> (NaiveDate, NaiveDate) {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    (day(1, 1, 1), day(9999, 12, 31))
}

/// The figures as the transaction sees them.
async fn current<V: ByDay>(shelf: &Shelf<V>, tx: &mut Tx, no: CampaignNo) -> Result<Arc<V>> {
    let on_shelf = || shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let all_changes = counted::changes(tx, no).await?;
    let known = on_shelf().get(&no).cloned();
    if let Some(known) = known.as_ref().filter(|known| known.all_changes == all_changes) {
        return Ok(Arc::clone(&known.value));
    }
    let changes = counted::changes_by_day(tx, no).await?;
    let mut value = V::default();
    let is_changed = |known: &Kept<V>, day: &NaiveDate| known.changes.get(day) != changes.get(day);
    let changed = known.as_ref().map(|known| {
        let days = changes.keys().chain(known.changes.keys());
        let mut days: Vec<NaiveDate> = days.filter(|day| is_changed(known, day)).copied().collect();
        days.sort_unstable();
        days.dedup();
        days
    });
    match (known, changed) {
        (Some(known), Some(days)) if days.len() <= DAYS_MAX => {
            value.clone_from(&known.value);
            for day in days {
                value.read(tx, no, (day, day)).await?;
            }
        }
        _ => value.read(tx, no, every_day()).await?,
    }
    let value = Arc::new(value);
    // What a writing transaction sees may never come true.
    if !tx.writes() {
        let mut kept = on_shelf();
        if kept.len() >= READ_MAX && !kept.contains_key(&no) {
            kept.clear();
        }
        kept.insert(no, Kept { changes, all_changes, value: Arc::clone(&value) });
    }
    Ok(value)
}

impl App {
    /// The totals of a campaign as a transaction sees them.
    pub(super) async fn totals_in(&self, tx: &mut Tx, no: CampaignNo) -> Result<Arc<DayTotals>> {
        current(&self.counts.totals, tx, no).await
    }

    /// The doses that the places of a campaign gave, as a transaction sees them.
    pub(super) async fn given_in(&self, tx: &mut Tx, no: CampaignNo) -> Result<Arc<DayGiven>> {
        current(&self.counts.given, tx, no).await
    }

    /// The doses that the places of a campaign gave up to a day, by day and place.
    pub async fn given_until(
        &self,
        no: CampaignNo,
        last: NaiveDate,
    ) -> Result<crate::domain::stock::GivenAt> {
        let mut tx = self.store.read().await?;
        Ok(self.given_in(&mut tx, no).await?.until(last))
    }

    /// Reads what counts of the open campaigns, so that the first who asks does not wait for it.
    pub async fn warm_counts(&self) -> Result<()> {
        let all = self.campaigns().await?;
        for loaded in all.iter().filter(|loaded| loaded.is_open) {
            let mut tx = self.store.read().await?;
            self.totals_in(&mut tx, loaded.no).await?;
            self.given_in(&mut tx, loaded.no).await?;
            drop(tx);
            self.sessions(loaded).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::counting::{Cell, CellKey, Cells, FamilyKey};
    use crate::domain::permission::Actor;
    use crate::domain::testing::{county, day};
    use crate::store::{Store, cells};
    use chrono::{TimeZone as _, Utc};

    /// A tally of first doses at a place on a day.
    fn tally(at: i64, place: &str, doses: i64) -> Cells {
        let family =
            FamilyKey { day: day(at), place: place.into(), group: "senior".into(), dose: 1 };
        let cell = Cell { tally: doses, tallies: 1, ..Cell::default() };
        Cells::from([(CellKey { family, area: "A".into() }, cell)])
    }

    async fn store(app: &App, no: CampaignNo, cells: Cells) {
        let mut tx = app.store.write().await.expect("a transaction");
        cells::change(&mut tx, no, cells).await.expect("cells");
        tx.commit().await.expect("a commit");
    }

    /// Doses by day and place, and all doses of the totals.
    async fn seen(app: &App, no: CampaignNo) -> (Vec<(i64, String, u64)>, i64) {
        let given = app.given_until(no, day(99)).await.expect("doses");
        let row = |((on, place), doses): ((NaiveDate, crate::domain::id::PlaceCode), u64)| {
            ((on - day(0)).num_days(), place.to_string(), doses)
        };
        let mut tx = app.store.read().await.expect("a transaction");
        let totals = app.totals_in(&mut tx, no).await.expect("totals");
        let doses = totals.sums(day(99), &[]).iter().map(|sum| sum.doses).sum();
        (given.into_iter().map(row).collect(), doses)
    }

    #[tokio::test]
    async fn what_is_kept_is_what_the_database_has_whoever_changed_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("sqlite://{}", folder.path().join("doseplan.db").display());
        let app = App::new(Store::open(&address, true).await.expect("a store"), Config::default());
        let now = Utc.with_ymd_and_hms(2021, 4, 1, 0, 0, 0).single().expect("a time");
        app.apply(&county(), Actor::CommandLine, now).await.expect("a campaign");
        let no = app.campaign(None).await.expect("a campaign").no;
        assert_eq!(seen(&app, no).await, (vec![], 0));
        store(&app, no, tally(1, "S1", 10)).await;
        store(&app, no, tally(2, "S2", 7)).await;
        let s1 = |doses: u64| (1, "S1".to_owned(), doses);
        let s2 = (2, "S2".to_owned(), 7);
        assert_eq!(seen(&app, no).await, (vec![s1(10), s2.clone()], 17));
        // Another process, which has read nothing of it.
        let other =
            App::new(Store::open(&address, false).await.expect("a store"), Config::default());
        store(&other, no, tally(1, "S1", 5)).await;
        assert_eq!(seen(&app, no).await, (vec![s1(15), s2.clone()], 22));
        assert_eq!(seen(&other, no).await, (vec![s1(15), s2.clone()], 22));
        // Whoever writes sees what they wrote; nobody else does, also once it is gone.
        let mut tx = app.store.write().await.expect("a transaction");
        cells::change(&mut tx, no, tally(1, "S1", 100)).await.expect("cells");
        let own = app.given_in(&mut tx, no).await.expect("doses").until(day(1));
        assert_eq!(own.values().copied().collect::<Vec<_>>(), [115]);
        drop(tx);
        store(&app, no, tally(1, "S1", 1)).await;
        assert_eq!(seen(&app, no).await, (vec![s1(16), s2.clone()], 23));
        // More days at once than are read one by one.
        let many = (10..40).flat_map(|at| tally(at, "S1", 2)).collect();
        store(&app, no, many).await;
        assert_eq!(seen(&app, no).await.1, 23 + 30 * 2);
        // What is counted again takes days away.
        let mut tx = app.store.write().await.expect("a transaction");
        cells::replace(&mut tx, no, tally(2, "S2", 7)).await.expect("cells");
        tx.commit().await.expect("a commit");
        assert_eq!(seen(&app, no).await, (vec![s2], 7));
    }
}
