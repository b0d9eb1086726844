//! Coverage as of a day, as known now or on a day before.

use super::recount::cells_known;
use super::{App, Loaded, Result, millis};
use crate::domain::campaign::Campaign;
use crate::domain::counting::{Cells, add_family, families};
use crate::domain::coverage::{
    Counted, Coverage, Depth, SitesReported, counted_from, coverage, due_cutoffs,
};
use crate::domain::date::day_end;
use crate::domain::dose::GivenRow;
use crate::domain::id::{AreaCode, GroupId, PlaceCode};
use crate::store::{CampaignNo, Tx, cells};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What a report looks at.
#[derive(Debug, Clone, Copy)]
pub struct AsOf {
    /// Events up to this day's 24:00.
    pub day: NaiveDate,
    /// Recorded by this day's 24:00; now where absent.
    pub known_on: Option<NaiveDate>,
}

impl AsOf {
    /// Up to a day, with all that is known now.
    pub fn day(day: NaiveDate) -> Self {
        Self { day, known_on: None }
    }
}

/// The campaign as it was known, doses counted, and who reported.
#[derive(Debug)]
pub struct Basis {
    /// The campaign as it was known.
    pub loaded: Loaded,
    /// Doses counted by area, group and number.
    pub counted: Vec<Counted>,
    /// Who has reported for the as-of day.
    pub sites: SitesReported,
}

impl App {
    /// What every coverage of this moment is made of.
    pub async fn basis(&self, loaded: &Loaded, at: AsOf) -> Result<Basis> {
        let mut tx = self.store.read().await?;
        let Some(known_on) = at.known_on else {
            let due = due_cutoffs(&loaded.campaign.series, at.day);
            let counted = cells::counted(&mut tx, loaded.no, at.day, &due).await?;
            let reported = cells::reported(&mut tx, loaded.no, at.day).await?;
            let sites = sites_reported(&loaded.campaign, at.day, &reported.into_iter().collect());
            return Ok(Basis { loaded: loaded.clone(), counted, sites });
        };
        let before = millis(day_end(loaded.campaign.timezone, known_on));
        let loaded = self.load(&mut tx, loaded.no, before).await?;
        let known = cells_known(&mut tx, &loaded, before).await?;
        let reported = known
            .keys()
            .filter(|key| key.family.day == at.day)
            .map(|key| key.family.place.clone())
            .collect();
        let sites = sites_reported(&loaded.campaign, at.day, &reported);
        let mut totals = BTreeMap::new();
        for (family, cells) in families(known) {
            add_family(&family, &cells, 1, &mut totals);
        }
        let counted = counted_from(&totals, at.day, &due_cutoffs(&loaded.campaign.series, at.day));
        Ok(Basis { loaded, counted, sites })
    }

    /// Coverage by group, at the top of the tree or for every area.
    pub async fn coverage(&self, loaded: &Loaded, at: AsOf, depth: Depth) -> Result<Coverage> {
        let basis = self.basis(loaded, at).await?;
        let sites = basis.sites;
        let mut out = coverage(&basis.loaded.campaign, at.day, &basis.counted, depth, sites);
        out.known_on = at.known_on;
        Ok(out)
    }

    /// Doses as they count by place, day, area, group and number, up to the as-of day.
    pub async fn given_known(&self, loaded: &Loaded, at: AsOf) -> Result<Vec<GivenRow>> {
        let mut tx = self.store.read().await?;
        let Some(known_on) = at.known_on else {
            return given(&mut tx, loaded.no, NaiveDate::MIN, at.day).await;
        };
        let before = millis(day_end(loaded.campaign.timezone, known_on));
        let loaded = self.load(&mut tx, loaded.no, before).await?;
        let mut known = cells_known(&mut tx, &loaded, before).await?;
        known.retain(|key, _| key.family.day <= at.day);
        Ok(given_rows(known))
    }
}

/// Doses as they count between two days, both included.
pub async fn given(
    tx: &mut Tx,
    campaign: CampaignNo,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<GivenRow>> {
    // The calendar's own first day has a sign in its text and would sort after every other one.
    let first = first.max(NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day"));
    let found = cells::between(tx, campaign, first, last).await?;
    Ok(given_rows(found))
}

/// Cells as doses that count, place by place.
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

/// Which of the sites that are open on a day are among those that reported.
pub fn sites_reported(
    campaign: &Campaign,
    day: NaiveDate,
    reported: &BTreeSet<PlaceCode>,
) -> SitesReported {
    let open = campaign.open_sites(day);
    let missing: Vec<PlaceCode> =
        open.iter().map(|site| site.code.clone()).filter(|code| !reported.contains(code)).collect();
    SitesReported { expected: open.len(), reported: open.len() - missing.len(), missing }
}

/// Doses by place or by day: one line for each, with doses by number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DosesLine {
    /// The place's code, or the day.
    pub key: String,
    /// The place's name; empty for a day.
    pub name: String,
    /// The area that the place stands in; the top of the tree for a day.
    pub area: Option<AreaCode>,
    /// The group.
    pub group: GroupId,
    /// Doses up to the as-of day (by place) or on the day (by day), by number.
    pub doses: BTreeMap<u8, u64>,
    /// Doses on the as-of day, by number.
    pub today: BTreeMap<u8, u64>,
}

/// Doses by site and stop, group and number.
pub fn by_site(campaign: &Campaign, as_of: NaiveDate, rows: &[GivenRow]) -> Vec<DosesLine> {
    let mut lines: BTreeMap<(String, GroupId), DosesLine> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day <= as_of) {
        let key = (row.place.to_string(), row.group.clone());
        let place = campaign.place(row.place.as_str());
        let line = lines.entry(key.clone()).or_insert_with(|| DosesLine {
            name: place.map(|p| p.name().to_owned()).unwrap_or_default(),
            area: place.map(|p| p.area().clone()),
            key: key.0,
            group: key.1,
            doses: BTreeMap::new(),
            today: BTreeMap::new(),
        });
        *line.doses.entry(row.dose).or_default() += u64::from(row.doses);
        if row.day == as_of {
            *line.today.entry(row.dose).or_default() += u64::from(row.doses);
        }
    }
    lines.into_values().collect()
}

/// Doses by day, group and number.
pub fn by_day(campaign: &Campaign, as_of: NaiveDate, rows: &[GivenRow]) -> Vec<DosesLine> {
    let root = campaign.root().map(|area| area.code.clone());
    let mut lines: BTreeMap<(NaiveDate, GroupId), DosesLine> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.day <= as_of) {
        let line = lines.entry((row.day, row.group.clone())).or_insert_with(|| DosesLine {
            key: row.day.to_string(),
            name: String::new(),
            area: root.clone(),
            group: row.group.clone(),
            doses: BTreeMap::new(),
            today: BTreeMap::new(),
        });
        *line.doses.entry(row.dose).or_default() += u64::from(row.doses);
    }
    lines.into_values().collect()
}
