//! What an operator sees on a terminal of 80 and 120 columns, in both languages, as transcripts that somebody has
//! looked at. `UPDATE_TRANSCRIPTS=1` writes them again; look at the difference before you keep it.

use crate::support::{PROGRAM, World, python, small, text};
use std::path::{Path, PathBuf};
use unicode_width::UnicodeWidthStr as _;

/// Runs a command on a terminal with this many columns and prints what it shows.
const TERMINAL: &str = r#"
import fcntl, os, pty, select, struct, sys, termios
columns, folder, arguments = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
sized, size = os.pipe()
child, side = pty.fork()
if child == 0:
    os.chdir(folder)
    os.environ["TERM"] = "xterm-256color"
    os.read(sized, 1)
    os.execv(arguments[0], arguments)
fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
os.write(size, b".")
out = b""
while True:
    try:
        part = os.read(side, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
os.waitpid(child, 0)
sys.stdout.buffer.write(out.replace(b"\r\n", b"\n"))
"#;

fn terminal(world: &World, columns: u16, arguments: &[&str]) -> Option<String> {
    let columns = columns.to_string();
    let here = world.path("");
    let mut all = vec![columns.as_str(), text(&here), PROGRAM, "--db", world.db()];
    all.extend(arguments);
    // The script inherits the environment of the test: a fixed clock, no forced colours.
    python_with_clock(&all)
}

fn python_with_clock(arguments: &[&str]) -> Option<String> {
    const CLOCK: &str = "import os\n\
        os.environ['DOSEPLAN_CLOCK'] = '2021-04-08T19:00:00+08:00'\n\
        os.environ.pop('NO_COLOR', None)\n";
    python("pty", &format!("{CLOCK}{TERMINAL}"), arguments)
}

/// Text without colour codes.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let end = tail.find(|c: char| c.is_ascii_alphabetic()).map_or(tail.len(), |end| end + 1);
        rest = &tail[end..];
    }
    out + rest
}

fn world() -> World {
    let world = World::small();
    world.import("tallies", "t1,2021-04-06,S1,A,adult,1,40\nt2,2021-04-07,S1,A,adult,1,38").ends(0);
    world
}

fn transcript(name: &str, shown: &str) {
    let path: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transcripts").join(name);
    if std::env::var("UPDATE_TRANSCRIPTS").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, shown).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(shown, known, "{name} has changed; UPDATE_TRANSCRIPTS=1 writes it anew");
}

#[test]
fn tables_fit_the_terminal_in_both_languages() {
    let world = world();
    let bad = small().swap("sites.csv", "甲镇卫生院,A,40", "甲镇卫生院,A,很多");
    let bad = bad.swap("campaign.toml", "start = 2021-04-01", "start = 2021-02-30");
    bad.write(&world.path("bad"));
    let commands: [(&str, &[&str]); 6] = [
        ("status", &["status", "--as-of", "2021-04-07"]),
        ("coverage", &["coverage", "--as-of", "2021-04-07", "--by", "area"]),
        ("report", &["report", "show", "coverage", "--month", "2021-04"]),
        ("explain", &["explain", "duplicate_row"]),
        ("check", &["campaign", "check", "bad"]),
        ("help", &["campaign", "--help"]),
    ];
    for (name, arguments) in commands {
        for language in ["zh-CN", "en"] {
            for columns in [80, 120] {
                let mut all = vec!["--lang", language];
                all.extend(arguments);
                let Some(shown) = terminal(&world, columns, &all) else { return };
                let shown = plain(&shown);
                for line in shown.lines() {
                    // The terminal may wrap sentences, but not tables.
                    let is_table = name != "help" && (line.contains("  ") || line.contains('─'));
                    assert!(
                        !is_table || line.width() <= usize::from(columns),
                        "{name} {language} {columns}: {} columns: {line}",
                        line.width()
                    );
                }
                transcript(&format!("{name}-{language}-{columns}.txt"), &shown);
            }
        }
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let world = world();
    small().swap("sites.csv", "甲镇卫生院,A,40", "甲镇卫生院,A,很多").write(&world.path("bad"));
    let Some(shown) = terminal(&world, 100, &["campaign", "check", "bad"]) else { return };
    assert!(shown.contains("\u{1b}["), "{shown}");
    let piped = world.run(&["campaign", "check", "bad"]).ends(4);
    assert!(!piped.out.contains('\u{1b}') && !piped.err.contains('\u{1b}'));
    assert!(piped.out.starts_with("sites.csv:2 column weekday_doses: "), "{}", piped.out);
    // A terminal shows the line with its bad cell, but nobody's name or address.
    let plain = plain(&shown);
    assert!(plain.contains("S1,…,很多,…") && plain.contains("sites.csv:2:"), "{plain}");
    assert!(!plain.contains("s1@small.example"), "{plain}");
}

#[test]
fn everything_that_prints_a_table_prints_json_and_csv() {
    let world = world();
    world.run(&["plan", "make"]).ends(0);
    world.run(&["plan", "adopt", "--no-input"]).ends(0);
    let commands: [&[&str]; 20] = [
        &["campaign", "list"],
        &["campaign", "history"],
        &["plan", "list"],
        &["plan", "show"],
        &["due", "list"],
        &["coverage"],
        &["status"],
        &["report", "list"],
        &["report", "show", "doses"],
        &["report", "show", "stock"],
        &["digest", "history"],
        &["outbox", "list"],
        &["bounce", "list"],
        &["job", "list"],
        &["job", "next"],
        &["job", "runs"],
        &["doctor"],
        &["explain"],
        &["explain", "bad_date"],
        &["db", "check"],
    ];
    for arguments in commands {
        let mut json = arguments.to_vec();
        json.extend(["-o", "json"]);
        let ran = world.run(&json);
        assert!(ran.code == 0 || arguments == ["doctor"], "{arguments:?}: {}", ran.err);
        let read: Result<serde_json::Value, _> = serde_json::from_str(&ran.out);
        assert!(read.is_ok(), "{arguments:?} -o json: {}", ran.out);
    }
    for arguments in
        commands.into_iter().filter(|a| !["history", "status"].contains(a.last().unwrap()))
    {
        let mut csv = arguments.to_vec();
        csv.extend(["-o", "csv"]);
        let ran = world.run(&csv);
        let columns = ran.out.lines().next().unwrap_or_default().split(',').count();
        assert!(!ran.out.contains('─') && columns > 0, "{arguments:?} -o csv: {}", ran.out);
        if arguments != ["db", "check"] {
            assert!(columns > 1, "{arguments:?} -o csv: {}", ran.out);
        }
    }
}

#[test]
fn man_pages_and_explanations_are_there() {
    let world = World::empty();
    world.run(&["man", "man"]).ends(0);
    let page = world.read("man/doseplan-report-show.1");
    assert!(page.contains("\\-\\-explain") && page.contains("drop\\-out"), "{page}");
    let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
    let words: Vec<&str> = title.splitn(5, ' ').collect();
    assert!(words[3].starts_with("20") && words[4].starts_with("\"doseplan "), "{title}");
    let said = world.run(&["explain", "bad-date", "--lang", "zh-CN"]).ends(0).out;
    assert!(said.contains("2021年10月20日"), "{said}");
    let near = world.run(&["explain", "bad_dat"]);
    assert!(near.code == 1 && near.err.contains("bad_date"), "{}", near.err);
    let help = world.run(&["--help", "--lang", "zh-CN"]).ends(0).out;
    assert!(help.contains("用法：") && help.contains("示例："), "{help}");
    let wrong = world.run(&["status", "--wat", "--lang", "zh-CN"]).ends(2);
    assert!(wrong.err.contains("没有参数 --wat") && wrong.err.contains("--watch"), "{}", wrong.err);
}

#[test]
fn status_is_watched_until_somebody_stops_it() {
    use std::io::Read as _;
    use std::process::Stdio;
    let world = world();
    let mut child = world
        .command(&["status", "--watch", "1", "-o", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut out = child.stdout.take().expect("a pipe");
    let (mut seen, mut part) = (String::new(), [0; 4096]);
    while seen.matches("\"campaign\"").count() < 2 {
        let length = out.read(&mut part).expect("it goes on");
        assert!(length > 0, "it ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    let id = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.expect("kill starts").success());
    assert!(child.wait().expect("it ends").success());
}
