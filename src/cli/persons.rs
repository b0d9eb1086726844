//! `doseplan persons`: the register, and one person of it.

use super::import::{self, Mapped};
use super::output::{Format, NONE, Sheet, harmless};
use super::{Invocation, exit, workbook};
use crate::app::import::Kind;
use crate::app::people::{Answered, DoseLine, ListRow, PersonFile};
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

async fn show(invocation: &Invocation, code: &str) -> anyhow::Result<u8> {
    let file = file_of(invocation, code).await?;
    let out = invocation.out;
    if out.format != Format::Table {
        out.thing(&file);
        return Ok(exit::OK);
    }
    out.sheet(&who(&file));
    let mut doses = Sheet::new(&["record", "date", "place", "product", "lot", "campaign", "dose"]);
    for DoseLine { dose, counts } in &file.doses {
        let counts = counts.iter().map(|one| {
            let mark = if one.valid { "" } else { " !" };
            format!("{} {}{mark}", one.campaign, one.number)
        });
        doses.push(vec![
            harmless(dose.record.as_str()),
            dose.date.to_string(),
            harmless(dose.place.as_str()),
            harmless(dose.product.as_deref().unwrap_or_default()),
            dose.lot.as_ref().map(ToString::to_string).unwrap_or_default(),
            if dose.elsewhere { out.word("person-elsewhere") } else { String::new() },
            counts.collect::<Vec<_>>().join(", "),
        ]);
    }
    let mut outcomes = Sheet::new(&["record", "date", "outcome", "until", "vaccine"]);
    for one in &file.outcomes {
        outcomes.push(vec![
            harmless(one.record.as_str()),
            one.date.to_string(),
            one.outcome.to_string(),
            one.until.map(|day| day.to_string()).unwrap_or_default(),
            harmless(one.vaccine.as_deref().unwrap_or_default()),
        ]);
    }
    let mut due = Sheet::new(&["campaign", "dose", "earliest", "recommended"]);
    for one in &file.due {
        let (earliest, recommended) = (one.earliest.to_string(), one.recommended.to_string());
        due.push(vec![one.campaign.clone(), one.dose.to_string(), earliest, recommended]);
    }
    let mut appointments = Sheet::new(&["campaign", "dose", "day", "place", "ended"]);
    for one in &file.appointments {
        appointments.push(vec![
            one.campaign.clone(),
            one.dose.to_string(),
            one.day.to_string(),
            harmless(&one.place),
            one.ended.clone().unwrap_or_default(),
        ]);
    }
    let mut mails = Sheet::new(&["id", "campaign", "day", "to", "subject", "state"]);
    for one in &file.mails {
        mails.push(vec![
            one.id.to_string(),
            one.campaign.clone(),
            one.day.to_string(),
            harmless(&one.to),
            harmless(&one.subject),
            one.state.clone(),
        ]);
    }
    let (visits, answers, lists) = (visits(invocation, &file), answers(&file), lists(&file));
    for sheet in [doses, outcomes, due, appointments, visits, mails, answers, lists] {
        if !sheet.is_empty() {
            out.sheet(&sheet);
        }
    }
    Ok(exit::OK)
}

/// Which appointments to come are one visit, and why others are not.
fn visits(invocation: &Invocation, file: &PersonFile) -> Sheet {
    let mut sheet = Sheet::new(&["campaign", "day", "one_visit"]);
    for one in &file.visits {
        let words = harmless(&one.words(invocation.out.language));
        sheet.push(vec![one.campaign.clone(), one.day.to_string(), words]);
    }
    sheet
}

/// What guardians answered; what was answered before is left out.
fn answers(file: &PersonFile) -> Sheet {
    let mut sheet = Sheet::new(&["campaign", "date", "consent", "by", "reason"]);
    for Answered { campaign, consent, .. } in
        file.answers.iter().filter(|one| one.superseded_at.is_none())
    {
        sheet.push(vec![
            campaign.clone(),
            consent.day.to_string(),
            consent.answer.to_string(),
            harmless(consent.given_by.as_deref().unwrap_or_default()),
            harmless(consent.reason.as_deref().unwrap_or_default()),
        ]);
    }
    sheet
}

/// Rows of lists that say who it is.
fn lists(file: &PersonFile) -> Sheet {
    let mut sheet = Sheet::new(&["row", "class", "name", "born", "guardian", "reason"]);
    for ListRow { row, pupil } in &file.lists {
        sheet.push(vec![
            row.clone(),
            harmless(pupil.class.as_deref().unwrap_or_default()),
            harmless(&pupil.name),
            pupil.born.to_string(),
            harmless(pupil.guardian.as_deref().unwrap_or_default()),
            harmless(pupil.reason.as_deref().unwrap_or_default()),
        ]);
    }
    sheet
}

/// The person, by the columns of a file; empty ones are left out.
fn who(file: &PersonFile) -> Sheet {
    let mut sheet = Sheet::new(&["key", "value"]);
    let cells = columns().into_iter().zip(row(file));
    for (column, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        sheet.push(vec![column.to_owned(), harmless(&cell)]);
    }
    if !file.also.is_empty() {
        sheet.push(vec!["also".to_owned(), file.also.join(" ")]);
    }
    sheet
}

/// The columns of persons.csv.
fn columns() -> Vec<&'static str> {
    vec![
        "person",
        "area",
        "born",
        "name",
        "sex",
        "group",
        "tags",
        "email",
        "phone",
        "language",
        "household",
        "opt_out",
        "id_no",
        "guardian",
        "guardian_phone",
        "unit",
        "school",
        "class",
        "address",
        "died",
        "mother_hbsag",
        "birth_weight",
    ]
}

fn row(file: &PersonFile) -> Vec<String> {
    cells(&file.person.person)
}

/// A person as a row of persons.csv.
fn cells(person: &crate::domain::person::Person) -> Vec<String> {
    let more = &person.more;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let groups: Vec<&str> = person.groups.iter().map(crate::domain::id::GroupId::as_str).collect();
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    vec![
        person.id.to_string(),
        person.area.to_string(),
        person.born.to_string(),
        text(&person.name),
        person.sex.letter().to_owned(),
        groups.join(";"),
        person.tags.join(" "),
        text(&person.email),
        text(&person.phone),
        person.language.map(|language| language.tag().to_owned()).unwrap_or_default(),
        text(&person.household),
        yes(person.opt_out),
        text(&more.id_no),
        text(&more.guardian),
        text(&more.guardian_phone),
        text(&more.unit),
        text(&more.school),
        text(&more.class),
        text(&more.address),
        more.died.map(|day| day.to_string()).unwrap_or_default(),
        more.mother_hbsag.map(yes).unwrap_or_default(),
        more.birth_weight.map(|grams| grams.to_string()).unwrap_or_default(),
    ]
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
