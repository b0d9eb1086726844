//! The tables of the workbooks that people fill in, with their columns.

use super::place_tables;
use super::rows::columns_of;
use super::settings::{GROUP_SETS, GROUPS, LOCAL_GROUPS};
use super::staff_tables;
use super::table::Column;
use super::tables;
use super::tree::KEY_VALUE;
use crate::domain::tables::Table as Rows;

/// A table of a workbook.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// The sheet's name.
    pub(super) stem: &'static str,
    pub(super) columns: &'static [Column],
}

/// The tables of a campaign, in the order in which people fill them in, with the columns that most need.
pub(super) const CAMPAIGN: [Form; 12] = [
    Form { stem: "campaign", columns: KEY_VALUE },
    Form { stem: "groups", columns: GROUPS },
    Form { stem: "group_sets", columns: GROUP_SETS },
    Form { stem: "areas", columns: place_tables::AREAS.split_at(5).0 },
    Form { stem: "eligible", columns: tables::ELIGIBLE },
    Form { stem: "sites", columns: place_tables::SITES.split_at(13).0 },
    Form { stem: "reach", columns: tables::REACH },
    Form { stem: "teams", columns: place_tables::TEAMS.split_at(12).0 },
    Form { stem: "stops", columns: place_tables::STOPS.split_at(9).0 },
    Form { stem: "closures", columns: place_tables::CLOSURES.split_at(3).0 },
    Form { stem: "deliveries", columns: place_tables::DELIVERIES.split_at(6).0 },
    Form { stem: "series", columns: KEY_VALUE },
];

/// The tables of a jurisdiction.
pub(super) const JURISDICTION: [Form; 11] = [
    Form { stem: "jurisdiction", columns: KEY_VALUE },
    Form { stem: "areas", columns: place_tables::AREAS },
    Form { stem: "sites", columns: place_tables::SITES },
    Form { stem: "reach", columns: tables::REACH },
    Form { stem: "teams", columns: place_tables::TEAMS },
    Form { stem: "stops", columns: place_tables::STOPS },
    Form { stem: "closures", columns: place_tables::CLOSURES },
    Form { stem: "contacts", columns: place_tables::CONTACTS },
    Form { stem: "staff", columns: staff_tables::STAFF },
    Form { stem: "leave", columns: staff_tables::LEAVE },
    Form { stem: "crews", columns: staff_tables::CREWS },
];

/// A form that has all columns, for a table that needs more than the usual ones.
fn full(form: Form) -> Form {
    let columns = match form.stem {
        "groups" => LOCAL_GROUPS,
        "areas" => place_tables::AREAS,
        "sites" => place_tables::SITES,
        "teams" => place_tables::TEAMS,
        "stops" => place_tables::STOPS,
        "closures" => place_tables::CLOSURES,
        "deliveries" => place_tables::DELIVERIES,
        _ => form.columns,
    };
    Form { columns, ..form }
}

/// The table with this name.
pub(super) fn form(stem: &str) -> Option<Form> {
    let records = ["tallies", "doses", "persons", "outcomes"].into_iter();
    let records = records.map(|stem| Form { stem, columns: columns_of(stem) });
    CAMPAIGN.into_iter().chain(records).find(|form| form.stem == stem)
}

/// The form with the columns that the rows of its table need.
pub(super) fn fitting(form: Form, found: &[Rows]) -> Form {
    let has = |column: &str| form.columns.iter().any(|known| known.name == column);
    let table = found.iter().find(|table| table.stem == form.stem);
    let needs_more =
        table.is_some_and(|table| table.used().into_iter().any(|at| !has(table.columns[at])));
    if needs_more { full(form) } else { form }
}
