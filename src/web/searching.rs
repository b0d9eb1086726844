//! Searches for a plan that are started in the dashboard. One runs at a time; the page shows its progress.

use super::Site;
use crate::app::plans;
use crate::app::{App, Loaded};
use crate::domain::account::Account;
use crate::domain::permission::Actor;
use crate::domain::planner::{GroupVerdict, Limits, SearchProgress};
use crate::store::CampaignNo;
use chrono::{DateTime, Utc};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The most points of the curve; beyond it, every other point is dropped.
const POINTS_MAX: usize = 240;

/// State of a search.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// It runs.
    Running,
    /// It ended with a draft.
    Done {
        /// Its number.
        no: i64,
        /// Which groups reach their targets, and what would help the others.
        verdict: Arc<Vec<GroupVerdict>>,
        /// How long it took.
        took: Duration,
    },
    /// It ended with an error.
    Failed(String),
}

/// A search.
#[derive(Debug)]
pub(super) struct Search {
    campaign: CampaignNo,
    began: Instant,
    state: Mutex<State>,
    /// Points of the curve: step, objective, bound.
    points: Mutex<Vec<(u32, f64, f64)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Search {
    pub(super) fn is_running(&self) -> bool {
        matches!(*locked(&self.state), State::Running)
    }

    pub(super) fn state(&self) -> State {
        locked(&self.state).clone()
    }

    pub(super) fn points(&self) -> Vec<(u32, f64, f64)> {
        locked(&self.points).clone()
    }

    /// How long it has run so far, or took in all.
    pub(super) fn elapsed(&self) -> Duration {
        match *locked(&self.state) {
            State::Done { took, .. } => took,
            _ => self.began.elapsed(),
        }
    }

    /// The verdict, where plan `no` is the one that it made.
    pub(super) fn verdict_of(&self, plan: i64) -> Option<Arc<Vec<GroupVerdict>>> {
        match &*locked(&self.state) {
            State::Done { no, verdict, .. } if *no == plan => Some(Arc::clone(verdict)),
            _ => None,
        }
    }

    fn note(&self, at: SearchProgress) {
        let mut points = locked(&self.points);
        points.push((at.step, at.objective, at.upper_bound));
        if points.len() > POINTS_MAX {
            let mut keep = false;
            points.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }
}

/// Holds the newest search of this process.
#[derive(Debug, Default)]
pub(super) struct Searches {
    newest: Mutex<Option<Arc<Search>>>,
    /// Set when the process ends, which ends a running search.
    ending: Arc<AtomicBool>,
}

impl Searches {
    /// The newest search if it is for this campaign.
    pub(super) fn of(&self, campaign: CampaignNo) -> Option<Arc<Search>> {
        locked(&self.newest).clone().filter(|search| search.campaign == campaign)
    }

    /// Asks a running search to end.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    /// Starts a search of so many seconds for an account; `false` if one runs already.
    pub(super) fn begin(
        &self,
        site: &Site,
        (loaded, seconds, account): (Loaded, u64, Account),
        now: DateTime<Utc>,
    ) -> bool {
        let mut newest = locked(&self.newest);
        if newest.as_ref().is_some_and(|search| search.is_running()) {
            return false;
        }
        let search = Arc::new(Search {
            campaign: loaded.no,
            began: Instant::now(),
            state: Mutex::new(State::Running),
            points: Mutex::default(),
        });
        *newest = Some(Arc::clone(&search));
        drop(newest);
        let (site, ending) = (site.clone(), Arc::clone(&self.ending));
        tokio::spawn(async move {
            let limit = Duration::from_secs(seconds).as_secs_f64();
            let mut time_used = || {
                if ending.load(Ordering::SeqCst) {
                    return 10.0;
                }
                search.began.elapsed().as_secs_f64() / limit
            };
            let mut progress = |at: SearchProgress| search.note(at);
            let limits = Limits::default();
            let task = plans::Search { limits, progress: &mut progress, time_used: &mut time_used };
            let by = Actor::Account(&account);
            let state = match make(&site.app, &loaded, (by, task), now).await {
                Ok((no, verdict)) => {
                    let verdict = Arc::new(verdict);
                    State::Done { no, verdict, took: search.began.elapsed() }
                }
                Err(error) => {
                    let said = error.to_string();
                    State::Failed(crate::mail::mask::addresses(&said).into_owned())
                }
            };
            site.desk.cache.forget();
            *locked(&search.state) = state;
        });
        true
    }
}

/// Makes a campaign's draft, together with those of the campaigns that share places with it.
async fn make(
    app: &App,
    loaded: &Loaded,
    (by, task): (Actor<'_>, plans::Search<'_>),
    now: DateTime<Utc>,
) -> crate::app::Result<(i64, Vec<GroupVerdict>)> {
    let all = app.together(loaded, now).await?;
    if all.len() == 1 {
        let made = app.make_plan(loaded, None, by, task, now).await?;
        return Ok((made.no, made.verdict));
    }
    let made = app.make_for(&all, None, by, task, now).await?;
    Ok((made.of(loaded).unwrap_or_default(), Vec::new()))
}
