//! Codes that are given by their names: people write `云阳街道` where a table wants `321181001`.

use std::collections::{BTreeMap, BTreeSet};

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
}
