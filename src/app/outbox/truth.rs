//! Whether a mail is still true at the moment at which it would be sent, as the transaction sees it that claims it.

use crate::app::assigning::{Standing, standings};
use crate::app::notices::amended::is_outdated;
use crate::app::{App, Loaded, Result, today};
use crate::domain::assign::Assignment;
use crate::domain::id::{CampaignNo, PersonId};
use crate::domain::message::MailKind;
use crate::store::outbox::Claimed;
use crate::store::reminders::{self, Kind, Reminded};
use crate::store::{Tx, assignments, bookings, briefings};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

impl App {
    /// Which of these mails say what is no longer so, with the campaign that each is of.
    pub(super) async fn untrue(
        &self,
        tx: &mut Tx,
        due: &[Claimed],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<i64, CampaignNo>> {
        let of = |kind: MailKind| -> Vec<i64> {
            due.iter().map(|one| &one.message).filter(|m| m.kind == kind).map(|m| m.id).collect()
        };
        let (letters, digests) = (of(MailKind::Reminder), of(MailKind::Digest));
        let rosters = of(MailKind::Roster);
        let mut out = BTreeMap::new();
        if !letters.is_empty() {
            self.untrue_letters(tx, &letters, now, &mut out).await?;
        }
        if !digests.is_empty() {
            for (no, day, post, mail) in briefings::of_mails(tx, &digests).await? {
                let loaded = self.load(tx, no, i64::MAX).await?;
                let is_ahead = day >= today(&loaded.campaign, now);
                if is_ahead && is_outdated(tx, &loaded, (&post, day, mail)).await? {
                    out.insert(mail, no);
                }
            }
        }
        if !rosters.is_empty() {
            let voice = due.iter().find_map(|one| one.campaign);
            for mail in self.outdated_rosters(tx, &rosters, now).await? {
                out.extend(voice.map(|no| (mail, no)));
            }
        }
        Ok(out)
    }

    async fn untrue_letters(
        &self,
        tx: &mut Tx,
        letters: &[i64],
        now: DateTime<Utc>,
        out: &mut BTreeMap<i64, CampaignNo>,
    ) -> Result<()> {
        let mut by_campaign: BTreeMap<CampaignNo, Vec<(i64, Reminded)>> = BTreeMap::new();
        for (mail, no, said) in reminders::of_mails(tx, letters).await? {
            by_campaign.entry(no).or_default().push((mail, said));
        }
        for (no, said) in by_campaign {
            let loaded = self.load(tx, no, i64::MAX).await?;
            let people: BTreeSet<&str> = said.iter().map(|(_, one)| one.person.as_str()).collect();
            let codes: Vec<&str> = people.into_iter().collect();
            let held = assignments::of(tx, no, &codes).await?;
            let slots = bookings::slots_of(tx, no, &codes).await?;
            let ids: Vec<PersonId> = codes.iter().map(|code| PersonId::new(*code)).collect();
            let day = today(&loaded.campaign, now);
            let known = standings(tx, &loaded, ids.iter(), day).await?;
            for (mail, one) in &said {
                let id = PersonId::new(one.person.as_str());
                // A time that is said must be that of the seat.
                let is_then = one.is_at(slots.get(&id).map(|(_, slot)| *slot));
                if !is_true(&loaded, one, known.get(&id), (held.get(&id), is_then)) {
                    out.insert(*mail, no);
                }
            }
        }
        Ok(())
    }
}

/// Whether what a mail says of a person holds.
fn is_true(
    loaded: &Loaded,
    said: &Reminded,
    known: Option<&Standing>,
    (held, is_then): (Option<&Assignment>, bool),
) -> bool {
    let Some(known) = known else { return false };
    let is_due = known.barred.is_none() && known.due.is_some_and(|due| due.number == said.dose);
    let is_there = |held: &Assignment| {
        let is_same_place = said.place.is_empty() || said.place == held.place.as_str();
        held.dose == said.dose && held.day == said.day && is_same_place
    };
    let stands = held.is_some_and(is_there);
    match said.kind {
        Kind::Tomorrow | Kind::Given | Kind::Moved => {
            let is_within = said.day <= loaded.campaign.end;
            is_due
                && stands
                && is_then
                && is_within
                && known.due.is_some_and(|due| due.earliest <= said.day)
        }
        Kind::Cancelled => is_due && !stands,
        Kind::Overdue => is_due,
    }
}
