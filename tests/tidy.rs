//! Checks the rules of the architecture that a program can check. A failure names file and line.

#[path = "tidy/architecture.rs"]
mod architecture;
#[path = "tidy/circles.rs"]
mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Whether a file is Rust code.
fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "rs")
}

const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, in order, with its path from the project's root.
fn files(folder: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).ok()?.to_str()?.to_owned();
            Some((name, fs::read_to_string(&path).ok()?))
        })
        .collect()
}

fn sources() -> Vec<(String, String)> {
    files("src").into_iter().filter(|(name, _)| is_rust(name)).collect()
}

/// Tests may be longer: files of tests, and tests at the end of a file.
fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("tests.rs") || name.ends_with("/testing.rs")
}

fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// The room of a file: its folder under `src`, or its own name at the top.
fn room(name: &str) -> &str {
    let inside = name.strip_prefix("src/").expect("a source");
    inside
        .split('/')
        .next()
        .expect("a first part")
        .trim_end_matches(".rs")
        .trim_end_matches("_tests")
}

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    // Leaves, which every room may use. `text` and `config` use values of the domain.
    let leaves =
        ["characters", "text", "chart", "clock", "config", "files", "machine", "fault", "secrets"];
    let below: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("main", &["cli"][..]),
        ("cli", &["web", "jobs", "app", "intake", "store", "mail", "domain"]),
        ("web", &["jobs", "app", "intake", "store", "mail", "domain"]),
        ("jobs", &["app", "intake", "store", "mail", "domain"]),
        ("app", &["intake", "store", "mail", "domain"]),
        ("intake", &["domain"]),
        ("store", &["domain"]),
        ("mail", &["domain"]),
        ("text", &["domain"]),
        ("config", &["domain"]),
        ("characters", &[]),
        ("chart", &[]),
        ("clock", &[]),
        ("machine", &[]),
        ("fault", &[]),
        ("files", &[]),
        ("secrets", &[]),
        ("domain", &[]),
    ]);
    let mut found = Vec::new();
    for (name, text) in sources() {
        let here = room(&name);
        if here == "lib" {
            continue;
        }
        let Some(allowed) = below.get(here) else {
            found.push(format!("{name}: {here} has no place in the arrow"));
            continue;
        };
        for (number, line) in code(&text) {
            for rest in line.split("crate::").skip(1) {
                let used: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !below.contains_key(used.as_str())
                    || used == here
                    || allowed.contains(&used.as_str())
                {
                    continue;
                }
                if leaves.contains(&used.as_str()) && here != "domain" {
                    continue;
                }
                found.push(format!("{name}:{number}: {here} uses {used}"));
            }
        }
    }
    none(&found, "the arrow is main → cli → web → jobs → app → intake, store, mail → domain");
}

#[test]
fn the_page_of_the_architecture_names_what_is_there() {
    none(&architecture::missing(&root()), "src/ARCHITECTURE.md names files and functions");
}

#[test]
fn files_of_one_folder_do_not_go_round_in_a_circle() {
    let shown: Vec<(String, String)> =
        sources().into_iter().filter(|(name, _)| !is_test(name)).collect();
    none(&circles::circles(&shown), "shared pieces stand below those who share them");
}

#[test]
fn a_session_is_a_vaccination_session() {
    // Types of sessions at which vaccine is given. A login, a connection or a run of a command has another name.
    // `SessionContext` is a field of Tencent's.
    const MEANT: [&str; 10] = [
        "AgreedSession",
        "NoSessions",
        "Sessions",
        "SessionChange",
        "SessionContext",
        "SessionDay",
        "SessionEntry",
        "SessionKey",
        "SessionSheet",
        "SessionVials",
    ];
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (number, line) in code(&text) {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let other = words.filter(|word| word.contains("Session") && !MEANT.contains(word));
            found.extend(other.map(|word| format!("{name}:{number}: {word}")));
        }
    }
    none(&found, "a session is one place on one day, where vaccine is given");
}

#[test]
fn the_domain_has_one_public_type_of_a_name() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| room(name) == "domain") {
        if is_test(&name) {
            continue;
        }
        for (number, line) in code(&text) {
            let Some(kind) = ["pub struct ", "pub enum ", "pub type ", "pub trait "]
                .iter()
                .find_map(|kind| line.strip_prefix(kind))
            else {
                continue;
            };
            let word: String = kind.chars().take_while(|c| c.is_alphanumeric()).collect();
            let here = format!("{name}:{number}");
            if let Some(first) = known.get(&word) {
                found.push(format!("{here}: {word} is also at {first}"));
            } else {
                known.insert(word, here);
            }
        }
    }
    none(&found, "one word, one meaning");
}

#[test]
fn the_domain_does_no_input_or_output() {
    let forbidden = [
        "async fn",
        "std::fs",
        "std::io",
        "std::env",
        "tokio::",
        "tracing::",
        "println!",
        "SystemTime",
    ];
    let mut found = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| room(name) == "domain") {
        if is_test(&name) {
            continue;
        }
        for (number, line) in code(&text) {
            if forbidden.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "the domain is pure");
}

#[test]
fn sql_stands_only_in_the_store() {
    let words = ["sqlx::", "\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "];
    let mut found = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| room(name) != "store") {
        for (number, line) in code(&text) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "only store/ speaks SQL");
}

#[test]
fn only_one_place_writes_to_the_screen() {
    // The macros panic where nothing can be written: a full disk or a closed pipe would end a daemon.
    let forbidden = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    let direct = ["io::stdout()", "io::stderr()"];
    let mut found = Vec::new();
    for (name, text) in sources() {
        if is_test(&name) || name == "src/cli/output.rs" {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code(text) {
            let is_macro = |word: &&str| {
                let before = |at: usize| line[..at].chars().next_back();
                let starts = |c: char| !c.is_alphanumeric() && c != '_';
                line.match_indices(*word).any(|(at, _)| before(at).is_none_or(starts))
            };
            let asks = line.contains("is_terminal()");
            let writes = direct.iter().any(|word| line.contains(word)) && !asks;
            if forbidden.iter().any(is_macro) || writes {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "cli/output writes, and survives that it cannot");
}

#[test]
fn files_are_made_for_their_user_alone() {
    // `files` makes them. `store/swap`, `store/lock` and `store/audit_key` say the mode themselves, pages of a manual
    // are for everybody.
    let forbidden = [
        "fs::write(",
        "File::create(",
        "create_dir(",
        "fs::create_dir_all(",
        "create_new(true)",
        ".create(true)",
        "tempfile::",
        "NamedTempFile",
    ];
    let known = [
        "src/files.rs",
        "src/store/swap.rs",
        "src/store/lock.rs",
        "src/store/audit_key.rs",
        "src/cli/help.rs",
    ];
    let mut found = Vec::new();
    for (name, text) in sources() {
        if is_test(&name) || known.contains(&name.as_str()) {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code(text) {
            if forbidden.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "whatever the umask, others cannot read what is made");
}

#[test]
fn only_the_clock_reads_the_time() {
    let mut found = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| room(name) != "clock") {
        for (number, line) in code(&text) {
            if ["Utc::now", "Local::now", "SystemTime::now"].iter().any(|word| line.contains(word))
            {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "the time is a parameter");
}

#[test]
fn files_and_lines_are_short() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let lines = text.lines().count();
        if lines > LINES_MAX && !is_test(&name) {
            found.push(format!("{name}: {lines} lines, {LINES_MAX} at most"));
        }
    }
    for (name, text) in sources().into_iter().chain(files("tests")).chain(files("benches")) {
        if !is_rust(&name) {
            continue;
        }
        for (number, line) in (1..).zip(text.lines()) {
            // Comments may be a little wider than the width at which rustfmt breaks code.
            let limit =
                if line.trim_start().starts_with("//") { COLUMNS_MAX + 20 } else { COLUMNS_MAX };
            let columns = line.chars().count();
            if columns > limit && !line.contains("\" =>") {
                found.push(format!("{name}:{number}: {columns} columns, {limit} at most"));
            }
        }
    }
    none(&found, "a file fits a sitting, a line a screen");
}

/// Whether a line starts a function: `fn` preceded only by words that may stand there, such as `pub(in crate::web)
/// const async`.
fn is_function_head(line: &str) -> bool {
    let line = match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(')').map_or("", |(_, rest)| rest),
        None => line,
    };
    let before = ["pub", "const", "async", "unsafe", "default"];
    line.split_whitespace().find(|word| !before.contains(word)) == Some("fn")
}

#[test]
fn the_head_of_a_function_is_known() {
    for head in [
        "fn one(",
        "pub fn one<T>(",
        "pub(super) fn one() {",
        "pub(crate) async fn one<'a, T: Into<f64>>(",
        "pub(in crate::web) const fn one() -> u8 {",
    ] {
        assert!(is_function_head(head), "{head}");
    }
    for other in ["let one = fn_of(", "pub struct One;", "pub(super) mod fn_of;", "// fn one()"] {
        assert!(!is_function_head(other), "{other}");
    }
}

#[test]
fn a_function_fits_a_screen() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let start = line.trim_start();
            if !is_function_head(start) || start.ends_with("{}") || start.ends_with(';') {
                continue;
            }
            // rustfmt puts the closing brace of a function at the indentation of its first line.
            let end = format!("{}}}", &line[..line.len() - start.len()]);
            let Some(length) = lines[index..].iter().position(|line| *line == end) else {
                continue;
            };
            if length + 1 > FUNCTION_LINES_MAX {
                found.push(format!("{name}:{}: {} lines: {start}", index + 1, length + 1));
            }
        }
    }
    none(&found, "a function has 70 lines at most");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |kind: &str| -> Vec<String> {
        let prefix = format!("migrations/{kind}/");
        files(&prefix).into_iter().map(|(name, _)| name[prefix.len()..].to_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
    for (index, name) in (1..).zip(names("sqlite")) {
        assert!(name.starts_with(&format!("{index:04}_")), "{name} is number {index}");
    }
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let columns = |kind: &str| -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for (_, text) in files(&format!("migrations/{kind}")) {
            let mut table = String::new();
            for line in text.lines() {
                if let Some(name) = line.strip_prefix("CREATE TABLE ") {
                    table = name.split_whitespace().next().unwrap_or_default().to_owned();
                } else if line.starts_with(')') {
                    table.clear();
                } else if line.starts_with("    ") && !table.is_empty() {
                    let column = line.split_whitespace().next().unwrap_or_default();
                    out.insert(format!("{table}.{column}"));
                }
            }
        }
        out
    };
    assert_eq!(columns("sqlite"), columns("postgres"));
}

#[test]
fn a_person_has_no_derived_debug() {
    let mut seen = false;
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if !["pub struct Person {", "pub struct DueLine {", "pub struct Standing {"]
                .contains(line)
            {
                continue;
            }
            seen |= line.contains("Person ");
            let above: Vec<_> = lines[..index]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
                .filter(|line| line.starts_with("#["))
                .collect();
            assert!(!above.iter().any(|line| line.contains("Debug")), "{name}: {line}");
        }
    }
    assert!(seen, "there is a Person");
}

/// The texts in double quotes in a file.
fn literals(text: &str) -> BTreeSet<String> {
    text.split('"').map(str::to_owned).collect()
}

/// The keys of the catalogue in one language.
fn keys(language: &str) -> BTreeSet<String> {
    files(&format!("src/text/{language}"))
        .iter()
        // The English help stands at the commands. A test beside `cli/help.rs` compares the two.
        .filter(|(name, _)| !name.ends_with("/help.ftl"))
        .flat_map(|(_, text)| text.lines())
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| Some(line.split_once(" =")?.0.trim().to_owned()))
        .collect()
}

#[test]
fn the_catalogue_has_what_the_code_says_and_nothing_else_in_both_languages() {
    let (chinese, english) = (keys("zh-CN"), keys("en"));
    assert_eq!(chinese, english);
    let mut said: BTreeSet<String> = BTreeSet::new();
    let mut prefixes: BTreeSet<String> = BTreeSet::new();
    let mut missing = Vec::new();
    for (name, text) in sources() {
        for literal in literals(&text) {
            if let Some((prefix, _)) = literal.split_once("-{") {
                prefixes.insert(format!("{prefix}-"));
            }
            // Keys have no dots.
            said.insert(literal.replace('.', "-"));
            said.insert(literal);
        }
        // Intake has words of its own for the rows of a file.
        if is_test(&name) || room(&name) == "intake" {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for call in [".note(", ".word(", ".say(", "text::word(", "text::say("] {
            for rest in flat.split(call).skip(1) {
                // The key is the first text of the call, before any bracket.
                let head: String = rest.chars().take_while(|c| !"()[]&;".contains(*c)).collect();
                let mut parts = head.split('"');
                let (before, key) = (parts.next().unwrap_or_default(), parts.next());
                let plain = !before.contains("if ") && !before.contains("match ");
                if let Some(key) = key.filter(|key| plain && !key.contains('{') && !key.is_empty())
                    && !english.contains(key)
                {
                    missing.push(format!("{name}: {key}"));
                }
            }
        }
    }
    for (name, text) in files("src/web/templates") {
        said.extend(literals(&text));
        for rest in text.split("t.w(\"").skip(1) {
            let key = rest.split('"').next().unwrap_or_default();
            if !english.contains(key) {
                missing.push(format!("{name}: {key}"));
            }
        }
    }
    none(&missing, "every key that the code says is in the catalogue");
    let resources: String =
        files("src/text/en").into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n");
    let unused: Vec<String> = english
        .into_iter()
        .filter(|key| {
            let tail = ["-one", "-do"].iter().find_map(|tail| key.strip_suffix(tail));
            let plain = tail.unwrap_or(key);
            let named = said.contains(key) || said.contains(plain);
            let made = prefixes.iter().any(|prefix| {
                key.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                    let halves =
                        |at: usize| said.contains(&rest[..at]) && said.contains(&rest[at + 1..]);
                    rest.match_indices('-').any(|(at, _)| halves(at))
                        || said.contains(rest)
                        || said.contains(&rest.replace('-', "_"))
                        || rest.parse::<u8>().is_ok()
                })
            });
            // Looked up by what stands in a fault or in a cell of a table.
            let is_found = ["machine-", "cell-"].iter().any(|start| key.starts_with(start));
            let by_others = is_found || resources.contains(&format!("{{ {key} }}"));
            !named && !made && !by_others
        })
        .collect();
    none(&unused, "every key of the catalogue is said somewhere");
}

/// Whether a text is a sentence: two words with a space between them, or Chinese.
fn is_sentence(text: &str) -> bool {
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let words: Vec<&str> = text.split(' ').collect();
    words.windows(2).any(|pair| is_word(pair[0]) && is_word(pair[1])) || has_chinese(text)
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn what_people_read_stands_in_the_catalogue() {
    // Said before the language is known, or never.
    const BEFORE: [&str; 3] = [
        "the output could not be written",
        "the runtime could not be started",
        "the reader stopped",
    ];
    let mut found = Vec::new();
    for (name, text) in sources() {
        if is_test(&name) || !["cli", "web", "mail"].contains(&room(&name)) {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if room(&name) != "mail" {
            for call in ["print(", "output::tell(", "write_err(", "bail!(", "anyhow!("] {
                for rest in flat.split(call).skip(1) {
                    let call: &str = rest.split(';').next().unwrap_or_default();
                    let said = call.split('"').nth(1).unwrap_or_default();
                    if is_sentence(said) && !BEFORE.iter().any(|known| said.contains(known)) {
                        found.push(format!("{name}: {said}"));
                    }
                }
            }
        }
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let mut quoted = line.split('"').skip(1).step_by(2);
            if let Some(said) = quoted.find(|said| has_chinese(said)) {
                found.push(format!("{name}: {said}"));
            }
        }
    }
    for (name, text) in files("src") {
        if !name.contains("/templates/") {
            continue;
        }
        // What is left of a template without its markup is shown to people as it is.
        let mut rest = text.as_str();
        let mut plain = String::new();
        while let Some(at) = rest.find(['<', '{']) {
            plain.push_str(&rest[..at]);
            let end = if rest[at..].starts_with("<style") {
                "</style>"
            } else if rest[at..].starts_with("<!--") {
                "-->"
            } else if rest[at..].starts_with('<') {
                ">"
            } else {
                "}"
            };
            rest = rest[at..].find(end).map_or("", |length| &rest[at + length + end.len()..]);
        }
        plain.push_str(rest);
        for line in plain.lines().filter(|line| is_sentence(line)) {
            found.push(format!("{name}: {}", line.trim()));
        }
    }
    none(&found, "words that people read stand in src/text");
}

#[test]
fn nothing_names_a_place_of_one_machine() {
    let places: Vec<String> =
        ["work", "home", "root", "Users"].iter().map(|name| format!("/{name}/")).collect();
    let mut found = Vec::new();
    let mut all = Vec::new();
    for folder in ["src", "tests", "benches", "migrations", "schedules", ".ci"] {
        all.extend(files(folder));
    }
    for name in ["Cargo.toml", "README.md", "CHANGELOG.md", ".clippy.toml", "rustfmt.toml"] {
        if let Ok(text) = fs::read_to_string(root().join(name)) {
            all.push((name.to_owned(), text));
        }
    }
    for (name, text) in all {
        for (number, line) in (1..).zip(text.lines()) {
            if places.iter().any(|place| line.contains(place.as_str())) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "paths are relative");
}

#[test]
fn whoever_skips_a_lint_says_why() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (number, line) in code(&text) {
            if line.contains("#[allow(") || line.contains("#![allow(") {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    none(&found, "#[expect(…, reason = \"…\")] instead of #[allow]");
}
