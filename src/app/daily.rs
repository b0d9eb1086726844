//! Daily mails by hand: what a digest or summary would be now, sent now, sent as a copy. The command line and the page
//! ask here.

use super::notices::{Post, on_days};
use super::{App, AppError, Loaded, Result, today};
use crate::domain::audit::Action;
use crate::domain::campaign::Language;
use crate::domain::permission::{self, Actor, Power};
use crate::mail::message::Party;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// What stands for the coordinator's mail where a site's or team's code may stand.
pub const SUMMARY: &str = "summary";

/// What came of sending the digests of an evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentDigests {
    /// Mails that were queued.
    pub new: usize,
    /// Leads without an address.
    pub silent: usize,
    /// Groups whose card of these campaigns was queued before, and who get none again.
    pub groups_told: usize,
}

/// The day that a daily mail is about where nobody names one: a summary reports yesterday, a digest ends today.
pub fn daily_day(post: &str, today: NaiveDate) -> NaiveDate {
    if post == SUMMARY { today - TimeDelta::days(1) } else { today }
}

/// Of these campaigns those that a daily mail speaks of: a digest is about today, as far as it asks for reports, and
/// tomorrow.
pub fn daily_campaigns(meant: &[Loaded], (post, day): (&str, NaiveDate)) -> Vec<Loaded> {
    let last = if post == SUMMARY { day } else { day + TimeDelta::days(1) };
    on_days(meant, (day, last))
}

/// Refuses a mail about a day that is not over: what is queued for a day stays, and would be in the way of the true
/// one.
fn is_due((post, day): (&str, NaiveDate), today: NaiveDate) -> Result<()> {
    if day > daily_day(post, today) {
        return Err(AppError::refused("refused-daily-early", &[("day", &day)]));
    }
    Ok(())
}

impl App {
    /// A daily mail as it would be now, in its reader's language or another one; `None` where no site or team has this
    /// code. Nothing is queued.
    pub async fn daily_post(
        &self,
        meant: &[Loaded],
        (post, day): (&str, NaiveDate),
        language: Option<Language>,
    ) -> Result<Option<Post>> {
        let all = daily_campaigns(meant, (post, day));
        if post == SUMMARY {
            let mut summaries = self.summaries(&all, day, None).await?;
            for one in &mut summaries {
                one.language = language.unwrap_or(one.language);
            }
            return Ok(Some(self.summary_post(&all, &summaries)));
        }
        let found = self.digests(&all, day, Some(post), None).await?;
        let Some(digest) = found.into_iter().next() else { return Ok(None) };
        let sessions = self.sessions_of(&all).await?;
        Ok(Some(self.digest_post(&all, &sessions, &digest.in_language(language))?))
    }

    /// Queues a daily mail now. `of`: whose it is, and its day. Returns its number; `None` where it was queued before,
    /// and stays as it is.
    pub async fn send_daily(
        &self,
        loaded: &Loaded,
        (of, post): ((&str, NaiveDate), &Post),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        permission::may(by, Power::Operation)?;
        is_due(of, today(&loaded.campaign, now))?;
        let message = self.message(loaded, post, now)?;
        let mut act = self.act((by, Power::Operation), Action::Mail, now).await?;
        let Some(id) = self.queue(act.tx(), loaded, message, now).await? else { return Ok(None) };
        let said = format!("{} sent by hand as mail {id}", post.key);
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(Some(id))
    }

    /// Queues a copy of a daily mail for another reader, marked as a copy. Returns its number; `None` where it was
    /// asked for under this name before, and stays as it is.
    pub async fn send_daily_copy(
        &self,
        loaded: &Loaded,
        (post, to, once): (Post, &Party, &str),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        permission::may(by, Power::Operation)?;
        let key = post.key.clone();
        let message = self.copied(loaded, post, (to, once), now)?;
        let mut act = self.act((by, Power::Operation), Action::Mail, now).await?;
        let Some(id) = self.queue(act.tx(), loaded, message, now).await? else { return Ok(None) };
        let said = format!("a copy of {key} as mail {id}");
        act.commit(Some(loaded.campaign.id.as_str()), &said).await?;
        Ok(Some(id))
    }

    /// Queues the digests of an evening for every lead who has something to do. `readers` is how many readers somebody
    /// was told of: refused where there are others now, or none.
    pub async fn send_digests(
        &self,
        meant: &[Loaded],
        (day, readers): (NaiveDate, usize),
        by: Actor<'_>,
        now: DateTime<Utc>,
    ) -> Result<SentDigests> {
        permission::may(by, Power::Operation)?;
        if let Some(first) = meant.first() {
            is_due(("", day), today(&first.campaign, now))?;
        }
        let all = daily_campaigns(meant, ("", day));
        let there_are = self.digest_readers(&all, day).await?;
        if readers != there_are || readers == 0 {
            return Err(AppError::refused("refused-readers", &[("readers", &there_are)]));
        }
        let groups_told = self.groups_told(&all, day + TimeDelta::days(1)).await?;
        let (new, silent) = self.queue_digests(&all, day, None, now).await?;
        let said = format!("digests of {day} for {readers} readers, {new} new");
        let of = all.first().map(|loaded| loaded.campaign.id.as_str());
        self.note_audit(&by.name(&self.user), Action::Mail, (of, &said), now).await?;
        Ok(SentDigests { new, silent: silent.len(), groups_told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    #[test]
    fn a_summary_reports_yesterday_and_a_digest_ends_today() {
        let today = day(2);
        assert_eq!(daily_day(SUMMARY, today), day(1));
        assert_eq!(daily_day("S01", today), today);
    }
}
