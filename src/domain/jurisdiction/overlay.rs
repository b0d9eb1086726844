//! Rows of the jurisdiction with what a campaign says of them.

use super::places::{AreaRow, SiteRow, StopRow};
use crate::domain::area::Area;
use crate::domain::site::{Site, Stop, Team};

/// The cells of a row that a campaign says otherwise: a blank cell says nothing.
pub(super) trait Overlay: Sized + PartialEq {
    /// The row with what the campaign says. `before` is what it said before: a cell that it emptied is emptied.
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self;
}

/// A cell that may be blank.
fn cell<T: Clone>(held: Option<&T>, said: Option<&T>, before: Option<&T>) -> Option<T> {
    match said {
        Some(said) => Some(said.clone()),
        None if before.is_some() => None,
        None => held.cloned(),
    }
}

impl Overlay for AreaRow {
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let area = Area {
            code: self.area.code.clone(),
            name: said.area.name.clone(),
            parent: cell(
                self.area.parent.as_ref(),
                said.area.parent.as_ref(),
                before.and_then(|b| b.area.parent.as_ref()),
            ),
            point: cell(
                self.area.point.as_ref(),
                said.area.point.as_ref(),
                before.and_then(|b| b.area.point.as_ref()),
            ),
        };
        Self {
            area,
            level: cell(
                self.level.as_ref(),
                said.level.as_ref(),
                before.and_then(|b| b.level.as_ref()),
            ),
            population: cell(
                self.population.as_ref(),
                said.population.as_ref(),
                before.and_then(|b| b.population.as_ref()),
            ),
            merged: cell(
                self.merged.as_ref(),
                said.merged.as_ref(),
                before.and_then(|b| b.merged.as_ref()),
            ),
        }
    }
}

impl Overlay for SiteRow {
    /// Who and where the site is. What it can do is another matter.
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let site = Site {
            name: said.site.name.clone(),
            area: said.site.area.clone(),
            point: cell(
                self.site.point.as_ref(),
                said.site.point.as_ref(),
                before.and_then(|b| b.site.point.as_ref()),
            ),
            lead: cell(
                self.site.lead.as_ref(),
                said.site.lead.as_ref(),
                before.and_then(|b| b.site.lead.as_ref()),
            ),
            ..self.site.clone()
        };
        Self {
            site,
            address: cell(
                self.address.as_ref(),
                said.address.as_ref(),
                before.and_then(|b| b.address.as_ref()),
            ),
            phone: cell(
                self.phone.as_ref(),
                said.phone.as_ref(),
                before.and_then(|b| b.phone.as_ref()),
            ),
            ..self.clone()
        }
    }
}

impl Overlay for Team {
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        Self {
            lead: cell(
                self.lead.as_ref(),
                said.lead.as_ref(),
                before.and_then(|b| b.lead.as_ref()),
            ),
            ..said.clone()
        }
    }
}

impl Overlay for StopRow {
    fn overlaid(&self, said: &Self, before: Option<&Self>) -> Self {
        let kind = cell(
            self.stop.kind.as_ref(),
            said.stop.kind.as_ref(),
            before.and_then(|b| b.stop.kind.as_ref()),
        );
        Self {
            stop: Stop { kind, ..said.stop.clone() },
            address: cell(
                self.address.as_ref(),
                said.address.as_ref(),
                before.and_then(|b| b.address.as_ref()),
            ),
            phone: cell(
                self.phone.as_ref(),
                said.phone.as_ref(),
                before.and_then(|b| b.phone.as_ref()),
            ),
        }
    }
}
