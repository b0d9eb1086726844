//! Reads the settings of a campaign: `campaign.toml`, or the sheets `campaign`, `groups` and `group_sets`.

#![expect(clippy::option_option, reason = "outer: the cell was refused; inner: the cell is blank")]

use super::fields::Fields;
use super::issue::{Issue, Severity, nearest};
use super::rules::vaccine_names;
use super::series::days_of;
use super::settle::{names_of, settled};
use super::table::{Column, Table};
use super::tree::LIST_MARK;
use crate::domain::area::Travel;
use crate::domain::campaign::{Adopt, CatchUp, FREEZE_DAYS, Language, overbook_risk};
use crate::domain::contact::Contact;
use crate::domain::group::{Group, GroupSet};
use crate::domain::id::{CampaignId, GroupId, GroupSetId};
use crate::domain::person::Sex;
use chrono::NaiveDate;
use chrono_tz::{TZ_VARIANTS, Tz};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Longest campaign, in days: three years. It keeps tables by day small; a longer span is a typing error.
pub(super) const CAMPAIGN_DAYS_MAX: i64 = 1100;
/// The series of catch-up campaigns, which give people whatever they lack.
const CATCH_UP: &str = "catch-up";
/// Most days that a plan may be frozen. To freeze more, do not re-plan.
const FREEZE_DAYS_MAX: u32 = 366;

pub(super) const SETTINGS: &[Column] = &[
    Column::required("id"),
    Column::required("name"),
    Column::required("timezone"),
    Column::required("start"),
    Column::required("end"),
    Column::required("series"),
    Column::optional("language"),
    Column::optional("adopt"),
    Column::optional("freeze_days"),
    Column::optional("overbook_risk"),
    Column::optional("coordinator.name"),
    Column::optional("coordinator.email"),
    Column::optional("travel.speed_km_per_hour"),
    Column::optional("travel.road_factor"),
    Column::optional("catch_up.vaccines"),
    Column::optional("catch_up.rate"),
];

pub(super) const GROUPS: &[Column] = &[
    Column::required("id"),
    Column::required("name"),
    Column::optional("min_age"),
    Column::optional("max_age"),
    Column::optional("priority"),
    Column::optional("uptake"),
    Column::optional("target"),
    Column::optional("opens"),
    Column::optional("sex"),
    Column::optional("tags"),
];

/// Groups of a campaign beside a jurisdiction: they may say which kinds of places serve them.
pub(super) const LOCAL_GROUPS: &[Column] = &[
    Column::required("id"),
    Column::required("name"),
    Column::optional("min_age"),
    Column::optional("max_age"),
    Column::optional("priority"),
    Column::optional("uptake"),
    Column::optional("target"),
    Column::optional("opens"),
    Column::optional("sex"),
    Column::optional("tags"),
    Column::optional("places"),
    Column::optional("renamed_from"),
];

pub(super) const GROUP_SETS: &[Column] =
    &[Column::required("id"), Column::required("name"), Column::required("groups")];

/// The settings that were read; `None` for a field that was refused.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) id: Option<CampaignId>,
    pub(super) name: Option<String>,
    pub(super) timezone: Option<Tz>,
    pub(super) language: Option<Language>,
    pub(super) start: Option<NaiveDate>,
    pub(super) end: Option<NaiveDate>,
    pub(super) series: Option<String>,
    /// An issue about the series, to be completed by the caller.
    pub(super) series_issue: Option<Issue>,
    pub(super) adopt: Option<Adopt>,
    pub(super) freeze_days: Option<u32>,
    pub(super) overbook_risk: Option<Decimal>,
    pub(super) coordinator: Option<Option<Contact>>,
    pub(super) travel: Option<Travel>,
    pub(super) catch_up: Option<Option<CatchUp>>,
}

pub(super) fn read(table: &Table, issues: &mut Vec<Issue>) -> Option<Settings> {
    let mut fields = Fields::new(table, table.lines.first()?);
    let id = fields.code("id").map(CampaignId::new);
    let name = fields.text("name");
    let timezone = timezone(&mut fields);
    let start = fields.day("start");
    let end = fields.day("end");
    // An impossible span is reported once, not again for every row outside it.
    let end = end.filter(|_| check_span(&mut fields, start, end));
    let series = fields.code("series");
    let language = if fields.is_blank("language") {
        Some(Language::default())
    } else {
        language(&mut fields, "language")
    };
    let adopt = if fields.is_blank("adopt") {
        Some(Adopt::default())
    } else {
        fields.word("adopt", &["auto", "ask"], |word| match word {
            "auto" | "自动" | "自动采用" => Some(Adopt::Auto),
            "ask" | "询问" | "等人确认" => Some(Adopt::Ask),
            _ => None,
        })
    };
    let freeze_days = fields.count_or("freeze_days", FREEZE_DAYS, 0..=FREEZE_DAYS_MAX);
    let coordinator = fields.contact("coordinator.name", "coordinator.email");
    let series_issue = Some(fields.issue("unknown_series", "series"));
    let settings = Settings {
        travel: travel(&mut fields),
        catch_up: catch_up(&mut fields, series.as_deref()),
        id,
        name,
        timezone,
        language,
        start,
        end,
        series,
        series_issue,
        adopt,
        freeze_days,
        overbook_risk: fields.share_or("overbook_risk", overbook_risk()),
        coordinator,
    };
    issues.append(&mut fields.issues);
    Some(settings)
}

/// Reads a time zone.
pub(super) fn timezone(fields: &mut Fields<'_>) -> Option<Tz> {
    let text = fields.get("timezone");
    if text.is_empty() {
        return fields.refuse("missing_value", "timezone");
    }
    if let Ok(zone) = text.parse() {
        return Some(zone);
    }
    let near = meant(text)
        .or_else(|| nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name())))
        .unwrap_or(CHINA);
    let issue = fields.issue("unknown_timezone", "timezone");
    fields.issues.push(issue.with("nearest", near));
    None
}

/// The zone of all of China.
const CHINA: &str = "Asia/Shanghai";
/// What people call China's time, in small letters without blanks.
const NAMES_OF_CHINA: [&str; 10] = [
    "asia/beijing",
    "asia/china",
    "asia/peking",
    "beijing",
    "beijingtime",
    "bjt",
    "china",
    "chinastandardtime",
    "cst",
    "peking",
];
/// The same within Chinese words, such as 北京时间 and Windows' “(UTC+08:00) 北京，重庆，香港特别行政区，乌鲁木齐”.
const CHINESE_NAMES: [&str; 6] = ["中国", "北京", "上海", "重庆", "东八", "东8"];

/// The zone that is meant by an offset from UTC or by a usual name that is no zone's; `None` if it is neither.
fn meant(text: &str) -> Option<&'static str> {
    let plain: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let is_china = NAMES_OF_CHINA.contains(&plain.as_str());
    if is_china || CHINESE_NAMES.iter().any(|name| plain.contains(name)) {
        return Some(CHINA);
    }
    let plain = plain.trim_start_matches(['(', '（']);
    let plain = plain.split([')', '）']).next().unwrap_or_default();
    let minutes = offset_minutes(plain)?;
    // Zones without summer time, which an offset cannot tell.
    let zones = [
        (480, CHINA),
        (540, "Asia/Tokyo"),
        (420, "Asia/Bangkok"),
        (390, "Asia/Yangon"),
        (360, "Asia/Dhaka"),
        (345, "Asia/Kathmandu"),
        (330, "Asia/Kolkata"),
        (300, "Asia/Tashkent"),
        (0, "UTC"),
    ];
    zones.iter().find(|(of, _)| *of == minutes).map(|(_, zone)| *zone)
}

/// The minutes that `utc+8`, `gmt+08:00`, `+0800`, `utc8` or `8` is ahead of UTC. Signs may be full-width.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.replace('＋', "+").replace('：', ":").replace(['－', '−'], "-");
    let mut rest = text.as_str();
    for head in ["utc", "gmt", "z", "时区", "etc/gmt"] {
        rest = rest.strip_prefix(head).unwrap_or(rest);
    }
    let (sign, digits) = match rest.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Reads a language tag that the program knows.
pub(super) fn language(fields: &mut Fields<'_>, column: &'static str) -> Option<Language> {
    match Language::from_tag(fields.get(column)) {
        Some(language) => Some(language),
        None => fields.refuse("unknown_language", column),
    }
}

fn check_span(fields: &mut Fields<'_>, start: Option<NaiveDate>, end: Option<NaiveDate>) -> bool {
    let (Some(start), Some(end)) = (start, end) else { return true };
    let days = (end - start).num_days() + 1;
    if days < 1 {
        let issue = fields.issue("end_before_start", "end").with("start", start);
        fields.issues.push(issue);
    } else if days > CAMPAIGN_DAYS_MAX {
        let issue = fields.issue("campaign_too_long", "end").with("days", days);
        fields.issues.push(issue.with("limit", CAMPAIGN_DAYS_MAX));
    }
    (1..=CAMPAIGN_DAYS_MAX).contains(&days)
}

/// Reads how fast teams drive.
pub(super) fn travel(fields: &mut Fields<'_>) -> Option<Travel> {
    let usual = Travel::default();
    let slowest = Decimal::new(1, 1);
    let fastest = Decimal::from(300);
    let speed =
        fields.float_or("travel.speed_km_per_hour", usual.speed_km_per_hour, slowest, fastest);
    let factor = fields.float_or(
        "travel.road_factor",
        usual.road_factor,
        Decimal::new(1, 1),
        Decimal::from(100),
    );
    Some(Travel { speed_km_per_hour: speed?, road_factor: factor? })
}

/// What a catch-up campaign asks for; `None` for any other campaign.
fn catch_up(fields: &mut Fields<'_>, series: Option<&str>) -> Option<Option<CatchUp>> {
    let vaccines: Vec<String> =
        split(fields.get("catch_up.vaccines")).into_iter().map(str::to_owned).collect();
    if series != Some(CATCH_UP) {
        if !vaccines.is_empty() || !fields.is_blank("catch_up.rate") {
            fields.refuse::<()>("catch_up_series", "catch_up.vaccines");
        }
        return Some(None);
    }
    for vaccine in &vaccines {
        if !vaccine_names().any(|name| name == vaccine) {
            let near = nearest(vaccine, vaccine_names()).unwrap_or("none");
            let issue = fields.issue("unknown_vaccine", "catch_up.vaccines").value(vaccine);
            fields.issues.push(issue.with("nearest", near));
        }
    }
    // Default share from which an area counts as covered: 90 % (our choice).
    let rate = fields.share_or("catch_up.rate", Decimal::new(9, 1))?;
    Some(Some(CatchUp { vaccines, rate }))
}

/// Reads the groups, in the order of the file.
pub(super) fn groups(table: &Table, settings: &Settings, issues: &mut Vec<Issue>) -> Vec<Group> {
    /// Largest weight. A larger one would make the other groups vanish in rounding.
    const PRIORITY_MAX: u32 = 1_000_000;
    let mut groups = Vec::new();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for line in &table.lines {
        let mut fields = Fields::new(table, line);
        let id = fields.code("id");
        let name = fields.text("name");
        let min_age = fields.duration_maybe("min_age");
        let max_age = fields.duration_maybe("max_age");
        let max = Decimal::from(PRIORITY_MAX);
        let priority = fields.float_or("priority", 1.0, Decimal::ZERO, max);
        let uptake = fields.share_or("uptake", Decimal::ONE);
        let target = if fields.is_blank("target") {
            Some(None)
        } else {
            fields.share_or("target", Decimal::ONE).map(Some)
        };
        let opens = fields.day_maybe("opens");
        let sex =
            if fields.is_blank("sex") { Some(None) } else { sex(&mut fields, "sex").map(Some) };
        let tags = split(fields.get("tags")).into_iter().map(str::to_owned).collect();
        if let (Some(Some(min)), Some(Some(max))) = (min_age, max_age)
            && days_of(min) >= days_of(max)
        {
            let issue = fields.issue("ages_crossed", "max_age").with("min_age", min);
            fields.issues.push(issue);
        }
        if let (Some(Some(opens)), Some(end)) = (opens, settings.end)
            && opens > end
        {
            let mut issue = fields.issue("opens_after_end", "opens").with("end", end);
            issue.severity = Severity::Warning;
            fields.issues.push(issue);
        }
        duplicate(&mut fields, "id", id.as_deref(), &mut seen);
        issues.append(&mut fields.issues);
        let group = (|| {
            Some(Group {
                id: GroupId::new(id?),
                name: name?,
                min_age: min_age?,
                max_age: max_age?,
                priority: priority?,
                uptake: uptake?,
                target: target?,
                opens: opens?,
                sex: sex?,
                tags,
            })
        })();
        groups.extend(group);
    }
    if table.lines.is_empty() {
        issues.push(Issue::error("no_groups", &table.file).column("groups"));
    }
    groups
}

/// The old names of groups, each with the new one.
pub(super) fn renamed(table: &Table, issues: &mut Vec<Issue>) -> BTreeMap<GroupId, GroupId> {
    let ids: Vec<String> =
        table.lines.iter().map(|line| Fields::new(table, line).get("id").to_owned()).collect();
    let mut out = BTreeMap::new();
    for line in &table.lines {
        let fields = Fields::new(table, line);
        let id = GroupId::from(fields.get("id"));
        for old in split(fields.get("renamed_from")) {
            let is_there = ids.iter().any(|id| id == old);
            if is_there || out.insert(GroupId::from(old), id.clone()).is_some() {
                let mut issue = fields.issue("renamed_twice", "renamed_from").value(old);
                issue.severity = Severity::Error;
                issues.push(issue);
            }
        }
    }
    out
}

/// Reports an id that an earlier row has used, and remembers it.
fn duplicate(
    fields: &mut Fields<'_>,
    column: &'static str,
    id: Option<&str>,
    seen: &mut BTreeMap<String, u32>,
) {
    let Some(id) = id else { return };
    let issue = fields.issue("duplicate_key", column);
    match seen.get(id) {
        Some(first) => fields.issues.push(issue.with("first", first)),
        None => {
            seen.insert(id.to_owned(), issue.row.unwrap_or(0));
        }
    }
}

/// Reads the sets of groups that reports add up.
pub(super) fn group_sets(table: &Table, groups: &Table, issues: &mut Vec<Issue>) -> Vec<GroupSet> {
    let known: Vec<&str> = groups.texts("id").collect();
    let names = names_of(groups, "id");
    // A report has a line for each group and each set, so their ids must differ.
    let mut seen: BTreeMap<String, u32> = groups
        .lines
        .iter()
        .map(|line| (line.cells[0].trim().to_owned(), line.cell_rows.first().copied()))
        .map(|(id, row)| (id, row.unwrap_or(0)))
        .collect();
    let mut sets = Vec::new();
    for line in &table.lines {
        let mut fields = Fields::new(table, line);
        let id = fields.code("id");
        let name = fields.text("name");
        let members = split(fields.get("groups"));
        let members: Vec<&str> = members
            .into_iter()
            .map(|member| names.code_of(&settled(member)).unwrap_or(member))
            .collect();
        if members.is_empty() {
            fields.refuse::<()>("missing_value", "groups");
        }
        for (index, member) in members.iter().enumerate() {
            if !known.contains(member) {
                let near = nearest(member, known.iter().copied()).unwrap_or("none");
                let issue = fields.issue("unknown_group", "groups").value(member);
                fields.issues.push(issue.with("nearest", near));
            } else if members[..index].contains(member) {
                let issue = fields.issue("duplicate_key", "groups").value(member);
                let row = issue.row.unwrap_or(0);
                fields.issues.push(issue.with("first", row));
            }
        }
        duplicate(&mut fields, "id", id.as_deref(), &mut seen);
        issues.append(&mut fields.issues);
        if let (Some(id), Some(name)) = (id, name) {
            let groups = members.into_iter().map(GroupId::from).collect();
            sets.push(GroupSet { id: GroupSetId::new(id), name, groups });
        }
    }
    sets
}

/// A sex, in the words that registers use.
pub(super) fn sex(fields: &mut Fields<'_>, column: &'static str) -> Option<Sex> {
    fields.word(column, &["F", "M", "U"], |word| match word {
        "f" | "female" | "女" | "女性" => Some(Sex::F),
        "m" | "male" | "男" | "男性" => Some(Sex::M),
        "u" | "unknown" | "未知" | "不详" => Some(Sex::U),
        _ => None,
    })
}

/// The elements of a list in one cell: those of a TOML list, or else its words.
pub(super) fn split(text: &str) -> Vec<&str> {
    let parts: Vec<&str> = if text.contains(LIST_MARK) {
        text.split(LIST_MARK).collect()
    } else {
        text.split(|c: char| c.is_whitespace() || ",;，；、|".contains(c)).collect()
    };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_writes_an_offset_is_told_the_zone() {
        for text in [
            "UTC+8",
            "utc +8",
            "UTC+08:00",
            "GMT+8",
            "GMT+0800",
            "+08:00",
            "+0800",
            "+8",
            "8",
            "UTC8",
            "UTC＋8",
            "UTC+8：00",
            "(UTC+08:00) 北京，重庆，香港特别行政区，乌鲁木齐",
            "(UTC+08:00)",
            "CST",
            "Beijing",
            "Asia/Beijing",
            "China Standard Time",
            "北京时间",
            "中国标准时间",
            "东八区",
            "上海",
            "BJT",
        ] {
            assert!(text.parse::<Tz>().is_err(), "{text} is a zone");
            assert_eq!(meant(text), Some(CHINA), "{text}");
        }
        for (text, zone) in [
            ("UTC+9", Some("Asia/Tokyo")),
            ("UTC+5:30", Some("Asia/Kolkata")),
            ("+00:00", Some("UTC")),
            ("UTC-8", None),
            ("UTC+80", None),
            ("Asia/Shanghia", None),
            ("somewhere", None),
            ("", None),
        ] {
            assert_eq!(meant(text), zone, "{text}");
        }
        let zones = ["Asia/Tokyo", "Asia/Bangkok", "Asia/Yangon", "Asia/Dhaka", "Asia/Kathmandu"];
        let more = ["Asia/Kolkata", "Asia/Tashkent", "UTC", CHINA];
        assert!(zones.iter().chain(&more).all(|zone| zone.parse::<Tz>().is_ok()));
    }
}
