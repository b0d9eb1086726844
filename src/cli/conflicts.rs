//! `doseplan jurisdiction conflicts`: what contradicted when the registers of the campaigns became one.

use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit};
use crate::app::jurisdiction::Decision;
use crate::domain::id::PersonId;
use crate::domain::permission::Actor;
use crate::store::apart::State;
use clap::{Args, Subcommand};
use serde::Serialize;

/// What belongs to all campaigns.
#[derive(Debug, Subcommand)]
pub(super) enum Jurisdiction {
    /// Rows that contradict the register
    #[command(subcommand)]
    Conflicts(Conflicts),
}

/// Rows that contradict the register.
#[derive(Debug, Subcommand)]
pub(super) enum Conflicts {
    /// The people about whom campaigns said different things
    List {
        /// With those that were decided, and the records that got another code
        #[arg(long)]
        all: bool,
    },
    /// Decide about a person
    Resolve(Resolve),
}

/// A decision.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Resolve {
    /// Code of the person
    code: String,
    /// The register is right
    #[arg(
        long,
        required_unless_present_any = ["take", "split"],
        conflicts_with_all = ["take", "split"]
    )]
    keep: bool,
    /// The other row is right
    #[arg(long, conflicts_with = "split")]
    take: bool,
    /// They are two people: the other one gets this code, and the records of that campaign
    #[arg(long, value_name = "NEW_CODE")]
    split: Option<String>,
}

#[derive(Serialize)]
struct View {
    kind: String,
    code: String,
    campaign: String,
    state: State,
    now_code: Option<String>,
    register: Option<String>,
    other: Option<String>,
}

impl Jurisdiction {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let Self::Conflicts(it) = self;
        match it {
            Conflicts::List { all } => list(&invocation, *all).await,
            Conflicts::Resolve(resolve) => resolve.run(&invocation).await,
        }
    }
}

async fn list(invocation: &Invocation, with_all: bool) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let campaigns = app.campaigns().await?;
    let mut views = Vec::new();
    for row in app.conflicts().await? {
        if !with_all && row.apart.state != State::Open {
            continue;
        }
        let campaign = campaigns.iter().find(|loaded| loaded.no == row.apart.campaign);
        views.push(View {
            kind: row.apart.kind,
            code: row.apart.code,
            campaign: campaign.map(|loaded| loaded.campaign.id.to_string()).unwrap_or_default(),
            state: row.apart.state,
            now_code: row.apart.now_code,
            register: row.register,
            other: row.other,
        });
    }
    app.store.close().await;
    if invocation.out.format == Format::Json {
        invocation.out.json(&views);
        return Ok(exit::OK);
    }
    let columns = ["kind", "code", "campaign", "state", "now_code", "register", "other"];
    let mut sheet = Sheet::new(&columns);
    for view in views {
        sheet.push(vec![
            view.kind,
            harmless(&view.code),
            view.campaign,
            view.state.to_string(),
            view.now_code.unwrap_or_default(),
            view.register.unwrap_or_default(),
            view.other.unwrap_or_default(),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

impl Resolve {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let decision = match &self.split {
            Some(new) => Decision::Split(PersonId::new(new.trim())),
            None if self.take => Decision::Take,
            None => Decision::Keep,
        };
        let (code, now) = (self.code.trim(), invocation.clock.now());
        let done = app.decide(code, &decision, Actor::CommandLine, now).await?;
        app.store.close().await;
        if !done {
            return Err(invocation.out.fail("fail-no-conflict", &[("code", &harmless(code))]));
        }
        invocation.out.note("conflict-resolved", &[("code", &harmless(code))]);
        Ok(exit::OK)
    }
}
