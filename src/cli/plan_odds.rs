//! `doseplan plan why --session`: whom a session expects, and how many of them come.

use super::output::{Format, Sheet, harmless};
use super::usage_errors::Remedy;
use super::{Invocation, exit, parse_day};
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
    let (app, loaded) = invocation.loaded(None).await?;
    if loaded.campaign.place(at.place.as_str()).is_none() {
        let code = harmless(at.place.as_str());
        return Err(invocation.out.fail("fail-no-site-or-stop", &[("code", &code)]));
    }
    let odds = app.session_odds(&loaded, (&at.place, at.day), invocation.clock.now()).await?;
    app.store.close().await;
    let out = invocation.out;
    let Some(odds) = odds else {
        out.note("odds-no-session", &[("place", &at.place), ("day", &at.day)]);
        return Ok(exit::FAILED);
    };
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
    match out.format {
        Format::Json => out.json(&odds),
        Format::Csv => out.sheet(&sheet),
        Format::Table => {
            say(invocation, &odds);
            if !odds.groups.is_empty() {
                out.sheet(&sheet);
            }
        }
    }
    Ok(exit::OK)
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
