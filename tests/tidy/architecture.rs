//! Whether what `src/ARCHITECTURE.md` names is there.

use std::fs;
use std::path::{Path, PathBuf};

/// What the page names and is not there, as `line: name`: files anywhere, and in "Where do I find" what is to be
/// looked for in them. `root` is the folder of the project.
pub(crate) fn missing(root: &Path) -> Vec<String> {
    let page = fs::read_to_string(root.join("src/ARCHITECTURE.md")).expect("the page");
    let mut found = Vec::new();
    let mut is_finder = false;
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(title) = line.strip_prefix("## ") {
            is_finder = title.starts_with("Where do I find");
        }
        let mut file: Option<PathBuf> = None;
        // What stands in backticks.
        for name in line.split('`').skip(1).step_by(2) {
            if is_path(name) {
                file = file_of(root, name);
                if file.is_none() {
                    found.push(format!("{number}: {name}"));
                }
            } else if let Some(file) = &file
                && is_finder
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && file.is_file()
                && !defines(&fs::read_to_string(file).expect("a file"), name)
            {
                found.push(format!("{number}: {} has no {name}", file.display()));
            }
        }
    }
    found
}

fn is_path(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    (name.contains('/') || super::is_rust(name)) && name.chars().all(is_plain)
}

/// The file or folder that a name means: below `src` or the project, with or without `.rs`.
fn file_of(root: &Path, name: &str) -> Option<PathBuf> {
    let name = name.trim_end_matches('/');
    let places = [format!("src/{name}.rs"), format!("src/{name}"), name.to_owned()];
    places.into_iter().map(|place| root.join(place)).find(|path| path.exists())
}

/// Whether a file defines a function, type, constant, field or variant of this name.
fn defines(text: &str, name: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let is_item = ["fn ", "const ", "enum ", "struct ", "static "].iter().any(|kind| {
            let rest = line.split_once(kind).and_then(|(_, rest)| rest.strip_prefix(name));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        let is_field = line
            .strip_prefix("pub ")
            .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')));
        let is_variant = line
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['(', ',']) || rest.starts_with(" {"));
        is_item || is_field || (name.starts_with(char::is_uppercase) && is_variant)
    })
}

#[test]
fn names_are_found_where_they_are_defined_and_not_where_they_are_used() {
    let text = "pub fn one() { two() }\n    pub three: u8,\n    Four(String),\nlet five = 5;\n";
    for name in ["one", "three", "Four"] {
        assert!(defines(text, name), "{name}");
    }
    for name in ["two", "five", "on", "thre"] {
        assert!(!defines(text, name), "{name}");
    }
}
