//! `doseplan plan allocation`: how much vaccine each county gets, week by week and lot by lot.

use super::output::{Format, Sheet, harmless};
use super::plan_choice::any_plan;
use super::{Invocation, exit, workbook};
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

impl Allocation {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, loaded) = invocation.loaded(None).await?;
        let Some((head, rows)) = any_plan(invocation, &app, &loaded, self.no).await? else {
            return Ok(exit::FAILED);
        };
        let lines = app.allocation(&loaded, (head.from, &rows)).await?;
        app.store.close().await;
        match &self.xlsx {
            Some(path) => {
                let title = invocation.out.say(
                    "allocation-title",
                    &[("name", &harmless(&loaded.campaign.name)), ("no", &head.no)],
                );
                let bytes = Self::book(invocation, &title, &lines)?;
                if !workbook::is_workbook(path) {
                    let shown = path.display();
                    return Err(invocation.out.fail("fail-no-workbook-name", &[("path", &shown)]));
                }
                crate::files::write(path, bytes)
                    .map_err(|error| invocation.out.not_written(path, &error))?;
                invocation.out.note("workbook-written", &[("path", &path.display())]);
            }
            None => print(invocation, &lines),
        }
        Ok(exit::OK)
    }

    fn book(
        invocation: &Invocation,
        title: &str,
        lines: &[AllocationLine],
    ) -> anyhow::Result<Vec<u8>> {
        let made_at = invocation.clock.now().naive_utc();
        let mut book = Book::new(title, made_at);
        let heads = COLUMNS.map(|column| invocation.out.word(&format!("column-{column}")));
        let row = |line: &AllocationLine| {
            vec![
                Cell::text(line.county.as_str()),
                Cell::text(harmless(&line.name)),
                Cell::Day(line.week),
                Cell::text(line.lot.as_str()),
                Cell::Count(i64::try_from(line.doses).unwrap_or(i64::MAX)),
            ]
        };
        let rows: Vec<Vec<Cell>> = lines.iter().map(row).collect();
        let mut page = book.page(&invocation.out.word("allocation-sheet"));
        page.table(&[title.to_owned()], &heads, &rows)?;
        page.close()?;
        Ok(book.bytes()?)
    }
}

fn print(invocation: &Invocation, lines: &[AllocationLine]) {
    if invocation.out.format == Format::Json {
        invocation.out.json(&lines);
        return;
    }
    let mut sheet = Sheet::new(&COLUMNS);
    for line in lines {
        sheet.push(vec![
            line.county.to_string(),
            harmless(&line.name),
            line.week.to_string(),
            line.lot.to_string(),
            line.doses.to_string(),
        ]);
    }
    invocation.out.sheet(&sheet);
}
