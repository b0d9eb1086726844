//! Coverage as of a day, as known now or on an earlier day.

use super::recount::cells_known;
use super::{App, Loaded, Result, millis};
use crate::domain::calendar::Sessions;
use crate::domain::campaign::Campaign;
use crate::domain::count::{Doses, People};
use crate::domain::counting::{Cells, ELSEWHERE, Total, TotalKey, add_family, families};
use crate::domain::coverage::{
    Coverage, Depth, DoseLine, DoseSums, Flag, Share, SitesReported, counted_from, coverage,
    due_cutoffs,
};
use crate::domain::date::day_end;
use crate::domain::dose::GivenRow;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::domain::reporting;
use crate::store::{Tx, cells};
use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// The two days of a report: what has happened, and what was known.
#[derive(Debug, Clone, Copy)]
pub struct AsOf {
    /// Events up to the end of this day.
    pub day: NaiveDate,
    /// Records up to the end of this day; where absent, all that are known now.
    pub known_on: Option<NaiveDate>,
}

impl AsOf {
    /// Events up to a day, by all records known now.
    pub fn day(day: NaiveDate) -> Self {
        Self { day, known_on: None }
    }
}

/// What coverage is computed from.
#[derive(Debug)]
pub struct Basis {
    /// The campaign as it was known.
    pub loaded: Loaded,
    /// Sums by area, group and dose number.
    pub counted: Vec<DoseSums>,
    /// Which places have reported for the as-of day.
    pub sites: SitesReported,
}

/// What was known of a campaign at the end of a day.
#[derive(Debug)]
pub struct KnownThen {
    /// The campaign as it was known.
    pub loaded: Loaded,
    /// Its sessions by the plans that were adopted by then.
    pub sessions: Sessions,
    /// Places with a record for a day.
    pub reported: BTreeSet<(PlaceCode, NaiveDate)>,
    totals: BTreeMap<TotalKey, Total>,
}

impl KnownThen {
    /// Sums by area, group and dose number up to a day.
    pub fn counted(&self, day: NaiveDate) -> Vec<DoseSums> {
        counted_from(&self.totals, day, &due_cutoffs(&self.loaded.campaign.series, day))
    }
}

async fn known_then(
    app: &App,
    tx: &mut Tx,
    loaded: &Loaded,
    known_on: NaiveDate,
) -> Result<KnownThen> {
    let before = millis(day_end(loaded.campaign.timezone, known_on));
    let loaded = loaded.like(&app.load(tx, loaded.no, before).await?);
    let known = cells_known(tx, &loaded, before).await?;
    let reported = known.keys().map(|key| (key.family.place.clone(), key.family.day)).collect();
    let sessions = App::sessions_known(tx, &loaded, before).await?;
    let mut totals = BTreeMap::new();
    for (family, cells) in families(known) {
        add_family(&family, &cells, 1, &mut totals);
    }
    totals.retain(|key: &TotalKey, _| loaded.shows(&key.area));
    Ok(KnownThen { loaded, sessions, reported, totals })
}

impl App {
    /// Loads what coverage is computed from.
    pub async fn basis(&self, loaded: &Loaded, at: AsOf) -> Result<Basis> {
        let mut tx = self.store.read().await?;
        let Some(known_on) = at.known_on else {
            let due = due_cutoffs(&loaded.campaign.series, at.day);
            let totals = self.totals_in(&mut tx, loaded.no).await?;
            let mut counted = totals.sums(at.day, &due);
            counted.retain(|sum| loaded.shows(&sum.area));
            let came = cells::reported(&mut tx, loaded.no, at.day).await?.into_iter().collect();
            drop(tx);
            let sessions = self.sessions(loaded).await?;
            let expected = reporting::expected(&loaded.campaign, &sessions, at.day);
            let sites = reporting::reported(&expected, &came);
            return Ok(Basis { loaded: loaded.clone(), counted, sites });
        };
        let known = known_then(self, &mut tx, loaded, known_on).await?;
        let on_day = known.reported.iter().filter(|(_, day)| *day == at.day);
        let came = on_day.map(|(place, _)| place.clone()).collect();
        let expected = reporting::expected(&known.loaded.campaign, &known.sessions, at.day);
        let sites = reporting::reported(&expected, &came);
        let counted = known.counted(at.day);
        Ok(Basis { loaded: known.loaded, counted, sites })
    }

    /// What was known of a campaign at the end of a day, for figures of days before.
    pub async fn known_then(&self, loaded: &Loaded, known_on: NaiveDate) -> Result<KnownThen> {
        let mut tx = self.store.read().await?;
        known_then(self, &mut tx, loaded, known_on).await
    }

    /// Coverage by group, at the top of the area tree or for every area.
    pub async fn coverage(&self, loaded: &Loaded, at: AsOf, depth: Depth) -> Result<Coverage> {
        let basis = self.basis(loaded, at).await?;
        let sites = basis.sites;
        let mut out = coverage(&basis.loaded.campaign, at.day, &basis.counted, depth, sites);
        out.known_on = at.known_on;
        Ok(out)
    }

    /// Doses as they count, by place, day, area, group and number, up to the as-of day.
    pub async fn given_known(&self, loaded: &Loaded, at: AsOf) -> Result<Vec<GivenRow>> {
        let mut tx = self.store.read().await?;
        let Some(known_on) = at.known_on else {
            return given(&mut tx, loaded, NaiveDate::MIN, at.day).await;
        };
        let before = millis(day_end(loaded.campaign.timezone, known_on));
        let loaded = loaded.like(&self.load(&mut tx, loaded.no, before).await?);
        let mut known = cells_known(&mut tx, &loaded, before).await?;
        known.retain(|key, _| key.family.day <= at.day && loaded.shows(&key.area));
        Ok(given_rows(known))
    }
}

/// Doses as they count, from `first` to `last`, both included.
pub async fn given(
    tx: &mut Tx,
    loaded: &Loaded,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<GivenRow>> {
    // The earliest day of the calendar is written with a sign, which would sort after every other day.
    let first = first.max(NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day"));
    let found = cells::between(tx, loaded.no, first, last).await?;
    let mut rows = given_rows(found);
    rows.retain(|row| loaded.shows(&row.area));
    Ok(rows)
}

/// What cells count, as rows for the planner.
pub fn given_rows(cells: Cells) -> Vec<GivenRow> {
    let mut out = Vec::new();
    for (family, cells) in families(cells) {
        let figures: Vec<_> = cells.values().copied().collect();
        for (area, total) in cells.keys().zip(crate::domain::counting::count_family(&figures)) {
            if let Ok(doses) = u32::try_from(total.doses)
                && doses > 0
            {
                out.push(GivenRow {
                    day: family.day,
                    place: family.place.clone(),
                    area: area.clone(),
                    group: family.group.clone(),
                    dose: family.dose,
                    doses,
                });
            }
        }
    }
    out
}

/// Doses of a group at a site or stop, or on a day. They have no denominator: people may go anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DosesLine {
    /// Code of the site or stop; `None` in lines by day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<PlaceCode>,
    /// The day; `None` in lines by place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// The place's name; empty for a day.
    pub name: String,
    /// The area of the place; for a day, the top of the area tree.
    pub area: Option<AreaCode>,
    /// The group.
    pub group: GroupId,
    /// Always `None`.
    pub eligible: Option<u64>,
    /// Doses by number: up to the as-of day at a place, on the day itself for a day.
    pub doses: Vec<DosesOfNumber>,
    /// Doses of the last number.
    #[serde(serialize_with = "as_share")]
    pub complete: Doses,
    /// Always empty.
    pub flags: Vec<Flag>,
}

/// Doses of one number. They are serialised like a [`DoseLine`]: scripts find them under the key `people`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DosesOfNumber {
    /// Number of the dose.
    pub dose: u8,
    /// Doses.
    pub doses: Doses,
    /// Doses on the as-of day.
    pub today: Doses,
}

impl Serialize for DosesOfNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let line = DoseLine {
            dose: self.dose,
            people: People(self.doses.0),
            percent: None,
            today: People(self.today.0),
            valid: People::ZERO,
            valid_percent: None,
            due_not_given: None,
            drop_out: None,
        };
        line.serialize(serializer)
    }
}

/// Serialises doses like a [`Share`].
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn as_share<S: Serializer>(doses: &Doses, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    Share { people: People(doses.0), percent: None }.serialize(serializer)
}

impl DosesLine {
    fn new(campaign: &Campaign, group: &GroupId) -> Self {
        let numbers = 1..=u8::try_from(campaign.series.dose_count()).unwrap_or(u8::MAX);
        Self {
            site: None,
            day: None,
            name: String::new(),
            area: None,
            group: group.clone(),
            eligible: None,
            doses: numbers.map(Self::none).collect(),
            complete: Doses::ZERO,
            flags: Vec::new(),
        }
    }

    fn none(dose: u8) -> DosesOfNumber {
        DosesOfNumber { dose, doses: Doses::ZERO, today: Doses::ZERO }
    }

    fn add(&mut self, campaign: &Campaign, row: &GivenRow, as_of: NaiveDate) {
        let at = self.doses.iter().position(|line| line.dose == row.dose).unwrap_or_else(|| {
            self.doses.push(Self::none(row.dose));
            self.doses.len() - 1
        });
        let doses = Doses::from(row.doses);
        self.doses[at].doses += doses;
        self.doses[at].today += if row.day == as_of { doses } else { Doses::ZERO };
        if usize::from(row.dose) == campaign.series.dose_count() {
            self.complete += doses;
        }
    }
}

/// Doses by site and stop, group and number.
pub fn by_site(campaign: &Campaign, as_of: NaiveDate, rows: &[GivenRow]) -> Vec<DosesLine> {
    let mut lines: BTreeMap<(&PlaceCode, &GroupId), DosesLine> = BTreeMap::new();
    let is_here = |row: &&GivenRow| row.day <= as_of && row.place.as_str() != ELSEWHERE;
    for row in rows.iter().filter(is_here) {
        let line = lines.entry((&row.place, &row.group)).or_insert_with(|| {
            let place = campaign.place(row.place.as_str());
            DosesLine {
                site: Some(row.place.clone()),
                name: place.map(|p| p.name().to_owned()).unwrap_or_default(),
                area: place.map(|p| p.area().clone()),
                ..DosesLine::new(campaign, &row.group)
            }
        });
        line.add(campaign, row, as_of);
    }
    lines.into_values().collect()
}

/// Doses by day, group and number.
pub fn by_day(campaign: &Campaign, as_of: NaiveDate, rows: &[GivenRow]) -> Vec<DosesLine> {
    let root = campaign.root().map(|area| area.code.clone());
    let mut lines: BTreeMap<(NaiveDate, &GroupId), DosesLine> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day <= as_of) {
        let line = lines.entry((row.day, &row.group)).or_insert_with(|| DosesLine {
            day: Some(row.day),
            area: root.clone(),
            ..DosesLine::new(campaign, &row.group)
        });
        line.add(campaign, row, as_of);
    }
    lines.into_values().collect()
}
