//! The filter's configuration is replaced under load, as a control plane does it (ECDS, here from a
//! file): no request is lost, held ones finish, every place comes back, and a configuration that
//! cannot work changes nothing.

use crate::client::{Answer, Call, Connection, http2};
use crate::gateway::ledger::{cost, sum};
use crate::gateway::{Gateway, Tenant, eventually, target};
use crate::refused_calls::all_refused;
use crate::throttling::throttled_at;
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const FILTERS: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const EXTENSION: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
/// Places of the tenant under load: fewer than there are clients.
const PLACES: usize = 8;
const CLIENTS: usize = 12;

/// A gateway whose filter comes from a file.
struct Discovered {
    gateway: Gateway,
    filter: Value,
    folder: TempDir,
    version: AtomicU64,
}

impl Discovered {
    fn start() -> Discovered {
        let folder = tempfile::tempdir_in(target()).unwrap();
        let path = folder.path().join("filter.json");
        let found = Arc::new(Mutex::new(Value::Null));
        let (file, take) = (path, Arc::clone(&found));
        let edit = move |config: &mut Value| {
            let filters = config.pointer_mut(FILTERS).unwrap().as_array_mut().unwrap();
            let mut filters = filters.iter_mut();
            let paddock = filters.find(|filter| filter["name"] == "paddock").unwrap();
            let filter = paddock["typed_config"].clone();
            std::fs::write(&file, resource(&filter, 0)).unwrap();
            *paddock = json!({"name": "paddock", "config_discovery": {
                "config_source": {"path_config_source": {"path": file}}, "type_urls": [WASM]}});
            *take.lock().unwrap() = filter;
        };
        let gateway = Gateway::start(StackOptions {
            edit_bootstrap: Some(Box::new(edit)),
            ..StackOptions::default()
        });
        let filter = found.lock().unwrap().clone();
        Discovered {
            gateway,
            filter,
            folder,
            version: AtomicU64::new(0),
        }
    }

    /// Puts another configuration in place, by a move.
    fn push(&self, edit: impl FnOnce(&mut Value)) {
        let mut filter = self.filter.clone();
        let text = filter.pointer_mut("/config/configuration/value").unwrap();
        let mut plugin: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        edit(&mut plugin);
        *text = json!(plugin.to_string());
        let version = self.version.fetch_add(1, Relaxed) + 1;
        let next = self.folder.path().join("next");
        std::fs::write(&next, resource(&filter, version)).unwrap();
        std::fs::rename(next, self.folder.path().join("filter.json")).unwrap();
    }

    /// How many configurations have been taken over, and how many refused.
    fn updates(&self) -> [u64; 2] {
        let stats = self
            .gateway
            .envoy_stats("/stats?filter=extension_config_discovery");
        ["update_success", "update_rejected"].map(|name| {
            let of_name = |line: &&str| line.contains(&format!(".{name}: "));
            let count = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
            stats.lines().filter(of_name).filter_map(count).sum()
        })
    }

    /// Pushes and waits until it is taken over, or refused.
    #[track_caller]
    fn pushed(&self, taken: bool, edit: impl FnOnce(&mut Value)) {
        let before = self.updates();
        self.push(edit);
        let expected = match taken {
            true => [before[0] + 1, before[1]],
            false => [before[0], before[1] + 1],
        };
        eventually(&format!("{before:?} becomes {expected:?}"), || {
            (self.updates() == expected).then_some(())
        });
    }
}

fn resource(filter: &Value, version: u64) -> String {
    let resource = json!({"@type": EXTENSION, "name": "paddock", "typed_config": filter});
    json!({"version_info": version.to_string(), "resources": [resource]}).to_string()
}

fn limit(bytes: u64) -> impl FnOnce(&mut Value) {
    move |plugin| plugin["max_request_bytes"] = json!(bytes)
}

fn short(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

/// Stops the clients when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// One request of a client: at once, in two halves, as a stream, over HTTP/2, or left half-way.
fn send(gateway: &Gateway, tenant: &Tenant, number: usize) -> Option<Answer> {
    let stream = tenant.chat_with(json!({"max_tokens": 16, "stream": true}));
    let mut connection = Connection::open(gateway.address);
    match number % 6 {
        0 => Some(connection.call(&short(tenant).fake("latency-ms", 60))),
        1 => Some(connection.call(&stream.fake("chunk-ms", 20))),
        2 => {
            let call = short(tenant);
            let (first, second) = call.body.split_at(10);
            connection.write(&call.head());
            connection.write(first);
            std::thread::sleep(Duration::from_millis(60));
            connection.write(second);
            Some(connection.answer(&call))
        }
        3 => Some(http2::send(gateway.address, &short(tenant))),
        4 => {
            connection.ask(&stream.fake("chunk-ms", 20));
            std::thread::sleep(Duration::from_millis(40));
            None
        }
        // The provider breaks off.
        _ => {
            let answer = connection.call(&short(tenant).fake("reset-after", 0));
            assert!(matches!(answer.status, 429 | 503), "{answer}");
            None
        }
    }
}

#[test]
fn nothing_is_lost_and_every_place_comes_back() {
    let discovered = Discovered::start();
    let gateway = &discovered.gateway;
    let places = json!({"max_concurrency": PLACES, "monthly_quota_usd": 50.0});
    let tenant = gateway.namespace("updated", places);
    let patient = gateway.tenant("patient", json!({"max_concurrency": 3}));
    gateway.send(&short(&patient)).expect(200);

    // Held over all updates: one whose body is still coming, one whose answer is, and a stream.
    let half = patient.chat_with(json!({"max_tokens": 16, "stop": "x".repeat(4_000)}));
    let slow = short(&patient).fake("latency-ms", 6_000);
    let stream = patient
        .chat_with(json!({"max_tokens": 64, "stream": true}))
        .fake("chunk-ms", 150)
        .fake("completion-tokens", 40);
    let mut held = [(); 3].map(|()| Connection::open(gateway.address));
    held[0].write(&half.head());
    held[0].write(&half.body[..20]);
    held[1].ask(&slow);
    held[2].ask(&stream);

    let (stop, finished) = (AtomicBool::new(false), AtomicU64::new(0));
    let served = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        // Also where an assertion here fails: the clients would go on for ever.
        let _stop = Stop(&stop);
        for client in 0..CLIENTS {
            let (tenant, stop, finished, served) = (&tenant, &stop, &finished, &served);
            scope.spawn(move || {
                for number in client.. {
                    if stop.load(Relaxed) {
                        break;
                    }
                    let Some(answer) = send(gateway, tenant, number) else {
                        continue;
                    };
                    if answer.status == 429 {
                        answer.says("/error/scope", tenant.namespace_scope());
                    } else {
                        let answer = answer.expect(200);
                        assert!(answer.complete, "{answer}");
                        let id = answer.header("x-request-id").unwrap();
                        assert!(served.lock().unwrap().insert(id));
                        finished.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        let go_on = |count: u64| {
            let enough = finished.load(Relaxed) + count;
            eventually("the load goes on", || {
                (finished.load(Relaxed) >= enough).then_some(())
            });
        };
        for round in 0..8_u64 {
            go_on(25);
            discovered.pushed(true, limit(100_000 + round));
            if round % 3 == 0 {
                go_on(10);
                discovered.pushed(false, limit(1));
            }
        }
        discovered.pushed(true, limit(2_000));
        go_on(25);
    });

    // What is held ends by the configuration it began with; it is longer than the new one allows.
    held[0].write(&half.body[20..]);
    held[0].answer(&half).expect(200);
    gateway.send(&half).expect(413);
    held[1].answer(&slow).expect(200);
    let streamed = held[2].answer(&stream).expect(200);
    assert!(streamed.complete, "{streamed}");
    gateway.ledger(&patient, 4);

    all_places_are_free(gateway, &tenant);
    every_answer_is_booked_once(gateway, &tenant, &served.into_inner().unwrap());
}

/// As many at once as there are places are served, and not one more.
#[track_caller]
fn all_places_are_free(gateway: &Gateway, tenant: &Tenant) {
    let call = short(tenant).fake("latency-ms", 1_500);
    eventually("every place is free", || {
        let mut connections = [(); PLACES].map(|()| Connection::open(gateway.address));
        for connection in &mut connections {
            connection.ask(&call);
        }
        let statuses = connections.map(|mut connection| connection.answer(&call).status);
        (statuses == [200; PLACES]).then_some(())
    });
    let begun = gateway.provider_stat("requests");
    let mut connections = [(); PLACES].map(|()| Connection::open(gateway.address));
    for connection in &mut connections {
        connection.ask(&call);
    }
    eventually("all are at the provider", || {
        let arrived = gateway.provider_stat("requests") - begun;
        (arrived >= PLACES as u64).then_some(())
    });
    gateway.send(&short(tenant)).expect(429);
    for mut connection in connections {
        connection.answer(&call).expect(200);
    }
}

#[track_caller]
fn every_answer_is_booked_once(gateway: &Gateway, tenant: &Tenant, served: &BTreeSet<String>) {
    assert!(served.len() > 100, "{} served", served.len());
    let lines = gateway.settled_ledger(tenant);
    let booked: BTreeSet<&String> = lines.iter().map(|line| &line.request_id).collect();
    assert_eq!(booked.len(), lines.len(), "booked twice");
    for id in served {
        assert!(booked.contains(id), "{id} is not booked");
    }
    for line in lines
        .iter()
        .filter(|line| served.contains(&line.request_id))
    {
        assert_eq!(
            (line.cost, line.estimated),
            (cost(3, 16), false),
            "{line:?}"
        );
    }
    let usage = gateway.manage(
        "GET",
        &format!("/v1/namespaces/{}/usage", tenant.namespace),
        None,
    );
    let spent = usage["total_spent"].as_f64().unwrap();
    assert!((spent - sum(&lines) as f64 / 1e9).abs() < 1e-9, "{usage:#}");
}

/// Sixty a minute are left of a throttled rate, one at a time: those who wait have their turn
/// although the configuration they came under is replaced meanwhile.
#[test]
fn whoever_waits_in_a_queue_has_its_turn_all_the_same() {
    let discovered = Discovered::start();
    let gateway = &discovered.gateway;
    // One request in 2.5 seconds.
    let limits = json!({"rate_limit_per_minute": 1_200, "burst": 50});
    let settings = json!({
        "throttle_mode": "queue", "throttle_factor": 0.02, "queue_timeout_seconds": 120,
    });
    let tenant = throttled_at(gateway, "queued", limits, settings);
    gateway.send(&short(&tenant)).expect(200);
    let asked: Vec<_> = (0..5)
        .map(|_| {
            let mut connection = Connection::open(gateway.address);
            connection.ask(&short(&tenant));
            connection
        })
        .collect();
    for bytes in [40_000, 50_000, 60_000] {
        discovered.pushed(true, limit(bytes));
    }
    for mut connection in asked {
        let answer = connection.answer(&short(&tenant)).expect(200);
        let reason = answer.header("x-paddock-reason");
        assert_eq!(reason.as_deref(), Some("throttled"), "{answer}");
    }
    gateway.ledger(&tenant, 7);
    // Their places are free again, and newcomers come under the new configuration.
    gateway.send(&short(&tenant)).expect(200);
}

#[test]
fn refusals_that_were_counted_outlive_the_configuration() {
    let discovered = Discovered::start();
    let gateway = &discovered.gateway;
    let tenant = gateway.tenant("counted", json!({}));
    gateway.send(&short(&tenant)).expect(200);
    let call = tenant.chat_with(json!({"model": "no-such-model"}));
    let mut refused = 0;
    for bytes in [40_000, 50_000, 60_000] {
        let mut connections = [(); 4].map(|()| Connection::open(gateway.address));
        for _ in 0..10 {
            for connection in &mut connections {
                connection.call(&call).expect(404);
                refused += 1;
            }
        }
        discovered.pushed(true, limit(bytes));
    }
    all_refused(gateway, &tenant, refused);
}

#[test]
fn a_configuration_that_cannot_work_changes_nothing() {
    let discovered = Discovered::start();
    let gateway = &discovered.gateway;
    let tenant = gateway.tenant("unmoved", json!({}));
    gateway.send(&short(&tenant)).expect(200);
    for (edit, reason) in [
        (
            json!({"max_request_bytes": 1}),
            "max_request_bytes must be from 1024",
        ),
        (json!({"accounting": null}), "either accounting"),
        (
            json!({"identity": []}),
            "identity must name at least one source",
        ),
        (json!({"colour": "blue"}), "unknown field `colour`"),
    ] {
        discovered.pushed(false, |plugin| {
            for (name, value) in edit.as_object().unwrap() {
                plugin[name] = value.clone();
            }
        });
        eventually("the reason is in the log", || {
            gateway.envoy_log().contains(reason).then_some(())
        });
        for _ in 0..8 {
            gateway.send(&short(&tenant)).expect(200);
        }
    }
    // And one that can takes its place.
    discovered.pushed(true, |plugin| {
        plugin["identity"] = json!([{"header": {"name": "x-tenant"}}])
    });
    let known = short(&tenant).header("x-tenant", &tenant.namespace);
    eventually("it is in force", || {
        (gateway.send(&short(&tenant)).status == 401).then_some(())
    });
    for _ in 0..8 {
        gateway.send(&known).expect(200);
        gateway.send(&short(&tenant)).expect(401);
    }
}
