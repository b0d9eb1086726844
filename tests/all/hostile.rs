//! Workbooks made to harm, through every door that reads workbooks: a clear error, little memory, little time, and a
//! daemon that lives.

use crate::cockpit_files::import;
use crate::dice::Dice;
use crate::old_workbook::{book, number, record, shared, shared_texts};
use crate::operation::exchange;
use crate::support::{PROGRAM, World, text};
use crate::web::Office;
use std::io::{Cursor, Read as _, Write as _};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

/// Memory and time that any workbook may cost. A debug build is slower than what is promised of a release.
const MEMORY_MAX_KB: u64 = 512 * 1024;
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 30 });

/// Broken workbooks of a run in CI. `DOSEPLAN_WORKBOOKS=1000` is the long form.
const WORKBOOKS: u64 = 12;

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

/// Changes bytes, or cuts, doubles and inserts pieces.
fn disturb(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const PIECES: [&str; 7] = [
        "<row r=\"1048576\">",
        "<c r=\"XFD9\" t=\"s\"><v>4294967296</v></c>",
        "</sheetData>",
        "&#0;&x;",
        "<!--",
        "<f t=\"shared\" si=\"0\" ref=\"A1:XFD1048576\">A1</f>",
        "<v>1e309</v>",
    ];
    for _ in 0..=dice.below(6) {
        let at = dice.one_of(bytes.len().max(1)).min(bytes.len());
        let end = (at + 64).min(bytes.len());
        match dice.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].repeat(1 + dice.one_of(40_000));
                drop(bytes.splice(at..at, piece));
            }
            3 => drop(bytes.splice(at..at, PIECES[dice.one_of(PIECES.len())].bytes())),
            _ => bytes[at..end.min(at + 1)].fill(u8::try_from(dice.below(256)).unwrap()),
        }
    }
}

/// A workbook that is broken somewhere: in its parts, or in its own bytes.
fn broken(good: &[u8], dice: &mut Dice) -> Vec<u8> {
    let archive = zip::ZipArchive::new(Cursor::new(good));
    let Some(mut archive) = archive.ok().filter(|_| dice.in_1000(750)) else {
        let mut bytes = good.to_vec();
        disturb(&mut bytes, dice);
        return bytes;
    };
    let chosen = dice.one_of(archive.len());
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        if at == chosen || dice.in_1000(200) {
            disturb(&mut bytes, dice);
        }
        zip.start_file(part.name().unwrap(), SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The highest memory so far of a process, in KB.
fn peak(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The highest memory of those whom a process has started and who run now, in KB.
fn peak_of_children(process: u32) -> u64 {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let names = all.map(|one| one.file_name().to_string_lossy().into_owned());
    let is_child = |name: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        parent == Some(process.to_string().as_str())
    };
    names.filter(is_child).filter_map(|name| peak(&name)).max().unwrap_or(0)
}

#[test]
fn broken_workbooks_one_after_the_other_leave_the_daemon_as_it_was() {
    let named = std::env::var("DOSEPLAN_WORKBOOKS").ok().and_then(|value| value.parse().ok());
    let count: u64 = named.unwrap_or(WORKBOOKS);
    let office = Office::open();
    let browser = office.login("planner");
    let path = office.world.path("good.xlsx");
    office.world.run(&["campaign", "export", text(&path)]).ends(0);
    let good = std::fs::read(&path).unwrap();
    let cells = vec![shared(0, 0, 0), shared(0, 1, 1), shared(1, 0, 1), number(1, 1, 0, 2.0)];
    let old = book(&[shared_texts(&["area", "name"])], &[("areas", cells)]);
    // The watcher ends with the last one who needs it, also where a check fails.
    let (children, needed) = (AtomicU64::new(0), Arc::new(()));
    let still_needed = Arc::downgrade(&needed);
    let (daemon, mut dice) = (office.process(), Dice(count));
    let (mut refused, mut longest) = (0, Duration::ZERO);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while still_needed.strong_count() > 0 {
                children.fetch_max(peak_of_children(daemon), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        for at in 0..count {
            let (kind, from) = if at % 3 == 2 { ("xls", &old) } else { ("xlsx", &good) };
            let (name, bytes) = (format!("b{at}.{kind}"), broken(from, &mut dice));
            // A campaign's workbook, a survey, or a file of records, which may be an old workbook; an empty one is no
            // file.
            let is_campaign = at % 3 == 0 || bytes.is_empty();
            let is_survey = at % 6 == 1;
            let since = Instant::now();
            let told = if is_campaign {
                let answer = browser.upload(&name, &bytes);
                // Refused at once where it is no workbook at all.
                refused += u64::from(answer.status == 400);
                match answer.headers.get("location") {
                    Some(page) => browser.get(page).body,
                    None if answer.status == 400 => name.clone(),
                    None => answer.body,
                }
            } else if is_survey {
                browser.send("/national/survey", &[("file", &name, &bytes)]).body
            } else {
                import(&browser, &[("kind", "", b"doses"), ("file", &name, &bytes)])
            };
            longest = longest.max(since.elapsed());
            if !told.contains(&name) {
                let kept = std::env::temp_dir().join(&name);
                std::fs::write(&kept, &bytes).unwrap();
                panic!("{}: {told}", kept.display());
            }
        }
        drop(needed);
    });
    let own = peak(&daemon.to_string()).expect("it runs");
    let children = children.into_inner();
    println!(
        "{count} broken workbooks: {refused} refused at once, at most {} ms each; at most {} MB in \
         the daemon, {} MB in its readers",
        longest.as_millis(),
        own / 1024,
        children / 1024
    );
    assert!(own < MEMORY_MAX_KB && children < MEMORY_MAX_KB && longest < TIME_MAX);
    let health = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(office.address(), health).unwrap().status, 200);
    assert!(browser.checked("good.xlsx", &good).contains("/apply"));
}
