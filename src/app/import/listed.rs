//! People and outcomes that follow from lists and answers: they are stored as if a file had said them, as part of a
//! change that somebody makes.

use super::facts::{Changes, change};
use super::pipeline::{self, Importable};
use super::{Good, Kind, Order};
use crate::app::{App, Loaded, Result, breaking, millis};
use crate::domain::id::RecordId;
use crate::domain::permission::Actor;
use crate::domain::person::{Outcome, Person};
use crate::intake::Issue;
use crate::intake::rows::Present;
use crate::store::audit::Act;
use crate::store::figures;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Rows of one statement's work: as many as a batch of a file has.
const BATCH: usize = 2_000;

impl App {
    /// Stores people as they are known from now on; what they were before is kept, and importing can be undone. Returns
    /// what speaks against it: then nothing may be committed.
    pub(in crate::app) async fn enter_persons(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        persons: Vec<Person>,
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<Vec<Issue>> {
        self.enter_listed(act, (loaded, Kind::Persons), persons, &[], (by, now)).await
    }

    /// Stores outcomes, and takes others out that no longer hold.
    pub(in crate::app) async fn enter_outcomes(
        &self,
        act: &mut Act,
        loaded: &Loaded,
        (outcomes, gone): (Vec<Outcome>, &[RecordId]),
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<Vec<Issue>> {
        self.enter_listed(act, (loaded, Kind::Outcomes), outcomes, gone, (by, now)).await
    }

    async fn enter_listed<T: Importable>(
        &self,
        act: &mut Act,
        (loaded, kind): (&Loaded, Kind),
        values: Vec<T>,
        gone: &[RecordId],
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<Vec<Issue>> {
        let none = Order::of(kind, Path::new(""), by);
        let order = Order { campaign: Some(loaded), revives: true, ..none };
        let present = Present::whole(kind.name());
        let tx = act.tx();
        let mut facts = self.facts(tx, &order, ("schools", present), now).await?;
        let about = (kind.name(), Some("schools"));
        let author = self.author(by);
        let entry = figures::begin_entry(tx, Some(loaded.no), about, &author, millis(now)).await?;
        facts.now = entry.at;
        let (mut changes, mut issues) = (Changes::new(), Vec::new());
        let (mut counts, mut freed) = ([0; 4], 0);
        let mut rows = (1..).zip(values).peekable();
        while rows.peek().is_some() {
            let good = rows.by_ref().take(BATCH).enumerate();
            let good = good
                .map(|(index, (line, value))| Good { index, line, campaign: None, value })
                .collect();
            let stored = pipeline::store(tx, &facts, good, &mut changes).await?;
            freed += stored.freed;
            for (sum, more) in counts.iter_mut().zip([stored.new, stored.same, stored.corrected]) {
                *sum += more;
            }
            issues.extend(stored.refused.into_iter().map(|(_, issue)| issue));
        }
        change(tx, changes).await?;
        for record in gone {
            pipeline::void::<T>(tx, &facts, record.as_str(), "void: agreed").await?;
        }
        breaking::freed(tx, loaded, freed, now).await?;
        figures::end_entry(tx, entry, counts).await?;
        Ok(issues)
    }
}
