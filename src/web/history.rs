//! What changed in a campaign and in the areas and places of all campaigns, version by version, the newest first.
//! Numbers of staff and addresses of leads are among it: each look goes to the audit log.

use super::accounts::time;
use super::page::{Page, Refusal, encoded, framed};
use super::source::AskedSite;
use super::table::{Cell, Table};
use super::visitor::Visitor;
use super::words::T;
use crate::app::AppError;
use crate::app::jurisdictions::version_changes;
use crate::domain::audit::Action;
use crate::domain::difference::{RowChange, What, between};
use crate::domain::jurisdiction::{Jurisdiction, jurisdiction_tables};
use crate::intake::label_of;
use crate::text::{self, harmless};
use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono_tz::Tz;
use serde::Deserialize;

/// The campaign that is asked about.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    campaign: Option<String>,
}

#[derive(Template)]
#[template(path = "web/history.html")]
struct Main {
    t: T,
    /// Address, name, whether it is shown.
    campaigns: Vec<(String, String, bool)>,
    tables: Vec<Table>,
}

/// The most versions that are shown: each is read whole, and every change of a place or of leave makes one.
const VERSIONS_MAX: usize = 100;
/// The most that are read: one more, to compare the oldest that is shown with.
const VERSIONS_READ: i64 = 101;
/// The columns of a change.
const KEYS: [&str; 7] = ["version", "when", "=table", "key", "column", "old", "new"];

/// The page: of the areas and places, or of one campaign.
pub(super) async fn history(
    AskedSite(site): AskedSite,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let t = visitor.t();
    let fail = |error: AppError| Refusal::of(t, &error);
    let all = site.app.campaigns().await.map_err(fail)?;
    let wanted = asked.campaign.as_deref().filter(|id| !id.is_empty());
    let mut campaigns = vec![("/history".to_owned(), t.w("web-history-places"), wanted.is_none())];
    campaigns.extend(all.iter().map(|one| {
        let id = one.campaign.id.as_str();
        let to = format!("/history?campaign={}", encoded(id));
        (to, harmless(&one.campaign.name), wanted == Some(id))
    }));
    let about = match wanted {
        None => None,
        Some(id) if all.iter().any(|one| one.campaign.id.as_str() == id) => wanted,
        Some(_) => return Err(Refusal::absent(t)),
    };
    let (who, now) = (&visitor.account.name, site.clock.now());
    site.app.note_audit(who, Action::SeeRecords, (about, "history"), now).await.map_err(fail)?;
    let mut tables = Vec::new();
    let turn = site.desk.turns.take(visitor.account.id).await;
    let _turn = turn.map_err(fail)?;
    let table = match wanted {
        None => {
            let versions = site.app.newest_places_versions(VERSIONS_READ).await.map_err(fail)?;
            let now = versions.iter().rev().find_map(|one| one.stored.jurisdiction.as_ref());
            tables.extend(now.map(|now| tables_of(t, now)));
            let known = versions.iter().filter_map(|one| {
                Some((one.version, one.applied_at, one.stored.jurisdiction.as_ref()?))
            });
            places(t, known, versions.len() > VERSIONS_MAX)
        }
        Some(id) => {
            let loaded = all.iter().find(|one| one.campaign.id.as_str() == id);
            let loaded = loaded.ok_or_else(|| Refusal::absent(t))?;
            let versions = site.app.newest_versions(loaded, VERSIONS_READ).await.map_err(fail)?;
            let mut groups = Vec::new();
            for (nth, version) in versions.iter().enumerate() {
                let before = nth.checked_sub(1).map(|nth| &versions[nth]);
                let found = before.map(|before| version_changes(before, version));
                groups.push((version.version, version.applied_at, found));
            }
            table(t, loaded.campaign.timezone, groups, versions.len() > VERSIONS_MAX)
        }
    };
    tables.push(table);
    let main = Main { t, campaigns, tables };
    let page = Page::new(t.w("web-history"), "campaigns", &main).with(main.tables);
    Ok(framed(Some(&visitor), (t, &visitor.here), None, &page, &headers))
}

/// How many rows each table of the jurisdiction has.
fn tables_of(t: T, now: &Jurisdiction) -> Table {
    let mut table = Table::of(t, "web-history-tables", &["table", "#rows"]);
    let filled = jurisdiction_tables(now);
    let filled = filled.iter().filter(|one| one.stem != "jurisdiction" && !one.rows.is_empty());
    for one in filled {
        let name = Cell::named(sheet(t, one.stem), one.stem).heading();
        table.rows.push(vec![name, Cell::count(one.rows.len() as u64)]);
    }
    table
}

/// A version: its number, when it was stored, and what it changed; nothing for the first.
type Group = (i64, i64, Option<Vec<RowChange>>);

fn places<'a>(
    t: T,
    versions: impl Iterator<Item = (i64, i64, &'a Jurisdiction)>,
    is_cut: bool,
) -> Table {
    let mut old: Option<&Jurisdiction> = None;
    let mut zone = Tz::UTC;
    let mut groups: Vec<Group> = Vec::new();
    for (version, at, new) in versions {
        let found = old.map(|old| between(&jurisdiction_tables(old), &jurisdiction_tables(new)));
        groups.push((version, at, found));
        (old, zone) = (Some(new), new.timezone);
    }
    table(t, zone, groups, is_cut)
}

/// The changes. `is_cut`: there are older versions, and the first one is only there to be compared with.
fn table(t: T, zone: Tz, groups: Vec<Group>, is_cut: bool) -> Table {
    let mut table = Table::of(t, "web-history-changes", &KEYS);
    if is_cut {
        table.note = t.say("web-history-cut", &[("count", &VERSIONS_MAX)]);
    }
    for (version, at, found) in groups.into_iter().skip(usize::from(is_cut)).rev() {
        let line = |cells: [String; 5]| {
            let mut row = vec![Cell::count(version).heading(), Cell::text(time(zone, at))];
            row.extend(cells.into_iter().map(Cell::text));
            row
        };
        match found {
            None => {
                let mut cells: [String; 5] = Default::default();
                cells[4] = t.w("web-history-first");
                table.rows.push(line(cells));
            }
            Some(found) => table.rows.extend(found.iter().map(|one| line(cells_of(t, one)))),
        }
    }
    if table.rows.is_empty() {
        table.note = t.w("web-history-none");
    }
    table
}

fn cells_of(t: T, change: &RowChange) -> [String; 5] {
    let named = |row: &str| harmless(&with_names(t, change.table, row));
    let (column, old, new) = match &change.what {
        What::Added { row } => (t.w("change-added"), String::new(), named(row)),
        What::Removed { row } => (t.w("change-removed"), named(row), String::new()),
        What::Changed { column, old, new } => {
            (column_name(t, change.table, column), harmless(old), harmless(new))
        }
        What::Reordered => (t.w("change-reordered"), String::new(), String::new()),
    };
    [sheet(t, change.table), harmless(&change.key), column, old, new]
}

/// What forms call a table.
fn sheet(t: T, stem: &str) -> String {
    text::found(t.0, &format!("sheet-{stem}")).unwrap_or_else(|| stem.to_owned())
}

/// What forms call a column.
fn column_name(t: T, stem: &str, column: &str) -> String {
    label_of(t.0, stem, column).unwrap_or_else(|| column.to_owned())
}

/// The cells of a row, `doses=0 until=2026-10-15`, with what forms call their columns.
fn with_names(t: T, stem: &str, row: &str) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some((column, value)) => format!("{}={value}", column_name(t, stem, column)),
        None => part.to_owned(),
    };
    row.split(' ').map(part).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Language;

    #[test]
    fn tables_and_columns_are_called_as_in_forms() {
        let t = T(Language::ZhCn);
        let change = RowChange {
            table: "closures",
            key: "S1, 2026-10-14".to_owned(),
            what: What::Added { row: "doses=0 reason=a=b c".to_owned() },
        };
        let [table, key, what, _, new] = cells_of(t, &change);
        let label = |column| label_of(Language::ZhCn, "closures", column).unwrap();
        assert_eq!((&*table, &*key), ("停诊", "S1, 2026-10-14"));
        assert_eq!(what, t.w("change-added"));
        assert_eq!(new, format!("{}=0 {}=a=b c", label("doses"), label("reason")));
    }

    #[test]
    fn of_many_versions_the_oldest_is_only_compared_with() {
        let (t, day) = (T(Language::En), 86_400_000);
        let change = || RowChange {
            table: "sites",
            key: "S1".to_owned(),
            what: What::Added { row: String::new() },
        };
        let groups = || vec![(7, day, None), (8, 2 * day, Some(vec![change()]))];
        let whole = table(t, Tz::UTC, groups(), false);
        assert!(whole.rows.len() == 2 && whole.note.is_empty(), "{:?}", whole.note);
        let cut = table(t, Tz::UTC, groups(), true);
        assert!(cut.rows.len() == 1 && cut.note.contains("100"), "{:?}", cut.note);
    }
}
