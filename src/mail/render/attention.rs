//! What needs attention as text: a sentence, and what to do about it.

use super::words::Words;
use super::{Alert, NAMES_SHOWN_MAX};
use crate::domain::attention::{Attention, DoubtfulLine};
use crate::mail::safe;
use crate::text::thousands;
use std::fmt::Display;

/// Changes of a draft listed in the mail; the rest are counted. `plan diff` shows all.
const CHANGES_SHOWN_MAX: usize = 10;

/// One entry of the list, with its number.
pub(super) fn alert(words: Words, number: usize, attention: &Attention) -> Alert {
    let (key, text) = sentence(words, attention);
    let lines = match attention {
        Attention::DraftWaits { changes, more, .. } => {
            let shown = changes.iter().take(CHANGES_SHOWN_MAX);
            let mut lines: Vec<_> = shown.map(|change| safe::sentence(change)).collect();
            let all = changes.len() + more;
            lines.extend(super::more(words, "mail-more", all, CHANGES_SHOWN_MAX));
            lines
        }
        Attention::DoubtfulCounts(counts) => {
            let shown = counts.iter().take(CHANGES_SHOWN_MAX);
            let mut lines: Vec<_> = shown.map(|count| doubtful(words, count)).collect();
            lines.extend(super::more(words, "mail-more", counts.len(), CHANGES_SHOWN_MAX));
            lines
        }
        _ => Vec::new(),
    };
    Alert { number, text, lines, remedy: words.word(&format!("{key}-do")) }
}

/// A doubtful count in a line: its record, where and when, and what it is compared with.
fn doubtful(words: Words, count: &DoubtfulLine) -> String {
    words.say(
        &format!("mail-doubtful-{}", count.why.word().replace('_', "-")),
        &[
            ("record", &safe::name(count.record.as_str())),
            ("place", &safe::name(&count.place_name)),
            ("day", &words.day(count.day)),
            ("doses", &thousands(u64::from(count.doses))),
            ("than", &thousands(count.than)),
        ],
    )
}

fn sentence(words: Words, attention: &Attention) -> (&'static str, String) {
    let say =
        |key: &'static str, arguments: &[(&str, &dyn Display)]| (key, words.say(key, arguments));
    match attention {
        Attention::DoubtfulCounts(counts) => say("mail-doubtful", &[("count", &counts.len())]),
        Attention::LateSites(names) => {
            let shown = words.names(names, NAMES_SHOWN_MAX);
            say("mail-late-sites", &[("count", &names.len()), ("names", &shown)])
        }
        Attention::NoPlan => say("mail-no-plan", &[]),
        Attention::BehindPlan { planned, done } => say(
            "mail-behind-plan",
            &[
                ("gap", &thousands(planned.saturating_sub(*done))),
                ("planned", &thousands(*planned)),
                ("done", &thousands(*done)),
            ],
        ),
        Attention::StockLow { stock, needed } => {
            say("mail-stock-low", &[("stock", &thousands(*stock)), ("needed", &thousands(*needed))])
        }
        Attention::LotNearExpiry { lot, left, expires } => say(
            "mail-lot-near-expiry",
            &[
                ("lot", &safe::name(lot.as_str())),
                ("left", &thousands(*left)),
                ("expires", expires),
            ],
        ),
        Attention::Over100 { area_name, group_name, dose, percent } => say(
            "mail-over-100",
            &[
                ("area", &safe::name(area_name)),
                ("group", &safe::name(group_name)),
                ("dose", &words.dose(*dose)),
                ("percent", &words.percent(Some(*percent))),
            ],
        ),
        Attention::InvalidDoses(count) => {
            say("mail-invalid-doses", &[("count", &thousands(*count))])
        }
        Attention::PersonsExceedTally { place_name, day } => say(
            "mail-persons-exceed-tally",
            &[("place", &safe::name(place_name)), ("day", &words.day(*day))],
        ),
        Attention::DraftWaits { plan, .. } => say("mail-draft-waits", &[("plan", plan)]),
        Attention::MailInDoubt(count) => {
            say("mail-mail-in-doubt", &[("count", &thousands(*count))])
        }
        Attention::NoAddress(names) => {
            let shown = words.names(names, NAMES_SHOWN_MAX);
            say("mail-no-address", &[("count", &names.len()), ("names", &shown)])
        }
    }
}
