//! Metrics of the service, from what it answers at `/metrics`.

use super::{code, table};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_server::gauges::{Budget, Seen};
use paddock_server::metrics::Metrics;
use std::time::Duration;

pub fn of_the_service() -> String {
    let metrics = Metrics::default();
    metrics.count_request("GET", "/", 200, Duration::ZERO);
    metrics.count_delivery("webhook", "delivered", Duration::ZERO);
    metrics.gauges.tell(&Seen {
        gateways: vec![(String::new(), Timestamp::EPOCH)],
        lent: vec![(String::new(), Money::default())],
        budgets: vec![Budget {
            namespace: String::new(),
            organization: String::new(),
            quota: Money::default(),
            spent: Money::default(),
        }],
        ..Seen::default()
    });
    metrics.gauges.tell_connections(0, 0);
    let text = metrics.to_text();
    let about = |what: &'static str| {
        let lines = text.lines().filter_map(move |line| line.strip_prefix(what));
        lines.filter_map(|line| line.split_once(' '))
    };
    let rows = about("# TYPE ").map(|(name, kind)| {
        let help = about("# HELP ").find(|(helped, _)| *helped == name);
        let help = help.map_or("", |(_, help)| help).trim_end_matches('.');
        // What Prometheus stores a counter as.
        let shown = match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        };
        [
            code(&shown),
            kind.to_owned(),
            labels(&text, name),
            help.to_owned(),
        ]
    });
    table(["metric", "type", "labels", "meaning"], rows)
}

/// The labels of a metric's first sample, but for a histogram's own.
fn labels(text: &str, name: &str) -> String {
    let sample = text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.split_once('{')?.1.split_once('}')
    });
    let labels = sample.map_or("", |(labels, _)| labels).split(',');
    let names = labels.filter_map(|label| label.split_once('='));
    let names: Vec<String> = names
        .map(|(name, _)| name)
        .filter(|name| *name != "le")
        .map(code)
        .collect();
    names.join(", ")
}
