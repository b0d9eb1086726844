//! A lane sends the messages of a round one after the other over its own connection.

use super::consequence::{Consequence, Refusal, Server, consequence, damaged, unsent};
use super::ledger::Entry;
use super::line::Line;
use super::{Drained, LEASE_MS, Sender};
use crate::app::bounces::EnvelopeSenders;
use crate::app::passing::About;
use crate::app::{App, AppError, Result, millis};
use crate::config::MAIL;
use crate::domain::date::day_of;
use crate::domain::gateway::Service;
use crate::domain::message::AttemptOutcome;
use crate::domain::refusal::{Belief, Cause, Owner, Streak};
use crate::mail::message::{Party, canonical};
use crate::mail::transport::{Connection, Outgoing, Transport};
use crate::store::outbox::{AttemptResult, Claimed, Message};
use chrono_tz::Tz;
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
    /// The service and the zone of its bill; `None` for mail.
    service: Option<(Service, Tz)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Claimed>,
    done: Drained,
    lost_in_a_row: u32,
    health: Health,
    streak: Streak,
    /// Refusals of readers that are not believed yet.
    held: Vec<Held>,
}

/// A refusal that waits for what the server says to the next message.
struct Held {
    message: Message,
    found: Consequence,
    refusal: Refusal,
}

/// Something to store about a message.
struct Stored {
    id: i64,
    fence: i64,
    result: AttemptResult,
    /// The recipient whom the server refused for good, with code and words.
    refusal: Option<(String, u16, String)>,
}

/// How the mail server behaved in a round.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    /// Why it counts as down; with a cause if it does not want mail from us.
    pub(super) down: Option<(String, Option<Cause>)>,
    /// Whether it answered.
    pub(super) answered: bool,
    /// Whether it asked for fewer messages.
    pub(super) slow_down: bool,
    /// For how many seconds it takes nothing.
    pub(super) shut_secs: Option<u32>,
    /// What it refused last, one after the other.
    pub(super) streak: Streak,
}

impl Round {
    pub(super) fn new(claimed: Vec<Claimed>, streak: Streak, line: &Line, done: Drained) -> Self {
        let state = State { waiting: claimed.into(), streak, done, ..State::default() };
        let (safe, transport) = (line.safe, line.transport.clone());
        Self { safe, transport, service: line.service, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn health(&self) -> Health {
        let state = self.state();
        Health { streak: state.streak.clone(), ..state.health.clone() }
    }

    pub(super) fn into_done(self) -> Drained {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).done
    }

    fn is_down(&self) -> bool {
        self.state().health.down.is_some()
    }

    /// The next message. After a refusal it is the one that has waited least: neighbours are often refused alike, and
    /// a message from elsewhere shows whether the server refuses all.
    fn next(&self) -> Option<Claimed> {
        let mut state = self.state();
        if state.streak.is_suspicious() {
            state.waiting.pop_back()
        } else {
            state.waiting.pop_front()
        }
    }

    /// Notes what follows from an attempt, and says what is to be stored: nothing if a refusal is not believed yet,
    /// and with what decides it those that waited for it.
    fn note(&self, message: &Message, found: Consequence) -> Vec<Stored> {
        let mut state = self.state();
        let mut out = Vec::new();
        let Some(refusal) = found.refusal.clone() else {
            if found.server == Server::Takes {
                state.streak.took();
                state.settle(None, &mut out);
            }
            if let Server::Refuses(_, cause) = &found.server {
                state.streak.took();
                state.settle(Some(*cause), &mut out);
            }
            state.heed(&found.server);
            state.store(message, found, None, &mut out);
            return out;
        };
        let reader = canonical(&message.to);
        let before = state.streak.said.clone();
        let answer = refusal.answer();
        let verdict = state.streak.refused(&answer, refusal.cause, message.id, &reader);
        if state.streak.said != before {
            state.settle(None, &mut out);
        }
        state.heed(&found.server);
        match verdict {
            Belief::Believed => state.store(message, found, Some(&refusal), &mut out),
            Belief::Held => {
                let message = message.clone();
                state.held.push(Held { message, found, refusal });
            }
            Belief::Ours => {
                let why = refusal.why.clone();
                state.held.push(Held { message: message.clone(), found, refusal });
                state.settle(Some(Cause::InARow), &mut out);
                state.heed(&Server::Refuses(why, Cause::InARow));
            }
        }
        out
    }

    /// Nothing more is tried in this round: what was held is believed.
    fn settle(&self) -> Vec<Stored> {
        let mut out = Vec::new();
        self.state().settle(None, &mut out);
        out
    }
}

impl State {
    /// Decides about the refusals that are held: believed, or if the server turned out not to want mail from us, put
    /// down to us.
    fn settle(&mut self, ours: Option<Cause>, out: &mut Vec<Stored>) {
        for Held { message, found, refusal } in std::mem::take(&mut self.held) {
            // Where the server says clearly what is wrong with us, what it said clearly of a reader stays true.
            let is_doubted = match ours {
                None => false,
                Some(Cause::InARow) => true,
                Some(_) => refusal.cause == Cause::Unclear,
            };
            if is_doubted {
                let found = Consequence {
                    result: refusal.doubted.clone(),
                    outcome: Some(AttemptOutcome::Waiting),
                    ..found
                };
                self.store(&message, found, None, out);
            } else {
                self.store(&message, found, Some(&refusal), out);
            }
        }
    }

    fn store(
        &mut self,
        message: &Message,
        found: Consequence,
        refusal: Option<&Refusal>,
        out: &mut Vec<Stored>,
    ) {
        if let Some(outcome) = found.outcome {
            self.done.count(outcome);
        }
        let refusal = refusal
            .filter(|refusal| refusal.cause.owner() == Owner::Reader && message.channel == MAIL)
            .map(|refusal| (message.to.clone(), refusal.code, refusal.said.clone()));
        let (id, fence) = (message.id, message.fence);
        out.push(Stored { id, fence, result: found.result, refusal });
    }

    /// Notes what an attempt says about the server.
    fn heed(&mut self, server: &Server) {
        let down = match server {
            Server::Unknown => return,
            Server::Takes | Server::Answers | Server::Patience => {
                self.lost_in_a_row = 0;
                self.health.answered = true;
                self.health.slow_down |= *server == Server::Patience;
                return;
            }
            Server::Lost(why) => {
                self.lost_in_a_row += 1;
                if self.lost_in_a_row < LOST_MAX && !self.waiting.is_empty() {
                    return;
                }
                (why.clone(), None)
            }
            Server::Closed(why) => {
                self.health.slow_down = true;
                (why.clone(), None)
            }
            Server::Shut(why, secs) => {
                self.health.shut_secs = Some(*secs);
                (why.clone(), None)
            }
            Server::Refuses(why, cause) => {
                self.health.slow_down |= *cause == Cause::Rate;
                (why.clone(), Some(*cause))
            }
        };
        self.done.relay.get_or_insert_with(|| down.0.clone());
        self.health.down.get_or_insert(down);
    }
}

impl App {
    /// Sends the messages of a round over all connections at once.
    pub(super) async fn send_round(
        &self,
        round: &Round,
        connections: &mut [Option<Connection>],
        sender: &Sender<'_>,
        owner: &str,
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
            for stored in round.settle() {
                // If the ledger has ended, nothing can be stored; the claim runs out by itself.
                let _ = send.send(stored.into_entry(None));
            }
            // The ledger ends when the last sender is gone.
            drop(send);
        };
        let ledger = self.keep_ledger(entries, owner, sender.clock);
        let ((), written) = tokio::join!(lanes, ledger);
        written
    }
}

impl Stored {
    fn into_entry(self, about: Option<About>) -> Entry {
        let Self { id, fence, result, refusal } = self;
        Entry::Result { id, fence, result, refusal, about: about.map(Box::new) }
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
            let Some(one) = self.round.next() else { return };
            let verdict = if (self.sender.stop)() || self.round.is_down() || self.is_cut_off() {
                Some(unsent(&one.message))
            } else {
                self.attempt(connection, &one).await
            };
            // Without a consequence another sender has the message and stores its result.
            let Some(verdict) = verdict else { continue };
            for stored in self.round.note(&one.message, verdict) {
                let about = (stored.id == one.message.id).then(|| self.about(&one)).flatten();
                // If the ledger has ended, nothing can be stored; the claim runs out by itself.
                let _ = self.ledger.send(stored.into_entry(about));
            }
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
        if outcome.is_taken() {
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

    /// What history and bill need of a message to a service.
    fn about(&self, one: &Claimed) -> Option<About> {
        let (service, zone) = self.round.service?;
        Some(About {
            channel: one.message.channel.clone(),
            service,
            key: one.message.message_id.clone(),
            number: one.message.to.clone(),
            campaign: one.campaign,
            segments: one.segments,
            day: day_of(zone, self.sender.clock.now()),
        })
    }

    fn outgoing(&self, message: &Message, bytes: Vec<u8>) -> Outgoing {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let name: String = message.message_id.chars().map(plain).collect();
        Outgoing {
            id: message.id,
            from: self.from.of(message.id),
            to: message.to.clone(),
            key: message.message_id.clone(),
            bytes,
            // The number comes first, so that a folder lists them in the order in which they were queued.
            file_name: format!("{:08}-{name}", message.id),
        }
    }
}
