//! Finds the encoding of a text file in a first pass and reads it as UTF-8 in a second. Each pass holds one chunk
//! in memory, however long the file is.

use super::issue::Issue;
use crc32fast::Hasher;
use encoding_rs::{BIG5, Decoder, DecoderResult, GB18030};
use std::io::{self, Read};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// The encodings that are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Gb18030,
}

/// What the first pass found. The second pass must find the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) encoding: Encoding,
    pub(super) bytes: u64,
    pub(super) crc: u32,
}

/// The first pass. `open` is called again if the text is not UTF-8.
pub(super) fn scan<R: Read>(
    file: &str,
    mut open: impl FnMut() -> io::Result<R>,
) -> Result<Scan, Issue> {
    let unreadable = |error: io::Error| Issue::unreadable(file, &error);
    let mut pass = Pass::default();
    let mut reader = open().map_err(unreadable)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = read_full(&mut reader, &mut chunk).map_err(unreadable)?;
        pass.take(file, &chunk[..length])?;
        if length < chunk.len() {
            break;
        }
    }
    let Some(bad_line) = pass.bad_line() else {
        return Ok(pass.result(Encoding::Utf8));
    };
    if pass.has_bom {
        return Err(Issue::error("bad_encoding", file).row(bad_line));
    }
    let reader = open().map_err(unreadable)?;
    match gb18030_fault(reader).map_err(unreadable)? {
        None => Ok(pass.result(Encoding::Gb18030)),
        Some(Fault::Malformed(line)) => Err(Issue::error("bad_encoding", file).row(line)),
        Some(Fault::Big5(line)) => Err(Issue::error("big5", file).row(line)),
    }
}

#[derive(Default)]
struct Pass {
    bytes: u64,
    hasher: Hasher,
    lines: u32,
    has_bom: bool,
    is_bad: bool,
    /// The start of a character that was cut off at the end of the last chunk.
    rest: Vec<u8>,
}

impl Pass {
    fn take(&mut self, file: &str, chunk: &[u8]) -> Result<(), Issue> {
        if self.bytes == 0 {
            if chunk.starts_with(b"\xff\xfe") || chunk.starts_with(b"\xfe\xff") {
                return Err(Issue::error("utf16", file));
            }
            self.has_bom = chunk.starts_with(b"\xef\xbb\xbf");
        }
        if let Some(at) = chunk.iter().position(|byte| *byte == 0) {
            let code = if is_utf16(chunk) { "utf16" } else { "binary_file" };
            return Err(Issue::error(code, file).row(self.lines + 1 + newlines(&chunk[..at])));
        }
        self.bytes += chunk.len() as u64;
        self.hasher.update(chunk);
        if !self.is_bad {
            self.check(chunk);
        }
        Ok(())
    }

    /// Checks the next chunk: keeps a character that is cut off at the end, stops at the first invalid byte.
    fn check(&mut self, mut chunk: &[u8]) {
        while !self.rest.is_empty() && self.rest.len() < 4 {
            let Some((first, others)) = chunk.split_first() else { return };
            self.rest.push(*first);
            chunk = others;
            match std::str::from_utf8(&self.rest) {
                Ok(_) => self.rest.clear(),
                Err(error) if error.error_len().is_some() => {
                    self.is_bad = true;
                    return;
                }
                Err(_) => {}
            }
        }
        match std::str::from_utf8(chunk) {
            Ok(_) => self.lines = self.lines.saturating_add(newlines(chunk)),
            Err(error) => {
                let (valid, rest) = chunk.split_at(error.valid_up_to());
                self.lines = self.lines.saturating_add(newlines(valid));
                self.is_bad = error.error_len().is_some();
                self.rest = rest[..rest.len().min(4)].to_vec();
            }
        }
    }

    fn bad_line(&self) -> Option<u32> {
        (self.is_bad || !self.rest.is_empty()).then_some(self.lines + 1)
    }

    fn result(self, encoding: Encoding) -> Scan {
        Scan { encoding, bytes: self.bytes, crc: self.hasher.finalize() }
    }
}

#[expect(clippy::naive_bytecount, reason = "fast enough, and one crate less")]
pub(super) fn newlines(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX / 2)
}

/// Whether this is UTF-16 without a byte order mark: in mostly Latin text every second byte is zero.
fn is_utf16(chunk: &[u8]) -> bool {
    let head = &chunk[..chunk.len().min(1024)];
    let nul = |parity: usize| {
        head.iter().enumerate().filter(|(i, b)| i % 2 == parity && **b == 0).count()
    };
    let (even, odd) = (nul(0), nul(1));
    even.max(odd) >= 2 && even.max(odd) * 8 >= head.len() && even.min(odd) * 8 <= even.max(odd)
}

/// Fills the buffer; shorter only at the end of the file.
fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Why a text is not taken for GB18030.
enum Fault {
    /// A byte in this line is not valid.
    Malformed(u32),
    /// It is more likely Big5; the first pair of bytes stands in this line.
    Big5(u32),
}

/// Why a text is not GB18030; `None` if it is.
fn gb18030_fault(mut reader: impl Read) -> io::Result<Option<Fault>> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut pairs = Pairs::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut out = String::new();
    let mut lines = 0_u32;
    loop {
        let length = read_full(&mut reader, &mut chunk)?;
        let is_last = length < chunk.len();
        out.clear();
        out.reserve(decoder.max_utf8_buffer_length(length).unwrap_or(length * 4));
        let (result, _) =
            decoder.decode_to_string_without_replacement(&chunk[..length], &mut out, is_last);
        lines = lines.saturating_add(newlines(out.as_bytes()));
        pairs.take(&chunk[..length], is_last);
        match result {
            DecoderResult::Malformed(..) => return Ok(Some(Fault::Malformed(lines + 1))),
            _ if is_last => return Ok(pairs.look_like_big5().then_some(Fault::Big5(pairs.line))),
            _ => {}
        }
    }
}

/// Whether a pair is punctuation, a dash, a number in a circle or a Greek letter in GB18030, which texts of both kinds
/// may have.
fn is_sign(first: u8, second: u8) -> bool {
    match first {
        0xa1..=0xa3 => second >= 0xa1,
        0xa6 => matches!(second, 0xa1..=0xb8 | 0xc1..=0xd8),
        0xa8 => second < 0x97,
        _ => false,
    }
}

/// The pairs of bytes that stand for Chinese characters.
///
/// Nearly every text in Big5 is valid GB18030, too, and reads as garbage. But the commonest characters of Big5 stand
/// where GB18030 has Greek, Japanese and rare characters: more than half of all pairs in Big5, some hundredths in
/// GB18030.
struct Pairs {
    /// `None` once the text is not valid Big5.
    big5: Option<Decoder>,
    decoded: String,
    /// The first byte of a pair that a chunk cut.
    first: Option<u8>,
    all: u64,
    odd: u64,
    /// The line of the first pair.
    line: u32,
}

impl Pairs {
    fn new() -> Self {
        let big5 = Some(BIG5.new_decoder_without_bom_handling());
        Self { big5, decoded: String::new(), first: None, all: 0, odd: 0, line: 1 }
    }

    fn take(&mut self, chunk: &[u8], is_last: bool) {
        let Some(decoder) = &mut self.big5 else { return };
        self.decoded.clear();
        self.decoded
            .reserve(decoder.max_utf8_buffer_length(chunk.len()).unwrap_or(chunk.len() * 4));
        let decoded =
            decoder.decode_to_string_without_replacement(chunk, &mut self.decoded, is_last);
        if matches!(decoded.0, DecoderResult::Malformed(..)) {
            self.big5 = None;
            return;
        }
        for byte in chunk {
            match self.first.take() {
                Some(first) if !is_sign(first, *byte) => {
                    self.all += 1;
                    let is_odd = *byte < 0xa1 || first < 0xa1 || matches!(first, 0xa4..=0xaf);
                    self.odd += u64::from(is_odd);
                }
                None if *byte >= 0x81 => self.first = Some(*byte),
                None if *byte == b'\n' && self.all == 0 => self.line = self.line.saturating_add(1),
                Some(_) | None => {}
            }
        }
    }

    fn look_like_big5(&self) -> bool {
        // Three in ten lie far from both. Our choice.
        self.big5.is_some() && self.odd * 10 >= self.all * 3 && self.odd > 0
    }
}

/// The second pass: the text of a file in chunks of UTF-8, without its byte order mark.
pub(super) struct TextReader<R> {
    inner: R,
    expected: Scan,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    decoded: String,
    /// Whether the decoder has been given the last bytes.
    is_decoded: bool,
    /// Where the current chunk starts and ends in `raw`, if it needs no decoding.
    start: usize,
    length: usize,
    bytes: u64,
    hasher: Hasher,
}

impl<R: Read> TextReader<R> {
    pub(super) fn new(inner: R, expected: Scan) -> Self {
        let decoder = (expected.encoding == Encoding::Gb18030)
            .then(|| GB18030.new_decoder_without_bom_handling());
        Self {
            inner,
            expected,
            decoder,
            raw: vec![0; CHUNK_BYTES],
            decoded: String::new(),
            is_decoded: false,
            start: 0,
            length: 0,
            bytes: 0,
            hasher: Hasher::new(),
        }
    }

    /// Moves to the next chunk; false at the end of the file.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        let length = read_full(&mut self.inner, &mut self.raw)?;
        let is_first = self.bytes == 0;
        self.bytes += length as u64;
        self.hasher.update(&self.raw[..length]);
        (self.start, self.length) = (0, length);
        if let Some(decoder) = &mut self.decoder {
            self.decoded.clear();
            // If the file grew meanwhile, this goes on past its old end; the checksum shows the change.
            if std::mem::replace(&mut self.is_decoded, length < self.raw.len()) {
                return Ok(length > 0);
            }
            self.decoded.reserve(decoder.max_utf8_buffer_length(length).unwrap_or(length * 4));
            let is_last = length < self.raw.len();
            let _ = decoder.decode_to_string(&self.raw[..length], &mut self.decoded, is_last);
        } else if is_first && self.raw[..length].starts_with(b"\xef\xbb\xbf") {
            self.start = 3;
        }
        Ok(length > 0)
    }

    /// The current chunk.
    pub(super) fn chunk(&self) -> &[u8] {
        if self.decoder.is_some() {
            self.decoded.as_bytes()
        } else {
            &self.raw[self.start..self.length]
        }
    }

    /// Whether the file so far is the same as in the first pass.
    pub(super) fn is_same(&self) -> bool {
        self.bytes == self.expected.bytes && self.hasher.clone().finalize() == self.expected.crc
    }
}

/// The text of a small file.
pub(super) fn text(file: &str, bytes: &[u8]) -> Result<String, Issue> {
    let found = scan(file, || Ok(bytes))?;
    let mut reader = TextReader::new(bytes, found);
    let mut out = Vec::with_capacity(bytes.len());
    while reader.advance().unwrap_or(false) {
        out.extend_from_slice(reader.chunk());
    }
    let text = String::from_utf8(out).map_err(|_| Issue::error("bad_encoding", file))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Option<(&'static str, Option<u32>)> {
        text("f", bytes).err().map(|issue| (issue.code, issue.row))
    }

    #[test]
    fn utf8_with_or_without_a_mark_and_gb18030_give_the_same_text() {
        let words = "area,name\nyy,云阳街道\n";
        let gb18030 = GB18030.encode(words).0.into_owned();
        assert_eq!(text("f", words.as_bytes()).as_deref(), Ok(words));
        assert_eq!(text("f", format!("\u{feff}{words}").as_bytes()).as_deref(), Ok(words));
        assert_eq!(text("f", &gb18030).as_deref(), Ok(words));
    }

    #[test]
    fn big5_is_refused_and_not_read_as_garbage() {
        for words in [
            "地區,名稱\n1,雲陽街道\n",
            "person,name\n1,王小明\n2,陳美玲\n3,丹陽\n",
            "接種站\n臺北市中正區公所\n",
        ] {
            let bytes = BIG5.encode(words).0.into_owned();
            assert_eq!(code(&bytes).map(|found| found.0), Some("big5"), "{words}");
        }
        for words in [
            "地区,名称\n1,云阳街道\n",
            "person,name\n1,王珺\n2,李喆\n3,张堃\n4,陈美玲\n5,刘洋\n",
            "備註,臺灣同胞接種點\n雲陽街道辦事處,龍潭衛生院\n",
            "①②③ αβγ 接种点\n",
            "group,name\nadult,18–59岁\n",
            "丹",
        ] {
            let bytes = GB18030.encode(words).0.into_owned();
            assert_eq!(text("f", &bytes).as_deref(), Ok(words));
        }
    }

    #[test]
    fn utf16_and_binary_files_say_so() {
        let utf16: Vec<u8> = "area,name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(code(&utf16).map(|c| c.0), Some("utf16"));
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf16).collect();
        assert_eq!(code(&marked), Some(("utf16", None)));
        assert_eq!(code(b"a,b\nc\0d"), Some(("binary_file", Some(2))));
        assert_eq!(code(b"a\nb\xff\xff\n"), Some(("bad_encoding", Some(2))));
    }

    #[test]
    fn characters_that_chunks_cut_are_no_fault() {
        let long = "丹".repeat(CHUNK_BYTES);
        for shift in 0..4 {
            let shifted = format!("{}{long}", "x".repeat(shift));
            assert_eq!(text("f", shifted.as_bytes()).as_deref(), Ok(shifted.as_str()));
            let encoded = GB18030.encode(&shifted).0;
            assert_eq!(text("f", &encoded).as_deref(), Ok(shifted.as_str()));
        }
    }
}
