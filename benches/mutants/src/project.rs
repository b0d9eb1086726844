//! The scratch copy of the project, and its files with all their mutants.

use crate::find;
use crate::write::{self, Numbered, Written};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the domain.
#[derive(Debug)]
pub struct File {
    /// From the project's root.
    pub name: String,
    /// As it stands in the project.
    pub source: String,
    /// Everything that can be changed in it.
    pub sites: Vec<Numbered>,
}

/// The project with its scratch copy.
#[derive(Debug)]
pub struct Project {
    /// Its root.
    pub root: PathBuf,
    /// The copy's root.
    pub copy: PathBuf,
    /// The files of the domain that are not tests, by name.
    pub files: Vec<File>,
    /// How many mutants there are; numbers are from 1.
    pub mutants: u32,
    /// The rooms that the copy has: folders and files of `src`; all where empty.
    pub rooms: Vec<String>,
}

/// What the copy's root allows; the changes may be odd Rust.
const ALLOWED: &str = "#![allow(warnings, arithmetic_overflow, unconditional_panic)]\n\
                       #![allow(unconditional_recursion)]\n";

impl Project {
    /// Copies the project and finds the mutants of the files whose names contain one of the
    /// patterns.
    pub fn open(
        root: &Path,
        scratch: &Path,
        patterns: &[String],
        rooms: &[String],
    ) -> Result<Self> {
        let copy = scratch.join("copy");
        let mut files = Vec::new();
        let mut todo = vec![("src/domain".to_owned(), "mod".to_owned())];
        while let Some((folder, module)) = todo.pop() {
            let flat = format!("{folder}/{module}.rs");
            let (name, inside) = match root.join(&flat).is_file() {
                true if module == "mod" => (flat, folder),
                true => (flat, format!("{folder}/{module}")),
                false => (format!("{folder}/{module}/mod.rs"), format!("{folder}/{module}")),
            };
            let source = fs::read_to_string(root.join(&name)).with_context(|| name.clone())?;
            let found = find::find(&source).with_context(|| name.clone())?;
            todo.extend(found.modules.into_iter().map(|module| (inside.clone(), module)));
            let wanted = patterns.is_empty() || patterns.iter().any(|text| name.contains(text));
            let sites = if wanted { found.sites } else { Vec::new() };
            let numbered =
                |site: find::Site| Numbered { on: vec![true; site.changes.len()], first: 0, site };
            files.push(File { name, source, sites: sites.into_iter().map(numbered).collect() });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let mut next = 1;
        for site in files.iter_mut().flat_map(|file| &mut file.sites) {
            site.first = next;
            next += u32::try_from(site.on.len())?;
        }
        let fixed =
            ["src/lib.rs", "src/mutant_switch.rs", "Cargo.toml", "Cargo.lock"].map(PathBuf::from);
        let rewritten = files.iter().map(|file| PathBuf::from(&file.name)).chain(fixed).collect();
        fs::create_dir_all(&copy)?;
        copy_files(root, &copy, &rewritten)?;
        let mut manifest = fs::read_to_string(root.join("Cargo.toml"))?;
        if !rooms.is_empty() {
            manifest = manifest_of(&manifest, &sources_of(root, rooms)?);
        }
        put(&copy.join("Cargo.toml"), manifest.as_bytes())?;
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock"))?;
        let rooms = rooms.to_vec();
        Ok(Self { root: root.to_owned(), copy, files, mutants: next - 1, rooms })
    }

    /// Writes the files with what is on, and the root of the crate with its rooms.
    pub fn write(&self) -> Result<Vec<Written>> {
        let mut all = Vec::new();
        for file in &self.files {
            let written = write::write(&file.source, &file.sites);
            put(&self.copy.join(&file.name), written.text.as_bytes())?;
            all.push(written);
        }
        put(&self.copy.join("src/mutant_switch.rs"), write::switch(self.mutants).as_bytes())?;
        let root = match self.rooms.is_empty() {
            true => fs::read_to_string(self.root.join("src/lib.rs"))?,
            false => self.rooms.iter().map(|room| format!("pub mod {room};\n")).collect(),
        };
        let root = format!("{ALLOWED}{root}\npub mod mutant_switch;\n");
        put(&self.copy.join("src/lib.rs"), root.as_bytes())?;
        Ok(all)
    }
}

/// The text of every Rust file of some rooms.
fn sources_of(root: &Path, rooms: &[String]) -> Result<String> {
    let mut todo: Vec<PathBuf> = Vec::new();
    for room in rooms {
        todo.extend([root.join("src").join(room), root.join(format!("src/{room}.rs"))]);
    }
    let mut text = String::new();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                todo.push(entry?.path());
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") && path.is_file() {
            text.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(text)
}

/// The manifest without benches, without features, and without the crates that the sources do not
/// name.
fn manifest_of(manifest: &str, sources: &str) -> String {
    let mut out = String::new();
    let mut section = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        let name = line.split(' ').next().unwrap_or_default().replace('-', "_");
        let kept = match section.as_str() {
            "[[bench]]" | "[features]" => false,
            "[dependencies]" | "[dev-dependencies]" => {
                line == section || sources.contains(&format!("{name}::"))
            }
            other => !other.starts_with("[profile.dev.package.") || other.contains('*'),
        };
        if kept {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Copies what git knows or would know but the files that are rewritten anyway, and takes away what
/// is gone.
fn copy_files(root: &Path, copy: &Path, rewritten: &BTreeSet<PathBuf>) -> Result<()> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "-c", "-o", "--exclude-standard"]);
    let listed = git.output().context("git ls-files")?;
    if !listed.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    }
    let names = String::from_utf8(listed.stdout)?;
    let names = names.split('\0').filter(|name| root.join(name).is_file()).map(PathBuf::from);
    let mut kept: BTreeSet<PathBuf> = rewritten.clone();
    for name in names {
        if kept.insert(name.clone()) {
            put(&copy.join(&name), &fs::read(root.join(&name))?)?;
        }
    }
    let mut folders = vec![copy.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.strip_prefix(copy).is_ok_and(|name| !kept.contains(name)) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}

/// Writes a file if its text is another.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
