//! `paddock status` and `paddock version`: whether all is well, and which versions are at work.

use crate::client::{Client, Probe, field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::kind::{Kind, Owner};
use crate::output::{self, cell, text};
use paddock_core::wire::Protocols;
use paddock_server::clock::{Clock, SystemClock};
use paddock_server::config::file::ConfigFile;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Seconds that clocks may differ: leases bear no more.
const CLOCKS: i64 = 30;
/// Seconds after which a gateway that is not heard of is told.
const SILENCE: i64 = 60;
/// Messages that may wait to be booked.
const WAITING: f64 = 100.0;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
}

/// What was looked at.
struct Finding {
    what: &'static str,
    is_well: bool,
    found: String,
}

fn finding(what: &'static str, is_well: bool, found: impl Into<String>) -> Finding {
    let found = found.into();
    Finding {
        what,
        is_well,
        found,
    }
}

/// Looks at the service and all that it knows of.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let findings = look(&client)?;
    let is_well = findings.iter().all(|finding| finding.is_well);
    let state = |is_well: bool| if is_well { "ok" } else { "look" };
    let checks = findings.iter().map(|finding| {
        json!({ "check": finding.what, "status": state(finding.is_well), "found": finding.found })
    });
    let answer = json!({ "status": state(is_well), "checks": checks.collect::<Value>() });
    options.connection.print(&answer, |_| {
        let row = |finding: &Finding| {
            vec![
                finding.what.to_owned(),
                state(finding.is_well).to_owned(),
                finding.found.clone(),
            ]
        };
        let columns = [text("CHECK"), text("STATUS"), text("FOUND")];
        output::table(&columns, findings.iter().map(row).collect())
    })?;
    Ok(if is_well { Exit::Done } else { Exit::Problems })
}

fn look(client: &Client) -> anyhow::Result<Vec<Finding>> {
    let health = client.probe("/healthz")?;
    let mut findings = vec![
        service(client, &health),
        clock(&health),
        ready(&client.probe("/readyz")?),
    ];
    let whoami = client.get("/v1/whoami")?;
    let role = text_of(&whoami, "role");
    findings.push(finding("key", true, format!("role {role}")));
    if role == "operator" {
        findings.extend(gateways(&Kind::Gateways.all(client, Owner::default())?));
        findings.extend(backlog(&client.probe("/metrics")?.text));
        findings.push(prices(client)?);
    }
    Ok(findings)
}

/// This machine's clock, in seconds since 1970.
fn now() -> i64 {
    i64::try_from(SystemClock.now().secs()).unwrap_or(i64::MAX)
}

fn version_of(health: &Probe) -> String {
    let answer: Value = serde_json::from_str(&health.text).unwrap_or_default();
    text_of(&answer, "version").to_owned()
}

fn service(client: &Client, health: &Probe) -> Finding {
    let took = health.took.as_millis();
    let version = version_of(health);
    let found = match version.as_str() {
        "" => format!("{} does not answer as the service does", client.url()),
        _ => format!(
            "version {version} at {}, answered in {took} ms",
            client.url()
        ),
    };
    finding("service", health.is_success && !version.is_empty(), found)
}

fn clock(health: &Probe) -> Finding {
    let what = "clock";
    let Some(date) = health.date else {
        return finding(what, false, "the answer has no date");
    };
    let apart = now().saturating_sub(date.unix_timestamp()).saturating_abs();
    finding(
        what,
        apart <= CLOCKS,
        format!("{apart} s apart from this machine's"),
    )
}

fn ready(probe: &Probe) -> Finding {
    let answer: Value = serde_json::from_str(&probe.text).unwrap_or_default();
    let found = match text_of(&answer, "reason") {
        "" => text_of(&answer, "status"),
        reason => reason,
    };
    finding("database", probe.is_success, found)
}

fn gateways(all: &[Value]) -> Vec<Finding> {
    let is_silent = |gateway: &&Value| {
        let seen = OffsetDateTime::parse(text_of(gateway, "last_seen_at"), &Rfc3339);
        seen.map_or(true, |seen| {
            now().saturating_sub(seen.unix_timestamp()) > SILENCE
        })
    };
    let silent: Vec<&Value> = all.iter().filter(is_silent).collect();
    let heard = all.len().saturating_sub(silent.len());
    let mut found = format!("{heard} heard of within a minute");
    if let Some(first) = silent.first() {
        let (count, id) = (silent.len(), text_of(first, "id"));
        let seen = cell(field(first, "last_seen_at"));
        found.push_str(&format!("; {count} not, such as {id}, last seen {seen}"));
    }
    let versions: BTreeSet<String> = all.iter().map(|one| cell(field(one, "version"))).collect();
    let versions: Vec<String> = versions.into_iter().collect();
    let mut findings = vec![finding("gateways", silent.is_empty() && heard > 0, found)];
    if !all.is_empty() {
        // During an upgrade there are two of them.
        findings.push(finding(
            "filters",
            versions.len() <= 1,
            format!("version {}", versions.join(", ")),
        ));
    }
    findings
}

/// A value of Prometheus' text format: the sum of the series of a metric that have such a label.
fn metric(text: &str, name: &str, label: &str) -> Option<f64> {
    let series = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (found, labels) = series.split_once('{').unwrap_or((series, ""));
        (found == name && labels.contains(label)).then(|| value.parse::<f64>().ok())?
    });
    let values: Vec<f64> = series.collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

fn backlog(metrics: &str) -> Vec<Finding> {
    let value = |name: &str, label: &str| metric(metrics, name, label).unwrap_or(0.0);
    let waiting = value("paddock_booking_queue_messages", "");
    let failed = value("paddock_deliveries", "state=\"failed\"");
    let pending = value("paddock_deliveries", "state=\"pending\"");
    let set_aside = value("paddock_ledger_events_set_aside_total", "");
    vec![
        finding(
            "booking",
            waiting < WAITING && set_aside == 0.0,
            format!(
                "{waiting} messages wait; {set_aside} events set aside since the service started"
            ),
        ),
        finding(
            "deliveries",
            failed == 0.0,
            format!("{pending} pending, {failed} given up in the last day"),
        ),
    ]
}

/// Models that somebody may use and that have no price: calls of them are refused.
fn prices(client: &Client) -> anyhow::Result<Finding> {
    let all = |kind: Kind| kind.all(client, Owner::default());
    let (prices, aliases) = (all(Kind::Prices)?, all(Kind::Aliases)?);
    let priced: BTreeSet<&str> = prices.iter().map(|price| text_of(price, "model")).collect();
    let mut missing = BTreeSet::new();
    for alias in &aliases {
        let model = text_of(alias, "model");
        if !priced.contains(model) {
            missing.insert(format!("{model} of the alias {}", text_of(alias, "alias")));
        }
    }
    let names: BTreeSet<&str> = aliases
        .iter()
        .map(|alias| text_of(alias, "alias"))
        .collect();
    for (kind, title) in [
        (Kind::Organizations, "organization"),
        (Kind::Namespaces, "namespace"),
    ] {
        for owner in &all(kind)? {
            let allowed = field(owner, "allowed_models").as_array();
            for model in allowed.into_iter().flatten().filter_map(Value::as_str) {
                let is_there =
                    priced.contains(model) || names.contains(model) || model.contains('*');
                if !is_there {
                    missing.insert(format!("{model} of the {title} {}", text_of(owner, "name")));
                }
            }
        }
    }
    let found = match missing.len() {
        0 => format!("{} models, none missing", priced.len()),
        _ => format!(
            "missing: {}",
            missing.iter().cloned().collect::<Vec<String>>().join(", ")
        ),
    };
    Ok(finding("prices", missing.is_empty(), found))
}

/// Tells this program's version, and the service's and the filters' as far as they are known.
pub fn version(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    options.connection.output.must_fit_one_answer()?;
    let protocols = Protocols::SPOKEN.to_string();
    let mut answer =
        json!({ "command": VERSION, "protocol": protocols, "service": null, "filters": null });
    if let Ok(client) = options.connection.open(file)
        && let Ok(health) = client.probe("/healthz")
        && let Some(fields) = answer.as_object_mut()
    {
        fields.insert("service".to_owned(), json!(version_of(&health)));
        if let Ok(all) = Kind::Gateways.all(&client, Owner::default()) {
            let versions: BTreeSet<&str> = all.iter().map(|one| text_of(one, "version")).collect();
            fields.insert("filters".to_owned(), json!(versions));
        }
    }
    options.connection.print(&answer, |answer| {
        let told = |name: &str| match field(answer, name) {
            Value::Null => "not known: no service can be asked".to_owned(),
            known => cell(known),
        };
        format!(
            "paddock {VERSION}, protocol {protocols}\nservice {}\nfilters {}",
            told("service"),
            told("filters")
        )
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_summed_by_label() {
        let text = "# HELP a b\na{state=\"failed\"} 2\na{state=\"pending\"} 3\nab 9\nb 4\n";
        assert_eq!(metric(text, "a", "state=\"failed\""), Some(2.0));
        assert_eq!(metric(text, "a", ""), Some(5.0));
        assert_eq!(metric(text, "b", ""), Some(4.0));
        assert_eq!(metric(text, "c", ""), None);
    }

    #[test]
    fn a_gateway_that_is_silent_or_of_another_version_is_told() {
        let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap();
        let one = json!({"id": "a", "last_seen_at": now, "version": "1.0.0"});
        let two = json!({"id": "b", "last_seen_at": null, "version": "1.1.0"});
        let well =
            |all: &[Value]| -> Vec<bool> { gateways(all).iter().map(|one| one.is_well).collect() };
        assert_eq!(well(std::slice::from_ref(&one)), [true, true]);
        assert_eq!(well(&[one, two]), [false, false]);
        assert_eq!(well(&[]), [false]);
    }
}
