//! The navigation: groups by what somebody wants to do, and below them the pages of the group that is open. The first
//! page of a group that the visitor may open is where the group leads.

use super::words::{T, encoded};
use crate::app::Loaded;
use chrono::NaiveDate;

/// A page of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// The first screen.
    Home,
    /// Of a campaign: the last part of its address.
    Campaign(&'static str),
    /// Of the installation.
    All(&'static str),
}

use Entry::{All, Campaign, Home};

/// The groups in their order, each with its pages. At most seven, so that somebody sees them at a glance.
const GROUPS: [(&str, &[Entry]); 7] = [
    ("today", &[Home, Campaign("tally")]),
    (
        "coverage",
        &[
            Campaign("overview"),
            Campaign("reports"),
            Campaign("bulletin"),
            Campaign("month"),
            All("national"),
        ],
    ),
    ("planning", &[Campaign("plan"), Campaign("roster"), All("campaigns"), All("upload")]),
    ("people", &[Campaign("due"), Campaign("calls"), Campaign("inbox"), All("imports")]),
    ("places", &[Campaign("stock"), Campaign("map"), Campaign("calendar")]),
    ("messages", &[Campaign("mail")]),
    ("running", &[Campaign("jobs"), All("system"), All("accounts"), All("audit")]),
];

impl Entry {
    fn name(self) -> &'static str {
        match self {
            Home => "today",
            Campaign(name) | All(name) => name,
        }
    }

    /// The path whose power it takes.
    fn path(self) -> String {
        match self {
            Home => "/".to_owned(),
            Campaign(name) => format!("/c/{{id}}/{name}"),
            All(name) => format!("/{name}"),
        }
    }

    /// Its address; `None` for a campaign's page where there is no campaign.
    fn href(self, of: Option<(&Loaded, Option<NaiveDate>)>) -> Option<String> {
        match self {
            Home => Some("/".to_owned()),
            All(name) => Some(format!("/{name}")),
            // Counts are entered for today, whatever day somebody looks at.
            Campaign(name) => {
                of.map(|(loaded, day)| address(loaded, name, day.filter(|_| name != "tally")))
            }
        }
    }
}

/// A link.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: String,
    /// The value of `aria-current`; empty for none.
    pub(super) current: &'static str,
}

/// What a page shows of it.
#[derive(Default)]
pub(super) struct Navigation {
    pub(super) groups: Vec<Link>,
    /// The name of the group that is open.
    pub(super) open: String,
    /// Its pages; empty where it has one alone.
    pub(super) pages: Vec<Link>,
}

/// The address of a page of a campaign.
pub(super) fn address(loaded: &Loaded, page: &str, as_of: Option<NaiveDate>) -> String {
    let id = encoded(loaded.campaign.id.as_str());
    let day = as_of.map(|day| format!("?as-of={day}")).unwrap_or_default();
    format!("/c/{id}/{page}{day}")
}

/// The navigation of somebody who is at a page. `opens` says which pages they may open.
pub(super) fn navigation(
    t: T,
    here: &str,
    of: Option<(&Loaded, Option<NaiveDate>)>,
    opens: impl Fn(&str) -> bool,
) -> Navigation {
    let mut out = Navigation::default();
    for (group, entries) in GROUPS {
        let open = entries.iter().filter(|entry| opens(&entry.path()));
        let pages: Vec<(&str, String)> =
            open.filter_map(|entry| Some((entry.name(), entry.href(of)?))).collect();
        let Some((_, first)) = pages.first() else { continue };
        let is_open = pages.iter().any(|(name, _)| *name == here);
        let text = t.w(&format!("web-nav-{group}"));
        let current = match (is_open, pages.len()) {
            (false, _) => "",
            (true, 1) => "page",
            (true, _) => "true",
        };
        out.groups.push(Link { href: first.clone(), text: text.clone(), current });
        if is_open && pages.len() > 1 {
            out.open = text;
            let link = |(name, href): (&str, String)| Link {
                href,
                text: t.w(&format!("web-{name}")),
                current: if name == here { "page" } else { "" },
            };
            out.pages = pages.into_iter().map(link).collect();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Language;
    use crate::web::powers::POWERS;

    fn entries() -> impl Iterator<Item = Entry> {
        GROUPS.into_iter().flat_map(|(_, entries)| entries.iter().copied())
    }

    fn shown(here: &str, opens: impl Fn(&str) -> bool) -> Navigation {
        navigation(T(Language::En), here, None, opens)
    }

    #[test]
    fn every_page_stands_in_one_group_and_has_its_words() {
        for entry in entries() {
            assert!(POWERS.iter().any(|(path, _)| *path == entry.path()), "{entry:?}");
            let same = entries().filter(|one| one.name() == entry.name()).count();
            assert_eq!(same, 1, "{entry:?}");
        }
        for language in [Language::En, Language::ZhCn] {
            let keys = entries().map(|one| format!("web-{}", one.name()));
            let groups = GROUPS.iter().map(|(group, _)| format!("web-nav-{group}"));
            for key in keys.chain(groups) {
                assert!(crate::text::found(language, &key).is_some(), "{key}");
            }
        }
    }

    #[test]
    fn a_group_leads_to_the_first_page_that_may_be_opened() {
        // Without a campaign, its pages are not there.
        let all = shown("accounts", |_| true);
        let to: Vec<_> = all.groups.iter().map(|one| one.href.as_str()).collect();
        assert_eq!(to, ["/", "/national", "/campaigns", "/imports", "/system"]);
        let marked: Vec<_> = all.groups.iter().map(|one| one.current).collect();
        assert_eq!(marked, ["", "", "", "", "true"]);
        let pages: Vec<_> = all.pages.iter().map(|one| (one.href.as_str(), one.current)).collect();
        assert_eq!(pages, [("/system", ""), ("/accounts", "page"), ("/audit", "")]);
        let few = shown("audit", |path| path == "/audit" || path == "/");
        let to: Vec<_> = few.groups.iter().map(|one| (one.href.as_str(), one.current)).collect();
        assert_eq!(to, [("/", ""), ("/audit", "page")]);
        assert!(few.pages.is_empty(), "one page needs no second row");
        assert!(shown("me", |_| true).pages.is_empty());
        assert!(shown("me", |_| false).groups.is_empty());
    }
}
