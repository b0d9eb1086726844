//! The monthly tables that a county reports upwards, and the records behind each of their cells.

pub mod bulletin;
pub mod bulletin_form;
mod provenance;

use super::recount::cells_known;
use super::{App, AppError, Loaded, Result, millis};
use crate::domain::counting::{Cell, CellKey, each_dose};
use crate::domain::date::day_end;
use crate::domain::dose::Dose;
use crate::domain::id::{AreaCode, GroupId, PersonId, PlaceCode};
use crate::domain::person::Person;
use crate::domain::report::{self, Arrival, Basis, Facts, Figure, Name, Report, Value};
use crate::store::{Tx, arrivals, cells, doses, records};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use provenance::sources_of;
use std::collections::{BTreeMap, BTreeSet};

/// Which report to make.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The table.
    pub name: Name,
    /// The area; where absent, the top of the area tree.
    pub area: Option<AreaCode>,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, included.
    pub last: NaiveDate,
    /// Records up to the end of this day; where absent, all that are known now.
    pub known_on: Option<NaiveDate>,
}

/// A cell with everything that it was computed from.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The cell.
    pub figure: Figure,
    /// How the figure is computed from its parts: `a ÷ max(b − c, 0) × 100`.
    pub formula: String,
    /// The parts, `a` first.
    pub parts: Vec<Part>,
}

/// A part of a figure with the records behind it.
#[derive(Debug, Clone)]
pub struct Part {
    /// The part's own figure.
    pub figure: Figure,
    /// Its records; their `counts` add up to the figure.
    pub records: Vec<SourceRecord>,
}

/// A record behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceRecord {
    /// `dose`, `tally`, `eligible`, `delivery`, `draw`, `person`.
    pub kind: &'static str,
    /// Its code, or its source.
    pub record: String,
    /// The person, where it is one person's.
    pub person: Option<PersonId>,
    /// Its day.
    pub day: Option<NaiveDate>,
    /// Its place.
    pub place: Option<PlaceCode>,
    /// Where the people live.
    pub area: Option<AreaCode>,
    /// Their group.
    pub group: Option<GroupId>,
    /// Number of the dose.
    pub dose: Option<u8>,
    /// The number in the record.
    pub says: i64,
    /// What it contributes to the figure; a tally contributes what exceeds the persons' doses.
    pub counts: i64,
}

impl App {
    /// Makes a report.
    pub async fn report(&self, loaded: &Loaded, ask: &Ask) -> Result<Report> {
        let mut tx = self.store.read().await?;
        let (loaded, before) = self.as_known(&mut tx, loaded, ask).await?;
        let area = area_of(&loaded, ask)?;
        if ask.name == Name::CatchUp {
            drop(tx);
            return self.catch_up_table(&loaded, ask, area).await;
        }
        let facts = facts(&mut tx, &loaded, ask, area, before).await?;
        let mut out = report::build(ask.name, &facts);
        if ask.name == Name::Cohort {
            let columns = out.columns;
            out.rows = cohorts(&mut tx, &loaded, &facts, before, columns).await?;
        }
        Ok(out)
    }

    /// The campaign as it was known, and the instant, milliseconds since 1970, before which records count.
    async fn as_known(&self, tx: &mut Tx, loaded: &Loaded, ask: &Ask) -> Result<(Loaded, i64)> {
        let (loaded, before) = match ask.known_on {
            None => (loaded.clone(), i64::MAX),
            Some(day) => {
                let before = millis(day_end(loaded.campaign.timezone, day));
                (loaded.like(&self.load(tx, loaded.no, before).await?), before)
            }
        };
        Ok((loaded.on(ask.last), before))
    }

    async fn catch_up_table(&self, loaded: &Loaded, ask: &Ask, area: AreaCode) -> Result<Report> {
        let found = self.catch_up_report(loaded, ask.last).await?;
        let campaign = &loaded.campaign;
        let facts = Facts::new(campaign, area, (ask.first, ask.last), BTreeMap::default());
        let mut out = report::build(Name::CatchUp, &facts);
        let of =
            |people: u64| Figure::count(i64::try_from(people).unwrap_or(i64::MAX), Basis::Register);
        let is_shown = |code: &AreaCode| {
            *code == facts.area
                || campaign
                    .area(code.as_str())
                    .is_some_and(|a| a.parent.as_ref() == Some(&facts.area))
        };
        let lines = found.rows.iter().filter(|line| is_shown(&line.area));
        out.rows = lines
            .map(|line| {
                let (should, done) = (of(line.should), of(line.done));
                let percent = done.over(&should);
                vec![
                    Figure::words(line.area.as_str()),
                    Figure::words(line.area_name.as_str()),
                    Figure::words(line.vaccine.as_str()),
                    should,
                    done,
                    percent,
                    of(line.lacking_people),
                    of(line.lacking_doses),
                    of(line.aged_out),
                ]
            })
            .collect();
        Ok(out)
    }

    /// Explains a figure of a report, down to the records.
    pub async fn report_explained(
        &self,
        loaded: &Loaded,
        ask: &Ask,
        figure: &Figure,
    ) -> Result<Explained> {
        let mut tx = self.store.read().await?;
        let (loaded, before) = self.as_known(&mut tx, loaded, ask).await?;
        let area = area_of(&loaded, ask)?;
        let facts = facts(&mut tx, &loaded, ask, area, before).await?;
        let mut leaves = Vec::new();
        let formula = formula_of(figure, &mut leaves);
        let mut parts = Vec::new();
        for leaf in leaves {
            let records = sources_of(&mut tx, &loaded, &facts, &leaf, before).await?;
            parts.push(Part { figure: leaf, records });
        }
        Ok(Explained { figure: figure.clone(), formula, parts })
    }
}

fn area_of(loaded: &Loaded, ask: &Ask) -> Result<AreaCode> {
    let campaign = &loaded.campaign;
    let Some(code) = &ask.area else {
        let root = campaign.root().map(|area| area.code.clone());
        return root.ok_or_else(|| AppError::refused("refused-several-roots", &[]));
    };
    let area = campaign.area(code.as_str()).map(|area| area.code.clone());
    area.ok_or_else(|| AppError::refused("fail-no-area", &[("code", code)]))
}

async fn facts<'a>(
    tx: &mut Tx,
    loaded: &'a Loaded,
    ask: &Ask,
    area: AreaCode,
    before: i64,
) -> Result<Facts<'a>> {
    let campaign = &loaded.campaign;
    let cells = if before == i64::MAX {
        let first = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day");
        cells::between(tx, loaded.no, first, ask.last).await?
    } else {
        let mut known = cells_known(tx, loaded, before).await?;
        known.retain(|key, _| key.family.day <= ask.last);
        known
    };
    let cells = campaign.cells_on(cells, ask.last);
    let mut facts = Facts::new(campaign, area, (ask.first, ask.last), cells);
    if matches!(ask.name, Name::Timeliness | Name::Sites) {
        facts.arrivals = arrivals(tx, loaded, (ask.first, ask.last), before).await?;
    }
    Ok(facts)
}

async fn arrivals(
    tx: &mut Tx,
    loaded: &Loaded,
    days: (NaiveDate, NaiveDate),
    before: i64,
) -> Result<Vec<Arrival>> {
    let zone = loaded.campaign.timezone;
    let mut out = Vec::new();
    arrivals::between(tx, loaded.no, days, |one| {
        let instant = DateTime::<Utc>::from_timestamp_millis(one.at).filter(|_| one.at < before);
        out.extend(instant.map(|instant| Arrival {
            record: one.record,
            is_tally: one.is_tally,
            place: one.place,
            day: one.day,
            recorded_on: instant.with_timezone(&zone).date_naive(),
        }));
    })
    .await?;
    out.sort_by(|a, b| (a.is_tally, &a.record).cmp(&(b.is_tally, &b.record)));
    Ok(out)
}

/// Calls `take` with the doses of each person and the cells that they count in.
async fn each_counted(
    tx: &mut Tx,
    loaded: &Loaded,
    before: i64,
    mut take: impl FnMut(&Person, &[(Dose, CellKey, Cell)]),
) -> Result<()> {
    let mut given: BTreeMap<PersonId, Vec<Dose>> = BTreeMap::new();
    records::each_known(tx, before, |dose: Dose| {
        given.entry(dose.person.clone()).or_default().push(dose);
    })
    .await?;
    records::each_known(tx, before, |person: Person| {
        let mut mine = given.remove(&person.id).unwrap_or_default();
        doses::sort(&mut mine);
        let who = person.enrollee();
        let mut counted = Vec::with_capacity(mine.len());
        each_dose(loaded.rules(), &who, &mine, |dose, key, one| {
            counted.push((dose.clone(), key, *one));
        });
        take(&person, &counted);
    })
    .await?;
    Ok(())
}

/// Rows of the report by year of birth, from the register.
async fn cohorts(
    tx: &mut Tx,
    loaded: &Loaded,
    facts: &Facts<'_>,
    before: i64,
    columns: &[&str],
) -> Result<Vec<Vec<Figure>>> {
    let doses = u8::try_from((columns.len() - 4) / 2).unwrap_or(0);
    let last = facts.last;
    let mut counts: BTreeMap<(AreaCode, i32), Vec<i64>> = BTreeMap::new();
    each_counted(tx, loaded, before, |person, given| {
        if person.born > last {
            return;
        }
        let row = counts
            .entry((loaded.campaign.home(&person.area, last).clone(), person.born.year()))
            .or_insert_with(|| vec![0; usize::from(doses) + 1]);
        row[0] += 1;
        for dose in 1..=doses {
            row[usize::from(dose)] += i64::from(has(given, dose, last));
        }
    })
    .await?;
    let campaign = &loaded.campaign;
    let shown = campaign
        .areas
        .iter()
        .filter(|area| area.code == facts.area || area.parent.as_ref() == Some(&facts.area));
    let mut out = Vec::new();
    for area in shown {
        let below = campaign.below(&area.code);
        let areas: Vec<AreaCode> = below.iter().map(|code| (*code).clone()).collect();
        let mine = || counts.iter().filter(|((code, _), _)| below.contains(code));
        let years: BTreeSet<i32> = mine().map(|((_, year), _)| *year).collect();
        for year in years {
            let sum = |at: usize| -> i64 {
                mine().filter(|((_, y), _)| *y == year).map(|(_, row)| row[at]).sum()
            };
            let figure = |at: u8| {
                let dose = (at > 0).then_some(at);
                let basis = Basis::Cohort { areas: areas.clone(), year, dose, day: last };
                Figure::count(sum(usize::from(at)), basis)
            };
            let people = figure(0);
            let mut row = vec![
                Figure::words(area.code.as_str()),
                Figure::words(area.name.as_str()),
                Figure::words(year.to_string()),
                people.clone(),
            ];
            for dose in 1..=doses {
                let given = figure(dose);
                let percent = given.over(&people);
                row.extend([given, percent]);
            }
            out.push(row);
        }
    }
    Ok(out)
}

fn has(given: &[(Dose, CellKey, Cell)], number: u8, by: NaiveDate) -> bool {
    given.iter().any(|(dose, key, _)| key.family.dose == number && dose.date <= by)
}

/// The formula of a figure; its parts are named `a`, `b`, … and pushed to `leaves`.
fn formula_of(figure: &Figure, leaves: &mut Vec<Figure>) -> String {
    match &figure.basis {
        Basis::Less(a, b) => {
            let (a, b) = (formula_of(a, leaves), formula_of(b, leaves));
            format!("max({a} − {b}, 0)")
        }
        Basis::Over(a, b) => {
            let (a, b) = (formula_of(a, leaves), formula_of(b, leaves));
            format!("{a} ÷ {b} × 100")
        }
        _ => {
            let at = leaves.iter().position(|leaf| leaf == figure).unwrap_or_else(|| {
                leaves.push(figure.clone());
                leaves.len() - 1
            });
            char::from(b'a' + u8::try_from(at % 26).unwrap_or(0)).to_string()
        }
    }
}

/// The cell at an address such as `E7`, column letters and row number, as in the workbook and on the terminal. `None`
/// where there is no such cell.
pub fn cell_at<'a>(report: &'a Report, address: &str, first_row: usize) -> Option<&'a Figure> {
    let address = address.trim().to_ascii_uppercase();
    let split = address.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = address.split_at(split);
    let column = letters.bytes().try_fold(0_usize, |sum, letter| {
        letter.is_ascii_uppercase().then(|| sum * 26 + usize::from(letter - b'A') + 1)
    })?;
    let row: usize = digits.parse().ok()?;
    report.rows.get(row.checked_sub(first_row)?)?.get(column.checked_sub(1)?)
}

/// Whether there are records behind a figure.
pub fn has_records(figure: &Figure) -> bool {
    figure.basis != Basis::Words && figure.value != Value::None
}
