//! What the service counts about itself, for Prometheus.

use crate::gauges::Gauges;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::time::Duration;

/// Seconds.
const DURATIONS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Labels of a request: all from small sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// Labels of an attempt to deliver: all from small sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    channel: &'static str,
    outcome: &'static str,
}

/// The service's counters and gauges.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    deliveries: Family<DeliveryLabels, Counter>,
    delivery_durations: Histogram,
    /// Events booked.
    pub events: Counter,
    /// Events that were in the ledger already.
    pub repeated_events: Counter,
    /// Events booked from an access log.
    pub reconciled_events: Counter,
    /// Events that could not be read.
    pub rejected_events: Counter,
    /// Events that the database refused.
    pub set_aside_events: Counter,
    /// Messages of gateways that were refused because too many waited.
    pub refused_messages: Counter,
    /// Needs of gateways that a cap could not cover.
    pub uncovered_needs: Counter,
    /// What is true when somebody asks.
    pub gauges: Gauges,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("paddock");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of the service", build);
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations =
            Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(DURATIONS));
        let help = "Time from a request's head to its answer's";
        registry.register_with_unit(
            "http_request_duration",
            help,
            Unit::Seconds,
            durations.clone(),
        );
        let deliveries = Family::<DeliveryLabels, Counter>::default();
        let help = "Attempts to deliver what the outbox holds";
        registry.register("delivery_attempts", help, deliveries.clone());
        let delivery_durations = Histogram::new(DURATIONS);
        registry.register_with_unit(
            "delivery_attempt_duration",
            "Time an attempt to deliver took",
            Unit::Seconds,
            delivery_durations.clone(),
        );
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let events = counter("ledger_events", "Usage events booked");
        let repeated_events = counter(
            "ledger_events_repeated",
            "Usage events that were in the ledger already",
        );
        let reconciled_events = counter(
            "ledger_events_reconciled",
            "Usage events booked from an access log, because they had not come from the gateway",
        );
        let rejected_events = counter(
            "ledger_events_rejected",
            "Usage events that could not be read",
        );
        let set_aside_events = counter(
            "ledger_events_set_aside",
            "Usage events that the database refused: kept for a person to look at",
        );
        let refused_messages = counter(
            "ledger_messages_refused",
            "Messages of gateways refused because too many waited to be booked; they are sent again",
        );
        let uncovered_needs = counter(
            "budget_needs_uncovered",
            "Needs of gateways that a cap could not cover",
        );
        let gauges = Gauges::new(&mut registry);
        Metrics {
            registry,
            requests,
            durations,
            deliveries,
            delivery_durations,
            events,
            repeated_events,
            reconciled_events,
            rejected_events,
            set_aside_events,
            refused_messages,
            uncovered_needs,
            gauges,
        }
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn count_request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels {
            method: method.to_owned(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels {
            route: route.to_owned(),
        };
        self.durations
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// Counts an attempt to deliver: `channel` is how, `outcome` what became of it.
    pub fn count_delivery(&self, channel: &'static str, outcome: &'static str, took: Duration) {
        let labels = DeliveryLabels { channel, outcome };
        self.deliveries.get_or_create(&labels).inc();
        self.delivery_durations.observe(took.as_secs_f64());
    }

    /// All of it in Prometheus' own text format, version 0.0.4, which many agents speak alone
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>). It differs in the names of counters
    /// and infos at their help and type, and knows neither units nor an end.
    pub fn to_classic_text(&self) -> String {
        let text = self.to_text();
        let mut kinds = HashMap::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                kinds.extend(rest.split_once(' '));
            }
        }
        let mut classic = String::with_capacity(text.len());
        for line in text.lines() {
            let mut words = line.splitn(4, ' ');
            let (mark, what, name, rest) = (words.next(), words.next(), words.next(), words.next());
            if mark != Some("#") {
                classic.push_str(line);
                classic.push('\n');
                continue;
            }
            let (Some(what @ ("HELP" | "TYPE")), Some(name), Some(rest)) = (what, name, rest)
            else {
                continue;
            };
            let (suffix, rest) = match (kinds.get(name), what) {
                (Some(&"counter"), _) => ("_total", rest),
                (Some(&"info"), "TYPE") => ("_info", "gauge"),
                (Some(&"info"), _) => ("_info", rest),
                _ => ("", rest),
            };
            classic.push_str(&format!("# {what} {name}{suffix} {rest}\n"));
        }
        classic
    }

    /// All of it in the OpenMetrics text format.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
