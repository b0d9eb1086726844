//! Small random campaigns for tests: every seed is one campaign, with or without history.

use super::{Limits, Request};
use crate::domain::area::{Area, Point, Travel};
use crate::domain::campaign::{Adopt, Campaign, Language};
use crate::domain::date::Weekdays;
use crate::domain::dose::GivenRow;
use crate::domain::group::{Eligible, Group};
use crate::domain::id::{AreaCode, CampaignId, GroupId, LotCode, PlaceCode, SeriesId, TeamCode};
use crate::domain::plan::PlanRow;
use crate::domain::series::{Duration, MonthEnd, Series, SeriesDose};
use crate::domain::site::{Closure, Delivery, Reach, Site, Stop, Team};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A generator of numbers (splitmix64): the same seed, the same numbers.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number of `0..below`.
    pub(super) fn below(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(below.max(1))).expect("below 2^32")
    }

    /// True in one of `n` cases.
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    fn index(&mut self, below: usize) -> usize {
        self.below(u32::try_from(below).expect("few")) as usize
    }

    fn weekdays(&mut self) -> Weekdays {
        let mut days = Weekdays::NONE;
        for i in 0..7_u8 {
            if self.one_in(2) {
                days = days.with(chrono::Weekday::try_from(i).expect("a weekday"));
            }
        }
        days
    }
}

/// The first day of every such campaign: a Monday.
pub(in crate::domain) fn start() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day")
}

/// A campaign with one area, one group, one site, one lot; the tests change what they need.
pub(in crate::domain) fn plain() -> Campaign {
    let area = AreaCode::from("A1");
    let point = |latitude, longitude| Point { latitude, longitude };
    Campaign {
        id: CampaignId::from("test"),
        name: "test".into(),
        timezone: chrono_tz::Asia::Shanghai,
        language: Language::En,
        start: start(),
        end: start() + TimeDelta::days(59),
        series: series(2, Some(21), Some(35)),
        catch_up: None,
        adopt: Adopt::Auto,
        freeze_days: 7,
        overbook_risk: crate::domain::campaign::overbook_risk(),
        coordinator: None,
        travel: Travel::default(),
        groups: vec![group("all", 1.0)],
        group_sets: Vec::new(),
        around: None,
        areas: vec![Area {
            code: area.clone(),
            name: "A1".into(),
            parent: None,
            point: Some(point(32.0, 119.0)),
        }],
        eligible: vec![eligible("A1", "all", 100)],
        sites: vec![Site {
            code: PlaceCode::from("S1"),
            name: "S1".into(),
            area: area.clone(),
            weekday_doses: 10,
            saturday_doses: 0,
            sunday_doses: 0,
            point: Some(point(32.01, 119.0)),
            storage_doses: Some(40),
            restock: Weekdays::NONE.with(chrono::Weekday::Mon),
            wastage_rate: Decimal::new(5, 2),
            lead: None,
        }],
        reach: vec![Reach { area: area.clone(), site: PlaceCode::from("S1") }],
        teams: vec![Team {
            code: TeamCode::from("T1"),
            name: "T1".into(),
            point: point(32.0, 119.05),
            work_minutes: 240,
            max_stops: 2,
            max_visits: None,
            doses_per_hour: 10,
            doses_per_day: 30,
            wastage_rate: Decimal::new(10, 2),
            weekdays: Weekdays::MON_TO_FRI,
            lead: None,
        }],
        stops: Vec::new(),
        closures: Vec::new(),
        deliveries: vec![lot("L1", 0, 200, 60)],
        mergers: BTreeMap::new(),
        renamed: BTreeMap::new(),
    }
}

/// What asks for the first plan of a campaign: nothing is given, nothing published.
pub(super) fn first_plan(campaign: &Campaign, limits: Limits) -> Request<'_> {
    let (given, published, from) = (&[], &[], campaign.start);
    Request { campaign, given, from, published, told: None, warm: None, limits }
}

/// A row at the one site of [`plain`], so many days after its start.
pub(in crate::domain) fn row(day: i64, dose: u8, doses: u32) -> PlanRow {
    PlanRow {
        day: start() + TimeDelta::days(day),
        place: PlaceCode::from("S1"),
        team: None,
        area: AreaCode::from("A1"),
        group: GroupId::from("all"),
        dose,
        doses,
    }
}

/// A series of equal shares.
pub(super) fn series(doses: u8, low: Option<i32>, high: Option<i32>) -> Series {
    let dose = |i: u8| SeriesDose {
        protection: f64::from(i) / f64::from(doses),
        min_age: None,
        interval_min: low.filter(|_| i > 1).map(Duration::days),
        interval_recommended: None,
        interval_max: high.filter(|_| i > 1).map(Duration::days),
    };
    Series {
        id: SeriesId::from("test"),
        name: "test".into(),
        source: "made up".into(),
        month_end: MonthEnd::Roll,
        grace: Duration::days(0),
        doses: (1..=doses).map(dose).collect(),
        season_start: None,
        rules: None,
    }
}

/// A group that opens at the start.
pub(super) fn group(id: &str, priority: f64) -> Group {
    Group {
        id: GroupId::from(id),
        name: id.into(),
        min_age: None,
        max_age: None,
        sex: None,
        tags: Vec::new(),
        priority,
        uptake: Decimal::ONE,
        target: None,
        opens: None,
    }
}

/// Eligible people.
pub(super) fn eligible(area: &str, group: &str, people: u32) -> Eligible {
    let (area, group) = (AreaCode::from(area), GroupId::from(group));
    Eligible { area, group, people, source: None, as_of: None }
}

/// A lot that arrives and expires so many days after the start.
pub(super) fn lot(code: &str, first: i64, doses: u32, last: i64) -> Delivery {
    Delivery {
        lot: LotCode::from(code),
        product: "p".into(),
        date: start() + TimeDelta::days(first),
        doses,
        expires: start() + TimeDelta::days(last),
        doses_per_vial: None,
    }
}

/// A random campaign: tight or generous, with or without teams, one to three doses.
pub(super) fn campaign(seed: u64) -> Campaign {
    let random = &mut Random(seed);
    let mut campaign = plain();
    let days = 10 + random.below(60);
    campaign.end = start() + TimeDelta::days(i64::from(days) - 1);
    let low = 1 + i32::try_from(random.below(20)).expect("small");
    let high = (!random.one_in(5)).then(|| low + i32::try_from(random.below(15)).expect("small"));
    campaign.series = series([2, 2, 2, 1, 3][random.index(5)], Some(low), high);
    if random.one_in(6) {
        let wait: Duration = "1 month - 12 days".parse().expect("a duration");
        for dose in campaign.series.doses.iter_mut().skip(1) {
            dose.interval_min = Some(wait);
            dose.interval_max = Some(Duration { months: 1, days: 3 });
        }
    }
    add_people(&mut campaign, random);
    add_places(&mut campaign, random);
    for _ in 0..random.below(8) {
        let codes: Vec<String> = campaign.closable().into_iter().map(str::to_owned).collect();
        if codes.is_empty() {
            break;
        }
        let place = codes[random.index(codes.len())].clone();
        let day = start() + TimeDelta::days(i64::from(random.below(days)));
        let is_site = campaign.site(&place).is_some();
        let doses = if is_site { random.below(20) } else { 0 };
        if !campaign.closures.iter().any(|c| c.place == place && c.day == day) {
            campaign.closures.push(Closure { place, day, doses });
        }
    }
    campaign.deliveries = (0..random.below(5))
        .map(|i| {
            let first = i64::from(random.below(days)) - 3;
            lot(&format!("L{i}"), first, random.below(400), first + i64::from(random.below(60)))
        })
        .collect();
    campaign
}

fn add_people(campaign: &mut Campaign, random: &mut Random) {
    campaign.groups = (0..=random.below(3))
        .map(|i| {
            let mut group = group(&format!("G{i}"), f64::from(1 + random.below(6)) / 2.0);
            group.uptake = Decimal::new(i64::from(50 + random.below(51)), 2);
            if random.one_in(3) {
                group.opens = Some(start() + TimeDelta::days(i64::from(random.below(40)) - 5));
            }
            group
        })
        .collect();
    campaign.areas = (0..=random.below(4))
        .map(|i| Area {
            code: AreaCode::new(format!("A{i}")),
            name: format!("A{i}"),
            parent: None,
            point: (!random.one_in(5)).then(|| place(random)),
        })
        .collect();
    campaign.eligible.clear();
    for area in &campaign.areas {
        for group in &campaign.groups {
            if !random.one_in(6) {
                let people = if random.one_in(8) { 0 } else { random.below(150) };
                let mut row = eligible(area.code.as_str(), group.id.as_str(), people);
                if random.one_in(4) {
                    campaign.eligible.push(row.clone());
                    row.as_of = Some(start() + TimeDelta::days(i64::from(random.below(30))));
                    row.people += random.below(30);
                }
                campaign.eligible.push(row);
            }
        }
    }
}

fn place(random: &mut Random) -> Point {
    Point {
        latitude: 32.0 + f64::from(random.below(300)) / 1000.0,
        longitude: 119.0 + f64::from(random.below(300)) / 1000.0,
    }
}

fn add_places(campaign: &mut Campaign, random: &mut Random) {
    let areas = campaign.areas.clone();
    let template = campaign.sites[0].clone();
    campaign.sites = (0..random.below(5))
        .map(|i| Site {
            code: PlaceCode::new(format!("S{i}")),
            area: areas[random.index(areas.len())].code.clone(),
            weekday_doses: random.below(30),
            saturday_doses: random.below(15),
            sunday_doses: random.below(3),
            point: (!random.one_in(3)).then(|| place(random)),
            storage_doses: random.one_in(2).then(|| random.below(80)),
            restock: random.weekdays(),
            wastage_rate: Decimal::new(i64::from(random.below(12)), 2),
            ..template.clone()
        })
        .collect();
    campaign.reach.clear();
    for area in &areas {
        for site in &campaign.sites {
            if random.one_in(2) {
                let row = Reach { area: area.code.clone(), site: site.code.clone() };
                campaign.reach.push(row);
            }
        }
    }
    let template = campaign.teams[0].clone();
    campaign.teams = (0..random.below(3))
        .map(|i| Team {
            code: TeamCode::new(format!("T{i}")),
            point: place(random),
            work_minutes: 60 + random.below(360),
            max_stops: 1 + random.below(4),
            max_visits: None,
            doses_per_hour: 1 + random.below(30),
            doses_per_day: random.below(120),
            weekdays: random.weekdays(),
            ..template.clone()
        })
        .collect();
    campaign.stops = (0..random.below(6))
        .map(|i| Stop {
            code: PlaceCode::new(format!("P{i}")),
            name: format!("P{i}"),
            area: areas[random.index(areas.len())].code.clone(),
            point: place(random),
            kind: None,
            setup_minutes: random.below(40),
            max_doses: random.below(80),
            weekdays: random.weekdays(),
        })
        .collect();
}

/// History of a plan until day `from`: most of its doses, some of them later, and some that
/// nobody planned.
pub(super) fn history(
    campaign: &Campaign,
    rows: &[PlanRow],
    from: NaiveDate,
    random: &mut Random,
) -> Vec<GivenRow> {
    let mut given = Vec::new();
    for row in rows {
        let late = if random.one_in(6) { i64::from(random.below(4)) } else { 0 };
        let day = row.day + TimeDelta::days(late);
        if day < from && !random.one_in(10) {
            given.push(GivenRow {
                day,
                place: row.place.clone(),
                area: row.area.clone(),
                group: row.group.clone(),
                dose: row.dose,
                doses: row.doses.saturating_sub(random.below(2)),
            });
        }
    }
    for _ in 0..random.below(4) {
        let Some(area) = campaign.areas.first() else { break };
        given.push(GivenRow {
            day: from - TimeDelta::days(i64::from(random.below(70))),
            place: PlaceCode::from(if random.one_in(2) { "GONE" } else { "S0" }),
            area: area.code.clone(),
            group: campaign.groups[0].id.clone(),
            dose: u8::try_from(random.below(5)).expect("small"),
            doses: random.below(40),
        });
    }
    given
}
