//! Campaigns: stored, compared, listed.

use super::breaking::{self, Broken};
use super::places::{Change, Composed, PlaceChange, owns, touched, unsettle};
use super::{App, AppError, Loaded, Refused, Result, millis};
use crate::domain::audit::Action;
use crate::domain::campaign::{Campaign, Language};
use crate::domain::difference::{RowChange, between};
use crate::domain::group::Group;
use crate::domain::id::CampaignId;
use crate::domain::jurisdiction::{Beyond, LocalCampaign, StoredJurisdiction, local_tables};
use crate::domain::names;
use crate::domain::permission::{Actor, Power};
use crate::store::audit::Act;
use crate::store::campaigns::{self, CampaignFacts, Version};
use crate::store::{CampaignNo, Tx, jurisdictions};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use std::collections::BTreeMap;

/// The longest campaign that intake takes, in days.
const CAMPAIGN_DAYS_MAX: i64 = 1100;

/// What applying a campaign changes.
#[derive(Debug)]
pub struct Applied {
    /// Whether the campaign was not known before.
    pub is_new: bool,
    /// What differs from the version before.
    pub changes: Vec<RowChange>,
    /// What it changes for other campaigns, because areas and places are everybody's.
    pub places: Vec<PlaceChange>,
    /// What it breaks in plans that are in force.
    pub broken: Vec<Broken>,
}

/// Characters of a campaign's id. Our choice.
const ID_CHARS_MAX: usize = 40;

impl Applied {
    /// Whether there is anything to store.
    pub fn is_change(&self) -> bool {
        self.is_new || !self.changes.is_empty() || !self.places.is_empty()
    }

    /// What the audit log says of it.
    pub(super) fn said(&self) -> String {
        format!("{} changes", self.changes.len())
    }
}

/// A campaign that is to be applied, compared with what is stored.
pub(super) struct Compared {
    own: LocalCampaign,
    applied: Applied,
    /// The jurisdiction after it; `None`: as it was.
    places: Option<StoredJurisdiction>,
    pub(super) composed: Vec<Composed>,
}

impl App {
    /// What applying a campaign's folder would change, and what that would break in plans that are in force. It is
    /// tried in a transaction that is taken back: nothing is stored.
    pub async fn compare_own(&self, own: &LocalCampaign, now: DateTime<Utc>) -> Result<Applied> {
        let mut act =
            self.act((Actor::CommandLine, Power::Plan), Action::CampaignApply, now).await?;
        self.apply_in(&mut act, own, now).await
    }

    /// Stores a campaign, or its new version; nothing where nothing changed.
    pub async fn apply(
        &self,
        campaign: &Campaign,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        self.apply_own(&LocalCampaign::whole(campaign), by, now).await
    }

    /// Stores what a campaign's folder says; nothing where nothing changed.
    pub async fn apply_own(
        &self,
        own: &LocalCampaign,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let mut act = self.act((by, Power::Plan), Action::CampaignApply, now).await?;
        let applied = self.apply_in(&mut act, own, now).await?;
        if applied.is_change() {
            act.commit(Some(own.campaign.id.as_str()), &applied.said()).await?;
        }
        Ok(applied)
    }

    /// Stores a campaign as part of a change that says so in the audit log.
    pub(super) async fn apply_in(
        &self,
        act: &mut Act,
        own: &LocalCampaign,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let at = millis(now);
        let before = self.before(act.tx()).await?;
        let found = compare(act.tx(), own).await?;
        if !found.applied.is_change() {
            return Ok(found.applied);
        }
        if let Some(places) = &found.places {
            jurisdictions::insert(act, places, at).await?;
        }
        let id = &own.campaign.id;
        let no = match campaigns::number(act.tx(), id).await? {
            Some(no) => no,
            None => campaigns::insert(act.tx(), id, at).await?,
        };
        campaigns::insert_version(act, no, &found.own, at).await?;
        unsettle(act.tx(), &found.composed).await?;
        if found.applied.is_new {
            // The register may have doses that a new campaign counts.
            campaigns::unsettle_one(act.tx(), no).await?;
        }
        self.count_again(act.tx()).await?;
        let broken = breaking::plans(
            act.tx(),
            &found.composed,
            &before,
            &super::staffing::LostStaff::new(),
            now,
        )
        .await?;
        Ok(Applied { broken, ..found.applied })
    }

    /// What the folder of a campaign's newest version says.
    pub async fn own(&self, loaded: &Loaded) -> Result<LocalCampaign> {
        let mut tx = self.store.read().await?;
        let found = campaigns::known(&mut tx, loaded.no, i64::MAX).await?;
        found.map(|version| version.own).ok_or(AppError::NoCampaign)
    }

    /// Closes a campaign: no jobs, nobody asks for it, its figures stay. `false`: it is closed.
    pub async fn close_campaign(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut act = self.act((by, Power::Plan), Action::CampaignClose, now).await?;
        if loaded.is_open {
            campaigns::close(&mut act, loaded.no, millis(now)).await?;
            act.commit(Some(loaded.campaign.id.as_str()), "").await?;
        }
        Ok(loaded.is_open)
    }

    /// Opens a closed campaign again. `false`: it is open.
    pub async fn reopen_campaign(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut act = self.act((by, Power::Plan), Action::CampaignReopen, now).await?;
        if !loaded.is_open {
            campaigns::reopen(&mut act, loaded.no).await?;
            act.commit(Some(loaded.campaign.id.as_str()), "").await?;
        }
        Ok(!loaded.is_open)
    }

    /// Removes a campaign without facts: no records, and nobody who has an appointment or was told of its days.
    pub async fn remove_campaign(
        &self,
        loaded: &Loaded,
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut act = self.act((by, Power::Plan), Action::CampaignRemove, now).await?;
        let facts = campaigns::facts(act.tx(), loaded.no).await?;
        if facts != CampaignFacts::default() {
            let said: [(&'static str, &dyn std::fmt::Display); 1] =
                [("campaign", &loaded.campaign.id)];
            let named = |language| fact_words(language, facts);
            return Err(AppError::Refused(
                Refused::new("refused-has-facts", &said).with("facts", named),
            ));
        }
        leave(&mut act, loaded.no, millis(now)).await?;
        campaigns::remove(&mut act, loaded.no).await?;
        campaigns::unsettle(act.tx()).await?;
        self.count_again(act.tx()).await?;
        Ok(act.commit(Some(loaded.campaign.id.as_str()), "").await?)
    }

    /// Makes a new campaign like another one, with other days: groups, denominators, places and dose rules, without
    /// deliveries, closures and records.
    pub async fn copy_campaign(
        &self,
        loaded: &Loaded,
        (id, start, end): (&CampaignId, NaiveDate, NaiveDate),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let said: [(&'static str, &dyn std::fmt::Display); 2] = [("start", &start), ("end", &end)];
        if end < start || (end - start).num_days() >= CAMPAIGN_DAYS_MAX {
            return Err(AppError::refused("refused-days", &said));
        }
        if !can_be_id(id.as_str()) {
            return Err(AppError::refused("refused-campaign-id", &[("campaign", id)]));
        }
        let all = self.campaigns().await?;
        if all.iter().any(|known| known.campaign.id == *id) {
            return Err(AppError::refused("refused-campaign-taken", &[("campaign", id)]));
        }
        let mut act = self.act((by, Power::Plan), Action::CampaignApply, now).await?;
        let found = campaigns::known(act.tx(), loaded.no, i64::MAX).await?;
        let own = found.ok_or(AppError::NoCampaign)?.own;
        let copy = like(&own, (id.clone(), start, end));
        let applied = self.apply_in(&mut act, &copy, now).await?;
        act.commit(Some(id.as_str()), &format!("like {}", loaded.campaign.id)).await?;
        Ok(applied)
    }

    /// Every version of a campaign, oldest first.
    pub async fn versions(&self, loaded: &Loaded) -> Result<Vec<Version>> {
        let mut tx = self.store.read().await?;
        Ok(campaigns::versions(&mut tx, loaded.no).await?)
    }

    /// The newest versions of a campaign, at most so many, oldest first.
    pub async fn newest_versions(&self, loaded: &Loaded, most: i64) -> Result<Vec<Version>> {
        let mut tx = self.store.read().await?;
        Ok(campaigns::newest_versions(&mut tx, loaded.no, most).await?)
    }
}

/// How many facts there are of each kind, in a language.
fn fact_words(language: Language, facts: CampaignFacts) -> String {
    let all = [
        ("fact-records", facts.records),
        ("fact-appointments", facts.appointments),
        ("fact-messages", facts.messages),
        ("fact-consents", facts.consents),
        ("fact-calls", facts.calls),
    ];
    let some = all.into_iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> =
        some.map(|(key, count)| crate::text::say(language, key, &[("count", &count)])).collect();
    words.join(&crate::text::word(language, "fact-separator"))
}

/// Takes a campaign that is removed out of the jurisdiction.
async fn leave(act: &mut Act, no: CampaignNo, now: i64) -> Result<()> {
    let old = jurisdictions::newest(act.tx()).await?;
    let all = owns(act.tx()).await?;
    let (gone, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.no == Some(no));
    let Some(gone) = gone.first() else { return Ok(()) };
    let mut new = old.clone();
    new.leave(&gone.own, &others.iter().map(|one| &one.own).collect::<Vec<_>>());
    if new == old {
        return Ok(());
    }
    let campaigns = others.iter().map(|one| (one.no, Some(&one.own), &one.own)).collect();
    let change = Change { old: &old, new: &new, campaigns };
    change.allowed(act.tx(), &change.composed()).await?;
    Ok(jurisdictions::insert(act, &new, now).await?)
}

/// Whether a text can be the id of a new campaign: it stands in addresses and names of files.
fn can_be_id(text: &str) -> bool {
    let is_good = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=ID_CHARS_MAX).contains(&text.chars().count())
        && text.chars().all(is_good)
        && text.chars().any(char::is_alphanumeric)
}

/// What a campaign's folder says, with other days, and their years in its name. What opens some days after the start
/// does so again.
fn like(
    own: &LocalCampaign,
    (id, start, end): (CampaignId, NaiveDate, NaiveDate),
) -> LocalCampaign {
    let moved = |day: NaiveDate| (start + (day - own.campaign.start)).min(end);
    let groups = own.campaign.groups.iter();
    let groups = groups.map(|group| Group { opens: group.opens.map(moved), ..group.clone() });
    let (first, last) = (own.campaign.start.year(), own.campaign.end.year());
    let campaign = Campaign {
        id,
        name: names::in_years(&own.campaign.name, first..=last, start.year() - first),
        start,
        end,
        groups: groups.collect(),
        closures: Vec::new(),
        deliveries: Vec::new(),
        ..own.campaign.clone()
    };
    let beyond = Beyond { recalled: BTreeMap::new(), ..own.beyond.clone() };
    LocalCampaign { campaign, beyond, closures: Vec::new(), sessions: Vec::new(), ..own.clone() }
}

/// Compares a campaign with the stored version, and the jurisdiction with what the campaign brings.
pub(super) async fn compare(tx: &mut Tx, said: &LocalCampaign) -> Result<Compared> {
    let old = jurisdictions::newest(tx).await?;
    let all = owns(tx).await?;
    let id = &said.campaign.id;
    let known = all.iter().find(|one| one.own.campaign.id == *id);
    let mut own = said.clone();
    if let Some(known) = known {
        own.remember_names(&known.own);
    }
    let others: Vec<&LocalCampaign> =
        all.iter().map(|one| &one.own).filter(|other| other.campaign.id != *id).collect();
    let mut new = old.clone();
    new.take(&own, known.map(|known| &known.own), &others, true);
    let changes = known.map(|known| between(&local_tables(&known.own), &local_tables(&own)));
    let (composed, places) = {
        let mut campaigns: Vec<_> = all
            .iter()
            .filter(|one| one.own.campaign.id != *id)
            .map(|one| (one.no, Some(&one.own), &one.own))
            .collect();
        campaigns.push((known.and_then(|known| known.no), known.map(|known| &known.own), &own));
        let change = Change { old: &old, new: &new, campaigns };
        let composed = change.composed();
        change.allowed(tx, &composed).await?;
        let places = touched(&composed, Some(id));
        (composed, places)
    };
    let (is_new, changes) = (known.is_none(), changes.unwrap_or_default());
    let applied = Applied { is_new, changes, places, broken: Vec::new() };
    let places = (new != old).then_some(new);
    Ok(Compared { own, applied, places, composed })
}
