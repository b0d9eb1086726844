//! Visits of schools: found for who agreed, and kept in the campaign as agreed sessions, so that a plan is made around
//! them. The one list becomes the campaign's denominators.

use super::{SchoolPupil, Schools, names};
use crate::app::assigning::each_person;
use crate::app::homes::all_back;
use crate::app::{App, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::campaign::{Campaign, CohortKey};
use crate::domain::count::floor_of;
use crate::domain::group::Eligible;
use crate::domain::id::{AreaCode, GroupId};
use crate::domain::jurisdiction::{AgreedSession, LocalCampaign};
use crate::domain::permission::{Actor, Power};
use crate::domain::person::Asked;
use crate::domain::plan::first_day;
use crate::domain::schools::{
    ClassNeed, ConsentAnswer, SchoolNeed, VisitPlan, VisitRequest, plan_visits, stop_of,
};
use crate::store::{self, Tx, homes};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Which visits are wanted.
#[derive(Debug, Clone)]
pub struct VisitOrder {
    /// The first day; `None`: the first one of which people can be told.
    pub first: Option<NaiveDate>,
    /// Only who agreed; else everybody who did not refuse.
    pub only_agreed: bool,
    /// Schools that have visits to come get new ones too.
    pub again: bool,
    /// When teams leave their base.
    pub leaves_at: NaiveTime,
    /// What stands in the campaign as the source of its denominators.
    pub source: String,
}

/// Visits that were found.
#[derive(Debug, Clone, Serialize)]
pub struct VisitedSchools {
    /// The visits, and days by school.
    #[serde(flatten)]
    pub plan: VisitPlan,
    /// Names of the schools.
    #[serde(skip)]
    pub names: BTreeMap<AreaCode, String>,
    /// Schools that have visits to come, and keep them.
    pub kept: Vec<AreaCode>,
    /// People by area and group, as the register has them: at schools, and where townships' lists came from.
    pub denominators: Vec<Denominator>,
    /// Denominators of areas above these schools, which stay as they are: the pupils may be among them.
    pub above: Vec<Denominator>,
}

/// Whom a campaign asks in an area, as the register has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denominator {
    /// The area.
    pub area: AreaCode,
    /// The group.
    pub group: GroupId,
    /// People.
    pub people: u32,
    /// Of them: too young today for a group that they will be in. A plan that is made today does not count with them.
    #[serde(skip)]
    pub not_yet: u32,
}

impl App {
    /// Finds visits for the schools of a campaign; with `saves` they are its agreed sessions from then on.
    pub async fn plan_school_visits(
        &self,
        loaded: &Loaded,
        (order, saves): (&VisitOrder, bool),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<VisitedSchools> {
        all_back(loaded.campaign.teams.iter(), order.leaves_at)?;
        let day = today(&loaded.campaign, now);
        let notice = self.jurisdiction().await?.map_or(1, |all| all.notice_days);
        let usual = day + TimeDelta::days(i64::from(notice) + 1);
        let first = first_day(&loaded.campaign, usual, order.first);
        let mut own = self.own(loaded).await?;
        let mut busy = BTreeSet::new();
        let mut tx = self.store.read().await?;
        let pupils = self.pupils(&mut tx, loaded, day).await?;
        let groups: BTreeSet<&GroupId> = pupils.iter().map(|it| &it.standing.group).collect();
        let mut listed: BTreeSet<AreaCode> =
            pupils.iter().map(|it| it.standing.at.school.clone()).collect();
        listed.extend(store::schools::lists(&mut tx).await?.into_iter().map(|it| it.list));
        let denominators = denominators(&mut tx, loaded, (&groups, &listed), day).await?;
        let above = above(&loaded.campaign, &denominators, day);
        busy.extend(homes::days(&mut tx, first).await?.into_iter().map(|(day, team)| (team, day)));
        drop(tx);
        let schools = Schools::of(&loaded.campaign);
        let kept = kept(&own, (&schools, &pupils), (first, order.again));
        for other in self.campaigns().await? {
            let sessions = self.sessions(&other).await?;
            let days = (first, loaded.campaign.end);
            for (key, _) in sessions.standing(days) {
                let stop = loaded.campaign.stop(key.place.as_str());
                let is_kept = stop.is_some_and(|stop| kept.contains(&stop.area));
                if other.no != loaded.no || is_kept {
                    busy.extend(key.team.clone().map(|team| (team, key.day)));
                }
            }
        }
        let needs = needs(&loaded.campaign, &pupils, (&kept, &denominators), order.only_agreed);
        let plan = plan_visits(&VisitRequest {
            campaign: &loaded.campaign,
            first,
            busy: &busy,
            schools: &needs,
            leaves_at: order.leaves_at,
        });
        let campaign = &loaded.campaign;
        let names: BTreeMap<AreaCode, String> = names(campaign)
            .into_iter()
            .map(|(code, name)| (code.clone(), name.to_owned()))
            .collect();
        if saves {
            let planned: BTreeSet<&AreaCode> = needs.iter().map(|need| &need.school).collect();
            let is_old = |one: &AgreedSession| {
                let school = schools.visited(one);
                one.day >= first && school.is_some_and(|school| planned.contains(school))
            };
            own.sessions.retain(|one| !is_old(one));
            put_visits(&mut own, &plan, &names);
            put_denominators(&mut own, &denominators, (day, &order.source));
            let mut act = self.act((by, Power::Plan), Action::CampaignApply, now).await?;
            let applied = self.apply_in(&mut act, &own, now).await?;
            if applied.is_change() {
                let said = format!("{} visits of schools", plan.visits.len());
                act.commit(Some(campaign.id.as_str()), &said).await?;
            }
        }
        let kept = kept.into_iter().collect();
        Ok(VisitedSchools { plan, names, kept, denominators, above })
    }
}

/// The schools that have visits to come, unless all are planned again.
fn kept(
    own: &LocalCampaign,
    (all, pupils): (&Schools<'_>, &[SchoolPupil]),
    (first, again): (NaiveDate, bool),
) -> BTreeSet<AreaCode> {
    let schools: BTreeSet<&AreaCode> = pupils.iter().map(|it| &it.standing.at.school).collect();
    let to_come = own.sessions.iter().filter(|one| one.day >= first && !again && one.is_locked);
    let visited = to_come.filter_map(|one| all.visited(one));
    visited.filter(|school| schools.contains(school)).cloned().collect()
}

/// Puts visits among the agreed sessions of a campaign.
fn put_visits(own: &mut LocalCampaign, plan: &VisitPlan, names: &BTreeMap<AreaCode, String>) {
    own.sessions.extend(plan.visits.iter().flat_map(|visit| agreed(visit, names)));
    own.sessions.sort_by(|a, b| {
        let opens = |one: &AgreedSession| one.hours.map(|it| it.opens);
        (a.day, &a.place, opens(a)).cmp(&(b.day, &b.place, opens(b)))
    });
}

/// A visit as agreed sessions: one for each class.
fn agreed(
    visit: &crate::domain::schools::SchoolVisit,
    names: &BTreeMap<AreaCode, String>,
) -> Vec<AgreedSession> {
    let one = |class: &crate::domain::schools::VisitedClass| AgreedSession {
        place: visit.stop.clone(),
        day: visit.day,
        hours: Some(class.hours),
        area: Some(visit.school.clone()),
        group: Some(class.group.clone()),
        school: names.get(&visit.school).cloned(),
        class: Some(class.class.clone()).filter(|class| !class.is_empty()),
        doses: Some(class.doses),
        dose: None,
        is_booked: false,
        is_locked: true,
    };
    visit.classes.iter().map(one).collect()
}

/// Who of each school is to be vaccinated, by class, group and doses. No more than the campaign expects to come.
fn needs(
    campaign: &Campaign,
    pupils: &[SchoolPupil],
    (kept, denominators): (&BTreeSet<AreaCode>, &[Denominator]),
    only_agreed: bool,
) -> Vec<SchoolNeed> {
    type Line<'a> = (&'a AreaCode, &'a str, &'a GroupId, u8);
    let mut lines: BTreeMap<Line<'_>, (u32, NaiveDate)> = BTreeMap::new();
    let mut complete: BTreeMap<CohortKey, u32> = BTreeMap::new();
    for pupil in pupils.iter().map(|it| &it.standing).filter(|it| !kept.contains(&it.at.school)) {
        let has_answer = if only_agreed {
            pupil.answer == Some(ConsentAnswer::Yes)
        } else {
            pupil.answer != Some(ConsentAnswer::No)
        };
        let Some((number, earliest)) = pupil.due else {
            let area = pupil.at.school.clone();
            *complete.entry(CohortKey { area, group: pupil.group.clone() }).or_default() += 1;
            continue;
        };
        if !has_answer || pupil.barred.is_some() {
            continue;
        }
        let given = number.saturating_sub(1);
        let key = (&pupil.at.school, pupil.at.class.as_str(), &pupil.group, given);
        let line = lines.entry(key).or_insert((0, earliest));
        *line = (line.0 + 1, line.1.max(earliest));
    }
    let mut schools: BTreeMap<&AreaCode, Vec<ClassNeed>> = BTreeMap::new();
    for ((school, class, group, given), (pupils, earliest)) in lines {
        let (class, group) = (class.to_owned(), group.clone());
        let need = ClassNeed { class, group, given, pupils, earliest };
        schools.entry(school).or_default().push(need);
    }
    for one in denominators {
        let Some(classes) = schools.get_mut(&one.area) else { continue };
        let uptake = campaign.group(one.group.as_str()).map(|group| group.uptake);
        let most = uptake.map_or(one.people, |uptake| floor_of(one.people, uptake));
        let most = most.saturating_sub(one.not_yet);
        let key = CohortKey { area: one.area.clone(), group: one.group.clone() };
        expect(classes, &one.group, most.saturating_sub(complete.get(&key).copied().unwrap_or(0)));
    }
    let need = |(school, classes): (&AreaCode, Vec<ClassNeed>)| {
        let stop = stop_of(campaign, school)?.code.clone();
        Some(SchoolNeed { school: school.clone(), stop, classes })
    };
    schools.into_iter().filter_map(need).collect()
}

/// Takes from those who have had no dose, class by class, until no more than `most` of a group are left.
fn expect(classes: &mut [ClassNeed], group: &GroupId, most: u32) {
    let own = |it: &&mut ClassNeed| it.group == *group;
    let all: u32 = classes.iter().filter(|it| it.group == *group).map(|it| it.pupils).sum();
    let mut over = all.saturating_sub(most);
    while over > 0 {
        let new = classes.iter_mut().filter(own).filter(|it| it.given == 0 && it.pupils > 0);
        let Some(largest) = new.max_by_key(|it| it.pupils) else { return };
        largest.pupils -= 1;
        over -= 1;
    }
}

/// Whom a campaign asks of some groups in areas of which lists came, as the register has them on a day. Other areas
/// may count people whom the register does not have.
async fn denominators(
    tx: &mut Tx,
    loaded: &Loaded,
    (groups, areas): (&BTreeSet<&GroupId>, &BTreeSet<AreaCode>),
    day: NaiveDate,
) -> Result<Vec<Denominator>> {
    let campaign = &loaded.campaign;
    let (asked, aged) = (Asked::by(campaign), day.max(campaign.start));
    // Where nobody is left, that is the number.
    let before = campaign.eligible.iter();
    let before = before.filter(|it| areas.contains(&it.area) && groups.contains(&it.group));
    let mut sums: BTreeMap<(AreaCode, GroupId), (u32, u32)> =
        before.map(|it| ((it.area.clone(), it.group.clone()), (0, 0))).collect();
    each_person(tx, loaded, |person| {
        let group = asked.group(&person.area, person.traits(), aged).map(|group| &group.id);
        if let Some(group) = group.filter(|id| groups.contains(id) && person.more.died.is_none()) {
            let area = campaign.home(&person.area, aged).clone();
            if !areas.contains(&area) {
                return;
            }
            let now = asked.group(&person.area, person.traits(), day).map(|group| &group.id);
            let sum = sums.entry((area, group.clone())).or_default();
            *sum = (sum.0 + 1, sum.1 + u32::from(now != Some(group)));
        }
    })
    .await?;
    let one = |((area, group), (people, not_yet))| Denominator { area, group, people, not_yet };
    Ok(sums.into_iter().map(one).collect())
}

/// Denominators of a campaign on a day that stand above areas with others of the same group.
fn above(campaign: &Campaign, below: &[Denominator], day: NaiveDate) -> Vec<Denominator> {
    let parent = |code: &AreaCode| campaign.area(code.as_str()).and_then(|it| it.parent.clone());
    let mut keys: BTreeSet<(AreaCode, GroupId)> = BTreeSet::new();
    for one in below {
        let mut at = parent(&one.area);
        // A tree of areas has no circle; its depth is bounded all the same.
        for _ in 0..campaign.areas.len() {
            let Some(area) = at else { break };
            at = parent(&area);
            keys.insert((area, one.group.clone()));
        }
    }
    for one in below {
        keys.remove(&(one.area.clone(), one.group.clone()));
    }
    let known = campaign.eligible_on(day);
    let one = |(area, group): (AreaCode, GroupId)| {
        let key = CohortKey { area: area.clone(), group: group.clone() };
        let people = known.get(&key).map_or(0, |row| row.people);
        (people > 0).then_some(Denominator { area, group, people, not_yet: 0 })
    };
    keys.into_iter().filter_map(one).collect()
}

/// Puts denominators as of a day into a campaign, where they differ from those that count on it.
fn put_denominators(
    own: &mut LocalCampaign,
    all: &[Denominator],
    (day, source): (NaiveDate, &str),
) {
    let known = own.campaign.eligible_on(day);
    let people = |one: &Denominator| {
        let key = CohortKey { area: one.area.clone(), group: one.group.clone() };
        known.get(&key).map(|row| row.people)
    };
    let differ: Vec<&Denominator> =
        all.iter().filter(|one| people(one) != Some(one.people)).collect();
    for one in differ {
        let is_same_day = |row: &Eligible| {
            row.area == one.area && row.group == one.group && row.as_of == Some(day)
        };
        own.campaign.eligible.retain(|row| !is_same_day(row));
        own.campaign.eligible.push(Eligible {
            area: one.area.clone(),
            group: one.group.clone(),
            people: one.people,
            source: Some(source.to_owned()),
            as_of: Some(day),
        });
    }
}
