//! Finds the stream of an old workbook in its compound file (Microsoft's [MS-CFB]). Every chain of sectors is bounded
//! by the sectors of the file, so a chain that bites its tail ends.

/// The first sector number that is not one.
const RESERVED: u32 = 0xffff_fffa;
/// Bytes of a directory entry.
const ENTRY_BYTES: usize = 128;
/// Bytes of a sector of the small stream.
const SMALL_BYTES: usize = 64;
/// Streams below this size stand in the small stream.
const SMALL_MAX: usize = 4096;

/// The number at an offset; 0 beyond the end.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

/// The number at an offset; 0 beyond the end.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_le_bytes)
}

struct File<'a> {
    bytes: &'a [u8],
    sector_bytes: usize,
    /// The next sector of each sector.
    next: Vec<u32>,
}

/// The stream `Workbook` (`Book` before 1997); `None` if there is none or the file is damaged.
pub(super) fn workbook_stream(bytes: &[u8]) -> Option<Vec<u8>> {
    let shift = u16_at(bytes, 30);
    if !bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") || !matches!(shift, 9 | 12) {
        return None;
    }
    let mut file = File { bytes, sector_bytes: 1 << shift, next: Vec::new() };
    file.read_table()?;
    let directory = file.chain(u32_at(bytes, 48))?;
    let entries: Vec<&[u8]> = directory.chunks_exact(ENTRY_BYTES).collect();
    let named =
        |wanted: &str| entries.iter().find(|entry| entry[66] == 2 && is_named(entry, wanted));
    let found = named("workbook").or_else(|| named("book"))?;
    let size = usize::try_from(u32_at(found, 120)).ok()?;
    let mut stream = if size < SMALL_MAX {
        let root = entries.iter().find(|entry| entry[66] == 5)?;
        let small = file.chain(u32_at(root, 116))?;
        let next = file.chain(u32_at(bytes, 60))?;
        let next = next.chunks_exact(4).map(|four| u32_at(four, 0)).collect();
        // The sectors of the small stream begin at its start, not after a header.
        let small = File { bytes: &small, sector_bytes: SMALL_BYTES, next };
        small.follow(u32_at(found, 116), 0)?
    } else {
        file.chain(u32_at(found, 116))?
    };
    stream.truncate(size);
    Some(stream)
}

/// Whether a directory entry has this name, in letters of any case.
fn is_named(entry: &[u8], wanted: &str) -> bool {
    let bytes = usize::from(u16_at(entry, 64)).saturating_sub(2).min(62);
    let letters = entry[..bytes].chunks_exact(2).map(|two| u16_at(two, 0));
    let mut name = char::decode_utf16(letters).map(|letter| letter.unwrap_or('\u{fffd}'));
    let mut wanted = wanted.chars();
    loop {
        match (name.next(), wanted.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(&b) => {}
            _ => return false,
        }
    }
}

impl File<'_> {
    fn sectors(&self) -> usize {
        self.bytes.len() / self.sector_bytes + 1
    }

    /// A sector that begins `before` bytes later than its number says. The last one may be cut off.
    fn sector(&self, number: u32, before: usize) -> Option<&[u8]> {
        let start = usize::try_from(number).ok()?.checked_mul(self.sector_bytes)?;
        let start = start.checked_add(before)?;
        let end = start.checked_add(self.sector_bytes)?.min(self.bytes.len());
        self.bytes.get(start..end)
    }

    /// Reads the table of next sectors, whose own sectors are listed in the header and in a chain of lists.
    fn read_table(&mut self) -> Option<()> {
        let mut listed: Vec<u32> = (76..512).step_by(4).map(|at| u32_at(self.bytes, at)).collect();
        let mut list = u32_at(self.bytes, 68);
        for _ in 0..self.sectors() {
            if list >= RESERVED {
                break;
            }
            let sector = self.sector(list, self.sector_bytes)?;
            let (numbers, next) = sector.split_at(sector.len().checked_sub(4)?);
            listed.extend(numbers.chunks_exact(4).map(|four| u32_at(four, 0)));
            list = u32_at(next, 0);
        }
        for number in listed.into_iter().filter(|number| *number < RESERVED) {
            if self.next.len() > self.bytes.len() / 4 {
                return None;
            }
            let sector = self.sector(number, self.sector_bytes)?;
            let numbers: Vec<u32> = sector.chunks_exact(4).map(|four| u32_at(four, 0)).collect();
            self.next.extend(numbers);
        }
        Some(())
    }

    /// The bytes of a chain of sectors, behind the header.
    fn chain(&self, first: u32) -> Option<Vec<u8>> {
        self.follow(first, self.sector_bytes)
    }

    fn follow(&self, first: u32, before: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut number = first;
        for _ in 0..self.sectors() {
            if number >= RESERVED {
                return Some(out);
            }
            out.extend_from_slice(self.sector(number, before)?);
            number = *self.next.get(usize::try_from(number).ok()?)?;
        }
        (number >= RESERVED).then_some(out)
    }
}
