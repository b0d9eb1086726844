//! Seats that people have, by slot, and the links that open the booking page. Appointments themselves are rows of
//! [`super::assignments`].

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::booking::{Answer, BookedSeats, SeatStand, SlotTime, Taken};
use crate::domain::campaign::CohortKey;
use crate::domain::id::{AreaCode, GroupId, PersonId, PlaceCode};
use crate::domain::plan::PlanState;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// An appointment with its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Who.
    pub person: PersonId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// When the slot begins, where it has one.
    pub slot: Option<SlotTime>,
    /// Whose seat of the plan it is, where that is known.
    pub cohort: Option<CohortKey>,
    /// What the person said to it.
    pub answer: Option<Answer>,
    /// Number of the plan that the session is in.
    pub plan: i64,
}

/// A seat of a session that people can book.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookedSeat {
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// When the slot begins, where the place has hours.
    pub slot: Option<SlotTime>,
    /// Whose seat of the plan it is.
    pub cohort: CohortKey,
    /// Number of the plan that the session is in.
    pub plan: i64,
}

/// What a link to the booking page is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The campaign.
    pub campaign: CampaignNo,
    /// Whose dose.
    pub person: PersonId,
    /// Its number, from 1; 0 for the one that is due.
    pub dose: u8,
    /// The last day on which it opens the page.
    pub until: NaiveDate,
}

/// An appointment that somebody had confirmed or booked, and that others ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostBooking {
    /// Who.
    pub person: PersonId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// Why it ended, in a word.
    pub why: String,
}

/// An appointment that somebody gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Who.
    pub person: PersonId,
    /// Number of the dose, from 1.
    pub dose: u8,
    /// The place.
    pub place: PlaceCode,
    /// When the slot began, where it had one.
    pub slot: Option<SlotTime>,
    /// Whether they took another one.
    pub stand: SeatStand,
}

// An update locks the row until the transaction ends; whoever comes second sees what the first one did. Whatever
// changes how many seats are taken goes through here first, so that counts that were kept are known to be old.
const LOCK_OF: &str = "INSERT INTO seat_lock (campaign, turn) \
     SELECT a.campaign, 1 FROM assignment a JOIN campaign c ON c.no = a.campaign \
     WHERE a.person = $1 ORDER BY c.id \
     ON CONFLICT (campaign) DO UPDATE SET turn = seat_lock.turn + 1";
const LOCK: &str = "INSERT INTO seat_lock (campaign, turn) VALUES ($1, 1) \
     ON CONFLICT (campaign) DO UPDATE SET turn = seat_lock.turn + 1";
const TAKEN: &str = "SELECT day, place, slot, area, grp, dose, COUNT(*) FROM assignment \
     WHERE campaign = $1 AND day >= $2 AND day <= $3 \
     AND place IN (SELECT value FROM json_each($4)) GROUP BY day, place, slot, area, grp, dose";
const OF: &str = "SELECT person, dose, day, place, slot, area, grp, answer, plan FROM assignment \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($2))";
const STANDING: &str = "SELECT (SELECT MAX(no) FROM plan WHERE campaign = $1 AND state = $2), \
     (SELECT turn FROM seat_lock WHERE campaign = $1)";
const SLOTS_OF: &str = "SELECT person, day, slot FROM assignment WHERE campaign = $1 \
     AND slot IS NOT NULL AND person IN (SELECT value FROM json_each($2))";
const FROM: &str = "SELECT person, dose, day, place, slot, area, grp, answer, plan \
     FROM assignment WHERE campaign = $1 AND day >= $2 ORDER BY day, place, slot, person";
const ON: &str = "SELECT person, dose, day, place, slot, area, grp, answer, plan \
     FROM assignment WHERE campaign = $1 AND day = $2 \
     AND place IN (SELECT value FROM json_each($3)) ORDER BY place, slot, person";
const LEFT: &str = "SELECT person, dose, place, slot, why FROM assignment_past \
     WHERE campaign = $1 AND day = $2 AND place IN (SELECT value FROM json_each($3)) \
     AND why IN ('moved', 'cancelled') AND person <> '' ORDER BY ended_at, person";
const TAKE: &str = "INSERT INTO assignment (campaign, person, dose, day, place, plan, made_at, \
     slot, area, grp, answer) \
     SELECT $1, value, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM json_each($11)";
const ANSWER: &str = "UPDATE assignment SET answer = $3 \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($2))";
const UNANSWER: &str = "UPDATE assignment SET answer = NULL \
     WHERE campaign = $1 AND person = $2 AND day >= $3 AND answer = 'confirmed'";
const WITHOUT_SLOT: &str = "SELECT day, place, person FROM assignment \
     WHERE campaign = $1 AND day >= $2 AND slot IS NULL ORDER BY day, place, made_at, person";
const SLOTS: &str = "SELECT DISTINCT day, place, slot FROM assignment \
     WHERE campaign = $1 AND day >= $2 AND slot IS NOT NULL ORDER BY day, place, slot";
const CLEAR_SLOT: &str = "UPDATE assignment SET slot = NULL \
     WHERE campaign = $1 AND day = $2 AND place = $3 AND slot = $4";
const SET_SLOT: &str = "UPDATE assignment SET slot = $2 \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($3))";
const DROP_SLOTS: &str = "UPDATE assignment SET slot = NULL \
     WHERE campaign = $1 AND person IN (SELECT value FROM json_each($2))";
const ANSWERED: &str = "SELECT day, place, area, grp, dose, COUNT(*) FROM assignment \
     WHERE campaign = $1 AND day >= $2 AND answer IS NOT NULL AND area IS NOT NULL \
     GROUP BY day, place, area, grp, dose ORDER BY day, place, area, grp, dose";
const LOST: &str = "SELECT person, dose, day, place, why FROM assignment_past \
     WHERE campaign = $1 AND day >= $2 AND answer IS NOT NULL \
     AND why IN ('closed', 'short', 'plan_changed') ORDER BY ended_at";
const PUT_LINK: &str = "INSERT INTO booking_link \
     (hash, campaign, person, dose, until_day, made_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (hash) DO UPDATE SET until_day = \
     CASE WHEN booking_link.until_day < excluded.until_day THEN excluded.until_day \
     ELSE booking_link.until_day END";
const LINKS: &str = "SELECT campaign, person, dose, until_day, hash FROM booking_link \
     WHERE hash IN (SELECT value FROM json_each($1))";
const KEEP_LINKS: &str = "UPDATE booking_link SET until_day = $4 WHERE campaign = $1 \
     AND person IN (SELECT value FROM json_each($2)) AND dose = $3 AND until_day < $4";
const DROP_LINKS: &str = "DELETE FROM booking_link WHERE until_day < $1";
const FORGET: &str = "DELETE FROM booking_link WHERE person = $1";

/// Waits until nobody else gives or takes seats of a campaign, and keeps others waiting until the transaction ends.
pub async fn lock(tx: &mut Tx, campaign: CampaignNo) -> Result<()> {
    tx.run(LOCK, args![campaign]).await?;
    Ok(())
}

/// The same for each campaign in which somebody has an appointment, in the order in which all others lock several.
pub async fn lock_all_of(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(LOCK_OF, args![person]).await?;
    Ok(())
}

fn slot_at(row: &Row, column: usize) -> Result<Option<SlotTime>> {
    let Some(minute) = row.get::<Option<i64>>(column)? else { return Ok(None) };
    let bad = || row.of("assignment", &[]).bad(column, format!("{minute} is no minute of a day"));
    SlotTime::of_minute(minute).map(Some).ok_or_else(bad)
}

fn cohort_at(row: &Row, column: usize) -> Result<Option<CohortKey>> {
    let (area, group): (Option<String>, Option<String>) = (row.get(column)?, row.get(column + 1)?);
    Ok(area
        .zip(group)
        .map(|(area, group)| CohortKey { area: AreaCode::new(area), group: GroupId::new(group) }))
}

fn appointment(row: &Row) -> Result<Appointment> {
    let answer = match row.get::<Option<String>>(7)? {
        Some(_) => Some(row.of("assignment", &[0]).word(7)?),
        None => None,
    };
    Ok(Appointment {
        person: PersonId::new(row.get::<String>(0)?),
        dose: row.of("assignment", &[0]).number(1, "a dose number")?,
        day: row.get(2)?,
        place: PlaceCode::new(row.get::<String>(3)?),
        slot: slot_at(row, 4)?,
        cohort: cohort_at(row, 5)?,
        answer,
        plan: row.get(8)?,
    })
}

/// The seats that people have at some places from one day to another.
pub async fn taken(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
    places: &[&str],
) -> Result<BTreeMap<(NaiveDate, PlaceCode), Taken>> {
    let mut out: BTreeMap<(NaiveDate, PlaceCode), Taken> = BTreeMap::new();
    let list = super::json_list(places);
    for row in tx.rows(TAKEN, args![campaign, first, last, list]).await? {
        let key = (row.get(0)?, PlaceCode::new(row.get::<String>(1)?));
        let dose = row.of("assignment", &[]).number(5, "a dose number")?;
        let (cohort, count) = (cohort_at(&row, 3)?, row.count(6, "assignment")?);
        out.entry(key).or_default().add(slot_at(&row, 2)?, (cohort, dose), count);
    }
    Ok(out)
}

/// The appointment that somebody has.
pub async fn of(tx: &mut Tx, campaign: CampaignNo, person: &str) -> Result<Option<Appointment>> {
    Ok(of_people(tx, campaign, &[person]).await?.into_values().next())
}

/// The appointments that some people have.
pub async fn of_people(
    tx: &mut Tx,
    campaign: CampaignNo,
    people: &[&str],
) -> Result<BTreeMap<PersonId, Appointment>> {
    let rows = tx.rows(OF, args![campaign, super::json_list(people)]).await?;
    let mine = |one: Appointment| (one.person.clone(), one);
    rows.iter().map(|row| appointment(row).map(mine)).collect()
}

/// The number of the plan in force, and how often seats of the campaign were given or taken: as long as that is the
/// same, so is what [`taken`] counts.
pub async fn standing(tx: &mut Tx, campaign: CampaignNo) -> Result<(Option<i64>, i64)> {
    let Some(row) = tx.row(STANDING, args![campaign, PlanState::Adopted]).await? else {
        return Ok((None, 0));
    };
    Ok((row.get(0)?, row.get::<Option<i64>>(1)?.unwrap_or(0)))
}

/// The days of people's appointments and when their slots begin; who has no slot is not there.
pub async fn slots_of(
    tx: &mut Tx,
    campaign: CampaignNo,
    people: &[&str],
) -> Result<BTreeMap<PersonId, (NaiveDate, SlotTime)>> {
    let mut out = BTreeMap::new();
    for row in tx.rows(SLOTS_OF, args![campaign, super::json_list(people)]).await? {
        if let Some(slot) = slot_at(&row, 2)? {
            out.insert(PersonId::new(row.get::<String>(0)?), (row.get(1)?, slot));
        }
    }
    Ok(out)
}

/// The appointments of a day at some places, by place and slot.
pub async fn on(
    tx: &mut Tx,
    campaign: CampaignNo,
    day: NaiveDate,
    places: &[&str],
) -> Result<Vec<Appointment>> {
    let list = super::json_list(places);
    tx.rows(ON, args![campaign, day, list]).await?.iter().map(appointment).collect()
}

/// The appointments of a day at some places that people gave back, in the order in which they did.
pub async fn left(
    tx: &mut Tx,
    campaign: CampaignNo,
    day: NaiveDate,
    places: &[&str],
) -> Result<Vec<Left>> {
    let read = |row: &Row| {
        let has_moved = row.get::<String>(4)? == "moved";
        Ok(Left {
            person: PersonId::new(row.get::<String>(0)?),
            dose: row.of("assignment_past", &[0]).number(1, "a dose number")?,
            place: PlaceCode::new(row.get::<String>(2)?),
            slot: slot_at(row, 3)?,
            stand: if has_moved { SeatStand::Moved } else { SeatStand::Cancelled },
        })
    };
    let list = super::json_list(places);
    tx.rows(LEFT, args![campaign, day, list]).await?.iter().map(read).collect()
}

/// The appointments from a day on, by day, place and slot.
pub async fn from(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<Appointment>> {
    tx.rows(FROM, args![campaign, day]).await?.iter().map(appointment).collect()
}

/// Gives people who have no appointment a seat that they booked. `now`: milliseconds since 1970.
pub async fn take(
    tx: &mut Tx,
    campaign: CampaignNo,
    seat: &BookedSeat,
    people: &[&str],
    now: i64,
) -> Result<()> {
    let values = args![
        campaign,
        seat.dose,
        seat.day,
        seat.place.as_str(),
        seat.plan,
        now,
        seat.slot.map(SlotTime::minute),
        seat.cohort.area.as_str(),
        seat.cohort.group.as_str(),
        Answer::Booked,
        super::json_list(people)
    ];
    tx.run(TAKE, values).await?;
    Ok(())
}

/// Notes what some people said to their appointments.
pub async fn answer(
    tx: &mut Tx,
    campaign: CampaignNo,
    people: &[&str],
    answer: Answer,
) -> Result<()> {
    tx.run(ANSWER, args![campaign, super::json_list(people), answer]).await?;
    Ok(())
}

/// Takes back that somebody confirmed an appointment from a day on.
pub async fn unanswer(
    tx: &mut Tx,
    campaign: CampaignNo,
    person: &str,
    from: NaiveDate,
) -> Result<()> {
    tx.run(UNANSWER, args![campaign, person, from]).await?;
    Ok(())
}

/// The appointments from a day on that have no slot, by day, place and the time at which they were made.
pub async fn without_slot(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<Vec<(NaiveDate, PlaceCode, String)>> {
    let read =
        |row: &Row| Ok((row.get(0)?, PlaceCode::new(row.get::<String>(1)?), row.get::<String>(2)?));
    tx.rows(WITHOUT_SLOT, args![campaign, from]).await?.iter().map(read).collect()
}

/// The slots that appointments from a day on have, by day and place.
pub async fn slots(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<Vec<(NaiveDate, PlaceCode, SlotTime)>> {
    let mut out = Vec::new();
    for row in tx.rows(SLOTS, args![campaign, from]).await? {
        let Some(slot) = slot_at(&row, 2)? else { continue };
        out.push((row.get(0)?, PlaceCode::new(row.get::<String>(1)?), slot));
    }
    Ok(out)
}

/// Takes a slot away from the appointments that have it.
pub async fn clear_slot(
    tx: &mut Tx,
    campaign: CampaignNo,
    (day, place, slot): (NaiveDate, &PlaceCode, SlotTime),
) -> Result<()> {
    tx.run(CLEAR_SLOT, args![campaign, day, place.as_str(), slot.minute()]).await?;
    Ok(())
}

/// Gives appointments of some people their slot.
pub async fn set_slot(
    tx: &mut Tx,
    campaign: CampaignNo,
    slot: SlotTime,
    people: &[&str],
) -> Result<()> {
    tx.run(SET_SLOT, args![campaign, slot.minute(), super::json_list(people)]).await?;
    Ok(())
}

/// Takes their slots away from the appointments of some people.
pub async fn drop_slots(tx: &mut Tx, campaign: CampaignNo, people: &[&str]) -> Result<()> {
    if !people.is_empty() {
        tx.run(DROP_SLOTS, args![campaign, super::json_list(people)]).await?;
    }
    Ok(())
}

/// How many people confirmed or booked their appointment, from a day on.
pub async fn answered(
    tx: &mut Tx,
    campaign: CampaignNo,
    from: NaiveDate,
) -> Result<Vec<BookedSeats>> {
    let mut out = Vec::new();
    for row in tx.rows(ANSWERED, args![campaign, from]).await? {
        let Some(cohort) = cohort_at(&row, 2)? else { continue };
        out.push(BookedSeats {
            day: row.get(0)?,
            place: PlaceCode::new(row.get::<String>(1)?),
            cohort,
            dose: row.of("assignment", &[]).number(4, "a dose number")?,
            people: row.count(5, "assignment")?,
        });
    }
    Ok(out)
}

/// The appointments from a day on that people had confirmed or booked and that others ended, in the order in which
/// they ended.
pub async fn lost(tx: &mut Tx, campaign: CampaignNo, day: NaiveDate) -> Result<Vec<LostBooking>> {
    let read = |row: &Row| {
        Ok(LostBooking {
            person: PersonId::new(row.get::<String>(0)?),
            dose: row.of("assignment_past", &[0]).number(1, "a dose number")?,
            day: row.get(2)?,
            place: PlaceCode::new(row.get::<String>(3)?),
            why: row.get(4)?,
        })
    };
    tx.rows(LOST, args![campaign, day]).await?.iter().map(read).collect()
}

/// Stores a link by the hash of its token; one that is known lasts as long as the longer of both.
pub async fn put_link(tx: &mut Tx, hash: &str, link: &Link, now: i64) -> Result<()> {
    let Link { campaign, person, dose, until } = link;
    tx.run(PUT_LINK, args![hash, *campaign, person.as_str(), *dose, *until, now]).await?;
    Ok(())
}

/// The links with these hashes of their tokens, by hash.
pub async fn links(tx: &mut Tx, hashes: &[&str]) -> Result<BTreeMap<String, Link>> {
    let read = |row: &Row| {
        let link = Link {
            campaign: CampaignNo(row.get(0)?),
            person: PersonId::new(row.get::<String>(1)?),
            dose: row.of("booking_link", &[]).number(2, "a dose number")?,
            until: row.get(3)?,
        };
        Ok((row.get(4)?, link))
    };
    tx.rows(LINKS, args![super::json_list(hashes)]).await?.iter().map(read).collect()
}

/// Lets the links of some people's dose last until a day.
pub async fn keep_links(
    tx: &mut Tx,
    campaign: CampaignNo,
    (people, dose): (&[&str], u8),
    until: NaiveDate,
) -> Result<()> {
    tx.run(KEEP_LINKS, args![campaign, super::json_list(people), dose, until]).await?;
    Ok(())
}

/// Deletes the links that ended before a day.
pub async fn drop_links(tx: &mut Tx, before: NaiveDate) -> Result<u64> {
    tx.run(DROP_LINKS, args![before]).await
}

/// Deletes what booking has of somebody beyond appointments.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}
