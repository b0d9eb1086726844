//! Lists of schools, what guardians answered, and who stands on printed lists.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::schools::{Consent, ConsentAnswer, Decided, ListKind, Pupil};
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::BTreeMap;

const LISTS: &str = "SELECT list, nr, kind, content, decided FROM pupil ORDER BY list, nr";
const ANY: &str = "SELECT nr FROM pupil LIMIT 1";
const CLEAR: &str = "DELETE FROM pupil WHERE list = $1 AND kind = $2";
bulk!(WRITE, 6, "INSERT INTO pupil (list, nr, kind, content, decided, recorded_at) VALUES", "");
const DECIDE: &str = "UPDATE pupil SET decided = $3 WHERE list = $1 AND nr = $2";

const CONSENTS: &str = "SELECT person, answer, day, given_by, reason FROM consent \
     WHERE campaign = $1 ORDER BY person";
const KEEP: &str = "INSERT INTO consent_past \
     (campaign, person, answer, day, given_by, reason, recorded_at, superseded_at) \
     SELECT campaign, person, answer, day, given_by, reason, recorded_at, $3 FROM consent \
     WHERE campaign = $1 AND person = $2";
const ANSWER: &str = "INSERT INTO consent \
     (campaign, person, answer, day, given_by, reason, recorded_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (campaign, person) DO UPDATE SET \
     answer = excluded.answer, day = excluded.day, given_by = excluded.given_by, \
     reason = excluded.reason, recorded_at = excluded.recorded_at";

bulk!(
    PRINT,
    6,
    "INSERT INTO printed (campaign, person, day, school, class, printed_at) VALUES",
    "ON CONFLICT (campaign, person, day) DO UPDATE SET school = excluded.school, \
     class = excluded.class, printed_at = excluded.printed_at"
);
const PRINTED: &str = "SELECT person, day, school, class FROM printed \
     WHERE campaign = $1 AND day >= $2 ORDER BY person, day";

/// Where one stands on a printed list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Printed {
    /// The day of the visit.
    pub day: NaiveDate,
    /// The school.
    pub school: AreaCode,
    /// The class.
    pub class: String,
}

fn pupil(row: &Row) -> Result<Pupil> {
    let row = row.of("pupil", &[0, 1]);
    let content: String = row.get(3)?;
    // What serde says may quote a name.
    let read: Pupil =
        serde_json::from_str(&content).map_err(|_| row.bad(3, "is not a pupil in JSON"))?;
    let decided: Option<String> = row.get(4)?;
    Ok(Pupil {
        list: AreaCode::new(row.get::<String>(0)?),
        nr: row.number(1, "the number of a row")?,
        kind: row.word::<ListKind>(2)?,
        decided: decided.as_deref().map(Decided::of_text),
        ..read
    })
}

/// Every row of every list, by list and number.
pub async fn lists(tx: &mut Tx) -> Result<Vec<Pupil>> {
    tx.rows(LISTS, args![]).await?.iter().map(pupil).collect()
}

/// Whether there is any list.
pub async fn has_lists(tx: &mut Tx) -> Result<bool> {
    Ok(tx.row(ANY, args![]).await?.is_some())
}

/// Puts a list in the place of the one of this kind that was there.
pub async fn replace(
    tx: &mut Tx,
    (list, kind): (&AreaCode, ListKind),
    rows: &[&Pupil],
    now: i64,
) -> Result<()> {
    tx.run(CLEAR, args![list.as_str(), kind]).await?;
    let mut values = Vec::new();
    for row in rows {
        let content = serde_json::to_string(row).expect("a pupil is plain data");
        let decided = row.decided.as_ref().map(Decided::text);
        values.append(&mut args![list.as_str(), row.nr, row.kind, content, decided, now]);
    }
    WRITE.run(tx, values).await?;
    Ok(())
}

/// Notes what a clerk decided about a row; `false` if there is no such row.
pub async fn decide(tx: &mut Tx, list: &str, nr: u32, decided: &Decided) -> Result<bool> {
    Ok(tx.run(DECIDE, args![list, nr, decided.text()]).await? > 0)
}

/// What guardians answered in a campaign.
pub async fn consents(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeMap<PersonId, Consent>> {
    let rows = tx.rows(CONSENTS, args![campaign]).await?;
    rows.iter().map(|row| consent(row).map(|one| (one.person.clone(), one))).collect()
}

fn consent(row: &Row) -> Result<Consent> {
    let row = row.of("consent", &[0]);
    let person = PersonId::new(row.get::<String>(0)?);
    let answer: ConsentAnswer = row.word(1)?;
    Ok(Consent { person, answer, day: row.get(2)?, given_by: row.get(3)?, reason: row.get(4)? })
}

/// Stores an answer and keeps the one before it. `now`: milliseconds since 1970.
pub async fn answer(tx: &mut Tx, campaign: CampaignNo, one: &Consent, now: i64) -> Result<()> {
    tx.run(KEEP, args![campaign, one.person.as_str(), now]).await?;
    let values = args![
        campaign,
        one.person.as_str(),
        one.answer,
        one.day,
        one.given_by.as_deref(),
        one.reason.as_deref(),
        now,
    ];
    tx.run(ANSWER, values).await?;
    Ok(())
}

/// Notes who stands on lists that are printed now.
pub async fn print(
    tx: &mut Tx,
    campaign: CampaignNo,
    all: &[(PersonId, Printed)],
    now: i64,
) -> Result<()> {
    let mut values = Vec::new();
    for (person, at) in all {
        let (school, class) = (at.school.as_str(), at.class.as_str());
        values.append(&mut args![campaign, person.as_str(), at.day, school, class, now]);
    }
    PRINT.run(tx, values).await?;
    Ok(())
}

/// Who stands on lists that were printed for visits from a day on.
pub async fn printed(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<BTreeMap<PersonId, Vec<Printed>>> {
    let mut out: BTreeMap<PersonId, Vec<Printed>> = BTreeMap::new();
    for row in tx.rows(PRINTED, args![campaign, from]).await? {
        let school = AreaCode::new(row.get::<String>(2)?);
        let one = Printed { day: row.get(1)?, school, class: row.get(3)? };
        out.entry(PersonId::new(row.get::<String>(0)?)).or_default().push(one);
    }
    Ok(out)
}

/// What the guardians of one person answered, by campaign.
pub async fn consents_of(tx: &mut Tx, person: &str) -> Result<BTreeMap<CampaignNo, Consent>> {
    const OF: &str = "SELECT person, answer, day, given_by, reason, campaign FROM consent \
         WHERE person = $1 ORDER BY campaign";
    let rows = tx.rows(OF, args![person]).await?;
    rows.iter().map(|row| Ok((CampaignNo(row.get(5)?), consent(row)?))).collect()
}

/// What the guardians of one person answered before in a campaign, the last answer first.
async fn past(tx: &mut Tx, campaign: CampaignNo, person: &str) -> Result<Vec<Consent>> {
    const PAST: &str = "SELECT person, answer, day, given_by, reason FROM consent_past \
         WHERE campaign = $1 AND person = $2 ORDER BY superseded_at DESC, recorded_at DESC";
    tx.rows(PAST, args![campaign, person]).await?.iter().map(consent).collect()
}

/// What the guardians of one person answered before, each with when the next answer came (milliseconds since 1970).
pub async fn past_of(tx: &mut Tx, person: &str) -> Result<Vec<(CampaignNo, Consent, i64)>> {
    const PAST: &str = "SELECT person, answer, day, given_by, reason, campaign, superseded_at \
         FROM consent_past WHERE person = $1 AND campaign IN (SELECT no FROM campaign) \
         ORDER BY superseded_at, campaign, recorded_at";
    let rows = tx.rows(PAST, args![person]).await?;
    rows.iter().map(|row| Ok((CampaignNo(row.get(5)?), consent(row)?, row.get(6)?))).collect()
}

/// Takes back a refusal: the agreement before it counts again, if there was one. `now`: milliseconds since 1970.
pub async fn take_back(tx: &mut Tx, campaign: CampaignNo, person: &str, now: i64) -> Result<()> {
    const DROP: &str = "DELETE FROM consent WHERE campaign = $1 AND person = $2";
    let before = past(tx, campaign, person).await?;
    tx.run(KEEP, args![campaign, person, now]).await?;
    tx.run(DROP, args![campaign, person]).await?;
    if let Some(agreed) = before.iter().find(|one| one.answer == ConsentAnswer::Yes) {
        answer(tx, campaign, agreed, now).await?;
    }
    Ok(())
}

/// Sets answers of two codes that become one person aside where both answered in a campaign: the newest one counts.
/// Returns where each stands now: its number, and when it was set aside. `now`: milliseconds since 1970.
pub async fn set_aside(tx: &mut Tx, (from, to): (&str, &str), now: i64) -> Result<Vec<(i64, i64)>> {
    const DROP: &str = "DELETE FROM consent WHERE campaign = $1 AND person = $2";
    const KEPT: &str = "SELECT MAX(id) FROM consent_past WHERE campaign = $1 AND person = $2";
    let (theirs, own) = (consents_of(tx, from).await?, consents_of(tx, to).await?);
    let mut out = Vec::new();
    for (campaign, one) in &theirs {
        let Some(held) = own.get(campaign) else { continue };
        let lesser = if held.outweighs(one) { from } else { to };
        tx.run(KEEP, args![*campaign, lesser, now]).await?;
        tx.run(DROP, args![*campaign, lesser]).await?;
        if let Some(row) = tx.row(KEPT, args![*campaign, lesser]).await? {
            out.push((row.get(0)?, now));
        }
    }
    Ok(out)
}

/// What stands of one person in lists and answers goes with another code from now on, once [`set_aside`] has chosen
/// between their answers.
pub async fn hand_over(tx: &mut Tx, from: &str, to: &str) -> Result<()> {
    const MOVED: [&str; 4] = [
        "UPDATE pupil SET decided = $2 WHERE decided = $1",
        "UPDATE consent SET person = $2 WHERE person = $1",
        "UPDATE consent_past SET person = $2 WHERE person = $1",
        "UPDATE printed SET person = $2 WHERE person = $1 AND NOT EXISTS (SELECT 1 FROM printed o \
         WHERE o.person = $2 AND o.campaign = printed.campaign AND o.day = printed.day)",
    ];
    for statement in MOVED {
        tx.run(statement, args![from, to]).await?;
    }
    tx.run("DELETE FROM printed WHERE person = $1", args![from]).await?;
    Ok(())
}

/// Takes out of lists and answers who somebody is: rows with one of these texts go, of answers the answer stays.
pub async fn forget(tx: &mut Tx, person: &str, is_theirs: impl Fn(&Pupil) -> bool) -> Result<()> {
    const BLANK: [&str; 2] = [
        "UPDATE consent SET given_by = NULL, reason = NULL WHERE person = $1",
        "UPDATE consent_past SET given_by = NULL, reason = NULL WHERE person = $1",
    ];
    const DROP: &str = "DELETE FROM pupil WHERE list = $1 AND nr = $2";
    for row in lists(tx).await?.iter().filter(|row| is_theirs(row)) {
        tx.run(DROP, args![row.list.as_str(), row.nr]).await?;
    }
    for statement in BLANK {
        tx.run(statement, args![person]).await?;
    }
    Ok(())
}

/// Takes the personal part out of what is left of a campaign that is long over.
pub async fn retain(tx: &mut Tx, campaign: CampaignNo) -> Result<()> {
    const OLD: [&str; 3] = [
        "UPDATE consent SET given_by = NULL, reason = NULL WHERE campaign = $1",
        "DELETE FROM consent_past WHERE campaign = $1",
        "DELETE FROM printed WHERE campaign = $1",
    ];
    for statement in OLD {
        tx.run(statement, args![campaign]).await?;
    }
    Ok(())
}

/// Deletes lists that came before an instant (milliseconds since 1970): pupils of years ago are at school no more.
pub async fn old_lists(tx: &mut Tx, before: i64) -> Result<()> {
    tx.run("DELETE FROM pupil WHERE recorded_at < $1", args![before]).await?;
    Ok(())
}
