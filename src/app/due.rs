//! The due list: people whose next dose is due, with phone and appointment.

use super::assigning::{each_standing, households_beyond};
use super::notices::{Numbers, home_of};
use super::{App, Loaded, Result};
use crate::domain::id::{AreaCode, GroupId, PersonId, PlaceCode};
use crate::domain::person::{OutcomeKind, Person};
use crate::mail::message::canonical;
use crate::store::{Tx, assignments, bounces, unsubscribed};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeSet;

/// A person whose next dose is due.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct DueLine {
    /// Who.
    pub person: PersonId,
    /// Their name, where the register has one.
    pub name: Option<String>,
    /// Their phone, where the register has one.
    pub phone: Option<String>,
    /// Where they live.
    pub area: AreaCode,
    /// Their group.
    pub group: GroupId,
    /// Number of the dose, or of the visit in a catch-up campaign.
    pub dose: u8,
    /// Codes of the vaccines given at a catch-up visit; else empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vaccines: Vec<String>,
    /// First day on which it counts.
    pub earliest: NaiveDate,
    /// The day for which it is recommended.
    pub recommended: NaiveDate,
    /// The last day that the series allows in a plan; `None` where it has none.
    pub latest: Option<NaiveDate>,
    /// Day of the appointment, if there is one.
    pub day: Option<NaiveDate>,
    /// Its place.
    pub place: Option<PlaceCode>,
    /// Whether they opted out of reminders in the register.
    pub opt_out: bool,
    /// Whether reminders reach them by mail.
    pub mail: Reached,
    /// Whether reminders reach them at all: by their mail, a text, or a mail to somebody of their household. The others
    /// need a call.
    pub reached: bool,
}

/// Whether reminders reach a person at their own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Yes, as far as is known.
    Yes,
    /// No: there is no address, or they opted out in the register.
    No,
    /// Mails to the address came back.
    Bounced,
    /// They unsubscribed.
    Unsubscribed,
}

impl Reached {
    fn of(person: &Person, unsubscribed: &BTreeSet<String>, suppressed: &BTreeSet<String>) -> Self {
        match person.email.as_deref().map(canonical) {
            _ if person.opt_out => Self::No,
            None => Self::No,
            Some(address) if unsubscribed.contains(&address) => Self::Unsubscribed,
            Some(address) if suppressed.contains(&address) => Self::Bounced,
            Some(_) => Self::Yes,
        }
    }

    /// The word in lists and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Bounced => "bounced",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

impl App {
    /// People of the register whose next dose is due by `day` and who may be called, sorted by code. A group that opens
    /// later is left out. How they are reached is asked for `today`.
    pub async fn due(
        &self,
        loaded: &Loaded,
        day: NaiveDate,
        today: NaiveDate,
    ) -> Result<Vec<DueLine>> {
        let campaign = &loaded.campaign;
        let mut tx = self.store.read().await?;
        let numbers = Numbers::of(self, &mut tx, today).await?;
        let current = assignments::all(&mut tx, loaded.no).await?;
        let unsubscribed = unsubscribed::addresses(&mut tx).await?;
        let suppressed = bounces::addresses(&mut tx).await?;
        let shut = [&unsubscribed, &suppressed];
        let reached = |person: &Person| Reached::of(person, &unsubscribed, &suppressed);
        let mut out: Vec<DueLine> = Vec::new();
        // Homes with somebody who gets mail, and the homes of the lines that nothing else reaches.
        let (mut homes, mut unsure) = (BTreeSet::new(), Vec::new());
        each_standing(&mut tx, loaded, day, |standing| {
            let mail = reached(&standing.person);
            let is_gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
            if mail == Reached::Yes && !is_gone && standing.person.household.is_some() {
                homes.insert(home_of(&standing.person));
            }
            let (Some(due), Some(group), None) = (standing.due, standing.group, standing.barred)
            else {
                return;
            };
            let opens = campaign.group(group.as_str()).and_then(|group| group.opens);
            // Nobody is due before their group opens.
            let opens = opens.unwrap_or(campaign.start);
            let earliest = due.earliest.max(opens);
            if earliest > day {
                return;
            }
            let held = current.get(&standing.person.id).filter(|one| one.dose == due.number);
            let is_reached = mail == Reached::Yes || numbers.of_person(&standing.person).is_some();
            let person = &standing.person;
            if !is_reached && !person.opt_out && person.household.is_some() {
                unsure.push((out.len(), home_of(person)));
            }
            out.push(DueLine {
                mail,
                reached: is_reached,
                area: campaign.home(&standing.person.area, day).clone(),
                group,
                dose: due.number,
                vaccines: standing
                    .missed
                    .iter()
                    .filter(|dose| dose.earliest.max(dose.recommended) <= day)
                    .filter_map(|dose| dose.vaccine.as_deref().map(str::to_owned))
                    .collect(),
                earliest,
                recommended: due.recommended.max(opens),
                latest: due.latest,
                day: held.map(|one| one.day),
                place: held.map(|one| one.place.clone()),
                opt_out: standing.person.opt_out,
                person: standing.person.id,
                name: standing.person.name,
                phone: standing.person.phone,
            });
        })
        .await?;
        add_homes_beyond(&mut tx, loaded, day, (&out, &unsure), &mut homes, shut).await?;
        for (at, home) in unsure {
            out[at].reached = homes.contains(&home);
        }
        Ok(out)
    }
}

/// Adds the homes of lines that nothing else reaches, where somebody gets mail whom the campaign's work does not read.
async fn add_homes_beyond(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
    (lines, unsure): (&[DueLine], &[(usize, String)]),
    homes: &mut BTreeSet<String>,
    [unsubscribed, suppressed]: [&BTreeSet<String>; 2],
) -> Result<()> {
    let lone = unsure.iter().filter(|(_, home)| !homes.contains(home));
    let lone: Vec<&str> = lone.map(|(at, _)| lines[*at].person.as_str()).collect();
    for standing in households_beyond(tx, loaded, &lone, day).await? {
        let is_gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
        let mail = Reached::of(&standing.person, unsubscribed, suppressed);
        if mail == Reached::Yes && !is_gone {
            homes.insert(home_of(&standing.person));
        }
    }
    Ok(())
}
