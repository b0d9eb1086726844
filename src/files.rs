//! Reads files that must be files: a pipe has no end until somebody closes it and cannot be read twice, and whoever
//! names one is told what it is. Makes files and folders that belong to their user alone, whatever the umask:
//! databases, mails, refused rows and exports hold people's names.

use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, FileType};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _};
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

/// Creates or empties a file that nobody else may read. The rights of a file that was there stay.
pub fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Writes a file that nobody else may read.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    create(path)?.write_all(content.as_ref())
}

/// Makes a folder, and those that it is in, that nobody else may enter.
pub fn create_dir_all(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
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
