//! The evening digest of each site and team lead.

use super::late_vials::{LateCalls, day_vials, late_calls};
use super::lines::lines;
use super::post_digest::{PostDigest, brief};
use super::tours::{Tours, load, tours};
use super::{Post, end_of, voice};
use crate::app::coverage::{AsOf, given};
use crate::app::home_plans::{AdoptedRound, HomeVisit, adopted_in};
use crate::app::plans::{in_force, rows_on};
use crate::app::{App, Loaded, Result};
use crate::config::DigestRule;
use crate::domain::assign::{Assignment, Ended};
use crate::domain::calendar::Sessions;
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::coverage::{Depth, Need, needs};
use crate::domain::dose::{Dose, GivenRow};
use crate::domain::id::{PersonId, PlaceCode, TeamCode};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::notice::{
    DrawLine, Expected, HomeLine, HomeSheet, LeadDigest, PersonLine, SessionSheet, VialLine,
};
use crate::domain::plan::PlanRow;
use crate::domain::plan::PlanState;
use crate::domain::planner::{LotDraw, SessionVials, lot_draws};
use crate::domain::recipient::{DigestRecipient, digest_recipients};
use crate::domain::stock::{drawn_for, taken_after, wastage_rate};
use crate::store::{Tx, assignments, cells, doses, plans};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rayon::prelude::*;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Data that all digests of one evening use.
struct Evening {
    today: NaiveDate,
    tomorrow: NaiveDate,
    rows_today: Vec<PlanRow>,
    rows: Vec<PlanRow>,
    draws: Vec<LotDraw>,
    /// Whole vials for tomorrow's sessions; empty where no lot says how many doses a vial holds.
    vials: Vec<SessionVials>,
    given_today: Vec<GivenRow>,
    reported: BTreeSet<PlaceCode>,
    needs: Vec<Need>,
    expected: Vec<Assignment>,
    absent: Vec<Assignment>,
    lines: BTreeMap<PersonId, PersonLine>,
    /// Rounds of home visits.
    homes: Vec<AdoptedRound>,
    /// What the rules for another vial follow from, and whom to call.
    late: LateCalls,
}

impl App {
    /// The digests of the evening of `today`, for every site and team or for `only` one: each with a part for every
    /// campaign that has something to say there, or one part that says that there is nothing. `missed`: first and last
    /// day whose digest was never sent.
    pub async fn digests(
        &self,
        all: &[Loaded],
        today: NaiveDate,
        only: Option<&str>,
        missed: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<Vec<PostDigest>> {
        let mut by_post: Vec<PostDigest> = Vec::new();
        let mut evenings = Vec::new();
        let places = self.jurisdiction().await?;
        for loaded in all {
            evenings.push(self.evening((loaded, places.as_ref()), today).await?);
        }
        let rows = evenings.iter().flat_map(|evening| &evening.rows);
        let tours = tours((all, places.as_ref()), rows, self.config.mail.tours_leave);
        for (nth, (loaded, evening)) in all.iter().zip(&evenings).enumerate() {
            let campaign = &loaded.campaign;
            let vaccine = (all.len() > 1).then(|| campaign.series.name.clone());
            for recipient in digest_recipients(campaign) {
                if only.is_some_and(|only| recipient.code != only) {
                    continue;
                }
                let mut value = digest((campaign, &tours), evening, &recipient, missed);
                value.vaccine_name.clone_from(&vaccine);
                let known = by_post.iter_mut().find(|known| known.post() == recipient.code);
                match known {
                    Some(known) => known.add(nth, value),
                    None => by_post.push(PostDigest::new(nth, value)),
                }
            }
        }
        Ok(by_post)
    }

    async fn evening(
        &self,
        (loaded, of): (&Loaded, Option<&Jurisdiction>),
        today: NaiveDate,
    ) -> Result<Evening> {
        let campaign = &loaded.campaign;
        let tomorrow = today + TimeDelta::days(1);
        let coverage = self.coverage(loaded, AsOf::day(today), Depth::Root).await?;
        let mut tx = self.store.read().await?;
        let head = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        let (all, from) = match &head {
            Some(head) => (rows_on(&mut tx, loaded, head.no, today).await?, head.from),
            None => (Vec::new(), today),
        };
        // A plan that was mended today begins tomorrow.
        let mut rows_today = in_force(&mut tx, loaded, today, from).await?;
        let given_before =
            given(&mut tx, loaded, NaiveDate::MIN, from - TimeDelta::days(1)).await?;
        let given_today = given(&mut tx, loaded, today, today).await?;
        let reported = cells::reported(&mut tx, loaded.no, today).await?.into_iter().collect();
        let expected = assignments::on(&mut tx, loaded.no, tomorrow).await?;
        let absent = absent(&mut tx, loaded, today, &reported).await?;
        let in_vials = day_vials(&mut tx, loaded, (&all, from), tomorrow).await?;
        let homes = adopted_in(&mut tx, loaded, (tomorrow, tomorrow), today).await?;
        let late = late_calls(&mut tx, (loaded, of), (&all, from), &in_vials, today).await?;
        let ids = expected.iter().chain(&absent).map(|one| &one.person).collect();
        let (lines, _) = lines(&mut tx, loaded, ids, tomorrow).await?;
        let on = |day: NaiveDate| all.iter().filter(|row| row.day == day).cloned().collect();
        rows_today.extend(on(today));
        Ok(Evening {
            draws: lot_draws(campaign, &all, &given_before, from),
            vials: in_vials,
            rows_today,
            rows: on(tomorrow),
            needs: needs(campaign, &coverage),
            today,
            tomorrow,
            given_today,
            reported,
            expected,
            absent,
            lines,
            homes,
            late,
        })
    }

    /// The sessions of campaigns, in their order.
    pub async fn sessions_of(&self, all: &[Loaded]) -> Result<Vec<Arc<Sessions>>> {
        let mut sessions = Vec::with_capacity(all.len());
        for loaded in all {
            sessions.push(self.sessions(loaded).await?);
        }
        Ok(sessions)
    }

    /// The mail of a digest, with its files. Sessions as [`App::sessions_of`] has them for these campaigns.
    pub fn digest_post(
        &self,
        all: &[Loaded],
        sessions: &[Arc<Sessions>],
        digest: &PostDigest,
    ) -> Result<Post> {
        let (digests, first) = (digest.values(), digest.first());
        let (post, today) = (&first.post, first.today);
        Ok(Post {
            kind: crate::domain::message::MailKind::Digest,
            key: format!("digest/{}/{post}/{today}", voice(all)),
            to: first.lead.clone(),
            language: first.language,
            letter: crate::mail::render::digest(&digests),
            send_by: end_of(&all[0], first.tomorrow),
            personal: false,
            way_out: None,
            attachments: self.digest_files(all, sessions, digest)?,
        })
    }

    /// How many leads with an address get a digest of an evening.
    pub async fn digest_readers(&self, all: &[Loaded], today: NaiveDate) -> Result<usize> {
        let digests = self.digests_to_send(all, today, None).await?;
        Ok(digests.iter().filter(|digest| digest.first().lead.email.is_some()).count())
    }

    /// The digests of an evening without those of leads who have nothing to do, unless the configuration wants all.
    async fn digests_to_send(
        &self,
        all: &[Loaded],
        today: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<Vec<PostDigest>> {
        let mut digests = self.digests(all, today, None, missed).await?;
        let is_always = self.config.mail.digest == DigestRule::Always;
        digests.retain(|digest| is_always || digest.first().says_something());
        Ok(digests)
    }

    /// Queues the digests of an evening; leads with nothing to do get none, unless the configuration says so. Returns
    /// how many are new, and the names of sites and teams without an address.
    pub async fn queue_digests(
        &self,
        all: &[Loaded],
        today: NaiveDate,
        missed: Option<(NaiveDate, NaiveDate)>,
        now: DateTime<Utc>,
    ) -> Result<(usize, Vec<String>)> {
        let Some(first) = all.first() else { return Ok((0, Vec::new())) };
        let sessions = self.sessions_of(all).await?;
        let digests = self.digests_to_send(all, today, missed).await?;
        let (reached, silent): (Vec<_>, Vec<_>) =
            digests.into_iter().partition(|digest| digest.first().lead.email.is_some());
        let silent = silent.into_iter().map(|digest| digest.first().post_name.clone()).collect();
        // Workbooks take most of the time, and every digest has one: on all cores, in the same order.
        let messages = reached
            .par_iter()
            .map(|digest| {
                let post = self.digest_post(all, &sessions, digest)?;
                self.message(first, &post, now)
            })
            .collect::<Result<Vec<_>>>()?;
        let mut new = 0;
        let mut tx = self.store.write().await?;
        for (message, digest) in messages.into_iter().zip(&reached) {
            let queued = self.queue(&mut tx, first, message, now).await?;
            if let Some(id) = queued {
                brief(&mut tx, all, digest, id).await?;
            }
            new += usize::from(queued.is_some());
        }
        tx.commit().await?;
        Box::pin(self.queue_digest_cards(all, today + TimeDelta::days(1), now)).await?;
        Ok((new, silent))
    }
}

/// The rows of a day, as the plan has them that is in force for it.
pub(super) async fn day_rows(tx: &mut Tx, loaded: &Loaded, day: NaiveDate) -> Result<Vec<PlanRow>> {
    in_force(tx, loaded, day, day + TimeDelta::days(1)).await
}

/// Appointments of a day at places that have reported, of people without a dose on that day.
async fn absent(
    tx: &mut Tx,
    loaded: &Loaded,
    day: NaiveDate,
    reported: &BTreeSet<PlaceCode>,
) -> Result<Vec<Assignment>> {
    let mut due = assignments::on(tx, loaded.no, day).await?;
    due.retain(|one| reported.contains(&one.place));
    let found = doses::histories(tx, due.iter().map(|one| &one.person)).await?;
    let (campaign, judge) = loaded.rules();
    // Who got another vaccine on that day did not come for this one.
    let came = |dose: &Dose| dose.date == day && judge.concerns(campaign, dose);
    due.retain(|one| found.get(&one.person).is_none_or(|h| !h.doses.iter().any(came)));
    due.extend(assignments::ended_on(tx, loaded.no, day, Ended::Absent).await?);
    Ok(due)
}

fn digest(
    (campaign, tours): (&Campaign, &Tours),
    evening: &Evening,
    recipient: &DigestRecipient,
    missed: Option<(NaiveDate, NaiveDate)>,
) -> LeadDigest {
    let mine = |row: &&PlanRow| match &row.team {
        Some(team) => team.as_str() == recipient.code,
        None => row.place.as_str() == recipient.code,
    };
    let tomorrow: Vec<&PlanRow> = evening.rows.iter().filter(mine).collect();
    let today: Vec<&PlanRow> = evening.rows_today.iter().filter(mine).collect();
    let mut places: BTreeSet<&PlaceCode> = today.iter().map(|row| &row.place).collect();
    if let Some(site) = campaign.site(&recipient.code) {
        places.insert(&site.code);
    }
    let reported = places.iter().any(|place| evening.reported.contains(*place));
    let given: u64 = evening
        .given_today
        .iter()
        .filter(|row| places.contains(&row.place))
        .map(|row| u64::from(row.doses))
        .sum();
    LeadDigest {
        campaign: campaign.id.clone(),
        campaign_name: campaign.name.clone(),
        vaccine_name: None,
        post: recipient.code.clone(),
        post_name: recipient.name.clone(),
        lead: recipient
            .lead
            .clone()
            .unwrap_or_else(|| Contact { name: recipient.name.clone(), email: None }),
        language: campaign.language,
        today: evening.today,
        tomorrow: evening.tomorrow,
        missed,
        sessions: sessions((campaign, tours), evening, recipient, &tomorrow),
        load: if recipient.is_team {
            let drawn = (evening.draws.as_slice(), evening.vials.as_slice());
            load((campaign, evening.tomorrow), drawn, &recipient.code)
        } else {
            Vec::new()
        },
        home: home_sheet(campaign, evening, recipient),
        reported_today: reported.then_some(given),
        planned_today: today.iter().map(|row| u64::from(row.doses)).sum(),
        absent: people_at(evening, &evening.absent, |place| places.contains(place)),
        needs: evening.needs.clone(),
    }
}

/// A team's round of tomorrow to people at home, without the calls that are not to be made any more.
fn home_sheet(
    campaign: &Campaign,
    evening: &Evening,
    recipient: &DigestRecipient,
) -> Option<HomeSheet> {
    let is_its = |round: &&AdoptedRound| round.team.as_str() == recipient.code;
    let round = evening.homes.iter().filter(|_| recipient.is_team).find(is_its)?;
    let calls: Vec<HomeLine> = round
        .open()
        .map(|HomeVisit { call, .. }| HomeLine {
            arrives: call.arrives,
            address: call.address.clone(),
            person: PersonLine {
                person: call.person.clone(),
                name: Some(call.name.clone()).filter(|name| !name.is_empty()),
                phone: Some(call.phone.clone()).filter(|phone| !phone.is_empty()),
                group_name: campaign.series.name.clone(),
                dose: call.dose,
            },
        })
        .collect();
    let (vials, planned) = (round.vials.vials, round.calls.len() as u64);
    let sheet = HomeSheet { leaves: round.leaves, back: round.back, vials, planned, calls };
    (!sheet.calls.is_empty()).then_some(sheet)
}

fn people_at(
    evening: &Evening,
    all: &[Assignment],
    at: impl Fn(&PlaceCode) -> bool,
) -> Vec<PersonLine> {
    all.iter()
        .filter(|one| at(&one.place))
        .filter_map(|one| {
            let line = evening.lines.get(&one.person)?;
            Some(PersonLine { dose: one.dose, ..line.clone() })
        })
        .collect()
}

/// Tomorrow's sessions: one for a site, one for each stop of a team in the order of its tour.
fn sessions(
    (campaign, tours): (&Campaign, &Tours),
    evening: &Evening,
    recipient: &DigestRecipient,
    rows: &[&PlanRow],
) -> Vec<SessionSheet> {
    let times = recipient.is_team.then(|| tours.get(recipient.code.as_str())).flatten();
    let mut by_place: BTreeMap<&PlaceCode, Vec<&PlanRow>> = BTreeMap::new();
    for row in rows {
        by_place.entry(&row.place).or_default().push(row);
    }
    let mut in_order: Vec<(&PlaceCode, Vec<&PlanRow>)> = by_place.into_iter().collect();
    let at = |place: &PlaceCode| times.and_then(|times| times.get(place));
    in_order.sort_by_key(|(place, _)| at(place).map(|at| at.arrives));
    // The stops of a tour take their vaccine out of one load.
    let mut before = 0;
    let mut sheet = |(place, rows): (&PlaceCode, Vec<&PlanRow>)| {
        let doses = rows.iter().map(|row| u64::from(row.doses)).sum();
        let times = at(place).cloned();
        let stay = times.as_ref().map(|at| (at.arrives, at.leaves));
        let late = evening.late.of.get(place);
        let sheet = SessionSheet {
            place: place.clone(),
            place_name: campaign
                .place(place.as_str())
                .map_or_else(|| place.to_string(), |found| found.name().to_owned()),
            expected: expected(campaign, &rows),
            doses,
            draws: draw_lines(campaign, evening, recipient, place, (before, doses)),
            vials: vial_lines(evening, recipient, place),
            late_vial: late.map(|(facts, _)| facts.rule(stay)),
            to_call: late.map(|(_, call)| call.clone()).unwrap_or_default(),
            people: people_at(evening, &evening.expected, |at| at == place),
            times,
        };
        before += doses;
        sheet
    };
    in_order.into_iter().map(&mut sheet).collect()
}

fn expected(campaign: &Campaign, rows: &[&PlanRow]) -> Vec<Expected> {
    rows.iter()
        .map(|row| Expected {
            area_name: campaign
                .area(row.area.as_str())
                .map_or_else(|| row.area.to_string(), |area| area.name.clone()),
            group_name: campaign
                .group(row.group.as_str())
                .map_or_else(|| row.group.to_string(), |group| group.name.clone()),
            dose: row.dose,
            people: u64::from(row.doses),
        })
        .collect()
}

/// The vials of a session, of lots that say how many doses a vial holds.
fn vial_lines(evening: &Evening, recipient: &DigestRecipient, place: &PlaceCode) -> Vec<VialLine> {
    let team = recipient.is_team.then_some(recipient.code.as_str());
    evening
        .vials
        .iter()
        .filter(|one| one.place == *place && one.team.as_ref().map(TeamCode::as_str) == team)
        .flat_map(|one| &one.lots)
        .filter_map(|lot| {
            let (vials, doses_per_vial) = lot.vials.zip(lot.doses_per_vial)?;
            let left = (vials * u64::from(doses_per_vial)).saturating_sub(lot.doses);
            Some(VialLine { lot: lot.lot.clone(), vials, doses_per_vial, left })
        })
        .collect()
}

/// The vaccine for a session. On a site's restock day: all that the site takes until the next one. On other days:
/// what the session needs, from the lots taken for that period. `before`: doses given at earlier stops of the tour.
fn draw_lines(
    campaign: &Campaign,
    evening: &Evening,
    recipient: &DigestRecipient,
    place: &PlaceCode,
    (before, doses): (u64, u64),
) -> Vec<DrawLine> {
    let tomorrow = evening.tomorrow;
    let line = |draw: &LotDraw, doses: u64, until: NaiveDate| {
        let lot = campaign.lot(draw.lot.as_str())?;
        Some(DrawLine {
            lot: draw.lot.clone(),
            product: lot.product.clone(),
            vaccine: crate::mail::render::only_vaccine(campaign).map(str::to_owned),
            doses,
            expires: lot.expires,
            until,
        })
    };
    let mine: Vec<&LotDraw> = evening
        .draws
        .iter()
        .filter(|draw| draw.taken <= tomorrow && tomorrow <= draw.until)
        .filter(|draw| match (&draw.site, &draw.team) {
            (Some(site), _) => !recipient.is_team && site == place,
            (None, Some(team)) => team.as_str() == recipient.code,
            (None, None) => false,
        })
        .collect();
    if !recipient.is_team && mine.iter().any(|draw| draw.taken == tomorrow) {
        return mine.iter().filter_map(|d| line(d, d.vaccine_doses, d.until)).collect();
    }
    let team = TeamCode::from(recipient.code.as_str());
    let rate = wastage_rate(campaign, place, Some(&team));
    let drawn =
        |doses: u64| drawn_for(doses, rate).and_then(|need| need.ceil().to_u64()).unwrap_or(doses);
    let used = drawn(before);
    let held: Vec<u64> = mine.iter().map(|draw| draw.vaccine_doses).collect();
    let taken = taken_after(&held, used, drawn(before + doses).saturating_sub(used));
    let lines = mine.iter().zip(taken).filter(|(_, doses)| *doses > 0);
    lines.filter_map(|(draw, doses)| line(draw, doses, tomorrow)).collect()
}
