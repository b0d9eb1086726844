//! `doseplan report`: the tables that are handed up, and bulletins.

use super::chosen::Lines;
use super::output::{Format, Sheet, harmless};
use super::report_bulletin::Which;
use super::report_print as print;
use super::usage_errors::Remedy;
use super::{Invocation, exit, workbook};
use crate::app::reports::{Ask, cell_at, has_records};
use crate::app::{App, Loaded};
use crate::domain::id::AreaCode;
use crate::domain::report::{NAMES, Name, Report as Shown};
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// The tables that are handed up for a month, and bulletins.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// The tables that there are
    List,
    /// One table of a month
    Show {
        /// The table, as `report list` names it
        #[arg(value_parser = parse_name)]
        name: Name,
        #[command(flatten)]
        when: When,
        /// What a cell is made of, down to the records: E7 is column E, row 7
        #[arg(long, value_name = "CELL")]
        explain: Option<String>,
    },
    /// The bulletin of a day or week that a director signs: coverage, target, change and rank by area
    Bulletin {
        #[command(flatten)]
        which: Which,
    },
    /// Every table of a month in one workbook, or as CSV files in a folder
    Save {
        /// A file that ends in .xlsx, or a folder
        path: PathBuf,
        #[command(flatten)]
        when: When,
    },
}

/// Month and area.
#[derive(Debug, Args)]
pub(super) struct When {
    /// The month, as 2021-06 [default: the present one, or the campaign's last]
    #[arg(long, value_parser = parse_month)]
    month: Option<NaiveDate>,
    /// The area, with those right below it [default: the top]
    #[arg(long)]
    area: Option<String>,
    /// Only what was recorded by this day's 24:00
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    as_known_on: Option<NaiveDate>,
}

/// The tables with official titles: their commands, the names of their titles, and what is said about them. The
/// columns of the last one are in no text that is known.
const OFFICIAL: [(&str, &str, &str); 5] = [
    ("national month", "period-title", "report-about-official"),
    ("national cum", "period-title", "report-about-official"),
    ("national cohort", "cohort-title", "report-about-official"),
    ("national year90", "townships-title", "report-about-official"),
    ("national paid", "paid-title", "report-about-paid"),
];

fn parse_name(text: &str) -> Result<Name, Remedy> {
    let known = || Remedy::one_of(NAMES.iter().map(|name| name.word()));
    Name::from_word(text).ok_or_else(known)
}

/// The first day of a month.
pub(super) fn parse_month(text: &str) -> Result<NaiveDate, Remedy> {
    let text = text.trim().replace('年', "-").replace(['月', '/', '.'], "-");
    let text = text.trim_end_matches('-');
    let padded = match text.split_once('-') {
        Some((year, month)) => format!("{year}-{month:0>2}-01"),
        None if text.len() == 6 => format!("{}-{}-01", &text[..4], &text[4..]),
        None => String::new(),
    };
    padded.parse().map_err(|_| Remedy::new("write-month"))
}

impl When {
    fn ask(&self, invocation: &Invocation, loaded: &Loaded, name: Name) -> Ask {
        let campaign = &loaded.campaign;
        let today = invocation.today(loaded);
        let month = self.month.unwrap_or_else(|| today.min(campaign.end).max(campaign.start));
        let first = month.with_day(1).expect("every month has a first day");
        let next = first.checked_add_months(Months::new(1)).expect("no calendar ends here");
        let end = next - TimeDelta::days(1);
        Ask {
            name,
            area: self.area.as_deref().map(AreaCode::from),
            first,
            last: end.min(today).max(first),
            known_on: self.as_known_on,
        }
    }
}

impl Report {
    pub(super) async fn run(&self, invocation: Invocation) -> anyhow::Result<u8> {
        match self {
            Self::List => Ok(list(&invocation)),
            Self::Show { name, when, explain } => {
                let Some(cell) = explain else { return show(&invocation, *name, when).await };
                explained(&invocation, *name, when, cell).await
            }
            Self::Bulletin { which } => which.run(&invocation).await,
            Self::Save { path, when } => {
                let (app, meant) = invocation.meant(None).await?;
                save(&invocation, &app, &meant, when, path).await
            }
        }
    }
}

fn list(invocation: &Invocation) -> u8 {
    let out = invocation.out;
    let mut sheet = Sheet::new(&["report", "name", "official", "about"]);
    let is_for_people = out.format == Format::Table;
    let kind = |is_official: bool| match (is_for_people, is_official) {
        (true, true) => out.word("report-official"),
        (true, false) => out.word("report-own"),
        (false, is_official) => is_official.to_string(),
    };
    for name in NAMES {
        let word = name.word();
        sheet.push(vec![
            word.to_owned(),
            out.word(&format!("report-name-{word}")),
            kind(false),
            out.word(&format!("report-about-{word}")),
        ]);
    }
    // Those that are handed up under an official title are counted and printed by another command.
    for (command, title, about) in OFFICIAL {
        sheet.push(vec![
            command.to_owned(),
            out.word(&format!("national-form-{title}")),
            kind(true),
            out.word(about),
        ]);
    }
    invocation.out.sheet(&sheet);
    exit::OK
}

async fn show(invocation: &Invocation, name: Name, when: &When) -> anyhow::Result<u8> {
    let (app, meant) = invocation.meant(None).await?;
    let several = meant.len() > 1;
    let (mut values, mut sheets) = (Vec::new(), Vec::new());
    // Only a catch-up campaign has the report of that name; others are asked for it where nothing else is meant.
    let asked = |loaded: &&Loaded| !several || names(loaded).any(|known| known == name);
    for loaded in meant.iter().filter(asked) {
        let ask = when.ask(invocation, loaded, name);
        let found = app.report(loaded, &ask).await?;
        let shown = print::Shown::new(invocation.out.language, &loaded.campaign, &ask, &found);
        let id = loaded.campaign.id.to_string();
        match invocation.out.format {
            Format::Json => {
                let mut value = shown.json();
                if let (true, Some(keys)) = (several, value.as_object_mut()) {
                    keys.insert("campaign".to_owned(), id.into());
                }
                values.push(value);
            }
            Format::Csv => sheets.push((several.then_some(id), shown.sheet(false))),
            Format::Table => {
                if several {
                    let campaign = harmless(&loaded.campaign.name);
                    super::output::print(&format!("{campaign} ({id})\n"));
                }
                for title in shown.titles() {
                    super::output::print(&format!("{}\n", harmless(&title)));
                }
                invocation.out.sheet(&shown.sheet(true));
            }
        }
    }
    match (invocation.out.format, values.as_slice()) {
        (Format::Json, [only]) => invocation.out.json(only),
        (Format::Json, all) => invocation.out.json(&all),
        (Format::Csv, _) => invocation.out.sheet(&super::output::Sheet::joined(sheets.into_iter())),
        (Format::Table, _) => {}
    }
    Ok(exit::OK)
}

/// Explains a cell; of several campaigns in each one's report that has it.
async fn explained(
    invocation: &Invocation,
    name: Name,
    when: &When,
    cell: &str,
) -> anyhow::Result<u8> {
    let (app, meant) = invocation.meant(None).await?;
    let several = meant.len() > 1;
    let asked = |loaded: &&Loaded| !several || names(loaded).any(|known| known == name);
    let out = invocation.out;
    let mut lines = Lines::of(&meant);
    let (mut refused, mut has_one) = (None, false);
    for loaded in meant.iter().filter(asked) {
        let ask = when.ask(invocation, loaded, name);
        let found = app.report(loaded, &ask).await?;
        let Some(figure) = cell_at(&found, cell, print::FIRST_ROW) else {
            refused = refused.or_else(|| Some(no_cell(invocation, &found, cell)));
            continue;
        };
        has_one = true;
        let told = if has_records(figure) {
            Some(app.report_explained(loaded, &ask, figure).await?)
        } else {
            None
        };
        lines.title_of_table(invocation, loaded);
        if told.is_none() {
            out.note("report-no-records", &[]);
        }
        match out.format {
            Format::Json => {
                let at = (&found, cell);
                lines.thing(loaded, print::explained_json(out.language, at, figure, told.as_ref()));
            }
            Format::Csv => {
                lines.sheet(loaded, print::explained_sheet(out.language, told.as_ref()));
            }
            Format::Table => {
                if let Some(told) = &told {
                    print::explained(invocation, &found, cell, told);
                }
            }
        }
    }
    if let (false, Some(error)) = (has_one, refused) {
        return Err(error);
    }
    lines.print(invocation);
    Ok(exit::OK)
}

fn no_cell(invocation: &Invocation, found: &Shown, cell: &str) -> anyhow::Error {
    let last = print::letters(found.columns.len().saturating_sub(1));
    let end = print::FIRST_ROW + found.rows.len().saturating_sub(1);
    let first = print::FIRST_ROW;
    let cell = harmless(cell);
    let said: [(&str, &dyn std::fmt::Display); 4] =
        [("cell", &cell), ("last", &last), ("first", &first), ("end", &end)];
    invocation.out.fail("report-no-cell", &said)
}

/// The reports that make sense for this campaign.
fn names(loaded: &Loaded) -> impl Iterator<Item = Name> {
    let has_catch_up = loaded.campaign.catch_up.is_some();
    NAMES.into_iter().filter(move |name| *name != Name::CatchUp || has_catch_up)
}

async fn save(
    invocation: &Invocation,
    app: &App,
    meant: &[Loaded],
    when: &When,
    path: &Path,
) -> anyhow::Result<u8> {
    let Some(first) = meant.first() else { return Ok(exit::OK) };
    let several = meant.len() > 1;
    let cannot = |error: std::io::Error| invocation.out.not_written(path, &error);
    let is_book = workbook::is_workbook(path);
    let mut book = print::Tables::new(invocation, &first.campaign);
    let mut count = 0;
    if !is_book {
        crate::files::create_dir_all(path).map_err(cannot)?;
    }
    for loaded in meant {
        let prefix = if several { format!("{} ", loaded.campaign.id) } else { String::new() };
        for name in names(loaded) {
            let ask = when.ask(invocation, loaded, name);
            let found = app.report(loaded, &ask).await?;
            let shown = print::Shown::new(invocation.out.language, &loaded.campaign, &ask, &found);
            if is_book {
                book.add(&shown, &prefix)?;
            } else {
                let file = format!("{prefix}{}.csv", shown.file_name());
                crate::files::write(&path.join(file), shown.csv_file()).map_err(cannot)?;
            }
            count += 1;
        }
    }
    if is_book {
        crate::files::write(path, book.bytes()?).map_err(cannot)?;
    }
    invocation.out.note("report-saved", &[("path", &path.display()), ("count", &count)]);
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_in_the_forms_that_people_write() {
        let june = NaiveDate::from_ymd_opt(2021, 6, 1);
        for text in ["2021-06", "2021-6", "202106", "2021年6月", "2021/06"] {
            assert_eq!(parse_month(text).ok(), june, "{text}");
        }
        for text in ["", "2021", "2021-13", "june", "06-2021"] {
            assert!(parse_month(text).is_err(), "{text}");
        }
    }
}
