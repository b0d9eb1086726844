//! `doseplan plan overbooking`: what comes of calling more people than there are seats. Changes nothing.

use super::chosen::Lines;
use super::output::{Format, Sheet};
use super::usage_errors::Remedy;
use super::{Invocation, exit};
use crate::app::Loaded;
use crate::app::overbooking::{Basis, EXAMPLE_SEATS, Playable, ShowUp};
use crate::domain::assign::overbook_play::{Advice, Game, Played, Policy, play, runs_for};
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
    /// How often all sessions are played [default: until 10,000 were played]
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

/// The answer as `-o json` prints it. Counts of people are over all runs.
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
            said.extend(words(invocation, &view).into_iter().map(|said| lines.named(loaded, said)));
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
        let known = loaded.campaign.overbook_risk.to_f64().unwrap_or(0.0);
        let risk = self.risk.unwrap_or(known);
        let runs = self.runs.unwrap_or_else(|| runs_for(playable.sessions.len()));
        let outcomes = play(&Game {
            sessions: &playable.sessions,
            cohorts: &playable.cohorts,
            uptake: &playable.uptake,
            truth: &playable.truth,
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
}

/// A count over all runs as the count of one, for people.
fn per_run(count: u64, runs: u32) -> String {
    format!("{:.1}", count as f64 / f64::from(runs.max(1)))
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// A line for each policy: people and doses of all sessions, once.
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
        row.extend(counts.map(|count| per_run(count, view.runs)));
        row.push(percent(*share_turning_away));
        sheet.push(row);
    }
    sheet
}

/// What was played, and what to do.
fn words(invocation: &Invocation, view: &View) -> Vec<String> {
    let out = invocation.out;
    let basis = match view.basis {
        Basis::Plan => "overbooking-plan",
        Basis::Unnamed => "overbooking-unnamed",
        Basis::Example => "overbooking-example",
    };
    let played = [
        ("sessions", &view.sessions as &dyn std::fmt::Display),
        ("runs", &view.runs),
        ("seed", &view.seed),
        ("seats", &EXAMPLE_SEATS),
    ];
    let mut said = vec![out.say(basis, &played)];
    let find = |policy| view.outcomes.iter().find(|one| one.of.policy == policy);
    let [Some(never), Some(program), Some(always)] = Policy::ALL.map(find) else { return said };
    let key = match view.advice {
        Advice::Nothing => "overbooking-nothing",
        Advice::Keep => "overbooking-keep",
        Advice::Fewer => "overbooking-fewer",
        Advice::TooMany => "overbooking-too-many",
    };
    let change = program.of.vaccinated.abs_diff(never.of.vaccinated);
    said.push(out.say(
        key,
        &[
            ("risk", &percent(view.risk)),
            ("change", &per_run(change, view.runs)),
            ("share", &percent(program.share_turning_away)),
            ("away", &per_run(always.of.turned_away, view.runs)),
            ("always", &percent(always.share_turning_away)),
        ],
    ));
    said
}
