//! Workbooks made to harm, through every door that reads workbooks: a clear error, little memory, little time, and a
//! daemon that lives.

use crate::old_workbook::{book, number, record, shared};
use crate::support::{PROGRAM, World, text};
use std::io::{Cursor, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

/// Memory and time that any workbook may cost. A debug build is slower than what is promised of a release.
const MEMORY_MAX_KB: u64 = 512 * 1024;
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 30 });

const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
const TIE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TIES: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// The parts of a workbook that a case replaces.
#[derive(Clone, Default)]
struct Parts {
    sheet: String,
    texts: String,
    styles: String,
    name: Option<String>,
    more: Vec<(String, Vec<u8>)>,
}

fn zipped(parts: &Parts) -> Vec<u8> {
    let tie = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{TIE}/{kind}\" Target=\"{target}\"/>")
    };
    let ties = |ties: String| format!("<Relationships xmlns=\"{TIES}\">{ties}</Relationships>");
    let inner = tie("r1", "worksheet", "worksheets/sheet1.xml")
        + &tie("r2", "sharedStrings", "sharedStrings.xml")
        + &tie("r3", "styles", "styles.xml");
    let name = parts.name.as_deref().unwrap_or("doses");
    let files = [
        ("_rels/.rels".to_owned(), ties(tie("r1", "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml".to_owned(),
            format!(
                "<workbook {MAIN} xmlns:r=\"{TIE}\"><sheets><sheet name=\"{name}\" sheetId=\"1\" \
                 r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels".to_owned(), ties(inner)),
        (
            "xl/worksheets/sheet1.xml".to_owned(),
            format!("<worksheet {MAIN}>{}</worksheet>", parts.sheet),
        ),
        ("xl/sharedStrings.xml".to_owned(), format!("<sst {MAIN}>{}</sst>", parts.texts)),
        ("xl/styles.xml".to_owned(), format!("<styleSheet {MAIN}>{}</styleSheet>", parts.styles)),
    ];
    let files = files.map(|(name, text)| (name, text.into_bytes()));
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files.iter().chain(&parts.more) {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn rows(count: usize, cell: impl Fn(usize) -> String) -> String {
    let rows = (1..=count).map(|row| format!("<row r=\"{row}\">{}</row>", cell(row)));
    format!("<sheetData>{}</sheetData>", rows.collect::<String>())
}

/// Names of files, what is in them, and the code of the issue (empty where the file is read and its header refused).
pub(crate) fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let with = |parts: Parts| zipped(&parts);
    let long = "x".repeat(32_000);
    let shared_cell = |row: usize| format!("<c r=\"A{row}\" t=\"s\"><v>0</v></c>");
    let far = "<sheetData><row r=\"1\"><c r=\"A1\"><f>1</f><v>1</v></c></row><row r=\"1048576\">\
        <c r=\"XFD1048576\">\
        <f t=\"shared\" si=\"4294967295\" ref=\"A1:XFD1048576\">A1</f><v>2</v></c>\
        </row></sheetData><mergeCells><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>";
    let claims = record(0x0200, &[[0; 4], [0xff; 4], [0, 0, 0xff, 0xff], [0; 4]].concat()[..14]);
    let corners = vec![claims, number(0, 0, 0, 1.0), number(u16::MAX, u16::MAX, 0, 2.0)];
    let old_text =
        [&[0; 8][..], &8_000_u16.to_le_bytes(), &[0], &long.as_bytes()[..8_000]].concat();
    let old_long = book(
        &[record(0x00fc, &old_text)],
        &[("doses", (0..30_000).map(|row| shared(row, 0, 0)).collect())],
    );
    vec![
        ("far.xlsx", with(Parts { sheet: far.into(), ..Parts::default() }), ""),
        ("far.xls", book(&[], &[("doses", corners)]), ""),
        (
            "shared.xlsx",
            with(Parts {
                sheet: rows(200_000, shared_cell),
                texts: format!("<si><t>{long}</t></si>"),
                ..Parts::default()
            }),
            "sheet_too_large",
        ),
        ("shared.xls", old_long, "sheet_too_large"),
        (
            "texts.xlsx",
            with(Parts { texts: "<si><t/></si>".repeat(6_000_000), ..Parts::default() }),
            "workbook_too_large",
        ),
        (
            "styles.xlsx",
            with(Parts {
                styles: format!("<cellXfs>{}</cellXfs>", "<xf/>".repeat(1_000_000)),
                ..Parts::default()
            }),
            "workbook_too_large",
        ),
        (
            "piece.xlsx",
            with(Parts { sheet: format!("<!--{}-->", "<".repeat(50_000_000)), ..Parts::default() }),
            "bad_workbook",
        ),
        (
            "name.xlsx",
            with(Parts { name: Some("n".repeat(900_000)), ..Parts::default() }),
            "bad_workbook",
        ),
        (
            "entries.xlsx",
            with(Parts {
                more: (0..60_000).map(|at| (format!("p{at}"), Vec::new())).collect(),
                ..Parts::default()
            }),
            "workbook_too_large",
        ),
        (
            "bomb.xlsx",
            with(Parts {
                more: (0..10).map(|at| (format!("p{at}.bin"), vec![0; 60_000_000])).collect(),
                ..Parts::default()
            }),
            "workbook_too_large",
        ),
        (
            "cells.xlsx",
            with(Parts {
                sheet: rows(60_000, |row| format!("<c r=\"XFD{row}\"><v>1</v></c>")),
                ..Parts::default()
            }),
            "sheet_too_large",
        ),
        ("binary.xlsb", b"PK\x03\x04".to_vec(), "old_workbook"),
        ("open.ods", b"PK\x03\x04".to_vec(), "old_workbook"),
    ]
}

/// Runs the program under a watch; returns exit code, what it said, its peak memory in KB (its children's too), time.
fn watched(world: &World, arguments: &[&str]) -> (i32, String, u64, Duration) {
    const WATCH: &str = "
import resource, subprocess, sys
ran = subprocess.run(sys.argv[1:], capture_output=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stderr.buffer.write(ran.stdout + ran.stderr)
print(ran.returncode, peak)
";
    let since = Instant::now();
    let mut command = Command::new("python3");
    command.args(["-c", WATCH, PROGRAM]).args(arguments).current_dir(world.path("."));
    command.env("DOSEPLAN_DB", world.db()).env("LC_ALL", "en_US.UTF-8");
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = printed.split_whitespace().map(|word| word.parse::<i64>().unwrap());
    let code = i32::try_from(numbers.next().unwrap()).unwrap();
    let peak = u64::try_from(numbers.next().unwrap()).unwrap();
    (code, String::from_utf8_lossy(&output.stderr).into_owned(), peak, since.elapsed())
}

#[test]
fn no_workbook_costs_more_than_it_may_and_each_ends_in_a_clear_error() {
    let world = World::small();
    for (name, bytes, wanted) in cases() {
        let path = world.file(name, bytes);
        for arguments in [
            &["campaign", "check", text(&path), "-o", "json"][..],
            &["doses", "import", text(&path)],
        ] {
            let (code, said, peak, took) = watched(&world, arguments);
            let is_check = arguments[0] == "campaign";
            assert_eq!(code, if is_check { 4 } else { 3 }, "{name}: {said}");
            if is_check && !wanted.is_empty() {
                assert!(said.contains(&format!("\"{wanted}\"")), "{name}: {said}");
            }
            assert!(said.contains(name), "{name}: {said}");
            assert!(!said.contains("panicked"), "{name}: {said}");
            assert!(peak < MEMORY_MAX_KB, "{name}: {peak} KB");
            assert!(took < TIME_MAX, "{name}: {took:?}");
            println!("{name}: {} MB, {} ms", peak / 1024, took.as_millis());
        }
    }
}
