//! The published roster of a week: who works where, and how much of each place's people is used. Printed, it is the
//! weekly duty sheet.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::table::{Cell, Table, TablesPage};
use crate::app::rosters::RosterWeek;
use crate::domain::count::Percent;
use axum::response::Response;
use chrono::NaiveDate;

/// Days of a week, each with its name in the catalogue.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The page of the week of a day.
pub(super) async fn roster(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let week = context.app().roster_week(context.as_of).await;
    let week = week.map_err(|error| context.refusal(&error))?;
    let title = t.w("web-roster");
    let mut lines = vec![t.w("web-roster-help")];
    if week.lines.is_empty() {
        lines.push(t.say("web-roster-none", &[("from", &week.days[0]), ("until", &week.days[6])]));
    }
    let main = TablesPage {
        head: context.head(title.clone(), "roster", &[]),
        live: false,
        lines,
        tables: vec![who(&context, &week), used(&context, &week)],
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "roster", &main);
    Ok(context.show(page.with(main.tables)))
}

/// A row for each place and role, a column for each day.
fn who(context: &PageContext, week: &RosterWeek) -> Table {
    let t = context.t();
    let day = |(code, day): (&str, &NaiveDate)| {
        format!("{} {}", t.w(&format!("roster-day-{code}")), day.format("%m/%d"))
    };
    let mut heads = vec![format!("={}", t.w("column-place")), t.w("column-role")];
    heads.extend(WEEKDAYS.into_iter().zip(&week.days).map(day));
    let (from, until) = (week.days[0], week.days[6]);
    let caption = t.say("web-roster-week", &[("from", &from), ("until", &until)]);
    let mut table = Table::new("roster", caption, &heads);
    // What is searched for would be a name.
    table.is_private = true;
    for line in &week.lines {
        let mut row = vec![
            Cell::named(line.name.clone(), line.place.clone()).heading(),
            Cell::text(t.w(&format!("duty-role-{}", line.role))),
        ];
        row.extend(line.names.iter().map(|names| Cell::text(names.join(", "))));
        table.rows.push(row);
    }
    table
}

fn used(context: &PageContext, week: &RosterWeek) -> Table {
    let t = context.t();
    let figure = |key: &str| format!("#{}", t.w(key));
    let heads = [
        t.w("column-place"),
        figure("column-people"),
        figure("column-could_work"),
        figure("column-at_work"),
        figure("column-used_share"),
        figure("column-staff_days"),
    ];
    let mut table = Table::new("roster-used", t.w("web-roster-used"), &heads);
    for (name, one) in &week.used {
        let share = Percent::of(i64::from(one.worked), i64::from(one.could));
        table.rows.push(vec![
            Cell::named(name.clone(), one.place.clone()).heading(),
            Cell::count(one.people),
            Cell::count(one.could),
            Cell::count(one.worked),
            Cell::percent(t, share),
            Cell::count(one.staff_days),
        ]);
    }
    table.note = t.w("web-roster-used-help");
    table
}
