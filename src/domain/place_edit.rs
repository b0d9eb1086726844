//! Changes of one place that an office makes without a file: days on which it is closed or can do less, days that are
//! open again, another capacity from a day on.

use super::date::days;
use super::jurisdiction::{ClosedDays, Jurisdiction, LocalCampaign, SiteLimit, SiteRow};
use super::site::Site;
use chrono::NaiveDate;

/// The most days of one closure: longer ones are a change of capacity.
pub const CLOSED_DAYS_MAX: i64 = 366;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceEdit {
    /// The place is closed, or a site gives no more than so many doses a day.
    Close {
        /// The first day.
        first: NaiveDate,
        /// The last day, included.
        last: NaiveDate,
        /// Doses a day; 0: closed.
        doses: u32,
        /// Why.
        reason: Option<String>,
    },
    /// Days are as usual again.
    Open {
        /// The first day.
        first: NaiveDate,
        /// The last day, included.
        last: NaiveDate,
    },
    /// A site has another usual week from a day on.
    Capacity {
        /// The first day.
        from: NaiveDate,
        /// Doses on weekdays, Saturdays and Sundays.
        doses: [u32; 3],
    },
}

impl PlaceEdit {
    /// The first day that it changes.
    pub fn first(&self) -> NaiveDate {
        match self {
            Self::Close { first, .. } | Self::Open { first, .. } => *first,
            Self::Capacity { from, .. } => *from,
        }
    }

    /// The last day that it changes; `None`: it has no end.
    pub fn last(&self) -> Option<NaiveDate> {
        match self {
            Self::Close { last, .. } | Self::Open { last, .. } => Some(*last),
            Self::Capacity { .. } => None,
        }
    }
}

/// Why a change cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadEdit {
    /// The jurisdiction has no such place.
    Unknown,
    /// The last day is before the first, or too far from it.
    Days,
    /// Teams and stops are closed or not; they have no capacity of their own here.
    NoSite,
}

/// The jurisdiction after a change of the place with this code.
pub fn edited(of: &Jurisdiction, code: &str, edit: &PlaceEdit) -> Result<Jurisdiction, BadEdit> {
    let is_site = !of.site_rows(code).is_empty();
    if !is_site && of.stop(code).is_none() && of.team(code).is_none() {
        return Err(BadEdit::Unknown);
    }
    if let Some(last) = edit.last() {
        let length = (last - edit.first()).num_days();
        if !(0..CLOSED_DAYS_MAX).contains(&length) {
            return Err(BadEdit::Days);
        }
    }
    let mut new = of.clone();
    match edit {
        PlaceEdit::Close { first, last, doses, reason } => {
            if *doses > 0 && !is_site {
                return Err(BadEdit::NoSite);
            }
            new.closures = without(&of.closures, code, (*first, *last));
            let (place, reason) = (code.to_owned(), reason.clone());
            let closed = ClosedDays { place, first: *first, last: *last, doses: *doses, reason };
            new.closures.push(closed);
        }
        PlaceEdit::Open { first, last } => {
            new.closures = without(&of.closures, code, (*first, *last));
        }
        PlaceEdit::Capacity { from, doses } => {
            let now = of.site_on(code, *from).ok_or(BadEdit::NoSite)?;
            let [weekday_doses, saturday_doses, sunday_doses] = *doses;
            let site = Site { weekday_doses, saturday_doses, sunday_doses, ..now.site.clone() };
            let row = SiteRow { site, from: Some(*from), ..now.clone() };
            let is_other =
                |one: &SiteRow| one.site.code.as_str() != code || one.from != Some(*from);
            new.sites.retain(is_other);
            // Rows of one site stand together, by day.
            let after = |one: &SiteRow| {
                one.site.code.as_str() == code && one.from.is_none_or(|day| day < *from)
            };
            let at = new.sites.iter().rposition(after).map_or(new.sites.len(), |at| at + 1);
            new.sites.insert(at, row);
        }
    }
    Ok(new)
}

/// A campaign's own part after a change of a place. What its folder says of the site is a copy of what the place can do
/// where both say the same on that day; and what a folder that stands alone closes is closed for everybody. Both go
/// along. `None`: it has no copy, and a limit of its own stays.
pub fn own_edited(
    own: &LocalCampaign,
    of: &Jurisdiction,
    code: &str,
    edit: &PlaceEdit,
) -> Option<LocalCampaign> {
    match edit {
        PlaceEdit::Close { .. } => None,
        PlaceEdit::Open { first, last } => {
            if !own.beyond.is_whole || !closes(own, code, (*first, *last)) {
                return None;
            }
            let closures = without(&own.closures, code, (*first, *last));
            Some(LocalCampaign { closures, ..own.clone() })
        }
        PlaceEdit::Capacity { from, doses } => own_capacity(own, of, code, (*from, *doses)),
    }
}

/// Whether a campaign's folder still closes a place, or limits it, on days that a change opens.
pub fn stays_closed(own: &LocalCampaign, code: &str, edit: &PlaceEdit) -> bool {
    let PlaceEdit::Open { first, last } = edit else { return false };
    closes(own, code, (*first, *last))
}

fn closes(own: &LocalCampaign, code: &str, (first, last): (NaiveDate, NaiveDate)) -> bool {
    own.closures.iter().any(|one| one.place == code && one.first <= last && first <= one.last)
}

fn own_capacity(
    own: &LocalCampaign,
    of: &Jurisdiction,
    code: &str,
    (from, [weekday_doses, saturday_doses, sunday_doses]): (NaiveDate, [u32; 3]),
) -> Option<LocalCampaign> {
    let is_now = |limit: &SiteLimit| {
        limit.row.site.code.as_str() == code && limit.row.from.is_none_or(|day| day <= from)
    };
    let at = own.limits.iter().rposition(is_now)?;
    let (held, known) = (&own.limits[at], of.site_on(code, from)?);
    let week = |site: &Site| (site.weekday_doses, site.saturday_doses, site.sunday_doses);
    if week(&held.row.site) != week(&known.site) {
        return None;
    }
    let site = Site { weekday_doses, saturday_doses, sunday_doses, ..held.row.site.clone() };
    let row = SiteRow { site, from: Some(from), ..held.row.clone() };
    let new = SiteLimit { row, ..held.clone() };
    let mut out = own.clone();
    if held.row.from == Some(from) {
        out.limits[at] = new;
    } else {
        out.limits.insert(at + 1, new);
    }
    Some(out)
}

/// Closures without those of a place on some days; what lies before and after them stays.
fn without(
    all: &[ClosedDays],
    code: &str,
    (first, last): (NaiveDate, NaiveDate),
) -> Vec<ClosedDays> {
    let mut out = Vec::new();
    for one in all {
        if one.place != code || one.last < first || last < one.first {
            out.push(one.clone());
            continue;
        }
        if let Some(before) = first.pred_opt().filter(|day| *day >= one.first) {
            out.push(ClosedDays { last: before, ..one.clone() });
        }
        if let Some(after) = last.succ_opt().filter(|day| *day <= one.last) {
            out.push(ClosedDays { first: after, ..one.clone() });
        }
    }
    out
}

/// The days that a change touches within a span.
pub fn touched(edit: &PlaceEdit, (first, last): (NaiveDate, NaiveDate)) -> Vec<NaiveDate> {
    let end = edit.last().unwrap_or(last).min(last);
    days(edit.first().max(first), end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{county, day};

    fn places() -> Jurisdiction {
        Jurisdiction::of_campaign(&county())
    }

    fn closed(of: &Jurisdiction, code: &str) -> Vec<(NaiveDate, NaiveDate, u32)> {
        let mine = of.closures.iter().filter(|one| one.place == code);
        mine.map(|one| (one.first, one.last, one.doses)).collect()
    }

    fn close(first: i64, last: i64) -> PlaceEdit {
        PlaceEdit::Close { first: day(first), last: day(last), doses: 0, reason: None }
    }

    #[test]
    fn a_closure_takes_the_place_of_what_was_said_of_its_days() {
        let whole = edited(&places(), "S1", &close(1, 9)).unwrap();
        assert_eq!(closed(&whole, "S1"), [(day(1), day(9), 0)], "day 2 was closed before");
        let less = PlaceEdit::Close { first: day(4), last: day(5), doses: 20, reason: None };
        let less = edited(&whole, "S1", &less).unwrap();
        let parts = [(day(1), day(3), 0), (day(6), day(9), 0), (day(4), day(5), 20)];
        assert_eq!(closed(&less, "S1"), parts);
        let open = PlaceEdit::Open { first: day(0), last: day(7) };
        let open = edited(&less, "S1", &open).unwrap();
        assert_eq!(closed(&open, "S1"), [(day(8), day(9), 0)]);
        assert_eq!(closed(&open, "S2"), [(day(6), day(6), 30)], "another site's days stay");
    }

    #[test]
    fn a_capacity_counts_from_its_day_on() {
        let edit = PlaceEdit::Capacity { from: day(10), doses: [150, 60, 0] };
        let new = edited(&places(), "S1", &edit).unwrap();
        let on = |number: i64| new.site_on("S1", day(number)).unwrap().site.weekday_doses;
        assert_eq!((on(9), on(10), on(50)), (100, 150, 150));
        let again = PlaceEdit::Capacity { from: day(10), doses: [90, 60, 0] };
        let new = edited(&new, "S1", &again).unwrap();
        assert_eq!(new.site_rows("S1").len(), 2, "the same day is said once");
        assert_eq!(new.site_on("S1", day(20)).unwrap().site.weekday_doses, 90);
        let earlier = PlaceEdit::Capacity { from: day(5), doses: [70, 0, 0] };
        let new = edited(&new, "S1", &earlier).unwrap();
        let froms: Vec<_> = new.site_rows("S1").iter().map(|row| row.from).collect();
        assert_eq!(froms, [None, Some(day(5)), Some(day(10))]);
    }

    #[test]
    fn a_campaigns_copy_goes_along_and_its_own_limit_stays() {
        let own = LocalCampaign::whole(&county());
        let change = PlaceEdit::Capacity { from: day(10), doses: [150, 60, 0] };
        let edit = |own: &LocalCampaign| own_edited(own, &places(), "S1", &change);
        let new = edit(&own).expect("a copy");
        let rows: Vec<_> = new
            .limits
            .iter()
            .filter(|limit| limit.row.site.code.as_str() == "S1")
            .map(|limit| (limit.row.from, limit.row.site.weekday_doses))
            .collect();
        assert_eq!(rows, [(None, 100), (Some(day(10)), 150)]);
        let mut less = own.clone();
        for limit in &mut less.limits {
            limit.row.site.weekday_doses = 30;
        }
        assert_eq!(edit(&less), None);
        less.limits.clear();
        assert_eq!(edit(&less), None, "it says nothing of the site");
    }

    #[test]
    fn a_folder_that_stands_alone_opens_with_the_place_and_another_keeps_its_own_closure() {
        let mut own = LocalCampaign::whole(&county());
        let open = PlaceEdit::Open { first: day(1), last: day(3) };
        assert!(stays_closed(&own, "S1", &open) && !stays_closed(&own, "S2", &open));
        let new = own_edited(&own, &places(), "S1", &open).expect("day 2 opens");
        assert!(!stays_closed(&new, "S1", &open));
        assert_eq!(new.closures.len(), 1, "another site's day stays");
        assert_eq!(own_edited(&own, &places(), "S2", &open), None, "nothing is closed then");
        own.beyond.is_whole = false;
        assert_eq!(own_edited(&own, &places(), "S1", &open), None);
        assert!(stays_closed(&own, "S1", &open));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (code, edit, why) in [
            ("S9", close(1, 2), BadEdit::Unknown),
            ("S1", close(2, 1), BadEdit::Days),
            ("S1", close(0, CLOSED_DAYS_MAX), BadEdit::Days),
            (
                "T1",
                PlaceEdit::Close { first: day(1), last: day(1), doses: 5, reason: None },
                BadEdit::NoSite,
            ),
            ("P1", PlaceEdit::Capacity { from: day(1), doses: [1, 1, 1] }, BadEdit::NoSite),
        ] {
            assert_eq!(edited(&places(), code, &edit).err(), Some(why), "{code} {edit:?}");
        }
        assert!(edited(&places(), "T1", &close(1, 1)).is_ok());
    }
}
