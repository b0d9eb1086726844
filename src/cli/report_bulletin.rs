//! `doseplan report bulletin`: the page of a day or week that a director signs.

use super::output::{Format, Sheet, harmless, print};
use super::usage_errors::Remedy;
use super::{Invocation, exit, workbook};
use crate::app::reports::bulletin_form::{BulletinForm, FormValue, bulletin_book};
use crate::app::{AppError, Loaded};
use crate::domain::bulletin::{Bulletin, BulletinKind, KINDS};
use crate::domain::id::AreaCode;
use chrono::{NaiveDate, TimeDelta};
use clap::Args;
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};

/// Which bulletin.
#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    /// daily, weekly or ranking
    #[arg(value_parser = parse_kind)]
    kind: BulletinKind,
    /// The day, or any day of the week [default: yesterday, or the campaign's last day]
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    day: Option<NaiveDate>,
    /// The area, with those right below it [default: the top]
    #[arg(long)]
    area: Option<String>,
    /// Figures as they were known at the end of this day
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    as_known_on: Option<NaiveDate>,
    /// Write it to this file, which ends in .xlsx or .csv
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

fn parse_kind(text: &str) -> Result<BulletinKind, Remedy> {
    let known = || Remedy::one_of(KINDS.iter().map(|kind| kind.word()));
    BulletinKind::from_word(text).ok_or_else(known)
}

impl Which {
    pub(in crate::cli) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let (app, meant) = invocation.meant(None).await?;
        let several = meant.len() > 1;
        let mut found: Vec<(Loaded, Bulletin, BulletinForm)> = Vec::new();
        for loaded in meant {
            let today = invocation.today(&loaded);
            let newest = (today - TimeDelta::days(1)).min(loaded.campaign.end);
            let day = self.day.unwrap_or(newest);
            if day > today {
                return Err(invocation.out.fail("bulletin-day-to-come", &[("day", &day)]));
            }
            if let Some(known_on) = self.as_known_on.filter(|known_on| *known_on < day) {
                let days: [(&str, &dyn std::fmt::Display); 2] =
                    [("day", &day), ("known", &known_on)];
                return Err(invocation.out.fail("bulletin-known-before", &days));
            }
            let Some(loaded) = self.part(loaded, several)? else { continue };
            let asked = (self.kind, day);
            let bulletin = match self.as_known_on {
                Some(known_on) => app.bulletin_then(&loaded, asked, (known_on, today)).await?,
                None => app.bulletin(&loaded, asked, today).await?,
            };
            let form = BulletinForm::new(&loaded, &bulletin, invocation.out.language);
            found.push((loaded, bulletin, form));
        }
        if found.is_empty() {
            let code = self.area.as_deref().unwrap_or_default();
            return Err(AppError::refused("fail-no-area", &[("code", &code)]).into());
        }
        match &self.save {
            Some(path) => save(invocation, path, &found)?,
            None => show(invocation, &found),
        }
        Ok(exit::OK)
    }

    /// The part of a campaign that is meant; of several campaigns one without the area is left out.
    fn part(&self, loaded: Loaded, several: bool) -> anyhow::Result<Option<Loaded>> {
        let Some(code) = &self.area else { return Ok(Some(loaded)) };
        if loaded.campaign.area(code).is_some() {
            return Ok(Some(loaded.below(&[AreaCode::from(code.as_str())])));
        }
        if several {
            return Ok(None);
        }
        Err(AppError::refused("fail-no-area", &[("code", code)]).into())
    }
}

fn save(
    invocation: &Invocation,
    path: &Path,
    found: &[(Loaded, Bulletin, BulletinForm)],
) -> anyhow::Result<()> {
    let Some((first, _, _)) = found.first() else { return Ok(()) };
    let bytes = if workbook::is_workbook(path) {
        let zone = first.campaign.timezone;
        let made_at = invocation.clock.now().with_timezone(&zone).naive_local();
        let named =
            found.iter().map(|(loaded, _, form)| (loaded.campaign.name.clone(), form.clone()));
        bulletin_book(&named.collect::<Vec<_>>(), made_at)?
    } else {
        found.iter().map(|(_, _, form)| form.csv()).collect::<String>().into_bytes()
    };
    crate::files::write(path, bytes).map_err(|error| invocation.out.not_written(path, &error))?;
    let count = found.len();
    invocation.out.note("report-saved", &[("path", &path.display()), ("count", &count)]);
    Ok(())
}

fn show(invocation: &Invocation, found: &[(Loaded, Bulletin, BulletinForm)]) {
    let out = invocation.out;
    match out.format {
        Format::Json => {
            let all: Vec<Json> = found
                .iter()
                .map(|(loaded, bulletin, form)| json_of(loaded, bulletin, form))
                .collect();
            match all.as_slice() {
                [only] => out.json(only),
                all => out.json(&all),
            }
        }
        Format::Csv => {
            let several = found.len() > 1;
            let sheets = found.iter().map(|(loaded, _, form)| {
                let mut sheet = Sheet::new(&form.file_columns());
                form.rows.iter().for_each(|row| sheet.push(form.file_row(row)));
                (several.then(|| loaded.campaign.id.to_string()), sheet)
            });
            out.sheet(&Sheet::joined(sheets));
        }
        Format::Table => {
            for (_, _, form) in found {
                for line in std::iter::once(&form.title).chain(&form.lines) {
                    print(&format!("{}\n", harmless(line)));
                }
                let mut sheet = Sheet::named(form.heads.iter().cloned());
                for row in &form.rows {
                    sheet.push(row.iter().map(|value| harmless(&form.shown(value))).collect());
                }
                out.sheet(&sheet);
                for line in form.notes.iter().chain([&form.signed()]) {
                    print(&format!("{}\n", harmless(line)));
                }
            }
        }
    }
}

fn json_of(loaded: &Loaded, bulletin: &Bulletin, form: &BulletinForm) -> Json {
    let value = |value: &FormValue| match value {
        FormValue::Name(name, _) => json!(name),
        FormValue::Count(count) => json!(count),
        FormValue::Percent(share) => json!(share),
        FormValue::Unreported | FormValue::None => Json::Null,
    };
    let row = |row: &Vec<FormValue>| {
        let mut out = Map::new();
        for (column, cell) in form.columns.iter().zip(row) {
            if let FormValue::Name(name, code) = cell {
                out.insert("area".to_owned(), json!(code));
                out.insert("area_name".to_owned(), json!(name));
            } else {
                out.insert((*column).to_owned(), value(cell));
            }
        }
        Json::Object(out)
    };
    let period = &bulletin.period;
    json!({
        "campaign": loaded.campaign.id, "bulletin": bulletin.kind.word(), "title": form.title,
        "first": period.first, "last": period.last,
        "before_first": period.before.0, "before_last": period.before.1,
        "goes_on": period.goes_on, "known_on": bulletin.known_on,
        "whole": form.rows.first().map(row),
        "areas": form.rows.iter().skip(1).map(row).collect::<Vec<_>>(),
    })
}
