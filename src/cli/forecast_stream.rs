//! Streams histories in blocks: one thread reads, several evaluate, and the caller's thread writes the results in the
//! order of the input.

use super::forecast_out::{Words, Writer};
use crate::domain::rules::Rules;
use anyhow::Context as _;
use chrono::NaiveDate;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The number of threads that evaluate.
const WORKERS: usize = 2;
/// The size in bytes of a block of whole lines.
const BLOCK_BYTES: usize = 128 << 10;
/// How many blocks may wait for a thread; more would only use memory.
const BLOCKS_WAITING: usize = 2;
/// A longer line is refused, bytes.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Lines of the input. One that is too long is cut just above the limit, so that it is refused.
struct Block {
    first_row: u64,
    bytes: Vec<u8>,
}

/// The results of a block.
struct Done {
    out: String,
    refused: bool,
    warnings: Vec<(String, u64)>,
}

/// Reads, evaluates and writes until the input ends; true if a line was refused.
pub(super) fn stream(
    input: Box<dyn Read + Send>,
    output: &mut dyn Write,
    rules: &Rules,
    words: &Words,
    today: NaiveDate,
) -> anyhow::Result<bool> {
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
        let refused = write_all(output, &from_workers, words);
        drop(from_workers);
        let read = reader.join().map_err(|_| anyhow::anyhow!("the reader stopped"))?;
        let refused = refused?;
        read.context("the histories could not be read to their end")?;
        Ok(refused)
    })
}

/// Sends blocks of whole lines to the workers in turn; ends early when the workers have stopped.
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

/// Reads one line with its line end; of one that is too long, just more than the limit.
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
    rules: &Rules,
    words: &Words,
    today: NaiveDate,
) {
    let mut writer = Writer::new(rules, words, today);
    for block in blocks {
        let (mut out, mut warnings) = (String::with_capacity(BLOCK_BYTES * 4), Vec::new());
        let mut refused = false;
        for (row, line) in (block.first_row..).zip(block.bytes.split_inclusive(|b| *b == b'\n')) {
            let mark: &[u8] = if row == 1 { b"\xef\xbb\xbf" } else { b"" };
            let line = line.strip_prefix(mark).unwrap_or(line).trim_ascii();
            if !line.is_empty() {
                refused |= !writer.line(line, row, &mut out, &mut warnings);
            }
        }
        if done.send(Done { out, refused, warnings }).is_err() {
            return;
        }
    }
}

/// Writes the workers' results in turn; true if a line was refused.
fn write_all(
    output: &mut dyn Write,
    workers: &[Receiver<Done>],
    words: &Words,
) -> anyhow::Result<bool> {
    let mut refused = false;
    let mut warned = BTreeSet::new();
    for worker in workers.iter().cycle() {
        let Ok(done) = worker.recv() else { break };
        refused |= done.refused;
        for (code, row) in done.warnings {
            if warned.insert(code.clone()) {
                super::output::tell(&words.unknown(&code, row));
            }
        }
        if let Err(error) = output.write_all(done.out.as_bytes()) {
            if error.kind() == ErrorKind::BrokenPipe {
                std::process::exit(0);
            }
            return Err(error).context("the output could not be written");
        }
    }
    output.flush().context("the output could not be written")?;
    Ok(refused)
}
