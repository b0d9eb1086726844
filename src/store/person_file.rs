//! What the database knows of one person beside the register and its records: appointments and mails.

use super::{Result, Tx};
use crate::args;
use chrono::NaiveDate;
use serde::Serialize;
use std::sync::LazyLock;

/// An appointment, standing or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Appointment {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the dose.
    pub dose: u8,
    /// The day.
    pub day: NaiveDate,
    /// Code of the place.
    pub place: String,
    /// How it ended; `None` while it stands.
    pub ended: Option<String>,
}

/// A mail about the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Its number in the queue.
    pub id: i64,
    /// Id of the campaign.
    pub campaign: String,
    /// What it is about, in a word.
    pub about: String,
    /// The day that it is about.
    pub day: NaiveDate,
    /// Whom it went to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Where it stands.
    pub state: String,
    /// Its Message-ID.
    pub message_id: String,
}

// A person is found by the campaign and the code: campaigns, which are few, come first.
const APPOINTMENTS: &str = "SELECT c.id, a.dose, a.day, a.place, NULL FROM campaign c \
     CROSS JOIN assignment a WHERE a.campaign = c.no AND a.person = $1 \
     UNION ALL SELECT c.id, a.dose, a.day, a.place, a.why FROM campaign c \
     CROSS JOIN assignment_past a WHERE a.campaign = c.no AND a.person = $1 ORDER BY 3, 1";
const MAILS: &str = "SELECT o.id, c.id, r.kind, r.day, o.recipient, o.subject, o.state, \
     o.message_id FROM campaign c CROSS JOIN reminder r JOIN outbox o ON o.id = r.outbox \
     WHERE r.campaign = c.no AND r.person = $1 ORDER BY r.day, o.id";
const BOTH: &str = "person = $1 AND EXISTS (SELECT 1 FROM assignment o WHERE o.person = $2 \
     AND o.campaign = assignment.campaign)";
static END_DOUBLE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO assignment_past \
         (campaign, person, dose, day, place, plan, made_at, ended_at, why, slot, answer) \
         SELECT campaign, person, dose, day, place, plan, made_at, $3, 'plan_changed', slot, \
         answer FROM assignment WHERE {BOTH}"
    )
});
static DELETE_DOUBLE: LazyLock<String> =
    LazyLock::new(|| format!("DELETE FROM assignment WHERE {BOTH}"));
const MOVE_ASSIGNMENT: &str = "UPDATE assignment SET person = $2 WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign)";
const MOVE_PAST: &str = "UPDATE assignment_past SET person = $2 WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign)";
const MOVE_LINK: &str = "UPDATE booking_link SET person = $2 WHERE person = $1";
const MOVE_WAITING: &str = "UPDATE waiting SET person = $2 WHERE person = $1 AND NOT EXISTS \
     (SELECT 1 FROM waiting o WHERE o.person = $2 AND o.campaign = waiting.campaign)";
const MOVE_REMINDER: &str = "UPDATE reminder SET person = $2 WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign) AND NOT EXISTS \
     (SELECT 1 FROM reminder o WHERE o.person = $2 AND o.campaign = reminder.campaign \
     AND o.outbox = reminder.outbox AND o.dose = reminder.dose AND o.kind = reminder.kind)";
/// Mails that wait and speak of appointments that two codes of one person had.
const WITHDRAW: &str = "UPDATE outbox SET state = 'withdrawn', fence = fence + 1, changed_at = $2, \
     last_error = 'two codes became one person' WHERE state = 'queued' AND id IN \
     (SELECT outbox FROM reminder WHERE person = $1 AND campaign IN (SELECT no FROM campaign))";

/// A person's appointments, by day.
pub async fn appointments(tx: &mut Tx, person: &str) -> Result<Vec<Appointment>> {
    let rows = tx.rows(APPOINTMENTS, args![person]).await?;
    rows.iter()
        .map(|row| {
            Ok(Appointment {
                campaign: row.get(0)?,
                dose: row.of("assignment", &[0]).number(1, "a dose number")?,
                day: row.get(2)?,
                place: row.get(3)?,
                ended: row.get(4)?,
            })
        })
        .collect()
}

/// The reminders about a person, by day.
pub async fn mails(tx: &mut Tx, person: &str) -> Result<Vec<Mail>> {
    let rows = tx.rows(MAILS, args![person]).await?;
    rows.iter()
        .map(|row| {
            Ok(Mail {
                id: row.get(0)?,
                campaign: row.get(1)?,
                about: row.get(2)?,
                day: row.get(3)?,
                to: row.get(4)?,
                subject: row.get(5)?,
                state: row.get(6)?,
                message_id: row.get(7)?,
            })
        })
        .collect()
}

/// Ends appointments of one code in campaigns in which another one has an appointment, too. `now`: milliseconds since
/// 1970.
pub async fn end_double(tx: &mut Tx, from: &str, to: &str, now: i64) -> Result<()> {
    super::bookings::lock_all_of(tx, from).await?;
    tx.run(&END_DOUBLE, args![from, to, now]).await?;
    tx.run(&DELETE_DOUBLE, args![from, to]).await?;
    Ok(())
}

/// Makes appointments and reminders of one code those of another, once [`end_double`] has ended what both had. `now`:
/// milliseconds since 1970.
pub async fn hand_over(tx: &mut Tx, from: &str, to: &str, now: i64) -> Result<()> {
    tx.run(WITHDRAW, args![from, now]).await?;
    tx.run(MOVE_ASSIGNMENT, args![from, to]).await?;
    tx.run(MOVE_PAST, args![from, to]).await?;
    tx.run(MOVE_LINK, args![from, to]).await?;
    tx.run(MOVE_WAITING, args![from, to]).await?;
    tx.run(MOVE_REMINDER, args![from, to]).await?;
    Ok(())
}
