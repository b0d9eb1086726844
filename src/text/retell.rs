//! Finds which message of the catalogue an English text is, and with which values, so that it can be said in another
//! language: for what is stored in English for good, and for faults of the machine, which come in English.

use super::{FILES, found, say};
use crate::domain::campaign::Language;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// Stands before and behind the name of an argument in a message without values.
const MARK: char = '\u{1}';
/// Longer texts are not looked at.
const BYTES_MAX: usize = 2000;
/// Messages may stand within messages, so deep.
const DEPTH_MAX: usize = 5;
/// Arguments that may be messages themselves.
const NESTED: [&str; 4] = ["said", "kind", "what", "got"];
/// Messages that a fault may be, by the beginning of their keys.
const FAULTS: [&str; 3] = ["machine-", "refused-", "denied-"];

/// The values of a message's arguments.
pub type Values<'a> = Vec<(&'static str, &'a str)>;

/// An English message: its words, the name of an argument, words again, and so on. It begins and ends with words.
struct Message {
    key: &'static str,
    pieces: Vec<&'static str>,
}

/// The messages on one line, in the order of the files.
static MESSAGES: LazyLock<Vec<Message>> = LazyLock::new(|| {
    FILES.iter().flat_map(|(_, _, english)| english.lines()).filter_map(message).collect()
});

static BY_KEY: LazyLock<BTreeMap<&str, &Message>> =
    LazyLock::new(|| MESSAGES.iter().map(|message| (message.key, message)).collect());

fn message(line: &'static str) -> Option<Message> {
    let (key, text) = line.split_once(" = ")?;
    if !key.starts_with(|c: char| c.is_ascii_alphabetic()) || text.contains("->") {
        return None;
    }
    let names = text.split('$').skip(1);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: Vec<&str> =
        names.map(|rest| rest.split(|c| !is_part(c)).next().unwrap_or_default()).collect();
    let marks: Vec<String> = names.iter().map(|name| format!("{MARK}{name}{MARK}")).collect();
    let marks: Vec<(&str, &dyn Display)> =
        names.iter().zip(&marks).map(|(name, mark)| (*name, mark as &dyn Display)).collect();
    let whole: &'static str = Box::leak(say(Language::En, key, &marks).into_boxed_str());
    Some(Message { key, pieces: whole.split(MARK).collect() })
}

/// The names of a message's arguments, where it stands on one line.
pub(super) fn names(key: &str) -> impl Iterator<Item = &'static str> {
    BY_KEY
        .get(key)
        .into_iter()
        .flat_map(|message| message.pieces.iter().skip(1).step_by(2).copied())
}

/// The values with which the English message `key` is this text, if it can be; `fits` says whether an argument can
/// have a value.
pub fn values<'a>(
    key: &str,
    text: &'a str,
    fits: &dyn Fn(&str, &str) -> bool,
) -> Option<Values<'a>> {
    matched(BY_KEY.get(key)?, text, fits)
}

fn matched<'a>(
    message: &Message,
    text: &'a str,
    fits: &dyn Fn(&str, &str) -> bool,
) -> Option<Values<'a>> {
    let (first, pieces) = message.pieces.split_first()?;
    let rest = text.strip_prefix(*first).filter(|_| text.len() <= BYTES_MAX)?;
    let mut out = Vec::new();
    fill(rest, pieces, fits, &mut out).then_some(out)
}

fn fill<'a>(
    text: &'a str,
    pieces: &[&'static str],
    fits: &dyn Fn(&str, &str) -> bool,
    out: &mut Values<'a>,
) -> bool {
    let [name, words, rest @ ..] = pieces else { return text.is_empty() };
    let (name, words): (&'static str, &'static str) = (*name, *words);
    for end in text.char_indices().map(|(at, c)| at + c.len_utf8()) {
        let (value, behind) = text.split_at(end);
        let Some(behind) = behind.strip_prefix(words) else { continue };
        let value = value.trim();
        let ends_early = rest.is_empty() && !behind.is_empty();
        if ends_early || value.is_empty() || !fits(name, value) {
            continue;
        }
        out.push((name, value));
        if fill(behind, rest, fits, out) {
            return true;
        }
        out.pop();
    }
    false
}

/// A fault that is told in English, in a language: line by line, as far as the catalogue knows it.
#[must_use]
pub fn fault(language: Language, text: &str) -> String {
    if language == Language::En {
        return text.to_owned();
    }
    text.lines().map(|line| part(language, line)).collect::<Vec<_>>().join("\n")
}

/// A line: a message, or several that follow one another behind colons.
fn part(language: Language, line: &str) -> String {
    if let Some(said) = whole(language, line, 0) {
        return said;
    }
    for (at, _) in line.match_indices(": ") {
        let (head, tail) = (&line[..at], &line[at + 2..]);
        if let Some(tail) = whole(language, tail, 0) {
            return format!("{}：{tail}", part(language, head));
        }
    }
    line.to_owned()
}

fn whole(language: Language, text: &str, depth: usize) -> Option<String> {
    if depth > DEPTH_MAX {
        return None;
    }
    let may_be = |message: &&Message| {
        let is_word = |words: &&str| words.contains(char::is_alphabetic);
        let has_words = message.pieces.iter().step_by(2).any(is_word);
        has_words && FAULTS.iter().any(|prefix| message.key.starts_with(prefix))
    };
    MESSAGES.iter().filter(may_be).find_map(|message| {
        let values = matched(message, text, &|_, _| true)?;
        let inner = |name: &str, value: &str| {
            let may_be = NESTED.contains(&name);
            let said = may_be.then(|| whole(language, value, depth + 1)).flatten();
            said.unwrap_or_else(|| value.to_owned())
        };
        let values: Vec<(&str, String)> =
            values.into_iter().map(|(name, value)| (name, inner(name, value))).collect();
        let values: Vec<(&str, &dyn Display)> =
            values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        found(language, message.key).map(|_| say(language, message.key, &values))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chinese(text: &str) -> String {
        fault(Language::ZhCn, text)
    }

    #[test]
    fn a_fault_is_said_in_the_readers_language_with_its_values() {
        let text = "configuration a.toml: TOML parse error at line 2, column 13\n  |\n\
                    unknown variant `smpt`, expected `folder` or `smtp`";
        let said =
            "配置文件 a.toml：第 2 行第 13 列有误\n  |\n不能写 `smpt`；可写 `folder` 或 `smtp`";
        assert_eq!(chinese(text), said);
        let absent = "there is no database /a.db; `doseplan campaign apply FOLDER` makes one";
        assert_eq!(fault(Language::En, text), text);
        assert_eq!(
            chinese(&format!("database sqlite:///a.db: {absent}")),
            "数据库 sqlite:///a.db：没有数据库 /a.db；用 `doseplan campaign apply 文件夹` 建立"
        );
        assert_eq!(
            chinese("invalid type: integer `5`, expected a string"),
            "类型不对：整数 `5`；应为文字（加引号）"
        );
    }

    #[test]
    fn a_cause_behind_a_colon_is_said_too_and_what_is_unknown_stays() {
        assert_eq!(
            chinese("/x/y: No such file or directory (os error 2)"),
            "/x/y：找不到文件或文件夹"
        );
        assert_eq!(chinese("something else went wrong"), "something else went wrong");
    }

    #[test]
    fn values_are_found_only_where_they_fit() {
        let digits = |name: &str, value: &str| name != "count" || value.parse::<u64>().is_ok();
        let found = values("said-changes", "17 changes", &digits);
        assert_eq!(found, Some(vec![("count", "17")]));
        assert_eq!(values("said-changes", "some changes", &digits), None);
        assert_eq!(values("said-changes", "17 changes more", &digits), None);
        assert_eq!(values("no-such-message", "17 changes", &digits), None);
    }
}
