//! Who gets a digest: the lead of each site and team.

use super::campaign::Campaign;
use super::contact::Contact;

/// A site or team whose lead gets a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRecipient {
    /// Code of the site or team.
    pub code: String,
    /// Name of the site or team.
    pub name: String,
    /// The lead; `None` where the campaign names nobody.
    pub lead: Option<Contact>,
    /// Whether it is a team.
    pub is_team: bool,
}

/// The recipients of a campaign's digests: first its sites, then its teams.
pub fn digest_recipients(campaign: &Campaign) -> Vec<DigestRecipient> {
    let sites = campaign.sites.iter().map(|site| DigestRecipient {
        code: site.code.to_string(),
        name: site.name.clone(),
        lead: site.lead.clone(),
        is_team: false,
    });
    let teams = campaign.teams.iter().map(|team| DigestRecipient {
        code: team.code.to_string(),
        name: team.name.clone(),
        lead: team.lead.clone(),
        is_team: true,
    });
    sites.chain(teams).collect()
}
