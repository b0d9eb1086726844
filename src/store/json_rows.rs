//! Rows that a database answers as one JSON text: an array of arrays of texts, whole numbers and nulls. They are read
//! one after the other, several times as fast as by a reader of any JSON: of a register these are a row for each dose.

use std::borrow::Cow;

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Number(i64),
    /// A text: part of the answer, unless a character was escaped.
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// The text; `None` where it is none.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The answer is no such text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRows;

/// What is left of an answer.
pub(super) struct Rows<'a> {
    text: &'a str,
    at: usize,
    is_first: bool,
}

type Read<T> = Result<T, NoRows>;

impl<'a> Rows<'a> {
    /// The rows of an answer.
    pub(super) fn of(text: &'a str) -> Read<Self> {
        let mut rows = Self { text, at: 0, is_first: true };
        rows.take(b'[')?;
        Ok(rows)
    }

    /// The next row, which has `N` values; `None` after the last.
    pub(super) fn row<const N: usize>(&mut self) -> Read<Option<[Cell<'a>; N]>> {
        let mut cells = [const { Cell::Null }; N];
        Ok(self.read(&mut cells)?.then_some(cells))
    }

    /// Reads the next row, which has as many values as there are cells; `false` after the last.
    pub(super) fn read(&mut self, cells: &mut [Cell<'a>]) -> Read<bool> {
        if self.is(b']') {
            self.space();
            return if self.at == self.text.len() { Ok(false) } else { Err(NoRows) };
        }
        if !std::mem::replace(&mut self.is_first, false) {
            self.take(b',')?;
        }
        self.take(b'[')?;
        for (at, cell) in cells.iter_mut().enumerate() {
            if at > 0 {
                self.take(b',')?;
            }
            *cell = self.cell()?;
        }
        self.take(b']')?;
        Ok(true)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
    }

    /// Goes past a character if it is the next one.
    fn is(&mut self, wanted: u8) -> bool {
        self.space();
        let is = self.text.as_bytes().get(self.at) == Some(&wanted);
        self.at += usize::from(is);
        is
    }

    fn take(&mut self, wanted: u8) -> Read<()> {
        if self.is(wanted) { Ok(()) } else { Err(NoRows) }
    }

    fn cell(&mut self) -> Read<Cell<'a>> {
        if self.is(b'"') {
            return self.word().map(Cell::Text);
        }
        // A number or a name ends before the next comma or bracket.
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|byte| matches!(byte, b',' | b']')).ok_or(NoRows)?;
        self.at += end;
        match rest[..end].trim_ascii_end() {
            "null" => Ok(Cell::Null),
            number => number.parse().map(Cell::Number).map_err(|_| NoRows),
        }
    }

    /// The text whose opening mark is behind us.
    fn word(&mut self) -> Read<Cow<'a, str>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut is_escaped = false;
        loop {
            let rest = bytes.get(self.at..).ok_or(NoRows)?;
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(NoRows)?;
            if bytes[self.at] == b'"' {
                break;
            }
            // What is escaped is no end.
            is_escaped = true;
            self.at += 2;
        }
        let end = self.at;
        self.at += 1;
        if is_escaped {
            let quoted = self.text.get(start - 1..=end).ok_or(NoRows)?;
            return serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| NoRows);
        }
        Ok(Cow::Borrowed(&self.text[start..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// All rows of an answer as a reader of any JSON would give them.
    fn all<const N: usize>(text: &str) -> Read<Vec<Vec<Value>>> {
        let mut rows = Rows::of(text)?;
        let mut found = Vec::new();
        while let Some(row) = rows.row::<N>()? {
            let value = |cell: Cell<'_>| match cell {
                Cell::Null => Value::Null,
                Cell::Number(number) => json!(number),
                Cell::Text(text) => json!(text),
            };
            found.push(row.map(value).to_vec());
        }
        Ok(found)
    }

    #[test]
    fn answers_of_both_databases_are_read() {
        assert_eq!(all::<2>("[]"), Ok(vec![]));
        let sqlite = r#"[["甲",null],["a\"b\\",-12]]"#;
        let postgresql = "[[\"甲\", null], \n [\"a\\\"b\\\\\" , -12 ]] ";
        for text in [sqlite, postgresql] {
            let found = all::<2>(text).unwrap();
            assert_eq!(found, [vec![json!("甲"), Value::Null], vec![json!("a\"b\\"), json!(-12)]]);
        }
    }

    #[test]
    fn a_plain_text_is_part_of_the_answer() {
        let text = r#"[["plain","\u7532"]]"#;
        let [plain, escaped] = Rows::of(text).unwrap().row::<2>().unwrap().unwrap();
        assert!(matches!(plain, Cell::Text(Cow::Borrowed("plain"))));
        assert_eq!(escaped, Cell::Text("甲".into()));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in [
            "",
            "[",
            "{}",
            "[[]]",
            "[[1]]",
            "[[1,2,3]]",
            "[[1,2]",
            "[[1,2]] x",
            "[[1,2] [1,2]]",
            "[[1,]]",
            "[[1.5,2]]",
            "[[true,2]]",
            "[[1,\"a]]",
            "[[1,\"a\\]]",
            "[[1,\"\\x\"]]",
            "[,[1,2]]",
            "[[1 2]]",
            "[[\"\\é",
            "[[1,\"\\",
        ] {
            assert_eq!(all::<2>(text), Err(NoRows), "{text}");
        }
    }

    proptest! {
        #[test]
        fn rows_are_what_a_reader_of_any_json_finds(
            rows in prop::collection::vec(
                (".*", prop::option::of(any::<i64>()), "[a-z\"\\\\\n]*"),
                0..6,
            ),
            cut in any::<prop::sample::Index>(),
        ) {
            let rows: Vec<Value> = rows.into_iter().map(|(a, b, c)| json!([a, b, c])).collect();
            let text = serde_json::to_string(&rows).unwrap();
            let found = all::<3>(&text).unwrap();
            prop_assert_eq!(json!(found), json!(rows));
            // A part of an answer is none.
            let end = cut.index(text.len());
            if text.is_char_boundary(end) {
                prop_assert_eq!(all::<3>(&text[..end]), Err(NoRows));
            }
        }
    }
}
