//! Appointments of one person in several open campaigns.

use super::{CampaignNo, Result, Tx};
use crate::args;
use crate::domain::booking::SlotTime;
use crate::domain::id::PlaceCode;
use chrono::NaiveDate;
use std::collections::BTreeMap;

// Few campaigns are open at a time: from each of them, a person's appointment is found by its key.
const JOINED: &str = "SELECT DISTINCT a.person FROM campaign c \
     JOIN assignment b ON b.campaign = c.no \
     JOIN assignment a ON a.campaign = $1 AND a.person = b.person \
     WHERE c.no <> $1 AND c.closed_at IS NULL AND b.day > $2 \
     AND a.day = b.day AND a.place = b.place";
const FROM: &str = "SELECT person, dose, day, place FROM assignment \
     WHERE campaign = $1 AND day >= $2 ORDER BY person";
/// Whoever was told of an appointment was told its time.
const OTHER_TIMES: &str = "SELECT a.person, a.day, a.place, b.slot, a.slot FROM campaign c \
     JOIN assignment b ON b.campaign = c.no \
     JOIN assignment a ON a.campaign = $1 AND a.person = b.person \
     WHERE c.no <> $1 AND c.closed_at IS NULL AND b.day >= $2 \
     AND a.day = b.day AND a.place = b.place AND b.slot IS NOT NULL \
     AND (a.slot IS NULL OR a.slot <> b.slot) AND a.answer IS NULL \
     AND NOT EXISTS (SELECT 1 FROM reminder r WHERE r.campaign = a.campaign \
     AND r.person = a.person AND r.dose = a.dose AND r.day = a.day AND r.place = a.place \
     AND r.kind <> 'cancelled') \
     ORDER BY a.person, CASE WHEN b.answer IS NULL THEN 1 ELSE 0 END, c.id";
/// People who were told a time, answered it, or come for another vaccine then, keep it.
const UNTOLD_TIMES: &str = "SELECT a.person, a.day, a.place, a.slot FROM assignment a \
     WHERE a.campaign = $1 AND a.day >= $2 AND a.day <= $3 AND a.slot IS NOT NULL \
     AND a.answer IS NULL AND NOT EXISTS (SELECT 1 FROM reminder r \
     WHERE r.campaign = a.campaign AND r.person = a.person AND r.dose = a.dose \
     AND r.day = a.day AND r.place = a.place AND r.kind <> 'cancelled') \
     AND NOT EXISTS (SELECT 1 FROM campaign c CROSS JOIN assignment b \
     WHERE b.campaign = c.no AND b.person = a.person AND b.campaign <> a.campaign \
     AND c.closed_at IS NULL AND b.day = a.day AND b.place = a.place) \
     ORDER BY a.day, a.place, a.slot, a.person DESC";
const KNOWING: &str = "SELECT a.campaign, a.day FROM campaign c CROSS JOIN assignment a \
     WHERE a.campaign = c.no AND a.person = $1 \
     AND (a.answer IS NOT NULL OR EXISTS (SELECT 1 FROM reminder r WHERE r.campaign = a.campaign \
     AND r.person = a.person AND r.dose = a.dose \
     AND r.day = a.day AND r.place = a.place AND r.kind <> 'cancelled'))";

/// Codes of the people who are expected after a day for this campaign and another open one at the same place and day.
pub async fn joined(tx: &mut Tx, campaign: CampaignNo, after: NaiveDate) -> Result<Vec<String>> {
    let rows = tx.rows(JOINED, args![campaign, after]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Hands over the appointments from a day on, by the person's code: code, number of the dose, day, place.
pub async fn each_from(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
    mut take: impl FnMut(String, u8, NaiveDate, PlaceCode),
) -> Result<()> {
    tx.each(FROM, args![campaign, first], |row| {
        let dose = row.of("assignment", &[0]).number(1, "a dose number")?;
        take(row.get(0)?, dose, row.get(2)?, PlaceCode::new(row.get::<String>(3)?));
        Ok(())
    })
    .await
}

/// An appointment whose person has another time for another open campaign at the same place and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTime {
    /// Their code.
    pub person: String,
    /// The day.
    pub day: NaiveDate,
    /// The place.
    pub place: PlaceCode,
    /// The time for the other campaign.
    pub there: SlotTime,
    /// The time of this one; `None` where it has none.
    pub here: Option<SlotTime>,
}

/// People whose appointment from a day on has another time than the one that they have for another open campaign at the
/// same place and day, and who were not told of it. Each person comes once.
pub async fn other_times(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
) -> Result<Vec<OtherTime>> {
    let mut out: Vec<OtherTime> = Vec::new();
    for row in tx.rows(OTHER_TIMES, args![campaign, first]).await? {
        let person: String = row.get(0)?;
        let is_known = out.last().is_some_and(|last| last.person == person);
        let there = SlotTime::of_minute(row.get(3)?).filter(|_| !is_known);
        let Some(there) = there else { continue };
        let here = row.get::<Option<i64>>(4)?.and_then(SlotTime::of_minute);
        let place = PlaceCode::new(row.get::<String>(2)?);
        out.push(OtherTime { person, day: row.get(1)?, place, there, here });
    }
    Ok(out)
}

/// Who has which time from one day to another and was not told of it, and comes for nothing else then: by day, place
/// and time.
pub async fn untold_times(
    tx: &mut Tx,
    campaign: CampaignNo,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<(NaiveDate, PlaceCode, SlotTime), Vec<String>>> {
    let mut out: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for row in tx.rows(UNTOLD_TIMES, args![campaign, first, last]).await? {
        let Some(slot) = SlotTime::of_minute(row.get(3)?) else { continue };
        let place = PlaceCode::new(row.get::<String>(2)?);
        out.entry((row.get(1)?, place, slot)).or_default().push(row.get(0)?);
    }
    Ok(out)
}

/// The appointments of a person that they answered or were told of: campaign and day.
pub async fn known_to(tx: &mut Tx, person: &str) -> Result<Vec<(CampaignNo, NaiveDate)>> {
    let rows = tx.rows(KNOWING, args![person]).await?;
    rows.iter().map(|row| Ok((CampaignNo(row.get(0)?), row.get(1)?))).collect()
}
