//! The catalogue of all words that users see, in Chinese and English: Fluent files under `src/text/`. Every room
//! may use it. The domain returns values and codes, never sentences.

pub mod retell;

use crate::characters::is_invisible;
use crate::domain::campaign::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// The files of the catalogue: name, Chinese text, English text.
const FILES: &[(&str, &str, &str)] = &[
    ("audit.ftl", include_str!("text/zh-CN/audit.ftl"), include_str!("text/en/audit.ftl")),
    ("booking.ftl", include_str!("text/zh-CN/booking.ftl"), include_str!("text/en/booking.ftl")),
    ("cells.ftl", include_str!("text/zh-CN/cells.ftl"), include_str!("text/en/cells.ftl")),
    ("channels.ftl", include_str!("text/zh-CN/channels.ftl"), include_str!("text/en/channels.ftl")),
    ("cli.ftl", include_str!("text/zh-CN/cli.ftl"), include_str!("text/en/cli.ftl")),
    ("explain.ftl", include_str!("text/zh-CN/explain.ftl"), include_str!("text/en/explain.ftl")),
    ("faults.ftl", include_str!("text/zh-CN/faults.ftl"), include_str!("text/en/faults.ftl")),
    ("hand.ftl", include_str!("text/zh-CN/hand.ftl"), include_str!("text/en/hand.ftl")),
    ("issues.ftl", include_str!("text/zh-CN/issues.ftl"), include_str!("text/en/issues.ftl")),
    ("machine.ftl", include_str!("text/zh-CN/machine.ftl"), include_str!("text/en/machine.ftl")),
    ("mail.ftl", include_str!("text/zh-CN/mail.ftl"), include_str!("text/en/mail.ftl")),
    ("national.ftl", include_str!("text/zh-CN/national.ftl"), include_str!("text/en/national.ftl")),
    ("office.ftl", include_str!("text/zh-CN/office.ftl"), include_str!("text/en/office.ftl")),
    ("plan.ftl", include_str!("text/zh-CN/plan.ftl"), include_str!("text/en/plan.ftl")),
    ("refused.ftl", include_str!("text/zh-CN/refused.ftl"), include_str!("text/en/refused.ftl")),
    ("report.ftl", include_str!("text/zh-CN/report.ftl"), include_str!("text/en/report.ftl")),
    ("rules.ftl", include_str!("text/zh-CN/rules.ftl"), include_str!("text/en/rules.ftl")),
    ("schools.ftl", include_str!("text/zh-CN/schools.ftl"), include_str!("text/en/schools.ftl")),
    ("web.ftl", include_str!("text/zh-CN/web.ftl"), include_str!("text/en/web.ftl")),
    ("workbook.ftl", include_str!("text/zh-CN/workbook.ftl"), include_str!("text/en/workbook.ftl")),
];

static CHINESE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::ZhCn));
static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::En));

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let tag = language.tag().parse().expect("a language tag of our own");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    for (name, chinese, english) in FILES {
        let source = if language == Language::ZhCn { chinese } else { english };
        let resource = FluentResource::try_new((*source).to_owned())
            .unwrap_or_else(|(_, errors)| panic!("{name} ({}): {errors:?}", language.tag()));
        bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
    }
    bundle
}

/// The message `key` with its arguments filled in. A missing key is shown itself.
pub fn say(language: Language, key: &str, arguments: &[(&str, &dyn std::fmt::Display)]) -> String {
    said(language, key, arguments).unwrap_or_else(|| format!("⟨{key}⟩"))
}

/// The message `key` without arguments; `None` if it is not in the catalogue.
pub fn found(language: Language, key: &str) -> Option<String> {
    said(language, key, &[])
}

/// The message `key` with the names of its arguments in place of values: what a code means in general.
pub fn pattern(language: Language, key: &str) -> String {
    let names = ["value", "column", "file", "limit", "min", "max", "nearest", "known", "columns"];
    let more =
        ["reason", "stem", "own", "other", "date", "first", "row", "start", "end", "expires"];
    let counted = ["count", "doses", "children", "today", "unit"];
    let all = names.iter().chain(&more).chain(&counted).copied().chain(retell::names(key));
    let marks: Vec<(&str, String)> = all.map(|name| (name, format!("‹{name}›"))).collect();
    let arguments: Vec<(&str, &dyn std::fmt::Display)> =
        marks.iter().map(|(name, mark)| (*name, mark as &dyn std::fmt::Display)).collect();
    say(language, key, &arguments)
}

/// Chinese words of `--help`. The English ones stand at the commands themselves.
static HELP: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    include_str!("text/zh-CN/help.ftl")
        .lines()
        .filter(|line| line.starts_with("help"))
        .filter_map(|line| line.split_once(" = "))
        .collect()
});

/// The Chinese help of a command or argument.
pub fn help(key: &str) -> Option<String> {
    HELP.get(key).map(|text| (*text).to_owned())
}

/// All keys that have Chinese help.
pub fn help_keys() -> Vec<String> {
    HELP.keys().map(|key| (*key).to_owned()).collect()
}

fn said(
    language: Language,
    key: &str,
    arguments: &[(&str, &dyn std::fmt::Display)],
) -> Option<String> {
    let bundle = match language {
        Language::ZhCn => &*CHINESE,
        Language::En => &*ENGLISH,
    };
    let pattern = bundle.get_message(key).and_then(|message| message.value())?;
    let mut filled = FluentArgs::new();
    for (name, value) in arguments {
        filled.set(*name, FluentValue::from(value.to_string()));
    }
    let mut errors = Vec::new();
    Some(bundle.format_pattern(pattern, Some(&filled), &mut errors).into_owned())
}

/// The message `key` without arguments.
pub fn word(language: Language, key: &str) -> String {
    say(language, key, &[])
}

/// A number with thousands separators: `1,690,000`.
pub fn thousands(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Text from outside as it may be shown: control characters and invisible ones become spaces.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing into memory does not fail");
        out
    })
}

/// Text percent-encoded for an address.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing into memory does not fail");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A message starts at the beginning of a line: `key = …`. Attributes, comments and continued lines do not.
    fn keys(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim()))
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_messages() {
        for (name, chinese, english) in FILES {
            assert_eq!(keys(chinese), keys(english), "{name}");
        }
    }

    #[test]
    fn control_characters_and_invisible_ones_are_shown_as_spaces() {
        for c in ['\n', '\u{1b}', '\u{202e}', '\u{206a}', '\u{e0041}'] {
            assert_eq!(harmless(&format!("a{c}b")), "a b", "{c:?}");
        }
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!(thousands(1_690_000), "1,690,000");
        assert_eq!(thousands(-999), "-999");
        assert_eq!(thousands(1000), "1,000");
    }
}
