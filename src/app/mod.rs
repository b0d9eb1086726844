//! One function for each thing that a user can ask for: load, decide, save.

pub mod accounts;
mod acts;
pub mod assigning;
pub mod bounces;
pub mod campaigns;
pub mod catch_up;
pub mod copies;
pub mod coverage;
pub mod dashboard;
pub mod due;
pub mod feeds;
pub mod figures;
pub mod health;
pub mod import;
pub mod installation;
pub mod national;
pub mod notices;
pub mod outbox;
mod passwords;
pub mod plans;
pub mod recount;
mod refused;
pub mod reports;
pub mod run_words;
pub mod sessions;
pub mod sign_in;
pub mod status;
pub mod unsubscribing;
pub mod uploads;
pub mod verdict_words;

use crate::config::Config;
use crate::domain::calendar::Sessions;
use crate::domain::campaign::{Campaign, Language};
use crate::domain::judge::Judge;
use crate::domain::permission::Denied;
use crate::mail::transport::Transport;
use crate::store::db::Claim;
use crate::store::{CampaignNo, Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// What the doors work with: a database and its configuration.
#[derive(Debug, Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// The configuration.
    pub config: Config,
    /// Another way for mail than the configured one: a test's.
    pub transport: Option<Transport>,
    /// The operating system's user whose process this is, for the audit log.
    user: Arc<str>,
    /// The network address of whoever asks; `None` at the command line and in jobs.
    address: Option<IpAddr>,
    /// Versions of campaigns that were read: they never change, and the daemon looks at them every few seconds.
    read: Arc<Mutex<Versions>>,
    /// The sessions of the plans that were read.
    calendars: Arc<Mutex<BTreeMap<CampaignNo, Arc<Sessions>>>>,
}

type Versions = BTreeMap<(CampaignNo, i64), (Arc<Campaign>, Arc<Judge>)>;

/// Versions of campaigns that are kept in memory.
const READ_MAX: usize = 8;

/// A campaign that is in the database.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its row.
    pub no: CampaignNo,
    /// Its version, from 1.
    pub version: i64,
    /// What it says.
    pub campaign: Arc<Campaign>,
    /// Its dose rules at work.
    pub judge: Arc<Judge>,
}

impl Loaded {
    /// What doses are judged by.
    pub fn rules(&self) -> (&Campaign, &Judge) {
        (&self.campaign, &self.judge)
    }
}

pub use refused::Refused;

/// Why something that was asked for could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// No campaign at all.
    #[error("there is no campaign yet; `doseplan campaign apply FOLDER` stores one")]
    NoCampaign,
    /// More than one campaign, and none named.
    #[error("there are several campaigns ({0}); name one with --campaign ID")]
    WhichCampaign(String),
    /// A campaign that does not exist.
    #[error("there is no campaign {wanted:?}; known: {known}")]
    UnknownCampaign {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Somebody who may not.
    #[error("{}", Refused::from(.0))]
    Denied(Denied),
    /// Somebody whose requests wait already.
    #[error("too many of your requests are waiting; ask again when they are answered")]
    TooMany,
    /// Another process has what is needed.
    #[error("{0}")]
    Busy(String),
    /// A configuration that cannot be followed; the text says what to write.
    #[error("{0}")]
    Configuration(String),
    /// A backup that cannot be used; take another one.
    #[error("{0}; take another backup")]
    Unsound(String),
    /// A file that cannot be read or written.
    #[error("{path}: {1}", path = .0.display())]
    File(std::path::PathBuf, std::io::Error),
    /// Something else that was asked for and cannot be; the text says what to do.
    #[error("{0}")]
    Refused(Refused),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::File(path, error) => Self::File(path, error),
            other => Self::Store(other),
        }
    }
}

impl From<Denied> for AppError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl AppError {
    /// A refusal, as a message of the catalogue.
    pub fn refused(
        key: &'static str,
        arguments: &[(&'static str, &dyn std::fmt::Display)],
    ) -> Self {
        Self::Refused(Refused::new(key, arguments))
    }

    /// What it says in a language; faults of the machine are told in English.
    pub fn words(&self, language: Language) -> String {
        let say = |key: &str, arguments: &[(&str, &dyn std::fmt::Display)]| {
            crate::text::say(language, key, arguments)
        };
        match self {
            Self::NoCampaign => say("refused-no-campaign", &[]),
            Self::WhichCampaign(known) => say("refused-which-campaign", &[("known", known)]),
            Self::UnknownCampaign { wanted, known } => {
                say("refused-unknown-campaign", &[("wanted", wanted), ("known", known)])
            }
            Self::TooMany => say("refused-too-many", &[]),
            Self::Denied(denied) => Refused::from(denied).words(language),
            Self::Refused(refused) => refused.words(language),
            other => other.to_string(),
        }
    }
}

/// The result of an app call.
pub type Result<T> = std::result::Result<T, AppError>;

impl App {
    /// The app on a database.
    pub fn new(store: Store, config: Config) -> Self {
        Self {
            store,
            config,
            transport: None,
            user: crate::machine::user().into(),
            address: None,
            read: Arc::default(),
            calendars: Arc::default(),
        }
    }

    /// The same app, where all that is written is written under a claim.
    #[must_use]
    pub fn under(&self, claim: Claim) -> Self {
        Self { store: self.store.under(claim), ..self.clone() }
    }

    /// The campaign that is meant: the one named, or the only one.
    pub async fn campaign(&self, wanted: Option<&str>) -> Result<Loaded> {
        let mut tx = self.store.read().await?;
        let all = crate::store::campaigns::all(&mut tx).await?;
        let known = || {
            let ids: Vec<_> = all.iter().map(|(_, id)| id.as_str()).collect();
            if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
        };
        let no = match wanted {
            Some(wanted) => {
                all.iter().find(|(_, id)| id.as_str() == wanted).map(|(no, _)| *no).ok_or_else(
                    || AppError::UnknownCampaign { wanted: wanted.into(), known: known() },
                )?
            }
            None => match all.as_slice() {
                [] => return Err(AppError::NoCampaign),
                [(no, _)] => *no,
                _ => return Err(AppError::WhichCampaign(known())),
            },
        };
        self.load(&mut tx, no, i64::MAX).await
    }

    /// Every campaign, by id.
    pub async fn campaigns(&self) -> Result<Vec<Loaded>> {
        let mut tx = self.store.read().await?;
        let mut out = Vec::new();
        for (no, _) in crate::store::campaigns::all(&mut tx).await? {
            out.push(self.load(&mut tx, no, i64::MAX).await?);
        }
        Ok(out)
    }

    /// A campaign as it was known before an instant (milliseconds since 1970).
    pub async fn load(
        &self,
        tx: &mut crate::store::Tx,
        no: CampaignNo,
        before: i64,
    ) -> Result<Loaded> {
        let version = crate::store::campaigns::number_known(tx, no, before).await?;
        let kept = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept().get(&(no, version)).cloned();
        if let Some((campaign, judge)) = found {
            return Ok(Loaded { no, version, campaign, judge });
        }
        let found = crate::store::campaigns::known(tx, no, before).await?;
        let campaign = Arc::new(found.ok_or(AppError::NoCampaign)?.campaign);
        let judge = crate::intake::rules::judge_of(&campaign).map_err(|issues| {
            let said: Vec<String> =
                issues.iter().map(|issue| issue.line(campaign.language)).collect();
            let said = said.join("; ");
            AppError::refused("refused-rules", &[("campaign", &campaign.id), ("said", &said)])
        })?;
        let judge = Arc::new(judge);
        let mut kept = kept();
        if kept.len() >= READ_MAX {
            kept.clear();
        }
        kept.insert((no, version), (Arc::clone(&campaign), Arc::clone(&judge)));
        Ok(Loaded { no, version, campaign, judge })
    }
}

/// An instant as the store has it.
pub fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// The day that a campaign is in.
pub fn today(campaign: &Campaign, now: DateTime<Utc>) -> NaiveDate {
    crate::domain::date::day_of(campaign.timezone, now)
}
