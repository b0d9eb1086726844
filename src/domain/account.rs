//! Accounts of the dashboard: their roles, names, passwords, and the scopes of their tokens.

use super::id::AreaCode;
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
    /// Sites and teams of a lead.
    pub places: Vec<String>,
    /// Areas whose part of the tree it may see; empty: all.
    pub areas: Vec<AreaCode>,
}

impl Account {
    /// Whether one of its own places is the site, stop or team with this code. What else a lead may do stands in
    /// [`permission`](super::permission).
    pub fn leads(&self, code: &str) -> bool {
        self.places.iter().any(|own| own == code)
    }

    /// Whether its pages begin with the site, stop or team with this code: a lead's with their own, others' with any.
    pub fn is_home(&self, code: &str) -> bool {
        self.role != Role::Lead || self.leads(code)
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
            places: vec!["S01".into(), "T1".into()],
            areas: Vec::new(),
        };
        for (role, code, leads, is_home) in [
            (Role::Lead, "S01", true, true),
            (Role::Lead, "T1", true, true),
            (Role::Lead, "S02", false, false),
            (Role::Lead, "S0", false, false),
            (Role::Planner, "S01", true, true),
            (Role::Planner, "S02", false, true),
            (Role::Viewer, "S02", false, true),
        ] {
            assert_eq!(account(role).leads(code), leads, "{role} {code}");
            assert_eq!(account(role).is_home(code), is_home, "{role} {code}");
        }
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
