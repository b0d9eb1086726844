//! Who of the register is expected at which session, now and before.

use super::db::Row;
use super::{CampaignNo, Result, StoreError, Tx};
use crate::domain::assign::{Assignment, Ended};
use crate::domain::id::{PersonId, PlaceCode};
use crate::{args, bulk};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

bulk!(
    WRITE,
    7,
    "INSERT INTO assignment (campaign, person, dose, day, place, plan, made_at) VALUES",
    "ON CONFLICT (campaign, person) DO UPDATE SET dose = excluded.dose, day = excluded.day, \
     place = excluded.place, plan = excluded.plan, made_at = excluded.made_at"
);
bulk!(
    END,
    9,
    "INSERT INTO assignment_past \
     (campaign, person, dose, day, place, plan, made_at, ended_at, why) VALUES",
    ""
);
const DELETE: &str = "DELETE FROM assignment WHERE campaign = $1 AND person = $2";
const ALL: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1";
const ON: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1 AND day = $2 ORDER BY place, person";
const PAST_ON: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment_past \
     WHERE campaign = $1 AND day = $2 AND why = $3 ORDER BY place, person";
const ABSENCES: &str = "SELECT person, dose, COUNT(*), MAX(day) FROM assignment_past \
     WHERE campaign = $1 AND why = 'absent' GROUP BY person, dose";

fn assignment(row: &Row) -> Result<Assignment> {
    let dose: i64 = row.get(1)?;
    Ok(Assignment {
        person: PersonId::new(row.get::<String>(0)?),
        dose: u8::try_from(dose).map_err(|_| StoreError::BadRow {
            table: "assignment",
            what: format!("{dose} is no dose number"),
        })?,
        day: row.get(2)?,
        place: PlaceCode::new(row.get::<String>(3)?),
        plan: row.get(4)?,
        made_at: row.get(5)?,
    })
}

/// Everybody's assignment.
pub async fn all(tx: &mut Tx, campaign: CampaignNo) -> Result<BTreeMap<PersonId, Assignment>> {
    let mut out = BTreeMap::new();
    tx.each(ALL, args![campaign], |row| {
        let one = assignment(&row)?;
        out.insert(one.person.clone(), one);
        Ok(())
    })
    .await?;
    Ok(out)
}

/// Who is expected on a day.
pub async fn on(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<Assignment>> {
    tx.rows(ON, args![campaign, day]).await?.iter().map(assignment).collect()
}

/// Whose assignment on a day has ended in this way.
pub async fn ended_on(
    tx: &mut Tx,
    campaign: CampaignNo,
    day: NaiveDate,
    why: Ended,
) -> Result<Vec<Assignment>> {
    tx.rows(PAST_ON, args![campaign, day, why.word()]).await?.iter().map(assignment).collect()
}

/// How often, and when last, people did not come for a dose.
pub async fn absences(
    tx: &mut Tx,
    campaign: CampaignNo,
) -> Result<BTreeMap<(PersonId, u8), (u32, NaiveDate)>> {
    let rows = tx.rows(ABSENCES, args![campaign]).await?;
    rows.iter()
        .map(|row| {
            let dose: i64 = row.get(1)?;
            let key = (PersonId::new(row.get::<String>(0)?), u8::try_from(dose).unwrap_or(0));
            let times = u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX);
            Ok((key, (times, row.get(3)?)))
        })
        .collect()
}

/// A person has one assignment at a time.
async fn write(tx: &mut Tx, campaign: CampaignNo, new: &[Assignment]) -> Result<()> {
    let values = new.iter().flat_map(|one| {
        args![
            campaign,
            one.person.as_str(),
            one.dose,
            one.day,
            one.place.as_str(),
            one.plan,
            one.made_at
        ]
    });
    WRITE.run(tx, values.collect()).await?;
    Ok(())
}

/// Stores new assignments and ends others, with the reason.
pub async fn change(
    tx: &mut Tx,
    campaign: CampaignNo,
    new: &[Assignment],
    ended: &[(Assignment, Ended)],
    now: i64,
) -> Result<()> {
    let values = ended.iter().flat_map(|(one, why)| {
        args![
            campaign,
            one.person.as_str(),
            one.dose,
            one.day,
            one.place.as_str(),
            one.plan,
            one.made_at,
            now,
            why.word()
        ]
    });
    END.run(tx, values.collect()).await?;
    // A new assignment of the same person takes the row over.
    let replaced: BTreeSet<&PersonId> = new.iter().map(|one| &one.person).collect();
    for (one, _) in ended.iter().filter(|(one, _)| !replaced.contains(&one.person)) {
        tx.run(DELETE, args![campaign, one.person.as_str()]).await?;
    }
    write(tx, campaign, new).await
}
