//! The jurisdiction: every version of its areas and places, whole.

use super::audit::Act;
use super::db::Row;
use super::{Result, Tx, campaigns};
use crate::args;
use crate::domain::jurisdiction::{LocalCampaign, StoredJurisdiction};

/// A version of the jurisdiction as it was applied.
#[derive(Debug, Clone)]
pub struct PlacesVersion {
    /// Counted from 1.
    pub version: i64,
    /// When it was applied, milliseconds since 1970.
    pub applied_at: i64,
    /// What it said.
    pub stored: StoredJurisdiction,
}

const NUMBER_AT: &str = "SELECT COALESCE(MAX(version), 1) FROM jurisdiction_version \
     WHERE applied_at < $1";
const ONE: &str = "SELECT version, applied_at, content FROM jurisdiction_version \
     WHERE version = $1";
const VERSIONS: &str = "SELECT version, applied_at, content FROM jurisdiction_version \
     ORDER BY version";
const NEWEST: &str = "SELECT version, applied_at, content FROM jurisdiction_version \
     ORDER BY version DESC LIMIT $1";
const INSERT: &str = "INSERT INTO jurisdiction_version (version, applied_at, content) \
     SELECT COALESCE(MAX(version), 0) + 1, $1, $2 FROM jurisdiction_version";
const INSERT_FIRST: &str = "INSERT INTO jurisdiction_version (version, applied_at, content) \
     VALUES (1, $1, $2) ON CONFLICT (version) DO NOTHING";
const IS_UNGATHERED: &str = "SELECT 1 WHERE EXISTS (SELECT 1 FROM campaign_version) \
     AND NOT EXISTS (SELECT 1 FROM jurisdiction_version)";

/// The number of the version that was known before an instant (milliseconds since 1970); 1 where there was none yet.
pub async fn number_known(tx: &mut Tx, before: i64) -> Result<i64> {
    tx.row(NUMBER_AT, args![before]).await?.map_or(Ok(0), |row| row.get(0))
}

/// A version by its number.
pub async fn find(tx: &mut Tx, version: i64) -> Result<Option<PlacesVersion>> {
    tx.row(ONE, args![version]).await?.as_ref().map(self::version).transpose()
}

/// The newest version; an empty jurisdiction where nothing was ever applied.
pub async fn newest(tx: &mut Tx) -> Result<StoredJurisdiction> {
    let no = number_known(tx, i64::MAX).await?;
    Ok(find(tx, no).await?.map(|version| version.stored).unwrap_or_default())
}

/// Every version, oldest first.
pub async fn versions(tx: &mut Tx) -> Result<Vec<PlacesVersion>> {
    tx.rows(VERSIONS, args![]).await?.iter().map(version).collect()
}

/// The newest versions, at most so many, oldest first.
pub async fn newest_versions(tx: &mut Tx, most: i64) -> Result<Vec<PlacesVersion>> {
    tx.rows(NEWEST, args![most]).await?.iter().rev().map(version).collect()
}

/// Stores a new version.
pub async fn insert(act: &mut Act, stored: &StoredJurisdiction, now: i64) -> Result<()> {
    act.tx().run(INSERT, args![now, content(stored)]).await?;
    Ok(())
}

fn content(stored: &StoredJurisdiction) -> String {
    serde_json::to_string(stored).expect("a jurisdiction is plain data")
}

fn version(row: &Row) -> Result<PlacesVersion> {
    let content: String = row.get(2)?;
    let stored = serde_json::from_str(&content)
        .map_err(|error| row.of("jurisdiction_version", &[0]).bad(2, error.to_string()))?;
    Ok(PlacesVersion { version: row.get(0)?, applied_at: row.get(1)?, stored })
}

/// Whether campaigns are there that were applied before there was a jurisdiction.
pub async fn is_ungathered(tx: &mut Tx) -> Result<bool> {
    Ok(tx.row(IS_UNGATHERED, args![]).await?.is_some())
}

/// Makes one jurisdiction of the campaigns of an older database. Equal rows become one; of rows that contradict each
/// other the first campaign's becomes the jurisdiction's, and the others' hold for their campaigns until somebody
/// decides.
pub async fn gather(tx: &mut Tx) -> Result<()> {
    let mut newest = Vec::new();
    for (no, _) in campaigns::all(tx).await? {
        newest.extend(campaigns::known(tx, no, i64::MAX).await?);
    }
    // The campaign that was there first says what is right.
    newest.sort_by_key(|version| version.applied_at);
    let Some(at) = newest.iter().map(|version| version.applied_at).max() else { return Ok(()) };
    let owns: Vec<LocalCampaign> = newest.into_iter().map(|version| version.own).collect();
    let mut stored = StoredJurisdiction::default();
    for (at, own) in owns.iter().enumerate() {
        let others: Vec<&LocalCampaign> = owns[..at].iter().collect();
        stored.take(own, None, &others, false);
    }
    tx.run(INSERT_FIRST, args![at, content(&stored)]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Campaign;
    use crate::domain::testing::county;
    use crate::store::Store;

    const OLD_VERSION: &str = "INSERT INTO campaign_version (campaign, version, applied_at, \
         content) VALUES ($1, 1, $2, $3)";

    /// A campaign as releases before stored it: whole.
    async fn old(tx: &mut Tx, campaign: &Campaign, at: i64) {
        let no = campaigns::insert(tx, &campaign.id, at).await.expect("a row");
        let content = serde_json::to_string(campaign).expect("plain data");
        tx.run(OLD_VERSION, args![no, at, content]).await.expect("a version");
    }

    #[tokio::test]
    async fn campaigns_of_an_older_database_become_one_jurisdiction_when_it_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("sqlite://{}", folder.path().join("doseplan.db").display());
        let (mut flu, mut hpv) = (county(), county());
        (flu.id, hpv.id) = ("flu".into(), "hpv".into());
        hpv.sites[0].weekday_doses = 180;
        hpv.areas[1].name = "North".into();
        hpv.areas.remove(3);
        hpv.eligible.retain(|row| row.area.as_str() != "V");
        hpv.reach.retain(|reach| reach.area.as_str() != "V");
        hpv.stops.clear();
        let store = Store::open(&address, true).await.expect("a database");
        let mut tx = store.write().await.expect("a transaction");
        old(&mut tx, &hpv, 2000).await;
        old(&mut tx, &flu, 1000).await;
        tx.commit().await.expect("it is stored");
        store.close().await;

        for _ in 0..2 {
            let store = Store::open(&address, false).await.expect("it opens");
            let mut tx = store.read().await.expect("a transaction");
            let all = versions(&mut tx).await.expect("versions");
            assert_eq!((all.len(), all[0].applied_at), (1, 2000), "once, and not again");
            let stored = &all[0].stored;
            assert_eq!(stored.area_rows().count(), 4);
            assert_eq!(stored.site_rows("S1")[0].site.weekday_doses, 180, "the largest number");
            let keys: Vec<_> =
                stored.disputes.iter().map(|one| (one.campaign.as_str(), one.row.key())).collect();
            assert_eq!(keys, [("hpv", ("areas", "N"))], "flu was there first");
            for was in [&flu, &hpv] {
                let no = campaigns::number(&mut tx, &was.id).await.expect("a number");
                let no = no.expect("it is there");
                let known = campaigns::known(&mut tx, no, i64::MAX).await.expect("a version");
                let own = known.expect("it has one").own;
                assert_eq!(stored.compose(&own), *was, "{} is what it was", was.id);
            }
            drop(tx);
            store.close().await;
        }
    }
}
