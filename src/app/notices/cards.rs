//! Cards for group chats: the coordinator's summary, the leads' digest, what needs attention at once. They have
//! counts and names of places. Nothing of any person is in them: whoever joins a group later reads all that stands
//! there.

use super::digest::day_rows;
use crate::app::problems::Problem;
use crate::app::{App, Loaded, Result, millis, problems, today};
use crate::config::{CardKind, ChannelConfig};
use crate::domain::campaign::Language;
use crate::domain::gateway::{Card, CardLimit, CardPart};
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::message::{MailKind, MailState};
use crate::mail::link::message_hash;
use crate::mail::render;
use crate::mail::transport::Content;
use crate::store::outbox::{self, NewMessage};
use crate::text::{say, thousands, word};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Exceptions of a summary that a card shows.
const EXCEPTIONS_MAX: usize = 3;

/// A card for one group.
struct Post<'a> {
    name: &'a str,
    channel: &'a ChannelConfig,
    kind: MailKind,
    /// What it is about: a card with the same key is queued once.
    key: String,
    card: Card,
    language: Language,
    send_by: Option<DateTime<Utc>>,
}

impl App {
    fn robots(&self, what: CardKind) -> impl Iterator<Item = (&String, &ChannelConfig)> {
        self.config.channels.iter().filter(move |(_, channel)| channel.posts(what))
    }

    /// The campaign as a group sees it: its own area, or the whole.
    fn seen_by_group(channel: &ChannelConfig, loaded: &Loaded) -> Option<Loaded> {
        let Some(area) = &channel.area else { return Some(loaded.clone()) };
        loaded.campaign.area(area)?;
        Some(loaded.below(&[AreaCode::new(area.as_str())]))
    }

    /// Queues the summaries of a day for the groups. Returns how many are new.
    pub(super) async fn queue_summary_cards(
        &self,
        all: &[Loaded],
        as_of: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut new = 0;
        for (name, channel) in self.robots(CardKind::Summary) {
            for whole in all {
                let Some(loaded) = Self::seen_by_group(channel, whole) else { continue };
                let language = channel.language.unwrap_or(loaded.campaign.language);
                let summary = self.summary(&loaded, as_of, None).await?;
                let alerts = render::alerts(&summary, language);
                let mut lines: Vec<String> =
                    alerts.iter().take(EXCEPTIONS_MAX).map(|alert| alert.text.clone()).collect();
                if alerts.len() > EXCEPTIONS_MAX {
                    let more = alerts.len() - EXCEPTIONS_MAX;
                    lines.push(say(language, "card-more", &[("count", &more)]));
                }
                let campaign = &loaded.campaign;
                let date = render::date(as_of, language);
                let post = Post {
                    name,
                    channel,
                    kind: MailKind::Summary,
                    key: format!("card/summary/{name}/{}/{as_of}", campaign.id),
                    card: Card {
                        title: say(
                            language,
                            "card-summary-title",
                            &[("campaign", &campaign.name), ("date", &date)],
                        ),
                        figure: render::opening(&summary, language),
                        lines,
                        link: link(channel, language, &loaded, "overview", as_of),
                    },
                    language,
                    send_by: super::end_of(&loaded, as_of + TimeDelta::days(1)),
                };
                new += self.queue_card(&loaded, post, now).await?;
            }
        }
        Ok(new)
    }

    /// Queues what the groups of leads have to know of tomorrow: a card for each, with a part for each campaign.
    /// Returns how many cards are new.
    pub(super) async fn queue_digest_cards(
        &self,
        all: &[Loaded],
        tomorrow: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut new = 0;
        for (name, channel) in self.robots(CardKind::Digest) {
            let mut sessions = Vec::new();
            for whole in all {
                let Some(loaded) = Self::seen_by_group(channel, whole) else { continue };
                let doses = self.doses_of_day(&loaded, tomorrow).await?;
                // A day without sessions is nothing to tell a group.
                if !doses.is_empty() {
                    sessions.push(Sessions { loaded, doses });
                }
            }
            let Some(first) = sessions.first() else { continue };
            let language = channel.language.unwrap_or(first.loaded.campaign.language);
            let ids: Vec<&str> =
                sessions.iter().map(|one| one.loaded.campaign.id.as_str()).collect();
            let post = Post {
                name,
                channel,
                kind: MailKind::Digest,
                key: format!("card/digest/{name}/{}/{tomorrow}", ids.join("+")),
                card: digest_card(channel, language, &sessions, tomorrow),
                language,
                send_by: super::end_of(&first.loaded, tomorrow),
            };
            new += self.queue_card(&first.loaded, post, now).await?;
        }
        Ok(new)
    }

    /// What each place gives on a day by the plan in force.
    async fn doses_of_day(
        &self,
        loaded: &Loaded,
        day: NaiveDate,
    ) -> Result<BTreeMap<PlaceCode, u64>> {
        let mut tx = self.store.read().await?;
        let rows = day_rows(&mut tx, loaded, day).await?;
        let mut doses: BTreeMap<PlaceCode, u64> = BTreeMap::new();
        let here = |place: &PlaceCode| loaded.campaign.place(place.as_str()).is_some();
        for row in rows.iter().filter(|row| here(&row.place)) {
            *doses.entry(row.place.clone()).or_default() += u64::from(row.doses);
        }
        Ok(doses)
    }

    /// Whether some group is told at once.
    pub fn raises_alarms(&self) -> bool {
        self.robots(CardKind::Alarm).next().is_some()
    }

    /// Queues what needs attention at once, each kind once a day. Returns how many cards are new.
    pub async fn raise_alarms(&self, now: DateTime<Utc>) -> Result<usize> {
        let mut new = 0;
        for whole in self.campaigns().await?.iter().filter(|one| one.is_open) {
            let problems = self.urgent(whole).await?;
            if problems.is_empty() {
                continue;
            }
            let day = today(&whole.campaign, now);
            for (name, channel) in self.robots(CardKind::Alarm) {
                let Some(loaded) = Self::seen_by_group(channel, whole) else { continue };
                let language = channel.language.unwrap_or(loaded.campaign.language);
                let campaign = &loaded.campaign;
                for problem in &problems {
                    let about = word_of(problem);
                    let post = Post {
                        name,
                        channel,
                        kind: MailKind::Alarm,
                        key: format!("card/alarm/{name}/{}/{about}/{day}", campaign.id),
                        card: Card {
                            title: say(
                                language,
                                "card-alarm-title",
                                &[("campaign", &campaign.name)],
                            ),
                            figure: problems::words(language, problem),
                            lines: Vec::new(),
                            link: link(channel, language, &loaded, "jobs", day),
                        },
                        language,
                        send_by: super::end_of(&loaded, day),
                    };
                    new += self.queue_card(&loaded, post, now).await?;
                }
            }
        }
        Ok(new)
    }

    async fn queue_card(
        &self,
        loaded: &Loaded,
        post: Post<'_>,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let language = post.language;
        let text = post.card.text(CardLimit::of(post.channel.kind), |count| {
            say(language, "card-more", &[("count", &count)])
        });
        let hash = message_hash(self.store.secret(), &post.key);
        let message = NewMessage {
            message_id: format!("{}.{hash}@doseplan", post.kind),
            unique_key: post.key,
            kind: post.kind,
            recipient: post.name.to_owned(),
            subject: post.card.title.clone(),
            bytes: Content::card(&post.card, text).bytes(),
            due_at: millis(now),
            send_by: post.send_by.map(millis),
            quiet: false,
            zone: loaded.campaign.timezone.name().to_owned(),
            state: MailState::Queued,
            last_error: None,
            channel: post.name.to_owned(),
            segments: 0,
            ways: Vec::new(),
        };
        let mut tx = self.store.write().await?;
        let ids = outbox::insert_all(&mut tx, loaded.no, &[message], millis(now)).await?;
        tx.commit().await?;
        Ok(ids.iter().flatten().count())
    }
}

/// A campaign, and what each of its places gives on a day.
struct Sessions {
    loaded: Loaded,
    doses: BTreeMap<PlaceCode, u64>,
}

/// The card of a day: of one campaign its places, of several a part for each.
fn digest_card(
    channel: &ChannelConfig,
    language: Language,
    sessions: &[Sessions],
    day: NaiveDate,
) -> Card {
    let date = render::date(day, language);
    if let [one] = sessions {
        let campaign = &one.loaded.campaign;
        let title: [(&str, &dyn Display); 2] = [("campaign", &campaign.name), ("date", &date)];
        return Card {
            title: say(language, "card-digest-title", &title),
            figure: figure(language, [one]),
            lines: places(language, one),
            link: link(channel, language, &one.loaded, "plan", day),
        };
    }
    let part = |one: &Sessions| {
        let figure = figure(language, [one]);
        let said: [(&str, &dyn Display); 2] =
            [("campaign", &one.loaded.campaign.name), ("figure", &figure)];
        CardPart { head: say(language, "card-digest-part", &said), lines: places(language, one) }
    };
    let parts: Vec<CardPart> = sessions.iter().map(part).collect();
    let title: [(&str, &dyn Display); 2] = [("campaigns", &sessions.len()), ("date", &date)];
    let card = Card {
        title: say(language, "card-digest-title-several", &title),
        figure: figure(language, sessions),
        lines: Vec::new(),
        link: channel
            .link
            .as_ref()
            .map(|base| (word(language, "card-open"), format!("{}/", base.0))),
    };
    card.with_parts(&parts, CardLimit::of(channel.kind), |count| {
        say(language, "card-digest-rest", &[("count", &count)])
    })
}

/// How many places are open, and how many doses they give together.
fn figure<'a>(language: Language, sessions: impl IntoIterator<Item = &'a Sessions>) -> String {
    let (mut open, mut doses) = (BTreeSet::new(), 0);
    for one in sessions {
        open.extend(one.doses.keys());
        doses += one.doses.values().sum::<u64>();
    }
    let said: [(&str, &dyn Display); 2] = [("places", &open.len()), ("doses", &thousands(doses))];
    say(language, "card-digest-figure", &said)
}

/// Each place with its doses, the largest first.
fn places(language: Language, Sessions { loaded, doses }: &Sessions) -> Vec<String> {
    let mut all: Vec<(&PlaceCode, u64)> =
        doses.iter().map(|(code, count)| (code, *count)).collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let line = |(code, count): (&PlaceCode, u64)| {
        let found = loaded.campaign.place(code.as_str());
        let name = found.map_or_else(|| code.to_string(), |place| place.name().to_owned());
        say(language, "card-digest-place", &[("place", &name), ("doses", &thousands(count))])
    };
    all.into_iter().map(line).collect()
}

fn link(
    channel: &ChannelConfig,
    language: Language,
    loaded: &Loaded,
    page: &str,
    day: NaiveDate,
) -> Option<(String, String)> {
    let base = channel.link.as_ref()?;
    let href = format!("{}/c/{}/{page}?as-of={day}", base.0, loaded.campaign.id);
    Some((word(language, "card-open"), href))
}

/// A word for each kind of problem, and what it is about.
fn word_of(problem: &Problem) -> String {
    match problem {
        Problem::BehindPlan { .. } => "behind".to_owned(),
        Problem::PlanBroken { draft, .. } => format!("broken-{}", draft.is_some()),
        Problem::LateSites { .. } => "late".to_owned(),
        Problem::DoubtfulCounts { .. } => "doubtful".to_owned(),
        Problem::NoPlan => "no-plan".to_owned(),
        Problem::JobFailed { job } => format!("job-{job}"),
        Problem::Held { .. } => "held".to_owned(),
        Problem::Relay { relay, .. } => format!("relay-{relay}"),
        Problem::Mail { state, .. } => format!("mail-{state}"),
    }
}
