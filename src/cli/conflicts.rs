//! `doseplan jurisdiction conflicts`: what contradicted when the campaigns got one register and one set of places.

use super::applied::applied_places;
use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit};
use crate::app::App;
use crate::app::jurisdiction::Decision;
use crate::app::jurisdictions::PlaceConflict;
use crate::domain::id::PersonId;
use crate::domain::permission::Actor;
use crate::store::apart::State;
use clap::{Args, Subcommand};
use serde::Serialize;

/// What campaigns say otherwise than what they share.
#[derive(Debug, Subcommand)]
pub(super) enum Conflicts {
    /// Rows of areas and places that campaigns say otherwise, and people about whom they said different things
    List {
        /// With people that were decided, and the records that got another code
        #[arg(long)]
        all: bool,
    },
    /// Decide about a person, or what a row of areas or places says
    Resolve(Resolve),
}

/// A decision.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Resolve {
    /// Code of the person; for a row its table (areas, sites, teams or stops) and its code
    #[arg(num_args = 1..=2, required_unless_present = "keep", value_name = "CODE|TABLE CODE")]
    code: Vec<String>,
    /// The register or the jurisdiction is right; with an id, that campaign's row
    #[arg(
        long,
        value_name = "ID",
        num_args = 0..=1,
        default_missing_value = KEEP_JURISDICTION,
        required_unless_present_any = ["take", "split"],
        conflicts_with_all = ["take", "split"]
    )]
    keep: Option<String>,
    /// The other row of the person is right
    #[arg(long, conflicts_with = "split")]
    take: bool,
    /// They are two people: the other one gets this code, and the records of that campaign
    #[arg(long, value_name = "NEW_CODE")]
    split: Option<String>,
}

/// The tables whose rows campaigns may say otherwise.
const TABLES: [&str; 4] = ["areas", "sites", "teams", "stops"];

/// What `--keep` calls that which all campaigns share.
const KEEP_JURISDICTION: &str = "jurisdiction";

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

#[derive(Serialize)]
#[serde(untagged)]
enum Either<'a> {
    Place(&'a PlaceConflict),
    Person(&'a View),
}

impl Conflicts {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        match self {
            Self::List { all } => list(invocation, *all).await,
            Self::Resolve(resolve) => resolve.run(invocation).await,
        }
    }
}

async fn people(app: &App, with_all: bool) -> anyhow::Result<Vec<View>> {
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
    Ok(views)
}

async fn list(invocation: &Invocation, with_all: bool) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let places = app.place_conflicts().await?;
    let people = people(&app, with_all).await?;
    app.store.close().await;
    if invocation.out.format == Format::Json {
        let all = people.iter().map(Either::Person).chain(places.iter().map(Either::Place));
        invocation.out.json(&all.collect::<Vec<_>>());
        return Ok(exit::OK);
    }
    let columns = ["kind", "code", "campaign", "state", "now_code", "column", "register", "other"];
    let mut sheet = Sheet::new(&columns);
    for view in people {
        sheet.push(vec![
            view.kind,
            harmless(&view.code),
            view.campaign,
            view.state.to_string(),
            view.now_code.unwrap_or_default(),
            String::new(),
            view.register.unwrap_or_default(),
            view.other.unwrap_or_default(),
        ]);
    }
    for one in &places {
        for (column, held, said) in &one.columns {
            sheet.push(vec![
                one.table.clone(),
                harmless(&one.code),
                one.campaign.to_string(),
                State::Open.to_string(),
                String::new(),
                column.clone(),
                harmless(held),
                harmless(said),
            ]);
        }
    }
    invocation.out.sheet(&sheet);
    if !places.is_empty() {
        invocation.out.note("jurisdiction-conflicts", &[("count", &places.len())]);
    }
    Ok(exit::OK)
}

impl Resolve {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        match (self.code.as_slice(), self.keep.as_deref()) {
            ([table, code], Some(keep)) => place(invocation, (table, code), keep).await,
            // `--keep` before what it keeps has taken the first word of it.
            ([code], Some(table)) if TABLES.contains(&table) => {
                place(invocation, (table, code), KEEP_JURISDICTION).await
            }
            ([], Some(code)) if code != KEEP_JURISDICTION => {
                self.person(invocation, code.trim()).await
            }
            ([code], None | Some(KEEP_JURISDICTION)) => self.person(invocation, code.trim()).await,
            _ => Err(invocation.out.fail("fail-resolve-how", &[])),
        }
    }

    async fn person(&self, invocation: &Invocation, code: &str) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let decision = match &self.split {
            Some(new) => Decision::Split(PersonId::new(new.trim())),
            None if self.take => Decision::Take,
            None => Decision::Keep,
        };
        let now = invocation.clock.now();
        let done = app.decide(code, &decision, Actor::CommandLine, now).await?;
        app.store.close().await;
        if !done {
            return Err(invocation.out.fail("fail-no-conflict", &[("code", &harmless(code))]));
        }
        invocation.out.note("conflict-resolved", &[("code", &harmless(code))]);
        Ok(exit::OK)
    }
}

async fn place(invocation: &Invocation, row: (&str, &str), keep: &str) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let campaign = (keep != KEEP_JURISDICTION).then_some(keep);
    let now = invocation.clock.now();
    let applied = app.resolve_place(row, campaign, Actor::CommandLine, now).await;
    let (applied, mended) = super::broken::mended(invocation, &app, applied, false).await?;
    applied_places(invocation, &applied);
    let (table, code) = (row.0, harmless(row.1));
    invocation.out.note("jurisdiction-resolved", &[("table", &table), ("code", &code)]);
    super::broken::told(invocation, (&applied.broken, false), &mended);
    Ok(exit::OK)
}
