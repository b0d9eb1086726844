//! `doseplan national`: the official figures of the national immunisation programme, counted from the register or from
//! a folder of files.

use super::national_print::{cohort_on_screen, explained_children, form_on_screen, quality_lines};
use super::national_schools::{HpvList, SchoolCheck};
use super::output::{Format, Sheet, harmless, marked};
use super::{Invocation, exit, output, parse_day};
use crate::app::national::{National, OfficialForm, workbook};
use crate::domain::campaign::Language;
use crate::domain::national::{
    CountingOptions, DuplicateKey, MonthSpan, NationalChoices, ScopeKey, YearMonth, merged,
};
use crate::domain::series::Duration;
use crate::intake::csv_out;
use crate::intake::national::RuleChoices;
use crate::text;
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
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
    /// 重档: files that are the same child
    Duplicates(Duplicates),
    /// How complete and how timely the records are
    Quality(Period),
    /// Girls who miss a dose of HPV vaccine, by school and class
    Hpv(HpvList),
    /// 入托入学查验: what children miss who enter kindergarten or school, by school
    Schools(SchoolCheck),
}

/// What is counted, and how.
#[derive(Debug, Args)]
pub(super) struct Counted {
    /// Folder with children.csv, doses.csv, units.csv, and moves.csv and townships.csv if there are such [default: the
    /// register]
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// Folder of rules; its files take the place of those of the program
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Only what was entered by this day's 24:00
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    known_on: Option<NaiveDate>,
    /// First day of the new DTaP schedule [default: 2025-01-01]
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    dtap_from: Option<NaiveDate>,
    /// Shortest time between hepatitis B doses 2 and 3 under one year, such as 1m or 60d [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = parse_gap)]
    hepb3_gap: Option<Duration>,
    /// Girls in the HPV rows of the cohort table [default: text]
    #[arg(long, value_enum)]
    hpv_cohort: Option<HpvCohort>,
    /// Keep files without any programme vaccine in the cohort [default: as the jurisdiction says]
    #[arg(
        long,
        value_name = "yes|no",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = parse_yes_no
    )]
    keep_out_files: Option<bool>,
    /// Without Japanese encephalitis: Qinghai, Xizang, Xinjiang, Bingtuan [default: as the jurisdiction says]
    #[arg(
        long,
        value_name = "yes|no",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = parse_yes_no
    )]
    no_je: Option<bool>,
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

#[derive(Debug, Args)]
pub(super) struct Duplicates {
    #[command(flatten)]
    counted: Counted,
}

/// Which girls the HPV rows of the cohort table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum HpvCohort {
    /// Those born after 2011-11-10, as the text says
    Text,
    /// All of 14 years and over, as an export shows
    All,
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
            Self::Year90(_) | Self::Quality(_) => None,
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
            Self::Hpv(it) => it.run(invocation).await,
            Self::Schools(it) => it.run(invocation).await,
        }
    }
}

impl Counted {
    /// Reads rules and files. `None` if they cannot be used; why is told.
    pub(super) async fn read(&self, invocation: &Invocation) -> anyhow::Result<Option<National>> {
        let choices = NationalChoices {
            dtap_from: self.dtap_from,
            hepb3_gap: self.hepb3_gap,
            hpv_cohort_of_all: self.hpv_cohort.map(|cohort| cohort == HpvCohort::All),
            keeps_out_files: self.keep_out_files,
            without_je: self.no_je,
        };
        let rules = self.rules.as_deref();
        let read = if let Some(folder) = &self.folder {
            let keeps_out_files = choices.keeps_out_files == Some(true);
            let options = CountingOptions { keeps_out_files, known_on: self.known_on };
            let choices = RuleChoices::of(&choices);
            let count = || National::of_folder(folder, rules, &choices, options);
            tokio::task::block_in_place(count)
        } else {
            let app = invocation.open(false).await?;
            let read = app.national(rules, choices, self.known_on).await;
            app.store.close().await;
            read?
        };
        Ok(match read {
            Ok(national) => Some(national),
            Err(issues) => {
                for issue in issues {
                    output::tell(&marked(&issue, invocation.out));
                }
                None
            }
        })
    }
}

/// Says what is doubtful, and returns the exit code.
pub(super) fn tell(
    invocation: &Invocation,
    national: &National,
    end: NaiveDate,
    townships: bool,
) -> u8 {
    let today = invocation.clock.now().with_timezone(&chrono::Local).date_naive();
    for issue in national.issues(end, today, townships) {
        output::tell(&marked(&issue, invocation.out));
    }
    for (code, count) in &national.folder.apart {
        invocation.out.note("national-apart", &[("code", code), ("count", count)]);
    }
    if national.folder.has_refused { exit::REFUSED } else { exit::OK }
}

impl Period {
    async fn quality(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let Some(national) = self.counted.read(invocation).await? else {
            return Ok(exit::CONFIGURATION);
        };
        quality_lines(invocation, &national, self.month);
        Ok(tell(invocation, &national, self.month.last(), false))
    }

    async fn run(
        &self,
        invocation: &Invocation,
        name: &str,
        span: MonthSpan,
    ) -> anyhow::Result<u8> {
        let Some(national) = self.counted.read(invocation).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        let scope = self.shown.scope.clone().unwrap_or_else(|| national.top());
        if let Some(row) = &self.shown.explain {
            let rows = national.rules.period.rows.iter().map(|row| row.id.as_str());
            let at = find_row(invocation, rows, row)?;
            let children = national.explain_period(span, &scope, at);
            explained_children(invocation, &children);
            return Ok(tell(invocation, &national, span.last.last(), false));
        }
        let table = national.period(span);
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
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let Some(national) = self.counted.read(invocation).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        let scope = self.shown.scope.clone().unwrap_or_else(|| national.top());
        if let Some(row) = &self.shown.explain {
            let rows = national.rules.cohort.rows.iter().map(|row| row.id.as_str());
            let at = match row.as_str() {
                "full" => None,
                row => Some(find_row(invocation, rows, row)?),
            };
            let children = national.explain_cohort(self.day, &scope, self.age, at);
            explained_children(invocation, &children);
            return Ok(tell(invocation, &national, self.day, false));
        }
        let table = national.cohort(self.day);
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
        let Some(national) = self.counted.read(invocation).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let out = invocation.out;
        let tables = national.over_limit(self.year).context("a year of the calendar")?;
        let scope = self.shown.scope.clone().unwrap_or_else(|| national.top());
        let table = |scope: &ScopeKey| {
            let known = || tables.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tables.get(scope).ok_or_else(|| {
                out.fail("national-no-place", &[("place", scope), ("known", &known())])
            })
        };
        let end = NaiveDate::from_ymd_opt(self.year, 12, 31).context("a year of the calendar")?;
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

impl Duplicates {
    async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let Some(national) = self.counted.read(invocation).await? else {
            return Ok(exit::CONFIGURATION);
        };
        let (folder, rules) = (&national.folder, &national.rules);
        let mut sheet =
            Sheet::new(&["file", "other_file", "keys", "doses", "kept", "merged_doses"]);
        for pair in &folder.persons.pairs {
            let [first, second] = [pair.first, pair.second].map(|at| &folder.dossiers[at]);
            let keys = pair.keys.iter().map(|key| match key {
                DuplicateKey::IdNumber => "name+id_no",
                DuplicateKey::Guardian => "name+sex+born+guardian",
            });
            let kept = merged(&[first, second], rules);
            let (kept, doses) = kept.map_or((String::new(), 0), |(id, doses)| (id, doses));
            sheet.push(vec![
                first.file.id.to_string(),
                second.file.id.to_string(),
                keys.collect::<Vec<_>>().join(" "),
                format!("{}+{}", first.doses.len(), second.doses.len()),
                kept,
                doses.to_string(),
            ]);
        }
        invocation.out.sheet(&sheet);
        Ok(tell(invocation, &national, NaiveDate::MIN, false))
    }
}

/// The language of official forms.
pub(super) const FORM: Language = Language::ZhCn;

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

/// Writes forms into a workbook with a sheet for each, or into a CSV file.
pub(super) fn save_forms(
    invocation: &Invocation,
    path: &Path,
    forms: &[OfficialForm],
) -> anyhow::Result<()> {
    let out = invocation.out;
    let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    let bytes = match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("xlsx") => {
            let made_at = invocation.clock.now().with_timezone(&chrono::Local).naive_local();
            workbook(forms, made_at)?
        }
        Some("csv") => {
            let texts = forms.iter().map(OfficialForm::csv);
            format!("{}{}", csv_out::BOM, texts.collect::<String>()).into_bytes()
        }
        _ => return Err(out.fail("national-save-ending", &[("path", &path.display())])),
    };
    crate::files::write(path, bytes).map_err(|error| out.not_written(path, &error))?;
    out.note("report-saved", &[("path", &path.display()), ("count", &forms.len())]);
    Ok(())
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

fn parse_yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

pub(super) fn parse_scope(text: &str) -> Result<ScopeKey, String> {
    ScopeKey::parse(text).ok_or_else(|| "write county:CODE, township:CODE, unit:CODE or all".into())
}

pub(super) fn parse_month(text: &str) -> Result<YearMonth, String> {
    super::report::parse_month(text).map(YearMonth::of)
}

/// Reads `1m`, `60d`, `1y` or a duration such as `5 months`.
fn parse_gap(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(gap) = text.parse() {
        return Ok(gap);
    }
    let spelled = match text.char_indices().last() {
        Some((at, 'd')) => format!("{} days", &text[..at]),
        Some((at, 'm')) => format!("{} months", &text[..at]),
        Some((at, 'y')) => format!("{} years", &text[..at]),
        _ => text.to_owned(),
    };
    spelled.parse().map_err(|_| "write for example 1m, 60d or \"5 months\"".to_owned())
}
