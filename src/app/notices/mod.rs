//! What goes out by mail: digests, summaries, reminders; made as values, rendered, queued.

mod again;
mod attached;
pub mod digest;
pub mod reminders;
pub mod summary;

use super::{App, AppError, Loaded, Result, millis};
use crate::domain::campaign::Language;
use crate::domain::contact::Contact;
use crate::domain::date::{day_end, day_of};
use crate::domain::job::{Job, RunState};
use crate::domain::message::{MailKind, MailState};
use crate::mail::Letter;
use crate::mail::link::{WayOut, message_hash};
use crate::mail::message::{Attachment, Envelope, MessageError, Party, build, canonical};
use crate::store::outbox::{self, NewMessage};
use crate::store::{Tx, bounces, runs};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// A letter with all that the queue must know of it.
#[derive(Debug, Clone)]
pub struct Post {
    /// What kind of mail it is.
    pub kind: MailKind,
    /// What it is about; the same key is queued once.
    pub key: String,
    /// Who reads it.
    pub to: Contact,
    /// In which language.
    pub language: Language,
    /// What it says.
    pub letter: Letter,
    /// Until when it is worth sending.
    pub send_by: Option<DateTime<Utc>>,
    /// Whether quiet hours hold it back.
    pub personal: bool,
    /// How the reader hears no more of its kind, where they may.
    pub way_out: Option<WayOut>,
    /// Files.
    pub attachments: Vec<Attachment>,
}

impl App {
    /// Makes the finished message that the queue keeps. An address that cannot be written to is no error here:
    /// the message is queued as unroutable, so that somebody sees it.
    pub fn message(&self, loaded: &Loaded, post: &Post, now: DateTime<Utc>) -> Result<NewMessage> {
        let refuse = |error: MessageError| AppError::refused("refused-from", &[("said", &error)]);
        let from: Party = self.config.mail.from.parse().map_err(refuse)?;
        let domain = from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let id = message_hash(&post.key);
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
        })
    }
}

impl App {
    /// Queues a message, `None` where it was queued before. One to an address that bounced waits as unroutable, so that
    /// somebody sees it.
    pub async fn queue(
        &self,
        tx: &mut Tx,
        loaded: &Loaded,
        mut message: NewMessage,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        if message.state == MailState::Queued
            && let Some(why) = bounces::why_suppressed(tx, &canonical(&message.recipient)).await?
        {
            message.state = MailState::Unroutable;
            message.last_error = Some(format!("{}{why}", bounces::SUPPRESSED));
        }
        Ok(outbox::insert(tx, loaded.no, &message, millis(now)).await?)
    }
}

impl App {
    /// The days of due times of a job that were never run since its last run, first to last.
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

/// When a mail about a day is no longer worth sending: that day's 24:00.
pub fn end_of(loaded: &Loaded, day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day_end(loaded.campaign.timezone, day))
}
