//! Words, dates and figures of a letter in one language: a thin layer over the catalogue.

use crate::domain::campaign::Language;
use crate::domain::count::Percent;
use crate::mail::safe;
use crate::text;
use chrono::{Datelike, NaiveDate};
use std::fmt::Display;

/// The words of a letter in one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    pub(super) fn word(self, key: &str) -> String {
        text::word(self.0, key)
    }

    pub(super) fn say(self, key: &str, arguments: &[(&str, &dyn Display)]) -> String {
        text::say(self.0, key, arguments)
    }

    /// `key`, or `key-one` where the number that the sentence counts is 1.
    pub(super) fn count(self, key: &str, n: u64, arguments: &[(&str, &dyn Display)]) -> String {
        if n == 1 { self.say(&format!("{key}-one"), arguments) } else { self.say(key, arguments) }
    }

    /// `10月20日(周三)`, `20 Oct (Wed)`.
    pub(super) fn date(self, day: NaiveDate) -> String {
        self.dated("mail-date", day)
    }

    /// `10月20日`, `20 Oct`.
    pub(super) fn day(self, day: NaiveDate) -> String {
        self.dated("mail-day", day)
    }

    /// `10/20`, `20 Oct`.
    pub(super) fn day_short(self, day: NaiveDate) -> String {
        self.dated("mail-day-short", day)
    }

    /// The end of a day, `10月20日24时`. Bulletins say 24:00 of the day, not 0:00 of the next one, and chrono has no
    /// 24:00.
    pub(super) fn day_end(self, day: NaiveDate) -> String {
        self.dated("mail-day-end", day)
    }

    fn dated(self, key: &str, day: NaiveDate) -> String {
        let month_name = self.word(&format!("mail-month-{}", day.month()));
        let number = day.weekday().number_from_monday();
        let weekday = self.word(&format!("mail-weekday-{number}"));
        let (month, number) = (day.month(), day.day());
        self.say(
            key,
            &[
                ("month", &month),
                ("month-name", &month_name),
                ("day", &number),
                ("weekday", &weekday),
            ],
        )
    }

    /// `93.1%`; a dash where there is no denominator.
    pub(super) fn percent(self, share: Option<Percent>) -> String {
        let Some(share) = share else { return self.word("mail-no-figure") };
        self.say("mail-percent", &[("number", &share)])
    }

    /// `第一剂次`, `first dose`.
    pub(super) fn dose(self, dose: u8) -> String {
        match dose {
            1..=3 => self.word(&format!("mail-dose-{dose}")),
            _ => self.say("mail-dose-n", &[("dose", &dose)]),
        }
    }

    /// `第1剂`, `Dose 1`.
    pub(super) fn dose_short(self, dose: u8) -> String {
        self.say("mail-dose-short", &[("dose", &dose)])
    }

    /// `1,690,000`; in Chinese `169万`, from ten thousand on.
    pub(super) fn short(self, number: u64) -> String {
        const TEN_THOUSAND: u64 = 10_000;
        if self.0 == Language::En || number < TEN_THOUSAND {
            return text::thousands(number);
        }
        let (whole, tenth) = (number / TEN_THOUSAND, number % TEN_THOUSAND / (TEN_THOUSAND / 10));
        let whole = text::thousands(whole);
        let number = if tenth == 0 { whole } else { format!("{whole}.{tenth}") };
        self.say("mail-ten-thousands", &[("number", &number)])
    }

    /// A list of names, made safe to show. After `shown_max` names it says how many there are in all.
    pub(super) fn names<T: AsRef<str>>(self, names: &[T], shown_max: usize) -> String {
        let shown: Vec<_> =
            names.iter().take(shown_max).map(|name| safe::name(name.as_ref())).collect();
        let shown = shown.join(&self.word("mail-separator"));
        if names.len() <= shown_max {
            return shown;
        }
        self.say("mail-and-more", &[("names", &shown), ("count", &names.len())])
    }

    /// Joins parts of a sentence with the comma of the language.
    pub(super) fn clauses(self, parts: &[String]) -> String {
        parts.join(&self.word("mail-clauses"))
    }

    /// `text（note）`.
    pub(super) fn in_brackets(self, text: &str, note: &str) -> String {
        self.say("mail-in-brackets", &[("text", &text), ("note", &note)])
    }

    /// The sentence about days whose mail was never sent; `None` without such days.
    pub(super) fn missed(self, key: &str, days: Option<(NaiveDate, NaiveDate)>) -> Option<String> {
        let (from, to) = days?;
        let (first, last) = (self.day(from), self.day(to));
        let n = if from == to { 1 } else { 2 };
        Some(self.count(key, n, &[("from", &first), ("to", &last)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_each_language_writes_them() {
        let day = NaiveDate::from_ymd_opt(2021, 10, 20).unwrap();
        let (zh, en) = (Words(Language::ZhCn), Words(Language::En));
        assert_eq!(zh.date(day), "10月20日(周三)");
        assert_eq!(en.date(day), "20 Oct (Wed)");
        assert_eq!(zh.day_end(day), "10月20日24时");
        assert_eq!(en.day_end(day), "24:00 on 20 Oct");
        assert_eq!((zh.day_short(day), en.day_short(day)), ("10/20".into(), "20 Oct".into()));
    }

    #[test]
    fn figures_without_a_denominator_are_a_dash() {
        let (zh, en) = (Words(Language::ZhCn), Words(Language::En));
        assert_eq!(zh.percent(Percent::of(931, 1000)), "93.1%");
        assert_eq!(zh.percent(None), "—");
        assert_eq!((zh.short(9_999), zh.short(1_695_000)), ("9,999".into(), "169.5万".into()));
        assert_eq!((zh.short(500_000), en.short(500_000)), ("50万".into(), "500,000".into()));
        assert_eq!((zh.dose(2), zh.dose(7)), ("第二剂次".into(), "第7剂次".into()));
    }

    #[test]
    fn long_lists_of_names_say_how_many_there_are() {
        let names = ["S01", "S02", "=S03"];
        assert_eq!(Words(Language::ZhCn).names(&names, 3), "S01、S02、'=S03");
        assert_eq!(Words(Language::En).names(&names, 2), "S01, S02 and others, 3 in all");
    }
}
