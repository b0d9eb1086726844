//! How a table is looked at: sorted, searched, chosen from, cut into pages. All of it stands in the address, so that a
//! link shows the same and nothing needs a script. Parameters begin with the table's id and a dot.

use super::table::{Cell, Head, Table};
use super::words::encoded;
use axum::extract::Query;
use axum::http::Uri;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Rows of one page of a table: a township list whole, and no endless page on a phone.
pub(super) const PAGE_ROWS: usize = 25;
/// Rows of a page for whoever wants long ones.
pub(super) const LONG_ROWS: usize = 100;
/// The most different words of a column that rows can be chosen by.
const CHOICES_MAX: usize = 40;
/// Parameters of an address that belong to one look and not to the page's state.
const PASSING: [&str; 2] = ["refreshed", "done"];

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Text for any program.
    Csv,
    /// A workbook.
    Xlsx,
}

impl FileKind {
    /// Its ending.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// The address of a page, taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Address {
    pub(super) path: String,
    pub(super) pairs: Vec<(String, String)>,
}

impl Address {
    /// The address of a request: path and query.
    pub(super) fn of(here: &str) -> Self {
        let pairs = here.parse::<Uri>().ok().and_then(|uri| {
            Query::<Vec<(String, String)>>::try_from_uri(&uri).ok().map(|Query(pairs)| pairs)
        });
        let mut pairs = pairs.unwrap_or_default();
        pairs.retain(|(key, _)| !PASSING.contains(&key.as_str()));
        Self { path: here.split('?').next().unwrap_or("/").to_owned(), pairs }
    }

    /// The values of a parameter.
    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The address with some parameters changed; `None` takes one away.
    fn with(&self, changes: &[(String, Option<String>)]) -> String {
        let is_kept = |key: &str| {
            !changes.iter().any(|(changed, _)| changed == key)
                && key.rsplit('.').next() != Some("as")
        };
        let kept = self.pairs.iter().filter(|(key, _)| is_kept(key));
        let kept = kept.map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
        let new = changes.iter().filter_map(|(key, value)| {
            value.as_ref().map(|value| format!("{}={}", encoded(key), encoded(value)))
        });
        let query: Vec<String> = kept.chain(new).collect();
        if query.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, query.join("&"))
    }
}

/// A word that rows can be chosen by, and whether it is.
pub(super) type Choice = (String, bool);

/// A column that rows can be chosen by: its key, its heading and the words in it.
pub(super) type Choices = (String, String, Vec<Choice>);

/// How one table is looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    address: Address,
    id: String,
    /// The column that rows are sorted by, and whether the largest come first.
    pub(super) sort: Option<(String, bool)>,
    /// What is searched for.
    pub(super) q: String,
    is: Vec<(String, String)>,
    /// The number of the page, from 1.
    pub(super) page: usize,
    /// Rows of a page.
    pub(super) rows_max: usize,
    shown: BTreeSet<String>,
    /// The file that is asked for.
    pub(super) file: Option<FileKind>,
}

impl View {
    /// How the table with this id is looked at.
    pub(super) fn of(address: &Address, id: &str) -> Self {
        let key = |name: &str| format!("{id}.{name}");
        let one = |name: &str| address.all(&key(name)).next().map(str::to_owned);
        let prefix = key("is.");
        let is = address.pairs.iter().filter_map(|(name, value)| {
            let column = name.strip_prefix(&prefix)?;
            (!value.is_empty()).then(|| (column.to_owned(), value.clone()))
        });
        Self {
            id: id.to_owned(),
            sort: one("sort").filter(|sort| !sort.is_empty()).map(|sort| {
                match sort.strip_prefix('-') {
                    Some(column) => (column.to_owned(), true),
                    None => (sort, false),
                }
            }),
            q: one("q").map(|q| q.trim().to_owned()).unwrap_or_default(),
            is: is.collect(),
            page: one("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
            rows_max: if one("rows").is_some() { LONG_ROWS } else { PAGE_ROWS },
            shown: address.all(&key("show")).map(str::to_owned).collect(),
            file: match one("as").as_deref() {
                Some("csv") => Some(FileKind::Csv),
                Some("xlsx") => Some(FileKind::Xlsx),
                _ => None,
            },
            address: address.clone(),
        }
    }

    /// The address with one parameter of this table changed, at its first page.
    fn changed(&self, name: &str, value: Option<String>) -> String {
        let key = |name: &str| format!("{}.{name}", self.id);
        self.address.with(&[(key("page"), None), (key(name), value)])
    }

    /// The address that sorts by a column: by figures the largest first, then the other way round, then as it was.
    pub(super) fn to_sort(&self, head: &Head) -> String {
        let now = self.sort.as_ref().filter(|(key, _)| *key == head.key).map(|(_, down)| *down);
        let next = match (now, head.number) {
            (None, true) | (Some(false), false) => Some(format!("-{}", head.key)),
            (None, false) | (Some(true), true) => Some(head.key.clone()),
            (Some(_), _) => None,
        };
        self.changed("sort", next) + &self.anchor()
    }

    /// What a screen reader is told of the order of a column.
    pub(super) fn order_of(&self, head: &Head) -> &'static str {
        match &self.sort {
            Some((key, true)) if *key == head.key => "descending",
            Some((key, false)) if *key == head.key => "ascending",
            _ => "",
        }
    }

    /// The address of another page of the table.
    pub(super) fn to_page(&self, page: usize) -> String {
        let key = format!("{}.page", self.id);
        self.address.with(&[(key, (page > 1).then(|| page.to_string()))]) + &self.anchor()
    }

    /// The address with longer pages, or with short ones again.
    pub(super) fn to_length(&self) -> String {
        let long = (self.rows_max == PAGE_ROWS).then(|| LONG_ROWS.to_string());
        self.changed("rows", long) + &self.anchor()
    }

    /// The address of the table as a file.
    pub(super) fn to_file(&self, kind: FileKind) -> String {
        let key = |name: &str| format!("{}.{name}", self.id);
        let kind = Some(kind.word().to_owned());
        self.address.with(&[(key("page"), None), (key("as"), kind)])
    }

    /// The place of the table on its page.
    pub(super) fn anchor(&self) -> String {
        format!("#t-{}", self.id)
    }

    /// The path of the page.
    pub(super) fn path(&self) -> &str {
        &self.address.path
    }

    /// What a form of this table has to send along so that nothing else of the address is lost. `own` are the fields
    /// that the form has itself.
    pub(super) fn hidden(&self, own: &[&str]) -> Vec<(String, String)> {
        let key = |name: &str| format!("{}.{name}", self.id);
        let (page, file, is) = (key("page"), key("as"), key("is."));
        let is_own = |name: &str| {
            name == page
                || name == file
                || own.iter().any(|own| name == key(own))
                || (own.contains(&"is") && name.starts_with(&is))
        };
        self.address.pairs.iter().filter(|(name, _)| !is_own(name)).cloned().collect()
    }

    /// Whether a column is to be seen.
    pub(super) fn shows(&self, head: &Head) -> bool {
        self.shown.is_empty() || self.shown.contains(&head.key)
    }

    /// Whether rows are left out.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || !self.is.is_empty()
    }

    /// The columns that rows can be chosen by.
    pub(super) fn choices(&self, table: &Table) -> Vec<Choices> {
        let column = |(at, head): (usize, &Head)| {
            let words: BTreeSet<&str> =
                table.rows.iter().filter_map(|row| row.get(at)).map(|c| c.text.as_str()).collect();
            let chosen = self.is.iter().find(|(key, _)| *key == head.key);
            // An address may say the code behind a name: it is shorter.
            let name = |chosen: &str| {
                let cells = || table.rows.iter().filter_map(|row| row.get(at));
                let coded = cells().find(|cell| !cell.code.is_empty() && cell.code == *chosen);
                coded.map_or_else(|| chosen.to_owned(), |cell| cell.text.clone())
            };
            let chosen = chosen.map(|(key, chosen)| (key, name(chosen)));
            let is_few = (2..=CHOICES_MAX).contains(&words.len()) || chosen.is_some();
            let choice = |word: &str| {
                (word.to_owned(), chosen.as_ref().is_some_and(|(_, chosen)| chosen == word))
            };
            let words: Vec<Choice> =
                words.into_iter().filter(|word| !word.is_empty()).map(choice).collect();
            (head.choose && is_few).then(|| (head.key.clone(), head.text.clone(), words))
        };
        table.heads.iter().enumerate().filter_map(column).collect()
    }

    /// The rows that are to be seen, in their order.
    pub(super) fn rows<'a>(&self, table: &'a Table) -> Vec<&'a Vec<Cell>> {
        if table.cut_of.is_some() {
            return table.rows.iter().collect();
        }
        let at = |key: &str| table.heads.iter().position(|head| head.key == key);
        let words: Vec<String> = self.q.split_whitespace().map(str::to_lowercase).collect();
        let has = |row: &[Cell], word: &str| {
            row.iter().any(|cell| {
                cell.text.to_lowercase().contains(word) || cell.code.to_lowercase().contains(word)
            })
        };
        let is: Vec<(usize, &str)> =
            self.is.iter().filter_map(|(key, word)| Some((at(key)?, word.as_str()))).collect();
        let mut rows: Vec<&Vec<Cell>> = table
            .rows
            .iter()
            .filter(|row| table.is_private || words.iter().all(|word| has(row, word)))
            .filter(|row| {
                let is_word = |cell: &Cell, word: &str| {
                    cell.text == word || (!cell.code.is_empty() && cell.code == word)
                };
                is.iter().all(|(at, word)| row.get(*at).is_some_and(|cell| is_word(cell, word)))
            })
            .collect();
        if let Some((at, down)) = self.sort.as_ref().and_then(|(key, down)| Some((at(key)?, *down)))
        {
            rows.sort_by(|a, b| compare(a.get(at), b.get(at), down));
        }
        rows
    }
}

/// The order of two cells of a column. What says nothing comes last, whichever way it is sorted.
fn compare(a: Option<&Cell>, b: Option<&Cell>, down: bool) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return Ordering::Equal };
    match (a.is_blank(), b.is_blank()) {
        (false, false) => {
            let order = match (a.order(), b.order()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => a.text.cmp(&b.text),
            };
            if down { order.reverse() } else { order }
        }
        (a, b) => a.cmp(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn towns() -> Table {
        let heads = ["area", "=state", "#people"].map(str::to_owned);
        let mut table = Table::new("areas", "towns".into(), &heads);
        for (code, name, state, people) in [
            ("A1", "Danbei", "open", Some(1_200)),
            ("A2", "Yanling", "shut", Some(90)),
            ("A3", "Lücheng", "open", None),
            ("A4", "Fangxian", "open", Some(800)),
        ] {
            table.rows.push(vec![
                Cell::named(name, code),
                Cell::text(state),
                people.map_or_else(|| Cell::number("–"), Cell::count),
            ]);
        }
        table
    }

    fn seen(query: &str) -> String {
        let view = View::of(&Address::of(&format!("/c/x/overview?{query}")), "areas");
        let table = towns();
        let rows = view.rows(&table);
        rows.iter().map(|row| row[0].code.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rows_are_sorted_as_figures_and_what_is_not_known_comes_last() {
        assert_eq!(seen(""), "A1 A2 A3 A4", "as the page has them");
        assert_eq!(seen("areas.sort=2"), "A2 A4 A1 A3");
        assert_eq!(seen("areas.sort=-2"), "A1 A4 A2 A3");
        assert_eq!(seen("areas.sort=0"), "A1 A4 A3 A2");
        assert_eq!(seen("areas.sort=nothing"), "A1 A2 A3 A4");
        assert_eq!(seen("other.sort=2"), "A1 A2 A3 A4", "another table's order");
    }

    #[test]
    fn rows_are_found_by_every_word_in_names_and_codes_and_chosen_by_a_column() {
        assert_eq!(seen("areas.q=dan"), "A1");
        assert_eq!(seen("areas.q=LÜ"), "A3");
        assert_eq!(seen("areas.q=a4+open"), "A4");
        assert_eq!(seen("areas.q=a2+open"), "");
        assert_eq!(seen("areas.is.1=shut"), "A2");
        assert_eq!(seen("areas.is.1=open&areas.sort=-2"), "A1 A4 A3");
        let view = View::of(&Address::of("/x"), "areas");
        let choices = view.choices(&towns());
        assert_eq!(choices.len(), 1);
        assert_eq!(choices[0].2, [("open".into(), false), ("shut".into(), false)]);
    }

    #[test]
    fn names_of_people_are_not_searched_for_by_an_address() {
        let mut table = towns();
        table.is_private = true;
        let view = View::of(&Address::of("/x?areas.q=dan"), "areas");
        assert_eq!(view.rows(&table).len(), 4);
    }

    #[test]
    fn links_keep_the_rest_of_the_address() {
        let here = "/c/x/overview?as-of=2021-06-01&areas.page=3&groups.sort=0&refreshed=1";
        let view = View::of(&Address::of(here), "areas");
        assert_eq!(view.page, 3);
        let people = towns().heads[2].clone();
        let to = "/c/x/overview?as-of=2021-06-01&groups.sort=0";
        assert_eq!(view.to_sort(&people), format!("{to}&areas.sort=-2#t-areas"));
        assert_eq!(view.to_page(1), format!("{to}#t-areas"));
        assert_eq!(view.to_page(2), format!("{to}&areas.page=2#t-areas"));
        assert_eq!(view.to_file(FileKind::Csv), format!("{to}&areas.as=csv"));
        let again = View::of(&Address::of("/x?areas.sort=-2"), "areas");
        assert_eq!(again.to_sort(&people), "/x?areas.sort=2#t-areas");
        let third = View::of(&Address::of("/x?areas.sort=2"), "areas");
        assert_eq!(third.to_sort(&people), "/x#t-areas", "as it was");
        let own = view.hidden(&["q", "is"]);
        let kept = [("as-of", "2021-06-01"), ("groups.sort", "0")];
        assert_eq!(own, kept.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_column_is_seen_unless_others_are_chosen() {
        let heads = towns().heads;
        let shown = |query: &str| {
            let view = View::of(&Address::of(&format!("/x?{query}")), "areas");
            heads.iter().filter(|head| view.shows(head)).map(|head| head.key.as_str()).collect()
        };
        let all: Vec<&str> = shown("");
        assert_eq!(all, ["0", "1", "2"]);
        let some: Vec<&str> = shown("areas.show=0&areas.show=2");
        assert_eq!(some, ["0", "2"]);
    }
}
