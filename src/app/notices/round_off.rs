//! Whoever was told to work for a team on a day hears that its round of home visits is off: one mail each. The lead
//! reads it in place of the digest.

use super::{Post, end_of};
use crate::app::{App, Loaded, Result, millis, today};
use crate::config::RosterRule;
use crate::domain::contact::Contact;
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::message::{MailKind, MailState};
use crate::domain::office_mail::RoundOff;
use crate::mail::message::canonical;
use crate::mail::render;
use crate::store::duties::{self, Told};
use crate::store::homes::StoredRound;
use crate::store::{Tx, jurisdictions, unsubscribed};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

impl App {
    /// Queues the mails to the staff of a round's team. Returns how many.
    pub(in crate::app) async fn tell_round_off(
        &self,
        tx: &mut Tx,
        (loaded, round): (&Loaded, &StoredRound),
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let Some(of) = jurisdictions::newest(tx).await?.jurisdiction else { return Ok(0) };
        if self.config.mail.roster != RosterRule::Changed {
            return Ok(0);
        }
        let mut heard: BTreeSet<String> = unsubscribed::addresses(tx).await?;
        let lead = loaded.campaign.team(round.team.as_str()).and_then(|team| team.lead.as_ref());
        heard.extend(lead.and_then(|lead| lead.email.as_deref()).map(canonical));
        let told = duties::told_last(tx).await?;
        let mut new = 0;
        for member in &of.staff {
            let Some(address) = member.email.as_deref() else { continue };
            let is_told = told.get(&member.code).is_some_and(|told| works(told, round));
            if !is_told || !heard.insert(canonical(address)) {
                continue;
            }
            let to = Contact { name: member.name.clone(), email: Some(address.to_owned()) };
            let mut post = post(&of, (loaded, round), to, now);
            post.key = format!("{}/{}", post.key, member.code);
            let message = self.message(loaded, &post, now)?;
            new += usize::from(self.queue(tx, loaded, message, now).await?.is_some());
        }
        Ok(new)
    }
}

/// Whether somebody was told last that they work for the team on the day of a round.
fn works(told: &[Told], round: &StoredRound) -> bool {
    let last = told.iter().rfind(|one| one.state != MailState::Expired);
    last.is_some_and(|last| {
        let mut duties = last.duties.iter();
        duties.any(|duty| duty.date == round.day && duty.place == round.team.as_str())
    })
}

fn post(
    of: &Jurisdiction,
    (loaded, round): (&Loaded, &StoredRound),
    to: Contact,
    now: DateTime<Utc>,
) -> Post {
    let letter = RoundOff {
        jurisdiction: of.name.clone(),
        to: to.clone(),
        language: of.language,
        team_name: of.post_name(round.team.as_str(), round.day).to_owned(),
        day: round.day,
        people: round.calls.len() as u64,
    };
    let is_soon = round.day <= today(&loaded.campaign, now) + TimeDelta::days(1);
    Post {
        kind: MailKind::Roster,
        key: format!("round-off/{}/{}/{}", round.team, round.day, millis(now)),
        language: of.language,
        letter: render::round_off(&letter),
        to,
        send_by: end_of(loaded, round.day),
        // What changes today or tomorrow cannot wait for the morning.
        personal: !is_soon,
        way_out: None,
        attachments: Vec::new(),
    }
}
