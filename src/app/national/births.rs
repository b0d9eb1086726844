//! Births by township or county and year from another source than the register, which reported coverage is held
//! against (D值): what is known, and entering, changing and taking it out.

use super::register::names_of;
use crate::app::{App, AppError, Result, millis};
use crate::domain::audit::Action;
use crate::domain::date::day_of;
use crate::domain::national::OtherDenominator;
use crate::domain::permission::{self, Actor, Power};
use crate::store::{Tx, births};
use chrono::{DateTime, Datelike as _, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The first year of which births may be entered.
const BIRTHS_YEAR_FIRST: i32 = 1950;

/// What is to stand for an area and a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BirthsEdit {
    /// The code of a township or county.
    pub area: String,
    /// The year of birth.
    pub year: i32,
    /// Children born; `None`: nothing is known any more.
    pub children: Option<u32>,
    /// Who says so; empty if that is not said.
    pub source: String,
    /// What stood there when it was decided.
    pub had: BirthsHad,
}

/// What stood for an area and a year when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BirthsHad {
    /// It does not matter: a file says what is to stand.
    Whatever,
    /// Nothing.
    Nothing,
    /// Children, and who said so.
    Children(u64, String),
}

impl BirthsHad {
    /// Whether that still stands there.
    fn is(&self, known: Option<&OtherDenominator>) -> bool {
        match (self, known) {
            (Self::Whatever, _) | (Self::Nothing, None) => true,
            (Self::Children(children, source), Some(known)) => {
                known.children == *children && known.source == *source
            }
            _ => false,
        }
    }
}

impl App {
    /// The births that were entered, by area and year.
    pub async fn births(&self) -> Result<Vec<OtherDenominator>> {
        let mut tx = self.store.read().await?;
        Ok(births::all(&mut tx).await?)
    }

    /// The townships and counties of which births may be entered: code and name.
    pub async fn birth_places(&self) -> Result<BTreeMap<String, String>> {
        Ok(self.jurisdiction().await?.as_ref().map(names_of).unwrap_or_default())
    }

    /// The years of which births may be entered: up to that of today, by the jurisdiction's clock.
    pub async fn birth_years(&self, now: DateTime<Utc>) -> Result<RangeInclusive<i32>> {
        let zone = self.jurisdiction().await?.map_or(Tz::UTC, |it| it.timezone);
        Ok(BIRTHS_YEAR_FIRST..=day_of(zone, now).year())
    }

    /// Stores births, all or none; returns how many rows that changes. Refused where an area or a year cannot be, and
    /// where something else stands there than whoever decided saw.
    pub async fn enter_births(
        &self,
        edits: &[BirthsEdit],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        permission::may(by, Power::Plan)?;
        let (years, places) = (self.birth_years(now).await?, self.birth_places().await?);
        let mut act = self.act((by, Power::Plan), Action::BirthsEnter, now).await?;
        let mut changes = Vec::new();
        for edit in edits {
            let (area, year) = (&edit.area, edit.year);
            // What is taken out may be of an area that has become part of another one.
            if edit.children.is_some() && !places.contains_key(area) {
                let said: [(&str, &dyn std::fmt::Display); 2] = [("area", area), ("year", &year)];
                return Err(AppError::refused("refused-births-area", &said));
            }
            if !years.contains(&year) {
                let (first, last) = (years.start(), years.end());
                let said: [(&str, &dyn std::fmt::Display); 4] =
                    [("area", area), ("year", &year), ("first", first), ("last", last)];
                return Err(AppError::refused("refused-births-year", &said));
            }
            changes.extend(change(act.tx(), edit, millis(now)).await?);
        }
        let said = match changes.as_slice() {
            [] => return Ok(0),
            [only] => only.clone(),
            many => format!("births of {} areas and years", many.len()),
        };
        act.commit(None, &said).await?;
        Ok(changes.len())
    }
}

/// Stores one row; returns the change in words, or `None` where it stands there already.
async fn change(tx: &mut Tx, edit: &BirthsEdit, now: i64) -> Result<Option<String>> {
    let (area, year) = (&edit.area, edit.year);
    let known = births::find(tx, area, year).await?;
    if !edit.had.is(known.as_ref()) {
        return Err(stale(edit, known.as_ref()));
    }
    let children = |known: &OtherDenominator| known.children.to_string();
    let before = known.as_ref().map_or_else(|| "-".to_owned(), children);
    let (is_done, after) = match (edit.children, &known) {
        (None, None) => return Ok(None),
        (None, Some(known)) => (births::remove(tx, known).await?, "-".to_owned()),
        (Some(children), known) => {
            let new = OtherDenominator {
                place: area.clone(),
                year,
                children: children.into(),
                source: edit.source.clone(),
            };
            if known.as_ref() == Some(&new) {
                return Ok(None);
            }
            (births::put(tx, &new, known.as_ref(), now).await?, children.to_string())
        }
    };
    if !is_done {
        // Somebody stored it between looking and storing.
        let known = births::find(tx, area, year).await?;
        return Err(stale(edit, known.as_ref()));
    }
    Ok(Some(format!("births of {area} in {year}: {before} → {after}")))
}

/// Something else stands there than whoever decided saw.
fn stale(edit: &BirthsEdit, known: Option<&OtherDenominator>) -> AppError {
    let (area, year) = (&edit.area, &edit.year);
    match known {
        Some(known) => {
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("area", area), ("year", year), ("children", &known.children)];
            AppError::refused("refused-births-changed", &said)
        }
        None => AppError::refused("refused-births-gone", &[("area", area), ("year", year)]),
    }
}
