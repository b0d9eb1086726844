//! Staff are mailed their days at work: all of them once, and again when they are no longer as they were told. Nobody
//! gets more than one such mail a day, unless today or tomorrow changes. A mail that waits is made anew.

use super::{Post, end_of};
use crate::app::{App, Loaded, Result, millis};
use crate::config::RosterRule;
use crate::domain::contact::Contact;
use crate::domain::date::day_of;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{Jurisdiction, StaffMember};
use crate::domain::message::{MailKind, MailState};
use crate::domain::office_mail::{DutyChange, DutyDay, DutyLetter};
use crate::domain::roster::Duty;
use crate::mail::message::{Attachment, canonical};
use crate::mail::{calendar, duty_calendar, render};
use crate::store::duties::{self, Mails, Told};
use crate::store::{Tx, briefings, jurisdictions, unsubscribed};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What became of telling staff their days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StaffTold {
    /// Mails queued.
    pub mails: usize,
    /// People whose days changed and who have no address, or want no mail.
    pub silent: usize,
    /// People who hear of it tomorrow, since they had a mail today.
    pub later: usize,
}

/// Somebody's days, as they are and as they were told.
struct News<'a> {
    member: &'a StaffMember,
    /// From today on.
    duties: Vec<Duty>,
    /// As the last mail that left had them, from today on; `None`: there was none.
    before: Option<Vec<Duty>>,
    /// Mails that wait and are no longer true.
    waiting: Vec<i64>,
    mails: Mails,
}

/// What is to be done about somebody.
enum Need<'a> {
    Nothing,
    Silent,
    Later,
    Mail(News<'a>),
    /// The days are as a mail says that left; these wait and are no longer true.
    Withdraw(Vec<i64>),
}

impl App {
    /// Tells staff whose days are not as they were told.
    pub(super) async fn tell_staff(&self, now: DateTime<Utc>) -> Result<StaffTold> {
        let mut tx = self.store.read().await?;
        if !duties::is_any(&mut tx, now.date_naive() - TimeDelta::days(1)).await? {
            return Ok(StaffTold::default());
        }
        drop(tx);
        let mut tx = self.store.write().await?;
        let told = self.tell_staff_in(&mut tx, now).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// The same as part of a change of the roster.
    pub(in crate::app) async fn tell_staff_in(
        &self,
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<StaffTold> {
        let mut out = StaffTold::default();
        let Some(of) = jurisdictions::newest(tx).await?.jurisdiction else { return Ok(out) };
        let campaigns = self.campaigns_in(tx).await?;
        let voice = campaigns.into_iter().find(|one| one.is_open);
        let (Some(voice), RosterRule::Changed) = (voice, self.config.mail.roster) else {
            return Ok(out);
        };
        let unsubscribed = unsubscribed::addresses(tx).await?;
        for need in needs(tx, &of, &unsubscribed, now).await? {
            match need {
                Need::Nothing => {}
                Need::Silent => out.silent += 1,
                Need::Later => out.later += 1,
                Need::Withdraw(waiting) => withdraw(tx, &waiting, now).await?,
                Need::Mail(news) => {
                    out.mails +=
                        usize::from(self.queue_duties(tx, (&of, &voice), &news, now).await?);
                }
            }
        }
        Ok(out)
    }

    async fn queue_duties(
        &self,
        tx: &mut Tx,
        (of, voice): (&Jurisdiction, &Loaded),
        news: &News<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        withdraw(tx, &news.waiting, now).await?;
        let message = self.message(voice, &post(of, voice, news, day_of(of.timezone, now)), now)?;
        let Some(mail) = self.queue(tx, voice, message, now).await? else { return Ok(false) };
        duties::tell(tx, mail, &news.member.code, &news.duties).await?;
        Ok(true)
    }

    /// Which of these mails tell days that are no longer so.
    pub(in crate::app) async fn outdated_rosters(
        &self,
        tx: &mut Tx,
        mails: &[i64],
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>> {
        let Some(of) = jurisdictions::newest(tx).await?.jurisdiction else {
            return Ok(mails.to_vec());
        };
        let day = day_of(of.timezone, now);
        let published = by_person(duties::published(tx, (day, NaiveDate::MAX)).await?);
        let told = duties::of_mails(tx, mails).await?.into_iter();
        let is_wrong = |one: &Told| {
            let is = published.get(&one.staff).map(Vec::as_slice).unwrap_or_default();
            ahead(&one.duties, day) != is
        };
        Ok(told.filter(is_wrong).map(|one| one.mail).collect())
    }
}

async fn withdraw(tx: &mut Tx, mails: &[i64], now: DateTime<Utc>) -> Result<()> {
    for mail in mails {
        briefings::withdraw(tx, *mail, millis(now)).await?;
    }
    Ok(())
}

fn by_person(all: Vec<Duty>) -> BTreeMap<StaffId, Vec<Duty>> {
    let mut out: BTreeMap<StaffId, Vec<Duty>> = BTreeMap::new();
    for duty in all {
        out.entry(duty.staff.clone()).or_default().push(duty);
    }
    out
}

/// The duties from a day on.
fn ahead(duties: &[Duty], day: NaiveDate) -> Vec<Duty> {
    duties.iter().filter(|duty| duty.date >= day).cloned().collect()
}

async fn needs<'a>(
    tx: &mut Tx,
    of: &'a Jurisdiction,
    unsubscribed: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<Vec<Need<'a>>> {
    let day = day_of(of.timezone, now);
    let mut published = by_person(duties::published(tx, (day, NaiveDate::MAX)).await?);
    let (mut told, mails) = (duties::told_last(tx).await?, duties::mails(tx).await?);
    let mut out = Vec::new();
    for member in &of.staff {
        let news = News {
            member,
            duties: published.remove(&member.code).unwrap_or_default(),
            before: None,
            waiting: Vec::new(),
            mails: mails.get(&member.code).copied().unwrap_or_default(),
        };
        let told = told.remove(&member.code).unwrap_or_default();
        out.push(need(news, &told, (day, day_of_mail(of, &told)), unsubscribed));
    }
    Ok(out)
}

/// The day on which the last mail that left was written.
fn day_of_mail(of: &Jurisdiction, told: &[Told]) -> Option<NaiveDate> {
    let left = told.iter().rev().find(|one| one.state != MailState::Queued)?;
    Some(day_of(of.timezone, DateTime::from_timestamp_millis(left.at)?))
}

fn need<'a>(
    mut news: News<'a>,
    told: &[Told],
    (day, mailed): (NaiveDate, Option<NaiveDate>),
    unsubscribed: &BTreeSet<String>,
) -> Need<'a> {
    let address = news.member.email.as_deref().map(canonical).unwrap_or_default();
    // Whoever has another address by now was told nothing there; neither was whom a mail did not reach in time.
    let reached =
        |one: &&Told| one.state != MailState::Expired && canonical(&one.recipient) == address;
    let (waits, left): (Vec<&Told>, Vec<&Told>) =
        told.iter().partition(|one| one.state == MailState::Queued);
    let left = left.into_iter().rfind(reached);
    news.before = left.map(|one| ahead(&one.duties, day));
    let is_known = |one: &Told| ahead(&one.duties, day) == news.duties;
    // Of the mails that wait the last one may be true.
    if waits.last().is_some_and(|one| is_known(one) && canonical(&one.recipient) == address) {
        return Need::Nothing;
    }
    news.waiting = waits.iter().map(|one| one.mail).collect();
    let is_told = match &news.before {
        Some(before) => *before == news.duties,
        None => news.duties.is_empty(),
    };
    if is_told {
        return if news.waiting.is_empty() { Need::Nothing } else { Need::Withdraw(news.waiting) };
    }
    if address.is_empty() || unsubscribed.contains(&address) {
        return Need::Silent;
    }
    let is_second = mailed == Some(day) && left.is_some();
    if is_second && !changes_soon(&news, day) {
        return if news.waiting.is_empty() { Need::Later } else { Need::Withdraw(news.waiting) };
    }
    Need::Mail(news)
}

/// Whether today or tomorrow changes: tomorrow's mail would come too late.
fn changes_soon(news: &News, day: NaiveDate) -> bool {
    let soon = |duties: &[Duty]| {
        let last = day + TimeDelta::days(1);
        duties.iter().filter(|duty| duty.date <= last).cloned().collect::<Vec<_>>()
    };
    soon(&news.duties) != soon(news.before.as_deref().unwrap_or_default())
}

fn post(of: &Jurisdiction, voice: &Loaded, news: &News, today: NaiveDate) -> Post {
    let (member, mails) = (news.member, news.mails);
    let before = news.before.as_deref().unwrap_or_default();
    let is_off = |old: &&Duty| !news.duties.iter().any(|new| new.date == old.date);
    let off: Vec<&Duty> = before.iter().filter(is_off).collect();
    let mine: Vec<&Duty> = news.duties.iter().collect();
    let file = duty_calendar::file_after(of, of.language, member, (&mine, &off), mails.count);
    let last = news.duties.iter().chain(before).map(|duty| duty.date).max();
    let to = Contact { name: member.name.clone(), email: member.email.clone() };
    Post {
        kind: MailKind::Roster,
        key: format!("roster/{}/{}", member.code, mails.last),
        language: of.language,
        letter: render::duties(&letter(of, &to, news)),
        to,
        send_by: end_of(voice, last.unwrap_or(today)),
        // What changes today or tomorrow cannot wait for the morning.
        personal: news.before.is_none() || !changes_soon(news, today),
        way_out: None,
        attachments: vec![Attachment {
            name: "duties.ics".to_owned(),
            mime: calendar::MIME.to_owned(),
            bytes: file.into_bytes(),
        }],
    }
}

fn letter(of: &Jurisdiction, to: &Contact, news: &News) -> DutyLetter {
    let day = |duty: &Duty| {
        let row = of.site_on(&duty.place, duty.date);
        DutyDay {
            day: duty.date,
            place_name: of.post_name(&duty.place, duty.date).to_owned(),
            role: duty.role,
            hours: row.and_then(|row| row.hours),
            address: row.and_then(|row| row.address.clone()),
        }
    };
    DutyLetter {
        jurisdiction: of.name.clone(),
        to: to.clone(),
        language: of.language,
        changes: news
            .before
            .as_deref()
            .map(|old| changes(of, old, &news.duties))
            .unwrap_or_default(),
        days: news.duties.iter().map(day).collect(),
    }
}

/// The days that differ.
fn changes(of: &Jurisdiction, old: &[Duty], new: &[Duty]) -> Vec<DutyChange> {
    let days: BTreeSet<NaiveDate> = old.iter().chain(new).map(|duty| duty.date).collect();
    let on = |some: &[Duty], day: NaiveDate| {
        let found = some.iter().find(|duty| duty.date == day)?;
        Some((of.post_name(&found.place, day).to_owned(), found.role))
    };
    let change = |day: NaiveDate| {
        let (before, after) = (on(old, day), on(new, day));
        (before != after).then_some(DutyChange { day, before, after })
    };
    days.into_iter().filter_map(change).collect()
}
