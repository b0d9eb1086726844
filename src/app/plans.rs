//! Plans: make a draft, look at it, adopt it.

use super::assigning::{ToAssign, outset};
use super::coverage::given;
use super::loaded::only_open;
use super::staffing::StaffOutcome;
use super::{App, AppError, Loaded, Refused, Result, fault_words, home_days, millis, today};
use crate::domain::assign::Output;
use crate::domain::audit::Action;
use crate::domain::campaign::Campaign;
use crate::domain::dose::GivenRow;
use crate::domain::outset::kept;
use crate::domain::permission::{self, Actor, Power};
use crate::domain::plan::{Certificate, MadeBy, Plan, PlanRow, PlanState, first_day, is_outdated};
use crate::domain::planner::{self, GroupVerdict, Limits, Request, SearchProgress};
use crate::store::Tx;
use crate::store::bookings;
use crate::store::plans::{self, NewPlan, PlanHead};
use crate::store::unrest;
use crate::text;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::fmt::Display;

/// A plan and its number.
#[derive(Debug)]
pub struct Made {
    /// Its number; only the newest draft can be adopted.
    pub no: i64,
    /// First day that it plans.
    pub from: NaiveDate,
    /// The plan.
    pub plan: Plan,
    /// Which groups reach their targets; empty where there was no search.
    pub verdict: Vec<GroupVerdict>,
    /// Where staff is the limit.
    pub staff: StaffOutcome,
}

/// How long to search for a plan, and who watches.
pub struct Search<'a> {
    /// Limits in steps.
    pub limits: Limits,
    /// Called with the progress of the search.
    pub progress: &'a mut (dyn FnMut(SearchProgress) + Send),
    /// Returns the share of the time that is used up; always 0 without a limit.
    pub time_used: &'a mut (dyn FnMut() -> f64 + Send),
}

/// What a plan starts from.
pub struct PlanStart {
    /// Doses given before it.
    pub history: Vec<GivenRow>,
    /// Rows of the adopted plan; empty without one.
    pub published: Vec<PlanRow>,
    /// Its prices.
    pub warm: Option<Certificate>,
}

impl PlanStart {
    /// The request for a plan of a campaign from a day on.
    pub fn request<'a>(
        &'a self,
        campaign: &'a Campaign,
        from: NaiveDate,
        limits: Limits,
    ) -> Request<'a> {
        Request {
            campaign,
            given: &self.history,
            from,
            published: &self.published,
            told: None,
            warm: self.warm.as_ref(),
            limits,
        }
    }
}

/// What a new plan starts from.
struct Start {
    /// The campaign, with the people to plan for.
    campaign: Campaign,
    /// What they have had.
    history: Vec<GivenRow>,
    /// Doses reported.
    given_doses: u64,
    /// The first day on which the plan may place anything.
    open: NaiveDate,
    /// Rows before that day, which stay.
    kept: Vec<PlanRow>,
    /// Rows of the adopted plan from that day on.
    published: Vec<PlanRow>,
    /// Of them, the seats of people who know of them; `None` where there is no register.
    told: Option<Vec<PlanRow>>,
    /// Its prices.
    warm: Option<Certificate>,
}

/// What adopting did.
#[derive(Debug)]
pub struct Adopted {
    /// Number of the plan.
    pub no: i64,
    /// People assigned, moved, kept.
    pub people: Output,
}

impl App {
    /// Makes the draft of a campaign that shares no places. See [`App::make_plan`].
    pub(super) async fn make_alone(
        &self,
        loaded: &Loaded,
        wanted: Option<NaiveDate>,
        by: Actor<'_>,
        search: Search<'_>,
        now: DateTime<Utc>,
    ) -> Result<Made> {
        permission::may(by, Power::Plan)?;
        let day = today(&loaded.campaign, now);
        let from = first_day(&loaded.campaign, day, wanted);
        let start = self.start(loaded, from, day).await?;
        let Search { limits, progress, time_used } = search;
        let request = Request {
            campaign: &start.campaign,
            given: &start.history,
            from: start.open,
            published: &start.published,
            told: start.told.as_deref(),
            warm: start.warm.as_ref(),
            limits,
        };
        // Planning takes a core for a while, so the runtime moves other tasks away.
        let (mut plan, verdict) =
            tokio::task::block_in_place(|| planner::make_judged(&request, progress, time_used));
        plan.figures.doses += start.kept.iter().map(|row| u64::from(row.doses)).sum::<u64>();
        plan.rows.splice(0..0, start.kept);
        let new = NewPlan {
            version: loaded.version,
            from,
            made_by: made_by(by),
            figures: &plan.figures,
            unplaced: &plan.unplaced,
            rows: &plan.rows,
            given_doses: start.given_doses,
            certificate: &plan.certificate,
        };
        let mut act = self.act((by, Power::Plan), Action::PlanMake, now).await?;
        let no = plans::insert(&mut act, loaded.no, &new, millis(now)).await?;
        act.commit(Some(loaded.campaign.id.as_str()), &no.to_string()).await?;
        Ok(Made { no, from, plan, verdict, staff: StaffOutcome::default() })
    }

    /// What a new plan starts from: the register's people as persons, and sessions that are not
    /// reported yet as they are expected.
    async fn start(&self, loaded: &Loaded, from: NaiveDate, day: NaiveDate) -> Result<Start> {
        let mut tx = self.store.read().await?;
        let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        let open = outset::open_day(adopted.as_ref(), from, day);
        let (mut published, mut warm, mut first) = (Vec::new(), None, from);
        if let Some(head) = &adopted {
            published = rows_on(&mut tx, loaded, head.no, open).await?;
            warm = plans::certificate(&mut tx, loaded.no, head.no).await?;
            first = head.from;
        }
        // What a closure took from today's sessions is not expected any more.
        let is_told = |row: &PlanRow| from <= row.day && row.day < open;
        let (told, mut published): (Vec<_>, Vec<_>) = published.into_iter().partition(is_told);
        let kept = kept(&loaded.campaign.on(open), &told);
        published.extend(kept.iter().cloned());
        published.sort();
        let begun =
            Box::pin(outset::begin(&mut tx, loaded, day.min(from), (&published, first, open)))
                .await?;
        let campaign = begun.campaign(&published, (day, open));
        published.retain(|row| row.day >= open);
        Ok(Start {
            told: begun.register.as_ref().map(|register| register.told(open)),
            kept,
            history: begun.outset.history,
            given_doses: begun.given_doses,
            campaign,
            published,
            warm,
            open,
        })
    }

    /// What a plan that begins on a day starts from.
    pub async fn plan_start(&self, loaded: &Loaded, from: NaiveDate) -> Result<PlanStart> {
        let mut tx = self.store.read().await?;
        let until = from - TimeDelta::days(1);
        let history = given(&mut tx, loaded, NaiveDate::MIN, until).await?;
        let history = loaded.campaign.given_on(&history, from).into_owned();
        let adopted = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
        let Some(head) = adopted else {
            return Ok(PlanStart { history, published: Vec::new(), warm: None });
        };
        let published = rows_on(&mut tx, loaded, head.no, from).await?;
        let warm = plans::certificate(&mut tx, loaded.no, head.no).await?;
        Ok(PlanStart { history, published, warm })
    }

    /// Doses given before a day.
    pub async fn history(&self, loaded: &Loaded, before: NaiveDate) -> Result<Vec<GivenRow>> {
        let mut tx = self.store.read().await?;
        let rows = given(&mut tx, loaded, NaiveDate::MIN, before - TimeDelta::days(1)).await?;
        Ok(loaded.campaign.given_on(&rows, before).into_owned())
    }

    /// The prices that prove how good a plan is; `None` if they are no longer stored.
    pub async fn plan_prices(&self, loaded: &Loaded, no: i64) -> Result<Option<Certificate>> {
        let mut tx = self.store.read().await?;
        Ok(plans::certificate(&mut tx, loaded.no, no).await?)
    }

    /// Puts the draft of a campaign in force that shares no places. See [`App::adopt_plan`].
    pub(super) async fn adopt_alone(
        &self,
        loaded: &Loaded,
        no: Option<i64>,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Adopted> {
        let mut act = self.act((by, Power::Plan), Action::PlanAdopt, now).await?;
        only_open(std::slice::from_ref(loaded))?;
        let tx = act.tx();
        bookings::lock(tx, loaded.no).await?;
        let day = today(&loaded.campaign, now);
        let head = draft_to_adopt(tx, loaded, no, day).await?;
        let adopted = plans::newest(tx, loaded.no, PlanState::Adopted).await?;
        let open = outset::open_day(adopted.as_ref(), head.from, day);
        let mut published = Vec::new();
        if let Some(adopted) = &adopted {
            published = rows_on(tx, loaded, adopted.no, open).await?;
        }
        let rows = rows_on(tx, loaded, head.no, head.from).await?;
        home_days::leaves_rounds(tx, loaded, head.no, &rows, open).await?;
        let known = day.min(head.from);
        let mut begun =
            Box::pin(outset::begin(tx, loaded, known, (&rows, head.from, open))).await?;
        let campaign = begun.campaign(&published, (day, open));
        if known < day {
            // The days of the plan have passed: nobody can be called to them.
            begun.register = None;
        }
        let new: Vec<PlanRow> = rows.iter().filter(|row| row.day >= open).cloned().collect();
        let report = planner::check(&campaign, &new, &begun.outset.history, open);
        let broken: Vec<_> =
            report.violations.iter().filter(|one| !one.is_listed(&head.unplaced)).collect();
        if let Some(first) = broken.first() {
            let count: &dyn Display = &broken.len();
            let refused =
                Refused::new("refused-draft-faults", &[("no", &head.no), ("count", count)]);
            let refused = refused.with("first", |language| fault_words::of_plan(language, first));
            return Err(AppError::Refused(refused));
        }
        plans::adopt(&mut act, loaded.no, head.no, millis(now)).await?;
        let one = ToAssign { loaded, plan: head.no, begun };
        let people = self.assign_in(act.tx(), one, now).await?;
        unrest::clear(act.tx(), loaded.no).await?;
        act.commit(Some(loaded.campaign.id.as_str()), &head.no.to_string()).await?;
        Ok(Adopted { no: head.no, people })
    }

    /// A plan with its rows: the one with this number, else the adopted one.
    pub async fn plan(
        &self,
        loaded: &Loaded,
        no: Option<i64>,
    ) -> Result<Option<(PlanHead, Vec<PlanRow>)>> {
        let mut tx = self.store.read().await?;
        let head = match no {
            Some(no) => plans::find(&mut tx, loaded.no, no).await?,
            None => plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?,
        };
        let Some(mut head) = head else { return Ok(None) };
        hide(&mut head, loaded);
        let rows = rows_on(&mut tx, loaded, head.no, head.from).await?;
        Ok(Some((head, rows)))
    }

    /// The newest draft with its rows.
    pub async fn draft(&self, loaded: &Loaded) -> Result<Option<(PlanHead, Vec<PlanRow>)>> {
        let mut tx = self.store.read().await?;
        let Some(mut head) = plans::newest(&mut tx, loaded.no, PlanState::Draft).await? else {
            return Ok(None);
        };
        hide(&mut head, loaded);
        let rows = rows_on(&mut tx, loaded, head.no, head.from).await?;
        Ok(Some((head, rows)))
    }

    /// Every plan, oldest first.
    pub async fn plan_list(&self, loaded: &Loaded) -> Result<Vec<PlanHead>> {
        let mut tx = self.store.read().await?;
        Ok(plans::heads(&mut tx, loaded.no).await?)
    }
}

/// Whether a job or somebody makes a plan.
pub(super) fn made_by(by: Actor<'_>) -> MadeBy {
    if matches!(by, Actor::Job(_)) { MadeBy::Job } else { MadeBy::Hand }
}

/// Takes what is of other areas out of a plan that is seen in part.
fn hide(head: &mut PlanHead, loaded: &Loaded) {
    head.unplaced.retain(|one| loaded.shows(&one.area));
    head.figures.worst_area.take_if(|worst| !loaded.shows(&worst.area));
}

/// The rows of a plan under today's names of groups, with the areas as they are on a day.
pub(super) async fn rows_on(
    tx: &mut Tx,
    loaded: &Loaded,
    no: i64,
    day: NaiveDate,
) -> Result<Vec<PlanRow>> {
    Ok(named(loaded, plans::rows(tx, loaded.no, no, ..).await?, day))
}

/// The same of the days from the first on and before the last, with the areas as they are on the first.
pub(super) async fn rows_between(
    tx: &mut Tx,
    loaded: &Loaded,
    no: i64,
    (first, until): (NaiveDate, NaiveDate),
) -> Result<Vec<PlanRow>> {
    Ok(named(loaded, plans::rows(tx, loaded.no, no, first..until).await?, first))
}

fn named(loaded: &Loaded, rows: Vec<PlanRow>, day: NaiveDate) -> Vec<PlanRow> {
    let mut rows = loaded.campaign.plan_rows_on(rows, day);
    rows.retain(|row| loaded.shows(&row.area));
    rows
}

/// The rows of the days from `first` on and before `until`, as the plan has them that was last in force for each day.
pub(super) async fn in_force(
    tx: &mut Tx,
    loaded: &Loaded,
    first: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<PlanRow>> {
    let mut out = Vec::new();
    let mut until = until;
    for plan in plans::adopted(tx, loaded.no).await?.into_iter().rev() {
        if until <= first {
            break;
        }
        let days = plan.from.max(first)..until;
        let rows = plans::rows(tx, loaded.no, plan.no, days).await?;
        out.extend(named(loaded, rows, first));
        until = until.min(plan.from);
    }
    Ok(out)
}

/// The draft with this number, else the newest one, if it can still be adopted on a day.
pub(super) async fn draft_to_adopt(
    tx: &mut Tx,
    loaded: &Loaded,
    no: Option<i64>,
    day: NaiveDate,
) -> Result<PlanHead> {
    let head = match no {
        Some(no) => plans::find(tx, loaded.no, no).await?,
        None => plans::newest(tx, loaded.no, PlanState::Draft).await?,
    };
    let head = head.ok_or_else(|| no_draft(no))?;
    match head.state {
        PlanState::Draft => {}
        PlanState::Adopted => {
            return Err(AppError::refused("refused-draft-adopted", &[("no", &head.no)]));
        }
        state => {
            let named = |language| text::word(language, &format!("plan-state-{}", state.word()));
            let said = Refused::new("refused-no-draft-but", &[("no", &head.no)]);
            return Err(AppError::Refused(said.with("state", named)));
        }
    }
    if is_outdated(&loaded.campaign, day, head.from) {
        let told: [(&str, &dyn std::fmt::Display); 3] =
            [("no", &head.no), ("from", &head.from), ("day", &day)];
        return Err(AppError::refused("refused-draft-old", &told));
    }
    Ok(head)
}

fn no_draft(no: Option<i64>) -> AppError {
    match no {
        Some(no) => AppError::refused("refused-no-plan", &[("no", &no)]),
        None => AppError::refused("refused-no-draft", &[]),
    }
}

/// What a new plan changes, with a line for each session that changes.
pub fn diff_lines(
    campaign: &Campaign,
    old: &[PlanRow],
    new: &[PlanRow],
    from: NaiveDate,
) -> Vec<String> {
    planner::diff(old, new, from)
        .sessions
        .iter()
        .map(|change| {
            let name = campaign
                .place(change.place.as_str())
                .map_or_else(|| change.place.to_string(), |place| place.name().to_owned());
            format!(
                "{} {} {name}: {} → {}",
                change.day, change.place, change.doses_before, change.doses_after
            )
        })
        .collect()
}
