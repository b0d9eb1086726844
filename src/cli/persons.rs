//! `doseplan persons`: the register, and one person of it.

use super::import::{self, Mapped};
use super::output::{Format, NONE, Sheet, harmless};
use super::person_show::{cells, columns, show};
use super::{Invocation, exit, workbook};
use crate::app::import::Kind;
use crate::app::people::PersonFile;
use crate::domain::permission::Actor;
use clap::{Args, Subcommand};

/// The register of people.
#[derive(Debug, Subcommand)]
pub(super) enum Persons {
    /// Make a workbook to fill in, with the campaign's codes
    New(workbook::New),
    /// Import persons.csv or a workbook: person, area, born, name, sex, group, tags, email, phone, …
    Import(Mapped),
    /// One person: history, what is due, appointments, messages
    Show {
        /// The person
        code: String,
    },
    /// The register as persons.csv, or all that is known of one person as JSON
    Export {
        /// Only this person, with everything that is known of them, now and before
        #[arg(long, value_name = "CODE")]
        person: Option<String>,
    },
    /// Make two codes one person: the records of the second come to the first, and both codes stay known
    Merge {
        /// The code that stays
        first: String,
        /// The code that leads to it from now on
        second: String,
    },
    /// Codes that became one person's, the newest first
    Merges,
    /// Take a merger back: the code is a person of its own again, with its file, doses, outcomes and appointments
    Unmerge {
        /// The code that leads to another one
        code: String,
        /// What was recorded since stays with the code that stayed
        #[arg(long)]
        keep_later: bool,
    },
    /// Erase who somebody is, wherever it is kept: name, contacts, id number, address, guardian; counts stay
    Erase(Erase),
}

/// Whom to erase.
#[derive(Debug, Args)]
pub(super) struct Erase {
    /// The person
    code: String,
    /// Why: who asked for it, and when
    #[arg(long)]
    reason: String,
}

impl Persons {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::New(new) => workbook::records(&invocation, "persons", new).await,
            Self::Import(file) => import::mapped(&invocation, Kind::Persons, file).await,
            Self::Show { code } => show(&invocation, code).await,
            Self::Export { person: Some(code) } => {
                invocation.out.json(&file_of(&invocation, code).await?);
                Ok(exit::OK)
            }
            Self::Export { person: None } => export(&invocation).await,
            Self::Merge { first, second } => merge(&invocation, (first, second)).await,
            Self::Merges => merges(&invocation).await,
            Self::Unmerge { code, keep_later } => unmerge(&invocation, code, *keep_later).await,
            Self::Erase(erase) => erase.run(&invocation).await,
        }
    }
}

async fn file_of(invocation: &Invocation, code: &str) -> anyhow::Result<PersonFile> {
    let app = invocation.open(false).await?;
    let file = app.person_file(code, Actor::CommandLine, invocation.clock.now()).await;
    app.store.close().await;
    Ok(file?)
}

/// Prints the register; a file of it can be imported again.
async fn export(invocation: &Invocation) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let people = app.register(Actor::CommandLine, invocation.clock.now()).await?;
    app.store.close().await;
    if invocation.out.format == Format::Json {
        invocation.out.json(&people);
        return Ok(exit::OK);
    }
    let mut sheet = Sheet::new(&columns());
    for person in &people {
        sheet.push(cells(&person.person));
    }
    invocation.out.csv(&sheet);
    Ok(exit::OK)
}

async fn merge(invocation: &Invocation, codes: (&str, &str)) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let merged = app.merge_people(codes, Actor::CommandLine, invocation.clock.now()).await?;
    app.store.close().await;
    invocation.out.thing(&merged);
    for (one, other) in &merged.twice {
        let both: [(&str, &dyn std::fmt::Display); 2] = [("one", one), ("other", other)];
        invocation.out.note("person-twice", &both);
    }
    invocation.out.note(
        "person-merged",
        &[
            ("person", &harmless(&merged.person)),
            ("alias", &harmless(&merged.alias)),
            ("doses", &merged.doses),
            ("outcomes", &merged.outcomes),
        ],
    );
    Ok(exit::OK)
}

async fn merges(invocation: &Invocation) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let found = app.mergers().await?;
    let zone = app.jurisdiction().await?.map_or(chrono_tz::Tz::UTC, |places| places.timezone);
    app.store.close().await;
    let mut sheet = Sheet::new(&["alias", "person", "at", "doses", "outcomes"]);
    for one in found {
        let count = |keys: Option<usize>| keys.map_or_else(|| NONE.to_owned(), |it| it.to_string());
        let at = chrono::DateTime::from_timestamp_millis(one.at).unwrap_or_default();
        sheet.push(vec![
            harmless(&one.alias),
            harmless(one.person.as_str()),
            at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string(),
            count(one.moved.as_ref().map(|moved| moved.doses.len())),
            count(one.moved.as_ref().map(|moved| moved.outcomes.len())),
        ]);
    }
    invocation.out.sheet(&sheet);
    Ok(exit::OK)
}

async fn unmerge(invocation: &Invocation, code: &str, keep_later: bool) -> anyhow::Result<u8> {
    let app = invocation.open(false).await?;
    let (by, now) = (Actor::CommandLine, invocation.clock.now());
    let parted = app.unmerge_people(code, keep_later, by, now).await?;
    app.store.close().await;
    let out = invocation.out;
    out.thing(&parted);
    out.note(
        "person-unmerged",
        &[
            ("person", &harmless(&parted.person)),
            ("alias", &harmless(&parted.alias)),
            ("doses", &parted.doses),
            ("outcomes", &parted.outcomes),
        ],
    );
    if !parted.kept.is_empty() {
        let (person, records) = (harmless(&parted.person), harmless(&parted.kept.join(", ")));
        out.note("person-unmerged-kept", &[("person", &person), ("records", &records)]);
    }
    if !parted.back.is_empty() {
        let (alias, records) = (harmless(&parted.alias), harmless(&parted.back.join(", ")));
        out.note("person-unmerged-back", &[("alias", &alias), ("records", &records)]);
    }
    Ok(exit::OK)
}

impl Erase {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let app = invocation.open(false).await?;
        let (by, now) = (Actor::CommandLine, invocation.clock.now());
        let erased = app.erase_person(&self.code, &self.reason, by, now).await?;
        app.store.close().await;
        let out = invocation.out;
        out.thing(&erased);
        for backup in &erased.backups {
            out.note("person-in-backup", &[("backup", &harmless(backup))]);
        }
        if !erased.is_scrubbed {
            out.note("person-not-scrubbed", &[("code", &harmless(&erased.person))]);
        }
        out.note(
            "person-erased",
            &[
                ("person", &harmless(&erased.person)),
                ("rows", &erased.rows),
                ("mails", &erased.mails),
                ("files", &erased.files.len()),
                ("uploads", &erased.uploads),
            ],
        );
        Ok(exit::OK)
    }
}
