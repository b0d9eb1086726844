//! `doseplan forecast`: histories in, one JSON object a line; which doses count and what is due next, out.
//!
//! Lines go by in blocks: one thread reads, some evaluate, this one writes, in the order of the input.

use super::forecast_out::{Writer, Words};
use super::output::print;
use super::{Session, exit};
use crate::intake::rules::{self, Loaded};
use crate::intake::{Issue, has_errors};
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Evaluate histories and forecast the next doses, from and to one JSON object a line
#[derive(Debug, Args)]
pub(super) struct Forecast {
    /// Folder of rules: CDSi supporting data in XML, or series files [default: those of the program]
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// The histories [default: stdin]
    #[arg(value_name = "FILE.ndjson")]
    file: Option<PathBuf>,
}

/// Threads that evaluate.
const WORKERS: usize = 2;
/// Bytes of whole lines that go to a thread at once.
const BLOCK_BYTES: usize = 128 << 10;
/// Blocks that wait at a thread; more would only fill the memory.
const BLOCKS_WAITING: usize = 2;
/// A longer line is refused.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Lines of the input; a line that is too long is cut at the limit and so refused.
struct Block {
    first_row: u64,
    bytes: Vec<u8>,
}

/// What came of a block.
struct Done {
    out: Vec<u8>,
    refused: bool,
    warnings: Vec<(String, u64)>,
}

impl Forecast {
    pub(super) async fn run(&self, session: Session) -> anyhow::Result<u8> {
        let Some(rules) = self.load(&session) else { return Ok(exit::CONFIGURATION) };
        let input: Box<dyn Read + Send> = match &self.file {
            Some(path) => match std::fs::File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    eprintln!("doseplan: {}: {error}", path.display());
                    return Ok(exit::CONFIGURATION);
                }
            },
            None => Box::new(std::io::stdin()),
        };
        let today = session.clock.now().with_timezone(&chrono::Local).date_naive();
        let words = Words::new(session.out.language);
        tokio::task::block_in_place(|| stream(input, &rules, &words, today))
    }

    fn load(&self, session: &Session) -> Option<Loaded> {
        let found = match &self.rules {
            Some(folder) => rules::folder(folder),
            None => rules::embedded(),
        };
        let tell = |issues: &[Issue]| {
            for issue in issues {
                eprintln!("{}", issue.line(session.out.language));
            }
        };
        match found {
            Ok(loaded) => {
                tell(&loaded.warnings);
                Some(loaded)
            }
            Err(issues) => {
                debug_assert!(has_errors(&issues), "rules are refused for a reason");
                tell(&issues);
                None
            }
        }
    }
}

/// Reads, evaluates and writes until the input ends.
fn stream(
    input: Box<dyn Read + Send>,
    rules: &Loaded,
    words: &Words,
    today: NaiveDate,
) -> anyhow::Result<u8> {
    std::thread::scope(|scope| {
        let mut to_workers = Vec::new();
        let mut from_workers = Vec::new();
        for _ in 0..WORKERS {
            let (block_in, blocks) = sync_channel::<Block>(BLOCKS_WAITING);
            let (done_in, done) = sync_channel::<Done>(BLOCKS_WAITING);
            scope.spawn(move || work(&blocks, &done_in, rules, words, today));
            to_workers.push(block_in);
            from_workers.push(done);
        }
        let reader = scope.spawn(move || read_blocks(input, &to_workers));
        let refused = write_all(&from_workers, words);
        drop(from_workers);
        let read = reader.join().map_err(|_| anyhow::anyhow!("the reader stopped"))?;
        let refused = refused?;
        read.context("the histories could not be read to their end")?;
        Ok(if refused { exit::REFUSED } else { exit::OK })
    })
}

/// Hands blocks of whole lines to the workers in turn; ends early when nobody listens any more.
fn read_blocks(input: Box<dyn Read + Send>, workers: &[SyncSender<Block>]) -> std::io::Result<()> {
    let mut input = BufReader::with_capacity(BLOCK_BYTES, input);
    let mut row = 0_u64;
    for worker in workers.iter().cycle() {
        let mut block = Block { first_row: row + 1, bytes: Vec::with_capacity(BLOCK_BYTES * 2) };
        while block.bytes.len() < BLOCK_BYTES {
            if read_line(&mut input, &mut block.bytes)? == 0 {
                if !block.bytes.is_empty() {
                    let _ = worker.send(block);
                }
                return Ok(());
            }
            row += 1;
        }
        if worker.send(block).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one line with its end; of a line that is too long only as much as shows it.
fn read_line(input: &mut impl BufRead, into: &mut Vec<u8>) -> std::io::Result<usize> {
    let start = into.len();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let read = input.by_ref().take(limit).read_until(b'\n', into)?;
    if read == LINE_BYTES_MAX && into.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
        into.truncate(start);
        into.extend_from_slice(b"{ ... too long\n");
    }
    Ok(read)
}

fn work(
    blocks: &Receiver<Block>,
    done: &SyncSender<Done>,
    rules: &Loaded,
    words: &Words,
    today: NaiveDate,
) {
    let mut writer = Writer::new(&rules.rules, words, today);
    for block in blocks {
        let (mut out, mut warnings) = (Vec::with_capacity(BLOCK_BYTES * 4), Vec::new());
        let mut refused = false;
        for (row, line) in (block.first_row..).zip(block.bytes.split_inclusive(|b| *b == b'\n')) {
            let line = if row == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
            if line.trim_ascii().is_empty() {
                continue;
            }
            refused |= !writer.line(line.trim_ascii(), row, &mut out, &mut warnings);
        }
        if done.send(Done { out, refused, warnings }).is_err() {
            return;
        }
    }
}

/// Writes what the workers send, in turn; whether any line was refused.
fn write_all(workers: &[Receiver<Done>], words: &Words) -> anyhow::Result<bool> {
    let mut stdout = std::io::stdout().lock();
    let mut refused = false;
    let mut warned = BTreeSet::new();
    for worker in workers.iter().cycle() {
        let Ok(done) = worker.recv() else { break };
        refused |= done.refused;
        for (code, row) in done.warnings {
            if warned.insert(code.clone()) {
                eprintln!("{}", words.unknown(&code, row));
            }
        }
        if let Err(error) = stdout.write_all(&done.out) {
            if error.kind() == ErrorKind::BrokenPipe {
                std::process::exit(0);
            }
            return Err(error).context("the output could not be written");
        }
    }
    stdout.flush().context("the output could not be written")?;
    drop(stdout);
    print("");
    Ok(refused)
}
