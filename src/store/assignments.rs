//! Appointments of people of the register: those that stand, and those that have ended.

use super::db::{Row, TableRow};
use super::pieces::Pieces;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::assign::{Assignment, Ended};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{PersonId, PlaceCode};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::sync::LazyLock;

// Lists come as one JSON value: a statement for each row would take longer than storing it.
const WRITE: &str = "INSERT INTO assignment \
     (campaign, person, dose, day, place, plan, made_at, area, grp) \
     SELECT $1, value, $2, $3, $4, $5, $6, $7, $8 FROM json_each($9)";
const END: &str = "INSERT INTO assignment_past \
     (campaign, person, dose, day, place, plan, made_at, ended_at, why, slot, answer) \
     SELECT campaign, person, dose, day, place, plan, made_at, $2, $3, slot, answer \
     FROM assignment \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($4))";
const DELETE: &str = "DELETE FROM assignment \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($2))";
/// Mails that wait and call people to the appointments that end.
const WITHDRAW: &str = "UPDATE outbox SET state = 'withdrawn', fence = fence + 1, \
     changed_at = $2, last_error = $3 WHERE state = 'queued' AND id IN (SELECT r.outbox \
     FROM assignment a JOIN reminder r ON r.campaign = a.campaign AND r.person = a.person \
     AND r.dose = a.dose AND r.day = a.day WHERE r.kind <> 'cancelled' AND a.campaign = $1 \
     AND a.person IN (SELECT value FROM json_each($4)))";
const OF: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($2))";
const CAMPAIGNS: &str = "SELECT DISTINCT campaign FROM assignment \
     WHERE person IN (SELECT value FROM json_each($1)) ORDER BY campaign";
const FROM: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1 AND day >= $2 ORDER BY day, place, \
     CASE WHEN answer IS NULL THEN 1 ELSE 0 END, made_at, person";
const WHY: &str = "SELECT person, day, why FROM assignment_past WHERE campaign = $1 \
     AND person IN (SELECT value FROM json_each($2)) ORDER BY ended_at";
const LEFT: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment_past \
     WHERE campaign = $1 AND day = $2 AND ended_at > $3 AND made_at <= $3 ORDER BY place, person";
const JOINED: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1 AND day = $2 AND made_at > $3 ORDER BY place, person";
static HELD: LazyLock<Pieces> = LazyLock::new(|| {
    const TOLD: &str = "CASE WHEN EXISTS (SELECT 1 FROM reminder r WHERE r.campaign = a.campaign \
         AND r.person = a.person AND r.dose = a.dose AND r.day = a.day AND r.place = a.place \
         AND r.kind <> 'cancelled') THEN 'told' END";
    let columns = [
        ("person", "a.person"),
        ("dose", "a.dose"),
        ("day", "a.day"),
        ("place", "a.place"),
        ("answer", "a.answer"),
        ("told", TOLD),
    ];
    Pieces::new(("assignment", "assignment a"), &columns, "AND a.campaign = $2")
});
const ALL: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1";
const ON: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment \
     WHERE campaign = $1 AND day = $2 ORDER BY place, person";
const PAST_ON: &str = "SELECT person, dose, day, place, plan, made_at FROM assignment_past \
     WHERE campaign = $1 AND day = $2 AND why = $3 ORDER BY place, person";
const ABSENCES: &str = "SELECT person, dose, COUNT(*), MAX(day) FROM assignment_past \
     WHERE campaign = $1 AND why IN ('absent', 'cancelled') GROUP BY person, dose";

const CALLED: &str = "SELECT person, dose, day, place, why, ended_at FROM assignment_past \
     WHERE campaign = $1 AND day >= $2 AND day <= $3 AND why IN ('done', 'absent', 'barred')";

/// What is noted with a mail that is withdrawn.
pub const NO_LONGER: &str = "the appointment no longer stands";

/// People that one statement handles: a list of some tens of kilobytes.
const PEOPLE_PER_STATEMENT: usize = 5000;

/// The number of a dose, in the second column.
fn dose(row: &TableRow<'_>) -> Result<u8> {
    row.number(1, "a dose number")
}

fn assignment(row: &Row) -> Result<Assignment> {
    Ok(Assignment {
        person: PersonId::new(row.get::<String>(0)?),
        dose: dose(&row.of("assignment", &[0]))?,
        day: row.get(2)?,
        place: PlaceCode::new(row.get::<String>(3)?),
        plan: row.get(4)?,
        made_at: row.get(5)?,
    })
}

/// Everybody's appointment, by person.
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

/// The appointments of a day, by place and person.
pub async fn on(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<Assignment>> {
    tx.rows(ON, args![campaign, day]).await?.iter().map(assignment).collect()
}

/// The appointments of a day that ended for this reason, by place and person.
pub async fn ended_on(
    tx: &mut Tx,
    campaign: CampaignNo,
    day: NaiveDate,
    why: Ended,
) -> Result<Vec<Assignment>> {
    tx.rows(PAST_ON, args![campaign, day, why.word()]).await?.iter().map(assignment).collect()
}

/// What somebody knows of an appointment.
#[derive(Debug, Clone, Copy)]
pub struct Knows {
    /// They confirmed or booked it.
    pub has_answered: bool,
    /// They were told of it, or a mail about it waits.
    pub is_told: bool,
}

/// Hands over everybody's appointment, sorted by the person's code: code, day, place, number of the dose, and what the
/// person knows of it.
pub async fn each(
    tx: &mut Tx,
    campaign: CampaignNo,
    mut take: impl FnMut(String, NaiveDate, PlaceCode, u8, Knows),
) -> Result<()> {
    let take = |row: &TableRow<'_>| {
        let place = PlaceCode::new(row.get::<String>(3)?);
        let is_there = |at| row.get::<Option<String>>(at).map(|found| found.is_some());
        let knows = Knows { has_answered: is_there(4)?, is_told: is_there(5)? };
        take(row.get(0)?, row.get(2)?, place, dose(row)?, knows);
        Ok(())
    };
    HELD.each(tx, args![campaign], take).await
}

/// Hands over how often people did not come for a dose, or said that they would not: code, number of the dose, times,
/// last day.
pub async fn each_absence(
    tx: &mut Tx,
    campaign: CampaignNo,
    mut take: impl FnMut(String, u8, u8, NaiveDate),
) -> Result<()> {
    tx.each(ABSENCES, args![campaign], |row| {
        let times = u8::try_from(row.get::<i64>(2)?).unwrap_or(u8::MAX);
        take(row.get(0)?, dose(&row.of("assignment", &[0]))?, times, row.get(3)?);
        Ok(())
    })
    .await
}

/// Hands over the appointments of some days, in no order, that ended because the dose was given, or the person did not
/// come or must not be called any more: code, seat, why, and when that was noted, milliseconds since 1970.
pub async fn each_called(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
    mut take: impl FnMut(String, (u8, NaiveDate, PlaceCode), Ended, i64),
) -> Result<()> {
    tx.each(CALLED, args![campaign, first, last], |row| {
        let why: String = row.get(4)?;
        let all = [Ended::Absent, Ended::Barred];
        let why = all.into_iter().find(|one| one.word() == why).unwrap_or(Ended::Done);
        let seat = (
            dose(&row.of("assignment", &[0]))?,
            row.get(2)?,
            PlaceCode::new(row.get::<String>(3)?),
        );
        take(row.get(0)?, seat, why, row.get(5)?);
        Ok(())
    })
    .await
}

/// The appointments of some people.
pub async fn of(
    tx: &mut Tx,
    campaign: CampaignNo,
    people: &[&str],
) -> Result<BTreeMap<PersonId, Assignment>> {
    let rows = tx.rows(OF, args![campaign, super::json_list(people)]).await?;
    rows.iter().map(|row| assignment(row).map(|one| (one.person.clone(), one))).collect()
}

/// The campaigns in which some of these people have an appointment.
pub async fn campaigns(tx: &mut Tx, people: &[&str]) -> Result<Vec<CampaignNo>> {
    let rows = tx.rows(CAMPAIGNS, args![super::json_list(people)]).await?;
    rows.iter().map(|row| row.get(0).map(CampaignNo)).collect()
}

/// The appointments from a day on, by day and place: those that people answered first, then by the time at which they
/// were made.
pub async fn from(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<Assignment>> {
    tx.rows(FROM, args![campaign, day]).await?.iter().map(assignment).collect()
}

/// Why the appointments of people on a day ended last, in a word.
pub async fn why_ended(
    tx: &mut Tx,
    campaign: CampaignNo,
    people: &[&str],
) -> Result<BTreeMap<(String, NaiveDate), String>> {
    let rows = tx.rows(WHY, args![campaign, super::json_list(people)]).await?;
    rows.iter().map(|row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).collect()
}

/// Who left a day since an instant, and who joined it.
pub async fn changed_since(
    tx: &mut Tx,
    campaign: CampaignNo,
    day: NaiveDate,
    since: i64,
) -> Result<(Vec<Assignment>, Vec<Assignment>)> {
    let left = tx.rows(LEFT, args![campaign, day, since]).await?;
    let joined = tx.rows(JOINED, args![campaign, day, since]).await?;
    let read = |rows: Vec<Row>| rows.iter().map(assignment).collect::<Result<Vec<_>>>();
    Ok((read(left)?, read(joined)?))
}

/// Ends the appointments of people, for one reason, and withdraws the mails that wait and call them; `now` is in
/// milliseconds since 1970.
pub async fn end(
    tx: &mut Tx,
    campaign: CampaignNo,
    people: &[&str],
    why: Ended,
    now: i64,
) -> Result<()> {
    if !people.is_empty() {
        super::bookings::lock(tx, campaign).await?;
    }
    for people in people.chunks(PEOPLE_PER_STATEMENT) {
        let list = super::json_list(people);
        tx.run(WITHDRAW, args![campaign, now, NO_LONGER, &list]).await?;
        tx.run(END, args![campaign, now, why.word(), &list]).await?;
        tx.run(DELETE, args![campaign, list]).await?;
    }
    Ok(())
}

/// Stores the appointments of people of one cohort who come to one session for one dose. None of them has another
/// appointment.
pub async fn write(
    tx: &mut Tx,
    campaign: CampaignNo,
    (day, place, dose, cohort): (NaiveDate, &PlaceCode, u8, Option<&CohortKey>),
    people: &[&str],
    (plan, made_at): (i64, i64),
) -> Result<()> {
    for people in people.chunks(PEOPLE_PER_STATEMENT) {
        let (area, group) = (cohort.map(|of| of.area.as_str()), cohort.map(|of| of.group.as_str()));
        let list = super::json_list(people);
        let values = args![campaign, dose, day, place.as_str(), plan, made_at, area, group, list];
        tx.run(WRITE, values).await?;
    }
    Ok(())
}
