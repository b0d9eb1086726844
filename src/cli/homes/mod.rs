//! `doseplan homes`: rounds of teams to people who are visited at home.

use super::chosen::Lines;
use super::output::{Format, Sheet, harmless, tell};
use super::plan_tours::parse_time;
use super::{Invocation, exit, parse_day};
use crate::app::Loaded;
use crate::app::home_others::OtherVisit;
use crate::app::homes::{HomeCall, HomeOrder, HomeRound, HomeRounds};
use crate::domain::campaign::Language;
use crate::domain::figure::fixed;
use crate::domain::id::TeamCode;
use crate::domain::permission::Actor;
use crate::intake::workbook_out::{Book, Cell};
use crate::text;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use clap::{Args, Subcommand};
use std::collections::BTreeSet;
use std::path::PathBuf;
use stored::{Show, Withdraw, clock};

mod stored;

/// Visits of people who cannot come.
#[derive(Debug, Subcommand)]
pub(super) enum Homes {
    /// Rounds of teams to groups with places = `["home"]`, with times, addresses and vials to load
    Rounds(Rounds),
    /// Adopted rounds; what was given is crossed off
    Show(Show),
    /// Take an adopted round back, so that its people get another one
    Withdraw(Withdraw),
}

#[derive(Debug, Args)]
pub(super) struct Rounds {
    /// The first day [default: tomorrow]
    #[arg(long, value_parser = parse_day)]
    from: Option<NaiveDate>,
    /// Most visits of a round [default: `max_visits` of the team, else 15]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=40))]
    max_visits: Option<u32>,
    /// Minutes at a home
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=240))]
    minutes_per_visit: u32,
    /// Hours for which an opened vial is good
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(0..=720))]
    open_vial_hours: u32,
    /// When teams leave their base
    #[arg(long, value_name = "HH:MM", default_value = "08:00", value_parser = parse_time)]
    leave_at: NaiveTime,
    /// Only this team; repeat it for several [default: all]
    #[arg(long)]
    team: Vec<String>,
    /// Write a workbook with a sheet for each round
    #[arg(long, value_name = "FILE.xlsx")]
    save: Option<PathBuf>,
    /// Adopt the rounds: they stay, the leads of the teams read them the evening before, and later ones are made around
    /// them
    #[arg(long)]
    adopt: bool,
}

impl Homes {
    /// How the log names a look at people.
    pub(super) fn shows_persons(&self) -> Option<&'static str> {
        match self {
            Self::Rounds(_) => Some("homes rounds"),
            Self::Show(_) => Some("homes show"),
            Self::Withdraw(_) => None,
        }
    }

    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Rounds(it) => it.run(invocation).await,
            Self::Show(it) => it.run(invocation).await,
            Self::Withdraw(it) => it.run(invocation).await,
        }
    }
}

impl Rounds {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = invocation.planned(None).await?;
        let now = invocation.clock.now();
        for code in &self.team {
            if all.iter().all(|loaded| loaded.campaign.team(code).is_none()) {
                let team = harmless(code);
                return Err(invocation.out.fail("homes-no-team", &[("team", &team)]));
            }
        }
        let mut order = self.order();
        let mut made = Vec::new();
        let mut adopted: Option<usize> = None;
        for loaded in &all {
            let found = app.home_rounds(loaded, &order, now).await?;
            if self.adopt && !found.rounds.is_empty() {
                let count = app.adopt_homes(loaded, &found, Actor::CommandLine, now).await?;
                adopted = Some(adopted.unwrap_or_default() + count);
            }
            // A team makes one round a day, whichever campaign it is for.
            order.taken.extend(found.rounds.iter().map(|round| (round.team.clone(), round.day)));
            made.push((loaded, found));
        }
        app.store.close().await;
        let is_nobody = |found: &HomeRounds| found.people == 0 && found.kept == 0;
        if made.iter().all(|(_, found)| is_nobody(found)) {
            invocation.out.note("homes-nobody", &[]);
            made.truncate(1);
        } else {
            made.retain(|(_, found)| !is_nobody(found));
        }
        self.show(invocation, &all, &made)?;
        if let Some(count) = adopted {
            invocation.out.note("homes-adopted", &[("count", &count)]);
        }
        let is_whole =
            made.iter().all(|(_, found)| found.unreached.is_empty() && found.without_day == 0);
        Ok(if is_whole { exit::OK } else { exit::FAILED })
    }

    fn order(&self) -> HomeOrder {
        HomeOrder {
            first: self.from,
            visits_max: self.max_visits,
            minutes_per_visit: self.minutes_per_visit,
            open_vial_minutes: self.open_vial_hours * 60,
            leaves_at: self.leave_at,
            teams: self.team.iter().map(|code| TeamCode::new(code.as_str())).collect(),
            taken: BTreeSet::new(),
        }
    }

    /// Shows or writes the rounds of the campaigns that have any.
    fn show(
        &self,
        invocation: &Invocation,
        all: &[Loaded],
        made: &[(&Loaded, HomeRounds)],
    ) -> anyhow::Result<()> {
        let mut lines = Lines::of(all);
        if let (Some(path), Some((first, _))) = (&self.save, made.first()) {
            let local =
                invocation.clock.now().with_timezone(&first.campaign.timezone).naive_local();
            let names: Vec<&str> =
                made.iter().map(|(loaded, _)| loaded.campaign.name.as_str()).collect();
            let language = first.campaign.language;
            let title = names.join(&text::word(language, "mail-separator"));
            let rounds = made.iter().flat_map(|(loaded, found)| {
                found.rounds.iter().map(|round| (loaded.campaign.name.as_str(), round))
            });
            let bytes = workbook(language, (&title, local), rounds)?;
            crate::files::write(path, bytes)
                .map_err(|error| invocation.out.not_written(path, &error))?;
            invocation.out.note("homes-written", &[("path", &path.display())]);
        } else {
            for (loaded, found) in made {
                match invocation.out.format {
                    Format::Json => lines.thing(loaded, serde_json::to_value(found)?),
                    Format::Csv | Format::Table => lines.sheet(loaded, sheet(found)),
                }
            }
            lines.print(invocation);
        }
        for (loaded, found) in made {
            if made.len() > 1 {
                let (name, id) = (harmless(&loaded.campaign.name), &loaded.campaign.id);
                tell(&format!("{name} ({id})"));
            }
            told(invocation, found);
        }
        Ok(())
    }
}

/// Rounds of other campaigns that are named.
const OTHERS_NAMED: usize = 5;
/// The columns of a call.
const COLUMNS: [&str; 9] =
    ["date", "team", "number", "arrives", "person", "name", "phone", "address", "dose"];

/// The cells of a call; `no`: its number on the round, from 1.
fn call_cells((day, team): (NaiveDate, &TeamCode), no: usize, call: &HomeCall) -> Vec<String> {
    vec![
        day.to_string(),
        team.to_string(),
        no.to_string(),
        clock(call.arrives),
        call.person.to_string(),
        harmless(&call.name),
        harmless(&call.phone),
        harmless(&call.address),
        call.dose.to_string(),
    ]
}

fn sheet(found: &HomeRounds) -> Sheet {
    let mut sheet = Sheet::new(&[&COLUMNS[..], &["also_visited"]].concat());
    for round in &found.rounds {
        for (no, call) in (1..).zip(&round.calls) {
            let others = found.others.get(&call.person).into_iter().flatten();
            let others: Vec<String> = others.map(|other| harmless(&other.words())).collect();
            let mut cells = call_cells((round.day, &round.team), no, call);
            cells.push(others.join(", "));
            sheet.push(cells);
        }
    }
    sheet
}

/// Says which rounds of other campaigns go to the same homes.
fn told_others(invocation: &Invocation, found: &HomeRounds) {
    if found.others.is_empty() {
        return;
    }
    let rounds: BTreeSet<&OtherVisit> = found.others.values().flatten().collect();
    let mut named: Vec<String> =
        rounds.iter().take(OTHERS_NAMED).map(|one| harmless(&one.words())).collect();
    if rounds.len() > OTHERS_NAMED {
        named.push("…".to_owned());
    }
    let told: [(&str, &dyn std::fmt::Display); 2] =
        [("count", &found.others.len()), ("rounds", &named.join(", "))];
    invocation.out.note("homes-others", &told);
}

fn told(invocation: &Invocation, found: &HomeRounds) {
    let out = invocation.out;
    for person in &found.unreached {
        let person = harmless(person.as_str());
        out.note("homes-unreached", &[("person", &person)]);
    }
    if found.kept > 0 {
        out.note("homes-kept", &[("count", &found.kept)]);
    }
    told_others(invocation, found);
    if found.without_day > 0 {
        out.note("homes-without-day", &[("count", &found.without_day)]);
    }
    let visits = found.visits();
    let vials: u32 = found.rounds.iter().map(|round| round.vials.vials).sum();
    let wasted: u32 = found.rounds.iter().map(|round| round.vials.wasted).sum();
    let [km, least] = [found.km, found.least_km].map(|km| fixed(km, 1));
    let gap = fixed(found.gap * 100.0, 1);
    let rounds = found.rounds.len();
    let said: [(&str, &dyn std::fmt::Display); 7] = [
        ("visits", &visits),
        ("rounds", &rounds),
        ("km", &km),
        ("least", &least),
        ("gap", &gap),
        ("vials", &vials),
        ("wasted", &wasted),
    ];
    out.note("homes-rounds", &said);
}

/// A sheet for each round, to take along.
fn workbook<'a>(
    language: Language,
    (title, made_at): (&str, NaiveDateTime),
    rounds: impl Iterator<Item = (&'a str, &'a HomeRound)>,
) -> anyhow::Result<Vec<u8>> {
    let word = |code: &str| text::word(language, &format!("home-head-{code}"));
    let codes =
        ["no", "time", "name", "phone", "address", "dose", "lot", "given_at", "signed", "remark"];
    let heads = codes.map(word);
    let mut book = Book::new(title, made_at);
    let mut is_empty = true;
    for (campaign, round) in rounds {
        is_empty = false;
        let mut page = book.page(&format!("{} {}", round.day, round.team));
        let rows: Vec<Vec<Cell>> = (1..)
            .zip(&round.calls)
            .map(|(no, call)| {
                vec![
                    Cell::Count(no),
                    Cell::text(clock(call.arrives)),
                    Cell::text(call.name.as_str()),
                    Cell::text(call.phone.as_str()),
                    Cell::text(call.address.as_str()),
                    Cell::Count(call.dose.into()),
                    Cell::Blank,
                    Cell::Blank,
                    Cell::Blank,
                    Cell::Blank,
                ]
            })
            .collect();
        page.table(&titles(language, campaign, round), &heads, &rows)?;
        page.close()?;
    }
    if is_empty {
        book.page(title).close()?;
    }
    Ok(book.bytes()?)
}

fn titles(language: Language, title: &str, round: &HomeRound) -> Vec<String> {
    let (back, km, visits) = (clock(round.back), fixed(round.km, 1), round.calls.len());
    let said: [(&str, &dyn std::fmt::Display); 8] = [
        ("team", &round.team_name),
        ("date", &round.day),
        ("visits", &visits),
        ("km", &km),
        ("back", &back),
        ("vials", &round.vials.vials),
        ("doses", &round.vials.doses),
        ("wasted", &round.vials.wasted),
    ];
    vec![
        text::say(language, "home-title", &[("campaign", &title)]),
        text::say(language, "home-when", &said),
        text::say(language, "home-load", &said),
    ]
}
