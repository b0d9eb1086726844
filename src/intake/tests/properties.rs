use super::*;
use proptest::prelude::*;

const FILES: [&str; 10] = [
    "campaign.toml",
    "series.toml",
    "areas.csv",
    "eligible.csv",
    "sites.csv",
    "reach.csv",
    "teams.csv",
    "stops.csv",
    "closures.csv",
    "deliveries.csv",
];

/// A base file with some bytes replaced, or only random bytes.
fn spoilt() -> impl Strategy<Value = (usize, bool, Vec<(usize, u8)>, Vec<u8>)> {
    (
        0..FILES.len(),
        any::<bool>(),
        prop::collection::vec((any::<usize>(), any::<u8>()), 0..20),
        prop::collection::vec(any::<u8>(), 0..300),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: runs(200, 6), ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_in_any_file_of_a_folder_make_it_panic(
        (file, is_random, changes, random) in spoilt()
    ) {
        let folder = laid_over("base");
        let path = folder.path().join(FILES[file]);
        let mut bytes = std::fs::read(&path).unwrap_or_default();
        for (at, byte) in changes {
            let length = bytes.len();
            if length > 0 {
                bytes[at % length] = byte;
            }
        }
        std::fs::write(&path, if is_random { random } else { bytes }).expect("a file");
        match campaign(folder.path(), series::all()) {
            Ok(loaded) => assert_messages(&loaded.warnings),
            Err(issues) => {
                prop_assert!(has_errors(&issues));
                assert_messages(&issues);
            }
        }
    }

    #[test]
    fn no_bytes_in_a_long_file_make_it_panic(
        with_header in any::<bool>(), bytes in prop::collection::vec(any::<u8>(), 0..600)
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("doses.csv");
        let head = if with_header { &b"record,person,date,place\n"[..] } else { b"" };
        std::fs::write(&path, [head, &bytes].concat()).expect("a file");
        if let Ok(mut rows) = rows::doses(&path) {
            while let Some(batch) = rows.next_batch(3) {
                for index in 0..batch.rows.len() {
                    batch.raw.cells(index);
                }
            }
            let _ = rows.finish();
        }
    }

    #[test]
    fn cells_of_any_text_come_back_from_csv(cells in prop::collection::vec("\\PC{0,12}", 1..6)) {
        let line = csv_out::line(&cells);
        let rows = super::super::records::rows("f", line.as_bytes()).expect("rows");
        let got: Vec<&str> = rows
            .iter()
            .flat_map(|row| &row.cells)
            .map(|cell| super::super::values::clean(cell))
            .collect();
        let expected: Vec<&str> = cells
            .iter()
            .map(|cell| cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'))
            .collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn no_bytes_in_a_workbook_make_it_panic(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8)
    ) {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_row(0, 0, ["record", "person", "date", "place"]).expect("a row");
        sheet.write_row(1, 0, ["1", "2", "2021-03-25", "4"]).expect("a row");
        let mut bytes = book.save_to_buffer().expect("a workbook");
        for (at, byte) in changes {
            let length = bytes.len();
            bytes[at % length] = byte;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("doses.xlsx");
        std::fs::write(&path, bytes).expect("a file");
        if let Ok(mut rows) = rows::doses(&path) {
            while rows.next_batch(3).is_some() {}
        }
        let _ = campaign(&path, &[]);
    }
}
