//! Where vaccine is given and where it comes from: sites, teams, stops, closures, lots.

use super::area::Point;
use super::contact::Contact;
use super::date::Weekdays;
use super::id::{AreaCode, LotCode, PlaceCode, TeamCode};
use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A fixed site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its code.
    pub code: PlaceCode,
    /// Its name.
    pub name: String,
    /// The area that it stands in.
    pub area: AreaCode,
    /// Doses it can give on a day from Monday to Friday.
    pub weekday_doses: u32,
    /// On a Saturday.
    pub saturday_doses: u32,
    /// On a Sunday.
    pub sunday_doses: u32,
    /// Where it is; else it stands in its area.
    pub point: Option<Point>,
    /// Vaccine doses that the cold store holds between two restocks; `None` = no limit.
    pub storage_doses: Option<u32>,
    /// Weekdays of supply.
    pub restock: Weekdays,
    /// WHO's wastage rate w, 0..1: giving n doses draws n / (1 − w).
    pub wastage_rate: Decimal,
    /// Who leads it.
    pub lead: Option<Contact>,
}

impl Site {
    /// Capacity by the week alone, before closures.
    pub fn weekly_capacity(&self, day: NaiveDate) -> u32 {
        match day.weekday() {
            Weekday::Sat => self.saturday_doses,
            Weekday::Sun => self.sunday_doses,
            _ => self.weekday_doses,
        }
    }
}

/// Which fixed site serves an area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reach {
    /// The area.
    pub area: AreaCode,
    /// The site.
    pub site: PlaceCode,
}

/// A mobile team and its base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// Its code.
    pub code: TeamCode,
    /// Its name.
    pub name: String,
    /// Its base.
    pub point: Point,
    /// Minutes of a working day: driving, setting up, vaccinating.
    pub work_minutes: u32,
    /// Stops a day, at most four.
    pub max_stops: u32,
    /// Doses an hour.
    pub doses_per_hour: u32,
    /// Doses a day at most.
    pub doses_per_day: u32,
    /// WHO's wastage rate w, 0..1.
    pub wastage_rate: Decimal,
    /// The days it works.
    pub weekdays: Weekdays,
    /// Who leads it.
    pub lead: Option<Contact>,
}

/// A place that a team may visit; it serves its own area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Its code.
    pub code: PlaceCode,
    /// Its name.
    pub name: String,
    /// The area that it serves.
    pub area: AreaCode,
    /// Where it is.
    pub point: Point,
    /// Village, enterprise, school …: for people.
    pub kind: Option<String>,
    /// Minutes to set up.
    pub setup_minutes: u32,
    /// Doses a visit at most.
    pub max_doses: u32,
    /// The days it may be visited.
    pub weekdays: Weekdays,
}

/// A day on which a site has another capacity, or a team or stop is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Code of a site, team or stop.
    pub place: String,
    /// The day.
    pub day: NaiveDate,
    /// Capacity on that day; 0 for teams and stops.
    pub doses: u32,
}

/// A lot that arrives in the county store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its code.
    pub lot: LotCode,
    /// The product: information.
    pub product: String,
    /// First day on which it can be drawn.
    pub date: NaiveDate,
    /// Vaccine doses.
    pub doses: u32,
    /// Last day of use.
    pub expires: NaiveDate,
    /// Doses in a vial.
    pub doses_per_vial: Option<u32>,
}

#[cfg(test)]
mod tests {
    use crate::domain::testing::{day, site};

    #[test]
    fn a_week_has_its_own_capacity_for_workdays_saturday_and_sunday() {
        let mut site = site("S1", "N", 0);
        (site.weekday_doses, site.saturday_doses, site.sunday_doses) = (3, 2, 1);
        // Day 0 is a Monday.
        let week: Vec<u32> = (0..8).map(|at| site.weekly_capacity(day(at))).collect();
        assert_eq!(week, [3, 3, 3, 3, 3, 2, 1, 3]);
    }
}
