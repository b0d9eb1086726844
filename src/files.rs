//! Reads files that must be files. A pipe has no end until somebody closes it and cannot be read twice; whoever names one
//! is told what it is.

use rustix::fs::OFlags;
use std::fs::{File, FileType};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Something else in the place of a file: `folder`, `pipe`, `socket` or `device`.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this is a {0}, not a file; save the content in a file and name that")]
pub struct NotAFile(pub &'static str);

impl NotAFile {
    /// What an error of [`open`] says, if it says this.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Opens a file to read it. Anything else than a file is an error that says what it is, without waiting for a writer.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    match what_else(file.metadata()?.file_type()) {
        None => Ok(file),
        Some(what) => Err(io::Error::new(io::ErrorKind::InvalidInput, NotAFile(what))),
    }
}

/// Opens and reads a text.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Opens and reads bytes.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What something is that is no file.
fn what_else(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("folder")
    } else if kind.is_fifo() {
        Some("pipe")
    } else if kind.is_socket() {
        Some("socket")
    } else {
        Some("device")
    }
}
