//! Digests, summaries and reminders to be looked at: plain, empty, and with names that mean harm.

use super::super::*;
use crate::domain::attention::{Attention, DoubtfulLine, PlanProgress};
use crate::domain::campaign::Language;
use crate::domain::contact::Contact;
use crate::domain::count::{Doses, People, Percent};
use crate::domain::coverage::{Coverage, CoverageRow, DoseLine, Flag, Share, SitesReported};
use crate::domain::id::{AreaCode, CampaignId};
use crate::domain::notice::*;
use chrono::NaiveDate;

pub(super) const BOTH: [Language; 2] = [Language::ZhCn, Language::En];
pub(super) const HOSTILE: &str = "=<script>alert(1)</script>\r\nBcc: v@x.test\u{202e}\u{2028}&\"'";

pub(super) fn told(value: &Summary) -> Letter {
    let picture = picture(value, &Painter::delivered()).expect("a font is delivered");
    summary(std::slice::from_ref(value), picture.as_ref())
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn person(number: usize, name: &str) -> PersonLine {
    PersonLine {
        person: format!("R{number:05}").as_str().into(),
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        phone: (!number.is_multiple_of(5)).then(|| format!("000-1227-{number:04}")),
        group_name: "60岁及以上".to_owned(),
        dose: if number.is_multiple_of(3) { 2 } else { 1 },
    }
}

pub(super) fn expected(area: &str, group: &str, dose: u8, people: u64) -> Expected {
    Expected { area_name: area.into(), group_name: group.into(), dose, people }
}

pub(super) fn vials(lot: &str, vials: u64, doses_per_vial: u32, left: u64) -> VialLine {
    VialLine { lot: lot.into(), vials, doses_per_vial, left }
}

pub(super) fn needs() -> Vec<Need> {
    let need = |group: &str, target, finished, doses_left, per_day| Need {
        group_name: group.into(),
        target: People(target),
        finished: People(finished),
        doses_left: Doses(doses_left),
        days_left: 127,
        per_day: Doses(per_day),
    };
    vec![
        need("60岁及以上", 202_561, 120_044, 140_300, 1_105),
        need("18–59岁", 531_724, 210_006, 560_112, 4_411),
        need("12–17岁", 42_141, 0, 84_282, 664),
    ]
}

pub(super) fn site_digest(language: Language) -> LeadDigest {
    LeadDigest {
        campaign: CampaignId::from("danyang-2021"),
        campaign_name: "丹阳市新冠病毒疫苗接种（2021）".into(),
        vaccine_name: None,
        post: "S03".into(),
        post_name: "云阳街道预防接种门诊3".into(),
        lead: Contact { name: "云阳街道3号点负责人".into(), email: None },
        language,
        today: day("2021-06-15"),
        tomorrow: day("2021-06-16"),
        missed: None,
        sessions: vec![SessionSheet {
            place: "S03".into(),
            place_name: "云阳街道预防接种门诊3".into(),
            expected: vec![
                expected("云阳街道", "60岁及以上", 1, 80),
                expected("云阳街道", "60岁及以上", 2, 120),
                expected("曲阿街道", "60岁及以上", 2, 20),
                expected("云阳街道", "18–59岁", 2, 200),
            ],
            doses: 420,
            draws: vec![
                DrawLine {
                    lot: "L08".into(),
                    product: "inactivated-vero".into(),
                    vaccine: Some("新冠病毒灭活疫苗".into()),
                    doses: 300,
                    expires: day("2021-06-20"),
                    until: day("2021-06-16"),
                },
                DrawLine {
                    lot: "L11".into(),
                    product: "inactivated-vero".into(),
                    vaccine: Some("新冠病毒灭活疫苗".into()),
                    doses: 1_143,
                    expires: day("2021-10-01"),
                    until: day("2021-06-18"),
                },
            ],
            vials: vec![vials("L08", 30, 10, 0), vials("L11", 5, 25, 5)],
            late_vial: None,
            to_call: Vec::new(),
            people: (0..7).map(|n| person(n, ["周静涛", "朱洋华", "刘志霞"][n % 3])).collect(),
            times: None,
        }],
        load: Vec::new(),
        home: None,
        reported_today: None,
        planned_today: 415,
        absent: vec![person(21, "胡军洋"), person(25, "马娜")],
        needs: needs(),
    }
}

pub(super) fn team_digest(language: Language) -> LeadDigest {
    let at = |time: &str| time.parse().expect("a time");
    let stop = |code: &str, name: &str, (arrives, leaves), people| SessionSheet {
        place: code.into(),
        place_name: name.into(),
        expected: vec![expected("司徒镇", "60岁及以上", 1, people)],
        doses: people,
        draws: Vec::new(),
        vials: Vec::new(),
        late_vial: None,
        to_call: Vec::new(),
        people: Vec::new(),
        times: Some(StopTimes {
            arrives: at(arrives),
            leaves: at(leaves),
            address: Some("司徒镇人民路8号".into()),
            phone: Some("0511-86500000".into()),
        }),
    };
    LeadDigest {
        post: "T1".into(),
        post_name: "流动接种车1".into(),
        sessions: vec![
            stop("P05", "司徒镇村（社区）流动点", ("08:28", "10:40"), 80),
            stop("P06", "司徒镇工业园企业专场", ("11:10", "12:50"), 60),
        ],
        load: vec![LoadLine {
            lot: "L08".into(),
            product: "inactivated-vero".into(),
            vaccine: Some("新冠病毒灭活疫苗".into()),
            doses: 147,
            vials: Some(15),
            expires: day("2021-06-20"),
        }],
        missed: Some((day("2021-06-12"), day("2021-06-13"))),
        reported_today: Some(128),
        planned_today: 140,
        absent: Vec::new(),
        ..site_digest(language)
    }
}

pub(super) fn idle_digest(language: Language) -> LeadDigest {
    LeadDigest {
        sessions: Vec::new(),
        planned_today: 0,
        absent: Vec::new(),
        needs: Vec::new(),
        ..site_digest(language)
    }
}

pub(super) fn share(part: u64, whole: u64) -> Option<Percent> {
    Percent::of(part.cast_signed(), whole.cast_signed())
}

pub(super) fn line(dose: u8, people: u64, eligible: Option<u64>, today: u64) -> DoseLine {
    let percent = eligible.and_then(|eligible| share(people, eligible));
    DoseLine {
        dose,
        people: People(people),
        percent,
        today: People(today),
        valid: People(people),
        valid_percent: percent,
        due_not_given: None,
        drop_out: None,
    }
}

pub(super) fn row(
    id: &str,
    name: &str,
    eligible: Option<u64>,
    doses: Vec<DoseLine>,
) -> CoverageRow {
    let last = doses.last().unwrap().clone();
    let mut flags = Vec::new();
    if doses.iter().any(|line| line.percent.is_some_and(Percent::is_over_100)) {
        flags.push(Flag::Over100);
    }
    if eligible.is_none() {
        flags.push(Flag::NoDenominator);
    }
    CoverageRow {
        area: AreaCode::from("danyang"),
        area_name: "丹阳市".into(),
        group: id.into(),
        group_name: name.into(),
        eligible: eligible.map(People),
        complete: Share { people: last.people, percent: last.percent },
        valid_complete: Share { people: last.people, percent: last.percent },
        zero_dose: Some(People(0)),
        drop_out: eligible.and_then(|_| share(5, 1_000)),
        doses,
        invalid: Doses(0),
        flags,
    }
}

pub(super) fn coverage() -> Coverage {
    let (adult, teen) = (Some(844_005), Some(46_823));
    let adults = vec![line(1, 785_769, adult, 812), line(2, 781_549, adult, 1_204)];
    let teens = vec![line(1, 52_723, teen, 31), line(2, 51_037, teen, 55)];
    let other = vec![line(1, 9_461, None, 0), line(2, 9_461, None, 0)];
    Coverage {
        as_of: day("2021-10-20"),
        known_on: None,
        sites: SitesReported {
            expected: 14,
            reported: 12,
            missing: vec!["S03".into(), "S07".into()],
        },
        rows: vec![
            row("adults-18-plus", "18岁及以上", Some(844_005), adults),
            row("teen", "12–17岁", Some(46_823), teens),
            row("other", "其他（来源未分列）", None, other),
        ],
    }
}

pub(super) fn attention() -> Vec<Attention> {
    vec![
        Attention::LateSites(vec!["云阳街道预防接种门诊3".into(), "曲阿街道预防接种门诊1".into()]),
        Attention::NoPlan,
        Attention::DoubtfulCounts(vec![doubtful("R1", "云阳街道预防接种门诊3")]),
        Attention::StockLow { stock: 2_400, needed: 8_150 },
        Attention::BehindPlan { planned: 1_702_300, done: 1_690_000 },
        Attention::LotNearExpiry { lot: "L14".into(), left: 1_280, expires: day("2021-10-22") },
        Attention::Over100 {
            area_name: "丹阳市".into(),
            group_name: "12–17岁".into(),
            dose: 1,
            percent: share(52_723, 46_823).expect("a denominator"),
        },
        Attention::InvalidDoses(Doses(17)),
        Attention::PersonsExceedTally {
            place_name: "导墅镇门诊1".into(), day: day("2021-10-19")
        },
        Attention::DraftWaits {
            plan: 41,
            changes: vec!["S03 10/22 +120 第二剂".into(), "T2 10/23 P09 → P11".into()],
            more: 0,
        },
        Attention::MailInDoubt(1),
        Attention::NoAddress(vec!["3号车队长".into()]),
    ]
}

pub(super) fn county(language: Language) -> Summary {
    let towns = ["云阳街道", "曲阿街道", "司徒镇", "延陵镇", "珥陵镇", "导墅镇", "丹北镇"];
    let area = |(index, name): (usize, &&str)| {
        let eligible = 61_000 + 7_919 * index as u64;
        let (first, complete) = (eligible * (70 + 6 * index as u64) / 100, eligible * 68 / 100);
        AreaLine {
            area: (*name).into(),
            area_name: (*name).into(),
            eligible: People(eligible),
            first: People(first),
            first_percent: share(first, eligible),
            complete: People(complete),
            complete_percent: share(complete, eligible),
            today: (index > 0).then_some(Doses(98 * index as u64)),
        }
    };
    Summary {
        campaign: CampaignId::from("danyang-2021"),
        campaign_name: "丹阳市新冠病毒疫苗接种（2021）".into(),
        vaccine_name: None,
        county: "丹阳市".into(),
        coordinator: Contact { name: "丹阳市疾控中心".into(), email: None },
        language,
        as_of: day("2021-10-20"),
        missed: None,
        doses_total: 1_690_000,
        doses_today: 2_102,
        by_group: coverage(),
        by_area: towns.iter().enumerate().map(area).collect(),
        attention: attention(),
        progress: PlanProgress { planned: 1_702_300, done: 1_690_000, planned_total: 1_740_000 },
        needs: needs(),
        trend: (7u32..21)
            .map(|n| (day(&format!("2021-10-{n:02}")), u64::from(n) * 137 % 2_400))
            .collect(),
        curves: curves(),
        audit_head: Some("4711:0123456789abcdef".into()),
    }
}

/// A campaign from April to October: slow at first, then quick, behind its plan for a while.
fn curves() -> Curves {
    let (first, last) = (day("2021-04-10"), day("2021-10-30"));
    let curve = |total: u64, late: i64, until: NaiveDate| {
        crate::domain::date::days(first, until)
            .map(|day| {
                let gone = ((day - first).num_days() - late).max(0).cast_unsigned();
                (day, total * gone * gone / (gone * gone + 8_100))
            })
            .collect()
    };
    Curves {
        planned: curve(2_081_000, 0, last),
        done: curve(2_103_500, 4, day("2021-10-20")),
        days: Some((first, last)),
    }
}

/// A count with a zero too many.
fn doubtful(record: &str, place_name: &str) -> DoubtfulLine {
    DoubtfulLine {
        record: record.into(),
        place: "S01".into(),
        place_name: place_name.into(),
        day: day("2021-10-20"),
        doses: 1_800,
        why: crate::domain::plausible::Why::OverCapacity,
        than: 180,
    }
}

pub(super) fn empty_county(language: Language) -> Summary {
    Summary {
        doses_total: 0,
        doses_today: 0,
        by_group: Coverage {
            as_of: day("2021-10-20"),
            known_on: None,
            sites: SitesReported::default(),
            rows: Vec::new(),
        },
        by_area: Vec::new(),
        attention: Vec::new(),
        progress: PlanProgress::default(),
        needs: Vec::new(),
        trend: Vec::new(),
        curves: Curves::default(),
        ..county(language)
    }
}

pub(super) fn household(language: Language) -> Reminder {
    let tomorrow = || ReminderWhy::Tomorrow {
        day: day("2021-06-16"),
        place: "S03".into(),
        place_name: "云阳街道预防接种门诊3".into(),
    };
    let overdue = ReminderWhy::Overdue {
        since: day("2021-06-09"),
        places: vec!["云阳街道预防接种门诊1".into(), "云阳街道预防接种门诊3".into()],
    };
    let item = |(person, name): (&str, &str), dose, why| ReminderItem {
        person: person.into(),
        name: Some(name.into()),
        dose,
        vaccines: Vec::new(),
        why,
        slot: None,
        link: None,
        venue: None,
    };
    Reminder {
        campaign: CampaignId::from("danyang-2021"),
        campaign_name: "丹阳市新冠病毒疫苗接种（2021）".into(),
        vaccine_name: "新冠病毒灭活疫苗".into(),
        email: "r00003@example.test".into(),
        language,
        today: day("2021-06-15"),
        items: vec![
            item(("R00003", "朱洋华"), 2, tomorrow()),
            item(("R00004", "朱英娜"), 1, tomorrow()),
            item(("R00005", "朱小明"), 2, overdue),
        ],
        contact: Some(Contact {
            name: "丹阳市疾控中心".into(),
            email: Some("cdc@danyang.example".into()),
        }),
    }
}

/// Every kind of letter in one language, with its name.
pub(super) fn all(language: Language) -> Vec<(&'static str, Letter)> {
    let overdue = Reminder { items: household(language).items.split_off(2), ..household(language) };
    vec![
        ("digest-site", digest(&[site_digest(language)])),
        ("digest-team", digest(&[team_digest(language)])),
        ("digest-idle", digest(&[idle_digest(language)])),
        ("summary", told(&county(language))),
        ("summary-empty", told(&empty_county(language))),
        ("reminder", reminder(&[&household(language)], &by_mail())),
        ("reminder-overdue", reminder(&[&overdue], &by_page())),
        ("hostile-digest", digest(&[hostile_digest(language)])),
        ("hostile-summary", told(&hostile_summary(language))),
        ("hostile-reminder", reminder(&[&hostile_reminder(language)], &by_page())),
    ]
}

pub(super) fn by_mail() -> WayOut {
    WayOut::new("desk@danyang.example", None, "00ff".repeat(16)).unwrap()
}

pub(super) fn by_page() -> WayOut {
    let page = "https://plan.danyang.example/u".parse().unwrap();
    WayOut::new("desk@danyang.example", Some(&page), "00ff".repeat(16)).unwrap()
}

pub(super) fn hostile_digest(language: Language) -> LeadDigest {
    let mut value = site_digest(language);
    let team = team_digest(language);
    value.sessions[0].times = team.sessions[0].times.clone().map(|at| StopTimes {
        address: Some(HOSTILE.into()),
        phone: Some(HOSTILE.into()),
        ..at
    });
    value.load = team.load;
    value.load[0].lot = HOSTILE.into();
    value.load[0].product = HOSTILE.into();
    value.campaign_name = HOSTILE.into();
    value.post = HOSTILE.into();
    value.post_name = HOSTILE.into();
    value.sessions[0].place = HOSTILE.into();
    value.sessions[0].place_name = HOSTILE.into();
    value.sessions[0].expected[0].area_name = HOSTILE.into();
    value.sessions[0].expected[0].group_name = HOSTILE.into();
    value.sessions[0].draws[0].lot = HOSTILE.into();
    value.sessions[0].draws[0].product = HOSTILE.into();
    value.sessions[0].vials[0].lot = HOSTILE.into();
    value.absent[0].name = Some(HOSTILE.into());
    value.absent[0].phone = Some(HOSTILE.into());
    value.absent[0].group_name = HOSTILE.into();
    value.needs[0].group_name = HOSTILE.into();
    value
}

pub(super) fn hostile_summary(language: Language) -> Summary {
    let mut value = county(language);
    value.county = HOSTILE.into();
    value.campaign_name = HOSTILE.into();
    value.by_group.rows[0].group_name = HOSTILE.into();
    value.by_group.sites.missing[0] = HOSTILE.into();
    value.by_area[0].area_name = HOSTILE.into();
    value.attention = vec![
        Attention::LateSites(vec![HOSTILE.into()]),
        Attention::DoubtfulCounts(vec![doubtful(HOSTILE, HOSTILE)]),
        Attention::LotNearExpiry { lot: HOSTILE.into(), left: 1, expires: day("2021-10-22") },
        Attention::DraftWaits { plan: 1, changes: vec![HOSTILE.into()], more: 0 },
        Attention::PersonsExceedTally { place_name: HOSTILE.into(), day: day("2021-10-22") },
        Attention::Over100 {
            area_name: HOSTILE.into(),
            group_name: HOSTILE.into(),
            dose: 1,
            percent: share(52_723, 46_823).expect("a denominator"),
        },
    ];
    value
}

pub(super) fn hostile_reminder(language: Language) -> Reminder {
    let mut value = household(language);
    value.campaign_name = HOSTILE.into();
    value.vaccine_name = HOSTILE.into();
    value.items[0].name = Some(HOSTILE.into());
    value.items[0].why = ReminderWhy::Tomorrow {
        day: day("2021-06-16"),
        place: HOSTILE.into(),
        place_name: HOSTILE.into(),
    };
    value.items[2].why =
        ReminderWhy::Overdue { since: day("2021-06-09"), places: vec![HOSTILE.into()] };
    value.contact = Some(Contact { name: HOSTILE.into(), email: Some(HOSTILE.into()) });
    value.items.remove(1);
    value
}

pub(super) fn message(letter: &Letter, kind: &str, language: Language) -> Vec<u8> {
    let envelope = crate::mail::message::Envelope {
        from: "丹阳市疾控中心 <plan@danyang.example>".parse().unwrap(),
        to: "reader@danyang.example".parse().unwrap(),
        message_id: format!("{kind}-{}@doseplan", language.tag()),
        date: chrono::DateTime::from_timestamp(1_623_751_200, 0).unwrap(),
        zone: chrono_tz::Asia::Shanghai,
        language,
        kind: kind.to_owned(),
        unsubscribe: Vec::new(),
        attachments: Vec::new(),
    };
    crate::mail::message::build(letter, &envelope).unwrap()
}
