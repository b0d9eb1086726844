//! Who is written to by office: the coordinator of a campaign, the lead of a site or a team.

use serde::{Deserialize, Serialize};

/// Somebody who gets mail because of their office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name or office.
    pub name: String,
    /// Address; without one nothing can be mailed.
    pub email: Option<String>,
}
