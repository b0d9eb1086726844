//! Personal data that go: those of one person on request, and those of a campaign that is long over.
//!
//! Counts stay as they are: area, birth date, sex, groups, tags and records stay, everything that says who it was goes.

use super::erasing_parted::{erase_elsewhere, own_history};
use super::{App, AppError, Result, millis, passing, today};
use crate::config::{Place, TransportKind};
use crate::domain::audit::Action;
use crate::domain::hold::EventKind;
use crate::domain::id::CampaignNo;
use crate::domain::permission::{Actor, Power};
use crate::domain::person::{More, Person};
use crate::domain::phone::PhoneNumber;
use crate::domain::schools::is_row_of;
use crate::mail::message::canonical;
use crate::store::erasing::{self, Naming};
use crate::store::{
    Tx, bookings, calls, copy, homes, installation, mergers, people_codes, receipts, records,
    schools, sign_in, waiting,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
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
        let mut mails = erasing::mails(tx, &id).await?;
        let mut out = Erased { person: id.clone(), ..Erased::default() };
        let mut secrets = secrets(&person);
        let mut known_as = vec![person.clone()];
        // Whoever was merged has rows under the code of before.
        let mut codes = people_codes::of(tx, &id).await?;
        codes.push(id.clone());
        let whose = (codes.as_slice(), &mut known_as);
        out.rows = self.erase_rows(tx, whose, known.recorded_at, &mut secrets).await?;
        let (rows, more) = erase_elsewhere(tx, (&codes, &known_as)).await?;
        out.rows += rows;
        mails.extend(more);
        mails.sort_by_key(|mail| mail.id);
        mails.dedup();
        out.mails = mails.len();
        if mails.iter().any(|mail| matches!(mail.state.as_str(), "sending" | "in_doubt")) {
            return Err(AppError::refused("refused-mail-leaving", &[("code", &id)]));
        }
        for mail in &mails {
            erasing::blank_mail(tx, mail.id).await?;
        }
        erase_words(tx, &person, &secrets, now).await?;
        bookings::forget(tx, &id).await?;
        for code in &codes {
            waiting::forget(tx, code).await?;
            sign_in::forget(tx, code).await?;
            calls::forget(tx, code).await?;
            homes::forget(tx, code).await?;
        }
        schools::forget(tx, &id, |row| known_as.iter().any(|who| is_row_of(row, who))).await?;
        out.uploads = erasing::uploads(tx).await?;
        people_codes::erase(tx, &id, why, millis(now)).await?;
        mergers::forget(tx, &id).await?;
        out.backups = backups(tx).await?;
        let errors = erasing::error_files(tx).await?;
        let said = format!("{id}: {why}");
        act.commit(None, &said).await?;
        out.files = self.erase_files(&mails, &errors, (&codes, &secrets));
        out.is_scrubbed = self.store.scrub().await?;
        self.store.overwrite_deleted(false).await?;
        Ok(out)
    }

    /// Empties the rows that say who somebody is, under each code that they had; returns how many. What they said is
    /// added to `secrets`, and as whom they had the person to `known_as`, which begins with the person as it is.
    async fn erase_rows(
        &self,
        tx: &mut Tx,
        (codes, known_as): (&[String], &mut Vec<Person>),
        recorded_at: i64,
        secrets: &mut Vec<String>,
    ) -> Result<usize> {
        let Some(person) = known_as.first().cloned() else { return Ok(0) };
        let mut rows = 0;
        for code in codes {
            for (kept, old) in own_history(tx, code).await? {
                secrets.extend(self::secrets(&old));
                known_as.push(old.clone());
                let content =
                    serde_json::to_string(&nameless(old)).expect("a person is plain data");
                erasing::rewrite(tx, code, &kept, &content).await?;
                rows += 1;
            }
            erasing::reasons(tx, code).await?;
        }
        secrets.sort();
        secrets.dedup();
        let nameless = nameless(person.clone());
        records::write(tx, [&nameless], recorded_at).await?;
        Ok(rows + 1)
    }

    /// Deletes the mails in the mail folder, and takes the person out of files with refused rows. Returns the files.
    fn erase_files(
        &self,
        mails: &[Naming],
        errors: &[String],
        (codes, secrets): (&[String], &[String]),
    ) -> Vec<PathBuf> {
        let mut out = Vec::new();
        for dir in self.folders() {
            out.extend(mails.iter().flat_map(|mail| letters(dir, mail)));
        }
        // Refused rows of a workbook lie there as one and as CSV.
        let both = |path: &String| ["csv", "xlsx"].map(|end| Path::new(path).with_extension(end));
        for path in errors.iter().flat_map(both) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            // A workbook is packed: it goes as a whole.
            let is_text = path.extension().is_some_and(|end| end == "csv");
            let text = String::from_utf8_lossy(&bytes);
            let is_cell =
                |cell: &str| codes.iter().any(|code| cell.trim().trim_matches('"') == code);
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
        let over: Vec<CampaignNo> = all.iter().filter(over).map(|loaded| loaded.no).collect();
        let mut tx = self.store.write().await?;
        let mails = erasing::campaigns(&mut tx, &over).await?;
        for no in over {
            schools::retain(&mut tx, no).await?;
            calls::retain(&mut tx, no).await?;
            homes::retain(&mut tx, no).await?;
            waiting::retain(&mut tx, no).await?;
        }
        erasing::old_uploads(&mut tx, millis(now - kept)).await?;
        schools::old_lists(&mut tx, millis(now - kept)).await?;
        // A day later everywhere: what has ended opens nothing any more.
        bookings::drop_links(&mut tx, day - TimeDelta::days(2)).await?;
        waiting::drop_given(&mut tx, day - TimeDelta::days(2)).await?;
        erasing::old_codes(&mut tx, millis(now - TimeDelta::days(1))).await?;
        sign_in::drop_old(&mut tx, millis(now - TimeDelta::days(2))).await?;
        // Before it is stored: whoever is cut off in between looks for the letters again.
        self.forget_letters(&mails);
        tx.commit().await?;
        self.forget_refused(now);
        Ok(mails.len())
    }

    /// Deletes the letters and texts in folders that some messages became.
    fn forget_letters(&self, mails: &[Naming]) {
        let known: BTreeMap<i64, &str> =
            mails.iter().map(|mail| (mail.id, mail.message_id.as_str())).collect();
        for dir in self.folders().into_iter().filter(|_| !known.is_empty()) {
            let Ok(entries) = std::fs::read_dir(dir) else { continue };
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let id = name.split_once('-').and_then(|(id, _)| id.parse().ok());
                if let Some(message) = id.and_then(|id: i64| known.get(&id))
                    && is_of(&path, message)
                    && let Err(error) = std::fs::remove_file(&path)
                {
                    tracing::warn!(%error, "a letter that is no longer needed cannot be removed");
                }
            }
        }
    }

    /// The folders into which mails and texts go.
    fn folders(&self) -> Vec<&Path> {
        let mail = &self.config.mail;
        let mails = (mail.transport == TransportKind::Folder).then_some(mail.dir.as_path());
        let channels = self.config.channels.values().filter(|one| one.transport == Place::Folder);
        mails.into_iter().chain(channels.map(|one| one.dir.as_path())).collect()
    }
}

/// Whether a file in a folder is a message: the folder may hold those of another database with the same numbers.
fn is_of(path: &Path, message_id: &str) -> bool {
    std::fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(message_id))
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

/// The texts by which a person could be found.
fn secrets(person: &Person) -> Vec<String> {
    let more = &person.more;
    let contacts = [&person.email, &person.phone, &more.guardian_phone];
    let texts = [&person.name, &more.id_no, &more.guardian, &more.address];
    let texts = texts.into_iter().chain(contacts);
    texts.into_iter().flatten().filter(|text| !text.trim().is_empty()).cloned().collect()
}

/// Takes the texts out of what the database says in words, and forgets addresses that nobody else has.
async fn erase_words(
    tx: &mut Tx,
    person: &Person,
    secrets: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    for secret in secrets {
        if erasing::is_shared(tx, person.id.as_str(), secret).await? {
            continue;
        }
        if secret.contains('@') {
            erasing::address(tx, &canonical(secret)).await?;
        }
        if let Ok(number) = PhoneNumber::first_of(secret) {
            let digits = number.digits();
            if !erasing::is_shared(tx, person.id.as_str(), digits).await? {
                // A guardian or the head of a household is written to about others, too.
                passing::close(tx, digits, "erased", now).await?;
                erasing::number(tx, digits).await?;
            }
            receipts::forget_phone(tx, digits).await?;
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
        name.starts_with(&start) && is_of(path, &mail.message_id)
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
