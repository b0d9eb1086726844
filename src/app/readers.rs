//! Who gets no mail or text, and changing it by hand: addresses that were mended, readers who want no more reminders or
//! want them again, numbers that are shut. Each change is stored together with its line of the audit log, which names
//! no address; the installation's own events do.

use super::bounces::forget_in;
use super::unsubscribing::{again_in, note};
use super::{App, AppError, Result, passing};
use crate::domain::audit::Action;
use crate::domain::permission::{Actor, Power};
use crate::domain::phone::PhoneNumber;
use crate::mail::message::routable;
use crate::store::receipts;
use chrono::{DateTime, Utc};

/// Something that is done about a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderChange {
    /// An address that mails came back from was mended: address and reason.
    Mended(String, String),
    /// A reader wants no more reminders: address, and how they said so.
    Leaves(String, String),
    /// A reader asked for reminders again.
    Returns(String),
    /// Texts go to a number again.
    Opens(String),
    /// No more texts go to a number: number and reason.
    Shuts(String, String),
}

impl App {
    /// Does something about a reader. `false`: it was so already, and nothing changed.
    pub async fn change_reader(
        &self,
        change: &ReaderChange,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let did = match change {
            ReaderChange::Mended(..) => Action::Bounce,
            _ => Action::Unsubscribe,
        };
        let mut act = self.act((by, Power::Operation), did, now).await?;
        let tx = act.tx();
        let (done, said) = match change {
            ReaderChange::Mended(address, why) => {
                let queued = forget_in(tx, address, why, now).await?;
                let said = format!("bounce forget, {} mails queued", queued.unwrap_or(0));
                (queued.is_some(), said)
            }
            ReaderChange::Leaves(address, how) => {
                routable(address)
                    .map_err(|error| AppError::refused("refused-address", &[("said", &error)]))?;
                let done = note(tx, address, how, now).await?;
                (done == super::unsubscribing::Done::Done, "unsubscribe".to_owned())
            }
            ReaderChange::Returns(address) => {
                (again_in(tx, address, now).await?, "unsubscribe --undo".to_owned())
            }
            ReaderChange::Opens(text) => {
                let done = receipts::forget_phone(tx, number(text)?.digits()).await?;
                (done, "channels numbers --open".to_owned())
            }
            ReaderChange::Shuts(text, why) => {
                passing::close(tx, number(text)?.digits(), why, now).await?;
                (true, "channels numbers --close".to_owned())
            }
        };
        if done || matches!(change, ReaderChange::Leaves(..)) {
            act.commit(None, &said).await?;
        }
        Ok(done)
    }
}

fn number(text: &str) -> Result<PhoneNumber> {
    PhoneNumber::parse(text)
        .map_err(|error| AppError::refused("refused-number", &[("said", &error)]))
}
