//! The reports, one function each.

use super::{Basis, Facts, Figure, Measure, Pick, Report, Value, places};
use crate::domain::coverage::{due_cutoffs, lines};
use crate::domain::id::{AreaCode, GroupId};
use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

/// The name of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// 活动接种率月度统计表.
    Coverage,
    /// 活动接种剂次月度统计表.
    Doses,
    /// 到期未种统计表.
    Due,
    /// 不同剂次间脱漏率统计.
    DropOut,
    /// 有效接种率统计.
    Valid,
    /// 免疫程序完成情况统计表.
    Completion,
    /// 各出生年接种率统计表.
    Cohort,
    /// 查漏补种统计表.
    CatchUp,
    /// 接种记录上传及时性统计.
    Timeliness,
    /// 疫苗出入库与损耗统计表.
    Stock,
    /// 接种点日报与接种能力统计表.
    Sites,
}

/// All reports, in the order in which lists show them.
pub const NAMES: [Name; 11] = [
    Name::Coverage,
    Name::Doses,
    Name::Due,
    Name::DropOut,
    Name::Valid,
    Name::Completion,
    Name::Cohort,
    Name::CatchUp,
    Name::Timeliness,
    Name::Stock,
    Name::Sites,
];

impl Name {
    /// Its name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Doses => "doses",
            Self::Due => "due",
            Self::DropOut => "drop-out",
            Self::Valid => "valid",
            Self::Completion => "completion",
            Self::Cohort => "cohort",
            Self::CatchUp => "catch-up",
            Self::Timeliness => "timeliness",
            Self::Stock => "stock",
            Self::Sites => "sites",
        }
    }

    /// The report with this name on the command line.
    pub fn from_word(word: &str) -> Option<Self> {
        NAMES.into_iter().find(|name| name.word() == word)
    }
}

/// The columns of a report, after those that name the area.
macro_rules! columns {
    ($($column:literal),*) => { &["area", "area_name", $($column),*] };
}

/// Columns of the report by year of birth, for up to five doses.
const COHORT: &[&str] = columns!(
    "year",
    "people",
    "dose_1",
    "percent_1",
    "dose_2",
    "percent_2",
    "dose_3",
    "percent_3",
    "dose_4",
    "percent_4",
    "dose_5",
    "percent_5"
);

impl Name {
    /// The keys of its columns; of the report by year of birth for up to five doses.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Coverage => columns!(
                "group",
                "group_name",
                "dose",
                "due",
                "given",
                "percent",
                "eligible",
                "given_all",
                "percent_all"
            ),
            Self::Doses => {
                columns!("group", "group_name", "dose", "doses", "doses_before", "doses_all")
            }
            Self::Due => columns!(
                "group",
                "group_name",
                "dose",
                "due",
                "given",
                "due_not_given",
                "percent_left"
            ),
            Self::DropOut => columns!(
                "group",
                "group_name",
                "from_to",
                "first_given",
                "last_given",
                "dropped",
                "drop_out"
            ),
            Self::Valid => columns!(
                "group",
                "group_name",
                "dose",
                "eligible",
                "given",
                "invalid",
                "valid",
                "percent",
                "valid_percent"
            ),
            Self::Completion => columns!(
                "group",
                "group_name",
                "eligible",
                "zero_dose",
                "started",
                "partial",
                "complete",
                "percent"
            ),
            Self::Cohort => COHORT,
            Self::CatchUp => columns!(
                "vaccine",
                "due",
                "done",
                "percent",
                "lacking_people",
                "lacking_doses",
                "aged_out"
            ),
            Self::Timeliness | Self::Stock | Self::Sites => places::columns(self),
        }
    }
}

/// Builds a report from the facts. [`Name::Cohort`] and [`Name::CatchUp`] come without rows: they need the register,
/// and the app fills them.
pub fn build(name: Name, facts: &Facts<'_>) -> Report {
    let columns = name.columns();
    let rows = match name {
        Name::Coverage => each_line(facts, coverage),
        Name::Doses => each_line(facts, doses),
        Name::Due => each_line(facts, due),
        Name::DropOut => each_line(facts, drop_out),
        Name::Valid => each_line(facts, valid),
        Name::Completion => each_line(facts, completion),
        Name::Timeliness => places::arrivals(facts),
        Name::Stock => places::stock(facts),
        Name::Sites => places::sites(facts),
        Name::Cohort | Name::CatchUp => Vec::new(),
    };
    let columns = if name == Name::Cohort { cohort_columns(facts, columns) } else { columns };
    let (area, first, last) = (facts.area.clone(), facts.first, facts.last);
    Report { name, area, first, last, columns, rows }
}

/// The columns of the report by year of birth, for the doses of the series.
fn cohort_columns(facts: &Facts<'_>, all: &'static [&'static str]) -> &'static [&'static str] {
    let doses = usize::from(*facts.dose_numbers().end());
    &all[..(4 + 2 * doses).min(all.len())]
}

/// The area and the group, or group set, that a row is about.
struct Line<'a> {
    code: &'a str,
    name: &'a str,
    areas: Vec<AreaCode>,
    group: &'a str,
    group_name: &'a str,
    groups: Vec<GroupId>,
    /// Whether all its groups are open on the last day.
    is_open: bool,
}

impl Line<'_> {
    fn head(&self) -> Vec<Figure> {
        [self.code, self.name, self.group, self.group_name].map(Figure::words).into()
    }

    fn pick(&self, facts: &Facts<'_>, dose: Option<u8>, measure: Measure) -> Pick {
        Pick {
            areas: self.areas.clone(),
            groups: self.groups.clone(),
            dose,
            first: None,
            last: facts.last,
            place: None,
            measure,
        }
    }

    fn people(&self, facts: &Facts<'_>, dose: u8, last: NaiveDate) -> Figure {
        let pick = self.pick(facts, Some(dose), Measure::People);
        facts.given(Pick { last, ..pick })
    }

    /// People who are due for a dose by the last day: for the first everybody eligible, for a later one those for
    /// whom the recommended interval since the dose before has passed.
    fn turn(&self, facts: &Facts<'_>, dose: u8) -> Figure {
        let eligible = facts.eligible(&self.areas, &self.groups);
        if dose == 1 {
            return if self.is_open { eligible } else { Figure::none() };
        }
        let cutoffs = due_cutoffs(&facts.campaign.series, facts.last);
        match cutoffs.iter().find(|(number, _)| number + 1 == dose) {
            // Without a denominator the dose numbers may be unknown, so nothing follows from them.
            Some((before, day)) if eligible.number().is_some() => self.people(facts, *before, *day),
            _ => Figure::none(),
        }
    }
}

/// The areas of a report: the one asked for and its children, each with the codes of all areas below it.
fn areas<'a>(facts: &Facts<'a>) -> Vec<(&'a str, &'a str, Vec<AreaCode>)> {
    let campaign = facts.campaign;
    let whole = campaign.areas.iter().filter(|area| area.code == facts.area);
    let below = campaign.areas.iter().filter(|area| area.parent.as_ref() == Some(&facts.area));
    whole
        .chain(below)
        .map(|area| {
            let codes = campaign.below(&area.code).into_iter().cloned().collect();
            (area.code.as_str(), area.name.as_str(), codes)
        })
        .collect()
}

fn each_line(
    facts: &Facts<'_>,
    rows: impl Fn(&Facts<'_>, &Line<'_>) -> Vec<Vec<Figure>>,
) -> Vec<Vec<Figure>> {
    let campaign = facts.campaign;
    let lines = lines(campaign);
    let mut out = Vec::new();
    for (code, name, codes) in areas(facts) {
        for (group, group_name, groups) in &lines {
            let opens = |group: &&GroupId| {
                campaign.group(group.as_str()).and_then(|g| g.opens).unwrap_or(campaign.start)
            };
            let line = Line {
                code,
                name,
                areas: codes.clone(),
                group,
                group_name,
                groups: groups.iter().map(|group| (*group).clone()).collect(),
                is_open: groups.iter().all(|group| opens(group) <= facts.last),
            };
            for cells in rows(facts, &line) {
                out.push(line.head().into_iter().chain(cells).collect());
            }
        }
    }
    out
}

fn number(dose: u8) -> Figure {
    Figure { value: Value::Count(dose.into()), basis: Basis::Words }
}

fn day_before(day: NaiveDate) -> NaiveDate {
    day - TimeDelta::days(1)
}

fn coverage(facts: &Facts<'_>, line: &Line<'_>) -> Vec<Vec<Figure>> {
    let eligible = facts.eligible(&line.areas, &line.groups);
    facts
        .dose_numbers()
        .map(|dose| {
            let before = line.people(facts, dose, day_before(facts.first));
            let due = line.turn(facts, dose).less(&before);
            let pick = line.pick(facts, Some(dose), Measure::People);
            let given = facts.given(Pick { first: Some(facts.first), ..pick });
            let all = line.people(facts, dose, facts.last);
            let (percent, percent_all) = (given.over(&due), all.over(&eligible));
            vec![number(dose), due, given, percent, eligible.clone(), all, percent_all]
        })
        .collect()
}

fn doses(facts: &Facts<'_>, line: &Line<'_>) -> Vec<Vec<Figure>> {
    facts
        .dose_numbers()
        .map(|dose| {
            let pick = || line.pick(facts, Some(dose), Measure::Doses);
            let month = facts.given(Pick { first: Some(facts.first), ..pick() });
            let before = facts.given(Pick { last: day_before(facts.first), ..pick() });
            vec![number(dose), month, before, facts.given(pick())]
        })
        .collect()
}

fn due(facts: &Facts<'_>, line: &Line<'_>) -> Vec<Vec<Figure>> {
    facts
        .dose_numbers()
        .map(|dose| {
            let turn = line.turn(facts, dose);
            let given = line.people(facts, dose, facts.last);
            let left = turn.less(&given);
            let percent = left.over(&turn);
            vec![number(dose), turn, given, left, percent]
        })
        .collect()
}

fn drop_out(facts: &Facts<'_>, line: &Line<'_>) -> Vec<Vec<Figure>> {
    let last = *facts.dose_numbers().end();
    let step = |from: u8, to: u8, first: Figure| {
        let given = line.people(facts, to, facts.last);
        let (dropped, first) = match first.number() {
            Some(_) => (first.less(&given), first),
            None => (Figure::none(), Figure::none()),
        };
        let percent = dropped.over(&first);
        vec![Figure::words(format!("{from}→{to}")), first, given, dropped, percent]
    };
    let mut rows: Vec<Vec<Figure>> =
        (2..=last).map(|to| step(to - 1, to, line.turn(facts, to))).collect();
    // WHO's drop-out, from the first dose to the last, once somebody is due for the last.
    if last > 2 && line.turn(facts, last).number().is_some_and(|people| people > 0) {
        rows.push(step(1, last, line.people(facts, 1, facts.last)));
    }
    rows
}

fn valid(facts: &Facts<'_>, line: &Line<'_>) -> Vec<Vec<Figure>> {
    let eligible = facts.eligible(&line.areas, &line.groups);
    facts
        .dose_numbers()
        .map(|dose| {
            let given = line.people(facts, dose, facts.last);
            let invalid = facts.given(line.pick(facts, Some(dose), Measure::Invalid));
            let valid = facts.given(line.pick(facts, Some(dose), Measure::Valid));
            let (percent, share) = (given.over(&eligible), valid.over(&eligible));
            vec![number(dose), eligible.clone(), given, invalid, valid, percent, share]
        })
        .collect()
}

fn completion(facts: &Facts<'_>, line: &Line<'_>) -> Vec<Vec<Figure>> {
    let eligible = facts.eligible(&line.areas, &line.groups);
    let started = line.people(facts, 1, facts.last);
    let complete = line.people(facts, *facts.dose_numbers().end(), facts.last);
    let zero = if line.is_open { eligible.less(&started) } else { Figure::none() };
    let (partial, percent) = (started.less(&complete), complete.over(&eligible));
    vec![vec![eligible, zero, started, partial, complete, percent]]
}
