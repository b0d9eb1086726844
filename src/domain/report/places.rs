//! The reports with a row for each place or lot.

use super::{Arrival, ArrivalPick, Basis, Facts, Figure, Measure, Name, Pick, Value};
use crate::domain::counting::ELSEWHERE;
use crate::domain::date::days;
use crate::domain::id::PlaceCode;
use crate::domain::stock::{GivenAt, LotFigure, LotMonth, lots_between};
use chrono::NaiveDate;

/// The column keys of these reports.
pub(super) fn columns(name: Name) -> &'static [&'static str] {
    match name {
        Name::Timeliness => {
            &["place", "name", "records", "same_day", "next_day", "days_2_3", "later", "in_time"]
        }
        Name::Stock => &[
            "lot",
            "product",
            "expires",
            "before",
            "arrived",
            "drawn",
            "given",
            "wasted",
            "wasted_percent",
            "expired",
            "left",
        ],
        Name::Sites => {
            &["place", "name", "area", "open_days", "reported_days", "doses", "capacity", "used"]
        }
        _ => &[],
    }
}

/// How soon the records of each place arrived. A record is in time on the day of the dose or the next one: our
/// choice; the provinces' rules differ.
pub(super) fn arrivals(facts: &Facts<'_>) -> Vec<Vec<Figure>> {
    /// Days; longer than any campaign.
    const NO_LIMIT: i64 = 100_000;
    let mut places: Vec<_> = facts.arrivals.iter().map(|arrival| &arrival.place).collect();
    places.sort();
    places.dedup();
    let row = |place: &&PlaceCode| {
        let within = |days_min: i64, days_max: i64| {
            let is_in = |arrival: &&Arrival| {
                arrival.place == **place && (days_min..=days_max).contains(&arrival.delay_days())
            };
            let count = facts.arrivals.iter().filter(is_in).count();
            let place = (*place).clone();
            let pick = ArrivalPick { place, days_min, days_max, is_of_days: false };
            Figure::count(i64::try_from(count).unwrap_or(i64::MAX), Basis::Arrivals(pick))
        };
        let all = within(0, NO_LIMIT);
        vec![
            Figure::words(place.as_str()),
            Figure::words(name_of(facts, place.as_str())),
            all.clone(),
            within(0, 0),
            within(1, 1),
            within(2, 3),
            within(4, NO_LIMIT),
            within(0, 1).over(&all),
        ]
    };
    places.iter().map(row).collect()
}

fn name_of(facts: &Facts<'_>, place: &str) -> String {
    let site = facts.campaign.site(place).map(|site| site.name.clone());
    site.or_else(|| facts.campaign.stop(place).map(|stop| stop.name.clone())).unwrap_or_default()
}

/// A row for each lot: arrived, drawn, wasted, left.
pub(super) fn stock(facts: &Facts<'_>) -> Vec<Vec<Figure>> {
    let given = given_at(facts);
    let lots = lots_between(facts.campaign, &given, facts.first, facts.last);
    lots.into_iter()
        .map(|month: LotMonth<'_>| {
            let lot = month.lot;
            let figure = |what: LotFigure| {
                Figure::count(month.of(what), Basis::Lot { lot: lot.lot.clone(), what })
            };
            let (drawn, wasted) = (figure(LotFigure::Drawn), figure(LotFigure::Wasted));
            vec![
                Figure::words(lot.lot.as_str()),
                Figure::words(lot.product.as_str()),
                Figure { value: Value::Day(lot.expires), basis: Basis::Words },
                figure(LotFigure::Before),
                figure(LotFigure::Arrived),
                drawn.clone(),
                figure(LotFigure::Given),
                wasted.clone(),
                wasted.over(&drawn),
                figure(LotFigure::Expired),
                figure(LotFigure::Left),
            ]
        })
        .collect()
}

/// Doses given up to the last day, by day and place, whoever got them: what the lots were drawn for.
pub fn given_at(facts: &Facts<'_>) -> GivenAt {
    let pick = Pick {
        areas: facts.campaign.areas.iter().map(|area| area.code.clone()).collect(),
        groups: facts.every_group(),
        dose: None,
        first: None,
        last: facts.last,
        place: None,
        measure: Measure::Doses,
    };
    let mut out = GivenAt::new();
    let drawn = facts.picked(&pick).filter(|(_, given)| given.place.as_str() != ELSEWHERE);
    for (_, given) in drawn {
        let doses = u64::try_from(given.total.doses).unwrap_or(0);
        *out.entry((given.day, given.place.clone())).or_default() += doses;
    }
    out
}

/// A row for each site of the area: days open, days reported, doses, capacity.
pub(super) fn sites(facts: &Facts<'_>) -> Vec<Vec<Figure>> {
    let campaign = facts.campaign;
    let below = campaign.below(&facts.area);
    let mut out = Vec::new();
    for site in campaign.sites.iter().filter(|site| below.contains(&site.area)) {
        let mut open_days = 0;
        let mut capacity = 0;
        let planned = facts.first.max(campaign.start)..=facts.last.min(campaign.end);
        for day in days(*planned.start(), *planned.end()) {
            let doses = i64::from(campaign.capacity(site, day));
            open_days += i64::from(doses > 0);
            capacity += doses;
        }
        let mut reported: Vec<NaiveDate> = facts
            .arrivals
            .iter()
            .filter(|arrival| arrival.place == site.code)
            .map(|arrival| arrival.day)
            .collect();
        reported.sort_unstable();
        reported.dedup();
        let pick = Pick {
            areas: campaign.areas.iter().map(|area| area.code.clone()).collect(),
            groups: facts.every_group(),
            dose: None,
            first: Some(facts.first),
            last: facts.last,
            place: Some(site.code.clone()),
            measure: Measure::Doses,
        };
        let doses = facts.given(pick);
        let capacity = Figure::count(capacity, Basis::Words);
        let used = doses.over(&capacity);
        let place = site.code.clone();
        let every = ArrivalPick { place, days_min: 0, days_max: i64::MAX, is_of_days: true };
        let reported = i64::try_from(reported.len()).unwrap_or(i64::MAX);
        out.push(vec![
            Figure::words(site.code.as_str()),
            Figure::words(site.name.as_str()),
            Figure::words(site.area.as_str()),
            Figure::count(open_days, Basis::Words),
            Figure::count(reported, Basis::Arrivals(every)),
            doses,
            capacity,
            used,
        ]);
    }
    out
}
