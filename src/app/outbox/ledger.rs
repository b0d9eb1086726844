//! What senders have written down, in few commits: all that several of them ask for at the same time goes into one
//! transaction. A sender never goes on before what it must know is on the disk.

use super::LEASE_MS;
use crate::app::{App, AppError, Result, bounces, millis};
use crate::clock::Clock;
use crate::domain::message::MailState;
use crate::store::installation;
use crate::store::outbox::{self, AttemptResult};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What one transaction takes at most.
const ENTRIES_MAX: usize = 200;
/// How long results are kept for a database that restarts or fails over. They are the truth about mails.
const KEEP_MAX: Duration = Duration::from_mins(5);
/// How far mail has gone is remembered beside the database this often.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// Something to be written down.
pub(super) enum Entry {
    /// The body of a message leaves now; answered when that is on the disk. `false`: the message is somebody else's.
    Body {
        /// The message.
        id: i64,
        /// The claim.
        fence: i64,
        /// Told when it is on the disk.
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
        /// The recipient whom the server refused for good, its code and words.
        refusal: Option<(String, u16, String)>,
    },
}

impl App {
    /// Writes down what comes in until all senders have ended, and keeps their claims alive meanwhile.
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

    /// One transaction for all that came in; again and again while the database is away, since every statement
    /// asks for the claim and may be run twice.
    async fn write_down(&self, open: &mut Vec<Entry>, clock: &Clock) -> Result<Option<i64>> {
        let since = tokio::time::Instant::now();
        let (mine, generation) = loop {
            match self.write_once(open, clock).await {
                Ok(written) => break written,
                Err(AppError::Store(error)) if error.is_passing() && since.elapsed() < KEEP_MAX => {
                    tracing::warn!(%error, "what became of mails is not written yet; trying again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.store.step("mail.recorded");
        for (entry, mine) in open.drain(..).zip(mine) {
            if let Entry::Body { done, .. } = entry {
                // A sender that does not wait any more does not send either.
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
                Entry::Body { id, fence, .. } => outbox::body(&mut tx, *id, *fence).await?,
                Entry::Result { id, fence, result, refusal } => {
                    sent |= result.state == MailState::Sent;
                    if let Some((to, code, said)) = refusal {
                        let at = clock.now();
                        bounces::refused(&mut tx, *id, to, (*code, said.as_str()), at).await?;
                    }
                    outbox::result(&mut tx, *id, *fence, result, now).await?
                }
            });
        }
        let generation = if sent { Some(installation::sent(&mut tx).await?) } else { None };
        tx.commit().await?;
        Ok((mine, generation))
    }
}

/// How far mail has gone, and when that was last remembered beside the database.
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
