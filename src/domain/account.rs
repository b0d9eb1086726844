//! Accounts of the dashboard: their roles, names, passwords, and the scopes of their tokens.

use super::id::{AreaCode, CampaignId};
use super::words::words;
use serde::Serialize;

words! {
    /// What an account is there for.
    pub enum Role {
        /// Everything, accounts and the audit log too.
        Admin = "admin",
        /// Runs campaigns.
        Planner = "planner",
        /// Leads sites or teams: counts and due lists of those alone.
        Lead = "lead",
        /// Looks at figures.
        Viewer = "viewer",
    }
}

/// Somebody who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its number.
    #[serde(skip)]
    pub id: i64,
    /// The name to log in with.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// Sites, stops and teams of a lead, each with its campaign: `danyang-2021/S01`. A place without a campaign is of
    /// an older version, and of no campaign.
    pub places: Vec<String>,
    /// Areas whose part of the tree it may see; empty: all.
    pub areas: Vec<AreaCode>,
}

/// A place of a campaign, as an account has it.
pub fn place_of(campaign: &CampaignId, code: &str) -> String {
    format!("{campaign}/{code}")
}

impl Account {
    /// Whether one of its own places is the site, stop or team with this code in this campaign. What else a lead may do
    /// stands in [`permission`](super::permission).
    pub fn leads(&self, campaign: &CampaignId, code: &str) -> bool {
        self.places_in(campaign).any(|own| own == code)
    }

    /// The codes of its places in a campaign.
    pub fn places_in(&self, campaign: &CampaignId) -> impl Iterator<Item = &str> {
        self.places
            .iter()
            .filter_map(move |place| place.strip_prefix(campaign.as_str())?.strip_prefix('/'))
    }

    /// Whether its pages begin with the site, stop or team with this code: a lead's with their own, others' with any.
    pub fn is_home(&self, campaign: &CampaignId, code: &str) -> bool {
        self.role != Role::Lead || self.leads(campaign, code)
    }
}

words! {
    /// What a program's token is good for.
    pub enum Scope {
        /// Figures, plans and calendars.
        Read = "read",
        /// Who of the register is due.
        People = "people",
        /// Entering counts.
        Tally = "tally",
    }
}

/// Shortest password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password: hashing more helps nobody.
pub const PASSWORD_BYTES_MAX: usize = 200;
/// Longest name of an account.
const NAME_CHARS_MAX: usize = 40;

/// Whether a text can be the name of an account: letters of any alphabet, digits, and `. _ - @`.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    !text.is_empty() && text.chars().count() <= NAME_CHARS_MAX && text.chars().all(fits)
}

/// Whether a text can be a password.
pub fn is_password(text: &str) -> bool {
    text.chars().count() >= PASSWORD_CHARS_MIN && text.len() <= PASSWORD_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_leads_its_own_places_and_its_pages_begin_there() {
        let account = |role| Account {
            id: 1,
            name: "zhao".into(),
            role,
            places: vec!["c/S01".into(), "c/T1".into(), "c-2/S02".into(), "S0".into()],
            areas: Vec::new(),
        };
        let c = CampaignId::from("c");
        for (role, code, leads, is_home) in [
            (Role::Lead, "S01", true, true),
            (Role::Lead, "T1", true, true),
            (Role::Lead, "S02", false, false),
            (Role::Lead, "S0", false, false),
            (Role::Planner, "S01", true, true),
            (Role::Planner, "S02", false, true),
            (Role::Viewer, "S02", false, true),
        ] {
            assert_eq!(account(role).leads(&c, code), leads, "{role} {code}");
            assert_eq!(account(role).is_home(&c, code), is_home, "{role} {code}");
        }
    }

    #[test]
    fn a_place_is_of_one_campaign() {
        let places = ["c/S01", "c/x/S02", "c-2/S03", "S04", "/S05", "c/"].map(str::to_owned);
        let account = Account {
            id: 1,
            name: "zhao".into(),
            role: Role::Lead,
            places: places.to_vec(),
            areas: Vec::new(),
        };
        let of = |campaign: &str| {
            account.places_in(&campaign.into()).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of("c"), ["S01", "x/S02", ""]);
        assert_eq!(of("c-2"), ["S03"]);
        assert_eq!(of("c-22"), [""; 0]);
    }

    #[test]
    fn passwords_are_long_enough_to_guess_and_short_enough_to_hash() {
        for (password, fits) in [
            ("", false),
            ("123456789", false),
            ("1234567890", true),
            // Ten characters of three bytes each.
            ("密码密码密码密码密码", true),
            ("密码密码密码密码密", false),
        ] {
            assert_eq!(is_password(password), fits, "{password}");
        }
        assert!(is_password(&"x".repeat(200)) && !is_password(&"x".repeat(201)));
        assert!(!is_password(&"密".repeat(67)), "201 bytes");
    }

    #[test]
    fn names_have_no_blanks_or_marks() {
        let longest = "赵".repeat(40);
        for good in ["zhao", "赵一", "s01.lead@danyang.example", "a_b-1", &longest] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "a\r\nb", "<b>", "a\u{202e}b", "a:b", &"x".repeat(41)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
