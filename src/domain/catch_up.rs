//! Catch-up (查漏补种): the doses that people have missed of a programme, the visits at which they can get
//! them, and how far each area is from its goal.

use super::campaign::Campaign;
use super::count::ceil_of;
use super::dose::Dose;
use super::id::{AreaCode, PersonId, PlaceCode, RecordId};
use super::judge::{Judge, MissedDose, Subject};
use super::rules::model::VaccineGroupId;
use super::rules::{GroupForecast, SeriesStatus};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// No more visits are planned for a person in one campaign. Our choice: more than any schedule needs.
const VISITS_MAX: usize = 8;

/// A visit and the doses given at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// First day on which all of its doses count.
    pub day: NaiveDate,
    /// The doses given.
    pub doses: Vec<MissedDose>,
}

/// The visits of a person from `day` to the campaign's end: each gives all that the rules allow, and the next
/// is on the first day on which they allow more. `doses` is sorted by (day, record), none after `day`.
pub fn visits(
    campaign: &Campaign,
    judge: &Judge,
    who: Subject,
    doses: &[Dose],
    day: NaiveDate,
) -> Vec<Visit> {
    let mut doses = doses.to_vec();
    let mut visits: Vec<Visit> = Vec::new();
    let mut at = day;
    while visits.len() < VISITS_MAX {
        let missed = judge.outlook(campaign, who, &doses, at).missed;
        let is_now = |dose: &MissedDose| dose.earliest <= at && dose.recommended <= at;
        let (now, later): (Vec<MissedDose>, Vec<MissedDose>) = missed.into_iter().partition(is_now);
        if now.is_empty() {
            let next = later.iter().map(|dose| dose.earliest.max(dose.recommended)).min();
            match next.filter(|next| *next > at && *next <= campaign.end) {
                Some(next) => at = next,
                None => break,
            }
            continue;
        }
        for dose in &now {
            doses.push(Dose {
                record: RecordId::new("planned"),
                person: PersonId::new("planned"),
                date: at,
                place: PlaceCode::new("planned"),
                product: dose.vaccine.as_deref().map(str::to_owned),
                lot: None,
                campaign: None,
                elsewhere: false,
                attribute: None,
                entered: None,
            });
        }
        visits.push(Visit { day: at, doses: now });
    }
    visits
}

/// How many people of an area have had all due doses of a vaccine. Counts are people unless they say doses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progressed {
    /// People who should have had at least one dose by now, or have had one.
    pub should: u64,
    /// Of them, people who have had every dose that is due.
    pub done: u64,
    /// The others: people by how many doses each of them has missed.
    lacking: BTreeMap<u8, u64>,
    /// People who are too old for the vaccine now.
    pub aged_out: u64,
}

impl Progressed {
    /// People who have missed doses.
    pub fn lacking_people(&self) -> u64 {
        self.should - self.done
    }

    /// Doses that they have missed.
    pub fn lacking_doses(&self) -> u64 {
        self.lacking.iter().map(|(doses, people)| u64::from(*doses) * people).sum()
    }

    /// How many people must get all that they have missed so that the share `rate` is reached, and how many
    /// doses that takes if those who have missed least come first.
    pub fn to_rate(&self, rate: Decimal) -> (u64, u64) {
        let should = u32::try_from(self.should).unwrap_or(u32::MAX);
        let mut people = u64::from(ceil_of(should, rate)).saturating_sub(self.done);
        let (wanted, mut doses) = (people, 0);
        for (each, some) in &self.lacking {
            let called = people.min(*some);
            doses += called * u64::from(*each);
            people -= called;
        }
        (wanted, doses)
    }

    fn add(&mut self, other: &Self) {
        self.should += other.should;
        self.done += other.done;
        self.aged_out += other.aged_out;
        for (doses, people) in &other.lacking {
            *self.lacking.entry(*doses).or_default() += people;
        }
    }
}

/// Figures by vaccine group and area.
#[derive(Debug, Clone, Default)]
pub struct Progresses(BTreeMap<(VaccineGroupId, AreaCode), Progressed>);

impl Progresses {
    /// Adds a person of an area, by their forecasts of the vaccine groups `groups`.
    pub fn add(&mut self, area: &AreaCode, forecasts: &[GroupForecast], groups: &[VaccineGroupId]) {
        for one in forecasts.iter().filter(|one| groups.contains(&one.group)) {
            let here = self.0.entry((one.group, area.clone())).or_default();
            let (should, done) = match one.progress {
                SeriesStatus::Complete | SeriesStatus::Immune => (1, 1),
                SeriesStatus::NotComplete if one.lacking > 0 => (1, 0),
                // Nothing is due: a person with a dose is up to date, one without is too young.
                SeriesStatus::NotComplete => {
                    let begun = u64::from(one.next.is_some_and(|next| next.number > 1));
                    (begun, begun)
                }
                SeriesStatus::AgedOut => {
                    here.aged_out += 1;
                    (0, 0)
                }
                SeriesStatus::Contraindicated | SeriesStatus::NotRecommended => (0, 0),
            };
            here.should += should;
            here.done += done;
            if should > done {
                *here.lacking.entry(one.lacking).or_default() += 1;
            }
        }
    }

    /// The figures of a vaccine group in an area and all areas below it.
    pub fn of(&self, campaign: &Campaign, group: VaccineGroupId, area: &AreaCode) -> Progressed {
        let mut out = Progressed::default();
        for below in campaign.below(area) {
            if let Some(one) = self.0.get(&(group, below.clone())) {
                out.add(one);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::judge::Asks;
    use crate::domain::person::Sex;
    use crate::domain::rules::{Day, Next, Why};
    use crate::domain::testing::{county, date, day, dose, rules};
    use std::collections::BTreeSet;

    fn judge(to: i64) -> Judge {
        let groups = vec![VaccineGroupId(0), VaccineGroupId(1)];
        let asks = Asks::CatchUp { groups, from: day(0), to: day(to) };
        Judge {
            rules: rules(),
            asks,
            others: BTreeSet::new(),
            among: crate::domain::judge::Among::default(),
            alone: None,
        }
    }

    /// Day, and for each dose its vaccine and number.
    fn planned(judge: &Judge, born: &str, doses: &[Dose], at: i64) -> Vec<(NaiveDate, String)> {
        let who = Subject { born: date(born), sex: Sex::U };
        let told = |visit: Visit| {
            let dose = |one: &MissedDose| format!("V{}-{}", one.group.0 + 1, one.dose);
            (visit.day, visit.doses.iter().map(dose).collect::<Vec<_>>().join(" "))
        };
        visits(&county(), judge, who, doses, day(at)).into_iter().map(told).collect()
    }

    #[test]
    fn a_visit_brings_all_that_is_due_and_the_next_one_waits_for_the_interval() {
        let both = planned(&judge(60), "1990-01-01", &[], 3);
        assert_eq!(both, [(day(3), "V1-1 V2-1".into()), (day(31), "V1-2".into())]);
        let begun = [dose("R1", 0, Some("V1"))];
        let found = planned(&judge(60), "1990-01-01", &begun, 3);
        assert_eq!(found, [(day(3), "V2-1".into()), (day(28), "V1-2".into())]);
        let done =
            [dose("R1", -60, Some("V1")), dose("R2", -30, Some("V1")), dose("R3", -30, Some("V2"))];
        assert!(planned(&judge(60), "1990-01-01", &done, 3).is_empty());
    }

    #[test]
    fn a_visit_after_the_campaign_or_after_what_it_gives_is_none() {
        assert_eq!(planned(&judge(90), "1990-01-01", &[], 32).len(), 2, "day 60 is the last one");
        assert_eq!(planned(&judge(90), "1990-01-01", &[], 33).len(), 1);
        assert_eq!(
            planned(&judge(30), "1990-01-01", &[], 3).len(),
            1,
            "due after the last day asked"
        );
        // One year old on day 10, two years old long after the end.
        assert_eq!(planned(&judge(60), "2020-03-11", &[], 3)[0], (day(10), "V1-1".into()));
    }

    fn forecast(
        group: u16,
        progress: SeriesStatus,
        lacking: u8,
        number: Option<u8>,
    ) -> GroupForecast {
        let at = Day { date: day(0), why: Why::LatestDose };
        let next = number.map(|number| Next {
            number,
            vaccine: None,
            earliest: at,
            recommended: at,
            past_due: None,
            latest: None,
        });
        let group = VaccineGroupId(group);
        GroupForecast { group, series_group: 1, progress, next, lacking }
    }

    /// Should, done, people and doses lacking, aged out.
    fn figures(forecasts: &[GroupForecast]) -> [u64; 5] {
        let mut all = Progresses::default();
        for one in forecasts {
            all.add(&"V".into(), &[*one], &[VaccineGroupId(0)]);
        }
        let found = all.of(&county(), VaccineGroupId(0), &"V".into());
        [found.should, found.done, found.lacking_people(), found.lacking_doses(), found.aged_out]
    }

    #[test]
    fn who_should_have_had_doses_and_who_has_them_all() {
        use SeriesStatus::{
            AgedOut, Complete, Contraindicated, Immune, NotComplete, NotRecommended,
        };
        for (one, expected) in [
            (forecast(0, Complete, 0, None), [1, 1, 0, 0, 0]),
            (forecast(0, Immune, 0, None), [1, 1, 0, 0, 0]),
            (forecast(0, NotComplete, 2, Some(1)), [1, 0, 1, 2, 0]),
            (forecast(0, NotComplete, 0, Some(2)), [1, 1, 0, 0, 0]),
            (forecast(0, NotComplete, 0, Some(1)), [0; 5]),
            (forecast(0, NotComplete, 0, None), [0; 5]),
            (forecast(0, AgedOut, 0, None), [0, 0, 0, 0, 1]),
            (forecast(0, Contraindicated, 0, None), [0; 5]),
            (forecast(0, NotRecommended, 0, None), [0; 5]),
            (forecast(1, Complete, 0, None), [0; 5]),
        ] {
            assert_eq!(figures(&[one]), expected, "{one:?}");
        }
        let lacks = |doses: u8| forecast(0, NotComplete, doses, Some(1));
        assert_eq!(figures(&[lacks(1), lacks(3), lacks(3)]), [3, 0, 3, 7, 0]);
    }

    #[test]
    fn an_area_counts_with_what_lies_below_it() {
        let mut all = Progresses::default();
        let done = [forecast(0, SeriesStatus::Complete, 0, None)];
        let lacks = [forecast(0, SeriesStatus::NotComplete, 2, Some(1))];
        all.add(&"V".into(), &done, &[VaccineGroupId(0)]);
        all.add(&"N".into(), &lacks, &[VaccineGroupId(0)]);
        all.add(&"S".into(), &lacks, &[VaccineGroupId(0)]);
        let of = |area: &str| {
            let found = all.of(&county(), VaccineGroupId(0), &area.into());
            (found.should, found.done, found.lacking_doses())
        };
        assert_eq!(
            (of("C"), of("N"), of("V"), of("S")),
            ((3, 1, 4), (2, 1, 2), (1, 1, 0), (1, 0, 2))
        );
        assert_eq!(all.of(&county(), VaccineGroupId(1), &"C".into()), Progressed::default());
    }

    #[test]
    fn a_rate_is_reached_with_those_who_lack_least() {
        let found = Progressed {
            should: 10,
            done: 4,
            lacking: BTreeMap::from([(3, 2), (1, 3), (2, 1)]),
            aged_out: 0,
        };
        for (rate, expected) in [
            ("0.4", (0, 0)),
            ("0.1", (0, 0)),
            ("0.41", (1, 1)),
            ("0.7", (3, 3)),
            ("0.8", (4, 5)),
            ("0.81", (5, 8)),
            ("0.95", (6, 11)),
            ("1", (6, 11)),
        ] {
            assert_eq!(found.to_rate(rate.parse().expect("a rate")), expected, "{rate}");
        }
        assert_eq!(found.lacking_doses(), 11);
    }
}
