//! Which files use which, and where files of one folder go round in a circle.
//!
//! A file or subfolder is a node of its folder. `use super::b`, `use crate::room::b` and a path such as
//! `super::b::f()` in `a.rs` are an edge from `a` to `b`. What a `mod.rs` and its own files have of each
//! other is no circle: the one declares the others.

use std::collections::{BTreeMap, BTreeSet};

/// A module as its path from the root of the crate: `["cli", "plan"]`.
type Module = Vec<String>;

/// Who uses whom in a folder.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Nodes of one folder that reach each other, as `folder: a, b`. `sources` are paths below `src` with their text;
/// tests are left out.
pub(crate) fn circles(sources: &[(String, String)]) -> Vec<String> {
    let modules: BTreeSet<Module> = sources.iter().map(|(name, _)| module(name)).collect();
    let mut folders: BTreeMap<Module, Edges> = BTreeMap::new();
    for (name, text) in sources {
        let own = module(name);
        for used in uses(text) {
            let Some(target) = target(&own, &used, &modules) else { continue };
            let shared = own.iter().zip(&target).take_while(|(own, used)| own == used).count();
            // One of them stands above the other.
            if shared == own.len() || shared == target.len() {
                continue;
            }
            let edges = folders.entry(own[..shared].to_vec()).or_default();
            edges.entry(own[shared].clone()).or_default().insert(target[shared].clone());
        }
    }
    folders.iter().flat_map(|(folder, edges)| circles_of(&folder.join("/"), edges)).collect()
}

fn circles_of(folder: &str, edges: &Edges) -> Vec<String> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        edges.keys().map(|node| (node, reach(node, edges))).collect();
    let mut found = BTreeSet::new();
    for (node, others) in &reached {
        let back = |other: &&&String| reached.get(**other).is_some_and(|it| it.contains(*node));
        let circle: Vec<&str> = others.iter().filter(back).map(|name| name.as_str()).collect();
        if circle.len() > 1 {
            found.insert(format!("{folder}: {}", circle.join(", ")));
        }
    }
    found.into_iter().collect()
}

/// Every node that is reached from `start`; `start` itself only by a circle.
fn reach<'a>(start: &'a String, edges: &'a Edges) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(node) = next.pop() {
        for used in edges.get(node).into_iter().flatten() {
            if reached.insert(used) {
                next.push(used);
            }
        }
    }
    reached
}

fn module(name: &str) -> Module {
    let path = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    let parts = path.split('/').map(str::to_owned);
    parts.filter(|part| part != "mod").collect()
}

/// The module that a path means, seen from the module `own`.
fn target(own: &[String], path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    let mut full = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "super" | "self" => own.to_vec(),
        _ => return None,
    };
    for part in path {
        match part.as_str() {
            "crate" | "self" => {}
            "super" => drop(full.pop()),
            part => full.push(part.to_owned()),
        }
    }
    while !full.is_empty() && !modules.contains(&full) {
        full.pop();
    }
    (!full.is_empty()).then_some(full)
}

/// Every path that starts with `crate`, `super` or `self`, in `use` lines and elsewhere.
fn uses(text: &str) -> Vec<Vec<String>> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code: Vec<&str> =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join(" ");
    let mut found = Vec::new();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| is_name(c) || c == ':') {
                continue;
            }
            let end = code[at..].find(';').map_or(code.len(), |end| at + end);
            expand(&[], &code[at..end], &mut found);
        }
    }
    found
}

/// Adds the paths of a tree such as `crate::a::{b, c::D}` that `text` begins with; returns what follows it.
fn expand<'a>(above: &[String], text: &'a str, out: &mut Vec<Vec<String>>) -> &'a str {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut path = above.to_vec();
    let mut rest = text.trim_start();
    loop {
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                rest = rest.trim_start_matches([' ', ',']);
                match rest.strip_prefix('}') {
                    Some(after) => return after,
                    None if !rest.starts_with(|c| is_name(c) || c == '{') => return "",
                    None => rest = expand(&path, rest, out),
                }
            }
        }
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        path.push(rest[..length].to_owned());
        rest = &rest[length..];
        match rest.strip_prefix("::") {
            Some(after) if after.starts_with(|c| is_name(c) || c == '{') => rest = after,
            _ => break,
        }
    }
    out.push(path);
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix("as ") {
        Some(renamed) => renamed.trim_start_matches(is_name),
        None => rest,
    };
    rest.strip_prefix("::*").unwrap_or(rest)
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let files = |texts: &[(&str, &str)]| -> Vec<(String, String)> {
        texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let tree = files(&[
        ("src/room/mod.rs", "mod a; use a::A; pub struct Shared;"),
        ("src/room/a.rs", "use super::{Shared, b::{self, B}};"),
        ("src/room/b.rs", "fn f() -> u8 { super::c::g() }"),
        ("src/room/c.rs", "use crate::room::{d as other, a::A as Mine};"),
        (
            "src/room/d.rs",
            "use super::Shared; // use super::a;\n#[cfg(test)]\nmod tests { use super::super::a; }",
        ),
    ]);
    assert_eq!(circles(&tree), ["room: a, b, c"]);
    let folders = files(&[
        ("src/room/low/mod.rs", "pub mod deep;"),
        ("src/room/low/deep.rs", "use super::super::high::Top;"),
        ("src/room/high.rs", "use super::low::deep;"),
    ]);
    assert_eq!(circles(&folders), ["room: high, low"]);
    let downwards = files(&[
        ("src/a/mod.rs", "mod b; pub use b::B; pub use self::c::C;"),
        ("src/a/b.rs", "use super::C; use crate::x::Y;"),
        ("src/a/c.rs", "use crate::a::Other;"),
        ("src/x.rs", "use std::fmt;"),
    ]);
    assert!(circles(&downwards).is_empty());
}
