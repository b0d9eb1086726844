//! The verdict on a plan and its reasons as text, for the command line and the dashboard.

use super::{App, Loaded, Result};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::id::AreaCode;
use crate::domain::plan::{Plan, PlanRow, Stages, UnplacedReason};
use crate::domain::planner::{self, Bind, Fix, GroupVerdict, Limits, Request, Scarce};
use crate::store::plans::PlanHead;
use crate::text::{say, thousands, word};
use std::fmt::Display;

/// Areas named in a sentence; the rest are counted.
const AREAS_NAMED: usize = 3;

/// The end of the catalogue key of a reason.
pub fn reason_key(reason: UnplacedReason) -> &'static str {
    match reason {
        UnplacedReason::NoPlace => "no-place",
        UnplacedReason::Horizon => "horizon",
        UnplacedReason::Closed => "closed",
        UnplacedReason::Supply => "supply",
        UnplacedReason::Storage => "storage",
        UnplacedReason::SiteCapacity => "site-capacity",
        UnplacedReason::TeamDays => "team-days",
        UnplacedReason::Overdue => "overdue",
        UnplacedReason::NotAgreed => "not-agreed",
        UnplacedReason::Staff => "staff",
    }
}

/// The sentence for a reason.
pub fn reason(language: Language, reason: UnplacedReason) -> String {
    word(language, &format!("reason-{}", reason_key(reason)))
}

/// The word for a scarce resource.
pub fn scarce(language: Language, scarce: Scarce) -> String {
    let key = match scarce {
        Scarce::SiteDay => "site-day",
        Scarce::Storage => "storage",
        Scarce::Lot => "lot",
        Scarce::StopDay => "stop-day",
        Scarce::StopVisit => "stop-visit",
        Scarce::TeamDay => "team-day",
    };
    word(language, &format!("scarce-{key}"))
}

/// A sentence for each group, followed by what limits it and what would help where it misses its target.
pub fn sentences(language: Language, campaign: &Campaign, verdict: &[GroupVerdict]) -> Vec<String> {
    let mut out = Vec::new();
    for one in verdict {
        let name = campaign.group(one.group.as_str()).map_or(one.group.as_str(), |g| &g.name);
        let key = match (one.reached, one.reachable) {
            (true, _) => "verdict-reached",
            (false, Some(true)) => "verdict-behind",
            (false, Some(false)) => "verdict-unreachable",
            (false, None) => "verdict-not-tried",
        };
        out.push(say(
            language,
            key,
            &[
                ("group", &name),
                ("target", &thousands(one.target_people)),
                ("planned", &thousands(one.planned_people)),
                ("short", &thousands(one.short_at_best)),
            ],
        ));
        if one.reached {
            continue;
        }
        out.extend(one.binds.iter().map(|bind| bind_words(language, campaign, bind)));
        out.extend(one.fixes.iter().map(|fix| fix_words(language, fix)));
        if one.cut_short {
            out.push(word(language, "verdict-cut-short"));
        } else if one.reachable == Some(false) && one.fixes.is_empty() {
            out.push(word(language, "verdict-no-fix"));
        }
    }
    out
}

fn bind_words(language: Language, campaign: &Campaign, bind: &Bind) -> String {
    let name = |code: &AreaCode| {
        campaign.area(code.as_str()).map_or(code.as_str(), |area| &area.name).to_owned()
    };
    let named: Vec<String> = bind.areas.iter().take(AREAS_NAMED).map(name).collect();
    let mut areas = named.join("、");
    let more = bind.areas.len().saturating_sub(AREAS_NAMED);
    if more > 0 {
        areas = say(language, "verdict-more-areas", &[("areas", &areas), ("more", &more)]);
    }
    let reason = reason(language, bind.reason);
    let people = thousands(bind.people);
    let mut arguments: Vec<(&str, &dyn Display)> =
        vec![("people", &people), ("areas", &areas), ("reason", &reason)];
    if let Some((first, last)) = &bind.days {
        arguments.extend([("first", first as &dyn Display), ("last", last)]);
        return say(language, "verdict-bind-days", &arguments);
    }
    say(language, "verdict-bind", &arguments)
}

fn fix_words(language: Language, fix: &Fix) -> String {
    match fix {
        Fix::Doses { doses, by } => {
            say(language, "verdict-fix-doses", &[("doses", &thousands(*doses)), ("by", by)])
        }
        Fix::TeamDays { team_days } => {
            say(language, "verdict-fix-team-days", &[("days", team_days)])
        }
        Fix::Days { days } => say(language, "verdict-fix-days", &[("days", days)]),
    }
}

impl App {
    /// Which groups reach their targets with a stored plan. Remedies are not searched for, since that takes long.
    pub async fn group_verdicts(
        &self,
        loaded: &Loaded,
        head: &PlanHead,
        rows: &[PlanRow],
    ) -> Result<Vec<GroupVerdict>> {
        let given = self.history(loaded, head.from).await?;
        let certificate = self.plan_prices(loaded, head.no).await?.unwrap_or_default();
        let plan = Plan {
            rows: rows.to_vec(),
            figures: head.figures.clone(),
            certificate,
            unplaced: head.unplaced.clone(),
            stages: Stages::default(),
        };
        let mut campaign = loaded.campaign.on(head.from).into_owned();
        campaign.closures.extend(self.round_closures(loaded, head.from).await?);
        let request = Request {
            campaign: &campaign,
            given: &given,
            from: head.from,
            published: &[],
            warm: None,
            limits: Limits::QUICK,
        };
        Ok(tokio::task::block_in_place(|| planner::verdict(&request, &plan, &mut || 1.0)))
    }
}
