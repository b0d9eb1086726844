//! Tables of a person's page: outcomes, appointments, calls, messages.

use super::mail::channel;
use super::page::Refusal;
use super::page_context::PageContext;
use super::plan::local;
use super::table::{Cell, Table};
use super::words::T;
use crate::app::people::PersonFile;
use crate::app::visits::VisitLine;
use crate::app::{Loaded, audit_words, passage_words};
use crate::text::harmless;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Name and first day of every campaign, by id.
pub(super) type Campaigns = BTreeMap<String, (String, NaiveDate)>;

/// The campaigns by their ids.
pub(super) fn named(all: &[Loaded]) -> Campaigns {
    let entry = |Loaded { campaign, .. }: &Loaded| {
        (campaign.id.to_string(), (campaign.name.clone(), campaign.start))
    };
    all.iter().map(entry).collect()
}

/// The name of a place or team of any campaign; its code where it has none.
fn name_at(all: &[Loaded], code: &str) -> String {
    let name = all.iter().find_map(|one| {
        let team = || one.campaign.team(code).map(|team| team.name.clone());
        one.campaign.place(code).map(|place| place.name().to_owned()).or_else(team)
    });
    name.map_or_else(|| code.to_owned(), |name| harmless(&name))
}

pub(super) fn name_of(names: &Campaigns, id: &str) -> String {
    names.get(id).map_or_else(|| id.to_owned(), |(name, _)| harmless(name))
}

pub(super) fn reasons(context: &PageContext, file: &PersonFile) -> Table {
    let t = context.t();
    let mut table = Table::of(t, "web-person-outcomes", &["date", "outcome", "until"]);
    for one in &file.outcomes {
        table.rows.push(vec![
            Cell::head(one.date.to_string()),
            Cell::text(t.w(&format!("outcome-{}", one.outcome.word()))),
            Cell::text(one.until.map(|day| day.to_string()).unwrap_or_default()),
        ]);
    }
    table
}

pub(super) fn past(t: T, (all, names): (&[Loaded], &Campaigns), file: &PersonFile) -> Table {
    let keys = ["date", "campaign", "#dose", "place", "ended", "one_visit"];
    let mut table = Table::of(t, "web-person-appointments", &keys);
    for one in file.appointments.iter().rev() {
        let ended = one.ended.as_ref().map(|why| t.w(&format!("ended-{}", why.replace('_', "-"))));
        let is_mine = |line: &&VisitLine| {
            line.campaign == one.campaign && line.day == one.day && one.ended.is_none()
        };
        let visits = file.visits.iter().filter(is_mine).map(|line| line.words(t.0));
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::named(name_of(names, &one.campaign), one.campaign.clone()),
            Cell::number(one.dose.to_string()),
            Cell::named(name_at(all, &one.place), one.place.clone()),
            Cell::text(ended.unwrap_or_else(|| t.w("ended-no"))),
            Cell::text(visits.collect::<Vec<_>>().join("; ")),
        ]);
    }
    table
}

/// Visits at home on adopted rounds.
pub(super) fn homes(t: T, (all, names): (&[Loaded], &Campaigns), file: &PersonFile) -> Table {
    let mut table = Table::of(t, "web-person-homes", &["date", "campaign", "#dose", "team"]);
    for one in file.home_visits.iter().rev() {
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::named(name_of(names, &one.campaign), one.campaign.clone()),
            Cell::number(one.dose.to_string()),
            Cell::named(name_at(all, &one.team), one.team.clone()),
        ]);
    }
    table
}

pub(super) fn calls(context: &PageContext, names: &Campaigns, file: &PersonFile) -> Table {
    let t = context.t();
    let mut table = Table::of(t, "web-person-calls", &["day", "campaign", "result", "who"]);
    for one in file.calls.iter().rev() {
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::named(name_of(names, &one.campaign), one.campaign.clone()),
            Cell::text(t.w(&format!("call-{}", one.result.word()))),
            Cell::text(audit_words::author(t.0, &one.who)),
        ]);
    }
    table
}

pub(super) fn mails(t: T, file: &PersonFile) -> Table {
    let mut table = Table::of(t, "web-person-mails", &["day", "subject", "to", "state"]);
    table.is_private = true;
    for one in file.mails.iter().rev() {
        table.rows.push(vec![
            Cell::head(one.day.to_string()),
            Cell::text(harmless(&one.subject)),
            Cell::text(one.to.clone()),
            Cell::text(t.w(&format!("mail-state-{}", one.state))),
        ]);
    }
    table
}

/// What happened to the messages about somebody, the newest last: by which way, to whose number, with which answer.
pub(super) async fn passages(context: &PageContext, code: &str) -> Result<Table, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let found = context.app().histories_of(code).await;
    let found = found.map_err(|error| context.refusal(&error))?;
    let mut table =
        Table::of(t, "web-person-passages", &["when", "subject", "=channel", "did", "said"]);
    table.is_private = true;
    for (message, passages) in &found {
        for one in passages {
            table.rows.push(vec![
                Cell::head(local(campaign, one.at)),
                Cell::text(harmless(&message.subject)),
                Cell::text(channel(t, &one.channel)),
                Cell::text(t.w(&format!("mail-passage-{}", one.event.word()))),
                Cell::text(passage_words::said(t.0, one)),
            ]);
        }
    }
    Ok(table)
}
