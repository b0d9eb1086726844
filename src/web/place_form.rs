//! What is typed into the forms of a place's page: a closure, days that open again, another week.

use super::asked_days::parse_day;
use super::page::confirming;
use super::words::T;
use crate::domain::place_edit::PlaceEdit;
use chrono::NaiveDate;
use serde::Deserialize;

/// Longest reason of a closure.
const REASON_CHARS_MAX: usize = 80;
/// Most doses of a day that a form takes.
const DOSES_MAX: u32 = 100_000;

/// What a form asks for.
#[derive(Deserialize)]
pub(super) struct Given {
    #[serde(rename = "do")]
    what: String,
    /// Present where the effect has been seen.
    sure: Option<String>,
    first: Option<String>,
    last: Option<String>,
    reason: Option<String>,
    weekday: Option<String>,
    saturday: Option<String>,
    sunday: Option<String>,
    /// The mark of what the page showed that the form stood on.
    seen: Option<String>,
}

impl Given {
    /// The change that it asks for; `Err` says what of it cannot be read.
    pub(super) fn edit(&self, t: T) -> Result<PlaceEdit, String> {
        let day = |text: Option<&String>| {
            text.and_then(|text| parse_day(text)).ok_or_else(|| t.w("web-bad-day"))
        };
        let doses = |text: Option<&String>| {
            let doses = text.and_then(|text| text.trim().parse::<u32>().ok());
            doses.filter(|doses| *doses <= DOSES_MAX).ok_or_else(|| t.w("web-place-bad-doses"))
        };
        let first = day(self.first.as_ref())?;
        match self.what.as_str() {
            "capacity" => {
                let week = [&self.weekday, &self.saturday, &self.sunday];
                let [weekday, saturday, sunday] = week.map(|text| doses(text.as_ref()));
                Ok(PlaceEdit::Capacity { from: first, doses: [weekday?, saturday?, sunday?] })
            }
            "close" => {
                let reason = self.reason.as_deref().map(str::trim).filter(|it| !it.is_empty());
                let reason = reason.map(|it| it.chars().take(REASON_CHARS_MAX).collect());
                Ok(PlaceEdit::Close { first, last: day(self.last.as_ref())?, doses: 0, reason })
            }
            "open" => Ok(PlaceEdit::Open { first, last: day(self.last.as_ref())? }),
            _ => Err(t.w("web-bad-form")),
        }
    }

    /// The same again, for the form that confirms it.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("first", &self.first),
            ("last", &self.last),
            ("reason", &self.reason),
            ("weekday", &self.weekday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
            ("seen", &self.seen),
        ];
        confirming(&self.what, &given)
    }

    /// Whether its effect has been seen.
    pub(super) fn is_sure(&self) -> bool {
        self.sure.is_some()
    }

    /// The mark that came with it.
    pub(super) fn seen(&self) -> Option<&str> {
        self.seen.as_deref().filter(|seen| !seen.is_empty())
    }
}

/// What the forms begin with: what somebody typed that was not stored, else what stands there.
pub(super) struct Typed {
    /// First day, last day and reason of a closure.
    pub(super) close: [String; 3],
    /// First and last day that open again.
    pub(super) open: [String; 2],
    /// Whether the form for that was used.
    pub(super) opens: bool,
    /// The first day of another week.
    pub(super) from: String,
    /// Doses on weekdays, Saturdays and Sundays.
    pub(super) week: [String; 3],
}

impl Typed {
    /// Days as they are offered are `today`, and `next` for another week.
    pub(super) fn of(
        given: Option<&Given>,
        (today, next): (NaiveDate, NaiveDate),
        week: [u32; 3],
    ) -> Self {
        let (today, next) = (today.to_string(), next.to_string());
        let mut out = Self {
            close: [today.clone(), today.clone(), String::new()],
            open: [today.clone(), today],
            opens: false,
            from: next,
            week: week.map(|doses| doses.to_string()),
        };
        let Some(given) = given else { return out };
        let take = |field: &mut String, typed: &Option<String>| {
            if let Some(typed) = typed {
                field.clone_from(typed);
            }
        };
        match given.what.as_str() {
            "capacity" => {
                take(&mut out.from, &given.first);
                let week = [&given.weekday, &given.saturday, &given.sunday];
                out.week.iter_mut().zip(week).for_each(|(field, typed)| take(field, typed));
            }
            "close" => {
                let typed = [&given.first, &given.last, &given.reason];
                out.close.iter_mut().zip(typed).for_each(|(field, typed)| take(field, typed));
            }
            "open" => {
                out.opens = true;
                let typed = [&given.first, &given.last];
                out.open.iter_mut().zip(typed).for_each(|(field, typed)| take(field, typed));
            }
            _ => {}
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    fn given(what: &str) -> Given {
        let text = |text: &str| Some(text.to_owned());
        Given {
            what: what.to_owned(),
            sure: None,
            first: text("2021-04-09"),
            last: text("soon"),
            reason: text("停电"),
            weekday: text("5x"),
            saturday: text("20"),
            sunday: None,
            seen: None,
        }
    }

    #[test]
    fn what_was_typed_stays_in_its_own_form() {
        let (today, next) = (day(1), day(5));
        let of = |what: &str| Typed::of(Some(&given(what)), (today, next), [40, 30, 0]);
        let capacity = of("capacity");
        assert_eq!(capacity.from, "2021-04-09");
        assert_eq!(capacity.week, ["5x", "20", "0"], "what was not sent stands as it is");
        assert_eq!(capacity.close, [today.to_string(), today.to_string(), String::new()]);
        let close = of("close");
        assert_eq!(close.close, ["2021-04-09", "soon", "停电"]);
        assert_eq!((close.from, close.week.join(" ")), (next.to_string(), "40 30 0".to_owned()));
        let open = of("open");
        assert!(open.opens && !capacity.opens);
        assert_eq!(open.open, ["2021-04-09", "soon"]);
    }
}
