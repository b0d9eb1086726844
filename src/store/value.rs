//! The values that are handed to statements, the same for both databases.

use crate::domain::words::Word;
use chrono::{Datelike as _, NaiveDate};
use std::sync::Arc;

/// A value handed to a statement.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text or nothing, as SQLite's thread takes it: handed on without a copy.
    Text(Option<Arc<str>>),
    /// A whole number or nothing.
    Int(Option<i64>),
    /// A day or nothing.
    Day(Option<NaiveDate>),
    /// Bytes or nothing.
    Bytes(Option<Vec<u8>>),
}

macro_rules! into_value {
    ($($from:ty => |$it:ident| $make:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from($it: $from) -> Self {
                $make
            }
        }
    )+};
}

into_value! {
    &str => |it| Value::Text(Some(it.into())),
    &String => |it| Value::Text(Some(it.as_str().into())),
    String => |it| Value::Text(Some(it.into())),
    Option<String> => |it| Value::Text(it.map(Arc::from)),
    Option<&str> => |it| Value::Text(it.map(Arc::from)),
    i64 => |it| Value::Int(Some(it)),
    Option<i64> => |it| Value::Int(it),
    u32 => |it| Value::Int(Some(i64::from(it))),
    u8 => |it| Value::Int(Some(i64::from(it))),
    bool => |it| Value::Int(Some(i64::from(it))),
    NaiveDate => |it| Value::Day(Some(it)),
    Option<NaiveDate> => |it| Value::Day(it),
    Vec<u8> => |it| Value::Bytes(Some(it)),
    Option<Vec<u8>> => |it| Value::Bytes(it),
    super::CampaignNo => |it| Value::Int(Some(it.0)),
}

impl<T: Word> From<T> for Value {
    fn from(value: T) -> Self {
        Self::Text(Some(value.to_word().into()))
    }
}

/// A day as SQLite stores it: `2021-10-20`.
pub(super) fn day_text(day: NaiveDate) -> Arc<str> {
    const YEAR_MAX: i32 = 9999;
    let Some(year) = u32::try_from(day.year()).ok().filter(|_| day.year() <= YEAR_MAX) else {
        return day.to_string().into();
    };
    let (month, day) = (day.month(), day.day());
    let digits = [year / 1000, year / 100, year / 10, year, month / 10, month, day / 10, day];
    let mut text = String::with_capacity(10);
    for (at, number) in digits.into_iter().enumerate() {
        if at == 4 || at == 6 {
            text.push('-');
        }
        text.push(char::from_digit(number % 10, 10).unwrap_or('0'));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_everywhere() {
        for (year, month, day) in
            [(2021, 10, 20), (1943, 1, 9), (987, 12, 31), (0, 1, 1), (-1, 2, 3), (12_021, 4, 5)]
        {
            let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
            assert_eq!(&*day_text(day), day.to_string());
        }
    }
}
