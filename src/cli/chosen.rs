//! Which campaigns a command is about.

use super::Invocation;
use crate::app::{App, Loaded};
use chrono::NaiveDate;

impl Invocation {
    /// The app and the campaign named by `named`, or else by `--campaign`.
    pub(super) async fn loaded(&self, named: Option<&str>) -> anyhow::Result<(App, Loaded)> {
        let app = self.open(false).await?;
        let loaded = app.campaign(named.or(self.common.campaign.as_deref())).await?;
        Ok((app, loaded))
    }

    /// The app and the campaigns that a report or a job is about: the one named, or all open ones.
    pub(super) async fn meant(&self, named: Option<&str>) -> anyhow::Result<(App, Vec<Loaded>)> {
        let app = self.open(false).await?;
        let meant = app.meant(named.or(self.common.campaign.as_deref())).await?;
        Ok((app, meant))
    }

    /// Today, in the campaign's time zone.
    pub(super) fn today(&self, loaded: &Loaded) -> NaiveDate {
        crate::app::today(&loaded.campaign, self.clock.now())
    }
}
