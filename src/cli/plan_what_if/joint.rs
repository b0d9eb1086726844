//! `doseplan plan what-if` for several campaigns that are planned together.

use super::{WhatIf, refused, texts};
use crate::app::supposing::SupposedCampaigns;
use crate::app::verdict_words;
use crate::app::{App, Loaded};
use crate::cli::output::{Format, NONE, Sheet, harmless, tell};
use crate::cli::plan_progress::{share_of, tell as tell_progress};
use crate::cli::{Invocation, exit};
use crate::domain::campaign::Campaign;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{Joined, Jurisdiction};
use crate::domain::planner::{
    self, ComparedFigure, ComparedValues, Comparison, JointRequest, Limits, PlanOutcome,
    SupposedOf, SupposedTogether,
};
use chrono::NaiveDate;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Both joint plans, as `-o json` prints them.
#[derive(Serialize)]
struct View {
    from: NaiveDate,
    campaigns: Vec<PartView>,
    /// All campaigns together.
    today: PlanOutcome,
    what_if: PlanOutcome,
}

/// A campaign's part of both plans.
#[derive(Serialize)]
struct PartView {
    campaign: CampaignId,
    today: PlanOutcome,
    what_if: PlanOutcome,
}

/// What a joint plan achieves for all campaigns together, and for each.
struct Achieved {
    all: PlanOutcome,
    parts: Vec<PlanOutcome>,
}

impl WhatIf {
    /// Supposes the change for campaigns that are planned together.
    pub(super) async fn of_several(
        &self,
        invocation: &Invocation,
        app: &App,
        all: &[Loaded],
    ) -> anyhow::Result<u8> {
        self.supposed(invocation.out)?;
        let days = (self.basis.from, self.until);
        let of = app.supposed_together(all, days, invocation.clock.now()).await?;
        app.store.close().await;
        tokio::task::block_in_place(|| self.compare_joint(invocation, &of))
    }

    fn compare_joint(
        &self,
        invocation: &Invocation,
        campaigns: &SupposedCampaigns,
    ) -> anyhow::Result<u8> {
        let out = invocation.out;
        let supposed = self.supposed(out)?;
        let of = SupposedTogether {
            jurisdiction: campaigns.jurisdiction(),
            places: &|of: &Jurisdiction| campaigns.places(of),
            vaccine_for: self.vaccine_for.as_ref(),
            from: campaigns.from,
        };
        let both = supposed.both_together(&of, self.station_doses);
        let (joined, other) = both.map_err(|error| refused(out, &error))?;
        let today = self.plan_joint(invocation, &joined, campaigns);
        let what_if = self.plan_joint(invocation, &other, campaigns);
        let ids = joined.campaigns.iter().map(|one| one.campaign.id.clone());
        let parts = ids.zip(today.parts.into_iter().zip(what_if.parts));
        let part = |(campaign, (today, what_if))| PartView { campaign, today, what_if };
        let view = View {
            from: campaigns.from,
            campaigns: parts.map(part).collect(),
            today: today.all,
            what_if: what_if.all,
        };
        match out.format {
            Format::Json => out.json(&view),
            Format::Csv | Format::Table => out.sheet(&sheet(invocation, &joined, &view)),
        }
        let Some(first) = joined.campaigns.first() else { return Ok(exit::OK) };
        let one = SupposedOf {
            campaign: &first.campaign,
            jurisdiction: Some(of.jurisdiction),
            others: &[],
            rounds: &[],
            from: of.from,
        };
        if let Some(said) = verdict_words::of_supposed(out.language, &one, &supposed) {
            tell(&harmless(&said));
        }
        Ok(exit::OK)
    }

    /// Plans the campaigns together, in half of the time.
    fn plan_joint(
        &self,
        invocation: &Invocation,
        joined: &Joined,
        campaigns: &SupposedCampaigns,
    ) -> Achieved {
        let limit = self.seconds.map(|seconds| Duration::from_secs(seconds) / 2);
        let request = JointRequest {
            joined,
            given: &campaigns.given,
            from: campaigns.from,
            published: &campaigns.published,
            told: None,
            warm: None,
            limits: self.steps.map_or_else(Limits::default, Limits::steps),
        };
        let (started, out) = (Instant::now(), invocation.out);
        let plan = planner::make_joint(
            &request,
            &mut |at| tell_progress(out, at, started.elapsed()),
            &mut || share_of(limit, started.elapsed()),
        );
        let parts = planner::joint_outcomes(&request, &plan);
        let last_day = parts.iter().filter_map(|one| one.last_day).max();
        let all = PlanOutcome { figures: plan.figures, last_day, groups: Vec::new() };
        Achieved { all, parts }
    }
}

/// Both plans side by side: each campaign's figures, then those of all.
fn sheet(invocation: &Invocation, joined: &Joined, view: &View) -> Sheet {
    let for_people = invocation.out.format == Format::Table;
    let columns = ["campaign", "figure", "group", "today", "what_if", "difference"];
    let mut sheet = Sheet::new(&columns);
    for (part, one) in view.campaigns.iter().zip(&joined.campaigns) {
        let campaign = &one.campaign;
        let lines = planner::comparisons(&part.today, &part.what_if);
        // How much better a plan could be is known of all together.
        for line in lines.iter().filter(|line| line.figure != ComparedFigure::Gap) {
            let (name, id) = (campaign.name.as_str(), campaign.id.as_str());
            let name = if for_people { name } else { id };
            push(&mut sheet, invocation, (&harmless(name), Some(campaign)), line);
        }
    }
    let name = if for_people { invocation.out.word("what-if-all") } else { String::new() };
    let both = [&view.today, &view.what_if].map(|one| one.figures.people_finished);
    let finished = Comparison {
        figure: ComparedFigure::PeopleFinished,
        group: None,
        values: ComparedValues::Counts(both),
    };
    let lines = planner::comparisons(&view.today, &view.what_if);
    for line in std::iter::once(&finished).chain(&lines) {
        push(&mut sheet, invocation, (&name, None), line);
    }
    sheet
}

fn push(
    sheet: &mut Sheet,
    invocation: &Invocation,
    (name, campaign): (&str, Option<&Campaign>),
    line: &Comparison,
) {
    let (out, for_people) = (invocation.out, invocation.out.format == Format::Table);
    let key = line.figure.word();
    let figure = if for_people { out.word(&format!("figure-{key}")) } else { key.to_owned() };
    let group = line.group.as_ref().map(|code| {
        let known = campaign.and_then(|campaign| campaign.group(code.as_str()));
        let known = known.filter(|_| for_people);
        known.map_or_else(|| code.to_string(), |group| harmless(&group.name))
    });
    let [today, what_if] = texts(&line.values, for_people);
    let difference = line.values.difference().unwrap_or_else(|| NONE.to_owned());
    let group = group.unwrap_or_default();
    sheet.push(vec![name.to_owned(), figure, group, today, what_if, difference]);
}
