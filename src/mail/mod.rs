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
pub mod link;
pub mod mailbox;
pub mod mask;
pub mod message;
pub(crate) mod mime;
pub mod picture;
pub mod render;
pub mod safe;
pub mod transport;

/// What a person reads: subject, plain text and HTML with the same content.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// The plain text, lines ended by `\n`.
    pub text: String,
    /// The HTML page.
    pub html: String,
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
