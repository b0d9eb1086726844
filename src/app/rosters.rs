//! The roster of a database: published from a file, changed by sick calls. Whoever's days change is told in the same
//! transaction.

use super::breaking::Broken;
use super::notices::StaffTold;
use super::{App, AppError, Refused, Result, millis};
use crate::domain::audit::Action;
use crate::domain::date::day_of;
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{Jurisdiction, Leave, Role};
use crate::domain::permission::{Actor, Power};
use crate::domain::plan::{PlanRow, PlanState};
use crate::domain::roster::{self, Change, Duty, Missing, PlaceUse};
use crate::store::{Tx, duties, jurisdictions, plans};
use crate::text;
use chrono::{DateTime, Days, NaiveDate, Utc, Weekday};
use std::collections::BTreeMap;

/// Days before and after which published duties count in somebody's weeks and rows.
const AROUND_DAYS: u64 = 31;

/// What publishing a roster did.
#[derive(Debug, Clone)]
pub struct Published {
    /// First and last day that it stands for by now.
    pub days: (NaiveDate, NaiveDate),
    /// Duties in these days.
    pub duties: usize,
    /// Who was told.
    pub told: StaffTold,
}

/// What people who are away changed in a published roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterChanged {
    /// Days of others and of whoever is away that are no longer as they were published.
    pub changes: Vec<Change>,
    /// Whom places lack now.
    pub missing: Vec<Missing>,
    /// Who was told.
    pub told: StaffTold,
}

/// What leave changed.
#[derive(Debug, Clone)]
pub struct LeaveTaken {
    /// In the published roster.
    pub roster: RosterChanged,
    /// What it breaks in plans that are in force.
    pub broken: Vec<Broken>,
}

/// A place's row of a week, for one role.
#[derive(Debug, Clone)]
pub struct RosterLine {
    /// The site or team.
    pub place: String,
    /// Its name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Who works on each day, Monday first.
    pub names: [Vec<String>; 7],
}

/// The published roster of a week.
#[derive(Debug, Clone)]
pub struct RosterWeek {
    /// Its days, Monday first.
    pub days: [NaiveDate; 7],
    /// Who works, by place and role.
    pub lines: Vec<RosterLine>,
    /// How much of each place's people is used, with the place's name.
    pub used: Vec<(String, PlaceUse)>,
}

impl App {
    /// The published roster of the week of a day; an empty one where nobody has counted the staff.
    pub async fn roster_week(&self, day: NaiveDate) -> Result<RosterWeek> {
        let monday = day.week(Weekday::Mon).first_day();
        let mut all = monday.iter_days();
        let days = std::array::from_fn(|_| all.next().unwrap_or(monday));
        let mut tx = self.store.read().await?;
        let found = jurisdictions::newest(&mut tx).await?.jurisdiction;
        let Some(of) = found.filter(|of| !of.staff.is_empty()) else {
            return Ok(RosterWeek { days, lines: Vec::new(), used: Vec::new() });
        };
        let duties = duties::published(&mut tx, (days[0], days[6])).await?;
        let staff: BTreeMap<&StaffId, &str> =
            of.staff.iter().map(|one| (&one.code, one.name.as_str())).collect();
        let mut lines: BTreeMap<(&str, Role), [Vec<String>; 7]> = BTreeMap::new();
        for duty in &duties {
            let names = lines.entry((&duty.place, duty.role)).or_default();
            let name = staff.get(&duty.staff).copied().unwrap_or(duty.staff.as_str());
            if let Some(at) = days.iter().position(|day| *day == duty.date) {
                names[at].push(name.to_owned());
            }
        }
        let line = |((place, role), names): ((&str, Role), [Vec<String>; 7])| RosterLine {
            place: place.to_owned(),
            name: of.post_name(place, monday).to_owned(),
            role,
            names,
        };
        let named = |one: PlaceUse| (of.post_name(&one.place, monday).to_owned(), one);
        let used = roster::used(&of, &duties, monday).into_iter().map(named).collect();
        Ok(RosterWeek { days, lines: lines.into_iter().map(line).collect(), used })
    }

    /// The jurisdiction, which must have staff.
    pub async fn staffed(&self) -> Result<Jurisdiction> {
        staffed(&mut self.store.read().await?).await
    }

    /// The published duties of some days.
    pub async fn published(&self, days: (NaiveDate, NaiveDate)) -> Result<Vec<Duty>> {
        Ok(duties::published(&mut self.store.read().await?, days).await?)
    }

    /// The rows of all plans in force from a day on: what a roster is made for.
    pub async fn rows_to_staff(&self, from: NaiveDate) -> Result<Vec<PlanRow>> {
        let mut out = Vec::new();
        for loaded in self.campaigns().await?.iter().filter(|one| one.is_open) {
            let mut tx = self.store.read().await?;
            let head = plans::newest(&mut tx, loaded.no, PlanState::Adopted).await?;
            if let Some(head) = head {
                let rows = plans::rows(&mut tx, loaded.no, head.no, from..).await?;
                out.extend(loaded.campaign.plan_rows_on(rows, from));
            }
        }
        Ok(out)
    }

    /// Publishes a roster for its days, from today on; earlier days stay as they were. A roster that breaks a rule is
    /// refused.
    pub async fn publish_roster(
        &self,
        given: &[Duty],
        (from, until): (NaiveDate, NaiveDate),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Published> {
        let mut act = self.act((by, Power::Plan), Action::RosterPublish, now).await?;
        let of = staffed(act.tx()).await?;
        let days = (from.max(day_of(of.timezone, now)), until);
        if days.0 > days.1 {
            return Err(AppError::refused("refused-roster-past", &[("until", &until)]));
        }
        let inside = |duty: &&Duty| days.0 <= duty.date && duty.date <= days.1;
        let new: Vec<Duty> = given.iter().filter(inside).cloned().collect();
        let before = duties::published(act.tx(), (NaiveDate::MIN, day_before(days.0))).await?;
        let judged = roster::check(&of, &new, &[], &recent(before, days.0), days);
        let count = judged.violations.len();
        if let Some(first) = judged.violations.first() {
            let (rule, date) = (first.rule, first.date.unwrap_or(days.0));
            let refused = Refused::new("refused-roster", &[("count", &count), ("date", &date)]);
            let rule = |language| text::word(language, &format!("roster-rule-{rule}"));
            return Err(AppError::Refused(refused.with("rule", rule)));
        }
        duties::replace(act.tx(), days, &new, millis(now)).await?;
        let told = self.tell_staff_in(act.tx(), now).await?;
        act.commit(None, &format!("{} to {}, {} duties", days.0, days.1, new.len())).await?;
        Ok(Published { days, duties: new.len(), told })
    }

    /// Enters leave, or a sick call: published days of whoever is away are taken over by others, with as few changes
    /// as there need be.
    pub async fn take_leave(
        &self,
        leave: &Leave,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<LeaveTaken> {
        let mut act = self.act((by, Power::Plan), Action::RosterLeave, now).await?;
        let mut of = staffed(act.tx()).await?;
        if !of.staff.iter().any(|one| one.code == leave.staff) {
            return Err(AppError::refused("refused-staff", &[("staff", &leave.staff)]));
        }
        let is_known = |one: &Leave| {
            one.staff == leave.staff && one.first <= leave.first && leave.last <= one.last
        };
        if of.leave.iter().any(is_known) {
            return Err(AppError::refused("refused-leave-known", &[("staff", &leave.staff)]));
        }
        of.leave.push(leave.clone());
        let applied = self.apply_jurisdiction_in(&mut act, &of, now).await?;
        let from = leave.first.max(day_of(of.timezone, now));
        let published = duties::published(act.tx(), (NaiveDate::MIN, NaiveDate::MAX)).await?;
        let roster = self.roster_again(act.tx(), (&of, &published), from, now).await?;
        act.commit(None, &format!("{} {} to {}", leave.staff, leave.first, leave.last)).await?;
        Ok(LeaveTaken { roster, broken: applied.broken })
    }

    /// Makes published days anew where the stored jurisdiction has somebody away who is to work: others take over, as
    /// few as there need be. `None`: everybody can work as published.
    pub(super) async fn roster_follows(
        &self,
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<Option<RosterChanged>> {
        let found = jurisdictions::newest(tx).await?.jurisdiction;
        let Some(of) = found.filter(|of| !of.staff.is_empty()) else { return Ok(None) };
        let published = duties::published(tx, (NaiveDate::MIN, NaiveDate::MAX)).await?;
        let away = roster::first_away(&of, &published, day_of(of.timezone, now));
        let Some(from) = away else { return Ok(None) };
        self.roster_again(tx, (&of, &published), from, now).await.map(Some)
    }

    /// Makes published days from one on anew, and tells whose days change.
    async fn roster_again(
        &self,
        tx: &mut Tx,
        (of, published): (&Jurisdiction, &[Duty]),
        from: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<RosterChanged> {
        let made = roster::again(of, published, from);
        if let Some(days) = made.days {
            duties::replace(tx, days, &made.duties, millis(now)).await?;
        }
        let told = self.tell_staff_in(tx, now).await?;
        Ok(RosterChanged { changes: made.changes, missing: made.missing, told })
    }
}

async fn staffed(tx: &mut Tx) -> Result<Jurisdiction> {
    let found = jurisdictions::newest(tx).await?.jurisdiction;
    let staffed = found.filter(|of| !of.staff.is_empty());
    staffed.ok_or_else(|| AppError::refused("refused-no-staff", &[]))
}

fn day_before(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(day)
}

/// Of the duties before a day those that still count in weeks and rows.
fn recent(mut before: Vec<Duty>, day: NaiveDate) -> Vec<Duty> {
    let since = day.checked_sub_days(Days::new(AROUND_DAYS)).unwrap_or(day);
    before.retain(|duty| duty.date >= since);
    before
}
