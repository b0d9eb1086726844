//! The days on which vaccine can be given somewhere.

use super::campaign::Campaign;
use super::date::{Weekdays, days};
use super::site::Site;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// The days from `first` to the campaign's end on which a site has capacity, or a team works and a stop can be visited.
pub fn work_days(campaign: &Campaign, first: NaiveDate) -> Vec<NaiveDate> {
    let mut closed: BTreeMap<NaiveDate, BTreeMap<&str, u32>> = BTreeMap::new();
    for one in &campaign.closures {
        closed.entry(one.day).or_default().insert(&one.place, one.doses);
    }
    let nothing = BTreeMap::new();
    let works = |day: &NaiveDate| {
        let closed = closed.get(day).unwrap_or(&nothing);
        let is_on =
            |code: &str, weekdays: Weekdays| weekdays.contains(*day) && !closed.contains_key(code);
        let open = |site: &Site| {
            let usual = || site.weekly_capacity(*day);
            closed.get(site.code.as_str()).copied().unwrap_or_else(usual) > 0
        };
        campaign.sites.iter().any(open)
            || (campaign.teams.iter().any(|team| is_on(team.code.as_str(), team.weekdays))
                && campaign.stops.iter().any(|stop| is_on(stop.code.as_str(), stop.weekdays)))
    };
    days(first.max(campaign.start), campaign.end).filter(works).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site::Closure;
    use crate::domain::testing::{county, day};

    #[test]
    fn a_day_counts_where_a_site_or_a_team_with_a_stop_can_work() {
        let mut campaign = county();
        // Day 0 is a Monday; sites rest on Sundays but the first, which S2 has opened, and teams on weekends.
        let found = work_days(&campaign, day(0));
        assert!(found.contains(&day(5)) && found.contains(&day(6)), "{found:?}");
        assert!(!found.contains(&day(13)), "{found:?}");
        campaign.sites.clear();
        assert!(!work_days(&campaign, day(0)).contains(&day(5)));
        assert!(work_days(&campaign, day(0)).contains(&day(4)));
        let shut = |place: &str| Closure { place: place.into(), day: day(4), doses: 0 };
        campaign.closures = vec![shut("P1")];
        assert!(!work_days(&campaign, day(0)).contains(&day(4)), "there is no other stop");
        campaign.closures = vec![shut("T1")];
        assert!(work_days(&campaign, day(0)).contains(&day(4)), "another team works");
        assert_eq!(work_days(&campaign, day(61)), [], "the campaign is over");
    }
}
