//! Which passwords are taken. Length alone does not make one hard to guess: blanks, digits alone, repetitions, rows of
//! the keyboard and of the alphabet, the commonest words and the account's own name are tried first, with digits and
//! marks around them and with the usual letters replaced (`P@ssw0rd`).

use super::{AppError, Result};
use crate::domain::account::{PASSWORD_CHARS_MIN, is_password};

/// The commonest words.
const COMMON: &str = include_str!("common_passwords.txt");
/// Different characters that a password has at least.
const DIFFERENT_MIN: usize = 5;
/// Places at which a password does not go on as a row of keys or letters does, at least.
const TURNS_MIN: usize = 4;
/// Digits alone are dates, telephone numbers and the like, up to this length.
const DIGITS_ALONE_MIN: usize = 16;
/// Rows that fingers and the alphabet follow, in both directions.
const ROWS: [&str; 18] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik",
    "9ol",
    "0p",
    "147258369",
    "!@#$%^&*()",
];

/// Refuses a password that is too short, too long, blank or easily guessed; `name` is the account's.
pub(super) fn check(name: &str, password: &str) -> Result<()> {
    if !is_password(password) {
        return Err(AppError::refused("refused-password", &[("least", &PASSWORD_CHARS_MIN)]));
    }
    if is_weak(name, password) {
        return Err(AppError::refused("refused-weak-password", &[]));
    }
    Ok(())
}

fn is_weak(name: &str, password: &str) -> bool {
    let text: Vec<char> = password.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let mut different = text.clone();
    different.sort_unstable();
    different.dedup();
    // Two rows in turn, as in 1q2w3e4r5t.
    let every_other =
        |first: usize| -> Vec<char> { text.iter().skip(first).step_by(2).copied().collect() };
    let woven = turns(&every_other(0)) + turns(&every_other(1));
    if different.len() < DIFFERENT_MIN || turns(&text) < TURNS_MIN || woven < TURNS_MIN {
        return true;
    }
    let digits = text.iter().filter(|c| c.is_ascii_digit()).count();
    let is_number = text.iter().all(|c| c.is_ascii_digit() || c.is_ascii_punctuation());
    if is_number && digits < DIGITS_ALONE_MIN {
        return true;
    }
    let word = word_of(&text);
    let own = word_of(&name.to_lowercase().chars().collect::<Vec<_>>());
    let reversed: String = own.chars().rev().collect();
    let common = COMMON.lines().filter(|line| !line.starts_with('#'));
    let mut known = common.flat_map(str::split_whitespace).chain([own.as_str(), &reversed]);
    word.is_empty() || known.any(|known| is_repeated(&word, known))
}

/// How often a password does not go on as a row does, or stays at the same key.
fn turns(text: &[char]) -> usize {
    let goes_on = |pair: &[char]| {
        let (a, b) = (pair[0], pair[1]);
        let follows = |row: &str| {
            let next = |(x, y): (char, char)| (x, y) == (a, b) || (y, x) == (a, b);
            row.chars().zip(row.chars().skip(1)).any(next)
        };
        a == b || ROWS.iter().any(|row| follows(row))
    };
    text.windows(2).filter(|pair| !goes_on(pair)).count()
}

/// What is left without digits and marks at both ends and without marks within, with the usual replacements undone.
fn word_of(text: &[char]) -> String {
    let is_letter = |c: &char| c.is_alphabetic() || "@$".contains(*c);
    let first = text.iter().position(is_letter).unwrap_or(text.len());
    let last = text.iter().rposition(is_letter).map_or(first, |last| last + 1);
    let plain = |c: &char| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        other => *other,
    };
    text[first..last].iter().map(plain).filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a text is a word, once or again and again.
fn is_repeated(text: &str, word: &str) -> bool {
    !word.is_empty() && text.replace(word, "").is_empty()
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
            "aaaaaaaaaa",
            "ababababab",
            "abcdefghij",
            "qwertyuiop",
            "1qaz2wsx3edc",
            "1q2w3e4r5t6y",
            "password12",
            "Password123",
            "P@ssw0rd12",
            "passwordpassword",
            "woaini1314",
            "5201314520",
            "wanglihong",
            "WangLihong1",
            "gnohilgnaw",
            "wanglihong2021!",
            "iloveyou12",
            "asdfghjkl1",
            "1111122222",
            "20211122",
            "2021-11-22",
            "13812345678",
            "short",
            "doseplan2021",
            "admin12345",
            "!!!letmein!!!",
        ] {
            assert!(check("wanglihong", weak).is_err(), "{weak}");
        }
        let blanks = "\u{3000}".repeat(10);
        assert!(check("wanglihong", &blanks).is_err());
        assert!(check("li.hua", "li.hua.2021").is_err());
        assert!(check("zhao", &"x1y2".repeat(60)).is_err(), "hashing more helps nobody");
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
            "password-admin-1",
        ] {
            assert!(check("admin", good).is_ok(), "{good}");
        }
    }
}
