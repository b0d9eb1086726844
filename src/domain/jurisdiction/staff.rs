//! Staff of a jurisdiction: who works where, when they are away, and whom a station needs.

use crate::domain::date::Weekdays;
use crate::domain::id::StaffId;
use crate::domain::words::words;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// What somebody does at a session.
    pub enum Role {
        /// Gives the dose.
        Vaccinator = "vaccinator",
        /// Asks about contraindications.
        Screener = "screener",
        /// Registers people.
        Registrar = "registrar",
        /// Watches people afterwards.
        Observer = "observer",
        /// Drives a team.
        Driver = "driver",
        /// Answers for the place, whatever its stations.
        Doctor = "doctor",
    }
}

words! {
    /// A kind of place with a crew of its own.
    pub enum CrewKind {
        /// A fixed site.
        Site = "site",
        /// A mobile team.
        Team = "team",
        /// A team at a school.
        School = "school",
        /// A team at people's homes.
        Home = "home",
    }
}

/// Somebody who works at sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// Their code.
    pub code: StaffId,
    /// Their name.
    pub name: String,
    /// The site or team that they belong to.
    pub home: String,
    /// What they can do.
    pub roles: BTreeSet<Role>,
    /// Other sites at which they may work; empty: those of the same township.
    pub sites: Vec<String>,
    /// Weekdays on which they work.
    pub weekdays: Weekdays,
    /// Most days from Monday to Sunday.
    pub days_a_week_max: u32,
    /// Most days one after the other.
    pub days_in_row_max: u32,
    /// First day of work; `None`: always there.
    pub from: Option<NaiveDate>,
    /// Last day of work.
    pub until: Option<NaiveDate>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Where their roster goes.
    pub email: Option<String>,
}

impl StaffMember {
    /// Whether a day is one of their work days, leave apart.
    pub fn works_on(&self, day: NaiveDate) -> bool {
        self.weekdays.contains(day)
            && self.from.is_none_or(|from| from <= day)
            && self.until.is_none_or(|until| day <= until)
    }
}

/// Days on which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// Who.
    pub staff: StaffId,
    /// The first day.
    pub first: NaiveDate,
    /// The last day, not before the first.
    pub last: NaiveDate,
    /// Why.
    pub reason: Option<String>,
}

/// How many people of a role a kind of place needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crew {
    /// The kind of place.
    pub kind: CrewKind,
    /// The role.
    pub role: Role,
    /// For each station; a part of a person is rounded up over all stations.
    pub per_station: Decimal,
    /// Whatever the number of stations.
    pub per_place: u32,
}

impl Crew {
    /// People that so many stations need; no more than `u32` holds.
    pub fn people(&self, stations: u32) -> u32 {
        let each = (self.per_station * Decimal::from(stations)).ceil().to_u32();
        each.unwrap_or(u32::MAX).saturating_add(self.per_place)
    }
}

/// The crews where the jurisdiction says none.
pub fn default_crews() -> Vec<Crew> {
    let crew = |kind, role, per_station: u32, per_place| Crew {
        kind,
        role,
        per_station: per_station.into(),
        per_place,
    };
    vec![
        crew(CrewKind::Site, Role::Vaccinator, 1, 0),
        crew(CrewKind::Site, Role::Registrar, 1, 0),
        crew(CrewKind::Site, Role::Doctor, 0, 1),
        crew(CrewKind::Team, Role::Vaccinator, 2, 0),
        crew(CrewKind::Team, Role::Driver, 1, 0),
    ]
}

/// People by role.
pub type People = BTreeMap<Role, u32>;

/// The people whom so many stations need; of several kinds the larger number of each role.
pub fn crew_of(crews: &[Crew], kinds: &BTreeSet<CrewKind>, stations: u32) -> People {
    let mut need = People::new();
    for crew in crews.iter().filter(|crew| kinds.contains(&crew.kind)) {
        let people = crew.people(stations);
        if people > 0 {
            let most = need.entry(crew.role).or_default();
            *most = people.max(*most);
        }
    }
    need
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_person_is_rounded_up_over_all_stations() {
        let screener = Crew {
            kind: CrewKind::Site,
            role: Role::Screener,
            per_station: Decimal::new(5, 1),
            per_place: 0,
        };
        assert_eq!([1, 2, 3].map(|stations| screener.people(stations)), [1, 1, 2]);
        let doctor = &default_crews()[2];
        assert_eq!([1, 4].map(|stations| doctor.people(stations)), [1, 1]);
    }

    #[test]
    fn of_several_kinds_the_larger_number_counts() {
        let mut crews = default_crews();
        let school = |role, per_station: u32| Crew {
            kind: CrewKind::School,
            role,
            per_station: per_station.into(),
            per_place: 0,
        };
        crews.extend([school(Role::Vaccinator, 3), school(Role::Observer, 1)]);
        let need = crew_of(&crews, &BTreeSet::from([CrewKind::Team, CrewKind::School]), 1);
        let wanted = [(Role::Vaccinator, 3), (Role::Observer, 1), (Role::Driver, 1)];
        assert_eq!(need, People::from(wanted));
    }
}
