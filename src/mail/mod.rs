//! Mail: values of `domain::notice` become letters, letters become RFC 5322 bytes, and the bytes are sent.
//!
//! - [`render`]: pure; turns a digest, summary or reminder into a [`Letter`] in the reader's language.
//! - [`message`]: pure; turns a letter and an envelope into bytes, always the same for the same input.
//! - [`transport`]: sends the bytes to a folder, a mail server or, in tests, a script.
//! - [`link`]: pure; the signed envelope sender and token by which an answer is matched to its mail.
//! - [`mailbox`] and [`bounce`]: read messages from files, and what returned ones say.
//!
//! A **letter** is what a person reads. A **message** is the bytes that every attempt sends unchanged. An
//! **outcome** is the result of an attempt.

pub mod bounce;
pub mod calendar;
pub mod duty_calendar;
pub mod link;
pub mod mailbox;
pub mod mask;
pub mod message;
pub(crate) mod mime;
pub mod picture;
pub mod render;
pub mod safe;
pub mod stored;
pub mod transport;

use base64::Engine as _;

/// What a person reads: a subject, and the same content as plain text and as HTML.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The subject, on one line.
    pub subject: String,
    /// The plain text; lines end with `\n`.
    pub text: String,
    /// The HTML page.
    pub html: String,
    /// The picture of the page.
    pub picture: Option<Picture>,
}

/// A picture in an HTML page.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The name that the page uses for it, `left@right`.
    pub cid: String,
    /// Its file name.
    pub name: String,
    /// What it shows, for readers who cannot see it.
    pub alt: String,
    /// The bytes of the picture.
    pub png: Vec<u8>,
    /// Width and height on the page, in pixels.
    pub size: (u32, u32),
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("png_bytes", &self.png.len()).finish_non_exhaustive()
    }
}

impl Letter {
    /// The page on its own, for a browser: the picture is inside.
    pub fn page(&self) -> String {
        let Some(picture) = &self.picture else { return self.html.clone() };
        let data = base64::engine::general_purpose::STANDARD.encode(&picture.png);
        let inside = format!("data:image/png;base64,{data}");
        self.html.replace(&format!("cid:{}", picture.cid), &inside)
    }
}

impl std::fmt::Debug for Letter {
    /// Only sizes, because letters hold names and phone numbers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter")
            .field("text_bytes", &self.text.len())
            .field("html_bytes", &self.html.len())
            .finish_non_exhaustive()
    }
}
