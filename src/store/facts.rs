//! What stands on the codes of a campaign: its own facts and the register.

use super::{CampaignNo, Result, Tx, plans};
use crate::args;
use crate::domain::facts::{CodeFacts, Fact, Named, cohort};
use crate::domain::plan::PlanState;

const TALLIES: &str = "SELECT area, grp, place, COUNT(*) FROM tally WHERE campaign = $1 \
     GROUP BY area, grp, place";
const PEOPLE: &str = "SELECT area, COALESCE(grp, ''), COUNT(*) FROM person \
     GROUP BY area, COALESCE(grp, '')";
const DOSES: &str = "SELECT place, COALESCE(lot, ''), COUNT(*) FROM dose WHERE campaign = $1 \
     AND elsewhere = 0 GROUP BY place, COALESCE(lot, '')";
const DOSES_OF_AREAS: &str = "SELECT person.area, COUNT(*) FROM dose JOIN person \
     ON person.person = dose.person WHERE dose.campaign = $1 GROUP BY person.area";
const OUTCOMES: &str = "SELECT person.area, COUNT(*) FROM outcome JOIN person \
     ON person.person = outcome.person WHERE outcome.campaign = $1 GROUP BY person.area";
const APPOINTMENTS: &str = "SELECT place, COUNT(*) FROM assignment WHERE campaign = $1 \
     GROUP BY place";

/// The facts of a campaign and the people of the register, counted by what they name.
pub async fn of(tx: &mut Tx, campaign: CampaignNo) -> Result<CodeFacts> {
    let mut facts = CodeFacts::default();
    for row in tx.rows(TALLIES, args![campaign]).await? {
        let (area, group, place): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let count = row.count(3, "tally")?;
        facts.add(Named::Areas, &area, Fact::Tallies, count);
        facts.add(Named::Groups, &group, Fact::Tallies, count);
        facts.add(Named::Eligible, &cohort(&area, &group), Fact::Tallies, count);
        facts.add(Named::Sites, &place, Fact::Tallies, count);
    }
    for row in tx.rows(PEOPLE, args![]).await? {
        let (area, groups): (String, String) = (row.get(0)?, row.get(1)?);
        let count = row.count(2, "person")?;
        facts.add(Named::Areas, &area, Fact::People, count);
        for group in groups.split_whitespace() {
            facts.add(Named::Groups, group, Fact::People, count);
            facts.add(Named::Eligible, &cohort(&area, group), Fact::People, count);
        }
    }
    for row in tx.rows(DOSES, args![campaign]).await? {
        let (place, lot): (String, String) = (row.get(0)?, row.get(1)?);
        let count = row.count(2, "dose")?;
        facts.add(Named::Sites, &place, Fact::Doses, count);
        if !lot.is_empty() {
            facts.add(Named::Deliveries, &lot, Fact::Doses, count);
        }
    }
    for (sql, named, fact) in [
        (DOSES_OF_AREAS, Named::Areas, Fact::Doses),
        (OUTCOMES, Named::Areas, Fact::Outcomes),
        (APPOINTMENTS, Named::Sites, Fact::Appointments),
    ] {
        for row in tx.rows(sql, args![campaign]).await? {
            facts.add(named, &row.get::<String>(0)?, fact, row.count(1, "facts")?);
        }
    }
    if let Some(head) = plans::newest(tx, campaign, PlanState::Adopted).await? {
        facts.add_plan(&plans::rows(tx, campaign, head.no, ..).await?);
    }
    Ok(facts)
}
