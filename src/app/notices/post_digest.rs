//! The digest of a site or team: what each campaign has to say to its lead.

use crate::app::{Loaded, Result};
use crate::domain::campaign::Language;
use crate::domain::notice::LeadDigest;
use crate::store::{Tx, briefings};

/// What a lead gets: a part for each campaign with something to say, or the only part that says that there is nothing.
#[derive(Debug, Clone)]
pub struct PostDigest {
    /// Each with the position of its campaign among those asked for. Never empty.
    parts: Vec<(usize, LeadDigest)>,
}

impl PostDigest {
    /// The part of the first campaign asked for.
    pub(super) fn new(nth: usize, part: LeadDigest) -> Self {
        Self { parts: vec![(nth, part)] }
    }

    /// The first part: of the first campaign that has something to say.
    pub fn first(&self) -> &LeadDigest {
        &self.parts[0].1
    }

    /// Code of the site or team.
    pub fn post(&self) -> &str {
        &self.first().post
    }

    /// The parts, each with the position of its campaign.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, &LeadDigest)> {
        self.parts.iter().map(|(nth, part)| (*nth, part))
    }

    /// The same digest in another language.
    #[must_use]
    pub fn in_language(mut self, language: Option<Language>) -> Self {
        for (_, part) in &mut self.parts {
            part.language = language.unwrap_or(part.language);
        }
        self
    }

    pub(super) fn values(&self) -> Vec<LeadDigest> {
        self.parts.iter().map(|(_, part)| part.clone()).collect()
    }

    /// Adds a campaign's part. What has nothing to say gives way; days that were missed are told once.
    pub(super) fn add(&mut self, nth: usize, mut part: LeadDigest) {
        if !part.says_something() {
            return;
        }
        if self.first().says_something() {
            part.missed = None;
            self.parts.push((nth, part));
        } else {
            self.parts = vec![(nth, part)];
        }
    }
}

/// Notes what a lead was told of each campaign by a mail.
pub(super) async fn brief(
    tx: &mut Tx,
    all: &[Loaded],
    digest: &PostDigest,
    mail: i64,
) -> Result<()> {
    let first = digest.first();
    for (nth, loaded) in all.iter().enumerate() {
        let parts = || digest.parts().filter(|(of, _)| *of == nth).map(|(_, part)| part);
        let sheets = parts().flat_map(|part| &part.sessions);
        let homes = parts().filter_map(|part| part.home.as_ref());
        let sessions = sheets.map(|sheet| (sheet.place.to_string(), sheet.doses));
        // A team's own code stands for its round of home visits.
        let doses = sessions.chain(homes.map(|it| (first.post.clone(), it.planned))).collect();
        let about = (first.post.as_str(), first.tomorrow, mail);
        briefings::insert(tx, loaded.no, about, &doses).await?;
    }
    Ok(())
}
