//! How a batch of rows is stored, whatever kind of record they are. Rows that repeat what is known are only counted.
//! Rows that change a known record are corrections, and what they replace is kept. The cells change with the records.

use super::facts::{Changes, Facts, change};
use super::{Good, Kind, Stored, Warning};
use crate::app::Result;
use crate::domain::id::PersonId;
use crate::domain::plausible::{Doubtful, Why};
use crate::intake::Issue;
use crate::store::doses::{self, History};
use crate::store::records::{self, Known, Record};
use crate::store::{Tx, voided};
use std::collections::HashMap;

/// People of the register with their doses before the batch, by code.
pub(super) type Histories = HashMap<PersonId, History>;

/// A kind of record that can be imported. Each of the four kinds implements what differs.
pub(super) trait Importable: Record {
    /// The file's column that holds the key.
    const KEY: &'static str;
    /// What the kind is called.
    const KIND: Kind;

    /// Takes the code that a person is known by, where the row has another one of theirs.
    fn resolve(&mut self, facts: &Facts);

    /// Completes a row: which campaign it belongs to, and what the file says nothing about. The issue says why that
    /// cannot be.
    fn complete(row: &mut Good<Self>, known: Option<&Self>, facts: &Facts) -> Option<Issue>;

    /// The people whose histories [`Self::fault`] and [`Self::count`] need, each once, sorted. By default nobody.
    fn people<'a>(_: &'a [Good<Self>], _: &[&'a Self]) -> Vec<&'a PersonId> {
        Vec::new()
    }

    /// Whom it is about; `None`: nobody in person.
    fn of(&self) -> Option<&PersonId> {
        None
    }

    /// What is wrong with a row that is new or a correction; `None`: nothing.
    fn fault(&self, facts: &Facts, line: u32, histories: &Histories) -> Option<Issue>;

    /// What is asked about a row that may repeat an earlier one of the same person. By default nothing.
    fn repeats(&self, _: &Facts, _: u32, _: &Self) -> Option<Issue> {
        None
    }

    /// Which rows are asked about before they count. By default none.
    fn doubts(
        _: &mut Tx,
        _: &Facts,
        _: &[Good<Self>],
    ) -> impl Future<Output = Result<Vec<Doubtful>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Does what else follows where rows are stored. By default nothing.
    fn settle(_: &mut Tx, _: &Facts, _: &[Good<Self>]) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Adds the changes of cells that follow when `rows` replace `replaced`. By default nothing changes.
    fn count(
        _: &Facts,
        _: Histories,
        _: &[&Self],
        _: &[Good<Self>],
        _: &mut Changes,
    ) -> impl Future<Output = Found> + Send {
        async { Found::default() }
    }

    /// What is odd about a row that replaces what is known, and is stored all the same.
    fn odd(&self, _: &Facts, _: u32, _: &Self) -> Option<Issue> {
        None
    }

    /// Whether it was given outside the jurisdiction.
    fn is_elsewhere(&self) -> bool {
        false
    }
}

/// The doses that counting found not to count.
#[derive(Default)]
pub(super) struct Found {
    /// Rows of the batch.
    pub(super) invalid: Vec<Warning>,
    /// Doses that were stored earlier and counted until now.
    pub(super) no_longer_valid: Vec<Warning>,
}

/// Stores a batch and adds the changes of cells to `changes`. The caller stores those before it commits, once for
/// several batches, since rows of different batches share cells.
pub(super) async fn store<T: Importable>(
    tx: &mut Tx,
    facts: &Facts,
    mut rows: Vec<Good<T>>,
    changes: &mut Changes,
) -> Result<Stored> {
    let now = facts.now;
    let mut stored = Stored::default();
    for row in &mut rows {
        row.value.resolve(facts);
    }
    let rows = unique(facts, rows, &mut stored);
    let known = records::find(tx, rows.iter().map(|row| row.value.key())).await?;
    let rows = completed(facts, rows, &known, &mut stored);
    let mut rows = changed(facts, rows, &known, &mut stored);
    // Every step that follows goes from one person to the next, also the database: its index by person is read and
    // written in one pass.
    rows.sort_by(|a, b| a.value.of().cmp(&b.value.of()));
    let people = T::people(&rows, &values(&replaced(&rows, &known)));
    let histories = doses::histories(tx, people).await?;
    let rows = fitting(facts, rows, &histories, &mut stored);
    let doubtful = T::doubts(tx, facts, &rows).await?;
    let rows = undoubted(facts, rows, doubtful, &mut stored);
    for row in &rows {
        let old = known.get(row.value.key());
        stored.odd.extend(old.and_then(|old| row.value.odd(facts, row.line, &old.value)));
    }
    let replaced = replaced(&rows, &known);
    stored.corrected = replaced.len() as u64;
    stored.new = rows.len() as u64 - stored.corrected;
    stored.elsewhere = rows.iter().filter(|row| row.value.is_elsewhere()).count() as u64;
    let about = replaced.iter().map(|known| known.value.of());
    let about = about.chain(rows.iter().map(|row| row.value.of()));
    let about: Vec<&PersonId> = about.flatten().collect();
    let before = values(&replaced);
    let writing = async {
        records::keep(tx, replaced.iter().copied(), now, "corrected").await?;
        records::write(tx, rows.iter().map(|row| &row.value), now).await
    };
    // The database writes while the doses are counted.
    let counting = T::count(facts, histories, &before, &rows, changes);
    let (written, found) = tokio::join!(biased; writing, counting);
    written?;
    stored.found = found;
    let keys = rows.iter().map(|row| row.value.key());
    let revived: Vec<&str> = keys.filter(|key| facts.voided.contains(*key)).collect();
    voided::delete(tx, T::KIND.name(), &revived).await?;
    T::settle(tx, facts, &rows).await?;
    stored.freed = facts.ends(tx, about).await?;
    Ok(stored)
}

/// Removes a record from what counts and keeps what it said, with the reason, at the instant of an entry. `false`:
/// there is no such record.
pub(super) async fn void<T: Importable>(
    tx: &mut Tx,
    facts: &Facts,
    key: &str,
    why: &str,
) -> Result<bool> {
    let known: HashMap<String, Known<T>> = records::find(tx, [key]).await?;
    let Some(old) = known.get(key) else { return Ok(false) };
    take_out(tx, facts, old).await?;
    records::keep(tx, [old], facts.now, why).await?;
    voided::insert(tx, T::KIND.name(), key).await?;
    Ok(true)
}

/// Removes a record, with what it counts.
pub(super) async fn take_out<T: Importable>(
    tx: &mut Tx,
    facts: &Facts,
    old: &Known<T>,
) -> Result<()> {
    let histories = doses::histories(tx, T::people(&[], &[&old.value])).await?;
    let mut changes = Changes::new();
    T::count(facts, histories, &[&old.value], &[], &mut changes).await;
    records::delete::<T>(tx, old.value.key()).await?;
    // Seats are locked before days, as an import does.
    facts.ends(tx, old.value.of()).await?;
    change(tx, changes).await?;
    Ok(())
}

/// The known records that the rows replace.
fn replaced<'k, T: Importable>(
    rows: &[Good<T>],
    known: &'k HashMap<String, Known<T>>,
) -> Vec<&'k Known<T>> {
    rows.iter().filter_map(|row| known.get(row.value.key())).collect()
}

fn values<'k, T>(known: &[&'k Known<T>]) -> Vec<&'k T> {
    known.iter().map(|known| &known.value).collect()
}

/// Keeps the first row of each key. Later rows with the same values are counted as known, others are refused. The rows
/// come back in the order of their keys, in which the database reads the fewest pages.
fn unique<T: Importable>(
    facts: &Facts,
    mut rows: Vec<Good<T>>,
    stored: &mut Stored,
) -> Vec<Good<T>> {
    rows.sort_by(|a, b| a.value.key().cmp(b.value.key()));
    let mut out: Vec<Good<T>> = Vec::with_capacity(rows.len());
    for row in rows {
        match out.last().filter(|first| first.value.key() == row.value.key()) {
            None => out.push(row),
            Some(first) if first.value == row.value => stored.same += 1,
            Some(first) => stored.refuse(&row, facts.duplicate(&row, &first.line.to_string())),
        }
    }
    out
}

/// Completes rows, and leaves out those of records that were taken out and stay out.
fn completed<T: Importable>(
    facts: &Facts,
    mut rows: Vec<Good<T>>,
    known: &HashMap<String, Known<T>>,
    stored: &mut Stored,
) -> Vec<Good<T>> {
    rows.retain_mut(|row| {
        let old = known.get(row.value.key()).map(|known| &known.value);
        if old.is_none() && !facts.revives && facts.voided.contains(row.value.key()) {
            stored.voided += 1;
            return false;
        }
        let issue = T::complete(row, old, facts);
        let fits = issue.is_none();
        if let Some(issue) = issue {
            stored.refuse(row, issue);
        }
        fits
    });
    rows
}

/// Leaves out rows that repeat what is known, and refuses rows that contradict an earlier row of this file.
fn changed<T: Importable>(
    facts: &Facts,
    mut rows: Vec<Good<T>>,
    known: &HashMap<String, Known<T>>,
    stored: &mut Stored,
) -> Vec<Good<T>> {
    /// Shown in place of the line of a row in an earlier batch, which is no longer known.
    const EARLIER: &str = "…";
    rows.retain(|row| match known.get(row.value.key()) {
        Some(old) if old.value == row.value => {
            stored.same += 1;
            false
        }
        Some(old) if old.recorded_at == facts.now => {
            stored.refuse(row, facts.duplicate(row, EARLIER));
            false
        }
        _ => true,
    });
    rows
}

/// Refuses rows with faults. The rows of one person stand one after the other.
fn fitting<T: Importable>(
    facts: &Facts,
    rows: Vec<Good<T>>,
    histories: &Histories,
    stored: &mut Stored,
) -> Vec<Good<T>> {
    let mut kept: Vec<Good<T>> = Vec::with_capacity(rows.len());
    // Where the rows of the same person begin: only those can repeat each other.
    let mut first = 0;
    for row in rows {
        let person = row.value.of();
        if person.is_none() || kept.get(first).is_some_and(|one| one.value.of() != person) {
            first = kept.len();
        }
        let mut before = kept.iter().skip(first);
        let repeats = || before.find_map(|one| row.value.repeats(facts, row.line, &one.value));
        match row.value.fault(facts, row.line, histories).or_else(repeats) {
            Some(issue) => stored.refuse(&row, issue),
            None => kept.push(row),
        }
    }
    kept
}

/// Refuses the rows that are asked about, and keeps them to be confirmed.
fn undoubted<T: Importable>(
    facts: &Facts,
    mut rows: Vec<Good<T>>,
    doubtful: Vec<Doubtful>,
    stored: &mut Stored,
) -> Vec<Good<T>> {
    let by_key: HashMap<&str, &Doubtful> =
        doubtful.iter().map(|it| (it.tally.record.as_str(), it)).collect();
    rows.retain(|row| {
        let found = by_key.get(row.value.key());
        if let Some(it) = found {
            let issue =
                facts.issue(issue_of(it.doubt.why), row.line, "doses", &it.tally.doses.to_string());
            let issue = issue.with("than", it.doubt.than).with("record", &it.tally.record);
            stored.refuse(row, issue.with("place", &it.tally.place));
        }
        found.is_none()
    });
    stored.doubtful = doubtful;
    rows
}

/// The code of the issue about a doubtful count.
fn issue_of(why: Why) -> &'static str {
    match why {
        Why::OverCapacity => "doubtful_capacity",
        Why::DayOverCapacity => "doubtful_day",
        Why::Unusual => "doubtful_unusual",
        Why::Twice => "doubtful_twice",
    }
}

impl Stored {
    fn refuse<T>(&mut self, row: &Good<T>, issue: Issue) {
        self.refused.push((row.index, issue));
    }
}

impl Facts {
    fn duplicate<T: Importable>(&self, row: &Good<T>, first: &str) -> Issue {
        self.issue("duplicate_record", row.line, T::KEY, row.value.key()).with("first", first)
    }
}
