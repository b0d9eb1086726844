//! Rows of the jurisdiction with what a campaign says of them.

use super::places::{AreaRow, SiteRow, StopRow};
use crate::domain::area::Area;
use crate::domain::site::{Site, Stop, Team};

/// The cells of a row that a campaign says otherwise: a blank cell says nothing.
pub(super) trait Overlay: Sized + PartialEq {
    /// The row with what the campaign says. `before` is what it said before: a cell that it emptied is emptied.
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self;
}

/// A row of the jurisdiction, what a campaign says of it, and what it said before.
struct Rows<'a, T> {
    held: &'a T,
    said: &'a T,
    before: Option<&'a T>,
}

impl<T> Rows<'_, T> {
    /// What a cell that may be blank says.
    fn cell<C: Clone>(&self, of: impl Fn(&T) -> &Option<C>) -> Option<C> {
        match of(self.said) {
            Some(said) => Some(said.clone()),
            None if self.before.is_some_and(|before| of(before).is_some()) => None,
            None => of(self.held).clone(),
        }
    }
}

impl Overlay for AreaRow {
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let rows = Rows { held: self, said, before };
        let area = Area {
            code: self.area.code.clone(),
            name: said.area.name.clone(),
            parent: rows.cell(|row| &row.area.parent),
            point: rows.cell(|row| &row.area.point),
        };
        Self {
            area,
            level: rows.cell(|row| &row.level),
            population: rows.cell(|row| &row.population),
            merged: rows.cell(|row| &row.merged),
        }
    }
}

impl Overlay for SiteRow {
    /// Who and where the site is. What it can do is another matter.
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let rows = Rows { held: self, said, before };
        let site = Site {
            name: said.site.name.clone(),
            area: said.site.area.clone(),
            point: rows.cell(|row| &row.site.point),
            lead: rows.cell(|row| &row.site.lead),
            ..self.site.clone()
        };
        let (address, phone) = (rows.cell(|row| &row.address), rows.cell(|row| &row.phone));
        Self { site, address, phone, ..self.clone() }
    }
}

impl Overlay for Team {
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let rows = Rows { held: self, said, before };
        Self { lead: rows.cell(|row| &row.lead), ..said.clone() }
    }
}

impl Overlay for StopRow {
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let rows = Rows { held: self, said, before };
        Self {
            stop: Stop { kind: rows.cell(|row| &row.stop.kind), ..said.stop.clone() },
            address: rows.cell(|row| &row.address),
            phone: rows.cell(|row| &row.phone),
        }
    }
}
