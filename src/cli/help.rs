//! `--help`, man pages and usage errors in the reader's language, with examples. The English words stand at the
//! commands themselves; the Chinese ones in `src/text/zh-CN/help.ftl`, a message for each command and argument.

use super::usage_errors::told;
use super::{Cli, output};
use crate::domain::campaign::Language;
use crate::{secrets, text};
use chrono::NaiveDate;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

/// Examples of every command, by its path.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("", &["doseplan demo", "doseplan status", "doseplan campaign new --xlsx campaign.xlsx"]),
    ("demo", &["doseplan demo --county", "doseplan demo --once --until 2021-06-30"]),
    ("campaign new", &["doseplan campaign new --xlsx campaign.xlsx --lang zh-CN"]),
    (
        "campaign check",
        &["doseplan campaign check ./danyang", "doseplan campaign check campaign.xlsx -o json"],
    ),
    (
        "campaign apply",
        &["doseplan campaign apply ./danyang --dry-run", "doseplan campaign apply campaign.xlsx"],
    ),
    ("campaign list", &["doseplan campaign list"]),
    ("campaign history", &["doseplan campaign history -o json"]),
    (
        "campaign export",
        &["doseplan campaign export ./danyang", "doseplan campaign export danyang.xlsx"],
    ),
    (
        "jurisdiction apply",
        &[
            "doseplan jurisdiction apply ./places --dry-run",
            "doseplan jurisdiction apply places.xlsx",
        ],
    ),
    ("jurisdiction export", &["doseplan jurisdiction export ./places"]),
    (
        "jurisdiction conflicts resolve",
        &["doseplan jurisdiction conflicts resolve sites S01 --keep flu-2026"],
    ),
    (
        "plan allocation",
        &["doseplan plan allocation -o csv", "doseplan plan allocation --xlsx vaccine.xlsx"],
    ),
    (
        "plan make",
        &[
            "doseplan plan make",
            "doseplan plan make --folder ./danyang -o csv --certificate prices.json",
            "doseplan plan make --jurisdiction ./county --folder ./flu --folder ./hpv -o csv",
        ],
    ),
    (
        "plan check",
        &[
            "doseplan plan check ./danyang plan.csv --certificate prices.json",
            "doseplan plan check --jurisdiction ./county --folder ./flu --folder ./hpv plan.csv",
        ],
    ),
    (
        "roster make",
        &[
            "doseplan roster make --jurisdiction ./county --plan plan.csv -o csv > roster.csv",
            "doseplan roster make --jurisdiction ./county --plan plan.csv --before roster.csv",
        ],
    ),
    ("roster check", &["doseplan roster check --jurisdiction ./county roster.csv --plan plan.csv"]),
    ("roster show", &["doseplan roster show --jurisdiction ./county roster.csv --staff W001"]),
    ("roster export", &["doseplan roster export --jurisdiction ./county roster.csv ./duties"]),
    (
        "roster publish",
        &["doseplan roster make -o csv > roster.csv", "doseplan roster publish roster.csv"],
    ),
    ("roster leave", &["doseplan roster leave W001 2026-11-03 --until 2026-11-05 --reason sick"]),
    ("doses new", &["doseplan doses new --xlsx doses.xlsx"]),
    ("doses import", &["doseplan doses import doses.csv"]),
    ("doses void", &["doseplan doses void D00001 --reason \"entered twice\""]),
    ("doses history", &["doseplan doses history D00001"]),
    ("tallies new", &["doseplan tallies new --xlsx today.xlsx --date 2021-06-01 --place S01"]),
    ("tallies import", &["doseplan tallies import today.xlsx"]),
    (
        "persons import",
        &[
            "doseplan persons import persons.csv",
            "doseplan persons import export.xlsx --profile p.toml",
        ],
    ),
    ("import profile", &["doseplan import profile export.xlsx > p.toml"]),
    ("outcomes import", &["doseplan outcomes import outcomes.csv"]),
    ("persons show", &["doseplan persons show P001"]),
    ("persons export", &["doseplan persons export > persons.csv"]),
    ("persons merge", &["doseplan persons merge P001 P900"]),
    ("persons merges", &["doseplan persons merges"]),
    ("persons unmerge", &["doseplan persons unmerge P900"]),
    ("persons erase", &["doseplan persons erase P001 --reason \"entered twice\""]),
    ("import list", &["doseplan import list"]),
    ("import undo", &["doseplan import undo 12"]),
    (
        "campaign copy",
        &["doseplan campaign copy flu-2026 flu-2027 --start 2027-09-01 --end 2027-12-31"],
    ),
    ("campaign close", &["doseplan campaign close flu-2026"]),
    (
        "jurisdiction conflicts resolve",
        &["doseplan jurisdiction conflicts resolve P001 --split P900"],
    ),
    ("due list", &["doseplan due list --area yunyang -o csv"]),
    ("catch-up report", &["doseplan catch-up report --as-of 2021-10-20"]),
    ("forecast", &["doseplan forecast children.ndjson > due.ndjson"]),
    (
        "report show",
        &[
            "doseplan report show coverage --month 2021-06",
            "doseplan report show drop-out --month 2021-06 --area yunyang -o csv",
            "doseplan report show coverage --month 2021-06 --explain H5",
        ],
    ),
    ("report save", &["doseplan report save 2021-06.xlsx --month 2021-06"]),
    ("report list", &["doseplan report list"]),
    (
        "national month",
        &[
            "doseplan national month 2025-03 --folder ./county",
            "doseplan national month 2025-03 --folder ./county --save 2025-03.xlsx",
            "doseplan national month 2025-03 --folder ./county --explain HepB-3",
        ],
    ),
    ("national cum", &["doseplan national cum 2025-06 --folder ./county -o json"]),
    (
        "national cohort",
        &[
            "doseplan national cohort 2025-12-31 --folder ./county --save cohort.xlsx",
            "doseplan national cohort 2025-12-31 --folder ./county --explain MCV-2 --age 2",
        ],
    ),
    ("national year90", &["doseplan national year90 2025 --folder ./county"]),
    ("national duplicates", &["doseplan national duplicates --folder ./county -o csv"]),
    ("national quality", &["doseplan national quality 2025-03 --folder ./county"]),
    ("national hpv", &["doseplan national hpv 2025-12 --save hpv.xlsx"]),
    (
        "national schools",
        &[
            "doseplan national schools 2025-09-15 --save check.xlsx",
            "doseplan national schools 2025-09-15 --feedback 2025-12-15",
        ],
    ),
    ("national denominators", &["doseplan national denominators 2025 --births births.csv"]),
    ("national paid", &["doseplan national paid 2025-06 --folder ./county"]),
    ("national survey form", &["doseplan national survey form search.xlsx"]),
    ("national survey result", &["doseplan national survey result search.xlsx"]),
    ("coverage", &["doseplan coverage --as-of 2021-06-30", "doseplan coverage --by area -o csv"]),
    ("status", &["doseplan status", "doseplan status --watch", "doseplan status --check"]),
    ("outbox list", &["doseplan outbox list --state in_doubt"]),
    ("job next", &["doseplan job next"]),
    ("job run", &["doseplan job run summary --at 2021-06-01T09:00"]),
    ("daemon", &["doseplan daemon"]),
    ("doctor", &["doseplan doctor"]),
    ("explain", &["doseplan explain duplicate_row", "doseplan explain"]),
    ("man", &["doseplan man /usr/local/share/man/man1"]),
    ("completion", &["doseplan completion bash > /etc/bash_completion.d/doseplan"]),
    ("backup", &["doseplan backup doseplan-backup.db"]),
    ("restore", &["doseplan restore doseplan-backup.db --db sqlite://new.db"]),
];

/// Reads the arguments; returns them and the names of the command, such as `db move`. Prints help or a usage error and
/// ends the program if needed.
pub(super) fn parse() -> (Cli, String) {
    let arguments: Vec<_> = std::env::args_os().collect();
    for word in arguments.iter().filter_map(|word| word.to_str()) {
        secrets::keep(word);
    }
    let language = language_of(&arguments);
    let read = command(language)
        .try_get_matches_from(arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, path_of(&matches))));
    match read {
        Ok(read) => read,
        Err(error) => {
            if let Some(said) = (language == Language::ZhCn).then(|| told(&error)).flatten() {
                if error.use_stderr() {
                    output::tell(&said);
                } else {
                    output::print(&format!("{said}\n"));
                }
                std::process::exit(error.exit_code());
            }
            let said = error.to_string();
            // What is printed as help is ours and holds nobody's password.
            if error.use_stderr() && secrets::masked(&said) != said {
                output::write_err(&said);
                std::process::exit(error.exit_code());
            }
            error.exit()
        }
    }
}

/// The names of the command that was asked for.
fn path_of(matches: &ArgMatches) -> String {
    let mut names = Vec::new();
    let mut at = matches;
    while let Some((name, below)) = at.subcommand() {
        names.push(name);
        at = below;
    }
    names.join(" ")
}

/// The language of `--lang`, as far as it is known before the arguments are parsed, or else the environment's.
fn language_of(arguments: &[std::ffi::OsString]) -> Language {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let mut named = None;
    while let Some(word) = words.next() {
        if word == "--lang" {
            named = words.next();
        } else if let Some(tag) = word.strip_prefix("--lang=") {
            named = Some(tag);
        }
    }
    named.and_then(Language::from_tag).unwrap_or_else(super::language_of_environment)
}

/// The whole command line in a language.
pub(super) fn command(language: Language) -> Command {
    localized(Cli::command(), "", language)
}

fn localized(command: Command, path: &str, language: Language) -> Command {
    let mut command = with_examples(command, path, language);
    if language == Language::ZhCn {
        command = in_chinese(command, path);
    }
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(name, |sub| localized(sub, &below, language));
    }
    command
}

fn with_examples(command: Command, path: &str, language: Language) -> Command {
    let Some((_, lines)) = EXAMPLES.iter().find(|(known, _)| *known == path) else {
        return command;
    };
    let mut shown = text::word(language, "help-examples");
    for line in *lines {
        shown.push_str("\n  ");
        shown.push_str(line);
    }
    command.after_help(shown)
}

/// The key of a command or of one of its arguments.
fn key(path: &str, argument: Option<&str>) -> String {
    let path = path.replace(' ', "-");
    match argument {
        None if path.is_empty() => "help".to_owned(),
        None => format!("help-{path}"),
        Some(id) if path.is_empty() => format!("help--{id}"),
        Some(id) => format!("help-{path}--{id}"),
    }
}

/// The Chinese words of an argument: its own, or else those for every argument with its name.
fn argument_help(path: &str, id: &str) -> Option<String> {
    text::help(&key(path, Some(id))).or_else(|| text::help(&key("any", Some(id))))
}

fn in_chinese(mut command: Command, path: &str) -> Command {
    let word = |key: &str| text::word(Language::ZhCn, key);
    if let Some(about) = text::help(&key(path, None)) {
        command = command.about(about);
    }
    let template = format!(
        "{{about-with-newline}}\n{}{{usage}}\n\n{{all-args}}{{after-help}}",
        word("help-usage")
    );
    command = command
        .help_template(template)
        .subcommand_help_heading(word("help-commands"))
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .disable_version_flag(true);
    command = command.mut_args(|argument| {
        let heading = match (argument.is_positional(), argument.is_global_set()) {
            (true, _) => "help-arguments",
            (false, true) => "help-common",
            (false, false) => "help-options",
        };
        let mut help = argument_help(path, argument.get_id().as_str());
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|_| argument.get_action().takes_values())
            .map(|value| value.get_name().to_owned())
            .collect();
        if let (Some(help), false) = (&mut help, values.is_empty()) {
            help.push_str(&format!("［{}］", values.join("、")));
        }
        let takes_values = argument.get_action().takes_values();
        let argument = argument.help_heading(word(heading));
        let argument = if takes_values { argument.hide_possible_values(true) } else { argument };
        match help {
            Some(help) => argument.help(help),
            None => argument,
        }
    });
    let flag = |id: &'static str, short: char, action: ArgAction, said: &str| {
        Arg::new(id)
            .short(short)
            .long(id)
            .action(action)
            .help(word(said))
            .help_heading(word("help-options"))
    };
    command = command.arg(flag("help", 'h', ArgAction::Help, "help-help"));
    if path.is_empty() {
        command = command.arg(flag("version", 'V', ArgAction::Version, "help-version"));
    }
    command
}

/// Writes a man page for every command into a folder, with `day` as its date; returns how many.
pub(super) fn man(folder: &std::path::Path, day: NaiveDate) -> anyhow::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut command = with_examples_below(Cli::command(), "").disable_help_subcommand(true);
    command.build();
    man_below(&command, folder, day)
}

fn man_below(command: &Command, folder: &std::path::Path, day: NaiveDate) -> anyhow::Result<usize> {
    let mut pages = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages += man_below(below, folder, day)?;
    }
    let source = format!("doseplan {}", env!("CARGO_PKG_VERSION"));
    // Without a date its place would be taken by the version, because empty arguments are left out.
    let page = clap_mangen::Man::new(command.clone()).date(day.to_string());
    page.source(source).manual("doseplan").generate_to(folder)?;
    Ok(pages)
}

/// Man pages are in English, as most are, with their examples.
fn with_examples_below(command: Command, path: &str) -> Command {
    localized(command, path, Language::En)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn each(command: &Command, path: &str, take: &mut impl FnMut(&Command, &str)) {
        take(command, path);
        for sub in command.get_subcommands() {
            let name = sub.get_name();
            each(sub, format!("{path} {name}").trim(), take);
        }
    }

    #[test]
    fn every_command_and_argument_has_words_in_chinese_and_nothing_else_has() {
        let (mut wanted, mut any) = (BTreeSet::new(), BTreeSet::new());
        each(&Cli::command(), "", &mut |command, path| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            wanted.insert((key(path, None), about));
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let is_global = argument.is_global_set() && !path.is_empty();
                let id = argument.get_id().as_str();
                if !is_global && argument_help(path, id).is_none()
                    || text::help(&key(path, Some(id))).is_some()
                {
                    wanted.insert((key(path, Some(id)), help));
                } else if !is_global {
                    any.insert(key("any", Some(id)));
                }
            }
        });
        let missing: Vec<String> = wanted
            .iter()
            .filter(|(key, _)| text::help(key).is_none())
            .map(|(key, english)| format!("{key} = {english}"))
            .collect();
        assert!(missing.is_empty(), "missing in zh-CN/help.ftl:\n{}", missing.join("\n"));
        let wanted: BTreeSet<String> = wanted.into_iter().map(|(key, _)| key).collect();
        let stray: Vec<String> = text::help_keys()
            .into_iter()
            .filter(|key| !wanted.contains(key) && !any.contains(key))
            .collect();
        assert_eq!(stray, Vec::<String>::new());
    }

    #[test]
    fn examples_name_commands_that_there_are_and_can_be_typed() {
        let mut paths = BTreeSet::new();
        each(&Cli::command(), "", &mut |_, path| {
            paths.insert(path.to_owned());
        });
        for (path, lines) in EXAMPLES {
            assert!(paths.contains(*path), "{path}");
            for line in *lines {
                let typed = line.split('>').next().unwrap_or_default();
                let words = typed.replace("\"entered twice\"", "twice");
                let read = Cli::command().try_get_matches_from(words.split_whitespace());
                assert!(
                    read.is_ok(),
                    "{line}: {}",
                    read.err().map(|e| e.to_string()).unwrap_or_default()
                );
            }
        }
    }

    #[test]
    fn the_command_is_sound_in_both_languages() {
        for language in [Language::ZhCn, Language::En] {
            command(language).debug_assert();
        }
    }
}
