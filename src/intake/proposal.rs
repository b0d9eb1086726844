//! Proposes a profile for somebody else's file, from its header and its first rows, and says what it is unsure of.

use super::issue::Issue;
use super::profile::{day, plain};
use super::rows::{columns_of, first_rows};
use super::table::{RawRow, TITLE_ROWS_MAX};
use super::values::clean;
use crate::domain::resident_id;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// Rows that are looked at.
const ROWS: usize = 1_000;
/// A column with more different words than this has no table of codes.
const CODES_MAX: usize = 120;
/// The words that files use, delivered with the program.
const HEADINGS: &str = include_str!("../../schedules/profiles/headings.toml");

/// Words by what we call them.
#[derive(Deserialize)]
struct Known {
    persons: BTreeMap<String, Vec<String>>,
    doses: BTreeMap<String, Vec<String>>,
    words: BTreeMap<String, BTreeMap<String, String>>,
}

/// Why somebody should look at a line of the proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsure {
    /// Several headings may be meant.
    SeveralHeadings,
    /// The heading says it, the cells do not look so.
    OddCells,
    /// A required column was not found.
    NotFound,
    /// Nothing is taken from this heading.
    NotUsed,
    /// What this code means is not known.
    UnknownCode,
    /// Its cells are blank in every row.
    Empty,
}

impl Unsure {
    /// The word for programs and for the catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::SeveralHeadings => "several-headings",
            Self::OddCells => "odd-cells",
            Self::NotFound => "not-found",
            Self::NotUsed => "not-used",
            Self::UnknownCode => "unknown-code",
            Self::Empty => "empty",
        }
    }
}

/// Something that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Why.
    pub why: Unsure,
    /// Our column; empty for a heading that is not used.
    pub column: String,
    /// The heading, headings or code.
    pub found: String,
    /// In how many rows.
    pub rows: u64,
}

/// A proposal.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// `persons` or `doses`.
    pub table: String,
    /// The profile, ready to be saved.
    pub profile: String,
    /// What somebody has to look at.
    pub unsure: Vec<Doubt>,
    /// Rows that were looked at.
    pub rows: u64,
}

/// Proposes a profile for a file. `table`: `persons` or `doses`; if none is said, the one with more of the headings.
pub fn propose(path: &Path, table: Option<&str>) -> Result<Proposal, Vec<Issue>> {
    let (file, rows) = first_rows(path, ROWS + TITLE_ROWS_MAX + 1).map_err(|issue| vec![issue])?;
    let known: Known = toml::from_str(HEADINGS).expect("the delivered headings are sound");
    let named = |columns: &BTreeMap<String, Vec<String>>, row: &RawRow| {
        let cells: Vec<String> = row.cells.iter().map(|cell| plain(cell)).collect();
        let has = |all: &&Vec<String>| all.iter().any(|one| cells.contains(&plain(one)));
        columns.values().filter(has).count()
    };
    let best = |columns: &BTreeMap<String, Vec<String>>| {
        let head = rows.iter().take(TITLE_ROWS_MAX).enumerate().rev();
        head.map(|(at, row)| (named(columns, row), at)).max_by_key(|(count, _)| *count)
    };
    let (persons, doses) = (best(&known.persons), best(&known.doses));
    let is_doses = match table {
        Some(table) => table == "doses",
        None => doses.map(|it| it.0) > persons.map(|it| it.0),
    };
    let found = if is_doses { doses } else { persons };
    let Some((_, at)) = found.filter(|(count, _)| *count > 0) else {
        let issue = Issue::error("profile_no_header", &file);
        return Err(vec![issue.with("known", "个案ID, 姓名, 出生日期, 接种日期")]);
    };
    let table = if is_doses { "doses" } else { "persons" };
    let headings = if is_doses { &known.doses } else { &known.persons };
    let mut draft = Draft {
        header: &rows[at],
        rows: &rows[at + 1..],
        used: BTreeSet::new(),
        text: String::new(),
        codes: String::new(),
        unsure: Vec::new(),
    };
    for column in columns_of(table) {
        if let Some(names) = headings.get(column.name) {
            draft.column(column.name, column.is_required, names, known.words.get(column.name));
        } else if column.is_required {
            draft.doubt(Unsure::NotFound, column.name, "", 0);
        }
    }
    let ignored = draft.ignored();
    let mut profile = format!("table = \"{table}\"\nabout = {}\n{ignored}", quoted(&file));
    write!(profile, "{}{}", draft.text, draft.codes).expect("writing to a text");
    let rows = draft.rows.len() as u64;
    Ok(Proposal { table: table.to_owned(), profile, unsure: draft.unsure, rows })
}

/// A profile that is being made.
struct Draft<'a> {
    header: &'a RawRow,
    rows: &'a [RawRow],
    used: BTreeSet<usize>,
    text: String,
    codes: String,
    unsure: Vec<Doubt>,
}

impl Draft<'_> {
    fn doubt(&mut self, why: Unsure, column: &str, found: &str, rows: u64) {
        let (column, found) = (column.to_owned(), found.to_owned());
        self.unsure.push(Doubt { why, column, found, rows });
    }

    /// The cells of a column that are not empty.
    fn cells(&self, at: usize) -> Vec<&str> {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
        cells.map(|cell| clean(cell)).filter(|cell| !cell.is_empty()).collect()
    }

    fn column(
        &mut self,
        column: &str,
        is_required: bool,
        names: &[String],
        words: Option<&BTreeMap<String, String>>,
    ) {
        let headings: Vec<String> = self.header.cells.iter().map(|cell| plain(cell)).collect();
        let find = |name: &String| headings.iter().position(|heading| *heading == plain(name));
        let mut found: Vec<usize> = names.iter().filter_map(find).collect();
        found.dedup();
        let Some(at) = found.first().copied() else {
            if is_required {
                self.missing(column);
            }
            return;
        };
        let heading = clean(&self.header.cells[at]).to_owned();
        if found.len() > 1 {
            let all: Vec<&str> = found.iter().map(|at| clean(&self.header.cells[*at])).collect();
            self.doubt(Unsure::SeveralHeadings, column, &all.join(", "), 0);
        }
        self.used.insert(at);
        write!(self.text, "\n[columns.{column}]\nfrom = {}\n", quoted(&heading)).expect("a text");
        let cells: Vec<String> = self.cells(at).into_iter().map(str::to_owned).collect();
        if cells.is_empty() {
            self.doubt(Unsure::Empty, column, &heading, self.rows.len() as u64);
        }
        let odd = match column {
            "born" | "date" | "died" | "entered_at" => {
                self.text.push_str("kind = \"date\"\n");
                cells.iter().filter(|cell| day(cell).is_none()).count()
            }
            "id_no" => {
                self.text.push_str("kind = \"id\"\n");
                cells.iter().filter(|cell| !is_id(cell)).count()
            }
            _ => 0,
        };
        if odd > 0 {
            self.doubt(Unsure::OddCells, column, &heading, odd as u64);
        }
        if let Some(words) = words {
            self.code_table(column, &heading, &cells, words);
        }
    }

    /// A required column that no heading names: what may stand for it.
    fn missing(&mut self, column: &str) {
        let has = |name: &str| self.header.cells.iter().any(|cell| plain(cell) == plain(name));
        let of = ["现管单位代码", "现管单位编码"].into_iter().find(|name| has(name));
        if let (true, Some(unit)) = (column == "area", of) {
            // Nine digits are a township (GB/T 10114).
            write!(self.text, "\n[columns.area]\nfrom = {}\nfirst = 9\n", quoted(unit))
                .expect("a text");
        } else if column == "record" {
            let parts = ["个案ID", "疫苗代码", "疫苗名称", "接种日期"];
            let parts: Vec<String> = parts.into_iter().filter(|it| has(it)).map(quoted).collect();
            write!(self.text, "\n[columns.record]\njoin = [{}]\n", parts.join(", "))
                .expect("a text");
        } else {
            write!(self.text, "\n[columns.{column}]\nfrom = \"\"\n").expect("a text");
        }
        self.doubt(Unsure::NotFound, column, "", 0);
    }

    /// The table of the codes of a column: what is known of them, and the others as remarks.
    fn code_table(
        &mut self,
        column: &str,
        heading: &str,
        cells: &[String],
        words: &BTreeMap<String, String>,
    ) {
        let known: BTreeMap<String, &String> =
            words.iter().map(|(word, code)| (plain(word), code)).collect();
        let ours: BTreeSet<&String> = words.values().collect();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for cell in cells {
            *counts.entry(cell).or_default() += 1;
        }
        if counts.len() > CODES_MAX {
            self.doubt(Unsure::OddCells, column, heading, cells.len() as u64);
            return;
        }
        writeln!(self.text, "codes = \"{column}\"").expect("a text");
        write!(self.codes, "\n[codes.{column}]\n").expect("a text");
        for (cell, count) in counts {
            let own = ours.iter().find(|code| plain(code) == plain(cell)).copied();
            if let Some(code) = known.get(&plain(cell)).copied().or(own) {
                writeln!(self.codes, "{} = {}", quoted(cell), quoted(code)).expect("a text");
            } else {
                writeln!(self.codes, "# {} = \"\" # {count}", quoted(cell)).expect("a text");
                self.doubt(Unsure::UnknownCode, column, cell, count);
            }
        }
    }

    /// The line with the headings that nothing is taken from.
    fn ignored(&mut self) -> String {
        let unused = |(at, cell): (usize, &String)| {
            let name = clean(cell);
            (!self.used.contains(&at) && !name.is_empty()).then(|| name.to_owned())
        };
        let mut names: Vec<String> =
            self.header.cells.iter().enumerate().filter_map(unused).collect();
        // A heading that is joined or cut is used, too.
        names.retain(|name| !self.text.contains(&quoted(name)));
        for name in &names {
            self.doubt(Unsure::NotUsed, "", name, 0);
        }
        if names.is_empty() {
            return String::new();
        }
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        format!("ignored = [{}]\n", names.join(", "))
    }
}

/// Whether a cell is an identity number with a right check digit.
fn is_id(cell: &str) -> bool {
    let number: String = cell.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    number.len() == 18 && resident_id::misfit(&number, None).is_none()
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::profile::Profile;

    #[test]
    fn the_delivered_headings_and_profiles_are_sound() {
        let known: Known = toml::from_str(HEADINGS).expect("sound");
        for (table, columns) in [("persons", &known.persons), ("doses", &known.doses)] {
            for column in columns.keys() {
                let has = columns_of(table).iter().any(|known| known.name == column);
                assert!(has, "{table} has no column {column}");
            }
        }
        for (name, table) in [("standard-persons", "persons"), ("standard-doses", "doses")] {
            let profile = Profile::delivered(name).expect("delivered").expect("sound");
            assert_eq!(profile.table, table);
        }
    }

    #[test]
    fn a_proposal_says_what_it_is_unsure_of_and_is_a_profile() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("export.csv");
        let text = "某县儿童个案导出\n个案ID,姓名,性别,出生日期,身份证号,现管单位代码,人群分类,民族\n\
                    c1,甲,1,20220101T000000,11010519491231002X,530001010001,1,汉\n\
                    c2,乙,3,2022/1/1,1.1E+17,530001010001,2,汉\n";
        std::fs::write(&path, text).expect("a file");
        let proposal = propose(&path, None).expect("a proposal");
        assert_eq!((proposal.table.as_str(), proposal.rows), ("persons", 2));
        let said: Vec<(&str, &str, &str)> = proposal
            .unsure
            .iter()
            .map(|it| (it.why.word(), it.column.as_str(), it.found.as_str()))
            .collect();
        assert!(said.contains(&("unknown-code", "sex", "3")), "{said:?}");
        assert!(said.contains(&("odd-cells", "id_no", "身份证号")), "{said:?}");
        assert!(said.contains(&("not-found", "area", "")), "{said:?}");
        assert!(said.contains(&("not-used", "", "民族")), "{said:?}");
        let profile = Profile::of_text("p.toml", &proposal.profile).expect("a profile");
        assert_eq!(profile.columns["area"].first, Some(9));
        assert_eq!(profile.ignored, ["民族"]);
        assert_eq!(profile.codes["sex"]["1"], "M");
    }
}
