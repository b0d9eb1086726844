//! `doseplan national hpv` and `national schools`: what schools are told about children who miss doses.

use super::national_base::{
    Counted, FORM, known_place, parse_month, parse_scope, save_forms, tell,
};
use super::national_print::{form_on_screen, schools_on_screen};
use super::output::{self, Format};
use super::{Invocation, exit, parse_day};
use crate::app::national::{
    National, OfficialForm, PupilFile, Pupils as CountPupils, SchoolFigures,
};
use crate::domain::campaign::Language;
use crate::domain::national::{ScopeKey, YearMonth};
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Which children are meant, and where the tables go.
#[derive(Debug, Args)]
pub(super) struct Pupils {
    /// The place: county:CODE, township:CODE, unit:CODE or all [default: all]
    #[arg(long, value_name = "PLACE", value_parser = parse_scope)]
    scope: Option<ScopeKey>,
    /// Only this school
    #[arg(long, value_name = "NAME")]
    school: Option<String>,
    /// Write the table into this file: .xlsx or .csv
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct HpvList {
    /// The month, as 2025-12
    #[arg(value_parser = parse_month)]
    month: YearMonth,
    #[command(flatten)]
    pub(super) counted: Counted,
    #[command(flatten)]
    pupils: Pupils,
}

#[derive(Debug, Args)]
pub(super) struct SchoolCheck {
    /// The day of the check, as 2025-09-15
    #[arg(value_parser = parse_day)]
    day: NaiveDate,
    /// What was caught up by the end of this day (补种情况反馈表)
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    feedback: Option<NaiveDate>,
    /// The children who miss a dose, by school and class, instead of figures
    #[arg(long, conflicts_with = "feedback")]
    pub(super) list: bool,
    #[command(flatten)]
    pub(super) counted: Counted,
    #[command(flatten)]
    pupils: Pupils,
}

impl Pupils {
    /// Which children are listed: those who miss something.
    fn of(&self, days: (NaiveDate, NaiveDate), family: Option<&'static str>) -> CountPupils {
        let scope = self.scope.clone().unwrap_or(ScopeKey::All);
        let school = self.school.clone();
        CountPupils { days, scope, family, school, only_missing: true }
    }

    /// Lists who misses a dose: in a workbook a sheet for each school, to send back to it.
    fn listed(
        &self,
        invocation: &Invocation,
        national: &National,
        (title, day): (&str, NaiveDate),
        pupils: &[PupilFile],
    ) -> anyhow::Result<()> {
        let out = invocation.out;
        let mut schools: BTreeSet<&str> = pupils.iter().map(|it| it.school.as_str()).collect();
        if pupils.is_empty() {
            // An empty list says so; a file has its headings.
            out.note("national-nobody-missing", &[]);
            schools.insert(self.school.as_deref().unwrap_or("—"));
        }
        let forms = |language: Language| -> Vec<OfficialForm> {
            let form = |school: &&str| national.missed_form((title, day), school, pupils, language);
            schools.iter().map(form).collect()
        };
        if let Some(path) = &self.save {
            return save_forms(invocation, path, &forms(FORM));
        }
        match out.format {
            Format::Json => out.json(&pupils),
            Format::Csv => forms(FORM).iter().for_each(|form| output::print(&form.csv())),
            Format::Table => {
                for form in forms(out.language).iter().filter(|form| !form.rows.is_empty()) {
                    form_on_screen(invocation, form);
                }
            }
        }
        Ok(())
    }
}

impl HpvList {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let day = self.month.last();
        let what = self.pupils.of((day, day), Some("HPV"));
        let Some((national, pupils)) = self.counted.count(invocation, what).await? else {
            return Ok(exit::CONFIGURATION);
        };
        known_place(invocation, &national, self.pupils.scope.as_ref())?;
        self.pupils.listed(invocation, &national, ("hpv-title", day), &pupils)?;
        Ok(tell(invocation, &national, day, false))
    }
}

#[derive(Serialize)]
struct Checked<'a> {
    day: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<NaiveDate>,
    schools: &'a BTreeMap<String, crate::app::national::SchoolCount>,
}

impl SchoolCheck {
    pub(super) async fn run(&self, invocation: &Invocation) -> anyhow::Result<u8> {
        let until = self.feedback.unwrap_or(self.day).max(self.day);
        let what = self.pupils.of((self.day, until), None);
        let out = invocation.out;
        let told = |count: u64| {
            if count > 0 {
                out.note("national-without-school", &[("count", &count)]);
            }
        };
        if self.list {
            let Some((national, mut pupils)) = self.counted.count(invocation, what).await? else {
                return Ok(exit::CONFIGURATION);
            };
            known_place(invocation, &national, self.pupils.scope.as_ref())?;
            let all = pupils.len();
            pupils.retain(|pupil| !pupil.school.is_empty());
            told((all - pupils.len()) as u64);
            self.pupils.listed(invocation, &national, ("school-list-title", self.day), &pupils)?;
            return Ok(tell(invocation, &national, self.day, false));
        }
        let what = SchoolFigures(CountPupils { only_missing: false, ..what });
        let Some((national, counts)) = self.counted.count(invocation, what).await? else {
            return Ok(exit::CONFIGURATION);
        };
        known_place(invocation, &national, self.pupils.scope.as_ref())?;
        let (schools, without) = National::schools(&counts, |_| true);
        told(without);
        let form = |language: Language| match self.feedback {
            Some(_) => national.feedback_form((self.day, until), &schools, language),
            None => national.school_form(self.day, &schools, language),
        };
        if let Some(path) = &self.pupils.save {
            save_forms(invocation, path, &[form(FORM)])?;
        } else {
            match out.format {
                Format::Json => {
                    let (day, feedback) = (self.day, self.feedback);
                    out.json(&Checked { day, feedback, schools: &schools });
                }
                Format::Csv => output::print(&form(FORM).csv()),
                Format::Table if self.feedback.is_some() => {
                    form_on_screen(invocation, &form(out.language));
                }
                Format::Table => schools_on_screen(invocation, &form(out.language)),
            }
        }
        Ok(tell(invocation, &national, until, false))
    }
}
