//! One function for each thing that a user can ask for: load, decide, save.

pub mod accounts;
mod acts;
pub mod assigning;
pub mod audit_words;
pub mod backups;
pub mod booking;
pub mod bounces;
pub mod breaking;
pub mod broken_words;
pub mod call_line;
pub mod calls;
pub mod campaigns;
pub mod catch_up;
pub mod channels;
pub mod checks;
pub mod cockpit;
pub mod codes;
pub mod copies;
pub mod coverage;
pub mod daily;
pub mod dashboard;
pub mod due;
pub mod erasing;
mod erasing_parted;
pub mod fault_words;
pub mod feeds;
pub mod figures;
pub mod findings;
pub mod health;
mod home_days;
pub mod home_others;
pub mod home_plans;
pub mod homes;
pub mod import;
pub mod inbox;
pub mod installation;
mod joint_plans;
pub mod jurisdiction;
pub mod jurisdictions;
mod kept_counts;
pub mod left_calls;
mod loaded;
pub mod locking;
pub mod logins;
pub mod lots;
pub mod mending;
pub mod mergers;
pub mod national;
mod neighbours;
pub mod notices;
pub mod odds;
pub mod oidc;
pub mod operating;
pub mod outbox;
pub mod outlines;
pub mod overbooking;
pub mod passage_words;
mod passing;
mod passwords;
pub mod people;
pub mod person_page;
pub mod place_edit;
pub mod places;
mod plan_basis;
pub mod planned;
pub mod plans;
pub mod problems;
pub mod readers;
pub mod record_history;
pub mod recount;
mod refused;
pub mod reports;
pub mod rosters;
pub mod run_words;
pub mod school_mails;
pub mod schools;
mod seats;
pub mod second_factor;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod staffing;
pub mod status;
pub mod supply_edit;
pub mod supposing;
pub mod together;
pub mod unsubscribing;
pub mod uploads;
pub mod verdict_words;
pub mod visits;

use crate::config::Config;
use crate::domain::calendar::Sessions;
use crate::domain::campaign::{Campaign, Language};
use crate::domain::judge::{Among, Judge};
use crate::domain::jurisdiction::StoredJurisdiction;
use crate::domain::permission::Denied;
use crate::mail::transport::Transport;
use crate::store::campaigns::{self as stored, Head};
use crate::store::db::Claim;
use crate::store::{CampaignNo, Store, StoreError, Tx, jurisdictions as stored_places};
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
    /// The version of the jurisdiction that was read last.
    places: Arc<Mutex<Option<Places>>>,
    /// The sessions of the plans that were read.
    calendars: Arc<Mutex<BTreeMap<CampaignNo, Arc<Sessions>>>>,
    /// What counts, day by day.
    counts: Arc<kept_counts::KeptCounts>,
    /// Whose number is whose, as it was found on a day: texts ask it with each change, and reading it takes long.
    census: Arc<Mutex<Option<DayCensus>>>,
    /// What the plans in force offer to those who book, and what of it is taken.
    seats: seats::SeatsCache,
    /// Where those who book are served.
    desk: booking::Desk,
    /// What the sign-in service says of itself, as it was read last.
    oidc: oidc::Shared,
    /// The day on which it was last seen to what is kept no longer.
    retained: Arc<Mutex<Option<NaiveDate>>>,
}

/// Versions of campaigns that were read, each as it stands alone and among the others.
#[derive(Debug, Default)]
struct Versions {
    read: BTreeMap<Version, (Arc<Campaign>, Arc<Judge>)>,
    /// With the versions of all campaigns among which it was made.
    among: BTreeMap<Version, (Vec<Version>, Arc<Judge>)>,
    /// When each campaign was first stored.
    created: BTreeMap<CampaignNo, i64>,
}

/// Whose number is whose on a day.
type DayCensus = (NaiveDate, Arc<notices::Census>);

/// A version of the jurisdiction with its number.
type Places = (i64, Arc<StoredJurisdiction>);

/// A campaign and the numbers of its version and the jurisdiction's.
type Version = (CampaignNo, i64, i64);

/// Versions of campaigns that are kept in memory: more than a prefecture has campaigns at a time.
const READ_MAX: usize = 128;

pub use loaded::Loaded;
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
    /// More than one open campaign, and none named.
    #[error("there are several campaigns ({0}); name one with --campaign ID")]
    WhichCampaign(String),
    /// All of several campaigns are closed, and none was named.
    #[error("all campaigns are closed ({0}); reopen one, or name one with --campaign ID")]
    AllClosed(String),
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
    /// Files that cannot be taken, with all that is wrong with them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Files(Vec<crate::intake::Issue>),
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
            Self::AllClosed(known) => say("refused-all-closed", &[("known", known)]),
            Self::UnknownCampaign { wanted, known } => {
                say("refused-unknown-campaign", &[("wanted", wanted), ("known", known)])
            }
            Self::TooMany => say("refused-too-many", &[]),
            Self::Denied(denied) => Refused::from(denied).words(language),
            Self::Refused(refused) => refused.words(language),
            Self::Files(issues) => {
                issues.iter().map(|issue| issue.line(language)).collect::<Vec<_>>().join("\n")
            }
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
            places: Arc::default(),
            calendars: Arc::default(),
            counts: Arc::default(),
            census: Arc::default(),
            seats: Arc::default(),
            desk: booking::Desk::default(),
            oidc: oidc::Shared::default(),
            retained: Arc::default(),
        }
    }

    /// The same app, where all that is written is written under a claim.
    #[must_use]
    pub fn under(&self, claim: Claim) -> Self {
        Self { store: self.store.under(claim), ..self.clone() }
    }

    /// The campaign that is meant: the one named, or the only open one.
    pub async fn campaign(&self, wanted: Option<&str>) -> Result<Loaded> {
        let mut tx = self.store.read().await?;
        let heads = stored::heads(&mut tx).await?;
        let no = one_of(&heads, wanted)?;
        self.load(&mut tx, no, i64::MAX).await
    }

    /// The campaigns that are meant: the one named, or all open ones; of a database whose campaigns are all over, all.
    pub async fn meant(&self, wanted: Option<&str>) -> Result<Vec<Loaded>> {
        if wanted.is_some() {
            return Ok(vec![self.campaign(wanted).await?]);
        }
        let all = self.campaigns().await?;
        let open: Vec<Loaded> = all.iter().filter(|loaded| loaded.is_open).cloned().collect();
        if all.is_empty() {
            return Err(AppError::NoCampaign);
        }
        Ok(if open.is_empty() { all } else { open })
    }

    /// Every campaign, by id.
    pub async fn campaigns(&self) -> Result<Vec<Loaded>> {
        let mut tx = self.store.read().await?;
        self.campaigns_in(&mut tx).await
    }

    /// Every campaign, by id, as a transaction sees them.
    pub async fn campaigns_in(&self, tx: &mut Tx) -> Result<Vec<Loaded>> {
        let mut out = Vec::new();
        for head in stored::heads(tx).await? {
            out.push(self.load(tx, head.no, i64::MAX).await?);
        }
        Ok(out)
    }

    /// A campaign as it was known before an instant (milliseconds since 1970).
    pub async fn load(&self, tx: &mut Tx, no: CampaignNo, before: i64) -> Result<Loaded> {
        let heads = stored::heads(tx).await?;
        self.forget_removed(&heads);
        let head = heads.iter().find(|head| head.no == no);
        let is_open = head.is_some_and(|head| head.closed_at.is_none());
        let (version, places) = match head {
            // Every page asks for what is known now: it is read with the heads.
            Some(head) if before == i64::MAX => (head.version, head.places),
            _ => (
                stored::number_known(tx, no, before).await?,
                stored_places::number_known(tx, before).await?,
            ),
        };
        let key = (no, version, places);
        let (campaign, alone) = self.alone(tx, key, before).await?;
        let judge = self.among(tx, key, &heads, alone).await?;
        Ok(Loaded { no, version, places, campaign, judge, is_open, tops: None })
    }

    /// Forgets what was read once the number of a campaign that was removed is another one's.
    fn forget_removed(&self, heads: &[Head]) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = |head: &Head| {
            read.created.get(&head.no).is_some_and(|created| *created != head.created_at)
        };
        if heads.iter().any(is_other) {
            *read = Versions::default();
            self.seats.lock().unwrap_or_else(PoisonError::into_inner).clear();
            self.counts.forget();
        }
        read.created.extend(heads.iter().map(|head| (head.no, head.created_at)));
    }

    /// A version of a campaign with its dose rules, as if there were no other campaign.
    async fn alone(
        &self,
        tx: &mut Tx,
        (no, version, places): Version,
        before: i64,
    ) -> Result<(Arc<Campaign>, Arc<Judge>)> {
        let kept = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept().read.get(&(no, version, places)).cloned();
        if let Some(found) = found {
            return Ok(found);
        }
        let found = stored::known(tx, no, before).await?;
        let own = found.ok_or(AppError::NoCampaign)?.own;
        let campaign = Arc::new(self.places(tx, places).await?.compose(&own));
        let judge = crate::intake::rules::judge_of(&campaign).map_err(|issues| {
            let said: Vec<String> =
                issues.iter().map(|issue| issue.line(campaign.language)).collect();
            let said = said.join("; ");
            AppError::refused("refused-rules", &[("campaign", &campaign.id), ("said", &said)])
        })?;
        let among = Among { own: Some(no), ..Among::default() };
        let judge = Arc::new(Judge { among, ..judge });
        let mut kept = kept();
        if kept.read.len() >= READ_MAX {
            let created = std::mem::take(&mut kept.created);
            *kept = Versions { created, ..Versions::default() };
        }
        kept.read.insert((no, version, places), (Arc::clone(&campaign), Arc::clone(&judge)));
        Ok((campaign, judge))
    }

    /// Dose rules that know what the other campaigns give.
    async fn among(
        &self,
        tx: &mut Tx,
        key: Version,
        heads: &[Head],
        alone: Arc<Judge>,
    ) -> Result<Arc<Judge>> {
        let others = heads.iter().filter(|head| head.no != key.0);
        let others: Vec<Version> =
            others.map(|head| (head.no, head.version, head.places)).collect();
        if others.is_empty() {
            return Ok(alone);
        }
        let kept = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept().among.get(&key).filter(|(among, _)| *among == others).cloned();
        if let Some((_, judge)) = found {
            return Ok(judge);
        }
        let mut among = alone.among.clone();
        for other in &others {
            let (_, judge) = self.alone(tx, *other, i64::MAX).await?;
            among.vaccines.extend(judge.own_code().map(|code| (other.0, code.into())));
        }
        let judge = Arc::new(Judge { among, ..(*alone).clone() });
        kept().among.insert(key, (others, Arc::clone(&judge)));
        Ok(judge)
    }
}

/// The campaign that is meant: the one named, or the only open one, or the only one.
fn one_of(heads: &[Head], wanted: Option<&str>) -> Result<CampaignNo> {
    let open: Vec<_> = heads.iter().filter(|head| head.closed_at.is_none()).collect();
    let known = |heads: &mut dyn Iterator<Item = &Head>| {
        let ids: Vec<_> = heads.map(|head| head.id.as_str()).collect();
        if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
    };
    if let Some(wanted) = wanted {
        let found = heads.iter().find(|head| head.id.as_str() == wanted);
        return found.map(|head| head.no).ok_or_else(|| AppError::UnknownCampaign {
            wanted: wanted.into(),
            known: known(&mut heads.iter()),
        });
    }
    match (heads, open.as_slice()) {
        ([], _) => Err(AppError::NoCampaign),
        ([only], _) => Ok(only.no),
        (_, [only]) => Ok(only.no),
        (all, []) => Err(AppError::AllClosed(known(&mut all.iter()))),
        (_, open) => Err(AppError::WhichCampaign(known(&mut open.iter().copied()))),
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

#[cfg(test)]
mod truth_tests;
