//! Records that somebody enters, confirms or takes out one by one: counts of a form or of another program, doubtful
//! counts, voids.

use super::facts::{Changes, change};
use super::pipeline::{self, Importable as _};
use super::{Good, Imported, Kind, Order, Stored};
use crate::app::{App, Loaded, Result, millis};
use crate::domain::audit::Action;
use crate::domain::calendar::Sessions;
use crate::domain::dose::{Dose, Tally};
use crate::domain::id::RecordId;
use crate::domain::permission::{self, Actor, Power, Visits};
use crate::domain::person::Outcome;
use crate::domain::plausible::{Doubtful, Sure};
use crate::intake::rows::Present;
use crate::store::audit::Act;
use crate::store::doubtful::{self, Held};
use crate::store::{figures, records};
use chrono::{DateTime, Utc};
use std::path::Path;
use std::sync::Arc;

/// What somebody enters at once.
#[derive(Debug, Clone, Default)]
pub struct Entered {
    /// Counts, new or corrected.
    pub tallies: Vec<Tally>,
    /// Records that are taken out, because their field was emptied.
    pub gone: Vec<RecordId>,
    /// Counts that would be asked about, and are right nonetheless.
    pub sure: Sure,
}

/// Why a record is gone whose field was emptied.
const EMPTIED: &str = "void: the field was emptied";

impl App {
    /// Stores counts that `by` entered by hand, all of them or, if one is refused, none. Issues call their source
    /// `what`. Counts of a place that is not theirs on that day are denied, and so are corrections of records of such a
    /// place.
    /// `said` begins the line of the audit log.
    pub async fn import_tallies(
        &self,
        loaded: &Loaded,
        (what, said): (&str, &str),
        tallies: Vec<Tally>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let entered = Entered { tallies, ..Entered::default() };
        Ok(self.enter_tallies(loaded, (what, said), entered, by, now).await?.0)
    }

    /// The same with records that are taken out and counts that are confirmed. Also returns the counts that were
    /// refused because nobody can mean them; what a program sends is kept to be confirmed.
    pub async fn enter_tallies(
        &self,
        loaded: &Loaded,
        (what, said): (&str, &str),
        entered: Entered,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Imported, Vec<Doubtful>)> {
        let Entered { mut tallies, gone, sure } = entered;
        let sessions = self.sessions(loaded).await?;
        let is_sure = sure != Sure::None;
        let did = if is_sure { Action::TallyConfirm } else { Action::Tally };
        let mut act = self.act((by, Power::Tally), did, now).await?;
        let kind = Kind::Tallies;
        let order = Order::entered(loaded, (kind, Path::new(what)), (sure, by));
        let present = Present::whole(kind.name());
        let mut facts = self.facts(act.tx(), &order, (what, present), now).await?;
        facts.add_sessions(Arc::clone(&sessions));
        for tally in &mut tallies {
            tally.resolve(&facts);
        }
        let entered = (tallies.as_slice(), gone.as_slice());
        self.may_enter(&mut act, (loaded, &sessions), entered, by).await?;
        let tx = act.tx();
        let author = self.author(by);
        let about = (kind.name(), None);
        let entry = figures::begin_entry(tx, Some(loaded.no), about, &author, millis(now)).await?;
        facts.now = entry.at;
        let rows = tallies.len() as u64;
        let good = (1..).zip(tallies).enumerate();
        let good = good
            .map(|(index, (line, value))| Good { index, line, campaign: None, value })
            .collect();
        let mut changes = Changes::new();
        let stored = pipeline::store(tx, &facts, good, &mut changes).await?;
        let Stored { new, same, corrected, refused, doubtful, .. } = stored;
        if !refused.is_empty() {
            drop(act);
            if matches!(by, Actor::Program(..)) {
                self.keep_doubtful(&doubtful, by, now).await?;
            }
            let issues = refused.into_iter().map(|(_, issue)| issue).collect();
            let count = doubtful.len() as u64;
            let out =
                Imported { rows, refused: rows, doubtful: count, issues, ..Imported::default() };
            return Ok((out, doubtful));
        }
        change(act.tx(), changes).await?;
        let mut out_of = 0;
        for record in &gone {
            let record = record.as_str();
            let done = pipeline::void::<Tally>(act.tx(), &facts, record, EMPTIED).await?;
            out_of += u64::from(done);
        }
        let out = Imported { rows, new, same, corrected, ..Imported::default() };
        figures::end_entry(act.tx(), entry, [new, same, corrected, 0]).await?;
        let taken = if out_of > 0 { format!(" taken out {out_of}") } else { String::new() };
        let said = format!("{said} new {new} corrected {corrected}{taken}");
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok((out, Vec::new()))
    }

    /// Denies counts of places that are not theirs on that day, whether they are there already or new.
    async fn may_enter(
        &self,
        act: &mut Act,
        (loaded, sessions): (&Loaded, &Sessions),
        (tallies, gone): (&[Tally], &[RecordId]),
        by: Actor<'_>,
    ) -> Result<()> {
        let keys = tallies.iter().map(|tally| &tally.record).chain(gone).map(RecordId::as_str);
        let known = records::find::<Tally>(act.tx(), keys).await?;
        for tally in known.values().map(|known| &known.value).chain(tallies) {
            let visits = Visits::on(sessions, tally.date);
            let place = tally.place.as_str();
            permission::may_at(by, Power::Tally, &loaded.campaign, place, &visits)?;
        }
        Ok(())
    }

    async fn keep_doubtful(
        &self,
        doubtful: &[Doubtful],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let author = self.author(by);
        let mut tx = self.store.write().await?;
        for one in doubtful {
            doubtful::insert(&mut tx, one, &author, millis(now)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The counts that wait to be confirmed, by day and place.
    pub async fn doubtful(&self, loaded: &Loaded) -> Result<Vec<Held>> {
        let mut tx = self.store.read().await?;
        Ok(doubtful::list(&mut tx, loaded.no).await?)
    }

    /// Confirms doubtful counts: they count from now on. Without `records`, all of them. Returns what was stored and
    /// the records that do not wait.
    pub async fn confirm_tallies(
        &self,
        loaded: &Loaded,
        records: &[RecordId],
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Imported, Vec<RecordId>)> {
        let waiting = self.doubtful(loaded).await?;
        let is_meant =
            |held: &Held| records.is_empty() || records.contains(&held.what.tally.record);
        let tallies: Vec<Tally> = waiting
            .iter()
            .filter(|held| is_meant(held))
            .map(|held| held.what.tally.clone())
            .collect();
        let is_unknown = |record: &&RecordId| tallies.iter().all(|tally| tally.record != **record);
        let unknown: Vec<RecordId> = records.iter().filter(is_unknown).cloned().collect();
        if !unknown.is_empty() || tallies.is_empty() {
            return Ok((Imported::default(), unknown));
        }
        let said: Vec<&str> = tallies.iter().map(|tally| tally.record.as_str()).collect();
        let said = said.join(" ");
        let entered = Entered { tallies, sure: Sure::All, ..Entered::default() };
        let done = self.enter_tallies(loaded, ("doubtful", &said), entered, by, now).await?;
        Ok((done.0, unknown))
    }

    /// Removes a record from what counts and keeps what it said, with the reason. `false`: there is no such record. A
    /// count that waits to be confirmed is dropped.
    pub async fn void(
        &self,
        kind: Kind,
        record: &RecordId,
        (why, by): (&str, Actor<'_>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        // Whose record it is does not matter here: it takes somebody whose work is the whole.
        let mut act = self.act((by, Power::Plan), Action::Void, now).await?;
        let (known, campaign) = self.void_in(&mut act, (kind, record), (why, by), now).await?;
        if known {
            act.commit(campaign.as_deref(), &format!("{} {record}", kind.name())).await?;
        }
        Ok(known)
    }

    /// The same as part of a change that says so in the audit log. Also returns the id of the campaign that it was of.
    pub(in crate::app) async fn void_in(
        &self,
        act: &mut Act,
        (kind, record): (Kind, &RecordId),
        (why, by): (&str, Actor<'_>),
        now: DateTime<Utc>,
    ) -> Result<(bool, Option<String>)> {
        let why = format!("void: {why}");
        let (tx, record) = (act.tx(), record.as_str());
        let (author, about) = (self.author(by), (kind.name(), None));
        let entry = figures::begin_entry(tx, None, about, &author, millis(now)).await?;
        let order = Order::of(kind, Path::new(""), by);
        let mut facts = self.facts(tx, &order, ("", Present::default()), now).await?;
        facts.now = entry.at;
        let known = match kind {
            Kind::Doses => pipeline::void::<Dose>(tx, &facts, record, &why).await?,
            Kind::Tallies => {
                let known = pipeline::void::<Tally>(tx, &facts, record, &why).await?;
                doubtful::delete(tx, record).await? || known
            }
            Kind::Outcomes => pipeline::void::<Outcome>(tx, &facts, record, &why).await?,
            Kind::Persons => false,
        };
        let campaign = facts.chosen.and_then(|chosen| facts.of(chosen));
        Ok((known, campaign.map(|loaded| loaded.campaign.id.to_string())))
    }
}
