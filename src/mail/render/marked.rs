//! Marks a letter as a copy when it goes to somebody other than its reader.

use super::words::Words;
use crate::domain::campaign::Language;
use crate::mail::{Letter, safe};
use askama::Template;

#[derive(Template)]
#[template(path = "parts/mark.html")]
struct Mark<'a> {
    said: &'a str,
}

/// The letter, marked as a copy of one to `reader`. The mark is at the end of the subject, so that its figures stay in
/// sight.
pub(super) fn marked(letter: Letter, language: Language, reader: &str) -> Letter {
    let words = Words(language);
    let said = words.say("mail-copy", &[("reader", &safe::name(reader))]);
    let mark = Mark { said: &said }.render().expect("templates fail only where a value does");
    Letter {
        subject: words.in_brackets(&letter.subject, &words.word("mail-copy-mark")),
        text: format!("{said}\n\n{}", letter.text),
        // Every letter has one heading. Names are escaped, so no other text holds this tag.
        html: letter.html.replacen("<h1 ", &format!("{mark}<h1 "), 1),
        picture: letter.picture,
    }
}
