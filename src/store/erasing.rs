//! Taking personal data out of tables: of one person for good, and of all where they are no longer needed.

use super::plans::pack;
use super::{CampaignNo, Result, Tx};
use crate::args;
use chrono::NaiveDate;

/// What stands in place of what was erased: of an address, a subject, a reason.
pub const GONE: &str = "erased";
/// The content of a mail that was erased: a message that says so.
const MAIL_GONE: &[u8] = b"Subject: erased\r\n\r\nerased\r\n";

const PAST: &str = "SELECT content, recorded_at, superseded_at FROM person_past WHERE person = $1";
const REWRITE_PAST: &str = "UPDATE person_past SET content = $2 \
     WHERE person = $1 AND recorded_at = $3 AND superseded_at = $4";
const APART: &str = "SELECT id, content FROM apart WHERE kind = 'person' AND code = $1";
const REWRITE_APART: &str = "UPDATE apart SET content = $2 WHERE id = $1";
/// Of records, also while they were another's to whose code this one led.
const REASONS: [&str; 2] = [
    "UPDATE dose_past SET why = 'void: erased' WHERE why LIKE 'void: %' AND (person = $1 \
     OR record IN (SELECT g.record FROM dose_past g WHERE g.person = $1 AND g.why = 'merged'))",
    "UPDATE outcome_past SET why = 'void: erased' WHERE why LIKE 'void: %' AND (person = $1 \
     OR record IN (SELECT g.record FROM outcome_past g WHERE g.person = $1 AND g.why = 'merged'))",
];
const REMINDERS: &str = "SELECT DISTINCT o.id, o.message_id, o.state FROM reminder r \
     JOIN outbox o ON o.id = r.outbox WHERE r.person = $1 \
     AND r.campaign IN (SELECT no FROM campaign) ORDER BY o.id";
const REMINDERS_OF: &str = "SELECT DISTINCT o.id, o.message_id, o.state FROM reminder r \
     JOIN outbox o ON o.id = r.outbox \
     WHERE r.person = $1 AND r.campaign IN (SELECT no FROM campaign) \
     AND o.created_at >= $2 AND o.created_at < $3 ORDER BY o.id";
const DIGESTS: &str = "SELECT id, message_id, state FROM outbox \
     WHERE kind = 'digest' AND unique_key LIKE $1 ORDER BY id";
/// Lists of schools name many; the schools have them, and nobody needs them here once they are sent.
const LISTS: &str = "SELECT id, message_id, state FROM outbox WHERE kind = 'school' ORDER BY id";
const CODES: &str = "SELECT o.id, o.message_id, o.state FROM sign_in s \
     JOIN outbox o ON o.unique_key = 'code/' || s.hash WHERE s.person = $1";
const OLD_CODES: &str = "SELECT id FROM outbox WHERE kind = 'code' AND recipient <> $2 \
     AND created_at < $1 AND state NOT IN ('queued', 'sending', 'in_doubt') ORDER BY id";
const SESSIONS: &str = "SELECT day FROM assignment WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign) \
     UNION SELECT day FROM assignment_past WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign) ORDER BY 1";
const BLANK_MAIL: &str = "UPDATE outbox SET content = $2, recipient = $3, subject = $3, \
     last_error = CASE WHEN last_error IS NULL THEN NULL ELSE $3 END, \
     state = CASE WHEN state = 'queued' THEN 'expired' ELSE state END, \
     fence = CASE WHEN state = 'queued' THEN fence + 1 ELSE fence END WHERE id = $1";
const BLANK_BOUNCE: &str = "UPDATE bounce SET address = $2, said = $2 WHERE LOWER(address) = $1";
const BLANK_BOUNCES_OF: &str = "UPDATE bounce SET address = $2, said = $2 WHERE outbox = $1";
const UNSUPPRESS: &str = "DELETE FROM suppressed WHERE address = $1";
const FORGET_LEFT: &str = "DELETE FROM unsubscribed WHERE address = $1";
const NUMBER_WAYS: &str = "DELETE FROM way WHERE recipient = $1 AND channel <> 'mail'";
const NUMBER_MAILS: &str = "UPDATE outbox SET recipient = $2 WHERE recipient = $1 \
     AND channel <> 'mail' AND state NOT IN ('queued', 'sending', 'in_doubt')";
/// The audit log is sealed, and has no names of the register.
const SAID: [&str; 2] = [
    "UPDATE event SET said = REPLACE(said, $1, '…') WHERE said LIKE '%' || $1 || '%'",
    "UPDATE outbox SET last_error = REPLACE(last_error, $1, '…') \
     WHERE last_error LIKE '%' || $1 || '%'",
];
const UPLOADS: &str = "DELETE FROM upload";
const SHARED: &str =
    "SELECT COUNT(*) FROM person WHERE person <> $1 AND content LIKE '%' || $2 || '%'";
const ERROR_FILES: &str =
    "SELECT DISTINCT errors FROM imported WHERE errors IS NOT NULL ORDER BY errors";
/// A mail that tells of several campaigns waits for the last of them.
const OLD_MAILS: &str = "SELECT id, message_id, state FROM outbox \
     WHERE campaign = $1 AND recipient <> $2 \
     AND state NOT IN ('queued', 'sending', 'in_doubt') \
     AND id NOT IN (SELECT r.outbox FROM reminder r WHERE r.campaign NOT IN \
     (SELECT CAST(value AS BIGINT) FROM json_each($3))) \
     AND id NOT IN (SELECT b.outbox FROM briefing b WHERE b.campaign NOT IN \
     (SELECT CAST(value AS BIGINT) FROM json_each($3))) ORDER BY id";
const OLD_ABSENCES: &str = "UPDATE assignment_past SET person = '' \
     WHERE campaign = $1 AND person <> ''";
/// Appointments of which nobody reported what became of them.
const OLD_APPOINTMENTS: &str = "DELETE FROM assignment WHERE campaign = $1";
const OLD_REMINDERS: &str = "DELETE FROM reminder WHERE campaign = $1";
const OLD_UPLOADS: &str = "DELETE FROM upload WHERE made_at < $1";

/// A row in JSON that is kept of a person, and what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The row.
    pub content: String,
    /// Its number, or the instants between which it was known.
    at: (i64, Option<i64>),
}

impl Kept {
    /// When a row of the register's history was recorded, milliseconds since 1970.
    pub fn recorded_at(&self) -> Option<i64> {
        self.at.1.map(|_| self.at.0)
    }
}

/// A mail that names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Its number.
    pub id: i64,
    /// Its Message-ID.
    pub message_id: String,
    /// Its state, in a word.
    pub state: String,
}

/// What was known before of a person, and what was kept apart.
pub async fn kept(tx: &mut Tx, person: &str) -> Result<Vec<Kept>> {
    let mut out = Vec::new();
    for row in tx.rows(PAST, args![person]).await? {
        out.push(Kept { content: row.get(0)?, at: (row.get(1)?, Some(row.get(2)?)) });
    }
    for row in tx.rows(APART, args![person]).await? {
        out.push(Kept { content: row.get(1)?, at: (row.get(0)?, None) });
    }
    Ok(out)
}

/// Puts another content in the place of a kept one.
pub async fn rewrite(tx: &mut Tx, person: &str, kept: &Kept, content: &str) -> Result<()> {
    match kept.at {
        (from, Some(to)) => tx.run(REWRITE_PAST, args![person, content, from, to]).await?,
        (id, None) => tx.run(REWRITE_APART, args![id, content]).await?,
    };
    Ok(())
}

/// Takes what people wrote as reasons out of the history of a person's records.
pub async fn reasons(tx: &mut Tx, person: &str) -> Result<()> {
    for statement in REASONS {
        tx.run(statement, args![person]).await?;
    }
    Ok(())
}

fn naming(row: &super::db::Row) -> Result<Naming> {
    Ok(Naming { id: row.get(0)?, message_id: row.get(1)?, state: row.get(2)? })
}

/// The mails that name a person: reminders, codes, the digests before and on the evening of each appointment whatever
/// campaigns they are about, what amended them, and copies of them.
pub async fn mails(tx: &mut Tx, person: &str) -> Result<Vec<Naming>> {
    let rows = tx.rows(REMINDERS, args![person]).await?;
    let mut out: Vec<Naming> = rows.iter().map(naming).collect::<Result<_>>()?;
    for row in tx.rows(CODES, args![person]).await? {
        out.push(naming(&row)?);
    }
    for row in tx.rows(LISTS, args![]).await? {
        out.push(naming(&row)?);
    }
    for row in tx.rows(SESSIONS, args![person]).await? {
        let day: NaiveDate = row.get(0)?;
        let evenings = [day.pred_opt(), Some(day)].into_iter().flatten();
        let mut keys: Vec<String> =
            evenings.map(|evening| format!("%digest/%/{evening}%")).collect();
        keys.push(format!("%amended/%/{day}%"));
        for key in keys {
            for row in tx.rows(DIGESTS, args![key]).await? {
                out.push(naming(&row)?);
            }
        }
    }
    out.sort_by_key(|mail| mail.id);
    out.dedup();
    Ok(out)
}

/// The reminders about a person that were written from an instant on and before another one (milliseconds since 1970).
pub async fn mails_of(tx: &mut Tx, person: &str, (from, to): (i64, i64)) -> Result<Vec<Naming>> {
    tx.rows(REMINDERS_OF, args![person, from, to]).await?.iter().map(naming).collect()
}

/// Takes the personal part out of a mail; one that waits is not sent.
pub async fn blank_mail(tx: &mut Tx, id: i64) -> Result<()> {
    tx.run(BLANK_MAIL, args![id, pack(MAIL_GONE), GONE]).await?;
    tx.run(BLANK_BOUNCES_OF, args![id, GONE]).await?;
    super::ways::forget(tx, id).await?;
    Ok(())
}

/// Whether anybody else in the register has a text in their row, such as an address of a household.
pub async fn is_shared(tx: &mut Tx, person: &str, text: &str) -> Result<bool> {
    let row = tx.row(SHARED, args![person, text]).await?;
    Ok(row.map_or(Ok(0), |row| row.get::<i64>(0))? > 0)
}

/// Forgets an address: what bounced, and that its reader wanted no more.
pub async fn address(tx: &mut Tx, address: &str) -> Result<()> {
    tx.run(BLANK_BOUNCE, args![address, GONE]).await?;
    tx.run(UNSUPPRESS, args![address]).await?;
    tx.run(FORGET_LEFT, args![address]).await?;
    Ok(())
}

/// Takes a number out of the ways of others' messages, and out of those that are over.
pub async fn number(tx: &mut Tx, number: &str) -> Result<()> {
    tx.run(NUMBER_WAYS, args![number]).await?;
    tx.run(NUMBER_MAILS, args![number, GONE]).await?;
    Ok(())
}

/// Takes a text out of what the database says in words.
pub async fn said(tx: &mut Tx, text: &str) -> Result<()> {
    for statement in SAID {
        tx.run(statement, args![text]).await?;
    }
    Ok(())
}

/// Deletes the workbooks that wait to be taken: nobody can see what is in them without opening them.
pub async fn uploads(tx: &mut Tx) -> Result<u64> {
    tx.run(UPLOADS, args![]).await
}

/// Where imports wrote refused rows.
pub async fn error_files(tx: &mut Tx) -> Result<Vec<String>> {
    let rows = tx.rows(ERROR_FILES, args![]).await?;
    rows.iter().map(|row| row.of("imported", &[0]).get(0)).collect()
}

/// Takes the personal part out of what is left of campaigns: their mails, who came and who did not. Returns the mails.
pub async fn campaigns(tx: &mut Tx, over: &[CampaignNo]) -> Result<Vec<Naming>> {
    let list: Vec<i64> = over.iter().map(|no| no.0).collect();
    let list = serde_json::to_string(&list).expect("numbers are plain data");
    let mut mails = Vec::new();
    for no in over {
        for row in tx.rows(OLD_MAILS, args![*no, GONE, &list]).await? {
            mails.push(naming(&row)?);
        }
    }
    for mail in &mails {
        blank_mail(tx, mail.id).await?;
    }
    for no in over {
        for statement in [OLD_ABSENCES, OLD_APPOINTMENTS, OLD_REMINDERS] {
            tx.run(statement, args![*no]).await?;
        }
    }
    Ok(mails)
}

/// Takes numbers out of messages with codes that were made before an instant (milliseconds since 1970).
pub async fn old_codes(tx: &mut Tx, before: i64) -> Result<()> {
    for row in tx.rows(OLD_CODES, args![before, GONE]).await? {
        blank_mail(tx, row.get(0)?).await?;
    }
    Ok(())
}

/// Deletes workbooks that were uploaded before an instant (milliseconds since 1970).
pub async fn old_uploads(tx: &mut Tx, before: i64) -> Result<()> {
    tx.run(OLD_UPLOADS, args![before]).await?;
    Ok(())
}
