//! Two plans side by side: their figures, and the sessions that differ.

use super::page::{Page, Refusal};
use super::page_context::PageContext;
use super::plan::changes_table;
use super::table::{Cell, Table};
use super::words::T;
use crate::domain::figure::fixed;
use crate::domain::plan::{Figures, PlanRow, PlanState};
use crate::domain::planner;
use crate::store::plans::PlanHead;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Which {
    a: Option<i64>,
    b: Option<i64>,
}

#[derive(Template)]
#[template(path = "web/compare.html")]
struct Main {
    t: T,
    action: String,
    day: String,
    /// Number, words and whether it is chosen, of the first and of the second plan.
    first: Vec<(i64, String, bool)>,
    second: Vec<(i64, String, bool)>,
    said: String,
    figures: Option<Table>,
    changes: Option<Table>,
}

/// The page. Without numbers: the plan in force and the draft that waits, else the plan before.
pub(super) async fn compare(
    context: PageContext,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let t = context.t();
    let fail = |error| context.refusal(&error);
    let heads = context.app().plan_list(&context.loaded).await.map_err(fail)?;
    let (first, second) = meant(&heads);
    let (first, second) = (which.a.or(first), which.b.or(second));
    let choice = |chosen: Option<i64>| {
        let word = |head: &PlanHead| {
            let state = t.w(&format!("plan-state-{}", head.state.word()));
            let said: [(&str, &dyn std::fmt::Display); 3] =
                [("no", &head.no), ("state", &state), ("from", &head.from)];
            (head.no, t.say("web-plan-title", &said), chosen == Some(head.no))
        };
        heads.iter().rev().map(word).collect::<Vec<_>>()
    };
    let mut main = Main {
        t,
        action: super::page::address(&context.loaded, "compare", None),
        day: context.as_of.to_string(),
        first: choice(first),
        second: choice(second),
        said: String::new(),
        figures: None,
        changes: None,
    };
    if let (Some(first), Some(second)) = (first, second) {
        let one = context.app().plan(&context.loaded, Some(first)).await.map_err(fail)?;
        let other = context.app().plan(&context.loaded, Some(second)).await.map_err(fail)?;
        let (Some(one), Some(other)) = (one, other) else { return Err(Refusal::absent(t)) };
        fill(&mut main, &context, (&one.0, &one.1), (&other.0, &other.1));
    } else {
        main.said = t.w("web-compare-none");
    }
    let title = format!("{} · {}", t.w("web-compare"), context.loaded.campaign.name);
    let page = Page::new(title, "plan", &main);
    let tables = main.figures.into_iter().chain(main.changes).collect();
    Ok(context.show(page.with(tables)))
}

/// The plan in force and the newest draft; without a draft the plan in force before and the one now; else the newest.
fn meant(heads: &[PlanHead]) -> (Option<i64>, Option<i64>) {
    let newest =
        |state: PlanState| heads.iter().rfind(|head| head.state == state).map(|one| one.no);
    let (now, draft) = (newest(PlanState::Adopted), newest(PlanState::Draft));
    let draft = draft.filter(|draft| now.is_none_or(|now| *draft > now));
    match (now, draft, newest(PlanState::Superseded)) {
        (Some(now), Some(draft), _) => (Some(now), Some(draft)),
        (Some(now), None, Some(before)) => (Some(before), Some(now)),
        _ => {
            let mut newest = heads.iter().rev().map(|head| head.no);
            let second = newest.next();
            (newest.next(), second)
        }
    }
}

type Plan<'a> = (&'a PlanHead, &'a [PlanRow]);

fn fill(main: &mut Main, context: &PageContext, one: Plan<'_>, other: Plan<'_>) {
    let t = context.t();
    // Only the days that both plan can differ by what was decided.
    let from = one.0.from.max(other.0.from);
    let diff = planner::diff(one.1, other.1, from);
    main.said = t.say(
        "web-compare-said",
        &[("from", &from), ("changed", &diff.sessions.len()), ("same", &diff.same_sessions)],
    );
    main.figures = Some(figures(t, one.0, other.0));
    main.changes = Some(changes_table(context, &diff));
}

fn figures(t: T, one: &PlanHead, other: &PlanHead) -> Table {
    let figure = |head: &PlanHead| format!("#{}", t.say("web-compare-plan", &[("no", &head.no)]));
    let heads = [
        t.w("column-figure"),
        figure(one),
        figure(other),
        format!("#{}", t.w("column-difference")),
    ];
    let mut table = Table::new("figures", t.w("web-compare-figures"), &heads);
    let mut counts = |key: &str, of: fn(&Figures) -> u64| {
        let (before, after) = (of(&one.figures), of(&other.figures));
        let more = i128::from(after) - i128::from(before);
        let signed = format!("{}{}", if more > 0 { "+" } else { "" }, crate::text::thousands(more));
        table.rows.push(vec![
            Cell::head(t.w(key)),
            Cell::count(before),
            Cell::count(after),
            Cell::number(signed),
        ]);
    };
    counts("figure-doses", |figures| figures.doses);
    counts("figure-people-finished", |figures| figures.people_finished);
    let mut shares = |key: &str, of: &dyn Fn(&Figures) -> Option<f64>, digits: usize| {
        let text = |figure: Option<f64>| {
            Cell::number(figure.map_or_else(|| t.w("web-none"), |it| fixed(it, digits)))
        };
        let (before, after) = (of(&one.figures), of(&other.figures));
        let more = before.zip(after).map(|(before, after)| signed(after - before, digits));
        table.rows.push(vec![
            Cell::head(t.w(key)),
            text(before),
            text(after),
            Cell::number(more.unwrap_or_default()),
        ]);
    };
    let worst = |figures: &Figures| figures.worst_area.as_ref().map(|worst| worst.share * 100.0);
    shares("web-compare-worst", &worst, 1);
    shares("figure-gap", &|figures: &Figures| Some(figures.gap * 100.0), 2);
    shares("column-km_each", &Figures::km_each, 1);
    table
}

/// A difference with its sign; one that rounds to zero has none.
fn signed(difference: f64, digits: usize) -> String {
    let said = format!("{difference:+.digits$}");
    let is_zero = !said.contains(|c: char| c.is_ascii_digit() && c != '0');
    if is_zero { said.trim_start_matches(['+', '-']).to_owned() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_its_sign_and_zero_has_none() {
        assert_eq!(signed(-2.516, 2), "-2.52");
        assert_eq!(signed(0.26, 1), "+0.3");
        assert_eq!(signed(-0.04, 1), "0.0");
        assert_eq!(signed(0.0, 2), "0.00");
    }
}
