//! Tests of intake as a whole: folders with one fault each, the examples, workbooks, long files.

mod folders;
mod jurisdictions;
mod properties;
mod streams;
mod workbooks;

use super::*;
use crate::domain::campaign::{Campaign, Language};
use std::path::{Path, PathBuf};

/// A folder of the fixtures.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/campaigns").join(name)
}

/// The base folder, with the files of a case replacing its own.
fn laid_over(case: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for source in [fixture("base"), fixture(case)] {
        for entry in std::fs::read_dir(source).expect("a fixture").flatten() {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
        }
    }
    folder
}

/// An issue as `code file row column`, with `-` for what is absent.
fn brief(issues: &[Issue]) -> Vec<String> {
    let brief = |issue: &Issue| {
        let row = issue.row.map_or_else(|| "-".to_owned(), |row| row.to_string());
        let column = issue.column.as_deref().unwrap_or("-");
        format!("{} {} {row} {column}", issue.code, issue.file)
    };
    issues.iter().map(brief).collect()
}

/// How many random inputs a property gets: `usual`, or its share (in sixtieths) of those that `DOSEPLAN_FUZZ` asks
/// for. A third of them are workbooks.
pub(in crate::intake) fn runs(usual: u32, sixtieths: u32) -> u32 {
    let asked = std::env::var("DOSEPLAN_FUZZ").ok().and_then(|asked| asked.parse::<u32>().ok());
    asked.map_or(usual, |asked| (asked / 60).saturating_mul(sixtieths).max(1))
}

/// Messages are complete in both languages: every argument that they use is filled in.
pub(in crate::intake) fn assert_messages(issues: &[Issue]) {
    for issue in issues {
        for language in [Language::ZhCn, Language::En] {
            let line = issue.line(language);
            // What a file has in a cell may look like an argument that is missing.
            let quoted = issue.arguments.iter().map(|(_, text)| text);
            let is_quoted = quoted.chain([&issue.value]).any(|text| text.contains("{$"));
            assert!(is_quoted || !line.contains("{$"), "{line}");
            assert!(!line.contains('⟨'), "{line}");
        }
    }
}

fn load(path: &Path) -> Campaign {
    campaign(path, series::all()).unwrap_or_else(|issues| panic!("{:#?}", brief(&issues))).campaign
}

#[test]
fn every_code_has_a_message() {
    for code in CODES {
        for language in [Language::ZhCn, Language::En] {
            let message = Issue::error(code, "f").message(language);
            assert!(!message.contains('⟨'), "{code}: {message}");
        }
    }
}

#[test]
fn what_a_message_quotes_cannot_move_the_cursor_or_turn_the_text_around() {
    let issue = Issue::error("bad_date", "f.csv").row(2).column("a\nb").value("\u{1b}[2J\u{202e}x");
    let line = issue.line(Language::En);
    assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line}");
}
