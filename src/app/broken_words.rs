//! What a change breaks in plans that are in force, as text for the command line and the dashboard.

use super::breaking::Broken;
use crate::domain::campaign::Language;
use crate::domain::standing::Cause;
use crate::text::{harmless, say};
use std::fmt::Display;

/// One sentence for each thing that is broken. `is_tried`: the change was only looked at.
pub fn sentences(language: Language, broken: &[Broken], is_tried: bool) -> Vec<String> {
    let mut out = Vec::new();
    for Broken { campaign, unrest } in broken {
        let places: Vec<String> = unrest.places.iter().map(|name| harmless(name)).collect();
        let places = places.join(", ");
        for (cause, seats) in &unrest.seats {
            let key = match cause {
                Cause::Closed => "broken-closed",
                Cause::Capacity => "broken-capacity",
                Cause::Vaccine => "broken-vaccine",
                Cause::Outside => "broken-outside",
                Cause::Staff => "broken-staff",
            };
            let said: [(&str, &dyn Display); 3] =
                [("campaign", campaign), ("seats", seats), ("places", &places)];
            out.push(say(language, key, &said));
        }
        if unrest.withdrawn > 0 {
            let key = if is_tried { "broken-would-withdraw" } else { "broken-withdrawn" };
            out.push(say(language, key, &[("count", &unrest.withdrawn)]));
        }
    }
    out
}
