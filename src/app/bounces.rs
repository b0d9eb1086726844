//! Mails that came back: which reports are believed, and what follows for the mail and its address.

use super::unsubscribing::secret;
use super::{App, Result, millis};
use crate::config::BounceAddress;
use crate::domain::hold::EventKind;
use crate::domain::message::{BounceKind, MailState};
use crate::mail::bounce::{self, BounceReport, NotUnderstood};
use crate::mail::mailbox::{Found, Mailbox};
use crate::mail::message::{canonical, spellings};
use crate::mail::{link, safe};
use crate::store::bounces::{self, NewBounce};
use crate::store::{Tx, installation, outbox};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// Soft bounces after which no more mail goes to an address. Our choice.
const SOFT_MAX: u64 = 3;
/// The most reports of one transaction.
const BATCH: usize = 100;

/// What an import of reports led to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Taken {
    /// Messages that were read.
    pub read: u64,
    /// New reports by what they say: `hard`, `soft`, `policy`, `delayed`, `delivered`.
    pub new: BTreeMap<&'static str, u64>,
    /// Reports that were known before.
    pub known: u64,
    /// Addresses that get no more mail because of these reports.
    pub suppressed: u64,
    /// Queued mails to such addresses, which are held.
    pub held: u64,
    /// Messages that are not reports about our mail; they stay where they are.
    pub not_understood: Vec<Strange>,
}

/// A message that could not be acted on.
#[derive(Debug, Clone, Serialize)]
pub struct Strange {
    /// Its file.
    pub file: String,
    /// Why.
    pub why: NotUnderstood,
}

/// An address that has reports or gets no mail.
#[derive(Clone, Default, Serialize)]
pub struct AddressLine {
    /// The address.
    pub address: String,
    /// Hard bounces that speak against it.
    pub hard: u64,
    /// Soft ones.
    pub soft: u64,
    /// Mails refused for what they are or where they come from.
    pub policy: u64,
    /// The newest code.
    pub status: String,
    /// What the server said with it.
    pub said: String,
    /// When mail to it stopped, else when the newest report came in; milliseconds since 1970.
    #[serde(skip)]
    pub since: i64,
    /// The time zone of its reader.
    #[serde(skip)]
    pub zone: String,
    /// Whether it gets no mail.
    pub suppressed: bool,
}

/// The envelope senders of mails, to which bounces go.
pub struct EnvelopeSenders {
    from: String,
    /// The secret, and where bounces go.
    own: Option<(Vec<u8>, BounceAddress)>,
}

impl EnvelopeSenders {
    /// The envelope sender of a mail: an address of its own if bounces have one, else the sender's.
    pub fn of(&self, id: i64) -> String {
        match &self.own {
            Some((secret, to)) => link::bounce_sender(secret, to, id),
            None => self.from.clone(),
        }
    }
}

/// A failure of one mail.
struct Failed<'a> {
    report: &'a str,
    outbox: i64,
    address: &'a str,
    kind: BounceKind,
    status: &'a str,
    said: &'a str,
}

/// What it changed.
#[derive(Default)]
struct Effect {
    is_new: bool,
    suppressed: bool,
    held: u64,
}

impl App {
    /// The envelope senders of mails that go out from an address.
    pub async fn envelope_senders(&self, from: String) -> Result<EnvelopeSenders> {
        let own = match &self.config.mail.bounce {
            Some(to) => Some((secret(&mut self.store.read().await?).await?, to.clone())),
            None => None,
        };
        Ok(EnvelopeSenders { from, own })
    }

    /// Imports reports. The mailbox is left as it is, and importing a report again changes nothing.
    pub async fn import_bounces(&self, from: Mailbox, now: DateTime<Utc>) -> Result<Taken> {
        let mut taken = Taken::default();
        let mut from = from.peekable();
        while from.peek().is_some() {
            let mut tx = self.store.write().await?;
            let secret = secret(&mut tx).await?;
            for found in from.by_ref().take(BATCH) {
                taken.read += 1;
                let Found { name, bytes } = found;
                let read = bytes.and_then(|bytes| bounce::read(&bytes));
                let done = match read {
                    Ok(report) => self.take(&mut tx, &secret, &report, now, &mut taken).await?,
                    Err(why) => Err(why),
                };
                if let Err(why) = done {
                    taken.not_understood.push(Strange { file: name, why });
                }
            }
            tx.commit().await?;
        }
        Ok(taken)
    }

    /// Imports one report, or says why it cannot be used.
    async fn take(
        &self,
        tx: &mut Tx,
        secret: &[u8],
        report: &BounceReport,
        now: DateTime<Utc>,
        taken: &mut Taken,
    ) -> Result<std::result::Result<(), NotUnderstood>> {
        let proven = report.came_to.iter().find_map(|to| link::bounce_of(secret, to));
        let mail = match (proven, &report.original) {
            (Some(id), _) => outbox::find(tx, id).await?,
            (None, Some(id)) => bounces::by_message_id(tx, id).await?,
            (None, None) => None,
        };
        let Some(mail) = mail else { return Ok(Err(NotUnderstood::NotOurs)) };
        // A Message-ID is no secret. If mails have envelope senders of their own, only reports to those are believed.
        if proven.is_none() && self.config.mail.bounce.is_some() {
            return Ok(Err(NotUnderstood::Unproven));
        }
        let address = canonical(&mail.to);
        let failure = report.about(&address);
        let failed = Failed {
            report: &report.digest,
            outbox: mail.id,
            address: &address,
            kind: failure.kind,
            status: &failure.status,
            said: &failure.said,
        };
        let effect = failed.note(tx, now).await?;
        if !effect.is_new {
            taken.known += 1;
            return Ok(Ok(()));
        }
        *taken.new.entry(failure.kind.word()).or_default() += 1;
        taken.suppressed += u64::from(effect.suppressed);
        taken.held += effect.held;
        if failure.kind.is_final() {
            let why = format!("{} {}", failure.status, failure.said);
            for from in [MailState::Sent, MailState::InDoubt] {
                // A server that reports on a mail received it, so it is no longer in doubt.
                let change = (from, MailState::Bounced);
                outbox::set(tx, mail.id, change, mail.due_at, why.trim_end(), millis(now)).await?;
            }
        }
        Ok(Ok(()))
    }

    /// Addresses about which there are reports, and those that get no mail.
    pub async fn bounces(&self) -> Result<Vec<AddressLine>> {
        let mut tx = self.store.read().await?;
        let mut lines: BTreeMap<String, AddressLine> = BTreeMap::new();
        for bounce in bounces::list(&mut tx).await? {
            if !bounce.kind.is_final() {
                continue;
            }
            let line = lines.entry(bounce.address).or_default();
            match bounce.kind {
                BounceKind::Policy => line.policy += 1,
                BounceKind::Hard => line.hard += u64::from(bounce.counts),
                _ => line.soft += u64::from(bounce.counts),
            }
            (line.status, line.said) = (bounce.status, bounce.said);
            (line.since, line.zone) = (bounce.at, bounce.zone);
        }
        for one in bounces::suppressed(&mut tx).await? {
            let line = lines.entry(one.address).or_default();
            (line.since, line.suppressed) = (one.at, true);
        }
        for (address, line) in &mut lines {
            line.address.clone_from(address);
        }
        Ok(lines.into_values().collect())
    }

    /// Clears the reports against an address that has been mended and queues its held mails, while they are of use.
    /// Returns how many mails; `None` if nothing spoke against the address.
    pub async fn forget_bounces(
        &self,
        address: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<u64>> {
        let mut tx = self.store.write().await?;
        let address = canonical(address);
        let was_suppressed = bounces::release(&mut tx, &address).await?;
        let forgiven = bounces::forgive(&mut tx, &address).await?;
        if !was_suppressed && forgiven == 0 {
            return Ok(None);
        }
        let queued = bounces::queue_held(&mut tx, &spellings(&address), millis(now)).await?;
        let said = format!("{address}: {}", safe::sentence(why));
        installation::note(&mut tx, EventKind::BouncesForgotten, &said, millis(now)).await?;
        tx.commit().await?;
        Ok(Some(queued))
    }
}

/// Stores that a mail server refused a recipient (RCPT) with a code and words. Returns what it means for the address;
/// `None` if the code is not about the address. The sender stores the state of the mail.
pub async fn refused(
    tx: &mut Tx,
    outbox: i64,
    address: &str,
    (code, text): (u16, &str),
    now: DateTime<Utc>,
) -> Result<Option<BounceKind>> {
    let Some((kind, status)) = bounce::refusal(code, text) else { return Ok(None) };
    let failed = Failed {
        report: &format!("smtp/{outbox}/{}", millis(now)),
        outbox,
        address: &canonical(address),
        kind,
        status: &status,
        said: &safe::sentence(&format!("{code} {text}")),
    };
    failed.note(tx, now).await?;
    Ok(Some(kind))
}

impl Failed<'_> {
    /// Stores it, and stops mail to the address where that follows.
    async fn note(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<Effect> {
        let at = millis(now);
        let new = NewBounce {
            report: self.report,
            outbox: self.outbox,
            address: self.address,
            kind: self.kind,
            status: self.status,
            said: self.said,
        };
        if !bounces::insert(tx, &new, at).await? {
            return Ok(Effect::default());
        }
        let is_over = match self.kind {
            BounceKind::Hard => true,
            BounceKind::Soft => bounces::soft_count(tx, self.address).await? >= SOFT_MAX,
            _ => false,
        };
        let mut effect = Effect { is_new: true, ..Effect::default() };
        if is_over {
            let why = format!("{} {}", self.status, self.said);
            let why = why.trim_end();
            effect.suppressed = bounces::suppress(tx, self.address, why, at).await?;
            let spellings = spellings(self.address);
            effect.held = bounces::hold_queued(tx, &spellings, why, at).await?;
        }
        Ok(effect)
    }
}
