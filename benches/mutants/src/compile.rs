//! Builds the copy's tests. What does not compile is switched off, and it is tried again.

use crate::project::Project;
use crate::write::Written;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How often it is tried: each phase of the compiler tells its errors only when those before it
/// have none.
const ROUNDS_MAX: usize = 40;

/// Builds until everything that is on compiles; the program with the tests.
pub fn compile(project: &mut Project, target: &Path) -> Result<PathBuf> {
    for round in 1..=ROUNDS_MAX {
        let written = project.write()?;
        let built = build(project, target)?;
        if let Some(program) = built.program {
            return Ok(program);
        }
        let off = switch_off(project, &written, &built.errors);
        eprintln!("round {round}: {} errors, {off} mutants do not compile", built.errors.len());
        if off == 0 {
            let texts: Vec<&str> = built.errors.iter().map(|error| &*error.text).collect();
            bail!("the copy does not compile:\n{}", texts.join("\n"));
        }
    }
    bail!("still not compiling after {ROUNDS_MAX} rounds")
}

struct Fault {
    text: String,
    /// File and bytes.
    places: Vec<(String, Range<usize>)>,
}

struct Built {
    program: Option<PathBuf>,
    errors: Vec<Fault>,
}

fn build(project: &Project, target: &Path) -> Result<Built> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(&project.copy)
        .args(["test", "--lib", "--no-run", "--message-format=json", "--target-dir"])
        .arg(target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .stderr(Stdio::inherit());
    let output = cargo.output().context("cargo")?;
    let mut built = Built { program: None, errors: Vec::new() };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let own = message["target"]["name"] == "doseplan";
        match message["reason"].as_str() {
            Some("compiler-artifact") if own && message["profile"]["test"] == true => {
                built.program = message["executable"].as_str().map(PathBuf::from);
            }
            Some("compiler-message") if message["message"]["level"] == "error" => {
                built.errors.push(fault(&message["message"]));
            }
            _ => {}
        }
    }
    if !output.status.success() {
        built.program = None;
    }
    Ok(built)
}

fn fault(message: &Value) -> Fault {
    let mut places = Vec::new();
    let none = Vec::new();
    let spans = message["spans"].as_array().unwrap_or(&none);
    let mut sorted: Vec<&Value> = spans.iter().collect();
    sorted.sort_by_key(|span| span["is_primary"] != true);
    for span in sorted {
        let bytes = |name: &str| span[name].as_u64().and_then(|at| usize::try_from(at).ok());
        if let (Some(file), Some(start), Some(end)) =
            (span["file_name"].as_str(), bytes("byte_start"), bytes("byte_end"))
        {
            places.push((file.to_owned(), start..end));
        }
    }
    let text = message["rendered"].as_str().unwrap_or_default().to_owned();
    Fault { text, places }
}

/// Switches off the changes that the errors point at; where they point at no change, the innermost
/// site. How many.
fn switch_off(project: &mut Project, written: &[Written], errors: &[Fault]) -> usize {
    let mut off = BTreeSet::new();
    for error in errors {
        let found = error.places.iter().map(|(name, range)| {
            let file = project.files.iter().position(|file| file.name == *name);
            file.map(|file| at_fault(&written[file], range)).unwrap_or_default()
        });
        off.extend(found.into_iter().find(|numbers| !numbers.is_empty()).unwrap_or_default());
    }
    for site in project.files.iter_mut().flat_map(|file| &mut file.sites) {
        for (number, on) in (site.first..).zip(&mut site.on) {
            *on &= !off.contains(&number);
        }
    }
    off.len()
}

fn at_fault(written: &Written, range: &Range<usize>) -> Vec<u32> {
    let holds = |outer: &Range<usize>| outer.start <= range.start && range.end <= outer.end;
    let changes = written.placed.iter().flat_map(|place| &place.changes);
    let exact: Vec<u32> = changes.filter(|(_, at)| holds(at)).map(|(number, _)| *number).collect();
    if !exact.is_empty() {
        return exact;
    }
    let around = written.placed.iter().filter(|place| !place.site.is_empty() && holds(&place.site));
    let inner = around.min_by_key(|place| place.site.len());
    inner.map(|place| place.changes.iter().map(|(number, _)| *number).collect()).unwrap_or_default()
}
