//! What is stored of a message for a service: the parts, from which each attempt makes the request anew, because
//! signatures hold for minutes only.

use crate::domain::gateway::Card;
use serde::{Deserialize, Serialize};

/// A message for a service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// A text to a person.
    Text(Text),
    /// A card for a group, already within the service's limit.
    Card {
        /// The card's title, where a service wants one.
        title: String,
        /// Its text in Markdown.
        text: String,
    },
}

/// A text to a person: an approved template and its variables.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The kind of message.
    pub kind: String,
    /// The language's tag.
    pub language: String,
    /// Number of the template at the vendor; empty where none is needed.
    pub template: String,
    /// Names and values of the variables, in the order of the template.
    pub values: Vec<(String, String)>,
    /// The text that the reader sees, signature included.
    pub text: String,
}

impl Content {
    /// A card as it is stored.
    pub fn card(card: &Card, text: String) -> Self {
        Self::Card { title: card.title.clone(), text }
    }

    /// The bytes that are stored.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are plain data")
    }

    /// Reads stored bytes; `None` if they are damaged, or a mail.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// What the reader sees.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) => &text.text,
            Self::Card { text, .. } => text,
        }
    }
}
