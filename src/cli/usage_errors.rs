//! What is wrong with a command line, in the reader's language: what to write in place of a value ([`Remedy`], for
//! arguments whose form is ours), and clap's own errors in Chinese. English ones are clap's.

use super::output;
use crate::domain::campaign::Language;
use crate::mail::message::MessageError;
use crate::text::{say, word};
use chrono::NaiveDate;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error;
use std::fmt::{self, Display};
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};

/// The name of what is another message of the catalogue.
const KEY: &str = "write";

/// What to write in place of a value: a message of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remedy {
    key: &'static str,
    /// What its text names, such as the words that may be written.
    named: Vec<(&'static str, String)>,
}

impl Remedy {
    /// A message that names nothing.
    pub(super) fn new(key: &'static str) -> Self {
        Self { key, named: Vec::new() }
    }

    /// Of a value that changes nothing: what to write in its place.
    pub(super) fn of_nothing(key: &'static str) -> Self {
        Self { key: "write-something", named: vec![(KEY, key.to_owned())] }
    }

    /// One of some words.
    pub(super) fn one_of<'a>(known: impl IntoIterator<Item = &'a str>) -> Self {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        Self::new("write-one-of").with("known", known)
    }

    /// With something that the text names.
    pub(super) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.named.push((name, value.to_string()));
        self
    }

    fn words(&self, language: Language) -> String {
        let text = |name: &str, value: &str| {
            if name == KEY { word(language, value) } else { value.to_owned() }
        };
        let named: Vec<(&str, String)> =
            self.named.iter().map(|(name, value)| (*name, text(name, value))).collect();
        let named: Vec<(&str, &dyn Display)> =
            named.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
        say(language, self.key, &named)
    }
}

impl Display for Remedy {
    /// In English: Chinese errors are put together by [`told`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(Language::En))
    }
}

impl Error for Remedy {}

/// Reads a day of the command line, in any form that files may use.
pub(super) fn parse_day(text: &str) -> Result<NaiveDate, Remedy> {
    crate::domain::date::parse_day(text).ok_or_else(|| Remedy::new("write-day"))
}

/// Reads the tag of a language.
pub(super) fn parse_language(text: &str) -> Result<Language, Remedy> {
    Language::from_tag(text).ok_or_else(|| Remedy::new("write-language"))
}

/// A usage error in Chinese; `None` where it is none, as help is.
pub(super) fn told(error: &clap::Error) -> Option<String> {
    let key = key_of(error)?;
    let argument = match error.kind() {
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand => {
            text_of(error, ContextKind::InvalidSubcommand)
        }
        _ => names_of(error, ContextKind::InvalidArg)
            .or_else(|| names_of(error, ContextKind::InvalidSubcommand))
            .unwrap_or_default(),
    };
    let value = text_of(error, ContextKind::InvalidValue);
    let other = names_of(error, ContextKind::PriorArg).unwrap_or_default();
    let least = [ContextKind::MinValues, ContextKind::ExpectedNumValues];
    let count = number_of(error, &least).unwrap_or(0);
    let actual = number_of(error, &[ContextKind::ActualNumValues]).unwrap_or(0);
    let named: [(&str, &dyn Display); 5] = [
        ("argument", &argument),
        ("value", &value),
        ("other", &other),
        ("count", &count),
        ("actual", &actual),
    ];
    let mut said = say(Language::ZhCn, key, &named);
    if let Some(near) = near(error) {
        said += &say(Language::ZhCn, "usage-near", &[("near", &near)]);
    } else if let Some(remedy) = error.source().and_then(remedy_of) {
        let remedy = remedy.words(Language::ZhCn);
        said += &say(Language::ZhCn, "usage-write", &[("remedy", &remedy)]);
    }
    said.push('\n');
    said.push_str(&word(Language::ZhCn, "usage-help"));
    Some(output::lines_harmless(&said))
}

/// Which message tells of an error; `None` where there is nothing to tell.
fn key_of(error: &clap::Error) -> Option<&'static str> {
    let is_same = || {
        let (one, other) = (ContextKind::InvalidArg, ContextKind::PriorArg);
        let others = names_of(error, other);
        others.is_none() || names_of(error, one) == others
    };
    Some(match error.kind() {
        ErrorKind::InvalidValue if text_of(error, ContextKind::InvalidValue).is_empty() => {
            "usage-no-value"
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "usage-bad-value",
        ErrorKind::UnknownArgument => "usage-unknown",
        ErrorKind::InvalidSubcommand => "usage-no-command",
        ErrorKind::MissingSubcommand => "usage-which-command",
        ErrorKind::NoEquals => "usage-no-equals",
        ErrorKind::TooManyValues => "usage-too-many",
        ErrorKind::TooFewValues => "usage-too-few",
        ErrorKind::WrongNumberOfValues => "usage-number",
        ErrorKind::ArgumentConflict if is_same() => "usage-twice",
        ErrorKind::ArgumentConflict => "usage-conflict",
        ErrorKind::MissingRequiredArgument => "usage-missing",
        ErrorKind::InvalidUtf8 => "usage-no-text",
        _ => return None,
    })
}

/// What may be written: what the reader may have meant, or else all that there is.
fn near(error: &clap::Error) -> Option<String> {
    let kinds = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::ValidSubcommand,
        ContextKind::ValidValue,
    ];
    kinds.into_iter().map(|kind| text_of(error, kind)).find(|text| !text.is_empty())
}

fn texts_of(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(StyledStr::to_string).collect(),
        _ => Vec::new(),
    }
}

fn text_of(error: &clap::Error, kind: ContextKind) -> String {
    texts_of(error, kind).join("、")
}

/// The names of arguments, options without what stands for their values; `None` where there are none.
fn names_of(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let texts = texts_of(error, kind);
    let name = |text: &String| match text.strip_prefix('-') {
        Some(_) => text.split([' ', '=', '[']).next().unwrap_or_default().to_owned(),
        None => text.clone(),
    };
    (!texts.is_empty()).then(|| texts.iter().map(name).collect::<Vec<_>>().join("、"))
}

fn number_of(error: &clap::Error, kinds: &[ContextKind]) -> Option<isize> {
    kinds.iter().find_map(|kind| match error.get(*kind) {
        Some(ContextValue::Number(number)) => Some(*number),
        _ => None,
    })
}

/// What to write, by why a value was not taken: our own remedies, and what number parsers and clap's ranges say.
fn remedy_of(why: &(dyn Error + 'static)) -> Option<Remedy> {
    if let Some(remedy) = why.downcast_ref::<Remedy>() {
        return Some(remedy.clone());
    }
    if let Some(error) = why.downcast_ref::<ParseIntError>() {
        let is_large =
            matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow);
        return Some(Remedy::new(if is_large { "write-smaller" } else { "write-whole" }));
    }
    if why.is::<ParseFloatError>() || why.is::<rust_decimal::Error>() {
        return Some(Remedy::new("write-number"));
    }
    if why.is::<MessageError>() {
        return Some(Remedy::new("write-address"));
    }
    range_of(&why.to_string())
}

/// What clap says of a number outside a range: `0 is not in 1..=40`.
fn range_of(said: &str) -> Option<Remedy> {
    let (_, bounds) = said.split_once(" is not in ")?;
    let (least, most) = bounds.split_once("..")?;
    let (least, most) = match most.strip_prefix('=') {
        Some(most) => (least.parse::<i64>().ok()?, most.parse::<i64>().ok()?),
        None => (least.parse::<i64>().ok()?, most.parse::<i64>().ok()?.saturating_sub(1)),
    };
    // Where only the type of the number is the limit, nobody needs to know it.
    if most >= i64::from(u32::MAX) {
        return Some(Remedy::new("write-at-least").with("least", least));
    }
    Some(Remedy::new("write-between").with("least", least).with("most", most))
}

#[cfg(test)]
#[path = "usage_errors_tests.rs"]
mod tests;
