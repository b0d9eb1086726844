//! The adopted rounds of home visits (上门接种) from a day on: who is visited when, and what has become of it. Each look
//! goes to the audit log.

use super::page::{Page, Refusal, encoded};
use super::page_context::PageContext;
use super::table::{Cell, Table, TablesPage};
use crate::app::home_others::OtherVisits;
use crate::app::home_plans::{AdoptedRound, HomeVisit};
use crate::domain::audit::Action;
use crate::domain::permission::may_see;
use crate::text::{harmless, thousands};
use axum::response::Response;

/// The page.
pub(super) async fn homes(context: PageContext) -> Result<Response, Refusal> {
    let (t, campaign) = (context.t(), &context.loaded.campaign);
    let days = (context.as_of, campaign.end.max(context.as_of));
    let found = context.app().adopted_homes(&context.loaded, days, context.now).await;
    let mut found = found.map_err(|error| context.refusal(&error))?;
    let may = |visit: &HomeVisit| {
        let area = visit.area.as_ref();
        area.is_some_and(|area| may_see(context.actor(), campaign, area, None).is_ok())
    };
    for round in &mut found {
        round.calls.retain(may);
    }
    found.retain(|round| !round.calls.is_empty());
    let calls: usize = found.iter().map(|round| round.calls.len()).sum();
    let said = format!("homes from {}, {calls} people", days.0);
    let (who, id) = (&context.visitor.account.name, campaign.id.as_str());
    let noted = context.app().note_audit(who, Action::SeeDue, (Some(id), &said), context.now).await;
    noted.map_err(|error| context.refusal(&error))?;
    let people = found.iter().flat_map(|round| &round.calls);
    let people = people.map(|visit| visit.call.person.clone()).collect();
    let others = context.app().other_visits(&context.loaded, &people, context.as_of).await;
    let others = others.map_err(|error| context.refusal(&error))?;
    let title = t.w("web-homes");
    let open: usize = found.iter().map(|round| round.open().count()).sum();
    let counts = [found.len(), calls, open].map(|count| thousands(count as u64));
    let [rounds, visits, open] = &counts;
    let main = TablesPage {
        head: context.head(title.clone(), "homes", &[]),
        live: false,
        lines: vec![
            t.w("web-homes-help"),
            t.say("web-homes-count", &[("rounds", rounds), ("visits", visits), ("open", open)]),
        ],
        tables: vec![table(&context, &found, &others)],
    };
    let page = Page::new(format!("{title} · {}", campaign.name), "due", &main);
    Ok(context.show(page.with(main.tables)))
}

/// A row for each call.
fn table(context: &PageContext, found: &[AdoptedRound], others: &OtherVisits) -> Table {
    let t = context.t();
    let keys = [
        "=day",
        "=team",
        "arrives",
        "person_name",
        "phone",
        "address",
        "#dose",
        "=state",
        "also_visited",
        "person",
    ];
    let mut table = Table { is_private: true, ..Table::of(t, "web-homes", &keys) };
    for round in found {
        for HomeVisit { call, state, .. } in &round.calls {
            let name = Some(call.name.as_str()).filter(|name| !name.is_empty());
            let name = name.unwrap_or(call.person.as_str());
            let others = others.get(&call.person).into_iter().flatten();
            let others: Vec<String> = others.map(|other| harmless(&other.words())).collect();
            let page = context.to(&format!("person/{}", encoded(call.person.as_str())));
            table.rows.push(vec![
                Cell::head(round.day.to_string()),
                Cell::named(harmless(&round.team_name), round.team.as_str()),
                Cell::text(call.arrives.format("%H:%M").to_string()),
                Cell::text(harmless(name)).to(page),
                Cell::text(harmless(&call.phone)),
                Cell::text(harmless(&call.address)),
                Cell::number(call.dose.to_string()),
                Cell::text(t.w(&format!("home-call-{state}"))),
                Cell::text(others.join(", ")),
                Cell::text(call.person.as_str()),
            ]);
        }
    }
    table
}
