//! By which ways somebody is written to: whose number it is, whether it may be used, and what a text says.

use super::draft::Draft;
use crate::app::assigning::Standing;
use crate::app::{App, Result};
use crate::config::{ChannelConfig, MAIL};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::gateway::{Named, NoFit, fit, segments, short};
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::message::{MailState, Whose};
use crate::domain::notice::{Reminder, ReminderItem, ReminderWhy};
use crate::domain::person::{OutcomeKind, Person};
use crate::domain::phone::PhoneNumber;
use crate::mail::render::texts::{self, variables};
use crate::mail::transport::{Content, Text};
use crate::store::outbox::{NewMessage, NewWay};
use crate::store::receipts;
use crate::store::reminders::Kind;
use crate::store::{Tx, people};
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// The most people outside one household who may have the same number. More, and it is somebody's who enters numbers
/// for others: a clerk's, a school's. Our choice.
pub(in crate::app) const SHARED_MAX: usize = 10;
/// The age from which somebody may be the head of a household, in years.
const HEAD_AGE: i32 = 18;

/// Why no text can be made of something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::app) enum NoText {
    /// The channel has no template for it.
    #[error("no template for {kind} in any language")]
    NoTemplate {
        /// The kind of message.
        kind: String,
    },
    /// A variable does not fit.
    #[error("the variable {variable}: {misfit}")]
    Variable {
        /// Which.
        variable: &'static str,
        /// Why.
        misfit: NoFit,
    },
}

/// The numbers that may be used, as far as they are known.
#[derive(Default)]
pub(in crate::app) struct Numbers {
    closed: BTreeSet<String>,
    /// `None`: no texts go to people at all.
    census: Option<Arc<Census>>,
}

/// Numbers and how many people have them.
#[derive(Debug, Default)]
pub(in crate::app) struct Census {
    /// The homes that a number stands for, at most one more than may share it.
    homes: BTreeMap<PhoneNumber, BTreeSet<String>>,
    /// The number of each household's head.
    heads: BTreeMap<String, PhoneNumber>,
    /// People with something in place of a number that is no mobile number.
    pub(in crate::app) unusable: usize,
}

impl Census {
    fn take(&mut self, person: &Person, today: NaiveDate) {
        let home = home_of(person);
        for cell in [&person.phone, &person.more.guardian_phone].into_iter().flatten() {
            let Ok(number) = PhoneNumber::first_of(cell) else {
                self.unusable += 1;
                continue;
            };
            let homes = self.homes.entry(number.clone()).or_default();
            if homes.len() <= SHARED_MAX {
                homes.insert(home.clone());
            }
            let is_adult =
                today.years_since(person.born).is_some_and(|age| age >= HEAD_AGE.unsigned_abs());
            let is_own = person.phone.as_ref() == Some(cell);
            if is_adult && is_own && !person.opt_out && person.more.died.is_none() {
                self.heads.entry(home.clone()).or_insert(number);
            }
        }
    }

    fn is_shared(&self, number: &PhoneNumber) -> bool {
        self.homes.get(number).is_some_and(|homes| homes.len() > SHARED_MAX)
    }

    /// The numbers that stand for more people than may share one.
    pub(in crate::app) fn shared(&self) -> impl Iterator<Item = &PhoneNumber> {
        self.homes.iter().filter(|(_, homes)| homes.len() > SHARED_MAX).map(|(number, _)| number)
    }
}

/// The key of a person's household. A person without one is a household of their own.
pub(in crate::app) fn home_of(person: &Person) -> String {
    match &person.household {
        Some(household) => format!("h {household}"),
        None => format!("p {}", person.id),
    }
}

/// Everybody's numbers.
async fn census(tx: &mut Tx, today: NaiveDate) -> Result<Census> {
    let mut out = Census::default();
    people::each(tx, |person| out.take(&person, today)).await?;
    Ok(out)
}

impl Numbers {
    /// The numbers of the register, if texts go to people. Whose they are is read once a day.
    pub(in crate::app) async fn of(app: &App, tx: &mut Tx, today: NaiveDate) -> Result<Self> {
        if !app.writes_texts() {
            return Ok(Self::default());
        }
        let census = app.census_on(tx, today, |day| day == today).await?;
        let closed = receipts::closed(tx).await?.into_keys().collect();
        Ok(Self { closed, census: Some(census) })
    }

    /// The numbers by which a person is reached, one after the other: their own, a guardian's, that of the household's
    /// head.
    pub(super) fn of_standing(&self, standing: &Standing) -> Vec<(Whose, PhoneNumber)> {
        let is_gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
        if is_gone { Vec::new() } else { self.all_of(&standing.person) }
    }

    /// The number by which somebody is reached who has not died or moved.
    pub(in crate::app) fn of_person(&self, person: &Person) -> Option<PhoneNumber> {
        self.all_of(person).into_iter().next().map(|(_, number)| number)
    }

    fn all_of(&self, person: &Person) -> Vec<(Whose, PhoneNumber)> {
        let Some(census) = self.census.as_ref().filter(|_| !person.opt_out) else {
            return Vec::new();
        };
        let read = |cell: &Option<String>| PhoneNumber::first_of(cell.as_deref()?).ok();
        let all = [
            (Whose::Own, read(&person.phone)),
            (Whose::Guardian, read(&person.more.guardian_phone)),
            (Whose::Head, census.heads.get(&home_of(person)).cloned()),
        ];
        let mut out: Vec<(Whose, PhoneNumber)> = Vec::new();
        for (whose, number) in all {
            let Some(number) = number else { continue };
            let is_known = out.iter().any(|(_, known)| *known == number);
            let is_open = !self.closed.contains(number.digits()) && !census.is_shared(&number);
            if is_open && !is_known {
                out.push((whose, number));
            }
        }
        out
    }
}

impl App {
    /// Whose number is whose, as it was found on a day that will do; else it is read now and kept for `today`.
    pub(in crate::app) async fn census_on(
        &self,
        tx: &mut Tx,
        today: NaiveDate,
        will_do: impl Fn(NaiveDate) -> bool,
    ) -> Result<Arc<Census>> {
        let kept = || self.census.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().clone().filter(|(day, _)| will_do(*day));
        if let Some((_, census)) = known {
            return Ok(census);
        }
        let census = Arc::new(census(tx, today).await?);
        *kept() = Some((today, Arc::clone(&census)));
        Ok(census)
    }

    /// Forgets whose number is whose: the register has changed.
    pub(in crate::app) fn forget_census(&self) {
        *self.census.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether people are written to by text.
    pub(super) fn writes_texts(&self) -> bool {
        self.config.reminders.contact_order.iter().any(|way| way != MAIL)
    }

    /// Whether whoever has an address is written to there first.
    pub(super) fn mails_first(&self) -> bool {
        self.config.reminders.contact_order.first().is_some_and(|way| way == MAIL)
    }

    /// Gives a message its ways, in the configured order: a service tries the person's number, then a guardian's, then
    /// that of the household's head. A way that cannot be used is left out; without any the message is unroutable, so
    /// that somebody sees it.
    pub(super) fn with_ways(
        &self,
        campaign: &Campaign,
        draft: &Draft,
        mail: NewMessage,
    ) -> NewMessage {
        if draft.numbers.is_empty() {
            return mail;
        }
        let Some((_, part)) = draft.parts.first() else { return mail };
        let text = draft.text_item();
        let (mut ways, mut why) = (Vec::new(), None);
        for name in &self.config.reminders.contact_order {
            if name == MAIL {
                if mail.state == MailState::Queued && !part.email.is_empty() {
                    ways.push(NewWay {
                        channel: MAIL.to_owned(),
                        recipient: mail.recipient.clone(),
                        bytes: mail.bytes.clone(),
                        segments: 0,
                        whose: None,
                    });
                }
                continue;
            }
            let Some(channel) = self.config.channels.get(name) else { continue };
            let Some(item) = text else { continue };
            match text_of(channel, campaign, draft, (part.language, item)) {
                Ok(text) => {
                    let (segments, bytes) = (segments(&text.text), Content::Text(text).bytes());
                    ways.extend(draft.numbers.iter().map(|(whose, number)| NewWay {
                        channel: name.clone(),
                        recipient: number.digits().to_owned(),
                        segments,
                        bytes: bytes.clone(),
                        whose: Some(*whose),
                    }));
                }
                Err(error) => why = why.or_else(|| Some(format!("{name}: {error}"))),
            }
        }
        if ways.is_empty() {
            let last_error = why.or(mail.last_error);
            return NewMessage { state: MailState::Unroutable, last_error, ..mail };
        }
        let first = ways.remove(0);
        NewMessage {
            channel: first.channel,
            recipient: first.recipient,
            bytes: first.bytes,
            segments: first.segments,
            ways,
            state: MailState::Queued,
            last_error: None,
            ..mail
        }
    }
}

/// The vaccines that a draft is about, each once, with the short name that a channel has for it. Vaccines of a catch-up
/// visit are named one by one.
fn vaccines_of<'a>(
    channel: &'a ChannelConfig,
    parts: impl Iterator<Item = &'a Reminder>,
) -> Vec<texts::Vaccine<'a>> {
    let mut out: Vec<texts::Vaccine<'_>> = Vec::new();
    for part in parts {
        let own = channel.short_names.get(part.campaign.as_str()).map(String::as_str);
        for item in &part.items {
            let mut named: Vec<_> =
                item.vaccines.iter().map(|(name, _)| (name.as_str(), None)).collect();
            if named.is_empty() {
                named.push((&part.vaccine_name, own));
            }
            named.retain(|one| !out.contains(one));
            out.extend(named);
        }
    }
    out
}

/// What a text says of one person and the vaccines of one visit.
fn text_of(
    channel: &ChannelConfig,
    campaign: &Campaign,
    draft: &Draft,
    (language, item): (Language, &ReminderItem),
) -> std::result::Result<Text, NoText> {
    let (kind, day, place) = match &item.why {
        // The same text says both: it names the day.
        ReminderWhy::Tomorrow { day, place, .. } | ReminderWhy::Given { day, place, .. } => {
            (Kind::Tomorrow, *day, Some(place.clone()))
        }
        ReminderWhy::Moved { day, place, .. } => (Kind::Moved, *day, Some(place.clone())),
        ReminderWhy::Cancelled { was, was_place, .. } => {
            (Kind::Cancelled, *was, Some(was_place.clone()))
        }
        ReminderWhy::Overdue { since, places } => {
            let first = places.first();
            let named = |site: &&crate::domain::site::Site| Some(&site.name) == first;
            let code = campaign.sites.iter().find(named).map(|site| site.code.clone());
            (Kind::Overdue, *since, code)
        }
    };
    let site = place.map(|place| site(channel, campaign, &place)).unwrap_or_default();
    let link = item.link.as_deref();
    let vaccines = vaccines_of(channel, draft.parts.iter().map(|(_, part)| part));
    make(channel, (kind.word(), link), language, |language| {
        let day = texts::day_and_time(day, item.slot, language);
        let vaccine = texts::vaccines(&vaccines, language);
        [texts::somebody(item.name.as_deref(), language), day, site.clone(), vaccine]
    })
}

/// The forms of a place's name.
pub(in crate::app) fn site(
    channel: &ChannelConfig,
    campaign: &Campaign,
    place: &PlaceCode,
) -> Named {
    let own = channel.short_names.get(place.as_str()).map(String::as_str);
    let Some(found) = campaign.place(place.as_str()) else {
        return short(place.as_str(), own, &[]);
    };
    let mut above = Vec::new();
    let mut next: Option<&AreaCode> = Some(found.area());
    while let Some(area) = next.and_then(|code| campaign.area(code.as_str())) {
        above.push(area.name.as_str());
        next = area.parent.as_ref();
        if above.len() > campaign.areas.len() {
            break;
        }
    }
    short(found.name(), own, &above)
}

/// A text of a channel's template, in the reader's language or another one that the channel has. `secret` is the
/// address at which the reader answers, or the code, for templates that have one.
pub(in crate::app) fn make(
    channel: &ChannelConfig,
    (kind, secret): (&str, Option<&str>),
    wanted: Language,
    forms: impl Fn(Language) -> [Named; 4],
) -> std::result::Result<Text, NoText> {
    let none = || NoText::NoTemplate { kind: kind.to_owned() };
    let known = channel.templates.get(kind);
    let language = match known {
        Some(known) if !known.contains_key(&wanted) => {
            known.keys().next().copied().ok_or_else(none)?
        }
        _ => wanted,
    };
    let template = known.and_then(|known| known.get(&language));
    if template.is_none() && channel.kind.wants_templates() {
        return Err(none());
    }
    let own = template.and_then(|template| template.text.clone());
    let names_vaccine = channel.names_vaccine(template);
    let delivered = || texts::delivered(language, kind, names_vaccine);
    let pattern = own.or_else(delivered).ok_or_else(none)?;
    let [name, time, site, vaccine] = forms(language);
    let mut values = Vec::new();
    for variable in variables(&pattern) {
        if variable == "code" {
            let none = NoText::Variable { variable, misfit: NoFit::Empty };
            values.push((variable.to_owned(), secret.ok_or(none)?.to_owned()));
            continue;
        }
        if variable == "link" {
            let no_link = NoText::Variable { variable, misfit: NoFit::Empty };
            let link = secret.ok_or(no_link)?;
            // Services take no addresses in variables: their template has its beginning, and the token follows.
            let token = link.rsplit('/').next().unwrap_or(link);
            let value = if channel.kind.wants_templates() { token } else { link };
            values.push((variable.to_owned(), value.to_owned()));
            continue;
        }
        let named = match variable {
            "name" => &name,
            "time" => &time,
            "vaccine" => &vaccine,
            _ => &site,
        };
        let value = fit(named, channel.variable_max())
            .map_err(|misfit| NoText::Variable { variable, misfit })?;
        values.push((variable.to_owned(), value));
    }
    let sign = channel.sign.as_deref().unwrap_or_default();
    Ok(Text {
        kind: kind.to_owned(),
        language: language.tag().to_owned(),
        template: template.map(|template| template.id.clone()).unwrap_or_default(),
        text: texts::filled(&pattern, &values, sign),
        values,
    })
}

/// The longest day that a template may have to hold.
pub(in crate::app) fn longest_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 12, 30).expect("a day") + TimeDelta::days(1)
}
