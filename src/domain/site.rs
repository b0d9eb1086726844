//! Places and vaccine: sites, teams, stops, closures, lots.

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
    /// The area that it lies in.
    pub area: AreaCode,
    /// Doses that it can give on a day from Monday to Friday.
    pub weekday_doses: u32,
    /// Doses that it can give on a Saturday.
    pub saturday_doses: u32,
    /// Doses that it can give on a Sunday.
    pub sunday_doses: u32,
    /// Where it is; `None`: taken to be at the point of its area.
    pub point: Option<Point>,
    /// Vaccine doses that the cold store holds between two restocks; `None` = no limit.
    pub storage_doses: Option<u32>,
    /// Weekdays on which it is supplied.
    pub restock: Weekdays,
    /// WHO's wastage rate w, 0..1: n doses given take n / (1 − w) doses from the store.
    pub wastage_rate: Decimal,
    /// Who leads it.
    pub lead: Option<Contact>,
}

impl Site {
    /// Doses that it can give on a day of its usual week, closures not considered.
    pub fn weekly_capacity(&self, day: NaiveDate) -> u32 {
        match day.weekday() {
            Weekday::Sat => self.saturday_doses,
            Weekday::Sun => self.sunday_doses,
            _ => self.weekday_doses,
        }
    }
}

/// A fixed site that serves an area.
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
    /// Length of a working day in minutes: driving, setting up, vaccinating.
    pub work_minutes: u32,
    /// Most stops in a day, 1 to 4.
    pub max_stops: u32,
    /// Most homes that it visits in a day; `None` where it says none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_visits: Option<u32>,
    /// Doses that it gives in an hour.
    pub doses_per_hour: u32,
    /// Most doses in a day.
    pub doses_per_day: u32,
    /// WHO's wastage rate w, 0..1.
    pub wastage_rate: Decimal,
    /// Weekdays on which it works.
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
    /// Village, enterprise, school …; not used in planning.
    pub kind: Option<String>,
    /// Minutes to set up before the first dose.
    pub setup_minutes: u32,
    /// Most doses in a visit.
    pub max_doses: u32,
    /// Weekdays on which it may be visited.
    pub weekdays: Weekdays,
}

/// A day on which a site has another capacity, or a team or stop does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Code of the site, team or stop.
    pub place: String,
    /// The day.
    pub day: NaiveDate,
    /// Doses that can be given on that day; always 0 for teams and stops.
    pub doses: u32,
}

/// A lot that arrives in the county store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its code.
    pub lot: LotCode,
    /// The product; not used in planning.
    pub product: String,
    /// Day of arrival, and the first on which it can be drawn.
    pub date: NaiveDate,
    /// Vaccine doses.
    pub doses: u32,
    /// Last day on which it may be used.
    pub expires: NaiveDate,
    /// Doses in a vial, where known.
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
