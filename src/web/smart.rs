//! SMART Scheduling Links: a manifest and three files that say which slots are free, in the words of FHIR, for those
//! who collect them. They hold nothing about people.

use super::Site;
use super::source::AskedSite;
use crate::app::AppError;
use crate::app::booking::OpenSlot;
use crate::domain::area::Point;
use crate::domain::campaign::Place;
use crate::domain::date::resolve;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Where the files are, and the manifest.
const BASE: &str = "/smart-scheduling";
const MANIFEST: &str = "$bulk-publish";
/// The files with the types of their resources.
const FILES: [(&str, &str); 3] =
    [("Location", "locations.ndjson"), ("Schedule", "schedules.ndjson"), ("Slot", "slots.ndjson")];
/// How long what was read is given out: the standard asks for data that are a few minutes old at most.
const KEPT: Duration = Duration::from_mins(1);
/// Where the standard defines its extensions.
const DEFINED: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition";
const SERVICES: &str = "http://terminology.hl7.org/CodeSystem/service-type";

/// The files as they were made last.
#[derive(Debug, Default)]
pub(super) struct SlotCache(Mutex<Option<(Instant, Arc<Made>)>>);

/// The content of each file, and the instant to which it belongs.
#[derive(Debug)]
struct Made {
    at: DateTime<chrono::Utc>,
    files: BTreeMap<&'static str, String>,
}

/// The manifest, or one of the files that it names.
pub(super) async fn file(
    AskedSite(site): AskedSite,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Response {
    let known = name == MANIFEST || FILES.iter().any(|(_, file)| *file == name);
    if !known {
        return (StatusCode::NOT_FOUND, "there is nothing here\n").into_response();
    }
    let made = match made(&site).await {
        Ok(made) => made,
        Err(error) => {
            let said = error.to_string();
            let said = crate::mail::mask::addresses(&said);
            tracing::error!(error = %said, "the files with free slots could not be made");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let keep = (header::CACHE_CONTROL, "public, max-age=60");
    let (kind, text) = match made.files.get(name.as_str()) {
        Some(text) => ("application/fhir+ndjson", text.clone()),
        None => ("application/json", manifest(&site, &headers, &made).to_string()),
    };
    ([(header::CONTENT_TYPE, kind), keep], text).into_response()
}

fn manifest(site: &Site, headers: &HeaderMap, made: &Made) -> Value {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let own = format!("http://{}", host.unwrap_or("localhost"));
    let url = site.app.config.booking.url.as_ref().map_or(own, |url| url.0.clone());
    let output =
        FILES.map(|(kind, name)| json!({"type": kind, "url": format!("{url}{BASE}/{name}")}));
    json!({
        "transactionTime": made.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "request": format!("{url}{BASE}/{MANIFEST}"),
        "output": output,
        "error": [],
    })
}

/// The files; one caller makes them while others wait.
async fn made(site: &Site) -> Result<Arc<Made>, AppError> {
    let mut kept = site.desk.slots.0.lock().await;
    if let Some((_, made)) = kept.as_ref().filter(|(since, _)| since.elapsed() < KEPT) {
        return Ok(Arc::clone(made));
    }
    let now = site.clock.now();
    let mut out = Out::default();
    for loaded in site.app.campaigns().await?.iter().filter(|loaded| loaded.is_open) {
        let campaign = &loaded.campaign;
        let place = (campaign.id.as_str(), campaign.series.name.as_str(), campaign.timezone);
        for slot in site.app.open_slots(loaded, now).await? {
            let code = slot.shown.place.as_str();
            let point = campaign.place(code).and_then(|place| match place {
                Place::Site(site) => site.point,
                Place::Stop(stop) => Some(stop.point),
            });
            out.add(place, &slot, point);
        }
    }
    let made = Arc::new(Made { at: now, files: out.files });
    *kept = Some((Instant::now(), Arc::clone(&made)));
    Ok(made)
}

#[derive(Default)]
struct Out {
    files: BTreeMap<&'static str, String>,
    /// Places and schedules that stand in the files.
    known: BTreeSet<String>,
}

impl Out {
    fn line(&mut self, nth: usize, resource: &Value) {
        let file = self.files.entry(FILES[nth].1).or_default();
        writeln!(file, "{resource}").expect("text takes everything");
    }

    fn add(&mut self, of: (&str, &str, Tz), slot: &OpenSlot, point: Option<Point>) {
        let (campaign, vaccine, zone) = of;
        for (_, name) in FILES {
            self.files.entry(name).or_default();
        }
        let place = id(&[slot.shown.place.as_str()]);
        if self.known.insert(format!("Location/{place}")) {
            self.line(0, &location(&place, slot, point));
        }
        let schedule = id(&[campaign, slot.shown.place.as_str()]);
        if self.known.insert(format!("Schedule/{schedule}")) {
            self.line(1, &service(&schedule, &place, vaccine));
        }
        self.line(2, &free(&schedule, slot, zone));
    }
}

/// An identifier as FHIR allows it: 64 letters, digits, hyphens and points at most, made of codes that may have others.
fn id(codes: &[&str]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let joined = codes.join("-");
    if joined.len() <= 40 && joined.chars().all(|c| is_plain(c) || c == '-') {
        return joined;
    }
    crate::text::hex(&Sha256::digest(joined.as_bytes())[..16])
}

fn location(id: &str, slot: &OpenSlot, point: Option<Point>) -> Value {
    let address = slot.shown.address.clone().unwrap_or_else(|| slot.shown.place_name.clone());
    let mut out = json!({
        "resourceType": "Location",
        "id": id,
        "name": slot.shown.place_name,
        "address": {"line": [address], "country": "CN"},
    });
    if let Some(phone) = &slot.shown.phone {
        out["telecom"] = json!([{"system": "phone", "value": phone}]);
    }
    if let Some(point) = point {
        out["position"] = json!({"latitude": point.latitude, "longitude": point.longitude});
    }
    out
}

fn service(id: &str, place: &str, vaccine: &str) -> Value {
    json!({
        "resourceType": "Schedule",
        "id": id,
        "serviceType": [{
            "coding": [{"system": SERVICES, "code": "57", "display": "Immunization"}],
            "text": vaccine,
        }],
        "actor": [{"reference": format!("Location/{place}")}],
    })
}

fn free(schedule: &str, slot: &OpenSlot, zone: Tz) -> Value {
    let day = slot.shown.day;
    let (start, end) = match slot.shown.time {
        Some((from, until)) => (instant(zone, day, from.time()), instant(zone, day, until)),
        // The whole day, where the place says no hours.
        None => (
            instant(zone, day, NaiveTime::MIN),
            instant(zone, day + TimeDelta::days(1), NaiveTime::MIN),
        ),
    };
    let minute = slot.shown.time.map_or(0, |(from, _)| from.minute());
    json!({
        "resourceType": "Slot",
        "id": format!("{schedule}-{}-{minute:04}", day.format("%Y%m%d")),
        "schedule": {"reference": format!("Schedule/{schedule}")},
        "status": if slot.free > 0 { "free" } else { "busy" },
        "start": start,
        "end": end,
        "extension": [{"url": format!("{DEFINED}/slot-capacity"), "valueInteger": slot.free}],
    })
}

/// An instant with the offset of its place.
fn instant(zone: Tz, day: NaiveDate, time: NaiveTime) -> String {
    let at = resolve(zone, day.and_time(time)).with_timezone(&zone);
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
