//! The channels beside mail: which there are, what they cost, which templates and names do not fit, which numbers are
//! closed, and a try of one.

use super::notices::ways;
use super::passing;
use super::{App, AppError, Loaded, Result, millis, today};
use crate::config::{ChannelConfig, MAIL, Place};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::gateway::{Card, CardLimit, Named, NoFit, Service, fit, segments};
use crate::domain::id::PlaceCode;
use crate::domain::message::{MailKind, MailState};
use crate::domain::phone::PhoneNumber;
use crate::mail::link::{hook_token, message_hash};
use crate::mail::render::texts;
use crate::mail::transport::Content;
use crate::store::outbox::{self, NewMessage};
use crate::store::receipts::{self, StoredReply};
use crate::store::reminders::Kind;
use crate::store::ways::{Passage, Spent, of_person, passages, spent, spent_on};
use crate::text::say;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// A channel as `channels list` shows it.
#[derive(Debug, Serialize)]
pub struct ChannelLine {
    /// Its name.
    pub name: String,
    /// Which service.
    pub kind: &'static str,
    /// Why it cannot be used; `None` if it can.
    pub wrong: Option<String>,
    /// Messages that wait for it.
    pub queued: u64,
    /// Messages of it that are in doubt.
    pub in_doubt: u64,
    /// Parts of today's bill.
    pub segments_today: u64,
    /// The most of them a day.
    pub segments_per_day: Option<u64>,
    /// Where its service hands over receipts and replies, below the daemon's address.
    pub hook: Option<String>,
}

/// A template as it is registered with a vendor.
#[derive(Debug, Serialize)]
pub struct TemplateLine {
    /// The channel.
    pub channel: String,
    /// The kind of message.
    pub kind: String,
    /// The language.
    pub language: &'static str,
    /// Its number at the vendor, where the configuration has it.
    pub id: String,
    /// Its text in the vendor's form.
    pub text: String,
    /// The variables in their order.
    pub variables: String,
    /// Parts of the bill with every variable at its longest.
    pub segments_max: u32,
}

/// Why a channel cannot say something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// There is no template for it.
    NoTemplate,
    /// A variable cannot be used.
    Variable(NoFit),
    /// No name of the campaign's vaccine is short enough: it is called this.
    Unnamed(String),
}

impl Misfit {
    /// In a reader's language.
    #[must_use]
    pub fn said(&self, language: Language) -> String {
        match self {
            Self::NoTemplate => say(language, "misfit-no-template", &[]),
            Self::Variable(NoFit::TooLong(value, most)) => {
                say(language, "misfit-too-long", &[("value", value), ("most", most)])
            }
            Self::Variable(NoFit::Link(value)) => say(language, "misfit-link", &[("value", value)]),
            Self::Variable(NoFit::Empty) => say(language, "misfit-empty", &[]),
            Self::Unnamed(called) => called.clone(),
        }
    }
}

/// Something that does not fit a channel's templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The channel.
    pub channel: String,
    /// The place, the kind of message without a template, or the campaign.
    pub what: String,
    /// Why.
    pub why: Misfit,
}

/// A number that no text goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedNumber {
    /// The number.
    pub number: String,
    /// Since when, milliseconds since 1970; `None` for one that too many people share.
    #[serde(skip)]
    pub at: Option<i64>,
    /// Why.
    pub why: String,
}

/// The kinds of message that go to people by text.
pub const KINDS: [Kind; 4] = [Kind::Tomorrow, Kind::Moved, Kind::Cancelled, Kind::Overdue];

/// The template of the text with a code.
pub(super) const CODE: &str = "code";

impl App {
    /// Every configured channel.
    pub async fn channels(&self, now: DateTime<Utc>) -> Result<Vec<ChannelLine>> {
        let mut out = Vec::new();
        let mut tx = self.store.read().await?;
        let mut counts: BTreeMap<(String, MailState), u64> = BTreeMap::new();
        for (channel, state, count) in outbox::counts_by_channel(&mut tx).await? {
            counts.insert((channel, state), count);
        }
        for (name, channel) in &self.config.channels {
            let count = |state| counts.get(&(name.clone(), state)).copied().unwrap_or(0);
            let day = crate::domain::date::day_of(channel.zone, now);
            let takes = !channel.kind.is_robot() && channel.transport == Place::Service;
            out.push(ChannelLine {
                name: name.clone(),
                kind: channel.kind.word(),
                wrong: self.channel_transport(name).err().map(|error| error.to_string()),
                queued: count(MailState::Queued) + count(MailState::Sending),
                in_doubt: count(MailState::InDoubt),
                segments_today: spent_on(&mut tx, name, day).await?,
                segments_per_day: channel.segments_per_day,
                hook: takes.then(|| self.hook(name, channel)),
            });
        }
        Ok(out)
    }

    /// Where a service hands over what it has to say. An own gateway signs it; the address itself is the secret of
    /// others.
    fn hook(&self, name: &str, channel: &ChannelConfig) -> String {
        if channel.kind == Service::Webhook {
            return format!("/hooks/{name}");
        }
        format!("/hooks/{name}/{}", hook_token(self.store.secret(), name))
    }

    /// The secret with which an own gateway signs what it hands over; `None` for every other channel.
    pub fn hook_secret(&self, name: &str) -> Result<Option<String>> {
        let Some(channel) = self.config.channels.get(name) else { return Ok(None) };
        let file = channel.hook_secret_file.as_ref().or(channel.secret_file.as_ref());
        let file = file.filter(|_| channel.kind == Service::Webhook);
        file.map(|file| super::outbox::password(file)).transpose()
    }

    /// What every channel cost, by day and campaign.
    pub async fn channel_costs(&self) -> Result<Vec<Spent>> {
        let mut tx = self.store.read().await?;
        Ok(spent(&mut tx).await?)
    }

    /// The templates of all channels, or of services that are not configured yet.
    pub fn templates(&self) -> Vec<TemplateLine> {
        let mut out = Vec::new();
        let texts = self.config.channels.iter().filter(|(_, one)| one.reaches_people());
        for (name, channel) in texts {
            for kind in KINDS.map(Kind::word).into_iter().chain([CODE, "test"]) {
                for language in [Language::ZhCn, Language::En] {
                    out.extend(template(name, channel, kind, language));
                }
            }
        }
        out
    }

    /// The places and kinds of message that do not fit the templates of a campaign's channels.
    pub fn unfit(&self, campaign: &Campaign) -> Vec<Unfit> {
        let mut out = Vec::new();
        let order = &self.config.reminders.contact_order;
        for (name, channel) in self.config.channels.iter().filter(|(name, _)| order.contains(name))
        {
            let codes = self.config.booking.is_on().then_some(CODE);
            for kind in KINDS.map(Kind::word).into_iter().chain(codes) {
                if !channel.kind.wants_templates() || channel.templates.contains_key(kind) {
                    continue;
                }
                out.push(Unfit {
                    channel: name.clone(),
                    what: kind.to_owned(),
                    why: Misfit::NoTemplate,
                });
            }
            for language in [Language::ZhCn, Language::En] {
                let has = |known: &BTreeMap<Language, _>| known.contains_key(&language);
                if !channel.templates.values().any(has) {
                    continue;
                }
                let longest = texts::day(ways::longest_day(), language);
                let somebody = texts::somebody(None, language);
                for (what, named) in [("time", longest), ("name", somebody)] {
                    if let Err(misfit) = fit(&named, channel.variable_max()) {
                        let (what, why) = (what.to_owned(), Misfit::Variable(misfit));
                        out.push(Unfit { channel: name.clone(), what, why });
                    }
                }
            }
            out.extend(unnamed(name, channel, campaign));
            let uses_site = uses(name, channel, "site");
            let sites = campaign.sites.iter().map(|site| &site.code);
            let stops = campaign.stops.iter().map(|stop| &stop.code);
            for code in sites.chain(stops).filter(|_| uses_site) {
                if let Err(misfit) = fits(channel, campaign, code) {
                    let (what, why) = (code.to_string(), Misfit::Variable(misfit));
                    out.push(Unfit { channel: name.clone(), what, why });
                }
            }
        }
        out
    }

    /// The numbers that no text goes to, and how many people have something else in place of a number.
    pub async fn closed_numbers(&self, now: DateTime<Utc>) -> Result<(Vec<ClosedNumber>, usize)> {
        let mut tx = self.store.read().await?;
        let closed = receipts::closed(&mut tx).await?;
        let today = now.date_naive();
        // Where texts are written it is read once a day, by a calendar that may be ahead of this one.
        let will_do = |day| day == today || Some(day) == today.succ_opt();
        let census = self.census_on(&mut tx, today, will_do).await?;
        let mut out: Vec<ClosedNumber> = closed
            .into_iter()
            .map(|(number, (at, why))| ClosedNumber { number, at: Some(at), why })
            .collect();
        let why = format!("more than {} households have it", ways::SHARED_MAX);
        out.extend(census.shared().map(|number| ClosedNumber {
            number: number.digits().to_owned(),
            at: None,
            why: why.clone(),
        }));
        Ok((out, census.unusable))
    }

    /// Lets texts go to a number again; `false` if it was not closed.
    pub async fn open_number(&self, text: &str) -> Result<bool> {
        let number = PhoneNumber::parse(text)
            .map_err(|error| AppError::refused("refused-number", &[("said", &error)]))?;
        let mut tx = self.store.write().await?;
        let done = receipts::forget_phone(&mut tx, number.digits()).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Closes a number by hand: whoever phones and asks for no more texts.
    pub async fn close_number(&self, text: &str, why: &str, now: DateTime<Utc>) -> Result<()> {
        let number = PhoneNumber::parse(text)
            .map_err(|error| AppError::refused("refused-number", &[("said", &error)]))?;
        let mut tx = self.store.write().await?;
        passing::close(&mut tx, number.digits(), why, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What people wrote back, the newest first.
    pub async fn replies(&self, all: bool, limit: i64) -> Result<Vec<StoredReply>> {
        let mut tx = self.store.read().await?;
        Ok(receipts::replies(&mut tx, all, limit).await?)
    }

    /// Notes that somebody has dealt with a reply; `false` if there is none that waits.
    pub async fn reply_done(&self, id: i64, by: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.store.write().await?;
        let done = receipts::reply_done(&mut tx, id, by, millis(now)).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// What happened to a message.
    pub async fn passages(&self, id: i64) -> Result<Vec<Passage>> {
        let mut tx = self.store.read().await?;
        Ok(passages(&mut tx, id).await?)
    }

    /// The reminders of a person, each with its history.
    pub async fn histories_of(&self, person: &str) -> Result<Vec<(outbox::Message, Vec<Passage>)>> {
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        for id in of_person(&mut tx, person).await? {
            if let Some(message) = outbox::find(&mut tx, id).await? {
                let passages = passages(&mut tx, id).await?;
                out.push((message, passages));
            }
        }
        Ok(out)
    }

    /// Queues a try of a channel: a card, or a text to a number. Returns the number of the message.
    pub async fn test_channel(
        &self,
        loaded: &Loaded,
        name: &str,
        to: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<i64> {
        let channel = self.channel(name)?;
        let language = channel.language.unwrap_or(loaded.campaign.language);
        let (recipient, content, count) = if channel.kind.is_robot() {
            (name.to_owned(), test_card(name, channel, language), 0)
        } else {
            let missing = || AppError::refused("refused-test-number", &[("name", &name)]);
            let number = PhoneNumber::parse(to.ok_or_else(missing)?)
                .map_err(|error| AppError::refused("refused-number", &[("said", &error)]))?;
            let kind = if channel.templates.contains_key("test") { "test" } else { "tomorrow" };
            let day = today(&loaded.campaign, now);
            let text = ways::make(channel, (kind, None), language, |language| {
                [
                    sample("sms-name-sample", language),
                    texts::day(day, language),
                    sample("sms-site-sample", language),
                    sample("sms-vaccine-sample", language),
                ]
            })
            .map_err(|error| {
                AppError::refused("refused-no-text", &[("name", &name), ("said", &error)])
            })?;
            let count = segments(&text.text);
            (number.digits().to_owned(), Content::Text(text), count)
        };
        let key = format!("test/{name}/{}", millis(now));
        let message = NewMessage {
            message_id: format!("test.{}@doseplan", message_hash(self.store.secret(), &key)),
            unique_key: key,
            kind: MailKind::Test,
            recipient,
            subject: say(language, "card-test-title", &[]),
            bytes: content.bytes(),
            due_at: millis(now),
            send_by: None,
            quiet: false,
            zone: loaded.campaign.timezone.name().to_owned(),
            state: MailState::Queued,
            last_error: None,
            channel: name.to_owned(),
            segments: count,
            ways: Vec::new(),
        };
        let mut tx = self.store.write().await?;
        let ids = outbox::insert_all(&mut tx, loaded.no, &[message], millis(now)).await?;
        tx.commit().await?;
        let id = ids.into_iter().next().flatten();
        id.ok_or_else(|| AppError::refused("refused-twice", &[]))
    }

    /// Whether mail is among the ways to people.
    pub fn writes_mail(&self) -> bool {
        self.config.reminders.contact_order.iter().any(|way| way == MAIL)
    }
}

fn sample(key: &str, language: Language) -> Named {
    let short = say(language, "sms-somebody", &[]);
    Named { forms: vec![say(language, key, &[]), short] }
}

fn test_card(name: &str, channel: &ChannelConfig, language: Language) -> Content {
    let card = Card {
        title: say(language, "card-test-title", &[]),
        figure: say(language, "card-test-figure", &[("name", &name)]),
        lines: Vec::new(),
        link: None,
    };
    let text = card.text(CardLimit::of(channel.kind), |count| {
        say(language, "card-more", &[("count", &count)])
    });
    Content::card(&card, text)
}

/// A campaign whose vaccine a channel has no room to name.
fn unnamed(name: &str, channel: &ChannelConfig, campaign: &Campaign) -> Option<Unfit> {
    if campaign.catch_up.is_some() || !uses(name, channel, "vaccine") {
        return None;
    }
    let own = channel.short_names.get(campaign.id.as_str()).map(String::as_str);
    let language = campaign.language;
    let named = texts::vaccines(&[(&campaign.series.name, own)], language);
    let called = fit(&named, channel.variable_max()).ok()?;
    let is_any = texts::vaccines(&[], language).forms.contains(&called);
    let (channel, what) = (name.to_owned(), campaign.id.to_string());
    is_any.then_some(Unfit { channel, what, why: Misfit::Unnamed(called) })
}

/// Whether some template of a channel has a variable.
fn uses(name: &str, channel: &ChannelConfig, variable: &str) -> bool {
    let known = |kind: &str| {
        [Language::ZhCn, Language::En].into_iter().any(|language| {
            let template = template(name, channel, kind, language);
            template.is_some_and(|it| it.variables.split(' ').any(|known| known == variable))
        })
    };
    KINDS.map(Kind::word).into_iter().any(known)
}

/// Whether a place's name fits a channel's variables.
fn fits(
    channel: &ChannelConfig,
    campaign: &Campaign,
    place: &PlaceCode,
) -> std::result::Result<String, NoFit> {
    fit(&ways::site(channel, campaign, place), channel.variable_max())
}

/// A template in the form of its vendor; `None` where there is no text of it.
fn template(
    name: &str,
    channel: &ChannelConfig,
    kind: &str,
    language: Language,
) -> Option<TemplateLine> {
    let own = channel.templates.get(kind).and_then(|known| known.get(&language));
    let pattern = own.and_then(|own| own.text.clone());
    let pattern =
        pattern.or_else(|| texts::delivered(language, kind, channel.names_vaccine(own)))?;
    let variables = texts::variables(&pattern);
    let marks: Vec<(String, String)> = (1..)
        .zip(&variables)
        .map(|(nth, variable)| {
            let mark = match channel.kind {
                Service::Tencent => format!("{{{nth}}}"),
                Service::Aliyun => format!("${{{variable}}}"),
                _ => format!("{{{variable}}}"),
            };
            ((*variable).to_owned(), mark)
        })
        .collect();
    let sign = channel.sign.as_deref().unwrap_or_default();
    let longest: Vec<(String, String)> = variables
        .iter()
        .map(|variable| ((*variable).to_owned(), "字".repeat(channel.variable_max())))
        .collect();
    Some(TemplateLine {
        channel: name.to_owned(),
        kind: kind.to_owned(),
        language: language.tag(),
        id: own.map(|own| own.id.clone()).unwrap_or_default(),
        text: texts::filled(&pattern, &marks, ""),
        variables: variables.join(" "),
        segments_max: segments(&texts::filled(&pattern, &longest, sign)),
    })
}
