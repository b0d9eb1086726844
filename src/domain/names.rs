//! Codes that are given by their names: people write `云阳街道` where a table wants `321181001`. And names with years.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The names of one kind of thing. A name that several of them have stands for none.
#[derive(Debug, Clone, Default)]
pub struct Names {
    codes: BTreeSet<String>,
    by_name: BTreeMap<String, Option<String>>,
}

impl Names {
    /// From pairs of code and name.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut names = Self::default();
        names.add(pairs);
        names
    }

    /// Adds more things, whose codes are of the same kind.
    pub fn add(&mut self, pairs: impl IntoIterator<Item = (String, String)>) {
        for (code, name) in pairs {
            let same = |held: &mut Option<String>| {
                if held.as_deref() != Some(code.as_str()) {
                    *held = None;
                }
            };
            self.by_name.entry(name).and_modify(same).or_insert_with(|| Some(code.clone()));
            self.codes.insert(code);
        }
    }

    /// The code that a text names; `None` if it is a code itself, or the name of nothing or of several things.
    pub fn code_of(&self, text: &str) -> Option<&str> {
        if self.codes.contains(text) {
            return None;
        }
        self.by_name.get(text)?.as_deref()
    }
}

/// A name with other years in place of those of some days: `2026年流感` of 2026 is `2027年流感` a year later. Other
/// numbers stay.
pub fn in_years(name: &str, of: RangeInclusive<i32>, later: i32) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        let year = digits.parse::<i32>().ok().filter(|year| digits.len() == 4 && of.contains(year));
        out.push_str(before);
        match year {
            Some(year) => out.push_str(&(year + later).to_string()),
            None => out.push_str(digits),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_code_unless_it_is_a_code_or_the_name_of_several() {
        let pairs = [("1", "云阳街道"), ("2", "新村"), ("3", "新村"), ("4", "2")];
        let names = Names::new(pairs.map(|(code, name)| (code.to_owned(), name.to_owned())));
        assert_eq!(names.code_of("云阳街道"), Some("1"));
        for text in ["1", "新村", "2", "陵口镇"] {
            assert_eq!(names.code_of(text), None, "{text}");
        }
    }

    #[test]
    fn the_years_of_a_campaign_are_others_in_the_name_of_its_copy() {
        let next = |name: &str| in_years(name, 2026..=2027, 1);
        assert_eq!(
            next("2026年秋季60岁及以上老年人流感疫苗接种"),
            "2027年秋季60岁及以上老年人流感疫苗接种"
        );
        assert_eq!(next("Flu 2026/2027, 20262 doses, 2025"), "Flu 2027/2028, 20262 doses, 2025");
        assert_eq!(next("2026"), "2027");
        assert_eq!(next("流感"), "流感");
        assert_eq!(in_years("2026", 2026..=2026, 0), "2026");
    }
}
