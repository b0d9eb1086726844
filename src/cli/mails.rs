//! What the commands that show and send mails share.

use super::Invocation;
use super::output::{Out, harmless};
use crate::app::App;
use crate::app::outbox::{Drained, Sender};
use crate::clock::Clock;
use crate::domain::refusal::Cause;
use clap::ValueEnum;

/// The part of a mail to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Subject and plain text
    Text,
    /// The HTML page
    Html,
    /// The whole message
    Eml,
}

/// That the mail server cannot be used or does not want mail from us, and what to do.
pub(super) fn relay(out: Out, relay: &str, cause: Option<Cause>, said: &str) -> String {
    out.say(
        "problem-relay",
        &[("relay", &relay), ("said", &harmless(said)), ("why", &crate::app::checks::why(cause))],
    )
}

/// Sends the mails that are due. Says on stderr why mails were held back.
pub(super) async fn drain(
    invocation: &Invocation,
    app: &App,
    clock: &Clock,
) -> anyhow::Result<Drained> {
    let owner = super::daemon::owner();
    let sender = Sender { owner: &owner, clock, stop: &|| false, by_hand: true };
    let done = app.drain(&sender).await?;
    if let Some(relay) = &done.relay {
        invocation.out.note("outbox-relay", &[("said", relay)]);
    }
    if let Some(hold) = &done.held {
        let (said, remedy) = (hold.words(invocation.out.language), hold.remedy());
        invocation.out.note("problem-held", &[("said", &said), ("remedy", &remedy)]);
    }
    Ok(done)
}
