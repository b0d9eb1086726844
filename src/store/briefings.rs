//! What leads were told of a day: the places and their doses.

use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::message::MailState;
use chrono::NaiveDate;
use std::collections::BTreeMap;

const INSERT: &str = "INSERT INTO briefing (campaign, post, day, outbox, place, doses) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const OF_DAY: &str = "SELECT b.post, b.outbox, b.place, b.doses, o.state, o.created_at \
     FROM briefing b JOIN outbox o ON o.id = b.outbox WHERE b.campaign = $1 AND b.day = $2 \
     ORDER BY b.outbox";
const OF_MAILS: &str = "SELECT DISTINCT b.campaign, b.day, b.post, b.outbox FROM briefing b \
     WHERE b.outbox IN (SELECT CAST(value AS BIGINT) FROM json_each($1))";
const WITHDRAW: &str = "UPDATE outbox SET state = 'withdrawn', fence = fence + 1, \
     changed_at = $2, last_error = $3 WHERE id = $1 AND state = 'queued'";

/// What is noted with a mail to a lead that is withdrawn.
pub const NO_LONGER: &str = "the day that it tells of has changed";

/// What a lead was told of a day.
#[derive(Debug, Clone)]
pub struct Briefing {
    /// Number of the mail.
    pub mail: i64,
    /// Where it stands.
    pub state: MailState,
    /// When it was written, milliseconds since 1970.
    pub at: i64,
    /// Doses by place.
    pub doses: BTreeMap<String, u64>,
}

/// Notes what a lead is told of a day.
pub async fn insert(
    tx: &mut Tx,
    campaign: CampaignNo,
    (post, day, mail): (&str, NaiveDate, i64),
    doses: &BTreeMap<String, u64>,
) -> Result<()> {
    if doses.is_empty() {
        tx.run(INSERT, args![campaign, post, day, mail, "", 0_i64]).await?;
    }
    for (place, doses) in doses {
        let doses = i64::try_from(*doses).unwrap_or(i64::MAX);
        tx.run(INSERT, args![campaign, post, day, mail, place, doses]).await?;
    }
    Ok(())
}

/// What leads were told of a day, by post, the oldest first; also what was withdrawn.
pub async fn of_day(
    tx: &mut Tx,
    campaign: CampaignNo,
    day: NaiveDate,
) -> Result<BTreeMap<String, Vec<Briefing>>> {
    let mut out: BTreeMap<String, Vec<Briefing>> = BTreeMap::new();
    for row in tx.rows(OF_DAY, args![campaign, day]).await? {
        let all = out.entry(row.get(0)?).or_default();
        let mail: i64 = row.get(1)?;
        if all.last().is_none_or(|last| last.mail != mail) {
            let state = row.of("outbox", &[1]).word(4)?;
            all.push(Briefing { mail, state, at: row.get(5)?, doses: BTreeMap::new() });
        }
        let place: String = row.get(2)?;
        if let Some(last) = all.last_mut().filter(|_| !place.is_empty()) {
            last.doses.insert(place, row.count(3, "briefing")?);
        }
    }
    Ok(out)
}

/// Campaign, day and post of some mails to leads, each with the number of the mail.
pub async fn of_mails(
    tx: &mut Tx,
    mails: &[i64],
) -> Result<Vec<(CampaignNo, NaiveDate, String, i64)>> {
    let list = serde_json::to_string(mails).expect("numbers are plain data");
    let rows = tx.rows(OF_MAILS, args![list]).await?;
    rows.iter()
        .map(|row| Ok((CampaignNo(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?)))
        .collect()
}

/// Withdraws a mail that waits; `false`: it does not.
pub async fn withdraw(tx: &mut Tx, mail: i64, now: i64) -> Result<bool> {
    Ok(tx.run(WITHDRAW, args![mail, now, NO_LONGER]).await? == 1)
}
