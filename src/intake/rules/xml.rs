//! Reads XML as a tree of elements with their rows. Attributes, comments and instructions are ignored.

use crate::intake::issue::Issue;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// An element: its name, its own text, its children.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    pub(super) name: Box<str>,
    pub(super) row: u32,
    text: String,
    children: Vec<Self>,
}

/// Deepest nesting. Files of rules have a few levels; a deeper file would only fill the memory.
const DEPTH_MAX: usize = 64;

impl Element {
    /// The first child with this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| &*child.name == name)
    }

    /// The children with this name.
    pub(super) fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| &*child.name == name)
    }

    /// Every child.
    pub(super) fn children(&self) -> &[Self] {
        &self.children
    }

    /// Its own text without surrounding blanks; empty for `n/a`.
    pub(super) fn text(&self) -> &str {
        let text = self.text.trim();
        if text.eq_ignore_ascii_case("n/a") { "" } else { text }
    }

    /// The text of the first child with this name; empty if there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.child(name).map_or("", Self::text)
    }

    /// Whether neither the element nor anything below it has text.
    pub(super) fn is_blank(&self) -> bool {
        self.text().is_empty() && self.children.iter().all(Self::is_blank)
    }
}

/// Counts the rows of a text as it is read. LF, CR and CRLF end a row.
struct Rows<'a> {
    bytes: &'a [u8],
    at: usize,
    row: u32,
}

impl Rows<'_> {
    fn at(&mut self, offset: u64) -> u32 {
        let end = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        while self.at < end {
            let byte = self.bytes[self.at];
            let is_crlf = byte == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n');
            self.row += u32::from(byte == b'\n' || (byte == b'\r' && !is_crlf));
            self.at += 1;
        }
        self.row
    }
}

/// Reads a file whose root element must have this name.
pub(super) fn parse(file: &str, text: &str, root: &str) -> Result<Element, Issue> {
    let wrong = |row: u32, reason: &dyn std::fmt::Display| {
        Issue::error("bad_xml", file).row(row).with("reason", reason)
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = Rows { bytes: text.as_bytes(), at: 0, row: 1 };
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    loop {
        let row = rows.at(reader.buffer_position());
        let event = reader.read_event();
        let event = event.map_err(|error| wrong(rows.at(reader.error_position()), &error))?;
        match event {
            Event::Start(start) => {
                if open.len() == DEPTH_MAX {
                    return Err(wrong(row, &"too many levels"));
                }
                let name = start.local_name().as_ref().into();
                let row = rows.at(reader.buffer_position());
                open.push(Element { name, row, text: String::new(), children: Vec::new() });
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { return Err(wrong(row, &"an end too many")) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None if &*done.name == root => return Ok(done),
                    None => {
                        let issue = Issue::error("unknown_root", file).row(row);
                        return Err(issue.value(&done.name).with("root", root));
                    }
                }
            }
            Event::Text(part) => push(&mut open, &part.xml10_content()),
            Event::CData(part) => push(&mut open, &part),
            Event::GeneralRef(part) => match character(&part) {
                Some(c) => push(&mut open, c.encode_utf8(&mut [0; 4])),
                None => return Err(wrong(row, &format!("unknown entity &{};", &*part))),
            },
            Event::Eof => return Err(wrong(row, &"the file ends too early")),
            _ => {}
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        // Blanks between elements are not kept.
        if !(element.text.is_empty() && text.trim().is_empty()) {
            element.text.push_str(text);
        }
    }
}

fn character(part: &BytesRef<'_>) -> Option<char> {
    match &**part {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => part.resolve_char_ref().ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_have_text_children_and_rows_in_any_line_end() {
        for end in ["\n", "\r", "\r\n"] {
            let text = format!("<?xml version=\"1.0\"?>{end}<a>{end}<b>x &amp; y</b><c/>{end}</a>");
            let a = parse("a.xml", &text, "a").expect("an element");
            assert_eq!((a.row, a.value("b")), (2, "x & y"));
            let c = a.child("c").expect("an empty element");
            assert_eq!((c.row, c.is_blank()), (3, true));
        }
    }

    #[test]
    fn broken_files_say_where() {
        for text in ["", "<a>", "<a>\n<b></a>", "</a>", "<b/>", "<a>&nothing;</a>", "plain"] {
            assert!(parse("a.xml", text, "a").is_err(), "{text}");
        }
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        assert!(parse("a.xml", &deep, "a").is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(
            text in "\\PC*|(<[ab/!?\\-\\[]{0,4}>?|&[a-z#0-9]{0,4};?|\\PC){0,40}",
        ) {
            let _ = parse("a.xml", &text, "a");
        }
    }
}
