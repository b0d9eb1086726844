use super::*;
use crate::domain::tables::tables;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

/// The campaign as one workbook: days as dates in a Chinese format, counts as numbers, codes as text.
fn workbook(campaign: &Campaign, path: &Path) {
    let mut book = Workbook::new();
    let chinese_date = Format::new().set_num_format_index(31);
    for table in tables(campaign).iter().filter(|table| !table.rows.is_empty()) {
        let sheet = book.add_worksheet();
        sheet.set_name(table.stem).expect("a name");
        // A title merged above the header, as people often have it.
        let last = u16::try_from(table.columns.len() - 1).expect("few columns").max(1);
        sheet.merge_range(0, 0, 0, last, "标题", &Format::new()).expect("a title");
        for (column, name) in (0..).zip(table.columns) {
            sheet.write_string(2, column, *name).expect("a cell");
        }
        for (row, cells) in (3..).zip(&table.rows) {
            for ((column, name), text) in (0..).zip(table.columns).zip(cells) {
                let day = text.parse::<chrono::NaiveDate>();
                let is_number = name.ends_with("doses") || *name == "people";
                if let Ok(day) = day {
                    let date = ExcelDateTime::parse_from_str(&day.to_string()).expect("a date");
                    sheet.write_datetime_with_format(row, column, &date, &chinese_date)
                } else if is_number && let Ok(number) = text.parse::<f64>() {
                    sheet.write_number(row, column, number)
                } else {
                    sheet.write_string(row, column, text)
                }
                .expect("a cell");
            }
        }
    }
    book.add_worksheet().set_name("填写说明").expect("a name");
    book.save(path).expect("a workbook");
}

#[test]
fn a_workbook_is_the_same_campaign_as_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("活动.xlsx");
    let danyang = Path::new(env!("CARGO_MANIFEST_DIR")).join("schedules/campaigns/danyang-2021");
    for source in [fixture("base"), danyang] {
        let campaign = load(&source);
        workbook(&campaign, &path);
        assert_eq!(load(&path), campaign);
    }
}

#[test]
fn an_issue_of_a_workbook_names_sheet_row_and_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("book.xlsx");
    let mut campaign = load(&fixture("base"));
    campaign.sites[1].area = "X".into();
    campaign.deliveries.clear();
    workbook(&campaign, &path);
    let issues = super::campaign(&path, series::all()).expect_err("issues");
    assert_messages(&issues);
    assert_eq!(
        brief(&issues),
        ["missing_sheet book.xlsx!deliveries - -", "unknown_area book.xlsx!sites 5 area"]
    );
}

#[test]
fn rows_of_a_workbook_are_read_from_the_sheet_of_their_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("日报.xlsx");
    let mut book = Workbook::new();
    book.add_worksheet().set_name("说明").expect("a name");
    let sheet = book.add_worksheet();
    sheet.set_name("tallies").expect("a name");
    let names = ["record", "date", "place", "area", "group", "dose", "doses"];
    sheet.write_row(0, 0, names).expect("a header");
    sheet
        .write_row(2, 0, ["r1", "2021.03.25", "S01", "321181", "adult", "１", "5"])
        .expect("a row");
    sheet.write_number(2, 3, 321_181).expect("a number");
    let format = Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
    let date = ExcelDateTime::from_ymd(2021, 3, 26).expect("a date");
    sheet.write_datetime_with_format(2, 1, &date, &format).expect("a date");
    book.save(&path).expect("a workbook");
    let mut rows = rows::tallies(&path).expect("rows");
    let batch = rows.next_batch(10).expect("a batch");
    let tally = batch.rows[0].value.as_ref().expect("a tally");
    assert_eq!((batch.rows[0].line, tally.area.as_str(), tally.dose), (3, "321181", 1));
    assert_eq!(tally.date.to_string(), "2021-03-26");
}

#[test]
fn what_is_no_workbook_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, code) in [
        ("a.xlsx", &b"PK\x03\x04 nonsense"[..], "bad_workbook"),
        ("b.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_workbook"),
        ("c.xls", b"x", "bad_workbook"),
        ("d.xlsx", b"", "bad_workbook"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        let issues = campaign(&path, &[]).expect_err("issues");
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), [code]);
        assert_eq!(rows::doses(&path).err().expect("issues")[0].code, code);
    }
}
