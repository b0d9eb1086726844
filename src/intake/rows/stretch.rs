//! Long files in the order of their persons. A database finds and stores the rows of one person after the other faster
//! than rows in the order of a file: it comes to each of its pages once, not once for each batch.
//!
//! A stretch of the file is kept as it was read, which takes less than rows would. Only rows of one batch are read from
//! it at a time. A short file, and a file without persons, comes in its own order.

use super::{Batch, Rows, Sort};
use crate::intake::issue::Issue;
use crate::intake::records::Record;
use std::collections::HashMap;

/// The columns whose order matters, as all kinds of rows call them.
const PERSON: &str = "person";
const RECORD: &str = "record";
/// Bytes of a person's code that are compared at once.
const BYTES: usize = 16;

/// Records of a file that have not been taken yet.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    text: String,
    /// Where each cell ends within its record.
    ends: Vec<u32>,
    rows: Vec<Raw>,
    order: Vec<Place>,
    /// How many of them were taken.
    at: usize,
    /// The ends of the record that is being taken.
    open: Vec<usize>,
}

/// A record: its row, and where its text and its ends stop.
#[derive(Debug, Clone, Copy)]
struct Raw {
    row: u32,
    text: u32,
    ends: u32,
}

/// Where a record comes in the order of persons.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The beginning of the person's code.
    begin: u128,
    /// The first record with the same key, whose person counts: what contradicts it comes behind it, as in the file.
    first: u32,
    /// The record.
    index: u32,
}

impl Stretch {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.rows.clear();
        self.order.clear();
        self.at = 0;
    }

    fn push(&mut self, record: Record<'_>) {
        self.text.push_str(record.text);
        // Nothing is as long: see `has_room`, and a record is at most 64 KiB.
        self.ends.extend(record.ends.iter().map(|end| u32::try_from(*end).unwrap_or(u32::MAX)));
        let (text, ends) = (self.text.len(), self.ends.len());
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        self.rows.push(Raw { row: record.row, text: size(text), ends: size(ends) });
    }

    /// Whether another record may come: wide rows make a stretch of fewer.
    fn has_room(&self) -> bool {
        const BYTES_MAX: usize = 48 << 20;
        self.text.len() + size_of_val(self.ends.as_slice()) < BYTES_MAX
    }

    /// Where a record begins: in the text, and among the ends.
    fn start(&self, index: usize) -> (usize, usize) {
        let before = index.checked_sub(1).and_then(|before| self.rows.get(before));
        before.map_or((0, 0), |raw| (raw.text as usize, raw.ends as usize))
    }

    fn cell(&self, index: u32, cell: usize) -> &str {
        let (text, ends) = self.start(index as usize);
        let last = self.rows.get(index as usize).map_or(0, |raw| raw.ends as usize);
        let of_record = self.ends.get(ends..last).unwrap_or_default();
        let end = |cell: usize| of_record.get(cell).map(|end| text + *end as usize);
        let start = if cell == 0 { Some(text) } else { end(cell - 1) };
        let found = start.zip(end(cell)).and_then(|(start, end)| self.text.get(start..end));
        found.unwrap_or_default()
    }

    /// Puts the records in the order of the file, or where `person` says in which cell it stands in that of persons.
    fn arrange(&mut self, person: Option<usize>, record: Option<usize>) {
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let Some(person) = person else {
            self.order = (0..count).map(|index| Place { begin: 0, first: index, index }).collect();
            return;
        };
        let mut firsts: HashMap<&str, u32> = HashMap::new();
        let mut order = Vec::with_capacity(self.rows.len());
        for index in 0..count {
            let key = record.map_or("", |cell| self.cell(index, cell).trim());
            let first = if key.is_empty() { index } else { *firsts.entry(key).or_insert(index) };
            let mut begin = [0; BYTES];
            for (to, from) in begin.iter_mut().zip(self.cell(first, person).bytes()) {
                *to = from;
            }
            order.push(Place { begin: u128::from_be_bytes(begin), first, index });
        }
        drop(firsts);
        order.sort_unstable_by(|a, b| {
            let whole = || self.cell(a.first, person).cmp(self.cell(b.first, person));
            a.begin.cmp(&b.begin).then_with(whole).then_with(|| a.index.cmp(&b.index))
        });
        self.order = order;
    }

    /// Whether the next record is of the same person as the one before it.
    fn goes_on(&self, person: Option<usize>) -> bool {
        let (Some(person), Some(before)) = (person, self.at.checked_sub(1)) else { return false };
        let code = |at: usize| self.order.get(at).map(|place| self.cell(place.first, person));
        code(self.at).is_some() && code(self.at) == code(before)
    }

    /// Takes the next record; `false` at the end.
    fn take(&mut self, take: impl FnOnce(Record<'_>)) -> bool {
        let Some(place) = self.order.get(self.at) else { return false };
        self.at += 1;
        let index = place.index as usize;
        let (text, ends) = self.start(index);
        let Some(raw) = self.rows.get(index) else { return false };
        self.open.clear();
        let of_record = self.ends.get(ends..raw.ends as usize).unwrap_or_default();
        self.open.extend(of_record.iter().map(|end| *end as usize));
        let text = self.text.get(text..raw.text as usize).unwrap_or_default();
        take(Record { row: raw.row, text, ends: &self.open });
        true
    }

    fn is_used_up(&self) -> bool {
        self.at >= self.order.len()
    }
}

impl<T> Rows<T> {
    /// The next rows, about `rows_max`, of a long file in the order of persons within a stretch of at most
    /// `stretch_max` rows. The rows of one person in a stretch come together where they are not more than twice
    /// `rows_max`. `None` at the end of the file or where reading failed; [`Self::finish`] tells which.
    pub fn next_by_person(&mut self, stretch_max: usize, rows_max: usize) -> Option<Batch<T>> {
        let mut begins = false;
        loop {
            if self.stretch.is_used_up() {
                begins = true;
                if !self.fill(stretch_max, rows_max) {
                    return None;
                }
            }
            let mut batch = self.room(rows_max);
            let in_order = self.stretch.rows.len() <= rows_max;
            (batch.begins, batch.in_order) = (begins, in_order);
            let person = if in_order { None } else { self.cell_of(PERSON) };
            self.take_some(rows_max, person, &mut batch);
            if let Some(batch) = self.handed(batch) {
                return Some(batch);
            }
        }
    }

    /// Reads the next stretch; `false` where there is none.
    fn fill(&mut self, stretch_max: usize, rows_max: usize) -> bool {
        let mut stretch = std::mem::take(&mut self.stretch);
        stretch.clear();
        while !self.is_done && stretch.rows.len() < stretch_max && stretch.has_room() {
            let step = self.step(|_, record, _| {
                stretch.push(record);
                true
            });
            if let Err(issue) = step {
                self.fault = Some(issue);
                self.is_done = true;
            }
        }
        // As in a batch: the rows may not be what was to be imported.
        if self.is_done && self.fault.is_none() && !self.source.is_same() {
            self.fault = Some(Issue::error("file_changed", &self.file));
            stretch.clear();
        }
        let is_long = stretch.rows.len() > rows_max;
        let person = if is_long { self.cell_of(PERSON) } else { None };
        stretch.arrange(person, self.cell_of(RECORD));
        self.stretch = stretch;
        !self.stretch.is_used_up()
    }

    /// Takes rows of the stretch into a batch. `person`: the cell by which they are ordered.
    fn take_some(&mut self, rows_max: usize, person: Option<usize>, batch: &mut Batch<T>) {
        let mut stretch = std::mem::take(&mut self.stretch);
        let sort = Sort {
            file: &self.file,
            header: &self.header,
            shape: self.shape,
            form_of: self.form_of.as_deref(),
            is_csv: !matches!(self.source, super::Source::Sheet(_)),
        };
        loop {
            let rows = batch.rows.len();
            if rows >= 2 * rows_max || rows >= rows_max && !stretch.goes_on(person) {
                break;
            }
            let mapping = self.mapping.as_deref_mut();
            let mut is_filled = true;
            if !stretch.take(|record| is_filled = sort.take(record, mapping, batch)) {
                break;
            }
            self.unfilled += u64::from(!is_filled);
        }
        self.stretch = stretch;
    }

    /// The cell of the file that holds a column.
    fn cell_of(&self, name: &str) -> Option<usize> {
        let at = self.shape.columns.iter().position(|column| column.name == name)?;
        match &self.mapping {
            Some(mapping) => mapping.cell(at),
            None => self.header.index.get(at).copied().flatten(),
        }
    }
}
