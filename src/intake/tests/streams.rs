use super::*;
use crate::domain::id::LotCode;
use crate::domain::person::{OutcomeKind, Sex};
use encoding_rs::GB18030;
use std::fs;

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a file");
    (folder, path)
}

/// A value or its faults.
type Values<T> = Vec<Result<T, Vec<String>>>;

/// All values; a fault as `Err` with `code row column`.
fn all<T>(mut rows: rows::Rows<T>) -> (Values<T>, Result<rows::Summary, Issue>) {
    let mut out = Vec::new();
    while let Some(batch) = rows.next_batch(2) {
        for row in batch.rows {
            out.push(row.value.map_err(|issues| {
                assert_messages(&issues);
                brief(&issues)
            }));
        }
    }
    (out, rows.finish())
}

#[test]
fn doses_and_tallies_are_read_with_their_faults_row_by_row() {
    let text = "record,person,date,place,product,lot\nD1,R1,2021-03-25,S21,vero,L01\n\n\
                D2,,2021-02-30,S21,,\nD3,R3,2021年3月26日,S21,,\n";
    let (_folder, path) = file("doses.csv", text.as_bytes());
    let (doses, summary) = all(rows::doses(&path).expect("rows"));
    assert_eq!(doses[0].as_ref().map(|d| d.lot.as_ref().map(LotCode::as_str)), Ok(Some("L01")));
    let faults = ["missing_value doses.csv 4 person", "bad_date doses.csv 4 date"];
    assert_eq!(doses[1].as_ref().expect_err("faults"), &faults);
    assert_eq!(doses[2].as_ref().map(|d| d.date.to_string()), Ok("2021-03-26".to_owned()));
    assert_eq!(summary.map(|s| (s.rows, s.bytes)), Ok((3, text.len() as u64)));

    let text = "record,date,place,area,group,dose,doses\nx,2021-03-25,S01,a,adult,1,0\n\
                y,2021-03-25,S01,a,adult,0,-1\n";
    let (_folder, path) = file("tallies.csv", text.as_bytes());
    let (tallies, _) = all(rows::tallies(&path).expect("rows"));
    assert_eq!(tallies[0].as_ref().map(|t| (t.dose, t.doses)), Ok((1, 0)));
    let faults = ["out_of_range tallies.csv 3 dose", "out_of_range tallies.csv 3 doses"];
    assert_eq!(tallies[1].as_ref().expect_err("faults"), &faults);
}

#[test]
fn a_register_in_gb18030_is_read_and_its_faults_name_nobody() {
    let text = "person,area,born,name,sex,tags,email,language,opt_out\n\
                R1,a,1958-10-16,周静涛,女,chronic 孕,a@b.example,en-GB,是\n\
                R2,a,1958-13-16,周芳,x,,周芳@b.example,fr,maybe\n";
    let (_folder, path) = file("persons.csv", &GB18030.encode(text).0);
    let (persons, summary) = all(rows::persons(&path).expect("rows"));
    let first = persons[0].as_ref().expect("a person");
    assert_eq!((first.name.as_deref(), first.sex), (Some("周静涛"), Sex::F));
    assert_eq!((first.tags.len(), first.language, first.opt_out), (2, Some(Language::En), true));
    assert!(summary.is_ok());
    let faults = [
        "bad_date persons.csv 3 born",
        "bad_word persons.csv 3 sex",
        "bad_email persons.csv 3 email",
        "unknown_language persons.csv 3 language",
        "bad_word persons.csv 3 opt_out",
    ];
    assert_eq!(persons[1].as_ref().expect_err("faults"), &faults);
    let mut rows = rows::persons(&path).expect("rows");
    let batch = rows.next_batch(10).expect("a batch");
    for issue in batch.rows[1].value.as_ref().expect_err("faults") {
        let line = issue.line(Language::ZhCn);
        assert!(!line.contains("1958") && !line.contains("周芳"), "{line}");
    }
    assert_eq!(batch.raw.cells(0)[3], "周静涛");
    assert_eq!(batch.raw.cells(1)[..3], ["R2", "a", "1958-13-16"]);
}

#[test]
fn outcomes_are_words_and_do_not_end_before_they_start() {
    let text = "record,person,date,outcome,until\n1,R1,2021-05-01,Refused,\n\
                2,R1,2021-05-01,deferred,2021-04-01\n3,R1,2021-05-01,gone,\n";
    let (_folder, path) = file("outcomes.csv", text.as_bytes());
    let (outcomes, _) = all(rows::outcomes(&path).expect("rows"));
    assert_eq!(outcomes[0].as_ref().map(|o| o.outcome), Ok(OutcomeKind::Refused));
    let codes: Vec<_> = outcomes[1..].iter().map(|o| o.as_ref().expect_err("faults")).collect();
    assert_eq!(codes[0], &["until_before_date outcomes.csv 3 until"]);
    assert_eq!(codes[1], &["bad_word outcomes.csv 4 outcome"]);
}

#[test]
fn headers_that_cannot_be_read_refuse_the_file() {
    let codes = |text: &[u8]| {
        let (_folder, path) = file("doses.csv", text);
        brief(&rows::doses(&path).err().expect("issues"))
    };
    assert_eq!(codes(b""), ["empty_file doses.csv - -"]);
    assert_eq!(
        codes(b"record,person,date,plase\n"),
        ["unknown_column doses.csv 1 plase", "missing_column doses.csv 1 place"]
    );
    assert_eq!(codes(b"\xff\xfea\0b\0"), ["utf16 doses.csv - -"]);
    let issues = rows::doses(Path::new("/nowhere/doses.csv")).err().expect("issues");
    assert_eq!(issues[0].code, "path_missing");
}

/// `count` rows, long enough not to fit into one chunk.
fn many(count: usize) -> String {
    let rows = (0..count).map(|i| format!("D{i:07},R{i:07},2021-03-25,S21,vero,L01\n"));
    std::iter::once("record,person,date,place,product,lot\n".to_owned()).chain(rows).collect()
}

#[test]
fn a_file_that_is_cut_or_changed_while_it_is_read_is_noticed() {
    let text = many(40_000);
    let changed = text.replace("D0035000", "D0035001");
    for later in [&text[..text.len() - 7], &text[..700_000], &changed, &format!("{text}D,R")] {
        let (_folder, path) = file("doses.csv", text.as_bytes());
        let mut rows = rows::doses(&path).expect("rows");
        assert!(rows.next_batch(10).is_some());
        fs::write(&path, later).expect("a file");
        while rows.next_batch(1000).is_some() {}
        assert_eq!(rows.finish().map_err(|issue| issue.code), Err("file_changed"));
    }
    let (_folder, path) = file("doses.csv", text.as_bytes());
    let mut rows = rows::doses(&path).expect("rows");
    while rows.next_batch(1000).is_some() {}
    assert_eq!(rows.finish().map(|summary| summary.rows), Ok(40_000));
}

#[test]
fn refused_rows_go_to_a_file_that_can_be_corrected_and_imported_again() {
    let text = "备注,,,\nrecord,person,date,place\n=1+1,R1,2021-02-30,S21\nD2,R2,2021-03-01,S21\n";
    let (folder, path) = file("doses.csv", text.as_bytes());
    let write = |path: &Path| {
        let mut rows = rows::doses(path).expect("rows");
        let mut errors = ErrorsFile::new(path, rows.names(), Language::ZhCn);
        while let Some(batch) = rows.next_batch(100) {
            for (index, row) in batch.rows.iter().enumerate() {
                if let Err(issues) = &row.value {
                    errors.push(row.line, &batch.raw.cells(index), issues).expect("a row");
                }
            }
        }
        errors.finish().expect("a file")
    };
    let errors = write(&path).expect("a path");
    assert_eq!(errors, folder.path().join("doses-errors.csv"));
    let got = fs::read_to_string(&errors).expect("the file");
    assert_eq!(
        got,
        "\u{feff}record,person,date,place,line,code,reason\n'=1+1,R1,2021-02-30,S21,3,bad_date,\
         date: “2021-02-30”不是有效的日期；请写成 2021-10-20\n"
    );
    fs::write(&errors, got.replace("2021-02-30,", "2021-03-02,")).expect("corrected");
    let (doses, _) = all(rows::doses(&errors).expect("rows"));
    assert_eq!(doses[0].as_ref().map(|dose| dose.record.as_str()), Ok("=1+1"));
    fs::write(&path, text.replace("2021-02-30", "2021-03-02")).expect("corrected");
    assert_eq!(write(&path), None);
    assert!(!errors.exists());
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

/// The batches of a file of doses in the order of persons: lines, and whether a stretch begins and is in order.
fn by_person(text: &str, stretch_max: usize, rows_max: usize) -> Vec<(Vec<u32>, bool, bool)> {
    let (_folder, path) = file("doses.csv", text.as_bytes());
    let mut rows = rows::doses(&path).expect("a header");
    let mut found = Vec::new();
    while let Some(batch) = rows.next_by_person(stretch_max, rows_max) {
        let lines = batch.rows.iter().map(|row| row.line).collect();
        found.push((lines, batch.begins, batch.in_order));
    }
    rows.finish().expect("a whole file");
    found
}

#[test]
fn a_long_file_comes_person_by_person_and_a_short_one_as_it_is() {
    // Line 5 repeats the record of line 2 and comes behind it, although it says p1.
    let long = "record,person,date,place\nr1,p3,2021-04-01,S1\nr2,p1,2021-04-01,S1\n\
        r3,p2,2021-04-01,S1\nr1,p1,2021-04-01,S1\nr4,p1,2021-04-02,S1\nr5,p2,2021-04-02,S1\n\
        r6,p0,2021-04-01,S1\n";
    let found = by_person(long, 6, 2);
    let first = [(vec![3, 6], true, false), (vec![4, 7], false, false), (vec![2, 5], false, false)];
    assert_eq!(found[..3], first);
    assert_eq!(found[3..], [(vec![8], true, true)]);
    assert_eq!(by_person(long, 10, 7), [((2..=8).collect(), true, true)]);
}

#[test]
fn rows_of_one_person_without_end_come_in_several_batches() {
    let rows: Vec<_> = (1..=5).map(|n| format!("r{n},p1,2021-04-0{n},S1")).collect();
    let text = format!("record,person,date,place\n{}\n", rows.join("\n"));
    let found = by_person(&text, 10, 2);
    assert_eq!(found, [(vec![2, 3, 4, 5], true, false), (vec![6], false, false)]);
}
