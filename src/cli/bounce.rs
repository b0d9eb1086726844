//! `doseplan bounce`: take in reports of mails that came back, see whose address is at fault, forget it once mended.

use super::job::local;
use super::output::{Format, Out, Sheet};
use super::{Invocation, exit};
use crate::app::bounces::{AddressLine, Taken};
use crate::mail::mailbox::Mailbox;
use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Mails that came back.
#[derive(Debug, Subcommand)]
pub(super) enum Bounce {
    /// Take in reports: a message, a maildir, a folder of messages, an mbox, or `-` for what comes in
    ///
    /// Nothing is moved or deleted there; a report that is read again changes nothing. Ends with 3 where a message
    /// was not understood.
    Import {
        /// The file or folder
        #[arg(default_value = "-")]
        path: PathBuf,
    },
    /// Addresses that mails came back from
    List,
    /// Send mail to an address again that has been mended
    Forget {
        /// The address
        address: String,
        /// Why, for the record
        #[arg(long, default_value = "the address was mended")]
        reason: String,
    },
}

impl Bounce {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let now = invocation.clock.now();
        let code = match self {
            Self::Import { path } => {
                let taken = app.import_bounces(mailbox(path)?, now).await?;
                invocation.out.thing(&taken);
                tell(invocation.out, &taken);
                if taken.not_understood.is_empty() { exit::OK } else { exit::REFUSED }
            }
            Self::List => list(invocation.out, app.bounces().await?),
            Self::Forget { address, reason } => {
                let queued = app.forget_bounces(address, reason, now).await?;
                if let Some(count) = &queued {
                    let arguments: [(&str, &dyn std::fmt::Display); 2] =
                        [("address", address), ("count", count)];
                    invocation.out.note("bounce-forgotten", &arguments);
                } else {
                    invocation.out.note("bounce-none", &[("address", address)]);
                }
                if queued.is_some() { exit::OK } else { exit::FAILED }
            }
        };
        app.store.close().await;
        Ok(code)
    }
}

fn mailbox(path: &Path) -> anyhow::Result<Mailbox> {
    if path == Path::new("-") {
        return Ok(Mailbox::stream("-", std::io::stdin()));
    }
    Mailbox::open(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn tell(out: Out, taken: &Taken) {
    for strange in &taken.not_understood {
        let why = out.word(&format!("bounce-why-{}", strange.why.word()));
        super::output::tell(&format!("{}: {why}", strange.file));
    }
    out.note(
        "bounce-read",
        &[
            ("read", &taken.read),
            ("new", &taken.new.values().sum::<u64>()),
            ("known", &taken.known),
            ("strange", &taken.not_understood.len()),
        ],
    );
    for (kind, count) in &taken.new {
        out.note("bounce-new", &[("kind", kind), ("count", count)]);
    }
    if taken.suppressed > 0 {
        out.note("bounce-suppressed", &[("count", &taken.suppressed)]);
    }
    if taken.held > 0 {
        out.note("bounce-held", &[("count", &taken.held)]);
    }
    if !taken.not_understood.is_empty() {
        out.note("bounce-stays", &[]);
    }
}

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    line: &'a AddressLine,
    since: String,
}

fn list(out: Out, lines: Vec<AddressLine>) -> u8 {
    let since = |line: &AddressLine| local(line.zone.parse().unwrap_or(chrono_tz::UTC), line.since);
    if out.format == Format::Json {
        let view = |line| View { since: since(line), line };
        out.json(&lines.iter().map(view).collect::<Vec<_>>());
        return exit::OK;
    }
    let columns = ["address", "hard", "soft", "policy", "status", "since", "suppressed", "said"];
    let mut sheet = Sheet::new(&columns);
    for line in lines {
        sheet.push(vec![
            line.address.clone(),
            line.hard.to_string(),
            line.soft.to_string(),
            line.policy.to_string(),
            line.status.clone(),
            since(&line),
            if line.suppressed { "yes" } else { "no" }.to_owned(),
            line.said,
        ]);
    }
    out.sheet(&sheet);
    exit::OK
}
