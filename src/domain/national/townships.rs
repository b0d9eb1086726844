//! The share of townships above 90 % (＞90%乡镇比例, R-90).

use super::cohort::{AgeCount, CohortTable};
use super::rate::TwoDecimals;
use super::records::Places;
use super::rules::NationalRules;
use std::collections::{BTreeMap, BTreeSet};

/// A township.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Township {
    /// Its code.
    pub code: String,
    /// The code of its county.
    pub county: String,
    /// Its residents, if known.
    pub population: Option<u64>,
    /// The township that it is merged into; itself or empty: none.
    pub merged_as: String,
}

/// Something about the merging of townships that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TownshipWarning {
    /// Fewer residents than asked for, also after merging, though the county has other townships.
    TooSmall(String),
    /// The only township of its county has fewer residents than asked for: it stays one.
    OnlyOne(String),
    /// Merged into a township that is not in the list.
    Unknown(String, String),
    /// Merged into a township of another county.
    OtherCounty(String, String),
    /// Merged in a circle.
    Circle(String),
}

/// Townships after merging.
#[derive(Debug, Clone, Default)]
pub struct MergedTownships {
    /// The township that stands for each, with its county.
    target: BTreeMap<String, (String, String)>,
    /// What somebody should look at.
    pub warnings: BTreeSet<TownshipWarning>,
}

impl MergedTownships {
    /// Merges townships as the list says. A county with fewer residents than asked for is one township.
    pub fn of(townships: &[Township], residents_min: u64) -> Self {
        let mut this = Self::default();
        let by_code: BTreeMap<&str, &Township> =
            townships.iter().map(|it| (it.code.as_str(), it)).collect();
        let mut counties: BTreeMap<&str, Vec<&Township>> = BTreeMap::new();
        for township in townships {
            counties.entry(&township.county).or_default().push(township);
            let target = this.followed(township, &by_code);
            this.target.insert(township.code.clone(), (target, township.county.clone()));
        }
        for (county, all) in counties {
            let residents: Option<u64> = all.iter().map(|it| it.population).sum();
            if residents.is_some_and(|residents| residents < residents_min) {
                let one = all[0].code.clone();
                for township in &all {
                    let target = (one.clone(), county.to_owned());
                    this.target.insert(township.code.clone(), target);
                }
                this.warnings.insert(TownshipWarning::OnlyOne(one));
                continue;
            }
            this.warn_of_small(&all, residents_min);
        }
        this
    }

    /// Follows `merged_as` to its end.
    fn followed(&mut self, township: &Township, by_code: &BTreeMap<&str, &Township>) -> String {
        let mut at = township;
        let mut seen = BTreeSet::from([township.code.as_str()]);
        while !at.merged_as.is_empty() && at.merged_as != at.code {
            let (code, target) = (at.code.clone(), at.merged_as.clone());
            let Some(next) = by_code.get(target.as_str()) else {
                self.warnings.insert(TownshipWarning::Unknown(code, target));
                break;
            };
            if next.county != at.county {
                self.warnings.insert(TownshipWarning::OtherCounty(code, target));
                break;
            }
            if !seen.insert(&next.code) {
                self.warnings.insert(TownshipWarning::Circle(code));
                return township.code.clone();
            }
            at = next;
        }
        at.code.clone()
    }

    fn warn_of_small(&mut self, townships: &[&Township], residents_min: u64) {
        let mut merged: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        for township in townships {
            let target = &self.target[&township.code].0;
            let sum = merged.entry(target).or_insert(Some(0));
            *sum = sum.zip(township.population).map(|(sum, more)| sum + more);
        }
        let is_small = |sum: &Option<u64>| sum.is_some_and(|sum| sum < residents_min);
        let small: Vec<String> = merged
            .iter()
            .filter(|(_, sum)| is_small(sum))
            .map(|(code, _)| (*code).to_owned())
            .collect();
        self.warnings.extend(small.into_iter().map(TownshipWarning::TooSmall));
    }

    /// The township that stands for another one: code and county.
    pub fn target(&self, code: &str) -> Option<(&str, &str)> {
        self.target.get(code).map(|(code, county)| (code.as_str(), county.as_str()))
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TownshipLine {
    /// Townships above the limit, after merging.
    pub townships: u64,
    /// Their share.
    pub rate: Option<TwoDecimals>,
}

/// The table of a county or of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownshipTable {
    /// Townships before merging.
    pub townships: u64,
    /// Townships after merging.
    pub merged: u64,
    /// A line for each row of the rules, the last for all of them together.
    pub lines: Vec<TownshipLine>,
    /// The merged townships above the limit, by line.
    pub over: Vec<Vec<String>>,
}

impl TownshipTable {
    /// The table of a county, or of everything, from the cohort table of 31 December.
    pub fn of(
        cohort: &CohortTable,
        places: &Places,
        merged: &MergedTownships,
        rules: &NationalRules,
        county: Option<&str>,
    ) -> Self {
        let mut groups: BTreeMap<&str, BTreeMap<u8, AgeCount>> = BTreeMap::new();
        let is_meant = |own: &str| county.is_none_or(|county| county == own);
        let mut townships = 0;
        for (target, own) in merged.target.values() {
            if is_meant(own) {
                groups.entry(target).or_default();
                townships += 1;
            }
        }
        for (unit, ages) in &cohort.units {
            let Some(unit) = places.unit(*unit) else { continue };
            let Some((target, own)) = merged.target(&unit.township) else { continue };
            if !is_meant(own) {
                continue;
            }
            let group = groups.entry(target).or_default();
            for (age, count) in ages {
                group.entry(*age).or_default().add(count);
            }
        }
        let lines = rules.townships.rows.len() + 1;
        let mut over: Vec<Vec<String>> = vec![Vec::new(); lines];
        for (code, ages) in &groups {
            let is_over: Vec<bool> =
                (0..lines - 1).map(|line| is_over(rules, line, ages)).collect();
            let all = is_over.iter().all(|over| *over);
            for (line, _) in is_over.into_iter().chain([all]).enumerate().filter(|it| it.1) {
                over[line].push((*code).to_owned());
            }
        }
        let merged = groups.len() as u64;
        let line = |over: &Vec<String>| {
            let townships = over.len() as u64;
            TownshipLine { townships, rate: TwoDecimals::of(townships, merged) }
        };
        Self { townships, merged, lines: over.iter().map(line).collect(), over }
    }
}

/// Whether a township is above the limit in a row. One without children is not.
fn is_over(rules: &NationalRules, line: usize, ages: &BTreeMap<u8, AgeCount>) -> bool {
    let row = &rules.townships.rows[line];
    let Some(group) = ages.get(&row.age) else { return false };
    let base = group.base_of(&rules.cohort.rows[row.row]);
    base > 0 && group.done(row.row) * 100 > base * rules.townships.over_percent
}
