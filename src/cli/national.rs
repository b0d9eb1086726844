//! `doseplan national`: the official figures of the national immunisation programme, counted from the register or from
//! a folder of files.

use super::national_base::{
    Counted, FORM, known_place, parse_month, parse_scope, save_forms, tell,
};
use super::national_files::Duplicates;
use super::national_more::{Denominators, Paid, Survey};
use super::national_print::{cohort_on_screen, explained_children, form_on_screen, quality_lines};
use super::national_schools::{HpvList, SchoolCheck};
use super::output::{Format, Sheet, harmless};
use super::{Invocation, exit, output, parse_day};
use crate::app::national::{
    BehindCohort, BehindPeriod, Cohort as CountCohort, OfficialForm, Period as CountPeriod,
    QualityOf,
};
use crate::domain::national::{MonthSpan, ScopeKey, YearMonth};
use crate::text;
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// The official figures: coverage of a month and of birth cohorts, townships above 90 %
#[derive(Debug, Subcommand)]
pub(super) enum NationalFigures {
    /// 时段接种率: coverage of a month, by the unit that gave the dose
    Month(Period),
    /// The same for January to a month (脱靴)
    Cum(Period),
    /// 出生队列接种率: coverage of birth cohorts at the end of a day, by managing unit
    Cohort(CohortDay),
    /// ＞90%乡镇比例: the share of townships above 90 % on 31 December
    Year90(YearEnd),
    /// 重档: files that are the same child; "persons merge KEPT FILE" makes them one, "persons unmerge FILE" two again
    Duplicates(Duplicates),
    /// How complete and how timely the records are
    Quality(Period),
    /// D值: reported coverage against that by births from another source
    Denominators(Denominators),
    /// 非国家免疫规划疫苗接种数: doses that families paid for, by vaccine, dose and month
    Paid(Paid),
    /// Surveys: the unit's search of 30 children, the county's yearly survey
    #[command(subcommand)]
    Survey(Survey),
    /// Girls who miss a dose of HPV vaccine, by school and class
    Hpv(HpvList),
    /// 入托入学查验: what children miss who enter kindergarten or school, by school
    Schools(SchoolCheck),
}

/// What is shown of a table.
#[derive(Debug, Args)]
pub(super) struct Shown {
    /// The place: county:CODE, township:CODE, unit:CODE or all [default: the county, or all]
    #[arg(long, value_name = "PLACE", value_parser = parse_scope)]
    scope: Option<ScopeKey>,
    /// Write the official form into this file: .xlsx with a sheet for each place, or .csv for one
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Show the children behind a row, such as HepB-3
    #[arg(long, value_name = "ROW")]
    explain: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Period {
    /// The month, as 2025-03
    #[arg(value_parser = parse_month)]
    month: YearMonth,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(super) struct CohortDay {
    /// The day, as 2025-12-31
    #[arg(value_parser = parse_day)]
    day: NaiveDate,
    /// With --explain: the age group
    #[arg(long, value_name = "YEARS", default_value_t = 1)]
    age: u8,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(super) struct YearEnd {
    /// The year, as 2025
    #[arg(value_parser = clap::value_parser!(i32).range(1950..=2200))]
    year: i32,
    #[command(flatten)]
    counted: Counted,
    #[command(flatten)]
    shown: Shown,
}

impl NationalFigures {
    /// The command, where it shows persons of the register.
    pub(super) fn shows_persons(&self) -> Option<&'static str> {
        let explained = |counted: &Counted, shown: &Shown, said| {
            (counted.folder.is_none() && shown.explain.is_some()).then_some(said)
        };
        match self {
            Self::Month(it) => explained(&it.counted, &it.shown, "national month --explain"),
            Self::Cum(it) => explained(&it.counted, &it.shown, "national cum --explain"),
            Self::Cohort(it) => explained(&it.counted, &it.shown, "national cohort --explain"),
            Self::Duplicates(it) => it.counted.folder.is_none().then_some("national duplicates"),
            Self::Hpv(it) => it.counted.folder.is_none().then_some("national hpv"),
            Self::Schools(it) => {
                (it.counted.folder.is_none() && it.list).then_some("national schools --list")
            }
            Self::Paid(it) => (it.counted.folder.is_none() && it.explain.is_some())
                .then_some("national paid --explain"),
            Self::Year90(_) | Self::Quality(_) | Self::Denominators(_) | Self::Survey(_) => None,
        }
    }

    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        match self {
            Self::Month(it) => it.run(invocation, "month", MonthSpan::month(it.month)).await,
            Self::Cum(it) => it.run(invocation, "cum", MonthSpan::january_to(it.month)).await,
            Self::Cohort(it) => it.run(invocation).await,
            Self::Year90(it) => it.run(invocation).await,
            Self::Duplicates(it) => it.run(invocation).await,
            Self::Quality(it) => it.quality(invocation).await,
            Self::Denominators(it) => it.run(invocation).await,
            Self::Paid(it) => it.run(invocation).await,
            Self::Survey(it) => it.run(invocation),
            Self::Hpv(it) => it.run(invocation).await,
            Self::Schools(it) => it.run(invocation).await,
        }
    }
}

impl Period {
    /// The children behind a row.
    async fn explain(
        &self,
        invocation: &Invocation,
        span: MonthSpan,
        row: &str,
    ) -> anyhow::Result<u8> {
        let Some(rules) = self.counted.rules(invocation) else {
            return Ok(exit::CONFIGURATION);
        };
        let rows = rules.period.rows.iter().map(|row| row.id.as_str());
        let row = rules.period.rows[find_row(invocation, rows, row)?].id.clone();
        let scope = self.shown.scope.clone().unwrap_or(ScopeKey::All);
        let what = BehindPeriod { span, scope, row };
        let Some((national, children)) = self.counted.count(invocation, what).await? else {
            return Ok(exit::CONFIGURATION);
        };
        known_place(invocation, &national, self.shown.scope.as_ref())?;
        explained_children(invocation, &children);
        Ok(tell(invocation, &national, span.last.last(), false))
    }

    async fn quality(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let counted = self.counted.count(invocation, QualityOf(self.month)).await?;
        let Some((national, found)) = counted else {
            return Ok(exit::CONFIGURATION);
        };
        quality_lines(invocation, &national.quality(&found));
        Ok(tell(invocation, &national, self.month.last(), false))
    }

    async fn run(
        &self,
        invocation: &Invocation,
        name: &str,
        span: MonthSpan,
    ) -> anyhow::Result<u8> {
        if let Some(row) = &self.shown.explain {
            return self.explain(invocation, span, row).await;
        }
        let Some((national, table)) = self.counted.count(invocation, CountPeriod(span)).await?
        else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        known_place(invocation, &national, self.shown.scope.as_ref())?;
        let scope = self.shown.scope.clone().unwrap_or_else(|| national.top());
        let scopes = table.scopes(&national.folder.places);
        let form = |scope: &ScopeKey, language| {
            let counts = scopes.get(scope).map(Vec::as_slice).unwrap_or_default();
            national.period_form(&table, scope, counts, language)
        };
        if let Some(path) = &self.shown.save {
            save(invocation, path, &self.shown, scopes.keys(), &scope, |it| form(it, FORM))?;
        } else {
            match out.format {
                Format::Json => {
                    out.json(&national.period_json(&table, name, &span.last.to_string()));
                }
                Format::Csv => output::print(&form(&scope, FORM).csv()),
                Format::Table => form_on_screen(invocation, &form(&scope, out.language)),
            }
        }
        Ok(tell(invocation, &national, span.last.last(), false))
    }
}

impl CohortDay {
    /// The children behind a row and age group.
    async fn explain(&self, invocation: &Invocation, row: &str) -> anyhow::Result<u8> {
        let Some(rules) = self.counted.rules(invocation) else {
            return Ok(exit::CONFIGURATION);
        };
        let rows = rules.cohort.rows.iter().map(|row| row.id.as_str());
        let row = match row {
            "full" => None,
            row => Some(rules.cohort.rows[find_row(invocation, rows, row)?].id.clone()),
        };
        let scope = self.shown.scope.clone().unwrap_or(ScopeKey::All);
        let what = BehindCohort { day: self.day, scope, age: self.age, row };
        let Some((national, children)) = self.counted.count(invocation, what).await? else {
            return Ok(exit::CONFIGURATION);
        };
        known_place(invocation, &national, self.shown.scope.as_ref())?;
        explained_children(invocation, &children);
        Ok(tell(invocation, &national, self.day, false))
    }

    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        if let Some(row) = &self.shown.explain {
            return self.explain(invocation, row).await;
        }
        let counted = self.counted.count(invocation, CountCohort(self.day)).await?;
        let Some((national, table)) = counted else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        known_place(invocation, &national, self.shown.scope.as_ref())?;
        let scope = self.shown.scope.clone().unwrap_or_else(|| national.top());
        let scopes = table.scopes(&national.folder.places);
        let none = std::collections::BTreeMap::new();
        let form = |scope: &ScopeKey, language| {
            let ages = scopes.get(scope).unwrap_or(&none);
            national.cohort_form(&table, scope, ages, language)
        };
        if let Some(path) = &self.shown.save {
            save(invocation, path, &self.shown, scopes.keys(), &scope, |it| form(it, FORM))?;
        } else {
            match out.format {
                Format::Json => out.json(&national.cohort_json(&table)),
                Format::Csv => output::print(&form(&scope, FORM).csv()),
                Format::Table => {
                    let children =
                        |age: &u8| scopes.get(&scope).is_some_and(|it| it.contains_key(age));
                    let (first, last) = national.rules.cohort.ages;
                    let shown: Vec<usize> = (0..)
                        .zip(first..=last)
                        .filter(|(_, age)| children(age))
                        .map(|(at, _)| 3 + 2 * at)
                        .collect();
                    cohort_on_screen(invocation, &form(&scope, out.language), &shown);
                }
            }
        }
        Ok(tell(invocation, &national, self.day, false))
    }
}

impl YearEnd {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let end = NaiveDate::from_ymd_opt(self.year, 12, 31).context("a year of the calendar")?;
        let Some((national, cohort)) = self.counted.count(invocation, CountCohort(end)).await?
        else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        let tables = national.over_limit(&cohort);
        let scope = self.shown.scope.clone().unwrap_or_else(|| national.top());
        let table = |scope: &ScopeKey| {
            let known = || tables.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tables.get(scope).ok_or_else(|| {
                out.fail("national-no-place", &[("place", scope), ("known", &known())])
            })
        };
        if let Some(row) = &self.shown.explain {
            let at = find_row(invocation, national.township_ids().into_iter(), row)?;
            let mut sheet = Sheet::new(&["township"]);
            for code in &table(&scope)?.over[at] {
                sheet.push(vec![code.clone()]);
            }
            out.sheet(&sheet);
            return Ok(tell(invocation, &national, end, true));
        }
        let form = |scope: &ScopeKey, table, language| {
            national.townships_form(table, scope, self.year, language)
        };
        if let Some(path) = &self.shown.save {
            table(&scope)?;
            let forms = |it: &ScopeKey| form(it, &tables[it], FORM);
            save(invocation, path, &self.shown, tables.keys(), &scope, forms)?;
        } else {
            match out.format {
                Format::Json => out.json(&national.townships_json(&tables, self.year)),
                Format::Csv => output::print(&form(&scope, table(&scope)?, FORM).csv()),
                Format::Table => {
                    form_on_screen(invocation, &form(&scope, table(&scope)?, out.language));
                }
            }
        }
        Ok(tell(invocation, &national, end, true))
    }
}

/// Writes official forms into a file.
fn save<'a>(
    invocation: &Invocation,
    path: &Path,
    shown: &Shown,
    scopes: impl Iterator<Item = &'a ScopeKey>,
    top: &ScopeKey,
    form: impl Fn(&ScopeKey) -> OfficialForm,
) -> anyhow::Result<()> {
    let mut forms = vec![form(top)];
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx")) {
        // The place that is asked for, or every place with the highest one first.
        let mut all: Vec<&ScopeKey> = scopes.collect();
        all.retain(|scope| shown.scope.is_none() && *scope != top);
        forms.extend(all.into_iter().filter(|it| **it != ScopeKey::All).map(&form));
    }
    save_forms(invocation, path, &forms)
}

/// The place of a row by its id.
fn find_row<'a>(
    invocation: &Invocation,
    ids: impl Iterator<Item = &'a str> + Clone,
    wanted: &str,
) -> anyhow::Result<usize> {
    ids.clone().position(|id| id.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let known = ids.collect::<Vec<_>>().join(", ");
        let arguments: [(&str, &dyn std::fmt::Display); 2] =
            [("row", &harmless(wanted)), ("known", &known)];
        anyhow::anyhow!(text::say(invocation.out.language, "national-no-row", &arguments))
    })
}
