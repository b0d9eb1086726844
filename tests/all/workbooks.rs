//! Workbooks written and read by another program: openpyxl stands for Excel and WPS.

use crate::support::{World, python, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What openpyxl reads from a workbook.
const LOOK: &str = r#"
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
out = {}
for sheet in book.worksheets:
    cells = {}
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is None: continue
            fill = cell.fill.fgColor.rgb if cell.fill.fill_type else None
            note = cell.comment.text if cell.comment else None
            cells[cell.coordinate] = {
                "value": str(cell.value), "type": cell.data_type, "fill": fill, "note": note}
    rules = sheet.data_validations.dataValidation
    lists = {str(rule.sqref): rule.formula1 for rule in rules if rule.type == "list"}
    widths = {letter: d.width for letter, d in sheet.column_dimensions.items()}
    out[sheet.title] = {
        "cells": cells, "lists": lists, "widths": widths, "state": sheet.sheet_state}
print(json.dumps({"sheets": out, "order": book.sheetnames}))
"#;

fn look(path: &Path) -> Option<Value> {
    let said = python("openpyxl", LOOK, &[text(path)])?;
    Some(serde_json::from_str(&said).expect("JSON"))
}

/// Changes cells of a workbook: `sheet!A1=value` each.
#[track_caller]
fn change(path: &Path, changes: &[&str]) -> Option<()> {
    const SCRIPT: &str = r#"
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
for change in sys.argv[2:]:
    where, value = change.split("=", 1)
    sheet, cell = where.split("!")
    book[sheet][cell] = value or None
book.save(sys.argv[1])
"#;
    let arguments: Vec<&str> = std::iter::once(text(path)).chain(changes.iter().copied()).collect();
    python("openpyxl", SCRIPT, &arguments).map(drop)
}

/// A workbook that somebody else made.
const PAY: &str = r#"
import sys, openpyxl
book = openpyxl.Workbook()
book.active.title = "工资"
book.active.append(["姓名", "金额"])
book.create_sheet("sites").append(["a", "b"])
book.save(sys.argv[1])
"#;

fn cell<'a>(book: &'a Value, sheet: &str, address: &str) -> &'a Value {
    &book["sheets"][sheet]["cells"][address]
}

#[test]
fn a_new_workbook_explains_itself_and_offers_codes() {
    let world = World::empty();
    let new = ["campaign", "new", "--xlsx", "new.xlsx", "--lang", "zh-CN"];
    world.run(&new).ends(0);
    let again = world.run(&new);
    assert!(again.code == 1 && again.err.contains("--force"), "{}", again.err);
    let path = world.path("new.xlsx");
    let Some(book) = look(&path) else { return };
    let order = book["order"].as_array().unwrap();
    assert_eq!(order[..3], ["campaign", "填写说明", "groups"]);
    let sheets = &book["sheets"];
    assert_eq!(sheets["编码"]["state"], "hidden");
    assert_eq!(cell(&book, "sites", "A3")["value"], "接种点编号*");
    assert_eq!(cell(&book, "sites", "A4")["value"], "site");
    assert!(cell(&book, "sites", "D4")["note"].as_str().unwrap().contains("周一至周五"));
    assert_eq!(sheets["sites"]["lists"]["C5:C2004"], "areas!$A$5:$A$2004");
    assert_eq!(sheets["eligible"]["lists"]["B5:B2004"], "groups!$A$5:$A$2004");
    let series = sheets["campaign"]["lists"].as_object().unwrap().values();
    assert!(series.into_iter().any(|list| list.as_str().unwrap().contains("covid19-inactivated")));
    // 12 Chinese characters need 24 columns. Counting bytes or characters would give another width.
    let key = cell(&book, "campaign", "A16")["value"].as_str().unwrap();
    assert_eq!(key, "coordinator.email");
    assert!(sheets["campaign"]["widths"]["C"].as_f64().unwrap() > 40.0);
    let guide = sheets["填写说明"]["cells"].as_object().unwrap();
    assert!(guide.values().any(|cell| cell["value"] == "weekday_doses"));
    // An unfilled form: every missing setting is named with its row.
    let checked = world.run(&["campaign", "check", "new.xlsx"]).ends(4);
    assert!(checked.out.contains("new.xlsx!campaign:5 column id:"), "{}", checked.out);
}

#[test]
fn an_exported_workbook_applied_again_changes_nothing() {
    let danyang = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021");
    let world = World::small();
    world.run(&["campaign", "export", "small.xlsx"]).ends(0);
    world.run(&["campaign", "export", "folder"]).ends(0);
    world.run(&["campaign", "apply", "small.xlsx", "--dry-run"]).ends(0);
    world.run(&["campaign", "apply", "folder", "--dry-run"]).ends(0);
    let county = World::empty();
    county.run(&["campaign", "apply", text(&danyang)]).ends(0);
    county.run(&["campaign", "export", "dy.xlsx"]).ends(0);
    county.run(&["campaign", "apply", "dy.xlsx", "--dry-run"]).ends(0);
    // Saved again by another program, which rewrites every part of the file.
    if change(&county.path("dy.xlsx"), &["sites!M5=x@y.example"]).is_none() {
        return;
    }
    let changed = county.run(&["campaign", "apply", "dy.xlsx", "--dry-run", "-o", "json"]).ends(10);
    assert_eq!(changed.json().as_array().unwrap().len(), 1);
}

#[test]
fn a_checked_workbook_comes_back_with_its_faults_marked_and_mended_there_it_is_good() {
    let world = World::small();
    world.run(&["campaign", "export", "b.xlsx"]).ends(0);
    let path = world.path("b.xlsx");
    let bad = ["sites!D5=很多", "campaign!B9=2021-02-30", "deliveries!E5=2020-01-01"];
    if change(&path, &bad).is_none() {
        return;
    }
    let checked = world.run(&["campaign", "check", "b.xlsx", "--lang", "zh-CN"]).ends(4);
    assert!(checked.err.contains("b-errors.xlsx"), "{}", checked.err);
    let marked = world.path("b-errors.xlsx");
    let book = look(&marked).unwrap();
    let red = "FFFFC7CE";
    for (sheet, at, why) in
        [("sites", "D5", "不是数"), ("campaign", "B9", "日期"), ("deliveries", "E5", "到货")]
    {
        assert_eq!(cell(&book, sheet, at)["fill"], red, "{sheet}!{at}");
        let note = cell(&book, sheet, at)["note"].as_str().unwrap_or_default();
        assert!(note.contains(why), "{sheet}!{at}: {note}");
    }
    assert!(cell(&book, "sites", "N5")["value"].as_str().unwrap().starts_with("weekday_doses: "));
    assert_eq!(cell(&book, "sites", "N4")["value"], "reason");
    assert_eq!(book["order"][0], "问题");
    // The good rows keep their places; only three cells are corrected.
    let mended = ["sites!D5=200", "campaign!B9=2021-04-01", "deliveries!E5=2021-12-31"];
    change(&marked, &mended).unwrap();
    world.run(&["campaign", "check", "b-errors.xlsx"]).ends(0);
    let same = world.run(&["campaign", "apply", "b-errors.xlsx", "--dry-run", "-o", "json"]);
    for change in same.json().as_array().unwrap() {
        assert!(["sites", "campaign", "deliveries"].contains(&change["table"].as_str().unwrap()));
    }
    // A workbook without faults has no marked copy beside it.
    change(&path, &mended).unwrap();
    world.run(&["campaign", "check", "b.xlsx"]).ends(0);
    assert!(!marked.exists());
}

#[test]
fn workbooks_are_read_as_people_keep_them() {
    const SCRIPT: &str = r#"
import sys, datetime, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sites = book["sites"]
sites.insert_rows(1, 2)
sites["A1"] = "某县接种点一览表"
sites.merge_cells("A1:M1")
sites["A2"] = "填报单位：疾控中心"
sites["D7"] = "２００"
sites["A7"] = " S1　"
sites["E7"] = "1,000"
sites.row_dimensions[8].hidden = True
deliveries = book["deliveries"]
deliveries["C5"] = "2021年3月1日"
deliveries["E5"] = datetime.date(2021, 12, 31)
deliveries["E5"].number_format = 'yyyy"年"m"月"d"日"'
campaign = book["campaign"]
campaign["B9"] = "２０２１／０４／０１"
campaign["B10"] = "2021.05.10"
other = book.create_sheet("旧表 2020")
other["A1"] = "=SUM(1,2)"
book.save(sys.argv[1])
"#;
    let world = World::small();
    world.run(&["campaign", "export", "b.xlsx"]).ends(0);
    let path = world.path("b.xlsx");
    if python("openpyxl", SCRIPT, &[text(&path)]).is_none() {
        return;
    }
    world.run(&["campaign", "check", "b.xlsx"]).ends(0);
    let found = world.run(&["campaign", "apply", "b.xlsx", "--dry-run", "-o", "json"]).json();
    let new = |column: &str| {
        let hit =
            found.as_array().unwrap().iter().find(|change| change["what"]["column"] == column);
        hit.map(|change| change["what"]["new"].as_str().unwrap().to_owned())
    };
    assert_eq!(new("weekday_doses").as_deref(), Some("200"), "{found}");
    assert_eq!(new("saturday_doses").as_deref(), Some("1000"));
    assert_eq!(new("expires").as_deref(), Some("2021-12-31"));
    // A hidden row is read like any other: no site has vanished.
    assert!(!found.to_string().contains("removed"), "{found}");
}

#[test]
fn an_old_workbook_is_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workbooks/small.xls");
    let world = World::empty();
    world.run(&["campaign", "check", text(&fixture)]).ends(0);
    world.run(&["campaign", "apply", text(&fixture)]).ends(0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/campaigns/base");
    world.run(&["campaign", "apply", text(&folder), "--dry-run"]).ends(0);
}

#[test]
fn a_form_for_tallies_has_the_days_plan_and_refused_rows_come_back_in_a_workbook() {
    let world = World::small();
    world.run(&["plan", "make"]).ends(0);
    world.run(&["plan", "adopt", "--no-input"]).ends(0);
    let plan = world.run(&["plan", "show", "-o", "csv"]).ends(0).csv();
    let date = plan[0]["date"].clone();
    world.run(&["tallies", "new", "--xlsx", "t.xlsx", "--date", &date, "--lang", "zh-CN"]).ends(0);
    let path = world.path("t.xlsx");
    let Some(book) = look(&path) else { return };
    assert_eq!(cell(&book, "tallies", "B5")["value"], format!("{date} 00:00:00"));
    assert!(book["sheets"]["tallies"]["lists"]["C5:C2004"].as_str().unwrap().contains("编码"));
    let rows = plan.iter().filter(|row| row["date"] == date).count();
    let mut fill: Vec<String> = (0..rows).map(|row| format!("tallies!G{}=7", row + 5)).collect();
    // One row is wrong, and one has a name that a spreadsheet would run.
    fill[0] = "tallies!G5=七".to_owned();
    let next = rows + 5;
    fill.push(format!("tallies!A{next}=r1"));
    fill.push(format!("tallies!C{next}==cmd|'/c calc'!A1"));
    let fill: Vec<&str> = fill.iter().map(String::as_str).collect();
    change(&path, &fill).unwrap();
    let done = world.run(&["tallies", "import", "t.xlsx", "--lang", "zh-CN"]).ends(3);
    assert!(done.err.contains("t-errors.xlsx"), "{}", done.err);
    assert!(world.path("t-errors.csv").exists());
    let marked = world.path("t-errors.xlsx");
    let errors = look(&marked).unwrap();
    assert_eq!(cell(&errors, "tallies", "G2")["fill"], "FFFFC7CE");
    assert_eq!(cell(&errors, "tallies", "G2")["value"], "七");
    let cells = errors["sheets"]["tallies"]["cells"].as_object().unwrap();
    assert!(cells.values().all(|cell| cell["type"] != "f"), "a formula was written");
    change(&marked, &["tallies!G2=7", "tallies!A3=", "tallies!C3=", "tallies!H3="]).unwrap();
    world.run(&["tallies", "import", "t-errors.xlsx"]).ends(0);
    let reported = &world.coverage(&date)["sites"]["reported"];
    assert!(reported.as_u64().unwrap() > 0, "{reported}");
}

#[test]
fn a_form_for_tallies_of_several_campaigns_says_of_each_row_whose_it_is() {
    let world = crate::voice::county();
    let date = "2021-04-01";
    world.run(&["tallies", "new", "--xlsx", "t.xlsx", "--date", date]).ends(0);
    let path = world.path("t.xlsx");
    let Some(book) = look(&path) else { return };
    let plan = world.run(&["plan", "show", "--day", date, "-o", "csv"]).ends(0).csv();
    let columns = ["campaign", "place", "area", "group", "dose"];
    let rows: BTreeSet<Vec<&String>> =
        plan.iter().map(|row| columns.iter().map(|column| &row[*column]).collect()).collect();
    let lines = 5..5 + rows.len();
    let said = |line: usize| cell(&book, "tallies", &format!("H{line}"))["value"].clone();
    let ids: BTreeSet<String> =
        lines.clone().map(|line| said(line).as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids, ["flu", "small"].map(str::to_owned).into());
    let fill: Vec<String> = lines.map(|line| format!("tallies!G{line}=1")).collect();
    change(&path, &fill.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let done = world.run(&["tallies", "import", "t.xlsx", "-o", "json"]).ends(0).json();
    assert_eq!(done["new"], rows.len());
}

#[test]
fn hostile_workbooks_are_refused_or_harmless() {
    use std::io::Write as _;
    let world = World::small();
    // A zip bomb: 600 MB of blanks in some hundred KB.
    let mut zip = zip::ZipWriter::new(std::fs::File::create(world.path("bomb.xlsx")).unwrap());
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("xl/worksheets/sheet1.xml", options).unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..600 {
        zip.write_all(&blanks).unwrap();
    }
    zip.finish().unwrap();
    let bomb = world.run(&["campaign", "check", "bomb.xlsx"]).ends(4);
    assert!(bomb.out.contains("512 MB"), "{}", bomb.out);
    assert!(!world.path("bomb-errors.xlsx").exists());
    world.file("torn.xlsx", "PK\u{3}\u{4}nonsense");
    world.run(&["campaign", "check", "torn.xlsx"]).ends(4);
    // Names that would break a line, change its direction, or run.
    world.run(&["campaign", "export", "b.xlsx"]).ends(0);
    let path = world.path("b.xlsx");
    let names = ["sites!B5==1+1", "areas!B5=a\u{202e}txt.exe", "stops!B5=<script>x</script>"];
    if change(&path, &names).is_none() {
        return;
    }
    let said = world.run(&["campaign", "check", "b.xlsx"]).ends(4);
    assert!(said.out.contains("b.xlsx!areas:5 column name:"), "{}", said.out);
    assert!(!said.out.contains('\u{202e}'));
    // A formula without a stored value is an empty cell.
    assert!(said.out.contains("b.xlsx!sites:5 column name:"), "{}", said.out);
    let marked = look(&world.path("b-errors.xlsx")).unwrap();
    assert!(!marked.to_string().contains('\u{202e}'));
    assert_eq!(cell(&marked, "stops", "B5")["value"], "<script>x</script>");
}

#[test]
fn a_workbook_with_macros_is_read_as_data_only() {
    let world = World::small();
    world.run(&["campaign", "export", "b.xlsx"]).ends(0);
    let bytes = std::fs::read(world.path("b.xlsx")).unwrap();
    let mut source = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(world.path("b.xlsm")).unwrap());
    for index in 0..source.len() {
        zip.raw_copy_file(source.by_index_raw(index).unwrap()).unwrap();
    }
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("xl/vbaProject.bin", options).unwrap();
    std::io::Write::write_all(&mut zip, b"\xd0\xcf\x11\xe0macro").unwrap();
    zip.finish().unwrap();
    world.run(&["campaign", "apply", "b.xlsm", "--dry-run"]).ends(0);
}

#[test]
fn another_program_s_workbook_says_which_sheets_are_missing() {
    let world = World::empty();
    let path = world.path("pay.xlsx");
    if python("openpyxl", PAY, &[text(&path)]).is_none() {
        return;
    }
    let said = world.run(&["campaign", "check", "pay.xlsx", "-o", "json"]).ends(4).json();
    let codes: Vec<&str> =
        said["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"missing_sheet"), "{codes:?}");
    assert!(codes.contains(&"unknown_column"), "{codes:?}");
}
