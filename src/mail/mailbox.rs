//! Reads messages from a file, a folder of files, a maildir, an mbox or standard input. Nothing is changed there.

use super::bounce::{BYTES_MAX, NotUnderstood};
use crate::files;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A message with the place that it was read from, or the reason why it cannot be read.
pub struct Found {
    /// The file; in an mbox also the number of the message.
    pub name: String,
    /// Its bytes.
    pub bytes: Result<Vec<u8>, NotUnderstood>,
}

/// Messages, one at a time. Only one is in memory.
pub struct Mailbox {
    files: VecDeque<PathBuf>,
    open: Option<Stream>,
}

/// A file that is being read.
struct Stream {
    name: String,
    lines: Box<dyn BufRead + Send>,
    /// The first line of the next message; `None` before the first one.
    is_mbox: Option<bool>,
    count: usize,
}

impl Mailbox {
    /// Opens a file, a maildir (its `new` and `cur`), or a folder of messages.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !path.is_dir() {
            files::open(path)?;
            return Ok(Self { files: VecDeque::from([path.to_owned()]), open: None });
        }
        let maildir: Vec<_> =
            ["new", "cur"].iter().map(|n| path.join(n)).filter(|dir| dir.is_dir()).collect();
        let folders = if maildir.is_empty() { vec![path.to_owned()] } else { maildir };
        let mut files = Vec::new();
        for folder in folders {
            for entry in std::fs::read_dir(folder)? {
                let file = entry?.path();
                let hidden =
                    file.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
                if !hidden && !file.is_dir() {
                    files.push(file);
                }
            }
        }
        files.sort();
        Ok(Self { files: files.into(), open: None })
    }

    /// Reads a message or an mbox from a stream.
    pub fn stream(name: &str, input: impl io::Read + Send + 'static) -> Self {
        Self { files: VecDeque::new(), open: Some(Stream::new(name.to_owned(), input)) }
    }
}

impl Iterator for Mailbox {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if let Some(stream) = &mut self.open {
                if let Some(found) = stream.next() {
                    return Some(found);
                }
                self.open = None;
            }
            let path = self.files.pop_front()?;
            let name = path.display().to_string();
            match files::open(&path) {
                Ok(file) => self.open = Some(Stream::new(name, file)),
                Err(_) => return Some(Found { name, bytes: Err(NotUnderstood::Unreadable) }),
            }
        }
    }
}

impl Stream {
    fn new(name: String, input: impl io::Read + Send + 'static) -> Self {
        Self { name, lines: Box::new(BufReader::new(input)), is_mbox: None, count: 0 }
    }

    /// The next message. In an mbox a line `From …` precedes each; a line of a message that began so is written
    /// `>From`.
    fn next(&mut self) -> Option<Found> {
        let (mut bytes, mut size, mut line) = (Vec::new(), 0, Vec::new());
        let mut fault = None;
        let mut is_after_empty = true;
        self.count += 1;
        loop {
            line.clear();
            // A line without an end must not fill the memory.
            let read = self.lines.by_ref().take(BYTES_MAX as u64).read_until(b'\n', &mut line);
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => {
                    fault = Some(NotUnderstood::Unreadable);
                    self.lines = Box::new(io::empty());
                    break;
                }
            }
            let is_start = is_after_empty && line.starts_with(b"From ");
            let is_mbox = *self.is_mbox.get_or_insert(is_start);
            if is_mbox && is_start {
                if size > 0 {
                    break;
                }
                continue;
            }
            is_after_empty = line.trim_ascii_end().is_empty();
            let quoted = line.iter().position(|&byte| byte != b'>').unwrap_or_default();
            let is_quoted = is_mbox && quoted > 0 && line[quoted..].starts_with(b"From ");
            let line = &line[usize::from(is_quoted)..];
            size += line.len();
            if size <= BYTES_MAX {
                bytes.extend_from_slice(line);
            } else {
                bytes = Vec::new();
                fault = Some(NotUnderstood::TooLarge);
            }
        }
        let name = match self.is_mbox {
            Some(true) => format!("{}:{}", self.name, self.count),
            _ => self.name.clone(),
        };
        // An empty file is one empty message; the end of an mbox is none.
        if size == 0 && fault.is_none() && (self.count > 1 || self.is_mbox == Some(true)) {
            return None;
        }
        Some(Found { name, bytes: fault.map_or(Ok(bytes), Err) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mailbox: Mailbox) -> Vec<(String, String)> {
        let text = |found: Found| match found.bytes {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(why) => why.word().to_owned(),
        };
        mailbox.map(|found| (found.name.clone(), text(found))).collect()
    }

    fn stream(text: &str) -> Vec<(String, String)> {
        all(Mailbox::stream("-", io::Cursor::new(text.to_owned().into_bytes())))
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn an_mbox_is_split_where_its_messages_begin() {
        let mbox =
            "From a@b Mon\nTo: x\n\n>From me\n>>From you\nFrom here on\n\nFrom c@d\nTo: y\n\nz\n\n";
        assert_eq!(
            stream(mbox),
            [
                pair("-:1", "To: x\n\nFrom me\n>From you\nFrom here on\n\n"),
                pair("-:2", "To: y\n\nz\n\n")
            ]
        );
        assert_eq!(
            stream("To: x\n\nFrom c\n\nFrom d\n"),
            [pair("-", "To: x\n\nFrom c\n\nFrom d\n")]
        );
        assert_eq!(stream(""), [pair("-", "")]);
        assert_eq!(stream("From a@b\n"), []);
    }

    #[test]
    fn what_is_too_large_is_passed_over_and_the_next_one_is_read() {
        let long = "x".repeat(3 * BYTES_MAX);
        for large in [long.clone(), "y\n".repeat(BYTES_MAX)] {
            let found = stream(&format!("From a\nTo: x\n\n{large}\n\nFrom b\nTo: y\n"));
            assert_eq!(found, [pair("-:1", "too_large"), pair("-:2", "To: y\n")]);
        }
    }

    #[test]
    fn a_maildir_is_read_in_order_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["new", "cur", "tmp"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for file in ["new/2", "cur/1:2,S", "new/1", "tmp/3", "new/.hidden", "beside"] {
            std::fs::write(dir.path().join(file), file).unwrap();
        }
        let texts = |path: &Path| -> Vec<String> {
            all(Mailbox::open(path).unwrap()).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts(dir.path()), ["cur/1:2,S", "new/1", "new/2"]);
        assert_eq!(texts(dir.path()), ["cur/1:2,S", "new/1", "new/2"]);
        assert_eq!(texts(&dir.path().join("tmp")), ["tmp/3"]);
        assert_eq!(texts(&dir.path().join("beside")), ["beside"]);
        assert!(Mailbox::open(&dir.path().join("none")).is_err());
    }
}
