//! Mail: values of `domain::notice` become letters, letters become RFC 5322 bytes, bytes go out.
//!
//! - [`render`]: pure; a digest, a summary or a reminder becomes a [`Letter`] in its reader's
//!   language.
//! - [`message`]: pure; a letter and an envelope become bytes, the same for the same input.
//! - [`transport`]: the bytes go to a folder, a mail server or, in tests, a list.
//! - [`link`]: pure; the signed envelope sender and token by which an answer finds its mail.
//! - [`mailbox`] and [`bounce`]: messages in files, and what those say that came back.
//!
//! A **letter** is what a person reads; a **message** is the bytes that every attempt sends
//! unchanged;
//! an **outcome** is what an attempt came to.

pub mod bounce;
pub mod calendar;
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

/// What a person reads: subject, plain text and HTML with the same content.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// The plain text, lines ended by `\n`.
    pub text: String,
    /// The HTML page.
    pub html: String,
    /// The picture in it.
    pub picture: Option<Picture>,
}

/// A picture that stands in a page.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// How the page names it, `left@right`.
    pub cid: String,
    /// Its file name.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    /// The picture.
    pub png: Vec<u8>,
    /// Width and height on the page.
    pub size: (u32, u32),
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("png_bytes", &self.png.len()).finish_non_exhaustive()
    }
}

impl Letter {
    /// The page by itself, as a browser shows it: with the picture inside.
    pub fn page(&self) -> String {
        let Some(picture) = &self.picture else { return self.html.clone() };
        let data = base64::engine::general_purpose::STANDARD.encode(&picture.png);
        let inside = format!("data:image/png;base64,{data}");
        self.html.replace(&format!("cid:{}", picture.cid), &inside)
    }
}

impl std::fmt::Debug for Letter {
    /// Sizes only: letters hold names and phones.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter")
            .field("text_bytes", &self.text.len())
            .field("html_bytes", &self.html.len())
            .finish_non_exhaustive()
    }
}
