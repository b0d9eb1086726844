//! CodeFacts that stand on codes of a campaign: an area, group, place or lot on which facts stand cannot leave.

use super::campaign::Campaign;
use super::id::GroupId;
use super::plan::PlanRow;
use super::words::words;
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// A table whose rows facts name.
    pub enum Named {
        /// Areas.
        Areas = "areas",
        /// Groups of people.
        Groups = "groups",
        /// Fixed sites.
        Sites = "sites",
        /// Mobile teams.
        Teams = "teams",
        /// Stops of the teams.
        Stops = "stops",
        /// Lots of vaccine.
        Deliveries = "deliveries",
        /// Denominators: an area and a group, a comma between.
        Eligible = "eligible",
    }
}

words! {
    /// A kind of fact.
    pub enum Fact {
        /// Doses counted without names.
        Tallies = "tallies",
        /// Doses of people.
        Doses = "doses",
        /// People of the register.
        People = "people",
        /// Why people got no dose.
        Outcomes = "outcomes",
        /// Appointments.
        Appointments = "appointments",
        /// Rows of the plan in force.
        Plan = "plan",
        /// Denominators.
        Denominators = "denominators",
    }
}

impl Fact {
    /// Whether it stands in the register, which all campaigns share.
    fn is_of_register(self) -> bool {
        matches!(self, Self::People | Self::Doses | Self::Outcomes)
    }
}

impl Named {
    /// The column that holds the code in the table's file.
    pub fn column(self) -> &'static str {
        match self {
            Self::Areas | Self::Eligible => "area",
            Self::Groups => "id",
            Self::Sites => "site",
            Self::Teams => "team",
            Self::Stops => "stop",
            Self::Deliveries => "lot",
        }
    }
}

/// How many facts of each kind name a code.
pub type Counted = BTreeMap<Fact, u64>;

/// The facts of a campaign, by what they name. Sites and stops are both under [`Named::Sites`]: a fact does not say
/// which a place is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeFacts(BTreeMap<(Named, String), Counted>);

impl CodeFacts {
    /// Adds facts of a kind that name a code.
    pub fn add(&mut self, named: Named, code: &str, fact: Fact, count: u64) {
        if count > 0 {
            *self.0.entry((named, code.to_owned())).or_default().entry(fact).or_default() += count;
        }
    }

    /// Adds the rows of the plan in force.
    pub fn add_plan(&mut self, rows: &[PlanRow]) {
        for row in rows {
            self.add(Named::Areas, row.area.as_str(), Fact::Plan, 1);
            self.add(Named::Groups, row.group.as_str(), Fact::Plan, 1);
            self.add(Named::Eligible, &cohort(&row.area, &row.group), Fact::Plan, 1);
            self.add(Named::Sites, row.place.as_str(), Fact::Plan, 1);
            if let Some(team) = &row.team {
                self.add(Named::Teams, team.as_str(), Fact::Plan, 1);
            }
        }
    }

    /// How many codes facts name.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no facts at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What names a code.
    pub fn of(&self, named: Named, code: &str) -> Option<&Counted> {
        let named = if named == Named::Stops { Named::Sites } else { named };
        self.0.get(&(named, code.to_owned()))
    }

    /// The same facts under the names that groups have now.
    fn named_now(&self, campaign: &Campaign) -> Self {
        let mut out = Self::default();
        for ((named, code), counted) in &self.0 {
            let group_now = |code: &str| campaign.group_now(&GroupId::from(code)).to_string();
            let code = match (*named, code.split_once(", ")) {
                (Named::Groups, _) => group_now(code),
                (Named::Eligible, Some((area, group))) => cohort(area, group_now(group)),
                _ => code.clone(),
            };
            for (fact, count) in counted {
                out.add(*named, &code, *fact, *count);
            }
        }
        out
    }

    /// Codes that facts name and a campaign does not have, with these facts. `others` are the other campaigns: the
    /// register is everybody's, so that what stands in it has a home where one of them has the code.
    pub fn homeless<'a>(
        &self,
        campaign: &Campaign,
        others: &(impl Iterator<Item = &'a Campaign> + Clone),
    ) -> Vec<(Named, String, Counted)> {
        let mut out = Vec::new();
        for ((named, code), counted) in &self.0 {
            if has(campaign, *named, code) {
                continue;
            }
            let mut counted = counted.clone();
            if others.clone().any(|other| has(other, *named, code)) {
                counted.retain(|fact, _| !fact.is_of_register());
            }
            if !counted.is_empty() {
                out.push((*named, code.clone(), counted));
            }
        }
        out
    }

    /// The same facts without the people of areas that another campaign has.
    #[must_use]
    pub fn without_people_of(mut self, is_there: impl Fn(&str) -> bool) -> Self {
        for ((named, code), counted) in &mut self.0 {
            if *named == Named::Areas && is_there(code) {
                counted.remove(&Fact::People);
            }
        }
        self.0.retain(|_, counted| !counted.is_empty());
        self
    }
}

/// Whether a campaign has what a code names.
fn has(campaign: &Campaign, named: Named, code: &str) -> bool {
    match named {
        Named::Areas => campaign.area(code).is_some(),
        Named::Groups => {
            campaign.group(campaign.group_now(&GroupId::from(code)).as_str()).is_some()
        }
        Named::Sites | Named::Stops => campaign.place(code).is_some(),
        Named::Teams => campaign.team(code).is_some(),
        Named::Deliveries => campaign.lot(code).is_some(),
        Named::Eligible => true,
    }
}

/// The code of a denominator: its area and group.
pub fn cohort(area: impl std::fmt::Display, group: impl std::fmt::Display) -> String {
    format!("{area}, {group}")
}

/// A code that would leave though facts stand on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingCode {
    /// The table that it would leave.
    pub named: Named,
    /// The code.
    pub code: String,
    /// What stands on it.
    pub facts: Counted,
}

/// The codes of `old` that `new` no longer has, though facts stand on them.
pub fn standing(old: &Campaign, new: &Campaign, facts: &CodeFacts) -> Vec<StandingCode> {
    let facts = &facts.named_now(old);
    gone(old, new)
        .into_iter()
        .filter_map(|(named, code)| {
            let facts = match named {
                Named::Eligible => denominator(old, &code, facts),
                Named::Areas => with_denominators(old, &code, facts.of(named, &code)),
                _ => facts.of(named, &code).cloned(),
            }?;
            Some(StandingCode { named, code, facts })
        })
        .collect()
}

/// CodeFacts of an area that leaves; its denominators are counted with them, where there are facts.
fn with_denominators(old: &Campaign, code: &str, facts: Option<&Counted>) -> Option<Counted> {
    let mut facts = facts?.clone();
    let rows = old.eligible.iter().filter(|row| row.area.as_str() == code).count();
    if rows > 0 {
        facts.insert(Fact::Denominators, rows as u64);
    }
    Some(facts)
}

/// The facts that need a denominator: those of its area and group.
fn denominator(old: &Campaign, code: &str, facts: &CodeFacts) -> Option<Counted> {
    let (area, group) = code.split_once(", ")?;
    let mut counted = facts.of(Named::Eligible, code)?.clone();
    let rows = old.eligible.iter();
    let rows = rows.filter(|r| r.area.as_str() == area && r.group.as_str() == group).count();
    counted.insert(Fact::Denominators, rows as u64);
    Some(counted)
}

/// Codes that leave, by table. A denominator counts as leaving only where its area and group stay.
pub fn gone(old: &Campaign, new: &Campaign) -> Vec<(Named, String)> {
    let mut out: Vec<(Named, String)> = Vec::new();
    let mut add = |named: Named, codes: Vec<&str>| {
        out.extend(codes.into_iter().map(|code| (named, code.to_owned())));
    };
    let areas = old.areas.iter().map(|area| area.code.as_str());
    add(Named::Areas, areas.filter(|code| new.area(code).is_none()).collect());
    let groups = old.groups.iter().filter(|g| new.group(new.group_now(&g.id).as_str()).is_none());
    add(Named::Groups, groups.map(|group| group.id.as_str()).collect());
    let sites = old.sites.iter().map(|site| site.code.as_str());
    add(Named::Sites, sites.filter(|code| new.place(code).is_none()).collect());
    let teams = old.teams.iter().map(|team| team.code.as_str());
    add(Named::Teams, teams.filter(|code| new.team(code).is_none()).collect());
    let stops = old.stops.iter().map(|stop| stop.code.as_str());
    add(Named::Stops, stops.filter(|code| new.place(code).is_none()).collect());
    let lots = old.deliveries.iter().map(|lot| lot.lot.as_str());
    add(Named::Deliveries, lots.filter(|code| new.lot(code).is_none()).collect());
    out.extend(denominators_gone(old, new));
    out
}

fn denominators_gone(old: &Campaign, new: &Campaign) -> Vec<(Named, String)> {
    let has: BTreeSet<(&str, &str)> =
        new.eligible.iter().map(|row| (row.area.as_str(), row.group.as_str())).collect();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for row in &old.eligible {
        let (area, group) = (row.area.as_str(), new.group_now(&row.group).as_str());
        let stays = new.area(area).is_some() && new.group(group).is_some();
        if stays && !has.contains(&(area, group)) && seen.insert((area, row.group.as_str())) {
            out.push((Named::Eligible, cohort(area, &row.group)));
        }
    }
    out
}
