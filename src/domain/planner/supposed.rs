//! What a what-if question supposes, and the figures of both plans side by side.

use super::as_staffed::{AsStaffed, DAYS_AFTER};
use super::surge::{Means, MeansError, Resources};
use super::what_if::{PlanOutcome, WhatIfChange, WhatIfError, changed};
use crate::domain::campaign::Campaign;
use crate::domain::date::Weekdays;
use crate::domain::figure::fixed_signed;
use crate::domain::homes::RoundDay;
use crate::domain::id::{AreaCode, GroupId, PlaceCode, StaffId};
use crate::domain::jurisdiction::{Jurisdiction, Role, SiteRow, StaffMember};
use crate::domain::plan::{PlanRow, WorstArea};
use chrono::{NaiveDate, TimeDelta};

/// Doses that a station gives on a day, at sites that do not say it. Our choice: 20 an hour, 8 hours.
pub const STATION_DOSES: u32 = 160;

/// Working days of somebody who is supposed, as of anybody of whom nothing else is said.
const DAYS_A_WEEK: u32 = 5;
const DAYS_IN_ROW: u32 = 6;

/// What is supposed to be other than it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supposed {
    /// The campaign ends on this day.
    pub until: Option<NaiveDate>,
    /// Changes that need no more than the campaign, in their order.
    pub changes: Vec<WhatIfChange>,
    /// More stations at sites, with their people; a candidate is opened with them.
    pub stations: Vec<(PlaceCode, u32)>,
    /// Candidates that are opened with all the stations that fit.
    pub add_site: Vec<PlaceCode>,
    /// More people in areas.
    pub staff: Vec<MorePeople>,
}

/// People of a role who work at sites of an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MorePeople {
    /// How many.
    pub people: u32,
    /// The area.
    pub area: AreaCode,
    /// What they can do.
    pub role: Role,
}

/// Of what something is supposed.
#[derive(Debug, Clone, Copy)]
pub struct SupposedOf<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Its jurisdiction, with the staff where somebody has counted it.
    pub jurisdiction: Option<&'a Jurisdiction>,
    /// Rows of other campaigns' plans, which stay.
    pub others: &'a [PlanRow],
    /// Days on which teams make rounds of home visits: their crews work then.
    pub rounds: &'a [RoundDay],
    /// The first day that is planned.
    pub from: NaiveDate,
}

/// Why something cannot be supposed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SupposedError {
    /// More cannot be had.
    #[error(transparent)]
    Means(#[from] MeansError),
    /// A change is impossible.
    #[error(transparent)]
    Change(#[from] WhatIfError),
}

impl<'a> SupposedOf<'a> {
    /// The jurisdiction with its staff; `None` where nobody has counted it.
    #[must_use]
    pub fn counted(&self) -> Option<&'a Jurisdiction> {
        self.jurisdiction.filter(|of| !of.staff.is_empty())
    }

    /// The campaign as its staff lets it be, up to a day that may be later than its end.
    #[must_use]
    pub fn staffed(&self, until: Option<NaiveDate>) -> AsStaffed {
        self.with_staff_of(self.counted(), until)
    }

    fn with_staff_of(&self, of: Option<&Jurisdiction>, until: Option<NaiveDate>) -> AsStaffed {
        let end = self.campaign.end + TimeDelta::days(DAYS_AFTER);
        let span = (self.from.max(self.campaign.start), until.map_or(end, |until| until.max(end)));
        let staffed = |of| AsStaffed::new(self.campaign, of, (self.others, self.rounds), span);
        of.map_or_else(|| AsStaffed::uncounted(self.campaign), staffed)
    }
}

impl Supposed {
    /// The campaign as it is and as it is supposed to be. Where staff is counted, both do no more than it can: people
    /// who are supposed work beside it, and stations that are supposed have their people. `station_doses`: see
    /// [`STATION_DOSES`]. Fails where stations or staff do not fit, or a change is impossible.
    pub fn both(
        &self,
        of: &SupposedOf<'_>,
        station_doses: u32,
    ) -> Result<(Campaign, Campaign), SupposedError> {
        let today = of.staffed(self.until);
        let Some(known) = of.counted() else {
            let changes = self.changes(of, station_doses, &today)?;
            let other = changed(&today.campaign, of.from, &changes)?;
            return Ok((today.campaign, other));
        };
        let more = self.with_people(known, of.from)?;
        let then = of.with_staff_of(Some(&more), self.until);
        let changes = self.changes(of, station_doses, &then)?;
        let other = changed(&then.campaign, of.from, &changes)?;
        Ok((today.campaign, other))
    }

    /// The changes, a new end first: days of other changes may lie before or after it. Fails where stations or staff do
    /// not fit.
    pub(super) fn changes(
        &self,
        of: &SupposedOf<'_>,
        station_doses: u32,
        staffed: &AsStaffed,
    ) -> Result<Vec<WhatIfChange>, MeansError> {
        let SupposedOf { campaign, jurisdiction, from, .. } = *of;
        let day = from.max(campaign.start);
        let mut means = Means::on(day, campaign, jurisdiction, station_doses);
        means.unstaffed.clone_from(&staffed.unstaffed);
        let mut more = Resources::default();
        for (site, stations) in &self.stations {
            *more.stations.entry(site.clone()).or_default() += stations;
        }
        for site in &self.add_site {
            let could = means.most_of_candidate(site)?;
            more.stations.insert(site.clone(), could);
        }
        // Where staff is counted they are among it already.
        for one in self.staff.iter().filter(|_| of.counted().is_none()) {
            if one.role != Role::Vaccinator {
                return Err(MeansError::NotCounted { role: one.role });
            }
            means.place_staff(campaign, (one.people, &one.area), &mut more)?;
        }
        // A cold store or vaccine may be a new site's.
        let is_later = |change: &&WhatIfChange| {
            matches!(change, WhatIfChange::Storage { .. } | WhatIfChange::Vaccine { .. })
        };
        let mut out: Vec<WhatIfChange> = self.until.map(WhatIfChange::Until).into_iter().collect();
        out.extend(self.changes.iter().filter(|change| !is_later(change)).cloned());
        if !more.stations.is_empty() {
            out.push(WhatIfChange::More(more, Box::new(means)));
        }
        out.extend(self.changes.iter().filter(is_later).cloned());
        Ok(out)
    }

    /// The jurisdiction with the people who are supposed. Fails where an area has no open site.
    pub(super) fn with_people(
        &self,
        known: &Jurisdiction,
        from: NaiveDate,
    ) -> Result<Jurisdiction, MeansError> {
        let mut of = known.clone();
        for (at, one) in self.staff.iter().enumerate() {
            let stands_there = |row: &&SiteRow| {
                let code = row.site.code.as_str();
                let is_there =
                    row.site.area == one.area || known.township_of(code) == Some(&one.area);
                let now = known.site_on(code, from);
                is_there && now.is_some_and(|now| now.site == row.site && !now.is_candidate)
            };
            let sites: Vec<&SiteRow> = known.sites.iter().filter(stands_there).collect();
            let Some(home) = sites.first() else {
                return Err(MeansError::NoOpenSite { area: one.area.clone() });
            };
            for number in 1..=one.people {
                of.staff.push(StaffMember {
                    code: StaffId::new(format!("+{at}-{number}")),
                    name: String::new(),
                    home: home.site.code.to_string(),
                    roles: [one.role].into(),
                    sites: sites.iter().map(|row| row.site.code.to_string()).collect(),
                    weekdays: Weekdays::EVERY_DAY,
                    days_a_week_max: DAYS_A_WEEK,
                    days_in_row_max: DAYS_IN_ROW,
                    from: None,
                    until: None,
                    phone: None,
                    email: None,
                });
            }
        }
        Ok(of)
    }
}

/// A figure of the plan as things are and of the plan as they are supposed to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What it is.
    pub figure: ComparedFigure,
    /// The group that it is about; `None`: everybody.
    pub group: Option<GroupId>,
    /// Both values.
    pub values: ComparedValues,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedFigure {
    /// People who finish by the end.
    PeopleFinished,
    /// Their share.
    Coverage,
    /// The day of the last dose.
    LastDay,
    /// Doses of the plan.
    Doses,
    /// The area with the smallest share.
    WorstArea,
    /// How much better the best plan could be at most.
    Gap,
}

impl ComparedFigure {
    /// Its word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::PeopleFinished => "people-finished",
            Self::Coverage => "coverage",
            Self::LastDay => "last-day",
            Self::Doses => "doses",
            Self::WorstArea => "worst-area",
            Self::Gap => "gap",
        }
    }
}

/// The value as things are, and as they are supposed to be.
#[derive(Debug, Clone, PartialEq)]
pub enum ComparedValues {
    /// People or doses.
    Counts([u64; 2]),
    /// Percent, with as many digits after the point as are shown.
    Percents([f64; 2], usize),
    /// Days; `None`: nothing is planned.
    Days([Option<NaiveDate>; 2]),
    /// Areas with their share.
    Areas([Option<WorstArea>; 2]),
}

impl ComparedValues {
    /// How much the second is more than the first, with its sign; `None` where there is nothing to compare.
    pub fn difference(&self) -> Option<String> {
        let points =
            |[today, what_if]: [f64; 2], digits: usize| Some(fixed_signed(what_if - today, digits));
        match self {
            Self::Counts([today, what_if]) => {
                Some(format!("{:+}", i128::from(*what_if) - i128::from(*today)))
            }
            Self::Percents(values, digits) => points(*values, *digits),
            Self::Days([today, what_if]) => {
                let (today, what_if) = today.zip(*what_if)?;
                Some(format!("{:+}", (what_if - today).num_days()))
            }
            Self::Areas(values) => {
                let share = |worst: &Option<WorstArea>| {
                    worst.as_ref().map_or(0.0, |worst| worst.share * 100.0)
                };
                points(values.each_ref().map(share), 1)
            }
        }
    }
}

/// Every figure of two plans for the same groups: by group, then of everybody.
pub fn comparisons(today: &PlanOutcome, what_if: &PlanOutcome) -> Vec<Comparison> {
    use ComparedFigure as Of;
    let mut out = Vec::new();
    let mut push = |figure: ComparedFigure, group: Option<&GroupId>, values: ComparedValues| {
        out.push(Comparison { figure, group: group.cloned(), values });
    };
    for (one, other) in today.groups.iter().zip(&what_if.groups) {
        let (group, of) = (Some(&one.group), [one, other]);
        let finished = of.map(|one| one.people_finished);
        push(Of::PeopleFinished, group, ComparedValues::Counts(finished));
        let percent = of.map(|one| percent(one.people_finished, one.people));
        push(Of::Coverage, group, ComparedValues::Percents(percent, 1));
        push(Of::LastDay, group, ComparedValues::Days(of.map(|one| one.last_day)));
    }
    let both = [today, what_if];
    push(Of::LastDay, None, ComparedValues::Days(both.map(|outcome| outcome.last_day)));
    let figures = both.map(|outcome| &outcome.figures);
    push(Of::Doses, None, ComparedValues::Counts(figures.map(|figures| figures.doses)));
    let worst = figures.map(|figures| figures.worst_area.clone());
    push(Of::WorstArea, None, ComparedValues::Areas(worst));
    let gaps = figures.map(|figures| figures.gap * 100.0);
    push(Of::Gap, None, ComparedValues::Percents(gaps, 3));
    out
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{plain, start};
    use super::*;
    use crate::domain::jurisdiction::{Hours, Stations};
    use crate::domain::testing::staff;
    use chrono::NaiveTime;
    use rust_decimal::Decimal;

    fn person(code: &str, role: Role) -> StaffMember {
        staff(code, "S1", &[role])
    }

    /// A place of two stations that give ten doses each, with the people of one of them.
    fn county() -> (Campaign, Jurisdiction) {
        let mut campaign = plain();
        campaign.sites[0].weekday_doses = 20;
        let mut of = Jurisdiction::of_campaign(&campaign);
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
        of.sites = vec![SiteRow {
            hours: Some(Hours { opens: at(8), closes: at(10) }),
            stations: Some(Stations { count: 2, doses_per_hour: Decimal::from(5) }),
            ..SiteRow::plain(campaign.sites[0].clone())
        }];
        of.staff = [
            ("v1", Role::Vaccinator),
            ("r1", Role::Registrar),
            ("r2", Role::Registrar),
            ("d", Role::Doctor),
        ]
        .map(|(code, role)| person(code, role))
        .to_vec();
        (campaign, of)
    }

    /// Doses of the place on the first day, as it is and as is supposed.
    fn doses(
        supposed: &Supposed,
        (campaign, of): (&Campaign, &Jurisdiction),
    ) -> Result<[u32; 2], SupposedError> {
        let jurisdiction = Some(of);
        let of = SupposedOf { campaign, jurisdiction, others: &[], rounds: &[], from: start() };
        let (today, other) = supposed.both(&of, 10)?;
        Ok([today, other].map(|one| one.capacity(&one.sites[0], start())))
    }

    fn more(people: u32, area: &str, role: Role) -> Supposed {
        let staff = vec![MorePeople { people, area: area.into(), role }];
        Supposed { staff, ..Supposed::default() }
    }

    #[test]
    fn people_who_are_supposed_work_beside_those_who_are_counted() {
        let (campaign, of) = county();
        let known = (&campaign, &of);
        // A second station lacks a vaccinator; another registrar opens nothing, and three vaccinators no third one.
        assert_eq!(doses(&more(1, "A1", Role::Vaccinator), known), Ok([10, 20]));
        assert_eq!(doses(&more(1, "A1", Role::Registrar), known), Ok([10, 10]));
        assert_eq!(doses(&more(3, "A1", Role::Vaccinator), known), Ok([10, 20]));
        let nowhere = MeansError::NoOpenSite { area: "A9".into() };
        let refused = Err(SupposedError::Means(nowhere));
        assert_eq!(doses(&more(1, "A9", Role::Vaccinator), known), refused);
        // A station that is supposed has its people.
        let stations = vec![(PlaceCode::from("S1"), 1)];
        let supposed = Supposed { stations, ..Supposed::default() };
        assert_eq!(doses(&supposed, known), Ok([10, 20]));
    }

    #[test]
    fn where_nobody_is_counted_vaccinators_bring_stations_and_other_roles_nothing() {
        let (campaign, mut of) = county();
        of.staff.clear();
        of.sites[0].stations = Some(Stations { count: 3, doses_per_hour: Decimal::from(5) });
        let known = (&campaign, &of);
        assert_eq!(doses(&more(1, "A1", Role::Vaccinator), known), Ok([20, 30]));
        let refused = MeansError::NotCounted { role: Role::Registrar };
        let found = doses(&more(1, "A1", Role::Registrar), known);
        assert_eq!(found, Err(SupposedError::Means(refused)));
    }
}
