//! The checks of an installation that need no more than its database, its configuration and its mail server. Each says
//! what it found and what to do about it.

use super::channels::{Misfit, Unfit};
use super::findings::{Findings, Mark};
use super::problems::Problem;
use super::{App, Result};
use crate::config::TransportKind;
use crate::domain::refusal::Cause;
use crate::mail::message::Party;
use crate::mail::transport::Transport;
use crate::text::harmless;
use chrono::{DateTime, Utc};

mod files;

pub(super) use files::FREE_MB_MIN;
pub use files::{
    audit_key, clocks, disk, mail_folder, oidc, password_file, rights, second_factors, shell_word,
};

/// The name of a cause in the catalogue.
pub fn why(cause: Option<Cause>) -> &'static str {
    cause.map_or("lost", Cause::word)
}

/// Whether mail may be sent from this installation.
pub async fn installed(findings: &mut Findings<'_>, app: &App, now: DateTime<Utc>) -> Result<()> {
    match app.held(now).await? {
        None => findings.line(Mark::Ok, "doctor-installation", &[]),
        Some(hold) => {
            let said = hold.words(findings.language());
            let told: &[(&str, &dyn std::fmt::Display)] =
                &[("said", &said), ("remedy", &hold.remedy())];
            findings.line(Mark::Warn, "doctor-held", told);
        }
    }
    Ok(())
}

/// The problems of each campaign.
pub async fn campaigns(findings: &mut Findings<'_>, app: &App, now: DateTime<Utc>) -> Result<()> {
    let all = app.campaigns().await?;
    if all.is_empty() {
        findings.line(Mark::Warn, "doctor-no-campaign", &[]);
    }
    for loaded in all {
        let status = app.status(&loaded, None, now).await?;
        let id = loaded.campaign.id.as_str();
        if status.problems.is_empty() {
            findings.line(Mark::Ok, "doctor-campaign", &[("id", &id)]);
        } else {
            let count = status.problems.len();
            findings.line(
                Mark::Warn,
                "doctor-campaign-problems",
                &[("id", &id), ("count", &count)],
            );
        }
    }
    Ok(())
}

/// Whether the mail server takes our login, or the folder for mails can be written.
pub async fn mail(findings: &mut Findings<'_>, app: &App) {
    let config = &app.config.mail;
    if let Err(error) = config.from.parse::<Party>() {
        findings.line(Mark::Fail, "doctor-mail-from", &[("said", &error)]);
    }
    let transport = match app.transport() {
        Ok(transport) => transport,
        Err(error) => {
            findings.line(Mark::Fail, "doctor-mail-bad", &[("said", &error)]);
            return;
        }
    };
    if config.transport == TransportKind::Folder {
        return mail_folder(findings, &config.dir);
    }
    let host = config.host.clone().unwrap_or_default();
    match transport.open().await {
        Ok(open) => {
            open.quit().await;
            findings.line(Mark::Ok, "doctor-mail-smtp", &[("host", &host)]);
        }
        Err(outcome) => {
            let said = outcome.to_string();
            findings.line(Mark::Fail, "doctor-mail-smtp-bad", &[("host", &host), ("said", &said)]);
        }
    }
}

/// Whether sending to the mail server is paused, and what the server said.
pub async fn relay(findings: &mut Findings<'_>, app: &App) -> Result<()> {
    let mut tx = app.store.read().await?;
    for problem in app.relay_problems(&mut tx).await? {
        let Problem::Relay { relay, cause, said, .. } = problem else { continue };
        let (said, why) = (harmless(&said), why(cause));
        let told: &[(&str, &dyn std::fmt::Display)] =
            &[("relay", &relay), ("said", &said), ("why", &why)];
        findings.line(Mark::Warn, "problem-relay", told);
    }
    Ok(())
}

/// The channels: whether each can be used, and which templates, names and numbers do not fit.
pub async fn channels(findings: &mut Findings<'_>, app: &App, now: DateTime<Utc>) -> Result<()> {
    if app.config.channels.is_empty() {
        return Ok(());
    }
    for line in app.channels(now).await? {
        let (key, mark) = match &line.wrong {
            None => ("doctor-channel", Mark::Ok),
            Some(_) => ("doctor-channel-bad", Mark::Fail),
        };
        let said = line.wrong.as_deref().map(harmless).unwrap_or_default();
        findings.line(mark, key, &[("name", &line.name), ("kind", &line.kind), ("said", &said)]);
        proxy(findings, app, &line.name).await;
    }
    // Campaigns share templates and places: what does not fit is said once.
    let mut all: Vec<Unfit> = Vec::new();
    for loaded in app.campaigns().await?.iter().filter(|loaded| loaded.is_open) {
        for unfit in app.unfit(&loaded.campaign) {
            if all.contains(&unfit) {
                continue;
            }
            let said = unfit.why.said(findings.language());
            let (what, said) = (harmless(&unfit.what), harmless(&said));
            let told: &[(&str, &dyn std::fmt::Display)] =
                &[("name", &unfit.channel), ("what", &what), ("said", &said)];
            let key = match unfit.why {
                Misfit::NoTemplate => "doctor-channel-template",
                Misfit::Variable(_) => "doctor-channel-unfit",
                Misfit::Unnamed(_) => "doctor-channel-unnamed",
            };
            findings.line(Mark::Warn, key, told);
            all.push(unfit);
        }
    }
    if app.config.reminders.contact_order.iter().any(|way| way != crate::config::MAIL) {
        let (closed, unusable) = app.closed_numbers(now).await?;
        let shared = closed.iter().filter(|one| one.at.is_none()).count();
        for (key, count) in
            [("doctor-numbers-shared", shared), ("doctor-numbers-unusable", unusable)]
        {
            if count > 0 {
                findings.line(Mark::Warn, key, &[("count", &count)]);
            }
        }
    }
    Ok(())
}

/// Whether the proxy of a channel is there, where it has one.
async fn proxy(findings: &mut Findings<'_>, app: &App, name: &str) {
    let Ok(Transport::Gateway(gateway)) = app.channel_transport(name) else { return };
    let Some(proxy) = &gateway.proxy else { return };
    let said = proxy.reach().await.err().map(|said| harmless(&said));
    let mark = if said.is_some() { Mark::Fail } else { Mark::Ok };
    let key = if said.is_some() { "doctor-proxy-bad" } else { "doctor-proxy" };
    let said = said.unwrap_or_default();
    findings.line(mark, key, &[("name", &name), ("proxy", proxy), ("said", &said)]);
}

/// Whether a daemon works on this database.
pub async fn daemons(findings: &mut Findings<'_>, app: &App, locked: bool) -> Result<bool> {
    let mut tx = app.store.read().await?;
    let looked = app.daemons(&mut tx).await?;
    drop(tx);
    // A daemon that hangs still holds the lock of a SQLite file.
    match (looked, locked) {
        (0, false) => findings.line(Mark::Warn, "doctor-daemon-none", &[]),
        (0, true) => findings.line(Mark::Ok, "doctor-daemon", &[("count", &1)]),
        (count, _) => findings.line(Mark::Ok, "doctor-daemon", &[("count", &count)]),
    }
    Ok(looked > 0 || locked)
}

/// Whether the picture of the summaries can be drawn, with the names that appear in it.
pub async fn font(findings: &mut Findings<'_>, app: &App) -> Result<()> {
    let painter = match app.painter() {
        Ok(painter) => painter,
        Err(error) => {
            findings.line(Mark::Warn, "doctor-font-bad", &[("said", &error)]);
            return Ok(());
        }
    };
    let family = painter.family().to_owned();
    let mut said = None;
    for loaded in app.campaigns().await? {
        let campaign = &loaded.campaign;
        let county = campaign.root().map_or(&campaign.name, |area| &area.name);
        said = said.or(painter.check(&crate::mail::safe::name(county)).err());
    }
    match said {
        None => findings.line(Mark::Ok, "doctor-font", &[("family", &family)]),
        Some(said) => findings.line(Mark::Warn, "doctor-font-bad", &[("said", &said)]),
    }
    Ok(())
}
