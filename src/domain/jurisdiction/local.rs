//! A campaign's own part: what its folder says, whether it stands alone or beside a jurisdiction.

use super::{AreaRow, Beyond, ClosedDays, LocalCampaign, SiteLimit, SiteRow, StopRow};
use crate::domain::area::{Area, Merger};
use crate::domain::campaign::Campaign;
use crate::domain::id::{AreaCode, GroupId};
use crate::domain::site::{Closure, Site, Stop};
use std::collections::{BTreeMap, BTreeSet};

impl LocalCampaign {
    /// The own part of a campaign whose folder stands alone.
    pub fn whole(campaign: &Campaign) -> Self {
        let limit = |site: &Site| SiteLimit {
            row: SiteRow::plain(site.clone()),
            wastage_rate: Some(site.wastage_rate),
        };
        let merged = |area: &Area| {
            let merged = Some(campaign.mergers.get(&area.code)?.clone());
            Some(AreaRow { merged, ..AreaRow::plain(area.clone()) })
        };
        Self {
            limits: campaign.sites.iter().map(limit).collect(),
            closures: campaign.closures.iter().map(ClosedDays::of).collect(),
            has_reach: true,
            has_travel: true,
            kinds: BTreeMap::new(),
            sessions: Vec::new(),
            beyond: Beyond {
                is_whole: true,
                areas: campaign.areas.iter().filter_map(merged).collect(),
                renamed: campaign.renamed.clone(),
                ..Beyond::default()
            },
            campaign: Campaign {
                sites: Vec::new(),
                closures: Vec::new(),
                mergers: BTreeMap::new(),
                renamed: BTreeMap::new(),
                ..campaign.clone()
            },
        }
    }

    /// The campaign as its folder says it, without the jurisdiction's areas and places.
    pub fn said(&self) -> Campaign {
        let mut seen = BTreeSet::new();
        let rows = self.limits.iter().map(|limit| &limit.row.site);
        Campaign {
            sites: rows.filter(|site| seen.insert(&site.code)).cloned().collect(),
            closures: self.closed().collect(),
            mergers: self.mergers(),
            renamed: self.beyond.renamed.clone(),
            ..self.campaign.clone()
        }
    }

    /// Its closures, a row for each place and day, in the order of the file.
    pub fn closed(&self) -> impl Iterator<Item = Closure> {
        let mut seen = BTreeSet::new();
        let each = self.closures.iter().flat_map(|closed| {
            let days = crate::domain::date::days(closed.first, closed.last);
            days.map(move |day| Closure { place: closed.place.clone(), day, doses: closed.doses })
        });
        each.filter(move |one| seen.insert((one.place.clone(), one.day)))
    }

    /// Its areas with all that their rows say.
    pub fn area_rows(&self) -> impl Iterator<Item = AreaRow> {
        let told: BTreeMap<&AreaCode, &AreaRow> =
            self.beyond.areas.iter().map(|row| (&row.area.code, row)).collect();
        self.campaign.areas.iter().map(move |area| match told.get(&area.code) {
            Some(row) => AreaRow { area: area.clone(), ..(*row).clone() },
            None => AreaRow::plain(area.clone()),
        })
    }

    /// Its stops with all that their rows say.
    pub fn stop_rows(&self) -> impl Iterator<Item = StopRow> {
        self.campaign.stops.iter().map(|stop: &Stop| {
            let told = self.beyond.stops.iter().find(|row| row.stop.code == stop.code);
            StopRow {
                stop: stop.clone(),
                address: told.and_then(|row| row.address.clone()),
                phone: told.and_then(|row| row.phone.clone()),
            }
        })
    }

    /// Mergers that its own rows tell of.
    pub fn mergers(&self) -> BTreeMap<AreaCode, Merger> {
        let rows = self.beyond.areas.iter();
        rows.filter_map(|row| Some((row.area.code.clone(), row.merged.clone()?))).collect()
    }

    /// Its own rows of a site, the earliest first.
    pub fn site_rows(&self, code: &str) -> Vec<&SiteRow> {
        let rows = self.limits.iter().map(|limit| &limit.row);
        let mut rows: Vec<_> = rows.filter(|row| row.site.code.as_str() == code).collect();
        rows.sort_by_key(|row| row.from);
        rows
    }

    /// Codes of the sites that it names, each once, in the order of its rows.
    pub fn site_codes(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let codes = self.limits.iter().map(|limit| limit.row.site.code.as_str());
        codes.filter(|code| seen.insert(*code)).collect()
    }

    /// Takes over the names that groups had in the version before: facts stand under them, whatever the new version
    /// says of it.
    pub fn remember_names(&mut self, before: &Self) {
        let now = std::mem::take(&mut self.beyond.renamed);
        let known: BTreeSet<&GroupId> = self.campaign.groups.iter().map(|g| &g.id).collect();
        let mut all = before.beyond.renamed.clone();
        for name in all.values_mut() {
            if let Some(newer) = now.get(name) {
                *name = newer.clone();
            }
        }
        all.extend(now);
        all.retain(|old, new| known.contains(new) && !known.contains(old));
        self.beyond.renamed = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::county;

    #[test]
    fn a_folder_that_stands_alone_says_what_it_said() {
        let campaign = county();
        assert_eq!(LocalCampaign::whole(&campaign).said(), campaign);
    }

    #[test]
    fn a_group_s_old_names_are_known_for_ever() {
        let named = |id: &str, renamed: &[(&str, &str)]| {
            let mut campaign = county();
            campaign.groups[0].id = id.into();
            campaign.renamed = renamed.iter().map(|&(a, b)| (a.into(), b.into())).collect();
            LocalCampaign::whole(&campaign)
        };
        let first = named("adult", &[]);
        let mut second = named("b", &[("adult", "b")]);
        second.remember_names(&first);
        let mut third = named("c", &[("b", "c")]);
        third.remember_names(&second);
        let expected = BTreeMap::from([("adult".into(), "c".into()), ("b".into(), "c".into())]);
        assert_eq!(third.beyond.renamed, expected);
        let mut again = named("c", &[]);
        again.remember_names(&third);
        assert_eq!(again.beyond.renamed, expected, "the line may go, the names stay");
        let mut gone = named("d", &[]);
        gone.remember_names(&again);
        assert!(gone.beyond.renamed.is_empty(), "nothing says that d was c");
    }
}
