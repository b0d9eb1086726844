//! `doseplan plan why --session`: whom a session expects, and how many of them come.

use super::chosen::Lines;
use super::output::{Format, Sheet, harmless};
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
use crate::app::Loaded;
use crate::app::odds::Odds;
use crate::domain::figure::fixed;
use crate::domain::id::PlaceCode;
use chrono::NaiveDate;

/// A place and a day.
#[derive(Debug, Clone)]
pub(super) struct At {
    place: PlaceCode,
    day: NaiveDate,
}

/// Reads `PLACE@DATE`.
pub(super) fn parse_session(text: &str) -> Result<At, Remedy> {
    let Some((place, day)) = text.rsplit_once('@').filter(|(place, _)| !place.is_empty()) else {
        return Err(Remedy::new("write-session"));
    };
    Ok(At { place: PlaceCode::new(place.to_owned()), day: parse_day(day)? })
}

pub(super) async fn run(invocation: &Invocation, at: &At) -> anyhow::Result<u8> {
    let (app, all) = invocation.meant(None).await?;
    let here = |loaded: &&Loaded| loaded.campaign.place(at.place.as_str()).is_some();
    if !all.iter().any(|loaded| here(&loaded)) {
        let code = harmless(at.place.as_str());
        return Err(invocation.out.fail("fail-no-site-or-stop", &[("code", &code)]));
    }
    let (now, out) = (invocation.clock.now(), invocation.out);
    let mut found = Vec::new();
    for loaded in all.iter().filter(here) {
        if let Some(odds) = app.session_odds(loaded, (&at.place, at.day), now).await? {
            found.push((loaded, odds));
        }
    }
    app.store.close().await;
    if found.is_empty() {
        out.note("odds-no-session", &[("place", &at.place), ("day", &at.day)]);
        return Ok(exit::FAILED);
    }
    let mut lines = Lines::of(&all);
    for (loaded, odds) in &found {
        match out.format {
            Format::Json => lines.thing(loaded, serde_json::to_value(odds)?),
            Format::Csv => lines.sheet(loaded, sheet(loaded, odds)),
            Format::Table => {
                lines.title(loaded);
                say(invocation, odds);
                if !odds.groups.is_empty() {
                    out.sheet(&sheet(loaded, odds));
                }
            }
        }
    }
    lines.print(invocation);
    Ok(exit::OK)
}

fn sheet(loaded: &Loaded, odds: &Odds) -> Sheet {
    let mut sheet =
        Sheet::new(&["group", "dose", "expected", "chance", "called_before", "came_before"]);
    for one in &odds.groups {
        let name = loaded.campaign.group(one.group.as_str()).map(|group| &group.name);
        sheet.push(vec![
            harmless(name.map_or(one.group.as_str(), |name| name)),
            one.dose.to_string(),
            one.called.to_string(),
            format!("{} %", fixed(one.chance * 100.0, 1)),
            one.before.all.to_string(),
            one.before.came.to_string(),
        ]);
    }
    sheet
}

fn say(invocation: &Invocation, odds: &Odds) {
    let percent = |share: f64| format!("{} %", fixed(share * 100.0, 1));
    invocation.out.note(
        "odds-session",
        &[
            ("seats", &odds.seats),
            ("called", &odds.called),
            ("others", &odds.others),
            ("expected", &fixed(odds.expected, 0)),
            ("away", &percent(odds.turned_away)),
            ("risk", &percent(odds.risk)),
            ("kept", &odds.other_seats.all),
            ("used", &odds.other_seats.came),
        ],
    );
}
