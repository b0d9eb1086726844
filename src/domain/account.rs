//! Accounts of the dashboard: roles, and what each may do.

use super::id::{PlaceCode, TeamCode};
use serde::Serialize;

/// What an account is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, accounts and the audit log too.
    Admin,
    /// Runs campaigns.
    Planner,
    /// Leads sites or teams: counts and due lists of those alone.
    Lead,
    /// Looks at figures.
    Viewer,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Look at figures, plans, maps and calendars.
    Look,
    /// See who of the register is due.
    People,
    /// See the queue of mail and the jobs.
    Operation,
    /// Change campaigns and plans.
    Plan,
    /// Enter counts.
    Tally,
    /// Manage accounts, read the audit log.
    Accounts,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Planner, Self::Lead, Self::Viewer];

    /// The word that commands and the database have.
    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Planner => "planner",
            Self::Lead => "lead",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the role may do something; a lead only for the places that it leads.
    pub fn may(self, power: Power) -> bool {
        match power {
            Power::Look => true,
            Power::People | Power::Tally => self != Self::Viewer,
            Power::Operation | Power::Plan => matches!(self, Self::Admin | Self::Planner),
            Power::Accounts => self == Self::Admin,
        }
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
    /// Sites and teams of a lead.
    pub places: Vec<String>,
}

impl Account {
    /// Whether it may do something somewhere.
    pub fn may(&self, power: Power) -> bool {
        self.role.may(power)
    }

    /// Whether a place is its own: every place, but for a lead.
    pub fn has_place(&self, place: &PlaceCode) -> bool {
        self.has_code(place.as_str())
    }

    /// Whether a team is its own.
    pub fn has_team(&self, team: &TeamCode) -> bool {
        self.has_code(team.as_str())
    }

    /// Whether a site, stop or team is its own.
    pub fn has_code(&self, code: &str) -> bool {
        self.role != Role::Lead || self.places.iter().any(|own| own == code)
    }
}

/// What a program's token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Figures, plans and calendars.
    Read,
    /// Who of the register is due.
    People,
    /// Entering counts.
    Tally,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::People, Self::Tally];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::People => "people",
            Self::Tally => "tally",
        }
    }

    /// The scope of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    /// What the account behind the token must be able to do.
    pub fn power(self) -> Power {
        match self {
            Self::Read => Power::Look,
            Self::People => Power::People,
            Self::Tally => Power::Tally,
        }
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
    fn each_role_may_what_it_is_there_for() {
        let may = |power| Role::ALL.map(|role| role.may(power));
        assert_eq!(may(Power::Look), [true, true, true, true]);
        assert_eq!(may(Power::People), [true, true, true, false]);
        assert_eq!(may(Power::Tally), [true, true, true, false]);
        assert_eq!(may(Power::Operation), [true, true, false, false]);
        assert_eq!(may(Power::Plan), [true, true, false, false]);
        assert_eq!(may(Power::Accounts), [true, false, false, false]);
    }

    #[test]
    fn a_lead_has_its_own_places_only() {
        let lead = Account {
            id: 1,
            name: "s01".into(),
            role: Role::Lead,
            places: vec!["S01".into(), "T1".into()],
        };
        assert!(lead.has_place(&"S01".into()) && lead.has_team(&"T1".into()));
        assert!(!lead.has_place(&"S02".into()));
        assert!(Account { role: Role::Planner, ..lead }.has_place(&"S02".into()));
    }

    #[test]
    fn names_have_no_blanks_or_marks() {
        for good in ["zhao", "赵一", "s01.lead@danyang.example"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "a\r\nb", "<b>", "a\u{202e}b", &"x".repeat(41)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
