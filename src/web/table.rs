//! Tables of pages. A page says what they hold; how they are sorted, searched, cut into pages and downloaded stands in
//! the address ([`super::table_view`]) and is the same for all of them.

use super::words::T;
use crate::domain::count::Percent;
use crate::text;
use askama::Template;
use std::fmt;

/// A page that is lines and tables.
#[derive(Template)]
#[template(path = "web/tables.html")]
pub(super) struct TablesPage {
    /// The heading, as HTML.
    pub(super) head: String,
    /// Whether it follows what happens.
    pub(super) live: bool,
    pub(super) lines: Vec<String>,
    pub(super) tables: Vec<Table>,
}

/// A heading of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    /// What addresses call the column.
    pub(super) key: String,
    pub(super) text: String,
    pub(super) number: bool,
    /// Whether rows can be chosen by what stands in it.
    pub(super) choose: bool,
}

/// What a cell's figure is, for sorting and for files.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Value {
    /// It is text alone.
    #[default]
    Text,
    /// A whole number.
    Count(i64),
    /// A percentage, with one decimal.
    Percent(f64),
    /// A percentage of an official table, with two decimals.
    Rate(f64),
}

/// A cell of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// The code behind a name: shown on hover, and written into files.
    pub(super) code: String,
    pub(super) class: &'static str,
    pub(super) href: Option<String>,
    /// Length of a bar in the cell, 0 to 60 pixels.
    pub(super) share: Option<u32>,
    pub(super) head: bool,
    pub(super) value: Value,
}

impl Cell {
    /// A cell of text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The heading of a row.
    pub(super) fn head(text: impl Into<String>) -> Self {
        Self { head: true, ..Self::text(text) }
    }

    /// A name with its code.
    pub(super) fn named(name: impl Into<String>, code: impl Into<String>) -> Self {
        Self { code: code.into(), ..Self::text(name) }
    }

    /// A cell with a figure, aligned to the right.
    pub(super) fn number(text: impl Into<String>) -> Self {
        Self { class: "n", ..Self::text(text) }
    }

    /// A cell with a count, its thousands apart.
    pub(super) fn count(count: impl Into<i128>) -> Self {
        let count = count.into();
        let value = i64::try_from(count).map_or(Value::Text, Value::Count);
        Self { value, ..Self::number(text::thousands(count)) }
    }

    /// A cell that links somewhere.
    pub(super) fn link(text: impl Into<String>, href: String) -> Self {
        Self { href: Some(href), ..Self::text(text) }
    }

    /// A cell with a percentage and its bar.
    pub(super) fn percent(t: T, share: Option<Percent>) -> Self {
        Self {
            share: share.map(|share| whole(share.shown().clamp(0.0, 100.0) * 0.6)),
            ..Self::rate(t, share)
        }
    }

    /// A cell with a percentage alone.
    pub(super) fn rate(t: T, share: Option<Percent>) -> Self {
        let value = share.map_or(Value::Text, |share| Value::Percent(share.shown()));
        Self { value, ..Self::number(t.percent(share)) }
    }

    /// The same cell as a row's heading.
    pub(super) fn heading(self) -> Self {
        Self { head: true, ..self }
    }

    /// The same cell as a link.
    pub(super) fn to(self, href: String) -> Self {
        Self { href: Some(href), ..self }
    }

    /// Whether it says nothing, such as a dash for a figure that is not known.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.text.as_str(), "" | "–" | "-" | "—")
    }

    /// The number that rows are sorted by; `None` for text.
    pub(super) fn order(&self) -> Option<f64> {
        match self.value {
            Value::Count(count) => Some(count as f64),
            Value::Percent(share) | Value::Rate(share) => Some(share),
            Value::Text if self.class == "n" => {
                let digits: String = self.text.chars().filter(|c| !",% ".contains(*c)).collect();
                digits.parse().ok()
            }
            Value::Text => None,
        }
    }
}

/// A length rounded to whole pixels, at least 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lengths on a page")]
pub(super) fn whole(length: f64) -> u32 {
    length.round().max(0.0) as u32
}

/// A table with a caption.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// What addresses call it; unique on its page.
    pub(super) id: String,
    pub(super) caption: String,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) note: String,
    /// The rows are those of one page already, of so many in all: whoever made them has sorted and cut them.
    pub(super) cut_of: Option<usize>,
    /// It is seen once: no address shows it again, so that it has no links.
    pub(super) is_plain: bool,
    /// It is about people: what is searched for would be a name, and no name stands in an address.
    pub(super) is_private: bool,
}

impl Table {
    /// A table without rows. A heading that begins with `#` heads a column of figures, one with `=` a column by which
    /// rows are chosen.
    pub(super) fn new(id: &str, caption: String, heads: &[String]) -> Self {
        let head = |(at, text): (usize, &String)| Head {
            key: at.to_string(),
            text: text.trim_start_matches(['#', '=']).to_owned(),
            number: text.starts_with('#'),
            choose: text.starts_with('='),
        };
        let heads = heads.iter().enumerate().map(head).collect();
        Self { id: id.to_owned(), caption, heads, ..Self::default() }
    }

    /// A table whose caption and headings are keys of the catalogue; its id is the caption's without `web-`.
    pub(super) fn of(t: T, caption: &str, keys: &[&str]) -> Self {
        let head = |key: &&str| {
            let bare = key.trim_start_matches(['#', '=']);
            Head {
                key: bare.to_owned(),
                text: t.w(&format!("column-{bare}")),
                number: key.starts_with('#'),
                choose: key.starts_with('='),
            }
        };
        Self {
            id: caption.trim_start_matches("web-").to_owned(),
            caption: t.w(caption),
            heads: keys.iter().map(head).collect(),
            ..Self::default()
        }
    }

    /// What stands in a page where the table goes.
    pub(super) fn mark(&self) -> String {
        format!("<!--table:{}-->", self.id)
    }
}

/// Templates show where the table goes; the page's frame puts it there.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mark())
    }
}
