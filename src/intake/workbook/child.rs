//! Reads a workbook in a process of its own: this program, started again with a hidden command. It limits its own
//! memory and time, gets the file on stdin and writes what it reads to stdout. Whatever the file does to it, this
//! process only sees an answer that ends too early.
//!
//! Answer: parts, each with a letter in front. Numbers are 32 bits, texts have their length in front.

use super::cells::{Grid, Kept, Sheet, Sink};
use super::{Ask, FILE_BYTES_MAX, parse, read_up_to, shown};
use crate::intake::issue::Issue;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// The hidden command.
const COMMAND: &str = "read-workbook";
/// Memory that the child may use for data.
const DATA_BYTES_MAX: u64 = 448 << 20;
/// Addresses that it may use, the program itself included. Older kernels limit nothing but these.
const ADDRESS_BYTES_MAX: u64 = 1 << 30;
/// Time of a processor, and of the clock, after which it is ended.
const SECONDS_MAX: u64 = 30;
/// What messages say of the limit.
const MEMORY_SHOWN: &str = "512 MB";
/// Longest text in an answer.
const TEXT_BYTES_MAX: u32 = 4 << 20;
/// Most cells in a row of an answer.
const ROW_CELLS_MAX: u32 = 1024;

/// How this program is started again; not set in tests and benches of the library, which read workbooks themselves.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
/// One workbook at a time: each may take half a gigabyte.
static TURN: Mutex<()> = Mutex::new(());

/// From now on workbooks are read in processes of their own. Only for a `main` that begins with [`serve`].
pub fn read_in_children() {
    // The link leads to the program that runs even if its file was replaced meanwhile.
    let link = PathBuf::from("/proc/self/exe");
    let program = if link.exists() { Some(link) } else { std::env::current_exe().ok() };
    if let Some(program) = program {
        let _ = PROGRAM.set(program);
    }
}

/// Reads a workbook into `out` if this process was started for that; returns its exit code.
pub fn serve(out: impl Write) -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [command, name, only, kind] = arguments.as_slice() else { return None };
    if command != COMMAND {
        return None;
    }
    let (name, only) = (name.to_string_lossy(), only.to_string_lossy());
    let only = (!only.is_empty()).then_some(&*only);
    let ask = Ask { name: &name, only, is_upload: kind == "upload" };
    Some(answer(&ask, out).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS))
}

fn answer(ask: &Ask<'_>, out: impl Write) -> io::Result<()> {
    let mut out = Out(BufWriter::new(out), None);
    out.letter(b'H')?;
    out.0.flush()?;
    for (resource, most) in [
        (Resource::Data, DATA_BYTES_MAX),
        (Resource::As, ADDRESS_BYTES_MAX),
        (Resource::Cpu, SECONDS_MAX),
        (Resource::Core, 0),
    ] {
        // Where it is forbidden, the reader's own limits hold.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    }
    let read = read_up_to(io::stdin().lock(), ask.name, FILE_BYTES_MAX)
        .and_then(|bytes| parse(bytes, ask, &mut out));
    if let Some(error) = out.1.take() {
        return Err(error);
    }
    match read {
        Ok(()) => out.letter(b'Z')?,
        Err(issue) => {
            out.letter(b'E')?;
            out.text(&issue.to_json())?;
        }
    }
    out.0.flush()
}

/// Writes an answer, and keeps the error if nobody reads it.
struct Out<W>(W, Option<io::Error>);

impl<W: Write> Out<W> {
    fn letter(&mut self, letter: u8) -> io::Result<()> {
        self.0.write_all(&[letter])
    }

    fn number(&mut self, number: u32) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.number(u32::try_from(text.len()).map_err(io::Error::other)?)?;
        self.0.write_all(text.as_bytes())
    }

    fn told(&mut self, written: io::Result<()>) -> Result<(), Issue> {
        written.map_err(|error| {
            let issue = Issue::error("unreadable", "").with("reason", &error);
            self.1 = Some(error);
            issue
        })
    }
}

impl<W: Write> Sink for Out<W> {
    fn sheet(&mut self, name: &str) -> Result<(), Issue> {
        let written =
            self.letter(b'S').and_then(|()| self.text(name)).and_then(|()| self.0.flush());
        self.told(written)
    }

    fn row(&mut self, row: u32, cells: &[String]) -> Result<(), Issue> {
        let mut write = || {
            self.letter(b'R')?;
            self.number(row)?;
            self.number(u32::try_from(cells.len()).map_err(io::Error::other)?)?;
            cells.iter().try_for_each(|cell| self.text(cell))
        };
        let written = write();
        self.told(written)
    }

    fn formula(&mut self, row: u32, text: &str) -> Result<(), Issue> {
        let mut write = || {
            self.letter(b'F')?;
            self.number(row)?;
            self.text(text)
        };
        let written = write();
        self.told(written)
    }
}

/// Where a workbook comes from.
pub(super) enum Input {
    File(File),
    Bytes(Vec<u8>),
}

impl Input {
    pub(super) fn into_bytes(self, name: &str) -> Result<Vec<u8>, Issue> {
        match self {
            Self::File(file) => read_up_to(file, name, FILE_BYTES_MAX),
            Self::Bytes(bytes) => Ok(bytes),
        }
    }
}

/// What came of asking a child.
pub(super) enum Answer {
    Sheets(Vec<Sheet>),
    /// None could be started.
    NoChild(Input),
}

/// Lets a child read a workbook.
pub(super) fn read(input: Input, ask: &Ask<'_>) -> Result<Answer, Issue> {
    let Some(program) = PROGRAM.get() else { return Ok(Answer::NoChild(input)) };
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let kind = if ask.is_upload { "upload" } else { "file" };
    let mut command = Command::new(program);
    command.args([COMMAND, ask.name, ask.only.unwrap_or_default(), kind]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let bytes = match &input {
        Input::File(file) => {
            let Ok(file) = file.try_clone() else { return Ok(Answer::NoChild(input)) };
            command.stdin(file);
            None
        }
        Input::Bytes(bytes) => {
            command.stdin(Stdio::piped());
            Some(bytes)
        }
    };
    let Ok(mut child) = command.spawn() else { return Ok(Answer::NoChild(input)) };
    let found = thread::scope(|scope| {
        if let (Some(stdin), Some(bytes)) = (child.stdin.take(), bytes) {
            scope.spawn(move || feed(stdin, bytes));
        }
        watched(child, ask)
    });
    match found {
        Ok(Some(sheets)) => Ok(Answer::Sheets(sheets)),
        Ok(None) => Ok(Answer::NoChild(rewound(input, ask.name)?)),
        Err(issue) => Err(issue),
    }
}

fn feed(mut stdin: ChildStdin, bytes: &[u8]) {
    // A child that has seen enough closes its end.
    let _ = stdin.write_all(bytes);
}

/// The input from its start, should a child have read of it.
fn rewound(input: Input, name: &str) -> Result<Input, Issue> {
    if let Input::File(mut file) = input {
        let start = io::Seek::rewind(&mut file);
        start.map_err(|error| Issue::unreadable(name, &error))?;
        return Ok(Input::File(file));
    }
    Ok(input)
}

/// Reads the answer of a child and ends the child when its time is over. `None` if it did not even begin.
fn watched(mut child: Child, ask: &Ask<'_>) -> Result<Option<Vec<Sheet>>, Issue> {
    let Some(stdout) = child.stdout.take() else { return Ok(None) };
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            // The clock runs while the answer is read; after that the child has ended or is ended.
            if is_done.recv_timeout(Duration::from_secs(SECONDS_MAX))
                == Err(RecvTimeoutError::Timeout)
            {
                let _ = child.kill();
                let _ = is_done.recv();
            }
            let _ = child.kill();
            let _ = child.wait();
        });
        let found = understood(BufReader::new(stdout), ask);
        drop(done);
        found
    })
}

/// What an answer says.
fn understood(from: impl Read, ask: &Ask<'_>) -> Result<Option<Vec<Sheet>>, Issue> {
    let mut answer = Incoming { from, text: Vec::new() };
    if answer.letter().ok() != Some(b'H') {
        return Ok(None);
    }
    let mut kept = Kept::default();
    match answer.read(&mut kept.0) {
        Ok(None) => Ok(Some(kept.0)),
        Ok(Some(issue)) => Err(issue),
        Err(_) => {
            let at = kept.0.last().map(|sheet| shown(ask.name, &sheet.name));
            Err(too_costly(at.as_deref().unwrap_or(ask.name)))
        }
    }
}

/// What is said of a workbook that needs more than a child may use.
pub(super) fn too_costly(place: &str) -> Issue {
    let issue = Issue::error("workbook_too_costly", place);
    issue.with("memory", MEMORY_SHOWN).with("seconds", SECONDS_MAX)
}

/// An answer as it comes.
struct Incoming<R> {
    from: R,
    text: Vec<u8>,
}

impl<R: Read> Incoming<R> {
    /// Reads to the end; an issue if the child tells one, an error if the answer ends too early.
    fn read(&mut self, sheets: &mut Vec<Sheet>) -> io::Result<Option<Issue>> {
        let no_sheet = || io::Error::from(io::ErrorKind::InvalidData);
        loop {
            match self.letter()? {
                b'S' => {
                    let name = self.text()?.to_owned();
                    sheets.push(Sheet { name, grid: Grid::default(), formula: None });
                }
                b'R' => {
                    let row = self.number()?;
                    let cells = self.number()?;
                    if cells > ROW_CELLS_MAX {
                        return Err(no_sheet());
                    }
                    let sheet = sheets.last_mut().ok_or_else(no_sheet)?;
                    sheet.grid.row(row);
                    for _ in 0..cells {
                        sheet.grid.cell(self.text()?);
                    }
                }
                b'F' => {
                    let row = self.number()?;
                    let text = self.text()?.to_owned();
                    sheets.last_mut().ok_or_else(no_sheet)?.formula = Some((row, text));
                }
                b'E' => {
                    let issue = Issue::of_json(self.text()?).ok_or_else(no_sheet)?;
                    return Ok(Some(issue));
                }
                b'Z' => return Ok(None),
                _ => return Err(no_sheet()),
            }
        }
    }

    fn letter(&mut self) -> io::Result<u8> {
        let mut letter = [0];
        self.from.read_exact(&mut letter)?;
        Ok(letter[0])
    }

    fn number(&mut self) -> io::Result<u32> {
        let mut number = [0; 4];
        self.from.read_exact(&mut number)?;
        Ok(u32::from_le_bytes(number))
    }

    fn text(&mut self) -> io::Result<&str> {
        let length = self.number()?;
        if length > TEXT_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.text.resize(length as usize, 0);
        self.from.read_exact(&mut self.text)?;
        std::str::from_utf8(&self.text).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: Ask<'_> = Ask { name: "f.xlsx", only: None, is_upload: false };

    fn written() -> Vec<u8> {
        let mut out = Out(Vec::new(), None);
        out.letter(b'H').expect("a letter");
        out.sheet("人员").expect("a sheet");
        out.row(3, &["甲".to_owned(), String::new(), "2".to_owned()]).expect("a row");
        out.formula(3, "1+1").expect("a formula");
        out.letter(b'Z').expect("a letter");
        out.0
    }

    #[test]
    fn an_answer_says_what_was_read() {
        let sheets = understood(&*written(), &ASK).expect("no issue").expect("sheets");
        let [sheet] = <[Sheet; 1]>::try_from(sheets).expect("a sheet");
        assert_eq!((sheet.name.as_str(), sheet.formula), ("人员", Some((3, "1+1".to_owned()))));
        let row = sheet.grid.into_rows().next().expect("a row");
        assert_eq!((row.row, row.cells), (3, ["甲", "", "2"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn an_answer_that_ends_anywhere_is_a_workbook_that_cost_too_much() {
        let whole = written();
        assert!(understood(&b""[..], &ASK).is_ok_and(|found| found.is_none()));
        for length in 1..whole.len() {
            let issue = understood(&whole[..length], &ASK).expect_err("an issue");
            assert_eq!(issue.code, "workbook_too_costly");
        }
        let late = understood(&whole[..whole.len() - 1], &ASK).expect_err("an issue");
        assert_eq!(&*late.file, "f.xlsx!人员");
    }

    #[test]
    fn what_the_child_finds_wrong_arrives_whole() {
        let issue = Issue::error("workbook_too_large", "f.xlsx").with("limit", "96 MB");
        let mut out = Out(Vec::new(), None);
        out.letter(b'H').and_then(|()| out.letter(b'E')).expect("letters");
        out.text(&issue.to_json()).expect("a text");
        assert_eq!(understood(&*out.0, &ASK).expect_err("an issue"), issue);
    }
}
