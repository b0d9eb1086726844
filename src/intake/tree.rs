//! Settings as a tree of keys, read from TOML or from a sheet with the two columns `key` and `value`.

use super::encoding::newlines;
use super::issue::{Issue, nearest};
use super::table::{Column, IGNORED, Line, RawRow, Table, TableKind, list};
use super::values::clean;
use toml::de::{DeTable, DeValue};

/// Ends each element of a list that is kept in one cell. No code can contain it.
pub(super) const LIST_MARK: char = '\u{1f}';
/// Most syntax errors shown for a file. More would say nothing new.
const TOML_ERRORS_MAX: usize = 20;

/// A value, with the row of its key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) row: u32,
    pub(super) node: Node,
}

/// A value. Numbers, days and words stay text until their meaning is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Scalar(String),
    Table(Vec<(String, Entry)>),
    List(Vec<Entry>),
}

/// Keys whose values are numbers. Any other value stays a text, even if it consists of digits.
const NUMBERS: [&str; 6] =
    ["protection", "preference", "from_dose", "at_least", "fewer_than", "priority"];

impl Entry {
    /// The tree as TOML, in the form of a series file.
    pub(super) fn to_toml(&self) -> toml::Value {
        self.value_of("")
    }

    fn value_of(&self, key: &str) -> toml::Value {
        match &self.node {
            Node::Scalar(text) => match text.as_str() {
                "true" => true.into(),
                "false" => false.into(),
                text if NUMBERS.contains(&key) => {
                    match (text.parse::<i64>(), text.parse::<f64>()) {
                        (Ok(number), _) => number.into(),
                        (_, Ok(number)) => number.into(),
                        _ => text.into(),
                    }
                }
                text => text.into(),
            },
            Node::Table(entries) => {
                let values = entries.iter().map(|(key, entry)| (key.clone(), entry.value_of(key)));
                toml::Value::Table(values.collect())
            }
            Node::List(entries) => {
                toml::Value::Array(entries.iter().map(|entry| entry.value_of(key)).collect())
            }
        }
    }
}

/// Reads a TOML file.
pub(super) fn of_toml(file: &str, text: &str, issues: &mut Vec<Issue>) -> Option<Entry> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(TOML_ERRORS_MAX) {
        let reason = error.message().lines().collect::<Vec<_>>().join("; ");
        let row = error.span().map_or(0, |span| line_of(text, span.start));
        issues.push(Issue::error("bad_toml", file).row(row).with("reason", reason));
    }
    errors.is_empty().then(|| Entry { row: 0, node: table_of(text, root.get_ref()) })
}

fn line_of(text: &str, offset: usize) -> u32 {
    let before = &text.as_bytes()[..offset.min(text.len())];
    newlines(before) + 1
}

fn table_of(text: &str, table: &DeTable<'_>) -> Node {
    let mut entries: Vec<(usize, (String, Entry))> = table
        .iter()
        .map(|(key, value)| {
            let start = key.span().start;
            let entry = Entry { row: line_of(text, start), node: node_of(text, value.get_ref()) };
            (start, (key.get_ref().to_string(), entry))
        })
        .collect();
    entries.sort_by_key(|(start, _)| *start);
    Node::Table(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn node_of(text: &str, value: &DeValue<'_>) -> Node {
    match value {
        DeValue::String(value) => Node::Scalar(value.to_string()),
        DeValue::Integer(value) if value.radix() == 10 => Node::Scalar(value.as_str().to_owned()),
        DeValue::Integer(value) => {
            let number = i64::from_str_radix(value.as_str(), value.radix());
            Node::Scalar(number.map_or_else(|_| value.to_string(), |number| number.to_string()))
        }
        DeValue::Float(value) => Node::Scalar(value.as_str().to_owned()),
        DeValue::Boolean(value) => Node::Scalar(value.to_string()),
        DeValue::Datetime(value) => Node::Scalar(value.to_string()),
        DeValue::Array(values) => Node::List(
            values
                .iter()
                .map(|value| Entry {
                    row: line_of(text, value.span().start),
                    node: node_of(text, value.get_ref()),
                })
                .collect(),
        ),
        DeValue::Table(table) => table_of(text, table),
    }
}

/// The columns of a sheet of settings.
pub(super) const KEY_VALUE: &[Column] = &[Column::required("key"), Column::optional("value")];

/// Reads a sheet of keys and values. `doses.1.protection` belongs to the first element of a list. With
/// `keeps_blanks` a key without a value is kept, so that messages can name its row.
pub(super) fn of_sheet(
    file: &str,
    rows: Vec<RawRow>,
    keeps_blanks: bool,
    issues: &mut Vec<Issue>,
) -> Option<Entry> {
    let kind = TableKind { stem: "campaign", columns: KEY_VALUE, ignored: &IGNORED, is_csv: false };
    let table = Table::new(file, kind, rows, issues);
    if table.lines.is_empty() {
        return None;
    }
    let mut root = Entry { row: 0, node: Node::Table(Vec::new()) };
    for line in &table.lines {
        let (key, value) = (clean(&line.cells[0]), clean(&line.cells[1]));
        if value.is_empty() && !keeps_blanks {
            continue;
        }
        let path: Vec<&str> = key.split('.').map(str::trim).collect();
        if path.iter().any(|part| part.is_empty()) {
            issues.push(Issue::error("missing_value", file).row(line.row).column("key").value(key));
        } else if !put(&mut root, &path, value, line.row) {
            issues.push(Issue::error("duplicate_setting", file).row(line.row).column(key));
        }
    }
    Some(root)
}

/// Puts a value at its path; false if a value stands there already.
fn put(at: &mut Entry, path: &[&str], value: &str, row: u32) -> bool {
    /// Longest list of settings. A larger index would only fill the memory.
    const ELEMENTS_MAX: usize = 1000;
    let Some((first, rest)) = path.split_first() else { return false };
    let fresh = || match rest.first() {
        None => Node::Scalar(value.to_owned()),
        Some(next) if next.parse::<usize>().is_ok() => Node::List(Vec::new()),
        Some(_) => Node::Table(Vec::new()),
    };
    let child = match &mut at.node {
        Node::Scalar(_) => return false,
        Node::Table(entries) => match entries.iter().position(|(key, _)| key == first) {
            Some(_) if rest.is_empty() => return false,
            Some(found) => &mut entries[found].1,
            None => {
                entries.push(((*first).to_owned(), Entry { row, node: fresh() }));
                &mut entries.last_mut().expect("just pushed").1
            }
        },
        Node::List(elements) => match first.parse::<usize>() {
            Ok(number) if number == elements.len() + 1 && number <= ELEMENTS_MAX => {
                elements.push(Entry { row, node: fresh() });
                elements.last_mut().expect("just pushed")
            }
            Ok(number) if number >= 1 && number <= elements.len() && !rest.is_empty() => {
                &mut elements[number - 1]
            }
            _ => return false,
        },
    };
    rest.is_empty() || put(child, rest, value, row)
}

impl Entry {
    /// The value of a top-level key.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        let Node::Table(entries) = &self.node else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, entry)| entry)
    }

    /// The tree as a table of one row whose columns are the known dotted keys. Keys in `lists` are left out.
    pub(super) fn one_line(
        &self,
        file: &str,
        columns: &'static [Column],
        lists: &[&str],
        issues: &mut Vec<Issue>,
    ) -> Table {
        let mut line = Line {
            row: self.row,
            cells: vec![String::new(); columns.len()],
            cell_rows: vec![self.row; columns.len()],
        };
        if let Node::Table(entries) = &self.node {
            for (key, entry) in entries.iter().filter(|(key, _)| !lists.contains(&key.as_str())) {
                fill(file, columns, lists, key, entry, &mut line, issues);
            }
        }
        Table { file: file.to_owned(), columns, lines: vec![line], is_readable: true }
    }

    /// A list of tables such as `[[groups]]`, as one table.
    pub(super) fn lines(
        &self,
        file: &str,
        key: &str,
        columns: &'static [Column],
        issues: &mut Vec<Issue>,
    ) -> Table {
        let mut table = Table::empty(file, columns);
        let Some(entry) = self.get(key) else { return table };
        table.is_readable = true;
        let Node::List(elements) = &entry.node else {
            issues.push(Issue::error("not_a_table", file).row(entry.row).column(key));
            return table;
        };
        for element in elements {
            if matches!(element.node, Node::Table(_)) {
                table.lines.extend(element.one_line(file, columns, &[], issues).lines);
            } else {
                issues.push(Issue::error("not_a_table", file).row(element.row).column(key));
            }
        }
        table
    }
}

/// Puts a value into its cell, or reports an unknown key.
fn fill(
    file: &str,
    columns: &'static [Column],
    lists: &[&str],
    key: &str,
    entry: &Entry,
    line: &mut Line,
    issues: &mut Vec<Issue>,
) {
    let known = columns.iter().position(|column| column.name == key);
    match (&entry.node, known) {
        (Node::Table(entries), None) if has_below(columns, key) => {
            for (name, entry) in entries {
                fill(file, columns, lists, &format!("{key}.{name}"), entry, line, issues);
            }
        }
        (Node::Scalar(text), Some(at)) => {
            line.cells[at].clone_from(text);
            line.cell_rows[at] = entry.row;
        }
        (Node::List(elements), Some(at)) => {
            line.cell_rows[at] = entry.row;
            for element in elements {
                match &element.node {
                    Node::Scalar(text) => {
                        line.cells[at].push_str(text);
                        line.cells[at].push(LIST_MARK);
                    }
                    _ => {
                        issues.push(Issue::error("not_a_value", file).row(element.row).column(key));
                    }
                }
            }
        }
        (Node::Table(_), Some(_)) => {
            issues.push(Issue::error("not_a_value", file).row(entry.row).column(key));
        }
        (_, None) if has_below(columns, key) => {
            issues.push(Issue::error("not_a_table", file).row(entry.row).column(key));
        }
        (_, None) => {
            let names = columns.iter().map(|column| column.name).chain(lists.iter().copied());
            let mut known = list(columns);
            for name in lists {
                known.push_str(", ");
                known.push_str(name);
            }
            issues.push(
                Issue::error("unknown_key", file)
                    .row(entry.row)
                    .column(key)
                    .value(key)
                    .with("nearest", nearest(key, names).unwrap_or("none"))
                    .with("known", known),
            );
        }
    }
}

fn has_below(columns: &[Column], key: &str) -> bool {
    columns
        .iter()
        .any(|column| column.name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_of_keys_and_a_toml_file_give_the_same_values() {
        const COLUMNS: &[Column] =
            &[Column::required("id"), Column::optional("travel.road_factor")];
        let mut issues = Vec::new();
        let toml = "id = \"a\"\n[travel]\nroad_factor = 1.30\n";
        let from_toml = of_toml("f", toml, &mut issues).expect("a tree");
        let rows = [["key", "value"], ["id", "a"], ["travel.road_factor", "1.30"]]
            .iter()
            .zip(1..)
            .map(|(cells, row)| RawRow { row, cells: cells.map(str::to_owned).to_vec() })
            .collect();
        let from_sheet = of_sheet("f", rows, false, &mut issues).expect("a tree");
        let one = from_toml.one_line("f", COLUMNS, &[], &mut issues);
        let two = from_sheet.one_line("f", COLUMNS, &[], &mut issues);
        assert_eq!(issues, []);
        assert_eq!(one.lines[0].cells, ["a", "1.30"]);
        assert_eq!(one.lines[0].cells, two.lines[0].cells);
        assert_eq!(one.lines[0].cell_rows, [1, 3]);
    }

    #[test]
    fn an_unknown_key_names_the_nearest_one_and_its_line() {
        const COLUMNS: &[Column] = &[Column::required("timezone")];
        let mut issues = Vec::new();
        let tree = of_toml("f", "\ntimezon = 1\n", &mut issues).expect("a tree");
        tree.one_line("f", COLUMNS, &[], &mut issues);
        assert_eq!((issues[0].code, issues[0].row), ("unknown_key", Some(2)));
        assert!(issues[0].arguments.contains(&("nearest", "timezone".to_owned())));
    }

    #[test]
    fn numbered_keys_make_a_list() {
        const DOSE: &[Column] = &[Column::required("protection")];
        let rows = [["key", "value"], ["doses.1.protection", "0.6"], ["doses.2.protection", "1"]]
            .iter()
            .zip(1..)
            .map(|(cells, row)| RawRow { row, cells: cells.map(str::to_owned).to_vec() })
            .collect();
        let mut issues = Vec::new();
        let tree = of_sheet("f", rows, false, &mut issues).expect("a tree");
        assert_eq!(tree.lines("f", "doses", DOSE, &mut issues).lines.len(), 2);
        assert_eq!(issues, []);
    }
}
