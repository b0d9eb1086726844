//! A campaign's dose rules: which doses of a person count, and when the next one is due.
//!
//! A campaign of one series gives the doses of that series; its groups say to whom. A catch-up
//! campaign gives whatever a person has missed of a whole programme, and counts visits: the first dose since its start
//! of a vaccine that it asks for. What other campaigns gave is none.

use super::campaign::Campaign;
use super::dose::Dose;
use super::id::{CampaignNo, LotCode};
use super::person::{OutcomeKind, Sex};
use super::rules::model::{AntigenId, VaccineGroupId, VaccineId};
use super::rules::{
    Assessment, DoseAdministered, DoseVerdict, GroupForecast, Patient, Rules, Status, assess,
};
use super::series::Duration;
use chrono::NaiveDate;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// What a campaign gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// The doses of a series.
    Series {
        /// The vaccine assumed where a dose's product is missing or is no known code.
        own: VaccineId,
        /// How many doses the series has.
        doses: u8,
    },
    /// What a person has missed of these vaccine groups. One visit gives all that the rules allow.
    CatchUp {
        /// The vaccine groups.
        groups: Vec<VaccineGroupId>,
        /// Visits before this day are history.
        from: NaiveDate,
        /// Doses recommended up to this day are given.
        to: NaiveDate,
    },
}

/// A campaign's dose rules.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The rules.
    pub rules: Rules,
    /// What the campaign gives.
    pub asks: Asks,
    /// Codes of vaccines that belong to other series: a dose of one is none of this campaign's.
    pub others: BTreeSet<Box<str>>,
    /// The campaigns of the jurisdiction.
    pub among: Among,
    /// How far apart a dose is from doses of any other vaccine; `None` where the series does not say that it is given
    /// alone.
    pub alone: Option<Duration>,
}

/// Which campaign a judge speaks for, among those of its jurisdiction. By default it stands alone, and all doses are
/// its own.
#[derive(Debug, Clone, Default)]
pub struct Among {
    /// Its campaign.
    pub own: Option<CampaignNo>,
    /// What each other campaign gives: the code of its vaccine.
    pub vaccines: BTreeMap<CampaignNo, Box<str>>,
}

/// What is looked at of a dose to find its vaccine.
#[derive(Debug, Clone, Copy)]
pub struct Shot<'a> {
    /// When.
    pub date: NaiveDate,
    /// The product: a code or a name.
    pub product: Option<&'a str>,
    /// The lot, where known.
    pub lot: Option<&'a str>,
    /// The campaign under which it was recorded.
    pub campaign: Option<CampaignNo>,
}

impl<'a> From<&'a Dose> for Shot<'a> {
    fn from(dose: &'a Dose) -> Self {
        let lot = dose.lot.as_ref().map(LotCode::as_str);
        Self { date: dose.date, product: dose.product.as_deref(), lot, campaign: dose.campaign }
    }
}

/// The part of a person that the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Date of birth.
    pub born: NaiveDate,
    /// Sex, where known.
    pub sex: Sex,
}

/// The verdict on one dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// When it was given.
    pub date: NaiveDate,
    /// Which dose of the campaign it was, from 1. One more than the series has where it was not needed;
    /// 0 where it is not a dose of this campaign.
    pub number: u8,
    /// Whether it counts; `None` where the rules do not know the vaccine.
    pub status: Option<Status>,
    /// Why: a verdict for each antigen of the vaccine.
    pub verdicts: Vec<DoseVerdict>,
}

impl Judged {
    /// Whether the rules evaluated it and it does not count.
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| status != Status::Valid)
    }

    /// The verdict that decided its status.
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
    /// The last day on which a plan may place it; `None` without a longest interval. It stays due after that day.
    pub latest: Option<NaiveDate>,
}

/// The next dose of a vaccine group that a person has not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedDose {
    /// The vaccine group.
    pub group: VaccineGroupId,
    /// Code of the vaccine that the next dose is usually given with.
    pub vaccine: Option<Box<str>>,
    /// Number of the next dose.
    pub dose: u8,
    /// Doses the person should have had by now; 0 where the next one is recommended for later.
    pub lacking: u8,
    /// First day on which the next one counts.
    pub earliest: NaiveDate,
    /// The day for which it is recommended.
    pub recommended: NaiveDate,
    /// The day after which it is overdue.
    pub past_due: Option<NaiveDate>,
}

/// A person's doses and what is due, as of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The verdict on every dose, in the order of the input.
    pub doses: Vec<Judged>,
    /// The next dose or visit; `None` when there is none.
    pub due: Option<Due>,
    /// What a catch-up campaign still gives; empty in a campaign of one series.
    pub missed: Vec<MissedDose>,
    /// The forecast of every vaccine group.
    pub forecasts: Vec<GroupForecast>,
}

#[cfg(test)]
thread_local! {
    /// Doses evaluated on this thread: a test counts them, since time depends on the machine.
    pub(crate) static JUDGED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Judge {
    /// Evaluates doses as of the day of the last one. `doses` is sorted by (day, record); the result has
    /// the same order.
    pub fn evaluate<D: Borrow<Dose>>(
        &self,
        campaign: &Campaign,
        who: Subject,
        doses: &[D],
    ) -> Vec<Judged> {
        let Some(last) = doses.last() else { return Vec::new() };
        let last: &Dose = last.borrow();
        #[cfg(test)]
        JUDGED.set(JUDGED.get() + doses.len());
        let person = self.person(campaign, who, doses, last.date);
        let verdicts = assess(&self.rules, &person).doses;
        self.judged(&person.doses, verdicts)
    }

    /// A person's doses and what is due, as of `day`. `doses` is sorted by (day, record), none after `day`.
    pub fn outlook(
        &self,
        campaign: &Campaign,
        who: Subject,
        doses: &[Dose],
        day: NaiveDate,
    ) -> Outlook {
        self.outlook_of(&self.person(campaign, who, doses, day))
    }

    /// Where a person stands on their day, from the parts of the doses that the rules look at. They are sorted by
    /// (day, record).
    pub fn outlook_of(&self, person: &Patient) -> Outlook {
        let Assessment { doses: verdicts, forecasts } = assess(&self.rules, person);
        let (due, missed) = match &self.asks {
            Asks::Series { .. } => (forecasts.first().and_then(due), Vec::new()),
            Asks::CatchUp { groups, to, .. } => (None, self.missed(&forecasts, groups, *to)),
        };
        let doses = self.judged(&person.doses, verdicts);
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

    fn is_of_programme(&self) -> bool {
        matches!(self.asks, Asks::CatchUp { .. })
    }

    /// Whether coverage counts the dose as invalid. A visit of a catch-up campaign never is.
    pub fn discounts(&self, dose: &Judged) -> bool {
        matches!(self.asks, Asks::Series { .. }) && dose.is_refused()
    }

    fn person<D: Borrow<Dose>>(
        &self,
        campaign: &Campaign,
        who: Subject,
        doses: &[D],
        day: NaiveDate,
    ) -> Patient {
        let shot = |dose: &D| self.given(campaign, Borrow::<Dose>::borrow(dose).into());
        Patient {
            born: who.born,
            sex: who.sex,
            as_of: day,
            country: None,
            doses: doses.iter().map(shot).collect(),
            observations: Vec::new(),
        }
    }

    /// The part of a dose that the rules look at. A dose of another season has no vaccine for a seasonal series.
    pub fn given(&self, campaign: &Campaign, shot: Shot<'_>) -> DoseAdministered {
        let date = shot.date;
        let lot = shot.lot.and_then(|lot| campaign.lot(lot));
        let in_season = campaign.season().is_none_or(|(first, next)| first <= date && date < next);
        DoseAdministered {
            date,
            vaccine: if in_season { self.vaccine(shot.product, shot.campaign) } else { None },
            manufacturer: None,
            expired: lot.is_some_and(|lot| date > lot.expires),
        }
    }

    /// Whether a dose is of a vaccine that these rules look at, and of the season.
    pub fn concerns(&self, campaign: &Campaign, dose: &Dose) -> bool {
        self.given(campaign, dose.into()).vaccine.is_some()
    }

    /// The vaccine of a product: the code that it is, else that of the campaign under which the dose was recorded.
    /// `None` for a code of another series, and for an unknown name under a catch-up campaign.
    pub fn vaccine(&self, product: Option<&str>, under: Option<CampaignNo>) -> Option<VaccineId> {
        let is_own = self.among.own.is_none() || under == self.among.own;
        let meant = || match self.asks {
            Asks::Series { own, .. } if is_own => Some(own),
            _ => {
                let code = under.and_then(|under| self.among.vaccines.get(&under))?;
                self.rules.vaccine_by_code.get(code).copied()
            }
        };
        let Some(product) = product.map(str::trim) else { return meant() };
        match self.rules.vaccine_by_code.get(product) {
            Some(id) => Some(*id),
            None if self.others.contains(product) => None,
            None => meant(),
        }
    }

    /// Whether a dose belongs to this campaign: to its stock and the reports of its sites.
    pub fn is_own(&self, dose: &Dose) -> bool {
        let recorded_here = self.among.own.is_none() || dose.campaign == self.among.own;
        recorded_here && !dose.elsewhere
    }

    /// The code of the vaccine that the campaign gives; `None` of a catch-up campaign.
    pub fn own_code(&self) -> Option<&str> {
        match self.asks {
            Asks::Series { own, .. } => Some(&self.rules.vaccines.get(usize::from(own.0))?.code),
            Asks::CatchUp { .. } => None,
        }
    }

    /// The codes of the vaccines that protect against what the campaign is there for.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let known = self.rules.vaccine_by_code.iter();
        known.filter(|(_, id)| self.protects(**id)).map(|(code, _)| &**code)
    }

    /// The names of what the campaign is there for.
    pub fn antigens(&self) -> impl Iterator<Item = &str> {
        let all = (0..).map(AntigenId).zip(&self.rules.antigens);
        all.filter(|(id, _)| self.is_asked(*id)).map(|(_, antigen)| &*antigen.name)
    }

    /// Whether the campaign gives the vaccine that a text names: a code, a vaccine group.
    pub fn gives(&self, vaccine: &str) -> bool {
        let vaccine = vaccine.trim();
        let is_name = |group: &super::rules::model::VaccineGroup| {
            *group.name == *vaccine && group.antigens.iter().any(|antigen| self.is_asked(*antigen))
        };
        let code = self.rules.vaccine_by_code.get(vaccine);
        code.is_some_and(|id| self.protects(*id)) || self.rules.groups.iter().any(is_name)
    }

    /// Whether the campaign is there for an antigen.
    fn is_asked(&self, antigen: AntigenId) -> bool {
        match &self.asks {
            Asks::Series { .. } => antigen == AntigenId(0),
            Asks::CatchUp { groups, .. } => groups
                .iter()
                .any(|group| self.rules.groups[usize::from(group.0)].antigens.contains(&antigen)),
        }
    }

    /// Whether a vaccine protects against something that the campaign is there for.
    fn protects(&self, vaccine: VaccineId) -> bool {
        let parts = &self.rules.vaccines[usize::from(vaccine.0)].antigens;
        parts.iter().any(|part| self.is_asked(part.antigen))
    }

    /// Whether an outcome is of concern here: it is true of the person, or of this campaign, or of its vaccine.
    pub fn heeds(
        &self,
        kind: OutcomeKind,
        campaign: Option<CampaignNo>,
        vaccine: Option<&str>,
    ) -> bool {
        kind.is_of_person()
            || match vaccine {
                Some(vaccine) => self.gives(vaccine),
                None => {
                    self.among.own.is_none() || campaign.is_none() || campaign == self.among.own
                }
            }
    }

    fn judged(&self, doses: &[DoseAdministered], verdicts: Vec<Vec<DoseVerdict>>) -> Vec<Judged> {
        let mut visited: Option<NaiveDate> = None;
        let judge = |(dose, verdicts): (&DoseAdministered, Vec<DoseVerdict>)| {
            // A campaign of one series looks at others only to keep apart from them.
            let is_asked =
                |one: &&DoseVerdict| self.is_of_programme() || one.antigen == AntigenId(0);
            let best = verdicts.iter().filter(is_asked).min_by_key(|one| one.verdict.status);
            let status = best.map(|one| one.verdict.status);
            let number = match &self.asks {
                Asks::Series { doses: all, .. } => best
                    .map_or(0, |one| one.verdict.number.unwrap_or_else(|| all.saturating_add(1))),
                Asks::CatchUp { from, .. } => {
                    let is_asked = dose.vaccine.is_some_and(|vaccine| self.protects(vaccine));
                    let is_visit = dose.date >= *from && visited.is_none() && is_asked;
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

    /// The name of a vaccine group of these rules.
    pub fn name(&self, group: VaccineGroupId) -> &str {
        &self.rules.groups[usize::from(group.0)].name
    }

    /// Next doses of `groups` that are recommended up to `to`.
    fn missed(
        &self,
        forecasts: &[GroupForecast],
        groups: &[VaccineGroupId],
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

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
