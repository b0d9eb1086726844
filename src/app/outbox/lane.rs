//! A lane sends the messages of a round one after the other over its own connection.

use super::consequence::{Consequence, Server, consequence, damaged, unsent};
use super::ledger::Entry;
use super::{Drained, LEASE_MS, Sender};
use crate::app::bounces::EnvelopeSenders;
use crate::app::{App, AppError, Result, millis};
use crate::mail::message::Party;
use crate::mail::transport::{Connection, Outcome, Outgoing, Transport};
use crate::store::outbox::{Claimed, Message};
use futures_util::future::join_all;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Lost connections in a row after which the server counts as down.
const LOST_MAX: u32 = 2;

/// Messages that were claimed together, and what became of them.
pub(super) struct Round {
    safe: bool,
    transport: Transport,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Claimed>,
    done: Drained,
    lost_in_a_row: u32,
    health: Health,
}

/// How the mail server behaved in a round.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    /// Why it counts as down, and whether our configuration is the cause.
    pub(super) down: Option<(String, bool)>,
    /// Whether it answered.
    pub(super) answered: bool,
    /// Whether it asked for fewer messages.
    pub(super) slow_down: bool,
}

impl Round {
    pub(super) fn new(
        claimed: Vec<Claimed>,
        safe: bool,
        transport: Transport,
        done: Drained,
    ) -> Self {
        let state = State { waiting: claimed.into(), done, ..State::default() };
        Self { safe, transport, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn health(&self) -> Health {
        self.state().health.clone()
    }

    pub(super) fn into_done(self) -> Drained {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).done
    }

    fn is_down(&self) -> bool {
        self.state().health.down.is_some()
    }

    /// Notes what follows from an attempt.
    fn note(&self, verdict: &Consequence) {
        let mut state = self.state();
        if let Some(outcome) = verdict.outcome {
            state.done.count(outcome);
        }
        let down = match &verdict.server {
            Server::Unknown => return,
            Server::Answers | Server::Patience => {
                state.lost_in_a_row = 0;
                state.health.answered = true;
                state.health.slow_down |= verdict.server == Server::Patience;
                return;
            }
            Server::Lost(why) => {
                state.lost_in_a_row += 1;
                if state.lost_in_a_row < LOST_MAX && !state.waiting.is_empty() {
                    return;
                }
                (why.clone(), false)
            }
            Server::Closed(why) => {
                state.health.slow_down = true;
                (why.clone(), false)
            }
            Server::Refuses(why) => (why.clone(), true),
        };
        state.done.relay.get_or_insert_with(|| down.0.clone());
        state.health.down.get_or_insert(down);
    }
}

impl App {
    /// Sends the messages of a round over all connections at once.
    pub(super) async fn send_round(
        &self,
        round: &Round,
        connections: &mut [Option<Connection>],
        sender: &Sender<'_>,
    ) -> Result<()> {
        let from: Party = self
            .config
            .mail
            .from
            .parse()
            .map_err(|error| AppError::refused("refused-from", &[("said", &error)]))?;
        let from = self.envelope_senders(from.address).await?;
        let (send, entries) = mpsc::unbounded_channel();
        let lanes = async {
            let lanes = connections.iter_mut().map(|connection| {
                let lane = Lane { app: self, round, sender, from: &from, ledger: send.clone() };
                lane.run(connection)
            });
            join_all(lanes).await;
            // The ledger ends when the last sender is gone.
            drop(send);
        };
        let ledger = self.keep_ledger(entries, sender.owner, sender.clock);
        let ((), written) = tokio::join!(lanes, ledger);
        written
    }
}

/// Whether the database knows that a body is about to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marked {
    Not,
    Yes,
    /// It does, but so late that the claim may have ended: the body must not leave.
    TooLate,
    /// Another sender has claimed the message.
    Lost,
}

struct Lane<'a> {
    app: &'a App,
    round: &'a Round,
    sender: &'a Sender<'a>,
    from: &'a EnvelopeSenders,
    ledger: mpsc::UnboundedSender<Entry>,
}

impl Lane<'_> {
    async fn run(self, connection: &mut Option<Connection>) {
        loop {
            let Some(one) = self.round.state().waiting.pop_front() else { return };
            let verdict = if (self.sender.stop)() || self.round.is_down() || self.is_cut_off() {
                Some(unsent(&one.message))
            } else {
                self.attempt(connection, &one).await
            };
            // Without a consequence another sender has the message and stores its result.
            let Some(verdict) = verdict else { continue };
            self.round.note(&verdict);
            let (id, fence) = (one.message.id, one.message.fence);
            // If the ledger has ended, nothing can be stored; the claim runs out by itself.
            let to = || one.message.to.clone();
            let refusal = verdict.refusal.map(|(code, said)| (to(), code, said));
            let _ = self.ledger.send(Entry::Result { id, fence, result: verdict.result, refusal });
        }
    }

    /// Whether the ledger has ended.
    fn is_cut_off(&self) -> bool {
        self.ledger.is_closed()
    }

    async fn attempt(
        &self,
        connection: &mut Option<Connection>,
        one: &Claimed,
    ) -> Option<Consequence> {
        let message = &one.message;
        let Some(bytes) = one.content.clone() else { return Some(damaged(message)) };
        let outgoing = self.outgoing(message, bytes);
        let now = || millis(self.sender.clock.now());
        if connection.as_ref().is_none_or(|connection| !connection.is_usable()) {
            match self.round.transport.open().await {
                Ok(open) => *connection = Some(open),
                Err(outcome) => return Some(consequence(message, outcome, false, now())),
            }
        }
        let Some(open) = connection else { return Some(unsent(message)) };
        let mut marked = Marked::Not;
        let outcome = open.send(&outgoing, || self.mark(message, &mut marked)).await;
        match marked {
            Marked::Lost => return None,
            Marked::TooLate => return Some(unsent(message)),
            Marked::Not | Marked::Yes => {}
        }
        if outcome == Outcome::Accepted {
            self.app.store.step("mail.accepted");
        }
        Some(consequence(message, outcome, true, now()))
    }

    /// Has the ledger store that the body is about to leave; an error keeps it from leaving.
    async fn mark(
        &self,
        message: &Message,
        marked: &mut Marked,
    ) -> std::result::Result<(), &'static str> {
        if self.round.safe {
            return Ok(());
        }
        let asked = tokio::time::Instant::now();
        let (done, written) = oneshot::channel();
        let entry = Entry::Body { id: message.id, fence: message.fence, done };
        let mine = self.ledger.send(entry).is_ok() && written.await == Ok(true);
        self.app.store.step("mail.marked");
        // A process that was suspended for longer than its claim may have lost it, and must not send.
        let limit = Duration::from_millis(LEASE_MS.unsigned_abs());
        *marked = match (mine, asked.elapsed() < limit) {
            (true, true) => Marked::Yes,
            (true, false) => Marked::TooLate,
            (false, _) => Marked::Lost,
        };
        if *marked == Marked::Yes { Ok(()) } else { Err("the claim has ended") }
    }

    fn outgoing(&self, message: &Message, bytes: Vec<u8>) -> Outgoing {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let name: String = message.message_id.chars().map(plain).collect();
        Outgoing {
            id: message.id,
            from: self.from.of(message.id),
            to: message.to.clone(),
            bytes,
            // The number comes first, so that a folder lists them in the order in which they were queued.
            file_name: format!("{:08}-{name}", message.id),
        }
    }
}
