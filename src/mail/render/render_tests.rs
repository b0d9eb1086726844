//! What letters say, how light they are, and that nothing in a name does harm.

#[path = "reminder_tests.rs"]
mod households;
#[path = "samples_tests.rs"]
mod samples;

use super::*;
use crate::domain::campaign::Language;
use crate::domain::notice::*;
use crate::domain::open_vial::VialRule;
use samples::*;

#[test]
fn a_reminder_ends_with_the_way_out_in_both_forms() {
    let token = "00ff".repeat(16);
    let page = format!("https://plan.danyang.example/u/{token}");
    let mailto = format!("mailto:desk@danyang.example?subject=unsubscribe%20{token}");
    for language in BOTH {
        let house = household(language);
        let (mail, web) = (reminder(&[&house], &by_mail()), reminder(&[&house], &by_page()));
        let last = |letter: &Letter| {
            let body = letter.text.split("\n-- \n").next().unwrap().trim_end().to_owned();
            body.lines().last().unwrap().to_owned()
        };
        assert_eq!(last(&web), page);
        assert!(last(&mail).ends_with(&format!("unsubscribe {token}")), "{}", mail.text);
        assert!(last(&mail).contains("desk@danyang.example"), "{}", mail.text);
        assert!(web.html.contains(&format!("href=\"{page}\"")), "{}", web.html);
        assert!(mail.html.contains(&format!("href=\"{mailto}\"")), "{}", mail.html);
    }
}

/// With DOSEPLAN_MAIL_DIR set, the letters are left there to be looked at in a browser.
#[test]
fn every_letter_says_what_it_should_in_both_languages_and_is_light() {
    let dir = std::env::var_os("DOSEPLAN_MAIL_DIR").map(std::path::PathBuf::from);
    for language in BOTH {
        for (name, letter) in all(language) {
            let shown = format!("{name} {}\n{}\n{}", language.tag(), letter.subject, letter.text);
            assert!(!letter.subject.contains('⟨'), "{shown}");
            assert!(!letter.text.contains('⟨') && !letter.html.contains('⟨'), "{shown}");
            assert!(!letter.text.contains("{$") && !letter.html.contains("{$"), "{shown}");
            assert!(!letter.text.contains("\n\n\n"), "{shown}");
            assert!(letter.html.len() < 50_000, "{name}: {} bytes", letter.html.len());
            let bytes = message(&letter, name, language);
            assert!(bytes.len() < 150_000, "{name}: {} bytes", bytes.len());
            if let Some(dir) = &dir {
                let file = format!("{name}.{}", language.tag());
                std::fs::write(dir.join(format!("{file}.html")), letter.page()).unwrap();
                std::fs::write(dir.join(format!("{file}.txt")), shown).unwrap();
                std::fs::write(dir.join(format!("{file}.eml")), bytes).unwrap();
            }
        }
    }
}

#[test]
fn the_summary_opens_with_the_bulletin_sentence_and_the_published_figures() {
    let letter = told(&county(Language::ZhCn));
    let opening = "截至10月20日24时，丹阳市累计报告接种 1,690,000 剂次，当日接种 2,102 剂次。";
    assert!(letter.text.starts_with(opening), "{}", letter.text);
    for sentence in [
        "18岁及以上：第一剂次接种 785,769 人，接种率 93.1%；第二剂次接种 781,549 人，接种率 92.6%。",
        "12–17岁：第一剂次接种 52,723 人，接种率 112.6%；",
        "其他（来源未分列）：第一剂次接种 9,461 人；",
        "未报 2/14",
        "▲112.6%",
        "不作封顶",
        "1. 2 个接种点、流动点没有报当日数据：",
        "12. 1 位负责人没有邮箱：3号车队长",
        "落后 12,300 剂次",
        "10月20日(周三)",
    ] {
        assert!(letter.text.contains(sentence), "{sentence} is not in\n{}", letter.text);
    }
    let html = letter.html.find(opening).unwrap();
    assert!(html < letter.html.find("需关注</h2>").unwrap());
    assert!(letter.html.find("需关注</h2>").unwrap() < letter.html.find("分人群").unwrap());
}

#[test]
fn subjects_hold_the_figure_that_matters_within_twenty_characters() {
    let long = |mut value: LeadDigest| {
        value.post = "LONG-CODE-OF-A-POST-THAT-GOES-ON".into();
        value.tomorrow = day("2021-12-16");
        for session in &mut value.sessions {
            session.doses *= 100;
        }
        value
    };
    let far = |mut value: Summary| {
        value.as_of = day("2021-12-20");
        value.county = "很长很长的县名".repeat(9);
        value.doses_total = 12_345_678;
        value
    };
    let zh = Language::ZhCn;
    for (letter, figure) in [
        (digest(&[site_digest(zh)]), "【明日接种】6/16 420剂"),
        (digest(&[long(site_digest(zh))]), "【明日接种】12/16 42,000剂"),
        (digest(&[team_digest(zh)]), "【明日接种】6/16 140剂"),
        (digest(&[idle_digest(zh)]), "【明日无接种】6/16"),
        (digest(&[site_digest(Language::En)]), "16 Jun: 420 doses"),
        (digest(&[long(site_digest(Language::En))]), "16 Dec: 42,000 doses"),
        (digest(&[team_digest(Language::En)]), "16 Jun: 140 doses"),
        (digest(&[idle_digest(Language::En)]), "16 Jun: no session"),
        (told(&county(zh)), "【接种日报】10/20 首剂90.2%"),
        (told(&far(county(zh))), "【接种日报】12/20 首剂90.2%"),
        (told(&county(Language::En)), "20 Oct: 90.2% first"),
        (told(&empty_county(zh)), "【接种日报】10/20 0剂次"),
        (told(&far(empty_county(zh))), "【接种日报】12/20 1,234.5万"),
        (told(&far(empty_county(Language::En))), "20 Dec: 12,345,678"),
        (reminder(&[&household(zh)], &by_mail()), "【接种提醒】明天6/16"),
        (reminder(&[&household(Language::En)], &by_mail()), "Tomorrow, 16 Jun"),
    ] {
        assert!(letter.subject.starts_with(figure), "{} / {figure}", letter.subject);
        assert!(figure.chars().count() <= 20, "{figure}");
        assert!(!letter.subject.contains("朱"), "no names on a locked screen: {}", letter.subject);
    }
}

#[test]
fn the_picture_shows_plan_and_done_and_says_so_in_words() {
    for language in BOTH {
        let letter = told(&county(language));
        let picture = letter.picture.as_ref().expect("a picture");
        assert!(picture.png.starts_with(b"\x89PNG") && picture.png.len() < 30_000, "{picture:?}");
        for figure in ["1,702,300", "1,690,000", "1,740,000"] {
            assert!(picture.alt.contains(figure), "{}", picture.alt);
        }
        assert!(letter.text.contains(&picture.alt), "{}", letter.text);
        let source = format!("src=\"cid:{}\"", picture.cid);
        assert_eq!(letter.html.matches(&source).count(), 1, "{}", letter.html);
        // After the exceptions and the tables.
        let (at, last) = (letter.html.find(&source), letter.html.rfind("<th "));
        assert!(at > last, "{at:?} {last:?}");
        let page = letter.page();
        assert!(!page.contains("cid:") && page.contains("src=\"data:image/png;base64,iVBOR"));
        assert_eq!(picture, told(&county(language)).picture.as_ref().unwrap());
        assert!(told(&empty_county(language)).picture.is_none());
    }
}

#[test]
fn a_name_that_no_font_can_draw_is_left_out_of_the_picture_not_blank() {
    let mut value = county(Language::ZhCn);
    // A character of Unicode that has no glyph anywhere.
    value.county = "\u{e123}县".into();
    let letter = told(&value);
    assert!(letter.picture.is_some());
    assert_ne!(letter.picture, told(&county(Language::ZhCn)).picture);
}

#[test]
fn a_lead_reads_what_to_draw_and_is_asked_for_a_missing_report() {
    let text = digest(&[site_digest(Language::ZhCn)]).text;
    for sentence in [
        "明天6月16日(周三)有 1 场接种，预计 420 人。",
        "! 今天6月15日(周二)的接种数还没有上报，请今晚报送。今天计划 415 剂次。",
        "2021-06-20 (近效期，先用)",
        "1,143 (用到6月18日)",
        "60岁及以上 (云阳街道 120、曲阿街道 20)",
        "今天应到未到（2 人）",
        "胡军洋 (R00021)",
        "000-1227-0021",
        "剩127天",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
    let idle = digest(&[idle_digest(Language::ZhCn)]).text;
    assert!(idle.contains("明天6月16日(周三)没有安排接种"), "{idle}");
    let team = digest(&[team_digest(Language::ZhCn)]).text;
    for sentence in [
        "因系统停机，6月12日至6月13日的预告没有发出。",
        "== 第1站 司徒镇村（社区）流动点（P05）：预计 80 人 ==",
        "11:10–12:50",
        "司徒镇人民路8号",
        "0511-86500000",
        "== 各站合计需装车疫苗：147 剂次 ==",
        "今天6月15日(周二)已报 128 剂次，计划 140 剂次，完成 91.4%。",
    ] {
        assert!(team.contains(sentence), "{sentence} is not in\n{team}");
    }
}

#[test]
fn a_lead_reads_when_another_vial_is_opened_and_whom_to_call() {
    let after = "15:30:00".parse().ok();
    let rule = VialRule { after, doses_per_vial: 10, least: 4, expected: 1.6 };
    let said = |language: Language, rule: VialRule, called: usize| {
        let mut value = site_digest(language);
        value.sessions[0].late_vial = Some(rule);
        value.sessions[0].to_call = (41..41 + called).map(|n| person(n, "吕桂英")).collect();
        digest(&[value]).text
    };
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let english = plain(&said(Language::En, rule, 2));
    for wanted in [
        "After 15:30 open another vial of 10 doses only if at least 4 people wait for whom the \
         open vial has no dose; about 2 more may still come.",
        "Due, living nearby and not expected yet (2 people)",
        "000-1227-0041",
    ] {
        assert!(english.contains(wanted), "{wanted}: {english}");
    }
    let chinese = said(Language::ZhCn, VialRule { after: None, least: 1, ..rule }, 0);
    let chinese: String = chinese.split_whitespace().collect();
    assert!(chinese.contains("最后一小时，已开的瓶用完后，有人等候就再开一瓶"), "{chinese}");
    assert!(!chinese.contains("附近应种"), "{chinese}");
}

#[test]
fn a_lead_reads_how_many_vials_to_open_where_that_is_known() {
    let said = |language: Language, vials: Vec<VialLine>| {
        let mut value = site_digest(language);
        value.sessions[0].vials = vials;
        digest(&[value])
    };
    let two = || vec![vials("L08", 30, 10, 0), vials("L11", 5, 25, 5)];
    let one = || vec![vials("L11", 1, 10, 1)];
    let full = || vec![vials("L11", 2, 10, 0)];
    for (language, lots, sentence) in [
        (
            Language::ZhCn,
            two(),
            "这一场用苗：L08 30 瓶（每瓶 10 剂）、L11 5 瓶（每瓶 25 剂）。全部到齐时，开瓶后剩 5 剂。",
        ),
        (
            Language::ZhCn,
            full(),
            "这一场用苗：L11 2 瓶（每瓶 10 剂）。全部到齐时，开瓶后没有剩余。",
        ),
        (
            Language::En,
            two(),
            "Vials for this session: L08: 30 vials of 10, L11: 5 vials of 25. \
             5 doses are left in open vials if everybody comes.",
        ),
        (
            Language::En,
            one(),
            "Vials for this session: L11: 1 vial of 10. \
             1 dose is left in an open vial if everybody comes.",
        ),
    ] {
        let letter = said(language, lots);
        for form in [&letter.text, &letter.html] {
            assert!(form.contains(sentence), "{sentence} is not in\n{form}");
        }
    }
    assert!(!said(Language::ZhCn, Vec::new()).text.contains("瓶"));
    assert!(!said(Language::En, Vec::new()).text.contains("ial"));
}

#[test]
fn names_from_outside_are_harmless_everywhere() {
    for language in BOTH {
        for (name, letter) in all(language) {
            assert!(!letter.subject.contains(['\r', '\n', '\u{202e}', '\u{2028}']), "{name}");
            assert!(!letter.subject.starts_with('='), "{name}: {}", letter.subject);
            for body in [&letter.text, &letter.html] {
                assert!(!body.contains(['\r', '\u{202e}', '\u{2028}']), "{name}");
                assert!(!body.contains("\nBcc"), "{name}\n{body}");
            }
            assert!(!letter.html.contains("<script"), "{name}");
            assert!(!letter.html.contains(">="), "{name}");
            assert!(!letter.text.lines().any(|line| line.trim_start().starts_with("=<")), "{name}");
        }
    }
}

#[test]
fn lists_without_end_are_cut_counted_and_stay_below_the_limit() {
    for language in BOTH {
        let mut many = site_digest(language);
        let wide = "王<>&\"'".repeat(40);
        many.sessions[0].people = (0..5_000).map(|n| person(n, &wide)).collect();
        many.sessions = vec![many.sessions[0].clone(); 80];
        many.absent = (0..5_000).map(|n| person(n, &wide)).collect();
        many.needs = vec![many.needs[0].clone(); 500];
        let mut county = county(language);
        county.by_area = vec![county.by_area[0].clone(); 2_000];
        county.by_group.rows = vec![county.by_group.rows[1].clone(); 500];
        county.attention = vec![county.attention[7].clone(); 500];
        county.trend = vec![county.trend[0]; 400];
        let mut house = household(language);
        house.items = vec![house.items[2].clone(); 3_000];
        for letter in [digest(&[many]), told(&county), reminder(&[&house], &by_page())] {
            assert!(letter.html.len() < HTML_BYTES_MAX, "{}", letter.html.len());
            let said = if language == Language::ZhCn { "未列出" } else { "more" };
            assert!(letter.text.contains(said), "{}", letter.text);
        }
    }
}

#[test]
fn several_campaigns_are_one_letter_with_a_part_for_each() {
    for (language, parts) in [(Language::ZhCn, "2 项接种活动"), (Language::En, "2 campaigns")]
    {
        let mut covid = site_digest(language);
        covid.vaccine_name = Some("新冠病毒疫苗".into());
        let mut flu = site_digest(language);
        flu.campaign_name = "流感接种（2021）".into();
        flu.vaccine_name = Some("流感疫苗".into());
        flu.sessions[0].doses = 1;
        let letter = digest(&[covid.clone(), flu.clone()]);
        for said in ["新冠病毒疫苗 420", "流感疫苗 1", "云阳街道预防接种门诊3"]
        {
            assert!(letter.subject.contains(said), "{said}: {}", letter.subject);
        }
        for said in [parts, "421", "流感接种（2021）", "丹阳市新冠病毒疫苗接种（2021）"]
        {
            assert!(letter.text.contains(said) && letter.html.contains(said), "{said}");
        }
        // With a session in one campaign alone the subject names its vaccine all the same.
        covid.sessions.clear();
        let subject = digest(&[covid, flu]).subject;
        assert!(subject.contains("流感疫苗 1") && !subject.contains("新冠"), "{subject}");
        let other = Summary { vaccine_name: Some("流感疫苗".into()), ..county(language) };
        let letter = summary(&[county(language), other], None);
        assert!(letter.text.contains(parts) && letter.text.contains("流感疫苗"), "{}", letter.text);
        assert!(letter.html.len() < HTML_BYTES_MAX);
    }
}

#[test]
fn the_same_value_gives_the_same_letter() {
    assert_eq!(told(&county(Language::En)), told(&county(Language::En)));
    assert_eq!(digest(&[site_digest(Language::En)]), digest(&[site_digest(Language::En)]));
}

#[test]
fn a_lot_has_the_name_of_its_vaccine_and_not_its_code() {
    for language in BOTH {
        for value in [site_digest(language), team_digest(language)] {
            let letter = digest(&[value]);
            assert!(letter.html.contains("新冠病毒灭活疫苗"), "{}", letter.html);
            let all = format!("{}{}", letter.html, letter.text);
            assert!(!all.contains("inactivated-vero"), "{all}");
        }
    }
}

#[test]
fn a_day_that_nobody_has_reported_is_not_told_as_zero() {
    let silent = || {
        let mut one = county(Language::ZhCn);
        one.doses_today = 0;
        for area in &mut one.by_area {
            area.today = None;
        }
        one.trend = vec![(day("2021-10-19"), 5), (one.as_of, 0)];
        let sites = &mut one.by_group.sites;
        (sites.expected, sites.reported) = (14, 0);
        one
    };
    let alone = told(&silent()).text;
    assert!(alone.contains("累计报告接种 1,690,000 剂次，当日数据未报。"), "{alone}");
    assert!(!alone.contains("当日接种 0"), "{alone}");
    let both = summary(&[silent(), silent()], None);
    assert!(both.subject.starts_with("【接种日报】10/20 2项活动 当日未报"), "{}", both.subject);
    // Where one of them has reported nothing given, that is the figure.
    let mut open = silent();
    open.by_group.sites.reported = 1;
    let one = summary(&[silent(), open], None).subject;
    assert!(one.starts_with("【接种日报】10/20 2项活动 当日0剂次"), "{one}");
}

/// What a template holds besides tags, styles and expressions is words; those belong in the
/// catalogue.
#[test]
fn templates_hold_no_words() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mail/templates");
    for folder in ["", "parts", "digest", "summary", "reminder"] {
        for entry in std::fs::read_dir(format!("{dir}/{folder}")).unwrap() {
            let path = entry.unwrap().path();
            let Ok(source) = std::fs::read_to_string(&path) else { continue };
            let mut rest = source.as_str();
            let mut words = String::new();
            while let Some(start) = rest.find(['<', '{']) {
                words += &rest[..start];
                let end = match rest[start..].chars().nth(1) {
                    Some('{') => "}}",
                    Some('%') => "%}",
                    _ if rest[start..].starts_with("<style") => "</style>",
                    _ => ">",
                };
                rest = rest[start..].split_once(end).map_or("", |(_, after)| after);
            }
            words += rest;
            let words = words.replace("&nbsp;", "");
            assert!(!words.chars().any(char::is_alphabetic), "{}: {words}", path.display());
        }
    }
}
