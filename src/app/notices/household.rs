//! Who reads the mails of a household: whoever of it has an address.

use super::ways::home_of;
use crate::app::assigning::Standing;
use crate::domain::campaign::Language;
use crate::domain::person::OutcomeKind;
use crate::mail::message::canonical;
use std::collections::{BTreeMap, BTreeSet};

/// The reader of a household's mails: its first person with an address who did not opt out or unsubscribe.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) language: Option<Language>,
    /// Whether mails to the address arrive, as far as is known.
    pub(super) is_reached: bool,
}

impl Reader {
    /// Somebody to whom no mail goes.
    pub(super) fn unmailed(standing: &Standing) -> Self {
        Self {
            name: standing.person.name.clone().unwrap_or_default(),
            email: String::new(),
            language: standing.person.language,
            is_reached: false,
        }
    }
}

/// The reader of each household, by [`home_of`].
pub(super) struct Readers<'a> {
    unsubscribed: &'a BTreeSet<String>,
    suppressed: &'a BTreeSet<String>,
    found: BTreeMap<String, Reader>,
}

impl<'a> Readers<'a> {
    /// Nobody yet. Addresses that unsubscribed are nobody's; those to which mails came back are used only where the
    /// household has no other.
    pub(super) fn without(
        unsubscribed: &'a BTreeSet<String>,
        suppressed: &'a BTreeSet<String>,
    ) -> Self {
        Self { unsubscribed, suppressed, found: BTreeMap::new() }
    }

    /// Takes somebody of a household.
    pub(super) fn take(&mut self, standing: &Standing) {
        let Some(reader) = self.read(standing) else { return };
        let home = home_of(&standing.person);
        let known = self.found.entry(home).or_insert_with(|| reader.clone());
        if !known.is_reached && reader.is_reached {
            *known = reader;
        }
    }

    /// The reader of a household.
    pub(super) fn of(&self, home: &str) -> Option<&Reader> {
        self.found.get(home)
    }

    /// Whether a household has a reader whom mails reach.
    pub(super) fn has(&self, home: &str) -> bool {
        self.of(home).is_some_and(|reader| reader.is_reached)
    }

    fn read(&self, standing: &Standing) -> Option<Reader> {
        let person = &standing.person;
        let gone = matches!(standing.barred, Some(OutcomeKind::Dead | OutcomeKind::Moved));
        if person.opt_out || gone {
            return None;
        }
        let email = person.email.clone()?;
        let is_in = |some: &BTreeSet<String>| !some.is_empty() && some.contains(&canonical(&email));
        if is_in(self.unsubscribed) {
            return None;
        }
        Some(Reader {
            name: person.name.clone().unwrap_or_default(),
            language: person.language,
            is_reached: !is_in(self.suppressed),
            email,
        })
    }
}
