//! Adopted rounds of teams to people who are visited at home. Calls keep the code under which somebody was called; what
//! it is by now is asked when they are read.

use super::db::Row;
use super::{CampaignNo, Result, Tx};
use crate::domain::homes::{RoundDay, VialUse};
use crate::domain::id::{PersonId, TeamCode};
use crate::{args, bulk};
use chrono::NaiveDate;

/// A round that was adopted. Times are minutes of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRound {
    /// The day.
    pub day: NaiveDate,
    /// The team.
    pub team: TeamCode,
    /// The campaign.
    pub campaign: CampaignNo,
    /// When the team leaves its base.
    pub leaves: i64,
    /// When it is back.
    pub back: i64,
    /// Metres that it drives.
    pub metres: i64,
    /// Vials to load.
    pub vials: VialUse,
    /// Its calls, in order.
    pub calls: Vec<StoredVisit>,
}

/// A call of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVisit {
    /// Who.
    pub person: PersonId,
    /// Number of the dose.
    pub dose: u8,
    /// When the team comes.
    pub arrives: i64,
}

const ROUNDS: &str = "SELECT day, team, campaign, leaves, back, metres, vials, wasted \
     FROM home_round WHERE day >= $1 AND day <= $2 ORDER BY day, team";
const CALLS: &str = "SELECT c.day, c.team, COALESCE(a.person, c.person), c.dose, c.arrives \
     FROM home_call c LEFT JOIN alias a ON a.alias = c.person \
     WHERE c.day >= $1 AND c.day <= $2 ORDER BY c.day, c.team, c.nr";
const DAYS: &str = "SELECT r.day, r.team FROM home_round r JOIN campaign c ON c.no = r.campaign \
     WHERE r.day >= $1 AND c.closed_at IS NULL ORDER BY r.day, r.team";
const OF_PERSON: &str = "SELECT r.campaign, c.day, c.team, c.dose \
     FROM home_call c JOIN home_round r ON r.day = c.day AND r.team = c.team \
     LEFT JOIN alias a ON a.alias = c.person \
     WHERE COALESCE(a.person, c.person) = $1 ORDER BY c.day, c.team";
const MARK: &str = "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(MAX(adopted_at), 0) AS BIGINT) \
     FROM home_round";
const INSERT: &str = "INSERT INTO home_round \
     (day, team, campaign, leaves, back, metres, vials, wasted, adopted_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (day, team) DO NOTHING";
bulk!(INSERT_CALL, 6, "INSERT INTO home_call (day, team, nr, person, dose, arrives) VALUES", "");
const WITHDRAW: &str = "DELETE FROM home_round WHERE campaign = $1 AND day = $2 AND team = $3";
const WITHDRAW_CALLS: &str = "DELETE FROM home_call WHERE day = $1 AND team = $2";
const FORGET: &str = "DELETE FROM home_call WHERE person = $1";
const RETAIN_CALLS: &str = "DELETE FROM home_call WHERE EXISTS (SELECT 1 FROM home_round r \
     WHERE r.day = home_call.day AND r.team = home_call.team AND r.campaign = $1)";
const RETAIN: &str = "DELETE FROM home_round WHERE campaign = $1";

fn round(row: &Row) -> Result<StoredRound> {
    let row = row.of("home_round", &[0, 1]);
    Ok(StoredRound {
        day: row.get(0)?,
        team: TeamCode::new(row.get::<String>(1)?),
        campaign: CampaignNo(row.get(2)?),
        leaves: row.get(3)?,
        back: row.get(4)?,
        metres: row.get(5)?,
        vials: VialUse {
            vials: row.number(6, "a count")?,
            doses: 0,
            wasted: row.number(7, "a count")?,
        },
        calls: Vec::new(),
    })
}

/// The rounds of some days, of all campaigns, by day and team, with their calls.
pub async fn rounds(
    tx: &mut Tx,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<StoredRound>> {
    let mut out: Vec<StoredRound> =
        tx.rows(ROUNDS, args![from, until]).await?.iter().map(round).collect::<Result<_>>()?;
    for row in tx.rows(CALLS, args![from, until]).await? {
        let row = row.of("home_call", &[0, 1]);
        let (day, team): (NaiveDate, String) = (row.get(0)?, row.get(1)?);
        let its = out.iter_mut().find(|one| one.day == day && one.team.as_str() == team);
        if let Some(its) = its {
            its.vials.doses += 1;
            its.calls.push(StoredVisit {
                person: PersonId::new(row.get::<String>(2)?),
                dose: row.number(3, "a dose number")?,
                arrives: row.get(4)?,
            });
        }
    }
    Ok(out)
}

/// The days from one on on which a team makes a round, whichever open campaign it is for.
pub async fn days(tx: &mut Tx, from: NaiveDate) -> Result<Vec<RoundDay>> {
    let day = |row: &Row| {
        let row = row.of("home_round", &[0, 1]);
        Ok((row.get(0)?, TeamCode::new(row.get::<String>(1)?)))
    };
    tx.rows(DAYS, args![from]).await?.iter().map(day).collect()
}

/// The campaign, day, team and number of the dose of each adopted call to a person.
pub async fn of_person(
    tx: &mut Tx,
    person: &str,
) -> Result<Vec<(CampaignNo, NaiveDate, String, u8)>> {
    let call = |row: &Row| {
        let row = row.of("home_call", &[1, 2]);
        Ok((CampaignNo(row.get(0)?), row.get(1)?, row.get(2)?, row.number(3, "a dose number")?))
    };
    tx.rows(OF_PERSON, args![person]).await?.iter().map(call).collect()
}

/// How many rounds there are, and when the newest was adopted: whoever read them sees by this that others came since.
pub async fn mark(tx: &mut Tx) -> Result<(i64, i64)> {
    let row = tx.row(MARK, args![]).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Stores a round; `false` where the team has one on that day. `now`: milliseconds since 1970.
pub async fn insert(tx: &mut Tx, one: &StoredRound, now: i64) -> Result<bool> {
    let team = one.team.as_str();
    let VialUse { vials, wasted, .. } = one.vials;
    let values =
        args![one.day, team, one.campaign, one.leaves, one.back, one.metres, vials, wasted, now];
    if tx.run(INSERT, values).await? == 0 {
        return Ok(false);
    }
    let calls = (1_u32..).zip(&one.calls).flat_map(|(nr, call)| {
        args![one.day, team, nr, call.person.as_str(), call.dose, call.arrives]
    });
    INSERT_CALL.run(tx, calls.collect()).await?;
    Ok(true)
}

/// Takes a round of a campaign back; `false` where there is none.
pub async fn withdraw(
    tx: &mut Tx,
    campaign: CampaignNo,
    (day, team): (NaiveDate, &str),
) -> Result<bool> {
    if tx.run(WITHDRAW, args![campaign, day, team]).await? == 0 {
        return Ok(false);
    }
    tx.run(WITHDRAW_CALLS, args![day, team]).await?;
    Ok(true)
}

/// Deletes the calls under one code of a person.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    tx.run(FORGET, args![person]).await?;
    Ok(())
}

/// Deletes the rounds of a campaign.
pub async fn retain(tx: &mut Tx, campaign: CampaignNo) -> Result<()> {
    tx.run(RETAIN_CALLS, args![campaign]).await?;
    tx.run(RETAIN, args![campaign]).await?;
    Ok(())
}
