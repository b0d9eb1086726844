//! What those who run the installation do about jobs and messages by hand. Each act is stored together with its line
//! of the audit log, and asks first whether somebody may do it.

use super::installation::{hold_in, resume_in};
use super::outbox::{no_use, retry_in, settle_in};
use super::{App, AppError, Loaded, Result, millis};
use crate::config::MAIL;
use crate::domain::audit::Action;
use crate::domain::job::Job;
use crate::domain::message::{MailKind, MailState};
use crate::domain::permission::{self, Actor, Power};
use crate::mail::message::Party;
use crate::mail::stored;
use crate::mail::transport::Content;
use crate::store::outbox::Message;
use crate::store::runs::{self, Run};
use crate::store::ways::{self, Passage};
use crate::store::{Tx, outbox};
use chrono::{DateTime, Utc};

/// A message with what it says and what happened to it.
#[derive(Debug)]
pub struct OpenMail {
    /// The message.
    pub message: Message,
    /// Its plain text; `None` before it was written.
    pub text: Option<String>,
    /// What happened to it, in order.
    pub passages: Vec<Passage>,
    /// What may be done about it.
    pub ways: Vec<MailWay>,
}

/// Something that may be done about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailWay {
    /// Say that it arrived.
    Arrived,
    /// Say that it did not arrive, so that it goes again.
    Lost,
    /// Try it again.
    Retry,
    /// Send the same mail once more to its reader.
    Resend,
    /// Send a copy to another reader.
    Copy,
}

/// What may be done about a message, by its kind and state.
fn ways_of(message: &Message) -> Vec<MailWay> {
    let mut out = match message.state {
        MailState::InDoubt => vec![MailWay::Arrived, MailWay::Lost],
        MailState::Failed | MailState::Expired | MailState::Bounced => vec![MailWay::Retry],
        _ => Vec::new(),
    };
    if matches!(message.kind, MailKind::Digest | MailKind::Summary) {
        if !message.state.is_open() && message.state != MailState::InDoubt {
            out.push(MailWay::Resend);
        }
        if message.channel == MAIL {
            out.push(MailWay::Copy);
        }
    }
    out
}

impl App {
    /// One message of a campaign with its text; `None` where the campaign has no such message. That somebody saw it is
    /// written down first.
    pub async fn open_mail(
        &self,
        loaded: &Loaded,
        id: i64,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenMail>> {
        let mut act = self.act((by, Power::Operation), Action::SeeMail, now).await?;
        let Some(message) = outbox::find(act.tx(), id).await? else { return Ok(None) };
        let bytes = outbox::content(act.tx(), id).await?;
        let passages = ways::passages(act.tx(), id).await?;
        act.commit(Some(loaded.campaign.id.as_str()), &format!("mail {id}")).await?;
        let text = if message.channel == MAIL {
            stored::text(&bytes)
        } else {
            Content::read(&bytes).map(|content| content.shown().to_owned())
        };
        let text = text.map(|text| match message.kind {
            // Whoever reads a code could open somebody else's page.
            MailKind::Code => text.replace(|c: char| c.is_ascii_digit(), "…"),
            _ => without_secrets(&text),
        });
        let ways = ways_of(&message);
        Ok(Some(OpenMail { message, text, passages, ways }))
    }

    /// Says what became of a message in doubt. Refused where it is no longer in doubt.
    pub async fn settle_mail(
        &self,
        loaded: &Loaded,
        (id, arrived): (i64, bool),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Operation), Action::Mail, now).await?;
        let is_known = outbox::find(act.tx(), id).await?.is_some();
        if !is_known || !settle_in(act.tx(), id, arrived, now).await? {
            return Err(AppError::refused("refused-mail-changed", &[("id", &id)]));
        }
        let said = if arrived { "arrived" } else { "did not arrive, goes again" };
        Ok(act.commit(Some(loaded.campaign.id.as_str()), &format!("mail {id}: {said}")).await?)
    }

    /// Queues a message again that certainly did not arrive. Refused where its state does not allow it, and where it
    /// would be of no use.
    pub async fn retry_mail(
        &self,
        loaded: &Loaded,
        id: i64,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Operation), Action::Mail, now).await?;
        let changed = || AppError::refused("refused-mail-changed", &[("id", &id)]);
        let message = outbox::find(act.tx(), id).await?.ok_or_else(changed)?;
        if let Some(why) = no_use(act.tx(), &message, now).await? {
            return Err(why);
        }
        if !retry_in(act.tx(), id, now).await? {
            return Err(changed());
        }
        let said = format!("mail {id}: tried again");
        Ok(act.commit(Some(loaded.campaign.id.as_str()), &said).await?)
    }

    /// Queues a daily mail once more, to its own reader or `to` another one. Returns the new mail's number; `None`
    /// where it was asked for under the name `once` before.
    pub async fn resend_mail(
        &self,
        loaded: &Loaded,
        (id, to, once): (i64, Option<&Party>, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        permission::may(by, Power::Operation)?;
        let message = self.once_more(id, (to, once), now).await?;
        let mut act = self.act((by, Power::Operation), Action::Mail, now).await?;
        if outbox::find(act.tx(), id).await?.is_none() {
            return Err(AppError::refused("refused-no-mail", &[("id", &id)]));
        }
        let queued = self.queue(act.tx(), loaded, message, now).await?;
        let Some(new) = queued else { return Ok(None) };
        let said = format!("mail {id}: sent again as {new}");
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(Some(new))
    }

    /// Has a job of a campaign run now: a daemon takes it at once, after the runs that are under way. Refused while a
    /// run of it waits or works, and where the campaign is closed.
    pub async fn ask_run(
        &self,
        loaded: &Loaded,
        job: Job,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Operation), Action::Job, now).await?;
        free(act.tx(), loaded, job).await?;
        runs::insert(act.tx(), loaded.no, job, millis(now), None).await?;
        Ok(act.commit(Some(loaded.campaign.id.as_str()), &format!("run {job}")).await?)
    }

    /// Has a run that failed or was passed over run now, for the time at which it was due.
    pub async fn run_again(
        &self,
        loaded: &Loaded,
        run: i64,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Operation), Action::Job, now).await?;
        let known = runs::by_id(act.tx(), loaded.no, run).await?;
        let gone = || AppError::refused("refused-run-changed", &[]);
        let known = known.filter(Run::may_go_again).ok_or_else(gone)?;
        free(act.tx(), loaded, known.job).await?;
        runs::again(act.tx(), run).await?;
        let said = format!("run {} of {} again", known.job, known.due_at);
        Ok(act.commit(Some(loaded.campaign.id.as_str()), &said).await?)
    }

    /// Holds all sending until somebody resumes it.
    pub async fn hold_sending(
        &self,
        reason: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        permission::may(by, Power::Operation)?;
        self.held(now).await?;
        let mut act = self.act((by, Power::Operation), Action::Job, now).await?;
        hold_in(act.tx(), reason, now).await?;
        Ok(act.commit(None, "hold").await?)
    }

    /// Lets sending go on. A copy of another database has to be adopted instead.
    pub async fn resume_sending(&self, by: Actor<'_>, now: DateTime<Utc>) -> Result<()> {
        permission::may(by, Power::Operation)?;
        let Some(hold) = self.held(now).await? else { return Ok(()) };
        let mut act = self.act((by, Power::Operation), Action::Job, now).await?;
        resume_in(act.tx(), &hold, now).await?;
        Ok(act.commit(None, "resume").await?)
    }
}

/// Refuses a run of a job while another one waits or works.
async fn free(tx: &mut Tx, loaded: &Loaded, job: Job) -> Result<()> {
    if !loaded.is_open {
        let id = loaded.campaign.id.as_str();
        return Err(AppError::refused("refused-campaign-closed", &[("id", &id)]));
    }
    if runs::is_open(tx, loaded.no, job).await? {
        return Err(AppError::refused("refused-run-open", &[]));
    }
    Ok(())
}

/// The text of a message for those who run the installation: with the secret of a link, whoever reads it could answer
/// in somebody else's name.
fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["/u/", "/b/"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let is_secret = |c: char| c.is_ascii_alphanumeric() || "-_.=~".contains(c);
        let end = after.find(|c| !is_secret(c)).unwrap_or(after.len());
        let before_link = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let is_link = before_link.contains("://");
        out.push_str(if is_link && end > 0 { "…" } else { &after[..end] });
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_link_is_shown() {
        let said = "See https://cdc.example/b/Ab-9_x. Stop: https://cdc.example/u/qq7\nbye a/b/c";
        let shown = without_secrets(said);
        assert_eq!(shown, "See https://cdc.example/b/… Stop: https://cdc.example/u/…\nbye a/b/c");
    }
}
