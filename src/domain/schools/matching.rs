//! Three lists become one: rows and files of the register are joined to children.
//!
//! What joins, in this order: a clerk's decision; the same identity number; the same name, birth date and guardian,
//! where at most one identity number is known among them. Nothing else joins; who may be the same is told.

use super::{Decided, ListKind, Pupil};
use crate::domain::id::{AreaCode, PersonId};
use crate::domain::person::Person;
use crate::domain::resident_id;
use crate::domain::words::words;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// A person of the register, as lists are matched with it. `Debug` shows the code alone.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisterFile {
    /// The register's code.
    pub person: PersonId,
    /// The name.
    pub name: Option<String>,
    /// Number of the identity card or another document.
    pub id_no: Option<String>,
    /// Date of birth.
    pub born: NaiveDate,
    /// Name of a parent or guardian.
    pub guardian: Option<String>,
    /// The school that the register names, where it is one of the campaign's.
    pub school: Option<AreaCode>,
    /// Whether the campaign asks the person.
    pub is_asked: bool,
    /// Whether the register says that the person died.
    pub has_died: bool,
}

impl fmt::Debug for RegisterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterFile").field("person", &self.person).finish_non_exhaustive()
    }
}

words! {
    /// How a child stands in the three lists.
    pub enum ChildState {
        /// On a school's list, and in the register.
        AtSchool = "at_school",
        /// On a school's list, not in the register.
        New = "new",
        /// On a township's list of those who are not at school, and in the register.
        AtHome = "at_home",
        /// On such a list, not in the register.
        AtHomeNew = "at_home_new",
        /// On a list, and somebody of the register may be the same: a clerk decides.
        Unsure = "unsure",
        /// Several files of the register are this child's: they are to be merged.
        Twins = "twins",
        /// On the lists of several schools.
        TwoSchools = "two_schools",
        /// On a school's list, and on a township's of those who are not at school.
        Contradicted = "contradicted",
        /// In the register at a school whose list came without the child.
        Left = "left",
        /// In the register at a school whose list has not come.
        NoList = "no_list",
        /// In the register without a school, and on no list.
        Unlisted = "unlisted",
        /// On a list, and the register says that the child died.
        Died = "died",
        /// A clerk said that the row should not be there.
        Dropped = "dropped",
    }
}

/// A child, with all rows and files that are its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Positions of its rows.
    pub rows: Vec<usize>,
    /// Positions of its files.
    pub files: Vec<usize>,
    /// How it stands.
    pub state: ChildState,
    /// Positions of files that may be the same, where nobody knows.
    pub candidates: Vec<usize>,
    /// Positions of rows of other lists that may be the same, where nobody knows.
    pub alike: Vec<usize>,
}

/// A row or a file: rows come first.
type Node = usize;

/// Puts what belongs together into sets.
struct Sets(Vec<Node>);

impl Sets {
    fn top(&mut self, node: Node) -> Node {
        let mut at = node;
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: Node, b: Node) {
        let (a, b) = (self.top(a), self.top(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
    }
}

/// A name as names are compared: without blanks.
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

/// An identity number as numbers are compared.
pub fn number(id_no: &str) -> String {
    resident_id::normal(id_no.trim()).to_uppercase()
}

/// Whether a row of a list says who somebody is. What a clerk decided stands above all; else it is the same identity
/// number, the same name, birth date and guardian, or the same name and birth date where not both numbers are known.
pub fn is_row_of(row: &Pupil, person: &Person) -> bool {
    match &row.decided {
        Some(Decided::Person(code)) => return *code == person.id,
        Some(Decided::New) => return false,
        Some(Decided::Drop) | None => {}
    }
    let more = &person.more;
    let same = |a: &Option<String>, b: &Option<String>, by: fn(&str) -> String| {
        let both = a.as_deref().map(by).zip(b.as_deref().map(by));
        both.filter(|(a, b)| !a.is_empty() && !b.is_empty()).map(|(a, b)| a == b)
    };
    let number = same(&row.id_no, &more.id_no, number);
    let is_named = row.born == person.born
        && person.name.as_deref().is_some_and(|name| plain(name) == plain(&row.name));
    let guardian = same(&row.guardian, &more.guardian, plain);
    number == Some(true) || is_named && (number.is_none() || guardian == Some(true))
}

/// What is compared of a row or file.
struct Marks {
    id_no: Option<String>,
    name: Option<String>,
    born: NaiveDate,
    guardian: Option<String>,
}

/// Name, birth date and guardian, where all are known.
type Triple<'a> = (&'a str, NaiveDate, &'a str);

impl Marks {
    fn of_row(row: &Pupil) -> Self {
        // What a clerk decided stands above a number that is perhaps mistyped.
        let open = Self::of_open(row);
        if row.decided.is_none() { open } else { Self { id_no: None, name: None, ..open } }
    }

    /// Whatever was decided.
    fn of_open(row: &Pupil) -> Self {
        Self {
            id_no: row.id_no.as_deref().map(number),
            name: Some(plain(&row.name)),
            born: row.born,
            guardian: row.guardian.as_deref().map(plain),
        }
    }

    fn of_file(file: &RegisterFile) -> Self {
        Self {
            id_no: file.id_no.as_deref().map(number).filter(|text| !text.is_empty()),
            name: file.name.as_deref().map(plain),
            born: file.born,
            guardian: file.guardian.as_deref().map(plain),
        }
    }

    fn triple(&self) -> Option<Triple<'_>> {
        let known = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let is_whole = known(&self.name) && known(&self.guardian);
        Some((self.name.as_deref()?, self.born, self.guardian.as_deref()?)).filter(|_| is_whole)
    }
}

/// Joins the rows of lists and the files of the register. Every row and every file is in exactly one child. Children
/// are in the order of their first row; those without one follow in the order of their files.
pub fn match_lists(rows: &[Pupil], files: &[RegisterFile]) -> Vec<Child> {
    let marks: Vec<Marks> =
        rows.iter().map(Marks::of_row).chain(files.iter().map(Marks::of_file)).collect();
    let mut sets = Sets((0..marks.len()).collect());
    join_decided(rows, files, &mut sets);
    join_numbers(&marks, &mut sets);
    join_triples(&marks, &mut sets);
    let mut members: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    for node in 0..marks.len() {
        members.entry(sets.top(node)).or_default().push(node);
    }
    let listed: BTreeSet<&AreaCode> =
        rows.iter().filter(|row| row.kind == ListKind::School).map(|row| &row.list).collect();
    let mut children: Vec<Child> = members
        .into_values()
        .map(|nodes| {
            let (own_rows, own_files): (Vec<Node>, Vec<Node>) =
                nodes.into_iter().partition(|node| *node < rows.len());
            let own_files: Vec<usize> = own_files.into_iter().map(|at| at - rows.len()).collect();
            let state = state(rows, files, (&own_rows, &own_files), &listed);
            Child {
                rows: own_rows,
                files: own_files,
                state,
                candidates: Vec::new(),
                alike: Vec::new(),
            }
        })
        .collect();
    find_candidates(rows, &marks, &mut children);
    children
}

fn join_decided(rows: &[Pupil], files: &[RegisterFile], sets: &mut Sets) {
    let at: HashMap<&PersonId, usize> =
        files.iter().enumerate().map(|(at, file)| (&file.person, at)).collect();
    for (row, pupil) in rows.iter().enumerate() {
        if let Some(Decided::Person(person)) = &pupil.decided
            && let Some(file) = at.get(person)
        {
            sets.join(row, rows.len() + file);
        }
    }
}

fn join_numbers(marks: &[Marks], sets: &mut Sets) {
    let mut first: HashMap<&str, Node> = HashMap::new();
    for (node, mark) in marks.iter().enumerate() {
        if let Some(id_no) = &mark.id_no {
            let held = *first.entry(id_no).or_insert(node);
            sets.join(held, node);
        }
    }
}

/// Joins what has the same name, birth date and guardian, unless several identity numbers are among it: then nobody
/// knows whose the others are.
fn join_triples(marks: &[Marks], sets: &mut Sets) {
    let mut same: BTreeMap<Triple<'_>, Vec<Node>> = BTreeMap::new();
    for (node, mark) in marks.iter().enumerate() {
        if let Some(triple) = mark.triple() {
            same.entry(triple).or_default().push(node);
        }
    }
    // A set may have several numbers already only by a clerk's decision.
    let mut numbers: BTreeMap<Node, BTreeSet<&str>> = BTreeMap::new();
    for (node, mark) in marks.iter().enumerate() {
        if let Some(id_no) = &mark.id_no {
            numbers.entry(sets.top(node)).or_default().insert(id_no);
        }
    }
    for nodes in same.into_values() {
        let numbered: BTreeSet<Node> = nodes
            .iter()
            .map(|node| sets.top(*node))
            .filter(|top| numbers.contains_key(top))
            .collect();
        let bare: Vec<Node> =
            nodes.iter().copied().filter(|node| !numbers.contains_key(&sets.top(*node))).collect();
        for pair in bare.windows(2) {
            sets.join(pair[0], pair[1]);
        }
        let [only] = numbered.iter().copied().collect::<Vec<_>>()[..] else { continue };
        if let Some(&bare) = bare.first() {
            sets.join(only, bare);
            // The top may be another one now.
            if let Some(known) = numbers.remove(&only) {
                numbers.entry(sets.top(only)).or_default().extend(known);
            }
        }
    }
}

fn state(
    rows: &[Pupil],
    files: &[RegisterFile],
    (own_rows, own_files): (&[usize], &[usize]),
    listed: &BTreeSet<&AreaCode>,
) -> ChildState {
    let standing: Vec<&Pupil> = own_rows
        .iter()
        .map(|at| &rows[*at])
        .filter(|row| row.decided != Some(Decided::Drop))
        .collect();
    let of = |kind: ListKind| standing.iter().filter(move |row| row.kind == kind);
    let schools: BTreeSet<&AreaCode> = of(ListKind::School).map(|row| &row.list).collect();
    let is_at_home = of(ListKind::Township).next().is_some();
    let is_known = !own_files.is_empty();
    if own_files.len() > 1 {
        return ChildState::Twins;
    }
    if !standing.is_empty() && own_files.iter().any(|at| files[*at].has_died) {
        return ChildState::Died;
    }
    match (schools.len(), is_at_home) {
        (0, true) if is_known => ChildState::AtHome,
        (0, true) => ChildState::AtHomeNew,
        (1, false) if is_known => ChildState::AtSchool,
        (1, false) => ChildState::New,
        (1, true) => ChildState::Contradicted,
        (0, false) => match own_files.first().map(|at| &files[*at]) {
            None => ChildState::Dropped,
            Some(file) => match &file.school {
                None => ChildState::Unlisted,
                Some(school) if listed.contains(school) => ChildState::Left,
                Some(_) => ChildState::NoList,
            },
        },
        _ => ChildState::TwoSchools,
    }
}

/// For children that are on a list and not in the register: files without a row, and rows of other lists, that agree
/// with them in two of name, birth date and guardian.
fn find_candidates(rows: &[Pupil], marks: &[Marks], children: &mut [Child]) {
    let mut free: HashMap<(u8, String, String), Vec<usize>> = HashMap::new();
    for file in children.iter().filter(|child| child.rows.is_empty()).flat_map(|one| &one.files) {
        for pair in pairs(&marks[rows.len() + file]) {
            free.entry(pair).or_default().push(*file);
        }
    }
    let mut listed: HashMap<(u8, String, String), Vec<usize>> = HashMap::new();
    let stands = |row: &&Pupil| row.decided != Some(Decided::Drop);
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| stands(row)) {
        // Also of rows that are decided: whose the other one is, is not.
        for pair in pairs(&Marks::of_open(row)) {
            listed.entry(pair).or_default().push(at);
        }
    }
    for child in children.iter_mut() {
        let is_new = matches!(child.state, ChildState::New | ChildState::AtHomeNew);
        let is_open = child.rows.iter().all(|at| rows[*at].decided.is_none());
        if !is_new || !is_open {
            continue;
        }
        let own: Vec<_> = child.rows.iter().flat_map(|at| pairs(&marks[*at])).collect();
        let found = own.iter().filter_map(|pair| free.get(pair)).flatten().copied();
        child.candidates = found.collect::<BTreeSet<usize>>().into_iter().collect();
        let alike = own.iter().flat_map(|pair| {
            let others = listed.get(pair).into_iter().flatten();
            others.map(move |other| (pair.0 == NAMED, *other))
        });
        let may_be = |(is_named, other): (bool, usize)| {
            let is_own = child.rows.contains(&other);
            let same = |own: &usize| may_be_same(&rows[*own], &rows[other], is_named);
            (!is_own && child.rows.iter().all(same)).then_some(other)
        };
        let alike: BTreeSet<usize> = alike.filter_map(may_be).collect();
        child.alike = alike.into_iter().collect();
        if !child.candidates.is_empty() || !child.alike.is_empty() {
            child.state = ChildState::Unsure;
        }
    }
}

/// Whether two rows that agree in two marks may be of the same child. They have not two numbers; and in one list
/// there are brothers and sisters, but not twice the same name and birth date.
fn may_be_same(one: &Pupil, other: &Pupil, is_named: bool) -> bool {
    let numbers = one.id_no.as_deref().zip(other.id_no.as_deref());
    let is_one_list = (&one.list, one.kind) == (&other.list, other.kind);
    (is_named || !is_one_list) && numbers.is_none_or(|(one, other)| number(one) == number(other))
}

/// The pair of name and birth date.
const NAMED: u8 = 0;

/// Two of name, birth date and guardian, each with which two they are.
fn pairs(mark: &Marks) -> Vec<(u8, String, String)> {
    let born = mark.born.to_string();
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (name, guardian) = (text(&mark.name), text(&mark.guardian));
    let mut out = Vec::new();
    if let Some(name) = &name {
        out.push((NAMED, name.clone(), born.clone()));
    }
    if let Some(guardian) = &guardian {
        out.push((1, guardian.clone(), born));
    }
    if let (Some(name), Some(guardian)) = (name, guardian) {
        out.push((2, name, guardian));
    }
    out
}
