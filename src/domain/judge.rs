//! A campaign's dose rules at work: which doses of a person count, and when the next one is due.
//!
//! A campaign of one series asks for the doses of that series; its groups say for whom. A catch-up
//! campaign asks for whatever a person lacks of a whole programme, and counts visits.

use super::campaign::Campaign;
use super::dose::Dose;
use super::person::Sex;
use super::rules::model::{GroupId, VaccineId};
use super::rules::{Assessment, DoseVerdict, Given, GroupForecast, Person, Rules, Status, assess};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// What a campaign asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// The doses of a series.
    Series {
        /// The vaccine that a dose is taken for whose product names none.
        own: VaccineId,
        /// How many doses the series has.
        doses: u8,
    },
    /// What a person lacks of these vaccine groups; a visit brings as much of it as the rules allow.
    CatchUp {
        /// The groups.
        groups: Vec<GroupId>,
        /// Visits before this day are history.
        from: NaiveDate,
        /// What falls due by this day is given, too.
        to: NaiveDate,
    },
}

/// A campaign's dose rules.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The rules.
    pub rules: Rules,
    /// What the campaign asks for.
    pub asks: Asks,
    /// Codes of vaccines that other series are about.
    pub others: BTreeSet<Box<str>>,
}

/// The part of a person that the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex, where known.
    pub sex: Sex,
}

/// What the rules say of a dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// When it was given.
    pub date: NaiveDate,
    /// The dose of the campaign that it was given as, from 1; larger than the series where it came on
    /// top; 0 where it is none of the campaign's.
    pub number: u8,
    /// Whether the campaign's rules are content with it; nothing where they have no say.
    pub status: Option<Status>,
    /// Why.
    pub verdicts: Vec<DoseVerdict>,
}

impl Judged {
    /// Whether the rules refuse it.
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status != Status::Valid)
    }

    /// The verdict that says why.
    pub fn told(&self) -> Option<&DoseVerdict> {
        self.verdicts.iter().find(|one| Some(one.verdict.status) == self.status)
    }
}

/// The next dose, or visit, of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its number, from 1.
    pub number: u8,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The day for which it is recommended.
    pub recommended: NaiveDate,
    /// The last day that the series allows in a plan; the dose stays due after it.
    pub latest: Option<NaiveDate>,
}

/// The next dose that a person has not had of a vaccine group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedDose {
    /// The vaccine group.
    pub group: GroupId,
    /// Code of the vaccine that the next dose is usually given with.
    pub vaccine: Option<Box<str>>,
    /// Number of the next dose.
    pub dose: u8,
    /// Doses whose age has come and which are not given; 0 where the next one falls due later.
    pub lacking: u8,
    /// First day on which the next one counts.
    pub earliest: NaiveDate,
    /// The day for which it is recommended.
    pub recommended: NaiveDate,
    /// The day after which it is overdue.
    pub past_due: Option<NaiveDate>,
}

/// Where a person stands on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// What is said of every dose, in the order of the doses.
    pub doses: Vec<Judged>,
    /// What is due next; nothing when all is given.
    pub due: Option<Due>,
    /// Doses that a catch-up campaign gives at the next visits; empty in a campaign of one series.
    pub missed: Vec<MissedDose>,
    /// How far the person is with every vaccine group.
    pub forecasts: Vec<GroupForecast>,
}

impl Judge {
    /// What the rules say of a person's doses. `doses` is sorted by (day, record).
    pub fn evaluate(&self, campaign: &Campaign, who: Subject, doses: &[Dose]) -> Vec<Judged> {
        let Some(last) = doses.last() else { return Vec::new() };
        let assessment = assess(&self.rules, &self.person(campaign, who, doses, last.date));
        self.judged(doses, assessment.doses)
    }

    /// Where a person stands on a day. `doses` is sorted by (day, record), none after the day.
    pub fn outlook(
        &self,
        campaign: &Campaign,
        who: Subject,
        doses: &[Dose],
        day: NaiveDate,
    ) -> Outlook {
        let assessment = assess(&self.rules, &self.person(campaign, who, doses, day));
        let Assessment { doses: verdicts, forecasts } = assessment;
        let (due, missed) = match &self.asks {
            Asks::Series { .. } => (forecasts.first().and_then(due), Vec::new()),
            Asks::CatchUp { groups, to, .. } => (None, self.missed(&forecasts, groups, *to)),
        };
        let doses = self.judged(doses, verdicts);
        let visited = doses.iter().any(|dose| dose.number > 0);
        let visit = missed.iter().min_by_key(|dose| dose.earliest).filter(|_| !visited);
        let visit = visit.map(|first| Due {
            number: 1,
            earliest: first.earliest,
            recommended: first.recommended,
            latest: None,
        });
        Outlook { due: due.or(visit), doses, missed, forecasts }
    }

    /// Whether a dose is counted as one that does not count; a visit is a visit whatever was given.
    pub fn discounts(&self, dose: &Judged) -> bool {
        matches!(self.asks, Asks::Series { .. }) && dose.is_refused()
    }

    fn person(&self, campaign: &Campaign, who: Subject, doses: &[Dose], day: NaiveDate) -> Person {
        let given = |dose: &Dose| {
            let lot = dose.lot.as_ref().and_then(|lot| campaign.lot(lot.as_str()));
            Given {
                date: dose.date,
                vaccine: self.vaccine(dose.product.as_deref()),
                manufacturer: None,
                expired: lot.is_some_and(|lot| dose.date > lot.expires),
            }
        };
        Person {
            born: who.born,
            sex: who.sex,
            as_of: day,
            country: None,
            doses: doses.iter().map(given).collect(),
            observations: Vec::new(),
        }
    }

    /// The vaccine that a product names; a name that is no code means the campaign's own.
    pub fn vaccine(&self, product: Option<&str>) -> Option<VaccineId> {
        let own = match self.asks {
            Asks::Series { own, .. } => Some(own),
            Asks::CatchUp { .. } => None,
        };
        let Some(product) = product.map(str::trim) else { return own };
        match self.rules.vaccine_by_code.get(product) {
            Some(id) => Some(*id),
            None if self.others.contains(product) => None,
            None => own,
        }
    }

    fn judged(&self, doses: &[Dose], verdicts: Vec<Vec<DoseVerdict>>) -> Vec<Judged> {
        let mut visited: Option<NaiveDate> = None;
        let judge = |(dose, verdicts): (&Dose, Vec<DoseVerdict>)| {
            let best = verdicts.iter().min_by_key(|one| one.verdict.status);
            let status = best.map(|one| one.verdict.status);
            let number = match &self.asks {
                Asks::Series { doses: all, .. } => best
                    .map_or(0, |one| one.verdict.number.unwrap_or_else(|| all.saturating_add(1))),
                Asks::CatchUp { from, .. } => {
                    let is_visit = dose.date >= *from && visited.is_none();
                    if is_visit {
                        visited = Some(dose.date);
                    }
                    u8::from(is_visit)
                }
            };
            Judged { date: dose.date, number, status, verdicts }
        };
        doses.iter().zip(verdicts).map(judge).collect()
    }

    /// The name of a vaccine group.
    pub fn name(&self, group: GroupId) -> &str {
        &self.rules.groups[usize::from(group.0)].name
    }

    /// The next dose of each of these groups that falls due by a day.
    fn missed(
        &self,
        forecasts: &[GroupForecast],
        groups: &[GroupId],
        to: NaiveDate,
    ) -> Vec<MissedDose> {
        let asked = forecasts.iter().filter(|one| groups.contains(&one.group));
        asked
            .filter_map(|one| {
                let next = one.next.filter(|next| next.recommended.date <= to)?;
                Some(MissedDose {
                    group: one.group,
                    vaccine: next
                        .vaccine
                        .map(|id| self.rules.vaccines[usize::from(id.0)].code.clone()),
                    dose: next.number,
                    lacking: one.lacking,
                    earliest: next.earliest.date,
                    recommended: next.recommended.date,
                    past_due: next.past_due.map(|day| day.date),
                })
            })
            .collect()
    }
}

fn due(forecast: &GroupForecast) -> Option<Due> {
    let next = forecast.next?;
    Some(Due {
        number: next.number,
        earliest: next.earliest.date,
        recommended: next.recommended.date,
        latest: next.latest.map(|day| day.date),
    })
}
