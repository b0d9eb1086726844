//! Looks at every part of an .xlsx file before it is parsed: how many parts there are, how large they are when
//! unpacked, and how many elements and how long a piece of text they hold. What the file claims is not believed.

use crate::intake::issue::Issue;
use std::io::{Cursor, Read};

/// Most parts of a workbook.
const PARTS_MAX: usize = 4096;
/// Largest workbook when unpacked.
pub(super) const UNPACKED_BYTES_MAX: u64 = 512 << 20;
/// The same limit for an upload.
pub(super) const UPLOAD_UNPACKED_MAX: u64 = 96 << 20;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// What each entry of a zip file's directory starts with.
const ENTRY_MARK: &[u8] = b"PK\x01\x02";

/// How much a part may hold. A sheet is read cell by cell; the other parts are kept in memory.
#[derive(Clone, Copy)]
struct PartMax {
    bytes: u64,
    /// Signs `<`: elements and their ends.
    elements: u64,
    /// Longest piece that a parser holds in memory at once: a text, a tag, a comment.
    piece: usize,
}

/// Longest piece of a sheet. A cell has at most 32,767 characters.
const PIECE_BYTES_MAX: usize = 1 << 20;
/// Texts that cells share: four million.
const TEXTS: PartMax = PartMax { bytes: 128 << 20, elements: 16_000_000, piece: PIECE_BYTES_MAX };
/// Formats. Excel allows 65,490 of them; each repeats the name of its font.
const STYLES: PartMax = PartMax { bytes: 32 << 20, elements: 200_000, piece: 1024 };
/// Names of sheets, defined names, relations between parts.
const SMALL: PartMax = PartMax { bytes: 8 << 20, elements: 200_000, piece: PIECE_BYTES_MAX };

fn max_of(name: &str, bytes: u64) -> PartMax {
    let name = name.to_lowercase();
    let kind = name.rsplit('.').next().unwrap_or_default();
    if name.contains("worksheets/") && kind != "rels" {
        PartMax { bytes, elements: u64::MAX, piece: PIECE_BYTES_MAX }
    } else if name.ends_with("sharedstrings.xml") {
        TEXTS
    } else if name.ends_with("styles.xml") {
        STYLES
    } else if kind == "xml" || kind == "rels" {
        SMALL
    } else {
        // Pictures are never parsed.
        PartMax { bytes, elements: u64::MAX, piece: usize::MAX }
    }
}

fn bad(name: &str, reason: &dyn ToString) -> Issue {
    Issue::error("bad_workbook", name).with("reason", reason.to_string())
}

/// Refuses a workbook that has more of anything than can be read; with `are_macros_refused` also one with macros.
pub(super) fn check(
    bytes: &[u8],
    name: &str,
    bytes_max: u64,
    are_macros_refused: bool,
) -> Result<(), Issue> {
    let too_large = |limit: String| Issue::error("workbook_too_large", name).with("limit", limit);
    let whole = || too_large(format!("{} MB", bytes_max >> 20));
    // Opening the archive keeps some hundred bytes for each entry of its directory, however short.
    if bytes.windows(4).filter(|four| *four == ENTRY_MARK).count() > PARTS_MAX {
        return Err(too_large(format!("{PARTS_MAX} × PK")));
    }
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad(name, &error))?;
    let (mut declared, mut real) = (0_u64, 0_u64);
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| bad(name, &error))?;
        let called = part.name().map_err(|error| bad(name, &error))?.into_owned();
        if are_macros_refused && called.to_lowercase().contains("vbaproject") {
            return Err(Issue::error("macros", name));
        }
        declared = declared.saturating_add(part.size());
        if declared > bytes_max {
            return Err(whole());
        }
        let max = max_of(&called, bytes_max);
        let limit = max.bytes.min(bytes_max - real);
        let found = measure(part.take(limit + 1), max.piece).map_err(|error| bad(name, &error))?;
        real += found.bytes;
        if real > bytes_max {
            return Err(whole());
        }
        if found.bytes > limit {
            return Err(too_large(format!("{} MB ({called})", limit >> 20)));
        }
        if found.elements > max.elements {
            return Err(too_large(format!("{} × < ({called})", max.elements)));
        }
        if found.has_long_piece {
            let limit = max.piece;
            return Err(bad(name, &format!("a piece of {called} is longer than {limit} bytes")));
        }
        if found.has_doctype {
            return Err(bad(name, &format!("{called} declares a document type")));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    bytes: u64,
    elements: u64,
    has_long_piece: bool,
    has_doctype: bool,
}

/// Where in XML a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    /// In a tag, perhaps within quotes.
    Tag(Option<u8>),
    /// Up to the end that is named.
    Until(&'static [u8]),
}

/// Reads a part and measures its pieces.
fn measure(mut part: impl Read, piece_max: usize) -> std::io::Result<Found> {
    let mut found = Found::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut within, mut piece) = (Within::Text, 0_usize);
    let mut last = [0_u8; 9];
    loop {
        let length = part.read(&mut chunk)?;
        if length == 0 {
            return Ok(found);
        }
        found.bytes += length as u64;
        if piece_max == usize::MAX {
            continue;
        }
        for byte in &chunk[..length] {
            last.rotate_left(1);
            last[8] = *byte;
            piece += 1;
            found.has_long_piece |= piece > piece_max;
            let next = match within {
                Within::Text if *byte == b'<' => {
                    found.elements += 1;
                    Within::Tag(None)
                }
                Within::Tag(None) if last.ends_with(b"<!--") => Within::Until(b"-->"),
                Within::Tag(None) if last.ends_with(b"<![CDATA[") => Within::Until(b"]]>"),
                Within::Tag(None) if last.ends_with(b"<?") => Within::Until(b"?>"),
                Within::Tag(None) if last.ends_with(b"<!D") || last.ends_with(b"<!d") => {
                    found.has_doctype = true;
                    Within::Tag(None)
                }
                Within::Tag(None) if *byte == b'>' => Within::Text,
                Within::Tag(None) if matches!(byte, b'"' | b'\'') => Within::Tag(Some(*byte)),
                Within::Tag(Some(quote)) if *byte == quote => Within::Tag(None),
                Within::Until(end) if last.ends_with(end) => Within::Text,
                within => within,
            };
            let is_new =
                next != within && !matches!((within, next), (Within::Tag(_), Within::Tag(_)));
            within = next;
            if is_new {
                piece = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (part, bytes) in parts {
            zip.start_file(*part, SimpleFileOptions::default()).expect("a part");
            zip.write_all(bytes).expect("bytes");
        }
        zip.finish().expect("a zip").into_inner()
    }

    fn code(bytes: &[u8], limit: u64) -> Result<(), &'static str> {
        check(bytes, "f", limit, false).map_err(|issue| issue.code)
    }

    #[test]
    fn a_workbook_that_unpacks_to_more_than_the_limit_stays_closed() {
        let blanks = "<c/>".repeat(256 * 1024);
        let sheets = ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"];
        let bytes = zipped(&sheets.map(|sheet| (sheet, blanks.as_bytes())));
        assert!(bytes.len() < 20_000);
        assert_eq!(code(&bytes, 2 << 20), Ok(()));
        assert_eq!(code(&bytes, (2 << 20) - 1), Err("workbook_too_large"));
        // A part that claims a small size is counted all the same.
        let mut lying = bytes.clone();
        let size = (1024_u32 * 1024).to_le_bytes();
        while let Some(at) = lying.windows(4).position(|window| window == size) {
            lying[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
        }
        assert!(code(&lying, 1 << 20).is_err());
    }

    #[test]
    fn parts_that_are_kept_in_memory_have_a_limit_of_their_own() {
        let styles = "<xf/>".repeat(200_001);
        let bytes = zipped(&[("xl/styles.xml", styles.as_bytes())]);
        assert_eq!(code(&bytes, 96 << 20), Err("workbook_too_large"));
        let names: Vec<String> = (0..=PARTS_MAX).map(|at| format!("p{at}")).collect();
        let parts: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert_eq!(code(&zipped(&parts), 96 << 20), Err("workbook_too_large"));
    }

    #[test]
    fn one_piece_of_a_part_cannot_fill_the_memory() {
        let long = "x".repeat(PIECE_BYTES_MAX + 1);
        let signs = "<".repeat(PIECE_BYTES_MAX + 1);
        for text in [
            format!("<v>{long}</v>"),
            format!("<c r=\"{long}\"/>"),
            format!("<c r=\"{signs}\"/>"),
            format!("<!--{signs}-->"),
            format!("<![CDATA[{signs}]]>"),
        ] {
            let bytes = zipped(&[("xl/worksheets/sheet1.xml", text.as_bytes())]);
            assert_eq!(code(&bytes, 96 << 20), Err("bad_workbook"), "{}", &text[..12]);
        }
        let entity = b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
        let bytes = zipped(&[("xl/workbook.xml", entity)]);
        assert_eq!(code(&bytes, 96 << 20), Err("bad_workbook"));
    }
}
