//! Finds the files of rules at a path: in a folder, in a folder within it (CDC's has one called `XML`), or in a zip
//! file as CDC publishes it.

use super::{FILE_BYTES_MAX, FILES_MAX, SCHEDULE};
use crate::intake::encoding;
use crate::intake::issue::Issue;
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How far below the path a folder of rules may be.
const DEPTH_MAX: usize = 3;
/// Most text that is unpacked from a zip file, in bytes. Real ones have three megabytes.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;

/// The texts of rules, each with the name of its file.
pub(super) enum Texts {
    /// The schedule first, then the antigens.
    Cdsi(Vec<(String, String)>),
    Series(Vec<(String, String)>),
}

/// A file that may hold rules.
struct Found {
    /// The folder that it is in, below the path.
    folder: Vec<String>,
    name: String,
    place: Place,
}

/// Where a file is.
enum Place {
    Disk(PathBuf),
    /// Its number in the zip file.
    Zip(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Schedule,
    Antigen,
    Series,
}

fn kind_of(name: &str) -> Option<Kind> {
    let name = name.to_ascii_lowercase();
    let ending = Path::new(&name).extension().unwrap_or_default();
    if ending == "toml" {
        Some(Kind::Series)
    } else if ending != "xml" {
        None
    } else if name.starts_with("antigensupportingdata") {
        Some(Kind::Antigen)
    } else if name.starts_with("schedulesupportingdata") {
        Some(Kind::Schedule)
    } else {
        None
    }
}

/// Reads the files of rules at a path.
pub(super) fn read(path: &Path) -> Result<Texts, Vec<Issue>> {
    let shown = path.display().to_string();
    let fault = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => vec![Issue::error("path_missing", &shown)],
        _ => vec![Issue::unreadable(&shown, error)],
    };
    let is_folder = std::fs::metadata(path).map_err(|error| fault(&error))?.is_dir();
    let mut found = Vec::new();
    let mut zip = None;
    if is_folder {
        let mut below = Vec::new();
        let mut seen = 0;
        walk(path, &shown, &mut below, &mut seen, &mut found)?;
    } else {
        let file = crate::files::open(path).map_err(|error| fault(&error))?;
        let bad = |_| vec![Issue::error("no_rules", &shown)];
        let archive = zip.insert(zip::ZipArchive::new(file).map_err(bad)?);
        if archive.len() > FILES_MAX {
            return Err(too_many(&shown));
        }
        for (number, name) in archive.file_names().enumerate() {
            let Ok(name) = name else { continue };
            let mut parts: Vec<String> = name.split(['/', '\\']).map(str::to_owned).collect();
            let name = parts.pop().unwrap_or_default();
            found.push(Found { folder: parts, name, place: Place::Zip(number) });
        }
    }
    let chosen = chosen(found, &shown)?;
    let is_cdsi = chosen.iter().any(|found| kind_of(&found.name) != Some(Kind::Series));
    let mut left = UNPACKED_BYTES_MAX;
    let (mut texts, mut issues) = (Vec::new(), Vec::new());
    for file in chosen {
        match text_of(&file, zip.as_mut(), &mut left) {
            Ok(text) => texts.push((file.name, text)),
            Err(issue) => issues.push(issue),
        }
    }
    if !issues.is_empty() {
        return Err(issues);
    }
    Ok(if is_cdsi { Texts::Cdsi(texts) } else { Texts::Series(texts) })
}

fn unreadable(file: &str, error: &dyn Display) -> Issue {
    Issue::error("unreadable", file).with("reason", error)
}

fn too_many(shown: &str) -> Vec<Issue> {
    vec![Issue::error("too_many_files", shown).with("limit", FILES_MAX)]
}

/// The files of a folder, and of folders below it where it has no rules itself.
fn walk(
    folder: &Path,
    shown: &str,
    below: &mut Vec<String>,
    seen: &mut usize,
    found: &mut Vec<Found>,
) -> Result<(), Vec<Issue>> {
    let mut folders = Vec::new();
    let before = found.len();
    for entry in std::fs::read_dir(folder).map_err(|error| vec![unreadable(shown, &error)])? {
        let path = entry.map_err(|error| vec![unreadable(shown, &error)])?.path();
        *seen += 1;
        if *seen > FILES_MAX {
            return Err(too_many(shown));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A link is not followed: it could lead in a circle.
        if path.is_dir() && !path.is_symlink() {
            folders.push((name, path));
        } else {
            found.push(Found { folder: below.clone(), name, place: Place::Disk(path) });
        }
    }
    let has_rules = found[before..].iter().any(|file| kind_of(&file.name).is_some());
    if has_rules || below.len() == DEPTH_MAX {
        return Ok(());
    }
    folders.sort();
    for (name, path) in folders {
        below.push(name);
        walk(&path, shown, below, seen, found)?;
        below.pop();
    }
    Ok(())
}

/// The files of the one folder that holds the rules: the nearest, and of several as near the one called `XML`.
fn chosen(mut found: Vec<Found>, shown: &str) -> Result<Vec<Found>, Vec<Issue>> {
    // What macOS packs beside each file.
    let is_shadow =
        |file: &Found| file.name.starts_with("._") || file.folder.iter().any(|f| f == "__MACOSX");
    found.retain(|file| kind_of(&file.name).is_some() && !is_shadow(file));
    let is_cdsi = |file: &Found| kind_of(&file.name) != Some(Kind::Series);
    let rank = |file: &Found| {
        let is_xml = file.folder.last().is_some_and(|name| name.eq_ignore_ascii_case("xml"));
        (file.folder.len(), !is_xml, file.folder.clone(), !is_cdsi(file))
    };
    let Some(best) = found.iter().min_by_key(|file| rank(file)) else {
        return Err(vec![Issue::error("no_rules", shown)]);
    };
    let (folder, wants_cdsi) = (best.folder.clone(), is_cdsi(best));
    found.retain(|file| file.folder == folder && is_cdsi(file) == wants_cdsi);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if wants_cdsi {
        let at = found.iter().rposition(|file| kind_of(&file.name) == Some(Kind::Schedule));
        let Some(at) = at else {
            return Err(vec![Issue::error("missing_rules", shown).value(SCHEDULE)]);
        };
        let schedule = found.remove(at);
        found.retain(|file| kind_of(&file.name) == Some(Kind::Antigen));
        found.insert(0, schedule);
    }
    Ok(found)
}

fn text_of(
    file: &Found,
    zip: Option<&mut zip::ZipArchive<File>>,
    left: &mut u64,
) -> Result<String, Issue> {
    let wrong = |error: &dyn Display| unreadable(&file.name, error);
    let too_large = || Issue::error("file_too_large", &file.name).with("limit", "64 MB");
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX.min(*left);
    match (&file.place, zip) {
        (Place::Zip(number), Some(zip)) => {
            let part = zip.by_index(*number).map_err(|error| wrong(&error))?;
            part.take(limit + 1).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
            *left = left.saturating_sub(bytes.len() as u64);
        }
        (Place::Disk(path), _) => {
            let from =
                crate::files::open(path).map_err(|error| Issue::unreadable(&file.name, &error))?;
            from.take(limit + 1).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
        }
        (Place::Zip(_), None) => {}
    }
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    encoding::text(&file.name, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn names(path: &Path) -> Result<Vec<String>, &'static str> {
        match read(path) {
            Ok(Texts::Cdsi(texts) | Texts::Series(texts)) => {
                Ok(texts.into_iter().map(|(name, _)| name).collect())
            }
            Err(issues) => Err(issues[0].code),
        }
    }

    const RELEASE: [&str; 6] = [
        "Version 4.60 - 508/Release Notes.docx",
        "Version 4.60 - 508/Excel/ScheduleSupportingData.xlsx",
        "Version 4.60 - 508/XML/AntigenSupportingData- A-508.xml",
        "Version 4.60 - 508/XML/ScheduleSupportingData.xml",
        "Version 4.60 - 508/XML/ScheduleSupportingData.xsd",
        "__MACOSX/Version 4.60 - 508/XML/._ScheduleSupportingData.xml",
    ];
    const WANTED: [&str; 2] = ["ScheduleSupportingData.xml", "AntigenSupportingData- A-508.xml"];

    #[test]
    fn rules_are_found_in_a_zip_file_as_it_is_published_and_in_its_folder() {
        let temporary = tempfile::tempdir().expect("a folder");
        let zip_path = temporary.path().join("cdsi.zip");
        let mut zip = zip::ZipWriter::new(File::create(&zip_path).expect("a file"));
        for name in RELEASE {
            zip.start_file(name, SimpleFileOptions::default()).expect("a part");
            zip.write_all(b"<a/>").expect("bytes");
            let path = temporary.path().join("out").join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "<a/>").expect("a file");
        }
        zip.finish().expect("a zip");
        let wanted = Ok(WANTED.map(str::to_owned).to_vec());
        assert_eq!(names(&zip_path), wanted);
        assert_eq!(names(&temporary.path().join("out")), wanted);
        assert_eq!(names(&temporary.path().join("out/Version 4.60 - 508")), wanted);
        assert_eq!(names(&temporary.path().join("out/Version 4.60 - 508/XML")), wanted);
        assert_eq!(names(&temporary.path().join("out/Version 4.60 - 508/Excel")), Err("no_rules"));
    }

    #[test]
    fn what_is_no_zip_file_has_no_rules() {
        let temporary = tempfile::tempdir().expect("a folder");
        let path = temporary.path().join("a.zip");
        std::fs::write(&path, "x").expect("a file");
        assert_eq!(names(&path), Err("no_rules"));
    }
}
