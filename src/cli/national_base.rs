//! What the commands of `doseplan national` share: what is counted and how, what is told, where forms are written.

use super::output::marked;
use super::usage_errors::Remedy;
use super::{Invocation, exit, output, parse_day};
use crate::app::national::{Counter, National, OfficialForm, workbook};
use crate::domain::campaign::Language;
use crate::domain::national::{
    CountingOptions, NationalChoices, NationalRules, ScopeKey, YearMonth,
};
use crate::domain::series::Duration;
use crate::intake::national::{RuleChoices, national_rules};
use crate::intake::{Issue, csv_out};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Places that a refusal names.
const PLACES_NAMED: usize = 40;

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

/// Which girls the HPV rows of the cohort table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum HpvCohort {
    /// Those born after 2011-11-10, as the text says
    Text,
    /// All of 14 years and over, as an export shows
    All,
}

impl Counted {
    fn choices(&self) -> NationalChoices {
        NationalChoices {
            dtap_from: self.dtap_from,
            hepb3_gap: self.hepb3_gap,
            hpv_cohort_of_all: self.hpv_cohort.map(|cohort| cohort == HpvCohort::All),
            keeps_out_files: self.keep_out_files,
            without_je: self.no_je,
        }
    }

    /// Reads rules and files or the register, and counts. `None` if they cannot be used; why is told.
    pub(super) async fn count<C: Counter>(
        &self,
        invocation: &Invocation,
        what: C,
    ) -> anyhow::Result<Option<(National, C::Found)>> {
        let choices = self.choices();
        let rules = self.rules.as_deref();
        let read = if let Some(folder) = &self.folder {
            let keeps_out_files = choices.keeps_out_files == Some(true);
            let options = CountingOptions { keeps_out_files, known_on: self.known_on };
            let choices = RuleChoices::of(&choices);
            let count = || {
                let national = National::of_folder(folder, rules, &choices, options)?;
                let found = national.count(&what);
                Ok((national, found))
            };
            tokio::task::block_in_place(count)
        } else {
            let app = invocation.open(false).await?;
            let read = app.national(rules, choices, self.known_on, what).await;
            app.store.close().await;
            read?
        };
        Ok(usable(invocation, read))
    }

    /// The rules, as the command line chooses them. `None` if they cannot be used; why is told.
    pub(super) fn rules(&self, invocation: &Invocation) -> Option<NationalRules> {
        let choices = RuleChoices::of(&self.choices());
        usable(invocation, national_rules(self.rules.as_deref(), &choices))
    }
}

fn usable<T>(invocation: &Invocation, read: Result<T, Vec<Issue>>) -> Option<T> {
    match read {
        Ok(found) => Some(found),
        Err(issues) => {
            for issue in issues {
                output::tell(&marked(&issue, invocation.out));
            }
            None
        }
    }
}

/// Refuses a place that no unit belongs to: a table without rows would look as if nothing was given there.
pub(super) fn known_place(
    invocation: &Invocation,
    national: &National,
    place: Option<&ScopeKey>,
) -> anyhow::Result<()> {
    let units = national.folder.places.all().filter_map(|(_, place)| place.unit.as_ref());
    let mut known: BTreeSet<ScopeKey> = units.flat_map(ScopeKey::of).collect();
    known.insert(ScopeKey::All);
    let Some(place) = place.filter(|place| !known.contains(place)) else { return Ok(()) };
    let named: Vec<_> = known.iter().take(PLACES_NAMED).map(ToString::to_string).collect();
    let more = if known.len() > PLACES_NAMED { ", …" } else { "" };
    let (place, known) = (output::harmless(&place.to_string()), named.join(", ") + more);
    Err(invocation.out.fail("national-no-place", &[("place", &place), ("known", &known)]))
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
    for line in national.apart_lines(invocation.out.language) {
        output::tell(&line);
    }
    if national.folder.has_refused { exit::REFUSED } else { exit::OK }
}

/// The language of official forms.
pub(super) const FORM: Language = Language::ZhCn;

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

fn parse_yes_no(text: &str) -> Result<bool, Remedy> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(Remedy::new("write-yes-no")),
    }
}

pub(super) fn parse_scope(text: &str) -> Result<ScopeKey, Remedy> {
    ScopeKey::parse(text).ok_or_else(|| Remedy::new("write-scope"))
}

pub(super) fn parse_month(text: &str) -> Result<YearMonth, Remedy> {
    super::report::parse_month(text).map(YearMonth::of)
}

/// Reads `1m`, `60d`, `1y` or a duration such as `5 months`.
fn parse_gap(text: &str) -> Result<Duration, Remedy> {
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
    spelled.parse().map_err(|_| Remedy::new("write-gap"))
}
