//! `doseplan plan overbooking`: what comes of calling more people than there are seats. Changes nothing.

use super::chosen::Lines;
use super::output::{Format, Sheet};
use super::usage_errors::Remedy;
use super::{Invocation, exit};
use crate::app::Loaded;
use crate::app::overbooking::{Basis, EXAMPLE_SEATS, Playable, ShowUp};
use crate::domain::assign::overbook_play::{Advice, Game, Played, Policy, play, runs_for};
use crate::domain::figure::fixed;
use crate::text::thousands;
use chrono::NaiveDate;
use clap::Args;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;

/// What is played.
#[derive(Debug, Args)]
pub(super) struct Overbooking {
    /// How likely a session may turn somebody away, 0 to 1 [default: the campaign's overbook_risk]
    #[arg(long, value_name = "CHANCE", value_parser = parse_chance)]
    risk: Option<f64>,
    /// Suppose that everybody with an appointment comes with this chance, 0 to 1 [default: what is known of each group]
    #[arg(long, value_name = "CHANCE", value_parser = parse_chance)]
    show_up: Option<f64>,
    /// Hours for which an opened vial is good [default: the whole session]
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=24))]
    open_vial_hours: Option<u32>,
    /// How often all sessions are played [default: until 10,000 were played, 500 times at most]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    runs: Option<u32>,
    /// The same seed gives the same figures
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn parse_chance(text: &str) -> Result<f64, Remedy> {
    let chance = text.parse().ok().filter(|chance| (0.0..=1.0).contains(chance));
    chance.ok_or_else(|| Remedy::new("write-chance"))
}

/// The answer as `-o json` prints it. Counts of people, seats and doses are sums over all runs, as in CSV; the table
/// has them for one run on average.
#[derive(Serialize)]
struct View {
    basis: Basis,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    sessions: usize,
    runs: u32,
    seed: u64,
    risk: f64,
    show_up: Vec<ShowUp>,
    outcomes: Vec<PlayedView>,
    advice: Advice,
}

#[derive(Serialize)]
struct PlayedView {
    #[serde(flatten)]
    of: Played,
    share_turning_away: f64,
}

impl Overbooking {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.planned(None).await?;
        let mut lines = Lines::of(&all);
        let mut said = Vec::new();
        for loaded in &all {
            let mut playable = app.playable(loaded, invocation.clock.now()).await?;
            if let Some(chance) = self.show_up {
                playable.suppose(chance);
            }
            // Playing takes a core for a while, so the runtime moves other tasks away.
            let view = tokio::task::block_in_place(|| self.view(loaded, playable));
            match invocation.out.format {
                Format::Json => lines.thing(loaded, serde_json::to_value(&view)?),
                Format::Csv | Format::Table => lines.sheet(loaded, sheet(invocation, &view)),
            }
            let words = self.words(invocation, loaded, &view);
            said.extend(words.into_iter().map(|said| lines.named(loaded, said)));
        }
        app.store.close().await;
        lines.print(invocation);
        if invocation.out.format == Format::Table {
            for said in &said {
                super::output::tell(said);
            }
        }
        Ok(exit::OK)
    }

    fn view(&self, loaded: &Loaded, playable: Playable) -> View {
        let risk = self.risk.unwrap_or_else(|| set_risk(loaded));
        let runs = self.runs.unwrap_or_else(|| runs_for(playable.sessions.len()));
        let outcomes = play(&Game {
            sessions: &playable.sessions,
            cohorts: &playable.cohorts,
            uptake: &playable.uptake,
            truth: &playable.truth,
            people: &playable.people,
            past: &playable.past,
            risk,
            vaccine: playable.vaccine,
            vial_minutes: self.open_vial_hours.map(|hours| hours * 60),
            seed: self.seed,
            runs,
        });
        let day = |one: Option<&crate::domain::assign::overbook_play::ToPlay>| one.map(|it| it.day);
        View {
            basis: playable.basis,
            from: day(playable.sessions.first()),
            to: day(playable.sessions.last()),
            sessions: playable.sessions.len(),
            runs,
            seed: self.seed,
            risk,
            advice: Advice::of(&outcomes, risk),
            outcomes: outcomes
                .map(|of| PlayedView { share_turning_away: of.share_turning_away(), of })
                .into(),
            show_up: playable.show_up,
        }
    }

    /// What was played, and what to do.
    fn words(&self, invocation: &Invocation, loaded: &Loaded, view: &View) -> Vec<String> {
        let out = invocation.out;
        let key = match (view.basis, self.show_up.is_some()) {
            (Basis::Plan, false) => "overbooking-plan",
            (Basis::Plan, true) => "overbooking-plan-supposed",
            (Basis::Unnamed, false) => "overbooking-unnamed",
            (Basis::Unnamed, true) => "overbooking-unnamed-supposed",
            (Basis::Example, false) => "overbooking-example",
            (Basis::Example, true) => "overbooking-example-supposed",
        };
        let comes = percent(self.show_up.unwrap_or(1.0));
        let played = [
            ("sessions", &view.sessions as &dyn std::fmt::Display),
            ("runs", &view.runs),
            ("seed", &view.seed),
            ("seats", &EXAMPLE_SEATS),
            ("comes", &comes),
        ];
        let mut said = vec![out.say(key, &played)];
        let find = |policy| view.outcomes.iter().find(|one| one.of.policy == policy);
        let [Some(never), Some(program), Some(always)] = Policy::ALL.map(find) else { return said };
        let is_other = self.risk.is_some_and(|risk| (risk - set_risk(loaded)).abs() > 1e-9);
        let key = match (view.advice, is_other) {
            (Advice::Nothing, _) if never.of.called == 0 => "overbooking-nobody",
            (Advice::Nothing, _) if view.risk <= 0.0 => "overbooking-no-risk",
            (Advice::Nothing, _) => "overbooking-nothing",
            (Advice::Keep, false) => "overbooking-keep",
            (Advice::Keep, true) => "overbooking-keep-other",
            (Advice::Fewer, false) => "overbooking-fewer",
            (Advice::Fewer, true) => "overbooking-fewer-other",
            (Advice::TooMany, false) => "overbooking-too-many",
            (Advice::TooMany, true) => "overbooking-too-many-other",
        };
        let change = program.of.vaccinated.abs_diff(never.of.vaccinated);
        said.push(out.say(
            key,
            &[
                ("risk", &percent(view.risk)),
                ("value", &view.risk),
                ("change", &per_run(change, view.runs)),
                ("share", &percent(program.share_turning_away)),
                ("away", &per_run(always.of.turned_away, view.runs)),
                ("always", &percent(always.share_turning_away)),
            ],
        ));
        said
    }
}

/// The campaign's `overbook_risk`.
fn set_risk(loaded: &Loaded) -> f64 {
    loaded.campaign.overbook_risk.to_f64().unwrap_or(0.0)
}

/// From this count on readers see no tenths. Our choice.
const WHOLE_FROM: u64 = 100;

/// A count over all runs as the count of one, for people.
fn per_run(count: u64, runs: u32) -> String {
    let runs = u64::from(runs.max(1));
    if count < WHOLE_FROM * runs {
        return fixed(count as f64 / runs as f64, 1);
    }
    thousands((count + runs / 2) / runs)
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// A line for each policy: people and doses of all sessions; in the table those of one run on average, in CSV the sums
/// of all runs, as in JSON.
fn sheet(invocation: &Invocation, view: &View) -> Sheet {
    let columns = [
        "calling",
        "called",
        "came",
        "vaccinated",
        "turned_away",
        "sent_home",
        "empty_seats",
        "wasted",
        "turning_away_percent",
    ];
    let figure = |count: u64| match invocation.out.format {
        Format::Table => per_run(count, view.runs),
        Format::Csv | Format::Json => count.to_string(),
    };
    let mut sheet = Sheet::new(&columns);
    for PlayedView { of, share_turning_away } in &view.outcomes {
        let word = of.policy.word();
        let name = match invocation.out.format {
            Format::Table => invocation.out.word(&format!("overbooking-{word}")),
            Format::Csv | Format::Json => word.to_owned(),
        };
        let counts = [
            of.called,
            of.came,
            of.vaccinated,
            of.turned_away,
            of.sent_home,
            of.empty_seats,
            of.wasted,
        ];
        let mut row = vec![name];
        row.extend(counts.map(figure));
        row.push(percent(*share_turning_away));
        sheet.push(row);
    }
    sheet
}
