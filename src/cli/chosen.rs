//! Which campaigns a command is about.

use super::Invocation;
use super::output::{Format, Sheet, harmless};
use crate::app::{App, AppError, Loaded};
use crate::domain::id::CampaignId;
use chrono::NaiveDate;
use serde::Serialize;

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

    /// The app and the campaigns that are planned: the one named or the only one that is open, or all open ones.
    pub(super) async fn planned(&self, named: Option<&str>) -> anyhow::Result<(App, Vec<Loaded>)> {
        let (app, mut meant) = self.meant(named).await?;
        if meant.len() > 1 {
            meant.retain(|loaded| loaded.is_open);
        }
        if meant.is_empty() {
            // All are closed: one must be named.
            meant.push(app.campaign(None).await?);
        }
        Ok((app, meant))
    }

    /// The app and a campaign for what is the same in all of them: the one named, or the first of those that are meant.
    pub(super) async fn any_of(&self) -> anyhow::Result<(App, Loaded)> {
        let (app, meant) = self.meant(None).await?;
        match meant.into_iter().next() {
            Some(first) => Ok((app, first)),
            None => Err(AppError::NoCampaign.into()),
        }
    }

    /// Today, in the campaign's time zone.
    pub(super) fn today(&self, loaded: &Loaded) -> NaiveDate {
        crate::app::today(&loaded.campaign, self.clock.now())
    }
}

/// The only campaign that is left of those that are meant; an error that names them where there are several.
pub(super) fn only_one(left: Vec<Loaded>) -> anyhow::Result<Loaded> {
    let ids: Vec<&str> = left.iter().map(|loaded| loaded.campaign.id.as_str()).collect();
    let known = ids.join(", ");
    let mut left = left.into_iter();
    match (left.next(), left.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(AppError::NoCampaign.into()),
        (Some(_), Some(_)) => Err(AppError::WhichCampaign(known).into()),
    }
}

/// The name of a campaign's folder: its id, as far as a name of a file may have it.
pub(super) fn folder_of(id: &CampaignId) -> String {
    let is_good = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let plain = |letter: char| if is_good(letter) { letter } else { '_' };
    let name: String = id.as_str().chars().map(plain).collect();
    if name.starts_with('.') { format!("_{name}") } else { name }
}

/// What a command lists, of one campaign or of several.
pub(super) struct Lines {
    several: bool,
    json: Vec<serde_json::Value>,
    things: Vec<serde_json::Value>,
    sheets: Vec<(Option<String>, Sheet)>,
}

impl Lines {
    pub(super) fn of(meant: &[Loaded]) -> Self {
        Self { several: meant.len() > 1, json: Vec::new(), things: Vec::new(), sheets: Vec::new() }
    }

    /// A text that says of which of several campaigns it is.
    pub(super) fn named(&self, loaded: &Loaded, said: String) -> String {
        if self.several { format!("{}: {said}", loaded.campaign.id) } else { said }
    }

    /// The heading of a campaign's section, where there are several.
    pub(super) fn title(&self, loaded: &Loaded) {
        if self.several {
            let (name, id) = (harmless(&loaded.campaign.name), &loaded.campaign.id);
            super::output::print(&format!("{name} ({id})\n"));
        }
    }

    /// The same where data are printed as a table.
    pub(super) fn title_of_table(&self, invocation: &Invocation, loaded: &Loaded) {
        if invocation.out.format == Format::Table {
            self.title(loaded);
        }
    }

    pub(super) fn json(&mut self, loaded: &Loaded, line: &impl Serialize) {
        let mut value = serde_json::to_value(line).expect("plain data becomes JSON");
        if let (true, Some(keys)) = (self.several, value.as_object_mut()) {
            keys.insert("campaign".to_owned(), loaded.campaign.id.as_str().into());
        }
        self.json.push(value);
    }

    /// A thing that is no list where there is one campaign.
    pub(super) fn thing(&mut self, loaded: &Loaded, thing: serde_json::Value) {
        if self.several { self.json(loaded, &thing) } else { self.things.push(thing) }
    }

    pub(super) fn sheet(&mut self, loaded: &Loaded, sheet: Sheet) {
        let id = self.several.then(|| loaded.campaign.id.to_string());
        self.sheets.push((id, sheet));
    }

    pub(super) fn print(self, invocation: &Invocation) {
        if let Some(thing) = self.things.first() {
            invocation.out.thing(thing);
        } else if !self.sheets.is_empty() {
            invocation.out.sheet(&Sheet::joined(self.sheets.into_iter()));
        } else if invocation.out.format == Format::Json {
            invocation.out.json(&self.json);
        }
    }
}
