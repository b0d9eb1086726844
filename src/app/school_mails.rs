//! Lists for schools by mail: to the contact of each school, as a workbook by class. Each version goes out once a day.
//! They name children, so they go to nobody else, and to no group.

use super::notices::Post;
use super::schools::{PaperBook, PaperKind};
use super::{App, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::contact::Contact;
use crate::domain::date::day_end;
use crate::domain::id::AreaCode;
use crate::domain::jurisdiction::{AreaContact, ContactRole, Jurisdiction};
use crate::domain::message::{MailKind, MailState};
use crate::domain::office_mail::{SchoolLetter, SchoolPaper};
use crate::domain::permission::{Actor, Power};
use crate::intake::workbook_out::MIME;
use crate::mail::message::{Attachment, canonical};
use crate::mail::render;
use crate::store::{jurisdictions, unsubscribed};
use crate::text::hex;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Days for which a list is worth sending.
const LIST_DAYS: i64 = 7;
/// Bytes of a version's hash in a key.
const VERSION_BYTES: usize = 8;

/// What became of a school's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListSent {
    /// A mail is queued.
    Queued,
    /// The same list was mailed today.
    Known,
    /// The school has no contact with an address, or the contact wants no mail.
    NoContact,
    /// Mails to the contact's address come back.
    Unroutable,
}

impl ListSent {
    /// The word that stands for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Known => "known",
            Self::NoContact => "no_contact",
            Self::Unroutable => "unroutable",
        }
    }
}

/// A school's list and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct SentList {
    /// The school.
    pub school: AreaCode,
    /// Its name.
    pub name: String,
    /// People on the list.
    pub people: usize,
    /// What became of it.
    pub sent: ListSent,
}

impl App {
    /// Makes the lists of all schools or of one, and mails each to the school's contact.
    pub async fn send_school_papers(
        &self,
        loaded: &Loaded,
        (kind, school): (PaperKind, Option<&AreaCode>),
        (by, now): (Actor<'_>, DateTime<Utc>),
    ) -> Result<Vec<SentList>> {
        let mut act = self.act((by, Power::People), Action::ListSend, now).await?;
        let language = loaded.campaign.language;
        // The same content gives the same bytes for the whole day.
        let made_at = today(&loaded.campaign, now).and_time(NaiveTime::MIN);
        let asked = (kind, school);
        let books = self.papers(&mut act, loaded, asked, (language, made_at), now).await?;
        if books.is_empty() && matches!(by, Actor::Job(_)) {
            return Ok(Vec::new());
        }
        let of = jurisdictions::newest(act.tx()).await?.jurisdiction;
        let unsubscribed = unsubscribed::addresses(act.tx()).await?;
        let (mut out, mut people) = (Vec::new(), 0);
        for book in &books {
            let contact = of.as_ref().and_then(|of| contact_of(of, &book.school));
            let wants = |contact: &Contact| {
                let address = contact.email.as_deref().map(canonical);
                address.is_some_and(|address| !unsubscribed.contains(&address))
            };
            let sent = match contact.filter(wants) {
                None => ListSent::NoContact,
                Some(contact) => {
                    let message =
                        self.message(loaded, &post(loaded, book, kind, contact, now), now)?;
                    let is_bad = message.state == MailState::Unroutable;
                    match self.queue(act.tx(), loaded, message, now).await? {
                        None => ListSent::Known,
                        Some(_) if is_bad => ListSent::Unroutable,
                        Some(_) => ListSent::Queued,
                    }
                }
            };
            if sent == ListSent::Queued {
                people += book.people;
            }
            let (school, name) = (book.school.clone(), book.name.clone());
            out.push(SentList { school, name, people: book.people, sent });
        }
        let queued = out.iter().filter(|one| one.sent == ListSent::Queued).count();
        let said = format!("{} to {queued} schools, {people} people", word(kind));
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(out)
    }
}

/// The school's contact: the one whose office that is, or else whoever coordinates there.
fn contact_of(of: &Jurisdiction, school: &AreaCode) -> Option<Contact> {
    let all = || of.contacts.iter().filter(|one| one.area == *school);
    let with = |one: &&AreaContact| one.contact.email.is_some();
    let own = all().filter(with).find(|one| one.role == ContactRole::School);
    own.or_else(|| all().find(with)).map(|one| one.contact.clone())
}

fn word(kind: PaperKind) -> &'static str {
    match kind {
        PaperKind::Consent => "consent",
        PaperKind::Visit(_) => "visit",
        PaperKind::Missed(_) => "missed",
    }
}

fn post(
    loaded: &Loaded,
    book: &PaperBook,
    kind: PaperKind,
    to: Contact,
    now: DateTime<Utc>,
) -> Post {
    let campaign = &loaded.campaign;
    let day = today(campaign, now);
    let letter = SchoolLetter {
        campaign_name: campaign.name.clone(),
        school_name: book.name.clone(),
        language: campaign.language,
        paper: match kind {
            PaperKind::Consent => SchoolPaper::Consent,
            PaperKind::Visit(_) => SchoolPaper::Visit,
            PaperKind::Missed(until) => SchoolPaper::Missed(until),
        },
        day,
        classes: book.sheets,
        visits: book.visits.clone(),
        people: book.people,
        contact: campaign.coordinator.clone(),
    };
    let version = hex(&Sha256::digest(&book.bytes)[..VERSION_BYTES]);
    let (id, school, address) = (&campaign.id, &book.school, to.email.as_deref().map(canonical));
    let address = hex(&Sha256::digest(address.unwrap_or_default())[..VERSION_BYTES]);
    Post {
        kind: MailKind::School,
        key: format!("school/{id}/{school}/{}/{day}/{version}/{address}", word(kind)),
        to,
        language: campaign.language,
        letter: render::school(&letter),
        send_by: Some(day_end(campaign.timezone, day + TimeDelta::days(LIST_DAYS))),
        personal: false,
        way_out: None,
        attachments: vec![Attachment {
            name: format!("{}-{day}.xlsx", word(kind)),
            mime: MIME.to_owned(),
            bytes: book.bytes.clone(),
        }],
    }
}
