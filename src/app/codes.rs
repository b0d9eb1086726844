//! Opening the booking page without a link: with the code of the register or the number of a document, and a code by
//! text. Nobody learns from it whether the register has somebody.

use super::accounts::{hash_of, secret_text};
use super::booking::{HASH_SHOWN, clerks_link, links};
use super::channels::CODE;
use super::notices::{Numbers, make_text};
use super::unsubscribing::secret;
use super::{App, Loaded, Result, millis, today};
use crate::config::MAIL;
use crate::domain::audit::Action;
use crate::domain::gateway::{Named, segments};
use crate::domain::id::PersonId;
use crate::domain::message::{MailKind, MailState};
use crate::domain::person::Person;
use crate::domain::phone::PhoneNumber;
use crate::domain::resident_id;
use crate::mail::link::message_hash;
use crate::mail::transport::Content;
use crate::store::outbox::{self, NewMessage};
use crate::store::{Tx, people, people_codes, records, sign_in};
use chrono::{DateTime, TimeDelta, Utc};

/// How long a code may be used.
const VALID: TimeDelta = TimeDelta::minutes(10);
/// Codes that may be tried on one form.
const TRIES_MAX: u8 = 5;
/// A person is sent one code in so long a time, and so many in a day. Our choice: texts cost, and annoy.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
const DAY_MAX: u64 = 5;
/// The longest code of a register, or number of a document, that is looked at, in characters.
const WHO_MAX: usize = 64;

/// What came of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedIn {
    /// It is right: the name of each campaign that the person can book in, and the token that opens its page.
    Links(Vec<(String, String)>),
    /// It is wrong.
    Wrong,
    /// It was used, too old, or tried too often.
    Over,
}

impl App {
    /// Whether codes can go out at all.
    pub fn sends_codes(&self) -> bool {
        self.code_channel().is_some()
    }

    /// The first channel for texts that has a template for codes.
    fn code_channel(&self) -> Option<&str> {
        let order = &self.config.reminders.contact_order;
        let can = |name: &&String| {
            let channel = self.config.channels.get(*name).filter(|_| name.as_str() != MAIL);
            channel
                .is_some_and(|one| !one.kind.wants_templates() || one.templates.contains_key(CODE))
        };
        order.iter().find(can).map(String::as_str)
    }

    /// Begins to sign somebody in, whoever it is. Returns the key of the form that takes the code.
    pub async fn begin_sign_in(&self, now: DateTime<Utc>) -> Result<String> {
        let key = secret_text();
        let mut tx = self.store.write().await?;
        sign_in::begin(&mut tx, &hash_of(&key), millis(now)).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Sends a code to whom the register has under a code or the number of a document, where it has a mobile number for
    /// them, a campaign in which they can book, and they were not sent too many. It is done after the form was
    /// answered, so that the answer takes as long for everybody.
    pub async fn send_code(&self, key: &str, who: &str, now: DateTime<Utc>) -> Result<()> {
        let hash = hash_of(key);
        // Whose number is whose may take long to read: nobody who books waits for that.
        let mut tx = self.store.read().await?;
        let Some(person) = found(&mut tx, who).await? else { return Ok(()) };
        let campaigns = self.bookable(&mut tx, &person.id, now).await?;
        let Some(loaded) = campaigns.first() else { return Ok(()) };
        let numbers = Numbers::of(self, &mut tx, today(&loaded.campaign, now)).await?;
        let Some(number) = numbers.of_person(&person) else { return Ok(()) };
        drop(tx);
        let id = person.id.as_str();
        let mut act = self.bookers_act(Action::BookingSignIn, now).await?;
        let tx = act.tx();
        let lately = sign_in::lately(tx, id, millis(now - PAUSE)).await?;
        let in_day = sign_in::lately(tx, id, millis(now - TimeDelta::days(1))).await?;
        if lately > 0 || in_day >= DAY_MAX {
            return Ok(());
        }
        let code = new_code();
        let Some(message) = self.code_message(loaded, (&person, &number), (&hash, &code), now)
        else {
            return Ok(());
        };
        outbox::insert_all(tx, loaded.no, &[message], millis(now)).await?;
        sign_in::sent(tx, &hash, (id, &hash_of(&format!("{key}{code}")))).await?;
        let said = format!("sign-in {}: a code was sent", &hash[..HASH_SHOWN]);
        Ok(act.commit(None, &said).await?)
    }

    /// The message with a code; `None` where no channel can send it.
    fn code_message(
        &self,
        loaded: &Loaded,
        (person, number): (&Person, &PhoneNumber),
        (hash, code): (&str, &str),
        now: DateTime<Utc>,
    ) -> Option<NewMessage> {
        let name = self.code_channel()?;
        let channel = self.config.channels.get(name)?;
        let language = person.language.unwrap_or(loaded.campaign.language);
        let nothing = |_| [(); 4].map(|()| Named { forms: Vec::new() });
        let text = make_text(channel, (CODE, Some(code)), language, nothing).ok()?;
        let key = format!("code/{hash}");
        Some(NewMessage {
            message_id: format!("code.{}@doseplan", message_hash(self.store.secret(), &key)),
            unique_key: key,
            kind: MailKind::Code,
            recipient: number.digits().to_owned(),
            subject: String::new(),
            segments: segments(&text.text),
            bytes: Content::Text(text).bytes(),
            due_at: millis(now),
            send_by: Some(millis(now + VALID)),
            quiet: false,
            zone: loaded.campaign.timezone.name().to_owned(),
            state: MailState::Queued,
            last_error: None,
            channel: name.to_owned(),
            ways: Vec::new(),
        })
    }

    /// Takes the code of a form. A right one works once.
    pub async fn end_sign_in(&self, key: &str, code: &str, now: DateTime<Utc>) -> Result<SignedIn> {
        let hash = hash_of(key);
        let mut act = self.bookers_act(Action::BookingSignIn, now).await?;
        let tx = act.tx();
        let Some(known) = sign_in::find(tx, &hash).await? else { return Ok(SignedIn::Over) };
        let is_over = known.made_at < millis(now - VALID) || known.tries >= TRIES_MAX;
        if is_over {
            return Ok(SignedIn::Over);
        }
        sign_in::tried(tx, &hash).await?;
        let given = hash_of(&format!("{key}{}", code.trim()));
        let Some(person) = known.person.filter(|_| known.code.as_ref() == Some(&given)) else {
            let said = format!("sign-in {}: a wrong code", &hash[..HASH_SHOWN]);
            act.commit(None, &said).await?;
            return Ok(SignedIn::Wrong);
        };
        sign_in::used(tx, &hash).await?;
        let secret = secret(tx).await?;
        let mut out = Vec::new();
        for loaded in self.bookable(tx, &PersonId::new(person.as_str()), now).await? {
            let link = clerks_link(&loaded, &person, now);
            let token = links::make(tx, &secret, &link, now).await?;
            out.push((loaded.campaign.name.clone(), token));
        }
        let said = format!("sign-in {}: {} links", &hash[..HASH_SHOWN], out.len());
        act.commit(None, &said).await?;
        Ok(SignedIn::Links(out))
    }
}

/// Whom the register has under a code or the number of a document.
async fn found(tx: &mut Tx, who: &str) -> Result<Option<Person>> {
    let who = who.trim();
    if who.is_empty() || who.chars().count() > WHO_MAX {
        return Ok(None);
    }
    let code = people_codes::leads(tx, who).await?.unwrap_or_else(|| PersonId::new(who));
    let mut by_code = records::find::<Person>(tx, [code.as_str()]).await?;
    if let Some(known) = by_code.remove(code.as_str()) {
        return Ok(Some(known.value));
    }
    let Some(code) = people::of_document(tx, &resident_id::normal(who)).await? else {
        return Ok(None);
    };
    let mut by_number = records::find::<Person>(tx, [code.as_str()]).await?;
    Ok(by_number.remove(code.as_str()).map(|known| known.value))
}

/// Six random digits.
fn new_code() -> String {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    format!("{:06}", (high ^ low) % 1_000_000)
}
