//! What staff lets places do: stations of sites and days of teams, and the jurisdiction with no more than that.

use super::model::workplaces;
use super::needs::crews;
use crate::domain::date::days;
use crate::domain::jurisdiction::{
    ClosedDays, Crew, CrewKind, Jurisdiction, Role, SiteRow, crew_of,
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Stations with a crew by day and place; a team has one. What is not listed has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staffing(pub BTreeMap<(NaiveDate, String), u32>);

/// The row of a site in force on a day; `None` before the first one, when it is shut.
fn row_on<'a>(of: &'a Jurisdiction, site: &str, day: NaiveDate) -> Option<&'a SiteRow> {
    let row = of.site_on(site, day)?;
    row.from.is_none_or(|from| from <= day).then_some(row)
}

/// Doses that a site can give on a day, whoever works there.
fn typed(of: &Jurisdiction, site: &str, day: NaiveDate) -> u32 {
    let Some(row) = row_on(of, site, day).filter(|row| !row.is_candidate) else { return 0 };
    let mut closed = of.closures.iter().filter(|one| one.place == site);
    let closed = closed.find(|one| one.first <= day && day <= one.last).map(|one| one.doses);
    let typed = closed.unwrap_or_else(|| row.site.weekly_capacity(day));
    row.stations_most().map_or(typed, |most| most.min(typed))
}

/// Stations of a site that its doses of a day keep busy at most.
pub(super) fn stations(of: &Jurisdiction, site: &str, day: NaiveDate) -> u32 {
    let (most, Some(row)) = (typed(of, site, day), row_on(of, site, day)) else { return 0 };
    let fits = row.stations.map_or(1, |stations| stations.count);
    let is_enough = |n: &u32| row.doses_of(*n).is_none_or(|doses| doses >= most);
    if most == 0 { 0 } else { (1..=fits).find(is_enough).unwrap_or(fits) }
}

/// Codes of the sites, each once.
fn site_codes(of: &Jurisdiction) -> BTreeSet<&str> {
    of.sites.iter().map(|row| row.site.code.as_str()).collect()
}

/// People who can work at a place on a day, by role.
struct There<'a> {
    of: &'a Jurisdiction,
    /// Who may work at each place: positions in the list of staff.
    at: BTreeMap<String, Vec<usize>>,
    away: BTreeSet<(usize, NaiveDate)>,
}

impl<'a> There<'a> {
    fn new(of: &'a Jurisdiction, (from, until): (NaiveDate, NaiveDate)) -> Self {
        let mut at: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut codes = BTreeMap::new();
        for (who, member) in of.staff.iter().enumerate() {
            codes.insert(&member.code, who);
            for place in workplaces(of, member) {
                at.entry(place).or_default().push(who);
            }
        }
        let mut away = BTreeSet::new();
        for leave in &of.leave {
            if let Some(&who) = codes.get(&leave.staff) {
                let span = days(leave.first.max(from), leave.last.min(until));
                away.extend(span.map(|day| (who, day)));
            }
        }
        Self { of, at, away }
    }

    /// Most stations that people could staff if they worked nowhere else: of every role enough, and
    /// of all together.
    fn most(&self, place: &str, day: NaiveDate, crew: (&[Crew], CrewKind), fits: u32) -> u32 {
        let here = self.at.get(place).map_or(&[][..], Vec::as_slice);
        let works =
            |who: &&usize| self.of.staff[**who].works_on(day) && !self.away.contains(&(**who, day));
        let here: Vec<&BTreeSet<Role>> =
            here.iter().filter(works).map(|who| &self.of.staff[*who].roles).collect();
        let kinds = BTreeSet::from([crew.1]);
        let is_enough = |n: &u32| {
            let need = crew_of(crew.0, &kinds, *n);
            let has = |role: Role| here.iter().filter(|roles| roles.contains(&role)).count();
            need.values().map(|n| u64::from(*n)).sum::<u64>() <= here.len() as u64
                && need.iter().all(|(role, n)| has(*role) >= *n as usize)
        };
        // More stations never need fewer people, so the first number that is too many ends it.
        (1..=fits).take_while(is_enough).last().unwrap_or(0)
    }
}

impl Staffing {
    /// The most stations that each place could open on each day, if its people worked nowhere else
    /// and had no other day: no roster has more.
    pub fn most(of: &Jurisdiction, span: (NaiveDate, NaiveDate)) -> Self {
        let crews = crews(of);
        let there = There::new(of, span);
        let mut out = BTreeMap::new();
        for day in days(span.0, span.1) {
            for site in site_codes(of) {
                let fits = stations(of, site, day);
                let most = there.most(site, day, (&crews, CrewKind::Site), fits);
                out.insert((day, site.to_owned()), most);
            }
            for team in of.teams.iter().filter(|team| team.weekdays.contains(day)) {
                let code = team.code.as_str();
                let most = there.most(code, day, (&crews, CrewKind::Team), 1);
                out.insert((day, code.to_owned()), most);
            }
        }
        Self(out)
    }

    /// Further stations beyond those of `needed`, up to these.
    pub fn beyond(&self, needed: &BTreeMap<(NaiveDate, String), u32>) -> Vec<Further> {
        let mut out = Vec::new();
        for ((day, place), most) in &self.0 {
            let have = needed.get(&(*day, place.clone())).copied().unwrap_or(0);
            out.extend((have + 1..=*most).map(|station| (*day, place.clone(), station)));
        }
        out
    }

    /// Whether these stations leave a place fewer than `most` on some day.
    pub fn is_below(&self, most: &Self) -> bool {
        most.0.iter().any(|(key, most)| self.0.get(key).copied().unwrap_or(0) < *most)
    }
}

/// A station by day, place and number.
pub type Further = (NaiveDate, String, u32);

/// A place that staff lets do less on a day than it could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The site or team.
    pub place: String,
    /// The day.
    pub day: NaiveDate,
    /// Doses that a site could give, whoever works there; `None`: a team, which could go out.
    pub could: Option<u32>,
    /// Doses that its staff can give; 0: it does not open, or go out.
    pub can: u32,
}

impl Jurisdiction {
    /// Where and when staff lets places do less than they could, on the days of a span.
    pub fn lacks(&self, staffing: &Staffing, (from, until): (NaiveDate, NaiveDate)) -> Vec<Lack> {
        let mut out = Vec::new();
        for day in days(from, until) {
            let staffed =
                |place: &str| staffing.0.get(&(day, place.to_owned())).copied().unwrap_or(0);
            for site in site_codes(self) {
                let (typed, can) =
                    (typed(self, site, day), self.doses_with(site, day, staffed(site)));
                if can < typed {
                    out.push(Lack { place: site.to_owned(), day, could: Some(typed), can });
                }
            }
            for team in self.teams.iter().filter(|team| team.weekdays.contains(day)) {
                if staffed(team.code.as_str()) == 0 {
                    out.push(Lack { place: team.code.to_string(), day, could: None, can: 0 });
                }
            }
        }
        out
    }

    /// Doses that so many staffed stations of a site give on a day; where nobody says how many a station gives, any
    /// number.
    pub fn doses_with(&self, site: &str, day: NaiveDate, stations: u32) -> u32 {
        let gives = row_on(self, site, day).and_then(|row| row.doses_of(stations));
        if stations == 0 { 0 } else { gives.unwrap_or(u32::MAX) }
    }

    /// The jurisdiction in which places do no more than staffed stations can: where that is less, a closure says so.
    /// Of that `used` is somebody else's already.
    #[must_use]
    pub fn within(&self, lacks: &[Lack], used: &BTreeMap<(NaiveDate, String), u32>) -> Self {
        let left = |lack: &Lack| {
            let used = used.get(&(lack.day, lack.place.clone())).copied().unwrap_or(0);
            lack.can.saturating_sub(used)
        };
        let less: BTreeMap<(&str, NaiveDate), u32> =
            lacks.iter().map(|lack| ((lack.place.as_str(), lack.day), left(lack))).collect();
        let mut closures = Vec::new();
        for closed in &self.closures {
            let place = closed.place.as_str();
            let mut there = less.range((place, closed.first)..=(place, closed.last));
            if there.next().is_none() {
                closures.push(closed.clone());
                continue;
            }
            let left = days(closed.first, closed.last)
                .filter(|day| !less.contains_key(&(closed.place.as_str(), *day)));
            closures.extend(left.map(|day| ClosedDays { first: day, last: day, ..closed.clone() }));
        }
        let short = |((place, day), doses): (&(&str, NaiveDate), &u32)| ClosedDays {
            place: (*place).to_owned(),
            first: *day,
            last: *day,
            doses: *doses,
            reason: None,
        };
        closures.extend(less.iter().map(short));
        Self { closures, ..self.clone() }
    }
}
