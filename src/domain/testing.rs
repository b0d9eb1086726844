//! A small county for the domain's tests: four areas, three groups, two sites, two teams, three lots.
//! Every test changes what it is about.

use super::area::{Area, Point, Travel};
use super::campaign::{Adopt, Campaign, Language};
use super::date::Weekdays;
use super::dose::Dose;
use super::group::{Eligible, Group, GroupSet};
use super::id::{
    AreaCode, CampaignId, GroupId, GroupSetId, LotCode, PlaceCode, SeriesId, StaffId, TeamCode,
};
use super::jurisdiction::{Role, StaffMember};
use super::rules::model::{
    AgeId, AgeRow, Antigen, AntigenId, AntigenSeries, Association, Conflicts, InForce, Interval,
    IntervalFrom, Kind, Preferable, Rules, TargetDose, Vaccine, VaccineGroup, VaccineGroupId,
    VaccineId, Wait,
};
use super::series::{Duration, MonthEnd, Series, SeriesDose};
use super::site::{Closure, Delivery, Reach, Site, Stop, Team};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Day `number` of the campaign; 0 is its start, Monday 1 March 2021.
pub(crate) fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2021, 3, 1).expect("a day") + TimeDelta::days(number)
}

/// Any day.
pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A duration such as `18 years`.
pub(crate) fn length(text: &str) -> Duration {
    text.parse().expect("a duration")
}

/// County `C` over `N`, with its village `V`, and `S`. Adults and seniors have denominators, `other` has
/// none; seniors open on day 10. Two doses, 28 days apart as recommended. Days 0 to 60.
pub(crate) fn county() -> Campaign {
    let group = |id: &str, ages: [Option<&str>; 2], opens: Option<i64>| Group {
        id: GroupId::from(id),
        name: format!("group {id}"),
        min_age: ages[0].map(length),
        max_age: ages[1].map(length),
        sex: None,
        tags: Vec::new(),
        priority: 1.0,
        uptake: Decimal::ONE,
        target: None,
        opens: opens.map(day),
    };
    let set = |id: &str, groups: &[&str]| GroupSet {
        id: GroupSetId::from(id),
        name: format!("set {id}"),
        groups: groups.iter().map(|group| GroupId::from(*group)).collect(),
    };
    let area = |code: &str, parent: Option<&str>| Area {
        code: AreaCode::from(code),
        name: format!("area {code}"),
        parent: parent.map(AreaCode::from),
        point: None,
    };
    let reach = |area: &str, site: &str| Reach { area: area.into(), site: site.into() };
    let shut = |at: &str, on, doses| Closure { place: at.into(), day: day(on), doses };
    Campaign {
        id: CampaignId::from("test"),
        name: "test".into(),
        timezone: chrono_tz::Asia::Shanghai,
        language: Language::En,
        start: day(0),
        end: day(60),
        series: two_doses(),
        catch_up: None,
        adopt: Adopt::Auto,
        freeze_days: 7,
        overbook_risk: super::campaign::overbook_risk(),
        coordinator: None,
        travel: Travel::default(),
        groups: vec![
            group("adult", [Some("18 years"), Some("60 years")], None),
            group("senior", [Some("60 years"), None], Some(10)),
            group("other", [None, None], None),
        ],
        around: None,
        group_sets: vec![set("grown", &["adult", "senior"]), set("all", &["adult", "other"])],
        areas: vec![
            area("C", None),
            area("N", Some("C")),
            area("S", Some("C")),
            area("V", Some("N")),
        ],
        eligible: vec![
            eligible("N", "adult", 800, None),
            eligible("V", "adult", 200, None),
            eligible("S", "adult", 1000, None),
            eligible("N", "senior", 100, None),
            eligible("S", "senior", 100, None),
        ],
        sites: vec![site("S1", "N", 5), site("S2", "S", 0)],
        reach: vec![reach("N", "S1"), reach("V", "S1"), reach("S", "S2")],
        teams: vec![team("T1", 10), team("T2", 20)],
        stops: vec![stop("P1", "V")],
        closures: vec![shut("S1", 2, 0), shut("S2", 6, 30)],
        deliveries: vec![lot("L2", 5, 200, 60), lot("L1", 0, 100, 20), lot("L3", 5, 50, 60)],
        mergers: BTreeMap::new(),
        renamed: BTreeMap::new(),
    }
}

/// Two doses, at least 21 days apart, 28 as recommended, 56 at most.
pub(crate) fn two_doses() -> Series {
    let dose = |protection: f64| SeriesDose {
        protection,
        min_age: None,
        interval_min: None,
        interval_recommended: None,
        interval_max: None,
    };
    let second = SeriesDose {
        interval_min: Some(Duration::days(21)),
        interval_recommended: Some(Duration::days(28)),
        interval_max: Some(Duration::days(56)),
        ..dose(1.0)
    };
    Series {
        id: SeriesId::from("test"),
        name: "test".into(),
        source: "made up".into(),
        month_end: MonthEnd::Roll,
        grace: Duration::days(0),
        doses: vec![dose(0.6), second],
        season_start: None,
        rules: None,
    }
}

/// Eligible people, as of a day.
pub(crate) fn eligible(area: &str, group: &str, people: u32, as_of: Option<i64>) -> Eligible {
    let (area, group) = (AreaCode::from(area), GroupId::from(group));
    Eligible { area, group, people, source: Some("register".into()), as_of: as_of.map(day) }
}

/// A site that gives 100 doses on a weekday, 50 on a Saturday, none on a Sunday.
pub(crate) fn site(code: &str, area: &str, wastage_percent: i64) -> Site {
    Site {
        code: PlaceCode::from(code),
        name: format!("site {code}"),
        area: AreaCode::from(area),
        weekday_doses: 100,
        saturday_doses: 50,
        sunday_doses: 0,
        point: None,
        storage_doses: None,
        restock: Weekdays::EVERY_DAY,
        wastage_rate: Decimal::new(wastage_percent, 2),
        lead: None,
    }
}

/// A team.
pub(crate) fn team(code: &str, wastage_percent: i64) -> Team {
    Team {
        code: TeamCode::from(code),
        name: format!("team {code}"),
        point: Point { latitude: 32.0, longitude: 119.0 },
        work_minutes: 420,
        max_stops: 3,
        max_visits: None,
        doses_per_hour: 30,
        doses_per_day: 240,
        wastage_rate: Decimal::new(wastage_percent, 2),
        weekdays: Weekdays::MON_TO_FRI,
        lead: None,
    }
}

/// A stop.
pub(crate) fn stop(code: &str, area: &str) -> Stop {
    Stop {
        code: PlaceCode::from(code),
        name: format!("stop {code}"),
        area: AreaCode::from(area),
        point: Point { latitude: 32.1, longitude: 119.0 },
        kind: None,
        setup_minutes: 30,
        max_doses: 200,
        weekdays: Weekdays::EVERY_DAY,
    }
}

/// A lot that arrives on one day and expires on another.
pub(crate) fn lot(code: &str, arrives: i64, doses: u32, expires: i64) -> Delivery {
    Delivery {
        lot: LotCode::from(code),
        product: "vaccine".into(),
        date: day(arrives),
        doses,
        expires: day(expires),
        doses_per_vial: Some(10),
    }
}

/// The campaign's two doses for the rule engine: vaccine `V1` from one year of age, the second dose 21 days
/// after the first at the earliest, 28 as recommended, 56 at the latest; and vaccine `V2`, one dose at
/// two years.
pub(crate) fn rules() -> Rules {
    let second = AgeRow { recommended: AgeId::NONE, ..from_age(0) };
    let first = antigen(0, vec![target(1, 0, from_age(0)), target(2, 0, second)]);
    Rules {
        vaccines: vec![vaccine("V1", 0), vaccine("V2", 1)],
        vaccine_by_code: [("V1".into(), VaccineId(0)), ("V2".into(), VaccineId(1))].into(),
        ages: vec![wait("1 year"), wait("2 years")],
        antigens: vec![first, antigen(1, vec![target(1, 1, from_age(1))])],
        groups: vec![vaccine_group(0), vaccine_group(1)],
        conflicts: vec![Conflicts::default(), Conflicts::default()],
        ..Rules::default()
    }
}

fn wait(text: &str) -> Wait {
    Wait { duration: length(text), month_end: MonthEnd::Roll }
}

fn from_age(age: u16) -> AgeRow {
    AgeRow {
        absolute_min: AgeId(age),
        min: AgeId(age),
        recommended: AgeId(age),
        latest: AgeId::NONE,
        max: AgeId::NONE,
        in_force: InForce::default(),
    }
}

/// A dose of a vaccine; from the second on with its interval.
fn target(number: u8, vaccine: u16, row: AgeRow) -> TargetDose {
    let interval = Interval {
        from: IntervalFrom::Previous,
        absolute_min: Some(wait("21 days")),
        min: Some(wait("21 days")),
        recommended: Some(wait("28 days")),
        latest: None,
        max: Some(wait("56 days")),
        late_counts: true,
        priority: false,
        in_force: InForce::default(),
    };
    TargetDose {
        number,
        ages: vec![row],
        intervals: if number > 1 { vec![interval] } else { Vec::new() },
        preferable: vec![Preferable {
            vaccine: VaccineId(vaccine),
            begin: AgeId::NONE,
            end: AgeId::NONE,
            manufacturer: None,
            forecast: true,
        }],
        ..TargetDose::default()
    }
}

fn antigen(id: u16, doses: Vec<TargetDose>) -> Antigen {
    let series = AntigenSeries {
        name: "series".into(),
        group: VaccineGroupId(id),
        kind: Kind::Standard,
        sexes: Vec::new(),
        born_from: NaiveDate::MIN,
        born_before: NaiveDate::MAX,
        indications: Vec::new(),
        equivalent_groups: Vec::new(),
        series_group: 1,
        is_default: true,
        is_product: false,
        priority: 0,
        preference: 1,
        start_before: AgeId::NONE,
        doses,
        preferable: std::iter::once(VaccineId(id)).collect(),
    };
    Antigen { name: format!("antigen {id}").into(), series: vec![series], ..Antigen::default() }
}

fn vaccine(code: &str, antigen: u16) -> Vaccine {
    let (begin, end) = (AgeId::NONE, AgeId::NONE);
    let antigens = vec![Association { antigen: AntigenId(antigen), begin, end }];
    Vaccine { code: code.into(), antigens, is_known: true }
}

fn vaccine_group(antigen: u16) -> VaccineGroup {
    VaccineGroup {
        name: format!("vaccine {}", antigen + 1).into(),
        full: false,
        is_programme: true,
        antigens: vec![AntigenId(antigen)],
    }
}

/// A dose given on a day at `S1`.
pub(crate) fn dose(record: &str, at: i64, product: Option<&str>) -> Dose {
    Dose {
        record: record.into(),
        person: "P1".into(),
        date: day(at),
        place: "S1".into(),
        product: product.map(str::to_owned),
        lot: None,
        campaign: None,
        elsewhere: false,
        attribute: None,
        entered: None,
    }
}

/// Somebody who works at a place on every day that there is.
pub(crate) fn staff(code: &str, home: &str, roles: &[Role]) -> StaffMember {
    StaffMember {
        code: StaffId::from(code),
        name: code.to_owned(),
        home: home.to_owned(),
        roles: roles.iter().copied().collect(),
        sites: Vec::new(),
        weekdays: Weekdays::EVERY_DAY,
        days_a_week_max: 7,
        days_in_row_max: 100,
        from: None,
        until: None,
        phone: None,
        email: None,
    }
}
