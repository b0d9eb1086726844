//! Which counts nobody can mean. A count that a place cannot give, or that is far from what it gave before, is asked
//! about before it counts; a date long before the campaign and a count that no place on earth reaches are refused. All
//! doors ask here: files, forms, workbooks and the API.

use super::campaign::{Campaign, Place};
use super::dose::Tally;
use super::id::{PlaceCode, RecordId};
use super::words::words;
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// The most doses that one count can have even if somebody insists. Our choice: ten times the largest halls.
pub const COUNTED_MAX: u32 = 100_000;
/// How long before the campaign's first day a count may be dated. Our choice: what is older was typed wrong, or is what
/// a spreadsheet makes of an empty cell (1900).
const BEFORE_START_MAX: TimeDelta = TimeDelta::days(366);
/// The same of a person's dose, of which an earlier one may be years ago.
const DOSE_BEFORE_START_MAX: TimeDelta = TimeDelta::days(10 * 366);
/// Days that are looked back on.
pub const HISTORY_DAYS: i64 = 28;
/// Days with counts from which they are a history.
const HISTORY_LEAST: usize = 5;
/// A count is far from the history from so many times the place's busiest day on. Our choice: below a zero too many.
const USUAL_TIMES: u64 = 5;
/// Smaller counts are never far from it: a few people more come by chance.
const UNUSUAL_LEAST: u64 = 50;
/// All counts of a place and day together may exceed what it can give by this percentage; a long day does.
const DAY_PERCENT: u64 = 150;
/// Two records of the same count with at least so many doses are taken for one that was entered twice. Smaller ones may
/// be equal by chance.
const TWICE_LEAST: u32 = 10;

words! {
    /// Why a count is asked about.
    pub enum Why {
        /// It is more than the place can give on a day.
        OverCapacity = "over_capacity",
        /// With it, the place's counts of the day are far more than it can give.
        DayOverCapacity = "day_over_capacity",
        /// It is far more than the place gave on any day of the last weeks.
        Unusual = "unusual",
        /// Another record has the same count already.
        Twice = "twice",
    }
}

/// Why a count is asked about, and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The reason.
    pub why: Why,
    /// Doses that the place can give, or gave on its busiest day, or that the other record has.
    pub than: u64,
}

/// A count that is asked about: it counts nowhere until somebody confirms it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// The count.
    pub tally: Tally,
    /// Why.
    pub doubt: Doubt,
}

/// Who has confirmed counts before they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sure {
    /// Nobody.
    #[default]
    None,
    /// All of them.
    All,
    /// Those of some records.
    Of(BTreeSet<RecordId>),
}

impl Sure {
    /// Whether a record's count was confirmed.
    pub fn is_of(&self, record: &RecordId) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Of(records) => records.contains(record),
        }
    }
}

/// What is known of a place around a day, without the counts that are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// Doses of each day with counts in the [`HISTORY_DAYS`] before.
    pub before: Vec<u64>,
    /// Counts of the day itself.
    pub counted: Vec<Tally>,
}

/// Whether a count is dated so long before the campaign that nobody can mean it.
pub fn is_too_early(campaign: &Campaign, day: NaiveDate) -> bool {
    day < campaign.start - BEFORE_START_MAX
}

/// The same of a person's dose. In a catch-up campaign every dose since birth may be stored.
pub fn is_dose_too_early(campaign: &Campaign, day: NaiveDate) -> bool {
    campaign.catch_up.is_none() && day < campaign.start - DOSE_BEFORE_START_MAX
}

/// The most that a place can give on a day: its busiest weekday, and what a closure or an extra day says of this one.
/// `None` for a place that has no capacity at all, such as one that stands for doses given elsewhere.
pub fn most(campaign: &Campaign, place: &PlaceCode, day: NaiveDate) -> Option<u64> {
    let most = match campaign.place(place.as_str())? {
        Place::Stop(stop) => u64::from(stop.max_doses),
        Place::Site(site) => {
            let extra = campaign
                .closures
                .iter()
                .filter(|closure| closure.place == place.as_str() && closure.day == day)
                .map(|closure| closure.doses);
            let usual = [site.weekday_doses, site.saturday_doses, site.sunday_doses];
            usual.into_iter().chain(extra).map(u64::from).max().unwrap_or(0)
        }
    };
    (most > 0).then_some(most)
}

/// Which of some counts of one place and day are asked about.
pub fn doubts(
    campaign: &Campaign,
    place: &PlaceCode,
    day: NaiveDate,
    counts: &[&Tally],
    around: &Around,
) -> Vec<Doubtful> {
    // What was given before the campaign is history, often one sum of many days.
    let runs = day >= campaign.start;
    let most = most(campaign, place, day).filter(|_| runs);
    let usual = (runs && around.before.len() >= HISTORY_LEAST)
        .then(|| around.before.iter().copied().max().unwrap_or(0));
    let mut out: BTreeMap<&RecordId, (&Tally, Doubt)> = BTreeMap::new();
    for (at, tally) in counts.iter().enumerate() {
        let earlier = around.counted.iter().chain(counts[..at].iter().copied());
        if let Some(doubt) = alone(tally, most, usual).or_else(|| twice(tally, earlier)) {
            out.insert(&tally.record, (tally, doubt));
        }
    }
    if let Some(most) = most {
        let rest = counts.iter().filter(|tally| !out.contains_key(&tally.record));
        let sum: u64 = rest.clone().map(|tally| u64::from(tally.doses)).sum();
        let known: u64 = around.counted.iter().map(|tally| u64::from(tally.doses)).sum();
        let greatest = rest.max_by_key(|tally| (tally.doses, &tally.record));
        if let Some(greatest) = greatest.filter(|_| (known + sum) * 100 > most * DAY_PERCENT) {
            let doubt = Doubt { why: Why::DayOverCapacity, than: most };
            out.insert(&greatest.record, (greatest, doubt));
        }
    }
    let doubtful = |(tally, doubt): (&Tally, Doubt)| Doubtful { tally: tally.clone(), doubt };
    out.into_values().map(doubtful).collect()
}

/// What is wrong with one count by itself.
fn alone(tally: &Tally, most: Option<u64>, usual: Option<u64>) -> Option<Doubt> {
    let doses = u64::from(tally.doses);
    let most = most.or((tally.doses > COUNTED_MAX).then_some(u64::from(COUNTED_MAX)));
    if let Some(most) = most.filter(|most| doses > *most) {
        return Some(Doubt { why: Why::OverCapacity, than: most });
    }
    let usual = usual.filter(|usual| doses >= UNUSUAL_LEAST && doses > usual * USUAL_TIMES)?;
    Some(Doubt { why: Why::Unusual, than: usual })
}

/// Whether another record has the same count.
fn twice<'a>(tally: &Tally, others: impl IntoIterator<Item = &'a Tally>) -> Option<Doubt> {
    let is_same = |other: &Tally| {
        other.record != tally.record
            && (&other.area, &other.group, other.dose) == (&tally.area, &tally.group, tally.dose)
            && other.doses == tally.doses
    };
    let is_twice = tally.doses >= TWICE_LEAST && others.into_iter().any(is_same);
    is_twice.then(|| Doubt { why: Why::Twice, than: u64::from(tally.doses) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::testing::{plain, start};

    fn count(record: &str, group: &str, doses: u32) -> Tally {
        Tally {
            record: record.into(),
            date: start(),
            place: "S1".into(),
            area: "A1".into(),
            group: group.into(),
            dose: 1,
            doses,
            campaign: None,
        }
    }

    /// The records that are asked about, with the reasons; the site gives 180 on a weekday.
    fn asked(counts: &[Tally], around: &Around) -> Vec<(String, Why, u64)> {
        let mut campaign = plain();
        campaign.sites[0].weekday_doses = 180;
        let counts: Vec<&Tally> = counts.iter().collect();
        let found = doubts(&campaign, &"S1".into(), start(), &counts, around);
        let told = |it: Doubtful| (it.tally.record.to_string(), it.doubt.why, it.doubt.than);
        found.into_iter().map(told).collect()
    }

    #[test]
    fn more_than_a_place_can_give_is_asked_about() {
        let alone = |doses| asked(&[count("r", "all", doses)], &Around::default());
        assert_eq!(alone(180), []);
        assert_eq!(alone(181), [("r".into(), Why::OverCapacity, 180)]);
        assert_eq!(alone(1800), [("r".into(), Why::OverCapacity, 180)]);
        // Each count is possible; together they are not. The greatest is asked about.
        let day = [count("a", "g1", 120), count("b", "g2", 160)];
        assert_eq!(asked(&day, &Around::default()), [("b".into(), Why::DayOverCapacity, 180)]);
        let long = [count("a", "g1", 120), count("b", "g2", 150)];
        assert_eq!(asked(&long, &Around::default()), [], "a long day");
        let around = Around { counted: vec![count("a", "g1", 150)], ..Around::default() };
        assert_eq!(asked(&[count("b", "g2", 121)], &around).len(), 1);
    }

    #[test]
    fn what_was_given_before_the_campaign_may_be_a_sum_of_many_days() {
        let campaign = plain();
        let day = campaign.start - TimeDelta::days(1);
        let sum = Tally { date: day, ..count("r", "all", 90_000) };
        assert_eq!(doubts(&campaign, &"S1".into(), day, &[&sum], &Around::default()), []);
    }

    #[test]
    fn far_from_its_history_is_asked_about() {
        let around = Around { before: vec![12, 9, 0, 15, 11], ..Around::default() };
        assert_eq!(asked(&[count("r", "all", 75)], &around), []);
        assert_eq!(asked(&[count("r", "all", 120)], &around), [("r".into(), Why::Unusual, 15)]);
        let young = Around { before: vec![12, 9, 15], ..Around::default() };
        assert_eq!(asked(&[count("r", "all", 120)], &young), [], "three days are no history");
        let tiny = Around { before: vec![1; 9], ..Around::default() };
        assert_eq!(asked(&[count("r", "all", 49)], &tiny), []);
    }

    #[test]
    fn the_same_count_under_two_codes_is_asked_about() {
        let around = Around { counted: vec![count("a", "all", 40)], ..Around::default() };
        assert_eq!(asked(&[count("b", "all", 40)], &around), [("b".into(), Why::Twice, 40)]);
        assert_eq!(asked(&[count("b", "all", 41)], &around), [], "a second half of the day");
        assert_eq!(asked(&[count("b", "other", 40)], &around), []);
        let both = [count("a", "all", 40), count("b", "all", 40)];
        assert_eq!(asked(&both, &Around::default()), [("b".into(), Why::Twice, 40)]);
        let few = Around { counted: vec![count("a", "all", 9)], ..Around::default() };
        assert_eq!(asked(&[count("b", "all", 9)], &few), []);
    }

    #[test]
    fn what_a_place_can_give_follows_its_closures_and_has_no_limit_where_it_has_no_capacity() {
        let mut campaign = plain();
        campaign.sites[0].weekday_doses = 180;
        campaign.sites[0].saturday_doses = 60;
        let day = start();
        let closure = |doses| crate::domain::site::Closure { place: "S1".into(), day, doses };
        let most = |campaign: &Campaign| most(campaign, &"S1".into(), day);
        assert_eq!(most(&campaign), Some(180), "a shut place may have opened after all");
        campaign.closures = vec![closure(0)];
        assert_eq!(most(&campaign), Some(180));
        campaign.closures = vec![closure(400)];
        assert_eq!(most(&campaign), Some(400));
        campaign.closures.clear();
        (campaign.sites[0].weekday_doses, campaign.sites[0].saturday_doses) = (0, 0);
        campaign.sites[0].sunday_doses = 0;
        assert_eq!(most(&campaign), None);
    }

    #[test]
    fn a_date_that_a_spreadsheet_makes_of_nothing_is_too_early() {
        let campaign = plain();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(is_too_early(&campaign, day("1900-01-01")));
        assert!(is_dose_too_early(&campaign, day("1900-01-01")));
        assert!(!is_too_early(&campaign, campaign.start - TimeDelta::days(90)));
        assert!(!is_dose_too_early(&campaign, campaign.start - TimeDelta::days(700)));
    }
}
