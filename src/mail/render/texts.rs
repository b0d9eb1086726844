//! Text messages: the delivered templates, and a template with its variables filled in.

use super::words::Words;
use crate::domain::booking::SlotTime;
use crate::domain::campaign::Language;
use crate::domain::gateway::Named;
use crate::text::{say, word};
use chrono::NaiveDate;

/// The variables that a template may have.
pub const VARIABLES: [&str; 6] = ["name", "time", "site", "vaccine", "link", "code"];

/// The delivered text of a kind of message, with `{name}`, `{time}`, `{site}` and, where it is wanted, `{vaccine}`;
/// `None` where there is none.
pub fn delivered(language: Language, kind: &str, names_vaccine: bool) -> Option<String> {
    let plain = format!("sms-{kind}-plain");
    let is_plain = !names_vaccine && crate::text::found(language, &plain).is_some();
    let key = if is_plain { plain } else { format!("sms-{kind}") };
    let marks = VARIABLES.map(|name| format!("{{{name}}}"));
    let arguments: Vec<(&str, &dyn std::fmt::Display)> =
        VARIABLES.iter().zip(&marks).map(|(name, mark)| (*name, mark as _)).collect();
    crate::text::found(language, &key).map(|_| say(language, &key, &arguments))
}

/// The variables of a template, in the order in which they stand.
pub fn variables(template: &str) -> Vec<&'static str> {
    let mut found: Vec<(usize, &'static str)> = VARIABLES
        .into_iter()
        .filter_map(|name| Some((template.find(&format!("{{{name}}}"))?, name)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// A template with its variables filled in, as the reader sees it.
pub fn filled(template: &str, values: &[(String, String)], sign: &str) -> String {
    let mut text = if sign.is_empty() { String::new() } else { format!("【{sign}】") };
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let value = values.iter().find_map(|(name, value)| {
            let mark = format!("{{{name}}}");
            rest[at..].starts_with(&mark).then_some((value, mark.len()))
        });
        let (shown, length) = value.map_or(("{", 1), |(value, length)| (value.as_str(), length));
        text += &rest[..at];
        text += shown;
        rest = &rest[at + length..];
    }
    text + rest
}

/// The forms in which a day may be written, the longest first.
pub fn day(day: NaiveDate, language: Language) -> Named {
    let words = Words(language);
    Named { forms: vec![words.day(day), words.day_short(day)] }
}

/// The forms in which a day may be written with the time at which a slot begins, where there is one: a form without the
/// time comes last.
pub fn day_and_time(date: NaiveDate, slot: Option<SlotTime>, language: Language) -> Named {
    let days = day(date, language).forms;
    let timed = |slot: SlotTime| days.iter().map(move |day| format!("{day} {slot}"));
    let mut forms: Vec<String> = slot.into_iter().flat_map(timed).collect();
    forms.extend(days.iter().cloned());
    Named { forms }
}

/// The forms in which somebody may be called: the whole name, a part that is a name of its own, a word for anybody.
pub fn somebody(name: Option<&str>, language: Language) -> Named {
    let mut forms = Vec::new();
    if let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) {
        forms.push(name.to_owned());
        let part = name.split(['·', '•', '‧', ' ']).next().unwrap_or_default();
        if part.chars().count() > 1 && part != name {
            forms.push(part.to_owned());
        }
    }
    forms.push(word(language, "sms-somebody"));
    Named { forms }
}

/// The name of a vaccine, and the one that somebody wrote for texts, where there is one.
pub type Vaccine<'a> = (&'a str, Option<&'a str>);

/// The forms in which vaccines may be named: all names, then shorter ones, then how many there are, then a word for
/// any.
pub fn vaccines(names: &[Vaccine<'_>], language: Language) -> Named {
    let join = |all: Vec<&str>| all.join(&word(language, "mail-separator"));
    let mut forms = vec![
        join(names.iter().map(|(name, _)| name.trim()).collect()),
        join(names.iter().map(|(name, own)| own.unwrap_or(name).trim()).collect()),
        join(names.iter().map(|(name, own)| own.unwrap_or(without_note(name)).trim()).collect()),
    ];
    if names.len() > 1 {
        forms.push(say(language, "sms-vaccines", &[("count", &names.len())]));
    }
    forms.push(word(language, "sms-vaccine"));
    forms.retain(|form| !form.is_empty());
    forms.dedup();
    Named { forms }
}

/// A name without what stands in brackets at its end.
fn without_note(name: &str) -> &str {
    let bare = name.split(['（', '(']).next().unwrap_or_default().trim();
    if bare.is_empty() { name } else { bare }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gateway::{fit, segments};

    #[test]
    fn a_template_is_filled_in_and_knows_its_variables() {
        let text = delivered(Language::ZhCn, "tomorrow", true).expect("a template");
        assert_eq!(text, "{name}您好，您预约{time}在{site}接种{vaccine}，请带接种证。");
        assert_eq!(variables(&text), ["name", "time", "site", "vaccine"]);
        assert_eq!(variables("{site}在{time}{x}"), ["site", "time"]);
        let values = [
            ("name", "张{time}"),
            ("time", "4月1日"),
            ("site", "甲镇卫生院"),
            ("vaccine", "流感疫苗"),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let wanted = "【小县疾控】张{time}您好，您预约4月1日在甲镇卫生院接种流感疫苗，请带接种证。";
        assert_eq!(filled(&text, &values, "小县疾控"), wanted);
        assert_eq!(delivered(Language::En, "nothing", true), None);
        // What was registered before texts named a vaccine stays as it was registered.
        let before = delivered(Language::ZhCn, "tomorrow", false);
        assert_eq!(before.as_deref(), Some("{name}您好，您预约{time}在{site}接种，请带接种证。"));
        assert!(delivered(Language::En, "test", false).is_some());
    }

    #[test]
    fn the_delivered_templates_are_within_the_vendors_limits() {
        for language in [Language::ZhCn, Language::En] {
            for kind in ["tomorrow", "moved", "cancelled", "overdue", "code", "test"] {
                let text = delivered(language, kind, true).expect("a template");
                assert!(text.chars().count() <= 500 && !text.contains(['【', '】']), "{text}");
                assert!(!text.contains("}{"), "two variables side by side: {text}");
                assert!(!text.contains("拒收请回复"), "{text}");
            }
        }
        // With every variable at six characters and a signature of eight, a Chinese text is one message.
        for kind in ["tomorrow", "moved", "cancelled", "overdue", "code"] {
            let text = delivered(Language::ZhCn, kind, true).expect("a template");
            let values = VARIABLES.map(|name| (name.to_owned(), "六".repeat(6)));
            assert_eq!(segments(&filled(&text, &values, "某某县疾控中心")), 1, "{text}");
        }
    }

    #[test]
    fn vaccines_are_named_as_far_as_there_is_room() {
        let zh = |names: &[Vaccine<'_>], most| {
            fit(&vaccines(names, Language::ZhCn), most).unwrap_or_default()
        };
        let (flu, other) = (("流感疫苗（灭活）", None), ("23价肺炎球菌多糖疫苗", Some("肺炎疫苗")));
        assert_eq!(zh(&[flu], 20), "流感疫苗（灭活）");
        assert_eq!(zh(&[flu], 6), "流感疫苗");
        assert_eq!(zh(&[other], 6), "肺炎疫苗");
        assert_eq!(zh(&[flu, other], 20), "流感疫苗（灭活）、23价肺炎球菌多糖疫苗");
        assert_eq!(zh(&[flu, other], 19), "流感疫苗（灭活）、肺炎疫苗");
        assert_eq!(zh(&[flu, other], 9), "流感疫苗、肺炎疫苗");
        assert_eq!(zh(&[flu, other], 6), "2种疫苗");
        assert_eq!(zh(&[("乙型肝炎疫苗", None)], 4), "疫苗");
        assert_eq!(fit(&vaccines(&[], Language::En), 10).as_deref(), Ok("vaccine"));
    }

    #[test]
    fn names_and_days_are_shortened_but_never_inside_a_word() {
        let zh = |name: Option<&str>, most| fit(&somebody(name, Language::ZhCn), most).ok();
        assert_eq!(zh(Some("欧阳文静"), 6).as_deref(), Some("欧阳文静"));
        assert_eq!(zh(Some("阿依古丽·买买提"), 6).as_deref(), Some("阿依古丽"));
        assert_eq!(zh(Some("Alexandra Smith"), 9).as_deref(), Some("Alexandra"));
        assert_eq!(zh(Some("Alexandra Smith"), 6).as_deref(), Some("居民"));
        assert_eq!(zh(None, 6).as_deref(), Some("居民"));
        let on = NaiveDate::from_ymd_opt(2021, 10, 20).expect("a day");
        assert_eq!(fit(&day(on, Language::ZhCn), 6).as_deref(), Ok("10月20日"));
        assert_eq!(fit(&day(on, Language::ZhCn), 5).as_deref(), Ok("10/20"));
        assert_eq!(fit(&day(on, Language::En), 6).as_deref(), Ok("20 Oct"));
    }
}
