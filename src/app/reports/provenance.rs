//! Provenance: the records behind the parts of a figure.

use super::{SourceRecord, each_counted, has};
use crate::app::{Loaded, Result};
use crate::domain::counting::Total;
use crate::domain::dose::Tally;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::report::{Arrival, ArrivalPick, Basis, Facts, Figure, Pick, given_at};
use crate::domain::stock::{LotFigure, draws};
use crate::store::{Tx, records};
use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet};

/// The records behind a part of a figure.
pub(super) async fn sources_of(
    tx: &mut Tx,
    loaded: &Loaded,
    facts: &Facts<'_>,
    leaf: &Figure,
    before: i64,
) -> Result<Vec<SourceRecord>> {
    match &leaf.basis {
        Basis::Given(pick) => records_of(tx, loaded, facts, pick, before).await,
        Basis::Eligible { areas, groups, day } => Ok(eligible_of(loaded, areas, groups, *day)),
        Basis::Arrivals(pick) => Ok(arrivals_of(facts, pick)),
        // Before its arrival and after its last day of use a lot counts 0 without any record.
        Basis::Lot { .. } if leaf.number() == Some(0) => Ok(Vec::new()),
        Basis::Lot { lot, what } => Ok(lot_of(facts, lot.as_str(), *what)),
        Basis::Cohort { areas, year, dose, day } => {
            let mut out = Vec::new();
            each_counted(tx, loaded, before, |person, given| {
                let is_in = areas.contains(loaded.campaign.home(&person.area, facts.last))
                    && person.born.year() == *year
                    && person.born <= *day
                    && dose.is_none_or(|dose| has(given, dose, *day));
                if is_in {
                    out.push(SourceRecord {
                        kind: "person",
                        record: person.id.to_string(),
                        person: Some(person.id.clone()),
                        area: Some(person.area.clone()),
                        dose: *dose,
                        says: 1,
                        counts: 1,
                        ..SourceRecord::default()
                    });
                }
            })
            .await?;
            Ok(out)
        }
        Basis::Words | Basis::Register | Basis::Less(..) | Basis::Over(..) => Ok(Vec::new()),
    }
}

/// The records behind a pick. Within a cell the doses of persons count first; tallies count what exceeds them.
async fn records_of(
    tx: &mut Tx,
    loaded: &Loaded,
    facts: &Facts<'_>,
    pick: &Pick,
    before: i64,
) -> Result<Vec<SourceRecord>> {
    type Key = (NaiveDate, PlaceCode, AreaCode, GroupId, u8);
    let mut wanted: BTreeMap<Key, i64> = BTreeMap::new();
    for ((area, group, dose), given) in facts.picked(pick) {
        let key = (given.day, given.place.clone(), area.clone(), group.clone(), *dose);
        *wanted.entry(key).or_default() += pick.measure.of(&given.total);
    }
    let mut out = Vec::new();
    let source = |kind, record: String, key: &Key, says, counts| SourceRecord {
        kind,
        record,
        person: None,
        day: Some(key.0),
        place: Some(key.1.clone()),
        area: Some(key.2.clone()),
        group: Some(key.3.clone()),
        dose: Some(key.4),
        says,
        counts,
    };
    each_counted(tx, loaded, before, |person, given| {
        for (dose, cell, one) in given {
            let family = &cell.family;
            let key = (
                family.day,
                family.place.clone(),
                loaded.campaign.home(&cell.area, facts.last).clone(),
                family.group.clone(),
                family.dose,
            );
            if let Some(left) = wanted.get_mut(&key) {
                let total = Total {
                    doses: one.persons,
                    repeats: one.repeats,
                    invalid: one.invalid,
                    exceeding: 0,
                };
                let counts = pick.measure.of(&total);
                *left -= counts;
                let mut line = source("dose", dose.record.to_string(), &key, 1, counts);
                line.person = Some(person.id.clone());
                out.push(line);
            }
        }
    })
    .await?;
    records::each_known(tx, before, |tally: Tally| {
        if tally.campaign != Some(loaded.no) {
            return;
        }
        let area = loaded.campaign.home(&tally.area, facts.last).clone();
        let group = loaded.campaign.group_now(&tally.group).clone();
        let key = (tally.date, tally.place, area, group, tally.dose);
        if let Some(left) = wanted.get_mut(&key) {
            let says = i64::from(tally.doses);
            let counts = says.min((*left).max(0));
            *left -= counts;
            out.push(source("tally", tally.record.to_string(), &key, says, counts));
        }
    })
    .await?;
    out.sort_by(|a, b| (a.day, &a.place, &a.record).cmp(&(b.day, &b.place, &b.record)));
    Ok(out)
}

fn eligible_of(
    loaded: &Loaded,
    areas: &[AreaCode],
    groups: &[GroupId],
    day: NaiveDate,
) -> Vec<SourceRecord> {
    let known = loaded.campaign.eligible_on(day);
    known
        .into_iter()
        .filter(|(key, _)| areas.contains(&key.area) && groups.contains(&key.group))
        .map(|(key, row)| SourceRecord {
            kind: "eligible",
            record: row.source.clone().unwrap_or_default(),
            day: row.as_of,
            area: Some(key.area),
            group: Some(key.group),
            says: row.people.into(),
            counts: row.people.into(),
            ..SourceRecord::default()
        })
        .collect()
}

fn arrivals_of(facts: &Facts<'_>, pick: &ArrivalPick) -> Vec<SourceRecord> {
    let is_in = |arrival: &&Arrival| {
        arrival.place == pick.place
            && (pick.days_min..=pick.days_max).contains(&arrival.delay_days())
    };
    let mut days = BTreeSet::new();
    facts
        .arrivals
        .iter()
        .filter(is_in)
        .map(|arrival| SourceRecord {
            kind: if arrival.is_tally { "tally" } else { "dose" },
            record: arrival.record.to_string(),
            day: Some(arrival.day),
            place: Some(arrival.place.clone()),
            says: arrival.delay_days(),
            counts: i64::from(days.insert(arrival.day) || !pick.is_of_days),
            ..SourceRecord::default()
        })
        .collect()
}

/// The delivery and the draws behind a figure of a lot. Each draw counts as many whole doses as it reduces the
/// rounded rest by, so that the sum is the figure.
fn lot_of(facts: &Facts<'_>, lot: &str, what: LotFigure) -> Vec<SourceRecord> {
    let Some(delivery) = facts.campaign.lot(lot) else { return Vec::new() };
    let came = SourceRecord {
        kind: "delivery",
        record: lot.to_owned(),
        day: Some(delivery.date),
        says: delivery.doses.into(),
        counts: delivery.doses.into(),
        ..SourceRecord::default()
    };
    let is_month = |day: NaiveDate| (facts.first..=facts.last).contains(&day);
    let (is_wanted, is_rest): (&dyn Fn(NaiveDate) -> bool, bool) = match what {
        LotFigure::Arrived => return vec![came],
        LotFigure::Before => (&|day| day < facts.first, true),
        LotFigure::Expired | LotFigure::Left => (&|_| true, true),
        LotFigure::Drawn | LotFigure::Given | LotFigure::Wasted => (&is_month, false),
    };
    let whole = |number: Decimal| number.round().to_i64().unwrap_or(0);
    let (mut left, mut given) = (Decimal::from(delivery.doses), Decimal::ZERO);
    let mut out: Vec<SourceRecord> = if is_rest { vec![came] } else { Vec::new() };
    let drawn = draws(facts.campaign, &given_at(facts));
    for draw in drawn.iter().filter(|draw| draw.lot.as_str() == lot) {
        let out_of_lot = whole(left) - whole(left - draw.drawn);
        left -= draw.drawn;
        if !is_wanted(draw.day) {
            continue;
        }
        let used = whole(given + draw.given) - whole(given);
        given += draw.given;
        let counts = match what {
            LotFigure::Given => used,
            LotFigure::Wasted => out_of_lot - used,
            LotFigure::Drawn => out_of_lot,
            _ => -out_of_lot,
        };
        out.push(SourceRecord {
            kind: "draw",
            record: lot.to_owned(),
            day: Some(draw.day),
            says: whole(draw.drawn),
            counts,
            ..SourceRecord::default()
        });
    }
    out
}
