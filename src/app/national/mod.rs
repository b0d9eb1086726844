//! The official figures: reads what they are counted from, counts on all cores, and follows a cell down to its
//! children.

mod births;
mod count;
mod explain;
mod forms;
mod json;
mod more;
mod register;
mod schools;
mod surveys;
mod twins;

use crate::domain::campaign::Language;
use crate::domain::national::{
    CohortTable, Counting, CountingOptions, MergedTownships, MonthSpan, NationalRules, PeriodTable,
    QualityLine, ScopeKey, TownshipTable, TownshipWarning, YearMonth, quality_lines,
};
use crate::intake::Issue;
use crate::intake::national::{Folder, RuleChoices, folder, in_register, national_rules};
use crate::text;
pub use births::{BirthsEdit, BirthsHad};
use chrono::NaiveDate;
use count::add_all;
pub use count::{Cohort, Counter, Nothing, Paid, Period, QualityOf};
pub use explain::{BehindCohort, BehindPaid, BehindPeriod, ExplainedChild, ExplainedPart};
pub use forms::{FormCell, FormHead, OfficialForm, workbook};
pub use more::{SURVEY_ROWS_MAX, survey_form, survey_result};
pub use schools::{MissedLine, PupilFile, Pupils, SchoolCount, SchoolCounts, SchoolFigures};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is counted, and by which rules.
pub struct National {
    /// The rules.
    pub rules: NationalRules,
    /// Children, doses, units.
    pub folder: Folder,
    /// The townships after merging.
    pub townships: MergedTownships,
    /// How open questions are read.
    pub options: CountingOptions,
    /// Names of townships and counties by their codes, where they are known.
    pub names: BTreeMap<String, String>,
}

impl National {
    /// Reads a folder. `rules` is a folder whose files take the place of the delivered rules.
    pub fn of_folder(
        path: &Path,
        rules: Option<&Path>,
        choices: &RuleChoices,
        options: CountingOptions,
    ) -> Result<Self, Vec<Issue>> {
        let mut rules = national_rules(rules, choices)?;
        let folder = folder(path, &mut rules)?;
        let residents_min = rules.townships.residents_min;
        let townships = MergedTownships::of(&folder.townships, residents_min);
        Ok(Self { rules, folder, townships, options, names: BTreeMap::new() })
    }

    /// Rules, units and options.
    pub fn counting(&self) -> Counting<'_> {
        Counting { rules: &self.rules, places: &self.folder.places, options: self.options }
    }

    /// Counts everybody of a folder.
    pub fn count<C: Counter>(&self, what: &C) -> C::Found {
        let mut found = what.start();
        let dossiers = &self.folder.dossiers;
        add_all(what, &mut found, self.counting(), &self.folder.persons.groups, |group, files| {
            files.extend(group.iter().map(|at| &dossiers[*at]));
        });
        what.sort(&mut found);
        found
    }

    /// The period table (时段接种率) of a folder.
    pub fn period(&self, span: MonthSpan) -> PeriodTable {
        self.count(&Period(span))
    }

    /// The cohort table (出生队列接种率) of a folder.
    pub fn cohort(&self, day: NaiveDate) -> CohortTable {
        self.count(&Cohort(day))
    }

    /// The table of townships above the limit on 31 December (＞90%乡镇比例), for everything and each county.
    pub fn over_limit(&self, cohort: &CohortTable) -> BTreeMap<ScopeKey, TownshipTable> {
        let counties: BTreeSet<&str> =
            self.folder.townships.iter().map(|township| township.county.as_str()).collect();
        let table = |county: Option<&str>| {
            TownshipTable::of(cohort, &self.folder.places, &self.townships, &self.rules, county)
        };
        let mut tables = BTreeMap::from([(ScopeKey::All, table(None))]);
        for county in counties {
            tables.insert(ScopeKey::County(county.to_owned()), table(Some(county)));
        }
        tables
    }

    /// Quality figures of a month: how soon records are entered, how complete they are, ratios of neighbouring doses.
    pub fn quality(&self, found: &<QualityOf as Counter>::Found) -> Vec<QualityLine> {
        quality_lines(&found.0, self.counting(), &found.1)
    }

    /// What is told beside the tables: issues of the files, townships that are merged doubtfully, a period that is
    /// not over.
    pub fn issues(&self, end: NaiveDate, today: NaiveDate, for_townships: bool) -> Vec<Issue> {
        let mut issues = self.folder.issues.clone();
        if end > today {
            let issue = Issue::warning("period_not_over", "doses.csv").value(&end.to_string());
            issues.push(issue.with("today", today));
        }
        if for_townships {
            issues.extend(self.townships.warnings.iter().map(|it| self.township_issue(it)));
        }
        if self.folder.is_register {
            issues.iter_mut().for_each(in_register);
        }
        issues
    }

    fn township_issue(&self, warning: &TownshipWarning) -> Issue {
        let issue = |code, value: &str| Issue::warning(code, "townships.csv").value(value);
        let min = self.rules.townships.residents_min;
        match warning {
            TownshipWarning::TooSmall(code) => issue("township_small", code).with("limit", min),
            TownshipWarning::OnlyOne(code) => issue("township_only_one", code).with("limit", min),
            TownshipWarning::Unknown(code, other) | TownshipWarning::OtherCounty(code, other) => {
                issue("township_merge", code).with("other", other)
            }
            TownshipWarning::Circle(code) => issue("township_merge", code).with("other", code),
        }
    }

    /// How many are counted apart, by the code of the issue.
    pub fn apart(&self, more: &[(&'static str, u64)]) -> BTreeMap<&'static str, u64> {
        let mut apart = self.folder.apart.clone();
        apart.extend(more.iter().filter(|(_, count)| *count > 0).copied());
        apart
    }

    /// The same in words, a line for each kind.
    pub fn apart_lines(&self, language: Language) -> Vec<String> {
        let line = |(code, count): (&&'static str, &u64)| {
            let what = text::found(language, &format!("national-apart-{code}"))
                .unwrap_or_else(|| text::say(language, "national-apart-other", &[("code", code)]));
            text::say(language, "national-apart", &[("what", &what), ("count", count)])
        };
        self.folder.apart.iter().map(line).collect()
    }

    /// The place whose table is shown if none is named: the only county, or everything.
    pub fn top(&self) -> ScopeKey {
        let units = self.folder.places.all().filter_map(|(_, place)| place.unit.as_ref());
        let counties: BTreeSet<&str> = units.map(|unit| unit.county.as_str()).collect();
        match counties.iter().next() {
            Some(only) if counties.len() == 1 => ScopeKey::County((*only).to_owned()),
            _ => ScopeKey::All,
        }
    }

    /// The name of a place, for a heading; its code where it has none.
    pub fn name_of(&self, scope: &ScopeKey) -> String {
        let named = |code: &String| {
            let units = self.folder.places.all();
            let unit = units.filter_map(|(_, place)| place.unit.as_ref());
            unit.into_iter().find(|unit| unit.code == *code).map(|unit| unit.name.clone())
        };
        match scope {
            ScopeKey::Unit(code) => {
                named(code).filter(|name| !name.is_empty()).unwrap_or_else(|| code.clone())
            }
            ScopeKey::All => String::new(),
            ScopeKey::County(code) | ScopeKey::Township(code) => {
                self.names.get(code).unwrap_or(code).clone()
            }
        }
    }
}

/// The day that decides the managing unit in the table of a period that ends on `end`.
pub fn upload_cut(rules: &NationalRules, end: NaiveDate) -> NaiveDate {
    let next = YearMonth::of(end).next().first();
    next + chrono::TimeDelta::days(i64::from(rules.period.upload_day) - 1)
}
