//! Cards of what needs attention at once: one for a group and run, with a part for each campaign.

use super::cards::{EXCEPTIONS_MAX, Post, escaped, head, key, link, link_of_all};
use crate::app::problems::Problem;
use crate::app::{App, Loaded, Result, problems, today};
use crate::config::{CardKind, ChannelConfig};
use crate::domain::campaign::Language;
use crate::domain::gateway::{Card, CardLimit, CardPart};
use crate::domain::message::MailKind;
use crate::text::say;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What keys of cards are called by.
const ALARM: &str = "alarm";
/// What stands in a key in place of a campaign, where something is of the whole installation.
const ALL: &str = "*";

/// A campaign with what needs attention.
type Urgent = (Loaded, Vec<Problem>);

/// What a card tells: of a campaign, or of the whole installation.
struct News<'a> {
    of: Option<&'a Loaded>,
    problems: Vec<&'a Problem>,
}

impl App {
    /// Whether some group is told at once.
    pub fn raises_alarms(&self) -> bool {
        self.robots(CardKind::Alarm).next().is_some()
    }

    /// Queues what needs attention at once: one card for each group, each kind of problem once a day. Returns how many
    /// cards are new.
    pub async fn raise_alarms(&self, now: DateTime<Utc>) -> Result<usize> {
        let mut urgent: BTreeMap<NaiveDate, Vec<Urgent>> = BTreeMap::new();
        for whole in self.campaigns().await?.into_iter().filter(|one| one.is_open) {
            let problems = self.urgent(&whole).await?;
            if !problems.is_empty() {
                let day = today(&whole.campaign, now);
                urgent.entry(day).or_default().push((whole, problems));
            }
        }
        let mut new = 0;
        for (name, channel) in self.robots(CardKind::Alarm) {
            for (day, all) in &urgent {
                let of_group = |(whole, problems): &Urgent| {
                    Some((Self::seen_by_group(channel, whole)?, problems.clone()))
                };
                let seen: Vec<Urgent> = all.iter().filter_map(of_group).collect();
                let told = self.told((ALARM, name), *day).await?;
                let news = untold(&seen, &told);
                let Some(first) = seen.first().filter(|_| !news.is_empty()) else { continue };
                let language = channel.language.unwrap_or(first.0.campaign.language);
                let post = Post {
                    name,
                    channel,
                    kind: MailKind::Alarm,
                    key: key((ALARM, name), news.iter().flat_map(News::parts), *day),
                    card: alarm_card(channel, language, &news, *day),
                    language,
                    send_by: super::end_of(&first.0, *day),
                };
                new += self.queue_card(&first.0, post, now).await?;
            }
        }
        Ok(new)
    }
}

impl News<'_> {
    /// How a key names what is told.
    fn parts(&self) -> Vec<String> {
        let of = self.of.map_or(ALL, |loaded| loaded.campaign.id.as_str());
        self.problems.iter().map(|problem| part(of, problem)).collect()
    }
}

/// What is new of what needs attention. What is of the whole installation is told once, not for each campaign.
fn untold<'a>(seen: &'a [Urgent], told: &BTreeSet<String>) -> Vec<News<'a>> {
    let mut out = Vec::new();
    if let [_, _, ..] = seen {
        let mut problems: Vec<&Problem> = Vec::new();
        for problem in seen.iter().flat_map(|(_, problems)| problems) {
            let about = format!("/{}", escaped(&word_of(problem)));
            let is_told = told.iter().any(|part| part.ends_with(&about));
            if is_of_all(problem) && !is_told && !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        out.push(News { of: None, problems });
    }
    for (loaded, problems) in seen {
        let id = loaded.campaign.id.as_str();
        let is_new = |problem: &&Problem| {
            let is_here = seen.len() == 1 || !is_of_all(problem);
            let is_told = told.contains(&part(id, problem))
                || is_of_all(problem) && told.contains(&part(ALL, problem));
            is_here && !is_told
        };
        out.push(News { of: Some(loaded), problems: problems.iter().filter(is_new).collect() });
    }
    out.retain(|news| !news.problems.is_empty());
    out
}

/// The card: of one campaign its most urgent problem first, of several a part for each.
fn alarm_card(
    channel: &ChannelConfig,
    language: Language,
    news: &[News<'_>],
    day: NaiveDate,
) -> Card {
    let mut words = news.iter().map(|one| -> Vec<String> {
        one.problems.iter().map(|problem| problems::words(language, problem)).collect()
    });
    let more = |count: usize| say(language, "card-more", &[("count", &count)]);
    if let [one] = news {
        let mut lines = words.next().unwrap_or_default();
        let title = match one.of {
            Some(loaded) => {
                say(language, "card-alarm-title", &[("campaign", &loaded.campaign.name)])
            }
            None => say(language, "card-alarm-title-all", &[]),
        };
        let figure = if lines.is_empty() { String::new() } else { lines.remove(0) };
        let link = match one.of {
            Some(loaded) => link(channel, language, loaded, "jobs", day),
            None => link_of_all(channel, language),
        };
        return Card { title, figure, lines, link };
    }
    let part = |(one, mut words): (&News<'_>, Vec<String>)| {
        let first = if words.is_empty() { String::new() } else { words.remove(0) };
        let head = one.of.map_or_else(|| first.clone(), |of| head(language, of, &first));
        CardPart { head, lines: words }
    };
    let parts: Vec<CardPart> = news.iter().zip(words).map(part).collect();
    let count = news.iter().map(|one| one.problems.len()).sum::<usize>();
    let names: Vec<&str> =
        news.iter().filter_map(|one| Some(one.of?.campaign.name.as_str())).collect();
    let card = Card {
        title: say(language, "card-alarm-title-several", &[("count", &count)]),
        figure: names.join(" · "),
        lines: Vec::new(),
        link: link_of_all(channel, language),
    };
    card.with_parts((&parts, EXCEPTIONS_MAX), CardLimit::of(channel.kind), more)
}

/// Whether a problem is of the whole installation, so that every campaign has it.
fn is_of_all(problem: &Problem) -> bool {
    matches!(problem, Problem::Held { .. } | Problem::Relay { .. } | Problem::Mail { .. })
}

/// How a key names a problem.
fn part(of: &str, problem: &Problem) -> String {
    format!("{}/{}", escaped(of), escaped(&word_of(problem)))
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
