//! Sending a daily mail by hand: a copy to another reader, or the same mail once more; a group's card once more.

use super::Post;
use crate::app::bounces::no_mail_to;
use crate::app::{App, AppError, Loaded, Result, millis};
use crate::config::MAIL;
use crate::domain::contact::Contact;
use crate::domain::message::{MailKind, MailState};
use crate::mail::link::message_hash;
use crate::mail::message::{Party, canonical};
use crate::mail::{render, stored};
use crate::store::outbox::{self, Message, NewMessage};
use chrono::{DateTime, Utc};

/// Kinds that may be sent again: mails to people who run the campaign. A reminder holds the unsubscribe link of its own
/// reader.
const KINDS: [MailKind; 2] = [MailKind::Digest, MailKind::Summary];

impl App {
    /// A copy of a mail for another reader as a new message. `once` names the wish: the same one is queued once.
    pub(crate) fn copied(
        &self,
        loaded: &Loaded,
        mut post: Post,
        (to, once): (&Party, &str),
        now: DateTime<Utc>,
    ) -> Result<NewMessage> {
        let reader = post.to.name.clone();
        post.letter = render::marked(post.letter, post.language, &reader);
        post.key = format!("copy/{}/{}/{once}", post.key, canonical(&to.address));
        let name = to.name.clone().unwrap_or_else(|| to.address.clone());
        post.to = Contact { name, email: Some(to.address.clone()) };
        post.send_by = None;
        self.message(loaded, &post, now)
    }

    /// Queues a stored mail again under a new number, to its own reader or `to` another one. Refused where it is not
    /// known, not a daily mail, in doubt, not sent yet, or empty.
    pub async fn resend(
        &self,
        loaded: &Loaded,
        id: i64,
        to: Option<&Party>,
        now: DateTime<Utc>,
    ) -> Result<i64> {
        let message = self.once_more(id, (to, &millis(now).to_string()), now).await?;
        self.queue_now(loaded, message, now).await
    }

    /// A stored mail as a new message. `once` names the wish: the same one is queued once. Refused as [`App::resend`]
    /// says.
    pub(crate) async fn once_more(
        &self,
        id: i64,
        (to, once): (Option<&Party>, &str),
        now: DateTime<Utc>,
    ) -> Result<NewMessage> {
        let mut tx = self.store.read().await?;
        let refused = |key: &'static str| Err(AppError::refused(key, &[("id", &id)]));
        let Some(before) = outbox::find(&mut tx, id).await? else {
            return refused("refused-no-mail");
        };
        let Some(kind) = KINDS.into_iter().find(|kind| *kind == before.kind) else {
            return refused("refused-not-daily");
        };
        if to.is_none() {
            match before.state {
                MailState::InDoubt => {
                    return refused("refused-in-doubt");
                }
                MailState::Queued | MailState::Sending => {
                    return refused("refused-not-left");
                }
                _ => {}
            }
        }
        if before.channel != MAIL {
            if to.is_some() {
                return refused("refused-card-copy");
            }
            // Nobody would ever send it.
            self.channel(&before.channel)?;
            let content = outbox::content(&mut tx, id).await?;
            return Ok(self.card_again(before, (content, once), now));
        }
        let reader = to.map_or(before.to.as_str(), |to| to.address.as_str());
        if let Some(why) = no_mail_to(&mut tx, reader).await? {
            return Err(why);
        }
        let content = outbox::content(&mut tx, id).await?;
        drop(tx);
        if content.is_empty() {
            return refused("refused-never-written");
        }
        let recipient = to.map_or(before.to, |to| to.address.clone());
        let key = format!("again/{}/{}/{once}", before.unique_key, canonical(&recipient));
        let domain = before.message_id.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let hash = message_hash(self.store.secret(), &key);
        let message_id = format!("{kind}.{hash}@{domain}");
        let zone = before.zone.parse().unwrap_or(chrono_tz::UTC);
        let anew = stored::Anew { message_id: &message_id, to, date: now, zone };
        let bytes = stored::again(&content, &anew)
            .map_err(|error| AppError::refused("refused-letter", &[("said", &error)]))?;
        Ok(NewMessage {
            unique_key: key,
            kind,
            recipient,
            subject: before.subject,
            message_id,
            bytes,
            due_at: millis(now),
            send_by: None,
            quiet: false,
            zone: before.zone,
            state: MailState::Queued,
            last_error: None,
            channel: MAIL.to_owned(),
            segments: 0,
            ways: Vec::new(),
        })
    }

    /// The same card for the same group.
    fn card_again(
        &self,
        before: Message,
        (bytes, once): (Vec<u8>, &str),
        now: DateTime<Utc>,
    ) -> NewMessage {
        let key = format!("again/{}/{once}", before.unique_key);
        let hash = message_hash(self.store.secret(), &key);
        NewMessage {
            unique_key: key,
            kind: before.kind,
            recipient: before.to,
            subject: before.subject,
            message_id: format!("{}.{hash}@doseplan", before.kind),
            bytes,
            due_at: millis(now),
            send_by: None,
            quiet: false,
            zone: before.zone,
            state: MailState::Queued,
            last_error: None,
            channel: before.channel,
            segments: 0,
            ways: Vec::new(),
        }
    }

    async fn queue_now(
        &self,
        loaded: &Loaded,
        message: NewMessage,
        now: DateTime<Utc>,
    ) -> Result<i64> {
        let mut tx = self.store.write().await?;
        let queued = self.queue(&mut tx, loaded, message, now).await?;
        tx.commit().await?;
        queued.ok_or_else(|| AppError::refused("refused-twice", &[]))
    }
}
