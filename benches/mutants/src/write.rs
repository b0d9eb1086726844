//! Compiles all mutants of a file into it: beside each original stands each change, and a number
//! chosen at run time says which one holds. Only insertions, so that what is nested stays whole.

use crate::find::{Kind, Site};
use std::fmt::Write as _;
use std::ops::Range;

/// The module that knows which mutant holds, for the root of the crate. `{SITES}` is the highest
/// number.
const SWITCH: &str = include_str!("switch.rs.txt");

/// Its text for so many mutants.
pub fn switch(mutants: u32) -> String {
    SWITCH.replace("{MUTANTS}", &(mutants + 1).to_string())
}

/// A site whose first change has this number, the next one the next.
#[derive(Debug)]
pub struct Numbered {
    /// The site.
    pub site: Site,
    /// Number of its first change.
    pub first: u32,
    /// Whether each change is compiled in.
    pub on: Vec<bool>,
}

/// Where a site and its changes stand in a written file, in bytes.
#[derive(Debug, Default, Clone)]
pub struct Placed {
    /// The site with everything in it.
    pub site: Range<usize>,
    /// Each change and its number.
    pub changes: Vec<(u32, Range<usize>)>,
}

/// A written file.
#[derive(Debug)]
pub struct Written {
    /// The text.
    pub text: String,
    /// By place among the sites; empty ranges where a site has nothing left.
    pub placed: Vec<Placed>,
}

/// A text with where its changes stand.
struct Piece {
    text: String,
    changes: Vec<(u32, Range<usize>)>,
}

/// Writes a file with what is on of its sites, which are sorted as `find` does.
pub fn write(source: &str, sites: &[Numbered]) -> Written {
    let mut inserts = Vec::new();
    for (index, site) in sites.iter().enumerate().filter(|(_, site)| site.on.contains(&true)) {
        let Range { start, end } = site.site.range;
        let outer = isize::try_from(index).unwrap_or(isize::MAX);
        let (before, after) = pieces(site);
        // At one position what ends comes before what starts, and enclosing sites stay outside.
        inserts.push(((start, 1, outer), index, before));
        inserts.push(((end, 0, -outer), index, after));
    }
    inserts.sort_by_key(|(key, _, _)| *key);
    let mut text = String::with_capacity(source.len() * 4);
    let mut placed = vec![Placed::default(); sites.len()];
    let mut at = 0;
    for ((position, starts, _), index, piece) in inserts {
        text.push_str(&source[at..position]);
        at = position;
        let place = &mut placed[index];
        let shift = text.len();
        if starts == 1 {
            place.site.start = shift;
        }
        let moved = |range: &Range<usize>| range.start + shift..range.end + shift;
        place.changes.extend(piece.changes.iter().map(|(number, range)| (*number, moved(range))));
        text.push_str(&piece.text);
        if starts == 0 {
            place.site.end = text.len();
        }
    }
    text.push_str(&source[at..]);
    Written { text, placed }
}

/// What stands before and after the original.
fn pieces(site: &Numbered) -> (Piece, Piece) {
    let none = || Piece { text: String::new(), changes: Vec::new() };
    let last = |text: &str| Piece { text: text.to_owned(), changes: Vec::new() };
    let at = format!("crate::mutant_switch::at({}, {})", site.first, site.on.len());
    match site.site.kind {
        Kind::Expression => {
            (arms(site, &format!("(match {at} {{ "), "(", ")", "_ => ("), last(") })"))
        }
        Kind::Body => {
            (arms(site, &format!(" match {at} {{ "), "{ return ", "; }", "_ => {} } "), none())
        }
        Kind::Iterator => (last("({"), last(&format!("}}).filter(|_| {at} == 0)"))),
        Kind::Arm => {
            // The pattern itself has no other site in it.
            (none(), last(&format!(" if {at} == 0")))
        }
    }
}

fn arms(site: &Numbered, head: &str, before: &str, after: &str, end: &str) -> Piece {
    let mut piece = Piece { text: head.to_owned(), changes: Vec::new() };
    for (place, change) in site.site.changes.iter().enumerate().filter(|(at, _)| site.on[*at]) {
        let start = piece.text.len();
        let _ = write!(piece.text, "{} => {before}{}{after}, ", place + 1, change.code);
        let number = site.first + u32::try_from(place).unwrap_or(u32::MAX);
        piece.changes.push((number, start..piece.text.len()));
    }
    piece.text.push_str(end);
    piece
}
