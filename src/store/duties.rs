//! The published roster, and what mails told staff of their days.

use super::db::Row;
use super::{Result, Tx};
use crate::domain::id::StaffId;
use crate::domain::message::MailState;
use crate::domain::roster::Duty;
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::BTreeMap;

const ALL: &str = "SELECT day, staff, place, role FROM duty WHERE day >= $1 AND day <= $2 \
     ORDER BY day, place, role, staff";
const IS_ANY: &str = "SELECT 1 WHERE EXISTS (SELECT 1 FROM duty WHERE day >= $1) \
     OR EXISTS (SELECT 1 FROM duty_told)";
const CLEAR: &str = "DELETE FROM duty WHERE day >= $1 AND day <= $2";
bulk!(INSERT, 5, "INSERT INTO duty (day, staff, place, role, published_at) VALUES", "");

const TELL: &str = "INSERT INTO duty_told (outbox, staff, duties) VALUES ($1, $2, $3)";
/// The newest mail to each that was not withdrawn, and the newest one of those that left or will not.
const TOLD: &str = "SELECT t.staff, t.outbox, t.duties, o.state, o.created_at, o.recipient \
     FROM duty_told t JOIN outbox o ON o.id = t.outbox \
     WHERE o.state <> 'withdrawn' AND NOT EXISTS (SELECT 1 FROM duty_told x \
     JOIN outbox p ON p.id = x.outbox WHERE x.staff = t.staff AND x.outbox > t.outbox \
     AND p.state NOT IN ('withdrawn', 'queued')) ORDER BY t.staff, t.outbox";
const LAST: &str = "SELECT staff, MAX(outbox), COUNT(*) FROM duty_told GROUP BY staff";
const OF_MAILS: &str = "SELECT t.staff, t.outbox, t.duties, o.state, o.created_at, o.recipient \
     FROM duty_told t JOIN outbox o ON o.id = t.outbox \
     WHERE t.outbox IN (SELECT CAST(value AS BIGINT) FROM json_each($1))";

/// What a mail told somebody.
#[derive(Debug, Clone)]
pub struct Told {
    /// Who.
    pub staff: StaffId,
    /// Number of the mail.
    pub mail: i64,
    /// Where it stands.
    pub state: MailState,
    /// When it was written, milliseconds since 1970.
    pub at: i64,
    /// Where it went.
    pub recipient: String,
    /// All their duties from its day on.
    pub duties: Vec<Duty>,
}

/// The mails to somebody about their duties.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mails {
    /// Number of the last one; 0 without any.
    pub last: i64,
    /// How many there were, also those that were withdrawn.
    pub count: u32,
}

fn duty(row: &Row) -> Result<Duty> {
    let row = row.of("duty", &[0, 1]);
    Ok(Duty {
        date: row.get(0)?,
        staff: StaffId::new(row.get::<String>(1)?),
        place: row.get(2)?,
        role: row.word(3)?,
    })
}

/// The first and the last day that both databases can compare.
fn within((from, until): (NaiveDate, NaiveDate)) -> (NaiveDate, NaiveDate) {
    let first = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day");
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");
    (from.max(first), until.min(last))
}

/// The published duties of some days, by day, place, role and person.
pub async fn published(tx: &mut Tx, days: (NaiveDate, NaiveDate)) -> Result<Vec<Duty>> {
    let (from, until) = within(days);
    let mut all: Vec<Duty> =
        tx.rows(ALL, args![from, until]).await?.iter().map(duty).collect::<Result<_>>()?;
    // The order of roles is that of their kind, not of their words.
    all.sort();
    Ok(all)
}

/// Whether anything is published from a day on, or was told to anybody.
pub async fn is_any(tx: &mut Tx, from: NaiveDate) -> Result<bool> {
    Ok(tx.row(IS_ANY, args![from]).await?.is_some())
}

/// Puts duties in the place of those of some days. `now`: milliseconds since 1970.
pub async fn replace(
    tx: &mut Tx,
    (from, until): (NaiveDate, NaiveDate),
    duties: &[Duty],
    now: i64,
) -> Result<()> {
    tx.run(CLEAR, args![from, until]).await?;
    let values = duties
        .iter()
        .flat_map(|one| args![one.date, one.staff.as_str(), &one.place, one.role, now]);
    INSERT.run(tx, values.collect()).await?;
    Ok(())
}

/// Notes what a mail tells somebody.
pub async fn tell(tx: &mut Tx, mail: i64, staff: &StaffId, duties: &[Duty]) -> Result<()> {
    let said = serde_json::to_string(duties).expect("duties are plain data");
    tx.run(TELL, args![mail, staff.as_str(), said]).await?;
    Ok(())
}

fn told(row: &Row) -> Result<Told> {
    let row = row.of("duty_told", &[1]);
    let said: String = row.get(2)?;
    let duties = serde_json::from_str(&said).map_err(|_| row.bad(2, "is no duties in JSON"))?;
    Ok(Told {
        staff: StaffId::new(row.get::<String>(0)?),
        mail: row.get(1)?,
        state: row.word(3)?,
        at: row.get(4)?,
        recipient: row.get(5)?,
        duties,
    })
}

/// What everybody was told last, the oldest first: by a mail that left, and by those that wait behind it.
pub async fn told_last(tx: &mut Tx) -> Result<BTreeMap<StaffId, Vec<Told>>> {
    let mut out: BTreeMap<StaffId, Vec<Told>> = BTreeMap::new();
    for row in tx.rows(TOLD, args![]).await? {
        let one = told(&row)?;
        out.entry(one.staff.clone()).or_default().push(one);
    }
    Ok(out)
}

/// The mails to everybody.
pub async fn mails(tx: &mut Tx) -> Result<BTreeMap<StaffId, Mails>> {
    let mails = |row: &Row| {
        let row = row.of("duty_told", &[0]);
        let count = row.number(2, "a count")?;
        Ok((StaffId::new(row.get::<String>(0)?), Mails { last: row.get(1)?, count }))
    };
    tx.rows(LAST, args![]).await?.iter().map(mails).collect()
}

/// What some mails tell.
pub async fn of_mails(tx: &mut Tx, mails: &[i64]) -> Result<Vec<Told>> {
    let list = serde_json::to_string(mails).expect("numbers are plain data");
    tx.rows(OF_MAILS, args![list]).await?.iter().map(told).collect()
}
