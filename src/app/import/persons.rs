//! The register. Where a person moves to another area, group or birth date, what their doses count moves too.

use super::{EARLIER, Facts, Good, Stored, unique};
use crate::app::Result;
use crate::domain::counting::{Cells, Counted, count_person};
use crate::domain::person::Person;
use crate::intake::Issue;
use crate::store::people::{self, Known};
use crate::store::{Tx, cells, doses};

pub(super) async fn store(
    tx: &mut Tx,
    facts: &Facts<'_>,
    good: Vec<Good<Person>>,
) -> Result<Stored> {
    let mut stored = Stored::default();
    let mut rows = unique(facts, "person", good, |person| person.id.clone(), &mut stored);
    rows.retain(|row| {
        let issue = fault(facts, row);
        let fits = issue.is_none();
        stored.refused.extend(issue.map(|issue| (row.index, issue)));
        fits
    });
    let known = people::find(tx, facts.loaded.no, rows.iter().map(|row| &row.value.id)).await?;
    let (mut new, mut replaced): (Vec<Person>, Vec<Known>) = (Vec::new(), Vec::new());
    for row in rows {
        match known.get(&row.value.id) {
            Some(old) if old.person == row.value => {
                stored.same += 1;
                continue;
            }
            Some(old) if old.recorded_at == facts.now => {
                let issue = facts.duplicate(row.line, "person", row.value.id.as_str(), EARLIER);
                stored.refused.push((row.index, issue));
                continue;
            }
            Some(old) => {
                replaced.push(old.clone());
                stored.corrected += 1;
            }
            None => stored.new += 1,
        }
        new.push(row.value);
    }
    recount(tx, facts, &replaced, &new).await?;
    people::keep(tx, facts.loaded.no, &replaced, facts.now).await?;
    people::write(tx, facts.loaded.no, &new, facts.now).await?;
    Ok(stored)
}

/// Moves what the doses of changed people count.
async fn recount(tx: &mut Tx, facts: &Facts<'_>, replaced: &[Known], new: &[Person]) -> Result<()> {
    let ids = replaced.iter().map(|old| &old.person.id);
    let histories = doses::histories(tx, facts.loaded.no, ids).await?;
    let mut changes = Cells::new();
    for person in new {
        let Some(history) = histories.get(&person.id).filter(|h| !h.doses.is_empty()) else {
            continue;
        };
        let now =
            Counted { area: person.area.clone(), born: person.born, group: person.group.clone() };
        let rules = facts.loaded.rules();
        count_person(rules, &history.person, &history.doses, -1, &mut changes);
        count_person(rules, &now, &history.doses, 1, &mut changes);
    }
    cells::change(tx, facts.loaded.no, changes).await?;
    Ok(())
}

fn fault(facts: &Facts<'_>, row: &Good<Person>) -> Option<Issue> {
    let (person, line) = (&row.value, row.line);
    let campaign = &facts.loaded.campaign;
    if campaign.area(person.area.as_str()).is_none() {
        let known = campaign.areas.iter().map(|area| area.code.as_str());
        return Some(facts.unknown("unknown_area", (line, "area", person.area.as_str()), known));
    }
    if let Some(group) = &person.group
        && campaign.group(group.as_str()).is_none()
    {
        let known = campaign.groups.iter().map(|group| group.id.as_str());
        return Some(facts.unknown("unknown_group", (line, "group", group.as_str()), known));
    }
    (person.born > facts.today).then(|| {
        // The date of birth itself is private and stays out of messages.
        facts.issue("future_date", line, "born", "…").with("today", facts.today)
    })
}
