//! What an invented county reports of a day: who came, who did not, and which places are late with it. Everything
//! follows from names and days, so that each run is like the other.

use crate::app::planned::Planned;
use crate::domain::id::{CampaignId, PersonId, PlaceCode};
use chrono::{NaiveDate, TimeDelta};
use std::fmt::Write as _;

/// The header of each kind of file.
pub(super) const TALLIES: &str = "record,date,place,area,group,dose,doses,campaign";
pub(super) const DOSES: &str = "record,person,date,place,product,lot,campaign";
pub(super) const OUTCOMES: &str = "record,person,date,outcome,until,campaign";

/// Of a hundred days of a place, those whose report comes a day late.
const LATE: u64 = 7;
/// Of a hundred people who are called, up to these numbers: come, do not come, refuse, are put off. Of the rest nothing
/// is heard.
const COME: u64 = 84;
const ABSENT: u64 = 92;
const REFUSE: u64 = 94;
const DEFERRED: u64 = 96;
/// How long somebody is put off, in days.
const DEFERRED_DAYS: i64 = 21;
/// The least and the most of a hundred planned doses that nobody comes for.
const LOST: (u64, u64) = (2, 13);

/// A place on a day of a campaign.
pub(super) struct At<'a> {
    pub(super) campaign: &'a CampaignId,
    pub(super) place: &'a PlaceCode,
    pub(super) day: NaiveDate,
}

/// Somebody who is called to a place.
pub(super) struct Called {
    pub(super) person: PersonId,
    /// What they are to get; empty where the campaign says it.
    pub(super) products: Vec<String>,
}

/// Rows of files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reports {
    pub(super) tallies: Vec<String>,
    pub(super) doses: Vec<String>,
    pub(super) outcomes: Vec<String>,
}

/// Whether a place is late with its report of a day.
pub(super) fn is_late(place: &PlaceCode, day: NaiveDate) -> bool {
    draw(&["late", place.as_str(), &day.to_string()]) < LATE
}

impl Reports {
    /// Adds what a place reports of what was planned there.
    pub(super) fn count(&mut self, at: &At<'_>, planned: &Planned) {
        let At { campaign, place, day } = at;
        for ((area, group, dose), doses) in planned {
            let what = format!("{campaign}-{day}-{place}-{area}-{group}-{dose}");
            let lost = LOST.0 + draw(&["lost", &what]) % (LOST.1 - LOST.0 + 1);
            let given = doses - doses * lost / 100;
            self.tallies
                .push(format!("{what},{day},{place},{area},{group},{dose},{given},{campaign}"));
        }
    }

    /// Adds what became of people who were called to a place. `lot` is given there; it may be empty.
    pub(super) fn call(&mut self, at: &At<'_>, called: &[Called], lot: &str) {
        let At { campaign, day, .. } = at;
        for Called { person, products } in called {
            let record = format!("{campaign}-{day}-{person}");
            let outcome = match draw(&["came", &record]) {
                luck if luck < COME => {
                    self.give(&record, at, (person, products), lot);
                    continue;
                }
                luck if luck < ABSENT => "absent,",
                luck if luck < REFUSE => "refused,",
                luck if luck < DEFERRED => "deferred,",
                _ => continue,
            };
            let mut row = format!("{record}-o,{person},{day},{outcome}");
            if outcome == "deferred," {
                let until = *day + TimeDelta::days(DEFERRED_DAYS);
                write!(row, "{until}").expect("a text takes everything");
            }
            self.outcomes.push(format!("{row},{campaign}"));
        }
    }

    fn give(
        &mut self,
        record: &str,
        at: &At<'_>,
        (person, products): (&PersonId, &[String]),
        lot: &str,
    ) {
        let At { campaign, place, day } = at;
        let own = [String::new()];
        let products = if products.is_empty() { &own } else { products };
        for (number, product) in (1..).zip(products) {
            self.doses.push(format!(
                "{record}-{number},{person},{day},{place},{product},{lot},{campaign}"
            ));
        }
    }
}

/// A number below 100 that looks random and follows from some words (FNV-1a, then the end of splitmix64).
fn draw(words: &[&str]) -> u64 {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in words.join("/").bytes() {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    sum = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    sum = (sum ^ (sum >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (sum ^ (sum >> 31)) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 10, number).expect("a day")
    }

    #[test]
    fn a_place_reports_a_little_less_than_was_planned_and_never_more() {
        let (campaign, place) = (CampaignId::from("flu"), PlaceCode::from("S1"));
        for number in 1..=31 {
            let at = At { campaign: &campaign, place: &place, day: day(number) };
            let mut reports = Reports::default();
            let planned = Planned::from([(("A".into(), "senior".into(), 1), 100)]);
            reports.count(&at, &planned);
            let given = reports.tallies[0].split(',').nth(6).and_then(|it| it.parse::<u64>().ok());
            assert!(given.is_some_and(|given| (87..=98).contains(&given)), "{reports:?}");
            let mut again = Reports::default();
            again.count(&at, &planned);
            assert_eq!(again, reports, "the same in every run");
        }
    }

    #[test]
    fn of_many_who_are_called_most_come_and_some_give_a_reason() {
        let (campaign, place) = (CampaignId::from("flu"), PlaceCode::from("S1"));
        let at = At { campaign: &campaign, place: &place, day: day(12) };
        let person = |number: u32| PersonId::new(format!("R{number:05}"));
        let called: Vec<_> = (0..1000)
            .map(|number| Called { person: person(number), products: Vec::new() })
            .collect();
        let mut reports = Reports::default();
        reports.call(&at, &called, "L1");
        let (came, other) = (reports.doses.len(), reports.outcomes.len());
        assert!((800..=880).contains(&came) && (80..=160).contains(&other), "{came} {other}");
        let mut said = reports.outcomes.iter();
        assert!(
            said.any(|row| row.ends_with(",deferred,2026-11-02,flu")),
            "{:?}",
            reports.outcomes
        );
        assert!(reports.doses[0].ends_with(",2026-10-12,S1,,L1,flu"), "{}", reports.doses[0]);
    }

    #[test]
    fn a_child_gets_every_vaccine_of_the_visit_and_some_places_are_late() {
        let (campaign, place) = (CampaignId::from("catch-up"), PlaceCode::from("S1"));
        let at = At { campaign: &campaign, place: &place, day: day(12) };
        let products = || vec!["MMR".to_owned(), "JE-L".to_owned()];
        let called: Vec<_> = (0..100)
            .map(|number| Called {
                person: PersonId::new(format!("K{number}")),
                products: products(),
            })
            .collect();
        let mut reports = Reports::default();
        reports.call(&at, &called, "");
        let of = |product: &str| reports.doses.iter().filter(|row| row.contains(product)).count();
        assert!(of(",MMR,") > 50 && of(",MMR,") == of(",JE-L,"), "{:?}", reports.doses);
        let late = |place: &str| (1..=31).filter(|at| is_late(&place.into(), day(*at))).count();
        let all: usize = ["S1", "S2", "S3", "S4", "S5", "S6"].into_iter().map(late).sum();
        assert!((1..=40).contains(&all), "{all} of 186");
    }
}
