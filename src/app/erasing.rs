//! Personal data that go: those of one person on request, and those of a campaign that is long over.
//!
//! Counts stay as they are: area, birth date, sex, groups, tags and records stay, everything that says who it was goes.

use super::{App, AppError, Result, millis, today};
use crate::config::{Place, TransportKind};
use crate::domain::audit::Action;
use crate::domain::hold::EventKind;
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{More, Person};
use crate::domain::phone::PhoneNumber;
use crate::domain::schools::{Decided, Pupil};
use crate::mail::message::canonical;
use crate::store::erasing::{self, Naming};
use crate::store::{Tx, bookings, copy, installation, people_codes, receipts, records, schools};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What erasing did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The code of the person, which stays.
    pub person: String,
    /// Rows of the register's history that were emptied.
    pub rows: usize,
    /// Mails that were emptied.
    pub mails: usize,
    /// Uploaded workbooks that were deleted.
    pub uploads: u64,
    /// Files that were deleted or emptied.
    pub files: Vec<PathBuf>,
    /// Backups made before: they still have it all.
    pub backups: Vec<String>,
    /// Whether the database file was written anew, so that nothing is left on its free pages.
    pub is_scrubbed: bool,
}

impl App {
    /// Erases who a person is, wherever the program keeps it. Doing it twice changes nothing.
    pub async fn erase_person(
        &self,
        code: &str,
        why: &str,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Erased> {
        self.store.overwrite_deleted(true).await?;
        let mut act = self.act((by, Power::Plan), Action::PersonErase, now).await?;
        let tx = act.tx();
        copy::unhurried(tx).await?;
        let known = self.person(tx, code).await?;
        let person = known.value;
        let id = person.id.to_string();
        let mails = erasing::mails(tx, &id).await?;
        if mails.iter().any(|mail| matches!(mail.state.as_str(), "sending" | "in_doubt")) {
            return Err(AppError::refused("refused-mail-leaving", &[("code", &id)]));
        }
        let mut out = Erased { person: id.clone(), mails: mails.len(), ..Erased::default() };
        let mut secrets = secrets(&person);
        out.rows = self.erase_rows(tx, &person, known.recorded_at, &mut secrets).await?;
        for mail in &mails {
            erasing::blank_mail(tx, mail.id).await?;
        }
        erase_words(tx, &person, &secrets).await?;
        bookings::forget(tx, &id).await?;
        schools::forget(tx, &id, |row| is_row_of(row, &person)).await?;
        out.uploads = erasing::uploads(tx).await?;
        people_codes::erase(tx, &id, why, millis(now)).await?;
        out.backups = backups(tx).await?;
        let errors = erasing::error_files(tx).await?;
        let said = format!("{id}: {why}");
        act.commit(None, &said).await?;
        out.files = self.erase_files(&mails, &errors, (&id, &secrets));
        out.is_scrubbed = self.store.scrub().await?;
        self.store.overwrite_deleted(false).await?;
        Ok(out)
    }

    /// Empties the rows that say who somebody is; returns how many. What they said is added to `secrets`.
    async fn erase_rows(
        &self,
        tx: &mut Tx,
        person: &Person,
        recorded_at: i64,
        secrets: &mut Vec<String>,
    ) -> Result<usize> {
        let id = person.id.as_str();
        let mut rows = 0;
        for kept in erasing::kept(tx, id).await? {
            let Ok(old) = serde_json::from_str::<Person>(&kept.content) else { continue };
            secrets.extend(self::secrets(&old));
            let content = serde_json::to_string(&nameless(old)).expect("a person is plain data");
            erasing::rewrite(tx, id, &kept, &content).await?;
            rows += 1;
        }
        secrets.sort();
        secrets.dedup();
        erasing::reasons(tx, id).await?;
        let nameless = nameless(person.clone());
        records::write(tx, [&nameless], recorded_at).await?;
        Ok(rows + 1)
    }

    /// Deletes the mails in the mail folder, and takes the person out of files with refused rows. Returns the files.
    fn erase_files(
        &self,
        mails: &[Naming],
        errors: &[String],
        (code, secrets): (&str, &[String]),
    ) -> Vec<PathBuf> {
        let mut out = Vec::new();
        if self.config.mail.transport == TransportKind::Folder {
            out.extend(mails.iter().flat_map(|mail| letters(&self.config.mail.dir, mail)));
        }
        for channel in self.config.channels.values().filter(|one| one.transport == Place::Folder) {
            out.extend(mails.iter().flat_map(|mail| letters(&channel.dir, mail)));
        }
        for path in errors.iter().map(PathBuf::from) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            // A workbook is packed: it goes as a whole.
            let is_text = path.extension().is_some_and(|end| end == "csv");
            let text = String::from_utf8_lossy(&bytes);
            let is_cell = |cell: &str| cell.trim().trim_matches('"') == code;
            let has_row = || text.lines().any(|line| line.split([',', ';', '\t']).any(is_cell));
            if !is_text || secrets.iter().any(|it| text.contains(it.as_str())) || has_row() {
                out.push(path);
            }
        }
        out.retain(|path| std::fs::remove_file(path).is_ok());
        out
    }

    /// Takes the personal part out of what is left of campaigns that ended long ago, at most once a day. Returns how
    /// many mails it was.
    pub async fn retain(&self, now: DateTime<Utc>) -> Result<usize> {
        let day = now.date_naive();
        {
            let mut last = self.retained.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if last.replace(day) == Some(day) {
                return Ok(0);
            }
        }
        let kept = TimeDelta::days(i64::from(self.config.retention.days));
        let all = self.campaigns().await?;
        let over =
            |loaded: &&super::Loaded| today(&loaded.campaign, now) > loaded.campaign.end + kept;
        let mut mails = 0;
        let mut tx = self.store.write().await?;
        for loaded in all.iter().filter(over) {
            mails += erasing::campaign(&mut tx, loaded.no).await?;
            schools::retain(&mut tx, loaded.no).await?;
        }
        erasing::old_uploads(&mut tx, millis(now - kept)).await?;
        schools::old_lists(&mut tx, millis(now - kept)).await?;
        // A day later everywhere: what has ended opens nothing any more.
        bookings::drop_links(&mut tx, day - TimeDelta::days(2)).await?;
        tx.commit().await?;
        Ok(mails)
    }
}

/// A person without anything that says who it is.
fn nameless(person: Person) -> Person {
    Person {
        name: None,
        email: None,
        phone: None,
        household: None,
        opt_out: true,
        more: Box::new(More { died: person.more.died, ..More::default() }),
        ..person
    }
}

/// Whether a row of a list says who somebody is: by a clerk's decision, the identity number, or name and birth date.
fn is_row_of(row: &Pupil, person: &Person) -> bool {
    let is_decided = matches!(&row.decided, Some(Decided::Person(code)) if *code == person.id);
    let has_number = row.id_no.is_some() && row.id_no == person.more.id_no;
    let is_named = person.name.as_ref() == Some(&row.name) && row.born == person.born;
    is_decided || has_number || is_named
}

/// The texts by which a person could be found.
fn secrets(person: &Person) -> Vec<String> {
    let more = &person.more;
    let contacts = [&person.email, &person.phone, &more.guardian_phone];
    let texts = [&person.name, &more.id_no, &more.guardian, &more.address];
    let texts = texts.into_iter().chain(contacts);
    texts.into_iter().flatten().filter(|text| !text.trim().is_empty()).cloned().collect()
}

/// Takes the texts out of what the database says in words, and forgets addresses that nobody else has.
async fn erase_words(tx: &mut Tx, person: &Person, secrets: &[String]) -> Result<()> {
    for secret in secrets {
        if erasing::is_shared(tx, person.id.as_str(), secret).await? {
            continue;
        }
        if secret.contains('@') {
            erasing::address(tx, &canonical(secret)).await?;
        }
        if let Ok(number) = PhoneNumber::first_of(secret) {
            receipts::forget_phone(tx, number.digits()).await?;
            receipts::forget_replies(tx, number.digits()).await?;
        }
        erasing::said(tx, secret).await?;
        erasing::said(tx, &canonical(secret)).await?;
    }
    Ok(())
}

/// The files of a mail in the mail folder.
fn letters(dir: &Path, mail: &Naming) -> Vec<PathBuf> {
    let start = format!("{:08}-", mail.id);
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let is_its = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The folder may hold mails of another database with the same numbers.
        name.starts_with(&start)
            && std::fs::read(path)
                .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&mail.message_id))
    };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_its).collect()
}

/// The backups that were made, each with its day.
async fn backups(tx: &mut Tx) -> Result<Vec<String>> {
    let made = installation::events_of(tx, EventKind::BackedUp).await?;
    let line = |(at, said): (i64, String)| {
        let day = DateTime::<Utc>::from_timestamp_millis(at).map(|at| at.date_naive().to_string());
        format!("{said} ({})", day.unwrap_or_default())
    };
    Ok(made.into_iter().map(line).collect())
}
