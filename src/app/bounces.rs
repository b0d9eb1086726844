//! Mails that came back: which reports are believed, and what follows for the mail and its address.

use super::passing;
use super::unsubscribing::secret;
use super::{App, AppError, Result, millis};
use crate::config::BounceAddress;
use crate::domain::hold::EventKind;
use crate::domain::message::{BounceKind, MailState};
use crate::domain::refusal::{self, Answer, Cause, EnhancedCode, Step, codes, judge};
use crate::mail::bounce::{self, BounceReport, NotUnderstood};
use crate::mail::mailbox::{Found, Mailbox};
use crate::mail::message::{canonical, spellings};
use crate::mail::{link, safe};
use crate::store::bounces::{self, NewBounce};
use crate::store::{Tx, installation, outbox};
use crate::text::harmless;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// The beginning of a report's name if it was no report, but a refusal while the mail was sent.
const AT_SMTP: &str = "smtp/";
/// Soft bounces after which no more mail goes to an address. Our choice.
const SOFT_MAX: u64 = 3;
/// The most reports of one transaction.
const BATCH: usize = 100;

/// What judging again led to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedAgain {
    /// Addresses that get mail again: nothing that their owners did spoke against them.
    pub released: Vec<String>,
    /// How many still get none.
    pub kept: usize,
    /// Mails to the released that are queued again.
    pub queued: u64,
}

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
    /// Whether it speaks against the address.
    counts: bool,
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
        // If mails have envelope senders of their own, only reports to those are believed.
        if proven.is_none() && self.config.mail.bounce.is_some() {
            return Ok(Err(NotUnderstood::Unproven));
        }
        let address = canonical(&mail.to);
        let named = report.naming(&address);
        if proven.is_none() && named.is_none() {
            return Ok(Err(NotUnderstood::OtherReader));
        }
        let failure = named.unwrap_or_else(|| report.about(&address));
        // That a forwarded mail did not arrive says nothing against the address that forwarded it.
        let kind = match failure.kind {
            BounceKind::Hard | BounceKind::Soft if named.is_none() && report.names_somebody() => {
                BounceKind::Policy
            }
            kind => kind,
        };
        let failed = Failed {
            report: &report.digest,
            outbox: mail.id,
            address: &address,
            kind,
            // Whoever has seen a mail knows its Message-ID and could make a report about it.
            counts: proven.is_some() && kind.counts(),
            status: &failure.status,
            said: &failure.said,
        };
        let effect = failed.note(tx, now).await?;
        if !effect.is_new {
            taken.known += 1;
            return Ok(Ok(()));
        }
        *taken.new.entry(kind.word()).or_default() += 1;
        taken.suppressed += u64::from(effect.suppressed);
        taken.held += effect.held;
        if kind.is_final() {
            let why = format!("{} {}", failure.status, failure.said);
            for from in [MailState::Sent, MailState::InDoubt] {
                // A server that reports on a mail received it, so it is no longer in doubt.
                let change = (from, MailState::Bounced);
                let why = why.trim_end();
                if outbox::set(tx, mail.id, change, mail.due_at, why, millis(now)).await? {
                    passing::next_way(tx, mail.id, now).await?;
                }
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

    /// Judges what speaks against addresses by the rules of this edition of the program; `None` if that was done
    /// before.
    pub async fn judge_bounces_again(&self, now: DateTime<Utc>) -> Result<Option<JudgedAgain>> {
        if installation::judged(&mut self.store.read().await?).await? >= refusal::EDITION {
            return Ok(None);
        }
        let mut tx = self.store.write().await?;
        if installation::judged(&mut tx).await? >= refusal::EDITION {
            return Ok(None);
        }
        let mut against: BTreeMap<String, Vec<BounceKind>> = BTreeMap::new();
        for bounce in bounces::list(&mut tx).await? {
            let kinds = against.entry(bounce.address.clone()).or_default();
            let (kind, counts) = self.judged_again(&bounce);
            if (kind, counts) != (bounce.kind, bounce.counts) {
                bounces::judge(&mut tx, bounce.id, kind, counts).await?;
            }
            kinds.extend(counts.then_some(kind));
        }
        let mut out = JudgedAgain::default();
        for one in bounces::suppressed(&mut tx).await? {
            let stays = match against.get(&one.address) {
                Some(kinds) => {
                    let soft = kinds.iter().filter(|kind| **kind == BounceKind::Soft).count();
                    kinds.contains(&BounceKind::Hard) || soft as u64 >= SOFT_MAX
                }
                // Its reports are gone; what is left of them is why it was suppressed.
                None => kind_of(&one.why, Step::Report).counts(),
            };
            if stays {
                out.kept += 1;
                continue;
            }
            bounces::release(&mut tx, &one.address).await?;
            let again = spellings(&one.address);
            out.queued += bounces::queue_held(&mut tx, &again, millis(now)).await?;
            let said = format!("{}: {}", one.address, safe::sentence(&one.why));
            installation::note(&mut tx, EventKind::BouncesForgotten, &said, millis(now)).await?;
            out.released.push(one.address);
        }
        installation::set_judged(&mut tx, refusal::EDITION).await?;
        tx.commit().await?;
        Ok(Some(out))
    }

    /// What a stored report means now. It never speaks against an address that it did not speak against before.
    fn judged_again(&self, bounce: &bounces::Bounce) -> (BounceKind, bool) {
        if !bounce.kind.is_final() {
            return (bounce.kind, bounce.counts);
        }
        let at_smtp = bounce.report.starts_with(AT_SMTP);
        let step = if at_smtp { Step::Rcpt } else { Step::Report };
        let kind = kind_of(&format!("{} {}", bounce.status, bounce.said), step);
        let is_proven = at_smtp || self.config.mail.bounce.is_some();
        (kind, bounce.counts && kind.counts() && is_proven)
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
        let done = forget_in(&mut tx, address, why, now).await?;
        if done.is_some() {
            tx.commit().await?;
        }
        Ok(done)
    }
}

/// The same within a transaction.
pub(super) async fn forget_in(
    tx: &mut Tx,
    address: &str,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Option<u64>> {
    let address = canonical(address);
    let was_suppressed = bounces::release(tx, &address).await?;
    let forgiven = bounces::forgive(tx, &address).await?;
    if !was_suppressed && forgiven == 0 {
        return Ok(None);
    }
    let queued = bounces::queue_held(tx, &spellings(&address), millis(now)).await?;
    let said = format!("{address}: {}", safe::sentence(why));
    installation::note(tx, EventKind::BouncesForgotten, &said, millis(now)).await?;
    Ok(Some(queued))
}

/// Stores that a mail server refused a recipient (RCPT) with a code and words. Returns what it means for the address;
/// `None` if the server does not say why. The sender stores the state of the mail.
pub async fn refused(
    tx: &mut Tx,
    outbox: i64,
    address: &str,
    (code, text): (u16, &str),
    now: DateTime<Utc>,
) -> Result<Option<BounceKind>> {
    let answer = Answer::spoken(Step::Rcpt, code, text);
    let cause = judge(&answer);
    if cause == Cause::Unclear {
        return Ok(None);
    }
    let kind = cause.kind(code / 100 == 5);
    let status =
        EnhancedCode::of(None, answer.status.filter(|status| status.0 == code / 100), Some(code));
    let failed = Failed {
        report: &format!("{AT_SMTP}{outbox}/{}", millis(now)),
        outbox,
        address: &canonical(address),
        kind,
        counts: kind.counts(),
        status: &status.map(|status| status.to_string()).unwrap_or_default(),
        said: &safe::sentence(&format!("{code} {text}")),
    };
    failed.note(tx, now).await?;
    Ok(Some(kind))
}

/// What status and words mean that are stored in one text.
fn kind_of(text: &str, step: Step) -> BounceKind {
    let (code, status) = codes(text);
    let for_good = status.is_none_or(|status| status.0 == 5);
    judge(&Answer { step, code, status, words: text }).kind(for_good)
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
            counts: self.counts,
            status: self.status,
            said: self.said,
        };
        if !bounces::insert(tx, &new, at).await? {
            return Ok(Effect::default());
        }
        let is_over = match self.kind {
            _ if !self.counts => false,
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

/// Why an address gets no mail; `None`: it gets mail.
pub(super) async fn no_mail_to(tx: &mut Tx, address: &str) -> Result<Option<AppError>> {
    let suppressed = bounces::suppressed_of(tx, &[canonical(address)]).await?;
    let refused = |why: &String| {
        AppError::refused("refused-no-mail-to", &[("to", &harmless(address)), ("said", why)])
    };
    Ok(suppressed.values().next().map(refused))
}
