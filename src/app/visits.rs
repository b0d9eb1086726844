//! How the appointments of a person in several campaigns stand to each other: one visit, or why not.

use super::{App, Loaded, Result, today};
use crate::domain::apart::{Apart, Stand, VisitWhy, apart, visit_why};
use crate::domain::campaign::Language;
use crate::store::{Tx, assignments, person_file::Appointment, visits};
use crate::text::say;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// Two appointments of a person, and why they are one visit or two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitLine {
    /// Id of the campaign of the first one.
    pub campaign: String,
    /// Its day.
    pub day: NaiveDate,
    /// Id of the campaign of the other one.
    pub other: String,
    /// Its day.
    pub other_day: NaiveDate,
    /// Why.
    pub why: VisitWhy,
    /// Days between the vaccines, at least, where they are not given at one visit; 0 where nothing says so.
    pub days: i64,
}

/// How many pairs of appointments within two weeks are one visit, and why the others are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct VisitCounts {
    /// One visit.
    pub one_visit: u64,
    /// Two, because the dose rules of a vaccine ask for it.
    pub rules: u64,
    /// Two, because the people know both days.
    pub told: u64,
    /// Two, because there was no seat.
    pub no_seat: u64,
    /// Two, nearer to each other than the dose rules allow, however far apart; in no sum.
    pub too_near: u64,
}

impl VisitCounts {
    /// All pairs that are as far apart as they must be.
    #[must_use]
    pub fn all(self) -> u64 {
        self.one_visit + self.rules + self.told + self.no_seat
    }
}

impl VisitLine {
    /// What it says in a language.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let key = match self.why {
            VisitWhy::OneVisit => "visit-one",
            VisitWhy::Rules if self.days == 0 => "visit-never",
            VisitWhy::Rules => "visit-rules",
            VisitWhy::Told => "visit-told",
            VisitWhy::NoSeat => "visit-no-seat",
            VisitWhy::TooNear => "visit-too-near",
        };
        // Where nothing says how many, two days are enough.
        let (other, day, days) = (&self.other, &self.other_day, &self.days.max(1));
        say(language, key, &[("other", other), ("day", day), ("days", days)])
    }
}

/// How somebody's appointments stand to each other: a line for each of two that are at most two weeks apart, or nearer
/// than the dose rules allow.
pub(super) async fn visit_lines(
    tx: &mut Tx,
    all: &[Loaded],
    held: &[Appointment],
    person: &str,
) -> Result<Vec<VisitLine>> {
    let known = visits::known_to(tx, person).await?;
    let standing = held.iter().filter(|one| one.ended.is_none()).filter_map(|one| {
        let loaded = all.iter().find(|it| it.campaign.id.as_str() == one.campaign)?;
        loaded.is_open.then_some((loaded, one))
    });
    let standing: Vec<(&Loaded, &Appointment)> = standing.collect();
    let stand = |(loaded, one): (&Loaded, &Appointment)| Stand {
        at: (one.day, one.place.clone()),
        is_known: known.contains(&(loaded.no, one.day)),
    };
    let mut out = Vec::new();
    for (nth, one) in standing.iter().enumerate() {
        let others = standing.iter().enumerate().filter(|(at, _)| *at != nth);
        for (_, other) in others {
            let rule = apart(&one.0.judge, &other.0.judge);
            let Some(why) = visit_why(rule, &stand(*one), &stand(*other)) else { continue };
            out.push(VisitLine {
                campaign: one.1.campaign.clone(),
                day: one.1.day,
                other: other.1.campaign.clone(),
                other_day: other.1.day,
                why,
                days: rule.days,
            });
        }
    }
    Ok(out)
}

impl App {
    /// How many appointments of a campaign after today are one visit with one of another open campaign, and why others
    /// at most two weeks away are not.
    pub async fn visit_counts(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<VisitCounts> {
        let mut tx = self.store.read().await?;
        let mut others = self.campaigns_in(&mut tx).await?;
        others.retain(|one| one.is_open && one.no != loaded.no);
        let mut out = VisitCounts::default();
        if others.is_empty() {
            return Ok(out);
        }
        let day = today(&loaded.campaign, now);
        let mine = stands(&mut tx, loaded, day).await?;
        for other in &others {
            let rule: Apart = apart(&loaded.judge, &other.judge);
            for (person, stand) in stands(&mut tx, other, day).await? {
                let found = mine.get(&person).and_then(|mine| visit_why(rule, mine, &stand));
                match found {
                    Some(VisitWhy::OneVisit) => out.one_visit += 1,
                    Some(VisitWhy::Rules) => out.rules += 1,
                    Some(VisitWhy::Told) => out.told += 1,
                    Some(VisitWhy::NoSeat) => out.no_seat += 1,
                    Some(VisitWhy::TooNear) => out.too_near += 1,
                    None => {}
                }
            }
        }
        Ok(out)
    }
}

/// The appointments of a campaign after a day, by person.
async fn stands(tx: &mut Tx, loaded: &Loaded, after: NaiveDate) -> Result<BTreeMap<String, Stand>> {
    let mut out = BTreeMap::new();
    assignments::each(tx, loaded.no, |person, day, place, _, knows| {
        if day > after {
            let is_known = knows.has_answered || knows.is_told;
            out.insert(person, Stand { at: (day, place.to_string()), is_known });
        }
    })
    .await?;
    Ok(out)
}
