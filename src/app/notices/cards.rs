//! Cards for group chats: the coordinator's summary and the leads' digest (what needs attention at once: `alarms`).
//! They have counts and names of places. Nothing of any person is in them: whoever joins a group later reads all that
//! stands there. A group gets one card about a day, with a part for each campaign. What it was told stands in the keys
//! of its cards, so that no part is told twice.

use super::digest::day_rows;
use crate::app::{App, Loaded, Result, millis};
use crate::config::{CardKind, ChannelConfig};
use crate::domain::campaign::Language;
use crate::domain::gateway::{Card, CardLimit, CardPart};
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::message::{MailKind, MailState};
use crate::domain::notice::Summary;
use crate::mail::link::message_hash;
use crate::mail::render;
use crate::mail::transport::Content;
use crate::store::outbox::{self, NewMessage};
use crate::text::{say, thousands, word};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Exceptions of a campaign that a card shows.
pub(super) const EXCEPTIONS_MAX: usize = 3;

/// What keys of cards are called by.
const SUMMARY: &str = "summary";
const DIGEST: &str = "digest";

/// A card for one group.
pub(super) struct Post<'a> {
    pub name: &'a str,
    pub channel: &'a ChannelConfig,
    pub kind: MailKind,
    /// What it is about: a card with the same key is queued once.
    pub key: String,
    pub card: Card,
    pub language: Language,
    pub send_by: Option<DateTime<Utc>>,
}

impl App {
    /// The robots that post a kind of card.
    pub(super) fn robots(&self, what: CardKind) -> impl Iterator<Item = (&String, &ChannelConfig)> {
        self.config.channels.iter().filter(move |(_, channel)| channel.posts(what))
    }

    /// The campaign as a group sees it: its own area, or the whole.
    pub(super) fn seen_by_group(channel: &ChannelConfig, loaded: &Loaded) -> Option<Loaded> {
        let Some(area) = &channel.area else { return Some(loaded.clone()) };
        loaded.campaign.area(area)?;
        Some(loaded.below(&[AreaCode::new(area.as_str())]))
    }

    /// Queues the summaries of a day for the groups: a card for each, with a part for each campaign of which they were
    /// not told. Returns how many are new.
    pub(super) async fn queue_summary_cards(
        &self,
        all: &[Loaded],
        as_of: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut new = 0;
        for (name, channel) in self.robots(CardKind::Summary) {
            let told = self.told((SUMMARY, name), as_of).await?;
            let seen = all.iter().filter(|one| !told.contains(&campaign_part(one)));
            let seen: Vec<Loaded> =
                seen.filter_map(|whole| Self::seen_by_group(channel, whole)).collect();
            let Some(first) = seen.first() else { continue };
            let language = channel.language.unwrap_or(first.campaign.language);
            let summaries = self.summaries(&seen, as_of, None).await?;
            let post = Post {
                name,
                channel,
                kind: MailKind::Summary,
                key: key((SUMMARY, name), seen.iter().map(campaign_part), as_of),
                card: summary_card(channel, language, (&seen, &summaries), as_of),
                language,
                send_by: super::end_of(first, as_of + TimeDelta::days(1)),
            };
            new += self.queue_card(first, post, now).await?;
        }
        Ok(new)
    }

    /// Queues what the groups of leads have to know of tomorrow: a card for each, with a part for each campaign of
    /// which they were not told. Returns how many cards are new.
    pub(super) async fn queue_digest_cards(
        &self,
        all: &[Loaded],
        tomorrow: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut new = 0;
        for (name, channel) in self.robots(CardKind::Digest) {
            let told = self.told((DIGEST, name), tomorrow).await?;
            let mut sessions = Vec::new();
            for whole in all.iter().filter(|one| !told.contains(&campaign_part(one))) {
                let Some(loaded) = Self::seen_by_group(channel, whole) else { continue };
                let doses = self.doses_of_day(&loaded, tomorrow).await?;
                // A day without sessions is nothing to tell a group.
                if !doses.is_empty() {
                    sessions.push(Sessions { loaded, doses });
                }
            }
            let Some(first) = sessions.first() else { continue };
            let language = channel.language.unwrap_or(first.loaded.campaign.language);
            let parts = sessions.iter().map(|one| campaign_part(&one.loaded));
            let post = Post {
                name,
                channel,
                kind: MailKind::Digest,
                key: key((DIGEST, name), parts, tomorrow),
                card: digest_card(channel, language, &sessions, tomorrow),
                language,
                send_by: super::end_of(&first.loaded, tomorrow),
            };
            new += self.queue_card(&first.loaded, post, now).await?;
        }
        Ok(new)
    }

    /// How many groups were told of a day's sessions of one of these campaigns: they are not told again.
    pub(in crate::app) async fn groups_told(
        &self,
        all: &[Loaded],
        day: NaiveDate,
    ) -> Result<usize> {
        let mut count = 0;
        for (name, _) in self.robots(CardKind::Digest) {
            let told = self.told((DIGEST, name), day).await?;
            count += usize::from(all.iter().any(|one| told.contains(&campaign_part(one))));
        }
        Ok(count)
    }

    /// What a group was told of a day by cards of a kind: the parts of their keys.
    pub(super) async fn told(
        &self,
        (what, name): (&str, &str),
        day: NaiveDate,
    ) -> Result<BTreeSet<String>> {
        let mut tx = self.store.read().await?;
        let keys = outbox::keys_of_group(&mut tx, name).await?;
        let (before, after) = (format!("card/{what}/{name}/"), format!("/{day}"));
        let of_day = |key: &String| -> Option<String> {
            Some(key.strip_prefix(&before)?.strip_suffix(&after)?.to_owned())
        };
        let parts = keys.iter().filter_map(of_day);
        Ok(parts
            .flat_map(|parts| parts.split('+').map(str::to_owned).collect::<Vec<_>>())
            .collect())
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

    pub(super) async fn queue_card(
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

/// The card of a morning: of one campaign its figure and exceptions, of several a part for each.
fn summary_card(
    channel: &ChannelConfig,
    language: Language,
    (seen, summaries): (&[Loaded], &[Summary]),
    as_of: NaiveDate,
) -> Card {
    let date = render::date(as_of, language);
    let exceptions = |summary: &Summary| -> Vec<String> {
        render::alerts(summary, language).into_iter().map(|alert| alert.text).collect()
    };
    if let ([loaded], [summary]) = (seen, summaries) {
        let mut lines = exceptions(summary);
        let more = lines.len().saturating_sub(EXCEPTIONS_MAX);
        lines.truncate(EXCEPTIONS_MAX);
        if more > 0 {
            lines.push(say(language, "card-more", &[("count", &more)]));
        }
        let title: [(&str, &dyn Display); 2] =
            [("campaign", &loaded.campaign.name), ("date", &date)];
        return Card {
            title: say(language, "card-summary-title", &title),
            figure: render::opening(summary, language),
            lines,
            link: link(channel, language, loaded, "overview", as_of),
        };
    }
    let part = |(loaded, summary): (&Loaded, &Summary)| CardPart {
        head: head(language, loaded, &render::opening(summary, language)),
        lines: exceptions(summary),
    };
    let parts: Vec<CardPart> = seen.iter().zip(summaries).map(part).collect();
    let title: [(&str, &dyn Display); 2] = [("campaigns", &seen.len()), ("date", &date)];
    let card = Card {
        title: say(language, "card-summary-title-several", &title),
        figure: render::opening_of_all(summaries, language),
        lines: Vec::new(),
        link: link_of_all(channel, language),
    };
    card.with_parts((&parts, EXCEPTIONS_MAX), CardLimit::of(channel.kind), |count| {
        say(language, "card-more", &[("count", &count)])
    })
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
    let part = |one: &Sessions| CardPart {
        head: head(language, &one.loaded, &figure(language, [one])),
        lines: places(language, one),
    };
    let parts: Vec<CardPart> = sessions.iter().map(part).collect();
    let title: [(&str, &dyn Display); 2] = [("campaigns", &sessions.len()), ("date", &date)];
    let card = Card {
        title: say(language, "card-digest-title-several", &title),
        figure: figure(language, sessions),
        lines: Vec::new(),
        link: link_of_all(channel, language),
    };
    card.with_parts((&parts, usize::MAX), CardLimit::of(channel.kind), |count| {
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

pub(super) fn link(
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

/// The address of what a group's card of several campaigns leads to.
pub(super) fn link_of_all(channel: &ChannelConfig, language: Language) -> Option<(String, String)> {
    let base = channel.link.as_ref()?;
    Some((word(language, "card-open"), format!("{}/", base.0)))
}

/// What stands above a campaign's part of a card.
pub(super) fn head(language: Language, loaded: &Loaded, figure: &str) -> String {
    say(language, "card-part", &[("campaign", &loaded.campaign.name), ("figure", &figure)])
}

/// How a key names a campaign that a card tells of.
fn campaign_part(loaded: &Loaded) -> String {
    escaped(loaded.campaign.id.as_str())
}

/// The key of a card for a group about a day: what it tells of, part by part.
pub(super) fn key(
    (what, name): (&str, &str),
    parts: impl Iterator<Item = String>,
    day: NaiveDate,
) -> String {
    format!("card/{what}/{name}/{}/{day}", parts.collect::<Vec<_>>().join("+"))
}

/// Text in which nothing looks like the sign between the parts of a key.
pub(super) fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('+', "%2B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    #[test]
    fn the_key_of_a_card_names_what_it_tells_of_and_of_one_campaign_its_id_alone() {
        let of =
            |parts: &[&str]| key((DIGEST, "leads"), parts.iter().map(|part| escaped(part)), day(1));
        let on = day(1);
        assert_eq!(of(&["small"]), format!("card/digest/leads/small/{on}"));
        assert_eq!(of(&["flu", "small"]), format!("card/digest/leads/flu+small/{on}"));
        assert_eq!(of(&["a+b", "5%"]), format!("card/digest/leads/a%2Bb+5%25/{on}"));
    }
}
