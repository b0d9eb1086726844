//! What came along when one code became another's, and how it goes back. Everything is noted by its keys: nothing
//! personal is written a second time.

use super::db::{Row, Value};
use super::{Result, Tx};
use crate::args;
use crate::domain::id::PersonId;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

const INSERT: &str = "INSERT INTO alias (alias, person, at, moved) VALUES ($1, $2, $3, $4)";
const FOLLOW: &str = "UPDATE alias SET person = $2 WHERE person = $1";
const FIND: &str = "SELECT alias, person, at, moved FROM alias WHERE alias = $1";
const LIST: &str = "SELECT alias, person, at, moved FROM alias ORDER BY at DESC, alias";
const DELETE: &str = "DELETE FROM alias WHERE alias = $1";
const LEAD_BACK: &str = "UPDATE alias SET person = $2 WHERE alias = $1";
const FORGET: &str = "UPDATE alias SET moved = NULL WHERE person = $1";

const LAST: &str = "SELECT MAX(at) FROM (SELECT at FROM alias WHERE person IN ($1, $2) \
     UNION ALL SELECT until_at AS at FROM alias_past WHERE person IN ($1, $2) \
     OR alias IN ($1, $2)) AS every";
const NEWER: &str =
    "SELECT alias FROM alias WHERE person = $1 AND at > $2 ORDER BY at DESC, alias LIMIT 1";

const STANDING: &str = "SELECT campaign, made_at FROM assignment WHERE person = $1";
const ENDED: &str = "SELECT id, ended_at FROM assignment_past WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign)";
const LAST_ENDED: &str = "SELECT COALESCE(MAX(id), 0) FROM assignment_past";
const LINKS: &str = "SELECT hash FROM booking_link WHERE person = $1";
const REMINDERS: &str = "SELECT campaign, outbox, dose, kind FROM reminder WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign) \
     AND NOT EXISTS (SELECT 1 FROM reminder o WHERE o.person = $2 \
     AND o.campaign = reminder.campaign AND o.outbox = reminder.outbox \
     AND o.dose = reminder.dose AND o.kind = reminder.kind)";
const PUPILS: &str = "SELECT list, nr, recorded_at FROM pupil WHERE decided = $1";
const ANSWERS: &str = "SELECT campaign, recorded_at FROM consent WHERE person = $1";
const ANSWERS_BEFORE: &str = "SELECT id, superseded_at FROM consent_past WHERE person = $1 \
     AND campaign IN (SELECT no FROM campaign)";
const LAST_ANSWER: &str = "SELECT COALESCE(MAX(id), 0) FROM consent_past";
const CALLS: &str = "SELECT id FROM phone_call WHERE person = $1";
const PRINTED: &str = "SELECT p.campaign, p.day, p.school, p.class, p.printed_at, o.person \
     FROM printed p LEFT JOIN printed o ON o.campaign = p.campaign AND o.day = p.day \
     AND o.person = $2 WHERE p.person = $1";

const MOVE_STANDING: &str = "UPDATE assignment SET person = $2 \
     WHERE person = $1 AND campaign = $3 AND made_at = $4";
/// One that has ended since: whatever ended before has a lower number.
const MOVE_ENDED_SINCE: &str = "UPDATE assignment_past SET person = $2 \
     WHERE person = $1 AND campaign = $3 AND made_at = $4 AND id > $5";
const MOVE_ENDED: &str = "UPDATE assignment_past SET person = $2 \
     WHERE person = $1 AND id = $3 AND ended_at = $4";
const MOVE_LINK: &str = "UPDATE booking_link SET person = $2 WHERE person = $1 AND hash = $3";
const MOVE_REMINDER: &str = "UPDATE reminder SET person = $2 WHERE person = $1 \
     AND campaign = $3 AND outbox = $4 AND dose = $5 AND kind = $6";
const MOVE_PUPIL: &str = "UPDATE pupil SET decided = $2 \
     WHERE decided = $1 AND list = $3 AND nr = $4 AND recorded_at = $5";
const MOVE_ANSWER: &str = "UPDATE consent SET person = $2 \
     WHERE person = $1 AND campaign = $3 AND recorded_at = $4";
/// Where an answer that another one has replaced since stands now.
const REPLACED_SINCE: &str = "SELECT id, superseded_at FROM consent_past \
     WHERE person = $1 AND campaign = $2 AND recorded_at = $3 AND id > $4 ORDER BY id LIMIT 1";
const MOVE_ANSWER_BEFORE: &str = "UPDATE consent_past SET person = $2 \
     WHERE person = $1 AND id = $3 AND superseded_at = $4";
/// An answer of before counts again, unless there is another one by now.
const ANSWER_AGAIN: &str = "INSERT INTO consent \
     (campaign, person, answer, day, given_by, reason, recorded_at) \
     SELECT campaign, person, answer, day, given_by, reason, recorded_at FROM consent_past \
     WHERE id = $1 AND superseded_at = $2 AND NOT EXISTS (SELECT 1 FROM consent o \
     WHERE o.campaign = consent_past.campaign AND o.person = consent_past.person)";
const ANSWER_NO_MORE: &str = "DELETE FROM consent_past WHERE id = $1";
const WAITING: &str = "SELECT campaign, since FROM waiting WHERE person = $1";
const MOVE_WAITING: &str = "UPDATE waiting SET person = $2 \
     WHERE person = $1 AND campaign = $3 AND since = $4";
const MOVE_CALL: &str = "UPDATE phone_call SET person = $2 WHERE person = $1 AND id = $3";
const PRINT: &str = "INSERT INTO printed (campaign, person, day, school, class, printed_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (campaign, person, day) DO NOTHING";
const UNPRINT: &str = "DELETE FROM printed WHERE campaign = $1 AND person = $2 AND day = $3";

const LATER_DOSES: &str =
    "SELECT record FROM dose WHERE person = $1 AND recorded_at > $2 ORDER BY record";
const LATER_OUTCOMES: &str =
    "SELECT record FROM outcome WHERE person = $1 AND recorded_at > $2 ORDER BY record";
const LATER_FILE: &str = "SELECT person FROM person WHERE person = $1 AND recorded_at > $2";
const LATER_ANSWERS: &str = "SELECT c.id FROM consent a JOIN campaign c ON c.no = a.campaign \
     WHERE a.person = $1 AND a.recorded_at > $2 ORDER BY c.id";

/// A row of a printed list that came along, or was dropped because the code that stayed had one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PrintedRow {
    campaign: i64,
    day: NaiveDate,
    school: String,
    class: String,
    printed_at: i64,
    moved: bool,
}

/// What of one code became another's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moved {
    /// The code that stayed.
    pub into: String,
    /// Whether it was completed by what the other code knew.
    pub is_completed: bool,
    /// Codes that had led to the one that went.
    pub codes: Vec<String>,
    /// Records of doses.
    pub doses: Vec<String>,
    /// Records of outcomes.
    pub outcomes: Vec<String>,
    /// Records of refusals that were lifted because both together had agreed.
    pub lifted: Vec<String>,
    /// Appointments that stood: campaign, and when they were made.
    standing: Vec<(i64, i64)>,
    /// Those that had ended: number, and when they ended.
    ended: Vec<(i64, i64)>,
    /// The highest number of an appointment that had ended, of anybody.
    last_ended: i64,
    links: Vec<String>,
    waiting: Vec<(i64, i64)>,
    reminders: Vec<(i64, i64, i64, String)>,
    /// Rows of lists: list, number, and when the list came.
    pupils: Vec<(String, i64, i64)>,
    /// Answers that counted: campaign, and when they were recorded.
    answers: Vec<(i64, i64)>,
    /// Those that others had replaced: number, and when that was.
    answers_before: Vec<(i64, i64)>,
    /// Answers of either code that the merger set aside, likewise.
    set_aside: Vec<(i64, i64)>,
    /// The highest number of an answer that another one had replaced, of anybody.
    last_answer: i64,
    printed: Vec<PrintedRow>,
    calls: Vec<i64>,
}

/// A code that leads to somebody since two codes became one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merger {
    /// The code that went.
    pub alias: String,
    /// The person to whom it leads now.
    pub person: PersonId,
    /// Since when, milliseconds since 1970.
    pub at: i64,
    /// What came along; `None` where that was not noted, or is erased.
    pub moved: Option<Moved>,
}

fn merger(row: &Row) -> Result<Merger> {
    let row = row.of("alias", &[0]);
    let moved: Option<String> = row.get(3)?;
    let moved = moved.map(|text| serde_json::from_str(&text));
    let moved = moved.transpose().map_err(|error| row.bad(3, error.to_string()))?;
    let person = PersonId::new(row.get::<String>(1)?);
    Ok(Merger { alias: row.get(0)?, person, at: row.get(2)?, moved })
}

/// The merger in which a code went.
pub async fn find(tx: &mut Tx, alias: &str) -> Result<Option<Merger>> {
    tx.row(FIND, args![alias]).await?.as_ref().map(merger).transpose()
}

/// The last instant (milliseconds since 1970) at which one of two people was merged, or parted.
pub async fn last(tx: &mut Tx, one: &str, other: &str) -> Result<Option<i64>> {
    tx.row(LAST, args![one, other]).await?.map_or(Ok(None), |row| row.get(0))
}

/// The last code that became a person's after an instant (milliseconds since 1970).
pub async fn newer(tx: &mut Tx, person: &str, at: i64) -> Result<Option<String>> {
    tx.row(NEWER, args![person, at]).await?.map(|row| row.get(0)).transpose()
}

/// Every merger, the newest first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Merger>> {
    tx.rows(LIST, args![]).await?.iter().map(merger).collect()
}

/// Lets a code, and all that lead to it, lead to a person, and notes what came along. `now`: milliseconds since 1970.
pub async fn insert(tx: &mut Tx, alias: &str, moved: &Moved, now: i64) -> Result<()> {
    tx.run(FOLLOW, args![alias, moved.into.as_str()]).await?;
    let text = serde_json::to_string(moved).expect("keys are plain data");
    tx.run(INSERT, args![alias, moved.into.as_str(), now, text]).await?;
    Ok(())
}

/// A code is a person of its own again, and the codes that had led to it do so again.
pub async fn delete(tx: &mut Tx, alias: &str, codes: &[String]) -> Result<()> {
    tx.run(DELETE, args![alias]).await?;
    for code in codes {
        tx.run(LEAD_BACK, args![code.as_str(), alias]).await?;
    }
    Ok(())
}

/// Forgets what came along with the codes of a person who is erased: they stay one.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}

/// Keys of what was recorded of a person after an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Later {
    /// Records of doses.
    pub doses: Vec<String>,
    /// Records of outcomes.
    pub outcomes: Vec<String>,
    /// The person's own code.
    pub file: Vec<String>,
    /// Campaigns in which guardians answered.
    pub answers: Vec<String>,
}

/// What was recorded of a person after an instant (milliseconds since 1970).
pub async fn later(tx: &mut Tx, person: &str, at: i64) -> Result<Later> {
    Ok(Later {
        doses: keys(tx, LATER_DOSES, args![person, at]).await?,
        outcomes: keys(tx, LATER_OUTCOMES, args![person, at]).await?,
        file: keys(tx, LATER_FILE, args![person, at]).await?,
        answers: keys(tx, LATER_ANSWERS, args![person, at]).await?,
    })
}

async fn keys(tx: &mut Tx, sql: &'static str, values: Vec<Value>) -> Result<Vec<String>> {
    let rows = tx.rows(sql, values).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

async fn pairs(tx: &mut Tx, sql: &'static str, values: Vec<Value>) -> Result<Vec<(i64, i64)>> {
    let rows = tx.rows(sql, values).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

async fn number(tx: &mut Tx, sql: &'static str) -> Result<i64> {
    tx.row(sql, args![]).await?.map_or(Ok(0), |row| row.get(0))
}

/// What beside records will come along when `from` becomes `to`: to be asked when what both have twice is ended and
/// set aside, and before anything is handed over. `set_aside`: those answers.
pub async fn held(
    tx: &mut Tx,
    (from, to): (&str, &str),
    set_aside: Vec<(i64, i64)>,
) -> Result<Moved> {
    let both = || args![from, to];
    let mut moved = Moved {
        into: to.to_owned(),
        standing: pairs(tx, STANDING, args![from]).await?,
        waiting: pairs(tx, WAITING, args![from]).await?,
        ended: pairs(tx, ENDED, args![from]).await?,
        last_ended: number(tx, LAST_ENDED).await?,
        answers: pairs(tx, ANSWERS, args![from]).await?,
        answers_before: pairs(tx, ANSWERS_BEFORE, args![from]).await?,
        set_aside,
        last_answer: number(tx, LAST_ANSWER).await?,
        ..Moved::default()
    };
    for row in tx.rows(LINKS, args![from]).await? {
        moved.links.push(row.get(0)?);
    }
    for row in tx.rows(REMINDERS, both()).await? {
        moved.reminders.push((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    }
    for row in tx.rows(PUPILS, args![from]).await? {
        moved.pupils.push((row.get(0)?, row.get(1)?, row.get(2)?));
    }
    for row in tx.rows(PRINTED, both()).await? {
        moved.printed.push(PrintedRow {
            campaign: row.get(0)?,
            day: row.get(1)?,
            school: row.get(2)?,
            class: row.get(3)?,
            printed_at: row.get(4)?,
            moved: row.get::<Option<String>>(5)?.is_none(),
        });
    }
    for row in tx.rows(CALLS, args![from]).await? {
        moved.calls.push(row.get(0)?);
    }
    Ok(moved)
}

/// Gives appointments, reminders, links, calls, answers and rows of lists back to `from`, as far as they still are
/// those of the code that stayed. An appointment that ended at the merger stays ended.
pub async fn give_back(tx: &mut Tx, from: &str, moved: &Moved) -> Result<()> {
    let to = moved.into.as_str();
    for (campaign, made_at) in &moved.standing {
        let key = args![to, from, *campaign, *made_at];
        if tx.run(MOVE_STANDING, key).await? == 0 {
            let key = args![to, from, *campaign, *made_at, moved.last_ended];
            tx.run(MOVE_ENDED_SINCE, key).await?;
        }
    }
    for (id, ended_at) in &moved.ended {
        tx.run(MOVE_ENDED, args![to, from, *id, *ended_at]).await?;
    }
    for hash in &moved.links {
        tx.run(MOVE_LINK, args![to, from, hash.as_str()]).await?;
    }
    for (campaign, since) in &moved.waiting {
        tx.run(MOVE_WAITING, args![to, from, *campaign, *since]).await?;
    }
    for (campaign, outbox, dose, kind) in &moved.reminders {
        let key = args![to, from, *campaign, *outbox, *dose, kind.as_str()];
        tx.run(MOVE_REMINDER, key).await?;
    }
    for (list, nr, recorded_at) in &moved.pupils {
        tx.run(MOVE_PUPIL, args![to, from, list.as_str(), *nr, *recorded_at]).await?;
    }
    for call in &moved.calls {
        tx.run(MOVE_CALL, args![to, from, *call]).await?;
    }
    answers_back(tx, (from, to), moved).await?;
    for row in &moved.printed {
        if row.moved {
            tx.run(UNPRINT, args![row.campaign, to, row.day]).await?;
        }
        let (school, class) = (row.school.as_str(), row.class.as_str());
        let values = args![row.campaign, from, row.day, school, class, row.printed_at];
        tx.run(PRINT, values).await?;
    }
    Ok(())
}

/// Gives answers back. Where a newer one was recorded since, that one stays with the code that stayed, and those of
/// before count again for whom they were of.
async fn answers_back(tx: &mut Tx, (from, to): (&str, &str), moved: &Moved) -> Result<()> {
    let mut again = moved.set_aside.clone();
    for (campaign, recorded_at) in &moved.answers {
        if tx.run(MOVE_ANSWER, args![to, from, *campaign, *recorded_at]).await? > 0 {
            continue;
        }
        let key = args![to, *campaign, *recorded_at, moved.last_answer];
        for (id, superseded_at) in pairs(tx, REPLACED_SINCE, key).await? {
            tx.run(MOVE_ANSWER_BEFORE, args![to, from, id, superseded_at]).await?;
            again.push((id, superseded_at));
        }
    }
    for (id, superseded_at) in &moved.answers_before {
        tx.run(MOVE_ANSWER_BEFORE, args![to, from, *id, *superseded_at]).await?;
    }
    for (id, superseded_at) in again {
        if tx.run(ANSWER_AGAIN, args![id, superseded_at]).await? > 0 {
            tx.run(ANSWER_NO_MORE, args![id]).await?;
        }
    }
    Ok(())
}
