//! The values that are handed to statements, the same for both databases.

use crate::domain::words::Word;
use chrono::NaiveDate;

/// A value handed to a statement.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text or nothing.
    Text(Option<String>),
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
    &str => |it| Value::Text(Some(it.to_owned())),
    &String => |it| Value::Text(Some(it.clone())),
    String => |it| Value::Text(Some(it)),
    Option<String> => |it| Value::Text(it),
    Option<&str> => |it| Value::Text(it.map(str::to_owned)),
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
        Self::Text(Some(value.to_word().to_owned()))
    }
}
