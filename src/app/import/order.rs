//! What is to be imported, and how.

use super::Kind;
use crate::app::Loaded;
use crate::domain::campaign::Language;
use crate::domain::permission::Actor;
use crate::domain::plausible::Sure;
use crate::intake::profile::Profile;
use std::path::Path;

/// A file to import.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The campaign asked for; `None`: the rows say it, or what they speak of.
    pub campaign: Option<&'a Loaded>,
    /// What its rows are.
    pub kind: Kind,
    /// Where it is.
    pub path: &'a Path,
    /// The language of the reasons.
    pub language: Language,
    /// Whether records that were voided come back.
    pub revives: bool,
    /// Which counts somebody has confirmed.
    pub sure: Sure,
    /// How the file's headings and codes become ours.
    pub profile: Option<&'a Profile>,
    /// Who imports it.
    pub by: Actor<'a>,
}

impl<'a> Order<'a> {
    /// A file at a path, or with an empty one records that come from no file: of any campaign, nothing confirmed.
    pub(super) fn of(kind: Kind, path: &'a Path, by: Actor<'a>) -> Self {
        let (campaign, language, sure) = (None, Language::default(), Sure::None);
        Self { campaign, kind, path, language, revives: false, sure, profile: None, by }
    }

    /// What somebody enters at a form counts, whatever became of it before.
    pub(super) fn entered(
        loaded: &'a Loaded,
        (kind, path): (Kind, &'a Path),
        (sure, by): (Sure, Actor<'a>),
    ) -> Self {
        let (campaign, language) = (Some(loaded), loaded.campaign.language);
        Self { campaign, language, revives: true, sure, ..Self::of(kind, path, by) }
    }
}
