//! Text in the records of an old workbook. A long one goes on in further records, each of which says anew whether its
//! letters have one byte or two.

use super::compound::{u16_at, u32_at};
use encoding_rs::Encoding;

/// The bytes of a record and of those that continue it.
pub(super) struct Parts<'a> {
    records: Vec<&'a [u8]>,
    part: usize,
    at: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(parts: Vec<&'a [u8]>) -> Self {
        Self { records: parts, part: 0, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.records.get(self.part).map_or(&[][..], |part| &part[self.at..])
    }

    /// Moves to the next part if this one is used up; false at the end.
    fn settle(&mut self) -> bool {
        while self.rest().is_empty() {
            if self.part + 1 >= self.records.len() {
                return false;
            }
            self.part += 1;
            self.at = 0;
        }
        true
    }

    fn number(&mut self, bytes: usize) -> Option<u32> {
        self.settle();
        let rest = self.rest();
        let found = match bytes {
            1 => u32::from(*rest.first()?),
            2 => u32::from(u16_at(rest.get(..2)?, 0)),
            _ => u32_at(rest.get(..4)?, 0),
        };
        self.at += bytes;
        Some(found)
    }

    pub(super) fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            if !self.settle() {
                return None;
            }
            let step = bytes.min(self.rest().len());
            self.at += step;
            bytes -= step;
        }
        Some(())
    }

    /// Reads letters into `out`. At the start of a part a byte says how wide its letters are.
    fn letters(&mut self, mut count: usize, mut is_wide: bool, out: &mut String) -> Option<()> {
        let mut units: Vec<u16> = Vec::new();
        while count > 0 {
            if self.rest().is_empty() {
                if !self.settle() {
                    return None;
                }
                is_wide = self.number(1)? & 1 == 1;
            }
            let rest = self.rest();
            let width = if is_wide { 2 } else { 1 };
            let here = count.min(rest.len() / width);
            if here == 0 {
                return None;
            }
            let bytes = &rest[..here * width];
            if is_wide {
                units.extend(bytes.chunks_exact(2).map(|two| u16_at(two, 0)));
            } else {
                units.extend(bytes.iter().map(|byte| u16::from(*byte)));
            }
            self.at += here * width;
            count -= here;
        }
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}'));
        out.extend(letters.filter(|letter| *letter != '\0'));
        Some(())
    }

    /// A text with its length in front, of two bytes or (names) of one.
    pub(super) fn text(&mut self, length_bytes: usize) -> Option<String> {
        let count = self.number(length_bytes)? as usize;
        let mut out = String::new();
        if count > 0 {
            let is_wide = self.number(1)? & 1 == 1;
            self.letters(count, is_wide, &mut out)?;
        }
        Some(out)
    }

    /// A text of the shared table, which may carry fonts and readings behind its letters.
    fn shared(&mut self, out: &mut String) -> Option<()> {
        let count = self.number(2)? as usize;
        let flags = self.number(1)?;
        let fonts = if flags & 8 == 0 { 0 } else { self.number(2)? as usize };
        let readings = if flags & 4 == 0 { 0 } else { self.number(4)? as usize };
        self.letters(count, flags & 1 == 1, out)?;
        self.skip(fonts * 4)?;
        self.skip(readings)
    }
}

/// A text of before 1997: bytes of the file's encoding, with their number in front.
pub(super) fn old_text(
    bytes: &[u8],
    length_bytes: usize,
    encoding: &'static Encoding,
) -> Option<String> {
    let (length, rest) = bytes.split_at_checked(length_bytes)?;
    let length = if length_bytes == 1 { length[0].into() } else { u16_at(length, 0) };
    let text = rest.get(..rest.len().min(length.into()))?;
    Some(encoding.decode_without_bom_handling(text).0.into_owned())
}

/// The encoding of a code page.
pub(super) fn encoding_of(page: u16) -> &'static Encoding {
    match page {
        950 => encoding_rs::BIG5,
        932 => encoding_rs::SHIFT_JIS,
        949 => encoding_rs::EUC_KR,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1252 | 32_769 => encoding_rs::WINDOWS_1252,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        65_001 => encoding_rs::UTF_8,
        _ => encoding_rs::GB18030,
    }
}

/// The texts that cells share, in one text.
#[derive(Default)]
pub(super) struct Shared {
    text: String,
    ends: Vec<u32>,
}

impl Shared {
    /// Reads the table; `None` if it is cut off.
    pub(super) fn read(mut parts: Parts<'_>) -> Option<Self> {
        let mut out = Self::default();
        // Two counts that only claim something.
        parts.skip(8)?;
        while parts.settle() {
            parts.shared(&mut out.text)?;
            out.ends.push(u32::try_from(out.text.len()).ok()?);
        }
        Some(out)
    }

    pub(super) fn get(&self, index: u32) -> Option<&str> {
        let index = usize::try_from(index).ok()?;
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.text.get(start as usize..*self.ends.get(index)? as usize)
    }
}
