//! The call list: whom to call today, what came of each call, and taking the last one back.

use super::call_line::CallLine;
use super::import::{EnteredOne, Kind};
use super::left_calls::LeftCalls;
use super::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::booking::Answer;
use crate::domain::call::{AGAIN_DAYS, CallResult, Case, reason};
use crate::domain::id::{PersonId, PlaceCode, RecordId};
use crate::domain::permission::{Actor, Denied, Power};
use crate::domain::person::Outcome;
use crate::intake::Issue;
use crate::store::calls::{self, CONFIRMED, NewCall};
use crate::store::{bookings, reminders};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Days ahead in which doses become due that the list looks at.
const AHEAD_DAYS: i64 = 3;

/// A call that was made today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallMade {
    /// Its number.
    pub id: i64,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Who was called.
    pub person: String,
    /// What came of it.
    pub result: CallResult,
    /// Who called.
    pub who: String,
}

/// The list of a day.
#[derive(Debug, Clone, Default)]
pub struct CallList {
    /// Whom to call: the most urgent first, and those who did not answer last.
    pub open: Vec<CallLine>,
    /// Whom to call for doses that may be left at the end of today's sessions, by place.
    pub left: Vec<LeftCalls>,
    /// Calls of today, the newest first.
    pub made: Vec<CallMade>,
}

/// What came of storing a call.
#[derive(Debug)]
pub enum CallStored {
    /// It is stored, or was before.
    Stored,
    /// The outcome cannot be; why.
    Refused(Vec<Issue>),
    /// The form was sent before with something else.
    Used,
}

impl App {
    /// The call list of today. Who sees which line is decided by whoever shows it.
    pub async fn call_list(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<CallList> {
        let day = today(&loaded.campaign, now);
        let due = self.due(loaded, day + TimeDelta::days(AHEAD_DAYS), day).await?;
        let mut tx = self.store.read().await?;
        let since = day - TimeDelta::days(AGAIN_DAYS - 1);
        let stored = calls::since(&mut tx, loaded.no, since).await?;
        let unreached = reminders::unreached(&mut tx, loaded.no, day).await?;
        let unreached: BTreeSet<String> =
            unreached.into_iter().map(|(subject, _)| subject.person).collect();
        let held = bookings::from(&mut tx, loaded.no, day).await?;
        let confirmed: BTreeSet<&PersonId> =
            held.iter().filter(|one| one.answer.is_some()).map(|one| &one.person).collect();
        drop(tx);
        let mut last: BTreeMap<&str, (NaiveDate, CallResult)> = BTreeMap::new();
        let mut tries: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &stored {
            // Of those that settle something the newest counts, whatever came after it.
            if one.result.settles_the_day() {
                last.insert(&one.person, (one.day, one.result));
            } else if one.day == day {
                *tries.entry(&one.person).or_default() += 1;
            }
        }
        let mut open = Vec::new();
        for line in due {
            let code = line.person.as_str();
            let case = Case {
                today: day,
                appointment: line.day,
                is_confirmed: confirmed.contains(&line.person),
                is_reached: line.reached && !unreached.contains(code),
                latest: line.latest,
                last_call: last.get(code).copied(),
            };
            let Some(reason) = reason(&case) else { continue };
            open.push(CallLine {
                reason,
                tries: tries.get(code).copied().unwrap_or_default(),
                name: line.name.unwrap_or_else(|| line.person.to_string()),
                phone: line.phone.unwrap_or_default(),
                area: line.area,
                opt_out: line.opt_out,
                dose: line.dose,
                appointment: line.day.zip(line.place),
                latest: line.latest,
                person: line.person,
            });
        }
        open.sort_by(|a, b| {
            let key = |one: &CallLine| {
                (one.tries, one.reason, one.appointment.as_ref().map(|it| it.0), one.latest)
            };
            key(a).cmp(&key(b)).then_with(|| a.person.cmp(&b.person))
        });
        let made = stored.into_iter().rev().filter(|one| one.day == day).map(|one| CallMade {
            id: one.id,
            at: one.at,
            person: one.person,
            result: one.result,
            who: one.who,
        });
        let left = Box::pin(self.left_calls(loaded, now)).await?;
        Ok(CallList { open, left, made: made.collect() })
    }

    /// Stores what came of a call that `by` made. A refusal or a move is stored as an outcome of the person, too; who
    /// comes has the appointment confirmed that the form showed. `once` names the form: sent twice, it is one call.
    pub async fn enter_call(
        &self,
        loaded: &Loaded,
        (code, result, once): (&str, CallResult, &str),
        seen: Option<&(NaiveDate, PlaceCode)>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<CallStored> {
        let day = today(&loaded.campaign, now);
        let record = RecordId::new(format!("call-{once}"));
        // Nobody waits for what takes long.
        let listed = Box::pin(self.calls_for_left((loaded, code), seen, by, now)).await?;
        let mut act = self.act((by, Power::People), Action::OutcomeEnter, now).await?;
        let tx = act.tx();
        let person = match self.person_in(tx, loaded, code, by, now).await {
            Err(denied @ AppError::Denied(Denied::Person)) => {
                let still = self.still_calls_for_left(tx, (loaded, listed), seen, by, now);
                still.await?.ok_or(denied)?
            }
            person => person?.id,
        };
        if let Some((known, said, is_undone)) = calls::of_form(tx, once).await? {
            let is_same = (known.as_str(), said) == (person.as_str(), result) && !is_undone;
            return Ok(if is_same { CallStored::Stored } else { CallStored::Used });
        }
        if let Some(outcome) = result.outcome() {
            let outcome = Outcome {
                record: record.clone(),
                person: person.clone(),
                date: day,
                outcome,
                until: None,
                campaign: None,
                vaccine: None,
            };
            match self.enter_outcome_in(&mut act, loaded, outcome, by, now).await? {
                EnteredOne::Stored | EnteredOne::Known => {}
                EnteredOne::Used => return Ok(CallStored::Used),
                EnteredOne::Refused(issues) => return Ok(CallStored::Refused(issues)),
            }
        }
        let tx = act.tx();
        let mut made = result.outcome().map(|_| record.as_str());
        if result == CallResult::WillCome {
            let held = bookings::of(tx, loaded.no, person.as_str()).await?;
            let is_it = |held: &bookings::Appointment| {
                held.answer.is_none() && seen == Some(&(held.day, held.place.clone()))
            };
            if held.as_ref().is_some_and(is_it) {
                bookings::answer(tx, loaded.no, &[person.as_str()], Answer::Confirmed).await?;
                made = Some(CONFIRMED);
            }
        }
        let who = by.account().map_or("", |account| account.name.as_str());
        let new = NewCall { person: person.as_str(), day, result, who, once, made };
        calls::insert(tx, loaded.no, &new, millis(now)).await?;
        let said = format!("call {person}: {result}");
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(CallStored::Stored)
    }

    /// Takes back a call that `by` made today, with the outcome or the confirmation that it made. `None`: there is no
    /// such call, or no longer; else whether it had an outcome, which may have ended an appointment for good.
    pub async fn undo_call(
        &self,
        loaded: &Loaded,
        id: i64,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<bool>> {
        let day = today(&loaded.campaign, now);
        let who = by.account().map_or("", |account| account.name.as_str());
        let mut act = self.act((by, Power::People), Action::OutcomeEnter, now).await?;
        let found = calls::find(act.tx(), loaded.no, id).await?;
        // What it says of a person, whoever made it knows.
        let Some(call) = found.filter(|call| call.who == who && call.day == day) else {
            return Ok(None);
        };
        match call.made.as_deref() {
            None => {}
            Some(CONFIRMED) => {
                bookings::unanswer(act.tx(), loaded.no, &call.person, day).await?;
            }
            Some(record) => {
                let record = RecordId::new(record);
                let why = ("the call was taken back", by);
                Box::pin(self.void_in(&mut act, (Kind::Outcomes, &record), why, now)).await?;
            }
        }
        if !calls::undo(act.tx(), call.id, millis(now)).await? {
            return Ok(None);
        }
        let said = format!("call {}: {} taken back", call.person, call.result);
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(Some(call.result.outcome().is_some()))
    }
}
