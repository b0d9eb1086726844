//! `doseplan plan why`: who has no place and why, and what one more unit would bring.

use super::chosen::Lines;
use super::output::{Format, Out, Sheet, harmless};
use super::plan_choice::{StoredPlan, plans_of, reported};
use super::plan_joint::{staff_gaps, staff_limits};
use super::plan_odds;
use super::plan_print::{unplaced_sheet, unplaced_table};
use super::{Invocation, exit, parse_day};
use crate::app::staffing::StaffOutcome;
use crate::app::verdict_words;
use crate::app::visits::VisitCounts;
use crate::app::{App, Loaded};
use crate::domain::campaign::Campaign;
use crate::domain::figure::fixed;
use crate::domain::plan::{Certificate, Unplaced};
use crate::domain::planner::{self, BestSeries, Question, Scarcity, StaffGap, StaffLimit};
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Number of the plan [default: the adopted one, else the newest draft]
    no: Option<i64>,
    /// Only this area: its people, and the places that they can use
    #[arg(long)]
    area: Option<String>,
    /// Only this group
    #[arg(long)]
    group: Option<String>,
    /// Only this site, stop, team or lot
    #[arg(long)]
    place: Option<String>,
    /// Only this day
    #[arg(long, value_parser = parse_day)]
    day: Option<NaiveDate>,
    /// Whom one session expects and how many of them come, by what came of earlier ones: PLACE@DATE
    #[arg(long, value_parser = plan_odds::parse_session)]
    #[arg(conflicts_with_all = ["no", "area", "group", "place", "day"])]
    session: Option<plan_odds::At>,
}

/// The answer as `-o json` prints it.
#[derive(Serialize)]
struct View {
    unplaced: Vec<Unplaced>,
    scarce: Vec<Scarcity>,
    best_series: Vec<BestSeries>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    staff: Vec<StaffLimit>,
    #[serde(rename = "staff_days", skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<StaffGap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visits: Option<VisitCounts>,
}

/// What is said of a campaign's plan.
struct Answer {
    no: i64,
    has_prices: bool,
    view: View,
    staff: StaffOutcome,
}

impl Answer {
    /// Whether the same staff is missing as for another campaign.
    fn lacks_the_same(&self, other: &Self) -> bool {
        self.view.staff == other.view.staff
            && self.view.gaps == other.view.gaps
            && self.staff.missing == other.staff.missing
    }
}

/// Most lines of a table. JSON and CSV have all of them.
const LINES: usize = 15;
/// Most cohorts whose best series is shown.
const SERIES_LINES: usize = 6;

impl Why {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some(session) = &self.session {
            return plan_odds::run(invocation, session).await;
        }
        let (app, all) = reported(invocation, self.no).await?;
        let mut known = Vec::new();
        let mut refused = None;
        for loaded in &all {
            match self.check(invocation.out, loaded) {
                Ok(()) => known.push(loaded.clone()),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        // Of several campaigns those that do not have what was asked for have nothing to say.
        if let (true, Some(error)) = (known.is_empty(), refused) {
            return Err(error);
        }
        let plans = plans_of(invocation, &app, &known, self.no).await?;
        if plans.is_empty() {
            return Ok(exit::FAILED);
        }
        let mut answers = Vec::new();
        for (loaded, plan) in plans {
            answers.push((loaded, self.answer((&app, loaded), plan, invocation).await?));
        }
        app.store.close().await;
        let mut lines = Lines::of(&all);
        for (at, (loaded, answer)) in answers.iter().enumerate() {
            self.show(invocation, loaded, answer, &mut lines)?;
            // Staff is shared: what it lacks is often the same for several campaigns.
            if !answers.iter().take(at).any(|(_, earlier)| earlier.lacks_the_same(answer)) {
                staff_limits(invocation, &answer.staff);
                staff_gaps(
                    invocation,
                    (&loaded.campaign, loaded.campaign.start),
                    &answer.view.gaps,
                );
            }
        }
        lines.print(invocation);
        Ok(exit::OK)
    }

    async fn answer(
        &self,
        (app, loaded): (&App, &Loaded),
        (head, rows): StoredPlan,
        invocation: &Invocation,
    ) -> anyhow::Result<Answer> {
        let prices = app.plan_prices(loaded, head.no).await?;
        let visits = app.visit_counts(loaded, invocation.clock.now()).await?;
        let campaign = &loaded.campaign;
        let plan = (head.from, rows.as_slice(), head.unplaced.as_slice());
        let mut said = app.staff_limits(loaded, plan, prices.as_ref()).await?;
        said.limits.retain(|one| self.asks(campaign, &one.place, (one.first, one.last)));
        said.gaps.retain(|one| self.asks(campaign, &one.place, (one.day, one.day)));
        let mut unplaced = head.unplaced;
        unplaced.retain(|one| {
            self.area.as_ref().is_none_or(|area| one.area.as_str() == area)
                && self.group.as_ref().is_none_or(|group| one.group.as_str() == group)
        });
        let (scarce, best_series) = match &prices {
            Some(prices) => self.prices(campaign, head.from, prices),
            None => (Vec::new(), Vec::new()),
        };
        let gaps = planner::staff_gaps(&said.gaps);
        let visits = (visits.all() + visits.too_near > 0).then_some(visits);
        let view = View { unplaced, scarce, best_series, staff: said.limits.clone(), gaps, visits };
        Ok(Answer { no: head.no, has_prices: prices.is_some(), view, staff: said })
    }

    fn show(
        &self,
        invocation: &Invocation,
        loaded: &Loaded,
        answer: &Answer,
        lines: &mut Lines,
    ) -> anyhow::Result<()> {
        let (out, campaign, view) = (invocation.out, &loaded.campaign, &answer.view);
        match out.format {
            Format::Json => lines.thing(loaded, serde_json::to_value(view)?),
            Format::Csv if self.place.is_some() || self.day.is_some() => {
                lines.sheet(loaded, scarce_sheet(invocation, campaign, &view.scarce));
            }
            Format::Csv if view.unplaced.is_empty() => {}
            Format::Csv => lines.sheet(loaded, unplaced_sheet(out, campaign, &view.unplaced)),
            Format::Table => {
                lines.title(loaded);
                print(invocation, campaign, view, answer.has_prices);
            }
        }
        if !answer.has_prices {
            out.note("why-no-prices", &[("no", &answer.no)]);
        }
        Ok(())
    }

    /// Whether the question is about a place with too few people: one that reaches the area, or a team.
    fn asks(
        &self,
        campaign: &Campaign,
        place: &str,
        (first, last): (NaiveDate, NaiveDate),
    ) -> bool {
        let reaches = |area: &str| {
            let mut reach = campaign.reach.iter().filter(|reach| reach.area.as_str() == area);
            campaign.team(place).is_some() || reach.any(|reach| reach.site.as_str() == place)
        };
        self.place.as_deref().is_none_or(|asked| asked == place)
            && self.day.is_none_or(|day| first <= day && day <= last)
            && self.area.as_deref().is_none_or(reaches)
    }

    /// Refuses codes that the campaign does not have.
    fn check(&self, out: Out, loaded: &Loaded) -> anyhow::Result<()> {
        let campaign = &loaded.campaign;
        let refused = |key: &str, code: &str| out.fail(key, &[("code", &harmless(code))]);
        if let Some(code) = self.area.as_deref().filter(|code| campaign.area(code).is_none()) {
            return Err(refused("fail-no-area", code));
        }
        if let Some(code) = self.group.as_deref().filter(|code| campaign.group(code).is_none()) {
            return Err(refused("fail-no-group", code));
        }
        let is_none =
            |code: &&str| !campaign.closable().contains(code) && campaign.lot(code).is_none();
        if let Some(code) = self.place.as_deref().filter(is_none) {
            return Err(refused("fail-no-place-or-lot", code));
        }
        Ok(())
    }

    fn prices(
        &self,
        campaign: &Campaign,
        from: NaiveDate,
        prices: &Certificate,
    ) -> (Vec<Scarcity>, Vec<BestSeries>) {
        let question = Question {
            area: self.area.as_deref(),
            group: self.group.as_deref(),
            place: self.place.as_deref(),
            day: self.day,
        };
        let scarce = planner::why(campaign, from, prices, &question);
        let series = if self.area.is_some() || self.group.is_some() {
            planner::best_series(campaign, from, prices, &question)
        } else {
            Vec::new()
        };
        (scarce, series)
    }
}

fn print(invocation: &Invocation, campaign: &Campaign, view: &View, has_prices: bool) {
    let out = invocation.out;
    unplaced_table(invocation, campaign, &view.unplaced);
    if view.unplaced.is_empty() {
        out.note("plan-all-placed", &[]);
    }
    // Without prices nobody knows, and where people are missing they are what is scarce.
    let is_plenty = has_prices && view.staff.is_empty() && view.gaps.is_empty();
    if view.scarce.is_empty() && is_plenty {
        out.note("why-nothing-scarce", &[]);
    } else if !view.scarce.is_empty() {
        let shown = &view.scarce[..view.scarce.len().min(LINES)];
        out.sheet(&scarce_sheet(invocation, campaign, shown));
        out.note("why-prices", &[("more", &(view.scarce.len() - shown.len()))]);
    }
    if let Some(visits) = view.visits {
        let VisitCounts { one_visit, rules, told, no_seat, too_near } = visits;
        if too_near > 0 {
            out.note("why-too-near", &[("pairs", &too_near)]);
        }
        let all = visits.all();
        if all > 0 {
            let counts: [(&str, &dyn std::fmt::Display); 4] =
                [("all", &all), ("joined", &one_visit), ("rules", &rules), ("told", &told)];
            out.note("why-visits", &[&counts[..], &[("seats", &no_seat)]].concat());
        }
    }
    for series in view.best_series.iter().take(SERIES_LINES) {
        let name = |found: Option<&String>, code: &str| harmless(found.map_or(code, |name| name));
        let area = campaign.area(series.area.as_str()).map(|area| &area.name);
        let group = campaign.group(series.group.as_str()).map(|group| &group.name);
        let doses: Vec<String> =
            series.doses.iter().map(|(day, place)| format!("{day} {place}")).collect();
        out.note(
            "why-series",
            &[
                ("area", &name(area, series.area.as_str())),
                ("group", &name(group, series.group.as_str())),
                ("doses", &doses.join(", ")),
                ("worth", &fixed(series.worth, 3)),
                ("cost", &fixed(series.cost, 3)),
            ],
        );
    }
}

fn scarce_sheet(invocation: &Invocation, campaign: &Campaign, lines: &[Scarcity]) -> Sheet {
    let out = invocation.out;
    let mut sheet =
        Sheet::new(&["scarce", "code", "name", "first", "last", "dearest", "one_more", "weight"]);
    for line in lines {
        let name = verdict_words::scarce_name(campaign, line);
        sheet.push(vec![
            verdict_words::scarce_of(out.language, line),
            line.code.clone(),
            name.map(|name| harmless(&name)).unwrap_or_default(),
            line.first.to_string(),
            line.last.to_string(),
            line.dearest.to_string(),
            fixed(line.one_more, 3),
            fixed(line.weight, 1),
        ]);
    }
    sheet
}
