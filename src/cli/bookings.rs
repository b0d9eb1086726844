//! `doseplan bookings`: who has which seat, what another program booked, and links to the booking page.

use super::chosen::Lines;
use super::output::{Format, Sheet, marked, tell};
use super::{Invocation, exit, parse_day};
use crate::app::booking::ListedBooking;
use crate::domain::permission::Actor;
use chrono::NaiveDate;
use clap::Subcommand;
use std::path::PathBuf;

/// Appointments by slot, and who answered them.
#[derive(Debug, Subcommand)]
pub(super) enum Bookings {
    /// List appointments with their slots
    List {
        /// From this day on [default: today]
        #[arg(long, value_parser = parse_day)]
        from: Option<NaiveDate>,
        /// Only appointments that were confirmed or booked
        #[arg(long)]
        answered: bool,
    },
    /// List who waits for a seat, whoever came first first
    Waiting,
    /// Take in what another program booked: record, person, date, place, slot, state
    Import {
        /// A CSV file or a workbook
        file: PathBuf,
    },
    /// People who ask to be put into the register
    #[command(subcommand)]
    Requests(Requests),
    /// Print a link to the booking page for somebody who cannot find theirs
    Link {
        /// The person's code in the register
        person: String,
    },
}

/// People who ask to be put into the register.
#[derive(Debug, Subcommand)]
pub(super) enum Requests {
    /// List the requests that wait
    List,
    /// Put somebody into the register
    Take {
        /// Number of the request
        id: i64,
        /// The code that they get in the register
        #[arg(long)]
        person: String,
        /// Code of the area where they live
        #[arg(long)]
        area: String,
    },
    /// Refuse a request; what is personal in it is erased
    Refuse {
        /// Number of the request
        id: i64,
    },
}

impl Requests {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let now = invocation.clock.now();
        // The register is everybody's: what differs between campaigns is none of its requests.
        let (app, loaded) = invocation.any_of().await?;
        let by = Actor::CommandLine;
        match self {
            Self::List => {
                let mut sheet = Sheet::new(&["id", "name", "born", "area", "phone", "since"]);
                for (id, one) in app.register_requests().await? {
                    let since = super::job::local(loaded.campaign.timezone, one.made_at);
                    let born = one.born.to_string();
                    sheet.push(vec![id.to_string(), one.name, born, one.area, one.phone, since]);
                }
                invocation.out.sheet(&sheet);
            }
            Self::Take { id, person, area } => {
                app.take_request(&loaded, (*id, person.as_str(), area.as_str()), by, now).await?;
                invocation.out.note("bookings-request-taken", &[("id", id), ("person", person)]);
            }
            Self::Refuse { id } => {
                app.refuse_request(*id, by, now).await?;
                invocation.out.note("bookings-request-refused", &[("id", id)]);
            }
        }
        app.store.close().await;
        Ok(exit::OK)
    }
}

impl Bookings {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::List { from, answered } => list(&invocation, *from, *answered).await,
            Self::Waiting => waiting(&invocation).await,
            Self::Import { file } => import(&invocation, file).await,
            Self::Requests(requests) => requests.run(&invocation).await,
            Self::Link { person } => link(&invocation, person).await,
        }
    }
}

async fn list(
    invocation: &Invocation,
    from: Option<NaiveDate>,
    answered: bool,
) -> anyhow::Result<u8> {
    let (app, meant) = invocation.meant(None).await?;
    let mut all = Lines::of(&meant);
    for loaded in &meant {
        let from = from.unwrap_or_else(|| invocation.today(loaded));
        let mut found = app.bookings(loaded, from).await?;
        found.retain(|one| !answered || one.answer.is_some());
        if invocation.out.format == Format::Json {
            for one in &found {
                all.json(loaded, one);
            }
        } else {
            all.sheet(loaded, sheet(found));
        }
    }
    all.print(invocation);
    Ok(exit::OK)
}

async fn waiting(invocation: &Invocation) -> anyhow::Result<u8> {
    let (app, meant) = invocation.meant(None).await?;
    let mut all = Lines::of(&meant);
    for loaded in &meant {
        let zone = loaded.campaign.timezone;
        let mut sheet = Sheet::new(&["person", "dose", "since"]);
        for one in app.waiting(loaded, invocation.clock.now()).await? {
            let since = super::job::local(zone, one.since);
            if invocation.out.format == Format::Json {
                let line = serde_json::json!({
                    "person": one.person, "dose": one.dose, "since": since
                });
                all.json(loaded, &line);
            } else {
                sheet.push(vec![one.person.to_string(), one.dose.to_string(), since]);
            }
        }
        if invocation.out.format != Format::Json {
            all.sheet(loaded, sheet);
        }
    }
    all.print(invocation);
    Ok(exit::OK)
}

fn sheet(found: Vec<ListedBooking>) -> Sheet {
    let mut sheet = Sheet::new(&["person", "dose", "day", "place", "slot", "state"]);
    for one in found {
        sheet.push(vec![
            one.person.to_string(),
            one.dose.to_string(),
            one.day.to_string(),
            one.place.to_string(),
            one.slot.unwrap_or_default(),
            one.answer.map(|answer| answer.word().to_owned()).unwrap_or_default(),
        ]);
    }
    sheet
}

async fn import(invocation: &Invocation, file: &std::path::Path) -> anyhow::Result<u8> {
    let (rows, issues) = crate::intake::bookings::read(file);
    for issue in &issues {
        tell(&marked(issue, invocation.out));
    }
    let (app, all) = invocation.meant(None).await?;
    let now = invocation.clock.now();
    let done = app.import_bookings(&all, &rows, Actor::CommandLine, now).await?;
    let is_whole = done.refused.is_empty() && !crate::intake::has_errors(&issues);
    if invocation.out.format == Format::Json {
        invocation.out.json(&done);
    } else {
        for one in &done.refused {
            let why = invocation.out.word(&format!("booking-no-{}", one.why));
            invocation.out.note(
                "bookings-refused",
                &[("row", &one.row), ("record", &one.record), ("why", &why)],
            );
        }
        let refused = done.refused.len();
        invocation.out.note(
            "bookings-imported",
            &[("new", &done.new), ("same", &done.same), ("refused", &refused)],
        );
    }
    app.store.close().await;
    Ok(if is_whole { exit::OK } else { exit::FAILED })
}

/// A link for each campaign in which something is due for the person.
async fn link(invocation: &Invocation, person: &str) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    let now = invocation.clock.now();
    let mut lines = Lines::of(&all);
    let mut has_one = false;
    for loaded in &all {
        if let Some(link) = app.booking_link(loaded, person, Actor::CommandLine, now).await? {
            let mut sheet = Sheet::new(&["link"]);
            sheet.push(vec![link]);
            lines.sheet(loaded, sheet);
            has_one = true;
        }
    }
    app.store.close().await;
    if !has_one {
        return Err(invocation.out.fail("bookings-no-link", &[]));
    }
    lines.print(invocation);
    Ok(exit::OK)
}
