//! A table of wrong command lines, and what is said of them in Chinese.

use super::*;
use crate::cli::Cli;
use crate::cli::help::command;
use clap::{Arg, Command, FromArgMatches as _};
use std::ffi::OsString;

/// What is said of a wrong command line.
fn said(words: &[&str]) -> String {
    let words: Vec<OsString> =
        ["doseplan"].iter().chain(words).map(|word| OsString::from(*word)).collect();
    let read = command(Language::ZhCn)
        .try_get_matches_from(words.clone())
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match read {
        Ok(_) => panic!("{words:?} is right"),
        Err(error) => told(&error).unwrap_or_else(|| panic!("{words:?}: {error}")),
    }
}

/// Words in Latin letters that are no option, no name of a value and none of those that may be written.
fn foreign(said: &str, may: &[&str]) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
    said.split(|c: char| !word(c))
        .map(|found| found.trim_matches('_'))
        .filter(|found| found.chars().filter(char::is_ascii_alphabetic).count() > 1)
        .filter(|found| !found.starts_with('-') && !may.contains(found))
        .map(str::to_owned)
        .collect()
}

/// A wrong command line, a part of what is said of it, and the words in Latin letters that may stand in it.
type Wrong = (&'static [&'static str], &'static str, &'static [&'static str]);

const WRONG: &[Wrong] = &[
    (&["homes", "rounds", "--max-visits", "0"], "--max-visits 不能是“0”；请写 1 至 40 的整数", &[]),
    (&["homes", "rounds", "--max-visits", "x"], "--max-visits 不能是“x”；请写整数", &[]),
    (&["homes", "rounds", "--max-visits", ""], "--max-visits 不能是“”；请写整数", &[]),
    (&["homes", "rounds", "--leave-at", "8"], "不能是“8”；时间请写作 08:30", &[]),
    (&["plan", "make", "--steps", "-1"], "没有参数 -1", &[]),
    (&["plan", "make", "--steps=-1"], "--steps 不能是“-1”；请写不小于 0 的整数", &[]),
    (&["plan", "make", "--steps", "99999999999999999999"], "请写较小的数字", &[]),
    (&["plan", "make", "--solver", "luck"], "请写 own 或 highs", &["luck", "own", "highs"]),
    (&["status", "--watch", "0"], "--watch 不能是“0”；请写 1 至 86400 的整数", &[]),
    (&["status", "--wat"], "没有参数 --wat；可用：--watch", &[]),
    (&["status", "extra"], "没有参数 extra", &["extra"]),
    (&["statu"], "没有命令 statu；可用：status", &["statu", "status"]),
    (&["nothing"], "没有命令 nothing", &["nothing", "national"]),
    (&["-o", "xml", "status"], "不能是“xml”；可用：", &["xml", "table", "json", "csv"]),
    (&["status", "--as-of"], "--as-of 后面缺少值", &[]),
    (&["status", "--as-of", "soon"], "--as-of 不能是“soon”；日期请写作 2021-10-20", &["soon"]),
    (&["status", "--as-of=1", "--as-of=2"], "不能是“1”", &[]),
    (&["status", "--as-of=2021-10-20", "--as-of=2021-10-21"], "--as-of 只能写一次", &[]),
    (&["status", "--watch", "--check"], "不能同时使用", &[]),
    (&["--lang", "de", "status"], "请写 zh-CN 或 en", &["de", "zh-CN", "en"]),
    (&["job", "run", "summary", "--at", "9"], "2021-06-01T09:00（当地时间）", &[]),
    (
        &["digest", "send", "S1", "--to", "nobody"],
        "请写作 name@",
        &["nobody", "name", "example", "org"],
    ),
    (&["digest", "send", "--all", "--to", "a@b.example"], "--all 与 --to 不能同时使用", &[]),
    (&["digest", "send", "--readers", "3"], "缺少参数 --all", &[]),
    (&["digest", "resend", "x"], "<ID> 不能是“x”；请写整数", &["ID"]),
    (&["doses", "void", "D1"], "缺少参数 --reason", &[]),
    (&["national", "month"], "缺少参数 <MONTH>", &["MONTH"]),
    (&["national", "month", "13"], "月份请写作 2021-06", &["MONTH"]),
    (
        &["account", "add", "x", "--role", "king"],
        "请写 admin、planner、lead 或 viewer",
        &["king", "admin", "planner", "lead", "viewer"],
    ),
    (&["plan", "what-if", "--supply", "x"], "请写数字，如 0.8", &[]),
    (&["plan", "what-if", "--team", "x"], "请写作 +2 或 -1", &[]),
    (&["plan", "what-if", "--close", "S05"], "请写作 地点@日期", &[]),
    (
        &["plan", "what-if", "--close", "S05@2021-07-02..2021-07-01"],
        "2021-07-02 晚于 2021-07-01，请先写较早的日期",
        &[],
    ),
    (&["plan", "what-if", "--delay", "L07"], "请写作 批号=天数", &[]),
    (&["plan", "what-if", "--capacity", "S01"], "请写作 接种点=剂次", &[]),
    (
        &["plan", "what-if", "--capacity", "S01=5@2021-07-02..2021-07-01"],
        "2021-07-02 晚于 2021-07-01，请先写较早的日期",
        &[],
    ),
    (&["plan", "what-if", "--capacity", "=5@2021-07-02"], "请写作 接种点=剂次", &[]),
    (&["plan", "what-if", "--stations", "S01"], "请写作 接种点=+数字", &[]),
    (&["plan", "what-if", "--staff", "20"], "请写作 +人数@地区", &["yunyang", "registrar"]),
    (&["plan", "what-if", "--vaccine", "5"], "请写作 剂次@日期", &[]),
    (&["plan", "why", "--session", "S01"], "请写作 地点@日期", &[]),
];

#[test]
fn a_wrong_command_line_is_told_in_chinese_alone() {
    for (words, part, may) in WRONG {
        let said = said(words);
        assert!(said.contains(part), "{words:?}: {said}");
        assert!(said.ends_with("加 --help 查看用法和示例。"), "{words:?}: {said}");
        assert_eq!(foreign(&said, may), Vec::<String>::new(), "{words:?}: {said}");
    }
}

#[test]
fn words_that_may_be_written_are_named() {
    for words in [
        &["outbox", "list", "--state", "lost"][..],
        &["outbox", "list", "--kind", "letter"],
        &["report", "show", "nothing"],
    ] {
        let said = said(words);
        assert!(said.contains("；可用：") && said.contains(", "), "{words:?}: {said}");
        assert!(!said.contains("write") && !said.contains("choose"), "{words:?}: {said}");
    }
}

#[test]
fn every_kind_of_error_has_its_words() {
    let pair = || Arg::new("pair").long("pair").num_args(2..=3);
    let ask = |command: Command, words: &[&str]| {
        let words = ["x"].iter().chain(words).map(|word| (*word).to_owned());
        let error = command.try_get_matches_from(words).expect_err("it is wrong");
        (error.kind(), told(&error).unwrap_or_default().lines().next().unwrap_or("").to_owned())
    };
    let of = |arg: Arg| Command::new("x").arg(arg);
    let found = ask(of(pair()), &["--pair", "1"]);
    assert_eq!(found.0, ErrorKind::TooFewValues, "{}", found.1);
    assert_eq!(found.1, "--pair 至少要 2 个值，现有 1 个");
    let found = ask(of(pair().num_args(2)), &["--pair", "1"]);
    assert_eq!(found.0, ErrorKind::WrongNumberOfValues, "{}", found.1);
    assert_eq!(found.1, "--pair 需要 2 个值，现有 1 个");
    let equals = Arg::new("day").long("day").require_equals(true).num_args(1);
    let found = ask(of(equals), &["--day", "1"]);
    assert_eq!((found.0, &*found.1), (ErrorKind::NoEquals, "--day 与值之间须写等号"));
    let below = Command::new("x").subcommand_required(true).subcommand(Command::new("go"));
    let found = ask(below, &[]);
    assert_eq!(found.0, ErrorKind::MissingSubcommand, "{}", found.1);
    assert!(found.1.starts_with("x 后面缺少命令；可用：go"), "{}", found.1);
    let flag = Arg::new("flag").long("flag").num_args(0).action(clap::ArgAction::SetTrue);
    let found = ask(of(flag), &["--flag=1"]);
    assert_eq!((found.0, &*found.1), (ErrorKind::TooManyValues, "--flag 的值过多，多出“1”"));
    let help = Command::new("x").try_get_matches_from(["x", "--help"]).expect_err("it is help");
    assert_eq!(told(&help), None);
}

#[cfg(unix)]
#[test]
fn what_is_no_text_is_said() {
    use std::os::unix::ffi::OsStringExt as _;
    let bad = OsString::from_vec(b"--lang=\xff".to_vec());
    let words = ["doseplan".into(), "status".into(), bad];
    let error = command(Language::ZhCn).try_get_matches_from(words).expect_err("it is wrong");
    let told = told(&error).expect("an error");
    assert!(told.starts_with("有参数不是 UTF-8 文本"), "{told}");
}

#[test]
fn in_english_a_remedy_says_what_to_write() {
    assert_eq!(Remedy::new("write-day").to_string(), "write a day as 2021-10-20");
    assert_eq!(Remedy::one_of(["a", "b"]).to_string(), "write one of a, b");
    let order = Remedy::new("write-order").with("first", "b").with("last", "a");
    assert_eq!(order.to_string(), "b is after a; write the earlier day first");
}
