//! Which passwords are taken. Length alone does not make one hard to guess: the commonest ones, rows of the keyboard,
//! years and names are tried first, and zxcvbn knows them with their usual disguises.

use super::{AppError, Result};
use crate::domain::account::{PASSWORD_CHARS_MIN, is_password};
use zxcvbn::{Score, zxcvbn};

/// What people here choose besides the words that zxcvbn knows, all of English: pinyin, numbers that sound like words,
/// the program and its users.
const USUAL: [&str; 24] = [
    "doseplan",
    "vaccine",
    "vaccination",
    "cdc",
    "jikong",
    "jikongzhongxin",
    "yimiao",
    "jiezhong",
    "yufangjiezhong",
    "weishengyuan",
    "jiangsu",
    "danyang",
    "zhongguo",
    "beijing",
    "shanghai",
    "woaini",
    "woaini1314",
    "5201314",
    "1314520",
    "mima",
    "a123456",
    "qq123456",
    "admin",
    "password",
];

/// Refuses a password that is too short, too long, blank or easily guessed; `name` is the account's.
pub(super) fn check(name: &str, password: &str) -> Result<()> {
    if !is_password(password) {
        return Err(AppError::refused("refused-password", &[("least", &PASSWORD_CHARS_MIN)]));
    }
    let mut characters: Vec<char> = password.chars().filter(|c| !c.is_whitespace()).collect();
    characters.sort_unstable();
    characters.dedup();
    // A name of many words counts by its parts too.
    let parts = name.split(['.', '_', '-', '@']);
    let known: Vec<&str> = USUAL.into_iter().chain([name]).chain(parts).collect();
    let contains_name = !name.is_empty()
        && password.to_lowercase().replace(&name.to_lowercase(), "").chars().count()
            < PASSWORD_CHARS_MIN / 2;
    let is_weak = zxcvbn(password, &known).score() < Score::Two;
    if characters.len() < PASSWORD_CHARS_MIN / 2 || contains_name || is_weak {
        return Err(AppError::refused("refused-weak-password", &[]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_tried_first_are_refused() {
        for weak in [
            "1234567890",
            "0987654321",
            "          ",
            "\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}",
            "aaaaaaaaaa",
            "ababababab",
            "abcdefghij",
            "qwertyuiop",
            "1qaz2wsx3edc",
            "password12",
            "Password123",
            "P@ssw0rd12",
            "passwordpassword",
            "woaini1314",
            "5201314520",
            "wanglihong",
            "WangLihong1",
            "gnohilgnaw",
            "iloveyou12",
            "asdfghjkl1",
            "1111122222",
            "20211122",
            "short",
            "doseplan2021",
            "admin12345",
        ] {
            assert!(check("wanglihong", weak).is_err(), "{weak}");
        }
        assert!(check("li.hua", "li.hua.2021").is_err());
        let long = "x1y2".repeat(60);
        assert!(check("zhao", &long).is_err(), "hashing more helps nobody");
    }

    #[test]
    fn others_are_taken() {
        for good in [
            "correct horse battery",
            "a long password",
            "密码是一句很长的话语",
            "tQ7#kd92!mZe",
            "d41d8cd98f00b204",
            "mo-li-hua-kai-le",
            "password-of-a-bench",
        ] {
            assert!(check("wanglihong", good).is_ok(), "{good}");
        }
    }
}
