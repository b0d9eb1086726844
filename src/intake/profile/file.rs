//! A profile as it stands in its file.

use crate::intake::encoding;
use crate::intake::issue::{Issue, nearest};
use crate::intake::toml_file::parse;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest file of a profile, in bytes. A code table of a whole county has some ten thousand.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Which columns of somebody else's file hold what ours are called, and what their codes mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What its rows are: `persons` or `doses`.
    pub table: String,
    /// What it is for.
    #[serde(default)]
    pub about: String,
    /// Headings of the file that nothing is taken from.
    #[serde(default)]
    pub ignored: Vec<String>,
    /// Where each of our columns comes from.
    pub columns: BTreeMap<String, FromFile>,
    /// Tables of codes by name: what the file writes, what we call it.
    #[serde(default)]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// The name of its file.
    #[serde(skip)]
    pub(in crate::intake) file: String,
    #[serde(skip)]
    text: String,
}

/// Where a column comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromFile {
    /// The heading, or several that exports use for it.
    #[serde(default)]
    pub from: Headings,
    /// Where the file has none of them: headings whose cells together are the value, with `-` between.
    #[serde(default)]
    pub join: Vec<String>,
    /// The value of every row, or of rows whose cell is empty.
    #[serde(default)]
    pub value: Option<String>,
    /// Only so many characters from the start.
    #[serde(default)]
    pub first: Option<usize>,
    /// How the cell is read.
    #[serde(default)]
    pub kind: CellKind,
    /// The table of its codes.
    #[serde(default)]
    pub codes: Option<String>,
    /// What becomes of a code that the table does not have.
    #[serde(default)]
    pub unknown: UnknownCode,
}

/// One heading or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Headings {
    /// One.
    One(String),
    /// The first that the file has.
    Any(Vec<String>),
}

impl Default for Headings {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}

impl Headings {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Any(all) => all,
        }
    }
}

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// As it stands.
    #[default]
    Text,
    /// A day in any form that exports use, a serial number of a spreadsheet, too.
    Date,
    /// An identity number: blanks and hyphens go, `x` becomes `X`, and it is checked.
    Id,
}

/// What becomes of a code that a table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownCode {
    /// The row is refused.
    #[default]
    Refuse,
    /// It stays as it is, with a warning.
    Keep,
    /// The cell counts as empty, with a warning.
    Empty,
}

/// The profiles delivered with the program.
pub const PROFILES: [(&str, &str); 2] = [
    ("standard-persons", include_str!("../../../schedules/profiles/standard-persons.toml")),
    ("standard-doses", include_str!("../../../schedules/profiles/standard-doses.toml")),
];

impl Profile {
    /// A profile delivered with the program.
    pub fn delivered(name: &str) -> Option<Result<Self, Vec<Issue>>> {
        let (name, text) = PROFILES.iter().find(|(known, _)| *known == name)?;
        Some(Self::of_text(&format!("{name}.toml"), text))
    }

    /// The delivered profile of this name, or the one in a file.
    pub fn read(path: &Path) -> Result<Self, Vec<Issue>> {
        if let Some(delivered) = path.to_str().and_then(Self::delivered) {
            return delivered;
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                vec![Issue::error("path_missing", path.to_string_lossy())]
            }
            _ => vec![Issue::unreadable(&name, &error)],
        };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > FILE_BYTES_MAX {
            return Err(vec![Issue::error("file_too_large", &name).with("limit", "4 MB")]);
        }
        let mut bytes = Vec::new();
        let mut file = crate::files::open(path).map_err(unreadable)?;
        std::io::Read::read_to_end(&mut file, &mut bytes).map_err(unreadable)?;
        let text = encoding::text(&name, &bytes).map_err(|issue| vec![issue])?;
        Self::of_text(&name, &text)
    }

    /// Reads the text of a profile.
    pub fn of_text(name: &str, text: &str) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let Some(mut profile) = parse::<Self>((name, text), &mut issues) else {
            return Err(issues);
        };
        (profile.file, profile.text) = (name.to_owned(), text.to_owned());
        profile.check(&mut issues);
        if issues.is_empty() { Ok(profile) } else { Err(issues) }
    }

    fn check(&self, issues: &mut Vec<Issue>) {
        if !matches!(self.table.as_str(), "persons" | "doses") {
            let issue = Issue::error("bad_word", &self.file).row(self.row_of("table"));
            let issue = issue.column("table").value(&self.table).with("known", "persons, doses");
            issues.push(issue.with("nearest", "none"));
        }
        for (name, column) in &self.columns {
            let row = self.row_of(&format!("[columns.{name}]"));
            let issue = |code| Issue::error(code, &self.file).row(row).column(name);
            let has_from = !column.from.all().is_empty();
            if !has_from && column.join.is_empty() && column.value.is_none() {
                issues.push(issue("profile_no_source"));
            }
            if let Some(codes) = column.codes.as_ref().filter(|it| !self.codes.contains_key(*it)) {
                let known: Vec<&str> = self.codes.keys().map(String::as_str).collect();
                let near = nearest(codes, known.iter().copied()).unwrap_or("none");
                let issue = issue("profile_no_codes").value(codes).with("nearest", near);
                issues.push(issue.with("known", known.join(", ")));
            }
        }
    }

    /// The line of the file that begins with some words; 0 if none does.
    pub(in crate::intake) fn row_of(&self, words: &str) -> u32 {
        let found = self.text.lines().position(|line| line.trim_start().starts_with(words));
        found.map_or(0, |at| u32::try_from(at + 1).unwrap_or(0))
    }

    /// Whether a heading is one of those that nothing is taken from.
    pub(in crate::intake) fn ignores(&self, heading: &str) -> bool {
        self.ignored.iter().any(|known| plain(known) == plain(heading))
    }
}

/// A heading in the form in which headings are compared: without blanks, narrow, in small letters.
pub(in crate::intake) fn plain(heading: &str) -> String {
    let narrow = crate::intake::values::half_width(heading);
    let kept = narrow.chars().filter(|c| !c.is_whitespace() && *c != '*' && *c != '\u{feff}');
    kept.collect::<String>().to_lowercase()
}
