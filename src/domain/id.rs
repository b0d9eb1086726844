//! Codes: texts that name things, kept as they were written (leading zeros, Chinese, case).

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The code as given. The caller has trimmed it and made sure that it is not empty.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )+};
}

/// The number of a campaign in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignNo(pub i64);

codes! {
    /// A jurisdiction: what a database is about.
    JurisdictionId,
    /// A campaign.
    CampaignId,
    /// An area of the tree: county, township, village.
    AreaCode,
    /// A population group of a campaign.
    GroupId,
    /// A line of reports that adds groups up.
    GroupSetId,
    /// A series of dose rules.
    SeriesId,
    /// A fixed site, or a stop of the mobile teams; their codes never overlap.
    PlaceCode,
    /// A mobile team.
    TeamCode,
    /// A lot of vaccine.
    LotCode,
    /// Somebody who works at sessions.
    StaffId,
    /// A person of the register.
    PersonId,
    /// A record; importing one twice changes nothing.
    RecordId,
}
