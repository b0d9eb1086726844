//! `doseplan national denominators`, `paid` and `survey`: figures beside the tables of coverage.

use super::national_base::{
    Counted, FORM, known_place, parse_month, parse_scope, save_forms, tell,
};
use super::national_print::{explained_children, form_on_screen};
use super::output::{self, Format, Sheet};
use super::usage_errors::Remedy;
use super::{Invocation, exit};
use crate::app::national::{
    BehindPaid, BirthsEdit, BirthsHad, Cohort, National, Paid as CountPaid, SURVEY_ROWS_MAX,
    survey_form, survey_result,
};
use crate::domain::figure::fixed;
use crate::domain::national::{
    MonthSpan, OtherDenominator, PaidCounts, ReliabilityLine, ScopeKey, YearMonth,
};
use crate::domain::permission::Actor;
use crate::intake::Issue;
use crate::intake::rows::{births, survey};
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("others").args(["births", "birth_rate"]).multiple(true)))]
#[command(mut_arg("folder", |folder| folder.requires("others")))]
pub(super) struct Denominators {
    /// The year, as 2025: the cohorts of 31 December
    #[arg(value_parser = clap::value_parser!(i32).range(1950..=2200))]
    year: i32,
    /// Births from another source: area (township or county), year, births, source [default: those of the register]
    #[arg(long, value_name = "FILE")]
    births: Option<PathBuf>,
    /// Keep the births of the file in the register, in the place of those that it has for the same area and year
    #[arg(long, requires = "births", conflicts_with = "folder")]
    keep: bool,
    /// Births per 1000 residents, such as 8.5, for townships whose residents are known
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    birth_rate: Option<u64>,
    #[command(flatten)]
    counted: Counted,
}

#[derive(Debug, Args)]
pub(super) struct Paid {
    /// The last month, as 2025-03; the table begins with January
    #[arg(value_parser = parse_month)]
    month: YearMonth,
    /// Show the children behind doses of a vaccine, such as Varicella, or Varicella/2 for its second dose
    #[arg(long, value_name = "VACCINE")]
    pub(super) explain: Option<String>,
    /// The place: county:CODE, township:CODE, unit:CODE or all [default: the county, or all]
    #[arg(long, value_name = "PLACE", value_parser = parse_scope)]
    scope: Option<ScopeKey>,
    /// Write the table into this file: .xlsx with a sheet for each place, or .csv for one
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    pub(super) counted: Counted,
}

/// Surveys: the unit's search of 30 children, the county's yearly survey
#[derive(Debug, Subcommand)]
pub(super) enum Survey {
    /// A form to fill in
    Form {
        /// The file: .xlsx or .csv
        file: PathBuf,
        /// How many children
        #[arg(long, default_value_t = 30)]
        count: usize,
        /// The county's yearly survey, instead of the unit's quarterly search
        #[arg(long)]
        yearly: bool,
    },
    /// The result of a form that was filled in, with intervals
    Result {
        /// The file
        file: PathBuf,
    },
}

fn told(invocation: &Invocation, issues: &[Issue]) -> u8 {
    for issue in issues {
        output::tell(&issue.line(invocation.out.language));
    }
    exit::CONFIGURATION
}

impl Denominators {
    /// Births of the file, or those of the register where neither a file nor a rate is named. `Err`: the file cannot
    /// be used.
    async fn births(
        &self,
        invocation: &Invocation,
    ) -> anyhow::Result<Result<Vec<OtherDenominator>, Vec<Issue>>> {
        let Some(file) = &self.births else {
            if self.birth_rate.is_some() {
                return Ok(Ok(Vec::new()));
            }
            let app = invocation.open(false).await?;
            let known = app.births().await;
            app.store.close().await;
            return Ok(Ok(known?));
        };
        let read = match births(file) {
            Ok(read) => read,
            Err(issues) => return Ok(Err(issues)),
        };
        if self.keep {
            let edit = |one: &OtherDenominator| BirthsEdit {
                area: one.place.clone(),
                year: one.year,
                children: u32::try_from(one.children).ok(),
                source: one.source.clone(),
                had: BirthsHad::Whatever,
            };
            let edits: Vec<BirthsEdit> = read.iter().map(edit).collect();
            let app = invocation.open(false).await?;
            let kept = app.enter_births(&edits, Actor::CommandLine, invocation.clock.now()).await;
            app.store.close().await;
            invocation.out.note("national-births-kept", &[("count", &kept?)]);
        }
        Ok(Ok(read))
    }

    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let end = NaiveDate::from_ymd_opt(self.year, 12, 31).context("a year of the calendar")?;
        let mut others = match self.births(invocation).await? {
            Ok(others) => others,
            Err(issues) => return Ok(told(invocation, &issues)),
        };
        let Some((national, cohort)) = self.counted.count(invocation, Cohort(end)).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        // Those of the register are of all years.
        let is_meant = |one: &OtherDenominator| national.has_group(self.year, one.year);
        others.retain(|one| self.births.is_some() || is_meant(one));
        if let Some(rate) = self.birth_rate {
            let (first, last) = national.rules.cohort.ages;
            let years: Vec<i32> = (first..=last).map(|age| self.year - i32::from(age)).collect();
            others.extend(national.births_by_residents(&years, rate));
        }
        let (lines, left) = national.reliability(&cohort, &others);
        if out.format == Format::Json {
            out.json(&lines);
        } else {
            let is_empty = lines.is_empty();
            out.sheet(&reliability(invocation, &national, lines));
            if is_empty {
                out.note("national-denominators-none", &[]);
            }
        }
        for other in &left {
            let place = output::harmless(&other.place);
            out.note("national-denominator-left", &[("place", &place), ("year", &other.year)]);
        }
        Ok(tell(invocation, &national, end, false))
    }
}

/// D值 as a table.
fn reliability(invocation: &Invocation, national: &National, lines: Vec<ReliabilityLine>) -> Sheet {
    let out = invocation.out;
    let columns = [
        "place",
        "born",
        "age",
        "row",
        "done",
        "children",
        "other",
        "found",
        "reported",
        "estimated",
        "d_value",
    ];
    let mut sheet = Sheet::new(&columns);
    let rate = |rate: Option<_>| {
        rate.map_or_else(
            || output::NONE.to_owned(),
            |it: crate::domain::national::TwoDecimals| it.to_string(),
        )
    };
    for line in lines {
        let row = match out.format {
            Format::Table => national.cohort_row_name(&line.row, out.language),
            _ => line.row,
        };
        sheet.push(vec![
            line.place,
            line.born.to_string(),
            line.age.to_string(),
            row,
            line.done.to_string(),
            line.children.to_string(),
            line.other.to_string(),
            rate(line.found),
            rate(line.reported),
            rate(line.estimated),
            line.d_value.unwrap_or_else(|| output::NONE.to_owned()),
        ]);
    }
    sheet
}

impl Paid {
    /// The children behind doses of a vaccine.
    async fn behind(&self, invocation: &Invocation, vaccine: &str) -> anyhow::Result<u8> {
        let span = MonthSpan::january_to(self.month);
        let scope = self.scope.clone().unwrap_or(ScopeKey::All);
        let (code, number) = match vaccine.rsplit_once('/') {
            Some((code, number)) if number.parse::<u8>().is_ok() => (code, number.parse().ok()),
            _ => (vaccine, None),
        };
        let what = BehindPaid { span, scope, vaccine: code.to_owned(), number };
        let Some((national, children)) = self.counted.count(invocation, what).await? else {
            return Ok(exit::CONFIGURATION);
        };
        if !national.rules.codes.contains_key(code) {
            let known = national.rules.codes.keys().collect::<std::collections::BTreeSet<_>>();
            let known = known.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let arguments: [(&str, &dyn std::fmt::Display); 2] =
                [("row", &output::harmless(code)), ("known", &known)];
            return Err(invocation.out.fail("national-no-row", &arguments));
        }
        known_place(invocation, &national, self.scope.as_ref())?;
        explained_children(invocation, &children);
        Ok(tell(invocation, &national, self.month.last(), false))
    }

    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some(vaccine) = &self.explain {
            return self.behind(invocation, vaccine).await;
        }
        let what = CountPaid(MonthSpan::january_to(self.month));
        let Some((national, table)) = self.counted.count(invocation, what).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        known_place(invocation, &national, self.scope.as_ref())?;
        let scopes = table.scopes(national.counting());
        let top = self.scope.clone().unwrap_or_else(|| national.top());
        let none = PaidCounts::new();
        let form = |scope: &ScopeKey, language| {
            national.paid_form(&table, scope, scopes.get(scope).unwrap_or(&none), language)
        };
        if let Some(path) = &self.save {
            let mut forms = vec![form(&top, FORM)];
            if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx")) {
                let is_other =
                    |it: &&ScopeKey| self.scope.is_none() && **it != top && **it != ScopeKey::All;
                forms.extend(scopes.keys().filter(is_other).map(|it| form(it, FORM)));
            }
            save_forms(invocation, path, &forms)?;
        } else {
            match out.format {
                Format::Json => out.json(&national.paid_json(&table)),
                Format::Csv => output::print(&form(&top, FORM).csv()),
                Format::Table => form_on_screen(invocation, &form(&top, out.language)),
            }
        }
        if table.elsewhere > 0 {
            out.note("national-paid-elsewhere", &[("count", &table.elsewhere)]);
        }
        Ok(tell(invocation, &national, self.month.last(), false))
    }
}

impl Survey {
    pub(super) fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let out = invocation.out;
        match self {
            Self::Form { file, count, yearly } => {
                let rows = (*count).clamp(1, SURVEY_ROWS_MAX);
                save_forms(invocation, file, &[survey_form(rows, *yearly, FORM)])?;
                Ok(exit::OK)
            }
            Self::Result { file } => {
                let rows = match survey(file) {
                    Ok(rows) => rows,
                    Err(issues) => return Ok(told(invocation, &issues)),
                };
                let result = survey_result(&rows);
                if out.format == Format::Json {
                    let shares: std::collections::BTreeMap<_, _> = result.into_iter().collect();
                    out.json(&serde_json::json!({"children": rows.len(), "shares": shares}));
                    return Ok(exit::OK);
                }
                let mut sheet = Sheet::new(&[
                    "question", "yes", "children", "percent", "low", "high", "interval",
                ]);
                let end = |end: Option<f64>| {
                    end.map_or_else(|| output::NONE.to_owned(), |end| fixed(end, 2))
                };
                for (question, share) in result {
                    let question = match out.format {
                        Format::Table => out.word(&format!("national-survey-{question}")),
                        _ => question.to_owned(),
                    };
                    let percent =
                        share.rate.map_or_else(|| output::NONE.to_owned(), |it| it.to_string());
                    sheet.push(vec![
                        question,
                        share.yes.to_string(),
                        share.children.to_string(),
                        percent,
                        end(share.low),
                        end(share.high),
                        match (out.format, share.interval) {
                            (Format::Table, how) => out.word(&format!("national-survey-by-{how}")),
                            (_, how) => how.to_string(),
                        },
                    ]);
                }
                out.sheet(&sheet);
                Ok(exit::OK)
            }
        }
    }
}

/// Reads births per thousand with at most two decimals, as hundredths.
fn parse_rate(text: &str) -> Result<u64, Remedy> {
    let wrong = || Remedy::new("write-rate");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 2 || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    format!("{whole}{part:0<2}").parse().map_err(|_| wrong())
}
