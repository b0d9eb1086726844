//! `/metrics`: figures of the database in Prometheus' text format, or in that of OpenMetrics where it is asked for. No
//! label holds personal data.

use super::{Site, within};
use crate::app::figures::Figures;
use crate::domain::job::RunState;
use crate::domain::message::{MailState, PassageEvent};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// Shorter than the ten seconds that Prometheus waits by default.
const METRICS_LIMIT: Duration = Duration::from_secs(9);
/// The media types of the two formats.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// States in which a mail stays unless somebody changes it by hand.
const RESULTS: [MailState; 7] = [
    MailState::Sent,
    MailState::Failed,
    MailState::InDoubt,
    MailState::Expired,
    MailState::Bounced,
    MailState::Unroutable,
    MailState::Withdrawn,
];
/// States in which a run ends.
const ENDS: [RunState; 3] = [RunState::Done, RunState::Failed, RunState::Skipped];

/// What a message of a channel is, in four words: a label for each state would be nine for each channel.
const STANDS: [(&str, &[MailState]); 4] = [
    ("waiting", &[MailState::Queued, MailState::Sending]),
    ("sent", &[MailState::Sent]),
    ("failed", &[MailState::Failed, MailState::Bounced, MailState::Unroutable]),
    ("in_doubt", &[MailState::InDoubt]),
];
/// What came of attempts. A message that goes on by its next way is counted there; what failed before stands here.
const EVENTS: [PassageEvent; 5] = [
    PassageEvent::Taken,
    PassageEvent::Refused,
    PassageEvent::InDoubt,
    PassageEvent::Arrived,
    PassageEvent::Missed,
];

/// After a reading that took longer than this, its text is served again for `REST_TIMES` times as long as it took.
const QUICK: Duration = Duration::from_millis(500);
const REST_TIMES: u32 = 20;

/// What was served before.
#[derive(Debug, Default)]
pub(super) struct Shown {
    highest: Highest,
    /// The last text and until when it is served again.
    last: Option<(Instant, String)>,
}

/// The highest value that each counter had. A mail that is queued again by hand leaves its state, but Prometheus takes
/// a counter that falls for one that was reset.
type Highest = BTreeMap<String, u64>;

/// Serves the present figures.
pub(super) async fn metrics(State(site): State<Site>, headers: HeaderMap) -> Response {
    let form = Form::asked(&headers);
    let shown = || site.shown.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((until, text)) = &shown().last
        && Instant::now() < *until
    {
        return form.response(text);
    }
    let (app, now) = (site.app.clone(), site.clock.now());
    let since = Instant::now();
    let read = async move { app.figures(now).await };
    let figures = match within(METRICS_LIMIT, &site.metrics_gate, read).await {
        Ok(figures) => figures,
        Err(wrong) => {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{wrong}\n")).into_response();
        }
    };
    let mut shown = shown();
    match text(&figures, &mut shown.highest) {
        Ok(text) => {
            let took = since.elapsed();
            if took > QUICK {
                shown.last = Some((Instant::now() + took * REST_TIMES, text.clone()));
            }
            form.response(&text)
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// The format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Version 0.0.4, which every program reads.
    Prometheus,
    OpenMetrics,
}

impl Form {
    /// The format that `Accept` asks for: OpenMetrics if it is named and nothing else is liked better.
    fn asked(headers: &HeaderMap) -> Self {
        let (mut open, mut plain) = (0.0_f32, 0.0_f32);
        let accepted =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        for wish in accepted.flat_map(|value| value.split(',')) {
            let mut parts = wish.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut liked, mut is_known) = (1.0_f32, true);
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match key.trim().to_ascii_lowercase().as_str() {
                    "q" => liked = value.trim().parse().unwrap_or(0.0),
                    "version" => {
                        is_known =
                            matches!(value.trim().trim_matches('"'), "1.0.0" | "0.0.1" | "0.0.4");
                    }
                    _ => {}
                }
            }
            match name.as_str() {
                "application/openmetrics-text" if is_known => open = liked.max(open),
                "text/plain" if is_known => plain = liked.max(plain),
                _ => {}
            }
        }
        if open > 0.0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    fn response(self, text: &str) -> Response {
        let (kind, text) = match self {
            Self::OpenMetrics => (OPEN_METRICS, text.to_owned()),
            Self::Prometheus => (PROMETHEUS, plain(text)),
        };
        ([(header::CONTENT_TYPE, kind), (header::VARY, "Accept")], text).into_response()
    }
}

/// A text of OpenMetrics in the older format, where a family has the name of its samples and no information type.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut help = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
            let (ending, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                kind => ("", kind),
            };
            out.push_str(&format!("# HELP {name}{ending} {help}\n# TYPE {name}{ending} {kind}\n"));
        } else if !line.starts_with('#') {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

type Labels = Vec<(&'static str, String)>;

/// A metric with its help text and values.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    values: Values,
}

#[derive(Debug)]
enum Values {
    One(f64),
    Gauge(Vec<(Labels, f64)>),
    Counter(Vec<(Labels, u64)>),
}

impl Values {
    fn kind(&self) -> MetricType {
        match self {
            Self::One(_) | Self::Gauge(_) => MetricType::Gauge,
            Self::Counter(_) => MetricType::Counter,
        }
    }

    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::One(value) => ConstGauge::new(*value).encode(encoder),
            Self::Gauge(values) => values.iter().try_for_each(|(labels, value)| {
                ConstGauge::new(*value).encode(encoder.encode_family(labels)?)
            }),
            Self::Counter(values) => values.iter().try_for_each(|(labels, value)| {
                ConstCounter::new(*value).encode(encoder.encode_family(labels)?)
            }),
        }
    }
}

#[derive(Debug)]
struct All(Vec<Family>);

impl Collector for All {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in &self.0 {
            let kind = family.values.kind();
            let metric = encoder.encode_descriptor(family.name, family.help, None, kind)?;
            family.values.encode(metric)?;
        }
        Ok(())
    }
}

fn text(figures: &Figures, highest: &mut Highest) -> Result<String, fmt::Error> {
    let mut families = families(figures);
    for family in &mut families {
        let Values::Counter(values) = &mut family.values else { continue };
        for (labels, value) in values {
            let held = highest.entry(format!("{}{labels:?}", family.name)).or_default();
            *held = (*held).max(*value);
            *value = *held;
        }
    }
    let mut registry = Registry::default();
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("doseplan_build", "The program", Info::new(version));
    registry.register_collector(Box::new(All(families)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

fn families(figures: &Figures) -> Vec<Family> {
    let gauge = |name, help, values| Family { name, help, values: Values::Gauge(values) };
    let one = |name, help, value| Family { name, help, values: Values::One(value) };
    let counter = |name, help, values| Family { name, help, values: Values::Counter(values) };
    let mails = |state: MailState| figures.mails.get(&state).copied().unwrap_or(0);
    let mut all = job_families(figures);
    all.extend(channel_families(figures));
    all.extend([
        gauge(
            "doseplan_mails",
            "Mails by the state that they are in now",
            MailState::ALL
                .map(|state| (label("state", state.word()), mails(state) as f64))
                .to_vec(),
        ),
        counter(
            "doseplan_mails_result",
            "Mails by what became of them",
            RESULTS.map(|result| (label("result", result.word()), mails(result))).to_vec(),
        ),
        one(
            "doseplan_queue_oldest_seconds",
            "How long the mail that waits longest has been due; 0 where none is",
            figures.oldest_due_secs as f64,
        ),
        one(
            "doseplan_sending_held",
            "1 while no mail is sent until somebody says so",
            f64::from(u8::from(figures.held)),
        ),
        one(
            "doseplan_daemons",
            "Daemons that have looked within the last two minutes",
            figures.daemons as f64,
        ),
    ]);
    all
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

fn channel_families(figures: &Figures) -> [Family; 2] {
    let (mut messages, mut events) = (Vec::new(), Vec::new());
    let labels = |channel: &str, name, value: &str| {
        vec![("channel", channel.to_owned()), (name, value.to_owned())]
    };
    for (channel, counts) in &figures.channels {
        for (stand, states) in STANDS {
            let count: u64 = states.iter().filter_map(|state| counts.get(state)).sum();
            messages.push((labels(channel, "state", stand), count as f64));
        }
    }
    for (channel, counts) in &figures.events {
        for event in EVENTS {
            let count = counts.get(&event).copied().unwrap_or(0);
            events.push((labels(channel, "event", event.word()), count));
        }
    }
    [
        Family {
            name: "doseplan_channel_messages",
            help: "Messages by channel, mail among them, as they stand now",
            values: Values::Gauge(messages),
        },
        Family {
            name: "doseplan_channel_events",
            help: "What services and robots answered to messages, and what receipts said",
            values: Values::Counter(events),
        },
    ]
}

fn job_families(figures: &Figures) -> Vec<Family> {
    let (mut last, mut runs, mut imports) = (Vec::new(), Vec::new(), Vec::new());
    for job in &figures.jobs {
        let labels = [("campaign", job.campaign.clone()), ("job", job.job.to_string())];
        if let Some(at) = job.last_success {
            last.push((labels.to_vec(), at as f64 / 1000.0));
        }
        for state in ENDS {
            let mut labels = labels.to_vec();
            labels.push(("state", state.to_string()));
            runs.push((labels, job.runs.get(&state).copied().unwrap_or(0)));
        }
    }
    for import in &figures.imports {
        let results = [
            ("new", import.new),
            ("same", import.same),
            ("corrected", import.corrected),
            ("refused", import.refused),
        ];
        for (result, rows) in results {
            let labels = vec![
                ("campaign", import.campaign.clone()),
                ("kind", import.kind.clone()),
                ("result", result.to_owned()),
            ];
            imports.push((labels, rows));
        }
    }
    vec![
        Family {
            name: "doseplan_job_last_success_timestamp_seconds",
            help: "When a job last ended well",
            values: Values::Gauge(last),
        },
        Family {
            name: "doseplan_job_runs",
            help: "Due times of a job by how they ended",
            values: Values::Counter(runs),
        },
        Family {
            name: "doseplan_import_rows",
            help: "Rows of imported files by what became of them",
            values: Values::Counter(imports),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_is_the_default_and_open_metrics_has_to_be_asked_for() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
            version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, form) in [
            (None, Form::Prometheus),
            (Some("*/*"), Form::Prometheus),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), Form::Prometheus),
            (Some("text/plain;version=0.0.4"), Form::Prometheus),
            (Some("application/openmetrics-text;q=0"), Form::Prometheus),
            (Some("application/openmetrics-text;version=9.0.0"), Form::Prometheus),
            (Some("text/plain, application/openmetrics-text;q=0.5"), Form::Prometheus),
            (Some("application/openmetrics-text"), Form::OpenMetrics),
            (Some("Application/OpenMetrics-Text; version=\"1.0.0\""), Form::OpenMetrics),
            (Some(prometheus), Form::OpenMetrics),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            }
            assert_eq!(Form::asked(&headers), form, "{accept:?}");
        }
    }

    #[test]
    fn a_family_of_the_older_format_has_the_name_of_its_samples() {
        let open = "# HELP a_build The program.\n# TYPE a_build info\n\
            a_build_info{version=\"1\"} 1\n\
            # HELP a_rows Rows.\n# TYPE a_rows counter\na_rows_total{kind=\"x\"} 3\n\
            # HELP a_now Now.\n# TYPE a_now gauge\na_now 1.0\n# EOF\n";
        let expected = "# HELP a_build_info The program.\n# TYPE a_build_info gauge\n\
            a_build_info{version=\"1\"} 1\n# HELP a_rows_total Rows.\n# TYPE a_rows_total counter\n\
            a_rows_total{kind=\"x\"} 3\n# HELP a_now Now.\n# TYPE a_now gauge\na_now 1.0\n";
        assert_eq!(plain(open), expected);
    }
}
