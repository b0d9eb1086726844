//! An answer of a guardian that was entered wrongly is corrected, with the reason.

use super::consents::{Withdrawn, is_refusal, refusal, withdrawn};
use crate::app::{App, AppError, Loaded, Result, millis, today};
use crate::domain::audit::Action;
use crate::domain::id::PersonId;
use crate::domain::permission::{Actor, Power};
use crate::domain::schools::{Consent, ConsentAnswer};
use crate::store::{outcomes, people_codes, schools};
use chrono::{DateTime, Utc};

/// What is right of an answer.
#[derive(Clone)]
pub struct Correction {
    /// Whose, by a code of the register.
    pub person: PersonId,
    /// The answer that is right.
    pub answer: ConsentAnswer,
    /// Why it is corrected. Of a refusal it is also why the guardian refuses.
    pub reason: String,
    /// Who answered; `None`: as it was entered.
    pub given_by: Option<String>,
}

impl App {
    /// Corrects an answer that is known, whatever its day. Whoever refuses now and stands on a printed list is named.
    pub async fn correct_consent(
        &self,
        loaded: &Loaded,
        right: &Correction,
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<Vec<Withdrawn>> {
        let day = today(&loaded.campaign, now);
        let reason = right.reason.trim();
        if reason.is_empty() {
            return Err(AppError::refused("refused-correction-reason", &[]));
        }
        let mut act = self.act((by, Power::People), Action::ConsentCorrect, now).await?;
        let leads = people_codes::leads(act.tx(), right.person.as_str()).await?;
        let person = leads.unwrap_or_else(|| right.person.clone());
        let held = schools::consents_of(act.tx(), person.as_str()).await?.remove(&loaded.no);
        let Some(held) = held else {
            return Err(AppError::refused("refused-no-consent", &[("person", &person)]));
        };
        if held.answer == right.answer {
            return Err(AppError::refused("refused-consent-same", &[("person", &person)]));
        }
        let one = Consent {
            person: person.clone(),
            answer: right.answer,
            // A form of an earlier day that is imported again does not outweigh the correction.
            day,
            given_by: right.given_by.clone().or(held.given_by),
            reason: Some(reason.to_owned()),
        };
        schools::answer(act.tx(), loaded.no, &one, millis(now)).await?;
        let (mut refusals, mut agreed, mut out) = (Vec::new(), Vec::new(), Vec::new());
        if one.answer == ConsentAnswer::No {
            let printed = schools::printed(act.tx(), loaded.no, day).await?;
            out.extend(withdrawn(&person, &printed));
            refusals.push(refusal(loaded, &one, day));
        } else {
            let own = outcomes::of_person(act.tx(), person.as_str()).await?.into_iter();
            let own = own.filter(|it| is_refusal(it) && it.campaign == Some(loaded.no));
            agreed.extend(own.map(|it| it.record));
        }
        let entered = (refusals, agreed.as_slice());
        let issues = self.enter_outcomes(&mut act, loaded, entered, (by, now)).await?;
        if !issues.is_empty() {
            return Err(AppError::Files(issues));
        }
        let said = format!("{person} {} to {}", held.answer, one.answer);
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }
}
