//! Reads staff, leave and crews of a jurisdiction, and checks them against each other and the places.

use super::check::{Codes, duplicates, unknown};
use super::fields::Fields;
use super::issue::Issue;
use super::settings::split;
use super::table::{Column, Table};
use super::tables::{Located, optional, read, required, values};
use super::values::half_width;
use crate::domain::date::{Weekdays, days};
use crate::domain::id::StaffId;
use crate::domain::jurisdiction::{
    Crew, CrewKind, Leave, People, Role, StaffMember, StopRow, crew_of, default_crews,
};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Days a week where somebody says nothing.
const DAYS_A_WEEK: u32 = 5;
/// Days in a row where somebody says nothing.
const DAYS_IN_ROW: u32 = 6;
/// Most days in a row that a cell may say. A larger number is a typing error.
const DAYS_IN_ROW_MAX: u32 = 31;
/// Most people that a station needs of a role. A larger number is a typing error.
const CREW_MAX: u32 = 1_000;
/// Longest leave in one row, in days.
const LEAVE_DAYS_MAX: i64 = 1_500;

pub(super) const STAFF: &[Column] = &[
    required("staff"),
    required("name"),
    required("home"),
    optional("roles"),
    optional("sites"),
    optional("weekdays"),
    optional("max_days_per_week"),
    optional("max_days_in_row"),
    optional("from"),
    optional("until"),
    optional("phone"),
    optional("email"),
];

pub(super) const LEAVE: &[Column] =
    &[required("staff"), required("date"), optional("until"), optional("reason")];

pub(super) const CREWS: &[Column] = &[
    required("place_kind"),
    required("role"),
    required("staff_per_station"),
    optional("per_place"),
];

/// The three tables as the jurisdiction keeps them.
pub(super) struct Staff {
    pub(super) members: Vec<StaffMember>,
    pub(super) leave: Vec<Leave>,
    pub(super) crews: Vec<Crew>,
}

/// Where people may work: codes of sites and teams, and the stops that teams visit.
pub(super) struct Workplaces<'a> {
    pub(super) sites: &'a Codes<'a>,
    pub(super) teams: &'a Codes<'a>,
    pub(super) stops: &'a [Located<StopRow>],
}

/// Reads the tables `staff`, `leave` and `crews`.
pub(super) fn staff(
    [staff, leave, crews]: [&Table; 3],
    places: &Workplaces<'_>,
    issues: &mut Vec<Issue>,
) -> Staff {
    let members = read(staff, issues, member);
    let crew_rows = read(crews, issues, crew);
    let codes = Codes::of(staff, "staff");
    let all = places.sites.and(places.teams);
    duplicates(&staff.file, "staff", &members, |one| &one.code, |o| o.code.to_string(), issues);
    for Located { row, value } in &members {
        if !all.contains(&value.home) {
            let home = &value.home;
            issues.push(unknown("unknown_workplace", &staff.file, *row, "home", home, &all));
        }
        for site in value.sites.iter().filter(|site| !places.sites.contains(site)) {
            let known = places.sites;
            issues.push(unknown("unknown_site", &staff.file, *row, "sites", site, known));
        }
    }
    let away = read(leave, issues, leave_row);
    let key = |one: &Leave| (one.staff.clone(), one.first);
    let shown = |one: &Leave| format!("{}, {}", one.staff, one.first);
    duplicates(&leave.file, "date", &away, key, shown, issues);
    for Located { row, value } in &away {
        let who = value.staff.as_str();
        if !codes.contains(who) {
            issues.push(unknown("unknown_staff", &leave.file, *row, "staff", who, &codes));
        }
    }
    let shown = |one: &Crew| format!("{}, {}", one.kind, one.role);
    duplicates(&crews.file, "role", &crew_rows, |one| (one.kind, one.role), shown, issues);
    if !members.is_empty() {
        // A row that was refused may have the role that would be missed.
        if members.len() == staff.lines.len() {
            enough(staff, (&crews.file, &crew_rows), &members, places, issues);
        }
        all_away(&leave.file, &members, &away, issues);
    }
    Staff { members: values(members), leave: values(away), crews: values(crew_rows) }
}

fn member(fields: &mut Fields<'_>) -> Option<StaffMember> {
    let code = fields.code("staff");
    let name = fields.text("name");
    let home = fields.code("home");
    let roles = roles(fields);
    let sites = split(&half_width(fields.get("sites"))).into_iter().map(str::to_owned).collect();
    let weekdays = fields.weekdays_or("weekdays", Weekdays::EVERY_DAY);
    let days_a_week_max = fields.count_or("max_days_per_week", DAYS_A_WEEK, 1..=7);
    let days_in_row_max = fields.count_or("max_days_in_row", DAYS_IN_ROW, 1..=DAYS_IN_ROW_MAX);
    let from = fields.day_maybe("from");
    let until = fields.day_maybe("until");
    let phone = fields.text_maybe("phone");
    let email = fields.email_maybe("email");
    if let (Some(Some(from)), Some(Some(until))) = (from, until)
        && until < from
    {
        let issue = fields.issue("until_before_date", "until").with("date", from);
        fields.issues.push(issue);
        return None;
    }
    Some(StaffMember {
        code: StaffId::new(code?),
        name: name?,
        home: home?,
        roles: roles?,
        sites,
        weekdays: weekdays?,
        days_a_week_max: days_a_week_max?,
        days_in_row_max: days_in_row_max?,
        from: from?,
        until: until?,
        phone: phone?,
        email: email?,
    })
}

/// The roles in a cell; an unknown one refuses it.
fn roles(fields: &mut Fields<'_>) -> Option<BTreeSet<Role>> {
    let text = half_width(fields.get("roles")).to_lowercase();
    let mut roles = BTreeSet::new();
    for word in split(&text) {
        let Some(role) = Role::from_word(word) else {
            let known = Role::ALL.map(Role::word);
            let near = super::issue::nearest(word, known.iter().copied()).unwrap_or("none");
            let issue = fields.issue("bad_word", "roles").value(word);
            fields.issues.push(issue.with("known", known.join(", ")).with("nearest", near));
            return None;
        };
        roles.insert(role);
    }
    Some(roles)
}

fn leave_row(fields: &mut Fields<'_>) -> Option<Leave> {
    let staff = fields.code("staff");
    let day = fields.day("date");
    let until = fields.day_maybe("until");
    let reason = fields.text_maybe("reason");
    let (first, last) = (day?, until?.unwrap_or(day?));
    if last < first {
        let issue = fields.issue("until_before_date", "until").with("date", first);
        fields.issues.push(issue);
        return None;
    }
    if (last - first).num_days() >= LEAVE_DAYS_MAX {
        let issue = fields.issue("leave_too_long", "until").with("limit", LEAVE_DAYS_MAX);
        fields.issues.push(issue);
        return None;
    }
    Some(Leave { staff: StaffId::new(staff?), first, last, reason: reason? })
}

fn crew(fields: &mut Fields<'_>) -> Option<Crew> {
    let kinds = CrewKind::ALL.map(CrewKind::word);
    let kind = fields.word("place_kind", &kinds, CrewKind::from_word);
    let role = fields.word("role", &Role::ALL.map(Role::word), Role::from_word);
    let per_station = if fields.is_blank("staff_per_station") {
        Some(Decimal::ZERO)
    } else {
        fields.decimal("staff_per_station", Decimal::ZERO, Decimal::from(CREW_MAX), true)
    };
    let per_place = fields.count_or("per_place", 0, 0..=CREW_MAX);
    Some(Crew { kind: kind?, role: role?, per_station: per_station?, per_place: per_place? })
}

/// Reports crews for which there are not enough people in the whole jurisdiction: not even one
/// station can open anywhere.
fn enough(
    staff: &Table,
    (file, rows): (&str, &[Located<Crew>]),
    members: &[Located<StaffMember>],
    places: &Workplaces<'_>,
    issues: &mut Vec<Issue>,
) {
    let mut have = People::new();
    for role in members.iter().flat_map(|one| &one.value.roles) {
        *have.entry(*role).or_default() += 1;
    }
    let is_visited = |kind: CrewKind| {
        let kind = Some(kind.word());
        places.stops.iter().any(|stop| stop.value.stop.kind.as_deref() == kind)
    };
    let crews: Vec<Crew> = match rows {
        [] => default_crews(),
        rows => rows.iter().map(|row| row.value.clone()).collect(),
    };
    for kind in CrewKind::ALL {
        let is_used = match kind {
            CrewKind::Site => !places.sites.is_empty(),
            CrewKind::Team => !places.teams.is_empty(),
            CrewKind::School | CrewKind::Home => is_visited(kind),
        };
        if !is_used {
            continue;
        }
        for (role, need) in crew_of(&crews, &BTreeSet::from([kind]), 1) {
            let there = have.get(&role).copied().unwrap_or(0);
            if there >= need {
                continue;
            }
            let code = if there == 0 { "role_of_nobody" } else { "crew_too_large" };
            let row = rows.iter().find(|row| (row.value.kind, row.value.role) == (kind, role));
            let issue = match row {
                Some(row) => Issue::error(code, file).row(row.row).column("role"),
                None => Issue::error(code, &staff.file).column("roles"),
            };
            let issue = issue.value(role.word()).with("kind", kind);
            issues.push(issue.with("need", need).with("count", there));
        }
    }
}

/// Warns of days on which everybody who would work is on leave.
fn all_away(
    file: &str,
    members: &[Located<StaffMember>],
    leave: &[Located<Leave>],
    issues: &mut Vec<Issue>,
) {
    let mut away: BTreeMap<NaiveDate, BTreeMap<&StaffId, u32>> = BTreeMap::new();
    for Located { row, value } in leave {
        for day in days(value.first, value.last) {
            away.entry(day).or_default().entry(&value.staff).or_insert(*row);
        }
    }
    let is_empty = |(day, who): &(&NaiveDate, &BTreeMap<&StaffId, u32>)| {
        let mut due = members.iter().map(|one| &one.value).filter(|one| one.works_on(**day));
        due.next().is_some_and(|first| who.contains_key(&first.code))
            && due.all(|one| who.contains_key(&one.code))
    };
    let empty: Vec<_> = away.iter().filter(is_empty).collect();
    if let [(day, who), ..] = empty.as_slice() {
        let row = who.values().copied().max().unwrap_or(0);
        let issue = Issue::warning("everybody_away", file).row(row).column("date");
        issues.push(issue.value(&day.to_string()).with("count", empty.len()));
    }
}
