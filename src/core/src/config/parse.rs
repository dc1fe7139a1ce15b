//! Reading and checking a configuration: every problem is told at once.

use super::end_users::RawEndUsers;
use super::held_bodies::RawBodyLimits;
use super::{
    Accounting, Config, DurableEvents, FailureModes, ForeignIds, HoldAt, InlinePolicy, LogField,
    PassThrough, RateHeaders, TellCost, identity, inline_policy,
};
use crate::content::RawContentPolicy;
use crate::fair_share::UpstreamLimit;
use crate::forwarding::RawForwarding;
use serde::Deserialize;
use std::rc::Rc;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawHold {
    #[default]
    Headers,
    Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    accounting: Option<Accounting>,
    policy: Option<inline_policy::RawPolicy>,
    identity: Option<Vec<identity::RawSource>>,
    #[serde(default)]
    end_users: RawEndUsers,
    #[serde(default = "default_max_request_bytes")]
    max_request_bytes: usize,
    #[serde(default)]
    held_bodies: RawBodyLimits,
    #[serde(default = "default_max_request_seconds")]
    max_request_seconds: u64,
    #[serde(default = "default_policy_max_age_seconds")]
    policy_max_age_seconds: u64,
    #[serde(default)]
    failure_modes: FailureModes,
    #[serde(default = "yes")]
    enforce_limits: bool,
    #[serde(default)]
    forward_headers: Vec<String>,
    #[serde(default)]
    forward_query: Vec<String>,
    #[serde(default)]
    cors_origins: Vec<String>,
    #[serde(default)]
    hold: RawHold,
    upstream: Option<String>,
    #[serde(default)]
    pass_through: Vec<PassThrough>,
    #[serde(default)]
    foreign_ids: ForeignIds,
    #[serde(default = "default_max_cached_tenants")]
    max_cached_tenants: usize,
    #[serde(default = "default_max_limited_users")]
    max_limited_users: u64,
    #[serde(default = "default_max_reservations")]
    max_reservations: usize,
    #[serde(default)]
    upstreams: Vec<UpstreamLimit>,
    #[serde(default)]
    content_policy: RawContentPolicy,
    #[serde(default)]
    durable_events: DurableEvents,
    #[serde(default = "default_access_log")]
    access_log: Vec<LogField>,
    #[serde(default)]
    rate_headers: RateHeaders,
    #[serde(default)]
    tell_cost: TellCost,
}

/// The most origins of web pages.
const MOST_ORIGINS: usize = 64;

fn default_access_log() -> Vec<LogField> {
    vec![LogField::Event]
}

const fn default_max_request_bytes() -> usize {
    10 * 1_024 * 1_024
}

const fn default_max_request_seconds() -> u64 {
    600
}

const fn yes() -> bool {
    true
}

const fn default_policy_max_age_seconds() -> u64 {
    60
}

const fn default_max_limited_users() -> u64 {
    10_000
}

const fn default_max_reservations() -> usize {
    1_024
}

const fn default_max_cached_tenants() -> usize {
    20_000
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Every problem found, each a sentence for the operator.
    pub fn parse(text: &[u8]) -> Result<Config, Vec<String>> {
        let raw: RawConfig = serde_json::from_slice(text)
            .map_err(|error| vec![format!("the plugin configuration cannot be read: {error}")])?;
        let mut problems = Vec::new();
        check(
            &mut problems,
            "max_request_bytes",
            raw.max_request_bytes,
            1_024,
            // A body is in the memory of its VM, copies of it beside.
            1 << 27,
        );
        check(
            &mut problems,
            "max_request_seconds",
            raw.max_request_seconds,
            1,
            86_400,
        );
        check(
            &mut problems,
            "policy_max_age_seconds",
            raw.policy_max_age_seconds,
            2,
            86_400,
        );
        check(
            &mut problems,
            "max_cached_tenants",
            raw.max_cached_tenants,
            16,
            10_000_000,
        );
        check(
            &mut problems,
            "max_limited_users",
            raw.max_limited_users,
            1,
            1_000_000,
        );
        check(
            &mut problems,
            "max_reservations",
            raw.max_reservations,
            1,
            4_096,
        );
        if let Some(accounting) = &raw.accounting {
            check(
                &mut problems,
                "accounting.timeout_ms",
                accounting.timeout_ms,
                1,
                60_000,
            );
            if accounting.cluster.is_empty() {
                problems.push("accounting.cluster must name an Envoy cluster".to_owned());
            }
        }
        for rule in &raw.pass_through {
            if !rule.path.starts_with('/') || rule.path.ends_with('/') || rule.upstream.is_empty() {
                let path = &rule.path;
                problems.push(format!(
                    "pass_through `{path}` must begin with a slash, not end with one, and name an \
                     upstream"
                ));
            }
        }
        check_origins(&raw.cors_origins, &mut problems);
        let hold = match (raw.hold, raw.upstream) {
            (RawHold::Headers, None) => HoldAt::Headers,
            (RawHold::Body, Some(upstream)) => HoldAt::Body { upstream },
            (RawHold::Headers, Some(_)) => {
                problems.push(
                    "upstream goes with `hold: body` only: at the headers each model chooses its \
                     own"
                    .to_owned(),
                );
                HoldAt::Headers
            }
            (RawHold::Body, None) => {
                problems.push(
                    "`hold: body` needs upstream: the one this listener's route leads to, because \
                     the route cannot follow the model there"
                        .to_owned(),
                );
                HoldAt::Headers
            }
        };
        if hold != HoldAt::Headers && raw.tell_cost != TellCost::Off {
            problems.push(
                "tell_cost needs `hold: headers`: elsewhere Envoy cannot hold the headers of an answer"
                    .to_owned(),
            );
        }
        match (&raw.accounting, &raw.policy) {
            (Some(_), Some(_)) => problems.push(
                "accounting and policy exclude each other: the policy comes from the accounting \
                 service, or it is given inline"
                    .to_owned(),
            ),
            (None, None) => problems.push(
                "either accounting (the service that owns the policy) or policy (given inline) \
                 must be there"
                    .to_owned(),
            ),
            _ => {}
        }
        let held_bodies = raw
            .held_bodies
            .validate(raw.max_request_bytes as u64, &mut problems);
        let forwarding = RawForwarding {
            forward_headers: raw.forward_headers,
            forward_query: raw.forward_query,
        };
        let forwarding = forwarding.validate(&mut problems);
        let identity = identity::validate(raw.identity, &mut problems);
        let end_users = raw.end_users.validate(&mut problems);
        let policy = raw.policy.map(|policy| policy.validate(&mut problems));
        let content_policy = raw.content_policy.compile(&mut problems);
        check_upstreams(&raw.upstreams, policy.as_ref(), &mut problems);
        if let (HoldAt::Body { .. }, Some(policy)) = (&hold, &policy) {
            let several = policy.catalog.models.iter();
            let several = several.filter(|model| model.deployments.len() > 1);
            problems.extend(several.map(|model| {
                format!(
                    "model `{}`: with `hold: body` the route is fixed, so a model has one deployment",
                    model.name
                )
            }));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Config {
            accounting: raw.accounting,
            policy,
            identity,
            end_users,
            max_request_bytes: raw.max_request_bytes,
            held_bodies,
            max_request_seconds: raw.max_request_seconds,
            policy_max_age_seconds: raw.policy_max_age_seconds,
            failure_modes: raw.failure_modes,
            enforce_limits: raw.enforce_limits,
            forwarding,
            cors_origins: raw.cors_origins,
            hold,
            pass_through: raw.pass_through,
            foreign_ids: raw.foreign_ids,
            max_cached_tenants: raw.max_cached_tenants,
            max_limited_users: raw.max_limited_users,
            max_reservations: raw.max_reservations,
            upstreams: raw.upstreams.into_iter().map(Rc::new).collect(),
            content_policy: Rc::new(content_policy),
            durable_events: raw.durable_events,
            access_log: raw.access_log,
            rate_headers: raw.rate_headers,
            tell_cost: raw.tell_cost,
        })
    }
}

/// Browsers write an origin without a path, and in lower case.
/// <https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin>
fn check_origins(origins: &[String], problems: &mut Vec<String>) {
    if origins.len() > MOST_ORIGINS {
        problems.push(format!("cors_origins may have {MOST_ORIGINS} at most"));
    }
    for origin in origins {
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
        let is_origin = host.is_some_and(|host| !host.is_empty() && !host.contains('/'))
            && origin.bytes().all(is_plain);
        if origin != "*" && !is_origin {
            problems.push(format!(
                "cors_origins: `{origin}` is not an origin in lower case, such as \
                 `https://app.example.com`, nor `*`"
            ));
        }
    }
}

fn check_upstreams(
    upstreams: &[UpstreamLimit],
    policy: Option<&InlinePolicy>,
    problems: &mut Vec<String>,
) {
    for (at, limit) in upstreams.iter().enumerate() {
        let what = format!("upstream `{}`", limit.name);
        let wrong = limit.problems().into_iter();
        problems.extend(wrong.map(|problem| format!("{what}: {problem}")));
        let mut before = upstreams.iter().take(at);
        if before.any(|other| other.name == limit.name) {
            problems.push(format!("{what} is there twice"));
        }
        let serves = |policy: &InlinePolicy| policy.catalog.is_served_by(&limit.name);
        if policy.is_some_and(|policy| !serves(policy)) {
            problems.push(format!("{what} serves none of the models"));
        }
    }
}

fn check<T: PartialOrd + core::fmt::Display>(
    problems: &mut Vec<String>,
    name: &str,
    value: T,
    least: T,
    most: T,
) {
    if value < least || value > most {
        problems.push(format!(
            "{name} must be from {least} to {most}, it is {value}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Check;
    use super::*;
    use crate::policy::FailureMode;

    fn problems(text: &str) -> String {
        Config::parse(text.as_bytes()).unwrap_err().join("; ")
    }

    #[test]
    fn defaults_are_filled_in() {
        let config = Config::parse(br#"{"accounting":{"cluster":"paddock"}}"#).unwrap();
        assert_eq!(config.max_request_bytes, 10_485_760);
        assert_eq!(config.accounting.unwrap().timeout_ms, 2_000);
    }

    #[test]
    fn what_a_request_pays_for_can_be_chosen() {
        let text = br#"{"accounting":{"cluster":"c"},"durable_events":"each","access_log":["key","refusal"],
            "rate_headers":"off"}"#;
        let config = Config::parse(text).unwrap();
        assert_eq!(config.durable_events, DurableEvents::Each);
        assert_eq!(config.access_log, [LogField::Key, LogField::Refusal]);
        assert_eq!(config.rate_headers, RateHeaders::Off);
        for wrong in [
            r#""durable_events":"never""#,
            r#""access_log":["colour"]"#,
            r#""rate_headers":true"#,
        ] {
            let text = format!(r#"{{"accounting":{{"cluster":"c"}},{wrong}}}"#);
            assert!(problems(&text).contains("cannot be read"), "{wrong}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let text = |origin: &str| {
            format!(r#"{{"accounting":{{"cluster":"c"}},"cors_origins":["{origin}"]}}"#)
        };
        for good in [
            "*",
            "https://app.test",
            "http://localhost:3000",
            "tauri://localhost",
        ] {
            let config = Config::parse(text(good).as_bytes()).unwrap();
            assert_eq!(config.cors_origins, [good]);
        }
        for wrong in [
            "",
            "app.test",
            "https://app.test/",
            "https://App.test",
            "https://*.app.test /",
        ] {
            assert!(
                problems(&text(wrong)).contains("is not an origin"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn failure_modes_are_the_namespaces_unless_the_operator_says_else() {
        let text = br#"{"accounting":{"cluster":"c"},"policy_max_age_seconds":5,
            "failure_modes":{"authentication":"open"}}"#;
        let config = Config::parse(text).unwrap();
        assert_eq!(config.policy_max_age_seconds, 5);
        let namespace = r#"{"name":"n","failure_mode":"closed"}"#;
        let namespace = serde_json::from_str(namespace).unwrap();
        for (check, mode) in [
            (Check::Authentication, FailureMode::Open),
            (Check::Budgets, FailureMode::Closed),
            (Check::StoredObjects, FailureMode::Closed),
        ] {
            assert_eq!(config.failure_modes.of(check, &namespace), mode);
        }
        let text = r#"{"accounting":{"cluster":"c"},"policy_max_age_seconds":1}"#;
        assert!(problems(text).contains("policy_max_age_seconds must be from 2 to 86400"));
    }

    #[test]
    fn holding_at_the_body_needs_to_know_where_the_route_leads() {
        let text = r#"{"accounting":{"cluster":"c"},"hold":"body"}"#;
        assert!(problems(text).contains("`hold: body` needs upstream"));
        let text = r#"{"accounting":{"cluster":"c"},"upstream":"openai"}"#;
        assert!(problems(text).contains("goes with `hold: body` only"));
        let text =
            r#"{"accounting":{"cluster":"c"},"hold":"body","upstream":"o","tell_cost":"header"}"#;
        assert!(problems(text).contains("tell_cost needs `hold: headers`"));
        let text = br#"{"accounting":{"cluster":"c"},"hold":"body","upstream":"openai"}"#;
        let upstream = "openai".to_owned();
        assert_eq!(Config::parse(text).unwrap().hold, HoldAt::Body { upstream });
    }

    #[test]
    fn every_problem_is_named_at_once() {
        assert!(problems("{}").contains("either accounting"));
        assert!(problems("nonsense").contains("cannot be read"));
        assert!(problems(r#"{"acounting":{}}"#).contains("unknown field `acounting`"));
        let both = problems(
            r#"{"accounting":{"cluster":"","timeout_ms":0},"max_request_seconds":0,
                "policy":{"organizations":[{"name":"o"},{"name":"o","rpm":1,"max_concurrency":0}],
                          "namespaces":[{"name":"a","organization":"p"},{"name":"a","rpm_limit":3,"daily_quota_usd":1}],
                          "keys":[{"id":"k","sha256":"00","namespace":"b"}],
                          "models":[{"name":"m","upstream":"u","input":-1,"output":1}],
                          "aliases":{"x":"nobody"}},
                "upstreams":[{"name":"u"},{"name":"u","requests_per_minute":0},
                             {"name":"v","tokens_per_minute":1}]}"#,
        );
        for part in [
            "max_request_seconds must be from 1 to 86400",
            "accounting.timeout_ms",
            "accounting.cluster",
            "exclude each other",
            "organization `o` is there twice",
            "organization `o`: there is no setting `rpm`",
            "organization `o`: max_concurrency must be",
            "namespace `a` belongs to organization `p`, which is not there",
            "namespace `a` is there twice",
            "namespace `a`: there is no setting `rpm_limit`",
            "key `k`: sha256",
            "key `k` belongs to namespace `b`, which is not there",
            "model `m`: input",
            "alias `x` leads to `nobody`",
            "upstream `u`: requests_per_minute or tokens_per_minute must be there",
            "upstream `u`: requests_per_minute must be from 1",
            "upstream `u` is there twice",
            "upstream `v` serves none of the models",
        ] {
            assert!(both.contains(part), "{part} in {both}");
        }
    }
}
