//! Hostile and odd workbooks, at the level of cells and records. `DOSEPLAN_FUZZ` sets how many random ones.

#[path = "../../../tests/all/old_workbook.rs"]
mod old_workbook;

use super::*;
use crate::intake::tests::runs;
use calamine::{Data, Reader, Xls};
use old_workbook::{book, cell, formula, number, record, shared, shared_texts, text};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

const ASK: Ask<'_> = Ask { name: "f", only: None, is_upload: true };

fn read(bytes: Vec<u8>) -> Result<Book, Issue> {
    let mut kept = Kept::default();
    parse(bytes, &ASK, &mut kept)?;
    Ok(Book { name: "f".to_owned(), sheets: kept.0 })
}

fn first(bytes: Vec<u8>) -> Vec<(u32, Vec<String>)> {
    let mut book = read(bytes).unwrap_or_else(|issue| panic!("{issue}"));
    let name = book.sheets().first().cloned().expect("a sheet");
    book.rows(&name).expect("rows").into_iter().map(|row| (row.row, row.cells)).collect()
}

fn code(bytes: Vec<u8>) -> Option<&'static str> {
    read(bytes).err().map(|issue| issue.code)
}

/// The cells of a workbook as another reader finds them; `None` where it cannot read it.
fn peer(bytes: &[u8]) -> Option<Vec<Vec<String>>> {
    let mut book = Xls::new(Cursor::new(bytes)).ok()?;
    let name = book.sheet_names().first().cloned()?;
    let range = book.worksheet_range(&name).ok()?;
    let text = |cell: &Data| match cell {
        Data::DateTime(at) => cells::date_text(at),
        Data::Float(number) => cells::number_text(*number, false),
        other => other.to_string(),
    };
    Some(range.rows().map(|row| row.iter().map(text).collect()).collect())
}

#[test]
fn an_old_workbook_is_read_as_another_reader_reads_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workbooks/small.xls");
    let bytes = std::fs::read(path).expect("a fixture");
    let expected: Vec<Vec<String>> = peer(&bytes).expect("the peer reads it");
    let filled = expected.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
    let trimmed = |row: &[String]| -> Vec<String> {
        let last = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1);
        row[..last].to_vec()
    };
    let found = first(bytes.clone());
    assert!(found.iter().map(|(_, cells)| cells.clone()).eq(filled.map(|row| trimmed(row))));
}

#[test]
fn every_kind_of_cell_of_an_old_workbook_is_read() {
    let day = record(
        0x041e,
        &[&164_u16.to_le_bytes()[..], &text("yyyy\"年\"m\"月\"d\"日\"", 2)].concat(),
    );
    let styles = [0_u16, 164, 11]
        .map(|format| record(0x00e0, &[&[0, 0][..], &format.to_le_bytes(), &[0; 16]].concat()));
    let before = [vec![day], styles.to_vec(), vec![shared_texts(&["云阳街道", "b"])]].concat();
    let short = |bits: u32| bits.to_le_bytes();
    let numbers = [
        &cell(0, 3, 0)[..4],
        &[0, 0],
        &short(321_181 << 2 | 2),
        &[0, 0],
        &short(150 << 2 | 3),
        &[4, 0],
    ];
    let records = vec![
        shared(0, 0, 0),
        number(0, 1, 1, 44_489.375),
        number(0, 2, 2, 100_000.0),
        record(0x00bd, &numbers.concat()),
        formula(1, 0, [0, 0, 0, 0, 0, 0, 0xff, 0xff]),
        record(0x0207, &text("r-1", 2)),
        formula(1, 1, 2.5_f64.to_le_bytes()),
        record(0x0205, &[&cell(1, 2, 0)[..], &[0x17, 1]].concat()),
        record(0x0205, &[&cell(1, 3, 0)[..], &[1, 0]].concat()),
        record(0x0204, &[&cell(1, 4, 0)[..], &text("日报", 2)].concat()),
        number(1, 5, 0, 321_101_199_001_011_234.0),
    ];
    let rows = first(book(&before, &[("日报", records)]));
    assert_eq!(
        rows,
        [
            (1, ["云阳街道", "2021-10-20", "1E+5", "321181", "1.5"].map(str::to_owned).to_vec()),
            (
                2,
                ["r-1", "2.5", "#REF!", "true", "日报", "3.21101199001011E+17"]
                    .map(str::to_owned)
                    .to_vec()
            ),
        ]
    );
}

#[test]
fn a_text_that_goes_on_in_another_record_is_whole() {
    let long = "长".repeat(5000);
    let mut table = [&[0; 8][..], &text(&long, 2)].concat();
    // Cut within the letters; the next record says anew how wide they are.
    let rest = table.split_off(8 + 3 + 2 * 1000);
    let more = [&[1][..], &rest, &text("b", 2)].concat();
    let (one, two) = more.split_at(1 + 2 * 2000);
    let two = [&[1][..], two].concat();
    let records = [record(0x00fc, &table), record(0x003c, one), record(0x003c, &two)];
    let rows = first(book(&records, &[("s", vec![shared(0, 0, 0), shared(0, 1, 1)])]));
    assert_eq!(rows, [(1, vec![long, "b".to_owned()])]);
}

#[test]
fn an_old_workbook_that_claims_much_costs_nothing() {
    let far = vec![
        record(
            0x0200,
            &[&0_u32.to_le_bytes()[..], &u32::MAX.to_le_bytes(), &[0, 0, 0xff, 0xff, 0, 0]]
                .concat(),
        ),
        number(0, 0, 0, 1.0),
        number(u16::MAX, u16::MAX, 0, 2.0),
        formula(u16::MAX, u16::MAX, 3.0_f64.to_le_bytes()),
        record(0x00e5, &[&u16::MAX.to_le_bytes()[..], &[0xff; 8]].concat()),
    ];
    let rows = first(book(&[], &[("s", far)]));
    assert_eq!((rows.len(), rows[1].0, rows[1].1.len()), (2, 65_536, 257));
    // A table of texts that claims four billion, a text that claims more letters than there are, a far text.
    let many = record(0x00fc, &[&[0xff; 8][..], &text("a", 2)].concat());
    assert_eq!(first(book(&[many], &[("s", vec![shared(0, 0, 0)])])).len(), 1);
    let long = record(0x00fc, &[&[0; 8][..], &[0xff, 0xff, 1, 0x61, 0]].concat());
    assert_eq!(code(book(&[long], &[("s", vec![])])), Some("bad_workbook"));
    assert_eq!(code(book(&[], &[("s", vec![shared(0, 0, u32::MAX)])])), Some("bad_workbook"));
    let wide = record(0x00bd, &[&cell(0, 65_530, 0)[..4], &[0; 60], &[0xff, 0xff]].concat());
    assert!(read(book(&[], &[("s", vec![wide])])).is_ok());
}

#[test]
fn a_text_that_all_cells_of_an_old_workbook_share_is_counted_for_each() {
    let long = "x".repeat(16_000);
    let table: Vec<u8> =
        [&[0; 8][..], &16_000_u16.to_le_bytes(), &[0], &long.as_bytes()[..8000]].concat();
    let rest = record(0x003c, &[&[0][..], &long.as_bytes()[8000..]].concat());
    let cells = (0..12_000).map(|row| shared(row, 0, 0)).collect();
    let bytes = book(&[record(0x00fc, &table), rest], &[("s", cells)]);
    let issue = read(bytes).expect_err("a limit");
    assert_eq!((issue.code, &*issue.file), ("sheet_too_large", "f!s"));
}

#[test]
fn a_chain_of_sectors_that_bites_its_tail_ends() {
    let mut bytes = book(&[], &[("s", vec![number(0, 0, 0, 1.0)])]);
    // The directory is followed by itself.
    bytes[512 + 4..512 + 8].copy_from_slice(&1_u32.to_le_bytes());
    assert_eq!(code(bytes), Some("old_workbook"));
    let mut bytes = book(&[], &[("s", vec![number(0, 0, 0, 1.0)])]);
    bytes[68..72].copy_from_slice(&0_u32.to_le_bytes());
    let _ = read(bytes);
}

#[test]
fn a_password_and_the_formats_before_1993_are_told() {
    let password = record(0x002f, &[1, 0, 1, 0]);
    assert_eq!(code(book(&[password], &[("s", vec![])])), Some("old_workbook"));
    let early = old_workbook::compound(&record(0x0409, &[0, 4, 0x10, 0, 0, 0]));
    assert_eq!(code(early), Some("old_workbook"));
}

/// A workbook of today with these parts; the sheet is called `s`.
fn zipped(sheet: &str, texts: &str, styles: &str) -> Vec<u8> {
    const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    const TIE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const TIES: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let tie = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{TIE}/{kind}\" Target=\"{target}\"/>")
    };
    let ties = |ties: &[String]| {
        format!("<Relationships xmlns=\"{TIES}\">{}</Relationships>", ties.concat())
    };
    let inner = [
        tie("r1", "worksheet", "worksheets/sheet1.xml"),
        tie("r2", "sharedStrings", "sharedStrings.xml"),
        tie("r3", "styles", "styles.xml"),
    ];
    let book = format!(
        "<workbook {MAIN} xmlns:r=\"{TIE}\"><sheets>\
         <sheet name=\"s\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let parts = [
        ("_rels/.rels", ties(&[tie("r1", "officeDocument", "xl/workbook.xml")])),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", ties(&inner)),
        ("xl/worksheets/sheet1.xml", format!("<worksheet {MAIN}>{sheet}</worksheet>")),
        ("xl/sharedStrings.xml", format!("<sst {MAIN}>{texts}</sst>")),
        ("xl/styles.xml", format!("<styleSheet {MAIN}>{styles}</styleSheet>")),
    ];
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, SimpleFileOptions::default()).expect("a part");
        zip.write_all(text.as_bytes()).expect("bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

#[test]
fn far_cells_and_formulas_of_a_workbook_cost_nothing() {
    let sheet = "<dimension ref=\"A1:XFD1048576\"/><sheetData>\
        <row r=\"1\"><c r=\"A1\"><f>1+1</f><v>2</v></c></row>\
        <row r=\"1048576\"><c r=\"XFD1048576\">\
        <f t=\"shared\" si=\"4294967295\" ref=\"A1:XFD1048576\">A1</f><v>3</v></c></row>\
        </sheetData><mergeCells count=\"1\"><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>";
    let book = read(zipped(sheet, "", "")).expect("a workbook");
    assert_eq!(book.formulas().len(), 1);
    let rows = first(zipped(sheet, "", ""));
    assert_eq!(rows[0], (1, vec!["2".to_owned()]));
    assert_eq!((rows[1].0, rows[1].1.len()), (1_048_576, 257));
}

#[test]
fn a_number_is_read_as_its_cell_shows_it() {
    let styles = "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"0.0E+00\"/></numFmts>\
        <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"11\"/>\
        <xf numFmtId=\"14\"/></cellXfs>";
    let sheet = "<sheetData><row r=\"1\"><c r=\"A1\"><v>321101199001011234</v></c>\
        <c r=\"B1\" s=\"1\"><v>100000</v></c><c r=\"C1\" s=\"2\"><v>1E5</v></c>\
        <c r=\"D1\" s=\"3\"><v>44489.5</v></c>\
        <c r=\"E1\"><v>1E5</v></c><c r=\"F1\" t=\"str\"><v>1E5</v></c></row></sheetData>";
    let rows = first(zipped(sheet, "", styles));
    assert_eq!(rows[0].1, ["3.21101199001011E+17", "1E+5", "1E+5", "2021-10-20", "100000", "1E5"]);
}

fn addresses() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-D][1-9]",
        "[A-Z]{1,4}[0-9]{0,11}",
        prop::sample::select(vec![
            "",
            "1",
            "XFD1048576",
            "A0",
            "A18446744073709551616",
            "$A$1",
            "a1",
            "é1"
        ])
        .prop_map(str::to_owned),
    ]
}

/// A cell of a sheet with anything in its places.
fn cells() -> impl Strategy<Value = String> {
    let kinds = vec!["", "s", "n", "b", "e", "str", "inlineStr", "d", "x"];
    let values = prop_oneof![
        "[0-9]{0,20}",
        "\\PC{0,8}",
        prop::sample::select(vec![
            "1e309",
            "-1",
            "nan",
            "4294967296",
            "2021-10-20T08:00:00",
            "#REF!",
            "<![CDATA[<]]>",
            "<v>",
            "</c>",
            "</row>",
            "<row r=\"7\">",
            "&#0;",
            "&lt;",
            "&x;",
            "<!-- -->",
            "<t>a</t>",
        ])
        .prop_map(str::to_owned),
    ];
    let formulas = prop::sample::select(vec![
        "",
        "<f/>",
        "<f>1</f>",
        "<f t=\"shared\" si=\"9999999999\" ref=\"A1:XFD1048576\">A1</f>",
        "<f t=\"shared\" si=\"0\"/>",
        "<f t=\"array\" ref=\"A1:A9\">1</f>",
        "<is><t>x</t></is>",
        "<is>",
    ]);
    (addresses(), prop::sample::select(kinds), "[0-9]{0,6}", values, formulas, any::<bool>())
        .prop_map(|(at, kind, style, value, formula, has_value)| {
            let value = if has_value { format!("<v>{value}</v>") } else { value };
            format!("<c r=\"{at}\" t=\"{kind}\" s=\"{style}\">{formula}{value}</c>")
        })
}

fn records() -> impl Strategy<Value = Vec<u8>> {
    let kinds = vec![
        0x0006, 0x000a, 0x0018, 0x0022, 0x002f, 0x003c, 0x0042, 0x0085, 0x00bd, 0x00d6, 0x00e0,
        0x00e5, 0x00fc, 0x00fd, 0x0200, 0x0203, 0x0204, 0x0205, 0x0207, 0x027e, 0x041e, 0x0809,
        0x0221, 0x04bc,
    ];
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 0xff]), 0..40),
    ];
    (prop::sample::select(kinds), data, prop::option::weighted(0.1, any::<u16>())).prop_map(
        |(kind, data, length)| {
            let mut record = record(kind, &data);
            if let Some(length) = length {
                record[2..4].copy_from_slice(&length.to_le_bytes());
            }
            record
        },
    )
}

/// Reads a workbook and everything in it; whatever is wrong is told with the file's name and a remedy.
fn survives(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    match read(bytes) {
        Ok(mut book) => {
            book.formulas();
            for sheet in book.sheets() {
                let _ = book.rows(&sheet);
            }
        }
        Err(issue) => {
            prop_assert!(issue.file.starts_with('f'), "{issue}");
            crate::intake::tests::assert_messages(&[issue]);
        }
    }
    Ok(())
}

#[test]
fn memory_that_ends_while_a_workbook_is_read_is_told_as_its_cost() {
    struct Fails(std::io::ErrorKind);
    impl std::io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }
    }
    let code = |kind| super::read_up_to(Fails(kind), "f.xls", 1).expect_err("an issue").code;
    assert_eq!(code(std::io::ErrorKind::OutOfMemory), "workbook_too_costly");
    assert_eq!(code(std::io::ErrorKind::PermissionDenied), "unreadable");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(100, 7), ..ProptestConfig::default() })]

    #[test]
    fn fuzz_no_cells_of_a_workbook_harm(
        cells in prop::collection::vec(cells(), 0..12), texts in "\\PC{0,10}",
        styles in "[0-9]{0,4}"
    ) {
        let rows = cells.join("</row><row>");
        let sheet = format!("<sheetData><row>{rows}</row></sheetData>");
        let texts = format!("<si><t>{texts}</t></si><si/><si><r><t>x</t></r></si>");
        let styles = format!("<cellXfs><xf numFmtId=\"{styles}\"/></cellXfs>");
        survives(zipped(&sheet, &texts, &styles))?;
    }

    #[test]
    fn fuzz_no_records_of_an_old_workbook_harm(
        before in prop::collection::vec(records(), 0..8),
        inside in prop::collection::vec(records(), 0..12)
    ) {
        survives(book(&before, &[("s", inside)]))?;
    }

    #[test]
    fn fuzz_no_bytes_of_an_old_workbook_harm(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12)
    ) {
        let text_follows = formula(2, 0, [0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        let records = vec![shared(0, 0, 0), number(1, 1, 0, 2.0), text_follows];
        let mut bytes = book(&[shared_texts(&["甲", "b"])], &[("s", records)]);
        for (at, byte) in changes {
            // The places that matter stand in the first sectors; the rest is padding.
            let length = bytes.len().min(2_200);
            bytes[at % length] = byte;
        }
        survives(bytes)?;
    }
}
