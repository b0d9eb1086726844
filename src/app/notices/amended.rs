//! Leads whose day has changed since the digest are told again, shortly. A digest that still waits is made anew.

use super::digest::day_rows;
use super::lines::lines;
use super::post_digest::brief;
use super::ways::Numbers;
use super::{Post, end_of};
use crate::app::home_plans::{AdoptedRound, adopted_in};
use crate::app::{App, Loaded, Result, millis, today};
use crate::domain::assign::Assignment;
use crate::domain::contact::Contact;
use crate::domain::id::PlaceCode;
use crate::domain::message::{MailKind, MailState};
use crate::domain::notice::{Amended, PersonLine, PlanChange};
use crate::domain::person::Person;
use crate::domain::plan::PlanRow;
use crate::domain::recipient::{DigestRecipient, digest_recipients};
use crate::mail::message::canonical;
use crate::mail::render;
use crate::store::briefings::{self, Briefing};
use crate::store::{Tx, assignments, bounces, unsubscribed};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::app::mending::{Mended, Waits};

/// Doses by place. Of a team's round of home visits: people, by the code of the team.
type Doses = BTreeMap<String, u64>;

/// Who left and who joined a day since an instant.
type Moves = (Vec<Assignment>, Vec<Assignment>);

/// What a lead has to be told about a day.
enum News {
    /// The digest, made anew: the one that said otherwise never left. The number is that mail's; there was none where
    /// the lead had nothing to do.
    Anew(Option<i64>),
    /// What is other than in the last mail.
    Changed(Box<Amended>, Doses, i64),
}

impl App {
    /// Tells the leads of tomorrow, and before noon of today, whose day is no longer as they were told. Returns how
    /// many mails.
    pub(in crate::app) async fn tell_leads(
        &self,
        loaded: &Loaded,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let day = today(&loaded.campaign, now);
        let noon = NaiveTime::from_hms_opt(12, 0, 0).expect("noon exists");
        let is_morning = now.with_timezone(&loaded.campaign.timezone).time() < noon;
        let mut new = 0;
        for about in [day, day + TimeDelta::days(1)] {
            if about > day || is_morning {
                new += self.tell_leads_of(loaded, about, now).await?;
            }
        }
        Ok(new)
    }

    async fn tell_leads_of(
        &self,
        loaded: &Loaded,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut tx = self.store.read().await?;
        let told = briefings::of_day(&mut tx, loaded.no, day).await?;
        if told.is_empty() {
            return Ok(0);
        }
        let numbers = Numbers::of(self, &mut tx, today(&loaded.campaign, now)).await?;
        let news = news(&mut tx, loaded, (day, &numbers), &told).await?;
        drop(tx);
        let vaccine = self.vaccine_to_tell(loaded).await?;
        let mut new = 0;
        for (recipient, news) in news {
            new += match news {
                News::Anew(mail) => self.digest_anew(loaded, &recipient, (day, mail), now).await?,
                News::Changed(mut change, doses, mail) => {
                    change.vaccine_name.clone_from(&vaccine);
                    self.queue_amended(loaded, &change, (&doses, mail), now).await?
                }
            };
        }
        Ok(new)
    }

    /// The name of a campaign's vaccine, where a reader has several open campaigns to tell apart.
    async fn vaccine_to_tell(&self, loaded: &Loaded) -> Result<Option<String>> {
        let open = self.campaigns().await?.iter().filter(|one| one.is_open).count();
        Ok((open > 1).then(|| loaded.campaign.series.name.clone()))
    }

    /// Queues a digest again that was withdrawn, and withdraws it where it still waits.
    async fn digest_anew(
        &self,
        loaded: &Loaded,
        recipient: &DigestRecipient,
        (day, mail): (NaiveDate, Option<i64>),
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let all = self.one_voice(loaded, (day, day)).await?;
        let sessions = self.sessions_of(&all).await?;
        let digests = self.digests(&all, day - TimeDelta::days(1), Some(&recipient.code), None);
        let Some(digest) = digests.await?.into_iter().next() else { return Ok(0) };
        let mut post = self.digest_post(&all, &sessions, &digest)?;
        if let Some(mail) = mail {
            post.key = format!("{}/{mail}", post.key);
        }
        let message = self.message(loaded, &post, now)?;
        let mut tx = self.store.write().await?;
        if let Some(mail) = mail {
            briefings::withdraw(&mut tx, mail, millis(now)).await?;
        }
        let queued = self.queue(&mut tx, loaded, message, now).await?;
        if let Some(id) = queued {
            brief(&mut tx, &all, &digest, id).await?;
        }
        tx.commit().await?;
        Ok(usize::from(queued.is_some()))
    }

    async fn queue_amended(
        &self,
        loaded: &Loaded,
        change: &Amended,
        (doses, mail): (&Doses, i64),
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let (campaign, post, day) = (&change.campaign, &change.post, change.day);
        let post = Post {
            kind: MailKind::Digest,
            key: format!("amended/{campaign}/{post}/{day}/{mail}"),
            to: change.lead.clone(),
            language: change.language,
            letter: render::amended(change),
            send_by: end_of(loaded, day),
            personal: false,
            way_out: None,
            attachments: Vec::new(),
        };
        let message = self.message(loaded, &post, now)?;
        let mut tx = self.store.write().await?;
        let queued = self.queue(&mut tx, loaded, message, now).await?;
        if let Some(id) = queued {
            briefings::insert(&mut tx, loaded.no, (&change.post, day, id), doses).await?;
        }
        tx.commit().await?;
        Ok(usize::from(queued.is_some()))
    }

    /// Tells the coordinator what became of the plan. `false`: there is none with an address.
    pub(in crate::app) async fn queue_change(
        &self,
        loaded: &Loaded,
        mended: &Mended,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let campaign = &loaded.campaign;
        let (Some(plan), Some(coordinator)) = (mended.plan, campaign.coordinator.clone()) else {
            return Ok(false);
        };
        if coordinator.email.is_none() {
            return Ok(false);
        }
        let change = PlanChange {
            campaign: campaign.id.clone(),
            campaign_name: campaign.name.clone(),
            vaccine_name: self.vaccine_to_tell(loaded).await?,
            coordinator,
            language: campaign.language,
            today: today(campaign, now),
            unrest: mended.unrest.clone(),
            plan,
            waits: mended.waits.is_some(),
            doubtful: match mended.waits {
                Some(Waits::Doubtful(counts)) => counts,
                _ => 0,
            },
            sessions: mended.sessions,
            assigned: mended.assigned,
        };
        let post = Post {
            kind: MailKind::Change,
            key: format!("change/{}/{plan}", campaign.id),
            to: change.coordinator.clone(),
            language: change.language,
            letter: render::plan_change(&change),
            send_by: None,
            personal: false,
            way_out: None,
            attachments: Vec::new(),
        };
        let message = self.message(loaded, &post, now)?;
        let mut tx = self.store.write().await?;
        let queued = self.queue(&mut tx, loaded, message, now).await?;
        tx.commit().await?;
        Ok(queued.is_some())
    }
}

/// What each lead has to be told about a day.
async fn news(
    tx: &mut Tx,
    loaded: &Loaded,
    (day, numbers): (NaiveDate, &Numbers),
    told: &BTreeMap<String, Vec<Briefing>>,
) -> Result<Vec<(DigestRecipient, News)>> {
    let rows = day_rows(tx, loaded, day).await?;
    let homes = homes_of(tx, loaded, day).await?;
    let mut moves: BTreeMap<i64, Moves> = BTreeMap::new();
    let mut out = Vec::new();
    for recipient in digest_recipients(&loaded.campaign) {
        let last = told.get(&recipient.code).and_then(|told| last_told(told));
        let doses = doses_of((&rows, &homes), last, &recipient);
        let Some(told) = told.get(&recipient.code) else {
            let is_reached = recipient.lead.as_ref().is_some_and(|lead| lead.email.is_some());
            if is_reached && !doses.is_empty() {
                out.push((recipient, News::Anew(None)));
            }
            continue;
        };
        let Some(newest) = told.last() else { continue };
        let Some(last) = last else {
            out.push((recipient, News::Anew(Some(newest.mail))));
            continue;
        };
        let moves = match moves.entry(last.at) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(assignments::changed_since(tx, loaded.no, day, last.at).await?)
            }
        };
        let (left, joined) = moves_at(moves, last, &doses, &recipient);
        if doses == last.doses && left.is_empty() && joined.is_empty() {
            continue;
        }
        if last.state == MailState::Queued {
            out.push((recipient, News::Anew(Some(last.mail))));
            continue;
        }
        let Some(lead) = recipient.lead.clone() else { continue };
        let change = amended(loaded, (&recipient, lead, day), last, &doses);
        let change = with_people(tx, loaded, change, (&left, &joined), numbers).await?;
        out.push((recipient, News::Changed(Box::new(change), doses, newest.mail)));
    }
    Ok(out)
}

/// The last mail about the day that left or will.
fn last_told(told: &[Briefing]) -> Option<&Briefing> {
    told.iter().rev().find(|one| one.state != MailState::Withdrawn)
}

/// Whether a mail to a lead tells what is no longer so.
pub(in crate::app) async fn is_outdated(
    tx: &mut Tx,
    loaded: &Loaded,
    (post, day, mail): (&str, NaiveDate, i64),
) -> Result<bool> {
    let told = briefings::of_day(tx, loaded.no, day).await?;
    let told = told.get(post).and_then(|all| all.iter().find(|one| one.mail == mail));
    let recipients = digest_recipients(&loaded.campaign);
    let recipient = recipients.iter().find(|recipient| recipient.code == post);
    let (Some(told), Some(recipient)) = (told, recipient) else { return Ok(false) };
    let known = (day_rows(tx, loaded, day).await?, homes_of(tx, loaded, day).await?);
    let doses = doses_of((&known.0, &known.1), Some(told), recipient);
    let moves = assignments::changed_since(tx, loaded.no, day, told.at).await?;
    let (left, joined) = moves_at(&moves, told, &doses, recipient);
    Ok(doses != told.doses || !left.is_empty() || !joined.is_empty())
}

/// People on the rounds of home visits of a day by team, and whether one of them is still to be visited, as the evening
/// before has it.
async fn homes_of(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
) -> Result<BTreeMap<String, (u64, bool)>> {
    let rounds = adopted_in(tx, loaded, (day, day), day - TimeDelta::days(1)).await?;
    let people = |round: AdoptedRound| {
        let people = (round.calls.len() as u64, round.open().next().is_some());
        (round.team.to_string(), people)
    };
    Ok(rounds.into_iter().map(people).collect())
}

/// What a lead has to do on a day. A round on which nobody is to be visited any more counts where the lead was told of
/// it: what was given on the way is no news.
fn doses_of(
    (rows, homes): (&[PlanRow], &BTreeMap<String, (u64, bool)>),
    last: Option<&Briefing>,
    recipient: &DigestRecipient,
) -> Doses {
    let mut out = Doses::new();
    let home = homes.get(&recipient.code).filter(|_| recipient.is_team);
    let is_told = last.is_some_and(|last| last.doses.contains_key(&recipient.code));
    if let Some((people, _)) = home.filter(|(_, is_open)| *is_open || is_told) {
        out.insert(recipient.code.clone(), *people);
    }
    for row in rows {
        let is_its = match &row.team {
            Some(team) => team.as_str() == recipient.code,
            None => row.place.as_str() == recipient.code,
        };
        if is_its {
            *out.entry(row.place.to_string()).or_default() += u64::from(row.doses);
        }
    }
    out
}

/// Who left and joined the places of a lead. Whoever left and joined the same place stayed.
fn moves_at(
    (left, joined): &Moves,
    told: &Briefing,
    doses: &Doses,
    recipient: &DigestRecipient,
) -> Moves {
    let is_at = |place: &PlaceCode| {
        let code = place.as_str();
        code == recipient.code || told.doses.contains_key(code) || doses.contains_key(code)
    };
    let key = |one: &Assignment| (one.person.clone(), one.place.clone(), one.dose);
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (left.iter().map(key).collect(), joined.iter().map(key).collect());
    let only = |some: &[Assignment], others: &BTreeSet<_>| -> Vec<Assignment> {
        let moved = some.iter().filter(|one| is_at(&one.place) && !others.contains(&key(one)));
        moved.cloned().collect()
    };
    (only(left, &after), only(joined, &before))
}

fn amended(
    loaded: &Loaded,
    (recipient, lead, day): (&DigestRecipient, Contact, NaiveDate),
    last: &Briefing,
    doses: &Doses,
) -> Amended {
    let campaign = &loaded.campaign;
    let is_home = |place: &String| recipient.is_team && *place == recipient.code;
    let mut places: BTreeSet<&String> = last.doses.keys().chain(doses.keys()).collect();
    let has_home = places.iter().any(|place| is_home(place));
    places.retain(|place| !is_home(place));
    let of = |some: &Doses, place: &String| some.get(place).copied().unwrap_or(0);
    let sessions = places.into_iter().map(|place| {
        let name = super::reminders::place_name(campaign, place);
        (name, of(&last.doses, place), of(doses, place))
    });
    Amended {
        campaign: campaign.id.clone(),
        campaign_name: campaign.name.clone(),
        vaccine_name: None,
        post: recipient.code.clone(),
        post_name: recipient.name.clone(),
        lead,
        language: campaign.language,
        day,
        sessions: sessions.collect(),
        home: has_home.then(|| (of(&last.doses, &recipient.code), of(doses, &recipient.code))),
        left: Vec::new(),
        joined: Vec::new(),
        call: Vec::new(),
    }
}

async fn with_people(
    tx: &mut Tx,
    loaded: &Loaded,
    mut change: Amended,
    (left, joined): (&[Assignment], &[Assignment]),
    numbers: &Numbers,
) -> Result<Amended> {
    let ids: BTreeSet<_> = left.iter().chain(joined).map(|one| &one.person).collect();
    let (lines, people) = lines(tx, loaded, ids, change.day).await?;
    let unsubscribed = unsubscribed::addresses(tx).await?;
    let suppressed = bounces::addresses(tx).await?;
    let is_reached = |person: &Person| {
        let address = person.email.as_deref().map(canonical);
        let is_out =
            |address: &String| unsubscribed.contains(address) || suppressed.contains(address);
        let is_mailed = address.is_some_and(|address| !is_out(&address));
        !person.opt_out && (is_mailed || numbers.of_person(person).is_some())
    };
    let line = |one: &Assignment| -> Option<PersonLine> {
        Some(PersonLine { dose: one.dose, ..lines.get(&one.person)?.clone() })
    };
    let to_call = |one: &&Assignment| people.get(&one.person).is_some_and(|one| !is_reached(one));
    change.call = left.iter().chain(joined).filter(to_call).filter_map(line).collect();
    change.left = left.iter().filter_map(line).collect();
    change.joined = joined.iter().filter_map(line).collect();
    Ok(change)
}
