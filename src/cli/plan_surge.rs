//! `doseplan plan surge`: what it would take to reach the targets by a day. Stores nothing.

mod files;
mod print;

use super::plan_files::{Basis, misused};
use super::plan_progress::share_of;
use super::plan_what_if::a_day;
use super::{Invocation, exit, parse_day};
use crate::app::plans::PlanStart;
use crate::app::supposing::TogetherUntil;
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::id::GroupId;
use crate::domain::plan::{first_day, is_over};
use crate::domain::planner::{
    self, AsStaffed, CountedStaff, JointSurgeQuestion, Limits, Means, Request, STATION_DOSES,
    SupposedOf, SurgeQuestion,
};
use chrono::NaiveDate;
use clap::Args;
use print::{Now, View};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct Surge {
    #[command(flatten)]
    basis: Basis,
    /// A jurisdiction's folder or workbook, without a database: the campaigns of all --folder, or else of its
    /// subfolders, share its places
    #[arg(long, value_name = "PATH", conflicts_with = "id")]
    jurisdiction: Option<PathBuf>,
    /// The day by which the targets are to be reached
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    by: NaiveDate,
    /// Groups to ask for [default: all that have a target]
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<GroupId>,
    /// Doses that a station gives on a day, at sites that do not say it
    #[arg(long, value_name = "DOSES", default_value_t = STATION_DOSES, value_parser = a_day())]
    station_doses: u32,
    /// End the search for less after this many seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

impl Surge {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some(jurisdiction) = &self.jurisdiction {
            if invocation.common.campaign.is_some() {
                misused(invocation, "surge-files-alone");
            }
            return self.of_files(invocation, jurisdiction);
        }
        if let Some((campaign, history, from)) = self.basis.folder(invocation)? {
            let start = PlanStart { history, published: Vec::new(), warm: None };
            let (others, rounds) = (&[], &[]);
            let of = SupposedOf { campaign: &campaign, jurisdiction: None, others, rounds, from };
            return self.answer(invocation, &of, &start);
        }
        let (app, mut all) = invocation.planned(self.basis.id.as_deref()).await?;
        // One that is over is asked for only where all are: for a replay or an exercise.
        let is_on = |loaded: &Loaded| !is_over(&loaded.campaign, invocation.today(loaded));
        if all.iter().any(is_on) {
            all.retain(is_on);
        }
        if all.len() > 1 {
            self.leave_out_later(invocation, &mut all, |one| &*one.campaign)?;
        }
        match all.as_slice() {
            [loaded] => self.of_one(invocation, &app, loaded).await,
            all => self.of_several(invocation, &app, all).await,
        }
    }

    /// Campaigns that begin after the day have no part in the question. Fails where all do.
    fn leave_out_later<T>(
        &self,
        invocation: &Invocation,
        all: &mut Vec<T>,
        of: impl Fn(&T) -> &Campaign,
    ) -> anyhow::Result<()> {
        let first = all.iter().map(|one| of(one).start).min();
        if let Some(first) = first.filter(|first| self.by < *first) {
            return self.too_early(invocation, first);
        }
        for later in all.iter().map(&of).filter(|one| one.start > self.by) {
            let (id, start) = (&later.id, later.start);
            invocation.out.note("surge-later", &[("campaign", id), ("start", &start)]);
        }
        all.retain(|one| of(one).start <= self.by);
        Ok(())
    }

    fn too_early(&self, invocation: &Invocation, first: NaiveDate) -> anyhow::Result<()> {
        let out = invocation.out;
        anyhow::bail!(out.say("surge-too-early", &[("by", &self.by), ("first", &first)]))
    }

    async fn of_one(
        &self,
        invocation: &Invocation,
        app: &App,
        loaded: &Loaded,
    ) -> anyhow::Result<u8> {
        let from = first_day(&loaded.campaign, invocation.today(loaded), self.basis.from);
        let campaign = app.around_rounds(loaded, from).await?;
        let start = app.plan_start(loaded, from).await?;
        let (jurisdiction, others, rounds) = app.supposed_of(loaded, from).await?;
        app.store.close().await;
        let (jurisdiction, others, rounds) = (jurisdiction.as_ref(), &*others, &*rounds);
        let of = SupposedOf { campaign: &campaign, jurisdiction, others, rounds, from };
        tokio::task::block_in_place(|| self.answer(invocation, &of, &start))
    }

    /// One answer for campaigns that share places, teams and staff.
    async fn of_several(
        &self,
        invocation: &Invocation,
        app: &App,
        all: &[Loaded],
    ) -> anyhow::Result<u8> {
        let now = invocation.clock.now();
        let until = app.together_until(all, self.basis.from, self.by, now).await?;
        app.store.close().await;
        let again = format!("doseplan plan make --from {}", until.from);
        tokio::task::block_in_place(|| {
            self.answer_joint(invocation, &until, ("surge-enter", again))
        })
    }

    /// `enter`: how what is needed is entered, and the command that plans the campaigns then.
    fn answer_joint(
        &self,
        invocation: &Invocation,
        until: &TogetherUntil,
        enter: (&'static str, String),
    ) -> anyhow::Result<u8> {
        let TogetherUntil { joined, from, .. } = until;
        if self.by < *from {
            self.too_early(invocation, *from)?;
        }
        let several: Vec<&Campaign> = joined.campaigns.iter().map(|one| &one.campaign).collect();
        let [campaign, ..] = *several.as_slice() else { return Ok(exit::FAILED) };
        self.know_groups(invocation, &several)?;
        let jurisdiction = Some(&until.jurisdiction);
        let mut means = Means::on(*from, campaign, jurisdiction, self.station_doses);
        means.unstaffed.clone_from(&until.unstaffed);
        let question = JointSurgeQuestion {
            joined,
            given: &until.given,
            from: *from,
            by: self.by,
            groups: &self.groups,
            means: &means,
        };
        let found = planner::joint_surge(&question, &mut self.clock());
        let span = (*from, self.by);
        let TogetherUntil { jurisdiction: all, others, rounds, .. } = until;
        let counted = CountedStaff { jurisdiction: all, others, rounds };
        let counted = Some(counted).filter(|of| !of.jurisdiction.staff.is_empty());
        let enter = Some(enter);
        let is_stored = self.jurisdiction.is_none();
        let now = Now { campaign, several, means: &means, counted, is_stored, enter, span };
        View::of(&found, &now, Vec::new()).print(invocation, &now);
        Ok(exit::OK)
    }

    /// Refuses a group that has no target in any campaign.
    fn know_groups(&self, invocation: &Invocation, all: &[&Campaign]) -> anyhow::Result<()> {
        let groups = all.iter().flat_map(|campaign| &campaign.groups);
        let known = groups.filter(|group| group.target.is_some()).map(|group| group.id.as_str());
        let known: BTreeSet<&str> = known.collect();
        if known.is_empty() {
            anyhow::bail!(invocation.out.word("surge-no-targets"));
        }
        if let Some(group) = self.groups.iter().find(|group| !known.contains(group.as_str())) {
            let known: Vec<&str> = known.into_iter().collect();
            let (known, out) = (known.join(", "), invocation.out);
            anyhow::bail!(out.say("surge-no-target", &[("group", group), ("known", &known)]));
        }
        Ok(())
    }

    /// The share of the time that is used, from now on.
    fn clock(&self) -> impl FnMut() -> f64 + use<> {
        let (limit, began) = (Duration::from_secs(self.seconds), Instant::now());
        move || share_of(Some(limit), began.elapsed())
    }

    fn answer(
        &self,
        invocation: &Invocation,
        of: &SupposedOf<'_>,
        start: &PlanStart,
    ) -> anyhow::Result<u8> {
        let first = of.from.max(of.campaign.start);
        if self.by < first {
            self.too_early(invocation, first)?;
        }
        self.know_groups(invocation, &[of.campaign])?;
        let AsStaffed { campaign, unstaffed } = of.staffed(Some(self.by));
        let mut means = Means::on(first, of.campaign, of.jurisdiction, self.station_doses);
        means.unstaffed = unstaffed;
        let campaign = &campaign;
        let question = SurgeQuestion {
            request: Request {
                campaign,
                given: &start.history,
                from: of.from,
                published: &[],
                told: None,
                warm: None,
                limits: Limits::QUICK,
            },
            by: self.by,
            groups: &self.groups,
            means: &means,
        };
        let found = planner::surge(&question, &mut self.clock());
        let span = (first, self.by);
        let is_stored = self.basis.folder.is_empty();
        let counted = of.counted().map(|jurisdiction| CountedStaff {
            jurisdiction,
            others: of.others,
            rounds: of.rounds,
        });
        let (several, enter) = (Vec::new(), None);
        let now = Now { campaign, several, means: &means, counted, is_stored, enter, span };
        View::of(&found, &now, self.what_if(&found)).print(invocation, &now);
        Ok(exit::OK)
    }

    /// The same as arguments of `plan what-if`.
    fn what_if(&self, found: &planner::Surge) -> Vec<String> {
        let Some(more) = &found.more else { return Vec::new() };
        // Where only a first dose is possible by then, the campaign goes on for the next one.
        let is_whole = found.groups.iter().any(|one| one.is_possible && one.dose == one.doses);
        let until = is_whole.then(|| format!("--until {}", self.by));
        let mut arguments: Vec<String> = until.into_iter().collect();
        let stations = more.stations.iter();
        arguments.extend(stations.map(|(code, count)| format!("--stations {code}=+{count}")));
        if !more.stations.is_empty() {
            arguments.push(format!("--station-doses {}", self.station_doses));
        }
        if more.teams > 0 {
            arguments.push(format!("--team +{}", more.teams));
        }
        let storage = found.storage.iter();
        arguments.extend(storage.map(|(code, doses)| format!("--storage {code}=+{doses}")));
        let vaccine = found.vaccine.iter();
        arguments.extend(vaccine.map(|(day, doses)| format!("--vaccine {doses}@{day}")));
        arguments
    }
}
