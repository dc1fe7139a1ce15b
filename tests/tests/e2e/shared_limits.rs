//! Three Envoys and two replicas of the service over one PostgreSQL share one key's rates of requests and
//! tokens and its concurrency: together they never pass them, and use nearly all of the one that binds.

use crate::client::{Call, Connection};
use crate::gateway::{target, within};
use paddock_local::Part;
use paddock_tests::installation::{Installation, Limits, Plan, Relay};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CLIENTS_OF_A_GATEWAY: usize = 4;
const RATE: f64 = 3_000.0;
const BURST: f64 = 300.0;
/// A chat of 16 tokens is 19 of them, and is estimated higher.
const TOKENS: u64 = 19;
const SLOTS: u64 = 24;

fn of_tokens() -> f64 {
    RATE * TOKENS as f64
}

struct Site {
    runtime: Runtime,
    installation: Installation,
}

impl Site {
    fn start(name: &str, plugin: Value) -> Site {
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let plan = Plan {
            gateways: 3,
            replicas: 2,
            postgres: true,
            wasm: None,
            plugin: plugin.as_object().cloned().unwrap(),
            limits: Limits::default(),
            upstream: None,
            arguments: Vec::new(),
            program: None,
            relayed: true,
            state: target().join("e2e").join(name),
        };
        let installation = runtime.block_on(Installation::start(plan)).unwrap();
        Site {
            runtime,
            installation,
        }
    }

    fn key(&self, name: &str, limits: Value) -> String {
        let operator = self.installation.operator(0).unwrap();
        let ask = |path: &str, body: Value| {
            let asked = operator.ask("POST", path, Some(&body));
            self.runtime.block_on(asked).unwrap()
        };
        ask("/v1/namespaces", json!({"name": name}));
        let key = json!({"name": name, "namespace": name, "rate_limits": limits});
        ask("/v1/keys", key)["key"].as_str().unwrap().to_owned()
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let address = |url: String| url["http://".len()..].parse().unwrap();
        let gateways = self.installation.gateways.iter();
        gateways.map(|gateway| address(gateway.url())).collect()
    }

    fn signal(&mut self, gateway: usize, signal: &str) {
        let envoy = self.installation.gateways[gateway].process(Part::Envoy);
        let pid = envoy.unwrap().pid().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }

    fn provider_stat(&self, name: &str) -> u64 {
        let provider = self.installation.gateways[0].provider_url().unwrap();
        let provider = provider["http://".len()..].parse().unwrap();
        let stats = Connection::open(provider).call(&Call::get("/_fake/stats"));
        stats.json()[name].as_u64().unwrap()
    }

    /// Waits until most of so many slots are used at once for a while: what a call costs beside its time at
    /// the provider is more on a busy machine.
    fn fills(&self, slots: u64, what: &str) {
        const LOOKS: u64 = 20;
        within(Duration::from_secs(60), what, || {
            let look = |_| {
                sleep(Duration::from_millis(200));
                self.provider_stat("answering")
            };
            let sum: u64 = (0..LOOKS).map(look).sum();
            (sum * 100 >= slots * LOOKS * 85).then_some(())
        });
    }
}

/// When calls were answered, since the load began.
struct Load {
    since: Instant,
    answered: Mutex<Vec<Duration>>,
    stop: AtomicBool,
}

/// Ends the clients, also where the scenario panics.
struct Stop<'a>(&'a Load);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Relaxed);
    }
}

impl Load {
    fn new() -> Load {
        Load {
            since: Instant::now(),
            answered: Mutex::default(),
            stop: AtomicBool::new(false),
        }
    }

    /// Asks until told to stop, but not while the gateway is away.
    fn ask(&self, gateway: SocketAddr, away: &AtomicBool, call: &Call) {
        while !self.stop.load(Relaxed) {
            if away.load(Relaxed) {
                sleep(Duration::from_millis(20));
                continue;
            }
            let answer = Connection::open(gateway).call(call);
            match answer.status {
                200 => self.answered.lock().unwrap().push(self.since.elapsed()),
                429 => sleep(Duration::from_millis(10)),
                503 => sleep(Duration::from_millis(50)),
                _ => panic!("{answer}"),
            }
        }
    }

    fn count(&self) -> usize {
        self.answered.lock().unwrap().len()
    }

    /// Calls answered a minute, over a while.
    fn rate_over(&self, time: Duration) -> f64 {
        let (before, since) = (self.count(), Instant::now());
        sleep(time);
        (self.count() - before) as f64 * 60.0 / since.elapsed().as_secs_f64()
    }

    /// No window has more than the burst and what a rate a minute gains in it. An answer is seen a little
    /// after it was admitted, on a busy machine.
    fn never_above(&self, rate: f64, burst: f64) {
        let mut answered = self.answered.lock().unwrap().clone();
        answered.sort();
        let late = Duration::from_secs(1);
        for (first, from) in answered.iter().enumerate().step_by(7) {
            for (last, to) in answered.iter().enumerate().skip(first).step_by(5) {
                let window = (*to - *from + late).as_secs_f64();
                let most = burst + rate * window / 60.0 + 1.0;
                let count = (last - first + 1) as f64;
                assert!(count <= most, "{count} in {window} s, where {most} may be");
            }
        }
    }
}

/// Has the clients of a gateway end their calls.
fn leave(away: &AtomicBool) {
    away.store(true, Relaxed);
    sleep(Duration::from_secs(3));
}

/// Waits until nearly all of a rate is used.
fn settles(load: &Load, what: &str, rate: f64) {
    within(Duration::from_secs(40), what, || {
        (load.rate_over(Duration::from_secs(4)) >= rate * 0.95).then_some(())
    });
}

#[test]
fn three_gateways_use_one_rate_and_no_more() {
    let mut site = Site::start("shared-rate", json!({}));
    let key = site.key(
        "rate",
        json!({"rpm": RATE, "burst": BURST, "tpm": 5.0 * of_tokens(), "max_concurrency": SLOTS}),
    );
    let (call, load, gateways) = (Call::chat(&key), Load::new(), site.addresses());
    let away = [const { AtomicBool::new(false) }; 3];
    std::thread::scope(|scope| {
        let _stop = Stop(&load);
        for (gateway, away) in gateways.iter().zip(&away) {
            for _ in 0..CLIENTS_OF_A_GATEWAY {
                scope.spawn(|| load.ask(*gateway, away, &call));
            }
        }
        settles(&load, "three gateways use all of the rate", RATE);
        leave(&away[2]);
        site.installation.gateways[2].kill(Part::Envoy).unwrap();
        settles(&load, "two gateways use what the third had", RATE);
        site.installation.replicas[0].kill().unwrap();
        settles(&load, "one replica is enough", RATE);
    });
    load.never_above(RATE, BURST);
}

/// What was on its way while it was cut off arrives late.
#[test]
fn a_gateway_that_is_cut_off_loses_its_share_and_gets_one_again() {
    let site = Site::start("shared-cut-off", json!({}));
    let key = site.key("cut-off", json!({"rpm": RATE, "burst": BURST}));
    let (call, load, gateways) = (Call::chat(&key), Load::new(), site.addresses());
    let away = AtomicBool::new(false);
    let relays = site.installation.relays(0);
    std::thread::scope(|scope| {
        let _stop = Stop(&load);
        for gateway in &gateways {
            for _ in 0..CLIENTS_OF_A_GATEWAY {
                scope.spawn(|| load.ask(*gateway, &away, &call));
            }
        }
        settles(&load, "three gateways use all of the rate", RATE);
        relays.iter().for_each(Relay::cut);
        within(Duration::from_secs(60), "its share ends", || {
            let answer = Connection::open(gateways[0]).call(&call);
            (answer.status == 503).then(|| {
                let error = answer.json();
                assert_eq!(error["error"]["code"], "accounting_unavailable", "{error}");
            })
        });
        settles(&load, "two gateways use what the third had", RATE);
        relays.iter().for_each(Relay::mend);
        within(Duration::from_secs(60), "it is served again", || {
            (Connection::open(gateways[0]).call(&call).status == 200).then_some(())
        });
        settles(&load, "three gateways use it again", RATE);
    });
    load.never_above(RATE, BURST);
}

#[test]
fn three_gateways_use_one_rate_of_tokens_and_no_more() {
    let site = Site::start("shared-tokens", json!({}));
    let key = site.key(
        "tokens",
        json!({"tpm": of_tokens(), "rpm": 3.0 * RATE, "max_concurrency": SLOTS}),
    );
    let (call, load, gateways) = (Call::chat(&key), Load::new(), site.addresses());
    let away = [const { AtomicBool::new(false) }; 3];
    std::thread::scope(|scope| {
        let _stop = Stop(&load);
        for (gateway, away) in gateways.iter().zip(&away) {
            for _ in 0..CLIENTS_OF_A_GATEWAY {
                scope.spawn(|| load.ask(*gateway, away, &call));
            }
        }
        // A minute's worth can be had at once.
        within(Duration::from_secs(60), "the burst is spent", || {
            (load.count() as f64 > RATE).then_some(())
        });
        settles(&load, "three gateways use all of the tokens", RATE);
    });
    load.never_above(RATE, RATE);
}

#[test]
fn three_gateways_share_slots_and_a_paused_one_loses_its_share() {
    const LASTS: Duration = Duration::from_millis(2_000);
    let mut site = Site::start("shared-slots", json!({}));
    let key = site.key(
        "slots",
        json!({"max_concurrency": SLOTS, "rpm": RATE, "tpm": 5.0 * of_tokens()}),
    );
    let call = Call::chat(&key).fake("latency-ms", LASTS.as_millis());
    let (load, gateways) = (Load::new(), site.addresses());
    let away = [const { AtomicBool::new(false) }; 3];
    std::thread::scope(|scope| {
        let _stop = Stop(&load);
        for (gateway, away) in gateways.iter().zip(&away) {
            for _ in 0..SLOTS {
                scope.spawn(|| load.ask(*gateway, away, &call));
            }
        }
        site.fills(SLOTS, "three gateways use the slots");
        leave(&away[2]);
        site.signal(2, "-STOP");
        site.fills(SLOTS, "two gateways use the slots");
        site.signal(2, "-CONT");
        away[2].store(false, Relaxed);
        site.fills(SLOTS, "three gateways use them again");
        let at_once = site.provider_stat("at_once");
        assert!(at_once <= SLOTS, "{at_once} at once");
    });
}

#[test]
fn three_gateways_share_a_providers_limit() {
    let upstreams = json!([{"name": "openai", "requests_per_minute": RATE as u64}]);
    let site = Site::start("shared-upstream", json!({"upstreams": upstreams}));
    let keys = ["one", "two"].map(|name| site.key(name, json!({})));
    let (load, gateways) = (Load::new(), site.addresses());
    let away = AtomicBool::new(false);
    let calls = keys.map(|key| Call::chat(&key));
    std::thread::scope(|scope| {
        let _stop = Stop(&load);
        for gateway in &gateways {
            for call in calls.iter().cycle().take(CLIENTS_OF_A_GATEWAY) {
                scope.spawn(|| load.ask(*gateway, &away, call));
            }
        }
        within(Duration::from_secs(90), "a minute's worth is spent", || {
            (load.count() as f64 > RATE).then_some(())
        });
        settles(&load, "three gateways use all of the limit", RATE * 0.97);
    });
    load.never_above(RATE, RATE);
}
