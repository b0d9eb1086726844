//! What households read.

use super::*;
use crate::domain::booking::SlotTime;
use chrono::NaiveTime;

#[test]
fn a_household_reads_everything_in_one_short_mail() {
    let letter = reminder(&[&household(Language::ZhCn)], &by_mail());
    for sentence in [
        "朱洋华 第二剂次",
        "地点：云阳街道预防接种门诊3",
        "应在6月9日前接种",
        "可以去：云阳街道预防接种门诊1、云阳街道预防接种门诊3",
        "写“退订”两个字",
        "丹阳市疾控中心（cdc@danyang.example）",
    ] {
        assert!(letter.text.contains(sentence), "{sentence} is not in\n{}", letter.text);
    }
    assert!(!letter.text.contains("R00003") && !letter.html.contains("R00003"));
    let nameless = Reminder {
        items: vec![ReminderItem { name: None, ..household(Language::En).items.remove(2) }],
        contact: None,
        ..household(Language::En)
    };
    let letter = reminder(&[&nameless], &by_mail());
    assert_eq!(letter.subject, "Your second dose of 新冠病毒灭活疫苗 is due: please come");
    assert!(letter.text.contains("  second dose\n"), "{}", letter.text);
}

#[test]
fn a_visit_that_has_no_room_left_in_a_long_mail_is_not_lost() {
    let expected = |no: usize| ReminderItem {
        person: format!("R{no:05}").as_str().into(),
        name: Some(format!("朱{no:02}")),
        ..household(Language::ZhCn).items.remove(0)
    };
    let of = |vaccine: &str, people: usize| Reminder {
        vaccine_name: vaccine.into(),
        items: (0..people).map(expected).collect(),
        ..household(Language::ZhCn)
    };
    // 61 doses: three of the first person, two of each other one. The mail has room for 60.
    let all = [of("甲疫苗", 30), of("乙疫苗", 30), of("丙疫苗", 1)];
    let letter = reminder(&all.each_ref(), &by_mail());
    let told = (0..30).filter(|no| letter.text.contains(&format!("朱{no:02}"))).count();
    assert_eq!(told, 30, "{}", letter.text);
}

#[test]
fn a_subject_names_the_vaccines_of_what_it_tells_and_no_others() {
    let (mut soon, mut late) = (household(Language::ZhCn), household(Language::ZhCn));
    soon.items.truncate(2);
    late.items.drain(..2);
    late.vaccine_name = "流感疫苗".into();
    let subject = |all: &[&Reminder]| reminder(all, &by_mail()).subject;
    let tomorrow = "【接种提醒】明天6/16 云阳街道预防接种门诊3：新冠病毒灭活疫苗";
    assert_eq!(subject(&[&late, &soon]), tomorrow);
    let mut off = soon;
    for item in &mut off.items {
        item.why = ReminderWhy::Cancelled {
            was: day("2021-06-16"),
            was_place: "S03".into(),
            was_place_name: "云阳街道预防接种门诊3".into(),
            reason: ChangeReason::Closed,
        };
    }
    let cancelled = "【接种取消】6/16请勿前往：新冠病毒灭活疫苗";
    assert_eq!(subject(&[&late, &off]), cancelled);
    // A subject of several changes is about all that changed.
    let mut moved = off.clone();
    moved.vaccine_name = "乙肝疫苗".into();
    for item in &mut moved.items {
        item.why = ReminderWhy::Given {
            day: day("2021-06-18"),
            place: "S03".into(),
            place_name: "云阳街道预防接种门诊3".into(),
        };
    }
    let both = subject(&[&off, &moved, &late]);
    assert!(both.contains("有 2 项接种安排有变"), "{both}");
    assert!(both.contains("新冠病毒灭活疫苗、乙肝疫苗") && !both.contains("流感"), "{both}");
}

#[test]
fn a_reminder_says_how_its_place_is_found() {
    let time = |hour| NaiveTime::from_hms_opt(hour, 30, 0);
    let venue = Venue {
        address: Some("中山路8号".into()),
        phone: Some("0511-86512345".into()),
        hours: time(8).zip(time(16)),
    };
    let mut house = household(Language::ZhCn);
    house.items[0].venue = Some(venue);
    let letter = reminder(&[&house], &by_mail());
    let line = "开放时间：08:30–16:30；地址：中山路8号；电话：0511 86512345";
    assert_eq!(letter.text.matches(line).count(), 1, "{}", letter.text);
    assert!(letter.html.contains(line), "{}", letter.html);
    // Whoever has a slot comes at its time.
    for item in &mut house.items[..2] {
        item.slot = SlotTime::of_minute(9 * 60);
    }
    let letter = reminder(&[&house], &by_mail());
    assert!(!letter.text.contains("开放时间") && letter.text.contains("地址：中山路"));
    // The first line says all of it,
    let first = letter.text.lines().next().unwrap_or_default();
    for words in ["您好！明天", "时段：09:00 起", "地址：中山路8号", "电话：0511 86512345"]
    {
        assert!(first.contains(words), "{words} in {first}");
    }
    // but not where two people come at different times: then each item does.
    let mut later = house.items[0].clone();
    later.slot = SlotTime::of_minute(10 * 60);
    house.items.push(later);
    let letter = reminder(&[&house], &by_mail());
    assert_eq!(letter.text.lines().next(), Some("您好！"));
    assert_eq!(letter.text.matches("地址：中山路8号").count(), 2, "{}", letter.text);
}
