//! `doseplan plan allocation`: how much vaccine each county gets, week by week and lot by lot, of one campaign or of
//! all open ones.

use super::chosen::Lines;
use super::output::{Format, Sheet, harmless};
use super::plan_choice::{chosen, plans_of};
use super::{Invocation, exit, workbook};
use crate::app::Loaded;
use crate::domain::allocation::AllocationLine;
use crate::intake::workbook_out::{Book, Cell};
use clap::Args;
use std::path::PathBuf;

/// How much vaccine each county gets: by week and lot, waste included.
#[derive(Debug, Args)]
pub(super) struct Allocation {
    /// Number of the plan [default: the adopted one]
    no: Option<i64>,
    /// Write the table as a workbook
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
}

/// The columns, by the keys of their titles.
const COLUMNS: [&str; 5] = ["county", "name", "week", "lot", "doses"];

/// What one campaign's plan needs.
struct Part<'a> {
    loaded: &'a Loaded,
    plan: i64,
    lines: Vec<AllocationLine>,
}

impl Allocation {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, all) = chosen(invocation, self.no).await?;
        let mut parts = Vec::new();
        for (loaded, (head, rows)) in plans_of(invocation, &app, &all, self.no).await? {
            let lines = app.allocation(loaded, (head.from, &rows)).await?;
            parts.push(Part { loaded, plan: head.no, lines });
        }
        app.store.close().await;
        if parts.is_empty() {
            return Ok(exit::FAILED);
        }
        match &self.xlsx {
            Some(path) => {
                let bytes = Self::book(invocation, &parts)?;
                if !workbook::is_workbook(path) {
                    let shown = path.display();
                    return Err(invocation.out.fail("fail-no-workbook-name", &[("path", &shown)]));
                }
                crate::files::write(path, bytes)
                    .map_err(|error| invocation.out.not_written(path, &error))?;
                invocation.out.note("workbook-written", &[("path", &path.display())]);
            }
            None => print(invocation, &all, &parts),
        }
        Ok(exit::OK)
    }

    /// A sheet for each campaign.
    fn book(invocation: &Invocation, parts: &[Part<'_>]) -> anyhow::Result<Vec<u8>> {
        let out = invocation.out;
        let title = |part: &Part<'_>| {
            let name = harmless(&part.loaded.campaign.name);
            out.say("allocation-title", &[("name", &name), ("no", &part.plan)])
        };
        let name = parts.iter().map(title).collect::<Vec<_>>().join(", ");
        let mut book = Book::new(&name, invocation.clock.now().naive_utc());
        let heads = COLUMNS.map(|column| out.word(&format!("column-{column}")));
        let row = |line: &AllocationLine| {
            vec![
                Cell::text(line.county.as_str()),
                Cell::text(harmless(&line.name)),
                Cell::Day(line.week),
                Cell::text(line.lot.as_str()),
                Cell::Count(i64::try_from(line.doses).unwrap_or(i64::MAX)),
            ]
        };
        for part in parts {
            let rows: Vec<Vec<Cell>> = part.lines.iter().map(row).collect();
            let sheet = match parts {
                [_] => out.word("allocation-sheet"),
                _ => part.loaded.campaign.id.to_string(),
            };
            let mut page = book.page(&sheet);
            page.table(&[title(part)], &heads, &rows)?;
            page.close()?;
        }
        Ok(book.bytes()?)
    }
}

fn print(invocation: &Invocation, all: &[Loaded], parts: &[Part<'_>]) {
    let mut shown = Lines::of(all);
    for part in parts {
        if invocation.out.format == Format::Json {
            for line in &part.lines {
                shown.json(part.loaded, line);
            }
            continue;
        }
        let mut sheet = Sheet::new(&COLUMNS);
        for line in &part.lines {
            sheet.push(vec![
                line.county.to_string(),
                harmless(&line.name),
                line.week.to_string(),
                line.lot.to_string(),
                line.doses.to_string(),
            ]);
        }
        shown.sheet(part.loaded, sheet);
    }
    shown.print(invocation);
}
