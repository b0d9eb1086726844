//! Messages: decided and queued in one transaction, sent by one sender at a time.
//!
//! A sender claims a message (`sending`, with a fence), notes `phase = body` in a second transaction just before
//! the body leaves, and writes the result. After a crash, no `body` means that nothing left; `body` without a
//! result means that nobody knows: `in_doubt`.

use super::db::Row;
use super::plans::{pack, unpack};
use super::{CampaignNo, Result, StoreError, Tx};
use crate::domain::message::{MailKind, MailState, ReceiptState, Whose};
use crate::{args, bulk};
use serde::Serialize;
use std::collections::BTreeMap;

/// A mail to queue.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Names what it is about; a key is queued only once.
    pub unique_key: String,
    /// Its kind.
    pub kind: MailKind,
    /// Its one recipient.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its Message-ID without angle brackets.
    pub message_id: String,
    /// The finished RFC 5322 message.
    pub bytes: Vec<u8>,
    /// When it becomes due, milliseconds since 1970.
    pub due_at: i64,
    /// When it expires, milliseconds since 1970; `None` for never.
    pub send_by: Option<i64>,
    /// Whether quiet hours hold it back.
    pub quiet: bool,
    /// The reader's time zone.
    pub zone: String,
    /// Queued, or unroutable where the address cannot be written to.
    pub state: MailState,
    /// Why it is unroutable.
    pub last_error: Option<String>,
    /// The way by which it goes first: `mail`, or a channel.
    pub channel: String,
    /// Parts of the service's bill; 0 for mail.
    pub segments: u32,
    /// The ways after the first one, in their order.
    pub ways: Vec<NewWay>,
}

/// A way of a message.
#[derive(Clone)]
pub struct NewWay {
    /// `mail`, or a channel.
    pub channel: String,
    /// Address or number.
    pub recipient: String,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Parts of the service's bill; 0 for mail.
    pub segments: u32,
    /// Whose number it is; `None` for mail.
    pub whose: Option<Whose>,
}

impl std::fmt::Debug for NewWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewWay").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// A mail in the queue, without its content.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Its number.
    pub id: i64,
    /// Its Message-ID.
    pub message_id: String,
    /// Its recipient.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// What it is.
    pub kind: MailKind,
    /// Where it stands.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is or was due, milliseconds since 1970.
    #[serde(skip)]
    pub due_at: i64,
    /// When its state last changed.
    #[serde(skip)]
    pub changed_at: i64,
    /// When it is no longer worth sending.
    #[serde(skip)]
    pub send_by: Option<i64>,
    /// Whether quiet hours hold it back.
    #[serde(skip)]
    pub quiet: bool,
    /// The reader's time zone.
    #[serde(skip)]
    pub zone: String,
    /// What the last attempt said.
    pub last_error: Option<String>,
    /// Number of the newest claim; only that claim may store a result.
    #[serde(skip)]
    pub fence: i64,
    /// What it is about.
    #[serde(skip)]
    pub unique_key: String,
    /// The way by which it goes: `mail`, or a channel.
    pub channel: String,
    /// What the service reported of it; `None` where it reports nothing.
    pub receipt: Option<ReceiptState>,
    /// The service's number of it.
    #[serde(skip)]
    pub serial: Option<String>,
    /// When its body left, by the wall clock.
    #[serde(skip)]
    pub left_at: Option<i64>,
}

const COLUMNS: usize = 19;
/// The columns of a [`Message`].
macro_rules! selected {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, message_id, recipient, subject, kind, state, attempts, due_at, changed_at, \
             send_by, quiet, zone, last_error, fence, unique_key, channel, receipt, serial, \
             left_at ",
            $after
        )
    };
}
bulk!(
    INSERT_ALL,
    19,
    "INSERT INTO outbox (campaign, unique_key, kind, recipient, subject, message_id, content, \
     state, attempts, due_at, send_by, quiet, zone, created_at, changed_at, fence, last_error, \
     channel, segments) VALUES",
    "ON CONFLICT (unique_key) DO NOTHING RETURNING id, unique_key"
);
bulk!(
    INSERT_WAYS,
    7,
    "INSERT INTO way (outbox, nth, channel, recipient, content, segments, whose) VALUES",
    ""
);
const LIST: &str = selected!(
    "SELECT",
    "FROM outbox WHERE ($1 = '' OR state = $1) AND ($2 = '' OR kind = $2) ORDER BY id"
);
const NEWEST: &str = selected!("SELECT", "FROM outbox ORDER BY id DESC LIMIT $1");
const FIND: &str = selected!("SELECT", "FROM outbox WHERE id = $1");
// The index of recipients has those of channels alone.
const KEYS_OF_GROUP: &str =
    "SELECT unique_key FROM outbox WHERE recipient = $1 AND channel = $1 AND channel <> 'mail'";
const UNSETTLED: &str = selected!(
    "SELECT",
    "FROM outbox WHERE state IN ('in_doubt', 'failed', 'bounced', 'unroutable') \
     ORDER BY id DESC LIMIT $1"
);
const NEXT_DUE: &str =
    "SELECT MIN(due_at) FROM outbox WHERE state = 'queued' AND ($1 = '' OR channel = $1)";
const CONTENT: &str = "SELECT content FROM outbox WHERE id = $1";
// COALESCE keeps SQLite from scanning the index of states instead of looking up a few numbers.
const CLAIM: &str = selected!(
    "UPDATE outbox SET state = 'sending', phase = NULL, owner = $1, \
     fence = fence + 1, attempts = attempts + 1, lease_until = $2, changed_at = $3 \
     WHERE COALESCE(state, '') = 'queued' AND id IN (SELECT id FROM outbox \
     WHERE channel = $5 AND state = 'queued' AND due_at <= $3 ORDER BY due_at, id LIMIT $4) \
     RETURNING",
    ", content, segments, campaign"
);
const RENEW: &str = "UPDATE outbox SET lease_until = $2 WHERE owner = $1 AND state = 'sending'";
const BODY: &str = "UPDATE outbox SET phase = 'body', left_at = $3 WHERE id = $1 AND fence = $2 \
     AND state = 'sending'";
// A sender that was thought dead may still report on a message in doubt, unless the operator has settled it.
const RESULT: &str = "UPDATE outbox SET state = $3, phase = NULL, owner = NULL, \
     lease_until = NULL, due_at = $4, last_error = $5, changed_at = $6, attempts = attempts - $7, \
     serial = COALESCE($8, serial), receipt = CASE WHEN $8 IS NULL THEN receipt ELSE 'waiting' END \
     WHERE id = $1 AND fence = $2 AND state IN ('sending', 'in_doubt')";
const RECLAIM_BEFORE_BODY: &str = "UPDATE outbox SET state = 'queued', owner = NULL, \
     lease_until = NULL, changed_at = $2 \
     WHERE state = 'sending' AND phase IS NULL AND lease_until < $1 AND channel = $3";
const RECLAIM_IN_DOUBT: &str = "UPDATE outbox SET state = 'in_doubt', owner = NULL, \
     lease_until = NULL, changed_at = $2, last_error = $3 \
     WHERE state = 'sending' AND phase = 'body' AND lease_until < $1 AND channel = $4";
const RECLAIM_SAFE: &str = "UPDATE outbox SET state = 'queued', phase = NULL, owner = NULL, \
     lease_until = NULL, changed_at = $2 \
     WHERE state = 'sending' AND lease_until < $1 AND channel = $3";
const EXPIRE_QUEUED: &str = "UPDATE outbox SET state = 'expired', last_error = $2, \
     changed_at = $1, fence = fence + 1 WHERE state = 'queued'";
const SET: &str = "UPDATE outbox SET state = $2, due_at = $3, fence = fence + 1, changed_at = $4, \
     last_error = $5 WHERE id = $1 AND state = $6";
const COUNTS_BY_CHANNEL: &str = "SELECT channel, state, COUNT(*) FROM outbox \
     GROUP BY channel, state ORDER BY channel, state";
const COUNTS: &str = "SELECT state, COUNT(*) FROM outbox GROUP BY state ORDER BY state";

fn message(row: &Row) -> Result<Message> {
    let known = row.of("outbox", &[0]);
    let message = Message {
        id: row.get(0)?,
        message_id: row.get(1)?,
        to: row.get(2)?,
        subject: row.get(3)?,
        kind: known.word(4)?,
        state: known.word(5)?,
        attempts: row.get(6)?,
        due_at: row.get(7)?,
        changed_at: row.get(8)?,
        send_by: row.get(9)?,
        quiet: row.get::<i64>(10)? != 0,
        zone: row.get(11)?,
        last_error: row.get(12)?,
        fence: row.get(13)?,
        unique_key: row.get(14)?,
        channel: row.get(15)?,
        receipt: match row.get::<Option<String>>(16)? {
            Some(_) => Some(known.word(16)?),
            None => None,
        },
        serial: row.get(17)?,
        left_at: row.get(COLUMNS - 1)?,
    };
    Ok(message)
}

/// Queues mails in their order; `None` for one whose key is there already.
pub async fn insert_all(
    tx: &mut Tx,
    campaign: CampaignNo,
    new: &[NewMessage],
    now: i64,
) -> Result<Vec<Option<i64>>> {
    let values = new.iter().flat_map(|one| {
        args![
            campaign,
            &one.unique_key,
            one.kind,
            &one.recipient,
            &one.subject,
            &one.message_id,
            pack(&one.bytes),
            one.state,
            0_i64,
            one.due_at,
            one.send_by,
            one.quiet,
            &one.zone,
            now,
            now,
            0_i64,
            one.last_error.clone(),
            &one.channel,
            one.segments,
        ]
    });
    let mut ids: BTreeMap<String, i64> = BTreeMap::new();
    for row in INSERT_ALL.rows(tx, values.collect()).await? {
        ids.insert(row.get(1)?, row.get(0)?);
    }
    let with_ways = new.iter().filter(|one| !one.ways.is_empty());
    let ways = with_ways.filter_map(|one| ids.get(&one.unique_key).map(|id| (*id, &one.ways)));
    let values = ways.flat_map(|(id, ways)| {
        (1_i64..).zip(ways).flat_map(move |(nth, way)| {
            let whose = way.whose.map(|whose| whose.word().to_owned());
            args![id, nth, &way.channel, &way.recipient, pack(&way.bytes), way.segments, whose]
        })
    });
    INSERT_WAYS.run(tx, values.collect()).await?;
    Ok(new.iter().map(|one| ids.get(&one.unique_key).copied()).collect())
}

/// The queue by number; `state` and `kind` filter it.
pub async fn list(
    tx: &mut Tx,
    state: Option<MailState>,
    kind: Option<MailKind>,
) -> Result<Vec<Message>> {
    let (state, kind) = (state.map_or("", MailState::word), kind.map_or("", MailKind::word));
    tx.rows(LIST, args![state, kind]).await?.iter().map(message).collect()
}

/// The newest messages.
pub async fn newest(tx: &mut Tx, limit: i64) -> Result<Vec<Message>> {
    tx.rows(NEWEST, args![limit]).await?.iter().map(message).collect()
}

/// One mail.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Message>> {
    tx.row(FIND, args![id]).await?.as_ref().map(message).transpose()
}

/// The keys of all cards that were queued for a group.
pub async fn keys_of_group(tx: &mut Tx, name: &str) -> Result<Vec<String>> {
    tx.rows(KEYS_OF_GROUP, args![name]).await?.iter().map(|row| row.get(0)).collect()
}

/// The newest messages that somebody has to look at.
pub async fn unsettled(tx: &mut Tx, limit: i64) -> Result<Vec<Message>> {
    tx.rows(UNSETTLED, args![limit]).await?.iter().map(message).collect()
}

/// When the next queued message is due, milliseconds since 1970: of one channel, or of all.
pub async fn next_due(tx: &mut Tx, channel: Option<&str>) -> Result<Option<i64>> {
    match tx.row(NEXT_DUE, args![channel.unwrap_or_default()]).await? {
        Some(row) => row.get(0),
        None => Ok(None),
    }
}

/// The finished message.
pub async fn content(tx: &mut Tx, id: i64) -> Result<Vec<u8>> {
    let bad = |what: &str| StoreError::bad("outbox", "content", id, what);
    let row = tx.row(CONTENT, args![id]).await?.ok_or_else(|| bad("there is no such message"))?;
    unpack(&row.get::<Vec<u8>>(0)?).map_err(|_| bad("it is damaged"))
}

/// A mail that was claimed, with its content.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The mail; `attempts` counts this one, `fence` is the claim's.
    pub message: Message,
    /// The finished RFC 5322 message, or what a service gets; `None` if it is damaged.
    pub content: Option<Vec<u8>>,
    /// Parts of the service's bill.
    pub segments: i64,
    /// The campaign that it is about.
    pub campaign: Option<CampaignNo>,
}

/// Claims at most `limit` due messages of a channel for `owner` until `lease_until`, the oldest first.
pub async fn claim(
    tx: &mut Tx,
    channel: &str,
    (owner, lease_until): (&str, i64),
    now: i64,
    limit: i64,
) -> Result<Vec<Claimed>> {
    let rows = tx.rows(CLAIM, args![owner, lease_until, now, limit, channel]).await?;
    let read = |row: &Row| -> Result<Claimed> {
        let content = unpack(&row.get::<Vec<u8>>(COLUMNS)?).ok();
        let campaign = row.get::<Option<i64>>(COLUMNS + 2)?.map(CampaignNo);
        Ok(Claimed { message: message(row)?, content, segments: row.get(COLUMNS + 1)?, campaign })
    };
    let mut claimed = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    claimed.sort_by_key(|one| (one.message.due_at, one.message.id));
    Ok(claimed)
}

/// Renews a sender's claims.
pub async fn renew(tx: &mut Tx, owner: &str, lease_until: i64) -> Result<()> {
    tx.run(RENEW, args![owner, lease_until]).await?;
    Ok(())
}

/// Stores that the body is about to leave; `false` if another sender has the claim, and the body must not leave.
/// `wall` is the wall clock, by which services keep their lists.
pub async fn body(tx: &mut Tx, id: i64, fence: i64, wall: i64) -> Result<bool> {
    Ok(tx.run(BODY, args![id, fence, wall]).await? == 1)
}

/// What an attempt led to.
#[derive(Debug, Clone)]
pub struct AttemptResult {
    /// The new state.
    pub state: MailState,
    /// When it is due, if it is queued again.
    pub due_at: i64,
    /// What was said.
    pub error: Option<String>,
    /// Whether the attempt counts: a server that is down is not the message's fault.
    pub charged: bool,
    /// The service's number of the message, if it took it and gave one.
    pub serial: Option<String>,
    /// Whether the number takes no texts from us any more.
    pub closes: bool,
}

impl AttemptResult {
    /// What an attempt by mail led to.
    pub fn new(state: MailState, due_at: i64, error: Option<String>, charged: bool) -> Self {
        Self { state, due_at, error, charged, serial: None, closes: false }
    }
}

/// Stores the result of an attempt; `false` if another sender has the claim.
pub async fn result(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    result: &AttemptResult,
    now: i64,
) -> Result<bool> {
    let uncharged = i64::from(!result.charged);
    let values = args![
        id,
        fence,
        result.state,
        result.due_at,
        result.error.clone(),
        now,
        uncharged,
        result.serial.clone()
    ];
    Ok(tx.run(RESULT, values).await? == 1)
}

/// Takes back a channel's claims of dead senders, by the clock of leases. `safe`: sending twice does no harm, as with a
/// folder, so nothing is in doubt. Returns how many messages.
pub async fn reclaim(
    tx: &mut Tx,
    (channel, safe): (&str, bool),
    clock: i64,
    now: i64,
    why: &str,
) -> Result<u64> {
    if safe {
        return tx.run(RECLAIM_SAFE, args![clock, now, channel]).await;
    }
    let retried = tx.run(RECLAIM_BEFORE_BODY, args![clock, now, channel]).await?;
    Ok(retried + tx.run(RECLAIM_IN_DOUBT, args![clock, now, why, channel]).await?)
}

/// Expires all queued mails, when nobody knows which of them were sent before. Returns how many.
pub async fn expire_queued(tx: &mut Tx, why: &str, now: i64) -> Result<u64> {
    tx.run(EXPIRE_QUEUED, args![now, why]).await
}

/// Moves a mail from one state to another by hand; `false` if it was not in the first.
pub async fn set(
    tx: &mut Tx,
    id: i64,
    (from, to): (MailState, MailState),
    due_at: i64,
    why: &str,
    now: i64,
) -> Result<bool> {
    Ok(tx.run(SET, args![id, to, due_at, now, why, from]).await? == 1)
}

/// How many messages of each channel, mail among them, are in each state.
pub async fn counts_by_channel(tx: &mut Tx) -> Result<Vec<(String, MailState, u64)>> {
    let rows = tx.rows(COUNTS_BY_CHANNEL, args![]).await?;
    let count =
        |row: &Row| Ok((row.get(0)?, row.of("outbox", &[0, 1]).word(1)?, row.count(2, "outbox")?));
    rows.iter().map(count).collect()
}

/// How many mails are in each state.
pub async fn counts(tx: &mut Tx) -> Result<Vec<(MailState, u64)>> {
    let rows = tx.rows(COUNTS, args![]).await?;
    let count = |row: &Row| Ok((row.of("outbox", &[0]).word(0)?, row.count(1, "outbox")?));
    rows.iter().map(count).collect()
}
