//! Changes of a campaign's lots and eligible counts that an office makes without a file: a lot arrives, its doses or
//! days are corrected, an area's count of a group changes from a day on. What was counted before that day stays.

use super::campaign::Campaign;
use super::group::Eligible;
use super::id::{AreaCode, GroupId};
use super::jurisdiction::LocalCampaign;
use super::site::Delivery;
use chrono::NaiveDate;

/// The most people or doses of one row.
pub const COUNT_MAX: u32 = 100_000_000;
/// The most doses in a vial.
pub const VIAL_DOSES_MAX: u32 = 1000;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SupplyEdit {
    /// A lot that the campaign does not have yet.
    NewLot(Delivery),
    /// What is known of a lot now. `had` is what the form began with.
    Lot {
        /// The lot as it is to be.
        lot: Delivery,
        /// As somebody saw it before.
        had: LotSeen,
    },
    /// An area's count of a group from a day on.
    Eligible {
        /// The area.
        area: AreaCode,
        /// The group.
        group: GroupId,
        /// People.
        people: u32,
        /// From this day on.
        from: NaiveDate,
        /// Where the number comes from.
        source: Option<String>,
        /// The people whom somebody saw before; `None`: no count.
        had: Option<u32>,
        /// The day of which they saw that.
        seen_on: NaiveDate,
    },
}

/// What a form shows of a lot before it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotSeen {
    /// Doses.
    pub doses: u32,
    /// Day of arrival.
    pub date: NaiveDate,
    /// Last day of use.
    pub expires: NaiveDate,
    /// The product.
    pub product: String,
    /// Doses in a vial, where known.
    pub doses_per_vial: Option<u32>,
}

impl LotSeen {
    /// What a form shows of it.
    pub fn of(lot: &Delivery) -> Self {
        let Delivery { date, doses, expires, doses_per_vial, .. } = *lot;
        Self { doses, date, expires, product: lot.product.clone(), doses_per_vial }
    }
}

/// Why a change cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSupply {
    /// The campaign has a lot of this code already.
    LotKnown,
    /// It has none.
    LotUnknown,
    /// The last day of use is before the day of arrival.
    Expires,
    /// The campaign has no such area or group, or the area has become part of another one.
    Cohort,
    /// Somebody else changed the row since the form was shown.
    Stale,
    /// A count is too large.
    Count,
}

/// A campaign's own part after a change. `seen` is the campaign with its areas, as it is.
pub fn edited(
    own: &LocalCampaign,
    seen: &Campaign,
    edit: &SupplyEdit,
) -> Result<LocalCampaign, BadSupply> {
    let mut new = own.clone();
    match edit {
        SupplyEdit::NewLot(lot) => {
            sound(lot)?;
            if new.campaign.deliveries.iter().any(|known| known.lot == lot.lot) {
                return Err(BadSupply::LotKnown);
            }
            new.campaign.deliveries.push(lot.clone());
        }
        SupplyEdit::Lot { lot, had } => {
            sound(lot)?;
            let known = new.campaign.deliveries.iter_mut().find(|known| known.lot == lot.lot);
            let known = known.ok_or(BadSupply::LotUnknown)?;
            if LotSeen::of(known) != *had {
                return Err(BadSupply::Stale);
            }
            known.clone_from(lot);
        }
        SupplyEdit::Eligible { area, group, people, from, source, had, seen_on } => {
            let is_there =
                seen.area(area.as_str()).is_some() && seen.group(group.as_str()).is_some();
            if !is_there || seen.home(area, *from) != area {
                return Err(BadSupply::Cohort);
            }
            if *people > COUNT_MAX {
                return Err(BadSupply::Count);
            }
            if people_on(seen, area, group, *seen_on) != *had {
                return Err(BadSupply::Stale);
            }
            let row = |area: &AreaCode, people| Eligible {
                area: area.clone(),
                group: group.clone(),
                people,
                source: source.clone(),
                as_of: Some(*from),
            };
            put(&mut new.campaign.eligible, row(area, *people));
            // The count is that of the area with all that became part of it.
            let merged = seen.mergers.keys().filter(|one| seen.home(one, *from) == area);
            for one in merged.filter(|one| people_on(seen, one, group, *from).is_none()) {
                let is_its = |row: &Eligible| row.area == *one && row.group == *group;
                if new.campaign.eligible.iter().any(is_its) {
                    put(&mut new.campaign.eligible, row(one, 0));
                }
            }
        }
    }
    Ok(new)
}

/// The people of a cohort on a day, with the areas that are part of it by then.
pub fn people_on(
    campaign: &Campaign,
    area: &AreaCode,
    group: &GroupId,
    day: NaiveDate,
) -> Option<u32> {
    let campaign = campaign.on(day);
    let found = campaign.eligible_on(day);
    let mine = found.values().find(|row| row.area == *area && row.group == *group);
    mine.map(|row| row.people)
}

fn sound(lot: &Delivery) -> Result<(), BadSupply> {
    if lot.expires < lot.date {
        return Err(BadSupply::Expires);
    }
    let vial = lot.doses_per_vial.is_none_or(|doses| (1..=VIAL_DOSES_MAX).contains(&doses));
    if lot.doses > COUNT_MAX || !vial { Err(BadSupply::Count) } else { Ok(()) }
}

/// Puts a count in the place of the one of the same day, or after the other ones of its cohort.
fn put(rows: &mut Vec<Eligible>, row: Eligible) {
    let is_mine = |one: &Eligible| one.area == row.area && one.group == row.group;
    if let Some(same) = rows.iter_mut().find(|one| is_mine(one) && one.as_of == row.as_of) {
        *same = row;
        return;
    }
    let at = rows.iter().rposition(is_mine).map_or(rows.len(), |at| at + 1);
    rows.insert(at, row);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::Merger;
    use crate::domain::id::LotCode;
    use crate::domain::testing::{county, day};

    fn own() -> LocalCampaign {
        LocalCampaign::whole(&county())
    }

    fn lot(code: &str, doses: u32) -> Delivery {
        Delivery {
            lot: LotCode::new(code),
            product: "vero".into(),
            date: day(3),
            doses,
            expires: day(90),
            doses_per_vial: None,
        }
    }

    #[test]
    fn a_lot_is_added_once_and_corrected_only_as_it_was_seen() {
        let added = edited(&own(), &county(), &SupplyEdit::NewLot(lot("N1", 500))).unwrap();
        let known = added.campaign.deliveries.last().unwrap();
        assert_eq!((known.lot.as_str(), known.doses), ("N1", 500));
        let again = edited(&added, &county(), &SupplyEdit::NewLot(lot("N1", 9)));
        assert_eq!(again, Err(BadSupply::LotKnown));
        let had = LotSeen::of(known);
        let change = |doses, had: &LotSeen| {
            let change = SupplyEdit::Lot { lot: lot("N1", doses), had: had.clone() };
            edited(&added, &county(), &change)
        };
        assert_eq!(change(70, &had).unwrap().campaign.deliveries.last().unwrap().doses, 70);
        for stale in [
            LotSeen { doses: 499, ..had.clone() },
            LotSeen { product: "zf2001".to_owned(), ..had.clone() },
            LotSeen { doses_per_vial: Some(5), ..had.clone() },
        ] {
            assert_eq!(change(70, &stale), Err(BadSupply::Stale));
        }
        assert_eq!(change(COUNT_MAX + 1, &had), Err(BadSupply::Count));
        let unknown = SupplyEdit::Lot { lot: lot("N2", 1), had };
        assert_eq!(edited(&added, &county(), &unknown), Err(BadSupply::LotUnknown));
        let early = Delivery { expires: day(2), ..lot("N3", 1) };
        let early = edited(&own(), &county(), &SupplyEdit::NewLot(early));
        assert_eq!(early, Err(BadSupply::Expires));
    }

    #[test]
    fn a_count_holds_from_its_day_on_and_what_held_before_stays() {
        let county = county();
        let first = county.eligible[0].clone();
        let (area, group) = (first.area.clone(), first.group.clone());
        let had = people_on(&county, &area, &group, day(20));
        let change = |people, from, had| SupplyEdit::Eligible {
            area: area.clone(),
            group: group.clone(),
            people,
            from: day(from),
            source: None,
            had,
            seen_on: day(20),
        };
        let new = edited(&own(), &county, &change(77, 20, had)).unwrap();
        let on = |campaign: &Campaign, at| people_on(campaign, &area, &group, day(at));
        assert_eq!(on(&new.campaign, 19), on(&county, 19));
        assert_eq!(on(&new.campaign, 20), Some(77));
        let again = edited(&new, &new.campaign, &change(78, 20, Some(77))).unwrap();
        assert_eq!(again.campaign.eligible.len(), new.campaign.eligible.len(), "one for each day");
        let stale = edited(&new, &new.campaign, &change(78, 20, had));
        assert_eq!(stale, Err(BadSupply::Stale));
        // From a day on which it will be another number: what counts is the day that was looked at.
        let later = edited(&new, &new.campaign, &change(79, 40, Some(77))).unwrap();
        assert_eq!((on(&later.campaign, 39), on(&later.campaign, 40)), (Some(77), Some(79)));
        let again = edited(&later, &later.campaign, &change(80, 40, Some(77))).unwrap();
        assert_eq!(on(&again.campaign, 40), Some(80));
        let nowhere = SupplyEdit::Eligible {
            area: "nowhere".into(),
            group: group.clone(),
            people: 1,
            from: day(1),
            source: None,
            had: None,
            seen_on: day(1),
        };
        assert_eq!(edited(&own(), &county, &nowhere), Err(BadSupply::Cohort));
    }

    #[test]
    fn a_count_of_an_area_is_that_of_all_that_became_part_of_it() {
        let mut county = county();
        let first = county.eligible[0].clone();
        let other =
            county.eligible.iter().find(|row| row.group == first.group && row.area != first.area);
        let (other, group) = (other.unwrap().area.clone(), first.group.clone());
        let merger = Merger { into: first.area.clone(), until: day(10) };
        county.mergers.insert(other.clone(), merger);
        let on = |campaign: &Campaign, at| people_on(campaign, &first.area, &group, day(at));
        let both = on(&county, 20).unwrap();
        assert!(both > on(&county, 5).unwrap());
        let change = |area: &AreaCode, had| SupplyEdit::Eligible {
            area: area.clone(),
            group: group.clone(),
            people: 160,
            from: day(20),
            source: None,
            had,
            seen_on: day(20),
        };
        let new = edited(&LocalCampaign::whole(&county), &county, &change(&first.area, Some(both)));
        let new = Campaign { mergers: county.mergers.clone(), ..new.unwrap().campaign };
        assert_eq!((on(&new, 19), on(&new, 20)), (Some(both), Some(160)));
        let gone = edited(&LocalCampaign::whole(&county), &county, &change(&other, Some(both)));
        assert_eq!(gone, Err(BadSupply::Cohort));
    }
}
