//! The tables of a campaign's folder, their codes settled, and the codes to which their rows may refer.

use super::check::Codes;
use super::check_places::Files;
use super::issue::Issue;
use super::place_tables;
use super::settle::{names_in, names_of, settle};
use super::source::Source;
use super::table::Table;
use super::tables;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::names::Names;

/// The tables of a campaign's folder.
pub(super) struct Tables {
    pub(super) areas: Table,
    pub(super) eligible: Table,
    pub(super) sites: Table,
    pub(super) reach: Table,
    pub(super) teams: Table,
    pub(super) stops: Table,
    pub(super) closures: Table,
    pub(super) deliveries: Table,
    pub(super) sessions: Table,
    /// Whether it says which sites serve which areas.
    pub(super) has_reach: bool,
}

impl Tables {
    /// The tables of a folder beside a jurisdiction, or `None`, of one that stands alone.
    pub(super) fn of(
        source: &mut Source,
        known: Option<&Jurisdiction>,
        groups: &Table,
        issues: &mut Vec<Issue>,
    ) -> Self {
        let is_whole = known.is_none();
        let of_sites = if is_whole { place_tables::SITES } else { place_tables::LIMITS };
        let mut table =
            |stem, columns, is_required| source.table(stem, columns, is_required, issues);
        let (areas, _) = table("areas", place_tables::AREAS, is_whole);
        let (eligible, _) = table("eligible", tables::ELIGIBLE, true);
        let (sites, _) = table("sites", of_sites, is_whole);
        let (reach, has_reach) = table("reach", tables::REACH, false);
        let (teams, _) = table("teams", place_tables::TEAMS, false);
        let (stops, _) = table("stops", place_tables::STOPS, false);
        let (closures, _) = table("closures", place_tables::CLOSURES, false);
        let (deliveries, _) = table("deliveries", place_tables::DELIVERIES, true);
        let (sessions, _) = table("sessions", place_tables::SESSIONS, false);
        let has_reach = has_reach && !source.is_unfilled(&reach);
        let mut all = Self {
            areas,
            eligible,
            sites,
            reach,
            teams,
            stops,
            closures,
            deliveries,
            sessions,
            has_reach,
        };
        all.settle(known, groups);
        all
    }

    /// The names of the files, for issues.
    pub(super) fn files(&self) -> Files<'_> {
        Files {
            sites: &self.sites.file,
            reach: &self.reach.file,
            teams: &self.teams.file,
            stops: &self.stops.file,
            closures: &self.closures.file,
            deliveries: &self.deliveries.file,
        }
    }

    /// Settles the codes; names of the jurisdiction's areas and places stand for their codes.
    fn settle(&mut self, known: Option<&Jurisdiction>, groups: &Table) {
        let pair = |code: &str, name: &str| (code.to_owned(), name.to_owned());
        let none = Names::default();
        settle(&mut self.areas, &[("area", &none)]);
        let areas = known.into_iter().flat_map(|known| &known.areas).map(|row| &row.area);
        let mut area_names = Names::new(areas.map(|area| pair(area.code.as_str(), &area.name)));
        area_names.add(names_in(&self.areas, "area"));
        let group_names = names_of(groups, "id");
        settle(&mut self.areas, &[("parent", &area_names), ("merged_into", &area_names)]);
        settle(&mut self.eligible, &[("area", &area_names), ("group", &group_names)]);
        settle(&mut self.sites, &[("site", &none), ("area", &area_names)]);
        settle(&mut self.teams, &[("team", &none)]);
        settle(&mut self.stops, &[("stop", &none), ("area", &area_names)]);
        let sites = known.into_iter().flat_map(|known| &known.sites).map(|row| &row.site);
        let mut places = Names::new(sites.map(|site| pair(site.code.as_str(), &site.name)));
        places.add(names_in(&self.sites, "site"));
        settle(&mut self.reach, &[("area", &area_names), ("site", &places)]);
        let stops = known.into_iter().flat_map(|known| &known.stops).map(|row| &row.stop);
        places.add(stops.map(|stop| pair(stop.code.as_str(), &stop.name)));
        let teams = known.into_iter().flat_map(|known| &known.teams);
        places.add(teams.map(|team| pair(team.code.as_str(), &team.name)));
        places.add(names_in(&self.teams, "team"));
        places.add(names_in(&self.stops, "stop"));
        settle(&mut self.closures, &[("place", &places)]);
        settle(&mut self.deliveries, &[("lot", &none)]);
        let of_session = [("place", &places), ("area", &area_names), ("group", &group_names)];
        settle(&mut self.sessions, &of_session);
    }
}

/// Codes that rows may refer to: the jurisdiction's, where there is one, and the folder's own.
pub(super) struct AllCodes<'a> {
    pub(super) areas: Codes<'a>,
    pub(super) groups: Codes<'a>,
    pub(super) sites: Codes<'a>,
    /// Teams and stops.
    pub(super) mobile: Codes<'a>,
}

impl<'a> AllCodes<'a> {
    pub(super) fn of(
        known: Option<&'a Jurisdiction>,
        tables: &'a Tables,
        groups: &'a Table,
    ) -> Self {
        let all = || known.into_iter();
        let areas = all().flat_map(|known| &known.areas).map(|row| row.area.code.as_str());
        let sites = all().flat_map(|known| &known.sites).map(|row| row.site.code.as_str());
        let teams = all().flat_map(|known| &known.teams).map(|team| team.code.as_str());
        let stops = all().flat_map(|known| &known.stops).map(|row| row.stop.code.as_str());
        let own = Codes::of(&tables.teams, "team").and(&Codes::of(&tables.stops, "stop"));
        Self {
            areas: Codes::these(areas).and(&Codes::of(&tables.areas, "area")),
            groups: Codes::of(groups, "id"),
            sites: Codes::these(sites).and(&Codes::of(&tables.sites, "site")),
            mobile: Codes::these(teams.chain(stops)).and(&own),
        }
    }
}
