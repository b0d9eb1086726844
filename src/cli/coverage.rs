//! `doseplan coverage`.

use super::output::{Format, Sheet, harmless, percent};
use super::{Invocation, exit, parse_day};
use crate::app::coverage::{AsOf, DosesLine, by_day, by_site};
use crate::app::{App, Loaded};
use crate::domain::count::People;
use crate::domain::coverage::{Coverage as Figures, CoverageRow, Depth, Flag};
use crate::domain::id::PlaceCode;
use crate::text::thousands;
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde::Serialize;

/// Coverage of the eligible people.
#[derive(Debug, Args)]
pub(super) struct Coverage {
    /// The campaign [default: all open ones]
    id: Option<String>,
    /// Events up to this day's 24:00 [default: today]
    #[arg(long, value_parser = parse_day)]
    as_of: Option<NaiveDate>,
    /// Only what was recorded by this day's 24:00
    #[arg(long, value_parser = parse_day)]
    as_known_on: Option<NaiveDate>,
    /// What the rows are
    #[arg(long, value_enum, default_value_t = By::Group)]
    by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Groups and group sets, at the top of the area tree
    Group,
    /// The same for every area
    Area,
    /// Doses at each site and stop
    Site,
    /// Doses on each day
    Day,
}

#[derive(Serialize)]
struct Doses {
    as_of: NaiveDate,
    known_on: Option<NaiveDate>,
    sites: crate::domain::coverage::SitesReported,
    rows: Vec<DosesLine>,
}

impl Coverage {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        let (app, meant) = invocation.meant(self.id.as_deref()).await?;
        let several = meant.len() > 1;
        let mut all = Vec::new();
        for loaded in &meant {
            let day = self.as_of.unwrap_or_else(|| invocation.today(loaded));
            let at = AsOf { day, known_on: self.as_known_on };
            let figures = self.figures(&invocation, &app, loaded, at).await?;
            all.push((loaded, figures));
        }
        match (invocation.out.format, all.as_slice()) {
            (Format::Json, [(_, only)]) => invocation.out.json(only),
            (Format::Json, all) => {
                let named = all.iter().map(|(loaded, figures)| Named {
                    campaign: loaded.campaign.id.as_str(),
                    figures,
                });
                invocation.out.json(&named.collect::<Vec<_>>());
            }
            (Format::Csv, all) => {
                let sheets = all.iter().map(|(loaded, figures)| {
                    let id = several.then(|| loaded.campaign.id.to_string());
                    (id, self.sheet(&invocation, loaded, figures))
                });
                invocation.out.sheet(&Sheet::joined(sheets));
                for (_, figures) in all {
                    reported(&invocation, figures.sites());
                }
            }
            (Format::Table, all) => {
                for (loaded, figures) in all {
                    if several {
                        let name = harmless(&loaded.campaign.name);
                        let id = &loaded.campaign.id;
                        super::output::print(&format!("{name} ({id})\n"));
                    }
                    invocation.out.sheet(&self.sheet(&invocation, loaded, figures));
                    if let Shown::People(figures) = figures {
                        notes(&invocation, loaded, figures);
                    }
                    reported(&invocation, figures.sites());
                }
            }
        }
        Ok(exit::OK)
    }

    async fn figures(
        &self,
        invocation: &Invocation,
        app: &App,
        loaded: &Loaded,
        at: AsOf,
    ) -> anyhow::Result<Shown> {
        // The output always names the day up to which records were known.
        let known_on = self.as_known_on.or_else(|| Some(invocation.today(loaded)));
        if let By::Group | By::Area = self.by {
            let depth = if self.by == By::Area { Depth::Tree } else { Depth::Root };
            let figures = app.coverage(loaded, at, depth).await?;
            return Ok(Shown::People(Figures { known_on, ..figures }));
        }
        let basis = app.basis(loaded, at).await?;
        let given = app.given_known(loaded, at).await?;
        let campaign = &basis.loaded.campaign;
        let rows = match self.by {
            By::Site => by_site(campaign, at.day, &given),
            _ => by_day(campaign, at.day, &given),
        };
        Ok(Shown::Doses(Doses { as_of: at.day, known_on, sites: basis.sites, rows }))
    }

    fn sheet(&self, invocation: &Invocation, loaded: &Loaded, figures: &Shown) -> Sheet {
        match figures {
            Shown::People(figures) => {
                figures_sheet(invocation, loaded, figures, self.by == By::Area)
            }
            Shown::Doses(doses) => {
                doses_sheet(if self.by == By::Site { "place" } else { "day" }, &doses.rows)
            }
        }
    }
}

/// What coverage shows of a campaign.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    People(Figures),
    Doses(Doses),
}

impl Shown {
    fn sites(&self) -> &crate::domain::coverage::SitesReported {
        match self {
            Self::People(figures) => &figures.sites,
            Self::Doses(doses) => &doses.sites,
        }
    }
}

/// One of several campaigns.
#[derive(Serialize)]
struct Named<'a> {
    campaign: &'a str,
    #[serde(flatten)]
    figures: &'a Shown,
}

fn doses_sheet(key: &str, rows: &[DosesLine]) -> Sheet {
    let mut sheet = Sheet::new(&[key, "name", "group", "dose", "doses", "today"]);
    for row in rows {
        let site = row.site.as_ref().map(ToString::to_string);
        let key = site.or_else(|| row.day.map(|day| day.to_string())).unwrap_or_default();
        for line in &row.doses {
            sheet.push(vec![
                key.clone(),
                row.name.clone(),
                row.group.to_string(),
                line.dose.to_string(),
                line.doses.to_string(),
                line.today.to_string(),
            ]);
        }
    }
    sheet
}

const COLUMNS: [&str; 15] = [
    "area",
    "group",
    "name",
    "eligible",
    "dose",
    "people",
    "percent",
    "valid",
    "valid_percent",
    "today",
    "due_not_given",
    "drop_out",
    "zero_dose",
    "invalid",
    "flags",
];

/// Prints coverage as a table, JSON or CSV.
pub(super) fn print_figures(
    invocation: &Invocation,
    loaded: &Loaded,
    figures: &Figures,
    areas: bool,
) {
    if invocation.out.format == Format::Json {
        invocation.out.json(figures);
        return;
    }
    invocation.out.sheet(&figures_sheet(invocation, loaded, figures, areas));
    if invocation.out.format == Format::Table {
        notes(invocation, loaded, figures);
    }
    reported(invocation, &figures.sites);
}

fn figures_sheet(
    invocation: &Invocation,
    loaded: &Loaded,
    figures: &Figures,
    areas: bool,
) -> Sheet {
    let table = invocation.out.format == Format::Table;
    let number = |n: People| if table { thousands(n) } else { n.to_string() };
    // A table on the screen leaves out what follows from its other columns.
    let left_out: &[&str] = match (table, areas) {
        (false, _) => &[],
        (true, true) => &["valid", "invalid"],
        (true, false) => &["area", "valid", "invalid", "zero_dose"],
    };
    let is_shown = |column: &&str| !left_out.contains(column);
    let shown: Vec<_> = COLUMNS.into_iter().filter(is_shown).collect();
    let mut sheet =
        Sheet::new(&shown).spare(&["group", "zero_dose", "valid_percent", "today", "flags"]);
    for row in &figures.rows {
        for line in &row.doses {
            let first = line.dose == 1;
            let last = usize::from(line.dose) == loaded.campaign.series.dose_count();
            let only = |on: bool, text: String| if on || !table { text } else { String::new() };
            let cells = [
                only(first, if table { row.area_name.clone() } else { row.area.to_string() }),
                only(first, row.group.clone()),
                only(first, row.group_name.clone()),
                only(first, row.eligible.map_or_else(|| "–".to_owned(), number)),
                line.dose.to_string(),
                number(line.people),
                percent(line.percent),
                number(line.valid),
                percent(line.valid_percent),
                number(line.today),
                line.due_not_given.map(number).unwrap_or_default(),
                line.drop_out.map(|share| share.to_string()).unwrap_or_default(),
                only(first, row.zero_dose.map(number).unwrap_or_default()),
                only(last, if table { thousands(row.invalid) } else { row.invalid.to_string() }),
                only(first, flags(invocation, row)),
            ];
            let shown = COLUMNS.iter().zip(cells).filter(|(column, _)| is_shown(column));
            sheet.push(shown.map(|(_, cell)| cell).collect());
        }
    }
    sheet
}

/// What people should know of a table of coverage: shares over 100 %, the day, what was known.
fn notes(invocation: &Invocation, loaded: &Loaded, figures: &Figures) {
    if figures.rows.iter().any(|row| row.flags.contains(&Flag::Over100)) {
        invocation.out.note("coverage-over-100", &[]);
    }
    invocation.out.note("coverage-as-of", &[("day", &figures.as_of)]);
    let today = invocation.today(loaded);
    if let Some(known_on) = figures.known_on.filter(|day| *day != today) {
        invocation.out.note("coverage-known-on", &[("day", &known_on)]);
    }
}

fn flags(invocation: &Invocation, row: &CoverageRow) -> String {
    let name = |flag: &Flag| match flag {
        Flag::Over100 => "over_100",
        Flag::NoDenominator => "no_denominator",
        Flag::PersonsExceedTally => "persons_exceed_tally",
    };
    let words: Vec<String> = row
        .flags
        .iter()
        .map(|flag| match invocation.out.format {
            Format::Table => invocation.out.word(&format!("flag-{}", name(flag).replace('_', "-"))),
            _ => name(flag).to_owned(),
        })
        .collect();
    words.join(" ")
}

/// Not reported is not zero: prints which sites have not reported.
fn reported(invocation: &Invocation, sites: &crate::domain::coverage::SitesReported) {
    let missing: Vec<&str> = sites.missing.iter().map(PlaceCode::as_str).collect();
    let (expected, reported) = (sites.expected, sites.reported);
    if missing.is_empty() {
        invocation.out.note("sites-all-in", &[("expected", &expected), ("reported", &reported)]);
    } else {
        let missing = missing.join(" ");
        invocation.out.note(
            "sites-missing",
            &[("expected", &expected), ("reported", &reported), ("missing", &missing)],
        );
    }
}
