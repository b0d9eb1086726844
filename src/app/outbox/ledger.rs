//! Stores what senders report, in few commits: whatever several senders report at the same time goes into one
//! transaction. A sender that must know that its entry is on disk waits for it.

use super::LEASE_MS;
use crate::app::passing::{self, About};
use crate::app::{App, AppError, Result, bounces, millis};
use crate::clock::Clock;
use crate::domain::message::MailState;
use crate::store::installation;
use crate::store::outbox::{self, AttemptResult};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The most entries of one transaction.
const ENTRIES_MAX: usize = 200;
/// How long results are held in memory while the database restarts or fails over: nothing else knows what was sent.
const KEEP_MAX: Duration = Duration::from_mins(5);
/// How often the generation is written to the file beside the database.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// Something to be stored.
pub(super) enum Entry {
    /// The body of a message is about to leave. The answer comes once that is on disk; `false` if another sender has
    /// claimed the message.
    Body {
        /// The message.
        id: i64,
        /// The claim.
        fence: i64,
        /// Where the answer goes.
        done: oneshot::Sender<bool>,
    },
    /// What became of a message.
    Result {
        /// The message.
        id: i64,
        /// The claim.
        fence: i64,
        /// What became of it.
        result: AttemptResult,
        /// The recipient whom the server refused for good, with code and words.
        refusal: Option<(String, u16, String)>,
        /// Of a message to a service: what it was.
        about: Option<Box<About>>,
    },
}

impl App {
    /// Stores entries until all senders have ended, and renews their claims meanwhile.
    pub(super) async fn keep_ledger(
        &self,
        mut entries: mpsc::UnboundedReceiver<Entry>,
        owner: &str,
        clock: &Clock,
    ) -> Result<()> {
        let third = Duration::from_millis(LEASE_MS.unsigned_abs() / 3);
        let start = tokio::time::Instant::now() + third;
        let mut renewal = tokio::time::interval_at(start, third);
        let mut open = Vec::new();
        let mut memory = Memory::default();
        loop {
            let due = tokio::select! {
                count = entries.recv_many(&mut open, ENTRIES_MAX) => count == 0,
                _ = renewal.tick() => {
                    if let Err(error) = self.renew_claims(owner).await {
                        tracing::warn!(%error, "claims of mails could not be renewed");
                    }
                    continue;
                }
            };
            if due {
                memory.keep(self, Duration::ZERO);
                return Ok(());
            }
            memory.generation = self.write_down(&mut open, clock).await?.or(memory.generation);
            memory.keep(self, MEMORY_EVERY);
        }
    }

    async fn renew_claims(&self, owner: &str) -> Result<()> {
        let mut tx = self.store.write().await?;
        let until = self.store.lease_clock(&mut tx).await? + LEASE_MS;
        outbox::renew(&mut tx, owner, until).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Stores all open entries in one transaction, and tries again while the database is away: every statement checks
    /// the claim, so running it twice does no harm.
    async fn write_down(&self, open: &mut Vec<Entry>, clock: &Clock) -> Result<Option<i64>> {
        let since = tokio::time::Instant::now();
        let (mine, generation) = loop {
            match self.write_once(open, clock).await {
                Ok(written) => break written,
                Err(AppError::Store(error)) if error.is_passing() && since.elapsed() < KEEP_MAX => {
                    tracing::warn!(%error, "results of mails are not stored yet; trying again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.store.step("mail.recorded");
        for (entry, mine) in open.drain(..).zip(mine) {
            if let Entry::Body { done, .. } = entry {
                // A sender that no longer waits does not send either.
                let _ = done.send(mine);
            }
        }
        Ok(generation)
    }

    async fn write_once(&self, open: &[Entry], clock: &Clock) -> Result<(Vec<bool>, Option<i64>)> {
        let now = millis(clock.now());
        let mut tx = self.store.write().await?;
        let mut mine = Vec::with_capacity(open.len());
        let mut sent = false;
        for entry in open {
            mine.push(match entry {
                Entry::Body { id, fence, .. } => {
                    outbox::body(&mut tx, *id, *fence, millis(Clock::System.now())).await?
                }
                Entry::Result { id, fence, result, refusal, about } => {
                    sent |= result.state == MailState::Sent;
                    if let Some((to, code, said)) = refusal {
                        let at = clock.now();
                        bounces::refused(&mut tx, *id, to, (*code, said.as_str()), at).await?;
                    }
                    let is_mine = outbox::result(&mut tx, *id, *fence, result, now).await?;
                    if is_mine {
                        passing::ended(&mut tx, *id, result, about.as_deref(), clock.now()).await?;
                    }
                    is_mine
                }
            });
        }
        let generation = if sent { Some(installation::sent(&mut tx).await?) } else { None };
        tx.commit().await?;
        Ok((mine, generation))
    }
}

/// The newest generation, and when it was last written beside the database.
#[derive(Default)]
struct Memory {
    generation: Option<i64>,
    kept: Option<tokio::time::Instant>,
}

impl Memory {
    fn keep(&mut self, app: &App, every: Duration) {
        if self.kept.is_some_and(|kept| kept.elapsed() < every) {
            return;
        }
        if let Some(generation) = self.generation.take() {
            app.remember(generation);
            self.kept = Some(tokio::time::Instant::now());
        }
    }
}
