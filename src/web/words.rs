//! The catalogue, as pages use it.

use crate::domain::campaign::Language;
use crate::domain::count::Percent;
use crate::text;
pub(super) use crate::text::encoded;
use std::fmt::Display;

/// The catalogue in one language, for templates.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct T(pub(super) Language);

impl T {
    /// The message `key` without arguments.
    pub(super) fn w(self, key: &str) -> String {
        text::word(self.0, key)
    }

    /// The message `key` with arguments.
    pub(super) fn say(self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        text::say(self.0, key, arguments)
    }

    /// The language's tag, such as `zh-CN`.
    pub(super) fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// A percentage such as `78.0%`; a dash for `None`.
    pub(super) fn percent(self, share: Option<Percent>) -> String {
        share.map_or_else(
            || self.w("mail-no-figure"),
            |share| self.say("mail-percent", &[("number", &share)]),
        )
    }

    /// The name of a dose: `第1剂`, `Dose 1`.
    pub(super) fn dose(self, dose: u8) -> String {
        self.say("mail-dose-short", &[("dose", &dose)])
    }
}
