//! The verdict on a plan and its reasons as text, for the command line and the dashboard.

use super::{App, Loaded, Result};
use crate::domain::campaign::{Campaign, Language};
use crate::domain::id::{AreaCode, PlaceCode};
use crate::domain::plan::{Plan, PlanRow, Stages, UnplacedReason};
use crate::domain::planner::{
    self, Bind, Fix, GroupVerdict, Limits, Request, Scarce, Scarcity, StaffGap, Supposed,
    SupposedOf,
};
use crate::domain::roster::monday_of;
use crate::store::plans::PlanHead;
use crate::text::{say, thousands, word};
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::fmt::Display;

/// Areas named in a sentence; the rest are counted.
const AREAS_NAMED: usize = 3;
/// Townships and weeks without enough staff that are told for one reason.
const GAPS_TOLD: usize = 3;

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
        UnplacedReason::Home => "home",
        UnplacedReason::HomeRound => "home-round",
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
        Scarce::StaffDay => "staff-day",
    };
    word(language, &format!("scarce-{key}"))
}

/// What is scarce of a line, as people call it: the role of a staff-day, too.
pub fn scarce_of(language: Language, line: &Scarcity) -> String {
    match line.role {
        Some(role) => {
            let role = word(language, &format!("duty-role-{role}"));
            say(language, "staff-gap-of", &[("role", &role)])
        }
        None => scarce(language, line.scarce),
    }
}

/// The name of what is scarce: of a place, a team or a township.
pub fn scarce_name(campaign: &Campaign, line: &Scarcity) -> Option<String> {
    if line.scarce == Scarce::StaffDay
        && let Some(area) = campaign.area(&line.code)
    {
        return Some(area.name.clone());
    }
    let place = campaign.place(&line.code).map(|place| place.name().to_owned());
    place.or_else(|| campaign.team(&line.code).map(|team| team.name.clone()))
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
        for bind in &one.binds {
            out.push(bind_words(language, campaign, bind));
            let gaps = bind.staff.iter().take(GAPS_TOLD);
            out.extend(gaps.map(|gap| gap_words(language, (campaign, campaign.start), gap)));
            let more = bind.staff.len().saturating_sub(GAPS_TOLD);
            if more > 0 {
                out.push(say(language, "staff-gap-more", &[("more", &more)]));
            }
        }
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

/// Whom a township or a team lacks in a week. Weeks are counted from the one of `start` on.
pub fn gap_words(
    language: Language,
    (campaign, start): (&Campaign, NaiveDate),
    gap: &StaffGap,
) -> String {
    let people: Vec<String> = gap
        .people
        .iter()
        .map(|(role, count)| {
            let key = if *count == 1 { "staff-gap-day" } else { "staff-gap-days" };
            let role = word(language, &format!("duty-role-{role}"));
            say(language, key, &[("role", &role), ("count", &thousands(*count))])
        })
        .collect();
    let people = people.join(&word(language, "mail-separator"));
    let week = (gap.week - monday_of(start)).num_days() / 7 + 1;
    let doses = thousands(gap.doses);
    let mut arguments: Vec<(&str, &dyn Display)> = vec![
        ("people", &people),
        ("week", &week),
        ("monday", &gap.week),
        ("doses", &doses),
        ("days", &gap.days),
    ];
    if let Some(code) = &gap.team {
        let team = campaign.team(code).map_or(code, |team| &team.name);
        arguments.push(("team", team));
        return say(language, "staff-gap-team", &arguments);
    }
    let code = gap.area.as_ref().map_or("", |area| area.as_str());
    let area = campaign.area(code).map_or(code, |area| &area.name);
    arguments.push(("area", &area));
    say(language, "staff-gap", &arguments)
}

/// What staff has to do with the answer to a what-if question: that it was counted with, or whom to count first.
pub fn of_supposed(language: Language, of: &SupposedOf<'_>, supposed: &Supposed) -> Option<String> {
    if of.counted().is_some() {
        return Some(word(language, "what-if-counted"));
    }
    let site = |code: &PlaceCode| of.campaign.site(code.as_str()).map(|site| &site.area);
    let sites = supposed.stations.iter().map(|(code, _)| code).chain(&supposed.add_site);
    let areas = sites.filter_map(site).chain(supposed.staff.iter().map(|one| &one.area));
    let areas: BTreeSet<&AreaCode> = areas.collect();
    let name = |code: &&AreaCode| {
        of.campaign.area(code.as_str()).map_or(code.as_str(), |area| &area.name).to_owned()
    };
    let named: Vec<String> = areas.iter().take(AREAS_NAMED).map(name).collect();
    let areas = named.join(&word(language, "mail-separator"));
    (!named.is_empty()).then(|| say(language, "what-if-count-first", &[("areas", &areas)]))
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
            told: None,
            warm: None,
            limits: Limits::QUICK,
        };
        let judge = || planner::verdict(&request, &plan, &mut || 1.0);
        let mut verdict = tokio::task::block_in_place(judge);
        let plan_of = (head.from, rows, head.unplaced.as_slice());
        self.say_gaps(loaded, plan_of, &plan.certificate, &mut verdict).await?;
        Ok(verdict)
    }
}
