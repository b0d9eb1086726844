//! Who has been written to about which dose, so that nobody is written to twice for the same reason and day, and what
//! everybody was told of an appointment.

use super::db::Row;
use super::receipts::Subject;
use super::{CampaignNo, Result, Tx};
use crate::domain::booking::SlotTime;
use crate::domain::message::MailState;
use crate::domain::words::words;
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

bulk!(
    FIND,
    5,
    "WITH wanted (campaign, person, dose, kind, day) AS (VALUES",
    ") SELECT DISTINCT r.person, r.dose, r.kind, r.day, r.place, r.slot FROM wanted w \
     JOIN reminder r \
     ON r.campaign = w.campaign AND r.person = w.person AND r.dose = w.dose \
     AND r.kind = w.kind AND r.day = w.day JOIN outbox o ON o.id = r.outbox \
     AND o.state <> 'withdrawn'"
);
bulk!(
    INSERT,
    8,
    "INSERT INTO reminder (campaign, person, dose, kind, day, place, slot, outbox) VALUES",
    ""
);
const LAST: &str = "SELECT r.person, r.dose, MAX(r.day), COUNT(*) FROM reminder r \
     JOIN outbox o ON o.id = r.outbox AND o.state <> 'withdrawn' \
     WHERE r.campaign = $1 AND r.kind = $2 GROUP BY r.person, r.dose";
const TOLD: &str = "SELECT r.person, r.dose, r.kind, r.day, r.place, r.slot, r.outbox, \
     o.state, o.recipient FROM reminder r JOIN outbox o ON o.id = r.outbox WHERE r.campaign = $1 \
     AND r.kind IN ('tomorrow', 'given', 'moved', 'cancelled') AND r.day >= $2 ORDER BY r.outbox";
const OF_MAILS: &str = "SELECT r.person, r.dose, r.kind, r.day, r.place, r.slot, r.outbox, \
     r.campaign FROM reminder r \
     WHERE r.outbox IN (SELECT CAST(value AS BIGINT) FROM json_each($1))";

// Whoever was reached by a later message about the same day is not in the list.
const UNREACHED: &str = "SELECT r.person, r.day, r.place, o.last_error FROM reminder r \
     JOIN outbox o ON o.id = r.outbox AND o.state IN ('failed', 'bounced', 'unroutable') \
     WHERE r.campaign = $1 AND r.day >= $2 AND NOT EXISTS (SELECT 1 FROM reminder s \
     JOIN outbox p ON p.id = s.outbox AND p.state IN ('queued', 'sending', 'sent', 'in_doubt') \
     WHERE s.campaign = r.campaign AND s.person = r.person AND s.day = r.day \
     AND s.outbox > r.outbox) ORDER BY r.day, r.place, r.person";

words! {
    /// Why a person was written to.
    pub enum Kind {
        /// An appointment on the next day.
        Tomorrow = "tomorrow",
        /// A seat for which they waited.
        Given = "given",
        /// An appointment that is another than they were told.
        Moved = "moved",
        /// An appointment that they were told and that is no more.
        Cancelled = "cancelled",
        /// A dose that is overdue.
        Overdue = "overdue",
    }
}

/// What a person is written to about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reminded {
    /// Code of the person.
    pub person: String,
    /// Number of the dose.
    pub dose: u8,
    /// The reason.
    pub kind: Kind,
    /// The day of the session, or the day of writing: it makes the reason one of its own.
    pub day: NaiveDate,
    /// Its place; empty for an overdue dose, and in what older versions wrote.
    pub place: String,
    /// The time that was said; `None` where none was, and in what older versions wrote.
    pub slot: Option<SlotTime>,
}

impl Reminded {
    /// Whether a time is the one that was said, as far as both are known.
    pub fn is_at(&self, slot: Option<SlotTime>) -> bool {
        self.slot.zip(slot).is_none_or(|(said, slot)| said == slot)
    }
}

/// What a person was told of an appointment.
#[derive(Debug, Clone)]
pub struct Told {
    /// Who, and what.
    pub what: Reminded,
    /// Number of the mail.
    pub mail: i64,
    /// Where it stands.
    pub state: MailState,
    /// To which address it went.
    pub recipient: String,
}

fn reminded(row: &Row) -> Result<Reminded> {
    let known = row.of("reminder", &[0]);
    Ok(Reminded {
        person: row.get(0)?,
        dose: known.number(1, "a dose number")?,
        kind: known.word(2)?,
        day: row.get(3)?,
        place: row.get(4)?,
        slot: row.get::<Option<i64>>(5)?.and_then(SlotTime::of_minute),
    })
}

/// Which of these have been written before, wherever the place was and whatever the time.
pub async fn find(
    tx: &mut Tx,
    campaign: CampaignNo,
    wanted: &[Reminded],
) -> Result<BTreeSet<Reminded>> {
    let values =
        wanted.iter().flat_map(|one| args![campaign, &one.person, one.dose, one.kind, one.day]);
    let rows = FIND.rows(tx, values.collect()).await?;
    rows.iter().map(|row| Ok(Reminded { slot: None, ..reminded(row)? })).collect()
}

/// Notes what people have been written to about, each with the number of the mail.
pub async fn insert(tx: &mut Tx, campaign: CampaignNo, new: &[(Reminded, i64)]) -> Result<()> {
    let values = new.iter().flat_map(|(one, mail)| {
        let slot = one.slot.map(SlotTime::minute);
        args![campaign, &one.person, one.dose, one.kind, one.day, &one.place, slot, *mail]
    });
    INSERT.run(tx, values.collect()).await?;
    Ok(())
}

/// When people were last written to for a reason, and how often: by person and dose.
pub async fn last(
    tx: &mut Tx,
    campaign: CampaignNo,
    kind: Kind,
) -> Result<BTreeMap<(String, u8), (NaiveDate, i64)>> {
    let rows = tx.rows(LAST, args![campaign, kind]).await?;
    rows.iter()
        .map(|row| {
            let dose = u8::try_from(row.get::<i64>(1)?).unwrap_or(0);
            Ok(((row.get(0)?, dose), (row.get(2)?, row.get(3)?)))
        })
        .collect()
}

/// What people were told of appointments from a day on, by person, the oldest first; also what was withdrawn.
pub async fn told(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<BTreeMap<String, Vec<Told>>> {
    let mut out: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for row in tx.rows(TOLD, args![campaign, from]).await? {
        let what = reminded(&row)?;
        let state = row.of("outbox", &[6]).word(7)?;
        let one = Told { mail: row.get(6)?, state, recipient: row.get(8)?, what };
        out.entry(one.what.person.clone()).or_default().push(one);
    }
    Ok(out)
}

/// Whom no message reached about a day from `from` on, and what the last way of it came to.
pub async fn unreached(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<Vec<(Subject, String)>> {
    let read = |row: &Row| {
        let subject = Subject { person: row.get(0)?, day: row.get(1)?, place: row.get(2)? };
        Ok((subject, row.get::<Option<String>>(3)?.unwrap_or_default()))
    };
    tx.rows(UNREACHED, args![campaign, from]).await?.iter().map(read).collect()
}

/// What some mails say, with the number of the mail and the campaign.
pub async fn of_mails(tx: &mut Tx, mails: &[i64]) -> Result<Vec<(i64, CampaignNo, Reminded)>> {
    let list = serde_json::to_string(mails).expect("numbers are plain data");
    let rows = tx.rows(OF_MAILS, args![list]).await?;
    rows.iter().map(|row| Ok((row.get(6)?, CampaignNo(row.get(7)?), reminded(row)?))).collect()
}
