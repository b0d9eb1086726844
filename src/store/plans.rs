//! Plans: drafts, the adopted one, and those before it.

use super::audit::Act;
use super::db::Row;
use super::{CampaignNo, Result, StoreError, Tx};
use crate::args;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, TeamCode};
use crate::domain::plan::{Certificate, Figures, MadeBy, PlanRow, PlanState, Unplaced};
use chrono::NaiveDate;
use flate2::{Compress, Compression, FlushCompress, Status};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::ops::RangeBounds;

/// A plan without its rows.
#[derive(Debug, Clone)]
pub struct PlanHead {
    /// Its number.
    pub no: i64,
    /// The campaign's version that it was made from.
    pub version: i64,
    /// When, milliseconds since 1970.
    pub made_at: i64,
    /// First day that it plans.
    pub from: NaiveDate,
    /// Whether the nightly job or somebody made it.
    pub made_by: MadeBy,
    /// Its state.
    pub state: PlanState,
    /// When it was adopted.
    pub adopted_at: Option<i64>,
    /// Its figures.
    pub figures: Figures,
    /// People for whom it has no complete series.
    pub unplaced: Vec<Unplaced>,
    /// Doses planned by day.
    pub curve: Vec<(NaiveDate, u64)>,
    /// Doses given when it was made.
    pub given_doses: u64,
}

/// The plan that was in force on a day: of those adopted, the last one that had begun.
#[must_use]
pub fn in_force(heads: &[PlanHead], day: NaiveDate) -> Option<&PlanHead> {
    heads.iter().rev().find(|head| head.adopted_at.is_some() && head.from <= day)
}

/// A plan to store.
#[derive(Debug, Clone)]
pub struct NewPlan<'a> {
    /// The campaign's version that it was made from.
    pub version: i64,
    /// First day that it plans.
    pub from: NaiveDate,
    /// Who had it made.
    pub made_by: MadeBy,
    /// What it is worth.
    pub figures: &'a Figures,
    /// Who has no complete series in it.
    pub unplaced: &'a [Unplaced],
    /// Its rows.
    pub rows: &'a [PlanRow],
    /// Doses given when it was made.
    pub given_doses: u64,
    /// Prices that prove how good it is.
    pub certificate: &'a Certificate,
}

const INSERT: &str = "INSERT INTO plan (campaign, version, made_at, from_day, made_by, state, \
     figures, unplaced, curve, given_doses, content, prices) \
     VALUES ($1, $2, $3, $4, $5, 'draft', $6, $7, $8, $9, $10, $11) RETURNING no";
const HEADS: &str = "SELECT no, version, made_at, from_day, made_by, state, adopted_at, figures, \
     unplaced, curve, given_doses FROM plan WHERE campaign = $1 ORDER BY no";
const HEAD: &str = "SELECT no, version, made_at, from_day, made_by, state, adopted_at, figures, \
     unplaced, curve, given_doses FROM plan WHERE campaign = $1 AND no = $2";
const NEWEST: &str = "SELECT no, version, made_at, from_day, made_by, state, adopted_at, figures, \
     unplaced, curve, given_doses FROM plan WHERE campaign = $1 AND state = $2 \
     ORDER BY no DESC LIMIT 1";
const BASELINE: &str = "SELECT no, version, made_at, from_day, made_by, state, adopted_at, \
     figures, unplaced, curve, given_doses FROM plan \
     WHERE campaign = $1 AND adopted_at IS NOT NULL ORDER BY adopted_at, no LIMIT 1";
const ADOPTED: &str = "SELECT no, adopted_at, from_day FROM plan \
     WHERE campaign = $1 AND adopted_at IS NOT NULL ORDER BY no";
const PRICES: &str = "SELECT prices FROM plan WHERE campaign = $1 AND no = $2";
const CONTENT: &str = "SELECT content FROM plan WHERE campaign = $1 AND no = $2";
const DROP_DRAFTS: &str = "UPDATE plan SET state = 'dropped', content = $3, prices = NULL \
     WHERE campaign = $1 AND state = 'draft' AND no <> $2";
const SUPERSEDE: &str = "UPDATE plan SET state = 'superseded', prices = NULL \
     WHERE campaign = $1 AND state = 'adopted'";
const ADOPT: &str = "UPDATE plan SET state = 'adopted', adopted_at = $3 \
     WHERE campaign = $1 AND no = $2";

/// Stores a draft; returns its number. Older drafts are dropped: only the newest can be adopted.
pub async fn insert(
    act: &mut Act,
    campaign: CampaignNo,
    plan: &NewPlan<'_>,
    now: i64,
) -> Result<i64> {
    let json = |value: serde_json::Result<String>| value.expect("plain data becomes JSON");
    let values = args![
        campaign,
        plan.version,
        now,
        plan.from,
        plan.made_by,
        json(serde_json::to_string(plan.figures)),
        json(serde_json::to_string(plan.unplaced)),
        json(serde_json::to_string(&curve(plan.rows))),
        i64::try_from(plan.given_doses).unwrap_or(i64::MAX),
        pack(&write_rows(plan.rows)),
        pack(json(serde_json::to_string(plan.certificate)).as_bytes()),
    ];
    let tx = act.tx();
    let row = tx.row(INSERT, values).await?.expect("an insert returns its row");
    let no = row.get(0)?;
    tx.run(DROP_DRAFTS, args![campaign, no, pack(&[])]).await?;
    Ok(no)
}

/// Puts a draft in force.
pub async fn adopt(act: &mut Act, campaign: CampaignNo, no: i64, now: i64) -> Result<()> {
    act.tx().run(SUPERSEDE, args![campaign]).await?;
    act.tx().run(ADOPT, args![campaign, no, now]).await?;
    Ok(())
}

/// Every plan, oldest first.
pub async fn heads(tx: &mut Tx, campaign: CampaignNo) -> Result<Vec<PlanHead>> {
    tx.rows(HEADS, args![campaign]).await?.iter().map(head).collect()
}

/// One plan.
pub async fn find(tx: &mut Tx, campaign: CampaignNo, no: i64) -> Result<Option<PlanHead>> {
    tx.row(HEAD, args![campaign, no]).await?.as_ref().map(head).transpose()
}

/// The newest plan in a state.
pub async fn newest(
    tx: &mut Tx,
    campaign: CampaignNo,
    state: PlanState,
) -> Result<Option<PlanHead>> {
    tx.row(NEWEST, args![campaign, state]).await?.as_ref().map(head).transpose()
}

/// The first plan that was adopted, against which progress is measured; `None` if none was.
pub async fn baseline(tx: &mut Tx, campaign: CampaignNo) -> Result<Option<PlanHead>> {
    tx.row(BASELINE, args![campaign]).await?.as_ref().map(head).transpose()
}

/// A plan that is or was in force.
#[derive(Debug, Clone, Copy)]
pub struct AdoptedPlan {
    /// Its number.
    pub no: i64,
    /// When it was adopted, milliseconds since 1970.
    pub adopted_at: i64,
    /// First day that it plans.
    pub from: NaiveDate,
}

/// Every plan that is or was in force, oldest first: only the newest draft is ever adopted.
pub async fn adopted(tx: &mut Tx, campaign: CampaignNo) -> Result<Vec<AdoptedPlan>> {
    let rows = tx.rows(ADOPTED, args![campaign]).await?;
    let plan = |row: &Row| -> Result<AdoptedPlan> {
        Ok(AdoptedPlan { no: row.get(0)?, adopted_at: row.get(1)?, from: row.get(2)? })
    };
    rows.iter().map(plan).collect()
}

/// The rows of a plan on some days.
pub async fn rows(
    tx: &mut Tx,
    campaign: CampaignNo,
    no: i64,
    days: impl RangeBounds<NaiveDate>,
) -> Result<Vec<PlanRow>> {
    let Some(row) = tx.row(CONTENT, args![campaign, no]).await? else { return Ok(Vec::new()) };
    let packed: Vec<u8> = row.get(0)?;
    let bad = |what: &str| StoreError::bad("plan", "content", no, what);
    read_rows(&unpack(&packed).map_err(|_| bad("it is damaged"))?, &days)
        .ok_or_else(|| bad("a line of it cannot be read"))
}

/// The prices that prove how good a plan is; `None` if they are no longer stored.
pub async fn certificate(
    tx: &mut Tx,
    campaign: CampaignNo,
    no: i64,
) -> Result<Option<Certificate>> {
    let Some(row) = tx.row(PRICES, args![campaign, no]).await? else { return Ok(None) };
    let Some(packed) = row.get::<Option<Vec<u8>>>(0)? else { return Ok(None) };
    let bad = |what: String| StoreError::bad("plan", "prices", no, what);
    let text = unpack(&packed).map_err(|_| bad("they are damaged".to_owned()))?;
    serde_json::from_slice(&text).map(Some).map_err(|error| bad(error.to_string()))
}

fn head(row: &Row) -> Result<PlanHead> {
    Ok(PlanHead {
        no: row.get(0)?,
        version: row.get(1)?,
        made_at: row.get(2)?,
        from: row.get(3)?,
        made_by: row.of("plan", &[0]).word(4)?,
        state: row.of("plan", &[0]).word(5)?,
        adopted_at: row.get(6)?,
        figures: json(row, 7)?,
        unplaced: json(row, 8)?,
        curve: json(row, 9)?,
        given_doses: row.count(10, "plan")?,
    })
}

fn json<T: DeserializeOwned>(row: &Row, index: usize) -> Result<T> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text).map_err(|error| row.of("plan", &[0]).bad(index, error.to_string()))
}

/// Doses planned by day.
pub fn curve(rows: &[PlanRow]) -> Vec<(NaiveDate, u64)> {
    let mut days = std::collections::BTreeMap::new();
    for row in rows {
        *days.entry(row.day).or_insert(0) += u64::from(row.doses);
    }
    days.into_iter().collect()
}

fn write_rows(rows: &[PlanRow]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * 40);
    for row in rows {
        let team = row.team.as_ref().map_or("", TeamCode::as_str);
        writeln!(
            out,
            "{}\t{}\t{team}\t{}\t{}\t{}\t{}",
            row.day, row.place, row.area, row.group, row.dose, row.doses
        )
        .expect("writing into memory does not fail");
    }
    out
}

/// Reads what [`write_rows`] made. A plan has tens of thousands of rows, and most readers want one day's.
fn read_rows(bytes: &[u8], days: &impl RangeBounds<NaiveDate>) -> Option<Vec<PlanRow>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut out = Vec::new();
    let (mut known, mut day) = ("", NaiveDate::MIN);
    for line in text.lines() {
        let (word, rest) = line.split_once('\t')?;
        if word != known {
            (known, day) = (word, word.parse().ok()?);
        }
        if days.contains(&day) {
            out.push(read_row(day, rest)?);
        }
    }
    Some(out)
}

fn read_row(day: NaiveDate, line: &str) -> Option<PlanRow> {
    let mut cells = line.split('\t');
    Some(PlanRow {
        day,
        place: PlaceCode::from(cells.next()?),
        team: cells.next().filter(|team| !team.is_empty()).map(TeamCode::from),
        area: AreaCode::from(cells.next()?),
        group: GroupId::from(cells.next()?),
        dose: cells.next()?.parse().ok()?,
        doses: cells.next()?.parse().ok()?,
    })
}

thread_local! {
    /// Kept, because it has a quarter of a megabyte: making one takes half as long as compressing a mail.
    static PACKER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// Deflates bytes.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    PACKER.with_borrow_mut(|packer| {
        packer.reset();
        let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
        loop {
            let done = usize::try_from(packer.total_in()).expect("no more than there are bytes");
            let status = packer.compress_vec(&bytes[done..], &mut out, FlushCompress::Finish);
            if status.expect("memory is a place that can be written to") == Status::StreamEnd {
                return out;
            }
            out.reserve(out.capacity());
        }
    })
}

/// Inflates what [`pack`] made.
pub(super) fn unpack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::DeflateDecoder::new(bytes).read_to_end(&mut out)?;
    Ok(out)
}
