//! One record that somebody enters by hand: a dose, an outcome, a change of the register. It is stored like a row of a
//! file, with all that follows from it, or refused with the reason.

use super::facts::{Changes, change};
use super::pipeline::{self, Importable};
use super::{Good, Order, Stored};
use crate::app::{App, Loaded, Result, breaking, millis};
use crate::domain::audit::Action;
use crate::domain::dose::Dose;
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{Outcome, Person};
use crate::domain::plausible::Sure;
use crate::intake::Issue;
use crate::intake::rows::Present;
use crate::store::figures;
use chrono::{DateTime, Utc};
use std::path::Path;

/// What came of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It is stored.
    Stored,
    /// It was so before.
    Known,
    /// It cannot be; why.
    Refused(Vec<Issue>),
}

impl App {
    /// Stores a dose that `by` entered under a campaign.
    pub async fn enter_dose(
        &self,
        loaded: &Loaded,
        dose: Dose,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        Box::pin(self.enter_one(loaded, dose, (by, Action::DoseEnter), now)).await
    }

    /// Stores an outcome that `by` entered under a campaign.
    pub async fn enter_outcome(
        &self,
        loaded: &Loaded,
        outcome: Outcome,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        Box::pin(self.enter_one(loaded, outcome, (by, Action::OutcomeEnter), now)).await
    }

    /// Stores what `by` changed of a person of the register.
    pub async fn enter_person(
        &self,
        loaded: &Loaded,
        person: Person,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        Box::pin(self.enter_one(loaded, person, (by, Action::PersonChange), now)).await
    }

    async fn enter_one<T: Importable>(
        &self,
        loaded: &Loaded,
        value: T,
        (by, did): (Actor<'_>, Action),
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let kind = T::KIND;
        let mut act = self.act((by, Power::People), did, now).await?;
        let (path, language) = (Path::new(""), loaded.campaign.language);
        // What somebody enters counts, whatever became of it before.
        let order = Order {
            campaign: Some(loaded),
            kind,
            path,
            language,
            revives: true,
            sure: Sure::None,
            profile: None,
        };
        let present = Present::whole(kind.name());
        let mut facts = self.facts(act.tx(), &order, (kind.name(), present), now).await?;
        let author = self.author(by);
        let about = (kind.name(), None);
        let tx = act.tx();
        let entry = figures::begin_entry(tx, Some(loaded.no), about, &author, millis(now)).await?;
        facts.now = entry.at;
        let said = value.of().map_or_else(|| value.key().to_owned(), ToString::to_string);
        let good = vec![Good { index: 0, line: 1, campaign: None, value }];
        let mut changes = Changes::new();
        let stored = pipeline::store(tx, &facts, good, &mut changes).await?;
        let Stored { new, same, corrected, refused, freed, .. } = stored;
        if !refused.is_empty() {
            return Ok(Entry::Refused(refused.into_iter().map(|(_, issue)| issue).collect()));
        }
        if new + corrected == 0 {
            return Ok(Entry::Known);
        }
        change(act.tx(), changes).await?;
        breaking::freed(act.tx(), loaded, freed, now).await?;
        if T::KIND == super::Kind::Doses {
            // What was given is no longer in the store.
            breaking::plan(act.tx(), loaded, now).await?;
        }
        figures::end_entry(act.tx(), entry, [new, same, corrected, 0]).await?;
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(Entry::Stored)
    }
}
