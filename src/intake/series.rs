//! Dose rules of campaigns: the series delivered with the program, and a reader for series files.

use super::fields::Fields;
use super::issue::{Issue, has_errors};
use super::table::{Column, Table};
use super::tree::{self, Entry, Node};
use crate::domain::id::SeriesId;
use crate::domain::series::{Duration, MonthEnd, Series, SeriesDose};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::sync::LazyLock;

/// The files of `schedules/series/` that a campaign may name. All their intervals run from one dose to the next,
/// which is what the planner supports.
const EMBEDDED: &[&str] = &[
    "covid19-inactivated.toml",
    "covid19-ad5.toml",
    "cn-hpv-programme.toml",
    "cn-hpv-label-2dose.toml",
    "cn-ppsv23.toml",
];
/// The visits of a catch-up campaign. They belong to no single vaccine.
const CATCH_UP: (&str, &str) = ("catch-up.toml", include_str!("../../schedules/catch-up.toml"));

static ALL: LazyLock<Vec<Series>> =
    LazyLock::new(|| embedded_files().filter_map(|(file, text)| parse(text, file).ok()).collect());

fn embedded_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let named = super::rules::FILES.iter().filter(|(file, _)| EMBEDDED.contains(file));
    named.copied().chain([CATCH_UP])
}

/// Every delivered series that a campaign may name.
pub fn all() -> &'static [Series] {
    &ALL
}

/// The ids of these series.
pub fn ids() -> Vec<&'static str> {
    ALL.iter().map(|series| series.id.as_str()).collect()
}

/// The delivered series with this id.
pub fn embedded(id: &str) -> Option<Series> {
    ALL.iter().find(|series| series.id.as_str() == id).cloned()
}

const SERIES: &[Column] = &[
    Column::required("id"),
    Column::required("name"),
    Column::required("source"),
    Column::optional("month_end"),
    Column::optional("grace"),
    Column::optional("season_start"),
];

const DOSES: &[Column] = &[
    Column::optional("protection"),
    Column::optional("min_age"),
    Column::optional("interval_min"),
    Column::optional("interval_recommended"),
    Column::optional("interval_max"),
];

/// Keys of a series that only the dose rules read (`schedules/series/README.md`).
const RULE_KEYS: &[&str] = &[
    "verified",
    "open",
    "antigen",
    "group",
    "together",
    "programme",
    "vaccines",
    "kind",
    "default",
    "product",
    "preference",
    "sexes",
    "born_from",
    "born_before",
    "start_before",
    "live",
    "apart",
    "alone",
    "after",
];

/// Keys of a dose that only the dose rules read.
const RULE_DOSE_KEYS: &[&str] = &[
    "verified",
    "recommended_age",
    "complete_before",
    "max_age",
    "late",
    "vaccines",
    "also",
    "ages",
    "intervals",
    "skip",
    "recurring",
];

/// The tree without the keys that only the dose rules read.
fn without_rules(tree: &Entry) -> Entry {
    let mut tree = tree.clone();
    if let Node::Table(entries) = &mut tree.node {
        entries.retain(|(key, _)| !RULE_KEYS.contains(&key.as_str()));
        for (_, list) in entries.iter_mut().filter(|(key, _)| key == "doses") {
            let Node::List(doses) = &mut list.node else { continue };
            for dose in doses {
                if let Node::Table(entries) = &mut dose.node {
                    entries.retain(|(key, _)| !RULE_DOSE_KEYS.contains(&key.as_str()));
                }
            }
        }
    }
    tree
}

/// Reads a series file and checks it.
pub fn parse(text: &str, file: &str) -> Result<Series, Vec<Issue>> {
    let mut issues = Vec::new();
    let series =
        tree::of_toml(file, text, &mut issues).and_then(|tree| read(file, &tree, &mut issues));
    match series {
        Some(series) if !has_errors(&issues) => Ok(series),
        _ => Err(issues),
    }
}

/// Reads a series from its tree; `None` if it has errors.
pub(super) fn read(file: &str, tree: &Entry, issues: &mut Vec<Issue>) -> Option<Series> {
    let before = issues.len();
    let whole = tree;
    let tree = &without_rules(tree);
    let head = tree.one_line(file, SERIES, &["doses"], issues);
    let doses = tree.lines(file, "doses", DOSES, issues);
    if doses.lines.is_empty() {
        issues.push(Issue::error("series_without_doses", file).column("doses"));
    }
    let doses = read_doses(&doses, issues);
    let mut fields = Fields::new(&head, head.lines.first()?);
    let id = fields.code("id");
    let name = fields.text("name");
    let source = fields.text("source");
    let month_end = if fields.is_blank("month_end") {
        Some(MonthEnd::default())
    } else {
        fields.word("month_end", &["roll", "clip"], |word| match word {
            "roll" => Some(MonthEnd::Roll),
            "clip" => Some(MonthEnd::Clip),
            _ => None,
        })
    };
    let grace = fields.duration_maybe("grace");
    let season_start = if fields.is_blank("season_start") {
        Some(None)
    } else {
        let start = fields.get("season_start").parse().ok().map(Some);
        start.or_else(|| fields.refuse("bad_season_start", "season_start"))
    };
    issues.append(&mut fields.issues);
    let series = Series {
        id: SeriesId::new(id?),
        name: name?,
        source: source?,
        month_end: month_end?,
        grace: grace?.unwrap_or_default(),
        season_start: season_start?,
        doses,
        rules: (tree != whole).then(|| toml::to_string(&whole.to_toml()).unwrap_or_default()),
    };
    (!has_errors(&issues[before..])).then_some(series)
}

fn read_doses(table: &Table, issues: &mut Vec<Issue>) -> Vec<SeriesDose> {
    let mut doses: Vec<SeriesDose> = Vec::new();
    for (index, line) in table.lines.iter().enumerate() {
        let mut fields = Fields::new(table, line);
        // Without `protection`, every dose adds an equal share.
        let equal = Decimal::from(index + 1) / Decimal::from(table.lines.len());
        let protection = if fields.is_blank("protection") {
            Some(equal)
        } else {
            fields.decimal("protection", Decimal::ZERO, Decimal::ONE, true)
        };
        let min_age = fields.duration_maybe("min_age");
        let interval_min = fields.duration_maybe("interval_min");
        let interval_recommended = fields.duration_maybe("interval_recommended");
        let interval_max = fields.duration_maybe("interval_max");
        let dose = (|| {
            Some(SeriesDose {
                protection: protection?.to_string().parse().ok()?,
                min_age: min_age?,
                interval_min: interval_min?,
                interval_recommended: interval_recommended?,
                interval_max: interval_max?,
            })
        })();
        if let Some(dose) = dose {
            check_dose(&mut fields, index, doses.last(), &dose);
            doses.push(dose);
        }
        issues.append(&mut fields.issues);
    }
    doses
}

fn check_dose(
    fields: &mut Fields<'_>,
    index: usize,
    previous: Option<&SeriesDose>,
    dose: &SeriesDose,
) {
    if let Some(before) = previous.map(|dose| dose.protection).filter(|b| dose.protection < *b) {
        let issue = fields.issue("series_protection_falls", "protection").with("before", before);
        fields.issues.push(issue);
    }
    let intervals = [
        ("interval_min", dose.interval_min),
        ("interval_recommended", dose.interval_recommended),
        ("interval_max", dose.interval_max),
    ];
    let given: Vec<(&'static str, Duration)> =
        intervals.into_iter().filter_map(|(name, wait)| Some((name, wait?))).collect();
    for (name, wait) in &given {
        if index == 0 {
            fields.refuse::<()>("series_first_interval", name);
        } else if days_of(*wait) < 0 {
            fields.refuse::<()>("bad_duration", name);
        }
    }
    for pair in given.windows(2) {
        if days_of(pair[0].1) > days_of(pair[1].1) {
            let issue = fields.issue("series_interval_order", pair[1].0).with("other", pair[0].0);
            fields.issues.push(issue.with("other_value", pair[0].1));
        }
    }
}

/// The length of a duration in days, counted from a day in a year without a leap day. Exact enough to compare
/// rules.
pub(super) fn days_of(duration: Duration) -> i64 {
    let start = NaiveDate::from_ymd_opt(2001, 1, 1).expect("a day of the calendar");
    (duration.after(start, MonthEnd::Roll) - start).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(&'static str, Option<u32>)> {
        let issues = parse(text, "series.toml").expect_err("issues");
        issues.into_iter().map(|issue| (issue.code, issue.row)).collect()
    }

    const HEAD: &str = "id = \"a\"\nname = \"a\"\nsource = \"a\"\n";

    #[test]
    fn every_embedded_series_is_sound_and_named_as_its_file() {
        assert_eq!(all().len(), EMBEDDED.len() + 1);
        for (file, text) in embedded_files() {
            let series = parse(text, file).expect("a series");
            assert_eq!(format!("{}.toml", series.id), file);
        }
        assert!(embedded("covid19-inactivated").is_some());
    }

    #[test]
    fn protection_must_not_fall_and_intervals_must_rise() {
        let text = format!(
            "{HEAD}[[doses]]\nprotection = 0.6\n[[doses]]\nprotection = 0.5\n\
             interval_min = \"28 days\"\ninterval_max = \"3 weeks\"\n"
        );
        assert_eq!(
            codes(&text),
            [("series_protection_falls", Some(7)), ("series_interval_order", Some(9))]
        );
    }

    #[test]
    fn the_first_dose_waits_for_nothing_and_a_series_has_doses() {
        let text = format!("{HEAD}[[doses]]\nprotection = 1.2\ninterval_min = \"1 day\"\n");
        assert_eq!(codes(&text), [("out_of_range", Some(5))]);
        let text = format!("{HEAD}[[doses]]\nprotection = 1\ninterval_min = \"1 day\"\n");
        assert_eq!(codes(&text), [("series_first_interval", Some(6))]);
        assert_eq!(codes(HEAD), [("series_without_doses", None)]);
        assert_eq!(codes("id = "), [("bad_toml", Some(1))]);
    }
}
