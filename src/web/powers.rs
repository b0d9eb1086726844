//! The power that each page needs, for the router and the navigation.

use crate::domain::permission::Power;

/// The power that each page needs. The navigation shows the pages that the visitor may open.
pub(super) const POWERS: [(&str, Power); 56] = [
    ("/", Power::Look),
    ("/c/{id}", Power::Look),
    ("/c/{id}/overview", Power::Look),
    ("/c/{id}/map", Power::Look),
    ("/c/{id}/calendar", Power::Look),
    ("/c/{id}/reports", Power::Look),
    ("/c/{id}/plan", Power::Look),
    ("/c/{id}/compare", Power::Look),
    ("/c/{id}/what-if", Power::Plan),
    ("/c/{id}/stock", Power::Look),
    ("/c/{id}/supply", Power::Plan),
    ("/c/{id}/search", Power::Look),
    ("/c/{id}/person/{person}", Power::People),
    ("/c/{id}/place/{place}", Power::Look),
    ("/c/{id}/place/{place}/edit", Power::Plan),
    ("/c/{id}/month", Power::Look),
    ("/c/{id}/make", Power::Plan),
    ("/c/{id}/adopt", Power::Plan),
    ("/c/{id}/due", Power::People),
    ("/c/{id}/calls", Power::People),
    ("/c/{id}/bookings", Power::People),
    ("/c/{id}/inbox", Power::People),
    ("/c/{id}/tally", Power::Tally),
    ("/c/{id}/feed", Power::Tally),
    ("/c/{id}/mail", Power::Operation),
    ("/c/{id}/mail/{mail}", Power::Operation),
    ("/c/{id}/jobs", Power::Operation),
    ("/system", Power::Operation),
    ("/system/backup", Power::Operation),
    ("/commands", Power::Operation),
    ("/upload", Power::Plan),
    ("/upload/{upload}", Power::Plan),
    ("/upload/{upload}/marked", Power::Plan),
    ("/upload/{upload}/file", Power::Plan),
    ("/upload/blank", Power::Plan),
    ("/new", Power::Plan),
    ("/c/{id}/workbook", Power::Plan),
    ("/upload/{upload}/apply", Power::Plan),
    ("/imports", Power::Plan),
    ("/imports/run/{import}", Power::Plan),
    ("/imports/refused/{import}", Power::Plan),
    ("/imports/undo", Power::Plan),
    ("/accounts", Power::Accounts),
    ("/accounts/{what}", Power::Accounts),
    ("/audit", Power::Accounts),
    ("/me", Power::Look),
    ("/logout", Power::Look),
    ("/campaigns", Power::Look),
    ("/campaigns/state", Power::Plan),
    ("/national", Power::Look),
    ("/national/form", Power::Look),
    ("/national/children", Power::People),
    ("/national/pupils", Power::People),
    ("/national/duplicates", Power::Plan),
    ("/national/births", Power::Plan),
    ("/national/survey", Power::Tally),
];

/// The power that a page needs. The path is one of [`POWERS`].
pub(super) fn power_of(path: &str) -> Power {
    let found = POWERS.iter().find(|(known, _)| *known == path);
    found.expect("every page stands in the table of powers").1
}
