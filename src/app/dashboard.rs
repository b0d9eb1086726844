//! What the dashboard shows, as values. Every figure has the same source as in mails and on the command line.

use super::coverage::{KnownThen, given};
use super::notices::summary::WithTree;
use super::problems::Problem;
use super::{App, Loaded, Result, millis};
use crate::domain::calendar::Sessions;
use crate::domain::campaign::Campaign;
use crate::domain::coverage::Coverage;
use crate::domain::date::{day_end, days};
use crate::domain::dose::{GivenRow, Tally};
use crate::domain::id::{PlaceCode, TeamCode};
use crate::domain::message::MailState;
use crate::domain::notice::Summary;
use crate::domain::plan::{PlanRow, PlanState};
use crate::domain::reporting;
use crate::store::installation::Hold;
use crate::store::outbox::Message;
use crate::store::plans::PlanHead;
use crate::store::runs::Run;
use crate::store::{Tx, arrivals, cells, installation, outbox, plans, runs, tallies};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// How a campaign stands.
#[derive(Debug)]
pub struct Overview {
    /// What the coordinator's mail of the day says.
    pub summary: Summary,
    /// Coverage of every area.
    pub tree: Coverage,
    /// The adopted plan.
    pub plan: Option<i64>,
}

/// Whether a place has reported on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// It is in.
    In,
    /// It is in, but its first count came after the day's end.
    Late,
    /// It was asked for a report and has not sent one.
    Missing,
    /// It was not at work.
    Shut,
    /// The day is still to come.
    Ahead,
}

/// Which places reported on which days.
#[derive(Debug)]
pub struct Reports {
    /// The days.
    pub days: Vec<NaiveDate>,
    /// Each site, and each stop that was visited, in the order of the files, with its report for each day.
    pub sites: Vec<(PlaceCode, Vec<Report>)>,
}

/// What a place or team does on a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionDay {
    /// Doses that the adopted plan has.
    pub planned: u64,
    /// Doses given; `None` where nothing has been reported.
    pub given: Option<u64>,
    /// The places of a team; empty for a place.
    pub places: BTreeSet<PlaceCode>,
    /// The teams at a stop; empty for a team or site.
    pub teams: BTreeSet<TeamCode>,
}

/// The queue of mail.
#[derive(Debug)]
pub struct Queue {
    /// Mails by state.
    pub counts: Vec<(MailState, u64)>,
    /// The newest ones.
    pub newest: Vec<Message>,
    /// The newest ones that somebody has to look at.
    pub unsettled: Vec<Message>,
    /// Why nothing is sent.
    pub hold: Option<Hold>,
    /// What is wrong with the mail server and the services.
    pub relays: Vec<Problem>,
}

/// When the first count of a place came for a day, milliseconds since 1970.
type Came = BTreeMap<(PlaceCode, NaiveDate), i64>;

async fn came(tx: &mut Tx, loaded: &Loaded, between: (NaiveDate, NaiveDate)) -> Result<Came> {
    Ok(arrivals::first(tx, loaded.no, between).await?)
}

/// Who reported on which days: places with a record, and when their first counts came.
fn reports_of(
    campaign: &Campaign,
    sessions: &Sessions,
    (reported, came): (&BTreeSet<(PlaceCode, NaiveDate)>, &Came),
    all: Vec<NaiveDate>,
    (as_of, today): (NaiveDate, NaiveDate),
) -> Reports {
    let open: Vec<BTreeSet<&PlaceCode>> = all
        .iter()
        .map(|day| reporting::expected(campaign, sessions, *day).into_iter().collect())
        .collect();
    let report = |site: &PlaceCode, day: NaiveDate, open: &BTreeSet<&PlaceCode>| {
        let key = (site.clone(), day);
        let is_late = || {
            let over = millis(day_end(campaign.timezone, day));
            came.get(&key).is_some_and(|at| *at >= over)
        };
        match (day > as_of, reported.contains(&key)) {
            (true, _) => Report::Ahead,
            (false, true) if is_late() => Report::Late,
            (false, true) => Report::In,
            (false, false) if open.contains(site) && day == today => Report::Ahead,
            (false, false) if open.contains(site) => Report::Missing,
            (false, false) => Report::Shut,
        }
    };
    let line = |site: &PlaceCode| {
        all.iter().zip(&open).map(|(day, open)| report(site, *day, open)).collect::<Vec<_>>()
    };
    let sites = campaign.sites.iter().map(|site| (site.code.clone(), line(&site.code)));
    let stops = campaign.stops.iter().map(|stop| (stop.code.clone(), line(&stop.code)));
    let is_idle = |report: &Report| matches!(report, Report::Shut | Report::Ahead);
    let stops = stops.filter(|(_, reports)| !reports.iter().all(is_idle));
    let sites = sites.chain(stops).collect();
    Reports { days: all, sites }
}

impl App {
    /// How a campaign stands at the end of a day, as it is seen on `today`.
    pub async fn overview(
        &self,
        loaded: &Loaded,
        as_of: NaiveDate,
        today: NaiveDate,
    ) -> Result<Overview> {
        let WithTree { summary, tree, plan } =
            self.summary_with_tree(loaded, as_of, (None, today)).await?;
        Ok(Overview { summary, tree, plan })
    }

    /// Who reported between two days, as known at the end of `as_of`. Nobody is late with `today`.
    pub async fn reports(
        &self,
        loaded: &Loaded,
        (first, last): (NaiveDate, NaiveDate),
        (as_of, today): (NaiveDate, NaiveDate),
    ) -> Result<Reports> {
        let mut tx = self.store.read().await?;
        let until = last.min(as_of);
        let reported =
            cells::reports_between(&mut tx, loaded.no, first, until).await?.into_iter().collect();
        let came = came(&mut tx, loaded, (first, until)).await?;
        drop(tx);
        let sessions = self.sessions(loaded).await?;
        let all = days(first, last).collect();
        Ok(reports_of(&loaded.campaign, &sessions, (&reported, &came), all, (as_of, today)))
    }

    /// The same by what was known at the end of an earlier day.
    pub async fn reports_then(
        &self,
        known: &KnownThen,
        (first, last): (NaiveDate, NaiveDate),
        (as_of, today): (NaiveDate, NaiveDate),
    ) -> Result<Reports> {
        let mut tx = self.store.read().await?;
        let came = came(&mut tx, &known.loaded, (first, last.min(as_of))).await?;
        drop(tx);
        let (campaign, all) = (&known.loaded.campaign, days(first, last).collect());
        let known_then = (&known.reported, &came);
        Ok(reports_of(campaign, &known.sessions, known_then, all, (as_of, today)))
    }

    /// The sessions of a site, stop or team between two days, by the plan in force on each day, with the doses given up
    /// to `as_of`.
    pub async fn session_days(
        &self,
        loaded: &Loaded,
        code: &str,
        (first, last): (NaiveDate, NaiveDate),
        as_of: NaiveDate,
    ) -> Result<BTreeMap<NaiveDate, SessionDay>> {
        let mut out: BTreeMap<NaiveDate, SessionDay> = BTreeMap::new();
        let sessions = self.sessions(loaded).await?;
        let mut mine: BTreeSet<(NaiveDate, PlaceCode)> = BTreeSet::new();
        for (key, entry) in sessions.standing((first, last)) {
            let is_team = key.team.as_ref().is_some_and(|team| team.as_str() == code);
            if key.place.as_str() != code && !is_team {
                continue;
            }
            let at = out.entry(key.day).or_default();
            at.planned += entry.doses.values().sum::<u64>();
            at.teams.extend(key.team.clone());
            at.places.insert(key.place.clone());
            mine.insert((key.day, key.place.clone()));
        }
        let mut tx = self.store.read().await?;
        let until = last.min(as_of);
        let is_mine = |place: &PlaceCode, day: NaiveDate| {
            place.as_str() == code || mine.contains(&(day, place.clone()))
        };
        for (place, day) in cells::reports_between(&mut tx, loaded.no, first, until).await? {
            if is_mine(&place, day) {
                out.entry(day).or_default().given.get_or_insert(0);
            }
        }
        for row in given(&mut tx, loaded, first, until).await? {
            if is_mine(&row.place, row.day) {
                *out.entry(row.day).or_default().given.get_or_insert(0) += u64::from(row.doses);
            }
        }
        Ok(out)
    }

    /// The sessions of a day by the plan in force on it, as rows of a plan. Rows are not split by people's areas; each
    /// has the place's own area.
    pub async fn rows_of_day(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<PlanRow>> {
        let sessions = self.sessions(loaded).await?;
        let mut out = Vec::new();
        for (key, entry) in sessions.standing((day, day)) {
            let Some(place) = loaded.campaign.place(key.place.as_str()) else { continue };
            out.extend(entry.doses.iter().map(|((group, dose), doses)| PlanRow {
                day,
                place: key.place.clone(),
                team: key.team.clone(),
                area: place.area().clone(),
                group: group.clone(),
                dose: *dose,
                doses: u32::try_from(*doses).unwrap_or(u32::MAX),
            }));
        }
        Ok(out)
    }

    /// Doses given on a day.
    pub async fn given_on(&self, loaded: &Loaded, day: NaiveDate) -> Result<Vec<GivenRow>> {
        let mut tx = self.store.read().await?;
        given(&mut tx, loaded, day, day).await
    }

    /// The plan in force, and the draft that waits.
    pub async fn plans_now(&self, loaded: &Loaded) -> Result<(Option<PlanHead>, Option<PlanHead>)> {
        let mut tx = self.store.read().await?;
        let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        let draft = plans::newest(&mut tx, loaded.no, PlanState::Draft).await?;
        Ok((adopted, draft))
    }

    /// The queue: mails by state, the newest ones, and the hold on sending where there is one. A mail is about all
    /// campaigns that have something to say to its reader, so the queue is one for all.
    pub async fn mail_queue(&self, limit: i64) -> Result<Queue> {
        let mut tx = self.store.read().await?;
        Ok(Queue {
            counts: outbox::counts(&mut tx).await?,
            newest: outbox::newest(&mut tx, limit).await?,
            unsettled: outbox::unsettled(&mut tx, limit).await?,
            hold: installation::get(&mut tx).await?.and_then(|found| found.hold),
            relays: self.relay_problems(&mut tx).await?,
        })
    }

    /// The newest runs of a campaign's jobs.
    pub async fn runs(&self, loaded: &Loaded, limit: i64) -> Result<Vec<Run>> {
        let mut tx = self.store.read().await?;
        Ok(runs::list(&mut tx, loaded.no, None, limit).await?)
    }

    /// The tallies of a place on a day.
    pub async fn tallies_of(
        &self,
        loaded: &Loaded,
        place: &PlaceCode,
        day: NaiveDate,
    ) -> Result<Vec<Tally>> {
        let mut tx = self.store.read().await?;
        Ok(tallies::of_place(&mut tx, loaded.no, place, day).await?)
    }
}
