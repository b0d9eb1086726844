//! Makes rules of the files of rules.

use super::RuleChoices;
use super::form::{
    CohortFile, FileAttribute, FileCourse, FileDue, FileKind, FilePeriodRow, PeriodFile,
    TownshipsFile, VaccinesFile,
};
use super::names::{At, Names};
use crate::domain::dose::Attribute;
use crate::domain::national::{
    BegunEarly, ChildKind, CohortDose, CohortRow, CohortRules, Course, CourseTake, DoseCondition,
    DoseRef, DueRule, MergedRow, NationalProduct, NationalRules, PeriodRow, PeriodRules, ProductId,
    RowDoses, RowTerms, TimelyWithin, TownshipRow, TownshipRules, ValidDose,
};
use crate::domain::person::Sex;
use crate::intake::issue::Issue;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Rows by id: their place, or `None` if a choice leaves them out.
type RowIndex = BTreeMap<String, Option<usize>>;

/// Makes the rules. The names of the files are for messages.
pub(super) struct Build<'a> {
    pub(super) names: Names,
    pub(super) rules: NationalRules,
    pub(super) choices: &'a RuleChoices,
}

impl Build<'_> {
    /// Vaccines, names of dates, kinds, courses.
    pub(super) fn vaccines(&mut self, file: &str, from: &VaccinesFile) {
        for (code, has_component) in from
            .programme
            .iter()
            .map(|code| (code, true))
            .chain(from.other.iter().map(|c| (c, false)))
        {
            let id = ProductId(u16::try_from(self.rules.products.len()).unwrap_or(u16::MAX));
            if self.rules.codes.insert(code.clone(), id).is_some() {
                self.names.issues.push(Issue::error("duplicate_code", file).value(code));
            }
            if has_component {
                self.names.vaccines.insert(code.clone(), id);
            }
            let is_numbered = from.numbered.contains(code);
            let product = NationalProduct { code: code.clone(), has_component, is_numbered };
            self.rules.products.push(product);
            self.rules.takes.push(Vec::new());
        }
        self.rules.elsewhere = from.elsewhere.iter().cloned().collect();
        let dates = from.dates.iter().map(|(name, date)| (name.clone(), date.day));
        self.names.dates = dates.collect();
        self.names.gaps = from.gaps.iter().map(|(name, gap)| (name.clone(), gap.after)).collect();
        self.choose(file);
        self.rules.dates = self.names.dates.clone();
        for kind in &from.kinds {
            self.kind(At { file, id: &kind.id }, kind);
        }
        for (at, course) in from.courses.iter().enumerate() {
            if self.names.courses.insert(course.id.clone(), at).is_some() {
                self.names.issues.push(Issue::error("duplicate_code", file).value(&course.id));
            }
        }
        for (at, course) in from.courses.iter().enumerate() {
            self.course(At { file, id: &course.id }, at, course);
        }
    }

    /// Dates and intervals that the caller sets.
    fn choose(&mut self, file: &str) {
        let at = At { file, id: "dates" };
        for (name, day) in &self.choices.dates {
            if let Some(known) = self.names.dates.get_mut(name) {
                *known = *day;
            } else {
                let known: Vec<String> = self.names.dates.keys().cloned().collect();
                self.names.unknown(at, "day", name, known.iter());
            }
        }
        for (name, gap) in &self.choices.gaps {
            if let Some(known) = self.names.gaps.get_mut(name) {
                *known = *gap;
            } else {
                let known: Vec<String> = self.names.gaps.keys().cloned().collect();
                self.names.unknown(At { file, id: "gaps" }, "after", name, known.iter());
            }
        }
    }

    fn kind(&mut self, at: At<'_>, from: &FileKind) {
        let sex = match from.sex.as_deref() {
            None => None,
            Some("1") => Some(Sex::M),
            Some("2") => Some(Sex::F),
            Some(other) => {
                let known = ["1".to_owned(), "2".to_owned()];
                self.names.unknown(at, "sex", other, known.iter());
                None
            }
        };
        let kind = ChildKind {
            id: from.id.clone(),
            sex,
            mother: from.mother.clone(),
            weight_below: from.weight_below,
            born_from: self.names.date(at, "born_from", from.born_from.as_ref()),
            born_before: self.names.date(at, "born_before", from.born_before.as_ref()),
        };
        self.names.kinds.insert(from.id.clone(), self.rules.kinds.len());
        self.rules.kinds.push(kind);
    }

    fn course(&mut self, at: At<'_>, index: usize, from: &FileCourse) {
        for take in &from.takes {
            for product in self.names.products(at, &take.vaccines) {
                self.rules.takes[usize::from(product.0)].push(CourseTake {
                    course: index,
                    from: take.from,
                    before: take.before,
                    after_doses: take.after_doses,
                });
            }
        }
        let names = &mut self.names;
        let valid = from.valid.iter().map(|valid| ValidDose {
            dose: valid.dose,
            from: valid.from,
            never: names.products(at, &valid.never),
        });
        let valid = valid.collect();
        let others = from.not_after.iter();
        let not_after = others.filter_map(|id| names.course(at, "not_after", id)).collect();
        let begun_early = from.begun_early.as_ref().map(|early| BegunEarly {
            products: names.products(at, &early.vaccines),
            before: early.before,
            counts: early.counts.iter().copied().filter(|n| *n > 0).collect(),
        });
        let too_close = from.too_close.as_ref().map(|close| {
            let attribute = match close.attribute {
                FileAttribute::P => Attribute::Programme,
                FileAttribute::S => Attribute::SelfPaid,
            };
            (attribute, close.gap)
        });
        let id = from.id.clone();
        self.rules.courses.push(Course { id, not_after, valid, too_close, begun_early });
    }

    /// The month table.
    pub(super) fn period(&mut self, file: &str, from: &PeriodFile) -> RowIndex {
        let ids = from.rows.iter().map(|row| (row.id.as_str(), row.group.as_deref()));
        let index = self.index(file, ids);
        let at = At { file, id: "" };
        let before = from.unit_by_dose_before.as_ref();
        let mut rules = PeriodRules {
            title: from.title.clone(),
            due_for: from.due_for,
            upload_day: from.upload_day,
            unit_by_dose_before: self.names.date(at, "unit_by_dose_before", before),
            rows: Vec::new(),
            maternity_rows: std::collections::BTreeSet::new(),
        };
        for id in &from.units.maternity {
            rules.maternity_rows.extend(self.row(
                At { file, id: "units" },
                "maternity",
                id,
                &index,
            ));
        }
        for row in &from.rows {
            if index.get(&row.id).copied().flatten().is_some() {
                let made = self.period_row(At { file, id: &row.id }, row, from, &index);
                rules.rows.push(made);
            }
        }
        self.rules.period = rules;
        index
    }

    /// Numbers the rows that no choice leaves out.
    fn index<'b>(
        &mut self,
        file: &str,
        ids: impl Iterator<Item = (&'b str, Option<&'b str>)>,
    ) -> RowIndex {
        let (mut index, mut count) = (RowIndex::new(), 0);
        for (id, group) in ids {
            let is_left_out = group.is_some_and(|group| self.choices.without.contains(group));
            let place = (!is_left_out).then_some(count);
            count += usize::from(!is_left_out);
            if index.insert(id.to_owned(), place).is_some() {
                self.names.issues.push(Issue::error("duplicate_code", file).value(id));
            }
        }
        index
    }

    fn row(&mut self, at: At<'_>, key: &str, id: &str, index: &RowIndex) -> Option<usize> {
        if let Some(place) = index.get(id) {
            return *place;
        }
        self.names.unknown(at, key, id, index.keys());
        None
    }

    fn period_row(
        &mut self,
        at: At<'_>,
        from: &FilePeriodRow,
        file: &PeriodFile,
        index: &RowIndex,
    ) -> PeriodRow {
        let course = from.course.as_ref().and_then(|id| self.names.course(at, "course", id));
        let doses = match (&from.part_of, from.number) {
            (Some(other), _) => {
                RowDoses::TimelyOf(self.row(at, "part_of", other, index).unwrap_or(0))
            }
            (None, Some(number)) => RowDoses::Number(number.max(1)),
            (None, None) => RowDoses::Each,
        };
        if course.is_none() && from.part_of.is_none() {
            self.missing(at, "course");
        }
        let mut merges = Vec::new();
        for merge in &from.merges {
            if let Some(row) = self.row(at, "merges", &merge.row, index) {
                merges.push(MergedRow { row, from: merge.from, before: merge.before });
            }
        }
        let within = from.within.as_ref().map(|within| TimelyWithin {
            days: within.days,
            hours: within.hours,
            hours_for: self.names.kind(at, "hours_for", within.hours_for.as_ref()),
        });
        PeriodRow {
            id: from.id.clone(),
            vaccine: from.vaccine.clone(),
            dose: from.dose.clone(),
            english: from.english.clone(),
            course: course.unwrap_or(0),
            doses,
            only: self.names.kind(at, "only", from.only.as_ref()),
            since: self.names.date(at, "since", from.since.as_ref()),
            until: self.names.date(at, "until", from.until.as_ref()),
            given_since: self.names.date(at, "given_since", from.given_since.as_ref()),
            missed_before: from.missed_before,
            counts_back_entry: from.back_entry,
            merges,
            within,
            has_rate: from.rate,
            terms: self.terms(at, from, file, course.unwrap_or(0)),
        }
    }

    /// The terms of a row: those at first, and those after each change.
    fn terms(
        &mut self,
        at: At<'_>,
        from: &FilePeriodRow,
        file: &PeriodFile,
        course: usize,
    ) -> Vec<(NaiveDate, RowTerms)> {
        let own = from.number.map(|number| (course, number));
        let first = RowTerms {
            due: from.due.iter().map(|due| self.due(at, due, own)).collect(),
            due_before: from.due_before,
            given_from: from.given_from,
            given_before: from.given_before.unwrap_or(file.given_before),
        };
        let mut terms = vec![(NaiveDate::MIN, first)];
        for change in &from.changes {
            let Some(day) = self.names.date(at, "from", Some(&change.from)) else { continue };
            let before = terms.last().map(|(_, terms)| terms.clone()).unwrap_or_default();
            let due = change.due.as_ref();
            let due = due.map(|due| due.iter().map(|due| self.due(at, due, own)).collect());
            let after = RowTerms {
                due: due.unwrap_or(before.due),
                due_before: change.due_before.or(before.due_before),
                given_from: change.given_from.or(before.given_from),
                given_before: change.given_before.unwrap_or(before.given_before),
            };
            terms.push((day, after));
        }
        terms.sort_by_key(|(day, _)| *day);
        terms
    }

    fn due(&mut self, at: At<'_>, from: &FileDue, own: Option<(usize, usize)>) -> DueRule {
        let names = &mut self.names;
        let day = names.date(at, "from", from.from.as_ref());
        let condition = from.if_dose.as_ref().and_then(|condition| {
            Some(DoseCondition {
                dose: names.dose(at, "if_dose", &condition.dose)?,
                age_from: condition.age_from,
                age_until: condition.age_until,
                day_from: names.date(at, "day_from", condition.day_from.as_ref()),
            })
        });
        let mut unless = names.doses(at, "unless", &from.unless);
        if let (true, Some((course, number))) = (from.unless.is_empty(), own) {
            unless.push(DoseRef { course, number: number.max(1) });
        }
        let due = DueRule {
            born_from: names.date(at, "born_from", from.born_from.as_ref()),
            born_before: names.date(at, "born_before", from.born_before.as_ref()),
            turns: from.turns.zip(day),
            has: names.doses(at, "has", &from.has),
            lacks: names.doses(at, "lacks", &from.lacks),
            if_dose: condition,
            start: from.start.iter().filter_map(|text| names.start(at, text)).collect(),
            if_before: from.if_before,
            unless,
        };
        if due.unless.is_empty() && from.unless.is_empty() {
            self.missing(at, "unless");
        }
        if from.turns.is_some() != from.from.is_some() {
            self.missing(at, if from.from.is_some() { "turns" } else { "from" });
        }
        due
    }

    fn missing(&mut self, at: At<'_>, key: &str) {
        let issue = Issue::error("missing_value", at.file).column(format!("{} {key}", at.id));
        self.names.issues.push(issue);
    }

    /// The cohort table.
    pub(super) fn cohort(&mut self, file: &str, from: &CohortFile, period: &RowIndex) -> RowIndex {
        let ids = from.rows.iter().map(|row| (row.id.as_str(), row.group.as_deref()));
        let index = self.index(file, ids);
        let mut rules = CohortRules {
            title: from.title.clone(),
            full: from.full.clone(),
            ages: from.ages,
            ..CohortRules::default()
        };
        let at = At { file, id: "dropouts" };
        for (first, last) in &from.dropouts {
            let first = self.row(at, "rows", first, &index);
            let last = self.row(at, "rows", last, &index);
            rules.dropouts.extend(first.zip(last));
        }
        for row in &from.rows {
            if index.get(&row.id).copied().flatten().is_some() {
                let at = At { file, id: &row.id };
                rules.rows.push(self.cohort_row(at, row, from.ages, &index, period));
            }
        }
        self.rules.cohort = rules;
        index
    }

    fn cohort_row(
        &mut self,
        at: At<'_>,
        from: &super::form::FileCohortRow,
        ages: (u8, u8),
        index: &RowIndex,
        period: &RowIndex,
    ) -> CohortRow {
        let mut done = Vec::new();
        for ways in &from.done {
            let any = self.cohort_doses(at, "done", &ways.any);
            done.push((ways.from_age.unwrap_or(ages.0), ways.to_age.unwrap_or(ages.1), any));
        }
        let full_only = self.names.kind(at, "only", from.only.as_ref());
        let all = from.only_all.as_ref().filter(|_| self.choices.cohort_of_all);
        let all = self.names.kind(at, "only_all", all);
        let full_from = from.full_from.unwrap_or(from.first_age);
        let mut rate_with = Vec::new();
        for other in &from.rate_with {
            rate_with.extend(self.row(at, "rate_with", other, index));
        }
        CohortRow {
            id: from.id.clone(),
            vaccine: from.vaccine.clone(),
            dose: from.dose.clone(),
            english: from.english.clone(),
            first_age: from.first_age,
            done,
            unless: self.names.doses(at, "unless", &from.unless),
            part_of: from.part_of.as_ref().and_then(|id| self.row(at, "part_of", id, index)),
            only: all.or(full_only),
            since: self.names.date(at, "since", from.since.as_ref()),
            until: self.names.date(at, "until", from.until.as_ref()),
            timely_before: from.timely_before,
            timely_as: from.timely_as.as_ref().and_then(|id| self.row(at, "timely_as", id, period)),
            rate_with,
            has_rate: from.rate,
            full_only,
            full_from: from.full.then_some(full_from),
            full_any: self.cohort_doses(at, "full_any", &from.full_any),
        }
    }

    /// Doses, each with its row of the period table.
    fn cohort_doses(&mut self, at: At<'_>, key: &str, texts: &[String]) -> Vec<CohortDose> {
        let doses = self.names.doses(at, key, texts);
        let rows = &self.rules.period.rows;
        let row = |dose: DoseRef| {
            let own = RowDoses::Number(dose.number);
            rows.iter().position(|row| row.course == dose.course && row.doses == own)
        };
        doses.into_iter().map(|dose| CohortDose { dose, row: row(dose) }).collect()
    }

    /// The table of townships.
    pub(super) fn townships(&mut self, file: &str, from: &TownshipsFile, cohort: &RowIndex) {
        let mut rows = Vec::new();
        for row in &from.rows {
            if row.group.as_ref().is_some_and(|group| self.choices.without.contains(group)) {
                continue;
            }
            let (name, english) = (row.name.clone(), row.english.clone());
            if let Some(place) = self.row(At { file, id: "rows" }, "row", &row.row, cohort) {
                rows.push(TownshipRow { row: place, name, english, age: row.age });
            }
        }
        let all = (from.all.id.clone(), from.all.name.clone(), from.all.english.clone());
        let (over_percent, residents_min) = (from.over, from.residents_min);
        let title = from.title.clone();
        self.rules.townships = TownshipRules { title, over_percent, residents_min, rows, all };
    }
}
