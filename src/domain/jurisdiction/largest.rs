//! What a place can do that only campaigns bring: the largest number that any of them says.

use super::{LocalCampaign, SiteRow};
use crate::domain::site::Site;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Writes the rows of a site anew from those of the campaigns; nothing where no campaign names it any more. Who and
/// where it is stays as it was.
pub(super) fn replace(rows: &mut Vec<SiteRow>, code: &str, campaigns: &[&LocalCampaign]) {
    let said: Vec<Vec<&SiteRow>> =
        campaigns.iter().map(|own| own.site_rows(code)).filter(|rows| !rows.is_empty()).collect();
    let Some(at) = rows.iter().position(|row| row.site.code.as_str() == code) else { return };
    if said.is_empty() {
        return;
    }
    let who = rows[at].clone();
    let days: BTreeSet<Option<NaiveDate>> = said.iter().flatten().map(|row| row.from).collect();
    let new: Vec<SiteRow> = days.iter().filter_map(|day| row_from(*day, &said, &who)).collect();
    rows.retain(|row| row.site.code.as_str() != code);
    rows.splice(at..at, new);
}

/// The row that counts from a day on.
fn row_from(day: Option<NaiveDate>, said: &[Vec<&SiteRow>], who: &SiteRow) -> Option<SiteRow> {
    let in_force = said.iter().map(|rows| rows.iter().rev().find(|row| row.from <= day));
    let rows: Vec<&SiteRow> = in_force.flatten().copied().collect();
    let first = *rows.first()?;
    let most = |doses: fn(&Site) -> u32| rows.iter().map(|row| doses(&row.site)).max().unwrap_or(0);
    let storage: Option<Vec<u32>> = rows.iter().map(|row| row.site.storage_doses).collect();
    let site = Site {
        weekday_doses: most(|site| site.weekday_doses),
        saturday_doses: most(|site| site.saturday_doses),
        sunday_doses: most(|site| site.sunday_doses),
        // One that says no limit says the most.
        storage_doses: storage.and_then(|all| all.into_iter().max()),
        restock: first.site.restock,
        wastage_rate: first.site.wastage_rate,
        ..who.site.clone()
    };
    let (address, phone) = (who.address.clone(), who.phone.clone());
    Some(SiteRow { site, from: day, address, phone, ..first.clone() })
}
