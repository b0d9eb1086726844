//! The mails: digests, summaries and reminders. Each is made as a value, rendered, and queued.

mod alarms;
pub(super) mod amended;
mod attached;
mod bookings;
mod cards;
mod changes;
pub mod digest;
mod draft;
pub(super) mod duties;
mod household;
pub(super) mod late_vials;
mod lines;
mod post_digest;
pub mod reminders;
mod resend;
mod round_off;
pub mod summary;
mod tours;
mod venues;
pub(super) mod ways;

pub use duties::StaffTold;
pub(super) use ways::{Census, Numbers, home_of, make as make_text};

use super::{App, AppError, Loaded, Result, millis};
use crate::config::MAIL;
use crate::domain::campaign::Language;
use crate::domain::contact::Contact;
use crate::domain::date::{day_end, day_of};
use crate::domain::job::{Job, RunState};
use crate::domain::message::{MailKind, MailState};
use crate::mail::Letter;
use crate::mail::link::{WayOut, message_hash};
use crate::mail::message::{Attachment, Envelope, MessageError, Party, build, canonical};
use crate::store::outbox::{self, NewMessage};
use crate::store::{Tx, bounces, runs, unrest};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// A rendered mail, with what the queue needs to know.
#[derive(Debug, Clone)]
pub struct Post {
    /// What kind of mail it is.
    pub kind: MailKind,
    /// Its unique key: a mail with the same key is queued only once.
    pub key: String,
    /// Who reads it.
    pub to: Contact,
    /// In which language.
    pub language: Language,
    /// Subject and text.
    pub letter: Letter,
    /// When it is no longer worth sending; `None`: never.
    pub send_by: Option<DateTime<Utc>>,
    /// Whether it goes to a private person, so that quiet hours hold it back.
    pub personal: bool,
    /// How the reader unsubscribes; `None` where they cannot.
    pub way_out: Option<WayOut>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
}

/// Mails queued because something changed after people were told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ToldAgain {
    /// To people of the register.
    pub people: usize,
    /// To leads.
    pub leads: usize,
}

impl App {
    /// Tells everybody whose appointment or session is no longer as they were told.
    pub async fn tell(&self, loaded: &Loaded, now: DateTime<Utc>) -> Result<ToldAgain> {
        self.tell_all(std::slice::from_ref(loaded), now).await
    }

    /// The same of several campaigns. Of people it is about all open campaigns, so that whoever has appointments in
    /// several of them gets one mail.
    pub async fn tell_all(&self, all: &[Loaded], now: DateTime<Utc>) -> Result<ToldAgain> {
        let open: Vec<&Loaded> = all.iter().filter(|one| one.is_open).collect();
        if open.is_empty() {
            return Ok(ToldAgain::default());
        }
        let speaking = self.speaking(&open).await?;
        let people = Box::pin(self.tell_people(&speaking, now)).await?;
        let mut leads = 0;
        for loaded in open {
            leads += Box::pin(self.tell_leads(loaded, now)).await?;
        }
        Box::pin(self.tell_staff(now)).await?;
        Ok(ToldAgain { people, leads })
    }

    /// These campaigns, and all other open ones but those whose plan is broken and about to be mended: what they have
    /// to say is known after that.
    async fn speaking(&self, asked: &[&Loaded]) -> Result<Vec<Loaded>> {
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        for one in self.campaigns_in(&mut tx).await?.into_iter().filter(|one| one.is_open) {
            let is_asked = asked.iter().any(|asked| asked.no == one.no);
            let unrest = unrest::find(&mut tx, one.no).await?;
            if is_asked || unrest.is_none_or(|found| found.draft.is_some()) {
                out.push(one);
            }
        }
        Ok(out)
    }
}

impl App {
    /// Builds the message that the queue stores. An address that no mail server takes is no error: the message is
    /// queued as unroutable, so that somebody sees it.
    pub fn message(&self, loaded: &Loaded, post: &Post, now: DateTime<Utc>) -> Result<NewMessage> {
        let refuse = |error: MessageError| AppError::refused("refused-from", &[("said", &error)]);
        let from: Party = self.config.mail.from.parse().map_err(refuse)?;
        let domain = from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let id = message_hash(self.store.secret(), &post.key);
        let address = post.to.email.clone().unwrap_or_default();
        let envelope = Envelope {
            to: Party { name: Some(post.to.name.clone()), address: address.clone() },
            message_id: format!("{}.{id}@{domain}", post.kind),
            date: now,
            zone: loaded.campaign.timezone,
            language: post.language,
            kind: post.kind.to_string(),
            unsubscribe: post.way_out.as_ref().map(WayOut::links).unwrap_or_default(),
            attachments: post.attachments.clone(),
            from,
        };
        let (bytes, state, last_error) = match build(&post.letter, &envelope) {
            Ok(bytes) => (bytes, MailState::Queued, None),
            Err(error @ MessageError::Unroutable(_)) => {
                (Vec::new(), MailState::Unroutable, Some(error.to_string()))
            }
            Err(error) => return Err(AppError::refused("refused-letter", &[("said", &error)])),
        };
        Ok(NewMessage {
            unique_key: post.key.clone(),
            kind: post.kind,
            recipient: address,
            subject: post.letter.subject.clone(),
            message_id: envelope.message_id,
            bytes,
            due_at: millis(now),
            send_by: post.send_by.map(millis),
            quiet: post.personal,
            zone: loaded.campaign.timezone.name().to_owned(),
            state,
            last_error,
            channel: MAIL.to_owned(),
            segments: 0,
            ways: Vec::new(),
        })
    }
}

impl App {
    /// Queues a message. Returns the number of its row, or `None` where its key was queued before.
    pub async fn queue(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        message: NewMessage,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        let ids = self.queue_all(tx, loaded, vec![message], now).await?;
        Ok(ids.into_iter().next().flatten())
    }

    /// Queues messages. Returns the number of each row, or `None` where the key was queued before. A message to an
    /// address that bounced is queued as unroutable, so that somebody sees it.
    pub async fn queue_all(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        mut messages: Vec<NewMessage>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<i64>>> {
        let addresses: Vec<String> =
            messages.iter().map(|message| canonical(&message.recipient)).collect();
        let suppressed = bounces::suppressed_of(tx, &addresses).await?;
        if !suppressed.is_empty() {
            for message in messages.iter_mut().filter(|message| message.state == MailState::Queued)
            {
                if let Some(why) = suppressed.get(&canonical(&message.recipient)) {
                    if !message.ways.is_empty() {
                        let next = message.ways.remove(0);
                        message.channel = next.channel;
                        message.recipient = next.recipient;
                        message.bytes = next.bytes;
                        message.segments = next.segments;
                        continue;
                    }
                    message.state = MailState::Unroutable;
                    message.last_error = Some(format!("{}{why}", bounces::SUPPRESSED));
                }
            }
        }
        Ok(outbox::insert_all(tx, loaded.no, &messages, millis(now)).await?)
    }
}

impl App {
    /// First and last day on which a job was due and did not run, between its last run and `due`; `None` without any.
    pub async fn missed(
        &self,
        loaded: &Loaded,
        job: Job,
        due: DateTime<Utc>,
    ) -> Result<Option<(NaiveDate, NaiveDate)>> {
        let mut tx = self.store.read().await?;
        let zone = loaded.campaign.timezone;
        let Some(last) = runs::last(&mut tx, loaded.no, job, RunState::Done).await? else {
            return Ok(None);
        };
        let last = DateTime::from_timestamp_millis(last.due_at).unwrap_or(due);
        let first_missed = day_of(zone, last) + TimeDelta::days(1);
        let last_missed = day_of(zone, due) - TimeDelta::days(1);
        Ok((first_missed <= last_missed).then_some((first_missed, last_missed)))
    }
}

impl App {
    /// The campaigns that speak with one voice about some days, the first and the last, by id: the one whose job it is,
    /// and all other open ones that have one of the days. A closed campaign speaks alone.
    pub async fn one_voice(
        &self,
        loaded: &Loaded,
        days: (NaiveDate, NaiveDate),
    ) -> Result<Vec<Loaded>> {
        let all = self.campaigns().await?;
        if !all.iter().any(|one| one.no == loaded.no && one.is_open) {
            return Ok(vec![loaded.clone()]);
        }
        let speaks = |one: &&Loaded| one.no == loaded.no || one.is_open && has_any(one, days);
        Ok(all.iter().filter(speaks).cloned().collect())
    }

    /// Whether the mails about some days were queued with those of another campaign that has one of them, whose job was
    /// due with this one.
    pub async fn was_told(
        &self,
        loaded: &Loaded,
        days: (NaiveDate, NaiveDate),
        (job, due): (Job, DateTime<Utc>),
    ) -> Result<bool> {
        if !has_any(loaded, days) {
            return Ok(false);
        }
        let campaigns = self.campaigns().await?;
        let mut tx = self.store.read().await?;
        let speaks = |one: &&Loaded| one.is_open && one.no != loaded.no && has_any(one, days);
        for other in campaigns.iter().filter(speaks) {
            let last = runs::last(&mut tx, other.no, job, RunState::Done).await?;
            if last.is_some_and(|run| run.due_at == millis(due)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Of these campaigns those that have one of some days; the first one where none has.
pub fn on_days(all: &[Loaded], days: (NaiveDate, NaiveDate)) -> Vec<Loaded> {
    let with: Vec<Loaded> = all.iter().filter(|one| has_any(one, days)).cloned().collect();
    if with.is_empty() { all.iter().take(1).cloned().collect() } else { with }
}

fn has_any(loaded: &Loaded, (first, last): (NaiveDate, NaiveDate)) -> bool {
    loaded.campaign.start <= last && first <= loaded.campaign.end
}

/// What keys of mails have in place of a campaign's id: the id of the only one, or a sign that no id has.
fn voice(all: &[Loaded]) -> String {
    match all {
        [only] => only.campaign.id.to_string(),
        _ => "*".to_owned(),
    }
}

/// 24:00 of a day, when a mail about it is no longer worth sending.
pub fn end_of(loaded: &Loaded, day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day_end(loaded.campaign.timezone, day))
}
