//! Old workbooks byte by byte, also such as no program writes.

/// A record.
pub(crate) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a record is short");
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
}

/// The start of a cell's record: row, column and style.
pub(crate) fn cell(row: u16, column: u16, style: u16) -> Vec<u8> {
    [row, column, style].iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A cell with a number.
pub(crate) fn number(row: u16, column: u16, style: u16, value: f64) -> Vec<u8> {
    record(0x0203, &[&cell(row, column, style)[..], &value.to_le_bytes()].concat())
}

/// A cell with a text of the shared table.
pub(crate) fn shared(row: u16, column: u16, index: u32) -> Vec<u8> {
    record(0x00fd, &[&cell(row, column, 0)[..], &index.to_le_bytes()].concat())
}

/// A cell with a formula and its result.
pub(crate) fn formula(row: u16, column: u16, result: [u8; 8]) -> Vec<u8> {
    record(0x0006, &[&cell(row, column, 0)[..], &result, &[0; 6], &[0, 0]].concat())
}

/// A text of letters with two bytes each; its length has one byte or two.
pub(crate) fn text(text: &str, length_bytes: usize) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let length = u16::try_from(units.len()).expect("a short text").to_le_bytes();
    let letters = units.iter().flat_map(|unit| unit.to_le_bytes());
    length[..length_bytes].iter().copied().chain([1]).chain(letters).collect()
}

/// The table of shared texts, cut into records of these lengths.
pub(crate) fn shared_texts(texts: &[&str]) -> Vec<u8> {
    let count = u32::try_from(texts.len()).expect("few").to_le_bytes();
    let all: Vec<u8> = texts.iter().flat_map(|one| text(one, 2)).collect();
    record(0x00fc, &[&count[..], &count, &all].concat())
}

/// A workbook: records before the sheets, then each sheet with its records.
pub(crate) fn book(before: &[Vec<u8>], sheets: &[(&str, Vec<Vec<u8>>)]) -> Vec<u8> {
    let begin = |what: u16| {
        record(0x0809, &[&0x0600_u16.to_le_bytes()[..], &what.to_le_bytes(), &[0; 12]].concat())
    };
    let end = record(0x000a, &[]);
    let named = |name: &str, at: u32| {
        record(0x0085, &[&at.to_le_bytes()[..], &[0, 0], &text(name, 1)].concat())
    };
    let head = |places: &[u32]| {
        let mut head = begin(0x0005);
        for (at, (name, _)) in places.iter().zip(sheets) {
            head.extend(named(name, *at));
        }
        for record in before {
            head.extend(record);
        }
        head.extend(&end);
        head
    };
    let mut at = head(&vec![0; sheets.len()]).len();
    let mut places = Vec::new();
    let mut bodies = Vec::new();
    for (_, records) in sheets {
        let body = [begin(0x0010), records.concat(), end.clone()].concat();
        places.push(u32::try_from(at).expect("a small file"));
        at += body.len();
        bodies.push(body);
    }
    compound(&[head(&places), bodies.concat()].concat())
}

/// A compound file with one stream.
pub(crate) fn compound(stream: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    let size = stream.len().max(4096);
    let data = size.div_ceil(SECTOR);
    let mut tables = 1;
    while tables * 128 < data + 1 + tables {
        tables += 1;
    }
    assert!(tables <= 109, "the header lists 109 tables");
    let number = |number: usize| u32::try_from(number).expect("a small file");
    let mut next: Vec<u32> = vec![0xffff_fffd; tables];
    next.push(END);
    next.extend((1..data).map(|at| number(tables + 1 + at)));
    next.push(END);
    next.resize(tables * 128, 0xffff_ffff);
    let mut out = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    out.resize(SECTOR, 0);
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(24, &[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    put(44, &number(tables).to_le_bytes());
    put(48, &number(tables).to_le_bytes());
    put(56, &4096_u32.to_le_bytes());
    put(60, &END.to_le_bytes());
    put(68, &END.to_le_bytes());
    for at in 0..109 {
        let listed = if at < tables { number(at) } else { 0xffff_ffff };
        put(76 + at * 4, &listed.to_le_bytes());
    }
    out.extend(next.iter().flat_map(|next| next.to_le_bytes()));
    let entry = |name: &str, kind: u8, start: u32, size: usize| {
        let mut entry = vec![0; 128];
        let letters: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..letters.len()].copy_from_slice(&letters);
        entry[64] = u8::try_from(letters.len() + 2).expect("a short name");
        entry[66] = kind;
        entry[68..80].fill(0xff);
        entry[76] = if kind == 5 { 1 } else { 0xff };
        entry[77..80].fill(if kind == 5 { 0 } else { 0xff });
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&number(size).to_le_bytes());
        entry
    };
    out.extend(entry("Root Entry", 5, END, 0));
    out.extend(entry("Workbook", 2, number(tables + 1), size));
    out.resize(SECTOR * (1 + tables + 1), 0);
    out.extend(stream);
    out.resize(SECTOR * (1 + tables + 1 + data), 0);
    out
}
