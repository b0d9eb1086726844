//! Turns series files (`schedules/series/*.toml`) into rules. A file is one series; files of one antigen are
//! alternatives.
//!
//! A short file with `id`, `name`, `source` and `doses` is enough. Its vaccine is then called by the `id` of the
//! file, its antigen and vaccine group by its `name`. `schedules/series/README.md` explains every key.

use super::builder::Builder;
use super::reading::DOSES_MAX;
use super::series_form::{
    FileAges, FileDose, FileKind, FileSex, FileSkip, Late, Live, SeriesFile, When,
};
use crate::domain::person::Sex;
use crate::domain::rules::model::{
    AgeId, AgeRow, Allowable, AntigenSeries, Association, Condition, Conflict, Count, CountLogic,
    InForce, Interval, IntervalFrom, Kind, Preferable, Skip, SkipSet, TargetDose, VaccineId,
    VaccineSet, Wait,
};
use crate::domain::series::{Duration, MonthEnd};
use crate::intake::encoding;
use crate::intake::issue::Issue;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A live injected vaccine, and how long other live vaccines wait after it.
struct Injected {
    vaccine: VaccineId,
    apart: Wait,
}

/// Reads the text of a series file; `name` is what messages call the file.
pub(super) fn parse(name: &str, text: &str) -> Result<SeriesFile, Issue> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let row = encoding::newlines(&text.as_bytes()[..start]) + 1;
        let reason = error.message().lines().collect::<Vec<_>>().join("; ");
        Issue::error("bad_toml", name).row(row).with("reason", reason)
    })
}

/// Turns series files into rules. [`Reader::finish`] adds what concerns several files together.
pub(super) struct Reader<'a> {
    builder: &'a mut Builder,
    pub(super) issues: &'a mut Vec<Issue>,
    /// Names of the files by the id of their series.
    ids: BTreeMap<String, String>,
    injected: Vec<Injected>,
    /// Previous vaccine, current vaccine, time between them.
    afters: Vec<(VaccineId, VaccineId, Wait)>,
    /// Standard series that do not say whether they are the default: antigen and place in it.
    undecided: Vec<(usize, usize)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(builder: &'a mut Builder, issues: &'a mut Vec<Issue>) -> Self {
        let (ids, injected) = (BTreeMap::new(), Vec::new());
        Self { builder, issues, ids, injected, afters: Vec::new(), undecided: Vec::new() }
    }

    /// Adds the series of a file; `name` is what messages call the file.
    pub(super) fn add(&mut self, name: &str, file: &SeriesFile) {
        if let Some(first) = self.ids.get(&file.id) {
            let issue = Issue::error("duplicate_code", name).column("id").value(&file.id);
            self.issues.push(issue.with("first", first));
            return;
        }
        self.ids.insert(file.id.clone(), name.to_owned());
        if file.doses.is_empty() {
            self.issues.push(Issue::error("series_without_doses", name).column("doses"));
            return;
        }
        if file.doses.len() > DOSES_MAX as usize {
            let issue = Issue::error("out_of_range", name).column("doses");
            let count = file.doses.len().to_string();
            self.issues.push(issue.value(&count).with("min", 1).with("max", DOSES_MAX));
            return;
        }
        let mut reading = Reading { name, file, builder: self.builder, issues: self.issues };
        let (antigen, series) = reading.series();
        let own: Vec<VaccineId> = reading.all_vaccines(&series, antigen);
        if file.live == Some(Live::Injected) {
            let apart = reading.wait(file.apart.unwrap_or_default());
            self.injected.extend(own.iter().map(|vaccine| Injected { vaccine: *vaccine, apart }));
        }
        for after in &file.after {
            let wait = reading.wait(after.wait);
            for code in &after.vaccines {
                let previous = reading.builder.vaccine(code);
                reading.builder.know(previous);
                self.afters.extend(own.iter().map(|current| (previous, *current, wait)));
            }
        }
        let data = self.builder.antigen_mut(antigen);
        if file.default.is_none() && series.kind == Kind::Standard {
            self.undecided.push((usize::from(antigen.0), data.series.len()));
        }
        data.series.push(series);
    }

    /// Picks the default series of each antigen and adds the vaccines that keep apart.
    pub(super) fn finish(self) {
        for (antigen, place) in self.undecided {
            let all = &mut self.builder.rules.antigens[antigen].series;
            all[place].is_default = !all.iter().any(|series| series.is_default);
        }
        keep_apart(self.builder, &self.injected, &self.afters);
    }
}

/// Adds the waits between live injected vaccines, in either order. Between doses of the same vaccine its own
/// interval holds.
fn keep_apart(
    builder: &mut Builder,
    injected: &[Injected],
    afters: &[(VaccineId, VaccineId, Wait)],
) {
    let mut rows: Vec<(VaccineId, VaccineId, Wait)> = afters.to_vec();
    for first in injected {
        let others = injected.iter().filter(|other| other.vaccine != first.vaccine);
        rows.extend(others.map(|other| (first.vaccine, other.vaccine, other.apart)));
    }
    rows.sort_by_key(|(previous, current, wait)| (*previous, *current, wait.duration.days));
    rows.dedup();
    let begin = Wait { duration: Duration::days(1), month_end: MonthEnd::Roll };
    for (previous, current, end) in rows {
        builder.conflict(current, Conflict { previous, begin, end_min: end, end });
    }
}

struct Reading<'a> {
    name: &'a str,
    file: &'a SeriesFile,
    builder: &'a mut Builder,
    issues: &'a mut Vec<Issue>,
}

impl Reading<'_> {
    fn wait(&self, duration: Duration) -> Wait {
        Wait { duration, month_end: self.file.month_end }
    }

    fn age(&mut self, duration: Option<Duration>) -> AgeId {
        self.builder.age(duration, self.file.month_end)
    }

    /// A shortest time, reduced by the grace of the file.
    fn with_grace(&self, duration: Duration) -> Duration {
        let grace = self.file.grace;
        Duration {
            months: duration.months.saturating_sub(grace.months),
            days: duration.days.saturating_sub(grace.days),
        }
    }

    fn series(&mut self) -> (crate::domain::rules::model::AntigenId, AntigenSeries) {
        let file = self.file;
        let antigen_name = file.antigen.as_deref().unwrap_or(&file.name);
        let antigen = self.builder.antigen(antigen_name);
        let group = self.builder.group(file.group.as_deref().unwrap_or(antigen_name));
        let data = self.builder.group_mut(group);
        data.full |= file.together;
        data.is_programme |= file.programme;
        if !data.antigens.contains(&antigen) {
            data.antigens.push(antigen);
        }
        let doses: Vec<TargetDose> =
            (1..).zip(&file.doses).map(|(number, dose)| self.dose(number, dose)).collect();
        let sexes = file.sexes.iter().map(|sex| match sex {
            FileSex::F => Sex::F,
            FileSex::M => Sex::M,
            FileSex::U => Sex::U,
        });
        let preferable = doses.iter().flat_map(|d| &d.preferable).map(|row| row.vaccine).collect();
        let series = AntigenSeries {
            name: file.name.as_str().into(),
            group,
            kind: match file.kind {
                FileKind::Standard => Kind::Standard,
                FileKind::EvaluationOnly => Kind::EvaluationOnly,
            },
            sexes: sexes.collect(),
            born_from: file.born_from.unwrap_or(NaiveDate::MIN),
            born_before: file.born_before.unwrap_or(NaiveDate::MAX),
            indications: Vec::new(),
            equivalent_groups: Vec::new(),
            series_group: 1,
            is_default: file.default.unwrap_or(false),
            is_product: file.product,
            priority: 0,
            preference: file.preference.unwrap_or(u32::MAX),
            start_before: self.age(file.start_before),
            doses,
            preferable,
        };
        (antigen, series)
    }

    /// Every vaccine of the series. Each is recorded as containing the antigen.
    fn all_vaccines(
        &mut self,
        series: &AntigenSeries,
        antigen: crate::domain::rules::model::AntigenId,
    ) -> Vec<VaccineId> {
        let mut all: Vec<VaccineId> = series
            .doses
            .iter()
            .flat_map(|dose| {
                let also = dose.allowable.iter().map(|row| row.vaccine);
                dose.preferable.iter().map(|row| row.vaccine).chain(also)
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        for vaccine in &all {
            let known = &self.builder.rules.vaccines[usize::from(vaccine.0)].antigens;
            if !known.iter().any(|part| part.antigen == antigen) {
                let (begin, end) = (AgeId::NONE, AgeId::NONE);
                self.builder.associate(*vaccine, Association { antigen, begin, end });
            }
        }
        all
    }

    fn dose(&mut self, number: u8, dose: &FileDose) -> TargetDose {
        let mut out = TargetDose { number, recurring: dose.recurring, ..TargetDose::default() };
        let whole = FileAges {
            from: None,
            to: None,
            min_age: dose.min_age,
            recommended_age: dose.recommended_age,
            complete_before: dose.complete_before,
            max_age: dose.max_age,
        };
        let rows = if dose.ages.is_empty() { std::slice::from_ref(&whole) } else { &dose.ages };
        out.ages = rows.iter().map(|row| self.ages(row)).collect();
        out.intervals = self.intervals(number, dose);
        let file = self.file;
        let own = std::slice::from_ref(&file.id);
        let codes = [&dose.vaccines[..], &file.vaccines, own];
        for code in codes.into_iter().find(|codes| !codes.is_empty()).unwrap_or_default() {
            out.preferable.push(Preferable {
                vaccine: self.builder.vaccine(code),
                begin: AgeId::NONE,
                end: AgeId::NONE,
                manufacturer: None,
                forecast: true,
            });
        }
        for also in &dose.also {
            let (begin, end) = (self.age(also.age_from), self.age(also.age_before));
            for code in &also.vaccines {
                let vaccine = self.builder.vaccine(code);
                out.allowable.push(Allowable { vaccine, begin, end });
            }
        }
        out.skips = dose.skip.iter().map(|skip| self.skip(skip)).collect();
        out
    }

    fn ages(&mut self, row: &FileAges) -> AgeRow {
        let always = InForce::default();
        let absolute = row.min_age.map(|age| self.with_grace(age));
        AgeRow {
            absolute_min: self.age(absolute),
            min: self.age(row.min_age),
            recommended: self.age(row.recommended_age),
            latest: self.age(row.complete_before),
            max: self.age(row.max_age),
            in_force: InForce {
                from: row.from.unwrap_or(always.from),
                to: row.to.unwrap_or(always.to),
            },
        }
    }

    fn intervals(&mut self, number: u8, dose: &FileDose) -> Vec<Interval> {
        let mut rows = Vec::new();
        if dose.interval_min.or(dose.interval_recommended).or(dose.interval_max).is_some() {
            if number == 1 {
                let issue = Issue::error("series_first_interval", self.name);
                self.issues.push(issue.column("interval_min"));
            }
            rows.push(Interval {
                from: IntervalFrom::Previous,
                absolute_min: dose.interval_min.map(|d| self.wait(self.with_grace(d))),
                min: dose.interval_min.map(|d| self.wait(d)),
                recommended: dose.interval_recommended.map(|d| self.wait(d)),
                latest: None,
                max: dose.interval_max.map(|d| self.wait(d)),
                late_counts: dose.late == Late::Counts,
                priority: false,
                in_force: InForce::default(),
            });
        }
        for row in &dose.intervals {
            let from = match row.from_dose {
                Some(from) if from >= number => {
                    let value = format!("{number} ← {from}");
                    let issue = Issue::error("rules_cycle", self.name).column("from_dose");
                    self.issues.push(issue.value(&value));
                    continue;
                }
                Some(from) => IntervalFrom::Dose(from),
                None if row.from_vaccines.is_empty() => IntervalFrom::Previous,
                None => IntervalFrom::MostRecent(self.set(&row.from_vaccines)),
            };
            let always = InForce::default();
            rows.push(Interval {
                from,
                absolute_min: row.min.map(|d| self.wait(self.with_grace(d))),
                min: row.min.map(|d| self.wait(d)),
                recommended: row.recommended.map(|d| self.wait(d)),
                latest: row.overdue.map(|d| self.wait(d)),
                max: row.max.map(|d| self.wait(d)),
                late_counts: row.late == Late::Counts,
                priority: false,
                in_force: InForce {
                    from: row.from.unwrap_or(always.from),
                    to: row.to.unwrap_or(always.to),
                },
            });
        }
        rows
    }

    fn set(&mut self, codes: &[String]) -> VaccineSet {
        codes.iter().map(|code| self.builder.vaccine(code)).collect()
    }

    fn skip(&mut self, skip: &FileSkip) -> Skip {
        let mut conditions = Vec::new();
        if skip.age_from.or(skip.age_before).is_some() {
            let (begin, end) = (self.age(skip.age_from), self.age(skip.age_before));
            conditions.push(Condition::Age { begin, end });
        }
        for count in &skip.given {
            let vaccines = Some(self.set(&count.vaccines));
            let (logic, doses) = match (count.at_least, count.fewer_than) {
                (Some(doses), None) if doses > 0 => (CountLogic::Greater, doses - 1),
                (None, Some(doses)) => (CountLogic::Less, doses),
                _ => {
                    let issue = Issue::error("missing_value", self.name);
                    self.issues.push(issue.column("skip.given.at_least"));
                    continue;
                }
            };
            conditions.push(Condition::Count(Count {
                vaccines,
                begin: AgeId::NONE,
                end: AgeId::NONE,
                from: NaiveDate::MIN,
                before: NaiveDate::MAX,
                valid_only: false,
                logic,
                doses,
            }));
        }
        let in_force = InForce::default();
        Skip {
            in_evaluation: skip.when != When::Forecast,
            in_forecast: skip.when != When::Evaluation,
            all_sets: false,
            sets: vec![SkipSet { in_force, all_conditions: true, conditions }],
        }
    }
}
