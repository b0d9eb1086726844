//! Doses of persons, now and before.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::domain::counting::Counted;
use crate::domain::dose::Dose;
use crate::domain::id::{AreaCode, GroupId, LotCode, PersonId, PlaceCode, RecordId};
use crate::{args, bulk};
use std::collections::{BTreeMap, HashMap};

bulk!(
    FIND,
    2,
    "WITH wanted (campaign, record) AS (VALUES",
    ") SELECT d.record, d.person, d.day, d.place, d.product, d.lot, d.recorded_at \
     FROM wanted w JOIN dose d ON d.campaign = w.campaign AND d.record = w.record"
);
bulk!(
    PEOPLE,
    2,
    "WITH wanted (campaign, person) AS (VALUES",
    ") SELECT p.person, p.area, p.born, p.grp \
     FROM wanted w JOIN person p ON p.campaign = w.campaign AND p.person = w.person"
);
bulk!(
    GIVEN,
    2,
    "WITH wanted (campaign, person) AS (VALUES",
    ") SELECT d.record, d.person, d.day, d.place, d.product, d.lot, d.recorded_at \
     FROM wanted w JOIN dose d ON d.campaign = w.campaign AND d.person = w.person"
);
bulk!(
    INSERT,
    8,
    "INSERT INTO dose (campaign, record, person, day, place, product, lot, recorded_at) VALUES",
    "ON CONFLICT (campaign, record) DO UPDATE SET person = excluded.person, day = excluded.day, \
     place = excluded.place, product = excluded.product, lot = excluded.lot, \
     recorded_at = excluded.recorded_at"
);
bulk!(
    KEEP,
    10,
    "INSERT INTO dose_past \
     (campaign, record, person, day, place, product, lot, recorded_at, superseded_at, why) VALUES",
    ""
);
const DELETE: &str = "DELETE FROM dose WHERE campaign = $1 AND record = $2";
const ALL: &str =
    "SELECT record, person, day, place, product, lot, recorded_at FROM dose WHERE campaign = $1";
const KNOWN: &str = "SELECT record, person, day, place, product, lot, recorded_at FROM dose \
     WHERE campaign = $1 AND recorded_at < $2 \
     UNION ALL SELECT record, person, day, place, product, lot, recorded_at FROM dose_past \
     WHERE campaign = $1 AND recorded_at < $2 AND superseded_at >= $2";
const PAST: &str = "SELECT record, person, day, place, product, lot, recorded_at, superseded_at, \
     why FROM dose_past WHERE campaign = $1 AND record = $2 ORDER BY superseded_at";
const COUNT: &str = "SELECT COUNT(*) FROM dose WHERE campaign = $1";

/// A dose with the time of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The dose.
    pub dose: Dose,
    /// When it was recorded, milliseconds since 1970.
    pub recorded_at: i64,
}

/// A person, as counting needs them, with all doses in the order given.
#[derive(Debug, Clone)]
pub struct History {
    /// The person.
    pub person: Counted,
    /// Their doses, sorted by (day, record).
    pub doses: Vec<Dose>,
}

fn dose(row: &Row) -> Result<Dose> {
    Ok(Dose {
        record: RecordId::new(row.get::<String>(0)?),
        person: PersonId::new(row.get::<String>(1)?),
        date: row.get(2)?,
        place: PlaceCode::new(row.get::<String>(3)?),
        product: row.get(4)?,
        lot: row.get::<Option<String>>(5)?.map(LotCode::new),
    })
}

fn values(campaign: CampaignNo, dose: &Dose) -> Vec<super::db::Value> {
    args![
        campaign,
        dose.record.as_str(),
        dose.person.as_str(),
        dose.date,
        dose.place.as_str(),
        dose.product.as_deref(),
        dose.lot.as_ref().map(LotCode::as_str),
    ]
}

/// The doses with these records, as far as they are known.
pub async fn find(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: impl IntoIterator<Item = &RecordId>,
) -> Result<HashMap<RecordId, Known>> {
    let values = wanted.into_iter().flat_map(|id| args![campaign, id.as_str()]).collect();
    let rows = FIND.rows(tx, values).await?;
    rows.iter()
        .map(|row| {
            let dose = dose(row)?;
            Ok((dose.record.clone(), Known { dose, recorded_at: row.get(6)? }))
        })
        .collect()
}

/// The people with these codes, as far as they are known, with all their doses.
pub async fn histories(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: impl IntoIterator<Item = &PersonId>,
) -> Result<HashMap<PersonId, History>> {
    let values: Vec<_> = wanted.into_iter().flat_map(|id| args![campaign, id.as_str()]).collect();
    let mut out: HashMap<PersonId, History> = HashMap::new();
    for row in PEOPLE.rows(tx, values.clone()).await? {
        let id = PersonId::new(row.get::<String>(0)?);
        out.insert(id, History { person: counted(&row)?, doses: Vec::new() });
    }
    for row in GIVEN.rows(tx, values).await? {
        let dose = dose(&row)?;
        if let Some(history) = out.get_mut(&dose.person) {
            history.doses.push(dose);
        }
    }
    for history in out.values_mut() {
        sort(&mut history.doses);
    }
    Ok(out)
}

/// The order in which a person's doses are evaluated.
pub fn sort(doses: &mut [Dose]) {
    doses.sort_by(|a, b| (a.date, &a.record).cmp(&(b.date, &b.record)));
}

fn counted(row: &Row) -> Result<Counted> {
    Ok(Counted {
        area: AreaCode::new(row.get::<String>(1)?),
        born: row.get(2)?,
        group: row.get::<Option<String>>(3)?.map(GroupId::new),
    })
}

/// Everybody's doses, in the order given.
pub async fn by_person(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeMap<PersonId, Vec<Dose>>> {
    let mut out: BTreeMap<PersonId, Vec<Dose>> = BTreeMap::new();
    tx.each(ALL, args![campaign], |row| {
        let dose = dose(&row)?;
        out.entry(dose.person.clone()).or_default().push(dose);
        Ok(())
    })
    .await?;
    for doses in out.values_mut() {
        sort(doses);
    }
    Ok(out)
}

/// Hands over every dose that was known before an instant.
pub async fn each_known(
    tx: &mut Tx,
    campaign: CampaignNo,
    before: i64,
    mut take: impl FnMut(Dose),
) -> Result<()> {
    tx.each(KNOWN, args![campaign, before], |row| {
        take(dose(&row)?);
        Ok(())
    })
    .await
}

/// Stores doses as they are known from now on.
pub async fn write<'a>(
    tx: &mut Tx,
    campaign: CampaignNo,
    doses: impl IntoIterator<Item = &'a Dose>,
    now: i64,
) -> Result<()> {
    let rows = doses.into_iter().flat_map(|dose| {
        let mut row = values(campaign, dose);
        row.push(now.into());
        row
    });
    INSERT.run(tx, rows.collect()).await?;
    Ok(())
}

/// Keeps what was known of doses before a correction or a void, with the reason.
pub async fn keep<'a>(
    tx: &mut Tx,
    campaign: CampaignNo,
    old: impl IntoIterator<Item = &'a Known>,
    now: i64,
    why: &str,
) -> Result<()> {
    let rows = old.into_iter().flat_map(|known| {
        let mut row = values(campaign, &known.dose);
        row.extend(args![known.recorded_at, now, why]);
        row
    });
    KEEP.run(tx, rows.collect()).await?;
    Ok(())
}

/// Takes a dose out of what is known.
pub async fn delete(tx: &mut Tx, campaign: CampaignNo, record: &RecordId) -> Result<()> {
    tx.run(DELETE, args![campaign, record.as_str()]).await?;
    Ok(())
}

/// What was known of a record before: dose, recorded at, superseded at, why.
pub async fn past(
    tx: &mut Tx,
    campaign: CampaignNo,
    record: &RecordId,
) -> Result<Vec<(Known, i64, String)>> {
    let rows = tx.rows(PAST, args![campaign, record.as_str()]).await?;
    rows.iter()
        .map(|row| {
            let known = Known { dose: dose(row)?, recorded_at: row.get(6)? };
            Ok((known, row.get(7)?, row.get(8)?))
        })
        .collect()
}

/// How many doses of persons are known.
pub async fn count(tx: &mut Tx, campaign: CampaignNo) -> Result<u64> {
    let row = tx.row(COUNT, args![campaign]).await?;
    row.expect("a count has a row").count(0, "dose")
}
